/*
 * Closing a site: what an exchange has brought, how others stand, and that a
 * home is destroyed with proof only, whenever it is stopped.
 */
#include "nodes.h"

#include "base/mem.h"
#include "node/exchange.h"
#include "node/removal.h"
#include "node/standing.h"
#include "node/tend.h"

#define DAYS(n) ((n) * 24 * 3600000ll)

/* By bundle, which carries the giver's ACK. What it brought is the receiver's newest exchange. */
static const struct node_exchange *
carry(struct node *from, struct node *to)
{
	struct node_exchange e = { .way = EXCHANGE_BUNDLE, .ok = true, .has_peer = true, .peer = node_self(from)->id };
	struct author author = node_self(from)->sign_pk;
	struct bundle_counts k;
	struct buf bundle = BUF_INIT;
	uint64_t entries;

	SITE_OK(bundle_write(node_peer_host(from), NULL, &bundle, &entries, err));
	SITE_OK(bundle_read(node_peer_host(to), buf_bytes(&bundle), false, &k, err));
	SITE_OK(node_commit(to, err));
	buf_free(&bundle);
	e.received = k.stored;
	return node_exchanged(to, &author, &e);
}

static void
write_case(struct nodes *o, struct node *n, const struct record_id *id, const char *topic)
{
	nodes_write(o, n, id, "topic", topic, NULL);
	SITE_OK(node_commit(n, err));
}

static struct node_standing
standing(struct node *n, const struct device_id *dev)
{
	struct node_standing found = { .dev = *dev }, *all;
	struct err err = ERR_INIT;
	size_t count;
	bool any = false;

	all = node_standings(n, &count, &err);
	assert_non_null(all);
	for (size_t i = 0; i < count; i++)
		if (SAME(all[i].dev, *dev)) {
			found = all[i];
			any = true;
		}
	mem_free(all);
	assert_true(any);
	return found;
}

static void
an_exchange_tells_what_is_new_from_what_has_changed_and_says_it_once(void **state)
{
	struct nodes o;
	struct node *bo;
	struct record_id a, b;
	const struct node_exchange *e;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	a = nodes_id(&o);
	b = nodes_id(&o);
	write_case(&o, o.first, &a, "housing");
	write_case(&o, o.first, &a, "health");
	write_case(&o, o.first, &b, "housing");
	e = carry(o.first, bo);
	assert_int_equal(e->brought.created, 2); /* changed in the same exchange, it still is one new record */
	assert_int_equal(e->brought.changed, 0);
	assert_int_equal(e->brought.row_count, 1);
	assert_int_equal(e->brought.record_count, 2);
	write_case(&o, o.first, &a, "appeal");
	write_case(&o, bo, &b, "health");
	e = carry(o.first, bo);
	assert_int_equal(e->brought.created, 0);
	assert_int_equal(e->brought.changed, 1);
	e = carry(o.first, bo);
	assert_int_equal(e->brought.created + e->brought.changed, 0);
	assert_int_equal(node_exchange_count(bo), 3);
	write_case(&o, o.first, &b, "housing");
	e = carry(o.first, bo);
	assert_int_equal(e->brought.conflicts, 1);
	bo = nodes_reopen(&o, bo); /* and it is remembered */
	assert_int_equal(node_exchange_count(bo), 4);
	assert_int_equal(node_exchange_at(bo, 0)->brought.conflicts, 1);
	assert_int_equal(node_exchange_at(bo, 3)->brought.created, 2);
	nodes_end(&o);
}

static void
exchanges_are_kept_up_to_fifty_and_idle_ones_take_one_place(void **state)
{
	struct nodes o;
	struct node *bo;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	(void)carry(o.first, bo);
	(void)carry(o.first, bo);
	for (int i = 0; i < 5; i++)
		(void)carry(o.first, bo);
	assert_true(node_exchange_count(bo) <= 2);
	for (int i = 0; i < EXCHANGES_KEPT + 5; i++) {
		struct record_id id = nodes_id(&o), own;

		write_case(&o, o.first, &id, "housing");
		own = nodes_id(&o);
		write_case(&o, bo, &own, "health"); /* its own writing is nothing that was brought */
		assert_int_equal(carry(o.first, bo)->brought.created, 1);
	}
	assert_int_equal(node_exchange_count(bo), EXCHANGES_KEPT);
	nodes_end(&o);
}

