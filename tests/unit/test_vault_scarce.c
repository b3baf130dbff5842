/*
 * A vault while memory is short: what it was told it knows or says that it
 * does not, what it seals opens, and nothing is sealed half.
 */
#include "nodes.h"

#include "scarce.h"

#include "vault/vault_internal.h"

enum { TOLD_MAX = 16 };

/* An organisation with two who read, and all that tells a vault of its first team and of the roster. */
struct desk {
	struct nodes o;
	struct node *bo;
	struct entry told[TOLD_MAX];
	size_t count;
	struct header next;
	struct group_id group;
};

/* A KEYTABLE with one key in it, as its maker would append it. */
static void
add_table(struct desk *d)
{
	struct vault *v = d->o.first->vault;
	struct entry made = { .h = d->next };
	struct buf sealed = BUF_INIT, table = BUF_INIT;
	size_t at = 0;
	bool more;

	SITE_OK(vault_seal(v, d->o.env, &d->next, &d->group, BYTES_STR("x"), &sealed, err));
	vault_sealed(v, &made, false);
	made.h.kind = KIND_KEYTABLE;
	SITE_OK(vault_make_keytable(v, d->o.env, &made.h, &at, &more, &table, err));
	made.payload = buf_bytes(&table);
	made.has_payload = true;
	assert_in_range(d->count, 1, TOLD_MAX - 1);
	d->told[d->count++] = made;
	buf_free(&sealed);
}

static void
desk_start(struct desk *d)
{
	struct replica *r;

	memset(d, 0, sizeof(*d));
	nodes_start(&d->o);
	d->bo = nodes_join(&d->o, "bo", true);
	SITE_OK(node_need_epoch(d->o.first, &d->o.team, err));
	SITE_OK(node_commit(d->o.first, err));
	r = node_replica(d->o.first);
	for (size_t i = 0; i < replica_log_count(r); i++)
		for (uint64_t seq = 0; seq < replica_log_at(r, i)->len; seq++) {
			struct buf keep = BUF_INIT;
			struct entry e;

			SITE_OK(replica_entry(r, i, seq, &e, &keep, err));
			if (e.h.kind == KIND_EPOCH || e.h.kind == KIND_KEYGRANT || e.h.kind == KIND_KEYTABLE) {
				assert_in_range(d->count, 0, TOLD_MAX - 1);
				d->told[d->count++] = e; /* keeps the payload */
			} else {
				buf_free(&keep);
			}
		}
	SITE_OK(replica_next(r, &node_keystore(d->o.first)->device, &node_keystore(d->o.first)->inc, &d->o.team, &d->next, err));
	d->next.kind = KIND_DATA;
	memset(d->group.b, 0xcc, sizeof(d->group.b));
	add_table(d);
}

static void
desk_end(struct desk *d)
{
	for (size_t i = 0; i < d->count; i++)
		mem_free((void *)(uintptr_t)d->told[i].payload.p);
	nodes_end(&d->o);
}

/* The first device, with nothing learned yet. */
static struct keystore *
bare(struct desk *d)
{
	struct keystore *k = keystore_new(d->o.env);

	assert_non_null(k);
	k->device = node_keystore(d->o.first)->device;
	k->seal[0] = node_keystore(d->o.first)->seal[0];
	k->seal_count = 1;
	return k;
}

static struct vault *
taught(struct desk *d, struct keystore *ks)
{
	struct vault *v = vault_new(ks, NULL);

	assert_non_null(v);
	for (size_t i = 0; i < d->count; i++)
		SITE_OK(vault_learn(v, node_org(d->o.first), &d->told[i], err));
	SITE_OK(vault_refresh(v, node_org(d->o.first), err));
	return v;
}

