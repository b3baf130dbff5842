/*
 * Our own logs, for custody: how many of the changes written here stand below
 * any length that somebody has signed for. What is no change is kept as a list,
 * since it is the smaller part.
 */
#include "node/node_internal.h"

#include "base/mem.h"

struct own_log *
node_own_log(struct node *n, size_t log)
{
	struct own_log *room;

	for (size_t i = 0; i < n->own_count; i++)
		if (n->own[i].log == log)
			return &n->own[i];
	room = mem_room(n->own, n->own_count, &n->own_cap, sizeof(*room));
	if (room == NULL)
		return NULL;
	n->own = room;
	room[n->own_count] = (struct own_log){ .log = log };
	return &room[n->own_count++];
}

uint64_t
node_data_below(const struct own_log *o, uint64_t len)
{
	size_t low = 0, high = o->count;

	if (!o->any || len <= o->base)
		return 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (o->others[mid] < len)
			low = mid + 1;
		else
			high = mid;
	}
	return len - o->base - low;
}

enum err_code
node_note_own(struct node *n, size_t log, const struct entry *e, struct err *err)
{
	struct own_log *o = node_own_log(n, log);
	uint64_t *room;

	if (o == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (!o->any) {
		o->any = true;
		o->base = e->h.seq;
	}
	if ((e->h.kind == KIND_DATA && !org_is_drop_box(node_org(n), &e->h.stream)) || (o->count > 0 && o->others[o->count - 1] >= e->h.seq))
		return ERR_OK;
	room = mem_room(o->others, o->count, &o->cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	o->others = room;
	room[o->count++] = e->h.seq;
	return ERR_OK;
}
