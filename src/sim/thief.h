/*
 * Who has a device's keys, and every byte that was ever stored: what can they
 * read? A reading of proto/vault.md, 2 to 6, by code of its own, which knows
 * nothing of who may: it opens whatever opens, until nothing more does.
 */
#ifndef FALTBOK_SIM_THIEF_H
#define FALTBOK_SIM_THIEF_H

#include "crypto/keystore.h"
#include "store/replica.h"

struct thief;

struct thief *thief_new(const struct org_id *org, const struct stream_id *team);
void thief_free(struct thief *t);
void thief_take_keys(struct thief *t, const struct keystore *k);
/* Without its seal keys: an EPOCH in the log is sealed to one until that is replaced, so what was shredded can be had once more (proto/org.md, 9 "shredded"). */
void thief_take_epochs(struct thief *t, const struct keystore *k);
/* Every entry of the team that is held there, in effect or not, with its payload. */
bool thief_read(struct thief *t, struct replica *r);
/* Calls cb for every DATA entry read that has a payload. */
void thief_each(const struct thief *t, void (*cb)(void *ctx, const struct entry *e, bool opened), void *ctx);
bool thief_holds_epoch(const struct thief *t, const struct epoch_id *epoch);

#endif
