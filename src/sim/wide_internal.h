/* What the acts of a wide play (wide.c) and its account (wide_judge.c, wide_erased.c) share. */
#ifndef FALTBOK_SIM_WIDE_INTERNAL_H
#define FALTBOK_SIM_WIDE_INTERNAL_H

#include "base/mem.h"
#include "node/removal.h"
#include "sim/decide.h"
#include "sim/disk.h"
#include "sim/mark.h"
#include "sim/station.h"
#include "sim/wide.h"

enum { WIDE_MAX = 16, WIDE_MIN = 12, WIDE_COORDINATORS = 3, WIDE_ROUNDS = 6, WIDE_RECORDS = 8, WIDE_ORDERS = 16, WIDE_PARTS = 4 };

/* One entry of content. */
struct wide_entry {
	size_t by, record;
	uint8_t id[16], note_id[16], sealed[24];
	char text[80];
	int64_t at_ms;
	uint64_t seq;
	struct log_key log;
	uint32_t knew;      /* whose removal its writer held, a bit each */
	bool cut;           /* somebody who removed its author did not hold it */
	bool adopted;
	uint32_t named_by;  /* orders to erase whose author held it then, a bit each */
};

/* One saved removal, or loss of the team, and where it stands. */
struct wide_removal { size_t whom; bool ungrant; struct log_key log; uint64_t seq; int64_t at_ms; };

struct wide_order { struct hash id; size_t by, record; bool approved; };

struct wide {
	const struct play_options *options;
	struct play_report *report;
	struct world *world;
	struct decide decide;
	uint64_t seed;
	unsigned rounds;       /* that have been judged */
	struct stream_id team;
	size_t count;
	struct station *at[WIDE_MAX];
	struct device_id id[WIDE_MAX];
	size_t part[WIDE_MAX];
	struct record_id records[WIDE_RECORDS];
	bool erased[WIDE_RECORDS];
	char marker[40];
	struct wide_entry *entries; size_t entry_count, entry_cap;
	struct wide_removal *removals; size_t removal_count, removal_cap;
	struct wide_order orders[WIDE_ORDERS]; size_t order_count;
	struct buf stick; /* of the first round */
};

bool wide_fail(struct wide *w, const char *invariant, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
bool wide_is_out(const struct wide *w, size_t i);     /* somewhere a removal of it, or the loss of the team, was saved */
bool wide_is_removed(const struct wide *w, size_t i);
bool wide_reader(const struct wide *w, size_t i);     /* in, joined, and nobody has taken the team away */
bool wide_member(const struct wide *w, size_t i);     /* joined and not removed */
bool wide_holds(struct wide *w, size_t i, const struct log_key *log, uint64_t seq);

/* wide_act.c */
struct wide_act { const char *name; unsigned per_cent; bool (*act)(struct wide *w, size_t i); };
const struct wide_act *wide_act_called(const char *name); /* NULL: none is */
const struct wide_act *wide_draw_act(struct wide *w, size_t i); /* what station i can do */
bool wide_perform(struct wide *w, const struct wide_act *a, size_t i);
bool wide_join(struct wide *w, size_t i, size_t by);
bool wide_meet(struct wide *w, size_t a, size_t b);

/* wide_judge.c */
bool wide_check_written(struct wide *w, size_t i, const struct wide_entry *e, const struct epoch_id *epoch);
bool wide_judge(struct wide *w);
/* wide_erased.c */
bool wide_judge_erased(struct wide *w);

#endif
