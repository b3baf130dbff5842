/*
 * One conversation with one other replica, over one connection or one bundle.
 *
 *   env conn <-> link (Noise, frames) <-> sync (what to say) <-> replica
 *
 * Node, hub and auditor all talk through this. It owns its connection, stops
 * reading while the disk is behind, and ends with a result. Nothing in here
 * reads a payload. Spec: proto/sync.md.
 */
#ifndef FALTBOK_PEER_PEER_H
#define FALTBOK_PEER_PEER_H

#include "base/env.h"
#include "crypto/keystore.h"
#include "store/replica.h"

struct peer;
struct once;

struct peer_result {
	enum err_code code;       /* ERR_OK: the exchange came to its end */
	char text[256];           /* the sentence when it did not */
	bool in_step;             /* both ends proved equal frontiers */
	bool websocket;           /* the way it came: proto/transport.md */
	bool known; struct author author; struct device_id device; uint8_t role;
	uint64_t sent, received;  /* entries */
	uint64_t bytes_sent, bytes_received;
	uint32_t round_trips;     /* after the handshake */
	bool withholds, full;     /* the other side says: it gives out, takes, nothing of a team just now (proto/sync.md, 10) */
	bool newer;               /* it speaks a later version too, or said something of one */
	uint64_t later;           /* messages that were passed over for that reason */
};

/* What a hub lays down for its peers. Any function may be NULL. */
struct peer_rules {
	void *ctx;
	size_t step_bytes; /* of one link to have waiting at one time, about; 0: as is good where links are few */
	/* HELLO_WITHHOLDS, HELLO_FULL: what holds for that device now. */
	uint32_t (*notice)(void *ctx, const struct org_device *peer);
	/* Control has been compared with it to its end. */
	void (*agreed)(void *ctx, const struct org_device *peer);
	/* May this device stay, now that the handshake has shown who it is? NULL: it is not known here yet. */
	bool (*room)(void *ctx, struct peer *p, const struct org_device *peer);
};

struct peer_host {
	struct env *env;
	struct replica *replica;
	const struct device_keys *keys;
	const struct inc *inc;     /* under which is written now: who leaves signs for nothing. NULL: never leaves */
	uint8_t role;
	const struct network_key *network; size_t network_count;   /* newest first */
	void *ctx;
	/* An exchange came to its end (in live mode: the first one); may be called again after later exchanges. */
	void (*done)(void *ctx, struct peer *p, const struct peer_result *result);
	/* The peer is gone and freed after this returns. `done` came before. */
	void (*gone)(void *ctx, struct peer *p);
	struct peer_rules rules;
	uint64_t rest_until_ns;   /* the peers': they leave it, after a commit, as long as that took, to gather for the next */
	struct once *once;        /* first messages answered so far (link/once.h); the meet's. NULL: none is kept */
	uint32_t newest;          /* version of the exchange that it says it speaks; 0: this program's. For the simulator, whose old programs meet new ones */
	bool stay;                /* live: keep the link after the first exchange and push what comes */
};

/* How many of its network keys, newest first, links and beacons may use at this moment; the others open bundles only. */
size_t peer_host_links(const struct peer_host *host);

/* The host outlives its peers. NULL with err when the address makes no sense or memory is short. */
/* remember: an exchange that goes well notes where this device can be dialled. */
struct peer *peer_dial(struct peer_host *host, const char *addr, bool remember, struct err *err);
struct peer *peer_accept(struct peer_host *host, struct env_conn *conn, const char *from, struct err *err);
/* What had been read of an accepted connection before it became a peer's. The peer may be gone after this. */
void peer_feed(struct peer *p, struct bytes bytes);
void peer_close(struct peer *p);   /* says BYE; `gone` follows */
void peer_notify(struct peer *p);  /* the replica has grown: a live peer is sent what it may have */
/* The network may have changed: sends something, so that the system finds out whether the link still carries. */
void peer_probe(struct peer *p);
/* Whom the handshake has shown the other side to be. False before it, and for a device that is not known here. */
bool peer_device(struct peer *p, struct device_id *out);
bool peer_dialled(const struct peer *p); /* by us */
bool peer_is_open(const struct peer *p); /* the handshake is over: it holds a key of ours */
/* What it has come to so far. */
void peer_so_far(struct peer *p, struct peer_result *out);

/*
 * A bundle: runs under the network key. `to` chooses what goes in: what that
 * device may have; NULL: control and the streams this device may read.
 * The file's bytes are appended to `out`. Spec: proto/bundle.md.
 */
enum err_code bundle_write(struct peer_host *host, const struct org_device *to, struct buf *out, uint64_t *entries, struct err *err) MUST_CHECK;
/* held_back: of removed devices, and further beyond their removal than a bundle may bring; read it again when more has been adopted. */
struct bundle_counts { uint64_t entries, stored, known, refused, held_back; bool complete; struct device_id from; };
/* Whole entries are taken; ERR_TRUNCATED with counts when the end is missing; ERR_KEY: not of this organisation.
 * check_only parses and verifies and stores nothing. */
enum err_code bundle_read(struct peer_host *host, struct bytes file, bool check_only, struct bundle_counts *counts, struct err *err) MUST_CHECK;

#endif
