/*
 * When somebody leaves: removing a device or its right to a team, what it
 * wrote that nobody had seen, and what it could read.
 *
 *   node_revoke, node_ungrant    into the open batch; the caller commits
 *   node_each_late               entries held beyond a cut or a fork
 *   node_adopt                   makes some of them count
 *   node_exposure                what a device could read, and was still sent
 *
 * Removal is for ever, and goes strictly down in rank. Each log of the device
 * is cut behind the last entry held here. Spec: proto/org.md, 4 and 5.
 */
#ifndef FALTBOK_NODE_REMOVAL_H
#define FALTBOK_NODE_REMOVAL_H

#include "node/node.h"

enum { REASON_TEXT_MAX = 400 };

struct node_removal {
	size_t cut_count;
	struct cut cuts[CUTS_MAX];
	bool dispute; /* it stands on record and has no effect: the device is no lower in rank */
	bool recorded_before;
	uint64_t network_key; /* number of the network key that was made with it; 0: none */
};

/* Where to cut lower than what is held: before the entry whose id begins so, or before what its author dated from then on. */
enum { BEFORE_MAX = 16 };
struct node_before { char id[33]; int64_t ms; /* when id is empty; for content that opens here */ };

struct node_root; /* node/root.h */
struct node_how {
	const char *reason;                                   /* may be NULL */
	const struct node_before *before; size_t before_count;
	const struct node_root *root;                         /* the trustees decide, whatever this device may */
	const uint8_t *kill_code;                             /* 16 bytes of the device's kill card: whatever the ranks are */
};

/*
 * Removes a device, our own included. `reason` may be NULL.
 *   ERR_REFUSED  only a coordinator removes others   ERR_EXISTS  it is gone already   ERR_UNKNOWN
 *   ERR_TOO_BIG  the reason, or more than CUTS_MAX logs
 */
enum err_code node_revoke(struct node *n, const struct device_id *dev, const char *reason, struct node_removal *out, struct err *err) MUST_CHECK;
/* The same by other rights, or with other cuts. A removed device may be cut lower. ERR_REFUSED also: not its card. */
enum err_code node_revoke_how(struct node *n, const struct device_id *dev, const struct node_how *how, struct node_removal *out, struct err *err) MUST_CHECK;
/* Withdraws every GRANT of the team. ERR_REFUSED (also: no lower in rank), ERR_UNKNOWN: it has none. */
enum err_code node_ungrant(struct node *n, const struct device_id *dev, const struct stream_id *team, struct node_removal *out, struct err *err) MUST_CHECK;

/* The earliest accepted removal of a device whose word we can read. False: none, or it says nothing. */
struct node_reason { struct device_id by; int64_t at_ms; char text[REASON_TEXT_MAX + 1]; };
bool node_reason_of(struct node *n, const struct device_id *dev, struct node_reason *out);

/* Content that is held and has no effect. record, type and hlc when it opens here. */
struct node_late {
	size_t log;
	uint64_t seq;
	struct hash id;
	struct author author;
	struct stream_id team;
	bool opens;
	struct record_id record;
	uint32_t type;
	uint64_t hlc;
};
/* DATA of teams that this device reads (of its own logs, once it is removed), in order of log and seq. False from cb ends it. */
enum err_code node_each_late(struct node *n, bool (*cb)(void *ctx, const struct node_late *late), void *ctx, struct err *err) MUST_CHECK;
uint64_t node_late_count(struct node *n); /* without opening anything */

/*
 * Makes these entries count, with their keys: from node_each_late(), nothing stored since, ascending. Into the open batch. ERR_REFUSED,
 * and nothing is done, if one of them does not open here.
 */
enum err_code node_adopt(struct node *n, const struct node_late *late, size_t count, struct err *err) MUST_CHECK;

/* One team, or the roster, and what a device could read there. Entries are DATA that we hold. */
struct node_exposure_team { struct stream_id team; size_t epochs; uint64_t readable; };
/* Written after the removal, by the remover's clock, and still sealed to the device: by whom, in which month, about what. */
struct node_exposure_late { struct stream_id team; struct author author; struct record_id record; int32_t year, month; uint64_t entries; };
struct node_exposure {
	struct node_exposure_team *teams; size_t team_count, team_cap;
	struct node_exposure_late *late; size_t late_count, late_cap;
	bool removed, dated;  /* undated: nobody can say what came after */
	int64_t at_ms;
	size_t unseen_teams;  /* it may read them and we may not: ask a reader */
};
enum err_code node_exposure(struct node *n, const struct device_id *dev, struct node_exposure *out, struct err *err) MUST_CHECK;
void node_exposure_free(struct node_exposure *x);

/*
 * For a removed device alone: shows its own late entries too, so that what only it has can be exported; `false` puts
 * the view back. Rebuilds the view.
 */
enum err_code node_show_own_late(struct node *n, bool on, struct err *err) MUST_CHECK;

#endif
