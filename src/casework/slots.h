/*
 * Which times of a day can be booked at a site, from its openings (RFC 5545
 * recurrence rules, the part that openings use), and which clash.
 *
 *   opening Mon 13:00–15:00, every 30 min  ->  13:00 13:30 14:00 14:30
 *
 * Spec: proto/day.md, 5.
 */
#ifndef FALTBOK_CASEWORK_SLOTS_H
#define FALTBOK_CASEWORK_SLOTS_H

#include "base/bytes.h"
#include "base/err.h"

enum { SLOTS_MAX = 144, SLOT_MINUTES = 30, SLOT_MINUTES_MAX = 480 };

/* Days since 1970-01-01 of a valid date; Monday is day_of_week 0. */
int64_t day_number(const char *date);
int day_of_week(int64_t day);
void day_print(char out[11], int64_t day);
/* Minutes since midnight of a valid HH:MM, and back. */
int clock_minutes(const char *hhmm);
char *clock_print(char out[6], int minutes);

/*
 * Does an opening with this rule take place on that day? FREQ=DAILY or WEEKLY with BYDAY, INTERVAL and UNTIL; weeks are
 * counted from valid_from (NULL with INTERVAL: refused). Dates may be NULL. ERR_INVALID names the part that is not known.
 */
enum err_code opening_on(const char *rule, const char *valid_from, const char *valid_to, const char *date, bool *out, struct err *err) MUST_CHECK;

/* Starts of slots from `opens` up to `closes`; how many. */
size_t slots_between(int opens, int closes, int minutes, int *out, size_t max);
bool slots_overlap(int a, int a_minutes, int b, int b_minutes);

#endif
