/*
 * Retention: what the rules of the profile say is due, and getting rid of it.
 *
 *   retention --dry-run    what is due, and what is in the way
 *   retention              asks for it to be erased; approves what another person's run asked for under a standing order
 *   retention order        one coordinator proposes that runs may do so; another approves: retention approve
 *
 * An erasure keeps taking two persons' signatures: a standing order only
 * says that both runs may go without being asked each time, and each run
 * works out by itself that a case is due. proto/law.md, 4.
 */
#include <stdio.h>

#include "base/mem.h"
#include "casework/due.h"
#include "crdt/hlc.h"
#include "op/law.h"

enum { DUE_MAX = 5000 };

/* ---- what is due ---- */

/* A group goes as one: by the rule of the record it is named after, unless something in it is to be kept. */
struct due_group { struct group_id id; struct due due; uint32_t type; bool led, kept; char kept_by[48]; };

struct sweep { struct node *node; const char *today; struct due_group *groups; size_t count, cap; bool failed; };

static struct due_group *
group_of(struct sweep *s, const struct group_id *id)
{
	struct due_group *more;

	for (size_t i = s->count; i-- > 0;)
		if (SAME(s->groups[i].id, *id))
			return &s->groups[i];
	more = mem_room(s->groups, s->count, &s->cap, sizeof(*more));
	s->failed = s->failed || more == NULL;
	if (more == NULL)
		return NULL;
	s->groups = more;
	more[s->count] = (struct due_group){ .id = *id };
	return &more[s->count++];
}

static bool
is_leader(const struct record *r)
{
	return memcmp(record_id_of(r)->b, record_group(r)->b, 16) == 0;
}

/* First those whose time has come by themselves; what stands in their way is looked at when these are known. */
static bool
take_leader(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct sweep *s = ctx;
	struct due due;
	struct due_group *g;

	(void)team;
	if (!is_leader(r))
		return true;
	record_due(&due, r, node_profile(s->node));
	if (!due.ever || strcmp(due.on, s->today) > 0)
		return true;
	if (s->count == DUE_MAX) /* the next run takes the rest */
		return false;
	g = group_of(s, (const struct group_id *)record_group(r));
	if (g == NULL)
		return false;
	g->due = due;
	g->type = record_type(r);
	g->led = true;
	return true;
}

static bool
take_follower(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct sweep *s = ctx;
	const struct profile_type *t = profile_type_numbered(node_profile(s->node), record_type(r));
	const struct retention *rule = t == NULL ? NULL : profile_retention(node_profile(s->node), t, NULL);

	(void)team;
	if (is_leader(r) || rule == NULL || rule->unit != RETAIN_KEEP)
		return true;
	for (size_t i = 0; i < s->count; i++)
		if (SAME(s->groups[i].id, *record_group(r)) && !s->groups[i].kept) {
			s->groups[i].kept = true;
			snprintf(s->groups[i].kept_by, sizeof(s->groups[i].kept_by), "%.40s", t->name);
		}
	return true;
}

static enum err_code
sweep(struct sweep *s, struct node *n, const char *today, struct err *err)
{
	*s = (struct sweep){ .node = n, .today = today };
	if (view_each(node_view(n), 0, take_leader, s, err) != ERR_OK || (s->count > 0 && view_each(node_view(n), 0, take_follower, s, err) != ERR_OK))
		return err->code;
	return s->failed ? err_plain(err, ERR_NO_MEMORY) : ERR_OK;
}

static json_t *
due_json(struct node *n, const struct due_group *g)
{
	const struct profile_type *t = profile_type_numbered(node_profile(n), g->type);
	json_t *o = json_pack("{s:o,s:s,s:s,s:s,s:s}", "id", json_hex(g->id.b, 16), "type", t == NULL ? "?" : t->name, "rule", g->due.rule, "since",
	                      g->due.since, "due", g->due.on);

	if (g->kept)
		json_object_set_new(o, "kept_by", json_string(g->kept_by));
	return o;
}

/* ---- standing orders ---- */

struct standing { bool lacking; struct node *node; const struct profile_type *type; const char *today; json_t *out; char id[33]; bool valid; };

static const struct value *
only_value(const struct record *r, const struct profile_type *t, const char *field)
{
	const struct profile_field *f = profile_field_named(t, field);
	size_t count = 0;
	const struct value *v = f == NULL ? NULL : record_values(r, f->number, &count);

	return count == 1 ? v : NULL;
}

