/*
 * Openings, sessions and bookings as RFC 5545: what a profile's `exchange`
 * says is one of these. Nobody's name is in it: a booking is its code.
 * Spec: proto/exchange.md, 4.
 */
#ifndef FALTBOK_EXCHANGE_CALENDAR_H
#define FALTBOK_EXCHANGE_CALENDAR_H

#include <jansson.h>

#include "casework/profile.h"

/* Records that no calendar can hold: an opening without a rule, a first day or a time, a session without a date. */
struct calendar_left { size_t openings, sessions, bookings; };

/* `records` as record_to_json() makes them, of any types. ERR_REFUSED: the profile has no calendar. */
enum err_code calendar_write(struct buf *out, const struct profile *p, const json_t *records, const char *title, int64_t now_ms,
                             struct calendar_left *left, struct err *err) MUST_CHECK;

#endif
