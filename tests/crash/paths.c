/* Write paths that are no operation of the table: starting, joining, restoring, a store of an earlier version, an exchange with somebody. */
#include "path.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "node/node_internal.h"
#include "node/tend.h"
#include "op/op.h"
#include "store/backup.h"
#include "store/gc.h"

#define NEWCOMER "/home/newcomer/faltbok"
#define RESTORED "/home/restored/faltbok"
#define BACKUP "/home/lund/today.backup"
#define NEW_PASSPHRASE "en ny mening"
#define OLD_PAPER "abcdefghijklmnopqrstuvwxya"

static struct home bare; /* of a path that has no node */
static struct buf welcome_file;
struct debt *path_noting;

/* ---- what every path has ---- */

enum err_code
path_ask(struct room *r, const char *op, const char *text, struct err *err)
{
	json_t *params = room_params(r, text);
	bool good = room_ask(r, op, params);

	*err = r->err;
	json_decref(params);
	return good ? ERR_OK : err->code != ERR_OK ? err->code : ERR_IO;
}

enum err_code
path_begin(struct room *r, const struct path *p, const struct debt *kept, struct debt *d, struct err *err)
{
	enum err_code rc;

	*d = *kept;
	path_noting = d;
	room_restore(r);
	rc = p->prepare != NULL ? p->prepare(r, err) : room_open(r, false, err);
	if (rc == ERR_OK && p->scene != NULL && p->scene->first != NULL)
		rc = path_ask(r, p->scene->first, p->scene->first_params, err);
	room_note_code(r);
	if (rc == ERR_OK && r->node != NULL)
		debt_note(d, node_replica(r->node));
	return rc;
}

enum err_code
path_run(struct room *r, const struct path *p, struct err *err)
{
	return p->scene != NULL ? path_ask(r, p->scene->op, p->scene->params, err) : p->run(r, err);
}

void
path_end(struct room *r)
{
	room_forget_answer(r);
	path_hub_end(r);
	path_paper_end();
	path_beside_end();
	if (r->node != NULL)
		room_stop(r);
	home_close(&bare);
	if (r->other_meet != NULL)
		room_stop_other(r);
}

void
debt_note(struct debt *d, struct replica *r)
{
	d->count = 0;
	d->before = replica_entry_count(r);
	for (size_t i = 0; i < replica_log_count(r) && d->count < OWED_MAX; i++) {
		const struct log_head *h = replica_log_at(r, i);

		d->owed[d->count++] = (struct owed){ h->key, h->len, h->head };
	}
}

void
debt_note_acked(struct debt *d, struct replica *colleague, const struct author *device)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < replica_log_count(colleague) && d->count < OWED_MAX; i++) {
		uint64_t len = replica_acked(colleague, device, i);
		struct buf keep = BUF_INIT;
		struct entry e;

		if (len > 0 && replica_entry(colleague, i, len - 1, &e, &keep, &err) == ERR_OK)
			d->owed[d->count++] = (struct owed){ replica_log_at(colleague, i)->key, len, e.id };
		buf_free(&keep);
	}
}

void
path_note_acked(struct room *r, struct debt *d)
{
	if (r->other != NULL && r->node != NULL && node_self(r->node) != NULL)
		debt_note_acked(d, node_replica(r->other), &node_self(r->node)->sign_pk);
	path_hub_note_acked(r, d);
}

static bool
holds_what_is_owed(const struct owed *o, struct replica *r)
{
	struct buf keep = BUF_INIT;
	struct err err = ERR_INIT;
	struct entry e;
	size_t log;
	bool held;

	if (o->len == 0)
		return true;
	if (!replica_log_find(r, &o->key, &log) || replica_log_at(r, log)->len < o->len)
		return false;
	if (replica_log_at(r, log)->len == o->len)
		return SAME(replica_log_at(r, log)->head, o->head);
	held = replica_entry(r, log, o->len - 1, &e, &keep, &err) == ERR_OK && SAME(e.id, o->head);
	buf_free(&keep);
	return held;
}

bool
debt_is_held(const struct debt *d, struct replica *r)
{
	bool held = true;

	for (size_t i = 0; held && i < d->count; i++)
		held = holds_what_is_owed(&d->owed[i], r);
	return held;
}

enum err_code
debt_check(const struct debt *d, struct replica *r, struct err *err)
{
	struct err finding = ERR_INIT;
	enum err_code rc = replica_verify(r, room_finding, &finding, NULL, err);

	if (rc == ERR_OK && finding.code != ERR_OK)
		rc = err_set(err, ERR_DAMAGED, "the store does not verify: %s", finding.text);
	if (rc == ERR_OK && !debt_is_held(d, r))
		rc = err_set(err, ERR_DAMAGED, "an entry that was acknowledged is not there");
	return rc;
}

