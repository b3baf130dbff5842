/*
 * What the vault seals opens at its own place, under its own key, for those
 * it was sealed to, and in no other way.
 */
#include "nodes.h"

#include "crypto/hc.h"
#include "crypto/seal.h"
#include "org/erase.h"
#include "vault/vault_internal.h"
#include "vault/vault_late.h"
#include "vault/vault_rotate.h"

/* A founded organisation, its first device's vault, and where its next entry in the team would stand. */
struct desk {
	struct nodes o;
	struct vault *v;
	struct header next;
	struct group_id group;
	struct buf payload, body;
};

static void
desk_start(struct desk *d)
{
	memset(d, 0, sizeof(*d));
	nodes_start(&d->o);
	d->v = d->o.first->vault;
	SITE_OK(node_need_epoch(d->o.first, &d->o.team, err));
	SITE_OK(node_commit(d->o.first, err));
	SITE_OK(replica_next(node_replica(d->o.first), &node_keystore(d->o.first)->device, &node_keystore(d->o.first)->inc, &d->o.team,
	                     &d->next, err));
	d->next.kind = KIND_DATA;
	memset(d->group.b, 0xcc, sizeof(d->group.b));
}

static void
desk_end(struct desk *d)
{
	buf_free(&d->payload);
	buf_free(&d->body);
	nodes_end(&d->o);
}

static void
desk_seal(struct desk *d, const char *text)
{
	struct entry e = { .h = d->next };

	SITE_OK(vault_seal(d->v, d->o.env, &d->next, &d->group, BYTES_STR(text), &d->payload, err));
	vault_sealed(d->v, &e, false);
}

static enum err_code
desk_open(struct desk *d, const struct header *h)
{
	return vault_open(d->v, h, buf_bytes(&d->payload), &d->body, NULL);
}

/* The same device with nothing learned yet: what it knows after this, an entry told it. */
static struct keystore *
bare_keystore(struct desk *d, struct node *n)
{
	struct keystore *k = keystore_new(d->o.env);

	assert_non_null(k);
	k->device = node_keystore(n)->device;
	k->seal[0] = node_keystore(n)->seal[0];
	k->seal_count = 1;
	return k;
}

/* The first entry of that kind which the first node holds in the team. */
static struct entry
find_kind(struct desk *d, uint8_t kind, struct buf *keep)
{
	struct replica *r = node_replica(d->o.first);
	struct entry e;

	for (size_t i = 0; i < replica_log_count(r); i++)
		for (uint64_t seq = 0; seq < replica_log_at(r, i)->len; seq++)
			if (SAME(replica_log_at(r, i)->key.stream, d->o.team) &&
			    replica_entry(r, i, seq, &e, keep, NULL) == ERR_OK && e.h.kind == kind)
				return e;
	fail_msg("no entry of kind %u", kind);
	return e;
}

/* ---- DATA ---- */

static void
what_is_sealed_opens_at_its_place_and_nowhere_else(void **state)
{
	struct desk d;
	struct header h;

	(void)state;
	desk_start(&d);
	desk_seal(&d, "hon kom tidigt");
	SITE_OK(desk_open(&d, &d.next));
	assert_int_equal(d.body.len, 14);
	assert_memory_equal(d.body.p, "hon kom tidigt", 14);
	h = d.next;
	h.seq++;
	CHECK_CASE("next seq", desk_open(&d, &h), ERR_DAMAGED);
	h = d.next;
	h.author.b[0] ^= 1;
	CHECK_CASE("another author", desk_open(&d, &h), ERR_DAMAGED);
	h = d.next;
	h.inc.b[0] ^= 1;
	CHECK_CASE("another incarnation", desk_open(&d, &h), ERR_DAMAGED);
	h = d.next;
	h.stream.b[0] ^= 1;
	CHECK_CASE("another team", desk_open(&d, &h), ERR_DAMAGED);
	desk_end(&d);
}

