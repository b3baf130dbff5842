/*
 * A replica: the durable logs of one organisation and what they decide.
 *
 *   runs from peers, bundles ─┐
 *                             ├─> check, chain, verify ─> log.db ─> org
 *   entries of our own ───────┘                             │
 *                                                           └─> hook: stored, committed
 *
 * Every entry, own or foreign, comes in here and nowhere else. A replica holds
 * ciphertext only: hub and auditor use it as it is; a node puts its vault and
 * view on the hook. Writes collect in one SQLite transaction; what
 * replica_commit() has returned for is on the disk (WAL, synchronous=EXTRA).
 * Not thread-safe. Spec: proto/log.md, 5 and proto/store.md.
 */
#ifndef FALTBOK_STORE_REPLICA_H
#define FALTBOK_STORE_REPLICA_H

#include "base/env.h"
#include "log/chain.h"
#include "log/frontier.h"
#include "log/run.h"
#include "org/orders.h"
#include "org/org.h"

struct replica;

/* A run of so many bytes, from anywhere in a log, has an end whose signature was checked when it came in. */
enum { REPLICA_RUN_BYTES = 64000 };

struct replica_hook {
	void *ctx;
	/*
	 * An entry has been accepted into the open transaction. `log` is replica_log_at's index. e->payload is borrowed.
	 * Called a second time for an entry that came without its payload once that has arrived.
	 */
	void (*stored)(void *ctx, size_t log, const struct entry *e);
	/* The transaction is durable; org has been evaluated. */
	void (*committed)(void *ctx);
	/* The transaction is gone, and with it every `stored` since the last commit. replica_org() is another one now. */
	void (*dropped)(void *ctx);
	/* A fork was found: the entries of log `from` at seq and after it are now those of log `to`. May be NULL. */
	void (*split)(void *ctx, size_t from, size_t to, uint64_t seq);
};

/*
 * Opens HOME/log.db, exclusively; makes it when `create`. Loads heads and
 * control entries. ERR_NOT_FOUND, ERR_LOCKED, ERR_NEWER, ERR_DAMAGED, ERR_NO_SPACE, ERR_READ_ONLY.
 */
enum err_code replica_open(struct replica **out, struct env *env, const char *home, bool create, struct err *err) MUST_CHECK;
/* The same by another engine (store/db.h), in what that calls `name`. `path` is what stands for its place (store/place.h). */
struct db_engine;
enum err_code replica_open_in(struct replica **out, struct env *env, const struct db_engine *engine, const char *name, const char *path,
                              bool create, struct err *err) MUST_CHECK;
void replica_close(struct replica *r); /* drops an open transaction */
void replica_set_hook(struct replica *r, const struct replica_hook *hook);

/*
 * The disk is full, and something has to be written before anything else may be: every write begins by calling `first`,
 * and is refused with what that says until it says ERR_OK. `ctx` is freed by mem_free() when it has, or with the replica.
 */
void replica_disk_is_full(struct replica *r, enum err_code (*first)(void *ctx, struct err *err), void *ctx);
bool replica_waits_for_room(const struct replica *r);
bool replica_read_only(const struct replica *r); /* on a read-only disk: reading works, every write is ERR_READ_ONLY */
bool replica_failed(const struct replica *r);    /* a write or sync failed: every further write is ERR_IO until reopened */
/* Nor can it be read any more: what memory ran ahead with could not be read back. Nothing that is asked of it is an answer. */
bool replica_lost(const struct replica *r);

/* From now on payloads are read as they stand, right or wrong: for an auditor, who must see what is wrong with them. */
void replica_read_as_stored(struct replica *r);

/* Which organisation this is: kept in log.db with the next commit, checked against every GENESIS. Refuses to change. */
enum err_code replica_set_org(struct replica *r, const struct org_id *org, const struct author *root_pk, struct err *err) MUST_CHECK;
/* Evaluated as of the last commit, or of a later replica_evaluate(). Ask again after `dropped`: it is a new one then. */
const struct org *replica_org(const struct replica *r);
/* Evaluates control entries of the open transaction now, before the commit. */
enum err_code replica_evaluate(struct replica *r, struct err *err) MUST_CHECK;

