/*
 * What a hostile or broken device may hand to the organisation's code: orders
 * that are too long, entries whose payload is torn, forks told in any order,
 * and memory that runs out on the way.
 */
#include "office.h"
#include "scarce.h"

#include "org/attest.h"
#include "org/orders.h"

static struct erase_place
place_of(unsigned author, unsigned stream, unsigned inc, uint64_t from, uint64_t to)
{
	struct erase_place p;

	memset(&p, 0, sizeof(p));
	be64_put(p.author.b, author);
	p.stream = team_of(stream);
	p.inc = inc_of(inc);
	p.range = (struct erase_range){ from, to, { 1 } };
	return p;
}

static void
an_order_made_of_places_in_any_order_names_each_log_once(void **state)
{
	(void)state;
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct erase_place places[] = { place_of(2, 1, 0, 5, 6), place_of(1, 2, 0, 1, 1), place_of(2, 1, 1, 1, 1),
		                                place_of(2, 1, 0, 1, 3), place_of(1, 1, 0, 9, 9) };
		struct err err = ERR_INIT;
		struct erase_request q;
		bool done = scarce_done(&s, "places", erase_request_places(&q, places, COUNT_OF(places), &err), &err);

		scarce_over(&s);
		assert_int_equal(done, !s.struck);
		if (!done)
			continue;
		assert_int_equal(q.log_count, 4);
		assert_int_equal(q.range_count, 5);
		for (size_t i = 0; i < q.log_count; i++) {
			const struct erase_log *l = &q.logs[i];
			bool both = SAME(l->author, places[4].author) && l->range_count == 2;

			assert_int_equal(l->range_count, both ? 2 : 1);
			if (both)
				assert_true(l->ranges[0].to == 3 && l->ranges[1].from == 5);
		}
		erase_request_free(&q);
	}
}

static void
an_order_names_no_more_than_one_entry_can(void **state)
{
	static const struct { const char *name; unsigned logs, ranges; enum err_code want; } cases[] = {
		{ "as many logs as it can", ERASE_LOGS_MAX, 1, ERR_OK },
		{ "one log more", ERASE_LOGS_MAX + 1, 1, ERR_TOO_BIG },
		{ "as many ranges as it can", 1, ERASE_RANGES_MAX, ERR_OK },
		{ "one range more", 1, ERASE_RANGES_MAX + 1, ERR_TOO_BIG },
	};
	struct erase_place *places = calloc(ERASE_RANGES_MAX + 1, sizeof(*places));

	(void)state;
	assert_non_null(places);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = ERR_INIT;
		struct erase_request q;
		size_t count = 0;

		for (unsigned l = 0; l < cases[i].logs; l++)
			for (unsigned k = 0; k < cases[i].ranges; k++)
				places[count++] = place_of(l + 1, 1, 0, 2 * k + 1, 2 * k + 1);
		CHECK_CASE(cases[i].name, erase_request_places(&q, places, count, &err), cases[i].want);
		if (cases[i].want != ERR_OK) {
			assert_string_not_equal(err.text, "");
			continue;
		}
		CHECK_CASE(cases[i].name, q.log_count, cases[i].logs);
		CHECK_CASE(cases[i].name, q.range_count, count);
		erase_request_free(&q);
	}
	free(places);
}

/* What was deleted late is a set like what was asked for; nothing stands behind it. */
static void
a_receipt_has_one_encoding(void **state)
{
	struct erase_range range = { 9, 9, { 1 } };
	struct erase_log logs[3], pair[2];

	(void)state;
	memset(logs, 0, sizeof(logs));
	for (unsigned i = 0; i < COUNT_OF(logs); i++) {
		logs[i].author.b[0] = (uint8_t)i;
		logs[i].range_count = 1;
		logs[i].ranges = &range;
	}
	for (size_t a = 0; a < COUNT_OF(logs); a++)
		for (size_t b = 0; b < COUNT_OF(logs); b++)
			for (int more = 0; more < 2; more++) {
				struct erase_receipt receipt = { .gone = 1, .keys = true, .late = { .log_count = 2, .logs = pair } }, back;
				struct buf out = BUF_INIT;
				bool good = a < b && !more;

				pair[0] = logs[a];
				pair[1] = logs[b];
				erase_receipt_encode(&out, &receipt);
				if (more)
					wr_nil(&out);
				assert_int_equal(erase_receipt_decode(&back, buf_bytes(&out), NULL), good ? ERR_OK : ERR_MALFORMED);
				if (good)
					erase_receipt_free(&back);
				buf_free(&out);
			}
}

