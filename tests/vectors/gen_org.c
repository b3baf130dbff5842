/*
 * Prints proto/vectors/org.json: organisations made by chance from a seed, and
 * what parts of each come to. A part holds each log up to some entry, as a
 * replica does that has not heard everything. Entries stand alone, signed.
 *
 *   worlds: [{ entries: [hex…], parts: [{ take: [number of entry…], digest,
 *              devices: [[dev, rank, roles, gone, seal_index]…], effective: [number of team entry…] }…] }…]
 */
#include "../unit/world.h"
#include "json.h"

enum { WORLDS = 24, PARTS = 10, STEPS = 34, PEOPLE = 8, TEAMS = 2, STORES = 2 };

static uint64_t state;

static unsigned
below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % n);
}

/* Cuts of some of the logs of `who`, each at some entry. */
static size_t
some_cuts(const struct world *w, unsigned who, struct cut *cuts)
{
	struct stream_id streams[1 + TEAMS] = { w->control, team_of(0), team_of(1) };
	size_t count = 0;

	for (size_t s = 0; s < COUNT_OF(streams); s++)
		for (unsigned inc = 0; inc < STORES; inc++) {
			const struct entry *found[WORLD_ENTRIES / 10];
			struct inc i = inc_of(inc);
			size_t n = 0;

			for (size_t k = 0; k < w->count; k++)
				if (SAME(w->entries[k].h.author, w->actors[who].keys.sign_pk) &&
				    SAME(w->entries[k].h.stream, streams[s]) && SAME(w->entries[k].h.inc, i))
					found[n++] = &w->entries[k];
			if (n > 0 && below(4) > 0)
				cuts[count++] = cut_at(&streams[s], inc, found[below((unsigned)n)]);
		}
	return count;
}

static const struct entry *
some_grant(const struct world *w, unsigned *who)
{
	const struct entry *found = NULL;

	for (size_t i = 0; i < w->count; i++)
		if (w->entries[i].h.kind == KIND_GRANT && (found == NULL || below(3) == 0))
			found = &w->entries[i];
	if (found != NULL) {
		struct control_op op;

		assert(control_op_decode(&op, KIND_GRANT, found->payload, NULL) == ERR_OK);
		for (unsigned a = 0; a < PEOPLE; a++)
			if (SAME(w->actors[a].id, op.u.grant.dev))
				*who = a;
	}
	return found;
}

static void
team_work(struct world *w)
{
	struct stream_id stream = below(4) == 0 ? w->roster : team_of(below(TEAMS));
	unsigned by = 1 + below(PEOPLE - 1), inc = below(STORES), holder = by;
	const struct entry *last, *grant;

	grant = some_grant(w, &holder);
	if (grant != NULL && below(5) > 0)
		by = holder;
	last = world_last(w, by, &stream, inc);
	if (last == NULL)
		world_open(w, by, &stream, inc, grant != NULL && below(8) > 0 ? &grant->id : NULL);
	else if (last->h.seq > 0 && below(8) == 0) { /* a second history */
		const struct entry *base = world_find(w, last->h.prev.b, 32);
		struct fork_proof p;
		struct buf proof = BUF_INIT;
		size_t y = world_write_after(w, by, &stream, inc, base, KIND_DATA, BYTES_STR("another story"));

		if (!SAME(w->entries[y].id, last->id) && below(3) > 0) {
			fork_proof_make(&p, last, &w->entries[y]);
			fork_proof_encode(&proof, &p);
			world_write(w, below(PEOPLE), &w->control, 0, KIND_FORK, buf_bytes(&proof));
			buf_free(&proof);
		}
	} else {
		world_data(w, by, &stream, inc, 1 + below(3));
	}
}

