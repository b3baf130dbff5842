/*
 * What comes to pass once in an organisation's life, or only where somebody
 * means harm: removals that disagree, one key named twice for the root, cards
 * that nobody printed, teams and roles that were never given to anybody.
 */
#include "office.h"

#include "org/netkey.h"

/* The same entries in the order they were written, and backwards. */
static struct org *
evaluated_in_turn(struct world *w, bool backwards)
{
	struct org *o = org_new();

	assert_non_null(o);
	org_set_holds(o, world_holds, w);
	for (size_t i = 0; i < w->count; i++)
		assert_int_equal(org_add(o, &w->entries[backwards ? w->count - 1 - i : i], NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	return o;
}

static void
of_two_removals_the_one_that_leaves_nothing_counts(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct log_key log = world_log(w, BOB, &team, 0);
	struct cut some, none;
	struct org *o;

	(void)state;
	works(w, BOB, &team, 0, 3);
	some = cut_at(&team, 0, world_last(w, BOB, &team, 0));
	none = (struct cut){ .stream = team, .inc = inc_of(0), .seq = -1 };
	world_revoke(w, C1, 0, BOB, &some, 1);
	o = evaluated(w);
	assert_int_equal(org_limit(o, &log), 4);
	org_free(o);
	world_revoke(w, C2, 0, BOB, &none, 1);
	for (int backwards = 0; backwards < 2; backwards++) {
		o = evaluated_in_turn(w, backwards != 0);
		assert_true(gone(w, o, BOB));
		assert_int_equal(org_limit(o, &log), 0);
		org_free(o);
	}
	world_free(w);
}

static void
what_was_withdrawn_by_two_is_withdrawn_as_far_as_both_say(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct log_key log = world_log(w, BOB, &team, 0);
	struct control_op op = { .kind = KIND_UNGRANT };
	struct org *o = evaluated(w);
	struct hash grant = grant_of(o, w, BOB, &team);
	struct cut late, early;

	(void)state;
	org_free(o);
	works(w, BOB, &team, 0, 4);
	late = cut_at(&team, 0, world_last(w, BOB, &team, 0));
	early = cut_at(&team, 0, world_ancestor(w, world_last(w, BOB, &team, 0), 2));
	op.u.ungrant = (struct ungrant){ w->actors[BOB].id, team, 1, &grant, 1, &late };
	world_op(w, C1, 0, &op);
	op.u.ungrant.cuts = &early;
	world_op(w, C2, 0, &op);
	for (int backwards = 0; backwards < 2; backwards++) {
		o = evaluated_in_turn(w, backwards != 0);
		assert_false(gone(w, o, BOB));
		assert_false(org_reads(o, &team, &w->actors[BOB].id));
		assert_int_equal(org_limit(o, &log), 3);
		org_free(o);
	}
	world_free(w);
}

static void
a_role_for_a_device_that_nobody_admitted_makes_no_device(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct org *o = evaluated(w);
	size_t devices = org_device_count(o);

	(void)state;
	org_free(o);
	world_grant(w, C1, 0, X, ROLE_ADVISOR, &team, 0);
	world_grant(w, C1, 0, X, ROLE_COORDINATOR, NULL, 2);
	o = evaluated(w);
	assert_int_equal(org_device_count(o), devices);
	assert_null(org_device_by_id(o, &w->actors[X].id));
	assert_false(org_reads(o, &team, &w->actors[X].id));
	org_free(o);
	world_admit(w, C1, 0, X, X); /* and counts when it is */
	o = evaluated(w);
	assert_true(org_device_by_id(o, &w->actors[X].id)->coordinator);
	assert_true(org_reads(o, &team, &w->actors[X].id));
	org_free(o);
	world_free(w);
}

static void
a_role_in_one_team_opens_no_log_in_a_team_that_was_never_made(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1), nowhere = team_of(9);
	struct log_key log;
	struct org *o = evaluated(w);
	struct hash grant = grant_of(o, w, ANA, &team);

	(void)state;
	org_free(o);
	world_open(w, ANA, &nowhere, 0, &grant);
	world_data(w, ANA, &nowhere, 0, 2);
	world_open(w, ANA, &team, 0, &grant);
	world_data(w, ANA, &team, 0, 2);
	o = evaluated(w);
	log = world_log(w, ANA, &nowhere, 0);
	assert_int_equal(org_limit(o, &log), 0);
	log = world_log(w, ANA, &team, 0);
	assert_true(org_limit(o, &log) >= 3);
	org_free(o);
	world_free(w);
}

/* It says that it follows an entry of somebody else's log. */
static void
a_cut_that_hangs_on_another_ones_log_takes_nothing_from_that(void **state)
{
	struct world *w = office();
	struct stream_id made = team_of(5), team = team_of(1);
	struct control_op op = { .kind = KIND_TEAM };
	struct buf payload = BUF_INIT;
	struct cut cut;
	struct org *o;
	size_t i;

	(void)state;
	op.u.team = (struct team_op){ .team = made, .enc_name = BYTES_STR("sealed team"), .state = 1 };
	control_op_encode(&payload, &op);
	i = world_write_after(w, C2, &w->control, 0, world_last(w, C1, &w->control, 0), op.kind, buf_bytes(&payload));
	buf_free(&payload);
	cut = cut_at(&w->control, 0, &w->entries[i]);
	world_revoke(w, ROOT, 0, C2, &cut, 1);
	for (int backwards = 0; backwards < 2; backwards++) {
		o = evaluated_in_turn(w, backwards != 0);
		assert_true(gone(w, o, C2));
		for (unsigned who = ANA; who <= BOB; who++)
			assert_true(org_reads(o, &team, &w->actors[who].id));
		assert_false(gone(w, o, C1) || gone(w, o, C3));
		org_free(o);
	}
	world_free(w);
}

/* Two carry the same rotation key's word, and disagree about what of the old root counts. */
static void
two_turns_to_one_key_are_a_contest_that_nobody_has_won(void **state)
{
	struct world *w = office();
	struct cut cut = cut_at(&w->control, 0, world_last(w, ROOT, &w->control, 0));

	(void)state;
	world_rotate(w, C1, 0, ROOT, 12, &cut, 1);
	for (int turn = 0; turn < 2; turn++) {
		struct org *o = evaluated(w);
		const struct author *root = org_root(o);

		assert_int_equal(org_root_count(o), 2);
		if (turn == 0)
			assert_true(root != NULL && SAME(*root, w->actors[12].keys.sign_pk));
		else
			assert_null(root);
		org_free(o);
		cut = cut_at(&w->control, 0, &w->entries[0]);
		world_rotate(w, C2, 0, ROOT, 12, &cut, 1);
	}
	world_free(w);
}

/* Signed with another one's card: however often the device is admitted, no admission binds that card to it. */
static void
a_card_that_was_printed_for_another_device_removes_nobody(void **state)
{
	struct world *w = office();
	struct control_op op = { .kind = KIND_REVOKE };
	uint8_t digest[32];
	struct org *o;

	(void)state;
	op.u.revoke = (struct revoke){ .dev = w->actors[BOB].id, .has_kill = true };
	assert_true(revoke_kill_digest(digest, &w->org, &op.u.revoke));
	sign_digest(op.u.revoke.kill_sig, "fb1/kill/sig", digest, w->actors[ANA].kill_sk);
	world_op(w, ANA, 0, &op);
	o = evaluated(w);
	assert_false(gone(w, o, BOB));
	for (unsigned by = C2; by <= C3; by++) {
		size_t i = world_admit(w, by, 0, BOB, BOB);

		assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK);
		assert_int_equal(org_evaluate(o, NULL), ERR_OK);
		assert_false(gone(w, o, BOB));
	}
	org_free(o);
	world_kill(w, ANA, 0, BOB, NULL, 0); /* its own does */
	o = evaluated(w);
	assert_true(gone(w, o, BOB));
	org_free(o);
	world_free(w);
}

