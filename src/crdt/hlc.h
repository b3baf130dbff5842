/*
 * Hybrid logical clock: wall milliseconds << 16 | counter. It orders what is
 * shown; what replaces what is decided by `over` alone. A remote value more
 * than 24 h ahead of our wall clock is kept but never followed.
 * Spec: proto/crdt.md, 3 "Clock".
 */
#ifndef FALTBOK_CRDT_HLC_H
#define FALTBOK_CRDT_HLC_H

#include <stdbool.h>
#include <stdint.h>

uint64_t hlc_next(uint64_t *last, int64_t wall_ms);           /* for a change of our own */
bool hlc_observe(uint64_t *last, uint64_t remote, int64_t wall_ms); /* false: suspect, not followed */
int64_t hlc_ms(uint64_t hlc);

#endif
