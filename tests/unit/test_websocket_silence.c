/*
 * A WebSocket whose other end has fallen silent: stopped, or gone without a
 * word. Two environments; one is not run any more, and the kernel goes on
 * taking bytes for it, as for a process that was stopped. The clock that
 * libraries see is moved on by hand, so that a minute takes no time.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "check.h"
#include "net/net.h"

/* proto/transport.md, 2: "no sign of life" */
enum { SILENCE_S = 55, LEEWAY_S = 2, GIVE_UP_S = 300 };

static int64_t ahead_s;

/* In place of the C library's, for us and for every library. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc = (int)syscall(SYS_clock_gettime, id, ts);

	if (rc == 0 && (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE))
		ts->tv_sec += ahead_s;
	return rc;
}

struct end { struct env *env; struct env_conn *conn; bool opened, closed; size_t got; };

static void
on_opened(void *ctx, struct env_conn *c)
{
	struct end *e = ctx;

	e->conn = c;
	e->opened = true;
}

static void
on_data(void *ctx, struct env_conn *c, const uint8_t *p, size_t n)
{
	(void)c;
	(void)p;
	((struct end *)ctx)->got += n;
}

static void
on_drained(void *ctx, struct env_conn *c)
{
	(void)ctx;
	(void)c;
}

static void
on_closed(void *ctx, struct env_conn *c, enum err_code why)
{
	struct end *e = ctx;

	(void)c;
	(void)why;
	e->conn = NULL;
	e->closed = true;
}

static const struct conn_events events = { on_opened, on_data, on_drained, on_closed };

static void
on_accept(void *ctx, struct env_conn *c, const char *from)
{
	struct end *e = ctx;

	(void)from;
	on_opened(e, c);
	e->env->ops->conn_events(e->env, c, &events, e);
}

static void
turn(struct end *e)
{
	for (int i = 0; i < 5; i++)
		uv_run((uv_loop_t *)net_loop(e->env), UV_RUN_NOWAIT);
}

/* The seconds here fly and the kernel's do not: until nothing moves any more towards who holds `fd` and reads nothing. */
static void
kernel_rests(struct end *e, int fd)
{
	int waiting, before = -1;

	for (int same = 0; same < 50; before = waiting) {
		turn(e);
		(void)usleep(1000);
		assert_int_equal(ioctl(fd, FIONREAD, &waiting), 0);
		same = waiting == before ? same + 1 : 0;
	}
}

struct pair { struct end dialled, received; struct env_listener *listener; };

static void
pair_listen(struct pair *p, char url[64])
{
	struct err err = ERR_INIT;
	struct env *env = net_env_new(NULL);

	memset(p, 0, sizeof(*p));
	assert_non_null(env);
	p->received.env = env;
	if (env->ops->listen(env, "ws://127.0.0.1:0/room", on_accept, &p->received, &p->listener, &err) != ERR_OK)
		fail_msg("%s", err.text);
	snprintf(url, 64, "ws://127.0.0.1:%d/room", env->ops->listen_port(env, p->listener));
}

static void
pair_open(struct pair *p)
{
	struct err err = ERR_INIT;
	struct env *env;
	char url[64];

	pair_listen(p, url);
	env = p->dialled.env = net_env_new(NULL);
	assert_non_null(env);
	if (env->ops->dial(env, url, &events, &p->dialled, &p->dialled.conn, &err) != ERR_OK)
		fail_msg("%s", err.text);
	while (!p->dialled.opened || !p->received.opened) {
		turn(&p->dialled);
		turn(&p->received);
	}
}

static void
pair_close(struct pair *p)
{
	p->received.env->ops->listen_stop(p->received.env, p->listener);
	net_env_free(p->dialled.env);
	net_env_free(p->received.env);
}

/* Seconds until this end has given the link up, while nobody else does anything. */
static int
seconds_until_lost(struct end *e)
{
	int s = 0;

	while (!e->closed && s < GIVE_UP_S) {
		ahead_s++;
		s++;
		turn(e);
	}
	return s;
}