static void
no_flipped_bit_and_no_shorter_payload_opens(void **state)
{
	struct desk d;
	size_t len;

	(void)state;
	desk_start(&d);
	desk_seal(&d, "hon kom tidigt");
	len = d.payload.len;
	for (size_t bit = 0; bit < 8 * len; bit += 3) {
		d.payload.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (desk_open(&d, &d.next) == ERR_OK)
			fail_msg("bit %zu may be flipped", bit);
		d.payload.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (d.payload.len = 0; d.payload.len < len; d.payload.len++)
		assert_int_not_equal(desk_open(&d, &d.next), ERR_OK);
	SITE_OK(desk_open(&d, &d.next));
	desk_end(&d);
}

/* Opens the outer layer with the epoch's MK, lets `change` at the plain bytes, and closes it again. */
static void
reseal_outer(struct desk *d, void (*change)(uint8_t *outer, size_t len))
{
	struct place at = place_of(&d->next);
	uint8_t salt[24], okey[32], epoch[16];
	struct buf plain = BUF_INIT, box = BUF_INIT;
	struct epoch_keys *k;
	struct epoch_id id;
	struct rd r = rd_init(buf_bytes(&d->payload));
	struct bytes sealed;

	rd_array(&r, 3);
	rd_bin(&r, epoch, 16);
	rd_bin(&r, salt, 24);
	sealed = rd_bin_any(&r, 1, PAYLOAD_BYTES_MAX);
	memcpy(id.b, epoch, 16);
	assert_non_null(vault_epoch(d->v, &id, &k));
	HC(okey, 32, BYTES(k->mk, 32), "fb1/outer", BYTES(salt, 24), PLACE_PARTS(at));
	assert_true(aead_open(&plain, okey, salt, BYTES_NONE, sealed));
	change(plain.p, plain.len);
	assert_true(aead_seal(&box, okey, salt, BYTES_NONE, buf_bytes(&plain)));
	buf_clear(&d->payload);
	wr_array(&d->payload, 3);
	wr_bin(&d->payload, epoch, 16);
	wr_bin(&d->payload, salt, 24);
	wr_bin(&d->payload, box.p, box.len);
	buf_free(&plain);
	buf_free(&box);
}

enum { KID_AT = 1 + 2, WRAP_AT = KID_AT + 16 + 2, COMMIT_AT = WRAP_AT + 48 + 2 }; /* array(4), bin 8 heads */

static void
keep_all(uint8_t *outer, size_t len)
{
	(void)outer;
	(void)len;
}

static void
change_commit(uint8_t *outer, size_t len)
{
	(void)len;
	outer[COMMIT_AT + 5] ^= 1;
}

static void
change_wrap(uint8_t *outer, size_t len)
{
	(void)len;
	outer[WRAP_AT + 5] ^= 1;
}

static void
change_inner(uint8_t *outer, size_t len)
{
	outer[len - 1] ^= 1;
}

static void
change_kid(uint8_t *outer, size_t len)
{
	(void)len;
	outer[KID_AT] ^= 1;
}

/* A reader of the team holds MK and may write any outer layer. */
static void
a_reader_who_forges_the_layer_below_is_refused(void **state)
{
	static const struct { const char *name; void (*change)(uint8_t *, size_t); enum err_code want; } cases[] = {
		{ "nothing changed", keep_all, ERR_OK },       { "wrong commitment", change_commit, ERR_DAMAGED },
		{ "broken wrap", change_wrap, ERR_DAMAGED },   { "broken content", change_inner, ERR_DAMAGED },
		{ "another kid", change_kid, ERR_DAMAGED },
	};
	struct desk d;

	(void)state;
	desk_start(&d);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		memset(d.group.b, (int)i + 1, sizeof(d.group.b)); /* a new case, so that the wrap is there */
		desk_seal(&d, "hon kom tidigt");
		reseal_outer(&d, cases[i].change);
		CHECK_CASE(cases[i].name, desk_open(&d, &d.next), cases[i].want);
	}
	desk_end(&d);
}

static bool
has_wrap(struct desk *d)
{
	size_t with = d->payload.len;

	return with > 16 + 24 + 16 + 48 + 32 + 256 + 16 + 16; /* more than the parts without a wrap could be */
}

