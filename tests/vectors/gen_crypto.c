/*
 * Prints proto/vectors/crypto.json: what a second implementation of
 * proto/encoding.md and proto/keystore.md must agree with, byte for byte.
 * Every byte that looks random comes from HC(32, no key, "test/random",
 * be64(counter)), so two runs print the same file. Bytes are hex.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/fixed_env.h"
#include "codec/strict.h"
#include "crypto/guard.h"
#include "crypto/keystore_internal.h"
#include "crypto/pad.h"
#include "crypto/seal.h"
#include "crypto/words.h"

static struct fixed_env fixed;
static struct env *env;
static bool first_row;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "gen_crypto: %s failed\n", what);
	exit(1);
}

static void
print_hex(const char *name, const void *p, size_t len)
{
	printf("\"%s\": \"", name);
	for (size_t i = 0; i < len; i++)
		printf("%02x", ((const uint8_t *)p)[i]);
	printf("\"");
}

/* One row of a list: a name, then hex fields, each after a comma. */
static void
row(const char *name)
{
	printf("%s\n    {\"name\": \"%s\"", first_row ? "" : ",", name);
	first_row = false;
}

static void
field(const char *name, const void *p, size_t len)
{
	printf(", ");
	print_hex(name, p, len);
}

static void
end_row(void)
{
	printf("}");
}

static void
list(const char *name)
{
	printf(",\n  \"%s\": [", name);
	first_row = true;
}

static void
end_list(void)
{
	printf("\n  ]");
}

static void
print_hc(void)
{
	static uint8_t long_part[1500];
	const struct { const char *name, *ctx; struct bytes key; size_t outlen; struct bytes parts[3]; size_t n; } cases[] = {
		{ "no parts", "fb1/test", BYTES_NONE, 32, { BYTES_NONE }, 0 },
		{ "one empty part", "fb1/test", BYTES_NONE, 32, { BYTES_NONE }, 1 },
		{ "two empty parts", "fb1/test", BYTES_NONE, 32, { BYTES_NONE }, 2 },
		{ "ab, c", "fb1/test", BYTES_NONE, 32, { BYTES_STR("ab"), BYTES_STR("c") }, 2 },
		{ "a, bc", "fb1/test", BYTES_NONE, 32, { BYTES_STR("a"), BYTES_STR("bc") }, 2 },
		{ "context grows, part shrinks", "fb1/testa", BYTES_NONE, 32, { BYTES_STR("bc") }, 1 },
		{ "16 bytes out", "fb1/test", BYTES_NONE, 16, { BYTES_STR("x") }, 1 },
		{ "24 bytes out, short key", "fb1/test", BYTES_STR("k"), 24, { BYTES_STR("x") }, 1 },
		{ "64 bytes out, longest key", "fb1/test", BYTES(long_part, 64), 64, { BYTES_STR("x") }, 1 },
		{ "long part", "fb1/test", BYTES_NONE, 32, { BYTES(long_part, 1500), BYTES_STR("x") }, 2 },
	};
	uint8_t out[64];

	list("hc");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		hc(out, cases[i].outlen, cases[i].key, cases[i].ctx, cases[i].parts, cases[i].n);
		row(cases[i].name);
		printf(", \"ctx\": \"%s\"", cases[i].ctx);
		field("key", cases[i].key.p, cases[i].key.len);
		printf(", \"parts\": [");
		for (size_t j = 0; j < cases[i].n; j++) {
			printf("%s\"", j > 0 ? ", " : "");
			for (size_t b = 0; b < cases[i].parts[j].len; b++)
				printf("%02x", cases[i].parts[j].p[b]);
			printf("\"");
		}
		printf("]");
		field("out", out, cases[i].outlen);
		end_row();
	}
	end_list();
}

