/*
 * Entries without effect, and who could read what: what a removal leaves to
 * look at.
 *
 * What was written after a removal can be looked at without being learned:
 * keys that only such entries bring are forgotten again, because what a
 * reader can open must follow from the entries in force alone. Whoever adopts
 * one hands out its key in a table of her own. Spec: proto/vault.md, 5.
 */
#ifndef FALTBOK_VAULT_LATE_H
#define FALTBOK_VAULT_LATE_H

#include "vault/vault.h"

/* Case keys learned after vault_mark() are forgotten by vault_forget_since(). In between nothing may be sealed. */
size_t vault_mark(const struct vault *v);
void vault_forget_since(struct vault *v, size_t mark);

/* The key that the last vault_open() used, for a table; false: it opened nothing. Good until keys are forgotten. */
struct vault_key { size_t at; struct group_id group; struct epoch_id birth; };
bool vault_last_key(const struct vault *v, struct vault_key *out);
/* A KEYTABLE of these keys, KEYTABLE_ROWS at most, for the entry that will stand at `next`. ERR_KEY without a clean epoch. */
enum err_code vault_make_keytable_of(struct vault *v, struct env *env, const struct header *next, const struct vault_key *keys,
                                     size_t count, struct buf *payload, struct err *err) MUST_CHECK;

/* Was this epoch sealed to the device, by its EPOCH or by any KEYGRANT, in effect or not? False for an epoch not held. */
bool vault_epoch_reaches(const struct vault *v, const struct epoch_id *epoch, const struct device_id *dev);
/* How many epochs of the stream reached it; the number of the newest is in *newest. */
size_t vault_epochs_reaching(const struct vault *v, const struct stream_id *stream, const struct device_id *dev, uint64_t *newest);
uint64_t vault_epoch_number(const struct vault *v, const struct epoch_id *epoch); /* 0: not held */

#endif
