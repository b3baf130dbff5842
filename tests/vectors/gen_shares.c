/*
 * Prints proto/vectors/shares.json: printed shares as people type them, and texts that are none.
 *
 *   texts: [{ name, text: its bytes, accept, trustee, first, second }…]
 *   sheets: [{ name, text, bad: one that begins does not read, shares: [{ trustee, first, second }…] }…]
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "../unit/fixed_env.h"
#include "crypto/guard.h"
#include "crypto/words.h"
#include "json.h"

static void
print_share_text(const char *name, const char *text, bool want)
{
	struct share s;

	assert(share_parse(&s, text) == want);
	json_open(NULL, '{');
	json_text("name", name);
	json_hex("text", text, strlen(text));
	json_bool("accept", want);
	if (want) {
		json_uint("trustee", s.trustee);
		json_hex("first", s.part[0], 32);
		json_hex("second", s.part[1], 32);
	}
	json_close('}');
}

/* One digit, or what stands there, replaced. */
static void
print_share_with(const char *name, const char *good, size_t at, char c)
{
	char text[SHARE_TEXT_BYTES];

	assert(strlen(good) < sizeof(text) && at < strlen(good) && good[at] != c);
	strcpy(text, good);
	text[at] = c;
	print_share_text(name, text, false);
}

static char
other_digit(char c)
{
	return c == '0' ? '1' : '0';
}

static void
print_typed_shares(const char *good)
{
	enum { HEAD = 11, HALF = 18 * 5 }; /* "fb-share-T-", and the groups of one half with their dashes */
	char text[3 * SHARE_TEXT_BYTES];
	size_t n = 0;

	for (const char *at = good; *at != '\0'; at++)
		text[n++] = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at == '-' ? ' ' : *at;
	text[n] = '\0';
	print_share_text("capitals, and spaces for dashes", text, true);
	n = 0;
	for (const char *at = good; *at != '\0'; at++)
		if (*at != '-')
			text[n++] = *at;
	text[n] = '\0';
	print_share_text("without dashes", text, true);
	sprintf(text, "  \t%.*s\n%s\n", HEAD + HALF, good, good + HEAD + HALF);
	print_share_text("on two lines", text, true);
	sprintf(text, "%.*s%s", HEAD - 1, good, good + HEAD + HALF - 1);
	print_share_text("one half only", text, false);
	sprintf(text, "%.*s%.*s-%.*s", HEAD, good, HALF - 1, good + HEAD + HALF, HALF - 1, good + HEAD);
	print_share_text("its halves the other way round", text, false);
	sprintf(text, "%.*s%.*s-%.*s", HEAD, good, HALF - 1, good + HEAD, HALF - 1, good + HEAD);
	print_share_text("its first half twice", text, false);
}

static void
print_share_texts(struct env *env)
{
	uint8_t secret[32], random[96];
	char good[3][SHARE_TEXT_BYTES], text[3 * SHARE_TEXT_BYTES];
	struct share s[3];
	size_t len;

	env_random(env, secret, sizeof(secret));
	env_random(env, random, sizeof(random));
	shares_split(s, secret, random);
	json_open("texts", '[');
	for (int i = 0; i < 3; i++)
		print_share_text("as it is printed", share_print(good[i], &s[i]), true);
	print_typed_shares(good[1]);
	len = strlen(good[0]);
	print_share_with("a trustee 0", good[0], 9, '0');
	print_share_with("another's number", good[0], 9, '2');
	print_share_with("a trustee 4", good[0], 9, '4');
	print_share_with("another head", good[0], 0, 'x');
	for (size_t at = 11; at < len; at += 13) /* of both halves and of their sums */
		if (good[0][at] != '-')
			print_share_with("a wrong digit", good[0], at, other_digit(good[0][at]));
	print_share_with("the last digit wrong", good[0], len - 1, other_digit(good[0][len - 1]));
	print_share_with("a letter that is no digit", good[0], 12, 'g');
	print_share_with("a sign between", good[0], 15, '.');
	print_share_text("nothing", "", false);
	print_share_text("its head only", "fb-share-1", false);
	sprintf(text, "%.*s", (int)len - 1, good[0]);
	print_share_text("a digit short", text, false);
	sprintf(text, "%s0", good[0]);
	print_share_text("a digit too many", text, false);
	sprintf(text, "%s %s", good[0], good[1]);
	print_share_text("two shares", text, false);
	sprintf(text, "%s and more", good[0]);
	print_share_text("words behind it", text, false);
	sprintf(text, "share: %s", good[0]);
	print_share_text("words before it", text, false);
	json_close(']');
}

