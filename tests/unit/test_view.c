/*
 * The readable records: the same whatever the order of arrival, found by
 * their words, and back from their image as they were.
 */
#include <stdlib.h>

#include "scarce.h"
#include "fixed_env.h"

#include "base/mem.h"
#include "base/posix.h"
#include "crypto/guard.h"
#include "view/view_internal.h"

enum { CASE = 10, TITLE = 9, ENTRIES_MAX = 1100 };

/* Entries as a replica would hold them: the view asks for them by row when it must. */
struct shelf {
	struct fixed_env fixed;
	struct profile *profile;
	struct view *v;
	struct view_change entry[ENTRIES_MAX];
	struct buf body[ENTRIES_MAX];
	size_t count;
	size_t reads, no_memory_at;  /* this one of the readings finds none; 0: all do */
};

#define OK(call)                                                              \
	do {                                                                  \
		struct err err_ = ERR_INIT, *err = &err_;                     \
		(void)err;                                                    \
		if ((call) != ERR_OK)                                         \
			fail_msg("%s: %s", #call, err_.text);                 \
	} while (0)

static enum err_code
shelf_read(void *ctx, uint64_t row, struct view_change *out, struct err *err)
{
	struct shelf *s = ctx;

	if (++s->reads == s->no_memory_at)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < s->count; i++)
		if (s->entry[i].row == row) {
			*out = s->entry[i];
			return ERR_OK;
		}
	return err_plain(err, ERR_UNKNOWN);
}

static void
shelf_start(struct shelf *s)
{
	struct buf json = BUF_INIT;

	memset(s, 0, sizeof(*s));
	assert_true(crypto_start());
	(void)fixed_env_init(&s->fixed);
	OK(posix_files.read(NULL, "packaging/profiles/radrum.json", 1 << 20, &json, err));
	OK(profile_parse(&s->profile, buf_bytes(&json), err));
	buf_free(&json);
	s->v = view_new(&s->fixed.env, NULL);
	assert_non_null(s->v);
	view_set_profile(s->v, s->profile);
	view_set_reader(s->v, shelf_read, s);
}

static void
shelf_end(struct shelf *s)
{
	view_free(s->v);
	profile_free(s->profile);
	for (size_t i = 0; i < s->count; i++)
		buf_free(&s->body[i]);
}

static struct record_id
record_number(uint8_t n)
{
	struct record_id id;

	memset(id.b, n, sizeof(id.b));
	return id;
}

/* Another entry: `author` sets the title of a record, or writes a note on it. Returns its number. */
static size_t
shelf_write_in(struct shelf *s, uint8_t author, struct record_id id, uint8_t kind, const char *text, const size_t *over, uint8_t import)
{
	size_t i = s->count++;
	struct view_change *vc = &s->entry[i];
	struct buf value = BUF_INIT;
	struct dot dot = { .op = 0 };
	struct op op = { .kind = kind, .field = kind == OP_NOTE ? 0 : TITLE };
	struct change c = { .v = CHANGE_V, .profile_version = 1, .record = id, .type = CASE,
	                    .hlc = (uint64_t)(1000 + i) << 16, .ops = &op, .op_count = 1 };
	uint8_t note[16] = { 0 }, be[8];

	assert_true(i < ENTRIES_MAX);
	memcpy(c.group.b, id.b, sizeof(c.group.b));
	if (kind == OP_NOTE) {
		note[0] = (uint8_t)i;
		wr_array(&value, 3);
		wr_bin(&value, note, sizeof(note));
		wr_str(&value, text, strlen(text));
		wr_nil(&value);
	} else {
		wr_str(&value, text, strlen(text));
	}
	op.value = buf_bytes(&value);
	if (over != NULL) {
		memcpy(dot.entry, s->entry[*over].entry, 16);
		op.over = &dot;
		op.over_count = 1;
	}
	c.has_import = import > 0;
	memset(c.import, import, sizeof(c.import));
	change_encode(&s->body[i], &c);
	buf_free(&value);
	be64_put(be, i);
	HC(vc->entry, 16, BYTES_NONE, "test/entry", BYTES(be, 8));
	memset(vc->author.b, author, sizeof(vc->author.b));
	memset(vc->team.b, 0x77, sizeof(vc->team.b));
	vc->row = (uint64_t)author << 40 | i;
	vc->body = buf_bytes(&s->body[i]);
	return i;
}

