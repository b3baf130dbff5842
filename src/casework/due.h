/*
 * When a record has been kept long enough, by the rule of its type or class
 * (proto/profile.md, 7). The clock runs from the last change, or from the
 * date that the rule names; changing or reopening the record sets it anew.
 */
#ifndef FALTBOK_CASEWORK_DUE_H
#define FALTBOK_CASEWORK_DUE_H

#include "casework/records.h"

struct due {
	bool ever;               /* false: kept, undecided, or its date has no value yet */
	char since[16], on[16];  /* YYYY-MM-DD: when the clock began, and the first day on which it may go */
	char rule[64];           /* "24 months after closed" */
};

void record_due(struct due *out, const struct record *r, const struct profile *p);
/* The day so many days or months after; a month that is too short ends it: 31 January and a month is the last of February. */
bool day_after(const char *day, enum retain_unit unit, uint32_t count, char out[16]);

#endif
