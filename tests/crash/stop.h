/* A machine is stopped at one write of a path, and what is left of it is looked at as often as one likes. */
#ifndef FALTBOK_TESTS_CRASH_STOP_H
#define FALTBOK_TESTS_CRASH_STOP_H

#include "path.h"

struct stop {
	struct room *room;
	const struct path *path;
	uint64_t seed;
	long nth;              /* the power goes at that change of the disk, from 0 on */
	struct debt debt;
	struct still *still;
	uint64_t recovery;     /* changes of the disk that opening what was left has taken, at the most so far */
	uint64_t seen[4096];   /* digests of what was looked at */
	size_t seen_count;
};

struct stop_counts { uint64_t points, again, twice, deep, failed; };

/* What the path comes to when nothing fails: changes of the disk, and entries in debt->after. False: it fails; said on stdout. */
bool stop_measure(struct room *r, const struct path *p, const struct debt *kept, long *changes, uint64_t *after);
/* Runs it until the power goes; past its last change, until it goes when all is done. False: it cannot begin; said on stdout. */
bool stop_at(struct stop *s, const struct debt *kept, uint64_t after);
/*
 * One look at what such a cut may leave; its seed decides which sectors arrive and whether the power goes a second time
 * while the program starts. What was looked at before is counted as `again`, not as a point.
 */
void stop_look(struct stop *s, uint64_t k, struct stop_counts *counts);
void stop_free(struct stop *s);

#endif
