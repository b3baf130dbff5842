/*
 * A read of the store that fails, at every one of them in turn: what could
 * not be read is no answer. An erasure is carried out whole or not, nobody
 * signs for a count that was not had, and who may what does not change by it.
 */
#include "nodes.h"

#include "org/orders.h"
#include "store/db.h"

enum { UNREADABLE = 9001, READS_MAX = 4000 };

struct office {
	struct nodes o;
	struct node *anna, *bo;
	struct hash request;
	char hub[96];       /* a bare replica's home: it has the request, and not the approval */
	struct buf kept;    /* its log.db */
};

/* ---- an engine that fails to read once ---- */

static struct db_engine engine;
static long left = -1;

static int
step(struct stmt *s)
{
	if (left >= 0 && left-- == 0)
		return UNREADABLE;
	return db_sqlite.step(s);
}

static enum err_code
error(struct db *db, int rc, struct err *err)
{
	return rc == UNREADABLE ? err_set(err, ERR_IO, "the disk does not give it back") : db_sqlite.error(db, rc, err);
}

static enum err_code
prepare(struct db *db, const char *sql, enum db_use use, struct stmt **out, struct err *err)
{
	enum err_code rc = db_sqlite.prepare(db, sql, use, out, err);

	if (rc == ERR_OK)
		(*out)->engine = &engine;
	return rc;
}

/* ---- the office ---- */

static struct replica *
open_hub(struct office *f)
{
	struct replica *hub;
	char path[128];

	snprintf(path, sizeof(path), "%s/log.db", f->hub);
	SITE_OK(replica_open_in(&hub, f->o.env, &engine, path, f->hub, true, err));
	return hub;
}

static enum err_code
carry_log(struct replica *from, struct replica *to, size_t i, struct err *why)
{
	const struct log_head *l = replica_log_at(from, i);
	struct ingest_counts counts = { .stored = 0 };
	struct buf run = BUF_INIT;
	uint64_t at = 0;
	enum err_code rc = ERR_OK;
	size_t there;

	if (replica_log_find(to, &l->key, &there))
		at = replica_log_at(to, there)->len;
	while (at < l->len && rc == ERR_OK) {
		buf_clear(&run);
		SITE_OK(replica_read_run(from, i, at, l->len, false, 1 << 18, &run, &at, err));
		rc = site_ingest(to, buf_bytes(&run), &counts, why);
	}
	buf_free(&run);
	return rc;
}

/* All that the node has, control entries first. ERR_OK: it is said to be saved. */
static enum err_code
carry(struct node *n, struct replica *to, struct err *err)
{
	struct stream_id control = control_stream(org_id(node_org(n)));
	struct replica *from = node_replica(n);
	enum err_code rc = ERR_OK;

	for (int turn = 1; turn >= 0; turn--) {
		for (size_t i = 0; i < replica_log_count(from) && rc == ERR_OK; i++)
			if (SAME(replica_log_at(from, i)->key.stream, control) == (turn == 1))
				rc = carry_log(from, to, i, err);
		if (rc == ERR_OK)
			rc = replica_commit(to, err);
	}
	return rc;
}

static void
start(struct office *f)
{
	struct node_order order;
	struct record_id gone;
	struct replica *hub;
	char path[128];

	memset(f, 0, sizeof(*f));
	engine = db_sqlite;
	engine.prepare = prepare;
	engine.step = step;
	engine.error = error;
	left = -1;
	nodes_start(&f->o);
	f->anna = f->o.first;
	f->bo = nodes_join(&f->o, "bo", true);
	gone = nodes_id(&f->o);
	for (int i = 0; i < 6; i++)
		nodes_put(&f->o, f->anna, &gone, "status", i % 2 ? "open" : "closed", "Hotad av sin bror");
	nodes_put(&f->o, f->anna, &(struct record_id){ { 9 } }, "status", "open", "En annan"); /* the log goes on behind what will be erased */
	nodes_meet(f->anna, f->bo);
	SITE_OK(node_order_erasure(f->bo, &gone, "visitor asked", &order, err));
	SITE_OK(node_commit(f->bo, err));
	f->request = order.id;
	nodes_copy(f->bo, f->anna);
	snprintf(f->hub, sizeof(f->hub), "%s/hub", f->o.site.dir);
	SITE_OK(f->o.env->files->make_dir(f->o.env, f->hub, err));
	hub = open_hub(f);
	SITE_OK(replica_set_org(hub, org_id(node_org(f->anna)), &org_genesis(node_org(f->anna))->root_pk, err));
	SITE_OK(carry(f->anna, hub, err));
	replica_close(hub);
	snprintf(path, sizeof(path), "%s/log.db", f->hub);
	SITE_OK(f->o.env->files->read(f->o.env, path, 1 << 26, &f->kept, err));
	SITE_OK(node_approve_erasure(f->anna, &f->request, err));
	SITE_OK(node_commit(f->anna, err));
}

/* As it was when it had the request and not the approval. */
static struct replica *
hub_again(struct office *f)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/log.db", f->hub);
	SITE_OK(f->o.env->files->replace(f->o.env, path, buf_bytes(&f->kept), err));
	return open_hub(f);
}

