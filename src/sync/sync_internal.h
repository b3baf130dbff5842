/*
 * What the files of `sync` share:
 *
 *   sync.c     events, the order of things            hello.c    HELLO, strangers, the removed
 *   compare.c  BUCKETS, HAVE, PROBE                   push.c     what goes out as ENTRIES
 *   take.c     what comes in                          proof.c    ACKs and the roots in them
 */
#ifndef FALTBOK_SYNC_SYNC_INTERNAL_H
#define FALTBOK_SYNC_SYNC_INTERNAL_H

#include "base/table.h"
#include "codec/strict.h"
#include "sync/sync.h"

struct log_state {   /* of one log of our replica, by its index */
	uint64_t theirs; /* entries the peer holds, as far as we know */
	uint64_t snap;   /* our length when the comparison began, or HELLO was made */
	uint64_t limit;  /* while proving: how far may be sent */
	bool known;      /* `theirs` is from a comparison or from what has passed */
	bool listed;     /* differed or moved in this exchange: in the ACK's delta */
	bool probing;    /* a fork in it is being looked for */
	bool forked;     /* and has been found, in this comparison */
	bool own;        /* written by this device */
	bool at_once;    /* never held back */
	uint64_t ripe;   /* our length when SYNC_RIPE came last */
	bool answered;   /* the peer's HAVE named it */
};

enum phase {
	PHASE_START,   /* the link is open, HELLO not yet seen */
	PHASE_PROOF,   /* one of us is proving its admission */
	PHASE_COMPARE, /* a scope is being compared and exchanged */
	PHASE_ACK,     /* both scopes are through; ACKs are under way */
	PHASE_LIVE,    /* the exchange is over; the link stays */
	PHASE_OVER,
};

struct want { size_t log; uint64_t from, to; };

struct sync {
	struct sync_config config;
	struct sync_host host;
	struct sync_facts facts;
	struct sync_todo *todo;  /* of the step under way */
	enum phase phase;

	/* HELLO */
	bool hello_sent, hello_again; /* the second one, after a proof */
	unsigned hellos;         /* seen */
	uint32_t my_flags, peer_flags;
	uint8_t my_control[16], my_frontier[32];

	/* proof */
	bool proof_asked, proof_sent, proof_awaited;
	unsigned refusal;        /* once what is queued has gone: ERR with this, and the end */

	/* comparison */
	enum sync_scope scope;
	bool opener;             /* our BUCKETS are out and HAVE has not come */
	bool compared;           /* of this scope */
	bool done_control;       /* control logs had to be exchanged first */
	bool scope_through[2];   /* compared at least once on this link */
	size_t bucket_count;
	uint8_t mask[SCOPE_MASK_BYTES_MAX];
	bool mask_known;         /* HAVE's first part has been seen */
	struct buf reply;        /* items of our own HAVE in the making */
	uint64_t forks, done_forks, peer_forks;
	bool done_sent, peer_done;
	unsigned probes, probes_open;

	/* logs */
	struct log_state *logs;
	size_t log_count, log_cap;
	struct log8 newest;      /* the name of the last of them */
	struct table *by_short;  /* log8 -> index */

	/* going out */
	int64_t credit;
	size_t *queue;
	size_t queue_count, queue_at, queue_cap;
	bool queue_stale;
	bool holds;              /* of what others have written only what is ripe goes out */
	struct want wants[WANT_RANGES_MAX];
	size_t want_count, want_at;
	bool wants_sent;
	struct buf runs;

	/* coming in */
	uint64_t consumed;       /* of ENTRIES, since CREDIT was given back last */
	bool control_dirty, owe_ack;
	struct buf limbo;

	/* ACKs */
	bool acks_sent, ack_got, exchange_over;
	uint8_t my_root[32], peer_root[32];
};

/* sync.c */
enum err_code sync_say(struct sync *s, const struct message *m, struct err *err) MUST_CHECK;
enum err_code sync_refuse(struct sync *s, enum sync_refusal why, struct err *err); /* says ERR, ends; returns err's code */
/* Extends the states to the replica's logs. */
enum err_code sync_meet_logs(struct sync *s, struct err *err) MUST_CHECK;
bool sync_in_scope(const struct sync *s, const struct log_head *h, enum sync_scope scope);
static inline const struct log_head *
sync_head(const struct sync *s, size_t log)
{
	return s->host.log_at(s->host.ctx, log);
}
static inline uint64_t
sync_base(const struct log_head *h) /* the seq a log begins at */
{
	return h->key.is_branch ? h->key.branch_seq : 0;
}
enum err_code sync_evaluate(struct sync *s, struct err *err) MUST_CHECK; /* if control has grown; limbo is tried again */

void sync_agreed(struct sync *s); /* control is compared to its end */
bool sync_gives_notice(const struct sync *s, uint32_t flag);

enum err_code sync_refused(struct err *err, uint64_t why); /* the sentence for an ERR of the peer's */

/* hello.c */
enum err_code hello_say(struct sync *s, const struct msg_hello *theirs, struct err *err) MUST_CHECK; /* theirs: NULL when we begin */
enum err_code hello_take(struct sync *s, const struct msg_hello *h, struct err *err) MUST_CHECK;
void hello_end_proof(struct sync *s);
void hello_removed(struct sync *s); /* from now on: the proof of its removal, ERR 3, the end */

/* compare.c */
enum err_code compare_open(struct sync *s, enum sync_scope scope, struct err *err) MUST_CHECK; /* says BUCKETS */
enum err_code compare_buckets(struct sync *s, const struct msg_buckets *m, struct err *err) MUST_CHECK;
enum err_code compare_have(struct sync *s, const struct msg_have *m, struct err *err) MUST_CHECK;
enum err_code compare_probe(struct sync *s, const struct msg_probe *m, struct err *err) MUST_CHECK;
void compare_begin(struct sync *s, enum sync_scope scope); /* fresh state for one more comparison */
void compare_snap(struct sync *s);
void compare_all_equal(struct sync *s, enum sync_scope scope); /* the peer holds what the snapshot says */

/* push.c */
enum err_code push_pump(struct sync *s, struct err *err) MUST_CHECK; /* as much as credit and todo allow */
bool push_idle(const struct sync *s);                                /* nothing left to send */
enum err_code push_wanted(struct sync *s, const struct msg_want *m, struct err *err) MUST_CHECK;
enum err_code push_ask(struct sync *s, struct err *err) MUST_CHECK;  /* WANT for payloads missing here, once */
bool push_anything_missing(struct sync *s);

/* take.c */
enum err_code take_entries(struct sync *s, struct bytes runs, struct err *err) MUST_CHECK;
enum err_code take_limbo(struct sync *s, struct err *err) MUST_CHECK;

/* proof.c */
void proof_root(struct sync *s, bool control_only, uint8_t out[32]);
bool proof_stale(const struct sync *s);
/* Builds our ACKs, one after the other in `out`, after a commit of all that is held, whoever brought it. */
enum err_code proof_make(struct sync *s, struct buf *out, size_t *count, struct err *err) MUST_CHECK;
enum err_code proof_say(struct sync *s, struct bytes acks, size_t count, struct err *err) MUST_CHECK;
enum err_code proof_take(struct sync *s, struct bytes ack, bool last, struct err *err) MUST_CHECK;

#endif
