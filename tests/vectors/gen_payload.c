/*
 * Prints proto/vectors/payload.json: payloads of the entries that have no part
 * in the evaluation of an organisation, in their form and out of it.
 *
 *   forms: [[kind, payload, 1 when it is in its form]…]
 *   attests: what each of some ATTESTs says
 *   leaving: [{ name, seq, kind, payload, control entries, entries elsewhere, says 1, leaving 1, out of place 1 }…]
 *   netkeys: { org, commit, key, payload, rows: [{ name, device, seal_sk, opens }…] }
 */
#include "../unit/fixed_env.h"
#include "forms.h"
#include "org/attest.h"
#include "org/netkey.h"

enum { FOUNDER = 1, SEALED = 4 /* devices that the network key is sealed to */ };

/* ---- forms ---- */

static bool
in_form(uint8_t kind, struct bytes payload)
{
	static struct attest attest;
	struct erase_request request;
	struct erase_receipt receipt;
	struct fork_proof fork;
	struct netkey netkey;
	struct hash id;
	bool ok = false;

	switch (kind) {
	case KIND_ERASE_REQ:
		ok = erase_request_decode(&request, payload, NULL) == ERR_OK;
		if (ok)
			erase_request_free(&request);
		break;
	case KIND_ERASE_OK: return erase_ok_decode(&id, payload, NULL) == ERR_OK;
	case KIND_RECEIPT:
		ok = erase_receipt_decode(&receipt, payload, NULL) == ERR_OK;
		if (ok)
			erase_receipt_free(&receipt);
		break;
	case KIND_ATTEST: return attest_decode(&attest, payload, NULL) == ERR_OK;
	case KIND_NETKEY: return netkey_decode(&netkey, payload, NULL) == ERR_OK;
	case KIND_FORK: return fork_proof_decode(&fork, payload, NULL) == ERR_OK;
	default: assert(false);
	}
	return ok;
}

static void
print_refused(uint8_t kind, const struct buf *bad)
{
	print_known(kind, bad, false);
}

/* ---- ERASE_REQ, ERASE_OK, RECEIPT ---- */

struct places { struct erase_log logs[2]; struct erase_range ranges[3]; struct erase_request q; };

static void
places_make(struct places *p, const struct world *w)
{
	memset(p, 0, sizeof(*p));
	p->ranges[0] = (struct erase_range){ 0, 0, { 1 } };
	p->ranges[1] = (struct erase_range){ 2, 300, { 2 } };
	p->ranges[2] = (struct erase_range){ 7, 7, { 3 } };
	for (size_t i = 0; i < 2; i++)
		p->logs[i] = (struct erase_log){ .author = w->actors[1].keys.sign_pk, .stream = team_of(0), .inc = inc_of((unsigned)i) };
	p->logs[0].ranges = p->ranges, p->logs[0].range_count = 2;
	p->logs[1].ranges = p->ranges + 2, p->logs[1].range_count = 1;
	p->q = (struct erase_request){ .log_count = 2, .logs = p->logs, .range_count = 3, .ranges = p->ranges, .box = BYTES_STR("sealed") };
}

/* A place that names no entry: `[from, to]` alone, and with a whole id. */
static void
print_nameless(const struct places *p)
{
	for (size_t id = 0; id <= 32; id += 32) {
		struct buf b = BUF_INIT;
		uint8_t zeroes[32] = { 0 };

		wr_array(&b, 3);
		wr_array(&b, 1);
		wr_array(&b, 4);
		WR_FIXED(&b, p->logs[0].author);
		WR_FIXED(&b, p->logs[0].stream);
		WR_FIXED(&b, p->logs[0].inc);
		wr_array(&b, 1);
		wr_array(&b, id == 0 ? 2 : 3);
		wr_uint(&b, 3);
		wr_uint(&b, 4);
		if (id != 0)
			wr_bin(&b, zeroes, id);
		wr_bin(&b, p->q.salt, sizeof(p->q.salt));
		wr_bin(&b, p->q.box.p, p->q.box.len);
		print_refused(KIND_ERASE_REQ, &b);
		buf_free(&b);
	}
}

