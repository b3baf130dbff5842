/*
 * Prints proto/vectors/org.json: organisations made by chance from a seed, and
 * what parts of each come to. A part holds each log up to some entry, as a
 * replica does that has not heard everything. Entries stand alone, signed.
 *
 *   worlds: [{ entries: [hex…], parts: [{ take: [number of entry…], digest,
 *              devices: [[dev, rank, roles, gone, seal_index]…], effective: [number of team entry…] }…] }…]
 */
#include "../unit/universe.h"
#include "json.h"

enum { WORLDS = 32, PARTS = 10, STEPS = 40 };

static void
print_part(struct world *part, const size_t *take)
{
	struct org *o = org_new();
	uint8_t digest[16];

	assert(o != NULL);
	org_set_holds(o, world_holds, part);
	json_open(NULL, '{');
	json_open("take", '[');
	for (size_t i = 0; i < part->count; i++) {
		json_uint(NULL, take[i]);
		assert(org_add(o, &part->entries[i], NULL) == ERR_OK);
	}
	json_close(']');
	assert(org_evaluate(o, NULL) == ERR_OK);
	org_digest(o, digest);
	json_hex("digest", digest, sizeof(digest));
	json_open("devices", '[');
	for (size_t i = 0; i < org_device_count(o); i++) {
		const struct org_device *d = org_device_at(o, i);

		json_open(NULL, '[');
		json_hex(NULL, d->id.b, 16);
		json_uint(NULL, d->rank);
		json_uint(NULL, (unsigned)d->coordinator | (unsigned)d->advisor << 1 | (unsigned)d->auditor << 2 |
		                (unsigned)d->hub << 3);
		json_uint(NULL, d->gone);
		json_uint(NULL, d->seal_index);
		json_close(']');
	}
	json_close(']');
	json_open("effective", '[');
	for (size_t i = 0; i < part->count; i++) {
		struct log_key key = universe_log_of(part, &part->entries[i]);

		if (!SAME(key.stream, part->control) && org_effective(o, &key, part->entries[i].h.seq))
			json_uint(NULL, take[i]);
	}
	json_close(']');
	json_close('}');
	org_free(o);
}

/* Leaves out some entries and whatever follows them; the last part is the whole. */
static void
take_part(const struct world *w, struct world *part, size_t *take, bool whole)
{
	part->count = 0;
	for (size_t i = 0; i < w->count; i++) {
		const struct entry *e = &w->entries[i];
		bool follows = e->h.seq == 0 || world_find(part, e->h.prev.b, 32) != NULL;

		if (!whole && (!follows || (i > 0 && below(14) == 0)))
			continue;
		take[part->count] = i;
		part->entries[part->count++] = *e;
	}
}

static void
print_world(unsigned seed)
{
	struct world *w = world_new(), *part = world_new();
	static size_t take[WORLD_ENTRIES];
	struct buf out = BUF_INIT;

	universe_make(w, seed, STEPS);
	json_open(NULL, '{');
	json_open("entries", '[');
	for (size_t i = 0; i < w->count; i++) {
		buf_clear(&out);
		entry_encode(&out, &w->entries[i]);
		json_hex(NULL, out.p, out.len);
	}
	json_close(']');
	json_open("parts", '[');
	for (unsigned i = 0; i < PARTS; i++) {
		take_part(w, part, take, i == PARTS - 1);
		print_part(part, take);
	}
	json_close(']');
	json_close('}');
	part->count = 0; /* borrowed */
	buf_free(&out);
	world_free(part);
	world_free(w);
}

int
main(void)
{
	printf("{\"spec\": \"proto/org.md, 4 and 5\"");
	json_open("worlds", '[');
	for (unsigned seed = 0; seed < WORLDS; seed++)
		print_world(seed);
	json_close(']');
	printf("\n}\n");
	return 0;
}
