/*
 * A welcome: what a newcomer needs to begin offline, for one device's eyes.
 *
 *   epk32 ‖ commit32 ‖ sealed key 48 ‖ nonce24 ‖ box
 *
 * It is sealed before the newcomer knows the organisation, so nothing but
 * the seal binds it; that it is the right organisation is what the words on
 * two screens are for. Spec: proto/welcome.md.
 */
#include "store/home.h"
#include "store/netkey.h"

#include "base/mem.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/pad.h"
#include "crypto/seal.h"

enum {
	WELCOME_V = 1,
	HEAD_BYTES = 32 + 32 + SEALED_KEY_BYTES + XNONCE_BYTES,
	WELCOME_RUNS_MAX = 32 << 20,  /* logs that do not fit come by sync or bundle */
	WELCOME_BYTES_MAX = WELCOME_RUNS_MAX + (8 << 20),
	RUN_BYTES = 1 << 20,
	RUNS_MAX = 1 << 16,
};

/* No organisation and no stream are known yet. */
static const struct org_id no_org;
static const struct stream_id no_stream;

static void
box_key(uint8_t out[32], const uint8_t key[32], const uint8_t *nonce)
{
	HC(out, 32, BYTES(key, 32), "fb1/welcome/box", BYTES(nonce, XNONCE_BYTES));
}

static void
fingerprint_of(uint8_t out[32], const struct author *root_pk, const struct org_id *org)
{
	HC(out, 32, BYTES_NONE, "fb1/root/print", BYTES_OF(*root_pk), BYTES_OF(*org));
}

/* ---- sealing ---- */

static enum err_code
add_log(struct replica *r, size_t log, struct buf *runs, struct err *err)
{
	uint64_t at = 0, len = replica_log_at(r, log)->len;
	enum err_code rc = ERR_OK;

	while (rc == ERR_OK && at < len && runs->len < WELCOME_RUNS_MAX)
		rc = replica_read_run(r, log, at, len, false, RUN_BYTES, runs, &at, err);
	return rc;
}

/* Logs of one stream, our own first: they hold the newcomer's grants and keys. */
static enum err_code
add_stream(struct home *h, const struct stream_id *stream, struct buf *runs, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (int own = 1; own >= 0; own--)
		for (size_t i = 0; i < replica_log_count(h->replica) && rc == ERR_OK; i++) {
			const struct log_head *l = replica_log_at(h->replica, i);

			if (SAME(l->key.stream, *stream) && SAME(l->key.author, h->keys->device.sign_pk) == (own == 1))
				rc = add_log(h->replica, i, runs, err);
		}
	return rc;
}

/* Control for everybody; content only for who may read it. */
static enum err_code
add_runs(struct home *h, const struct org_device *to, struct buf *runs, struct err *err)
{
	const struct org *org = replica_org(h->replica);
	const struct stream_id control = control_stream(org_id(org)), roster = roster_stream(org_id(org));
	enum err_code rc = add_stream(h, &control, runs, err);

	if (rc == ERR_OK && org_reads(org, &roster, &to->id))
		rc = add_stream(h, &roster, runs, err);
	for (size_t i = 0; i < org_team_count(org) && rc == ERR_OK; i++)
		if (org_reads(org, &org_team_at(org, i)->id, &to->id) ||
		    (org_is_drop_box(org, &org_team_at(org, i)->id) && to->advisor)) /* who writes there needs the EPOCHs */
			rc = add_stream(h, &org_team_at(org, i)->id, runs, err);
	if (rc == ERR_OK && !buf_ok(runs))
		rc = err_plain(err, ERR_NO_MEMORY);
	return rc;
}

