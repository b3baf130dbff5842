/*
 * The readable records of a node: in memory only.
 *
 *   changes, a batch at a time ─> folded record by record ─> :memory: SQLite
 *        record(id, type, team, …, state, rows)   one blob of state a record, one of which entries made it
 *        fts                                      full text over notes and text fields
 *
 * Nothing in here ever reaches a disk but the sealed snapshot. The order of
 * arrival makes no difference to what is shown. Of several entries that
 * bring the same import to one record only the one with the smallest id
 * counts. Records of type 1 are the roster's own (names, profiles): they are
 * in the state hash, and not in counts, lists of all types, or the full text.
 * Spec: proto/crdt.md, 5.
 */
#ifndef FALTBOK_VIEW_VIEW_H
#define FALTBOK_VIEW_VIEW_H

#include "base/env.h"
#include "base/ids.h"
#include "casework/records.h"

struct view;

struct view_change {
	uint64_t row;            /* log index << 40 | seq: where the entry stands in the replica */
	uint8_t entry[16];       /* first half of its id */
	struct author author;
	struct stream_id team;
	struct bytes body;       /* borrowed for the call */
};

struct view *view_new(struct env *env, struct err *err);
void view_free(struct view *v);
/* The profile decides what is text for search. May be set again when a new version comes. NULL: none yet. */
void view_set_profile(struct view *v, const struct profile *p);

/* From now on it holds rows of drop-boxes: the dot of a value is what its change came with as import (proto/vault.md, 12). */
void view_set_rows(struct view *v);

/*
 * Reads an entry of the replica again, opened, its body borrowed until the next call. Needed when an import that was
 * applied turns out to have an older twin. ERR_UNKNOWN: it cannot be read any more, and is left out. Anything else:
 * not now, and the batch that wanted it is undone.
 */
typedef enum err_code (*view_reader)(void *ctx, uint64_t row, struct view_change *out, struct err *err);
void view_set_reader(struct view *v, view_reader read, void *ctx);

/* All or nothing. A body that does not decode is counted and left out (its entry stays in the log). */
enum err_code view_apply(struct view *v, const struct view_change *changes, size_t count, struct err *err) MUST_CHECK;
/*
 * Takes every record of which gone() is true out of the view and its full text, so that no byte of it is left; maker() is told
 * the rows of the entries that made it. All or nothing.
 */
typedef bool (*view_gone)(void *ctx, const struct record *r);
enum err_code view_forget(struct view *v, view_gone gone, void (*maker)(void *ctx, uint64_t row), void *ctx, struct err *err) MUST_CHECK;
uint64_t view_undecodable(const struct view *v);
/* Out of memory there is no view until it is cleared again: every call till then says so. */
enum err_code view_clear(struct view *v, struct err *err) MUST_CHECK;

/* The record as it is now, decoded into `out`; ERR_UNKNOWN. */
enum err_code view_get(struct view *v, const struct record_id *id, struct record *out, struct stream_id *team, struct err *err) MUST_CHECK;
/* The one record whose id begins with the prefix (≥ 6 digits). ERR_UNKNOWN none, ERR_INVALID several (names two). */
enum err_code view_find(struct view *v, const char *id_prefix, struct record_id *out, struct err *err) MUST_CHECK;
bool view_has(struct view *v, const struct record_id *id); /* without decoding it */
bool view_has_import(struct view *v, const struct record_id *id, const uint8_t import[16]);
/* By which import the entry came that is among those that made the record; false: by none. */
bool view_import_of(struct view *v, const struct record_id *id, const uint8_t entry[16], uint8_t import[16]);
/* Records of a type (0: all but the roster's), newest first by their first change. Return false to stop. */
enum err_code view_each(struct view *v, uint32_t type, bool (*cb)(void *ctx, const struct record *r, const struct stream_id *team), void *ctx, struct err *err) MUST_CHECK;
/* All but the roster's in no order that means anything: for whoever counts them all. */
enum err_code view_scan(struct view *v, bool (*cb)(void *ctx, const struct record *r, const struct stream_id *team), void *ctx, struct err *err) MUST_CHECK;
enum err_code view_conflicts(struct view *v, bool (*cb)(void *ctx, const struct record *r, const struct stream_id *team), void *ctx, struct err *err) MUST_CHECK;
/* Full text: every word of the query must match as a prefix; case and diacritics fold (å finds a and å alike).
 * The best match first; of more than a thousand, the newest first. */
enum err_code view_search(struct view *v, const char *query, uint32_t type, size_t limit,
                          bool (*cb)(void *ctx, const struct record *r, const struct stream_id *team, const char *snippet), void *ctx, struct err *err) MUST_CHECK;
/* Brings the full text up to date now instead of at the next search: an idle moment is a good one. */
enum err_code view_index_now(struct view *v, struct err *err) MUST_CHECK;
/* The same for at most so many records, where others wait. */
enum err_code view_index_some(struct view *v, size_t limit, struct err *err) MUST_CHECK;
bool view_indexed(struct view *v); /* nothing is left to do */
/* Rows of the entries that made a record, oldest first. */
enum err_code view_history(struct view *v, const struct record_id *id, bool (*cb)(void *ctx, uint64_t row), void *ctx, struct err *err) MUST_CHECK;

/* VIEW_UNCOUNTED: memory was short for counting. */
#define VIEW_UNCOUNTED UINT64_MAX
uint64_t view_record_count(struct view *v), view_conflict_count(struct view *v);
/* HC(32,∅,"fb1/state", canonical of all records by id). Kept until the next change. */
enum err_code view_state_hash(struct view *v, uint8_t out[32], struct err *err) MUST_CHECK;
const struct author *view_author(const struct view *v, uint32_t number);
/* The small number of an author, given now if there is none. */
enum err_code view_author_number(struct view *v, const struct author *author, uint32_t *number, struct err *err) MUST_CHECK;

/* Memory image for the sealed snapshot, and back. `marks`: what the owner must know to trust it (lengths applied per log). */
enum err_code view_serialize(struct view *v, struct bytes marks, struct buf *out, struct err *err) MUST_CHECK;
enum err_code view_deserialize(struct view *v, struct bytes image, struct buf *marks, struct err *err) MUST_CHECK;

#endif
