/* The handshake against published vectors, and what it refuses; then frames. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "codec/strict.h"
#include "crypto/guard.h"
#include "link/frame.h"
#include "link/noise.h"
#include "link/once.h"
#include "noise_vectors.h"

/* Both psk tokens in one pattern: only the vectors need it. */
static const struct noise_pattern xxpsk0psk3 = {
	"Noise_XXpsk0+psk3_25519_ChaChaPoly_SHA256", true,
	{ { NOISE_PSK, NOISE_E }, { NOISE_E, NOISE_EE, NOISE_S, NOISE_ES }, { NOISE_S, NOISE_SE, NOISE_PSK } }
};
static const struct noise_pattern *const patterns[] = { &noise_xx, &noise_xxpsk3, &xxpsk0psk3 };

static struct buf
unhex(const char *digits)
{
	struct buf b = BUF_INIT;
	size_t len = strlen(digits) / 2;
	uint8_t *to = buf_add(&b, len + 1);

	assert_true(hex_decode(to, len, digits));
	b.len = len;
	return b;
}

static void
start(struct noise *n, const struct noise_pattern *p, const struct noise_vector *v, bool initiator)
{
	uint8_t s[32], e[32], psk[32] = { 0 };
	struct buf prologue = unhex(v->prologue);

	assert_true(hex_decode(s, 32, initiator ? v->init_static : v->resp_static));
	assert_true(hex_decode(e, 32, initiator ? v->init_ephemeral : v->resp_ephemeral));
	if (v->psk[0] != NULL)
		assert_true(hex_decode(psk, 32, v->psk[0]));
	noise_init(n, p, initiator, buf_bytes(&prologue), s, e, psk);
	buf_free(&prologue);
}

static void
run_handshake(struct noise side[2], const struct noise_vector *v)
{
	for (unsigned i = 0; i < 3; i++) {
		struct buf payload = unhex(v->messages[i].payload), want = unhex(v->messages[i].ciphertext);
		struct buf message = BUF_INIT, got = BUF_INIT;

		for (int k = 0; k < 2 && i == 2 && v->psk[1] != NULL; k++)
			assert_true(hex_decode(side[k].psk, 32, v->psk[1]));
		assert_int_equal(noise_write(&side[i % 2], buf_bytes(&payload), &message, NULL), ERR_OK);
		assert_int_equal(message.len, want.len);
		assert_memory_equal(message.p, want.p, want.len);
		assert_int_equal(message.len, noise_message_bytes(side[0].pattern, i) + payload.len);
		assert_int_equal(noise_read(&side[1 - i % 2], buf_bytes(&message), &got, NULL), ERR_OK);
		assert_true(bytes_equal(buf_bytes(&got), buf_bytes(&payload)));
		buf_free(&payload);
		buf_free(&want);
		buf_free(&message);
		buf_free(&got);
	}
}

static void
run_transport(struct noise side[2], const struct noise_vector *v)
{
	struct noise_cipher send[2], receive[2];

	noise_split(&side[0], &send[0], &receive[0]);
	noise_split(&side[1], &send[1], &receive[1]);
	for (unsigned i = 3; i < 6 && v->messages[i].payload != NULL; i++) {
		struct buf payload = unhex(v->messages[i].payload), want = unhex(v->messages[i].ciphertext);
		uint8_t box[256];

		assert_int_equal(noise_seal(&send[i % 2], box, payload.p, payload.len), ERR_OK);
		assert_memory_equal(box, want.p, want.len);
		assert_int_equal(noise_open(&receive[1 - i % 2], box, box, want.len), ERR_OK);
		assert_memory_equal(box, payload.p, payload.len);
		buf_free(&payload);
		buf_free(&want);
	}
}

static void
published_vectors_come_out_byte_for_byte(void **state)
{
	struct noise side[2];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(noise_vectors); i++) {
		const struct noise_vector *v = &noise_vectors[i];

		CHECK_TRUE(v->name, strcmp(v->name, patterns[i]->name) == 0);
		start(&side[0], patterns[i], v, true);
		start(&side[1], patterns[i], v, false);
		run_handshake(side, v);
		CHECK_TRUE(v->name, noise_done(&side[0]) && noise_done(&side[1]));
		CHECK_TRUE(v->name, memcmp(noise_hash(&side[0]), noise_hash(&side[1]), 32) == 0);
		if (v->hash != NULL) {
			struct buf hash = unhex(v->hash);

			assert_memory_equal(noise_hash(&side[0]), hash.p, 32);
			buf_free(&hash);
		}
		run_transport(side, v);
	}
}

/* ---- refusals ---- */

