/*
 * What changes under a conversation: logs that are made meanwhile, rights that
 * come and go, forks found after all was said, wishes nobody may grant; and a
 * caller that keeps no room from one step to the next.
 */
#include "talk.h"

enum { MEANWHILE = 1024, FAR_GRANT = 2048, FAR_WORK = 4096, LATE_LOGS = 40 };

/* One run of consecutive entries of the world. */
static struct message
run_of(struct buf *out, const struct world *w, size_t first, size_t count)
{
	struct run_writer run;

	run_begin(&run, out, &w->entries[first].h);
	for (size_t i = 0; i < count; i++)
		run_add(&run, &w->entries[first + i]);
	run_finish(&run);
	assert_true(buf_ok(out));
	return (struct message){ MSG_ENTRIES, { .entries = buf_bytes(out) } };
}

/* Whoever has the shelf has taken these meanwhile, without a word to the conversation. */
static void
takes_meanwhile(struct shelf *s, unsigned part)
{
	bool fresh;

	mem_hold();
	for (size_t i = 0; i < s->w->count; i++)
		if ((part_of[i] & part) != 0)
			assert_int_equal(shelf_place(s, &s->w->entries[i], false, &fresh, NULL), ERR_OK);
	assert_int_equal(org_evaluate(s->org, NULL), ERR_OK);
	mem_release();
}

/* Has anything of that log been sent to it? */
static bool
was_sent(const struct side *to, const struct log_key *log)
{
	bool any = false;

	for (size_t at = 0; at + 4 <= to->inbox.len;) {
		size_t len = be32_get(to->inbox.p + at);
		struct message m;
		struct rd rd;

		assert_int_equal(message_decode(&m, BYTES(to->inbox.p + at + 4, len), NULL), ERR_OK);
		at += 4 + len;
		for (rd = rd_init(m.kind == MSG_ENTRIES ? m.u.entries : BYTES_NONE); rd.p < rd.end;) {
			struct run_reader run;
			struct entry e;

			assert_int_equal(run_open(&run, &rd, NULL), ERR_OK);
			any = any || (SAME(run.next.author, log->author) && SAME(run.next.stream, log->stream) && SAME(run.next.inc, log->inc));
			while (run.left > 0)
				assert_int_equal(run_next(&run, &e, NULL), ERR_OK);
		}
	}
	return any;
}

/* ---- logs ---- */

static struct world *
world_with_late_logs(void)
{
	struct world *w = make_world();
	struct stream_id team = team_of(1);
	size_t from = w->count;

	w->unsigned_entries = true;
	for (unsigned i = 0; i < LATE_LOGS; i++)
		world_write_after(w, ANA, &team, 100 + i, NULL, KIND_DATA, BYTES_STR("meanwhile"));
	belongs_to(w, from, MEANWHILE);
	return w;
}

/* False when the conversation is over before that step. */
static bool
logs_are_made_at(struct world *w, int turn, int step, struct scarce *s)
{
	static const unsigned parts[][2] = { { TEAM_WORK, ONE_BRANCH }, { 0, CONTROL_WORK } };
	struct shelf *shelf[2];
	uint64_t held[2], whole;
	struct talk t;
	int who = step % 2 == 0 ? 1 : 0;
	bool spoke;

	mem_hold();
	shelf[0] = shelf_for(w, ANA, BOB, parts[turn][0], false);
	shelf[1] = shelf_for(w, BOB, ANA, parts[turn][1], false);
	assert_true(talk_begin(&t, shelf[0], shelf[1], false, 0));
	happens(&t, 1, SYNC_OPENED, BYTES_NONE);
	happens(&t, 0, SYNC_OPENED, BYTES_NONE);
	for (int k = 0; k < step; k++)
		hears(&t, k % 2 == 0 ? 1 : 0);
	takes_meanwhile(shelf[who], MEANWHILE);
	mem_release();
	spoke = hears(&t, who);
	scarce_over(s);
	assert_true(t.side[who].code == ERR_OK || (s->struck && t.side[who].code == ERR_NO_MEMORY));
	talk_end(&t);
	/* Whether it broke off or was let go of: the next one brings them all. */
	assert_int_equal(org_evaluate(shelf[0]->org, NULL), ERR_OK);
	assert_int_equal(org_evaluate(shelf[1]->org, NULL), ERR_OK);
	assert_true(talk_begin(&t, shelf[0], shelf[1], false, 0));
	happens(&t, 1, SYNC_OPENED, BYTES_NONE);
	happens(&t, 0, SYNC_OPENED, BYTES_NONE);
	settles(&t);
	assert_true(sync_facts(t.side[0].sync)->in_step && sync_facts(t.side[1].sync)->in_step);
	talk_end(&t);
	for (int i = 0; i < 2; i++)
		held[i] = shelf_entries(shelf[i], &whole);
	assert_int_equal(held[0], held[1]);
	shelf_free(shelf[0]);
	shelf_free(shelf[1]);
	return spoke;
}

