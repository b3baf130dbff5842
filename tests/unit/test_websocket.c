/* Streams over WebSockets on this machine: whole both ways, held back by who does not read, over when they are over. And addresses. */
#include <stdlib.h>
#include <uv.h>

#include "base/mem.h"
#include "check.h"
#include "link/join.h"
#include "link/url.h"
#include "net/net.h"

enum { STREAM_BYTES = 24 << 20, WAIT_MS = 60000 };

/* One end: sends a stream that its position determines, and checks the one that comes. */
struct end {
	struct env *env;
	struct env_conn *conn;
	uint64_t to_send, sent, got;
	bool opened, closed, refused, wrong;
	enum err_code why;
	char trouble[160];
	bool *done;          /* set when `got` has reached `expects`, or it is closed */
	uint64_t expects;
};

static struct end server;
static bool accept_listens = true;

static uint8_t
byte_at(uint64_t i)
{
	return (uint8_t)((i * 2654435761u) >> 13);
}

static void
pump(struct end *e)
{
	static uint8_t piece[200000];
	static const size_t sizes[] = { 1, 60, 4095, 4096, 4097, 65536, 70001, 200000 };

	while (e->conn != NULL && e->sent < e->to_send) {
		size_t n = sizes[(e->sent / 7) % COUNT_OF(sizes)];
		enum err_code rc;

		if (n > e->to_send - e->sent)
			n = (size_t)(e->to_send - e->sent);
		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(e->sent + i);
		rc = e->env->ops->send(e->env, e->conn, BYTES(piece, n));
		if (rc == ERR_TOO_BIG)
			e->refused = true;
		if (rc == ERR_NO_MEMORY) { /* what has been said lacks a piece: nobody goes on with that */
			e->env->ops->close(e->env, e->conn);
			e->conn = NULL;
			e->closed = true;
			if (e->done != NULL)
				*e->done = true;
		}
		if (rc != ERR_OK)
			return;
		e->sent += n;
	}
}

static void
on_opened(void *ctx, struct env_conn *c)
{
	struct end *e = ctx;

	e->conn = c;
	e->opened = true;
	pump(e);
}

static void
on_data(void *ctx, struct env_conn *c, const uint8_t *p, size_t n)
{
	struct end *e = ctx;

	(void)c;
	for (size_t i = 0; i < n; i++)
		e->wrong = e->wrong || p[i] != byte_at(e->got + i);
	e->got += n;
	if (e->done != NULL && e->got >= e->expects)
		*e->done = true;
}

static void
on_drained(void *ctx, struct env_conn *c)
{
	(void)c;
	pump(ctx);
}

static void
on_closed(void *ctx, struct env_conn *c, enum err_code why)
{
	struct end *e = ctx;

	snprintf(e->trouble, sizeof(e->trouble), "%s", env_trouble(e->env, c, why));
	e->conn = NULL;
	e->closed = true;
	e->why = why;
	if (e->done != NULL)
		*e->done = true;
}

static const struct conn_events events = { on_opened, on_data, on_drained, on_closed };

static void
on_accept(void *ctx, struct env_conn *c, const char *from)
{
	struct env *env = ctx;

	assert_true(url_is(from));
	server.conn = c;
	server.opened = true;
	if (accept_listens)
		env->ops->conn_events(env, c, &events, &server);
	pump(&server);
}

struct room { struct env *env; struct env_listener *listener; struct end client; char url[64]; };

static void
room_open(struct room *r)
{
	struct err err = ERR_INIT;

	memset(r, 0, sizeof(*r));
	memset(&server, 0, sizeof(server));
	accept_listens = true;
	r->env = net_env_new(NULL);
	assert_non_null(r->env);
	server.env = r->client.env = r->env;
	if (r->env->ops->listen(r->env, "ws://127.0.0.1:0/room", on_accept, r->env, &r->listener, &err) != ERR_OK)
		fail_msg("%s", err.text);
	snprintf(r->url, sizeof(r->url), "ws://127.0.0.1:%d/room", r->env->ops->listen_port(r->env, r->listener));
}

static void
room_dial(struct room *r, const char *url)
{
	struct err err = ERR_INIT;

	if (r->env->ops->dial(r->env, url, &events, &r->client, &r->client.conn, &err) != ERR_OK)
		fail_msg("%s", err.text);
}

