/*
 * Keys that come and go: attested, rotated, deleted for good, given by hand,
 * kept through a backup.
 */
#include "nodes.h"

#include "base/mem.h"
#include "crypto/hc.h"
#include "crypto/seal.h"
#include "node/removal.h"
#include "node/tend.h"
#include "peer/peer.h"
#include "store/attest.h"
#include "store/backup.h"
#include "store/netkey.h"
#include "vault/vault_rotate.h"

#define HOURS(n) ((n) * 3600000ll)
#define DAYS(n) ((n) * 24 * HOURS(1))

static void
later(int64_t ms)
{
	nodes_clock_ms += ms;
}

/* As many days of ordinary life: a clock that jumps so far at once would not be believed. */
static void
live(struct nodes *o, int days)
{
	for (int day = 0; day < days; day++) {
		later(DAYS(1));
		for (size_t i = 0; i < o->count; i++) {
			SITE_OK(replica_live_on(node_replica(o->node[i]), err));
			SITE_OK(node_commit(o->node[i], err));
		}
	}
}

static struct node_tended
tend(struct node *n)
{
	struct node_tended t;

	SITE_OK(node_tend(n, &t, err));
	return t;
}

/* Everybody meets everybody through the first, so often that what was written on the way has come round too. */
static void
gather(struct nodes *o)
{
	for (int round = 0; round < 3; round++)
		for (size_t i = 1; i < o->count; i++)
			nodes_meet(o->first, o->node[i]);
}

static void
all_tend(struct nodes *o)
{
	for (size_t i = 0; i < o->count; i++)
		(void)tend(o->node[i]);
	gather(o);
}

static struct device_id
id_of(struct node *n)
{
	return node_self(n)->id;
}

/* Opened without its snapshot: everything is read from the log again. */
static struct node *
nodes_reopen_cold(struct nodes *o, struct node *n)
{
	struct node_secret secret = nodes_secret();
	size_t i = 0;

	while (o->node[i] != n)
		i++;
	node_close(n);
	SITE_OK(node_open_cold(&o->node[i], o->env, o->home[i], &secret, err));
	return o->node[i];
}

/* A GRANT without the key that node_grant() gives with it, as by a coordinator who does not read the team. */
static void
grant_alone(struct nodes *o, const struct device_id *dev)
{
	struct control_op op = { .kind = KIND_GRANT, .u.grant = { .dev = *dev, .role = ROLE_ADVISOR, .has_team = true, .team = o->team, .rank = RANK_NONE } };

	SITE_OK(node_append_control(o->first, &op, err));
	SITE_OK(node_commit(o->first, err));
}

/* ---- attesting ---- */

static void
a_device_attests_at_most_once_an_hour_and_only_for_news(void **state)
{
	struct nodes o;
	struct node *bo;
	struct record_id id;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	assert_true(tend(bo).attested);
	id = nodes_id(&o);
	nodes_put(&o, bo, &id, "title", "Hyra", NULL);
	assert_false(tend(bo).attested);
	later(HOURS(1));
	assert_true(tend(bo).attested);
	later(HOURS(2));
	assert_false(tend(bo).attested); /* its own ATTEST is no news */
	gather(&o);
	later(DAYS(1));
	assert_true(tend(o.first).attested);
	later(DAYS(1));
	assert_false(tend(o.first).attested);
	later(DAYS(7));
	assert_true(tend(o.first).attested); /* a coordinator vouches for the membership, whatever happens */
	later(DAYS(7));
	nodes_copy(o.first, bo); /* two ATTESTs of the coordinator are no news either */
	(void)tend(bo);
	later(DAYS(1));
	assert_false(tend(bo).attested);
	nodes_end(&o);
}

static void
an_attestation_proves_custody_to_whoever_hears_of_it(void **state)
{
	struct nodes o;
	struct node *bo, *cia;
	struct node_custody k;
	struct record_id id;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	cia = nodes_join(&o, "cia", true);
	gather(&o);
	id = nodes_id(&o);
	nodes_put(&o, bo, &id, "title", "Hyra", NULL);
	node_custody(bo, &k);
	assert_int_equal(k.elsewhere, 0);
	nodes_copy(bo, cia); /* runs in one direction: no ACK is made */
	later(HOURS(2));
	assert_true(tend(cia).attested);
	nodes_copy(cia, o.first);
	nodes_copy(o.first, bo); /* Bo hears it from a third */
	node_custody(bo, &k);
	assert_int_equal(k.elsewhere, k.entries);
	assert_int_equal(k.only_here, 0);
	nodes_end(&o);
}

static void
the_view_of_the_membership_is_as_old_as_a_coordinators_word(void **state)
{
	struct nodes o;
	struct node *bo;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	assert_int_equal(node_membership_days(bo), -1);
	(void)tend(o.first);
	nodes_copy(o.first, bo);
	assert_int_equal(node_membership_days(bo), 0);
	later(DAYS(20));
	(void)tend(bo); /* an adviser's own word says nothing about it */
	assert_int_equal(node_membership_days(bo), 20);
	assert_int_equal(node_membership_days(o.first), 0);
	nodes_end(&o);
}

/* ---- crypto-shredding ---- */

struct thief { struct node *n; struct epoch_id epoch; struct stream_id stream; bool opened; };

static void
try_keys(struct thief *t, const uint8_t commit[32], const uint8_t epk[32], const uint8_t sealed[SEALED_KEY_BYTES])
{
	const struct keystore *ks = node_keystore(t->n);
	const struct seal_context c = { .org = org_id(node_org(t->n)), .stream = &t->stream, .commit = commit };
	uint8_t e[32], is[32];

	for (size_t i = 0; i < ks->seal_count; i++) {
		if (!seal_open(e, sealed, &c, epk, ks->seal[i].pk, ks->seal[i].sk))
			continue;
		HC(is, 32, BYTES(e, 32), "fb1/epoch/commit", BYTES_OF(t->stream));
		t->opened = t->opened || memcmp(is, commit, 32) == 0;
	}
}