static size_t
shelf_write(struct shelf *s, uint8_t author, uint8_t record, uint8_t kind, const char *text, const size_t *over, uint8_t import)
{
	return shelf_write_in(s, author, record_number(record), kind, text, over, import);
}

static void
shelf_apply(struct shelf *s, size_t from, size_t count)
{
	OK(view_apply(s->v, s->entry + from, count, err));
}

static bool
count_hit(void *ctx, const struct record *r, const struct stream_id *team, const char *snippet)
{
	(void)r;
	(void)team;
	(void)snippet;
	++*(int *)ctx;
	return true;
}

static int
hits(struct shelf *s, const char *query)
{
	int count = 0;

	OK(view_search(s->v, query, 0, 50, count_hit, &count, err));
	return count;
}

/* ---- folding ---- */

static void
the_order_of_arrival_makes_no_difference(void **state)
{
	uint8_t want[32], got[32];
	struct shelf s;
	size_t a, b;

	(void)state;
	shelf_start(&s);
	a = shelf_write(&s, 1, 1, OP_SET, "Hyra", NULL, 0);
	b = shelf_write(&s, 2, 1, OP_SET, "Hyresskuld", &a, 0);
	(void)shelf_write(&s, 3, 1, OP_SET, "Vräkning", &a, 0);
	(void)shelf_write(&s, 1, 1, OP_NOTE, "hon kom tidigt", NULL, 0);
	(void)shelf_write(&s, 2, 2, OP_SET, "Försörjning", NULL, 7);
	(void)shelf_write(&s, 3, 2, OP_SET, "Försörjning", NULL, 7);
	(void)shelf_write(&s, 3, 3, OP_SET, "Skola", NULL, 0);
	(void)b;
	shelf_apply(&s, 0, s.count);
	OK(view_state_hash(s.v, want, err));
	assert_int_equal(view_record_count(s.v), 3);
	assert_int_equal(view_conflict_count(s.v), 1);
	for (unsigned seed = 1; seed <= 200; seed++) {
		struct view_change mixed[ENTRIES_MAX];
		unsigned x = seed * 2654435761u;

		memcpy(mixed, s.entry, sizeof(mixed));
		for (size_t i = s.count - 1; i > 0; i--) {
			size_t j = (x = x * 1664525u + 1013904223u) / 7 % (i + 1);
			struct view_change t = mixed[i];

			mixed[i] = mixed[j];
			mixed[j] = t;
		}
		OK(view_clear(s.v, err));
		for (size_t at = 0, step; at < s.count; at += step) { /* in batches of chance, one entry twice */
			step = 1 + (x = x * 1664525u + 1013904223u) / 5 % 3;
			if (at + step > s.count)
				step = s.count - at;
			OK(view_apply(s.v, mixed + at, step, err));
			OK(view_apply(s.v, mixed + at, 1, err));
		}
		OK(view_state_hash(s.v, got, err));
		assert_memory_equal(want, got, 32);
	}
	shelf_end(&s);
}

/* proto/crdt.md, 5: "so an empty state is the hash of `90`" */
static void
an_empty_view_has_the_hash_of_an_empty_array(void **state)
{
	uint8_t want[32], got[32];
	struct shelf s;

	(void)state;
	shelf_start(&s);
	HC(want, 32, BYTES_NONE, "fb1/state", BYTES("\x90", 1));
	OK(view_state_hash(s.v, got, err));
	assert_memory_equal(want, got, 32);
	shelf_end(&s);
}

