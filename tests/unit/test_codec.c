#include "codec/strict.h"

#include <stdlib.h>

#include "check.h"

struct row {
	const char *name;
	const char *hex; /* spaces are for the reader */
	enum err_code want;
};

static struct bytes
from_hex(uint8_t *out, const char *hex)
{
	char digits[256];
	size_t n = 0;

	for (; *hex != '\0'; hex++)
		if (*hex != ' ')
			digits[n++] = *hex;
	digits[n] = '\0';
	assert_true(hex_decode(out, n / 2, digits));
	return BYTES(out, n / 2);
}

static const struct row values[] = {
	{ "nil",                        "c0", ERR_OK },
	{ "false and true",             "92 c2 c3", ERR_OK },
	{ "0",                          "00", ERR_OK },
	{ "127",                        "7f", ERR_OK },
	{ "128",                        "cc 80", ERR_OK },
	{ "256",                        "cd 0100", ERR_OK },
	{ "65536",                      "ce 00010000", ERR_OK },
	{ "2^32",                       "cf 0000000100000000", ERR_OK },
	{ "2^64 - 1",                   "cf ffffffffffffffff", ERR_OK },
	{ "-1",                         "ff", ERR_OK },
	{ "-32",                        "e0", ERR_OK },
	{ "-33",                        "d0 df", ERR_OK },
	{ "-128",                       "d0 80", ERR_OK },
	{ "-129",                       "d1 ff7f", ERR_OK },
	{ "-32769",                     "d2 ffff7fff", ERR_OK },
	{ "-2^31 - 1",                  "d3 ffffffff7fffffff", ERR_OK },
	{ "-2^63",                      "d3 8000000000000000", ERR_OK },
	{ "1.5",                        "cb 3ff8000000000000", ERR_OK },
	{ "infinity",                   "cb 7ff0000000000000", ERR_OK },
	{ "empty string",               "a0", ERR_OK },
	{ "å",                          "a2 c3a5", ERR_OK },
	{ "empty bin",                  "c4 00", ERR_OK },
	{ "array",                      "93 01 02 03", ERR_OK },
	{ "map in order",               "82 01 c0 a1 61 c0", ERR_OK },
	{ "8 deep",                     "9191919191919191 00", ERR_OK },
	{ "9 deep",                     "919191919191919191 00", ERR_TOO_BIG },
	{ "0 in two bytes",             "cc 00", ERR_MALFORMED },
	{ "127 in two bytes",           "cc 7f", ERR_MALFORMED },
	{ "255 in three bytes",         "cd 00ff", ERR_MALFORMED },
	{ "65535 in five bytes",        "ce 0000ffff", ERR_MALFORMED },
	{ "2^32 - 1 in nine bytes",     "cf 00000000ffffffff", ERR_MALFORMED },
	{ "-32 in two bytes",           "d0 e0", ERR_MALFORMED },
	{ "5 as a signed number",       "d0 05", ERR_MALFORMED },
	{ "-128 in three bytes",        "d1 ff80", ERR_MALFORMED },
	{ "200 as signed 16",           "d1 00c8", ERR_MALFORMED },
	{ "-32768 in five bytes",       "d2 ffff8000", ERR_MALFORMED },
	{ "-2^31 in nine bytes",        "d3 ffffffff80000000", ERR_MALFORMED },
	{ "positive signed 64",         "d3 7fffffffffffffff", ERR_MALFORMED },
	{ "float 32",                   "ca 3fc00000", ERR_MALFORMED },
	{ "NaN",                        "cb 7ff8000000000000", ERR_MALFORMED },
	{ "another NaN",                "cb fff0000000000001", ERR_MALFORMED },
	{ "str 8 for one byte",         "d9 01 61", ERR_MALFORMED },
	{ "str 16 for one byte",        "da 0001 61", ERR_MALFORMED },
	{ "str 32 for one byte",        "db 00000001 61", ERR_MALFORMED },
	{ "bin 16 for one byte",        "c5 0001 61", ERR_MALFORMED },
	{ "bin 32 for one byte",        "c6 00000001 61", ERR_MALFORMED },
	{ "array 16 for one value",     "dc 0001 00", ERR_MALFORMED },
	{ "map 16 for one pair",        "de 0001 00 00", ERR_MALFORMED },
	{ "not UTF-8",                  "a1 ff", ERR_MALFORMED },
	{ "unused c1",                  "c1", ERR_MALFORMED },
	{ "ext 8",                      "c7 01 00 00", ERR_MALFORMED },
	{ "fixext 1",                   "d4 00 00", ERR_MALFORMED },
	{ "timestamp",                  "d6 ff 00000000", ERR_MALFORMED },
	{ "two values",                 "00 00", ERR_MALFORMED },
	{ "same key twice",             "82 01 c0 01 c0", ERR_MALFORMED },
	{ "keys descending",            "82 02 c0 01 c0", ERR_MALFORMED },
	{ "nothing",                    "", ERR_TRUNCATED },
	{ "array short of one",         "92 00", ERR_TRUNCATED },
	{ "map without its value",      "81 00", ERR_TRUNCATED },
	{ "string short of one",        "a2 61", ERR_TRUNCATED },
	{ "number short of one",        "cd 01", ERR_TRUNCATED },
	{ "4 GiB map",                  "df ff ff ff 7a", ERR_TRUNCATED },
	{ "4 GiB array",                "dd ff ff ff ff 00 00", ERR_TRUNCATED },
	{ "4 GiB bin",                  "c6 ff ff ff ff 00", ERR_TRUNCATED },
};

