/* Real sockets on this machine: peers that meet, strangers at the door, the control socket. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include "site.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/net.h"
#include "peer/peer.h"

struct party {
	struct peer_host host;
	struct peer *peer;
	unsigned done;
	bool gone;
	struct peer_result result;
};

struct street {
	struct site site;
	struct env *env;
	struct env_listener *listener;
	char addr[64];
	struct network_key key[2];
	struct replica *replica[2];
	struct party party[2];     /* 0 dials, 1 listens */
	bool over;
};

static struct street *street;

static void
settle_street(void)
{
	street->over = street->party[0].gone && street->party[1].gone;
}

static void
on_done(void *ctx, struct peer *p, const struct peer_result *result)
{
	struct party *party = ctx;

	(void)p;
	party->done++;
	party->result = *result;
	if (party->host.stay)
		street->over = street->party[0].done > 0 && street->party[1].done > 0;
}

static void
on_gone(void *ctx, struct peer *p)
{
	struct party *party = ctx;

	(void)p;
	party->gone = true;
	party->peer = NULL;
	settle_street();
}

static void
on_accept(void *ctx, struct env_conn *conn, const char *from)
{
	struct party *party = ctx;

	party->peer = peer_accept(&party->host, conn, from, NULL);
	party->gone = party->peer == NULL;
}

static void
street_open(struct street *s, const char *listen)
{
	static const size_t device[] = { ADVISER, SECOND };

	memset(s, 0, sizeof(*s));
	street = s;
	site_start(&s->site);
	s->env = net_env_new(NULL);
	assert_non_null(s->env);
	s->replica[0] = site_replica(&s->site, "a");
	s->replica[1] = site_replica(&s->site, "b");
	site_found(&s->site, s->replica[0]);
	site_copy(&s->site, s->replica[0], s->replica[1]);
	memset(s->key[0].n, 0xa1, 32);
	memset(s->key[1].n, 0xa2, 32);
	for (int i = 0; i < 2; i++)
		s->party[i].host = (struct peer_host){
			.env = s->env, .replica = s->replica[i], .keys = &s->site.device[device[i]], .role = ROLE_ADVISOR,
			.network = s->key, .network_count = 2, .ctx = &s->party[i], .done = on_done, .gone = on_gone,
		};
	SITE_OK(s->env->ops->listen(s->env, listen, on_accept, &s->party[1], &s->listener, err));
	snprintf(s->addr, sizeof(s->addr), listen[0] == '[' ? "[::1]:%d" : "localhost:%d",
	         s->env->ops->listen_port(s->env, s->listener));
}

static void
street_close(struct street *s)
{
	for (int i = 0; i < 2; i++)
		if (s->party[i].peer != NULL)
			peer_close(s->party[i].peer);
	s->env->ops->listen_stop(s->env, s->listener);
	net_env_free(s->env);
	replica_close(s->replica[0]);
	replica_close(s->replica[1]);
	site_end(&s->site);
}

static void
dial(struct street *s)
{
	s->party[0].peer = peer_dial(&s->party[0].host, s->addr, true, NULL);
	assert_non_null(s->party[0].peer);
	net_run(s->env, &s->over, 10000);
}

static void
check_in_step(struct street *s)
{
	for (int i = 0; i < 2; i++) {
		if (s->party[i].result.code != ERR_OK)
			fail_msg("party %d: %s", i, s->party[i].result.text);
		assert_true(s->party[i].done > 0);
		assert_true(s->party[i].result.in_step);
		assert_true(s->party[i].result.known);
	}
}

static void
two_devices_meet_and_are_in_step(void **state)
{
	static const char *const listen[] = { "127.0.0.1:0", "[::1]:0" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(listen); i++) {
		struct street s;

		street_open(&s, listen[i]);
		site_note(&s.site, s.replica[0], ADVISER, &s.site.team, 300);
		SITE_OK(replica_commit(s.replica[0], err));
		dial(&s);
		assert_true(s.over);
		check_in_step(&s);
		assert_int_equal(s.party[1].result.received, 2); /* the note, and the OPEN before it */
		assert_memory_equal(s.party[1].result.device.b, s.site.id[ADVISER].b, 16);
		street_close(&s);
	}
}

