/*
 * What only the trustees may do. Two of three of them lay their sheets before
 * any member's node; the key exists for as long as the act takes.
 *
 *   node_root_enter ── node_revoke_how(root) │ node_root_grant ── node_root_leave ── commit, or drop for a rehearsal
 *   node_root_rotate    by the reserve sheets: a new root, a new kit
 *   node_escrow_recover by the escrow shares: keys of teams whose readers are all lost
 *
 * Everything goes into the open batch; the caller commits. Spec: proto/org.md, 4 "Roots".
 */
#ifndef FALTBOK_NODE_ROOT_H
#define FALTBOK_NODE_ROOT_H

#include "node/kit.h"
#include "node/removal.h"

/* Two sheets as text, and what to call them in an error. */
struct node_sheets { const char *text[2], *name[2]; };

struct node_root; /* the root's key, in guarded memory */

/*
 *   ERR_INVALID   a sheet has no share that reads, or both are of one trustee
 *   ERR_REFUSED   they are not of the present root: of one of former times, of another organisation; or contested
 */
enum err_code node_root_enter(struct node *n, const struct node_sheets *sheets, struct node_root **out, struct err *err) MUST_CHECK;
void node_root_leave(struct node_root *root); /* wipes; NULL is fine */
/* A role for an admitted device: coordinator of `rank`, or advisor of `team` when that is given. ERR_UNKNOWN, ERR_EXISTS, ERR_INVALID. */
enum err_code node_root_grant(struct node *n, const struct node_root *root, const struct device_id *dev, const struct stream_id *team,
                              uint8_t rank, struct err *err) MUST_CHECK;
/*
 * A newcomer, admitted by the root: for when no coordinator is left who could. What this device cannot read it cannot give:
 * at a hub's node the newcomer gets no key, and its name stays out of the ADMIT. `rank` is of a coordinator. Errors as of
 * node_admit(). The welcome is sealed once the batch is committed.
 */
struct node_admission { const struct node_root *root; uint8_t role, rank; const struct stream_id *teams; size_t team_count; };
enum err_code node_root_admit(struct node *n, const struct join_request *req, const struct node_admission *a, struct device_id *out, struct err *err) MUST_CHECK;
enum err_code node_root_welcome(struct node *n, const struct node_root *root, const struct device_id *dev, struct buf *out, struct err *err) MUST_CHECK;
/*
 * Hands the root over to a new key and fills the kit for it; `how` says where to cut the old one's logs, `cut` what came of
 * it. ERR_REFUSED also: this device would not belong any more under those cuts.
 */
enum err_code node_root_rotate(struct node *n, const struct node_sheets *sheets, const struct node_how *how, struct kit *kit,
                               struct node_removal *cut, struct err *err) MUST_CHECK;

/* Opens every epoch of teams this device may read, by the escrow key, and hands the newest on. Counts what came of it. */
struct node_escrow { size_t epochs, teams; uint64_t entries; };
enum err_code node_escrow_recover(struct node *n, const struct node_sheets *sheets, struct node_escrow *out, struct err *err) MUST_CHECK;

#endif
