#include "log/extent.h"

#include <string.h>

struct extent
extent_of(const struct log_head *head)
{
	struct extent e = { .log = head->short_id, .len = head->len };

	memcpy(e.head8, head->head.b, sizeof(e.head8));
	return e;
}

void
extent_put(struct buf *out, const struct extent *e)
{
	uint64_t len = e->len;

	buf_put(out, e->log.b, sizeof(e->log.b));
	for (; len >= 0x80; len >>= 7)
		buf_put_u8(out, (uint8_t)(len | 0x80));
	buf_put_u8(out, (uint8_t)len);
	buf_put(out, e->head8, sizeof(e->head8));
}

static bool
take(struct bytes *s, void *out, size_t len)
{
	if (s->len < len)
		return false;
	memcpy(out, s->p, len);
	*s = BYTES(s->p + len, s->len - len);
	return true;
}

/* 63 bits hold any length. */
static bool
take_length(struct bytes *s, uint64_t *out)
{
	*out = 0;
	for (unsigned shift = 0; shift < 63; shift += 7) {
		uint8_t b;

		if (!take(s, &b, 1))
			return false;
		*out |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return b != 0 || shift == 0;
	}
	return false;
}

bool
extent_next(struct bytes *in, struct extent *out)
{
	struct bytes s = *in;

	if (!take(&s, out->log.b, sizeof(out->log.b)) || !take_length(&s, &out->len) || !take(&s, out->head8, sizeof(out->head8)))
		return false;
	*in = s;
	return true;
}

bool
extents_well_formed(struct bytes in)
{
	struct extent e;

	while (extent_next(&in, &e))
		;
	return in.len == 0;
}
