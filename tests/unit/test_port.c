/* Ports of every kind go on listening, whatever the system lacks while somebody connects. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "check.h"
#include "net/net.h"

enum { ENDLESS = 1000 };

/* What accept(2) says instead of taking anybody. */
static int lacking;
static unsigned asked;

int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	int (*real)(int, struct sockaddr *, socklen_t *, int);

	if (lacking != 0) {
		errno = ++asked < ENDLESS ? lacking : EAGAIN; /* a loop without end would not even fail */
		return -1;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "accept4");
	return real(fd, sa, len, flags);
}

/* ---- a port of some kind, and what it says to who asks ---- */

struct house {
	struct env *env;
	struct env_listener *listener;
	struct net_control *control;
	char path[64];
};

static void
nothing(void *ctx, struct env_conn *c, const uint8_t *p, size_t n)
{
	(void)ctx, (void)c, (void)p, (void)n;
}

static void
gone(void *ctx, struct env_conn *c, enum err_code why)
{
	(void)ctx, (void)c, (void)why;
}

static void
greet(void *ctx, struct env_conn *c, const char *from)
{
	static const struct conn_events ev = { .data = nothing, .closed = gone };
	struct env *env = ctx;

	(void)from;
	env->ops->conn_events(env, c, &ev, env);
	(void)!env->ops->send(env, c, BYTES("x", 1));
}

static void
echo(void *ctx, struct net_control_call *call, struct bytes request)
{
	(void)ctx;
	net_control_reply(call, request);
}

static void
open_tcp(struct house *h)
{
	struct err err = ERR_INIT;

	if (h->env->ops->listen(h->env, "127.0.0.1:0", greet, h->env, &h->listener, &err) != ERR_OK)
		fail_msg("%s", err.text);
}

static void
open_web(struct house *h)
{
	struct err err = ERR_INIT;

	if (h->env->ops->listen(h->env, "ws://127.0.0.1:0/f", greet, h->env, &h->listener, &err) != ERR_OK)
		fail_msg("%s", err.text);
}

static void
open_control(struct house *h)
{
	struct err err = ERR_INIT;

	snprintf(h->path, sizeof(h->path), "/tmp/faltbok-port.%d", (int)getpid());
	if (net_control_listen(h->env, h->path, echo, NULL, &h->control, &err) != ERR_OK)
		fail_msg("%s", err.text);
}

static const struct kind {
	const char *name, *asks;
	void (*open)(struct house *h);
} kinds[] = {
	{ "TCP", "", open_tcp },
	{ "a WebSocket", "GET /else HTTP/1.1\r\nHost: a\r\n\r\n", open_web },
	{ "the control socket", "{}\n", open_control },
};

static void
house_open(struct house *h, const struct kind *kind)
{
	memset(h, 0, sizeof(*h));
	h->env = net_env_new(NULL);
	assert_non_null(h->env);
	kind->open(h);
}

static void
house_close(struct house *h)
{
	if (h->listener != NULL)
		h->env->ops->listen_stop(h->env, h->listener);
	net_control_stop(h->control);
	net_env_free(h->env);
}

/* Connects, and asks. */
static int
knock(const struct house *h, const struct kind *kind)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(h->control != NULL ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	assert_true(fd >= 0);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", h->path);
	if (h->control == NULL)
		in.sin_port = htons((uint16_t)h->env->ops->listen_port(h->env, h->listener));
	rc = h->control != NULL ? connect(fd, (struct sockaddr *)&un, sizeof(un)) : connect(fd, (struct sockaddr *)&in, sizeof(in));
	assert_int_equal(rc, 0);
	assert_int_equal(send(fd, kind->asks, strlen(kind->asks), MSG_NOSIGNAL), strlen(kind->asks));
	return fd;
}

/* The loop turns until something is heard: >0 a byte, 0 the end or a reset, -1 nothing for as long as anybody would wait. */
static int
heard(const struct house *h, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	for (int i = 0; i < 6000; i++) {
		if (poll(&p, 1, 0) == 1)
			return recv(fd, &byte, 1, 0) == 1;
		net_run(h->env, NULL, 5);
	}
	return -1;
}

