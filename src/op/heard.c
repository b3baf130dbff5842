/*
 * The part of status about what is not seen directly: how old the view of
 * the membership is, who is silent, keys that wait, quarrels, copies.
 */
#include "op/op_internal.h"

#include "node/standing.h"
#include "node/tend.h"

enum { WARN_DAYS = 14, ASK_DAYS = 30, COPIES_SHOWN = 32 };

static void
warn_age(json_t *w, int64_t days)
{
	if (days > ASK_DAYS)
		status_warn(w, "the view of who is a member is %lld days old: somebody may have been removed since, and what is written now may still be "
		     "sealed to them; reach a coordinator or the hub before writing more, or take in a fresh bundle", (long long)days);
	else if (days > WARN_DAYS)
		status_warn(w, "the view of who is a member is %lld days old; meeting a coordinator, the hub or who has met them renews it", (long long)days);
}

static void
warn_copies(json_t *w, struct node *n)
{
	struct node_copies c[COPIES_SHOWN];
	size_t count = org_known(node_org(n)) ? node_copies(n, c, COPIES_SHOWN) : 0;

	for (size_t i = 0; i < count && i < COPIES_SHOWN; i++)
		status_warn(w, "two copies in use of %s: a copied or restored home and the one it came from have both written (%llu and %llu entries); "
		     "all of it is kept and counts. Go on with one of them, and let the other be a new device (`faltbok join` in a home of its own); if nobody "
		     "knows of a copy, somebody else has the keys: `faltbok revoke` that device",
		     node_device_name(n, &c[i].dev), (unsigned long long)c[i].older, (unsigned long long)c[i].newer);
}

void
warn_heard(json_t *w, struct node *n, int64_t membership_days)
{
	size_t open;

	warn_age(w, membership_days);
	json_decref(keys_waiting_json(n, &open));
	if (open > 0)
		status_warn(w, "%zu new reader%s for a key; `faltbok keys list` says who and why", open, open == 1 ? " waits" : "s wait");
	warn_copies(w, n);
}

static json_t *
silent_json(struct node *n, const struct node_standing *st, size_t count)
{
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		if (st[i].silent_days > SILENT_DAYS || st[i].silent_days < 0)
			json_array_append_new(out, json_pack("{s:s,s:o,s:o}", "name", node_device_name(n, &st[i].dev), "id", json_hex(st[i].dev.b, 16), "days",
			                                     st[i].silent_days < 0 ? json_null() : json_integer(st[i].silent_days)));
	return out;
}

static json_t *
copies_json(struct node *n)
{
	struct node_copies c[COPIES_SHOWN];
	size_t count = org_known(node_org(n)) ? node_copies(n, c, COPIES_SHOWN) : 0;
	json_t *out = json_array();

	for (size_t i = 0; i < count && i < COPIES_SHOWN; i++)
		json_array_append_new(out, json_pack("{s:s,s:o,s:b,s:[I,I]}", "name", node_device_name(n, &c[i].dev), "id", json_hex(c[i].dev.b, 16),
		                                     "self", node_self(n) != NULL && SAME(c[i].dev, node_self(n)->id), "entries",
		                                     (json_int_t)c[i].older, (json_int_t)c[i].newer));
	return out;
}

static json_t *
disputes_json(struct node *n)
{
	const struct org *org = node_org(n);
	json_t *out = json_array();

	for (size_t i = 0; org_known(org) && i < org_void_removals(org); i++)
		json_array_append_new(out, json_pack("{s:s,s:s}", "by", node_device_name(n, &org_dispute_at(org, i)->by), "target",
		                                     node_device_name(n, &org_dispute_at(org, i)->target)));
	return out;
}

/* By device: the teams that it has granted itself and nobody here has said to know of. */
static json_t *
self_granted_json(struct node *n)
{
	const struct org *org = node_org(n);
	json_t *out = json_array();

	for (size_t i = 0; org_known(org) && i < org_grant_count(org); i++) {
		const struct org_grant *g = org_grant_at(org, i);

		if (node_is_alarming(n, g))
			json_array_append_new(out, json_pack("{s:s,s:o,s:s}", "name", node_device_name(n, &g->dev), "id", json_hex(g->dev.b, 16), "team",
			                                     node_team_name(n, &g->team)));
	}
	return out;
}

void
say_heard(struct node *n, json_t *status, const struct node_standing *st, size_t count)
{
	size_t open;

	json_decref(keys_waiting_json(n, &open));
	json_object_set_new(status, "keys_waiting", json_integer((json_int_t)open));
	json_object_set_new(status, "disputes", disputes_json(n));
	json_object_set_new(status, "silent", silent_json(n, st, count));
	json_object_set_new(status, "copies", copies_json(n));
	json_object_set_new(status, "self_granted", self_granted_json(n));
}
