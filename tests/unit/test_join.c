/* proto/join.md: the code, the conversation, and a node that lets people in. */
#define _GNU_SOURCE
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/strict.h"
#include "link/frame.h"
#include "nodes.h"
#include "node/invite.h"

/* ---- two sides without a network ---- */

enum { NEWCOMER, INVITER };
static const uint8_t secret[16] = { 1, 2, 3 }, other_secret[16] = { 1, 2, 4 };
static const uint8_t keys[2][32] = { { 8 }, { 16 } }, ephemeral[3][32] = { { 24 }, { 32 }, { 40 } }; /* X25519 does not see the lowest bits */
static const uint8_t nonces[2][16] = { { 31 }, { 32 } };

struct pair {
	struct join *side[2];
	struct buf wire[2];        /* what each has sent and the other has not read */
	enum join_event last[2];
	enum err_code rc[2];
	struct buf sent[2];        /* all of it */
	size_t cut_at[2];          /* bytes of it that arrive */
	size_t passed[2];
};

static void
pair_start(struct pair *p, const uint8_t newcomers_secret[16])
{
	struct join_code code = { .addr_count = 0 };

	memset(p, 0, sizeof(*p));
	memcpy(code.secret, newcomers_secret, 16);
	p->cut_at[0] = p->cut_at[1] = SIZE_MAX;
	p->side[NEWCOMER] = join_new_newcomer(&code, keys[NEWCOMER], ephemeral[NEWCOMER], nonces[NEWCOMER], BYTES_STR("a request"), NULL);
	p->side[INVITER] = join_new_inviter(secret, keys[INVITER], ephemeral[INVITER], nonces[INVITER]);
	assert_int_equal(join_start(p->side[NEWCOMER], &p->wire[NEWCOMER], NULL), ERR_OK);
}

static void
pair_end(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		join_free(p->side[i]);
		buf_free(&p->wire[i]);
		buf_free(&p->sent[i]);
	}
}

/* What `from` has said reaches the other, as far as it is not cut. */
static void
deliver(struct pair *p, int from)
{
	struct buf said = p->wire[from];
	struct bytes in = buf_bytes(&said);
	size_t room = p->cut_at[from] - p->passed[from];
	enum join_event what;

	p->wire[from] = (struct buf)BUF_INIT;
	buf_put_bytes(&p->sent[from], in);
	if (in.len > room)
		in.len = room;
	p->passed[from] += in.len;
	do {
		p->rc[1 - from] = join_receive(p->side[1 - from], &in, &p->wire[1 - from], &what, NULL);
		if (what != JOIN_MORE)
			p->last[1 - from] = what;
	} while (p->rc[1 - from] == ERR_OK && what != JOIN_MORE);
	buf_free(&said);
}

static void
talk(struct pair *p)
{
	while (p->wire[0].len > 0 || p->wire[1].len > 0)
		for (int from = 0; from < 2; from++)
			if (p->wire[from].len > 0)
				deliver(p, from);
}

static void
offer(struct pair *p, size_t bytes)
{
	struct buf welcome = BUF_INIT;
	bool left = true;

	memset(buf_add(&welcome, bytes), 0x77, bytes);
	assert_int_equal(join_offer(p->side[INVITER], &welcome, &p->wire[INVITER], NULL), ERR_OK);
	for (; left; talk(p))
		assert_int_equal(join_more(p->side[INVITER], 100000, &p->wire[INVITER], &left, NULL), ERR_OK);
}

static void
both_sides_show_the_same_digits_and_the_welcome_arrives_whole(void **state)
{
	struct pair p;

	(void)state;
	pair_start(&p, secret);
	talk(&p);
	assert_int_equal(p.last[NEWCOMER], JOIN_DIGITS);
	assert_int_equal(p.last[INVITER], JOIN_DIGITS);
	assert_string_equal(join_sas(p.side[NEWCOMER]), join_sas(p.side[INVITER]));
	assert_int_equal(strlen(join_sas(p.side[NEWCOMER])), 6);
	assert_true(bytes_equal(join_request(p.side[INVITER]), BYTES_STR("a request")));
	assert_null(join_org(p.side[INVITER]));
	offer(&p, 250000);
	assert_int_equal(p.last[NEWCOMER], JOIN_WELCOME);
	assert_int_equal(join_welcome(p.side[NEWCOMER]).len, 250000);
	assert_int_equal(p.last[INVITER], JOIN_DIGITS);
	assert_int_equal(join_taken(p.side[NEWCOMER], &p.wire[NEWCOMER], NULL), ERR_OK);
	talk(&p);
	assert_int_equal(p.last[INVITER], JOIN_DONE);
	pair_end(&p);
}

static void
a_wrong_code_gets_not_a_single_byte(void **state)
{
	struct pair p;

	(void)state;
	pair_start(&p, other_secret);
	talk(&p);
	assert_int_equal(p.rc[INVITER], ERR_KEY);
	assert_int_equal(p.sent[INVITER].len, 0);
	pair_end(&p);
}

