/*
 * What leads an inviter to a hub, and a newcomer to its inviter; and the
 * carrying between those two.
 *
 *    door ── 48 bytes ──┬── an inviter ──┐
 *                       └── a newcomer ──┴── paired: bytes pass unread
 *
 * All of it is in memory, and bounded by proto/relay.md, 3.
 */
#ifndef FALTBOK_HUB_RELAY_H
#define FALTBOK_HUB_RELAY_H

#include "peer/meet.h" /* the length of an address */

struct relays;

/* The host outlives it. NULL when out of memory. */
struct relays *relays_new(struct peer_host *host);
void relays_free(struct relays *all); /* ends all links; NULL is fine */
/* Do these first bytes of a connection lead to one of them? Then it is the relays'. */
bool relays_take(struct relays *all, struct env_conn *conn, const char *from, struct bytes first);

#endif