/* ---- sheets ---- */

static void
print_sheet(const char *name, const char *text, size_t want, bool want_bad)
{
	struct share s[4];
	bool bad;
	size_t n = shares_on_sheet(s, 4, text, &bad);

	assert(n == want && bad == want_bad);
	json_open(NULL, '{');
	json_text("name", name);
	json_hex("text", text, strlen(text));
	json_bool("bad", bad);
	json_open("shares", '[');
	for (size_t i = 0; i < n; i++) {
		json_open(NULL, '{');
		json_uint("trustee", s[i].trustee);
		json_hex("first", s[i].part[0], 32);
		json_hex("second", s[i].part[1], 32);
		json_close('}');
	}
	json_close(']');
	json_close('}');
}

static void
print_sheets(struct env *env)
{
	enum { ROOM = 5 * SHARE_TEXT_BYTES };
	uint8_t secret[32], random[96];
	char one[SHARE_TEXT_BYTES], two[SHARE_TEXT_BYTES], text[ROOM], folded[2 * SHARE_TEXT_BYTES];
	struct share s[3];
	size_t n = 0;

	env_random(env, secret, sizeof(secret));
	env_random(env, random, sizeof(random));
	shares_split(s, secret, random);
	share_print(one, &s[0]);
	share_print(two, &s[2]);
	json_open("sheets", '[');
	print_sheet("nothing on it", "Rotens andel: se kuvertet.\n", 0, false);
	snprintf(text, ROOM, "Förtroendeperson 1\n\nRoten:\n  %s\n\nEscrow:\n  %s\n\nSpara på ett säkert ställe.\n", one, two);
	print_sheet("two, among words", text, 2, false);
	for (const char *at = one; *at != '\0'; at++) {
		folded[n++] = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
		if ((at - one) % 38 == 37) {
			folded[n++] = '\r';
			folded[n++] = '\n';
		}
	}
	folded[n] = '\0';
	snprintf(text, ROOM, "Share of the root: %s; the end", folded);
	print_sheet("in capitals, on several lines, with a sign right behind", text, 1, false);
	snprintf(text, ROOM, "%s%s", one, two);
	print_sheet("one right behind the other", text, 2, false);
	snprintf(text, ROOM, "%s\n%s\n", one, one);
	print_sheet("the same twice", text, 2, false);
	snprintf(text, ROOM, "%s\n%s\n", one, two);
	text[12] = other_digit(text[12]);
	print_sheet("the first of two damaged", text, 1, true);
	snprintf(text, ROOM, "%.*s", (int)strlen(one) - 3, one);
	print_sheet("cut off", text, 0, true);
	snprintf(text, ROOM, "%.*s… %s", 40, one, two);
	print_sheet("one cut off, and another behind it", text, 1, true);
	snprintf(text, ROOM, "%.*s%*s%s", 60, one, 260, "", one + 60);
	print_sheet("spread out too far", text, 0, true);
	snprintf(text, ROOM, "fb-shares are kept apart. %s", two);
	print_sheet("a word that begins like one", text, 1, true);
	snprintf(text, ROOM, "fbshare%s", one + 8);
	print_sheet("without the dash in its head", text, 0, false);
	json_close(']');
}

int
main(void)
{
	struct fixed_env fixed;

	assert(crypto_start());
	printf("{\"spec\": \"proto/keystore.md, 4\"");
	fixed_env_init(&fixed);
	print_share_texts(&fixed.env);
	print_sheets(&fixed.env);
	printf("\n}\n");
	return 0;
}
