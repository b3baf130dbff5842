/* proto/relay.md: the links that lead through a hub, and a hub that carries what it cannot read. */
#define _GNU_SOURCE
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "hub/relay.h"
#include "link/frame.h"
#include "link/relay.h"
#include "org/ops.h"
#include "site.h"

static const uint8_t secret[16] = { 1, 2, 3 }, other_secret[16] = { 1, 2, 4 };
static const uint8_t keys[2][32] = { { 8 }, { 16 } }, ephemeral[2][32] = { { 24 }, { 32 } };

/* ---- one link ---- */

struct ends { struct relay *dialler, *hub; };

/* All that is in `wire` is heard; the last event that is one. */
static enum err_code
hear(struct relay *r, struct buf *wire, struct buf *answer, enum relay_event *last, struct buf *got)
{
	struct bytes in = buf_bytes(wire), bytes;
	enum relay_event what = RELAY_OPEN;
	enum err_code rc = ERR_OK;

	*last = RELAY_MORE;
	while (rc == ERR_OK && what != RELAY_MORE) {
		rc = relay_receive(r, &in, answer, &what, &bytes, NULL);
		if (rc == ERR_OK && what != RELAY_MORE)
			*last = what;
		if (rc == ERR_OK && got != NULL)
			buf_put_bytes(got, bytes);
	}
	buf_clear(wire);
	return rc;
}

static struct ends
ends_open(enum relay_end dialler, enum relay_end hub)
{
	struct buf to_hub = BUF_INIT, to_dialler = BUF_INIT;
	enum relay_event what;
	uint8_t psk[32];
	struct ends e;

	relay_join_psk(psk, secret);
	e.dialler = relay_new(dialler, keys[0], ephemeral[0], psk);
	e.hub = relay_new(hub, keys[1], ephemeral[1], psk);
	assert_int_equal(relay_start(e.dialler, &to_hub, NULL), ERR_OK);
	while (to_hub.len > 0) {
		assert_int_equal(hear(e.hub, &to_hub, &to_dialler, &what, NULL), ERR_OK);
		assert_int_equal(hear(e.dialler, &to_dialler, &to_hub, &what, NULL), ERR_OK);
	}
	assert_true(relay_is_open(e.dialler) && relay_is_open(e.hub));
	buf_free(&to_hub);
	buf_free(&to_dialler);
	return e;
}

static void
ends_close(struct ends *e)
{
	relay_free(e->dialler);
	relay_free(e->hub);
}

/* One thing is said and heard without an answer. */
#define TELL(call, to, want)                                                          \
	do {                                                                          \
		struct buf wire_ = BUF_INIT, none_ = BUF_INIT;                        \
		enum relay_event what_;                                               \
		struct buf *out = &wire_;                                             \
		assert_int_equal((call), ERR_OK);                                     \
		assert_int_equal(hear((to), &wire_, &none_, &what_, NULL), ERR_OK);   \
		assert_int_equal(what_, (want));                                      \
		assert_int_equal(none_.len, 0);                                       \
		buf_free(&wire_);                                                     \
	} while (0)

static void
open_pair(struct ends *e)
{
	uint8_t psk[32];

	relay_join_psk(psk, secret);
	TELL(relay_offer(e->dialler, psk, out, NULL), e->hub, RELAY_OFFERED);
	assert_memory_equal(relay_psk(e->hub), psk, 32);
	TELL(relay_held(e->hub, out, NULL), e->dialler, RELAY_HELD);
	TELL(relay_knock(e->hub, out, NULL), e->dialler, RELAY_KNOCKED);
}

static void
bytes_pass_in_order_and_whole_and_the_psk_is_forgotten(void **state)
{
	static const uint8_t zeroes[32];
	struct ends e = ends_open(RELAY_INVITER, RELAY_DESK);
	struct buf sent = BUF_INIT, wire = BUF_INIT, none = BUF_INIT, got = BUF_INIT;
	enum relay_event what;

	(void)state;
	open_pair(&e);
	assert_memory_equal(relay_psk(e.hub), zeroes, 32);
	for (size_t i = 0; i < 200000; i++)
		buf_put_u8(&sent, (uint8_t)(i * 7 >> 3));
	assert_int_equal(relay_bytes(e.dialler, buf_bytes(&sent), &wire, NULL), ERR_OK);
	assert_int_equal(hear(e.hub, &wire, &none, &what, &got), ERR_OK);
	assert_true(bytes_equal(buf_bytes(&got), buf_bytes(&sent)));
	buf_free(&sent);
	buf_free(&wire);
	buf_free(&got);
	ends_close(&e);
}