static void
logs_that_are_made_meanwhile_for_which_memory_lacks_are_brought_by_the_next(void **state)
{
	struct world *w = world_with_late_logs();

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		bool spoke = true;

		for (int step = 0; spoke; step++)
			for (struct scarce s = SCARCE; scarce_again(&s);)
				spoke = logs_are_made_at(w, turn, step, &s);
	}
	world_free(w);
}

/* What of it goes out is what fits a WANT; the rest is asked for the next time. */
static void
more_gaps_than_a_wish_can_name_are_filled_by_several(void **state)
{
	struct world *w = make_world();
	struct stream_id team = team_of(1);
	uint64_t whole[4];
	struct shelf *a, *b;
	size_t from = w->count;

	(void)state;
	w->unsigned_entries = true;
	for (unsigned i = 0; i < WANT_RANGES_MAX + 50; i++)
		world_write_after(w, ANA, &team, 100 + i, NULL, KIND_DATA, BYTES_STR("of one entry"));
	belongs_to(w, from, TEAM_WORK);
	a = shelf_for(w, ANA, BOB, TEAM_WORK, false);
	b = shelf_for(w, BOB, ANA, TEAM_WORK, true);
	shelf_entries(b, &whole[0]);
	for (int turn = 1; turn < 4; turn++) {
		struct talk t;

		assert_true(talk_begin(&t, a, b, false, 0));
		happens(&t, 1, SYNC_OPENED, BYTES_NONE);
		happens(&t, 0, SYNC_OPENED, BYTES_NONE);
		settles(&t);
		assert_int_equal(t.side[0].code, ERR_OK);
		assert_int_equal(t.side[1].code, ERR_OK);
		assert_int_equal(messages_said(&t.side[0], MSG_WANT), turn < 3 ? 1 : 0);
		shelf_entries(b, &whole[turn]);
		talk_end(&t);
	}
	assert_true(whole[1] >= whole[0] + WANT_RANGES_MAX && whole[2] > whole[1] && whole[3] == whole[2]);
	assert_int_equal(shelf_entries(b, &whole[0]), whole[3]);
	shelf_free(a);
	shelf_free(b);
	world_free(w);
}

/* ---- who the other one is ---- */

static bool forgotten;

static enum sync_standing
standing_or_forgotten(void *ctx)
{
	return forgotten ? SYNC_STRANGER : shelf_standing(ctx);
}

/* The one who connects is a member to begin with, and then, as far as this one knows, was never admitted. */
static void
pair_that_forgets(struct pair *p, unsigned a_parts, unsigned b_parts)
{
	struct sync_config config = { .stay = true, .role = 2 };
	struct sync_host host;

	pair_init(p, ANA, BOB, a_parts, b_parts);
	sync_free(p->t.side[1].sync);
	config.me = p->w->actors[BOB].id;
	host = shelf_host(p->b);
	host.standing = standing_or_forgotten;
	p->t.side[1].sync = sync_new(&config, &host);
	assert_non_null(p->t.side[1].sync);
	forgotten = false;
}

