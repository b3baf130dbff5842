/*
 * The part of the seam that needs no loop: clock, randomness and files of a
 * POSIX system. `net` completes it with timers and sockets; a one-shot
 * command that only needs files uses it as it is.
 */
#ifndef FALTBOK_BASE_POSIX_H
#define FALTBOK_BASE_POSIX_H

#include "base/env.h"

extern const struct env_files posix_files;

uint64_t posix_mono_ns(struct env *env);
uint64_t posix_awake_ns(struct env *env);
int64_t posix_wall_ms(struct env *env);
int posix_utc_offset_min(struct env *env, int64_t ms); /* by TZ, with summer time */
void posix_random(struct env *env, void *p, size_t n); /* getrandom(2); stops the process if the kernel has none */
/* `there` on a thread of its own; without one, before `here`. */
void posix_both(struct env *env, void (*there)(void *ctx), void *there_ctx, void (*here)(void *ctx), void *here_ctx);
void posix_log(struct env *env, const char *line);     /* to standard error */

#endif