/* ---- claims ---- */

static void
memory_that_lacks_for_one_who_connects_costs_that_one_alone(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT_OF(kinds); k++) {
		struct house h;
		int first, second;

		house_open(&h, &kinds[k]);
		for (long after = 0; after < 6; after++) {
			first = knock(&h, &kinds[k]);
			net_turn(h.env); /* the library's own first turns */
			mem_fail_after(after, false);
			for (int i = 0; i < 20; i++)
				net_turn(h.env);
			mem_fail_after(-1, false);
			close(first);
			second = knock(&h, &kinds[k]);
			if (heard(&h, second) != 1)
				fail_msg("%s: nobody is served after allocation %ld has failed", kinds[k].name, after);
			close(second);
		}
		first = knock(&h, &kinds[k]);
		mem_fail_after(0, true);
		for (int i = 0; i < 20; i++)
			net_turn(h.env);
		mem_fail_after(-1, false);
		second = knock(&h, &kinds[k]);
		if (heard(&h, second) != 1)
			fail_msg("%s: nobody is served after a while without memory", kinds[k].name);
		close(first);
		close(second);
		house_close(&h);
	}
}

static void
a_system_without_room_is_asked_again_in_a_while_and_not_without_end(void **state)
{
	static const int lacks[] = { ENOMEM, ENOBUFS, EMFILE, ENFILE };

	(void)state;
	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		for (size_t i = 0; i < COUNT_OF(lacks); i++) {
			struct house h;
			int fd;

			house_open(&h, &kinds[k]);
			fd = knock(&h, &kinds[k]);
			asked = 0;
			lacking = lacks[i];
			net_run(h.env, NULL, 250);
			lacking = 0;
			if (asked == 0 || asked >= ENDLESS)
				fail_msg("%s: accept was called %u times while %s", kinds[k].name, asked, strerror(lacks[i]));
			if (heard(&h, fd) != 1)
				fail_msg("%s: who waits is not served after %s", kinds[k].name, strerror(lacks[i]));
			close(fd);
			house_close(&h);
		}
}

/* The next may be there already. */
static void
who_has_gone_before_being_taken_stops_nobody(void **state)
{
	static const int why[] = { ECONNABORTED, EPROTO, EPERM, ENETUNREACH };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(why); i++) {
		struct house h;
		int fd;

		house_open(&h, &kinds[0]);
		fd = knock(&h, &kinds[0]);
		lacking = why[i];
		net_turn(h.env);
		lacking = 0;
		assert_int_equal(heard(&h, fd), 1);
		close(fd);
		house_close(&h);
	}
}

static void
a_port_is_free_when_it_is_closed_and_named_when_it_is_taken(void **state)
{
	struct house h, other;
	struct err err = ERR_INIT;
	char addr[32];

	(void)state;
	house_open(&h, &kinds[0]);
	snprintf(addr, sizeof(addr), "127.0.0.1:%d", h.env->ops->listen_port(h.env, h.listener));
	memset(&other, 0, sizeof(other));
	other.env = net_env_new(NULL);
	assert_int_equal(other.env->ops->listen(other.env, addr, greet, other.env, &other.listener, &err), ERR_NETWORK);
	assert_non_null(strstr(err.text, "in use"));
	other.listener = NULL;
	h.env->ops->listen_stop(h.env, h.listener);
	h.listener = NULL;
	err = (struct err)ERR_INIT;
	assert_int_equal(other.env->ops->listen(other.env, addr, greet, other.env, &other.listener, &err), ERR_OK);
	house_close(&other);
	house_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_that_lacks_for_one_who_connects_costs_that_one_alone),
		cmocka_unit_test(a_system_without_room_is_asked_again_in_a_while_and_not_without_end),
		cmocka_unit_test(who_has_gone_before_being_taken_stops_nobody),
		cmocka_unit_test(a_port_is_free_when_it_is_closed_and_named_when_it_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
