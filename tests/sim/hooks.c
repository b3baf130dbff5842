/*
 * What the simulator's program hangs before libsodium, with --wrap; no other
 * program has it.
 *
 * A signature is verified once, and not at all where this process made it. In
 * a play six machines and their restarts verify the same entries again and
 * again, a third of the time it takes; what came out for the same bytes is
 * remembered, under 128 bits of keyed hash.
 * Secrets lie in ordinary memory: guard pages cost five system calls for each
 * of them, and thousands are made in a play. (The programs themselves, the
 * unit tests and the build with sanitizers keep theirs.)
 * Whatever is sealed is noted with its key and nonce (I8, nonce.h).
 */
#include <sodium.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "sim/nonce.h"
#include "sim/prf.h"

enum { SLOTS = 1 << 16, PRODUCTS = 1 << 12 };

struct verified { uint64_t tag[2]; int rc; bool used; };

/* Where what came out for these bytes is kept; *known: it is there. */
static struct verified *
verified_slot(const unsigned char *sig, const unsigned char *m, unsigned long long len, const unsigned char *pk, bool *known)
{
	static struct verified slots[SLOTS];
	uint64_t in[4] = { siphash(1, 2, sig, crypto_sign_BYTES), siphash(3, 4, pk, crypto_sign_PUBLICKEYBYTES), siphash(5, 6, m, len), siphash(7, 8, m, len) };
	uint64_t tag[2] = { siphash(9, siphash(10, 11, sig, crypto_sign_BYTES), in, sizeof(in)), siphash(12, in[0], in, sizeof(in)) };
	struct verified *slot = &slots[tag[0] % SLOTS];

	*known = slot->used && slot->tag[0] == tag[0] && slot->tag[1] == tag[1];
	if (!*known)
		*slot = (struct verified){ .tag = { tag[0], tag[1] }, .used = true };
	return slot;
}

int __real_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m, unsigned long long len, const unsigned char *pk);
int __wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m, unsigned long long len, const unsigned char *pk);
int __real_crypto_sign_detached(unsigned char *sig, unsigned long long *sig_len, const unsigned char *m, unsigned long long len, const unsigned char *sk);
int __wrap_crypto_sign_detached(unsigned char *sig, unsigned long long *sig_len, const unsigned char *m, unsigned long long len, const unsigned char *sk);
void *__wrap_sodium_malloc(size_t n);
void __wrap_sodium_free(void *p);

int
__wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m, unsigned long long len, const unsigned char *pk)
{
	bool known;
	struct verified *slot = verified_slot(sig, m, len, pk, &known);

	if (!known)
		slot->rc = __real_crypto_sign_verify_detached(sig, m, len, pk);
	return slot->rc;
}

int
__wrap_crypto_sign_detached(unsigned char *sig, unsigned long long *sig_len, const unsigned char *m, unsigned long long len, const unsigned char *sk)
{
	int rc = __real_crypto_sign_detached(sig, sig_len, m, len, sk);
	bool known;

	if (rc == 0) /* a secret key ends with its public one */
		verified_slot(sig, m, len, sk + crypto_sign_SECRETKEYBYTES - crypto_sign_PUBLICKEYBYTES, &known)->rc = 0;
	return rc;
}

/*
 * Two ends of a handshake come to one secret, and the static keys are there at
 * each opening again: each product of curve25519 is made once. What is asked
 * for is compared in full.
 */
struct product { uint8_t a[32], b[32], out[32]; bool used; };

static struct product *
product_slot(struct product *slots, const unsigned char *a, const unsigned char *b, bool *known)
{
	uint64_t at = siphash(1, siphash(2, 3, a, 32), b, 32);
	struct product *slot = &slots[at % PRODUCTS];

	*known = slot->used && memcmp(slot->a, a, 32) == 0 && memcmp(slot->b, b, 32) == 0;
	if (!*known) {
		memcpy(slot->a, a, 32);
		memcpy(slot->b, b, 32);
		slot->used = false;
	}
	return slot;
}

int __real_crypto_scalarmult_base(unsigned char *q, const unsigned char *n);
int __wrap_crypto_scalarmult_base(unsigned char *q, const unsigned char *n);
int __real_crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p);
int __wrap_crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p);

static struct product *
public_of(const unsigned char *n)
{
	static struct product slots[PRODUCTS];
	bool known;
	struct product *slot = product_slot(slots, n, n, &known);

	slot->used = known || __real_crypto_scalarmult_base(slot->out, n) == 0;
	return slot->used ? slot : NULL;
}

int
__wrap_crypto_scalarmult_base(unsigned char *q, const unsigned char *n)
{
	const struct product *own = public_of(n);

	if (own != NULL)
		memcpy(q, own->out, 32);
	return own != NULL ? 0 : -1;
}

int
__wrap_crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p)
{
	static struct product slots[PRODUCTS];
	const struct product *own = public_of(n);
	struct product *slot;
	bool known, less;

	if (own == NULL)
		return -1;
	less = memcmp(own->out, p, 32) < 0;
	slot = product_slot(slots, less ? own->out : p, less ? p : own->out, &known);
	slot->used = known || __real_crypto_scalarmult(slot->out, n, p) == 0;
	if (slot->used)
		memcpy(q, slot->out, 32);
	return slot->used ? 0 : -1;
}

/* Before main: a process that plays thousands of seeds gives no memory back in between. */
__attribute__((constructor)) static void
settle_in(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
	(void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

#ifndef __SANITIZE_ADDRESS__
void *
__wrap_sodium_malloc(size_t n)
{
	return malloc(n);
}

/* Whoever frees a secret does not tell how long it was. */
void
__wrap_sodium_free(void *p)
{
	if (p != NULL)
		sodium_memzero(p, malloc_usable_size(p));
	free(p);
}
#else
void *__real_sodium_malloc(size_t n);
void __real_sodium_free(void *p);

void *
__wrap_sodium_malloc(size_t n)
{
	return __real_sodium_malloc(n);
}

void
__wrap_sodium_free(void *p)
{
	__real_sodium_free(p);
}
#endif

#define SEALS(name, nonce_bytes)                                                                                                                  \
	int __real_##name(unsigned char *c, unsigned long long *clen, const unsigned char *m, unsigned long long mlen, const unsigned char *ad,    \
	                  unsigned long long adlen, const unsigned char *nsec, const unsigned char *npub, const unsigned char *k);                 \
	int __wrap_##name(unsigned char *c, unsigned long long *clen, const unsigned char *m, unsigned long long mlen, const unsigned char *ad,    \
	                  unsigned long long adlen, const unsigned char *nsec, const unsigned char *npub, const unsigned char *k);                 \
	int __wrap_##name(unsigned char *c, unsigned long long *clen, const unsigned char *m, unsigned long long mlen, const unsigned char *ad,    \
	                  unsigned long long adlen, const unsigned char *nsec, const unsigned char *npub, const unsigned char *k)                  \
	{                                                                                                                                          \
		nonce_used(k, npub, nonce_bytes, siphash(mlen, siphash(1, adlen, ad, ad == NULL ? 0 : adlen), m, mlen));                           \
		return __real_##name(c, clen, m, mlen, ad, adlen, nsec, npub, k);                                                                  \
	}

SEALS(crypto_aead_xchacha20poly1305_ietf_encrypt, 24)
SEALS(crypto_aead_chacha20poly1305_ietf_encrypt, 12)
