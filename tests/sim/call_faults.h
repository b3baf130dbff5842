/*
 * Calls of the network that fail: the Nth dial, accept, send or receipt of any
 * machine from now on, once or for ever. It stands between the programs and
 * the simulator's wires, which go on as they do.
 *
 *     calls_between(host)          from here on that machine's program is behind it: before it listens
 *     calls_fail(CALL_SEND, 3, false)
 *     calls_work()                 nothing fails any more; says whether it came to pass
 */
#ifndef FALTBOK_TESTS_CALL_FAULTS_H
#define FALTBOK_TESTS_CALL_FAULTS_H

#include "base/mem.h"
#include "sim/world.h"

enum call { CALL_DIAL, CALL_ACCEPT, CALL_SEND, CALL_RECEIVE, CALLS, CALL_LISTEN = CALLS };

/* Who is told of a connection, or of those who come: the program's own events behind ours. */
struct call_owner {
	struct env *env;
	struct conn_events ev;
	void (*accept)(void *ctx, struct env_conn *c, const char *from);
	void *ctx;
	struct call_owner *next;
};

static struct {
	struct env_ops mine;
	const struct env_ops *own;
	enum call call;
	long nth, seen; /* nth < 0: nothing fails */
	bool lasting, struck;
	struct call_owner *owners;
} calls = { .nth = -1 };

static bool
call_fails(enum call call)
{
	bool fails;

	if (call != calls.call || calls.nth < 0)
		return false;
	fails = calls.lasting ? calls.seen >= calls.nth : calls.seen == calls.nth;
	calls.seen++;
	calls.struck = calls.struck || fails;
	return fails;
}

static struct call_owner *
call_owner(struct env *env, void *ctx)
{
	struct call_owner *o = mem_zero(1, sizeof(*o));

	if (o == NULL)
		abort();
	*o = (struct call_owner){ .env = env, .ctx = ctx, .next = calls.owners };
	calls.owners = o;
	return o;
}

static void
call_opened(void *ctx, struct env_conn *c)
{
	struct call_owner *o = ctx;

	if (o->ev.opened != NULL)
		o->ev.opened(o->ctx, c);
}

/* What fails to arrive ends the connection, as the system has it. */
static void
call_data(void *ctx, struct env_conn *c, const uint8_t *p, size_t n)
{
	struct call_owner *o = ctx;

	if (!call_fails(CALL_RECEIVE)) {
		o->ev.data(o->ctx, c, p, n);
		return;
	}
	calls.own->close(o->env, c);
	o->ev.closed(o->ctx, c, ERR_NETWORK);
}

static void
call_drained(void *ctx, struct env_conn *c)
{
	struct call_owner *o = ctx;

	if (o->ev.drained != NULL)
		o->ev.drained(o->ctx, c);
}

static void
call_closed(void *ctx, struct env_conn *c, enum err_code why)
{
	struct call_owner *o = ctx;

	o->ev.closed(o->ctx, c, why);
}

static const struct conn_events call_events = { call_opened, call_data, call_drained, call_closed };

static enum err_code
call_dial(struct env *env, const char *addr, const struct conn_events *ev, void *ctx, struct env_conn **out, struct err *err)
{
	struct call_owner *o;

	if (call_fails(CALL_DIAL))
		return err_set(err, ERR_NETWORK, "%s cannot be dialled: the system refuses", addr);
	o = call_owner(env, ctx);
	o->ev = *ev;
	return calls.own->dial(env, addr, &call_events, o, out, err);
}

static void
call_accept(void *ctx, struct env_conn *c, const char *from)
{
	struct call_owner *o = ctx;

	if (call_fails(CALL_ACCEPT))
		calls.own->close(o->env, c);
	else
		o->accept(o->ctx, c, from);
}

static enum err_code
call_listen(struct env *env, const char *addr, void (*accept)(void *ctx, struct env_conn *c, const char *from), void *ctx,
            struct env_listener **out, struct err *err)
{
	struct call_owner *o;

	if (call_fails(CALL_LISTEN))
		return err_set(err, ERR_NETWORK, "%s cannot be listened at: the system refuses", addr);
	o = call_owner(env, ctx);
	o->accept = accept;
	return calls.own->listen(env, addr, call_accept, o, out, err);
}

static void
call_conn_events(struct env *env, struct env_conn *c, const struct conn_events *ev, void *ctx)
{
	struct call_owner *o = call_owner(env, ctx);

	o->ev = *ev;
	calls.own->conn_events(env, c, &call_events, o);
}

static enum err_code
call_send(struct env *env, struct env_conn *c, struct bytes data)
{
	return call_fails(CALL_SEND) ? ERR_NETWORK : calls.own->send(env, c, data);
}

static void
calls_between(struct host *h)
{
	struct env *env = host_env(h);

	if (env->ops == &calls.mine)
		return;
	calls.own = env->ops;
	calls.mine = *env->ops;
	calls.mine.dial = call_dial;
	calls.mine.listen = call_listen;
	calls.mine.conn_events = call_conn_events;
	calls.mine.send = call_send;
	env->ops = &calls.mine;
}

static void
calls_fail(enum call call, long nth, bool lasting)
{
	calls.call = call;
	calls.nth = nth;
	calls.lasting = lasting;
	calls.seen = 0;
	calls.struck = false;
}

/* True when the fault came to pass. */
static bool
calls_work(void)
{
	calls.nth = -1;
	return calls.struck;
}

/* After the world has ended. */
static void
calls_forget(void)
{
	while (calls.owners != NULL) {
		struct call_owner *o = calls.owners;

		calls.owners = o->next;
		mem_free(o);
	}
}

#endif
