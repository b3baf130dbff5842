/*
 * The forms of log, codec and crdt at their edges: what is longer, shorter or
 * otherwise than anybody writes, and what memory lacks a part of.
 */
#include "scarce.h"

#include "office.h"

#include <math.h>

#include "codec/strict.h"
#include "crdt_maker.h"
#include "log/run.h"

/* ---- codec ---- */

static void
a_reader_sees_what_stands_next_in_every_form(void **state)
{
	static const struct { const char *bytes; size_t len; enum rd_type want; } cases[] = {
		{ "\xdc\x00\x10", 3, RD_ARRAY }, { "\xdd\x00\x01\x00\x00", 5, RD_ARRAY }, { "\xde\x00\x10", 3, RD_MAP },
		{ "\xcb\x00\x00\x00\x00\x00\x00\x00\x00", 9, RD_FLOAT }, { "\xc1", 1, RD_BAD }, { "\xca\x00\x00\x00\x00", 5, RD_BAD },
		{ "\xc4\x00", 2, RD_BIN }, { "\xd9\x20", 2, RD_STR }, { "\xc0", 1, RD_NIL }, { "\xc3", 1, RD_BOOL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rd r = rd_init(BYTES(cases[i].bytes, cases[i].len));

		CHECK_CASE("what stands next", rd_peek(&r), cases[i].want);
	}
}

static void
what_is_not_a_number_is_read_by_nobody(void **state)
{
	static const uint8_t nan_bytes[] = { 0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 1 };
	struct rd r = rd_init(BYTES(nan_bytes, sizeof(nan_bytes)));

	(void)state;
	assert_true(rd_float(&r) == 0 && r.bad);
	assert_int_equal(msgpack_scan(BYTES(nan_bytes, sizeof(nan_bytes)), 4, 10, NULL), ERR_MALFORMED);
}

static void
no_bytes_at_all_are_a_value_too(void **state)
{
	struct rd r = rd_init(BYTES("\xc4\x00\xc4\x01x", 5));
	uint8_t untouched = 7;

	(void)state;
	rd_bin(&r, &untouched, 0);
	assert_false(r.bad);
	rd_bin(&r, &untouched, 0); /* here stands one byte */
	assert_true(r.bad);
	assert_int_equal(untouched, 7);
}

/* Wherever a value ends too early it is said that it does, whatever its first byte. */
static void
a_head_that_is_cut_is_told_from_one_that_is_wrong(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		uint8_t b[1] = { (uint8_t)first };
		enum err_code rc = msgpack_scan(BYTES(b, 1), 4, 10, NULL);
		bool wrong = first == 0xc1 || (first >= 0xc7 && first <= 0xca) || (first >= 0xd4 && first <= 0xd8);

		if (wrong)
			CHECK_CASE("wrong", rc, ERR_MALFORMED);
		else if (rc != ERR_OK)
			CHECK_CASE("cut", rc, ERR_TRUNCATED);
	}
}

/* ---- log ---- */

static struct entry
small_entry(uint64_t seq, const struct hash *prev)
{
	struct entry e;

	memset(&e, 0, sizeof(e));
	e.h.kind = KIND_DATA;
	e.h.seq = seq;
	if (prev != NULL)
		e.h.prev = *prev;
	e.payload = BYTES_STR("x");
	e.has_payload = true;
	e.h.phash = payload_hash(e.payload);
	e.h.plen = 1;
	e.id = header_id(&e.h);
	return e;
}

