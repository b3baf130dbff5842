#include "sim/scan.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct needle {
	char what[64];
	uint8_t *p;
	size_t len;
	size_t next; /* the next needle with the same two first bytes, + 1 */
};

struct scan {
	struct needle *needles;
	size_t count, cap;
	size_t first[65536]; /* by the first two bytes: the needle, + 1 */
	uint64_t any[1024];  /* a bit for each of those that is not 0: small enough to stay in the cache */
	uint64_t total;
	char finding[256];
};

struct scan *
scan_new(void)
{
	return mem_zero(1, sizeof(struct scan));
}

void
scan_free(struct scan *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		mem_free(s->needles[i].p);
	mem_free(s->needles);
	mem_free(s);
}

static void
add(struct scan *s, const char *what, const char *form, const void *p, size_t len)
{
	struct needle *n;

	for (size_t i = 0; i < s->count; i++)
		if (s->needles[i].len == len && memcmp(s->needles[i].p, p, len) == 0)
			return;
	s->needles = mem_room(s->needles, s->count, &s->cap, sizeof(*s->needles));
	if (s->needles == NULL)
		abort();
	n = &s->needles[s->count++];
	snprintf(n->what, sizeof(n->what), "%.40s (%s)", what, form);
	n->len = len;
	n->p = mem_dup(p, len);
	if (n->p == NULL)
		abort();
	s->any[n->p[1] << 2 | n->p[0] >> 6] |= 1ull << (n->p[0] & 63);
	n->next = s->first[n->p[0] | n->p[1] << 8];
	s->first[n->p[0] | n->p[1] << 8] = s->count;
}

static size_t
base64(char *out, const uint8_t *p, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = 0;

	for (size_t i = 0; i + 3 <= len; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			out[n++] = digits[v >> shift & 63];
	}
	return n;
}

void
scan_add_text(struct scan *s, const char *what, const char *text)
{
	size_t len = strlen(text);
	uint8_t wide[512];
	char code[1024];

	if (len < 8 || len > 250)
		return;
	add(s, what, "UTF-8", text, len);
	for (size_t i = 0; i < len; i++) {
		wide[2 * i] = (uint8_t)text[i];
		wide[2 * i + 1] = 0;
	}
	add(s, what, "UTF-16LE", wide, 2 * len);
	hex_encode(code, (const uint8_t *)text, len);
	add(s, what, "hex", code, 2 * len);
	/* Whole groups of three from each alignment: what stands before the text cannot change them. */
	for (size_t skip = 0; skip < 3; skip++) {
		size_t n = base64(code, (const uint8_t *)text + skip, len - skip);

		if (n >= 8)
			add(s, what, "base64", code, n);
	}
}

void
scan_add_secret(struct scan *s, const char *what, const uint8_t *p, size_t len)
{
	static const uint8_t none[16];

	if (len < 16 || memcmp(p, none, 16) == 0)
		return;
	add(s, what, "first bytes", p, 16);
	add(s, what, "last bytes", p + len - 16, 16);
}

static void
compare_at(struct scan *s, struct bytes data, size_t at, size_t needle, const char *where)
{
	for (; needle > 0; needle = s->needles[needle - 1].next) {
		const struct needle *n = &s->needles[needle - 1];

		if (data.len - at >= n->len && memcmp(data.p + at, n->p, n->len) == 0)
			snprintf(s->finding, sizeof(s->finding), "%s in %s", n->what, where);
	}
}

void
scan_bytes(struct scan *s, struct bytes data, const char *where)
{
	s->total += data.len;
	for (size_t i = 0; i + 1 < data.len; i++) {
		uint8_t a = data.p[i], b = data.p[i + 1];

		if ((s->any[b << 2 | a >> 6] >> (a & 63) & 1) == 0)
			continue;
		compare_at(s, data, i, s->first[a | b << 8], where);
		if (s->finding[0] != '\0')
			return;
	}
}

const char *
scan_finding(const struct scan *s)
{
	return s->finding[0] == '\0' ? NULL : s->finding;
}

uint64_t
scan_total(const struct scan *s)
{
	return s->total;
}