static void
whose_admission_no_longer_counts_is_sent_nothing_more(void **state)
{
	struct stream_id team = team_of(1);
	struct pair p;
	size_t before;

	(void)state;
	pair_that_forgets(&p, TEAM_WORK, ONE_BRANCH);
	pair_greet(&p);
	settles(&p.t);
	before = messages_said(&p.t.side[0], MSG_ENTRIES);
	forgotten = true;
	takes_meanwhile(p.b, LATER); /* of control */
	happens(&p.t, 1, SYNC_WRITTEN, BYTES_NONE);
	assert_int_equal(messages_said(&p.t.side[0], MSG_ENTRIES), before);
	world_write_after(p.w, EVE, &team, 7, NULL, KIND_DATA, BYTES_STR("of the team"));
	belongs_to(p.w, p.w->count - 1, FAR_WORK);
	takes_meanwhile(p.b, FAR_WORK);
	happens(&p.t, 1, SYNC_WRITTEN, BYTES_NONE);
	assert_int_equal(messages_said(&p.t.side[0], MSG_ENTRIES), before);
	forgotten = false;
	happens(&p.t, 1, SYNC_WRITTEN, BYTES_NONE);
	happens(&p.t, 1, SYNC_RIPE, BYTES_NONE);
	happens(&p.t, 1, SYNC_RIPE, BYTES_NONE);
	assert_true(messages_said(&p.t.side[0], MSG_ENTRIES) > before); /* it was that, and nothing else */
	pair_end(&p);
}

static void
with_a_stranger_nothing_is_agreed(void **state)
{
	(void)state;
	for (int strange = 0; strange < 2; strange++) {
		struct pair p;

		pair_that_forgets(&p, 0, CONTROL_WORK);
		pair_greet(&p);
		hears(&p.t, 0);
		forgotten = strange != 0;
		settles(&p.t);
		assert_int_equal(p.b->agreed > 0, !strange);
		forgotten = false;
		pair_end(&p);
	}
}

/* ---- rights ---- */

static void
who_withholds_gives_nothing_of_a_team_to_whoever_asks(void **state)
{
	struct pair p;
	uint64_t before, whole;

	(void)state;
	pair_init(&p, ANA, BOB, TEAM_WORK | CONTROL_WORK, ONE_BRANCH);
	p.a->notice = HELLO_WITHHOLDS;
	before = shelf_entries(p.a, &whole);
	pair_greet(&p);
	settles(&p.t);
	assert_int_equal(p.t.side[0].code, ERR_OK);
	assert_true(shelf_entries(p.a, &whole) > before);
	for (size_t i = 0; i < p.w->count; i++)
		if ((part_of[i] & TEAM_WORK) != 0)
			assert_null(shelf_holding(p.b, &p.w->entries[i].h, p.w->entries[i].h.seq, &p.w->entries[i].id));
	assert_int_equal(p.b->logs[shelf_log_of(p.b, C1, &p.w->control)].head.len, p.a->logs[shelf_log_of(p.a, C1, &p.w->control)].head.len);
	pair_end(&p);
}

static void
a_wish_for_content_without_the_right_to_it_is_passed_over(void **state)
{
	struct stream_id team = team_of(1);
	struct message m = { MSG_WANT, { .want = { .count = 1 } } };
	uint64_t sent, whole, is;
	struct pair p;

	(void)state;
	pair_init(&p, C1, ANA, CONTROL_WORK, TEAM_WORK | CONTROL_WORK); /* a coordinator, who reads no team */
	pair_greet(&p);
	settles(&p.t);
	sent = sync_facts(p.t.side[1].sync)->sent;
	shelf_entries(p.a, &whole);
	m.u.want.ranges[0] = (struct want_range){ p.b->logs[shelf_log_of(p.b, BOB, &team)].head.short_id, 0, 3 };
	assert_int_equal(told(&p.t, 1, &m), ERR_OK);
	settles(&p.t);
	assert_int_equal(sync_facts(p.t.side[1].sync)->sent, sent);
	shelf_entries(p.a, &is);
	assert_int_equal(is, whole);
	pair_end(&p);
}

enum { ANA_READS = 1, BOB_READS = 2 };

/* A team of its own: what Ana has written there, and the entries that let either of them read it. */
static struct world *
world_with_a_far_team(unsigned who)
{
	struct world *w = make_world();
	struct stream_id far = team_of(3);
	size_t from = w->count;

	world_write(w, ANA, &far, 0, KIND_DATA, BYTES_STR("far away"));
	belongs_to(w, from, FAR_WORK);
	from = w->count;
	world_team(w, C1, 0, &far, 1, 0);
	if ((who & ANA_READS) != 0)
		world_grant(w, C1, 0, ANA, ROLE_ADVISOR, &far, 0);
	if ((who & BOB_READS) != 0)
		world_grant(w, C1, 0, BOB, ROLE_ADVISOR, &far, 0);
	belongs_to(w, from, FAR_GRANT | CONTROL_WORK);
	return w;
}

