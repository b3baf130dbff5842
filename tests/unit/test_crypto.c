#include "crypto/device.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/pad.h"
#include "crypto/seal.h"
#include "crypto/words.h"

#include "base/mem.h"
#include "check.h"
#include "fixed_env.h"

/* Expected values computed with another BLAKE2b (Python's hashlib). */
static void
hc_is_blake2b_over_length_prefixed_parts(void **state)
{
	static uint8_t x[2000], count[64];
	struct { const char *name, *want; size_t outlen; struct bytes key; struct bytes parts[2]; size_t n; } cases[] = {
		{ "ab | c", "4f43dacbc4c0920a23a2e68acfa78858c4c519b320b4fb5c306036cc03d5bc25", 32, BYTES_NONE,
		  { BYTES_STR("ab"), BYTES_STR("c") }, 2 },
		{ "a | bc", "53a0cf3418e7a7ce5357f4b45009ea73ce685ace6419295eacd1fa3cd4503b0c", 32, BYTES_NONE,
		  { BYTES_STR("a"), BYTES_STR("bc") }, 2 },
		{ "longest key and output, empty part",
		  "a44a65984b607ec441d6f396b94ca9012caa43cbf0e9f36de0b4a874264710de"
		  "9216323c24d33564ea6e800959caa7aca466823e89ae3a194b1113e030e32f31",
		  64, BYTES(count, 64), { BYTES_NONE }, 1 },
		{ "longer than the stack", "8f8198a0ea6f9239d46dd987fa5cf3fea214957d02794968", 24, BYTES_STR("k"),
		  { BYTES(x, 2000) }, 1 },
		{ "1000 bytes", "6c7bc97f425455f54b82ecceeab71f09", 16, BYTES_NONE, { BYTES(x, 1000) }, 1 },
		{ "the last that fits", "17c57775a7c0d65a16c5891628fc9bab", 16, BYTES_NONE, { BYTES(x, 1008) }, 1 },
		{ "the first that does not", "312c4f363fd5982dd611aa219d1d3209", 16, BYTES_NONE, { BYTES(x, 1009) }, 1 },
	};
	uint8_t out[64];
	char digits[129];

	(void)state;
	memset(x, 'x', sizeof(x));
	for (uint8_t i = 0; i < 64; i++)
		count[i] = i;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		hc(out, cases[i].outlen, cases[i].key, "fb1/test", cases[i].parts, cases[i].n);
		hex_encode(digits, out, cases[i].outlen);
		CHECK_CASE(cases[i].name, strcmp(digits, cases[i].want), 0);
	}
}

static void
a_device_is_its_seed_and_its_keys_have_one_use_each(void **state)
{
	struct device_keys a, b;
	uint8_t seed[32], sig[64], digest[32] = { 1 };
	char digits[65];

	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		seed[i] = i;
	device_keys_derive(&a, seed);
	device_keys_derive(&b, seed);
	assert_memory_equal(&a, &b, sizeof(a));
	hex_encode(digits, a.noise_sk, 32);
	assert_string_equal(digits, "f1d00f1db13d7eddd12b42ccd6656d9980b95f7a7dba01515f56855d015151b1");
	assert_memory_not_equal(a.sign_pk.b, a.note_pk, 32);
	sign_digest(sig, "fb1/entry/sig", digest, a.sign_sk);
	assert_true(verify_digest(sig, "fb1/entry/sig", digest, a.sign_pk.b));
	assert_false(verify_digest(sig, "fb1/entry/sig", digest, a.note_pk));
	seed[31] ^= 1;
	device_keys_derive(&b, seed);
	assert_memory_not_equal(a.sign_pk.b, b.sign_pk.b, 32);
	assert_false(SAME(device_id_of(&a.sign_pk), device_id_of(&b.sign_pk)));
}

static void
a_signature_is_bound_to_context_digest_and_key(void **state)
{
	uint8_t pk[32], sk[64], seed[32] = { 9 }, digest[32] = { 1, 2, 3 }, sig[64], changed[64];

	(void)state;
	sign_pair_from_seed(pk, sk, seed);
	sign_digest(sig, "fb1/request/sig", digest, sk);
	assert_true(verify_digest(sig, "fb1/request/sig", digest, pk));
	assert_false(verify_digest(sig, "fb1/request/si", digest, pk));
	assert_false(verify_digest(sig, "fb1/ack/sig", digest, pk));
	for (size_t bit = 0; bit < 8 * sizeof(sig); bit++) {
		memcpy(changed, sig, sizeof(sig));
		changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(verify_digest(changed, "fb1/request/sig", digest, pk));
	}
	digest[31] ^= 0x80;
	assert_false(verify_digest(sig, "fb1/request/sig", digest, pk));
}

