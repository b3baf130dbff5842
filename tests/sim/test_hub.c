/* A hub in the cupboard: it carries what it cannot read between people who never meet. */
#include "story.h"

#include "node/removal.h"
#include "org/ops.h"

enum { HUB = 2 }; /* behind two tables */

/* Two tables that never meet, and a hub that both can reach. */
static struct sim *
sim_with_hub(uint64_t seed)
{
	struct sim *s = sim_new(seed, 2);
	struct err err = ERR_INIT;

	s->at[HUB] = station_new(s->w, world_add_host(s->w));
	if (station_join(s->at[HUB], s->at[0], ROLE_HUB, &s->team, &err) != ERR_OK)
		fail_msg("the hub joins: %s", err.text);
	s->count++;
	sim_cut(s, 0, 1);
	scan_add_text(world_scan(s->w), "a note", "the landlord wrote again");
	return s;
}

static void
table_meets_hub(struct sim *s, size_t i)
{
	struct err err = ERR_INIT;

	assert_int_equal(station_meet(s->at[i], s->at[HUB], &err), ERR_OK);
	world_run(s->w, 5 * NS_PER_S);
}

static void
both_meet_hub_twice(struct sim *s)
{
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < 2; i++)
			table_meets_hub(s, i);
}

/* Both tables and the hub hold the same entries, and the tables show the same. sim_free() looks for the note on the wires and disks. */
static bool
all_in_step(struct sim *s)
{
	uint8_t frontier[3][32], hash[2][32];

	for (size_t i = 0; i < 3; i++)
		station_frontier(s->at[i], frontier[i]);
	for (size_t i = 0; i < 2; i++)
		if (!station_hash(s->at[i], hash[i]))
			return false;
	return memcmp(frontier[0], frontier[1], 32) == 0 && memcmp(frontier[0], frontier[HUB], 32) == 0 &&
	       memcmp(hash[0], hash[1], 32) == 0;
}

static void
people_who_never_meet_have_the_hub_between_them(void **state)
{
	struct sim *s = sim_with_hub(1);

	(void)state;
	sim_note(s, 0, "the landlord wrote again");
	assert_true(sim_put(s, 1, "waits for the housing office", NULL));
	both_meet_hub_twice(s);
	assert_int_equal(sim_notes(s, 1, "the landlord wrote again"), 1);
	assert_int_equal(sim_statuses(s, 0), 1);
	assert_true(all_in_step(s));
	assert_int_equal(station_keys(s->at[HUB])->epoch_count, 0);
	sim_free(s);
}

/* Links to the hub live on: what one table saves is at the other within a second, with nobody dialling. */
static void
a_hub_pushes_what_it_is_given(void **state)
{
	struct sim *s = sim_with_hub(2);

	(void)state;
	for (size_t i = 0; i < 2; i++) { /* they start anew, to stay this time */
		station_close(s->at[i]);
		s->at[i]->stay = true;
		sim_switch_on(s, i, LOSS_NONE);
		table_meets_hub(s, i);
	}
	sim_note(s, 0, "the landlord wrote again");
	world_run(s->w, NS_PER_S);
	assert_int_equal(sim_notes(s, 1, "the landlord wrote again"), 1);
	assert_true(all_in_step(s));
	sim_free(s);
}

/* The power of the hub goes at every operation of taking a note in. What it has signed for it still has. */
static void
a_hub_keeps_what_it_signed_for_wherever_its_power_goes(void **state)
{
	static const enum disk_loss losses[] = { LOSS_ALL, LOSS_SOME, LOSS_GARBAGE };
	bool through = false;

	(void)state;
	for (uint64_t op = 1; op < 100 && !through; op++) {
		struct sim *s = sim_with_hub(100 + op);
		const struct author *hub = &station_keys(s->at[HUB])->device.sign_pk;
		uint64_t signed_for = 0, held;
		const struct log_key *key;
		struct author author;
		size_t log = 0, at;

		both_meet_hub_twice(s);
		memcpy(author.b, hub->b, sizeof(author.b)); /* the hub's memory goes with its power */
		sim_note(s, 0, "the landlord wrote again");
		disk_arm(host_disk(s->at[HUB]->host), FAULT_POWER, op);
		table_meets_hub(s, 0);
		through = !station_power_went(s->at[HUB]);
		station_crash(s->at[HUB], op % 2);
		sim_switch_on(s, HUB, losses[op % COUNT_OF(losses)]);
		for (log = 0; log < replica_log_count(station_replica(s->at[0])); log++) {
			key = &replica_log_at(station_replica(s->at[0]), log)->key;
			signed_for = replica_acked(station_replica(s->at[0]), &author, log);
			held = replica_log_find(station_replica(s->at[HUB]), key, &at) ? replica_log_at(station_replica(s->at[HUB]), at)->len : 0;
			assert_true(held >= signed_for);
		}
		both_meet_hub_twice(s);
		assert_int_equal(sim_notes(s, 1, "the landlord wrote again"), 1);
		assert_true(all_in_step(s));
		sim_free(s);
	}
	assert_true(through);
}

