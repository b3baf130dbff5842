/* Reports: what is counted, what is refused, and that nobody small can be worked out from what is shown. */
#include "told_heads.h"

#include <math.h>
#include <stdlib.h>

enum { PEOPLE_MAX = 60 };

static json_t *
reported(const struct profile *p, struct told *all)
{
	struct report_ask ask = { .profile = p, .def = profile_report_at(p, 0), .from = "2020-01-01", .to = "2020-12-31", .lang = "en" };
	struct report_source source = { .ctx = all, .each = told_each };
	struct err err = ERR_INIT;
	json_t *out;

	if (report_run(&out, &ask, &source, &err) != ERR_OK)
		fail_msg("%s", err.text);
	return out;
}

/* ---- the attack ---- */

enum { KINDS = 5, TWOS = 3, VARS = KINDS + TWOS, FACTS_MAX = 60 };
static const char *const keys[VARS] = { "a", "b", "c", "d", "no_value", "x", "y", "no_value" };
struct facts { double m[FACTS_MAX][VARS]; size_t count; };

static void
know(struct facts *f, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		f->m[f->count][i] = 1;
	f->count++;
}

/* A published table tells each of its cells, and that the others are nobody. */
static void
know_table(struct facts *f, const json_t *line, size_t from, size_t to)
{
	for (size_t v = from; v < to; v++) {
		const json_t *item;
		bool there = false, hidden = false;
		size_t i;

		json_array_foreach(json_object_get(line, "value"), i, item)
			if (strcmp(json_string_value(json_object_get(item, "key")), keys[v]) == 0) {
				there = true;
				hidden = json_is_null(json_object_get(item, "value"));
			}
		if (!hidden && (there || json_is_array(json_object_get(line, "value"))))
			know(f, v, v + 1);
	}
}

/* Adding and subtracting all that is known: is this one number among what comes out? */
static bool
worked_out(const struct facts *known, size_t var)
{
	struct facts f = *known;
	size_t row = 0;

	for (size_t pass = 0; pass < VARS; pass++) {
		size_t col = (var + 1 + pass) % VARS, p = row; /* the one asked for comes last */

		while (p < f.count && fabs(f.m[p][col]) < 1e-9)
			p++;
		if (p == f.count)
			continue;
		if (col == var)
			return true;
		for (size_t c = 0; c < VARS; c++) {
			double t = f.m[p][c];

			f.m[p][c] = f.m[row][c];
			f.m[row][c] = t;
		}
		for (size_t r = row + 1; r < f.count; r++) {
			double by = f.m[r][col] / f.m[row][col];

			for (size_t c = 0; c < VARS; c++)
				f.m[r][c] -= by * f.m[row][c];
		}
		row++;
	}
	return false;
}

static const char attacked[] =
	LINE("T", "persons", "count", "person", DAY) ","
	LINE("K", "persons", "count", "person", DAY ", \"group\": \"kind\"") ","
	LINE("R", "persons", "count", "person", DAY ", \"group\": \"kind\", \"rollup\": true") ","
	LINE("W", "persons", "count", "person", DAY ", \"group\": \"two\"") ","
	LINE("P", "persons", "top", "person", DAY ", \"group\": \"kind\", \"limit\": 2") ","
	LINE("S", "percent", "share", "person", DAY ", \"having\": [{\"field\": \"two\", \"is\": [\"x\"]}]") ","
	LINE("A", "persons", "count", "person", DAY ", \"where\": [{\"field\": \"kind\", \"is\": [\"a\"]}]");

static const json_t *
line_of(const json_t *report, size_t i)
{
	return json_array_get(json_object_get(report, "lines"), i);
}

static bool
shown(const json_t *line, const char *key)
{
	return json_is_number(json_object_get(line, key));
}

