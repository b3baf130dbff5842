/*
 * Hints that two records may be about the same. Only what people gave to be
 * recognised by is compared: a code, a phone number, an address, a name; and
 * cases of one visitor on one topic. A visit without a person is never
 * matched with anything. A hint decides nothing: a person does.
 *
 * Spec: proto/day.md, 6.
 */
#ifndef FALTBOK_CASEWORK_DOUBLES_H
#define FALTBOK_CASEWORK_DOUBLES_H

#include "casework/records.h"

enum { DOUBLE_KEYS_MAX = 24 };

/* Two records of one type with an equal key may be the same; `why` is what a person is told. */
struct double_key { uint8_t key[16]; const char *why; };

/* Could records of this type ever be doubles? */
bool doubles_type(const struct profile_type *t);
size_t doubles_keys(const struct record *r, const struct profile_type *t, struct double_key out[DOUBLE_KEYS_MAX]);

#endif