/* Of those who both open at once, the one who was dialled goes on; what was asked for before is not asked for again. */
static void
a_right_that_both_hear_of_at_once_is_compared_once(void **state)
{
	struct stream_id far = team_of(3);
	struct pair p;

	(void)state;
	p.w = world_with_a_far_team(ANA_READS | BOB_READS);
	p.a = shelf_for(p.w, ANA, BOB, TEAM_WORK | CONTROL_WORK | FAR_WORK, false);
	p.b = shelf_for(p.w, BOB, ANA, TEAM_WORK | CONTROL_WORK | FAR_WORK, true);
	assert_true(talk_begin(&p.t, p.a, p.b, true, 0));
	pair_greet(&p);
	settles(&p.t);
	assert_int_equal(messages_said(&p.t.side[0], MSG_WANT), 1);
	for (int i = 0; i < 2; i++)
		takes_meanwhile(i == 0 ? p.a : p.b, FAR_GRANT);
	for (int i = 0; i < 2; i++)
		happens(&p.t, i, SYNC_WRITTEN, BYTES_NONE);
	assert_int_equal(messages_said(&p.t.side[1], MSG_BUCKETS), 1);
	settles(&p.t);
	for (int i = 0; i < 2; i++)
		assert_int_equal(p.t.side[i].code, ERR_OK);
	assert_int_equal(messages_said(&p.t.side[0], MSG_WANT), 1);
	assert_true(shelf_log_of(p.b, ANA, &far) != SIZE_MAX);
	assert_true(sync_facts(p.t.side[0].sync)->in_step && sync_facts(p.t.side[1].sync)->in_step);
	pair_end(&p);
}

static void
of_a_team_that_only_one_of_them_reads_nothing_is_taken_and_nothing_given(void **state)
{
	struct stream_id far = team_of(3);

	(void)state;
	for (unsigned who = ANA_READS; who <= BOB_READS; who++) {
		struct buf run = BUF_INIT;
		struct log_key key;
		struct message m;
		struct pair p;
		size_t i = 0;

		pair_of(&p, world_with_a_far_team(who), ANA, BOB, TEAM_WORK | CONTROL_WORK | FAR_GRANT, CONTROL_WORK | FAR_GRANT);
		pair_greet(&p);
		settles(&p.t);
		while ((part_of[i] & FAR_WORK) == 0)
			i++;
		m = run_of(&run, p.w, i, 1);
		assert_int_equal(told(&p.t, 1, &m), ERR_OK);
		assert_int_equal(sync_facts(p.t.side[1].sync)->refused, 1);
		key = world_log(p.w, ANA, &far, 0);
		assert_false(shelf_log_find(p.b, &key, &i));
		takes_meanwhile(p.b, FAR_WORK); /* as if he had it from when he read it */
		happens(&p.t, 1, SYNC_GROWN, BYTES_NONE);
		assert_false(was_sent(&p.t.side[0], &key));
		buf_free(&run);
		pair_end(&p);
	}
}

/* C1 admits X, a coordinator; X opens a far team for both and admits another, whose work comes with Ana's. */
struct chain { size_t admits, grants, work, far; };

static struct world *
world_with_a_chain(struct chain *c)
{
	enum { ANOTHER = 11 };
	struct world *w = make_world();
	struct stream_id team = team_of(1), far = team_of(3);
	size_t from = w->count;

	c->admits = world_admit(w, C1, 0, X, X);
	world_grant(w, C1, 0, X, ROLE_COORDINATOR, NULL, 3);
	c->grants = world_team(w, X, 0, &far, 1, 0);
	world_grant(w, X, 0, ANA, ROLE_ADVISOR, &far, 0);
	world_grant(w, X, 0, BOB, ROLE_ADVISOR, &far, 0);
	world_admit(w, X, 0, ANOTHER, ANOTHER);
	world_grant(w, X, 0, ANOTHER, ROLE_ADVISOR, &team, 0);
	c->work = world_write(w, ANOTHER, &team, 0, KIND_DATA, BYTES_STR("by another"));
	c->far = world_write(w, ANA, &far, 0, KIND_DATA, BYTES_STR("far away"));
	belongs_to(w, from, FAR_GRANT | CONTROL_WORK);
	return w;
}

