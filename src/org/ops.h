/*
 * The control operations: what their payloads hold, in clear strict msgpack.
 * Names in them are sealed under the roster team's epoch.
 * Spec: proto/org.md, 3 "Operations".
 */
#ifndef FALTBOK_ORG_OPS_H
#define FALTBOK_ORG_OPS_H

#include "codec/strict.h"
#include "log/entry.h"

enum role { ROLE_COORDINATOR = 1, ROLE_ADVISOR = 2, ROLE_AUDITOR = 3, ROLE_HUB = 4 };
enum { RANK_NONE = 255, RANK_MAX = 15, CUTS_MAX = 1024, GRANTS_MAX = 64, OLD_INCS_MAX = 16, ADOPT_RUNS_MAX = 256,
       ENC_NAME_BYTES_MAX = 1024, REASON_BYTES_MAX = 1024 };

struct genesis {
	uint8_t suite;
	struct author root_pk;
	uint8_t nonce[32];
	bool escrow;                      /* policy */
	uint8_t peer_removal;             /* policy, 0 in this version */
	bool has_escrow_pk; uint8_t escrow_pk[32];
	bool has_next_root; uint8_t next_root_hash[32];
};
struct admit {
	struct author sign_pk;
	uint8_t noise_pk[32], note_pk[32], seal_pk[32];
	bool has_kill; uint8_t kill_pk[32];
	struct member_id member;
	struct bytes enc_name;            /* sealed [member name, device name]; borrowed, ≤ 1024; may be empty */
	uint8_t nonce[16];
	uint8_t possession_sig[64];
};
/* rank is a coordinator's; for the other roles it is RANK_NONE, whatever the struct says when it is encoded. */
struct grant { struct device_id dev; uint8_t role; bool has_team; struct stream_id team; uint8_t rank; };
struct cut { struct stream_id stream; struct inc inc; int64_t seq; /* last accepted, -1: none */ uint8_t head16[16]; };
struct revoke { struct device_id dev; size_t cut_count; struct cut *cuts; struct bytes reason; bool has_kill; uint8_t kill_sig[64]; };
struct ungrant { struct device_id dev; struct stream_id team; size_t grant_count; struct hash *grants; size_t cut_count; struct cut *cuts; };
struct team_op { struct stream_id team; struct bytes enc_name; uint8_t state; /* 1 live, 2 ended */ uint8_t mode; /* 0 shared, 1 drop-box */ };
struct sealkey { uint8_t seal_pk[32]; };
/* The root goes to a new key, on the word of a rotation key that was committed to; `cuts` are the old root's. */
struct rootrot { struct author rotation_pk, new_root; bool has_next; uint8_t next_root_hash[32]; size_t cut_count; struct cut *cuts; uint8_t rotation_sig[64]; };
struct open_op { bool has_grant; struct hash grant; size_t old_count; struct { struct inc inc; uint64_t len; uint8_t head16[16]; } old[OLD_INCS_MAX]; };
/* Entries from..to of a log beyond its cut or after its fork that the team wants to keep; `to` is named by its id. */
struct adopt_run { struct author author; struct stream_id stream; struct inc inc; uint64_t from, to; uint8_t head16[16]; };
struct adopt { size_t run_count; struct adopt_run *runs; };

/*
 * A decoded control operation, or a team stream's OPEN or ADOPT. Arrays are
 * allocated: control_op_free(). What is struct bytes is borrowed from the payload.
 */
struct control_op {
	uint8_t kind;
	union {
		struct genesis genesis; struct admit admit; struct grant grant; struct revoke revoke;
		struct ungrant ungrant; struct team_op team; struct sealkey sealkey; struct open_op open;
		struct adopt adopt; struct rootrot rootrot;
		struct bytes raw; /* kinds this version stores, relays and ignores */
	} u;
};
/* Cuts and withdrawn grants are put in their order, in place; each log and each grant may be named once. */
void control_op_encode(struct buf *out, const struct control_op *op);
/* ERR_MALFORMED naming the operation, ERR_NO_MEMORY. On error there is nothing to free. */
enum err_code control_op_decode(struct control_op *op, uint8_t kind, struct bytes payload, struct err *err) MUST_CHECK;
void control_op_free(struct control_op *op);
/* Does it name that incarnation as an older one of its device? */
bool open_lists(const struct open_op *open, const struct inc *inc);

bool admit_possession_ok(const struct admit *a);
/* What a kill card signs: the device and the exact cuts, in their order. False when out of memory. */
bool revoke_kill_digest(uint8_t out[32], const struct org_id *org, const struct revoke *r) MUST_CHECK;
/* The key pair of a kill card, from the 16 bytes on it. */
void kill_pair(uint8_t pk[32], uint8_t sk[64], const uint8_t code[16]);
/* What GENESIS or a ROOTROT commits to: HC(32,∅,"fb1/root/next",rotation_pk). */
void rotation_hash(uint8_t out[32], const struct author *rotation_pk);
/* What the rotation key signs; the cuts are put in order. False when out of memory. */
bool rootrot_digest(uint8_t out[32], const struct org_id *org, const struct rootrot *r) MUST_CHECK;
bool rootrot_sign(struct rootrot *r, const struct org_id *org, const uint8_t rotation_sk[64]) MUST_CHECK;
int cut_order(const struct cut *a, const struct cut *b); /* by stream, then inc */
/* The id by which an organisation's root is compared on paper: HC(32,∅,"fb1/root/print",root_pk,org_id). */
void root_fingerprint(uint8_t out[32], const struct genesis *g);

struct org_id org_id_of(const struct genesis *g);           /* covers every field: proto/org.md, 1 */
struct stream_id control_stream(const struct org_id *org);  /* its first half */
struct stream_id roster_stream(const struct org_id *org);   /* HC(16,∅,"fb1/roster",org_id) */

/* A newcomer's request: keys, nonce, possession signature, and the names, which are not signed for the org. */
struct join_request {
	struct admit keys;  /* member and enc_name unused */
	char member_name[128], device_name[128];
};
/*
 * Fills the keys, without a kill card, and signs; the names are the caller's
 * to set, before or after. Who adds a kill_pk signs again.
 */
void join_request_make(struct join_request *r, const struct device_keys *d, const uint8_t seal_pk[32], const uint8_t nonce[16]);
void join_request_sign(struct join_request *r, const struct device_keys *d);
void join_request_encode(struct buf *out, const struct join_request *r);
/* Checks the signature, and that the names are one line of text each. ERR_MALFORMED, ERR_NEWER, ERR_SIGNATURE. */
enum err_code join_request_decode(struct join_request *r, struct bytes in, struct err *err) MUST_CHECK;
void join_request_digest(uint8_t out[32], const struct join_request *r); /* what six words are made from: keys and names */

#endif