static void
what_a_vault_is_told_it_learns_however_often_memory_is_short(void **state)
{
	struct desk d;

	(void)state;
	desk_start(&d);
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct keystore *ks;
		struct vault *v;

		mem_hold();
		ks = bare(&d);
		mem_release();
		v = vault_new(ks, NULL);
		if (v == NULL) {
			scarce_over(&s);
			assert_true(s.struck);
			keystore_free(ks);
			continue;
		}
		for (size_t i = 0; i < d.count; i++)
			SCARCE_STEP(&s, vault_learn(v, node_org(d.o.first), &d.told[i], err));
		SCARCE_STEP(&s, vault_refresh(v, node_org(d.o.first), err));
		scarce_over(&s);
		assert_true(vault_can_write(v, &d.o.team));
		assert_int_equal(vault_preferred_n(v, &d.o.team), vault_preferred_n(d.o.first->vault, &d.o.team));
		assert_int_equal(vault_oldest_n(v, &d.o.team), vault_oldest_n(d.o.first->vault, &d.o.team));
		vault_free(v);
		keystore_free(ks);
	}
	desk_end(&d);
}

/* One that was told everything seals; another one that was told everything opens. */
static void
what_is_sealed_short_of_memory_opens_or_is_not_there(void **state)
{
	struct desk d;

	(void)state;
	desk_start(&d);
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct buf payload = BUF_INIT, body = BUF_INIT;
		struct keystore *ks, *other_ks;
		struct vault *v, *other;
		struct err why = ERR_INIT;
		struct entry e = { .h = d.next };
		enum err_code rc;

		mem_hold();
		ks = bare(&d);
		other_ks = bare(&d);
		v = taught(&d, ks);
		other = taught(&d, other_ks);
		mem_release();
		rc = vault_seal(v, d.o.env, &d.next, &d.group, BYTES_STR("Hotad av sin bror"), &payload, &why);
		if (scarce_done(&s, "seal", rc, &why)) {
			vault_sealed(v, &e, true);
			rc = vault_open(other, &d.next, buf_bytes(&payload), &body, &why);
			if (!scarce_done(&s, "open", rc, &why)) {
				scarce_over(&s);
				SITE_OK(vault_open(other, &d.next, buf_bytes(&payload), &body, err));
			}
			scarce_over(&s);
			vault_bind_group(other, &d.next, &d.group);
			assert_int_equal(body.len, strlen("Hotad av sin bror"));
			assert_memory_equal(body.p, "Hotad av sin bror", body.len);
		} else { /* and it can be done when there is memory again */
			scarce_over(&s);
			SITE_OK(vault_seal(v, d.o.env, &d.next, &d.group, BYTES_STR("Hotad av sin bror"), &payload, err));
			SITE_OK(vault_open(other, &d.next, buf_bytes(&payload), &body, err));
			assert_memory_equal(body.p, "Hotad av sin bror", body.len);
		}
		vault_free(v);
		vault_free(other);
		keystore_free(ks);
		keystore_free(other_ks);
		buf_free(&payload);
		buf_free(&body);
	}
	desk_end(&d);
}

