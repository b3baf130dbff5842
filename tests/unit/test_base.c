#define _GNU_SOURCE /* unshare */
#include "base/bytes.h"
#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/posix.h"
#include "base/table.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void
an_error_reads_from_the_outside_in(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&err, ERR_SIGNATURE, "entry %d of %s: %s", 41, "k3f9", err_meaning(ERR_SIGNATURE)),
	                 ERR_SIGNATURE);
	assert_int_equal(err_wrap(&err, "importing %s", "case-17.log"), ERR_SIGNATURE);
	assert_string_equal(err.text,
	                    "importing case-17.log: entry 41 of k3f9: signature does not match the author's key");
}

static void
nobody_has_to_listen_to_an_error(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_GAP, "seq %d", 4), ERR_GAP);
	assert_int_equal(err_plain(NULL, ERR_GAP), ERR_GAP);
	assert_int_equal(err_wrap(NULL, "x"), ERR_OK);
}

static void
a_long_error_is_cut_between_characters(void **state)
{
	struct err err = ERR_INIT;
	char name[2000];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "å", 2);
	name[sizeof(name) - 2] = '\0';
	for (int shift = 0; shift < 4; shift++) {
		err_set(&err, ERR_IO, "%.*s%s", shift, "abcd", name);
		assert_true(strlen(err.text) >= sizeof(err.text) - 2);
		assert_int_equal((strlen(err.text) - (size_t)shift) % 2, 0);
		err_wrap(&err, "%.*s", shift, "wxyz");
		assert_int_equal((strlen(err.text) - (size_t)shift - 2 - (size_t)shift) % 2, 0);
	}
}

static void
every_error_has_a_word_a_sentence_and_an_exit_status(void **state)
{
	static const struct { const char *name; enum err_code code; int status; const char *word; } cases[] = {
		{ "ok",         ERR_OK,         0, "ok" },
		{ "usage",      ERR_USAGE,      1, "usage" },
		{ "unknown id", ERR_UNKNOWN,    2, "refused" },
		{ "signature",  ERR_SIGNATURE,  3, "damaged" },
		{ "passphrase", ERR_PASSPHRASE, 4, "locked" },
		{ "no space",   ERR_NO_SPACE,   5, "io" },
		{ "timeout",    ERR_TIMEOUT,    6, "network" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CHECK_CASE(cases[i].name, err_exit_status(cases[i].code), cases[i].status);
		CHECK_CASE(cases[i].name, strcmp(err_word(cases[i].code), cases[i].word), 0);
		CHECK_TRUE(cases[i].name, strlen(err_meaning(cases[i].code)) > 0);
	}
}

static void
a_buf_grows_and_keeps_what_it_has(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		buf_put_u8(&b, (uint8_t)i);
	buf_put_be32(&b, 0x01020304);
	buf_put_be64(&b, 0x05060708090a0b0c);
	assert_true(buf_ok(&b));
	assert_int_equal(b.len, 1012);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(b.p[i], (uint8_t)i);
	for (unsigned i = 0; i < 12; i++)
		assert_int_equal(b.p[1000 + i], i + 1);
	buf_free(&b);
	assert_null(b.p);
}

static void
a_buf_that_ran_out_of_memory_stays_failed_until_cleared(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_printf(&b, "%s", "kept");
	mem_fail_after(0, 0);
	assert_null(buf_add(&b, 4096));
	mem_fail_after(-1, 0);
	buf_put_u8(&b, 'x');
	assert_false(buf_ok(&b));
	assert_int_equal(b.len, 4);
	assert_null(buf_str(&b));
	buf_clear(&b);
	buf_printf(&b, "%d%s", 7, "again");
	assert_string_equal(buf_str(&b), "7again");
	assert_int_equal(b.len, 6);
	buf_wipe(&b);
}

static void
a_buf_refuses_lengths_that_overflow(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_put_u8(&b, 1);
	assert_null(buf_add(&b, SIZE_MAX));
	assert_false(buf_ok(&b));
	buf_free(&b);
}

static void
hex_is_read_whole_or_not_at_all(void **state)
{
	static const struct { const char *name, *digits; bool want; } cases[] = {
		{ "exact",        "00ff10", true },
		{ "upper case",   "00FF10", true },
		{ "short",        "00ff1", false },
		{ "long",         "00ff100", false },
		{ "not a digit",  "00fg10", false },
		{ "empty",        "", false },
		{ "space inside", "00 ff10", false },
	};
	uint8_t out[3];
	char text[7];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_CASE(cases[i].name, hex_decode(out, sizeof(out), cases[i].digits), cases[i].want);
	assert_true(hex_decode(out, sizeof(out), "00ff10"));
	assert_string_equal(hex_encode(text, out, sizeof(out)), "00ff10");
}

static void
a_prefix_of_an_id_may_have_an_odd_number_of_digits(void **state)
{
	uint8_t out[4] = { 0 };

	(void)state;
	assert_int_equal(hex_prefix(out, sizeof(out), "abc"), 3);
	assert_int_equal(out[0], 0xab);
	assert_int_equal(out[1], 0xc0);
	assert_int_equal(hex_prefix(out, sizeof(out), ""), 0);
	assert_int_equal(hex_prefix(out, sizeof(out), "123456789"), -1);
	assert_int_equal(hex_prefix(out, sizeof(out), "12x"), -1);
}

static void
base32_is_what_the_rfc_says(void **state)
{
	static const struct { const char *plain, *text; } cases[] = {
		{ "", "" }, { "f", "MY" }, { "fo", "MZXQ" }, { "foo", "MZXW6" },
		{ "foob", "MZXW6YQ" }, { "fooba", "MZXW6YTB" }, { "foobar", "MZXW6YTBOI" },
	};
	char text[32];
	uint8_t back[8];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t len = strlen(cases[i].plain);

		base32_encode(text, (const uint8_t *)cases[i].plain, len);
		assert_string_equal(text, cases[i].text);
		CHECK_TRUE(cases[i].text, base32_decode(back, len, text));
		assert_memory_equal(back, cases[i].plain, len);
	}
}

