/*
 * What a peer may say that it should not, or when it should not; what a host
 * may be like; and summaries that are longer than a message.
 */
#include "talk.h"

static void
every_refusal_is_a_sentence_of_its_own(void **state)
{
	static const struct { uint64_t why; enum err_code want; } cases[] = {
		{ REFUSE_VERSION, ERR_NEWER }, { REFUSE_UNKNOWN, ERR_REFUSED }, { REFUSE_REMOVED, ERR_REFUSED }, { REFUSE_MALFORMED, ERR_NETWORK },
		{ REFUSE_FAILED, ERR_NETWORK }, { REFUSE_ROOM, ERR_NETWORK }, { 77, ERR_NETWORK },
	};
	char texts[COUNT_OF(cases)][512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct pair p;

		pair_init(&p, ANA, BOB, 0, 0);
		happens(&p.t, 0, SYNC_OPENED, BYTES_NONE);
		CHECK_CASE("refusal", told(&p.t, 0, &(struct message){ MSG_ERR, { .refusal = cases[i].why } }), cases[i].want);
		assert_true(p.t.side[0].ended);
		memcpy(texts[i], p.t.side[0].err.text, sizeof(texts[i]));
		for (size_t k = 0; k < i; k++)
			assert_true(strcmp(texts[i], texts[k]) != 0 || cases[i].why == 77);
		/* And after the end there is nothing to do. */
		p.t.side[0].ended = false;
		happens(&p.t, 0, SYNC_QUIET, BYTES_NONE);
		assert_true(p.t.side[0].ended && p.t.side[0].todo.messages.len == 0);
		pair_end(&p);
	}
}

static void
who_has_no_room_says_so_before_anything_else(void **state)
{
	(void)state;
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct pair p;

		mem_hold();
		pair_init(&p, ANA, BOB, 0, 0);
		p.b->full = true;
		happens(&p.t, 0, SYNC_OPENED, BYTES_NONE);
		mem_release();
		happens(&p.t, 1, SYNC_OPENED, BYTES_NONE);
		scarce_over(&s);
		assert_int_equal(p.t.side[1].code, s.struck ? ERR_NO_MEMORY : ERR_NETWORK);
		hears(&p.t, 0);
		assert_int_equal(p.t.side[0].code, s.struck ? ERR_OK : ERR_NETWORK);
		assert_true(s.struck || strstr(p.t.side[0].err.text, "no room") != NULL);
		pair_end(&p);
	}
}

static void
who_stops_before_a_word_was_said_says_none(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, ANA, BOB, 0, 0);
	happens(&p.t, 1, SYNC_OPENED, BYTES_NONE);
	happens(&p.t, 1, SYNC_STOP, BYTES_NONE);
	assert_true(p.t.side[1].ended && p.t.side[0].inbox.len == 0);
	pair_end(&p);
}

