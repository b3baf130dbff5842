/*
 * From what a person wrote to ops, and from a record to what a person reads.
 *
 * A draft is one change in the making: values have been checked against the
 * profile and stand as msgpack; `over` is filled in by whoever holds the
 * record as it is now. Spec: proto/profile.md, 4 to 6.
 */
#ifndef FALTBOK_CASEWORK_RECORDS_H
#define FALTBOK_CASEWORK_RECORDS_H

#include <jansson.h>

#include "casework/profile.h"
#include "crdt/record.h"

struct draft_op { uint8_t kind; uint32_t field; size_t value_at, value_len; /* in `values` */ };
struct draft {
	const struct profile_type *type;
	struct record_id record;
	struct draft_op *ops;
	size_t op_count, op_cap;
	struct buf values;
	bool has_shown; int64_t shown_ms; int16_t shown_offset_min;
	bool has_import; uint8_t import[16];
	struct group_id group;      /* set by draft_group() */
};
void draft_init(struct draft *d, const struct profile_type *type, const struct record_id *record);
void draft_free(struct draft *d);

/* One assignment. `op` is OP_SET (an empty string or null clears: OP_CLEAR), OP_ADD (on a sum: OP_SUM), OP_REMOVE (on a
 * sum: less). Text or JSON value; an array adds or removes each. A choice may be written as its code or a label of it.
 * A later assignment of the same draft replaces an earlier one of the same thing.
 * ERR_INVALID: which field, which value, what is allowed (the first codes of a list). */
enum err_code draft_assign(struct draft *d, uint8_t op, const char *field, const json_t *value, struct err *err) MUST_CHECK;
enum err_code draft_assign_text(struct draft *d, uint8_t op, const char *field, const char *text, struct err *err) MUST_CHECK;
/* An op as it stands: one msgpack value, which the caller answers for (marks.h). */
enum err_code draft_put_value(struct draft *d, uint8_t kind, uint32_t field, struct bytes value, struct err *err) MUST_CHECK;
enum err_code draft_note(struct draft *d, const uint8_t note_id[16], const char *text, const uint8_t *corrects16, struct err *err) MUST_CHECK;
/* The value of an op, borrowed until the draft changes; the op that gives the field one, or NULL. */
static inline struct bytes
draft_value(const struct draft *d, const struct draft_op *op)
{
	return BYTES(d->values.p + op->value_at, op->value_len);
}
const struct draft_op *draft_op_on(const struct draft *d, uint32_t field);
/* Visits every record that a draft refers to, until cb returns false. */
void draft_each_ref(const struct draft *d, bool (*cb)(void *ctx, const struct record_id *id), void *ctx);
/* Which group the record belongs to: its own id, the open group of its team (zeros), or what its reference field
 * names. A record that exists (`now`, which may be NULL) stays in its group; one without its reference is its own. */
void draft_group(struct draft *d, const struct record *now);
/* Required fields present, in the draft or in `now`. */
enum err_code draft_check_required(const struct draft *d, const struct record *now, struct err *err) MUST_CHECK;
/* What a form may not do, and a trace may: a state that does not follow on what stands in `now` (any of its concurrent
 * values will do), or a field that is off. ERR_INVALID names the states that may follow. */
enum err_code draft_check_rules(const struct draft *d, const struct record *now, struct err *err) MUST_CHECK;
/* The body, `over` taken from `now` (NULL: a new record). */
enum err_code draft_encode(const struct draft *d, const struct record *now, uint32_t profile_version, uint64_t hlc,
                           struct buf *out, struct err *err) MUST_CHECK;

enum { TRACE_ADDS_MAX = 64 }; /* so many values of one field go into a line that we write, and fit in an entry */
/* One line of a trace; `out` need not be initialised, is empty after an error, and else the caller's. The import id is HC(16,∅,"fb1/import",record id,line). */
enum err_code trace_parse(const struct profile *p, struct bytes line, struct draft *out, char by[64], struct err *err) MUST_CHECK;

/* Time as RFC 3339 with offset, and back. */
char *time_print(char out[40], int64_t ms, int offset_min);
bool time_parse(const char *text, int64_t *ms, int16_t *offset_min);
bool date_valid(const char *text); /* YYYY-MM-DD that exists */
bool clock_valid(const char *text); /* HH:MM, 00:00 to 23:59 */
bool language_valid(const char *text); /* has the form of a BCP 47 tag */

/* A msgpack value as JSON (refs as hex); unknown fields (NULL) show as they are. The caller owns it. */
json_t *value_to_json(const struct profile_field *f, struct bytes value);

/* {"id","type","fields":{…},"notes":[…]}, proto/profile.md, 6; `who` names an author number. Caller owns the result. */
typedef const char *(*author_name_fn)(void *ctx, uint32_t author);
json_t *record_to_json(const struct record *r, const struct profile *p, author_name_fn who, void *ctx);
/* The same, which also says whose hand it was: "member" beside "by" of conflicting values, notes and decisions. */
struct author_names { author_name_fn device, member; void *ctx; };
json_t *record_to_json_by(const struct record *r, const struct profile *p, const struct author_names *names);

/* Does the record have field=text? Sets: contains. Conflicts: any of the values. Sums: the sum. */
bool record_matches(const struct record *r, const struct profile_type *t, const char *field, const char *text);
/* All text that full-text search should find in a record without its notes. */
void record_search_text(const struct record *r, const struct profile_type *t, struct buf *out);

#endif