static void
room_close(struct room *r)
{
	if (r->listener != NULL)
		r->env->ops->listen_stop(r->env, r->listener);
	net_env_free(r->env);
}

/* ---- streams ---- */

static void
a_stream_comes_out_as_it_went_in_both_ways(void **state)
{
	struct room r;
	bool first = false, second = false;

	(void)state;
	room_open(&r);
	r.client.to_send = server.to_send = STREAM_BYTES;
	r.client.expects = server.expects = STREAM_BYTES;
	r.client.done = &first;
	server.done = &second;
	room_dial(&r, r.url);
	net_run(r.env, &first, WAIT_MS);
	net_run(r.env, &second, WAIT_MS);
	assert_int_equal(r.client.got, STREAM_BYTES);
	assert_int_equal(server.got, STREAM_BYTES);
	assert_false(r.client.wrong || server.wrong);
	assert_true(r.client.refused); /* more than the queue holds was offered: or this proves nothing about it */
	room_close(&r);
}

static void
who_does_not_read_holds_the_sender_back(void **state)
{
	struct room r;
	bool all = false;
	uint64_t stuck;

	(void)state;
	room_open(&r);
	r.client.to_send = 4ull * STREAM_BYTES;
	server.expects = r.client.to_send;
	server.done = &all;
	room_dial(&r, r.url);
	while (server.got < 100000)
		net_run(r.env, NULL, 1);
	r.env->ops->pause(r.env, server.conn, true);
	for (int quiet = 0; quiet < 20;) { /* until nothing moves any more */
		uint64_t sent = r.client.sent, got = server.got;

		net_run(r.env, NULL, 20);
		quiet = sent == r.client.sent && got == server.got ? quiet + 1 : 0;
	}
	stuck = r.client.sent;
	assert_true(r.client.refused && stuck < r.client.to_send);
	assert_false(all);
	for (int i = 0; i < 3; i++) { /* a few steps at a time */
		r.env->ops->pause(r.env, server.conn, false);
		net_run(r.env, NULL, 3);
		if (server.conn != NULL)
			r.env->ops->pause(r.env, server.conn, true);
	}
	r.env->ops->pause(r.env, server.conn, false);
	net_run(r.env, &all, WAIT_MS);
	assert_int_equal(server.got, r.client.to_send);
	assert_false(server.wrong);
	room_close(&r);
}

static void
what_comes_before_somebody_listens_is_kept(void **state)
{
	struct room r;
	bool all = false;

	(void)state;
	room_open(&r);
	accept_listens = false;
	r.client.to_send = 300000;
	server.expects = 300000;
	server.done = &all;
	room_dial(&r, r.url);
	while (!server.opened)
		net_run(r.env, NULL, 1);
	net_run(r.env, NULL, 50);
	assert_int_equal(server.got, 0);
	r.env->ops->conn_events(r.env, server.conn, &events, &server);
	net_run(r.env, &all, WAIT_MS);
	assert_int_equal(server.got, 300000);
	assert_false(server.wrong);
	room_close(&r);
}

static void
what_was_queued_when_it_was_closed_arrives(void **state)
{
	struct room r;
	bool end = false;

	(void)state;
	room_open(&r);
	r.client.to_send = 3 << 20;
	room_dial(&r, r.url);
	while (r.client.sent < r.client.to_send)
		net_run(r.env, NULL, 1);
	server.done = &end;
	server.expects = UINT64_MAX;
	r.env->ops->close(r.env, r.client.conn);
	r.client.conn = NULL;
	net_run(r.env, &end, WAIT_MS);
	assert_true(server.closed);
	assert_int_equal(server.why, ERR_OK);
	assert_int_equal(server.got, 3 << 20);
	assert_false(server.wrong);
	assert_false(r.client.closed); /* who closes is not told */
	room_close(&r);
}

static void
connections_outlive_their_listener(void **state)
{
	struct room r;
	bool all = false, over = false;
	struct end late = { .done = &over };

	(void)state;
	room_open(&r);
	room_dial(&r, r.url);
	while (!server.opened || !r.client.opened)
		net_run(r.env, NULL, 1);
	r.env->ops->listen_stop(r.env, r.listener);
	r.listener = NULL;
	r.client.to_send = server.expects = 100000;
	server.done = &all;
	pump(&r.client);
	net_run(r.env, &all, WAIT_MS);
	assert_int_equal(server.got, 100000);
	late.env = r.env;
	assert_int_equal(r.env->ops->dial(r.env, r.url, &events, &late, &late.conn, NULL), ERR_OK);
	net_run(r.env, &over, WAIT_MS);
	assert_true(late.closed && !late.opened);
	room_close(&r);
}

