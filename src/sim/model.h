/*
 * The oracle's own idea of the truth: a list of what was written, by whom,
 * what each writer saw at the time, and whether it was told "saved". Lists
 * and loops, no database, no CRDT: so that it cannot share a mistake with
 * what it judges. Of the product it uses only the accessors of a record.
 */
#ifndef FALTBOK_SIM_MODEL_H
#define FALTBOK_SIM_MODEL_H

#include "base/ids.h"
#include "crdt/record.h"
#include "sim/finding.h"

enum { FIELD_STATUS = 1, FIELD_OWNER = 2, FIELD_TAGS = 3, FIELD_MINUTES = 4, FIELD_NEWER = 900 /* of a profile that nobody here has */ };

enum { NOTE_BYTES = 2600 };

enum act { ACT_NOTE, ACT_SET, ACT_ADD, ACT_REMOVE, ACT_SUM };

enum fate {
	FATE_OPEN,     /* the call has not returned, or the power went in it: present or not, as a whole */
	FATE_SAVED,    /* the person was told */
	FATE_DOUBTFUL, /* the commit failed: as FATE_OPEN */
	FATE_BEHIND,   /* its author's disk was put back to an older image: settled at the end, by where its entry is */
	FATE_REFUSED,  /* it never got as far as a commit: must not be anywhere */
};

/* Every write carries a note with a marker of its own; `act` says what else the same entry does. */
struct write {
	size_t author, record;
	size_t batch; /* writes of one number were committed together: all of them or none */
	enum act act;
	uint32_t field;
	int64_t amount;
	unsigned newer; /* 1: it also adds its own number to a field that is not known here, 2: by an operation that is not */
	char value[32], note[NOTE_BYTES];
	uint8_t note_id[16];
	enum fate fate;
	bool must_be_held; /* FATE_BEHIND, and not on what was put back: some log holds it, of the author if of nobody else */
	bool has_entry;
	uint8_t entry[16];
	bool has_sealed; /* bury.c */
	uint8_t sealed[24]; /* the last bytes of what was sealed */
	uint32_t named_by;  /* orders to erase whose author held it then: a bit each */
	bool in_log; /* at the end, on every machine */
	bool elsewhere; /* its author's home was wiped since: others hold it */
	size_t *over; /* what its author saw and replaces: numbers of writes */
	size_t over_count, over_cap;
};

/* Whether a record was erased: PERHAPS from the first approval that may have been kept. */
enum burial { BURIAL_NONE, BURIAL_PERHAPS, BURIAL_SURE };

struct model;

struct model *model_new(uint64_t seed, size_t records);
void model_free(struct model *m);
const struct record_id *model_record_id(const struct model *m, size_t record);
size_t model_record_count(const struct model *m);
const char *model_marker(const struct model *m); /* stands in every note: what no disk or wire may show */

/* Makes its note longer, by about so many bytes, in more alphabets than one. */
void model_pad(struct write *w, size_t pad);
/* A new write, FATE_OPEN; its note, note id and `over` (from `seen`, which may be NULL) are filled in. */
struct write *model_begin(struct model *m, size_t author, size_t record, enum act act, uint32_t field, const char *value,
                          int64_t amount, const struct record *seen);
void model_bury(struct model *m, size_t record, enum burial burial); /* never takes a SURE back */
void model_bury_the_rest(struct model *m); /* after healing: what was not kept by then was not kept */
bool model_is_buried(const struct model *m, size_t record);
size_t model_count(const struct model *m);
struct write *model_at(struct model *m, size_t i);
bool model_find(const struct model *m, const uint8_t entry[16], size_t *out);
/* The disk of `author` is back where it was when there were `from` writes: none of the author's since can be relied on. */
void model_put_back(struct model *m, size_t author, size_t from);

/* The home of `author` is gone, and its table has another: what was written in it is with others. */
void model_leave(struct model *m, size_t author);

/* A disk that may have been the only one to hold such writes forgets what came last. */
void model_keeper_forgets(struct model *m);

/* Where to look: the record as a station shows it, or NULL when it shows none. */
typedef const struct record *(*model_look)(void *ctx, const struct record_id *id);


/* After a restart: what this author was told is saved is there (I1), once and whole (I2). */
bool model_check_own(const struct model *m, size_t author, model_look look, void *ctx, struct finding *out);
/* After healing: exactly what was saved, all of it and nothing else. */
bool model_check_all(const struct model *m, size_t station, model_look look, void *ctx, struct finding *out);

#endif
