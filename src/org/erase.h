/*
 * Orders to erase: what is asked for, in ranges anybody can read, and the
 * second member's word. Why, and which case it was, only readers can open.
 *
 *   ERASE_REQ  [[[author, stream, inc, [[from, to, head16]…]]…], salt, box]
 *   ERASE_OK   [id of the request]
 *   RECEIPT    [id of the request, gone, absent, keys, oldest, late]
 *
 * Spec: proto/org.md, 3 "Operations" and 9 "Erasure".
 */
#ifndef FALTBOK_ORG_ERASE_H
#define FALTBOK_ORG_ERASE_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/ids.h"

enum { ERASE_LOGS_MAX = 256, ERASE_RANGES_MAX = 2048, ERASE_BOX_BYTES_MAX = 8448, ERASE_SALT_BYTES = 24 };

/*
 * Both included. head16 begins the id of the entry at `to`: named are that entry and those below it down to `from`, and no other
 * history of a log that has forked.
 */
struct erase_range { uint64_t from, to; uint8_t head16[16]; };
struct erase_log {
	struct author author;
	struct stream_id stream;
	struct inc inc;
	size_t range_count;
	struct erase_range *ranges; /* ascending by from, to, head16; into erase_request.ranges */
};
struct erase_request {
	size_t log_count;
	struct erase_log *logs;
	size_t range_count;
	struct erase_range *ranges; /* of all logs, one after another */
	uint8_t salt[ERASE_SALT_BYTES];
	struct bytes box;           /* borrowed from the payload */
};

void erase_request_encode(struct buf *out, const struct erase_request *q);
/* ERR_MALFORMED, ERR_NO_MEMORY; on error there is nothing to free. */
enum err_code erase_request_decode(struct erase_request *q, struct bytes payload, struct err *err) MUST_CHECK;
void erase_request_free(struct erase_request *q);

/* A range and whose it is. */
struct erase_place { struct author author; struct stream_id stream; struct inc inc; struct erase_range range; };
/*
 * Fills in logs and ranges from places in any order, which it sorts. ERR_TOO_BIG: more than one entry can name;
 * ERR_NO_MEMORY. On error there is nothing to free.
 */
enum err_code erase_request_places(struct erase_request *q, struct erase_place *places, size_t count, struct err *err) MUST_CHECK;

void erase_ok_encode(struct buf *out, const struct hash *request);
enum err_code erase_ok_decode(struct hash *request, struct bytes payload, struct err *err) MUST_CHECK;

/* What only readers see of a request, sealed in its box: proto/vault.md, 10 "What an order to erase is about". */
enum { ERASE_KEYS_MAX = 96, ERASE_RECORDS_MAX = 128, ERASE_REASON_BYTES_MAX = 1024 };
struct erase_key { struct key_id kid; struct epoch_id birth; };
/*
 * What stands for an erased group or record from its request on: an id kept any longer than what it named would lead
 * from a paper slip to the row of somebody who asked to be forgotten (proto/vault.md, 12).
 */
void erase_image(uint8_t out[16], const uint8_t id[16]);
struct erase_case {
	struct group_id group;                        /* images, both */
	size_t key_count;
	struct erase_key keys[ERASE_KEYS_MAX];
	size_t record_count;
	struct record_id records[ERASE_RECORDS_MAX];
	struct bytes reason; /* UTF-8; borrowed */
};
void erase_case_encode(struct buf *out, const struct erase_case *c);
enum err_code erase_case_decode(struct erase_case *c, struct bytes in, struct err *err) MUST_CHECK; /* ERR_MALFORMED */

/* What one device has done about an approved request. */
struct erase_receipt {
	struct hash request;
	uint64_t gone;               /* of the entries named, those held without their payload */
	uint64_t absent;             /* and those not held at all */
	bool keys;                   /* no key that opens the case is held there any more */
	uint64_t oldest;             /* the smallest number of an epoch whose key is held in those streams; 0: none */
	struct erase_request late;   /* entries of the group that no request named and that were deleted on arrival: logs and ranges alone */
};
void erase_receipt_encode(struct buf *out, const struct erase_receipt *q);
/* ERR_MALFORMED, ERR_NO_MEMORY; on error there is nothing to free. */
enum err_code erase_receipt_decode(struct erase_receipt *q, struct bytes payload, struct err *err) MUST_CHECK;
void erase_receipt_free(struct erase_receipt *q);

#endif
