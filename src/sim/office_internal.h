/* What an office's acts (office_act.c), its account (office_judge.c) and its course (office.c) share. */
#ifndef FALTBOK_SIM_OFFICE_INTERNAL_H
#define FALTBOK_SIM_OFFICE_INTERNAL_H

#include <jansson.h>

#include "base/mem.h"
#include "sim/decide.h"
#include "sim/disk.h"
#include "sim/mark.h"
#include "sim/office.h"
#include "sim/station.h"

enum { OFFICE_STATIONS = 3, OFFICE_COORDINATORS = 2, OFFICE_TIMES = 4, OFFICE_ADDRESSES = 4, OFFICE_ACTS = 60 };

#define OFFICE_SITE "Torget"
#define OFFICE_DAY "2031-03-03"

struct office_case { char id[33], note[64]; bool due, asked; char under[33]; /* the order that the last run which asked for it went by; "": none stood */ };
struct office_booking { char id[33]; size_t gave; bool given; size_t time; bool touched; /* somebody may have called it off */ };
struct office_paper { char id[33]; }; /* a published report, or a standing order */

struct office {
	const struct play_options *options;
	struct play_report *report;
	struct world *world;
	struct decide decide;
	uint64_t seed;
	struct stream_id team;
	struct station *at[OFFICE_STATIONS];
	char marker[40];
	struct office_case *cases; size_t case_count, case_cap;
	struct office_booking *bookings; size_t booking_count, booking_cap;
	struct office_paper *orders; size_t order_count, order_cap;
	size_t published, published_perhaps;
	bool may_stand;        /* somebody said yes to an order: from here on what is due may be erased */
	enum { ADDRESS_GONE, ADDRESS_TYPED, ADDRESS_DOUBTFUL } typed[OFFICE_STATIONS][OFFICE_ADDRESSES];
	bool asked_perhaps;    /* a run failed: nobody knows what it asked for */
};

extern const char office_profile[];
extern const char *const office_times[OFFICE_TIMES], *const office_addresses[OFFICE_ADDRESSES];

bool office_fail(struct office *o, const char *invariant, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Takes over params. The answer is the caller's; NULL with *err set, or when the power went. */
json_t *office_ask(struct office *o, size_t i, const char *name, json_t *params, struct err *err);
const char *office_text(const json_t *answer, const char *key); /* "" when there is none */
bool office_struck(struct office *o, size_t i); /* a fault explains it */

/* office_act.c */
struct office_act { const char *name; unsigned weight; bool (*act)(struct office *o, size_t i); bool coordinator; };
const struct office_act *office_act_called(const char *name);
const struct office_act *office_draw_act(struct office *o, size_t i);
bool office_perform(struct office *o, const struct office_act *a, size_t i);
bool office_settle(struct office *o); /* until all hold the same */

void office_note_asked(struct office *o, const json_t *run); /* the answer of `retention` */

/* office_judge.c */
bool office_judge(struct office *o);

#endif
