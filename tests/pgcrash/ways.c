/*
 * What a hub asks its database for: setting it up, moving into it, starting,
 * being brought entries and signing for them, remembering, forks, erasures,
 * quotas, giving back, hearing of another hub, an organisation more and less,
 * and all that it reads.
 */
#include "way.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/gc.h"

#define ROOM_NODE_ADDR "n0:7007"

/* ---- it starts ---- */

static enum err_code
starts(struct bench *b, struct err *err)
{
	return b->hub != NULL ? ERR_OK : bench_serve(b, err);
}

static enum err_code
colleague_is_there(struct bench *b, struct err *err)
{
	enum err_code rc = bench_serve(b, err);

	return rc == ERR_OK ? room_open_other(&b->room, err) : rc;
}

/* What log.db held is in the database. */
static enum err_code
has_moved(struct bench *b, bool done, struct err *err)
{
	struct replica *local = NULL;
	uint64_t held = 0;
	enum err_code rc = ERR_OK;

	(void)done; /* it is open: nothing more could be said */
	rc = replica_open(&local, room_env(&b->room), b->nav.path, false, err);
	if (rc == ERR_OK)
		held = replica_entry_count(local);
	replica_close(local);
	if (rc == ERR_OK && replica_entry_count(b->nav.replica) < held)
		rc = err_set(err, ERR_DAMAGED, "of %llu entries in log.db %llu are in the database", (unsigned long long)held,
		             (unsigned long long)replica_entry_count(b->nav.replica));
	return rc;
}

/* ---- it is brought something ---- */

static enum err_code
news_are_written(struct bench *b, struct err *err)
{
	enum err_code rc = colleague_is_there(b, err);

	if (rc == ERR_OK)
		rc = bench_colleague(b, "put", "{\"type\":\"case\",\"set\":{\"topic\":\"housing\"},\"note\":\"Något nytt\",\"team\":\"Lund\"}", err);
	if (rc == ERR_OK)
		rc = bench_colleague(b, "put", "{\"type\":\"case\",\"set\":{\"topic\":\"housing\"},\"note\":\"Och mer\",\"team\":\"Lund\"}", err);
	return rc;
}

/* All that she has is signed for: an exchange that brought it half is none. */
static enum err_code
is_brought(struct bench *b, struct err *err)
{
	struct replica *hers = node_replica(b->room.other);
	enum err_code rc = bench_brought(b, err);

	for (size_t i = 0; i < replica_log_count(hers) && rc == ERR_OK; i++) {
		const struct log_head *h = replica_log_at(hers, i);

		if (replica_acked(hers, &b->key, i) < h->len)
			rc = err_set(err, ERR_NETWORK, "of log %zu the hub has signed for %llu of %llu entries", i,
			             (unsigned long long)replica_acked(hers, &b->key, i), (unsigned long long)h->len);
	}
	return rc;
}

/* ---- it remembers ---- */

/* Teams are of the control stream: what she founds now is what an older database does not know. */
static enum err_code
remembers_and_waits(struct bench *b, struct err *err)
{
	struct device_id id = device_id_of(&b->key);
	uint8_t witness[32];
	enum err_code rc = bench_open(b, err);

	if (rc == ERR_OK) {
		b->config.continuous = false;
		hub_witness_of(&b->nav, witness);
		hub_memory_put(&b->memory, &id, witness);
		rc = colleague_is_there(b, err);
	}
	return rc == ERR_OK ? bench_colleague(b, "team add", "{\"name\":\"Torna Hällestad\"}", err) : rc;
}

/* The database is put back to where it had not heard of the team, and what the hub remembers stays: it gives nothing. */
static enum err_code
an_older_database_gives_nothing(struct bench *b, bool done, struct err *err)
{
	uint64_t now = replica_entry_count(b->nav.replica);
	struct tenant_status s;
	enum err_code rc;

	(void)done;
	home_close(&b->nav);
	memset(&b->nav, 0, sizeof(b->nav));
	bench_keep_tables(b, b->schema[0], "now");
	bench_put_tables(b, b->schema[0], "2_0"); /* as it was SERVED */
	rc = bench_serve(b, err);
	if (rc == ERR_OK) {
		tenant_status(hub_tenant(b->hub, 0), &s);
		if (s.gives && s.entries < now)
			rc = err_set(err, ERR_DAMAGED, "put back to an older database it gives, and it had signed for more");
	}
	bench_stop_hub(b);
	bench_put_tables(b, b->schema[0], "now");
	return rc == ERR_OK ? bench_open(b, err) : rc;
}

