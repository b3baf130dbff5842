/* Other people's formats: what goes out opens there, what comes in is bounded and refused by name. */
#include "check.h"

#include <stdlib.h>

#include "casework/records.h"
#include "crypto/device.h"
#include "exchange/archive.h"
#include "exchange/book.h"
#include "exchange/calendar.h"
#include "exchange/hsds.h"
#include "exchange/package.h"
#include "exchange/xlsform.h"

static struct profile *
shipped(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct buf b = BUF_INIT;
	struct profile *p;
	struct err err = ERR_INIT;
	uint8_t part[4096];
	size_t n;

	if (f == NULL)
		fail_msg("%s: can not be opened", path);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(&b, part, n);
	fclose(f);
	if (profile_parse(&p, buf_bytes(&b), &err) != ERR_OK)
		fail_msg("%s: %s", path, err.text);
	buf_free(&b);
	return p;
}

static void
a_workbook_reads_as_it_was_written(void **state)
{
	struct book *b = book_new(), *again;
	struct sheet *s = book_add(b, "Råd [1]");
	struct buf out = BUF_INIT, twice = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	sheet_put(s, 0, 0, CELL_TEXT, "namn & <mer>");
	sheet_put(s, 0, 27, CELL_TEXT, "=1+1");
	sheet_put(s, 2, 1, CELL_NUMBER, "55.7");
	sheet_put(s, 2, 2, CELL_DATE, "2019-09-02");
	sheet_put(s, 2, 3, CELL_TEXT, "två\nrader ");
	assert_int_equal(book_xlsx(&out, b, &err), ERR_OK);
	assert_int_equal(book_xlsx(&twice, b, &err), ERR_OK);
	assert_true(bytes_equal(buf_bytes(&out), buf_bytes(&twice)));
	assert_int_equal(book_read_xlsx(&again, buf_bytes(&out), &err), ERR_OK);
	assert_string_equal(sheet_name(book_at(again, 0)), "Råd _1_");
	assert_string_equal(sheet_text(book_at(again, 0), 0, 0), "namn & <mer>");
	assert_string_equal(sheet_text(book_at(again, 0), 0, 27), "=1+1");
	assert_string_equal(sheet_text(book_at(again, 0), 2, 1), "55.7");
	assert_string_equal(sheet_text(book_at(again, 0), 2, 2), "43710");
	assert_string_equal(sheet_text(book_at(again, 0), 2, 3), "två\nrader ");
	assert_int_equal(sheet_rows(book_at(again, 0)), 3);
	book_free(again);
	book_free(b);
	buf_free(&out);
	buf_free(&twice);
}