struct sealing {
	struct org_id org;
	struct stream_id stream;
	uint8_t commit[32], key[32], sealed[SEALED_KEY_BYTES];
	struct seal_context c;
	struct seal_pair eph, to;
};

static void
seal_something(struct sealing *s)
{
	struct fixed_env f;
	struct env *env = fixed_env_init(&f);

	env_random(env, s->org.b, sizeof(s->org.b));
	env_random(env, s->stream.b, sizeof(s->stream.b));
	env_random(env, s->commit, sizeof(s->commit));
	env_random(env, s->key, sizeof(s->key));
	seal_pair_make(env, &s->eph);
	seal_pair_make(env, &s->to);
	s->c = (struct seal_context){ &s->org, &s->stream, s->commit };
	assert_true(seal_key(s->sealed, s->key, &s->c, s->eph.pk, s->eph.sk, s->to.pk));
}

static bool
opens(const struct sealing *s)
{
	uint8_t key[32];

	return seal_open(key, s->sealed, &s->c, s->eph.pk, s->to.pk, s->to.sk) && memcmp(key, s->key, 32) == 0;
}

static void
a_sealed_key_opens_only_where_it_was_sealed(void **state)
{
	struct sealing s;
	uint8_t *bound[] = { s.org.b, s.stream.b, s.commit, s.sealed, s.eph.pk, s.to.pk, s.to.sk + 1 };
	static const char *const names[] = { "organisation", "stream", "commitment", "sealed bytes", "ephemeral key",
	                                     "recipient", "secret key" };

	(void)state;
	seal_something(&s);
	assert_true(opens(&s));
	for (size_t i = 0; i < COUNT_OF(bound); i++) {
		bound[i][0] ^= 1;
		CHECK_CASE(names[i], opens(&s), false);
		bound[i][0] ^= 1;
		CHECK_CASE(names[i], opens(&s), true);
	}
	for (size_t i = 0; i < sizeof(s.sealed); i++) {
		s.sealed[i] ^= 0x10;
		assert_false(opens(&s));
		s.sealed[i] ^= 0x10;
	}
}

