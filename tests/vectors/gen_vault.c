/*
 * Prints proto/vectors/vault.json: what a second implementation of
 * proto/vault.md must agree with, byte for byte. Every byte that looks random
 * comes from tests/unit/fixed_env.h, so two runs print the same file.
 */
#include <stdlib.h>

#include "../unit/fixed_env.h"
#include "../unit/world.h"
#include "casework/marks.h"
#include "casework/rows.h"
#include "crypto/seal.h"
#include "json.h"
#include "vault/vault_internal.h"

enum { COORDINATOR = 1, ADVISER = 2, NEWCOMER = 3 };

static struct fixed_env fixed;
static struct world *w;
static struct org *org;
static struct seal_pair seals[4];
static struct vault *v;
static struct stream_id team, drop_box;
static struct header at; /* where the entry at hand stands */

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "gen_vault: %s failed\n", what);
	exit(1);
}

/* An organisation whose seal keys are known: a coordinator, an adviser, and one who comes later; all read the team. */
static void
make_org(void)
{
	w = world_new();
	team = team_of(1);
	drop_box = team_of(2);
	for (unsigned i = COORDINATOR; i <= NEWCOMER; i++) {
		seal_pair_make(&fixed.env, &seals[i]);
		memcpy(w->actors[i].request.keys.seal_pk, seals[i].pk, 32);
		join_request_sign(&w->actors[i].request, &w->actors[i].keys);
	}
	world_genesis(w);
	for (unsigned i = COORDINATOR; i <= NEWCOMER; i++)
		world_admit(w, ROOT, 0, i, i);
	world_grant(w, ROOT, 0, COORDINATOR, ROLE_COORDINATOR, NULL, 1);
	world_team(w, COORDINATOR, 0, &team, 1, 0);
	world_team(w, COORDINATOR, 0, &drop_box, 1, 1);
	for (unsigned i = COORDINATOR; i <= ADVISER; i++)
		world_grant(w, ROOT, 0, i, ROLE_ADVISOR, &team, RANK_NONE);
	org = org_new();
	must(org != NULL, "org_new");
	for (size_t i = 0; i < w->count; i++)
		must(org_add(org, &w->entries[i], NULL) == ERR_OK, "org_add");
	must(org_evaluate(org, NULL) == ERR_OK, "org_evaluate");
}

static struct vault *
vault_of(unsigned actor)
{
	struct keystore *ks = keystore_new(&fixed.env);

	must(ks != NULL, "keystore_new");
	ks->device = w->actors[actor].keys;
	ks->seal[0] = seals[actor];
	ks->seal_count = 1;
	return vault_new(ks, NULL);
}

static struct entry
entry_of(unsigned actor, uint8_t kind, uint64_t seq, const struct buf *payload)
{
	struct header h = { .kind = kind, .author = w->actors[actor].keys.sign_pk, .stream = team, .inc = inc_of(0), .seq = seq };
	struct entry e;

	memset(h.prev.b, seq > 0 ? 0xab : 0, sizeof(h.prev.b));
	entry_make(&e, &h, buf_bytes(payload), w->actors[actor].keys.sign_sk);
	return e;
}

static void
row(const char *name)
{
	json_open(NULL, '{');
	json_text("name", name);
}

static void
print_place(const struct header *h)
{
	json_hex("author", h->author.b, 32);
	json_hex("stream", h->stream.b, 16);
	json_hex("inc", h->inc.b, 8);
	json_uint("seq", h->seq);
}

static void
print_payload(const struct buf *payload)
{
	json_hex("payload", payload->p, payload->len);
}

/* ---- EPOCH ---- */