static void
of_two_words_about_a_team_at_one_place_all_come_to_the_same(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(3);
	struct control_op seal = { .kind = KIND_SEALKEY };
	const struct entry *one, *other;
	uint8_t want;

	(void)state;
	do
		world_op(w, C2, 0, &seal);
	while (world_last(w, C2, &w->control, 0)->h.seq < world_last(w, C1, &w->control, 0)->h.seq);
	one = &w->entries[world_team(w, C1, 0, &team, 1, 0)];
	other = &w->entries[world_team(w, C2, 0, &team, 2, 0)];
	assert_int_equal(one->h.seq, other->h.seq);
	want = memcmp(one->id.b, other->id.b, 32) < 0 ? 1 : 2;
	for (int backwards = 0; backwards < 2; backwards++) {
		struct org *o = evaluated_in_turn(w, backwards != 0);

		assert_int_equal(org_team_by_id(o, &team)->state, want);
		org_free(o);
	}
	world_op(w, C3, 0, &seal);
	world_team(w, C3, 0, &team, 1, 0); /* of a lower rank: it says nothing against them, wherever it stands */
	for (int backwards = 0; backwards < 2; backwards++) {
		struct org *o = evaluated_in_turn(w, backwards != 0);

		assert_int_equal(org_team_by_id(o, &team)->state, want);
		org_free(o);
	}
	world_free(w);
}

