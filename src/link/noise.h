/*
 * A Noise handshake and the two ciphers it ends in.
 *
 *    initiator                    responder
 *      noise_init                   noise_init
 *      noise_write  -- psk, e -->   noise_read       48 bytes
 *      noise_read   <- e,ee,s,es -- noise_write      96 bytes
 *      noise_write  --- s, se --->  noise_read       64 bytes
 *      noise_split                  noise_split
 *
 * The product speaks Noise_XXpsk0_25519_ChaChaPoly_SHA256 only. The other two
 * patterns are here because they are the ones with published vectors, and a
 * pattern is a row of tokens.
 *
 * No clock, no randomness: the ephemeral secret is the caller's to draw, and
 * to use once. Everything is in the caller's memory and is wiped by
 * noise_wipe() and noise_cipher_wipe(). A handshake that refused once refuses
 * for ever. Spec: proto/sync.md, 1 "Handshake" (Noise rev. 34).
 */
#ifndef FALTBOK_LINK_NOISE_H
#define FALTBOK_LINK_NOISE_H

#include "base/bytes.h"
#include "base/err.h"

enum {
	NOISE_KEY_BYTES = 32,
	NOISE_TAG_BYTES = 16,
	NOISE_MESSAGE_MAX = 65535,
	NOISE_REKEY_EVERY = 1 << 16, /* messages in one direction; proto/sync.md, 2 */
};

enum noise_token { NOISE_END, NOISE_E, NOISE_S, NOISE_EE, NOISE_ES, NOISE_SE, NOISE_PSK };

struct noise_pattern {
	const char *name;                /* the whole protocol name */
	bool has_psk;
	enum noise_token tokens[3][6];   /* a row a message, each ended by NOISE_END */
};

extern const struct noise_pattern noise_xx, noise_xxpsk0, noise_xxpsk3;

struct noise_cipher { /* one direction */
	uint8_t k[NOISE_KEY_BYTES];
	uint64_t n;          /* of the next message; 2^64-1 is never used */
	bool has_key;
};

struct noise { /* fields are noise.c's */
	const struct noise_pattern *pattern;
	bool initiator, failed, done;
	unsigned step;       /* messages written and read so far */
	uint8_t ck[32], h[32];
	struct noise_cipher cipher;
	uint8_t s_sk[32], s_pk[32], e_sk[32], e_pk[32], psk[32];
	uint8_t rs[32], re[32];
};

/* What a message without payload takes: 48, 96 and 64 for noise_xxpsk0. `step` is 0..2. */
size_t noise_message_bytes(const struct noise_pattern *p, unsigned step);

/* `psk` may be NULL for a pattern without. e_sk comes from env_random and is used for this handshake alone. */
void noise_init(struct noise *n, const struct noise_pattern *pattern, bool initiator, struct bytes prologue,
                const uint8_t s_sk[32], const uint8_t e_sk[32], const uint8_t psk[32]);
void noise_wipe(struct noise *n);

/*
 * Appends the next message to `out`. Out of turn is a broken caller: assert.
 *   ERR_KEY        the other side's key is of low order
 *   ERR_TOO_BIG    payload does not fit a Noise message
 *   ERR_NO_MEMORY
 */
enum err_code noise_write(struct noise *n, struct bytes payload, struct buf *out, struct err *err) MUST_CHECK;

/*
 * Takes the other side's message and appends its payload to `payload`.
 *   ERR_TRUNCATED  shorter than its tokens
 *   ERR_KEY        does not authenticate: another PSK, or not Noise at all
 *   ERR_NO_MEMORY
 */
enum err_code noise_read(struct noise *n, struct bytes message, struct buf *payload, struct err *err) MUST_CHECK;

/*
 * Which of `psks` opens the first message of a pattern that begins with psk, e; SIZE_MAX: none does. No curve
 * operation: a stranger's message costs a few hashes for each.
 */
size_t noise_which_psk(const struct noise_pattern *pattern, struct bytes prologue, struct bytes message, const uint8_t (*psks)[32], size_t count);

bool noise_done(const struct noise *n);                 /* all three messages have passed */
const uint8_t *noise_remote_static(const struct noise *n); /* 32 bytes; known after the message with its `s` */
const uint8_t *noise_hash(const struct noise *n);       /* 32 bytes: binds other things to this channel */
/* Only when done. Wipes the handshake but for hash and remote keys. */
void noise_split(struct noise *n, struct noise_cipher *sending, struct noise_cipher *receiving);

/*
 * Transport. `out` has len + NOISE_TAG_BYTES of room and may be `in`. After
 * every NOISE_REKEY_EVERY messages the key moves on by Noise's Rekey().
 * ERR_TOO_BIG when the nonces are used up; ERR_KEY when it does not open.
 */
enum err_code noise_seal(struct noise_cipher *c, uint8_t *out, const uint8_t *in, size_t len) MUST_CHECK;
enum err_code noise_open(struct noise_cipher *c, uint8_t *out, const uint8_t *in, size_t len_with_tag) MUST_CHECK;
void noise_cipher_wipe(struct noise_cipher *c);

#endif