static bool
steal_epoch(void *ctx, const struct entry *e)
{
	struct thief *t = ctx;
	struct rd r = rd_init(e->payload);
	uint8_t commit[32], epk[32], sealed[SEALED_KEY_BYTES];
	struct epoch_id parent, id;
	struct device_id dev;
	size_t count;

	if (e->h.kind == KIND_EPOCH && memcmp(e->id.b, t->epoch.b, 16) == 0) {
		rd_array(&r, 7);
		(void)rd_uint(&r, UINT32_MAX);
		if (!rd_nil(&r))
			RD_FIXED(&r, parent);
		(void)rd_uint(&r, 255);
		rd_bin(&r, commit, 32);
		rd_bin(&r, epk, 32);
		count = rd_array_any(&r, 512);
		for (size_t i = 0; i < count && !r.bad; i++) {
			rd_array(&r, 3);
			RD_FIXED(&r, dev);
			(void)rd_uint(&r, UINT32_MAX);
			rd_bin(&r, sealed, sizeof(sealed));
			try_keys(t, commit, epk, sealed);
		}
	} else if (e->h.kind == KIND_KEYGRANT) {
		rd_array(&r, 4);
		RD_FIXED(&r, dev);
		(void)rd_uint(&r, UINT32_MAX);
		rd_bin(&r, epk, 32);
		count = rd_array_any(&r, 256);
		for (size_t i = 0; i < count && !r.bad; i++) {
			rd_array(&r, 3);
			RD_FIXED(&r, id);
			rd_bin(&r, commit, 32);
			rd_bin(&r, sealed, sizeof(sealed));
			if (SAME(id, t->epoch))
				try_keys(t, commit, epk, sealed);
		}
	}
	return true;
}

/* With everything in this device's keystore and everything in its log: does the epoch's key come out? */
static bool
comes_out(struct node *n, const struct stream_id *stream, const struct epoch_id *epoch)
{
	struct thief t = { .n = n, .epoch = *epoch, .stream = *stream };
	const struct epoch_secret *s = keystore_epoch(node_keystore(n), epoch);
	static const uint8_t nothing[32];

	for (size_t i = 0; i < replica_log_count(node_replica(n)); i++)
		SITE_OK(replica_scan(node_replica(n), i, 0, replica_log_at(node_replica(n), i)->len, false, steal_epoch, &t, err));
	return t.opened || (s != NULL && memcmp(s->e, nothing, 32) != 0);
}

static void
after_an_erasure_no_key_that_is_left_opens_the_old_epoch(void **state)
{
	struct nodes o;
	struct node *bo, *cia;
	struct record_id gone, kept;
	struct node_order order;
	struct epoch_id old, now;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	cia = nodes_join(&o, "cia", true);
	gather(&o);
	gone = nodes_id(&o);
	kept = nodes_id(&o);
	nodes_put(&o, bo, &gone, "title", "Hotad", "skriver om sin bror");
	nodes_put(&o, cia, &kept, "title", "Hyra", "en annan sak");
	gather(&o);
	assert_true(vault_preferred(bo->vault, &o.team, &old));
	for (size_t i = 0; i < o.count; i++)
		assert_true(comes_out(o.node[i], &o.team, &old)); /* the thief is no fool */
	SITE_OK(node_order_erasure(bo, &gone, "bad om det", &order, err));
	SITE_OK(node_commit(bo, err));
	gather(&o);
	SITE_OK(node_approve_erasure(o.first, &order.id, err));
	SITE_OK(node_commit(o.first, err));
	gather(&o);
	for (int round = 0; round < 6; round++) {
		later(HOURS(2));
		all_tend(&o);
	}
	assert_true(vault_preferred(bo->vault, &o.team, &now));
	assert_false(SAME(now, old));
	for (size_t i = 0; i < o.count; i++) {
		assert_false(comes_out(o.node[i], &o.team, &old));
		assert_true(comes_out(o.node[i], &o.team, &now));
		assert_string_equal(nodes_read(o.node[i], &kept, "title", NULL), "Hyra");
	}
	bo = nodes_reopen_cold(&o, bo); /* what is kept opens by the tables alone */
	assert_string_equal(nodes_read(bo, &kept, "title", NULL), "Hyra");
	assert_string_equal(nodes_read(bo, &gone, "title", NULL), "");
	assert_false(comes_out(bo, &o.team, &old));
	nodes_same_state(bo, o.first);
	nodes_end(&o);
}

/* The epoch under which a table announced a key of the case brings it as well as the one that it was born under. */
static void
after_an_erasure_no_key_that_is_left_opens_a_table_with_the_case(void **state)
{
	struct nodes o;
	struct node *bo, *dag;
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct record_id gone, kept;
	struct node_order order;
	struct device_id id;
	struct epoch_id told;

	(void)state;
	assert_non_null(r);
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	dag = nodes_join(&o, "dag", true);
	gather(&o);
	gone = nodes_id(&o);
	kept = nodes_id(&o);
	nodes_put(&o, bo, &gone, "title", "Hotad", NULL);
	gather(&o);
	id = id_of(dag);
	SITE_OK(node_revoke(o.first, &id, NULL, r, err));
	SITE_OK(node_commit(o.first, err));
	nodes_put(&o, o.first, &kept, "title", "Hyra", NULL);
	assert_true(vault_preferred(o.first->vault, &o.team, &told));
	nodes_meet(o.first, bo);
	SITE_OK(node_order_erasure(bo, &gone, "bad om det", &order, err));
	SITE_OK(node_commit(bo, err));
	nodes_meet(o.first, bo);
	SITE_OK(node_approve_erasure(o.first, &order.id, err));
	SITE_OK(node_commit(o.first, err));
	for (int round = 0; round < 6; round++) {
		nodes_meet(o.first, bo);
		later(HOURS(2));
		(void)tend(o.first);
		(void)tend(bo);
	}
	assert_false(comes_out(bo, &o.team, &told) || comes_out(o.first, &o.team, &told));
	assert_string_equal(nodes_read(bo, &kept, "title", NULL), "Hyra");
	mem_free(r);
	nodes_end(&o);
}

