/*
 * Bytes as people read and type them. These are for public ids and for codes
 * that someone is typing anyway, so the table look-ups need not hide timing.
 */
#include "base/bytes.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *
hex_encode(char *out, const uint8_t *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * len] = '\0';
	return out;
}

int
hex_prefix(uint8_t *out, size_t len_max, const char *digits)
{
	size_t n = 0;

	for (; digits[n] != '\0'; n++) {
		int v = hex_digit(digits[n]);

		if (v < 0 || n >= 2 * len_max)
			return -1;
		if (n % 2 == 0)
			out[n / 2] = (uint8_t)(v << 4);
		else
			out[n / 2] = (uint8_t)(out[n / 2] | v);
	}
	return (int)n;
}

bool
hex_decode(uint8_t *out, size_t len, const char *digits)
{
	int n = hex_prefix(out, len, digits);

	return n >= 0 && (size_t)n == 2 * len;
}

char *
base32_encode(char *out, const uint8_t *p, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned bits = 0, held = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		bits = (bits << 8 | p[i]) & 0xfff; /* never more than 4 + 8 in use */
		for (held += 8; held >= 5; held -= 5)
			out[n++] = digits[bits >> (held - 5) & 31];
	}
	if (held > 0)
		out[n++] = digits[bits << (5 - held) & 31];
	out[n] = '\0';
	return out;
}

static int
base32_digit(char c)
{
	switch (c) { /* digits that the alphabet leaves out because people mistake letters for them */
	case '0': return 'O' - 'A';
	case '1': return 'I' - 'A';
	case '8': return 'B' - 'A';
	default: break;
	}
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	return -1;
}

static bool
is_filler(char c)
{
	return c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n';
}

bool
base32_decode(uint8_t *out, size_t len, const char *text)
{
	unsigned bits = 0, held = 0;
	size_t n = 0, chars = 0;

	for (; *text != '\0'; text++) {
		int v;

		if (is_filler(*text))
			continue;
		v = base32_digit(*text);
		if (v < 0 || ++chars > (8 * len + 4) / 5)
			return false;
		bits = (bits << 5 | (unsigned)v) & 0xfff;
		held += 5;
		if (held >= 8) {
			if (n == len)
				return false;
			held -= 8;
			out[n++] = (uint8_t)(bits >> held);
		}
	}
	/* Bits beyond the last byte must be zero, or one code would have several spellings. */
	return n == len && chars == (8 * len + 4) / 5 && (bits & ((1u << held) - 1)) == 0;
}
