/*
 * What follows from what was published: vectors modulo a prime, each with
 * the number that was told of it, so that every machine comes to the same.
 */
#ifndef FALTBOK_CASEWORK_REPORT_ALGEBRA_H
#define FALTBOK_CASEWORK_REPORT_ALGEBRA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ALGEBRA_PRIME = 2147483647 }; /* 2^31 - 1 */

/* Vectors of `width` places; the last is the number told. */
struct space {
	size_t width, rank, rank_max;
	uint32_t *basis;
	size_t *pivot;
};

bool space_init(struct space *s, size_t width, size_t rank_max); /* false: out of memory; space_free() all the same */
void space_free(struct space *s);
void space_clear(struct space *s);
uint32_t space_number(int64_t n);
/* Takes in what is told of `v`, which is destroyed. */
void space_add(struct space *s, uint32_t *v);
/* Does `v` follow? `v` is destroyed. *told: what the combination comes to; its last place must have been 0. */
bool space_has(const struct space *s, uint32_t *v, int64_t *told);

#endif