static void
collect_facts(const json_t *report, struct facts *f)
{
	const json_t *item;
	size_t i;

	memset(f, 0, sizeof(*f));
	for (size_t l = 0; l < 6; l++)
		if (shown(line_of(report, l), "n")) {
			know(f, 0, KINDS);
			know(f, KINDS, VARS);
		}
	know_table(f, line_of(report, 1), 0, KINDS);
	know_table(f, line_of(report, 3), KINDS, VARS);
	json_array_foreach(json_object_get(line_of(report, 2), "value"), i, item)
		if (shown(item, "value"))
			know(f, strcmp(json_string_value(json_object_get(item, "key")), "big") == 0 ? 0 :
			        strcmp(json_string_value(json_object_get(item, "key")), "low") == 0 ? 2 : 4,
			     strcmp(json_string_value(json_object_get(item, "key")), "big") == 0 ? 2 :
			     strcmp(json_string_value(json_object_get(item, "key")), "low") == 0 ? 4 : 5);
	json_array_foreach(json_object_get(line_of(report, 4), "value"), i, item)
		for (size_t v = 0; v < KINDS; v++)
			if (shown(item, "value") && strcmp(json_string_value(json_object_get(item, "key")), keys[v]) == 0)
				know(f, v, v + 1);
	if (shown(line_of(report, 5), "value"))
		know(f, KINDS, KINDS + 1);
	if (shown(line_of(report, 6), "value"))
		know(f, 0, 1);
}

static uint32_t
draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

/* 400 small worlds: no count from 1 to 4 follows from all that the report shows. */
static void
nobody_small_can_be_worked_out(void **state)
{
	struct profile *p;
	size_t told = 0;

	(void)state;
	assert_int_equal(world_with(attacked, &p, NULL), ERR_OK);
	for (uint32_t seed = 1; seed <= 400; seed++) {
		struct told all = { .count = 0 };
		uint32_t dice = seed, truth[VARS] = { 0 };
		uint32_t many = 1 + draw(&dice, PEOPLE_MAX - 1), spread = 1 + draw(&dice, 12);
		struct facts f;
		json_t *report;

		for (uint32_t i = 0; i < many; i++) {
			uint32_t kind = draw(&dice, 12) < spread ? draw(&dice, KINDS) : 0, two = draw(&dice, 10) == 0 ? 2 : draw(&dice, 3) == 0;

			person_add(&all, p, kind == 4 ? "" : keys[kind], two == 2 ? "" : keys[KINDS + two], "2020-05-05", "1");
			truth[kind]++;
			truth[KINDS + two]++;
		}
		report = reported(p, &all);
		collect_facts(report, &f);
		for (size_t v = 0; v < VARS; v++) {
			if (truth[v] > 0 && truth[v] < REPORT_K && worked_out(&f, v))
				fail_msg("seed %u of %u people: %s is known to be %u", seed, many, keys[v], truth[v]);
			told += truth[v] >= REPORT_K && worked_out(&f, v);
		}
		json_decref(report);
		told_free(&all);
	}
	assert_true(told > 800); /* and something is still told */
	profile_free(p);
}

/* Two nodes read their records in opposite orders. */
static void
the_order_of_records_makes_no_difference(void **state)
{
	struct told all = { .count = 0 };
	struct profile *p;
	json_t *one, *two;
	char *a, *b;

	(void)state;
	assert_int_equal(world_with(LINE("K", "persons", "count", "person", DAY ", \"group\": \"kind\"") "," LINE("H", "hours", "sum", "open", DAY ", \"field\": \"much\""), &p, NULL), ERR_OK);
	for (int i = 0; i < 50; i++)
		person_add(&all, p, keys[i % 4], "x", "2020-02-02", i % 3 == 0 ? "0.1" : "0.7");
	one = reported(p, &all);
	all.backwards = true;
	two = reported(p, &all);
	a = json_dumps(one, JSON_COMPACT);
	b = json_dumps(two, JSON_COMPACT);
	assert_string_equal(a, b);
	free(a);
	free(b);
	json_decref(one);
	json_decref(two);
	told_free(&all);
	profile_free(p);
}

static void
a_day_outside_the_period_is_not_counted(void **state)
{
	struct told all = { .count = 0 };
	struct profile *p;
	json_t *report;

	(void)state;
	assert_int_equal(world_with(LINE("T", "persons", "count", "open", DAY), &p, NULL), ERR_OK);
	person_add(&all, p, "a", "x", "2019-12-31", "1");
	person_add(&all, p, "a", "x", "2020-01-01", "1");
	person_add(&all, p, "a", "x", "2020-12-31", "1");
	person_add(&all, p, "a", "x", "2021-01-01", "1");
	report = reported(p, &all);
	assert_int_equal(json_integer_value(json_object_get(line_of(report, 0), "value")), 2);
	json_decref(report);
	told_free(&all);
	profile_free(p);
}

