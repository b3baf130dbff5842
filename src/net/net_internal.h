/*
 * What the files of `net` share: net.c the loop, timers, work and signals;
 * tcp.c connections and listeners; cast.c datagrams to the local
 * networks; control.c the control socket.
 */
#ifndef FALTBOK_NET_NET_INTERNAL_H
#define FALTBOK_NET_NET_INTERNAL_H

#include <uv.h>

#include "net/net.h"

enum {
	READ_BYTES = 256 << 10,    /* one buffer for all connections: its content is used up before the next read */
	UNSENT_BYTES_MAX = 8 << 20,
	LINGER_MS = 2000,          /* how long a closed connection may take to send what it holds */
};

struct net {
	struct env env;
	uv_loop_t loop;
	bool stopped;
	struct env_conn *conns;          /* all of them, for net_env_free() */
	struct env_listener *listeners;
	struct env_cast *casts;
	struct net_control *controls;
	struct env_timer *timers;
	uv_signal_t signals[2];
	bool has_signals;
	void (*on_signal)(void *ctx, int sig);
	void *signal_ctx;
	char *read_buffer;
};

static inline struct net *
net_of(struct env *env)
{
	return env->ctx;
}

/* tcp.c */
enum err_code tcp_dial(struct env *env, const char *addr, const struct conn_events *ev, void *ctx, struct env_conn **out, struct err *err);
enum err_code tcp_listen(struct env *env, const char *addr, void (*accept)(void *ctx, struct env_conn *c, const char *from), void *ctx,
                         struct env_listener **out, struct err *err);
void tcp_listen_stop(struct env *env, struct env_listener *l);
int tcp_listen_port(struct env *env, struct env_listener *l);
void tcp_conn_events(struct env *env, struct env_conn *c, const struct conn_events *ev, void *ctx);
enum err_code tcp_send(struct env *env, struct env_conn *c, struct bytes data);
size_t tcp_unsent(struct env *env, struct env_conn *c);
void tcp_pause(struct env *env, struct env_conn *c, bool paused);
void tcp_close(struct env *env, struct env_conn *c);
void tcp_close_all(struct net *n);

/* cast.c */
enum err_code cast_open(struct env *env, const struct cast_events *ev, void *ctx, struct env_cast **out, struct err *err);
void cast_send(struct env *env, struct env_cast *c, struct bytes datagram);
void cast_close(struct env *env, struct env_cast *c);

#endif
