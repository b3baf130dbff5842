/*
 * Invitations: a code on the coordinator's screen, and whoever knocks with it.
 *
 *    node_invite -- INVITE_OPEN -- somebody knocks -- INVITE_ASKING -- node_invite_confirm -- INVITE_SENDING -- INVITE_JOINED
 *                        |                                 |
 *                        +-- an hour, or withdrawn --------+-- not confirmed: the code is spent
 *
 * They live in this process's memory and end with it. Each has a listener of
 * its own, and waits at the hubs that were met before (proto/relay.md). A device that was admitted and lost its link gets its welcome
 * again, from this invitation or from any later one. Spec: proto/join.md.
 */
#ifndef FALTBOK_NODE_INVITE_H
#define FALTBOK_NODE_INVITE_H

#include "link/join.h"
#include "node/node.h"

enum { INVITES_MAX = 16, INVITE_TEAMS_MAX = 32 };

enum invite_state {
	INVITE_OPEN,     /* nobody has come yet, or who came has gone again */
	INVITE_ASKING,   /* a device waits; its digits are to be compared */
	INVITE_SENDING,  /* admitted; the welcome is under way or waits for it to come back */
	INVITE_JOINED,   /* the newcomer has taken its welcome. The last three states end an invitation */
	INVITE_REFUSED,  /* the digits were not confirmed */
	INVITE_OVER,     /* its hour has passed, or it was withdrawn */
};

struct invite_wish {
	uint8_t role;
	const struct stream_id *teams;
	size_t team_count;
	const char *listen;          /* "host:port"; port 0: any */
	const char *addrs[JOIN_ADDRS_MAX]; /* what to put into the code: HOST, or HOST:PORT where that is another; none: the one of `listen` */
	size_t addr_count;
	bool hub_only;               /* listens nowhere: newcomers come through a hub */
	bool yes;                    /* no person compares digits */
};

struct invite_info {
	char code[JOIN_CODE_CHARS + 1];
	char qr[JOIN_CODE_CHARS + 1]; /* the code with our key */
	enum invite_state state;
	bool was_admitted;           /* state OVER: the device is a member and may not know it */
	bool withdrawn;              /* state OVER: by a person, not by the clock */
	uint8_t role;
	int64_t until_ms;
	char digits[7];              /* from here on: of who knocked last; "" before */
	char member[128], device[128];
	struct device_id id;         /* once admitted */
	char trouble[512];           /* why the last one could not be admitted, or "" */
	struct {
		char addr[JOIN_ADDR_CHARS + 1];
		bool held;           /* a newcomer can come this way now */
		char trouble[160];   /* why not, the last time; "" */
	} hub[JOIN_HUBS_MAX];
	size_t hub_count;
};

/* ERR_REFUSED, ERR_INVALID with what is wrong; ERR_NETWORK, ERR_IO when it cannot listen. */
enum err_code node_invite(struct node *n, const struct invite_wish *wish, struct invite_info *out, struct err *err) MUST_CHECK;
const char *invite_state_word(enum invite_state s); /* as people read it */
size_t node_invite_count(struct node *n);
void node_invite_at(struct node *n, size_t i, struct invite_info *out);
/*
 * The person's answer about the device that waits. `code`: the 26 characters, whatever follows them.
 * ERR_UNKNOWN: no such code; ERR_REFUSED: nobody waits. When admitting fails the invitation stays open.
 */
enum err_code node_invite_confirm(struct node *n, const char *code, bool agree, struct err *err) MUST_CHECK;
/* ERR_REFUSED when its device has been admitted already. */
enum err_code node_invite_withdraw(struct node *n, const char *code, struct err *err) MUST_CHECK;
/* Called whenever an invitation's state has changed. Ended ones are gone by then. */
void node_invite_watch(struct node *n, void (*cb)(void *ctx, const struct invite_info *what), void *ctx);

#endif
