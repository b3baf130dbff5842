/*
 * Connections from an address that this machine has no more: no packet of
 * theirs will come back, and the system tells them only when half a minute
 * has passed. While there are connections the addresses are looked at.
 */
#include <ifaddrs.h>
#include <stdio.h>

#include "base/mem.h"
#include "net/tcp_internal.h"

enum { LOOK_MS = 2000 };

struct lost {
	uv_timer_t look; /* first: libuv gives it back */
	struct net *net;
	uint64_t seen;   /* a sum over the addresses of the last look */
};

static bool
same_host(const struct sockaddr_storage *a, const struct sockaddr *b)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)a;
	struct in_addr four = { 0 };

	if (a->ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return b->sa_family == AF_INET6 && memcmp(&six->sin6_addr, &((const struct sockaddr_in6 *)b)->sin6_addr, 16) == 0;
	if (a->ss_family == AF_INET6)
		memcpy(&four, six->sin6_addr.s6_addr + 12, 4);
	else
		four = ((const struct sockaddr_in *)a)->sin_addr;
	if (ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET)
		return true; /* all of them are this machine's, and only one is listed */
	return b->sa_family == AF_INET && four.s_addr == ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

static size_t
host_bytes(const struct sockaddr *a, const uint8_t **out)
{
	if (a == NULL || (a->sa_family != AF_INET && a->sa_family != AF_INET6))
		return 0;
	*out = a->sa_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)a)->sin6_addr : (const void *)&((const struct sockaddr_in *)a)->sin_addr;
	return a->sa_family == AF_INET6 ? 16 : 4;
}

/* Equal for equal lists: that is all that is asked of it. */
static uint64_t
sum(const struct ifaddrs *list)
{
	uint64_t h = 1469598103934665603u;
	const uint8_t *p;

	for (; list != NULL; list = list->ifa_next)
		for (size_t i = 0, n = host_bytes(list->ifa_addr, &p); i < n; i++)
			h = (h ^ p[i]) * 1099511628211u;
	return h;
}

/* Also of interfaces that are down just now: what is not heard for a moment comes back to the same address. */
static void
leave(struct net *n, struct ifaddrs *list)
{
	for (struct tcp_conn *c = n->conns, *next; c != NULL; c = next) {
		struct sockaddr_storage sa;
		struct ifaddrs *own = list;
		int len = sizeof(sa);

		next = c->next;
		if (!c->up || c->closing || uv_tcp_getsockname(&c->tcp, (struct sockaddr *)&sa, &len) != 0)
			continue;
		while (own != NULL && (own->ifa_addr == NULL || !same_host(&sa, own->ifa_addr)))
			own = own->ifa_next;
		if (own != NULL)
			continue;
		(void)snprintf(c->why, sizeof(c->why), "%s", uv_strerror(UV_EADDRNOTAVAIL));
		tcp_conn_lost(c, ERR_NETWORK);
	}
}

static void
look(uv_timer_t *t)
{
	struct lost *l = t->data;
	struct ifaddrs *list;
	uint64_t now;

	if (l->net->conns == NULL)
		uv_timer_stop(t);
	if (getifaddrs(&list) != 0)
		return;
	now = sum(list);
	if (now != l->seen)
		leave(l->net, list);
	l->seen = now;
	freeifaddrs(list);
}

void
lost_watch(struct net *n)
{
	struct lost *l = n->lost != NULL ? n->lost : mem_zero(1, sizeof(*l));

	if (l == NULL)
		return; /* then it is the system that notices */
	if (n->lost == NULL) {
		l->net = n;
		uv_timer_init(&n->loop, &l->look);
		l->look.data = l;
		uv_unref((uv_handle_t *)&l->look);
		n->lost = l;
	}
	if (!uv_is_active((uv_handle_t *)&l->look)) {
		look(&l->look);
		uv_timer_start(&l->look, look, LOOK_MS, LOOK_MS);
	}
}

static void
look_closed(uv_handle_t *h)
{
	mem_free(h->data);
}

void
lost_close(struct net *n)
{
	if (n->lost != NULL)
		uv_close((uv_handle_t *)&n->lost->look, look_closed);
	n->lost = NULL;
}
