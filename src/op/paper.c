/* What was printed for this device and may be nowhere but on paper: the reminder, and its end. */
#include "op/op_internal.h"

/* Of a device that is removed nobody needs the kill card any more. */
static struct own_papers
unconfirmed(struct node *n)
{
	struct own_papers p;

	replica_papers(node_replica(n), &p);
	if (node_self(n) != NULL && node_self(n)->gone)
		p.kill = PAPER_NONE;
	return p;
}

json_t *
papers_json(struct node *n)
{
	const struct own_papers p = unconfirmed(n);
	json_t *out = json_array();

	if (p.recovery != PAPER_NONE)
		json_array_append_new(out, json_string("recovery_code"));
	if (p.kill != PAPER_NONE)
		json_array_append_new(out, json_string("kill_card"));
	return out;
}

void
warn_papers(json_t *w, struct node *n)
{
	const struct own_papers p = unconfirmed(n);

	if (p.recovery != PAPER_NONE)
		status_warn(w, "nobody has said that the recovery code of this device is written down: `faltbok paper confirm` when it is, "
		            "`faltbok paper new` prints another");
	if (p.kill != PAPER_NONE)
		status_warn(w, "nobody has said that the kill card of this device is written down: `faltbok paper confirm` when it is; it cannot be printed "
		            "again, and without it only a coordinator removes the device when it is stolen");
}

void
op_paper_confirm(struct op_call *c)
{
	json_t *which = papers_json(c->node);

	if (replica_papers_kept(node_replica(c->node), &c->err) == ERR_OK)
		c->result = json_pack("{s:b,s:O}", "kept", 1, "confirmed", which);
	json_decref(which);
	op_end(c);
}