static void
a_case_key_is_wrapped_once_in_each_log_and_again_after_a_drop(void **state)
{
	struct desk d;

	(void)state;
	desk_start(&d);
	desk_seal(&d, "ett");
	CHECK_TRUE("first use", has_wrap(&d));
	d.next.seq++;
	desk_seal(&d, "två");
	CHECK_TRUE("second use", !has_wrap(&d));
	d.next.inc.b[0] ^= 1;
	desk_seal(&d, "tre");
	CHECK_TRUE("another incarnation", has_wrap(&d));
	d.next.inc.b[0] ^= 1;
	vault_dropped(d.v);
	desk_seal(&d, "fyra");
	CHECK_TRUE("after a drop", has_wrap(&d));
	vault_committed(d.v);
	vault_dropped(d.v);
	desk_seal(&d, "fem");
	CHECK_TRUE("after a commit", !has_wrap(&d));
	desk_end(&d);
}

static void
stuck_randomness_repeats_a_salt_only_for_the_same_text(void **state)
{
	struct desk d;
	uint8_t first[24], second[24];

	(void)state;
	desk_start(&d);
	desk_seal(&d, "värmer upp"); /* the case key is drawn */
	d.o.site.fixed.repeat = true;
	desk_seal(&d, "ett");
	memcpy(first, d.payload.p + 1 + 18 + 2, 24);
	desk_seal(&d, "två");
	memcpy(second, d.payload.p + 1 + 18 + 2, 24);
	assert_memory_not_equal(first, second, 24);
	desk_seal(&d, "ett");
	assert_memory_equal(first, d.payload.p + 1 + 18 + 2, 24);
	d.o.site.fixed.repeat = false;
	desk_end(&d);
}

static void
texts_of_one_bucket_have_one_length(void **state)
{
	static char text[56000];
	struct desk d;
	size_t len;

	(void)state;
	desk_start(&d);
	desk_seal(&d, "värmer upp");
	memset(text, 'a', sizeof(text) - 1);
	text[1] = '\0';
	desk_seal(&d, text);
	len = d.payload.len;
	text[1] = 'a';
	text[255] = '\0';
	desk_seal(&d, text);
	assert_int_equal(d.payload.len, len);
	text[255] = 'a';
	text[55295] = '\0';
	desk_seal(&d, text); /* the longest */
	assert_true(d.payload.len <= PAYLOAD_BYTES_MAX);
	SITE_OK(desk_open(&d, &d.next));
	assert_int_equal(d.body.len, 55295);
	assert_int_equal(vault_seal(d.v, d.o.env, &d.next, &d.group, BYTES(text, 55296), &d.payload, NULL), ERR_TOO_BIG);
	desk_end(&d);
}

static void
what_is_tombstoned_is_refused(void **state)
{
	struct desk d;
	struct keystore *ks;
	struct tombstone stone = { .kind = 1 };

	(void)state;
	desk_start(&d);
	desk_seal(&d, "raderas");
	ks = node_keystore(d.o.first);
	memcpy(stone.id, d.v->cases[d.v->last_case].kid.b, 16);
	ks->tombstones = &stone;
	ks->tombstone_count = 1;
	assert_int_equal(desk_open(&d, &d.next), ERR_REFUSED);
	ks->tombstones = NULL;
	ks->tombstone_count = 0;
	desk_end(&d);
}

/* ---- EPOCH, KEYGRANT, KEYTABLE ---- */

static void
an_epoch_opens_for_its_readers_and_only_to_what_it_commits_to(void **state)
{
	struct desk d;
	struct buf keep = BUF_INIT;
	struct keystore *ks;
	struct entry e;
	struct vault *v;

	(void)state;
	desk_start(&d);
	e = find_kind(&d, KIND_EPOCH, &keep);
	ks = bare_keystore(&d, d.o.first);
	v = vault_new(ks, NULL);
	SITE_OK(vault_learn(v, node_org(d.o.first), &e, err));
	SITE_OK(vault_refresh(v, node_org(d.o.first), err));
	assert_true(vault_can_write(v, &d.o.team));
	assert_int_equal(ks->epoch_count, 1);
	assert_true(vault_keystore_dirty(v));
	desk_seal(&d, "hon kom tidigt");
	assert_int_equal(vault_open(v, &d.next, buf_bytes(&d.payload), &d.body, NULL), ERR_OK);
	vault_free(v);
	keystore_free(ks);

	/* The commitment, then the sealed key: both are found out. */
	for (size_t at = 1 + 1 + 1 + 1 + 2 + 4; at < e.payload.len; at += e.payload.len - 20 - 8) {
		ks = bare_keystore(&d, d.o.first);
		v = vault_new(ks, NULL);
		keep.p[at] ^= 1;
		assert_int_equal(vault_learn(v, node_org(d.o.first), &e, NULL), ERR_KEY);
		keep.p[at] ^= 1;
		SITE_OK(vault_refresh(v, node_org(d.o.first), err));
		assert_false(vault_can_write(v, &d.o.team));
		assert_int_equal(ks->epoch_count, 0);
		vault_free(v);
		keystore_free(ks);
	}
	buf_free(&keep);
	desk_end(&d);
}

