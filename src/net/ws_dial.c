/*
 * From a URL to a WebSocket: our own resolver call, since the library's would
 * make the loop wait; the name's addresses one after the other; the
 * certificate, checked; the request, by libwebsockets.
 */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/ws_internal.h"

static void connect_next(struct ws_conn *c);

/* ---- why not ---- */

static void
fail(struct ws_conn *c, const char *text)
{
	if (*c->why == '\0')
		(void)snprintf(c->why, sizeof(c->why), "%s", text);
	ws_conn_lost(c, ERR_NETWORK);
}

static const char *
tls_trouble(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text != NULL ? text : "cut off";
}

/* What a person can do something about, from what the library knows. */
static void
explain(struct ws_conn *c, const char *what)
{
	unsigned status = c->wsi != NULL ? lws_http_client_http_response(c->wsi) : 0;

	if (*c->why != '\0')
		return; /* the certificate: said already */
	if (status >= 300 && status < 400)
		(void)snprintf(c->why, sizeof(c->why), "%s sends us elsewhere (HTTP %u): the login page of a guest network, or not the hub's address", c->url.host, status);
	else if (status == 404 || status == 403)
		(void)snprintf(c->why, sizeof(c->why), "%s has nothing for us at %.40s (HTTP %u): is the path right?", c->url.host, c->url.path, status);
	else if (status >= 500)
		(void)snprintf(c->why, sizeof(c->why), "%s answers, but what should stand behind it does not (HTTP %u)", c->url.host, status);
	else if (status != 0)
		(void)snprintf(c->why, sizeof(c->why), "%s answers something else than a WebSocket (HTTP %u)", c->url.host, status);
	else if (c->by_proxy)
		(void)snprintf(c->why, sizeof(c->why), "the proxy named by https_proxy does not lead to %s", c->url.host);
	else if (what != NULL && strstr(what, "SSL") != NULL)
		(void)snprintf(c->why, sizeof(c->why), "%s port %u speaks no TLS that we speak (%s)", c->url.host, (unsigned)c->url.port, tls_trouble());
	else
		(void)snprintf(c->why, sizeof(c->why), "nobody answers at %s port %u", c->url.host, (unsigned)c->url.port);
}

/* From the check of a certificate: what is wrong with it, in words. 0: nothing. */
int
ws_dial_judge(struct ws_conn *c, void *x509_ctx, bool good)
{
	int why = X509_STORE_CTX_get_error(x509_ctx);

	if (good)
		return 0;
	if (c != NULL && (why == X509_V_ERR_HOSTNAME_MISMATCH || why == X509_V_ERR_IP_ADDRESS_MISMATCH))
		(void)snprintf(c->why, sizeof(c->why), "the certificate shown is not that of %s", c->url.host);
	else if (c != NULL)
		(void)snprintf(c->why, sizeof(c->why), "the certificate of %s does not verify: %s", c->url.host, X509_verify_cert_error_string(why));
	return 1;
}

/* ---- what the library forgets ---- */

static void
free_watcher(uv_handle_t *h)
{
	free(h); /* the library's own, from malloc */
}

static void
close_watcher(uv_handle_t *h, void *wsi)
{
	if (h->type == UV_POLL && h->data == wsi && !uv_is_closing(h))
		uv_close(h, free_watcher);
}

/*
 * libwebsockets 4.1 closes the socket of a failed connect and forgets the loop's watcher of it: once in
 * each attempt a handle would stay behind.
 */
static void
forget_watcher(struct ws_conn *c, struct lws *wsi)
{
	uv_walk(&c->net->loop, close_watcher, wsi);
}

void
ws_dial_failed(struct ws_conn *c, const char *what)
{
	struct lws *wsi = c->wsi;

	if (lws_get_socket_fd(wsi) < 0)
		forget_watcher(c, wsi);
	explain(c, what);
	lws_set_opaque_user_data(wsi, NULL);
	c->wsi = NULL;
	uv_timer_stop(&c->timer);
	if (c->given_back)
		ws_conn_end(c);
	else if (c->try_next == NULL)
		ws_conn_lost(c, ERR_NETWORK);
	else
		connect_next(c);
}

