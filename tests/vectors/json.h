/*
 * Just enough JSON to print vectors: rows of named fields, bytes in hex.
 */
#ifndef FALTBOK_VECTORS_JSON_H
#define FALTBOK_VECTORS_JSON_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static bool json_first;

static inline void
json_sep(void)
{
	if (!json_first)
		printf(",");
	json_first = false;
}

static inline void
json_open(const char *name, char bracket) /* name may be NULL inside a list */
{
	json_sep();
	if (name != NULL)
		printf("\n\"%s\": %c", name, bracket);
	else
		printf("\n%c", bracket);
	json_first = true;
}

static inline void
json_close(char bracket)
{
	printf("%c", bracket);
	json_first = false;
}

static inline void
json_text(const char *name, const char *text)
{
	json_sep();
	printf("\"%s\": \"%s\"", name, text);
}

static inline void
json_hex(const char *name, const void *p, size_t len)
{
	json_sep();
	if (name != NULL)
		printf("\"%s\": ", name);
	printf("\"");
	for (size_t i = 0; i < len; i++)
		printf("%02x", ((const uint8_t *)p)[i]);
	printf("\"");
}

static inline void
json_uint(const char *name, uint64_t v)
{
	json_sep();
	if (name != NULL)
		printf("\"%s\": ", name);
	printf("%" PRIu64, v);
}

static inline void
json_bool(const char *name, bool v)
{
	json_sep();
	printf("\"%s\": %s", name, v ? "true" : "false");
}

#endif