static void
pair_of(struct noise side[2], uint8_t initiator_psk, uint8_t responder_psk)
{
	uint8_t s[2][32], e[2][32], psk[2][32];

	for (int i = 0; i < 2; i++) {
		memset(s[i], 1 + i, 32);
		memset(e[i], 3 + i, 32);
	}
	memset(psk[0], initiator_psk, 32);
	memset(psk[1], responder_psk, 32);
	noise_init(&side[0], &noise_xxpsk0, true, BYTES_STR("fb1/noise/1"), s[0], e[0], psk[0]);
	noise_init(&side[1], &noise_xxpsk0, false, BYTES_STR("fb1/noise/1"), s[1], e[1], psk[1]);
}

/* Runs the handshake up to message `stop`, which is returned and not yet read. */
static struct buf
message_of(struct noise side[2], unsigned stop)
{
	struct buf message = BUF_INIT, payload = BUF_INIT;

	pair_of(side, 9, 9);
	for (unsigned i = 0;; i++) {
		buf_clear(&message);
		assert_int_equal(noise_write(&side[i % 2], BYTES_NONE, &message, NULL), ERR_OK);
		if (i == stop)
			break;
		assert_int_equal(noise_read(&side[1 - i % 2], buf_bytes(&message), &payload, NULL), ERR_OK);
	}
	buf_free(&payload);
	return message;
}

static void
a_change_of_any_byte_of_any_handshake_message_is_refused(void **state)
{
	static const size_t sizes[] = { 48, 96, 64 };
	struct noise side[2];

	(void)state;
	for (unsigned step = 0; step < 3; step++) {
		for (size_t i = 0; i < sizes[step]; i++) {
			struct buf message = message_of(side, step), payload = BUF_INIT;

			assert_int_equal(message.len, sizes[step]);
			message.p[i] ^= 0x40;
			assert_int_not_equal(noise_read(&side[1 - step % 2], buf_bytes(&message), &payload, NULL), ERR_OK);
			/* And what failed once stays failed, even for the right bytes. */
			message.p[i] ^= 0x40;
			assert_int_not_equal(noise_read(&side[1 - step % 2], buf_bytes(&message), &payload, NULL), ERR_OK);
			buf_free(&message);
			buf_free(&payload);
		}
	}
}

static void
a_handshake_message_cut_short_anywhere_is_refused(void **state)
{
	struct noise side[2];

	(void)state;
	for (unsigned step = 0; step < 3; step++) {
		size_t whole = noise_message_bytes(&noise_xxpsk0, step);

		for (size_t len = 0; len < whole; len++) {
			struct buf message = message_of(side, step), payload = BUF_INIT;

			message.len = len;
			assert_int_not_equal(noise_read(&side[1 - step % 2], buf_bytes(&message), &payload, NULL), ERR_OK);
			buf_free(&message);
			buf_free(&payload);
		}
	}
}

static void
another_psk_is_found_out_in_the_first_message(void **state)
{
	struct buf message = BUF_INIT, payload = BUF_INIT;
	struct noise side[2];

	(void)state;
	pair_of(side, 7, 8);
	assert_int_equal(noise_write(&side[0], BYTES_NONE, &message, NULL), ERR_OK);
	assert_int_equal(noise_read(&side[1], buf_bytes(&message), &payload, NULL), ERR_KEY);
	buf_free(&message);
	buf_free(&payload);
}

/* All the points of small order on Curve25519 that have a canonical encoding. */
static void
an_ephemeral_key_of_low_order_is_refused(void **state)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct noise side[2];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(points); i++) {
		struct buf message = BUF_INIT, payload = BUF_INIT;

		/* A peer that knows the PSK writes a well-formed message around a key it chose. */
		pair_of(side, 9, 9);
		assert_true(hex_decode(side[0].e_pk, 32, points[i]));
		assert_int_equal(noise_write(&side[0], BYTES_NONE, &message, NULL), ERR_OK);
		assert_int_equal(noise_read(&side[1], buf_bytes(&message), &payload, NULL), ERR_OK);
		buf_clear(&message);
		CHECK_CASE(points[i], noise_write(&side[1], BYTES_NONE, &message, NULL), ERR_KEY);
		buf_free(&message);
		buf_free(&payload);
	}
}

static void
the_last_nonce_is_never_used(void **state)
{
	struct noise_cipher c = { .n = UINT64_MAX, .has_key = true };
	uint8_t box[32];

	(void)state;
	assert_int_equal(noise_seal(&c, box, (const uint8_t *)"x", 1), ERR_TOO_BIG);
	assert_int_equal(noise_open(&c, box, box, 17), ERR_TOO_BIG);
}

