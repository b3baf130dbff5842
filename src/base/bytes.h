/*
 * Byte strings. `struct bytes` borrows, `struct buf` owns and grows.
 *
 * A buf remembers that it ran out of memory: writers may go on and the last
 * step asks buf_ok() once, so that encoders read as straight lines.
 */
#ifndef FALTBOK_BASE_BYTES_H
#define FALTBOK_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *p;
	size_t len;
};

#define BYTES(ptr, n) ((struct bytes){ (const uint8_t *)(ptr), (n) })
#define BYTES_OF(fixed) BYTES((fixed).b, sizeof((fixed).b)) /* of a struct from ids.h */
#define BYTES_STR(s) BYTES((s), strlen(s))
#define BYTES_NONE BYTES(NULL, 0)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define SAME(x, y) (memcmp((x).b, (y).b, sizeof((x).b)) == 0) /* two of one ids.h kind; public data only */

bool bytes_equal(struct bytes a, struct bytes b); /* public data only: not constant time */

struct buf {
	uint8_t *p;
	size_t len, cap;
	bool failed; /* an allocation failed; nothing was appended after it */
};

#define BUF_INIT { NULL, 0, 0, false }

void buf_free(struct buf *b);            /* and becomes BUF_INIT again */
void buf_wipe(struct buf *b);            /* the same for secrets: zeroes the bytes first */
bool buf_ok(const struct buf *b);
void buf_clear(struct buf *b);           /* length 0, memory kept, failed forgotten */
uint8_t *buf_add(struct buf *b, size_t n); /* room for n more bytes, uninitialised; NULL when out of memory */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_put_bytes(struct buf *b, struct bytes s);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_be32(struct buf *b, uint32_t v);
void buf_put_be64(struct buf *b, uint64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct bytes buf_bytes(const struct buf *b);
char *buf_str(struct buf *b);            /* NUL-terminated view, owned by b; NULL when failed */

void be16_put(uint8_t out[2], uint16_t v);
void be32_put(uint8_t out[4], uint32_t v);
void be64_put(uint8_t out[8], uint64_t v);
uint16_t be16_get(const uint8_t in[2]);
uint32_t be32_get(const uint8_t in[4]);
uint64_t be64_get(const uint8_t in[8]);

/* Lower-case hex with a NUL: out has 2·len+1 bytes. Returns out. */
char *hex_encode(char *out, const uint8_t *p, size_t len);
/* Exactly `len` bytes from 2·len digits (either case) and nothing after them. */
bool hex_decode(uint8_t *out, size_t len, const char *digits);
/*
 * A prefix of an id: an even or odd number of digits, of which an odd last one fills the high half of its
 * byte. Returns how many digits, or -1 when one is no digit or there are more than 2·len_max.
 */
int hex_prefix(uint8_t *out, size_t len_max, const char *digits);

/* RFC 4648 base32 in upper case without padding; 16 bytes make 26 characters. out has room for (8·len+4)/5+1. */
char *base32_encode(char *out, const uint8_t *p, size_t len);
/* Accepts lower case, spaces and dashes, 0 for O, 1 for I and 8 for B. Exactly `len` bytes. */
bool base32_decode(uint8_t *out, size_t len, const char *text);

#endif
