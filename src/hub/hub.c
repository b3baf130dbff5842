/*
 * The whole of a hub: its organisations, and the port at which they are all
 * called. Which of them a connection comes to is told by its first bytes alone.
 */
#include "base/mem.h"
#include "hub/hub_internal.h"

enum { HUB_PEERS_MAX = 64 };

struct hub {
	struct env *env;
	struct home *whole;                       /* the first tenant's, or our own where the home has joined only by parts */
	struct home spare;
	struct hub_config config;
	struct tenant *tenants[KEYSTORE_OTHERS + 1];
	size_t count, ill;
	struct door *door;
	char *peers[HUB_PEERS_MAX];               /* that every organisation dials */
	size_t peer_count;
	bool seeks;
};

static bool
lead(void *ctx, struct env_conn *conn, const char *from, struct bytes first)
{
	struct hub *h = ctx;

	for (size_t i = 0; i < h->count; i++)
		if (tenant_take(h->tenants[i], conn, from, first))
			return true;
	return false;
}

static bool
has_joined(const struct keystore *k)
{
	static const struct org_id nobody;

	return !SAME(k->org, nobody);
}

/* One organisation whose store does not open is no reason to leave the others alone. */
static void
open_parts(struct hub *h)
{
	for (size_t i = 0; i < h->whole->keys->other_count; i++) {
		struct err err = ERR_INIT;
		struct home part;

		if (!has_joined(h->whole->keys->others[i]))
			continue;
		if (home_part_open(&part, h->whole, i, &err) == ERR_OK) {
			if (tenant_new(&h->tenants[h->count], &part, &h->config, &err) == ERR_OK) {
				h->count++;
				continue;
			}
			home_close(&part);
		}
		h->ill++;
		env_logf(h->env, "%s", err.text);
	}
}

enum err_code
hub_new(struct hub **out, struct home *home, const struct hub_config *config, struct err *err)
{
	bool joined = has_joined(home->keys);
	struct hub *h;

	*out = NULL;
	for (size_t i = 0; i < home->keys->other_count; i++)
		joined = joined || has_joined(home->keys->others[i]);
	if (!joined)
		return err_set(err, ERR_REFUSED, "%s has not joined an organisation yet; `faltbok-hub join --welcome FILE` takes a welcome", home->path);
	h = mem_zero(1, sizeof(*h));
	if (h == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	h->env = home->env;
	if (config != NULL)
		h->config = *config;
	h->door = door_new(h->env, h->config.guests, lead, h);
	if (h->door == NULL)
		err_plain(err, ERR_NO_MEMORY);
	if (h->door != NULL && has_joined(home->keys)) {
		if (tenant_new(&h->tenants[0], home, &h->config, err) == ERR_OK)
			h->whole = &h->tenants[h->count++]->home;
	} else if (h->door != NULL) {
		h->spare = *home;
		h->whole = &h->spare;
	}
	if (h->whole == NULL) {
		door_free(h->door);
		mem_free(h);
		return err != NULL && err->code != ERR_OK ? err->code : ERR_NO_MEMORY;
	}
	open_parts(h);
	*out = h;
	return ERR_OK;
}

/* Parts first: their keys are the whole's. */
void
hub_free(struct hub *h)
{
	if (h == NULL)
		return;
	door_free(h->door);
	while (h->count > 0)
		tenant_free(h->tenants[--h->count]);
	home_close(&h->spare);
	while (h->peer_count > 0)
		mem_free(h->peers[--h->peer_count]);
	mem_free(h);
}

enum err_code
hub_listen(struct hub *h, const char *addr, struct err *err)
{
	return door_listen(h->door, addr, err);
}

enum err_code
hub_dial(struct hub *h, const char *addr, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (h->peer_count == COUNT_OF(h->peers))
		return err_set(err, ERR_REFUSED, "a hub dials at most %d others", HUB_PEERS_MAX);
	for (size_t i = 0; i < h->count && rc == ERR_OK; i++)
		rc = meet_dial(h->tenants[i]->meet, addr, MEET_KEEP, err);
	if (rc == ERR_OK && (h->peers[h->peer_count] = mem_dup(addr, strlen(addr) + 1)) == NULL)
		rc = err_plain(err, ERR_NO_MEMORY);
	h->peer_count += rc == ERR_OK;
	return rc;
}

static enum err_code
seek_for(struct hub *h, struct tenant *t, struct err *err)
{
	enum err_code rc = ERR_OK;

	meet_announce(t->meet, door_port(h->door));
	if (t->seek == NULL)
		rc = seek_new(&t->seek, &t->host, t->meet, err);
	if (rc == ERR_OK) { /* which looks at the clocks as well */
		wake_free(t->wake);
		t->wake = NULL;
	}
	return rc;
}

enum err_code
hub_seek(struct hub *h, struct err *err)
{
	enum err_code rc = ERR_OK;

	h->seeks = true;
	for (size_t i = 0; i < h->count && rc == ERR_OK; i++)
		rc = seek_for(h, h->tenants[i], err);
	return rc;
}

struct home *
hub_home(struct hub *h)
{
	return h->whole;
}

/* What can be done without is said in the log. */
static void
reach_out(struct hub *h, struct tenant *t)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < h->peer_count; i++)
		if (meet_dial(t->meet, h->peers[i], MEET_KEEP, &err) != ERR_OK)
			env_logf(h->env, "%s: %s", h->peers[i], err.text);
	if (h->seeks && seek_for(h, t, &err) != ERR_OK)
		env_logf(h->env, "looking for colleagues on the network: %s", err.text);
}

