/*
 * A hub is a replica with an open door. Whatever one peer brings is pushed
 * to the others as soon as it is durable.
 */
#include "hub/hub.h"

#include "base/mem.h"
#include "hub/relay.h"
#include "org/ops.h"
#include "peer/seek.h"
#include "store/attest.h"
#include "store/netkey.h"

struct hub {
	struct home home;
	struct peer_host host;
	struct meet *meet;
	struct relays *relays;
	struct seek *seek; /* NULL: found by address only */
	uint64_t exchanges, failed;
	bool attesting;
};

static void
stored(void *ctx, size_t log, const struct entry *e)
{
	(void)ctx, (void)log, (void)e;
}

static void
dropped(void *ctx)
{
	(void)ctx;
}

/* What is held here is worth knowing to those who never call; its own commit comes back here, and finds nothing due. */
static void
attest(struct hub *h)
{
	struct err err = ERR_INIT;

	if (h->attesting)
		return;
	h->attesting = true;
	if (replica_attest(h->home.replica, &h->home.keys->device, &h->home.keys->inc, NULL, 0, NULL, &err) != ERR_OK ||
	    replica_commit(h->home.replica, &err) != ERR_OK)
		env_logf(h->home.env, "attesting: %s", err.text);
	h->attesting = false;
}

static void
committed(void *ctx)
{
	struct hub *h = ctx;
	struct err err = ERR_INIT;

	if (replica_confirm(h->home.replica, &h->home.keys->device, &h->home.keys->inc, &err) != ERR_OK)
		env_logf(h->home.env, "confirming an erasure: %s", err.text);
	if (home_learn_network(&h->home, NULL, &err) != ERR_OK)
		env_logf(h->home.env, "taking up a network key: %s", err.text);
	h->host.network_count = h->home.keys->network_count;
	attest(h);
	meet_notify(h->meet);
}

static void
met(void *ctx, const struct peer_result *r, const char *addr)
{
	struct hub *h = ctx;
	char dev[17] = "?";

	h->exchanges++;
	h->failed += r->code != ERR_OK;
	if (r->known)
		hex_encode(dev, r->device.b, 8);
	if (r->code != ERR_OK)
		env_logf(h->home.env, "%s: %s", addr, r->text);
	else
		env_logf(h->home.env, "%s: sent %llu, received %llu, %s", dev, (unsigned long long)r->sent,
		         (unsigned long long)r->received, r->in_step ? "in step" : "not in step");
}

static void
accepted(void *ctx, struct env_conn *conn, const char *from)
{
	struct hub *h = ctx;

	relays_accepted(h->relays, conn, from);
}

enum err_code
hub_new(struct hub **out, struct home *home, struct err *err)
{
	static const struct org_id nobody;
	struct hub *h;

	*out = NULL;
	if (SAME(home->keys->org, nobody))
		return err_set(err, ERR_REFUSED, "%s has not joined an organisation yet; `faltbok-hub join --welcome FILE` takes a welcome", home->path);
	h = mem_zero(1, sizeof(*h));
	if (h == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	h->home = *home;
	h->host = (struct peer_host){
		.env = home->env, .replica = home->replica, .keys = &home->keys->device, .role = ROLE_HUB,
		.network = home->keys->network, .network_count = home->keys->network_count, .stay = true,
	};
	h->meet = meet_new(&h->host, &(struct meet_events){ .ctx = h, .result = met, .porter = accepted });
	h->relays = h->meet != NULL ? relays_new(&h->host, h->meet) : NULL;
	if (h->relays == NULL) {
		meet_free(h->meet);
		mem_free(h);
		return err_plain(err, ERR_NO_MEMORY);
	}
	replica_set_hook(h->home.replica, &(struct replica_hook){ .ctx = h, .stored = stored, .committed = committed, .dropped = dropped });
	*out = h;
	return ERR_OK;
}

void
hub_free(struct hub *h)
{
	if (h == NULL)
		return;
	seek_free(h->seek);
	relays_free(h->relays);
	meet_free(h->meet);
	home_close(&h->home);
	mem_free(h);
}

enum err_code
hub_listen(struct hub *h, const char *addr, struct err *err)
{
	return meet_listen(h->meet, addr, err);
}

enum err_code
hub_dial(struct hub *h, const char *addr, struct err *err)
{
	return meet_dial(h->meet, addr, MEET_KEEP, err);
}

enum err_code
hub_seek(struct hub *h, struct err *err)
{
	return seek_new(&h->seek, &h->host, h->meet, err);
}

int
hub_port(const struct hub *h)
{
	return meet_port(h->meet);
}

int
hub_web_port(const struct hub *h)
{
	return meet_web_port(h->meet);
}

void
hub_status(struct hub *h, struct hub_status *out)
{
	*out = (struct hub_status){
		.entries = replica_entry_count(h->home.replica), .logs = replica_log_count(h->home.replica),
		.file_bytes = replica_file_bytes(h->home.replica), .links = meet_links(h->meet),
		.exchanges = h->exchanges, .failed = h->failed,
	};
	replica_frontier(h->home.replica, NULL, NULL, out->frontier);
}
