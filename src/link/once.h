/*
 * First messages of handshakes that have been answered, so that none is
 * answered twice: who plays back what it has recorded on the network gets not
 * one byte, no more than somebody who sends noise.
 *
 * Only messages that opened under a key of ours are put here, so strangers
 * cannot fill it. It keeps at least the last ONCE_KEPT of them and at most
 * twice as many, and begins empty: it is as old as the listener that owns it.
 * Spec: proto/sync.md, 1.
 */
#ifndef FALTBOK_LINK_ONCE_H
#define FALTBOK_LINK_ONCE_H

#include <stdbool.h>
#include <stdint.h>

enum { ONCE_KEPT = 32768, ONCE_FIRST_BYTES = 48 };

struct once;

struct once *once_new(void); /* NULL when out of memory */
void once_free(struct once *o);

/* Has it been noted here? */
bool once_knows(const struct once *o, const uint8_t message[ONCE_FIRST_BYTES]);
/* Notes it. False when it was here before, or when there is no memory to note it: then it is not to be answered. */
bool once_first(struct once *o, const uint8_t message[ONCE_FIRST_BYTES]);

#endif
