/* Profiles, what people write, and what they read. Data files are read from the top of the source tree. */
#include "check.h"

#include <stdlib.h>

#include "base/mem.h"
#include "casework/records.h"
#include "crypto/hc.h"

static struct buf
file_bytes(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct buf b = BUF_INIT;
	uint8_t part[4096];
	size_t n;

	if (f == NULL)
		fail_msg("%s: can not be opened", path);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(&b, part, n);
	fclose(f);
	return b;
}

static struct profile *
profile_of(const char *path)
{
	struct buf json = file_bytes(path);
	struct profile *p;
	struct err err = ERR_INIT;

	if (profile_parse(&p, buf_bytes(&json), &err) != ERR_OK)
		fail_msg("%s: %s", path, err.text);
	buf_free(&json);
	return p;
}

static struct profile *
radrum(void)
{
	return profile_of("packaging/profiles/radrum.json");
}

static struct profile *
parsed(const char *json)
{
	struct profile *p;
	struct err err = ERR_INIT;

	if (profile_parse(&p, BYTES_STR(json), &err) != ERR_OK)
		fail_msg("%s", err.text);
	return p;
}

static struct record_id
id_of(uint8_t n)
{
	struct record_id id;

	memset(id.b, n, sizeof(id.b));
	return id;
}

/* The draft as a change by entry `n` at n seconds, applied to the record that it was written for. */
static void
write_down(struct record *r, struct draft *d, uint8_t n)
{
	struct change_space space = { NULL, 0, NULL, 0 };
	struct origin from = { .author = n };
	struct buf body = BUF_INIT;
	struct change c;
	struct err err = ERR_INIT;

	memset(from.entry, n, sizeof(from.entry));
	draft_group(d, r);
	if (draft_encode(d, record_type(r) == 0 ? NULL : r, 1, (uint64_t)n * 1000 << 16, &body, &err) != ERR_OK ||
	    change_decode(&c, buf_bytes(&body), &space, &err) != ERR_OK ||
	    record_apply(r, &c, &from, &err) != ERR_OK)
		fail_msg("%s", err.text);
	buf_free(&body);
	change_space_free(&space);
}

static const char *
author_name(void *ctx, uint32_t author)
{
	static char name[16];

	(void)ctx;
	snprintf(name, sizeof(name), "a%u", author);
	return name;
}

static void
check_json(const struct record *r, const struct profile *p, const char *want)
{
	json_t *got = record_to_json(r, p, author_name, NULL);
	char *text = json_dumps(got, JSON_COMPACT);

	assert_string_equal(text, want);
	free(text);
	json_decref(got);
}

static void
every_line_of_the_lund_trace_is_valid_under_radrum(void **state)
{
	struct profile *p = radrum();
	struct buf trace = file_bytes("tests/data/lund-2019-2021/trace.jsonl");
	size_t lines = 0, notes = 0;
	const uint8_t *at = trace.p, *end = trace.p + trace.len;

	(void)state;
	while (at < end) {
		const uint8_t *eol = memchr(at, '\n', (size_t)(end - at));
		struct draft d;
		struct buf body = BUF_INIT;
		struct err err = ERR_INIT;
		char by[64];

		lines++;
		if (trace_parse(p, BYTES(at, (size_t)(eol - at)), &d, by, &err) != ERR_OK)
			fail_msg("line %zu: %s", lines, err.text);
		draft_group(&d, NULL);
		if (d.type->number != profile_type_named(p, "case")->number &&
		    draft_check_required(&d, NULL, &err) != ERR_OK)
			fail_msg("line %zu: %s", lines, err.text);
		if (draft_encode(&d, NULL, 1, 1, &body, &err) != ERR_OK)
			fail_msg("line %zu: %s", lines, err.text);
		for (size_t i = 0; i < d.op_count; i++)
			notes += d.ops[i].kind == OP_NOTE;
		buf_free(&body);
		draft_free(&d);
		at = eol + 1;
	}
	assert_int_equal(lines, 3455); /* expected.json: lines, cases.notes */
	assert_int_equal(notes, 1562);
	buf_free(&trace);
	profile_free(p);
}

static void
profiles_that_ship_have_labels_in_their_languages(void **state)
{
	static const char *const paths[] = { "packaging/profiles/radrum.json", "tests/bench/cases-1.json" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct profile *p = profile_of(paths[i]);

		for (size_t t = 0; t < profile_type_count(p); t++) {
			const struct profile_type *type = profile_type_at(p, t);

			CHECK_CASE(type->name, type->label_count, i == 0 ? 7 : 2);
			for (size_t f = 0; f < type->field_count; f++) {
				const struct profile_field *field = &type->fields[f];

				CHECK_CASE(field->name, field->label_count, i == 0 ? 7 : 2);
				for (size_t c = 0; field->list != NULL && c < field->list->choice_count; c++)
					CHECK_CASE(field->list->choices[c].code,
					           field->list->choices[c].label_count, i == 0 ? 7 : 2);
			}
		}
		profile_free(p);
	}
}

static void
labels_fall_back_to_swedish_then_to_what_there_is(void **state)
{
	static const struct label both[] = { { "en", "visit" }, { "sv", "besök" } }, one[] = { { "en", "visit" } };

	(void)state;
	assert_string_equal(label_in(both, 2, "en"), "visit");
	assert_string_equal(label_in(both, 2, "ar"), "besök");
	assert_string_equal(label_in(one, 1, "ar"), "visit");
	assert_null(label_in(NULL, 0, "sv"));
}