static void
of_two_imports_of_one_line_the_smaller_id_counts(void **state)
{
	struct shelf s;
	struct record_id id = record_number(1);
	uint8_t import[16];
	int seen = 0;

	(void)state;
	shelf_start(&s);
	for (int i = 0; i < 6; i++)
		(void)shelf_write(&s, (uint8_t)(i + 1), 1, OP_NOTE, "samma rad", NULL, 9);
	memset(import, 9, sizeof(import));
	assert_false(view_has_import(s.v, &id, import));
	for (size_t i = 0; i < s.count; i++) {
		struct record *r = record_new(&id);
		size_t least = 0;

		shelf_apply(&s, i, 1);
		for (size_t k = 1; k <= i; k++)
			if (memcmp(s.entry[k].entry, s.entry[least].entry, 16) < 0)
				least = k;
		OK(view_get(s.v, &id, r, NULL, err));
		assert_int_equal(record_note_count(r), 1);
		assert_memory_equal(record_note_at(r, 0)->dot.entry, s.entry[least].entry, 16);
		seen += least != 0;
		record_free(r);
	}
	assert_true(seen > 0); /* a later one did replace an earlier one */
	assert_true(view_has_import(s.v, &id, import));
	shelf_end(&s);
}

/* Each of the readings that a twin asks for fails once: nothing of the batch is shown then, and all of it at the next try. */
static void
a_record_is_not_made_anew_without_an_entry_that_there_was_no_memory_for(void **state)
{
	enum { TWINS = 6 };
	uint8_t before[32], got[32], want[32];
	struct shelf s;
	size_t failed = 0;

	(void)state;
	shelf_start(&s);
	for (int i = 0; i < TWINS; i++) {
		(void)shelf_write(&s, (uint8_t)(i + 1), 1, OP_NOTE, "samma rad", NULL, 9);
		(void)shelf_write(&s, (uint8_t)(i + 1), 1, OP_NOTE, "och en som ingen har importerat", NULL, 0);
	}
	shelf_apply(&s, 0, s.count);
	OK(view_state_hash(s.v, want, err));
	OK(view_clear(s.v, err));
	for (size_t i = 0; i < s.count; i++) {
		struct err why = ERR_INIT;
		enum err_code rc = ERR_NO_MEMORY;

		OK(view_state_hash(s.v, before, err));
		for (s.no_memory_at = 1; rc == ERR_NO_MEMORY; s.no_memory_at++) {
			s.reads = 0;
			rc = view_apply(s.v, &s.entry[i], 1, &why);
			failed += rc == ERR_NO_MEMORY;
			OK(view_state_hash(s.v, got, err));
			if (rc == ERR_NO_MEMORY)
				assert_memory_equal(got, before, sizeof(got));
		}
		assert_int_equal(rc, ERR_OK);
	}
	assert_true(failed > 1);
	assert_memory_equal(got, want, sizeof(got));
	shelf_end(&s);
}

struct rows { uint64_t row[ENTRIES_MAX]; size_t count; };

static bool
keep_row(void *ctx, uint64_t row)
{
	struct rows *rows = ctx;

	rows->row[rows->count++] = row;
	return true;
}

/* Two logs in turn, so that what made the record must be put in order, and enough that it is looked up by an index. */
static void
a_long_record_is_the_same_from_one_batch_and_from_many(void **state)
{
	enum { LONG = 200, ONE_IMPORT = 100 };
	struct record_id id = record_number(1);
	struct rows first = { .count = 0 };
	uint8_t want[32], got[32];
	struct shelf s;

	(void)state;
	shelf_start(&s);
	for (size_t i = 0; i < LONG; i++)
		(void)shelf_write(&s, (uint8_t)(i % 2 + 1), 1, OP_NOTE, "en rad", NULL, i < ONE_IMPORT ? 9 : i % 3 == 0 ? (uint8_t)i : 0);
	shelf_apply(&s, 0, LONG);
	OK(view_history(s.v, &id, keep_row, &first, err));
	assert_int_equal(first.count, LONG - ONE_IMPORT + 1);
	for (size_t i = 1; i < first.count; i++)
		assert_true(first.row[i - 1] < first.row[i]);
	OK(view_state_hash(s.v, want, err));
	for (size_t step = 1; step <= LONG; step = step * 3 + 1) { /* 1, 4, 13, 40, 121 */
		struct rows again = { .count = 0 };

		OK(view_clear(s.v, err));
		for (size_t at = 0; at < LONG; at += step)
			shelf_apply(&s, at, at + step < LONG ? step : LONG - at);
		shelf_apply(&s, 0, LONG); /* twice changes nothing */
		OK(view_state_hash(s.v, got, err));
		assert_memory_equal(want, got, 32);
		OK(view_history(s.v, &id, keep_row, &again, err));
		assert_int_equal(again.count, first.count);
		assert_memory_equal(again.row, first.row, first.count * sizeof(first.row[0]));
	}
	shelf_end(&s);
}

