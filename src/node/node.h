/*
 * A node: one home, unlocked: keystore, replica, vault and view in step.
 *
 *        what an adviser writes            what a peer sends
 *                 |                               |
 *             node_write                    peer -> replica
 *                  \                            /
 *                   replica: stored, then durable
 *                               |
 *                    node: keys learned, entries opened, view folded
 *
 * One way in: own entries are projected by the same code as foreign ones,
 * after their commit. Home layout: keystore, log.db, place, view.snap, lock,
 * control.sock. Spec: proto/store.md.
 */
#ifndef FALTBOK_NODE_NODE_H
#define FALTBOK_NODE_NODE_H

#include "base/env.h"
#include "casework/records.h"
#include "crypto/keystore.h"
#include "peer/peer.h"
#include "store/replica.h"
#include "view/view.h"

struct node;
struct home;

/* ---- a home and its keystore (home.c): hub and auditor have the same in store/home.h ---- */

/* ---- life ---- */
struct node_secret { uint8_t slot; /* 1 passphrase, 2 recovery code */ struct bytes secret; };

/* Opens the home: lock, keystore, replica, place, vault, view (from the snapshot when it fits). ERR_NOT_FOUND: no home there. */
enum err_code node_open(struct node **out, struct env *env, const char *home, const struct node_secret *secret, struct err *err) MUST_CHECK;
/* A home that is open already becomes a node, which closes it in the end, also when this fails. */
enum err_code node_of_home(struct node **out, struct home *home, struct err *err) MUST_CHECK;
/*
 * Locked: the view and every key that opens content are wiped, invitations end; replication goes on with device and
 * network keys. Until node_unlock() only node_replica, node_org, node_self, node_peer_host, node_env, node_keystore
 * (for public things), node_on_change and node_close may be asked. Nothing may be under way.
 */
void node_lock(struct node *n);
bool node_is_locked(struct node *n);
/* `fresh`: this home's keystore, opened anew; taken over. On an error the node stays locked. */
enum err_code node_unlock(struct node *n, struct keystore *fresh, struct err *err) MUST_CHECK;
/*
 * The same in steps, for a process that others wait for. The image of the view is read apart from any node, off the
 * loop where there is one; then node_begin() or node_begin_unlock(), which take it over whatever becomes of it, and
 * node_go_on() until nothing is left. Meanwhile the node counts as locked: what a peer brings is stored and read with
 * the rest. When node_go_on() fails: node_close(), or node_lock() if it was unlocking.
 */
struct node_image;
struct node_image *node_image_read(struct env *env, const char *home, const struct keystore *keys); /* NULL: none that opens */
void node_image_free(struct node_image *i);
enum err_code node_begin(struct node **out, struct home *home, struct node_image *image, struct err *err) MUST_CHECK;
enum err_code node_begin_unlock(struct node *n, struct keystore *fresh, struct node_image *image, struct err *err) MUST_CHECK;
/* Reads at most so many entries (0: all) that the image does not have; *left: how many are still to be read. */
enum err_code node_go_on(struct node *n, uint64_t entries, uint64_t *left, struct err *err) MUST_CHECK;
/* Brings the full text up to date for at most so many records. True: there is more to do. */
bool node_index_some(struct node *n, size_t limit);
void node_close(struct node *n);                 /* writes the snapshot when it has become worth it; wipes */
/* Opens without the snapshot, rebuilding: for verify and bench. */
enum err_code node_open_cold(struct node **out, struct env *env, const char *home, const struct node_secret *secret, struct err *err) MUST_CHECK;
enum err_code node_save_keystore(struct node *n, struct err *err) MUST_CHECK;
enum err_code node_save_snapshot(struct node *n, struct err *err) MUST_CHECK;

struct replica *node_replica(struct node *n);
const struct org *node_org(struct node *n);
struct keystore *node_keystore(struct node *n);
struct view *node_view(struct node *n);
const struct profile *node_profile(struct node *n);          /* NULL before one is installed */
uint32_t node_profile_unread(struct node *n);                /* the version of a later program's profile that this one cannot read, or 0 */
struct bytes node_profile_json(struct node *n);              /* as it was installed, the node's until a later one comes */
struct env *node_env(struct node *n);
const struct org_device *node_self(struct node *n);          /* NULL before admission is known */
struct peer_host *node_peer_host(struct node *n);            /* for peer_dial, peer_accept, bundles; ctx/done/gone are the caller's to set */

/* A copy of the home in one file, sealed as the home is; ERR_EXISTS. Restoring is store/backup.h's. */
enum err_code node_backup(struct node *n, const char *path, struct err *err) MUST_CHECK;

