/* Changes, clocks and records: what merges to what. */
#include "check.h"
#include "crdt_maker.h"

#include "base/mem.h"
#include "crdt/hlc.h"

enum { STATUS = 7, TAG = 9, MINUTES = 11, FILE_FIELD = 13 };

static struct record *
fresh(void)
{
	struct record_id id = made_id(0xcc);
	struct record *r = record_new(&id);

	assert_non_null(r);
	return r;
}

static void
apply(struct record *r, struct made *m)
{
	struct err err = ERR_INIT;

	assert_int_equal(record_apply(r, made_done(m), &m->from, &err), ERR_OK);
}

/* A record of these changes, in this order. */
static struct record *
record_of(struct made *const *made, size_t count)
{
	struct record *r = fresh();

	for (size_t i = 0; i < count; i++)
		apply(r, made[i]);
	return r;
}
#define RECORD_OF(...) record_of((struct made *const[]){ __VA_ARGS__ }, COUNT_OF(((struct made *const[]){ __VA_ARGS__ })))

/* Values as text, best first: "open|closed". */
static const char *
values_text(const struct record *r, uint32_t field)
{
	static char out[256];
	size_t count, len = 0;
	const struct value *v = record_values(r, field, &count);

	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		struct rd rd = rd_init(v[i].value);
		struct bytes s = rd_str(&rd, 100);

		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%.*s", i > 0 ? "|" : "", (int)s.len, s.p);
	}
	return out;
}

static struct buf
canonical_of(const struct record *r)
{
	struct buf b = BUF_INIT;

	record_canonical(&b, r);
	assert_true(buf_ok(&b));
	return b;
}

static void
check_same_state(const char *name, const struct record *a, const struct record *b)
{
	struct buf ca = canonical_of(a), cb = canonical_of(b);

	CHECK_TRUE(name, bytes_equal(buf_bytes(&ca), buf_bytes(&cb)));
	buf_free(&ca);
	buf_free(&cb);
}

/* Two advisers set the status without having seen each other: both stand, until one settles it. */
static void
concurrent_values_are_a_conflict_until_one_covers_both(void **state)
{
	struct made a, b, settled;
	struct record *r;

	(void)state;
	made_init(&a, 1, 1000);
	made_text(&a, OP_SET, STATUS, "open");
	made_init(&b, 2, 2000);
	made_text(&b, OP_SET, STATUS, "closed");
	r = RECORD_OF(&a, &b);
	assert_true(record_has_conflict(r));
	assert_string_equal(values_text(r, STATUS), "closed|open");

	made_init(&settled, 3, 500); /* a slow clock settles all the same: what replaces what is in `over` alone */
	made_text(&settled, OP_SET, STATUS, "referred");
	made_over(&settled, &a, 0);
	made_over(&settled, &b, 0);
	apply(r, &settled);
	assert_false(record_has_conflict(r));
	assert_string_equal(values_text(r, STATUS), "referred");
	record_free(r);
	made_free(&a);
	made_free(&b);
	made_free(&settled);
}

static void
equal_values_written_apart_are_no_conflict(void **state)
{
	struct made a, b;
	struct record *r;
	size_t count;

	(void)state;
	made_init(&a, 1, 1000);
	made_text(&a, OP_SET, STATUS, "open");
	made_init(&b, 2, 2000);
	made_text(&b, OP_SET, STATUS, "open");
	r = RECORD_OF(&a, &b);
	assert_false(record_field_conflict(r, STATUS));
	assert_non_null(record_values(r, STATUS, &count));
	assert_int_equal(count, 2);
	record_free(r);
	made_free(&a);
	made_free(&b);
}

