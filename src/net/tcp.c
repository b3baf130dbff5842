/*
 * A connection given back with close() lingers: what it holds is sent, then
 * the end of it is said, and what still comes is read and thrown away,
 * because closing with unread bytes would reset the connection and take the
 * last words with it. Its owner hears nothing of that any more.
 */
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/tcp_internal.h"

enum { BACKLOG = 511, KEEPALIVE_S = 60, UNACKED_MS = 30000 };

struct tcp_listener {
	struct env_listener base;
	struct port *port;
	struct net *net;
	struct tcp_listener *next, **at;
	net_accepted *accept;
	void *ctx;
};

/* ---- birth and end ---- */

void
tcp_socket_new(struct tcp_conn *c)
{
	uv_tcp_init(&c->net->loop, &c->tcp);
	c->tcp.data = c;
	c->open_handles++;
}

struct tcp_conn *
tcp_conn_new(struct net *n)
{
	struct tcp_conn *c = mem_zero(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->base.way = &tcp_way;
	c->net = n;
	tcp_socket_new(c);
	uv_timer_init(&n->loop, &c->timer);
	c->timer.data = c;
	c->open_handles++;
	c->next = n->conns;
	c->at = &n->conns;
	if (c->next != NULL)
		c->next->at = &c->next;
	n->conns = c;
	return c;
}

void
tcp_conn_free_when_done(struct tcp_conn *c)
{
	if (c->open_handles > 0)
		return;
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	if (c->addrs != NULL)
		uv_freeaddrinfo(c->addrs);
	mem_free(c);
}

static void
handle_gone(uv_handle_t *h)
{
	struct tcp_conn *c = h->data;

	c->open_handles--;
	tcp_conn_free_when_done(c);
}

void
tcp_conn_end(struct tcp_conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	if (c->lookup != NULL)
		lookup_abandon(c->net, c->lookup);
	c->lookup = NULL;
	uv_close((uv_handle_t *)&c->timer, handle_gone);
	if (!c->reopening) /* else it is being closed already */
		uv_close((uv_handle_t *)&c->tcp, handle_gone);
}

void
tcp_conn_lost(struct tcp_conn *c, enum err_code why)
{
	if (c->closing)
		return;
	tcp_conn_end(c);
	if (!c->given_back && c->ev != NULL)
		c->ev->closed(c->ctx, &c->base, why);
	c->given_back = true;
}

/* ---- reading ---- */

static void
give_buffer(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
	struct tcp_conn *c = h->data;

	(void)suggested;
	*out = uv_buf_init(c->net->read_buffer, READ_BYTES);
}

static void
lost(struct tcp_conn *c, enum err_code code, int why)
{
	if (code != ERR_OK)
		(void)snprintf(c->why, sizeof(c->why), "%s", uv_strerror(why));
	tcp_conn_lost(c, code);
}

static void
got_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct tcp_conn *c = stream->data;

	if (n > 0 && !c->given_back)
		c->ev->data(c->ctx, &c->base, (const uint8_t *)buf->base, (size_t)n);
	else if (n < 0)
		lost(c, n == UV_EOF ? ERR_OK : ERR_NETWORK, (int)n);
}

void
tcp_read_on(struct tcp_conn *c)
{
	if (!c->reading && c->up && !c->closing)
		c->reading = uv_read_start((uv_stream_t *)&c->tcp, give_buffer, got_bytes) == 0;
}

static void
way_pause(struct env *env, struct env_conn *base, bool paused)
{
	struct tcp_conn *c = (struct tcp_conn *)base;

	(void)env;
	if (!paused) {
		tcp_read_on(c);
	} else if (c->reading) {
		uv_read_stop((uv_stream_t *)&c->tcp);
		c->reading = false;
	}
}

static void
way_conn_events(struct env *env, struct env_conn *base, const struct conn_events *ev, void *ctx)
{
	struct tcp_conn *c = (struct tcp_conn *)base;

	(void)env;
	c->ev = ev;
	c->ctx = ctx;
	tcp_read_on(c);
}

/* ---- closing ---- */

static void
linger_over(uv_timer_t *t)
{
	tcp_conn_end(t->data);
}

static void
shut_done(uv_shutdown_t *r, int status)
{
	if (status != 0)
		tcp_conn_end(r->data);
}

static void
shut_when_sent(struct tcp_conn *c)
{
	if (!c->given_back || c->unsent > 0 || c->shut || c->closing)
		return;
	c->shut = true;
	c->shutdown.data = c;
	if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, shut_done) != 0)
		tcp_conn_end(c);
}

static void
way_close(struct env *env, struct env_conn *base)
{
	struct tcp_conn *c = (struct tcp_conn *)base;

	(void)env;
	if (c->given_back)
		return;
	c->given_back = true;
	if (!c->up || !c->spoken) { /* nothing is on its way, and strangers hold no descriptor a moment longer */
		tcp_conn_end(c);
		return;
	}
	uv_timer_start(&c->timer, linger_over, LINGER_MS, 0);
	tcp_read_on(c);
	shut_when_sent(c);
}

/* ---- sending ---- */

struct sending {
	uv_write_t request;
	struct tcp_conn *conn;
	size_t len;
	char bytes[];
};

