/* A slice of a campaign: it ends when its seconds are over or it is told to, and its command line has numbers. */
#ifndef FALTBOK_TESTS_SLICE_H
#define FALTBOK_TESTS_SLICE_H

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

static time_t begun;
static volatile sig_atomic_t told_to_end;

static void
end_soon(int signal_no)
{
	(void)signal_no;
	told_to_end = 1;
}

static inline void
slice_begin(void)
{
	begun = time(NULL);
	signal(SIGTERM, end_soon);
	signal(SIGINT, end_soon);
}

/* `seconds`: it has so many; 0: as many as it takes. */
static inline bool
slice_is_over(long seconds)
{
	return told_to_end || (seconds > 0 && time(NULL) - begun >= seconds);
}

static inline bool
slice_number(const char *text, long *out)
{
	char *end;

	*out = strtol(text, &end, 10);
	return end != text && *end == '\0' && *out >= 0;
}

#endif
