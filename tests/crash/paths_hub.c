/*
 * A hub on the room's machine: what a colleague brings it, and organisations
 * that it takes on and gives up. What it has signed for is owed, whatever
 * moment its power goes at.
 */
#include "path.h"

#include <stdio.h>
#include <string.h>

#include "app/hub_ops.h"

#define HUB_HOME "/home/nav/faltbok-hub"
#define HUB_ADDR "n0:7007"
#define HUB_MEMORY "/run/faltbok-hub"
#define DATABASE "postgresql://nav@db.example.org/faltbok"

static struct home nav, part;
static struct hub *hub;
static struct author hub_key;
static struct hub_memory memory;      /* in a folder of the simulated disk: it loses more than a tmpfs does */
static struct disk_image *older;      /* of the machine, before the hub was brought what it is to remember */
static const struct hub_config remembering = { .ctx = &memory, .witness_get = hub_memory_get, .witness_put = hub_memory_put };

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

/* The colleague is there, and the hub's home has joined and is open. */
static enum err_code
join_hub(struct room *r, struct err *err)
{
	struct buf request = BUF_INIT, sealed = BUF_INIT;
	enum err_code rc = make_hub_home(r, &request, err);

	if (rc == ERR_OK)
		rc = room_open_other(r, err);
	if (rc == ERR_OK)
		rc = admit_hub(r, buf_bytes(&request), &sealed, err);
	if (rc == ERR_OK)
		rc = welcome_hub(r, buf_bytes(&sealed), err);
	path_noting->count = 0; /* nothing is owed but what it signs for from here on */
	buf_free(&request);
	buf_free(&sealed);
	return rc;
}

static enum err_code
serve_hub(const struct hub_config *config, struct err *err)
{
	enum err_code rc = hub_new(&hub, &nav, config, err);

	return rc == ERR_OK ? hub_listen(hub, HUB_ADDR, err) : rc;
}

