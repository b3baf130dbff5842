/*
 * Where replicas meet: one listener, several peers, and addresses that are
 * dialled again when a link is lost.
 *
 *   meet_listen ─ accepted ─┐
 *                           ├─ peers ── done ──> result callback
 *   meet_dial ── dialled ───┘      └─ gone ──> back-off, dial again (keep)
 *
 * Of two links to one device one is ended (proto/discovery.md, 3, and
 * proto/transport.md, 5: TCP before a WebSocket). Node, hub
 * and the one-shot `sync` use it. Everything runs on the env's loop.
 * Spec: proto/sync.md, "Flow".
 */
#ifndef FALTBOK_PEER_MEET_H
#define FALTBOK_PEER_MEET_H

#include "peer/peer.h"

struct meet;

enum { MEET_PEERS_MAX = 1024, MEET_TARGETS_MAX = 64, MEET_LISTENERS_MAX = 4, MEET_ADDR_BYTES = 128 };

struct meet_events {
	void *ctx;
	/* An exchange ended, well or not. `addr` is what was dialled, or where an accepted peer came from. */
	void (*result)(void *ctx, const struct peer_result *result, const char *addr);
};

/* Takes over host->ctx, done and gone. The host outlives it. NULL when out of memory. */
struct meet *meet_new(struct peer_host *host, const struct meet_events *events);
/* At several addresses: one of TCP, of which beacons tell, and others. */
enum err_code meet_listen(struct meet *m, const char *addr, struct err *err) MUST_CHECK;
/*
 * The same where nothing may wait for it: an address that cannot be had now, since another program has it perhaps, is tried again every half
 * minute for as long as the meet lives. No more than MEET_LISTENERS_MAX in all.
 */
void meet_listen_patiently(struct meet *m, const char *addr);
/* Why the first of those is not listened at yet, or NULL: then every address is. */
const char *meet_unheard(const struct meet *m);
/* An accepted connection becomes a peer, and hears what has been read of it so far. */
void meet_take(struct meet *m, struct env_conn *conn, const char *from, struct bytes read);
int meet_port(const struct meet *m);     /* of TCP; 0 when not listening, and nobody does for it */
int meet_web_port(const struct meet *m); /* of the first WebSocket; 0 when none */
void meet_announce(struct meet *m, int port); /* somebody else listens for it there, and hands over what comes with meet_take() */
enum meet_how {
	MEET_ONCE,  /* an address that somebody named: remembered when it answers */
	MEET_KEEP,  /* the same, and dialled again, with jittered back-off from 1 s to 60 s, for as long as the meet lives */
	MEET_FOUND, /* an address that was only heard: once, and forgotten */
};
enum err_code meet_dial(struct meet *m, const char *addr, enum meet_how how, struct err *err) MUST_CHECK;
void meet_forget(struct meet *m, const char *addr); /* dials it no more; a link that stands stays until it ends */
/*
 * A device that was met before, at its address of TCP and that of its WebSocket, either of which may be "": the second
 * is dialled when the first leads nowhere, and left when the first does. Not MEET_FOUND. Addresses that are dialled already are left alone.
 */
enum err_code meet_dial_known(struct meet *m, const struct device_id *device, const char *addr, const char *web, enum meet_how how,
                              struct err *err) MUST_CHECK;
void meet_notify(struct meet *m);          /* the replica has grown */
size_t meet_busy(const struct meet *m);    /* exchanges, dialled or accepted, that have not ended */
size_t meet_links(const struct meet *m);   /* live peers, either side */
/* What each of them has come to so far. Returns how many. */
size_t meet_results(const struct meet *m, struct peer_result *out, size_t max);
/* Is there a link over TCP to a device whose id begins with these 8 bytes? Is there one of this way? Is this address dialled or linked? */
bool meet_has_device(const struct meet *m, const uint8_t device[8]);
bool meet_is_linked(const struct meet *m, const uint8_t device[8], bool web);
bool meet_dials(const struct meet *m, const char *addr);
/* Does the youngest of those links stand for longer than two that are made at the same time can differ by (proto/discovery.md, 3)? */
bool meet_link_is_old(const struct meet *m, const uint8_t device[8]);
/* Says BYE to all, on the next turn of the loop: what holds here has changed, and is said in the next HELLO. */
void meet_hang_up(struct meet *m);
/* `newest` is open now: of more than `most` links to its device the oldest go. */
void meet_crowd(struct meet *m, struct peer *newest, size_t most);
/* The network may be another one than a moment ago: dials what is to be dialled again at once, and sees which links still live. */
void meet_wake(struct meet *m);
/* Stops listening and dialling, says BYE to all, frees. Callbacks of the peers are no longer forwarded. */
void meet_free(struct meet *m);

#endif
