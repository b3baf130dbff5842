/*
 * A port that goes on listening. libuv's own listener stops for good when what came cannot be taken, and asks again
 * without end while the system lacks memory or descriptors: so accept(2) is called here, and rests when there is no use in it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/net_internal.h"

enum {
	BURST = 64,    /* taken in one turn of the loop: others are waiting too */
	REST_MS = 100, /* when the system has no room */
};

struct port {
	uv_poll_t poll;
	uv_timer_t rest;
	int fd, spare; /* spare: given up for a moment to turn away who comes when there is no other descriptor */
	port_came *came;
	void *ctx;
	unsigned open_handles;
	bool closed;
};

/* ---- who comes ---- */

/* The fault of the one that came, or of the way it came by: the next may do better. */
static bool
is_theirs(int why)
{
	switch (why) {
	case ECONNABORTED:
	case EINTR:
	case EPERM:
	case EPROTO:
	case ENOPROTOOPT:
	case EOPNOTSUPP:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET:
	case ETIMEDOUT:
		return true;
	default:
		return false;
	}
}

/* Who is turned away tries again elsewhere, or later; who is left waiting learns nothing. */
static bool
turn_away(struct port *p)
{
	int fd;

	if (p->spare >= 0)
		close(p->spare);
	fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	p->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd >= 0;
}

static void ready(uv_poll_t *h, int status, int events);

static void
rested(uv_timer_t *t)
{
	struct port *p = t->data;

	(void)uv_poll_start(&p->poll, UV_READABLE, ready);
}

static void
rest(struct port *p)
{
	(void)uv_poll_stop(&p->poll);
	(void)uv_timer_start(&p->rest, rested, REST_MS, 0);
}

static void
ready(uv_poll_t *h, int status, int events)
{
	struct port *p = h->data;

	(void)events;
	if (status < 0) {
		rest(p);
		return;
	}
	for (int i = 0; i < BURST && !p->closed; i++) {
		int fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), why = errno;

		if (fd >= 0) {
			p->came(p->ctx, fd);
		} else if (why == EAGAIN) {
			return;
		} else if (!is_theirs(why) && !((why == EMFILE || why == ENFILE) && turn_away(p))) {
			rest(p);
			return;
		}
	}
}

/* ---- life ---- */

static int
bound(const struct sockaddr *sa, socklen_t len, int backlog)
{
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, off = 0, why;

	if (fd < 0)
		return -errno;
	if (sa->sa_family != AF_UNIX)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (sa->sa_family == AF_INET6) /* [::] is every address, those of IPv4 too */
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, sa, len) == 0 && listen(fd, backlog) == 0)
		return fd;
	why = errno;
	close(fd);
	return -why;
}

int
port_open(struct net *n, const struct sockaddr *sa, socklen_t len, int backlog, port_came *came, void *ctx, struct port **out)
{
	struct port *p = mem_zero(1, sizeof(*p));
	int rc;

	if (p == NULL)
		return UV_ENOMEM;
	p->fd = bound(sa, len, backlog);
	if (p->fd < 0) {
		rc = uv_translate_sys_error(-p->fd);
		mem_free(p);
		return rc;
	}
	rc = uv_poll_init(&n->loop, &p->poll, p->fd);
	if (rc != 0) {
		close(p->fd);
		mem_free(p);
		return rc;
	}
	(void)uv_timer_init(&n->loop, &p->rest);
	p->poll.data = p->rest.data = p;
	p->open_handles = 2;
	p->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	p->came = came;
	p->ctx = ctx;
	(void)uv_poll_start(&p->poll, UV_READABLE, ready);
	*out = p;
	return 0;
}

static void
handle_gone(uv_handle_t *h)
{
	struct port *p = h->data;

	if (--p->open_handles == 0)
		mem_free(p);
}

void
port_close(struct port *p)
{
	if (p == NULL)
		return;
	p->closed = true;
	uv_close((uv_handle_t *)&p->poll, handle_gone);
	uv_close((uv_handle_t *)&p->rest, handle_gone);
	close(p->fd);
	if (p->spare >= 0)
		close(p->spare);
}

int
port_number(const struct port *p)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(sa);

	if (p == NULL || p->closed || getsockname(p->fd, (struct sockaddr *)&sa, &len) != 0)
		return 0;
	return sa.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&sa)->sin6_port) : ntohs(((struct sockaddr_in *)&sa)->sin_port);
}