static void
what_comes_out_of_turn_while_comparing_ends_it(void **state)
{
	static const uint8_t digests[128];
	const struct { const char *name; struct message m; enum err_code want; } cases[] = {
		{ "a second HELLO", { MSG_HELLO, { .hello = { .vmin = 1, .vmax = 1, .credit = 1 } } }, ERR_MALFORMED },
		{ "a HELLO of the past", { MSG_HELLO, { .hello = { .vmin = 0, .vmax = 0, .credit = 1 } } }, ERR_NEWER },
		{ "the end of a proof", { MSG_DONE, { .done = { SCOPE_PROOF, 0 } } }, ERR_MALFORMED },
		{ "the end of another scope", { MSG_DONE, { .done = { SCOPE_CONTROL, 0 } } }, ERR_OK },
		{ "BYE", { MSG_BYE, { .bye = { .reason = SYNC_BYE_DONE } } }, ERR_NETWORK },
		{ "HAVE of another scope", { MSG_HAVE, { .have = { SCOPE_CONTROL, BYTES(digests, 2), true, BYTES_NONE } } }, ERR_MALFORMED },
		{ "HAVE of other buckets", { MSG_HAVE, { .have = { SCOPE_TEAMS, BYTES(digests, 4), true, BYTES_NONE } } }, ERR_MALFORMED },
		{ "half an item of HAVE", { MSG_HAVE, { .have = { SCOPE_TEAMS, BYTES(digests, 2), true, BYTES(digests, 9) } } }, ERR_MALFORMED },
		{ "credit", { MSG_CREDIT, { .credit = 7 } }, ERR_OK },
		{ "something later", { MSG_LATER, { .credit = 0 } }, ERR_OK },
		{ "ENTRIES that are none", { MSG_ENTRIES, { .entries = BYTES("\x90", 1) } }, ERR_MALFORMED },
		{ "ENTRIES that are no msgpack", { MSG_ENTRIES, { .entries = BYTES("\xc1", 1) } }, ERR_MALFORMED },
		{ "an ACK that is none", { MSG_ACK, { .ack = { true, BYTES("\x90", 1) } } }, ERR_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct pair p;

		pair_comparing(&p);
		CHECK_CASE(cases[i].name, told(&p.t, 1, &cases[i].m), cases[i].want);
		CHECK_CASE(cases[i].name, p.t.side[1].ended, cases[i].want != ERR_OK);
		pair_end(&p);
	}
}

static void
an_open_that_crosses_the_other_ones_gives_way_at_one_end(void **state)
{
	static const uint8_t digests[128];
	const struct message open = { MSG_BUCKETS, { .buckets = { SCOPE_TEAMS, 16, digests } } };
	struct pair p;

	(void)state;
	pair_comparing(&p); /* the responder's BUCKETS are under way */
	assert_int_equal(told(&p.t, 1, &open), ERR_OK);
	settles(&p.t);
	assert_true(sync_facts(p.t.side[0].sync)->in_step && sync_facts(p.t.side[1].sync)->in_step);
	pair_end(&p);
}

/* ---- forks ---- */

static void
a_probe_stays_within_the_log(void **state)
{
	static const uint8_t ids[8 * 4];
	struct stream_id team = team_of(1);
	const struct { const char *name; unsigned log; uint64_t lo, hi, step; size_t count; enum err_code want; } cases[] = {
		{ "within it", 0, 0, 3, 1, 3, ERR_OK },
		{ "up to its last entry", 0, 0, 4, 1, 4, ERR_OK },
		{ "beyond it", 0, 0, 6, 1, 3, ERR_MALFORMED },
		{ "below a branch", 2, 0, 4, 1, 3, ERR_MALFORMED },
		{ "of a log nobody has", 3, 0, 6, 1, 3, ERR_OK },
		{ "of a log that is not being compared", 1, 0, 6, 1, 3, ERR_OK },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct pair p;
		struct message m = { MSG_PROBE, { .probe = { { { 9 } }, cases[i].lo, cases[i].hi, cases[i].step, cases[i].count, ids } } };

		pair_init(&p, ANA, BOB, TEAM_WORK, cases[i].log == 2 ? ONE_BRANCH | OTHER_BRANCH : ONE_BRANCH);
		pair_greet(&p);
		if (cases[i].log == 0)
			m.u.probe.id = p.b->logs[shelf_log_of(p.b, BOB, &team)].head.short_id;
		else if (cases[i].log == 1)
			m.u.probe.id = p.b->logs[shelf_log_of(p.b, C1, &p.w->control)].head.short_id;
		for (size_t k = 0; k < p.b->count && cases[i].log == 2; k++)
			if (p.b->logs[k].head.key.is_branch)
				m.u.probe.id = p.b->logs[k].head.short_id;
		CHECK_CASE(cases[i].name, told(&p.t, 1, &m), cases[i].want);
		pair_end(&p);
	}
}

static void
a_search_without_end_is_ended(void **state)
{
	struct stream_id team = team_of(1);
	const struct shelf_log *l;
	struct pair p;
	unsigned n = 0;

	(void)state;
	pair_comparing(&p);
	l = &p.b->logs[shelf_log_of(p.b, BOB, &team)];
	while (n < 10 * SYNC_PROBES_MAX && !p.t.side[1].ended) {
		struct message m = { MSG_PROBE, { .probe = { l->head.short_id, 1, 4, 1, 1, l->at[1]->id.b } } }; /* agrees, and asks on */

		told(&p.t, 1, &m);
		n++;
	}
	assert_int_equal(p.t.side[1].code, ERR_MALFORMED);
	assert_int_equal(n, SYNC_PROBES_MAX + 1);
	pair_end(&p);
}

/* Somebody says out of the blue where a fork is: believed, which costs sending a little twice. */
static void
a_fork_that_was_not_looked_for_is_taken_as_found(void **state)
{
	struct stream_id team = team_of(1);
	struct message m = { MSG_PROBE, { .probe = { .lo = 2, .hi = 2 } } };
	struct pair p;

	(void)state;
	pair_comparing(&p);
	m.u.probe.id = p.b->logs[shelf_log_of(p.b, BOB, &team)].head.short_id;
	assert_int_equal(told(&p.t, 1, &m), ERR_OK);
	settles(&p.t);
	assert_int_equal(p.t.side[1].code, ERR_OK);
	pair_end(&p);
}

/* ---- strangers ---- */

static void
a_stranger_who_proves_nothing_is_refused(void **state)
{
	const struct { const char *name; struct message m; enum err_code want; } cases[] = {
		{ "nothing", { MSG_DONE, { .done = { SCOPE_PROOF, 0 } } }, ERR_REFUSED },
		{ "an ACK", { MSG_ACK, { .ack = { true, BYTES("\x90", 1) } } }, ERR_MALFORMED },
		{ "a wish", { MSG_WANT, { .want = { 0, { { { { 0 } }, 0, 0 } } } } }, ERR_MALFORMED },
		{ "HELLO again", { MSG_HELLO, { .hello = { .vmin = 1, .vmax = 1, .credit = 1 } } }, ERR_MALFORMED },
		{ "the end of what was not begun", { MSG_DONE, { .done = { SCOPE_TEAMS, 0 } } }, ERR_OK },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct pair p;

		pair_init(&p, HUB, ANA, NEWCOMER | CONTROL_WORK, 0);
		pair_greet(&p);
		CHECK_CASE(cases[i].name, told(&p.t, 1, &cases[i].m), cases[i].want);
		pair_end(&p);
	}
}

/* Both have proved themselves, and the other one still does not know us. */
static void
who_is_still_a_stranger_after_the_proof_is_told_so(void **state)
{
	struct message again = { MSG_HELLO, { .hello = { .vmin = 1, .vmax = 1, .flags = HELLO_STRANGER, .credit = 1 << 20 } } };
	struct pair p;

	(void)state;
	pair_init(&p, ANA, BOB, 0, 0);
	happens(&p.t, 1, SYNC_OPENED, BYTES_NONE);
	assert_int_equal(told(&p.t, 1, &again), ERR_OK);
	assert_int_equal(told(&p.t, 1, &again), ERR_REFUSED);
	assert_non_null(strstr(p.t.side[1].err.text, "not known there"));
	pair_end(&p);
}

/* ---- what comes in ---- */

static void
a_right_that_came_just_before_is_a_right(void **state)
{
	struct stream_id team = team_of(1);
	struct message m = { MSG_ENTRIES, { .entries = BYTES_NONE } };
	struct buf runs = BUF_INIT;
	struct pair p;

	(void)state;
	pair_init(&p, ANA, DEE, TEAM_WORK | CONTROL_WORK, 0); /* of whose admission Dee has not heard */
	happens(&p.t, 1, SYNC_OPENED, BYTES_NONE);
	happens(&p.t, 0, SYNC_OPENED, BYTES_NONE);
	hears(&p.t, 1);
	run_into(&runs, p.a, C1, &p.w->control, p.b->logs[shelf_log_of(p.b, C1, &p.w->control)].head.len);
	run_into(&runs, p.a, C2, &p.w->control, 0);
	run_into(&runs, p.a, EVE, &team, 0);
	m.u.entries = buf_bytes(&runs);
	assert_int_equal(told(&p.t, 1, &m), ERR_OK);
	assert_int_equal(p.b->logs[shelf_log_of(p.b, EVE, &team)].head.len, 3);
	assert_int_equal(sync_facts(p.t.side[1].sync)->refused, 0);
	buf_free(&runs);
	pair_end(&p);
}

static void
of_authors_nobody_knows_only_so_much_is_kept(void **state)
{
	static uint8_t payload[30000];
	struct stream_id team = team_of(1);
	struct message m = { MSG_ENTRIES, { .entries = BYTES_NONE } };
	struct pair p;
	struct buf run = BUF_INIT;
	size_t first;
	struct run_writer out;

	(void)state;
	pair_comparing(&p);
	first = world_write(p.w, X, &team, 0, KIND_DATA, BYTES(payload, sizeof(payload)));
	run_begin(&out, &run, &p.w->entries[first].h);
	run_add(&out, &p.w->entries[first]);
	run_finish(&out);
	m.u.entries = buf_bytes(&run);
	for (unsigned n = 0; n < 4; n++) {
		assert_int_equal(told(&p.t, 1, &m), ERR_OK);
		assert_int_equal(sync_facts(p.t.side[1].sync)->refused, n < SYNC_LIMBO_BYTES / run.len ? 0 : n + 1 - SYNC_LIMBO_BYTES / run.len);
	}
	buf_free(&run);
	pair_end(&p);
}

/* It waits in limbo; when there is no memory to keep it, that is said. */
static void
what_waits_for_its_author_is_kept_or_it_is_said(void **state)
{
	struct stream_id team = team_of(1);

	(void)state;
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct message m = { MSG_ENTRIES, { .entries = BYTES_NONE } };
		struct buf run = BUF_INIT;
		struct run_writer out;
		struct pair p;
		enum err_code code;
		size_t first;

		mem_hold();
		pair_comparing(&p);
		first = world_write(p.w, EVE, &team, 0, KIND_DATA, BYTES_STR("more"));
		run_begin(&out, &run, &p.w->entries[first].h);
		run_add(&out, &p.w->entries[first]);
		run_finish(&out);
		m.u.entries = buf_bytes(&run);
		mem_release();
		code = told(&p.t, 1, &m);
		scarce_over(&s);
		assert_int_equal(code, s.struck ? ERR_NO_MEMORY : ERR_OK);
		buf_free(&run);
		pair_end(&p);
	}
}

