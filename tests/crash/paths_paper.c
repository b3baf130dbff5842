/*
 * Papers and proofs: the sheets of a kit, a newcomer's request, and a bundle
 * that brings the second of two histories.
 */
#include "path.h"

#include <stdio.h>
#include <string.h>

#include "node/kit.h"
#include "node/node_internal.h"

#define ORG "Lunds rådgivning"
#define KIT_DIR "/home/lund/sheets"
#define WHOLE_DIR "/home/lund/whole"
#define NILS_HOME "/home/nils/faltbok"
#define REQUEST "/home/nils/nils.request"

/* ---- the sheets of a kit ---- */

static const char *const sheets[] = { "trustee-1.txt", "trustee-2.txt", "trustee-3.txt", "reserve-1.txt", "reserve-2.txt", "reserve-3.txt" };
static struct kit kit;

enum err_code
kit_is_made(struct room *r, struct err *err)
{
	static const uint8_t root[32] = { 1 }, rotation[32] = { 2 }, escrow[32] = { 3 };
	enum err_code rc = kit_split(room_env(r), kit.root, root, err);

	if (rc == ERR_OK)
		rc = kit_split(room_env(r), kit.rotation, rotation, err);
	return rc == ERR_OK ? kit_split(room_env(r), kit.escrow, escrow, err) : rc;
}

enum err_code
write_sheets(struct room *r, struct err *err)
{
	enum err_code rc = kit_ready(room_env(r), KIT_DIR, err);

	return rc == ERR_OK ? kit_write(room_env(r), KIT_DIR, ORG, &kit, err) : rc;
}

static enum err_code
read_sheet(struct room *r, const char *dir, size_t i, struct buf *out, struct err *err)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, sheets[i]);
	return room_env(r)->files->read(room_env(r), path, 1 << 16, out, err);
}

/* It was tried whether one can be written; that is no sheet. */
static bool
was_a_trial(struct bytes file)
{
	static const char trial[] = "A sheet will stand here.\n";

	return file.len == sizeof(trial) - 1 && memcmp(file.p, trial, file.len) == 0;
}

/* Each is whole or not there; all of them when it was said; sheets that are left are put away by whoever begins again, and then it is written. */
enum err_code
sheets_are_whole(struct room *r, const struct debt *d, struct err *err)
{
	enum err_code rc;
	size_t there = 0;

	kit_remove(room_env(r), WHOLE_DIR); /* of a look that was cut short */
	rc = kit_write(room_env(r), WHOLE_DIR, ORG, &kit, err);
	for (size_t i = 0; rc == ERR_OK && i < COUNT_OF(sheets); i++) {
		struct buf is = BUF_INIT, whole = BUF_INIT;
		struct err absent = ERR_INIT;
		enum err_code found = read_sheet(r, KIT_DIR, i, &is, &absent);

		if (found == ERR_OK && was_a_trial(buf_bytes(&is)))
			found = ERR_NOT_FOUND;
		rc = read_sheet(r, WHOLE_DIR, i, &whole, err);
		if (rc == ERR_OK && found == ERR_OK && (is.len != whole.len || memcmp(is.p, whole.p, is.len) != 0))
			rc = err_set(err, ERR_DAMAGED, "%s is not what was to be printed", sheets[i]);
		else if (rc == ERR_OK && found != ERR_OK && found != ERR_NOT_FOUND)
			rc = err_set(err, ERR_DAMAGED, "%s: %s", sheets[i], absent.text);
		there += found == ERR_OK;
		buf_free(&is);
		buf_free(&whole);
	}
	if (rc == ERR_OK && d->acknowledged && there < COUNT_OF(sheets))
		rc = err_set(err, ERR_DAMAGED, "%zu sheets of a kit that was written", there);
	kit_remove(room_env(r), WHOLE_DIR);
	if (rc != ERR_OK || there == COUNT_OF(sheets))
		return rc;
	if (there > 0)
		kit_remove(room_env(r), KIT_DIR);
	return write_sheets(r, err);
}

/* ---- a newcomer's request ---- */

static struct home nils;

enum err_code
newcomer_is_there(struct room *r, struct err *err)
{
	return home_create(&nils, room_env(r), NILS_HOME, "Nils", "skurup", room_secret(), KDF_INTERACTIVE, NULL, err);
}

enum err_code
write_request(struct room *r, struct err *err)
{
	struct buf request = BUF_INIT;
	enum err_code rc = home_request(&nils, &request, err);

	if (rc == ERR_OK)
		rc = room_env(r)->files->create(room_env(r), REQUEST, buf_bytes(&request), err);
	buf_free(&request);
	return rc;
}

void
path_paper_end(void)
{
	home_close(&nils);
}

