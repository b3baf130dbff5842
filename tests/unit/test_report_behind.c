/*
 * Hours by the languages of those who gave them: a rare language is one person. No group of one to four
 * givers can be worked out from the languages that are shown and the sum of all, which is known anyway.
 */
#include "told.h"
#include "elimination.h"

#include <math.h>

enum { GIVERS_MAX = 16, TONGUES = 5 };

static const char world[] =
	"{\"profile\": \"behind\", \"version\": 1, \"lists\": [{\"name\": \"tongue\", \"choices\": ["
	"{\"code\": \"a\"}, {\"code\": \"b\"}, {\"code\": \"c\"}, {\"code\": \"d\"}, {\"code\": \"e\"}]}], \"types\": ["
	"{\"number\": 2, \"name\": \"giver\", \"group\": \"own\", \"class\": \"statistics\", \"fields\": ["
	"{\"number\": 1, \"name\": \"tongue\", \"type\": \"choice\", \"shape\": \"set\", \"list\": \"tongue\"}, {\"number\": 2, \"name\": \"nr\", \"type\": \"integer\"}]},"
	"{\"number\": 3, \"name\": \"gift\", \"group\": \"own\", \"class\": \"statistics\", \"fields\": ["
	"{\"number\": 1, \"name\": \"giver\", \"type\": \"ref\", \"ref\": \"giver\"}, {\"number\": 2, \"name\": \"day\", \"type\": \"date\"},"
	"{\"number\": 3, \"name\": \"hours\", \"type\": \"decimal\"}]}],"
	"\"units\": {\"gift\": \"other\", \"gift.hours\": \"hours\"}, \"reports\": [{\"name\": \"all\", \"sections\": [{\"id\": \"s\"}], \"lines\": ["
	"{\"id\": \"H\", \"section\": \"s\", \"unit\": \"hours\", \"measure\": \"sum\", \"class\": \"person\", \"type\": \"gift\", \"date\": \"day\","
	" \"field\": \"hours\", \"group\": \"%s\"%s}]}]}";

struct all { struct told told; const struct profile *p; unsigned tongues[GIVERS_MAX]; double gave[GIVERS_MAX]; int givers; };

static enum err_code
world_with(const char *group, const char *more, struct profile **out, struct err *err)
{
	static char json[4096];

	snprintf(json, sizeof(json), world, group, more);
	return profile_parse(out, BYTES_STR(json), err);
}

/* A giver of these tongues (a bit each), who gives so many hours in two parts. */
static void
give(struct all *all, unsigned tongues, int hours)
{
	static const char *const codes[TONGUES] = { "a", "b", "c", "d", "e" };
	const char *set[TONGUES][2];
	char id[33], part[16];
	const char *const silent[][2] = { { "nr", "1" } };
	const char *const gift[][2] = { { "giver", id }, { "day", "2020-05-05" }, { "hours", part } };
	struct record_id giver;
	size_t n = 0;

	for (size_t i = 0; i < TONGUES; i++)
		if ((tongues >> i & 1) != 0) {
			set[n][0] = "tongue";
			set[n++][1] = codes[i];
		}
	giver = n > 0 ? told_add(&all->told, all->p, "giver", OP_ADD, (const char *const (*)[2])set, n) : told_add(&all->told, all->p, "giver", OP_SET, silent, 1);
	hex_encode(id, giver.b, 16);
	snprintf(part, sizeof(part), "%d.5", hours);
	told_add(&all->told, all->p, "gift", OP_SET, gift, 3);
	told_add(&all->told, all->p, "gift", OP_SET, gift, 3);
	all->tongues[all->givers] = tongues;
	all->gave[all->givers++] = 2 * hours + 1;
}

static json_t *
reported(struct all *all, bool plain)
{
	struct report_ask ask = { .profile = all->p, .def = profile_report_at(all->p, 0), .from = "2020-01-01", .to = "2020-12-31", .lang = "en", .plain = plain };
	struct report_source source = { .ctx = &all->told, .each = told_each };
	struct err err = ERR_INIT;
	json_t *out;

	if (report_run(&out, &ask, &source, &err) != ERR_OK)
		fail_msg("%s", err.text);
	return out;
}

/* ---- the attack: elimination over the givers, a one for each who stands in what is shown ---- */

struct facts { double m[TONGUES + 2][GIVERS_MAX]; size_t count; };

static bool
follows(const struct facts *f, unsigned group)
{
	double v[GIVERS_MAX];

	for (int c = 0; c < GIVERS_MAX; c++)
		v[c] = (double)(group >> c & 1);
	return follows_from(f->m[0], f->count, GIVERS_MAX, GIVERS_MAX, v);
}