static bool
holds_log(struct pair *p, const struct entry *e)
{
	return shelf_holding(p->b, &e->h, e->h.seq, &e->id) != NULL;
}

/* What lets it in had itself to wait for its author: then it is too early for what comes at that moment, and not for what comes after. */
static void
a_right_that_waited_itself_counts_for_what_comes_after_it(void **state)
{
	struct chain c;
	struct world *w = world_with_a_chain(&c);
	struct buf runs[4] = { BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT };
	struct message control = run_of(&runs[0], w, c.grants, 5), admission = run_of(&runs[1], w, c.admits, 2), work = run_of(&runs[2], w, c.work, 1),
	               far = run_of(&runs[3], w, c.far, 1);

	(void)state;
	for (int first = 0; first < 2; first++)
		for (struct scarce s = SCARCE; scarce_again(&s);) {
			struct pair p;
			uint64_t refused;

			mem_hold();
			p.w = w;
			p.a = shelf_for(w, ANA, BOB, TEAM_WORK | CONTROL_WORK | FAR_GRANT, false);
			p.b = shelf_for(w, BOB, ANA, CONTROL_WORK, false);
			assert_true(talk_begin(&p.t, p.a, p.b, true, 0));
			pair_greet(&p);
			told(&p.t, 1, &control);
			told(&p.t, 1, &admission);
			mem_release();
			told(&p.t, 1, first == 0 ? &far : &work);
			told(&p.t, 1, first == 0 ? &work : &far);
			scarce_over(&s);
			refused = sync_facts(p.t.side[1].sync)->refused;
			assert_int_equal(p.t.side[1].code, s.struck ? ERR_NO_MEMORY : ERR_OK);
			if (!s.struck) {
				/* It is all there, but for what came a word too early: that the next conversation brings. */
				assert_int_equal(refused, first == 0 ? 1 : 0);
				assert_int_equal(holds_log(&p, &w->entries[c.far]), first != 0);
				assert_true(holds_log(&p, &w->entries[c.grants + 4]));
				assert_true(holds_log(&p, &w->entries[c.work]));
			}
			talk_end(&p.t);
			mem_hold();
			assert_int_equal(org_evaluate(p.b->org, NULL), ERR_OK);
			assert_true(talk_begin(&p.t, p.a, p.b, true, 0));
			pair_greet(&p);
			settles(&p.t);
			mem_release();
			assert_true(holds_log(&p, &w->entries[c.far]) && holds_log(&p, &w->entries[c.work]));
			talk_end(&p.t);
			shelf_free(p.a);
			shelf_free(p.b);
		}
	for (int i = 0; i < 4; i++)
		buf_free(&runs[i]);
	world_free(w);
}

/* ---- the order of things ---- */

static const struct world *ordered;

static unsigned
backwards(void *ctx, const struct author *author)
{
	(void)ctx;
	for (unsigned i = 0; i < WORLD_ACTORS; i++)
		if (SAME(ordered->actors[i].keys.sign_pk, *author))
			return WORLD_ACTORS - i;
	return 0;
}

/* Of C1 and C2, who both have something new: whose log comes first? */
static unsigned
first_coordinator(const struct side *to)
{
	for (size_t at = 0; at + 4 <= to->inbox.len;) {
		size_t len = be32_get(to->inbox.p + at);
		struct run_reader run;
		struct message m;
		struct rd rd;

		assert_int_equal(message_decode(&m, BYTES(to->inbox.p + at + 4, len), NULL), ERR_OK);
		at += 4 + len;
		if (m.kind != MSG_ENTRIES)
			continue;
		rd = rd_init(m.u.entries);
		assert_int_equal(run_open(&run, &rd, NULL), ERR_OK);
		return SAME(run.next.author, ordered->actors[C1].keys.sign_pk) ? C1 : C2;
	}
	return 0;
}