/* ---- founding and membership ---- */
/* Makes the organisation in a fresh home: GENESIS, ADMIT and GRANT rank 1 of this device, roster epoch, profile. The caller makes shares of the seeds and wipes them. */
struct node_seeds { uint8_t root[32], rotation[32], escrow[32]; };
enum err_code node_found(struct node *n, const char *org_name, const char *member, const char *device, struct bytes profile_json, bool escrow, struct node_seeds *seeds, struct err *err) MUST_CHECK;
enum err_code node_install_profile(struct node *n, struct bytes json, struct err *err) MUST_CHECK;
/* Coordinator: ADMIT + GRANTs (+ KEYGRANTs of what we hold). teams may be empty. */
/* Once more, as long as nothing by the device has come: nothing is written, and a welcome can be sealed again. */
enum err_code node_admit(struct node *n, const struct join_request *req, uint8_t role, const struct stream_id *teams, size_t team_count, struct device_id *out, struct err *err) MUST_CHECK;
/* What `dev` needs to begin offline, sealed to its seal key: network keys, org, root, and a bundle's runs. proto/welcome.md. */
enum err_code node_welcome(struct node *n, const struct device_id *dev, struct buf *out, struct err *err) MUST_CHECK;
enum err_code node_team_add(struct node *n, const char *name, bool drop_box, struct stream_id *out, struct err *err) MUST_CHECK;
enum err_code node_grant(struct node *n, const struct device_id *dev, const struct stream_id *team, struct err *err) MUST_CHECK;
/* Emits KEYGRANTs for readers who lack the preferred epoch, where the freshness rule allows. Returns how many. */
enum err_code node_give_keys(struct node *n, size_t *given, struct err *err) MUST_CHECK;
/* Names as far as the roster can be read; falls back to 8 hex digits of the id. Valid until the next call with the same slot (0..7). */
const char *node_device_name(struct node *n, const struct device_id *dev);
const char *node_member_name(struct node *n, const struct device_id *dev);
const char *node_author_name(struct node *n, const struct author *a);     /* device name */
const char *node_team_name(struct node *n, const struct stream_id *team);
const char *node_org_name(struct node *n);
bool node_team_named(struct node *n, const char *name_or_id, struct stream_id *out);

/* ---- records ---- */
/* The team a record belongs to, or the only team; ERR_INVALID with the names when it must be said. */
enum err_code node_team_for(struct node *n, const struct record_id *record, const char *team, struct stream_id *out, struct err *err) MUST_CHECK;
/* One change = one entry, in the open batch. `over` is taken from the record as it is, open batch included. */
enum err_code node_write(struct node *n, const struct stream_id *team, struct draft *d, struct hash *entry, struct err *err) MUST_CHECK;
/* Everything written since the last commit becomes durable and visible, or is dropped. */
enum err_code node_commit(struct node *n, struct err *err) MUST_CHECK;
void node_drop(struct node *n);
/* A record as it is, open batch included; ERR_UNKNOWN. */
enum err_code node_record(struct node *n, const struct record_id *id, struct record *out, struct stream_id *team, struct err *err) MUST_CHECK;

/* ---- the desk (proto/day.md, 2): drafts and the queue, on this device alone ---- */
/* Without places older than a day. The caller changes it and then saves it; valid until the node is closed. */
struct day_desk;
struct day_desk *node_desk(struct node *n);
/*
 * ERR_NO_MEMORY: there was none to read the desk with, now and before; it is on the disk, and node_desk() is not it. ERR_IO, told to who
 * is about to use it: the disk does not give it. Then node_desk() is empty, and is not saved.
 */
enum err_code node_desk_ready(struct node *n, bool used, struct err *err) MUST_CHECK;
/* Durable when it returns. ERR_IO: what is on the disk is as it was. */
enum err_code node_desk_save(struct node *n, struct err *err) MUST_CHECK;
/* The same after something was taken away that nobody may read again: under a new key, the old one destroyed. */
enum err_code node_desk_shred(struct node *n, struct err *err) MUST_CHECK;
/* By which this device's tickets begin. */
void node_desk_letters(struct node *n, char out[9]);

/* Under which versions of the profile a record was first written and last changed; 0 where no change of it can be opened. */
enum err_code node_versions(struct node *n, const struct record_id *id, uint32_t *first, uint32_t *last, struct err *err) MUST_CHECK;

/* ---- one person, two records (proto/day.md, 6) ---- */
/* The record that `id` has been merged into, or itself. Of links that go round in a circle one is the end everywhere. */
void node_same_as(struct node *n, const struct record_id *id, struct record_id *out);
/* Does it count in figures and rows? Not when it is for practice, and not when another stands for it. */
bool node_counts_record(struct node *n, const struct record *r);
/* Written for practice, in an organisation that is not? */
bool node_practises(const struct node *n, const struct record *r);
/* node_same_as() among the rows of node_rows(), by their ids. */
void node_row_same_as(struct node *n, const struct record_id *id, struct record_id *out);
/* Is the whole organisation one for practice? */
bool node_is_practice(struct node *n);
enum err_code node_make_practice(struct node *n, struct err *err) MUST_CHECK; /* in the open batch */

