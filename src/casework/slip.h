/*
 * The words on a slip that a visitor takes home, in the visitor's language:
 * the little that must be readable where nobody of ours is. Values and their
 * labels come from the profile; these are the headings.
 */
#ifndef FALTBOK_CASEWORK_SLIP_H
#define FALTBOK_CASEWORK_SLIP_H

#include <stdbool.h>
#include <stddef.h>

enum slip_word {
	SLIP_REFERRAL, SLIP_NEXT_STEP, SLIP_TO, SLIP_REASON, SLIP_TOPIC, SLIP_STEP, SLIP_DEADLINE, SLIP_DATE, SLIP_PLACE, SLIP_CODE,
	SLIP_BRING, SLIP_FREE, SLIP_WORDS,
};

/* BCP 47; a region or script does not matter. NULL: no slip is written in that language. */
const char *slip_text(const char *language, enum slip_word word);
/* The languages there are, best known first; NULL ends. */
extern const char *const slip_languages[];
bool language_is_rtl(const char *language);

#endif
