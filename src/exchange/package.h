/*
 * Everything as one ZIP that can be read without this program: text that says
 * what is in it, JSON Lines, tables, checksums, and a signature.
 * Spec: proto/exchange.md, 5.
 */
#ifndef FALTBOK_EXCHANGE_PACKAGE_H
#define FALTBOK_EXCHANGE_PACKAGE_H

#include <jansson.h>

#include "casework/records.h"

struct package_about {
	const char *org_name, *org_id, *device_name, *device_id, *made_at, *state_hash;
	uint8_t note_pk[32];
	const uint8_t *note_sk; /* 64 bytes, borrowed */
	struct bytes profile_json;
	uint64_t protected_left_out; /* records of protected identities that are not in it */
};

/* The lines of a trace that make this record again: fields, then each note. `by` names an author. */
enum err_code trace_of_record(struct buf *out, const struct record *r, const struct profile *p, author_name_fn who, void *ctx, struct err *err) MUST_CHECK;

/* `records` are JSON objects in the order of the export. `trace` and the profile's text go in as they are. */
enum err_code package_write(struct buf *out, const struct package_about *about, const struct profile *p, const json_t *records,
                            struct bytes trace, struct err *err) MUST_CHECK;

/* What an archive holds once every checksum and the signature are right; else ERR_HASH, ERR_SIGNATURE, ERR_MALFORMED say which. */
struct package_found { json_t *manifest; struct buf trace, profile; uint8_t note_pk[32]; };
bool package_is(struct bytes file); /* does it begin as a ZIP does */
enum err_code package_read(struct package_found *out, struct bytes file, struct err *err) MUST_CHECK;
void package_found_free(struct package_found *f);

#endif
