#include "sim/thief.h"

#include "base/mem.h"
#include "codec/strict.h"
#include "crypto/hc.h"
#include "crypto/pad.h"
#include "crypto/primitive.h"
#include "crypto/seal.h"
#include "sim/disk.h"

struct held { struct entry e; uint8_t *payload; bool opened; };
struct mine { uint8_t pk[32], sk[32]; };
struct epoch_known { struct epoch_id id; bool whole; uint8_t e[32], mk[32]; };
struct case_known { uint8_t kid[16], ck[32]; };

struct thief {
	struct org_id org;
	struct stream_id team;
	struct held *held; size_t held_count, held_cap;
	struct mine *mine; size_t mine_count, mine_cap;
	struct epoch_known *epochs; size_t epoch_count, epoch_cap;
	struct case_known *cases; size_t case_count, case_cap;
	bool news;
};

struct thief *
thief_new(const struct org_id *org, const struct stream_id *team)
{
	struct thief *t = sim_must(mem_zero(1, sizeof(*t)));

	t->org = *org;
	t->team = *team;
	return t;
}

void
thief_free(struct thief *t)
{
	for (size_t i = 0; i < t->held_count; i++)
		mem_free(t->held[i].payload);
	mem_free(t->held);
	mem_free(t->mine);
	mem_free(t->epochs);
	mem_free(t->cases);
	mem_free(t);
}

/* ---- what is known ---- */

/* E, or MK alone: then e is NULL. */
static void
know_epoch(struct thief *t, const struct epoch_id *id, const uint8_t *e, const uint8_t *mk)
{
	struct epoch_known *k = NULL;

	for (size_t i = 0; i < t->epoch_count && k == NULL; i++)
		if (SAME(t->epochs[i].id, *id))
			k = &t->epochs[i];
	if (k == NULL) {
		t->epochs = sim_must(mem_room(t->epochs, t->epoch_count, &t->epoch_cap, sizeof(*t->epochs)));
		k = &t->epochs[t->epoch_count++];
		*k = (struct epoch_known){ .id = *id };
		t->news = true;
	}
	if (e != NULL && !k->whole) {
		memcpy(k->e, e, 32);
		k->whole = t->news = true;
		HC(k->mk, 32, BYTES(e, 32), "fb1/epoch/meta", BYTES(id->b, 16));
	} else if (mk != NULL && !k->whole) {
		memcpy(k->mk, mk, 32);
	}
}

static const struct epoch_known *
epoch_of(const struct thief *t, const struct epoch_id *id)
{
	for (size_t i = 0; i < t->epoch_count; i++)
		if (SAME(t->epochs[i].id, *id))
			return &t->epochs[i];
	return NULL;
}

bool
thief_holds_epoch(const struct thief *t, const struct epoch_id *epoch)
{
	const struct epoch_known *k = epoch_of(t, epoch);

	return k != NULL && k->whole;
}

static void
know_case(struct thief *t, const uint8_t kid[16], const uint8_t ck[32])
{
	for (size_t i = 0; i < t->case_count; i++)
		if (memcmp(t->cases[i].kid, kid, 16) == 0 && memcmp(t->cases[i].ck, ck, 32) == 0)
			return;
	t->cases = sim_must(mem_room(t->cases, t->case_count, &t->case_cap, sizeof(*t->cases)));
	memcpy(t->cases[t->case_count].kid, kid, 16);
	memcpy(t->cases[t->case_count++].ck, ck, 32);
	t->news = true;
}

void
thief_take_epochs(struct thief *t, const struct keystore *k)
{
	static const uint8_t zero[32];

	for (size_t i = 0; i < k->epoch_count; i++)
		if (SAME(k->epochs[i].stream, t->team))
			know_epoch(t, &k->epochs[i].epoch, memcmp(k->epochs[i].e, zero, 32) == 0 ? NULL : k->epochs[i].e, k->epochs[i].mk);
}

void
thief_take_keys(struct thief *t, const struct keystore *k)
{
	for (size_t i = 0; i < k->seal_count; i++) {
		t->mine = sim_must(mem_room(t->mine, t->mine_count, &t->mine_cap, sizeof(*t->mine)));
		memcpy(t->mine[t->mine_count].pk, k->seal[i].pk, 32);
		memcpy(t->mine[t->mine_count++].sk, k->seal[i].sk, 32);
	}
	thief_take_epochs(t, k);
}

/* ---- opening ---- */

static bool
unbox(struct buf *out, const uint8_t key[32], const uint8_t nonce[24], struct bytes ad, struct bytes box)
{
	buf_clear(out);
	return aead_open(out, key, nonce, ad, box);
}

