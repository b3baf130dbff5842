/*
 * Connections and requests: libwebsockets parses, web_judge() decides, and
 * what passes goes to the host. A request outlives its connection when its
 * operation is still under way, and a connection outlives its requests.
 */
#include "web/web_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "net/net.h"

struct session { struct web_call *call; }; /* libwebsockets' room for a connection's protocol */

/* ---- a request's life ---- */

static struct web_call *
call_new(struct web *w, struct lws *wsi)
{
	struct web_call *c = mem_zero(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->web = w;
	c->wsi = wsi;
	c->next = w->first;
	c->at = &w->first;
	if (c->next != NULL)
		c->next->at = &c->next;
	w->first = c;
	return c;
}

void
web_call_end(struct web_call *c)
{
	if (c->wsi != NULL || c->under_way)
		return;
	if (c->web != NULL) {
		*c->at = c->next;
		if (c->next != NULL)
			c->next->at = c->at;
		c->web->held -= c->held;
		c->web->streams -= c->stream;
	}
	web_ask_free(&c->ask);
	json_decref(c->op.result);
	buf_wipe(&c->body);
	buf_wipe(&c->out);
	mem_free(c);
}

/* The connection has nothing to do with it any more. */
static void
detach(struct session *s)
{
	struct web_call *c = s == NULL ? NULL : s->call;

	if (c == NULL)
		return;
	s->call = NULL;
	c->wsi = NULL;
	web_call_end(c);
}

/* How long the other side may take for what it is to do now; 0: as long as it takes. web_beat() looks. */
void
web_limit(struct web_call *c, unsigned seconds)
{
	if (c->wsi == NULL || c->web == NULL)
		return;
	lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0); /* theirs begins anew with each byte */
	c->limit_ns = seconds == 0 ? 0 : c->web->env->ops->mono_ns(c->web->env) + seconds * UINT64_C(1000000000);
}

/* ---- from headers to the host ---- */

static void
dispatch(struct web_call *c)
{
	if (c->verdict.kind == WEB_OPERATION)
		web_start_operation(c);
	else
		web_start_session(c);
}

/* Copies of headers, one after the other. */
struct headers { char text[WEB_HEADER_BYTES * 2]; size_t used; bool background; char etag[80]; };

static const char *
known(struct lws *wsi, struct headers *h, enum lws_token_indexes which)
{
	int len = lws_hdr_total_length(wsi, which);
	char *to = h->text + h->used;

	if (lws_hdr_fragment_length(wsi, which, 0) <= 0 && len <= 0)
		return NULL;
	if (len < 0 || (size_t)len + 1 > sizeof(h->text) - h->used || lws_hdr_copy(wsi, to, (int)(sizeof(h->text) - h->used), which) < 0)
		return "?"; /* there, and nothing that could be right */
	h->used += (size_t)len + 1;
	return to;
}

static const char *
custom(struct lws *wsi, struct headers *h, const char *name)
{
	int len = lws_hdr_custom_length(wsi, name, (int)strlen(name));
	char *to = h->text + h->used;

	if (len < 0)
		return NULL;
	if ((size_t)len + 1 > sizeof(h->text) - h->used ||
	    lws_hdr_custom_copy(wsi, to, (int)(sizeof(h->text) - h->used), name, (int)strlen(name)) < 0)
		return "?";
	h->used += (size_t)len + 1;
	return to;
}

static struct web_request
read_request(struct lws *wsi, struct headers *h)
{
	struct web_request q = { .method = WEB_OTHER, .path = "?" };
	const char *get = known(wsi, h, WSI_TOKEN_GET_URI), *post = known(wsi, h, WSI_TOKEN_POST_URI), *etag;

	if (get != NULL || post != NULL) {
		q.method = get != NULL ? WEB_GET : WEB_POST;
		q.path = get != NULL ? get : post;
	}
	q.query = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) > 0;
	q.host = known(wsi, h, WSI_TOKEN_HOST);
	q.origin = known(wsi, h, WSI_TOKEN_ORIGIN);
	q.cookie = known(wsi, h, WSI_TOKEN_HTTP_COOKIE);
	q.content_type = known(wsi, h, WSI_TOKEN_HTTP_CONTENT_TYPE);
	q.content_length = known(wsi, h, WSI_TOKEN_HTTP_CONTENT_LENGTH);
	q.transfer_encoding = known(wsi, h, WSI_TOKEN_HTTP_TRANSFER_ENCODING);
	q.upgrade = known(wsi, h, WSI_TOKEN_UPGRADE);
	q.site = custom(wsi, h, "sec-fetch-site:");
	q.mode = custom(wsi, h, "sec-fetch-mode:");
	q.dest = custom(wsi, h, "sec-fetch-dest:");
	q.key = custom(wsi, h, "x-faltbok-key:");
	h->background = custom(wsi, h, "x-faltbok-background:") != NULL;
	etag = known(wsi, h, WSI_TOKEN_HTTP_IF_NONE_MATCH);
	snprintf(h->etag, sizeof(h->etag), "%s", etag != NULL ? etag : "");
	return q;
}