static void
an_idle_sync_costs_less_than_a_kilobyte(void **state)
{
	struct street s;

	(void)state;
	street_open(&s, "127.0.0.1:0");
	dial(&s);
	for (int i = 0; i < 2; i++)
		s.party[i] = (struct party){ .host = s.party[i].host };
	s.over = false;
	dial(&s);
	check_in_step(&s);
	assert_true(s.party[0].result.bytes_sent + s.party[0].result.bytes_received <= 1024);
	assert_true(s.party[0].result.round_trips <= 2);
	street_close(&s);
}

static void
a_live_link_carries_what_is_written_later(void **state)
{
	struct street s;

	(void)state;
	street_open(&s, "127.0.0.1:0");
	s.party[0].host.stay = s.party[1].host.stay = true;
	dial(&s);
	check_in_step(&s);
	site_note(&s.site, s.replica[0], ADVISER, &s.site.team, 300);
	SITE_OK(replica_commit(s.replica[0], err));
	s.over = false;
	s.party[0].done = 0; /* the writer hears that it has arrived */
	peer_notify(s.party[0].peer);
	net_run(s.env, &s.over, 10000);
	assert_true(s.over);
	check_in_step(&s);
	assert_int_equal(replica_entry_count(s.replica[0]), replica_entry_count(s.replica[1]));
	assert_false(s.party[0].gone);
	street_close(&s);
}

static void
close_the_listener(void *ctx, size_t log, const struct entry *e)
{
	struct street *s = ctx;

	(void)log, (void)e;
	peer_close(s->party[1].peer);
}

/* The link goes in the very moment that something has come over it. */
static void
what_came_last_is_saved_though_the_link_goes(void **state)
{
	struct street s;

	(void)state;
	street_open(&s, "127.0.0.1:0");
	s.party[0].host.stay = s.party[1].host.stay = true;
	dial(&s);
	check_in_step(&s);
	replica_set_hook(s.replica[1], &(struct replica_hook){ .ctx = &s, .stored = close_the_listener });
	site_note(&s.site, s.replica[0], ADVISER, &s.site.team, 300);
	SITE_OK(replica_commit(s.replica[0], err));
	s.party[0].host.stay = s.party[1].host.stay = s.over = false;
	peer_notify(s.party[0].peer);
	net_run(s.env, &s.over, 10000);
	assert_true(s.party[1].gone);
	assert_int_equal(replica_entry_count(s.replica[0]), replica_entry_count(s.replica[1]));
	assert_int_equal(replica_pending(s.replica[1]), 0);
	street_close(&s);
}

/* Connects a bare socket, says `bytes` and returns how many bytes come back before the end. */
static ssize_t
knock(struct street *s, const uint8_t *bytes, size_t len)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	uint8_t answer[256];
	ssize_t n = -1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_port = htons((uint16_t)s->env->ops->listen_port(s->env, s->listener));
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
	for (int i = 0; i < 20 && n < 0; i++) {
		net_run(s->env, NULL, 20);
		n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
	}
	close(fd);
	return n;
}

static void
garbage_at_the_port_is_closed_without_a_byte(void **state)
{
	static const char *const cases[] = {
		"GET / HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\n\r\n",
		"\x16\x03\x01\x02 the beginning of another protocol, long enough",
	};
	struct street s;

	(void)state;
	street_open(&s, "127.0.0.1:0");
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_CASE(cases[i], knock(&s, (const uint8_t *)cases[i], strlen(cases[i])), 0);
	assert_int_equal(s.party[1].result.code, ERR_KEY);
	assert_int_equal(s.party[1].result.bytes_sent, 0);
	street_close(&s);
}