static void
sent(uv_write_t *r, int status)
{
	struct sending *s = (struct sending *)r;
	struct tcp_conn *c = s->conn;

	c->unsent -= s->len;
	mem_free(s);
	if (c->closing)
		return;
	if (status != 0) {
		lost(c, ERR_NETWORK, status);
		return;
	}
	if (c->unsent > 0)
		return;
	if (c->given_back)
		shut_when_sent(c);
	else if (c->ev != NULL && c->ev->drained != NULL)
		c->ev->drained(c->ctx, &c->base);
}

static enum err_code
way_send(struct env *env, struct env_conn *base, struct bytes data)
{
	struct tcp_conn *c = (struct tcp_conn *)base;
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

static size_t
way_unsent(struct env *env, struct env_conn *base)
{
	struct tcp_conn *c = (struct tcp_conn *)base;

	(void)env;
	return c->unsent;
}

static const char *
way_trouble(struct env *env, struct env_conn *base)
{
	(void)env;
	return ((struct tcp_conn *)base)->why;
}

/* What was sent and is not acknowledged for UNACKED_MS ends the connection: the other side has left the network. */
void
tcp_tune(int fd)
{
	const unsigned unacked_ms = UNACKED_MS;
	const int on = 1, idle_s = KEEPALIVE_S, between_s = 10, probes = 6;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between_s, sizeof(between_s));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms));
}

/* ---- listening ---- */

void
tcp_name(const struct sockaddr_storage *sa, char out[ADDR_BYTES])
{
	char ip[64] = "?";

	if (sa->ss_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)sa;

		uv_ip6_name(six, ip, sizeof(ip));
		(void)snprintf(out, ADDR_BYTES, "[%s]:%d", ip, ntohs(six->sin6_port));
	} else {
		const struct sockaddr_in *four = (const struct sockaddr_in *)sa;

		uv_ip4_name(four, ip, sizeof(ip));
		(void)snprintf(out, ADDR_BYTES, "%s:%d", ip, ntohs(four->sin_port));
	}
}

static void
welcome(struct tcp_listener *l, struct tcp_conn *c)
{
	struct sockaddr_storage sa;
	int len = sizeof(sa);
	char from[ADDR_BYTES] = "?";
	uv_os_fd_t fd;

	c->up = true;
	lost_watch(c->net);
	if (uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0)
		tcp_tune(fd);
	if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&sa, &len) == 0)
		tcp_name(&sa, from);
	l->accept(l->ctx, &c->base, from);
}

static void
came(void *ctx, int fd)
{
	struct tcp_listener *l = ctx;
	struct tcp_conn *c = tcp_conn_new(l->net);

	if (c == NULL) {
		close(fd);
		return;
	}
	if (uv_tcp_open(&c->tcp, fd) != 0) {
		close(fd);
		c->given_back = true;
		tcp_conn_end(c);
		return;
	}
	welcome(l, c);
}

static void
way_listen_stop(struct env *env, struct env_listener *base)
{
	struct tcp_listener *l = (struct tcp_listener *)base;

	(void)env;
	*l->at = l->next;
	if (l->next != NULL)
		l->next->at = l->at;
	port_close(l->port);
	mem_free(l);
}

enum err_code
tcp_listen(struct env *env, const char *addr, net_accepted *accept, void *ctx, struct env_listener **out, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct net *n = net_of(env);
	uv_getaddrinfo_t lookup;
	char host[ADDR_BYTES], port[8];
	struct tcp_listener *l;
	int rc;

	if (!tcp_split_addr(addr, host, port))
		return err_set(err, ERR_USAGE, "%s is not HOST:PORT", addr);
	/* Our own address, once, at the start: this may wait. */
	if (uv_getaddrinfo(&n->loop, &lookup, NULL, host, port, &hints) != 0)
		return err_set(err, ERR_NETWORK, "%s is no address of this machine", addr);
	l = mem_zero(1, sizeof(*l));
	if (l == NULL) {
		uv_freeaddrinfo(lookup.addrinfo);
		return err_plain(err, ERR_NO_MEMORY);
	}
	l->base.way = &tcp_way;
	l->net = n;
	l->accept = accept;
	l->ctx = ctx;
	l->next = n->listeners;
	l->at = &n->listeners;
	if (l->next != NULL)
		l->next->at = &l->next;
	n->listeners = l;
	rc = port_open(n, lookup.addrinfo->ai_addr, lookup.addrinfo->ai_addrlen, BACKLOG, came, l, &l->port);
	uv_freeaddrinfo(lookup.addrinfo);
	if (rc != 0) {
		way_listen_stop(env, &l->base);
		return err_set(err, ERR_NETWORK, "cannot listen on %s: %s", addr, uv_strerror(rc));
	}
	*out = &l->base;
	return ERR_OK;
}

static int
way_listen_port(struct env *env, struct env_listener *base)
{
	(void)env;
	return port_number(((struct tcp_listener *)base)->port);
}

const struct way tcp_way = {
	.conn_events = way_conn_events, .send = way_send, .unsent = way_unsent, .pause = way_pause, .close = way_close, .trouble = way_trouble,
	.listen_stop = way_listen_stop, .listen_port = way_listen_port,
};

void
tcp_close_all(struct net *n)
{
	while (n->listeners != NULL)
		way_listen_stop(&n->env, &n->listeners->base);
	for (struct tcp_conn *c = n->conns; c != NULL; c = c->next) {
		c->given_back = true;
		tcp_conn_end(c);
	}
}