static void
ahead_and_behind_are_counted_from_what_is_signed(void **state)
{
	struct nodes o;
	struct node *bo;
	struct record_id a;
	struct device_id first, of_bo;
	struct node_standing s;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	a = nodes_id(&o);
	first = node_self(o.first)->id;
	of_bo = node_self(bo)->id;
	write_case(&o, bo, &a, "housing");
	(void)carry(bo, o.first);
	(void)carry(o.first, bo);
	s = standing(bo, &first);
	assert_int_equal(s.behind, 0);
	assert_int_equal(s.ahead, 0);
	assert_true(s.in_step);
	write_case(&o, bo, &a, "health");
	s = standing(bo, &first);
	assert_int_equal(s.behind, 1);
	assert_false(s.in_step);
	(void)carry(bo, o.first);
	s = standing(bo, &first);
	assert_int_equal(s.behind, 1); /* it was handed over, and nobody has signed for it */
	/* The first says in the log that it holds more than bo does, and bo hears of the log alone. */
	write_case(&o, o.first, &a, "appeal");
	SITE_OK(node_tend(o.first, NULL, err));
	nodes_copy_streams(o.first, bo, true);
	s = standing(bo, &first);
	assert_int_equal(s.behind, 0);
	assert_true(s.ahead >= 1);
	assert_false(s.in_step);
	nodes_copy_streams(o.first, bo, false);
	assert_int_equal(standing(bo, &first).ahead, 0);
	s = standing(o.first, &of_bo);
	assert_false(s.in_step);
	nodes_end(&o);
}

static void
a_hub_that_is_behind_what_another_has_is_named_after_a_day(void **state)
{
	struct nodes o;
	struct node *bo;
	struct record_id a;
	struct device_id of_hub;
	struct node_standing s;
	struct node *hub;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	hub = nodes_join_as(&o, "hub", ROLE_HUB, false);
	of_hub = node_self(hub)->id;
	a = nodes_id(&o);
	write_case(&o, o.first, &a, "housing");
	nodes_copy(o.first, bo);
	SITE_OK(node_tend(o.first, NULL, err));
	nodes_copy(o.first, bo);
	/* Four days on the hub gives word to bo, and has not taken what the first attested. */
	nodes_clock_ms += DAYS(4);
	(void)carry(hub, bo);
	s = standing(bo, &of_hub);
	assert_true(s.hub);
	assert_int_equal(s.lag_count, 1);
	assert_true(SAME(s.lag[0].has, node_self(o.first)->id));
	assert_true(s.lag[0].days >= 3 && s.lag[0].days <= 4);
	assert_true(s.lag[0].entries > 0);
	/* It takes everything and says so: nothing is behind any more. */
	nodes_copy(o.first, hub);
	(void)carry(hub, bo);
	assert_int_equal(standing(bo, &of_hub).lag_count, 0);
	nodes_clock_ms += DAYS(61);
	assert_int_equal(standing(bo, &of_hub).silent_days, 61);
	nodes_end(&o);
}

/* ---- wiping ---- */

static struct env_files failing;
static long steps_left;

static enum err_code
stopped(struct err *err)
{
	return err_set(err, ERR_IO, "stopped here");
}

static enum err_code
fail_remove(struct env *env, const char *path, struct err *err)
{
	return steps_left-- > 0 ? posix_files.remove(env, path, err) : stopped(err);
}

static enum err_code
fail_shred(struct env *env, const char *path, struct err *err)
{
	return steps_left-- > 0 ? posix_files.shred(env, path, err) : stopped(err);
}

static enum err_code
fail_replace(struct env *env, const char *path, struct bytes data, struct err *err)
{
	return steps_left-- > 0 ? posix_files.replace(env, path, data, err) : stopped(err);
}

static bool
is_there(struct nodes *o, size_t i, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", o->home[i], name);
	return posix_files.exists(NULL, path);
}

