/*
 * Universes for two evaluators to disagree about: organisations made by chance
 * (tests/unit/universe.h) and what the C evaluator makes of each, one JSON line
 * per universe, for tests/second to evaluate anew from the text.
 *
 *   universes COUNT SEED
 *
 * Every universe is evaluated in two orders of arrival here, and extended: a removal
 * that took effect is chosen, and everybody who is not senior to its author nor the
 * author appends grants, removals, admissions, forks of control and team logs, logs of
 * new incarnations, adoptions, kill cards and cuts of their own. `removed` names whom it
 * removed: they must stay removed, whoever asks. `left` is who removed themselves: that
 * counts while they are admitted, so they must at least never be members again. Where
 * there is no such removal, or a card waits, anybody but the root appends and the two
 * evaluators must agree: no more is claimed.
 *
 *   {"seed", "entries": [header, payload, …], "digest", "effective": [number of team entry…],
 *    "covered": [number of an entry whose payload is to be deleted…], "removed" | "left": dev,
 *    "extended": n, "added": {"forks", "incarnations", "adopts", "cards", "cuts"}}
 */
#include <stdio.h>

#include "../unit/universe.h"

enum { STEPS = 40, EXTENSION = 14 };

static void
put_hex(const void *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = p;

	for (size_t i = 0; i < len; i++) {
		putchar(digits[b[i] >> 4]);
		putchar(digits[b[i] & 15]);
	}
}

static struct org *
evaluate_in(struct world *w, const size_t *order)
{
	struct org *o = org_new();

	assert(o != NULL);
	org_set_holds(o, world_holds, w);
	for (size_t i = 0; i < w->count; i++)
		assert(org_add(o, &w->entries[order != NULL ? order[i] : i], NULL) == ERR_OK);
	assert(org_evaluate(o, NULL) == ERR_OK);
	return o;
}

/* The same from another order, evaluated once in the middle as well. */
static bool
order_does_not_matter(struct world *w, struct org *o)
{
	size_t order[WORLD_ENTRIES / 10];
	uint8_t a[16], b[16];
	struct org *other;

	for (size_t i = 0; i < w->count; i++) {
		size_t k = below((unsigned)i + 1);

		order[i] = order[k];
		order[k] = i;
	}
	other = evaluate_in(w, order);
	org_digest(o, a);
	org_digest(other, b);
	org_free(other);
	return memcmp(a, b, sizeof(a)) == 0;
}

/* Also of who was granted a rank and has not been admitted yet. */
static unsigned
rank_of(const struct world *w, const struct org *o, unsigned who)
{
	unsigned rank = org_is_root(o, &w->actors[who].keys.sign_pk) ? 0 : RANK_NONE;

	for (size_t i = 0; i < org_grant_count(o); i++) {
		const struct org_grant *g = org_grant_at(o, i);

		if (g->role == ROLE_COORDINATOR && SAME(g->dev, w->actors[who].id) && g->rank < rank)
			rank = g->rank;
	}
	return rank;
}

/*
 * A kill card that was read and is bound by no ADMIT yet takes effect when anybody stores one, and cuts its device and
 * what follows from it: that is its owner's word, not the adversary's, so nothing is claimed then. Not even where the
 * removal counts already by its author's rank: the card may cut lower.
 */
static bool
card_waits(const struct world *w, const struct org *o)
{
	bool waits = false;

	for (size_t i = 0; i < w->count && !waits; i++) {
		struct control_op op;

		if (w->entries[i].h.kind != KIND_REVOKE)
			continue;
		assert(control_op_decode(&op, KIND_REVOKE, w->entries[i].payload, NULL) == ERR_OK);
		for (unsigned a = 0; a < WORLD_ACTORS && op.u.revoke.has_kill && !waits; a++)
			waits = SAME(w->actors[a].id, op.u.revoke.dev) && !org_kill_card_fits(o, &op.u.revoke.dev, w->actors[a].kill_pk);
		control_op_free(&op);
	}
	return waits;
}

/* A removal that counts, without a card. */
static const struct entry *
some_removal(const struct world *w, const struct org *o, unsigned *by, unsigned *whom)
{
	const struct entry *found = NULL;

	for (size_t i = 0; i < w->count; i++) {
		const struct entry *e = &w->entries[i];
		struct control_op op;

		if (e->h.kind != KIND_REVOKE || !org_removal_counts(o, &e->id) || (found != NULL && below(3) > 0))
			continue;
		assert(control_op_decode(&op, KIND_REVOKE, e->payload, NULL) == ERR_OK);
		for (unsigned a = 0; a < WORLD_ACTORS && !op.u.revoke.has_kill; a++) {
			if (SAME(w->actors[a].keys.sign_pk, e->h.author)) {
				*by = a;
				found = e;
			}
		}
		for (unsigned a = 0; a < WORLD_ACTORS; a++)
			if (found == e && SAME(w->actors[a].id, op.u.revoke.dev))
				*whom = a;
		control_op_free(&op);
	}
	return found;
}