/* The array's count takes one byte, two, or four: of each form both ends. */
static void
runs_of_every_length_read_back(void **state)
{
	static const size_t lengths[] = { 1, 15, 16, 65535, 65536 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct run_writer w;
		struct run_reader r;
		struct buf out = BUF_INIT;
		struct entry e = small_entry(0, NULL), back;
		struct rd rd;
		size_t len;

		run_begin(&w, &out, &e.h);
		for (size_t k = 0; k < lengths[i]; k++) {
			run_add(&w, &e);
			e = small_entry(k + 1, &e.id);
		}
		len = run_finish(&w);
		assert_int_equal(len, out.len);
		rd = rd_init(buf_bytes(&out));
		assert_int_equal(run_open(&r, &rd, NULL), ERR_OK);
		assert_int_equal(r.left, lengths[i]);
		while (r.left > 0)
			assert_int_equal(run_next(&r, &back, NULL), ERR_OK);
		assert_memory_equal(back.id.b, e.h.prev.b, 32);
		assert_true(rd_end(&rd));
		buf_free(&out);
	}
}

static void
a_run_is_written_whole_or_its_buffer_says_so(void **state)
{
	(void)state;
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct run_writer w;
		struct buf out = BUF_INIT;
		struct entry e = small_entry(0, NULL);
		size_t len;

		run_begin(&w, &out, &e.h);
		for (size_t k = 0; k < 20; k++)
			run_add(&w, &e);
		len = run_finish(&w);
		scarce_over(&s);
		assert_int_equal(buf_ok(&out), !s.struck);
		assert_int_equal(len, s.struck ? 0 : out.len);
		buf_free(&out);
	}
}

/* The two bytes that a long count takes more are asked for at the end: they may be the ones that are lacking. */
static void
a_run_that_cannot_be_finished_is_none(void **state)
{
	unsigned lacking = 0;

	(void)state;
	for (size_t k = 16; k < 60; k++) {
		struct run_writer w;
		struct buf out = BUF_INIT;
		struct entry e = small_entry(0, NULL);

		run_begin(&w, &out, &e.h);
		for (size_t n = 0; n < k; n++)
			run_add(&w, &e);
		assert_non_null(buf_add(&out, out.cap - out.len - (k % 2))); /* no room but for one byte at most */
		mem_fail_after(0, 1);
		assert_int_equal(run_finish(&w), 0);
		lacking += mem_allocations() > 0;
		mem_fail_after(-1, 0);
		assert_false(buf_ok(&out));
		buf_free(&out);
	}
	assert_int_equal(lacking, 44);
}

