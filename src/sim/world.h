/*
 * The world: time, events, machines, wires.
 *
 *      events (time, tie) ──> host 0 ── disk     host = one machine: clock, randomness, files,
 *                             host 1 ── disk            network, and whatever program runs on it
 *                               └── wires ──┘
 *
 * One thread, one event at a time; the next event is the earliest, and chance
 * decides between equal ones. A machine that loses its power stays a machine:
 * its disk keeps what a power cut leaves, and it may be started again.
 */
#ifndef FALTBOK_SIM_WORLD_H
#define FALTBOK_SIM_WORLD_H

#include "base/env.h"
#include "sim/disk.h"
#include "sim/prf.h"
#include "sim/scan.h"
#include "sim/trace.h"

struct world;
struct host;

enum { HOSTS_MAX = DISK_ID_MAX };

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

struct world *world_new(uint64_t seed, size_t hosts, bool show);
void world_free(struct world *w);
struct trace *world_trace(struct world *w);
uint64_t world_now(const struct world *w);
uint64_t world_step_count(const struct world *w);
struct scan *world_scan(struct world *w); /* what must never be seen on a wire, a disk or in a log line */

/* Calls fn after `ns`. `entity` names what the event belongs to: ties are broken by its own stream. */
void world_after(struct world *w, uint64_t ns, uint64_t entity, void (*fn)(void *ctx, uint64_t n), void *ctx, uint64_t n);
void world_run(struct world *w, uint64_t ns);      /* everything that happens within */
/* Looks on after every event, and changes nothing; NULL: nobody does. */
void world_watch(struct world *w, void (*fn)(void *ctx), void *ctx);
/* Runs until it is true or `ns` has passed; says whether it became true. */
bool world_run_until(struct world *w, bool (*done)(void *ctx), void *ctx, uint64_t ns);

/* ---- machines ---- */
struct host *world_host(struct world *w, size_t i);
size_t world_add_host(struct world *w); /* its number */
struct env *host_env(struct host *h);
struct disk *host_disk(struct host *h);
/*
 * The program ends, in order or by a power cut: its connections close, its
 * timers and its work never happen. Before, `disk_power_off` for a cut: then
 * what the program does while it is told has no effect. `half_open` per
 * connection: the other end is not told either, and waits in vain.
 */
void host_hang_up(struct host *h, bool half_open);
size_t host_wires(const struct host *h); /* connections that its program still holds or that still carry its last bytes */
void host_forget(struct host *h); /* after the program is gone: a new life begins */
void host_set_skew(struct host *h, int64_t ms);

/* ---- wires (net.c) ---- */
struct weather { /* rates in per mille, per connection unless it says otherwise */
	uint32_t cut;            /* is cut somewhere in its first 64 KiB */
	uint32_t silent;         /* of the cut ones: nobody is told for 15 minutes */
	uint32_t no_answer;      /* dialling fails */
	uint64_t latency_min, latency_max; /* ns, per chunk */
	size_t chunk_max;        /* bytes that travel together */
};
void world_set_weather(struct world *w, const struct weather *weather);
void world_part(struct world *w, size_t a, size_t b, bool parted);           /* no new connections, the present ones go silent */
void world_clog(struct world *w, size_t a, size_t b, uint64_t until_ns);     /* bytes wait */
void world_reset_wires(struct world *w);                                     /* cuts every connection, both ends told */
/* Sends the bytes that one earlier dialler sent, at times with a bit turned, from nowhere, to the same listener. False: none was recorded. */
bool world_replay(struct world *w, struct dice *dice);
uint64_t world_wire_bytes(const struct world *w);
uint64_t world_cuts(const struct world *w);

#endif
