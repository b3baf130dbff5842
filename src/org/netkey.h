/*
 * NETKEY: a new network key, sealed to every live device.
 *
 *   [n, commit, epk, [[device, seal index, sealed key]…]]
 *
 * Spec: proto/org.md, 11 "Network keys".
 */
#ifndef FALTBOK_ORG_NETKEY_H
#define FALTBOK_ORG_NETKEY_H

#include "base/env.h"
#include "crypto/device.h"
#include "crypto/seal.h"
#include "org/org.h"

enum { NETKEY_DEVICES_MAX = 512, NETKEY_N_MAX = 1 << 30 };

struct netkey { uint64_t n; uint8_t commit[32], epk[32]; size_t count; struct bytes rows; /* borrowed */ };

/* HC(32, N, "fb1/net/commit", org_id): which key a NETKEY brings, to whoever holds it. */
void netkey_commit(uint8_t out[32], const uint8_t key[32], const struct org_id *org);
/* Seals `key` to every live device of the organisation. ERR_TOO_BIG, ERR_NO_MEMORY. */
enum err_code netkey_make(struct buf *out, const struct org *org, uint64_t n, const uint8_t key[32], const struct seal_pair *ephemeral, struct err *err) MUST_CHECK;
/* ERR_MALFORMED. */
enum err_code netkey_decode(struct netkey *k, struct bytes payload, struct err *err) MUST_CHECK;
/* The device of row i, in their ascending order. */
struct device_id netkey_device_at(const struct netkey *k, size_t i);
/* Opens the row of `dev` with one of its seal keys; false when there is none, or none opens to what is committed to. */
bool netkey_open(uint8_t key[32], const struct netkey *k, const struct org_id *org, const struct device_id *dev,
                 const struct seal_pair *mine, size_t mine_count);

#endif