static void
a_run_beyond_the_last_place_there_is_is_refused(void **state)
{
	static const struct { uint64_t seq; size_t count; enum err_code want; } cases[] = {
		{ SEQ_MAX, 1, ERR_OK }, { SEQ_MAX, 2, ERR_MALFORMED }, { SEQ_MAX - 1, 2, ERR_OK }, { 5, 0, ERR_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct hash prev = { { 1 } };
		struct author author = { { 2 } };
		struct stream_id stream = { { 3 } };
		struct inc inc = { { 4 } };
		struct buf out = BUF_INIT;
		struct run_reader r;
		struct rd rd;

		wr_array(&out, 6);
		WR_FIXED(&out, author);
		WR_FIXED(&out, stream);
		WR_FIXED(&out, inc);
		wr_uint(&out, cases[i].seq);
		WR_FIXED(&out, prev);
		wr_array(&out, cases[i].count);
		for (size_t k = 0; k < cases[i].count; k++)
			wr_nil(&out);
		rd = rd_init(buf_bytes(&out));
		CHECK_CASE("places", run_open(&r, &rd, NULL), cases[i].want);
		buf_free(&out);
	}
}

static void
a_fork_is_of_one_log_and_one_place(void **state)
{
	struct world *w = office();

	(void)state;
	for (int what = 0; what < 5; what++) {
		struct header h = { .kind = KIND_DATA, .author = w->actors[ANA].keys.sign_pk, .stream = team_of(1), .inc = inc_of(0), .seq = 1, .prev = { { 1 } } };
		struct header other = h;
		unsigned by = ANA;
		struct entry x, y;
		struct fork_proof p, back;
		struct buf out = BUF_INIT;

		if (what == 0)
			other.author = w->actors[by = BOB].keys.sign_pk;
		else if (what == 1)
			other.stream = team_of(2);
		else if (what == 2)
			other.inc = inc_of(1);
		else if (what == 3)
			other.seq = 2;
		entry_make(&x, &h, BYTES_STR("x"), w->actors[ANA].keys.sign_sk);
		entry_make(&y, &other, BYTES_STR("y"), w->actors[by].keys.sign_sk);
		fork_proof_make(&p, &x, &y);
		fork_proof_encode(&out, &p);
		CHECK_CASE("which differs", fork_proof_decode(&back, buf_bytes(&out), NULL), what == 4 ? ERR_OK : ERR_MALFORMED);
		buf_free(&out);
	}
	world_free(w);
}

/* Leaves that differ in one thing each, and in their branch alone: the root is that of their order, however they came. */
static void
a_frontier_of_branches_does_not_depend_on_their_order(void **state)
{
	struct log_head heads[8], shuffled[8];
	uint8_t root[32], other[32];

	(void)state;
	memset(heads, 0, sizeof(heads));
	heads[1].key.is_branch = true;
	heads[2].key.is_branch = true;
	heads[2].key.branch_id.b[0] = 1;
	heads[3].head.b[0] = 1;
	heads[4].len = 1;
	heads[5].key.inc.b[0] = 1;
	heads[6].key.stream.b[0] = 1;
	heads[7].key.author.b[0] = 1;
	memcpy(shuffled, heads, sizeof(heads));
	frontier_root(root, shuffled, COUNT_OF(heads));
	for (size_t turn = 0; turn < 64; turn++) {
		for (size_t i = 0; i < COUNT_OF(heads); i++)
			shuffled[i] = heads[(i * 3 + turn) % COUNT_OF(heads) ^ (turn / 8 % 8)];
		frontier_root(other, shuffled, COUNT_OF(heads));
		assert_memory_equal(other, root, sizeof(root));
	}
}

/* ---- crdt ---- */

enum { STATUS = 7, MINUTES = 11, FILE_FIELD = 13 };

static struct record *
blank(void)
{
	struct record_id id = made_id(0xcc);
	struct record *r = record_new(&id);

	assert_non_null(r);
	return r;
}

/* More fields than there is room for at first, values of each kind, what went over them, and notes. */
static void
full_record(struct record *r)
{
	struct made m[6];

	for (uint32_t i = 0; i < 6; i++) {
		made_init(&m[i], i + 1, 1000 + i);
		m[i].change.has_shown = i % 2 == 0;
		m[i].change.shown_ms = 500 * (int64_t)i;
		for (uint32_t f = 0; f < 6; f++)
			made_text(&m[i], OP_SET, 20 + i * 6 + f, "value");
		made_text(&m[i], OP_ADD, STATUS, "x");
		made_number(&m[i], MINUTES, 1.5 * i);
		made_piece(&m[i], FILE_FIELD, 3, i, 6, "part");
		made_note(&m[i], (uint8_t)i, "seen", (int)i - 1);
		made_note(&m[i], (uint8_t)(40 + i), "heard", -1);
		if (i > 0) {
			made_text(&m[i], OP_SET, 20, "later");
			made_over(&m[i], &m[i - 1], 0);
			made_over(&m[i], &m[0], 9);
		}
	}
	for (uint32_t i = 6; i-- > 0;)
		assert_int_equal(record_apply(r, made_done(&m[i]), &m[i].from, NULL), ERR_OK);
	for (uint32_t i = 0; i < 6; i++)
		made_free(&m[i]);
}

static void
a_stored_record_is_read_whole_or_not_at_all(void **state)
{
	struct record *r = blank();
	struct record_id id = made_id(0xcc);
	struct buf stored = BUF_INIT, want = BUF_INIT;

	(void)state;
	full_record(r);
	record_encode(&stored, r);
	record_canonical(&want, r);
	assert_true(buf_ok(&stored) && buf_ok(&want));
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct record *again = record_new(&id);
		struct buf form = BUF_INIT, back = BUF_INIT;
		struct err err = ERR_INIT;
		bool done = again != NULL && scarce_done(&s, "decode", record_decode(again, buf_bytes(&stored), &err), &err);

		if (done) {
			record_canonical(&form, again);
			record_encode(&back, again);
		}
		scarce_over(&s);
		assert_true(s.struck || done);
		if (done && buf_ok(&form))
			assert_true(bytes_equal(buf_bytes(&form), buf_bytes(&want)));
		if (done && buf_ok(&back))
			assert_true(bytes_equal(buf_bytes(&back), buf_bytes(&stored)));
		if (again != NULL) { /* and what failed is of use again */
			record_reset(again, &id);
			assert_int_equal(record_decode(again, buf_bytes(&stored), NULL), ERR_OK);
			buf_clear(&form);
			record_canonical(&form, again);
			assert_true(bytes_equal(buf_bytes(&form), buf_bytes(&want)));
		}
		record_free(again);
		buf_free(&form);
		buf_free(&back);
	}
	record_free(r);
	buf_free(&stored);
	buf_free(&want);
}

