/* What a record is made of; shared by record.c (meaning), record_read.c (questions) and record_form.c (bytes). */
#ifndef FALTBOK_CRDT_RECORD_INTERNAL_H
#define FALTBOK_CRDT_RECORD_INTERNAL_H

#include "crdt/record.h"

/* Bytes of values and texts. A chunk never moves, so borrowed pointers stay good while the record grows. */
struct chunk {
	struct chunk *before;
	size_t used, cap;
	uint8_t bytes[];
};

struct field {
	uint32_t number;
	bool sorted;            /* values are best first */
	struct value *values;   /* what survives */
	size_t value_count, value_cap;
	struct dot *gone;       /* superseded before they arrived */
	size_t gone_count, gone_cap;
};

struct record {
	struct record_id id;
	struct group_id group;
	uint32_t type;          /* 0: no change yet */
	uint64_t hlc_first, hlc_last;
	uint8_t first_entry[16];
	struct field *fields;   /* by number; slots past field_count keep their arrays for the next record */
	size_t field_count, field_cap;
	uint32_t *live;         /* places in `fields` that have values; room for field_cap of them */
	size_t live_count;
	bool live_known;
	struct note *notes;
	size_t note_count, note_cap;
	bool notes_sorted;
	struct chunk *arena;
};

/* One piece of a blob, as its op says. */
struct piece {
	uint8_t blob[16];
	uint32_t index, count;
	struct bytes bytes;
};
enum { PIECES_MAX = 1024 };

bool piece_read(struct bytes value, struct piece *out);
bool number_read(struct bytes value, double *out);

void *arena_alloc(struct record *r, size_t n); /* not aligned: bytes only */
struct field *field_find(const struct record *r, uint32_t number);
struct field *field_make(struct record *r, uint32_t number);
struct value *value_room(struct field *f);
struct dot *gone_room(struct field *f);
struct note *note_room(struct record *r);

int dot_compare(const struct dot *a, const struct dot *b);
bool value_better(const struct value *a, const struct value *b);
bool note_earlier(const struct note *a, const struct note *b);
/* Sorting is put off until somebody looks, so that a batch of changes sorts once. */
void field_sort(const struct field *f);
void notes_sort(const struct record *r);

#endif
