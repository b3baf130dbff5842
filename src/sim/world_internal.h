/* What world.c (time), host.c (machines) and net.c (wires) share. */
#ifndef FALTBOK_SIM_WORLD_INTERNAL_H
#define FALTBOK_SIM_WORLD_INTERNAL_H

#include "sim/disk_internal.h"
#include "sim/world.h"

struct event {
	uint64_t at, tie, order;
	void (*fn)(void *ctx, uint64_t n);
	void *ctx;
	uint64_t n;
};

struct env_listener {
	struct host *host;
	int port;
	bool stopped;
	void (*accept)(void *ctx, struct env_conn *c, const char *from);
	void *ctx;
};

struct host {
	struct world *world;
	uint32_t id;
	uint64_t life;       /* counts programs: what belongs to an older one is ignored */
	struct env env;
	struct disk *disk;
	struct dice random;
	int64_t skew_ms;
	struct env_listener **listeners;
	size_t listener_count, listener_cap;
	struct env_timer **timers; /* all of this life, freed by host_forget() */
	size_t timer_count, timer_cap;
	struct env_cast *casts; /* of every life, freed with the host */
};

struct wire;
struct decide;
struct recording { int port; uint32_t host; struct buf bytes; };

struct net {
	struct weather weather;
	struct wire **wires;
	size_t wire_count, wire_cap;
	bool parted[HOSTS_MAX][HOSTS_MAX];
	uint64_t clogged[HOSTS_MAX][HOSTS_MAX];
	struct recording recordings[16];
	size_t recording_count;
	uint64_t bytes, cuts;
	uint32_t dialled[HOSTS_MAX][HOSTS_MAX]; /* wires so far, by who dialled whom */
	struct decide *decide; /* what becomes of wires, when it is a play that asks; or NULL */
};

struct world {
	uint64_t seed, now, order, steps;
	struct event *heap;
	size_t event_count, event_cap;
	struct host *hosts[HOSTS_MAX];
	size_t host_count;
	struct trace trace;
	struct scan *scan;
	struct net net;
	void (*watch)(void *ctx);
	void *watch_ctx;
};

struct host *host_new(struct world *w, uint32_t id);
void host_free(struct host *h);

/* The network's part of env_ops. */
enum err_code net_dial(struct env *env, const char *addr, const struct conn_events *ev, void *ctx, struct env_conn **out, struct err *err);
enum err_code net_listen(struct env *env, const char *addr, void (*accept)(void *ctx, struct env_conn *c, const char *from), void *ctx, struct env_listener **out, struct err *err);
void net_listen_stop(struct env *env, struct env_listener *l);
int net_listen_port(struct env *env, struct env_listener *l);
void net_conn_events(struct env *env, struct env_conn *c, const struct conn_events *ev, void *ctx);
enum err_code net_send(struct env *env, struct env_conn *c, struct bytes data);
size_t net_unsent(struct env *env, struct env_conn *c);
void net_pause(struct env *env, struct env_conn *c, bool paused);
void net_close(struct env *env, struct env_conn *c);
/* Datagrams: cast.c. */
enum err_code sim_cast_open(struct env *env, const struct cast_events *ev, void *ctx, struct env_cast **out, struct err *err);
void sim_cast_send(struct env *env, struct env_cast *c, struct bytes datagram);
void sim_cast_close(struct env *env, struct env_cast *c);
void sim_casts_free(struct host *h);

void net_host_gone(struct host *h, bool half_open);
void net_free(struct world *w);

#endif