static const struct org_device *
coordinator_behind(struct node *n, const struct value *v)
{
	const struct author *a = v == NULL ? NULL : view_author(node_view(n), v->author);
	const struct org_device *d = a == NULL ? NULL : org_device_by_author(node_org(n), a);

	return d != NULL && d->coordinator && !d->gone ? d : NULL;
}

/* Signed by two: what it covers, and until when, by one coordinator; the yes by another, who had seen exactly that. */
static const char *
order_state(struct standing *s, const struct record *r)
{
	const struct value *until = only_value(r, s->type, "until"), *yes = only_value(r, s->type, "approved");
	const struct org_device *one = coordinator_behind(s->node, until), *two = coordinator_behind(s->node, yes);
	struct buf day = BUF_INIT;
	const char *state;

	law_field_text(r, s->type, "until", &day);
	s->lacking = s->lacking || !buf_ok(&day);
	if (one == NULL)
		state = "void";
	else if (record_matches(r, s->type, "ended", "true"))
		state = "ended";
	else if (strcmp(buf_ok(&day) && day.len > 0 ? buf_str(&day) : "", s->today) < 0)
		state = "ended";
	else if (yes == NULL || !record_matches(r, s->type, "approved", "true") || yes->hlc <= until->hlc)
		state = "waiting";
	else
		state = two == NULL || SAME(two->member, one->member) ? "waiting" : "standing";
	buf_free(&day);
	return state;
}

static bool
take_order(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct standing *s = ctx;
	const struct value *until = only_value(r, s->type, "until");
	const struct author *a = until == NULL ? NULL : view_author(node_view(s->node), until->author);
	const char *state = order_state(s, r);
	struct buf day = BUF_INIT, reason = BUF_INIT;

	(void)team;
	law_field_text(r, s->type, "until", &day);
	law_field_text(r, s->type, "reason", &reason);
	s->lacking = s->lacking || !buf_ok(&day) || !buf_ok(&reason);
	json_array_append_new(s->out, json_pack("{s:o,s:s,s:s,s:s,s:s}", "id", json_hex(record_id_of(r)->b, 16), "state", state, "until", buf_str(&day),
	                                        "reason", buf_str(&reason), "by", a == NULL ? "?" : node_author_name(s->node, a)));
	if (strcmp(state, "standing") == 0) {
		hex_encode(s->id, record_id_of(r)->b, 16);
		s->valid = true;
	}
	buf_free(&day);
	buf_free(&reason);
	return true;
}

static enum err_code
load_orders(struct standing *s, struct node *n, const char *today, struct err *err)
{
	*s = (struct standing){ .node = n, .today = today, .out = json_array() };
	s->type = node_profile(n) == NULL ? NULL : profile_type_named(node_profile(n), "retention_order");
	if (s->type != NULL && view_each(node_view(n), s->type->number, take_order, s, err) != ERR_OK)
		return err->code;
	return s->lacking ? err_plain(err, ERR_NO_MEMORY) : ERR_OK;
}

/* ---- a run ---- */

static bool
cites(struct bytes reason, const char *order)
{
	char mark[64];

	snprintf(mark, sizeof(mark), "standing order %s", order);
	return reason.len >= strlen(mark) && memcmp(reason.p + reason.len - strlen(mark), mark, strlen(mark)) == 0;
}

/* What somebody else's run asked for: due by this device's own reckoning, and under the order that stands. */
static enum err_code
approve_asked(struct op_call *c, const struct sweep *s, const struct standing *order, json_t *approved)
{
	const struct orders *orders = replica_orders(node_replica(c->node));
	const struct org_device *self = node_self(c->node);
	enum err_code rc = ERR_OK;

	for (size_t i = 0; order->valid && self != NULL && self->coordinator && i < orders_count(orders) && rc == ERR_OK; i++) {
		const struct erase_order *o = orders_at(orders, i);
		const struct org_device *asked = org_device_by_author(node_org(c->node), &o->author);
		struct buf keep = BUF_INIT;
		struct erase_case about;
		bool due = false;

		if (!o->approved && asked != NULL && !SAME(asked->member, self->member) && node_open_order(c->node, o, &about, &keep, NULL) == ERR_OK &&
		    cites(about.reason, order->id))
			for (size_t k = 0; k < s->count; k++) {
				struct group_id image; /* an order names no ids: proto/org.md, 9 */

				erase_image(image.b, s->groups[k].id.b);
				due = due || (SAME(image, about.group) && !s->groups[k].kept);
			}
		buf_wipe(&keep);
		if (!due)
			continue;
		rc = node_approve_erasure(c->node, &o->id, &c->err);
		if (rc == ERR_OK)
			json_array_append_new(approved, json_hex(o->id.b, 16));
	}
	return rc;
}