static void
print_opened(const char *name, const struct buf *payload, unsigned reader, enum err_code want)
{
	struct vault *r = vault_of(reader);
	struct entry e = entry_of(COORDINATOR, KIND_EPOCH, 1, payload);
	struct epoch_id id;
	struct epoch_keys *k;

	must(vault_learn(r, org, &e, NULL) == want, name);
	memcpy(id.b, e.id.b, 16);
	(void)vault_epoch(r, &id, &k);
	row(name);
	json_hex("stream", team.b, 16);
	print_payload(payload);
	json_hex("device", w->actors[reader].id.b, 16);
	json_hex("seal_sk", seals[reader].sk, 32);
	json_bool("opens", k != NULL && k->has_e);
	if (k != NULL && k->has_e)
		json_hex("key", k->e, 32);
	json_close('}');
	vault_free(r);
}

/* Makes the epoch that all that follows stands under. */
static void
print_epochs(void)
{
	struct buf payload = BUF_INIT;
	struct entry e;

	must(vault_make_epoch(v, &fixed.env, org, &team, 0, &payload, NULL) == ERR_OK, "vault_make_epoch");
	e = entry_of(COORDINATOR, KIND_EPOCH, 1, &payload);
	must(vault_learn(v, org, &e, NULL) == ERR_OK, "vault_learn");
	v->epochs[0].effective = v->epochs[0].clean = true;
	json_hex("org", w->org.b, 32);
	json_hex("epoch", v->epochs[0].id.b, 16);
	json_hex("epoch_key", v->keys[0].e, 32);
	json_hex("epoch_commit", v->epochs[0].commit, 32);
	json_open("epochs", '[');
	print_opened("its maker", &payload, COORDINATOR, ERR_OK);
	print_opened("another reader", &payload, ADVISER, ERR_OK);
	print_opened("not a reader", &payload, NEWCOMER, ERR_OK);
	payload.p[1 + 1 + 1 + 1 + 2] ^= 1;
	print_opened("another commitment", &payload, ADVISER, ERR_KEY);
	payload.p[1 + 1 + 1 + 1 + 2] ^= 1;
	memset(payload.p + 1 + 1 + 1 + 1 + 34 + 2, 0, 32);
	print_opened("ephemeral key of low order", &payload, ADVISER, ERR_KEY);
	json_close(']');
	buf_free(&payload);
}

/* ---- DATA ---- */

static void
print_data_row(const char *name, const struct header *h, const struct buf *payload, enum err_code want)
{
	struct buf body = BUF_INIT;
	enum err_code got = vault_open(v, h, buf_bytes(payload), &body, NULL);

	must(got == want, name);
	row(name);
	print_place(h);
	print_payload(payload);
	json_bool("opens", got == ERR_OK);
	if (got == ERR_OK) {
		json_hex("kid", v->cases[v->last_case].kid.b, 16);
		json_hex("case_key", v->cases[v->last_case].key, 32);
		json_hex("body", body.p, body.len);
	}
	json_close('}');
	buf_free(&body);
}

static void
seal(const char *body, size_t len, struct buf *payload)
{
	struct group_id group;
	struct entry e = { .h = at };

	memset(group.b, 0xcc, sizeof(group.b));
	must(vault_seal(v, &fixed.env, &at, &group, BYTES(body, len), payload, NULL) == ERR_OK, "vault_seal");
	vault_sealed(v, &e, true);
}

/* A reader holds MK and can put anything into the outer layer. */
static void
change_outer(struct buf *payload, size_t byte)
{
	const struct place place = place_of(&at);
	struct rd r = rd_init(buf_bytes(payload));
	struct buf plain = BUF_INIT, box = BUF_INIT;
	uint8_t salt[24], okey[32];
	struct epoch_id epoch;
	struct bytes sealed;

	rd_array(&r, 3);
	RD_FIXED(&r, epoch);
	rd_bin(&r, salt, sizeof(salt));
	sealed = rd_bin_any(&r, 1, PAYLOAD_BYTES_MAX);
	HC(okey, 32, BYTES(v->keys[0].mk, 32), "fb1/outer", BYTES(salt, 24), PLACE_PARTS(place));
	must(aead_open(&plain, okey, salt, BYTES_NONE, sealed), "opening the outer layer");
	plain.p[byte < plain.len ? byte : plain.len - 1] ^= 1;
	must(aead_seal(&box, okey, salt, BYTES_NONE, buf_bytes(&plain)), "closing the outer layer");
	buf_clear(payload);
	wr_array(payload, 3);
	WR_FIXED(payload, epoch);
	wr_bin(payload, salt, sizeof(salt));
	wr_bin(payload, box.p, box.len);
	buf_free(&plain);
	buf_free(&box);
}

