/*
 * Padded sizes, so that length tells little: 256·2^k up to 8 KiB, then Padmé;
 * ISO 7816-4 inside. Spec: proto/encoding.md, 4 "Padding".
 */
#ifndef FALTBOK_CRYPTO_PAD_H
#define FALTBOK_CRYPTO_PAD_H

#include "base/bytes.h"

enum { PADDED_BYTES_MAX = 55296 };

size_t padme(size_t len);
size_t pad_bucket(size_t len); /* size that `len` bytes and the one marker byte are padded to; 0 if over PADDED_BYTES_MAX */
bool pad(struct buf *b);       /* pads the whole of b; false when too long or out of memory */
/* The same to Padmé sizes of any length, for whole files. */
bool pad_file(struct buf *b);
bool unpad_file(struct bytes *s);
bool unpad(struct bytes *s);   /* shortens to the content; false when the padding is wrong */

#endif
