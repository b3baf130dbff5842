/*
 * People at their machines who ask the table of operations (src/op/table.c)
 * while the power goes and disks fail: what the plays of an office (office.h)
 * and of a day (day.h) have in common. Each gives its acts and its account.
 *
 *   found, join ─> begin ─> acts, drawn or of a script ─> judge
 *                             └─ under a fault or none; who was struck starts again
 */
#ifndef FALTBOK_SIM_STAFF_H
#define FALTBOK_SIM_STAFF_H

#include <jansson.h>

#include "base/mem.h"
#include "op/op.h"
#include "sim/decide.h"
#include "sim/disk.h"
#include "sim/mark.h"
#include "sim/play.h"
#include "sim/station.h"

enum { STAFF_MAX = 5 };

struct staff_act {
	const char *name;
	unsigned weight;
	bool (*act)(void *play, size_t i); /* false: something was found */
	bool coordinator;  /* others do the first act instead */
	bool without_fault; /* the act is one itself, or no asking */
};

struct staff_house {
	const char *word;            /* of the first event of a script */
	const char *profile;
	size_t stations, coordinators; /* the first so many; the others are advisers */
	size_t guests;               /* machines beside them, which the house takes into use itself: at[stations] and so on */
	size_t act_count, rounds;
	uint32_t starving;           /* per mille of acts in which an operation is once given no memory */
	const struct staff_act *acts;
	bool (*begin)(void *play);       /* once all have joined */
	bool (*after)(void *play, size_t i); /* an act of station i, which runs again; may be NULL */
	bool (*judge)(void *play);
};

struct staff {
	const struct staff_house *house;
	void *play;
	const struct play_options *options;
	struct play_report *report;
	struct world *world;
	struct decide decide;
	uint64_t seed;
	struct stream_id team;
	struct station *at[STAFF_MAX];
	long grants;           /* so many allocations the next question is granted before one is not; < 0: all */
	bool starved;          /* this act's was given none */
	char marker[40];       /* in every free text: what no disk or wire may show */
};

/* Plays it through. `s` is zeroed and the first member of what `play` points to. */
void staff_play(struct staff *s, void *play, const struct staff_house *house, const struct play_options *options, struct play_report *out);
void staff_free(struct staff *s);

bool staff_fail(struct staff *s, const char *invariant, const char *fmt, ...) __attribute__((format(printf, 3, 4))); /* false */

/* Takes over params. The answer is the caller's; NULL with *err set, or when the power went. `files` as in op.h, or NULL. An operation that meets others is waited for: no power cut may be armed then. */
json_t *staff_ask(struct staff *s, size_t i, const char *name, json_t *params, struct op_files *files, struct err *err);
/* Asked when nothing can fail any more: NULL is a finding. */
json_t *staff_told(struct staff *s, size_t i, const char *name, json_t *params);
const char *staff_text(const json_t *answer, const char *key); /* "" when there is none */
bool staff_struck(struct staff *s, size_t i);                   /* a fault explains it */
/* Failed: for a cause, or one of those that the state of things may give; else that is a finding. */
bool staff_excused(struct staff *s, size_t i, const char *what, const struct err *err, bool may_be_refused);

/* ---- acts that every house has ---- */
bool staff_meet(struct staff *s, size_t a, size_t b);
bool staff_act_meet(void *play, size_t i);
bool staff_act_power(void *play, size_t i);

/* ---- at the end ---- */
bool staff_settle(struct staff *s);            /* until all hold and show the same */
bool staff_judge_cold(struct staff *s, size_t i); /* rebuilt from its log it shows the same */

#endif