/* Whoever starts a program anew at its old address must not wait for the links of the one that stops. */
static void
a_port_is_free_as_soon_as_its_listener_has_stopped(void **state)
{
	struct env_listener *taken = NULL;
	struct env *other = net_env_new(NULL);
	struct err err = ERR_INIT;
	bool all = false;
	struct room r;

	(void)state;
	assert_non_null(other);
	room_open(&r);
	room_dial(&r, r.url);
	while (!server.opened || !r.client.opened)
		net_run(r.env, NULL, 1);
	assert_int_equal(other->ops->listen(other, r.url, on_accept, other, &taken, &err), ERR_NETWORK); /* or the rest proves nothing */
	assert_non_null(strstr(err.text, r.url));
	r.env->ops->listen_stop(r.env, r.listener);
	r.listener = NULL;
	err = (struct err)ERR_INIT; /* and not a turn of the loop later */
	if (other->ops->listen(other, r.url, on_accept, other, &taken, &err) != ERR_OK)
		fail_msg("%s", err.text);
	r.client.to_send = server.expects = 100000; /* while its own link lives on */
	server.done = &all;
	pump(&r.client);
	net_run(r.env, &all, WAIT_MS);
	assert_int_equal(server.got, 100000);
	other->ops->listen_stop(other, taken);
	net_env_free(other);
	room_close(&r);
}

/* ---- ends that are no connections ---- */

static void
count_polls(uv_handle_t *h, void *n)
{
	*(size_t *)n += h->type == UV_POLL;
}

static size_t
polls(struct env *env)
{
	size_t n = 0;

	uv_walk(net_loop(env), count_polls, &n);
	return n;
}

static void
a_dial_that_fails_says_why_and_leaves_nothing_behind(void **state)
{
	static const struct { const char *name, *url, *says; } cases[] = {
		{ "nobody listens", "ws://127.0.0.1:1/room", "nobody answers at 127.0.0.1 port 1" },
		{ "no such network", "ws://255.255.255.255:1/room", "nobody answers" },
		{ "no such name", "ws://nosuch.invalid/room", "nosuch.invalid: " },
		{ "TLS where there is none", NULL, "speaks no TLS" },
		{ "another path", NULL, "is the path right?" },
	};
	struct room r;
	size_t before;

	(void)state;
	room_open(&r);
	before = polls(r.env);
	for (int round = 0; round < 5; round++)
		for (size_t i = 0; i < COUNT_OF(cases); i++) {
			struct end e = { .env = r.env };
			bool over = false;
			char url[80];
			int port = r.env->ops->listen_port(r.env, r.listener);

			e.done = &over;
			snprintf(url, sizeof(url), i == 3 ? "wss://127.0.0.1:%d/room" : "ws://127.0.0.1:%d/other", port);
			assert_int_equal(r.env->ops->dial(r.env, cases[i].url != NULL ? cases[i].url : url, &events, &e, &e.conn, NULL), ERR_OK);
			net_run(r.env, &over, WAIT_MS);
			CHECK_TRUE(cases[i].name, e.closed && !e.opened);
			CHECK_CASE(cases[i].name, e.why, ERR_NETWORK);
			if (strstr(e.trouble, cases[i].says) == NULL)
				fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].name, e.trouble, cases[i].says);
		}
	for (int i = 0; i < 100 && polls(r.env) > before; i++)
		net_run(r.env, NULL, 10); /* the other sides of those that did connect */
	assert_int_equal(polls(r.env), before);
	assert_false(server.opened);
	room_close(&r);
}

static void
a_dial_given_up_at_any_moment_does_no_harm(void **state)
{
	(void)state;
	for (int turns = 0; turns < 12; turns++) {
		struct room r;

		room_open(&r);
		room_dial(&r, r.url);
		for (int i = 0; i < turns; i++)
			uv_run((uv_loop_t *)net_loop(r.env), UV_RUN_NOWAIT);
		if (!r.client.closed && r.client.conn != NULL)
			r.env->ops->close(r.env, r.client.conn);
		r.client.conn = NULL;
		net_run(r.env, NULL, 5);
		room_close(&r);
	}
}