static void
values_that_do_not_fit_their_field_are_refused_by_name(void **state)
{
	static const struct { const char *name, *type, *field, *text; uint8_t op; const char *want; } cases[] = {
		{ "no such choice", "visit", "first_visit", "maybe", OP_SET,
		  "visit: first_visit: \"maybe\" is not one of yes, no, unknown" },
		{ "long list", "case", "responsible", "x", OP_SET,
		  "case: responsible: \"x\" is not one of municipality, migrationsverket, forsakringskassan, "
		  "arbetsformedlingen, company, health_region, skatteverket, school, …" },
		{ "no such field", "visit", "colour", "x", OP_SET, "visit: has no field \"colour\"" },
		{ "no such day", "case", "opened", "2019-02-29", OP_SET,
		  "case: opened: \"2019-02-29\" is not a date (YYYY-MM-DD)" },
		{ "no such hour", "session", "start", "24:00", OP_SET,
		  "session: start: \"24:00\" is not a time of day (HH:MM)" },
		{ "no number", "visit", "minutes", "ten", OP_SET,
		  "visit: minutes: \"ten\" is not a whole number of at most 15 digits" },
		{ "half a minute", "visit", "minutes", "2.5", OP_SET,
		  "visit: minutes: \"2.5\" is not a whole number of at most 15 digits" },
		{ "no decimal", "hours", "hours", "2.5h", OP_SET,
		  "hours: hours: \"2.5h\" is not a number of at most 15 digits" },
		{ "neither true nor false", "volunteer", "job_outcome", "perhaps", OP_SET,
		  "volunteer: job_outcome: \"perhaps\" is not one of true, false, yes, no, ja, nej" },
		{ "no id", "visit", "session", "abc", OP_SET, "visit: session: \"abc\" is not an id of 32 hex digits" },
		{ "no language", "visit", "language", "svenska språket", OP_SET,
		  "visit: language: \"svenska språket\" is not a language tag (sv, ar, prs)" },
		{ "no moment", "access", "at", "2020-01-01 10:00", OP_SET,
		  "access: at: \"2020-01-01 10:00\" is not a date and time with offset (RFC 3339)" },
		{ "adding to one value", "case", "outcome", "resolved", OP_ADD,
		  "case: outcome: holds one value: set it (outcome=…)" },
		{ "setting many", "case", "tag", "barn", OP_SET,
		  "case: tag: holds many values: add or remove one (+tag=… or -tag=…)" },
		{ "setting a count", "case", "minutes", "5", OP_SET, "case: minutes: counts: add to it (+minutes=…)" },
		{ "adding nothing", "case", "tag", "", OP_ADD, "case: tag: nothing to add or remove" },
		{ "control character", "case", "title", "a\033b", OP_SET,
		  "case: title: is not UTF-8 text without control characters" },
		{ "not UTF-8", "case", "title", "\xff", OP_SET,
		  "case: title: is not UTF-8 text without control characters" },
		{ "cut between characters", "visit", "gender", "åååååååååååååååååååååååååååååå", OP_SET,
		  "visit: gender: \"åååååååååååååååååååå…\" is not one of woman, man, other, missing" },
	};
	struct profile *p = radrum();
	struct record_id id = id_of(1);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct draft d;
		struct err err = ERR_INIT;

		draft_init(&d, profile_type_named(p, cases[i].type), &id);
		CHECK_CASE(cases[i].name, draft_assign_text(&d, cases[i].op, cases[i].field, cases[i].text, &err),
		           ERR_INVALID);
		if (strcmp(err.text, cases[i].want) != 0)
			fail_msg("%s: got %s", cases[i].name, err.text);
		CHECK_CASE(cases[i].name, d.op_count, 0);
		draft_free(&d);
	}
	profile_free(p);
}

static void
values_that_fit_have_one_encoding(void **state)
{
	static const struct { const char *name, *type, *field, *text, *hex; uint8_t op; } cases[] = {
		{ "whole hours", "hours", "hours", "3", "03", OP_SET },
		{ "whole hours written with a fraction", "hours", "hours", "3.0", "03", OP_SET },
		{ "half hours", "hours", "hours", "2.5", "cb4004000000000000", OP_SET },
		{ "a Swedish comma", "hours", "hours", "2,5", "cb4004000000000000", OP_SET },
		{ "less than nothing", "visit", "minutes", "-5", "fb", OP_SET },
		{ "taken from a count", "case", "minutes", "5", "fb", OP_REMOVE },
		{ "added to a count", "case", "minutes", "5", "05", OP_ADD },
		{ "yes", "volunteer", "job_outcome", "ja", "c3", OP_SET },
		{ "a code", "visit", "gender", "man", "a36d616e", OP_SET },
		{ "a Swedish label", "visit", "gender", "kvinna", "a5776f6d616e", OP_SET },
		{ "nothing clears", "visit", "gender", "", "c0", OP_SET },
		{ "a date", "case", "opened", "2020-02-29", "aa323032302d30322d3239", OP_SET },
		{ "a code of an open list's own", "referral", "to", "IOGT", "a4494f4754", OP_SET },
	};
	struct profile *p = radrum();
	struct record_id id = id_of(1);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct draft d;
		struct err err = ERR_INIT;
		char hex[64];

		draft_init(&d, profile_type_named(p, cases[i].type), &id);
		if (draft_assign_text(&d, cases[i].op, cases[i].field, cases[i].text, &err) != ERR_OK)
			fail_msg("%s: %s", cases[i].name, err.text);
		hex_encode(hex, d.values.p + d.ops[0].value_at, d.ops[0].value_len);
		if (strcmp(hex, cases[i].hex) != 0)
			fail_msg("%s: got %s", cases[i].name, hex);
		draft_free(&d);
	}
	profile_free(p);
}

