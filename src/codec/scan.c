/*
 * One walk serves both rd_any() and msgpack_scan(), so a value that one takes
 * the other takes too. It recurses once per container and its depth is the
 * caller's limit, never what the bytes ask for.
 */
#include <assert.h>
#include <math.h>

#include "codec/strict_internal.h"

enum { WALK_DEPTH_MAX = 32 }; /* what any caller may ask for: bounds our own stack */

/* Shorter first can not happen: of two shortest forms neither begins with the other. */
static bool
ascending(struct bytes a, struct bytes b)
{
	size_t n = a.len < b.len ? a.len : b.len;

	return memcmp(a.p, b.p, n) < 0;
}

static enum err_code
walk_map(struct rd *r, uint64_t count, unsigned depth, size_t *objects)
{
	struct bytes last = BYTES_NONE;

	for (uint64_t i = 0; i < count; i++) {
		struct bytes key = BYTES(r->p, 0);
		enum err_code rc = rd_walk(r, depth, objects);

		if (rc != ERR_OK)
			return rc;
		key.len = (size_t)(r->p - key.p);
		if (i > 0 && !ascending(last, key))
			return ERR_MALFORMED;
		last = key;
		rc = rd_walk(r, depth, objects);
		if (rc != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

static enum err_code
walk_run(struct rd *r, const struct rd_head *h)
{
	struct bytes s = BYTES(r->p, (size_t)h->v);

	if (h->v > (size_t)(r->end - r->p))
		return ERR_TRUNCATED;
	r->p += s.len;
	return h->type == RD_BIN || utf8_valid(s) ? ERR_OK : ERR_MALFORMED;
}

static bool
is_nan(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return isnan(v);
}

/* Whether a refused head ends too early, rather than being wrong. */
static bool
head_is_cut(const uint8_t *start, const uint8_t *end)
{
	static const uint8_t more[32] = { /* bytes after the first one, for c0 to df */
		0, 0, 0, 0, 1, 2, 4, 0, 0, 0, 0, 8, 1, 2, 4, 8,
		1, 2, 4, 8, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4,
	};

	if (start >= end)
		return true;
	assert(*start >= 0xc0 && *start < 0xe0); /* of all others the first byte is the whole head */
	return (size_t)(end - start - 1) < more[*start - 0xc0];
}

enum err_code
rd_walk(struct rd *r, unsigned depth, size_t *objects)
{
	const uint8_t *start = r->p;
	struct rd_head h = { .type = RD_BAD }; /* gcc 12 does not see that a refusal returns */
	enum err_code rc = ERR_OK;

	if (*objects == 0)
		return ERR_TOO_BIG;
	--*objects;
	if (!rd_take_head(r, &h))
		return head_is_cut(start, r->end) ? ERR_TRUNCATED : ERR_MALFORMED;
	switch (h.type) {
	case RD_NIL: case RD_BOOL: case RD_UINT: case RD_INT:
		return ERR_OK;
	case RD_FLOAT:
		return is_nan(h.v) ? ERR_MALFORMED : ERR_OK;
	case RD_STR: case RD_BIN:
		return walk_run(r, &h);
	case RD_ARRAY:
		if (h.v > (size_t)(r->end - r->p))
			return ERR_TRUNCATED;
		if (depth == 0)
			return ERR_TOO_BIG;
		for (uint64_t i = 0; i < h.v && rc == ERR_OK; i++)
			rc = rd_walk(r, depth - 1, objects);
		return rc;
	case RD_MAP:
		if (h.v > (size_t)(r->end - r->p) / 2)
			return ERR_TRUNCATED;
		return depth == 0 ? ERR_TOO_BIG : walk_map(r, h.v, depth - 1, objects);
	case RD_BAD:
		break;
	}
	return ERR_MALFORMED;
}

enum err_code
msgpack_scan(struct bytes s, unsigned depth, size_t objects, struct err *err)
{
	struct rd r = rd_init(s);
	enum err_code rc;

	assert(depth <= WALK_DEPTH_MAX);
	rc = rd_walk(&r, depth, &objects);
	if (rc != ERR_OK)
		return err_plain(err, rc);
	if (r.p != r.end)
		return err_set(err, ERR_MALFORMED, "bytes follow the last field");
	return ERR_OK;
}

/* The length of the character that starts at p, or 0: no overlong forms, no surrogates, nothing past 10FFFF. */
static size_t
utf8_character(const uint8_t *p, size_t left)
{
	uint32_t c = p[0];
	size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;

	if (n < 2 || n > left)
		return n > left ? 0 : n;
	c &= 0xffu >> (n + 1);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) || (n == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 0;
	return n;
}

bool
utf8_valid(struct bytes s)
{
	size_t at = 0, n;

	while (at < s.len) {
		uint64_t eight;

		if (s.len - at >= sizeof(eight)) { /* nearly all text is ASCII */
			memcpy(&eight, s.p + at, sizeof(eight));
			if ((eight & 0x8080808080808080u) == 0) {
				at += sizeof(eight);
				continue;
			}
		}
		n = utf8_character(s.p + at, s.len - at);
		if (n == 0)
			return false;
		at += n;
	}
	return true;
}