size_t replica_log_count(const struct replica *r);
/* Order of first arrival; an index never changes its log. The pointer lives until an entry is added. */
const struct log_head *replica_log_at(const struct replica *r, size_t i);
bool replica_log_find(const struct replica *r, const struct log_key *key, size_t *i);
bool replica_log_by_short(const struct replica *r, const struct log8 *short_id, size_t *i);
uint64_t replica_entry_count(const struct replica *r);
/* Root over the logs for which share(ctx, head) is true (all when share is NULL). */
void replica_frontier(struct replica *r, bool (*share)(void *ctx, const struct log_head *h), void *ctx, uint8_t out[32]);

struct ingest_counts { uint64_t stored, known, refused, payloads_filled, forks, held_back; }; /* calls add to them */

/*
 * One run from outside, at *rd, which ends up behind it unless the bytes are
 * not a run at all. Its new part is taken whole or not at all. Joins the open
 * transaction, or opens one.
 *   ERR_UNKNOWN    no ADMIT is known for its author yet: keep the bytes and try again when control has grown
 *   ERR_GAP        starts past our head
 *   ERR_FORK       follows a history that is not held, or cannot be proved: ask from an earlier seq. A fork
 *                  that can be kept is: ERR_OK, counts->forks. The log then ends before the fork point, and
 *                  both continuations are branches (proto/store.md, 4)
 *   ERR_SIGNATURE, ERR_HASH, ERR_MALFORMED   the sender is wrong or hostile: nothing of the run was taken
 *   ERR_NO_SPACE, ERR_IO   the transaction was dropped
 */
enum err_code replica_ingest_run(struct replica *r, struct rd *rd, struct ingest_counts *counts, struct err *err) MUST_CHECK;

/*
 * The same for a run that nobody vouches for who is a member: of a log of a removed device no more than
 * REPLICA_QUARANTINE entries past what is wanted of it are taken. What is left out is counted in held_back, and is
 * taken when the same run comes again after more of it has been adopted. proto/bundle.md, 3.
 */
enum { REPLICA_QUARANTINE = 256 };
enum err_code replica_ingest_carried(struct replica *r, struct rd *rd, struct ingest_counts *counts, struct err *err) MUST_CHECK;

/* Whose runs are being taken in just now, for the hook: NULL when nobody's. Not kept. */
void replica_set_source(struct replica *r, const struct author *from);
const struct author *replica_source(const struct replica *r);

/*
 * Signs and adds the next entry of our own log (keys->sign_pk, stream, inc),
 * OPEN included: a first entry in a stream is preceded by it, citing the
 * right it is opened under. GENESIS is the only exception. *out borrows.
 */
enum err_code replica_append(struct replica *r, const struct device_keys *keys, const struct inc *inc,
                             const struct stream_id *stream, uint8_t kind, struct bytes payload,
                             struct entry *out, struct err *err) MUST_CHECK;
/* seq and prev that the next append in that log will have (after the OPEN it may need, which this appends). */
enum err_code replica_next(struct replica *r, const struct device_keys *keys, const struct inc *inc,
                           const struct stream_id *stream, struct header *next, struct err *err) MUST_CHECK;

enum err_code replica_commit(struct replica *r, struct err *err) MUST_CHECK; /* nothing open: ERR_OK at once */
void replica_drop(struct replica *r);
size_t replica_pending(const struct replica *r); /* payload and header bytes in the open transaction */

/* One entry; its payload is copied to `keep` (cleared first). ERR_UNKNOWN when not held. */
enum err_code replica_entry(struct replica *r, size_t log, uint64_t seq, struct entry *out, struct buf *keep, struct err *err) MUST_CHECK;
/* Entries from..to-1 in order. Payload borrowed for the call. Stops early when cb returns false. */
enum err_code replica_scan(struct replica *r, size_t log, uint64_t from, uint64_t to, bool headers_only,
                           bool (*cb)(void *ctx, const struct entry *e), void *ctx, struct err *err) MUST_CHECK;
