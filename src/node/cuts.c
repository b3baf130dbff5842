/*
 * Where a removal cuts the logs of a device: behind the last entry held, or
 * lower, before an entry or a day that whoever decides has named.
 */
#include <stdlib.h>

#include "crdt/hlc.h"
#include "node/node_internal.h"
#include "node/removal.h"
#include "vault/vault_late.h"

static int
by_cut_order(const void *a, const void *b)
{
	return cut_order(a, b);
}

/* Was this log opened under one of the grants? Where we hold headers only, a cut too many cuts nothing. */
static bool
opened_under(struct node *n, size_t log, const struct hash *grants, size_t count)
{
	struct buf keep = BUF_INIT;
	struct control_op op;
	struct entry e;
	bool under = true;

	if (replica_entry(n->home.replica, log, 0, &e, &keep, NULL) == ERR_OK && e.has_payload && e.h.kind == KIND_TEAM_OPEN &&
	    control_op_decode(&op, KIND_TEAM_OPEN, e.payload, NULL) == ERR_OK) {
		under = false;
		for (size_t i = 0; i < count; i++)
			under = under || (op.u.open.has_grant && SAME(op.u.open.grant, grants[i]));
		control_op_free(&op);
	}
	buf_free(&keep);
	return under;
}

/* ---- lower ---- */

struct lower { struct node *n; const struct node_before *before; uint64_t limit; bool found; enum err_code rc; };

static bool
is_from_then_on(struct lower *w, const struct entry *e)
{
	struct change_space space = { .ops = NULL };
	struct change c;
	bool late;

	if (e->h.kind != KIND_DATA || !e->has_payload)
		return false;
	w->rc = vault_open(w->n->vault, &e->h, e->payload, &w->n->read_body, NULL);
	if (w->rc == ERR_OK)
		w->rc = change_decode(&c, buf_bytes(&w->n->read_body), &space, NULL);
	late = w->rc == ERR_OK && hlc_ms(c.hlc) >= w->before->ms;
	change_space_free(&space);
	return late;
}

static bool
look_for_place(void *ctx, const struct entry *e)
{
	struct lower *w = ctx;
	char hex[33];

	w->found = w->before->id[0] == '\0' ? is_from_then_on(w, e)
	           : strncmp(hex_encode(hex, e->id.b, 16), w->before->id, strlen(w->before->id)) == 0;
	if (w->found)
		w->limit = e->h.seq;
	return !w->found && w->rc != ERR_NO_MEMORY; /* what does not open has no time */
}

/* How many entries of the log are to count: all that are held, or those before what was named. `named` gets a bit per name met. */
static enum err_code
find_limit(struct node *n, size_t log, const struct node_how *how, uint64_t *limit, bool *named, struct err *err)
{
	size_t mark = vault_mark(n->vault);
	enum err_code rc = ERR_OK;

	*limit = replica_log_at(n->home.replica, log)->len;
	for (size_t i = 0; i < how->before_count && rc == ERR_OK; i++) {
		struct lower w = { .n = n, .before = &how->before[i] };

		rc = replica_scan(n->home.replica, log, 0, *limit, false, look_for_place, &w, err);
		if (rc == ERR_OK && w.rc == ERR_NO_MEMORY)
			rc = err_plain(err, w.rc);
		if (w.found)
			*limit = w.limit;
		named[i] = named[i] || w.found || w.before->id[0] == '\0';
	}
	vault_forget_since(n->vault, mark);
	return rc;
}

static enum err_code
add_cut(struct node *n, size_t log, uint64_t limit, struct node_removal *out, struct err *err)
{
	const struct log_key key = replica_log_at(n->home.replica, log)->key;
	struct cut *c = &out->cuts[out->cut_count];
	struct buf keep = BUF_INIT;
	struct entry last;
	enum err_code rc;

	if (limit == 0) /* not listed: nothing of it counts */
		return ERR_OK;
	if (out->cut_count == CUTS_MAX)
		return err_set(err, ERR_TOO_BIG, "that device has written in more than %d logs", CUTS_MAX);
	rc = replica_entry(n->home.replica, log, limit - 1, &last, &keep, err);
	if (rc == ERR_OK) {
		*c = (struct cut){ .stream = key.stream, .inc = key.inc, .seq = (int64_t)limit - 1 };
		memcpy(c->head16, last.id.b, sizeof(c->head16));
		out->cut_count++;
	}
	buf_free(&keep);
	return rc;
}

/* A branch is not a log to cut: the part before the fork is, and what was adopted beyond it stays adopted. */
static bool
is_trunk_of(const struct log_head *h, const struct author *author)
{
	return !h->key.is_branch && h->len > 0 && SAME(h->key.author, *author);
}

enum err_code
node_find_cuts(struct node *n, const struct author *who, const struct node_how *how, struct node_removal *out, struct err *err)
{
	const struct author author = *who;
	bool named[BEFORE_MAX] = { false };
	enum err_code rc = ERR_OK;
	uint64_t limit;

	out->cut_count = 0;
	for (size_t i = 0; i < replica_log_count(n->home.replica) && rc == ERR_OK; i++) {
		if (!is_trunk_of(replica_log_at(n->home.replica, i), &author))
			continue;
		rc = find_limit(n, i, how, &limit, named, err);
		if (rc == ERR_OK)
			rc = add_cut(n, i, limit, out, err);
	}
	for (size_t i = 0; i < how->before_count && rc == ERR_OK; i++)
		if (how->before[i].id[0] != '\0' && !named[i])
			rc = err_set(err, ERR_UNKNOWN, "no entry of that device held here begins with \"%s\"", how->before[i].id);
	qsort(out->cuts, out->cut_count, sizeof(*out->cuts), by_cut_order);
	return rc;
}

enum err_code
node_find_team_cuts(struct node *n, const struct author *who, const struct stream_id *team, const struct hash *grants,
                    size_t grant_count, struct node_removal *out, struct err *err)
{
	const struct author author = *who;
	enum err_code rc = ERR_OK;

	out->cut_count = 0;
	for (size_t i = 0; i < replica_log_count(n->home.replica) && rc == ERR_OK; i++) {
		const struct log_head *h = replica_log_at(n->home.replica, i);

		if (is_trunk_of(h, &author) && SAME(h->key.stream, *team) && opened_under(n, i, grants, grant_count))
			rc = add_cut(n, i, h->len, out, err);
	}
	qsort(out->cuts, out->cut_count, sizeof(*out->cuts), by_cut_order);
	return rc;
}
