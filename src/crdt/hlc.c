/*
 * Saturating throughout: a clock that a fault has set to the end of time must
 * not wrap round to its beginning, where every later change would look oldest.
 */
#include "crdt/hlc.h"

enum { COUNTER_BITS = 16 };

/* proto/crdt.md, 3: "24 h, in milliseconds, is 86400000." */
static const int64_t AHEAD_MS_MAX = 24LL * 60 * 60 * 1000;
static const int64_t MS_MAX = (1LL << 48) - 1;

static uint64_t
from_wall(int64_t wall_ms)
{
	if (wall_ms < 0)
		return 0;
	return (uint64_t)(wall_ms > MS_MAX ? MS_MAX : wall_ms) << COUNTER_BITS;
}

uint64_t
hlc_next(uint64_t *last, int64_t wall_ms)
{
	uint64_t now = from_wall(wall_ms);

	if (now <= *last)
		now = *last == UINT64_MAX ? UINT64_MAX : *last + 1;
	*last = now;
	return now;
}

bool
hlc_observe(uint64_t *last, uint64_t remote, int64_t wall_ms)
{
	int64_t wall = hlc_ms(from_wall(wall_ms));

	if (hlc_ms(remote) > wall + AHEAD_MS_MAX)
		return false;
	if (remote > *last)
		*last = remote;
	return true;
}

int64_t
hlc_ms(uint64_t hlc)
{
	return (int64_t)(hlc >> COUNTER_BITS);
}
