/*
 * What the files of `net` share: net.c the loop, timers, work and signals;
 * ways.c which way an address names; lookup.c names; port.c who connects;
 * tcp.c and tcp_dial.c TCP; ws.c, ws_dial.c and ws_listen.c WebSockets;
 * lost.c addresses that are gone; cast.c datagrams to the local networks;
 * control.c the control socket.
 */
#ifndef FALTBOK_NET_NET_INTERNAL_H
#define FALTBOK_NET_NET_INTERNAL_H

#include <uv.h>

#include "net/net.h"

enum {
	READ_BYTES = 256 << 10,    /* one buffer for all connections: its content is used up before the next read */
	UNSENT_BYTES_MAX = 8 << 20,
	LINGER_MS = 2000,          /* how long a closed connection may take to send what it holds */
	NEXT_ADDRESS_MS = 2000,    /* a host with several addresses: how long one may keep us waiting */
	ADDR_BYTES = 256,
	NET_WHY_BYTES = 160,
};

/* One way to carry bytes: TCP, WebSocket. What the seam asks of a connection goes to its way. */
struct way {
	void (*conn_events)(struct env *env, struct env_conn *c, const struct conn_events *ev, void *ctx);
	enum err_code (*send)(struct env *env, struct env_conn *c, struct bytes data);
	size_t (*unsent)(struct env *env, struct env_conn *c);
	void (*pause)(struct env *env, struct env_conn *c, bool paused);
	void (*close)(struct env *env, struct env_conn *c);
	const char *(*trouble)(struct env *env, struct env_conn *c);
	void (*listen_stop)(struct env *env, struct env_listener *l);
	int (*listen_port)(struct env *env, struct env_listener *l);
};

/* The first member of each way's own. */
struct env_conn { const struct way *way; };
struct env_listener { const struct way *way; };

struct net {
	struct env env;
	uv_loop_t loop;
	bool stopped;
	struct tcp_conn *conns;          /* all of them, for net_env_free() */
	struct tcp_listener *listeners;
	struct ws *ws;                   /* NULL until an address names one */
	struct lost *lost;               /* NULL until a connection is up */
	struct lookups *lookups;         /* NULL until a name is looked up */
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

typedef void net_accepted(void *ctx, struct env_conn *c, const char *from);

/* ways.c */
enum err_code ways_dial(struct env *env, const char *addr, const struct conn_events *ev, void *ctx, struct env_conn **out, struct err *err);
enum err_code ways_listen(struct env *env, const char *addr, net_accepted *accept, void *ctx, struct env_listener **out, struct err *err);
void ways_listen_stop(struct env *env, struct env_listener *l);
int ways_listen_port(struct env *env, struct env_listener *l);
void ways_conn_events(struct env *env, struct env_conn *c, const struct conn_events *ev, void *ctx);
enum err_code ways_send(struct env *env, struct env_conn *c, struct bytes data);
size_t ways_unsent(struct env *env, struct env_conn *c);
void ways_pause(struct env *env, struct env_conn *c, bool paused);
void ways_close(struct env *env, struct env_conn *c);
const char *ways_trouble(struct env *env, struct env_conn *c);

/* lookup.c */
struct lookup;
/* `addrs` are the called one's to free. Not after lookup_abandon(). */
typedef void lookup_done(void *ctx, int status, struct addrinfo *addrs);
struct lookup *lookup_start(struct net *n, const char *host, const char *port, lookup_done *cb, void *ctx); /* NULL: no memory, no thread */
void lookup_abandon(struct net *n, struct lookup *l);
/* When all of them have been abandoned. Waits for no resolver; the loop must run once more. */
void lookup_close(struct net *n);

/* port.c */
struct port;
typedef void port_came(void *ctx, int fd); /* a connection, not blocking: the called one's to close */
/* Bound and listening: 0, or libuv's error. Whatever fails later, it goes on. */
int port_open(struct net *n, const struct sockaddr *sa, socklen_t len, int backlog, port_came *came, void *ctx, struct port **out);
int port_number(const struct port *p); /* 0: closed */
void port_close(struct port *p);       /* its number is free at once; the loop must run once more */

/* tcp.c, tcp_dial.c */
extern const struct way tcp_way;
enum err_code tcp_dial(struct env *env, const char *addr, const struct conn_events *ev, void *ctx, struct env_conn **out, struct err *err);
enum err_code tcp_listen(struct env *env, const char *addr, net_accepted *accept, void *ctx, struct env_listener **out, struct err *err);
void tcp_close_all(struct net *n);
/* lost.c: a connection is up; it ends when this machine loses its address. */
void lost_watch(struct net *n);
void lost_close(struct net *n);
/* "host:port", "[v6]:port". False when it is neither. */
bool tcp_split_addr(const char *addr, char host[ADDR_BYTES], char port[8]);
/* The address of a host that is one already: without the threads that may all be waiting for a name server. NULL: it is a name. */
struct addrinfo *tcp_numbers(struct net *n, const char *host, const char *port);
/* Sends small things at once, and gives up a socket whose other side has left the network. */
void tcp_tune(int fd);
/* "192.0.2.1:7047", "[fe80::1]:7047". */
void tcp_name(const struct sockaddr_storage *sa, char out[ADDR_BYTES]);

/* ws.c, ws_dial.c, ws_listen.c */
enum err_code ws_dial(struct env *env, const char *addr, const struct conn_events *ev, void *ctx, struct env_conn **out, struct err *err);
enum err_code ws_listen(struct env *env, const char *addr, net_accepted *accept, void *ctx, struct env_listener **out, struct err *err);
void ws_close_all(struct net *n); /* the loop must run before ws_free() */
void ws_free(struct net *n);

/* cast.c */
enum err_code cast_open(struct env *env, const struct cast_events *ev, void *ctx, struct env_cast **out, struct err *err);
void cast_send(struct env *env, struct env_cast *c, struct bytes datagram);
void cast_close(struct env *env, struct env_cast *c);

#endif
