/* One fault in one operation, and what must hold after it. */
#ifndef FALTBOK_TESTS_COUNTED_TRIAL_H
#define FALTBOK_TESTS_COUNTED_TRIAL_H

#include "room.h"

enum kind { MEMORY, WRITE, SYNC, READ, SPACE, POWER, STILL, KINDS };

extern const struct kind_row { const char *name; enum disk_fault fault; bool lasts; } kinds[KINDS];
extern const struct scene opening; /* stands for no operation: the program starts */

/* What an operation does when nothing fails. */
struct whole {
	uint64_t before, entries;
	size_t nodes;
	long memory, changes; /* changes: calls that write to the disk or sync it */
	json_t *answer;       /* of what only reads; else NULL */
};

struct trial {
	struct room *room;
	const struct scene *scene;
	const struct whole *whole;
	enum kind kind;
	long nth;
	bool lasting, again; /* again: it was asked a second time although some of it had been saved */
	json_t *params;      /* from trial_begin() to trial_end() */
};

/* False: it fails although nothing is wrong; said on stdout. */
bool trial_measure(struct room *r, const struct scene *s, struct whole *w);
/* One fault of the disk. False: something does not hold; said on stdout. *struck: the fault came to pass. */
bool trial_run(struct trial *t, bool *struck);

/* The same in steps, for who brings the fault about elsewhere (memory.c): begin, act, judge, end. */
bool trial_begin(struct trial *t);
bool trial_act(struct trial *t); /* true: it answered */
bool trial_judge(struct trial *t, bool answered, bool struck);
void trial_end(struct trial *t);

#endif
