#include "sim/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Every byte written to a disk passes here. Nobody chooses bytes to make two runs look alike: a plain mixing will do. */
void
trace_bytes(struct trace *t, struct bytes data)
{
	uint64_t hash = t->hash ^ data.len, word = 0;
	const uint8_t *at = data.p;
	size_t left = data.len;

	if (t->off)
		return;
	for (; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word)); /* byte order of the machine, as in siphash() */
		hash = (hash << 29 | hash >> 35) * UINT64_C(0x9e3779b97f4a7c15) ^ word;
	}
	word = 0;
	for (size_t i = 0; i < left; i++)
		word |= (uint64_t)at[i] << (8 * i);
	hash = ((hash << 29 | hash >> 35) * UINT64_C(0x9e3779b97f4a7c15) ^ word) * UINT64_C(0xd6e8feb86659fd93);
	t->hash = hash ^ hash >> 32;
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