/* Somebody who came after the EPOCH, with a vault that has learned nothing yet, and the grant to them. */
struct latecomer {
	struct desk d;
	struct keystore *ks;
	struct vault *v;
	struct entry epoch, grant;
	struct buf epoch_payload, grant_payload;
};

static void
latecomer_start(struct latecomer *l)
{
	struct node *n;

	memset(l, 0, sizeof(*l));
	desk_start(&l->d);
	n = nodes_join(&l->d.o, "genarp", true);
	l->epoch = find_kind(&l->d, KIND_EPOCH, &l->epoch_payload);
	l->grant = find_kind(&l->d, KIND_KEYGRANT, &l->grant_payload);
	l->ks = bare_keystore(&l->d, n);
	l->v = vault_new(l->ks, NULL);
}

static void
latecomer_end(struct latecomer *l)
{
	vault_free(l->v);
	keystore_free(l->ks);
	buf_free(&l->epoch_payload);
	buf_free(&l->grant_payload);
	desk_end(&l->d);
}

static void
a_keygrant_waits_for_its_epoch(void **state)
{
	struct latecomer l;

	(void)state;
	latecomer_start(&l);
	SITE_OK(vault_learn(l.v, node_org(l.d.o.first), &l.grant, err));
	assert_int_equal(l.ks->epoch_count, 0);
	SITE_OK(vault_learn(l.v, node_org(l.d.o.first), &l.epoch, err));
	assert_int_equal(l.ks->epoch_count, 1);
	assert_int_equal(l.ks->epochs[0].n, 1);
	latecomer_end(&l);
}

/* One byte behind a good grant: the rows before it are not taken either. */
static void
a_keygrant_in_another_form_gives_nothing(void **state)
{
	struct latecomer l;
	struct entry bad;

	(void)state;
	latecomer_start(&l);
	SITE_OK(vault_learn(l.v, node_org(l.d.o.first), &l.epoch, err));
	buf_put(&l.grant_payload, "", 1);
	bad = l.grant;
	bad.payload = buf_bytes(&l.grant_payload);
	bad.h.plen++;
	assert_int_equal(vault_learn(l.v, node_org(l.d.o.first), &bad, NULL), ERR_MALFORMED);
	assert_int_equal(l.ks->epoch_count, 0);
	l.grant.payload = BYTES(l.grant_payload.p, l.grant_payload.len - 1);
	SITE_OK(vault_learn(l.v, node_org(l.d.o.first), &l.grant, err));
	assert_int_equal(l.ks->epoch_count, 1);
	latecomer_end(&l);
}

/* Whoever hears of the other history first finds the EPOCH in a branch, and who heard of it last must come to say the same. */
static void
what_a_fork_moves_into_a_branch_counts_as_it_does_there(void **state)
{
	struct latecomer l;
	const struct org *org;
	struct log_key branch;

	(void)state;
	latecomer_start(&l);
	org = node_org(l.d.o.first);
	SITE_OK(vault_learn(l.v, org, &l.epoch, err));
	SITE_OK(vault_learn(l.v, org, &l.grant, err));
	SITE_OK(vault_refresh(l.v, org, err));
	assert_true(vault_can_write(l.v, &l.d.o.team));
	assert_true(l.v->given[0].effective);
	log_key_init(&branch, &l.epoch.h.author, &l.epoch.h.stream, &l.epoch.h.inc);
	branch.is_branch = true;
	branch.branch_seq = l.epoch.h.seq;
	branch.branch_id = l.epoch.id;
	SITE_OK(vault_learn_in(l.v, org, &branch, &l.epoch, err));
	SITE_OK(vault_learn_in(l.v, org, &branch, &l.grant, err));
	SITE_OK(vault_refresh(l.v, org, err));
	assert_false(vault_can_write(l.v, &l.d.o.team));
	assert_int_equal(l.v->given_count, 1);
	assert_false(l.v->given[0].effective);
	latecomer_end(&l);
}