static void
a_share_of_a_small_base_is_not_shown(void **state)
{
	struct told all = { .count = 0 };
	struct profile *p;
	json_t *report;

	(void)state;
	assert_int_equal(world_with(LINE("S", "percent", "share", "person", DAY ", \"having\": [{\"field\": \"two\", \"is\": [\"x\"]}]"), &p, NULL), ERR_OK);
	for (int i = 0; i < 19; i++)
		person_add(&all, p, "a", i < 9 ? "x" : "y", "2020-02-02", "1");
	report = reported(p, &all);
	assert_true(json_is_null(json_object_get(line_of(report, 0), "value")));
	json_decref(report);
	person_add(&all, p, "a", "y", "2020-02-02", "1");
	report = reported(p, &all);
	assert_int_equal(json_integer_value(json_object_get(line_of(report, 0), "value")), 45);
	json_decref(report);
	told_free(&all);
	profile_free(p);
}

static void
a_line_that_can_not_be_right_is_refused_with_its_place(void **state)
{
	static const struct { const char *name, *lines, *says; } cases[] = {
		{ "a unit of something else", LINE("T", "visits", "count", "open", DAY), "lines[0].unit: must be what units says" },
		{ "a field that is not there", LINE("T", "persons", "count", "open", ", \"date\": \"dag\""), "lines[0].date: names a field" },
		{ "a code that is not there", LINE("T", "persons", "count", "open", ", \"where\": [{\"field\": \"two\", \"is\": [\"z\"]}]"), "lines[0].where[0].is: holds what" },
		{ "a total of two units", LINE("T", "persons", "count", "open", "") "," LINE("H", "hours", "sum", "open", ", \"field\": \"much\"") ","
		  LINE("A", "hours", "total", "open", ", \"lines\": [\"T\", \"H\"]"), "lines[2].unit: must be that of every line" },
		{ "a line that comes later", LINE("A", "persons", "total", "open", ", \"lines\": [\"B\"]"), "lines[0].lines: must name an earlier line" },
		{ "an id twice", LINE("T", "persons", "count", "open", "") "," LINE("T", "persons", "count", "open", ""), "lines[1].id: is the id of" },
		{ "values nobody agreed to", LINE("V", "persons", "values", "person", ", \"field\": \"two\""), "lines[0].agreed: must be true" },
		{ "a key of its own", LINE("T", "persons", "count", "open", ", \"colour\": 1"), "colour: is not a key" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct profile *p;
		struct err err = ERR_INIT;

		CHECK_CASE(cases[i].name, world_with(cases[i].lines, &p, &err), ERR_INVALID);
		if (strstr(err.text, cases[i].says) == NULL)
			fail_msg("%s: it says \"%s\"", cases[i].name, err.text);
	}
}

static void
a_cell_that_begins_a_formula_is_text_in_the_sheet(void **state)
{
	struct told all = { .count = 0 };
	struct profile *p;
	struct report_ask ask = { .from = "2020-01-01", .to = "2020-12-31", .lang = "sv" };
	struct buf out = BUF_INIT;
	json_t *report;

	(void)state;
	assert_int_equal(world_with("{\"id\": \"=1+1\", \"section\": \"s\", \"unit\": \"hours\", \"measure\": \"sum\", \"class\": \"open\", \"type\": \"head\", \"field\": \"much\"}", &p, NULL), ERR_OK);
	person_add(&all, p, "a", "x", "2020-02-02", "0.5");
	ask.profile = p;
	ask.def = profile_report_at(p, 0);
	report = reported(p, &all);
	report_csv(&out, &ask, report);
	assert_non_null(strstr(buf_str(&out), "\r\n\"'=1+1\";\"'=1+1\";;0,5;hours;;1;;\r\n"));
	assert_memory_equal(out.p, "\xef\xbb\xbf", 3);
	buf_free(&out);
	json_decref(report);
	told_free(&all);
	profile_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_small_can_be_worked_out),
		cmocka_unit_test(the_order_of_records_makes_no_difference),
		cmocka_unit_test(a_day_outside_the_period_is_not_counted),
		cmocka_unit_test(a_share_of_a_small_base_is_not_shown),
		cmocka_unit_test(a_line_that_can_not_be_right_is_refused_with_its_place),
		cmocka_unit_test(a_cell_that_begins_a_formula_is_text_in_the_sheet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
