/* The inside of reading a form: xlsform_form.c finds what stands in the sheets, xlsform_say.c reads expressions, xlsform_in.c builds the profile. */
#ifndef FALTBOK_EXCHANGE_XLSFORM_INTERNAL_H
#define FALTBOK_EXCHANGE_XLSFORM_INTERNAL_H

#include "exchange/xlsform.h"

enum { COLS_MAX = 256, NAME_BYTES_MAX = 40, HEAD_BYTES = 120 };

struct form {
	const struct sheet *survey, *choices, *settings;
	struct err *err;
	json_t *root, *types, *lists;
	json_t *type;            /* of the group that is open */
	json_t *loose;           /* of questions outside of groups */
	json_t *intro;           /* of notes that wait for a question */
	const char *plain_lang;  /* of a label without a language */
	char id[NAME_BYTES_MAX + 1], own_lang[40];
	uint32_t row;
	int depth;
};

/* ---- xlsform_form.c ---- */

/* ERR_INVALID with sheet and row; `fmt` has one %s, for `what`. */
enum err_code form_wrong(struct form *f, const struct sheet *s, const char *fmt, const char *what);
int form_column(const struct sheet *s, const char *name); /* -1: it has none of that name */
const char *form_value(const struct sheet *s, uint32_t row, const char *name); /* "" where there is none */
/* "label::Svenska (sv)" and "label::sv" are "label" in sv; "label" is in the form's own language. NULL: not this property. */
const char *form_language(const struct form *f, const char *head, const char *property, char out[40]);
/* Every column that holds something must be one of these, plain or by language: ERR_INVALID names the one that is not. */
enum err_code form_check_columns(struct form *f, const struct sheet *s, const char *const *plain, const char *const *labelled);
/* A name as a profile has it: lower case, with _ for what XLSForm allows besides. */
bool form_name(char out[NAME_BYTES_MAX + 1], const char *text);
/* {"sv": ..., "en": ...} of a row's label or hint columns; NULL when none is filled. */
json_t *form_labels(const struct form *f, const struct sheet *s, uint32_t row, const char *property);
void form_set_labels(json_t *o, const char *key, json_t *labels); /* takes `labels`, which may be NULL */
bool form_true(const char *text);
bool form_false(const char *text);
/* A number's place in a form: as written in fb::number, else the next. */
int form_number(const struct form *f, const json_t *others, int first);

/* ---- xlsform_say.c ---- */

const char *say_skip(const char *p);
/* ${f} = 'x' and selected(${f}, 'x'), joined by or, all of one question; NULL: it says more. The caller owns it. */
json_t *say_relevant(const char *text);
/* . >= 0 and . <= 120, in either order, of whole or decimal numbers, into min and max of the field. */
bool say_limits(json_t *field, const char *text, bool whole);

#endif