/* From the dial on one allocation fails, or all do, at either end. True when it came to that. */
static bool
short_of_memory(long nth, bool lasting)
{
	enum { BYTES_SENT = 300000 };
	bool done = false, heard = false, struck;
	struct err err = ERR_INIT;
	struct room r;

	room_open(&r);
	r.client.to_send = server.to_send = r.client.expects = server.expects = BYTES_SENT;
	r.client.done = &done;
	server.done = &heard;
	mem_fail_after(nth, lasting);
	if (r.env->ops->dial(r.env, r.url, &events, &r.client, &r.client.conn, &err) == ERR_OK)
		net_run(r.env, &done, WAIT_MS);
	else
		assert_true(err.code == ERR_NO_MEMORY && err.text[0] != '\0');
	struck = mem_allocations() > nth;
	mem_fail_after(-1, 0);
	assert_false(r.client.wrong || server.wrong); /* what came is the beginning of what went */
	assert_true(err.code != ERR_OK || r.client.closed || r.client.got == BYTES_SENT);
	assert_true(struck || (r.client.got == BYTES_SENT && !r.client.closed));
	if (r.client.conn != NULL)
		r.env->ops->close(r.env, r.client.conn);
	if (server.conn != NULL)
		net_run(r.env, &heard, WAIT_MS);
	/* And the next one is served. */
	done = false;
	memset(&server, 0, sizeof(server));
	r.client = (struct end){ .env = r.env, .expects = BYTES_SENT, .to_send = BYTES_SENT, .done = &done };
	server.env = r.env;
	server.to_send = BYTES_SENT;
	room_dial(&r, r.url);
	net_run(r.env, &done, WAIT_MS);
	assert_int_equal(r.client.got, BYTES_SENT);
	assert_false(r.client.wrong);
	room_close(&r);
	return struck;
}

static void
a_connection_that_lacks_memory_is_over_or_whole_and_the_port_serves_on(void **state)
{
	(void)state;
	for (int lasting = 0; lasting < 2; lasting++) {
		long n = 0;

		while (short_of_memory(n, lasting != 0))
			n++;
		assert_true(n >= 4); /* there were such allocations */
	}
}

static void
an_env_that_ends_takes_its_connections_along(void **state)
{
	struct room r;

	(void)state;
	room_open(&r);
	r.client.to_send = server.to_send = STREAM_BYTES;
	room_dial(&r, r.url);
	while (server.got < 1000000)
		net_run(r.env, NULL, 1);
	room_close(&r);
	assert_false(r.client.closed || server.closed);
}

/* ---- addresses ---- */

static void
addresses_are_read_as_the_table_says(void **state)
{
	static const struct { const char *text; bool ok, tls; const char *host; unsigned port; const char *path, *authority; } cases[] = {
		{ "wss://hub.example.org/faltbok", true, true, "hub.example.org", 443, "/faltbok", "hub.example.org" },
		{ "WSS://hub.example.org", true, true, "hub.example.org", 443, "/", "hub.example.org" },
		{ "wss://hub:8443/a/b-c_d.e", true, true, "hub", 8443, "/a/b-c_d.e", "hub:8443" },
		{ "wss://hub:443/", true, true, "hub", 443, "/", "hub" },
		{ "ws://127.0.0.1:8046/f", true, false, "127.0.0.1", 8046, "/f", "127.0.0.1:8046" },
		{ "ws://[::1]:8046/f", true, false, "::1", 8046, "/f", "[::1]:8046" },
		{ "ws://hub/", true, false, "hub", 80, "/", "hub" },
		{ "wss://[::1]/f", false, false, "", 0, "", "" },
		{ "wss://", false, false, "", 0, "", "" },
		{ "wss:///f", false, false, "", 0, "", "" },
		{ "wss://hub:0/", false, false, "", 0, "", "" },
		{ "wss://hub:/", false, false, "", 0, "", "" },
		{ "wss://hub:065/", false, false, "", 0, "", "" },
		{ "wss://hub:65536/", false, false, "", 0, "", "" },
		{ "wss://hub:123456/", false, false, "", 0, "", "" },
		{ "wss://me:secret@hub/", false, false, "", 0, "", "" },
		{ "wss://hub/a?b", false, false, "", 0, "", "" },
		{ "wss://hub/a#b", false, false, "", 0, "", "" },
		{ "wss://hub/a,b", false, false, "", 0, "", "" },
		{ "wss://hub/a~b", false, false, "", 0, "", "" },
		{ "wss://hub/a b", false, false, "", 0, "", "" },
		{ "wss://hub name/", false, false, "", 0, "", "" },
		{ "ws://[::1/f", false, false, "", 0, "", "" },
		{ "ws://[abc]/f", false, false, "", 0, "", "" },
		{ "https://hub/", false, false, "", 0, "", "" },
		{ "hub:4711", false, false, "", 0, "", "" },
	};
	char authority[URL_CHARS + 1];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = ERR_INIT;
		struct url u;

		CHECK_CASE(cases[i].text, url_parse(&u, cases[i].text, false, &err) == ERR_OK, cases[i].ok);
		CHECK_TRUE(cases[i].text, cases[i].ok || (err.code == ERR_NETWORK && err.text[0] != '\0'));
		CHECK_CASE(cases[i].text, url_is(cases[i].text) && join_addr_ok(cases[i].text), cases[i].ok);
		if (!cases[i].ok)
			continue;
		CHECK_CASE(cases[i].text, u.tls, cases[i].tls);
		CHECK_CASE(cases[i].text, u.port, cases[i].port);
		assert_string_equal(u.host, cases[i].host);
		assert_string_equal(u.path, cases[i].path);
		assert_string_equal(url_authority(authority, &u), cases[i].authority);
	}
}

