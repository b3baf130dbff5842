/*
 * The letter that checks makes Σ i·vᵢ ≡ 0 (mod 29), i from 1. 29 is prime and
 * larger than any code is long, so the weights differ and none is zero: one
 * changed letter changes the sum, and so do two that changed places.
 */
#include "casework/code.h"

#include <stdio.h>

static const char LETTERS[] = "23456789ABCDEFGHJKMNPRSTVWXYZ";
enum { BASE = 29, CARD_LETTERS = 10, SLIP_LETTERS = 28, TYPED_MAX = 160 };

static int
letter_value(char c)
{
	const char *at;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	at = c == '\0' ? NULL : strchr(LETTERS, c);
	return at == NULL ? -1 : (int)(at - LETTERS);
}

static unsigned
weighted(const uint8_t *v, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (unsigned)(i + 1) * v[i];
	return sum % BASE;
}

/* The last of n values, from those before it. */
static void
add_check(uint8_t *v, size_t n)
{
	for (v[n - 1] = 0; weighted(v, n) != 0; v[n - 1]++)
		;
}

static char *
print_groups(char *out, const uint8_t *v, size_t n, size_t group)
{
	char *p = out;

	for (size_t i = 0; i < n; i++) {
		if (group > 0 && i > 0 && i % group == 0)
			*p++ = '-';
		*p++ = LETTERS[v[i]];
	}
	*p = '\0';
	return out;
}

/* v becomes the big number in `id`, base 29, most significant first. */
static void
id_to_values(uint8_t v[SLIP_LETTERS], const struct record_id *id)
{
	uint8_t left[16];

	memcpy(left, id->b, sizeof(left));
	for (size_t i = SLIP_LETTERS - 1; i-- > 0;) {
		unsigned rest = 0;

		for (size_t k = 0; k < sizeof(left); k++) {
			rest = rest << 8 | left[k];
			left[k] = (uint8_t)(rest / BASE);
			rest %= BASE;
		}
		v[i] = (uint8_t)rest;
	}
	add_check(v, SLIP_LETTERS);
}

/* False when the number is larger than any id. */
static bool
values_to_id(struct record_id *id, const uint8_t v[SLIP_LETTERS])
{
	memset(id, 0, sizeof(*id));
	for (size_t i = 0; i + 1 < SLIP_LETTERS; i++) {
		unsigned carry = v[i];

		for (size_t k = sizeof(id->b); k-- > 0;) {
			carry += (unsigned)id->b[k] * BASE;
			id->b[k] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry != 0)
			return false;
	}
	return true;
}

char *
card_code_make(char out[CARD_CODE_BYTES], const uint8_t random[CARD_RANDOM_BYTES])
{
	uint8_t v[CARD_LETTERS], left[CARD_RANDOM_BYTES];

	memcpy(left, random, sizeof(left));
	for (size_t i = 0; i + 1 < CARD_LETTERS; i++) {
		unsigned rest = 0;

		for (size_t k = 0; k < sizeof(left); k++) {
			rest = rest << 8 | left[k];
			left[k] = (uint8_t)(rest / BASE);
			rest %= BASE;
		}
		v[i] = (uint8_t)rest;
	}
	add_check(v, CARD_LETTERS);
	return print_groups(out, v, CARD_LETTERS, 5);
}

char *
slip_code_make(char out[SLIP_CODE_BYTES], const struct record_id *id)
{
	uint8_t v[SLIP_LETTERS];

	id_to_values(v, id);
	return print_groups(out, v, SLIP_LETTERS, 4);
}

char *
card_uri(char out[CODE_URI_BYTES], const char *card_code)
{
	snprintf(out, CODE_URI_BYTES, "FALTBOK:C:%.5s%.5s", card_code, card_code + 6);
	return out;
}

char *
slip_uri(char out[CODE_URI_BYTES], const struct record_id *of, const struct record_id *referral)
{
	char first[SLIP_LETTERS + 1], second[SLIP_LETTERS + 1];
	uint8_t v[SLIP_LETTERS];

	id_to_values(v, of);
	print_groups(first, v, SLIP_LETTERS, 0);
	if (referral != NULL) {
		id_to_values(v, referral);
		print_groups(second, v, SLIP_LETTERS, 0);
	}
	snprintf(out, CODE_URI_BYTES, "FALTBOK:S:%s%s%s", first, referral != NULL ? ":" : "", referral != NULL ? second : "");
	return out;
}

