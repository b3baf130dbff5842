/* Small stories with real nodes on simulated machines. Each reads as what happens at the tables. */
#include "story.h"

/* Two nodes write while apart. Once the link heals, each sends what the other lacks. */
static void
notes_written_apart_meet_when_the_link_heals(void **state)
{
	struct sim *s = sim_new(1, 2);

	(void)state;
	sim_cut(s, 0, 1);
	sim_note(s, 0, "seen at 09:10");
	sim_note(s, 1, "called back");
	sim_settle(s);
	assert_int_equal(sim_notes(s, 0, "called back"), 0);

	sim_heal(s, 0, 1);
	sim_settle(s);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(sim_notes(s, i, "seen at 09:10"), 1);
		assert_int_equal(sim_notes(s, i, "called back"), 1);
	}
	assert_true(sim_same(s));
	sim_free(s);
}

static void
two_statuses_written_apart_are_both_shown_until_one_replaces_them(void **state)
{
	struct sim *s = sim_new(2, 2);

	(void)state;
	assert_true(sim_put(s, 0, "waits for the housing office", NULL));
	assert_true(sim_put(s, 1, "closed", NULL));
	sim_settle(s);
	assert_int_equal(sim_statuses(s, 0), 2);
	assert_int_equal(sim_statuses(s, 1), 2);

	assert_true(sim_put(s, 1, "closed, appeal possible", NULL));
	sim_settle(s);
	assert_int_equal(sim_statuses(s, 0), 1);
	assert_true(sim_same(s));
	sim_free(s);
}

static void
a_saved_note_survives_the_power(void **state)
{
	static const enum disk_loss losses[] = { LOSS_ALL, LOSS_SOME, LOSS_GARBAGE, LOSS_NONE };

	(void)state;
	for (size_t k = 0; k < COUNT_OF(losses); k++) {
		struct sim *s = sim_new(3 + k, 1);

		sim_note(s, 0, "letter from the agency, answer by Friday");
		station_crash(s->at[0], false);
		sim_switch_on(s, 0, losses[k]);
		assert_int_equal(sim_notes(s, 0, "letter from the agency, answer by Friday"), 1);
		sim_free(s);
	}
}

/* The power goes at every single operation of saving one entry, until saving gets through. */
static void
a_note_is_whole_or_absent_wherever_the_power_goes(void **state)
{
	static const enum disk_loss losses[] = { LOSS_ALL, LOSS_SOME, LOSS_GARBAGE };

	(void)state;
	for (size_t k = 0; k < COUNT_OF(losses); k++) {
		bool through = false;

		for (uint64_t op = 1; op < 200 && !through; op++) {
			struct sim *s = sim_new(10 + op, 1);
			size_t notes;

			sim_note(s, 0, "the first");
			disk_arm(host_disk(s->at[0]->host), FAULT_POWER, op);
			through = sim_put(s, 0, "open", "the second");
			station_crash(s->at[0], false);
			sim_switch_on(s, 0, losses[k]);
			notes = sim_notes(s, 0, "the second");
			assert_int_equal(sim_notes(s, 0, "the first"), 1);
			assert_true(notes == 1 || (notes == 0 && !through));
			assert_int_equal(sim_statuses(s, 0), notes);
			sim_note(s, 0, "the third");
			sim_free(s);
		}
		assert_true(through);
	}
}

/* The disk refuses once, in any way, at any operation. What was said to be saved is; what was refused may be written again. */
static void
a_disk_that_fails_once_loses_no_saved_note(void **state)
{
	static const enum disk_fault faults[] = { FAULT_NO_SPACE, FAULT_WRITE, FAULT_SYNC };

	(void)state;
	for (size_t k = 0; k < COUNT_OF(faults); k++)
		for (uint64_t op = 1; op <= 12; op++) {
			struct sim *s = sim_new(300 + op, 1);
			bool second;

			sim_note(s, 0, "the first");
			disk_arm(host_disk(s->at[0]->host), faults[k], op);
			second = sim_put(s, 0, NULL, "the second");
			disk_arm(host_disk(s->at[0]->host), FAULT_NONE, 0);
			station_close(s->at[0]);
			sim_switch_on(s, 0, LOSS_ALL);
			sim_note(s, 0, "the third");
			station_crash(s->at[0], false);
			sim_switch_on(s, 0, LOSS_ALL);
			assert_int_equal(sim_notes(s, 0, "the first"), 1);
			assert_int_equal(sim_notes(s, 0, "the third"), 1);
			assert_true(sim_notes(s, 0, "the second") == 1 || !second);
			sim_free(s);
		}
}

