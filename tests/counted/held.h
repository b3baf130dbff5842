/*
 * Disks that were opened after a trial, and held: the very same one, left by
 * the next of thousands of trials, is not opened again.
 */
#ifndef FALTBOK_TESTS_COUNTED_HELD_H
#define FALTBOK_TESTS_COUNTED_HELD_H

#include "sim/disk.h"

/* Before the first trial of a scene. */
void held_forget(void);
/* Of all that is on it, and of what decides what must be: whether it was answered, and asked twice. */
void held_hash(uint8_t out[16], struct disk *d, bool answered, bool again);
bool held_has(const uint8_t hash[16]);
void held_note(const uint8_t hash[16]);

#endif
