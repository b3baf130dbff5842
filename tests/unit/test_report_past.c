/* Reports beside earlier ones: nobody small can be worked out from several, whatever came late between them. */
#include "base/mem.h"
#include "told_heads.h"
#include "elimination.h"

#include <stdlib.h>

enum { PEOPLE_MAX = 250 };

/* ---- runs, one after the other ---- */

enum { MONTHS = 8, KINDS = 3, RUNS_MAX = 4, VARS = MONTHS * KINDS * RUNS_MAX };
static const char *const kinds[KINDS] = { "a", "b", "c" };

struct published { int from, to, batch; json_t *report, *cells; char id[33], day_from[32], day_to[32]; };
struct story { struct published runs[RUNS_MAX]; size_t count; uint32_t truth[MONTHS][KINDS][RUNS_MAX]; };

static enum err_code
try_run(const struct profile *p, struct told *all, struct story *s, int from, int to, int batch, struct err *err)
{
	struct report_past past[RUNS_MAX];
	struct published *now = &s->runs[s->count];
	struct report_ask ask = { .profile = p, .def = profile_report_at(p, 0), .lang = "en", .past = past, .past_count = s->count };
	struct report_source source = { .ctx = all, .each = told_each };

	for (size_t i = 0; i < s->count; i++)
		past[i] = (struct report_past){ .def = ask.def, .id = s->runs[i].id, .at = "2020-01-01T00:00:00Z", .from = s->runs[i].day_from,
		                                .to = s->runs[i].day_to, .cells = s->runs[i].cells };
	*now = (struct published){ .from = from, .to = to, .batch = batch };
	snprintf(now->id, sizeof(now->id), "%032zx", s->count);
	snprintf(now->day_from, sizeof(now->day_from), "2020-%02d-01", from + 1);
	snprintf(now->day_to, sizeof(now->day_to), "2020-%02d-28", to + 1);
	ask.from = now->day_from;
	ask.to = now->day_to;
	return report_run_cells(&now->report, &now->cells, &ask, &source, err);
}

static void
run_once(const struct profile *p, struct told *all, struct story *s, int from, int to, int batch)
{
	struct err err = ERR_INIT;

	if (try_run(p, all, s, from, to, batch, &err) != ERR_OK)
		fail_msg("%s", err.text);
	s->count++;
}

static void
story_free(struct story *s)
{
	for (size_t i = 0; i < s->count; i++) {
		json_decref(s->runs[i].report);
		json_decref(s->runs[i].cells);
	}
}

/* ---- the attack: unknown are how many of each kind, in each month, came with each batch ---- */

struct facts { double m[RUNS_MAX * (KINDS + 2)][VARS]; size_t count; };
#define VAR(month, kind, batch) (((month) * KINDS + (kind)) * RUNS_MAX + (batch))

/* Months from..to, one kind or all, batches first..last. */
static void
mark(double v[VARS], int from, int to, int kind, int first, int last)
{
	memset(v, 0, VARS * sizeof(*v));
	for (int m = from; m <= to; m++)
		for (int k = 0; k < KINDS; k++)
			for (int b = first; b <= last; b++)
				if (kind < 0 || k == kind)
					v[VAR(m, k, b)] = 1;
}

static uint32_t
truth_of(const struct story *s, const double v[VARS])
{
	uint32_t n = 0;

	for (int m = 0; m < MONTHS; m++)
		for (int k = 0; k < KINDS; k++)
			for (int b = 0; b < RUNS_MAX; b++)
				if (v[VAR(m, k, b)] > 0)
					n += s->truth[m][k][b];
	return n;
}

static const json_t *
line_of(const json_t *report, size_t i)
{
	return json_array_get(json_object_get(report, "lines"), i);
}

/* A table tells its cells, and of a shown zero that it is nobody. */
static void
know_run(struct facts *f, const struct published *p)
{
	const json_t *table = json_object_get(line_of(p->report, 1), "value"), *item;
	size_t i;

	if (json_is_number(json_object_get(line_of(p->report, 0), "value")) || json_is_number(json_object_get(line_of(p->report, 1), "n")))
		mark(f->m[f->count++], p->from, p->to, -1, 0, p->batch);
	for (int k = 0; k < KINDS; k++) {
		bool told = true;

		json_array_foreach((json_t *)table, i, item)
			if (strcmp(json_string_value(json_object_get(item, "key")), kinds[k]) == 0)
				told = json_is_number(json_object_get(item, "value"));
		if (told)
			mark(f->m[f->count++], p->from, p->to, k, 0, p->batch);
	}
}

static bool
worked_out(const struct facts *f, const double want[VARS])
{
	double v[VARS];

	memcpy(v, want, sizeof(v));
	return follows_from(f->m[0], f->count, VARS, VARS, v);
}