static void
an_old_epoch_is_kept_while_a_reader_is_away_and_deleted_after_sixty_days(void **state)
{
	struct nodes o;
	struct node *bo, *cia, *dag;
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct device_id dag_id;
	struct record_id before, meanwhile;
	struct epoch_id old;

	(void)state;
	assert_non_null(r);
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	cia = nodes_join(&o, "cia", true);
	dag = nodes_join(&o, "dag", true);
	gather(&o);
	before = nodes_id(&o);
	meanwhile = nodes_id(&o);
	nodes_put(&o, bo, &before, "title", "Hyra", NULL);
	gather(&o);
	assert_true(vault_preferred(bo->vault, &o.team, &old));
	dag_id = id_of(dag);
	SITE_OK(node_revoke(o.first, &dag_id, NULL, r, err));
	SITE_OK(node_commit(o.first, err));
	nodes_meet(o.first, bo); /* Cia is away, and writes under the old epoch */
	nodes_put(&o, cia, &meanwhile, "title", "Lån", NULL);
	nodes_put(&o, bo, &before, "status", "closed", NULL);
	for (int round = 0; round < 4; round++) {
		later(HOURS(2));
		(void)tend(bo);
		(void)tend(o.first);
		nodes_meet(o.first, bo);
	}
	assert_true(comes_out(bo, &o.team, &old));
	live(&o, 61);
	assert_int_equal(tend(bo).epochs_deleted > 0, 1);
	(void)tend(o.first);
	assert_false(keystore_epoch(node_keystore(bo), &old) == NULL);
	/* Cia comes back: what she wrote can be read once she has announced its key again. */
	nodes_meet(bo, cia);
	assert_string_equal(nodes_read(bo, &meanwhile, "title", NULL), "");
	assert_true(node_waiting_keys(bo) > 0);
	(void)tend(cia);
	nodes_meet(bo, cia);
	assert_string_equal(nodes_read(bo, &meanwhile, "title", NULL), "Lån");
	assert_int_equal(node_waiting_keys(bo), 0);
	mem_free(r);
	nodes_end(&o);
}

/* ---- seal keys ---- */

static void
a_seal_key_is_replaced_monthly_and_the_old_one_goes_when_all_know(void **state)
{
	struct nodes o;
	struct node *bo;
	struct node_tended t;
	uint8_t first[32];

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	gather(&o);
	all_tend(&o);
	memcpy(first, node_keystore(bo)->seal[0].pk, 32);
	assert_false(tend(bo).new_seal_key);
	live(&o, 31);
	assert_true(tend(bo).new_seal_key);
	assert_int_equal(node_keystore(bo)->seal_count, 2);
	assert_memory_not_equal(node_self(bo)->seal_pk, first, 32);
	assert_memory_equal(node_self(bo)->seal_pk, node_keystore(bo)->seal[0].pk, 32);
	t = tend(bo);
	assert_false(t.new_seal_key || t.seal_keys_deleted > 0); /* the coordinator has not heard */
	gather(&o);
	later(HOURS(2));
	all_tend(&o);
	later(HOURS(2));
	all_tend(&o);
	assert_int_equal(node_keystore(bo)->seal_count, 1);
	bo = nodes_reopen(&o, bo);
	assert_int_equal(node_keystore(bo)->seal_count, 1);
	assert_memory_equal(node_self(bo)->seal_pk, node_keystore(bo)->seal[0].pk, 32);
	nodes_end(&o);
}

/*
 * She wrote under a key that she alone still announced, one colleague heard of it, and then she was removed by somebody who had
 * not. Her table counts no more; what she wrote before does, and until somebody writes nothing else says the key.
 */
static void
a_key_told_by_a_removed_colleague_alone_outlives_a_power_cut(void **state)
{
	struct nodes o;
	struct node *bo, *cia, *dag;
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct record_id meanwhile, after;
	struct device_id id;
	struct epoch_id old;

	(void)state;
	assert_non_null(r);
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	cia = nodes_join(&o, "cia", true);
	dag = nodes_join(&o, "dag", true);
	gather(&o);
	meanwhile = nodes_id(&o);
	after = nodes_id(&o);
	nodes_put(&o, bo, &after, "title", "Hyra", NULL);
	gather(&o);
	assert_true(vault_preferred(bo->vault, &o.team, &old));
	id = id_of(dag);
	SITE_OK(node_revoke(o.first, &id, NULL, r, err));
	SITE_OK(node_commit(o.first, err));
	nodes_meet(o.first, bo);
	nodes_put(&o, cia, &meanwhile, "title", "Lån", NULL);
	nodes_put(&o, bo, &after, "status", "closed", NULL);
	nodes_meet(o.first, bo);
	live(&o, 61);
	(void)tend(bo);
	(void)tend(o.first);
	live(&o, 61);
	(void)tend(bo);
	(void)tend(o.first);
	assert_false(comes_out(bo, &o.team, &old) || comes_out(o.first, &o.team, &old));
	nodes_meet(bo, cia);
	nodes_meet(bo, o.first);
	(void)tend(cia);
	nodes_copy(cia, bo);
	assert_string_equal(nodes_read(bo, &meanwhile, "title", NULL), "Lån");
	assert_string_equal(nodes_read(o.first, &meanwhile, "title", NULL), "");
	id = id_of(cia);
	SITE_OK(node_revoke(o.first, &id, NULL, r, err));
	SITE_OK(node_commit(o.first, err));
	nodes_copy(o.first, bo);
	assert_string_equal(nodes_read(bo, &meanwhile, "title", NULL), "Lån");
	bo = nodes_reopen_cold(&o, bo);
	assert_string_equal(nodes_read(bo, &meanwhile, "title", NULL), "Lån");
	nodes_put(&o, bo, &after, "title", "Hyran", NULL); /* under a new epoch, with its tables */
	nodes_copy(bo, o.first);
	assert_string_equal(nodes_read(o.first, &meanwhile, "title", NULL), "Lån");
	nodes_same_state(bo, o.first);
	mem_free(r);
	nodes_end(&o);
}

