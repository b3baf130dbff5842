/*
 * Persons that are not records, and stories told site by site: heads that events count, what they leave of another
 * number, visitors who came several times. Nobody small can be worked out from several reports.
 */
#include "told.h"
#include "elimination.h"

#include <stdlib.h>

enum { MONTHS = 5, SITES = 3, RUNS_MAX = 4, VARS = MONTHS * SITES * RUNS_MAX, VISITORS = 63, PATTERNS = 1 << RUNS_MAX };

static const char world[] =
	"{\"profile\": \"heads\", \"version\": 1, \"types\": ["
	"{\"number\": 2, \"name\": \"site\", \"group\": \"own\", \"class\": \"statistics\", \"fields\": [{\"number\": 1, \"name\": \"name\", \"type\": \"text\"}]},"
	"{\"number\": 3, \"name\": \"event\", \"group\": \"own\", \"class\": \"statistics\", \"fields\": ["
	"{\"number\": 1, \"name\": \"site\", \"type\": \"ref\", \"ref\": \"site\"}, {\"number\": 2, \"name\": \"day\", \"type\": \"date\"},"
	"{\"number\": 3, \"name\": \"all\", \"type\": \"integer\"}, {\"number\": 4, \"name\": \"part\", \"type\": \"integer\"}]},"
	"{\"number\": 4, \"name\": \"visit\", \"group\": \"own\", \"class\": \"statistics\", \"fields\": ["
	"{\"number\": 1, \"name\": \"site\", \"type\": \"ref\", \"ref\": \"site\"}, {\"number\": 2, \"name\": \"day\", \"type\": \"date\"},"
	"{\"number\": 3, \"name\": \"visitor\", \"type\": \"ref\", \"ref\": \"site\"}]}],"
	"\"units\": {\"visit\": \"visits\", \"event.all\": \"persons\", \"event.part\": \"persons\"},"
	"\"reports\": [{\"name\": \"all\", \"sections\": [{\"id\": \"s\"}],"
	"\"site\": {\"type\": \"site\", \"name\": \"name\", \"of\": {\"event\": \"site\", \"visit\": \"site\"}}, \"lines\": ["
	"{\"id\": \"A\", \"section\": \"s\", \"unit\": \"persons\", \"measure\": \"sum\", \"class\": \"open\", \"type\": \"event\", \"date\": \"day\", \"field\": \"all\"},"
	"{\"id\": \"P\", \"section\": \"s\", \"unit\": \"persons\", \"measure\": \"sum\", \"class\": \"person\", \"type\": \"event\", \"date\": \"day\", \"field\": \"part\", \"part_of\": \"A\"},"
	"{\"id\": \"V\", \"section\": \"s\", \"unit\": \"visits\", \"measure\": \"count\", \"class\": \"person\", \"type\": \"visit\", \"date\": \"day\"},"
	"{\"id\": \"U\", \"section\": \"s\", \"unit\": \"unique_visitors\", \"measure\": \"distinct\", \"class\": \"person\", \"type\": \"visit\", \"date\": \"day\", \"field\": \"visitor\"}"
	"]}]}";
enum { LINE_A, LINE_P, LINE_V, LINE_U };

/* ---- records ---- */

struct visit { int month, site, batch, visitor; };
struct all { struct told told; const struct profile *p; struct visit visits[TOLD_MAX]; size_t visit_count; };

static const char *
site_id(int site)
{
	static const char *const ids[SITES] = { "5100000000000000000000000000aa01", "5100000000000000000000000000aa02", "5100000000000000000000000000aa03" };

	return ids[site];
}

/* ---- a story: runs one after the other, records that come late between them ---- */

struct published { int from, to, site, batch; json_t *report, *cells; char id[33], day_from[32], day_to[32]; };
struct story { struct published runs[RUNS_MAX]; size_t count; uint32_t visits[VARS], heads[VARS], rest[VARS]; };
#define VAR(month, site, batch) (((month) * SITES + (site)) * RUNS_MAX + (batch))

