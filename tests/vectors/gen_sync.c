/*
 * Prints proto/vectors/sync.json: what a second implementation of
 * proto/sync.md and proto/bundle.md must agree with, byte for byte. Every
 * byte that looks random comes from HC(32, no key, "test/random",
 * be64(counter)), so two runs print the same file. Bytes are hex.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/fixed_env.h"
#include "codec/strict.h"
#include "crypto/device.h"
#include "crypto/guard.h"
#include "link/frame.h"
#include "link/noise.h"
#include "log/run.h"
#include "peer/bundle_form.h"
#include "org/ack.h"
#include "sync/message.h"

static struct fixed_env fixed;
static struct env *env;
static bool first_row;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "gen_sync: %s failed\n", what);
	exit(1);
}

static void
field(const char *name, const void *p, size_t len)
{
	printf(", \"%s\": \"", name);
	for (size_t i = 0; i < len; i++)
		printf("%02x", ((const uint8_t *)p)[i]);
	printf("\"");
}

static void
list(const char *name)
{
	printf(",\n  \"%s\": [", name);
	first_row = true;
}

static void
row(const char *name)
{
	printf("%s\n    {\"name\": \"%s\"", first_row ? "" : ",", name);
	first_row = false;
}

static void
end_row(void)
{
	printf("}");
}

static void
end_list(void)
{
	printf("\n  ]");
}

/* ---- handshake, transport, rekey ---- */

static void
print_noise(void)
{
	static const char *const steps[] = { "-> psk, e", "<- e, ee, s, es", "-> s, se" };
	uint8_t n[32], psk[32], s[2][32], e[2][32], box[64];
	struct noise_cipher send[2], receive[2];
	struct buf payload = BUF_INIT;
	struct noise side[2];

	env_random(env, n, 32);
	link_psk(psk, n);
	for (int i = 0; i < 2; i++) {
		env_random(env, s[i], 32);
		env_random(env, e[i], 32);
		noise_init(&side[i], &noise_xxpsk0, i == 0, BYTES_STR("fb1/noise/1"), s[i], e[i], psk);
	}
	list("noise_keys");
	row("Noise_XXpsk0_25519_ChaChaPoly_SHA256");
	field("network_key", n, 32);
	field("psk", psk, 32);
	field("prologue", "fb1/noise/1", 11);
	field("init_static", s[0], 32);
	field("init_ephemeral", e[0], 32);
	field("resp_static", s[1], 32);
	field("resp_ephemeral", e[1], 32);
	end_row();
	end_list();
	list("noise_handshake");
	for (unsigned i = 0; i < 3; i++) {
		struct buf message = BUF_INIT;

		must(noise_write(&side[i % 2], BYTES_NONE, &message, NULL) == ERR_OK, "writing a handshake message");
		must(noise_read(&side[1 - i % 2], buf_bytes(&message), &payload, NULL) == ERR_OK, "reading it");
		row(steps[i]);
		field("bytes", message.p, message.len);
		end_row();
		buf_free(&message);
	}
	end_list();
	list("noise_transport");
	row("hash");
	field("bytes", noise_hash(&side[0]), 32);
	end_row();
	noise_split(&side[0], &send[0], &receive[0]);
	noise_split(&side[1], &send[1], &receive[1]);
	for (unsigned i = 0; i < NOISE_REKEY_EVERY + 2u; i++) {
		must(noise_seal(&send[0], box, (const uint8_t *)"fold", 4) == ERR_OK, "sealing");
		if (i > 1 && i < NOISE_REKEY_EVERY - 1u)
			continue;
		printf("%s\n    {\"name\": \"initiator's message %u of plaintext 666f6c64\"", first_row ? "" : ",", i);
		field("bytes", box, 20);
		end_row();
	}
	end_list();
	buf_free(&payload);
}

/* ---- frames ---- */

