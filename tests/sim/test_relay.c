/* A newcomer who can reach the hub alone: it is led to the inviter, whatever happens on the way, or nothing is half done. */
#include "story.h"

#include "call_faults.h"
#include "link/frame.h"
#include "link/relay.h"
#include "node/invite.h"
#include "peer/passage.h"

enum { INVITER, ADVISER, HUB, NEWCOMER };

/* ---- the newcomer's device: a home, and `join CODE` as src/app/join_code.c does it ---- */

struct newcomer {
	struct world *w;
	struct env *env;
	struct home home;
	struct buf request;
	struct join_code code;
	struct passage *way;
	struct join *join;
	bool digits, joined, ended;
	enum err_code why;
	enum join_no no;
};

static void
hang_up(struct newcomer *n)
{
	passage_close(n->way);
	n->way = NULL;
	join_free(n->join);
	n->join = NULL;
	n->ended = true;
}

static void
take(struct newcomer *n, struct buf *out)
{
	struct welcome welcome = { 0 };
	struct err err = ERR_INIT;

	if (n->joined)
		return;
	if (welcome_open(&welcome, &n->home, join_welcome(n->join), &err) != ERR_OK || welcome_accept(&n->home, &welcome, &err) != ERR_OK)
		fail_msg("taking the welcome: %s", err.text);
	welcome_free(&welcome);
	n->joined = true;
	assert_int_equal(join_taken(n->join, out, NULL), ERR_OK);
}

static void
came_data(void *ctx, struct bytes in)
{
	struct newcomer *n = ctx;
	enum join_event what = JOIN_MORE;
	struct buf out = BUF_INIT;

	do {
		n->why = join_receive(n->join, &in, &out, &what, NULL);
		n->digits = n->digits || what == JOIN_DIGITS;
		if (what == JOIN_WELCOME)
			take(n, &out);
		if (what == JOIN_REFUSED)
			n->no = join_reason(n->join);
		if (out.len > 0 && n->why == ERR_OK)
			n->why = passage_send(n->way, buf_bytes(&out));
		buf_clear(&out);
	} while (n->why == ERR_OK && what != JOIN_MORE && what != JOIN_WELCOME && what != JOIN_REFUSED);
	buf_free(&out);
	if (n->why != ERR_OK || what == JOIN_WELCOME || what == JOIN_REFUSED)
		hang_up(n);
}

static void
came_open(void *ctx)
{
	struct newcomer *n = ctx;
	struct buf out = BUF_INIT;

	assert_int_equal(join_start(n->join, &out, NULL), ERR_OK);
	n->why = passage_send(n->way, buf_bytes(&out));
	buf_free(&out);
	if (n->why != ERR_OK)
		hang_up(n);
}

static void
came_closed(void *ctx, enum err_code code, const char *why)
{
	struct newcomer *n = ctx;

	(void)why;
	n->why = code;
	n->way = NULL;
	hang_up(n);
}

static bool
try_to_knock(struct newcomer *n, const char *code)
{
	static const struct passage_events events = { came_open, came_data, came_closed };
	uint8_t e_sk[32], nonce[16];
	struct err err = ERR_INIT;

	assert_int_equal(join_code_parse(&n->code, code, NULL), ERR_OK);
	assert_int_equal(n->code.hub_count, 1);
	env_random(n->env, e_sk, sizeof(e_sk));
	env_random(n->env, nonce, sizeof(nonce));
	n->ended = n->digits = false;
	n->no = JOIN_YES;
	n->join = join_new_newcomer(&n->code, n->home.keys->device.noise_sk, e_sk, nonce, buf_bytes(&n->request), NULL);
	if (passage_dial(n->env, n->code.hub[0], n->code.secret, &events, n, &n->way, &err) == ERR_OK)
		return true;
	n->way = NULL;
	hang_up(n);
	return false;
}

static void
knock(struct newcomer *n, const char *code)
{
	if (!try_to_knock(n, code))
		fail_msg("knocking: nobody can be dialled");
}

/* ---- the scene ---- */

struct scene {
	struct sim *s;
	struct newcomer who[2];
	struct invite_info invite;
};

