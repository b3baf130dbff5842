/*
 * Which rows a line counts: its window, its site and its conditions, each
 * condition with its values as words.
 */
#include <stdio.h>

#include "base/mem.h"
#include "casework/records.h"
#include "casework/report_count.h"

/* ---- days ---- */

static bool
day_shift(const char *day, int64_t by, char out[16])
{
	char text[40];
	int64_t ms;
	int16_t offset;

	snprintf(text, sizeof(text), "%.10sT00:00:00Z", day);
	if (!time_parse(text, &ms, &offset))
		return false;
	time_print(text, ms + by * 86400000, 0);
	memcpy(out, text, 10);
	out[10] = '\0';
	return true;
}

static int64_t
days_between(const char *from, const char *to)
{
	char text[40];
	int64_t a = 0, b = 0;
	int16_t offset;

	snprintf(text, sizeof(text), "%.10sT00:00:00Z", from);
	(void)time_parse(text, &a, &offset);
	snprintf(text, sizeof(text), "%.10sT00:00:00Z", to);
	(void)time_parse(text, &b, &offset);
	return (b - a) / 86400000;
}

bool
window_previous(const char *from, const char *to, char out_from[16], char out_to[16])
{
	return day_shift(from, -1, out_to) && day_shift(from, -1 - days_between(from, to), out_from);
}

/* ---- conditions, with their values as words ---- */

static bool
test_take(struct test *t, size_t *cap, uint32_t word)
{
	uint32_t *more = word != 0 ? mem_room(t->words, t->count, cap, sizeof(*more)) : NULL; /* 0: there was no memory for it */

	if (more == NULL)
		return false;
	t->words = more;
	t->words[t->count++] = word;
	return true;
}

/* A roll-up is all its codes. */
static bool
test_values(struct run *r, struct test *t)
{
	const struct profile_field *f = t->c->path.step[t->c->path.count - 1];
	size_t cap = 0;

	for (size_t i = 0; i < t->c->value_count; i++) {
		if (t->c->kind != RC_ROLLUP) {
			if (!test_take(t, &cap, store_word(&r->store, t->c->values[i])))
				return false;
			continue;
		}
		for (size_t k = 0; k < f->list->choice_count; k++)
			if (f->list->choices[k].rollup != NULL && strcmp(f->list->choices[k].rollup, t->c->values[i]) == 0 &&
			    !test_take(t, &cap, store_word(&r->store, f->list->choices[k].code)))
				return false;
	}
	return true;
}

/* proto/report.md, 3: `times` stretches of `days` days, the last ending on the last day of the period. */
static bool
test_active(struct run *r, struct test *t, const struct rows *of, const char *to)
{
	const struct report_active *a = &t->c->active;
	const struct rows *rows = store_rows(&r->store, a->type);
	struct report_path ref = { { a->ref }, 1 }, date = { { a->date }, 1 }, sum = { { a->sum }, 1 };
	double *sums = mem_zero(of->count * a->times + 1, sizeof(*sums));
	char (*bound)[16] = mem_zero(a->times + 1, sizeof(*bound));
	bool ok;

	t->active = mem_zero(of->count + of->supposed + 1, 1);
	ok = sums != NULL && bound != NULL && t->active != NULL;
	for (uint32_t w = 0; ok && w <= a->times; w++)
		ok = day_shift(to, -(int64_t)a->days * w, bound[w]);
	for (size_t i = 0; ok && i < rows->count; i++) {
		uint32_t who = store_follow(&r->store, a->type, i, &ref), day = store_follow(&r->store, a->type, i, &date);
		uint32_t much = store_follow(&r->store, a->type, i, &sum);
		const char *on = store_text(&r->store, day);

		size_t row = store_row(&r->store, of, who);

		if (row == SIZE_MAX || day == 0)
			continue;
		for (uint32_t w = 0; w < a->times; w++)
			if (strcmp(on, bound[w + 1]) > 0 && strcmp(on, bound[w]) <= 0)
				sums[row * a->times + w] += r->store.words.number[much];
	}
	for (size_t i = 0; ok && i < of->count; i++) {
		t->active[i] = 1;
		for (uint32_t w = 0; w < a->times; w++)
			t->active[i] &= sums[i * a->times + w] >= a->least;
	}
	for (size_t i = 0; ok && i < of->supposed; i++)
		t->active[of->count + i] = t->active[of->like[i]];
	mem_free(sums);
	mem_free(bound);
	return ok;
}

