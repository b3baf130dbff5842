/*
 * Text as it is stored and compared: Unicode normalisation form C. Two ways
 * of typing "å" must make one passphrase, one name, one search word.
 */
#ifndef FALTBOK_BASE_NFC_H
#define FALTBOK_BASE_NFC_H

#include "base/bytes.h"

/* Appends `text` in NFC. False when it is not valid UTF-8, or memory is short (then out->failed). */
bool nfc(struct buf *out, struct bytes text);
bool nfc_already(struct bytes text); /* surely NFC: nothing in it could compose. False says nothing */
/* Appends `text` as two people who spelled one name would both write it: small letters, no accents, single spaces. */
bool nfc_fold(struct buf *out, struct bytes text);

#endif
