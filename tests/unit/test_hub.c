#define _GNU_SOURCE
/* The hub's door on a network of our own making; doubt; parts of a home; what gc drops. */
#include "check.h"
#include "site.h"

#include "base/mem.h"
#include "hub/door.h"
#include "hub/doubt.h"
#include "hub/hub.h"
#include "link/once.h"
#include "store/gc.h"

/* ---- a network of two functions ---- */

enum { CONNS = 9000 };

struct env_conn { const struct conn_events *ev; void *ctx; bool closed; };

static struct street {
	struct env env;
	struct env_ops ops;
	uint64_t now_ns;
	void (*accept)(void *ctx, struct env_conn *c, const char *from);
	void *accept_ctx;
	void (*timer)(void *ctx);
	void *timer_ctx;
	uint64_t timer_at;
	struct env_conn conns[CONNS];
	size_t count, led;
	uint64_t cost_ns;    /* of finding out that somebody is nobody's */
	const uint8_t *ours; /* the first byte of what is led on */
} street;

static uint64_t
mono(struct env *env)
{
	(void)env;
	return street.now_ns;
}

static struct env_timer *
timer(struct env *env, uint64_t ns, void (*cb)(void *ctx), void *ctx)
{
	(void)env;
	assert_null(street.timer);
	street.timer = cb;
	street.timer_ctx = ctx;
	street.timer_at = street.now_ns + ns;
	return (struct env_timer *)&street;
}

static void
timer_stop(struct env *env, struct env_timer *t)
{
	(void)env, (void)t;
	street.timer = NULL;
}

static enum err_code
listen_on(struct env *env, const char *addr, void (*accept)(void *ctx, struct env_conn *c, const char *from), void *ctx, struct env_listener **out,
          struct err *err)
{
	(void)env, (void)addr, (void)err;
	street.accept = accept;
	street.accept_ctx = ctx;
	*out = (struct env_listener *)&street;
	return ERR_OK;
}

static void
listen_stop(struct env *env, struct env_listener *l)
{
	(void)env, (void)l;
}

static void
conn_events(struct env *env, struct env_conn *c, const struct conn_events *ev, void *ctx)
{
	(void)env;
	c->ev = ev;
	c->ctx = ctx;
}

static void
close_conn(struct env *env, struct env_conn *c)
{
	(void)env;
	c->closed = true;
}

/* What begins with 1 is somebody's. */
static bool
lead(void *ctx, struct env_conn *conn, const char *from, struct bytes first)
{
	(void)ctx, (void)conn, (void)from;
	assert_true(first.len >= DOOR_FIRST_BYTES);
	street.led += first.p[0] == 1;
	if (first.p[0] != 1)
		street.now_ns += street.cost_ns;
	return first.p[0] == 1;
}

static struct door *
open_street(size_t guests)
{
	struct err err = ERR_INIT;
	struct door *d;

	memset(&street, 0, sizeof(street));
	street.ops = (struct env_ops){ .mono_ns = mono, .timer = timer, .timer_stop = timer_stop, .listen = listen_on, .listen_stop = listen_stop,
		                       .conn_events = conn_events, .close = close_conn };
	street.env = (struct env){ .ops = &street.ops };
	d = door_new(&street.env, guests, lead, NULL);
	assert_non_null(d);
	assert_int_equal(door_listen(d, "here", &err), ERR_OK);
	return d;
}

static struct env_conn *
come(const char *from)
{
	struct env_conn *c = &street.conns[street.count++];

	street.accept(street.accept_ctx, c, from);
	return c;
}

static void
say(struct env_conn *c, const uint8_t *p, size_t n)
{
	assert_false(c->closed);
	c->ev->data(c->ctx, c, p, n);
}

static void
pass(uint64_t seconds)
{
	for (; seconds > 0; seconds--) {
		void (*cb)(void *ctx) = street.timer;

		street.now_ns += 1000000000;
		if (cb == NULL || street.timer_at > street.now_ns)
			continue;
		street.timer = NULL;
		cb(street.timer_ctx);
	}
}

static struct door_counts
counts(struct door *d)
{
	struct door_counts c;

	door_counts(d, &c);
	return c;
}

/* ---- the door ---- */