static void
meetings_cut_short_anywhere_lose_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 15; seed++) {
		const struct weather bad = { .cut = 1000, .latency_min = 1000, .latency_max = NS_PER_MS, .chunk_max = 512 };
		const struct weather good = { .latency_min = 1000, .latency_max = NS_PER_MS, .chunk_max = 16384 };
		struct sim *s = sim_new(400 + seed, 2);

		for (int i = 0; i < 5; i++) {
			sim_note(s, 0, "one at the first table");
			sim_note(s, 1, "one at the second table");
		}
		world_set_weather(s->w, &bad);
		sim_settle(s);
		world_set_weather(s->w, &good);
		sim_settle(s);
		assert_int_equal(sim_notes(s, 0, NULL), 10);
		assert_true(sim_same(s));
		sim_free(s);
	}
}

/* The power goes at every single operation of becoming a member. Trying again must always get through. */
static void
joining_gets_through_wherever_the_power_goes(void **state)
{
	bool through = false;

	(void)state;
	for (uint64_t op = 1; op < 400 && !through; op += 3) {
		struct sim *s = sim_new(500 + op, 1);
		struct err err = ERR_INIT, again = ERR_INIT;
		struct station *late;

		/* The world was made for one; the newcomer needs a machine of its own. */
		late = station_new(s->w, world_add_host(s->w));
		disk_arm(host_disk(late->host), FAULT_POWER, op);
		through = station_join(late, s->at[0], ROLE_ADVISOR, &s->team, &err) == ERR_OK;
		if (!through) {
			station_crash(late, false);
			disk_power_on(host_disk(late->host), op % 2 ? LOSS_GARBAGE : LOSS_ALL);
			if (station_join(late, s->at[0], ROLE_ADVISOR, &s->team, &again) != ERR_OK)
				fail_msg("after the power went at operation %d: %s", (int)op, again.text);
		}
		disk_arm(host_disk(late->host), FAULT_NONE, 0);
		s->at[s->count++] = late;
		sim_note(s, 1, "my first");
		sim_settle(s);
		assert_int_equal(sim_notes(s, 0, "my first"), 1);
		sim_free(s);
	}
	assert_true(through);
}

static void
a_bundle_read_twice_brings_everything_once(void **state)
{
	struct sim *s = sim_new(5, 2);
	struct bundle_counts counts;
	struct buf stick = BUF_INIT;
	struct err err = ERR_INIT;
	uint64_t entries;

	(void)state;
	sim_note(s, 0, "carried by hand");
	assert_int_equal(bundle_write(node_peer_host(s->at[0]->node), NULL, &stick, &entries, &err), ERR_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(bundle_read(node_peer_host(s->at[1]->node), buf_bytes(&stick), false, &counts, &err), ERR_OK);
		assert_true(counts.complete);
		assert_int_equal(node_commit(s->at[1]->node, &err), ERR_OK);
		assert_int_equal(sim_notes(s, 1, "carried by hand"), 1);
	}
	assert_int_equal(counts.stored, 0);
	buf_free(&stick);
	sim_free(s);
}

static void
a_wrong_passphrase_harms_nothing(void **state)
{
	struct sim *s = sim_new(6, 1);
	struct err err = ERR_INIT;

	(void)state;
	sim_note(s, 0, "behind the lock");
	station_close(s->at[0]);
	for (int i = 0; i < 3; i++)
		assert_int_equal(station_open_with(s->at[0], "not this one", false, &err), ERR_PASSPHRASE);
	sim_switch_on(s, 0, LOSS_ALL);
	assert_int_equal(sim_notes(s, 0, "behind the lock"), 1);
	sim_free(s);
}

static void
a_lid_closed_and_opened_shows_the_same(void **state)
{
	struct sim *s = sim_new(7, 2);
	uint8_t hash[32];
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 30; i++)
		assert_true(sim_put(s, 0, i % 3 ? NULL : "open", "a visit"));
	sim_settle(s);
	station_close(s->at[1]);
	sim_switch_on(s, 1, LOSS_NONE);
	assert_true(station_hash(s->at[1], hash));
	assert_memory_equal(hash, s->at[1]->closed_hash, sizeof(hash));
	station_close(s->at[1]);
	assert_int_equal(station_open_with(s->at[1], s->at[1]->pass, true, &err), ERR_OK);
	assert_true(station_hash(s->at[1], hash));
	assert_memory_equal(hash, s->at[1]->closed_hash, sizeof(hash));
	sim_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_written_apart_meet_when_the_link_heals),
		cmocka_unit_test(two_statuses_written_apart_are_both_shown_until_one_replaces_them),
		cmocka_unit_test(a_saved_note_survives_the_power),
		cmocka_unit_test(a_note_is_whole_or_absent_wherever_the_power_goes),
		cmocka_unit_test(a_disk_that_fails_once_loses_no_saved_note),
		cmocka_unit_test(meetings_cut_short_anywhere_lose_nothing),
		cmocka_unit_test(joining_gets_through_wherever_the_power_goes),
		cmocka_unit_test(a_bundle_read_twice_brings_everything_once),
		cmocka_unit_test(a_wrong_passphrase_harms_nothing),
		cmocka_unit_test(a_lid_closed_and_opened_shows_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