static void
what_made_a_record_comes_back_from_its_bytes_and_not_from_fewer(void **state)
{
	static const uint64_t rows[] = { 0, 1, 63, 64, 200, (uint64_t)1 << 40, ((uint64_t)1 << 63) - 1 };
	struct makers out = { .at = NULL }, in = { .at = NULL };
	struct buf bytes = BUF_INIT;

	(void)state;
	for (size_t i = COUNT_OF(rows); i-- > 0;) { /* last first: encoding wants them sorted */
		struct maker one = { .row = rows[i], .has_import = i % 2 == 0 };

		memset(one.import, (int)i, sizeof(one.import));
		memset(one.entry, (int)i + 100, sizeof(one.entry));
		OK(makers_add(&out, &one, err));
	}
	makers_sort(&out);
	makers_encode(&bytes, &out);
	OK(makers_decode(&in, buf_bytes(&bytes), 1000, err));
	assert_int_equal(in.count, COUNT_OF(rows));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(in.at[i].row, rows[i]);
		assert_int_equal(in.at[i].has_import, i % 2 == 0);
		assert_true(makers_have(&in, rows[i]));
		if (in.at[i].has_import)
			assert_ptr_equal(makers_of_import(&in, out.at[i].import), &in.at[i]);
		if (in.at[i].has_import)
			assert_memory_equal(in.at[i].entry, out.at[i].entry, 16);
	}
	assert_false(makers_have(&in, 2));
	assert_int_equal(makers_decode(&in, BYTES(bytes.p, bytes.len - 1), 1, NULL), ERR_DAMAGED);
	assert_int_equal(makers_decode(&in, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11), 1, NULL), ERR_DAMAGED);
	makers_free(&out);
	makers_free(&in);
	buf_free(&bytes);
}

static void
a_body_that_does_not_decode_is_left_out_and_counted(void **state)
{
	struct shelf s;

	(void)state;
	shelf_start(&s);
	(void)shelf_write(&s, 1, 1, OP_SET, "Hyra", NULL, 0);
	(void)shelf_write(&s, 1, 2, OP_SET, "Skola", NULL, 0);
	s.entry[0].body.len--;
	shelf_apply(&s, 0, 2);
	assert_int_equal(view_undecodable(s.v), 1);
	assert_int_equal(view_record_count(s.v), 1);
	shelf_end(&s);
}

static void
a_batch_without_memory_changes_nothing(void **state)
{
	uint8_t before[32], after[32];
	struct shelf s;
	struct err err = ERR_INIT;
	bool failed = true;

	(void)state;
	shelf_start(&s);
	(void)shelf_write(&s, 1, 1, OP_SET, "Hyra", NULL, 3);
	shelf_apply(&s, 0, 1);
	if (view_state_hash(s.v, before, &err) != ERR_OK)
		fail();
	(void)shelf_write(&s, 2, 1, OP_SET, "Skola", NULL, 3);
	(void)shelf_write(&s, 3, 2, OP_NOTE, "en anteckning", NULL, 0);
	for (long nth = 0; failed; nth++) {
		mem_fail_after(nth, 0);
		failed = view_apply(s.v, s.entry + 1, 2, &err) != ERR_OK;
		mem_fail_after(-1, 0);
		if (failed) {
			assert_int_equal(err.code, ERR_NO_MEMORY);
			if (view_state_hash(s.v, after, &err) != ERR_OK)
				fail();
			assert_memory_equal(before, after, 32);
		}
	}
	assert_int_equal(view_record_count(s.v), 2);
	shelf_end(&s);
}

