/* Reading JSON where memory is short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the five before it */
#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"

/* Words that outgrow what a reader begins with, numbers, what is escaped, depth, and an object that grows. */
static const char document[] =
	"{\"a_name_that_is_longer_than_sixteen_letters\": \"ett ord som \\u00e4r l\\u00e4ngre \\ud83d\\ude00 \\n \\\" sexton tecken\","
	" \"numbers\": [1, -12345678901234567, 3.14159265358979323846264, 1e300, true, false, null],"
	" \"deep\": [[[[{\"x\": [\"y\", {\"z\": \"0123456789012345678901234567890123456789012345678901234567890123456789\"}]}]]]],"
	" \"k1\": 1, \"k2\": 2, \"k3\": 3, \"k4\": 4, \"k5\": 5, \"k6\": 6, \"k7\": 7, \"k8\": 8, \"k9\": 9, \"k10\": 10, \"k11\": 11}";

static void
without_memory_nothing_is_read_and_nothing_is_left(void **state)
{
	json_t *whole, *read;

	(void)state;
	whole = json_read(BYTES_STR(document), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(whole);
	for (int lasting = 0; lasting <= 1; lasting++) {
		bool struck = true;

		for (long nth = 0; struck; nth++) {
			unsigned long refused = mem_refusals(), json_refused = json_refusals();
			json_error_t why;

			mem_fail_after(nth, lasting);
			read = json_read(BYTES_STR(document), JSON_REJECT_DUPLICATES, &why);
			struck = mem_allocations() > nth;
			mem_fail_after(-1, 0);
			assert_int_equal(read == NULL, struck);
			assert_int_equal(mem_refusals() != refused, struck);
			assert_int_equal(json_refusals() != json_refused, struck);
			if (struck)
				assert_string_equal(why.text, "out of memory");
			else
				assert_true(json_equal(read, whole));
			json_decref(read);
		}
	}
	json_decref(whole);
}

static void
what_is_not_json_is_told_with_its_line(void **state)
{
	unsigned long refused = mem_refusals();
	json_error_t why;

	(void)state;
	assert_null(json_read(BYTES_STR("{\"a\": 1,\n \"b\": [1, 2,, 3]}"), 0, &why));
	assert_int_equal(why.line, 2);
	assert_null(json_read(BYTES_STR("{\"a\": 1, \"a\": 2}"), JSON_REJECT_DUPLICATES, &why));
	assert_null(json_read(BYTES_NONE, 0, NULL));
	assert_int_equal(mem_refusals(), refused);
}

/* What is given back of a long document that ends badly is given back in a moment. */
static void
a_long_document_that_breaks_off_is_refused_like_a_short_one(void **state)
{
	enum { VALUES = 400000 };
	struct buf text = BUF_INIT;
	json_error_t why;

	(void)state;
	buf_printf(&text, "[");
	for (int i = 0; i < VALUES; i++)
		buf_printf(&text, "\"%d\",", i);
	assert_true(buf_ok(&text));
	assert_null(json_read(buf_bytes(&text), 0, &why));
	assert_int_equal(why.line, 1);
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_nothing_is_read_and_nothing_is_left),
		cmocka_unit_test(what_is_not_json_is_told_with_its_line),
		cmocka_unit_test(a_long_document_that_breaks_off_is_refused_like_a_short_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