static void
a_newcomer_with_the_key_tells_another_inviter_nothing(void **state)
{
	struct join_code code = { .has_key = true };
	struct pair p;

	(void)state;
	pair_start(&p, secret);
	join_free(p.side[NEWCOMER]);
	buf_free(&p.wire[NEWCOMER]);
	memcpy(code.secret, secret, 16);
	p.side[NEWCOMER] = join_new_newcomer(&code, keys[NEWCOMER], ephemeral[NEWCOMER], nonces[NEWCOMER], BYTES_STR("a request"), NULL);
	assert_int_equal(join_start(p.side[NEWCOMER], &p.wire[NEWCOMER], NULL), ERR_OK);
	talk(&p);
	assert_int_equal(p.rc[NEWCOMER], ERR_KEY);
	assert_int_equal(join_request(p.side[INVITER]).len, 0);
	pair_end(&p);
}

static void
digits_that_were_refused_end_it_with_a_reason(void **state)
{
	struct pair p;

	(void)state;
	pair_start(&p, secret);
	talk(&p);
	assert_int_equal(join_refuse(p.side[INVITER], JOIN_NO_DIGITS, &p.wire[INVITER], NULL), ERR_OK);
	talk(&p);
	assert_int_equal(p.last[NEWCOMER], JOIN_REFUSED);
	assert_int_equal(join_reason(p.side[NEWCOMER]), JOIN_NO_DIGITS);
	pair_end(&p);
}

/* A whole conversation, of which the first bytes of one side arrive. */
static void
play_cut(struct pair *p, int side, size_t cut)
{
	pair_start(p, secret);
	p->cut_at[side] = cut;
	talk(p);
	if (p->last[INVITER] == JOIN_DIGITS)
		offer(p, 1000);
	if (p->last[NEWCOMER] == JOIN_WELCOME) {
		assert_int_equal(join_taken(p->side[NEWCOMER], &p->wire[NEWCOMER], NULL), ERR_OK);
		talk(p);
	}
}

static void
cut_at_any_byte_nobody_believes_that_it_is_finished(void **state)
{
	struct pair p;
	size_t whole[2];

	(void)state;
	play_cut(&p, NEWCOMER, SIZE_MAX);
	whole[NEWCOMER] = p.sent[NEWCOMER].len;
	whole[INVITER] = p.sent[INVITER].len;
	pair_end(&p);
	for (int side = 0; side < 2; side++)
		for (size_t cut = 0; cut < whole[side]; cut++) {
			play_cut(&p, side, cut);
			CHECK_TRUE("nothing is wrong, only missing", p.rc[0] == ERR_OK && p.rc[1] == ERR_OK);
			CHECK_TRUE("the inviter is not told", p.last[INVITER] != JOIN_DONE);
			CHECK_TRUE("the welcome is not whole", side == NEWCOMER || p.last[NEWCOMER] != JOIN_WELCOME);
			pair_end(&p);
		}
}

static void
one_changed_bit_anywhere_ends_the_link(void **state)
{
	struct pair p;
	struct buf said = BUF_INIT;

	(void)state;
	play_cut(&p, NEWCOMER, SIZE_MAX);
	buf_put_bytes(&said, buf_bytes(&p.sent[NEWCOMER]));
	pair_end(&p);
	for (size_t at = 0; at < said.len - 256; at += 7) { /* the last frame answers a welcome, which nobody makes here */
		struct join *inviter = join_new_inviter(secret, keys[INVITER], ephemeral[INVITER], nonces[INVITER]);
		struct bytes in = BYTES(said.p, said.len - 256);
		struct buf out = BUF_INIT;
		enum join_event what = JOIN_MORE;

		said.p[at] ^= 4;
		CHECK_TRUE("no digits out of a changed link", join_receive(inviter, &in, &out, &what, NULL) != ERR_OK || what == JOIN_MORE);
		said.p[at] ^= 4;
		buf_free(&out);
		join_free(inviter);
	}
	buf_free(&said);
}

static void
what_was_recorded_opens_nothing_the_second_time(void **state)
{
	struct join *inviter = join_new_inviter(secret, keys[INVITER], ephemeral[2], nonces[INVITER]);
	struct buf out = BUF_INIT;
	enum join_event what;
	struct bytes in;
	struct pair p;

	(void)state;
	play_cut(&p, NEWCOMER, SIZE_MAX);
	in = buf_bytes(&p.sent[NEWCOMER]);
	assert_int_equal(join_receive(inviter, &in, &out, &what, NULL), ERR_KEY);
	assert_int_equal(join_request(inviter).len, 0);
	in = buf_bytes(&p.sent[NEWCOMER]);
	assert_int_equal(join_receive(inviter, &in, &out, &what, NULL), ERR_KEY);
	buf_free(&out);
	join_free(inviter);
	pair_end(&p);
}

