/*
 * The coded row of a change: what of it is statistics, without a word of
 * anybody's and without a way back to the record.
 *
 *   change of a record ─> change of its row: the same ops on the same fields, ids and dots as one-way images
 *
 * Rows merge as records do (crdt/record.h), so the figures of all rows are
 * the figures of all records, whoever wrote what when. Images are made of the
 * record's id alone: two devices that have not met write one row, and once
 * the record is erased nobody holds what its row could be found by.
 * Spec: proto/vault.md, 12.
 */
#ifndef FALTBOK_CASEWORK_ROWS_H
#define FALTBOK_CASEWORK_ROWS_H

#include "casework/profile.h"
#include "casework/report_def.h"
#include "crdt/change.h"

bool rows_has_type(const struct profile_type *t);                                    /* are there rows of it? */
/* Is the change worth a row? Of a type without rows only that a record which rows name was merged, or parted again. */
bool rows_wants(const struct profile *p, const struct profile_type *t, const struct change *c);
bool rows_can_tell(const struct profile *p, const struct report_line *l);            /* does the line ask for nothing else? */

/* The row of a record. An open record is its own row: it is nobody's, and is kept for ever. */
void rows_id(uint8_t out[16], const struct profile_type *t, const uint8_t record[16]);

/* The dot of a row whose change stands in the entry `of`, or came by that import. */
void rows_dot(uint8_t out[16], const uint8_t record[16], const uint8_t of[16]);

/* By which import a value came, if it came by one: its dot in the row is then made of that. */
typedef bool (*rows_import_of)(void *ctx, const uint8_t entry[16], uint8_t import[16]);
/*
 * The body of the row of a change that stands in `entry`. *told: an op was copied; a change that copies none is worth a row
 * only when it is the first of its record. ERR_NO_MEMORY.
 */
enum err_code rows_encode(struct buf *out, bool *told, const struct profile *p, const struct profile_type *t, const struct change *c,
                          const uint8_t entry[16], rows_import_of import_of, void *ctx, struct err *err) MUST_CHECK;
/* Has a body that came out of a drop-box the form of a row? ERR_DAMAGED: it has not. ERR_NO_MEMORY: nobody has looked. */
enum err_code rows_check(struct bytes body, struct change_space *space, struct err *err) MUST_CHECK;

#endif
