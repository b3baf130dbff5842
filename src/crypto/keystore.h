/*
 * The keystore: one small sealed file that holds every secret of a home.
 *
 *   passphrase ─ Argon2id ─ KEK ┐
 *   recovery code ─ Argon2id ─ KEK ┴─ opens a slot ─ FK ─ opens the body
 *
 * This module turns bytes into a struct and back; whoever owns the home
 * reads and atomically replaces the file. Destroying a key is: remove it
 * here, encode under a fresh FK, replace. Spec: proto/keystore.md.
 */
#ifndef FALTBOK_CRYPTO_KEYSTORE_H
#define FALTBOK_CRYPTO_KEYSTORE_H

#include "base/bytes.h"
#include "base/env.h"
#include "base/ids.h"
#include "crypto/device.h"

/*
 * Only the simulator and the unit tests set this: slots are then made at the
 * least cost Argon2id has (ops 1, 8 KiB), and such slots open.
 */
extern bool keystore_cheap_for_tests;

enum kdf_strength { KDF_INTERACTIVE, KDF_MODERATE, KDF_SENSITIVE };

enum {
	KEYSTORE_BYTES_MAX = 8 << 20,
	KEYSTORE_SEAL_KEYS = 2,
	KEYSTORE_NETWORK_KEYS = 8,
	KEYSTORE_SLOTS = 8,
	KEYSTORE_NAME_BYTES = 128, /* with the NUL */
	KEYSTORE_PLACE_BYTES = 64,
	KEYSTORE_OTHERS = 64,
};

struct network_key { uint8_t n[32]; uint64_t retired_ms; /* 0 while it is the newest */ };

struct epoch_secret {
	struct stream_id stream;
	struct epoch_id epoch;
	uint64_t n;
	uint8_t e[32];     /* all zeroes once shredded */
	uint8_t mk[32];    /* HC(32,E,"fb1/epoch/meta",epoch): kept after E is deleted */
};

/* What may never be taken in again, epochs under which a key of it was wrapped or announced, and epochs whose key was deleted. */
enum tombstone_kind { TOMB_KEY = 1, TOMB_GROUP = 2, TOMB_RECORD = 3, TOMB_EPOCH = 4, TOMB_SECRET = 5 };
struct tombstone { uint8_t kind; uint8_t id[16]; };

struct keystore { /* in guarded memory; arrays are guarded too */
	struct device_keys device;
	struct seal_pair seal[KEYSTORE_SEAL_KEYS]; /* [0] newest; all-zero when absent */
	size_t seal_count;
	struct network_key network[KEYSTORE_NETWORK_KEYS]; /* [0] newest */
	size_t network_count;
	struct epoch_secret *epochs;
	size_t epoch_count, epoch_cap;
	struct tombstone *tombstones;
	size_t tombstone_count, tombstone_cap;
	struct table *stone_of;      /* kind ‖ id of the first stones_indexed of them */
	size_t stones_indexed;
	uint8_t snapshot_key[32];
	struct org_id org;        /* all zeroes before the home has joined */
	struct author root_pk;
	struct inc inc;           /* incarnation of this store */
	uint8_t member_name[KEYSTORE_NAME_BYTES], device_name[KEYSTORE_NAME_BYTES]; /* UTF-8, NUL-terminated; known before the roster can be read */
	uint8_t role;             /* what the welcome said; the log decides */
	uint8_t request_nonce[16];
	uint8_t place[KEYSTORE_PLACE_BYTES]; /* env->files->place() of the database this incarnation writes to */
	size_t place_len;                    /* 0 before there is one */
	/* the open slots, so that all are rewrapped at each rewrite */
	struct keystore_slot {
		uint8_t type; /* 1 passphrase, 2 recovery code */
		uint8_t salt[16];
		uint64_t ops, mem;
		uint8_t kek[32];
	} slots[KEYSTORE_SLOTS];
	size_t slot_count;
	bool locked;              /* keystore_lock() */
	/* A hub's: its devices in further organisations. They have no slots and no others of their own. */
	struct keystore *others[KEYSTORE_OTHERS];
	size_t other_count;
};

/* A fresh one: D, seal key, snapshot key, incarnation are drawn from env. NULL when out of memory. */
struct keystore *keystore_new(struct env *env);
void keystore_free(struct keystore *k);

/* One more device, for another organisation; it is k's. NULL when out of memory, or there are KEYSTORE_OTHERS. */
struct keystore *keystore_add_other(struct keystore *k, struct env *env);
void keystore_drop_other(struct keystore *k, size_t which); /* the last takes its place */
/* Everything of the device and its organisation gives way to a fresh device's; slots and others stay. */
enum err_code keystore_renew(struct keystore *k, struct env *env, struct err *err) MUST_CHECK;

/*
 * Wipes what opens content, and every slot's key: epochs, seal keys, the
 * snapshot key. Device and network keys stay, so that replication goes on. A
 * locked keystore is never encoded: the file still holds what is gone here.
 */
void keystore_lock(struct keystore *k);
/* The file opened anew (keystore_open) takes the place of what is in k, which stays where it is. `fresh` is gone after this. */
void keystore_unlock(struct keystore *k, struct keystore *fresh);

/* Adds or replaces the slot of that type (1 passphrase, 2 recovery code). Takes its time: Argon2id. ERR_NO_MEMORY when it cannot have its memory. */
enum err_code keystore_set_slot(struct keystore *k, struct env *env, uint8_t type, struct bytes secret,
                                enum kdf_strength strength, struct err *err) MUST_CHECK;

/* Under a fresh file key; k has a slot. ERR_INVALID for a name that is not UTF-8, ERR_TOO_BIG, ERR_NO_MEMORY. */
enum err_code keystore_encode(const struct keystore *k, struct env *env, struct buf *out, struct err *err) MUST_CHECK;

/*
 *   ERR_PASSPHRASE  no slot of that type opens with this secret
 *   ERR_MALFORMED   not a keystore, cut short, or costs below INTERACTIVE or over 1 GiB
 *   ERR_DAMAGED     bytes changed. Told by the header's own checksum, before any guess is
 *                   paid for; damage in the body shows once the right secret was given
 *   ERR_NEWER       written by a later version
 *   ERR_TOO_BIG     over KEYSTORE_BYTES_MAX
 *   ERR_NO_MEMORY   also when Argon2id cannot have what the slot asks for
 */
enum err_code keystore_open(struct keystore **out, struct bytes file, uint8_t type, struct bytes secret,
                            struct err *err) MUST_CHECK;

/* 26 base32 characters from 16 random bytes, and the slot secret they mean. */
void recovery_code_make(struct env *env, char out[27]);
/* Normalises what a person typed; false when it is not 26 characters of base32. */
bool recovery_code_parse(const char *text, uint8_t out[16]);

/* A fresh seal key becomes the newest; the one before it stays, older ones are wiped. */
void keystore_push_seal(struct keystore *k, struct env *env);
void keystore_drop_seal(struct keystore *k); /* wipes all but the newest */

struct epoch_secret *keystore_epoch(struct keystore *k, const struct epoch_id *id); /* or NULL */
/* One that is there stays as it is, so that a shredded E never comes back; fill in by keystore_epoch(). */
enum err_code keystore_add_epoch(struct keystore *k, const struct epoch_secret *e, struct err *err) MUST_CHECK;
enum err_code keystore_add_tombstone(struct keystore *k, uint8_t kind, const uint8_t id[16], struct err *err) MUST_CHECK;
bool keystore_tombstoned(const struct keystore *k, uint8_t kind, const uint8_t id[16]);

#endif
