/*
 * WebSockets received: plain HTTP behind a proxy, one path, and a 404 that
 * says nothing for everything else. Spec: proto/transport.md, 3.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/ws_internal.h"

enum { BACKLOG = 511 };

struct ws_listener {
	struct env_listener base; /* first */
	struct ws *ws;
	struct ws_listener *next;
	struct port *port;
	struct lws_vhost *vhost;
	char path[URL_CHARS + 1];
	net_accepted *accept;
	void *ctx;
	bool stopped;
	size_t connections;       /* upgraded or not */
	size_t conns;             /* of those, the ones that were given to the owner and live */
};

static struct ws_listener *
listener_of(struct lws *wsi)
{
	struct lws_vhost *vhost = lws_get_vhost(wsi);

	return vhost != NULL ? lws_vhost_user(vhost) : NULL;
}

void
ws_listen_counted(struct lws *wsi, bool more)
{
	struct ws_listener *l = listener_of(wsi);

	if (l != NULL && more)
		l->connections++;
	else if (l != NULL && l->connections > 0)
		l->connections--;
}

/* ---- the request ---- */

static bool
header_is(struct lws *wsi, enum lws_token_indexes which, const char *text)
{
	char value[URL_CHARS + 2];

	return lws_hdr_copy(wsi, value, sizeof(value), which) > 0 && strcmp(value, text) == 0;
}

/* No subprotocol asks for none; of several, ours must be among them. */
static bool
speaks_ours(struct lws *wsi)
{
	char list[128], *at = list;

	if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) <= 0)
		return true;
	if (lws_hdr_copy(wsi, list, sizeof(list), WSI_TOKEN_PROTOCOL) <= 0)
		return false;
	for (char *one = strsep(&at, ", \t"); one != NULL; one = strsep(&at, ", \t"))
		if (strcmp(one, WS_SUBPROTOCOL) == 0)
			return true;
	return false;
}

static bool
is_ours(struct lws *wsi, const struct ws_listener *l)
{
	char upgrade[16];

	return l != NULL && header_is(wsi, WSI_TOKEN_GET_URI, l->path) && lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) <= 0 &&
	       lws_hdr_copy(wsi, upgrade, sizeof(upgrade), WSI_TOKEN_UPGRADE) > 0 && strcasecmp(upgrade, "websocket") == 0 &&
	       header_is(wsi, WSI_TOKEN_VERSION, "13") && lws_hdr_total_length(wsi, WSI_TOKEN_KEY) == 24 &&
	       lws_hdr_total_length(wsi, WSI_TOKEN_HOST) > 0 && lws_hdr_total_length(wsi, WSI_TOKEN_CONNECTION) > 0 && speaks_ours(wsi);
}

/* 0: upgrade it. Otherwise it has been answered, and ends. */
int
ws_listen_request(struct lws *wsi, bool upgrade)
{
	static const char text[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	uint8_t room[LWS_PRE + sizeof(text)];

	if (upgrade && is_ours(wsi, listener_of(wsi)))
		return 0;
	memcpy(room + LWS_PRE, text, sizeof(text) - 1);
	(void)lws_write(wsi, room + LWS_PRE, sizeof(text) - 1, LWS_WRITE_HTTP_HEADERS);
	return -1;
}

/* ---- a WebSocket ---- */

static void
name_peer(struct lws *wsi, char out[ADDR_BYTES])
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(sa);
	char plain[ADDR_BYTES] = "?";

	if (getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&sa, &len) == 0)
		tcp_name(&sa, plain);
	(void)snprintf(out, ADDR_BYTES, "ws://%.100s", plain);
}

int
ws_listen_opened(struct lws *wsi)
{
	struct ws_listener *l = listener_of(wsi);
	struct ws_conn *c = l == NULL || l->stopped ? NULL : ws_conn_new(l->ws->net);
	char from[ADDR_BYTES];

	if (c == NULL)
		return -1;
	c->wsi = wsi;
	c->from = l;
	l->conns++;
	lws_set_opaque_user_data(wsi, c);
	ws_conn_up(c);
	c->paused = true; /* until somebody listens to it */
	lws_rx_flow_control(wsi, 0);
	name_peer(wsi, from);
	l->accept(l->ctx, &c->base, from);
	return 0;
}

/* ---- the port ---- */

/* From here on the socket is the library's. */
static void
came(void *ctx, int fd)
{
	struct ws_listener *l = ctx;

	if (l->connections >= WS_CONNECTIONS_MAX) {
		close(fd);
		return;
	}
	tcp_tune(fd);
	(void)lws_adopt_socket_vhost(l->vhost, fd);
}