/* ---- the program starts, and ends ---- */

static enum err_code
nothing(struct room *r, struct err *err)
{
	(void)r;
	(void)err;
	return ERR_OK;
}

static enum err_code
start(struct room *r, struct err *err)
{
	return room_open(r, false, err);
}

static enum err_code
start_cold(struct room *r, struct err *err)
{
	return room_open(r, true, err);
}

static enum err_code
snapshot(struct room *r, struct err *err)
{
	return node_save_snapshot(r->node, err);
}

static enum err_code
opens_all_the_way(struct room *r, const struct debt *d, struct err *err)
{
	enum err_code rc = room_open(r, false, err);

	(void)d;
	if (rc == ERR_OK)
		room_stop(r);
	return rc;
}

/* ---- a new passphrase ---- */

static enum err_code
open_bare(struct room *r, struct err *err)
{
	return home_open(&bare, room_env(r), room_home, 1, room_secret(), err);
}

static enum err_code
change_passphrase(struct room *r, struct err *err)
{
	enum err_code rc = keystore_set_slot(bare.keys, room_env(r), 1, BYTES_STR(NEW_PASSPHRASE), KDF_INTERACTIVE, err);

	return rc == ERR_OK ? home_save_keystore(&bare, err) : rc;
}

static enum err_code
one_passphrase_opens(struct room *r, const struct debt *d, struct err *err)
{
	enum err_code rc = home_open(&bare, room_env(r), room_home, 1, BYTES_STR(NEW_PASSPHRASE), err);

	if (rc == ERR_PASSPHRASE && !d->acknowledged) {
		*err = (struct err)ERR_INIT;
		rc = home_open(&bare, room_env(r), room_home, 1, room_secret(), err);
	}
	if (rc == ERR_OK && replica_entry_count(bare.replica) != d->before)
		rc = err_set(err, ERR_DAMAGED, "other entries than before");
	home_close(&bare);
	return rc;
}

/* ---- a new recovery paper ---- */

static char paper[27];

static enum err_code
paper_begin(struct room *r, struct err *err)
{
	uint8_t code[16];
	enum err_code rc = open_bare(r, err);

	if (!recovery_code_parse(OLD_PAPER, code))
		abort();
	if (rc == ERR_OK)
		rc = keystore_set_slot(bare.keys, room_env(r), 2, BYTES(code, sizeof(code)), KDF_INTERACTIVE, err);
	if (rc == ERR_OK)
		rc = home_save_keystore(&bare, err);
	return rc == ERR_OK ? replica_papers_kept(bare.replica, err) : rc;
}

static enum err_code
print_paper(struct room *r, struct err *err)
{
	(void)r;
	return home_recovery_code(&bare, paper, err);
}

static enum err_code
old_paper_opens_or_a_reminder_stands(struct room *r, const struct debt *d, struct err *err)
{
	enum err_code rc = home_open(&bare, room_env(r), room_home, 2, BYTES_STR(OLD_PAPER), err);
	struct own_papers p = { PAPER_NONE, PAPER_NONE };

	if (rc == ERR_OK && d->acknowledged)
		rc = err_set(err, ERR_DAMAGED, "the old paper still opens");
	if (rc == ERR_PASSPHRASE) {
		*err = (struct err)ERR_INIT;
		rc = d->acknowledged ? home_open(&bare, room_env(r), room_home, 2, BYTES_STR(paper), err) :
		                       home_open(&bare, room_env(r), room_home, 1, room_secret(), err);
		if (rc == ERR_OK)
			replica_papers(bare.replica, &p);
		if (rc == ERR_OK && p.recovery == PAPER_NONE)
			rc = err_set(err, ERR_DAMAGED, "the old paper opens nothing, and nobody is reminded of the new one");
	}
	if (rc == ERR_OK && replica_entry_count(bare.replica) != d->before)
		rc = err_set(err, ERR_DAMAGED, "other entries than before");
	home_close(&bare);
	return rc;
}

/* ---- what the store can do without ---- */

static enum err_code
scrub_begin(struct room *r, struct err *err)
{
	enum err_code rc = room_open(r, false, err);

	return rc == ERR_OK ? path_ask(r, "erase approve", "{\"id\":\"$request\"}", err) : rc;
}

static enum err_code
scrub(struct room *r, struct err *err)
{
	return replica_scrub(node_replica(r->node), err);
}