/* ---- messages that no newcomer of ours would send ---- */

enum { AFTER_HANDSHAKE, AFTER_REQUEST, AFTER_REVEAL };

static void
put_request(struct buf *m, const struct link *l)
{
	uint8_t commit[32];

	HC(commit, 32, BYTES(nonces[NEWCOMER], 16), "fb1/join/commit", BYTES(link_hash(l), 32));
	wr_array(m, 4);
	wr_uint(m, 1);
	wr_bin(m, "x", 1);
	wr_nil(m);
	wr_bin(m, commit, 32);
}

/* An inviter that has come so far with a link that can say anything. */
static enum err_code
inviter_hears(int when, struct bytes message)
{
	struct join *inviter = join_new_inviter(secret, keys[INVITER], ephemeral[INVITER], nonces[INVITER]);
	struct buf to = BUF_INIT, from = BUF_INIT, m = BUF_INIT;
	uint8_t psk[1][32];
	struct link *l;
	struct bytes in, got;
	enum join_event what;
	enum link_event event;
	enum err_code rc;

	join_psk(psk[0], secret);
	l = link_new_for("fb1/join/1", true, keys[NEWCOMER], ephemeral[NEWCOMER], (const uint8_t (*)[32])psk, 1);
	assert_int_equal(link_start(l, &to, NULL), ERR_OK);
	in = buf_bytes(&to);
	assert_int_equal(join_receive(inviter, &in, &from, &what, NULL), ERR_OK);
	buf_clear(&to);
	in = buf_bytes(&from);
	assert_int_equal(link_receive(l, &in, &to, &event, &got, NULL), ERR_OK);
	if (when >= AFTER_REQUEST) {
		put_request(&m, l);
		assert_int_equal(link_send(l, buf_bytes(&m), &to, NULL), ERR_OK);
	}
	if (when >= AFTER_REVEAL) {
		buf_clear(&m);
		wr_array(&m, 2);
		wr_uint(&m, 3);
		wr_bin(&m, nonces[NEWCOMER], 16);
		assert_int_equal(link_send(l, buf_bytes(&m), &to, NULL), ERR_OK);
	}
	assert_int_equal(link_send(l, message, &to, NULL), ERR_OK);
	in = buf_bytes(&to);
	do
		rc = join_receive(inviter, &in, &from, &what, NULL);
	while (rc == ERR_OK && what == JOIN_DIGITS);
	link_free(l);
	join_free(inviter);
	buf_free(&to);
	buf_free(&from);
	buf_free(&m);
	return rc;
}