static void
run_once(struct all *all, struct story *s, bool forgetful)
{
	struct report_past past[RUNS_MAX];
	struct published *now = &s->runs[s->count];
	struct report_ask ask = { .profile = all->p, .def = profile_report_at(all->p, 0), .lang = "en", .past = past, .past_count = forgetful ? 0 : s->count };
	struct report_source source = { .ctx = &all->told, .each = told_each };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < s->count; i++)
		past[i] = (struct report_past){ .def = ask.def, .id = s->runs[i].id, .at = "2020-01-01T00:00:00Z", .from = s->runs[i].day_from,
		                                .to = s->runs[i].day_to, .site = s->runs[i].site < 0 ? NULL : site_id(s->runs[i].site), .cells = s->runs[i].cells };
	snprintf(now->id, sizeof(now->id), "%032zx", s->count);
	snprintf(now->day_from, sizeof(now->day_from), "2020-%02d-01", now->from + 1);
	snprintf(now->day_to, sizeof(now->day_to), "2020-%02d-28", now->to + 1);
	ask.from = now->day_from;
	ask.to = now->day_to;
	ask.site = now->site < 0 ? NULL : site_id(now->site);
	if (report_run_cells(&now->report, &now->cells, &ask, &source, &err) != ERR_OK)
		fail_msg("%s", err.text);
	s->count++;
}

static const json_t *
shown(const struct published *p, size_t line)
{
	return json_object_get(json_array_get(json_object_get(p->report, "lines"), line), "value");
}

static uint32_t
draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static void
visit_add(struct all *all, struct story *s, int month, int site, int batch, int visitor)
{
	char day[32], who[33];
	const char *const fields[][2] = { { "site", site_id(site) }, { "day", day }, { "visitor", who } };

	snprintf(day, sizeof(day), "2020-%02d-05", month + 1);
	snprintf(who, sizeof(who), "%032x", 0xabc00u + (unsigned)visitor);
	told_add(&all->told, all->p, "visit", OP_SET, fields, 3);
	all->visits[all->visit_count++] = (struct visit){ month, site, batch, visitor };
	s->visits[VAR(month, site, batch)]++;
}

static void
event_add(struct all *all, struct story *s, int month, int site, int batch, uint32_t heads, uint32_t rest)
{
	char day[32], whole[32], part[32];
	const char *const fields[][2] = { { "site", site_id(site) }, { "day", day }, { "all", whole }, { "part", part } };

	snprintf(day, sizeof(day), "2020-%02d-05", month + 1);
	snprintf(whole, sizeof(whole), "%u", heads + rest);
	snprintf(part, sizeof(part), "%u", heads);
	told_add(&all->told, all->p, "event", OP_SET, fields, 4);
	s->heads[VAR(month, site, batch)] += heads;
	s->rest[VAR(month, site, batch)] += rest;
}

static void
arrive(struct all *all, struct story *s, uint32_t *dice, int batch)
{
	uint32_t visits = draw(dice, batch == 0 ? 120 : 30), events = draw(dice, batch == 0 ? 20 : 4);

	for (uint32_t i = 0; i < visits; i++)
		visit_add(all, s, (int)draw(dice, MONTHS), draw(dice, 4) > 0 ? 0 : (int)draw(dice, SITES), batch, (int)draw(dice, VISITORS));
	for (uint32_t i = 0; i < events; i++)
		event_add(all, s, (int)draw(dice, MONTHS), (int)draw(dice, SITES), batch, draw(dice, 3) == 0 ? draw(dice, 4) : draw(dice, 14), draw(dice, 2) == 0 ? draw(dice, 3) : draw(dice, 20));
}

static void
story_free(struct story *s, struct all *all)
{
	for (size_t i = 0; i < s->count; i++) {
		json_decref(s->runs[i].report);
		json_decref(s->runs[i].cells);
	}
	told_free(&all->told);
}

/* ---- what follows from facts ---- */

struct facts { double m[RUNS_MAX][VARS]; size_t count, width; };

static bool
worked_out(const struct facts *f, const double *want)
{
	double v[VARS];

	memcpy(v, want, f->width * sizeof(*v));
	return follows_from(f->m[0], f->count, VARS, f->width, v);
}

/* ---- attack one: any stretch of months, at one site or at all, as it was at any run, and what came between two ---- */

static void
mark(double v[VARS], int from, int to, int site, int first, int last)
{
	memset(v, 0, VARS * sizeof(*v));
	for (int m = from; m <= to; m++)
		for (int s = 0; s < SITES; s++)
			for (int b = first; b <= last; b++)
				if (site < 0 || s == site)
					v[VAR(m, s, b)] = 1;
}

