/*
 * What goes back. Every answer carries the same locks: no other origin reads,
 * frames, caches or guesses the type of anything that this node says.
 */
#include "web/web_internal.h"

#include <stdlib.h>

#include "crypto/guard.h"

static const struct { const char *name, *value; } locks[] = {
	{ "content-security-policy:", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
	                              "connect-src 'self'; manifest-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'" },
	{ "x-content-type-options:", "nosniff" },
	{ "x-frame-options:", "DENY" },
	{ "referrer-policy:", "no-referrer" },
	{ "cross-origin-opener-policy:", "same-origin" },
	{ "cross-origin-resource-policy:", "same-origin" },
	{ "cross-origin-embedder-policy:", "require-corp" },
	{ "permissions-policy:", "camera=(self), microphone=(), geolocation=(), usb=(), payment=()" },
};

static void
ready(struct web_call *c, int status)
{
	c->status = status;
	c->ready = true;
	if (c->wsi == NULL)
		return;
	web_limit(c, c->stream ? 0 : WEB_FETCH_S);
	lws_callback_on_writable(c->wsi);
}

void
web_reply_json(struct web_call *c, int status, const json_t *answer)
{
	char *text = answer == NULL ? NULL : json_dumps(answer, JSON_COMPACT | JSON_REAL_PRECISION(15));

	if (text == NULL) {
		web_reply_error(c, 500, "io", "out of memory");
		return;
	}
	buf_put(&c->out, text, strlen(text));
	buf_put_u8(&c->out, '\n');
	wipe(text, strlen(text));
	free(text);
	if (!buf_ok(&c->out)) {
		buf_clear(&c->out);
		status = 500;
	}
	ready(c, status);
}

void
web_reply_error(struct web_call *c, int status, const char *code, const char *text)
{
	buf_clear(&c->out);
	buf_printf(&c->out, "{\"error\":{\"code\":\"%s\",\"text\":\"%s\"}}\n", code, text); /* our own words, without quotes */
	if (!buf_ok(&c->out))
		buf_clear(&c->out);
	ready(c, status);
}

void
web_reply_asset(struct web_call *c, const struct web_asset *asset, bool unchanged)
{
	c->asset = asset;
	ready(c, unchanged ? 304 : 200);
}

void
web_reply_stream(struct web_call *c)
{
	c->stream = true;
	c->web->streams++;
	ready(c, 200);
}

/* ---- writing ---- */

struct head { uint8_t bytes[LWS_PRE + 4096], *at, *end; bool full; };

static void
put(struct web_call *c, struct head *h, const char *name, const char *value)
{
	if (lws_add_http_header_by_name(c->wsi, (const uint8_t *)name, (const uint8_t *)value, (int)strlen(value), &h->at, h->end) != 0)
		h->full = true;
}

static void
put_cookie(struct web_call *c, struct head *h)
{
	const struct web_secrets *s = &c->web->secrets;
	char text[256];

	snprintf(text, sizeof(text), "%s=%s; Path=/; SameSite=Strict; HttpOnly", s->cookie_name, s->cookie);
	put(c, h, "set-cookie:", text);
	wipe(text, sizeof(text));
}

static struct bytes
content(const struct web_call *c)
{
	if (c->asset == NULL)
		return buf_bytes(&c->out);
	return c->status == 304 ? BYTES_NONE : BYTES(c->asset->start, (size_t)(c->asset->end - c->asset->start));
}

static int
write_head(struct web_call *c)
{
	struct head h = { .full = false };

	h.at = h.bytes + LWS_PRE;
	h.end = h.bytes + sizeof(h.bytes) - 1;
	if (lws_add_http_header_status(c->wsi, (unsigned)c->status, &h.at, h.end) != 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(locks); i++)
		put(c, &h, locks[i].name, locks[i].value);
	put(c, &h, "content-type:", c->stream ? "text/event-stream" : c->asset != NULL ? c->asset->type : "application/json");
	if (c->asset != NULL) {
		put(c, &h, "cache-control:", "no-cache");
		put(c, &h, "etag:", c->asset->etag);
		if (c->status != 304)
			put(c, &h, "content-encoding:", "gzip");
	} else
		put(c, &h, "cache-control:", "no-store");
	if (c->cookie)
		put_cookie(c, &h);
	if (c->status == 405)
		put(c, &h, "allow:", "GET, POST");
	if (c->last || c->stream)
		put(c, &h, "connection:", "close");
	if (!c->stream && lws_add_http_header_content_length(c->wsi, content(c).len, &h.at, h.end) != 0)
		h.full = true;
	if (h.full || lws_finalize_write_http_header(c->wsi, h.bytes + LWS_PRE, &h.at, h.end) != 0)
		return -1;
	wipe(&h, sizeof(h));
	c->started = true;
	return 0;
}

/* lws writes into the bytes before what it is given, so a chunk is copied to a place that has room there. */
static int
write_chunk(struct web_call *c, struct bytes all)
{
	static uint8_t room[LWS_PRE + WEB_CHUNK_BYTES];
	size_t len = all.len - c->sent < WEB_CHUNK_BYTES ? all.len - c->sent : WEB_CHUNK_BYTES;
	bool final = !c->stream && c->sent + len == all.len;
	int rc;

	memcpy(room + LWS_PRE, all.p + c->sent, len);
	rc = lws_write(c->wsi, room + LWS_PRE, len, final ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP);
	wipe(room, LWS_PRE + len);
	if (rc < (int)len)
		return -1;
	c->sent += len;
	c->stalled = 0;
	return 0;
}

static int
done(struct web_call *c)
{
	struct lws *wsi = c->wsi;

	if (c->last)
		return -1;
	web_limit(c, 0);
	return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

int
web_write(struct web_call *c)
{
	struct bytes all;

	if (!c->ready)
		return 0;
	if (!c->started) {
		if (write_head(c) != 0)
			return -1;
		if (content(c).len == 0 && !c->stream)
			return done(c);
		lws_callback_on_writable(c->wsi);
		return 0;
	}
	all = content(c);
	if (c->sent < all.len && write_chunk(c, all) != 0)
		return -1;
	if (c->sent < all.len) {
		lws_callback_on_writable(c->wsi);
		return 0;
	}
	if (!c->stream)
		return done(c);
	buf_clear(&c->out);
	c->sent = 0;
	c->lost = false;
	return 0;
}