static void
print_data(void)
{
	static char longest[55295];
	struct buf payload = BUF_INIT;
	struct header other;

	memset(longest, 'a', sizeof(longest));
	at = (struct header){ .kind = KIND_DATA, .author = w->actors[COORDINATOR].keys.sign_pk, .stream = team, .inc = inc_of(0), .seq = 2 };
	json_open("data", '[');
	seal("first", 5, &payload);
	print_data_row("first use of a case key", &at, &payload, ERR_OK);
	other = at;
	other.seq++;
	print_data_row("at another seq", &other, &payload, ERR_DAMAGED);
	other = at;
	other.author = w->actors[ADVISER].keys.sign_pk;
	print_data_row("by another author", &other, &payload, ERR_DAMAGED);
	payload.p[payload.len - 1] ^= 1;
	print_data_row("outer layer changed", &at, &payload, ERR_DAMAGED);
	at.seq++;
	seal("", 0, &payload);
	print_data_row("empty body, no wrap", &at, &payload, ERR_OK);
	change_outer(&payload, 1 + 18 + 1 + 2);
	print_data_row("wrong commitment", &at, &payload, ERR_DAMAGED);
	seal("second", 6, &payload);
	change_outer(&payload, SIZE_MAX);
	print_data_row("inner layer changed", &at, &payload, ERR_DAMAGED);
	at.seq++;
	seal(longest, 255, &payload);
	print_data_row("255 bytes", &at, &payload, ERR_OK);
	at.seq++;
	seal(longest, 256, &payload);
	print_data_row("256 bytes", &at, &payload, ERR_OK);
	json_close(']');
	buf_free(&payload);
}

/* ---- KEYGRANT, KEYTABLE, names ---- */

static void
print_grant(void)
{
	struct buf payload = BUF_INIT;
	const struct org_device *to = org_device_by_id(org, &w->actors[NEWCOMER].id);

	must(vault_make_keygrant(v, &fixed.env, org, &team, to, &payload, NULL) == ERR_OK, "vault_make_keygrant");
	json_open("keygrants", '[');
	row("one epoch");
	json_hex("stream", team.b, 16);
	print_payload(&payload);
	json_hex("device", to->id.b, 16);
	json_hex("seal_sk", seals[NEWCOMER].sk, 32);
	json_hex("epoch", v->epochs[0].id.b, 16);
	json_hex("key", v->keys[0].e, 32);
	json_close('}');
	json_close(']');
	buf_free(&payload);
}

static void
print_table(void)
{
	struct buf payload = BUF_INIT;
	const struct case_key *c = &v->cases[0];
	bool more;
	size_t from = 0;

	at.seq++;
	must(vault_make_keytable(v, &fixed.env, &at, &from, &more, &payload, NULL) == ERR_OK, "vault_make_keytable");
	json_open("keytables", '[');
	row("one case, one epoch");
	print_place(&at);
	print_payload(&payload);
	json_hex("kid", c->kid.b, 16);
	json_hex("case_key", c->key, 32);
	json_hex("group", c->group.b, 16);
	json_hex("birth", c->birth.b, 16);
	json_hex("meta_key", v->keys[0].mk, 32);
	json_close('}');
	json_close(']');
	buf_free(&payload);
}

