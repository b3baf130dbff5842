/*
 * One secured connection without the connection: bytes in, messages out.
 *
 *   handshake   48 | 96 | 64 bytes, bare: to a stranger nothing tells them from noise
 *   frame       be16 len ‖ noise message, 256·k bytes in all, at most 65,536
 *     plaintext   one msgpack value ‖ zero bytes
 *
 * A responder answers nothing before the first message has opened under one
 * of its network keys. Before the handshake is over a link holds no more
 * than the 96 bytes of its longest message. Spec: proto/sync.md, 1 and 2.
 */
#ifndef FALTBOK_LINK_FRAME_H
#define FALTBOK_LINK_FRAME_H

#include "base/bytes.h"
#include "base/err.h"

enum {
	FRAME_UNIT = 256,
	FRAME_BYTES_MAX = 65536,
	FRAME_MESSAGE_MAX = FRAME_BYTES_MAX - 2 - 16, /* length and tag */
	LINK_HANDSHAKE_BYTES_MAX = 96,
};

struct link;
struct once;

enum link_event {
	LINK_MORE,    /* all bytes taken; nothing is complete */
	LINK_OPEN,    /* the handshake is over; link_remote() is known */
	LINK_MESSAGE, /* one message, borrowed until the next call */
};

/*
 * `noise_sk` is the device's, `e_sk` 32 fresh bytes for this link alone;
 * `psks` are tried in order by a responder, an initiator uses the first.
 * All are copied. NULL when out of memory.
 */
struct link *link_new(bool initiator, const uint8_t noise_sk[32], const uint8_t e_sk[32],
                      const uint8_t (*psks)[32], size_t psk_count);
/* The same link for another conversation: `prologue` is a text that lives for ever. */
struct link *link_new_for(const char *prologue, bool initiator, const uint8_t noise_sk[32], const uint8_t e_sk[32],
                          const uint8_t (*psks)[32], size_t psk_count);
void link_free(struct link *l); /* wipes */

/* A responder's: it answers no first message that is in `once` already. `once` is the caller's and outlives the link. */
void link_answer_once(struct link *l, struct once *once);

/* psk = HC(32, N, "fb1/noise/psk"). */
void link_psk(uint8_t psk[32], const uint8_t n[32]);

/* Which of `psks` the first 48 bytes of a stranger open; SIZE_MAX: none. A few hashes each, and no curve operation. */
size_t link_which(const uint8_t first[48], const uint8_t (*psks)[32], size_t count);

/* The initiator's first message, appended to `out`. A responder has none. */
enum err_code link_start(struct link *l, struct buf *out, struct err *err) MUST_CHECK;

/*
 * Takes bytes from the front of *in up to the next event; answers of the
 * handshake are appended to `out`. Call until LINK_MORE. After an error the
 * link refuses everything; close the connection without a word.
 *   ERR_KEY        does not authenticate
 *   ERR_MALFORMED  a frame of a wrong size, or other than zeroes after its value
 *   ERR_NO_MEMORY
 */
enum err_code link_receive(struct link *l, struct bytes *in, struct buf *out, enum link_event *event,
                           struct bytes *message, struct err *err) MUST_CHECK;

/* Appends `message`, one strict msgpack value, as a frame. ERR_TOO_BIG over FRAME_MESSAGE_MAX; ERR_NO_MEMORY. */
enum err_code link_send(struct link *l, struct bytes message, struct buf *out, struct err *err) MUST_CHECK;

bool link_is_open(const struct link *l);
const uint8_t *link_remote(const struct link *l); /* 32 bytes: the other side's Noise key */
const uint8_t *link_hash(const struct link *l);   /* 32 bytes: the handshake's hash */

/* What a message of `len` bytes takes as a frame. */
size_t frame_bytes(size_t len);
/* The value in a frame's plaintext. ERR_MALFORMED when it is not one value and then zeroes. */
enum err_code frame_unpad(struct bytes plain, struct bytes *message, struct err *err) MUST_CHECK;

#endif