static void
what_an_order_is_about_is_read_whole_or_not_at_all(void **state)
{
	struct erase_case *c = calloc(2, sizeof(*c));
	struct buf out = BUF_INIT;

	(void)state;
	assert_non_null(c);
	c[0].key_count = 2;
	c[0].record_count = 3;
	c[0].records[2].b[0] = 7;
	c[0].reason = BYTES_STR("asked to be forgotten");
	erase_case_encode(&out, &c[0]);
	assert_int_equal(erase_case_decode(&c[1], buf_bytes(&out), NULL), ERR_OK);
	assert_int_equal(c[1].key_count, 2);
	assert_int_equal(c[1].record_count, 3);
	assert_memory_equal(c[1].records, c[0].records, 3 * sizeof(c[0].records[0]));
	for (size_t len = 0; len < out.len; len++) {
		struct err err = ERR_INIT;

		assert_int_equal(erase_case_decode(&c[1], BYTES(out.p, len), &err), ERR_MALFORMED);
		assert_string_not_equal(err.text, "");
	}
	wr_nil(&out);
	assert_int_equal(erase_case_decode(&c[1], buf_bytes(&out), NULL), ERR_MALFORMED);
	buf_free(&out);
	free(c);
}

/* An OPEN of a team log and an ADOPT that are torn: counted, and the organisation is what it is without them. */
static void
a_torn_team_entry_is_counted_and_changes_nothing(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1);
	struct adopt_run backwards = { .author = w->actors[BOB].keys.sign_pk, .stream = team, .inc = inc_of(0), .from = 5, .to = 4 };
	struct control_op op = { .kind = KIND_ADOPT, .u.adopt = { 1, &backwards } };
	struct buf payload = BUF_INIT;
	uint8_t before[16], after[16];
	struct org *o;

	(void)state;
	works(w, ANA, &team, 0, 2);
	digest_of(w, before);
	world_write(w, BOB, &team, 0, KIND_TEAM_OPEN, BYTES_STR("torn"));
	o = evaluated(w);
	assert_int_equal(org_skipped(o), 1);
	org_free(o);
	world_write(w, ANA, &team, 0, KIND_ADOPT, BYTES_STR("torn"));
	o = evaluated(w);
	assert_int_equal(org_skipped(o), 2);
	org_free(o);
	control_op_encode(&payload, &op);
	world_write(w, ANA, &team, 0, KIND_ADOPT, buf_bytes(&payload));
	buf_free(&payload);
	o = evaluated(w);
	assert_int_equal(org_skipped(o), 3);
	org_digest(o, after);
	org_free(o);
	assert_memory_equal(after, before, sizeof(after));
	world_free(w);
}

/* Proofs of two forks of one log, in both orders. */
static void
of_two_forks_the_earlier_counts_whichever_is_told_first(void **state)
{
	struct stream_id team = team_of(1);

	(void)state;
	for (int late_first = 0; late_first < 2; late_first++) {
		struct world *w = office();
		struct log_key bobs = world_log(w, BOB, &team, 0);
		const struct entry *at[2], *beside[2];
		struct org *o;

		works(w, BOB, &team, 0, 6);
		for (int k = 0; k < 2; k++) { /* at 3 and at 5 */
			at[k] = world_ancestor(w, world_last(w, BOB, &team, 0), k == 0 ? 3 : 5);
			assert_int_equal(at[k]->h.seq, k == 0 ? 3 : 5);
			beside[k] = at[k];
		}
		for (int k = 0; k < 2; k++)
			beside[k] = &w->entries[world_write_after(w, BOB, &team, 0, world_find(w, at[k]->h.prev.b, 32), KIND_DATA, BYTES_STR("another"))];
		for (int k = 0; k < 2; k++)
			told_twice(w, C1, at[k ^ late_first], beside[k ^ late_first]);
		o = evaluated(w);
		assert_int_equal(org_fork_point(o, &bobs), 3);
		assert_int_equal(org_limit(o, &bobs), 3);
		org_free(o);
		world_free(w);
	}
}