/* The reason of a REVOKE, under the same epoch. */
static void
print_reason(struct buf *sealed)
{
	struct buf plain = BUF_INIT;

	wr_array(&plain, 2);
	wr_uint(&plain, 1561960800000);
	wr_str(&plain, "slutade i juni", 14);
	must(vault_seal_name(v, &fixed.env, org, buf_bytes(&plain), sealed, NULL) == ERR_OK, "a reason");
	json_open("reasons", '[');
	row("one reason");
	json_hex("epoch", v->epochs[1].id.b, 16);
	json_hex("epoch_key", v->keys[1].e, 32);
	json_hex("sealed", sealed->p, sealed->len);
	json_uint("ms", 1561960800000);
	json_text("text", "slutade i juni");
	json_close('}');
	json_close(']');
	buf_free(&plain);
}

/* A name is sealed under the roster's epoch: one made here the same way. */
static void
print_name(void)
{
	struct buf payload = BUF_INIT, sealed = BUF_INIT;
	struct entry e;

	must(vault_make_epoch(v, &fixed.env, org, &w->roster, 0, &payload, NULL) == ERR_OK, "the roster's epoch");
	e = entry_of(COORDINATOR, KIND_EPOCH, 2, &payload);
	e.h.stream = w->roster;
	e.id = header_id(&e.h);
	must(vault_learn(v, org, &e, NULL) == ERR_OK, "the roster's epoch");
	v->epochs[1].effective = v->epochs[1].clean = true;
	must(vault_seal_name(v, &fixed.env, org, BYTES_STR("Dalby laptop"), &sealed, NULL) == ERR_OK, "vault_seal_name");
	json_open("names", '[');
	row("one name");
	json_hex("epoch", v->epochs[1].id.b, 16);
	json_hex("epoch_key", v->keys[1].e, 32);
	json_hex("sealed", sealed.p, sealed.len);
	json_text("text", "Dalby laptop");
	json_close('}');
	json_close(']');
	print_reason(&sealed);
	buf_free(&payload);
	buf_free(&sealed);
}

/* A request with that box: what it tells in clear, and whether the second implementation, too, takes what opens for what is meant. */
static void
print_order_group(const char *name, struct erase_request *q, struct bytes box, bool opens)
{
	struct buf payload = BUF_INIT;
	struct group_id clear;

	q->box = box;
	erase_request_encode(&payload, q);
	row(name);
	print_payload(&payload);
	json_hex("epoch", v->epochs[0].id.b, 16);
	json_hex("epoch_key", v->keys[0].e, 32);
	json_hex("clear", clear.b, vault_order_group(box, &clear) ? sizeof(clear.b) : 0);
	json_bool("opens", opens);
	json_close('}');
	buf_free(&payload);
}

static void
print_order_groups(struct erase_request *q, struct buf *box)
{
	struct buf other = BUF_INIT;

	json_open("order_groups", '[');
	print_order_group("in clear what the box says", q, buf_bytes(box), true);
	buf_put(&other, box->p, box->len - 18); /* without [2, 16, group] at the end */
	other.p[0] = 0x92;
	print_order_group("a box of an earlier version", q, buf_bytes(&other), true);
	buf_clear(&other);
	buf_put_bytes(&other, buf_bytes(box));
	other.p[other.len - 1] ^= 1;
	print_order_group("another group in clear", q, buf_bytes(&other), false);
	buf_clear(&other);
	buf_put(&other, box->p, box->len - 1);
	other.p[other.len - 16] = 15;
	print_order_group("a group of fifteen bytes", q, buf_bytes(&other), false);
	json_close(']');
	buf_free(&other);
}

