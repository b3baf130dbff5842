/*
 * The network keys of a home: which is the newest, which are in their grace.
 * Node, hub and auditor learn them the same way, from the control log.
 * Spec: proto/org.md, 11 "Network keys".
 */
#ifndef FALTBOK_STORE_NETKEY_H
#define FALTBOK_STORE_NETKEY_H

#include "store/home.h"

enum {
	NETKEY_GRACE_DAYS = 180, /* kept so long at least */
	NETKEY_WELCOME_DAYS = 90, /* handed to newcomers so long, who count them as retired a day longer and keep them for the rest */
	NETKEY_LINK_DAYS = 360,  /* and used so long for links and beacons at most; later for reading sticks alone */
};

/* Appends a NETKEY with a fresh key to our control log, in the open transaction. A coordinator's to call; *n is its number. */
enum err_code home_rotate_network(struct home *h, uint64_t *n, struct err *err) MUST_CHECK;
/* Does a device that has been removed hold the newest network key, or one that belongs not? Then a coordinator makes another. */
bool home_network_is_stale(struct home *h);
/*
 * After a commit: takes in the keys that NETKEYs in effect bring, settles which is the newest, drops those whose grace
 * is over, and writes the keystore when any of that changed it. *changed may be NULL: whoever keeps a count of keys asks again.
 */
enum err_code home_learn_network(struct home *h, bool *changed, struct err *err) MUST_CHECK;
/* Is some other live device known to have this key? Until then the older ones are the only way to anybody, whatever a clock says. */
bool netkey_has_company(struct replica *r, const uint8_t key[32], const struct author *self);
/* How many of these keys, newest first, links and beacons may still use. proto/org.md, 11. */
size_t netkey_links(const struct network_key *keys, size_t count, int64_t lived_ms);
/* How many of them a newcomer is given: the newest, and those that are not retired for long. */
size_t netkey_handed_on(const struct network_key *keys, size_t count, int64_t lived_ms);
/*
 * Which of these keys to seal a bundle under: the newest that `to`, or without it every live device, is known to have
 * heard of. A stick is how a device that nobody meets learns of a new key at all. The newest when none is left.
 */
size_t netkey_for(struct replica *r, const struct network_key *keys, size_t count, const struct author *self, const struct org_device *to);

#endif