enum err_code
hub_add(struct hub *h, struct home *part, struct err *err)
{
	struct device_id id = device_id_of(&part->keys->device.sign_pk);
	uint8_t now[32];
	enum err_code rc;

	/* A welcome is a coordinator's word of who belongs: this is the newest state there is. */
	hub_witness_of(part, now);
	if (h->config.witness_put != NULL)
		h->config.witness_put(h->config.ctx, &id, now);
	rc = tenant_new(&h->tenants[h->count], part, &h->config, err);
	if (rc != ERR_OK)
		return rc;
	reach_out(h, h->tenants[h->count++]);
	return ERR_OK;
}

int
hub_port(const struct hub *h)
{
	return door_port(h->door);
}

int
hub_web_port(const struct hub *h)
{
	return door_web_port(h->door);
}

size_t
hub_count(const struct hub *h)
{
	return h->count;
}

struct tenant *
hub_tenant(struct hub *h, size_t i)
{
	return h->tenants[i];
}

bool
hub_knows_part(const struct hub *h, const char name[16])
{
	const struct keystore *k = h->whole->keys;

	for (size_t i = 0; i < k->other_count; i++) {
		struct device_id id = device_id_of(&k->others[i]->device.sign_pk);
		char own[17];

		if (memcmp(hex_encode(own, id.b, 8), name, 16) == 0)
			return true;
	}
	return false;
}

size_t
hub_ill(const struct hub *h)
{
	return h->ill;
}

void
hub_door(const struct hub *h, struct door_counts *out)
{
	door_counts(h->door, out);
}

static size_t
number_of(const struct hub *h, const struct keystore *keys)
{
	size_t i = 0;

	while (i < h->whole->keys->other_count && h->whole->keys->others[i] != keys)
		i++;
	return i;
}

enum err_code
hub_remove(struct hub *h, struct tenant *t, struct err *err)
{
	const struct keystore *keys = t->home.keys;
	size_t at = 0;
	bool emptied;
	enum err_code rc;

	if (h->count == 1)
		return err_set(err, ERR_REFUSED, "this is the only organisation here; `rm -r` its home when it is to go");
	while (h->tenants[at] != t)
		at++;
	rc = replica_leave(t->home.replica, &emptied, err);
	if (rc != ERR_OK)
		return rc;
	if (replica_shared(t->home.replica))
		env_logf(h->env, "%s", emptied ? "no other hub keeps this organisation in the database: its entries there are deleted"
		                               : "other hubs keep this organisation in the database: its entries there stay");
	if (&t->home != h->whole) {
		size_t which = number_of(h, keys);

		h->tenants[at] = h->tenants[--h->count];
		tenant_free(t);
		return home_part_remove(h->whole, which, err);
	}
	/* The whole stays open for its parts: its home is moved out of the tenant before that goes. */
	tenant_hang_up(t);
	h->spare = t->home;
	memset(&t->home, 0, sizeof(t->home));
	for (size_t i = 0; i < h->count; i++)
		if (h->tenants[i]->home.whole == h->whole)
			h->tenants[i]->home.whole = &h->spare;
	h->whole = &h->spare;
	h->tenants[at] = h->tenants[--h->count];
	tenant_free(t);
	return home_give_up(&h->spare, err);
}
