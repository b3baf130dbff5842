/*
 * Other versions of the program: a home that an older one has left, opened by
 * this one while the power goes; a home that a newer one has had; and a
 * profile that grows while half of the team has not heard of it.
 *
 *   I1  a home in any older form of the store opens, whatever step of the migration a power cut stopped
 *   I3  it shows what it showed before (play_ensure_up compares with the closed lid)
 *   I2  a home of a newer program is refused as such, and no byte of its store is touched
 *   I3  at the end everybody has the newest profile that was saved
 */
#include <sqlite3.h>
#include <stdio.h>

#include "base/mem.h"
#include "sim/act_internal.h"
#include "sim/world_internal.h"

enum { OLDEST = 1, NEWEST = 5 }; /* the forms of the store that were released: proto/store.md, 3 "Schema" */

/* What form n + 1 has and form n had not: the other way round, told by the specification and not by the store's own list. */
static const char *const back[NEWEST] = {
	NULL,
	"DROP TABLE attest",
	"DROP TABLE claim",
	"DROP TABLE ack_floor",
	"ALTER TABLE peer DROP COLUMN web",
};

static int64_t
form_of(sqlite3 *db)
{
	sqlite3_stmt *s = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

static sqlite3 *
open_store(struct station *s)
{
	struct disk *d = host_disk(s->host);
	char path[64];
	sqlite3 *db = NULL;

	snprintf(path, sizeof(path), "%s/log.db", s->home);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, disk_vfs_name(d)) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = EXTRA; PRAGMA secure_delete = ON", NULL, NULL, NULL) != SQLITE_OK) {
		sqlite3_close(db);
		return NULL;
	}
	return db;
}

/* The store in the form that it had at version `to`, or with the number of one that is not known yet. */
static bool
set_form(struct station *s, int64_t to)
{
	sqlite3 *db = open_store(s);
	int64_t now = db != NULL ? form_of(db) : -1;
	char set[64];
	bool ok = now > 0 && sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;

	for (int64_t n = now; ok && n > to; n--)
		ok = n > NEWEST || sqlite3_exec(db, back[n - 1], NULL, NULL, NULL) == SQLITE_OK;
	snprintf(set, sizeof(set), "PRAGMA user_version = %lld; COMMIT", (long long)to);
	ok = ok && sqlite3_exec(db, set, NULL, NULL, NULL) == SQLITE_OK;
	sqlite3_close(db);
	return ok;
}

/* ---- an older home ---- */

/* The newer program is started; the power goes, and it is started again. */
static bool
migrate(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	struct disk *d = host_disk(s->host);
	struct err err = ERR_INIT;
	bool closed = s->has_closed_hash;

	disk_arm(d, FAULT_POWER, play_between(p, "migrate-after", 1, 60));
	if (station_open(s, &err) != ERR_OK && !disk_dead(d))
		return play_fail(p, "I1", "n%zu: a home of an older program does not open: %s", i, err.text);
	if (disk_dead(d)) {
		mark(MARK_CUT_WHILE_MIGRATING);
		struck(STRUCK_MIGRATING);
		station_crash(s, false);
		s->has_closed_hash = closed; /* nothing was written by anybody since */
		disk_power_on(d, (enum disk_loss)play_below(p, "migrate-loss", LOSS_GARBAGE + 1));
	} else { /* it had nothing left to do */
		disk_arm(d, FAULT_NONE, 0);
		station_close(s);
	}
	disk_arm(d, FAULT_NONE, 0);
	return play_ensure_up(p, i);
}

bool
act_old_home(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	int64_t to = (int64_t)play_between(p, "form", OLDEST, NEWEST - 1);

	if (!play_lay_down(p, i))
		return true;
	if (!set_form(s, to))
		return play_fail(p, "I2", "n%zu: its store cannot be made one of an older program", i);
	trace_line(world_trace(p->world), "n%zu: its home was left by an older program, form %lld", i, (long long)to);
	mark(MARK_OLD_HOME);
	if (!migrate(p, i))
		return false;
	station_close(s);
	if (station_power_went(s))
		return true;
	sqlite3 *db = open_store(s);
	int64_t now = db != NULL ? form_of(db) : -1;

	sqlite3_close(db);
	return (now == NEWEST || play_fail(p, "I2", "n%zu: after a migration its store has form %lld", i, (long long)now)) && play_ensure_up(p, i);
}