static void
print_erasures(const struct world *w)
{
	struct erase_receipt r = { .request = w->entries[0].id, .gone = 300, .absent = 1, .keys = true, .oldest = 2 };
	struct buf b = BUF_INIT;
	struct places p;

	places_make(&p, w);
	erase_request_encode(&b, &p.q);
	print_forms(KIND_ERASE_REQ, &b);
	p.ranges[1].from = 0; /* over the one before: the log has forked, and both histories are meant */
	buf_clear(&b), erase_request_encode(&b, &p.q), print_known(KIND_ERASE_REQ, &b, true);
	p.ranges[1] = (struct erase_range){ 0, 0, { 2 } }; /* at the same place too */
	buf_clear(&b), erase_request_encode(&b, &p.q), print_known(KIND_ERASE_REQ, &b, true);
	p.ranges[1] = p.ranges[0]; /* one twice */
	buf_clear(&b), erase_request_encode(&b, &p.q), print_refused(KIND_ERASE_REQ, &b);
	p.ranges[1] = (struct erase_range){ 0, 0, { 0 } }; /* out of order */
	buf_clear(&b), erase_request_encode(&b, &p.q), print_refused(KIND_ERASE_REQ, &b);
	p.ranges[1] = (struct erase_range){ 9, 8, { 2 } };
	buf_clear(&b), erase_request_encode(&b, &p.q), print_refused(KIND_ERASE_REQ, &b);
	places_make(&p, w);
	print_nameless(&p);
	places_make(&p, w);
	p.logs[1].inc = p.logs[0].inc; /* one log twice */
	buf_clear(&b), erase_request_encode(&b, &p.q), print_refused(KIND_ERASE_REQ, &b);
	places_make(&p, w);
	p.logs[0].inc = inc_of(5); /* out of order */
	buf_clear(&b), erase_request_encode(&b, &p.q), print_refused(KIND_ERASE_REQ, &b);
	places_make(&p, w);
	p.q.log_count = 0;
	buf_clear(&b), erase_request_encode(&b, &p.q), print_refused(KIND_ERASE_REQ, &b);

	buf_clear(&b), erase_ok_encode(&b, &w->entries[0].id), print_forms(KIND_ERASE_OK, &b);

	places_make(&p, w);
	r.late = p.q;
	buf_clear(&b), erase_receipt_encode(&b, &r), print_forms(KIND_RECEIPT, &b);
	p.logs[0].inc = inc_of(5); /* out of order */
	buf_clear(&b), erase_receipt_encode(&b, &r), print_refused(KIND_RECEIPT, &b);
	r.late.log_count = 0;
	buf_clear(&b), erase_receipt_encode(&b, &r), print_forms(KIND_RECEIPT, &b);
	buf_free(&b);
}

/* ---- ATTEST ---- */

static void
attest_some(struct attest *a, struct buf *delta, size_t items, size_t epochs)
{
	static const uint64_t lens[] = { 0, 1, 127, 128, 300000, UINT64_C(1) << 40 };

	memset(a, 0, sizeof(*a));
	buf_clear(delta);
	for (size_t i = 0; i < items; i++) {
		struct extent it = { .len = lens[i % COUNT_OF(lens)] };

		memset(it.log.b, (int)i + 1, sizeof(it.log.b));
		memset(it.head8, 0xf0, sizeof(it.head8));
		extent_put(delta, &it);
	}
	memset(a->ctl_digest, 0xc1, sizeof(a->ctl_digest));
	memset(a->frontier_root, 0xf2, sizeof(a->frontier_root));
	a->day = 20700, a->logs = items, a->delta = buf_bytes(delta), a->epoch_count = epochs;
	for (size_t i = 0; i < epochs; i++) {
		a->epochs[i] = (struct attest_epoch){ .stream = team_of((unsigned)i), .has_epoch = i % 2 == 0, .oldest = i };
		memset(a->epochs[i].epoch.b, i % 2 == 0 ? 0xe3 : 0, sizeof(a->epochs[i].epoch.b));
	}
}