/* The hub's disk is put back to an image from before. Nobody takes its word of yesterday: it is filled again from those who hold more. */
static void
a_hub_put_back_to_an_older_image_is_filled_again(void **state)
{
	struct sim *s = sim_with_hub(3);
	struct disk_image *image;

	(void)state;
	both_meet_hub_twice(s);
	station_close(s->at[HUB]);
	image = disk_image_take(host_disk(s->at[HUB]->host));
	sim_switch_on(s, HUB, LOSS_NONE);
	sim_note(s, 0, "the landlord wrote again");
	table_meets_hub(s, 0);

	station_close(s->at[HUB]);
	disk_image_restore(host_disk(s->at[HUB]->host), image);
	sim_switch_on(s, HUB, LOSS_NONE);
	table_meets_hub(s, 1);
	assert_int_equal(sim_notes(s, 1, "the landlord wrote again"), 0);
	both_meet_hub_twice(s);
	assert_int_equal(sim_notes(s, 1, "the landlord wrote again"), 1);
	assert_true(all_in_step(s));
	disk_image_free(image);
	sim_free(s);
}

/* Who is removed while the hub's disk is an older one, and calls first. */
static void
remove_table(struct sim *s, size_t i)
{
	struct node_removal removal;
	struct err err = ERR_INIT;

	if (node_revoke(s->at[0]->node, &s->at[i]->device_id, "gone", &removal, &err) != ERR_OK || node_commit(s->at[0]->node, &err) != ERR_OK)
		fail_msg("removing: %s", err.text);
}

static void
hub_is_put_back(struct sim *s, struct disk_image *image)
{
	station_close(s->at[HUB]);
	disk_image_restore(host_disk(s->at[HUB]->host), image);
	sim_switch_on(s, HUB, LOSS_NONE);
}

static uint64_t
held(struct sim *s, size_t i)
{
	return replica_entry_count(station_replica(s->at[i]));
}

/*
 * A hub that lies: it takes everything, signs for it, and shows whoever comes next the heads of yesterday, with a witness
 * that says that nothing was put back. It can keep news from people who have nobody else; once two of them meet it can not.
 */
static void
a_hub_that_shows_old_heads_hides_nothing_once_two_meet(void **state)
{
	struct sim *s = sim_with_hub(8);
	struct disk_image *image;
	uint8_t witness[32];
	struct err err = ERR_INIT;

	(void)state;
	both_meet_hub_twice(s);
	station_close(s->at[HUB]);
	image = disk_image_take(host_disk(s->at[HUB]->host));
	memcpy(witness, s->at[HUB]->witness, sizeof(witness));
	sim_switch_on(s, HUB, LOSS_NONE);
	for (int day = 1; day <= 3; day++) {
		sim_note(s, 0, "the landlord wrote again");
		table_meets_hub(s, 0);
		assert_true(held(s, HUB) >= held(s, 0)); /* it has taken it, and signed for it */
		hub_is_put_back(s, image);
		assert_memory_equal(s->at[HUB]->witness, witness, sizeof(witness));
		table_meets_hub(s, 1);
		assert_int_equal(sim_notes(s, 1, "the landlord wrote again"), 0);
	}
	sim_heal(s, 0, 1);
	assert_int_equal(station_meet(s->at[1], s->at[0], &err), ERR_OK);
	world_run(s->w, 5 * NS_PER_S);
	assert_int_equal(sim_notes(s, 1, "the landlord wrote again"), 3);
	/* What it denies it is given again, by either: no word of its past counts against what it shows now. */
	for (size_t i = 0; i < 2; i++) {
		hub_is_put_back(s, image);
		assert_true(held(s, HUB) < held(s, i));
		table_meets_hub(s, i);
		assert_true(held(s, HUB) >= held(s, i));
	}
	both_meet_hub_twice(s);
	assert_true(all_in_step(s));
	assert_int_equal(station_keys(s->at[HUB])->epoch_count, 0);
	disk_image_free(image);
	sim_free(s);
}