static void
end(struct office *f)
{
	buf_free(&f->kept);
	nodes_end(&f->o);
}

static bool
count_gone(void *ctx, const struct entry *e)
{
	*(uint64_t *)ctx += e->h.kind == KIND_DATA && !e->has_payload;
	return true;
}

static uint64_t
gone_in(struct replica *r)
{
	uint64_t gone = 0;

	for (size_t i = 0; i < replica_log_count(r); i++)
		SITE_OK(replica_scan(r, i, 0, replica_log_at(r, i)->len, false, count_gone, &gone, err));
	return gone;
}

static const struct erase_request *
request_in(struct replica *r, const struct hash *id)
{
	for (size_t i = 0; i < orders_count(replica_orders(r)); i++)
		if (SAME(orders_at(replica_orders(r), i)->id, *id))
			return &orders_at(replica_orders(r), i)->request;
	fail_msg("it has no such request");
	return NULL;
}

/* ---- claims ---- */

static void
an_erasure_of_which_something_cannot_be_read_is_carried_out_whole_or_not_at_all(void **state)
{
	struct office f;
	bool struck = true;
	long n, refused = 0;

	(void)state;
	start(&f);
	for (n = 0; struck && n < READS_MAX; n++) {
		struct replica *hub = hub_again(&f);
		struct err why = ERR_INIT;
		enum err_code rc;

		left = n;
		rc = carry(f.anna, hub, &why);
		struck = left < 0;
		left = -1;
		refused += rc != ERR_OK;
		if (rc == ERR_OK && gone_in(hub) != 6)
			fail_msg("read %ld fails, all is said to be saved, and %llu of 6 are erased", n, (unsigned long long)gone_in(hub));
		if (gone_in(hub) != 0 && gone_in(hub) != 6)
			fail_msg("read %ld fails: %llu of 6 are erased", n, (unsigned long long)gone_in(hub));
		SITE_OK(carry(f.anna, hub, err)); /* and from here on it goes well */
		assert_int_equal(gone_in(hub), 6);
		replica_close(hub);
		hub = open_hub(&f);
		if (!replica_scrub_is_due(hub))
			fail_msg("read %ld failed: the store does not say that it is to be written anew", n);
		replica_close(hub);
	}
	assert_false(struck);
	if (refused * 2 < n)
		fail_msg("of %ld reads that failed %ld were told", n, refused);
	end(&f);
}

static void
a_count_that_was_not_had_is_signed_for_by_nobody(void **state)
{
	struct erase_receipt whole = { .gone = 0 };
	struct replica *hub;
	struct office f;
	bool struck = true;
	long n;

	(void)state;
	start(&f);
	hub = hub_again(&f);
	SITE_OK(carry(f.anna, hub, err));
	SITE_OK(replica_receipt(hub, request_in(hub, &f.request), &whole, err));
	assert_int_equal(whole.gone, 6);
	assert_int_equal(whole.absent, 0);
	for (n = 0; struck && n < READS_MAX; n++) {
		struct erase_receipt r = { .gone = 0 };
		struct err why = ERR_INIT;
		enum err_code rc;

		left = n;
		rc = replica_receipt(hub, request_in(hub, &f.request), &r, &why);
		struck = left < 0;
		left = -1;
		assert_int_equal(rc, struck ? ERR_IO : ERR_OK);
		if (!struck)
			assert_int_equal(r.gone, 6);
	}
	assert_false(struck);
	assert_true(n > 1);
	replica_close(hub);
	end(&f);
}

/* Who belongs is read when the store is opened: a store that cannot be read does not open, or all who belong do. */
static void
who_belongs_does_not_change_by_what_cannot_be_read(void **state)
{
	struct replica *hub;
	struct office f;
	bool struck = true;
	size_t devices;
	long n;

	(void)state;
	start(&f);
	hub = hub_again(&f);
	devices = org_device_count(replica_org(hub));
	replica_close(hub);
	assert_true(devices >= 2);
	for (n = 0; struck && n < READS_MAX; n++) {
		struct err why = ERR_INIT;
		char path[128];

		snprintf(path, sizeof(path), "%s/log.db", f.hub);
		left = n;
		if (replica_open_in(&hub, f.o.env, &engine, path, f.hub, true, &why) == ERR_OK) {
			struck = left < 0;
			left = -1;
			for (size_t i = 0; i < org_device_count(replica_org(hub)); i++)
				assert_true(org_device_live(org_device_at(replica_org(hub), i)));
			assert_int_equal(org_device_count(replica_org(hub)), devices);
			assert_int_equal(orders_count(replica_orders(hub)), 1);
			replica_close(hub);
		}
	}
	assert_false(struck);
	assert_true(n > 10);
	end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_erasure_of_which_something_cannot_be_read_is_carried_out_whole_or_not_at_all),
		cmocka_unit_test(a_count_that_was_not_had_is_signed_for_by_nobody),
		cmocka_unit_test(who_belongs_does_not_change_by_what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