/*
 * Appends one run of entries from..to-1 of at most bytes_max (better not
 * below REPLICA_RUN_BYTES), but one entry at least; *next is where to go on. Never ends a run on an unverified
 * signature (it verifies it first); *next == from: there is nothing that can
 * be vouched for. A branch is read from its branch_seq, whatever `from` is.
 * ERR_DAMAGED when the entry at `from` is.
 */
enum err_code replica_read_run(struct replica *r, size_t log, uint64_t from, uint64_t to, bool headers_only,
                               size_t bytes_max, struct buf *out, uint64_t *next, struct err *err) MUST_CHECK;

/* Payloads that were read since it was opened and are not what their entries say. */
size_t replica_damaged(const struct replica *r);
/* The next entry at `from` or later whose payload is absent or damaged here, and was not erased. */
bool replica_lacking(struct replica *r, size_t log, uint64_t from, uint64_t *seq);
/* How many entries from..to-1 have their content here. */
uint64_t replica_content(struct replica *r, size_t log, uint64_t from, uint64_t to);
/* Every fork proof held, in a fixed order, until cb returns false. The owner puts them into FORK entries. */
enum err_code replica_forks(struct replica *r, bool (*cb)(void *ctx, const struct fork_proof *proof), void *ctx, struct err *err) MUST_CHECK;

/*
 * What others have proved to hold: from stored, signed ACKs alone.
 * ack = [n, root bin32, delta bin, sig bin64], proto/sync.md. A log counts as far
 * as the acknowledged head is one we hold too; the newest ACK decides, also
 * downwards. ERR_MALFORMED, ERR_SIGNATURE, ERR_UNKNOWN (no such device).
 */
enum ack_way {
	ACK_LIVE,    /* said over a link: the peer's word of this moment */
	ACK_CARRIED, /* out of a bundle: passed over when a larger number of the peer is known */
};
enum err_code replica_put_ack(struct replica *r, const struct author *peer, struct bytes ack, enum ack_way way, int64_t wall_ms,
                              struct err *err) MUST_CHECK;
uint64_t replica_acked(const struct replica *r, const struct author *peer, size_t log); /* length that peer has signed for */
/* addr, web: where it was dialled last, over TCP and over a WebSocket; "" when never. */
struct replica_peer { struct author author; int64_t last_seen_ms; uint8_t frontier[32]; char addr[128], web[128]; };
size_t replica_peers(struct replica *r, struct replica_peer *out, size_t max); /* last seen first */
/* Notes that a peer was met, and where; addr and web may be NULL, which keeps what is known. Joins the open transaction, or opens one. */
enum err_code replica_saw_peer(struct replica *r, const struct author *peer, const char *addr, const char *web, int64_t wall_ms, struct err *err) MUST_CHECK;

/*
 * Erasure. What an approved order names is deleted by the commit that brings the approval, or as it arrives later;
 * headers stay. It never comes back: a payload is not filled in where one was erased. proto/org.md, 9.
 */
const struct orders *replica_orders(const struct replica *r); /* as of the last commit */
/* Has somebody who reads its stream named that entry as written late to an erased record (proto/org.md, 9)? */
bool replica_called_late(struct replica *r, size_t log, uint64_t seq);
/* A late entry of an erased group, as a reader found: deletes its payload in the open transaction. */
enum err_code replica_erase(struct replica *r, size_t log, uint64_t seq, struct err *err) MUST_CHECK;
/* The entries that the range names, as far as it is known here which those are, newest log first. */
enum err_code replica_scan_named(struct replica *r, const struct erase_log *named, const struct erase_range *range,
                                 bool (*cb)(void *ctx, const struct entry *e), void *ctx, struct err *err) MUST_CHECK;
/* Is nothing held of which only the rest of its log will tell whether the request names it? Else a receipt must wait. */
bool replica_can_confirm(struct replica *r, const struct erase_request *q);
/* Fills in how many of the entries named are here without payload, and how many are not here. A count that was not had is none to sign. */
enum err_code replica_receipt(struct replica *r, const struct erase_request *q, struct erase_receipt *out, struct err *err) MUST_CHECK;
enum err_code replica_put_receipt(struct replica *r, const struct device_keys *keys, const struct inc *inc,
                                  const struct erase_receipt *q, struct err *err) MUST_CHECK;