/* ---- TLS and the library's side of it ---- */

static enum err_code
open_tls(struct ws *ws, struct err *err)
{
	if (ws->tls != NULL)
		return ERR_OK;
	ws->tls = SSL_CTX_new(TLS_client_method());
	/* The system's authorities, or what SSL_CERT_FILE and SSL_CERT_DIR name. */
	if (ws->tls == NULL || SSL_CTX_set_default_verify_paths(ws->tls) != 1 || SSL_CTX_set_min_proto_version(ws->tls, TLS1_2_VERSION) != 1)
		return err_set(err, ERR_IO, "TLS cannot be used: the system's certificates cannot be read");
	return ERR_OK;
}

static const struct lws_protocols protocols[] = {
	{ .name = WS_SUBPROTOCOL, .callback = ws_callback, .rx_buffer_size = WS_MESSAGE_BYTES },
	{ .name = NULL },
};

/* Two: which proxy there is belongs to the vhost, and not to the connection. */
static enum err_code
open_vhost(struct ws *ws, struct lws_vhost **vhost, const char *name, struct err *err)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN, .protocols = protocols, .vhost_name = name, .http_proxy_address = "", .connect_timeout_secs = 30,
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT, .provided_client_ssl_ctx = ws->tls,
	};

	if (*vhost == NULL)
		*vhost = lws_create_vhost(ws->lws, &info);
	return *vhost != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

void
ws_dial_free(struct ws *ws)
{
	SSL_CTX_free(ws->tls);
}

/* ---- connecting ---- */

static const char *
either(const char *lower, const char *upper)
{
	const char *value = getenv(lower);

	return value != NULL ? value : getenv(upper);
}

/* http://[NAME:PASSWORD@]HOST:PORT. True when there is one for this host; then `auth` ends in @ or is empty. */
static bool
find_proxy(const struct url *url, char auth[128], char host[ADDR_BYTES], char port[8])
{
	const char *proxy = either("https_proxy", "HTTPS_PROXY"), *none = either("no_proxy", "NO_PROXY"), *at;
	char addr[ADDR_BYTES];

	if (proxy == NULL || *proxy == '\0' || !url->tls || url_is_loopback(url) || (none != NULL && url_host_listed(url, none)))
		return false;
	if (strncmp(proxy, "http://", 7) == 0)
		proxy += 7;
	at = strrchr(proxy, '@');
	(void)snprintf(auth, 128, "%.*s", at != NULL ? (int)(at + 1 - proxy) : 0, proxy);
	(void)snprintf(addr, sizeof(addr), "%s", at != NULL ? at + 1 : proxy);
	addr[strcspn(addr, "/")] = '\0';
	return tcp_split_addr(addr, host, port);
}

static bool
numeric(const struct addrinfo *a, char out[64])
{
	const void *ip = a->ai_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)a->ai_addr)->sin6_addr
	                                          : (const void *)&((const struct sockaddr_in *)a->ai_addr)->sin_addr;

	return inet_ntop(a->ai_family, ip, out, 64) != NULL;
}

/* The proxy's address in front of the library, as it wants it. */
static void
name_proxy(struct ws_conn *c, const struct addrinfo *a, const char *ip)
{
	char auth[128], host[ADDR_BYTES], port[8], text[ADDR_BYTES + 128];

	if (!find_proxy(&c->url, auth, host, port))
		return;
	(void)snprintf(text, sizeof(text), a->ai_family == AF_INET6 ? "%s[%s]:%s" : "%s%s:%s", auth, ip, port);
	lws_set_proxy(c->net->ws->by_proxy, text);
}

static const lws_retry_bo_t alive = { .secs_since_valid_ping = WS_PING_S, .secs_since_valid_hangup = WS_SILENCE_S };