/* The author's admission comes after the entry: it was kept, and counts when control does. */
static void
what_waited_is_taken_when_its_author_is_known(void **state)
{
	struct stream_id team = team_of(1), far = team_of(3);

	(void)state;
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct message early = { MSG_ENTRIES, { .entries = BYTES_NONE } }, control = early, nudge = early;
		struct buf runs[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
		struct run_writer out;
		struct log_key key;
		struct pair p;
		size_t first, i;

		mem_hold();
		pair_init(&p, ANA, BOB, TEAM_WORK | CONTROL_WORK, ONE_BRANCH);
		pair_greet(&p);
		run_into(&runs[0], p.a, EVE, &team, 0);
		run_into(&runs[1], p.a, C2, &p.w->control, 0);
		first = world_write(p.w, ANA, &far, 0, KIND_DATA, BYTES_STR("of a team that is none of ours"));
		run_begin(&out, &runs[2], &p.w->entries[first].h);
		run_add(&out, &p.w->entries[first]);
		run_finish(&out);
		early.u.entries = buf_bytes(&runs[0]);
		control.u.entries = buf_bytes(&runs[1]);
		nudge.u.entries = buf_bytes(&runs[2]);
		key = world_log(p.w, EVE, &team, 0);
		mem_release();
		told(&p.t, 1, &early);
		assert_false(shelf_log_find(p.b, &key, &i));
		told(&p.t, 1, &control);
		told(&p.t, 1, &nudge); /* for which control is evaluated */
		scarce_over(&s);
		assert_int_equal(p.t.side[1].code, s.struck ? ERR_NO_MEMORY : ERR_OK);
		if (!s.struck) {
			assert_true(shelf_log_find(p.b, &key, &i));
			assert_int_equal(p.b->logs[i].head.len, 3);
			assert_int_equal(sync_facts(p.t.side[1].sync)->refused, 1);
		}
		for (int k = 0; k < 3; k++)
			buf_free(&runs[k]);
		pair_end(&p);
	}
}

