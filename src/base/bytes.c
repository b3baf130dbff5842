/*
 * Growing never leaves a copy behind: bodies of cases and keys pass through
 * bufs, and realloc() would leave the old block, readable, in the heap.
 */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

enum { BUF_BYTES_FIRST = 64 };

bool
bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

void
buf_free(struct buf *b)
{
	mem_free(b->p);
	*b = (struct buf)BUF_INIT;
}

void
buf_wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	buf_free(b);
}

bool
buf_ok(const struct buf *b)
{
	return !b->failed;
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

static bool
buf_grow(struct buf *b, size_t need)
{
	size_t cap = b->cap > 0 ? b->cap : BUF_BYTES_FIRST;
	uint8_t *p;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	p = mem_alloc(cap);
	if (p == NULL)
		return false;
	if (b->len > 0)
		memcpy(p, b->p, b->len);
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	mem_free(b->p);
	b->p = p;
	b->cap = cap;
	return true;
}

uint8_t *
buf_add(struct buf *b, size_t n)
{
	uint8_t *at;

	if (b->failed)
		return NULL;
	if (b->p == NULL || n > b->cap - b->len) {
		if (n > SIZE_MAX - b->len || !buf_grow(b, b->len + n)) {
			b->failed = true;
			return NULL;
		}
	}
	at = b->p + b->len;
	b->len += n;
	return at;
}

void
buf_put(struct buf *b, const void *p, size_t n)
{
	uint8_t *at = buf_add(b, n);

	if (at != NULL && n > 0)
		memcpy(at, p, n);
}

void
buf_put_bytes(struct buf *b, struct bytes s)
{
	buf_put(b, s.p, s.len);
}

void
buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

void
buf_put_be32(struct buf *b, uint32_t v)
{
	uint8_t be[4];

	be32_put(be, v);
	buf_put(b, be, sizeof(be));
}

void
buf_put_be64(struct buf *b, uint64_t v)
{
	uint8_t be[8];

	be64_put(be, v);
	buf_put(b, be, sizeof(be));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	uint8_t *at;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	/* One byte more for the NUL that vsnprintf insists on; it is not part of the text. */
	at = n >= 0 ? buf_add(b, (size_t)n + 1) : NULL;
	if (at != NULL) {
		vsnprintf((char *)at, (size_t)n + 1, fmt, again);
		b->len--;
	} else {
		b->failed = true;
	}
	va_end(again);
}

struct bytes
buf_bytes(const struct buf *b)
{
	return BYTES(b->p, b->len);
}

char *
buf_str(struct buf *b)
{
	uint8_t *at = buf_add(b, 1);

	if (at == NULL)
		return NULL;
	*at = 0;
	b->len--;
	return (char *)b->p;
}

void
be16_put(uint8_t out[2], uint16_t v)
{
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
}

void
be32_put(uint8_t out[4], uint32_t v)
{
	for (int i = 3; i >= 0; i--, v >>= 8)
		out[i] = (uint8_t)v;
}

void
be64_put(uint8_t out[8], uint64_t v)
{
	for (int i = 7; i >= 0; i--, v >>= 8)
		out[i] = (uint8_t)v;
}

uint16_t
be16_get(const uint8_t in[2])
{
	return (uint16_t)((unsigned)in[0] << 8 | in[1]);
}

uint32_t
be32_get(const uint8_t in[4])
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

uint64_t
be64_get(const uint8_t in[8])
{
	return (uint64_t)be32_get(in) << 32 | be32_get(in + 4);
}