static void
first_bytes_lead_on_however_they_come(void **state)
{
	struct door *d = open_street(0);
	uint8_t first[60] = { 1 };
	struct env_conn *c;

	(void)state;
	say(come("192.0.2.1:5"), first, sizeof(first));
	assert_int_equal(street.led, 1);
	c = come("192.0.2.1:6");
	for (size_t i = 0; i < DOOR_FIRST_BYTES; i++) {
		uint8_t byte = i == 0 ? 1 : (uint8_t)(i == 45); /* another message than the one before */

		assert_int_equal(street.led, 1);
		say(c, &byte, 1);
	}
	assert_int_equal(street.led, 2);
	assert_int_equal(counts(d).waiting, 0);
	assert_false(c->closed);
	door_free(d);
}

static void
a_first_message_is_answered_once(void **state)
{
	struct door *d = open_street(0);
	uint8_t first[DOOR_FIRST_BYTES] = { 1 };
	struct env_conn *c;

	(void)state;
	say(come("192.0.2.1:5"), first, sizeof(first));
	c = come("198.51.100.7:5");
	say(c, first, sizeof(first));
	assert_true(c->closed);
	assert_int_equal(street.led, 1);
	assert_int_equal(counts(d).replayed, 1);
	door_free(d);
}

/* Strangers are not remembered: they cannot push out what is. */
static void
strangers_do_not_make_it_forget(void **state)
{
	struct door *d = open_street(0);
	uint8_t first[DOOR_FIRST_BYTES] = { 1 }, noise[DOOR_FIRST_BYTES] = { 2 };
	struct env_conn *c;

	(void)state;
	say(come("192.0.2.1:5"), first, sizeof(first));
	for (uint32_t i = 0; i < 2 * ONCE_KEPT; i++) {
		street.now_ns += 2000000;
		street.count = 1;
		be32_put(noise + 40, i + 1); /* in its tag */
		c = come("198.51.100.7:5");
		memset(&c->closed, 0, sizeof(c->closed));
		say(c, noise, sizeof(noise));
		assert_true(c->closed);
	}
	street.count = 1;
	c = come("192.0.2.1:5");
	c->closed = false;
	say(c, first, sizeof(first));
	assert_int_equal(counts(d).replayed, 1);
	assert_int_equal(counts(d).strangers, 2 * ONCE_KEPT);
	door_free(d);
}

static void
who_is_silent_is_let_go_after_ten_seconds(void **state)
{
	struct door *d = open_street(0);
	struct env_conn *c = come("192.0.2.1:5"), *later;
	uint8_t byte = 1;

	(void)state;
	say(c, &byte, 1);
	pass(5);
	say(c, &byte, 1); /* dripping does not help */
	later = come("192.0.2.1:5");
	pass(5);
	assert_true(c->closed);
	assert_false(later->closed);
	pass(5);
	assert_true(later->closed);
	assert_int_equal(counts(d).late, 2);
	assert_int_equal(counts(d).waiting, 0);
	assert_null(street.timer); /* nobody waits: nothing ticks */
	door_free(d);
}

static void
who_speaks_at_once_is_not_kept_out_by_who_is_silent(void **state)
{
	struct door *d = open_street(100);
	uint8_t first[DOOR_FIRST_BYTES] = { 1 };
	struct env_conn *elsewhere = come("203.0.113.9:1");

	(void)state;
	for (int i = 0; i < 500; i++) {
		(void)come("198.51.100.7:5");
		first[46] = (uint8_t)(i + 1); /* of its tag */
		first[47] = (uint8_t)((i + 1) >> 8);
		say(come("192.0.2.1:5"), first, sizeof(first));
	}
	assert_int_equal(street.led, 500);
	assert_true(counts(d).waiting <= 100);
	assert_false(elsewhere->closed); /* the crowd makes room, not who came from elsewhere */
	door_free(d);
}

static void
haste_from_one_network_is_refused_and_others_pass(void **state)
{
	struct door *d = open_street(0);
	char from[64];

	(void)state;
	for (int i = 0; i < 3000; i++) {
		snprintf(from, sizeof(from), "[2001:db8:1:2:%x::1]:99", i); /* one /64 */
		(void)come(from);
	}
	assert_int_equal(counts(d).hasty, 3000 - DOOR_NETWORK_RATE);
	assert_false(come("[2001:db8:1:3::1]:99")->closed);
	pass(1);
	assert_false(come("[2001:db8:1:2::77]:99")->closed);
	door_free(d);
}

