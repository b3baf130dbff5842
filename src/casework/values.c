/*
 * What a person wrote, checked against its field, as one msgpack value
 * (proto/profile.md, 4 "Values"). One meaning has one encoding, since two
 * values conflict when their bytes differ: a decimal without a fraction is
 * written as an integer.
 */
#include "casework/values_internal.h"

#include <math.h>
#include <stdio.h>

#include "casework/records.h"
#include "codec/strict.h"

enum { QUOTE_BYTES_MAX = 40, CODES_SHOWN_MAX = 8, OPEN_CODE_BYTES_MAX = 200, LANGUAGE_BYTES_MAX = 35 };
enum { DECIMAL_DIGITS_MAX = 15 }; /* so that the digits and the power of ten are exact, and their quotient is the nearest */
static const int64_t INTEGER_MAX = 9007199254740991; /* what a page's numbers hold exactly */

/* The value as an error shows it: never long, never half a character. */
static const char *
quote(char out[QUOTE_BYTES_MAX + 4], const char *text)
{
	size_t n = strlen(text), cut = n;

	if (n > QUOTE_BYTES_MAX) {
		cut = QUOTE_BYTES_MAX;
		while (cut > 0 && ((uint8_t)text[cut] & 0xc0) == 0x80)
			cut--;
	}
	memcpy(out, text, cut);
	memcpy(out + cut, cut < n ? "…" : "", cut < n ? sizeof("…") : 1);
	return out;
}

static enum err_code
not_a(struct err *err, const struct profile_field *f, const char *text, const char *what)
{
	char shown[QUOTE_BYTES_MAX + 4];

	return err_set(err, ERR_INVALID, "%s: \"%s\" is not %s", f->name, quote(shown, text), what);
}

bool
text_valid(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)text[i];

		if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
			return false;
	}
	return utf8_valid(BYTES(text, n));
}

static void
write_text(struct buf *out, const char *text)
{
	wr_str(out, text, strlen(text));
}

static bool
letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* BCP 47 in outline: a language of 2 to 8 letters, then subtags of 1 to 8 letters or digits. */
bool
language_valid(const char *text)
{
	size_t part = 0, parts = 0;

	if (strlen(text) > LANGUAGE_BYTES_MAX)
		return false;
	for (;; text++) {
		if (*text == '-' || *text == '\0') {
			if (part < (parts == 0 ? 2u : 1u) || part > 8)
				return false;
			if (*text == '\0')
				return true;
			parts++;
			part = 0;
		} else if (letter(*text) || (parts > 0 && *text >= '0' && *text <= '9')) {
			part++;
		} else {
			return false;
		}
	}
}

static void
write_number(struct buf *out, double v)
{
	if (floor(v) == v && fabs(v) <= (double)INTEGER_MAX)
		wr_int(out, (int64_t)v);
	else
		wr_float(out, v);
}

/* Digits with at most one point or comma; no exponent, no locale. */
static bool
decimal_parse(const char *text, double *out)
{
	bool negative = *text == '-', point = false;
	double value = 0, scale = 1;
	int count = 0;

	if (*text == '-' || *text == '+')
		text++;
	for (; *text != '\0'; text++) {
		if ((*text == '.' || *text == ',') && !point && count > 0) {
			point = true;
			continue;
		}
		if (*text < '0' || *text > '9' || ++count > DECIMAL_DIGITS_MAX)
			return false;
		value = value * 10 + (*text - '0');
		if (point)
			scale *= 10;
	}
	*out = (negative ? -value : value) / scale;
	return count > 0 && !(point && scale == 1);
}

static enum err_code
integer_from_text(struct buf *out, const struct profile_field *f, const char *text, struct err *err)
{
	double v;

	if (strpbrk(text, ".,") != NULL || !decimal_parse(text, &v))
		return not_a(err, f, text, "a whole number of at most 15 digits");
	wr_int(out, (int64_t)v);
	return ERR_OK;
}

static enum err_code
decimal_from_text(struct buf *out, const struct profile_field *f, const char *text, struct err *err)
{
	double v;

	if (!decimal_parse(text, &v))
		return not_a(err, f, text, "a number of at most 15 digits");
	write_number(out, v);
	return ERR_OK;
}

static enum err_code
bool_from_text(struct buf *out, const struct profile_field *f, const char *text, struct err *err)
{
	static const struct { const char *word; bool value; } words[] = {
		{ "true", true }, { "false", false }, { "yes", true }, { "no", false }, { "ja", true }, { "nej", false },
	};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(words[i].word, text) == 0) {
			wr_bool(out, words[i].value);
			return ERR_OK;
		}
	return not_a(err, f, text, "one of true, false, yes, no, ja, nej");
}

/* The choice with this code, else the one that some language labels so: people write what they read. */
static const struct choice *
choice_find(const struct choice_list *list, const char *text)
{
	for (size_t i = 0; i < list->choice_count; i++)
		if (strcmp(list->choices[i].code, text) == 0)
			return &list->choices[i];
	for (size_t i = 0; i < list->choice_count; i++)
		for (size_t k = 0; k < list->choices[i].label_count; k++)
			if (strcmp(list->choices[i].labels[k].text, text) == 0)
				return &list->choices[i];
	return NULL;
}

