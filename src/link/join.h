/*
 * Joining on the spot: the code that is shown, and the conversation between
 * the device that shows it and the device that has read it.
 *
 *    newcomer                                   inviter
 *      join_start      --- handshake ----->
 *                      <-- and its answer --
 *                      --- REQUEST -------->
 *                      <-- NONCE -----------
 *      JOIN_DIGITS     --- REVEAL --------->      JOIN_DIGITS: people compare
 *                      <-- WELCOME, PART… --      join_offer, join_more
 *      JOIN_WELCOME                               (or join_refuse)
 *      join_taken      --- TAKEN ---------->      JOIN_DONE
 *
 * Bytes in, bytes out: no sockets, no clock, and the randomness is the
 * caller's to draw. Whether somebody may join is decided elsewhere; what is
 * here is the form. Spec: proto/join.md.
 */
#ifndef FALTBOK_LINK_JOIN_H
#define FALTBOK_LINK_JOIN_H

#include "base/bytes.h"
#include "base/err.h"

/* ---- the code; proto/join.md, 1 ---- */

enum {
	JOIN_SECRET_BYTES = 16,
	JOIN_SECRET_CHARS = 26,
	JOIN_ADDRS_MAX = 4,
	JOIN_HUBS_MAX = 2,
	JOIN_ADDR_CHARS = 100,
	JOIN_CODE_CHARS = 768,
	JOIN_HOUR_S = 3600,
};

struct join_code {
	uint8_t secret[JOIN_SECRET_BYTES];
	char addr[JOIN_ADDRS_MAX][JOIN_ADDR_CHARS + 1];
	size_t addr_count;      /* none: the code names no place where the inviter listens */
	char hub[JOIN_HUBS_MAX][JOIN_ADDR_CHARS + 1];
	size_t hub_count;       /* hubs that lead to it; proto/relay.md */
	bool has_key;
	uint8_t key[16];        /* join_key_hash() of the inviter */
};

/* ERR_INVALID with what is wrong with it. */
enum err_code join_code_parse(struct join_code *code, const char *text, struct err *err) MUST_CHECK;
/* Without the key, unless with_key: for the QR code. */
char *join_code_print(char out[JOIN_CODE_CHARS + 1], const struct join_code *code, bool with_key);
bool join_addr_ok(const char *addr); /* may stand in a code */
void join_key_hash(uint8_t out[16], const uint8_t noise_pk[32]);
void join_psk(uint8_t psk[32], const uint8_t secret[JOIN_SECRET_BYTES]);
void join_digits(char out[7], const uint8_t h[32], const uint8_t newcomer[16], const uint8_t inviter[16]);

/* ---- whom an invitation lets in; proto/join.md, 4 ---- */

/* X(name, number on the wire, what it means to the newcomer) */
#define JOIN_NO_MAP(X)                                                                                      \
	X(JOIN_NO_DIGITS, 1, "the coordinator did not confirm the digits; ask for a new code")              \
	X(JOIN_NO_USED, 2, "the code has been used by another device; ask for a new one")                   \
	X(JOIN_NO_OVER, 3, "the code's hour is over, or it was withdrawn; ask for a new one")               \
	X(JOIN_NO_BUSY, 4, "another device is joining with this code at this moment; is it yours?")         \
	X(JOIN_NO_OTHER_ORG, 5, "this home belongs to another organisation; a new one needs another --home") \
	X(JOIN_NO_CANNOT, 6, "the coordinator's node could not admit this device; its screen says why")

enum join_no {
	JOIN_YES = 0,
#define X(name, number, text) name = number,
	JOIN_NO_MAP(X)
#undef X
};
const char *join_no_text(enum join_no reason);

/* An open invitation as far as the rule goes. Both clocks are asked: one stands still in a sleeping machine, one may jump. */
struct invitation {
	uint64_t until_ns;      /* of the clock that never goes back */
	int64_t until_ms;       /* of the wall clock */
	bool used;
	uint8_t used_by[32];    /* static key of the device admitted by it */
	bool asking;
	uint8_t asking_for[32]; /* static key of the device whose digits are on the screen */
};
void invitation_open(struct invitation *i, uint64_t now_ns, int64_t now_ms);
enum join_no invitation_allows(const struct invitation *i, uint64_t now_ns, int64_t now_ms, const uint8_t noise_pk[32]);

/* ---- the conversation ---- */

enum {
	JOIN_REQUEST_MAX = 1024,
	JOIN_WELCOME_MAX = 40 << 20,
	JOIN_PART_BYTES = 60 << 10,
};

struct join;
struct once;

enum join_event {
	JOIN_MORE,     /* all bytes taken */
	JOIN_DIGITS,   /* both sides: join_sas() is known; the inviter has join_request() too */
	JOIN_PROGRESS, /* newcomer: part of the welcome came */
	JOIN_WELCOME,  /* newcomer: join_welcome() is whole */
	JOIN_DONE,     /* inviter: the newcomer has taken it */
	JOIN_REFUSED,  /* either: join_reason() */
};

/* Both copy what they are given; e_sk and nonce are fresh for this link alone. NULL when out of memory. */
struct join *join_new_inviter(const uint8_t secret[JOIN_SECRET_BYTES], const uint8_t noise_sk[32], const uint8_t e_sk[32],
                              const uint8_t nonce[16]);
/* An inviter answers no newcomer's first message that is in `once` already (link/once.h), which outlives the join. */
void join_answer_once(struct join *j, struct once *once);
/* `org` (32 bytes) when the home belongs to one already, else NULL. */
struct join *join_new_newcomer(const struct join_code *code, const uint8_t noise_sk[32], const uint8_t e_sk[32],
                               const uint8_t nonce[16], struct bytes request, const uint8_t *org);
void join_free(struct join *j); /* wipes */

/* The newcomer's first bytes. */
enum err_code join_start(struct join *j, struct buf *out, struct err *err) MUST_CHECK;
/*
 * Takes bytes from the front of *in up to the next event; answers are appended
 * to `out`. Call until JOIN_MORE. After an error nothing more is taken; close.
 *   ERR_KEY        another code, or another inviter than the code names
 *   ERR_MALFORMED  not a message, or not its turn
 *   ERR_NO_MEMORY
 */
enum err_code join_receive(struct join *j, struct bytes *in, struct buf *out, enum join_event *event, struct err *err) MUST_CHECK;

bool join_is_open(const struct join *j);            /* the handshake is over */
const char *join_sas(const struct join *j);         /* six digits */
const uint8_t *join_remote(const struct join *j);   /* the other side's noise key */
struct bytes join_request(const struct join *j);    /* inviter; borrowed */
const uint8_t *join_org(const struct join *j);      /* inviter: what the newcomer says it belongs to, or NULL */
struct bytes join_welcome(const struct join *j);    /* newcomer; borrowed */
enum join_no join_reason(const struct join *j);

/* Inviter, after JOIN_DIGITS: takes over the content of `welcome`, which becomes empty. ERR_TOO_BIG. */
enum err_code join_offer(struct join *j, struct buf *welcome, struct buf *out, struct err *err) MUST_CHECK;
/* Appends what is left of the offer, about `max` bytes at a time; *left says whether there is more. */
enum err_code join_more(struct join *j, size_t max, struct buf *out, bool *left, struct err *err) MUST_CHECK;
/* Newcomer, after JOIN_WELCOME. */
enum err_code join_taken(struct join *j, struct buf *out, struct err *err) MUST_CHECK;
/* Either, once the link is open: the last message. */
enum err_code join_refuse(struct join *j, enum join_no reason, struct buf *out, struct err *err) MUST_CHECK;

#endif
