/*
 * The kinds of fixed-size bytes that travel through the layers. Two kinds of
 * one size are two types, so that mixing them does not compile.
 * What each one is: proto/log.md, 1 and proto/org.md, 1.
 */
#ifndef FALTBOK_BASE_IDS_H
#define FALTBOK_BASE_IDS_H

#include <stdint.h>

struct hash { uint8_t b[32]; };      /* an entry id, or the hash of a payload */
struct author { uint8_t b[32]; };    /* Ed25519 public key: whose log it is */
struct stream_id { uint8_t b[16]; }; /* first half of the org id for control, else a team id */
struct inc { uint8_t b[8]; };        /* incarnation of the author's store */
struct org_id { uint8_t b[32]; };
struct device_id { uint8_t b[16]; }; /* HC(16, sign_pk): names a device in signed data */
struct member_id { uint8_t b[16]; }; /* a person: a label that groups devices */
struct epoch_id { uint8_t b[16]; };  /* first half of the EPOCH entry's id */
struct key_id { uint8_t b[16]; };    /* kid: names a case key */
struct record_id { uint8_t b[16]; };
struct group_id { uint8_t b[16]; };  /* what shares a case key: usually a case's record id */

#endif