/* ---- reading ---- */

/* The letters up to the end or a colon, as values; *text moves on. */
static enum err_code
read_values(const char **text, uint8_t *v, size_t max, size_t *count, struct err *err)
{
	*count = 0;
	for (; **text != '\0' && **text != ':'; ++*text) {
		int value = letter_value(**text);

		if (**text == ' ' || **text == '-' || **text == '\t' || **text == '\n' || **text == '\r')
			continue;
		if (value < 0)
			return err_set(err, ERR_INVALID, "code: \"%c\" is in no code: there are no I, L, O, Q, U, 0 and 1 in them",
			               **text > ' ' && **text < 0x7f ? **text : '?');
		if (*count == max)
			return err_set(err, ERR_INVALID, "code: too long: a card has %d letters, a slip %d", CARD_LETTERS, SLIP_LETTERS);
		v[(*count)++] = (uint8_t)value;
	}
	return ERR_OK;
}

static enum err_code
check_values(const uint8_t *v, size_t n, struct err *err)
{
	if (weighted(v, n) == 0)
		return ERR_OK;
	return err_set(err, ERR_INVALID, "code: a letter is wrong, or two have changed places; read it once more");
}

static enum err_code
read_slip(struct code *out, const char **text, struct record_id *id, struct err *err)
{
	uint8_t v[SLIP_LETTERS];
	size_t count;
	enum err_code rc = read_values(text, v, SLIP_LETTERS, &count, err);

	out->kind = CODE_SLIP;
	if (rc == ERR_OK && count != SLIP_LETTERS)
		rc = err_set(err, ERR_INVALID, "code: %zu letters; a slip has %d", count, SLIP_LETTERS);
	if (rc == ERR_OK)
		rc = check_values(v, SLIP_LETTERS, err);
	if (rc != ERR_OK)
		return rc;
	return values_to_id(id, v) ? ERR_OK : err_set(err, ERR_INVALID, "code: it names no record");
}

static enum err_code
read_typed(struct code *out, const char *text, struct err *err)
{
	uint8_t v[SLIP_LETTERS];
	size_t count;
	enum err_code rc = read_values(&text, v, SLIP_LETTERS, &count, err);

	if (rc == ERR_OK && (*text == ':' || (count != CARD_LETTERS && count != SLIP_LETTERS)))
		rc = err_set(err, ERR_INVALID, "code: %zu letters; a card has %d, a slip %d", count, CARD_LETTERS, SLIP_LETTERS);
	if (rc == ERR_OK)
		rc = check_values(v, count, err);
	if (rc != ERR_OK)
		return rc;
	out->kind = count == CARD_LETTERS ? CODE_CARD : CODE_SLIP;
	if (out->kind == CODE_CARD)
		print_groups(out->card, v, CARD_LETTERS, 5);
	else if (!values_to_id(&out->of, v))
		return err_set(err, ERR_INVALID, "code: it names no record");
	return ERR_OK;
}

static bool
begins(const char *text, const char *with)
{
	for (; *with != '\0'; text++, with++)
		if (*text != *with && !(*text >= 'a' && *text <= 'z' && *text - 'a' + 'A' == *with))
			return false;
	return true;
}

enum err_code
code_read(struct code *out, const char *text, struct err *err)
{
	static const char SCHEME[] = "FALTBOK:";
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	while (*text == ' ')
		text++;
	if (strlen(text) > TYPED_MAX)
		return err_set(err, ERR_INVALID, "code: too long: a card has %d letters, a slip %d", CARD_LETTERS, SLIP_LETTERS);
	if (!begins(text, SCHEME))
		return read_typed(out, text, err);
	text += sizeof(SCHEME) - 1;
	if (begins(text, "C:")) {
		rc = read_typed(out, text + 2, err);
		return rc == ERR_OK && out->kind != CODE_CARD ? err_set(err, ERR_INVALID, "code: this is no card") : rc;
	}
	if (!begins(text, "S:"))
		return err_set(err, ERR_INVALID, "code: a newer program made this one, or it is no code of ours");
	text += 2;
	rc = read_slip(out, &text, &out->of, err);
	if (rc == ERR_OK && *text == ':') {
		text++;
		out->has_referral = true;
		rc = read_slip(out, &text, &out->referral, err);
	}
	return rc == ERR_OK && *text != '\0' ? err_set(err, ERR_INVALID, "code: something follows it") : rc;
}
