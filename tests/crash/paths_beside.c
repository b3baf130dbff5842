/* An auditor looks at a bundle: the store it is unpacked into stands beside the auditor's own, and is gone afterwards. */
#include "path.h"

#include <string.h>

#include "app/audit_beside.h"

#define AUDITOR "/home/granskaren/faltbok-audit"
#define SEEN "/home/lund/seen.bundle"

static struct home own;
static struct beside beside;
static uint64_t in_bundle; /* entries, when nothing fails */

static enum err_code
open_own(struct room *r, struct err *err)
{
	return home_open(&own, room_env(r), AUDITOR, 1, room_secret(), err);
}

static enum err_code
ask_to_join(struct room *r, struct buf *request, struct err *err)
{
	enum err_code rc = home_create(&own, room_env(r), AUDITOR, "Granskaren", "granskaren", room_secret(), KDF_INTERACTIVE, NULL, err);

	if (rc == ERR_OK)
		rc = home_request(&own, request, err);
	home_close(&own);
	return rc;
}

static enum err_code
be_welcomed(struct room *r, struct bytes sealed, struct err *err)
{
	enum err_code rc = open_own(r, err);
	struct welcome w;

	if (rc != ERR_OK)
		return rc;
	rc = welcome_open(&w, &own, sealed, err);
	if (rc == ERR_OK)
		rc = welcome_accept(&own, &w, err);
	welcome_free(&w);
	return rc;
}

/* All that is in it, verified as far as a store can; then it is gone. */
static enum err_code
look_at_it(uint64_t *entries, struct err *err)
{
	enum err_code rc = beside_open(&beside, &own, SEEN, err);

	if (rc == ERR_OK)
		rc = debt_check(&(struct debt){ .count = 0 }, beside.replica, err);
	*entries = rc == ERR_OK ? replica_entry_count(beside.replica) : 0;
	beside_close(&beside);
	return rc;
}

enum err_code
auditor_has_a_bundle(struct room *r, struct err *err)
{
	struct buf request = BUF_INIT, sealed = BUF_INIT;
	enum err_code rc = ask_to_join(r, &request, err);

	if (rc == ERR_OK)
		rc = path_admit(r, buf_bytes(&request), ROLE_AUDITOR, &sealed, err);
	if (rc == ERR_OK)
		rc = path_ask(r, "bundle write", "{\"file\":\"" SEEN "\"}", err);
	if (r->node != NULL)
		room_stop(r);
	if (rc == ERR_OK)
		rc = be_welcomed(r, buf_bytes(&sealed), err);
	if (rc == ERR_OK)
		rc = look_at_it(&in_bundle, err);
	if (rc == ERR_OK)
		debt_note(path_noting, own.replica);
	buf_free(&request);
	buf_free(&sealed);
	return rc;
}

enum err_code
auditor_unpacks_it(struct room *r, struct err *err)
{
	uint64_t entries;

	(void)r;
	return look_at_it(&entries, err);
}

static bool
something_is_beside(struct room *r)
{
	static const char *const files[] = { AUDITOR "/checking/log.db", AUDITOR "/checking/log.db-wal", AUDITOR "/checking/log.db-journal",
		                             AUDITOR "/checking/log.db-shm" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (room_env(r)->files->exists(room_env(r), files[i]))
			return true;
	return false;
}

/* The auditor's own is as before; asked again it sees all of the bundle, and of neither time anything is left. */
enum err_code
auditor_stands(struct room *r, const struct debt *d, struct err *err)
{
	enum err_code rc = open_own(r, err);
	uint64_t entries = 0;

	if (rc == ERR_OK)
		rc = debt_check(d, own.replica, err);
	if (rc == ERR_OK && replica_entry_count(own.replica) != d->before)
		rc = err_set(err, ERR_DAMAGED, "the auditor's own has other entries than before");
	if (rc == ERR_OK)
		rc = look_at_it(&entries, err);
	if (rc == ERR_OK && entries != in_bundle)
		rc = err_set(err, ERR_DAMAGED, "of %llu entries in the bundle it sees %llu", (unsigned long long)in_bundle, (unsigned long long)entries);
	if (rc == ERR_OK && something_is_beside(r))
		rc = err_set(err, ERR_DAMAGED, "something is left of the bundle");
	home_close(&own);
	return rc;
}

void
path_beside_end(void)
{
	beside_close(&beside);
	home_close(&own);
}
