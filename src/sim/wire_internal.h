/* What the parts of the network share: wires and their bytes (wire.c), who dials whom (net.c), what the world does to them (weather.c). */
#ifndef FALTBOK_SIM_WIRE_INTERNAL_H
#define FALTBOK_SIM_WIRE_INTERNAL_H

#include "sim/world_internal.h"

enum { QUEUE_BYTES_MAX = 8 << 20 }; /* env.h: ERR_TOO_BIG beyond */

struct segment { uint8_t *p; size_t n; };

struct env_conn {
	struct wire *wire;
	struct host *host;      /* NULL: nobody, a replayed recording */
	uint64_t life;
	struct conn_events ev;
	void *ctx;
	bool opened, has_events, paused;
	bool finished;          /* this side hears no more: it closed, or was told */
	bool closing;           /* close() was called: what is queued goes out first */
	struct buf out, in;
	size_t out_at, in_at;   /* taken so far */
	struct segment *flight;
	size_t flight_count, flight_cap;
	size_t flight_bytes;
	uint64_t last_arrival, sent;
	uint64_t cut_at;        /* the wire breaks after that many bytes from this side; 0: never */
	bool pumping, fin_sent, fin_got;
};

struct wire {
	struct world *world;
	uint64_t id;
	struct dice dice;
	struct env_conn end[2]; /* 0 dialled, 1 accepted */
	bool dead;              /* cut: nothing travels any more */
	int port;
	bool recorded, refused, cut_silently;
};

/* wire.c */
uint64_t conn_entity(const struct env_conn *c); /* whose events they are */
bool conn_hears(const struct env_conn *c);
uint64_t wire_latency(struct wire *wire);
void conn_tell_closed(struct env_conn *c, enum err_code why);
void conn_late_close(void *ctx, uint64_t why); /* an event */
void wire_cut(struct wire *wire, bool silent); /* breaks: told ends learn it soon, the others when their system gives up on the silence */
void wire_end(struct wire *wire, bool silent); /* the same, and no fault: the world is being put in order */
void conn_pump_soon(struct env_conn *c);
void conn_deliver(struct env_conn *c);

/* net.c */
struct wire *wire_new(struct world *w, uint32_t from, uint32_t to, int port); /* from HOSTS_MAX: nobody, a replayed recording */
struct env_listener *net_listener_at(struct world *w, uint32_t host, int port);
void wire_reaches_listener(void *ctx, uint64_t host); /* an event */

#endif
