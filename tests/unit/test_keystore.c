#include "crypto/keystore.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/strict.h"
#include "crypto/guard.h"
#include "crypto/keystore_internal.h"
#include "check.h"
#include "fixed_env.h"

enum { PASSPHRASE = 1, RECOVERY = 2 };

#define RIGHT BYTES_STR("lusab-babad-gutih-tugad")
#define WRONG BYTES_STR("lusab-babad-gutih-tugaz")

static struct fixed_env fixed;

/* A home that has joined, with every field in use. */
static struct keystore *
full_keystore(struct env *env)
{
	struct keystore *k = keystore_new(env);
	struct epoch_secret e = { .n = 1 };

	assert_non_null(k);
	for (uint8_t i = 0; i < 40; i++) {
		env_random(env, &e, sizeof(e));
		e.n = i;
		if (i % 5 == 0)
			memset(e.e, 0, sizeof(e.e)); /* shredded */
		assert_int_equal(keystore_add_epoch(k, &e, NULL), ERR_OK);
		assert_int_equal(keystore_add_tombstone(k, (uint8_t)(1 + i % 2), e.mk, NULL), ERR_OK);
	}
	seal_pair_make(env, &k->seal[1]);
	k->seal_count = 2;
	k->network_count = KEYSTORE_NETWORK_KEYS;
	for (size_t i = 0; i < k->network_count; i++) {
		env_random(env, k->network[i].n, sizeof(k->network[i].n));
		k->network[i].retired_ms = i * 1000000000000;
	}
	env_random(env, k->org.b, sizeof(k->org.b));
	env_random(env, k->root_pk.b, sizeof(k->root_pk.b));
	env_random(env, k->request_nonce, sizeof(k->request_nonce));
	strcpy((char *)k->member_name, "Märta Öberg");
	strcpy((char *)k->device_name, "Dalby laptop");
	k->role = 2;
	k->place_len = 36;
	env_random(env, k->place, k->place_len);
	assert_int_equal(keystore_set_slot(k, env, PASSPHRASE, RIGHT, KDF_INTERACTIVE, NULL), ERR_OK);
	assert_int_equal(keystore_set_slot(k, env, RECOVERY, BYTES("0123456789abcdef", 16), KDF_INTERACTIVE, NULL), ERR_OK);
	return k;
}

static struct keystore *
reopened(const struct keystore *k, struct env *env)
{
	struct buf file = BUF_INIT;
	struct keystore *again = NULL;

	assert_int_equal(keystore_encode(k, env, &file, NULL), ERR_OK);
	assert_int_equal(keystore_open(&again, buf_bytes(&file), PASSPHRASE, RIGHT, NULL), ERR_OK);
	buf_free(&file);
	return again;
}

static void
assert_same_keystore(const struct keystore *a, const struct keystore *b)
{
	struct keystore x = *a, y = *b;

	assert_int_equal(a->epoch_count, b->epoch_count);
	for (size_t i = 0; i < a->epoch_count; i++)
		assert_memory_equal(&a->epochs[i], &b->epochs[i], sizeof(a->epochs[i]));
	assert_int_equal(a->tombstone_count, b->tombstone_count);
	for (size_t i = 0; i < a->tombstone_count; i++)
		assert_memory_equal(&a->tombstones[i], &b->tombstones[i], sizeof(a->tombstones[i]));
	x.epochs = y.epochs = NULL;
	x.tombstones = y.tombstones = NULL;
	x.stone_of = y.stone_of = NULL; /* an index of them */
	x.epoch_cap = y.epoch_cap = x.tombstone_cap = y.tombstone_cap = 0;
	assert_int_equal(a->slot_count, b->slot_count);
	for (size_t i = 0; i < a->slot_count; i++) {
		assert_int_equal(a->slots[i].type, b->slots[i].type);
		assert_memory_equal(a->slots[i].kek, b->slots[i].kek, 32);
		assert_memory_equal(a->slots[i].salt, b->slots[i].salt, 16);
	}
	memset(x.slots, 0, sizeof(x.slots)); /* compared above: they have padding */
	memset(y.slots, 0, sizeof(y.slots));
	assert_int_equal(a->other_count, b->other_count);
	memset(x.others, 0, sizeof(x.others)); /* pointers */
	memset(y.others, 0, sizeof(y.others));
	assert_memory_equal(&x, &y, sizeof(x));
}

static void
everything_put_in_comes_out_again(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = full_keystore(env), *again = reopened(k, env);

	(void)state;
	assert_same_keystore(k, again);
	keystore_free(k);
	keystore_free(again);
}