static void
a_low_order_key_is_refused_by_sealer_and_opener(void **state)
{
	static const struct { const char *name, *hex; } points[] = {
		{ "0", "0000000000000000000000000000000000000000000000000000000000000000" },
		{ "1", "0100000000000000000000000000000000000000000000000000000000000000" },
		{ "order 8", "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800" },
		{ "order 8, the other", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157" },
		{ "p - 1", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
		{ "p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
		{ "p + 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
	};
	uint8_t point[32], out[SEALED_KEY_BYTES];
	struct sealing s;

	(void)state;
	seal_something(&s);
	for (size_t i = 0; i < COUNT_OF(points); i++) {
		assert_true(hex_decode(point, sizeof(point), points[i].hex));
		CHECK_CASE(points[i].name, seal_key(out, s.key, &s.c, s.eph.pk, s.eph.sk, point), false);
		CHECK_CASE(points[i].name, seal_open(out, s.sealed, &s.c, point, s.to.pk, s.to.sk), false);
	}
}

static void
a_box_opens_with_its_key_nonce_and_data_and_nothing_else(void **state)
{
	uint8_t key[32] = { 1 }, nonce[XNONCE_BYTES] = { 2 };
	struct buf box = BUF_INIT, plain = BUF_INIT;

	(void)state;
	assert_true(aead_seal(&box, key, nonce, BYTES_STR("ad"), BYTES_STR("Genarp")));
	assert_int_equal(box.len, 6 + AEAD_TAG_BYTES);
	assert_true(aead_open(&plain, key, nonce, BYTES_STR("ad"), buf_bytes(&box)));
	assert_string_equal(buf_str(&plain), "Genarp");
	assert_false(aead_open(&plain, key, nonce, BYTES_STR("da"), buf_bytes(&box)));
	assert_false(aead_open(&plain, key, nonce, BYTES_NONE, buf_bytes(&box)));
	nonce[23] ^= 1;
	assert_false(aead_open(&plain, key, nonce, BYTES_STR("ad"), buf_bytes(&box)));
	nonce[23] ^= 1;
	key[31] ^= 1;
	assert_false(aead_open(&plain, key, nonce, BYTES_STR("ad"), buf_bytes(&box)));
	key[31] ^= 1;
	for (size_t len = 0; len < box.len; len++)
		assert_false(aead_open(&plain, key, nonce, BYTES_STR("ad"), BYTES(box.p, len)));
	assert_int_equal(plain.len, 6); /* refusals leave the buf as it was */
	buf_free(&box);
	buf_free(&plain);
}

static void
an_empty_box_is_only_its_tag(void **state)
{
	uint8_t key[32] = { 1 }, nonce[XNONCE_BYTES] = { 2 };
	struct buf box = BUF_INIT, plain = BUF_INIT;

	(void)state;
	assert_true(aead_seal(&box, key, nonce, BYTES_NONE, BYTES_NONE));
	assert_int_equal(box.len, AEAD_TAG_BYTES);
	assert_true(aead_open(&plain, key, nonce, BYTES_NONE, buf_bytes(&box)));
	assert_int_equal(plain.len, 0);
	buf_free(&box);
	buf_free(&plain);
}

static void
padded_sizes_tell_little(void **state)
{
	static const struct { const char *name; size_t len, want; } cases[] = {
		{ "nothing", 0, 256 },             { "the marker just fits", 255, 256 },
		{ "one more", 256, 512 },          { "4 KiB less the marker", 4095, 4096 },
		{ "8 KiB less the marker", 8191, 8192 }, { "into Padmé", 8192, 8704 },
		{ "20000", 20000, 20480 },         { "the largest", 55295, 55296 },
		{ "too large", 55296, 0 },         { "absurd", SIZE_MAX, 0 },
	};
	size_t sizes = 0, last = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_CASE(cases[i].name, pad_bucket(cases[i].len), cases[i].want);
	for (size_t len = 0; len < PADDED_BYTES_MAX; len++) {
		size_t bucket = pad_bucket(len);

		assert_true(bucket > len && bucket >= last);
		sizes += bucket != last;
		last = bucket;
	}
	assert_int_equal(sizes, 49);
}

static void
padme_is_what_its_paper_says(void **state)
{
	static const struct { size_t len, want; } cases[] = {
		{ 0, 0 }, { 1, 1 }, { 2, 2 }, { 8, 8 }, { 9, 10 }, { 100, 104 }, { 1000, 1024 }, { 1048576, 1048576 },
		{ 1048577, 1081344 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(padme(cases[i].len), cases[i].want);
}

static void
what_was_padded_is_unpadded(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t len = 0; len < 9000; len += 37) {
		struct bytes s;

		buf_clear(&b);
		memset(buf_add(&b, len), 0x80, len); /* content that looks like padding */
		assert_true(pad(&b));
		s = buf_bytes(&b);
		assert_true(unpad(&s));
		assert_int_equal(s.len, len);
	}
	buf_clear(&b);
	assert_non_null(buf_add(&b, PADDED_BYTES_MAX));
	assert_false(pad(&b));
	buf_free(&b);
}

static void
padding_of_any_other_form_is_refused(void **state)
{
	static uint8_t in[1024];
	struct { const char *name; size_t len, marker; uint8_t value; bool want; } cases[] = {
		{ "right",                   256, 10, 0x80, true },
		{ "marker in the last byte", 256, 255, 0x80, true },
		{ "wrong marker",            256, 10, 0x81, false },
		{ "no marker",               256, 10, 0, false },
		{ "not a bucket",            255, 10, 0x80, false },
		{ "a bucket too large",      512, 10, 0x80, false },
		{ "empty",                   0, 0, 0x80, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bytes s = BYTES(in, cases[i].len);

		memset(in, 0, sizeof(in));
		in[cases[i].marker] = cases[i].value;
		CHECK_CASE(cases[i].name, unpad(&s), cases[i].want);
		CHECK_CASE(cases[i].name, s.len, cases[i].want ? cases[i].marker : cases[i].len);
	}
}

/* The paper's own examples (arXiv:0901.4016): IPv4 addresses. */
static void
words_are_the_proquints_of_the_paper(void **state)
{
	static const struct { uint8_t ip[4]; const char *want; } cases[] = {
		{ { 127, 0, 0, 1 }, "lusab-babad" },
		{ { 63, 84, 220, 193 }, "gutih-tugad" },
		{ { 140, 98, 193, 141 }, "mudof-sakat" },
		{ { 212, 58, 253, 68 }, "tibup-zujah" },
	};
	char text[WORDS_SIX_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(words_encode(text, cases[i].ip, 2), cases[i].want);
	words_encode(text, (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 6);
	assert_int_equal(strlen(text), WORDS_SIX_BYTES - 1);
}

static void
make_shares(struct share out[3], uint8_t secret[32])
{
	struct fixed_env f;
	struct env *env = fixed_env_init(&f);
	uint8_t random[96];

	env_random(env, secret, 32);
	env_random(env, random, sizeof(random));
	shares_split(out, secret, random);
}

static void
any_two_trustees_have_the_secret_and_one_has_nothing(void **state)
{
	uint8_t secret[32], got[32];
	struct share s[4];

	(void)state;
	make_shares(s, secret);
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 3; j++) {
			memset(got, 0, sizeof(got));
			assert_int_equal(shares_join(got, &s[i], &s[j]), i != j);
			if (i != j)
				assert_memory_equal(got, secret, 32);
		}
	s[3] = s[0];
	s[3].trustee = 4;
	assert_false(shares_join(got, &s[0], &s[3]));
	s[3].trustee = 0;
	assert_false(shares_join(got, &s[3], &s[2]));
}

static void
a_printed_share_is_read_back_as_typed(void **state)
{
	uint8_t secret[32];
	struct share s[3], got;
	char text[SHARE_TEXT_BYTES], typed[2 * SHARE_TEXT_BYTES], *at = typed;

	(void)state;
	make_shares(s, secret);
	for (size_t i = 0; i < 3; i++) {
		share_print(text, &s[i]);
		assert_true(strlen(text) < SHARE_TEXT_BYTES);
		assert_true(share_parse(&got, text));
		assert_int_equal(got.trustee, i + 1);
		assert_memory_equal(got.part, s[i].part, sizeof(got.part));
	}
	for (const char *c = text; *c != '\0'; c++) { /* upper case, spaces for dashes, lines broken anywhere */
		*at++ = *c == '-' ? ' ' : *c >= 'a' ? (char)(*c - 32) : *c;
		if ((c - text) % 17 == 0)
			*at++ = '\n';
	}
	*at = '\0';
	assert_true(share_parse(&got, typed));
	assert_memory_equal(got.part, s[2].part, sizeof(got.part));
}

static void
a_mistyped_share_is_refused(void **state)
{
	uint8_t secret[32];
	struct share s[3], got;
	char text[SHARE_TEXT_BYTES], wrong[SHARE_TEXT_BYTES + 2];
	size_t len;

	(void)state;
	make_shares(s, secret);
	share_print(text, &s[1]);
	len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		strcpy(wrong, text);
		if (wrong[i] != '-') {
			wrong[i] = wrong[i] == '7' ? '1' : '7';
			CHECK_CASE(wrong, share_parse(&got, wrong), false);
		}
		strcpy(wrong, text);
		wrong[i] = '\0';
		CHECK_CASE(wrong, share_parse(&got, wrong), false);
	}
	snprintf(wrong, sizeof(wrong), "%s0", text);
	assert_false(share_parse(&got, wrong));
	snprintf(wrong, sizeof(wrong), "%s.", text);
	assert_false(share_parse(&got, wrong));
	memcpy(wrong, text, len + 1); /* the halves in the wrong order: 18 groups of 5 characters each */
	memcpy(wrong + 11, text + 11 + 90, 89);
	memcpy(wrong + 11 + 90, text + 11, 89);
	assert_int_equal(strlen(wrong), len);
	assert_false(share_parse(&got, wrong));
}

static void
guarded_memory_is_zeroed_aligned_and_may_run_out(void **state)
{
	(void)state;
	for (size_t n = 0; n < 100; n++) {
		uint8_t *p = guard_alloc(n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		guard_free(p);
	}
	mem_fail_after(0, 0);
	assert_null(guard_alloc(10));
	mem_fail_after(-1, 0);
	assert_null(guard_alloc(SIZE_MAX));
	guard_free(NULL);
}

static int
start(void **state)
{
	(void)state;
	return crypto_start() ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc_is_blake2b_over_length_prefixed_parts),
		cmocka_unit_test(a_device_is_its_seed_and_its_keys_have_one_use_each),
		cmocka_unit_test(a_signature_is_bound_to_context_digest_and_key),
		cmocka_unit_test(a_sealed_key_opens_only_where_it_was_sealed),
		cmocka_unit_test(a_low_order_key_is_refused_by_sealer_and_opener),
		cmocka_unit_test(a_box_opens_with_its_key_nonce_and_data_and_nothing_else),
		cmocka_unit_test(an_empty_box_is_only_its_tag),
		cmocka_unit_test(padded_sizes_tell_little),
		cmocka_unit_test(padme_is_what_its_paper_says),
		cmocka_unit_test(what_was_padded_is_unpadded),
		cmocka_unit_test(padding_of_any_other_form_is_refused),
		cmocka_unit_test(words_are_the_proquints_of_the_paper),
		cmocka_unit_test(any_two_trustees_have_the_secret_and_one_has_nothing),
		cmocka_unit_test(a_printed_share_is_read_back_as_typed),
		cmocka_unit_test(a_mistyped_share_is_refused),
		cmocka_unit_test(guarded_memory_is_zeroed_aligned_and_may_run_out),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