/* `by` opens a log of a team under some grant of its own, or of another, and writes there. */
static void
team_work_in(struct world *w, unsigned by, unsigned inc)
{
	struct stream_id stream = below(4) == 0 ? w->roster : team_of(below(TEAMS));
	unsigned holder = 0;
	const struct entry *grant = some_grant(w, &holder);

	for (unsigned i = 0; i < 4 && holder != by; i++)
		grant = some_grant(w, &holder);
	if (world_last(w, by, &stream, inc) == NULL)
		world_open(w, by, &stream, inc, grant != NULL ? &grant->id : NULL);
	world_data(w, by, &stream, inc, 1 + below(3));
}

static void
fork_team(struct world *w, unsigned by, unsigned inc)
{
	struct stream_id stream = team_of(below(TEAMS));
	const struct entry *last = world_last(w, by, &stream, inc);

	if (last != NULL && last->h.seq > 0)
		fork_team_log(w, by, &stream, inc);
	else
		team_work_in(w, by, inc);
}

/* A store is set up anew: the next log of `by`, which cites those before it, and a seal key there. */
static void
new_incarnation(struct world *w, unsigned by)
{
	struct control_op op = { .kind = KIND_OPEN }, seal = { .kind = KIND_SEALKEY };
	struct buf payload = BUF_INIT;
	unsigned inc = STORES;

	while (inc < STORES + 2 && world_last(w, by, &w->control, inc) != NULL)
		inc++;
	for (unsigned i = 0; i < inc; i++) {
		const struct entry *head = world_last(w, by, &w->control, i);
		size_t at = op.u.open.old_count;

		if (head == NULL || below(4) == 0)
			continue;
		op.u.open.old[at].inc = inc_of(i);
		op.u.open.old[at].len = head->h.seq + 1;
		memcpy(op.u.open.old[at].head16, head->id.b, 16);
		op.u.open.old_count++;
	}
	control_op_encode(&payload, &op);
	if (world_last(w, by, &w->control, inc) == NULL)
		world_write(w, by, &w->control, inc, KIND_OPEN, buf_bytes(&payload));
	buf_free(&payload);
	memset(seal.u.sealkey.seal_pk, (int)below(256), 32);
	world_op(w, by, inc, &seal);
	if (below(2) == 0)
		team_work_in(w, by, inc);
}

/* One act of somebody who may want the removal undone and is no senior of who made it. */
static void
adversarial_step(struct world *w, unsigned by)
{
	unsigned inc = below(STORES), who = 1 + below(PEOPLE - 1), what = below(11);
	struct stream_id team = team_of(below(TEAMS));
	struct cut cuts[8];
	size_t n;

	if (what == 0)
		world_admit(w, by, inc, who, below(5));
	else if (what == 1)
		world_grant(w, by, inc, who, ROLE_COORDINATOR, NULL, 1 + below(4));
	else if (what == 2)
		world_grant(w, by, inc, who, ROLE_ADVISOR, &team, 0);
	else if (what == 3) {
		n = some_cuts(w, who, cuts);
		world_revoke(w, by, inc, who, cuts, n);
	} else if (what == 4) {
		n = some_cuts(w, by, cuts);
		world_kill(w, by, inc, by, cuts, n); /* its own card */
	} else if (what == 5)
		fork_control(w, by, inc);
	else if (what == 6)
		ungrant_something(w, by, inc);
	else if (what == 7)
		new_incarnation(w, by);
	else if (what == 8)
		team_work_in(w, by, inc);
	else if (what == 9)
		fork_team(w, by, inc);
	else
		for (size_t before = w->count, tries = 0; w->count == before && tries < 24; tries++)
			adopt_by(w, by, &w->entries[below((unsigned)before)]);
}

/* What the extension holds, so that nobody takes a kind for tried that chance never made. */
struct added { size_t forks, incarnations, adopts, cards, cuts; };