/* Tries every seal key; who made it is not asked. */
static void
try_sealed(struct thief *t, const struct epoch_id *id, const uint8_t commit[32], const uint8_t epk[32], const uint8_t sealed[48])
{
	static const uint8_t zero[24];
	struct buf e = BUF_INIT;

	for (size_t i = 0; i < t->mine_count; i++) {
		uint8_t ss[32], k[32], check[32];

		if (!x25519(ss, t->mine[i].sk, epk))
			continue;
		HC(k, 32, BYTES(ss, 32), "fb1/seal", BYTES(t->org.b, 32), BYTES(t->team.b, 16), BYTES(commit, 32), BYTES(epk, 32), BYTES(t->mine[i].pk, 32));
		if (!unbox(&e, k, zero, BYTES_NONE, BYTES(sealed, 48)) || e.len != 32)
			continue;
		HC(check, 32, BYTES(e.p, 32), "fb1/epoch/commit", BYTES(t->team.b, 16));
		if (memcmp(check, commit, 32) == 0)
			know_epoch(t, id, e.p, NULL);
	}
	buf_wipe(&e);
}

static void
open_epoch(struct thief *t, const struct entry *e)
{
	struct rd r = rd_init(e->payload);
	struct epoch_id id;
	uint8_t commit[32], epk[32], sealed[48];
	size_t n;

	memcpy(id.b, e->id.b, 16);
	(void)rd_array_any(&r, 8);
	(void)rd_any(&r, 16); /* n */
	(void)rd_any(&r, 32); /* parent */
	(void)rd_any(&r, 16); /* reason */
	rd_bin(&r, commit, 32);
	rd_bin(&r, epk, 32);
	n = rd_array_any(&r, 512);
	for (size_t i = 0; i < n && !r.bad; i++) {
		rd_array(&r, 3);
		(void)rd_any(&r, 32);
		(void)rd_any(&r, 16);
		rd_bin(&r, sealed, 48);
		if (!r.bad)
			try_sealed(t, &id, commit, epk, sealed);
	}
}

static void
open_keygrant(struct thief *t, const struct entry *e)
{
	struct rd r = rd_init(e->payload);
	struct epoch_id id;
	uint8_t commit[32], epk[32], sealed[48];
	size_t n;

	rd_array(&r, 4);
	(void)rd_any(&r, 32);
	(void)rd_any(&r, 16);
	rd_bin(&r, epk, 32);
	n = rd_array_any(&r, 256);
	for (size_t i = 0; i < n && !r.bad; i++) {
		rd_array(&r, 3);
		RD_FIXED(&r, id);
		rd_bin(&r, commit, 32);
		rd_bin(&r, sealed, 48);
		if (!r.bad)
			try_sealed(t, &id, commit, epk, sealed);
	}
}

static void
read_rows(struct thief *t, struct bytes rows)
{
	struct rd r = rd_init(rows);
	uint8_t kid[16], ck[32], mk[32];
	struct epoch_id id;
	size_t n;

	rd_array(&r, 2);
	n = rd_array_any(&r, 500);
	for (size_t i = 0; i < n && !r.bad; i++) {
		rd_array(&r, 4);
		rd_bin(&r, kid, 16);
		rd_bin(&r, ck, 32);
		(void)rd_any(&r, 32);
		(void)rd_any(&r, 32);
		if (!r.bad)
			know_case(t, kid, ck);
	}
	n = rd_array_any(&r, 64);
	for (size_t i = 0; i < n && !r.bad; i++) {
		rd_array(&r, 2);
		RD_FIXED(&r, id);
		rd_bin(&r, mk, 32);
		if (!r.bad)
			know_epoch(t, &id, NULL, mk);
	}
}

#define PLACE(h, at)                                                                                       \
	BYTES((h)->author.b, 32), BYTES((h)->stream.b, 16), BYTES((h)->inc.b, 8), BYTES((at), 8)

static void
put_seq(uint8_t out[8], uint64_t seq)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(seq >> (56 - 8 * i));
}

static void
open_table(struct thief *t, const struct entry *e)
{
	struct rd r = rd_init(e->payload);
	struct epoch_id id;
	uint8_t salt[24], tk[32], key[32], at[8];
	const struct epoch_known *k;
	struct buf rows = BUF_INIT;
	struct bytes box;

	rd_array(&r, 3);
	RD_FIXED(&r, id);
	rd_bin(&r, salt, 24);
	box = rd_bin_any(&r, 16, PAYLOAD_BYTES_MAX);
	k = r.bad ? NULL : epoch_of(t, &id);
	if (k == NULL || !k->whole)
		return;
	put_seq(at, e->h.seq);
	HC(tk, 32, BYTES(k->e, 32), "fb1/epoch/table", BYTES(id.b, 16));
	HC(key, 32, BYTES(tk, 32), "fb1/tbl", BYTES(salt, 24), PLACE(&e->h, at));
	if (unbox(&rows, key, salt, BYTES_NONE, box))
		read_rows(t, buf_bytes(&rows));
	buf_wipe(&rows);
}