static struct entry
entry_with(struct desk *d, uint8_t kind, const struct buf *payload)
{
	struct header h = d->next;
	struct entry e;

	h.kind = kind;
	entry_make(&e, &h, buf_bytes(payload), node_keystore(d->o.first)->device.sign_sk);
	return e;
}

/* Whoever never saw the wrap, because it was erased, still opens the live rest. */
static void
a_keytable_opens_what_came_without_a_wrap(void **state)
{
	struct desk d;
	struct buf keep = BUF_INIT, table = BUF_INIT;
	struct keystore *ks;
	struct entry e, t;
	struct vault *v;
	bool more;
	size_t at = 0;

	(void)state;
	desk_start(&d);
	desk_seal(&d, "med nyckeln");
	d.next.seq++;
	desk_seal(&d, "utan");
	e = find_kind(&d, KIND_EPOCH, &keep);
	ks = bare_keystore(&d, d.o.first);
	v = vault_new(ks, NULL);
	SITE_OK(vault_learn(v, node_org(d.o.first), &e, err));
	assert_int_equal(vault_open(v, &d.next, buf_bytes(&d.payload), &d.body, NULL), ERR_KEY);
	d.next.seq++;
	SITE_OK(vault_make_keytable(d.v, d.o.env, &d.next, &at, &more, &table, err));
	assert_false(more);
	t = entry_with(&d, KIND_KEYTABLE, &table);
	SITE_OK(vault_learn(v, node_org(d.o.first), &t, err));
	d.next.seq--;
	assert_int_equal(vault_open(v, &d.next, buf_bytes(&d.payload), &d.body, NULL), ERR_OK);
	assert_memory_equal(d.body.p, "utan", 4);
	vault_free(v);
	keystore_free(ks);
	buf_free(&keep);
	buf_free(&table);
	desk_end(&d);
}

/* Two entries of a case, the second without a wrap, and a table that has no effect any more: all that another vault learns of the key. */
struct cut_off { struct desk d; struct buf keep, table; struct keystore *ks; struct vault *v; const struct epoch *ep; };

static void
cut_off_start(struct cut_off *c)
{
	struct log_key branch;
	struct entry e, t;
	bool more;
	size_t at = 0;

	memset(c, 0, sizeof(*c));
	desk_start(&c->d);
	desk_seal(&c->d, "med nyckeln");
	c->d.next.seq++;
	desk_seal(&c->d, "utan");
	c->d.next.seq++;
	SITE_OK(vault_make_keytable(c->d.v, c->d.o.env, &c->d.next, &at, &more, &c->table, err));
	t = entry_with(&c->d, KIND_KEYTABLE, &c->table);
	c->d.next.seq--;
	log_key_init(&branch, &t.h.author, &t.h.stream, &t.h.inc);
	branch.is_branch = true;
	branch.branch_seq = t.h.seq;
	branch.branch_id = t.id;
	e = find_kind(&c->d, KIND_EPOCH, &c->keep);
	c->ks = bare_keystore(&c->d, c->d.o.first);
	c->v = vault_new(c->ks, NULL);
	SITE_OK(vault_learn(c->v, node_org(c->d.o.first), &e, err));
	SITE_OK(vault_refresh(c->v, node_org(c->d.o.first), err));
	c->ep = vault_content_epoch(c->v, &c->d.o.team);
	SITE_OK(vault_learn_in(c->v, node_org(c->d.o.first), &branch, &t, err));
	vault_settle_cases(c->v);
}