static enum err_code
ask_for(struct op_call *c, const struct sweep *s, const struct standing *order, json_t *asked)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < s->count && rc == ERR_OK; i++) {
		struct record_id id;
		struct node_order made;
		char reason[200];

		if (s->groups[i].kept)
			continue;
		memcpy(id.b, s->groups[i].id.b, 16);
		snprintf(reason, sizeof(reason), "retention: %s, due %s%s%s", s->groups[i].due.rule, s->groups[i].due.on,
		         order->valid ? "; standing order " : "", order->valid ? order->id : "");
		rc = node_order_erasure(c->node, &id, reason, &made, &c->err);
		if (rc == ERR_EXISTS) {
			c->err = (struct err)ERR_INIT;
			rc = ERR_OK;
			continue;
		}
		if (rc == ERR_OK)
			json_array_append_new(asked, json_pack("{s:o,s:o}", "id", json_hex(id.b, 16), "request", json_hex(made.id.b, 16)));
	}
	return rc;
}

/* The run's own record: how many, and that it was one. */
static enum err_code
log_run(struct op_call *c, const struct sweep *s, size_t count)
{
	const struct profile_type *t = profile_type_named(node_profile(c->node), "retention_run");
	struct stream_id team;
	struct record_id id;
	struct hash entry;
	struct draft d;
	char number[24];
	enum err_code rc;

	if (t == NULL || count == 0)
		return ERR_OK;
	env_random(node_env(c->node), id.b, sizeof(id.b));
	snprintf(number, sizeof(number), "%zu", count);
	draft_init(&d, t, &id);
	if ((rc = draft_assign_text(&d, OP_SET, "date", s->today, &c->err)) == ERR_OK &&
	    (rc = draft_assign_text(&d, OP_SET, "before", s->today, &c->err)) == ERR_OK &&
	    (rc = draft_assign_text(&d, OP_SET, "count", number, &c->err)) == ERR_OK &&
	    (rc = draft_assign_text(&d, OP_SET, "dry_run", "false", &c->err)) == ERR_OK &&
	    (rc = draft_assign_text(&d, OP_SET, "by", node_device_name(c->node, &node_self(c->node)->id), &c->err)) == ERR_OK &&
	    (rc = node_team_for(c->node, NULL, param_text(c, "team"), &team, &c->err)) == ERR_OK)
		rc = node_write(c->node, &team, &d, &entry, &c->err);
	draft_free(&d);
	return rc;
}