/* The correction travels faster than what it corrects. */
static void
a_value_that_was_replaced_before_it_arrived_never_shows(void **state)
{
	struct made first, second;
	struct record *r, *other, *thawed = fresh();
	struct buf frozen = BUF_INIT;
	struct err err;

	(void)state;
	made_init(&first, 1, 1000);
	made_text(&first, OP_SET, STATUS, "open");
	made_init(&second, 2, 2000);
	made_text(&second, OP_SET, STATUS, "closed");
	made_over(&second, &first, 0);

	r = RECORD_OF(&second);
	record_encode(&frozen, r); /* the dot it waits for must survive the view's own form */
	assert_int_equal(record_decode(thawed, buf_bytes(&frozen), &err), ERR_OK);
	apply(r, &first);
	apply(thawed, &first);
	assert_string_equal(values_text(r, STATUS), "closed");
	assert_string_equal(values_text(thawed, STATUS), "closed");
	other = RECORD_OF(&first, &second);
	check_same_state("late over", r, other);
	check_same_state("late over, frozen between", thawed, other);
	record_free(r);
	record_free(other);
	record_free(thawed);
	buf_free(&frozen);
	made_free(&first);
	made_free(&second);
}

static void
clearing_takes_away_what_was_seen_and_nothing_else(void **state)
{
	struct made set, clear, unseen;
	struct record *r;
	enum field_kind kind;

	(void)state;
	made_init(&set, 1, 1000);
	made_text(&set, OP_SET, STATUS, "open");
	made_init(&clear, 2, 2000);
	made_clear(&clear, STATUS);
	made_over(&clear, &set, 0);
	made_init(&unseen, 3, 1500);
	made_text(&unseen, OP_SET, STATUS, "closed");
	r = RECORD_OF(&set, &clear);
	assert_int_equal(record_field_count(r), 0);
	apply(r, &unseen);
	assert_int_equal(record_field_count(r), 1);
	assert_int_equal(record_field_at(r, 0, &kind), STATUS);
	assert_int_equal(kind, FIELD_REGISTER);
	assert_string_equal(values_text(r, STATUS), "closed");
	record_free(r);
	made_free(&set);
	made_free(&clear);
	made_free(&unseen);
}

/* One takes the tag away while another, who has not seen that, adds it again. */
static void
adding_wins_over_a_concurrent_removal(void **state)
{
	struct made first, removal, again;
	struct record *r;

	(void)state;
	made_init(&first, 1, 1000);
	made_text(&first, OP_ADD, TAG, "barn");
	made_init(&removal, 2, 2000);
	made_text(&removal, OP_REMOVE, TAG, "barn");
	made_over(&removal, &first, 0);
	made_init(&again, 3, 1500);
	made_text(&again, OP_ADD, TAG, "barn");
	r = RECORD_OF(&again, &removal, &first);
	assert_string_equal(values_text(r, TAG), "barn");
	record_free(r);
	r = RECORD_OF(&removal, &first);
	assert_string_equal(values_text(r, TAG), "");
	record_free(r);
	made_free(&first);
	made_free(&removal);
	made_free(&again);
}

static void
a_counter_adds_each_entry_once_and_negative_corrects(void **state)
{
	struct made a, b, c;
	struct record *r;
	enum field_kind kind;

	(void)state;
	made_init(&a, 1, 1000);
	made_number(&a, MINUTES, 30);
	made_init(&b, 2, 2000);
	made_number(&b, MINUTES, 12.5);
	made_init(&c, 3, 3000);
	made_number(&c, MINUTES, -10);
	r = RECORD_OF(&c, &a, &b);
	assert_int_equal(record_field_at(r, 0, &kind), MINUTES);
	assert_int_equal(kind, FIELD_SUM);
	assert_true(record_sum(r, MINUTES) == 32.5);
	record_free(r);
	made_free(&a);
	made_free(&b);
	made_free(&c);
}