static void
cut_off_end(struct cut_off *c)
{
	vault_free(c->v);
	keystore_free(c->ks);
	buf_free(&c->keep);
	buf_free(&c->table);
	desk_end(&c->d);
}

/* It may be the last that says the key of what counts, and it may be anybody's invention. */
static void
a_table_without_effect_brings_keys_that_open_and_never_seal(void **state)
{
	struct buf image = BUF_INIT;
	struct cut_off c;
	struct vault *again;
	struct rd rd;

	(void)state;
	cut_off_start(&c);
	assert_int_equal(vault_missed_keys(c.v, &c.d.o.team), 0);
	vault_encode(c.v, &image); /* it stays what it is in a snapshot */
	again = vault_new(c.ks, NULL);
	rd = rd_init(buf_bytes(&image));
	SITE_OK(vault_decode(again, &rd, err));
	SITE_OK(vault_refresh(again, node_org(c.d.o.first), err));
	vault_free(c.v);
	c.v = again;
	vault_settle_cases(c.v);
	c.ep = vault_content_epoch(c.v, &c.d.o.team);
	SITE_OK(vault_open(c.v, &c.d.next, buf_bytes(&c.d.payload), &c.d.body, err));
	assert_memory_equal(c.d.body.p, "utan", 4);
	vault_bind_group(c.v, &c.d.next, &c.d.group);
	assert_int_equal(vault_case_of_group(c.v, &c.d.o.team, &c.d.group, &c.ep->id), NO_CASE);
	assert_int_equal(vault_missed_keys(c.v, &c.d.o.team), 1); /* it is announced anew */
	buf_wipe(&image);
	cut_off_end(&c);
}

static void
a_key_of_a_table_without_effect_goes_with_its_case(void **state)
{
	struct cut_off c;
	uint8_t image[16];

	(void)state;
	cut_off_start(&c);
	erase_image(image, c.d.group.b);
	SITE_OK(vault_bury_group(c.v, image, err));
	assert_true(keystore_tombstoned(c.ks, TOMB_EPOCH, c.ep->id.b)); /* whoever holds its E opens the table */
	assert_int_equal(vault_open(c.v, &c.d.next, buf_bytes(&c.d.payload), &c.d.body, NULL), ERR_KEY);
	cut_off_end(&c);
}

/* An EPOCH of number 1 by somebody who knows of none, and preferred to the one that there is: who made it cannot choose its id. */
static struct entry
a_smaller_epoch(struct desk *d, struct vault *stranger, const struct epoch_id *than, struct buf *payload)
{
	struct entry e;

	SITE_OK(vault_make_epoch(stranger, d->o.env, node_org(d->o.first), &d->o.team, 0, payload, err));
	do {
		d->next.seq++;
		e = entry_with(d, KIND_EPOCH, payload);
	} while (memcmp(e.id.b, than->b, sizeof(than->b)) >= 0);
	return e;
}

/* Else two readers who prefer two epochs of one number, for whatever reason, announce keys to each other without end. */
static void
a_key_announced_under_the_preferred_epoch_stays_announced(void **state)
{
	struct desk d;
	struct buf keep = BUF_INIT, second = BUF_INIT, table = BUF_INIT;
	struct epoch_id first;
	struct keystore *ks;
	struct header sealed;
	struct entry e, t;
	struct vault *v;
	bool more;
	size_t at = 0;

	(void)state;
	desk_start(&d);
	desk_seal(&d, "hon kom tidigt");
	sealed = d.next;
	assert_true(vault_preferred(d.v, &d.o.team, &first));
	ks = bare_keystore(&d, d.o.first);
	v = vault_new(ks, NULL);
	e = a_smaller_epoch(&d, v, &first, &second);
	SITE_OK(vault_learn(d.v, node_org(d.o.first), &e, err));
	SITE_OK(vault_refresh(d.v, node_org(d.o.first), err));
	assert_int_equal(vault_missed_keys(d.v, &d.o.team), 1);
	SITE_OK(vault_make_keytable_missed(d.v, d.o.env, &d.next, &at, &more, &table, err));
	t = entry_with(&d, KIND_KEYTABLE, &table);
	SITE_OK(vault_learn(d.v, node_org(d.o.first), &t, err));
	assert_int_equal(vault_missed_keys(d.v, &d.o.team), 0);
	e = find_kind(&d, KIND_EPOCH, &keep);
	SITE_OK(vault_learn(v, node_org(d.o.first), &e, err));
	SITE_OK(vault_refresh(v, node_org(d.o.first), err));
	SITE_OK(vault_open(v, &sealed, buf_bytes(&d.payload), &d.body, err));
	vault_bind_group(v, &sealed, &d.group);
	at = 0;
	SITE_OK(vault_make_keytable(v, d.o.env, &d.next, &at, &more, &table, err));
	t = entry_with(&d, KIND_KEYTABLE, &table);
	SITE_OK(vault_learn(d.v, node_org(d.o.first), &t, err));
	assert_int_equal(vault_missed_keys(d.v, &d.o.team), 0);
	vault_free(v);
	keystore_free(ks);
	buf_free(&keep);
	buf_free(&second);
	buf_free(&table);
	desk_end(&d);
}