static bool
open_inner(const struct thief *t, const struct held *h, const uint8_t salt[24], const uint8_t kid[16], const uint8_t commit[32], struct bytes inner)
{
	struct buf body = BUF_INIT;
	uint8_t both[64], at[8];
	bool opened = false;

	put_seq(at, h->e.h.seq);
	for (size_t i = 0; i < t->case_count && !opened; i++) {
		if (memcmp(t->cases[i].kid, kid, 16) != 0)
			continue;
		HC(both, 64, BYTES(t->cases[i].ck, 32), "fb1/entry/key", BYTES(salt, 24), PLACE(&h->e.h, at));
		opened = memcmp(both + 32, commit, 32) == 0 && unbox(&body, both, salt, BYTES(kid, 16), inner);
	}
	buf_wipe(&body);
	return opened;
}

static void
try_wrap(struct thief *t, const struct epoch_known *k, const uint8_t kid[16], const uint8_t wrap[48])
{
	static const uint8_t zero[24];
	uint8_t wk[32], key[32];
	struct buf ck = BUF_INIT;

	HC(wk, 32, BYTES(k->e, 32), "fb1/epoch/wrap", BYTES(k->id.b, 16));
	HC(key, 32, BYTES(wk, 32), "fb1/wrap", BYTES(kid, 16));
	if (unbox(&ck, key, zero, BYTES(kid, 16), BYTES(wrap, 48)) && ck.len == 32)
		know_case(t, kid, ck.p);
	buf_wipe(&ck);
}

static void
open_data(struct thief *t, struct held *h)
{
	struct rd r = rd_init(h->e.payload);
	struct epoch_id id;
	uint8_t salt[24], key[32], at[8], kid[16], wrap[48], commit[32];
	struct buf plain = BUF_INIT;
	const struct epoch_known *k;
	struct bytes outer;

	rd_array(&r, 3);
	RD_FIXED(&r, id);
	rd_bin(&r, salt, 24);
	outer = rd_bin_any(&r, 16, PAYLOAD_BYTES_MAX);
	k = r.bad || h->opened ? NULL : epoch_of(t, &id);
	if (k == NULL)
		return;
	put_seq(at, h->e.h.seq);
	HC(key, 32, BYTES(k->mk, 32), "fb1/outer", BYTES(salt, 24), PLACE(&h->e.h, at));
	if (unbox(&plain, key, salt, BYTES_NONE, outer)) {
		r = rd_init(buf_bytes(&plain));
		rd_array(&r, 4);
		rd_bin(&r, kid, 16);
		if (!rd_nil(&r)) {
			rd_bin(&r, wrap, 48);
			if (!r.bad && k->whole)
				try_wrap(t, k, kid, wrap);
		}
		rd_bin(&r, commit, 32);
		h->opened = open_inner(t, h, salt, kid, commit, rd_bin_any(&r, 16, PAYLOAD_BYTES_MAX));
	}
	buf_wipe(&plain);
}

/* ---- reading ---- */

static bool
take_entry(void *ctx, const struct entry *e)
{
	struct thief *t = ctx;
	struct held *h;

	if (!e->has_payload)
		return true;
	t->held = sim_must(mem_room(t->held, t->held_count, &t->held_cap, sizeof(*t->held)));
	h = &t->held[t->held_count++];
	*h = (struct held){ .e = *e, .payload = sim_must(mem_dup(e->payload.p, e->payload.len)) };
	h->e.payload.p = h->payload;
	return true;
}

bool
thief_read(struct thief *t, struct replica *r)
{
	for (size_t log = 0; log < replica_log_count(r); log++) {
		const struct log_head *h = replica_log_at(r, log);

		if (SAME(h->key.stream, t->team) &&
		    replica_scan(r, log, h->key.is_branch ? h->key.branch_seq : 0, h->len, false, take_entry, t, NULL) != ERR_OK)
			return false;
	}
	do {
		t->news = false;
		for (size_t i = 0; i < t->held_count; i++) {
			struct held *h = &t->held[i];

			if (h->e.h.kind == KIND_EPOCH)
				open_epoch(t, &h->e);
			else if (h->e.h.kind == KIND_KEYGRANT)
				open_keygrant(t, &h->e);
			else if (h->e.h.kind == KIND_KEYTABLE)
				open_table(t, &h->e);
			else if (h->e.h.kind == KIND_DATA)
				open_data(t, h);
		}
	} while (t->news);
	return true;
}

void
thief_each(const struct thief *t, void (*cb)(void *ctx, const struct entry *e, bool opened), void *ctx)
{
	for (size_t i = 0; i < t->held_count; i++)
		if (t->held[i].e.h.kind == KIND_DATA)
			cb(ctx, &t->held[i].e, t->held[i].opened);
}
