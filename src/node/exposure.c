/*
 * What a device could read, told from the epochs that were sealed to it. Key
 * tables carry older case keys into newer epochs, so whoever held an epoch
 * could read everything before it as well. What it still got after its
 * removal is told by the writers' clocks against the remover's: a hint, as
 * every clock is here.
 */
#include "node/removal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crdt/hlc.h"
#include "node/node_internal.h"
#include "vault/vault_late.h"

struct look {
	struct node *n;
	const struct device_id *dev;
	struct node_exposure *out;
	struct node_exposure_team *team;
	uint64_t newest;
	bool own_log;                /* the device's own */
	struct epoch_id epoch;       /* of the entry before, */
	bool any_epoch, reaches;     /* since most name the same one */
	uint64_t number;
	bool failed;
};

static bool
read_epoch_id(struct bytes payload, struct epoch_id *out)
{
	struct rd r = rd_init(payload);

	(void)rd_array_any(&r, 5); /* a change has three parts, a row five; both begin with it */
	RD_FIXED(&r, *out);
	return !r.bad;
}

static void
count_late(struct look *k, const struct author *author, const struct record_id *record, int64_t ms)
{
	struct node_exposure *x = k->out;
	struct node_exposure_late *l;
	char text[40] = "";
	int year, month;

	if (sscanf(time_print(text, ms, 0), "%d-%d", &year, &month) != 2)
		return;
	for (size_t i = x->late_count; i-- > 0;) { /* who writes on goes on about the same, mostly */
		l = &x->late[i];
		if (SAME(l->record, *record) && SAME(l->author, *author) && SAME(l->team, k->team->team) && l->year == year && l->month == month) {
			l->entries++;
			return;
		}
	}
	l = mem_room(x->late, x->late_count, &x->late_cap, sizeof(*l));
	k->failed = k->failed || l == NULL;
	if (l == NULL)
		return;
	x->late = l;
	l[x->late_count++] = (struct node_exposure_late){ k->team->team, *author, *record, year, month, 1 };
}

static void
look_when(struct look *k, const struct entry *e)
{
	struct change_space space = { .ops = NULL };
	struct buf *body = &k->n->read_body;
	struct change c;
	bool row = org_is_drop_box(node_org(k->n), &e->h.stream);
	enum err_code rc = row ? vault_open_drop(k->n->vault, &e->h, e->payload, body, NULL)
	                       : vault_open(k->n->vault, &e->h, e->payload, body, NULL);

	if (rc == ERR_OK &&
	    change_decode(&c, buf_bytes(body), &space, NULL) == ERR_OK && hlc_ms(c.hlc) > k->out->at_ms)
		count_late(k, &e->h.author, &c.record, hlc_ms(c.hlc));
	change_space_free(&space);
}

static bool
look_at(void *ctx, const struct entry *e)
{
	struct look *k = ctx;
	struct epoch_id epoch;

	if (e->h.kind != KIND_DATA || !e->has_payload || !read_epoch_id(e->payload, &epoch))
		return true;
	if (!k->any_epoch || !SAME(epoch, k->epoch)) {
		k->epoch = epoch;
		k->any_epoch = true;
		k->number = vault_epoch_number(k->n->vault, &epoch);
		k->reaches = vault_epoch_reaches(k->n->vault, &epoch, k->dev);
	}
	k->team->readable += k->reaches || (k->number > 0 && k->number <= k->newest);
	if (k->reaches && k->out->dated && !k->own_log)
		look_when(k, e);
	return !k->failed;
}

static bool
has_grant(struct node *n, const struct stream_id *team, const struct device_id *dev)
{
	const struct org *org = node_org(n);

	for (size_t i = 0; i < org_grant_count(org); i++) {
		const struct org_grant *g = org_grant_at(org, i);

		if (SAME(g->dev, *dev) && g->has_team && SAME(g->team, *team))
			return true;
	}
	return false;
}

static enum err_code
look_in(struct node *n, const struct stream_id *stream, const struct org_device *d, struct node_exposure *x, struct err *err)
{
	struct look k = { .n = n, .dev = &d->id, .out = x };
	size_t epochs = vault_epochs_reaching(n->vault, stream, &d->id, &k.newest);
	struct node_exposure_team *room;
	enum err_code rc = ERR_OK;

	if (epochs == 0 || node_self(n) == NULL || !org_reads(node_org(n), stream, &node_self(n)->id)) {
		x->unseen_teams += epochs > 0 || has_grant(n, stream, &d->id);
		return ERR_OK;
	}
	room = mem_room(x->teams, x->team_count, &x->team_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	x->teams = room;
	k.team = &room[x->team_count++];
	*k.team = (struct node_exposure_team){ .team = *stream, .epochs = epochs };
	for (size_t i = 0; i < replica_log_count(n->home.replica) && rc == ERR_OK && !k.failed; i++) {
		const struct log_head *h = replica_log_at(n->home.replica, i);

		k.own_log = SAME(h->key.author, d->sign_pk);
		if (SAME(h->key.stream, *stream))
			rc = replica_scan(n->home.replica, i, h->key.is_branch ? h->key.branch_seq : 0, h->len, false, look_at, &k, err);
	}
	return rc == ERR_OK && k.failed ? err_plain(err, ERR_NO_MEMORY) : rc;
}

static int
by_team_writer_month(const void *a, const void *b)
{
	const struct node_exposure_late *x = a, *y = b;
	int order = memcmp(&x->team, &y->team, sizeof(x->team));

	if (order == 0)
		order = memcmp(&x->author, &y->author, sizeof(x->author));
	if (order == 0)
		order = (x->year - y->year) * 12 + x->month - y->month;
	return order != 0 ? order : memcmp(&x->record, &y->record, sizeof(x->record));
}

enum err_code
node_exposure(struct node *n, const struct device_id *dev, struct node_exposure *out, struct err *err)
{
	const struct org_device *d = node_has_org(n) ? org_device_by_id(node_org(n), dev) : NULL;
	size_t mark = vault_mark(n->vault);
	struct node_reason why;
	struct stream_id stream;
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	if (d == NULL)
		return err_set(err, ERR_UNKNOWN, "no admitted device has that id");
	out->removed = d->gone;
	out->dated = node_reason_of(n, &d->id, &why);
	out->at_ms = out->dated ? why.at_ms : 0;
	stream = roster_stream(org_id(node_org(n)));
	rc = look_in(n, &stream, d, out, err);
	for (size_t i = 0; i < org_team_count(node_org(n)) && rc == ERR_OK; i++)
		rc = look_in(n, &org_team_at(node_org(n), i)->id, d, out, err);
	vault_forget_since(n->vault, mark);
	if (out->late_count > 1)
		qsort(out->late, out->late_count, sizeof(*out->late), by_team_writer_month);
	if (rc != ERR_OK)
		node_exposure_free(out);
	return rc;
}

void
node_exposure_free(struct node_exposure *x)
{
	mem_free(x->teams);
	mem_free(x->late);
	memset(x, 0, sizeof(*x));
}
