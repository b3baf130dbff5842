/*
 * A connection given back with close() lingers: what it holds is sent, then
 * the end of it is said, and what still comes is read and thrown away,
 * because closing with unread bytes would reset the connection and take the
 * last words with it. Its owner hears nothing of that any more.
 */
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/net_internal.h"

enum { BACKLOG = 511, KEEPALIVE_S = 60, UNACKED_MS = 30000, ADDR_BYTES = 256 };

struct env_conn {
	uv_tcp_t tcp; /* first: libuv gives it back */
	struct net *net;
	struct env_conn *next, **at;
	const struct conn_events *ev;
	void *ctx;
	size_t unsent;
	bool up, reading, given_back, shut, closing, resolving;
	bool spoken;   /* something was sent: there may be last words on their way */
	bool reopening; /* between two addresses: the socket is being closed already */
	uv_getaddrinfo_t lookup;
	struct addrinfo *addrs, *try_next;
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	uv_timer_t linger;
	bool has_linger;
	unsigned open_handles;
};

struct env_listener {
	uv_tcp_t tcp;
	struct net *net;
	struct env_listener *next, **at;
	void (*accept)(void *ctx, struct env_conn *c, const char *from);
	void *ctx;
};

/* ---- birth and end ---- */

static struct env_conn *
conn_new(struct net *n)
{
	struct env_conn *c = mem_zero(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->net = n;
	uv_tcp_init(&n->loop, &c->tcp);
	c->open_handles = 1;
	c->next = n->conns;
	c->at = &n->conns;
	if (c->next != NULL)
		c->next->at = &c->next;
	n->conns = c;
	return c;
}

static void
conn_free_when_done(struct env_conn *c)
{
	if (c->open_handles > 0 || c->resolving)
		return;
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	if (c->addrs != NULL)
		uv_freeaddrinfo(c->addrs);
	mem_free(c);
}

static void
tcp_closed(uv_handle_t *h)
{
	struct env_conn *c = (struct env_conn *)h;

	c->open_handles--;
	conn_free_when_done(c);
}

static void
linger_closed(uv_handle_t *h)
{
	struct env_conn *c = h->data;

	c->open_handles--;
	conn_free_when_done(c);
}

static void
conn_end(struct env_conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	if (c->reopening)
		return; /* reopened() ends it */
	if (c->resolving)
		uv_cancel((uv_req_t *)&c->lookup);
	if (c->has_linger)
		uv_close((uv_handle_t *)&c->linger, linger_closed);
	uv_close((uv_handle_t *)&c->tcp, tcp_closed);
}

/* Tells the owner, unless it has given the connection back, and ends. */
static void
conn_lost(struct env_conn *c, enum err_code why)
{
	if (c->closing)
		return;
	conn_end(c);
	if (!c->given_back && c->ev != NULL)
		c->ev->closed(c->ctx, c, why);
	c->given_back = true;
}

/* ---- reading ---- */

static void
give_buffer(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
	struct env_conn *c = (struct env_conn *)h;

	(void)suggested;
	*out = uv_buf_init(c->net->read_buffer, READ_BYTES);
}

static void
got_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct env_conn *c = (struct env_conn *)stream;

	if (n > 0 && !c->given_back)
		c->ev->data(c->ctx, c, (const uint8_t *)buf->base, (size_t)n);
	else if (n < 0)
		conn_lost(c, n == UV_EOF ? ERR_OK : ERR_NETWORK);
}

static void
read_on(struct env_conn *c)
{
	if (!c->reading && c->up && !c->closing)
		c->reading = uv_read_start((uv_stream_t *)&c->tcp, give_buffer, got_bytes) == 0;
}

void
tcp_pause(struct env *env, struct env_conn *c, bool paused)
{
	(void)env;
	if (!paused) {
		read_on(c);
	} else if (c->reading) {
		uv_read_stop((uv_stream_t *)&c->tcp);
		c->reading = false;
	}
}

void
tcp_conn_events(struct env *env, struct env_conn *c, const struct conn_events *ev, void *ctx)
{
	(void)env;
	c->ev = ev;
	c->ctx = ctx;
	read_on(c);
}

/* ---- closing ---- */

static void
linger_over(uv_timer_t *t)
{
	conn_end(t->data);
}

static void
shut_done(uv_shutdown_t *r, int status)
{
	if (status != 0)
		conn_end(r->data);
}

static void
shut_when_sent(struct env_conn *c)
{
	if (!c->given_back || c->unsent > 0 || c->shut || c->closing)
		return;
	c->shut = true;
	c->shutdown.data = c;
	if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, shut_done) != 0)
		conn_end(c);
}

void
tcp_close(struct env *env, struct env_conn *c)
{
	(void)env;
	if (c->given_back)
		return;
	c->given_back = true;
	if (!c->up || !c->spoken) { /* nothing is on its way, and strangers hold no descriptor a moment longer */
		conn_end(c);
		return;
	}
	uv_timer_init(&c->net->loop, &c->linger);
	c->linger.data = c;
	c->has_linger = true;
	c->open_handles++;
	uv_timer_start(&c->linger, linger_over, LINGER_MS, 0);
	read_on(c);
	shut_when_sent(c);
}

