/* The dictionary of a report: each value that a line asks for, once; and numbers beside the words that are some. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "casework/report_internal.h"
#include "codec/strict.h"

static uint32_t
hash_of(const char *p, size_t n)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)p[i]) * 16777619u;
	return h;
}

static bool
words_grow(struct words *w)
{
	size_t more = w->slot_count == 0 ? 1024 : w->slot_count * 2;
	uint32_t *slots = mem_zero(more, sizeof(*slots));

	if (slots == NULL)
		return false;
	for (size_t i = 1; i < w->count; i++) {
		const char *text = (const char *)w->text.p + w->at[i];
		size_t at = hash_of(text, strlen(text)) & (more - 1);

		while (slots[at] != 0)
			at = (at + 1) & (more - 1);
		slots[at] = (uint32_t)i;
	}
	mem_free(w->slots);
	w->slots = slots;
	w->slot_count = more;
	return true;
}

/* Room for word number `count` in both arrays. */
static bool
words_room(struct words *w)
{
	size_t cap = w->cap;
	uint32_t *at = mem_room(w->at, w->count, &cap, sizeof(*at));
	double *number;

	if (at == NULL)
		return false;
	w->at = at;
	if (cap != w->cap) {
		number = mem_grow(w->number, cap * sizeof(*number));
		if (number == NULL)
			return false; /* `at` is larger than `cap` says, which harms nothing */
		w->number = number;
		w->cap = cap;
	}
	return true;
}

static uint32_t
word_lost(struct words *w)
{
	w->failed = true;
	return 0;
}

uint32_t
word_of(struct words *w, const char *p, size_t n, double number)
{
	size_t at;

	if (n == 0)
		return 0;
	if (2 * (w->count + 1) >= w->slot_count && !words_grow(w))
		return word_lost(w);
	at = hash_of(p, n) & (w->slot_count - 1);
	for (; w->slots[at] != 0; at = (at + 1) & (w->slot_count - 1)) {
		size_t has = w->at[w->slots[at]];

		if (has + n < w->text.len && w->text.p[has + n] == 0 && memcmp(w->text.p + has, p, n) == 0)
			return w->slots[at];
	}
	if (!words_room(w) || w->text.len + n >= UINT32_MAX)
		return word_lost(w);
	w->count += w->count == 0; /* word 0 is no value; the first room is for more than one */
	w->at[w->count] = (uint32_t)w->text.len;
	w->number[w->count] = number;
	buf_put(&w->text, p, n);
	buf_put_u8(&w->text, 0);
	if (!buf_ok(&w->text))
		return word_lost(w);
	w->slots[at] = (uint32_t)w->count;
	return (uint32_t)w->count++;
}

uint32_t
store_word(struct store *s, const char *text)
{
	return word_of(&s->words, text, strlen(text), 0);
}

const char *
store_text(const struct store *s, uint32_t word)
{
	return word == 0 ? "" : (const char *)s->words.text.p + s->words.at[word];
}

uint32_t
number_word(struct words *w, double v)
{
	char text[40];
	int n = snprintf(text, sizeof(text), "%.15g", v);

	return word_of(w, text, (size_t)n, v);
}

/* proto/profile.md, 4: a value says by its bytes what it is. */
uint32_t
value_word(struct words *w, struct bytes value)
{
	struct rd rd = rd_init(value);
	struct bytes s;
	char hex[33];
	bool yes;

	switch (rd_peek(&rd)) {
	case RD_STR:
		s = rd_str(&rd, SIZE_MAX);
		return s.p == NULL || memchr(s.p, 0, s.len) != NULL ? 0 : word_of(w, (const char *)s.p, s.len, 0);
	case RD_UINT:
	case RD_INT:
		return number_word(w, (double)rd_int(&rd));
	case RD_FLOAT:
		return number_word(w, rd_float(&rd));
	case RD_BOOL:
		yes = rd_bool(&rd);
		return yes ? word_of(w, "true", 4, 1) : word_of(w, "false", 5, 0);
	case RD_BIN:
		s = rd_bin_any(&rd, 16, 16);
		return s.p == NULL ? 0 : word_of(w, hex_encode(hex, s.p, 16), 32, 0);
	case RD_NIL: case RD_ARRAY: case RD_MAP: case RD_BAD:
		break;
	}
	return 0;
}