/*
 * After an erasure, at leisure: writes the store anew, so that nothing of what was deleted is left in the gaps of its
 * pages. Takes a second per hundred thousand entries, and as much free disk as the store is large; does nothing when
 * nothing was erased since, or in the middle of a transaction. ERR_NO_SPACE: it stays due.
 */
enum err_code replica_scrub(struct replica *r, struct err *err) MUST_CHECK;
bool replica_scrub_is_due(const struct replica *r);
/* For who holds no reading key, hub and auditor: a receipt for each approved order that has none of ours and can have one, and a commit. May be called by the `committed` hook. */
enum err_code replica_confirm(struct replica *r, const struct device_keys *keys, const struct inc *inc, struct err *err) MUST_CHECK;

/*
 * A store that several processes share (proto/postgresql.md). To be called several times a second, and returns at once:
 * saves what waits, so that others get their turn; takes in what they have stored, and tells the hook `committed`; takes up
 * a lost connection again. True when there was something new. Does nothing where nobody shares the store.
 */
bool replica_tend(struct replica *r);
bool replica_shared(const struct replica *r);
bool replica_away(const struct replica *r); /* its server cannot be reached: nothing can be read or saved just now */
/* Whose tokens and attestations are ours among those that share it. */
void replica_set_self(struct replica *r, const struct author *self);
/* Gives up our part of it; the last who does deletes everything. The replica may only be closed after. */
enum err_code replica_leave(struct replica *r, bool *emptied, struct err *err) MUST_CHECK;

/*
 * What was printed for this device and may be nowhere but on paper (proto/store.md, 13). It is written down before what the paper
 * opens is saved, so a cut at any moment leaves the old paper or a reminder.
 *
 *   PAPER_NONE    there is none, or a person has said that it is kept
 *   PAPER_MADE    made, and not yet handed out: nobody can have it
 *   PAPER_SHOWN   handed out; whether it was written down nobody has said
 */
enum paper_state { PAPER_NONE, PAPER_MADE, PAPER_SHOWN };
struct own_papers { enum paper_state recovery, kill; };
void replica_papers(struct replica *r, struct own_papers *out); /* both PAPER_NONE where nothing is kept */
enum err_code replica_papers_put(struct replica *r, const struct own_papers *p, struct err *err) MUST_CHECK; /* in the transaction that is open; to be committed */
/* What was made has been handed out; a person says that it is kept. Each is durable when it returns. */
enum err_code replica_papers_shown(struct replica *r, struct err *err) MUST_CHECK;
enum err_code replica_papers_kept(struct replica *r, struct err *err) MUST_CHECK;

/* Small values of the owner: a key and a blob, in the same transaction as entries. */
enum err_code replica_meta_put(struct replica *r, const char *key, struct bytes value, struct err *err) MUST_CHECK;
enum err_code replica_meta_get(struct replica *r, const char *key, struct buf *out, struct err *err) MUST_CHECK; /* ERR_UNKNOWN */

/*
 * How much time has passed for this store: what a grace is counted in whose end cannot be undone. Its beginning means
 * nothing. A clock that is put right or wrong by years moves it by three days at most. 0 when it cannot be read.
 */
int64_t replica_lived_ms(struct replica *r);
/* Keeps the count, in the open transaction: each commit does, and who may be quiet for days should. */
enum err_code replica_live_on(struct replica *r, struct err *err) MUST_CHECK;

/*
 * Re-verifies everything stored, calls `finding` with a sentence for each
 * fault, repairs nothing. ERR_OK also when there were findings. progress may be NULL.
 */
enum err_code replica_verify(struct replica *r, void (*finding)(void *ctx, const char *text), void *ctx,
                             void (*progress)(void *ctx, uint64_t done, uint64_t all), struct err *err) MUST_CHECK;
uint64_t replica_file_bytes(struct replica *r);

#endif
