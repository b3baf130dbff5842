/*
 * Prints proto/vectors/keys.json: EPOCH, KEYGRANT and KEYTABLE in their form and out of it.
 *
 *   forms: [[kind, payload, 1 when it is in its form]…]
 *   rows: [{ name, rows, accept }…]: what a KEYTABLE's box holds
 */
#include <stddef.h>

#include "../unit/fixed_env.h"
#include "forms.h"
#include "crypto/seal.h"
#include "vault/vault_internal.h"

enum { FOUNDER = 1, READERS = 3, STRANGER = READERS + 1 };

static struct fixed_env fixed;
static struct world *w;
static struct org *org;
static struct seal_pair founder_seal;
static struct vault *v; /* of the founder, who holds the epoch that tables here are under */

/* An organisation whose coordinators read the roster; every seal key is known. */
static void
make_org(void)
{
	struct seal_pair pair;

	w = world_new();
	for (unsigned i = FOUNDER; i <= STRANGER; i++) {
		seal_pair_make(&fixed.env, &pair);
		if (i == FOUNDER)
			founder_seal = pair;
		memcpy(w->actors[i].request.keys.seal_pk, pair.pk, 32);
		join_request_sign(&w->actors[i].request, &w->actors[i].keys);
	}
	world_genesis(w);
	for (unsigned i = FOUNDER; i <= STRANGER; i++)
		world_admit(w, ROOT, 0, i, i);
	for (unsigned i = FOUNDER; i <= READERS; i++)
		world_grant(w, ROOT, 0, i, ROLE_COORDINATOR, NULL, 1);
	org = org_new();
	assert(org != NULL);
	for (size_t i = 0; i < w->count; i++)
		assert(org_add(org, &w->entries[i], NULL) == ERR_OK);
	assert(org_evaluate(org, NULL) == ERR_OK);
}

static struct entry
entry_of(uint8_t kind, struct bytes payload)
{
	struct entry e = { .h = { .kind = kind, .author = w->actors[FOUNDER].keys.sign_pk, .stream = w->roster, .seq = 1 }, .has_payload = true };

	e.payload = payload;
	e.h.plen = (uint32_t)payload.len;
	e.h.phash = payload_hash(payload);
	e.id = header_id(&e.h);
	return e;
}

/* Whom nothing is sealed to says only whether the form is right. */
static bool
in_form(uint8_t kind, struct bytes payload)
{
	struct keystore *ks = keystore_new(&fixed.env);
	struct entry e = entry_of(kind, payload);
	enum err_code rc;
	struct vault *r;

	assert(ks != NULL);
	ks->device = w->actors[STRANGER].keys;
	r = vault_new(ks, NULL);
	assert(r != NULL);
	rc = vault_learn(r, org, &e, NULL);
	assert(rc == ERR_OK || rc == ERR_MALFORMED);
	vault_free(r);
	keystore_free(ks);
	return rc == ERR_OK;
}

/* ---- one field wrong, or at its limit ---- */

/* How many of what, and how many bytes each has. 0 bytes of a parent or of an escrow: nil. */
struct shape {
	uint64_t parts, rows, row_parts, id, key, key2, sealed, n, reason, seal, parent, escrow, drop, box;
	uint64_t order;          /* of EPOCH's readers: 0 ascending, 1 descending, 2 one of them each time */
};

struct change { size_t field; uint64_t value; bool good; };
#define TO(field, value, good) { offsetof(struct shape, field), (value), (good) }

typedef void put_shape(struct buf *, const struct shape *);

static void
print_changed(uint8_t kind, put_shape *put, const struct shape *plain, const struct change *changes, size_t count)
{
	struct buf b = BUF_INIT;

	put(&b, plain);
	print_known(kind, &b, true);
	for (size_t i = 0; i < count; i++) {
		struct shape s = *plain;

		memcpy((uint8_t *)&s + changes[i].field, &changes[i].value, sizeof(changes[i].value));
		buf_clear(&b);
		put(&b, &s);
		print_known(kind, &b, changes[i].good);
	}
	buf_free(&b);
}

/* Bytes of any length; what they are decides no form. */
static void
put_bin(struct buf *b, uint64_t len)
{
	static uint8_t some[PAYLOAD_BYTES_MAX];

	memset(some, 0xab, sizeof(some));
	wr_bin(b, some, (size_t)len);
}

