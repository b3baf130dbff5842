#include "sim/prf.h"

#include <string.h>

static uint64_t
rotl(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static void
sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

uint64_t
siphash(uint64_t k0, uint64_t k1, const void *p, size_t n)
{
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
	                  k1 ^ 0x7465646279746573u };
	const uint8_t *at = p;
	uint64_t word, last = (uint64_t)n << 56;

	for (; n >= 8; n -= 8, at += 8) {
		memcpy(&word, at, 8); /* byte order of the machine: seeds are replayed where they failed */
		sip_word(v, word);
	}
	for (size_t i = 0; i < n; i++)
		last |= (uint64_t)at[i] << (8 * i);
	sip_word(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
prf(uint64_t seed, enum stream stream, uint64_t entity, uint64_t counter)
{
	uint64_t in[2] = { entity, counter };

	return siphash(seed, (uint64_t)stream, in, sizeof(in));
}

struct dice
dice_of(uint64_t seed, enum stream stream, uint64_t entity)
{
	return (struct dice){ .seed = seed, .entity = entity, .counter = 0, .stream = stream };
}

uint64_t
dice_u64(struct dice *d)
{
	return prf(d->seed, d->stream, d->entity, d->counter++);
}

uint64_t
dice_below(struct dice *d, uint64_t n)
{
	return dice_u64(d) % n; /* the bias of a 64-bit draw is of no interest here */
}

uint64_t
dice_between(struct dice *d, uint64_t lo, uint64_t hi)
{
	return lo + dice_below(d, hi - lo + 1);
}

bool
dice_chance(struct dice *d, uint32_t per_mille)
{
	return dice_below(d, 1000) < per_mille;
}

void
dice_fill(struct dice *d, void *p, size_t n)
{
	uint8_t *at = p;

	while (n > 0) {
		uint64_t word = dice_u64(d);
		size_t part = n < sizeof(word) ? n : sizeof(word);

		memcpy(at, &word, part);
		at += part;
		n -= part;
	}
}
