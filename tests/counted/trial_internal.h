/* Between trial.c and still.c. */
#ifndef FALTBOK_TESTS_COUNTED_TRIAL_INTERNAL_H
#define FALTBOK_TESTS_COUNTED_TRIAL_INTERNAL_H

#include "held.h"
#include "trial.h"

/* Says on stdout what does not hold; false. */
bool trial_found(const struct trial *t, const char *what, const char *more);
/* The kept disk, the program, and what this scene needs before it; and all programs end. */
bool trial_room_begin(struct room *r, const struct scene *s, struct err *err);
void trial_room_end(struct room *r);
/* The program starts again and is left running: what it finds, and what it says of it. */
bool trial_stands(const struct trial *t, bool answered);
/* The whole trial of one scene on a disk that takes no write. */
bool trial_still(struct trial *t, bool *struck);

#endif
