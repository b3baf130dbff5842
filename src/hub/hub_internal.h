/*
 * What the files of `hub` share:
 *
 *   hub.c     the whole: its organisations and its port       door.c   who connects, until it is known to whom it comes
 *   tenant.c  one organisation's part                         relay.c  inviters and newcomers
 *   doubt.c   whether the store may be an older one
 */
#ifndef FALTBOK_HUB_HUB_INTERNAL_H
#define FALTBOK_HUB_HUB_INTERNAL_H

#include "hub/door.h"
#include "hub/doubt.h"
#include "hub/hub.h"
#include "hub/relay.h"
#include "peer/seek.h"
#include "peer/wake.h"

enum { HUB_LINKS_PER_DEVICE = 4 }; /* an old one that has not been missed yet gives way */

struct tenant {
	struct home home;
	const struct hub_config *config;
	struct peer_host host;
	struct meet *meet;
	struct relays *relays;
	struct seek *seek; /* NULL: found by address only */
	struct wake *wake; /* whether the machine has slept, until it seeks */
	struct doubt doubt;
	struct env_timer *tend;    /* of a store that others share */
	struct env_timer *rest;    /* the store is to be written anew after an erasure, when nobody is kept waiting by it */
	uint64_t stirred_ns, rest_due_ns; /* when something last came or went; when the rewrite is done though it never rests */
	bool control_grew, attesting, is_full, away;
	uint8_t witness[32];
	struct hub_quota quota;
	uint64_t file_bytes;       /* as of the last commit */
	struct table *callers;     /* devices that have called: id -> 1 */
	uint64_t exchanges, failed, refused_links;
};

/* Takes over the open home, and closes it in tenant_free(); on an error it stays the caller's. */
enum err_code tenant_new(struct tenant **out, struct home *home, const struct hub_config *config, struct err *err) MUST_CHECK;
void tenant_free(struct tenant *t);
void tenant_hang_up(struct tenant *t); /* for good */
/* Is the connection, whose first bytes these are, one that comes to this organisation? Then it is the tenant's. */
bool tenant_take(struct tenant *t, struct env_conn *conn, const char *from, struct bytes first);

#endif