/* ---- network keys ---- */

static bool
can_link(struct node *a, struct node *b) /* a dials b */
{
	for (size_t i = 0; i < node_keystore(a)->network_count; i++)
		for (size_t k = 0; k < node_keystore(b)->network_count; k++)
			if (memcmp(node_keystore(a)->network[i].n, node_keystore(b)->network[k].n, 32) == 0)
				return true;
	return false;
}

static void
a_removed_device_has_no_network_key_left_when_the_grace_is_over(void **state)
{
	struct nodes o;
	struct node *bo, *cia;
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct buf bundle = BUF_INIT;
	struct bundle_counts k;
	struct device_id dev;
	uint64_t entries;

	(void)state;
	assert_non_null(r);
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	cia = nodes_join(&o, "cia", true);
	gather(&o);
	all_tend(&o);
	dev = id_of(bo);
	SITE_OK(node_revoke(o.first, &dev, NULL, r, err));
	SITE_OK(node_commit(o.first, err));
	assert_int_equal(r->network_key, 1);
	assert_int_equal(node_keystore(o.first)->network_count, 2);
	/* A clock that is years ahead for a while takes no key away that Cia is still met by. */
	later(DAYS(400));
	(void)tend(o.first);
	assert_int_equal(node_keystore(o.first)->network_count, 2);
	later(-DAYS(400));
	/* Cia has heard of nothing: a stick from the coordinator still opens for her, and brings the new key. */
	SITE_OK(bundle_write(node_peer_host(o.first), NULL, &bundle, &entries, err));
	SITE_OK(bundle_read(node_peer_host(cia), buf_bytes(&bundle), false, &k, err));
	SITE_OK(node_commit(cia, err));
	assert_memory_equal(node_keystore(cia)->network[0].n, node_keystore(o.first)->network[0].n, 32);
	nodes_copy(o.first, bo);
	assert_int_equal(node_keystore(bo)->network_count, 1); /* it is not sealed to him */
	assert_true(can_link(bo, cia));                        /* so that he can still be told */
	/* Once all have heard, what is put on a stick is nothing he can open. */
	later(HOURS(2));
	(void)tend(cia);
	nodes_copy(cia, o.first);
	buf_clear(&bundle);
	SITE_OK(bundle_write(node_peer_host(o.first), NULL, &bundle, &entries, err));
	assert_int_equal(bundle_read(node_peer_host(bo), buf_bytes(&bundle), true, &k, NULL), ERR_KEY);
	live(&o, 181);
	(void)tend(o.first);
	(void)tend(cia);
	assert_int_equal(node_keystore(o.first)->network_count, 1);
	assert_true(can_link(o.first, cia));
	assert_false(can_link(bo, o.first) || can_link(bo, cia));
	cia = nodes_reopen(&o, cia); /* and the log does not bring it back */
	(void)tend(cia);
	assert_int_equal(node_keystore(cia)->network_count, 1);
	buf_free(&bundle);
	mem_free(r);
	nodes_end(&o);
}

/*
 * Anna removes Bo and is alone: with the old key he shakes hands with her for years, since nobody else could be met by it or
 * the new one. What he is told there is that he was removed. The first newcomer ends it, though she joins years later.
 */
static void
an_old_network_key_links_to_who_is_alone_until_somebody_joins(void **state)
{
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct device_id dev;
	struct nodes o;
	struct node *bo, *cia;

	(void)state;
	assert_non_null(r);
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	gather(&o);
	all_tend(&o);
	dev = id_of(bo);
	SITE_OK(node_revoke(o.first, &dev, NULL, r, err));
	SITE_OK(node_commit(o.first, err));
	for (int day = 0; day < 400; day++) { /* in which nothing is saved */
		later(DAYS(1));
		SITE_OK(replica_live_on(node_replica(o.first), err));
	}
	assert_int_equal(peer_host_links(node_peer_host(o.first)), 2);
	assert_true(can_link(bo, o.first));
	cia = nodes_join(&o, "cia", true);
	assert_int_equal(peer_host_links(node_peer_host(o.first)), 1);
	assert_int_equal(peer_host_links(node_peer_host(cia)), 1);
	assert_true(can_link(cia, o.first));
	mem_free(r);
	nodes_end(&o);
}

/* The same when she works on, and her keys are tended day by day. */
static void
who_is_alone_keeps_the_old_network_key_until_somebody_joins(void **state)
{
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct device_id dev;
	struct nodes o;
	struct node *bo, *cia;

	(void)state;
	assert_non_null(r);
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	gather(&o);
	all_tend(&o);
	dev = id_of(bo);
	SITE_OK(node_revoke(o.first, &dev, NULL, r, err));
	SITE_OK(node_commit(o.first, err));
	live(&o, 400);
	(void)tend(o.first);
	assert_int_equal(node_keystore(o.first)->network_count, 2);
	assert_int_equal(peer_host_links(node_peer_host(o.first)), 2);
	assert_true(can_link(bo, o.first));
	cia = nodes_join(&o, "cia", true);
	assert_int_equal(peer_host_links(node_peer_host(o.first)), 1);
	nodes_copy(o.first, cia);
	later(HOURS(2));
	(void)tend(cia);
	nodes_copy(cia, o.first); /* and so it is known that she has it */
	(void)tend(o.first);
	assert_int_equal(node_keystore(o.first)->network_count, 1);
	assert_true(can_link(cia, o.first));
	assert_false(can_link(bo, o.first));
	mem_free(r);
	nodes_end(&o);
}

