/* A record's values by what an exchange map calls them: shared by the calendar and the directory. */
#ifndef FALTBOK_EXCHANGE_MAP_H
#define FALTBOK_EXCHANGE_MAP_H

#include <jansson.h>

#include "casework/profile.h"

/* The value as it is shown: of a conflict the best. NULL when the map or the record has none. */
const json_t *map_value(const struct exchange_map *m, const json_t *record, const char *prop);
const char *map_text(const struct exchange_map *m, const json_t *record, const char *prop); /* "" */
bool map_is(const struct exchange_map *m, const json_t *record, const char *prop);          /* "cancelled": does it hold the code */
/* The record among `records` whose id is `id`; NULL. */
const json_t *record_with_id(const json_t *records, const char *id);
bool record_is_of(const struct exchange_map *m, const json_t *record);

#endif