static enum err_code
not_in_list(struct err *err, const struct profile_field *f, const char *text)
{
	char shown[QUOTE_BYTES_MAX + 4], codes[CODES_SHOWN_MAX * 32] = "";
	size_t len = 0;

	for (size_t i = 0; i < f->list->choice_count && i < CODES_SHOWN_MAX && len < sizeof(codes); i++)
		len += (size_t)snprintf(codes + len, sizeof(codes) - len, "%s%s", i > 0 ? ", " : "",
		                        f->list->choices[i].code);
	return err_set(err, ERR_INVALID, "%s: \"%s\" is not one of %s%s", f->name, quote(shown, text), codes,
	               f->list->choice_count > CODES_SHOWN_MAX ? ", …" : "");
}

static enum err_code
choice_from_text(struct buf *out, const struct profile_field *f, const char *text, const char *on, struct err *err)
{
	const struct choice *c = choice_find(f->list, text);

	if (c == NULL && !f->list->open)
		return not_in_list(err, f, text);
	if (c == NULL && (strlen(text) > OPEN_CODE_BYTES_MAX || strpbrk(text, "\t\r\n") != NULL))
		return not_a(err, f, text, "one line of at most 200 bytes");
	/* ISO dates compare as text does. */
	if (c != NULL && c->valid_to != NULL && on != NULL && strncmp(on, c->valid_to, strlen(c->valid_to)) > 0)
		return err_set(err, ERR_INVALID, "%s: %s ended on %s", f->name, c->code, c->valid_to);
	if (c != NULL && c->valid_from != NULL && on != NULL && strncmp(on, c->valid_from, strlen(c->valid_from)) < 0)
		return err_set(err, ERR_INVALID, "%s: %s begins on %s", f->name, c->code, c->valid_from);
	write_text(out, c != NULL ? c->code : text);
	return ERR_OK;
}

static enum err_code
ref_from_text(struct buf *out, const struct profile_field *f, const char *text, struct err *err)
{
	uint8_t id[16];

	if (!hex_decode(id, sizeof(id), text))
		return not_a(err, f, text, "an id of 32 hex digits");
	wr_bin(out, id, sizeof(id));
	return ERR_OK;
}

enum err_code
value_from_text(struct buf *out, const struct profile_field *f, const char *text, const char *on, struct err *err)
{
	int64_t ms;
	int16_t offset;

	if (!text_valid(text))
		return err_set(err, ERR_INVALID, "%s: is not UTF-8 text without control characters", f->name);
	switch (f->type) {
	case VT_TEXT:
		break;
	case VT_INTEGER:
		return integer_from_text(out, f, text, err);
	case VT_DECIMAL:
		return decimal_from_text(out, f, text, err);
	case VT_BOOL:
		return bool_from_text(out, f, text, err);
	case VT_DATE:
		if (!date_valid(text))
			return not_a(err, f, text, "a date (YYYY-MM-DD)");
		break;
	case VT_TIME:
		if (!clock_valid(text))
			return not_a(err, f, text, "a time of day (HH:MM)");
		break;
	case VT_DATETIME:
		if (!time_parse(text, &ms, &offset))
			return not_a(err, f, text, "a date and time with offset (RFC 3339)");
		break;
	case VT_CHOICE:
		return choice_from_text(out, f, text, on, err);
	case VT_REF:
		return ref_from_text(out, f, text, err);
	case VT_LANGUAGE:
		if (!language_valid(text))
			return not_a(err, f, text, "a language tag (sv, ar, prs)");
		break;
	}
	write_text(out, text);
	return ERR_OK;
}

static enum err_code
number_from_json(struct buf *out, const struct profile_field *f, const json_t *v, struct err *err)
{
	if (f->type != VT_INTEGER && f->type != VT_DECIMAL)
		return err_set(err, ERR_INVALID, "%s: a number is not what it holds", f->name);
	if (json_is_real(v) && f->type == VT_DECIMAL) {
		write_number(out, json_real_value(v));
		return ERR_OK;
	}
	if (!json_is_integer(v))
		return err_set(err, ERR_INVALID, "%s: %g is not a whole number", f->name, json_real_value(v));
	if (json_integer_value(v) > INTEGER_MAX || json_integer_value(v) < -INTEGER_MAX)
		return err_set(err, ERR_INVALID, "%s: the number is too large", f->name);
	wr_int(out, json_integer_value(v));
	return ERR_OK;
}

enum err_code
value_from_json(struct buf *out, const struct profile_field *f, const json_t *v, const char *on, struct err *err)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return value_from_text(out, f, json_string_value(v), on, err);
	case JSON_INTEGER:
	case JSON_REAL:
		return number_from_json(out, f, v, err);
	case JSON_TRUE:
	case JSON_FALSE:
		if (f->type != VT_BOOL)
			return err_set(err, ERR_INVALID, "%s: true or false is not what it holds", f->name);
		wr_bool(out, json_is_true(v));
		return ERR_OK;
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return err_set(err, ERR_INVALID, "%s: its value must be text, a number, true or false", f->name);
}
