/*
 * Gauss, row by row. The prime is a Mersenne number: a remainder is a shift
 * and an addition.
 */
#include "casework/report_algebra.h"

#include "base/mem.h"

static uint32_t
mod(uint64_t x)
{
	x = (x & ALGEBRA_PRIME) + (x >> 31);
	x = (x & ALGEBRA_PRIME) + (x >> 31);
	return x >= ALGEBRA_PRIME ? (uint32_t)(x - ALGEBRA_PRIME) : (uint32_t)x;
}

bool
space_init(struct space *s, size_t width, size_t rank_max)
{
	size_t most = rank_max < width ? rank_max : width;

	*s = (struct space){ .width = width, .rank_max = most };
	s->basis = mem_zero(most * width + 1, sizeof(*s->basis));
	s->pivot = mem_zero(most + 1, sizeof(*s->pivot));
	return s->basis != NULL && s->pivot != NULL;
}

void
space_free(struct space *s)
{
	mem_free(s->basis);
	mem_free(s->pivot);
	*s = (struct space){ 0 };
}

void
space_clear(struct space *s)
{
	s->rank = 0;
}

uint32_t
space_number(int64_t n)
{
	return n >= 0 ? mod((uint64_t)n) : (uint32_t)(ALGEBRA_PRIME - mod((uint64_t)-n)) % ALGEBRA_PRIME;
}

static uint32_t
inverse(uint64_t a)
{
	uint64_t result = 1;

	for (uint64_t e = ALGEBRA_PRIME - 2; e > 0; e >>= 1) {
		if (e & 1)
			result = mod(result * a);
		a = mod(a * a);
	}
	return (uint32_t)result;
}

/* Takes away what the basis spans; true when nothing but the number is left. */
static bool
reduce(const struct space *s, uint32_t *v)
{
	for (size_t r = 0; r < s->rank; r++) {
		const uint32_t *b = s->basis + r * s->width;
		uint64_t times = v[s->pivot[r]];

		if (times == 0)
			continue;
		times = ALGEBRA_PRIME - times;
		for (size_t i = s->pivot[r]; i < s->width; i++)
			if (b[i] != 0)
				v[i] = mod(v[i] + times * b[i]);
	}
	for (size_t i = 0; i + 1 < s->width; i++)
		if (v[i] != 0)
			return false;
	return true;
}

void
space_add(struct space *s, uint32_t *v)
{
	uint32_t *b = s->basis + s->rank * s->width;
	uint64_t inv;
	size_t p = 0;

	if (reduce(s, v) || s->rank == s->rank_max)
		return;
	while (v[p] == 0)
		p++;
	inv = inverse(v[p]);
	for (size_t i = 0; i < s->width; i++)
		b[i] = mod(v[i] * inv);
	s->pivot[s->rank++] = p;
}

bool
space_has(const struct space *s, uint32_t *v, int64_t *told)
{
	bool follows = reduce(s, v);
	int64_t left = v[s->width - 1];

	/* What was taken away is what it comes to. */
	left = left == 0 ? 0 : ALGEBRA_PRIME - left;
	*told = left > ALGEBRA_PRIME / 2 ? left - ALGEBRA_PRIME : left;
	return follows;
}
