#include "sim/trace.h"

#include <stdarg.h>
#include <stdio.h>

#include "sim/prf.h"

void
trace_bytes(struct trace *t, struct bytes data)
{
	if (t->off)
		return;
	t->hash = siphash(t->hash, 0x7472616365u, data.p, data.len);
}

void
trace_line(struct trace *t, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	if (t->off)
		return;
	n = snprintf(line, sizeof(line), "[%9.3fs] ", (double)*t->now_ns / 1e9);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	trace_bytes(t, BYTES_STR(line));
	t->lines++;
	if (t->show)
		puts(line);
}