/* Cia is silent for years. Bo, removed, holds the key that she last heard of: it opens no link for him for all that time. */
static void
an_old_network_key_links_for_a_year_and_opens_sticks_for_as_long_as_somebody_is_silent(void **state)
{
	struct nodes o;
	struct node *bo, *cia, *dan, *eva;
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct buf stick = BUF_INIT;
	struct bundle_counts k;
	struct device_id dev;
	struct record_id id;
	uint64_t entries;

	(void)state;
	assert_non_null(r);
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	cia = nodes_join(&o, "cia", true);
	gather(&o);
	all_tend(&o);
	dev = id_of(bo);
	SITE_OK(node_revoke(o.first, &dev, NULL, r, err));
	SITE_OK(node_commit(o.first, err));
	assert_int_equal(peer_host_links(node_peer_host(o.first)), 2);
	/* Who joins meanwhile meets Cia too, and hands the old key on to nobody. */
	dan = nodes_join_as(&o, "dan", ROLE_COORDINATOR, true);
	assert_int_equal(peer_host_links(node_peer_host(dan)), 2);
	assert_int_equal(netkey_handed_on(node_keystore(dan)->network, node_keystore(dan)->network_count, node_env(dan)->ops->wall_ms(node_env(dan))), 1);
	live(&o, 190);
	eva = nodes_join(&o, "eva", true);
	assert_int_equal(node_keystore(eva)->network_count, 1);
	assert_int_equal(peer_host_links(node_peer_host(dan)), 2);
	/* A clock that jumps ahead takes nothing away, nor from who joins under it. */
	later(DAYS(3650));
	live(&o, 1);
	assert_int_equal(peer_host_links(node_peer_host(dan)), 2);
	assert_int_equal(peer_host_links(node_peer_host(o.first)), 2);
	later(-DAYS(3650));
	live(&o, 1);
	live(&o, 171);
	assert_int_equal(peer_host_links(node_peer_host(dan)), 1);
	(void)tend(o.first);
	assert_int_equal(node_keystore(o.first)->network_count, 2);
	assert_int_equal(peer_host_links(node_peer_host(o.first)), 1);
	/* What Cia wrote alone comes home by stick, and a stick tells her. */
	id = nodes_id(&o);
	nodes_put(&o, cia, &id, "title", "Ensam", NULL);
	SITE_OK(bundle_write(node_peer_host(cia), NULL, &stick, &entries, err));
	SITE_OK(bundle_read(node_peer_host(o.first), buf_bytes(&stick), false, &k, err));
	SITE_OK(node_commit(o.first, err));
	assert_string_equal(nodes_read(o.first, &id, "title", NULL), "Ensam");
	buf_clear(&stick);
	dev = id_of(cia);
	SITE_OK(bundle_write(node_peer_host(o.first), org_device_by_id(node_org(o.first), &dev), &stick, &entries, err));
	SITE_OK(bundle_read(node_peer_host(cia), buf_bytes(&stick), false, &k, err));
	SITE_OK(node_commit(cia, err));
	assert_memory_equal(node_keystore(cia)->network[0].n, node_keystore(o.first)->network[0].n, 32);
	buf_free(&stick);
	mem_free(r);
	nodes_end(&o);
}

/*
 * Two coordinators remove somebody while apart, and each makes a network key. Which is the newer one is told by
 * their ids; a stick is sealed under the one that all are known to have heard of, and that may be the other.
 */
static void
of_two_network_keys_made_apart_everybody_takes_both(void **state)
{
	struct nodes o;
	struct node *kim, *bo, *dan, *eli;
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct device_id dev;

	(void)state;
	assert_non_null(r);
	nodes_start(&o);
	kim = nodes_join_as(&o, "kim", ROLE_COORDINATOR, true);
	bo = nodes_join(&o, "bo", true);
	dan = nodes_join(&o, "dan", true);
	eli = nodes_join(&o, "eli", true);
	gather(&o);
	all_tend(&o);
	dev = id_of(dan);
	SITE_OK(node_revoke(o.first, &dev, NULL, r, err));
	SITE_OK(node_commit(o.first, err));
	dev = id_of(eli);
	SITE_OK(node_revoke(kim, &dev, NULL, r, err));
	SITE_OK(node_commit(kim, err));
	nodes_copy(o.first, bo); /* one way each: who hears of the newer key first still needs the other */
	nodes_copy(kim, bo);
	nodes_copy(bo, kim);
	nodes_copy(bo, o.first);
	assert_int_equal(node_keystore(bo)->network_count, 3);
	assert_int_equal(node_keystore(kim)->network_count, 3);
	assert_int_equal(node_keystore(o.first)->network_count, 3);
	assert_memory_equal(node_keystore(kim)->network[0].n, node_keystore(o.first)->network[0].n, 32);
	assert_memory_equal(node_keystore(kim)->network[0].n, node_keystore(bo)->network[0].n, 32);
	for (int turn = 0; turn < 2; turn++) {
		later(HOURS(2));
		all_tend(&o);
	}
	live(&o, 181);
	(void)tend(o.first);
	assert_int_equal(node_keystore(o.first)->network_count, 1);
	o.first = nodes_reopen(&o, o.first);
	(void)tend(o.first);
	assert_int_equal(node_keystore(o.first)->network_count, 1);
	mem_free(r);
	nodes_end(&o);
}