/* The peer hears whether it was at fault. */
static void
whose_fault_it_was_is_said(void **state)
{
	static const struct { enum err_code code; uint64_t want; } cases[] = {
		{ ERR_MALFORMED, REFUSE_MALFORMED }, { ERR_SIGNATURE, REFUSE_MALFORMED }, { ERR_HASH, REFUSE_MALFORMED },
		{ ERR_TOO_BIG, REFUSE_MALFORMED }, { ERR_TRUNCATED, REFUSE_MALFORMED }, { ERR_IO, REFUSE_FAILED }, { ERR_NO_SPACE, REFUSE_FAILED },
	};
	struct stream_id team = team_of(1);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct message m = { MSG_ENTRIES, { .entries = BYTES_NONE } }, said;
		struct buf run = BUF_INIT;
		struct bytes message;
		size_t at = 0;
		struct pair p;

		pair_comparing(&p);
		run_into(&run, p.a, ANA, &team, 0);
		m.u.entries = buf_bytes(&run);
		p.b->fail_after = 0;
		p.b->fail_with = cases[i].code;
		CHECK_CASE(err_word(cases[i].code), told(&p.t, 1, &m), cases[i].code);
		assert_true(sync_todo_next(&p.t.side[1].todo, &at, &message));
		assert_int_equal(message_decode(&said, message, NULL), ERR_OK);
		assert_int_equal(said.kind, MSG_ERR);
		CHECK_CASE(err_word(cases[i].code), said.u.refusal, cases[i].want);
		buf_free(&run);
		pair_end(&p);
	}
}

/* What is passed over is passed over also where nobody wants to hear why it was an error. */
static void
an_entry_that_cannot_be_taken_is_an_error_without_a_reader_too(void **state)
{
	struct stream_id team = team_of(1);
	struct message m = { MSG_ENTRIES, { .entries = BYTES_NONE } };
	struct buf run = BUF_INIT, bytes = BUF_INIT;
	struct sync_event event = { SYNC_RECEIVED, BYTES_NONE };
	struct sync_todo todo = { .more = false };
	struct pair p;

	(void)state;
	pair_comparing(&p);
	run_into(&run, p.a, ANA, &team, 0);
	m.u.entries = buf_bytes(&run);
	message_encode(&bytes, &m);
	event.message = buf_bytes(&bytes);
	p.b->fail_after = 0;
	p.b->fail_with = ERR_HASH;
	assert_int_equal(sync_step(p.t.side[1].sync, &event, &todo, NULL), ERR_HASH);
	assert_true(todo.ended);
	sync_todo_free(&todo);
	buf_free(&run);
	buf_free(&bytes);
	pair_end(&p);
}

