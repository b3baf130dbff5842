/* Where something stands in a form's sheets, and what: columns under their many spellings, labels, yes and no. */
#include "exchange/xlsform_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "casework/records.h"

enum err_code
form_wrong(struct form *f, const struct sheet *s, const char *fmt, const char *what)
{
	char text[300];

	snprintf(text, sizeof(text), fmt, what);
	return err_set(f->err, ERR_INVALID, "sheet %s, row %u: %s", sheet_name(s), f->row + 1, text);
}

/* The heading of a column, without the spaces that people leave behind it. */
static const char *
heading(const struct sheet *s, uint32_t col, char out[HEAD_BYTES])
{
	const char *text = sheet_text(s, 0, col);
	size_t n;

	snprintf(out, HEAD_BYTES, "%s", text + strspn(text, " "));
	for (n = strlen(out); n > 0 && out[n - 1] == ' '; n--)
		out[n - 1] = '\0';
	return out;
}

int
form_column(const struct sheet *s, const char *name)
{
	char head[HEAD_BYTES];

	for (uint32_t c = 0; s != NULL && c < sheet_cols(s) && c < COLS_MAX; c++)
		if (strcasecmp(heading(s, c, head), name) == 0)
			return (int)c;
	return -1;
}

const char *
form_value(const struct sheet *s, uint32_t row, const char *name)
{
	int c = form_column(s, name);

	return c < 0 ? "" : sheet_text(s, row, (uint32_t)c);
}

/* The first row below the heading where the column holds something; 0: it is empty. */
static uint32_t
filled(const struct sheet *s, uint32_t col)
{
	for (uint32_t r = 1; r < sheet_rows(s); r++)
		if (*sheet_text(s, r, col) != '\0')
			return r;
	return 0;
}

/* "label::Svenska (sv)" and "label::sv" are "label" in sv; "label" is in the form's own language. NULL: not this property. */
const char *
form_language(const struct form *f, const char *head, const char *property, char out[40])
{
	size_t n = strlen(property);
	const char *open, *close;

	if (strncasecmp(head, property, n) != 0)
		return NULL;
	if (head[n] == '\0')
		return f->plain_lang;
	if (head[n] != ':')
		return NULL;
	head += n + strspn(head + n, ": ");
	open = strrchr(head, '(');
	close = open == NULL ? NULL : strchr(open, ')');
	if (open != NULL && close != NULL && close - open - 1 < 40) {
		snprintf(out, 40, "%.*s", (int)(close - open - 1), open + 1);
		return out;
	}
	snprintf(out, 40, "%.39s", head);
	return out;
}

enum err_code
form_check_columns(struct form *f, const struct sheet *s, const char *const *plain, const char *const *labelled)
{
	char lang[40], text[HEAD_BYTES];

	for (uint32_t c = 0; c < sheet_cols(s); c++) {
		const char *head = heading(s, c, text), *tag = NULL;
		bool known = *head == '\0';

		if (c >= COLS_MAX && filled(s, c) > 0)
			return err_set(f->err, ERR_INVALID, "sheet %s: it has more than %d columns", sheet_name(s), COLS_MAX);
		for (size_t i = 0; plain[i] != NULL && !known; i++)
			known = strcasecmp(plain[i], head) == 0;
		for (size_t i = 0; labelled[i] != NULL && !known; i++)
			known = (tag = form_language(f, head, labelled[i], lang)) != NULL;
		if (tag != NULL && !language_valid(tag) && filled(s, c) > 0)
			return err_set(f->err, ERR_INVALID, "sheet %s: column \"%.60s\" names no language tag: write it as label::Svenska (sv)", sheet_name(s), head);
		if (!known && filled(s, c) > 0)
			return err_set(f->err, ERR_INVALID, "sheet %s, row %u: column \"%.60s\" is not supported: take it out, or say in the profile what it says",
			               sheet_name(s), filled(s, c) + 1, head);
	}
	return ERR_OK;
}

/* A name as a profile has it: lower case, with _ for what XLSForm allows besides. */
bool
form_name(char out[NAME_BYTES_MAX + 1], const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > NAME_BYTES_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = (char)tolower((unsigned char)text[i]);

		if (c == '.' || c == ' ')
			c = '_';
		if (!((c >= 'a' && c <= 'z') || (i > 0 && ((c >= '0' && c <= '9') || c == '_' || c == '-'))))
			return false;
		out[i] = c;
	}
	out[n] = '\0';
	return true;
}

/* {"sv": …, "en": …} of a row's label or hint columns; NULL when none is filled. */
json_t *
form_labels(const struct form *f, const struct sheet *s, uint32_t row, const char *property)
{
	char buf[40], head[HEAD_BYTES];
	json_t *o = NULL;

	for (uint32_t c = 0; c < sheet_cols(s) && c < COLS_MAX; c++) {
		const char *lang = form_language(f, heading(s, c, head), property, buf);

		if (lang == NULL || *sheet_text(s, row, c) == '\0')
			continue;
		if (o == NULL)
			o = json_object();
		json_object_set_new(o, lang, json_string(sheet_text(s, row, c)));
	}
	return o;
}

void
form_set_labels(json_t *o, const char *key, json_t *labels)
{
	if (labels != NULL)
		json_object_set_new(o, key, labels);
}

bool
form_true(const char *text)
{
	static const char *const words[] = { "yes", "true", "true()", "1", "ja" };

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

bool
form_false(const char *text)
{
	static const char *const words[] = { "", "no", "false", "false()", "0", "nej" };

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

/* A number's place in a form: as written in fb::number, else the next. */
int
form_number(const struct form *f, const json_t *others, int first)
{
	int wanted = atoi(form_value(f->survey, f->row, "fb::number")), next = first;
	const json_t *o;
	size_t i;

	if (wanted > 0)
		return wanted;
	json_array_foreach(others, i, o)
		if ((int)json_integer_value(json_object_get(o, "number")) >= next)
			next = (int)json_integer_value(json_object_get(o, "number")) + 1;
	return next;
}
