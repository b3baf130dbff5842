/* Strangers in numbers. */
#ifndef FALTBOK_BENCH_FLOOD_H
#define FALTBOK_BENCH_FLOOD_H

#include <stddef.h>
#include <stdint.h>

/*
 * Until it is killed; ends with 3 when a stranger was answered with as much as a byte. Each kind comes from an address
 * of its own, the ones after `from`; both in the machine's order.
 */
void flood(uint32_t to, uint32_t from, int to_port, size_t idle, size_t slow, size_t per_s, size_t garbage);

#endif
