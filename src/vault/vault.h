/*
 * What opens content: team epochs, case keys, and the rule for writing.
 *
 *   seal key of a device ─> epoch key E (EPOCH, KEYGRANT) ─┬─ MK: outer layer, which case is hidden
 *                                                          └─ WK: wraps case keys
 *   case key CK (wrapped in the first entries that use it) ─> one key per entry, committed to
 *
 * A writer never seals under an epoch one of whose recipients it knows to be
 * removed; if no clean epoch is held it makes one ("rotate on write").
 * Secrets lie in guarded memory. Spec: proto/vault.md.
 */
#ifndef FALTBOK_VAULT_VAULT_H
#define FALTBOK_VAULT_VAULT_H

#include "base/env.h"
#include "codec/strict.h"
#include "crypto/keystore.h"
#include "log/frontier.h"
#include "org/org.h"

struct vault;

/* Borrows the keystore for its whole life: epochs learned are added to it; vault_keystore_dirty() then asks for a rewrite. */
struct vault *vault_new(struct keystore *ks, struct err *err);
void vault_free(struct vault *v); /* wipes */
bool vault_keystore_dirty(const struct vault *v);
void vault_keystore_saved(struct vault *v);

/* An EPOCH, KEYGRANT or KEYTABLE entry of a team stream, its signature verified. ERR_NO_MEMORY, or ERR_KEY for a broken commitment (kept as a finding, not fatal). */
enum err_code vault_learn(struct vault *v, const struct org *org, const struct entry *e, struct err *err) MUST_CHECK;
/* The same for an entry of a branch, whose effect org_limit() tells by the branch's own key. */
enum err_code vault_learn_in(struct vault *v, const struct org *org, const struct log_key *log, const struct entry *e, struct err *err) MUST_CHECK;
/* The escrow key opens an EPOCH that was learned without its key. What does not fit is left as it is; *opened: it did. */
enum err_code vault_learn_escrow(struct vault *v, const struct org *org, const struct entry *e, const uint8_t secret[32], bool *opened, struct err *err) MUST_CHECK;
/* Grows whenever vault_learn() brought a key that may open what waited. */
uint64_t vault_news(const struct vault *v);
/* Recomputes which epochs are effective, clean and preferred. After every change of the org's evaluation. */
enum err_code vault_refresh(struct vault *v, const struct org *org, struct err *err) MUST_CHECK;

bool vault_can_write(const struct vault *v, const struct stream_id *stream); /* a clean epoch is held */
bool vault_preferred(const struct vault *v, const struct stream_id *stream, struct epoch_id *out);
/* Payload of an EPOCH for all current readers. The caller appends it and gives the entry to vault_learn(). */
enum err_code vault_make_epoch(struct vault *v, struct env *env, const struct org *org, const struct stream_id *stream, uint8_t reason, struct buf *payload, struct err *err) MUST_CHECK;
/* Whom the next vault_make_epoch() leaves out although they may read: their keys wait for a person's yes. Forgotten after it. */
enum { LEFT_OUT_MAX = 64 };
void vault_leave_out(struct vault *v, const struct device_id *dev);
/* Payload of a KEYGRANT: the preferred epoch, and other live ones, for one new reader. ERR_KEY: we hold none. */
enum err_code vault_make_keygrant(struct vault *v, struct env *env, const struct org *org, const struct stream_id *stream, const struct org_device *to, struct buf *payload, struct err *err) MUST_CHECK;
/*
 * Payload of a KEYTABLE under the preferred epoch, for the entry that will stand at `next`: live case keys of the
 * stream from row *at on, at most KEYTABLE_ROWS of them; *at is moved on, and *more tells whether some are left.
 */
enum { KEYTABLE_ROWS = 500 };
enum err_code vault_make_keytable(struct vault *v, struct env *env, const struct header *next, size_t *at, bool *more, struct buf *payload, struct err *err) MUST_CHECK;
uint64_t vault_preferred_n(const struct vault *v, const struct stream_id *stream); /* its number; 0: none */
/* Has this reader been given (by EPOCH or KEYGRANT) every epoch of the stream that we hold, as far as we see? */
bool vault_has_been_given(const struct vault *v, const struct stream_id *stream, const struct org_device *to);
/* Is there an epoch of the stream, clean or not, that we hold and it was not given? */
bool vault_lacks_epoch(const struct vault *v, const struct stream_id *stream, const struct org_device *to);

/* DATA payload for the entry that will stand at `next` (author, stream, inc, seq). Call vault_sealed() once it is appended. ERR_TOO_BIG, ERR_KEY without a clean epoch. */
enum err_code vault_seal(struct vault *v, struct env *env, const struct header *next, const struct group_id *group, struct bytes body, struct buf *payload, struct err *err) MUST_CHECK;
/* The entry just sealed stands in the open transaction (or, `committed`, on the disk): its wrap need not be repeated in this log. */
void vault_sealed(struct vault *v, const struct entry *e, bool committed);
/* An EPOCH of our own has been learned from the open transaction: vault_dropped() will forget it. */
void vault_learned_open(struct vault *v, const struct epoch_id *epoch);
void vault_committed(struct vault *v);
void vault_dropped(struct vault *v);