/* Until the queue takes no more: it waits for a peer that reads nothing. */
static void
fill(struct end *e)
{
	static const uint8_t piece[65536];

	while (e->env->ops->send(e->env, e->conn, BYTES(piece, sizeof(piece))) == ERR_OK)
		turn(e);
	assert_true(e->env->ops->unsent(e->env, e->conn) > sizeof(piece));
}

static void
a_peer_that_has_stopped_is_given_up_in_time_and_not_before(void **state)
{
	static const struct { const char *name; bool we_dialled, sending; } cases[] = {
		{ "we dialled", true, false }, { "we were dialled", false, false },
		{ "we dialled, and send", true, true }, { "we were dialled, and send", false, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct pair p;
		struct end *ours = cases[i].we_dialled ? &p.dialled : &p.received, *theirs = cases[i].we_dialled ? &p.received : &p.dialled;
		int s;

		pair_open(&p);
		if (cases[i].sending)
			fill(ours);
		s = seconds_until_lost(ours);
		if (s < SILENCE_S - LEEWAY_S || s > SILENCE_S + LEEWAY_S)
			fail_msg("%s: given up after %d seconds", cases[i].name, s);
		for (int turns = 0; turns < 1000 && !theirs->closed; turns++)
			turn(theirs); /* it goes on: and hears it */
		CHECK_TRUE(cases[i].name, theirs->closed);
		pair_close(&p);
	}
}

static void
a_link_on_which_nobody_has_anything_to_say_lives_on(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	for (int s = 0; s < GIVE_UP_S; s++) {
		ahead_s++;
		turn(&p.dialled);
		turn(&p.received);
	}
	assert_false(p.dialled.closed || p.received.closed);
	pair_close(&p);
}

/* ---- by hand ---- */

static int
upgraded_by_hand(struct pair *p)
{
	static const char request[] = "GET /room HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), at_once = 1;

	/* The kernel would hold small writes back by a clock that is not ours. */
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once)), 0);
	at.sin_port = htons((uint16_t)p->received.env->ops->listen_port(p->received.env, p->listener));
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
	while (!p->received.opened)
		turn(&p->received);
	return fd;
}

/* On a slow link a PONG may be long behind what was sent before it. */
static void
bytes_are_a_sign_of_life_even_where_no_pong_comes(void **state)
{
	static const uint8_t one_byte[] = { 0x82, 0x81, 0, 0, 0, 0, 'x' };
	struct pair p;
	char url[64];
	int fd, s;

	(void)state;
	pair_listen(&p, url);
	fd = upgraded_by_hand(&p);
	for (s = 0; s < GIVE_UP_S && !p.received.closed; s++) {
		if (s % 20 == 0)
			assert_int_equal(write(fd, one_byte, sizeof(one_byte)), sizeof(one_byte));
		ahead_s++;
		turn(&p.received);
	}
	if (p.received.closed)
		fail_msg("given up after %d seconds, while a byte came every twenty", s);
	assert_int_equal(p.received.got, GIVE_UP_S / 20);
	s = seconds_until_lost(&p.received) + 20; /* the last byte came twenty seconds ago */
	if (s < SILENCE_S - LEEWAY_S || s > SILENCE_S + LEEWAY_S)
		fail_msg("given up %d seconds after the last byte", s);
	close(fd);
	pair_close(&p);
}

