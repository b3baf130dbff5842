#define _GNU_SOURCE
#include "net/net.h"

#include <assert.h>
#include <signal.h>

#include "base/mem.h"
#include "base/posix.h"
#include "net/net_internal.h"

/* ---- timers ---- */

struct env_timer {
	uv_timer_t handle; /* first: libuv gives it back */
	struct net *net;
	struct env_timer *next, **at;
	void (*cb)(void *ctx);
	void *ctx;
};

static void
timer_freed(uv_handle_t *h)
{
	mem_free(h);
}

static void
timer_end(struct env_timer *t)
{
	*t->at = t->next;
	if (t->next != NULL)
		t->next->at = t->at;
	uv_close((uv_handle_t *)&t->handle, timer_freed);
}

static void
timer_fired(uv_timer_t *h)
{
	struct env_timer *t = (struct env_timer *)h;
	void (*cb)(void *ctx) = t->cb;
	void *ctx = t->ctx;

	timer_end(t);
	cb(ctx);
}

static struct env_timer *
net_timer(struct env *env, uint64_t ns, void (*cb)(void *ctx), void *ctx)
{
	struct net *n = net_of(env);
	struct env_timer *t = mem_zero(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->net = n;
	t->cb = cb;
	t->ctx = ctx;
	uv_timer_init(&n->loop, &t->handle);
	t->next = n->timers;
	t->at = &n->timers;
	if (t->next != NULL)
		t->next->at = &t->next;
	n->timers = t;
	uv_update_time(&n->loop);
	uv_timer_start(&t->handle, timer_fired, (ns + 999999) / 1000000, 0);
	return t;
}

static void
net_timer_stop(struct env *env, struct env_timer *t)
{
	(void)env;
	timer_end(t);
}

/* ---- work ---- */

struct work {
	uv_work_t request;
	void (*fn)(void *ctx);
	void (*done)(void *ctx);
	void *ctx;
};

static void
work_run(uv_work_t *r)
{
	struct work *w = (struct work *)r;

	w->fn(w->ctx);
}

static void
work_done(uv_work_t *r, int status)
{
	struct work *w = (struct work *)r;

	(void)status;
	w->done(w->ctx);
	mem_free(w);
}

static void
net_work(struct env *env, void (*fn)(void *ctx), void (*done)(void *ctx), void *ctx)
{
	struct work *w = mem_alloc(sizeof(*w));

	if (w != NULL) {
		*w = (struct work){ .fn = fn, .done = done, .ctx = ctx };
		if (uv_queue_work(&net_of(env)->loop, &w->request, work_run, work_done) == 0)
			return;
		mem_free(w);
	}
	fn(ctx); /* slower, but done */
	done(ctx);
}

/* ---- the loop ---- */

static const struct env_ops net_ops = {
	.mono_ns = posix_mono_ns,
	.awake_ns = posix_awake_ns,
	.wall_ms = posix_wall_ms,
	.utc_offset_min = posix_utc_offset_min,
	.random = posix_random,
	.timer = net_timer,
	.timer_stop = net_timer_stop,
	.dial = ways_dial,
	.listen = ways_listen,
	.listen_stop = ways_listen_stop,
	.listen_port = ways_listen_port,
	.conn_events = ways_conn_events,
	.send = ways_send,
	.unsent = ways_unsent,
	.pause = ways_pause,
	.close = ways_close,
	.trouble = ways_trouble,
	.cast_open = cast_open,
	.cast_send = cast_send,
	.cast_close = cast_close,
	.work = net_work,
	.both = posix_both, .log = posix_log,
};

struct env *
net_env_new(struct err *err)
{
	struct net *n = mem_zero(1, sizeof(*n));

	if (n == NULL || (n->read_buffer = mem_alloc(READ_BYTES)) == NULL) {
		mem_free(n);
		err_plain(err, ERR_NO_MEMORY);
		return NULL;
	}
	if (uv_loop_init(&n->loop) != 0) {
		mem_free(n->read_buffer);
		mem_free(n);
		err_set(err, ERR_IO, "the event loop cannot be made");
		return NULL;
	}
	/* A peer that has gone away is an error of write(2), not the end of the process. */
	signal(SIGPIPE, SIG_IGN);
	n->env.ops = &net_ops;
	n->env.files = &posix_files;
	n->env.ctx = n;
	return &n->env;
}

void
net_env_free(struct env *env)
{
	struct net *n;

	if (env == NULL)
		return;
	n = net_of(env);
	while (n->controls != NULL)
		net_control_stop(n->controls);
	while (n->casts != NULL)
		cast_close(env, n->casts);
	ws_close_all(n);
	tcp_close_all(n);
	lookup_close(n);
	lost_close(n);
	while (n->timers != NULL)
		timer_end(n->timers);
	for (size_t i = 0; n->has_signals && i < COUNT_OF(n->signals); i++)
		uv_close((uv_handle_t *)&n->signals[i], NULL);
	uv_run(&n->loop, UV_RUN_DEFAULT); /* closing is finished by the loop */
	ws_free(n);
	uv_loop_close(&n->loop);
	mem_free(n->read_buffer);
	mem_free(n);
}

struct uv_loop_s *
net_loop(struct env *env)
{
	return &net_of(env)->loop;
}

static void
time_is_up(void *ctx)
{
	*(bool *)ctx = true;
}

void
net_run(struct env *env, const bool *until, int64_t timeout_ms)
{
	struct net *n = net_of(env);
	bool over = false;
	struct env_timer *t = NULL;

	if (timeout_ms >= 0)
		t = net_timer(env, (uint64_t)timeout_ms * 1000000u, time_is_up, &over);
	n->stopped = false;
	while (!n->stopped && !over && (until == NULL || !*until))
		if (uv_run(&n->loop, UV_RUN_ONCE) == 0 && !uv_loop_alive(&n->loop))
			break; /* nothing left that could ever happen */
	if (t != NULL && !over)
		timer_end(t);
}

void
net_turn(struct env *env)
{
	(void)uv_run(&net_of(env)->loop, UV_RUN_NOWAIT);
}

void
net_stop(struct env *env)
{
	net_of(env)->stopped = true;
	uv_stop(&net_of(env)->loop);
}

/* ---- where we are ---- */

size_t
net_addresses(char (*out)[48], size_t max)
{
	uv_interface_address_t *list;
	int count = 0;
	size_t n = 0;

	if (uv_interface_addresses(&list, &count) == 0) {
		for (int i = 0; i < count && n < max; i++)
			if (!list[i].is_internal && list[i].address.address4.sin_family == AF_INET &&
			    uv_ip4_name(&list[i].address.address4, out[n], sizeof(out[n])) == 0)
				n++;
		uv_free_interface_addresses(list, count);
	}
	if (n == 0 && max > 0)
		memcpy(out[n++], "127.0.0.1", sizeof("127.0.0.1"));
	return n;
}

/* ---- signals ---- */

static void
signalled(uv_signal_t *h, int sig)
{
	struct net *n = h->data;

	for (size_t i = 0; i < COUNT_OF(n->signals); i++)
		uv_signal_stop(&n->signals[i]); /* the next one kills as usual */
	n->on_signal(n->signal_ctx, sig);
}

enum err_code
net_on_signal(struct env *env, void (*cb)(void *ctx, int sig), void *ctx, struct err *err)
{
	static const int which[] = { SIGINT, SIGTERM };
	struct net *n = net_of(env);

	n->on_signal = cb;
	n->signal_ctx = ctx;
	for (size_t i = 0; !n->has_signals && i < COUNT_OF(which); i++) {
		uv_signal_init(&n->loop, &n->signals[i]);
		n->signals[i].data = n;
		uv_unref((uv_handle_t *)&n->signals[i]);
	}
	n->has_signals = true;
	for (size_t i = 0; i < COUNT_OF(which); i++)
		if (uv_signal_start(&n->signals[i], signalled, which[i]) != 0)
			return err_set(err, ERR_IO, "signals cannot be watched");
	return ERR_OK;
}