static void
print_devices(void)
{
	uint8_t seed[32], digest[32], sig[64];
	struct device_keys keys;
	struct device_id id;

	list("device");
	for (int i = 0; i < 3; i++) {
		env_random(env, seed, sizeof(seed));
		env_random(env, digest, sizeof(digest));
		device_keys_derive(&keys, seed);
		id = device_id_of(&keys.sign_pk);
		sign_digest(sig, "fb1/entry/sig", digest, keys.sign_sk);
		row(i == 0 ? "first" : i == 1 ? "second" : "third");
		field("seed", seed, sizeof(seed));
		field("sign_pk", keys.sign_pk.b, 32);
		field("noise_sk", keys.noise_sk, 32);
		field("noise_pk", keys.noise_pk, 32);
		field("note_pk", keys.note_pk, 32);
		field("device_id", id.b, sizeof(id.b));
		field("digest", digest, sizeof(digest));
		printf(", \"sig_ctx\": \"fb1/entry/sig\"");
		field("sig", sig, sizeof(sig));
		end_row();
	}
	end_list();
}

static void
print_padding(void)
{
	static const size_t padme_lens[] = { 0, 1, 2, 3, 7, 8, 9, 15, 17, 100, 255, 1000, 4097, 9999, 65537, 1048577 };
	static const size_t contents[] = { 0, 1, 255, 256 };
	struct buf b = BUF_INIT;
	size_t last = 0;

	list("padme");
	for (size_t i = 0; i < COUNT_OF(padme_lens); i++) {
		printf("%s[%zu, %zu]", i > 0 ? ", " : "", padme_lens[i], padme(padme_lens[i]));
	}
	printf("]");
	/* Every bucket with the longest content it holds. */
	list("buckets");
	for (size_t len = 0; len < PADDED_BYTES_MAX; len++) {
		size_t bucket = pad_bucket(len);

		if (pad_bucket(len + 1) != bucket)
			printf("%s[%zu, %zu]", last++ > 0 ? ", " : "", len, bucket);
	}
	printf("]");
	list("padded");
	for (size_t i = 0; i < COUNT_OF(contents); i++) {
		uint8_t *at;

		buf_clear(&b);
		at = buf_add(&b, contents[i]);
		must(at != NULL, "padding");
		memset(at, 0x80, contents[i]);
		row("80 repeated");
		field("content", b.p, b.len);
		must(pad(&b), "padding");
		field("padded", b.p, b.len);
		end_row();
	}
	end_list();
	buf_free(&b);
}

struct seal_sample {
	struct org_id org;
	struct stream_id stream;
	uint8_t commit[32], key[32];
	struct seal_pair eph, to;
	uint8_t sealed[SEALED_KEY_BYTES];
};

static void
print_seal(const char *name, const struct seal_sample *s, bool want)
{
	struct seal_context c = { &s->org, &s->stream, s->commit };
	uint8_t got[32];
	bool opens = seal_open(got, s->sealed, &c, s->eph.pk, s->to.pk, s->to.sk);

	must(opens == want, name);
	row(name);
	field("org", s->org.b, sizeof(s->org.b));
	field("stream", s->stream.b, sizeof(s->stream.b));
	field("commit", s->commit, sizeof(s->commit));
	field("eph_pk", s->eph.pk, 32);
	field("my_pk", s->to.pk, 32);
	field("my_sk", s->to.sk, 32);
	field("sealed", s->sealed, sizeof(s->sealed));
	if (opens)
		field("key", got, sizeof(got));
	else
		printf(", \"key\": null");
	end_row();
}

static void
print_seals(void)
{
	struct seal_sample s, bad;
	struct seal_context c = { &s.org, &s.stream, s.commit };

	env_random(env, s.org.b, sizeof(s.org.b));
	env_random(env, s.stream.b, sizeof(s.stream.b));
	env_random(env, s.key, sizeof(s.key));
	HC(s.commit, sizeof(s.commit), BYTES(s.key, 32), "fb1/epoch/commit", BYTES_OF(s.stream));
	seal_pair_make(env, &s.eph);
	seal_pair_make(env, &s.to);
	must(seal_key(s.sealed, s.key, &c, s.eph.pk, s.eph.sk, s.to.pk), "sealing");
	list("seal");
	print_seal("opens", &s, true);
	bad = s;
	bad.stream.b[0] ^= 1;
	print_seal("another stream", &bad, false);
	bad = s;
	bad.org.b[31] ^= 1;
	print_seal("another organisation", &bad, false);
	bad = s;
	bad.commit[0] ^= 1;
	print_seal("another commitment", &bad, false);
	bad = s;
	bad.sealed[47] ^= 1;
	print_seal("a changed byte", &bad, false);
	bad = s;
	memset(bad.eph.pk, 0, sizeof(bad.eph.pk));
	print_seal("ephemeral key of low order: 0", &bad, false);
	bad.eph.pk[0] = 1;
	print_seal("ephemeral key of low order: 1", &bad, false);
	end_list();
}

