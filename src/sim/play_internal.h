/* What the acts of a play share: play.c (phases, oracles) and act.c (what people do and what befalls them). */
#ifndef FALTBOK_SIM_PLAY_INTERNAL_H
#define FALTBOK_SIM_PLAY_INTERNAL_H

#include "sim/play.h"
#include "sim/station.h"

enum { STATIONS_MAX = 6, STICKS = 4, WRITES_MAX = 5 };

enum act_kind {
	DO_WRITE, DO_MEET, DO_CLOSE, DO_REOPEN, DO_CRASH, DO_BUNDLE_OUT, DO_BUNDLE_IN, DO_KEYS, DO_REPLAY, DO_PART, DO_CLOG,
	DO_CLOCK, DO_WRONG_PASS, DO_LEAVE, DO_WAIT, DO_COUNT
};

/* This seed's own mix: many seeds lack a fault altogether, others have plenty of it. */
struct swarm {
	size_t stations, acts, records;
	uint32_t weight[DO_COUNT];
	uint32_t disk_fault;    /* per mille of acts under an armed fault */
	uint32_t bundle_damage;
	bool half_open, stay;
	enum disk_loss loss;
	struct weather weather;
};

struct play {
	const struct play_options *options;
	struct play_report *report;
	struct world *world;
	struct model *model;
	struct swarm swarm;
	struct dice dice;
	struct stream_id team;
	struct station *stations[STATIONS_MAX];
	bool hurt[STATIONS_MAX];   /* a disk fault struck since this program started */
	bool coordinator[STATIONS_MAX];
	struct buf stick[STICKS];
	size_t batches;
	bool guest_came;           /* leave.c */
	struct device_id guest;
};

/* The play ends here. Returns false, so that a check reads `return play_fail(…)`. */
bool play_fail(struct play *p, const char *invariant, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Runs station i's program, whatever state it is in, and judges what it shows (I1, I2). */
bool play_ensure_up(struct play *p, size_t i);
/* Ends programs whose power went, restarts hurt ones. After every act. */
bool play_tend(struct play *p);
bool play_act(struct play *p);
void swarm_draw(struct swarm *s, const struct play_options *o);

/* leave.c: a guest comes, or leaves; and whether what station i has just written is sealed to members only. */
enum err_code leave_act(struct play *p, size_t i, struct err *err) MUST_CHECK;
bool leave_check(struct play *p, size_t i);

#endif