/* A link stays when both want it to. */
static void
a_link_stays_only_where_both_ends_do(void **state)
{
	(void)state;
	for (int who = 0; who < 4; who++) {
		struct world *w = make_world();
		struct shelf *s[2] = { shelf_for(w, ANA, BOB, TEAM_WORK, false), shelf_for(w, BOB, ANA, ONE_BRANCH, false) };
		struct talk t;

		memset(&t, 0, sizeof(t));
		for (int i = 0; i < 2; i++) {
			struct sync_config config = { .initiator = i == 0, .stay = (who >> i & 1) != 0, .me = w->actors[s[i]->me].id, .role = 2 };
			struct sync_host host = shelf_host(s[i]);

			t.side[i].shelf = s[i];
			t.side[i].sync = sync_new(&config, &host);
		}
		happens(&t, 1, SYNC_OPENED, BYTES_NONE);
		happens(&t, 0, SYNC_OPENED, BYTES_NONE);
		settles(&t);
		assert_true(sync_facts(t.side[0].sync)->in_step && sync_facts(t.side[1].sync)->in_step);
		assert_int_equal(t.side[0].ended, who != 3);
		assert_int_equal(t.side[1].ended, who != 3);
		talk_end(&t);
		shelf_free(s[0]);
		shelf_free(s[1]);
		world_free(w);
	}
}

static void
where_there_is_no_room_nothing_of_a_team_is_taken_and_where_it_is_withheld_nothing_is_given(void **state)
{
	struct stream_id team = team_of(1);
	struct message m = { MSG_ENTRIES, { .entries = BYTES_NONE } };
	struct buf runs = BUF_INIT;
	struct pair p;
	uint64_t before[4], after[4], whole;

	(void)state;
	pair_init(&p, ANA, BOB, TEAM_WORK | CONTROL_WORK, ONE_BRANCH);
	p.a->notice = HELLO_WITHHOLDS;
	p.b->notice = HELLO_FULL;
	before[0] = shelf_entries(p.a, &whole);
	pair_greet(&p);
	settles(&p.t);
	after[0] = shelf_entries(p.a, &whole);
	assert_true(after[0] > before[0]); /* what Bob has, he gives */
	assert_int_equal(p.t.side[0].code, ERR_OK);
	assert_true(sync_facts(p.t.side[0].sync)->peer_full && sync_facts(p.t.side[1].sync)->peer_withholds);
	assert_false(sync_facts(p.t.side[1].sync)->in_step);
	assert_int_equal(p.b->logs[shelf_log_of(p.b, C1, &p.w->control)].head.len, p.a->logs[shelf_log_of(p.a, C1, &p.w->control)].head.len);
	before[1] = shelf_entries(p.b, &whole);
	run_into(&runs, p.a, EVE, &team, 0);
	m.u.entries = buf_bytes(&runs);
	assert_int_equal(told(&p.t, 1, &m), ERR_OK);
	assert_int_equal(shelf_entries(p.b, &whole), before[1]);
	assert_int_equal(sync_facts(p.t.side[1].sync)->refused, 3);
	buf_free(&runs);
	pair_end(&p);
}

/* ---- wishes ---- */

static void
a_wish_before_the_last_one_is_granted_ends_it(void **state)
{
	struct stream_id team = team_of(1);
	struct message m = { MSG_WANT, { .want = { .count = 2 } } };
	struct bytes message;
	struct message hello;
	size_t at = 0;
	struct pair p;

	(void)state;
	pair_init(&p, ANA, BOB, TEAM_WORK, ONE_BRANCH);
	happens(&p.t, 1, SYNC_OPENED, BYTES_NONE);
	happens(&p.t, 0, SYNC_OPENED, BYTES_NONE);
	assert_true(sync_todo_next(&p.t.side[0].todo, &at, &message));
	assert_int_equal(message_decode(&hello, message, NULL), ERR_OK);
	hello.u.hello.credit = 0; /* so that nothing is ever sent */
	assert_int_equal(told(&p.t, 1, &hello), ERR_OK);
	m.u.want.ranges[0] = (struct want_range){ p.b->logs[shelf_log_of(p.b, BOB, &team)].head.short_id, 0, 99 };
	m.u.want.ranges[1] = (struct want_range){ { { 9, 9 } }, 0, 1 }; /* of which nothing is held */
	assert_int_equal(told(&p.t, 1, &m), ERR_OK);
	assert_int_equal(told(&p.t, 1, &m), ERR_MALFORMED);
	pair_end(&p);
}

static void
a_wish_is_granted_as_far_as_there_is_a_right_and_something_to_give(void **state)
{
	struct stream_id team = team_of(1);
	struct message m = { MSG_WANT, { .want = { .count = 3 } } };
	struct pair p;
	uint64_t sent;

	(void)state;
	pair_comparing(&p);
	m.u.want.ranges[0] = (struct want_range){ p.b->logs[shelf_log_of(p.b, BOB, &team)].head.short_id, 2, 99 };
	m.u.want.ranges[1] = (struct want_range){ p.b->logs[shelf_log_of(p.b, BOB, &team)].head.short_id, 98, 99 };
	m.u.want.ranges[2] = (struct want_range){ p.b->logs[shelf_log_of(p.b, C1, &p.w->control)].head.short_id, 0, 2 };
	sent = sync_facts(p.t.side[1].sync)->sent;
	settles(&p.t);
	assert_int_equal(told(&p.t, 1, &m), ERR_OK);
	settles(&p.t);
	assert_true(sync_facts(p.t.side[1].sync)->sent >= sent + 4 + 2);
	assert_int_equal(p.t.side[0].code, ERR_OK);
	pair_end(&p);
}

