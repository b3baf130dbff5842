/*
 * What the files of TCP share: tcp.c the life of a connection and listening;
 * tcp_dial.c names, addresses and connecting.
 */
#ifndef FALTBOK_NET_TCP_INTERNAL_H
#define FALTBOK_NET_TCP_INTERNAL_H

#include "net/net_internal.h"

struct tcp_conn {
	struct env_conn base; /* first */
	uv_tcp_t tcp;
	struct net *net;
	struct tcp_conn *next, **at;
	const struct conn_events *ev;
	void *ctx;
	size_t unsent;
	bool up, reading, given_back, shut, closing;
	bool spoken;    /* something was sent: there may be last words on their way */
	bool reopening; /* between two addresses: the socket is being closed already */
	struct lookup *lookup;
	struct addrinfo *addrs, *try_next;
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	uv_timer_t timer; /* an address that does not answer; then, lingering */
	unsigned open_handles;
	char why[NET_WHY_BYTES];
};

/* tcp.c */
struct tcp_conn *tcp_conn_new(struct net *n); /* NULL: out of memory */
void tcp_socket_new(struct tcp_conn *c);
void tcp_conn_free_when_done(struct tcp_conn *c);
void tcp_conn_end(struct tcp_conn *c);
/* Tells the owner, unless it has given the connection back, and ends. */
void tcp_conn_lost(struct tcp_conn *c, enum err_code why);
void tcp_read_on(struct tcp_conn *c);

#endif
