/*
 * ATTEST: a device's signed word of what it holds, folded into its control log.
 *
 *   [day, ctl_digest, frontier_root, logs, (log8 ‖ length ‖ head8)*, [[stream, epoch | nil, oldest]…]]
 *
 * Everybody gets it, so custody and freshness are known of devices one never
 * meets. Spec: proto/org.md, 10 "Attestations".
 */
#ifndef FALTBOK_ORG_ATTEST_H
#define FALTBOK_ORG_ATTEST_H

#include "codec/strict.h"
#include "log/entry.h"
#include "log/extent.h"

enum { ATTEST_ITEMS_MAX = 2000, ATTEST_EPOCHS_MAX = 256, ATTEST_DELTA_BYTES_MAX = ATTEST_ITEMS_MAX * 26 };

/* The team epoch that a device would write under, and the smallest number of an epoch of the stream that it can still open; 0: none. */
struct attest_epoch { struct stream_id stream; bool has_epoch; struct epoch_id epoch; uint64_t oldest; };

struct attest {
	uint64_t day;                 /* since 1970, by its author's clock */
	uint8_t ctl_digest[16], frontier_root[32];
	uint64_t logs;
	struct bytes delta;           /* extents; borrowed: from the payload when decoded */
	size_t epoch_count;
	struct attest_epoch epochs[ATTEST_EPOCHS_MAX]; /* ascending by stream */
};

void attest_encode(struct buf *out, const struct attest *a);
/* ERR_MALFORMED. */
enum err_code attest_decode(struct attest *a, struct bytes payload, struct err *err) MUST_CHECK;
/*
 * proto/sync.md, 8 "Leaving": the word stands behind the OPEN of a control log, LEAVING_LEN entries with it, and lists nothing. Whether
 * the incarnation has written on since is for whoever holds its logs to see.
 */
enum { LEAVING_LEN = 2 };
bool attest_lists_nothing(const struct entry *e); /* an ATTEST in its form */
bool attest_says_leaving(const struct entry *e);
/* The epoch named for the stream, or NULL. */
const struct attest_epoch *attest_epoch_of(const struct attest *a, const struct stream_id *stream);

#endif
