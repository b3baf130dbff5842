/*
 * An auditor before logs that have split: an order to erase speaks of one
 * history, a log that hangs on another's is none of it, and each fork is told
 * by its own place.
 */
#include "audited.h"
#include "scarce.h"

enum { NOT_HELD = 50 };

/* The office, and Bob besides in a second team and under a second incarnation: in each log of his and Ana's entries 0 to 9. */
static struct world *
split_office(void)
{
	struct world *w = audited_office();
	struct stream_id team = team_of(1), other = team_of(2);

	world_team(w, C1, 0, &other, 1, 0);
	world_grant(w, C1, 0, BOB, ROLE_ADVISOR, &other, 0);
	works(w, BOB, &other, 0, 9);
	works(w, BOB, &team, 1, 9);
	return w;
}

static struct entry *
entry_of(struct world *w, unsigned by, const struct stream_id *stream, unsigned inc, uint64_t seq)
{
	const struct entry *e = world_ancestor(w, world_last(w, by, stream, inc), seq);

	assert_non_null(e);
	assert_int_equal(e->h.seq, seq);
	return &w->entries[e - w->entries];
}

static struct log_key
key_of(const struct entry *e)
{
	struct log_key key;

	log_key_init(&key, &e->h.author, &e->h.stream, &e->h.inc);
	return key;
}

static struct log_key
branch_of(const struct entry *first)
{
	struct log_key key = key_of(first);

	key.is_branch = true;
	key.branch_seq = first->h.seq;
	key.branch_id = first->id;
	return key;
}

/* Ana asks that what stands in the log of `e` from `from` to `to` be erased, in the history that ends with `e`; C1 agrees. */
static void
order(struct world *w, const struct entry *e, uint64_t from, uint64_t to)
{
	struct erase_range range = { .from = from, .to = to };
	struct erase_log log = { e->h.author, e->h.stream, e->h.inc, 1, &range };
	struct erase_request q = { .log_count = 1, .logs = &log, .box = BYTES_STR("why") };
	struct buf p = BUF_INIT;
	size_t request;

	memcpy(range.head16, e->id.b, sizeof(range.head16));
	erase_request_encode(&p, &q);
	request = world_write(w, ANA, &w->control, 0, KIND_ERASE_REQ, buf_bytes(&p));
	buf_clear(&p);
	erase_ok_encode(&p, &w->entries[request].id);
	world_write(w, C1, &w->control, 0, KIND_ERASE_OK, buf_bytes(&p));
	buf_free(&p);
}

/* What a source hands over: the control log, then each team entry; those from `branch` on, `each` by `each`, as branches. */
static struct audit *
heard(const struct world *w, size_t branch, size_t each, const struct entry *left_out)
{
	struct audit *a;
	uint8_t print[32];

	fingerprint_of(w, print);
	a = audit_new(print);
	assert_non_null(a);
	for (int control = 1; control >= 0; control--)
		for (size_t i = 0; i < w->count; i++) {
			const struct entry *e = &w->entries[i];
			struct log_key key = key_of(e), cut = left_out == NULL ? key : key_of(left_out);

			if (SAME(e->h.stream, w->control) != (control == 1))
				continue;
			if (control == 0 && i >= branch)
				key = branch_of(&w->entries[branch + (i - branch) / each * each]);
			else if (left_out != NULL && log_key_equal(&key, &cut) && e->h.seq >= left_out->h.seq)
				continue;
			assert_int_equal(audit_entry(a, &key, e, NULL), ERR_OK);
		}
	return a;
}

static struct audit_counts
counted(const struct world *w, size_t branch, const struct entry *left_out)
{
	struct audit *a = heard(w, branch, 2, left_out);
	struct audit_counts c;

	assert_int_equal(audit_finish(a, NULL), ERR_OK);
	c = audit_counts(a);
	audit_free(a);
	return c;
}

/*
 * Bob's log in team 1 ends here with entry 7; two entries, 8 and 9, hang on it. An order that names the last of them is
 * about what lies below it, in the log that it is of and in no other, whoever's name the two entries bear.
 */
