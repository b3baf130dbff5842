/* What an office's acts (office_act.c), its account (office_judge.c) and its beginning (office.c) share. */
#ifndef FALTBOK_SIM_OFFICE_INTERNAL_H
#define FALTBOK_SIM_OFFICE_INTERNAL_H

#include "sim/office.h"
#include "sim/staff.h"

enum { OFFICE_STATIONS = 3, OFFICE_COORDINATORS = 2, OFFICE_TIMES = 4, OFFICE_ADDRESSES = 4, OFFICE_ROUNDS = 60 };

#define OFFICE_SITE "Torget"
#define OFFICE_DAY "2031-03-03"

struct office_case { char id[33], note[64]; bool due, asked; char under[33]; /* the order that the last run which asked for it went by; "": none stood */ };
struct office_booking { char id[33]; size_t gave; bool given; size_t time; bool touched; /* somebody may have called it off */ };
struct office_paper { char id[33]; }; /* a published report, or a standing order */

struct office {
	struct staff staff;
	struct office_case *cases; size_t case_count, case_cap;
	struct office_booking *bookings; size_t booking_count, booking_cap;
	struct office_paper *orders; size_t order_count, order_cap;
	size_t published, published_perhaps;
	bool may_stand;        /* somebody said yes to an order: from here on what is due may be erased */
	enum { ADDRESS_GONE, ADDRESS_TYPED, ADDRESS_DOUBTFUL } typed[OFFICE_STATIONS][OFFICE_ADDRESSES];
	bool asked_perhaps;    /* a run failed: nobody knows what it asked for */
};

extern const char *const office_times[OFFICE_TIMES], *const office_addresses[OFFICE_ADDRESSES];

/* office_act.c */
enum { OFFICE_ACT_COUNT = 14 };
extern const struct staff_act office_acts[OFFICE_ACT_COUNT];
void office_note_asked(struct office *o, const json_t *run); /* the answer of `retention` */

/* office_judge.c */
bool office_judge(void *play);

#endif
