/*
 * Prints proto/vectors/crdt.json: bodies that must be taken or refused, what
 * sets of changes come to in whatever order they arrive, and what the clock
 * does. Nothing in it is drawn by chance. Bytes are hex.
 */
#include <stdio.h>

#include "../unit/crdt_maker.h"
#include "crdt/hlc.h"
#include "crypto/hc.h"

enum { CHANGES_MAX = 6 };

static bool first_row;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "gen_crdt: %s failed\n", what);
	exit(1);
}

static void
print_hex(const char *name, struct bytes s)
{
	printf("\"%s\": \"", name);
	for (size_t i = 0; i < s.len; i++)
		printf("%02x", s.p[i]);
	printf("\"");
}

static void
row(const char *name)
{
	printf("%s\n    {\"name\": \"%s\"", first_row ? "" : ",", name);
	first_row = false;
}

static void
list(const char *name)
{
	printf(",\n  \"%s\": [", name);
	first_row = true;
}

/* HC(32, ∅, "fb1/state", canonical), the canonical form being one array of all records by id. */
static void
print_state(const struct buf *records, size_t count)
{
	struct buf all = BUF_INIT;
	uint8_t hash[32];

	wr_array(&all, count);
	buf_put_bytes(&all, buf_bytes(records));
	must(buf_ok(&all), "memory");
	HC(hash, sizeof(hash), BYTES_NONE, "fb1/state", buf_bytes(&all));
	printf(",\n     ");
	print_hex("canonical", buf_bytes(&all));
	printf(",\n     ");
	print_hex("state", BYTES(hash, sizeof(hash)));
	buf_free(&all);
}

static void
print_change(struct made *m, bool last)
{
	struct buf body = BUF_INIT;

	change_encode(&body, made_done(m));
	must(buf_ok(&body), "memory");
	printf("\n      {");
	print_hex("entry", BYTES(m->from.entry, sizeof(m->from.entry)));
	printf(", ");
	print_hex("body", buf_bytes(&body));
	printf("}%s", last ? "" : ",");
	buf_free(&body);
}

/* One row: the changes in the order in which they were written, and what they come to in any. */
static void
print_merge(const char *name, struct made *made, size_t count)
{
	struct record_id id = made_id(0xcc);
	struct record *r = record_new(&id), *backwards = record_new(&id);
	struct buf canonical = BUF_INIT, again = BUF_INIT;

	must(r != NULL && backwards != NULL, "memory");
	row(name);
	printf(", \"changes\": [");
	for (size_t i = 0; i < count; i++) {
		print_change(&made[i], i + 1 == count);
		must(record_apply(r, &made[i].change, &made[i].from, NULL) == ERR_OK, name);
	}
	for (size_t i = count; i-- > 0;)
		must(record_apply(backwards, &made[i].change, &made[i].from, NULL) == ERR_OK, name);
	record_canonical(&canonical, r);
	record_canonical(&again, backwards);
	must(bytes_equal(buf_bytes(&canonical), buf_bytes(&again)), name);
	printf("],\n     \"conflict\": %s", record_has_conflict(r) ? "true" : "false");
	print_state(&canonical, 1);
	printf("}");
	for (size_t i = 0; i < count; i++)
		made_free(&made[i]);
	buf_free(&canonical);
	buf_free(&again);
	record_free(r);
	record_free(backwards);
}

static void
begin(struct made made[CHANGES_MAX], const int64_t *ms, size_t count)
{
	for (size_t i = 0; i < count; i++)
		made_init(&made[i], (uint32_t)i + 1, ms[i]);
}
#define BEGIN(made, ...) begin((made), (const int64_t[]){ __VA_ARGS__ }, COUNT_OF(((const int64_t[]){ __VA_ARGS__ })))

static void
print_registers(void)
{
	struct made m[CHANGES_MAX];

	BEGIN(m, 1000, 2000);
	made_text(&m[0], OP_SET, 7, "open");
	made_text(&m[1], OP_SET, 7, "closed");
	made_over(&m[1], &m[0], 0);
	print_merge("a value replaced", m, 2);

	BEGIN(m, 1000, 2000, 1500);
	made_text(&m[0], OP_SET, 7, "open");
	made_text(&m[1], OP_SET, 7, "closed");
	made_over(&m[1], &m[0], 0);
	made_text(&m[2], OP_SET, 7, "referred");
	made_over(&m[2], &m[0], 0);
	print_merge("two values that did not see each other", m, 3);

	BEGIN(m, 1000, 2000, 500);
	made_text(&m[0], OP_SET, 7, "open");
	made_text(&m[1], OP_SET, 7, "closed");
	made_text(&m[2], OP_SET, 7, "referred");
	made_over(&m[2], &m[0], 0);
	made_over(&m[2], &m[1], 0);
	print_merge("a conflict settled by a slow clock", m, 3);

	BEGIN(m, 1000, 2000);
	made_text(&m[0], OP_SET, 7, "same");
	made_text(&m[1], OP_SET, 7, "same");
	print_merge("one value written twice", m, 2);

	BEGIN(m, 1000, 2000, 1500);
	made_text(&m[0], OP_SET, 7, "open");
	made_clear(&m[1], 7);
	made_over(&m[1], &m[0], 0);
	made_text(&m[2], OP_SET, 7, "closed");
	print_merge("cleared, and set by one who had not seen it", m, 3);

	BEGIN(m, 1000, 1001, 1002);
	made_piece(&m[0], 13, 0xb0, 0, 2, "hello ");
	made_piece(&m[1], 13, 0xb0, 1, 2, "there");
	print_merge("a blob in two pieces", m, 2);
}