static void
put_or_nil(struct buf *b, uint64_t len)
{
	if (len > 0)
		put_bin(b, len);
	else
		wr_nil(b);
}

/* ---- EPOCH ---- */

static void
put_reader(struct buf *b, const struct shape *s, uint64_t i)
{
	uint8_t dev[32] = { 0 };

	be32_put(dev, (uint32_t)(s->order == 0 ? i : s->order == 1 ? s->rows - i : 0));
	wr_array(b, (size_t)s->row_parts);
	wr_bin(b, dev, (size_t)s->id);
	wr_uint(b, s->seal);
	if (s->row_parts > 2)
		put_bin(b, s->sealed);
	if (s->row_parts > 3)
		wr_nil(b);
}

static void
put_epoch(struct buf *b, const struct shape *s)
{
	wr_array(b, (size_t)s->parts);
	wr_uint(b, s->n);
	put_or_nil(b, s->parent);
	wr_uint(b, s->reason);
	put_bin(b, s->key);
	put_bin(b, s->key2);
	wr_array(b, (size_t)s->rows);
	for (uint64_t i = 0; i < s->rows; i++)
		put_reader(b, s, i);
	if (s->parts > 6)
		put_or_nil(b, s->escrow);
	if (s->parts > 7)
		put_bin(b, s->drop);
	if (s->parts > 8)
		wr_nil(b);
}

static void
print_epochs(void)
{
	static const struct shape plain = { .parts = 7, .rows = 2, .row_parts = 3, .id = 16, .key = 32, .key2 = 32, .sealed = 48, .n = 2,
	                                    .parent = 16, .escrow = 48, .drop = 32 };
	static const struct change changes[] = {
		TO(parts, 6, false), TO(parts, 8, true), TO(parts, 9, false),
		TO(n, EPOCH_N_MAX, true), TO(n, (uint64_t)EPOCH_N_MAX + 1, false),
		TO(parent, 0, true), TO(parent, 15, false), TO(parent, 32, false),
		TO(reason, 255, true), TO(reason, 256, false),
		TO(key, 31, false), TO(key, 33, false), TO(key2, 31, false), TO(key2, 33, false),
		TO(rows, 0, true), TO(rows, EPOCH_READERS_MAX, true), TO(rows, EPOCH_READERS_MAX + 1, false),
		TO(row_parts, 2, false), TO(row_parts, 4, false), TO(id, 15, false), TO(id, 17, false),
		TO(seal, 1 << 30, true), TO(seal, (UINT64_C(1) << 30) + 1, false), TO(sealed, 47, false), TO(sealed, 49, false),
		TO(order, 1, false), TO(order, 2, false),
		TO(escrow, 0, true), TO(escrow, 47, false), TO(escrow, 49, false),
	};
	struct shape drop_box = plain;
	static const struct change of_drop_box[] = { TO(drop, 31, false), TO(drop, 33, false), TO(escrow, 0, true) };
	struct buf payload = BUF_INIT;
	struct entry e;

	assert(vault_make_epoch(v, &fixed.env, org, &w->roster, 0, &payload, NULL) == ERR_OK);
	print_forms(KIND_EPOCH, &payload);
	e = entry_of(KIND_EPOCH, buf_bytes(&payload));
	assert(vault_learn(v, org, &e, NULL) == ERR_OK && v->epoch_count == 1 && v->keys[0].has_e);
	v->epochs[0].effective = v->epochs[0].clean = true;
	print_changed(KIND_EPOCH, put_epoch, &plain, changes, COUNT_OF(changes));
	drop_box.parts = 8;
	print_changed(KIND_EPOCH, put_epoch, &drop_box, of_drop_box, COUNT_OF(of_drop_box));
	buf_free(&payload);
}

/* ---- KEYGRANT ---- */

static void
put_grant(struct buf *b, const struct shape *s)
{
	wr_array(b, (size_t)s->parts);
	put_bin(b, s->id);
	wr_uint(b, s->seal);
	put_bin(b, s->key);
	if (s->parts > 3)
		wr_array(b, (size_t)s->rows);
	for (uint64_t i = 0; i < s->rows && s->parts > 3; i++) {
		wr_array(b, (size_t)s->row_parts);
		put_bin(b, s->parent);
		put_bin(b, s->key2);
		if (s->row_parts > 2)
			put_bin(b, s->sealed);
		if (s->row_parts > 3)
			wr_nil(b);
	}
	if (s->parts > 4)
		wr_nil(b);
}