/*
 * Drop-box streams (vault_drop.c; proto/vault.md, 11). Who writes there needs the EPOCH and no secret of it, and cannot
 * read back what it sealed. ERR_KEY: no clean epoch of the drop-box is known; opening: its key is not held (yet).
 */
enum err_code vault_seal_drop(struct vault *v, struct env *env, const struct header *next, struct bytes body, struct buf *payload, struct err *err) MUST_CHECK;
enum err_code vault_open_drop(const struct vault *v, const struct header *h, struct bytes payload, struct buf *body, struct err *err) MUST_CHECK;
bool vault_by_reader(const struct vault *v, const struct stream_id *stream); /* the preferred epoch is one that a reader made */

/*
 * Opens a DATA payload into `body` (replaced). ERR_KEY: an epoch or case key is
 * not held (yet): try again when keys have come. ERR_DAMAGED: it is held and
 * does not open, or the commitment is wrong.
 * ERR_REFUSED: its group or key is tombstoned. Touches nothing but the vault: may run off the loop while nobody else uses it.
 */
enum err_code vault_open(struct vault *v, const struct header *h, struct bytes payload, struct buf *body, struct err *err) MUST_CHECK;
/* A case key learned from a wrap is bound to its group once the body has been read. */
void vault_bind_group(struct vault *v, const struct header *h, const struct group_id *group);

/*
 * Before a view is rebuilt: what wraps and tables said of case keys is forgotten, and learned again from those in force. The
 * keys themselves stay until vault_settle_cases(), called when all has been read, lets go of those that nothing brought again
 * and under which nothing opened: a table that has lost its effect may have been the last to bring a key that entries need.
 */
void vault_doubt_cases(struct vault *v);
void vault_settle_cases(struct vault *v);

/*
 * Erasure (vault_erase.c). A key that is buried is wiped and its id tombstoned in the keystore, and so is every epoch
 * that brought it: no such epoch is clean any more, so the next writer makes one without it. proto/vault.md, 4 and 10.
 */
enum err_code vault_bury(struct vault *v, const struct key_id *kid, const struct epoch_id *birth, struct err *err) MUST_CHECK;
/* Every key held of a group, told by its image (org/erase.h): who asked may not have known of all, and no table may announce one again. */
enum err_code vault_bury_group(struct vault *v, const uint8_t image[16], struct err *err) MUST_CHECK;
enum err_code vault_bury_last(struct vault *v, struct err *err) MUST_CHECK; /* the key of the last vault_open() */
/* Every key bound to the group, in any stream, until cb returns false. */
void vault_group_keys(const struct vault *v, const struct group_id *group, bool (*cb)(void *ctx, const struct key_id *kid, const struct epoch_id *birth), void *ctx);
/* Is it for a burial alone that no epoch of the stream is clean? */
bool vault_shreds(const struct vault *v, const struct stream_id *stream);
/* The smallest number from which on no epoch of the stream has held the key of a case erased here; 0: not known to have been one. */
uint64_t vault_shred_n(const struct vault *v, const struct stream_id *stream);
uint64_t vault_oldest_n(const struct vault *v, const struct stream_id *stream); /* of the epochs whose key is held; 0: none */
/*
 * The box of an ERASE_REQ: content under the preferred epoch's MK, and in clear the image of the group that content begins with.
 * ERR_KEY, ERR_TOO_BIG; opening: ERR_KEY, ERR_DAMAGED.
 */
enum { ORDER_SALT_BYTES = 24 };
enum err_code vault_seal_order(struct vault *v, struct env *env, const struct stream_id *stream, const struct group_id *image, struct bytes content, uint8_t salt[ORDER_SALT_BYTES], struct buf *box, struct err *err) MUST_CHECK;
enum err_code vault_open_order(const struct vault *v, const uint8_t salt[ORDER_SALT_BYTES], struct bytes box, struct buf *content, struct err *err) MUST_CHECK;

/* The group in clear; false: a box of an earlier version, or of no form at all, says nothing before it opens. */
bool vault_order_group(struct bytes box, struct group_id *image);

/* What the vault has learned, for the sealed snapshot (it holds case keys: wipe it); epoch keys stay in the keystore alone. */
void vault_encode(const struct vault *v, struct buf *out);
/* Into a new vault. ERR_DAMAGED, ERR_NO_MEMORY: the vault is then of no more use. */
enum err_code vault_decode(struct vault *v, struct rd *in, struct err *err) MUST_CHECK;

/* Names of members, devices and teams, under the roster's epoch. ERR_KEY when it is not held. */
enum err_code vault_seal_name(struct vault *v, struct env *env, const struct org *org, struct bytes name, struct buf *out, struct err *err) MUST_CHECK;
enum err_code vault_open_name(const struct vault *v, struct bytes sealed, struct buf *name, struct err *err) MUST_CHECK;

#endif