/* ---- sending ---- */

struct sending {
	uv_write_t request;
	struct env_conn *conn;
	size_t len;
	char bytes[];
};

static void
sent(uv_write_t *r, int status)
{
	struct sending *s = (struct sending *)r;
	struct env_conn *c = s->conn;

	c->unsent -= s->len;
	mem_free(s);
	if (c->closing)
		return;
	if (status != 0) {
		conn_lost(c, ERR_NETWORK);
		return;
	}
	if (c->unsent > 0)
		return;
	if (c->given_back)
		shut_when_sent(c);
	else if (c->ev != NULL && c->ev->drained != NULL)
		c->ev->drained(c->ctx, c);
}

enum err_code
tcp_send(struct env *env, struct env_conn *c, struct bytes data)
{
	struct sending *s;
	uv_buf_t buf;
	int n;

	(void)env;
	if (c->given_back || c->closing || !c->up)
		return ERR_NETWORK;
	if (c->unsent + data.len > UNSENT_BYTES_MAX)
		return ERR_TOO_BIG;
	c->spoken = true;
	if (c->unsent == 0) { /* most often the kernel takes it all, and nothing is copied */
		buf = uv_buf_init((char *)(uintptr_t)data.p, (unsigned)data.len);
		n = uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);
		if (n > 0)
			data = BYTES(data.p + n, data.len - (size_t)n);
		else if (n != UV_EAGAIN)
			return ERR_NETWORK;
	}
	if (data.len == 0)
		return ERR_OK;
	s = mem_alloc(sizeof(*s) + data.len);
	if (s == NULL)
		return ERR_NO_MEMORY;
	s->conn = c;
	s->len = data.len;
	memcpy(s->bytes, data.p, data.len);
	buf = uv_buf_init(s->bytes, (unsigned)data.len);
	if (uv_write(&s->request, (uv_stream_t *)&c->tcp, &buf, 1, sent) != 0) {
		mem_free(s);
		return ERR_NETWORK;
	}
	c->unsent += data.len;
	return ERR_OK;
}

size_t
tcp_unsent(struct env *env, struct env_conn *c)
{
	(void)env;
	return c->unsent;
}

/* ---- dialling ---- */

/* "host:port" or "[v6]:port". False when it is neither. */
static bool
split_addr(const char *addr, char host[ADDR_BYTES], char port[8])
{
	const char *colon = strrchr(addr, ':'), *from = addr, *to = colon;
	char *end;
	unsigned long number;

	if (colon == NULL || strlen(colon + 1) == 0 || strlen(colon + 1) > 5)
		return false;
	if (*addr == '[') {
		from++;
		if (colon == addr || colon[-1] != ']')
			return false;
		to--;
	} else if (memchr(addr, ':', (size_t)(colon - addr)) != NULL) {
		return false; /* an IPv6 address without its brackets */
	}
	if (to <= from || to - from >= ADDR_BYTES)
		return false;
	number = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || number > 65535 || colon[1] == '-' || colon[1] == '+' || colon[1] == ' ')
		return false;
	memcpy(host, from, (size_t)(to - from));
	host[to - from] = '\0';
	snprintf(port, 8, "%lu", number);
	return true;
}

/* What was sent and is not acknowledged for UNACKED_MS ends the connection: the other side has left the network. */
static void
tune(struct env_conn *c)
{
	const unsigned unacked_ms = UNACKED_MS;
	uv_os_fd_t fd;

	uv_tcp_nodelay(&c->tcp, 1);
	uv_tcp_keepalive(&c->tcp, 1, KEEPALIVE_S);
	if (uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms));
}

static void connected(uv_connect_t *r, int status);

/* Tries the next address of the name; a socket that has failed is of no more use. */
static bool
connect_next(struct env_conn *c)
{
	while (c->try_next != NULL) {
		struct addrinfo *a = c->try_next;

		c->try_next = a->ai_next;
		c->connect.data = c;
		if (uv_tcp_connect(&c->connect, &c->tcp, a->ai_addr, connected) == 0)
			return true;
	}
	return false;
}

static void
reopened(uv_handle_t *h)
{
	struct env_conn *c = (struct env_conn *)h;

	c->open_handles--;
	c->reopening = false;
	if (c->closing) {
		conn_free_when_done(c);
		return;
	}
	uv_tcp_init(&c->net->loop, &c->tcp);
	c->open_handles++;
	if (!connect_next(c))
		conn_lost(c, ERR_NETWORK);
}

static void
connected(uv_connect_t *r, int status)
{
	struct env_conn *c = r->data;

	if (c->closing)
		return;
	if (status != 0 && c->try_next != NULL && !c->given_back) {
		c->reopening = true; /* the socket is closed and made again; until then there is no handle to close */
		uv_close((uv_handle_t *)&c->tcp, reopened);
		return;
	}
	if (status != 0) {
		conn_lost(c, ERR_NETWORK);
		return;
	}
	c->up = true;
	tune(c);
	read_on(c);
	c->ev->opened(c->ctx, c);
}

