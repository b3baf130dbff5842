/*
 * Evaluating who belongs, from the empty state, over 5,000 control entries: an
 * office of 600 devices that came and went for years, with seal keys, teams,
 * removals with cuts, kill cards and a root handed over twice. Signatures were
 * checked when the entries came, as in a store.
 */
#include "../unit/world.h"
#include "bench.h"

enum { ENTRIES = 5000, DEVICES = 600, ROUNDS = 20, HEIR = 11 };

/* Numbers beyond the world's actors: keys of their own, made as they are needed. */
static void
come_and_go(struct world *w, struct actor *a, unsigned n)
{
	struct control_op op = { .kind = KIND_ADMIT };
	struct cut cut;
	struct stream_id team = team_of(n % 12);

	actor_make(a, 1000 + n);
	op.u.admit = a->request.keys;
	op.u.admit.enc_name = BYTES_STR("a sealed name of some forty bytes or so");
	memset(op.u.admit.member.b, (int)(n % 200), sizeof(op.u.admit.member.b));
	world_op(w, 1 + n % 4, 0, &op);
	for (unsigned g = 0; g < 3; g++) {
		op = (struct control_op){ .kind = KIND_GRANT, .u.grant = { .dev = a->id, .role = ROLE_ADVISOR, .has_team = true,
		                                                           .team = team_of((n + g) % 12), .rank = RANK_NONE } };
		world_op(w, 1 + n % 4, 0, &op);
	}
	w->actors[WORLD_ACTORS - 1] = *a; /* who speaks next */
	op = (struct control_op){ .kind = KIND_SEALKEY };
	for (unsigned k = 0; k < 3; k++) {
		memset(op.u.sealkey.seal_pk, (int)k, sizeof(op.u.sealkey.seal_pk));
		world_op(w, WORLD_ACTORS - 1, n, &op);
	}
	if (n % 2 == 0) {
		cut = cut_at(&w->control, n, &w->entries[w->count - 1]);
		if (n % 10 == 0)
			world_kill(w, 1 + n % 4, 0, WORLD_ACTORS - 1, &cut, 1);
		else
			world_revoke(w, 1 + n % 4, 0, WORLD_ACTORS - 1, &cut, 1);
	}
	if (n % 50 == 0)
		world_team(w, 1, 0, &team, 1, 0);
}

static struct world *
years(void)
{
	struct world *w = world_new();
	struct actor a;
	struct cut cut;

	w->unsigned_entries = true;
	world_genesis(w);
	for (unsigned c = 1; c <= 4; c++) {
		world_admit(w, ROOT, 0, c, c);
		world_grant(w, ROOT, 0, c, ROLE_COORDINATOR, NULL, 1);
	}
	for (unsigned n = 0; n < DEVICES; n++)
		come_and_go(w, &a, n);
	cut = cut_at(&w->control, 0, world_last(w, ROOT, &w->control, 0));
	world_rotate(w, 1, 0, ROOT, HEIR, &cut, 1);
	world_rotate(w, 1, 0, HEIR, HEIR + 1, NULL, 0);
	while (w->count < ENTRIES)
		world_grant(w, 1 + (unsigned)(w->count % 4), 0, 5, ROLE_AUDITOR, NULL, 0);
	return w;
}

void
bench_org(struct bench *b)
{
	struct world *w = years();
	struct org *o = org_new();
	double best = 1e9, floor_ms;
	uint8_t hash[32];
	double began;

	(void)b;
	assert(o != NULL);
	for (size_t i = 0; i < w->count; i++)
		assert(org_add(o, &w->entries[i], NULL) == ERR_OK);
	assert(org_evaluate(o, NULL) == ERR_OK); /* the first one also checks kill cards and rotations */
	for (int r = 0; r < ROUNDS; r++) {
		double took;

		began = now_s();
		assert(org_evaluate(o, NULL) == ERR_OK);
		took = now_s() - began;
		best = took < best ? took : best;
	}
	began = now_s();
	for (size_t i = 0; i < w->count; i++)
		HC(hash, sizeof(hash), BYTES_NONE, "bench", w->entries[i].payload);
	floor_ms = (now_s() - began) * 1e3;
	figure("org_eval_5000_ms", best * 1e3, "ms", floor_ms, "ms, hashing the payloads once", best * 1e3 / floor_ms);
	org_free(o);
	world_free(w);
}
