/*
 * Hashes read aloud: pronounceable words of 16 bits each (proquints,
 * arXiv:0901.4016), six of them to compare on two screens; generated
 * passphrases; and the two-of-three shares of root and escrow keys.
 * Spec: proto/keystore.md, 4 "On paper".
 */
#ifndef FALTBOK_CRYPTO_WORDS_H
#define FALTBOK_CRYPTO_WORDS_H

#include "base/bytes.h"

enum { WORDS_SIX_BYTES = 6 * 6, SHARE_TEXT_BYTES = 200 };

/* count words of 5 letters joined by '-'; out has room for 6·count. Uses 2·count bytes of p. */
char *words_encode(char *out, const uint8_t *p, size_t count);

/*
 * s = a⊕b = c⊕d = e⊕f with random a, c, e; trustee 1 holds {a,c}, 2 {b,e},
 * 3 {d,f}; any two hold one complete pair.
 */
struct share {
	uint8_t trustee;  /* 1..3 */
	uint8_t part[2][32];
};
void shares_split(struct share out[3], const uint8_t secret[32], const uint8_t random[96]);
bool shares_join(uint8_t secret[32], const struct share *x, const struct share *y); /* false: same trustee, or unknown */
/* "fb-share-1-…": hex in groups, each half with a 4-byte checksum. */
char *share_print(char out[SHARE_TEXT_BYTES], const struct share *s);
/* Every share on a sheet, whatever else stands there: how many, at most `max`. *bad: one begins and does not read. */
size_t shares_on_sheet(struct share *out, size_t max, const char *text, bool *bad);
bool share_parse(struct share *out, const char *text); /* forgiving about spaces, dashes and case; checks the sum */

#endif