static void
an_order_reaches_down_a_branch_only_into_the_log_it_is_of(void **state)
{
	static const struct { const char *name; unsigned who, team, inc; bool ghost; uint64_t erased; } cases[] = {
		{ "the log it left", BOB, 1, 0, false, 4 },
		{ "hung on an entry that is not here", BOB, 1, 0, true, 0 },
		{ "hung on another device's", ANA, 1, 0, false, 0 },
		{ "hung on another stream's", BOB, 2, 0, false, 0 },
		{ "hung on another incarnation's", BOB, 1, 1, false, 0 },
	};
	struct stream_id team = team_of(1);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (int below = 0; below < 2; below++) { /* 1: the order names what the log itself holds, and all of it is covered */
			struct world *w = split_office();
			struct stream_id stream = team_of(cases[i].team);
			struct entry bed = *entry_of(w, BOB, &team, 0, 7);
			const struct entry *end = entry_of(w, BOB, &team, 0, 8), *own = entry_of(w, cases[i].who, &stream, cases[i].inc, 7);
			size_t branch, last;
			struct audit_counts c;

			for (uint64_t seq = 3; seq <= 6; seq++)
				entry_of(w, cases[i].who, &stream, cases[i].inc, seq)->has_payload = false;
			bed.id.b[0] ^= cases[i].ghost;
			branch = world_write_after(w, cases[i].who, &stream, cases[i].inc, &bed, KIND_DATA, BYTES_STR("a branch"));
			last = world_write_after(w, cases[i].who, &stream, cases[i].inc, &w->entries[branch], KIND_DATA, BYTES_STR("its last"));
			order(w, below ? own : &w->entries[last], 3, below ? 7 : 9);
			c = counted(w, branch, end);
			CHECK_CASE(cases[i].name, c.payloads_erased, below ? 4 : cases[i].erased);
			CHECK_CASE(cases[i].name, c.payloads_missing, below ? 0 : 4 - cases[i].erased);
			world_free(w);
		}
}

/* Here the log goes on to entry 9 itself: its entries and the branch's beside them are different histories. */
static void
an_order_of_one_history_erases_nothing_of_the_other(void **state)
{
	static const struct { const char *name; bool log, branch; } cases[] = {
		{ "neither", false, false }, { "the log's", true, false }, { "the branch's", false, true }, { "both", true, true },
	};
	struct stream_id team = team_of(1);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct world *w = split_office();
		struct entry *bed = entry_of(w, BOB, &team, 0, 7), *eighth = entry_of(w, BOB, &team, 0, 8);
		const struct entry *ninth = entry_of(w, BOB, &team, 0, 9);
		size_t branch, last;
		struct audit_counts c;

		branch = world_write_after(w, BOB, &team, 0, bed, KIND_DATA, BYTES_STR("a branch"));
		last = world_write_after(w, BOB, &team, 0, &w->entries[branch], KIND_DATA, BYTES_STR("its last"));
		eighth->has_payload = w->entries[branch].has_payload = false;
		if (cases[i].log)
			order(w, ninth, 8, 9);
		if (cases[i].branch)
			order(w, &w->entries[last], 8, 9);
		c = counted(w, branch, NULL);
		CHECK_CASE(cases[i].name, c.payloads_erased, (unsigned)cases[i].log + cases[i].branch);
		CHECK_CASE(cases[i].name, c.payloads_missing, 2 - (unsigned)cases[i].log - cases[i].branch);
		world_free(w);
	}
}

/* What an order names must be held, at the number it is named with: else nobody knows which history was meant. */
static void
an_order_up_to_an_entry_that_is_not_held_covers_nothing(void **state)
{
	static const struct { const char *name; uint64_t to, names; bool hole; uint64_t erased; } cases[] = {
		{ "as it is", 8, 8, false, 1 },
		{ "beyond the end", NOT_HELD, 9, false, 0 },
		{ "another's number", 8, 7, false, 0 },
		{ "not here", 8, 8, true, 0 },
	};
	struct stream_id team = team_of(1);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct world *w = split_office();
		struct entry *hole = entry_of(w, BOB, &team, 0, 8);
		struct audit_counts c;

		entry_of(w, BOB, &team, 0, 3)->has_payload = false;
		order(w, entry_of(w, BOB, &team, 0, cases[i].names), 3, cases[i].to);
		if (cases[i].hole) /* the number is skipped; the chain is broken, and that is another finding */
			hole->h.seq = 9;
		c = counted(w, w->count, NULL);
		CHECK_CASE(cases[i].name, c.payloads_erased, cases[i].erased);
		CHECK_CASE(cases[i].name, c.payloads_missing, 1 - cases[i].erased);
		world_free(w);
	}
}

