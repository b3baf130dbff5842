/* How sheets (report_csv.c) and pages (report_print.c) say what stands in a report's document. */
#ifndef FALTBOK_CASEWORK_REPORT_TEXT_H
#define FALTBOK_CASEWORK_REPORT_TEXT_H

#include "casework/report_internal.h"

bool say_swedish(const struct report_ask *ask);
const char *say_both(const struct report_ask *ask, const char *sv, const char *en);
const char *say_text(const json_t *o, const char *key); /* "" where there is none */
/* Decimal comma in Swedish. Nothing for null. */
void say_number(char out[40], const struct report_ask *ask, const json_t *v);
/* Of a table's cell in its base; "" where none may be shown. */
void say_percent(char out[40], const struct report_line *l, const json_t *v, const json_t *n);

#endif
