/*
 * A member's device that lies: takes a bundle that its home can open, and makes one that opens as well and holds one
 * run alone, which is not what it should be. What is wrong is inside the seal, where only signatures protect.
 *
 *   liar LIE --home DIR --passphrase-file FILE IN OUT
 *
 *   honest      the last entry of content by who made the bundle, as it is: what the others differ from
 *   bit         its signature, with a bit turned
 *   text        its content, with a bit turned, under the old signature
 *   hand        what would come after it in the log of its author, signed by the liar
 *   stranger    a first entry of a device that nobody has admitted
 *   role        the liar's next control entry: it makes itself a coordinator. Signed as it should be
 *   later       the liar's next entries of kinds that only a later version knows, one of control, one of a team. Signed as they should be
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "crypto/keystore.h"
#include "log/run.h"
#include "org/ops.h"
#include "peer/bundle_form.h"
#include "sync/message.h"

struct kept { bool there; struct entry e; uint8_t payload[PAYLOAD_BYTES_MAX]; };
static struct kept others, own_data, own_control; /* the last of each */
static struct author maker;

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "liar: %s: %s\n", what, why);
	exit(1);
}

static void
read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	unsigned char part[65536];
	size_t n;

	if (f == NULL)
		die(path, "cannot be opened");
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(out, part, n);
	fclose(f);
}

static void
keep(struct kept *k, const struct entry *e)
{
	k->there = true;
	k->e = *e;
	memcpy(k->payload, e->payload.p, e->payload.len);
	k->e.payload = BYTES(k->payload, e->payload.len);
}

static void
take_run(struct rd *rd, const struct keystore *ks)
{
	struct run_reader r;
	struct entry e;

	if (run_open(&r, rd, NULL) != ERR_OK)
		die("the bundle", "holds what is no run");
	while (r.left > 0) {
		bool own;

		if (run_next(&r, &e, NULL) != ERR_OK)
			die("the bundle", "a run ends in the middle");
		own = SAME(e.h.author, ks->device.sign_pk);
		if (!e.has_payload)
			continue;
		if (own && kind_is_control(e.h.kind))
			keep(&own_control, &e);
		else if (own)
			keep(&own_data, &e);
		else if (e.h.kind == KIND_DATA && e.has_sig && SAME(e.h.author, maker))
			keep(&others, &e);
	}
}

static void
open_bundle(const char *path, const struct keystore *ks, struct buf *head)
{
	struct buf file = BUF_INIT, content = BUF_INIT;
	struct bundle_chunks chunks;
	bool last = false;
	struct rd rd;

	read_file(path, &file);
	if (bundle_open(&chunks, buf_bytes(&file), ks->network[0].n, head, NULL) != ERR_OK)
		die(path, "does not open");
	rd = rd_init(buf_bytes(head));
	rd_array(&rd, 3);
	(void)rd_uint(&rd, UINT32_MAX);
	RD_FIXED(&rd, maker);
	while (!last)
		if (bundle_next(&chunks, &content, &last, NULL) != ERR_OK)
			die(path, "is cut short");
	rd = rd_init(buf_bytes(&content));
	while (rd.p < rd.end && *rd.p != 0) {
		struct message m;

		if (message_decode(&m, rd_any(&rd, MESSAGE_BYTES_MAX), NULL) != ERR_OK)
			die(path, "holds what is no message");
		if (m.kind == MSG_ENTRIES)
			for (struct rd runs = rd_init(m.u.entries); runs.p < runs.end && !runs.bad;)
				take_run(&runs, ks);
	}
	buf_free(&file);
	buf_free(&content);
}

static void
add_run(struct buf *content, const struct entry *e)
{
	struct buf run = BUF_INIT;
	struct run_writer w;

	run_begin(&w, &run, &e->h);
	run_add(&w, e);
	(void)run_finish(&w);
	message_encode(content, &(struct message){ MSG_ENTRIES, { .entries = buf_bytes(&run) } });
	buf_free(&run);
}

