/* A world of heads that reports are told of: each has a kind, one of two things, a day and hours. */
#ifndef FALTBOK_TESTS_TOLD_HEADS_H
#define FALTBOK_TESTS_TOLD_HEADS_H

#include "told.h"

static const char world[] =
	"{\"profile\": \"heads\", \"version\": 1, \"lists\": ["
	"{\"name\": \"kind\", \"rollups\": {\"big\": {\"sv\": \"stor\"}}, \"choices\": [{\"code\": \"a\", \"rollup\": \"big\"}, {\"code\": \"b\", \"rollup\": \"big\"},"
	" {\"code\": \"c\", \"rollup\": \"low\"}, {\"code\": \"d\", \"rollup\": \"low\"}]},"
	"{\"name\": \"two\", \"choices\": [{\"code\": \"x\"}, {\"code\": \"y\"}]}],"
	"\"types\": [{\"number\": 2, \"name\": \"head\", \"group\": \"own\", \"class\": \"statistics\", \"fields\": ["
	"{\"number\": 1, \"name\": \"kind\", \"type\": \"choice\", \"list\": \"kind\"}, {\"number\": 2, \"name\": \"two\", \"type\": \"choice\", \"list\": \"two\"},"
	"{\"number\": 3, \"name\": \"day\", \"type\": \"date\"}, {\"number\": 4, \"name\": \"much\", \"type\": \"decimal\"}]}],"
	"\"units\": {\"head\": \"persons\", \"head.much\": \"hours\"},"
	"\"reports\": [{\"name\": \"all\", \"sections\": [{\"id\": \"s\"}], \"lines\": [%s]}]}";
#define LINE(id, unit, measure, class, more) \
	"{\"id\": \"" id "\", \"section\": \"s\", \"unit\": \"" unit "\", \"measure\": \"" measure "\", \"class\": \"" class "\", \"type\": \"head\"" more "}"
#define DAY ", \"date\": \"day\""

static inline enum err_code
world_with(const char *lines, struct profile **out, struct err *err)
{
	static char json[16384];

	snprintf(json, sizeof(json), world, lines);
	return profile_parse(out, BYTES_STR(json), err);
}

static inline void
person_add(struct told *all, const struct profile *p, const char *kind, const char *two, const char *day, const char *much)
{
	const char *const fields[][2] = { { "kind", kind }, { "two", two }, { "day", day }, { "much", much } };

	told_add(all, p, "head", OP_SET, fields, 4);
}

#endif