/* ---- hosts ---- */

static void
logs_that_were_taken_back_end_it(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++) {
		struct pair p;

		pair_comparing(&p);
		if (how == 0)
			p.b->count--;
		else
			p.b->logs[p.b->count - 1].head.short_id.b[0] ^= 1; /* and others came */
		happens(&p.t, 1, SYNC_QUIET, BYTES_NONE);
		assert_int_equal(p.t.side[1].code, ERR_IO);
		assert_true(p.t.side[1].ended);
		pair_end(&p);
	}
}

static char
nothing_at_all(const struct world *w, size_t i)
{
	(void)w;
	(void)i;
	return 'n';
}

static bool
all_shared(void *ctx, const struct log_head *h)
{
	(void)ctx;
	(void)h;
	return true;
}

static void
who_knows_no_organisation_signs_for_nothing(void **state)
{
	struct world *w = make_world();
	struct shelf *s = shelf_new(w, ANA, BOB, nothing_at_all);
	struct sync_host host = shelf_host(s);
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	size_t count;

	(void)state;
	assert_int_equal(sync_make_acks(&host, all_shared, NULL, &out, &count, &err), ERR_REFUSED);
	assert_int_equal(out.len, 0);
	buf_free(&out);
	shelf_free(s);
	world_free(w);
}

/* What nobody can vouch for is not sent, and does not keep the two from ending. */
static void
what_cannot_be_vouched_for_is_passed_over(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, ANA, BOB, TEAM_WORK, ONE_BRANCH);
	p.a->mute = true;
	pair_greet(&p);
	settles(&p.t);
	assert_int_equal(p.t.side[0].code, ERR_OK);
	assert_int_equal(p.t.side[1].code, ERR_OK);
	assert_false(sync_facts(p.t.side[0].sync)->in_step);
	assert_int_equal(sync_facts(p.t.side[0].sync)->sent, 0);
	pair_end(&p);
}

static void
a_host_may_do_without_what_is_optional(void **state)
{
	struct world *w = make_world();
	struct shelf *s[2] = { shelf_for(w, ANA, BOB, TEAM_WORK, false), shelf_for(w, BOB, ANA, ONE_BRANCH, false) };
	struct talk t;

	(void)state;
	memset(&t, 0, sizeof(t));
	for (int i = 0; i < 2; i++) {
		struct sync_config config = { .initiator = i == 0, .me = w->actors[s[i]->me].id, .role = 2 };
		struct sync_host host = shelf_host(s[i]);

		host.missing = NULL;
		host.notice = NULL;
		host.agreed = NULL;
		host.room = NULL;
		t.side[i].shelf = s[i];
		t.side[i].sync = sync_new(&config, &host);
	}
	happens(&t, 1, SYNC_OPENED, BYTES_NONE);
	happens(&t, 0, SYNC_OPENED, BYTES_NONE);
	settles(&t);
	assert_true(sync_facts(t.side[0].sync)->in_step);
	talk_end(&t);
	shelf_free(s[0]);
	shelf_free(s[1]);
	world_free(w);
}

/* On a live link: what has just come decides who may read, and cannot be evaluated. */
static void
a_comparison_waits_for_what_has_come_to_count(void **state)
{
	static const uint8_t digests[128];
	const struct message open = { MSG_BUCKETS, { .buckets = { SCOPE_TEAMS, 16, digests } } };

	(void)state;
	for (int fails = 0; fails < 2; fails++) {
		struct message m = { MSG_ENTRIES, { .entries = BYTES_NONE } };
		struct buf run = BUF_INIT;
		struct run_writer out;
		struct pair p;
		size_t later = 0;

		pair_init(&p, ANA, BOB, TEAM_WORK, ONE_BRANCH);
		pair_greet(&p);
		settles(&p.t);
		while (part_of[later] != LATER)
			later++;
		run_begin(&out, &run, &p.w->entries[later].h);
		run_add(&out, &p.w->entries[later]);
		run_finish(&out);
		m.u.entries = buf_bytes(&run);
		assert_int_equal(told(&p.t, 1, &m), ERR_OK);
		p.b->calls = 0;
		p.b->fail_after = fails ? 0 : -1;
		p.b->fail_with = ERR_IO;
		assert_int_equal(told(&p.t, 1, &open), fails ? ERR_IO : ERR_OK);
		assert_int_equal(p.t.side[1].ended, fails);
		buf_free(&run);
		pair_end(&p);
	}
}

/* Whoever does not want to read the sentence gets the code. */
static void
an_error_that_nobody_reads_is_one_all_the_same(void **state)
{
	struct sync_event event = { SYNC_RECEIVED, BYTES("\x90", 1) };
	struct sync_todo todo = { .more = false };
	struct pair p;

	(void)state;
	pair_comparing(&p);
	assert_int_equal(sync_step(p.t.side[1].sync, &event, &todo, NULL), ERR_MALFORMED);
	assert_true(todo.ended);
	sync_todo_free(&todo);
	pair_end(&p);
}

