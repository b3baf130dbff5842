/* The simulated disk keeps what was synced and nothing else by right: if it were kinder, no test on it would mean anything. */
#include "check.h"

#include <sqlite3.h>
#include <stdio.h>

#include "sim/disk.h"

static uint64_t now;
static struct trace trace = { .now_ns = &now };

static void
put(struct disk *d, const char *path, const char *text, bool sync)
{
	struct inode *f;
	bool created;

	assert_int_equal(disk_open(d, path, true, &f, &created), DISK_OK);
	assert_int_equal(disk_write(d, f, 0, text, strlen(text)), DISK_OK);
	if (sync) {
		assert_int_equal(disk_sync(d, f), DISK_OK);
		assert_int_equal(disk_sync_folder_of(d, path), DISK_OK);
	}
	disk_close(d, f);
}

static bool
holds(struct disk *d, const char *path, const char *text)
{
	struct inode *f;
	char got[128] = "";
	size_t n;
	bool created, same;

	if (disk_open(d, path, false, &f, &created) != DISK_OK)
		return false;
	assert_int_equal(disk_read(d, f, 0, got, sizeof(got) - 1, &n), DISK_OK);
	same = n == strlen(text) && memcmp(got, text, n) == 0;
	disk_close(d, f);
	return same;
}

static void
cut(struct disk *d, enum disk_loss loss)
{
	disk_power_off(d);
	disk_power_on(d, loss);
}

static void
a_synced_write_survives_every_cut(void **state)
{
	static const enum disk_loss losses[] = { LOSS_ALL, LOSS_NONE, LOSS_SOME, LOSS_GARBAGE };

	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct disk *d = disk_new(seed, 0, &trace);

		put(d, "/a/file", "first", true);
		cut(d, losses[seed % 4]);
		assert_true(holds(d, "/a/file", "first"));
		disk_free(d);
	}
}

static void
an_unsynced_write_can_be_lost_kept_or_torn(void **state)
{
	int lost = 0, kept = 0, other = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct disk *d = disk_new(seed, 0, &trace);

		put(d, "/a/file", "first", true);
		put(d, "/a/file", "SECOND", false);
		cut(d, LOSS_GARBAGE);
		if (holds(d, "/a/file", "first"))
			lost++;
		else if (holds(d, "/a/file", "SECOND"))
			kept++;
		else
			other++;
		disk_free(d);
	}
	assert_true(lost > 20 && kept > 20 && other > 5);
}

static void
a_write_is_visible_at_once(void **state)
{
	struct disk *d = disk_new(1, 0, &trace);

	(void)state;
	put(d, "/a/file", "unsynced", false);
	assert_true(holds(d, "/a/file", "unsynced"));
	assert_true(disk_unsynced(d) > 0);
	cut(d, LOSS_ALL);
	assert_false(disk_exists(d, "/a/file"));
	disk_free(d);
}

/* The contents were synced; the name was not. */
static void
a_rename_without_its_folder_synced_may_vanish(void **state)
{
	int old = 0, new_ = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct disk *d = disk_new(seed, 0, &trace);

		put(d, "/a/file", "old", true);
		put(d, "/a/file.new", "new", true);
		assert_int_equal(disk_rename(d, "/a/file.new", "/a/file"), DISK_OK);
		assert_true(holds(d, "/a/file", "new"));
		cut(d, LOSS_SOME);
		old += holds(d, "/a/file", "old");
		new_ += holds(d, "/a/file", "new");
		disk_free(d);
	}
	assert_true(old > 10 && new_ > 10);
	assert_int_equal(old + new_, 100);
}

static void
a_rename_with_its_folder_synced_stays(void **state)
{
	struct disk *d = disk_new(7, 0, &trace);

	(void)state;
	put(d, "/a/file", "old", true);
	put(d, "/a/file.new", "new", true);
	assert_int_equal(disk_rename(d, "/a/file.new", "/a/file"), DISK_OK);
	assert_int_equal(disk_sync_folder_of(d, "/a/file"), DISK_OK);
	cut(d, LOSS_ALL);
	assert_true(holds(d, "/a/file", "new"));
	assert_false(disk_exists(d, "/a/file.new"));
	disk_free(d);
}

static void
removing_is_unsynced_too(void **state)
{
	struct disk *d = disk_new(7, 0, &trace);

	(void)state;
	put(d, "/a/file", "here", true);
	assert_int_equal(disk_remove(d, "/a/file"), DISK_OK);
	assert_false(disk_exists(d, "/a/file"));
	cut(d, LOSS_ALL);
	assert_true(holds(d, "/a/file", "here"));
	disk_free(d);
}

