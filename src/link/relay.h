/*
 * Joining through a hub: the links that lead to it, one end of each.
 *
 *    inviter (RELAY_INVITER)      hub (RELAY_DESK | RELAY_DOOR)         newcomer (RELAY_NEWCOMER)
 *      relay_start   --handshake-->                     <--handshake--  relay_start
 *      relay_offer   --- OFFER ---> RELAY_OFFERED
 *      RELAY_HELD    <-- HELD ----  relay_held
 *      RELAY_KNOCKED <-- KNOCK ---  relay_knock
 *      relay_bytes   <-- BYTES -->  RELAY_BYTES, relay_bytes  <-BYTES->  relay_bytes, RELAY_BYTES
 *      relay_gone    --- GONE ---->
 *      RELAY_GONE    <-- GONE ----  relay_gone
 *
 * What BYTES hold is a link of its own between the outer two (link/join.h),
 * which nobody here can open. Bytes in, bytes out: no sockets, no clock.
 * Spec: proto/relay.md.
 */
#ifndef FALTBOK_LINK_RELAY_H
#define FALTBOK_LINK_RELAY_H

#include "base/bytes.h"
#include "base/err.h"

enum {
	RELAY_FIRST_BYTES = 48,       /* of a handshake: what tells the doors apart */
	RELAY_PART_BYTES = 60 << 10,
	RELAY_OFFERS_MAX = 16,        /* of one organisation */
	RELAY_TO_INVITER_MAX = 64 << 10,
	RELAY_TO_NEWCOMER_MAX = 48 << 20,
	RELAY_NEWCOMERS_MAX = 64,     /* on one link of an inviter */
	RELAY_STILL_MAX = 512,
	RELAY_STILL_S = 60,
	RELAY_SILENCE_S = 180,
	RELAY_HANDSHAKE_S = 10,
};

enum relay_end {
	RELAY_INVITER,  /* initiators */
	RELAY_NEWCOMER,
	RELAY_DESK,     /* the hub's ends: towards an inviter, and towards a newcomer */
	RELAY_DOOR,
};

enum relay_event {
	RELAY_MORE,     /* all bytes taken */
	RELAY_OPEN,     /* the handshake is over: relay_remote() is known */
	RELAY_OFFERED,  /* desk: relay_psk() */
	RELAY_HELD,     /* inviter */
	RELAY_KNOCKED,  /* inviter: a newcomer is there */
	RELAY_BYTES,    /* what the other has said: borrowed until the next call */
	RELAY_GONE,     /* inviter: the newcomer is gone; desk: it is to go */
	RELAY_REFUSED,  /* inviter, newcomer: relay_reason() */
};

/* X(name, number on the wire, what it means to whoever is refused) */
#define RELAY_NO_MAP(X)                                                                          \
	X(RELAY_NO_STANDING, 1, "the hub does not know this device as a coordinator's")          \
	X(RELAY_NO_ROOM, 2, "the hub holds as many offers as it takes, or this one already")     \
	X(RELAY_NO_OVER, 3, "the hour is over")                                                  \
	X(RELAY_NO_BUSY, 4, "another device was first with this code; is it yours?")             \
	X(RELAY_NO_BUDGET, 5, "more was said than a hub carries for one invitation")

enum relay_no {
	RELAY_YES = 0,
#define X(name, number, text) name = number,
	RELAY_NO_MAP(X)
#undef X
};
const char *relay_no_text(enum relay_no reason);

/* psk = HC(32, J, "fb1/join/hub"). */
void relay_join_psk(uint8_t psk[32], const uint8_t secret[16]);
/* Which of `psks` the first RELAY_FIRST_BYTES of a stranger open at this end of the hub; SIZE_MAX: none. */
size_t relay_which(enum relay_end end, const uint8_t first[RELAY_FIRST_BYTES], const uint8_t (*psks)[32], size_t count);

struct relay;

/* Copies all; `e_sk` is fresh for this link alone, and so is a newcomer's static key. NULL when out of memory. */
struct relay *relay_new(enum relay_end end, const uint8_t static_sk[32], const uint8_t e_sk[32], const uint8_t psk[32]);
void relay_free(struct relay *r); /* wipes */

enum err_code relay_start(struct relay *r, struct buf *out, struct err *err) MUST_CHECK; /* an initiator's first bytes */
/*
 * Takes bytes from the front of *in up to the next event; answers are appended to `out`. Call until
 * RELAY_MORE. After an error nothing more is taken; close.
 *   ERR_KEY        another psk
 *   ERR_MALFORMED  not a message, or not its turn
 *   ERR_TOO_BIG    more than the hub carries: RELAY_NO_BUDGET
 *   ERR_NO_MEMORY
 */
enum err_code relay_receive(struct relay *r, struct bytes *in, struct buf *out, enum relay_event *event, struct bytes *bytes,
                            struct err *err) MUST_CHECK;

bool relay_is_open(const struct relay *r);
bool relay_is_paired(const struct relay *r);      /* inviter, desk: between KNOCK and GONE */
const uint8_t *relay_remote(const struct relay *r);
const uint8_t *relay_psk(const struct relay *r);  /* desk, after RELAY_OFFERED; zeroes once it is forgotten */
enum relay_no relay_reason(const struct relay *r);

/* All append to `out`; each is called only where the picture and proto/relay.md, 2 have it: assert. */
enum err_code relay_offer(struct relay *r, const uint8_t psk[32], struct buf *out, struct err *err) MUST_CHECK;
enum err_code relay_held(struct relay *r, struct buf *out, struct err *err) MUST_CHECK;
enum err_code relay_knock(struct relay *r, struct buf *out, struct err *err) MUST_CHECK;  /* forgets the psk */
enum err_code relay_bytes(struct relay *r, struct bytes bytes, struct buf *out, struct err *err) MUST_CHECK; /* of any length */
enum err_code relay_gone(struct relay *r, struct buf *out, struct err *err) MUST_CHECK;
enum err_code relay_still(struct relay *r, struct buf *out, struct err *err) MUST_CHECK;
enum err_code relay_refuse(struct relay *r, enum relay_no reason, struct buf *out, struct err *err) MUST_CHECK; /* the last one */

#endif