static void
another_organisation_gets_no_byte(void **state)
{
	struct network_key other = { .retired_ms = 0 };
	struct street s;

	(void)state;
	street_open(&s, "127.0.0.1:0");
	memset(other.n, 0x77, 32);
	s.party[0].host.network = &other;
	s.party[0].host.network_count = 1;
	dial(&s);
	assert_int_equal(s.party[0].result.code, ERR_NETWORK);
	assert_int_equal(s.party[0].result.bytes_received, 0);
	assert_int_equal(s.party[1].result.bytes_sent, 0);
	street_close(&s);
}

static void
a_device_with_a_newer_network_key_falls_back_to_the_older(void **state)
{
	struct network_key newer[2];
	struct street s;

	(void)state;
	street_open(&s, "127.0.0.1:0");
	memset(newer, 0, sizeof(newer));
	memset(newer[0].n, 0x55, 32);
	newer[1] = s.key[0];
	newer[1].retired_ms = (uint64_t)s.env->ops->wall_ms(s.env); /* just now: it still leads to who has not heard */
	s.party[0].host.network = newer;
	s.party[0].peer = peer_dial(&s.party[0].host, s.addr, true, NULL);
	net_run(s.env, &s.party[0].gone, 10000);
	assert_int_equal(s.party[0].result.code, ERR_OK);
	assert_true(s.party[0].result.in_step);
	street_close(&s);
}

static void
an_address_that_makes_no_sense_is_said_at_once(void **state)
{
	static const char *const cases[] = { "", "nowhere", "host:", ":4711", "host:99999", "host:-1", "::1:80", "[::1]80", "host:12x" };
	struct street s;

	(void)state;
	street_open(&s, "127.0.0.1:0");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = ERR_INIT;

		CHECK_TRUE(cases[i], peer_dial(&s.party[0].host, cases[i], true, &err) == NULL);
		CHECK_CASE(cases[i], err.code, ERR_NETWORK);
	}
	street_close(&s);
}

static void
a_port_where_nobody_listens_is_a_network_error(void **state)
{
	struct street s;

	(void)state;
	street_open(&s, "127.0.0.1:0");
	snprintf(s.addr, sizeof(s.addr), "127.0.0.1:1");
	s.party[1].gone = true;
	dial(&s);
	assert_true(s.party[0].gone);
	assert_int_equal(s.party[0].result.code, ERR_NETWORK);
	street_close(&s);
}

/*
 * A name with two addresses, which no machine is sure to have, and one whose name server is silent: libuv asks us instead
 * of the resolver.
 */
static sem_t answer;
static bool gave_up;

int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **out)
{
	int (*resolver)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	bool two = host != NULL && strcmp(host, "two.test") == 0;
	int rc;

	if (host != NULL && strcmp(host, "silent.test") == 0 && (hints->ai_flags & AI_NUMERICHOST) == 0) {
		struct timespec limit;

		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_sec += 30;
		if (sem_timedwait(&answer, &limit) != 0)
			__atomic_store_n(&gave_up, true, __ATOMIC_SEQ_CST);
		return EAI_AGAIN;
	}
	*(void **)&resolver = dlsym(RTLD_NEXT, "getaddrinfo");
	rc = resolver(two ? "127.0.0.1" : host, port, hints, out);
	if (rc == 0 && two)
		rc = resolver("127.0.0.1", port, hints, &(*out)->ai_next);
	return rc;
}

struct dialled { struct env *env; struct env_conn *conn, *other; bool closed; };

static void
nothing_opens(void *ctx, struct env_conn *c)
{
	(void)ctx, (void)c;
	fail_msg("somebody listens on port 1");
}

static void
close_the_other(void *ctx, struct env_conn *c, enum err_code why)
{
	struct dialled *d = ctx;

	(void)c, (void)why;
	d->env->ops->close(d->env, d->conn);
	if (d->other != NULL)
		d->env->ops->close(d->env, d->other);
	d->closed = true;
}

