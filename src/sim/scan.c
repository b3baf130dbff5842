#include "sim/scan.h"

#include <stdio.h>

#include "base/mem.h"
#include "sim/disk.h"

/*
 * Wherever a needle of 7 bytes or more lies, it covers one of the words of 4
 * bytes that begin at every fourth byte of the data. So only those words are
 * looked at, each against one bit; what has its bit set is looked up among
 * the four words of each needle that may be met first.
 */
enum { WORD = 4, BITS = 1 << 16, BUCKETS = 1 << 12, SHORTEST = 8 };

struct needle {
	char what[64];
	uint8_t *p;
	size_t len;
};

/* A word of a needle. */
struct place {
	uint32_t word, needle, offset;
	uint32_t next; /* in the same bucket, + 1 */
};

struct scan {
	struct needle *needles;
	size_t count, cap;
	struct place *places;
	size_t place_count, place_cap;
	uint64_t any[BITS / 64];
	uint32_t first[BUCKETS]; /* a place, + 1 */
	uint64_t total;
	char finding[256];
};

static uint32_t
word_at(const uint8_t *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static uint32_t
hash_of(uint32_t word)
{
	return word * UINT32_C(0x9e3779b1) >> 16;
}

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
	mem_free(s->places);
	mem_free(s);
}

static void
add_place(struct scan *s, uint32_t needle, uint32_t offset)
{
	uint32_t word = word_at(s->needles[needle].p + offset), hash = hash_of(word);

	s->places = sim_must(mem_room(s->places, s->place_count, &s->place_cap, sizeof(*s->places)));
	s->places[s->place_count++] = (struct place){ word, needle, offset, s->first[hash % BUCKETS] };
	s->first[hash % BUCKETS] = (uint32_t)s->place_count;
	s->any[hash / 64] |= UINT64_C(1) << hash % 64;
}

static void
add(struct scan *s, const char *what, const char *form, const void *p, size_t len)
{
	struct needle *n;

	for (size_t i = 0; i < s->count; i++)
		if (s->needles[i].len == len && memcmp(s->needles[i].p, p, len) == 0)
			return;
	s->needles = sim_must(mem_room(s->needles, s->count, &s->cap, sizeof(*s->needles)));
	n = &s->needles[s->count++];
	snprintf(n->what, sizeof(n->what), "%.40s (%s)", what, form);
	n->len = len;
	n->p = sim_must(mem_dup(p, len));
	for (uint32_t offset = 0; offset < WORD; offset++)
		add_place(s, (uint32_t)s->count - 1, offset);
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

	if (len < SHORTEST || len > 250)
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

		if (n >= SHORTEST)
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
compare_at(struct scan *s, struct bytes data, size_t at, const char *where)
{
	uint32_t word = word_at(data.p + at);

	for (uint32_t i = s->first[hash_of(word) % BUCKETS]; i > 0; i = s->places[i - 1].next) {
		const struct place *place = &s->places[i - 1];
		const struct needle *n = &s->needles[place->needle];

		if (place->word == word && at >= place->offset && data.len - (at - place->offset) >= n->len &&
		    memcmp(data.p + at - place->offset, n->p, n->len) == 0)
			snprintf(s->finding, sizeof(s->finding), "%s in %s", n->what, where);
	}
}

void
scan_bytes(struct scan *s, struct bytes data, const char *where)
{
	s->total += data.len;
	for (size_t at = 0; at + WORD <= data.len; at += WORD) {
		uint32_t hash = hash_of(word_at(data.p + at));

		if ((s->any[hash / 64] >> hash % 64 & 1) == 0)
			continue;
		compare_at(s, data, at, where);
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
