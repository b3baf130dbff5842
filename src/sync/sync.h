/*
 * The conversation between two replicas, as a state machine without hands.
 *
 *   opened, message, growth, quiet  ──>  sync_step  ──>  messages to send,
 *                                          │  ^            exchanged, ended
 *                                          v  │
 *                                 struct sync_host: the replica, by a few calls
 *
 *   HELLO <-> HELLO        equal frontiers: ACKs ride along and that was all
 *   PROOF                  only if one end is a stranger to the other, or was removed
 *   control logs           BUCKETS, HAVE <-> HAVE, ENTRIES both ways, DONE both ways
 *   team logs              the same, with the rights that control has given
 *   ACK <-> ACK            then BYE, or a live link that pushes what comes
 *
 * Whoever learns from HAVE that the other lacks entries pushes them at once;
 * nobody asks. A sync belongs to one link and is of no use after it ended.
 * Spec: proto/sync.md.
 */
#ifndef FALTBOK_SYNC_SYNC_H
#define FALTBOK_SYNC_SYNC_H

#include "log/frontier.h"
#include "org/org.h"
#include "sync/message.h"

struct sync;

enum {
	SYNC_CREDIT_BYTES = 1 << 20, /* of ENTRIES a peer may have under way to us */
	SYNC_LIMBO_BYTES = 64 << 10, /* runs of authors not yet known */
	SYNC_PROBES_MAX = 256,       /* a session: a fork in 2^36 entries is found in 6 */
};

enum sync_standing {
	SYNC_STRANGER, /* no ADMIT for its key is held here */
	SYNC_MEMBER,
	SYNC_REMOVED,
};

/* The replica and the rights, as the host sees them. Indices are the replica's, and stable. */
struct sync_host {
	void *ctx;
	bool (*org)(void *ctx, struct org_id *out); /* false while no organisation is known */
	enum sync_standing (*standing)(void *ctx);  /* the peer's, as of the last evaluation */

	size_t (*log_count)(void *ctx);
	const struct log_head *(*log_at)(void *ctx, size_t log);
	/* Where a run's log is kept: the trunk of its author, stream and incarnation. */
	bool (*log_find)(void *ctx, const struct log_key *trunk, size_t *log);
	bool (*is_control)(void *ctx, const struct stream_id *stream);
	/* What may pass of a team's stream: to the peer, or from it to us. */
	enum org_share (*share)(void *ctx, const struct stream_id *stream, bool to_peer);
	/* Control logs are sent in this order, smallest first: root 0, coordinators by rank, then the rest. */
	unsigned (*order)(void *ctx, const struct author *author);
	/* How much of a control log proves our own admission, or the removal of the peer. */
	uint64_t (*proof)(void *ctx, size_t log, bool removal);
	uint64_t (*acked)(void *ctx, size_t log); /* length the peer has signed for */
	/* The first range of held entries at or after `from` whose payload is missing and not erased. NULL: never asked. */
	bool (*missing)(void *ctx, size_t log, uint64_t from, uint64_t *lo, uint64_t *hi);

	/* As replica_read_run() and replica_ingest_run(). */
	enum err_code (*read_run)(void *ctx, size_t log, uint64_t from, uint64_t to, bool headers_only, size_t bytes_max,
	                          struct buf *out, uint64_t *next, struct err *err);
	enum err_code (*ingest)(void *ctx, struct rd *run, uint64_t *stored, uint64_t *refused, struct err *err);
	enum err_code (*id_at)(void *ctx, size_t log, uint64_t seq, struct hash *out, struct err *err);
	enum err_code (*evaluate)(void *ctx, struct err *err); /* control entries taken so far count from now on */
	enum err_code (*commit)(void *ctx, struct err *err);
	uint64_t (*number)(void *ctx); /* of our next ACK: not smaller than of those before */
	void (*sign)(void *ctx, const uint8_t digest[32], uint8_t sig[64]); /* "fb1/ack/sig" */
	/* Checks the signature and keeps it. ERR_SIGNATURE. */
	enum err_code (*put_ack)(void *ctx, struct bytes ack, struct err *err);