static void
print_frames(void)
{
	static const struct { const char *name; uint8_t bytes[4]; size_t len; } cases[] = {
		{ "a small value", { 0x92, 8, 0 }, 238 },
		{ "a value that ends in zero", { 0x93, 13, 0, 0 }, 238 },
		{ "a byte after the value", { 0x91, 8, 0, 1 }, 238 },
		{ "a unit more than it needs", { 0x91, 8 }, 494 },
		{ "a unit less one byte", { 0x91, 8 }, 237 },
		{ "nothing but zeroes: the number 0", { 0 }, 238 },
		{ "not the shortest form", { 0xcc, 8 }, 238 },
		{ "cut short", { 0xdc, 0xff, 0xff }, 238 },
	};

	list("frame_plaintexts");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t plain[494] = { 0 };
		struct bytes value;
		bool ok;

		memcpy(plain, cases[i].bytes, 4);
		/* A plaintext is what is left of a frame of 256·k bytes. */
		ok = frame_unpad(BYTES(plain, cases[i].len), &value, NULL) == ERR_OK && (cases[i].len + 18) % FRAME_UNIT == 0;
		row(cases[i].name);
		field("plaintext", plain, cases[i].len);
		printf(", \"accept\": %s", ok ? "true" : "false");
		if (ok)
			field("value", value.p, value.len);
		end_row();
	}
	end_list();
	list("frame_sizes");
	for (size_t len = 1; len <= FRAME_MESSAGE_MAX; len = len == 1 ? 238 : len == 238 ? 239 : len * 2 + 16) {
		row("value");
		printf(", \"value_bytes\": %zu, \"frame_bytes\": %zu", len, frame_bytes(len));
		end_row();
	}
	end_list();
}

/* ---- summaries ---- */

static void
make_heads(struct log_head *heads, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		memset(&heads[i], 0, sizeof(heads[i]));
		env_random(env, heads[i].key.author.b, 32);
		env_random(env, heads[i].key.stream.b, 16);
		env_random(env, heads[i].key.inc.b, 8);
		env_random(env, heads[i].head.b, 32);
		heads[i].len = i == 0 ? 1 : 100 * i * i;
		if (i % 4 == 3) {
			heads[i].key.is_branch = true;
			heads[i].key.branch_seq = 7;
			env_random(env, heads[i].key.branch_id.b, 32);
		}
		heads[i].short_id = log8_of(&heads[i].key);
	}
}

static void
print_summaries(void)
{
	struct log_head heads[12];
	uint8_t digests[256][8];
	size_t n = bucket_count_for(COUNT_OF(heads));

	make_heads(heads, COUNT_OF(heads));
	list("logs");
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		const struct log_head *h = &heads[i];
		struct extent e = extent_of(h);
		struct buf item = BUF_INIT;

		extent_put(&item, &e);
		row(h->key.is_branch ? "branch" : "trunk");
		field("author", h->key.author.b, 32);
		field("stream", h->key.stream.b, 16);
		field("inc", h->key.inc.b, 8);
		if (h->key.is_branch) {
			printf(", \"branch_seq\": %llu", (unsigned long long)h->key.branch_seq);
			field("branch_id", h->key.branch_id.b, 32);
		}
		printf(", \"len\": %llu", (unsigned long long)h->len);
		field("head", h->head.b, 32);
		field("log8", h->short_id.b, 8);
		field("item", item.p, item.len);
		end_row();
		buf_free(&item);
	}
	end_list();
	bucket_digests(digests, n, heads, COUNT_OF(heads));
	list("buckets");
	row("all logs above");
	printf(", \"n\": %zu", n);
	field("digests", digests, 8 * n);
	end_row();
	end_list();
	list("bucket_counts");
	for (size_t logs = 0; logs < 5000; logs = logs * 2 + 1) {
		row("logs");
		printf(", \"logs\": %zu, \"n\": %zu", logs, bucket_count_for(logs));
		end_row();
	}
	end_list();
}

/* ---- messages ---- */

static void
message_row(const char *name, const struct message *m)
{
	struct buf out = BUF_INIT;
	struct message again;

	message_encode(&out, m);
	must(message_decode(&again, buf_bytes(&out), NULL) == ERR_OK, name);
	row(name);
	field("bytes", out.p, out.len);
	printf(", \"accept\": true");
	end_row();
	buf_free(&out);
}

static void
refused_row(const char *name, struct bytes bytes)
{
	struct message m;

	must(message_decode(&m, bytes, NULL) != ERR_OK, name);
	row(name);
	field("bytes", bytes.p, bytes.len);
	printf(", \"accept\": false");
	end_row();
}

static void
make_ack(struct buf *out, const struct device_keys *keys, const struct org_id *org, const uint8_t root[32], struct bytes delta,
         uint8_t digest[32])
{
	struct ack ack = { .n = 1700000000123, .delta = delta };

	memcpy(ack.root, root, 32);
	ack_digest(digest, org, &ack);
	sign_digest(ack.sig, "fb1/ack/sig", digest, keys->sign_sk);
	ack_encode(out, &ack);
}