static void
arrives_at(struct newcomer *n, struct sim *s, const char *name)
{
	struct err err = ERR_INIT;
	size_t host = world_add_host(s->w);

	*n = (struct newcomer){ .w = s->w, .env = host_env(world_host(s->w, host)) };
	if (home_create(&n->home, n->env, "/home", name, name, BYTES_STR("fem ord om natten"), KDF_INTERACTIVE, NULL, &err) != ERR_OK ||
	    home_request(&n->home, &n->request, &err) != ERR_OK)
		fail_msg("a fresh home: %s", err.text);
	world_part(s->w, host, INVITER, true);
}

static void
invite(struct scene *c, bool yes)
{
	struct invite_wish wish = { .role = ROLE_ADVISOR, .teams = &c->s->team, .team_count = 1, .hub_only = true, .yes = yes };
	struct err err = ERR_INIT;
	struct join_code code;

	if (node_invite(c->s->at[INVITER]->node, &wish, &c->invite, &err) != ERR_OK)
		fail_msg("inviting: %s", err.text);
	assert_int_equal(join_code_parse(&code, c->invite.code, NULL), ERR_OK);
	scan_add_secret(world_scan(c->s->w), "the secret of a code", code.secret, sizeof(code.secret));
}

static struct scene
scene_start(uint64_t seed, bool yes)
{
	struct scene c = { .s = sim_new(seed, 2) };
	struct err err = ERR_INIT;
	struct sim *s = c.s;

	s->at[HUB] = station_new(s->w, world_add_host(s->w));
	if (station_join(s->at[HUB], s->at[0], ROLE_HUB, &s->team, &err) != ERR_OK)
		fail_msg("the hub joins: %s", err.text);
	s->count++;
	assert_int_equal(station_meet(s->at[INVITER], s->at[HUB], &err), ERR_OK);
	world_run(s->w, 5 * NS_PER_S);
	arrives_at(&c.who[0], s, "first-newcomer");
	invite(&c, yes);
	return c;
}

static void
scene_end(struct scene *c)
{
	for (size_t i = 0; i < 2; i++)
		if (c->who[i].env != NULL) {
			hang_up(&c->who[i]);
			home_close(&c->who[i].home);
			buf_free(&c->who[i].request);
		}
	sim_free(c->s);
}

static size_t
members(struct scene *c)
{
	return org_device_count(node_org(c->s->at[INVITER]->node));
}

static bool
has_ended(void *ctx)
{
	return ((struct newcomer *)ctx)->ended;
}

static bool
is_held(void *ctx)
{
	struct scene *c = ctx;
	struct invite_info i;

	if (node_invite_count(c->s->at[INVITER]->node) == 0)
		return false;
	node_invite_at(c->s->at[INVITER]->node, 0, &i);
	return i.hub[0].held;
}

static void
a_newcomer_comes_in_and_the_hub_learns_neither_code_nor_keys(void **state)
{
	struct scene c = scene_start(1, true);
	size_t before = members(&c);

	(void)state;
	station_add_secrets(c.s->at[INVITER]); /* looked for on wires and disks, the network key too */
	assert_true(world_run_until(c.s->w, is_held, &c, 10 * NS_PER_S));
	knock(&c.who[0], c.invite.code);
	assert_true(world_run_until(c.s->w, has_ended, &c.who[0], 20 * NS_PER_S));
	assert_true(c.who[0].joined);
	world_run(c.s->w, 2 * NS_PER_S);
	assert_int_equal(members(&c), before + 1);
	assert_int_equal(node_invite_count(c.s->at[INVITER]->node), 0);
	scene_end(&c);
}

