/* What an oracle has to say: the first thing that does not hold. */
#ifndef FALTBOK_SIM_FINDING_H
#define FALTBOK_SIM_FINDING_H

#include <stdarg.h>

#include "sim/trace.h"

struct finding { char invariant[8]; char text[256]; }; /* "" when all is well */

/* Notes it, and a line in the trace; what comes after the first is left out. */
void finding_note(struct finding *f, struct trace *trace, const char *invariant, const char *fmt, va_list ap) __attribute__((format(printf, 4, 0)));

#endif