static enum err_code
gc(struct room *r, struct err *err)
{
	struct gc_found found;

	return replica_gc(node_replica(r->node), false, &found, err);
}

/* ---- a store of an earlier version ---- */

/* The schema's first version, with the entries of today. */
static enum err_code
old_store(struct room *r, struct err *err)
{
	static const char back[] = "PRAGMA locking_mode = EXCLUSIVE; BEGIN; DROP TABLE attest; DROP TABLE claim; DROP TABLE ack_floor;"
				   "ALTER TABLE peer DROP COLUMN web; PRAGMA user_version = 1; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)";
	sqlite3 *db = NULL;
	char path[128];
	int sql;

	snprintf(path, sizeof(path), "%s/log.db", room_home);
	sql = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, room_env(r)->sqlite_vfs);
	if (sql == SQLITE_OK)
		sql = sqlite3_exec(db, back, NULL, NULL, NULL);
	if (sql != SQLITE_OK)
		err_set(err, ERR_IO, "an old store: %s", sqlite3_errmsg(db));
	sqlite3_close(db);
	return sql == SQLITE_OK ? ERR_OK : err->code;
}

/* ---- a home is made ---- */

static enum err_code
create(struct room *r, struct err *err)
{
	return home_create(&bare, room_env(r), NEWCOMER, "Nils", "skurup", room_secret(), KDF_INTERACTIVE, paper, err);
}

/* A recovery code that nobody has seen is reminded of from the first moment on. */
static enum err_code
paper_is_noted(struct err *err)
{
	struct own_papers p;

	replica_papers(bare.replica, &p);
	return p.recovery == PAPER_MADE ? ERR_OK : err_set(err, ERR_DAMAGED, "a recovery code was made, and nobody is reminded of it");
}

/* There is one, which opens; or there is none, and one can be made. */
static enum err_code
stands_or_is_made(struct room *r, const struct debt *d, struct err *err)
{
	enum err_code rc = home_open(&bare, room_env(r), NEWCOMER, 1, room_secret(), err);

	if (rc == ERR_NOT_FOUND && !d->acknowledged) {
		*err = (struct err)ERR_INIT;
		rc = create(r, err);
	}
	if (rc == ERR_OK)
		rc = paper_is_noted(err);
	home_close(&bare);
	return rc;
}

/* ---- somebody joins ---- */

enum err_code
path_admit(struct room *r, struct bytes request, uint8_t role, struct buf *sealed, struct err *err)
{
	bool in_team = role == ROLE_ADVISOR;
	struct join_request req;
	struct stream_id team;
	struct device_id dev;
	enum err_code rc = join_request_decode(&req, request, err);

	if (rc == ERR_OK)
		rc = room_open(r, false, err);
	if (rc != ERR_OK)
		return rc;
	if (!node_team_named(r->node, "Lund", &team))
		abort();
	rc = node_admit(r->node, &req, role, in_team ? &team : NULL, in_team ? 1 : 0, &dev, err);
	if (rc == ERR_OK)
		rc = node_commit(r->node, err);
	if (rc == ERR_OK)
		rc = node_welcome(r->node, &dev, sealed, err);
	debt_note(path_noting, node_replica(r->node));
	return rc;
}

static enum err_code
newcomer_waits(struct room *r, struct err *err)
{
	struct buf request = BUF_INIT;
	enum err_code rc = create(r, err);

	buf_clear(&welcome_file);
	if (rc == ERR_OK)
		rc = home_request(&bare, &request, err);
	home_close(&bare);
	if (rc == ERR_OK)
		rc = path_admit(r, buf_bytes(&request), ROLE_ADVISOR, &welcome_file, err);
	if (r->node != NULL)
		room_stop(r);
	if (rc == ERR_OK)
		rc = home_open(&bare, room_env(r), NEWCOMER, 1, room_secret(), err);
	buf_free(&request);
	return rc;
}

static enum err_code
accept(struct room *r, struct err *err)
{
	struct welcome w;
	enum err_code rc = welcome_open(&w, &bare, buf_bytes(&welcome_file), err);

	(void)r;
	if (rc == ERR_OK)
		rc = welcome_accept(&bare, &w, err);
	welcome_free(&w);
	return rc;
}

/* Joined, or as before and able to. Either way it can open as a node in the end. */
static enum err_code
joins_in_the_end(struct room *r, const struct debt *d, struct err *err)
{
	static const struct org_id nobody;
	enum err_code rc = home_open(&bare, room_env(r), NEWCOMER, 1, room_secret(), err);
	bool joined = rc == ERR_OK && !SAME(bare.keys->org, nobody);

	if (rc == ERR_OK && d->acknowledged && !joined)
		rc = err_set(err, ERR_DAMAGED, "it had joined");
	if (rc == ERR_OK && !joined)
		rc = accept(r, err);
	if (rc == ERR_OK && !org_known(replica_org(bare.replica)))
		rc = err_set(err, ERR_DAMAGED, "it joined and knows of no organisation");
	home_close(&bare);
	return rc;
}

