/*
 * Streams of events. Nothing waits for a reader: what a slow one cannot take
 * is thrown away and replaced by a single `resync`, after which it asks anew.
 */
#include "web/web_internal.h"

#include <stdlib.h>

static const char resync[] = "event: resync\ndata: {}\n\n";

static void
push(struct web_call *c, const char *text, size_t len)
{
	if (c->lost)
		return;
	if (c->out.len - c->sent + len > WEB_STREAM_BYTES) {
		buf_clear(&c->out);
		c->sent = 0;
		c->lost = true;
		text = resync;
		len = sizeof(resync) - 1;
	}
	buf_put(&c->out, text, len);
	if (!buf_ok(&c->out))
		buf_clear(&c->out); /* a heartbeat later there may be memory again */
	lws_callback_on_writable(c->wsi);
}

static char *
print_event(const char *name, const json_t *data)
{
	char *json = json_dumps(data, JSON_COMPACT), *text = NULL;
	struct buf b = BUF_INIT;

	if (json != NULL) {
		buf_printf(&b, "event: %s\ndata: %s\n\n", name, json);
		if (buf_ok(&b))
			text = strdup(buf_str(&b));
	}
	free(json);
	buf_free(&b);
	return text;
}

void
web_event(struct web *w, const char *name, json_t *data)
{
	char *text = w == NULL || w->stopping || w->streams == 0 ? NULL : print_event(name, data);

	for (struct web_call *c = text == NULL ? NULL : w->first; c != NULL; c = c->next)
		if (c->stream && c->wsi != NULL)
			push(c, text, strlen(text));
	free(text);
	json_decref(data);
}

void
web_stream_open(struct web_call *c)
{
	json_t *session = c->web->host.session(c->web->host.ctx);
	char *text = print_event("hello", session);

	web_reply_stream(c);
	if (text != NULL)
		push(c, text, strlen(text));
	free(text);
	json_decref(session);
}

static void
cut(struct web_call *c)
{
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

/* Proves to both ends that the other is there, and parts from one that takes nothing. */
static void
give_sign(struct web_call *c)
{
	c->beats = 0;
	if (c->out.len > c->sent && ++c->stalled >= 4)
		cut(c);
	else
		push(c, ":\n\n", 3);
}

void
web_beat(void *ctx)
{
	struct web *w = ctx;
	uint64_t now = w->env->ops->mono_ns(w->env);

	w->beat = w->env->ops->timer(w->env, WEB_BEAT_S * UINT64_C(1000000000), web_beat, w);
	for (struct web_call *c = w->first; c != NULL; c = c->next) {
		if (c->wsi == NULL)
			continue;
		if (c->limit_ns != 0 && now > c->limit_ns)
			cut(c);
		else if (c->stream && ++c->beats == WEB_SIGN_BEATS)
			give_sign(c);
	}
}
