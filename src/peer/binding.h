/*
 * A replica and its organisation as the conversation sees them: struct
 * sync_host for one peer. Used by peers and by bundles.
 */
#ifndef FALTBOK_PEER_BINDING_H
#define FALTBOK_PEER_BINDING_H

#include "peer/peer.h"
#include "sync/sync.h"

struct binding {
	struct peer_host *host;
	struct sync_host sync;
	const char *addr;         /* where the peer was dialled, or NULL */
	bool by_noise;            /* the peer is whoever has this key; else `author` */
	const struct peer *of;    /* NULL: a bundle's */
	uint32_t notice;          /* of host->rules, as of the last refresh */
	uint8_t noise_pk[32];
	struct author author;     /* known once it has been a device here */
	const struct org_device *peer, *me; /* of the last evaluation; NULL: not known */
	uint64_t *proof;          /* by log: how much of it proves what was asked last */
	size_t proof_count;
	bool proof_removal;
};

/* Either key may be NULL: nobody is spoken to. */
void binding_init(struct binding *b, struct peer_host *host, const uint8_t noise_pk[32], const struct author *author);
void binding_wipe(struct binding *b);
/* Looks both devices up again; after anything that may have evaluated the organisation. */
void binding_refresh(struct binding *b);

#endif
