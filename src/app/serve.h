/*
 * What the parts of `faltbok serve` share: node_serve.c its life;
 * node_session.c what the page may do about the home;
 * node_first.c how a home begins.
 */
#ifndef FALTBOK_APP_SERVE_H
#define FALTBOK_APP_SERVE_H

#include "app/node.h"
#include "app/node_door.h"
#include "net/net.h"
#include "peer/seek.h"
#include "peer/wake.h"
#include "store/home.h"
#include "web/web.h"

enum { SERVE_PEERS_MAX = 64, LOCK_AFTER_S = 600 };

/*
 *   NO_HOME ─ init ────────────────> OPEN ─ lock ─> LOCKED (the node replicates on)
 *      └─ request, code ─> JOINING ─ welcome ─^        └─ unlock ─> OPEN
 *   LOCKED without a node: started and not yet unlocked.
 */
enum serve_state { SERVE_NO_HOME, SERVE_LOCKED, SERVE_JOINING, SERVE_OPEN };

struct newcomer;
struct serve_job;

struct serve {
	struct app *app;
	const char *http, *listen[MEET_LISTENERS_MAX], *peers[SERVE_PEERS_MAX];
	size_t listen_count, peer_count;
	bool discovery;
	bool by_page;              /* the page has opened the home, or is about to */
	struct node *node;         /* once unlocked; stays when locked again */
	struct home home;          /* JOINING only */
	struct meet *meet;
	struct seek *seek;         /* NULL: peers are found by address only */
	struct wake *wake;         /* then, whether the machine has slept */
	struct door door;          /* open while there is a node */
	struct web *web;
	enum serve_state state, told; /* told: to the pages */
	bool busy;                 /* a passphrase is being worked on */
	size_t ops;                /* under way */
	uint64_t conflicts;        /* as last told */
	bool queue_changes;        /* one of them is about the queue, which is no record and tells nobody by itself */
	bool lock_wanted;          /* as soon as they have ended */
	uint64_t lock_after_s;     /* 0: never */
	uint64_t seen_ns;          /* when somebody last did something */
	struct env_timer *idle;
	struct env_timer *tend;    /* what keys need by the clock, in a while */
	int64_t clocks_ms;         /* the wall clock before the other, when last looked */
	struct newcomer *newcomer; /* while joining by a code */
	struct serve_job *joining; /* whose call waits for it */
	struct serve_job *opening; /* whose node is being opened, a slice at a time */
	uint64_t open_done, open_all; /* entries read, and how many there are; 0 of 0: nothing is being opened */
	struct env_timer *indexing; /* the full text is being brought up to date, a slice at a time */
	char digits[7];
	char kill_card[27];        /* of a home that is joining by a code, until it can be shown */
	struct env_timer *wiped;   /* set: the home has been destroyed, and is about to be left */
	bool stopping;
};

/* node_serve.c */
/* Starts an operation for the control socket or the page; refuses it while locked. */
void serve_start(void *ctx, const struct op_row *row, struct op_call *call);
void serve_ended(void *ctx); /* when a started one has ended */
/* The node has just been opened: meets peers, takes the command line's calls. */
enum err_code serve_opened(struct serve *s, struct node *node, struct err *err);

bool serve_has_home(const struct serve *s);
/* The same after it was locked; its node has been opened again. */
void serve_unlocked(struct serve *s);
void serve_index(struct serve *s); /* in idle moments, until nothing is left */

/* node_tell.c: events for the pages that are open */
void serve_watch(struct serve *s);           /* the node is open: from now on */
void serve_watch_invites(struct serve *s);   /* after each operation, which may have made one */
void serve_unwatch(struct serve *s);
void serve_tell_changes(struct serve *s);
/* An exchange has ended: it is kept with what it brought, and open pages are told. */
void serve_tell_sync(struct serve *s, const struct peer_result *r);

/* node_session.c */
extern const struct web_host serve_web_host; /* its ctx is to be set */
json_t *serve_session(void *ctx);
void serve_tell_session(struct serve *s);    /* to every open page */
void serve_lock(struct serve *s);
void serve_seen(void *ctx);
void serve_watch_idle(struct serve *s);

/* node_first.c: work that takes a second, off the loop; each answers the call */
void serve_leave_work(struct serve *s); /* when the process ends */
void serve_work(struct serve *s, const json_t *wish, struct web_call *call);

#endif