static void
others_are_kept_beside_the_first(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = full_keystore(env), *again;
	struct buf file = BUF_INIT, body = BUF_INIT;
	bool no_memory;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct keystore *o = keystore_add_other(k, env);

		snprintf((char *)o->device_name, sizeof(o->device_name), "hub of %zu", i);
		env_random(env, o->network[0].n, sizeof(o->network[0].n));
		o->network_count = 1;
	}
	again = reopened(k, env);
	assert_same_keystore(k, again);
	assert_int_equal(again->other_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_memory_equal(again->others[i]->device.seed, k->others[i]->device.seed, 32);
		assert_string_equal((const char *)again->others[i]->device_name, (const char *)k->others[i]->device_name);
		assert_memory_equal(again->others[i]->network[0].n, k->others[i]->network[0].n, 32);
	}
	assert_int_equal(keystore_encode(again, env, &file, NULL), ERR_OK);
	assert_int_equal(file.p[1], 2);
	keystore_drop_other(again, 0);
	assert_string_equal((const char *)again->others[0]->device_name, "hub of 2");
	keystore_drop_other(again, 1);
	keystore_drop_other(again, 0);
	buf_clear(&file);
	assert_int_equal(keystore_encode(again, env, &file, NULL), ERR_OK);
	assert_int_equal(file.p[1], 1); /* who has none is read by older programs too */
	keystore_free(again);

	/* Another's body with slots of its own, or with others, is none. */
	k->others[1]->slots[0] = k->slots[0];
	k->others[1]->slot_count = 1;
	keystore_body_encode(&body, k);
	again = guard_alloc(sizeof(*again));
	assert_false(keystore_body_decode(again, buf_bytes(&body), &no_memory));
	keystore_free(again);
	keystore_free(k);
	buf_free(&file);
	buf_wipe(&body);
}

static void
what_is_renewed_is_another_device_behind_the_same_doors(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = full_keystore(env), *again;
	uint8_t seed[32];

	(void)state;
	memcpy(seed, k->device.seed, 32);
	assert_non_null(keystore_add_other(k, env));
	assert_int_equal(keystore_renew(k, env, NULL), ERR_OK);
	assert_memory_not_equal(k->device.seed, seed, 32);
	assert_int_equal(k->epoch_count + k->network_count + k->tombstone_count + k->place_len + k->member_name[0], 0);
	again = reopened(k, env);
	assert_same_keystore(k, again);
	assert_int_equal(again->other_count, 1);
	keystore_free(k);
	keystore_free(again);
}

static void
a_new_keystore_is_small_and_opens(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = keystore_new(env), *again;

	(void)state;
	assert_int_equal(keystore_set_slot(k, env, PASSPHRASE, RIGHT, KDF_MODERATE, NULL), ERR_OK);
	again = reopened(k, env);
	assert_same_keystore(k, again);
	keystore_free(k);
	keystore_free(again);
}

static void
each_secret_opens_its_own_slot_only(void **state)
{
	static const struct { const char *name; uint8_t type; const char *secret; enum err_code want; } cases[] = {
		{ "passphrase",             PASSPHRASE, "lusab-babad-gutih-tugad", ERR_OK },
		{ "recovery code",          RECOVERY, "0123456789abcdef", ERR_OK },
		{ "wrong passphrase",       PASSPHRASE, "lusab-babad-gutih-tugaz", ERR_PASSPHRASE },
		{ "empty passphrase",       PASSPHRASE, "", ERR_PASSPHRASE },
		{ "code as a passphrase",   PASSPHRASE, "0123456789abcdef", ERR_PASSPHRASE },
		{ "passphrase as a code",   RECOVERY, "lusab-babad-gutih-tugad", ERR_PASSPHRASE },
		{ "a slot that is not",     3, "lusab-babad-gutih-tugad", ERR_PASSPHRASE },
	};
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = full_keystore(env), *got;
	struct buf file = BUF_INIT;

	(void)state;
	assert_int_equal(keystore_encode(k, env, &file, NULL), ERR_OK);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		enum err_code rc = keystore_open(&got, buf_bytes(&file), cases[i].type, BYTES_STR(cases[i].secret), NULL);

		CHECK_CASE(cases[i].name, rc, cases[i].want);
		CHECK_CASE(cases[i].name, got != NULL, rc == ERR_OK);
		keystore_free(got);
	}
	keystore_free(k);
	buf_free(&file);
}