static void
a_home_is_wiped_with_proof_only(void **state)
{
	struct node_secret secret = nodes_secret();
	struct err why = ERR_INIT;
	struct node_proof p;
	struct record_id a;
	struct nodes o;
	struct node *bo, *opened;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	a = nodes_id(&o);
	write_case(&o, bo, &a, "housing");
	node_proof(bo, &p);
	assert_true(p.lacking > 0);
	assert_int_equal(node_wipe(bo, &why), ERR_REFUSED);
	assert_false(node_is_wiped(bo));
	(void)carry(bo, o.first);
	node_proof(bo, &p);
	assert_true(p.lacking > 0); /* handing over proves nothing */
	(void)carry(o.first, bo);
	node_proof(bo, &p);
	assert_int_equal(p.lacking, 0);
	assert_true(p.entries > 0);
	(void)nodes_join_as(&o, "hub", ROLE_HUB, false);
	(void)carry(o.first, bo);
	node_proof(bo, &p);
	assert_true(p.hub); /* now it is the hub that must hold it */
	assert_true(p.lacking > 0);
	(void)carry(bo, o.node[2]);
	(void)carry(o.node[2], bo);
	why = (struct err)ERR_INIT;
	SITE_OK(node_wipe(bo, err));
	assert_true(node_is_wiped(bo));
	assert_int_equal(node_save_keystore(bo, &why), ERR_REFUSED);
	node_close(bo);
	o.node[1] = NULL;
	why = (struct err)ERR_INIT;
	assert_int_equal(node_open(&opened, o.env, o.home[1], &secret, &why), ERR_NOT_FOUND);
	assert_false(is_there(&o, 1, "log.db"));
	assert_false(is_there(&o, 1, "keystore"));
	assert_false(is_there(&o, 1, "wiping"));
	nodes_end(&o);
}

static void
two_homes_that_rely_on_each_other_are_never_both_wiped(void **state)
{
	struct err why = ERR_INIT;
	struct record_id a, b;
	struct nodes o;
	struct node *bo;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	a = nodes_id(&o);
	write_case(&o, bo, &a, "housing");
	(void)carry(bo, o.first);
	(void)carry(o.first, bo);
	(void)carry(bo, o.first);
	assert_true(node_safe_to_wipe(bo) && node_safe_to_wipe(o.first));
	assert_true(node_must_leave(bo) && node_must_leave(o.first));
	assert_int_equal(node_wipe(bo, &why), ERR_REFUSED); /* nobody was told */
	SITE_OK(node_leave(bo, err));
	SITE_OK(node_leave(o.first, err));
	assert_true(node_is_leaving(bo) && node_is_leaving(o.first));
	(void)carry(bo, o.first);
	(void)carry(o.first, bo);
	(void)carry(bo, o.first);
	why = (struct err)ERR_INIT;
	assert_int_equal(node_wipe(bo, &why), ERR_REFUSED); /* who leaves signs for nothing */
	why = (struct err)ERR_INIT;
	assert_int_equal(node_wipe(o.first, &why), ERR_REFUSED);
	b = nodes_id(&o);
	write_case(&o, o.first, &b, "health"); /* one goes on */
	assert_false(node_is_leaving(o.first));
	(void)carry(o.first, bo);
	SITE_OK(node_wipe(bo, err));
	node_close(bo);
	o.node[1] = NULL;
	SITE_OK(node_leave(o.first, err));
	assert_false(node_safe_to_wipe(o.first)); /* it has what bo had, and knows that bo has it no more */
	nodes_end(&o);
}

static void
who_leaves_makes_void_what_it_signed_until_it_goes_on(void **state)
{
	struct node_proof p;
	struct record_id a;
	struct nodes o;
	struct node *bo;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	a = nodes_id(&o);
	write_case(&o, o.first, &a, "housing");
	(void)carry(o.first, bo);
	(void)carry(bo, o.first);
	node_proof(o.first, &p);
	assert_int_equal(p.lacking, 0);
	SITE_OK(node_leave(bo, err));
	(void)carry(bo, o.first);
	node_proof(o.first, &p);
	assert_int_equal(p.lacking, p.entries);
	write_case(&o, bo, &a, "health"); /* bo was not wiped */
	(void)carry(bo, o.first);
	node_proof(o.first, &p);
	assert_int_equal(p.lacking, 0);
	(void)nodes_join_as(&o, "hub", ROLE_HUB, false);
	assert_false(node_must_leave(o.first)); /* only the hub counts, and nobody counts on us */
	nodes_end(&o);
}

