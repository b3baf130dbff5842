/*
 * What a node does for its keys without being asked: it rotates its seal
 * key, announces case keys that would be lost, deletes old keys when
 * everybody has new ones, gives keys to new readers, and attests what it
 * holds. Called whenever it has met somebody or is about to.
 * Spec: proto/vault.md, 13; proto/org.md, 10.
 */
#ifndef FALTBOK_NODE_TEND_H
#define FALTBOK_NODE_TEND_H

#include "node/node.h"
#include "org/attest.h"

struct node_tended {
	bool new_seal_key, attested;
	size_t epochs_deleted, seal_keys_deleted, keys_given;
};

/* Everything that is due, each in a transaction of its own; nothing is left open. `out` may be NULL. */
enum err_code node_tend(struct node *n, struct node_tended *out, struct err *err) MUST_CHECK;

/* Coordinator: makes a new network key, in the open batch; removing somebody does it by itself. */
enum err_code node_rotate_network(struct node *n, uint64_t *number, struct err *err) MUST_CHECK;

/* ---- what others attest ---- */
/* Age in days of the newest attestation by a coordinator; 0 on a coordinator's own device, -1: never heard. */
int64_t node_membership_days(struct node *n);

/* ---- copies ---- */
/*
 * A device whose older incarnation wrote on after a newer one had begun: two homes with its keys were used, as after
 * a copy, or a backup restored while the original lived. It is told until one of them attests that it has all of the
 * other's entries, whichever of the two it is that people went on with, and again when that other writes more.
 */
struct node_copies { struct device_id dev; size_t logs; uint64_t older, newer; /* entries of each, since they parted */ };
size_t node_copies(struct node *n, struct node_copies *out, size_t max);

/* ---- keys that wait for a person's yes (proto/vault.md, 6) ---- */
enum key_wait { KEY_BY_HAND = 1, KEY_STALE = 2, KEY_DISPUTED = 3 };
struct node_key_wait {
	uint8_t id[16];               /* HC(16, ∅, "fb1/key/wait", stream, device) */
	struct stream_id stream;
	struct device_id dev, granted_by;
	enum key_wait why;
	bool refused;                 /* by this device's user; asked no more */
};
/* Fills up to max, returns how many there are. */
size_t node_keys_waiting(struct node *n, struct node_key_wait *out, size_t max);
/* Gives the key, or notes the refusal, in the open batch. */
enum err_code node_answer_key(struct node *n, const struct node_key_wait *w, bool yes, struct err *err) MUST_CHECK;
/* A team whose keys are always given by hand: a coordinator's word in the roster. Also where that cannot be read just now. */
bool node_team_by_hand(struct node *n, const struct stream_id *team);
enum err_code node_set_team_by_hand(struct node *n, const struct stream_id *team, bool on, struct err *err) MUST_CHECK;

#endif
