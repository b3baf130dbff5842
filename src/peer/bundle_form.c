/*
 * Not libsodium's secretstream, because its init_push() draws the header by
 * itself, and randomness comes through the seam only. This is the STREAM
 * construction instead: a key for this file alone, and nonces that are
 * positions: 15 zero bytes, be64 of the chunk's number, 1 if it is the last.
 */
#include "peer/bundle_form.h"

#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/pad.h"
#include "crypto/seal.h"

void
bundle_key(uint8_t key[32], const uint8_t n[32], const uint8_t salt[BUNDLE_SALT_BYTES])
{
	HC(key, 32, BYTES(n, 32), "fb1/bundle", BYTES(salt, BUNDLE_SALT_BYTES));
}

static void
nonce_of(uint8_t out[XNONCE_BYTES], uint64_t index, bool last)
{
	memset(out, 0, XNONCE_BYTES);
	be64_put(out + XNONCE_BYTES - 9, index);
	out[XNONCE_BYTES - 1] = last;
}

static bool
seal_chunk(struct buf *out, const uint8_t key[32], uint64_t index, bool last, struct bytes plain)
{
	uint8_t nonce[XNONCE_BYTES];

	nonce_of(nonce, index, last);
	return aead_seal(out, key, nonce, BYTES_NONE, plain);
}

static bool
open_chunk(struct buf *out, const uint8_t key[32], uint64_t index, bool last, struct bytes box)
{
	uint8_t nonce[XNONCE_BYTES];

	nonce_of(nonce, index, last);
	return aead_open(out, key, nonce, BYTES_NONE, box);
}

/* The content and its zeroes, chunk by chunk. */
static bool
seal_content(struct buf *out, const uint8_t key[32], struct bytes content)
{
	size_t padded = padme(content.len > 0 ? content.len : 1);
	struct buf chunk = BUF_INIT;
	uint64_t index = 1;
	bool ok = true;

	for (size_t at = 0; ok && at < padded; at += BUNDLE_CHUNK_BYTES, index++) {
		size_t len = padded - at < BUNDLE_CHUNK_BYTES ? padded - at : BUNDLE_CHUNK_BYTES;
		size_t real = at >= content.len ? 0 : content.len - at < len ? content.len - at : len;
		uint8_t *to;

		buf_clear(&chunk);
		to = buf_add(&chunk, len);
		if (to == NULL) {
			ok = false;
			break;
		}
		if (real > 0)
			memcpy(to, content.p + at, real);
		memset(to + real, 0, len - real);
		ok = seal_chunk(out, key, index, at + len == padded, buf_bytes(&chunk));
	}
	buf_wipe(&chunk);
	return ok;
}

enum err_code
bundle_seal(struct buf *out, const uint8_t n[32], const uint8_t salt[BUNDLE_SALT_BYTES], struct bytes head,
            struct bytes content, struct err *err)
{
	uint8_t key[32], first[BUNDLE_HEAD_BYTES] = { 0 };
	bool ok;

	if (head.len > sizeof(first))
		return err_set(err, ERR_TOO_BIG, "a bundle's head of %zu bytes", head.len);
	memcpy(first, head.p, head.len);
	bundle_key(key, n, salt);
	buf_put(out, salt, BUNDLE_SALT_BYTES);
	ok = seal_chunk(out, key, 0, false, BYTES(first, sizeof(first))) && seal_content(out, key, content) && buf_ok(out);
	wipe(key, sizeof(key));
	return ok ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

enum err_code
bundle_open(struct bundle_chunks *c, struct bytes file, const uint8_t n[32], struct buf *head, struct err *err)
{
	const size_t first = BUNDLE_HEAD_BYTES + BUNDLE_TAG_BYTES;

	if (file.len < BUNDLE_SALT_BYTES + first)
		return err_set(err, ERR_TRUNCATED, "the bundle ends before its head");
	bundle_key(c->key, n, file.p);
	c->index = 1;
	c->rest = BYTES(file.p + BUNDLE_SALT_BYTES + first, file.len - BUNDLE_SALT_BYTES - first);
	if (!open_chunk(head, c->key, 0, false, BYTES(file.p + BUNDLE_SALT_BYTES, first)))
		return !buf_ok(head) ? err_plain(err, ERR_NO_MEMORY)
		                     : err_set(err, ERR_KEY, "the bundle is not of this organisation, its head is damaged, or it is sealed under a network key that has not come here:"
				       " a link brings that, or let its writer read a stick written here first, then the next one opens");
	return ERR_OK;
}

enum err_code
bundle_next(struct bundle_chunks *c, struct buf *out, bool *last, struct err *err)
{
	const size_t whole = BUNDLE_CHUNK_BYTES + BUNDLE_TAG_BYTES;
	size_t len = c->rest.len < whole ? c->rest.len : whole;
	struct bytes box = BYTES(c->rest.p, len);
	bool at_end = len == c->rest.len;

	if (len <= BUNDLE_TAG_BYTES)
		return err_set(err, ERR_TRUNCATED, "the bundle ends too early");
	*last = at_end && open_chunk(out, c->key, c->index, true, box);
	if (!*last && (len < whole || !open_chunk(out, c->key, c->index, false, box))) {
		if (!buf_ok(out))
			return err_plain(err, ERR_NO_MEMORY);
		return at_end ? err_set(err, ERR_TRUNCATED, "the bundle ends in the middle of a chunk, or its end is damaged") :
		                err_set(err, ERR_DAMAGED, "chunk %llu of the bundle does not open", (unsigned long long)c->index);
	}
	c->index++;
	c->rest = BYTES(c->rest.p + len, c->rest.len - len);
	return ERR_OK;
}

void
bundle_chunks_wipe(struct bundle_chunks *c)
{
	wipe(c, sizeof(*c));
}
