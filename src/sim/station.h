/*
 * A person's machine: a host with the real node on it, and what its person
 * does: found, join, write, meet others, close the lid, lose the power. Or
 * the machine in the cupboard: a host with the real hub on it.
 *
 *   station ─ host (clock, disk, wires)
 *      └─ node, meet   or   hub          NULL while the program does not run
 *
 * A call that changes something returns ERR_OK only for what its person would
 * take for saved: never when the power went during the call.
 */
#ifndef FALTBOK_SIM_STATION_H
#define FALTBOK_SIM_STATION_H

#include "hub/hub.h"
#include "sim/far.h"
#include "node/node.h"
#include "peer/meet.h"
#include "peer/seek.h"
#include "sim/world.h"
#include "store/home.h"

enum { STATION_PORT = 7000 };

struct dialled; /* one exchange that this station began, with a host of its own, as `sync` does it */

struct station {
	char kill_card[27];          /* on paper, beside the machine */
	const char *profile;         /* of the founder: NULL is station_profile */
	struct node_seeds seeds;     /* of the founder: what the trustees have on paper */
	struct world *world;
	struct host *host;
	size_t no;
	char home[32], pass[48], addr[24];
	char member[48], device[48];
	bool started;                   /* its disk has been touched: a home may be half made */
	bool joined;                    /* it has a home that is a member's */
	bool admitted;                  /* a coordinator has, and can make the welcome again */
	struct device_id device_id;
	bool stay;                      /* links live on after the exchange */
	uint32_t newest;                /* version of the exchange that its program says it speaks; 0: ours */
	bool seeks;                     /* it sends beacons, and goes to whom it hears */
	bool is_hub;                    /* its program is the hub: no node, no person, nothing it could read */
	struct hub *hub;
	bool has_witness;               /* the hub's, in the memory of the machine: gone when its power goes */
	uint8_t witness[32];
	struct far *far;                /* where its store is, or NULL: on its own disk */
	bool calm;                      /* nothing befalls that any more */
	struct home hub_home;           /* a copy of what the hub has taken over: valid while it runs */
	struct node *node;
	struct meet *meet;              /* who comes to us */
	struct seek *seek;
	struct dialled *dialled;        /* whom we went to */
	struct env_timer *tell;         /* set: those are told of news on the next turn of the loop */
	uint64_t results, in_step, failures; /* exchanges that ended */
	/* Each of them, for an oracle; may be NULL. */
	void (*told)(void *ctx, struct station *s, const struct peer_result *r);
	void *told_ctx;
	uint64_t crashes, opens;
	uint8_t closed_hash[32];        /* the state when it was last closed in order */
	bool has_closed_hash;
};

struct station *station_new(struct world *w, size_t no);
void station_free(struct station *s); /* the program is closed first, without ceremony */

/* The first one makes the organisation, one team, a drop-box, and the profile. Ends with the program running. */
enum err_code station_found(struct station *s, struct stream_id *team, struct err *err) MUST_CHECK;
/* By files on a stick: request here, admit and welcome at `by`, welcome here. Ends with the program running. After a failure it may be tried again. */
enum err_code station_join(struct station *s, struct station *by, uint8_t role, const struct stream_id *team, struct err *err) MUST_CHECK;
extern const char station_profile[]; /* one type "case": status, owner (registers), tags (a set), minutes (a sum), notes; tags and minutes are statistics */

/* Starts the program, listening. */
enum err_code station_open(struct station *s, struct err *err) MUST_CHECK;
enum err_code station_open_with(struct station *s, const char *passphrase, bool cold, struct err *err) MUST_CHECK;
void station_close(struct station *s);  /* in order: says goodbye, waits for last bytes, writes its snapshot */
/* The power goes now, or went during the last call. The disk is left off: disk_power_on(), then station_open(). */
void station_crash(struct station *s, bool half_open);
bool station_runs(const struct station *s);
bool station_power_went(const struct station *s); /* during a call; station_crash() is then due */

enum err_code station_meet(struct station *s, struct station *with, struct err *err) MUST_CHECK; /* dials; events follow */
enum err_code station_give_keys(struct station *s, struct err *err) MUST_CHECK;
struct replica *station_replica(struct station *s);        /* of the program that runs */
const struct keystore *station_keys(struct station *s);
bool station_hash(struct station *s, uint8_t out[32]);     /* false: no state, as always with a hub */
void station_frontier(struct station *s, uint8_t out[32]);
/* Everything that this station must keep to itself becomes a needle of the world's scan. */
void station_add_secrets(struct station *s);

#endif