/* Who was never given the epoch has its outer layers from the table alone. */
static void
a_table_of_adopted_keys_brings_what_opens_their_outer_layers(void **state)
{
	struct desk d;
	struct buf keep = BUF_INIT, table = BUF_INIT;
	struct vault_key key;
	struct keystore *ks;
	struct entry e, t;
	struct vault *v;
	uint8_t mk[32];

	(void)state;
	desk_start(&d);
	desk_seal(&d, "skrivet efteråt");
	SITE_OK(vault_open(d.v, &d.next, buf_bytes(&d.payload), &d.body, err));
	assert_true(vault_last_key(d.v, &key));
	memset(&key.group, 5, sizeof(key.group));
	e = find_kind(&d, KIND_EPOCH, &keep);
	ks = bare_keystore(&d, d.o.first);
	v = vault_new(ks, NULL);
	SITE_OK(vault_learn(v, node_org(d.o.first), &e, err));
	memcpy(mk, v->keys[0].mk, 32);
	v->keys[0].has_mk = false;
	memset(v->keys[0].mk, 0, 32);
	d.next.seq++;
	SITE_OK(vault_make_keytable_of(d.v, d.o.env, &d.next, &key, 1, &table, err));
	t = entry_with(&d, KIND_KEYTABLE, &table);
	SITE_OK(vault_learn(v, node_org(d.o.first), &t, err));
	assert_true(v->keys[0].has_mk);
	assert_memory_equal(v->keys[0].mk, mk, 32);
	d.next.seq--;
	SITE_OK(vault_open(v, &d.next, buf_bytes(&d.payload), &d.body, err));
	assert_memory_equal(d.body.p, "skrivet", 7);
	vault_free(v);
	keystore_free(ks);
	buf_free(&keep);
	buf_free(&table);
	desk_end(&d);
}

/* ---- names, images ---- */

static void
a_name_opens_for_readers_of_the_roster_alone(void **state)
{
	struct desk d;
	struct buf sealed = BUF_INIT, name = BUF_INIT;
	struct keystore *ks;
	struct vault *v;

	(void)state;
	desk_start(&d);
	SITE_OK(vault_seal_name(d.v, d.o.env, node_org(d.o.first), BYTES_STR("Dalby laptop"), &sealed, err));
	SITE_OK(vault_open_name(d.v, buf_bytes(&sealed), &name, err));
	assert_int_equal(name.len, 12);
	assert_memory_equal(name.p, "Dalby laptop", 12);
	ks = bare_keystore(&d, d.o.first);
	v = vault_new(ks, NULL);
	assert_int_equal(vault_open_name(v, buf_bytes(&sealed), &name, NULL), ERR_KEY);
	sealed.p[sealed.len - 1] ^= 1;
	assert_int_equal(vault_open_name(d.v, buf_bytes(&sealed), &name, NULL), ERR_DAMAGED);
	vault_free(v);
	keystore_free(ks);
	buf_free(&sealed);
	buf_free(&name);
	desk_end(&d);
}

