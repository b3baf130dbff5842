/*
 * Who decides: chance, whose decisions are written down, or a script.
 *
 *   chance ──> decision ──> the play        script ──> decision ──> the play
 *                  └──> record
 *
 * A decision has a name within its event, so that a script still says what it
 * said when events or decisions are taken out of it.
 */
#ifndef FALTBOK_SIM_DECIDE_H
#define FALTBOK_SIM_DECIDE_H

#include "sim/prf.h"
#include "sim/script.h"

struct decide {
	struct dice dice;
	struct script *record;       /* or NULL */
	const struct script *script; /* or NULL: chance decides */
	size_t event;                /* the one that is played now, of the record or the script */
	size_t taken[64];            /* how many values of each of its decisions have been taken */
};

/* An event begins. By chance: it is written down. By script: event number `at` of it. */
void decide_begin(struct decide *d, uint64_t now, const char *kind, size_t who);
void decide_begin_at(struct decide *d, size_t at);
/* `drawn` by chance, or what the script says, within lo and hi. */
uint64_t decide(struct decide *d, const char *name, uint64_t drawn, uint64_t lo, uint64_t hi);
/* The next event of that kind from `from` on, or the count of events. */
size_t decide_find(const struct decide *d, size_t from, const char *kind);

uint64_t decide_below(struct decide *d, const char *name, uint64_t n);
uint64_t decide_between(struct decide *d, const char *name, uint64_t lo, uint64_t hi);
bool decide_chance(struct decide *d, const char *name, uint32_t per_mille);
/* A stream of its own for what is not worth a name each time: noise, bits that turn. */
struct dice decide_dice(struct decide *d, const char *name);

#endif
