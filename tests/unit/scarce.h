/*
 * A story told while memory is short: once for each allocation in it with
 * that one failing, then once for each with that one and all after it.
 *
 *    for (struct scarce s = SCARCE; scarce_again(&s);) {
 *            rc = story();
 *            scarce_over(&s);       from here on there is memory again
 *            ...                    what must hold, whether s.struck or not
 *    }
 *
 * It ends when a telling asks for fewer allocations than were to succeed: that
 * one was undisturbed. Leaks are the sanitizers' to find (make SAN=1 unit).
 */
#ifndef FALTBOK_TESTS_SCARCE_H
#define FALTBOK_TESTS_SCARCE_H

#include "check.h"

#include "base/err.h"
#include "base/mem.h"

enum { SCARCE_TELLINGS_MAX = 100000 }; /* a story that never ends is one that never succeeds */

struct scarce {
	long nth;      /* of the telling under way: so many succeed */
	bool lasting;
	bool struck;   /* valid after scarce_over() */
	bool told;
};
#define SCARCE { 0, false, true, false }

static inline bool
scarce_again(struct scarce *s)
{
	if (s->told && s->struck) {
		s->nth++;
	} else if (s->told && s->lasting) {
		return false;
	} else if (s->told) {
		s->lasting = true;
		s->nth = 0;
	}
	assert_in_range(s->nth, 0, SCARCE_TELLINGS_MAX);
	s->told = true;
	s->struck = false;
	mem_fail_after(s->nth, s->lasting);
	return true;
}

static inline void
scarce_over(struct scarce *s)
{
	s->struck = s->struck || mem_allocations() > s->nth;
	mem_fail_after(-1, 0);
}

/* What a step that may lack memory may answer: that, in a sentence; or that it is done. True when it is done. */
static inline bool
scarce_done(struct scarce *s, const char *what, enum err_code rc, const struct err *err)
{
	if (rc == ERR_OK)
		return true;
	s->struck = s->struck || mem_allocations() > s->nth;
	CHECK_CASE(what, rc, ERR_NO_MEMORY);
	CHECK_CASE(what, err->code, ERR_NO_MEMORY);
	CHECK_TRUE(what, err->text[0] != '\0');
	CHECK_TRUE(what, s->struck);
	return false;
}

/* Does `call` (which fills in *err), and does it again with memory if it lacked some. */
#define SCARCE_STEP(s, call)                                                                   \
	do {                                                                                   \
		struct err scarce_err_ = ERR_INIT, *err = &scarce_err_;                        \
		if (!scarce_done((s), #call, (call), err)) {                                   \
			scarce_over(s);                                                        \
			assert_int_equal((call), ERR_OK);                                      \
		}                                                                              \
	} while (0)

#endif