/* Wires are cut, the hub loses its power or stands still, at any moment; the newcomer comes again with the same code. */
static void
cut_at_any_moment_a_join_is_taken_up_with_the_same_code(void **state)
{
	(void)state;
	for (uint64_t seed = 100; seed < 130; seed++) {
		struct scene c = scene_start(seed, true);
		size_t before = members(&c);

		for (unsigned round = 0; round < 6 && !c.who[0].joined; round++) {
			assert_true(world_run_until(c.s->w, is_held, &c, 200 * NS_PER_S));
			knock(&c.who[0], c.invite.code);
			if (round < 4) {
				world_run(c.s->w, (seed * 7919 + round * 104729) % 120 * NS_PER_MS);
				if ((seed + round) % 4 == 1) {
					hang_up(&c.who[0]); /* the newcomer's own machine: both other links live on */
				} else if ((seed + round) % 4 == 2) {
					station_crash(c.s->at[HUB], false);
					sim_switch_on(c.s, HUB, LOSS_ALL);
				} else {
					world_reset_wires(c.s->w);
				}
			}
			(void)world_run_until(c.s->w, has_ended, &c.who[0], 300 * NS_PER_S);
			assert_true(members(&c) == before || members(&c) == before + 1);
			if (!c.who[0].ended)
				hang_up(&c.who[0]);
			world_run(c.s->w, NS_PER_S);
		}
		if (!c.who[0].joined)
			fail_msg("seed %llu: not in after an undisturbed round", (unsigned long long)seed);
		assert_int_equal(members(&c), before + 1);
		scene_end(&c);
	}
}

/* A newcomer comes while one call of somebody's fails, once or from there on. True when it came to pass. */
static bool
comes_while_a_call_fails(enum call call, long nth, bool lasting)
{
	struct scene c = scene_start(700 + (uint64_t)nth, true);
	size_t before = members(&c);
	bool struck;

	station_close(c.s->at[HUB]);
	for (size_t i = 0; i < 3; i++)
		calls_between(c.s->at[i]->host);
	sim_switch_on(c.s, HUB, LOSS_NONE);
	calls.own = c.who[0].env->ops;
	c.who[0].env->ops = &calls.mine;
	assert_true(world_run_until(c.s->w, is_held, &c, 200 * NS_PER_S));
	calls_fail(call, nth, lasting);
	if (try_to_knock(&c.who[0], c.invite.code))
		(void)world_run_until(c.s->w, has_ended, &c.who[0], 60 * NS_PER_S);
	assert_true(members(&c) == before || members(&c) == before + 1);
	struck = calls_work();
	if (!c.who[0].ended)
		hang_up(&c.who[0]);
	world_run(c.s->w, NS_PER_S);
	if (!c.who[0].joined) {
		assert_true(world_run_until(c.s->w, is_held, &c, 200 * NS_PER_S));
		knock(&c.who[0], c.invite.code);
		(void)world_run_until(c.s->w, has_ended, &c.who[0], 60 * NS_PER_S);
	}
	if (!c.who[0].joined)
		fail_msg("call %d, the %ldth%s: not in once it works again", (int)call, nth, lasting ? " and on" : "");
	world_run(c.s->w, 2 * NS_PER_S);
	assert_int_equal(members(&c), before + 1);
	scene_end(&c);
	calls_forget();
	return struck;
}

static void
a_join_gets_through_with_the_same_code_once_the_call_that_failed_works(void **state)
{
	static const enum call kinds[] = { CALL_DIAL, CALL_ACCEPT, CALL_SEND, CALL_RECEIVE };

	(void)state;
	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		for (int lasting = 0; lasting < 2; lasting++) {
			long n = 0;

			while (comes_while_a_call_fails(kinds[k], n, lasting != 0))
				n += lasting ? 3 : 1;
			assert_true(n > 0);
		}
}

static void
a_second_newcomer_does_not_disturb_the_first(void **state)
{
	struct scene c = scene_start(2, false);
	struct invite_info i;
	struct err err = ERR_INIT;

	(void)state;
	arrives_at(&c.who[1], c.s, "second-newcomer");
	assert_true(world_run_until(c.s->w, is_held, &c, 10 * NS_PER_S));
	knock(&c.who[0], c.invite.code);
	world_run(c.s->w, 2 * NS_PER_S);
	assert_true(c.who[0].digits);
	knock(&c.who[1], c.invite.code);
	assert_true(world_run_until(c.s->w, has_ended, &c.who[1], 30 * NS_PER_S));
	assert_false(c.who[1].digits);
	/* Nor does who recorded the first one's bytes and sends them again. */
	for (int k = 0; k < 20; k++) {
		struct dice dice = dice_of(77, STREAM_WORK, (uint64_t)k);

		(void)world_replay(c.s->w, &dice);
		world_run(c.s->w, NS_PER_S);
	}
	node_invite_at(c.s->at[INVITER]->node, 0, &i);
	assert_int_equal(i.state, INVITE_ASKING);
	assert_string_equal(i.member, "first-newcomer");
	assert_int_equal(node_invite_confirm(c.s->at[INVITER]->node, c.invite.code, true, &err), ERR_OK);
	assert_true(world_run_until(c.s->w, has_ended, &c.who[0], 30 * NS_PER_S));
	assert_true(c.who[0].joined);
	scene_end(&c);
}