/* A whole ERASE_REQ, what is in its box, and the RECEIPT that answers it. */
static void
print_order(void)
{
	struct erase_range ranges[] = { { 3, 4, { 0x34 } }, { 9, 9, { 0x99 } } };
	struct erase_log log = { w->actors[ADVISER].keys.sign_pk, team, { { 1 } }, COUNT_OF(ranges), ranges };
	struct erase_request q = { .log_count = 1, .logs = &log };
	struct erase_receipt receipt = { .gone = 2, .absent = 1, .keys = true, .oldest = 1, .late = { .log_count = 1, .logs = &log } };
	struct erase_case about = { .group = { { 5 } }, .key_count = 1, .keys = { { v->cases[0].kid, v->cases[0].birth } },
	                            .record_count = 2, .records = { { { 5 } }, { { 6 } } }, .reason = BYTES_STR("besökaren bad om det") };
	struct buf content = BUF_INIT, box = BUF_INIT, payload = BUF_INIT;

	erase_case_encode(&content, &about);
	must(vault_seal_order(v, &fixed.env, &team, &about.group, buf_bytes(&content), q.salt, &box, NULL) == ERR_OK, "vault_seal_order");
	q.box = buf_bytes(&box);
	erase_request_encode(&payload, &q);
	json_open("orders", '[');
	row("two records, one key");
	print_payload(&payload);
	json_hex("epoch", v->epochs[0].id.b, 16);
	json_hex("epoch_key", v->keys[0].e, 32);
	json_hex("content", content.p, content.len);
	json_hex("author", log.author.b, 32);
	json_hex("group", about.group.b, 16);
	json_hex("kid", about.keys[0].kid.b, 16);
	json_text("reason", "besökaren bad om det");
	receipt.request = payload_hash(buf_bytes(&payload)); /* any 32 bytes */
	buf_clear(&payload);
	erase_receipt_encode(&payload, &receipt);
	json_hex("receipt", payload.p, payload.len);
	json_close('}');
	json_close(']');
	print_order_groups(&q, &box);
	buf_free(&content);
	buf_free(&box);
	buf_free(&payload);
}

/* ---- drop-boxes ---- */

static void
print_drop(const char *name, struct vault *reader, const struct header *h, const struct buf *payload, enum err_code want)
{
	struct buf body = BUF_INIT;

	must(vault_open_drop(reader, h, buf_bytes(payload), &body, NULL) == want, name);
	row(name);
	print_place(h);
	print_payload(payload);
	json_bool("opens", want == ERR_OK);
	if (want == ERR_OK)
		json_hex("body", body.p, body.len);
	json_close('}');
	buf_free(&body);
}

/* A payload is [epoch, salt, epk, commit, box]. */
enum { EPK_AT = 1 + 18 + 26 + 2, COMMIT_AT = EPK_AT + 32 + 2 };