	/* All of these may be NULL. proto/sync.md, 10. */
	uint32_t (*notice)(void *ctx);  /* HELLO_WITHHOLDS, HELLO_FULL: as it is now */
	void (*agreed)(void *ctx);      /* control has been compared with the peer, a member, to its end */
	bool (*room)(void *ctx);        /* false: ERR 6 is all that is said to whoever has connected */
	bool (*vouches)(void *ctx);     /* false: our ACKs list nothing, for this home is about to be destroyed. NULL: they do; 8 */
};

struct sync_config {
	bool initiator, stay;
	struct device_id me;
	uint8_t role;
	size_t step_bytes; /* at most so many of ENTRIES are made by one step; 0: as many as is good for one link */
	uint32_t newest;   /* version that HELLO says is spoken too; 0: SYNC_VERSION */
};

enum sync_event_kind {
	SYNC_OPENED,   /* the link's handshake is over; first and once */
	SYNC_RECEIVED, /* one message */
	SYNC_WRITABLE, /* what was to be sent has been; asked for by todo.more */
	SYNC_GROWN,    /* the replica has committed entries that did not come from this peer */
	SYNC_WRITTEN,  /* the same, and on a live link what others have written is held back until it is ripe */
	SYNC_RIPE,     /* asked for by todo.held, in a while: what was held back already the last time is ripe */
	SYNC_QUIET,    /* nothing more to read just now */
	SYNC_STOP,     /* say BYE */
};
struct sync_event { enum sync_event_kind kind; struct bytes message; };

struct sync_todo { /* the caller's; cleared by each step */
	struct buf messages; /* to be sent in order: sync_todo_next() */
	bool held;           /* something is held back: step with SYNC_RIPE in a while */
	bool more;           /* send these, then step with SYNC_WRITABLE */
	bool exchanged;      /* an exchange has come to its end: see sync_facts() */
	bool ended;          /* send these, then close */
};
void sync_todo_free(struct sync_todo *t);
/* Walks the messages: *at begins as 0. False at the end. */
bool sync_todo_next(const struct sync_todo *t, size_t *at, struct bytes *message);

struct sync_facts {
	bool in_step;            /* the last ACKs named equal frontiers */
	uint64_t sent, received; /* entries pushed; entries new to us */
	uint64_t refused;        /* entries we had no right or no reason to take */
	uint32_t round_trips;
	uint8_t peer_role;       /* as its HELLO says */
	bool peer_withholds, peer_full; /* likewise */
	uint64_t peer_version;   /* the newest it speaks */
	uint64_t later;          /* messages of a later version that were passed over */
};

/* The host's functions are copied, its ctx is borrowed. NULL when out of memory. */
struct sync *sync_new(const struct sync_config *config, const struct sync_host *host);
void sync_free(struct sync *s);

/*
 * Whatever is in `todo` is to be sent even on an error; then the link is closed.
 *   ERR_MALFORMED, ERR_SIGNATURE, ERR_HASH   the peer is wrong or hostile
 *   ERR_NEWER     no protocol version in common
 *   ERR_REFUSED   one does not know the other, or it was removed
 *   ERR_NETWORK   the peer gave up; the text says why
 *   ERR_IO, ERR_NO_SPACE, ERR_NO_MEMORY      ours
 */
enum err_code sync_step(struct sync *s, const struct sync_event *event, struct sync_todo *todo, struct err *err) MUST_CHECK;
const struct sync_facts *sync_facts(const struct sync *s);

/*
 * The signed statement over all logs for which `shared` is true, appended to
 * `out` as one ack array per ACK_DELTA_ITEMS_MAX logs. For bundles; a sync makes its own.
 */
enum err_code sync_make_acks(const struct sync_host *host, bool (*shared)(void *ctx, const struct log_head *h),
                             void *shared_ctx, struct buf *out, size_t *count, struct err *err) MUST_CHECK;

#endif