static void
get(struct web_call *c, const char *path, const struct headers *h)
{
	struct web *w = c->web;
	const struct web_asset *asset;

	switch (c->verdict.kind) {
	case WEB_ASSET:
		asset = web_asset_at(path);
		if (asset == NULL)
			web_reply_error(c, 404, "usage", "there is no such file");
		else
			web_reply_asset(c, asset, strcmp(h->etag, asset->etag) == 0);
		return;
	case WEB_SESSION:
		web_reply_session(c, w->host.session(w->host.ctx));
		return;
	case WEB_OPENAPI:
		if (w->openapi == NULL)
			w->openapi = web_openapi();
		web_reply_json(c, 200, w->openapi);
		return;
	case WEB_EVENTS:
		if (w->streams >= WEB_STREAMS_MAX)
			web_reply_error(c, 429, "refused", "too many pages are open");
		else
			web_stream_open(c);
		return;
	case WEB_OPERATION:
		break;
	}
}

/* A POST whose body is still to come, or not when there is none. */
static void
post(struct web_call *c)
{
	uint64_t bytes = c->verdict.body_bytes;

	if (c->verdict.kind == WEB_OPERATION) {
		c->row = web_row(c->verdict.operation);
		if (c->row == NULL) {
			c->last = bytes > 0;
			web_reply_error(c, 404, "usage", "there is no such operation");
			return;
		}
	}
	if (bytes > (c->row != NULL ? web_body_max(c->row) : WEB_FILES_BYTES) || c->web->held + bytes > WEB_HELD_BYTES) {
		c->last = true;
		web_reply_error(c, bytes > WEB_BODY_BYTES && c->web->held == 0 ? 413 : c->web->held == 0 ? 413 : 429, "refused", "the body is larger than this takes");
		return;
	}
	c->held = bytes;
	c->web->held += bytes;
	if (bytes == 0)
		dispatch(c);
	else
		web_limit(c, WEB_ARRIVE_S);
}

static int
begin(struct web *w, struct lws *wsi, struct session *s)
{
	struct headers h = { .used = 0 };
	struct web_request q = read_request(wsi, &h);
	struct web_call *c;

	detach(s);
	c = s->call = call_new(w, wsi);
	if (c == NULL)
		return -1;
	c->verdict = web_judge(&q, &w->secrets);
	if (c->verdict.status != 200) {
		c->last = true; /* what follows on this connection may be a body that nobody has asked for */
		web_reply_error(c, c->verdict.status, c->verdict.status >= 403 && c->verdict.status != 405 ? "refused" : c->verdict.status == 401 ? "refused" : "usage",
		                c->verdict.text);
	} else {
		/* Whoever has shown key and cookie is at the page; a refetch after an event is the page alone. */
		if (!h.background && c->verdict.kind != WEB_ASSET && c->verdict.kind != WEB_EVENTS && !c->verdict.stranger)
			w->host.seen(w->host.ctx);
		if (q.method == WEB_GET)
			get(c, q.path, &h);
		else
			post(c);
	}
	wipe(&h, sizeof(h));
	return 0;
}

static int
body(struct web_call *c, const uint8_t *p, size_t len)
{
	if (c == NULL || c->ready)
		return 0; /* an answer is on its way already */
	if (c->body.len + len > c->verdict.body_bytes)
		return -1;
	buf_put(&c->body, p, len);
	return buf_ok(&c->body) ? 0 : -1;
}

static int
whole_body(struct web_call *c)
{
	if (c == NULL || c->ready || c->under_way)
		return 0;
	web_limit(c, 0); /* an operation takes as long as it takes */
	dispatch(c);
	return 0;
}

/* Refused in words, before libwebsockets would change the protocol. */
static int
refuse_upgrade(struct lws *wsi)
{
	static const char text[] = "HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncache-control: no-store\r\n"
	                           "x-content-type-options: nosniff\r\nconnection: close\r\ncontent-length: 83\r\n\r\n"
	                           "{\"error\":{\"code\":\"refused\",\"text\":\"there is no other protocol here to change to\"}}\n";
	uint8_t room[LWS_PRE + sizeof(text)];

	memcpy(room + LWS_PRE, text, sizeof(text) - 1);
	(void)lws_write(wsi, room + LWS_PRE, sizeof(text) - 1, LWS_WRITE_HTTP_HEADERS);
	return -1;
}

/*
 * libwebsockets goes on to call while the loop closes its handles, long after
 * web_stop(); what it would find in its own context is gone by then.
 */
static struct web *the_door;

