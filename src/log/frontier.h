/*
 * Which log, how long, and what a set of logs comes to.
 *
 * A log is (author, stream, incarnation). Where it forks it ends, and each
 * history that goes on from there is a branch: a log of its own, named also by
 * the seq and id of its first entry (proto/log.md, 4).
 * Spec: proto/sync.md, 3 "Summaries" and proto/audit.md, 2 "Frontier root".
 */
#ifndef FALTBOK_LOG_FRONTIER_H
#define FALTBOK_LOG_FRONTIER_H

#include "base/bytes.h"
#include "base/ids.h"

struct log_key {
	struct author author;
	struct stream_id stream;
	struct inc inc;
	bool is_branch;
	uint64_t branch_seq;    /* of its first entry; zero unless is_branch */
	struct hash branch_id;
};

struct log8 { uint8_t b[8]; };

struct log_head { /* one leaf */
	struct log_key key;
	struct log8 short_id;
	uint64_t len;           /* entries held: next seq. A branch counts from seq 0 as well */
	struct hash head;       /* id of entry len-1 */
};

/* HC(16,∅,"fb1/log",author,stream,inc)[0..7]; of a branch HC(16,∅,"fb1/branch",author,stream,inc,be64 seq,first id)[0..7]. */
struct log8 log8_of(const struct log_key *key);
bool log_key_equal(const struct log_key *a, const struct log_key *b);
void log_key_init(struct log_key *key, const struct author *author, const struct stream_id *stream, const struct inc *inc);
int log_key_order(const struct log_key *a, const struct log_key *b); /* author, stream, inc, branch */

/*
 * RFC 6962 MTH (SHA-256) over the leaves author‖stream‖inc‖be64 len‖head[‖branch id], sorted as bytes. Sorts `heads` in
 * place, in that order.
 */
void frontier_root(uint8_t out[32], struct log_head *heads, size_t count);

/* MTH: a tree that grows leaf by leaf and keeps one hash per level. */
struct merkle {
	uint64_t count;
	uint8_t level[64][32]; /* [i]: root of a complete subtree of 2^i leaves, where bit i of count is set */
};
void merkle_init(struct merkle *m);
void merkle_add(struct merkle *m, struct bytes leaf);
void merkle_finish(const struct merkle *m, uint8_t out[32]);

/*
 * Buckets of a summary: n = power of two ≥ count/8, clamped to 16..256; a log's bucket is its log8's first byte mod n.
 * A bucket's digest is HC(16,∅,"fb1/bucket",sum)[0..7], where sum adds up HC(32,∅,"fb1/bucket/log",log8,be64 len,head[0..7])
 * of its logs as four 64-bit numbers each, big-endian, without carry between them. `heads` may stand in any order.
 */
size_t bucket_count_for(size_t logs);
void bucket_digests(uint8_t (*out)[8], size_t n, const struct log_head *heads, size_t count);

#endif