static void
print_attest(const struct attest *a, struct bytes payload)
{
	struct bytes items = a->delta;
	struct extent it;

	json_open(NULL, '{');
	json_hex("payload", payload.p, payload.len);
	json_uint("day", a->day);
	json_hex("ctl_digest", a->ctl_digest, sizeof(a->ctl_digest));
	json_hex("frontier_root", a->frontier_root, sizeof(a->frontier_root));
	json_uint("logs", a->logs);
	json_open("items", '[');
	while (extent_next(&items, &it)) {
		json_open(NULL, '[');
		json_hex(NULL, it.log.b, sizeof(it.log.b));
		json_uint(NULL, it.len);
		json_hex(NULL, it.head8, sizeof(it.head8));
		json_close(']');
	}
	json_close(']');
	json_open("epochs", '[');
	for (size_t i = 0; i < a->epoch_count; i++) {
		json_open(NULL, '[');
		json_hex(NULL, a->epochs[i].stream.b, 16);
		json_hex(NULL, a->epochs[i].epoch.b, a->epochs[i].has_epoch ? 16 : 0);
		json_uint(NULL, a->epochs[i].oldest);
		json_close(']');
	}
	json_close(']');
	json_close('}');
}

static void
print_attests(void)
{
	static const struct { size_t items, epochs; } some[] = { { 0, 0 }, { 6, 3 }, { 40, 1 } };
	static struct attest a;
	struct buf delta = BUF_INIT, b = BUF_INIT;

	json_open("attests", '[');
	for (size_t i = 0; i < COUNT_OF(some); i++) {
		attest_some(&a, &delta, some[i].items, some[i].epochs);
		buf_clear(&b);
		attest_encode(&b, &a);
		print_attest(&a, buf_bytes(&b));
	}
	json_close(']');
	buf_free(&delta);
	buf_free(&b);
}

/* ---- the word of leaving ---- */

struct word { const char *name; uint64_t seq, control, elsewhere; uint8_t kind; size_t items; int spoil; /* 1: a byte too many, 2: cut short */ };

static void
print_word(const struct word *w)
{
	static struct attest a;
	struct buf delta = BUF_INIT, b = BUF_INIT;
	struct entry e = { .h = { .kind = w->kind, .seq = w->seq }, .has_payload = true };
	bool says, leaving;

	attest_some(&a, &delta, w->items, 0);
	attest_encode(&b, &a);
	if (w->spoil == 1)
		buf_put(&b, "", 1);
	e.payload = BYTES(b.p, b.len - (w->spoil == 2));
	says = attest_says_leaving(&e);
	leaving = says && w->control == LEAVING_LEN && w->elsewhere == 0;
	json_open(NULL, '{');
	json_text("name", w->name);
	json_uint("kind", w->kind);
	json_uint("seq", w->seq);
	json_hex("payload", e.payload.p, e.payload.len);
	json_uint("control", w->control);
	json_uint("elsewhere", w->elsewhere);
	json_uint("says", says);
	json_uint("leaving", leaving);
	json_uint("out_of_place", attest_lists_nothing(&e) && !says);
	json_close('}');
	buf_free(&delta);
	buf_free(&b);
}

