/* How a home ends, for a day or for good: closed after an exchange, wiped, copied to another place; and its full text, which goes with its snapshot. */
#include "path.h"

#include <stdio.h>
#include <string.h>

static struct home ending;

static enum err_code
open_ending(struct room *r, struct err *err)
{
	return home_open(&ending, room_env(r), room_home, 1, BYTES(room_passphrase, strlen(room_passphrase)), err);
}

/* ---- closed, with an exchange to remember ---- */

enum err_code
has_met(struct room *r, struct err *err)
{
	enum err_code rc = room_open(r, false, err);

	return rc == ERR_OK ? path_ask(r, "bundle read", "{\"file\":\"/home/lund/news.bundle\"}", err) : rc;
}

enum err_code
close_home(struct room *r, struct err *err)
{
	(void)err;
	room_stop(r);
	return ERR_OK;
}

enum err_code
closed_stands(struct room *r, const struct debt *d, struct err *err)
{
	enum err_code rc = room_open(r, false, err);

	(void)d;
	if (rc == ERR_OK)
		rc = path_ask(r, "exchanges", "{}", err);
	return rc;
}

/* ---- wiped ---- */

static bool
something_is_left(struct room *r)
{
	static const char *const names[] = { "keystore", "keystore.new", "log.db", "log.db-wal", "log.db-journal", "view.snap", "view.snap.new", "desk", "desk.next",
		                             "exchanges", "reads.log", "place", "place.new", "lock", "wiping" };
	char path[200];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", room_home, names[i]);
		if (room_env(r)->files->exists(room_env(r), path))
			return true;
	}
	return false;
}

enum err_code
wipe_home(struct room *r, struct err *err)
{
	enum err_code rc = open_ending(r, err);

	if (rc == ERR_OK)
		rc = home_wipe_begin(&ending, err);
	if (rc == ERR_OK)
		rc = home_wipe_keys(room_env(r), room_home, err);
	home_close(&ending);
	return rc == ERR_OK ? home_wipe_finish(room_env(r), room_home, err) : rc;
}

/* All of it, as before; or begun, which opens no more and is finished by the next who tries; or gone. */
enum err_code
is_wiped_or_stands(struct room *r, const struct debt *d, struct err *err)
{
	struct err refusal = ERR_INIT;
	enum err_code rc = ERR_OK;

	if (home_is_being_wiped(room_env(r), room_home)) {
		if (open_ending(r, &refusal) == ERR_OK)
			rc = err_set(err, ERR_DAMAGED, "a home that is being wiped opens");
		home_close(&ending);
		if (rc == ERR_OK)
			rc = home_wipe_finish(room_env(r), room_home, err);
	} else if (something_is_left(r) && !d->acknowledged) {
		rc = open_ending(r, err);
		if (rc == ERR_OK)
			rc = debt_check(d, ending.replica, err);
		if (rc == ERR_OK && replica_entry_count(ending.replica) != d->before)
			rc = err_set(err, ERR_DAMAGED, "other entries than before");
		home_close(&ending);
		return rc;
	}
	if (rc == ERR_OK && something_is_left(r))
		rc = err_set(err, ERR_DAMAGED, "it was wiped, and something is left");
	return rc;
}

/* ---- the full text ---- */

enum err_code
full_text(struct room *r, struct err *err)
{
	enum err_code rc = path_ask(r, "put", "{\"type\":\"case\",\"set\":{\"topic\":\"housing\"}, \"note\":\"Ett brev till\",\"team\":\"Lund\"}", err);

	if (rc == ERR_OK)
		rc = view_index_now(node_view(r->node), err);
	return rc == ERR_OK ? node_save_snapshot(r->node, err) : rc;
}

static enum err_code
search(struct room *r, bool cold, size_t *found, struct err *err)
{
	enum err_code rc = room_open(r, cold, err);

	if (rc == ERR_OK)
		rc = path_ask(r, "search", "{\"text\":\"brev\"}", err);
	if (rc == ERR_OK)
		*found = json_array_size(json_object_get(r->result, "records"));
	if (r->node != NULL)
		room_stop(r);
	return rc;
}

/* A search finds in what the snapshot kept what it finds in what is read anew. */
enum err_code
full_text_stands(struct room *r, const struct debt *d, struct err *err)
{
	size_t kept = 0, anew = 0;
	enum err_code rc = search(r, false, &kept, err);

	(void)d;
	if (rc == ERR_OK)
		rc = search(r, true, &anew, err);
	if (rc == ERR_OK && (kept != anew || kept == 0))
		rc = err_set(err, ERR_DAMAGED, "a search finds %zu, and %zu without the snapshot", kept, anew);
	return rc;
}

/* ---- a copy begins to write ---- */

enum err_code
is_a_copy(struct room *r, struct err *err)
{
	static const uint8_t of_another[32] = { 1 };
	char path[200];

	snprintf(path, sizeof(path), "%s/place", room_home);
	return room_env(r)->files->replace(room_env(r), path, BYTES(of_another, sizeof(of_another)), err);
}

enum err_code
copy_writes(struct room *r, struct err *err)
{
	enum err_code rc = room_open(r, false, err);

	return rc == ERR_OK ? path_ask(r, "put", "{\"type\":\"case\",\"set\":{\"topic\":\"housing\"}, \"team\":\"Lund\"}", err) : rc;
}

/* Under an incarnation of its own: nothing that the other copy may have written is written again. */
enum err_code
copy_stands(struct room *r, const struct debt *d, struct err *err)
{
	enum err_code rc = open_ending(r, err);
	uint64_t entries = rc == ERR_OK ? replica_entry_count(ending.replica) : 0;

	if (rc == ERR_OK)
		rc = debt_check(d, ending.replica, err);
	if (rc == ERR_OK && (entries < d->before || (d->acknowledged && entries == d->before)))
		rc = err_set(err, ERR_DAMAGED, "%llu entries, and there were %llu before", (unsigned long long)entries, (unsigned long long)d->before);
	for (size_t i = 0; rc == ERR_OK && i < d->count; i++) {
		size_t log;

		if (SAME(d->owed[i].key.author, ending.keys->device.sign_pk) && replica_log_find(ending.replica, &d->owed[i].key, &log) &&
		    replica_log_at(ending.replica, log)->len != d->owed[i].len)
			rc = err_set(err, ERR_DAMAGED, "the copy writes on in a log of the one it was copied from");
	}
	home_close(&ending);
	return rc;
}
