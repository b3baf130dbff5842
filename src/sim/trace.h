/*
 * What happened, line by line. The lines are hashed as they come: two runs of
 * one seed must end with one hash (I14). With `show` they are printed too.
 */
#ifndef FALTBOK_SIM_TRACE_H
#define FALTBOK_SIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct trace {
	uint64_t hash, lines;
	const uint64_t *now_ns; /* the world's time, printed in front */
	bool show;
	bool off; /* nothing is noted: nobody will ask for the hash */
};

void trace_line(struct trace *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Hashed and never printed: bytes on wires and disks. */
void trace_bytes(struct trace *t, struct bytes data);

#endif