static void
a_new_passphrase_replaces_the_old_and_leaves_the_code(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = full_keystore(env), *got;
	struct buf file = BUF_INIT;

	(void)state;
	assert_int_equal(keystore_set_slot(k, env, PASSPHRASE, BYTES_STR("new"), KDF_MODERATE, NULL), ERR_OK);
	assert_int_equal(k->slot_count, 2);
	assert_int_equal(keystore_encode(k, env, &file, NULL), ERR_OK);
	assert_int_equal(keystore_open(&got, buf_bytes(&file), PASSPHRASE, RIGHT, NULL), ERR_PASSPHRASE);
	assert_int_equal(keystore_open(&got, buf_bytes(&file), PASSPHRASE, BYTES_STR("new"), NULL), ERR_OK);
	keystore_free(got);
	assert_int_equal(keystore_open(&got, buf_bytes(&file), RECOVERY, BYTES("0123456789abcdef", 16), NULL), ERR_OK);
	keystore_free(got);
	keystore_free(k);
	buf_free(&file);
}

static void
cut_anywhere_it_is_malformed_and_costs_no_guess(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = full_keystore(env), *got;
	struct buf file = BUF_INIT;

	(void)state;
	assert_int_equal(keystore_encode(k, env, &file, NULL), ERR_OK);
	for (size_t len = 0; len < file.len; len++) {
		uint8_t *tight = malloc(len + 1);

		memcpy(tight, file.p, len);
		assert_int_equal(keystore_open(&got, BYTES(tight, len), PASSPHRASE, WRONG, NULL), ERR_MALFORMED);
		free(tight);
	}
	buf_put_u8(&file, 0);
	assert_int_equal(keystore_open(&got, buf_bytes(&file), PASSPHRASE, WRONG, NULL), ERR_MALFORMED);
	keystore_free(k);
	buf_free(&file);
}

/* Where the body's bytes begin: everything before is the header and its checksum. */
static size_t
body_start(struct bytes file)
{
	struct rd r = rd_init(file);

	rd_array(&r, 6);
	rd_uint(&r, 1);
	rd_any(&r, file.len);
	for (size_t i = 0; i < 3; i++)
		rd_bin_any(&r, 0, 64);
	assert_false(r.bad);
	return (size_t)(r.p - file.p);
}

static void
damage_is_never_taken_for_a_wrong_passphrase(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = full_keystore(env), *got;
	struct buf file = BUF_INIT;
	size_t body;

	(void)state;
	assert_int_equal(keystore_encode(k, env, &file, NULL), ERR_OK);
	body = body_start(buf_bytes(&file));
	for (size_t i = 0; i < file.len; i += i < body + 8 ? 1 : 13)
		for (int bit = 0; bit < 8; bit++) {
			enum err_code rc, wrong;

			file.p[i] ^= (uint8_t)(1 << bit);
			rc = keystore_open(&got, buf_bytes(&file), PASSPHRASE, RIGHT, NULL);
			wrong = keystore_open(&got, buf_bytes(&file), PASSPHRASE, WRONG, NULL);
			file.p[i] ^= (uint8_t)(1 << bit);
			assert_true(rc == ERR_MALFORMED || rc == ERR_DAMAGED || (rc == ERR_NEWER && i == 1));
			/* the header tells before the guess; the body only once the slot has opened */
			assert_int_equal(wrong, i < body || rc == ERR_MALFORMED ? rc : ERR_PASSPHRASE);
		}
	keystore_free(k);
	buf_free(&file);
}

/* A keystore file written by hand, with a right checksum, so that only the costs are wrong. */
static void
file_with_cost(struct buf *out, uint64_t ops, uint64_t mem)
{
	static const uint8_t zero[64];
	uint8_t sum[16];

	buf_clear(out);
	wr_array(out, 6);
	wr_uint(out, 1);
	wr_array(out, 1);
	wr_array(out, 7);
	wr_uint(out, PASSPHRASE);
	wr_bin(out, zero, 16);
	wr_uint(out, ops);
	wr_uint(out, mem);
	wr_bin(out, zero, 24);
	wr_bin(out, zero, 48);
	wr_bin(out, zero, 32);
	wr_bin(out, zero, 24);
	wr_bin(out, zero, 32);
	HC(sum, sizeof(sum), BYTES_NONE, "fb1/ks/head", buf_bytes(out));
	wr_bin(out, sum, sizeof(sum));
	wr_bin(out, zero, 64);
}