static void
a_view_that_could_not_be_made_anew_says_so_and_is_made_when_there_is_memory(void **state)
{
	struct shelf s;
	struct err err = ERR_INIT;
	bool failed = true;

	(void)state;
	shelf_start(&s);
	(void)shelf_write(&s, 1, 1, OP_SET, "Hyra", NULL, 3);
	for (long nth = 0; failed; nth++) {
		shelf_apply(&s, 0, 1);
		mem_fail_after(nth, false);
		failed = view_clear(s.v, &err) != ERR_OK;
		mem_fail_after(-1, 0);
		if (failed) {
			assert_int_equal(err.code, ERR_NO_MEMORY);
			assert_int_equal(view_apply(s.v, s.entry, 1, &err), ERR_NO_MEMORY);
			assert_int_equal(view_clear(s.v, &err), ERR_OK);
		}
		shelf_apply(&s, 0, 1);
		assert_int_equal(view_record_count(s.v), 1);
		assert_int_equal(view_clear(s.v, &err), ERR_OK);
	}
	shelf_end(&s);
}

/* ---- questions ---- */

struct seen { uint8_t first[8]; size_t count; };

static bool
see(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct seen *seen = ctx;

	(void)team;
	seen->first[seen->count++] = record_id_of(r)->b[0];
	return seen->count < sizeof(seen->first);
}

static bool
see_row(void *ctx, uint64_t row)
{
	struct seen *seen = ctx;

	seen->first[seen->count++] = (uint8_t)row;
	return true;
}

static void
records_are_listed_newest_first_and_found_by_the_beginning_of_their_id(void **state)
{
	struct seen seen = { .count = 0 };
	struct record_id id;
	struct shelf s;

	(void)state;
	shelf_start(&s);
	(void)shelf_write(&s, 1, 0x11, OP_SET, "ett", NULL, 0);
	(void)shelf_write(&s, 1, 0x33, OP_SET, "två", NULL, 0);
	(void)shelf_write(&s, 1, 0x22, OP_SET, "tre", NULL, 0);
	(void)shelf_write(&s, 1, 0x11, OP_NOTE, "senare", NULL, 0);
	shelf_apply(&s, 0, s.count);
	OK(view_each(s.v, 0, see, &seen, err));
	assert_int_equal(seen.count, 3);
	assert_memory_equal(seen.first, "\x22\x33\x11", 3);
	OK(view_find(s.v, "222222", &id, err));
	assert_int_equal(id.b[15], 0x22);
	OK(view_find(s.v, "2222222", &id, err)); /* an odd number of digits */
	assert_int_equal(view_find(s.v, "444444", &id, NULL), ERR_UNKNOWN);
	assert_int_equal(view_find(s.v, "2222", &id, NULL), ERR_INVALID);
	seen.count = 0;
	id = record_number(0x11);
	OK(view_history(s.v, &id, see_row, &seen, err));
	assert_int_equal(seen.count, 2);
	assert_memory_equal(seen.first, "\x00\x03", 2);
	shelf_end(&s);
}

static void
words_are_found_by_their_beginning_in_any_script(void **state)
{
	static const struct { const char *query; int want; } cases[] = {
		{ "åtal", 1 }, { "atal", 1 }, { "ÅTA", 1 }, { "försäk", 1 }, { "forsakr", 1 }, { "kassan", 0 },
		{ "السك", 1 }, { "Мигр", 1 }, { "мигрант", 1 }, { "hyra åtal", 1 }, { "hyra skola", 0 },
		{ "skola", 1 }, { "\"", 0 }, { "", 0 }, { "NOT hyra*", 0 }, { "o'brien", 1 }, { "a", 2 }, { "brev-svar", 1 },
	};
	struct shelf s;

	(void)state;
	shelf_start(&s);
	(void)shelf_write(&s, 1, 1, OP_SET, "Åtal", NULL, 0);
	(void)shelf_write(&s, 1, 1, OP_NOTE, "försäkringskassan, hyra; السكن och Мигрант. O'Brien", NULL, 0);
	(void)shelf_write(&s, 1, 2, OP_NOTE, "skola, ansökan, brev-svar", NULL, 0);
	shelf_apply(&s, 0, s.count);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_CASE(cases[i].query, hits(&s, cases[i].query), cases[i].want);
	shelf_end(&s);
}