static void
a_url_that_is_too_long_is_refused_and_one_that_just_fits_is_not(void **state)
{
	char text[URL_CHARS + 2];
	struct url u;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "wss://hub/", 10);
	text[URL_CHARS] = '\0';
	assert_int_equal(url_parse(&u, text, false, NULL), ERR_OK);
	text[URL_CHARS] = 'a';
	text[URL_CHARS + 1] = '\0';
	assert_int_equal(url_parse(&u, text, false, NULL), ERR_NETWORK);
	memset(text + 6, 'h', URL_HOST_CHARS + 1); /* a host of 65 */
	text[6 + URL_HOST_CHARS + 1] = '\0';
	assert_int_equal(url_parse(&u, text, false, NULL), ERR_NETWORK);
	text[6 + URL_HOST_CHARS] = '\0';
	assert_int_equal(url_parse(&u, text, false, NULL), ERR_OK);
}

static void
no_proxy_names_hosts_and_what_is_below_them(void **state)
{
	static const struct { const char *host, *list; bool listed; } cases[] = {
		{ "hub.lund.se", "lund.se", true }, { "hub.lund.se", ".lund.se", true }, { "hub.lund.se", "example.org, hub.lund.se", true },
		{ "hub.lund.se", "*", true }, { "hub.lund.se", "und.se", false }, { "hub.lund.se", "", false }, { "hub.lund.se", " , ,", false },
		{ "lund.se", "hub.lund.se", false }, { "HUB.Lund.se", "lund.SE", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[URL_CHARS + 1];
		struct url u;

		snprintf(text, sizeof(text), "wss://%s/", cases[i].host);
		assert_int_equal(url_parse(&u, text, false, NULL), ERR_OK);
		CHECK_CASE(cases[i].list, url_host_listed(&u, cases[i].list), cases[i].listed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_as_the_table_says),
		cmocka_unit_test(a_url_that_is_too_long_is_refused_and_one_that_just_fits_is_not),
		cmocka_unit_test(no_proxy_names_hosts_and_what_is_below_them),
		cmocka_unit_test(a_stream_comes_out_as_it_went_in_both_ways),
		cmocka_unit_test(who_does_not_read_holds_the_sender_back),
		cmocka_unit_test(what_comes_before_somebody_listens_is_kept),
		cmocka_unit_test(what_was_queued_when_it_was_closed_arrives),
		cmocka_unit_test(connections_outlive_their_listener),
		cmocka_unit_test(a_port_is_free_as_soon_as_its_listener_has_stopped),
		cmocka_unit_test(a_dial_that_fails_says_why_and_leaves_nothing_behind),
		cmocka_unit_test(a_dial_given_up_at_any_moment_does_no_harm),
		cmocka_unit_test(a_connection_that_lacks_memory_is_over_or_whole_and_the_port_serves_on),
		cmocka_unit_test(an_env_that_ends_takes_its_connections_along),
	};

	setenv("SSL_CERT_FILE", "/dev/null", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