static void
carry_stick(struct node *from, struct node *to)
{
	struct bundle_counts k;
	struct buf stick = BUF_INIT;
	uint64_t entries;

	SITE_OK(bundle_write(node_peer_host(from), NULL, &stick, &entries, err));
	SITE_OK(bundle_read(node_peer_host(to), buf_bytes(&stick), false, &k, err));
	SITE_OK(node_commit(to, err));
	buf_free(&stick);
}

/* Kim admits Cia while the first coordinator removes Bo: Cia's welcome has the old key, and no row of the new one is hers. */
static void
who_is_admitted_while_somebody_is_removed_gets_every_network_key_it_needs(void **state)
{
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct device_id dev;
	struct nodes o;
	struct node *kim, *bo, *cia, *first;

	(void)state;
	assert_non_null(r);
	nodes_start(&o);
	kim = nodes_join_as(&o, "kim", ROLE_COORDINATOR, true);
	bo = nodes_join(&o, "bo", true);
	gather(&o);
	all_tend(&o);
	dev = id_of(bo);
	SITE_OK(node_revoke(o.first, &dev, NULL, r, err));
	SITE_OK(node_commit(o.first, err));
	first = o.first;
	o.first = kim;
	cia = nodes_join(&o, "cia", true);
	o.first = first;
	assert_int_equal(node_keystore(cia)->network_count, 1);
	assert_true(can_link(cia, kim) && can_link(cia, first));
	/* Who has heard of both makes a key that is hers as well; until she has it every stick and link is good for her. */
	nodes_meet(first, kim);
	carry_stick(kim, cia);
	later(HOURS(2));
	(void)tend(first);
	(void)tend(kim);
	nodes_meet(first, kim);
	assert_true(can_link(cia, kim) && can_link(cia, first));
	carry_stick(first, cia);
	assert_memory_equal(node_keystore(cia)->network[0].n, node_keystore(first)->network[0].n, 32);
	for (int turn = 0; turn < 3; turn++) {
		nodes_meet(first, kim);
		nodes_meet(first, cia);
		nodes_meet(kim, cia);
		later(HOURS(2));
		(void)tend(first);
		(void)tend(kim);
		(void)tend(cia);
	}
	carry_stick(cia, first);
	carry_stick(kim, cia);
	live(&o, 181);
	(void)tend(first);
	(void)tend(kim);
	(void)tend(cia);
	assert_true(can_link(cia, kim) && can_link(cia, first) && can_link(first, kim));
	assert_false(can_link(bo, cia) || can_link(bo, first) || can_link(bo, kim));
	carry_stick(first, cia);
	mem_free(r);
	nodes_end(&o);
}

/* ---- keys by hand ---- */

static void
keys_of_a_team_kept_by_hand_wait_for_a_yes(void **state)
{
	struct nodes o;
	struct node *bo, *cia;
	struct node_key_wait w;
	struct device_id cia_id;
	struct record_id id;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	cia = nodes_join(&o, "cia", false);
	SITE_OK(node_set_team_by_hand(o.first, &o.team, true, err));
	SITE_OK(node_commit(o.first, err));
	gather(&o);
	id = nodes_id(&o);
	nodes_put(&o, bo, &id, "title", "Hyra", NULL); /* an epoch that the coordinator's grant will not find */
	(void)tend(o.first);
	cia_id = id_of(cia);
	nodes_copy(o.first, bo);
	/* The grant comes without its key, as from a coordinator who does not read the team. */
	grant_alone(&o, &cia_id);
	nodes_copy(o.first, bo);
	assert_int_equal(tend(bo).keys_given, 0);
	assert_int_equal(node_keys_waiting(bo, &w, 1), 1);
	assert_int_equal(w.why, KEY_BY_HAND);
	assert_true(SAME(w.dev, cia_id) && SAME(w.stream, o.team));
	SITE_OK(node_answer_key(bo, &w, false, err));
	SITE_OK(node_commit(bo, err));
	assert_int_equal(node_keys_waiting(bo, &w, 1), 1);
	assert_true(w.refused);
	assert_int_equal(node_set_team_by_hand(bo, &o.team, false, NULL), ERR_REFUSED);
	SITE_OK(node_answer_key(bo, &w, true, err)); /* one may think better of it */
	SITE_OK(node_commit(bo, err));
	assert_int_equal(node_keys_waiting(bo, &w, 1), 0);
	nodes_copy(bo, o.first);
	nodes_copy(o.first, cia);
	assert_string_equal(nodes_read(cia, &id, "title", NULL), "Hyra");
	nodes_end(&o);
}

static void
keys_are_not_given_on_an_old_view_of_the_membership(void **state)
{
	struct nodes o;
	struct node *bo, *cia;
	struct node_key_wait w;
	struct device_id cia_id;
	struct record_id id;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	cia = nodes_join(&o, "cia", false);
	gather(&o);
	id = nodes_id(&o);
	nodes_put(&o, bo, &id, "title", "Hyra", NULL);
	(void)tend(o.first);
	cia_id = id_of(cia);
	grant_alone(&o, &cia_id);
	nodes_copy(o.first, bo);
	later(DAYS(8));
	assert_int_equal(tend(bo).keys_given, 0);
	assert_int_equal(node_keys_waiting(bo, &w, 1), 1);
	assert_int_equal(w.why, KEY_STALE);
	(void)tend(o.first);
	nodes_copy(o.first, bo); /* a coordinator's fresh word */
	assert_int_equal(node_keys_waiting(bo, &w, 1), 0);
	(void)tend(bo);
	nodes_copy(bo, cia);
	assert_string_equal(nodes_read(cia, &id, "title", NULL), "Hyra");
	nodes_end(&o);
}

/* ---- backups ---- */

