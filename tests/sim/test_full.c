/* Programs that start on a full disk, or on one that takes no write at all: they can be read, and go on once it is otherwise. */
#include "story.h"

/* Full from that write on. The first of a start is an empty file for the WAL, for which there mostly is room on a full disk. */
static void
fill_disk(struct sim *s, size_t i, uint64_t from)
{
	disk_set_lasting(host_disk(s->at[i]->host), true);
	disk_arm(host_disk(s->at[i]->host), FAULT_NO_SPACE, from);
}

static void
make_room(struct sim *s, size_t i)
{
	disk_set_lasting(host_disk(s->at[i]->host), false);
	disk_arm(host_disk(s->at[i]->host), FAULT_NONE, 0);
}

static void
a_node_that_starts_on_a_full_disk_goes_on_by_itself_when_there_is_room(void **state)
{
	struct sim *s = sim_new(11, 2);

	(void)state;
	sim_note(s, 1, "before it was full");
	sim_settle(s);
	station_close(s->at[1]);
	sim_note(s, 0, "for whoever comes back");
	fill_disk(s, 1, 2);
	sim_switch_on(s, 1, LOSS_ALL);
	for (int i = 0; i < 2; i++) {
		assert_false(sim_put(s, 1, NULL, "no room for it"));
		assert_int_equal(s->why.code, ERR_NO_SPACE);
	}
	sim_settle(s);
	assert_int_equal(sim_notes(s, 1, "before it was full"), 1);
	assert_int_equal(sim_notes(s, 1, "for whoever comes back"), 0);

	make_room(s, 1);
	sim_settle(s);
	assert_int_equal(sim_notes(s, 1, "for whoever comes back"), 1);
	sim_note(s, 1, "with room");
	station_crash(s->at[1], false);
	sim_switch_on(s, 1, LOSS_ALL);
	assert_int_equal(sim_notes(s, 1, "with room"), 1);
	assert_int_equal(sim_notes(s, 1, "no room for it"), 0);
	assert_false(node_moved(s->at[1]->node));
	sim_settle(s);
	assert_true(sim_same(s));
	sim_free(s);
}

/* As soon as anything can be written the copy takes an incarnation of its own: nothing is ever written under the old one. */
static void
a_copy_that_starts_on_a_full_disk_forks_nothing(void **state)
{
	(void)state;
	for (uint64_t full_from = 2; full_from <= 24; full_from++) {
		struct sim *s = sim_new(500 + full_from, 2);
		struct station *copy;
		bool written = false;

		sim_note(s, 1, "before the copy");
		sim_settle(s);
		station_close(s->at[1]);
		copy = station_new(s->w, world_add_host(s->w));
		disk_copy(host_disk(copy->host), host_disk(s->at[1]->host));
		snprintf(copy->home, sizeof(copy->home), "%s", s->at[1]->home);
		snprintf(copy->pass, sizeof(copy->pass), "%s", s->at[1]->pass);
		s->at[s->count++] = copy;
		sim_switch_on(s, 1, LOSS_NONE);
		fill_disk(s, 2, full_from); /* so that its start is cut short in each of its steps */
		sim_switch_on(s, 2, LOSS_NONE);
		(void)sim_put(s, 2, NULL, "no room, perhaps");
		make_room(s, 2);
		for (int i = 0; i < 3 && !written; i++)
			written = sim_put(s, 2, NULL, "on the copy");
		assert_true(written);
		station_crash(copy, false);
		sim_switch_on(s, 2, LOSS_ALL);
		sim_note(s, 2, "on the copy, later");
		sim_note(s, 1, "on the laptop");
		sim_settle(s);
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(sim_notes(s, i, "on the copy"), 1);
			assert_int_equal(sim_notes(s, i, "on the copy, later"), 1);
			assert_int_equal(sim_notes(s, i, "on the laptop"), 1);
			assert_int_equal(replica_damaged(station_replica(s->at[i])), 0);
		}
		assert_true(sim_same(s));
		sim_free(s);
	}
}

/* What each operation says there: tests/counted, kind "still". */
static void
a_node_on_a_disk_that_takes_no_write_can_be_read_and_harms_nobody_it_meets(void **state)
{
	struct sim *s = sim_new(12, 2);

	(void)state;
	sim_note(s, 1, "before");
	sim_settle(s);
	sim_note(s, 1, "only here");
	station_close(s->at[1]);
	sim_note(s, 0, "for whoever comes back");
	disk_set_read_only(host_disk(s->at[1]->host), true);
	sim_switch_on(s, 1, LOSS_ALL);
	for (int i = 0; i < 2; i++) {
		assert_false(sim_put(s, 1, NULL, "nowhere to write it"));
		assert_int_equal(s->why.code, ERR_READ_ONLY);
		assert_non_null(strstr(s->why.text, "only be read"));
	}
	sim_settle(s);
	assert_int_equal(sim_notes(s, 1, "before"), 1);
	assert_int_equal(sim_notes(s, 1, "for whoever comes back"), 0); /* nothing is shown that is not saved */
	assert_int_equal(sim_notes(s, 0, "for whoever comes back"), 1);

	station_close(s->at[1]);
	disk_set_read_only(host_disk(s->at[1]->host), false);
	sim_switch_on(s, 1, LOSS_ALL);
	assert_false(node_moved(s->at[1]->node));
	sim_settle(s);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(sim_notes(s, i, "only here"), 1);
		assert_int_equal(sim_notes(s, i, "for whoever comes back"), 1);
		assert_int_equal(sim_notes(s, i, "nowhere to write it"), 0);
	}
	assert_true(sim_same(s));
	sim_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_that_starts_on_a_full_disk_goes_on_by_itself_when_there_is_room),
		cmocka_unit_test(a_copy_that_starts_on_a_full_disk_forks_nothing),
		cmocka_unit_test(a_node_on_a_disk_that_takes_no_write_can_be_read_and_harms_nobody_it_meets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
