/*
 * The seam on a real system: libuv for the loop, timers, sockets and worker
 * threads; posix.c for clock, randomness and files.
 */
#ifndef FALTBOK_NET_NET_H
#define FALTBOK_NET_NET_H

#include "base/env.h"

/* One per process. NULL when the loop cannot be made. */
struct env *net_env_new(struct err *err);
void net_env_free(struct env *env);
/* The libuv loop itself, for a library that joins it (src/web). */
struct uv_loop_s *net_loop(struct env *env);

/* Runs the loop until net_stop(), or until `*until` is true, or for timeout_ms (< 0: no limit). */
void net_run(struct env *env, const bool *until, int64_t timeout_ms);
/* One turn of the loop: what is ready now, without waiting. */
void net_turn(struct env *env);
void net_stop(struct env *env);
/* Calls cb on the loop once for SIGINT or SIGTERM; a second signal kills as usual. */
enum err_code net_on_signal(struct env *env, void (*cb)(void *ctx, int sig), void *ctx, struct err *err);

/* The IPv4 addresses of this machine that others may reach, loopback's when there is none. Returns how many. */
size_t net_addresses(char (*out)[48], size_t max);

/*
 * The control socket: one JSON line in, one JSON line out, mode 0600, same
 * user only (SO_PEERCRED). `asked` answers each request exactly once with
 * net_control_reply(), at once or later; a caller that has hung up by then
 * is no reason not to.
 */
struct net_control;
struct net_control_call;
enum err_code net_control_listen(struct env *env, const char *path,
                                 void (*asked)(void *ctx, struct net_control_call *call, struct bytes request), void *ctx,
                                 struct net_control **out, struct err *err) MUST_CHECK;
void net_control_reply(struct net_control_call *call, struct bytes reply); /* without the newline; call is gone after this */
void net_control_stop(struct net_control *c);
/* Blocking, for the command line. ERR_NOT_FOUND when nobody listens there, ERR_REFUSED when another user does: it is told nothing. */
enum err_code net_control_call(const char *path, struct bytes request, struct buf *reply, struct err *err) MUST_CHECK;

#endif