static void
a_choice_that_has_ended_is_refused_after_its_last_day(void **state)
{
	struct profile *p = parsed("{\"profile\":\"p\",\"version\":1,\"lists\":[{\"name\":\"l\",\"choices\":["
	                           "{\"code\":\"old\",\"valid_to\":\"2020-06-30\"}]}],\"types\":[{\"number\":2,"
	                           "\"name\":\"t\",\"group\":\"own\",\"class\":\"content\",\"fields\":[{\"number\":1,"
	                           "\"name\":\"f\",\"type\":\"choice\",\"list\":\"l\"}]}]}");
	struct record_id id = id_of(1);
	struct err err = ERR_INIT;
	struct draft d;

	(void)state;
	draft_init(&d, profile_type_named(p, "t"), &id);
	d.has_shown = true;
	assert_true(time_parse("2020-06-30T23:59:00+02:00", &d.shown_ms, &d.shown_offset_min));
	assert_int_equal(draft_assign_text(&d, OP_SET, "f", "old", &err), ERR_OK);
	assert_true(time_parse("2020-07-01T00:00:00+02:00", &d.shown_ms, &d.shown_offset_min));
	assert_int_equal(draft_assign_text(&d, OP_SET, "f", "old", &err), ERR_INVALID);
	assert_string_equal(err.text, "t: f: old ended on 2020-06-30");
	draft_free(&d);
	profile_free(p);
}

static void
lines_that_are_no_change_are_refused(void **state)
{
#define HEAD "\"t\":\"2020-01-01T10:00:00Z\",\"by\":\"dalby\",\"type\":\"case\",\"id\":\"00112233445566778899aabbccddeeff\""
	static const struct { const char *name, *line, *want; } cases[] = {
		{ "not JSON", "{", "column 1: string or '}' expected" },
		{ "not an object", "[]", "a line of a trace is a JSON object" },
		{ "no type", "{\"t\":\"2020-01-01T10:00:00Z\",\"by\":\"x\",\"id\":\"00\"}",
		  "t, by, type and id must be there, as text" },
		{ "misspelt key", "{" HEAD ",\"sets\":{}}", "\"sets\" is not a key of a trace" },
		{ "practice taken back", "{" HEAD ",\"practice\":false}", "practice: can only be true" },
		{ "merged into no id", "{" HEAD ",\"merged_into\":\"0011\"}", "merged_into: must be 32 hex digits" },
		{ "merged from no list", "{" HEAD ",\"merged_from\":{}}", "merged_from: must be an array of at most 64 ids" },
		{ "merged from a number", "{" HEAD ",\"merged_from\":[7]}", "merged_from: each: must be 32 hex digits" },
		{ "changes nothing", "{" HEAD "}", "the line changes nothing" },
		{ "unknown type", "{\"t\":\"2020-01-01T10:00:00Z\",\"by\":\"x\",\"type\":\"car\",\"id\":\"00\"}",
		  "type: profile radrum has no \"car\"" },
		{ "short id", "{\"t\":\"2020-01-01T10:00:00Z\",\"by\":\"x\",\"type\":\"case\",\"id\":\"0011\"}",
		  "id: \"0011\" is not 32 hex digits" },
		{ "no offset", "{\"t\":\"2020-01-01T10:00:00\",\"by\":\"x\",\"type\":\"case\","
		               "\"id\":\"00112233445566778899aabbccddeeff\"}",
		  "t: \"2020-01-01T10:00:00\" is not a date and time with offset (RFC 3339)" },
		{ "number as a choice", "{" HEAD ",\"set\":{\"topic\":5}}", "case: topic: a number is not what it holds" },
		{ "fraction as a count", "{" HEAD ",\"add\":{\"minutes\":2.5}}",
		  "case: minutes: 2.5 is not a whole number" },
		{ "true as text", "{" HEAD ",\"set\":{\"title\":true}}", "case: title: true or false is not what it holds" },
		{ "set is a list", "{" HEAD ",\"set\":[1]}", "set: must be an object from field to value" },
		{ "note without id", "{" HEAD ",\"note\":{\"text\":\"x\"}}",
		  "note: must have an id of 32 hex digits and a text" },
		{ "one key twice", "{\"by\":\"x\",\"by\":\"y\"}", "column 14: duplicate object key" },
	};
	struct profile *p = radrum();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct draft d;
		struct err err = ERR_INIT;
		char by[64];

		CHECK_CASE(cases[i].name, trace_parse(p, BYTES_STR(cases[i].line), &d, by, &err), ERR_INVALID);
		if (strcmp(err.text, cases[i].want) != 0)
			fail_msg("%s: got %s", cases[i].name, err.text);
	}
	profile_free(p);
}

static void
a_line_is_the_same_import_whatever_ends_it(void **state)
{
	static const char line[] = "{" HEAD ",\"set\":{\"topic\":\"housing\"},\"add\":{\"tag\":[\"barn\",\"tolk\"]},"
	                           "\"remove\":{\"tag\":\"frist\"},\"note\":{\"id\":\"ffeeddccbbaa99887766554433221100\","
	                           "\"text\":\"hej\"},\"round\":3}\r\n";
	struct profile *p = radrum();
	struct draft a, b;
	struct err err = ERR_INIT;
	uint8_t want[16];
	char by[64];

	(void)state;
	assert_int_equal(trace_parse(p, BYTES(line, strlen(line)), &a, by, &err), ERR_OK);
	assert_int_equal(trace_parse(p, BYTES(line, strlen(line) - 2), &b, by, &err), ERR_OK);
	HC(want, sizeof(want), BYTES_NONE, "fb1/import", BYTES_OF(a.record), BYTES(line, strlen(line) - 2));
	assert_memory_equal(a.import, want, sizeof(want));
	assert_memory_equal(b.import, want, sizeof(want));
	assert_string_equal(by, "dalby");
	assert_int_equal(a.op_count, 5);
	assert_int_equal(a.shown_ms, 1577872800000);
	draft_free(&a);
	draft_free(&b);
	profile_free(p);
}

