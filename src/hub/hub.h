/*
 * A hub: an always-on replica that relays ciphertext, for one organisation or many.
 *
 *   who connects ── door ──┬── tenant: peers ── replica (HOME/log.db)            no vault, no view:
 *                          └── tenant: peers ── replica (HOME/org-…/log.db)      it cannot read
 *
 * A tenant is one organisation's part of it: a device, a store, links and a
 * quota of its own; they share the port and the keystore. It stores what members
 * sign, gives each what it may have, and proves with its ACKs what it holds.
 * Until it knows that its disk is not an older one it gives nothing out.
 * Spec: proto/sync.md, 6 and 10; proto/store.md, 10.
 */
#ifndef FALTBOK_HUB_HUB_H
#define FALTBOK_HUB_HUB_H

#include "peer/meet.h"
#include "store/home.h"

struct hub;
struct tenant;

/* 0: no limit. What is over it is refused, and nothing else (proto/sync.md, 10). */
struct hub_quota {
	uint64_t bytes, entries; /* held here */
	uint64_t devices;        /* that have ever called */
	uint64_t links;          /* at one time */
};

struct hub_config {
	size_t guests;           /* connections of whom it is not known yet to whom they come, at one time; 0: as many as the door takes */
	bool continuous;         /* the operator's word: no older state of the disk was put back */
	/* The witness of a device's store, kept where neither the disk nor a restart of the machine brings an older one back. May be NULL. */
	void *ctx;
	bool (*witness_get)(void *ctx, const struct device_id *device, uint8_t out[32]);
	void (*witness_put)(void *ctx, const struct device_id *device, const uint8_t witness[32]);
};

/*
 * Takes over the open home, and closes it in hub_free(). config may be NULL. ERR_REFUSED when the home has not joined.
 * A part that does not open is left out, and said in the log and in hub_ill().
 */
enum err_code hub_new(struct hub **out, struct home *home, const struct hub_config *config, struct err *err) MUST_CHECK;
void hub_free(struct hub *h);
/* At several addresses, of TCP and of WebSockets (ws://127.0.0.1:PORT/PATH, behind a proxy with TLS). */
enum err_code hub_listen(struct hub *h, const char *addr, struct err *err) MUST_CHECK;
/* Also dials another replica and stays with it, for every organisation: two hubs, or a hub behind a guest network. */
enum err_code hub_dial(struct hub *h, const char *addr, struct err *err) MUST_CHECK;
/* Is found, and finds, by beacon on the local networks. ERR_NETWORK when it cannot be. */
enum err_code hub_seek(struct hub *h, struct err *err) MUST_CHECK;
/* The home whose keystore holds every organisation's keys: for a part that is to join while the hub runs. */
struct home *hub_home(struct hub *h);
/*
 * One more organisation: an open part of hub_home() that was welcomed just now. It is served, dials and is found as the others from here on.
 * Takes it over; on an error it stays the caller's, and the next start serves it.
 */
enum err_code hub_add(struct hub *h, struct home *part, struct err *err) MUST_CHECK;
int hub_port(const struct hub *h);     /* of TCP; 0: none */
int hub_web_port(const struct hub *h); /* of the WebSocket; 0: none */

size_t hub_count(const struct hub *h);
struct tenant *hub_tenant(struct hub *h, size_t i);
bool hub_knows_part(const struct hub *h, const char name[16]); /* HOME/org-NAME: is it one of its organisations'? */
size_t hub_ill(const struct hub *h); /* organisations whose store does not open */

struct tenant_status {
	struct org_id org;
	struct device_id device;
	const char *member, *device_name;
	uint64_t entries, logs, file_bytes, links, devices;
	uint64_t exchanges, failed;  /* since it was started */
	uint64_t refused_links;      /* for want of room, likewise */
	uint8_t frontier[32];
	bool shared, away;           /* its store is a database that others may share; that cannot be reached just now */
	bool gives;                  /* false: no coordinator's device has called since it was started */
	bool full;
	struct hub_quota quota;
};
void tenant_status(struct tenant *t, struct tenant_status *out);
struct replica *tenant_replica(struct tenant *t);
/* Kept in its store; holds from now on. */
enum err_code tenant_set_quota(struct tenant *t, const struct hub_quota *quota, struct err *err) MUST_CHECK;
/* Ends its links, destroys its keys, then its store. t is gone after this, unless it is the only one: ERR_REFUSED. */
enum err_code hub_remove(struct hub *h, struct tenant *t, struct err *err) MUST_CHECK;

struct door_counts { uint64_t waiting, came, strangers, late, crowded, replayed, hasty; };
void hub_door(const struct hub *h, struct door_counts *out);

/* A home that was welcomed just now: a coordinator has said who belongs. Before hub_new(). */
void hub_witness_of(struct home *home, uint8_t out[32]);

#endif