static void
both_directions_change_their_key_every_65536_messages(void **state)
{
	struct noise_cipher a = { .has_key = true }, b = { .has_key = true };
	uint8_t box[17], before[32];

	(void)state;
	memcpy(before, a.k, 32);
	for (unsigned i = 0; i < NOISE_REKEY_EVERY + 3; i++) {
		if (i < NOISE_REKEY_EVERY)
			assert_memory_equal(a.k, before, 32);
		assert_int_equal(noise_seal(&a, box, (const uint8_t *)"x", 1), ERR_OK);
		assert_int_equal(noise_open(&b, box, box, sizeof(box)), ERR_OK);
	}
	assert_memory_not_equal(a.k, before, 32);
	assert_memory_equal(a.k, b.k, 32);
	assert_int_equal(a.n, NOISE_REKEY_EVERY + 3); /* Rekey leaves the nonce alone */
}

/* ---- links and frames ---- */

struct pipe { struct link *link[2]; struct buf wire[2]; /* wire[i]: on its way to side i */ };

static void
pipe_open(struct pipe *p)
{
	uint8_t sk[2][32], e[2][32], psks[2][32];

	memset(p, 0, sizeof(*p));
	for (int i = 0; i < 2; i++) {
		memset(sk[i], 0x11 * (i + 1), 32);
		memset(e[i], 0x33 + i, 32);
	}
	memset(psks[0], 0xaa, 32);
	memset(psks[1], 0xbb, 32); /* the responder's older one is the initiator's only one */
	p->link[0] = link_new(true, sk[0], e[0], (const uint8_t (*)[32])&psks[1], 1);
	p->link[1] = link_new(false, sk[1], e[1], (const uint8_t (*)[32])psks, 2);
	assert_int_equal(link_start(p->link[0], &p->wire[1], NULL), ERR_OK);
}

/* Gives side i what is on its way, `step` bytes at a time. Returns the last event that was not MORE. */
static enum link_event
deliver(struct pipe *p, int i, size_t step, struct bytes *message)
{
	struct buf in = p->wire[i];
	enum link_event event, last = LINK_MORE;

	p->wire[i] = (struct buf)BUF_INIT;
	for (size_t at = 0; at < in.len; at += step) {
		struct bytes part = BYTES(in.p + at, in.len - at < step ? in.len - at : step);

		do {
			assert_int_equal(link_receive(p->link[i], &part, &p->wire[1 - i], &event, message, NULL), ERR_OK);
			if (event != LINK_MORE)
				last = event;
		} while (event != LINK_MORE);
	}
	buf_free(&in);
	return last;
}

static void
pipe_close(struct pipe *p)
{
	for (int i = 0; i < 2; i++) {
		link_free(p->link[i]);
		buf_free(&p->wire[i]);
	}
}

static void
shake(struct pipe *p, size_t step)
{
	struct bytes none;

	assert_int_equal(deliver(p, 1, step, &none), LINK_MORE);
	assert_int_equal(p->wire[0].len, 96);
	assert_int_equal(deliver(p, 0, step, &none), LINK_OPEN);
	assert_int_equal(p->wire[1].len, 64);
	assert_int_equal(deliver(p, 1, step, &none), LINK_OPEN);
}

static void
a_link_opens_whatever_the_pieces_its_bytes_come_in(void **state)
{
	static const size_t steps[] = { 1, 7, 48, 1000 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		uint8_t value[] = { 0x93, 1, 2, 0 };
		struct bytes got = BYTES_NONE;
		struct pipe p;

		pipe_open(&p);
		shake(&p, steps[i]);
		assert_memory_equal(link_hash(p.link[0]), link_hash(p.link[1]), 32);
		assert_int_equal(link_send(p.link[1], BYTES(value, sizeof(value)), &p.wire[0], NULL), ERR_OK);
		assert_int_equal(p.wire[0].len, FRAME_UNIT);
		assert_int_equal(deliver(&p, 0, steps[i], &got), LINK_MESSAGE);
		assert_true(bytes_equal(got, BYTES(value, sizeof(value)))); /* its last zero is its own */
		pipe_close(&p);
	}
}

