#include "sim/far.h"

#include <stdio.h>

#include "base/mem.h"
#include "sim/mark.h"
#include "sim/world_internal.h"
#include "store/db_sqlite.h"

enum { FAR_FAILED = 9000 }; /* no code of SQLite's */

enum befalls { NOTHING, REFUSED, LOST, LOST_BEFORE_COMMIT, LOST_AFTER_COMMIT };

struct far {
	struct db_engine base;
	struct world *world;
	struct host *server;
	struct dice dice;
	uint32_t rate;
	bool calm;
	int64_t turn;         /* of what was committed */
	uint64_t struck;
	/* of the one connection */
	bool away, aborted;
	uint64_t again_ns;    /* then it can be had again */
	enum befalls next;    /* in the open transaction */
	uint64_t in;          /* statements from now */
};

/* Each call has one of its statements or its database: both name the engine that they came by. */
static struct far *
far_of(const struct db_engine *e)
{
	return (struct far *)(void *)(uintptr_t)e;
}

static void
lose(struct far *f, struct db *db)
{
	db_sqlite.rollback(db); /* the server sees that nobody is there */
	f->away = db->away = true;
	f->aborted = false;
	f->next = NOTHING;
	f->again_ns = world_now(f->world) + dice_between(&f->dice, 1, 5000) * NS_PER_MS;
	f->struck++;
	mark(MARK_STORE_LOST);
}

/* ---- statements ---- */

static enum err_code
error(struct db *db, int rc, struct err *err)
{
	struct far *f = far_of(db->engine);

	if (f->away)
		return err_set(err, ERR_IO, "the database cannot be reached: nothing can be read or saved until it is back");
	if (f->aborted)
		return err_set(err, ERR_IO, "the database refuses (it took too long)");
	return db_sqlite.error(db, rc, err);
}

static enum err_code
prepare(struct db *db, const char *sql, enum db_use use, struct stmt **out, struct err *err)
{
	struct far *f = far_of(db->engine);
	enum err_code rc = f->away || f->aborted ? error(db, FAR_FAILED, err) : db_sqlite.prepare(db, sql, use, out, err);

	if (rc == ERR_OK)
		(*out)->engine = &f->base;
	return rc;
}

static int
step(struct stmt *s)
{
	struct far *f = far_of(s->engine);

	if (s->db->writing && !f->away && !f->aborted && (f->next == REFUSED || f->next == LOST) && --f->in == 0) {
		db_sqlite.reset(s);
		struck(f->next == REFUSED ? STRUCK_STORE_REFUSED : STRUCK_STORE_LOST);
		if (f->next == LOST) {
			lose(f, s->db);
		} else {
			f->aborted = true;
			f->struck++;
		}
	}
	if (!f->away && !f->aborted)
		return db_sqlite.step(s);
	db_sqlite.reset(s); /* an error is the end of a statement */
	return FAR_FAILED;
}

/* ---- transactions ---- */

static void
draw(struct far *f)
{
	f->next = NOTHING;
	if (f->calm || !dice_chance(&f->dice, f->rate))
		return;
	f->next = (enum befalls)dice_between(&f->dice, REFUSED, LOST_AFTER_COMMIT);
	f->in = dice_between(&f->dice, 1, dice_chance(&f->dice, 500) ? 4 : 60);
}

static enum err_code
begin(struct db *db, struct err *err)
{
	struct far *f = far_of(db->engine);

	if (f->away)
		return error(db, FAR_FAILED, err);
	draw(f);
	return db_sqlite.begin(db, err);
}

static void
rollback(struct db *db)
{
	struct far *f = far_of(db->engine);

	if (!f->away)
		db_sqlite.rollback(db);
	f->aborted = false;
	f->next = NOTHING;
}