/* Twenty-five kilobytes a second, and never a PONG: what the other end would answer stands behind megabytes. The kernel says so by its sixteenths. */
static void
whoever_takes_bytes_lives_however_slowly_and_is_given_up_when_it_takes_none(void **state)
{
	static const struct { const char *name; bool paused; } cases[] = { { "we read", false }, { "we do not read before it has taken them", true } };
	static uint8_t piece[512 << 10];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct pair p;
		char url[64];
		int fd, s;

		pair_listen(&p, url);
		fd = upgraded_by_hand(&p);
		fill(&p.received);
		if (cases[i].paused)
			p.received.env->ops->pause(p.received.env, p.received.conn, true);
		for (s = 0; s <= GIVE_UP_S && !p.received.closed; s++) {
			if (s % 20 == 0) {
				assert_true(recv(fd, piece, sizeof(piece), MSG_DONTWAIT) > 0);
				kernel_rests(&p.received, fd);
			}
			ahead_s++;
			turn(&p.received);
			if (!p.received.closed)
				(void)p.received.env->ops->send(p.received.env, p.received.conn, BYTES(piece, 32 << 10)); /* as long as it takes some, there is more */
		}
		if (p.received.closed)
			fail_msg("%s: given up after %d seconds, while bytes were taken every twenty", cases[i].name, s);
		kernel_rests(&p.received, fd);
		s = seconds_until_lost(&p.received); /* the last was taken just now */
		if (s < SILENCE_S - LEEWAY_S || s > SILENCE_S + LEEWAY_S)
			fail_msg("%s: given up %d seconds after the last byte was taken", cases[i].name, s);
		close(fd);
		pair_close(&p);
	}
}

/* Who sends sees nothing any more of what a proxy has taken from it. */
static void
who_hears_and_has_nothing_to_say_says_that_it_lives(void **state)
{
	static const uint8_t one_byte[] = { 0x82, 0x81, 0, 0, 0, 0, 'x' };
	uint8_t heard[4096];
	struct pair p;
	char url[64];
	ssize_t n;
	int fd, pongs = 0;

	(void)state;
	pair_listen(&p, url);
	fd = upgraded_by_hand(&p);
	for (int i = 0; i < 20 && recv(fd, heard, sizeof(heard), MSG_DONTWAIT) <= 0; i++)
		turn(&p.received); /* the answer to the upgrade */
	for (int s = 0; s < GIVE_UP_S; s++) {
		if (s % 5 == 0)
			assert_int_equal(write(fd, one_byte, sizeof(one_byte)), sizeof(one_byte));
		ahead_s++;
		turn(&p.received);
	}
	assert_false(p.received.closed);
	n = recv(fd, heard, sizeof(heard), MSG_DONTWAIT);
	assert_true(n > 0 && n % 2 == 0);
	for (ssize_t i = 0; i < n; i += 2) {
		assert_int_equal(heard[i], 0x8a);
		assert_int_equal(heard[i + 1], 0);
		pongs++;
	}
	assert_in_range(pongs, GIVE_UP_S / SILENCE_S, GIVE_UP_S / 25); /* in every silence, and no more often than a PING */
	close(fd);
	pair_close(&p);
}

static void
who_is_not_read_is_not_given_up_for_its_silence(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	p.dialled.env->ops->pause(p.dialled.env, p.dialled.conn, true);
	assert_int_equal(p.received.env->ops->send(p.received.env, p.received.conn, BYTES("late", 4)), ERR_OK);
	for (int s = 0; s < GIVE_UP_S; s++) {
		if (s % 20 == 0)
			assert_int_equal(p.dialled.env->ops->send(p.dialled.env, p.dialled.conn, BYTES("x", 1)), ERR_OK); /* or it would give us up */
		ahead_s++;
		turn(&p.dialled);
		turn(&p.received);
	}
	assert_false(p.dialled.closed || p.received.closed);
	assert_int_equal(p.dialled.got, 0);
	p.dialled.env->ops->pause(p.dialled.env, p.dialled.conn, false);
	turn(&p.dialled);
	assert_int_equal(p.dialled.got, 4);
	pair_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_that_has_stopped_is_given_up_in_time_and_not_before),
		cmocka_unit_test(a_link_on_which_nobody_has_anything_to_say_lives_on),
		cmocka_unit_test(bytes_are_a_sign_of_life_even_where_no_pong_comes),
		cmocka_unit_test(whoever_takes_bytes_lives_however_slowly_and_is_given_up_when_it_takes_none),
		cmocka_unit_test(who_hears_and_has_nothing_to_say_says_that_it_lives),
		cmocka_unit_test(who_is_not_read_is_not_given_up_for_its_silence),
	};

	setenv("SSL_CERT_FILE", "/dev/null", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
