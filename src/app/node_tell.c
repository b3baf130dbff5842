/*
 * What open pages are told: that something has changed and which records,
 * never what is in them. A page asks for what it shows.
 */
#include "app/serve.h"
#include "node/invite.h"
#include "op/brought.h"

static void
invited(void *ctx, const struct invite_info *what)
{
	struct serve *s = ctx;

	web_event(s->web, "invite", json_pack("{s:s}", "state", invite_state_word(what->state)));
}

void
serve_watch_invites(struct serve *s)
{
	if (s->web != NULL && s->state == SERVE_OPEN)
		node_invite_watch(s->node, invited, s);
}

void
serve_watch(struct serve *s)
{
	s->conflicts = view_conflict_count(node_view(s->node));
	serve_seen(s);
	serve_watch_idle(s);
}

void
serve_unwatch(struct serve *s)
{
	if (s->idle != NULL)
		s->app->env->ops->timer_stop(s->app->env, s->idle);
	s->idle = NULL;
	s->lock_wanted = false;
	s->clocks_ms = 0;
}

static void
tell_records(struct serve *s, const struct node_news *news)
{
	static const struct record_id none;
	const struct profile *profile = node_profile(s->node);
	struct record *r = record_new(&none);
	json_t *list = json_array();
	char id[33];

	for (size_t i = 0; i < news->count && r != NULL && profile != NULL; i++) {
		const struct profile_type *type = NULL;

		if (view_get(node_view(s->node), &news->records[i], r, NULL, NULL) == ERR_OK)
			type = profile_type_numbered(profile, record_type(r));
		json_array_append_new(list, json_pack("{s:s,s:s}", "id", hex_encode(id, news->records[i].b, 16), "type", type != NULL ? type->name : ""));
	}
	record_free(r);
	web_event(s->web, "records", json_pack("{s:o,s:b}", "records", list, "more", news->more));
}

void
serve_tell_changes(struct serve *s)
{
	const struct node_news *news;
	uint64_t conflicts;

	if (s->web == NULL || s->state != SERVE_OPEN || node_is_locked(s->node))
		return;
	news = node_news(s->node);
	if (news->count > 0 || news->more)
		tell_records(s, news);
	if (news->members)
		web_event(s->web, "members", json_object());
	if (news->profile && node_profile(s->node) != NULL)
		web_event(s->web, "profile", json_pack("{s:i}", "version", (int)profile_version(node_profile(s->node))));
	conflicts = view_conflict_count(node_view(s->node));
	if (conflicts == VIEW_UNCOUNTED)
		return; /* told with the next change */
	if (conflicts != s->conflicts)
		web_event(s->web, "conflicts", json_pack("{s:I}", "conflicts", (json_int_t)conflicts));
	s->conflicts = conflicts;
}

void
serve_tell_sync(struct serve *s, const struct peer_result *r)
{
	const struct node_exchange *e = s->state == SERVE_OPEN ? exchange_note(s->node, r) : NULL;
	json_t *o, *said;
	char id[33];

	if (s->web == NULL)
		return;
	o = json_pack("{s:I,s:I,s:I,s:b}", "links", (json_int_t)meet_links(s->meet), "sent", (json_int_t)r->sent, "received", (json_int_t)r->received,
	              "in_step", r->in_step);
	if (r->known && s->state == SERVE_OPEN)
		json_object_set_new(o, "peer", json_pack("{s:s,s:s}", "id", hex_encode(id, r->device.b, 16), "name", node_device_name(s->node, &r->device)));
	if (r->code != ERR_OK)
		json_object_set_new(o, "error", json_string(r->text));
	said = e != NULL ? exchange_json(s->node, e) : NULL;
	if (said != NULL)
		json_object_set(o, "brought", json_object_get(said, "brought"));
	if (said != NULL)
		json_object_set(o, "sentence", json_object_get(said, "sentence"));
	json_decref(said);
	web_event(s->web, "sync", o);
}