/* fsync reported an error once. A second one that says yes proves nothing about the first. */
static void
a_failed_sync_is_not_made_good_by_the_next(void **state)
{
	int lost = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct disk *d = disk_new(seed, 0, &trace);
		struct inode *f;
		bool created;

		put(d, "/a/file", "first", true);
		assert_int_equal(disk_open(d, "/a/file", false, &f, &created), DISK_OK);
		assert_int_equal(disk_write(d, f, 0, "SECOND", 6), DISK_OK);
		disk_arm(d, FAULT_SYNC, 1);
		assert_int_equal(disk_sync(d, f), DISK_IO);
		assert_int_equal(disk_sync(d, f), DISK_OK);
		disk_close(d, f);
		assert_true(holds(d, "/a/file", "SECOND"));
		cut(d, LOSS_ALL);
		lost += holds(d, "/a/file", "first");
		disk_free(d);
	}
	assert_true(lost > 10 && lost < 40);
}

static void
nothing_has_effect_without_power(void **state)
{
	struct disk *d = disk_new(1, 0, &trace);
	struct inode *f;
	bool created;

	(void)state;
	put(d, "/a/file", "here", true);
	assert_int_equal(disk_open(d, "/a/file", false, &f, &created), DISK_OK);
	disk_arm(d, FAULT_POWER, 2);
	assert_int_equal(disk_write(d, f, 0, "HERE", 4), DISK_OK);
	assert_int_equal(disk_sync(d, f), DISK_IO);
	assert_true(disk_dead(d));
	assert_int_equal(disk_write(d, f, 0, "gone", 4), DISK_IO);
	assert_int_equal(disk_remove(d, "/a/file"), DISK_IO);
	disk_close(d, f);
	disk_power_on(d, LOSS_ALL);
	assert_true(holds(d, "/a/file", "here"));
	disk_free(d);
}

/* ---- SQLite on it ---- */

static sqlite3 *
open_db(struct disk *d, const char *synchronous)
{
	char sql[128];
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2("/a/log.db", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, disk_vfs_name(d)), SQLITE_OK);
	snprintf(sql, sizeof(sql), "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = %s; PRAGMA journal_mode = WAL", synchronous);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE IF NOT EXISTS t(n INTEGER PRIMARY KEY, x BLOB)", NULL, NULL, NULL), SQLITE_OK);
	return db;
}

static int
count_rows(sqlite3 *db)
{
	sqlite3_stmt *s;
	int n = -1;

	if (sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return n;
}

static bool
intact(sqlite3 *db)
{
	sqlite3_stmt *s;
	bool ok;

	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
	ok = sqlite3_step(s) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(s, 0), "ok") == 0;
	sqlite3_finalize(s);
	return ok;
}

/* Commits until the power goes, then counts. Returns how many acknowledged rows are missing, or -1 when damaged. */
static int
rows_lost(uint64_t seed, const char *synchronous)
{
	struct disk *d = disk_new(seed, 0, &trace);
	sqlite3 *db = open_db(d, synchronous);
	int acknowledged = 0, found;

	disk_arm(d, FAULT_POWER, 1 + seed * 7 % 200);
	while (!disk_dead(d) && acknowledged < 500)
		if (sqlite3_exec(db, "INSERT INTO t(x) VALUES(zeroblob(700))", NULL, NULL, NULL) == SQLITE_OK && !disk_dead(d))
			acknowledged++;
	sqlite3_close(db);
	disk_power_on(d, seed % 2 ? LOSS_GARBAGE : LOSS_ALL);
	db = open_db(d, synchronous);
	found = intact(db) ? count_rows(db) : -1;
	sqlite3_close(db);
	disk_free(d);
	return found < 0 ? -1 : acknowledged > found ? acknowledged - found : 0;
}

static void
sqlite_with_synchronous_extra_loses_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++)
		assert_int_equal(rows_lost(seed, "EXTRA"), 0);
}

/* The canary: with NORMAL a WAL commit is not synced, and this disk must show it. */
static void
sqlite_with_synchronous_normal_is_caught(void **state)
{
	int caught = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++)
		caught += rows_lost(seed, "NORMAL") > 0;
	assert_true(caught > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_synced_write_survives_every_cut),
		cmocka_unit_test(an_unsynced_write_can_be_lost_kept_or_torn),
		cmocka_unit_test(a_write_is_visible_at_once),
		cmocka_unit_test(a_rename_without_its_folder_synced_may_vanish),
		cmocka_unit_test(a_rename_with_its_folder_synced_stays),
		cmocka_unit_test(removing_is_unsynced_too),
		cmocka_unit_test(a_failed_sync_is_not_made_good_by_the_next),
		cmocka_unit_test(nothing_has_effect_without_power),
		cmocka_unit_test(sqlite_with_synchronous_extra_loses_nothing),
		cmocka_unit_test(sqlite_with_synchronous_normal_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
