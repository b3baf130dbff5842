/* Numbers and addresses in free text: what is found, and what is left alone. Every number here is a test number or invented. */
#include "check.h"

#include "casework/personal.h"

static const struct { const char *name, *text, *masked; } cases[] = {
	{ "a personal number", "ring 121212-1212 i dag", "ring ••••••-•••• i dag" },
	{ "with its century", "19121212-1212", "••••••••-••••" },
	{ "without a hyphen", "nr 1212121212.", "nr ••••••••••." },
	{ "after a hundred years", "121212+1212", "••••••+••••" },
	{ "with a dash", "121212–1212", "•••••••••••" },
	{ "a coordination number", "701063-2391", "••••••-••••" },
	{ "in Arabic digits", "١٢١٢١٢-١٢١٢", "••••••-••••" },
	{ "in Persian digits", "۱۲۱۲۱۲۱۲۱۲", "••••••••••" },
	{ "a wrong check digit", "121212-1213", "121212-1213" },
	{ "a day that is not", "121232-1210", "121232-1210" },
	{ "a month that is not", "991312-1214", "991312-1214" },
	{ "inside a longer number", "9121212-12125", "9121212-12125" },
	{ "two of them", "121212-1212, 19121212-1212", "••••••-••••, ••••••••-••••" },
	{ "a mobile", "070-123 45 67", "•••-••• •• ••" },
	{ "a mobile as it is dialled", "0701234567", "••••••••••" },
	{ "from abroad", "+46 70 123 45 67", "+•• •• ••• •• ••" },
	{ "with noughts", "0046701234567", "•••••••••••••" },
	{ "with a bracket", "+46 (0)46-12 34 56", "+•• (•)••-•• •• ••" },
	{ "Lund", "046-12 34 56", "•••-•• •• ••" },
	{ "an address", "skriv till anna.test@exempel.se.", "skriv till ••••.••••@•••••••.••." },
	{ "an address with digits", "a1b2@x.org", "••••@•.•••" },
	{ "a date", "2019-09-02 kl 13:00–15:30", "2019-09-02 kl 13:00–15:30" },
	{ "amounts", "520 000 kr och 1 400 timmar", "520 000 kr och 1 400 timmar" },
	{ "a postal code", "223 50 Lund", "223 50 Lund" },
	{ "a registration number", "SO 2019/0089", "SO 2019/0089" },
	{ "an age", "0-17, 18-29, 30-64", "0-17, 18-29, 30-64" },
	{ "a code card", "7KDMR-9XWPT", "7KDMR-9XWPT" },
	{ "an at sign", "möte @ biblioteket kl 10", "möte @ biblioteket kl 10" },
	{ "no domain", "anna@lund", "anna@lund" },
	{ "nothing", "", "" },
};

static void
what_points_to_a_person_is_masked_and_the_rest_is_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf out = BUF_INIT;

		(void)personal_mask(&out, BYTES_STR(cases[i].text));
		if (strcmp(buf_str(&out), cases[i].masked) != 0)
			fail_msg("%s: \"%s\" became \"%s\"", cases[i].name, cases[i].text, buf_str(&out));
		buf_free(&out);
	}
}

static void
each_is_called_what_it_is(void **state)
{
	static const struct { const char *text; enum personal_kind kind; size_t at, len; } each[] = {
		{ "x 121212-1212", PERSONAL_NUMBER, 2, 11 }, { "tel 0701234567", PERSONAL_PHONE, 4, 10 }, { "mejl: a@b.se!", PERSONAL_EMAIL, 6, 6 },
	};
	struct personal_hit h;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(each); i++) {
		CHECK_TRUE(each[i].text, personal_next(BYTES_STR(each[i].text), 0, &h));
		assert_int_equal(h.kind, each[i].kind);
		assert_int_equal(h.at, each[i].at);
		assert_int_equal(h.len, each[i].len);
		CHECK_TRUE("no more", !personal_next(BYTES_STR(each[i].text), h.at + h.len, &h));
	}
}

/* Each text of the table in two halves, wherever it is cut: no read beyond the end, and progress. */
static void
a_text_may_end_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (size_t cut = 0; cut <= strlen(cases[i].text); cut++) {
			uint8_t *exact = test_malloc(cut + 1);
			struct buf out = BUF_INIT;

			memcpy(exact, cases[i].text, cut);
			(void)personal_mask(&out, BYTES(exact, cut));
			assert_true(buf_ok(&out));
			buf_free(&out);
			test_free(exact);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_points_to_a_person_is_masked_and_the_rest_is_left),
		cmocka_unit_test(each_is_called_what_it_is),
		cmocka_unit_test(a_text_may_end_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
