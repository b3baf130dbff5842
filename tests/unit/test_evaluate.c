/*
 * Properties of random organisations, evaluated a second time by other code
 * written from the text of proto/org.md, 4; the cost of a large one; and what
 * is left when memory runs out.
 */
#include "office.h"

#include <time.h>

#include "base/mem.h"

static uint64_t
chance(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static unsigned
below(uint64_t *s, unsigned n)
{
	return (unsigned)(chance(s) % n);
}

enum { PEOPLE = 7, STORES = 2, OPS_MAX = 120 };

/* The second evaluator: operations as plain numbers, and the text of proto/org.md, 4 done the slow way. */
struct plain_op {
	unsigned by, inc, seq, who, rank;
	int prev;                     /* operation before it in its log, or -1 */
	uint8_t kind;
	bool coordinator;
	int cut[STORES], head[STORES]; /* of who's control logs: seq, and the operation named; -1: nothing */
};

struct plain {
	struct plain_op ops[OPS_MAX];
	size_t count;
	unsigned fork[PEOPLE][STORES]; /* UINT_MAX: none */
	/* what it comes to */
	unsigned rank[PEOPLE];
	bool gone[PEOPLE], cut_any[PEOPLE], admitted[PEOPLE];
	int cut[PEOPLE][STORES], head[PEOPLE][STORES]; /* head -2: two names for one place */
	size_t grants;
};

static void
plain_remove(struct plain *p, unsigned who, const int cut[STORES], const int head[STORES])
{
	for (int i = 0; i < STORES; i++) {
		if (!p->cut_any[who] || cut[i] < p->cut[who][i]) {
			p->cut[who][i] = cut[i];
			p->head[who][i] = head[i];
		} else if (cut[i] == p->cut[who][i] && head[i] != p->head[who][i]) {
			p->head[who][i] = -2;
		}
	}
	p->gone[who] = p->cut_any[who] = true;
}

static bool
plain_counts(const struct plain *p, size_t i)
{
	const struct plain_op *op = &p->ops[i];
	bool removal = op->kind == KIND_REVOKE;
	int head;

	if (!p->cut_any[op->by])
		return removal || op->seq < p->fork[op->by][op->inc];
	if (p->cut[op->by][op->inc] < 0)
		return false;
	head = p->head[op->by][op->inc];
	if (head >= 0) {
		for (int at = head; at >= 0; at = p->ops[at].prev)
			if ((size_t)at == i)
				return true;
		return false;
	}
	return (int)op->seq <= p->cut[op->by][op->inc] && (removal || op->seq < p->fork[op->by][op->inc]);
}

static void
plain_leave(struct plain *p, unsigned who)
{
	bool counts[OPS_MAX];

	for (size_t i = 0; i < p->count; i++)
		counts[i] = p->ops[i].kind == KIND_REVOKE && p->ops[i].by == who && p->ops[i].who == who &&
		            plain_counts(p, i);
	for (size_t i = 0; i < p->count; i++) {
		int cut[STORES], head[STORES];

		if (!counts[i])
			continue;
		memcpy(cut, p->ops[i].cut, sizeof(cut));
		memcpy(head, p->ops[i].head, sizeof(head));
		cut[p->ops[i].inc] = (int)p->ops[i].seq;
		head[p->ops[i].inc] = (int)i;
		plain_remove(p, who, cut, head);
	}
}

static void
plain_evaluate(struct plain *p)
{
	for (unsigned d = 0; d < PEOPLE; d++) {
		p->rank[d] = d == ROOT ? 0 : RANK_NONE;
		p->gone[d] = p->cut_any[d] = p->admitted[d] = false;
	}
	p->grants = 0;
	for (unsigned r = 0; r <= RANK_MAX; r++)
		for (unsigned d = 0; d < PEOPLE; d++) {
			if (p->rank[d] != r)
				continue;
			plain_leave(p, d);
			for (size_t i = 0; i < p->count; i++) {
				const struct plain_op *op = &p->ops[i];

				if (op->by != d || !plain_counts(p, i))
					continue;
				if (op->kind == KIND_ADMIT && op->who != ROOT)
					p->admitted[op->who] = true;
				if (op->kind == KIND_GRANT && (!op->coordinator || op->rank > r)) {
					p->grants++;
					if (op->coordinator && op->rank < p->rank[op->who])
						p->rank[op->who] = op->rank;
				}
				if (op->kind == KIND_REVOKE && op->who != d && p->rank[op->who] > r)
					plain_remove(p, op->who, op->cut, op->head);
			}
		}
	for (unsigned d = 0; d < PEOPLE; d++)
		if (p->rank[d] == RANK_NONE && p->admitted[d])
			plain_leave(p, d);
}

/* Entry and plain operation of one number are the same thing; entry 0 is GENESIS. */
static void
add_random_op(struct world *w, struct plain *p, uint64_t *s, unsigned by, bool may_leave)
{
	struct plain_op *op = &p->ops[p->count];
	int tips[OPS_MAX], tip_count = 0;
	struct cut cuts[STORES];
	size_t cut_count = 0, written;
	unsigned what = below(s, 10);

	memset(op, 0, sizeof(*op));
	op->by = by;
	op->inc = below(s, STORES);
	op->who = below(s, PEOPLE);
	op->kind = what < 3 ? KIND_ADMIT : what < 7 ? KIND_GRANT : KIND_REVOKE;
	op->coordinator = below(s, 3) > 0;
	op->rank = 1 + below(s, 4);
	if (op->kind == KIND_REVOKE && op->who == by && !may_leave)
		op->who = (by + 1) % PEOPLE;
	for (size_t i = 0; i < p->count; i++)
		if (p->ops[i].by == by && p->ops[i].inc == op->inc)
			tips[tip_count++] = (int)i;
	op->prev = -1;
	if (tip_count > 0) /* seldom not the last one: a fork */
		op->prev = below(s, 12) == 0 ? tips[below(s, (unsigned)tip_count)] : tips[tip_count - 1];
	op->seq = op->prev < 0 ? 0 : p->ops[op->prev].seq + 1;
	for (int inc = 0; inc < STORES; inc++) {
		int named[OPS_MAX], named_count = 0;

		op->cut[inc] = op->head[inc] = -1;
		for (size_t i = 0; i < p->count; i++)
			if (p->ops[i].by == op->who && p->ops[i].inc == (unsigned)inc)
				named[named_count++] = (int)i;
		if (op->kind != KIND_REVOKE || named_count == 0 || below(s, 3) == 0)
			continue;
		op->head[inc] = named[below(s, (unsigned)named_count)];
		op->cut[inc] = (int)p->ops[op->head[inc]].seq;
		cuts[cut_count++] = cut_at(&w->control, (unsigned)inc, &w->entries[op->head[inc]]);
	}
	/* Written by hand after the very entry, since a fork does not follow the last. */
	switch (op->kind) {
	case KIND_ADMIT: written = world_admit(w, by, 9, op->who, op->who); break;
	case KIND_GRANT:
		written = world_grant(w, by, 9, op->who, op->coordinator ? ROLE_COORDINATOR : ROLE_ADVISOR, NULL, op->rank);
		break;
	default: written = world_revoke(w, by, 9, op->who, cuts, cut_count); break;
	}
	assert(written == p->count);
	w->count--;
	{
		struct entry made = w->entries[written];

		world_write_after(w, by, &w->control, op->inc, op->prev < 0 ? NULL : &w->entries[op->prev], op->kind,
		                  made.payload);
		free((void *)(uintptr_t)made.payload.p);
	}
	for (size_t i = 0; i < p->count; i++)
		if (SAME(w->entries[i].id, w->entries[written].id)) { /* the same thing at the same place is one entry */
			free((void *)(uintptr_t)w->entries[written].payload.p);
			w->count--;
			return;
		}
	p->count++;
}

/*
 * Every pair that shares a place is a fork; a FORK entry may or may not be
 * there. Operations before `from` keep what was known of them: an attacker
 * forks logs of his own.
 */
static void
find_forks(struct plain *p, uint64_t *s, bool known[OPS_MAX], size_t from)
{
	for (unsigned d = 0; d < PEOPLE; d++)
		for (unsigned i = 0; i < STORES; i++)
			p->fork[d][i] = UINT32_MAX;
	for (size_t i = 0; i < p->count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct plain_op *a = &p->ops[i], *b = &p->ops[k];
			unsigned *at = &p->fork[a->by][a->inc];

			if (a->by != b->by || a->inc != b->inc || a->seq != b->seq)
				continue;
			known[i] = known[i] || (i >= from && below(s, 4) > 0);
			if (known[i] && a->seq < *at)
				*at = a->seq;
		}
}

static struct org *
org_in_order(const struct world *w, const struct plain *p, const size_t *order, uint8_t digest[16])
{
	struct org *o = org_new();

	assert_non_null(o);
	for (size_t i = 0; i < w->count; i++)
		assert_int_equal(org_add(o, &w->entries[order[i]], NULL), ERR_OK);
	for (size_t i = 0; i < p->count; i++) {
		struct fork_proof proof = { .a = w->entries[i].h };

		if (p->ops[i].seq == p->fork[p->ops[i].by][p->ops[i].inc])
			assert_int_equal(org_add_fork(o, &proof, NULL), ERR_OK);
	}
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	org_digest(o, digest);
	return o;
}

static void
compare(const struct world *w, const struct org *o, const struct plain *p, unsigned seed)
{
	for (unsigned d = 0; d < PEOPLE; d++) {
		const struct org_device *dev = world_device(w, o, d);
		char name[48];

		snprintf(name, sizeof(name), "seed %u, device %u", seed, d);
		CHECK_CASE(name, dev != NULL, p->admitted[d]);
		if (dev == NULL)
			continue;
		CHECK_CASE(name, dev->rank, p->rank[d]);
		CHECK_CASE(name, dev->gone, p->gone[d]);
		for (unsigned i = 0; i < STORES; i++) {
			struct log_key log = world_log(w, d, &w->control, i);
			uint64_t limit = org_limit(o, &log);

			if (p->cut_any[d] && p->cut[d][i] < 0)
				CHECK_CASE(name, limit, 0);
			if (!p->cut_any[d] && p->fork[d][i] == UINT32_MAX)
				CHECK_CASE(name, limit, UINT64_MAX);
		}
	}
	CHECK_CASE("grants", org_grant_count(o), p->grants);
}

/* Each accepted GRANT was made by the root or by a coordinator with an accepted, more senior GRANT. */
static void
check_chains(const struct world *w, const struct org *o)
{
	for (size_t i = 0; i < org_grant_count(o); i++) {
		const struct org_grant *g = org_grant_at(o, i);
		bool found = SAME(g->by, w->actors[ROOT].id);

		for (size_t k = 0; k < org_grant_count(o) && !found; k++) {
			const struct org_grant *by = org_grant_at(o, k);

			found = SAME(by->dev, g->by) && by->role == ROLE_COORDINATOR && by->rank < g->rank;
		}
		CHECK_TRUE("a chain to the root", found);
	}
}

static void
shuffle(size_t *order, size_t count, uint64_t *s)
{
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	for (size_t i = count; i > 1; i--) {
		size_t k = below(s, (unsigned)i), t = order[i - 1];

		order[i - 1] = order[k];
		order[k] = t;
	}
}

/*
 * Universes, evaluated twice by different code and in two orders; then those
 * of equal or lower rank than the juniormost remover add what they please,
 * and whoever was removed stays removed.
 */
static void
no_accepted_removal_is_ever_undone(void **state)
{
	struct world *w = world_new();
	struct plain p;
	unsigned runs = getenv("FALTBOK_UNIVERSES") ? (unsigned)atoi(getenv("FALTBOK_UNIVERSES")) : 3000;

	(void)state;
	w->unsigned_entries = true;
	for (unsigned seed = 1; seed <= runs; seed++) {
		uint64_t s = seed * 0x9e3779b97f4a7c15u;
		size_t order[OPS_MAX], base = 25 + below(&s, 20);
		bool known[OPS_MAX] = { false }, was_gone[PEOPLE];
		unsigned remover = 1 + below(&s, 3);
		uint8_t digest[16], again[16];
		struct org *o;

		world_clear(w);
		memset(&p, 0, sizeof(p));
		p.ops[0] = (struct plain_op){ .by = ROOT, .kind = KIND_GENESIS, .prev = -1 };
		p.count = world_genesis(w) + 1;
		for (unsigned d = 1; d < 3; d++) { /* so that the first strata are seldom empty */
			p.ops[p.count] = (struct plain_op){ .by = ROOT, .seq = (unsigned)p.count, .who = d, .rank = 1, .coordinator = true,
			                                    .kind = KIND_GRANT, .prev = (int)p.count - 1 };
			p.count = world_grant(w, ROOT, 0, d, ROLE_COORDINATOR, NULL, 1) + 1;
		}
		while (p.count < base)
			add_random_op(w, &p, &s, below(&s, PEOPLE), true);
		find_forks(&p, &s, known, 0);
		plain_evaluate(&p);
		shuffle(order, w->count, &s);
		o = org_in_order(w, &p, order, digest);
		compare(w, o, &p, seed);
		check_chains(w, o);
		org_free(o);
		shuffle(order, w->count, &s);
		org_free(org_in_order(w, &p, order, again));
		assert_memory_equal(digest, again, 16);

		/* Who was removed by somebody of rank `remover` or more senior, by the strata above the attackers alone. */
		for (unsigned d = 0; d < PEOPLE; d++) {
			was_gone[d] = false;
			for (size_t i = 0; i < p.count; i++)
				if (p.ops[i].kind == KIND_REVOKE && p.ops[i].who == d && p.rank[p.ops[i].by] <= remover &&
				    p.ops[i].by != d && p.rank[d] > p.rank[p.ops[i].by] && plain_counts(&p, i))
					was_gone[d] = true;
		}
		for (unsigned n = 0; n < 30; n++) {
			unsigned by = below(&s, PEOPLE);

			if (p.rank[by] >= remover)
				add_random_op(w, &p, &s, by, p.rank[by] == RANK_NONE);
		}
		find_forks(&p, &s, known, base);
		plain_evaluate(&p);
		shuffle(order, w->count, &s);
		o = org_in_order(w, &p, order, digest);
		compare(w, o, &p, seed);
		check_chains(w, o);
		for (unsigned d = 0; d < PEOPLE; d++)
			if (was_gone[d] && world_device(w, o, d) != NULL)
				CHECK_TRUE("still removed", gone(w, o, d));
		org_free(o);
	}
	world_free(w);
}

static void
five_thousand_operations_are_evaluated_at_once(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct timespec from, to;
	uint8_t a[16], b[16];
	struct org *o;
	struct control_op seal = { .kind = KIND_SEALKEY };

	(void)state;
	w->unsigned_entries = true;
	for (unsigned i = 0; w->count < 5000; i++) {
		unsigned by = 1 + i % 3;

		if (i % 4 == 0)
			world_op(w, by, 0, &seal);
		else
			world_grant(w, by, 0, ANA + i % 8, ROLE_ADVISOR, &team, 0);
	}
	o = evaluated(w);
	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	clock_gettime(CLOCK_MONOTONIC, &to);
	print_message("5000 control entries: %.1f ms\n",
	              (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6);
	org_digest(o, a);
	digest_of(w, b);
	assert_memory_equal(a, b, 16);
	org_free(o);
	world_free(w);
}

static void
running_out_of_memory_changes_nothing(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	uint8_t want[16], got[16], before[16];
	enum err_code rc;

	(void)state;
	works(w, ANA, &team, 0, 1);
	works(w, BOB, &team, 0, 2);
	world_adopt(w, ANA, &team, 0, BOB, 0, 1, world_last(w, BOB, &team, 0));
	world_revoke(w, C1, 0, BOB, NULL, 0);
	world_revoke(w, C3, 0, C3, NULL, 0);
	digest_of(w, want);
	for (long n = 0;; n++) {
		struct org *o;
		size_t i = 0;

		mem_fail_after(n, 0);
		o = org_new();
		rc = o == NULL ? ERR_NO_MEMORY : ERR_OK;
		while (rc == ERR_OK && i < w->count)
			rc = org_add(o, &w->entries[i++], NULL);
		if (rc == ERR_OK)
			rc = org_evaluate(o, NULL);
		mem_fail_after(-1, 0);
		if (o == NULL)
			continue;
		if (rc == ERR_OK) {
			org_free(o);
			break;
		}
		assert_int_equal(rc, ERR_NO_MEMORY);
		org_digest(o, before);
		assert_memory_equal(before, (uint8_t[16]){ 0 }, 16);
		for (i = 0; i < w->count; i++) /* the same again, with memory */
			assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK);
		assert_int_equal(org_evaluate(o, NULL), ERR_OK);
		org_digest(o, got);
		assert_memory_equal(got, want, 16);
		org_free(o);
	}
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_accepted_removal_is_ever_undone),
		cmocka_unit_test(five_thousand_operations_are_evaluated_at_once),
		cmocka_unit_test(running_out_of_memory_changes_nothing),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
