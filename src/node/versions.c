/* Which versions of the profile a record was written under: each change says its own (proto/crdt.md, 2). */
#include "node/node_internal.h"

struct versions { struct node *n; uint64_t first_hlc, last_hlc; uint32_t first, last; };

static bool
take_change(void *ctx, uint64_t row)
{
	struct versions *v = ctx;
	struct change_space space = { .ops = NULL };
	struct author author;
	struct stream_id team;
	struct bytes body;
	struct change c;
	uint8_t entry[16];

	if (node_read_entry(v->n, row, entry, &author, &team, &body) && change_decode(&c, body, &space, NULL) == ERR_OK) {
		if (v->first == 0 || c.hlc < v->first_hlc) {
			v->first = c.profile_version;
			v->first_hlc = c.hlc;
		}
		if (v->last == 0 || c.hlc > v->last_hlc) {
			v->last = c.profile_version;
			v->last_hlc = c.hlc;
		}
	}
	change_space_free(&space);
	return true;
}

enum err_code
node_versions(struct node *n, const struct record_id *id, uint32_t *first, uint32_t *last, struct err *err)
{
	struct versions v = { .n = n };
	enum err_code rc = view_history(node_view(n), id, take_change, &v, err);

	*first = v.first;
	*last = v.last;
	return rc;
}
