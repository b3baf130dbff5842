/*
 * A record: what all effective changes to one record id come to.
 *
 *   register  field -> { (dot, value) … }   more than one distinct value: a conflict, shown, never guessed
 *   set       field -> { (dot, element) … } add wins over a concurrent remove
 *   sum       field -> number
 *   notes     append-only; a correction is a note that names another
 *
 * The order in which changes arrive makes no difference. Records are kept
 * in the view as compact bytes (record_encode), and hashed in a canonical form
 * (record_canonical) that is the same on every node. Spec: proto/crdt.md.
 */
#ifndef FALTBOK_CRDT_RECORD_H
#define FALTBOK_CRDT_RECORD_H

#include "crdt/change.h"

struct record;

/* Where a change came from, beside its body. */
struct origin {
	uint8_t entry[16];  /* first half of the entry id */
	uint32_t author;    /* the view's small number for the author's key */
};

struct record *record_new(const struct record_id *id);
void record_reset(struct record *r, const struct record_id *id); /* reuse the memory */
void record_free(struct record *r);

/* Applies one change that has not been applied to this record before. ERR_NO_MEMORY only; on error r is unusable. */
enum err_code record_apply(struct record *r, const struct change *c, const struct origin *from, struct err *err) MUST_CHECK;

/* Compact bytes for the view and its snapshot; local (author numbers), not for the wire. proto/crdt.md, 6. */
void record_encode(struct buf *out, const struct record *r);
enum err_code record_decode(struct record *r, struct bytes in, struct err *err) MUST_CHECK; /* r was reset */

/*
 * [record16, type, group16, [[field, [[entry16, op, kind, value]…]]…], [[entry16, op, note16, text, corrects16|nil]…]]:
 * fields by number, values and notes by dot. proto/crdt.md, 5.
 */
void record_canonical(struct buf *out, const struct record *r);

const struct record_id *record_id_of(const struct record *r);
uint32_t record_type(const struct record *r);          /* of the change with the smallest (hlc, entry); 0 before any */
const struct group_id *record_group(const struct record *r); /* of that same change */
uint64_t record_hlc_first(const struct record *r), record_hlc_last(const struct record *r);
bool record_has_conflict(const struct record *r);

enum field_kind { FIELD_NONE, FIELD_REGISTER, FIELD_SET, FIELD_SUM };
struct value {
	struct dot dot;
	struct bytes value;      /* one msgpack value */
	uint64_t hlc;
	int64_t shown_ms;
	int16_t shown_offset_min;
	bool has_shown;
	uint8_t kind;            /* OP_SET, OP_BLOB, OP_ADD or OP_SUM */
	uint32_t author;
};

size_t record_field_count(const struct record *r);
uint32_t record_field_at(const struct record *r, size_t i, enum field_kind *kind);   /* ascending numbers */
/* Surviving values, best (largest hlc, then largest dot) first. Borrowed until the record changes. A set may hold an element twice. */
const struct value *record_values(const struct record *r, uint32_t field, size_t *count);
bool record_field_conflict(const struct record *r, uint32_t field);  /* two distinct values in a register */
double record_sum(const struct record *r, uint32_t field);
/*
 * The best complete blob of a register field, pieces joined (a string or binary value set as a whole counts as
 * one); false while pieces are missing. Appends to `out`.
 */
bool record_blob(const struct record *r, uint32_t field, struct buf *out);

struct note {
	uint8_t id[16];
	struct bytes text;       /* UTF-8 */
	uint8_t corrects[16];
	bool corrects_any;
	bool has_shown;
	int16_t shown_offset_min;
	int64_t shown_ms;
	struct dot dot;
	uint64_t hlc;
	uint32_t author;
};
size_t record_note_count(const struct record *r);
const struct note *record_note_at(const struct record *r, size_t i); /* by (shown or hlc time, dot) */
/*
 * The dots of everything a new value of `field` must list in `over`; with an element (a set) only those of that
 * element, with BYTES_NONE all. `*out` is the caller's, mem_free(); NULL when there are none.
 */
enum err_code record_over(const struct record *r, uint32_t field, struct bytes element, struct dot **out, size_t *count, struct err *err) MUST_CHECK;

#endif
