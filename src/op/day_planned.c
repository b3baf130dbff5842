/*
 * What a day has planned: the openings whose rule has them take place, and
 * the sessions that somebody wrote down beforehand. `session open` takes up
 * what is planned instead of making a second one.
 */
#include "op/day_internal.h"

#include <stdio.h>

#include "casework/slots.h"

struct planned {
	struct op_call *call;
	const struct profile_type *opening, *session;
	struct record_id site;
	bool of_site;
	char date[11];
	json_t *out;      /* PLANNED, by opening time */
	json_t *warnings;
};

static bool
site_of(struct planned *k, const struct record *r, const struct profile_type *t, struct record_id *site)
{
	if (!day_ref(r, t, "site", site))
		return false;
	node_same_as(k->call->node, site, site);
	return !k->of_site || SAME(*site, k->site);
}

static json_t *
planned_json(struct planned *k, const struct record_id *site, const char *opens, const char *closes, json_t *mode, json_t *channel)
{
	char name[DAY_TEXT];

	return json_pack("{s:n,s:o,s:s,s:s,s:s,s:o,s:o,s:n,s:n}", "opening", "site", json_hex(site->b, 16), "name", day_site_name(k->call, site, name),
	                 "opens", opens, "closes", closes, "mode", mode, "channel", channel, "session", "status");
}

/* Stands where its time puts it; of one time the order is that of the names. One for which there was no memory stands nowhere, and the call ends with that. */
static void
put_in_order(json_t *list, json_t *one)
{
	const char *opens = json_string_value(json_object_get(one, "opens")), *name = json_string_value(json_object_get(one, "name"));
	size_t i = 0;

	if (opens == NULL || name == NULL)
		return;
	for (; i < json_array_size(list); i++) {
		const json_t *other = json_array_get(list, i);
		int c = strcmp(json_string_value(json_object_get(other, "opens")), opens);

		if (c > 0 || (c == 0 && strcmp(json_string_value(json_object_get(other, "name")), name) > 0))
			break;
	}
	json_array_insert_new(list, i, one);
}

static bool
take_opening(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct planned *k = ctx;
	char rule[DAY_TEXT], from[DAY_TEXT], to[DAY_TEXT], opens[DAY_TEXT], closes[DAY_TEXT];
	struct record_id site;
	struct err err = ERR_INIT;
	bool on = false;
	json_t *one;

	(void)team;
	if (record_is_practice(r) || !site_of(k, r, k->opening, &site))
		return true;
	day_text(r, k->opening, "valid_from", from);
	day_text(r, k->opening, "valid_to", to);
	if (opening_on(day_text(r, k->opening, "rrule", rule), from[0] ? from : NULL, to[0] ? to : NULL, k->date, &on, &err) != ERR_OK)
		json_array_append_new(k->warnings, json_string(err.text));
	if (!on)
		return true;
	one = planned_json(k, &site, day_text(r, k->opening, "opens", opens), day_text(r, k->opening, "closes", closes),
	                   day_json(r, k->opening, "mode"), day_json(r, k->opening, "channel"));
	json_object_set_new(one, "opening", json_hex(record_id_of(r)->b, 16));
	put_in_order(k->out, one);
	return true;
}

/* A session of the day stands beside the opening at its site that nothing stands beside yet; else for itself. */
static bool
take_session(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct planned *k = ctx;
	struct record_id site;
	char hex[33], start[DAY_TEXT], end[DAY_TEXT];
	json_t *one = NULL;

	(void)team;
	if (!day_is(r, k->session, "date", k->date) || record_is_practice(r) || !site_of(k, r, k->session, &site))
		return true;
	hex_encode(hex, site.b, 16);
	for (size_t i = 0; i < json_array_size(k->out) && one == NULL; i++) {
		json_t *o = json_array_get(k->out, i);

		if (json_is_null(json_object_get(o, "session")) && strcmp(json_string_value(json_object_get(o, "site")), hex) == 0)
			one = o;
	}
	if (one == NULL) {
		one = planned_json(k, &site, day_text(r, k->session, "start", start), day_text(r, k->session, "end", end), json_null(),
		                   day_json(r, k->session, "channel"));
		put_in_order(k->out, one);
	}
	json_object_set_new(one, "session", json_hex(record_id_of(r)->b, 16));
	json_object_set_new(one, "status", day_json(r, k->session, "status"));
	return true;
}

static enum err_code
find_planned(struct planned *k)
{
	struct op_call *c = k->call;

	k->session = day_type(c, "session");
	k->opening = k->session != NULL ? profile_type_named(node_profile(c->node), "opening") : NULL;
	if (k->opening != NULL && day_each(c, k->opening, take_opening, k) != ERR_OK)
		return c->err.code;
	return k->session == NULL ? c->err.code : day_each(c, k->session, take_session, k);
}

json_t *
day_planned_channels(struct op_call *c, const struct record_id *site, const char *date)
{
	struct planned k = { .call = c, .site = *site, .of_site = true, .out = json_array(), .warnings = json_array() };
	json_t *one, *channels = NULL;
	size_t i;

	snprintf(k.date, sizeof(k.date), "%.10s", date);
	if (find_planned(&k) == ERR_OK)
		json_array_foreach(k.out, i, one)
			if (channels == NULL && json_is_array(json_object_get(one, "channel")))
				channels = json_incref(json_object_get(one, "channel"));
	json_decref(k.out);
	json_decref(k.warnings);
	return channels;
}

void
op_session_planned(struct op_call *c)
{
	struct planned k = { .call = c, .of_site = param_text(c, "site") != NULL, .out = json_array(), .warnings = json_array() };
	bool found = true;

	if (day_param_date(c, "date", k.date) == ERR_OK && (!k.of_site || day_site(c, param_text(c, "site"), false, &k.site, &found) == ERR_OK)) {
		if (!found)
			err_set(&c->err, ERR_UNKNOWN, "site: no site has the name or id \"%s\"", param_text(c, "site"));
		else if (find_planned(&k) == ERR_OK)
			c->result = json_pack("{s:s,s:O,s:O}", "date", k.date, "planned", k.out, "warnings", k.warnings);
	}
	json_decref(k.out);
	json_decref(k.warnings);
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}
