/* One fault, or two, in one way to the database, and what must hold after it. */
#ifndef FALTBOK_TESTS_PGCRASH_TRIAL_H
#define FALTBOK_TESTS_PGCRASH_TRIAL_H

#include "way.h"
#include "wire.h"

struct trial {
	const struct way *way;
	enum wire_fault fault;
	long nth;            /* statement, or allocation of libpq */
	bool for_ever;       /* until whoever asked has been told */
	bool dies;           /* the hub's process ends there and then; else it lives on, and comes back by itself */
	enum wire_fault again; /* once more while it recovers, or WIRE_NONE */
	long again_nth;
};

struct trial_counts { uint64_t points, twice, killed, missed, failed; };

/* How much of everything the way asks for when nothing fails. False: it fails; said on stdout. */
bool trial_measure(struct bench *b, const struct way *way, long *statements, long *allocations);
void trial_run(struct bench *b, const struct trial *t, struct trial_counts *counts);

#endif