static void
print_run(struct buf *run)
{
	struct device_keys keys;
	struct run_writer w;
	struct header h;
	struct entry e;
	uint8_t seed[32];

	env_random(env, seed, 32);
	device_keys_derive(&keys, seed);
	memset(&h, 0, sizeof(h));
	h.author = keys.sign_pk;
	env_random(env, h.stream.b, 16);
	env_random(env, h.inc.b, 8);
	run_begin(&w, run, &h);
	for (unsigned i = 0; i < 3; i++) {
		uint8_t payload[20];

		env_random(env, payload, sizeof(payload));
		h.kind = i == 0 ? KIND_TEAM_OPEN : KIND_DATA;
		h.seq = i;
		entry_make(&e, &h, BYTES(payload, sizeof(payload)), keys.sign_sk);
		e.has_payload = i != 1;
		run_add(&w, &e);
		h.prev = e.id;
	}
	must(run_finish(&w) > 0, "a run");
	list("runs");
	row("three entries, the second without its payload");
	field("bytes", run->p, run->len);
	field("last_id", e.id.b, 32);
	end_row();
	end_list();
}

static void
print_messages(void)
{
	static const uint8_t digests[128] = { 1, 2, 3 }, mask[2] = { 5, 128 };
	struct msg_want want = { 1, { { { { 1, 2, 3, 4, 5, 6, 7, 8 } }, 3, 9 } } };
	struct buf ack = BUF_INIT, items = BUF_INIT, run = BUF_INIT, bytes = BUF_INIT;
	struct device_keys keys;
	struct org_id org;
	struct log_head h = { .len = 0 };
	struct extent e;
	uint8_t root[32], seed[32], digest[32];

	env_random(env, seed, 32);
	device_keys_derive(&keys, seed);
	env_random(env, org.b, 32);
	env_random(env, root, 32);
	for (uint64_t len = 1; len < 100000; len *= 20) {
		env_random(env, h.short_id.b, 8);
		env_random(env, h.head.b, 32);
		h.len = len;
		e = extent_of(&h);
		extent_put(&items, &e);
	}
	make_ack(&ack, &keys, &org, root, buf_bytes(&items), digest);
	list("acks");
	row("four logs");
	field("sign_pk", keys.sign_pk.b, 32);
	field("org_id", org.b, 32);
	field("root", root, 32);
	field("delta", items.p, items.len);
	field("digest", digest, 32);
	field("ack", ack.p, ack.len);
	end_row();
	end_list();
	print_run(&run);
	list("messages");
	message_row("HELLO", &(struct message){ MSG_HELLO, { .hello = { .vmin = 1, .vmax = 1, .role = 2, .flags = HELLO_STAY, .credit = 1 << 20 } } });
	message_row("HELLO with an ack", &(struct message){ MSG_HELLO, { .hello = { .vmin = 1, .vmax = 2, .role = 4, .credit = 1 << 20, .has_ack = true, .ack = buf_bytes(&ack) } } });
	message_row("BUCKETS", &(struct message){ MSG_BUCKETS, { .buckets = { SCOPE_TEAMS, 16, digests } } });
	message_row("HAVE", &(struct message){ MSG_HAVE, { .have = { SCOPE_CONTROL, BYTES(mask, 2), true, buf_bytes(&items) } } });
	message_row("WANT", &(struct message){ MSG_WANT, { .want = want } });
	message_row("ENTRIES", &(struct message){ MSG_ENTRIES, { .entries = buf_bytes(&run) } });
	message_row("CREDIT", &(struct message){ MSG_CREDIT, { .credit = 262144 } });
	message_row("BYE", &(struct message){ MSG_BYE, { .bye = { SYNC_BYE_DONE, 3, 400, false, BYTES_NONE } } });
	message_row("BYE with an ack", &(struct message){ MSG_BYE, { .bye = { SYNC_BYE_DONE, 3, 400, true, buf_bytes(&ack) } } });
	message_row("ERR", &(struct message){ MSG_ERR, { .refusal = REFUSE_REMOVED } });
	message_row("ACK", &(struct message){ MSG_ACK, { .ack = { true, buf_bytes(&ack) } } });
	message_row("DONE", &(struct message){ MSG_DONE, { .done = { SCOPE_TEAMS, 0 } } });
	message_row("PROBE", &(struct message){ MSG_PROBE, { .probe = { h.short_id, 0, 1000, 125, 8, digests } } });
	message_row("PROBE, the place", &(struct message){ MSG_PROBE, { .probe = { h.short_id, 431, 431, 0, 0, digests } } });
	refused_row("a number not in use", BYTES("\x92\x04\x00", 3));
	refused_row("a field too many", BYTES("\x93\x08\x00\x00", 4));
	refused_row("a field too few", BYTES("\x92\x0d\x00", 3));
	refused_row("a scope that is none", BYTES("\x93\x0d\x03\x00", 4));
	refused_row("not the shortest form", BYTES("\x92\x08\xcc\x05", 4));
	refused_row("something behind it", BYTES("\x92\x08\x05\x00", 4));
	refused_row("ENTRIES without a run", BYTES("\x92\x06\xc4\x00", 4));
	message_encode(&bytes, &(struct message){ MSG_BUCKETS, { .buckets = { SCOPE_TEAMS, 16, digests } } });
	bytes.p[3] = 17;
	refused_row("17 buckets", buf_bytes(&bytes));
	end_list();
	buf_free(&ack);
	buf_free(&items);
	buf_free(&run);
	buf_free(&bytes);
}