static void
notes_stand_in_time_order_and_corrections_name_what_they_correct(void **state)
{
	struct made first, later, correction;
	struct record *r;
	const struct note *n;

	(void)state;
	made_init(&first, 3, 1000);
	made_note(&first, 0xa1, "ringde kommunen", -1);
	made_init(&correction, 1, 3000);
	made_note(&correction, 0xa3, "ringde regionen", 0xa1);
	made_init(&later, 2, 9000); /* written late, about an earlier hour */
	later.change.has_shown = true;
	later.change.shown_ms = 2000;
	later.change.shown_offset_min = 120;
	made_note(&later, 0xa2, "väntar på svar", -1);
	r = RECORD_OF(&correction, &later, &first);
	assert_int_equal(record_note_count(r), 3);
	assert_int_equal(record_note_at(r, 0)->id[0], 0xa1);
	n = record_note_at(r, 1);
	assert_int_equal(n->id[0], 0xa2);
	assert_int_equal(n->shown_offset_min, 120);
	assert_false(n->corrects_any);
	n = record_note_at(r, 2);
	assert_true(n->corrects_any);
	assert_int_equal(n->corrects[15], 0xa1);
	assert_memory_equal(n->text.p, "ringde regionen", n->text.len);
	record_free(r);
	made_free(&first);
	made_free(&later);
	made_free(&correction);
}

static void
a_blob_is_there_when_its_last_piece_is(void **state)
{
	struct made a, b, whole;
	struct record *r;
	struct buf out = BUF_INIT;

	(void)state;
	made_init(&a, 1, 1000);
	made_piece(&a, FILE_FIELD, 0xb0, 0, 2, "hello ");
	made_init(&b, 2, 1001);
	made_piece(&b, FILE_FIELD, 0xb0, 1, 2, "there");
	r = RECORD_OF(&b);
	assert_false(record_blob(r, FILE_FIELD, &out));
	apply(r, &a);
	assert_false(record_field_conflict(r, FILE_FIELD)); /* two pieces, one value */
	assert_true(record_blob(r, FILE_FIELD, &out));
	assert_string_equal(buf_str(&out), "hello there");

	made_init(&whole, 3, 500);
	made_text(&whole, OP_SET, FILE_FIELD, "short");
	apply(r, &whole);
	assert_true(record_field_conflict(r, FILE_FIELD));
	record_free(r);
	buf_clear(&out);
	r = RECORD_OF(&whole);
	assert_true(record_blob(r, FILE_FIELD, &out));
	assert_string_equal(buf_str(&out), "short");
	record_free(r);
	buf_free(&out);
	made_free(&a);
	made_free(&b);
	made_free(&whole);
}

/* A newer program may write ops that we do not know; they stay in the log and touch nothing here. */
static void
unknown_ops_and_values_of_the_wrong_form_change_nothing(void **state)
{
	struct made m, plain;
	struct record *r, *want;

	(void)state;
	made_init(&m, 1, 1000);
	made_text(&m, OP_SET, STATUS, "open");
	made_text(&m, 42, STATUS, "what a later version means");
	made_over(&m, &m, 0);
	made_text(&m, OP_SUM, MINUTES, "ten");
	made_text(&m, OP_NOTE, 0, "no note");
	made_text(&m, OP_BLOB, FILE_FIELD, "no piece");
	made_init(&plain, 1, 1000);
	made_text(&plain, OP_SET, STATUS, "open");
	r = RECORD_OF(&m);
	want = RECORD_OF(&plain);
	check_same_state("unknown ops", r, want);
	record_free(r);
	record_free(want);
	made_free(&m);
	made_free(&plain);
}

static void
type_and_group_are_those_of_the_first_change(void **state)
{
	struct made first, later;
	struct record *r;

	(void)state;
	made_init(&first, 1, 1000);
	made_text(&first, OP_SET, STATUS, "open");
	made_init(&later, 2, 2000);
	made_text(&later, OP_SET, TAG, "x");
	later.change.type = 11;
	memset(later.change.group.b, 0xdd, sizeof(later.change.group.b));
	r = RECORD_OF(&later);
	assert_int_equal(record_type(r), 11);
	apply(r, &first);
	assert_int_equal(record_type(r), 10);
	assert_int_equal(record_group(r)->b[0], 0xcc);
	assert_true(record_hlc_first(r) == (uint64_t)1000 << 16);
	assert_true(record_hlc_last(r) == (uint64_t)2000 << 16);
	record_free(r);
	made_free(&first);
	made_free(&later);
}