/* An adviser finds no epoch, makes one for the coordinators, and writes under it. */
static void
print_drops(void)
{
	struct vault *writer = vault_of(ADVISER), *reader = vault_of(COORDINATOR);
	struct header h = { .kind = KIND_DATA, .author = w->actors[ADVISER].keys.sign_pk, .stream = drop_box, .inc = inc_of(0), .seq = 2 }, other;
	struct buf payload = BUF_INIT;
	struct entry e;

	must(writer != NULL && reader != NULL, "vault_new");
	must(vault_make_epoch(writer, &fixed.env, org, &drop_box, 0, &payload, NULL) == ERR_OK, "an epoch of the drop-box");
	e = entry_of(ADVISER, KIND_EPOCH, 1, &payload);
	e.h.stream = drop_box;
	e.id = header_id(&e.h);
	must(vault_learn(writer, org, &e, NULL) == ERR_OK && vault_learn(reader, org, &e, NULL) == ERR_OK, "learning it");
	must(!writer->keys[0].has_e && reader->keys[0].has_e && !reader->epochs[0].drop_wrong, "who holds the key");
	writer->epochs[0].effective = writer->epochs[0].clean = true;
	json_open("drops", '{');
	json_hex("stream", drop_box.b, 16);
	json_hex("epoch_payload", payload.p, payload.len);
	json_hex("epoch", reader->epochs[0].id.b, 16);
	json_hex("epoch_key", reader->keys[0].e, 32);
	json_hex("device", w->actors[COORDINATOR].id.b, 16);
	json_hex("seal_sk", seals[COORDINATOR].sk, 32);
	json_hex("drop_pk", reader->epochs[0].drop_pk, 32);
	json_open("rows", '[');
	must(vault_seal_drop(writer, &fixed.env, &h, BYTES_STR("a row"), &payload, NULL) == ERR_OK, "vault_seal_drop");
	print_drop("one row", reader, &h, &payload, ERR_OK);
	other = h;
	other.seq++;
	print_drop("at another seq", reader, &other, &payload, ERR_DAMAGED);
	other = h;
	other.author = w->actors[COORDINATOR].keys.sign_pk;
	print_drop("by another author", reader, &other, &payload, ERR_DAMAGED);
	payload.p[COMMIT_AT] ^= 1;
	print_drop("another commitment", reader, &h, &payload, ERR_DAMAGED);
	payload.p[COMMIT_AT] ^= 1;
	payload.p[payload.len - 1] ^= 1;
	print_drop("its box changed", reader, &h, &payload, ERR_DAMAGED);
	must(vault_seal_drop(writer, &fixed.env, &h, BYTES_NONE, &payload, NULL) == ERR_OK, "vault_seal_drop");
	print_drop("an empty row", reader, &h, &payload, ERR_OK);
	memset(payload.p + EPK_AT, 0, 32);
	print_drop("ephemeral key of low order", reader, &h, &payload, ERR_DAMAGED);
	json_close(']');
	json_close('}');
	vault_free(writer);
	vault_free(reader);
	buf_free(&payload);
}

/* ---- rows ---- */

static const char row_profile[] =
	"{\"profile\":\"rows\",\"version\":1,\"lists\":[{\"name\":\"l\",\"open\":true,\"choices\":[{\"code\":\"one\"}]}],\"types\":["
	"{\"number\":2,\"name\":\"session\",\"group\":\"open\",\"class\":\"open\",\"fields\":[{\"number\":1,\"name\":\"name\",\"type\":\"text\"}]},"
	"{\"number\":3,\"name\":\"visit\",\"group\":\"own\",\"class\":\"statistics\",\"notes\":true,\"fields\":["
	"{\"number\":1,\"name\":\"minutes\",\"type\":\"integer\"},{\"number\":2,\"name\":\"title\",\"type\":\"text\"},"
	"{\"number\":3,\"name\":\"session\",\"type\":\"ref\",\"ref\":\"session\"},{\"number\":4,\"name\":\"before\",\"type\":\"ref\",\"ref\":\"visit\"},"
	"{\"number\":5,\"name\":\"to\",\"type\":\"choice\",\"list\":\"l\"},{\"number\":6,\"name\":\"who\",\"type\":\"ref\",\"ref\":\"visit\",\"class\":\"content\"}]}]}";

static bool
second_came_by_import(void *ctx, const uint8_t entry[16], uint8_t import[16])
{
	memcpy(import, ctx, 16);
	return entry[0] == 2;
}

static void
print_row(const char *name, const struct profile *p, const struct change *c)
{
	const struct profile_type *t = profile_type_numbered(p, c->type);
	uint8_t entry[16] = { 9 }, import[16] = { 7 };
	struct buf body = BUF_INIT, coded = BUF_INIT;
	bool told;

	change_encode(&body, c);
	must(rows_encode(&coded, &told, p, t, c, entry, second_came_by_import, import, NULL) == ERR_OK, name);
	row(name);
	json_bool("open", t->group == GROUP_OPEN);
	json_hex("entry", entry, sizeof(entry));
	json_hex("imported_entry", (const uint8_t[16]){ 2 }, 16);
	json_hex("its_import", import, sizeof(import));
	json_hex("change", body.p, body.len);
	json_hex("row", coded.p, coded.len);
	json_bool("told", told);
	json_close('}');
	buf_free(&body);
	buf_free(&coded);
}