static size_t
attack_sums(const struct story *s, size_t line, const uint32_t truth[VARS], uint32_t seed, bool must_hold, size_t *small)
{
	struct facts f = { .width = VARS };
	size_t told = 0;

	for (size_t i = 0; i < s->count; i++)
		if (json_is_number(shown(&s->runs[i], line)))
			mark(f.m[f.count++], s->runs[i].from, s->runs[i].to, s->runs[i].site, 0, s->runs[i].batch);
	f.count = eliminate(f.m[0], f.count, VARS, f.width);
	for (int from = 0; from < MONTHS; from++)
		for (int to = from; to < MONTHS; to++)
			for (int site = -1; site < SITES; site++)
				for (int first = 0; first < RUNS_MAX; first++)
					for (int last = first; last < RUNS_MAX; last++) {
						double v[VARS];
						uint32_t n = 0;

						mark(v, from, to, site, first, last);
						for (size_t i = 0; i < VARS; i++)
							n += v[i] > 0 ? truth[i] : 0;
						if (n == 0 || !worked_out(&f, v))
							continue;
						if (n < REPORT_K && must_hold)
							fail_msg("seed %u, line %zu: months %d to %d, site %d, batches %d to %d are known to be %u", seed, line, from, to, site, first, last, n);
						*small += n < REPORT_K;
						told++;
					}
	return told;
}

/* ---- attack two: visitors by the runs that they are in, and any union of such groups ---- */

static bool
in_run(const struct published *p, const struct visit *v)
{
	return v->month >= p->from && v->month <= p->to && (p->site < 0 || p->site == v->site) && v->batch <= p->batch;
}

/* Whatever is in the one must be in the other: who attacks knows the two periods, sites and times. */
static bool
inside_of(const struct published *a, const struct published *b)
{
	return a->from >= b->from && a->to <= b->to && (b->site < 0 || a->site == b->site) && a->batch <= b->batch;
}

static bool
possible(const struct story *s, size_t pattern)
{
	for (size_t a = 0; a < s->count; a++)
		for (size_t b = 0; b < s->count; b++)
			if ((pattern >> a & 1) != 0 && (pattern >> b & 1) == 0 && inside_of(&s->runs[a], &s->runs[b]))
				return false;
	return pattern != 0;
}

static size_t
attack_visitors(const struct story *s, const struct all *all, uint32_t seed, bool must_hold, size_t *small)
{
	size_t patterns[PATTERNS], count = 0, told = 0;
	uint32_t truth[PATTERNS] = { 0 };
	struct facts f = { .count = 0 };

	for (size_t pattern = 1; pattern < (size_t)1 << s->count; pattern++)
		if (possible(s, pattern))
			patterns[count++] = pattern;
	for (int who = 0; who < VISITORS; who++) {
		size_t pattern = 0;

		for (size_t r = 0; r < s->count; r++)
			for (size_t i = 0; i < all->visit_count; i++)
				if (all->visits[i].visitor == who && in_run(&s->runs[r], &all->visits[i]))
					pattern |= (size_t)1 << r;
		for (size_t i = 0; i < count; i++)
			truth[i] += patterns[i] == pattern;
	}
	f.width = count;
	for (size_t r = 0; r < s->count; r++)
		if (json_is_number(shown(&s->runs[r], LINE_U))) {
			for (size_t i = 0; i < count; i++)
				f.m[f.count][i] = (double)(patterns[i] >> r & 1);
			f.count++;
		}
	f.count = eliminate(f.m[0], f.count, VARS, f.width);
	for (size_t set = 1; set < (size_t)1 << count; set++) {
		double v[VARS];
		uint32_t n = 0;

		for (size_t i = 0; i < count; i++) {
			v[i] = (double)(set >> i & 1);
			n += (set >> i & 1) != 0 ? truth[i] : 0;
		}
		if (n == 0 || !worked_out(&f, v))
			continue;
		if (n < REPORT_K && must_hold)
			fail_msg("seed %u: %u visitors are known, those of set %zx of %zu groups", seed, n, set, count);
		*small += n < REPORT_K;
		told++;
	}
	return told;
}

/* ---- ---- */