/* Branches of one length that are of different logs, or leave one log at different places. */
static void
each_fork_is_told_by_its_own_place_and_its_histories_once(void **state)
{
	struct world *w = split_office();
	struct stream_id team = team_of(1), other = team_of(2);
	const struct entry *seventh = entry_of(w, BOB, &team, 0, 7), *eighth = entry_of(w, BOB, &team, 0, 8);
	const struct entry *hers = entry_of(w, ANA, &team, 0, 7);
	size_t branch = w->count;
	struct audit *a;

	(void)state;
	world_write_after(w, BOB, &team, 0, seventh, KIND_DATA, BYTES_STR("one"));
	world_write_after(w, BOB, &team, 0, eighth, KIND_DATA, BYTES_STR("one"));
	world_write_after(w, ANA, &team, 0, hers, KIND_DATA, BYTES_STR("one"));
	world_write_after(w, BOB, &other, 0, entry_of(w, BOB, &other, 0, 7), KIND_DATA, BYTES_STR("one"));
	world_write_after(w, BOB, &team, 1, entry_of(w, BOB, &team, 1, 7), KIND_DATA, BYTES_STR("one"));
	a = heard(w, branch, 1, NULL);
	assert_int_equal(audit_finish(a, NULL), ERR_OK);
	assert_int_equal(findings(a, "A8"), 5);
	assert_int_equal(findings(a, "A4"), 5);
	audit_free(a);
	world_write_after(w, ANA, &team, 0, hers, KIND_DATA, BYTES_STR("two"));
	a = heard(w, branch, 1, NULL);
	assert_int_equal(audit_finish(a, NULL), ERR_OK);
	assert_int_equal(findings(a, "A8"), 5);
	assert_int_equal(findings(a, "A4"), 5);
	audit_free(a);
	world_free(w);
}

static bool
says(const struct audit *a, const char *words)
{
	for (size_t i = 0; i < audit_finding_count(a); i++)
		if (strstr(audit_finding_at(a, i)->text, words) != NULL)
			return true;
	return false;
}

/* proto/sync.md, 8 "Leaving": the word is the log's own second entry; Dee's second incarnation has nothing to do with it. */
static void
a_word_of_leaving_stands_in_the_log_itself_and_is_its_incarnations(void **state)
{
	struct world *w = audited_office();
	struct stream_id team = team_of(1);
	struct audit *a;
	size_t branch;

	(void)state;
	works(w, DEE, &team, 1, 2);
	world_open(w, DEE, &w->control, 0, NULL);
	attest_nothing(w, DEE);
	a = heard(w, w->count, 1, NULL);
	assert_int_equal(audit_finish(a, NULL), ERR_OK);
	assert_true(says(a, "has said that it leaves"));
	audit_free(a);
	world_free(w);

	w = audited_office();
	world_open(w, DEE, &w->control, 0, NULL);
	branch = w->count;
	attest_nothing(w, DEE);
	a = audit_new(NULL);
	for (size_t i = 0; i < w->count; i++) {
		struct log_key key = i == branch ? branch_of(&w->entries[i]) : key_of(&w->entries[i]);

		assert_int_equal(audit_entry(a, &key, &w->entries[i], NULL), ERR_OK);
	}
	assert_int_equal(audit_finish(a, NULL), ERR_OK);
	assert_false(says(a, "has said that it leaves"));
	assert_true(says(a, "a second history is held"));
	audit_free(a);
	world_free(w);
}

