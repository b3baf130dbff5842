/*
 * What the files of `store` share. Each owns one part of a replica's work:
 *
 *   replica.c  opening, the organisation, transactions     logs.c    heads in memory, branches, their rows
 *   ingest.c   runs from outside                           fork.c    splitting a log at its fork point
 *   append.c   our own entries, OPEN                       read.c    entries out again
 *   ack.c      proofs of custody, peers                    verify.c  everything once more
 *   place.c    is this the store it was?                erase.c   payloads deleted by order
 *   attest.c   attestations, ours and others'         netkey.c  network keys
 *   news.c     what other processes have stored       values.c  small values
 */
#ifndef FALTBOK_STORE_REPLICA_INTERNAL_H
#define FALTBOK_STORE_REPLICA_INTERNAL_H

#include "org/attest.h"
#include "store/db.h"
#include "store/replica.h"

enum {
	SEQ_BITS = 40,           /* a row is the log's number << 40 | seq: one B-tree, each log contiguous in it */
	OWN_BIT = 62,            /* set in rows of logs that are written here: see row_of() */
	BRANCHES_MAX = 64,       /* per (author, stream, inc): a hostile author could make any number */
	DAMAGED_MAX = 4096,
	NAME_BYTES = 48,
};
#define NO_LOG SIZE_MAX

struct log {
	struct log_head head;    /* first, so that a log's address is its head's */
	uint64_t base;           /* seq of its first entry: 0, or a branch's branch_seq */
	size_t parent;           /* of a branch: the log it continues */
	size_t next;             /* the next branch of this family, in order of arrival */
	bool ended;              /* a fork stands at len: only branches go on from here */
	bool own;                /* begun by this store itself */
	bool lacks;              /* some entry is held without its payload */
};

struct attest_at { size_t log; uint64_t seq; };
/* A NETKEY as it came. */
struct netkey_held { struct log_key key; struct hash id; uint64_t seq; uint8_t *payload; size_t len; };

struct replica {
	struct env *env;
	char *path;
	struct db db;
	struct replica_hook hook;

	struct log *logs;
	size_t count, cap;
	struct table *by_key;    /* author‖stream‖inc -> index of the trunk */
	struct table *by_short;  /* log8 -> index */
	struct log_head *sorted; /* scratch of replica_frontier, room for cap */
	uint64_t entries;
	size_t pending;
	bool scanning;           /* the cached scan statements are in use */
	uint64_t refused_ns, again_ns; /* a shared store could not be read: so long it is left alone, until then; 0: it could */
	bool grew;               /* by what another process has stored, and nobody has been told */
	bool has_self;
	struct author self;      /* of a shared store: whose small values are ours */
	enum err_code (*first)(void *ctx, struct err *err); /* replica_disk_is_full(); else NULL */
	void *first_ctx;
	bool lost;               /* memory no longer mirrors the disk: only closing is left */

	uint64_t *damaged;       /* rows whose payload does not match its hash, as met by readers */
	size_t damaged_count, damaged_cap;
	bool as_stored;              /* an auditor reads: payloads are given as they stand, right or wrong */

	bool has_org;
	struct org_id org_id;
	struct author root;
	struct stream_id control;
	struct org *org;
	bool org_dirty;
	struct err unread;       /* why an entry could not be read that somebody asks about who can only be told yes or no */
	struct orders *orders;   /* erasures asked for, approved, confirmed */
	bool orders_dirty;       /* one may have become approved since it was last acted on */
	bool emptied;            /* payloads were deleted that the WAL may still hold */
	bool scrub_noted;        /* the store itself says that it is due, or the open transaction does */
	bool scrub_due;          /* and that gaps inside pages may still hold: replica_scrub() */
	bool confirming;
	bool has_source;
	struct author source;      /* replica_set_source() */
	struct attest_at *attests; /* those of the open transaction */
	size_t attest_count, attest_cap;
	bool lived_known, lived_kept; /* read, or begun; and stored */
	int64_t lived_ms, lived_wall_ms;
	struct netkey_held *netkeys;
	size_t netkey_count, netkey_cap;

	struct entry *batch;     /* one run, decoded */
	size_t batch_cap;
	struct buf own;          /* payload of an OPEN being made */
};