static void
a_value_has_one_encoding_and_every_other_is_refused(void **state)
{
	uint8_t raw[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct bytes s = from_hex(raw, values[i].hex);

		CHECK_CASE(values[i].name, msgpack_scan(s, 8, 100, NULL), values[i].want);
	}
}

static void
scan_and_reader_agree_on_every_value(void **state)
{
	uint8_t raw[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct bytes s = from_hex(raw, values[i].hex), got;
		struct rd r = rd_init(s);

		got = rd_any(&r, s.len);
		CHECK_CASE(values[i].name, rd_end(&r), values[i].want == ERR_OK);
		if (values[i].want == ERR_OK)
			CHECK_TRUE(values[i].name, bytes_equal(got, s));
	}
}

static void
write_sample(struct buf *b)
{
	wr_array(b, 10);
	wr_uint(b, 300);
	wr_int(b, -70000);
	wr_int(b, 200);
	wr_float(b, -0.25);
	wr_bool(b, true);
	wr_nil(b);
	wr_bin(b, "\x00\x01\x02\x03", 4);
	wr_str(b, "Veberöd", strlen("Veberöd"));
	wr_map(b, 1);
	wr_uint(b, 9);
	wr_array(b, 0);
	wr_bin(b, "", 0);
}

/* Reads what write_sample() wrote; true when nothing was refused and nothing is left. */
static bool
read_sample(struct bytes s)
{
	struct rd r = rd_init(s);
	uint8_t four[4];

	rd_array(&r, 10);
	rd_uint(&r, 300);
	rd_int(&r);
	rd_int(&r);
	rd_float(&r);
	rd_bool(&r);
	if (!rd_nil(&r))
		rd_uint(&r, 0);
	rd_bin(&r, four, sizeof(four));
	rd_str(&r, 100);
	if (rd_map_any(&r, 1) == 1) {
		rd_uint(&r, 9);
		rd_array(&r, 0);
	}
	rd_bin_any(&r, 0, 10);
	return rd_end(&r);
}

static void
what_was_written_is_read_back(void **state)
{
	struct buf b = BUF_INIT;
	struct rd r;
	uint8_t four[4];
	struct bytes s;

	(void)state;
	write_sample(&b);
	assert_true(buf_ok(&b));
	assert_true(read_sample(buf_bytes(&b)));
	assert_int_equal(msgpack_scan(buf_bytes(&b), 3, 13, NULL), ERR_OK);
	assert_int_equal(msgpack_scan(buf_bytes(&b), 2, 13, NULL), ERR_TOO_BIG);
	assert_int_equal(msgpack_scan(buf_bytes(&b), 3, 12, NULL), ERR_TOO_BIG);
	r = rd_init(buf_bytes(&b));
	rd_array(&r, 10);
	assert_int_equal(rd_uint(&r, UINT64_MAX), 300);
	assert_int_equal(rd_int(&r), -70000);
	assert_int_equal(rd_int(&r), 200);
	assert_true(rd_float(&r) == -0.25);
	assert_true(rd_bool(&r));
	assert_true(rd_nil(&r));
	rd_bin(&r, four, sizeof(four));
	assert_memory_equal(four, "\x00\x01\x02\x03", 4);
	s = rd_str(&r, 100);
	assert_true(bytes_equal(s, BYTES_STR("Veberöd")));
	buf_free(&b);
}

static void
cut_anywhere_it_is_refused(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	write_sample(&b);
	for (size_t len = 0; len < b.len; len++) {
		uint8_t *tight = malloc(len + (len == 0)); /* so that ASan sees a step past the end */

		memcpy(tight, b.p, len);
		assert_false(read_sample(BYTES(tight, len)));
		assert_int_not_equal(msgpack_scan(BYTES(tight, len), 8, 100, NULL), ERR_OK);
		free(tight);
	}
	buf_put_u8(&b, 0);
	assert_false(read_sample(buf_bytes(&b)));
	assert_int_equal(msgpack_scan(buf_bytes(&b), 8, 100, NULL), ERR_MALFORMED);
	buf_free(&b);
}

