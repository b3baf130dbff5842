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

static const char *const mark_words[] = {
#define MARK_WORD(name, text) #name,
	MARK_MAP(MARK_WORD)
#undef MARK_WORD
};

const char *
mark_word(enum mark m)
{
	return mark_words[m];
}

static uint64_t strikes[STRUCK_COUNT];

static const char *const words[] = {
#define FAULT_WORD(name, word) word,
	FAULT_MAP(FAULT_WORD)
#undef FAULT_WORD
};

void
struck(enum fault_kind k)
{
	strikes[k]++;
}

uint64_t
struck_count(enum fault_kind k)
{
	return strikes[k];
}

const char *
struck_word(enum fault_kind k)
{
	return words[k];
}