/* ---- the second of two histories ---- */

/* Her machine as it was kept: what she writes now, she writes in the place of what she wrote the last time. */
static enum err_code
one_history_is_there(struct bench *b, struct err *err)
{
	enum err_code rc = news_are_written(b, err);

	if (rc == ERR_OK)
		rc = is_brought(b, err);
	if (rc != ERR_OK)
		return rc;
	room_stop_other(&b->room);
	rc = room_open_other(&b->room, err);
	return rc == ERR_OK ? bench_colleague(b, "put", "{\"type\":\"case\",\"set\":{\"topic\":\"housing\"},\"note\":\"Den andra\",\"team\":\"Lund\"}", err) : rc;
}

static enum err_code
the_second_arrives(struct bench *b, struct err *err)
{
	return bench_brought(b, err);
}

static bool
one_fork(void *ctx, const struct fork_proof *proof)
{
	(void)proof;
	++*(size_t *)ctx;
	return true;
}

static enum err_code
two_histories_stand(struct bench *b, bool done, struct err *err)
{
	size_t forks = 0;
	enum err_code rc = replica_forks(b->nav.replica, one_fork, &forks, err);

	if (rc == ERR_OK && done && forks == 0)
		rc = err_set(err, ERR_DAMAGED, "the second history was brought, and nobody knows that there are two");
	if (rc == ERR_OK && forks == 0 && bench_number(b, "SELECT count(*) FROM %s.log WHERE parent IS NOT NULL", b->schema[0]) != 0)
		rc = err_set(err, ERR_DAMAGED, "there are branches, and no proof");
	return rc;
}

/* ---- an erasure ---- */

static enum err_code
somebody_approves(struct bench *b, struct err *err)
{
	enum err_code rc = colleague_is_there(b, err);
	bool approved = false;
	json_t *all;

	if (rc == ERR_OK)
		rc = bench_colleague(b, "erase status", "{}", err);
	all = rc == ERR_OK ? json_incref(json_object_get(b->room.result, "erasures")) : NULL;
	for (size_t i = 0; i < json_array_size(all); i++) {
		char params[100];

		snprintf(params, sizeof(params), "{\"id\":\"%s\"}", json_string_value(json_object_get(json_array_get(all, i), "request")));
		approved = bench_colleague(b, "erase approve", params, err) == ERR_OK || approved;
	}
	json_decref(all);
	if (rc == ERR_OK && !approved)
		return err_set(err, ERR_NOT_FOUND, "there is nothing to approve");
	*err = (struct err)ERR_INIT;
	return rc;
}

static bool
is_scrubbed(void *ctx)
{
	struct replica *r = bench_replica(ctx, 0);

	return r == NULL || !replica_scrub_is_due(r);
}

/* The hub writes its tables anew when nobody has come for a while. */
static enum err_code
erases(struct bench *b, struct err *err)
{
	enum err_code rc = is_brought(b, err);

	if (rc == ERR_OK && !world_run_until(b->room.world, is_scrubbed, b, 1000 * NS_PER_S))
		rc = err_set(err, ERR_IO, "the tables were not written anew");
	return rc;
}

