/* Every call of the network fails, once and for ever, at its Nth: nothing that was saved is lost, and all come in step once they work again. */
#include "story.h"

#include "call_faults.h"

enum { HUB = 2 };

static const enum call kinds[] = { CALL_DIAL, CALL_ACCEPT, CALL_SEND, CALL_RECEIVE };

/* Programs start anew behind the failing calls: who listens already would be told past them. */
static void
start_behind(struct sim *s, bool stay)
{
	for (size_t i = 0; i < s->count; i++) {
		station_close(s->at[i]);
		calls_between(s->at[i]->host);
		s->at[i]->stay = stay;
		sim_switch_on(s, i, LOSS_NONE);
	}
}

static void
try_to_meet(struct sim *s, size_t a, size_t b)
{
	struct err err = ERR_INIT;

	if (station_meet(s->at[a], s->at[b], &err) != ERR_OK) {
		assert_int_equal(calls.call, CALL_DIAL);
		assert_int_not_equal(err.text[0], '\0');
	}
	world_run(s->w, 40 * NS_PER_S);
}

static void
end(struct sim *s)
{
	sim_free(s);
	calls_forget();
}

/* Two tables with news for each other. True when the call that was to fail came to pass. */
static bool
two_meet(enum call call, long nth, bool lasting)
{
	struct sim *s = sim_new(900 + (uint64_t)nth, 2);
	bool struck;

	start_behind(s, false);
	for (int i = 0; i < 3; i++) {
		sim_note(s, 0, "at the first table");
		sim_note(s, 1, "at the second table");
	}
	calls_fail(call, nth, lasting);
	try_to_meet(s, 1, 0);
	try_to_meet(s, 0, 1);
	sim_note(s, 1, "while it failed");
	struck = calls_work();
	world_run(s->w, NS_PER_S); /* a link that failed at one end is over at the other when it hears so: no deadline is waited for */
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(sim_notes(s, i, i == 0 ? "at the first table" : "at the second table"), 3);
		if (host_wires(s->at[i]->host) != 0)
			fail_msg("call %d, the %ldth%s: table %zu still holds a connection", (int)call, nth, lasting ? " and on" : "", i);
	}
	sim_settle(s);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(sim_notes(s, i, NULL), 7);
	assert_true(sim_same(s));
	end(s);
	return struck;
}

static void
an_exchange_gets_through_once_the_call_that_failed_works(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		for (int lasting = 0; lasting < 2; lasting++) {
			long n = 0;

			while (two_meet(kinds[k], n, lasting != 0))
				n++;
			assert_true(n >= 2); /* there were such calls */
		}
}

/* Links that stay, a table to a hub to a table. What the hub has signed for is at the hub, whatever fails. */
static bool
two_behind_a_hub(enum call call, long nth, bool lasting)
{
	struct sim *s = sim_new(1900 + (uint64_t)nth, 2);
	struct err err = ERR_INIT;
	bool struck;

	s->at[HUB] = station_new(s->w, world_add_host(s->w));
	if (station_join(s->at[HUB], s->at[0], ROLE_HUB, &s->team, &err) != ERR_OK)
		fail_msg("the hub joins: %s", err.text);
	s->count++;
	sim_cut(s, 0, 1);
	start_behind(s, true);
	calls_fail(call, nth, lasting);
	for (size_t i = 0; i < 2; i++)
		try_to_meet(s, i, HUB);
	sim_note(s, 0, "through the hub");
	sim_note(s, 1, "and back");
	world_run(s->w, 40 * NS_PER_S);
	struck = calls_work();
	for (size_t log = 0; log < replica_log_count(station_replica(s->at[0])); log++) {
		const struct log_key *key = &replica_log_at(station_replica(s->at[0]), log)->key;
		uint64_t signed_for = replica_acked(station_replica(s->at[0]), &station_keys(s->at[HUB])->device.sign_pk, log);
		size_t at;

		if (signed_for > 0) {
			assert_true(replica_log_find(station_replica(s->at[HUB]), key, &at));
			assert_true(replica_log_at(station_replica(s->at[HUB]), at)->len >= signed_for);
		}
	}
	start_behind(s, true); /* links that were given up are dialled by whoever serves; here, by starting again */
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < 2; i++)
			try_to_meet(s, i, HUB);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(sim_notes(s, i, NULL), 2);
	end(s);
	return struck;
}

static void
a_hub_carries_on_once_the_call_that_failed_works(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		for (int lasting = 0; lasting < 2; lasting++) {
			long n = 0;

			while (two_behind_a_hub(kinds[k], n, lasting != 0))
				n += 3; /* the tables' test above has them all */
			assert_true(n >= 3);
		}
}

static void
who_cannot_listen_says_so_and_can_later(void **state)
{
	struct sim *s = sim_new(31, 2);
	struct err err = ERR_INIT;

	(void)state;
	sim_note(s, 1, "kept");
	station_close(s->at[1]);
	calls_between(s->at[1]->host);
	calls_fail(CALL_LISTEN, 0, true);
	assert_int_equal(station_open(s->at[1], &err), ERR_NETWORK);
	assert_int_not_equal(err.text[0], '\0');
	assert_true(calls_work());
	sim_switch_on(s, 1, LOSS_NONE);
	sim_settle(s);
	assert_int_equal(sim_notes(s, 0, "kept"), 1);
	end(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exchange_gets_through_once_the_call_that_failed_works),
		cmocka_unit_test(a_hub_carries_on_once_the_call_that_failed_works),
		cmocka_unit_test(who_cannot_listen_says_so_and_can_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