static void
what_crosses_a_goodbye_is_dropped_and_the_next_newcomer_gets_none_of_it(void **state)
{
	struct ends e = ends_open(RELAY_INVITER, RELAY_DESK);
	struct buf late = BUF_INIT, none = BUF_INIT, got = BUF_INIT;
	enum relay_event what;

	(void)state;
	open_pair(&e);
	assert_int_equal(relay_bytes(e.dialler, BYTES_STR("to the first"), &late, NULL), ERR_OK);
	assert_int_equal(relay_gone(e.dialler, &late, NULL), ERR_OK);
	TELL(relay_gone(e.hub, out, NULL), e.dialler, RELAY_GONE);
	assert_int_equal(hear(e.hub, &late, &none, &what, &got), ERR_OK);
	assert_int_equal(what, RELAY_MORE);
	open_pair(&e);
	assert_int_equal(relay_bytes(e.dialler, BYTES_STR("to the second"), &late, NULL), ERR_OK);
	assert_int_equal(hear(e.hub, &late, &none, &what, &got), ERR_OK);
	assert_true(bytes_equal(buf_bytes(&got), BYTES_STR("to the second")));
	buf_free(&late);
	buf_free(&got);
	ends_close(&e);
}

static void
a_newcomer_who_says_too_much_is_heard_no_longer(void **state)
{
	static uint8_t much[RELAY_TO_INVITER_MAX + 1];
	struct ends e = ends_open(RELAY_NEWCOMER, RELAY_DOOR);
	struct buf wire = BUF_INIT, none = BUF_INIT;
	enum relay_event what;

	(void)state;
	assert_int_equal(relay_bytes(e.dialler, BYTES(much, sizeof(much) - 1), &wire, NULL), ERR_OK);
	assert_int_equal(hear(e.hub, &wire, &none, &what, NULL), ERR_OK);
	assert_int_equal(relay_bytes(e.dialler, BYTES(much, 1), &wire, NULL), ERR_OK);
	assert_int_equal(hear(e.hub, &wire, &none, &what, NULL), ERR_TOO_BIG);
	buf_free(&wire);
	ends_close(&e);
}

static void
an_inviter_gets_so_many_newcomers_on_one_link_and_no_more(void **state)
{
	struct ends e = ends_open(RELAY_INVITER, RELAY_DESK);
	struct buf wire = BUF_INIT, none = BUF_INIT;
	enum relay_event what;

	(void)state;
	for (int i = 0; i < RELAY_NEWCOMERS_MAX; i++) {
		open_pair(&e);
		TELL(relay_gone(e.hub, out, NULL), e.dialler, RELAY_GONE);
	}
	assert_int_equal(relay_offer(e.dialler, keys[0], &wire, NULL), ERR_OK);
	assert_int_equal(hear(e.hub, &wire, &none, &what, NULL), ERR_TOO_BIG);
	buf_free(&wire);
	ends_close(&e);
}

static void
signs_of_life_are_answered_so_many_times(void **state)
{
	struct ends e = ends_open(RELAY_NEWCOMER, RELAY_DOOR);
	struct buf wire = BUF_INIT, answer = BUF_INIT, none = BUF_INIT;
	enum relay_event what;

	(void)state;
	for (int i = 0; i < RELAY_STILL_MAX; i++) {
		assert_int_equal(relay_still(e.dialler, &wire, NULL), ERR_OK);
		assert_int_equal(hear(e.hub, &wire, &answer, &what, NULL), ERR_OK);
		assert_int_equal(hear(e.dialler, &answer, &none, &what, NULL), ERR_OK);
		assert_int_equal(what, RELAY_MORE);
	}
	assert_int_equal(relay_still(e.dialler, &wire, NULL), ERR_OK);
	assert_int_equal(hear(e.hub, &wire, &answer, &what, NULL), ERR_TOO_BIG);
	buf_free(&wire);
	buf_free(&answer);
	ends_close(&e);
}