/* ---- a backup is restored ---- */

static enum err_code
backup_is_there(struct room *r, struct err *err)
{
	enum err_code rc = room_open(r, false, err);

	if (rc == ERR_OK)
		rc = node_backup(r->node, BACKUP, err);
	room_stop(r);
	return rc;
}

static enum err_code
restore(struct room *r, struct err *err)
{
	return home_restore(room_env(r), RESTORED, BACKUP, room_secret(), err);
}

static enum err_code
restored_in_the_end(struct room *r, const struct debt *d, struct err *err)
{
	enum err_code rc = home_open(&bare, room_env(r), RESTORED, 1, room_secret(), err);

	if (rc == ERR_NOT_FOUND && !d->acknowledged) {
		*err = (struct err)ERR_INIT;
		rc = restore(r, err);
		if (rc == ERR_OK)
			rc = home_open(&bare, room_env(r), RESTORED, 1, room_secret(), err);
	}
	if (rc == ERR_OK && replica_entry_count(bare.replica) != d->before)
		rc = err_set(err, ERR_DAMAGED, "the restored home has %llu entries of %llu", (unsigned long long)replica_entry_count(bare.replica),
		             (unsigned long long)d->before);
	home_close(&bare);
	return rc;
}

/* ---- an exchange ---- */

static enum err_code
colleague_listens(struct room *r, struct err *err)
{
	enum err_code rc = room_open_other(r, err);

	if (rc == ERR_OK)
		rc = room_other_listens(r, err);
	return rc == ERR_OK ? room_open(r, false, err) : rc;
}

static enum err_code
sync(struct room *r, struct err *err)
{
	return path_ask(r, "sync", "{\"peer\":[\"" ROOM_OTHER_ADDR "\"],\"wait\":20}", err);
}

const struct path paths[] = {
	{ "start", NULL, nothing, start, opens_all_the_way, false, false },
	{ "start, cold", NULL, nothing, start_cold, opens_all_the_way, false, false },
	{ "snapshot", NULL, NULL, snapshot, opens_all_the_way, false, false },
	{ "passphrase", NULL, open_bare, change_passphrase, one_passphrase_opens, false, true },
	{ "paper", NULL, paper_begin, print_paper, old_paper_opens_or_a_reminder_stands, false, true },
	{ "scrub", NULL, scrub_begin, scrub, NULL, false, false },
	{ "gc", NULL, NULL, gc, NULL, false, false },
	{ "migration", NULL, old_store, open_bare, NULL, false, false },
	{ "create", NULL, nothing, create, stands_or_is_made, false, false },
	{ "join", NULL, newcomer_waits, accept, joins_in_the_end, false, false },
	{ "restore", NULL, backup_is_there, restore, restored_in_the_end, false, false },
	{ "sync", NULL, colleague_listens, sync, NULL, true, false },
	{ "close", NULL, has_met, close_home, closed_stands, false, false },
	{ "full text", NULL, NULL, full_text, full_text_stands, false, false },
	{ "copy", NULL, is_a_copy, copy_writes, copy_stands, false, true },
	{ "wipe", NULL, nothing, wipe_home, is_wiped_or_stands, false, true },
	{ "hub is brought", NULL, hub_waits, hub_is_brought, hub_stands, false, true },
	{ "hub remembers", NULL, hub_waits_and_remembers, hub_is_brought, hub_remembers, false, true },
	{ "hub's store", NULL, hub_store_is_elsewhere, hub_changes_its_store, hub_has_one_store, false, true },
	{ "hub takes one more", NULL, hub_is_open, hub_takes_one_more, parts_stand, false, true },
	{ "hub gives one up", NULL, hub_has_one_more, hub_gives_one_up, parts_stand, false, true },
	{ "kit", NULL, kit_is_made, write_sheets, sheets_are_whole, false, true },
	{ "request", NULL, newcomer_is_there, write_request, request_is_of_this_home, false, true },
	{ "bundle beside", NULL, auditor_has_a_bundle, auditor_unpacks_it, auditor_stands, false, true },
	{ "fork arrives", NULL, one_history_is_known, the_other_arrives, both_histories_stand, true, true },
	{ NULL, NULL, NULL, NULL, NULL, false, false },
};
