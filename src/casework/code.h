/*
 * Codes that a visitor carries on paper: what somebody reads aloud, types or
 * scans, and never a name.
 *
 *   card   7KDMR-9XWPT                                     nine letters drawn at random, one that checks
 *   slip   J4XK-…-RT2M (7 groups of 4)                     a record's id, one letter that checks
 *   scanned: FALTBOK:C:<card>   FALTBOK:S:<case>   FALTBOK:S:<case>:<referral>
 *
 * 29 letters and digits, none of which looks like another; one wrong letter,
 * or two that changed places, are always noticed. Spec: proto/day.md, 3.
 */
#ifndef FALTBOK_CASEWORK_CODE_H
#define FALTBOK_CASEWORK_CODE_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/ids.h"

enum { CARD_CODE_BYTES = 12, SLIP_CODE_BYTES = 35, CODE_URI_BYTES = 72, CARD_RANDOM_BYTES = 16 };

/* With its dash and a NUL. */
char *card_code_make(char out[CARD_CODE_BYTES], const uint8_t random[CARD_RANDOM_BYTES]);
char *slip_code_make(char out[SLIP_CODE_BYTES], const struct record_id *id);
/* What a QR code holds: capitals, digits and colons only, which makes it small. `referral` may be NULL. */
char *card_uri(char out[CODE_URI_BYTES], const char *card_code);
char *slip_uri(char out[CODE_URI_BYTES], const struct record_id *of, const struct record_id *referral);

enum code_kind { CODE_CARD = 1, CODE_SLIP = 2 };
struct code {
	enum code_kind kind;
	char card[CARD_CODE_BYTES];         /* as card_code_make() writes it */
	struct record_id of, referral;
	bool has_referral;
};

/* Typed or scanned: small letters, spaces and dashes do not matter. ERR_INVALID says what is wrong with it. */
enum err_code code_read(struct code *out, const char *text, struct err *err) MUST_CHECK;

#endif
