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

struct play_options {
	uint64_t seed;
	bool full;   /* up to six machines and some hundred actions; else up to four and some dozens */
	bool show;   /* print the trace */
	bool lying;  /* disks say they synced and did not: the oracles must notice (I1) */
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