static void
print_aead(void)
{
	static const struct { const char *name, *ad, *plain; } cases[] = {
		{ "empty", "", "" },
		{ "with data", "kid", "called back" },
		{ "only data", "kid", "" },
	};
	struct buf box = BUF_INIT;
	uint8_t key[32], nonce[XNONCE_BYTES];

	list("aead");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		env_random(env, key, sizeof(key));
		env_random(env, nonce, sizeof(nonce));
		buf_clear(&box);
		must(aead_seal(&box, key, nonce, BYTES_STR(cases[i].ad), BYTES_STR(cases[i].plain)), "aead");
		row(cases[i].name);
		field("key", key, sizeof(key));
		field("nonce", nonce, sizeof(nonce));
		field("ad", cases[i].ad, strlen(cases[i].ad));
		field("plain", cases[i].plain, strlen(cases[i].plain));
		field("box", box.p, box.len);
		end_row();
	}
	end_list();
	buf_free(&box);
}

static void
print_words_and_codes(void)
{
	uint8_t p[12], code[16];
	char words[WORDS_SIX_BYTES], text[27];

	list("words");
	for (int i = 0; i < 4; i++) {
		env_random(env, p, sizeof(p));
		if (i == 0)
			memset(p, 0, sizeof(p));
		if (i == 1)
			memset(p, 0xff, sizeof(p));
		row(i == 0 ? "zeroes" : i == 1 ? "ones" : "random");
		field("bytes", p, sizeof(p));
		printf(", \"words\": \"%s\"", words_encode(words, p, 6));
		end_row();
	}
	end_list();
	list("recovery");
	for (int i = 0; i < 3; i++) {
		recovery_code_make(env, text);
		must(recovery_code_parse(text, code), "recovery code");
		row("random");
		printf(", \"text\": \"%s\"", text);
		field("code", code, sizeof(code));
		end_row();
	}
	end_list();
}

static void
print_shares(void)
{
	uint8_t secret[32], random[96];
	struct share s[3];
	char text[SHARE_TEXT_BYTES];

	list("shares");
	for (int i = 0; i < 2; i++) {
		env_random(env, secret, sizeof(secret));
		env_random(env, random, sizeof(random));
		shares_split(s, secret, random);
		row("random");
		field("secret", secret, sizeof(secret));
		field("random", random, sizeof(random));
		printf(", \"printed\": [");
		for (int j = 0; j < 3; j++)
			printf("%s\"%s\"", j > 0 ? ", " : "", share_print(text, &s[j]));
		printf("]");
		end_row();
	}
	end_list();
}

static void
print_msgpack(void)
{
	static const struct { const char *name, *hex; bool want; } cases[] = {
		{ "nil", "c0", true },
		{ "127", "7f", true },
		{ "128", "cc80", true },
		{ "2^64 - 1", "cfffffffffffffffff", true },
		{ "-33", "d0df", true },
		{ "float 64", "cb3ff8000000000000", true },
		{ "text", "a2c3a5", true },
		{ "map in order", "8201c0a161c0", true },
		{ "8 deep", "919191919191919100", true },
		{ "9 deep", "91919191919191919100", false },
		{ "127 in two bytes", "cc7f", false },
		{ "255 in three bytes", "cd00ff", false },
		{ "2^32 - 1 in nine bytes", "cf00000000ffffffff", false },
		{ "-32 in two bytes", "d0e0", false },
		{ "5 as a signed number", "d005", false },
		{ "float 32", "ca3fc00000", false },
		{ "NaN", "cb7ff8000000000000", false },
		{ "str 8 for one byte", "d90161", false },
		{ "bin 16 for one byte", "c5000161", false },
		{ "array 16 for one value", "dc000100", false },
		{ "map 16 for one pair", "de00010000", false },
		{ "not UTF-8", "a1ff", false },
		{ "surrogate", "a3eda080", false },
		{ "ext", "d40000", false },
		{ "c1", "c1", false },
		{ "two values", "0000", false },
		{ "same key twice", "8201c001c0", false },
		{ "keys descending", "8202c001c0", false },
		{ "nothing", "", false },
		{ "cut short", "9200", false },
		{ "4 GiB map", "dfffffff7a", false },
	};
	uint8_t raw[32];

	list("msgpack");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t len = strlen(cases[i].hex) / 2;
		bool got = hex_decode(raw, len, cases[i].hex) && msgpack_scan(BYTES(raw, len), 8, 100, NULL) == ERR_OK;

		must(got == cases[i].want, cases[i].name);
		row(cases[i].name);
		printf(", \"bytes\": \"%s\", \"accept\": %s", cases[i].hex, got ? "true" : "false");
		end_row();
	}
	end_list();
}

