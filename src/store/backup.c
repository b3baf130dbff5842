/*
 * The copy is made by SQLite's backup interface, so it is of one moment
 * whatever else goes on. The keystore goes into it as a small value and is
 * taken out again by the restore; the home exists once its keystore does.
 */
#include "store/backup.h"

#include <stdio.h>

#include "crypto/guard.h"
#include "store/db_sqlite.h"
#include "store/replica_internal.h"

#define META_BACKUP "store.backup"
#define META_TOKENS "store.tokens"

enum { PATH_BYTES = 4096 };

/* ---- making ---- */

static int
put_keystore(sqlite3 *to, struct bytes keystore)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(to, "INSERT OR REPLACE INTO meta(key, value) VALUES('" META_BACKUP "', ?1)", -1, &s, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_bind_blob64(s, 1, keystore.p, keystore.len, SQLITE_STATIC);
		rc = sqlite3_step(s);
		rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
	}
	sqlite3_finalize(s);
	return rc;
}

/* One database into another, whole. */
static int
copy_all(sqlite3 *to, sqlite3 *from)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");

	if (b == NULL)
		return sqlite3_extended_errcode(to);
	sqlite3_backup_step(b, -1);
	return sqlite3_backup_finish(b);
}

/* What an earlier backup that was cut short has left. */
static enum err_code
clear_beside(struct env *env, const char *beside, struct err *err)
{
	static const char *const parts[] = { "", "-journal", "-wal" };
	char path[PATH_BYTES];
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < COUNT_OF(parts) && rc == ERR_OK; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", beside, parts[i]);
		if (env->files->exists(env, path))
			rc = env->files->remove(env, path, err);
	}
	return rc;
}

