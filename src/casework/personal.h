/*
 * What points to a person in free text: Swedish personal and coordination
 * numbers (the date exists, the check digit is right), phone numbers, e-mail
 * addresses. Pure; digits may be Arabic or Persian. It finds what looks like
 * one: a name it can not know. Spec: proto/law.md, 1.
 */
#ifndef FALTBOK_CASEWORK_PERSONAL_H
#define FALTBOK_CASEWORK_PERSONAL_H

#include "base/bytes.h"

enum personal_kind { PERSONAL_NUMBER, PERSONAL_PHONE, PERSONAL_EMAIL };

struct personal_hit { enum personal_kind kind; size_t at, len; /* bytes */ };

/* The first of them at or after `from`. Text is UTF-8; other bytes separate. */
bool personal_next(struct bytes text, size_t from, struct personal_hit *out);
/* The text with every letter and digit of what is found as a bullet; how many were found. */
size_t personal_mask(struct buf *out, struct bytes text);

#endif