static void
of_two_who_come_at_once_one_is_led_in_and_the_other_told(void **state)
{
	size_t told = 0;

	(void)state;
	for (uint64_t seed = 200; seed < 210; seed++) {
		struct scene c = scene_start(seed, false);

		arrives_at(&c.who[1], c.s, "second-newcomer");
		assert_true(world_run_until(c.s->w, is_held, &c, 10 * NS_PER_S));
		knock(&c.who[0], c.invite.code);
		knock(&c.who[1], c.invite.code);
		world_run(c.s->w, 30 * NS_PER_S);
		assert_true(c.who[0].digits != c.who[1].digits);
		assert_true(c.who[0].ended != c.who[1].ended);
		told += c.who[c.who[0].digits].why == ERR_REFUSED;
		scene_end(&c);
	}
	assert_true(told > 0); /* the others came when the psk was forgotten already */
}

/* Only its own link is lost, at any moment of it: the inviter offers anew on the link that it has. */
static void
after_one_newcomer_is_gone_the_next_one_may_come(void **state)
{
	struct scene c = scene_start(6, false);
	struct err err = ERR_INIT;

	(void)state;
	assert_true(world_run_until(c.s->w, is_held, &c, 10 * NS_PER_S));
	for (uint64_t ms = 1; ms < 300; ms += 7) {
		knock(&c.who[0], c.invite.code);
		world_run(c.s->w, ms * NS_PER_MS);
		hang_up(&c.who[0]);
		world_run(c.s->w, NS_PER_S);
	}
	assert_true(c.who[0].digits); /* the last of them came so far */
	knock(&c.who[0], c.invite.code);
	world_run(c.s->w, 2 * NS_PER_S);
	assert_int_equal(node_invite_confirm(c.s->at[INVITER]->node, c.invite.code, true, &err), ERR_OK);
	assert_true(world_run_until(c.s->w, has_ended, &c.who[0], 30 * NS_PER_S));
	assert_true(c.who[0].joined);
	scene_end(&c);
}

static void
digits_may_take_most_of_an_hour_and_no_longer_than_it(void **state)
{
	struct scene c = scene_start(3, false);

	(void)state;
	assert_true(world_run_until(c.s->w, is_held, &c, 10 * NS_PER_S));
	knock(&c.who[0], c.invite.code);
	world_run(c.s->w, 3500 * NS_PER_S);
	assert_true(c.who[0].digits && !c.who[0].ended);
	world_run(c.s->w, 200 * NS_PER_S);
	assert_true(c.who[0].ended && !c.who[0].joined);
	assert_int_equal(node_invite_count(c.s->at[INVITER]->node), 0);
	scene_end(&c);
}

/* ---- who offers at the hub's desk: a link of a member's that says what the test wants ---- */

struct offerer { struct env *env; struct env_conn *conn; struct relay *relay; uint8_t psk[32]; bool held, closed; enum relay_no no; };

static void
offerer_data(void *ctx, struct env_conn *conn, const uint8_t *p, size_t n)
{
	struct offerer *o = ctx;
	struct bytes in = BYTES(p, n), bytes;
	struct buf out = BUF_INIT;
	enum relay_event what;

	do {
		if (relay_receive(o->relay, &in, &out, &what, &bytes, NULL) != ERR_OK)
			fail_msg("the hub says what it must not");
		if (what == RELAY_OPEN)
			assert_int_equal(relay_offer(o->relay, o->psk, &out, NULL), ERR_OK);
		o->held = o->held || what == RELAY_HELD;
		if (what == RELAY_REFUSED)
			o->no = relay_reason(o->relay);
	} while (what != RELAY_MORE);
	if (out.len > 0 && o->no == RELAY_YES)
		assert_int_equal(o->env->ops->send(o->env, conn, buf_bytes(&out)), ERR_OK);
	buf_free(&out);
}

