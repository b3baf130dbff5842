/*
 * The seam: clock, randomness, timers, network, files, work off the loop.
 *
 *      node, hub, auditor          the same code
 *             |
 *         struct env  <-- net (libuv, real sockets)      production
 *                     <-- sim (chance from a seed)       tests
 *
 * Nothing above `base` reaches the system except through this struct;
 * tools/check-hands proves it from the symbols of the objects. One env per
 * node. Everything runs on one thread; `work` and `both` are the exceptions, and
 * their functions touch nothing but what they were given.
 */
#ifndef FALTBOK_BASE_ENV_H
#define FALTBOK_BASE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct env;
struct env_timer;
struct env_conn;
struct env_listener;
struct env_cast;

/* What a connection tells its owner. After `closed` the conn is gone. */
struct conn_events {
	void (*opened)(void *ctx, struct env_conn *c);                          /* dialled and connected */
	void (*data)(void *ctx, struct env_conn *c, const uint8_t *p, size_t n); /* bytes arrived */
	void (*drained)(void *ctx, struct env_conn *c);                         /* the send queue is empty again */
	void (*closed)(void *ctx, struct env_conn *c, enum err_code why);       /* ERR_OK: the other side closed */
};

/* What a cast tells its owner. */
struct cast_events {
	/* A datagram, and the host it says it comes from, fit for dial once a port is added: "192.0.2.7", "[fe80::1%eth0]". Anyone can forge both. */
	void (*heard)(void *ctx, const char *from, struct bytes datagram);
	/* An interface or an address of it came or went. */
	void (*changed)(void *ctx);
};

/* Small whole files: keystore, place, bundles, requests. Paths are UTF-8. */
struct env_files {
	/* The whole file, at most max bytes. ERR_NOT_FOUND, ERR_TOO_BIG, ERR_IO. */
	enum err_code (*read)(struct env *env, const char *path, size_t max, struct buf *out, struct err *err);
	/* temp + fsync + rename + fsync of the directory; mode 0600. The old file or the new one, never less. */
	enum err_code (*replace)(struct env *env, const char *path, struct bytes data, struct err *err);
	/* The same, but ERR_EXISTS when something is there. */
	enum err_code (*create)(struct env *env, const char *path, struct bytes data, struct err *err);
	enum err_code (*remove)(struct env *env, const char *path, struct err *err);
	/* Gives a file that is whole and durable its name. ERR_EXISTS when something is there. */
	enum err_code (*move)(struct env *env, const char *from, const char *to, struct err *err);
	/* Written over with random bytes, synced, then removed: what a disk that moves its blocks about keeps is out of reach. */
	enum err_code (*shred)(struct env *env, const char *path, struct err *err);
	bool (*exists)(struct env *env, const char *path);
	enum err_code (*make_dir)(struct env *env, const char *path, struct err *err); /* 0700, parents too; fine if there */
	/* Takes the exclusive lock file, writes our pid. ERR_LOCKED names the holder. Released by unlock or death. */
	enum err_code (*lock)(struct env *env, const char *path, struct err *err);
	void (*unlock)(struct env *env, const char *path);
	/* What tells a place from its copy: machine id, inode, birth time of `path`, as opaque bytes (at most 64). */
	enum err_code (*place)(struct env *env, const char *path, struct buf *out, struct err *err);
};

struct env_ops {
	uint64_t (*mono_ns)(struct env *env); /* never goes back inside one run */
	uint64_t (*awake_ns)(struct env *env); /* the same, and it goes on while the machine sleeps; NULL where nobody can tell */
	int64_t (*wall_ms)(struct env *env);  /* Unix time; may jump by years */
	void (*random)(struct env *env, void *p, size_t n);

	/* One shot. The callback may start another. NULL when out of memory. */
	struct env_timer *(*timer)(struct env *env, uint64_t ns, void (*cb)(void *ctx), void *ctx);
	void (*timer_stop)(struct env *env, struct env_timer *t); /* not after it fired */

	/* "host:port", "[v6]:port", "wss://host/path". ERR_NETWORK at once when the address makes no sense; else events follow. */
	enum err_code (*dial)(struct env *env, const char *addr, const struct conn_events *ev, void *ctx,
	                      struct env_conn **out, struct err *err);
	enum err_code (*listen)(struct env *env, const char *addr,
	                        void (*accept)(void *ctx, struct env_conn *c, const char *from), void *ctx,
	                        struct env_listener **out, struct err *err);
	void (*listen_stop)(struct env *env, struct env_listener *l);
	/* The port that was bound, for addresses ending in ":0". */
	int (*listen_port)(struct env *env, struct env_listener *l);
	/* An accepted conn is silent until this names who listens to it. */
	void (*conn_events)(struct env *env, struct env_conn *c, const struct conn_events *ev, void *ctx);
	/* Copies and queues. ERR_TOO_BIG when more than 8 MiB would wait: stop and wait for `drained`. */
	enum err_code (*send)(struct env *env, struct env_conn *c, struct bytes data);
	size_t (*unsent)(struct env *env, struct env_conn *c);
	/* Stops or resumes reading from the conn: how a slow disk slows its peer. */
	void (*pause)(struct env *env, struct env_conn *c, bool paused);
	void (*close)(struct env *env, struct env_conn *c); /* `closed` will not be called; queued bytes are sent first */
	/* Within `closed`: why, for a person, or "". NULL: nobody knows. */
	const char *(*trouble)(struct env *env, struct env_conn *c);

	/* Datagrams to and from everyone on the local networks, on every interface; one's own come back. ERR_NETWORK. */
	enum err_code (*cast_open)(struct env *env, const struct cast_events *ev, void *ctx, struct env_cast **out, struct err *err);
	void (*cast_send)(struct env *env, struct env_cast *c, struct bytes datagram); /* at most 1,024 bytes; may be lost, like all of them */
	void (*cast_close)(struct env *env, struct env_cast *c); /* not from within its own events */

	/* Runs fn off the loop (or at once), then done on the loop. */
	void (*work)(struct env *env, void (*fn)(void *ctx), void (*done)(void *ctx), void *ctx);

	/*
	 * Runs both, perhaps at the same time, and returns when both have. They share
	 * nothing that either writes. NULL: one after the other.
	 */
	void (*both)(struct env *env, void (*there)(void *ctx), void *there_ctx, void (*here)(void *ctx), void *here_ctx);

	/* Minutes east of UTC at that moment where the machine stands. NULL: UTC. */
	int (*utc_offset_min)(struct env *env, int64_t ms);

	/* One line for the operator's log: ids and counts, never content. */
	void (*log)(struct env *env, const char *line);
};

struct db_engine;

struct env {
	const struct env_ops *ops;
	const struct env_files *files;
	const char *sqlite_vfs; /* NULL: SQLite's default */
	const struct db_engine *store; /* where a joined home keeps its entries (store/db.h); NULL: HOME/log.db */
	void *ctx;              /* the implementation's own */
};

static inline void
env_random(struct env *env, void *p, size_t n)
{
	env->ops->random(env, p, n);
}

void env_both(struct env *env, void (*there)(void *ctx), void *there_ctx, void (*here)(void *ctx), void *here_ctx);

/* Within `closed`: why, for a person; what the code means when nobody knows more. */
const char *env_trouble(struct env *env, struct env_conn *c, enum err_code why);

int env_utc_offset_min(struct env *env, int64_t ms);

/* Formats one line for ops->log. No content of a case ever goes in. */
void env_logf(struct env *env, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