static void
setting_a_field_twice_in_one_draft_is_one_op(void **state)
{
	struct profile *p = radrum();
	struct record_id id = id_of(0x11);
	struct record *r = record_new(&id);
	struct draft d;
	struct err err = ERR_INIT;

	(void)state;
	draft_init(&d, profile_type_named(p, "case"), &id);
	assert_int_equal(draft_assign_text(&d, OP_SET, "status", "open", &err), ERR_OK);
	assert_int_equal(draft_assign_text(&d, OP_SET, "status", "closed", &err), ERR_OK);
	assert_int_equal(draft_assign_text(&d, OP_ADD, "tag", "barn", &err), ERR_OK);
	assert_int_equal(draft_assign_text(&d, OP_ADD, "tag", "tolk", &err), ERR_OK);
	assert_int_equal(draft_assign_text(&d, OP_REMOVE, "tag", "tolk", &err), ERR_OK);
	assert_int_equal(d.op_count, 3);
	write_down(r, &d, 1);
	check_json(r, p, "{\"id\":\"11111111111111111111111111111111\",\"type\":\"case\","
	                 "\"fields\":{\"status\":\"closed\",\"tag\":[\"barn\"]},\"notes\":[]}");
	draft_free(&d);
	record_free(r);
	profile_free(p);
}

/* A case begun with nothing but a note, changed, and read. */
static void
a_record_reads_as_what_was_written(void **state)
{
	static const uint8_t note[16] = { 0xaa }, correction[16] = { 0xbb };
	struct profile *p = radrum();
	struct record_id id = id_of(0x11);
	struct record *r = record_new(&id);
	struct draft d;
	struct err err = ERR_INIT;

	(void)state;
	draft_init(&d, profile_type_named(p, "case"), &id);
	assert_int_equal(draft_check_required(&d, NULL, &err), ERR_OK);
	assert_int_equal(draft_note(&d, note, "brev från kommunen", NULL, &err), ERR_OK);
	d.has_shown = true;
	assert_true(time_parse("2019-09-02T13:12:00+02:00", &d.shown_ms, &d.shown_offset_min));
	write_down(r, &d, 1);
	draft_free(&d);

	draft_init(&d, profile_type_named(p, "case"), &id);
	assert_int_equal(draft_assign_text(&d, OP_SET, "visit", "22222222222222222222222222222222", &err), ERR_OK);
	assert_int_equal(draft_assign_text(&d, OP_ADD, "minutes", "25", &err), ERR_OK);
	assert_int_equal(draft_assign_text(&d, OP_ADD, "tag", "tolk", &err), ERR_OK);
	assert_int_equal(draft_assign_text(&d, OP_SET, "title", "hyra", &err), ERR_OK);
	write_down(r, &d, 2);
	draft_free(&d);

	draft_init(&d, profile_type_named(p, "case"), &id);
	assert_int_equal(draft_note(&d, correction, "brev från regionen", note, &err), ERR_OK);
	assert_int_equal(draft_assign_text(&d, OP_SET, "title", "", &err), ERR_OK);
	assert_int_equal(draft_assign_text(&d, OP_REMOVE, "minutes", "5", &err), ERR_OK);
	assert_int_equal(draft_assign_text(&d, OP_ADD, "tag", "barn", &err), ERR_OK);
	assert_int_equal(draft_assign_text(&d, OP_REMOVE, "tag", "tolk", &err), ERR_OK);
	write_down(r, &d, 3);
	draft_free(&d);

	check_json(r, p, "{\"id\":\"11111111111111111111111111111111\",\"type\":\"case\",\"fields\":{"
	                 "\"visit\":\"22222222222222222222222222222222\",\"tag\":[\"barn\"],\"minutes\":20},\"notes\":["
	                 "{\"id\":\"bb000000000000000000000000000000\",\"text\":\"brev från regionen\",\"by\":\"a3\","
	                 "\"at\":\"1970-01-01T00:00:03Z\",\"corrects\":\"aa000000000000000000000000000000\"},"
	                 "{\"id\":\"aa000000000000000000000000000000\",\"text\":\"brev från kommunen\",\"by\":\"a1\","
	                 "\"at\":\"2019-09-02T13:12:00+02:00\"}]}");
	assert_true(record_matches(r, profile_type_named(p, "case"), "tag", "barn"));
	assert_false(record_matches(r, profile_type_named(p, "case"), "tag", "tolk"));
	assert_true(record_matches(r, profile_type_named(p, "case"), "minutes", "20"));
	assert_false(record_matches(r, profile_type_named(p, "case"), "colour", "red"));
	record_free(r);
	profile_free(p);
}

static void
a_conflict_reads_as_all_its_values(void **state)
{
	struct profile *p = radrum();
	const struct profile_type *type = profile_type_named(p, "case");
	struct record_id id = id_of(0x11);
	struct record *r = record_new(&id);
	struct buf body = BUF_INIT, search = BUF_INIT;
	struct change_space space = { NULL, 0, NULL, 0 };
	struct origin from = { .entry = { 9 }, .author = 9 };
	struct change c;
	struct draft d;
	struct err err = ERR_INIT;

	(void)state;
	draft_init(&d, type, &id);
	assert_int_equal(draft_assign_text(&d, OP_SET, "title", "hyra", &err), ERR_OK);
	write_down(r, &d, 1);
	draft_free(&d);
	draft_init(&d, type, &id); /* by one who has not seen the first */
	assert_int_equal(draft_assign_text(&d, OP_SET, "title", "Hyresvärden", &err), ERR_OK);
	assert_int_equal(draft_encode(&d, NULL, 1, (uint64_t)9000 << 16, &body, &err), ERR_OK);
	draft_free(&d);
	assert_int_equal(change_decode(&c, buf_bytes(&body), &space, &err), ERR_OK);
	assert_int_equal(record_apply(r, &c, &from, &err), ERR_OK);
	check_json(r, p, "{\"id\":\"11111111111111111111111111111111\",\"type\":\"case\",\"fields\":{\"title\":{\"conflict\":["
	                 "{\"value\":\"Hyresvärden\",\"by\":\"a9\",\"at\":\"1970-01-01T00:00:09Z\"},"
	                 "{\"value\":\"hyra\",\"by\":\"a1\",\"at\":\"1970-01-01T00:00:01Z\"}]}},\"notes\":[]}");
	assert_true(record_matches(r, type, "title", "hyra"));
	assert_true(record_matches(r, type, "title", "Hyresvärden"));
	record_search_text(r, type, &search);
	assert_string_equal(buf_str(&search), "Hyresvärden\nhyra");

	draft_init(&d, type, &id); /* a new value covers both */
	assert_int_equal(draft_assign_text(&d, OP_SET, "title", "hyra", &err), ERR_OK);
	write_down(r, &d, 10);
	draft_free(&d);
	assert_false(record_has_conflict(r));
	buf_free(&body);
	buf_free(&search);
	change_space_free(&space);
	record_free(r);
	profile_free(p);
}

