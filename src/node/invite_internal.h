/*
 * What the parts of an invitation share: invite.c opens and ends it,
 * invite_guest.c talks with who knocks, invite_herald.c lets it be found,
 * invite_ferry.c waits at the hubs.
 */
#ifndef FALTBOK_NODE_INVITE_INTERNAL_H
#define FALTBOK_NODE_INVITE_INTERNAL_H

#include "node/invite.h"
#include "node/node_internal.h"

#define NS_PER_S 1000000000ull

struct ferry;

struct guest {
	struct invite *invite;
	struct guest *next;
	struct env_conn *conn;     /* NULL when it came through a hub */
	struct ferry *ferry;
	struct join *join;
	struct env_timer *limit;
	bool asking, sending;
};

struct invite {
	struct node *node;
	struct join_code code;
	struct invitation rule;
	struct invite_info info;
	struct stream_id teams[INVITE_TEAMS_MAX];
	size_t team_count;
	bool yes;
	struct env_listener *listener; /* NULL: hubs only */
	struct ferry *ferry[JOIN_HUBS_MAX];
	struct env_timer *hour;
	struct guest *guests;
	struct once *once;             /* who has knocked: a recording of it is not answered */
};

struct invites {
	struct node *node;
	struct invite *list[INVITES_MAX];
	size_t count;
	struct env_cast *cast;     /* invite_herald.c's; NULL: cannot be found by the code alone */
	struct env_timer *herald;
	void (*watch)(void *ctx, const struct invite_info *what);
	void *watch_ctx;
};

/* invite.c */
void invite_changed(struct node *n, const struct invite_info *what);
/* The invitation is no more; `why` tells those who are still at the door. */
void invite_end(struct invite *inv, enum invite_state state, enum join_no why);

/* invite_guest.c: what the listener calls, and what ends or admits who knocked */
void guest_accepted(void *invite, struct env_conn *conn, const char *from);
struct guest *guest_ferried(struct invite *inv, struct ferry *f); /* NULL: no room */
void guest_hears(struct guest *g, struct bytes in);  /* the guest may be gone after this */
void guest_may_send(struct guest *g);                /* what was sent has gone out */
void guest_lost(struct guest *g);                    /* its way is cut */
void guest_refuse(struct guest *g, enum join_no reason);
/* Why this guest may not join by this invitation, or JOIN_YES. */
enum join_no guest_objection(struct guest *g, struct join_request *req);
/* The guest may be gone after this; when it fails the newcomer has been told. */
enum err_code guest_let_in(struct guest *g, const struct join_request *req, struct err *err) MUST_CHECK;

/* invite_ferry.c: one for each hub of the code */
void ferries_start(struct invite *inv);
void ferries_stop(struct invite *inv);
enum err_code ferry_send(struct ferry *f, struct bytes bytes);
void ferry_drop(struct ferry *f); /* sends its guest away */
/* Hubs that this device has met at an address that somebody named, into the code. */
void ferry_hubs(struct invite *inv);

/* invite_herald.c: as long as an invitation is open */
void herald_start(struct invites *all);
void herald_stop(struct invites *all);

#endif