static int
callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct web *w = the_door;
	struct session *s = user;

	if (w == NULL)
		return 0;
	if (w->stopping)
		return reason == LWS_CALLBACK_CLOSED_HTTP || reason == LWS_CALLBACK_HTTP_DROP_PROTOCOL ? (detach(s), 0) : 0;
	switch ((int)reason) {
	case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
		return w->connections >= WEB_CONNECTIONS_MAX;
	case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
		w->connections++;
		return 0;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return refuse_upgrade(wsi);
	case LWS_CALLBACK_HTTP:
		return begin(w, wsi, s);
	case LWS_CALLBACK_HTTP_BODY:
		return body(s->call, in, len);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return whole_body(s->call);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return s->call == NULL ? 0 : web_write(s->call);
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		detach(s);
		return 0;
	case LWS_CALLBACK_CLOSED_HTTP:
		detach(s);
		w->connections -= w->connections > 0;
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{ .name = "http", .callback = callback, .per_session_data_size = sizeof(struct session) },
	{ .name = NULL },
};

/* ---- opening and closing ---- */

static enum err_code
open_lws(struct web *w, bool v6, int port, struct err *err)
{
	void *loops[1] = { net_loop(w->env) };
	struct lws_context_creation_info info = {
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN |
		           LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND | (v6 ? 0 : LWS_SERVER_OPTION_DISABLE_IPV6),
		.foreign_loops = loops, .gid = -1, .uid = -1, .server_string = "faltbok",
		.max_http_header_data2 = WEB_HEADER_BYTES, .max_http_header_pool2 = WEB_CONNECTIONS_MAX, .pt_serv_buf_size = WEB_CHUNK_BYTES,
		.timeout_secs = 20, .timeout_secs_ah_idle = 10, .keepalive_timeout = 60,
		.port = port, .iface = v6 ? "::1" : "127.0.0.1", .protocols = protocols,
		.pcontext = &w->lws, /* becomes NULL when the context is gone */
	};

	assert(the_door == NULL);
	the_door = w;
	lws_set_log_level(0, NULL); /* its lines hold what people ask for */
	unsetenv("http_proxy");
	w->lws = lws_create_context(&info);
	if (w->lws == NULL)
		return err_set(err, ERR_IO, "the page cannot be served: libwebsockets does not start; is libwebsockets-evlib-uv installed?");
	w->vhost = lws_create_vhost(w->lws, &info);
	if (w->vhost == NULL || lws_get_vhost_listen_port(w->vhost) <= 0)
		return err_set(err, ERR_NETWORK, "the page cannot be served on %s port %d: another program has it; give another port, or 0 for any", info.iface, port);
	return ERR_OK;
}

enum err_code
web_start(struct web **out, struct env *env, const char *addr, const struct web_host *host, struct err *err)
{
	struct web *w;
	bool v6;
	int port;

	*out = NULL;
	if (!web_loopback(addr, &v6, &port))
		return err_set(err, ERR_USAGE, "--http %s: the page is for this machine only; give 127.0.0.1:PORT, localhost:PORT or [::1]:PORT (port 0: any)", addr);
	w = mem_zero(1, sizeof(*w));
	if (w == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	w->env = env;
	w->host = *host;
	web_draw_secret(env, w->secrets.cookie);
	web_draw_secret(env, w->secrets.key);
	if (open_lws(w, v6, port, err) != ERR_OK) {
		web_stop(w);
		return err->code;
	}
	port = lws_get_vhost_listen_port(w->vhost);
	snprintf(w->secrets.authority, sizeof(w->secrets.authority), "%s:%d", v6 ? "[::1]" : "127.0.0.1", port);
	snprintf(w->secrets.cookie_name, sizeof(w->secrets.cookie_name), "faltbok-%d", port);
	web_beat(w);
	*out = w;
	return ERR_OK;
}

const char *
web_address(struct web *w)
{
	web_draw_secret(w->env, w->token);
	snprintf(w->address, sizeof(w->address), "http://%s/#t=%s", w->secrets.authority, w->token);
	return w->address;
}

/*
 * A context on a loop of somebody else's is destroyed in two steps: the first asks the loop to close its handles,
 * the second, when the loop has done so, frees it. Whichever of us and libwebsockets sees the end first does the second.
 */
static void
close_lws(struct web *w)
{
	enum { TURNS = 8 }; /* a handle's end is told in the turn after it was asked for; a connection has one within another */

	lws_context_destroy(w->lws);
	for (int i = 0; w->lws != NULL && i < TURNS; i++)
		net_turn(w->env);
	if (w->lws != NULL)
		lws_context_destroy(w->lws);
}

void
web_stop(struct web *w)
{
	if (w == NULL)
		return;
	w->stopping = true;
	if (w->beat != NULL)
		w->env->ops->timer_stop(w->env, w->beat);
	if (w->lws != NULL)
		close_lws(w);
	while (w->first != NULL) {
		struct web_call *c = w->first;

		w->first = c->next;
		c->web = NULL;
		c->wsi = NULL;
		web_call_end(c);
	}
	the_door = NULL;
	json_decref(w->openapi);
	wipe(w, sizeof(*w));
	mem_free(w);
}
