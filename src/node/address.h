/*
 * Addresses that somebody typed: where a hub is, or a colleague whom no beacon
 * reaches. They are dialled whenever this home meets others, until they are
 * forgotten; what has been met is remembered beside them by itself
 * (store/replica.h, replica_peers). Kept in the store's meta under
 * "node.addresses", a line each. proto/store.md, 1.
 */
#ifndef FALTBOK_NODE_ADDRESS_H
#define FALTBOK_NODE_ADDRESS_H

#include "node/node.h"

enum { ADDRESSES_MAX = 32, ADDRESS_BYTES = 128 };
struct addresses { char at[ADDRESSES_MAX][ADDRESS_BYTES]; size_t count; };

enum err_code node_addresses(struct node *n, struct addresses *out, struct err *err) MUST_CHECK; /* none is no error */
bool addresses_have(const struct addresses *a, const char *addr);

/*
 * In the open transaction. One that is there already stays as it is.
 *   ERR_INVALID  not HOST:PORT, nor ws:// or wss:// and what follows
 *   ERR_REFUSED  there are ADDRESSES_MAX of them
 */
enum err_code node_address_add(struct node *n, const char *addr, struct err *err) MUST_CHECK;
/* In the open transaction: of those typed, and of those whom it was met at. ERR_UNKNOWN: neither. */
enum err_code node_address_forget(struct node *n, const char *addr, struct err *err) MUST_CHECK;

#endif
