/*
 * proto/org.md, 4 to 6 and 9, at their edges: entries that stand where they
 * do not belong, come twice, or speak of what nobody holds.
 */
#include "fixed_env.h"
#include "office.h"

#include "org/ack.h"
#include "org/netkey.h"
#include "org/orders.h"

enum { HEIR = 11, SECOND_HEIR = 12, THIRD_HEIR = 13 };

static uint64_t
limit_of(const struct world *w, const struct org *o, unsigned who, const struct stream_id *stream, unsigned inc)
{
	struct log_key key = world_log(w, who, stream, inc);

	return org_limit(o, &key);
}

/* The same entries, the last one first. */
static struct org *
backwards(struct world *w)
{
	struct org *o = org_new();

	assert_non_null(o);
	org_set_holds(o, world_holds, w);
	for (size_t i = w->count; i-- > 0;)
		assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	return o;
}

/* One entry more, by an author who writes at seq 0 whatever stands there already. */
static const struct entry *
first_of_log(struct world *w, unsigned by, const struct stream_id *stream, unsigned inc, const struct control_op *op)
{
	struct buf payload = BUF_INIT;
	size_t i;

	control_op_encode(&payload, op);
	i = world_write_after(w, by, stream, inc, NULL, op->kind, buf_bytes(&payload));
	buf_free(&payload);
	return &w->entries[i];
}

static void
without_a_genesis_there_is_an_answer_to_every_question(void **state)
{
	struct world *w = office();
	struct org *o = org_new(), *other = evaluated(w);
	struct stream_id team = team_of(1);
	struct log_key log = world_log(w, C1, &w->control, 0);
	uint8_t hash[32], digest[16];

	(void)state;
	for (size_t i = 1; i < w->count; i++)
		assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK);
	assert_null(org_device_by_author(o, &w->actors[ANA].keys.sign_pk));
	assert_null(org_device_by_noise(o, w->actors[ANA].keys.noise_pk));
	assert_null(org_team_by_id(o, &team));
	assert_null(org_grant_for(o, &team, &w->actors[ANA].id));
	assert_null(org_root(o));
	assert_false(org_next_root(o, hash) || org_disputed(o, &w->actors[ANA].id) || org_is_drop_box(o, &team));
	assert_false(org_reads(o, &team, &w->actors[ANA].id));
	assert_int_equal(org_void_removals(o) + org_team_count(o) + org_grant_count(o) + org_root_count(o), 0);
	assert_int_equal(org_share(o, world_device(w, other, ANA), &team), SHARE_NOTHING);
	assert_int_equal(org_limit(o, &log), 0);
	assert_int_equal(org_wanted(o, &log), 0);
	assert_false(org_effective(o, &log, 0));
	org_digest(o, digest);
	assert_memory_equal(digest, (uint8_t[16]){ 0 }, sizeof(digest));
	org_free(o);
	org_free(other);
	world_free(w);
}

static void
of_two_organisations_the_one_with_the_smaller_genesis_is_heard_whichever_came_first(void **state)
{
	struct world *w = world_new(), *other = world_new();
	const struct world *smaller;

	(void)state;
	other->genesis.nonce[0] ^= 1;
	other->org = org_id_of(&other->genesis);
	other->control = control_stream(&other->org);
	world_genesis(w);
	world_genesis(other);
	smaller = memcmp(w->entries[0].id.b, other->entries[0].id.b, 32) < 0 ? w : other;
	for (int turn = 0; turn < 2; turn++) {
		struct org *o = org_new();

		assert_int_equal(org_add(o, turn == 0 ? &w->entries[0] : &other->entries[0], NULL), ERR_OK);
		assert_int_equal(org_add(o, turn == 0 ? &other->entries[0] : &w->entries[0], NULL), ERR_OK);
		assert_int_equal(org_evaluate(o, NULL), ERR_OK);
		assert_memory_equal(org_id(o)->b, smaller->org.b, 32);
		org_free(o);
	}
	world_free(w);
	world_free(other);
}

