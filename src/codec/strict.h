/*
 * msgpack as signed bytes need it: one encoding for one value.
 *
 * The reader refuses anything but shortest forms and exact lengths, and
 * nothing may follow the last field. It never allocates. After a refusal
 * every further read is refused too, so a decoder reads as a straight line
 * and asks rd_end() once. The writer is msgpack-c on a struct buf.
 * Spec: proto/encoding.md, 1 "Strict msgpack".
 */
#ifndef FALTBOK_CODEC_STRICT_H
#define FALTBOK_CODEC_STRICT_H

#include "base/bytes.h"
#include "base/err.h"

struct rd {
	const uint8_t *p, *end;
	bool bad;
};

enum rd_type { RD_BAD, RD_NIL, RD_BOOL, RD_UINT, RD_INT, RD_FLOAT, RD_STR, RD_BIN, RD_ARRAY, RD_MAP };

struct rd rd_init(struct bytes s);
enum rd_type rd_peek(const struct rd *r);       /* RD_INT is a negative number; RD_BAD at the end or on ext types */
void rd_array(struct rd *r, size_t count);      /* exactly so many */
size_t rd_array_any(struct rd *r, size_t max);  /* how many; more than the bytes left could hold is refused */
size_t rd_map_any(struct rd *r, size_t max);
uint64_t rd_uint(struct rd *r, uint64_t max);
int64_t rd_int(struct rd *r);                   /* either sign, shortest form */
double rd_float(struct rd *r);                  /* float 64 only, and no NaN */
bool rd_bool(struct rd *r);
bool rd_nil(struct rd *r);                      /* true and consumed when nil stands here; never a refusal */
void rd_bin(struct rd *r, uint8_t *out, size_t len);          /* exactly len, copied */
struct bytes rd_bin_any(struct rd *r, size_t min, size_t max); /* borrowed from the input */
struct bytes rd_str(struct rd *r, size_t max);                /* borrowed, valid UTF-8 */
struct bytes rd_any(struct rd *r, size_t max);  /* one whole value of any type, its bytes borrowed; at most 8 containers deep */
bool rd_end(const struct rd *r);                /* nothing refused and nothing left */
#define RD_FIXED(r, field) rd_bin((r), (field).b, sizeof((field).b)) /* a struct from ids.h */

void wr_array(struct buf *b, size_t count);
void wr_map(struct buf *b, size_t count);
void wr_uint(struct buf *b, uint64_t v);
void wr_int(struct buf *b, int64_t v);
void wr_float(struct buf *b, double v);
void wr_bool(struct buf *b, bool v);
void wr_nil(struct buf *b);
void wr_bin(struct buf *b, const void *p, size_t len);
void wr_str(struct buf *b, const char *p, size_t len);
#define WR_FIXED(out, field) wr_bin((out), (field).b, sizeof((field).b))

/*
 * A scan before anything allocates by what the bytes claim: at most `depth`
 * (≤ 32) containers inside each other, at most `objects` values, counts that
 * the bytes left could hold, shortest forms, no ext types, one value and
 * nothing after it. Like rd_any() it wants the keys of a map ascending by
 * their encoded bytes and none twice.
 *
 *   ERR_TRUNCATED  ends early, or claims more than its bytes could hold
 *   ERR_TOO_BIG    more depth or more values than allowed
 *   ERR_MALFORMED  anything else
 */
enum err_code msgpack_scan(struct bytes s, unsigned depth, size_t objects, struct err *err);

bool utf8_valid(struct bytes s);

#endif