static void
after_a_refusal_everything_is_refused_and_empty(void **state)
{
	static const uint8_t in[] = { 0x01, 0x02, 0xc0, 0xc3, 0x91, 0x00 };
	struct rd r = rd_init(BYTES(in, sizeof(in)));
	uint8_t two[2] = { 7, 7 };

	(void)state;
	assert_int_equal(rd_uint(&r, 0), 0);
	assert_true(r.bad);
	assert_int_equal(rd_uint(&r, 100), 0);
	assert_int_equal(rd_int(&r), 0);
	assert_false(rd_nil(&r));
	assert_false(rd_bool(&r));
	assert_true(rd_float(&r) == 0);
	assert_int_equal(rd_array_any(&r, 9), 0);
	assert_int_equal(rd_map_any(&r, 9), 0);
	assert_int_equal(rd_str(&r, 9).len, 0);
	assert_int_equal(rd_bin_any(&r, 0, 9).len, 0);
	assert_int_equal(rd_any(&r, 9).len, 0);
	rd_bin(&r, two, sizeof(two));
	assert_memory_equal(two, "\0\0", 2);
	assert_int_equal(rd_peek(&r), RD_BAD);
	assert_false(rd_end(&r));
}

static bool takes_uint_100(struct rd *r) { return rd_uint(r, 100) > 0; }
static bool takes_array_2(struct rd *r) { rd_array(r, 2); return !r->bad; }
static bool takes_array_any_3(struct rd *r) { rd_array_any(r, 3); return !r->bad; }
static bool takes_map_any_1(struct rd *r) { rd_map_any(r, 1); return !r->bad; }
static bool takes_bin_2(struct rd *r) { uint8_t b[2]; rd_bin(r, b, 2); return !r->bad; }
static bool takes_bin_1_to_2(struct rd *r) { rd_bin_any(r, 1, 2); return !r->bad; }
static bool takes_str_2(struct rd *r) { rd_str(r, 2); return !r->bad; }
static bool takes_int(struct rd *r) { rd_int(r); return !r->bad; }
static bool takes_any_3(struct rd *r) { rd_any(r, 3); return !r->bad; }

static void
each_limit_is_held_exactly(void **state)
{
	static const struct { const char *name, *hex; bool (*take)(struct rd *); bool want; } cases[] = {
		{ "number at its limit",    "64", takes_uint_100, true },
		{ "number over it",         "65", takes_uint_100, false },
		{ "number, but negative",   "ff", takes_uint_100, false },
		{ "array of two",           "92 00 00", takes_array_2, true },
		{ "array of one",           "91 00", takes_array_2, false },
		{ "array of three",         "93 00 00 00", takes_array_2, false },
		{ "array up to its limit",  "93 00 00 00", takes_array_any_3, true },
		{ "array over its limit",   "94 00 00 00 00", takes_array_any_3, false },
		{ "array of what is not",   "93 00 00", takes_array_any_3, false },
		{ "map up to its limit",    "81 00 00", takes_map_any_1, true },
		{ "map over it",            "82 00 00 01 00", takes_map_any_1, false },
		{ "map of what is not",     "81 00", takes_map_any_1, false },
		{ "bin exact",              "c4 02 0000", takes_bin_2, true },
		{ "bin short",              "c4 01 00", takes_bin_2, false },
		{ "bin long",               "c4 03 000000", takes_bin_2, false },
		{ "bin, but a string",      "a2 6161", takes_bin_2, false },
		{ "bin in range",           "c4 01 00", takes_bin_1_to_2, true },
		{ "bin under it",           "c4 00", takes_bin_1_to_2, false },
		{ "bin over it",            "c4 03 000000", takes_bin_1_to_2, false },
		{ "string at its limit",    "a2 c3a5", takes_str_2, true },
		{ "string over it",         "a3 616161", takes_str_2, false },
		{ "int: 2^63 - 1",          "cf 7fffffffffffffff", takes_int, true },
		{ "int: 2^63",              "cf 8000000000000000", takes_int, false },
		{ "any at its limit",       "92 00 00", takes_any_3, true },
		{ "any over it",            "93 00 00 00", takes_any_3, false },
	};
	uint8_t raw[32];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rd r = rd_init(from_hex(raw, cases[i].hex));

		CHECK_CASE(cases[i].name, cases[i].take(&r), cases[i].want);
	}
}