static struct node *
restored(struct nodes *o, const char *file)
{
	struct node_secret secret = nodes_secret();
	size_t i = o->count++;

	snprintf(o->home[i], sizeof(o->home[i]), "%s/restored", o->site.dir);
	assert_int_equal(home_restore(o->env, o->home[i], file, BYTES_STR("fel ord"), NULL), ERR_PASSPHRASE);
	SITE_OK(home_restore(o->env, o->home[i], file, secret.secret, err));
	assert_int_equal(home_restore(o->env, o->home[i], file, secret.secret, NULL), ERR_EXISTS);
	return nodes_open(o, i);
}

static void
a_backup_makes_a_home_that_forks_nothing_and_loses_nothing(void **state)
{
	struct nodes o;
	struct node *bo, *again;
	struct node_copies c;
	struct record_id early, late, mine;
	char file[160];

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	gather(&o);
	early = nodes_id(&o), late = nodes_id(&o), mine = nodes_id(&o);
	nodes_put(&o, bo, &early, "title", "Hyra", NULL);
	snprintf(file, sizeof(file), "%s/bo.backup", o.site.dir);
	SITE_OK(node_backup(bo, file, err));
	assert_int_equal(node_backup(bo, file, NULL), ERR_EXISTS);
	nodes_put(&o, bo, &late, "title", "Lån", NULL);
	nodes_meet(o.first, bo);
	again = restored(&o, file);
	assert_int_equal(node_copies(again, &c, 1), 0);
	assert_string_equal(nodes_read(again, &early, "title", NULL), "Hyra");
	assert_string_equal(nodes_read(again, &late, "title", NULL), "");
	nodes_put(&o, again, &mine, "title", "Kopian", NULL);
	nodes_meet(o.first, again);
	nodes_meet(o.first, bo);
	nodes_meet(o.first, again);
	for (size_t i = 0; i < o.count; i++) {
		assert_string_equal(nodes_read(o.node[i], &late, "title", NULL), "Lån");
		assert_string_equal(nodes_read(o.node[i], &mine, "title", NULL), "Kopian");
		assert_int_equal(node_copies(o.node[i], &c, 1), 1); /* and everybody is told */
		assert_true(SAME(c.dev, id_of(bo)));
		for (size_t l = 0; l < replica_log_count(node_replica(o.node[i])); l++)
			assert_false(replica_log_at(node_replica(o.node[i]), l)->key.is_branch);
	}
	nodes_same_state(again, bo);
	/* The original writes no more, and the restored home has heard all of it: it attests so. */
	later(HOURS(2));
	nodes_put(&o, again, &mine, "title", "Ensam", NULL);
	for (size_t round = 0; round < 2; round++) {
		SITE_OK(node_tend(again, NULL, err));
		nodes_meet(o.first, again);
	}
	assert_int_equal(node_copies(again, &c, 1), 1); /* which ends nothing: they may write in turns */
	assert_int_equal(node_copies(o.first, &c, 1), 1);
	for (int day = 1; day <= 7; day++) {
		later(DAYS(1));
		nodes_put(&o, again, &mine, "title", day % 2 == 0 ? "Ensam" : "Alldeles ensam", NULL);
		SITE_OK(node_tend(again, NULL, err));
		nodes_meet(o.first, again);
		assert_int_equal(node_copies(o.first, &c, 1), day < 7);
	}
	assert_int_equal(node_copies(again, &c, 1), 0);
	nodes_put(&o, bo, &late, "title", "Ändå", NULL);
	nodes_meet(o.first, bo);
	assert_int_equal(node_copies(o.first, &c, 1), 1); /* it lives after all */
	nodes_end(&o);
}

static void
a_restored_device_whose_seal_key_had_moved_on_is_given_its_keys_again(void **state)
{
	struct nodes o;
	struct node *bo, *again;
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct node *dag;
	struct device_id dag_id;
	struct record_id id;
	char file[160];

	(void)state;
	assert_non_null(r);
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	dag = nodes_join(&o, "dag", true);
	gather(&o);
	all_tend(&o);
	snprintf(file, sizeof(file), "%s/bo.backup", o.site.dir);
	SITE_OK(node_backup(bo, file, err));
	live(&o, 31);
	all_tend(&o);
	later(HOURS(2));
	all_tend(&o);
	dag_id = id_of(dag);
	SITE_OK(node_revoke(o.first, &dag_id, NULL, r, err));
	SITE_OK(node_commit(o.first, err));
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "Efter", NULL); /* under an epoch sealed to a key that the backup lacks */
	again = restored(&o, file);
	nodes_meet(o.first, again);
	assert_string_equal(nodes_read(again, &id, "title", NULL), "");
	assert_true(tend(again).new_seal_key);
	nodes_copy(again, o.first);
	assert_true(tend(o.first).keys_given > 0);
	nodes_copy(o.first, again);
	assert_string_equal(nodes_read(again, &id, "title", NULL), "Efter");
	mem_free(r);
	nodes_end(&o);
}