/* ---- life ---- */

/* One of its connections has ended. */
void
ws_listen_left(struct ws_listener *l)
{
	l->conns--;
}

/* The port is free at once. Connections that came by it live on, and so the library's part of it must: it goes with the rest. */
static void
stop(struct ws_listener *l)
{
	if (l->stopped)
		return;
	l->stopped = true;
	port_close(l->port);
	l->port = NULL;
	if (l->conns > 0 || l->vhost == NULL)
		return;
	lws_vhost_destroy(l->vhost);
	l->vhost = NULL;
}

void
ws_way_listen_stop(struct env *env, struct env_listener *base)
{
	(void)env;
	stop((struct ws_listener *)base);
}

int
ws_way_listen_port(struct env *env, struct env_listener *base)
{
	(void)env;
	return port_number(((struct ws_listener *)base)->port);
}

void
ws_listen_close_all(struct ws *ws)
{
	for (struct ws_listener *l = ws->listeners; l != NULL; l = l->next)
		stop(l);
}

void
ws_listen_free(struct ws *ws)
{
	while (ws->listeners != NULL) {
		struct ws_listener *l = ws->listeners;

		ws->listeners = l->next;
		mem_free(l);
	}
}

static const struct lws_protocols protocols[] = {
	{ .name = WS_SUBPROTOCOL, .callback = ws_callback, .rx_buffer_size = WS_MESSAGE_BYTES },
	{ .name = NULL },
};
static const lws_retry_bo_t alive = { .secs_since_valid_ping = WS_PING_S, .secs_since_valid_hangup = WS_SILENCE_S };

/* Our own address, once, at the start: this may wait. */
static enum err_code
bind_own(struct ws_listener *l, const struct url *url, const char *addr, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	uv_getaddrinfo_t lookup;
	char port[8];
	int rc;

	(void)snprintf(port, sizeof(port), "%u", (unsigned)url->port);
	rc = uv_getaddrinfo(&l->ws->net->loop, &lookup, NULL, url->host, port, &hints);
	if (rc != 0)
		return err_set(err, ERR_NETWORK, "%s is no address of this machine", addr);
	rc = port_open(l->ws->net, lookup.addrinfo->ai_addr, lookup.addrinfo->ai_addrlen, BACKLOG, came, l, &l->port);
	uv_freeaddrinfo(lookup.addrinfo);
	return rc == 0 ? ERR_OK : err_set(err, ERR_NETWORK, "cannot listen on %s: %s", addr, uv_strerror(rc));
}

/* Without a port: it is given connections that have come. */
static enum err_code
open_vhost(struct ws_listener *l, struct err *err)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER, .protocols = protocols, .vhost_name = "listening", .user = l, .http_proxy_address = "",
		.retry_and_idle_policy = &alive, .timeout_secs = WS_REQUEST_S, .keepalive_timeout = WS_REQUEST_S,
	};

	l->vhost = lws_create_vhost(l->ws->lws, &info);
	return l->vhost != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

enum err_code
ws_listen(struct env *env, const char *addr, net_accepted *accept, void *ctx, struct env_listener **out, struct err *err)
{
	struct net *n = net_of(env);
	struct ws_listener *l;
	enum err_code rc;
	struct url url;

	if (url_parse(&url, addr, true, err) != ERR_OK)
		return err_set(err, ERR_USAGE, "%s is not ws://HOST:PORT/PATH", addr);
	if (url.tls)
		return err_set(err, ERR_USAGE, "%s: TLS is the affair of the proxy in front; listen at ws://127.0.0.1:PORT%s", addr, url.path);
	if (ws_ready(n, err) != ERR_OK)
		return ERR_IO;
	l = mem_zero(1, sizeof(*l));
	if (l == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	l->base.way = &ws_way;
	l->ws = n->ws;
	l->accept = accept;
	l->ctx = ctx;
	(void)snprintf(l->path, sizeof(l->path), "%s", url.path);
	l->next = n->ws->listeners; /* freed with the rest: the library may call until then */
	n->ws->listeners = l;
	rc = open_vhost(l, err); /* first: what comes is given to it at once */
	if (rc == ERR_OK)
		rc = bind_own(l, &url, addr, err);
	if (rc != ERR_OK) {
		stop(l);
		return rc;
	}
	*out = &l->base;
	return ERR_OK;
}