static void
resolved(uv_getaddrinfo_t *r, int status, struct addrinfo *addrs)
{
	struct env_conn *c = r->data;

	c->resolving = false;
	c->addrs = c->try_next = addrs;
	if (c->closing) {
		conn_free_when_done(c);
		return;
	}
	if (status != 0 || !connect_next(c))
		conn_lost(c, ERR_NETWORK);
}

enum err_code
tcp_dial(struct env *env, const char *addr, const struct conn_events *ev, void *ctx, struct env_conn **out, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC };
	char host[ADDR_BYTES], port[8];
	struct env_conn *c;

	if (!split_addr(addr, host, port))
		return err_set(err, ERR_NETWORK, "%s is not HOST:PORT", addr);
	c = conn_new(net_of(env));
	if (c == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	c->ev = ev;
	c->ctx = ctx;
	c->lookup.data = c;
	/* By a worker thread: a name server that hangs must not hang us. */
	if (uv_getaddrinfo(&c->net->loop, &c->lookup, resolved, host, port, &hints) != 0) {
		c->given_back = true;
		conn_end(c);
		return err_set(err, ERR_NETWORK, "%s cannot be looked up", addr);
	}
	c->resolving = true;
	*out = c;
	return ERR_OK;
}

/* ---- listening ---- */

static void
name_peer(struct env_conn *c, char out[ADDR_BYTES])
{
	struct sockaddr_storage sa;
	int len = sizeof(sa);
	char ip[64] = "?";

	snprintf(out, ADDR_BYTES, "?");
	if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&sa, &len) != 0)
		return;
	if (sa.ss_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&sa;

		uv_ip6_name(six, ip, sizeof(ip));
		snprintf(out, ADDR_BYTES, "[%s]:%d", ip, ntohs(six->sin6_port));
	} else {
		const struct sockaddr_in *four = (const struct sockaddr_in *)&sa;

		uv_ip4_name(four, ip, sizeof(ip));
		snprintf(out, ADDR_BYTES, "%s:%d", ip, ntohs(four->sin_port));
	}
}

static void
got_connection(uv_stream_t *server, int status)
{
	struct env_listener *l = (struct env_listener *)server;
	struct env_conn *c;
	char from[ADDR_BYTES];

	if (status != 0)
		return;
	c = conn_new(l->net);
	if (c == NULL)
		return;
	if (uv_accept(server, (uv_stream_t *)&c->tcp) != 0) {
		c->given_back = true;
		conn_end(c);
		return;
	}
	c->up = true;
	tune(c);
	name_peer(c, from);
	l->accept(l->ctx, c, from);
}

static void
listener_closed(uv_handle_t *h)
{
	mem_free(h);
}

void
tcp_listen_stop(struct env *env, struct env_listener *l)
{
	(void)env;
	*l->at = l->next;
	if (l->next != NULL)
		l->next->at = l->at;
	uv_close((uv_handle_t *)&l->tcp, listener_closed);
}

enum err_code
tcp_listen(struct env *env, const char *addr, void (*accept)(void *ctx, struct env_conn *c, const char *from), void *ctx,
           struct env_listener **out, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct net *n = net_of(env);
	uv_getaddrinfo_t lookup;
	char host[ADDR_BYTES], port[8];
	struct env_listener *l;
	int rc;

	if (!split_addr(addr, host, port))
		return err_set(err, ERR_USAGE, "%s is not HOST:PORT", addr);
	/* Our own address, once, at the start: this may wait. */
	if (uv_getaddrinfo(&n->loop, &lookup, NULL, host, port, &hints) != 0)
		return err_set(err, ERR_NETWORK, "%s is no address of this machine", addr);
	l = mem_zero(1, sizeof(*l));
	if (l == NULL) {
		uv_freeaddrinfo(lookup.addrinfo);
		return err_plain(err, ERR_NO_MEMORY);
	}
	l->net = n;
	l->accept = accept;
	l->ctx = ctx;
	uv_tcp_init(&n->loop, &l->tcp);
	l->next = n->listeners;
	l->at = &n->listeners;
	if (l->next != NULL)
		l->next->at = &l->next;
	n->listeners = l;
	rc = uv_tcp_bind(&l->tcp, lookup.addrinfo->ai_addr, 0);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&l->tcp, BACKLOG, got_connection);
	uv_freeaddrinfo(lookup.addrinfo);
	if (rc != 0) {
		tcp_listen_stop(env, l);
		return err_set(err, ERR_NETWORK, "cannot listen on %s: %s", addr, uv_strerror(rc));
	}
	*out = l;
	return ERR_OK;
}

int
tcp_listen_port(struct env *env, struct env_listener *l)
{
	struct sockaddr_storage sa;
	int len = sizeof(sa);

	(void)env;
	if (uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&sa, &len) != 0)
		return 0;
	return sa.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&sa)->sin6_port) : ntohs(((struct sockaddr_in *)&sa)->sin_port);
}

void
tcp_close_all(struct net *n)
{
	while (n->listeners != NULL)
		tcp_listen_stop(&n->env, n->listeners);
	for (struct env_conn *c = n->conns; c != NULL; c = c->next) {
		c->given_back = true;
		conn_end(c);
	}
}
