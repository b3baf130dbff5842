/*
 * SHA-256 over parts laid end to end: for Merkle trees and signed notes,
 * whose formats are other people's (RFC 6962, C2SP). Everything of our own
 * is hashed with HC.
 */
#ifndef FALTBOK_CRYPTO_SHA256_H
#define FALTBOK_CRYPTO_SHA256_H

#include "base/bytes.h"

enum { SHA256_BYTES = 32 };

void sha256(uint8_t out[SHA256_BYTES], const struct bytes *parts, size_t count);

#endif
