/* What a day's course (day.c), acts (day_desk.c, day_act.c, day_paper.c) and account (day_account.c, day_judge.c) share. */
#ifndef FALTBOK_SIM_DAY_INTERNAL_H
#define FALTBOK_SIM_DAY_INTERNAL_H

#include "sim/day.h"
#include "sim/staff.h"
#include "log/entry.h"
#include "store/replica.h"

enum { DAY_STATIONS = 4, DAY_COORDINATORS = 2, DAY_ROUNDS = 70, DAY_VOLUNTEERS = 2, DAY_DRAFTS = 2, DAY_PLACES = 24, DAY_ORGANISATIONS = 3, DAY_LINES = 3, DAY_TYPES = 13 };
#define DAY_NONE SIZE_MAX

extern const char day_profile[]; /* the one that is shipped */
extern const char *const day_types[DAY_TYPES]; /* of which records are listed */
extern const char *const day_sites[2], *const day_volunteers[DAY_VOLUNTEERS], *const day_draft_keys[DAY_DRAFTS];

/* ---- what was answered: day_account.c ---- */

enum write_fate { WRITE_OPEN, WRITE_SAVED, WRITE_LOST };
/* One call that writes, as far as its author's log of the team tells. */
struct day_write { size_t by; struct log_key log; uint64_t from, to; enum write_fate fate; };

enum thing_kind { THING_SESSION, THING_VISIT, THING_CASE, THING_ACTION, THING_REFERRAL, THING_VISITOR, THING_ORGANISATION, THING_GLASS, THING_INCIDENT, THING_LINE };
enum thing_gone { GONE_NOT, GONE_PERHAPS, GONE_SURE };
struct day_thing {
	enum thing_kind kind;
	char id[33], code[40];  /* of a card */
	size_t write;           /* that was the first to say it exists */
	size_t group;           /* the case whose erasure takes it along, or DAY_NONE */
	enum thing_gone gone;   /* of a case */
	char order[65];         /* that somebody asked to erase it by; "": none */
	size_t asked_by;
	bool paired;            /* has been in a merge */
	size_t is_now;          /* what it was merged into, and nobody has touched either since; or DAY_NONE */
	bool held;              /* of a session: a close of it was called saved */
	bool counted[DAY_STATIONS]; /* and that device's queue is in it */
	size_t served, left;    /* so it says */
	size_t opened;          /* of a glass: so often */
	bool opens_case;        /* of a visit: there was none before */
	size_t of_case;         /* and it is this one, if anybody has heard */
};

/* ONE is replaced by who sees it, AMONG stays beside others, NOTE is a note. */
enum fact_shape { FACT_ONE, FACT_AMONG, FACT_NOTE };
struct day_fact { size_t thing, write, over_by; enum fact_shape shape; const char *field; char value[96]; };

/* ---- the table: day_desk.c ---- */
struct day_place { char ticket[24], documents[64], state[16], session[33]; };
struct day_table { struct day_place place[DAY_PLACES]; size_t count; char draft[DAY_DRAFTS][64]; };

struct day {
	struct staff staff;
	char local[40]; /* the marker of what stays on a table */
	char volunteer[DAY_VOLUNTEERS][33];
	size_t numbers; /* of texts and ids, so that no two are the same */
	struct dice ids;
	struct day_write *writes; size_t write_count, write_cap;
	struct day_thing *things; size_t thing_count, thing_cap;
	struct day_fact *facts; size_t fact_count, fact_cap;
	size_t open;    /* the write that nobody knows of yet, or DAY_NONE */
	struct day_table sure[DAY_STATIONS], tried[DAY_STATIONS];
	bool in_doubt[DAY_STATIONS];    /* the table is as one of the two */
	char session[DAY_STATIONS][33]; /* that was opened on it */
	bool close_again[DAY_STATIONS]; /* nobody has heard whether it was closed */
	json_t *again[DAY_STATIONS];    /* a visit whose saving nobody has heard of, as it was asked for */
	size_t undo_of; struct day_thing undo; /* as it was before the call, should that be lost; DAY_NONE: nothing is */
	char lines[DAY_LINES * 256];    /* the last trace that was imported; "": none was */
	struct buf archive;             /* an export of everything, or none */
	unsigned version;               /* of the profile, the last that somebody tried to install */
};

