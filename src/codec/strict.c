/*
 * A refusal empties the reader (p = end), so that "nothing left" and "refused"
 * need one comparison on the way and `bad` only at the end.
 */
#include "codec/strict.h"

#include <assert.h>
#include <math.h>
#include <msgpack.h>

#include "codec/strict_internal.h"

static void
refuse(struct rd *r)
{
	r->bad = true;
	r->p = r->end;
}

static inline bool
take(struct rd *r, struct rd_head *h, enum rd_type want)
{
	if (rd_take_head(r, h) && h->type == want)
		return true;
	refuse(r);
	return false;
}

struct rd
rd_init(struct bytes s)
{
	static const uint8_t nothing[1];

	if (s.len == 0) /* NULL + 0 is no address to compare with */
		return (struct rd){ nothing, nothing, false };
	return (struct rd){ s.p, s.p + s.len, false };
}

enum rd_type
rd_peek(const struct rd *r)
{
	uint8_t b;

	if (r->bad || r->p >= r->end)
		return RD_BAD;
	b = *r->p;
	if (b < 0x80)
		return RD_UINT;
	if (b >= 0xe0)
		return RD_INT;
	if (b < 0xc0)
		return b < 0x90 ? RD_MAP : b < 0xa0 ? RD_ARRAY : RD_STR;
	switch (b) {
	case 0xc0: return RD_NIL;
	case 0xc2: case 0xc3: return RD_BOOL;
	case 0xc4: case 0xc5: case 0xc6: return RD_BIN;
	case 0xcb: return RD_FLOAT;
	case 0xcc: case 0xcd: case 0xce: case 0xcf: return RD_UINT;
	case 0xd0: case 0xd1: case 0xd2: case 0xd3: return RD_INT;
	case 0xd9: case 0xda: case 0xdb: return RD_STR;
	case 0xdc: case 0xdd: return RD_ARRAY;
	case 0xde: case 0xdf: return RD_MAP;
	default: return RD_BAD;
	}
}

void
rd_array(struct rd *r, size_t count)
{
	struct rd_head h;

	if (take(r, &h, RD_ARRAY) && h.v != count)
		refuse(r);
}

size_t
rd_array_any(struct rd *r, size_t max)
{
	struct rd_head h;

	if (!take(r, &h, RD_ARRAY))
		return 0;
	if (h.v > max || h.v > (size_t)(r->end - r->p)) {
		refuse(r);
		return 0;
	}
	return (size_t)h.v;
}

size_t
rd_map_any(struct rd *r, size_t max)
{
	struct rd_head h;

	if (!take(r, &h, RD_MAP))
		return 0;
	if (h.v > max || h.v > (size_t)(r->end - r->p) / 2) {
		refuse(r);
		return 0;
	}
	return (size_t)h.v;
}

uint64_t
rd_uint(struct rd *r, uint64_t max)
{
	struct rd_head h;

	if (!take(r, &h, RD_UINT))
		return 0;
	if (h.v > max) {
		refuse(r);
		return 0;
	}
	return h.v;
}

int64_t
rd_int(struct rd *r)
{
	struct rd_head h;

	if (rd_take_head(r, &h) && (h.type == RD_INT || (h.type == RD_UINT && h.v <= INT64_MAX)))
		return (int64_t)h.v;
	refuse(r);
	return 0;
}

double
rd_float(struct rd *r)
{
	struct rd_head h;
	double v;

	if (!take(r, &h, RD_FLOAT))
		return 0;
	memcpy(&v, &h.v, sizeof(v));
	if (isnan(v)) {
		refuse(r);
		return 0;
	}
	return v;
}

bool
rd_bool(struct rd *r)
{
	struct rd_head h;

	return take(r, &h, RD_BOOL) && h.v != 0;
}

bool
rd_nil(struct rd *r)
{
	if (r->bad || r->p >= r->end || *r->p != 0xc0)
		return false;
	r->p++;
	return true;
}

static struct bytes
take_run(struct rd *r, enum rd_type want, size_t min, size_t max)
{
	struct rd_head h;
	struct bytes s;

	if (!take(r, &h, want))
		return BYTES_NONE;
	if (h.v < min || h.v > max || h.v > (size_t)(r->end - r->p)) {
		refuse(r);
		return BYTES_NONE;
	}
	s = BYTES(r->p, (size_t)h.v);
	r->p += s.len;
	return s;
}

void
rd_bin(struct rd *r, uint8_t *out, size_t len)
{
	struct bytes s = take_run(r, RD_BIN, len, len);

	if (len == 0)
		return;
	if (s.p != NULL)
		memcpy(out, s.p, len);
	else
		memset(out, 0, len);
}

struct bytes
rd_bin_any(struct rd *r, size_t min, size_t max)
{
	return take_run(r, RD_BIN, min, max);
}

struct bytes
rd_str(struct rd *r, size_t max)
{
	struct bytes s = take_run(r, RD_STR, 0, max);

	if (!utf8_valid(s)) {
		refuse(r);
		return BYTES_NONE;
	}
	return s;
}

struct bytes
rd_any(struct rd *r, size_t max)
{
	const uint8_t *start = r->p;
	size_t objects = SIZE_MAX;

	if (r->bad || rd_walk(r, RD_DEPTH_MAX, &objects) != ERR_OK || (size_t)(r->p - start) > max) {
		refuse(r);
		return BYTES_NONE;
	}
	return BYTES(start, (size_t)(r->p - start));
}

bool
rd_end(const struct rd *r)
{
	return !r->bad && r->p == r->end;
}

/* msgpack-c writes through this; buf remembers a failure, so there is nothing to hand back. */
static int
into_buf(void *b, const char *p, size_t n)
{
	buf_put(b, p, n);
	return 0;
}

static inline msgpack_packer
packer(struct buf *b)
{
	return (msgpack_packer){ b, into_buf };
}

void
wr_array(struct buf *b, size_t count)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_array(&pk, count);
}

void
wr_map(struct buf *b, size_t count)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_map(&pk, count);
}

void
wr_uint(struct buf *b, uint64_t v)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_uint64(&pk, v);
}

void
wr_int(struct buf *b, int64_t v)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_int64(&pk, v);
}

void
wr_float(struct buf *b, double v)
{
	msgpack_packer pk = packer(b);

	assert(!isnan(v)); /* no reader would take it */
	msgpack_pack_double(&pk, v);
}

void
wr_bool(struct buf *b, bool v)
{
	msgpack_packer pk = packer(b);

	if (v)
		msgpack_pack_true(&pk);
	else
		msgpack_pack_false(&pk);
}

void
wr_nil(struct buf *b)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_nil(&pk);
}

void
wr_bin(struct buf *b, const void *p, size_t len)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_bin(&pk, len);
	buf_put(b, p, len);
}

void
wr_str(struct buf *b, const char *p, size_t len)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_str(&pk, len);
	buf_put(b, p, len);
}
