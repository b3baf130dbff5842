/*
 * JSON by way of mem.h. jansson leaves out of a document what it has no
 * memory for, and what has a gap looks like a whole: so every refusal counts.
 * And its reader goes on with a word of which letters are missing, past the
 * end of it (jansson issue 362, in 2.14 still): reading is done here alone.
 */
#ifndef FALTBOK_BASE_JSON_H
#define FALTBOK_BASE_JSON_H

#include <jansson.h>

#include "base/bytes.h"

/* What jansson asks from here on it asks mem.h. What it has given out is freed by free() as ever. */
void json_use_mem(void);
unsigned long json_refusals(void); /* how often this thread has been given none for JSON */

/*
 * As json_loadb(). NULL: `why` (may be NULL) says the line and what is wrong; or there was no memory, and nothing of what
 * had been read is left: then mem_refusals() has grown.
 */
json_t *json_read(struct bytes text, size_t flags, json_error_t *why);

#endif
