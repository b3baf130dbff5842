/*
 * I8: no key seals two plaintexts under one nonce, whoever does it and on
 * whichever machine. The simulator's program hangs this before libsodium's
 * sealing (tests/sim/hooks.c); in other programs nobody calls it.
 */
#ifndef FALTBOK_SIM_NONCE_H
#define FALTBOK_SIM_NONCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A play begins: machines of an earlier one are forgotten. */
void nonce_forget_all(void);
/* `tag` stands for the plaintext and what is authenticated with it. */
void nonce_used(const uint8_t key[32], const uint8_t *nonce, size_t nonce_len, uint64_t tag);
bool nonce_twice(void); /* since the play began */

#endif
