/*
 * Attestations in a replica: writing our own when one is due, and what those
 * of others say. Custody that an ATTEST proves counts like that of an ACK.
 * Spec: proto/org.md, 10 "Attestations".
 */
#ifndef FALTBOK_STORE_ATTEST_H
#define FALTBOK_STORE_ATTEST_H

#include "org/attest.h"
#include "store/replica.h"

/*
 * Appends an ATTEST to our control log when one is due, in the open transaction: an hour after the last one at the
 * earliest, and only when something else than RECEIPT, ATTEST and FORK is new; a coordinator's device in any case
 * after a week. `epochs` ascend by stream; a device without keys gives none. *wrote may be NULL.
 */
enum err_code replica_attest(struct replica *r, const struct device_keys *keys, const struct inc *inc,
                             const struct attest_epoch *epochs, size_t epoch_count, bool *wrote, struct err *err) MUST_CHECK;

/*
 * The word of a home that is about to be destroyed: as the first entry of a fresh incarnation an ATTEST that lists nothing.
 * Makes void what the device has signed before. In the open transaction.
 */
enum err_code replica_attest_leaving(struct replica *r, const struct device_keys *keys, const struct inc *inc, struct err *err) MUST_CHECK;
/* Is that the last that this incarnation has said? Then it signs for nothing. *log may be NULL: the word's, LEAVING_LEN long. */
bool replica_is_leaving(struct replica *r, const struct author *self, const struct inc *inc, size_t *log);

/* The newest ATTEST of that device, in effect, as of the last commit; `keep` holds what it borrows. */
bool replica_attested(struct replica *r, const struct author *by, struct attest *out, struct buf *keep);
/* Do we hold what that device last attested of its own logs in the stream? False when it never attested. */
bool replica_holds_attested(struct replica *r, const struct author *by, const struct stream_id *stream);

#endif