/* Two readers, and the first one's id is too short: nothing is read behind it. */
static void
an_epoch_whose_first_reader_is_damaged_is_found(void **state)
{
	static const uint8_t zero[48];
	struct world *w = audited_office();
	struct stream_id team = team_of(1);
	struct buf p = BUF_INIT;
	struct audit *a;

	(void)state;
	wr_array(&p, 7);
	wr_uint(&p, 1);
	wr_nil(&p);
	wr_uint(&p, 0);
	wr_bin(&p, zero, 32);
	wr_bin(&p, zero, 32);
	wr_array(&p, 2);
	wr_array(&p, 3);
	wr_bin(&p, w->actors[BOB].id.b, 15);
	world_write(w, ANA, &team, 0, KIND_EPOCH, buf_bytes(&p));
	buf_free(&p);
	a = audit_of(w);
	assert_int_equal(findings(a, "A5"), 1);
	assert_true(says(a, "not in the form it must have"));
	audit_free(a);
	world_free(w);
}

/* The head of an ATTEST is whole and its list is torn: it says nothing, neither of a day nor of leaving. */
static void
an_attest_that_is_torn_behind_its_head_claims_nothing(void **state)
{
	(void)state;
	for (size_t torn = 0; torn < 2; torn++) {
		struct world *w = audited_office(), *scratch = audited_office();
		struct log_key log = key_of(&w->entries[0]);
		struct bytes payload;
		struct audit *a;

		attest_length(scratch, DEE, 20000, &log, 900);
		payload = scratch->entries[scratch->count - 1].payload;
		world_open(w, DEE, &w->control, 0, NULL);
		world_write(w, DEE, &w->control, 0, KIND_ATTEST, BYTES(payload.p, payload.len - torn));
		a = audit_of(w);
		assert_int_equal(says(a, "attests 900 entries"), torn == 0);
		assert_int_equal(findings(a, "A9") + findings(a, "A11"), torn == 0 ? 2 : 0); /* it names the day, and C1 never attested */
		audit_free(a);
		world_free(scratch);
		world_free(w);
	}
}

/* A gap of which a part is covered, and a word of leaving before other logs: what they would say is said, or the audit ends. */
static void
short_of_memory_no_run_of_a_gap_is_passed_over(void **state)
{
	struct world *w = audited_office();
	struct stream_id team = team_of(1);

	(void)state;
	for (uint64_t seq = 3; seq <= 6; seq++)
		entry_of(w, BOB, &team, 0, seq)->has_payload = false;
	world_open(w, DEE, &w->control, 0, NULL);
	attest_nothing(w, DEE);
	order(w, entry_of(w, BOB, &team, 0, 5), 4, 5);
	for (size_t i = 0; i < w->count; i++)
		w->entries[i].has_sig = false; /* quicker, and one finding more of each log */
	for (unsigned more = 0; more < 20; more++)
		for (struct scarce s = SCARCE; scarce_again(&s);) {
			struct err err = ERR_INIT;
			struct audit *a;
			bool done;

			mem_hold();
			a = heard(w, w->count, 1, NULL);
			for (unsigned k = 0; k < more; k++)
				assert_int_equal(audit_note(a, "A7", AUDIT_INFO, "One more.", NULL), ERR_OK);
			mem_release();
			done = scarce_done(&s, "finish", audit_finish(a, &err), &err);
			scarce_over(&s);
			assert_int_equal(done, !s.struck);
			if (done) {
				assert_int_equal(findings(a, "A6"), 2);
				assert_int_equal(audit_counts(a).payloads_erased, 2);
				assert_int_equal(audit_counts(a).payloads_missing, 2);
				assert_true(says(a, "has said that it leaves"));
			}
			audit_free(a);
			if (s.lasting)
				break; /* the list is all this is about */
		}
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_reaches_down_a_branch_only_into_the_log_it_is_of),
		cmocka_unit_test(an_order_of_one_history_erases_nothing_of_the_other),
		cmocka_unit_test(an_order_up_to_an_entry_that_is_not_held_covers_nothing),
		cmocka_unit_test(each_fork_is_told_by_its_own_place_and_its_histories_once),
		cmocka_unit_test(a_word_of_leaving_stands_in_the_log_itself_and_is_its_incarnations),
		cmocka_unit_test(an_epoch_whose_first_reader_is_damaged_is_found),
		cmocka_unit_test(an_attest_that_is_torn_behind_its_head_claims_nothing),
		cmocka_unit_test(short_of_memory_no_run_of_a_gap_is_passed_over),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
