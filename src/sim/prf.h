/*
 * Chance from a seed. Every decision of the simulator is drawn from
 *
 *     prf(seed, stream, entity, counter)
 *
 * so that what one disk or link decides does not depend on how often another
 * one asked: taking one event away leaves all others as they were, which is
 * what lets a failing run be made smaller.
 */
#ifndef FALTBOK_SIM_PRF_H
#define FALTBOK_SIM_PRF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum stream {
	STREAM_SWARM = 1, /* which faults this seed has, and how many */
	STREAM_WORK,      /* what people do */
	STREAM_SCHED,     /* order of events at one time */
	STREAM_LINK,      /* entity: connection */
	STREAM_DISK,      /* entity: node */
	STREAM_CLOCK,     /* entity: node */
	STREAM_RANDOM,    /* entity: node; keys and nonces of the product */
	STREAM_NAMES,     /* ids and markers */
	STREAM_FATE,      /* entity: connection; whether it is cut */
};

/* SipHash-2-4 of `n` bytes under the key (k0, k1). */
uint64_t siphash(uint64_t k0, uint64_t k1, const void *p, size_t n);
uint64_t prf(uint64_t seed, enum stream stream, uint64_t entity, uint64_t counter);

/* One place in one stream; drawing moves it on. */
struct dice {
	uint64_t seed, entity, counter;
	enum stream stream;
};
struct dice dice_of(uint64_t seed, enum stream stream, uint64_t entity);
uint64_t dice_u64(struct dice *d);
uint64_t dice_below(struct dice *d, uint64_t n);              /* 0..n-1; n > 0 */
uint64_t dice_between(struct dice *d, uint64_t lo, uint64_t hi); /* both included */
bool dice_chance(struct dice *d, uint32_t per_mille);
void dice_fill(struct dice *d, void *p, size_t n);

#endif