static struct keystore *
sample_keystore(const uint8_t code[16])
{
	struct keystore *k = keystore_new(env);
	struct epoch_secret e;

	must(k != NULL, "a keystore");
	for (uint64_t n = 1; n <= 2; n++) {
		env_random(env, &e.stream, sizeof(e.stream));
		env_random(env, &e.epoch, sizeof(e.epoch));
		env_random(env, e.mk, sizeof(e.mk));
		env_random(env, e.e, sizeof(e.e));
		if (n == 1)
			memset(e.e, 0, sizeof(e.e));
		e.n = n;
		must(keystore_add_epoch(k, &e, NULL) == ERR_OK, "an epoch");
	}
	must(keystore_add_tombstone(k, 1, e.mk, NULL) == ERR_OK, "a tombstone");
	k->network_count = 1;
	env_random(env, k->network[0].n, 32);
	env_random(env, k->org.b, sizeof(k->org.b));
	env_random(env, k->root_pk.b, sizeof(k->root_pk.b));
	strcpy((char *)k->member_name, "Märta Öberg");
	strcpy((char *)k->device_name, "Dalby laptop");
	k->role = 2;
	must(keystore_set_slot(k, env, 1, BYTES_STR("correct horse"), KDF_INTERACTIVE, NULL) == ERR_OK, "a slot");
	must(keystore_set_slot(k, env, 2, BYTES(code, 16), KDF_INTERACTIVE, NULL) == ERR_OK, "a slot");
	return k;
}

static void
print_one_keystore(const char *name, size_t others)
{
	struct buf file = BUF_INIT, body = BUF_INIT;
	struct keystore *k, *again;
	uint8_t code[16];

	env_random(env, code, sizeof(code));
	k = sample_keystore(code);
	for (size_t i = 0; i < others; i++) {
		struct keystore *o = keystore_add_other(k, env);

		must(o != NULL, "another device");
		strcpy((char *)o->device_name, "hub");
		env_random(env, o->org.b, sizeof(o->org.b));
	}
	must(keystore_encode(k, env, &file, NULL) == ERR_OK, "encoding");
	must(keystore_open(&again, buf_bytes(&file), 1, BYTES_STR("correct horse"), NULL) == ERR_OK, "opening");
	keystore_body_encode(&body, again);
	row(name);
	printf(", \"passphrase\": \"correct horse\"");
	field("recovery_code", code, sizeof(code));
	field("file", file.p, file.len);
	field("body", body.p, body.len);
	end_row();
	keystore_free(k);
	keystore_free(again);
	buf_free(&file);
	buf_wipe(&body);
}

static void
print_keystore(void)
{
	list("keystore");
	print_one_keystore("two slots, both interactive", 0);
	print_one_keystore("a hub's, with its devices in two further organisations", 2);
	end_list();
}

int
main(void)
{
	must(crypto_start(), "libsodium");
	env = fixed_env_init(&fixed);
	printf("{\n  \"spec\": \"proto/encoding.md, proto/keystore.md\"");
	print_msgpack();
	print_hc();
	print_devices();
	print_padding();
	print_seals();
	print_aead();
	print_words_and_codes();
	print_shares();
	print_keystore();
	printf("\n}\n");
	return 0;
}