/* What an end hears first, in a link that opened. */
static void
messages_out_of_turn_or_out_of_form_end_the_link(void **state)
{
	static const struct { const char *name; enum relay_end end; uint8_t m[8]; size_t len; enum err_code want; } cases[] = {
		{ "NO is heard at any time", RELAY_INVITER, { 0x92, 7, 1 }, 3, ERR_OK },
		{ "NO with a reason of a later version", RELAY_NEWCOMER, { 0x92, 7, 0x7f }, 3, ERR_OK },
		{ "NO without a reason", RELAY_NEWCOMER, { 0x92, 7, 0 }, 3, ERR_MALFORMED },
		{ "NO to a hub", RELAY_DESK, { 0x92, 7, 1 }, 3, ERR_MALFORMED },
		{ "HELD without an offer", RELAY_INVITER, { 0x91, 2 }, 2, ERR_MALFORMED },
		{ "KNOCK without an offer", RELAY_INVITER, { 0x91, 3 }, 2, ERR_MALFORMED },
		{ "BYTES with nobody there", RELAY_INVITER, { 0x92, 4, 0xc4, 1, 0 }, 5, ERR_MALFORMED },
		{ "BYTES before an offer", RELAY_DESK, { 0x92, 4, 0xc4, 1, 0 }, 5, ERR_MALFORMED },
		{ "GONE before an offer", RELAY_DESK, { 0x91, 5 }, 2, ERR_MALFORMED },
		{ "an offer that is too short", RELAY_DESK, { 0x92, 1, 0xc4, 1, 0 }, 5, ERR_MALFORMED },
		{ "an offer by a newcomer", RELAY_DOOR, { 0x92, 1, 0xc4, 1, 0 }, 5, ERR_MALFORMED },
		{ "BYTES of a newcomer", RELAY_DOOR, { 0x92, 4, 0xc4, 1, 0 }, 5, ERR_OK },
		{ "no BYTES in BYTES", RELAY_DOOR, { 0x92, 4, 0xc4, 0 }, 4, ERR_MALFORMED },
		{ "one field too many", RELAY_DOOR, { 0x93, 4, 0xc4, 1, 0, 0 }, 6, ERR_MALFORMED },
		{ "an unknown number", RELAY_DOOR, { 0x91, 8 }, 2, ERR_MALFORMED },
		{ "not an array", RELAY_DOOR, { 6 }, 1, ERR_MALFORMED },
		{ "a sign of life", RELAY_DESK, { 0x91, 6 }, 2, ERR_OK },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool hub = cases[i].end == RELAY_DESK || cases[i].end == RELAY_DOOR;
		const char *prologue = cases[i].end == RELAY_INVITER || cases[i].end == RELAY_DESK ? "fb1/relay/1" : "fb1/join/hub/1";
		struct buf to = BUF_INIT, from = BUF_INIT;
		uint8_t psk[1][32];
		enum link_event event;
		enum relay_event what;
		struct relay *r;
		struct link *l;
		struct bytes in, message;

		relay_join_psk(psk[0], secret);
		l = link_new_for(prologue, hub, keys[0], ephemeral[0], (const uint8_t (*)[32])psk, 1);
		r = relay_new(cases[i].end, keys[1], ephemeral[1], psk[0]);
		assert_int_equal(hub ? link_start(l, &to, NULL) : relay_start(r, &from, NULL), ERR_OK);
		while (!link_is_open(l) || !relay_is_open(r)) {
			in = buf_bytes(&from);
			assert_int_equal(link_receive(l, &in, &to, &event, &message, NULL), ERR_OK);
			buf_clear(&from);
			assert_int_equal(hear(r, &to, &from, &what, NULL), ERR_OK);
		}
		assert_int_equal(link_send(l, BYTES(cases[i].m, cases[i].len), &to, NULL), ERR_OK);
		CHECK_CASE(cases[i].name, hear(r, &to, &from, &what, NULL), cases[i].want);
		relay_free(r);
		link_free(l);
		buf_free(&to);
		buf_free(&from);
	}
}

static void
the_first_bytes_tell_the_doors_apart(void **state)
{
	uint8_t psks[3][32];
	struct buf first = BUF_INIT;
	struct relay *r;

	(void)state;
	relay_join_psk(psks[0], other_secret);
	memset(psks[1], 7, 32);
	relay_join_psk(psks[2], secret);
	r = relay_new(RELAY_NEWCOMER, keys[0], ephemeral[0], psks[2]);
	assert_int_equal(relay_start(r, &first, NULL), ERR_OK);
	assert_int_equal(first.len, RELAY_FIRST_BYTES);
	assert_int_equal(relay_which(RELAY_DOOR, first.p, (const uint8_t (*)[32])psks, 3), 2);
	assert_true(relay_which(RELAY_DOOR, first.p, (const uint8_t (*)[32])psks, 2) == SIZE_MAX);
	assert_true(relay_which(RELAY_DESK, first.p, (const uint8_t (*)[32])psks, 3) == SIZE_MAX);
	assert_true(relay_which(RELAY_DOOR, first.p, (const uint8_t (*)[32])psks, 0) == SIZE_MAX);
	first.p[40] ^= 1;
	assert_true(relay_which(RELAY_DOOR, first.p, (const uint8_t (*)[32])psks, 3) == SIZE_MAX);
	relay_free(r);
	buf_free(&first);
}

/* HUBTESTS */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_pass_in_order_and_whole_and_the_psk_is_forgotten),
		cmocka_unit_test(what_crosses_a_goodbye_is_dropped_and_the_next_newcomer_gets_none_of_it),
		cmocka_unit_test(a_newcomer_who_says_too_much_is_heard_no_longer),
		cmocka_unit_test(an_inviter_gets_so_many_newcomers_on_one_link_and_no_more),
		cmocka_unit_test(signs_of_life_are_answered_so_many_times),
		cmocka_unit_test(messages_out_of_turn_or_out_of_form_end_the_link),
		cmocka_unit_test(the_first_bytes_tell_the_doors_apart),
	};

	if (!crypto_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