/* ---- a newer home ---- */

struct digest { const char *path; uint64_t sum; };

static void
add_file(void *ctx, const char *path, struct bytes data)
{
	struct digest *g = ctx;

	if (strcmp(path, g->path) == 0)
		g->sum = siphash(g->sum, data.len, data.p, data.len);
}

static uint64_t
store_digest(struct station *s)
{
	char path[64];
	struct digest g = { path, 0 };

	snprintf(path, sizeof(path), "%s/log.db", s->home);
	disk_each(host_disk(s->host), add_file, &g);
	return g.sum;
}

bool
act_new_home(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;
	uint64_t before;
	enum err_code rc;

	if (!play_lay_down(p, i))
		return true;
	if (!set_form(s, NEWEST + (int64_t)play_between(p, "ahead", 1, 3)))
		return play_fail(p, "I2", "n%zu: its store cannot be made one of a newer program", i);
	before = store_digest(s);
	rc = station_open(s, &err);
	trace_line(world_trace(p->world), "n%zu: its home has been a newer program's: %s", i, rc == ERR_OK ? "opened" : err.text);
	mark(MARK_NEW_HOME);
	if (rc == ERR_OK || err.code != ERR_NEWER)
		return play_fail(p, "I2", "n%zu: a home of a newer program is not refused as one: %s", i, rc == ERR_OK ? "it opens" : err.text);
	if (store_digest(s) != before)
		return play_fail(p, "I2", "n%zu: a home of a newer program was refused and changed", i);
	if (!set_form(s, NEWEST))
		return play_fail(p, "I2", "n%zu: its store does not take its form back", i);
	return play_ensure_up(p, i);
}

/* ---- a profile that grows ---- */

/* Version v has a field more on the case than v - 1, of the highest number. */
static void
profile_json(struct buf *out, unsigned version)
{
	const char *end = strstr(station_profile, "]}]}"), *number = strstr(station_profile, "\"version\":1");

	buf_put(out, station_profile, (size_t)(number - station_profile));
	buf_printf(out, "\"version\":%u", version);
	number += strlen("\"version\":1");
	buf_put(out, number, (size_t)(end - number));
	for (unsigned v = 2; v <= version; v++)
		buf_printf(out, ",{\"number\":%u,\"name\":\"later%u\",\"type\":\"text\"}", 100 + v, v);
	buf_printf(out, "%s", end);
}

bool
act_profile(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	unsigned next = profile_version(node_profile(s->node)) + 1;
	struct buf json = BUF_INIT;
	struct err err = ERR_INIT;
	enum err_code rc;

	if (!p->coordinator[i])
		return true;
	profile_json(&json, next);
	rc = node_install_profile(s->node, buf_bytes(&json), &err);
	buf_free(&json);
	if (rc == ERR_OK)
		rc = node_commit(s->node, &err);
	else
		node_drop(s->node);
	trace_line(world_trace(p->world), "n%zu: installs version %u of the profile: %s", i, next, rc == ERR_OK ? "ok" : err.text);
	if (rc != ERR_OK)
		return act_excused(p, i, "installing a profile", &err);
	if (!station_power_went(s) && next > p->profile)
		p->profile = next;
	mark(MARK_PROFILE_GREW);
	return true;
}

bool
upgrade_judge(struct play *p)
{
	uint32_t first = profile_version(node_profile(p->stations[0]->node));

	if (first < p->profile)
		return play_fail(p, "I3", "version %u of the profile was saved, and n0 has %u", p->profile, first);
	for (size_t i = 1; i < p->swarm.stations; i++)
		if (profile_version(node_profile(p->stations[i]->node)) != first)
			return play_fail(p, "I3", "n%zu has version %u of the profile, n0 has %u", i, profile_version(node_profile(p->stations[i]->node)), first);
	return true;
}