bool
tests_make(struct run *r, const struct report_line *l, const struct report_condition *c, size_t count, const char *to, struct test **out)
{
	struct test *t = mem_zero(count + 1, sizeof(*t));

	*out = t;
	if (t == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		t[i].c = &c[i];
		if (c[i].kind == RC_ACTIVE) {
			if (!test_active(r, &t[i], store_rows(&r->store, l->type), to))
				return false;
			continue;
		}
		t[i].set = c[i].path.step[c[i].path.count - 1]->shape == SHAPE_SET;
		if (!test_values(r, &t[i]))
			return false;
	}
	return true;
}

void
tests_free(struct test *t, size_t count)
{
	for (size_t i = 0; i < count && t != NULL; i++) {
		mem_free(t[i].words);
		mem_free(t[i].active);
	}
	mem_free(t);
}

static bool
word_among(const struct test *t, uint32_t word)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->words[i] == word)
			return true;
	return false;
}

static bool
test_one(const struct run *r, const struct test *t, const struct profile_type *type, size_t row)
{
	uint32_t word;
	bool among = false, present;

	if (t->c->kind == RC_ACTIVE)
		return t->active[row] != 0;
	word = store_follow(&r->store, type, row, &t->c->path);
	present = t->set ? r->store.pool[word] > 0 : word != 0;
	if (t->c->kind == RC_PRESENT || t->c->kind == RC_ABSENT)
		return present == (t->c->kind == RC_PRESENT);
	if (!t->set)
		among = word_among(t, word);
	for (uint32_t i = 0; t->set && i < r->store.pool[word] && !among; i++)
		among = word_among(t, r->store.pool[word + 1 + i]);
	return among == (t->c->kind != RC_NOT);
}

bool
test_all(const struct run *r, const struct test *t, size_t count, const struct profile_type *type, size_t row)
{
	for (size_t i = 0; i < count; i++)
		if (!test_one(r, &t[i], type, row))
			return false;
	return true;
}

/* ---- inside ---- */

const char *
row_day(const struct run *r, const struct report_line *l, size_t row)
{
	for (size_t i = 0; i < l->date_count; i++) {
		uint32_t word = store_follow(&r->store, l->type, row, &l->date[i]);

		if (word != 0)
			return store_text(&r->store, word);
	}
	return NULL;
}

/* Days compare as text. What has no beginning began before, what has no end goes on. */
static bool
in_window(struct run *r, const struct report_line *l, size_t row, const char *from, const char *to, uint64_t *undated)
{
	const char *day, *first, *last;

	if (l->from.count > 0) {
		first = store_text(&r->store, store_follow(&r->store, l->type, row, &l->from));
		last = store_text(&r->store, store_follow(&r->store, l->type, row, &l->to));
		return strncmp(first, to, 10) <= 0 && (last[0] == '\0' || strncmp(last, from, 10) >= 0);
	}
	if (l->date_count == 0)
		return true;
	day = row_day(r, l, row);
	if (day == NULL) {
		(*undated)++;
		return false;
	}
	return strncmp(day, from, 10) >= 0 && strncmp(day, to, 10) <= 0;
}

bool
inside(struct walk *w, size_t row)
{
	struct run *r = w->run;

	if (r->site_path != NULL && store_follow(&r->store, w->line->type, row, r->site_path) != r->site)
		return false;
	if (!test_all(r, w->where, w->line->where_count, w->line->type, row))
		return false;
	return in_window(r, w->line, row, w->from, w->to, &w->undated);
}