static void
a_genesis_that_stands_elsewhere_founds_nothing(void **state)
{
	static const char *const names[] = { "by another author", "in another stream", "not first in its log" };

	(void)state;
	for (size_t what = 0; what < COUNT_OF(names); what++) {
		struct world *w = world_new();
		struct control_op op = { .kind = KIND_GENESIS, .u.genesis = w->genesis };
		struct org *o = org_new();

		if (what == 2)
			world_grant(w, ROOT, 0, C1, ROLE_COORDINATOR, NULL, 1);
		if (what == 1)
			first_of_log(w, ROOT, &w->roster, 0, &op);
		else
			world_op(w, what == 0 ? C1 : ROOT, 0, &op);
		for (size_t i = 0; i < w->count; i++)
			assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK);
		assert_int_equal(org_evaluate(o, NULL), ERR_OK);
		CHECK_TRUE(names[what], !org_known(o));
		org_free(o);
		world_free(w);
	}
}

/* A control entry in any other stream: stored, if somebody sends it, and of no effect. */
static void
what_decides_counts_in_the_control_stream_alone(void **state)
{
	struct world *w = office();
	struct control_op kill = { .kind = KIND_REVOKE }, turn = { .kind = KIND_ROOTROT };
	uint8_t before[16], after[16], digest[32];
	struct org *o;

	(void)state;
	digest_of(w, before);
	kill.u.revoke = (struct revoke){ .dev = w->actors[BOB].id, .has_kill = true };
	assert_true(revoke_kill_digest(digest, &w->org, &kill.u.revoke));
	sign_digest(kill.u.revoke.kill_sig, "fb1/kill/sig", digest, w->actors[BOB].kill_sk);
	turn.u.rootrot = (struct rootrot){ .rotation_pk = w->actors[ROOT].rot_pk, .new_root = w->actors[HEIR].keys.sign_pk };
	assert_true(rootrot_sign(&turn.u.rootrot, &w->org, w->actors[ROOT].rot_sk));
	first_of_log(w, C1, &w->roster, 0, &kill);
	first_of_log(w, C2, &w->roster, 0, &turn);
	o = evaluated(w);
	assert_false(gone(w, o, BOB));
	assert_memory_equal(org_root(o)->b, w->actors[ROOT].keys.sign_pk.b, 32);
	org_digest(o, after);
	assert_memory_equal(after, before, sizeof(after));
	org_free(o);
	world_op(w, C1, 0, &kill);
	o = evaluated(w);
	assert_true(gone(w, o, BOB));
	org_free(o);
	world_free(w);
}

static void
control_and_roster_are_no_teams(void **state)
{
	struct world *w = office();
	struct org *o;

	(void)state;
	world_team(w, C1, 0, &w->control, 1, 1);
	world_team(w, C1, 0, &w->roster, 1, 1);
	o = evaluated(w);
	assert_int_equal(org_team_count(o), 1);
	assert_false(org_is_drop_box(o, &w->control) || org_is_drop_box(o, &w->roster));
	assert_true(org_reads(o, &w->control, &w->actors[BOB].id));
	org_free(o);
	world_free(w);
}

/* Of one device in one log: which two SEALKEYs and OPENs came first does not matter. */
static void
of_two_beginnings_of_a_log_the_same_one_stands_in_any_order(void **state)
{
	struct stream_id team = team_of(1);
	uint8_t a[16], b[16];

	(void)state;
	for (unsigned round = 0; round < 6; round++) { /* either of the two may have the smaller id */
		struct world *w = office();
		struct control_op open = { .kind = KIND_OPEN }, seal = { .kind = KIND_SEALKEY };
		struct org *o = evaluated(w), *back;
		struct hash grant = grant_of(o, w, ANA, &team);

		org_free(o);
		open.u.open = (struct open_op){ .has_grant = true, .grant = grant };
		first_of_log(w, ANA, &w->control, 1, &open);
		open.u.open.has_grant = false;
		memset(&open.u.open.old, (int)round, sizeof(open.u.open.old));
		open.u.open.old_count = 1;
		first_of_log(w, ANA, &w->control, 1, &open);
		memset(seal.u.sealkey.seal_pk, 1 + (int)round, 32);
		world_op(w, ANA, 1, &seal);
		world_op(w, ANA, 0, &seal);
		world_op(w, ANA, 1, &open); /* and one that begins nothing */
		open.kind = KIND_TEAM_OPEN;
		open.u.open = (struct open_op){ .has_grant = true, .grant = grant };
		first_of_log(w, ANA, &team, 0, &open);
		open.u.open.has_grant = false;
		memset(&open.u.open.grant, 0, sizeof(open.u.open.grant));
		first_of_log(w, ANA, &team, 0, &open);
		world_data(w, ANA, &team, 0, 1);
		o = evaluated(w);
		back = backwards(w);
		org_digest(o, a);
		org_digest(back, b);
		assert_memory_equal(a, b, sizeof(a));
		assert_int_equal(world_device(w, o, ANA)->seal_index, world_device(w, back, ANA)->seal_index);
		assert_int_equal(world_device(w, o, ANA)->seal_first, world_device(w, back, ANA)->seal_first);
		assert_memory_equal(world_device(w, o, ANA)->seal_pk, world_device(w, back, ANA)->seal_pk, 32);
		assert_int_equal(limit_of(w, o, ANA, &team, 0), limit_of(w, back, ANA, &team, 0));
		org_free(o);
		org_free(back);
		world_free(w);
	}
}

