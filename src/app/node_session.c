/*
 * What the page may do about the home as a whole: see its state, unlock,
 * lock, begin. Operations are the table's affair.
 */
#include <stdio.h>

#include "app/serve.h"

enum { SLEPT_MS = 60000 };
#define LOOK_NS (UINT64_C(15) * 1000000000)

static const char *const state_words[] = { "none", "locked", "joining", "open" };

/* ---- what is shown ---- */

static const char *
role_of(const struct org_device *d)
{
	return d->coordinator ? "coordinator" : d->advisor ? "advisor" : d->auditor ? "auditor" : d->hub ? "hub" : "none";
}

static void
add_who(struct serve *s, json_t *o)
{
	const struct org_device *self = node_self(s->node);
	char id[33];

	json_object_set_new(o, "org", json_pack("{s:s,s:s}", "id", hex_encode(id, node_keystore(s->node)->org.b, 16), "name", node_org_name(s->node)));
	if (self == NULL)
		return;
	json_object_set_new(o, "device", json_pack("{s:s,s:s}", "id", hex_encode(id, self->id.b, 16), "name", node_device_name(s->node, &self->id)));
	json_object_set_new(o, "member", json_string(node_member_name(s->node, &self->id)));
	json_object_set_new(o, "role", json_string(role_of(self)));
	json_object_set_new(o, "removed", json_boolean(self->gone));
}

json_t *
serve_session(void *ctx)
{
	struct serve *s = ctx;
	json_t *o = json_pack("{s:s,s:b,s:I,s:s}", "state", state_words[s->state], "busy", s->busy, "lock_after_s", (json_int_t)s->lock_after_s,
	                      "version", FALTBOK_VERSION);

	if (o == NULL)
		return NULL;
	if (s->state == SERVE_OPEN)
		add_who(s, o);
	if (s->state == SERVE_JOINING) {
		json_object_set_new(o, "device", json_pack("{s:s}", "name", (const char *)s->home.keys->device_name));
		json_object_set_new(o, "member", json_string((const char *)s->home.keys->member_name));
	}
	if (s->open_all > 0)
		json_object_set_new(o, "opening", json_pack("{s:I,s:I}", "done", (json_int_t)s->open_done, "all", (json_int_t)s->open_all));
	if (s->digits[0] != '\0')
		json_object_set_new(o, "digits", json_string(s->digits));
	return o;
}

void
serve_tell_session(struct serve *s)
{
	if (s->web != NULL && s->told != s->state)
		web_event(s->web, "session", serve_session(s));
	s->told = s->state;
}

/* ---- being away ---- */

void
serve_seen(void *ctx)
{
	struct serve *s = ctx;

	s->seen_ns = s->app->env->ops->mono_ns(s->app->env);
}

/* The wall clock went on while ours stood still: the computer has slept. A clock set right looks the same and does no harm. */
static bool
has_slept(struct serve *s)
{
	struct env *env = s->app->env;
	int64_t ahead_ms = env->ops->wall_ms(env) - (int64_t)(env->ops->mono_ns(env) / 1000000), before = s->clocks_ms;

	s->clocks_ms = ahead_ms;
	return before != 0 && ahead_ms - before > SLEPT_MS;
}

static void
look_if_idle(void *ctx)
{
	struct serve *s = ctx;

	s->idle = NULL;
	if (has_slept(s))
		serve_lock(s);
	else
		serve_watch_idle(s);
}

/* Looks again when the time would be over if nobody came meanwhile, and often enough to see that the computer has slept. */
void
serve_watch_idle(struct serve *s)
{
	struct env *env = s->app->env;
	uint64_t limit = s->lock_after_s * UINT64_C(1000000000), now = env->ops->mono_ns(env), away = now - s->seen_ns;

	if (s->idle != NULL)
		env->ops->timer_stop(env, s->idle);
	s->idle = NULL;
	if (s->lock_after_s == 0 || s->state != SERVE_OPEN || s->lock_wanted || s->stopping)
		return;
	if (away >= limit)
		serve_lock(s);
	else
		s->idle = env->ops->timer(env, limit - away < LOOK_NS ? limit - away : LOOK_NS, look_if_idle, s);
}

/* ---- what is done ---- */

static void
act(void *ctx, const json_t *wish, struct web_call *call)
{
	struct serve *s = ctx;
	const char *what = json_string_value(json_object_get(wish, "do"));
	struct err err = ERR_INIT;

	if (strcmp(what, "active") == 0) {
		web_answer(call, serve_session(s), NULL);
	} else if (strcmp(what, "lock") == 0) {
		serve_lock(s);
		web_answer(call, serve_session(s), NULL);
	} else if (s->busy) {
		err_set(&err, ERR_REFUSED, "something else is being done here; try again in a moment");
		web_answer(call, NULL, &err);
	} else
		serve_work(s, wish, call);
}

const struct web_host serve_web_host = { .session = serve_session, .act = act, .start = serve_start, .ended = serve_ended, .seen = serve_seen };
