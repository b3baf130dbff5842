/*
 * When an epoch has taken the place of others: which keys must be announced
 * again before the old ones are deleted, and deleting them.
 * Spec: proto/vault.md, 13 "When keys go".
 */
#ifndef FALTBOK_VAULT_ROTATE_H
#define FALTBOK_VAULT_ROTATE_H

#include "vault/vault.h"

/* Epochs of the stream whose E is held and that the preferred one has replaced; 0 without a preferred one. */
size_t vault_old_epochs(const struct vault *v, const struct stream_id *stream);
/*
 * Live case keys that no epoch which stays brings, neither by birth nor by a table. vault_missed_now(): those of them that
 * are announced without waiting, because we wrapped them, no epoch that we hold brings them, or a reader cannot have them.
 */
size_t vault_missed_keys(const struct vault *v, const struct stream_id *stream);
size_t vault_missed_now(const struct vault *v, const struct org *org, const struct stream_id *stream);
/* A KEYTABLE of those keys; like vault_make_keytable(). */
enum err_code vault_make_keytable_missed(struct vault *v, struct env *env, const struct header *next, size_t *at, bool *more,
                                         struct buf *payload, struct err *err) MUST_CHECK;
/* Deletes the E of every old epoch for good; its MK stays. The keystore must then be written. */
enum err_code vault_forget_old(struct vault *v, const struct stream_id *stream, struct err *err) MUST_CHECK;

#endif