/* How many groups of one to four follow; checks on the way that what is shown is right. */
static size_t
attack(const struct all *all, const json_t *report, size_t *shown)
{
	const json_t *line = json_array_get(json_object_get(report, "lines"), 0);
	struct facts f = { .count = 1 };
	json_t *cell;
	size_t i, small = 0;

	for (int g = 0; g < all->givers; g++)
		f.m[0][g] = 1;
	json_array_foreach(json_object_get(line, "value"), i, cell) {
		const char *key = json_string_value(json_object_get(cell, "key"));
		const json_t *value = json_object_get(cell, "value");
		double sum = 0;

		for (int g = 0; g < all->givers && json_is_number(value); g++) {
			bool in = strcmp(key, "no_value") == 0 ? all->tongues[g] == 0 : (all->tongues[g] >> (key[0] - 'a') & 1) != 0;

			f.m[f.count][g] = in;
			sum += in ? all->gave[g] : 0;
		}
		if (!json_is_number(value))
			continue;
		assert_true(fabs(sum - json_number_value(value)) < 1e-6);
		f.count++;
		++*shown;
	}
	f.count = eliminate(f.m[0], f.count, GIVERS_MAX, GIVERS_MAX);
	for (unsigned group = 1; group < 1u << all->givers; group++)
		small += __builtin_popcount(group) < REPORT_K && follows(&f, group);
	return small;
}

static size_t
stories(bool plain, size_t *shown)
{
	struct profile *p;
	struct err err = ERR_INIT;
	uint32_t dice = 7;
	size_t small = 0;

	if (world_with("giver.tongue", "", &p, &err) != ERR_OK)
		fail_msg("%s", err.text);
	for (int story = 0; story < 60; story++) {
		struct all all = { .p = p };
		json_t *report;
		int givers;

		dice = dice * 1664525u + 1013904223u;
		givers = 8 + (int)(dice >> 8 & 255) % 9;
		for (int g = 0; g < givers; g++) {
			dice = dice * 1664525u + 1013904223u;
			/* the first is common, the last is rare */
			give(&all, ((dice >> 8 & 15) != 0 ? 1u : 0) | (dice >> 12 & 3) << 1 | ((dice >> 14 & 3) == 0 ? 8u : 0) | ((dice >> 16 & 7) == 0 ? 16u : 0),
			     (int)(dice >> 20 & 63));
		}
		report = reported(&all, plain);
		small += attack(&all, report, shown);
		json_decref(report);
		told_free(&all.told);
	}
	profile_free(p);
	return small;
}

static void
no_hours_of_a_few_can_be_worked_out_by_language(void **state)
{
	size_t shown = 0;

	(void)state;
	assert_int_equal(stories(false, &shown), 0);
	assert_true(shown > 60); /* and much is told */
}

/* The attack is worth something: against a report that hides nothing it succeeds. */
static void
without_suppression_the_same_attack_succeeds(void **state)
{
	size_t shown = 0;

	(void)state;
	assert_true(stories(true, &shown) > 100);
}

/* Five speak b, but one of them speaks c too: who speaks b alone would be shown by what c leaves. */
static void
a_language_of_one_is_hidden_and_keeps_its_name(void **state)
{
	struct profile *p;
	struct err err = ERR_INIT;
	struct all all = { .givers = 0 };
	json_t *report, *line, *value;

	(void)state;
	if (world_with("giver.tongue", "", &p, &err) != ERR_OK)
		fail_msg("%s", err.text);
	all.p = p;
	for (int g = 0; g < 10; g++)
		give(&all, g < 5 ? 1 : g == 5 ? 6 : 2, 3);
	report = reported(&all, false);
	line = json_array_get(json_object_get(report, "lines"), 0);
	value = json_object_get(line, "value");
	assert_int_equal(json_array_size(value), 3);
	assert_true(json_number_value(json_object_get(json_array_get(value, 0), "value")) == 35);
	assert_true(json_number_value(json_object_get(json_array_get(value, 1), "value")) == 35);
	assert_string_equal(json_string_value(json_object_get(json_array_get(value, 2), "key")), "c");
	assert_true(json_is_null(json_object_get(json_array_get(value, 2), "value")));
	assert_true(json_is_true(json_object_get(line, "suppressed")));
	json_decref(report);
	told_free(&all.told);
	profile_free(p);
}

/* Four who gave nothing hide nobody. */
static void
who_gave_nothing_stands_behind_nothing(void **state)
{
	struct profile *p;
	struct err err = ERR_INIT;
	struct all all = { .givers = 0 };
	const char *const none[][2] = { { "day", "2020-05-05" }, { "hours", "0" } };
	json_t *report, *value;

	(void)state;
	if (world_with("giver.tongue", "", &p, &err) != ERR_OK)
		fail_msg("%s", err.text);
	all.p = p;
	give(&all, 1, 3);
	for (int g = 0; g < 4; g++)
		told_add(&all.told, all.p, "gift", OP_SET, none, 2);
	report = reported(&all, false);
	value = json_object_get(json_array_get(json_object_get(report, "lines"), 0), "value");
	for (size_t i = 0; i < json_array_size(value); i++)
		assert_true(json_is_null(json_object_get(json_array_get(value, i), "value")));
	json_decref(report);
	told_free(&all.told);
	profile_free(p);
}

static void
a_sum_of_persons_by_itself_is_refused_with_its_place(void **state)
{
	struct profile *p;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(world_with("day", "", &p, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "reports[0].lines[0].group: must, of a sum of class person, lead by a ref"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_language_of_one_is_hidden_and_keeps_its_name),
		cmocka_unit_test(who_gave_nothing_stands_behind_nothing),
		cmocka_unit_test(no_hours_of_a_few_can_be_worked_out_by_language),
		cmocka_unit_test(without_suppression_the_same_attack_succeeds),
		cmocka_unit_test(a_sum_of_persons_by_itself_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