static void
what_was_adopted_of_one_log_is_wanted_of_no_other(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct log_key bobs = world_log(w, BOB, &team, 0);
	struct cut cut;
	struct org *o;

	(void)state;
	works(w, BOB, &team, 0, 4);
	works(w, ANA, &team, 0, 1);
	cut = cut_at(&team, 0, world_ancestor(w, world_last(w, BOB, &team, 0), 2));
	world_revoke(w, C1, 0, BOB, &cut, 1);
	world_adopt(w, ANA, &team, 0, BOB, 0, 3, world_last(w, BOB, &team, 0));
	o = evaluated(w);
	assert_int_equal(org_wanted(o, &bobs), 5);
	for (unsigned inc = 1; inc < 20; inc++) { /* some sort before it, some behind */
		struct log_key other = world_log(w, BOB, &team, inc);

		assert_int_equal(org_wanted(o, &other), 0);
	}
	org_free(o);
	world_free(w);
}

static void
a_network_key_for_more_devices_than_an_entry_holds_is_refused_with_the_number(void **state)
{
	struct world *w = office();
	struct seal_pair ephemeral;
	uint8_t key[32];

	(void)state;
	memset(key, 9, sizeof(key));
	memset(&ephemeral, 5, sizeof(ephemeral));
	for (unsigned n = 0; n < NETKEY_DEVICES_MAX; n++) {
		actor_make(&w->actors[X], 1000 + n);
		world_admit(w, C1, 0, X, X);
		world_grant(w, C1, 0, X, ROLE_AUDITOR, NULL, 0);
		if (n + 6 == NETKEY_DEVICES_MAX || n + 5 == NETKEY_DEVICES_MAX) {
			struct org *o = evaluated(w);
			struct buf out = BUF_INIT;
			struct err err = ERR_INIT;
			bool fits = org_device_count(o) <= NETKEY_DEVICES_MAX;
			struct netkey k;

			assert_int_equal(netkey_make(&out, o, 1, key, &ephemeral, &err), fits ? ERR_OK : ERR_TOO_BIG);
			assert_true(fits ? netkey_decode(&k, buf_bytes(&out), NULL) == ERR_OK && k.count == NETKEY_DEVICES_MAX : strstr(err.text, "512") != NULL);
			buf_free(&out);
			org_free(o);
		}
	}
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_removals_the_one_that_leaves_nothing_counts),
		cmocka_unit_test(what_was_withdrawn_by_two_is_withdrawn_as_far_as_both_say),
		cmocka_unit_test(a_role_for_a_device_that_nobody_admitted_makes_no_device),
		cmocka_unit_test(a_role_in_one_team_opens_no_log_in_a_team_that_was_never_made),
		cmocka_unit_test(a_cut_that_hangs_on_another_ones_log_takes_nothing_from_that),
		cmocka_unit_test(two_turns_to_one_key_are_a_contest_that_nobody_has_won),
		cmocka_unit_test(a_card_that_was_printed_for_another_device_removes_nobody),
		cmocka_unit_test(of_two_words_about_a_team_at_one_place_all_come_to_the_same),
		cmocka_unit_test(what_was_adopted_of_one_log_is_wanted_of_no_other),
		cmocka_unit_test(a_network_key_for_more_devices_than_an_entry_holds_is_refused_with_the_number),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
