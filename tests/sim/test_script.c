/* A play as a script: it plays like its seed, says what it said when something is taken out, and is made small without losing its failure. */
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

#include "sim/play.h"
#include "sim/prf.h"
#include "sim/shrink.h"

static struct play_report
play_seed(uint64_t seed, enum swarm_profile profile, struct script *record)
{
	const struct play_options options = { .seed = seed, .profile = profile, .record = record };
	struct play_report r;

	play(&options, &r);
	return r;
}

static struct play_report
play_script(const struct script *script)
{
	const struct play_options options = { .script = script };
	struct play_report r;

	play(&options, &r);
	return r;
}

static void
a_script_plays_like_the_seed_that_it_was_written_from(void **state)
{
	static const enum swarm_profile profiles[] = { PROFILE_LITE, PROFILE_USB_ONLY, PROFILE_BYZANTINE, PROFILE_CLONE_STORM, PROFILE_HUB_ROLLBACK };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(profiles); i++) {
		struct script s = { .events = NULL };
		struct play_report seed = play_seed(7 + i, profiles[i], &s), script = play_script(&s);

		CHECK_CASE(profile_called(profiles[i]), script.ok, seed.ok);
		CHECK_CASE(profile_called(profiles[i]), script.steps, seed.steps);
		CHECK_CASE(profile_called(profiles[i]), script.hash == seed.hash, true);
		script_free(&s);
	}
}

/* Events of a script are not chained to each other: any of them may go. */
static void
a_script_without_every_third_event_plays_and_finds_nothing(void **state)
{
	struct script s = { .events = NULL }, rest = { .events = NULL };
	struct play_report r;

	(void)state;
	(void)play_seed(3, PROFILE_LITE, &s);
	for (size_t i = 0; i < s.count; i++)
		if (i % 3 != 2 || strcmp(s.events[i].kind, "heal") == 0)
			script_copy_event(&rest, &s.events[i]);
	r = play_script(&rest);
	if (!r.ok)
		fail_msg("%s: %s", r.finding.invariant, r.finding.text);
	script_free(&s);
	script_free(&rest);
}

static void
what_is_saved_is_loaded_and_anything_else_is_refused(void **state)
{
	static const char *const bad[] = { "", "faltbok-sim 2\n", "faltbok-sim 1\nwrite 1\n", "faltbok-sim 1\n@x write 1\n", "faltbok-sim 1\n@1 write\n",
		                           "faltbok-sim 1\n@1 write 1 record\n", "faltbok-sim 1\n@1 write 1 record=\n", "faltbok-sim 1\n@1 write 1 record=1,\n",
		                           "faltbok-sim 1\n@1 write 1 record=1 \n", "faltbok-sim 1\n@1 averyveryverylongkind 1\n" };
	struct script s = { .events = NULL }, again = { .events = NULL };
	char path[] = "/tmp/faltbok-script-XXXXXX";
	int fd = mkstemp(path);
	struct err err = ERR_INIT;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	(void)play_seed(5, PROFILE_LITE, &s);
	assert_int_equal(script_save(&s, path, "a comment", &err), ERR_OK);
	assert_int_equal(script_load(&again, path, &err), ERR_OK);
	assert_int_equal(again.count, s.count);
	assert_int_equal(play_script(&again).hash, play_script(&s).hash);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		FILE *f = fopen(path, "w");
		struct script none = { .events = NULL };

		assert_non_null(f);
		fputs(bad[i], f);
		fclose(f);
		CHECK_CASE(bad[i], script_load(&none, path, &err), ERR_MALFORMED);
		script_free(&none);
	}
	script_free(&s);
	script_free(&again);
	unlink(path);
}

/* Fails when station 2 writes after station 1 crashed, whatever else there is. */
static bool
fails(void *ctx, const struct script *s)
{
	size_t *least = ctx;
	bool crashed = false;

	for (size_t i = 0; i < s->count; i++) {
		crashed = crashed || (strcmp(s->events[i].kind, "crash") == 0 && s->events[i].who == 1);
		if (crashed && strcmp(s->events[i].kind, "write") == 0 && script_value(&s->events[i], "pad") >= 10) {
			*least = s->count < *least ? s->count : *least;
			return true;
		}
	}
	return false;
}

static void
shrinking_leaves_what_the_failure_needs(void **state)
{
	struct script s = { .events = NULL };
	size_t least = SIZE_MAX;
	struct shrink how = { .fails = fails, .ctx = &least, .tries_max = 10000 };
	struct dice d = dice_of(1, STREAM_WORK, 0);

	(void)state;
	script_note(script_add(&s, 0, "set", 0), "stations", 5);
	(void)script_add(&s, 0, "found", 0);
	for (uint64_t i = 0; i < 200; i++) {
		struct script_event *e = script_add(&s, i, dice_chance(&d, 500) ? "write" : i == 90 ? "crash" : "meet", (size_t)(i == 90 ? 1 : dice_below(&d, 5)));

		script_note(e, "pad", dice_below(&d, 3000));
		script_note(e, "wait", dice_below(&d, 1000000));
	}
	s.events[92].who = 1;
	snprintf(s.events[92].kind, sizeof(s.events[92].kind), "crash");
	(void)script_add(&s, 200, "heal", 0);
	assert_true(fails(&least, &s));
	shrink(&how, &s);
	assert_true(fails(&least, &s));
	assert_int_equal(script_acts(&s), 2);
	for (size_t i = 0; i < s.count; i++) {
		assert_int_equal(script_value(&s.events[i], "wait"), 0);
		assert_true(script_value(&s.events[i], "pad") < 20);
	}
	assert_int_equal(script_value(&s.events[0], "stations"), 2);
	script_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_is_loaded_and_anything_else_is_refused),
		cmocka_unit_test(shrinking_leaves_what_the_failure_needs),
		cmocka_unit_test(a_script_plays_like_the_seed_that_it_was_written_from),
		cmocka_unit_test(a_script_without_every_third_event_plays_and_finds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