static void
print_grants(void)
{
	/* `parent` is the epoch of a row, `key2` its commitment */
	static const struct shape plain = { .parts = 4, .rows = 2, .row_parts = 3, .id = 16, .key = 32, .key2 = 32, .sealed = 48, .parent = 16 };
	static const struct change changes[] = {
		TO(parts, 3, false), TO(parts, 5, false), TO(id, 15, false), TO(id, 17, false),
		TO(seal, 1 << 30, true), TO(seal, (UINT64_C(1) << 30) + 1, false), TO(key, 31, false), TO(key, 33, false),
		TO(rows, 0, true), TO(rows, KEYGRANT_EPOCHS_MAX, true), TO(rows, KEYGRANT_EPOCHS_MAX + 1, false),
		TO(row_parts, 2, false), TO(row_parts, 4, false), TO(parent, 15, false), TO(parent, 17, false),
		TO(key2, 31, false), TO(key2, 33, false), TO(sealed, 47, false), TO(sealed, 49, false),
	};
	struct buf payload = BUF_INIT;

	assert(vault_make_keygrant(v, &fixed.env, org, &w->roster, org_device_by_id(org, &w->actors[READERS].id), &payload, NULL) == ERR_OK);
	print_forms(KIND_KEYGRANT, &payload);
	print_changed(KIND_KEYGRANT, put_grant, &plain, changes, COUNT_OF(changes));
	buf_free(&payload);
}

/* ---- KEYTABLE ---- */

static void
put_table(struct buf *b, const struct shape *s)
{
	wr_array(b, (size_t)s->parts);
	put_bin(b, s->id);
	put_bin(b, s->key);
	if (s->parts > 2)
		put_bin(b, s->box);
	if (s->parts > 3)
		wr_nil(b);
}

static void
print_tables(void)
{
	static const struct shape plain = { .parts = 3, .id = 16, .key = 24, .box = 100 };
	static const struct change changes[] = {
		TO(parts, 2, false), TO(parts, 4, false), TO(id, 15, false), TO(id, 17, false), TO(key, 23, false), TO(key, 25, false),
		TO(box, AEAD_TAG_BYTES, false), TO(box, AEAD_TAG_BYTES + 1, true),
	};
	struct header next = { .kind = KIND_KEYTABLE, .author = w->actors[FOUNDER].keys.sign_pk, .stream = w->roster, .seq = 2 };
	struct buf payload = BUF_INIT;
	size_t from = 0;
	bool more;

	assert(vault_make_keytable(v, &fixed.env, &next, &from, &more, &payload, NULL) == ERR_OK);
	print_forms(KIND_KEYTABLE, &payload);
	print_changed(KIND_KEYTABLE, put_table, &plain, changes, COUNT_OF(changes));
	buf_free(&payload);
}

/* Rows sealed as any reader could: what a reader who holds the key makes of them. */
static bool
rows_taken(const struct buf *rows)
{
	struct header h = { .kind = KIND_KEYTABLE, .author = w->actors[FOUNDER].keys.sign_pk, .stream = w->roster, .seq = 3 };
	const struct place at = place_of(&h);
	uint8_t salt[24] = { 7 }, key[32];
	struct buf box = BUF_INIT, payload = BUF_INIT;
	size_t cases = v->case_count, epochs = v->epoch_count;
	struct entry e;
	enum err_code rc;

	vault_table_key(key, &v->keys[0], salt, &at);
	assert(aead_seal(&box, key, salt, BYTES_NONE, buf_bytes(rows)));
	wr_array(&payload, 3);
	WR_FIXED(&payload, v->epochs[0].id);
	wr_bin(&payload, salt, sizeof(salt));
	wr_bin(&payload, box.p, box.len);
	e = entry_of(KIND_KEYTABLE, buf_bytes(&payload));
	e.h.seq = h.seq;
	rc = vault_learn(v, org, &e, NULL);
	assert(rc == ERR_OK || (rc == ERR_MALFORMED && v->case_count == cases && v->epoch_count == epochs));
	buf_free(&box);
	buf_free(&payload);
	return rc == ERR_OK;
}

