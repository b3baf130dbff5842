/*
 * Prints proto/vectors/day.json: what a second implementation of proto/day.md
 * must agree with. Codes and what they mean, letters of tickets, ids that
 * follow from others, a desk. Bytes are hex.
 */
#include <stdlib.h>
#include <string.h>

#include "casework/code.h"
#include "casework/desk.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "json.h"

static struct record_id
id_from(uint8_t from)
{
	struct record_id id;

	for (size_t i = 0; i < sizeof(id.b); i++)
		id.b[i] = (uint8_t)(from + i);
	return id;
}

static void
print_slip(struct record_id of, const struct record_id *referral)
{
	char code[SLIP_CODE_BYTES], uri[CODE_URI_BYTES];

	json_open(NULL, '{');
	json_hex("case", of.b, 16);
	if (referral != NULL)
		json_hex("referral", referral->b, 16);
	json_text("code", slip_code_make(code, &of));
	json_text("scanned", slip_uri(uri, &of, referral));
	json_close('}');
}

static void
print_card(const uint8_t random[CARD_RANDOM_BYTES])
{
	char code[CARD_CODE_BYTES], uri[CODE_URI_BYTES];

	json_open(NULL, '{');
	json_hex("random", random, CARD_RANDOM_BYTES);
	json_text("code", card_code_make(code, random));
	json_text("scanned", card_uri(uri, code));
	json_close('}');
}

static void
print_codes(void)
{
	static const uint8_t zero[16], ones[16] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
	struct record_id low, high, a = id_from(0), b = id_from(0x80);

	memcpy(low.b, zero, 16);
	memcpy(high.b, ones, 16);
	json_open("slips", '[');
	print_slip(low, NULL);
	print_slip(high, NULL);
	print_slip(a, NULL);
	print_slip(b, &a);
	json_close(']');
	json_open("cards", '[');
	print_card(zero);
	print_card(ones);
	print_card(a.b);
	json_close(']');
}

static void
print_refused(void)
{
	static const struct { const char *why, *text; } cases[] = {
		{ "a letter that no code has", "7KDMR-9XWPO" }, { "a wrong letter", "22222-22223" }, { "neither card nor slip", "2222" },
		{ "larger than any id", "ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZ2" }, { "another kind", "FALTBOK:Z:2222222222" },
	};

	json_open("refused", '[');
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct code c;

		if (code_read(&c, cases[i].text, NULL) == ERR_OK)
			exit(1);
		json_open(NULL, '{');
		json_text("why", cases[i].why);
		json_text("text", cases[i].text);
		json_close('}');
	}
	json_close(']');
}

static void
print_ids(void)
{
	static const char *const what[] = { "case", "action", "en anteckning" };
	struct record_id visit = id_from(0x10), session = id_from(0x20), volunteer = id_from(0x30), out;

	json_open("ids", '{');
	json_hex("visit", visit.b, 16);
	for (size_t i = 0; i < COUNT_OF(what); i++) {
		HC(out.b, 16, BYTES_NONE, "fb1/visit", BYTES_OF(visit), BYTES_STR(what[i]));
		json_hex(what[i], out.b, 16);
	}
	json_hex("session", session.b, 16);
	json_hex("volunteer", volunteer.b, 16);
	HC(out.b, 16, BYTES_NONE, "fb1/hours", BYTES_OF(session), BYTES_OF(volunteer));
	json_hex("hours", out.b, 16);
	json_close('}');
}

static void
print_letters(void)
{
	enum { DEVICES = 40 };
	struct device_id dev[DEVICES];
	char letters[DESK_LETTERS_MAX + 1];

	for (size_t i = 0; i < DEVICES; i++)
		memcpy(dev[i].b, id_from((uint8_t)(i * 3)).b, 16);
	json_open("letters", '[');
	for (size_t i = 0; i < DEVICES; i++) {
		desk_letters(letters, &dev[i], dev, DEVICES);
		json_open(NULL, '{');
		json_hex("device", dev[i].b, 16);
		json_text("letters", letters);
		json_close('}');
	}
	json_close(']');
}

static void
print_desk(void)
{
	struct day_desk d;
	struct buf out = BUF_INIT;
	struct queue_place *p;

	desk_init(&d);
	d.has_session = true;
	d.session = id_from(0x20);
	p = desk_add_place(&d, "A", 1561960800000, NULL);
	if (p == NULL || desk_put_draft(&d, "visit", "{}", 1561960801000, NULL) != ERR_OK)
		exit(1);
	memcpy(p->id, id_from(0x40).b, 16);
	p->state = PLACE_CALLED;
	p->called_ms = 1561961700000;
	p->deadline_today = true;
	p->minutes = 20;
	p->has_session = true;
	p->session = d.session;
	memcpy(p->language, "ar", 3);
	memcpy(p->topic, "housing", 8);
	if (desk_encode(&out, &d, NULL) != ERR_OK)
		exit(1);
	json_hex("desk", out.p, out.len);
	desk_free(&d);
	buf_free(&out);
}

int
main(void)
{
	if (!crypto_start())
		return 1;
	printf("{");
	json_first = true;
	json_text("spec", "proto/day.md");
	print_codes();
	print_refused();
	print_letters();
	print_ids();
	print_desk();
	printf("\n}\n");
	return 0;
}
