/*
 * The directory of services as HSDS 3 JSON (Open Referral), out and in: which
 * of a profile's fields is what stands in its `exchange`.
 * Spec: proto/exchange.md, 6.
 */
#ifndef FALTBOK_EXCHANGE_HSDS_H
#define FALTBOK_EXCHANGE_HSDS_H

#include <jansson.h>

#include "casework/profile.h"

/* An array of organisations with their services and places. What has no organisation stands under `own`, with the id `own_id`. */
enum err_code hsds_export(json_t **out, const struct profile *p, const json_t *records, const char *own, const char *own_id, struct err *err) MUST_CHECK;

/*
 * What a document says as records: [{"type", "id", "set": {…}, "add": {…}}, …], places and organisations first. `untaken` gets the names of
 * properties that no field of the profile holds, each once. ERR_INVALID: which object lacks what HSDS requires.
 */
enum err_code hsds_import(json_t **out, json_t *untaken, const struct profile *p, struct bytes in, struct err *err) MUST_CHECK;

#endif