static void
no_cell_of_a_csv_is_a_formula(void **state)
{
	static const struct { const char *name, *text, *want; enum cell_kind kind; } cases[] = {
		{ "plain", "Dalby", "Dalby", CELL_TEXT }, { "equals", "=1+1", "\"'=1+1\"", CELL_TEXT }, { "at", "@SUM(1)", "\"'@SUM(1)\"", CELL_TEXT },
		{ "plus", "+46", "\"'+46\"", CELL_TEXT }, { "minus", "-1", "\"'-1\"", CELL_TEXT }, { "tab", "\t=1", "\"'\t=1\"", CELL_TEXT },
		{ "separator", "a;b", "\"a;b\"", CELL_TEXT }, { "quote", "a\"b", "\"a\"\"b\"", CELL_TEXT }, { "lines", "a\nb", "\"a\nb\"", CELL_TEXT },
		{ "a number of ours", "-1.5", "-1,5", CELL_NUMBER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct book *b = book_new();
		struct buf out = BUF_INIT;
		char want[64];

		sheet_put(book_add(b, "x"), 0, 0, cases[i].kind, cases[i].text);
		sheet_csv(&out, book_at(b, 0), true);
		snprintf(want, sizeof(want), "\xef\xbb\xbf%s\r\n", cases[i].want);
		if (strcmp(buf_str(&out), want) != 0)
			fail_msg("%s: got %s", cases[i].name, buf_str(&out));
		buf_free(&out);
		book_free(b);
	}
}

static void
a_csv_reads_with_any_of_three_separators(void **state)
{
	static const struct { const char *name, *text; enum err_code want; } cases[] = {
		{ "comma", "a,\"b,c\"\nd,\"e\"\"f\"\n", ERR_OK }, { "semicolon", "\xef\xbb\xbf" "a;\"b,c\"\r\nd;\"e\"\"f\"", ERR_OK },
		{ "tab", "a\tb,c\nd\t\"e\"\"f\"\n", ERR_OK }, { "quote left open", "a,\"b\n", ERR_MALFORMED }, { "not UTF-8", "a,\xff\n", ERR_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = ERR_INIT;
		struct book *b;

		CHECK_CASE(cases[i].name, book_read_csv(&b, "s", BYTES_STR(cases[i].text), &err), cases[i].want);
		if (cases[i].want != ERR_OK)
			continue;
		if (strcmp(sheet_text(book_at(b, 0), 0, 1), "b,c") != 0 || strcmp(sheet_text(book_at(b, 0), 1, 1), "e\"f") != 0)
			fail_msg("%s: %s | %s", cases[i].name, sheet_text(book_at(b, 0), 0, 1), sheet_text(book_at(b, 0), 1, 1));
		book_free(b);
	}
}

/* A workbook of a few kilobytes that unpacks to far more than a sheet may have. */
static void
a_small_archive_of_a_large_part_is_refused(void **state)
{
	struct buf big = BUF_INIT, out = BUF_INIT;
	struct archive_file files[] = { { "xl/workbook.xml", BYTES_NONE } };
	struct err err = ERR_INIT;
	struct book *b;

	(void)state;
	memset(buf_add(&big, BOOK_PART_MAX + 1), ' ', BOOK_PART_MAX + 1);
	files[0].data = buf_bytes(&big);
	assert_int_equal(archive_write(&out, files, 1, &err), ERR_OK);
	assert_true(out.len < 64 * 1024);
	assert_int_equal(book_read_xlsx(&b, buf_bytes(&out), &err), ERR_TOO_BIG);
	assert_string_equal(err.text, "its part xl/workbook.xml has more than 33554432 bytes");
	buf_free(&big);
	buf_free(&out);
}

static void
a_workbook_that_is_none_is_refused(void **state)
{
#define BOOK "<workbook><sheets><sheet name=\"survey\" r:id=\"r1\"/></sheets></workbook>"
#define RELS "<Relationships><Relationship Id=\"r1\" Target=\"worksheets/s.xml\"/></Relationships>"
	static const struct { const char *name, *book, *rels, *sheet, *want; } cases[] = {
		{ "not XML", "x", RELS, "<worksheet/>", "its part xl/workbook.xml is not XML: line 1: syntax error" },
		{ "a document type", "<!DOCTYPE x [<!ENTITY a \"b\">]><workbook/>", RELS, "<worksheet/>", "a part of it declares a document type, which no workbook does" },
		{ "a sheet that stands nowhere", BOOK, "<Relationships/>", "<worksheet/>", "its sheet survey stands nowhere" },
		{ "a cell that stands nowhere", BOOK, RELS, "<worksheet><row r=\"1\"><c r=\"?\"><v>1</v></c></row></worksheet>", "a cell of it stands nowhere" },
		{ "a text that is not there", BOOK, RELS, "<worksheet><row r=\"1\"><c r=\"A1\" t=\"s\"><v>7</v></c></row></worksheet>", "a cell of it names a text that is not there" },
		{ "a column beyond all", BOOK, RELS, "<worksheet><row r=\"1\"><c r=\"ZZZZ1\"><v>1</v></c></row></worksheet>",
		  "a cell of it stands nowhere" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct archive_file files[] = { { "xl/workbook.xml", BYTES_STR(cases[i].book) }, { "xl/_rels/workbook.xml.rels", BYTES_STR(cases[i].rels) },
			                        { "xl/worksheets/s.xml", BYTES_STR(cases[i].sheet) } };
		struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		struct book *b;

		assert_int_equal(archive_write(&out, files, 3, &err), ERR_OK);
		CHECK_CASE(cases[i].name, book_read_xlsx(&b, buf_bytes(&out), &err), ERR_MALFORMED);
		if (strcmp(err.text, cases[i].want) != 0)
			fail_msg("%s: got %s", cases[i].name, err.text);
		buf_free(&out);
	}
}

static void
every_shipped_profile_goes_through_a_form_unchanged(void **state)
{
	static const char *const paths[] = { "packaging/profiles/radrum.json", "packaging/profiles/mentor.json", "packaging/profiles/course.json",
		                             "packaging/profiles/heads.json" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct profile *p = shipped(paths[i]), *again;
		struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		struct book *b, *read;
		json_t *doc;
		char *text;

		assert_int_equal(xlsform_export(&b, p, NULL, &err), ERR_OK);
		assert_int_equal(book_xlsx(&out, b, &err), ERR_OK);
		assert_int_equal(book_read_xlsx(&read, buf_bytes(&out), &err), ERR_OK);
		if (xlsform_import(&doc, read, &err) != ERR_OK)
			fail_msg("%s: %s", paths[i], err.text);
		text = json_dumps(doc, 0);
		assert_int_equal(profile_parse(&again, BYTES_STR(text), &err), ERR_OK);
		assert_int_equal(profile_type_count(again), profile_type_count(p));
		for (size_t t = 0; t < profile_type_count(p); t++) {
			const struct profile_type *was = profile_type_at(p, t), *is = profile_type_named(again, was->name);

			CHECK_TRUE(was->name, is != NULL && is->number == was->number && is->group == was->group && is->class == was->class && is->notes == was->notes);
			CHECK_CASE(was->name, is->field_count, was->field_count);
			for (size_t k = 0; k < was->field_count; k++) {
				const struct profile_field *f = &was->fields[k], *g = profile_field_numbered(is, f->number);

				CHECK_TRUE(f->name, g != NULL && strcmp(g->name, f->name) == 0 && g->type == f->type && g->shape == f->shape && g->class == f->class);
				CHECK_TRUE(f->name, g->required == f->required && g->search == f->search && g->off == f->off && g->label_count == f->label_count);
				CHECK_TRUE(f->name, (f->list == NULL) == (g->list == NULL) && (f->list == NULL || f->list->choice_count == g->list->choice_count));
			}
		}
		free(text);
		json_decref(doc);
		book_free(b);
		book_free(read);
		buf_free(&out);
		profile_free(again);
		profile_free(p);
	}
}

static bool
speaks_both(const struct label *labels, size_t count)
{
	bool sv = false, en = false;

	for (size_t i = 0; i < count; i++) {
		sv = sv || strcmp(labels[i].lang, "sv") == 0;
		en = en || strcmp(labels[i].lang, "en") == 0;
	}
	return sv && en;
}

static void
shipped_programmes_speak_swedish_and_english(void **state)
{
	static const char *const paths[] = { "packaging/profiles/mentor.json", "packaging/profiles/course.json", "packaging/profiles/heads.json" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct profile *p = shipped(paths[i]);

		CHECK_TRUE(paths[i], profile_target_count(p) > 0 && profile_role_count(p) == 4);
		for (size_t t = 0; t < profile_type_count(p); t++)
			for (size_t k = 0; k < profile_type_at(p, t)->field_count; k++) {
				const struct profile_field *f = &profile_type_at(p, t)->fields[k];

				CHECK_TRUE(f->name, speaks_both(f->labels, f->label_count));
				for (size_t c = 0; f->list != NULL && c < f->list->choice_count; c++)
					CHECK_TRUE(f->list->choices[c].code, speaks_both(f->list->choices[c].labels, f->list->choices[c].label_count));
			}
		profile_free(p);
	}
}

/* ---- calendar ---- */

static void
an_opening_begins_on_a_day_of_its_rule(void **state)
{
	static const struct { const char *name, *rule, *from, *want; } cases[] = {
		{ "weekly", "FREQ=WEEKLY;BYDAY=WE", "2019-10-28", "DTSTART;TZID=Europe/Stockholm:20191030T130000" },
		{ "that very day", "FREQ=WEEKLY;BYDAY=MO", "2019-10-28", "DTSTART;TZID=Europe/Stockholm:20191028T130000" },
		{ "second Tuesday", "FREQ=MONTHLY;BYDAY=2TU", "2021-02-10", "DTSTART;TZID=Europe/Stockholm:20210309T130000" },
		{ "last Friday", "RRULE:FREQ=MONTHLY;BYDAY=-1FR", "2021-02-01", "DTSTART;TZID=Europe/Stockholm:20210226T130000" },
		{ "no day", "FREQ=DAILY", "2020-02-29", "DTSTART;TZID=Europe/Stockholm:20200229T130000" },
		{ "prose", "varje måndag", "2021-02-01", NULL }, { "an injected line", "FREQ=DAILY\r\nATTENDEE:x", "2021-02-01", NULL },
		{ "no first day", "FREQ=DAILY", "", NULL },
	};
	struct profile *p = shipped("packaging/profiles/radrum.json");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		json_t *records = json_pack("[{s:s,s:s,s:{s:s,s:s,s:s}}]", "id", "0102030405060708090a0b0c0d0e0f10", "type", "opening", "fields", "rrule", cases[i].rule,
		                            "valid_from", cases[i].from, "opens", "13:00");
		struct calendar_left left;
		struct buf out = BUF_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(calendar_write(&out, p, records, "t", 0, &left, &err), ERR_OK);
		CHECK_CASE(cases[i].name, left.openings, cases[i].want == NULL);
		if (strstr(buf_str(&out), cases[i].want != NULL ? cases[i].want : "BEGIN:VEVENT") == NULL ? cases[i].want != NULL : cases[i].want == NULL)
			fail_msg("%s: got %s", cases[i].name, buf_str(&out));
		buf_free(&out);
		json_decref(records);
	}
	profile_free(p);
}

/* ---- directory ---- */

static void
a_directory_that_went_out_comes_back(void **state)
{
	struct profile *p = shipped("packaging/profiles/radrum.json");
	json_t *records = json_loads("[{\"id\":\"0102030405060708090a0b0c0d0e0f10\",\"type\":\"organisation\",\"fields\":{\"name\":\"A\",\"assured\":\"2020-01-02\"}},"
		"{\"id\":\"1102030405060708090a0b0c0d0e0f10\",\"type\":\"site\",\"fields\":{\"name\":\"T\",\"address\":\"Torget 1\",\"latitude\":55.7}},"
		"{\"id\":\"2102030405060708090a0b0c0d0e0f10\",\"type\":\"service\",\"fields\":{\"name\":\"S\",\"organisation\":\"0102030405060708090a0b0c0d0e0f10\","
		"\"language\":[\"ar\"],\"document\":[\"pass\"],\"site\":[\"1102030405060708090a0b0c0d0e0f10\"],\"phone\":\"1\"}}]", 0, NULL);
	json_t *doc, *back, *untaken = json_array();
	struct err err = ERR_INIT;
	char *text;

	(void)state;
	assert_int_equal(hsds_export(&doc, p, records, "Prov", "ff02030405060708090a0b0c0d0e0f10", &err), ERR_OK);
	text = json_dumps(doc, 0);
	assert_int_equal(hsds_import(&back, untaken, p, BYTES_STR(text), &err), ERR_OK);
	assert_int_equal(json_array_size(untaken), 0);
	free(text);
	text = json_dumps(back, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text,
		"[{\"add\":{},\"id\":\"1102030405060708090a0b0c0d0e0f10\",\"set\":{\"address\":\"Torget 1\",\"latitude\":55.700000000000003,\"name\":\"T\"},\"type\":\"site\"},"
		"{\"add\":{},\"id\":\"0102030405060708090a0b0c0d0e0f10\",\"set\":{\"assured\":\"2020-01-02\",\"name\":\"A\"},\"type\":\"organisation\"},"
		"{\"add\":{\"document\":[\"pass\"],\"language\":[\"ar\"],\"site\":[\"1102030405060708090a0b0c0d0e0f10\"]},\"id\":\"2102030405060708090a0b0c0d0e0f10\","
		"\"set\":{\"name\":\"S\",\"organisation\":\"0102030405060708090a0b0c0d0e0f10\",\"phone\":\"1\"},\"type\":\"service\"}]");
	free(text);
	json_decref(doc);
	json_decref(back);
	json_decref(untaken);
	json_decref(records);
	profile_free(p);
}

/* ---- everything ---- */

static void
an_export_is_whole_or_says_what_is_not(void **state)
{
	struct profile *p = shipped("packaging/profiles/heads.json");
	uint8_t seed[32] = { 7 }, pk[32], sk[64];
	struct package_about about = { "Prov", "0102030405060708090a0b0c0d0e0f10", "anna", "1102030405060708090a0b0c0d0e0f10", "2021-01-01T00:00:00Z", "00", { 0 }, sk,
		                       BYTES_STR("{}"), 0 };
	json_t *records = json_pack("[{s:s,s:s,s:s,s:{s:s}}]", "id", "2102030405060708090a0b0c0d0e0f10", "type", "group", "team", "t", "fields", "name", "=Genarp");
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct package_found found;

	(void)state;
	sign_pair_from_seed(pk, sk, seed);
	memcpy(about.note_pk, pk, 32);
	assert_int_equal(package_write(&out, &about, p, records, BYTES_STR("trace\n"), &err), ERR_OK);
	assert_true(package_is(buf_bytes(&out)));
	assert_int_equal(package_read(&found, buf_bytes(&out), &err), ERR_OK);
	assert_string_equal(buf_str(&found.trace), "trace\n");
	assert_memory_equal(found.note_pk, pk, 32);
	package_found_free(&found);
	for (size_t cut = 0; cut < out.len; cut += 97)
		assert_int_not_equal(package_read(&found, BYTES(out.p, cut), &err), ERR_OK);
	memcpy(about.note_pk, seed, 32); /* another key than the one that signs */
	buf_clear(&out);
	assert_int_equal(package_write(&out, &about, p, records, BYTES_STR("trace\n"), &err), ERR_OK);
	assert_int_equal(package_read(&found, buf_bytes(&out), &err), ERR_SIGNATURE);
	buf_free(&out);
	json_decref(records);
	profile_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_workbook_reads_as_it_was_written),
		cmocka_unit_test(no_cell_of_a_csv_is_a_formula),
		cmocka_unit_test(a_csv_reads_with_any_of_three_separators),
		cmocka_unit_test(a_small_archive_of_a_large_part_is_refused),
		cmocka_unit_test(a_workbook_that_is_none_is_refused),
		cmocka_unit_test(every_shipped_profile_goes_through_a_form_unchanged),
		cmocka_unit_test(shipped_programmes_speak_swedish_and_english),
		cmocka_unit_test(an_opening_begins_on_a_day_of_its_rule),
		cmocka_unit_test(a_directory_that_went_out_comes_back),
		cmocka_unit_test(an_export_is_whole_or_says_what_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
