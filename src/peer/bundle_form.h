/*
 * The form of a bundle: sealed chunks, without what is in them.
 *
 *   salt: 32 random bytes
 *   chunk 0: 256 bytes of plaintext, the head, zeroes after it
 *   chunk i: 65,536 bytes of plaintext, the last one fewer; all with a 16-byte tag
 *
 * A file whose end is missing gives all its whole chunks, and is known to be
 * cut short: the last chunk's nonce says that it is the last.
 * Spec: proto/bundle.md.
 */
#ifndef FALTBOK_PEER_BUNDLE_FORM_H
#define FALTBOK_PEER_BUNDLE_FORM_H

#include "base/bytes.h"
#include "base/err.h"

enum {
	BUNDLE_SALT_BYTES = 32,
	BUNDLE_HEAD_BYTES = 256,
	BUNDLE_CHUNK_BYTES = 65536,
	BUNDLE_TAG_BYTES = 16,
};

/* key = HC(32, N, "fb1/bundle", salt). */
void bundle_key(uint8_t key[32], const uint8_t n[32], const uint8_t salt[BUNDLE_SALT_BYTES]);

/* Appends the whole file. `head` is at most BUNDLE_HEAD_BYTES; `content` is padded here. ERR_NO_MEMORY. */
enum err_code bundle_seal(struct buf *out, const uint8_t n[32], const uint8_t salt[BUNDLE_SALT_BYTES], struct bytes head,
                          struct bytes content, struct err *err) MUST_CHECK;

struct bundle_chunks { /* reading position; the file stays the caller's */
	struct bytes rest;
	uint8_t key[32];
	uint64_t index;
};

/*
 * Opens chunk 0 into `head` (BUNDLE_HEAD_BYTES appended).
 *   ERR_TRUNCATED  too short to hold one
 *   ERR_KEY        does not open under N
 *   ERR_NO_MEMORY
 */
enum err_code bundle_open(struct bundle_chunks *c, struct bytes file, const uint8_t n[32], struct buf *head, struct err *err) MUST_CHECK;
/*
 * The next chunk's plaintext is appended to `out`; *last with the last one.
 *   ERR_TRUNCATED  the file ends before its last chunk, or in the middle of one
 *   ERR_DAMAGED    a chunk before the end does not open
 *   ERR_NO_MEMORY  nothing is known of the chunk
 */
enum err_code bundle_next(struct bundle_chunks *c, struct buf *out, bool *last, struct err *err) MUST_CHECK;
void bundle_chunks_wipe(struct bundle_chunks *c);

#endif
