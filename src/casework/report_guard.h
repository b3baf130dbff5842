/* What report_guard.c (one run) shares with report_past.c and its parts (runs that were published before). */
#ifndef FALTBOK_CASEWORK_REPORT_GUARD_H
#define FALTBOK_CASEWORK_REPORT_GUARD_H

#include "casework/report_algebra.h"
#include "casework/report_internal.h"

/* A table as somebody may know it: all its published cells and its total, or only its total. */
struct fact { struct table *t; bool whole; };

/* One question over tables of one type. The rows that all its tables treat alike share a column. */
struct guard {
	struct run *run;
	const struct rows *rows;
	const struct table *of; /* any table of those it is about */
	struct fact *facts;
	size_t fact_count, fact_cap;
	size_t *columns;
	size_t column_count, column_cap, extra; /* places after the columns: what came late (report_late.c) */
	struct space space;
	uint32_t *vector;
};

/* cell CELL_WHOLE: the whole table; CELL_REST: every cell that is not published. */
static const size_t CELL_WHOLE = SIZE_MAX, CELL_REST = SIZE_MAX - 1;

bool same_counted(const struct table *a, const struct table *b); /* do both count the same persons? */
bool guard_fact(struct guard *g, struct table *t, bool whole);
/* Chooses columns and makes room, when all facts are there. */
bool guard_ready(struct guard *g, size_t extra);
void guard_wipe(struct guard *g);
size_t fact_cells(const struct fact *f); /* of values that are listed without counts only the total counts someone */
bool cell_published(const struct cell *c);
bool total_published(const struct table *t);
bool count_small(int64_t count);         /* 1 to k - 1 persons */
/* The group of records as a vector in g->vector; its number is 0. */
void guard_vector(struct guard *g, const struct table *t, size_t cell);
void guard_span(struct guard *g);        /* of all that the facts publish, `extra` left out */
bool guard_follows(struct guard *g);     /* g->vector, which is destroyed */
bool guard_close(struct guard *g);        /* finds one small count that follows, hides one more; false: there is none */
/* The same; and if nothing is left there, wherever something of this run is. */
bool guard_hide_near(struct guard *g, struct table *t, size_t cell);

#endif