static void
a_text_that_was_replaced_is_found_no_more(void **state)
{
	struct shelf s;
	size_t last;

	(void)state;
	shelf_start(&s);
	last = shelf_write(&s, 1, 1, OP_SET, "hyra", NULL, 0);
	shelf_apply(&s, 0, 1);
	assert_int_equal(hits(&s, "hyra"), 1);
	last = shelf_write(&s, 1, 1, OP_SET, "skola", &last, 0);
	shelf_apply(&s, last, 1);
	assert_int_equal(hits(&s, "hyra"), 0);
	assert_int_equal(hits(&s, "skola"), 1);
	assert_int_equal(s.v->dead_docs, 1);
	OK(view_clear(s.v, err));
	assert_int_equal(hits(&s, "skola"), 0);
	shelf_end(&s);
}

/* It says so until it is cleared again, and is then as if nothing had been. */
static void
a_view_that_could_not_be_cleared_shows_nothing_until_it_can(void **state)
{
	uint8_t want[32], got[32];
	struct shelf s;

	(void)state;
	shelf_start(&s);
	(void)shelf_write(&s, 1, 1, OP_SET, "hyra", NULL, 0);
	shelf_apply(&s, 0, 1);
	OK(view_state_hash(s.v, want, err));
	for (struct scarce c = SCARCE; scarce_again(&c);) {
		struct err why = ERR_INIT;
		bool done = scarce_done(&c, "clearing", view_clear(s.v, &why), &why);

		scarce_over(&c);
		if (!done) {
			assert_int_equal(view_state_hash(s.v, got, NULL), ERR_NO_MEMORY);
			assert_int_equal(view_apply(s.v, s.entry, 1, NULL), ERR_NO_MEMORY);
			assert_int_not_equal(view_conflict_count(s.v), 0);
			OK(view_clear(s.v, err));
		}
		assert_int_equal(view_record_count(s.v), 0);
		shelf_apply(&s, 0, 1);
		OK(view_state_hash(s.v, got, err));
		assert_memory_equal(got, want, sizeof(got));
		assert_int_equal(hits(&s, "hyra"), 1);
	}
	shelf_end(&s);
}

/* ---- images ---- */

static void
an_image_brings_back_records_imports_and_full_text(void **state)
{
	struct buf image = BUF_INIT, marks = BUF_INIT;
	struct record_id id = record_number(1);
	uint8_t before[32], after[32], import[16];
	struct shelf s;

	(void)state;
	shelf_start(&s);
	(void)shelf_write(&s, 1, 1, OP_SET, "hyra", NULL, 5);
	(void)shelf_write(&s, 2, 2, OP_NOTE, "skola", NULL, 0);
	shelf_apply(&s, 0, 2);
	assert_int_equal(hits(&s, "hyra"), 1);
	OK(view_state_hash(s.v, before, err));
	OK(view_serialize(s.v, BYTES_STR("märken"), &image, err));
	view_free(s.v);
	s.v = view_new(&s.fixed.env, NULL);
	OK(view_deserialize(s.v, buf_bytes(&image), &marks, err));
	view_set_profile(s.v, s.profile);
	view_set_reader(s.v, shelf_read, &s);
	assert_true(bytes_equal(buf_bytes(&marks), BYTES_STR("märken")));
	OK(view_state_hash(s.v, after, err));
	assert_memory_equal(before, after, 32);
	memset(import, 5, sizeof(import));
	assert_true(view_has_import(s.v, &id, import));
	assert_memory_equal(view_author(s.v, 1)->b, s.entry[1].author.b, 32);
	assert_int_equal(hits(&s, "skola"), 1);
	assert_int_equal(s.v->dead_docs, 0); /* it was not indexed again */
	(void)shelf_write(&s, 3, 1, OP_NOTE, "efteråt", NULL, 0);
	shelf_apply(&s, 2, 1);
	assert_int_equal(hits(&s, "eft"), 1);
	assert_int_not_equal(view_deserialize(s.v, BYTES(image.p, 7), &marks, NULL), ERR_OK);
	buf_wipe(&image);
	buf_free(&marks);
	shelf_end(&s);
}

struct found { struct record_id first; size_t count; };

