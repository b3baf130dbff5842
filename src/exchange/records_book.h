/*
 * Records as sheets, a type a sheet, a record a row: labels for codes, one
 * language for the headings. Spec: proto/exchange.md, 3.
 */
#ifndef FALTBOK_EXCHANGE_RECORDS_BOOK_H
#define FALTBOK_EXCHANGE_RECORDS_BOOK_H

#include <jansson.h>

#include "casework/profile.h"
#include "exchange/book.h"

/* `records` as record_to_json() makes them, with "team", in the order in which they are to stand. */
enum err_code records_book(struct book **out, const struct profile *p, const json_t *records, const char *lang, struct err *err) MUST_CHECK;

/* report_run()'s document: a line a row, a table's cells below each other. */
enum err_code report_book(struct book **out, const json_t *report, const json_t *basis, const char *lang, struct err *err) MUST_CHECK;

#endif