static void
print_sets_and_sums(void)
{
	struct made m[CHANGES_MAX];

	BEGIN(m, 1000, 2000, 1500);
	made_text(&m[0], OP_ADD, 9, "barn");
	made_text(&m[1], OP_REMOVE, 9, "barn");
	made_over(&m[1], &m[0], 0);
	made_text(&m[2], OP_ADD, 9, "barn");
	print_merge("added again while it was removed", m, 3);

	BEGIN(m, 1000, 2000);
	made_text(&m[0], OP_ADD, 9, "barn");
	made_text(&m[0], OP_ADD, 9, "tolk");
	made_text(&m[1], OP_REMOVE, 9, "barn");
	made_over(&m[1], &m[0], 0);
	print_merge("one of two elements removed", m, 2);

	BEGIN(m, 1000, 2000, 3000);
	made_number(&m[0], 11, 30);
	made_number(&m[1], 11, 12.5);
	made_number(&m[2], 11, -10);
	print_merge("a sum of 32.5", m, 3);
}

static void
print_rest(void)
{
	struct made m[CHANGES_MAX];

	BEGIN(m, 1000, 2000);
	made_note(&m[0], 0xa1, "ringde kommunen", -1);
	made_note(&m[1], 0xa2, "ringde regionen", 0xa1);
	print_merge("a note corrected", m, 2);

	BEGIN(m, 1000);
	made_text(&m[0], OP_SET, 7, "open");
	made_text(&m[0], 42, 7, "of a later version");
	made_over(&m[0], &m[0], 0);
	made_text(&m[0], OP_SUM, 11, "ten");
	made_text(&m[0], OP_NOTE, 0, "no note");
	print_merge("unknown and malformed ops change nothing", m, 1);

	BEGIN(m, 2000, 1000, 1000);
	made_text(&m[0], OP_SET, 7, "x");
	made_text(&m[1], OP_SET, 8, "y");
	made_text(&m[2], OP_SET, 9, "z");
	m[1].change.type = 11;
	m[2].change.type = 12;
	memset(m[1].change.group.b, 0xdd, sizeof(m[1].change.group.b));
	memset(m[2].change.group.b, 0xee, sizeof(m[2].change.group.b));
	print_merge("type and group of the smallest (hlc, entry)", m, 3);
}

/* A state of no records, and of two that arrived in the other order. */
static void
print_states(void)
{
	struct buf records = BUF_INIT;

	list("states");
	row("no records");
	print_state(&records, 0);
	printf("}");
	row("two records, by id");
	for (uint8_t n = 1; n <= 2; n++) {
		struct record_id id = made_id(n);
		struct record *r = record_new(&id);
		struct made m;

		made_init(&m, n, 1000);
		m.change.record = id;
		made_text(&m, OP_SET, 1, n == 1 ? "one" : "two");
		must(r != NULL && record_apply(r, made_done(&m), &m.from, NULL) == ERR_OK, "applying");
		record_canonical(&records, r);
		made_free(&m);
		record_free(r);
	}
	print_state(&records, 2);
	printf("}\n  ]");
	buf_free(&records);
}

static void
body_row(const char *name, struct bytes body, bool want)
{
	struct change_space space = { NULL, 0, NULL, 0 };
	struct change c;

	must((change_decode(&c, body, &space, NULL) == ERR_OK) == want, name);
	row(name);
	printf(", \"accept\": %s, ", want ? "true" : "false");
	print_hex("body", body);
	printf("}");
	change_space_free(&space);
}