static void
over_names_all_of_a_register_and_one_element_of_a_set(void **state)
{
	struct made m;
	struct record *r;
	struct buf barn = BUF_INIT;
	struct dot *over;
	size_t count;

	(void)state;
	made_init(&m, 1, 1000);
	made_text(&m, OP_SET, STATUS, "open");
	made_text(&m, OP_ADD, TAG, "barn");
	made_text(&m, OP_ADD, TAG, "tolk");
	r = RECORD_OF(&m);
	wr_str(&barn, "barn", 4);
	assert_int_equal(record_over(r, STATUS, BYTES_NONE, &over, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(over[0].op, 0);
	mem_free(over);
	assert_int_equal(record_over(r, TAG, buf_bytes(&barn), &over, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(over[0].op, 1);
	mem_free(over);
	assert_int_equal(record_over(r, MINUTES, BYTES_NONE, &over, &count, NULL), ERR_OK);
	assert_int_equal(count, 0);
	assert_null(over);
	buf_free(&barn);
	record_free(r);
	made_free(&m);
}

/* A small generator, so that a failure names a seed that shows it again. */
static uint32_t
draw(uint32_t *seed, uint32_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % below;
}

enum { CHANGES = 14 };

static void
draw_op(struct made *m, struct made *all, uint32_t earlier, uint32_t *seed)
{
	static const char *const words[] = { "a", "b", "c" };
	uint32_t field = 1 + draw(seed, 4);

	switch (draw(seed, 8)) {
	case 0:
	case 1:
		made_text(m, OP_SET, field, words[draw(seed, 3)]);
		break;
	case 2:
	case 3:
		made_text(m, OP_ADD, field, words[draw(seed, 3)]);
		break;
	case 4:
		made_text(m, OP_REMOVE, field, words[draw(seed, 3)]);
		break;
	case 5:
		made_number(m, field, (double)draw(seed, 9) / 4);
		return;
	case 6:
		made_note(m, (uint8_t)draw(seed, 200), words[draw(seed, 3)], draw(seed, 2) > 0 ? 7 : -1);
		return;
	default:
		made_clear(m, field);
		break;
	}
	for (uint32_t k = draw(seed, 4); k > 0 && earlier > 0; k--) {
		const struct made *old = &all[draw(seed, earlier)];

		if (old->change.op_count > 0)
			made_over(m, old, draw(seed, (uint32_t)old->change.op_count));
	}
}

static void
shuffle(uint32_t order[CHANGES], uint32_t *seed)
{
	for (uint32_t i = 0; i < CHANGES; i++)
		order[i] = i;
	for (uint32_t i = CHANGES - 1; i > 0; i--) {
		uint32_t j = draw(seed, i + 1), was = order[i];

		order[i] = order[j];
		order[j] = was;
	}
}

/* The local form of a record gives the same record, and the same bytes again. */
static struct record *
through_local_form(struct record *r, const char *name)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct record *again = fresh();
	struct err err = ERR_INIT;

	record_encode(&once, r);
	CHECK_CASE(name, record_decode(again, buf_bytes(&once), &err), ERR_OK);
	record_encode(&twice, again);
	CHECK_TRUE(name, bytes_equal(buf_bytes(&once), buf_bytes(&twice)));
	buf_free(&once);
	buf_free(&twice);
	record_free(r);
	return again;
}

static void
any_order_of_arrival_gives_the_same_bytes(void **state)
{
	(void)state;
	for (uint32_t round = 1; round <= 400; round++) {
		struct made all[CHANGES];
		struct record *want = fresh();
		uint32_t seed = round * 7919, order[CHANGES];
		char name[32];

		snprintf(name, sizeof(name), "seed %u", round);
		for (uint32_t i = 0; i < CHANGES; i++) {
			made_init(&all[i], i + 1, 1000 + draw(&seed, 5));
			for (uint32_t k = 1 + draw(&seed, 4); k > 0; k--)
				draw_op(&all[i], all, i, &seed);
			apply(want, &all[i]);
		}
		for (int again = 0; again < 4; again++) {
			struct record *r = fresh();

			shuffle(order, &seed);
			for (uint32_t i = 0; i < CHANGES; i++) {
				apply(r, &all[order[i]]);
				if (draw(&seed, 5) == 0)
					r = through_local_form(r, name);
			}
			check_same_state(name, r, want);
			for (uint32_t f = 1; f <= 4; f++)
				CHECK_TRUE(name, record_sum(r, f) == record_sum(want, f));
			record_free(r);
		}
		record_free(want);
		for (uint32_t i = 0; i < CHANGES; i++)
			made_free(&all[i]);
	}
}

static void
ten_thousand_notes_are_one_batch(void **state)
{
	struct record *r = fresh();
	struct buf bytes = BUF_INIT;

	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		struct made m;

		made_init(&m, i + 1, 20000 - i);
		made_note(&m, (uint8_t)i, "en anteckning", -1);
		apply(r, &m);
		made_free(&m);
	}
	assert_int_equal(record_note_count(r), 10000);
	assert_true(record_note_at(r, 0)->hlc < record_note_at(r, 9999)->hlc);
	record_encode(&bytes, r);
	assert_true(bytes.len < 10000 * 64);
	buf_free(&bytes);
	record_free(r);
}

/* Author, hlc and entry are written once a change, not once a value. */
static void
a_small_record_is_few_bytes(void **state)
{
	struct made m;
	struct record *r;
	struct buf bytes = BUF_INIT;

	(void)state;
	made_init(&m, 1, 1000);
	for (uint32_t f = 1; f <= 10; f++)
		made_text(&m, OP_SET, f, "x");
	r = RECORD_OF(&m);
	record_encode(&bytes, r);
	assert_in_range(bytes.len, 1, 36 + 27 + 10 * 9);
	buf_free(&bytes);
	record_free(r);
	made_free(&m);
}

static void
a_reset_record_remembers_nothing(void **state)
{
	struct made a, b;
	struct record *r, *want;
	struct record_id id = made_id(0xcc);

	(void)state;
	made_init(&a, 1, 1000);
	made_text(&a, OP_SET, STATUS, "open");
	made_note(&a, 1, "x", -1);
	made_init(&b, 2, 2000);
	made_text(&b, OP_ADD, TAG, "barn");
	made_over(&b, &a, 0);
	r = RECORD_OF(&a, &b);
	record_reset(r, &id);
	apply(r, &b);
	want = RECORD_OF(&b);
	check_same_state("reset", r, want);
	record_free(r);
	record_free(want);
	made_free(&a);
	made_free(&b);
}

static void
a_change_decodes_to_what_was_encoded(void **state)
{
	struct made m, old;
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct change_space space = { NULL, 0, NULL, 0 };
	struct change c;
	struct err err = ERR_INIT;

	(void)state;
	made_init(&old, 1, 1000);
	made_init(&m, 2, 2000);
	m.change.has_shown = true;
	m.change.shown_ms = -5;
	m.change.shown_offset_min = -90;
	m.change.has_import = true;
	memset(m.change.import, 0xee, sizeof(m.change.import));
	made_text(&m, OP_SET, STATUS, "open");
	made_over(&m, &old, 0);
	made_over(&m, &old, 3);
	made_text(&m, 200, 4000000000u, "unknown");
	made_over(&m, &old, 511);
	change_encode(&once, made_done(&m));
	assert_int_equal(change_decode(&c, buf_bytes(&once), &space, &err), ERR_OK);
	assert_int_equal(c.op_count, 2);
	assert_int_equal(c.ops[0].over_count, 2);
	assert_int_equal(c.ops[0].over[1].op, 3);
	assert_int_equal(c.ops[1].kind, 200);
	assert_int_equal(c.ops[1].over[0].op, 511);
	assert_true(c.shown_ms == -5 && c.shown_offset_min == -90 && c.has_import);
	change_encode(&twice, &c);
	assert_true(bytes_equal(buf_bytes(&once), buf_bytes(&twice)));
	for (size_t cut = 0; cut < once.len; cut++) /* every shorter body is refused, and none is read past its end */
		assert_int_not_equal(change_decode(&c, BYTES(once.p, cut), &space, NULL), ERR_OK);
	change_space_free(&space);
	buf_free(&once);
	buf_free(&twice);
	made_free(&m);
	made_free(&old);
}

static void
bodies_that_are_not_in_form_are_refused(void **state)
{
	static const struct { const char *name; uint32_t v, type; int64_t shown; int16_t offset; uint32_t over;
	                      bool trailing; enum err_code want; } cases[] = {
		{ "as it should be", 1, 10, 0, 0, 0, false, ERR_OK },
		{ "a later version", 2, 10, 0, 0, 0, false, ERR_NEWER },
		{ "version 0", 0, 10, 0, 0, 0, false, ERR_MALFORMED },
		{ "type 0", 1, 0, 0, 0, 0, false, ERR_MALFORMED },
		{ "shown before year 1", 1, 10, -62135596800001, 0, 0, false, ERR_MALFORMED },
		{ "shown after year 9999", 1, 10, 253402300800000, 0, 0, false, ERR_MALFORMED },
		{ "offset of a day", 1, 10, 0, 1440, 0, false, ERR_MALFORMED },
		{ "over an op that can not be", 1, 10, 0, 0, CHANGE_OPS_MAX, false, ERR_MALFORMED },
		{ "one trailing byte", 1, 10, 0, 0, 0, true, ERR_MALFORMED },
	};
	struct change_space space = { NULL, 0, NULL, 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct made m;
		struct buf body = BUF_INIT;
		struct change c;

		made_init(&m, 1, 1000);
		m.change.v = cases[i].v;
		m.change.type = cases[i].type;
		m.change.has_shown = true;
		m.change.shown_ms = cases[i].shown;
		m.change.shown_offset_min = cases[i].offset;
		made_text(&m, OP_SET, STATUS, "open");
		made_over(&m, &m, cases[i].over);
		change_encode(&body, made_done(&m));
		if (cases[i].trailing)
			buf_put_u8(&body, 0xc0);
		CHECK_CASE(cases[i].name, change_decode(&c, buf_bytes(&body), &space, NULL), cases[i].want);
		buf_free(&body);
		made_free(&m);
	}
	change_space_free(&space);
}

static void
a_body_over_the_limit_is_refused_before_it_is_read(void **state)
{
	uint8_t *big = mem_zero(1, CHANGE_BYTES_MAX + 1);
	struct change_space space = { NULL, 0, NULL, 0 };
	struct change c;

	(void)state;
	assert_int_equal(change_decode(&c, BYTES(big, CHANGE_BYTES_MAX + 1), &space, NULL), ERR_TOO_BIG);
	mem_free(big);
}

static void
damaged_local_bytes_are_refused_and_never_read_past(void **state)
{
	struct made m;
	struct record *r, *again = fresh();
	struct record_id id = made_id(0xcc);
	struct buf bytes = BUF_INIT;

	(void)state;
	made_init(&m, 1, 1000);
	made_text(&m, OP_SET, STATUS, "open");
	made_over(&m, &m, 5);
	made_note(&m, 1, "x", 2);
	r = RECORD_OF(&m);
	record_encode(&bytes, r);
	for (size_t cut = 0; cut < bytes.len; cut++) {
		record_reset(again, &id);
		assert_int_equal(record_decode(again, BYTES(bytes.p, cut), NULL), ERR_DAMAGED);
	}
	buf_put_u8(&bytes, 0);
	record_reset(again, &id);
	assert_int_equal(record_decode(again, buf_bytes(&bytes), NULL), ERR_DAMAGED);
	buf_free(&bytes);
	record_free(r);
	record_free(again);
	made_free(&m);
}

static void
running_out_of_memory_is_an_error_at_every_allocation(void **state)
{
	struct made m;
	bool whole = false;

	(void)state;
	made_init(&m, 1, 1000);
	made_text(&m, OP_SET, STATUS, "open");
	made_over(&m, &m, 3);
	made_note(&m, 1, "x", -1);
	made_done(&m);
	for (long n = 0; !whole; n++) {
		struct record_id id = made_id(0xcc);
		struct record *r;

		mem_fail_after(n, 1);
		r = record_new(&id);
		if (r != NULL) {
			enum err_code rc = record_apply(r, &m.change, &m.from, NULL);

			whole = rc == ERR_OK;
			if (!whole)
				assert_int_equal(rc, ERR_NO_MEMORY);
		}
		mem_fail_after(-1, 0);
		record_free(r);
	}
	made_free(&m);
}

static void
the_clock_follows_others_but_not_over_a_cliff(void **state)
{
	static const int64_t now = 1577836800000, day = 86400000, years_30 = 946728000000;
	static const struct { const char *name; int64_t remote, wall; bool follow; } cases[] = {
		{ "behind us", 1577836800000 - 86400000, 1577836800000, true },
		{ "an hour ahead", 1577836800000 + 3600000, 1577836800000, true },
		{ "exactly a day ahead", 1577836800000 + 86400000, 1577836800000, true },
		{ "a millisecond more", 1577836800000 + 86400001, 1577836800000, false },
		{ "thirty years ahead", 1577836800000 + 946728000000, 1577836800000, false },
		{ "our own clock before 1970", 86400001, -5, false },
	};
	uint64_t last = (uint64_t)now << 16, was;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t clock = (uint64_t)now << 16;

		if (cases[i].wall < 0)
			clock = 0;
		was = clock;
		CHECK_CASE(cases[i].name, hlc_observe(&clock, (uint64_t)cases[i].remote << 16, cases[i].wall),
		           cases[i].follow);
		if (!cases[i].follow)
			CHECK_TRUE(cases[i].name, clock == was);
	}
	assert_false(hlc_observe(&last, (uint64_t)(now + years_30) << 16, now));
	assert_int_equal(hlc_ms(hlc_next(&last, now)), now);
	assert_true(hlc_observe(&last, (uint64_t)(now + day) << 16, now));
	assert_int_equal(hlc_ms(hlc_next(&last, now)), now + day);
}

static void
the_clock_never_stands_still_or_goes_back(void **state)
{
	uint64_t last = 0, was = 0;
	static const int64_t walls[] = { 5, 5, 4, -100, 6, 6, INT64_MAX, INT64_MAX, 7, 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(walls); i++) {
		uint64_t got = hlc_next(&last, walls[i]);

		assert_true(got > was);
		was = got;
	}
	last = UINT64_MAX;
	assert_true(hlc_next(&last, 5) == UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(concurrent_values_are_a_conflict_until_one_covers_both),
		cmocka_unit_test(equal_values_written_apart_are_no_conflict),
		cmocka_unit_test(a_value_that_was_replaced_before_it_arrived_never_shows),
		cmocka_unit_test(clearing_takes_away_what_was_seen_and_nothing_else),
		cmocka_unit_test(adding_wins_over_a_concurrent_removal),
		cmocka_unit_test(a_counter_adds_each_entry_once_and_negative_corrects),
		cmocka_unit_test(notes_stand_in_time_order_and_corrections_name_what_they_correct),
		cmocka_unit_test(a_blob_is_there_when_its_last_piece_is),
		cmocka_unit_test(unknown_ops_and_values_of_the_wrong_form_change_nothing),
		cmocka_unit_test(type_and_group_are_those_of_the_first_change),
		cmocka_unit_test(over_names_all_of_a_register_and_one_element_of_a_set),
		cmocka_unit_test(any_order_of_arrival_gives_the_same_bytes),
		cmocka_unit_test(ten_thousand_notes_are_one_batch),
		cmocka_unit_test(a_small_record_is_few_bytes),
		cmocka_unit_test(a_reset_record_remembers_nothing),
		cmocka_unit_test(a_change_decodes_to_what_was_encoded),
		cmocka_unit_test(bodies_that_are_not_in_form_are_refused),
		cmocka_unit_test(a_body_over_the_limit_is_refused_before_it_is_read),
		cmocka_unit_test(damaged_local_bytes_are_refused_and_never_read_past),
		cmocka_unit_test(running_out_of_memory_is_an_error_at_every_allocation),
		cmocka_unit_test(the_clock_follows_others_but_not_over_a_cliff),
		cmocka_unit_test(the_clock_never_stands_still_or_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