enum err_code
hub_waits(struct room *r, struct err *err)
{
	enum err_code rc = join_hub(r, err);

	return rc == ERR_OK ? serve_hub(NULL, err) : rc;
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

static void
stop_hub(struct room *r)
{
	host_hang_up(r->host, false);
	hub_free(hub);
	hub = NULL;
	memset(&nav, 0, sizeof(nav)); /* it was the hub's */
	host_forget(r->host);
}

void
path_hub_end(struct room *r)
{
	home_close(&part);
	if (hub == NULL) {
		home_close(&nav);
		return;
	}
	stop_hub(r);
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

/* ---- it remembers what it has told ---- */

static enum err_code
remember_welcome(struct room *r, struct err *err)
{
	struct device_id id = device_id_of(&hub_key);
	uint8_t witness[32];
	enum err_code rc = room_env(r)->files->make_dir(room_env(r), HUB_MEMORY, err);

	memory.env = room_env(r);
	snprintf(memory.folder, sizeof(memory.folder), "%s", HUB_MEMORY);
	if (rc == ERR_OK) {
		hub_witness_of(&nav, witness);
		hub_memory_put(&memory, &id, witness);
	}
	return rc;
}

static bool
it_gives(void)
{
	struct tenant_status s;

	tenant_status(hub_tenant(hub, 0), &s);
	return s.gives;
}

static enum err_code
colleague_founds_a_team(struct room *r, struct err *err)
{
	enum err_code rc;

	r->node = r->other;
	rc = path_ask(r, "team add", "{\"name\":\"Torna Hällestad\"}", err);
	r->node = NULL;
	return rc;
}

/* It holds everything, its machine's disk is kept as it is then, and a team of which it has not heard is what it is to be brought. */
enum err_code
hub_waits_and_remembers(struct room *r, struct err *err)
{
	enum err_code rc = join_hub(r, err);

	if (older != NULL)
		disk_image_free(older);
	older = NULL;
	if (rc == ERR_OK)
		rc = remember_welcome(r, err);
	if (rc == ERR_OK)
		rc = serve_hub(&remembering, err);
	if (rc == ERR_OK)
		rc = hub_is_brought(r, err);
	if (rc != ERR_OK)
		return rc;
	stop_hub(r);
	older = disk_image_take(r->disk);
	rc = open_hub_home(r, err);
	if (rc == ERR_OK)
		rc = serve_hub(&remembering, err);
	if (rc == ERR_OK && !it_gives())
		rc = err_set(err, ERR_DAMAGED, "what it remembers is no proof to it");
	return rc == ERR_OK ? colleague_founds_a_team(r, err) : rc;
}

/* Of what is owed, that which says who belongs. */
static struct debt
control_part(const struct debt *d, struct replica *r)
{
	struct stream_id control = control_stream(org_id(replica_org(r)));
	struct debt c = { .count = 0 };

	for (size_t i = 0; i < d->count; i++)
		if (SAME(d->owed[i].key.stream, control))
			c.owed[c.count++] = d->owed[i];
	return c;
}

/* The machine's disk is put back to where it had not heard that yet, and what it remembers stays: once it has signed for more, it gives nothing out. */
static enum err_code
an_older_disk_gives_nothing(struct room *r, const struct debt *d, struct err *err)
{
	struct device_id id = device_id_of(&hub_key);
	struct disk_image *now = disk_image_take(r->disk);
	uint8_t witness[32];
	bool remembers = hub_memory_get(&memory, &id, witness), held = true;
	enum err_code rc;

	disk_arm(r->disk, FAULT_NONE, 0); /* a second cut is of what went before: this disk is nobody's */
	disk_image_restore(r->disk, older);
	if (remembers)
		hub_memory_put(&memory, &id, witness);
	rc = open_hub_home(r, err);
	if (rc == ERR_OK) {
		struct debt control = control_part(d, nav.replica);

		held = debt_is_held(&control, nav.replica);
		rc = hub_new(&hub, &nav, &remembering, err);
	}
	if (rc == ERR_OK && remembers && !held && it_gives())
		rc = err_set(err, ERR_DAMAGED, "put back to an older disk it gives, and it had signed for more");
	path_hub_end(r);
	disk_image_restore(r->disk, now);
	disk_image_free(now);
	return rc;
}

enum err_code
hub_remembers(struct room *r, const struct debt *d, struct err *err)
{
	enum err_code rc = open_hub_home(r, err);

	if (rc == ERR_OK && nav.moved)
		rc = err_set(err, ERR_DAMAGED, "the hub takes itself for a copy");
	if (rc == ERR_OK)
		rc = debt_check(d, nav.replica, err);
	if (rc == ERR_OK)
		rc = hub_new(&hub, &nav, &remembering, err);
	path_hub_end(r);
	return rc == ERR_OK ? an_older_disk_gives_nothing(r, d, err) : rc;
}

/* ---- which store its entries are in ---- */

static struct app
asked_for(struct room *r, char **words, int count)
{
	struct app app = { .program = "faltbok-hub", .env = room_env(r), .argc = count, .argv = words };

	snprintf(app.home, sizeof(app.home), "%s", HUB_HOME);
	return app;
}

/* As a hub does that is started so; words of app_option() are taken out. */
static enum err_code
start_with(struct room *r, const char *address, struct err *err)
{
	char serve[] = "serve", option[] = "--store", value[128];
	char *words[] = { serve, option, value, NULL };
	struct app app = asked_for(r, words, 3);
	struct hub_store s;
	enum err_code rc;

	snprintf(value, sizeof(value), "%s", address);
	rc = hub_store_choose(&s, &app, err);
	if (rc == ERR_OK)
		rc = hub_store_keep(&s, &app, err);
	hub_store_free(&s, &app);
	return rc;
}

enum err_code
hub_store_is_elsewhere(struct room *r, struct err *err)
{
	enum err_code rc = hub_is_open(r, err);

	home_close(&nav);
	return rc == ERR_OK ? start_with(r, DATABASE, err) : rc;
}

/* Back to its own disk, and to another database. */
enum err_code
hub_changes_its_store(struct room *r, struct err *err)
{
	enum err_code rc = start_with(r, "sqlite", err);

	return rc == ERR_OK ? start_with(r, DATABASE "2", err) : rc;
}

/* One of the three, whole; the last one when that was said. Its home is none the worse. */
enum err_code
hub_has_one_store(struct room *r, const struct debt *d, struct err *err)
{
	char serve[] = "serve", *words[] = { serve, NULL };
	struct app app = asked_for(r, words, 1);
	struct hub_store s;
	enum err_code rc = hub_store_choose(&s, &app, err);

	if (rc == ERR_OK && strcmp(s.now, DATABASE "2") != 0 && (d->acknowledged || (strcmp(s.now, DATABASE) != 0 && strcmp(s.now, "sqlite") != 0)))
		rc = err_set(err, ERR_DAMAGED, "its entries are said to be in %s", s.now);
	hub_store_free(&s, &app);
	if (rc == ERR_OK)
		rc = open_hub_home(r, err);
	home_close(&nav);
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