void
op_retention(struct op_call *c)
{
	struct sweep s = { 0 };
	struct standing order = { 0 };
	json_t *due = json_array(), *kept = json_array(), *asked = json_array(), *approved = json_array();
	bool dry = param_flag(c, "dry-run");
	char today[16];

	law_today(c->node, today);
	if (node_profile(c->node) == NULL)
		op_no_profile(c);
	else if (load_orders(&order, c->node, today, &c->err) == ERR_OK && sweep(&s, c->node, today, &c->err) == ERR_OK) {
		for (size_t i = 0; i < s.count; i++)
			json_array_append_new(s.groups[i].kept ? kept : due, due_json(c->node, &s.groups[i]));
		if (!dry && (approve_asked(c, &s, &order, approved) != ERR_OK || ask_for(c, &s, &order, asked) != ERR_OK ||
		             log_run(c, &s, json_array_size(asked) + json_array_size(approved)) != ERR_OK || op_commit(c) != ERR_OK))
			node_drop(c->node);
		if (c->err.code == ERR_OK)
			c->result = json_pack("{s:b,s:s,s:O,s:O,s:O,s:O,s:s?}", "dry_run", dry, "today", today, "due", due, "kept", kept, "asked", asked,
			                      "approved", approved, "order", order.valid ? order.id : NULL);
	}
	mem_free(s.groups);
	json_decref(order.out);
	json_decref(due);
	json_decref(kept);
	json_decref(asked);
	json_decref(approved);
	if (c->err.code != ERR_OK || c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

/* ---- making and approving orders ---- */

static enum err_code
write_order(struct op_call *c, const struct record_id *id, const char *const fields[][2], size_t count, const struct stream_id *team)
{
	const struct profile_type *t = profile_type_named(node_profile(c->node), "retention_order");
	struct hash entry;
	struct draft d;
	enum err_code rc = ERR_OK;

	draft_init(&d, t, id);
	for (size_t i = 0; i < count && rc == ERR_OK; i++)
		if (fields[i][1] != NULL)
			rc = draft_assign_text(&d, OP_SET, fields[i][0], fields[i][1], &c->err);
	if (rc == ERR_OK)
		rc = node_write(c->node, team, &d, &entry, &c->err);
	if (rc == ERR_OK)
		rc = op_commit(c);
	if (rc != ERR_OK)
		node_drop(c->node);
	draft_free(&d);
	return rc;
}

static enum err_code
may_order(struct op_call *c)
{
	const struct org_device *self = node_self(c->node);

	if (node_profile(c->node) == NULL)
		return op_no_profile(c);
	if (profile_type_named(node_profile(c->node), "retention_order") == NULL)
		return err_set(&c->err, ERR_REFUSED, "the profile has no type retention_order: each erasure is then approved by hand");
	if (self == NULL || !self->coordinator)
		return err_set(&c->err, ERR_REFUSED, "a standing order is two coordinators' to give");
	return ERR_OK;
}

void
op_retention_order(struct op_call *c)
{
	const char *const fields[][2] = { { "until", param_text(c, "until") }, { "reason", param_text(c, "reason") } };
	struct standing s = { 0 };
	struct stream_id team;
	struct record_id id;
	char today[16];

	law_today(c->node, today);
	if (param_text(c, "until") == NULL) { /* only lists */
		if (load_orders(&s, c->node, today, &c->err) == ERR_OK)
			c->result = json_pack("{s:O}", "orders", s.out);
		json_decref(s.out);
	} else if (strcmp(param_text(c, "until"), today) < 0) {
		err_set(&c->err, ERR_INVALID, "until: %s is past", param_text(c, "until"));
	} else if (may_order(c) == ERR_OK && node_team_for(c->node, NULL, param_text(c, "team"), &team, &c->err) == ERR_OK) {
		env_random(node_env(c->node), id.b, sizeof(id.b));
		if (write_order(c, &id, fields, COUNT_OF(fields), &team) == ERR_OK)
			c->result = json_pack("{s:o,s:s,s:b}", "id", json_hex(id.b, 16), "state", "waiting", "saved", 1);
	}
	if (c->err.code != ERR_OK || c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

void
op_retention_approve(struct op_call *c)
{
	static const char *const yes[][2] = { { "approved", "true" } }, *const no[][2] = { { "ended", "true" } };
	bool end = param_flag(c, "end");
	struct standing s = { .node = c->node };
	struct record_id id;
	struct stream_id team;
	struct record *r = NULL;
	char today[16];

	s.today = law_today(c->node, today);
	if (may_order(c) == ERR_OK && view_find(node_view(c->node), param_text(c, "id"), &id, &c->err) == ERR_OK && (r = record_new(&id)) != NULL &&
	    node_record(c->node, &id, r, &team, &c->err) == ERR_OK) {
		const struct org_device *by;

		s.type = profile_type_named(node_profile(c->node), "retention_order");
		by = coordinator_behind(c->node, only_value(r, s.type, "until"));
		if (record_type(r) != s.type->number)
			err_set(&c->err, ERR_INVALID, "%s is not a standing order; `faltbok retention order` lists them", param_text(c, "id"));
		else if (!end && strcmp(order_state(&s, r), "waiting") != 0)
			err_set(&c->err, ERR_EXISTS, "that order is %s", order_state(&s, r));
		else if (!end && by != NULL && SAME(by->member, node_self(c->node)->member))
			err_set(&c->err, ERR_REFUSED, "a standing order takes two persons: somebody else must approve what you proposed");
		else if (write_order(c, &id, end ? no : yes, 1, &team) == ERR_OK)
			c->result = json_pack("{s:o,s:s,s:b}", "id", json_hex(id.b, 16), "state", end ? "ended" : "standing", "saved", 1);
	}
	record_free(r);
	if (c->err.code != ERR_OK || c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}
