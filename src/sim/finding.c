#include "sim/finding.h"

#include <stdio.h>

void
finding_note(struct finding *f, struct trace *trace, const char *invariant, const char *fmt, va_list ap)
{
	if (f->invariant[0] != '\0')
		return;
	snprintf(f->invariant, sizeof(f->invariant), "%s", invariant);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	trace_line(trace, "FINDING %s: %s", f->invariant, f->text);
}