struct rows { const char *name; size_t cases, metas, case_parts, kid, key, group, birth, epoch, mk, tail; bool good; };

/* Each row is of a case of its own, which no other list names: so one that is taken is seen. */
static void
put_rows(struct buf *b, const struct rows *s, uint8_t mark)
{
	uint8_t kid[32] = { 0, 0, 0, 0, mark };

	wr_array(b, 2);
	wr_array(b, s->cases);
	for (size_t i = 0; i < s->cases; i++) {
		be32_put(kid, (uint32_t)i);
		wr_array(b, s->case_parts);
		wr_bin(b, kid, s->kid);
		put_bin(b, s->key);
		wr_bin(b, kid, s->group);
		if (s->case_parts > 3)
			put_bin(b, s->birth);
	}
	wr_array(b, s->metas);
	for (size_t i = 0; i < s->metas; i++) {
		be32_put(kid, (uint32_t)i);
		wr_array(b, 2);
		wr_bin(b, kid, s->epoch);
		put_bin(b, s->mk);
	}
	for (size_t i = 0; i < s->tail; i++)
		wr_nil(b);
}

static void
print_rows(void)
{
	static const struct rows list[] = {
		{ "nothing", 0, 0, 4, 16, 32, 16, 16, 16, 32, 0, true },
		{ "two cases, one epoch", 2, 1, 4, 16, 32, 16, 16, 16, 32, 0, true },
		{ "500 cases", KEYTABLE_ROWS, 0, 4, 16, 32, 16, 16, 16, 32, 0, true },
		{ "501 cases", KEYTABLE_ROWS + 1, 0, 4, 16, 32, 16, 16, 16, 32, 0, false },
		{ "64 epochs", 0, KEYTABLE_METAS_MAX, 4, 16, 32, 16, 16, 16, 32, 0, true },
		{ "65 epochs", 0, KEYTABLE_METAS_MAX + 1, 4, 16, 32, 16, 16, 16, 32, 0, false },
		{ "a case of three parts", 2, 1, 3, 16, 32, 16, 16, 16, 32, 0, false },
		{ "a kid of 15 bytes", 2, 1, 4, 15, 32, 16, 16, 16, 32, 0, false },
		{ "a case key of 31 bytes", 2, 1, 4, 16, 31, 16, 16, 16, 32, 0, false },
		{ "a case key of 33 bytes", 2, 1, 4, 16, 33, 16, 16, 16, 32, 0, false },
		{ "a group of 17 bytes", 2, 1, 4, 16, 32, 17, 16, 16, 32, 0, false },
		{ "a birth of 15 bytes", 2, 1, 4, 16, 32, 16, 15, 16, 32, 0, false },
		{ "good cases, then an epoch of 15 bytes", 2, 1, 4, 16, 32, 16, 16, 15, 32, 0, false },
		{ "good cases, then an MK of 31 bytes", 2, 1, 4, 16, 32, 16, 16, 16, 31, 0, false },
		{ "good rows, then one byte more", 2, 1, 4, 16, 32, 16, 16, 16, 32, 1, false },
	};
	struct buf b = BUF_INIT;

	json_open("rows", '[');
	for (size_t i = 0; i < COUNT_OF(list); i++) {
		buf_clear(&b);
		put_rows(&b, &list[i], (uint8_t)(i + 1));
		assert(rows_taken(&b) == list[i].good);
		json_open(NULL, '{');
		json_text("name", list[i].name);
		json_hex("rows", b.p, b.len);
		json_bool("accept", list[i].good);
		json_close('}');
	}
	json_close(']');
	buf_free(&b);
}

int
main(void)
{
	struct keystore *ks;

	fixed_env_init(&fixed);
	universe_seed(13);
	make_org();
	ks = keystore_new(&fixed.env);
	assert(ks != NULL);
	ks->device = w->actors[FOUNDER].keys;
	ks->seal[0] = founder_seal;
	ks->seal_count = 1;
	v = vault_new(ks, NULL);
	assert(v != NULL);
	printf("{\"spec\": \"proto/vault.md, 3, 5 and 6\"");
	json_open("forms", '[');
	print_epochs();
	print_grants();
	print_tables();
	json_close(']');
	print_rows();
	printf("\n}\n");
	vault_free(v);
	keystore_free(ks);
	org_free(org);
	world_free(w);
	return 0;
}
