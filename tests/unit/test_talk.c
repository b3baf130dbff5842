/*
 * The conversation while memory runs out, a disk fails, and a peer says what
 * it may not: between replicas in memory (shelf.h), so that each allocation and
 * each call of the replica can fail once in every kind of conversation.
 */
#include "talk.h"

struct meeting {
	const char *name;
	unsigned a, b;             /* actors */
	unsigned a_parts, b_parts;
	bool b_bare, stay;
	size_t step_bytes;
	enum err_code want_a, want_b;
};

static const struct meeting meetings[] = {
	{ "who hold the same", ANA, BOB, TEAM_WORK, TEAM_WORK, false, false, 0, ERR_OK, ERR_OK },
	{ "who have worked apart", ANA, BOB, TEAM_WORK, ONE_BRANCH, false, false, 0, ERR_OK, ERR_OK },
	{ "of whom one lacks control", ANA, BOB, TEAM_WORK | CONTROL_WORK | NEWCOMER, 0, false, false, 0, ERR_OK, ERR_OK },
	{ "of whom the other lacks control", BOB, ANA, 0, TEAM_WORK | CONTROL_WORK, false, false, 64, ERR_OK, ERR_OK },
	{ "a newcomer", HUB, ANA, ~(unsigned)(OTHER_BRANCH | REMOVAL), 0, false, false, 0, ERR_OK, ERR_OK },
	{ "one who brings the word of its own removal", ANA, BOB, 0, REMOVAL, false, false, 0, ERR_REFUSED, ERR_REFUSED },
	{ "a removed one", ANA, BOB, REMOVAL, 0, false, false, 0, ERR_REFUSED, ERR_REFUSED },
	{ "who find a fork", ANA, DEE, ONE_BRANCH | CONTROL_WORK, OTHER_BRANCH | CONTROL_WORK, false, false, 0, ERR_OK, ERR_OK },
	{ "who find it the other way round", DEE, ANA, OTHER_BRANCH | CONTROL_WORK, CONTROL_WORK | TEAM_WORK, false, false, 0, ERR_OK, ERR_OK },
	{ "who find one that is longer", ANA, DEE, ONE_BRANCH | CONTROL_WORK, OTHER_BRANCH | BRANCH_MORE | CONTROL_WORK, false, false, 0, ERR_OK, ERR_OK },
	{ "who know of it, and one more of a branch", ANA, BOB, ONE_BRANCH | OTHER_BRANCH, ONE_BRANCH | OTHER_BRANCH | BRANCH_MORE, false, false, 0, ERR_OK, ERR_OK },
	{ "of whom one knows of it", ANA, DEE, ONE_BRANCH | OTHER_BRANCH | CONTROL_WORK, ONE_BRANCH | CONTROL_WORK, false, false, 0, ERR_OK, ERR_OK },
	{ "of whom one has headers only", ANA, BOB, TEAM_WORK, TEAM_WORK, true, false, 0, ERR_OK, ERR_OK },
	{ "who stay", ANA, BOB, TEAM_WORK, ONE_BRANCH, false, true, 0, ERR_OK, ERR_OK },
	{ "a coordinator who reads no team", C1, ANA, 0, TEAM_WORK | CONTROL_WORK, false, false, 0, ERR_OK, ERR_OK },
	{ "coordinators who read no team, of whom one has its headers", C1, C2, 0, TEAM_WORK, true, false, 0, ERR_OK, ERR_OK },
	{ "who find a fork in a branch", ANA, BOB, ONE_BRANCH | OTHER_BRANCH | BRANCH_MORE, ONE_BRANCH | OTHER_BRANCH | BRANCH_RIVAL, false, false, 0, ERR_OK,
	  ERR_OK },
};

static void
shelves(const struct world *w, const struct meeting *m, struct shelf *out[2])
{
	out[0] = shelf_for(w, m->a, m->b, m->a_parts, false);
	out[1] = shelf_for(w, m->b, m->a, m->b_parts, m->b_bare);
}

/* From the first word to the last; on a link that stays something is written meanwhile, and one of them stops. */
static void
meet(struct talk *t, const struct meeting *m)
{
	happens(t, 1, SYNC_OPENED, BYTES_NONE);
	happens(t, 0, SYNC_OPENED, BYTES_NONE);
	settles(t);
	if (!m->stay)
		return;
	if (!t->side[0].ended) {
		const struct world *w = t->side[0].shelf->w;

		for (size_t i = 0; i < w->count; i++) {
			bool fresh;

			if ((part_of[i] & LATER) != 0) {
				mem_hold();
				assert_int_equal(shelf_place(t->side[0].shelf, &w->entries[i], false, &fresh, NULL), ERR_OK);
				assert_int_equal(org_evaluate(t->side[0].shelf->org, NULL), ERR_OK);
				mem_release();
			}
		}
	}
	happens(t, 0, SYNC_WRITTEN, BYTES_NONE);
	happens(t, 0, SYNC_RIPE, BYTES_NONE);
	happens(t, 0, SYNC_GROWN, BYTES_NONE);
	settles(t);
	happens(t, 0, SYNC_STOP, BYTES_NONE);
	settles(t);
}

static void
holdings(struct shelf *const s[2], uint64_t out[4])
{
	for (int i = 0; i < 2; i++)
		out[2 * i] = shelf_entries(s[i], &out[2 * i + 1]);
}