/* Nothing more reaches the disk from the Nth step on; then somebody tries to open the home, and finishes. */
static bool
stopped_at(long n)
{
	struct node_secret secret = nodes_secret();
	struct err why = ERR_INIT;
	struct record_id a;
	struct nodes o;
	struct node *bo, *opened = NULL;
	bool through, works;

	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	a = nodes_id(&o);
	write_case(&o, bo, &a, "housing");
	(void)carry(bo, o.first);
	(void)carry(o.first, bo);
	SITE_OK(node_leave(bo, err));
	(void)carry(bo, o.first);
	(void)carry(o.first, bo);
	failing = posix_files;
	failing.remove = fail_remove;
	failing.shred = fail_shred;
	failing.replace = fail_replace;
	steps_left = n;
	o.env->files = &failing;
	(void)!node_wipe(bo, &why);
	node_close(bo);
	o.node[1] = NULL;
	through = steps_left >= 0;
	o.env->files = &posix_files;
	why = (struct err)ERR_INIT;
	works = node_open(&opened, o.env, o.home[1], &secret, &why) == ERR_OK;
	if (works) { /* it had not begun: all is as it was */
		struct record *r = record_new(&a);

		assert_false(home_is_being_wiped(o.env, o.home[1]));
		SITE_OK(node_record(opened, &a, r, NULL, err));
		record_free(r);
		node_close(opened);
	} else if (through) {
		assert_int_equal(why.code, ERR_NOT_FOUND);
	} else {
		assert_true(why.code == ERR_REFUSED || why.code == ERR_NOT_FOUND);
		SITE_OK(home_wipe_finish(o.env, o.home[1], err));
		assert_false(is_there(&o, 1, "keystore"));
		assert_false(is_there(&o, 1, "log.db"));
		assert_false(is_there(&o, 1, "wiping"));
	}
	nodes_end(&o);
	return through;
}

/* Each time under a new incarnation, and an OPEN lists sixteen: from the 17th on it lists those that are newest. */
static void
who_leaves_for_the_twentieth_time_is_believed_as_the_first(void **state)
{
	struct record_id id;
	struct nodes o;
	struct node *bo;
	struct author his;
	size_t log;

	(void)state;
	nodes_start(&o);
	bo = nodes_join(&o, "bo", true);
	his = node_self(bo)->sign_pk;
	nodes_meet(o.first, bo);
	assert_true(replica_log_find(node_replica(o.first), &(struct log_key){ .author = node_self(o.first)->sign_pk,
	            .stream = control_stream(org_id(node_org(o.first))), .inc = o.first->home.keys->inc }, &log));
	for (int i = 0; i < 20; i++) {
		id = nodes_id(&o);
		nodes_put(&o, bo, &id, NULL, NULL, "ett besök");
		nodes_clock_ms += 2 * 3600000;
		SITE_OK(node_tend(bo, NULL, err));
		nodes_copy(bo, o.first);
		assert_true(replica_acked(node_replica(o.first), &his, log) > 0);
		SITE_OK(node_leave(bo, err));
		nodes_copy(bo, o.first);
		assert_int_equal(replica_acked(node_replica(o.first), &his, log), 0);
	}
	nodes_end(&o);
}

static void
a_stop_at_any_moment_of_a_wipe_leaves_a_home_that_works_or_one_that_is_finished(void **state)
{
	long n = 0;

	(void)state;
	while (!stopped_at(n))
		n++;
	assert_true(n >= 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exchange_tells_what_is_new_from_what_has_changed_and_says_it_once),
		cmocka_unit_test(exchanges_are_kept_up_to_fifty_and_idle_ones_take_one_place),
		cmocka_unit_test(ahead_and_behind_are_counted_from_what_is_signed),
		cmocka_unit_test(a_hub_that_is_behind_what_another_has_is_named_after_a_day),
		cmocka_unit_test(a_home_is_wiped_with_proof_only),
		cmocka_unit_test(two_homes_that_rely_on_each_other_are_never_both_wiped),
		cmocka_unit_test(who_leaves_makes_void_what_it_signed_until_it_goes_on),
		cmocka_unit_test(who_leaves_for_the_twentieth_time_is_believed_as_the_first),
		cmocka_unit_test(a_stop_at_any_moment_of_a_wipe_leaves_a_home_that_works_or_one_that_is_finished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
