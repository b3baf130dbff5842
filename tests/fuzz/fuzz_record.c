/*
 * The local form comes from our own sealed snapshot, but a disk may lie: any
 * bytes decode safely, every question can be asked of what decoded, and its
 * encoding decodes to the same again.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "casework/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
ask_everything(const struct record *r)
{
	struct buf out = BUF_INIT;
	struct dot *over;
	size_t count;

	(void)record_has_conflict(r);
	for (size_t i = 0; i < record_field_count(r); i++) {
		enum field_kind kind;
		uint32_t field = record_field_at(r, i, &kind);

		must(kind != FIELD_NONE);
		must(record_values(r, field, &count) != NULL && count > 0);
		(void)record_sum(r, field);
		(void)record_blob(r, field, &out);
		must(record_over(r, field, BYTES_NONE, &over, &count, NULL) == ERR_OK && count > 0);
		mem_free(over);
	}
	for (size_t i = 1; i < record_note_count(r); i++)
		must(record_note_at(r, i) != record_note_at(r, i - 1));
	json_decref(record_to_json(r, NULL, NULL, NULL));
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct record_id id = { { 1 } };
	struct record *r = record_new(&id), *again = record_new(&id);
	struct buf once = BUF_INIT, twice = BUF_INIT;

	if (record_decode(r, BYTES(data, len), NULL) == ERR_OK) {
		record_encode(&once, r);
		must(record_decode(again, buf_bytes(&once), NULL) == ERR_OK);
		record_encode(&twice, again);
		must(bytes_equal(buf_bytes(&once), buf_bytes(&twice)));
		ask_everything(again);
	}
	buf_free(&once);
	buf_free(&twice);
	record_free(r);
	record_free(again);
	return 0;
}
