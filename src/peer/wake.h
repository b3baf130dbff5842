/*
 * Notices that the machine has slept: one of its clocks stood still
 * meanwhile. Whoever meets others then finds out whether they are still there.
 */
#ifndef FALTBOK_PEER_WAKE_H
#define FALTBOK_PEER_WAKE_H

#include "base/env.h"

struct wake;

/* `woke` is called within ten seconds of running again, and when the clock is set forward by more than twenty. NULL: out of memory. */
struct wake *wake_new(struct env *env, void (*woke)(void *ctx), void *ctx);
void wake_free(struct wake *w);

#endif