/* Written beside its place, and given its name when it is whole: half a backup must not look like one. */
enum err_code
home_backup(struct home *h, const char *path, struct err *err)
{
	char beside[PATH_BYTES - 16];
	struct buf keystore = BUF_INIT;
	sqlite3 *to = NULL;
	enum err_code rc = replica_commit(h->replica, err);
	int sql;

	if (rc == ERR_OK && h->env->files->exists(h->env, path))
		rc = err_plain(err, ERR_EXISTS);
	if (rc == ERR_OK && snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
		rc = err_set(err, ERR_INVALID, "the path is too long");
	if (rc == ERR_OK)
		rc = keystore_encode(h->keys, h->env, &keystore, err);
	if (rc == ERR_OK)
		rc = clear_beside(h->env, beside, err);
	if (rc != ERR_OK)
		goto out;
	sql = sqlite3_open_v2(beside, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
	                      h->env->sqlite_vfs);
	if (sql == SQLITE_OK)
		sql = sqlite3_exec(to, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = EXTRA; PRAGMA page_size = 4096", NULL, NULL, NULL);
	if (sql == SQLITE_OK)
		sql = copy_all(to, sqlite_handle(&h->replica->db));
	if (sql == SQLITE_OK)
		sql = put_keystore(to, buf_bytes(&keystore));
	if (sql != SQLITE_OK)
		rc = sqlite_error(to, sql, err);
	sqlite3_close(to);
	if (rc == ERR_OK)
		rc = h->env->files->move(h->env, beside, path, err);
	if (rc != ERR_OK)
		(void)!clear_beside(h->env, beside, NULL);
out:
	buf_wipe(&keystore);
	if (rc != ERR_OK)
		err_wrap(err, "backing up to %s", path);
	return rc;
}

/* ---- restoring ---- */

static enum err_code
not_a_backup(struct err *err)
{
	return err_set(err, ERR_MALFORMED, "this is no backup that `faltbok backup` has made");
}

static enum err_code
open_file(sqlite3 **out, struct env *env, const char *file, struct err *err)
{
	sqlite3_stmt *s = NULL;
	enum err_code rc = ERR_OK;
	int sql;

	*out = NULL;
	if (!env->files->exists(env, file))
		return err_set(err, ERR_NOT_FOUND, "there is no such file");
	sql = sqlite3_open_v2(file, out, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, env->sqlite_vfs);
	if (sql == SQLITE_OK)
		sql = sqlite3_exec(*out, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0", NULL, NULL, NULL);
	if (sql == SQLITE_OK)
		sql = sqlite3_prepare_v2(*out, "PRAGMA application_id", -1, &s, NULL);
	if (sql == SQLITE_OK && (sqlite3_step(s) != SQLITE_ROW || sqlite3_column_int64(s, 0) != DB_APPLICATION_ID))
		rc = not_a_backup(err);
	sqlite3_finalize(s);
	if (sql != SQLITE_OK)
		rc = sql == SQLITE_NOTADB ? not_a_backup(err) : sqlite_error(*out, sql, err);
	return rc;
}

static enum err_code
open_keystore(struct keystore **out, sqlite3 *from, struct bytes passphrase, struct err *err)
{
	sqlite3_stmt *s = NULL;
	enum err_code rc;

	if (sqlite3_prepare_v2(from, "SELECT value FROM meta WHERE key = '" META_BACKUP "'", -1, &s, NULL) != SQLITE_OK ||
	    sqlite3_step(s) != SQLITE_ROW || sqlite3_column_bytes(s, 0) == 0)
		rc = not_a_backup(err);
	else
		rc = keystore_open(out, BYTES(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0)), 1, passphrase, err);
	sqlite3_finalize(s);
	return rc;
}

/* The database into its place, and out of it what only the backup was for. */
static enum err_code
fill_home(struct home *h, sqlite3 *from, const char *path, struct err *err)
{
	sqlite3 *to = NULL;
	enum err_code rc = ERR_OK;
	int sql = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
	                          h->env->sqlite_vfs);

	if (sql == SQLITE_OK)
		sql = sqlite3_exec(to, "PRAGMA synchronous = EXTRA; PRAGMA page_size = 4096", NULL, NULL, NULL);
	if (sql == SQLITE_OK)
		sql = copy_all(to, from);
	if (sql != SQLITE_OK)
		rc = sqlite_error(to, sql, err);
	sqlite3_close(to);
	if (rc == ERR_OK)
		rc = replica_open(&h->replica, h->env, h->path, false, err);
	if (rc == ERR_OK)
		rc = replica_meta_put(h->replica, META_BACKUP, BYTES_NONE, err);
	if (rc == ERR_OK)
		rc = replica_meta_put(h->replica, META_TOKENS, BYTES_NONE, err);
	return rc == ERR_OK ? replica_commit(h->replica, err) : rc;
}

enum err_code
home_restore(struct env *env, const char *home, const char *file, struct bytes passphrase, struct err *err)
{
	struct home h = { .env = env };
	char keystore[4096], db[4096], place[4096];
	sqlite3 *from = NULL;
	enum err_code rc;
	bool began = false;

	if (strlen(home) >= sizeof(h.path))
		return err_set(err, ERR_USAGE, "the path of the home is too long");
	memcpy(h.path, home, strlen(home) + 1);
	(void)snprintf(keystore, sizeof(keystore), "%s/keystore", home);
	(void)snprintf(db, sizeof(db), "%s/log.db", home);
	(void)snprintf(place, sizeof(place), "%s/place", home);
	if (env->files->exists(env, keystore))
		return err_set(err, ERR_EXISTS, "there is a home in %s already: restore into another place with --home DIR", home);
	rc = open_file(&from, env, file, err);
	if (rc == ERR_OK)
		rc = open_keystore(&h.keys, from, passphrase, err);
	if (rc == ERR_OK)
		rc = env->files->make_dir(env, home, err);
	if (rc == ERR_OK)
		rc = home_take_lock(&h, err);
	began = rc == ERR_OK;
	if (rc == ERR_OK && env->files->exists(env, db)) /* a restore that was cut short: there is no keystore to it */
		rc = env->files->remove(env, db, err);
	if (rc == ERR_OK && env->files->exists(env, place))
		rc = env->files->remove(env, place, err);
	if (rc == ERR_OK)
		rc = fill_home(&h, from, db, err);
	if (rc == ERR_OK) { /* the original may live on, and two homes must not write one log */
		env_random(env, h.keys->inc.b, sizeof(h.keys->inc.b));
		h.keys->place_len = 0;
		rc = home_save_keystore(&h, err);
	}
	sqlite3_close(from);
	home_close(&h);
	if (rc != ERR_OK && began && env->files->exists(env, db))
		(void)!env->files->remove(env, db, NULL);
	if (rc != ERR_OK)
		err_wrap(err, "restoring %s", file);
	return rc;
}