static enum err_code
write_plain(struct home *h, const struct org_device *to, uint8_t role, struct buf *plain, struct err *err)
{
	const struct org *org = replica_org(h->replica);
	uint8_t keys[32 * KEYSTORE_NETWORK_KEYS], print[32];
	size_t count = netkey_handed_on(h->keys->network, h->keys->network_count, replica_lived_ms(h->replica));
	struct buf runs = BUF_INIT;
	enum err_code rc = add_runs(h, to, &runs, err);

	for (size_t i = 0; i < count; i++)
		memcpy(keys + 32 * i, h->keys->network[i].n, 32);
	org_root_fingerprint(org, print);
	wr_array(plain, 7);
	wr_uint(plain, WELCOME_V);
	WR_FIXED(plain, *org_id(org));
	WR_FIXED(plain, org_genesis(org)->root_pk);
	wr_bin(plain, print, sizeof(print));
	wr_uint(plain, role);
	wr_bin(plain, keys, 32 * count);
	wr_bin(plain, runs.p, runs.len);
	wipe(keys, sizeof(keys));
	buf_free(&runs);
	if (rc != ERR_OK)
		return rc;
	return pad_file(plain) && buf_ok(plain) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

enum err_code
welcome_seal(struct home *h, const struct org_device *to, uint8_t role, struct buf *out, struct err *err)
{
	uint8_t key[32], k[32], head[HEAD_BYTES];
	uint8_t *epk = head, *commit = head + 32, *sealed = head + 64, *nonce = head + 64 + SEALED_KEY_BYTES;
	const struct seal_context c = { .org = &no_org, .stream = &no_stream, .commit = commit };
	struct seal_pair eph;
	struct buf plain = BUF_INIT;
	enum err_code rc = write_plain(h, to, role, &plain, err);

	env_random(h->env, key, sizeof(key));
	env_random(h->env, nonce, XNONCE_BYTES);
	seal_pair_make(h->env, &eph);
	memcpy(epk, eph.pk, 32);
	HC(commit, 32, BYTES(key, 32), "fb1/welcome/commit", BYTES(epk, 32));
	if (rc == ERR_OK && !seal_key(sealed, key, &c, eph.pk, eph.sk, to->seal_pk))
		rc = err_set(err, ERR_KEY, "the seal key of that device is not usable");
	if (rc == ERR_OK) {
		box_key(k, key, nonce);
		buf_clear(out);
		buf_put(out, head, sizeof(head));
		if (!aead_seal(out, k, nonce, BYTES(head, sizeof(head)), buf_bytes(&plain)) || !buf_ok(out))
			rc = err_plain(err, ERR_NO_MEMORY);
		wipe(k, sizeof(k));
	}
	wipe(key, sizeof(key));
	wipe(&eph, sizeof(eph));
	buf_wipe(&plain);
	return rc;
}

/* ---- opening ---- */

static bool
open_key(struct home *h, const uint8_t *head, uint8_t key[32])
{
	const uint8_t *epk = head, *commit = head + 32, *sealed = head + 64;
	const struct seal_context c = { .org = &no_org, .stream = &no_stream, .commit = commit };
	uint8_t want[32];

	for (size_t i = 0; i < h->keys->seal_count; i++) {
		if (!seal_open(key, sealed, &c, epk, h->keys->seal[i].pk, h->keys->seal[i].sk))
			continue;
		HC(want, 32, BYTES(key, 32), "fb1/welcome/commit", BYTES(epk, 32));
		if (same_secret(want, commit, sizeof(want)))
			return true;
	}
	return false;
}

static enum err_code
read_plain(struct welcome *w, struct err *err)
{
	struct bytes s = buf_bytes(&w->plain);
	uint8_t print[32];
	struct rd r;

	if (!unpad_file(&s))
		return err_set(err, ERR_DAMAGED, "the welcome's padding is wrong");
	r = rd_init(s);
	rd_array(&r, 7);
	if (rd_uint(&r, UINT32_MAX) > WELCOME_V && !r.bad)
		return err_set(err, ERR_NEWER, "the welcome was made by a newer version of Fältbok");
	RD_FIXED(&r, w->org);
	RD_FIXED(&r, w->root_pk);
	rd_bin(&r, w->root_fingerprint, sizeof(w->root_fingerprint));
	w->role = (uint8_t)rd_uint(&r, ROLE_HUB);
	w->network_keys = rd_bin_any(&r, 32, 32 * KEYSTORE_NETWORK_KEYS);
	w->runs = rd_bin_any(&r, 1, WELCOME_BYTES_MAX);
	if (!rd_end(&r) || w->network_keys.len % 32 != 0 || w->role < ROLE_COORDINATOR)
		return err_set(err, ERR_MALFORMED, "the welcome is not in the form it must have");
	fingerprint_of(print, &w->root_pk, &w->org);
	if (memcmp(print, w->root_fingerprint, sizeof(print)) != 0)
		return err_set(err, ERR_HASH, "the welcome's fingerprint is not that of its root");
	return ERR_OK;
}

enum err_code
welcome_open(struct welcome *w, struct home *h, struct bytes file, struct err *err)
{
	uint8_t key[32], k[32];
	enum err_code rc = ERR_OK;

	memset(w, 0, sizeof(*w));
	if (file.len > WELCOME_BYTES_MAX)
		return err_set(err, ERR_TOO_BIG, "the file is too large for a welcome");
	if (file.len <= HEAD_BYTES + AEAD_TAG_BYTES)
		return err_set(err, ERR_TRUNCATED, "the welcome ends before its content");
	if (!open_key(h, file.p, key))
		return err_set(err, ERR_KEY, "this welcome is for another device");
	box_key(k, key, file.p + HEAD_BYTES - XNONCE_BYTES);
	if (!aead_open(&w->plain, k, file.p + HEAD_BYTES - XNONCE_BYTES, BYTES(file.p, HEAD_BYTES),
	               BYTES(file.p + HEAD_BYTES, file.len - HEAD_BYTES)))
		rc = buf_ok(&w->plain) ? err_set(err, ERR_DAMAGED, "the welcome is cut short or damaged") : err_plain(err, ERR_NO_MEMORY);
	wipe(key, sizeof(key));
	wipe(k, sizeof(k));
	if (rc == ERR_OK)
		rc = read_plain(w, err);
	if (rc != ERR_OK)
		welcome_free(w);
	return rc;
}

void
welcome_free(struct welcome *w)
{
	buf_wipe(&w->plain);
	w->network_keys = w->runs = BYTES_NONE;
}

/* ---- accepting ---- */

/* Runs may come in any order; one whose author is not known yet is tried again once others have come. */
static enum err_code
take_runs(struct replica *r, struct bytes runs, struct err *err)
{
	struct rd slicer = rd_init(runs);
	struct bytes *list = NULL;
	size_t count = 0, cap = 0, left;
	enum err_code rc = ERR_OK;

	while (slicer.p < slicer.end && rc == ERR_OK) {
		struct bytes *room = mem_room(list, count, &cap, sizeof(*list));

		if (room == NULL) {
			rc = err_plain(err, ERR_NO_MEMORY);
			break;
		}
		list = room;
		list[count++] = rd_any(&slicer, WELCOME_BYTES_MAX);
		if (slicer.bad || count > RUNS_MAX)
			rc = err_set(err, ERR_MALFORMED, "the welcome's runs are not in the form they must have");
	}
	do {
		left = count;
		count = 0;
		for (size_t i = 0; i < left && rc == ERR_OK; i++) {
			struct ingest_counts counts = { .stored = 0 };
			struct rd rd = rd_init(list[i]);

			rc = replica_ingest_run(r, &rd, &counts, err);
			if (rc == ERR_UNKNOWN || rc == ERR_GAP) {
				list[count++] = list[i];
				rc = err_forgive(err);
			}
			if (rc == ERR_OK)
				rc = replica_evaluate(r, err);
		}
	} while (rc == ERR_OK && count > 0 && count < left);
	mem_free(list);
	if (rc == ERR_OK && count > 0)
		rc = err_set(err, ERR_MALFORMED, "the welcome holds entries of authors it does not introduce");
	return rc;
}

/* What the runs come to must be what the welcome says, and must include us. */
static enum err_code
check_result(struct home *h, const struct welcome *w, struct err *err)
{
	const struct org *org = replica_org(h->replica);
	const struct org_device *self;
	uint8_t print[32];

	if (!org_known(org) || !SAME(*org_id(org), w->org))
		return err_set(err, ERR_MALFORMED, "the welcome does not hold the beginning of its organisation");
	org_root_fingerprint(org, print);
	if (memcmp(print, w->root_fingerprint, sizeof(print)) != 0)
		return err_set(err, ERR_HASH, "the welcome's fingerprint is not that of its organisation");
	self = org_device_by_author(org, &h->keys->device.sign_pk);
	if (self == NULL || self->gone)
		return err_set(err, ERR_REFUSED, "the welcome's organisation has not admitted this device");
	return ERR_OK;
}

/* A newcomer is not told when an older key was retired, counts it as retired for longer than newcomers are told of, and so hands it on to nobody. */
static uint64_t
retired_before(int64_t now)
{
	int64_t ago = (NETKEY_WELCOME_DAYS + 1) * INT64_C(86400000);

	return now > ago ? (uint64_t)(now - ago) : 1;
}

enum err_code
welcome_accept(struct home *h, const struct welcome *w, struct err *err)
{
	static const struct org_id none;
	struct keystore *k = h->keys;
	enum err_code rc;

	if (!SAME(k->org, none) && !SAME(k->org, w->org))
		return err_set(err, ERR_REFUSED, "this home belongs to another organisation");
	rc = replica_set_org(h->replica, &w->org, &w->root_pk, err);
	if (rc == ERR_OK)
		rc = take_runs(h->replica, w->runs, err);
	if (rc == ERR_OK)
		rc = check_result(h, w, err);
	if (rc == ERR_OK)
		rc = replica_commit(h->replica, err);
	if (rc != ERR_OK) {
		replica_drop(h->replica);
		return rc;
	}
	/* Should this fail, the same welcome may be accepted again: what the store holds by now does no harm. */
	k->org = w->org;
	k->root_pk = w->root_pk;
	k->role = w->role;
	k->network_count = w->network_keys.len / 32;
	for (size_t i = 0; i < k->network_count; i++) {
		memcpy(k->network[i].n, w->network_keys.p + 32 * i, 32);
		k->network[i].retired_ms = i == 0 ? 0 : retired_before(replica_lived_ms(h->replica));
	}
	return home_save_keystore(h, err);
}
