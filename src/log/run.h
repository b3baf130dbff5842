/*
 * A run: consecutive entries of one log, what they share sent once.
 *
 *   [author, stream, inc, first seq, first prev, [[kind, payload | [plen, phash], sig|nil]…]]
 *
 * The reader rebuilds each header (its encoding is unique), hashes it and
 * chains the next one to it. Runs travel in ENTRIES frames and in bundles.
 * Spec: proto/sync.md, 5 "Runs".
 */
#ifndef FALTBOK_LOG_RUN_H
#define FALTBOK_LOG_RUN_H

#include "codec/strict.h"
#include "log/entry.h"

/* Appends one run to `out`. Start, add entries of consecutive seq, finish. */
struct run_writer {
	struct buf *out;
	size_t count_at;   /* where the array's count is patched in (array 16 form only when > 15: strict) */
	size_t count;
	size_t start;
};
void run_begin(struct run_writer *w, struct buf *out, const struct header *first);
void run_add(struct run_writer *w, const struct entry *e);  /* payload left out when !e->has_payload */
size_t run_finish(struct run_writer *w);                    /* bytes of the run; 0 entries: nothing was written */

struct run_reader {
	struct rd *at;       /* the caller's cursor; behind the run once `left` is 0 */
	struct header next;  /* author, stream, inc, seq and prev of the entry to come */
	size_t left;
};
/*
 * Starts reading one run at *rd, which the caller keeps in place until the
 * last run_next() and which then stands behind the run.
 *   ERR_MALFORMED   not a run; rd is spent
 */
enum err_code run_open(struct run_reader *r, struct rd *rd, struct err *err) MUST_CHECK;
/*
 * The next entry, while r->left > 0: its id computed, its payload borrowed from
 * the input. A payload that came along makes the header's phash and plen, so it
 * cannot disagree with them; the signature, which is NOT checked here, says
 * whether that header was ever signed.
 *   ERR_MALFORMED   rd is spent and the rest of the run is lost
 */
enum err_code run_next(struct run_reader *r, struct entry *out, struct err *err) MUST_CHECK;

#endif
