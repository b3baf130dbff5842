/* What is the same whatever engine is beneath: the statements that are kept, and what may not be written any more. */
#include "store/db.h"

#include <string.h>

enum err_code
db_open(struct db *db, const struct db_engine *engine, struct env *env, const char *name, bool create, struct err *err)
{
	enum err_code rc;

	memset(db, 0, sizeof(*db));
	rc = engine->open(engine, db, env, name, create, err);
	if (rc != ERR_OK) {
		memset(db, 0, sizeof(*db));
		err_wrap(err, "%s", name);
		return rc;
	}
	db->engine = engine;
	return ERR_OK;
}

void
db_close(struct db *db)
{
	if (db->engine == NULL)
		return;
	db_rollback(db);
	for (size_t i = 0; i < DB_SLOTS; i++)
		db_finalize(db->stmt[i]);
	db->engine->close(db);
	memset(db, 0, sizeof(*db));
}

struct stmt *
db_stmt_for(struct db *db, enum db_slot slot, const char *sql, enum db_use use, struct err *err)
{
	if (db->stmt[slot] != NULL)
		db_reset(db->stmt[slot]); /* repeats the error of the last run, which has been reported */
	else if (db_prepare(db, sql, use, &db->stmt[slot], err) != ERR_OK)
		return NULL;
	return db->stmt[slot];
}

struct stmt *
db_stmt(struct db *db, enum db_slot slot, const char *sql, struct err *err)
{
	return db_stmt_for(db, slot, sql, DB_ONE, err);
}

enum err_code
db_run(struct db *db, struct stmt *s, struct err *err)
{
	int rc = db_step(s);

	if (rc != DB_DONE)
		db_error(db, rc, err);
	db_reset(s);
	return rc == DB_DONE ? ERR_OK : err ? err->code : ERR_IO;
}

bool
db_take(struct stmt *s, int column, uint8_t *out, size_t len)
{
	struct bytes b;

	if (!db_is_blob(s, column))
		return false;
	b = db_blob(s, column);
	if (b.len != len)
		return false;
	memcpy(out, b.p, len);
	return true;
}

enum err_code
db_begin(struct db *db, struct err *err)
{
	enum err_code rc;

	if (db->writing)
		return ERR_OK;
	if (db->read_only)
		return err_plain(err, ERR_READ_ONLY);
	if (db->failed)
		return err_set(err, ERR_IO, "an earlier write failed; nothing more is saved until the home is opened again");
	db->rewrites = false;
	rc = db->engine->begin(db, err);
	db->writing = rc == ERR_OK;
	return rc;
}

void
db_rollback(struct db *db)
{
	if (db->writing)
		db->engine->rollback(db);
	db->writing = false;
}

enum err_code
db_commit(struct db *db, struct err *err)
{
	enum err_code rc = db->engine->commit(db, err);

	db->writing = false;
	return rc;
}
