/*
 * The sheets that an organisation keeps on paper: three trustee sheets and
 * three reserve sheets, any two of either kind together; the recovery code and
 * the kill card of the first device. Made here, printed once, never kept.
 * Spec: proto/keystore.md, 4 "On paper".
 */
#ifndef FALTBOK_NODE_KIT_H
#define FALTBOK_NODE_KIT_H

#include "base/env.h"
#include "base/ids.h"
#include "crypto/words.h"

struct kit {
	char root[3][SHARE_TEXT_BYTES], rotation[3][SHARE_TEXT_BYTES], escrow[3][SHARE_TEXT_BYTES]; /* escrow: "" when there is none */
	char root_words[WORDS_SIX_BYTES + 1], rotation_words[WORDS_SIX_BYTES + 1];                  /* which kit a sheet belongs to */
	char recovery_code[27], kill_card[27];                                                      /* "" when there is none */
};

/* Three shares as they are printed; any two read back to the secret, which is tried. ERR_DAMAGED when they do not. */
enum err_code kit_split(struct env *env, char out[3][SHARE_TEXT_BYTES], const uint8_t secret[32], struct err *err) MUST_CHECK;
/* The words by which people know whose sheets these are, from the public side of the key. */
void kit_root_words(char out[WORDS_SIX_BYTES + 1], const struct author *root_pk);
void kit_rotation_words(char out[WORDS_SIX_BYTES + 1], const uint8_t next_root_hash[32]);
/* Before the keys are made: the directory is there or can be, none of the sheets is, and one can be written. ERR_EXISTS, and what the disk says. */
enum err_code kit_ready(struct env *env, const char *dir, struct err *err) MUST_CHECK;
/* One file per sheet into a directory that has none of them yet; all or none. ERR_EXISTS. */
enum err_code kit_write(struct env *env, const char *dir, const char *org, const struct kit *kit, struct err *err) MUST_CHECK;
void kit_remove(struct env *env, const char *dir); /* what kit_write() wrote: its keys have not become anything */

#endif