/* Before it has told another seal key: it makes an epoch of its own, which it could not open by the key that others seal to. */
static void
a_restored_device_whose_seal_key_had_moved_on_can_write_at_once(void **state)
{
	struct nodes o;
	struct node *bo, *again, *dag;
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct device_id dag_id;
	struct record_id id, hers;
	char file[160];

	(void)state;
	assert_non_null(r);
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	dag = nodes_join(&o, "dag", true);
	gather(&o);
	all_tend(&o);
	snprintf(file, sizeof(file), "%s/bo.backup", o.site.dir);
	SITE_OK(node_backup(bo, file, err));
	live(&o, 31);
	all_tend(&o);
	later(HOURS(2));
	all_tend(&o);
	live(&o, 1);
	all_tend(&o);
	assert_int_equal(node_keystore(bo)->seal_count, 1); /* and the one that the backup has is deleted */
	dag_id = id_of(dag);
	SITE_OK(node_revoke(o.first, &dag_id, NULL, r, err));
	SITE_OK(node_commit(o.first, err));
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "Efter", NULL);
	again = restored(&o, file);
	nodes_meet(o.first, again);
	hers = nodes_id(&o);
	nodes_put(&o, again, &hers, "title", "Genast", NULL);
	assert_string_equal(nodes_read(again, &hers, "title", NULL), "Genast");
	nodes_copy(again, o.first);
	assert_string_equal(nodes_read(o.first, &hers, "title", NULL), "Genast");
	/* The home that has the key that was told is given the epoch, as it was not by its maker. */
	nodes_copy(o.first, bo);
	assert_string_equal(nodes_read(bo, &hers, "title", NULL), "");
	assert_true(tend(o.first).keys_given > 0);
	nodes_copy(o.first, bo);
	assert_string_equal(nodes_read(bo, &hers, "title", NULL), "Genast");
	mem_free(r);
	nodes_end(&o);
}

static bool
count_kind(void *ctx, const struct entry *e)
{
	*(size_t *)ctx += e->h.kind == KIND_SEALKEY;
	return true;
}

static size_t
seal_keys_told_by(struct node *n, const struct author *who)
{
	struct replica *r = node_replica(n);
	size_t count = 0;

	for (size_t i = 0; i < replica_log_count(r); i++)
		if (SAME(replica_log_at(r, i)->key.author, *who))
			SITE_OK(replica_scan(r, i, 0, replica_log_at(r, i)->len, false, count_kind, &count, err));
	return count;
}

/* The alarm stands until one of them has ended; what each hears of the other calls up no more entries. */
static void
two_homes_of_one_device_are_an_alarm_every_day_and_write_no_keys_against_each_other(void **state)
{
	struct nodes o;
	struct node *bo, *again;
	struct node_copies c;
	struct record_id here, there;
	struct author who;
	size_t told = 0;
	char file[160];

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	gather(&o);
	all_tend(&o);
	snprintf(file, sizeof(file), "%s/bo.backup", o.site.dir);
	SITE_OK(node_backup(bo, file, err));
	live(&o, 31);
	all_tend(&o); /* Bo's seal key is a new one, which the backup lacks */
	again = restored(&o, file);
	who = node_keystore(bo)->device.sign_pk;
	here = nodes_id(&o), there = nodes_id(&o);
	for (int day = 0; day < 12; day++) {
		live(&o, 1);
		nodes_put(&o, bo, &here, "title", day % 2 == 0 ? "Hyra" : "Lån", NULL);
		nodes_put(&o, again, &there, "title", day % 2 == 0 ? "Kopian" : "Kopia", NULL);
		for (int round = 0; round < 2; round++) {
			all_tend(&o);
			gather(&o);
		}
		if (day > 0)
			for (size_t i = 0; i < o.count; i++)
				assert_int_equal(node_copies(o.node[i], &c, 1), 1);
		if (day == 2)
			told = seal_keys_told_by(o.first, &who);
	}
	assert_int_equal(seal_keys_told_by(o.first, &who), told);
	/* The original ends: the one that is left tells its key again, if others seal to the other's. */
	for (int day = 0; day < 9; day++) {
		live(&o, 1);
		nodes_put(&o, again, &there, "title", day % 2 == 0 ? "Ensam" : "Alldeles ensam", NULL);
		(void)tend(again);
		nodes_meet(o.first, again);
	}
	assert_int_equal(node_copies(o.first, &c, 1), 0);
	(void)tend(again);
	nodes_meet(o.first, again);
	assert_memory_equal(org_device_by_author(node_org(o.first), &who)->seal_pk, node_keystore(again)->seal[0].pk, 32);
	nodes_end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_homes_of_one_device_are_an_alarm_every_day_and_write_no_keys_against_each_other),
		cmocka_unit_test(a_device_attests_at_most_once_an_hour_and_only_for_news),
		cmocka_unit_test(an_attestation_proves_custody_to_whoever_hears_of_it),
		cmocka_unit_test(the_view_of_the_membership_is_as_old_as_a_coordinators_word),
		cmocka_unit_test(after_an_erasure_no_key_that_is_left_opens_the_old_epoch),
		cmocka_unit_test(after_an_erasure_no_key_that_is_left_opens_a_table_with_the_case),
		cmocka_unit_test(an_old_epoch_is_kept_while_a_reader_is_away_and_deleted_after_sixty_days),
		cmocka_unit_test(a_key_told_by_a_removed_colleague_alone_outlives_a_power_cut),
		cmocka_unit_test(a_seal_key_is_replaced_monthly_and_the_old_one_goes_when_all_know),
		cmocka_unit_test(a_removed_device_has_no_network_key_left_when_the_grace_is_over),
		cmocka_unit_test(of_two_network_keys_made_apart_everybody_takes_both),
		cmocka_unit_test(who_is_admitted_while_somebody_is_removed_gets_every_network_key_it_needs),
		cmocka_unit_test(who_is_alone_keeps_the_old_network_key_until_somebody_joins),
		cmocka_unit_test(an_old_network_key_links_to_who_is_alone_until_somebody_joins),
		cmocka_unit_test(an_old_network_key_links_for_a_year_and_opens_sticks_for_as_long_as_somebody_is_silent),
		cmocka_unit_test(keys_of_a_team_kept_by_hand_wait_for_a_yes),
		cmocka_unit_test(keys_are_not_given_on_an_old_view_of_the_membership),
		cmocka_unit_test(a_backup_makes_a_home_that_forks_nothing_and_loses_nothing),
		cmocka_unit_test(a_restored_device_whose_seal_key_had_moved_on_is_given_its_keys_again),
		cmocka_unit_test(a_restored_device_whose_seal_key_had_moved_on_can_write_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