/* Any stretch of months, any kind, as it was at any run, and what came between any two. */
static size_t
attack(const struct story *s, const struct facts *f, uint32_t seed)
{
	double v[VARS];
	size_t told = 0;

	for (int from = 0; from < MONTHS; from++)
		for (int to = from; to < MONTHS; to++)
			for (int kind = -1; kind < KINDS; kind++)
				for (int first = 0; first < RUNS_MAX; first++)
					for (int last = first; last < RUNS_MAX; last++) {
						uint32_t n;

						mark(v, from, to, kind, first, last);
						n = truth_of(s, v);
						if (n == 0 || !worked_out(f, v))
							continue;
						if (n < REPORT_K)
							fail_msg("seed %u: months %d to %d, kind %d, batches %d to %d are known to be %u", seed, from, to, kind, first, last, n);
						told++;
					}
	return told;
}

static uint32_t
draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static void
arrive(const struct profile *p, struct told *all, struct story *s, uint32_t *dice, int batch, uint32_t many)
{
	for (uint32_t i = 0; i < many && all->count < PEOPLE_MAX; i++) {
		int m = (int)draw(dice, MONTHS), k = draw(dice, 3) == 0 ? (int)draw(dice, KINDS) : 0;
		char day[32];

		snprintf(day, sizeof(day), "2020-%02d-05", m + 1);
		person_add(all, p, kinds[k], draw(dice, 2) == 0 ? "x" : "y", day, "1");
		s->truth[m][k][batch]++;
	}
}

static const char lines[] =
	LINE("T", "persons", "count", "person", DAY) ","
	LINE("K", "persons", "count", "person", DAY ", \"group\": \"kind\"") ","
	LINE("W", "persons", "count", "person", DAY ", \"group\": \"two\"") ","
	LINE("A", "persons", "count", "person", DAY ", \"where\": [{\"field\": \"kind\", \"is\": [\"a\"]}]");

/* 2000 stories of up to four runs over different periods, with records that come late between them. */
static void
nobody_small_can_be_worked_out_from_several_runs(void **state)
{
	struct profile *p;
	size_t told = 0;

	(void)state;
	assert_int_equal(world_with(lines, &p, NULL), ERR_OK);
	for (uint32_t seed = 1; seed <= 2000; seed++) {
		struct told all = { .count = 0 };
		struct story s = { .count = 0 };
		uint32_t dice = seed * 77, runs = 2 + draw(&dice, RUNS_MAX - 1);
		int batch = 0; /* whoever attacks knows whether anything came late at all */
		struct facts f = { .count = 0 };

		arrive(p, &all, &s, &dice, 0, 20 + draw(&dice, 150));
		for (uint32_t r = 0; r < runs; r++) {
			int from = draw(&dice, 2) == 0 ? 0 : (int)draw(&dice, MONTHS), to = from + (int)draw(&dice, (uint32_t)(MONTHS - from));

			if (r > 0 && draw(&dice, 2) == 0)
				arrive(p, &all, &s, &dice, ++batch, draw(&dice, 2) == 0 ? draw(&dice, 4) : draw(&dice, 40));
			if (r > 0 && draw(&dice, 3) == 0) { /* the same period once more */
				from = s.runs[r - 1].from;
				to = s.runs[r - 1].to;
			}
			run_once(p, &all, &s, from, to, batch);
			know_run(&f, &s.runs[r]);
		}
		f.count = eliminate(f.m[0], f.count, VARS, VARS);
		told += attack(&s, &f, seed);
		story_free(&s);
		told_free(&all);
	}
	assert_true(told > 4000); /* and something is still told */
	profile_free(p);
}

/* Without the ledger the very same attack succeeds: the test can fail. */
static void
without_the_ledger_the_same_attack_succeeds(void **state)
{
	struct told all = { .count = 0 };
	struct story s = { .count = 0 };
	struct facts f = { .count = 0 };
	struct profile *p;
	double v[VARS];

	(void)state;
	assert_int_equal(world_with(lines, &p, NULL), ERR_OK);
	for (int i = 0; i < 32; i++) {
		char day[32];

		snprintf(day, sizeof(day), "2020-%02d-05", i < 30 ? 1 + i % 2 : 3);
		person_add(&all, p, "a", "x", day, "1");
		s.truth[i < 30 ? i % 2 : 2][0][0]++;
	}
	run_once(p, &all, &s, 0, 1, 0);
	s.count = 0; /* forgets it */
	{
		struct published first = s.runs[0];

		run_once(p, &all, &s, 0, 2, 0);
		know_run(&f, &first);
		know_run(&f, &s.runs[0]);
		json_decref(first.report);
		json_decref(first.cells);
	}
	f.count = eliminate(f.m[0], f.count, VARS, VARS);
	mark(v, 2, 2, 0, 0, 0);
	assert_int_equal(truth_of(&s, v), 2);
	assert_true(worked_out(&f, v));
	story_free(&s);
	told_free(&all);
	profile_free(p);
}