static void
a_typed_code_is_read_forgivingly_but_exactly(void **state)
{
	static const struct { const char *name, *text; bool want; } cases[] = {
		{ "as printed",          "AAAQEAYEAUDAOCAJBIFQYDIOB4", true },
		{ "groups and case",     "aaaq-eaye audaOCAJBIFQYDIOB4\n", true },
		{ "zero for O, 8 for B", "AAAQEAYEAUDA0CAJ8IFQYDI084", true },
		{ "one for I",           "AAAQEAYEAUDAOCAJB1FQYD1OB4", true },
		{ "one short",           "AAAQEAYEAUDAOCAJBIFQYDIOB", false },
		{ "one more",            "AAAQEAYEAUDAOCAJBIFQYDIOB4A", false },
		{ "bits left over",      "AAAQEAYEAUDAOCAJBIFQYDIOB5", false },
		{ "a nine",              "9AAQEAYEAUDAOCAJBIFQYDIOB4", false },
		{ "padding",             "AAAQEAYEAUDAOCAJBIFQYDIOB4==", false },
		{ "nothing",             "", false },
	};
	uint8_t out[16];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool got = base32_decode(out, sizeof(out), cases[i].text);

		CHECK_CASE(cases[i].name, got, cases[i].want);
		for (uint8_t b = 0; got && b < 16; b++)
			CHECK_CASE(cases[i].name, out[b], b);
	}
}

