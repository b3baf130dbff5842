#include "crypto/pad.h"

enum { BUCKET_BYTES_MIN = 256, BUCKET_BYTES_POWERS = 8192 }; /* proto/encoding.md, 4 */

static unsigned
log2_floor(size_t n)
{
	unsigned e = 0;

	while (n >>= 1)
		e++;
	return e;
}

size_t
padme(size_t len)
{
	unsigned e, s;
	size_t m;

	if (len < 2)
		return len;
	e = log2_floor(len);
	s = log2_floor(e) + 1;
	m = ((size_t)1 << (e - s)) - 1;
	return (len + m) & ~m;
}

size_t
pad_bucket(size_t len)
{
	size_t need = len + 1, bucket = BUCKET_BYTES_MIN;

	if (need == 0 || need > PADDED_BYTES_MAX)
		return 0;
	if (need > BUCKET_BYTES_POWERS)
		bucket = padme(need);
	else
		while (bucket < need)
			bucket *= 2;
	return bucket <= PADDED_BYTES_MAX ? bucket : 0;
}

static bool
pad_to(struct buf *b, size_t size)
{
	uint8_t *at = size > b->len ? buf_add(b, size - b->len) : NULL;

	if (at == NULL)
		return false;
	at[0] = 0x80;
	memset(at + 1, 0, (size_t)(b->p + size - (at + 1)));
	return true;
}

/* Any size but `size_of` says would be a second encoding of the same content. */
static bool
unpad_from(struct bytes *s, size_t (*size_of)(size_t len))
{
	size_t len = s->len;

	while (len > 0 && s->p[len - 1] == 0)
		len--;
	if (len == 0 || s->p[len - 1] != 0x80 || size_of(len - 1) != s->len)
		return false;
	s->len = len - 1;
	return true;
}

static size_t
file_size(size_t len)
{
	return padme(len + 1);
}

bool
pad(struct buf *b)
{
	return pad_to(b, pad_bucket(b->len));
}

bool
unpad(struct bytes *s)
{
	return unpad_from(s, pad_bucket);
}

bool
pad_file(struct buf *b)
{
	return pad_to(b, file_size(b->len));
}

bool
unpad_file(struct bytes *s)
{
	return unpad_from(s, file_size);
}
