/*
 * A sum by a field of somebody: hours by the languages of the volunteer who gave them. Whoever stands behind a
 * cell is named by the ref before the field. One person may stand in several cells and all sums are known, so
 * cells are shown one by one, most persons first, while every group of persons that the shown cells tell apart,
 * and what they leave of all, has at least k (proto/report.md, 4). Nobody small is then a combination of them.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/table.h"
#include "casework/report_count.h"

struct person { uint64_t side; double much; size_t row; bool inside; }; /* side: of which shown cells */
struct candidate { size_t cell; uint64_t persons; const char *key; };
struct behind { struct person *all; size_t count; };

/* By word of the ref; place 0 is for all records that name nobody. */
static bool
gather(struct walk *w, const struct result *x, struct behind *b)
{
	struct store *s = &w->run->store;
	struct report_path who = w->line->group;

	who.count--;
	b->count = s->words.count + 1;
	b->all = mem_zero(b->count, sizeof(*b->all));
	for (size_t row = 0; b->all != NULL && row < x->rows->count; row++) {
		uint32_t sum = inside(w, row) ? store_follow(s, w->line->type, row, &w->line->field) : 0;
		struct person *p = sum == 0 ? NULL : &b->all[store_follow(s, w->line->type, row, &who)];

		if (p == NULL)
			continue;
		p->row = row;
		p->much += s->words.number[sum];
	}
	for (size_t i = 0; b->all != NULL && i < b->count; i++)
		b->all[i].inside = b->all[i].much != 0; /* who adds nothing hides nobody */
	return b->all != NULL;
}

static uint64_t
stands_in(struct run *r, const struct table *t, const struct person *p, const struct cell *c)
{
	return p->inside && row_in_cell(r, t, p->row, c->word);
}

static int
by_persons(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->persons != y->persons)
		return x->persons > y->persons ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* Would each group that is told apart still be k persons, or none? */
static bool
may_show(struct run *r, const struct table *t, const struct behind *b, const struct cell *c, bool *no_memory)
{
	struct table *groups = table_new(sizeof(uint64_t));
	const void *key;
	uint64_t *n;
	size_t at = 0;
	bool ok = true;

	*no_memory = groups == NULL;
	for (size_t i = 0; i < b->count && !*no_memory; i++) {
		uint64_t side = b->all[i].side * 2 + stands_in(r, t, &b->all[i], c);

		if (!b->all[i].inside)
			continue;
		n = table_put(groups, &side);
		*no_memory = n == NULL;
		if (n != NULL)
			++*n;
	}
	while (!*no_memory && ok && table_next(groups, &at, &key, &n))
		ok = *n >= REPORT_K;
	table_free(groups);
	return ok && !*no_memory;
}

enum { SHOWN_MOST = 60 }; /* a side is a word; no more cells are told apart, and more are not shown */

static bool
choose(struct run *r, struct table *t, struct behind *b, const struct candidate *order)
{
	size_t shown = 0;
	bool no_memory = false;

	for (size_t i = 0; i < t->count && !no_memory; i++) {
		struct cell *c = &t->cells[order[i].cell];

		c->hidden = shown == SHOWN_MOST || order[i].persons < REPORT_K || !may_show(r, t, b, c, &no_memory);
		for (size_t k = 0; k < b->count && !c->hidden; k++)
			b->all[k].side = b->all[k].side * 2 + stands_in(r, t, &b->all[k], c);
		shown += !c->hidden;
	}
	return !no_memory;
}

bool
hide_behind(struct walk *w, struct result *x)
{
	struct table *t = &x->tables[0];
	struct behind b = { NULL, 0 };
	struct candidate *order = mem_zero(t->count + 1, sizeof(*order));
	bool ok = order != NULL && gather(w, x, &b);

	for (size_t i = 0; ok && i < t->count; i++) {
		order[i] = (struct candidate){ .cell = i, .key = cell_key(w->run, &t->cells[i]) };
		for (size_t k = 0; k < b.count; k++)
			order[i].persons += stands_in(w->run, t, &b.all[k], &t->cells[i]);
	}
	if (ok && t->count > 0)
		qsort(order, t->count, sizeof(*order), by_persons);
	ok = ok && choose(w->run, t, &b, order);
	mem_free(b.all);
	mem_free(order);
	return ok;
}
