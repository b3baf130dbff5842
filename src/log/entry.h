/*
 * One signed entry of a log, its payload detached.
 *
 *   header = [fmt, kind, author, stream, inc, seq, prev, phash, plen]   strict msgpack
 *   id     = HC(32,∅,"fb1/entry",header)          the signature is not in it
 *   sig    = Ed25519("fb1/entry/sig" padded to 16 || id)
 *   phash  = HC(32,∅,"fb1/payload",payload)        so a payload can be erased and the chain still verifies
 *
 * Spec: proto/log.md, 3.
 */
#ifndef FALTBOK_LOG_ENTRY_H
#define FALTBOK_LOG_ENTRY_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/ids.h"
#include "crypto/device.h"

enum {
	ENTRY_FMT = 1,
	HEADER_BYTES_MAX = 192,
	PAYLOAD_BYTES_MAX = 57344, /* 56 KiB: one entry fits one Noise message */
	SIG_BYTES = 64,
	KIND_MAX = 127,
};
#define SEQ_MAX ((uint64_t)INT64_MAX - 1) /* so that a length, and -1 for "none", fit an int64 */

enum entry_kind {
	/* control stream */
	KIND_GENESIS = 1, KIND_ADMIT, KIND_GRANT, KIND_REVOKE, KIND_UNGRANT, KIND_TEAM, KIND_NETKEY,
	KIND_ERASE_REQ, KIND_ERASE_OK, KIND_RECEIPT, KIND_ATTEST, KIND_FORK, KIND_SEALKEY, KIND_ROOTROT, KIND_OPEN,
	/* team streams */
	KIND_DATA = 32, KIND_EPOCH, KIND_KEYGRANT, KIND_KEYTABLE, KIND_ADOPT, KIND_TEAM_OPEN,
};

struct header {
	uint8_t kind;
	struct author author;
	struct stream_id stream;
	struct inc inc;
	uint64_t seq;
	struct hash prev;  /* id of seq-1; zeroes iff seq is 0 */
	struct hash phash;
	uint32_t plen;     /* 1..PAYLOAD_BYTES_MAX */
};

struct entry {
	struct header h;
	struct hash id;
	uint8_t sig[SIG_BYTES];
	bool has_sig;          /* a stored signature found bad is dropped; the entry stays */
	bool has_payload;
	struct bytes payload;  /* borrowed */
};

/* Writes at most HEADER_BYTES_MAX bytes, returns how many. The encoding is unique. */
size_t header_encode(const struct header *h, uint8_t out[HEADER_BYTES_MAX]);
/* Strict. ERR_MALFORMED with which field; ERR_NEWER for a format after ENTRY_FMT. */
enum err_code header_decode(struct header *h, struct bytes in, struct err *err) MUST_CHECK;
struct hash header_id(const struct header *h);
struct hash payload_hash(struct bytes payload);

/* Fills phash, plen, id and signs. h.kind … h.prev are the caller's. Payload is borrowed. */
void entry_make(struct entry *e, const struct header *h, struct bytes payload, const uint8_t sign_sk[64]);
bool entry_sig_ok(const struct entry *e); /* e->id must have been computed from e->h */

/* A standing entry: array(3) [header bin, sig bin64, payload bin|nil]; for exports and fork proofs. It must have its signature. */
void entry_encode(struct buf *out, const struct entry *e);
/*
 * Parses, computes the id, checks payload hash and length and the signature. Borrows from `in`.
 *   ERR_MALFORMED, ERR_NEWER, ERR_HASH (the payload is not the one the header names), ERR_SIGNATURE
 */
enum err_code entry_decode(struct entry *e, struct bytes in, struct err *err) MUST_CHECK;

bool kind_is_control(uint8_t kind);

#endif