/*
 * Logs that are written here sort behind all others, so that what is added
 * one entry a transaction grows at the right edge of the tree: one page a
 * commit. In the middle SQLite shares out cells among three siblings at
 * nearly every insert, four and a half pages a commit when measured.
 */
static inline int64_t
row_of(const struct replica *r, size_t log, uint64_t seq)
{
	return (int64_t)((r->logs[log].own ? UINT64_C(1) << OWN_BIT : 0) | (uint64_t)(log + 1) << SEQ_BITS | seq);
}

static inline int64_t
row_last(const struct replica *r, size_t log)
{
	return row_of(r, log, (UINT64_C(1) << SEQ_BITS) - 1);
}

static inline size_t
row_log(int64_t n)
{
	return (size_t)(((uint64_t)n & ((UINT64_C(1) << OWN_BIT) - 1)) >> SEQ_BITS) - 1;
}

static inline uint64_t
row_seq(int64_t n)
{
	return (uint64_t)n & ((UINT64_C(1) << SEQ_BITS) - 1);
}

/* replica.c */
enum err_code replica_begin(struct replica *r, struct err *err) MUST_CHECK;
/* All that memory mirrors, once more from the database. */
enum err_code replica_load(struct replica *r, struct err *err) MUST_CHECK;
/* Small values of one device among those that share the store: replica_meta_put() where nobody shares it. */
enum err_code replica_own_put(struct replica *r, const char *key, struct bytes value, struct err *err) MUST_CHECK;
enum err_code replica_own_get(struct replica *r, const char *key, struct buf *out, struct err *err) MUST_CHECK;
/* Gives what the org needs of team entries, by a statement that gives their n. */
enum err_code replica_tell_teams(struct replica *r, struct stmt *s, struct err *err) MUST_CHECK;
/* Gives `e` to the org when it is the org's business. */
enum err_code replica_tell_org(struct replica *r, const struct entry *e, struct err *err) MUST_CHECK;
/* Does the history that `log` is part of, below it or beyond it, hold such an entry? ctx is the replica. */
bool replica_holds(void *ctx, const struct log_key *log, uint64_t seq, const uint8_t head16[16]);
/* Is entry `seq` of log i, which has one of that number, the one that is named so? No, and noted, where it could not be read. */
bool replica_is_named(struct replica *r, size_t i, uint64_t seq, const uint8_t head16[16]);
/* Around what asks those two: an answer that rests on an entry which could not be read is none. One that is damaged is held by nobody. */
void replica_asks(struct replica *r);
enum err_code replica_was_told(struct replica *r, struct err *err) MUST_CHECK;
/* A write failed: the transaction goes. Returns err's code. */
enum err_code replica_abandon(struct replica *r, struct err *err);

/* news.c: within a transaction or a look, what other processes have committed since. */
enum err_code news_take(struct replica *r, struct err *err) MUST_CHECK;
/* Begins a look (the caller ends it) with memory brought up to that moment. */
enum err_code news_look(struct replica *r, struct err *err) MUST_CHECK;

/* logs.c */
size_t logs_trunk(const struct replica *r, const struct author *a, const struct stream_id *s, const struct inc *inc); /* or NO_LOG */
/* Adds a log to memory and database; parent is NO_LOG for a trunk. */
enum err_code logs_add(struct replica *r, const struct log_key *key, bool own, size_t parent, size_t *out, struct err *err) MUST_CHECK;
enum err_code logs_load(struct replica *r, struct err *err) MUST_CHECK;
/* The rows of logs with a higher number than memory has. */
enum err_code logs_load_new(struct replica *r, struct err *err) MUST_CHECK;
void logs_clear(struct replica *r);
/* Reads a log's newest row into len and head. */
enum err_code logs_load_head(struct replica *r, size_t i, struct err *err) MUST_CHECK;
/* The id of a held entry. */
enum err_code logs_id_at(struct replica *r, size_t i, uint64_t seq, struct hash *out, struct err *err) MUST_CHECK;
/* "log 1a2b3c4d in stream 5e6f7a8b": the author's device id and the stream. */
const char *log_name(char out[NAME_BYTES], const struct log_key *key);

