/*
 * A newcomer's way to an inviter: straight, or through a hub that leads it
 * there (proto/relay.md). Either way what is sent comes out at the other
 * end, and the bytes of the inviter come in.
 *
 *    passage_dial ── opened ── passage_send, data … ── closed
 */
#ifndef FALTBOK_PEER_PASSAGE_H
#define FALTBOK_PEER_PASSAGE_H

#include "base/env.h"

struct passage;

/* What it tells its owner. After `closed` the passage is gone. */
struct passage_events {
	void (*opened)(void *ctx);                                     /* bytes can be sent */
	void (*data)(void *ctx, struct bytes bytes);
	void (*closed)(void *ctx, enum err_code code, const char *why); /* `why`: the hub's word, or "" */
};

/*
 * `secret`: of the code (16 bytes) when `addr` is a hub's; NULL: the inviter's own. The events come from the loop,
 * never from within this call. ERR_NETWORK when the address makes no sense.
 */
enum err_code passage_dial(struct env *env, const char *addr, const uint8_t *secret, const struct passage_events *events, void *ctx,
                           struct passage **out, struct err *err) MUST_CHECK;
enum err_code passage_send(struct passage *p, struct bytes bytes) MUST_CHECK; /* after `opened` */
void passage_close(struct passage *p); /* `closed` will not be called; queued bytes are sent first. NULL is fine */

#endif
