/*
 * Orders to erase: what is asked for, in ranges anybody can read, and the
 * second member's word. Why, and which case it was, only readers can open.
 *
 *   ERASE_REQ  [[[author, stream, inc, [[from, to]…]]…], salt, box]
 *   ERASE_OK   [id of the request]
 *
 * Spec: proto/org.md, 3 "Operations".
 */
#ifndef FALTBOK_ORG_ERASE_H
#define FALTBOK_ORG_ERASE_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/ids.h"

enum { ERASE_LOGS_MAX = 256, ERASE_RANGES_MAX = 4096, ERASE_BOX_BYTES_MAX = 8192, ERASE_SALT_BYTES = 24 };

struct erase_range { uint64_t from, to; }; /* both included */
struct erase_log {
	struct author author;
	struct stream_id stream;
	struct inc inc;
	size_t range_count;
	struct erase_range *ranges; /* ascending, apart from each other; into erase_request.ranges */
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

void erase_ok_encode(struct buf *out, const struct hash *request);
enum err_code erase_ok_decode(struct hash *request, struct bytes payload, struct err *err) MUST_CHECK;

#endif
