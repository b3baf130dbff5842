/*
 * The head of one value: its type and the number that says how long it is or
 * what it is. Every reader of this layer goes through it, so "shortest form"
 * is decided in one place.
 */
#ifndef FALTBOK_CODEC_STRICT_INTERNAL_H
#define FALTBOK_CODEC_STRICT_INTERNAL_H

#include "codec/strict.h"

enum { RD_DEPTH_MAX = 8 };

struct rd_head {
	enum rd_type type;
	uint64_t v; /* RD_UINT, RD_BOOL: the value; RD_INT: its bits; RD_FLOAT: its bits; else length or count */
};

/* A big-endian number of n bytes (1, 2, 4, 8). False when the input ends before. */
static inline bool
rd_be(struct rd *r, size_t n, uint64_t *out)
{
	uint64_t v = 0;

	if ((size_t)(r->end - r->p) < n)
		return false;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | r->p[i];
	r->p += n;
	*out = v;
	return true;
}

static inline bool
rd_head_long(struct rd *r, struct rd_head *h, enum rd_type type, size_t n, uint64_t min)
{
	h->type = type;
	return rd_be(r, n, &h->v) && h->v >= min; /* below min a shorter form exists */
}

static inline bool
rd_head_negative(struct rd *r, struct rd_head *h, size_t n, int64_t max)
{
	if (!rd_be(r, n, &h->v))
		return false;
	if (n < 8)
		h->v |= h->v >> (8 * n - 1) ? ~(uint64_t)0 << (8 * n) : 0; /* sign */
	h->type = RD_INT;
	return (int64_t)h->v <= max;
}

/* False when nothing stands here, on ext types, on float 32 and on any form that is not the shortest. */
static inline bool
rd_take_head(struct rd *r, struct rd_head *h)
{
	uint8_t b;

	if (r->bad || r->p >= r->end)
		return false;
	b = *r->p++;
	if (b < 0x80) {
		*h = (struct rd_head){ RD_UINT, b };
		return true;
	}
	if (b >= 0xe0) {
		*h = (struct rd_head){ RD_INT, (uint64_t)(int64_t)(int8_t)b };
		return true;
	}
	if (b < 0xc0) {
		*h = b < 0x90 ? (struct rd_head){ RD_MAP, b & 0x0f }
		   : b < 0xa0 ? (struct rd_head){ RD_ARRAY, b & 0x0f }
			      : (struct rd_head){ RD_STR, b & 0x1f };
		return true;
	}
	switch (b) {
	case 0xc0: *h = (struct rd_head){ RD_NIL, 0 }; return true;
	case 0xc2: *h = (struct rd_head){ RD_BOOL, 0 }; return true;
	case 0xc3: *h = (struct rd_head){ RD_BOOL, 1 }; return true;
	case 0xc4: return rd_head_long(r, h, RD_BIN, 1, 0);
	case 0xc5: return rd_head_long(r, h, RD_BIN, 2, 0x100);
	case 0xc6: return rd_head_long(r, h, RD_BIN, 4, 0x10000);
	case 0xcb: return rd_head_long(r, h, RD_FLOAT, 8, 0);
	case 0xcc: return rd_head_long(r, h, RD_UINT, 1, 0x80);
	case 0xcd: return rd_head_long(r, h, RD_UINT, 2, 0x100);
	case 0xce: return rd_head_long(r, h, RD_UINT, 4, 0x10000);
	case 0xcf: return rd_head_long(r, h, RD_UINT, 8, 0x100000000);
	case 0xd0: return rd_head_negative(r, h, 1, -33);
	case 0xd1: return rd_head_negative(r, h, 2, INT8_MIN - 1);
	case 0xd2: return rd_head_negative(r, h, 4, INT16_MIN - 1);
	case 0xd3: return rd_head_negative(r, h, 8, (int64_t)INT32_MIN - 1);
	case 0xd9: return rd_head_long(r, h, RD_STR, 1, 0x20);
	case 0xda: return rd_head_long(r, h, RD_STR, 2, 0x100);
	case 0xdb: return rd_head_long(r, h, RD_STR, 4, 0x10000);
	case 0xdc: return rd_head_long(r, h, RD_ARRAY, 2, 0x10);
	case 0xdd: return rd_head_long(r, h, RD_ARRAY, 4, 0x10000);
	case 0xde: return rd_head_long(r, h, RD_MAP, 2, 0x10);
	case 0xdf: return rd_head_long(r, h, RD_MAP, 4, 0x10000);
	default: return false; /* ext types, float 32, the unused 0xc1 */
	}
}

/*
 * Walks over one value without recursion deeper than `depth` containers.
 * ERR_TRUNCATED, ERR_TOO_BIG (depth or *objects used up), ERR_MALFORMED.
 */
enum err_code rd_walk(struct rd *r, unsigned depth, size_t *objects);

#endif