static void
an_opening_opens_only_where_a_log_begins_and_when_it_can_be_read(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct org *o = evaluated(w);
	struct hash grant = grant_of(o, w, ANA, &team);
	struct entry bare;

	(void)state;
	org_free(o);
	world_data(w, ANA, &team, 0, 1);
	world_open(w, ANA, &team, 0, &grant); /* at seq 1 */
	world_open(w, ANA, &team, 1, &grant);
	bare = w->entries[w->count - 1];
	o = evaluated(w);
	assert_int_equal(limit_of(w, o, ANA, &team, 0), 0);
	assert_int_equal(limit_of(w, o, ANA, &team, 1), UINT64_MAX);
	org_free(o);
	o = org_new();
	for (size_t i = 0; i + 1 < w->count; i++)
		assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK);
	bare.has_payload = false;
	assert_int_equal(org_add(o, &bare, NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_int_equal(limit_of(w, o, ANA, &team, 1), 0);
	bare.has_payload = true; /* and comes later */
	assert_int_equal(org_add(o, &bare, NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_int_equal(limit_of(w, o, ANA, &team, 1), UINT64_MAX);
	assert_int_equal(org_skipped(o), 0);
	org_free(o);
	world_free(w);
}

/* Two cuts at one place: of the entry both name the branch goes on to there; where they differ, neither is believed. */
static void
two_cuts_at_one_place_count_for_what_they_agree_on(void **state)
{
	static const struct { const char *name; bool grant_a, first_a, second, second_a; uint64_t want; } cases[] = {
		{ "all name one entry", true, true, false, false, 3 },
		{ "the withdrawal names another", false, true, false, false, 2 },
		{ "the removals name two, the withdrawal one of them", true, true, true, false, 2 },
		{ "two removals and the withdrawal name one", true, true, true, true, 3 },
	};
	struct stream_id team = team_of(1);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct world *w = office();
		struct control_op op = { .kind = KIND_UNGRANT };
		const struct entry *a, *b;
		struct cut at_a, at_b, cut;
		struct hash grant;
		struct org *o = evaluated(w);

		grant = grant_of(o, w, BOB, &team);
		org_free(o);
		works(w, BOB, &team, 0, 2);
		a = world_last(w, BOB, &team, 0);
		b = beside_last(w, BOB, &team, KIND_DATA, BYTES_STR("another story"));
		told_twice(w, C2, a, b);
		at_a = cut_at(&team, 0, a);
		at_b = cut_at(&team, 0, b);
		cut = cases[i].grant_a ? at_a : at_b;
		op.u.ungrant = (struct ungrant){ w->actors[BOB].id, team, 1, &grant, 1, &cut };
		world_op(w, C1, 0, &op);
		world_revoke(w, C1, 0, BOB, cases[i].first_a ? &at_a : &at_b, 1);
		if (cases[i].second)
			world_revoke(w, C2, 0, BOB, cases[i].second_a ? &at_a : &at_b, 1);
		o = evaluated(w);
		CHECK_CASE(cases[i].name, limit_of(w, o, BOB, &team, 0), cases[i].want);
		org_free(o);
		world_free(w);
	}
}

/* A cut may name what nobody here holds: it cuts there all the same, and no branch is preferred. */
static void
a_cut_whose_entry_is_not_here_cuts_all_the_same(void **state)
{
	struct world *w = office();
	struct cut cut = { .stream = w->control, .inc = inc_of(0), .seq = 1 };
	struct org *o;

	(void)state;
	world_admit(w, C3, 0, DEE, DEE);
	world_grant(w, C3, 0, DEE, ROLE_AUDITOR, NULL, 0);
	world_grant(w, C3, 0, DEE, ROLE_HUB, NULL, 0);
	memset(cut.head16, 0xab, sizeof(cut.head16));
	world_revoke(w, C1, 0, C3, &cut, 1);
	o = evaluated(w);
	assert_true(gone(w, o, C3));
	assert_true(world_device(w, o, DEE)->auditor);
	assert_false(world_device(w, o, DEE)->hub);
	org_free(o);
	world_free(w);
}

/* ---- adoptions ---- */

static size_t
adopts(struct world *w, unsigned by, const struct stream_id *in, const struct adopt_run *runs, size_t count)
{
	struct control_op op = { .kind = KIND_ADOPT, .u.adopt = { count, NULL } };
	struct adopt_run copy[4];
	struct buf payload = BUF_INIT;
	size_t i;

	memcpy(copy, runs, count * sizeof(*runs));
	op.u.adopt.runs = copy;
	control_op_encode(&payload, &op);
	i = world_write(w, by, in, 0, KIND_ADOPT, buf_bytes(&payload));
	buf_free(&payload);
	return i;
}

static struct adopt_run
run_of(const struct world *w, unsigned whose, const struct stream_id *stream, uint64_t from, const struct entry *to)
{
	struct adopt_run run = { .author = w->actors[whose].keys.sign_pk, .stream = *stream, .inc = inc_of(0), .from = from, .to = to->h.seq };

	memcpy(run.head16, to->id.b, sizeof(run.head16));
	return run;
}

static const struct entry *
at_seq(const struct world *w, unsigned who, const struct stream_id *stream, uint64_t seq)
{
	return world_ancestor(w, world_last(w, who, stream, 0), seq);
}

/* Bob's log is cut at 2 of 6; Ana adopts in her own way. */
static struct world *
bob_is_cut(struct stream_id *team)
{
	struct world *w = office();
	struct cut cut;

	*team = team_of(1);
	works(w, ANA, team, 0, 1);
	works(w, BOB, team, 0, 5);
	cut = cut_at(team, 0, at_seq(w, BOB, team, 1));
	world_revoke(w, C1, 0, BOB, &cut, 1);
	return w;
}

static void
what_is_adopted_beyond_a_gap_counts_and_the_gap_does_not(void **state)
{
	struct stream_id team;
	struct world *w = bob_is_cut(&team);
	struct log_key log = world_log(w, BOB, &team, 0);
	struct adopt_run run = run_of(w, BOB, &team, 4, at_seq(w, BOB, &team, 4));
	struct org *o;

	(void)state;
	adopts(w, ANA, &team, &run, 1);
	o = evaluated(w);
	assert_int_equal(org_limit(o, &log), 2);
	assert_int_equal(org_wanted(o, &log), 5);
	for (uint64_t seq = 0; seq < 6; seq++)
		assert_int_equal(org_effective(o, &log, seq), seq < 2 || seq == 4);
	org_free(o);
	world_free(w);
}

static void
adoptions_come_to_the_same_in_any_order(void **state)
{
	struct stream_id team;
	struct world *w = bob_is_cut(&team);
	struct log_key log = world_log(w, BOB, &team, 0), own = world_log(w, ANA, &team, 0);
	struct adopt_run runs[6] = {
		run_of(w, BOB, &team, 2, at_seq(w, BOB, &team, 3)), run_of(w, BOB, &team, 2, at_seq(w, BOB, &team, 2)),
		run_of(w, BOB, &team, 2, at_seq(w, BOB, &team, 3)), run_of(w, BOB, &team, 0, at_seq(w, BOB, &team, 1)),
		run_of(w, ANA, &team, 0, at_seq(w, ANA, &team, 1)), run_of(w, EVE, &team, 0, at_seq(w, BOB, &team, 1)),
	};
	struct org *o, *back;

	(void)state;
	runs[2].head16[0] ^= 1; /* a head nobody holds, else the same */
	for (size_t i = 0; i < COUNT_OF(runs); i++)
		adopts(w, ANA, &team, &runs[i], 1);
	adopts(w, ANA, &team, &runs[0], 1); /* and once more */
	assert_int_equal(w->entries[w->count - 1].h.kind, KIND_ADOPT);
	o = evaluated(w);
	back = backwards(w);
	assert_int_equal(org_limit(o, &log), 4);
	assert_int_equal(org_limit(back, &log), 4);
	assert_int_equal(org_wanted(o, &log), 4);
	assert_int_equal(org_wanted(back, &log), 4);
	assert_int_equal(org_limit(o, &own), UINT64_MAX);
	assert_int_equal(org_add(o, &w->entries[w->count - 1], NULL), ERR_OK); /* again does no harm */
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_int_equal(org_generation(o), 1);
	org_free(o);
	org_free(back);
	world_free(w);
}

static void
an_adoption_speaks_of_its_own_team_only(void **state)
{
	struct stream_id team, other = team_of(2);
	struct world *w = bob_is_cut(&team);
	struct log_key log = world_log(w, BOB, &team, 0);
	struct adopt_run run = run_of(w, BOB, &team, 2, at_seq(w, BOB, &team, 4)), of_control;
	struct entry bare;
	struct org *o;

	(void)state;
	world_team(w, C1, 0, &other, 1, 0);
	world_grant(w, C1, 0, ANA, ROLE_ADVISOR, &other, 0);
	works(w, ANA, &other, 0, 0);
	works(w, C1, &w->roster, 0, 0);
	adopts(w, ANA, &other, &run, 1);
	o = evaluated(w);
	assert_int_equal(org_limit(o, &log), 2);
	org_free(o);
	adopts(w, C1, &w->roster, &run, 1);
	o = evaluated(w);
	assert_int_equal(org_limit(o, &log), 2);
	org_free(o);
	/* Nor is control a team, though somebody is granted it as one. */
	world_grant(w, C1, 0, EVE, ROLE_ADVISOR, &w->control, 0);
	world_admit(w, C1, 0, EVE, EVE);
	o = evaluated(w);
	{
		struct hash grant = { { 0 } };
		struct control_op open = { .kind = KIND_TEAM_OPEN };

		for (size_t i = 0; i < org_grant_count(o); i++)
			if (SAME(org_grant_at(o, i)->dev, w->actors[EVE].id))
				grant = org_grant_at(o, i)->id;
		open.u.open = (struct open_op){ .has_grant = true, .grant = grant };
		first_of_log(w, EVE, &w->control, 0, &open);
	}
	org_free(o);
	of_control = run_of(w, BOB, &w->control, 0, &w->entries[1]);
	adopts(w, EVE, &w->control, &of_control, 1);
	o = evaluated(w);
	assert_int_equal(limit_of(w, o, BOB, &w->control, 0), 0); /* cut to nothing by his removal, which names no control log */
	org_free(o);
	/* One whose payload is missing adopts nothing yet. */
	adopts(w, ANA, &team, &run, 1);
	bare = w->entries[--w->count];
	bare.has_payload = false;
	o = evaluated(w);
	assert_int_equal(org_add(o, &bare, NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_int_equal(org_limit(o, &log), 2);
	bare.has_payload = true;
	assert_int_equal(org_add(o, &bare, NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_int_equal(org_limit(o, &log), 5);
	assert_int_equal(org_generation(o), 2);
	org_free(o);
	w->count++; /* its payload is freed with the others */
	world_free(w);
}

/* ---- roots ---- */

/* `next` of -1: the one who takes over commits to no further key. */
static void
turns(struct world *w, unsigned carrier, unsigned old, unsigned to, int next)
{
	struct control_op op = { .kind = KIND_ROOTROT };

	op.u.rootrot = (struct rootrot){ .rotation_pk = w->actors[old].rot_pk, .new_root = w->actors[to].keys.sign_pk, .has_next = next >= 0 };
	if (next >= 0)
		rotation_hash(op.u.rootrot.next_root_hash, &w->actors[next].rot_pk);
	assert_true(rootrot_sign(&op.u.rootrot, &w->org, w->actors[old].rot_sk));
	world_op(w, carrier, 0, &op);
}

static void
a_root_that_commits_to_no_key_is_the_last(void **state)
{
	struct world *w = office();
	uint8_t hash[32];
	struct org *o;

	(void)state;
	turns(w, C1, ROOT, HEIR, -1);
	turns(w, C1, HEIR, SECOND_HEIR, SECOND_HEIR);
	o = evaluated(w);
	assert_int_equal(org_root_count(o), 2);
	assert_memory_equal(org_root(o)->b, w->actors[HEIR].keys.sign_pk.b, 32);
	assert_false(org_next_root(o, hash));
	org_free(o);
	world_free(w);
}

static void
a_key_that_was_wanted_once_hands_nothing_over_again(void **state)
{
	struct world *w = office();
	uint8_t hash[32];
	struct org *o;

	(void)state;
	turns(w, C1, ROOT, HEIR, ROOT); /* commits to the key it has just used */
	o = evaluated(w);
	assert_memory_equal(org_root(o)->b, w->actors[HEIR].keys.sign_pk.b, 32);
	assert_false(org_next_root(o, hash));
	org_free(o);
	world_clear(w);
	world_free(w);
	w = office();
	turns(w, C1, ROOT, HEIR, HEIR);
	turns(w, C1, HEIR, SECOND_HEIR, SECOND_HEIR);
	turns(w, C1, SECOND_HEIR, THIRD_HEIR, ROOT); /* the first of them */
	turns(w, C1, ROOT, X, X);
	o = evaluated(w);
	/* The first key has now signed two turns: nobody can say which was first. */
	assert_null(org_root(o));
	assert_int_equal(org_root_at(o, 0)->state, ROOT_RETIRED);
	org_free(o);
	w->count--;
	o = evaluated(w);
	assert_int_equal(org_root_count(o), 4);
	assert_memory_equal(org_root(o)->b, w->actors[THIRD_HEIR].keys.sign_pk.b, 32);
	assert_false(org_next_root(o, hash));
	org_free(o);
	w->count++;
	world_free(w);
}

/* ---- who reads, who is told ---- */

static void
a_kill_card_fits_the_device_it_was_printed_for(void **state)
{
	struct world *w = office();
	struct org *o = evaluated(w);
	struct control_op op = { .kind = KIND_ADMIT, .u.admit = w->actors[DEE].request.keys };

	(void)state;
	assert_true(org_kill_card_fits(o, &w->actors[BOB].id, w->actors[BOB].kill_pk));
	assert_false(org_kill_card_fits(o, &w->actors[BOB].id, w->actors[ANA].kill_pk));
	assert_false(org_kill_card_fits(o, &w->actors[EVE].id, w->actors[EVE].kill_pk));
	org_free(o);
	/* A device without a card. */
	{
		struct join_request bare = w->actors[DEE].request;
		uint8_t nonce[16] = { 9 };

		memset(&bare, 0, sizeof(bare));
		join_request_make(&bare, &w->actors[DEE].keys, w->actors[DEE].seal_pk, nonce);
		op.u.admit = bare.keys;
		memset(op.u.admit.member.b, 6, sizeof(op.u.admit.member.b));
		op.u.admit.enc_name = BYTES_STR("sealed name");
	}
	world_op(w, C1, 0, &op);
	world_kill(w, C2, 0, DEE, NULL, 0);
	o = evaluated(w);
	assert_non_null(world_device(w, o, DEE));
	assert_false(org_kill_card_fits(o, &w->actors[DEE].id, w->actors[DEE].kill_pk));
	org_free(o);
	world_free(w);
}

static void
who_is_told_what_depends_on_role_and_stream(void **state)
{
	struct stream_id team = team_of(1), box = team_of(2), far = team_of(3);
	struct world *w = office();
	struct org *o;
	const struct org_device *bob;

	(void)state;
	world_team(w, C1, 0, &box, 1, 1);
	world_admit(w, C1, 0, DEE, DEE);                                /* admitted, nothing granted */
	world_admit(w, C1, 0, HUB, HUB);
	world_grant(w, C1, 0, HUB, ROLE_HUB, NULL, 0);
	world_admit(w, C1, 0, EVE, EVE);
	world_grant(w, C1, 0, EVE, ROLE_ADVISOR, &team, 0);
	world_grant(w, C1, 0, EVE, ROLE_ADVISOR, NULL, 0);
	o = evaluated(w);
	assert_int_equal(org_share(o, NULL, &team), SHARE_NOTHING);
	assert_int_equal(org_share(o, world_device(w, o, DEE), &box), SHARE_NOTHING);
	assert_int_equal(org_share(o, world_device(w, o, DEE), &w->control), SHARE_ALL);
	assert_int_equal(org_share(o, world_device(w, o, BOB), &box), SHARE_ALL);
	assert_int_equal(org_share(o, world_device(w, o, C1), &far), SHARE_HEADERS);
	assert_int_equal(org_share(o, world_device(w, o, BOB), &far), SHARE_NOTHING);
	assert_true(org_reads(o, &w->control, &w->actors[BOB].id));
	assert_false(org_reads(o, &w->control, &w->actors[DEE].id));
	/* Under which grant somebody writes in the roster: never a hub's; a grant that no UNGRANT takes away comes first. */
	assert_null(org_grant_for(o, &w->roster, &w->actors[HUB].id));
	assert_non_null(org_grant_for(o, &w->control, &w->actors[HUB].id));
	assert_false(org_grant_for(o, &w->roster, &w->actors[EVE].id)->has_team);
	assert_true(org_grant_for(o, &w->roster, &w->actors[BOB].id)->has_team);
	org_free(o);
	world_revoke(w, C1, 0, BOB, NULL, 0);
	o = evaluated(w);
	bob = world_device(w, o, BOB);
	assert_true(bob->gone);
	assert_int_equal(org_share(o, bob, &w->control), SHARE_NOTHING);
	org_free(o);
	world_free(w);
}

/* In the roster and in a drop-box writes who is a coordinator or an adviser, and nobody else. */
static void
a_hub_opens_no_log_in_a_drop_box_or_the_roster(void **state)
{
	struct stream_id box = team_of(2), team = team_of(1);
	struct world *w = office();
	struct org *o;
	struct hash hub, bob;

	(void)state;
	world_team(w, C1, 0, &box, 1, 1);
	world_admit(w, C1, 0, HUB, HUB);
	world_grant(w, C1, 0, HUB, ROLE_HUB, NULL, 0);
	o = evaluated(w);
	hub = grant_of(o, w, HUB, &w->control);
	bob = grant_of(o, w, BOB, &team);
	org_free(o);
	world_open(w, HUB, &box, 0, &hub);
	world_open(w, HUB, &w->roster, 0, &hub);
	world_open(w, BOB, &box, 0, &bob);
	world_open(w, BOB, &w->roster, 0, &bob);
	world_open(w, ANA, &box, 0, &bob); /* under another's grant */
	o = evaluated(w);
	assert_int_equal(limit_of(w, o, HUB, &box, 0), 0);
	assert_int_equal(limit_of(w, o, HUB, &w->roster, 0), 0);
	assert_int_equal(limit_of(w, o, BOB, &box, 0), UINT64_MAX);
	assert_int_equal(limit_of(w, o, BOB, &w->roster, 0), UINT64_MAX);
	assert_int_equal(limit_of(w, o, ANA, &box, 0), 0);
	org_free(o);
	world_free(w);
}

/* Who was heard of since the last evaluation has no effect before the next. */
static void
who_is_new_since_the_last_evaluation_has_no_say_yet(void **state)
{
	struct world *w = office();
	struct org *o = evaluated(w);

	(void)state;
	world_admit(w, C1, 0, DEE, DEE);
	world_op(w, DEE, 0, &(struct control_op){ .kind = KIND_SEALKEY });
	assert_int_equal(limit_of(w, o, DEE, &w->control, 0), 0);
	assert_int_equal(limit_of(w, o, EVE, &w->control, 0), 0);
	for (size_t i = w->count - 2; i < w->count; i++)
		assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK);
	assert_int_equal(limit_of(w, o, DEE, &w->control, 0), 0);
	assert_false(org_removal_counts(o, &w->entries[w->count - 1].id));
	assert_false(org_removal_counts(o, &(struct hash){ { 1 } }));
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_int_equal(limit_of(w, o, DEE, &w->control, 0), UINT64_MAX);
	org_free(o);
	world_free(w);
}

/* ---- network keys ---- */

static void
a_network_key_passes_over_a_device_it_cannot_be_sealed_to(void **state)
{
	struct world *w = office();
	struct control_op op = { .kind = KIND_SEALKEY }; /* all zeroes: a point of low order */
	struct seal_pair ephemeral, mine;
	struct buf out = BUF_INIT;
	struct netkey k;
	uint8_t key[32], opened[32], commit[32];
	struct fixed_env chance;
	struct org *o;

	(void)state;
	memset(key, 9, sizeof(key));
	seal_pair_make(fixed_env_init(&chance), &ephemeral);
	seal_pair_make(&chance.env, &mine);
	world_op(w, BOB, 0, &op);
	memcpy(op.u.sealkey.seal_pk, mine.pk, 32);
	world_op(w, ANA, 0, &op);
	o = evaluated(w);
	assert_int_equal(netkey_make(&out, o, 1, key, &ephemeral, NULL), ERR_OK);
	assert_int_equal(netkey_decode(&k, buf_bytes(&out), NULL), ERR_OK);
	assert_int_equal(k.count, org_device_count(o) - 1);
	for (size_t i = 0; i < k.count; i++)
		assert_false(SAME(netkey_device_at(&k, i), w->actors[BOB].id));
	assert_true(netkey_open(opened, &k, &w->org, &w->actors[ANA].id, &mine, 1));
	assert_memory_equal(opened, key, 32);
	assert_false(netkey_open(opened, &k, &w->org, &w->actors[BOB].id, &mine, 1));
	assert_false(netkey_open(opened, &k, &w->org, &w->actors[ANA].id, &ephemeral, 1));
	buf_free(&out);
	/* Sealed for the commitment that it names, and another key than that one commits to. */
	{
		const struct seal_context c = { .org = &w->org, .stream = &w->control, .commit = commit };
		uint8_t wrong[32], sealed[SEALED_KEY_BYTES];

		memset(wrong, 8, sizeof(wrong));
		netkey_commit(commit, key, &w->org);
		assert_true(seal_key(sealed, wrong, &c, ephemeral.pk, ephemeral.sk, mine.pk));
		wr_array(&out, 4);
		wr_uint(&out, 1);
		wr_bin(&out, commit, 32);
		wr_bin(&out, ephemeral.pk, 32);
		wr_array(&out, 1);
		wr_array(&out, 3);
		WR_FIXED(&out, w->actors[ANA].id);
		wr_uint(&out, 1);
		wr_bin(&out, sealed, sizeof(sealed));
	}
	assert_int_equal(netkey_decode(&k, buf_bytes(&out), NULL), ERR_OK);
	assert_false(netkey_open(opened, &k, &w->org, &w->actors[ANA].id, &mine, 1));
	buf_free(&out);
	org_free(o);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_genesis_there_is_an_answer_to_every_question),
		cmocka_unit_test(of_two_organisations_the_one_with_the_smaller_genesis_is_heard_whichever_came_first),
		cmocka_unit_test(a_genesis_that_stands_elsewhere_founds_nothing),
		cmocka_unit_test(what_decides_counts_in_the_control_stream_alone),
		cmocka_unit_test(control_and_roster_are_no_teams),
		cmocka_unit_test(of_two_beginnings_of_a_log_the_same_one_stands_in_any_order),
		cmocka_unit_test(an_opening_opens_only_where_a_log_begins_and_when_it_can_be_read),
		cmocka_unit_test(two_cuts_at_one_place_count_for_what_they_agree_on),
		cmocka_unit_test(a_cut_whose_entry_is_not_here_cuts_all_the_same),
		cmocka_unit_test(what_is_adopted_beyond_a_gap_counts_and_the_gap_does_not),
		cmocka_unit_test(adoptions_come_to_the_same_in_any_order),
		cmocka_unit_test(an_adoption_speaks_of_its_own_team_only),
		cmocka_unit_test(a_root_that_commits_to_no_key_is_the_last),
		cmocka_unit_test(a_key_that_was_wanted_once_hands_nothing_over_again),
		cmocka_unit_test(a_kill_card_fits_the_device_it_was_printed_for),
		cmocka_unit_test(who_is_told_what_depends_on_role_and_stream),
		cmocka_unit_test(a_hub_opens_no_log_in_a_drop_box_or_the_roster),
		cmocka_unit_test(who_is_new_since_the_last_evaluation_has_no_say_yet),
		cmocka_unit_test(a_network_key_passes_over_a_device_it_cannot_be_sealed_to),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
