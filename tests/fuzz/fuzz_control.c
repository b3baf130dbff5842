/*
 * Payloads of control entries, one after another: [kind, author, length be16,
 * payload]. What decodes encodes to the very same bytes; and an organisation
 * made of them evaluates to the same state whichever end it is fed from.
 */
#include <stdlib.h>

#include "../unit/world.h"

enum { STEPS_MAX = 24, AUTHORS = 4 };

static void
check_decoder(uint8_t kind, struct bytes payload)
{
	struct buf again = BUF_INIT;
	struct erase_request q;
	struct erase_receipt receipt;
	struct erase_case about;
	struct control_op op;

	if (control_op_decode(&op, kind, payload, NULL) == ERR_OK) {
		control_op_encode(&again, &op);
		if (!bytes_equal(buf_bytes(&again), payload))
			abort();
		control_op_free(&op);
		buf_clear(&again);
	}
	if (kind == KIND_ERASE_REQ && erase_request_decode(&q, payload, NULL) == ERR_OK) {
		erase_request_encode(&again, &q);
		if (!bytes_equal(buf_bytes(&again), payload))
			abort();
		erase_request_free(&q);
		buf_clear(&again);
	}
	if (kind == KIND_RECEIPT && erase_receipt_decode(&receipt, payload, NULL) == ERR_OK) {
		erase_receipt_encode(&again, &receipt);
		if (!bytes_equal(buf_bytes(&again), payload))
			abort();
		erase_receipt_free(&receipt);
		buf_clear(&again);
	}
	if (kind == KIND_RECEIPT && erase_case_decode(&about, payload, NULL) == ERR_OK) { /* the sealed part, as if it had opened */
		erase_case_encode(&again, &about);
		if (!bytes_equal(buf_bytes(&again), payload))
			abort();
	}
	buf_free(&again);
}

static void
digest_from(const struct world *w, bool backwards, uint8_t out[16])
{
	struct org *o = org_new();

	if (o == NULL)
		abort();
	for (size_t i = 0; i < w->count; i++)
		if (org_add(o, &w->entries[backwards ? w->count - 1 - i : i], NULL) != ERR_OK)
			abort();
	if (org_evaluate(o, NULL) != ERR_OK)
		abort();
	org_digest(o, out);
	org_free(o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct world *w;
	uint8_t forwards[16], backwards[16];

	if (w == NULL) {
		w = world_new();
		w->unsigned_entries = true;
	}
	world_genesis(w);
	world_grant(w, ROOT, 0, 1, ROLE_COORDINATOR, NULL, 1);
	for (int steps = 0; steps < STEPS_MAX && len >= 4; steps++) {
		uint8_t kind = data[0];
		unsigned by = data[1] % AUTHORS;
		size_t n = be16_get(data + 2);
		const struct stream_id team = team_of(1), *stream = kind >= KIND_DATA && kind < 64 ? &team : &w->control;

		data += 4;
		len -= 4;
		n = n < len ? n : len;
		check_decoder(kind, BYTES(data, n));
		if (n > 0)
			world_write(w, by, stream, 0, kind, BYTES(data, n));
		data += n;
		len -= n;
	}
	digest_from(w, false, forwards);
	digest_from(w, true, backwards);
	if (memcmp(forwards, backwards, 16) != 0)
		abort();
	world_clear(w);
	return 0;
}