static void
add_next(struct buf *content, const struct kept *after, uint8_t kind, struct bytes payload, const uint8_t sign_sk[64])
{
	struct header h = after->e.h;
	struct entry e;

	if (!after->there)
		die("the bundle", "has no entry to go on from");
	h.kind = kind;
	h.prev = after->e.id;
	h.seq++;
	entry_make(&e, &h, payload, sign_sk);
	add_run(content, &e);
}

static void
tell(const char *lie, const struct keystore *ks, struct buf *content)
{
	struct control_op op = { .kind = KIND_GRANT, .u.grant = { .dev = device_id_of(&ks->device.sign_pk), .role = ROLE_COORDINATOR, .rank = 0 } };
	struct buf grant = BUF_INIT;
	struct device_keys stranger;
	struct entry e = others.e;
	uint8_t seed[32];

	if (!others.there && strcmp(lie, "role") != 0 && strcmp(lie, "later") != 0)
		die("the bundle", "has no content of another device");
	if (strcmp(lie, "honest") == 0) {
		add_run(content, &e);
	} else if (strcmp(lie, "bit") == 0) {
		e.sig[40] ^= 1;
		add_run(content, &e);
	} else if (strcmp(lie, "text") == 0) {
		others.payload[others.e.payload.len / 2] ^= 1;
		add_run(content, &e);
	} else if (strcmp(lie, "hand") == 0) {
		add_next(content, &others, KIND_DATA, others.e.payload, ks->device.sign_sk);
	} else if (strcmp(lie, "stranger") == 0) {
		randombytes_buf(seed, sizeof(seed));
		device_keys_derive(&stranger, seed);
		e.h.author = stranger.sign_pk;
		e.h.seq = 0;
		memset(&e.h.prev, 0, sizeof(e.h.prev));
		entry_make(&e, &e.h, others.e.payload, stranger.sign_sk);
		add_run(content, &e);
	} else if (strcmp(lie, "role") == 0) {
		control_op_encode(&grant, &op);
		add_next(content, &own_control, KIND_GRANT, buf_bytes(&grant), ks->device.sign_sk);
	} else if (strcmp(lie, "later") == 0) {
		add_next(content, &own_control, 27, BYTES_STR("of a later version"), ks->device.sign_sk);
		add_next(content, &own_data, 61, BYTES_STR("of a later version"), ks->device.sign_sk);
	} else {
		die(lie, "is no lie that is known");
	}
	buf_free(&grant);
}

int
main(int argc, char **argv)
{
	struct buf file = BUF_INIT, pass = BUF_INIT, head = BUF_INIT, content = BUF_INIT, out = BUF_INIT;
	uint8_t salt[BUNDLE_SALT_BYTES];
	struct keystore *ks;
	char path[4096];
	FILE *f;

	if (argc != 8 || strcmp(argv[2], "--home") != 0 || strcmp(argv[4], "--passphrase-file") != 0 || sodium_init() < 0)
		die("usage", "liar LIE --home DIR --passphrase-file FILE IN OUT");
	snprintf(path, sizeof(path), "%s/keystore", argv[3]);
	read_file(path, &file);
	read_file(argv[5], &pass);
	while (pass.len > 0 && pass.p[pass.len - 1] == '\n')
		pass.len--;
	if (keystore_open(&ks, buf_bytes(&file), 1, buf_bytes(&pass), NULL) != ERR_OK)
		die(path, "does not open");
	open_bundle(argv[6], ks, &head);
	tell(argv[1], ks, &content);
	randombytes_buf(salt, sizeof(salt));
	if (bundle_seal(&out, ks->network[0].n, salt, buf_bytes(&head), buf_bytes(&content), NULL) != ERR_OK)
		die(argv[7], "cannot be sealed");
	f = fopen(argv[7], "wb");
	if (f == NULL || fwrite(out.p, 1, out.len, f) != out.len || fclose(f) != 0)
		die(argv[7], "cannot be written");
	keystore_free(ks);
	buf_free(&file);
	buf_free(&pass);
	buf_free(&head);
	buf_free(&content);
	buf_free(&out);
	return 0;
}
