/*
 * A connection over a WebSocket, once it is made: what is to be sent waits in
 * blocks until libwebsockets asks for it; what comes while the owner does not
 * read is held, and is never more than was being read when it stopped.
 */
#include "net/ws_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/mem.h"

enum { BLOCK_BYTES_MIN = 4096, LOOK_MS = 1000 };

struct ws_block {
	struct ws_block *next;
	size_t len, cap;
	uint8_t room[]; /* LWS_PRE, then the bytes: the library writes its header in front of them */
};

/* ---- birth and end ---- */

struct ws_conn *
ws_conn_new(struct net *n)
{
	struct ws_conn *c = mem_zero(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->base.way = &ws_way;
	c->net = n;
	uv_timer_init(&n->loop, &c->timer);
	c->timer.data = c;
	c->timer_open = true;
	c->next = n->ws->conns;
	c->at = &n->ws->conns;
	if (c->next != NULL)
		c->next->at = &c->next;
	n->ws->conns = c;
	return c;
}

static void
conn_free(struct ws_conn *c)
{
	while (c->first != NULL) {
		struct ws_block *b = c->first;

		c->first = b->next;
		mem_free(b);
	}
	if (c->addrs != NULL)
		uv_freeaddrinfo(c->addrs);
	buf_free(&c->held);
	mem_free(c);
}

static void
timer_gone(uv_handle_t *h)
{
	struct ws_conn *c = h->data;

	c->timer_open = false;
	conn_free(c);
}

/* Parts from the library, which may live on for a while to say goodbye. */
void
ws_conn_end(struct ws_conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	if (c->wsi != NULL)
		lws_set_opaque_user_data(c->wsi, NULL);
	c->wsi = NULL;
	if (c->from != NULL)
		ws_listen_left(c->from);
	if (c->lookup != NULL)
		lookup_abandon(c->net, c->lookup);
	c->lookup = NULL;
	uv_close((uv_handle_t *)&c->timer, timer_gone);
}

/* Tells the owner, unless it has given the connection back, and ends. */
void
ws_conn_lost(struct ws_conn *c, enum err_code why)
{
	if (c->closing)
		return;
	ws_conn_end(c);
	if (!c->given_back && c->ev != NULL)
		c->ev->closed(c->ctx, &c->base, why);
	c->given_back = true;
}

/* Not from within one of the library's calls. */
static void
time_is_up(uv_timer_t *t)
{
	struct ws_conn *c = t->data;
	struct lws *wsi = c->wsi;

	ws_conn_end(c);
	if (wsi != NULL)
		lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

static void
way_close(struct env *env, struct env_conn *base)
{
	struct ws_conn *c = (struct ws_conn *)base;

	(void)env;
	if (c->given_back)
		return;
	c->given_back = true;
	buf_free(&c->held);
	if (c->wsi == NULL) {
		ws_conn_end(c);
		return;
	}
	uv_timer_start(&c->timer, time_is_up, c->up ? LINGER_MS : 0, 0);
	if (!c->up)
		return;
	lws_rx_flow_control(c->wsi, 1); /* to read, and throw away */
	lws_callback_on_writable(c->wsi);
}

/* ---- signs of life that are no PONG ---- */

static int
in_kernel(struct ws_conn *c)
{
	int left;

	return ioctl(lws_get_socket_fd(c->wsi), TIOCOUTQ, &left) == 0 ? left : 0;
}

static void
note_waiting(struct ws_conn *c)
{
	c->then.left = in_kernel(c);
	c->then.unsent = c->unsent;
	c->then.passed = c->passed;
}

/*
 * A PING stands behind all that waits to be sent, and its PONG behind all that we do not read. So whoever takes of what
 * waits lives, however slowly; and while we are the ones who do not read, silence is ours. What does not have to wait is
 * taken by the system of a process that has stopped, too, and says nothing.
 */
static void
look_for_life(uv_timer_t *t)
{
	struct ws_conn *c = t->data;
	struct ws_waiting then = c->then;

	if (c->wsi == NULL)
		return;
	note_waiting(c);
	if (c->then.left < then.left || (then.unsent > 0 && c->passed != then.passed) || (c->paused && c->unsent == 0))
		lws_validity_confirmed(c->wsi);
	if (c->then.left == 0 && c->unsent == 0 && !c->paused)
		uv_timer_stop(t);
}

/* The other end may have megabytes on their way that it cannot see any more: a PONG that nobody asked for says that they arrive. */
static void
say_life(struct ws_conn *c)
{
	if (uv_now(&c->net->loop) - c->said_ms < WS_PING_S * 1000u)
		return;
	c->owes_pong = true;
	lws_callback_on_writable(c->wsi);
}

static int
send_pong(struct ws_conn *c)
{
	uint8_t room[LWS_PRE + 1];

	c->owes_pong = false;
	c->said_ms = uv_now(&c->net->loop);
	if (lws_write(c->wsi, room + LWS_PRE, 0, LWS_WRITE_PONG) < 0)
		return -1;
	lws_callback_on_writable(c->wsi);
	return 0;
}

static void
watch_life(struct ws_conn *c)
{
	if (uv_is_active((uv_handle_t *)&c->timer))
		return;
	note_waiting(c);
	uv_timer_start(&c->timer, look_for_life, LOOK_MS, LOOK_MS);
}

/* ---- receiving ---- */

static int
received(struct ws_conn *c, const uint8_t *p, size_t n)
{
	if (c->given_back)
		return 0;
	lws_validity_confirmed(c->wsi); /* of itself the library believes a PONG alone, which on a slow link is far behind */
	if (!lws_frame_is_binary(c->wsi)) {
		lws_close_reason(c->wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, NULL, 0);
		return -1;
	}
	if (n == 0)
		return 0;
	say_life(c);
	if (!c->paused && c->held.len == 0) {
		c->ev->data(c->ctx, &c->base, p, n);
		return 0;
	}
	buf_put(&c->held, p, n);
	return buf_ok(&c->held) ? 0 : -1;
}

static void
way_pause(struct env *env, struct env_conn *base, bool paused)
{
	struct ws_conn *c = (struct ws_conn *)base;

	(void)env;
	if (c->wsi == NULL || c->given_back || c->paused == paused)
		return;
	c->paused = paused;
	if (paused && c->up)
		watch_life(c);
	if (paused)
		lws_rx_flow_control(c->wsi, 0);
	else
		lws_callback_on_writable(c->wsi); /* what is held first, and not from under the owner's feet */
}

/* What was held goes to the owner, then the socket is read again. */
static void
go_on_reading(struct ws_conn *c)
{
	struct buf held = c->held;

	if (c->paused || c->given_back)
		return;
	c->held = (struct buf)BUF_INIT;
	if (held.len > 0)
		c->ev->data(c->ctx, &c->base, held.p, held.len);
	buf_free(&held);
	if (!c->paused && c->wsi != NULL && c->held.len == 0)
		lws_rx_flow_control(c->wsi, 1);
}

static void
way_conn_events(struct env *env, struct env_conn *base, const struct conn_events *ev, void *ctx)
{
	struct ws_conn *c = (struct ws_conn *)base;
	bool first = c->ev == NULL;

	c->ev = ev;
	c->ctx = ctx;
	if (first)
		way_pause(env, base, false);
}

/* ---- sending ---- */

/* Room at the end of the queue, for at least one byte. */
static struct ws_block *
block_for(struct ws_conn *c, size_t len)
{
	size_t cap = len < BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : len > WS_MESSAGE_BYTES ? WS_MESSAGE_BYTES : len;
	struct ws_block *b = c->last;

	if (b != NULL && b->len < b->cap)
		return b;
	b = mem_alloc(sizeof(*b) + LWS_PRE + cap);
	if (b == NULL)
		return NULL;
	*b = (struct ws_block){ .cap = cap };
	if (c->last != NULL)
		c->last->next = b;
	else
		c->first = b;
	c->last = b;
	return b;
}

static enum err_code
way_send(struct env *env, struct env_conn *base, struct bytes data)
{
	struct ws_conn *c = (struct ws_conn *)base;

	(void)env;
	if (c->given_back || c->closing || !c->up)
		return ERR_NETWORK;
	if (c->unsent + data.len > UNSENT_BYTES_MAX)
		return ERR_TOO_BIG;
	while (data.len > 0) {
		struct ws_block *b = block_for(c, data.len);
		size_t n;

		if (b == NULL)
			return ERR_NO_MEMORY;
		n = b->cap - b->len < data.len ? b->cap - b->len : data.len;
		memcpy(b->room + LWS_PRE + b->len, data.p, n);
		b->len += n;
		c->unsent += n;
		data = BYTES(data.p + n, data.len - n);
	}
	watch_life(c);
	lws_callback_on_writable(c->wsi);
	return ERR_OK;
}

static size_t
way_unsent(struct env *env, struct env_conn *base)
{
	(void)env;
	return ((struct ws_conn *)base)->unsent;
}

/* One message. What the socket does not take at once the library keeps, and calls again when it has gone. */
static int
send_one(struct ws_conn *c)
{
	struct ws_block *b = c->first;
	int rc = lws_write(c->wsi, b->room + LWS_PRE, b->len, LWS_WRITE_BINARY);

	c->passed += b->len;
	c->first = b->next;
	if (c->first == NULL)
		c->last = NULL;
	c->spoke = true;
	c->owes_pong = false;
	c->said_ms = uv_now(&c->net->loop);
	c->flushing = c->first == NULL;
	if (!c->flushing)
		c->unsent -= b->len;
	else
		c->unsent = b->len; /* until it is known to have gone */
	mem_free(b);
	if (rc < 0)
		return -1;
	lws_callback_on_writable(c->wsi);
	return 0;
}

static int
writeable(struct ws_conn *c)
{
	if (c->flushing) {
		c->flushing = false;
		c->unsent = 0;
		for (const struct ws_block *b = c->first; b != NULL; b = b->next)
			c->unsent += b->len;
		if (c->first == NULL && !c->given_back && c->ev != NULL && c->ev->drained != NULL)
			c->ev->drained(c->ctx, &c->base);
	}
	go_on_reading(c);
	if (c->wsi == NULL)
		return 0;
	if (c->first != NULL)
		return send_one(c);
	if (c->owes_pong && !c->given_back)
		return send_pong(c);
	if (!c->given_back)
		return 0;
	if (c->spoke)
		lws_close_reason(c->wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
	return -1;
}

static const char *
way_trouble(struct env *env, struct env_conn *base)
{
	(void)env;
	return ((struct ws_conn *)base)->why;
}

const struct way ws_way = {
	.conn_events = way_conn_events, .send = way_send, .unsent = way_unsent, .pause = way_pause, .close = way_close, .trouble = way_trouble,
	.listen_stop = ws_way_listen_stop, .listen_port = ws_way_listen_port,
};

/* ---- what the library says ---- */

void
ws_conn_up(struct ws_conn *c)
{
	c->up = true;
	c->said_ms = uv_now(&c->net->loop);
	tcp_tune(lws_get_socket_fd(c->wsi));
}

static int
dialled(struct ws_conn *c)
{
	if (c->given_back)
		return 0; /* its timer ends it */
	uv_timer_stop(&c->timer);
	ws_conn_up(c);
	c->ev->opened(c->ctx, &c->base);
	return 0;
}

/* Connections of which nobody here knows any more are left to themselves. */
static int
on_conn(struct ws_conn *c, enum lws_callback_reasons reason, void *in, size_t len)
{
	switch ((int)reason) {
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		return dialled(c);
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		ws_dial_failed(c, in);
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
	case LWS_CALLBACK_RECEIVE:
		return received(c, in, len);
	case LWS_CALLBACK_CLIENT_WRITEABLE:
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return writeable(c);
	case LWS_CALLBACK_CLIENT_CLOSED:
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_WSI_DESTROY:
		if (c->up)
			ws_conn_lost(c, ERR_OK);
		else
			ws_dial_failed(c, NULL);
		return 0;
	default:
		return 0;
	}
}

int
ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct ws *ws = lws_context_user(lws_get_context(wsi));
	struct ws_conn *c = lws_get_opaque_user_data(wsi);

	if (ws->making) { /* what fails now is told by a NULL */
		ws->made = wsi;
		return 0;
	}
	switch ((int)reason) {
	case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
		return ws_dial_judge(c, user, len != 0);
	case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
		ws_listen_counted(wsi, true);
		return 0;
	case LWS_CALLBACK_HTTP:
		return ws_listen_request(wsi, false);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return ws_listen_request(wsi, true);
	case LWS_CALLBACK_ESTABLISHED:
		return ws_listen_opened(wsi);
	case LWS_CALLBACK_WSI_DESTROY:
		ws_listen_counted(wsi, false);
		break;
	default:
		break;
	}
	return c != NULL ? on_conn(c, reason, in, len) : 0;
}

/* ---- the library itself ---- */

enum err_code
ws_ready(struct net *n, struct err *err)
{
	struct ws *ws = n->ws != NULL ? NULL : mem_zero(1, sizeof(*ws));
	void *loops[1] = { &n->loop };
	struct lws_context_creation_info info = {
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN |
		           LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
		.foreign_loops = loops, .gid = -1, .uid = -1, .max_http_header_data2 = WS_HEAD_BYTES, .max_http_header_pool2 = WS_HEADS_MAX,
		.pt_serv_buf_size = WS_MESSAGE_BYTES, .user = ws, .pcontext = ws != NULL ? &ws->lws : NULL,
		.timeout_secs = WS_REQUEST_S, .timeout_secs_ah_idle = WS_REQUEST_S,
	};

	if (n->ws != NULL)
		return ERR_OK;
	if (ws == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	lws_set_log_level(0, NULL); /* its lines hold addresses */
	ws->net = n;
	ws->lws = lws_create_context(&info);
	if (ws->lws == NULL) {
		mem_free(ws);
		return err_set(err, ERR_IO, "no WebSocket can be used: libwebsockets does not start; is libwebsockets-evlib-uv installed?");
	}
	n->ws = ws;
	return ERR_OK;
}

void
ws_close_all(struct net *n)
{
	if (n->ws == NULL)
		return;
	while (n->ws->conns != NULL) {
		n->ws->conns->given_back = true;
		ws_conn_end(n->ws->conns);
	}
	ws_listen_close_all(n->ws);
	lws_context_destroy(n->ws->lws);
}

void
ws_free(struct net *n)
{
	if (n->ws == NULL)
		return;
	if (n->ws->lws != NULL) /* its handles are closed now, and it can be freed; it forgets itself when it is */
		lws_context_destroy(n->ws->lws);
	ws_listen_free(n->ws);
	ws_dial_free(n->ws);
	mem_free(n->ws);
	n->ws = NULL;
}