static void
peek_says_what_stands_next(void **state)
{
	static const struct { const char *name, *hex; enum rd_type want; } cases[] = {
		{ "nothing", "", RD_BAD },   { "nil", "c0", RD_NIL },       { "true", "c3", RD_BOOL },
		{ "7", "07", RD_UINT },      { "300", "cd 012c", RD_UINT }, { "-1", "ff", RD_INT },
		{ "-200", "d1 ff38", RD_INT }, { "1.0", "cb 3ff0000000000000", RD_FLOAT },
		{ "short string", "a0", RD_STR }, { "string", "d9 20", RD_STR },
		{ "bin", "c4 00", RD_BIN },  { "array", "90", RD_ARRAY },   { "map", "80", RD_MAP },
		{ "ext", "d4 00 00", RD_BAD }, { "float 32", "ca 00000000", RD_BAD },
	};
	uint8_t raw[32];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rd r = rd_init(from_hex(raw, cases[i].hex));

		CHECK_CASE(cases[i].name, rd_peek(&r), cases[i].want);
	}
}

static void
numbers_are_written_in_their_shortest_form(void **state)
{
	static const int64_t numbers[] = {
		0, 127, 128, 255, 256, 65535, 65536, UINT32_MAX, (int64_t)UINT32_MAX + 1, INT64_MAX,
		-1, -32, -33, -128, -129, -32768, -32769, INT32_MIN, (int64_t)INT32_MIN - 1, INT64_MIN,
	};
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		struct rd r;

		buf_clear(&b);
		wr_int(&b, numbers[i]);
		r = rd_init(buf_bytes(&b));
		assert_int_equal(rd_int(&r), numbers[i]);
		assert_true(rd_end(&r));
		if (numbers[i] < 0)
			continue;
		buf_clear(&b);
		wr_uint(&b, (uint64_t)numbers[i]);
		r = rd_init(buf_bytes(&b));
		assert_int_equal(rd_uint(&r, UINT64_MAX), numbers[i]);
		assert_true(rd_end(&r));
	}
	buf_free(&b);
}

static void
runs_and_containers_of_every_length_are_written_shortest(void **state)
{
	static const size_t lengths[] = { 0, 15, 16, 31, 32, 255, 256, 65535, 65536 };
	static char text[65536];
	struct buf b = BUF_INIT;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct rd r;

		buf_clear(&b);
		wr_array(&b, 3);
		wr_str(&b, text, lengths[i]);
		wr_bin(&b, text, lengths[i]);
		wr_array(&b, lengths[i]);
		for (size_t j = 0; j < lengths[i]; j++)
			wr_nil(&b);
		assert_int_equal(msgpack_scan(buf_bytes(&b), 2, 70000, NULL), ERR_OK);
		r = rd_init(buf_bytes(&b));
		rd_array(&r, 3);
		assert_int_equal(rd_str(&r, 65536).len, lengths[i]);
		assert_int_equal(rd_bin_any(&r, 0, 65536).len, lengths[i]);
		assert_int_equal(rd_array_any(&r, 65536), lengths[i]);
	}
	buf_free(&b);
}

static void
utf8_is_checked_to_the_letter(void **state)
{
	static const struct { const char *name, *hex; bool want; } cases[] = {
		{ "empty", "", true },
		{ "ascii", "48656a2c2044616c6279202020", true },
		{ "two, three, four bytes", "c3a5 e282ac f09f9882", true },
		{ "last code point", "f48fbfbf", true },
		{ "past the last", "f4908080", false },
		{ "five bytes", "f888808080", false },
		{ "overlong two", "c0af", false },
		{ "overlong two, c1", "c1bf", false },
		{ "overlong three", "e09fbf", false },
		{ "overlong four", "f08fbfbf", false },
		{ "high surrogate", "eda080", false },
		{ "low surrogate", "edbfbf", false },
		{ "before the surrogates", "ed9fbf", true },
		{ "after the surrogates", "ee8080", true },
		{ "continuation alone", "80", false },
		{ "cut short", "e282", false },
		{ "cut after eight ascii", "6161616161616161 c3", false },
		{ "lead twice", "c3c3a5", false },
	};
	uint8_t raw[32];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_CASE(cases[i].name, utf8_valid(from_hex(raw, cases[i].hex)), cases[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_has_one_encoding_and_every_other_is_refused),
		cmocka_unit_test(scan_and_reader_agree_on_every_value),
		cmocka_unit_test(what_was_written_is_read_back),
		cmocka_unit_test(cut_anywhere_it_is_refused),
		cmocka_unit_test(after_a_refusal_everything_is_refused_and_empty),
		cmocka_unit_test(each_limit_is_held_exactly),
		cmocka_unit_test(peek_says_what_stands_next),
		cmocka_unit_test(numbers_are_written_in_their_shortest_form),
		cmocka_unit_test(runs_and_containers_of_every_length_are_written_shortest),
		cmocka_unit_test(utf8_is_checked_to_the_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