static void
a_change_is_applied_or_it_is_said_that_it_is_not(void **state)
{
	struct made m;

	(void)state;
	made_init(&m, 1, 1000);
	made_note(&m, 1, "seen", -1);
	for (uint32_t f = 0; f < 9; f++)
		made_text(&m, OP_SET, 20 + f, "value");
	(void)made_done(&m);
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct record_id id = made_id(0xcc);
		struct record *r = record_new(&id);
		struct err err = ERR_INIT;

		if (r != NULL)
			(void)scarce_done(&s, "apply", record_apply(r, &m.change, &m.from, &err), &err);
		scarce_over(&s);
		record_free(r);
	}
	made_free(&m);
}

/* Of what is stored any byte may have become any other: then it is refused, or it is a record and stored as itself. */
static void
a_stored_record_with_any_byte_changed_is_refused_or_is_one(void **state)
{
	struct record *r = blank(), *again = blank(), *third = blank();
	struct record_id id = made_id(0xcc);
	struct buf stored = BUF_INIT, form = BUF_INIT, other = BUF_INIT, back = BUF_INIT;
	size_t refused = 0;
	struct made a, b;

	(void)state;
	made_init(&a, 1, 1000);
	a.change.has_shown = true;
	a.change.shown_ms = -5;
	made_text(&a, OP_SET, STATUS, "open");
	made_note(&a, 1, "x", 2);
	made_init(&b, 2, 1001);
	made_text(&b, OP_SET, MINUTES, "y");
	made_over(&b, &a, 5);
	assert_int_equal(record_apply(r, made_done(&a), &a.from, NULL), ERR_OK);
	assert_int_equal(record_apply(r, made_done(&b), &b.from, NULL), ERR_OK);
	record_encode(&stored, r);
	for (size_t at = 0; at < stored.len; at++) {
		uint8_t was = stored.p[at];

		for (unsigned v = 0; v < 256; v++) {
			enum err_code rc;

			stored.p[at] = (uint8_t)v;
			record_reset(again, &id);
			rc = record_decode(again, buf_bytes(&stored), NULL);
			assert_true(rc == ERR_OK || rc == ERR_DAMAGED);
			refused += rc != ERR_OK;
			if (rc != ERR_OK)
				continue;
			buf_clear(&back);
			record_encode(&back, again);
			record_reset(third, &id);
			assert_int_equal(record_decode(third, buf_bytes(&back), NULL), ERR_OK);
			buf_clear(&form);
			buf_clear(&other);
			record_canonical(&form, again);
			record_canonical(&other, third);
			assert_true(bytes_equal(buf_bytes(&form), buf_bytes(&other)));
		}
		stored.p[at] = was;
	}
	assert_true(refused > 1000);
	buf_free(&stored);
	buf_free(&form);
	buf_free(&other);
	buf_free(&back);
	made_free(&a);
	made_free(&b);
	record_free(r);
	record_free(again);
	record_free(third);
}