/* C2's control log forks, and her removal names the history that counts: on the other, no entry does. */
static void
a_control_entry_counts_in_the_history_the_cut_names(void **state)
{
	struct world *w = office();
	struct log_key trunk = world_log(w, C2, &w->control, 0), branch = trunk, elsewhere = trunk;
	const struct entry *base, *x, *y;
	struct cut cut;
	struct org *o = org_new();

	(void)state;
	assert_non_null(o);
	assert_false(org_counts(o, &trunk, 0, false)); /* nothing is evaluated */
	org_free(o);
	world_admit(w, C2, 0, EVE, EVE);
	base = world_last(w, C2, &w->control, 0);
	x = &w->entries[world_admit(w, C2, 0, DEE, DEE)];
	y = &w->entries[world_write_after(w, C2, &w->control, 0, base, KIND_DATA, BYTES_STR("another"))];
	branch.is_branch = true;
	branch.branch_seq = y->h.seq;
	branch.branch_id = y->id;
	elsewhere.stream = team_of(1);
	told_twice(w, C1, x, y);
	o = evaluated(w);
	assert_true(org_counts(o, &trunk, base->h.seq, false));
	assert_false(org_counts(o, &trunk, x->h.seq, false));
	assert_true(org_counts(o, &trunk, x->h.seq, true)); /* what takes away counts on every branch */
	assert_false(org_counts(o, &elsewhere, 0, true));
	org_free(o);
	cut = cut_at(&w->control, 0, x);
	world_revoke(w, ROOT, 0, C2, &cut, 1);
	o = evaluated(w);
	assert_true(org_counts(o, &trunk, x->h.seq, false));
	assert_false(org_counts(o, &branch, y->h.seq, true));
	assert_false(org_counts(o, &trunk, x->h.seq + 1, true));
	org_free(o);
	world_free(w);
}

static void
only_an_attest_with_its_payload_lists_nothing(void **state)
{
	struct world *w = office();
	struct attest *at = mem_zero(1, sizeof(*at));
	struct buf p = BUF_INIT;
	struct entry e;

	(void)state;
	assert_non_null(at);
	world_open(w, EVE, &w->control, 0, NULL);
	attest_encode(&p, at);
	e = w->entries[world_write(w, EVE, &w->control, 0, KIND_ATTEST, buf_bytes(&p))];
	assert_true(attest_lists_nothing(&e));
	assert_true(attest_says_leaving(&e));
	e.has_payload = false;
	assert_false(attest_says_leaving(&e));
	e.has_payload = true;
	e.h.kind = KIND_RECEIPT;
	assert_false(attest_says_leaving(&e));
	e.h.kind = KIND_ATTEST;
	e.h.seq++;
	assert_true(attest_lists_nothing(&e));
	assert_false(attest_says_leaving(&e));
	buf_free(&p);
	mem_free(at);
	world_free(w);
}

/* A kill card is sixteen bytes that are read aloud: whoever hears them holds the key, and nobody else. */
static void
a_kill_card_read_aloud_gives_the_key_of_the_card(void **state)
{
	uint8_t code[16] = { 1, 2, 3 }, pk[3][32], sk[3][64], sig[64], digest[32] = { 9 };

	(void)state;
	kill_pair(pk[0], sk[0], code);
	kill_pair(pk[1], sk[1], code);
	assert_memory_equal(pk[0], pk[1], sizeof(pk[0]));
	sign_digest(sig, "fb1/kill/sig", digest, sk[1]);
	assert_true(verify_digest(sig, "fb1/kill/sig", digest, pk[0]));
	code[15] ^= 1;
	kill_pair(pk[2], sk[2], code);
	assert_memory_not_equal(pk[0], pk[2], sizeof(pk[0]));
	assert_false(verify_digest(sig, "fb1/kill/sig", digest, pk[2]));
}

/* A coordinator makes a team and ends it; entries come in any order. */
static void
of_two_words_about_a_team_of_one_rank_the_later_counts(void **state)
{
	(void)state;
	for (int backwards = 0; backwards < 2; backwards++) {
		struct world *w = office();
		struct stream_id team = team_of(3);
		struct org *o = org_new();

		assert_non_null(o);
		world_team(w, C1, 0, &team, 1, 0);
		world_team(w, C1, 0, &team, 2, 0); /* ended */
		org_set_holds(o, world_holds, w);
		for (size_t i = 0; i < w->count; i++)
			assert_int_equal(org_add(o, &w->entries[backwards ? w->count - 1 - i : i], NULL), ERR_OK);
		assert_int_equal(org_evaluate(o, NULL), ERR_OK);
		assert_non_null(org_team_by_id(o, &team));
		assert_int_equal(org_team_by_id(o, &team)->state, 2);
		org_free(o);
		world_free(w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_made_of_places_in_any_order_names_each_log_once),
		cmocka_unit_test(an_order_names_no_more_than_one_entry_can),
		cmocka_unit_test(a_receipt_has_one_encoding),
		cmocka_unit_test(what_an_order_is_about_is_read_whole_or_not_at_all),
		cmocka_unit_test(a_torn_team_entry_is_counted_and_changes_nothing),
		cmocka_unit_test(of_two_forks_the_earlier_counts_whichever_is_told_first),
		cmocka_unit_test(a_control_entry_counts_in_the_history_the_cut_names),
		cmocka_unit_test(only_an_attest_with_its_payload_lists_nothing),
		cmocka_unit_test(a_kill_card_read_aloud_gives_the_key_of_the_card),
		cmocka_unit_test(of_two_words_about_a_team_of_one_rank_the_later_counts),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