/* ---- rows of a drop-box (proto/vault.md, 12) ---- */
/* The drop-box that rows are written to: of the live ones that of the smallest id. */
bool node_drop_box(struct node *n, struct stream_id *out);
/* The rows, where the organisation has a drop-box that this device reads; NULL: figures are counted from records. */
struct view *node_rows(struct node *n);
/* Does this change count, so that it brings a row? Whatever must never reach the figures says no here: nobody else is asked. */
bool node_counts(struct node *n, const struct change *c);
/*
 * Writes, and commits, the rows of changes that were written before there was a drop-box: of all that this device reads and
 * that has none; where it reads no rows, of all its own changes, or its `colleagues`' too. A row that stands twice counts once.
 */
enum err_code node_fill_rows(struct node *n, bool colleagues, uint64_t *written, struct err *err) MUST_CHECK;

/* ---- erasure (proto/org.md, 9) ---- */
/* Asks for everything in the record's group to be erased: writes the ERASE_REQ into the open batch. ERR_REFUSED, ERR_EXISTS. */
struct node_order { struct hash id; uint64_t entries, records; };
enum err_code node_order_erasure(struct node *n, const struct record_id *id, const char *reason, struct node_order *out, struct err *err) MUST_CHECK;
/* Approves the request as its second person, in the open batch. ERR_UNKNOWN, ERR_REFUSED, ERR_EXISTS. */
enum err_code node_approve_erasure(struct node *n, const struct hash *request, struct err *err) MUST_CHECK;
/* What a request is about, where this device can open it; `keep` is wiped by the caller. ERR_KEY. */
/*
 * Does the device still hold the key of an epoch under which an erased case was sealed? By its newest ATTEST; ourselves,
 * by our keys. A copy of the sealed text could be opened with it. Only readers can tell: NODE_OLD_UNKNOWN elsewhere.
 */
enum node_old_key { NODE_OLD_NONE, NODE_OLD_HELD, NODE_OLD_UNKNOWN };
enum node_old_key node_holds_old_key(struct node *n, const struct erase_order *o, const struct org_device *d);
enum err_code node_open_order(struct node *n, const struct erase_order *o, struct erase_case *out, struct buf *keep, struct err *err) MUST_CHECK;
/* Has it been erased here? Then nothing may bring it back. `group` may be NULL. */
bool node_is_erased(struct node *n, const struct record_id *record, const struct group_id *group);

/* ---- where things stand ---- */
/*
 * What is proved, by signed ACKs and ATTESTs, of everything this device ever wrote: entries of every kind, in every log. Where the
 * organisation has a hub only a hub counts; where it has none, another device of whoever may hold the log whole.
 */
struct node_keeper { struct device_id dev; bool hub; uint64_t entries, lacks; int64_t last_seen_ms; /* 0: never met */ };
enum { NODE_KEEPERS_MAX = 64 };
/*
 * Also of what others wrote and this home has heard: `heard_lacking` entries have their content here and are not proved to be anywhere else.
 * An author's own signature is its word that it held what it had signed so far, as an ACK would be, until a newer
 * incarnation of it is known: so the last thing that a keeper said need not be acknowledged for ever.
 */
struct node_proof {
	uint64_t entries, lacking, heard_lacking;
	bool hub; /* a hub must hold it */
	struct node_keeper keeper[NODE_KEEPERS_MAX];
	size_t keepers;
};
void node_proof(struct node *n, struct node_proof *out);
bool node_proof_whole(const struct node_proof *p); /* nothing is lacking */
bool node_safe_to_wipe(struct node *n); /* nothing would be lost: what status says; node_wipe() asks no less */
/*
 * proto/sync.md, 8 "Leaving". May others count on what this home holds? Then it says first that it leaves, and is destroyed
 * when those whose word it relies on have signed for that too; meanwhile it signs for nothing. Whatever is written next takes it back.
 */
bool node_must_leave(struct node *n);
bool node_is_leaving(struct node *n);
enum err_code node_leave(struct node *n, struct err *err) MUST_CHECK; /* committed */
/* Destroys this home: its keys now, the rest when it is closed, which must follow at once. ERR_REFUSED without a proof, or when it must leave first. */
enum err_code node_wipe(struct node *n, struct err *err) MUST_CHECK;
bool node_is_wiped(struct node *n);
struct node_custody { uint64_t only_here, also_hub, elsewhere, entries; bool safe_to_wipe; };
void node_custody(struct node *n, struct node_custody *out);
uint64_t node_waiting_keys(struct node *n);                  /* entries held that no key here opens yet */
bool node_moved(struct node *n);                             /* this open took a new incarnation */
/* What the last commit has changed here: ids, for whoever shows them. Valid within the callback below. */
enum { NODE_NEWS_MAX = 200 };
struct node_news {
	struct record_id records[NODE_NEWS_MAX];
	size_t count;
	bool more;        /* others too, or perhaps all */
	bool members;     /* membership, names, rights or keys */
	bool profile;
};
const struct node_news *node_news(struct node *n);
/* Called after every commit that changed something: for `serve` to push and to tell the page. */
void node_on_change(struct node *n, void (*cb)(void *ctx), void *ctx);

#endif