/* Everything a vault writes for others: each is made, or it is said that it was not, and then made. */
static void
what_a_vault_makes_for_others_is_whole(void **state)
{
	struct desk d;
	const struct org *org;
	const struct org_device *bo;

	(void)state;
	desk_start(&d);
	org = node_org(d.o.first);
	bo = org_device_by_id(org, &node_self(d.bo)->id);
	assert_non_null(bo);
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct buf epoch = BUF_INIT, grant = BUF_INIT, table = BUF_INIT, box = BUF_INIT, content = BUF_INIT, name = BUF_INIT, plain = BUF_INIT,
		           sealed = BUF_INIT, body = BUF_INIT;
		uint8_t salt[ORDER_SALT_BYTES];
		struct entry made = { .h = d.next };
		struct keystore *ks;
		struct vault *v;
		size_t at = 0;
		bool more;

		mem_hold();
		ks = bare(&d);
		v = taught(&d, ks);
		SITE_OK(vault_seal(v, d.o.env, &d.next, &d.group, BYTES_STR("x"), &sealed, err));
		vault_sealed(v, &made, true);
		mem_release();
		SCARCE_STEP(&s, vault_make_epoch(v, d.o.env, org, &d.o.team, 1, &epoch, err));
		SCARCE_STEP(&s, vault_make_keygrant(v, d.o.env, org, &d.o.team, bo, &grant, err));
		SCARCE_STEP(&s, vault_make_keytable(v, d.o.env, &d.next, &at, &more, &table, err));
		SCARCE_STEP(&s, vault_seal_order(v, d.o.env, &d.o.team, &d.group, BYTES_STR("which case"), salt, &box, err));
		SCARCE_STEP(&s, vault_open_order(v, salt, buf_bytes(&box), &content, err));
		SCARCE_STEP(&s, vault_seal_name(v, d.o.env, org, BYTES_STR("Dalby"), &name, err));
		SCARCE_STEP(&s, vault_open_name(v, buf_bytes(&name), &plain, err));
		scarce_over(&s);
		assert_true(epoch.len > 0 && grant.len > 0 && table.len > 0);
		assert_string_equal(buf_str(&content), "which case");
		assert_string_equal(buf_str(&plain), "Dalby");
		made.h.kind = KIND_EPOCH;
		made.payload = buf_bytes(&epoch);
		made.has_payload = true;
		SITE_OK(vault_learn(v, org, &made, err)); /* its own maker knows it for one */
		SITE_OK(vault_open(v, &d.next, buf_bytes(&sealed), &body, err));
		vault_free(v);
		keystore_free(ks);
		buf_free(&epoch);
		buf_free(&grant);
		buf_free(&table);
		buf_free(&box);
		buf_free(&content);
		buf_free(&name);
		buf_free(&plain);
		buf_free(&sealed);
		buf_free(&body);
	}
	desk_end(&d);
}

static void
an_image_is_read_whole_or_the_vault_is_of_no_more_use(void **state)
{
	struct desk d;
	struct buf image = BUF_INIT, sealed = BUF_INIT;
	struct entry made;
	struct keystore *first;
	struct vault *from;

	(void)state;
	desk_start(&d);
	first = bare(&d);
	from = taught(&d, first);
	made = (struct entry){ .h = d.next };
	SITE_OK(vault_seal(from, d.o.env, &d.next, &d.group, BYTES_STR("Hotad"), &sealed, err));
	vault_sealed(from, &made, true);
	vault_encode(from, &image);
	assert_true(buf_ok(&image));
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct rd rd = rd_init(buf_bytes(&image));
		struct buf body = BUF_INIT, again = BUF_INIT;
		struct err why = ERR_INIT;
		struct keystore *ks;
		struct vault *v;
		bool done;

		mem_hold();
		ks = bare(&d);
		vault_free(taught(&d, ks)); /* epoch keys stay in the keystore alone */
		v = vault_new(ks, NULL);
		mem_release();
		done = scarce_done(&s, "decode", vault_decode(v, &rd, &why), &why);
		if (done)
			vault_encode(v, &again);
		scarce_over(&s);
		assert_true(done || s.struck);
		if (done) {
			assert_true(s.struck || bytes_equal(buf_bytes(&again), buf_bytes(&image)));
			SITE_OK(vault_refresh(v, node_org(d.o.first), err));
			SITE_OK(vault_open(v, &d.next, buf_bytes(&sealed), &body, err));
			assert_string_equal(buf_str(&body), "Hotad");
		}
		vault_free(v);
		keystore_free(ks);
		buf_wipe(&again);
		buf_free(&body);
	}
	vault_free(from);
	keystore_free(first);
	buf_wipe(&image);
	buf_free(&sealed);
	desk_end(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_vault_is_told_it_learns_however_often_memory_is_short),
		cmocka_unit_test(what_is_sealed_short_of_memory_opens_or_is_not_there),
		cmocka_unit_test(what_a_vault_makes_for_others_is_whole),
		cmocka_unit_test(an_image_is_read_whole_or_the_vault_is_of_no_more_use),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