/* The first address has refused, its socket is on its way out and the next one is not made yet. */
static void
a_dial_given_up_between_two_addresses_does_no_harm(void **state)
{
	static const struct conn_events ev = { .opened = nothing_opens, .closed = close_the_other };
	struct dialled two = { .closed = false }, one = { .closed = false };

	(void)state;
	two.env = one.env = net_env_new(NULL);
	SITE_OK(two.env->ops->dial(two.env, "two.test:1", &ev, &two, &two.conn, err));
	usleep(50000); /* so that both have been looked up, in this order, when the loop first runs */
	SITE_OK(one.env->ops->dial(one.env, "127.0.0.1:1", &ev, &one, &one.conn, err));
	usleep(50000);
	one.other = two.conn;
	net_run(one.env, &one.closed, 10000);
	assert_true(one.closed);
	assert_false(two.closed);
	net_run(one.env, NULL, 20);
	net_env_free(one.env);
}

static void
fails_or_is_left(void *ctx, struct env_conn *c, enum err_code why)
{
	(void)ctx, (void)c, (void)why;
}

/* More than there are threads for names: some have one, some wait for one. */
static void
nothing_waits_for_a_name_server(void **state)
{
	static const struct conn_events ev = { .opened = nothing_opens, .closed = fails_or_is_left }, refused = { .opened = nothing_opens, .closed = close_the_other };
	enum { NAMES = 40 };
	struct dialled number = { .closed = false };
	struct env_conn *names[NAMES];

	(void)state;
	assert_int_equal(sem_init(&answer, 0, 0), 0);
	number.env = net_env_new(NULL);
	for (size_t i = 0; i < NAMES; i++)
		SITE_OK(number.env->ops->dial(number.env, i % 2 == 0 ? "silent.test:1" : "wss://silent.test/x", &ev, NULL, &names[i], err));
	SITE_OK(number.env->ops->dial(number.env, "127.0.0.1:1", &refused, &number, &number.conn, err));
	net_run(number.env, &number.closed, 10000);
	assert_true(number.closed);
	for (size_t i = 0; i < NAMES; i += 3)
		number.env->ops->close(number.env, names[i]);
	net_run(number.env, NULL, 20);
	net_env_free(number.env);
	assert_false(__atomic_load_n(&gave_up, __ATOMIC_SEQ_CST));
	for (size_t i = 0; i < NAMES; i++)
		sem_post(&answer);
	usleep(50000); /* for the threads to see that nobody is left */
}

/* ---- the control socket ---- */

struct call { const char *path; struct bytes request; struct buf reply; enum err_code rc; bool over; };

