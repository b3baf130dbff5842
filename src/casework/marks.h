/*
 * What the program itself writes on records of any type, beside the fields
 * of the profile: numbers that no profile can use.
 *
 *   65536  merged into   the record that this one is the same as: both ids go on working
 *   65537  practice      never counted, never in a drop-box
 *   65538  settled       a set of field numbers: somebody decided a conflict there
 *   65539  merged from   the other end of 65536, so that a kept record knows what it took up
 *
 * Ordinary ops carry them, so they merge as everything does. Spec: proto/day.md, 1.
 */
#ifndef FALTBOK_CASEWORK_MARKS_H
#define FALTBOK_CASEWORK_MARKS_H

#include "casework/records.h"

enum { MARK_MERGED_INTO = 65536, MARK_PRACTICE = 65537, MARK_SETTLED = 65538, MARK_MERGED_FROM = 65539 };

/* Its key in JSON, beside "fields"; NULL for a field that is none of these. */
const char *mark_name(uint32_t field);

bool record_is_practice(const struct record *r);
/* False when it is not merged; of several in conflict the best. */
bool record_merged_into(const struct record *r, struct record_id *out);
/* The ids that the mark or a ref field holds, each once; how many there are, of which at most `max` are given. */
size_t record_refs(const struct record *r, uint32_t field, struct record_id *out, size_t max);

enum err_code draft_mark_practice(struct draft *d, struct err *err) MUST_CHECK;
enum err_code draft_mark_settled(struct draft *d, uint32_t field, struct err *err) MUST_CHECK;
/* `op` is OP_SET or OP_CLEAR of merged-into, OP_ADD or OP_REMOVE of merged-from. */
enum err_code draft_mark_merge(struct draft *d, uint8_t op, const struct record_id *other, struct err *err) MUST_CHECK;

#endif