static bool
note_first(void *ctx, const struct record *r, const struct stream_id *team, const char *snippet)
{
	struct found *f = ctx;

	(void)team;
	assert_non_null(strstr(snippet, "hyra"));
	if (f->count++ == 0)
		f->first = *record_id_of(r);
	return true;
}

/* A record whose text says it over and over is the best match, and the oldest. */
static void
of_a_few_hits_the_best_is_first_and_of_a_thousand_the_newest(void **state)
{
	enum { FEW = 20, MANY = 1050, LIMIT = 30 };
	struct found f = { .count = 0 };
	struct record_id id = { { 0 } };
	struct shelf s;

	(void)state;
	shelf_start(&s);
	for (size_t i = 0; i < MANY; i++) {
		be64_put(id.b, i + 1);
		(void)shelf_write_in(&s, 1, id, OP_SET, i == 0 ? "hyra hyra hyra hyra" : "en fråga om hyra och annat som är längre", NULL, 0);
	}
	shelf_apply(&s, 0, FEW);
	OK(view_search(s.v, "hyr", 0, LIMIT, note_first, &f, err));
	assert_int_equal(f.count, FEW);
	assert_int_equal(be64_get(f.first.b), 1);
	shelf_apply(&s, FEW, MANY - FEW);
	f.count = 0;
	OK(view_search(s.v, "hyr", 0, LIMIT, note_first, &f, err));
	assert_int_equal(f.count, LIMIT);
	assert_int_equal(be64_get(f.first.b), MANY);
	f.count = 0;
	OK(view_search(s.v, "hyr", CASE + 1, LIMIT, note_first, &f, err));
	assert_int_equal(f.count, 0);
	shelf_end(&s);
}

static void
the_full_text_is_made_a_few_records_at_a_time_or_at_the_next_search(void **state)
{
	struct shelf s;

	(void)state;
	shelf_start(&s);
	for (uint8_t i = 1; i <= 10; i++)
		(void)shelf_write(&s, 1, i, OP_SET, "Hyra", NULL, 0);
	assert_true(view_indexed(s.v));
	shelf_apply(&s, 0, s.count);
	for (int left = 10; left > 0; left -= 4) {
		assert_false(view_indexed(s.v));
		OK(view_index_some(s.v, 4, err));
	}
	assert_true(view_indexed(s.v));
	assert_int_equal(hits(&s, "hyra"), 10);
	(void)shelf_write(&s, 1, 11, OP_SET, "Hyra", NULL, 0);
	shelf_apply(&s, 10, 1);
	assert_int_equal(hits(&s, "hyra"), 11);
	assert_true(view_indexed(s.v));
	shelf_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_of_arrival_makes_no_difference),
		cmocka_unit_test(an_empty_view_has_the_hash_of_an_empty_array),
		cmocka_unit_test(of_two_imports_of_one_line_the_smaller_id_counts),
		cmocka_unit_test(a_record_is_not_made_anew_without_an_entry_that_there_was_no_memory_for),
		cmocka_unit_test(a_long_record_is_the_same_from_one_batch_and_from_many),
		cmocka_unit_test(what_made_a_record_comes_back_from_its_bytes_and_not_from_fewer),
		cmocka_unit_test(a_body_that_does_not_decode_is_left_out_and_counted),
		cmocka_unit_test(a_batch_without_memory_changes_nothing),
		cmocka_unit_test(a_view_that_could_not_be_made_anew_says_so_and_is_made_when_there_is_memory),
		cmocka_unit_test(records_are_listed_newest_first_and_found_by_the_beginning_of_their_id),
		cmocka_unit_test(words_are_found_by_their_beginning_in_any_script),
		cmocka_unit_test(a_text_that_was_replaced_is_found_no_more),
		cmocka_unit_test(of_a_few_hits_the_best_is_first_and_of_a_thousand_the_newest),
		cmocka_unit_test(the_full_text_is_made_a_few_records_at_a_time_or_at_the_next_search),
		cmocka_unit_test(a_view_that_could_not_be_cleared_shows_nothing_until_it_can),
		cmocka_unit_test(an_image_brings_back_records_imports_and_full_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