/* The removal is forgotten with the disk, and the removed device is the first to call. It gets nothing, however often, until it is told. */
static void
a_hub_put_back_gives_a_removed_device_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 12; seed++) {
		struct sim *s = sim_with_hub(700 + seed);
		struct disk_image *image;
		uint64_t before;

		both_meet_hub_twice(s);
		sim_note(s, 0, "the landlord wrote again");
		table_meets_hub(s, 0);
		station_close(s->at[HUB]);
		image = disk_image_take(host_disk(s->at[HUB]->host));
		sim_switch_on(s, HUB, LOSS_NONE);
		remove_table(s, 1);
		table_meets_hub(s, 0);

		if (seed % 3 == 1) { /* the machine has lost its memory as well */
			station_crash(s->at[HUB], false);
			disk_power_on(host_disk(s->at[HUB]->host), LOSS_ALL);
			if (station_open(s->at[HUB], &s->why) != ERR_OK)
				fail_msg("%s", s->why.text);
		}
		hub_is_put_back(s, image);
		before = held(s, 1);
		for (uint64_t k = 0; k <= seed % 3; k++)
			table_meets_hub(s, 1);
		assert_int_equal(sim_notes(s, 1, "the landlord wrote again"), 0);
		assert_int_equal(held(s, 1), before);
		table_meets_hub(s, 0);
		table_meets_hub(s, 1);
		assert_int_equal(sim_notes(s, 1, "the landlord wrote again"), 0);
		assert_true(node_self(s->at[1]->node)->gone);
		disk_image_free(image);
		sim_free(s);
	}
}

/* In doubt it still takes what it is brought, and signs for it. */
static void
a_hub_in_doubt_takes_what_it_is_brought(void **state)
{
	struct sim *s = sim_with_hub(9);
	uint64_t lens = 0;

	(void)state;
	both_meet_hub_twice(s);
	station_crash(s->at[HUB], false); /* and with it the witness of continuity */
	sim_switch_on(s, HUB, LOSS_ALL);
	sim_note(s, 1, "the landlord wrote again");
	table_meets_hub(s, 1);
	for (size_t log = 0; log < replica_log_count(station_replica(s->at[1])); log++)
		lens += replica_acked(station_replica(s->at[1]), &station_keys(s->at[HUB])->device.sign_pk, log);
	assert_int_equal(lens, held(s, 1));
	table_meets_hub(s, 0);
	table_meets_hub(s, 0);
	assert_int_equal(sim_notes(s, 0, "the landlord wrote again"), 1);
	sim_free(s);
}

/* Nothing was put back: nobody has to wait for a coordinator. */
static void
a_hub_that_is_only_started_anew_gives_at_once(void **state)
{
	struct sim *s = sim_with_hub(10);

	(void)state;
	both_meet_hub_twice(s);
	sim_note(s, 0, "the landlord wrote again");
	table_meets_hub(s, 0);
	station_close(s->at[HUB]);
	sim_switch_on(s, HUB, LOSS_NONE);
	table_meets_hub(s, 1);
	assert_int_equal(sim_notes(s, 1, "the landlord wrote again"), 1);
	sim_free(s);
}

/* The only coordinator cannot be vouched for by another. */
static void
a_hub_in_doubt_gives_to_the_only_coordinator(void **state)
{
	struct sim *s = sim_with_hub(11);

	(void)state;
	both_meet_hub_twice(s);
	sim_note(s, 1, "the landlord wrote again");
	table_meets_hub(s, 1);
	station_crash(s->at[HUB], false);
	sim_switch_on(s, HUB, LOSS_NONE);
	table_meets_hub(s, 0);
	assert_int_equal(sim_notes(s, 0, "the landlord wrote again"), 1);
	sim_free(s);
}