/* An entry of a control log, how long that log is, and how much the incarnation has written in others. */
static void
print_words(void)
{
	static const struct word words[] = {
		{ "the word, and nothing since", 1, 2, 0, KIND_ATTEST, 0, 0 },
		{ "the word, and an entry behind it", 1, 3, 0, KIND_ATTEST, 0, 0 },
		{ "the word, and a note in a team's log", 1, 2, 1, KIND_ATTEST, 0, 0 },
		{ "a first ATTEST that lists one log", 1, 2, 0, KIND_ATTEST, 1, 0 },
		{ "nothing listed where the OPEN should be", 0, 2, 0, KIND_ATTEST, 0, 0 },
		{ "nothing listed one entry late", 2, 3, 0, KIND_ATTEST, 0, 0 },
		{ "nothing listed years later", 4096, 4097, 7, KIND_ATTEST, 0, 0 },
		{ "the same bytes as a RECEIPT", 1, 2, 0, KIND_RECEIPT, 0, 0 },
		{ "with a byte too many", 1, 2, 0, KIND_ATTEST, 0, 1 },
		{ "cut short", 1, 2, 0, KIND_ATTEST, 0, 2 },
	};

	json_open("leaving", '[');
	for (size_t i = 0; i < COUNT_OF(words); i++)
		print_word(&words[i]);
	json_close(']');
}

static void
print_attest_forms(void)
{
	static struct attest a;
	struct buf delta = BUF_INIT, b = BUF_INIT;

	attest_some(&a, &delta, 2, 2);
	attest_encode(&b, &a);
	print_forms(KIND_ATTEST, &b);
	a.epochs[1].stream = a.epochs[0].stream; /* one stream twice */
	buf_clear(&b), attest_encode(&b, &a), print_refused(KIND_ATTEST, &b);
	attest_some(&a, &delta, 2, 2);
	a.delta.len--; /* the last item is cut short */
	buf_clear(&b), attest_encode(&b, &a), print_refused(KIND_ATTEST, &b);
	attest_some(&a, &delta, 1, 0);
	buf_clear(&delta);
	buf_put(&delta, "loglog88\x80\x00headhead", 18); /* a length that is not in its shortest form */
	a.delta = buf_bytes(&delta);
	buf_clear(&b), attest_encode(&b, &a), print_refused(KIND_ATTEST, &b);
	buf_free(&delta);
	buf_free(&b);
}

/* ---- NETKEY ---- */

static struct fixed_env fixed;
static struct seal_pair pairs[SEALED + 2];

static void
pairs_make(struct world *w)
{
	for (unsigned i = 0; i < COUNT_OF(pairs); i++) {
		seal_pair_make(&fixed.env, &pairs[i]);
		memcpy(w->actors[i].seal_pk, pairs[i].pk, 32);
		memcpy(w->actors[i].request.keys.seal_pk, pairs[i].pk, 32);
		join_request_sign(&w->actors[i].request, &w->actors[i].keys);
	}
}

static void
print_netkey_row(const char *name, const struct world *w, const struct buf *payload, unsigned who)
{
	uint8_t key[32];
	struct netkey k;
	bool opens;

	assert(netkey_decode(&k, buf_bytes(payload), NULL) == ERR_OK);
	opens = netkey_open(key, &k, &w->org, &w->actors[who].id, &pairs[who], 1);
	json_open(NULL, '{');
	json_text("name", name);
	json_hex("payload", payload->p, payload->len);
	json_hex("device", w->actors[who].id.b, 16);
	json_hex("seal_sk", pairs[who].sk, 32);
	json_bool("opens", opens);
	json_close('}');
}

