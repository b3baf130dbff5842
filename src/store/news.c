/*
 * A store that several processes share: what another of them has committed is
 * read into memory before this one writes, and when a word of it comes. Entries
 * carry the number of the transaction that stored them, so that is a short
 * read; only a fork, and whatever else rewrites rows, costs reading everything.
 * Spec: proto/postgresql.md, 3 "Turns".
 */
#include "store/replica_internal.h"

#include "base/mem.h"

#define REFUSED_FIRST_NS 250000000ull  /* as for a connection that is lost: proto/postgresql.md, 4 */
#define REFUSED_LAST_NS 15000000000ull

/* A log's entries from `from` on, as far as they are the organisation's business. */
static enum err_code
tell_of_log(struct replica *r, size_t log, uint64_t from, struct err *err)
{
	struct rows w;
	struct entry e;
	enum err_code rc = rows_open(&w, r, log, from, UINT64_MAX, false, err);

	while (rc == ERR_OK && rows_next(&w, &e, &rc, err)) {
		rc = replica_tell_org(r, &e, err);
		if (rc == ERR_OK && r->hook.stored)
			r->hook.stored(r->hook.ctx, log, &e);
	}
	rows_close(&w);
	return rc == ERR_DAMAGED ? err_forgive(err) : rc; /* verify names the place */
}

static enum err_code
grow(struct replica *r, size_t log, struct err *err)
{
	uint64_t before = r->logs[log].head.len;
	enum err_code rc = logs_load_head(r, log, err);

	if (rc != ERR_OK || r->logs[log].head.len <= before)
		return rc;
	r->entries += r->logs[log].head.len - before;
	r->logs[log].lacks = true; /* perhaps; whoever asks looks */
	return SAME(r->logs[log].head.key.stream, r->control) ? tell_of_log(r, log, before, err) : ERR_OK;
}

static enum err_code
take_entries(struct replica *r, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_NEWS_ENTRIES,
	                         "SELECT DISTINCT (n & 4611686018427387903) >> 40 FROM entry WHERE turn > ?1 ORDER BY 1", err);
	enum err_code rc = ERR_OK;
	int step = DB_DONE;

	if (s == NULL)
		return err ? err->code : ERR_NO_MEMORY;
	db_bind_int(s, 1, r->db.turn);
	while (rc == ERR_OK && (step = db_step(s)) == DB_ROW) {
		uint64_t no = (uint64_t)db_int(s, 0);

		if (no >= 1 && no <= r->count)
			rc = grow(r, (size_t)no - 1, err);
	}
	if (rc == ERR_OK && step != DB_DONE)
		rc = db_error(&r->db, step, err);
	db_reset(s);
	return rc;
}

static enum err_code
take_appended(struct replica *r, struct err *err)
{
	enum err_code rc = logs_load_new(r, err);
	struct stmt *s;

	if (rc == ERR_OK)
		rc = take_entries(r, err);
	if (rc != ERR_OK)
		return rc;
	s = db_stmt(&r->db, DB_NEWS_TEAMS, "SELECT n FROM entry WHERE kind IN (36, 37) AND turn > ?1 ORDER BY n", err);
	if (s != NULL)
		db_bind_int(s, 1, r->db.turn);
	rc = replica_tell_teams(r, s, err);
	if (rc == ERR_OK)
		rc = replica_evaluate(r, err);
	if (rc == ERR_OK)
		orders_refresh(r->orders, r->org);
	return rc;
}

enum err_code
news_take(struct replica *r, struct err *err)
{
	bool any = false, anew = false;
	enum err_code rc = r->db.engine->news(&r->db, &any, &anew, err);

	if (rc != ERR_OK || !any)
		return rc;
	rc = anew || !r->has_org ? replica_load(r, err) : take_appended(r, err);
	if (rc != ERR_OK)
		return rc;
	r->db.engine->seen(&r->db);
	r->grew = r->orders_dirty = true;
	return ERR_OK;
}

enum err_code
news_look(struct replica *r, struct err *err)
{
	enum err_code rc = r->db.engine->look(&r->db, err);

	return rc == ERR_OK ? news_take(r, err) : rc;
}