/* What a later profile declares is shown, not hidden. */
static void
fields_of_a_newer_profile_show_by_number(void **state)
{
	struct profile *p = radrum();
	struct profile *narrow = parsed("{\"profile\":\"radrum\",\"version\":1,\"types\":[{\"number\":9,\"name\":\"visit\","
	                                "\"group\":\"own\",\"class\":\"statistics\",\"fields\":[]}]}");
	struct record_id id = id_of(0x11);
	struct record *r = record_new(&id);
	struct draft d;
	struct err err = ERR_INIT;

	(void)state;
	draft_init(&d, profile_type_named(p, "visit"), &id);
	assert_int_equal(draft_assign_text(&d, OP_SET, "minutes", "25", &err), ERR_OK);
	write_down(r, &d, 1);
	draft_free(&d);
	check_json(r, narrow, "{\"id\":\"11111111111111111111111111111111\",\"type\":\"visit\","
	                      "\"fields\":{\"field 11 (newer version)\":25},\"notes\":[]}");
	check_json(r, NULL, "{\"id\":\"11111111111111111111111111111111\",\"type\":\"type 9 (newer version)\","
	                    "\"fields\":{\"field 11 (newer version)\":25},\"notes\":[]}");
	record_free(r);
	profile_free(narrow);
	profile_free(p);
}

static void
a_record_shares_the_key_that_its_profile_says(void **state)
{
	struct profile *p = radrum();
	struct record_id id = id_of(0x11);
	struct record *r = record_new(&id);
	struct draft d;
	struct err err = ERR_INIT;

	(void)state;
	draft_init(&d, profile_type_named(p, "case"), &id);
	draft_group(&d, NULL);
	assert_int_equal(d.group.b[0], 0x11);
	draft_init(&d, profile_type_named(p, "site"), &id);
	draft_group(&d, NULL);
	assert_int_equal(d.group.b[0], 0);
	draft_init(&d, profile_type_named(p, "referral"), &id);
	draft_group(&d, NULL);
	assert_int_equal(d.group.b[0], 0x11); /* not yet of any case */
	assert_int_equal(draft_assign_text(&d, OP_SET, "case", "22222222222222222222222222222222", &err), ERR_OK);
	write_down(r, &d, 1);
	assert_int_equal(d.group.b[0], 0x22);
	draft_free(&d);
	draft_init(&d, profile_type_named(p, "referral"), &id);
	assert_int_equal(draft_assign_text(&d, OP_SET, "case", "33333333333333333333333333333333", &err), ERR_OK);
	draft_group(&d, r);
	assert_int_equal(d.group.b[0], 0x22); /* the key it was written under stays */
	draft_free(&d);
	record_free(r);
	profile_free(p);
}

static void
required_fields_may_not_be_missing_or_cleared(void **state)
{
	struct profile *p = radrum();
	struct record_id id = id_of(0x11);
	struct record *r = record_new(&id);
	struct draft d;
	struct err err = ERR_INIT;

	(void)state;
	draft_init(&d, profile_type_named(p, "site"), &id);
	assert_int_equal(draft_assign_text(&d, OP_SET, "kind", "popup", &err), ERR_OK);
	assert_int_equal(draft_check_required(&d, NULL, &err), ERR_INVALID);
	assert_string_equal(err.text, "site: name is required");
	assert_int_equal(draft_assign_text(&d, OP_SET, "name", "Dalby", &err), ERR_OK);
	assert_int_equal(draft_check_required(&d, NULL, &err), ERR_OK);
	write_down(r, &d, 1);
	draft_free(&d);
	draft_init(&d, profile_type_named(p, "site"), &id);
	assert_int_equal(draft_assign_text(&d, OP_SET, "kind", "regular", &err), ERR_OK);
	assert_int_equal(draft_check_required(&d, r, &err), ERR_OK);
	assert_int_equal(draft_assign_text(&d, OP_SET, "name", "", &err), ERR_OK);
	assert_int_equal(draft_check_required(&d, r, &err), ERR_INVALID);
	draft_free(&d);
	record_free(r);
	profile_free(p);
}

static void
what_does_not_fit_in_an_entry_is_refused(void **state)
{
	static const uint8_t note[16] = { 1 };
	struct profile *p = radrum();
	struct record_id id = id_of(0x11);
	struct buf big = BUF_INIT, body = BUF_INIT;
	struct draft d;
	struct err err = ERR_INIT;

	(void)state;
	memset(buf_add(&big, 60000), 'x', 60000);
	draft_init(&d, profile_type_named(p, "case"), &id);
	assert_int_equal(draft_note(&d, note, buf_str(&big), NULL, &err), ERR_INVALID);
	assert_string_equal(err.text, "case: the note has 60000 bytes, at most 49152 fit");
	assert_int_equal(draft_encode(&d, NULL, 1, 1, &body, &err), ERR_INVALID);
	assert_string_equal(err.text, "case: nothing to write");
	assert_int_equal(draft_assign_text(&d, OP_SET, "title", buf_str(&big), &err), ERR_OK);
	assert_int_equal(draft_encode(&d, NULL, 1, 1, &body, &err), ERR_INVALID);
	assert_int_equal(draft_note(&d, note, "", NULL, &err), ERR_INVALID);
	draft_free(&d);
	draft_init(&d, profile_type_named(p, "site"), &id);
	assert_int_equal(draft_note(&d, note, "x", NULL, &err), ERR_INVALID);
	assert_string_equal(err.text, "site: notes can not be written on it");
	draft_free(&d);
	buf_free(&big);
	buf_free(&body);
	profile_free(p);
}

