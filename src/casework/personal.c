/*
 * One scan from left to right. Numbers are read as digits with at most one
 * separator between them, and only where they begin: a number inside a longer
 * one is none. What could be both is the personal number.
 */
#include "casework/personal.h"

#include <string.h>

enum { DIGITS_MAX = 24 };

/* A run of digits as people write them: 121212-1212, 070 123 45 67, ٠٧٠… */
struct digits {
	uint8_t d[DIGITS_MAX];
	size_t end[DIGITS_MAX];   /* where each ends in the text */
	bool apart[DIGITS_MAX];   /* something stands before it */
	char mark[DIGITS_MAX];    /* what: '-', '+' or ' ' for all else */
	size_t count;
	bool more;                /* it goes on after DIGITS_MAX */
};

/* 0x660.. and 0x6f0.. are the Arabic and Persian digits. Returns its length, or 0. */
static size_t
digit_at(struct bytes t, size_t at, uint8_t *out)
{
	if (at < t.len && t.p[at] >= '0' && t.p[at] <= '9') {
		*out = (uint8_t)(t.p[at] - '0');
		return 1;
	}
	if (at + 1 < t.len && t.p[at] == 0xd9 && t.p[at + 1] >= 0xa0 && t.p[at + 1] <= 0xa9) {
		*out = (uint8_t)(t.p[at + 1] - 0xa0);
		return 2;
	}
	if (at + 1 < t.len && t.p[at] == 0xdb && t.p[at + 1] >= 0xb0 && t.p[at + 1] <= 0xb9) {
		*out = (uint8_t)(t.p[at + 1] - 0xb0);
		return 2;
	}
	return 0;
}

static bool
letter_before(struct bytes t, size_t at)
{
	uint8_t c = at == 0 ? ' ' : t.p[at - 1];

	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80 || c == '_';
}

/* One separator: a space, hyphen, slash, dot, bracket, plus, no-break space or dash; its length, 0 for none. */
static size_t
separator_at(struct bytes t, size_t at, char *mark)
{
	uint8_t c = at < t.len ? t.p[at] : 0;

	*mark = c == '-' || c == '+' ? (char)c : ' ';
	if (c == ' ' || c == '-' || c == '+' || c == '/' || c == '(' || c == ')')
		return 1;
	if (c == 0xc2 && at + 1 < t.len && t.p[at + 1] == 0xa0)
		return 2;
	if (c == 0xe2 && at + 2 < t.len && t.p[at + 1] == 0x80 && t.p[at + 2] >= 0x90 && t.p[at + 2] <= 0x95) {
		*mark = '-';
		return 3;
	}
	return 0;
}

static void
read_digits(struct digits *n, struct bytes t, size_t at)
{
	size_t len, gap = 0;
	uint8_t d;
	char mark = 0, next;

	n->count = 0;
	n->more = false;
	for (;;) {
		len = digit_at(t, at, &d);
		if (len == 0) {
			len = n->count == 0 ? 0 : separator_at(t, at, &next);
			gap += len > 0;
			if (len == 0 || gap > 2) /* " (0)" is two, and a sentence is more */
				return;
			mark = mark == '-' || mark == '+' ? mark : next;
			at += len;
			continue;
		}
		if (n->count == DIGITS_MAX) {
			n->more = true;
			return;
		}
		at += len;
		n->apart[n->count] = gap > 0;
		n->mark[n->count] = gap > 0 ? mark : 0;
		n->d[n->count] = d;
		n->end[n->count++] = at;
		gap = 0;
		mark = 0;
	}
}

/* ---- personal numbers ---- */

static unsigned
two(const uint8_t *d)
{
	return d[0] * 10u + d[1];
}

static bool
leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Coordination numbers have 60 added to the day. Of a year without century the kinder one counts. */
static bool
date_exists(unsigned year, bool century, unsigned month, unsigned day)
{
	static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leaps = century ? leap(year) : year % 4 == 0;

	day = day > 60 ? day - 60 : day;
	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leaps);
}

/* Luhn over all ten digits. */
static bool
check_digit(const uint8_t d[10])
{
	unsigned sum = 0;

	for (size_t i = 0; i < 10; i++) {
		unsigned v = d[i] * (i % 2 == 0 ? 2u : 1u);

		sum += v > 9 ? v - 9 : v;
	}
	return sum % 10 == 0;
}

/* The first `whole` digits, alone: nothing goes on after them, and the only gap is before the last four. */
static bool
is_number(const struct digits *n, size_t whole)
{
	const uint8_t *ten = n->d + whole - 10;
	unsigned year = two(ten);

	if (n->count < whole || (n->count > whole && !n->apart[whole]))
		return false;
	for (size_t i = 1; i < whole; i++)
		if (n->apart[i] && i != whole - 4)
			return false;
	if (whole == 12) {
		year += 100 * two(n->d);
		if (year < 1850 || year > 2099)
			return false;
	}
	return date_exists(year, whole == 12, two(ten + 2), two(ten + 4)) && check_digit(ten);
}