static void
strangers_cost_no_more_than_their_part(void **state)
{
	struct door *d = open_street(0);
	uint8_t first[DOOR_FIRST_BYTES] = { 1 }, noise[DOOR_FIRST_BYTES] = { 2 };
	uint64_t looked = 0;
	char from[64];

	(void)state;
	street.cost_ns = 1000000;
	say(come("192.0.2.1:5"), first, sizeof(first));
	for (uint32_t i = 0; i < 4000; i++) { /* a thousandth of a second each, from everywhere, for four seconds and more */
		uint64_t before = street.now_ns;

		snprintf(from, sizeof(from), "198.51.%u.%u:1", i / 200, i % 200);
		be32_put(noise + 40, i + 1); /* in its tag */
		say(come(from), noise, sizeof(noise));
		looked += street.now_ns - before;
		street.now_ns = before + 1000000;
	}
	assert_true(looked <= 500000000 + 4000000000 / DOOR_STRANGERS_PART + street.cost_ns);
	first[47] = 7;
	say(come("192.0.2.1:6"), first, sizeof(first)); /* where one of ours has come from nobody waits */
	assert_int_equal(street.led, 2);
	door_free(d);
}

static void
networks_of_addresses(void **state)
{
	static const struct { const char *from; uint8_t want[8]; } cases[] = {
		{ "192.0.2.7:4711", { 192, 0, 2, 7 } },
		{ "[2001:db8:1:2:3:4:5:6]:1", { 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2 } },
		{ "[2001:db8::5]:1", { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0 } },
		{ "[::1]:1", { 0 } },
		{ "[fe80::1:2:3:4%eth0]:1", { 0xfe, 0x80 } },
		{ "[::ffff:1:2:3:4:5]:1", { 0, 0, 0, 0, 0xff, 0xff, 0, 1 } },
		{ "n3:7777", { 'n', '3' } },
		{ "", { 0 } },
	};
	uint8_t out[8];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		door_network(out, cases[i].from);
		if (memcmp(out, cases[i].want, 8) != 0)
			fail_msg("%s", cases[i].from);
	}
}

/* ---- doubt ---- */

static const struct org_device *
device_of(const struct site *w, struct replica *r, size_t which)
{
	return org_device_by_id(replica_org(r), &w->id[which]);
}

static void
nobody_vouches_for_itself_where_there_is_another(void **state)
{
	struct doubt d = { .proven = false };
	struct replica *a;
	struct site w;

	(void)state;
	site_start(&w);
	a = site_replica(&w, "a");
	site_found(&w, a);
	SITE_OK(replica_commit(a, err));
	assert_true(doubt_holds(&d, replica_org(a), device_of(&w, a, ADVISER)));
	assert_true(doubt_holds(&d, replica_org(a), NULL));
	assert_false(doubt_holds(&d, replica_org(a), device_of(&w, a, COORDINATOR))); /* there is no other to ask */
	site_grant(&w, a, &w.root, SECOND, ROLE_COORDINATOR, NULL);
	SITE_OK(replica_commit(a, err));

	assert_false(doubt_hear(&d, device_of(&w, a, ADVISER)));
	assert_true(doubt_holds(&d, replica_org(a), device_of(&w, a, ADVISER)));
	assert_true(doubt_hear(&d, device_of(&w, a, SECOND)));
	assert_false(doubt_hear(&d, device_of(&w, a, SECOND)));
	assert_false(doubt_holds(&d, replica_org(a), device_of(&w, a, ADVISER)));
	assert_false(doubt_holds(&d, replica_org(a), device_of(&w, a, COORDINATOR)));
	assert_true(doubt_holds(&d, replica_org(a), device_of(&w, a, SECOND)));
	assert_true(doubt_hear(&d, device_of(&w, a, COORDINATOR)));
	assert_false(doubt_holds(&d, replica_org(a), device_of(&w, a, SECOND)));
	replica_close(a);
	site_end(&w);
}

static void
the_witness_moves_with_control_and_is_the_devices_own(void **state)
{
	uint8_t before[32], other[32], after[32], seed[32] = { 1 }, foreign[32] = { 2 };
	struct replica *a;
	struct site w;

	(void)state;
	site_start(&w);
	a = site_replica(&w, "a");
	site_found(&w, a);
	SITE_OK(replica_commit(a, err));
	doubt_witness(a, seed, before);
	doubt_witness(a, foreign, other);
	assert_memory_not_equal(before, other, 32);
	site_append(&w, a, &w.device[ADVISER], &w.team, KIND_DATA, BYTES_STR("a note"));
	SITE_OK(replica_commit(a, err));
	doubt_witness(a, seed, after);
	assert_memory_equal(before, after, 32);
	site_grant(&w, a, &w.root, SECOND, ROLE_COORDINATOR, NULL);
	SITE_OK(replica_commit(a, err));
	doubt_witness(a, seed, after);
	assert_memory_not_equal(before, after, 32);
	replica_close(a);
	site_end(&w);
}