/* ---- many logs ---- */

enum { MANY_LOGS = 4300 };

static void
summaries_longer_than_a_message_are_said_in_several(void **state)
{
	struct world *w = make_world();
	struct stream_id team = team_of(1);
	static const size_t from_a[] = { 2, 0, 1, 2 }, from_b[] = { 2, 0, 2, 0 };
	size_t from = w->count;
	struct shelf *a, *b;
	struct talk t;

	(void)state;
	w->unsigned_entries = true;
	for (unsigned i = 0; i < MANY_LOGS; i++)
		world_write_after(w, ANA, &team, 100 + i, NULL, KIND_DATA, BYTES_STR("first"));
	belongs_to(w, from, TEAM_WORK);
	a = shelf_for(w, ANA, BOB, TEAM_WORK, false);
	b = shelf_for(w, BOB, ANA, 0, false);
	for (int turn = 0; turn < 4; turn++) {
		assert_true(talk_begin(&t, a, b, false, 0));
		happens(&t, 1, SYNC_OPENED, BYTES_NONE);
		happens(&t, 0, SYNC_OPENED, BYTES_NONE);
		settles(&t);
		assert_int_equal(t.side[0].code, ERR_OK);
		assert_int_equal(t.side[1].code, ERR_OK);
		assert_true(sync_facts(t.side[0].sync)->in_step && sync_facts(t.side[1].sync)->in_step);
		if (turn == 0)
			assert_int_equal(messages_said(&t.side[1], MSG_HAVE), 2);
		/* Of all of them where the other has kept none; else one, in HELLO and in BYE where that is enough. */
		assert_int_equal(messages_said(&t.side[0], MSG_ACK), from_b[turn]);
		assert_int_equal(messages_said(&t.side[1], MSG_ACK), from_a[turn]);
		for (size_t i = 0; i < a->count && turn == 1; i++)
			a->logs[i].acked = 0;
		for (size_t i = 0; i < b->count && turn == 2; i++) /* now it is the one who leaves that has much to say */
			b->logs[i].acked = 0;
		talk_end(&t);
	}
	shelf_free(a);
	shelf_free(b);
	world_free(w);
}

/* Of either side, at each of the three messages that a comparison is: nothing is stored yet, so the same shelves do for all tellings. */
static void
a_summary_of_several_messages_that_lacks_memory_ends_with_that_word(void **state)
{
	struct world *w = make_world();
	struct stream_id team = team_of(1);
	size_t from = w->count;
	struct shelf *shelf[2];

	(void)state;
	w->unsigned_entries = true;
	for (unsigned i = 0; i < MANY_LOGS; i++)
		world_write_after(w, ANA, &team, 100 + i, NULL, KIND_DATA, BYTES_STR("first"));
	belongs_to(w, from, TEAM_WORK);
	shelf[0] = shelf_for(w, ANA, BOB, TEAM_WORK, false);
	shelf[1] = shelf_for(w, BOB, ANA, 0, false);
	for (int first = 0; first < 2; first++)
		for (int step = 0; step < 3; step++) {
			long struck = 0;

			for (struct scarce s = SCARCE; scarce_again(&s);) {
				struct talk t;
				int who = step % 2 == 0 ? 1 : 0;

				mem_hold();
				assert_true(talk_begin(&t, shelf[first], shelf[1 - first], false, 0));
				happens(&t, 1, SYNC_OPENED, BYTES_NONE);
				happens(&t, 0, SYNC_OPENED, BYTES_NONE);
				for (int k = 0; k < step; k++)
					hears(&t, k % 2 == 0 ? 1 : 0);
				mem_release();
				hears(&t, who);
				scarce_over(&s);
				assert_true(t.side[who].code == ERR_OK || (s.struck && t.side[who].code == ERR_NO_MEMORY));
				struck += t.side[who].code == ERR_NO_MEMORY;
				assert_int_equal(t.side[1 - who].code, ERR_OK);
				talk_end(&t);
			}
			assert_true(struck > 0);
		}
	shelf_free(shelf[0]);
	shelf_free(shelf[1]);
	world_free(w);
}

static void
who_says_hello_again_before_it_has_proved_anything_is_out_of_turn(void **state)
{
	const struct message again = { MSG_HELLO, { .hello = { .vmin = 1, .vmax = 1, .credit = 1 << 20 } } };
	struct pair p;

	(void)state;
	pair_init(&p, DEE, BOB, CONTROL_WORK, 0); /* Bob has not heard of Dee */
	happens(&p.t, 1, SYNC_OPENED, BYTES_NONE);
	assert_int_equal(told(&p.t, 1, &again), ERR_OK);
	assert_int_equal(told(&p.t, 1, &again), ERR_MALFORMED);
	assert_true(p.t.side[1].ended);
	pair_end(&p);
}