/* ---- phone numbers ---- */

/* How many of the digits are one number: 08-123 456 78, +46 70 123 45 67, 0046…; 0 for none. */
static size_t
phone_digits(const struct digits *n, bool plus)
{
	bool abroad = plus || (n->count > 2 && n->d[0] == 0 && n->d[1] == 0);
	size_t least = abroad ? 9 : 8, most = plus ? 14 : abroad ? 16 : 10;

	if (n->more || n->count < least || (!abroad && (n->d[0] != 0 || n->d[1] == 0)))
		return 0;
	if (abroad && n->d[plus ? 0 : 2] == 0)
		return 0;
	return n->count <= most ? n->count : 0;
}

/* 0046 and dates begin alike with a nought; a clock or an amount does not come to eight digits. */
static bool
number_at(struct bytes t, size_t at, struct personal_hit *out, size_t *skip)
{
	bool plus = t.p[at] == '+';
	struct digits n;
	size_t whole;
	uint8_t d;

	*skip = 1;
	if (digit_at(t, at + plus, &d) == 0)
		return false;
	read_digits(&n, t, at + plus);
	*skip = n.end[n.count - 1] - at;
	if (letter_before(t, at) && t.p[at] < 0x80)
		return false;
	whole = plus ? 0 : is_number(&n, 12) ? 12 : is_number(&n, 10) ? 10 : 0;
	*out = (struct personal_hit){ PERSONAL_NUMBER, at, whole == 0 ? 0 : n.end[whole - 1] - at };
	if (whole > 0)
		return true;
	whole = phone_digits(&n, plus);
	*out = (struct personal_hit){ PERSONAL_PHONE, at, whole == 0 ? 0 : n.end[whole - 1] - at };
	if (whole > 0)
		return true;
	/* A number may stand after the first gap: "10 851205-…" */
	for (size_t i = 1; i < n.count; i++)
		if (n.apart[i]) {
			*skip = n.end[i - 1] - at;
			return false;
		}
	return false;
}

/* ---- e-mail ---- */

static bool
local_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80 || strchr("._%+-", c) != NULL;
}

static bool
domain_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80 || c == '-' || c == '.';
}

/* Around the @ that stands at `at`. */
static bool
email_at(struct bytes t, size_t from, size_t at, struct personal_hit *out)
{
	size_t begin = at, end = at + 1, dot = 0;

	while (begin > from && t.p[begin - 1] != 0 && local_char(t.p[begin - 1]))
		begin--;
	while (end < t.len && t.p[end] != 0 && domain_char(t.p[end])) {
		dot = t.p[end] == '.' ? end : dot;
		end++;
	}
	while (end > at + 1 && (t.p[end - 1] == '.' || t.p[end - 1] == '-'))
		end--;
	if (dot >= end) /* the full stop of the sentence */
		for (dot = end; dot > at + 1 && t.p[dot - 1] != '.'; dot--)
			;
	*out = (struct personal_hit){ PERSONAL_EMAIL, begin, end - begin };
	return begin < at && dot > at + 1 && end >= dot + 2 && (t.p[dot] == '.' ? end - dot > 2 : end - dot >= 2 && t.p[dot - 1] == '.' && dot > at + 2);
}

bool
personal_next(struct bytes text, size_t from, struct personal_hit *out)
{
	size_t skip;
	uint8_t d;

	for (size_t at = from; at < text.len; at += skip) {
		skip = 1;
		if (text.p[at] == '@') {
			if (email_at(text, from, at, out))
				return true;
		} else if (text.p[at] == '+' || digit_at(text, at, &d) > 0) {
			size_t word = at;

			/* The digits of an address are the address's. */
			while (word < text.len && text.p[word] != 0 && text.p[word] != '@' && local_char(text.p[word]))
				word++;
			if (word < text.len && text.p[word] == '@' && email_at(text, from, word, out))
				return true;
			if (number_at(text, at, out, &skip))
				return true;
		}
	}
	return false;
}

static size_t
char_len(struct bytes t, size_t at)
{
	size_t n = 1;

	while (at + n < t.len && (t.p[at + n] & 0xc0) == 0x80)
		n++;
	return n;
}

static void
mask_one(struct buf *out, struct bytes t, const struct personal_hit *h)
{
	size_t len;

	for (size_t at = h->at; at < h->at + h->len; at += len) {
		len = char_len(t, at);
		if (len == 1 && strchr(" -+/().@", t.p[at]) != NULL)
			buf_put(out, t.p + at, 1);
		else
			buf_put(out, "\xe2\x80\xa2", 3);
	}
}

size_t
personal_mask(struct buf *out, struct bytes text)
{
	struct personal_hit h;
	size_t at = 0, found = 0;

	for (; personal_next(text, at, &h); found++) {
		buf_put(out, text.p + at, h.at - at);
		mask_one(out, text, &h);
		at = h.at + h.len;
	}
	buf_put(out, text.p + at, text.len - at);
	return found;
}