static void *
call_it(void *ctx)
{
	struct call *c = ctx;

	c->rc = net_control_call(c->path, c->request, &c->reply, NULL);
	__atomic_store_n(&c->over, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void
echo(void *ctx, struct net_control_call *call, struct bytes request)
{
	struct buf reply = BUF_INIT;

	(void)ctx;
	buf_printf(&reply, "%zu ", request.len);
	buf_put_bytes(&reply, request);
	net_control_reply(call, buf_bytes(&reply));
	buf_free(&reply);
}

static void
ask(struct env *env, struct call *c)
{
	pthread_t thread;

	pthread_create(&thread, NULL, call_it, c);
	while (!__atomic_load_n(&c->over, __ATOMIC_SEQ_CST))
		net_run(env, NULL, 5);
	pthread_join(thread, NULL);
}

static void
the_control_socket_answers_line_for_line(void **state)
{
	struct net_control *control;
	struct env *env = net_env_new(NULL);
	struct call c = { .request = BYTES_STR("{\"op\":\"status\"}") };
	struct stat st;
	struct site w;
	char path[600];

	(void)state;
	site_start(&w);
	/* Deeper than a socket's own name may be. */
	snprintf(path, sizeof(path), "%s/%0150d", w.dir, 7);
	SITE_OK(posix_files.make_dir(w.env, path, err));
	snprintf(path + strlen(path), 20, "/control.sock");
	c.path = path;
	assert_int_equal(net_control_call(path, c.request, &c.reply, NULL), ERR_NOT_FOUND);
	SITE_OK(net_control_listen(env, path, echo, NULL, &control, err));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	ask(env, &c);
	assert_int_equal(c.rc, ERR_OK);
	assert_string_equal(buf_str(&c.reply), "15 {\"op\":\"status\"}");
	net_control_stop(control);
	assert_int_equal(stat(path, &st), -1);
	buf_free(&c.reply);
	net_env_free(env);
	site_end(&w);
}

static void
nothing_heard(void *ctx, struct env_conn *conn, const uint8_t *p, size_t n)
{
	(void)ctx, (void)conn, (void)p, (void)n;
}

static void
nothing_lost(void *ctx, struct env_conn *conn, enum err_code why)
{
	(void)ctx, (void)conn, (void)why;
}

static void
greet(void *ctx, struct env_conn *conn, const char *from)
{
	static const struct conn_events none = { .data = nothing_heard, .closed = nothing_lost };
	struct env *env = ctx;

	(void)from;
	env->ops->conn_events(env, conn, &none, NULL);
	(void)!env->ops->send(env, conn, BYTES_STR("hej"));
}

/* The crowd, in a process of its own: holds many, lets go, comes once more. Exit 0 when it was greeted then. */
static void
crowd(int port, int say, int hear)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int held[40];
	char byte;

	for (size_t i = 0; i < COUNT_OF(held); i++) {
		held[i] = socket(AF_INET, SOCK_STREAM, 0);
		(void)!connect(held[i], (struct sockaddr *)&sa, sizeof(sa));
	}
	if (write(say, "x", 1) != 1 || read(hear, &byte, 1) != 1)
		_exit(2);
	for (size_t i = 0; i < COUNT_OF(held); i++)
		close(held[i]);
	for (int tries = 0; tries < 2000; tries++) { /* descriptors come back one by one */
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 && recv(fd, &byte, 1, 0) == 1)
			_exit(0);
		close(fd);
		usleep(5000);
	}
	_exit(1);
}