static void
what_is_no_message_is_refused(void **state)
{
	static const uint8_t digests[8 * 256];
	const struct { const char *name; struct message m; enum err_code want; } cases[] = {
		{ "sixteen buckets", { MSG_BUCKETS, { .buckets = { SCOPE_TEAMS, 16, digests } } }, ERR_OK },
		{ "eight buckets", { MSG_BUCKETS, { .buckets = { SCOPE_TEAMS, 8, digests } } }, ERR_MALFORMED },
		{ "twenty-four buckets", { MSG_BUCKETS, { .buckets = { SCOPE_TEAMS, 24, digests } } }, ERR_MALFORMED },
		{ "a probe", { MSG_PROBE, { .probe = { { { 0 } }, 1, 5, 2, 2, digests } } }, ERR_OK },
		{ "a probe that steps beyond its end", { MSG_PROBE, { .probe = { { { 0 } }, 1, 3, 2, 2, digests } } }, ERR_MALFORMED },
		{ "a probe without steps", { MSG_PROBE, { .probe = { { { 0 } }, 1, 5, 0, 2, digests } } }, ERR_MALFORMED },
		{ "a probe backwards", { MSG_PROBE, { .probe = { { { 0 } }, 5, 1, 1, 0, digests } } }, ERR_MALFORMED },
		{ "an answer to a probe", { MSG_PROBE, { .probe = { { { 0 } }, 5, 5, 0, 0, digests } } }, ERR_OK },
		{ "a wish for nothing", { MSG_WANT, { .want = { 1, { { { { 0 } }, 4, 4 } } } } }, ERR_MALFORMED },
		{ "versions the wrong way round", { MSG_HELLO, { .hello = { .vmin = 2, .vmax = 1 } } }, ERR_MALFORMED },
	};

	struct message m;

	(void)state;
	for (uint8_t kind = 0; kind < 0x80; kind++) /* an array of nothing, and a number behind it */
		CHECK_CASE("no message", message_decode(&m, BYTES(((const uint8_t[]){ 0x90, kind }), 2), NULL), ERR_MALFORMED);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf bytes = BUF_INIT;

		message_encode(&bytes, &cases[i].m);
		CHECK_CASE(cases[i].name, message_decode(&m, buf_bytes(&bytes), NULL), cases[i].want);
		for (size_t len = 0; len < bytes.len; len++)
			CHECK_CASE("cut short", message_decode(&m, BYTES(bytes.p, len), NULL), ERR_MALFORMED);
		buf_free(&bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_refusal_is_a_sentence_of_its_own),
		cmocka_unit_test(who_has_no_room_says_so_before_anything_else),
		cmocka_unit_test(who_stops_before_a_word_was_said_says_none),
		cmocka_unit_test(what_comes_out_of_turn_while_comparing_ends_it),
		cmocka_unit_test(an_open_that_crosses_the_other_ones_gives_way_at_one_end),
		cmocka_unit_test(a_probe_stays_within_the_log),
		cmocka_unit_test(a_search_without_end_is_ended),
		cmocka_unit_test(a_fork_that_was_not_looked_for_is_taken_as_found),
		cmocka_unit_test(a_stranger_who_proves_nothing_is_refused),
		cmocka_unit_test(who_is_still_a_stranger_after_the_proof_is_told_so),
		cmocka_unit_test(a_right_that_came_just_before_is_a_right),
		cmocka_unit_test(of_authors_nobody_knows_only_so_much_is_kept),
		cmocka_unit_test(what_waits_for_its_author_is_kept_or_it_is_said),
		cmocka_unit_test(what_waited_is_taken_when_its_author_is_known),
		cmocka_unit_test(whose_fault_it_was_is_said),
		cmocka_unit_test(an_entry_that_cannot_be_taken_is_an_error_without_a_reader_too),
		cmocka_unit_test(a_link_stays_only_where_both_ends_do),
		cmocka_unit_test(where_there_is_no_room_nothing_of_a_team_is_taken_and_where_it_is_withheld_nothing_is_given),
		cmocka_unit_test(a_wish_before_the_last_one_is_granted_ends_it),
		cmocka_unit_test(a_wish_is_granted_as_far_as_there_is_a_right_and_something_to_give),
		cmocka_unit_test(logs_that_were_taken_back_end_it),
		cmocka_unit_test(who_knows_no_organisation_signs_for_nothing),
		cmocka_unit_test(what_cannot_be_vouched_for_is_passed_over),
		cmocka_unit_test(a_host_may_do_without_what_is_optional),
		cmocka_unit_test(a_comparison_waits_for_what_has_come_to_count),
		cmocka_unit_test(an_error_that_nobody_reads_is_one_all_the_same),
		cmocka_unit_test(summaries_longer_than_a_message_are_said_in_several),
		cmocka_unit_test(a_summary_of_several_messages_that_lacks_memory_ends_with_that_word),
		cmocka_unit_test(who_says_hello_again_before_it_has_proved_anything_is_out_of_turn),
		cmocka_unit_test(what_is_no_message_is_refused),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
