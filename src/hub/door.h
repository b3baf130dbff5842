/*
 * Who connects, until its first 48 bytes tell to which organisation it comes.
 *
 *   accepted ── at most 10 s, 48 bytes ──┬── an organisation's: handed on
 *                                        └── nobody's: closed, and nothing was said
 *
 * A stranger costs its socket, some hundred bytes and a few hashes. When too many wait the one that has waited
 * longest goes, first of the network that most come from: who speaks at once is never kept out by who is silent.
 * A first message that was seen before is not answered twice. Knows nothing of organisations.
 */
#ifndef FALTBOK_HUB_DOOR_H
#define FALTBOK_HUB_DOOR_H

#include "base/env.h"

enum {
	DOOR_FIRST_BYTES = 48,
	DOOR_SECONDS = 10,           /* to send them */
	DOOR_GUESTS_MAX = 8192,      /* at one time; three quarters of them from one IPv4 address, or one IPv6 /64 */
	DOOR_NETWORK_RATE = 1000,    /* connections a second from one, and as many at once */
	DOOR_STRANGERS_PART = 5,     /* of our time: what finding out about strangers from elsewhere than our people may cost */
	DOOR_LISTENERS_MAX = 8,
};

struct door;

/* guests: how many at one time, at most DOOR_GUESTS_MAX; 0: that. lead: whose are these first bytes? False: nobody's, and conn is still the door's. */
struct door *door_new(struct env *env, size_t guests, bool (*lead)(void *ctx, struct env_conn *conn, const char *from, struct bytes first), void *ctx);
void door_free(struct door *d);
enum err_code door_listen(struct door *d, const char *addr, struct err *err) MUST_CHECK;
int door_port(const struct door *d);     /* of the first address of TCP; 0: none */
int door_web_port(const struct door *d); /* of the first WebSocket; 0: none */

struct door_counts;
void door_counts(const struct door *d, struct door_counts *out);

/* The network that an address stands for: 4 bytes of IPv4, 8 of IPv6, or the bytes of another name, cut or filled up. */
void door_network(uint8_t out[8], const char *from);

#endif