/* One body with one thing changed. */
static void
print_body(const char *name, uint32_t v, uint32_t type, int64_t shown_ms, int16_t offset, uint32_t over, bool want)
{
	struct made m;
	struct buf body = BUF_INIT;

	made_init(&m, 1, 1577836800000);
	m.change.v = v;
	m.change.type = type;
	m.change.has_shown = true;
	m.change.shown_ms = shown_ms;
	m.change.shown_offset_min = offset;
	m.change.has_import = true;
	memset(m.change.import, 0xee, sizeof(m.change.import));
	made_text(&m, OP_SET, 7, "open");
	made_over(&m, &m, over);
	change_encode(&body, made_done(&m));
	body_row(name, buf_bytes(&body), want);
	buf_free(&body);
	made_free(&m);
}

static void
print_bodies(void)
{
	struct made m;
	struct buf body = BUF_INIT;

	list("bodies");
	print_body("as it should be", 1, 10, 1567422720000, 120, 0, true);
	print_body("shown in year 1", 1, 10, -62135596800000, -1439, 0, true);
	print_body("shown before year 1", 1, 10, -62135596800001, 0, 0, false);
	print_body("shown after year 9999", 1, 10, 253402300800000, 0, 0, false);
	print_body("offset of a day", 1, 10, 0, 1440, 0, false);
	print_body("version 0", 0, 10, 0, 0, 0, false);
	print_body("version 2", 2, 10, 0, 0, 0, false);
	print_body("type 0", 1, 0, 0, 0, 0, false);
	print_body("over op 511", 1, 10, 0, 0, 511, true);
	print_body("over op 512", 1, 10, 0, 0, 512, false);
	made_init(&m, 1, 1577836800000);
	change_encode(&body, made_done(&m));
	body_row("no ops, shown nil, import nil", buf_bytes(&body), true);
	buf_put_u8(&body, 0xc0);
	body_row("one trailing byte", buf_bytes(&body), false);
	body_row("cut short", BYTES(body.p, body.len - 2), false);
	buf_free(&body);
	printf("\n  ]");
}

static void
print_clock(void)
{
	static const int64_t now = 1577836800000, day = 86400000, years_30 = 946728000000;
	const struct { const char *name; uint64_t last; bool remote; uint64_t seen; int64_t wall; } cases[] = {
		{ "the wall has moved on", (uint64_t)(now - 5) << 16 | 9, false, 0, now },
		{ "the same millisecond", (uint64_t)now << 16 | 9, false, 0, now },
		{ "the wall went back", (uint64_t)(now + 5) << 16 | 9, false, 0, now },
		{ "the counter is full", (uint64_t)now << 16 | 0xffff, false, 0, now },
		{ "before 1970", 0, false, 0, -1 },
		{ "remote behind", (uint64_t)now << 16 | 9, true, (uint64_t)(now - day) << 16, now },
		{ "remote a day ahead", (uint64_t)now << 16 | 9, true, (uint64_t)(now + day) << 16, now },
		{ "remote a day and a millisecond ahead", (uint64_t)now << 16 | 9, true, (uint64_t)(now + day + 1) << 16, now },
		{ "remote thirty years ahead", (uint64_t)now << 16 | 9, true, (uint64_t)(now + years_30) << 16, now },
	};

	list("clock");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t last = cases[i].last;
		bool followed = !cases[i].remote || hlc_observe(&last, cases[i].seen, cases[i].wall);

		if (!cases[i].remote)
			hlc_next(&last, cases[i].wall);
		row(cases[i].name);
		printf(", \"wall_ms\": %lld, \"last\": \"%016llx\"", (long long)cases[i].wall,
		       (unsigned long long)cases[i].last);
		if (cases[i].remote)
			printf(", \"observe\": \"%016llx\", \"suspect\": %s", (unsigned long long)cases[i].seen,
			       followed ? "false" : "true");
		printf(", \"then\": \"%016llx\"}", (unsigned long long)last);
	}
	printf("\n  ]");
}

static void
print_import(void)
{
	static const char line[] = "{\"t\":\"2019-09-02T13:12:00+02:00\",\"by\":\"dalby\",\"type\":\"case\","
	                           "\"id\":\"cccccccccccccccccccccccccccccccc\",\"set\":{\"topic\":\"housing\"}}";
	struct record_id id = made_id(0xcc);
	uint8_t out[16];

	HC(out, sizeof(out), BYTES_NONE, "fb1/import", BYTES_OF(id), BYTES_STR(line));
	printf(",\n  \"import\": {");
	print_hex("record", BYTES_OF(id));
	printf(", ");
	print_hex("line", BYTES_STR(line));
	printf(", ");
	print_hex("import", BYTES(out, sizeof(out)));
	printf("}");
}

int
main(void)
{
	printf("{\n  \"spec\": \"proto/crdt.md, proto/profile.md\"");
	print_bodies();
	list("merges");
	print_registers();
	print_sets_and_sums();
	print_rest();
	printf("\n  ]");
	print_states();
	print_clock();
	print_import();
	printf("\n}\n");
	return 0;
}