static void
print_rows(void)
{
	static const uint8_t number[] = { 0x05 }, text[] = { 0xa2, 'h', 'i' }, code[] = { 0xa3, 'o', 'n', 'e' }, nil[] = { 0xc0 };
	static const uint8_t ref[18] = { 0xc4, 16, 0x33 }, note[] = { 0x93, 0xc4, 16, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xa1, 'n', 0xc0 };
	static const struct dot over[] = { { { 1 }, 0 }, { { 2 }, 3 } };
	const struct op visit[] = {
		{ .kind = OP_SET, .field = 1, .value = BYTES(number, sizeof(number)), .over = over, .over_count = 2 },
		{ .kind = OP_SET, .field = 2, .value = BYTES(text, sizeof(text)), .over = over, .over_count = 1 },
		{ .kind = OP_SET, .field = 3, .value = BYTES(ref, sizeof(ref)) },
		{ .kind = OP_SET, .field = 4, .value = BYTES(ref, sizeof(ref)) },
		{ .kind = OP_SET, .field = 5, .value = BYTES(text, sizeof(text)) },
		{ .kind = OP_SET, .field = 5, .value = BYTES(code, sizeof(code)) },
		{ .kind = OP_CLEAR, .field = 1, .value = BYTES(nil, sizeof(nil)), .over = over, .over_count = 1 },
		{ .kind = OP_SET, .field = 6, .value = BYTES(ref, sizeof(ref)) },
		{ .kind = OP_NOTE, .field = 0, .value = BYTES(note, sizeof(note)) },
	};
	struct change c = { .v = CHANGE_V, .profile_version = 1, .group = { { 4 } }, .record = { { 4 } }, .type = 3, .hlc = 77, .has_shown = true,
	                    .shown_ms = 1567422720000, .shown_offset_min = 120, .ops = visit, .op_count = COUNT_OF(visit) };
	const struct op merged[] = {
		{ .kind = OP_SET, .field = MARK_MERGED_INTO, .value = BYTES(ref, sizeof(ref)), .over = over, .over_count = 1 },
		{ .kind = OP_ADD, .field = MARK_MERGED_FROM, .value = BYTES(ref, sizeof(ref)) },
		{ .kind = OP_CLEAR, .field = MARK_MERGED_INTO, .value = BYTES(nil, sizeof(nil)), .over = over, .over_count = 1 },
	};
	const struct op named = { .kind = OP_SET, .field = 1, .value = BYTES(text, sizeof(text)) };
	struct profile *p;

	must(profile_parse(&p, BYTES_STR(row_profile), NULL) == ERR_OK, "the profile");
	json_open("coded", '[');
	print_row("a visit", p, &c);
	c.has_import = true;
	c.import[0] = 8;
	print_row("an imported visit", p, &c);
	c.op_count = 1;
	c.ops = visit + 1;
	print_row("nothing to copy", p, &c);
	c.op_count = COUNT_OF(merged);
	c.ops = merged;
	print_row("a visit merged and parted", p, &c);
	c = (struct change){ .v = CHANGE_V, .profile_version = 1, .record = { { 5 } }, .type = 2, .hlc = 78, .ops = &named, .op_count = 1 };
	print_row("a session", p, &c);
	json_close(']');
	profile_free(p);
}

int
main(void)
{
	(void)fixed_env_init(&fixed);
	json_first = true;
	json_open(NULL, '{');
	make_org();
	v = vault_of(COORDINATOR);
	must(v != NULL, "vault_new");
	print_epochs();
	print_data();
	print_grant();
	print_table();
	print_name();
	print_order();
	print_drops();
	print_rows();
	json_close('}');
	printf("\n");
	vault_free(v);
	org_free(org);
	world_free(w);
	return 0;
}
