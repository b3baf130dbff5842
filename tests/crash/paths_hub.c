/*
 * A hub on the room's machine: what a colleague brings it, and organisations
 * that it takes on and gives up. What it has signed for is owed, whatever
 * moment its power goes at.
 */
#include "path.h"

#include <string.h>

#include "hub/hub.h"

#define HUB_HOME "/home/nav/faltbok-hub"
#define HUB_ADDR "n0:7007"

static struct home nav, part;
static struct hub *hub;
static struct author hub_key;

static enum err_code
open_hub_home(struct room *r, struct err *err)
{
	return home_open(&nav, room_env(r), HUB_HOME, 1, room_secret(), err);
}

static enum err_code
make_hub_home(struct room *r, struct buf *request, struct err *err)
{
	enum err_code rc = home_create(&nav, room_env(r), HUB_HOME, "Nav", "nav", room_secret(), KDF_INTERACTIVE, NULL, err);

	if (rc == ERR_OK)
		rc = home_request(&nav, request, err);
	if (rc == ERR_OK)
		hub_key = nav.keys->device.sign_pk;
	home_close(&nav);
	return rc;
}

/* ---- it is brought something ---- */

/* By the colleague, on her own machine. */
static enum err_code
admit_hub(struct room *r, struct bytes request, struct buf *sealed, struct err *err)
{
	struct join_request req;
	struct device_id dev;
	enum err_code rc = join_request_decode(&req, request, err);

	if (rc == ERR_OK)
		rc = node_admit(r->other, &req, ROLE_HUB, NULL, 0, &dev, err);
	if (rc == ERR_OK)
		rc = node_commit(r->other, err);
	return rc == ERR_OK ? node_welcome(r->other, &dev, sealed, err) : rc;
}

static enum err_code
welcome_hub(struct room *r, struct bytes sealed, struct err *err)
{
	struct welcome w;
	enum err_code rc = open_hub_home(r, err);

	if (rc != ERR_OK)
		return rc;
	rc = welcome_open(&w, &nav, sealed, err);
	if (rc == ERR_OK)
		rc = welcome_accept(&nav, &w, err);
	welcome_free(&w);
	return rc;
}

enum err_code
hub_waits(struct room *r, struct err *err)
{
	struct buf request = BUF_INIT, sealed = BUF_INIT;
	enum err_code rc = make_hub_home(r, &request, err);

	if (rc == ERR_OK)
		rc = room_open_other(r, err);
	if (rc == ERR_OK)
		rc = admit_hub(r, buf_bytes(&request), &sealed, err);
	if (rc == ERR_OK)
		rc = welcome_hub(r, buf_bytes(&sealed), err);
	if (rc == ERR_OK)
		rc = hub_new(&hub, &nav, NULL, err);
	if (rc == ERR_OK)
		rc = hub_listen(hub, HUB_ADDR, err);
	path_noting->count = 0; /* nothing is owed but what it signs for from here on */
	buf_free(&request);
	buf_free(&sealed);
	return rc;
}

enum err_code
hub_is_brought(struct room *r, struct err *err)
{
	enum err_code rc;

	r->node = r->other;
	rc = path_ask(r, "sync", "{\"peer\":[\"" HUB_ADDR "\"],\"wait\":20}", err);
	r->node = NULL;
	return rc;
}

void
path_hub_note_acked(struct room *r, struct debt *d)
{
	if (hub != NULL && r->other != NULL)
		debt_note_acked(d, node_replica(r->other), &hub_key);
}

void
path_hub_end(struct room *r)
{
	home_close(&part);
	if (hub == NULL) {
		home_close(&nav);
		return;
	}
	host_hang_up(r->host, false);
	hub_free(hub);
	hub = NULL;
	memset(&nav, 0, sizeof(nav)); /* it was the hub's */
	host_forget(r->host);
	if (r->other != NULL)
		room_stop_other(r);
}

enum err_code
hub_stands(struct room *r, const struct debt *d, struct err *err)
{
	enum err_code rc = open_hub_home(r, err);

	if (rc == ERR_OK && nav.moved)
		rc = err_set(err, ERR_DAMAGED, "the hub takes itself for a copy");
	if (rc == ERR_OK && d->acknowledged && d->count == 0)
		rc = err_set(err, ERR_DAMAGED, "it was brought everything and signed for nothing");
	if (rc == ERR_OK)
		rc = debt_check(d, nav.replica, err);
	if (rc == ERR_OK)
		rc = hub_new(&hub, &nav, NULL, err);
	path_hub_end(r);
	return rc;
}

/* ---- one organisation more, one less ---- */

enum err_code
hub_is_open(struct room *r, struct err *err)
{
	struct buf request = BUF_INIT;
	enum err_code rc = make_hub_home(r, &request, err);

	buf_free(&request);
	return rc == ERR_OK ? open_hub_home(r, err) : rc;
}

enum err_code
hub_takes_one_more(struct room *r, struct err *err)
{
	(void)r;
	return home_part_create(&part, &nav, "Nav", "nav", err);
}

enum err_code
hub_has_one_more(struct room *r, struct err *err)
{
	enum err_code rc = hub_is_open(r, err);

	if (rc == ERR_OK)
		rc = hub_takes_one_more(r, err);
	home_close(&part);
	path_noting->before = 1;
	return rc;
}

enum err_code
hub_gives_one_up(struct room *r, struct err *err)
{
	(void)r;
	return home_part_remove(&nav, 0, err);
}

/* d->before: 1 when it had one more and gave it up. An organisation that the keystore names opens; one that it does not is nobody's. */
enum err_code
parts_stand(struct room *r, const struct debt *d, struct err *err)
{
	enum err_code rc = open_hub_home(r, err);
	size_t count = rc == ERR_OK ? nav.keys->other_count : 0, done = d->before == 1 ? 0 : 1;

	if (rc == ERR_OK && (count > 1 || (d->acknowledged && count != done)))
		rc = err_set(err, ERR_DAMAGED, "the hub serves %zu organisations more", count);
	if (rc == ERR_OK && count == 1)
		rc = home_part_open(&part, &nav, 0, err);
	if (rc == ERR_OK && count == 1)
		rc = debt_check(&(struct debt){ .count = 0 }, part.replica, err);
	path_hub_end(r);
	return rc;
}
