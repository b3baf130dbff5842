/*
 * A small office to start from, and what every test of it asks.
 */
#ifndef FALTBOK_TESTS_OFFICE_H
#define FALTBOK_TESTS_OFFICE_H

#include "check.h"
#include "world.h"

enum { C1 = 1, C2 = 2, C3 = 3, ANA = 4, BOB = 5, DEE = 6, EVE = 7, HUB = 8, AUD = 9, X = 10 };

/* Root, two coordinators of rank 1, C3 of rank 2, Ana and Bob in team 1. */
static inline struct world *
office(void)
{
	struct world *w = world_new();
	struct stream_id team = team_of(1);

	world_genesis(w);
	for (unsigned c = C1; c <= C2; c++) {
		world_admit(w, ROOT, 0, c, c);
		world_grant(w, ROOT, 0, c, ROLE_COORDINATOR, NULL, 1);
	}
	world_admit(w, C1, 0, C3, C3);
	world_grant(w, C1, 0, C3, ROLE_COORDINATOR, NULL, 2);
	world_team(w, C1, 0, &team, 1, 0);
	for (unsigned d = ANA; d <= BOB; d++) {
		world_admit(w, C1, 0, d, d);
		world_grant(w, C1, 0, d, ROLE_ADVISOR, &team, 0);
	}
	return w;
}

static inline struct org *
evaluated(struct world *w)
{
	struct org *o = org_new();

	assert_non_null(o);
	org_set_holds(o, world_holds, w);
	for (size_t i = 0; i < w->count; i++)
		assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	return o;
}

static inline void
digest_of(struct world *w, uint8_t out[16])
{
	struct org *o = evaluated(w);

	org_digest(o, out);
	org_free(o);
}

static inline struct hash
grant_of(const struct org *o, const struct world *w, unsigned who, const struct stream_id *stream)
{
	const struct org_grant *g = org_grant_for(o, stream, &w->actors[who].id);

	assert_non_null(g);
	return g->id;
}

/* Opens a log for `who` in the team under the grant it has, and writes n entries of content. */
static inline void
works(struct world *w, unsigned who, const struct stream_id *team, unsigned inc, unsigned n)
{
	struct org *o = evaluated(w);
	struct hash grant = grant_of(o, w, who, team);

	world_open(w, who, team, inc, &grant);
	world_data(w, who, team, inc, n);
	org_free(o);
}

/* `teller` proves that two histories of one log were written. */
static inline void
told_twice(struct world *w, unsigned teller, const struct entry *a, const struct entry *b)
{
	struct buf proof = BUF_INIT;
	struct fork_proof p;

	fork_proof_make(&p, a, b);
	fork_proof_encode(&proof, &p);
	world_write(w, teller, &w->control, 0, KIND_FORK, buf_bytes(&proof));
	buf_free(&proof);
}

/* Another entry beside the last one of a log, which has more than one. */
static inline const struct entry *
beside_last(struct world *w, unsigned who, const struct stream_id *stream, uint8_t kind, struct bytes payload)
{
	const struct entry *last = world_last(w, who, stream, 0);

	return &w->entries[world_write_after(w, who, stream, 0, world_find(w, last->h.prev.b, 32), kind, payload)];
}

static inline bool
gone(const struct world *w, const struct org *o, unsigned who)
{
	return world_device(w, o, who)->gone;
}

#endif