/* ---- a hub that restarts ---- */

enum { CALLERS = 3, CALLS_MAX = 400 };

/* When each of them has dialled. */
static struct { const struct world *world; const struct env_ops *real[CALLERS]; struct env *env[CALLERS]; uint64_t at[CALLERS][CALLS_MAX]; size_t count[CALLERS]; } calls;

static enum err_code
dial_noted(struct env *env, const char *addr, const struct conn_events *events, void *ctx, struct env_conn **out, struct err *err)
{
	size_t i = 0;

	while (calls.env[i] != env)
		i++;
	if (calls.count[i] < CALLS_MAX)
		calls.at[i][calls.count[i]++] = world_now(calls.world);
	return calls.real[i]->dial(env, addr, events, ctx, out, err);
}

/* Each comes back by itself, ever less often up to a minute, and no two of them together. */
static void
whoever_has_lost_its_hub_calls_again_at_moments_of_its_own(void **state)
{
	static struct env_ops ops[CALLERS];
	struct sim *s = sim_new(77, CALLERS);
	struct err err = ERR_INIT;

	(void)state;
	s->at[CALLERS] = station_new(s->w, world_add_host(s->w));
	if (station_join(s->at[CALLERS], s->at[0], ROLE_HUB, &s->team, &err) != ERR_OK)
		fail_msg("the hub joins: %s", err.text);
	memset(&calls, 0, sizeof(calls));
	calls.world = s->w;
	for (size_t i = 0; i < CALLERS; i++) {
		calls.env[i] = host_env(s->at[i]->host);
		calls.real[i] = calls.env[i]->ops;
		ops[i] = *calls.real[i];
		ops[i].dial = dial_noted;
		calls.env[i]->ops = &ops[i];
		assert_int_equal(meet_dial(s->at[i]->meet, s->at[CALLERS]->addr, MEET_KEEP, &err), ERR_OK);
	}
	world_run(s->w, 30 * NS_PER_S);
	station_crash(s->at[CALLERS], false);
	memset(calls.count, 0, sizeof(calls.count));
	world_run(s->w, 3600 * NS_PER_S);
	for (size_t i = 0; i < CALLERS; i++) {
		assert_in_range(calls.count[i], 60, 130); /* of an hour, at most a minute apart and at least half of one */
		for (size_t k = 1; k < calls.count[i]; k++)
			assert_in_range(calls.at[i][k] - calls.at[i][k - 1], NS_PER_S / 2, 61 * NS_PER_S);
		for (size_t j = 0; j < i; j++)
			for (size_t k = 0; k < calls.count[i]; k++)
				for (size_t l = 0; l < calls.count[j]; l++)
					assert_int_not_equal(calls.at[i][k] / NS_PER_MS, calls.at[j][l] / NS_PER_MS);
	}
	sim_switch_on(s, CALLERS, LOSS_ALL);
	sim_note(s, 0, "the landlord wrote again");
	world_run(s->w, 120 * NS_PER_S);
	for (size_t i = 0; i < CALLERS; i++) {
		assert_int_equal(sim_notes(s, i, "the landlord wrote again"), 1); /* all have come back */
		calls.env[i]->ops = calls.real[i];
	}
	sim_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_who_never_meet_have_the_hub_between_them),
		cmocka_unit_test(a_hub_pushes_what_it_is_given),
		cmocka_unit_test(a_hub_keeps_what_it_signed_for_wherever_its_power_goes),
		cmocka_unit_test(a_hub_put_back_to_an_older_image_is_filled_again),
		cmocka_unit_test(a_hub_that_shows_old_heads_hides_nothing_once_two_meet),
		cmocka_unit_test(a_hub_put_back_gives_a_removed_device_nothing),
		cmocka_unit_test(a_hub_in_doubt_takes_what_it_is_brought),
		cmocka_unit_test(a_hub_that_is_only_started_anew_gives_at_once),
		cmocka_unit_test(a_hub_in_doubt_gives_to_the_only_coordinator),
		cmocka_unit_test(whoever_has_lost_its_hub_calls_again_at_moments_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
