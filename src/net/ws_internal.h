/*
 * What the files of WebSockets share: ws.c the life of a connection, once
 * there is one; ws_dial.c how one is made; ws_listen.c how one is received.
 *
 *   seam -- ws_conn -- queue, held -- libwebsockets -- TLS, socket
 *
 * libwebsockets may be written to in its own `writeable` calls alone, and must
 * not be told to end a connection while it is at work: what the owner asks for
 * is noted, and done when it calls.
 */
#ifndef FALTBOK_NET_WS_INTERNAL_H
#define FALTBOK_NET_WS_INTERNAL_H

#include <libwebsockets.h>

#include "link/url.h"
#include "net/net_internal.h"

enum {
	WS_MESSAGE_BYTES = 64 << 10,   /* at most, in what we send; and how much is read in one go */
	WS_CONNECTIONS_MAX = 1024,
	WS_HEAD_BYTES = 4096,
	WS_HEADS_MAX = 128,            /* requests that are being read at the same time */
	WS_REQUEST_S = 10,
	WS_PING_S = 25,                /* proxies close what is idle for 60 */
	WS_SILENCE_S = 55,
};
#define WS_SUBPROTOCOL "binary"

struct ws_block;   /* of the queue */
struct ws_listener;

/* What is on its way: in the kernel, in our queue; and what had gone to libwebsockets by then. */
struct ws_waiting { int left; size_t unsent; uint64_t passed; };

struct ws_conn {
	struct env_conn base; /* first */
	struct net *net;
	struct ws_conn *next, **at;
	const struct conn_events *ev;
	void *ctx;
	struct lws *wsi;            /* NULL before it is made and after it is gone */
	struct ws_listener *from;   /* NULL: dialled */
	struct ws_block *first, *last;
	size_t unsent;
	struct buf held;            /* came while the owner did not read */
	bool up, paused, given_back, closing, timer_open;
	bool flushing;              /* the queue is with libwebsockets: its next call means that it has gone */
	bool spoke;                 /* something of ours has been sent */
	uv_timer_t timer;           /* an address that does not answer; then, whether what waits is taken; then, lingering */
	bool owes_pong;             /* has heard for long, and said nothing */
	uint64_t said_ms;           /* when something of ours was sent last, by the loop's clock */
	uint64_t passed;            /* to libwebsockets, ever */
	struct ws_waiting then;     /* when it was looked at last */
	char why[NET_WHY_BYTES];
	/* While it is dialled. */
	struct url url;
	bool by_proxy;
	struct lookup *lookup;
	struct addrinfo *addrs, *try_next;
};

struct ws {
	struct net *net;
	struct lws_context *lws;
	struct lws_vhost *direct, *by_proxy; /* made when first dialled */
	struct ssl_ctx_st *tls;
	bool making;                         /* a connection: the library's first word of it says which */
	struct lws *made;
	struct ws_conn *conns;
	struct ws_listener *listeners;
};

/* ws.c */
extern const struct way ws_way;
enum err_code ws_ready(struct net *n, struct err *err); /* n->ws, made when first asked for */
struct ws_conn *ws_conn_new(struct net *n);
void ws_conn_end(struct ws_conn *c);
void ws_conn_lost(struct ws_conn *c, enum err_code why);
/* libwebsockets and this connection know each other from here on. */
void ws_conn_up(struct ws_conn *c);
int ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

/* ws_dial.c */
void ws_dial_failed(struct ws_conn *c, const char *what);
int ws_dial_judge(struct ws_conn *c, void *x509_ctx, bool good);
void ws_dial_free(struct ws *ws);

/* ws_listen.c */
int ws_listen_request(struct lws *wsi, bool upgrade);
void ws_listen_counted(struct lws *wsi, bool more);
int ws_listen_opened(struct lws *wsi);
void ws_listen_left(struct ws_listener *l);
void ws_listen_close_all(struct ws *ws); /* the loop must run before ws_listen_free() */
void ws_listen_free(struct ws *ws);
void ws_way_listen_stop(struct env *env, struct env_listener *l);
int ws_way_listen_port(struct env *env, struct env_listener *l);

#endif
