/*
 * A home: a directory with a lock, a keystore and log.db. What every program
 * does first, in one place; the node builds its vault and view on top.
 *
 *   lock  keystore  log.db  place  control.sock  (node: view.snap)
 *
 * Spec: proto/store.md, 1 "Home".
 */
#ifndef FALTBOK_STORE_HOME_H
#define FALTBOK_STORE_HOME_H

#include "crypto/keystore.h"
#include "store/replica.h"

struct home {
	struct env *env;
	char path[3072];
	struct keystore *keys;
	struct replica *replica;
	bool locked;
	bool wiping;             /* begun to be wiped: nothing may be written any more */
	bool moved;              /* another place or a restored copy: a new incarnation was taken */
	struct home *whole;      /* of a part: the home whose keystore holds its keys; else NULL */
};

/*
 * A hub's home has a part for each further organisation: HOME/org-DEVICE/{log.db, place}, its keys in the keystore of the whole, under
 * whose lock it stands. Parts are numbered as the keystore's `others`; home_close() closes one and leaves the whole open.
 */
enum err_code home_part_create(struct home *part, struct home *whole, const char *member, const char *device, struct err *err) MUST_CHECK;
enum err_code home_part_open(struct home *part, struct home *whole, size_t which, struct err *err) MUST_CHECK;
/* Its keys first, then its files. The part is closed. ERR_IO: the keys are gone, files are left. */
enum err_code home_part_remove(struct home *whole, size_t which, struct err *err) MUST_CHECK;
/* The organisation of the whole itself is given up: fresh keys, an empty store; its parts stay. Closes the replica and opens a new one. */
enum err_code home_give_up(struct home *h, struct err *err) MUST_CHECK;

/* Makes the directory and a keystore for a new device under a passphrase (and a recovery code if code_out). ERR_EXISTS when a keystore is there. */
enum err_code home_create(struct home *h, struct env *env, const char *path, const char *member, const char *device,
                          struct bytes passphrase, enum kdf_strength strength, char recovery_code_out[27], struct err *err) MUST_CHECK;
/* Lock, keystore, replica, place check. ERR_NOT_FOUND with what to type; ERR_PASSPHRASE; ERR_LOCKED names the pid. */
enum err_code home_open(struct home *h, struct env *env, const char *path, uint8_t slot, struct bytes secret, struct err *err) MUST_CHECK;
enum err_code home_save_keystore(struct home *h, struct err *err) MUST_CHECK;
/* The names of a home that has not asked to join yet. */
enum err_code home_rename(struct home *h, const char *member, const char *device, struct err *err) MUST_CHECK;
enum err_code home_take_lock(struct home *h, struct err *err) MUST_CHECK; /* home_create() and home_open() do */
void home_close(struct home *h);

/*
 * Wiping. After _begin() the home opens no more; _keys() destroys what opens it, while it may still be open; once it is closed
 * _finish() removes all else, after a crash too. home_close() of one that has begun finishes by itself as far as it can.
 */
enum err_code home_wipe_begin(struct home *h, struct err *err) MUST_CHECK;
enum err_code home_wipe_keys(struct env *env, const char *home, struct err *err) MUST_CHECK;
enum err_code home_wipe_finish(struct env *env, const char *home, struct err *err) MUST_CHECK;
bool home_is_being_wiped(struct env *env, const char *home);

/* A kill card for this device, before it asks to be admitted: the code is for paper, only its public key stays here. PAPER_MADE. */
enum err_code home_kill_card(struct home *h, char code_out[27], struct err *err) MUST_CHECK;
/* It could not be shown, so there is none: the next request brings one of its own. */
enum err_code home_unmake_kill_card(struct home *h, struct err *err) MUST_CHECK;

/* Another recovery code: PAPER_MADE, then the keystore with it; the one before opens nothing from then on. On error code_out is empty. */
enum err_code home_recovery_code(struct home *h, char code_out[27], struct err *err) MUST_CHECK;
/* The keys of this home, signed, with the kill card's when there is one; names included. */
enum err_code home_self(struct home *h, struct join_request *out, struct err *err) MUST_CHECK;
/* The newcomer's request for the keys of this home. */
enum err_code home_request(struct home *h, struct buf *out, struct err *err) MUST_CHECK;
/* Opens a welcome for this device: what it says, before anything is believed. ERR_KEY: for another device. */
struct welcome { struct org_id org; struct author root_pk; uint8_t root_fingerprint[32]; uint8_t role; struct bytes network_keys; struct bytes runs; struct buf plain; };
enum err_code welcome_open(struct welcome *w, struct home *h, struct bytes file, struct err *err) MUST_CHECK;
void welcome_free(struct welcome *w);
/* Takes it: network keys and org into the keystore, runs into the replica; all or nothing. */
enum err_code welcome_accept(struct home *h, const struct welcome *w, struct err *err) MUST_CHECK;
/* Seals a welcome for a device (used by node_welcome). */
enum err_code welcome_seal(struct home *h, const struct org_device *to, uint8_t role, struct buf *out, struct err *err) MUST_CHECK;

#endif
