#include "sim/decide.h"

#include <string.h>

#include "base/bytes.h"

void
decide_begin(struct decide *d, uint64_t now, const char *kind, size_t who)
{
	if (d->script != NULL || d->record == NULL)
		return;
	(void)script_add(d->record, now, kind, who);
	d->event = d->record->count - 1;
}

void
decide_begin_at(struct decide *d, size_t at)
{
	d->event = at;
	memset(d->taken, 0, sizeof(d->taken));
}

size_t
decide_find(const struct decide *d, size_t from, const char *kind)
{
	while (from < d->script->count && strcmp(d->script->events[from].kind, kind) != 0)
		from++;
	return from;
}

uint64_t
decide(struct decide *d, const char *name, uint64_t drawn, uint64_t lo, uint64_t hi)
{
	const struct script_event *e;
	const struct decision *said;
	uint64_t value = lo;

	if (d->script == NULL) {
		if (d->record != NULL && d->record->count > 0)
			script_note(&d->record->events[d->event], name, drawn);
		return drawn;
	}
	if (d->event < d->script->count) {
		e = &d->script->events[d->event];
		said = script_decision(e, name);
		if (said != NULL && (size_t)(said - e->decisions) < COUNT_OF(d->taken) && d->taken[said - e->decisions] < said->count)
			value = said->values[d->taken[said - e->decisions]++];
	}
	return value < lo ? lo : value > hi ? hi : value;
}

uint64_t
decide_below(struct decide *d, const char *name, uint64_t n)
{
	return decide(d, name, dice_below(&d->dice, n), 0, n - 1);
}

uint64_t
decide_between(struct decide *d, const char *name, uint64_t lo, uint64_t hi)
{
	return decide(d, name, dice_between(&d->dice, lo, hi), lo, hi);
}

bool
decide_chance(struct decide *d, const char *name, uint32_t per_mille)
{
	return decide(d, name, dice_chance(&d->dice, per_mille), 0, 1) != 0;
}

struct dice
decide_dice(struct decide *d, const char *name)
{
	return dice_of(d->dice.seed, STREAM_WORK, decide(d, name, dice_u64(&d->dice) >> 32, 0, UINT32_MAX) + 1000);
}
