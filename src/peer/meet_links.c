/*
 * The links that stand. A link is owned by its `struct peer`; the meet only
 * remembers which there are and which address each came from.
 */
#include "peer/meet.h"

#include "peer/meet_internal.h"

void
meet_copy_addr(char out[MEET_ADDR_BYTES], const char *addr)
{
	size_t n = strlen(addr);

	if (n >= MEET_ADDR_BYTES)
		n = MEET_ADDR_BYTES - 1;
	memcpy(out, addr, n);
	out[n] = '\0';
}

struct link_slot *
meet_link_of(struct meet *m, const struct peer *p)
{
	for (size_t i = 0; i < m->link_count; i++)
		if (m->links[i].peer == p)
			return &m->links[i];
	return NULL;
}

struct link_slot *
meet_add_link(struct meet *m, struct peer *p, const char *from)
{
	struct link_slot *slot = &m->links[m->link_count++];

	*slot = (struct link_slot){ .peer = p, .number = m->numbers++, .since_ns = m->host->env->ops->mono_ns(m->host->env) };
	meet_copy_addr(slot->from, from);
	return slot;
}

bool
meet_linked_to(const struct meet *m, const struct device_id *device, bool by_tcp)
{
	struct device_id id;

	for (size_t i = 0; i < m->link_count; i++)
		if (!(by_tcp && m->links[i].web) && peer_device(m->links[i].peer, &id) && SAME(id, *device))
			return true;
	return false;
}

/* Both ends come to the same answer: the link that the smaller id has dialled stays. */
static bool
stays(const struct meet *m, const struct peer *p, const struct device_id *other)
{
	struct device_id self = device_id_of(&m->host->keys->sign_pk);

	return peer_dialled(p) == (memcmp(self.b, other->b, sizeof(self.b)) < 0);
}

/* Which of the two is ended; NULL when it is the other side's affair, who dialled twice. */
static struct peer *
worse_of(const struct meet *m, const struct link_slot *a, const struct link_slot *b, const struct device_id *other)
{
	if (a->web != b->web)
		return a->web ? a->peer : b->peer;
	if (peer_dialled(a->peer) == peer_dialled(b->peer))
		return NULL;
	/* Who has a link does not dial: for one side the older is dead, and only the younger is known to live. */
	if (a->since_ns + SAME_TIME_MS * NS_PER_MS < b->since_ns)
		return a->peer;
	if (b->since_ns + SAME_TIME_MS * NS_PER_MS < a->since_ns)
		return b->peer;
	return stays(m, a->peer, other) ? b->peer : a->peer;
}

/* Ends one of two links to a device, on the next turn of the loop: a peer may be reporting from either. */
static void
end_doubles(void *ctx)
{
	struct meet *m = ctx;
	struct device_id a, b;

	m->doubles = NULL;
	for (size_t i = 0; i < m->link_count; i++)
		/* Of two that were accepted the other side dialled both, and will see to it: a hub has thousands. */
		for (size_t j = 0; j < m->link_count && peer_dialled(m->links[i].peer); j++) {
			struct peer *end;

			if (j == i || !peer_device(m->links[i].peer, &a) || !peer_device(m->links[j].peer, &b) || !SAME(a, b))
				continue;
			end = worse_of(m, &m->links[i], &m->links[j], &a);
			if (end == NULL)
				continue;
			peer_close(end);
			i = j = m->link_count; /* the list is another one now; what is left is seen at the next exchange */
		}
}

void
meet_end_doubles(struct meet *m)
{
	struct env *env = m->host->env;

	if (m->doubles == NULL && m->link_count > 1)
		m->doubles = env->ops->timer(env, 0, end_doubles, m);
}

bool
meet_is_linked(const struct meet *m, const uint8_t device[8], bool web)
{
	struct device_id id;

	for (size_t i = 0; i < m->link_count; i++)
		if (m->links[i].web == web && peer_device(m->links[i].peer, &id) && memcmp(id.b, device, 8) == 0)
			return true;
	return false;
}

bool
meet_has_device(const struct meet *m, const uint8_t device[8])
{
	return meet_is_linked(m, device, false);
}

bool
meet_link_is_old(const struct meet *m, const uint8_t device[8])
{
	uint64_t now = m->host->env->ops->mono_ns(m->host->env);
	struct device_id id;
	bool old = false;

	for (size_t i = 0; i < m->link_count; i++) {
		if (m->links[i].web || !peer_device(m->links[i].peer, &id) || memcmp(id.b, device, 8) != 0)
			continue;
		old = m->links[i].since_ns + SAME_TIME_MS * NS_PER_MS < now;
		if (!old)
			return false;
	}
	return old;
}

void
meet_crowd(struct meet *m, struct peer *newest, size_t most)
{
	struct device_id wanted, id;
	struct peer *oldest = NULL;
	uint64_t number = UINT64_MAX;
	size_t count = 0;

	if (!peer_device(newest, &wanted))
		return;
	for (size_t i = 0; i < m->link_count; i++) {
		if (!peer_device(m->links[i].peer, &id) || !SAME(id, wanted))
			continue;
		count++;
		if (m->links[i].number < number && m->links[i].peer != newest) {
			number = m->links[i].number;
			oldest = m->links[i].peer;
		}
	}
	if (count > most && oldest != NULL)
		peer_close(oldest);
}

size_t
meet_links(const struct meet *m)
{
	return m->link_count;
}

size_t
meet_results(const struct meet *m, struct peer_result *out, size_t max)
{
	size_t n = 0;

	for (; n < m->link_count && n < max; n++)
		peer_so_far(m->links[n].peer, &out[n]);
	return n;
}
