/*
 * A failing script made small: events, then devices, then kinds of faults,
 * then what is left of numbers, as long as it still fails in the same way.
 *
 *   ddmin over events -> a device less -> a kind of fault less -> decisions to nothing, or to half -> again, until nothing goes
 *
 * Every candidate is played; who calls says what "in the same way" is.
 */
#ifndef FALTBOK_SIM_SHRINK_H
#define FALTBOK_SIM_SHRINK_H

#include "sim/script.h"

struct shrink {
	bool (*fails)(void *ctx, const struct script *candidate);
	void *ctx;
	size_t tries, tries_max; /* candidates played, and at most */
};

/* `script` fails, and is replaced by something smaller that does. */
void shrink(struct shrink *s, struct script *script);
size_t script_acts(const struct script *s); /* events but `set`, `found` and `heal` */

#endif
