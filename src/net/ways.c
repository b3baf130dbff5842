/* The address says the way; from then on each connection and listener knows its own. */
#include "link/url.h"
#include "net/net_internal.h"

enum err_code
ways_dial(struct env *env, const char *addr, const struct conn_events *ev, void *ctx, struct env_conn **out, struct err *err)
{
	return (url_is(addr) ? ws_dial : tcp_dial)(env, addr, ev, ctx, out, err);
}

enum err_code
ways_listen(struct env *env, const char *addr, net_accepted *accept, void *ctx, struct env_listener **out, struct err *err)
{
	return (url_is(addr) ? ws_listen : tcp_listen)(env, addr, accept, ctx, out, err);
}

void
ways_listen_stop(struct env *env, struct env_listener *l)
{
	l->way->listen_stop(env, l);
}

int
ways_listen_port(struct env *env, struct env_listener *l)
{
	return l->way->listen_port(env, l);
}

void
ways_conn_events(struct env *env, struct env_conn *c, const struct conn_events *ev, void *ctx)
{
	c->way->conn_events(env, c, ev, ctx);
}

enum err_code
ways_send(struct env *env, struct env_conn *c, struct bytes data)
{
	return c->way->send(env, c, data);
}

size_t
ways_unsent(struct env *env, struct env_conn *c)
{
	return c->way->unsent(env, c);
}

void
ways_pause(struct env *env, struct env_conn *c, bool paused)
{
	c->way->pause(env, c, paused);
}

void
ways_close(struct env *env, struct env_conn *c)
{
	c->way->close(env, c);
}

const char *
ways_trouble(struct env *env, struct env_conn *c)
{
	return c->way->trouble(env, c);
}