static void
count_added(const struct world *w, size_t from, struct added *out)
{
	for (size_t i = from; i < w->count; i++) {
		const struct entry *e = &w->entries[i];
		struct control_op op;

		out->forks += e->h.kind == KIND_FORK;
		out->adopts += e->h.kind == KIND_ADOPT;
		out->incarnations += e->h.kind == KIND_OPEN;
		if (e->h.kind != KIND_REVOKE && e->h.kind != KIND_UNGRANT)
			continue;
		assert(control_op_decode(&op, e->h.kind, e->payload, NULL) == ERR_OK);
		out->cards += e->h.kind == KIND_REVOKE && op.u.revoke.has_kill;
		if (e->h.kind == KIND_UNGRANT)
			out->cuts += op.u.ungrant.cut_count > 0;
		for (size_t k = 0; e->h.kind == KIND_REVOKE && k < op.u.revoke.cut_count; k++) {
			if (!SAME(op.u.revoke.cuts[k].stream, w->control)) { /* of data */
				out->cuts++;
				break;
			}
		}
		control_op_free(&op);
	}
}

enum claim { CLAIM_NONE, CLAIM_REMOVED, CLAIM_LEFT };

/* Who the extension must not help, if anybody: *whom. */
static enum claim
extend(struct world *w, const struct org *o, unsigned *whom)
{
	unsigned by = 0, list[WORLD_ACTORS], count = 0;
	bool claims = some_removal(w, o, &by, whom) != NULL && !card_waits(w, o);

	for (unsigned a = 1; a < PEOPLE; a++)
		if (!claims || (a != by && rank_of(w, o, a) >= rank_of(w, o, by) && rank_of(w, o, a) > 0))
			list[count++] = a;
	for (unsigned i = 0; i < EXTENSION && count > 0; i++)
		adversarial_step(w, list[below(count)]);
	if (!claims || count == 0)
		return CLAIM_NONE;
	return by == *whom ? CLAIM_LEFT : CLAIM_REMOVED;
}

static void
print_covered(size_t i, void *ctx)
{
	bool *first = ctx;

	printf("%s%zu", *first ? "" : ",", i);
	*first = false;
}

static void
print_universe(struct world *w, struct org *o, uint64_t seed, size_t made, enum claim claim, const struct device_id *removed)
{
	uint8_t digest[16];
	struct added added = { 0 };
	bool first = true;

	printf("{\"seed\":%llu,\"entries\":[", (unsigned long long)seed);
	for (size_t i = 0; i < w->count; i++) {
		uint8_t header[HEADER_BYTES_MAX];
		size_t len = header_encode(&w->entries[i].h, header);

		printf("%s\"", i == 0 ? "" : ",");
		put_hex(header, len);
		printf("\",\"");
		put_hex(w->entries[i].payload.p, w->entries[i].payload.len);
		printf("\"");
	}
	org_digest(o, digest);
	printf("],\"digest\":\"");
	put_hex(digest, sizeof(digest));
	printf("\",\"effective\":[");
	for (size_t i = 0; i < w->count; i++) {
		struct log_key key = universe_log_of(w, &w->entries[i]);

		if (SAME(key.stream, w->control) || !org_effective(o, &key, w->entries[i].h.seq))
			continue;
		printf("%s%zu", first ? "" : ",", i);
		first = false;
	}
	printf("],\"covered\":[");
	first = true;
	universe_covered(w, o, print_covered, &first);
	printf("]");
	if (claim != CLAIM_NONE) {
		printf(",\"%s\":\"", claim == CLAIM_LEFT ? "left" : "removed");
		put_hex(removed->b, sizeof(removed->b));
		printf("\"");
	}
	count_added(w, made, &added);
	printf(",\"extended\":%zu,\"added\":{\"forks\":%zu,\"incarnations\":%zu,\"adopts\":%zu,\"cards\":%zu,\"cuts\":%zu}}\n",
	       w->count - made, added.forks, added.incarnations, added.adopts, added.cards, added.cuts);
}

static bool
one(struct world *w, uint64_t seed)
{
	struct org *o;
	unsigned whom = 0;
	size_t made;
	enum claim claim;
	bool ok;

	universe_make(w, seed, STEPS);
	made = w->count;
	o = evaluate_in(w, NULL);
	claim = extend(w, o, &whom);
	org_free(o);
	o = evaluate_in(w, NULL);
	ok = order_does_not_matter(w, o);
	if (!ok)
		fprintf(stderr, "universe %llu: two orders of arrival, two answers\n", (unsigned long long)seed);
	print_universe(w, o, seed, made, claim, &w->actors[whom].id);
	org_free(o);
	world_clear(w);
	return ok;
}

int
main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100, seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	struct world *w = world_new();
	bool ok = true;

	w->unsigned_entries = true;
	for (uint64_t i = 0; i < count && !ferror(stdout); i++)
		ok = one(w, seed + i) && ok;
	world_free(w);
	return ok ? 0 : 1;
}