/* What the hub has signed of an erasure is so. */
static enum err_code
receipts_are_true(struct bench *b, struct err *err)
{
	const struct orders *orders = replica_orders(b->nav.replica);

	for (size_t i = 0; i < orders_count(orders); i++) {
		const struct erase_order *o = orders_at(orders, i);
		const struct erase_confirmed *signed_for = orders_receipt_of(orders, &o->id, &b->key);
		struct erase_receipt now = { .request = o->id };
		enum err_code rc = ERR_OK;

		if (signed_for != NULL)
			rc = replica_receipt(b->nav.replica, &o->request, &now, err);
		if (rc == ERR_OK && signed_for != NULL && (signed_for->receipt.gone != now.gone || signed_for->receipt.absent != now.absent))
			rc = err_set(err, ERR_DAMAGED, "the hub has signed for %llu entries gone and %llu absent, and they are %llu and %llu",
			             (unsigned long long)signed_for->receipt.gone, (unsigned long long)signed_for->receipt.absent, (unsigned long long)now.gone,
			             (unsigned long long)now.absent);
		if (rc != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

static enum err_code
is_erased(struct bench *b, bool done, struct err *err)
{
	if (bench_number(b, "SELECT count(*) FROM %s.entry WHERE erased = 1 AND payload IS NOT NULL", b->schema[0]) != 0)
		return err_set(err, ERR_DAMAGED, "what is said to be erased is there");
	if (done && bench_number(b, "SELECT count(*) FROM %s.entry WHERE erased = 1", b->schema[0]) == 0)
		return err_set(err, ERR_DAMAGED, "what was to be erased is not");
	if (done && replica_scrub_is_due(b->nav.replica))
		return err_set(err, ERR_DAMAGED, "the tables are to be written anew, once more");
	return receipts_are_true(b, err);
}

/* ---- what an operator asks ---- */

static enum err_code
serves(struct bench *b, struct err *err)
{
	return bench_serve(b, err);
}

static enum err_code
sets_a_quota(struct bench *b, struct err *err)
{
	return tenant_set_quota(hub_tenant(b->hub, 0), &(struct hub_quota){ .entries = 100000, .links = 77 }, err);
}

static enum err_code
quota_holds(struct bench *b, bool done, struct err *err)
{
	struct tenant_status s;
	enum err_code rc = bench_serve(b, err);

	if (rc != ERR_OK)
		return rc;
	tenant_status(hub_tenant(b->hub, 0), &s);
	if (s.quota.links != (s.quota.entries == 100000 ? 77 : 0) || (done && s.quota.links != 77))
		rc = err_set(err, ERR_DAMAGED, "the quota is %llu links and %llu entries", (unsigned long long)s.quota.links, (unsigned long long)s.quota.entries);
	bench_stop_hub(b);
	return rc == ERR_OK ? bench_open(b, err) : rc;
}

static enum err_code
collects(struct bench *b, struct err *err)
{
	struct gc_found f;

	return replica_gc(bench_replica(b, 0), false, &f, err);
}

/* Whatever fails, nothing is said to be damaged. */
static enum err_code
verifies(struct bench *b, struct err *err)
{
	struct err finding = ERR_INIT;
	enum err_code rc = replica_verify(bench_replica(b, 0), room_finding, &finding, NULL, err);

	if (finding.code != ERR_OK)
		rc = err_set(err, ERR_DAMAGED, "%s", finding.text);
	return rc;
}

/* Somebody who lacks what it has: the adviser at the room's own machine. */
static enum err_code
somebody_lacks_it(struct bench *b, struct err *err)
{
	enum err_code rc = news_are_written(b, err);

	return rc == ERR_OK ? is_brought(b, err) : rc;
}

/* A node's home is in its files, whatever the hub on that machine has. */
static enum err_code
open_adviser(struct bench *b, struct err *err)
{
	enum err_code rc;

	bench_use(b, false);
	rc = room_open(&b->room, false, err);
	bench_use(b, true);
	b->lund = b->room.node;
	b->room.node = NULL;
	return rc;
}

static enum err_code
gives(struct bench *b, struct err *err)
{
	struct replica *hubs = bench_replica(b, 0);
	uint64_t all = replica_entry_count(hubs);
	enum err_code rc = b->lund == NULL ? open_adviser(b, err) : ERR_OK;

	if (rc != ERR_OK)
		return rc;
	b->room.node = b->lund;
	rc = path_ask(&b->room, "sync", "{\"peer\":[\"" ROOM_NODE_ADDR "\"],\"wait\":20}", err);
	b->room.node = NULL;
	if (rc == ERR_OK && replica_entry_count(node_replica(b->lund)) < all)
		rc = err_set(err, ERR_NETWORK, "it gave %llu entries of %llu", (unsigned long long)replica_entry_count(node_replica(b->lund)), (unsigned long long)all);
	return rc;
}

/* ---- another hub over the same database ---- */

static enum err_code
give_run(struct replica *to, struct replica *from, size_t log, struct err *err)
{
	const struct log_head *h = replica_log_at(from, log);
	struct ingest_counts counts = { 0 };
	struct buf run = BUF_INIT;
	uint64_t at = 0, next;
	enum err_code rc;
	size_t there;

	if (replica_log_find(to, &h->key, &there))
		at = replica_log_at(to, there)->len;
	if (at >= h->len)
		return ERR_OK;
	rc = replica_read_run(from, log, at, h->len, false, 256 << 10, &run, &next, err);
	if (rc == ERR_OK) {
		struct rd rd = rd_init(buf_bytes(&run));

		rc = replica_ingest_run(to, &rd, &counts, err);
	}
	buf_free(&run);
	return rc;
}

static enum err_code
another_stores(struct bench *b, struct err *err)
{
	enum err_code rc = news_are_written(b, err);
	struct replica *hers;

	if (rc == ERR_OK)
		rc = bench_colleague(b, "team add", "{\"name\":\"Revinge\"}", err);
	if (rc == ERR_OK)
		rc = replica_open_in(&b->second, room_env(&b->room), b->engine, b->schema[0], "/home/second", false, err);
	hers = node_replica(b->room.other);
	for (size_t i = 0; i < replica_log_count(hers) && rc == ERR_OK; i++)
		rc = give_run(b->second, hers, i, err);
	if (rc == ERR_OK)
		rc = replica_commit(b->second, err);
	b->entries = rc == ERR_OK ? replica_entry_count(b->second) : 0;
	replica_close(b->second); /* what it has stored is what counts, not what becomes of it */
	b->second = NULL;
	return rc;
}

static bool
has_heard(void *ctx)
{
	struct bench *b = ctx;

	return !replica_away(bench_replica(b, 0)) && replica_entry_count(bench_replica(b, 0)) >= b->entries;
}

/* The server passes the word on when it comes to it, and the world's clock does not wait for that. */
static enum err_code
hears_of_it(struct bench *b, struct err *err)
{
	for (int i = 0; i < 100; i++) {
		if (world_run_until(b->room.world, has_heard, b, 2 * NS_PER_S))
			return ERR_OK;
		usleep(10000);
	}
	return err_set(err, ERR_NETWORK, "it has not heard of what another hub has stored");
}

/* ---- one organisation more, one less ---- */

static enum err_code
takes_one_more(struct bench *b, struct err *err)
{
	if (b->hub != NULL && hub_ill(b->hub) > 0) /* as an operator does who read that: it is started anew */
		bench_stop_hub(b);
	return starts(b, err);
}

static enum err_code
has_both(struct bench *b, bool done, struct err *err)
{
	enum err_code rc = bench_serve(b, err);

	(void)done;
	if (rc == ERR_OK && hub_count(b->hub) != 2)
		rc = err_set(err, ERR_DAMAGED, "it serves %zu organisations", hub_count(b->hub));
	bench_stop_hub(b);
	return rc == ERR_OK ? bench_open(b, err) : rc;
}

static enum err_code
gives_one_up(struct bench *b, struct err *err)
{
	if (hub_count(b->hub) == 1)
		return ERR_OK; /* done, and the answer was lost */
	return hub_remove(b->hub, hub_tenant(b->hub, 1), err);
}

static enum err_code
has_the_first(struct bench *b, bool done, struct err *err)
{
	enum err_code rc = bench_serve(b, err);
	size_t count = rc == ERR_OK ? hub_count(b->hub) : 0;

	if (rc == ERR_OK && done && count != 1)
		rc = err_set(err, ERR_DAMAGED, "it was given up, and is served");
	bench_stop_hub(b);
	if (rc == ERR_OK && done && bench_number(b, "SELECT (SELECT count(*) FROM %s.entry) + (SELECT count(*) FROM %s.log)", b->schema[1], b->schema[1]) != 0)
		rc = err_set(err, ERR_DAMAGED, "it was given up, and is in the database");
	return rc == ERR_OK ? bench_open(b, err) : rc;
}

const struct way ways[] = {
	{ "set up", JOINED, NULL, starts, has_moved, false },
	{ "move in", GROWN, NULL, starts, has_moved, false },
	{ "start", SERVED, NULL, starts, NULL, true },
	{ "brought", SERVED, news_are_written, is_brought, NULL, false },
	{ "remember", SERVED, remembers_and_waits, is_brought, an_older_database_gives_nothing, false },
	{ "fork", SERVED, one_history_is_there, the_second_arrives, two_histories_stand, false },
	{ "erase", SERVED, somebody_approves, erases, is_erased, false },
	{ "quota", SERVED, serves, sets_a_quota, quota_holds, false },
	{ "gc", SERVED, serves, collects, NULL, false },
	{ "verify", SERVED, serves, verifies, NULL, true },
	{ "give", SERVED, somebody_lacks_it, gives, NULL, false },
	{ "hear", SERVED, another_stores, hears_of_it, NULL, false },
	{ "one more", WELCOME, NULL, takes_one_more, has_both, false },
	{ "one less", DOUBLED, serves, gives_one_up, has_the_first, false },
	{ NULL, SERVED, NULL, NULL, NULL, false },
};