/* Numbers in more bytes than they need, or than there are bits: a head as stored, its type written so. */
static void
a_stored_number_has_one_form(void **state)
{
	static const struct { const char *name; const char *bytes; size_t len; enum err_code want; } cases[] = {
		{ "ten", "\x0a", 1, ERR_OK }, { "ten in two bytes", "\x8a\x00", 2, ERR_DAMAGED },
		{ "beyond what a type may be", "\x80\x80\x80\x80\x10", 5, ERR_DAMAGED },
		{ "all bits", "\xff\xff\xff\xff\x0f", 5, ERR_OK },
		{ "a bit too many", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, ERR_DAMAGED },
		{ "without end", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11, ERR_DAMAGED },
		{ "zero in ten bytes", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 10, ERR_DAMAGED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct record *r = blank(), *again = blank();
		struct record_id id = made_id(0xcc);
		struct buf stored = BUF_INIT, changed = BUF_INIT;
		struct made m;

		made_init(&m, 1, 1000);
		made_text(&m, OP_SET, STATUS, "open");
		assert_int_equal(record_apply(r, made_done(&m), &m.from, NULL), ERR_OK);
		record_encode(&stored, r);
		assert_int_equal(stored.p[2], 10); /* form, whose group, type */
		buf_put(&changed, stored.p, 2);
		buf_put(&changed, cases[i].bytes, cases[i].len);
		buf_put(&changed, stored.p + 3, stored.len - 3);
		record_reset(again, &id);
		CHECK_CASE(cases[i].name, record_decode(again, buf_bytes(&changed), NULL), cases[i].want);
		buf_free(&stored);
		buf_free(&changed);
		record_free(r);
		record_free(again);
		made_free(&m);
	}
}

/* A very large record is not kept room for; the next one is as right as any. */
static void
a_large_record_leaves_nothing_behind(void **state)
{
	struct record *r = blank();
	struct record_id id = made_id(0xcc);
	uint8_t *large = calloc(1, 2u << 20);

	(void)state;
	assert_non_null(large);
	assert_int_equal(record_decode(r, BYTES(large, 2u << 20), NULL), ERR_DAMAGED);
	record_reset(r, &id);
	full_record(r);
	assert_int_equal(record_note_count(r), 12);
	free(large);
	record_free(r);
}

static void
a_blob_is_whole_or_it_is_not_there(void **state)
{
	struct record *r = blank();
	struct buf out = BUF_INIT;
	struct made first, last, other, text;
	enum field_kind kind;

	(void)state;
	assert_false(record_blob(r, FILE_FIELD, &out));
	made_init(&first, 1, 1000);
	made_piece(&first, FILE_FIELD, 3, 0, 2, "begin");
	made_init(&other, 2, 1001);
	made_piece(&other, FILE_FIELD, 4, 1, 2, "of another");
	made_piece(&other, FILE_FIELD, 3, 1, 3, "of another count");
	made_text(&other, OP_ADD, FILE_FIELD, "not a piece at all");
	made_init(&last, 3, 1002);
	made_piece(&last, FILE_FIELD, 3, 1, 2, " and end");
	assert_int_equal(record_apply(r, made_done(&first), &first.from, NULL), ERR_OK);
	assert_false(record_blob(r, FILE_FIELD, &out));
	assert_int_equal(record_apply(r, made_done(&other), &other.from, NULL), ERR_OK);
	assert_false(record_blob(r, FILE_FIELD, &out));
	assert_int_equal(out.len, 0);
	assert_true(record_field_conflict(r, FILE_FIELD)); /* pieces of two blobs */
	assert_int_equal(record_apply(r, made_done(&last), &last.from, NULL), ERR_OK);
	assert_true(record_blob(r, FILE_FIELD, &out));
	assert_string_equal(buf_str(&out), "begin and end");
	assert_int_equal(record_field_at(r, 0, NULL), FILE_FIELD);
	assert_int_equal(record_field_at(r, 0, &kind), FILE_FIELD);
	made_init(&text, 4, 1003);
	made_text(&text, OP_SET, FILE_FIELD, "a text beside it");
	assert_int_equal(record_apply(r, made_done(&text), &text.from, NULL), ERR_OK);
	assert_true(record_field_conflict(r, FILE_FIELD));
	buf_free(&out);
	made_free(&first);
	made_free(&other);
	made_free(&last);
	made_free(&text);
	record_free(r);
}

static void
only_finite_numbers_are_summed(void **state)
{
	struct record *r = blank();
	struct made m;

	(void)state;
	made_init(&m, 1, 1000);
	made_number(&m, MINUTES, 2.5);
	made_op(&m, OP_SUM, MINUTES);
	wr_float(&m.values, INFINITY);
	made_op(&m, OP_SUM, MINUTES);
	wr_str(&m.values, "many", 4);
	made_op(&m, OP_SUM, MINUTES);
	wr_uint(&m.values, UINT64_MAX);
	made_op(&m, OP_SUM, MINUTES);
	wr_int(&m.values, -4);
	made_op(&m, OP_SUM, MINUTES);
	wr_nil(&m.values);
	assert_int_equal(record_apply(r, made_done(&m), &m.from, NULL), ERR_OK);
	assert_true(record_sum(r, MINUTES) == 2.5 + (double)UINT64_MAX - 4);
	assert_true(record_sum(r, STATUS) == 0);
	made_free(&m);
	record_free(r);
}

static void
a_change_whose_version_is_no_number_is_malformed_and_of_no_newer_one(void **state)
{
	struct change_space space = { NULL, 0, NULL, 0 };
	struct change c;

	(void)state;
	assert_int_equal(change_decode(&c, BYTES("\x91\xc0", 2), &space, NULL), ERR_MALFORMED);
	assert_int_equal(change_decode(&c, BYTES("\x91\x7f", 2), &space, NULL), ERR_NEWER);
	assert_int_equal(change_decode(&c, BYTES("\x90", 1), &space, NULL), ERR_MALFORMED);
	assert_int_equal(change_decode(&c, BYTES_NONE, &space, NULL), ERR_MALFORMED);
	change_space_free(&space);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_sees_what_stands_next_in_every_form),
		cmocka_unit_test(what_is_not_a_number_is_read_by_nobody),
		cmocka_unit_test(no_bytes_at_all_are_a_value_too),
		cmocka_unit_test(a_head_that_is_cut_is_told_from_one_that_is_wrong),
		cmocka_unit_test(runs_of_every_length_read_back),
		cmocka_unit_test(a_run_is_written_whole_or_its_buffer_says_so),
		cmocka_unit_test(a_run_that_cannot_be_finished_is_none),
		cmocka_unit_test(a_run_beyond_the_last_place_there_is_is_refused),
		cmocka_unit_test(a_fork_is_of_one_log_and_one_place),
		cmocka_unit_test(a_frontier_of_branches_does_not_depend_on_their_order),
		cmocka_unit_test(a_stored_record_is_read_whole_or_not_at_all),
		cmocka_unit_test(a_change_is_applied_or_it_is_said_that_it_is_not),
		cmocka_unit_test(a_stored_record_with_any_byte_changed_is_refused_or_is_one),
		cmocka_unit_test(a_stored_number_has_one_form),
		cmocka_unit_test(a_large_record_leaves_nothing_behind),
		cmocka_unit_test(a_blob_is_whole_or_it_is_not_there),
		cmocka_unit_test(only_finite_numbers_are_summed),
		cmocka_unit_test(a_change_whose_version_is_no_number_is_malformed_and_of_no_newer_one),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
