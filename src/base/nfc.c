/*
 * utf8proc does the work; most text has no combining character in it and is
 * passed through without asking.
 */
#include "base/nfc.h"

#include <stdlib.h>

#include <utf8proc.h>

bool
nfc_already(struct bytes text)
{
	/* U+0300 is the first code point whose presence can change a text under NFC; its lead byte is 0xCC. */
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] >= 0xCC)
			return false;
	return true;
}

bool
nfc(struct buf *out, struct bytes text)
{
	utf8proc_uint8_t *made = NULL;
	utf8proc_ssize_t len;

	len = utf8proc_map(text.p, (utf8proc_ssize_t)text.len, &made, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	if (len < 0)
		return false;
	buf_put(out, made, (size_t)len);
	free(made);
	return buf_ok(out);
}

bool
nfc_fold(struct buf *out, struct bytes text)
{
	utf8proc_uint8_t *made = NULL;
	utf8proc_ssize_t len = utf8proc_map(text.p, (utf8proc_ssize_t)text.len, &made,
	                                    UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK);
	size_t start = out->len;

	if (len < 0)
		return false;
	for (utf8proc_ssize_t i = 0; i < len; i++) {
		bool space = made[i] == ' ' || made[i] == '\t' || made[i] == '\n' || made[i] == '\r';

		if (!space)
			buf_put_u8(out, made[i]);
		else if (out->len > start && out->p[out->len - 1] != ' ')
			buf_put_u8(out, ' ');
	}
	if (buf_ok(out) && out->len > start && out->p[out->len - 1] == ' ')
		out->len--;
	free(made);
	return buf_ok(out);
}