static void
messages_out_of_turn_or_out_of_form_end_the_link(void **state)
{
	static const struct { const char *name; int when; uint8_t m[40]; size_t len; enum err_code want; } cases[] = {
		{ "NO is always heard", AFTER_HANDSHAKE, { 0x92, 7, 3 }, 3, ERR_OK },
		{ "NO with a reason of a later version", AFTER_REVEAL, { 0x92, 7, 0x7f }, 3, ERR_OK },
		{ "NO without a reason", AFTER_HANDSHAKE, { 0x92, 7, 0 }, 3, ERR_MALFORMED },
		{ "TAKEN before anything", AFTER_HANDSHAKE, { 0x91, 6 }, 2, ERR_MALFORMED },
		{ "TAKEN before the welcome", AFTER_REVEAL, { 0x91, 6 }, 2, ERR_MALFORMED },
		{ "REVEAL first", AFTER_HANDSHAKE, { 0x92, 3, 0xc4, 16, 31 }, 20, ERR_MALFORMED },
		{ "REVEAL of another nonce", AFTER_REQUEST, { 0x92, 3, 0xc4, 16, 30 }, 20, ERR_MALFORMED },
		{ "REVEAL of the nonce", AFTER_REQUEST, { 0x92, 3, 0xc4, 16, 31 }, 20, ERR_OK },
		{ "REVEAL twice", AFTER_REVEAL, { 0x92, 3, 0xc4, 16, 31 }, 20, ERR_MALFORMED },
		{ "a nonce too short", AFTER_REQUEST, { 0x92, 3, 0xc4, 15, 31 }, 19, ERR_MALFORMED },
		{ "the inviter's own message", AFTER_REQUEST, { 0x92, 2, 0xc4, 16, 31 }, 20, ERR_MALFORMED },
		{ "an unknown number", AFTER_REVEAL, { 0x92, 8, 0 }, 3, ERR_MALFORMED },
		{ "a number not shortest", AFTER_REVEAL, { 0x92, 0xcc, 7, 1 }, 4, ERR_MALFORMED },
		{ "not an array", AFTER_HANDSHAKE, { 7 }, 1, ERR_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_CASE(cases[i].name, inviter_hears(cases[i].when, BYTES(cases[i].m, cases[i].len)), cases[i].want);
}

/* ---- the code, and the rule ---- */

static void
a_code_reads_back_and_what_is_none_is_refused(void **state)
{
	static const struct { const char *name, *text; enum err_code want; size_t addrs; } cases[] = {
		{ "the secret alone", "AEBAGAAAAAAAAAAAAAAAAAAAAA", ERR_OK, 0 },
		{ "lower case with dashes", "aebaga-aaaaaa-aaaaaa-aaaaaaaa", ERR_OK, 0 },
		{ "an address", "AEBAGAAAAAAAAAAAAAAAAAAAAA@192.0.2.7:4711", ERR_OK, 1 },
		{ "IPv6 and a name", "AEBAGAAAAAAAAAAAAAAAAAAAAA@[2001:db8::1]:4711,anna.example:80", ERR_OK, 2 },
		{ "with the key", "AEBAGAAAAAAAAAAAAAAAAAAAAA@192.0.2.7:1#AEBAGAAAAAAAAAAAAAAAAAAAAA", ERR_OK, 1 },
		{ "one short", "AEBAGAAAAAAAAAAAAAAAAAAAA", ERR_INVALID, 0 },
		{ "one too many", "AEBAGAAAAAAAAAAAAAAAAAAAAAA", ERR_INVALID, 0 },
		{ "bits left over", "AEBAGAAAAAAAAAAAAAAAAAAAAB", ERR_INVALID, 0 },
		{ "a letter that is none", "AEBAGAAAAAAAAAAAAAAAAAAA?A", ERR_INVALID, 0 },
		{ "nothing", "", ERR_INVALID, 0 },
		{ "no address after the @", "AEBAGAAAAAAAAAAAAAAAAAAAAA@", ERR_INVALID, 0 },
		{ "an address without a port", "AEBAGAAAAAAAAAAAAAAAAAAAAA@example", ERR_INVALID, 0 },
		{ "a space in the address", "AEBAGAAAAAAAAAAAAAAAAAAAAA@a b:1", ERR_INVALID, 0 },
		{ "a key that is none", "AEBAGAAAAAAAAAAAAAAAAAAAAA@a:1#AEBA", ERR_INVALID, 0 },
		{ "five addresses", "AEBAGAAAAAAAAAAAAAAAAAAAAA@a:1,a:1,a:1,a:1,a:1", ERR_INVALID, 0 },
		{ "a hub alone", "AEBAGAAAAAAAAAAAAAAAAAAAAA~hub.example:7047", ERR_OK, 0 },
		{ "an address, two hubs and the key", "AEBAGAAAAAAAAAAAAAAAAAAAAA@a:1~b:2,c:3#AEBAGAAAAAAAAAAAAAAAAAAAAA", ERR_OK, 1 },
		{ "three hubs", "AEBAGAAAAAAAAAAAAAAAAAAAAA~a:1,b:2,c:3", ERR_INVALID, 0 },
		{ "no hub after the ~", "AEBAGAAAAAAAAAAAAAAAAAAAAA@a:1~", ERR_INVALID, 0 },
		{ "the hub first", "AEBAGAAAAAAAAAAAAAAAAAAAAA~a:1@b:1", ERR_INVALID, 0 },
		{ "two @", "AEBAGAAAAAAAAAAAAAAAAAAAAA@a:1@b:1", ERR_INVALID, 0 },
	};
	char text[JOIN_CODE_CHARS + 1];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct join_code code, again;

		CHECK_CASE(cases[i].name, join_code_parse(&code, cases[i].text, NULL), cases[i].want);
		if (cases[i].want != ERR_OK)
			continue;
		CHECK_CASE(cases[i].name, code.addr_count, cases[i].addrs);
		CHECK_CASE("its printed form", join_code_parse(&again, join_code_print(text, &code, true), NULL), ERR_OK);
		assert_memory_equal(&again, &code, sizeof(code));
		assert_memory_equal(code.secret, secret, 16);
	}
}

static void
an_invitation_holds_for_an_hour_and_for_one_device(void **state)
{
	const uint64_t s = 1000000000;
	uint8_t bo[32] = { 1 }, cia[32] = { 2 };
	struct invitation i;

	(void)state;
	invitation_open(&i, 50 * s, 1000);
	CHECK_CASE("fresh", invitation_allows(&i, 51 * s, 2000, bo), JOIN_YES);
	CHECK_CASE("just before the hour", invitation_allows(&i, (50 + 3600) * s - 1, 1000 + 3600 * 1000 - 1, bo), JOIN_YES);
	CHECK_CASE("over, though the wall clock was set back", invitation_allows(&i, (50 + 3600) * s, 0, bo), JOIN_NO_OVER);
	CHECK_CASE("over, though the machine slept", invitation_allows(&i, 51 * s, 1000 + 3600 * 1000, bo), JOIN_NO_OVER);
	i.asking = true;
	memcpy(i.asking_for, bo, 32);
	CHECK_CASE("she who waits may come again", invitation_allows(&i, 51 * s, 2000, bo), JOIN_YES);
	CHECK_CASE("another meanwhile", invitation_allows(&i, 51 * s, 2000, cia), JOIN_NO_BUSY);
	i.asking = false;
	i.used = true;
	memcpy(i.used_by, bo, 32);
	CHECK_CASE("used by her", invitation_allows(&i, 51 * s, 2000, bo), JOIN_YES);
	CHECK_CASE("used by another", invitation_allows(&i, 51 * s, 2000, cia), JOIN_NO_USED);
}

/* ---- a node at the door: its env's network is a wire in our hands ---- */

struct env_conn { const struct conn_events *ev; void *ctx; struct buf sent; bool closed; };
struct env_listener { void (*accept)(void *ctx, struct env_conn *c, const char *from); void *ctx; };
struct env_timer { void (*cb)(void *ctx); void *ctx; uint64_t ns; bool dead; };

static struct env_listener door;
static bool door_open;
static struct env_timer timers[64];
static size_t timer_count;

static struct env_timer *
fake_timer(struct env *env, uint64_t ns, void (*cb)(void *ctx), void *ctx)
{
	(void)env;
	assert_true(timer_count < COUNT_OF(timers));
	timers[timer_count] = (struct env_timer){ cb, ctx, ns, false };
	return &timers[timer_count++];
}

static void
fake_timer_stop(struct env *env, struct env_timer *t)
{
	(void)env;
	t->dead = true;
}

static enum err_code
fake_listen(struct env *env, const char *addr, void (*accept)(void *ctx, struct env_conn *c, const char *from), void *ctx,
            struct env_listener **out, struct err *err)
{
	(void)env;
	(void)addr;
	(void)err;
	door = (struct env_listener){ accept, ctx };
	door_open = true;
	*out = &door;
	return ERR_OK;
}

static void
fake_listen_stop(struct env *env, struct env_listener *l)
{
	(void)env;
	(void)l;
	door_open = false;
}

static int
fake_port(struct env *env, struct env_listener *l)
{
	(void)env;
	(void)l;
	return 4711;
}

static void
fake_events(struct env *env, struct env_conn *c, const struct conn_events *ev, void *ctx)
{
	(void)env;
	c->ev = ev;
	c->ctx = ctx;
}

static enum err_code
fake_send(struct env *env, struct env_conn *c, struct bytes data)
{
	(void)env;
	if (c->closed)
		return ERR_NETWORK;
	mem_hold();
	buf_put_bytes(&c->sent, data);
	mem_release();
	return ERR_OK;
}

static void
fake_close(struct env *env, struct env_conn *c)
{
	(void)env;
	c->closed = true;
}

/* No datagrams here: the codes of these tests have addresses. */
static enum err_code
fake_cast(struct env *env, const struct cast_events *ev, void *ctx, struct env_cast **out, struct err *err)
{
	(void)env;
	(void)ev;
	(void)ctx;
	(void)out;
	return err_set(err, ERR_NETWORK, "no datagrams");
}

static void
begin(struct nodes *o)
{
	static const struct env_ops ops = {
		.mono_ns = posix_mono_ns, .wall_ms = nodes_wall_ms, .random = fixed_random, .log = site_silent, .timer = fake_timer,
		.timer_stop = fake_timer_stop, .listen = fake_listen, .listen_stop = fake_listen_stop, .listen_port = fake_port,
		.conn_events = fake_events, .send = fake_send, .close = fake_close, .cast_open = fake_cast,
	};

	nodes_start(o);
	o->env->ops = &ops;
	timer_count = 0;
}

static struct invite_info
invite(struct nodes *o, bool yes)
{
	struct invite_wish wish = { .role = ROLE_ADVISOR, .teams = &o->team, .team_count = 1, .listen = "192.0.2.1:0", .yes = yes };
	struct invite_info info;

	SITE_OK(node_invite(o->first, &wish, &info, err));
	return info;
}

/* A newcomer's home and its link. */
struct visitor { struct home home; struct join *join; struct env_conn conn; size_t read; enum join_event last; size_t from_us; };

static void
visit(struct nodes *o, struct visitor *v, const char *code, const uint8_t *org)
{
	static const uint8_t nonce[16] = { 92 };
	static uint8_t e_sk[32] = { 91 };
	struct join_code parsed;
	struct buf request = BUF_INIT;

	e_sk[1]++; /* a fresh one for every link: a first message that was heard before is not answered */
	SITE_OK(join_code_parse(&parsed, code, err));
	SITE_OK(home_request(&v->home, &request, err));
	v->conn = (struct env_conn){ .closed = false };
	v->read = v->from_us = 0;
	v->last = JOIN_MORE;
	v->join = join_new_newcomer(&parsed, v->home.keys->device.noise_sk, e_sk, nonce, buf_bytes(&request), org);
	assert_true(door_open);
	door.accept(door.ctx, &v->conn, "test");
	buf_free(&request);
	(void)o;
}

static void
visit_ends(struct visitor *v)
{
	if (!v->conn.closed)
		v->conn.ev->closed(v->conn.ctx, &v->conn, ERR_OK);
	join_free(v->join);
	v->join = NULL;
	buf_free(&v->conn.sent);
}

/* Bytes go to and fro until both are silent, or we have sent `max` frames or handshake messages. Where memory fails, it fails at the door. */
static void
exchange(struct visitor *v, size_t max)
{
	struct buf out = BUF_INIT;

	mem_hold();
	if (v->from_us == 0)
		SITE_OK(join_start(v->join, &out, err));
	while (v->last != JOIN_WELCOME && v->last != JOIN_REFUSED) {
		struct bytes in = BYTES(v->conn.sent.p + v->read, v->conn.sent.len - v->read);
		enum join_event what = JOIN_MORE;

		v->read = v->conn.sent.len;
		do {
			if (join_receive(v->join, &in, &out, &what, NULL) != ERR_OK)
				break;
			v->last = what == JOIN_MORE ? v->last : what;
		} while (what != JOIN_MORE && what != JOIN_WELCOME && what != JOIN_REFUSED);
		if (out.len == 0 || v->conn.closed || v->from_us == max)
			break;
		v->from_us++;
		mem_release();
		v->conn.ev->data(v->conn.ctx, &v->conn, out.p, out.len);
		mem_hold();
		buf_clear(&out);
	}
	buf_free(&out);
	mem_release();
}

static void
take(struct visitor *v, bool say_so)
{
	struct buf out = BUF_INIT;
	struct welcome w;

	assert_int_equal(v->last, JOIN_WELCOME);
	SITE_OK(welcome_open(&w, &v->home, join_welcome(v->join), err));
	SITE_OK(welcome_accept(&v->home, &w, err));
	welcome_free(&w);
	SITE_OK(join_taken(v->join, &out, err));
	if (say_so)
		v->conn.ev->data(v->conn.ctx, &v->conn, out.p, out.len);
	buf_free(&out);
}

static size_t
members(struct nodes *o)
{
	return org_device_count(node_org(o->first));
}

static void
a_confirmed_newcomer_is_a_member_and_the_code_is_spent(void **state)
{
	struct visitor v = { .read = 0 };
	struct invite_info info;
	struct nodes o;

	(void)state;
	begin(&o);
	nodes_home(&o, "bo", &v.home);
	info = invite(&o, false);
	assert_non_null(strstr(info.code, "@192.0.2.1:4711"));
	visit(&o, &v, info.code, NULL);
	exchange(&v, 9);
	node_invite_at(o.first, 0, &info);
	assert_int_equal(info.state, INVITE_ASKING);
	assert_string_equal(info.digits, join_sas(v.join));
	assert_string_equal(info.member, "bo");
	assert_int_equal(members(&o), 1);
	SITE_OK(node_invite_confirm(o.first, info.code, true, err));
	assert_int_equal(members(&o), 2);
	exchange(&v, 9);
	take(&v, true);
	assert_int_equal(node_invite_count(o.first), 0);
	assert_false(door_open);
	visit_ends(&v);
	home_close(&v.home);
	o.node[1] = nodes_open(&o, 1);
	assert_true(org_reads(node_org(o.node[1]), &o.team, &node_self(o.node[1])->id));
	nodes_end(&o);
}

static void
refused_digits_admit_nobody_and_spend_the_code(void **state)
{
	struct visitor v = { .read = 0 };
	struct invite_info info;
	struct nodes o;

	(void)state;
	begin(&o);
	nodes_home(&o, "bo", &v.home);
	info = invite(&o, false);
	visit(&o, &v, info.code, NULL);
	exchange(&v, 9);
	SITE_OK(node_invite_confirm(o.first, info.code, false, err));
	exchange(&v, 9);
	assert_int_equal(v.last, JOIN_REFUSED);
	assert_int_equal(join_reason(v.join), JOIN_NO_DIGITS);
	assert_int_equal(members(&o), 1);
	assert_int_equal(node_invite_count(o.first), 0);
	visit_ends(&v);
	home_close(&v.home);
	o.count = 1;
	nodes_end(&o);
}

/* The link ends after each of the newcomer's messages in turn; then it comes again. */
static void
cut_after_any_message_a_join_is_resumed_with_the_same_code(void **state)
{
	(void)state;
	for (size_t cut = 1; cut <= 4; cut++) {
		struct visitor v = { .read = 0 };
		struct invite_info info;
		struct nodes o;

		begin(&o);
		nodes_home(&o, "bo", &v.home);
		info = invite(&o, true);
		visit(&o, &v, info.code, NULL);
		exchange(&v, cut);
		if (v.last == JOIN_WELCOME)
			take(&v, false); /* and TAKEN is lost */
		visit_ends(&v);
		assert_true(members(&o) == 1 || node_invite_count(o.first) == 1);
		visit(&o, &v, info.code, v.home.keys->network_count > 0 ? v.home.keys->org.b : NULL);
		exchange(&v, 9);
		take(&v, true);
		CHECK_CASE("one member more", members(&o), 2);
		CHECK_CASE("the code is spent", node_invite_count(o.first), 0);
		visit_ends(&v);
		home_close(&v.home);
		o.count = 1;
		nodes_end(&o);
	}
}

/* True when it came to that. */
static bool
joins_short_of_memory(long nth, bool lasting)
{
	struct visitor v = { .read = 0 };
	struct invite_info info;
	struct nodes o;
	bool struck;

	begin(&o);
	nodes_home(&o, "bo", &v.home);
	info = invite(&o, true);
	visit(&o, &v, info.code, NULL);
	mem_fail_after(nth, lasting);
	exchange(&v, 9);
	struck = mem_allocations() > nth;
	mem_fail_after(-1, 0);
	for (int again = 0; again < 2 && v.last != JOIN_WELCOME && door_open; again++) {
		visit_ends(&v);
		visit(&o, &v, info.code, NULL);
		exchange(&v, 9);
	}
	if (v.last != JOIN_WELCOME) { /* a store that could not be read back gives nothing to anybody before it is opened anew */
		assert_true(replica_lost(node_replica(o.first)));
		visit_ends(&v);
		o.first = nodes_reopen(&o, o.first);
		info = invite(&o, true);
		visit(&o, &v, info.code, NULL);
		exchange(&v, 9);
	}
	take(&v, true);
	CHECK_CASE("one member more", members(&o), 2);
	CHECK_CASE("the code is spent", node_invite_count(o.first), 0);
	visit_ends(&v);
	home_close(&v.home);
	o.first = nodes_reopen(&o, o.first);
	CHECK_CASE("and it is written", members(&o), 2);
	o.count = 1;
	nodes_end(&o);
	return struck;
}

static void
an_inviter_short_of_memory_admits_once_and_gives_a_whole_welcome(void **state)
{
	enum { STEP = 11 }; /* of some hundred allocations every so many, others with each kind */

	(void)state;
	for (int lasting = 0; lasting < 2; lasting++) {
		long n = lasting * 5;

		while (joins_short_of_memory(n, lasting != 0))
			n += STEP;
		assert_true(n > STEP);
	}
}

static void
a_recorded_knock_gets_not_a_single_byte(void **state)
{
	struct env_conn again = { .closed = false };
	struct buf said = BUF_INIT;
	struct visitor bo;
	struct nodes o;

	(void)state;
	begin(&o);
	nodes_home(&o, "bo", &bo.home);
	visit(&o, &bo, invite(&o, false).code, NULL);
	SITE_OK(join_start(bo.join, &said, err));
	bo.conn.ev->data(bo.conn.ctx, &bo.conn, said.p, said.len);
	assert_int_equal(bo.conn.sent.len, 96);
	door.accept(door.ctx, &again, "a stranger");
	again.ev->data(again.ctx, &again, said.p, said.len);
	assert_int_equal(again.sent.len, 0);
	assert_true(again.closed);
	buf_free(&said);
	buf_free(&again.sent);
	visit_ends(&bo);
	home_close(&bo.home);
	nodes_end(&o);
}

static void
a_second_device_does_not_get_in_with_a_used_code(void **state)
{
	struct visitor bo = { .read = 0 }, cia = { .read = 0 };
	struct invite_info info;
	struct nodes o;

	(void)state;
	begin(&o);
	nodes_home(&o, "bo", &bo.home);
	nodes_home(&o, "cia", &cia.home);
	info = invite(&o, false);
	visit(&o, &bo, info.code, NULL);
	exchange(&bo, 9);
	visit(&o, &cia, info.code, NULL);
	exchange(&cia, 9);
	assert_int_equal(join_reason(cia.join), JOIN_NO_BUSY);
	visit_ends(&cia);
	SITE_OK(node_invite_confirm(o.first, info.code, true, err));
	visit(&o, &cia, info.code, NULL);
	exchange(&cia, 9);
	assert_int_equal(join_reason(cia.join), JOIN_NO_USED);
	visit_ends(&cia);
	assert_int_equal(members(&o), 2);
	assert_int_equal(node_invite_withdraw(o.first, info.code, NULL), ERR_REFUSED);
	visit_ends(&bo);
	info = invite(&o, false); /* and with another code bo gets its welcome, unasked */
	visit(&o, &bo, info.code, NULL);
	exchange(&bo, 9);
	take(&bo, true);
	assert_int_equal(members(&o), 2);
	visit_ends(&bo);
	home_close(&bo.home);
	home_close(&cia.home);
	o.count = 1;
	nodes_end(&o);
}

static void
after_the_hour_nobody_gets_in_even_if_the_timer_slept(void **state)
{
	struct visitor v = { .read = 0 };
	struct invite_info info;
	struct nodes o;

	(void)state;
	begin(&o);
	nodes_home(&o, "bo", &v.home);
	info = invite(&o, false);
	visit(&o, &v, info.code, NULL);
	exchange(&v, 9);
	nodes_clock_ms += 3600 * 1000;
	assert_int_equal(node_invite_confirm(o.first, info.code, true, NULL), ERR_REFUSED);
	visit_ends(&v);
	visit(&o, &v, info.code, NULL);
	exchange(&v, 9);
	assert_int_equal(join_reason(v.join), JOIN_NO_OVER);
	visit_ends(&v);
	assert_int_equal(timers[0].ns, 3600000000000u);
	timers[0].cb(timers[0].ctx);
	assert_false(door_open);
	assert_int_equal(node_invite_count(o.first), 0);
	assert_int_equal(members(&o), 1);
	home_close(&v.home);
	o.count = 1;
	nodes_end(&o);
}

static void
a_home_of_another_organisation_is_not_admitted(void **state)
{
	static const uint8_t other[32] = { 5 };
	struct visitor v = { .read = 0 };
	struct invite_info info;
	struct nodes o;

	(void)state;
	begin(&o);
	nodes_home(&o, "bo", &v.home);
	info = invite(&o, true);
	visit(&o, &v, info.code, other);
	exchange(&v, 9);
	assert_int_equal(join_reason(v.join), JOIN_NO_OTHER_ORG);
	assert_int_equal(members(&o), 1);
	visit_ends(&v);
	SITE_OK(node_invite_withdraw(o.first, info.code, err));
	assert_false(door_open);
	assert_int_equal(node_invite_withdraw(o.first, info.code, NULL), ERR_UNKNOWN);
	home_close(&v.home);
	o.count = 1;
	nodes_end(&o);
}

static void
only_a_coordinator_invites(void **state)
{
	struct invite_wish wish = { .role = ROLE_ADVISOR, .listen = "127.0.0.1:0" };
	struct invite_info info;
	struct node *dalby;
	struct nodes o;

	(void)state;
	begin(&o);
	dalby = nodes_join(&o, "dalby", true);
	assert_int_equal(node_invite(dalby, &wish, &info, NULL), ERR_REFUSED);
	wish.role = 9;
	assert_int_equal(node_invite(o.first, &wish, &info, NULL), ERR_INVALID);
	wish.role = ROLE_HUB;
	wish.teams = &o.team;
	wish.team_count = 1;
	assert_int_equal(node_invite(o.first, &wish, &info, NULL), ERR_INVALID);
	wish.team_count = 0;
	wish.listen = "0.0.0.0:0";
	assert_int_equal(node_invite(o.first, &wish, &info, NULL), ERR_INVALID);
	assert_false(door_open);
	nodes_end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_show_the_same_digits_and_the_welcome_arrives_whole),
		cmocka_unit_test(a_wrong_code_gets_not_a_single_byte),
		cmocka_unit_test(a_newcomer_with_the_key_tells_another_inviter_nothing),
		cmocka_unit_test(digits_that_were_refused_end_it_with_a_reason),
		cmocka_unit_test(cut_at_any_byte_nobody_believes_that_it_is_finished),
		cmocka_unit_test(one_changed_bit_anywhere_ends_the_link),
		cmocka_unit_test(what_was_recorded_opens_nothing_the_second_time),
		cmocka_unit_test(messages_out_of_turn_or_out_of_form_end_the_link),
		cmocka_unit_test(a_code_reads_back_and_what_is_none_is_refused),
		cmocka_unit_test(an_invitation_holds_for_an_hour_and_for_one_device),
		cmocka_unit_test(a_confirmed_newcomer_is_a_member_and_the_code_is_spent),
		cmocka_unit_test(refused_digits_admit_nobody_and_spend_the_code),
		cmocka_unit_test(cut_after_any_message_a_join_is_resumed_with_the_same_code),
		cmocka_unit_test(an_inviter_short_of_memory_admits_once_and_gives_a_whole_welcome),
		cmocka_unit_test(a_recorded_knock_gets_not_a_single_byte),
		cmocka_unit_test(a_second_device_does_not_get_in_with_a_used_code),
		cmocka_unit_test(after_the_hour_nobody_gets_in_even_if_the_timer_slept),
		cmocka_unit_test(a_home_of_another_organisation_is_not_admitted),
		cmocka_unit_test(only_a_coordinator_invites),
	};

	if (!crypto_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
