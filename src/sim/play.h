/*
 * One seed, played: a team is founded, people write and meet while machines,
 * disks and wires fail; then everything heals, and the oracles judge.
 *
 *   found ─> chaos (swarm: this seed's own mix of faults) ─> heal ─> quiet? ─> judge, cold
 *
 * In many seeds a hub stands between the devices, and in some they meet nobody else.
 * I1 durability, I2 atomicity, I3 convergence, I5 authenticity, I6
 * confidentiality are judged here; I14 determinism by playing a seed twice.
 */
#ifndef FALTBOK_SIM_PLAY_H
#define FALTBOK_SIM_PLAY_H

#include "sim/model.h"
#include "sim/script.h"

/* X(name, how it is called, what it is) */
#define PROFILE_MAP(X)                                                                                     \
	X(LITE, "lite", "up to four devices and some dozens of acts")                                      \
	X(FULL, "full", "up to six devices and some hundred acts")                                         \
	X(USB_ONLY, "usb-only", "no wires at all: bundles on sticks, also for healing")                    \
	X(HUB_ROLLBACK, "hub-rollback", "everything through a hub whose disk is put back under load")      \
	X(BYZANTINE, "byzantine", "a member's device signs nonsense, old bytes are replayed, sticks are damaged") \
	X(CLONE_STORM, "clone-storm", "homes are copied to other machines, and disks put back")            \
	X(CLOCK_MADNESS, "clock-madness", "clocks jump by hours and decades all the time")                 \
	X(TINY_DISK, "tiny-disk", "disks that are full most of the time")                                  \
	X(MIXED, "mixed-version", "members whose program is newer: fields, operations and kinds of entries that ours does not know") \
	X(WIDE, "wide", "12 to 16 devices, six rounds of partitions, people who come and go (wide.h)") \
	X(HEAVY, "heavy", "two machines and thousands of writes, a lean account (heavy.h)") \
	X(OFFICE, "office", "the operations themselves: cases, bookings, published reports, standing orders (office.h)") \
	X(DAY, "day", "working days by the operations: sessions, queues, visits, cards, referrals, hours, imports (day.h)") \
	X(MANY, "many", "several organisations on one hub, which know nothing of each other (many.h)")

enum swarm_profile {
#define PROFILE_NAME(id, name, text) PROFILE_##id,
	PROFILE_MAP(PROFILE_NAME)
#undef PROFILE_NAME
	PROFILE_COUNT
};
const char *profile_called(enum swarm_profile p);
bool profile_by_name(const char *name, enum swarm_profile *out);

struct play_options {
	uint64_t seed;
	enum swarm_profile profile;
	bool show;   /* print the trace */
	bool lying;  /* disks say they synced and did not: the oracles must notice (I1) */
	struct script *record;       /* what was decided is written here, or NULL */
	const struct script *script; /* this is played instead of a seed; its own seed gives keys, nonces and latencies */
};

struct play_report {
	bool ok;
	struct finding finding;
	uint64_t steps, now_ns, hash;
	uint64_t saved, crashes, disk_faults, cuts, exchanges, in_step, bundles, damaged_bundles, replays, reopened;
	uint64_t hub_crashes, hub_starts;
	uint64_t wire_bytes, disk_ops, scanned_bytes;
};

void play(const struct play_options *options, struct play_report *out);

#endif