static void
a_table_finds_what_was_put_and_walks_in_order(void **state)
{
	struct table *t = table_new(9);
	const void *key;
	uint64_t *value, want = 0;
	uint8_t k[9] = { 0 };
	size_t at = 0;

	(void)state;
	for (uint64_t i = 0; i < 5000; i++) {
		be64_put(k, i * 0x9e3779b97f4a7c15u);
		assert_non_null(value = table_put(t, k));
		assert_int_equal(*value, 0);
		*value = i;
	}
	assert_int_equal(table_count(t), 5000);
	for (uint64_t i = 0; i < 5000; i++) {
		be64_put(k, i * 0x9e3779b97f4a7c15u);
		assert_non_null(value = table_get(t, k));
		assert_int_equal(*value, i);
	}
	k[8] = 1;
	assert_null(table_get(t, k));
	while (table_next(t, &at, &key, &value))
		assert_int_equal(*value, want++);
	assert_int_equal(want, 5000);
	table_free(t);
}

static void
a_table_forgets_what_was_deleted_even_while_walking(void **state)
{
	struct table *t = table_new(8);
	size_t at = 0, seen = 0;
	const void *key;
	uint64_t *value;
	uint8_t k[8];

	(void)state;
	for (uint64_t round = 0; round < 20; round++) {
		for (uint64_t i = 0; i < 300; i++) {
			be64_put(k, i);
			*table_put(t, k) = i;
		}
		for (at = 0; table_next(t, &at, &key, &value);)
			if (*value % 3 != round % 3)
				assert_true(table_del(t, key));
		assert_int_equal(table_count(t), 100);
	}
	for (at = 0; table_next(t, &at, &key, &value); seen++)
		assert_int_equal(*value % 3, 19 % 3);
	assert_int_equal(seen, 100);
	be64_put(k, 0);
	assert_false(table_del(t, k));
	table_free(t);
}

static void
a_table_out_of_memory_loses_nothing(void **state)
{
	struct table *t = table_new(8);
	uint64_t put = 0;
	uint8_t k[8];

	(void)state;
	for (long fail = 0; fail < 30; fail++) {
		mem_fail_after(fail % 3, 0);
		for (uint64_t i = 0; i < 50; i++) {
			uint64_t *v;

			be64_put(k, put);
			v = table_put(t, k);
			if (v != NULL)
				*v = put++;
		}
	}
	mem_fail_after(-1, 0);
	assert_int_equal(table_count(t), put);
	assert_true(put > 1000);
	for (uint64_t i = 0; i < put; i++) {
		be64_put(k, i);
		assert_non_null(table_get(t, k));
		assert_int_equal(*table_get(t, k), i);
	}
	table_free(t);
}

static void
a_test_can_choose_which_allocation_fails(void **state)
{
	void *p;

	(void)state;
	mem_fail_after(1, 0);
	p = mem_alloc(1);
	assert_non_null(p);
	assert_null(mem_grow(p, 100));
	mem_free(p);
	p = mem_zero(1, 1);
	assert_non_null(p);
	mem_free(p);
	assert_int_equal(mem_allocations(), 3);
	mem_fail_after(0, 1);
	assert_null(mem_strdup("a"));
	assert_null(mem_dup("a", 1));
	mem_fail_after(-1, 0);
	assert_null(mem_zero(SIZE_MAX, 2));
}

static void
an_array_without_room_stays_intact(void **state)
{
	size_t cap = 0;
	int *array = mem_room(NULL, 0, &cap, sizeof(*array)), *same;

	(void)state;
	assert_non_null(array);
	assert_int_equal(cap, 8);
	array[7] = 42;
	mem_fail_after(0, 0);
	same = mem_room(array, 8, &cap, sizeof(*array));
	mem_fail_after(-1, 0);
	assert_null(same);
	assert_int_equal(cap, 8);
	assert_int_equal(array[7], 42);
	mem_free(array);
}

static char home[64];

static int
make_home(void **state)
{
	(void)state;
	strcpy(home, "/tmp/faltbok-base-XXXXXX");
	return mkdtemp(home) != NULL ? 0 : -1;
}

static int
remove_home(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", home);
	return system(command);
}

static const char *
in_home(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", home, name);
	return path;
}

