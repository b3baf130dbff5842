/*
 * Erasure: one person asks, another approves, and everybody can see whose
 * devices have not confirmed it yet.
 */
#include "op/op_internal.h"


void
op_erase(struct op_call *c)
{
	struct node_order order;
	struct record_id id;

	if (param_flag(c, "dry-run")) {
		op_erase_dry(c);
		return;
	}
	if (param_text(c, "reason") == NULL)
		err_set(&c->err, ERR_USAGE, "erase: reason is missing; usage: erase ID --reason R");
	else if (view_find(node_view(c->node), param_text(c, "id"), &id, &c->err) == ERR_OK &&
	    node_order_erasure(c->node, &id, param_text(c, "reason"), &order, &c->err) == ERR_OK &&
	    op_commit(c) == ERR_OK)
		c->result = json_pack("{s:o,s:I,s:I,s:s}", "request", json_hex(order.id.b, 16), "entries", (json_int_t)order.entries,
		                      "records", (json_int_t)order.records, "state", "waiting");
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	op_end(c);
}

static enum err_code
find_order(struct op_call *c, const char *text, struct hash *out)
{
	const struct orders *orders = replica_orders(node_replica(c->node));
	size_t found = 0;
	char hex[65];

	for (size_t i = 0; i < orders_count(orders) && strlen(text) >= 6; i++) {
		const struct erase_order *o = orders_at(orders, i);

		if (strncmp(hex_encode(hex, o->id.b, 32), text, strlen(text)) != 0)
			continue;
		*out = o->id;
		found++;
	}
	if (found > 1)
		return err_set(&c->err, ERR_INVALID, "\"%s\" names more than one request; give more digits", text);
	return found == 1 ? ERR_OK : err_set(&c->err, ERR_UNKNOWN, "no request to erase begins with \"%s\"; `faltbok erase status` lists them", text);
}

void
op_erase_approve(struct op_call *c)
{
	struct hash request;

	if (find_order(c, param_text(c, "id"), &request) == ERR_OK &&
	    node_approve_erasure(c->node, &request, &c->err) == ERR_OK && op_commit(c) == ERR_OK)
		c->result = json_pack("{s:o,s:s}", "request", json_hex(request.b, 16), "state", "approved");
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	op_end(c);
}

/* ---- status ---- */

/* May it hold payloads that the order names? Auditors and hubs hold all there is. */
static bool
concerned(struct node *n, const struct erase_order *o, const struct org_device *d)
{
	for (size_t i = 0; i < o->request.log_count && org_device_live(d); i++)
		if (org_share(node_org(n), d, &o->request.logs[i].stream) == SHARE_ALL)
			return true;
	return false;
}

static json_t *
device_json(struct node *n, const struct org_device *d)
{
	return json_pack("{s:s,s:s,s:o,s:o}", "member", node_member_name(n, &d->id), "device", node_device_name(n, &d->id), "id",
	                 json_hex(d->id.b, 16), "last_seen", last_seen(n, d));
}

static json_t *
author_name(struct node *n, const struct author *a)
{
	return json_string(node_author_name(n, a));
}

/* Why, for those who can open it: everybody else knows only that it was asked for. */
static json_t *
reason_of(struct node *n, const struct erase_order *o)
{
	struct buf keep = BUF_INIT;
	struct erase_case about;
	json_t *out = json_null();

	if (node_open_order(n, o, &about, &keep, NULL) == ERR_OK)
		out = json_stringn((const char *)about.reason.p, about.reason.len);
	buf_wipe(&keep);
	return out;
}

/* Until no reader holds a key that the case was sealed under, a stolen copy of the entries and a device could be put together. */
static void
say_old_key(struct node *n, const struct erase_order *o, const struct org_device *d, json_t *holding, json_t *unheard)
{
	switch (node_holds_old_key(n, o, d)) {
	case NODE_OLD_NONE: break;
	case NODE_OLD_HELD: json_array_append_new(holding, device_json(n, d)); break;
	case NODE_OLD_UNKNOWN: json_array_append_new(unheard, device_json(n, d)); break;
	}
}

static json_t *
order_json(struct node *n, const struct erase_order *o)
{
	const struct orders *orders = replica_orders(node_replica(n));
	json_t *confirmed = json_array(), *outstanding = json_array(), *holding = json_array(), *unheard = json_array(), *out;
	uint64_t entries = 0;
	bool shredded;

	for (size_t i = 0; i < o->request.range_count; i++)
		entries += o->request.ranges[i].to - o->request.ranges[i].from + 1;
	for (size_t i = 0; i < org_device_count(node_org(n)) && o->approved; i++) {
		const struct org_device *d = org_device_at(node_org(n), i);
		const struct erase_confirmed *r = orders_receipt_of(orders, &o->id, &d->sign_pk);

		if (r != NULL && r->receipt.keys)
			json_array_append_new(confirmed, device_json(n, d));
		else if (concerned(n, o, d))
			json_array_append_new(outstanding, device_json(n, d));
		if (org_device_live(d))
			say_old_key(n, o, d, holding, unheard);
	}
	shredded = o->approved && json_array_size(outstanding) + json_array_size(holding) + json_array_size(unheard) == 0;
	out = json_pack("{s:o,s:s,s:o,s:o,s:I,s:o,s:o}", "request", json_hex(o->id.b, 16), "state", o->approved ? "approved" : "waiting",
	                "by", author_name(n, &o->author), "reason", reason_of(n, o), "entries", (json_int_t)entries, "confirmed", confirmed,
	                "outstanding", outstanding);
	if (out != NULL)
		json_object_set_new(out, "approved_by", o->approved ? author_name(n, &o->approved_by) : json_null());
	if (out != NULL) {
		json_object_set_new(out, "shredded", json_boolean(shredded));
		json_object_set_new(out, "holding", holding);
		json_object_set_new(out, "unheard", unheard);
	}
	return out;
}

void
op_erase_status(struct op_call *c)
{
	const struct orders *orders = replica_orders(node_replica(c->node));
	json_t *list = json_array();

	for (size_t i = 0; i < orders_count(orders); i++)
		json_array_append_new(list, order_json(c->node, orders_at(orders, i)));
	c->result = json_pack("{s:o}", "erasures", list);
	op_end(c);
}