/* A call that writes begins: facts belong to it from now on. */
size_t day_begin_write(struct day *d, size_t i);
/* Asks, and settles what was begun: saved, or lost and nothing changed, or open until the machine runs again. */
json_t *day_ask(struct day *d, size_t i, const char *op, json_t *params, struct op_files *files, struct err *err);
/* The same without facts: a write is begun for it. */
json_t *day_do(struct day *d, size_t i, const char *op, json_t *params, struct err *err);
/* The machine runs again: was it saved? */
void day_settle_write(struct day *d, size_t i);
bool day_knows(struct day *d, size_t i, size_t write); /* its machine holds all entries of it */
bool day_is_saved(const struct day *d, size_t write);
size_t day_thing(struct day *d, enum thing_kind kind, const char *id, size_t group); /* the one of that id, or a new one */
size_t day_thing_of(const struct day *d, const char *id); /* or DAY_NONE */
void day_undo(struct day *d, size_t thing); /* it is about to change, and is as it was if what was begun is lost */
void day_fact(struct day *d, size_t thing, enum fact_shape shape, const char *field, const char *value);
size_t day_some(struct day *d, enum thing_kind kind, const char *what); /* one that may be there, by chance, or DAY_NONE */
bool day_erased(const struct day *d, size_t thing, enum thing_gone at_least);
const char *day_value(const json_t *v, char out[96]); /* as an account writes it */
bool day_judge_facts(struct day *d, size_t i);

/* A new text with the marker; a new id. */
const char *day_word(struct day *d, const char *what, char out[64]);
void day_new_id(struct day *d, char out[33]);

/* ---- day_desk.c ---- */
bool day_judge_table(struct day *d, size_t i); /* as it should be; what was in doubt is taken as it is */
void day_table_saved(struct day *d, size_t i, bool answered); /* `tried` has been asked for */
const struct day_place *day_waiting(struct day *d, size_t i); /* one who waits or was called, or NULL */
void day_end_place(struct day *d, size_t i, const char *ticket, const char *state); /* in `tried` */
bool day_act_queue(void *play, size_t i), day_act_draft(void *play, size_t i), day_act_open(void *play, size_t i), day_act_close(void *play, size_t i),
	day_act_leave(void *play, size_t i);

/* ---- day_act.c ---- */
bool day_act_visit(void *play, size_t i), day_act_again(void *play, size_t i), day_act_edit(void *play, size_t i), day_act_card(void *play, size_t i),
	day_act_referral(void *play, size_t i), day_act_hours(void *play, size_t i), day_act_merge(void *play, size_t i),
	day_act_erase(void *play, size_t i), day_act_approve(void *play, size_t i);

/* ---- day_paper.c ---- */
struct op_files *day_files(const char *param, struct bytes data); /* with that one to be read, or none when param is NULL */
void day_look_through(struct day *d, size_t i, const char *op, const struct op_files *f); /* what it wrote */
void day_profile_text(struct buf *out, unsigned version); /* the one that is shipped, as that version */
bool day_act_import(void *play, size_t i), day_act_directory(void *play, size_t i), day_act_glass(void *play, size_t i), day_act_incident(void *play, size_t i),
	day_act_govern(void *play, size_t i), day_act_sync(void *play, size_t i), day_act_stick(void *play, size_t i), day_act_read(void *play, size_t i);

/* ---- day_archive.c ---- */
bool day_act_archive(void *play, size_t i);
bool day_judge_successor(struct day *d); /* what everybody shows at the end is what another organisation can begin with */

/* ---- day_judge.c ---- */
bool day_judge_figures(struct day *d, size_t i); /* a report's against the records that the device itself shows */
bool day_judge(void *play);

#endif
