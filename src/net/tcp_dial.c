/* From a name to a connection: the name's addresses one after the other, none of them for long while there are others. */
#include <stdio.h>
#include <stdlib.h>

#include "net/tcp_internal.h"

bool
tcp_split_addr(const char *addr, char host[ADDR_BYTES], char port[8])
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

static void connected(uv_connect_t *r, int status);

static void
failed(struct tcp_conn *c, int why)
{
	(void)snprintf(c->why, sizeof(c->why), "%s", uv_strerror(why));
	tcp_conn_lost(c, ERR_NETWORK);
}

static void reopened(uv_handle_t *h);

/* The socket is closed and made again: one that has failed is of no more use. */
static void
leave_address(struct tcp_conn *c)
{
	uv_timer_stop(&c->timer);
	c->reopening = true;
	uv_close((uv_handle_t *)&c->tcp, reopened);
}

static void
no_answer(uv_timer_t *t)
{
	leave_address(t->data);
}

/* Tries the next address of the name. */
static void
connect_next(struct tcp_conn *c)
{
	int rc = UV_EAI_NONAME;

	while (c->try_next != NULL) {
		struct addrinfo *a = c->try_next;

		c->try_next = a->ai_next;
		c->connect.data = c;
		rc = uv_tcp_connect(&c->connect, &c->tcp, a->ai_addr, connected);
		if (rc != 0)
			continue;
		if (c->try_next != NULL)
			uv_timer_start(&c->timer, no_answer, NEXT_ADDRESS_MS, 0);
		return;
	}
	failed(c, rc);
}

static void
reopened(uv_handle_t *h)
{
	struct tcp_conn *c = h->data;

	c->open_handles--;
	c->reopening = false;
	if (c->closing) {
		tcp_conn_free_when_done(c);
		return;
	}
	tcp_socket_new(c);
	connect_next(c);
}

static void
connected(uv_connect_t *r, int status)
{
	struct tcp_conn *c = r->data;
	uv_os_fd_t fd;

	if (c->closing || c->reopening)
		return;
	uv_timer_stop(&c->timer);
	if (status != 0 && c->try_next != NULL) {
		leave_address(c);
		return;
	}
	if (status != 0) {
		failed(c, status);
		return;
	}
	c->up = true;
	lost_watch(c->net);
	if (uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0)
		tcp_tune(fd);
	tcp_read_on(c);
	c->ev->opened(c->ctx, &c->base);
}

static void
resolved(void *ctx, int status, struct addrinfo *addrs)
{
	struct tcp_conn *c = ctx;

	c->lookup = NULL;
	c->addrs = c->try_next = addrs;
	if (status != 0)
		failed(c, status);
	else
		connect_next(c);
}

static void
number_known(uv_timer_t *t)
{
	connect_next(t->data);
}

struct addrinfo *
tcp_numbers(struct net *n, const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	uv_getaddrinfo_t here;

	return uv_getaddrinfo(&n->loop, &here, NULL, host, port, &hints) == 0 ? here.addrinfo : NULL;
}

enum err_code
tcp_dial(struct env *env, const char *addr, const struct conn_events *ev, void *ctx, struct env_conn **out, struct err *err)
{
	char host[ADDR_BYTES], port[8];
	struct tcp_conn *c;

	if (!tcp_split_addr(addr, host, port))
		return err_set(err, ERR_NETWORK, "%s is neither HOST:PORT nor wss://HOST/PATH", addr);
	c = tcp_conn_new(net_of(env));
	if (c == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	c->ev = ev;
	c->ctx = ctx;
	c->addrs = c->try_next = tcp_numbers(c->net, host, port);
	if (c->addrs != NULL) {
		uv_timer_start(&c->timer, number_known, 0, 0);
		*out = &c->base;
		return ERR_OK;
	}
	c->lookup = lookup_start(c->net, host, port, resolved, c);
	if (c->lookup == NULL) {
		c->given_back = true;
		tcp_conn_end(c);
		return err_set(err, ERR_NETWORK, "%s cannot be looked up", addr);
	}
	*out = &c->base;
	return ERR_OK;
}

