/*
 * Datagrams to everyone on the local networks: one IPv4 and one IPv6 socket,
 * members of the group on every interface that is up. Interfaces are looked
 * at every few seconds, not announced to us: that is the same on every
 * system, sees hotspots come and go, and costs one system call.
 * Spec: proto/discovery.md, 2.
 */
#include <net/if.h>
#include <stdio.h>

#include "base/mem.h"
#include "net/net_internal.h"

#define GROUP_4 "239.255.70.46"
#define GROUP_6 "ff02::fb:7046"

enum { CAST_PORT = 7046, CAST_BYTES_MAX = 1024, LOOK_MS = 2000, PLACES_MAX = 64 };

struct place { /* an interface's address */
	char name[IF_NAMESIZE];
	unsigned index; /* one that was taken away and has come back has another */
	struct sockaddr_storage sa;
};

struct env_cast {
	uv_udp_t four, six;
	uv_timer_t look;
	struct net *net;
	struct env_cast *next, **at;
	struct cast_events ev;
	void *ctx;
	bool has_four, has_six;
	struct place places[PLACES_MAX];
	size_t place_count;
	unsigned open_handles;
	char buffer[CAST_BYTES_MAX + 1]; /* one more, to tell what is too long */
};

/* ---- interfaces ---- */

static bool
same_place(const struct place *a, const struct place *b)
{
	if (strcmp(a->name, b->name) != 0 || a->index != b->index || a->sa.ss_family != b->sa.ss_family)
		return false;
	if (a->sa.ss_family == AF_INET6)
		return memcmp(&((const struct sockaddr_in6 *)&a->sa)->sin6_addr, &((const struct sockaddr_in6 *)&b->sa)->sin6_addr, 16) == 0;
	return ((const struct sockaddr_in *)&a->sa)->sin_addr.s_addr == ((const struct sockaddr_in *)&b->sa)->sin_addr.s_addr;
}

/* IPv6 has its link-local address on every interface; the others of it would only send the same again. */
static bool
worth_a_place(const uv_interface_address_t *a)
{
	if (a->address.address4.sin_family == AF_INET)
		return true;
	return a->address.address6.sin6_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a->address.address6.sin6_addr);
}

static size_t
places_now(struct place out[PLACES_MAX])
{
	uv_interface_address_t *list;
	size_t n = 0;
	int count;

	if (uv_interface_addresses(&list, &count) != 0)
		return 0;
	for (int i = 0; i < count && n < PLACES_MAX; i++) {
		if (!worth_a_place(&list[i]))
			continue;
		memset(&out[n], 0, sizeof(out[n]));
		(void)snprintf(out[n].name, sizeof(out[n].name), "%s", list[i].name);
		out[n].index = if_nametoindex(list[i].name);
		memcpy(&out[n++].sa, &list[i].address, sizeof(list[i].address));
	}
	uv_free_interface_addresses(list, count);
	return n;
}

/* The interface as libuv wants it named: its IPv4 address, or "fe80::1%eth0". */
static void
name_place(const struct place *p, char out[64 + IF_NAMESIZE])
{
	char ip[64] = "";

	if (p->sa.ss_family == AF_INET6) {
		uv_ip6_name((const struct sockaddr_in6 *)&p->sa, ip, sizeof(ip));
		(void)snprintf(out, 64 + IF_NAMESIZE, "%s%%%s", ip, p->name);
	} else {
		uv_ip4_name((const struct sockaddr_in *)&p->sa, ip, sizeof(ip));
		(void)snprintf(out, 64 + IF_NAMESIZE, "%s", ip);
	}
}

static void
enter_group(struct env_cast *c, const struct place *p)
{
	char name[64 + IF_NAMESIZE];

	/* Being a member already, or an interface that knows no groups, is no reason to stop. */
	name_place(p, name);
	if (p->sa.ss_family == AF_INET6 && c->has_six)
		(void)uv_udp_set_membership(&c->six, GROUP_6, name, UV_JOIN_GROUP);
	else if (p->sa.ss_family == AF_INET && c->has_four)
		(void)uv_udp_set_membership(&c->four, GROUP_4, name, UV_JOIN_GROUP);
}

/* True when the interfaces are others than before. */
static bool
look_again(struct env_cast *c)
{
	struct place now[PLACES_MAX];
	size_t count = places_now(now);
	bool other = count != c->place_count;

	for (size_t i = 0; i < count; i++) {
		bool known = false;

		for (size_t j = 0; j < c->place_count && !known; j++)
			known = same_place(&now[i], &c->places[j]);
		if (known)
			continue;
		other = true;
		enter_group(c, &now[i]);
	}
	memcpy(c->places, now, count * sizeof(now[0]));
	c->place_count = count;
	return other;
}

static void
look(uv_timer_t *t)
{
	struct env_cast *c = t->data;

	if (look_again(c))
		c->ev.changed(c->ctx);
}

/* ---- datagrams ---- */

static void
give_buffer(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
	struct env_cast *c = h->data;

	(void)suggested;
	*out = uv_buf_init(c->buffer, sizeof(c->buffer));
}