static void
print_netkeys(struct world *w, struct buf *payload)
{
	struct org *o = org_new();
	uint8_t key[32], commit[32];
	struct seal_pair ephemeral;

	memset(key, 0x4e, sizeof(key));
	seal_pair_make(&fixed.env, &ephemeral);
	assert(o != NULL);
	for (size_t i = 0; i < w->count; i++)
		assert(org_add(o, &w->entries[i], NULL) == ERR_OK);
	assert(org_evaluate(o, NULL) == ERR_OK);
	assert(netkey_make(payload, o, 3, key, &ephemeral, NULL) == ERR_OK);
	netkey_commit(commit, key, &w->org);
	json_open("netkeys", '{');
	json_hex("org", w->org.b, 32);
	json_hex("key", key, sizeof(key));
	json_hex("commit", commit, sizeof(commit));
	json_uint("n", 3);
	json_open("rows", '[');
	for (unsigned i = FOUNDER; i <= SEALED; i++)
		print_netkey_row("a live device", w, payload, i);
	print_netkey_row("not admitted", w, payload, SEALED + 1);
	payload->p[4] ^= 1; /* of the commitment */
	print_netkey_row("another commitment", w, payload, FOUNDER);
	payload->p[4] ^= 1;
	for (size_t i = 0; i < 48; i++) /* what is sealed for the last device */
		payload->p[payload->len - 1 - i] ^= 1;
	for (unsigned i = FOUNDER; i <= SEALED; i++)
		print_netkey_row("the last row changed", w, payload, i);
	for (size_t i = 0; i < 48; i++)
		payload->p[payload->len - 1 - i] ^= 1;
	json_close(']');
	json_close('}');
	org_free(o);
}

/* ---- FORK ---- */

static void
print_fork_forms(struct world *w)
{
	size_t x = world_write_after(w, FOUNDER, &w->control, 9, NULL, KIND_OPEN, BYTES_STR("one"));
	size_t y = world_write_after(w, FOUNDER, &w->control, 9, NULL, KIND_OPEN, BYTES_STR("two"));
	size_t z = world_write_after(w, FOUNDER, &w->control, 9, &w->entries[x], KIND_OPEN, BYTES_STR("three"));
	struct fork_proof p, other, swapped;
	struct buf b = BUF_INIT;

	fork_proof_make(&p, &w->entries[x], &w->entries[y]);
	fork_proof_encode(&b, &p), print_forms(KIND_FORK, &b);
	swapped = (struct fork_proof){ .a = p.b, .b = p.a };
	memcpy(swapped.sig_a, p.sig_b, sizeof(p.sig_b));
	memcpy(swapped.sig_b, p.sig_a, sizeof(p.sig_a));
	buf_clear(&b), fork_proof_encode(&b, &swapped), print_refused(KIND_FORK, &b);
	other = p; /* one entry twice */
	other.b = p.a;
	memcpy(other.sig_b, p.sig_a, sizeof(p.sig_a));
	buf_clear(&b), fork_proof_encode(&b, &other), print_refused(KIND_FORK, &b);
	other = p; /* two places */
	other.b = w->entries[z].h;
	memcpy(other.sig_b, w->entries[z].sig, sizeof(other.sig_b));
	buf_clear(&b), fork_proof_encode(&b, &other), print_refused(KIND_FORK, &b);
	buf_free(&b);
}

int
main(void)
{
	struct world *w = world_new();
	struct buf netkey = BUF_INIT, b = BUF_INIT;

	fixed_env_init(&fixed);
	universe_seed(11);
	pairs_make(w);
	world_genesis(w);
	for (unsigned i = FOUNDER; i <= SEALED; i++)
		world_admit(w, ROOT, 0, i, i);
	for (unsigned i = FOUNDER; i <= SEALED; i++)
		world_grant(w, ROOT, 0, i, ROLE_COORDINATOR, NULL, 1);
	printf("{\"spec\": \"proto/org.md, 3, 9, 10 and 11; proto/log.md, 6\"");
	print_attests();
	print_words();
	print_netkeys(w, &netkey);
	json_open("forms", '[');
	print_erasures(w);
	print_attest_forms();
	print_forms(KIND_NETKEY, &netkey);
	buf_put_bytes(&b, buf_bytes(&netkey));
	b.p[1] = 0; /* the number that the founder's key has */
	print_refused(KIND_NETKEY, &b);
	print_fork_forms(w);
	json_close(']');
	printf("\n}\n");
	buf_free(&b);
	buf_free(&netkey);
	world_free(w);
	return 0;
}