/* One type "t" with one field; a row changes one thing. */
#define FIELDS(field) "{\"profile\":\"p\",\"version\":2,\"lists\":[{\"name\":\"l\",\"choices\":[{\"code\":\"a\"}]}]," \
                      "\"types\":[{\"number\":2,\"name\":\"t\",\"group\":\"own\",\"class\":\"content\",\"fields\":[" \
                      field "]}]}"
#define TYPE(head) "{\"profile\":\"p\",\"version\":2,\"types\":[{" head ",\"fields\":[]}]}"

/* A refusal begins with its line, and in these profiles there is only one. */
static const char *
without_line(const char *text)
{
	if (strncmp(text, "line 1: ", 8) != 0)
		fail_msg("no line in: %s", text);
	return text + 8;
}

static void
profiles_with_a_fault_are_refused_by_place(void **state)
{
	static const struct { const char *name, *json, *want; } cases[] = {
		{ "not JSON", "{", "string or '}' expected near end of file" },
		{ "not an object", "[]", "a profile is a JSON object" },
		{ "no version", "{\"profile\":\"p\"}", "version: must be a whole number from 1 to 2147483647" },
		{ "no types", "{\"profile\":\"p\",\"version\":1}", "types: must be an array with at least one type" },
		{ "unknown key", "{\"profile\":\"p\",\"versoin\":1}", "versoin: is not a key that a profile has here" },
		{ "bad id", "{\"profile\":\"Råd Rum\",\"version\":1}",
		  "profile: must be a name of lower-case letters, digits, _ and -, at most 40" },
		{ "number of the profile's own record", TYPE("\"number\":1,\"name\":\"t\",\"group\":\"own\",\"class\":\"open\""),
		  "types[0].number: must be a whole number from 2 to 65535" },
		{ "no group", TYPE("\"number\":2,\"name\":\"t\",\"class\":\"open\""),
		  "types[0].group: must be own, open or {\"field\": name of a ref}" },
		{ "group of no field", TYPE("\"number\":2,\"name\":\"t\",\"group\":{\"field\":\"x\"},\"class\":\"open\""),
		  "types[0].group: its field must be a ref register of this type" },
		{ "secrets in the open", TYPE("\"number\":2,\"name\":\"t\",\"group\":\"open\",\"class\":\"contact\""),
		  "types[0].class: must be open: the whole team shares the key of an open record for ever" },
		{ "unknown value type", FIELDS("{\"number\":1,\"name\":\"f\",\"type\":\"colour\"}"),
		  "types[0].fields[0].type: must be one of text, integer, decimal, bool, date, time, datetime, choice, "
		  "ref, language" },
		{ "choice without a list", FIELDS("{\"number\":1,\"name\":\"f\",\"type\":\"choice\"}"),
		  "types[0].fields[0].list: must name a list of this profile" },
		{ "text with a list", FIELDS("{\"number\":1,\"name\":\"f\",\"type\":\"text\",\"list\":\"l\"}"),
		  "types[0].fields[0].list: only a choice or a language has one" },
		{ "sum of text", FIELDS("{\"number\":1,\"name\":\"f\",\"type\":\"text\",\"shape\":\"sum\"}"),
		  "types[0].fields[0].shape: only an integer or a decimal can be a sum" },
		{ "ref to no type", FIELDS("{\"number\":1,\"name\":\"f\",\"type\":\"ref\",\"ref\":\"u\"}"),
		  "types[0].fields[0].ref: must name a type of this profile" },
		{ "a number twice", FIELDS("{\"number\":1,\"name\":\"f\",\"type\":\"text\"},"
		                           "{\"number\":1,\"name\":\"g\",\"type\":\"text\"}"),
		  "types[0].fields[1].number: is the number of an earlier field" },
		{ "a name twice", FIELDS("{\"number\":1,\"name\":\"f\",\"type\":\"text\"},"
		                         "{\"number\":2,\"name\":\"f\",\"type\":\"text\"}"),
		  "types[0].fields[1].name: is the name of an earlier field" },
		{ "searching a date", FIELDS("{\"number\":1,\"name\":\"f\",\"type\":\"date\",\"search\":true}"),
		  "types[0].fields[0].search: only text and choices can be searched" },
		{ "required as text", FIELDS("{\"number\":1,\"name\":\"f\",\"type\":\"date\",\"required\":\"yes\"}"),
		  "types[0].fields[0].required: must be true or false" },
		{ "label in no language", FIELDS("{\"number\":1,\"name\":\"f\",\"type\":\"date\",\"labels\":{\"\":\"x\"}}"),
		  "types[0].fields[0].labels: has a key that is not a language tag" },
		{ "a code twice", "{\"profile\":\"p\",\"version\":1,\"lists\":[{\"name\":\"l\",\"choices\":["
		                  "{\"code\":\"a\"},{\"code\":\"a\"}]}],\"types\":[]}",
		  "lists[0].choices[1].code: stands in the list already" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct profile *p;
		struct err err = ERR_INIT;

		CHECK_CASE(cases[i].name, profile_parse(&p, BYTES_STR(cases[i].json), &err), ERR_INVALID);
		if (strcmp(without_line(err.text), cases[i].want) != 0)
			fail_msg("%s: got %s", cases[i].name, err.text);
		assert_null(p);
	}
}

#define BASE_TYPE(name, rest) "{\"number\":2,\"name\":\"" name "\",\"class\":\"content\"," rest "}"
#define PROFILE(id, version, list, types) "{\"profile\":\"" id "\",\"version\":" version ",\"lists\":[{\"name\":\"l\"," \
                                          list "}],\"types\":[" types "]}"
#define LIST "\"choices\":[{\"code\":\"a\"},{\"code\":\"b\"}]"
#define F1 "{\"number\":1,\"name\":\"f\",\"type\":\"choice\",\"list\":\"l\"}"
#define F2 "{\"number\":2,\"name\":\"g\",\"type\":\"integer\"}"
#define BOTH "\"group\":\"own\",\"notes\":true,\"fields\":[" F1 "," F2 "]"

static void
a_later_version_may_add_but_not_change_the_meaning(void **state)
{
	static const struct { const char *name, *json, *want; } cases[] = {
		{ "more of everything", PROFILE("p", "2", "\"open\":true,\"choices\":[{\"code\":\"b\"},{\"code\":\"a\",\"valid_to\":"
		  "\"2020-01-01\"},{\"code\":\"c\"}]", "{\"number\":3,\"name\":\"u\",\"group\":\"own\",\"class\":\"open\","
		  "\"fields\":[]}," BASE_TYPE("t", "\"group\":\"own\",\"notes\":true,\"fields\":[" F2 "," F1 ",{\"number\":3,"
		  "\"name\":\"h\",\"type\":\"text\"}]")), NULL },
		{ "another profile", PROFILE("q", "2", LIST, BASE_TYPE("t", BOTH)), "p is installed and q is another profile" },
		{ "the same version", PROFILE("p", "1", LIST, BASE_TYPE("t", BOTH)),
		  "p: version 1 is installed, 1 is not later" },
		{ "type renamed", PROFILE("p", "2", LIST, BASE_TYPE("u", BOTH)), "type 2 was t and would become u" },
		{ "type gone", PROFILE("p", "2", LIST, "{\"number\":3,\"name\":\"u\",\"group\":\"own\",\"class\":\"open\","
		  "\"fields\":[]}"), "type 2 (t) is gone: numbers are never given up" },
		{ "field gone", PROFILE("p", "2", LIST, BASE_TYPE("t", "\"group\":\"own\",\"notes\":true,\"fields\":[" F1 "]")),
		  "t: field 2 (g) is gone: numbers are never given up" },
		{ "number reused", PROFILE("p", "2", LIST, BASE_TYPE("t", "\"group\":\"own\",\"notes\":true,\"fields\":[" F1 ","
		  "{\"number\":2,\"name\":\"h\",\"type\":\"integer\"}]")), "t: field 2 was g and would become h" },
		{ "name moved", PROFILE("p", "2", LIST, BASE_TYPE("t", "\"group\":\"own\",\"notes\":true,\"fields\":[" F1 ","
		  "{\"number\":3,\"name\":\"g\",\"type\":\"integer\"}]")), "t: field 2 (g) is gone: numbers are never given up" },
		{ "other type", PROFILE("p", "2", LIST, BASE_TYPE("t", "\"group\":\"own\",\"notes\":true,\"fields\":[" F1 ","
		  "{\"number\":2,\"name\":\"g\",\"type\":\"decimal\"}]")), "t: g: its type may not change" },
		{ "other shape", PROFILE("p", "2", LIST, BASE_TYPE("t", "\"group\":\"own\",\"notes\":true,\"fields\":[" F1 ","
		  "{\"number\":2,\"name\":\"g\",\"type\":\"integer\",\"shape\":\"sum\"}]")), "t: g: its shape may not change" },
		{ "other class", PROFILE("p", "2", LIST, BASE_TYPE("t", "\"group\":\"own\",\"notes\":true,\"fields\":[" F1 ","
		  "{\"number\":2,\"name\":\"g\",\"type\":\"integer\",\"class\":\"statistics\"}]")),
		  "t: g: its class may not change" },
		{ "other group", PROFILE("p", "2", LIST, "{\"number\":2,\"name\":\"t\",\"class\":\"content\",\"notes\":true,"
		  "\"group\":{\"field\":\"r\"},\"fields\":[{\"number\":3,\"name\":\"r\",\"type\":\"ref\",\"ref\":\"t\"}]}"),
		  "t: what it shares a key with may not change" },
		{ "no more notes", PROFILE("p", "2", LIST, BASE_TYPE("t", "\"group\":\"own\",\"fields\":[" F1 "," F2 "]")),
		  "t: notes have been written on it and may not end" },
		{ "choice gone", PROFILE("p", "2", "\"choices\":[{\"code\":\"a\"}]", BASE_TYPE("t", BOTH)),
		  "list l: choice b is gone: end it with valid_to" },
	};
	struct profile *old = parsed(PROFILE("p", "1", LIST, BASE_TYPE("t", BOTH)));

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct profile *p = parsed(cases[i].json);
		struct err err = ERR_INIT;
		enum err_code rc = profile_check_successor(old, p, &err);

		CHECK_CASE(cases[i].name, rc, cases[i].want == NULL ? ERR_OK : ERR_INVALID);
		if (cases[i].want != NULL && strcmp(err.text, cases[i].want) != 0)
			fail_msg("%s: got %s", cases[i].name, err.text);
		profile_free(p);
	}
	profile_free(old);
}

