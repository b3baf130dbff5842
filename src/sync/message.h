/*
 * What two replicas say to each other: one msgpack array a message, its
 * number first. Encoders append to a buf and never fail by themselves (ask
 * buf_ok); decoders are strict, allocate nothing and borrow from their input.
 * Spec: proto/sync.md, 4 "Messages".
 */
#ifndef FALTBOK_SYNC_MESSAGE_H
#define FALTBOK_SYNC_MESSAGE_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/ids.h"
#include "log/extent.h"
#include "org/ack.h"

enum message_kind {
	MSG_HELLO = 1, MSG_BUCKETS = 2, MSG_HAVE = 3, /* 4 */ MSG_WANT = 5, MSG_ENTRIES = 6, /* 7 */ MSG_CREDIT = 8,
	/* 9 */ MSG_BYE = 10, MSG_ERR = 11, MSG_ACK = 12, MSG_DONE = 13, MSG_PROBE = 14,
	MSG_LATER = 15, /* any number up to MESSAGE_NUMBER_MAX that this version does not know */
};

enum { /* limits; proto/sync.md, 4 */
	SYNC_VERSION = 1,
	MESSAGE_BYTES_MAX = 65518,      /* what fits a frame */
	ENTRIES_BYTES_MAX = 65518 - 5,  /* array, number and bin header */
	HAVE_BYTES_MAX = 65000,
	WANT_RANGES_MAX = 256,
	PROBE_IDS_MAX = 64,
	SCOPE_MASK_BYTES_MAX = 256 / 8,
	MESSAGE_NUMBER_MAX = 127,
};

enum sync_scope { SCOPE_CONTROL = 0, SCOPE_TEAMS = 1, SCOPE_PROOF = 2 };

enum hello_flags {
	HELLO_STRANGER = 1, /* your key is not known here: prove that you were admitted */
	HELLO_STALE = 2,    /* your ACKs held here do not cover all we share: send a whole one */
	HELLO_STAY = 4,     /* keep the link after the exchange */
	HELLO_WANTS = 8,    /* payloads are missing here: compare even if frontiers are equal */
	HELLO_WITHHOLDS = 16, /* nothing of a team goes out from here: who belongs is to be learnt anew */
	HELLO_FULL = 32,    /* nothing of a team is taken here: there is no room */
};

enum sync_refusal { REFUSE_VERSION = 1, REFUSE_UNKNOWN = 2, REFUSE_REMOVED = 3, REFUSE_MALFORMED = 4, REFUSE_FAILED = 5, REFUSE_ROOM = 6 };
enum { SYNC_BYE_DONE = 0, SYNC_BYE_STOPPING = 1 };

struct msg_hello {
	uint64_t vmin, vmax;
	uint8_t dev8[8], role;
	uint32_t flags;
	uint8_t control[16]; /* digest of the control logs */
	uint8_t frontier[32];
	uint64_t credit;
	bool has_ack; struct bytes ack; /* the ack array as it stands */
};
struct msg_buckets { uint8_t scope; size_t count; const uint8_t *digests; /* 8 bytes each */ };
struct msg_have { uint8_t scope; struct bytes mask; bool last; struct bytes items; /* extents */ };
struct want_range { struct log8 id; uint64_t from, to; };
struct msg_want { size_t count; struct want_range ranges[WANT_RANGES_MAX]; };
struct msg_bye { uint8_t reason; uint64_t sent, received; bool has_ack; struct bytes ack; };
struct msg_ack { bool last; struct bytes ack; };
struct msg_done { uint8_t scope; uint64_t forks; };
struct msg_probe { struct log8 id; uint64_t lo, hi, step; size_t count; const uint8_t *ids; /* 8 bytes each */ };

struct message {
	enum message_kind kind;
	union {
		struct msg_hello hello; struct msg_buckets buckets; struct msg_have have; struct msg_want want;
		struct bytes entries; /* runs, end to end */
		uint64_t credit; struct msg_bye bye; uint64_t refusal; struct msg_ack ack; struct msg_done done;
		struct msg_probe probe;
	} u;
};

/* ERR_MALFORMED, naming the message. */
enum err_code message_decode(struct message *m, struct bytes in, struct err *err) MUST_CHECK;
void message_encode(struct buf *out, const struct message *m);

#endif
