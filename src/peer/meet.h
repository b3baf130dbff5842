/*
 * Where replicas meet: one listener, several peers, and addresses that are
 * dialled again when a link is lost.
 *
 *   meet_listen ─ accepted ─┐
 *                           ├─ peers ── done ──> result callback
 *   meet_dial ── dialled ───┘      └─ gone ──> back-off, dial again (keep)
 *
 * Node, hub and the one-shot `sync` use it. Everything runs on the env's
 * loop. Spec: proto/sync.md, "Flow".
 */
#ifndef FALTBOK_PEER_MEET_H
#define FALTBOK_PEER_MEET_H

#include "peer/peer.h"

struct meet;

enum { MEET_PEERS_MAX = 1024, MEET_TARGETS_MAX = 64, MEET_ADDR_BYTES = 128 };

struct meet_events {
	void *ctx;
	/* An exchange ended, well or not. `addr` is what was dialled, or where an accepted peer came from. */
	void (*result)(void *ctx, const struct peer_result *result, const char *addr);
};

/* Takes over host->ctx, done and gone. The host outlives it. NULL when out of memory. */
struct meet *meet_new(struct peer_host *host, const struct meet_events *events);
enum err_code meet_listen(struct meet *m, const char *addr, struct err *err) MUST_CHECK;
int meet_port(const struct meet *m); /* 0 when not listening */
/* keep: dial again, with jittered back-off from 1 s to 60 s, for as long as the meet lives. */
enum err_code meet_dial(struct meet *m, const char *addr, bool keep, struct err *err) MUST_CHECK;
void meet_notify(struct meet *m);          /* the replica has grown */
size_t meet_busy(const struct meet *m);    /* dialled exchanges that have not ended */
size_t meet_links(const struct meet *m);   /* live peers, either side */
/* Stops listening and dialling, says BYE to all, frees. Callbacks of the peers are no longer forwarded. */
void meet_free(struct meet *m);

#endif
