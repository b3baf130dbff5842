#include "sim/mark.h"

/* Of the whole process: a campaign is many plays, one after the other. */
static uint64_t counts[MARK_COUNT];

static const char *const texts[] = {
#define MARK_TEXT(name, text) text,
	MARK_MAP(MARK_TEXT)
#undef MARK_TEXT
};

void
mark(enum mark m)
{
	counts[m]++;
}

uint64_t
mark_count(enum mark m)
{
	return counts[m];
}

const char *
mark_text(enum mark m)
{
	return texts[m];
}
