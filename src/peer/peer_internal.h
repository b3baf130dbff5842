/*
 * What the files of a peer share: peer.c its life, its connection and its
 * interface; peer_talk.c its conversation; peer_watch.c its deadlines.
 */
#ifndef FALTBOK_PEER_INTERNAL_H
#define FALTBOK_PEER_INTERNAL_H

#include "peer/peer.h"

#include "link/frame.h"
#include "peer/binding.h"

#define NS_PER_MS 1000000ull

enum {
	HANDSHAKE_MS = 10000,
	SILENCE_MS = 60000,         /* without a byte in the middle of an exchange */
};

struct peer {
	struct peer_host *host;
	struct env_conn *conn;
	char addr[128];
	bool initiator, remember, open, dead, reported, paused, more;
	bool stepping;              /* the conversation is at work: it must not be stepped from a hook */
	size_t psk;                 /* the network key an initiator tries */
	struct link *link;
	struct sync *sync;
	struct sync_todo todo;
	struct binding binding;
	bool bound;
	struct buf out;
	struct peer_result result;
	struct env_timer *watch;    /* handshake, silence, keep-alive */
	struct env_timer *soon;     /* growth here, and what has come on a live link and is not committed */
	struct env_timer *quiet;
	struct env_timer *relay;    /* what others have written, in a while */
	bool heard, grown;
	bool addressed;             /* the other side has said something, and so have we */
	uint64_t heard_ns;
	uint64_t floor_ns, floor_heard, floor_taken; /* when the last minute began, and what had come and gone by then */
	bool waited;                /* something was waiting to be sent then */
	unsigned depth;
};

static inline uint64_t
peer_now_ns(struct peer *p)
{
	return p->host->env->ops->mono_ns(p->host->env);
}

/* peer.c */
void peer_enter(struct peer *p);
void peer_leave(struct peer *p); /* nothing may touch p after this */
/* The peer is over; it is freed when the last peer_leave() has come. */
void peer_finish(struct peer *p, enum err_code code, const char *text);
void peer_fail(struct peer *p, const struct err *err);
void peer_report(struct peer *p, enum err_code code, const char *text);
enum err_code peer_commit(struct peer *p, size_t pending_max, struct err *err) MUST_CHECK;

/* peer_talk.c */
void peer_flush(struct peer *p);
void peer_step(struct peer *p, enum sync_event_kind kind, struct bytes message);
void peer_pump(struct peer *p);
void peer_arm_soon(struct peer *p, uint64_t ns);
void peer_arm_quiet(struct peer *p);

/* peer_watch.c */
void peer_arm_watch(struct peer *p, uint64_t ms);
void peer_keep_alive(struct peer *p);

#endif