static void
control_goes_out_in_the_order_of_rank_whatever_order_it_is_held_in(void **state)
{
	(void)state;
	for (int turned = 0; turned < 2; turned++) {
		struct sync_config config = { .stay = true, .role = 2 };
		struct sync_host host;
		struct pair p;

		pair_init(&p, ANA, BOB, 0, CONTROL_WORK);
		ordered = p.w;
		sync_free(p.t.side[1].sync);
		config.me = p.w->actors[BOB].id;
		host = shelf_host(p.b);
		host.order = turned ? backwards : host.order;
		p.t.side[1].sync = sync_new(&config, &host);
		assert_non_null(p.t.side[1].sync);
		pair_greet(&p);
		settles(&p.t);
		assert_true(sync_facts(p.t.side[0].sync)->in_step);
		assert_int_equal(first_coordinator(&p.t.side[0]), turned ? C2 : C1);
		pair_end(&p);
	}
}

/* It was next to go out, and there was no credit for it: now it waits until the search has ended. */
static void
a_log_in_which_a_fork_is_sought_waits_also_where_it_was_queued(void **state)
{
	struct stream_id team = team_of(1);
	struct message hello, credit = { MSG_CREDIT, { .credit = 1 << 20 } };
	struct message seek = { MSG_PROBE, { .probe = { .hi = 2, .step = 1, .count = 1 } } }, found = { MSG_PROBE, { .probe = { .lo = 1, .hi = 1 } } };
	struct log_key bobs, anas;
	struct bytes message;
	struct pair p;
	size_t at = 0, i;

	(void)state;
	pair_init(&p, ANA, BOB, 0, TEAM_WORK | ONE_BRANCH);
	bobs = world_log(p.w, BOB, &team, 0);
	anas = world_log(p.w, ANA, &team, 1);
	happens(&p.t, 1, SYNC_OPENED, BYTES_NONE);
	happens(&p.t, 0, SYNC_OPENED, BYTES_NONE);
	assert_true(sync_todo_next(&p.t.side[0].todo, &at, &message));
	assert_int_equal(message_decode(&hello, message, NULL), ERR_OK);
	hello.u.hello.credit = 1; /* for one frame of entries */
	p.t.side[1].read = p.t.side[1].inbox.len;
	assert_int_equal(told(&p.t, 1, &hello), ERR_OK);
	hears(&p.t, 0);
	hears(&p.t, 1);
	assert_true(was_sent(&p.t.side[0], &bobs) && !was_sent(&p.t.side[0], &anas));
	assert_true(shelf_log_find(p.b, &anas, &i));
	seek.u.probe.ids = p.b->logs[i].at[0]->id.b; /* that one agrees, and the search goes on */
	seek.u.probe.id = found.u.probe.id = p.b->logs[i].head.short_id;
	assert_int_equal(told(&p.t, 1, &seek), ERR_OK);
	assert_int_equal(told(&p.t, 1, &credit), ERR_OK);
	assert_false(was_sent(&p.t.side[0], &anas));
	assert_int_equal(told(&p.t, 1, &found), ERR_OK);
	assert_true(was_sent(&p.t.side[0], &anas));
	pair_end(&p);
}

/* Both had said that all is through: then one more fork turns up, and both say it again. */
static void
a_fork_found_after_all_was_said_is_said_too(void **state)
{
	struct stream_id team = team_of(1);
	struct message m = { MSG_PROBE, { .probe = { .lo = 2, .hi = 2 } } };
	size_t before;
	struct pair p;

	(void)state;
	pair_init(&p, ANA, BOB, TEAM_WORK, ONE_BRANCH);
	pair_greet(&p);
	hears(&p.t, 0);
	hears(&p.t, 1);
	before = messages_said(&p.t.side[0], MSG_DONE);
	assert_true(before > 0);
	m.u.probe.id = p.b->logs[shelf_log_of(p.b, BOB, &team)].head.short_id;
	assert_int_equal(told(&p.t, 1, &m), ERR_OK);
	assert_int_equal(messages_said(&p.t.side[0], MSG_DONE), before + 1);
	assert_int_equal(told(&p.t, 0, &m), ERR_OK);
	settles(&p.t);
	assert_true(sync_facts(p.t.side[0].sync)->in_step && sync_facts(p.t.side[1].sync)->in_step);
	pair_end(&p);
}

/* ---- a caller that keeps no room ---- */

