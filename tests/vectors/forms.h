/*
 * Payloads in their form and out of it, as [kind, payload, 1 when it is in its
 * form]. Who includes this says what the form is: in_form().
 */
#ifndef FALTBOK_VECTORS_FORMS_H
#define FALTBOK_VECTORS_FORMS_H

#include "../unit/universe.h"
#include "json.h"

static bool in_form(uint8_t kind, struct bytes payload);

static inline void
print_form(uint8_t kind, struct bytes payload)
{
	json_open(NULL, '[');
	json_uint(NULL, kind);
	json_hex(NULL, payload.p, payload.len);
	json_uint(NULL, in_form(kind, payload));
	json_close(']');
}

/* As it is, cut short, with a byte too many, and with one bit turned at every place of its head and here and there behind. */
static inline void
print_forms(uint8_t kind, const struct buf *good)
{
	struct buf b = BUF_INIT;

	assert(in_form(kind, buf_bytes(good)));
	print_form(kind, buf_bytes(good));
	for (size_t i = 0; i < 6; i++)
		print_form(kind, BYTES(good->p, below((unsigned)good->len)));
	buf_put_bytes(&b, buf_bytes(good));
	buf_put(&b, "", 1);
	print_form(kind, buf_bytes(&b));
	for (size_t i = 0; i < 60; i++) {
		size_t at = i < 8 ? i : below((unsigned)good->len);

		buf_clear(&b);
		buf_put_bytes(&b, buf_bytes(good));
		b.p[at < good->len ? at : 0] ^= (uint8_t)(1u << below(8));
		print_form(kind, buf_bytes(&b));
	}
	buf_free(&b);
}

/* One whose form is known beforehand. */
static inline void
print_known(uint8_t kind, const struct buf *payload, bool good)
{
	assert(in_form(kind, buf_bytes(payload)) == good);
	print_form(kind, buf_bytes(payload));
}

#endif