static void
every_frame_is_a_multiple_of_256_bytes(void **state)
{
	static const struct { const char *name; size_t len, want; } cases[] = {
		{ "the smallest value", 1, 256 },
		{ "the last of one unit", 238, 256 },
		{ "one byte more", 239, 512 },
		{ "the longest message", FRAME_MESSAGE_MAX, 65536 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_CASE(cases[i].name, frame_bytes(cases[i].len), cases[i].want);
}

static void
a_frame_is_one_value_and_then_zeroes(void **state)
{
	static const struct { const char *name; uint8_t bytes[4]; size_t len; enum err_code want; } cases[] = {
		{ "a value", { 0x91, 5 }, 238, ERR_OK },
		{ "something behind it", { 0x91, 5, 0, 1 }, 238, ERR_MALFORMED },
		{ "longer than it needs", { 0x91, 5 }, 494, ERR_MALFORMED },
		{ "a value cut short", { 0xdc, 1, 0 }, 238, ERR_MALFORMED },
		{ "not the shortest form", { 0x91, 0xcc, 5 }, 238, ERR_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t plain[494] = { 0 };
		struct bytes message;

		memcpy(plain, cases[i].bytes, 4);
		CHECK_CASE(cases[i].name, frame_unpad(BYTES(plain, cases[i].len), &message, NULL), cases[i].want);
	}
}

static void
a_change_of_any_byte_of_a_frame_ends_the_link(void **state)
{
	uint8_t value[] = { 0x92, 1, 0xc4, 2, 'h', 'i' };

	(void)state;
	for (size_t i = 0; i < FRAME_UNIT; i++) {
		struct bytes in, message;
		enum link_event event;
		enum err_code rc;
		struct pipe p;

		pipe_open(&p);
		shake(&p, 1000);
		assert_int_equal(link_send(p.link[0], BYTES(value, sizeof(value)), &p.wire[1], NULL), ERR_OK);
		p.wire[1].p[i] ^= 1;
		/* A longer length waits for what it promises. */
		memset(buf_add(&p.wire[1], FRAME_BYTES_MAX), 0, FRAME_BYTES_MAX);
		in = buf_bytes(&p.wire[1]);
		rc = link_receive(p.link[1], &in, &p.wire[0], &event, &message, NULL);
		assert_int_not_equal(rc, ERR_OK);
		in = buf_bytes(&p.wire[1]);
		assert_int_not_equal(link_receive(p.link[1], &in, &p.wire[0], &event, &message, NULL), ERR_OK);
		assert_int_equal(p.wire[0].len, 0); /* and not a byte is said about it */
		pipe_close(&p);
	}
}

static void
a_stranger_gets_no_byte(void **state)
{
	uint8_t garbage[48], sk[32] = { 1 }, e[32] = { 2 }, psk[1][32] = { { 3 } };
	struct link *l = link_new(false, sk, e, (const uint8_t (*)[32])psk, 1);
	struct bytes in = BYTES(garbage, sizeof(garbage)), message;
	struct buf out = BUF_INIT;
	enum link_event event;

	(void)state;
	memset(garbage, 0x5a, sizeof(garbage));
	assert_int_equal(link_receive(l, &in, &out, &event, &message, NULL), ERR_KEY);
	assert_int_equal(out.len, 0);
	buf_free(&out);
	link_free(l);
}

static void
a_first_message_is_answered_once(void **state)
{
	struct once *once = once_new();
	struct pipe p;
	struct bytes message;
	enum link_event event;

	(void)state;
	for (int time = 0; time < 3; time++) { /* pipe_open() draws nothing: the first message is the same each time */
		pipe_open(&p);
		link_answer_once(p.link[1], once);
		message = buf_bytes(&p.wire[1]);
		assert_int_equal(link_receive(p.link[1], &message, &p.wire[0], &event, &message, NULL), time == 0 ? ERR_OK : ERR_KEY);
		assert_int_equal(p.wire[0].len, time == 0 ? 96 : 0);
		pipe_close(&p);
	}
	once_free(once);
}

static void
answered_messages_are_kept_within_bounds(void **state)
{
	struct once *once = once_new();
	uint8_t message[ONCE_FIRST_BYTES] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 3 * ONCE_KEPT; i++) {
		be32_put(message + 44, i);
		assert_true(once_first(once, message));
	}
	for (uint32_t i = 2 * ONCE_KEPT; i < 3 * ONCE_KEPT; i++) { /* the last of them are all known */
		be32_put(message + 44, i);
		assert_false(once_first(once, message));
	}
	be32_put(message + 44, 0);
	assert_true(once_first(once, message)); /* the oldest have gone */
	once_free(once);
}

static int
begin(void **state)
{
	(void)state;
	return crypto_start() ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors_come_out_byte_for_byte),
		cmocka_unit_test(a_change_of_any_byte_of_any_handshake_message_is_refused),
		cmocka_unit_test(a_handshake_message_cut_short_anywhere_is_refused),
		cmocka_unit_test(another_psk_is_found_out_in_the_first_message),
		cmocka_unit_test(an_ephemeral_key_of_low_order_is_refused),
		cmocka_unit_test(the_last_nonce_is_never_used),
		cmocka_unit_test(both_directions_change_their_key_every_65536_messages),
		cmocka_unit_test(a_link_opens_whatever_the_pieces_its_bytes_come_in),
		cmocka_unit_test(every_frame_is_a_multiple_of_256_bytes),
		cmocka_unit_test(a_frame_is_one_value_and_then_zeroes),
		cmocka_unit_test(a_change_of_any_byte_of_a_frame_ends_the_link),
		cmocka_unit_test(a_stranger_gets_no_byte),
		cmocka_unit_test(a_first_message_is_answered_once),
		cmocka_unit_test(answered_messages_are_kept_within_bounds),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
