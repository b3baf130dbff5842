/*
 * A profile as an XLSForm workbook and back: the subset in proto/exchange.md, 2.
 *
 * What the subset lacks is refused by name, sheet and row, never dropped: a
 * form whose skip logic is gone asks other questions than its author's.
 */
#ifndef FALTBOK_EXCHANGE_XLSFORM_H
#define FALTBOK_EXCHANGE_XLSFORM_H

#include <jansson.h>

#include "casework/profile.h"
#include "exchange/book.h"

/* A CSV that holds several sheets, their names in its first column, as sheets. A workbook passes as it is. */
enum err_code xlsform_sheets(struct book **out, struct book *in, struct err *err) MUST_CHECK;

/* The profile file that the form stands for, checked by profile_parse(); the caller owns it. ERR_INVALID: sheet, row, what. */
enum err_code xlsform_import(json_t **out, const struct book *b, struct err *err) MUST_CHECK;

/* Sheets survey, choices and settings of all types, or of `only`. What a form can not say is left out: reports, rules, roles. */
enum err_code xlsform_export(struct book **out, const struct profile *p, const struct profile_type *only, struct err *err) MUST_CHECK;

#endif