static void
a_file_is_replaced_whole_and_private(void **state)
{
	struct buf got = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;
	const char *path = in_home("file");

	(void)state;
	assert_int_equal(posix_files.replace(NULL, path, BYTES_STR("first"), &err), ERR_OK);
	assert_int_equal(posix_files.replace(NULL, path, BYTES_STR("2nd"), &err), ERR_OK);
	assert_int_equal(posix_files.read(NULL, path, 100, &got, &err), ERR_OK);
	assert_string_equal(buf_str(&got), "2nd");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_false(posix_files.exists(NULL, in_home("file.new")));
	buf_free(&got);
}

static void
what_a_crash_left_beside_a_file_is_overwritten(void **state)
{
	struct buf got = BUF_INIT;

	(void)state;
	assert_int_equal(posix_files.replace(NULL, in_home("crash.new"), BYTES_STR("half of an old one"), NULL), ERR_OK);
	assert_int_equal(posix_files.replace(NULL, in_home("crash"), BYTES_STR("new"), NULL), ERR_OK);
	assert_false(posix_files.exists(NULL, in_home("crash.new")));
	assert_int_equal(posix_files.read(NULL, in_home("crash"), 100, &got, NULL), ERR_OK);
	assert_string_equal(buf_str(&got), "new");
	buf_free(&got);
}

static void
create_refuses_what_is_there_and_leaves_it(void **state)
{
	struct err err = ERR_INIT;
	struct buf got = BUF_INIT;

	(void)state;
	assert_int_equal(posix_files.create(NULL, in_home("made"), BYTES_STR("one"), &err), ERR_OK);
	assert_int_equal(posix_files.create(NULL, in_home("made"), BYTES_STR("two"), &err), ERR_EXISTS);
	assert_int_equal(posix_files.read(NULL, in_home("made"), 100, &got, &err), ERR_OK);
	assert_string_equal(buf_str(&got), "one");
	buf_free(&got);
}

static void
reading_says_why_it_failed_and_leaves_the_buf(void **state)
{
	struct err err = ERR_INIT;
	struct buf got = BUF_INIT;

	(void)state;
	buf_printf(&got, "kept");
	assert_int_equal(posix_files.replace(NULL, in_home("ten"), BYTES_STR("0123456789"), &err), ERR_OK);
	assert_int_equal(posix_files.read(NULL, in_home("ten"), 9, &got, &err), ERR_TOO_BIG);
	assert_int_equal(posix_files.read(NULL, in_home("none"), 9, &got, &err), ERR_NOT_FOUND);
	assert_int_equal(posix_files.read(NULL, home, 9, &got, &err), ERR_IO);
	assert_string_equal(buf_str(&got), "kept");
	assert_int_equal(posix_files.read(NULL, in_home("ten"), 10, &got, &err), ERR_OK);
	assert_string_equal(buf_str(&got), "kept0123456789");
	buf_free(&got);
}

static void
a_missing_folder_is_named_and_a_planted_link_not_followed(void **state)
{
	struct err err = ERR_INIT;
	char target[300];

	(void)state;
	assert_int_equal(posix_files.replace(NULL, in_home("no/such"), BYTES_STR("x"), &err), ERR_NOT_FOUND);
	assert_int_equal(posix_files.remove(NULL, in_home("no/such"), &err), ERR_NOT_FOUND);
	snprintf(target, sizeof(target), "%s/target", home);
	assert_int_equal(symlink(target, in_home("linked.new")), 0);
	assert_int_equal(posix_files.replace(NULL, in_home("linked"), BYTES_STR("x"), &err), ERR_IO);
	assert_false(posix_files.exists(NULL, target));
}

static bool
write_line(const char *path, const char *line)
{
	FILE *f = fopen(path, "w");
	bool ok = f != NULL && fputs(line, f) >= 0;

	return f != NULL && fclose(f) == 0 && ok;
}