static void
running_out_of_memory_while_reading_a_profile_is_an_error(void **state)
{
	struct buf json = file_bytes("tests/bench/cases-1.json");
	bool whole = false;

	(void)state;
	for (long n = 0; !whole; n++) {
		struct profile *p;
		enum err_code rc;

		mem_fail_after(n, 0);
		rc = profile_parse(&p, buf_bytes(&json), NULL);
		whole = rc == ERR_OK;
		if (!whole)
			assert_int_equal(rc, ERR_NO_MEMORY);
		mem_fail_after(-1, 0);
		profile_free(p);
	}
	buf_free(&json);
}

static void
times_print_as_they_were_written(void **state)
{
	static const struct { const char *text; int64_t ms; } cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2019-09-02T13:12:00+02:00", 1567422720000 },
		{ "2000-02-29T23:59:59.999Z", 951868799999 },
		{ "1969-12-31T19:00:00-05:00", 0 },
		{ "1900-03-01T00:00:00Z", -2203891200000 },
		{ "0001-01-01T00:00:00Z", -62135596800000 },
		{ "9999-12-31T23:59:59.999Z", 253402300799999 },
		{ "2100-02-28T12:00:00+05:45", 4107478500000 },
	};
	static const char *const refused[] = {
		"", "2019-09-02", "2019-09-02T13:12:00", "2019-09-02 13:12:00Z", "2019-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z", "2019-13-01T00:00:00Z", "2019-00-01T00:00:00Z", "2019-01-00T00:00:00Z",
		"2019-01-01T24:00:00Z", "2019-01-01T00:60:00Z", "2019-01-01T00:00:60Z", "2019-01-01T00:00:00+24:00",
		"2019-01-01T00:00:00Zx", "2019-01-01T00:00:00.Z", "0000-01-01T00:00:00Z", "2019-1-01T00:00:00Z",
	};
	int64_t ms;
	int16_t offset;
	char out[40];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CHECK_TRUE(cases[i].text, time_parse(cases[i].text, &ms, &offset));
		CHECK_CASE(cases[i].text, ms, cases[i].ms);
		if (strcmp(time_print(out, ms, offset), cases[i].text) != 0)
			fail_msg("%s: printed as %s", cases[i].text, out);
	}
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		CHECK_TRUE(refused[i], !time_parse(refused[i], &ms, &offset));
	assert_string_equal(time_print(out, INT64_MAX, 60), "9999-12-31T23:59:59.999+01:00");
	assert_string_equal(time_print(out, INT64_MIN, -60), "0001-01-01T00:00:00-01:00");
}

