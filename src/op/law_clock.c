/* Until when a record is kept, and what changing it does to that. proto/law.md, 4. */
#include "casework/due.h"
#include "op/law.h"

void
op_retention_clock(struct op_call *c)
{
	struct record_id id;
	struct record *r = NULL;
	struct due due;

	if (node_profile(c->node) == NULL)
		op_no_profile(c);
	else if (view_find(node_view(c->node), param_text(c, "id"), &id, &c->err) == ERR_OK && (r = record_new(&id)) != NULL &&
	         node_record(c->node, &id, r, NULL, &c->err) == ERR_OK) {
		record_due(&due, r, node_profile(c->node));
		c->result = json_pack("{s:o,s:s,s:s?,s:s?}", "id", json_hex(id.b, 16), "rule", due.rule, "since", due.ever ? due.since : NULL, "due",
		                      due.ever ? due.on : NULL);
	}
	record_free(r);
	if (c->err.code != ERR_OK || c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}
