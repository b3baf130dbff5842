/* What home.c and part.c share. */
#ifndef FALTBOK_STORE_HOME_INTERNAL_H
#define FALTBOK_STORE_HOME_INTERNAL_H

#include "store/home.h"

#define META_KILL "store.kill" /* the public key of this device's kill card; empty: there is none */
#define META_PAPER "store.paper" /* two bytes: the recovery code's state, the kill card's */

/* A copy that wrote on under the old incarnation would fork the logs of the original. `fresh`: the store was made just now, and the keystore is saved later. */
enum err_code home_check_place(struct home *h, bool fresh, struct err *err) MUST_CHECK;
/* The replica of a home whose keystore is open: log.db, or in the store that the env names. On error h->replica is the caller's to close. */
enum err_code home_open_store(struct home *h, struct err *err) MUST_CHECK;

#endif