static void
received(uv_udp_t *h, ssize_t n, const uv_buf_t *buf, const struct sockaddr *sa, unsigned flags)
{
	struct env_cast *c = h->data;
	char ip[64], from[64 + IF_NAMESIZE + 4], name[IF_NAMESIZE];

	if (n <= 0 || n > CAST_BYTES_MAX || sa == NULL || (flags & UV_UDP_PARTIAL) != 0)
		return;
	if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)sa;

		if (uv_ip6_name(six, ip, sizeof(ip)) != 0)
			return;
		if (IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr) && if_indextoname(six->sin6_scope_id, name) != NULL)
			(void)snprintf(from, sizeof(from), "[%s%%%s]", ip, name);
		else
			(void)snprintf(from, sizeof(from), "[%s]", ip);
	} else if (uv_ip4_name((const struct sockaddr_in *)sa, from, sizeof(from)) != 0) {
		return;
	}
	c->ev.heard(c->ctx, from, BYTES(buf->base, (size_t)n));
}

void
cast_send(struct env *env, struct env_cast *c, struct bytes datagram)
{
	struct sockaddr_in to4;
	struct sockaddr_in6 to6;
	uv_buf_t out = uv_buf_init((char *)(uintptr_t)datagram.p, (unsigned)datagram.len);
	char name[64 + IF_NAMESIZE];

	(void)env;
	if (datagram.len > CAST_BYTES_MAX || uv_ip4_addr(GROUP_4, CAST_PORT, &to4) != 0)
		return;
	for (size_t i = 0; i < c->place_count; i++) {
		const struct place *p = &c->places[i];

		name_place(p, name);
		if (p->sa.ss_family == AF_INET && c->has_four && uv_udp_set_multicast_interface(&c->four, name) == 0) {
			(void)uv_udp_try_send(&c->four, &out, 1, (const struct sockaddr *)&to4);
		} else if (p->sa.ss_family == AF_INET6 && c->has_six && uv_ip6_addr(GROUP_6, CAST_PORT, &to6) == 0 &&
		           uv_udp_set_multicast_interface(&c->six, name) == 0) {
			to6.sin6_scope_id = if_nametoindex(p->name);
			(void)uv_udp_try_send(&c->six, &out, 1, (const struct sockaddr *)&to6);
		}
	}
}

/* ---- life ---- */

static void
handle_closed(uv_handle_t *h)
{
	struct env_cast *c = h->data;

	if (--c->open_handles > 0)
		return;
	mem_free(c);
}

void
cast_close(struct env *env, struct env_cast *c)
{
	(void)env;
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	uv_close((uv_handle_t *)&c->four, handle_closed);
	uv_close((uv_handle_t *)&c->six, handle_closed);
	uv_close((uv_handle_t *)&c->look, handle_closed);
}

/* Several processes of one machine listen side by side: a multicast datagram reaches each of them. */
static bool
bind_group(uv_udp_t *h, const struct sockaddr *any, unsigned flags)
{
	return uv_udp_bind(h, any, flags | UV_UDP_REUSEADDR) == 0 && uv_udp_set_multicast_ttl(h, 1) == 0 &&
	       uv_udp_set_multicast_loop(h, 1) == 0 && uv_udp_recv_start(h, give_buffer, received) == 0;
}

static struct env_cast *
cast_new(struct net *n, const struct cast_events *ev, void *ctx)
{
	struct env_cast *c = mem_zero(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->net = n;
	c->ev = *ev;
	c->ctx = ctx;
	uv_udp_init(&n->loop, &c->four);
	uv_udp_init(&n->loop, &c->six);
	uv_timer_init(&n->loop, &c->look);
	c->four.data = c->six.data = c->look.data = c;
	c->open_handles = 3;
	c->next = n->casts;
	c->at = &n->casts;
	if (c->next != NULL)
		c->next->at = &c->next;
	n->casts = c;
	return c;
}

enum err_code
cast_open(struct env *env, const struct cast_events *ev, void *ctx, struct env_cast **out, struct err *err)
{
	struct env_cast *c = cast_new(net_of(env), ev, ctx);
	struct sockaddr_in any4;
	struct sockaddr_in6 any6;

	if (c == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	c->has_four = uv_ip4_addr("0.0.0.0", CAST_PORT, &any4) == 0 && bind_group(&c->four, (const struct sockaddr *)&any4, 0);
	c->has_six = uv_ip6_addr("::", CAST_PORT, &any6) == 0 && bind_group(&c->six, (const struct sockaddr *)&any6, UV_UDP_IPV6ONLY);
	if (!c->has_four && !c->has_six) {
		cast_close(env, c);
		return err_set(err, ERR_NETWORK, "UDP port %d is taken by another program, so this device cannot be found on the local network; name peers with --peer",
		               CAST_PORT);
	}
	(void)look_again(c);
	uv_timer_start(&c->look, look, LOOK_MS, LOOK_MS);
	*out = c;
	return ERR_OK;
}
