/* A thousand connections that come and go, in every way there is: nothing of them stays behind. */
#include <dirent.h>
#include <unistd.h>
#include <uv.h>

#include "check.h"
#include "net/net.h"

enum { TIMES = 1000, WAIT_MS = 60000 };

struct side { struct env *env; struct env_conn *conn; bool opened, closed, *done; };

static struct side here, there; /* who dials, and who listens */

static void
opened(void *ctx, struct env_conn *c)
{
	struct side *s = ctx;

	s->conn = c;
	s->opened = *s->done = true;
}

static void
data(void *ctx, struct env_conn *c, const uint8_t *p, size_t n)
{
	(void)ctx, (void)c, (void)p, (void)n;
}

static void
closed(void *ctx, struct env_conn *c, enum err_code why)
{
	struct side *s = ctx;

	(void)c, (void)why;
	s->conn = NULL;
	s->closed = *s->done = true;
}

static const struct conn_events events = { opened, data, NULL, closed };

static void
accepted(void *ctx, struct env_conn *c, const char *from)
{
	(void)ctx, (void)from;
	opened(&there, c);
	there.env->ops->conn_events(there.env, c, &events, &there);
}

static void
leave(struct side *s)
{
	if (s->conn != NULL)
		s->env->ops->close(s->env, s->conn);
	s->conn = NULL;
}

/* ---- one time ---- */

static void
until(struct side *s, const bool *what)
{
	for (int i = 0; i < 1000 && !*what; i++) {
		*s->done = false;
		net_run(s->env, s->done, WAIT_MS / 1000);
	}
	assert_true(*what);
}

static void
meet(const char *addr)
{
	struct err err = ERR_INIT;

	here.opened = here.closed = there.opened = there.closed = false;
	if (here.env->ops->dial(here.env, addr, &events, &here, &here.conn, &err) != ERR_OK)
		fail_msg("%s", err.text);
}

static void
who_dialled_leaves(const char *addr)
{
	meet(addr);
	until(&here, &here.opened);
	until(&there, &there.opened);
	leave(&here);
	until(&there, &there.closed);
}

static void
who_was_dialled_leaves(const char *addr)
{
	meet(addr);
	until(&here, &here.opened);
	until(&there, &there.opened);
	assert_int_equal(there.env->ops->send(there.env, there.conn, BYTES("last word", 9)), ERR_OK);
	leave(&there);
	until(&here, &here.closed);
}

static void
given_up_at_once(const char *addr)
{
	meet(addr);
	net_turn(here.env);
	leave(&here);
	net_turn(here.env);
	leave(&there);
}

static void
nobody_listens(const char *addr)
{
	meet(addr);
	until(&here, &here.closed);
}

/* ---- what is held ---- */

static size_t
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
count_one(uv_handle_t *h, void *ctx)
{
	(void)h;
	++*(size_t *)ctx;
}

static size_t
handles(struct env *env)
{
	size_t n = 0;

	uv_walk((uv_loop_t *)net_loop(env), count_one, &n);
	return n;
}

/* Of one who has left the loop knows nothing any more, and a lookup that nobody waits for ends in its own time. */
static void
turn_a_while(void)
{
	leave(&there);
	net_run(here.env, NULL, 50);
	usleep(50000);
}

/* What lingers has two seconds for it. */
static void
settled(size_t fds, size_t watched, const char *name)
{
	size_t fds_now, watched_now;
	int turns = 0;

	do {
		turn_a_while();
		fds_now = descriptors();
		watched_now = handles(here.env);
	} while (turns++ < 600 && (fds_now > fds || watched_now > watched));
	if (fds_now > fds || watched_now > watched)
		fail_msg("%s: %zu descriptors and %zu handles, before %zu and %zu", name, fds_now, watched_now, fds, watched);
}

static void
of_a_thousand_connections_nothing_stays(void **state)
{
	static const struct { const char *name, *listen, *addr; void (*once)(const char *addr); } cases[] = {
		{ "TCP, the one who dialled leaves", "127.0.0.1:0", "127.0.0.1:%d", who_dialled_leaves },
		{ "TCP, the one who was dialled leaves", "127.0.0.1:0", "127.0.0.1:%d", who_was_dialled_leaves },
		{ "TCP, given up at once", "127.0.0.1:0", "localhost:%d", given_up_at_once },
		{ "TCP, nobody listens", NULL, "127.0.0.1:1", nobody_listens },
		{ "a WebSocket, the one who dialled leaves", "ws://127.0.0.1:0/f", "ws://127.0.0.1:%d/f", who_dialled_leaves },
		{ "a WebSocket, the one who was dialled leaves", "ws://127.0.0.1:0/f", "ws://127.0.0.1:%d/f", who_was_dialled_leaves },
		{ "a WebSocket, given up at once", "ws://127.0.0.1:0/f", "ws://127.0.0.1:%d/f", given_up_at_once },
		{ "a WebSocket, nobody listens", NULL, "ws://127.0.0.1:1/f", nobody_listens },
	};
	bool done;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct env *env = net_env_new(NULL);
		struct env_listener *listener = NULL;
		struct err err = ERR_INIT;
		char addr[64];
		size_t fds, watched;

		assert_non_null(env);
		here = (struct side){ .env = env, .done = &done };
		there = here;
		if (cases[i].listen != NULL && env->ops->listen(env, cases[i].listen, accepted, env, &listener, &err) != ERR_OK)
			fail_msg("%s", err.text);
		if (listener != NULL)
			snprintf(addr, sizeof(addr), cases[i].addr, env->ops->listen_port(env, listener));
		else
			snprintf(addr, sizeof(addr), "%s", cases[i].addr);
		/* What is made once, when it is first needed: also by a connection that stands, which a slow lookup may keep
		 * those that are given up at once from ever being here, and from among the thousand one be. */
		if (listener != NULL)
			who_dialled_leaves(addr);
		for (int warm = 0; warm < 3; warm++)
			cases[i].once(addr);
		for (int turns = 0; turns < 30; turns++)
			turn_a_while();
		fds = descriptors();
		watched = handles(env);
		for (int n = 0; n < TIMES; n++)
			cases[i].once(addr);
		settled(fds, watched, cases[i].name);
		if (listener != NULL)
			env->ops->listen_stop(env, listener);
		net_env_free(env);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_thousand_connections_nothing_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