static void
costs_that_are_too_cheap_or_too_dear_are_refused(void **state)
{
	static const struct { const char *name; uint64_t ops, mem; bool cheap; enum err_code want; } cases[] = {
		{ "interactive",             2, 64 << 20, false, ERR_PASSPHRASE },
		{ "one pass",                1, 64 << 20, false, ERR_MALFORMED },
		{ "a byte less memory",      2, (64 << 20) - 1, false, ERR_MALFORMED },
		{ "no passes",               0, 64 << 20, false, ERR_MALFORMED },
		{ "over 1 GiB",              2, (1 << 30) + 1, false, ERR_MALFORMED },
		{ "a terabyte",              2, 1ull << 40, false, ERR_MALFORMED },
		{ "a day of passes",         17, 64 << 20, false, ERR_MALFORMED },
		{ "test cost, but no test",  1, 8192, false, ERR_MALFORMED },
		{ "test cost in a test",     1, 8192, true, ERR_PASSPHRASE },
		{ "below what Argon2 takes", 1, 8191, true, ERR_MALFORMED },
	};
	struct buf file = BUF_INIT;
	struct keystore *got;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		file_with_cost(&file, cases[i].ops, cases[i].mem);
		keystore_cheap_for_tests = cases[i].cheap;
		CHECK_CASE(cases[i].name, keystore_open(&got, buf_bytes(&file), PASSPHRASE, WRONG, NULL), cases[i].want);
		keystore_cheap_for_tests = true;
	}
	buf_free(&file);
}

static void
a_file_of_a_later_version_says_so(void **state)
{
	static const uint8_t later[] = { 0x97, 0x03, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0 };
	struct keystore *got;

	(void)state;
	assert_int_equal(keystore_open(&got, BYTES(later, sizeof(later)), PASSPHRASE, RIGHT, NULL), ERR_NEWER);
	assert_null(got);
}

static void
every_encode_has_a_fresh_file_key(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = full_keystore(env);
	struct buf a = BUF_INIT, b = BUF_INIT;
	size_t start;

	(void)state;
	assert_int_equal(keystore_encode(k, env, &a, NULL), ERR_OK);
	assert_int_equal(keystore_encode(k, env, &b, NULL), ERR_OK);
	start = body_start(buf_bytes(&a)) + 3;
	assert_int_equal(a.len, b.len);
	assert_memory_not_equal(a.p + start, b.p + start, 16);
	keystore_free(k);
	buf_free(&a);
	buf_free(&b);
}

static void
random_numbers_that_repeat_never_reuse_a_key_for_other_content(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = full_keystore(env);
	struct buf a = BUF_INIT, b = BUF_INIT;
	size_t nonce_at;

	(void)state;
	fixed.repeat = true;
	assert_int_equal(keystore_encode(k, env, &a, NULL), ERR_OK);
	k->role = 1;
	assert_int_equal(keystore_encode(k, env, &b, NULL), ERR_OK);
	nonce_at = body_start(buf_bytes(&a)) - (2 + 16) - (2 + 32) - 24;
	assert_memory_not_equal(a.p + nonce_at, b.p + nonce_at, 24);
	keystore_free(k);
	buf_free(&a);
	buf_free(&b);
}

static void
a_destroyed_key_stays_destroyed(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = full_keystore(env), *again;
	struct epoch_secret copy = k->epochs[7], *e = keystore_epoch(k, &copy.epoch);
	static const uint8_t zero[32];

	(void)state;
	assert_ptr_equal(e, &k->epochs[7]);
	wipe(e->e, sizeof(e->e));
	again = reopened(k, env);
	assert_int_equal(keystore_add_epoch(again, &copy, NULL), ERR_OK);
	assert_int_equal(again->epoch_count, k->epoch_count);
	assert_memory_equal(keystore_epoch(again, &copy.epoch)->e, zero, 32);
	assert_memory_equal(keystore_epoch(again, &copy.epoch)->mk, copy.mk, 32);
	keystore_free(k);
	keystore_free(again);
}

static void
tombstones_are_known_by_kind_and_id(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = keystore_new(env);
	uint8_t id[16] = { 1 };

	(void)state;
	assert_false(keystore_tombstoned(k, 1, id));
	assert_int_equal(keystore_add_tombstone(k, 1, id, NULL), ERR_OK);
	assert_int_equal(keystore_add_tombstone(k, 1, id, NULL), ERR_OK);
	assert_int_equal(k->tombstone_count, 1);
	assert_true(keystore_tombstoned(k, 1, id));
	assert_false(keystore_tombstoned(k, 2, id));
	keystore_free(k);
}

static void
a_name_that_could_not_be_read_back_is_not_written(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = full_keystore(env);
	struct buf file = BUF_INIT;

	(void)state;
	strcpy((char *)k->member_name, "M\xe4rta"); /* Latin-1 */
	assert_int_equal(keystore_encode(k, env, &file, NULL), ERR_INVALID);
	memset(k->member_name, 'x', sizeof(k->member_name)); /* no NUL */
	assert_int_equal(keystore_encode(k, env, &file, NULL), ERR_INVALID);
	k->member_name[sizeof(k->member_name) - 1] = '\0';
	assert_int_equal(keystore_encode(k, env, &file, NULL), ERR_OK);
	keystore_free(k);
	buf_free(&file);
}