static void
every_day_of_nine_centuries_has_its_own_number(void **state)
{
	int64_t want = -11676096000000, ms; /* 1600-01-01 */
	int16_t offset;
	char text[40];

	(void)state;
	for (int day = 0; day < 328719; day++, want += 86400000) {
		time_print(text, want, 0);
		if (!time_parse(text, &ms, &offset) || ms != want)
			fail_msg("%s", text);
	}
	assert_string_equal(time_print(text, want, 0), "2500-01-01T00:00:00Z");
}

static void
language_tags_have_the_form_of_one(void **state)
{
	static const struct { const char *tag; bool ok; } cases[] = {
		{ "sv", true }, { "prs", true }, { "zh-Hant-TW", true }, { "de-1996", true }, { "", false }, { "s", false },
		{ "sv-", false }, { "-sv", false }, { "s1", false }, { "sv--SE", false }, { "svenska_", false },
		{ "aa-bb-cc-dd-ee-ff-gg-hh-ii-jj-kk-ll-mm", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_CASE(cases[i].tag, language_valid(cases[i].tag), cases[i].ok);
}

static void
any_msgpack_shows_as_json(void **state)
{
	static const struct { const char *name, *hex, *want; } cases[] = {
		{ "nil", "c0", "null" },
		{ "array", "93c2c301", "[false,true,1]" },
		{ "map", "82a161010205", "{\"a\":1,\"2\":5}" },
		{ "negative", "d1ff00", "-256" },
		{ "more than a signed number holds", "cfffffffffffffffff", "1.8446744073709552e19" },
		{ "bytes", "c402beef", "\"beef\"" },
		{ "infinity", "cb7ff0000000000000", "null" },
		{ "nothing", "", "null" },
		{ "cut short", "92", "[]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[32];
		size_t len = strlen(cases[i].hex) / 2;
		json_t *v;
		char *text;

		assert_true(hex_decode(bytes, len, cases[i].hex));
		v = value_to_json(NULL, BYTES(bytes, len));
		text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
		if (strcmp(text, cases[i].want) != 0)
			fail_msg("%s: got %s", cases[i].name, text);
		free(text);
		json_decref(v);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_of_the_lund_trace_is_valid_under_radrum),
		cmocka_unit_test(profiles_that_ship_have_labels_in_their_languages),
		cmocka_unit_test(labels_fall_back_to_swedish_then_to_what_there_is),
		cmocka_unit_test(values_that_do_not_fit_their_field_are_refused_by_name),
		cmocka_unit_test(values_that_fit_have_one_encoding),
		cmocka_unit_test(a_choice_that_has_ended_is_refused_after_its_last_day),
		cmocka_unit_test(lines_that_are_no_change_are_refused),
		cmocka_unit_test(a_line_is_the_same_import_whatever_ends_it),
		cmocka_unit_test(setting_a_field_twice_in_one_draft_is_one_op),
		cmocka_unit_test(a_record_reads_as_what_was_written),
		cmocka_unit_test(a_conflict_reads_as_all_its_values),
		cmocka_unit_test(fields_of_a_newer_profile_show_by_number),
		cmocka_unit_test(a_record_shares_the_key_that_its_profile_says),
		cmocka_unit_test(required_fields_may_not_be_missing_or_cleared),
		cmocka_unit_test(what_does_not_fit_in_an_entry_is_refused),
		cmocka_unit_test(profiles_with_a_fault_are_refused_by_place),
		cmocka_unit_test(a_later_version_may_add_but_not_change_the_meaning),
		cmocka_unit_test(running_out_of_memory_while_reading_a_profile_is_an_error),
		cmocka_unit_test(times_print_as_they_were_written),
		cmocka_unit_test(every_day_of_nine_centuries_has_its_own_number),
		cmocka_unit_test(language_tags_have_the_form_of_one),
		cmocka_unit_test(any_msgpack_shows_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