static bool
request(struct ws_conn *c, const struct addrinfo *a, const char *ip)
{
	struct ws *ws = c->net->ws;
	char host[URL_CHARS + 1];
	struct lws_client_connect_info info = {
		.context = ws->lws, .vhost = c->by_proxy ? ws->by_proxy : ws->direct, .address = c->by_proxy ? c->url.host : ip, .port = c->url.port,
		.path = c->url.path, .host = url_authority(host, &c->url), .protocol = WS_SUBPROTOCOL, .ietf_version_or_minus_one = -1,
		.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (c->url.tls ? LCCSCF_USE_SSL : 0), .alpn = "http/1.1",
		.retry_and_idle_policy = &alive, .opaque_user_data = c,
	};
	struct lws *wsi;

	if (c->by_proxy)
		name_proxy(c, a, ip);
	ws->making = true;
	wsi = lws_client_connect_via_info(&info);
	ws->making = false;
	if (wsi == NULL && ws->made != NULL)
		forget_watcher(c, ws->made);
	ws->made = NULL;
	c->wsi = wsi;
	return wsi != NULL;
}

static void
no_answer(uv_timer_t *t)
{
	struct ws_conn *c = t->data;

	if (c->wsi != NULL) /* which tells us, and we go on */
		lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
	else
		connect_next(c);
}

/* Not from within one of the library's calls: it is asked for a connection on the next turn. */
static void
try_address(uv_timer_t *t)
{
	struct ws_conn *c = t->data;
	char ip[64];

	while (c->try_next != NULL) {
		struct addrinfo *a = c->try_next;

		c->try_next = a->ai_next;
		if (!numeric(a, ip) || !request(c, a, ip))
			continue;
		if (c->try_next != NULL)
			uv_timer_start(&c->timer, no_answer, NEXT_ADDRESS_MS, 0);
		return;
	}
	explain(c, NULL);
	ws_conn_lost(c, ERR_NETWORK);
}

static void
connect_next(struct ws_conn *c)
{
	uv_timer_start(&c->timer, try_address, 0, 0);
}

static void
resolved(void *ctx, int status, struct addrinfo *addrs)
{
	struct ws_conn *c = ctx;
	char text[NET_WHY_BYTES];

	c->lookup = NULL;
	c->addrs = c->try_next = addrs;
	if (status != 0) {
		(void)snprintf(text, sizeof(text), "%s%s: %s", c->by_proxy ? "the proxy for " : "", c->url.host, uv_strerror(status));
		fail(c, text);
	} else {
		connect_next(c);
	}
}

static enum err_code
look_up(struct ws_conn *c, struct err *err)
{
	char auth[128], host[ADDR_BYTES], port[8];

	c->by_proxy = find_proxy(&c->url, auth, host, port);
	if (!c->by_proxy) {
		(void)snprintf(host, sizeof(host), "%s", c->url.host);
		(void)snprintf(port, sizeof(port), "%u", (unsigned)c->url.port);
	}
	c->addrs = c->try_next = tcp_numbers(c->net, host, port);
	if (c->addrs != NULL) {
		connect_next(c);
		return ERR_OK;
	}
	c->lookup = lookup_start(c->net, host, port, resolved, c);
	if (c->lookup == NULL)
		return err_set(err, ERR_NETWORK, "%s cannot be looked up", host);
	return ERR_OK;
}

enum err_code
ws_dial(struct env *env, const char *addr, const struct conn_events *ev, void *ctx, struct env_conn **out, struct err *err)
{
	struct net *n = net_of(env);
	struct ws_conn *c;
	struct url url;

	if (url_parse(&url, addr, false, err) != ERR_OK || ws_ready(n, err) != ERR_OK || open_tls(n->ws, err) != ERR_OK ||
	    open_vhost(n->ws, &n->ws->direct, "direct", err) != ERR_OK || open_vhost(n->ws, &n->ws->by_proxy, "by proxy", err) != ERR_OK)
		return err != NULL && err->code != ERR_OK ? err->code : ERR_NETWORK;
	c = ws_conn_new(n);
	if (c == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	c->ev = ev;
	c->ctx = ctx;
	c->url = url;
	if (look_up(c, err) != ERR_OK) {
		c->given_back = true;
		ws_conn_end(c);
		return ERR_NETWORK;
	}
	*out = &c->base;
	return ERR_OK;
}