/* A rerun after late records says what differs, figure by figure. */
static void
a_rerun_tells_what_differs_from_the_run_before(void **state)
{
	struct told all = { .count = 0 };
	struct story s = { .count = 0 };
	const json_t *previous, *d;
	struct profile *p;

	(void)state;
	assert_int_equal(world_with(lines, &p, NULL), ERR_OK);
	for (int i = 0; i < 40; i++)
		person_add(&all, p, i % 2 == 0 ? "a" : "b", "x", "2020-02-05", "1");
	run_once(p, &all, &s, 0, 3, 0);
	for (int i = 0; i < 7; i++)
		person_add(&all, p, "a", "x", "2020-03-05", "1");
	run_once(p, &all, &s, 0, 3, 1);
	previous = json_object_get(json_object_get(s.runs[1].report, "footer"), "previous");
	assert_string_equal(json_string_value(json_object_get(previous, "run")), s.runs[0].id);
	d = json_array_get(json_object_get(previous, "differences"), 0);
	assert_string_equal(json_string_value(json_object_get(d, "id")), "T");
	assert_int_equal(json_integer_value(json_object_get(d, "was")), 40);
	assert_int_equal(json_integer_value(json_object_get(d, "now")), 47);
	assert_true(json_is_null(json_object_get(json_object_get(s.runs[0].report, "footer"), "previous")));
	story_free(&s);
	told_free(&all);
	profile_free(p);
}

/* A ledger is somebody else's words: nonsense in it changes nothing and breaks nothing. */
static void
a_ledger_of_nonsense_is_survived(void **state)
{
	static const char *const nonsense[] = {
		"{}", "{\"T\": 7}", "{\"K\": {\"tables\": [{\"total\": -3, \"cells\": {\"a\": -1, \"zzz\": 99999999999999}}]}}",
		"{\"K\": {\"tables\": [[], {\"cells\": []}], \"value\": {\"a\": [1]}}}", "{\"T\": {\"tables\": [{\"total\": 1e99}], \"value\": \"x\"}}",
	};
	struct told all = { .count = 0 };
	struct profile *p;

	(void)state;
	assert_int_equal(world_with(lines, &p, NULL), ERR_OK);
	for (int i = 0; i < 40; i++)
		person_add(&all, p, kinds[i % 3], "x", "2020-02-05", "1");
	for (size_t i = 0; i < COUNT_OF(nonsense); i++) {
		struct story s = { .count = 0 };

		run_once(p, &all, &s, 0, 3, 0);
		json_decref(s.runs[0].cells);
		s.runs[0].cells = json_loads(nonsense[i], 0, NULL);
		assert_non_null(s.runs[0].cells);
		run_once(p, &all, &s, 0, 4, 0);
		story_free(&s);
	}
	told_free(&all);
	profile_free(p);
}

/* What there was no memory to look at may be just the figure that had to be hidden. */
static void
beside_earlier_runs_a_report_without_memory_is_refused_or_whole(void **state)
{
	struct story s = { .count = 0 };
	struct told all = { .count = 0 };
	enum err_code rc = ERR_NO_MEMORY;
	struct err err = ERR_INIT;
	json_t *whole, *cells;
	struct profile *p;

	(void)state;
	assert_int_equal(world_with(lines, &p, NULL), ERR_OK);
	for (int i = 0; i < 24; i++)
		person_add(&all, p, kinds[i % 3], "x", "2020-02-05", "1");
	run_once(p, &all, &s, 0, 3, 0);
	for (int i = 0; i < 3; i++)
		person_add(&all, p, kinds[i], "x", "2020-03-05", "1");
	assert_int_equal(try_run(p, &all, &s, 0, 3, 1, &err), ERR_OK);
	whole = s.runs[1].report;
	cells = s.runs[1].cells;
	json_set_alloc_funcs(mem_alloc, mem_free);
	for (int lasting = 0; lasting <= 1; lasting++, rc = ERR_NO_MEMORY)
		for (long nth = 0; rc != ERR_OK; nth++) {
			bool struck;

			mem_fail_after(nth, lasting);
			rc = try_run(p, &all, &s, 0, 3, 1, &err);
			struck = mem_allocations() > nth;
			mem_fail_after(-1, 0);
			assert_int_equal(rc, struck ? ERR_NO_MEMORY : ERR_OK);
			if (rc == ERR_OK)
				assert_true(json_equal(s.runs[1].report, whole));
			json_decref(s.runs[1].report);
			json_decref(s.runs[1].cells);
		}
	json_set_alloc_funcs(malloc, free);
	json_decref(whole);
	json_decref(cells);
	story_free(&s);
	told_free(&all);
	profile_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beside_earlier_runs_a_report_without_memory_is_refused_or_whole),
		cmocka_unit_test(nobody_small_can_be_worked_out_from_several_runs),
		cmocka_unit_test(without_the_ledger_the_same_attack_succeeds),
		cmocka_unit_test(a_rerun_tells_what_differs_from_the_run_before),
		cmocka_unit_test(a_ledger_of_nonsense_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