static void
an_image_of_the_vault_knows_what_it_knew(void **state)
{
	struct desk d;
	struct buf image = BUF_INIT, again = BUF_INIT;
	struct vault *v;
	struct rd rd;

	(void)state;
	desk_start(&d);
	(void)nodes_join(&d.o, "genarp", true);
	desk_seal(&d, "ett");
	vault_committed(d.v);
	d.next.seq++;
	desk_seal(&d, "två");
	vault_encode(d.v, &image);
	v = vault_new(node_keystore(d.o.first), NULL);
	rd = rd_init(buf_bytes(&image));
	SITE_OK(vault_decode(v, &rd, err));
	assert_true(rd_end(&rd));
	vault_encode(v, &again);
	assert_true(bytes_equal(buf_bytes(&image), buf_bytes(&again)));
	assert_int_equal(vault_open(v, &d.next, buf_bytes(&d.payload), &d.body, NULL), ERR_OK);
	SITE_OK(vault_refresh(v, node_org(d.o.first), err));
	assert_true(vault_can_write(v, &d.o.team));
	vault_free(v);
	for (size_t len = 0; len < image.len; len += 7) {
		v = vault_new(node_keystore(d.o.first), NULL);
		rd = rd_init(BYTES(image.p, len));
		assert_int_equal(vault_decode(v, &rd, NULL), ERR_DAMAGED);
		vault_free(v);
	}
	buf_wipe(&image);
	buf_wipe(&again);
	desk_end(&d);
}

/* Before a view is rebuilt keys are doubted. Of two entries the second brings no wrap: it opens under what is held or not at all. */
static void
a_key_stays_while_all_is_read_again_if_an_entry_opens_under_it(void **state)
{
	const struct epoch *ep;
	struct desk d;

	(void)state;
	desk_start(&d);
	ep = vault_content_epoch(d.v, &d.o.team);
	desk_seal(&d, "hon kom tidigt");
	d.next.seq++;
	desk_seal(&d, "hon gick sent");
	vault_doubt_cases(d.v);
	SITE_OK(desk_open(&d, &d.next));
	vault_bind_group(d.v, &d.next, &d.group);
	vault_settle_cases(d.v);
	SITE_OK(desk_open(&d, &d.next));
	assert_int_equal(vault_case_of_group(d.v, &d.o.team, &d.group, &ep->id), NO_CASE); /* nothing is sealed with it */
	vault_doubt_cases(d.v);
	vault_settle_cases(d.v); /* nothing opened */
	assert_int_equal(desk_open(&d, &d.next), ERR_KEY);
	desk_end(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_opens_at_its_place_and_nowhere_else),
		cmocka_unit_test(no_flipped_bit_and_no_shorter_payload_opens),
		cmocka_unit_test(a_reader_who_forges_the_layer_below_is_refused),
		cmocka_unit_test(a_case_key_is_wrapped_once_in_each_log_and_again_after_a_drop),
		cmocka_unit_test(stuck_randomness_repeats_a_salt_only_for_the_same_text),
		cmocka_unit_test(texts_of_one_bucket_have_one_length),
		cmocka_unit_test(what_is_tombstoned_is_refused),
		cmocka_unit_test(an_epoch_opens_for_its_readers_and_only_to_what_it_commits_to),
		cmocka_unit_test(a_keygrant_waits_for_its_epoch),
		cmocka_unit_test(a_keygrant_in_another_form_gives_nothing),
		cmocka_unit_test(what_a_fork_moves_into_a_branch_counts_as_it_does_there),
		cmocka_unit_test(a_keytable_opens_what_came_without_a_wrap),
		cmocka_unit_test(a_table_without_effect_brings_keys_that_open_and_never_seal),
		cmocka_unit_test(a_key_of_a_table_without_effect_goes_with_its_case),
		cmocka_unit_test(a_key_announced_under_the_preferred_epoch_stays_announced),
		cmocka_unit_test(a_table_of_adopted_keys_brings_what_opens_their_outer_layers),
		cmocka_unit_test(a_key_stays_while_all_is_read_again_if_an_entry_opens_under_it),
		cmocka_unit_test(a_name_opens_for_readers_of_the_roster_alone),
		cmocka_unit_test(an_image_of_the_vault_knows_what_it_knew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