/* Whole or not there, and of the device that the home still is: whoever is admitted by it can take the welcome. */
enum err_code
request_is_of_this_home(struct room *r, const struct debt *d, struct err *err)
{
	struct buf file = BUF_INIT;
	struct err absent = ERR_INIT;
	struct join_request req;
	enum err_code rc = home_open(&nils, room_env(r), NILS_HOME, 1, room_secret(), err);
	enum err_code found = room_env(r)->files->read(room_env(r), REQUEST, 1 << 16, &file, &absent);

	if (rc == ERR_OK && found == ERR_NOT_FOUND && d->acknowledged)
		rc = err_set(err, ERR_DAMAGED, "a request was written, and is not there");
	else if (rc == ERR_OK && found == ERR_NOT_FOUND)
		rc = write_request(r, err);
	else if (rc == ERR_OK)
		rc = found == ERR_OK ? join_request_decode(&req, buf_bytes(&file), err) : err_set(err, ERR_DAMAGED, "the request: %s", absent.text);
	if (rc == ERR_OK && found == ERR_OK && !SAME(req.keys.sign_pk, nils.keys->device.sign_pk))
		rc = err_set(err, ERR_DAMAGED, "the request is of another device");
	home_close(&nils);
	buf_free(&file);
	return rc;
}

/* ---- the second of two histories ---- */

/* The colleague's machine as it was kept: what she writes now, she writes in the place of what she wrote the last time. */
static enum err_code
one_history(struct room *r, const char *note, const char *path, struct err *err)
{
	struct env *hers = host_env(r->other_host);
	struct buf bundle = BUF_INIT;
	enum err_code rc = room_open_other(r, err);

	if (rc != ERR_OK)
		return rc;
	r->node = r->other;
	rc = path_ask(r, "put", note, err);
	if (rc == ERR_OK)
		rc = path_ask(r, "bundle write", "{\"file\":\"/home/dalby/history.bundle\"}", err);
	r->node = NULL;
	if (rc == ERR_OK)
		rc = hers->files->read(hers, "/home/dalby/history.bundle", 16 << 20, &bundle, err);
	if (rc == ERR_OK)
		rc = room_env(r)->files->create(room_env(r), path, buf_bytes(&bundle), err);
	buf_free(&bundle);
	room_stop_other(r);
	return rc;
}

enum err_code
one_history_is_known(struct room *r, struct err *err)
{
	enum err_code rc = one_history(r, "{\"type\":\"case\",\"set\":{\"topic\":\"housing\"},\"note\":\"Den ena\",\"team\":\"Lund\"}", "/home/lund/one.bundle", err);

	if (rc == ERR_OK)
		rc = one_history(r, "{\"type\":\"case\",\"set\":{\"topic\":\"housing\"},\"note\":\"Den andra\",\"team\":\"Lund\"}", "/home/lund/other.bundle", err);
	if (rc == ERR_OK)
		rc = room_open(r, false, err);
	return rc == ERR_OK ? path_ask(r, "bundle read", "{\"file\":\"/home/lund/one.bundle\"}", err) : rc;
}

enum err_code
the_other_arrives(struct room *r, struct err *err)
{
	return path_ask(r, "bundle read", "{\"file\":\"/home/lund/other.bundle\"}", err);
}

static bool
one_fork(void *ctx, const struct fork_proof *proof)
{
	(void)proof;
	++*(size_t *)ctx;
	return true;
}

/* In whichever log: where two histories begin, a log ends and both go on as branches. */
static bool
is_held(struct replica *r, const struct owed *o)
{
	for (size_t i = 0; i < replica_log_count(r); i++) {
		const struct log_head *h = replica_log_at(r, i);
		struct buf keep = BUF_INIT;
		struct err err = ERR_INIT;
		struct entry e;
		bool same;

		if (!SAME(h->key.author, o->key.author) || !SAME(h->key.stream, o->key.stream) || !SAME(h->key.inc, o->key.inc) || h->len < o->len ||
		    (h->key.is_branch && h->key.branch_seq >= o->len))
			continue;
		same = o->len == 0 || (replica_entry(r, i, o->len - 1, &e, &keep, &err) == ERR_OK && SAME(e.id, o->head));
		buf_free(&keep);
		if (same)
			return true;
	}
	return o->len == 0;
}

/* What was there is there, of either history; and of both, when it was said, with the proof that there are two. */
enum err_code
both_histories_stand(struct room *r, const struct debt *d, struct err *err)
{
	struct err finding = ERR_INIT;
	size_t forks = 0;
	enum err_code rc = home_open(&nils, room_env(r), room_home, 1, room_secret(), err);

	if (rc == ERR_OK)
		rc = replica_verify(nils.replica, room_finding, &finding, NULL, err);
	if (rc == ERR_OK && finding.code != ERR_OK)
		rc = err_set(err, ERR_DAMAGED, "the store does not verify: %s", finding.text);
	for (size_t i = 0; rc == ERR_OK && i < d->count; i++)
		if (!is_held(nils.replica, &d->owed[i]))
			rc = err_set(err, ERR_DAMAGED, "an entry that was acknowledged is not there");
	if (rc == ERR_OK)
		rc = replica_forks(nils.replica, one_fork, &forks, err);
	if (rc == ERR_OK && forks == 0 && (d->acknowledged || replica_entry_count(nils.replica) > d->before))
		rc = err_set(err, ERR_DAMAGED, "two histories, and nobody knows that they are two");
	if (rc == ERR_OK && d->acknowledged && replica_entry_count(nils.replica) <= d->before)
		rc = err_set(err, ERR_DAMAGED, "the second history was read, and is not there");
	home_close(&nils);
	if (rc == ERR_OK)
		rc = room_open(r, false, err);
	return rc == ERR_OK ? path_ask(r, "bundle read", "{\"file\":\"/home/lund/other.bundle\"}", err) : rc;
}