static void
a_listener_without_descriptors_serves_again_when_it_has_some(void **state)
{
	struct env *env = net_env_new(NULL);
	struct env_listener *listener;
	struct err err[1] = { ERR_INIT };
	struct rlimit before, few;
	int say[2], go[2], status;
	struct pollfd said;
	pid_t pid;

	(void)state;
	assert_int_equal(env->ops->listen(env, "127.0.0.1:0", greet, env, &listener, err), ERR_OK);
	assert_int_equal(pipe(say), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0)
		crowd(env->ops->listen_port(env, listener), say[1], go[0]);
	getrlimit(RLIMIT_NOFILE, &before);
	few = (struct rlimit){ (rlim_t)go[1] + 8, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	said = (struct pollfd){ .fd = say[0], .events = POLLIN };
	while (poll(&said, 1, 0) == 0)
		net_run(env, NULL, 5);
	net_run(env, NULL, 50);
	assert_int_equal(write(go[1], "x", 1), 1);
	while (waitpid(pid, &status, WNOHANG) == 0)
		net_run(env, NULL, 5);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	for (int i = 0; i < 2; i++) {
		close(say[i]);
		close(go[i]);
	}
	env->ops->listen_stop(env, listener);
	net_env_free(env);
}

/* Only root can be two users. */
enum { ANOTHER_USER = 1001 };

static void
another_user_gets_no_answer_from_the_control_socket(void **state)
{
	struct net_control *control;
	struct env *env = net_env_new(NULL);
	struct site w;
	char path[128];
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		net_env_free(env);
		skip();
	}
	site_start(&w);
	snprintf(path, sizeof(path), "%s/control.sock", w.dir);
	SITE_OK(net_control_listen(env, path, echo, NULL, &control, err));
	assert_int_equal(chmod(w.dir, 0755), 0); /* whatever somebody has done to the modes */
	assert_int_equal(chmod(path, 0777), 0);
	pid = fork();
	if (pid == 0) {
		struct sockaddr_un sa = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		char byte;

		memcpy(sa.sun_path, path, strlen(path) + 1);
		if (setuid(ANOTHER_USER) != 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
			_exit(2);
		(void)send(fd, "{}\n", 3, MSG_NOSIGNAL);
		_exit(recv(fd, &byte, 1, 0) > 0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		net_run(env, NULL, 5);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	net_control_stop(control);
	net_env_free(env);
	site_end(&w);
}

static void
a_process_of_another_user_is_told_nothing(void **state)
{
	struct buf reply = BUF_INIT;
	struct site w;
	char path[128], byte;
	int ready[2], status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	site_start(&w);
	snprintf(path, sizeof(path), "%s/control.sock", w.dir);
	assert_int_equal(chmod(w.dir, 0777), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) { /* sits on the name, and counts what it hears */
		struct sockaddr_un sa = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_STREAM, 0), who;

		memcpy(sa.sun_path, path, strlen(path) + 1);
		if (setuid(ANOTHER_USER) != 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 || listen(fd, 1) != 0 || write(ready[1], "x", 1) != 1)
			_exit(2);
		who = accept(fd, NULL, NULL);
		_exit(recv(who, &byte, 1, 0) > 0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(net_control_call(path, BYTES_STR("what was typed into a case"), &reply, NULL), ERR_REFUSED);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(ready[0]);
	close(ready[1]);
	buf_free(&reply);
	site_end(&w);
}

static void
a_request_of_megabytes_passes_the_control_socket(void **state)
{
	struct net_control *control;
	struct env *env = net_env_new(NULL);
	struct call c = { .path = NULL };
	struct buf big = BUF_INIT;
	struct site w;
	char path[128];

	(void)state;
	site_start(&w);
	memset(buf_add(&big, 5 << 20), 'x', 5 << 20);
	c.request = buf_bytes(&big);
	snprintf(path, sizeof(path), "%s/control.sock", w.dir);
	c.path = path;
	SITE_OK(net_control_listen(env, path, echo, NULL, &control, err));
	ask(env, &c);
	assert_int_equal(c.rc, ERR_OK);
	assert_int_equal(c.reply.len, big.len + strlen("5242880 "));
	net_control_stop(control);
	buf_free(&c.reply);
	buf_free(&big);
	net_env_free(env);
	site_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_devices_meet_and_are_in_step),
		cmocka_unit_test(an_idle_sync_costs_less_than_a_kilobyte),
		cmocka_unit_test(a_live_link_carries_what_is_written_later),
		cmocka_unit_test(what_came_last_is_saved_though_the_link_goes),
		cmocka_unit_test(garbage_at_the_port_is_closed_without_a_byte),
		cmocka_unit_test(another_organisation_gets_no_byte),
		cmocka_unit_test(a_device_with_a_newer_network_key_falls_back_to_the_older),
		cmocka_unit_test(an_address_that_makes_no_sense_is_said_at_once),
		cmocka_unit_test(a_port_where_nobody_listens_is_a_network_error),
		cmocka_unit_test(a_dial_given_up_between_two_addresses_does_no_harm),
		cmocka_unit_test(nothing_waits_for_a_name_server),
		cmocka_unit_test(the_control_socket_answers_line_for_line),
		cmocka_unit_test(a_listener_without_descriptors_serves_again_when_it_has_some),
		cmocka_unit_test(another_user_gets_no_answer_from_the_control_socket),
		cmocka_unit_test(a_process_of_another_user_is_told_nothing),
		cmocka_unit_test(a_request_of_megabytes_passes_the_control_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
