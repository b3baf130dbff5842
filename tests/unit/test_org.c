/*
 * proto/org.md, 4 and 5: what a set of control entries comes to. The examples
 * are those of the specification.
 */
#include "office.h"

static void
nothing_is_known_before_genesis(void **state)
{
	struct world *w = office();
	struct org *o = org_new();

	(void)state;
	for (size_t i = 1; i < w->count; i++)
		assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_false(org_known(o));
	assert_int_equal(org_device_count(o), 0);
	assert_null(org_device_by_id(o, &w->actors[ANA].id));
	assert_int_equal(org_add(o, &w->entries[0], NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_int_equal(org_device_count(o), 5);
	org_free(o);
	world_free(w);
}

static void
a_pinned_organisation_hears_no_other(void **state)
{
	struct world *w = office(), *other = world_new();
	struct org *o = org_new();

	(void)state;
	other->genesis.nonce[0] = 1;
	other->org = org_id_of(&other->genesis);
	other->control = control_stream(&other->org);
	world_genesis(other);
	org_pin(o, &w->org);
	assert_int_equal(org_add(o, &other->entries[0], NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_false(org_known(o));
	for (size_t i = 0; i < w->count; i++)
		assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_memory_equal(org_id(o)->b, w->org.b, 32);
	org_free(o);
	world_free(other);
	world_free(w);
}

static void
members_are_those_admitted_and_granted(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	uint8_t print[32], want[32];
	const struct org_device *d;
	struct org *o;

	(void)state;
	world_admit(w, C1, 0, DEE, DEE);                                /* admitted, nothing granted */
	world_grant(w, C1, 0, EVE, ROLE_ADVISOR, &team, 0);             /* granted, never admitted */
	world_admit(w, C1, 0, HUB, HUB);
	world_grant(w, C1, 0, HUB, ROLE_HUB, NULL, 0);
	world_admit(w, C1, 0, AUD, AUD);
	world_grant(w, C1, 0, AUD, ROLE_AUDITOR, NULL, 0);
	o = evaluated(w);
	assert_int_equal(org_device_count(o), 8);
	assert_int_equal(world_device(w, o, C1)->rank, 1);
	assert_int_equal(world_device(w, o, C3)->rank, 2);
	assert_int_equal(world_device(w, o, BOB)->rank, RANK_NONE);
	assert_false(org_device_live(world_device(w, o, DEE)));
	assert_null(world_device(w, o, EVE));
	assert_null(world_device(w, o, ROOT));
	d = org_device_by_noise(o, w->actors[ANA].keys.noise_pk);
	assert_ptr_equal(d, org_device_by_author(o, &w->actors[ANA].keys.sign_pk));
	assert_memory_equal(d->seal_pk, w->actors[ANA].seal_pk, 32);
	assert_int_equal(d->seal_index, 0);
	assert_int_equal(d->enc_name.len, strlen("sealed name"));

	assert_true(org_reads(o, &team, &w->actors[ANA].id));
	assert_false(org_reads(o, &team, &w->actors[C1].id));
	assert_false(org_reads(o, &team, &w->actors[EVE].id));
	assert_true(org_reads(o, &w->roster, &w->actors[C1].id));
	assert_true(org_reads(o, &w->roster, &w->actors[ANA].id));
	assert_false(org_reads(o, &w->roster, &w->actors[HUB].id));
	assert_int_equal(org_share(o, world_device(w, o, C1), &team), SHARE_HEADERS);
	assert_int_equal(org_share(o, world_device(w, o, ANA), &team), SHARE_ALL);
	assert_int_equal(org_share(o, world_device(w, o, HUB), &team), SHARE_ALL);
	assert_int_equal(org_share(o, world_device(w, o, AUD), &team), SHARE_ALL);
	assert_int_equal(org_share(o, world_device(w, o, DEE), &team), SHARE_NOTHING);
	assert_int_equal(org_share(o, world_device(w, o, DEE), &w->control), SHARE_ALL);
	assert_null(org_grant_for(o, &team, &w->actors[C1].id));
	assert_int_equal(org_grant_for(o, &w->roster, &w->actors[C1].id)->rank, 1);
	assert_int_equal(org_grant_for(o, &w->control, &w->actors[HUB].id)->role, ROLE_HUB);

	assert_int_equal(org_team_count(o), 1);
	assert_non_null(org_team_by_id(o, &team));
	org_root_fingerprint(o, print);
	HC(want, 32, BYTES_NONE, "fb1/root/print", BYTES_OF(w->genesis.root_pk), BYTES_OF(w->org));
	assert_memory_equal(print, want, 32);
	org_free(o);
	world_free(w);
}

static void
nobody_is_admitted_with_keys_they_do_not_hold(void **state)
{
	struct world *w = office();
	struct control_op op = { .kind = KIND_ADMIT, .u.admit = w->actors[EVE].request.keys };
	struct org *o;

	(void)state;
	memcpy(op.u.admit.noise_pk, w->actors[C1].keys.noise_pk, 32); /* Eve with C1's Noise key */
	world_op(w, C2, 0, &op);
	op.u.admit = w->actors[ROOT].request.keys; /* the root is no device */
	world_op(w, C2, 0, &op);
	o = evaluated(w);
	assert_null(world_device(w, o, EVE));
	assert_null(world_device(w, o, ROOT));
	org_free(o);
	world_free(w);
}

static void
of_two_admits_the_more_senior_counts(void **state)
{
	struct world *w = office();
	size_t senior, first, second;
	struct org *o;

	(void)state;
	world_admit(w, C3, 0, EVE, 31);          /* stratum 2 */
	senior = world_admit(w, C2, 0, EVE, 21); /* stratum 1 */
	first = world_admit(w, C1, 0, DEE, 11);
	second = world_admit(w, C2, 0, DEE, 12);
	o = evaluated(w);
	assert_memory_equal(world_device(w, o, EVE)->admit_id.b, w->entries[senior].id.b, 32);
	if (memcmp(w->entries[first].id.b, w->entries[second].id.b, 32) > 0)
		first = second;
	assert_memory_equal(world_device(w, o, DEE)->admit_id.b, w->entries[first].id.b, 32);
	org_free(o);
	world_free(w);
}

static void
nobody_makes_an_equal(void **state)
{
	static const struct { const char *name; unsigned by, rank; uint8_t want; } cases[] = {
		{ "rank 1 makes rank 1", C1, 1, RANK_NONE }, { "rank 1 makes rank 2", C1, 2, 2 },
		{ "rank 2 makes rank 2", C3, 2, RANK_NONE }, { "rank 2 makes rank 3", C3, 3, 3 },
		{ "the root makes rank 1", ROOT, 1, 1 },     { "an advisor makes rank 15", ANA, 15, RANK_NONE },
		{ "nobody at all makes rank 1", X, 1, RANK_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct world *w = office();
		struct org *o;

		world_admit(w, C1, 0, DEE, DEE);
		world_grant(w, cases[i].by, 0, DEE, ROLE_COORDINATOR, NULL, cases[i].rank);
		o = evaluated(w);
		CHECK_CASE(cases[i].name, world_device(w, o, DEE)->rank, cases[i].want);
		org_free(o);
		world_free(w);
	}
}

static void
the_newest_seal_key_counts(void **state)
{
	struct world *w = office();
	struct control_op op = { .kind = KIND_SEALKEY };
	struct control_op open = { .kind = KIND_OPEN };
	struct org *o;

	(void)state;
	world_open(w, ANA, &w->control, 0, NULL);
	memset(op.u.sealkey.seal_pk, 1, 32);
	world_op(w, ANA, 0, &op);
	memset(op.u.sealkey.seal_pk, 2, 32);
	world_op(w, ANA, 0, &op);
	o = evaluated(w);
	assert_int_equal(world_device(w, o, ANA)->seal_index, 2);
	assert_int_equal(world_device(w, o, ANA)->seal_pk[0], 2);
	org_free(o);
	/* A new incarnation knows the old one: what it says is newer, though its seq is lower. */
	open.u.open.old_count = 1;
	open.u.open.old[0].inc = inc_of(0);
	world_op(w, ANA, 1, &open);
	memset(op.u.sealkey.seal_pk, 3, 32);
	world_op(w, ANA, 1, &op);
	o = evaluated(w);
	assert_int_equal(world_device(w, o, ANA)->seal_index, 3);
	assert_int_equal(world_device(w, o, ANA)->seal_pk[0], 3);
	org_free(o);
	world_free(w);
}

/* From the 17th on an OPEN has no room for all: each lists the one before it, whose keys were told at higher places. */
static void
of_twenty_incarnations_the_newest_tells_the_seal_key(void **state)
{
	struct world *w = office();
	struct control_op op = { .kind = KIND_SEALKEY };
	struct org *o;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		world_op(w, ANA, i, &(struct control_op){ .kind = KIND_OPEN, .u.open = world_lists(i) });
		for (unsigned k = i; k < 20; k++) {
			memset(op.u.sealkey.seal_pk, (int)i + 1, 32);
			world_op(w, ANA, i, &op);
		}
		o = evaluated(w);
		assert_int_equal(world_device(w, o, ANA)->seal_pk[0], i + 1);
		org_free(o);
	}
	world_free(w);
}

static void
a_team_keeps_its_narrower_mode_and_its_most_senior_word(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1), box = team_of(2);
	struct org *o;

	(void)state;
	world_team(w, C3, 0, &team, 2, 1);      /* a junior ends it and makes it a drop-box: neither */
	world_team(w, C1, 0, &box, 1, 1);
	world_team(w, C1, 0, &w->roster, 2, 1); /* the roster is no team */
	o = evaluated(w);
	assert_int_equal(org_team_count(o), 2);
	assert_int_equal(org_team_by_id(o, &team)->mode, 0);
	assert_int_equal(org_team_by_id(o, &team)->state, 1);
	assert_true(org_reads(o, &box, &w->actors[C3].id));
	assert_false(org_reads(o, &box, &w->actors[ANA].id));
	assert_int_equal(org_share(o, world_device(w, o, ANA), &box), SHARE_ALL);
	assert_int_equal(org_grant_for(o, &box, &w->actors[ANA].id)->role, ROLE_ADVISOR);
	org_free(o);
	world_team(w, C2, 0, &team, 2, 0);
	world_team(w, C1, 0, &team, 2, 0);
	o = evaluated(w);
	assert_int_equal(org_team_by_id(o, &team)->state, 2);
	org_free(o);
	world_free(w);
}

static void
a_damaged_payload_is_counted_and_its_entry_kept_out(void **state)
{
	struct world *w = office();
	struct org *o;
	size_t i = world_write(w, C1, &w->control, 0, KIND_GRANT, BYTES_STR("not msgpack"));
	struct entry without = w->entries[3];

	(void)state;
	world_write(w, C1, &w->control, 0, KIND_FORK, BYTES_STR("no proof"));
	world_write(w, C1, &w->control, 0, 60, BYTES_STR("a kind of a newer version"));
	o = evaluated(w);
	assert_int_equal(org_skipped(o), 2);
	assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK); /* again: counted once */
	assert_int_equal(org_skipped(o), 2);
	org_free(o);

	o = org_new();
	without.has_payload = false; /* C2's ADMIT comes first without and later with its payload */
	assert_int_equal(org_add(o, &without, NULL), ERR_OK);
	for (i = 0; i < w->count; i++)
		if (i != 3)
			assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_null(world_device(w, o, C2));
	assert_int_equal(org_add(o, &w->entries[3], NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_non_null(world_device(w, o, C2));
	org_free(o);
	world_free(w);
}

/* ---- team logs ---- */

static void
a_log_counts_only_under_the_grant_it_was_opened_under(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1), other = team_of(2);
	struct hash ana;
	struct log_key log;
	struct org *o = evaluated(w);

	(void)state;
	ana = grant_of(o, w, ANA, &team);
	org_free(o);
	world_open(w, ANA, &team, 0, &ana);
	world_open(w, ANA, &team, 1, NULL);       /* no grant at all */
	world_open(w, BOB, &team, 0, &ana);       /* somebody else's */
	world_open(w, ANA, &other, 0, &ana);      /* of another team */
	world_open(w, ANA, &w->roster, 0, &ana);  /* the roster takes any advisor's */
	world_data(w, ANA, &team, 2, 3);          /* never opened */
	o = evaluated(w);
	const struct { const char *name; unsigned who; const struct stream_id *stream; unsigned inc; uint64_t want; } cases[] = {
		{ "Ana under her grant", ANA, &team, 0, UINT64_MAX }, { "under none", ANA, &team, 1, 0 },
		{ "Bob under hers", BOB, &team, 0, 0 },               { "in another team", ANA, &other, 0, 0 },
		{ "in the roster", ANA, &w->roster, 0, UINT64_MAX },  { "never opened", ANA, &team, 2, 0 },
		{ "Ana's control log", ANA, &w->control, 0, UINT64_MAX }, { "a stranger's", X, &w->control, 0, 0 },
		{ "the root's", ROOT, &w->control, 0, UINT64_MAX },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		log = world_log(w, cases[i].who, cases[i].stream, cases[i].inc);
		CHECK_CASE(cases[i].name, org_limit(o, &log), cases[i].want);
		CHECK_CASE(cases[i].name, org_effective(o, &log, 0), cases[i].want != 0);
	}
	org_free(o);
	world_free(w);
}

/* proto/org.md, example 1. */
static void
an_advisor_removed_while_writing_offline_keeps_what_was_seen(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct log_key log = world_log(w, BOB, &team, 0);
	const struct entry *at_40, *at_43, *at_45;
	struct cut cut;
	struct org *o;

	(void)state;
	works(w, ANA, &team, 0, 1);
	works(w, BOB, &team, 0, 40);
	at_40 = world_last(w, BOB, &team, 0);
	world_data(w, BOB, &team, 0, 3);
	at_43 = world_last(w, BOB, &team, 0);
	world_data(w, BOB, &team, 0, 2);
	at_45 = world_last(w, BOB, &team, 0);
	world_data(w, BOB, &team, 0, 5);
	cut = cut_at(&team, 0, at_40);
	world_revoke(w, C1, 0, BOB, &cut, 1);
	o = evaluated(w);
	assert_true(gone(w, o, BOB));
	assert_false(org_reads(o, &team, &w->actors[BOB].id));
	assert_int_equal(org_limit(o, &log), 41);
	org_free(o);
	world_adopt(w, ANA, &team, 0, BOB, 0, 41, at_43);
	o = evaluated(w);
	assert_int_equal(org_limit(o, &log), 44);
	assert_true(org_effective(o, &log, 43));
	assert_false(org_effective(o, &log, 44));
	org_free(o);
	world_adopt(w, ANA, &team, 0, BOB, 0, 45, at_45); /* and one more, with 44 left out */
	o = evaluated(w);
	assert_int_equal(org_limit(o, &log), 44);
	assert_true(org_effective(o, &log, 45));
	assert_false(org_effective(o, &log, 46));
	org_free(o);
	world_free(w);
}

static void
nobody_adopts_without_the_right_or_what_is_not_there(void **state)
{
	struct stream_id team = team_of(1);

	(void)state;
	for (int way = 0; way < 4; way++) {
		struct world *w = office();
		struct log_key log = world_log(w, BOB, &team, 0);
		struct entry invented;
		struct cut cut;
		struct org *o;

		works(w, ANA, &team, 0, 1);
		works(w, BOB, &team, 0, 4);
		cut = cut_at(&team, 0, world_last(w, BOB, &team, 0));
		world_data(w, BOB, &team, 0, 4);
		world_revoke(w, C1, 0, BOB, &cut, 1);
		invented = *world_last(w, BOB, &team, 0);
		if (way == 0)
			world_adopt(w, C1, &team, 0, BOB, 0, 5, &invented); /* C1 has no log in this team */
		if (way == 1)
			world_adopt(w, BOB, &team, 0, BOB, 0, 5, &invented); /* Bob himself, beyond his cut */
		invented.h.seq = 1000000;
		if (way == 2)
			world_adopt(w, ANA, &team, 0, BOB, 0, 5, &invented); /* an end that is not held */
		if (way == 3)
			world_adopt(w, ANA, &w->roster, 0, BOB, 0, 5, world_last(w, BOB, &team, 0)); /* not opened there */
		o = evaluated(w);
		CHECK_CASE("limit", org_limit(o, &log), 5);
		org_free(o);
		world_free(w);
	}
}

/* proto/org.md, example 2. */
static void
two_equals_cannot_remove_each_other_and_the_trustees_decide(void **state)
{
	struct world *w = office();
	struct cut cut;
	struct org *o;

	(void)state;
	world_admit(w, C2, 0, EVE, EVE);
	world_grant(w, C2, 0, EVE, ROLE_COORDINATOR, NULL, 2);
	cut = cut_at(&w->control, 0, world_last(w, C2, &w->control, 0));
	world_admit(w, C2, 0, DEE, DEE);
	world_revoke(w, C2, 0, C1, NULL, 0);
	world_revoke(w, C2, 0, C3, NULL, 0);
	world_revoke(w, C1, 0, C2, NULL, 0);
	o = evaluated(w);
	assert_false(gone(w, o, C1) || gone(w, o, C2));
	assert_true(gone(w, o, C3));
	assert_int_equal(org_void_removals(o), 2);
	org_free(o);
	world_revoke(w, ROOT, 0, C2, &cut, 1); /* before C2's bad ones */
	o = evaluated(w);
	assert_true(gone(w, o, C2));
	assert_false(gone(w, o, C1) || gone(w, o, C3)); /* what C2 did after the cut is void */
	assert_null(world_device(w, o, DEE));
	assert_non_null(world_device(w, o, EVE));       /* what C2 did before it stands */
	assert_int_equal(org_void_removals(o), 0);      /* settled: one of the two is gone */
	org_free(o);
	world_free(w);
}

static void
a_kill_card_removes_whatever_the_rank(void **state)
{
	struct world *w = office();
	struct cut cut = cut_at(&w->control, 0, world_last(w, C1, &w->control, 0)), none = cut;
	struct org *o;

	(void)state;
	none.seq = -1;
	world_kill(w, C3, 0, C1, &cut, 1);        /* rank 2 removes rank 1, with C1's card */
	world_kill(w, C3, 0, C2, NULL, 0);
	w->entries[w->count - 1].payload.len = 0; /* and one whose signature will not fit */
	world_revoke(w, C1, 1, C3, &none, 1);     /* C1 strikes back, in a log that the card cut away */
	o = evaluated(w);
	assert_true(gone(w, o, C1));
	assert_false(gone(w, o, C3));
	assert_non_null(world_device(w, o, ANA)); /* admitted by C1 before the cut */
	org_free(o);
	world_free(w);
}

static void
a_kill_card_counts_however_its_carrier_is_cut(void **state)
{
	struct world *w = office();
	struct control_op op;
	struct org *o;

	(void)state;
	world_kill(w, C3, 0, C2, NULL, 0);
	world_revoke(w, C1, 0, C3, NULL, 0); /* all of C3's log is cut away */
	o = evaluated(w);
	assert_true(gone(w, o, C2) && gone(w, o, C3));
	org_free(o);
	world_free(w);

	w = office(); /* the card of one device removes no other */
	op = (struct control_op){ .kind = KIND_REVOKE };
	op.u.revoke = (struct revoke){ .dev = w->actors[C1].id, .has_kill = true };
	memset(op.u.revoke.kill_sig, 5, 64);
	world_op(w, C3, 0, &op);
	o = evaluated(w);
	assert_false(gone(w, o, C1));
	org_free(o);
	world_free(w);
}

/* proto/org.md, example 4. */
static void
what_a_removed_coordinator_did_beyond_the_cut_never_happened(void **state)
{
	struct world *w = office();
	struct cut cut = cut_at(&w->control, 0, world_last(w, C1, &w->control, 0));
	struct org *o;

	(void)state;
	world_admit(w, C1, 0, X, X);
	world_grant(w, C1, 0, X, ROLE_COORDINATOR, NULL, 2);
	world_revoke(w, C1, 0, BOB, NULL, 0);
	world_admit(w, X, 0, EVE, EVE); /* and so on down */
	world_revoke(w, ROOT, 0, C1, &cut, 1);
	o = evaluated(w);
	assert_null(world_device(w, o, X));
	assert_null(world_device(w, o, EVE));
	assert_false(gone(w, o, BOB));
	org_free(o);
	world_free(w);
}

/* proto/org.md, example 5. */
static void
removal_is_for_ever(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct org *o;

	(void)state;
	world_revoke(w, C3, 0, BOB, NULL, 0);
	world_admit(w, ROOT, 0, BOB, BOB);
	world_grant(w, ROOT, 0, BOB, ROLE_ADVISOR, &team, 0);
	world_grant(w, C1, 0, BOB, ROLE_ADVISOR, &team, 0);
	o = evaluated(w);
	assert_true(gone(w, o, BOB));
	assert_false(org_reads(o, &team, &w->actors[BOB].id));
	org_free(o);
	world_free(w);
}

/* proto/org.md, example 6. */
static void
a_promotion_by_the_root_prevails_over_a_removal(void **state)
{
	struct world *w = office();
	struct org *o;

	(void)state;
	world_admit(w, C1, 0, DEE, DEE);
	world_revoke(w, C1, 0, DEE, NULL, 0);
	o = evaluated(w);
	assert_true(gone(w, o, DEE));
	org_free(o);
	world_grant(w, ROOT, 0, DEE, ROLE_COORDINATOR, NULL, 1);
	o = evaluated(w);
	assert_false(gone(w, o, DEE));
	assert_int_equal(org_void_removals(o), 1);
	org_free(o);
	world_free(w);
}

/* proto/org.md, example 7. */
static void
of_two_cuts_the_lower_stands_and_the_rest_can_be_adopted(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct log_key log = world_log(w, BOB, &team, 0), other = world_log(w, BOB, &team, 1);
	const struct entry *at_35, *at_40;
	struct cut cuts[2];
	struct org *o;

	(void)state;
	works(w, ANA, &team, 0, 1);
	works(w, BOB, &team, 0, 35);
	at_35 = world_last(w, BOB, &team, 0);
	world_data(w, BOB, &team, 0, 5);
	at_40 = world_last(w, BOB, &team, 0);
	works(w, BOB, &team, 1, 2);
	cuts[0] = cut_at(&team, 0, at_40);
	cuts[1] = cut_at(&team, 1, world_last(w, BOB, &team, 1));
	world_revoke(w, C1, 0, BOB, cuts, 2);
	o = evaluated(w);
	assert_int_equal(org_limit(o, &log), 41);
	assert_int_equal(org_limit(o, &other), 3);
	org_free(o);
	cuts[0] = cut_at(&team, 0, at_35);
	world_revoke(w, C2, 0, BOB, cuts, 1); /* C2 never saw the second log */
	o = evaluated(w);
	assert_int_equal(org_limit(o, &log), 36);
	assert_int_equal(org_limit(o, &other), 0);
	org_free(o);
	world_adopt(w, ANA, &team, 0, BOB, 0, 36, at_40);
	o = evaluated(w);
	assert_int_equal(org_limit(o, &log), 41);
	org_free(o);
	world_free(w);
}

static size_t
write_fork_entry(struct world *w, unsigned by, const struct entry *x, const struct entry *y)
{
	struct fork_proof p;
	struct buf payload = BUF_INIT;
	size_t i;

	fork_proof_make(&p, x, y);
	fork_proof_encode(&payload, &p);
	i = world_write(w, by, &w->control, 0, KIND_FORK, buf_bytes(&payload));
	buf_free(&payload);
	return i;
}

/* proto/org.md, example 8. */
static void
after_a_fork_nothing_counts_until_it_is_adopted(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct log_key trunk = world_log(w, BOB, &team, 0), branch = trunk;
	const struct entry *base, *x, *y;
	uint64_t before;
	struct org *o;

	(void)state;
	works(w, ANA, &team, 0, 1);
	works(w, BOB, &team, 0, 3);
	base = world_last(w, BOB, &team, 0); /* seq 3 */
	x = &w->entries[world_write_after(w, BOB, &team, 0, base, KIND_DATA, BYTES_STR("one story"))];
	x = &w->entries[world_write_after(w, BOB, &team, 0, x, KIND_DATA, BYTES_STR("and on"))];
	o = evaluated(w);
	before = org_generation(o);
	y = &w->entries[world_write_after(w, BOB, &team, 0, base, KIND_DATA, BYTES_STR("another"))];
	branch.is_branch = true;
	branch.branch_seq = 4;
	branch.branch_id = y->id;
	assert_int_equal(org_limit(o, &trunk), UINT64_MAX); /* no FORK entry yet */
	assert_int_equal(org_limit(o, &branch), 4);
	assert_int_equal(org_add(o, &w->entries[write_fork_entry(w, HUB, x - 1, y)], NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_int_equal(org_fork_point(o, &trunk), 4);
	assert_int_equal(org_limit(o, &trunk), 4);
	assert_int_equal(org_limit(o, &branch), 4);
	assert_true(org_generation(o) > before);
	before = org_generation(o);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	assert_int_equal(org_generation(o), before);
	org_free(o);

	world_adopt(w, ANA, &team, 0, BOB, 0, 4, x); /* both branches */
	world_adopt(w, ANA, &team, 0, BOB, 0, 4, y);
	o = evaluated(w);
	assert_int_equal(org_limit(o, &trunk), 6);
	assert_int_equal(org_limit(o, &branch), 5);
	org_free(o);
	world_free(w);
}

static void
a_cut_that_names_a_head_picks_its_branch(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct log_key trunk = world_log(w, BOB, &team, 0), branch = trunk;
	const struct entry *base, *x, *y;
	struct cut cut;
	struct org *o;

	(void)state;
	works(w, BOB, &team, 0, 3);
	base = world_last(w, BOB, &team, 0);
	x = &w->entries[world_write_after(w, BOB, &team, 0, base, KIND_DATA, BYTES_STR("one story"))];
	y = &w->entries[world_write_after(w, BOB, &team, 0, base, KIND_DATA, BYTES_STR("another"))];
	branch.is_branch = true;
	branch.branch_seq = 4;
	branch.branch_id = y->id;
	write_fork_entry(w, C1, x, y);
	cut = cut_at(&team, 0, y);
	world_revoke(w, C1, 0, BOB, &cut, 1);
	o = evaluated(w);
	assert_int_equal(org_limit(o, &branch), 5);
	org_set_holds(o, NULL, NULL); /* who cannot tell the branches apart stops at the fork */
	assert_int_equal(org_limit(o, &branch), 4);
	assert_int_equal(org_limit(o, &trunk), 4);
	org_free(o);
	world_free(w);
}

/* A coordinator's control log forks: additions count to the fork, removals on both branches. */
static void
a_fork_never_undoes_a_removal(void **state)
{
	struct world *w = office();
	struct control_op op = { .kind = KIND_REVOKE };
	struct buf payload = BUF_INIT;
	const struct entry *base = world_last(w, C2, &w->control, 0), *x, *y;
	struct cut cut;
	struct org *o;

	(void)state;
	world_admit(w, C2, 0, EVE, EVE);
	base = world_last(w, C2, &w->control, 0);
	x = &w->entries[world_admit(w, C2, 0, DEE, DEE)];
	op.u.revoke.dev = w->actors[BOB].id;
	control_op_encode(&payload, &op);
	y = &w->entries[world_write_after(w, C2, &w->control, 0, base, KIND_REVOKE, buf_bytes(&payload))];
	buf_free(&payload);
	write_fork_entry(w, X, x, y); /* the proof proves itself, whoever brings it */
	o = evaluated(w);
	assert_true(gone(w, o, BOB));
	assert_non_null(world_device(w, o, EVE));
	assert_null(world_device(w, o, DEE));
	org_free(o);

	cut = cut_at(&w->control, 0, x); /* the root says which history counts */
	world_revoke(w, ROOT, 0, C2, &cut, 1);
	o = evaluated(w);
	assert_false(gone(w, o, BOB));
	assert_non_null(world_device(w, o, DEE));
	org_free(o);
	world_free(w);
}

static void
a_device_that_leaves_is_cut_where_it_says_so(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct log_key log = world_log(w, BOB, &team, 0);
	struct cut cuts[2];
	struct org *o;

	(void)state;
	works(w, BOB, &team, 0, 3);
	cuts[0] = cut_at(&team, 0, world_last(w, BOB, &team, 0));
	world_revoke(w, BOB, 0, BOB, cuts, 1);
	world_data(w, BOB, &team, 0, 2);
	/* A coordinator leaves too; what it grants afterwards, and in another incarnation, is void. */
	cuts[0] = cut_at(&w->control, 0, world_last(w, C3, &w->control, 0) == NULL ? &w->entries[0] : &w->entries[0]);
	world_admit(w, C3, 0, EVE, EVE);
	world_revoke(w, C3, 0, C3, NULL, 0);
	world_admit(w, C3, 0, DEE, DEE);
	world_admit(w, C3, 1, X, X);
	o = evaluated(w);
	assert_true(gone(w, o, BOB) && gone(w, o, C3));
	assert_int_equal(org_limit(o, &log), 4);
	assert_non_null(world_device(w, o, EVE));
	assert_null(world_device(w, o, DEE));
	assert_null(world_device(w, o, X));
	org_free(o);
	world_free(w);
}

static void
leaving_a_team_cuts_its_logs_and_a_new_grant_opens_new_ones(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct log_key log = world_log(w, BOB, &team, 0), again = world_log(w, BOB, &team, 1);
	struct control_op op = { .kind = KIND_UNGRANT };
	struct hash grants[1];
	struct cut cut;
	struct org *o = evaluated(w);

	(void)state;
	grants[0] = grant_of(o, w, BOB, &team);
	org_free(o);
	works(w, BOB, &team, 0, 3);
	cut = cut_at(&team, 0, world_last(w, BOB, &team, 0));
	world_data(w, BOB, &team, 0, 3);
	op.u.ungrant = (struct ungrant){ w->actors[BOB].id, team, 1, grants, 1, &cut };
	world_op(w, C3, 0, &op);
	o = evaluated(w);
	assert_false(org_reads(o, &team, &w->actors[BOB].id));
	assert_false(gone(w, o, BOB));
	assert_int_equal(org_limit(o, &log), 4);
	org_free(o);
	world_grant(w, C3, 0, BOB, ROLE_ADVISOR, &team, 0);
	works(w, BOB, &team, 1, 2);
	o = evaluated(w);
	assert_true(org_reads(o, &team, &w->actors[BOB].id));
	assert_int_equal(org_limit(o, &log), 4);
	assert_int_equal(org_limit(o, &again), UINT64_MAX);
	org_free(o);
	world_free(w);
}

static void
only_seniors_and_oneself_withdraw_a_grant(void **state)
{
	static const struct { const char *name; unsigned by, whose; bool want; } cases[] = {
		{ "a coordinator an advisor's", C3, ANA, true },  { "an advisor her own", ANA, ANA, true },
		{ "an advisor another's", BOB, ANA, false },      { "a junior a senior's", C3, C1, false },
		{ "an equal an equal's", C2, C1, false },         { "a coordinator her own", C1, C1, true },
	};
	struct stream_id team = team_of(1);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct world *w = office();
		struct control_op op = { .kind = KIND_UNGRANT };
		struct hash grant;
		struct org *o;

		world_grant(w, C1, 0, C1, ROLE_ADVISOR, &team, 0); /* which every auditor sees */
		o = evaluated(w);
		grant = grant_of(o, w, cases[i].whose, &team);
		org_free(o);
		op.u.ungrant = (struct ungrant){ w->actors[cases[i].whose].id, team, 1, &grant, 0, NULL };
		world_op(w, cases[i].by, 0, &op);
		o = evaluated(w);
		CHECK_CASE(cases[i].name, !org_reads(o, &team, &w->actors[cases[i].whose].id), cases[i].want);
		org_free(o);
		world_free(w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before_genesis),
		cmocka_unit_test(a_pinned_organisation_hears_no_other),
		cmocka_unit_test(members_are_those_admitted_and_granted),
		cmocka_unit_test(nobody_is_admitted_with_keys_they_do_not_hold),
		cmocka_unit_test(of_two_admits_the_more_senior_counts),
		cmocka_unit_test(nobody_makes_an_equal),
		cmocka_unit_test(the_newest_seal_key_counts),
		cmocka_unit_test(of_twenty_incarnations_the_newest_tells_the_seal_key),
		cmocka_unit_test(a_team_keeps_its_narrower_mode_and_its_most_senior_word),
		cmocka_unit_test(a_damaged_payload_is_counted_and_its_entry_kept_out),
		cmocka_unit_test(a_log_counts_only_under_the_grant_it_was_opened_under),
		cmocka_unit_test(an_advisor_removed_while_writing_offline_keeps_what_was_seen),
		cmocka_unit_test(nobody_adopts_without_the_right_or_what_is_not_there),
		cmocka_unit_test(two_equals_cannot_remove_each_other_and_the_trustees_decide),
		cmocka_unit_test(a_kill_card_removes_whatever_the_rank),
		cmocka_unit_test(a_kill_card_counts_however_its_carrier_is_cut),
		cmocka_unit_test(what_a_removed_coordinator_did_beyond_the_cut_never_happened),
		cmocka_unit_test(removal_is_for_ever),
		cmocka_unit_test(a_promotion_by_the_root_prevails_over_a_removal),
		cmocka_unit_test(of_two_cuts_the_lower_stands_and_the_rest_can_be_adopted),
		cmocka_unit_test(after_a_fork_nothing_counts_until_it_is_adopted),
		cmocka_unit_test(a_cut_that_names_a_head_picks_its_branch),
		cmocka_unit_test(a_fork_never_undoes_a_removal),
		cmocka_unit_test(a_device_that_leaves_is_cut_where_it_says_so),
		cmocka_unit_test(leaving_a_team_cuts_its_logs_and_a_new_grant_opens_new_ones),
		cmocka_unit_test(only_seniors_and_oneself_withdraw_a_grant),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