static void
each_message_there_is_no_memory_for_ends_it_with_that_word(void **state)
{
	static const struct { unsigned a, b, a_parts, b_parts; } cases[] = {
		{ HUB, ANA, ~(unsigned)(OTHER_BRANCH | REMOVAL), 0 },
		{ ANA, BOB, TEAM_WORK, ONE_BRANCH },
	};
	struct world *w = make_world();

	(void)state;
	for (size_t c = 0; c < COUNT_OF(cases); c++)
		for (struct scarce s = SCARCE; scarce_again(&s);) {
			struct shelf *shelf[2];
			struct talk t;

			mem_hold();
			shelf[0] = shelf_for(w, cases[c].a, cases[c].b, cases[c].a_parts, false);
			shelf[1] = shelf_for(w, cases[c].b, cases[c].a, cases[c].b_parts, false);
			assert_true(talk_begin(&t, shelf[0], shelf[1], false, 1));
			t.forgetful = true;
			mem_release();
			happens(&t, 1, SYNC_OPENED, BYTES_NONE);
			happens(&t, 0, SYNC_OPENED, BYTES_NONE);
			settles(&t);
			scarce_over(&s);
			for (int i = 0; i < 2; i++) {
				assert_true(s.struck || t.side[i].code == ERR_OK);
				assert_true(t.side[i].code == ERR_OK || t.side[i].code == ERR_NO_MEMORY || t.side[i].code == ERR_NETWORK);
				assert_true(s.struck || sync_facts(t.side[i].sync)->in_step);
			}
			talk_end(&t);
			shelf_free(shelf[0]);
			shelf_free(shelf[1]);
		}
	world_free(w);
}

/* It has proved itself and said HELLO again: whatever happens before that is answered, it is not said a third time. */
static void
hello_is_said_twice_and_not_more(void **state)
{
	struct pair p;
	size_t hellos = 0;

	(void)state;
	pair_init(&p, HUB, ANA, ~(unsigned)(OTHER_BRANCH | REMOVAL), 0);
	happens(&p.t, 1, SYNC_OPENED, BYTES_NONE);
	happens(&p.t, 0, SYNC_OPENED, BYTES_NONE);
	for (int k = 0; k < 20 && hellos < 2; k++) {
		hears(&p.t, k % 2 == 0 ? 1 : 0);
		hellos = messages_said(&p.t.side[1], MSG_HELLO);
	}
	assert_int_equal(hellos, 2);
	happens(&p.t, 0, SYNC_QUIET, BYTES_NONE);
	happens(&p.t, 0, SYNC_WRITABLE, BYTES_NONE);
	assert_int_equal(messages_said(&p.t.side[1], MSG_HELLO), 2);
	settles(&p.t);
	assert_int_equal(messages_said(&p.t.side[1], MSG_HELLO), 2);
	assert_true(sync_facts(p.t.side[0].sync)->in_step);
	pair_end(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logs_that_are_made_meanwhile_for_which_memory_lacks_are_brought_by_the_next),
		cmocka_unit_test(more_gaps_than_a_wish_can_name_are_filled_by_several),
		cmocka_unit_test(whose_admission_no_longer_counts_is_sent_nothing_more),
		cmocka_unit_test(with_a_stranger_nothing_is_agreed),
		cmocka_unit_test(who_withholds_gives_nothing_of_a_team_to_whoever_asks),
		cmocka_unit_test(a_wish_for_content_without_the_right_to_it_is_passed_over),
		cmocka_unit_test(a_right_that_both_hear_of_at_once_is_compared_once),
		cmocka_unit_test(of_a_team_that_only_one_of_them_reads_nothing_is_taken_and_nothing_given),
		cmocka_unit_test(a_right_that_waited_itself_counts_for_what_comes_after_it),
		cmocka_unit_test(control_goes_out_in_the_order_of_rank_whatever_order_it_is_held_in),
		cmocka_unit_test(a_log_in_which_a_fork_is_sought_waits_also_where_it_was_queued),
		cmocka_unit_test(a_fork_found_after_all_was_said_is_said_too),
		cmocka_unit_test(each_message_there_is_no_memory_for_ends_it_with_that_word),
		cmocka_unit_test(hello_is_said_twice_and_not_more),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