/* ---- bundles ---- */

static const char *
ending(struct bytes file, const uint8_t n[32], size_t *opened)
{
	struct bundle_chunks chunks;
	struct buf out = BUF_INIT;
	bool last = false;
	enum err_code rc = bundle_open(&chunks, file, n, &out, NULL);

	for (*opened = 0; rc == ERR_OK && !last; *opened += rc == ERR_OK)
		rc = bundle_next(&chunks, &out, &last, NULL);
	buf_free(&out);
	return rc == ERR_OK ? "whole" : rc == ERR_TRUNCATED ? "cut short" : rc == ERR_DAMAGED ? "damaged" : "another organisation";
}

static void
print_bundle(void)
{
	const size_t head = BUNDLE_SALT_BYTES + BUNDLE_HEAD_BYTES + BUNDLE_TAG_BYTES, chunk = BUNDLE_CHUNK_BYTES + BUNDLE_TAG_BYTES;
	const size_t cuts[] = { 0, head - 1, head, head + 16, head + chunk - 1, head + chunk, head + chunk + 5, head + 2 * chunk };
	struct buf file = BUF_INIT, content = BUF_INIT, plain = BUF_INIT;
	uint8_t n[32], salt[BUNDLE_SALT_BYTES], key[32], digest[32];
	size_t opened;

	env_random(env, n, 32);
	env_random(env, salt, sizeof(salt));
	bundle_key(key, n, salt);
	wr_array(&plain, 3);
	wr_uint(&plain, 1);
	env_random(env, digest, 32);
	wr_bin(&plain, digest, 32);
	wr_nil(&plain);
	message_encode(&content, &(struct message){ MSG_CREDIT, { .credit = 70000 } });
	must(bundle_seal(&file, n, salt, buf_bytes(&plain), buf_bytes(&content), NULL) == ERR_OK, "a bundle");
	list("bundles");
	row("one small message");
	field("network_key", n, 32);
	field("salt", salt, sizeof(salt));
	field("key", key, 32);
	field("head", plain.p, plain.len);
	field("content", content.p, content.len);
	field("file", file.p, file.len);
	end_row();
	end_list();
	/* Long ones by their digest, HC(32, no key, "test/file", file). */
	buf_clear(&file);
	buf_clear(&content);
	memset(buf_add(&content, 150000), 0x5a, 150000);
	must(bundle_seal(&file, n, salt, buf_bytes(&plain), buf_bytes(&content), NULL) == ERR_OK, "a long bundle");
	HC(digest, 32, BYTES_NONE, "test/file", buf_bytes(&file));
	list("long_bundles");
	row("150000 bytes 5a, same key, salt and head");
	printf(", \"content_bytes\": 150000, \"file_bytes\": %zu", file.len);
	field("file_digest", digest, 32);
	end_row();
	end_list();
	list("long_bundle_cut");
	for (size_t i = 0; i < COUNT_OF(cuts); i++) {
		const char *how = ending(BYTES(file.p, cuts[i]), n, &opened);

		row(how);
		printf(", \"to_bytes\": %zu, \"content_chunks\": %zu", cuts[i], opened);
		end_row();
	}
	end_list();
	buf_free(&file);
	buf_free(&content);
	buf_free(&plain);
}

int
main(void)
{
	must(crypto_start(), "libsodium");
	env = fixed_env_init(&fixed);
	printf("{\n  \"spec\": \"proto/sync.md, proto/bundle.md\"");
	print_noise();
	print_frames();
	print_summaries();
	print_messages();
	print_bundle();
	printf("\n}\n");
	return 0;
}