/* ingest.c: stores run[0], which is checked, at the end of log i and tells hook and org. What follows it of its run is looked at. */
enum err_code ingest_store(struct replica *r, size_t i, const struct entry *run, size_t count, bool sig_ok, struct err *err) MUST_CHECK;

void ingest_forget_damage(struct replica *r, int64_t n);

/* erase.c */
enum err_code erase_load(struct replica *r, struct err *err) MUST_CHECK;
/* Is run[0], new and followed by the rest of its run, to be stored without its payload? As of the last commit. */
bool erase_covers(struct replica *r, const struct entry *run, size_t count);
enum err_code erase_tell(struct replica *r, const struct entry *e, struct err *err) MUST_CHECK;
/* Deletes, in the open transaction, what approved orders name. */
enum err_code erase_apply(struct replica *r, struct err *err) MUST_CHECK;

/* ack.c: from now on no carried ACK of the peer counts that has a smaller number. */
enum err_code ack_raise_floor(struct replica *r, const struct author *peer, uint64_t n, struct err *err) MUST_CHECK;
/* ack.c: notes one length that a peer has signed for, when its head is one of ours; ack 0: an ATTEST says so. */
enum err_code ack_take_item(struct replica *r, const struct author *peer, const struct extent *it, int64_t ack, struct err *err) MUST_CHECK;
/*
 * Has `peer` signed for more of the item's log in an ACK that lists its own log `own` beyond entry `seq`? Then that ACK is
 * the younger word of the two, in whatever order they came.
 */
bool ack_outdates(struct replica *r, const struct author *peer, const struct extent *it, size_t own, uint64_t seq);

/* claims.c: notes what a peer says it holds, whether or not we can tell. */
enum err_code claim_note(struct replica *r, const struct author *peer, const struct extent *it, int64_t at_ms, struct err *err) MUST_CHECK;

/* attest.c */
enum err_code attest_note(struct replica *r, size_t log, const struct entry *e, struct err *err) MUST_CHECK;
/* Before a commit, when the organisation has been evaluated. */
enum err_code attest_fold(struct replica *r, struct err *err) MUST_CHECK;

/* netkey.c */
enum err_code netkey_note(struct replica *r, const struct entry *e, struct err *err) MUST_CHECK;
void netkey_forget(struct replica *r);
/* incarnation.c: how new the log's incarnation is among its author's; 0 .. OLD_INCS_MAX + 1. */
int64_t replica_older(struct replica *r, size_t log);
/* What the OPEN at `h` lists: the author's other incarnations in that stream, the newest when there are more than fit. ERR_NO_MEMORY. */
enum err_code replica_cite_older(struct replica *r, const struct header *h, struct open_op *open, struct err *err) MUST_CHECK;

/* fork.c */
struct place { size_t known; size_t log; bool forks; };
/* Where batch[0..count) joins a family that has branches, or differs from what is held. */
enum err_code fork_place(struct replica *r, size_t trunk, const struct entry *batch, size_t count, struct place *out, struct err *err) MUST_CHECK;
/* Whether *e, which stands where log i holds or continues another entry, can be kept and proved. ERR_FORK when not. */
enum err_code fork_check(struct replica *r, size_t i, const struct entry *e, struct err *err) MUST_CHECK;
/* Keeps both sides: log i ends before *e, what stood there becomes a branch, and so does *to, an empty one for *e. */
enum err_code fork_split(struct replica *r, size_t i, const struct entry *e, size_t *to, struct err *err) MUST_CHECK;

/* read.c: rows of one log in order, rebuilt into entries and checked against their ids. */
struct rows {
	struct replica *r;
	struct stmt *s;
	size_t log;
	uint64_t to;
	struct header next;  /* what the coming entry's header shares with the last */
	bool sig_ok, erased; /* of the entry just read */
	bool own;            /* the statement is this reader's, not the cached one */
};
enum err_code rows_open(struct rows *w, struct replica *r, size_t log, uint64_t from, uint64_t to, bool headers_only, struct err *err) MUST_CHECK;
/* False at the end, or on an error with err set (*rc). The payload is borrowed until the next call. */
bool rows_next(struct rows *w, struct entry *e, enum err_code *rc, struct err *err);
void rows_close(struct rows *w);

#endif
