/* Which versions of the profile a record was written under: each change says its own (proto/crdt.md, 2). */
#include "node/node_internal.h"

struct versions { struct node *n; uint64_t first_hlc, last_hlc; uint32_t first, last; enum err_code rc; struct err *err; };

static void
count_change(struct versions *v, const struct change *c)
{
	if (v->first == 0 || c->hlc < v->first_hlc) {
		v->first = c->profile_version;
		v->first_hlc = c->hlc;
	}
	if (v->last == 0 || c->hlc > v->last_hlc) {
		v->last = c->profile_version;
		v->last_hlc = c->hlc;
	}
}

static bool
take_change(void *ctx, uint64_t row)
{
	struct versions *v = ctx;
	struct change_space space = { .ops = NULL };
	struct err why = ERR_INIT;
	struct view_change vc;
	struct change c;
	enum err_code rc = node_read_entry(v->n, row, &vc, &why);

	if (rc == ERR_OK) {
		rc = change_decode(&c, vc.body, &space, &why);
		if (rc == ERR_OK)
			count_change(v, &c);
		else if (rc != ERR_NO_MEMORY) /* another version's: it was left out of the record, too */
			rc = ERR_UNKNOWN;
	}
	change_space_free(&space);
	if (rc != ERR_OK && rc != ERR_UNKNOWN)
		v->rc = err_set(v->err, rc, "%s", why.text);
	return v->rc == ERR_OK;
}

enum err_code
node_versions(struct node *n, const struct record_id *id, uint32_t *first, uint32_t *last, struct err *err)
{
	struct versions v = { .n = n, .err = err };
	enum err_code rc = view_history(node_view(n), id, take_change, &v, err);

	*first = v.first;
	*last = v.last;
	return rc == ERR_OK ? v.rc : rc;
}