static enum err_code
commit(struct db *db, struct err *err)
{
	struct far *f = far_of(db->engine);
	enum befalls what = f->next;
	enum err_code rc;

	if (!f->away && !f->aborted && (what == LOST_BEFORE_COMMIT || what == LOST_AFTER_COMMIT)) {
		struck(what == LOST_BEFORE_COMMIT ? STRUCK_STORE_LOST : STRUCK_STORE_UNKNOWN);
		if (what == LOST_AFTER_COMMIT && db_sqlite.commit(db, err) == ERR_OK) {
			f->turn++;
			mark(MARK_STORE_UNKNOWN);
		}
		lose(f, db);
	}
	if (f->away || f->aborted) {
		rc = error(db, FAR_FAILED, err);
		rollback(db);
		return rc;
	}
	f->next = NOTHING;
	rc = db_sqlite.commit(db, err);
	if (rc == ERR_OK)
		db->turn = ++f->turn;
	return rc;
}

/* ---- what others have stored: here only what this one was not told of itself ---- */

static enum err_code
look(struct db *db, struct err *err)
{
	struct far *f = far_of(db->engine);

	if (!db->writing && !f->away && !f->calm && dice_chance(&f->dice, f->rate / 8)) {
		struck(STRUCK_STORE_LOST);
		lose(f, db);
	}
	return f->away ? error(db, FAR_FAILED, err) : ERR_OK;
}

static void
look_end(struct db *db)
{
	(void)db;
}

static enum err_code
news(struct db *db, bool *any, bool *anew, struct err *err)
{
	struct far *f = far_of(db->engine);

	if (f->away)
		return error(db, FAR_FAILED, err);
	*any = *anew = f->turn != db->turn;
	return ERR_OK;
}

static void
seen(struct db *db)
{
	db->turn = far_of(db->engine)->turn;
}

static bool
wake(struct db *db)
{
	struct far *f = far_of(db->engine);

	if (!f->away)
		return f->turn != db->turn;
	if (world_now(f->world) < f->again_ns)
		return false;
	f->away = db->away = false;
	return true;
}

static enum err_code
rewrite(struct db *db, bool on_disk, struct err *err)
{
	return far_of(db->engine)->away ? error(db, FAR_FAILED, err) : db_sqlite.rewrite(db, on_disk, err);
}

static enum err_code
settle(struct db *db, struct err *err)
{
	return far_of(db->engine)->away ? error(db, FAR_FAILED, err) : db_sqlite.settle(db, err);
}

static enum err_code
check(struct db *db, void (*finding)(void *ctx, const char *text), void *ctx, struct err *err)
{
	return far_of(db->engine)->away ? error(db, FAR_FAILED, err) : db_sqlite.check(db, finding, ctx, err);
}

/* ---- life ---- */

static enum err_code
open_there(const struct db_engine *e, struct db *db, struct env *env, const char *name, bool create, struct err *err)
{
	struct far *f = far_of(e);
	char path[80];
	enum err_code rc;

	(void)env; /* the hub's: what is stored is the server's */
	snprintf(path, sizeof(path), "/server/%s.db", name);
	rc = db_sqlite.open(&db_sqlite, db, host_env(f->server), path, create, err);
	f->away = f->aborted = false;
	f->next = NOTHING;
	db->turn = f->turn;
	return rc;
}

struct far *
far_new(struct world *w, uint32_t rate)
{
	struct far *f = sim_must(mem_zero(1, sizeof(*f)));
	size_t host = world_add_host(w);

	f->base = db_sqlite;
	f->base.open = open_there;
	f->base.error = error;
	f->base.prepare = prepare;
	f->base.step = step;
	f->base.begin = begin;
	f->base.commit = commit;
	f->base.rollback = rollback;
	f->base.rewrite = rewrite;
	f->base.settle = settle;
	f->base.check = check;
	f->base.look = look;
	f->base.look_end = look_end;
	f->base.news = news;
	f->base.seen = seen;
	f->base.wake = wake;
	f->world = w;
	f->server = world_host(w, host);
	f->rate = rate;
	f->dice = dice_of(w->seed, STREAM_DISK, UINT64_C(1) << 32);
	return f;
}

void
far_free(struct far *f)
{
	mem_free(f);
}

const struct db_engine *
far_engine(struct far *f)
{
	return &f->base;
}

struct disk *
far_disk(struct far *f)
{
	return host_disk(f->server);
}

void
far_calm(struct far *f, bool calm)
{
	f->calm = calm;
}

uint64_t
far_struck(const struct far *f)
{
	return f->struck;
}