/* ---- parts of a home, gc ---- */

static void
a_home_has_parts_with_keys_of_their_own(void **state)
{
	struct site w;
	struct home whole, part, other;
	uint8_t sign_pk[32];
	char path[4096], code[27];

	(void)state;
	keystore_cheap_for_tests = true;
	site_start(&w);
	snprintf(path, sizeof(path), "%s/hub", w.dir);
	SITE_OK(home_create(&whole, w.env, path, "Hub", "hub", BYTES_STR("long enough words"), KDF_INTERACTIVE, code, err));
	SITE_OK(home_part_create(&part, &whole, "Hub", "in two", err));
	assert_memory_not_equal(part.keys->device.sign_pk.b, whole.keys->device.sign_pk.b, 32);
	memcpy(sign_pk, part.keys->device.sign_pk.b, 32);
	home_close(&part);
	SITE_OK(home_part_create(&other, &whole, "Hub", "in three", err));
	home_close(&other);
	home_close(&whole);

	SITE_OK(home_open(&whole, w.env, path, 1, BYTES_STR("long enough words"), err));
	assert_int_equal(whole.keys->other_count, 2);
	SITE_OK(home_part_open(&part, &whole, 0, err));
	assert_memory_equal(part.keys->device.sign_pk.b, sign_pk, 32);
	assert_string_equal((const char *)part.keys->device_name, "in two");
	assert_false(part.moved);
	snprintf(path, sizeof(path), "%s/log.db", part.path);
	home_close(&part);
	assert_true(w.env->files->exists(w.env, path));
	SITE_OK(home_part_remove(&whole, 0, err));
	assert_false(w.env->files->exists(w.env, path));
	assert_int_equal(whole.keys->other_count, 1);
	assert_string_equal((const char *)whole.keys->others[0]->device_name, "in three");
	SITE_OK(home_give_up(&whole, err));
	assert_int_equal(whole.keys->other_count, 1);
	assert_int_equal(whole.keys->member_name[0], 0);
	home_close(&whole);
	snprintf(path, sizeof(path), "%s/hub", w.dir);
	SITE_OK(home_open(&whole, w.env, path, 2, BYTES_STR(code), err));
	SITE_OK(home_part_open(&part, &whole, 0, err));
	home_close(&part);
	home_close(&whole);
	site_end(&w);
}

static void
gc_drops_nothing_that_counts(void **state)
{
	struct gc_found dry, found;
	struct replica *a;
	struct site w;
	uint64_t entries;

	(void)state;
	site_start(&w);
	a = site_replica(&w, "a");
	site_found(&w, a);
	for (int i = 0; i < 200; i++)
		site_append(&w, a, &w.device[ADVISER], &w.team, KIND_DATA, BYTES_STR("a sealed payload of some length, as far as the store is concerned"));
	SITE_OK(replica_commit(a, err));
	entries = replica_entry_count(a);
	SITE_OK(replica_gc(a, true, &dry, err));
	assert_int_equal(dry.payloads + dry.rows + dry.custody, 0);
	assert_true(dry.wal_bytes > 0);
	SITE_OK(replica_gc(a, false, &found, err));
	assert_true(found.after <= found.before);
	assert_int_equal(replica_entry_count(a), entries);
	site_append(&w, a, &w.device[ADVISER], &w.team, KIND_DATA, BYTES_STR("goes on"));
	assert_int_equal(replica_gc(a, false, &found, NULL), ERR_REFUSED);
	SITE_OK(replica_commit(a, err));
	replica_close(a);
	site_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_bytes_lead_on_however_they_come),
		cmocka_unit_test(a_first_message_is_answered_once),
		cmocka_unit_test(strangers_do_not_make_it_forget),
		cmocka_unit_test(who_is_silent_is_let_go_after_ten_seconds),
		cmocka_unit_test(who_speaks_at_once_is_not_kept_out_by_who_is_silent),
		cmocka_unit_test(haste_from_one_network_is_refused_and_others_pass),
		cmocka_unit_test(strangers_cost_no_more_than_their_part),
		cmocka_unit_test(networks_of_addresses),
		cmocka_unit_test(nobody_vouches_for_itself_where_there_is_another),
		cmocka_unit_test(the_witness_moves_with_control_and_is_the_devices_own),
		cmocka_unit_test(a_home_has_parts_with_keys_of_their_own),
		cmocka_unit_test(gc_drops_nothing_that_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
