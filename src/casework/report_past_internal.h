/* What report_past.c (earlier runs) shares with report_late.c (what came late) and report_between.c (what runs have between them). */
#ifndef FALTBOK_CASEWORK_REPORT_PAST_INTERNAL_H
#define FALTBOK_CASEWORK_REPORT_PAST_INTERNAL_H

#include "casework/report_guard.h"

struct past_run {
	const struct report_past *past;
	struct result *results;
	bool near;                 /* its period meets this one's, or that of a run that does */
};

/* One field over all runs, and every total. */
/* What came late into a fact, in places of the vector: one for its records, one for each of its cells. */
struct late { bool moved; size_t group, cells; };

struct family {
	struct guard g;
	const struct table *of;    /* the line of this run that it is about */
	size_t place;              /* which table of that line */
	struct late *late;         /* by fact */
	size_t *group_run, group_count, late_count;
	uint64_t *group_sign;
	uint32_t *other;           /* scratch, a vector */
};

/* By what the ledger names a cell; and the cell that it names, or SIZE_MAX. */
const char *told_key(const struct run *r, const struct table *t, size_t cell);
size_t told_cell_at(const struct run *r, const struct table *t, const char *key);
bool only_total(const struct table *t);
bool same_line(const struct table *a, const struct table *b);
/* The table of this run that tells of the same line, if it has one. */
struct table *family_counterpart(struct family *f, const struct table *t);
/* Hides a count of this run that stands beside the cell of an earlier one. False: nothing is left. */
bool family_hide(struct family *f, const struct run *r, struct table *t, size_t cell);

/* late.c: gives what came late its places in the vector; then finds one leak and hides one count, or false. */
bool family_plan_late(struct family *f, const struct past_run *runs, size_t count);
bool family_close_late(struct family *f, const struct run *r);
/* between.c: the same for what runs have between them. */
bool family_close_between(struct family *f, const struct run *r);

#endif
