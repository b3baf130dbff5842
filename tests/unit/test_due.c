/* Retention counts in days and in months as people do. */
#include "check.h"

#include "casework/due.h"

static void
a_month_that_is_too_short_ends_it(void **state)
{
	static const struct { const char *name, *from; enum retain_unit unit; uint32_t count; const char *want; } cases[] = {
		{ "a day", "2020-02-28", RETAIN_DAYS, 1, "2020-02-29" },
		{ "over a year", "2020-12-31", RETAIN_DAYS, 1, "2021-01-01" },
		{ "thirty days", "2020-01-15", RETAIN_DAYS, 30, "2020-02-14" },
		{ "a month", "2020-01-15", RETAIN_MONTHS, 1, "2020-02-15" },
		{ "a short month", "2021-01-31", RETAIN_MONTHS, 1, "2021-02-28" },
		{ "a leap month", "2020-01-31", RETAIN_MONTHS, 1, "2020-02-29" },
		{ "two years", "2019-02-01", RETAIN_MONTHS, 24, "2021-02-01" },
		{ "from a leap day", "2020-02-29", RETAIN_MONTHS, 12, "2021-02-28" },
		{ "over December", "2020-11-30", RETAIN_MONTHS, 3, "2021-02-28" },
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CHECK_TRUE(cases[i].name, day_after(cases[i].from, cases[i].unit, cases[i].count, out));
		if (strcmp(out, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].name, out);
	}
	CHECK_TRUE("past the calendar", !day_after("9990-01-01", RETAIN_MONTHS, 36500, out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_month_that_is_too_short_ends_it) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