static void
adopt_something(struct world *w)
{
	const struct entry *e = &w->entries[below((unsigned)w->count)];
	unsigned by = 1 + below(PEOPLE - 1), whose = 0, inc = 0;

	if (e->h.kind != KIND_DATA || world_last(w, by, &e->h.stream, 0) == NULL)
		return;
	for (unsigned a = 0; a < PEOPLE; a++)
		for (unsigned i = 0; i < STORES; i++) {
			struct inc at = inc_of(i);

			if (SAME(e->h.author, w->actors[a].keys.sign_pk) && SAME(e->h.inc, at)) {
				whose = a;
				inc = i;
			}
		}
	world_adopt(w, by, &e->h.stream, 0, whose, inc, below((unsigned)e->h.seq + 1), e);
}

static void
ungrant_something(struct world *w, unsigned by, unsigned inc)
{
	struct control_op op = { .kind = KIND_UNGRANT };
	struct cut cuts[8];
	struct hash id;
	unsigned who = 0;
	const struct entry *grant = some_grant(w, &who);

	if (grant == NULL)
		return;
	id = grant->id;
	op.u.ungrant = (struct ungrant){ w->actors[who].id, team_of(below(TEAMS)), 1, &id, some_cuts(w, who, cuts), cuts };
	world_op(w, by, inc, &op);
}

static void
step(struct world *w)
{
	unsigned by = below(PEOPLE), inc = below(STORES), who = 1 + below(PEOPLE - 1), what = below(26);
	struct stream_id team = team_of(below(TEAMS));
	struct control_op seal = { .kind = KIND_SEALKEY };
	struct cut cuts[8];
	size_t n;

	if (below(3) > 0)
		by = below(3); /* mostly those who may */
	if (what < 3)
		world_admit(w, by, inc, who, below(5));
	else if (what < 6)
		world_grant(w, by, inc, who, ROLE_COORDINATOR, NULL, 1 + below(4));
	else if (what < 9)
		world_grant(w, by, inc, who, ROLE_ADVISOR, &team, 0);
	else if (what == 9)
		world_grant(w, by, inc, who, (uint8_t)(ROLE_AUDITOR + below(2)), NULL, 0);
	else if (what == 10)
		world_team(w, by, inc, &team, (uint8_t)(1 + below(2)), (uint8_t)below(2));
	else if (what == 11) {
		memset(seal.u.sealkey.seal_pk, (int)below(256), 32);
		world_op(w, by, inc, &seal);
	} else if (what < 14) {
		n = some_cuts(w, who, cuts);
		world_revoke(w, by, inc, who, cuts, n);
	} else if (what == 14 && by != ROOT) {
		n = some_cuts(w, by, cuts);
		world_revoke(w, by, inc, by, cuts, n);
	} else if (what == 15) {
		n = some_cuts(w, who, cuts);
		world_kill(w, by, inc, who, cuts, n);
	} else if (what == 16)
		ungrant_something(w, by, inc);
	else if (what < 19)
		adopt_something(w);
	else
		team_work(w);
}

/* The log of the part that holds entry i: the branch after the last fork below it. */
static struct log_key
log_of(const struct world *part, const struct entry *e)
{
	struct log_key key;

	log_key_init(&key, &e->h.author, &e->h.stream, &e->h.inc);
	for (const struct entry *at = e; at != NULL && !key.is_branch; at = at->h.seq == 0 ? NULL : world_find(part, at->h.prev.b, 32))
		for (size_t i = 0; i < part->count; i++) {
			const struct entry *other = &part->entries[i];

			if (other->h.seq == at->h.seq && SAME(other->h.author, at->h.author) &&
			    SAME(other->h.stream, at->h.stream) && SAME(other->h.inc, at->h.inc) && !SAME(other->id, at->id)) {
				key.is_branch = true;
				key.branch_seq = at->h.seq;
				key.branch_id = at->id;
			}
		}
	return key;
}

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
		struct log_key key = log_of(part, &part->entries[i]);

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

	state = (seed + 1) * 0x9e3779b97f4a7c15u;
	world_genesis(w);
	world_grant(w, ROOT, 0, 1, ROLE_COORDINATOR, NULL, 1);
	world_admit(w, ROOT, 0, 1, 1);
	for (unsigned i = 0; i < STEPS; i++)
		step(w);
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
