/*
 * Memory that fails. An operation asks for it hundreds of times, or a hundred
 * thousand: it is not begun anew for each, but asked once, and at each
 * allocation a child goes on in which this one is refused, once or from there
 * on, while the parent is given it and comes to the next.
 */
#ifndef FALTBOK_TESTS_COUNTED_MEMORY_H
#define FALTBOK_TESTS_COUNTED_MEMORY_H

#include "trial.h"

enum { BESIDE_MAX = 16 };

/* The first, and each `step`th after it; or none but the first, when step is 0. `beside`: so many children at one time. */
struct which { long first, step; int beside; };

/* Adds what held and what did not, which is said on stdout. A child that is killed did not. */
void memory_sweep(struct trial *t, const struct which *which, uint64_t *passed, uint64_t *failed);

#endif
