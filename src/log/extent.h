/*
 * How far a log goes, in few bytes: what HAVE, an ACK and an ATTEST list.
 *
 *   extent = log8, len (LEB128 in its shortest form), head8
 *
 * Spec: proto/sync.md, 3 "Summaries".
 */
#ifndef FALTBOK_LOG_EXTENT_H
#define FALTBOK_LOG_EXTENT_H

#include "base/bytes.h"
#include "log/frontier.h"

enum { EXTENT_BYTES_MAX = 8 + 9 + 8 };

struct extent {
	struct log8 log;
	uint64_t len;     /* entries; below 2^63 */
	uint8_t head8[8]; /* first bytes of the id of entry len-1; zeros where len is 0 */
};

struct extent extent_of(const struct log_head *head);
void extent_put(struct buf *out, const struct extent *e);
/* Takes the next one off the front of *in. False at the end, and at bytes that are none: then something is left of *in. */
bool extent_next(struct bytes *in, struct extent *out);
/* Is it extents from the first byte to the last? */
bool extents_well_formed(struct bytes in);

#endif
