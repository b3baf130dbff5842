/* What report_count.c shares with report_test.c (which rows) and report_lists.c (lists and totals). */
#ifndef FALTBOK_CASEWORK_REPORT_COUNT_H
#define FALTBOK_CASEWORK_REPORT_COUNT_H

#include "casework/report_internal.h"

/* A condition with its values as words. */
struct test {
	const struct report_condition *c;
	uint32_t *words;
	size_t count;
	bool set;
	uint8_t *active; /* by row */
};
bool tests_make(struct run *r, const struct report_line *l, const struct report_condition *c, size_t count, const char *to, struct test **out);
void tests_free(struct test *t, size_t count);
bool test_all(const struct run *r, const struct test *t, size_t count, const struct profile_type *type, size_t row);

/* One line over the rows of its type; `undated` counts those that no window can take. */
struct walk { struct run *run; const struct report_line *line; struct test *where; const char *from, *to; uint64_t undated; };
bool inside(struct walk *w, size_t row);
const char *row_day(const struct run *r, const struct report_line *l, size_t row); /* NULL: it has none */

bool row_in_cell(struct run *r, const struct table *t, size_t row, uint32_t word); /* may stand in several where the field is a set */
/* behind.c: of a sum by a field of those who stand behind it, hides the cells that few stand behind. False: out of memory. */
bool hide_behind(struct walk *w, struct result *x);

bool fill_list(struct walk *w, struct result *x);
void fill_reconcile(struct walk *w, struct result *x);

#endif