/* A namespace of our own, in which we may mount. */
static bool
may_mount(void)
{
	char uids[32], gids[32];

	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)getuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)getgid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_line("/proc/self/setgroups", "deny") &&
	       write_line("/proc/self/uid_map", uids) && write_line("/proc/self/gid_map", gids);
}

/* In a child with its own mounts: 0 when all claims hold, else the number of the one that does not; 77 to skip. */
static int
fill_a_small_disk(void)
{
	static uint8_t big[65536];
	struct buf got = BUF_INIT;
	char disk[300], file[310];

	snprintf(disk, sizeof(disk), "%s/disk", home);
	snprintf(file, sizeof(file), "%s/f", disk);
	if (!may_mount() || mkdir(disk, 0700) != 0 || mount("none", disk, "tmpfs", 0, "size=16k") != 0)
		return 77;
	if (posix_files.replace(NULL, file, BYTES_STR("kept"), NULL) != ERR_OK)
		return 1;
	if (posix_files.replace(NULL, file, BYTES(big, sizeof(big)), NULL) != ERR_NO_SPACE)
		return 2;
	if (posix_files.read(NULL, file, 100, &got, NULL) != ERR_OK || strcmp(buf_str(&got), "kept") != 0)
		return 3;
	buf_free(&got);
	if (posix_files.replace(NULL, file, BYTES_STR("room again"), NULL) != ERR_OK)
		return 4;
	if (mount("none", disk, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=16k") != 0)
		return 77;
	if (posix_files.replace(NULL, file, BYTES_STR("x"), NULL) != ERR_READ_ONLY)
		return 5;
	return posix_files.remove(NULL, file, NULL) == ERR_READ_ONLY ? 0 : 6;
}

static void
a_full_disk_and_a_read_only_one_are_told_apart_and_keep_the_old_file(void **state)
{
	int status;

	(void)state;
	fflush(NULL);
	if (fork() == 0)
		_exit(fill_a_small_disk());
	wait(&status);
	if (WEXITSTATUS(status) == 77)
		skip(); /* this machine lets nobody mount */
	assert_int_equal(status, 0);
}

static void
folders_are_made_with_their_parents(void **state)
{
	struct stat st;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(posix_files.make_dir(NULL, in_home("a/b/c"), &err), ERR_OK);
	assert_int_equal(posix_files.make_dir(NULL, in_home("a/b/c/"), &err), ERR_OK);
	assert_int_equal(stat(in_home("a/b"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(posix_files.replace(NULL, in_home("a/file"), BYTES_STR("x"), &err), ERR_OK);
	assert_int_equal(posix_files.make_dir(NULL, in_home("a/file"), &err), ERR_EXISTS);
	assert_int_equal(posix_files.make_dir(NULL, in_home("a/file/d"), &err), ERR_EXISTS);
}

static void
a_second_process_is_told_who_holds_the_home(void **state)
{
	struct err err = ERR_INIT;
	char want[32];
	int status;

	(void)state;
	assert_int_equal(posix_files.lock(NULL, in_home("lock"), &err), ERR_OK);
	snprintf(want, sizeof(want), "process %ld:", (long)getpid());
	if (fork() == 0) {
		enum err_code rc = posix_files.lock(NULL, in_home("lock"), &err);

		_exit(rc == ERR_LOCKED && strstr(err.text, want) != NULL ? 0 : 1);
	}
	wait(&status);
	assert_int_equal(status, 0);
	assert_int_equal(posix_files.lock(NULL, in_home("lock"), &err), ERR_LOCKED);
	posix_files.unlock(NULL, in_home("lock"));
	assert_int_equal(posix_files.lock(NULL, in_home("lock"), &err), ERR_OK);
	posix_files.unlock(NULL, in_home("lock"));
}

static void
a_lock_dies_with_its_process(void **state)
{
	struct err err = ERR_INIT;
	int status;

	(void)state;
	if (fork() == 0)
		_exit(posix_files.lock(NULL, in_home("orphan"), &err) == ERR_OK ? 0 : 1);
	wait(&status);
	assert_int_equal(status, 0);
	assert_int_equal(posix_files.lock(NULL, in_home("orphan"), &err), ERR_OK);
	posix_files.unlock(NULL, in_home("orphan"));
}

static void
a_place_differs_from_its_copy(void **state)
{
	struct buf a = BUF_INIT, again = BUF_INIT, copy = BUF_INIT;

	(void)state;
	assert_int_equal(posix_files.replace(NULL, in_home("db"), BYTES_STR("x"), NULL), ERR_OK);
	assert_int_equal(posix_files.replace(NULL, in_home("copy"), BYTES_STR("x"), NULL), ERR_OK);
	assert_int_equal(posix_files.place(NULL, in_home("db"), &a, NULL), ERR_OK);
	assert_int_equal(posix_files.place(NULL, in_home("db"), &again, NULL), ERR_OK);
	assert_int_equal(posix_files.place(NULL, in_home("copy"), &copy, NULL), ERR_OK);
	assert_true(a.len > 0 && a.len <= 64);
	assert_true(bytes_equal(buf_bytes(&a), buf_bytes(&again)));
	assert_false(bytes_equal(buf_bytes(&a), buf_bytes(&copy)));
	assert_int_equal(posix_files.place(NULL, in_home("none"), &copy, NULL), ERR_NOT_FOUND);
	buf_free(&a);
	buf_free(&again);
	buf_free(&copy);
}

static void
the_kernel_gives_random_bytes(void **state)
{
	uint8_t a[1000], b[1000];

	(void)state;
	posix_random(NULL, a, sizeof(a));
	posix_random(NULL, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_true(posix_mono_ns(NULL) > 0 && posix_wall_ms(NULL) > 1600000000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_reads_from_the_outside_in),
		cmocka_unit_test(nobody_has_to_listen_to_an_error),
		cmocka_unit_test(a_long_error_is_cut_between_characters),
		cmocka_unit_test(every_error_has_a_word_a_sentence_and_an_exit_status),
		cmocka_unit_test(a_buf_grows_and_keeps_what_it_has),
		cmocka_unit_test(a_buf_that_ran_out_of_memory_stays_failed_until_cleared),
		cmocka_unit_test(a_buf_refuses_lengths_that_overflow),
		cmocka_unit_test(hex_is_read_whole_or_not_at_all),
		cmocka_unit_test(a_prefix_of_an_id_may_have_an_odd_number_of_digits),
		cmocka_unit_test(base32_is_what_the_rfc_says),
		cmocka_unit_test(a_typed_code_is_read_forgivingly_but_exactly),
		cmocka_unit_test(a_table_finds_what_was_put_and_walks_in_order),
		cmocka_unit_test(a_table_forgets_what_was_deleted_even_while_walking),
		cmocka_unit_test(a_table_out_of_memory_loses_nothing),
		cmocka_unit_test(a_test_can_choose_which_allocation_fails),
		cmocka_unit_test(an_array_without_room_stays_intact),
		cmocka_unit_test(a_file_is_replaced_whole_and_private),
		cmocka_unit_test(what_a_crash_left_beside_a_file_is_overwritten),
		cmocka_unit_test(create_refuses_what_is_there_and_leaves_it),
		cmocka_unit_test(reading_says_why_it_failed_and_leaves_the_buf),
		cmocka_unit_test(a_missing_folder_is_named_and_a_planted_link_not_followed),
		cmocka_unit_test(a_full_disk_and_a_read_only_one_are_told_apart_and_keep_the_old_file),
		cmocka_unit_test(folders_are_made_with_their_parents),
		cmocka_unit_test(a_second_process_is_told_who_holds_the_home),
		cmocka_unit_test(a_lock_dies_with_its_process),
		cmocka_unit_test(a_place_differs_from_its_copy),
		cmocka_unit_test(the_kernel_gives_random_bytes),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
