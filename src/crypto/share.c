/*
 * Each half of a printed share carries its own checksum, over the trustee's
 * number and the half's place too: two halves typed in the wrong order, or a
 * half copied from another trustee's sheet, are refused like a wrong digit.
 */
#include <assert.h>
#include <stdio.h>
#include <strings.h>

#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/words.h"

enum { PART_BYTES = 32, SUM_BYTES = 4, HALF_BYTES = PART_BYTES + SUM_BYTES, GROUP_DIGITS = 4 };

static void
xor32(uint8_t out[32], const uint8_t a[32], const uint8_t b[32])
{
	for (size_t i = 0; i < 32; i++)
		out[i] = a[i] ^ b[i];
}

void
shares_split(struct share out[3], const uint8_t secret[32], const uint8_t random[96])
{
	const uint8_t *a = random, *c = random + 32, *e = random + 64;

	for (uint8_t i = 0; i < 3; i++)
		out[i].trustee = (uint8_t)(i + 1);
	memcpy(out[0].part[0], a, 32);
	memcpy(out[0].part[1], c, 32);
	xor32(out[1].part[0], secret, a);
	memcpy(out[1].part[1], e, 32);
	xor32(out[2].part[0], secret, c);
	xor32(out[2].part[1], secret, e);
}

bool
shares_join(uint8_t secret[32], const struct share *x, const struct share *y)
{
	if (x->trustee > y->trustee) {
		const struct share *swap = x;

		x = y;
		y = swap;
	}
	if (x->trustee == 1 && y->trustee == 2)
		xor32(secret, x->part[0], y->part[0]);
	else if (x->trustee == 1 && y->trustee == 3)
		xor32(secret, x->part[1], y->part[0]);
	else if (x->trustee == 2 && y->trustee == 3)
		xor32(secret, x->part[1], y->part[1]);
	else
		return false;
	return true;
}

static void
checksum(uint8_t out[SUM_BYTES], const struct share *s, uint8_t half)
{
	uint8_t sum[16];

	HC(sum, sizeof(sum), BYTES_NONE, "fb1/share", BYTES(&s->trustee, 1), BYTES(&half, 1),
	   BYTES(s->part[half], PART_BYTES));
	memcpy(out, sum, SUM_BYTES);
}

char *
share_print(char out[SHARE_TEXT_BYTES], const struct share *s)
{
	uint8_t raw[2 * HALF_BYTES];
	char digits[2 * sizeof(raw) + 1], *at = out;

	assert(s->trustee >= 1 && s->trustee <= 3);
	for (uint8_t half = 0; half < 2; half++) {
		memcpy(raw + half * HALF_BYTES, s->part[half], PART_BYTES);
		checksum(raw + half * HALF_BYTES + PART_BYTES, s, half);
	}
	hex_encode(digits, raw, sizeof(raw));
	at += sprintf(at, "fb-share-%d", s->trustee);
	for (size_t i = 0; digits[i] != '\0'; i++) {
		if (i % GROUP_DIGITS == 0)
			*at++ = '-';
		*at++ = digits[i];
	}
	*at = '\0';
	wipe(raw, sizeof(raw));
	wipe(digits, sizeof(digits));
	return out;
}

/* Letters and digits only, in lower case. False when there are more than `room - 1`, or anything else between them. */
static bool
squeeze(char *out, size_t room, const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		char c = *text;

		if (c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n')
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) || n + 1 == room)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return true;
}

bool
share_parse(struct share *out, const char *text)
{
	static const char head[] = "fbshare";
	const size_t head_len = sizeof(head) - 1;
	char plain[SHARE_TEXT_BYTES];
	uint8_t raw[2 * HALF_BYTES], sum[SUM_BYTES];
	struct share s;
	bool ok;

	ok = squeeze(plain, sizeof(plain), text) && strncmp(plain, head, head_len) == 0 && plain[head_len] >= '1' &&
	     plain[head_len] <= '3' && hex_decode(raw, sizeof(raw), plain + head_len + 1);
	if (!ok)
		goto out;
	s.trustee = (uint8_t)(plain[head_len] - '0');
	for (uint8_t half = 0; half < 2; half++) {
		memcpy(s.part[half], raw + half * HALF_BYTES, PART_BYTES);
		checksum(sum, &s, half);
		ok = ok && memcmp(sum, raw + half * HALF_BYTES + PART_BYTES, SUM_BYTES) == 0;
	}
	if (ok)
		*out = s;
out:
	wipe(plain, sizeof(plain));
	wipe(raw, sizeof(raw));
	wipe(&s, sizeof(s));
	return ok;
}

/* The text of the share that begins here: its head and as many digits as a share has. */
static bool
share_at(struct share *out, const char *text)
{
	enum { SIGNS = 8 + 4 * HALF_BYTES }; /* "fbshareT" and the digits of both halves */
	char one[2 * SHARE_TEXT_BYTES];
	size_t n = 0, signs = 0;
	bool ok;

	for (; *text != '\0' && signs < SIGNS && n + 1 < sizeof(one); text++) {
		one[n++] = *text;
		signs += (*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');
	}
	one[n] = '\0';
	ok = share_parse(out, one);
	wipe(one, sizeof(one));
	return ok;
}

static const char *
find_head(const char *text)
{
	static const char head[] = "fb-share";

	while (*text != '\0' && strncasecmp(text, head, sizeof(head) - 1) != 0)
		text++;
	return *text != '\0' ? text : NULL;
}

size_t
shares_on_sheet(struct share *out, size_t max, const char *text, bool *bad)
{
	size_t count = 0;

	*bad = false;
	for (const char *at = find_head(text); at != NULL && count < max; at = find_head(at + 1)) {
		if (share_at(&out[count], at))
			count++;
		else
			*bad = true;
	}
	return count;
}