static void
calm_meeting(const struct world *w, const struct meeting *m, uint64_t out[4])
{
	struct shelf *s[2];
	struct talk t;

	shelves(w, m, s);
	assert_true(talk_begin(&t, s[0], s[1], m->stay, m->step_bytes));
	meet(&t, m);
	CHECK_CASE(m->name, t.side[0].code, m->want_a);
	CHECK_CASE(m->name, t.side[1].code, m->want_b);
	CHECK_TRUE(m->name, t.side[0].ended || m->stay);
	if (m->want_a == ERR_OK)
		CHECK_TRUE(m->name, sync_facts(t.side[0].sync)->in_step && sync_facts(t.side[1].sync)->in_step);
	talk_end(&t);
	holdings(s, out);
	shelf_free(s[0]);
	shelf_free(s[1]);
}

/* After a meeting that broke off: the next one ends where an undisturbed one would have. */
static void
made_up_for(const struct meeting *m, struct shelf *s[2], const uint64_t want[4])
{
	struct talk t;
	uint64_t got[4];

	for (int i = 0; i < 2; i++) {
		s[i]->fail_after = -1;
		assert_int_equal(org_evaluate(s[i]->org, NULL), ERR_OK); /* as when a replica is opened */
	}
	assert_true(talk_begin(&t, s[0], s[1], m->stay, m->step_bytes));
	meet(&t, m);
	talk_end(&t);
	holdings(s, got);
	for (int i = 0; i < 4; i++)
		if (got[i] != want[i])
			fail_msg("%s: side %d holds %llu, not %llu", m->name, i / 2, (unsigned long long)got[i], (unsigned long long)want[i]);
}

static void
meetings_end_as_they_should(void **state)
{
	struct world *w = make_world();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(meetings); i++) {
		uint64_t got[4];

		calm_meeting(w, &meetings[i], got);
	}
	world_free(w);
}

static void
short_of_memory(struct world *w, const struct meeting *m)
{
	uint64_t want[4];

	calm_meeting(w, m, want);
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct shelf *shelf[2];
		struct talk t;
		bool begun;

		mem_hold();
		shelves(w, m, shelf);
		mem_release();
		begun = talk_begin(&t, shelf[0], shelf[1], m->stay, m->step_bytes);
		if (begun)
			meet(&t, m);
		scarce_over(&s);
		for (int k = 0; begun && k < 2; k++) {
			enum err_code code = t.side[k].code, calm = k == 0 ? m->want_a : m->want_b;

			/* Whoever lacked it says so; the other one hears that it cannot go on, or nothing. */
			if (code != calm && code != ERR_OK)
				CHECK_TRUE(m->name, code == ERR_NO_MEMORY || code == ERR_NETWORK);
		}
		CHECK_TRUE(m->name, begun || s.struck);
		talk_end(&t);
		made_up_for(m, shelf, want);
		shelf_free(shelf[0]);
		shelf_free(shelf[1]);
	}
}

static void
a_meeting_that_lacks_memory_ends_with_that_word_and_the_next_makes_up_for_it(void **state)
{
	struct world *w = make_world();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(meetings); i++)
		short_of_memory(w, &meetings[i]);
	world_free(w);
}

/* What is known of each log grows while the meeting goes on, on both sides. */
static void
a_meeting_about_many_logs_that_lacks_memory_is_made_up_for_too(void **state)
{
	static const struct meeting m = { "of many logs", ANA, BOB, TEAM_WORK, ONE_BRANCH, false, false, 400, ERR_OK, ERR_OK };
	struct stream_id team = team_of(1);
	struct world *w = make_world();
	size_t from = w->count;

	(void)state;
	w->unsigned_entries = true;
	for (unsigned i = 0; i < 40; i++)
		world_write_after(w, ANA, &team, 100 + i, NULL, KIND_DATA, BYTES_STR("first"));
	belongs_to(w, from, TEAM_WORK);
	from = w->count;
	for (unsigned i = 0; i < 40; i++)
		world_write_after(w, BOB, &team, 200 + i, NULL, KIND_DATA, BYTES_STR("first"));
	belongs_to(w, from, ONE_BRANCH);
	short_of_memory(w, &m);
	world_free(w);
}

static void
a_replica_that_fails_ends_the_meeting_and_the_next_makes_up_for_it(void **state)
{
	static const enum err_code codes[] = { ERR_IO, ERR_NO_MEMORY, ERR_DAMAGED };
	struct world *w = make_world();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(meetings); i++) {
		const struct meeting *m = &meetings[i];
		uint64_t want[4];

		calm_meeting(w, m, want);
		for (int k = 0; k < 2; k++)
			for (size_t c = 0; c < COUNT_OF(codes); c++) {
				bool struck = true;

				for (long n = 0; struck; n++) {
					struct shelf *shelf[2];
					struct talk t;

					shelves(w, m, shelf);
					shelf[k]->fail_after = n;
					shelf[k]->fail_with = codes[c];
					assert_true(talk_begin(&t, shelf[0], shelf[1], m->stay, m->step_bytes));
					meet(&t, m);
					struck = shelf[k]->calls > n;
					/* A run that is damaged here is passed over: others have it, and what it proves is not proved. */
					if (struck && codes[c] != ERR_DAMAGED)
						CHECK_CASE(m->name, t.side[k].code, codes[c]);
					talk_end(&t);
					made_up_for(m, shelf, want);
					shelf_free(shelf[0]);
					shelf_free(shelf[1]);
				}
			}
	}
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meetings_end_as_they_should),
		cmocka_unit_test(a_meeting_that_lacks_memory_ends_with_that_word_and_the_next_makes_up_for_it),
		cmocka_unit_test(a_meeting_about_many_logs_that_lacks_memory_is_made_up_for_too),
		cmocka_unit_test(a_replica_that_fails_ends_the_meeting_and_the_next_makes_up_for_it),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
