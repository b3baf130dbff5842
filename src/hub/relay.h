/*
 * The hub's door: which of those who connect are members' peers, which lead
 * an inviter here, and which a newcomer; and the carrying between those two.
 *
 *    accepted ── 48 bytes ──┬── nobody's ──────> meet_take()
 *                           ├── an inviter ──┐
 *                           └── a newcomer ──┴── paired: bytes pass unread
 *
 * All of it is in memory, and bounded by proto/relay.md, 3.
 */
#ifndef FALTBOK_HUB_RELAY_H
#define FALTBOK_HUB_RELAY_H

#include "peer/meet.h"

struct relays;

/* Both outlive it. NULL when out of memory. */
struct relays *relays_new(struct peer_host *host, struct meet *meet);
void relays_free(struct relays *all); /* ends all links; NULL is fine */
/* What the meet's porter does. */
void relays_accepted(struct relays *all, struct env_conn *conn, const char *from);

#endif