/* Everything once more: memory may be ahead of what was saved, or half way to what others have. */
static enum err_code
read_again(struct replica *r, struct err *err)
{
	bool any, anew;
	enum err_code rc = r->db.engine->look(&r->db, err);

	if (rc == ERR_OK)
		rc = r->db.engine->news(&r->db, &any, &anew, err);
	if (rc == ERR_OK)
		rc = replica_load(r, err);
	if (rc == ERR_OK)
		rc = erase_load(r, err);
	if (rc != ERR_OK)
		return rc;
	r->db.engine->seen(&r->db);
	r->grew = true;
	return ERR_OK;
}

/* A server that is there and refuses is asked for everything again soon, then ever less often; said once. */
static void
wait_a_while(struct replica *r, const struct err *err)
{
	if (r->refused_ns == 0)
		env_logf(r->env, "reading what others have stored: %s", err->text);
	r->refused_ns = r->refused_ns == 0 ? REFUSED_FIRST_NS : r->refused_ns * 2 < REFUSED_LAST_NS ? r->refused_ns * 2 : REFUSED_LAST_NS;
	r->again_ns = r->env->ops->mono_ns(r->env) + r->refused_ns;
}

bool
replica_tend(struct replica *r)
{
	struct err err = ERR_INIT;
	enum err_code rc;
	bool woken;

	if (!db_shared(&r->db))
		return false;
	if (r->db.writing) { /* others wait for the turn */
		if (replica_commit(r, &err) != ERR_OK)
			env_logf(r->env, "%s", err.text);
		return false;
	}
	woken = r->db.engine->wake(&r->db);
	if (r->db.away || (!woken && ((!r->lost && !r->grew) || r->env->ops->mono_ns(r->env) < r->again_ns)))
		return false;
	rc = r->lost ? read_again(r, &err) : news_look(r, &err);
	r->db.engine->look_end(&r->db);
	r->lost = rc != ERR_OK;
	r->refused_ns = rc == ERR_OK ? 0 : r->refused_ns;
	if (rc != ERR_OK) {
		wait_a_while(r, &err);
	} else if (r->grew) {
		r->grew = false;
		if (r->hook.committed)
			r->hook.committed(r->hook.ctx);
		return true;
	}
	return false;
}

bool
replica_shared(const struct replica *r)
{
	return db_shared(&r->db);
}

bool
replica_away(const struct replica *r)
{
	return r->db.away || (r->lost && db_shared(&r->db));
}

/* ---- leaving it ---- */

static enum err_code
run(struct replica *r, const char *sql, uint64_t *count, struct err *err)
{
	struct stmt *s = NULL;
	enum err_code rc = db_prepare(&r->db, sql, DB_ONE, &s, err);
	int step;

	if (rc != ERR_OK)
		return rc;
	step = db_step(s);
	if (step == DB_ROW && count != NULL)
		*count = (uint64_t)db_int(s, 0);
	else if (step != DB_ROW && step != DB_DONE)
		rc = db_error(&r->db, step, err);
	db_finalize(s);
	return rc;
}

enum err_code
replica_leave(struct replica *r, bool *emptied, struct err *err)
{
	uint64_t others = 0;
	enum err_code rc;

	*emptied = false;
	if (!db_shared(&r->db))
		return ERR_OK;
	rc = replica_own_put(r, "store.tokens", BYTES_NONE, err);
	if (rc == ERR_OK)
		rc = run(r, "SELECT count(*) FROM meta WHERE key LIKE 'store.tokens.%' AND length(value) > 0", &others, err);
	if (rc == ERR_OK && others == 0)
		rc = run(r, "TRUNCATE entry, log, fork, ack, custody, peer, attest, claim, ack_floor, meta", NULL, err);
	if (rc != ERR_OK) {
		db_rollback(&r->db);
		return rc;
	}
	r->db.rewrites = true;
	rc = db_commit(&r->db, err);
	*emptied = rc == ERR_OK && others == 0;
	return rc;
}