static void
offerer_opened(void *ctx, struct env_conn *conn)
{
	struct offerer *o = ctx;
	struct buf out = BUF_INIT;

	assert_int_equal(relay_start(o->relay, &out, NULL), ERR_OK);
	assert_int_equal(o->env->ops->send(o->env, conn, buf_bytes(&out)), ERR_OK);
	buf_free(&out);
}

static void
offerer_closed(void *ctx, struct env_conn *conn, enum err_code why)
{
	struct offerer *o = ctx;

	(void)conn;
	(void)why;
	o->conn = NULL;
	o->closed = true;
}

static void
offers(struct offerer *o, struct sim *s, size_t station, uint8_t psk)
{
	static const struct conn_events events = { .opened = offerer_opened, .data = offerer_data, .closed = offerer_closed };
	const struct keystore *k = station_keys(s->at[station]);
	uint8_t e_sk[32], link[32];
	struct err err = ERR_INIT;

	*o = (struct offerer){ .env = host_env(s->at[station]->host) };
	memset(o->psk, psk, sizeof(o->psk));
	env_random(o->env, e_sk, sizeof(e_sk));
	link_psk(link, k->network[0].n);
	o->relay = relay_new(RELAY_INVITER, k->device.noise_sk, e_sk, link);
	assert_int_equal(o->env->ops->dial(o->env, s->at[HUB]->addr, &events, o, &o->conn, &err), ERR_OK);
	world_run(s->w, NS_PER_S);
}

static void
offers_end(struct offerer *o)
{
	if (o->conn != NULL)
		o->env->ops->close(o->env, o->conn);
	relay_free(o->relay);
}

static void
only_coordinators_offer_and_only_so_much(void **state)
{
	struct scene c = scene_start(4, true);
	struct offerer adviser, again, o[RELAY_OFFERS_MAX + 1];

	(void)state;
	assert_true(world_run_until(c.s->w, is_held, &c, 10 * NS_PER_S)); /* the first of the sixteen */
	offers(&adviser, c.s, ADVISER, 200);
	assert_int_equal(adviser.no, RELAY_NO_STANDING);
	for (size_t i = 1; i < RELAY_OFFERS_MAX; i++) {
		offers(&o[i], c.s, INVITER, (uint8_t)i);
		assert_true(o[i].held);
	}
	offers(&o[RELAY_OFFERS_MAX], c.s, INVITER, 99);
	assert_int_equal(o[RELAY_OFFERS_MAX].no, RELAY_NO_ROOM);
	assert_true(o[RELAY_OFFERS_MAX].closed);
	/* The same offer on a new link takes the place of the old one. */
	offers(&again, c.s, INVITER, 5);
	assert_true(again.held && o[5].closed);
	/* And the one that people wait with still leads in. */
	knock(&c.who[0], c.invite.code);
	assert_true(world_run_until(c.s->w, has_ended, &c.who[0], 20 * NS_PER_S));
	assert_true(c.who[0].joined);
	offers_end(&adviser);
	offers_end(&again);
	for (size_t i = 1; i <= RELAY_OFFERS_MAX; i++)
		offers_end(&o[i]);
	scene_end(&c);
}

static void
links_that_fall_silent_are_given_up(void **state)
{
	struct scene c = scene_start(5, true);
	struct offerer o;

	(void)state;
	offers(&o, c.s, INVITER, 7);
	assert_true(o.held);
	world_run(c.s->w, 300 * NS_PER_S); /* it gives no sign of life */
	assert_true(o.closed);
	assert_true(is_held(&c));          /* the node does */
	offers_end(&o);
	scene_end(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_newcomer_comes_in_and_the_hub_learns_neither_code_nor_keys),
		cmocka_unit_test(cut_at_any_moment_a_join_is_taken_up_with_the_same_code),
		cmocka_unit_test(a_join_gets_through_with_the_same_code_once_the_call_that_failed_works),
		cmocka_unit_test(a_second_newcomer_does_not_disturb_the_first),
		cmocka_unit_test(of_two_who_come_at_once_one_is_led_in_and_the_other_told),
		cmocka_unit_test(after_one_newcomer_is_gone_the_next_one_may_come),
		cmocka_unit_test(digits_may_take_most_of_an_hour_and_no_longer_than_it),
		cmocka_unit_test(only_coordinators_offer_and_only_so_much),
		cmocka_unit_test(links_that_fall_silent_are_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
