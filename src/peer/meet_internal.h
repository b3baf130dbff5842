/*
 * What the files of a meet share: meet.c its life and what becomes of a
 * peer; meet_dial.c the addresses; meet_links.c the links that stand.
 *
 *   targets[] (addresses dialled here) <─ links[] ─> struct peer, who owns the connection
 */
#ifndef FALTBOK_PEER_MEET_INTERNAL_H
#define FALTBOK_PEER_MEET_INTERNAL_H

#include "peer/meet.h"

enum { SAME_TIME_MS = 10000 };
#define NS_PER_MS 1000000ull

struct link_slot {
	struct peer *peer;
	struct target *target; /* NULL: accepted */
	char from[MEET_ADDR_BYTES];
	bool web;
	bool ended;            /* its first exchange has been reported */
	uint64_t number;       /* in order of coming */
	uint64_t since_ns;
};

struct target {
	struct meet *meet;
	char addr[MEET_ADDR_BYTES];
	enum meet_how how;
	bool web;              /* a WebSocket: dialled when TCP leads nowhere */
	bool waiting;          /* dialled, or about to be, and first exchange not ended */
	bool linked;           /* a peer of this address lives */
	bool met;              /* and was this device: while it is linked otherwise there is nothing to dial */
	struct device_id device;
	uint32_t backoff_ms;
	struct env_timer *again;
};

struct meet {
	struct peer_host *host;
	struct meet_events events;
	struct env_listener *listeners[MEET_LISTENERS_MAX];
	size_t listener_count;
	size_t port_of, web_port_of; /* which of them, counted from 1; 0: none */
	struct unheard { char addr[MEET_ADDR_BYTES]; struct err why; } unheard[MEET_LISTENERS_MAX]; /* tried again */
	size_t unheard_count;
	struct env_timer *listen; /* when */
	struct link_slot links[MEET_PEERS_MAX];
	size_t link_count;
	struct target targets[MEET_TARGETS_MAX];
	size_t target_count;
	uint64_t numbers;
	int port;              /* where somebody else listens for us; 0: nobody */
	struct env_timer *hang_up;
	struct env_timer *notify; /* set: peers will be told on the next turn of the loop */
	struct env_timer *doubles;
	bool closing;
};

/* meet_dial.c: its first exchange has ended; its link is over; nothing is dialled any more. */
void meet_answered(struct target *t, const struct peer_result *result);
void meet_lost(struct target *t);
void meet_dial_stop(struct meet *m);
void meet_dial_soon(struct meet *m); /* all that is to be dialled again, at once */

/* meet_links.c: there is room, see MEET_PEERS_MAX. Gives the link its number and its time. */
struct link_slot *meet_add_link(struct meet *m, struct peer *p, const char *from);
struct link_slot *meet_link_of(struct meet *m, const struct peer *p); /* or NULL */
/* Is there a link to that device: of TCP, or of either way? */
bool meet_linked_to(const struct meet *m, const struct device_id *device, bool by_tcp);
/* Of two links to a device one is ended, on the next turn of the loop. */
void meet_end_doubles(struct meet *m);
void meet_copy_addr(char out[MEET_ADDR_BYTES], const char *addr);

#endif
