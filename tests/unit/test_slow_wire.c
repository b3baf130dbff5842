/*
 * An exchange over a wire that lets three kilobytes a second pass and holds megabytes: two peers of this process, the wire
 * between them by hand, and a clock that is moved on, so that a minute takes no time.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "site.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "net/net.h"
#include "peer/peer.h"

enum { NOTES = 24, NOTE_BYTES = 20000, PER_S = 3000, GIVE_UP_S = 2000 };

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

/* ---- two who meet ---- */

struct party { struct peer_host host; struct peer *peer; unsigned done; struct peer_result result; };

static void
on_done(void *ctx, struct peer *p, const struct peer_result *result)
{
	struct party *party = ctx;

	(void)p;
	party->done++;
	party->result = *result;
}

static void
on_gone(void *ctx, struct peer *p)
{
	(void)p;
	((struct party *)ctx)->peer = NULL;
}

static void
on_accept(void *ctx, struct env_conn *conn, const char *from)
{
	struct party *party = ctx;

	party->peer = peer_accept(&party->host, conn, from, NULL);
}

/* ---- the wire ---- */

struct wire { int listener, near, far; uint8_t held[4 << 20]; size_t from, to; };

static void
wire_open(struct wire *w, char addr[32])
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	w->near = w->far = -1;
	w->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(w->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(w->listener, 1), 0);
	assert_int_equal(getsockname(w->listener, (struct sockaddr *)&at, &len), 0);
	snprintf(addr, 32, "127.0.0.1:%d", ntohs(at.sin_port));
}

static void
wire_join(struct wire *w, int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port) };
	int at_once = 1;

	w->near = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (w->near < 0)
		return;
	w->far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(w->far, (struct sockaddr *)&at, sizeof(at)), 0);
	/* The kernel would hold small writes back by a clock that is not ours. */
	assert_int_equal(setsockopt(w->far, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once)), 0);
	assert_int_equal(setsockopt(w->near, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once)), 0);
	(void)fcntl(w->far, F_SETFL, O_NONBLOCK);
}

/* What the near end sends is taken at once and passes slowly; back it goes as it comes. False: an end has closed. */
static bool
wire_pass(struct wire *w, size_t most)
{
	ssize_t n = recv(w->near, w->held + w->to, sizeof(w->held) - w->to, 0);
	uint8_t back[65536];
	size_t go;

	if (n == 0)
		return false;
	w->to += n > 0 ? (size_t)n : 0;
	assert_true(w->to < sizeof(w->held));
	go = w->to - w->from < most ? w->to - w->from : most;
	if (go > 0)
		assert_int_equal(send(w->far, w->held + w->from, go, MSG_NOSIGNAL), go);
	w->from += go;
	n = recv(w->far, back, sizeof(back), 0);
	if (n > 0)
		assert_int_equal(send(w->near, back, (size_t)n, MSG_NOSIGNAL), n);
	return n != 0;
}

/* ---- claims ---- */

static void
an_exchange_over_a_slow_wire_that_holds_much_comes_to_its_end(void **state)
{
	static const size_t device[] = { ADVISER, SECOND };
	static struct wire wire;
	struct env_listener *listener;
	struct replica *replica[2];
	struct network_key key;
	struct party party[2];
	struct site site;
	struct env *env;
	char addr[32];
	int s = 0;

	(void)state;
	site_start(&site);
	memset(party, 0, sizeof(party));
	memset(&key, 0, sizeof(key));
	memset(key.n, 0xa1, 32);
	env = net_env_new(NULL);
	replica[0] = site_replica(&site, "a");
	replica[1] = site_replica(&site, "b");
	site_found(&site, replica[0]);
	site_copy(&site, replica[0], replica[1]);
	for (int i = 0; i < NOTES; i++)
		site_note(&site, replica[0], ADVISER, &site.team, NOTE_BYTES);
	SITE_OK(replica_commit(replica[0], err));
	for (int i = 0; i < 2; i++)
		party[i].host = (struct peer_host){
			.env = env, .replica = replica[i], .keys = &site.device[device[i]], .role = ROLE_ADVISOR,
			.network = &key, .network_count = 1, .ctx = &party[i], .done = on_done, .gone = on_gone, .stay = true,
		};
	SITE_OK(env->ops->listen(env, "127.0.0.1:0", on_accept, &party[1], &listener, err));
	wire_open(&wire, addr);
	party[0].peer = peer_dial(&party[0].host, addr, false, NULL);
	assert_non_null(party[0].peer);
	while (wire.near < 0) {
		net_run(env, NULL, 5);
		wire_join(&wire, env->ops->listen_port(env, listener));
	}
	for (; s < GIVE_UP_S && party[0].done == 0 && wire_pass(&wire, PER_S); s++) {
		ahead_s++;
		for (int i = 0; i < 10; i++)
			net_turn(env);
	}
	if (party[0].done == 0 || party[0].result.code != ERR_OK)
		fail_msg("after %d seconds and %zu of %zu bytes: %s", s, wire.from, wire.to, party[0].result.text);
	assert_true(party[0].result.in_step);
	assert_true(s > NOTES * NOTE_BYTES / PER_S);
	for (int i = 0; i < 2; i++)
		if (party[i].peer != NULL)
			peer_close(party[i].peer);
	env->ops->listen_stop(env, listener);
	close(wire.listener);
	close(wire.near);
	close(wire.far);
	net_env_free(env);
	replica_close(replica[0]);
	replica_close(replica[1]);
	site_end(&site);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exchange_over_a_slow_wire_that_holds_much_comes_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