static void
tell_story(struct all *all, struct story *s, uint32_t seed, size_t runs_most, bool forgetful)
{
	uint32_t dice = seed * 77, runs = 2 + draw(&dice, (uint32_t)runs_most - 1);
	int batch = 0;

	arrive(all, s, &dice, 0);
	for (uint32_t r = 0; r < runs; r++) {
		int from = draw(&dice, 2) == 0 ? 0 : (int)draw(&dice, MONTHS);

		s->runs[r] = (struct published){ .from = from, .to = from + (int)draw(&dice, (uint32_t)(MONTHS - from)), .site = (int)draw(&dice, SITES + 1) - 1 };
		if (r > 0 && draw(&dice, 2) == 0) { /* the period of before, for another site */
			s->runs[r].from = s->runs[r - 1].from;
			s->runs[r].to = s->runs[r - 1].to;
		}
		if (r > 0 && draw(&dice, 3) == 0)
			arrive(all, s, &dice, ++batch);
		s->runs[r].batch = batch;
		run_once(all, s, forgetful);
	}
}

static size_t
all_stories(uint32_t seeds, bool forgetful, size_t *small)
{
	struct profile *p;
	struct err err = ERR_INIT;
	size_t told = 0;

	if (profile_parse(&p, BYTES_STR(world), &err) != ERR_OK)
		fail_msg("%s", err.text);
	for (uint32_t seed = 1; seed <= seeds; seed++) {
		struct all all = { .p = p };
		struct story s = { .count = 0 };

		tell_story(&all, &s, seed, seed % 4 == 0 ? RUNS_MAX : 3, forgetful);
		told += attack_sums(&s, LINE_V, s.visits, seed, !forgetful, small);
		told += attack_sums(&s, LINE_P, s.heads, seed, !forgetful, small);
		told += attack_sums(&s, LINE_P, s.rest, seed, !forgetful, small); /* every sum of the whole is known */
		told += attack_visitors(&s, &all, seed, !forgetful, small);
		story_free(&s, &all);
	}
	profile_free(p);
	return told;
}

static void
no_heads_and_no_visitors_can_be_worked_out_from_several_sites(void **state)
{
	size_t small = 0;

	(void)state;
	assert_true(all_stories(2000, false, &small) > 4000); /* and much is still told */
	assert_int_equal(small, 0);
}

/* The attack is worth something: against reports that forget what was published it succeeds. */
static void
without_the_ledger_the_same_attack_succeeds(void **state)
{
	size_t small = 0;

	(void)state;
	(void)all_stories(200, true, &small);
	assert_true(small > 20);
}

/*
 * Two sites told, then all three together: neither of the runs differs from the other by a few, only the
 * three of them leave the third site's. Rows that the same runs count are asked for as one.
 */
static void
what_several_sites_leave_of_all_is_not_told(void **state)
{
	struct profile *p;
	struct story s = { .count = 0 };
	struct all all;
	struct err err = ERR_INIT;
	size_t small = 0;

	(void)state;
	if (profile_parse(&p, BYTES_STR(world), &err) != ERR_OK)
		fail_msg("%s", err.text);
	all = (struct all){ .p = p };
	for (int i = 0; i < 63; i++) /* 30, 30 and 3, who stand for 60, 60 and 3 visits */
		for (int k = 0; k < (i < 60 ? 2 : 1); k++)
			visit_add(&all, &s, 0, i / 30, 0, i);
	for (int site = 0; site < SITES; site++)
		event_add(&all, &s, 0, site, 0, site < 2 ? 20 : 4, site < 2 ? 30 : 2);
	for (int i = 0; i < 3; i++) {
		s.runs[i] = (struct published){ .to = 1, .site = i < 2 ? i : -1 };
		run_once(&all, &s, false);
	}
	assert_true(json_is_number(shown(&s.runs[0], LINE_V)) && json_is_number(shown(&s.runs[1], LINE_V)));
	assert_true(json_is_number(shown(&s.runs[0], LINE_P)) && json_is_number(shown(&s.runs[1], LINE_U)));
	for (size_t line = LINE_P; line <= LINE_U; line++)
		assert_true(json_is_null(shown(&s.runs[2], line)));
	(void)attack_sums(&s, LINE_V, s.visits, 0, true, &small);
	(void)attack_sums(&s, LINE_P, s.rest, 0, true, &small);
	(void)attack_visitors(&s, &all, 0, true, &small);
	story_free(&s, &all);
	profile_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_several_sites_leave_of_all_is_not_told),
		cmocka_unit_test(no_heads_and_no_visitors_can_be_worked_out_from_several_sites),
		cmocka_unit_test(without_the_ledger_the_same_attack_succeeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
