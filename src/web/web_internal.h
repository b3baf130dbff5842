/*
 * What the files of `web` share: door.c connections and requests, work.c what
 * they set going, reply.c what goes back, events.c the streams, assets.c the
 * page's files.
 */
#ifndef FALTBOK_WEB_INTERNAL_H
#define FALTBOK_WEB_INTERNAL_H

#include <libwebsockets.h>

#include "web/ask.h"
#include "web/policy.h"
#include "web/web.h"

enum {
	WEB_CONNECTIONS_MAX = 48,
	WEB_CALLS_MAX = 32,             /* under way at once */
	WEB_STREAMS_MAX = 12,
	WEB_HELD_BYTES = 128 << 20,     /* of bodies, all connections together */
	WEB_STREAM_BYTES = 64 << 10,    /* of events that wait for a slow reader */
	WEB_HEADER_BYTES = 8192,
	WEB_CHUNK_BYTES = 32 << 10,
	WEB_ARRIVE_S = 30,              /* for a whole body to arrive */
	WEB_FETCH_S = 120,              /* for an answer to be fetched */
	WEB_BEAT_S = 5,                 /* how often limits are looked at */
	WEB_SIGN_BEATS = 3,             /* and an open stream gives a sign of life */
};

struct web_asset {
	const char *path, *type, *etag; /* "/app-1f2e.js"; the etag with its quotes */
	const char *start, *end;        /* gzip'ed */
};

struct web {
	struct env *env;
	struct web_host host;
	struct lws_context *lws;
	struct lws_vhost *vhost;
	struct web_secrets secrets;
	char token[WEB_SECRET_CHARS + 1]; /* "": spent */
	char address[192];
	size_t connections, calls, streams;
	uint64_t held;                  /* bytes of bodies announced and not yet answered */
	struct web_call *first;         /* every request that is not freed */
	struct env_timer *beat;
	json_t *openapi;                /* once asked for */
	bool stopping;
};

/* One request, from its headers until its answer is sent and its operation has ended. */
struct web_call {
	struct op_call op;              /* first: finished() gets its address */
	struct web *web;                /* NULL once the door is closed */
	struct lws *wsi;                /* NULL once the connection is gone */
	struct web_call *next, **at;
	struct web_verdict verdict;
	const struct op_row *row;
	struct web_ask ask;
	struct buf body;
	uint64_t held;
	uint64_t limit_ns;              /* when the connection is cut; 0: not */
	bool under_way;                 /* the operation or the host will still call back */
	/* the answer */
	int status;
	struct buf out;                 /* also a stream's waiting events */
	const struct web_asset *asset;
	size_t sent;
	bool ready, started, last, cookie; /* last: the connection ends with it */
	/* a stream */
	bool stream, lost;
	unsigned beats, stalled;        /* since the last sign; signs without a byte taken */
};

/* door.c */
void web_call_end(struct web_call *c); /* frees it when nobody holds it any more */

void web_limit(struct web_call *c, unsigned seconds);

/* work.c */
void web_start_operation(struct web_call *c);
void web_start_session(struct web_call *c);
void web_reply_session(struct web_call *c, json_t *document); /* takes it over */
void web_draw_secret(struct env *env, char out[WEB_SECRET_CHARS + 1]);

/* reply.c */
void web_reply_json(struct web_call *c, int status, const json_t *answer);
void web_reply_error(struct web_call *c, int status, const char *code, const char *text);
void web_reply_asset(struct web_call *c, const struct web_asset *asset, bool unchanged);
void web_reply_stream(struct web_call *c);
/* Writes what can be written now. -1: the connection is to be closed. */
int web_write(struct web_call *c);

/* events.c */
void web_stream_open(struct web_call *c);
void web_beat(void *ctx);

/* assets.c */
const struct web_asset *web_asset_at(const char *path);
extern const struct web_asset web_assets[]; /* made by tools/embed; ends with a pathless one */

#endif
