/* One value between a person and msgpack. Refusals begin with the field's name. */
#ifndef FALTBOK_CASEWORK_VALUES_INTERNAL_H
#define FALTBOK_CASEWORK_VALUES_INTERNAL_H

#include <jansson.h>

#include "casework/profile.h"

/* `on` is the date of what is recorded (YYYY-MM-DD…) or NULL: a choice that had ended by then is refused. */
enum err_code value_from_text(struct buf *out, const struct profile_field *f, const char *text, const char *on,
                              struct err *err) MUST_CHECK;
enum err_code value_from_json(struct buf *out, const struct profile_field *f, const json_t *v, const char *on,
                              struct err *err) MUST_CHECK;

/* Text that a page can show: UTF-8 without control characters other than tab and line ends. */
bool text_valid(const char *text);

#endif