static void
out_of_memory_anywhere_is_an_error_and_leaks_nothing(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = full_keystore(env), *got = NULL;
	struct buf file = BUF_INIT, keep = BUF_INIT;
	enum err_code rc;
	long n;

	(void)state;
	assert_int_equal(keystore_encode(k, env, &keep, NULL), ERR_OK);
	for (n = 0, rc = ERR_NO_MEMORY; rc != ERR_OK; n++) {
		buf_free(&file);
		mem_fail_after(n, 0);
		rc = keystore_encode(k, env, &file, NULL);
		mem_fail_after(-1, 0);
		assert_true(rc == ERR_OK || rc == ERR_NO_MEMORY);
	}
	assert_true(n > 3);
	for (n = 0, rc = ERR_NO_MEMORY; rc != ERR_OK; n++) {
		mem_fail_after(n, 0);
		rc = keystore_open(&got, buf_bytes(&keep), PASSPHRASE, RIGHT, NULL);
		mem_fail_after(-1, 0);
		assert_true(rc == ERR_OK || rc == ERR_NO_MEMORY);
	}
	assert_int_equal(n, 5); /* plain, keystore, epochs, tombstones, and the run that succeeds */
	keystore_free(got);
	keystore_free(k);
	buf_free(&file);
	buf_free(&keep);
}

static void
a_recovery_code_is_read_as_people_type_it(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	uint8_t code[16], again[16];
	char text[27], typed[64];

	(void)state;
	recovery_code_make(env, text);
	assert_int_equal(strlen(text), 26);
	assert_true(recovery_code_parse(text, code));
	snprintf(typed, sizeof(typed), " %.4s-%.4s %.18s ", text, text + 4, text + 8);
	for (char *c = typed; *c != '\0'; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	assert_true(recovery_code_parse(typed, again));
	assert_memory_equal(code, again, 16);
	text[25] = '\0';
	assert_false(recovery_code_parse(text, again));
}

/* The one test that pays for a real check: the cost a slot is made at is the cost it opens at. */
static void
a_real_slot_opens_at_its_own_cost(void **state)
{
	struct env *env = fixed_env_init(&fixed);
	struct keystore *k = keystore_new(env), *again;

	(void)state;
	keystore_cheap_for_tests = false;
	assert_int_equal(keystore_set_slot(k, env, PASSPHRASE, RIGHT, KDF_INTERACTIVE, NULL), ERR_OK);
	assert_int_equal(k->slots[0].ops, 2);
	assert_int_equal(k->slots[0].mem, 64 << 20);
	again = reopened(k, env);
	keystore_cheap_for_tests = true;
	assert_same_keystore(k, again);
	keystore_free(k);
	keystore_free(again);
}

static int
start(void **state)
{
	(void)state;
	keystore_cheap_for_tests = true;
	return crypto_start() ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_put_in_comes_out_again),
		cmocka_unit_test(others_are_kept_beside_the_first),
		cmocka_unit_test(what_is_renewed_is_another_device_behind_the_same_doors),
		cmocka_unit_test(a_new_keystore_is_small_and_opens),
		cmocka_unit_test(each_secret_opens_its_own_slot_only),
		cmocka_unit_test(a_new_passphrase_replaces_the_old_and_leaves_the_code),
		cmocka_unit_test(cut_anywhere_it_is_malformed_and_costs_no_guess),
		cmocka_unit_test(damage_is_never_taken_for_a_wrong_passphrase),
		cmocka_unit_test(costs_that_are_too_cheap_or_too_dear_are_refused),
		cmocka_unit_test(a_file_of_a_later_version_says_so),
		cmocka_unit_test(every_encode_has_a_fresh_file_key),
		cmocka_unit_test(random_numbers_that_repeat_never_reuse_a_key_for_other_content),
		cmocka_unit_test(a_destroyed_key_stays_destroyed),
		cmocka_unit_test(tombstones_are_known_by_kind_and_id),
		cmocka_unit_test(a_name_that_could_not_be_read_back_is_not_written),
		cmocka_unit_test(out_of_memory_anywhere_is_an_error_and_leaks_nothing),
		cmocka_unit_test(a_recovery_code_is_read_as_people_type_it),
		cmocka_unit_test(a_real_slot_opens_at_its_own_cost),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
