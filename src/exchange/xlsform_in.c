/*
 * Reading goes row by row and builds the profile's JSON, which is then read as
 * any profile is: there is one judge of what a profile may say. A group at the
 * top is a record type; a question outside of groups belongs to the type that
 * has the form's own name.
 */
#include "exchange/xlsform.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "casework/records.h"

enum { COLS_MAX = 256, GROUPS_MAX = 16, NAME_BYTES_MAX = 40, HEAD_BYTES = 120 };

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

/* ---- where and what ---- */

static enum err_code
wrong(struct form *f, const struct sheet *s, const char *fmt, const char *what)
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

static int
column(const struct sheet *s, const char *name)
{
	char head[HEAD_BYTES];

	for (uint32_t c = 0; s != NULL && c < sheet_cols(s) && c < COLS_MAX; c++)
		if (strcasecmp(heading(s, c, head), name) == 0)
			return (int)c;
	return -1;
}

static const char *
value(const struct sheet *s, uint32_t row, const char *name)
{
	int c = column(s, name);

	return c < 0 ? "" : sheet_text(s, row, (uint32_t)c);
}

static bool
filled(const struct sheet *s, uint32_t col)
{
	for (uint32_t r = 1; r < sheet_rows(s); r++)
		if (*sheet_text(s, r, col) != '\0')
			return true;
	return false;
}

/* "label::Svenska (sv)" and "label::sv" are "label" in sv; "label" is in the form's own language. NULL: not this property. */
static const char *
language_of(const struct form *f, const char *head, const char *property, char out[40])
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

static enum err_code
check_columns(struct form *f, const struct sheet *s, const char *const *plain, const char *const *labelled)
{
	char lang[40], text[HEAD_BYTES];

	for (uint32_t c = 0; c < sheet_cols(s); c++) {
		const char *head = heading(s, c, text), *tag = NULL;
		bool known = *head == '\0';

		if (c >= COLS_MAX && filled(s, c))
			return err_set(f->err, ERR_INVALID, "sheet %s: it has more than %d columns", sheet_name(s), COLS_MAX);
		for (size_t i = 0; plain[i] != NULL && !known; i++)
			known = strcasecmp(plain[i], head) == 0;
		for (size_t i = 0; labelled[i] != NULL && !known; i++)
			known = (tag = language_of(f, head, labelled[i], lang)) != NULL;
		if (tag != NULL && !language_valid(tag) && filled(s, c))
			return err_set(f->err, ERR_INVALID, "sheet %s: column \"%.60s\" names no language tag: write it as label::Svenska (sv)", sheet_name(s), head);
		if (!known && filled(s, c))
			return err_set(f->err, ERR_INVALID, "sheet %s: column \"%.60s\" is not supported: take it out, or say in the profile what it says", sheet_name(s), head);
	}
	return ERR_OK;
}

/* A name as a profile has it: lower case, with _ for what XLSForm allows besides. */
static bool
profile_name(char out[NAME_BYTES_MAX + 1], const char *text)
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
static json_t *
labels_of(const struct form *f, const struct sheet *s, uint32_t row, const char *property)
{
	char buf[40], head[HEAD_BYTES];
	json_t *o = NULL;

	for (uint32_t c = 0; c < sheet_cols(s) && c < COLS_MAX; c++) {
		const char *lang = language_of(f, heading(s, c, head), property, buf);

		if (lang == NULL || *sheet_text(s, row, c) == '\0')
			continue;
		if (o == NULL)
			o = json_object();
		json_object_set_new(o, lang, json_string(sheet_text(s, row, c)));
	}
	return o;
}

static void
set_labels(json_t *o, const char *key, json_t *labels)
{
	if (labels != NULL)
		json_object_set_new(o, key, labels);
}

static bool
is_true(const char *text)
{
	static const char *const words[] = { "yes", "true", "true()", "1", "ja" };

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

static bool
is_false(const char *text)
{
	static const char *const words[] = { "", "no", "false", "false()", "0", "nej" };

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

/* A number's place in a form: as written in fb::number, else the next. */
static int
number_of(const struct form *f, const json_t *others, int first)
{
	int wanted = atoi(value(f->survey, f->row, "fb::number")), next = first;
	const json_t *o;
	size_t i;

	if (wanted > 0)
		return wanted;
	json_array_foreach(others, i, o)
		if ((int)json_integer_value(json_object_get(o, "number")) >= next)
			next = (int)json_integer_value(json_object_get(o, "number")) + 1;
	return next;
}

/* ---- choices ---- */

static json_t *
list_named(const struct form *f, const char *name)
{
	json_t *list;
	size_t i;

	json_array_foreach(f->lists, i, list)
		if (strcmp(json_string_value(json_object_get(list, "name")), name) == 0)
			return list;
	return NULL;
}

static enum err_code
read_choice(struct form *f, const struct sheet *s)
{
	static const char *const more[] = { "rollup", "valid_from", "valid_to" };
	const char *of = value(s, f->row, "list_name"), *code = value(s, f->row, "name");
	char name[NAME_BYTES_MAX + 1], column_of[32];
	json_t *list, *choice;

	if (*of == '\0' && *code == '\0')
		return ERR_OK;
	if (!profile_name(name, *of != '\0' ? of : value(s, f->row, "list name")))
		return wrong(f, s, "list_name \"%.60s\" can not be a name", of);
	list = list_named(f, name);
	if (list == NULL) {
		list = json_pack("{s:s,s:[]}", "name", name, "choices");
		json_array_append_new(f->lists, list);
	}
	choice = json_pack("{s:s}", "code", code);
	if (choice == NULL)
		return wrong(f, s, "name \"%.60s\" can not be a code", code);
	set_labels(choice, "labels", labels_of(f, s, f->row, "label"));
	for (size_t i = 0; i < COUNT_OF(more); i++) {
		snprintf(column_of, sizeof(column_of), "fb::%s", more[i]);
		if (*value(s, f->row, column_of) != '\0')
			json_object_set_new(choice, more[i], json_string(value(s, f->row, column_of)));
	}
	json_array_append_new(json_object_get(list, "choices"), choice);
	return ERR_OK;
}

/* ---- expressions: the small part that a profile can say ---- */

static const char *
skip(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		p++;
	return p;
}

static bool
take(const char **p, const char *word)
{
	*p = skip(*p);
	if (strncasecmp(*p, word, strlen(word)) != 0)
		return false;
	*p += strlen(word);
	return true;
}

static bool
take_reference(const char **p, char out[NAME_BYTES_MAX + 1])
{
	char name[NAME_BYTES_MAX + 1];
	size_t n;

	if (!take(p, "${"))
		return false;
	n = strcspn(*p, "}");
	if (n == 0 || n > NAME_BYTES_MAX || (*p)[n] != '}')
		return false;
	memcpy(name, *p, n);
	name[n] = '\0';
	*p += n + 1;
	return profile_name(out, name);
}

static bool
take_quoted(const char **p, char out[65])
{
	char quote;
	size_t n;

	*p = skip(*p);
	quote = **p;
	if (quote != '\'' && quote != '"')
		return false;
	n = strcspn(*p + 1, quote == '"' ? "\"" : "'");
	if ((*p)[n + 1] != quote || n > 64)
		return false;
	memcpy(out, *p + 1, n);
	out[n] = '\0';
	*p += n + 2;
	return true;
}

/* ${f} = 'x' and selected(${f}, 'x'), joined by or, all of one question. */
static json_t *
relevant_of(const char *text)
{
	char field[NAME_BYTES_MAX + 1] = "", name[NAME_BYTES_MAX + 1], code[65];
	json_t *is = json_array();
	const char *p = text;

	for (;;) {
		bool braced = take(&p, "("), call = take(&p, "selected");

		if ((call && !take(&p, "(")) || !take_reference(&p, name) || !take(&p, call ? "," : "=") || !take_quoted(&p, code) ||
		    (call && !take(&p, ")")) || (braced && !take(&p, ")")) || (*field != '\0' && strcmp(field, name) != 0))
			break;
		snprintf(field, sizeof(field), "%s", name);
		json_array_append_new(is, json_string(code));
		if (*skip(p) == '\0')
			return json_pack("{s:s,s:o}", "field", field, "is", is);
		if (!take(&p, "or"))
			break;
	}
	json_decref(is);
	return NULL;
}

/* . >= 0 and . <= 120, in either order, of whole or decimal numbers. */
static bool
limits_of(json_t *field, const char *text, bool whole)
{
	const char *p = text;
	char *end;

	for (;;) {
		bool least, open;
		double n;

		if (!take(&p, "."))
			return false;
		if (!(least = take(&p, ">")) && !take(&p, "<"))
			return false;
		open = *p != '=';
		p += !open;
		p = skip(p);
		if (*p != '-' && (*p < '0' || *p > '9'))
			return false;
		n = strtod(p, &end);
		if (open && !whole)
			return false;
		n += open ? (least ? 1 : -1) : 0;
		json_object_set_new(field, least ? "min" : "max", json_real(n));
		p = skip(end);
		if (*p == '\0')
			return true;
		if (!take(&p, "and"))
			return false;
	}
}

/* ---- questions ---- */

static const struct { const char *xlsform, *ours; } kinds[] = {
	{ "text", "text" }, { "string", "text" }, { "integer", "integer" }, { "int", "integer" }, { "decimal", "decimal" }, { "date", "date" },
	{ "time", "time" }, { "dateTime", "datetime" }, { "acknowledge", "bool" }, { "trigger", "bool" },
};

static enum err_code
set_kind(struct form *f, json_t *field, const char *type)
{
	char list[NAME_BYTES_MAX + 1], word[NAME_BYTES_MAX + 1] = "";
	const char *rest = NULL;
	bool many = false;

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (strcasecmp(kinds[i].xlsform, type) == 0) {
			json_object_set_new(field, "type", json_string(kinds[i].ours));
			return ERR_OK;
		}
	if (strncasecmp(type, "select_one ", 11) == 0 || strncasecmp(type, "select one ", 11) == 0)
		rest = skip(type + 11);
	else if (strncasecmp(type, "select_multiple ", 16) == 0 || strncasecmp(type, "select multiple ", 16) == 0)
		rest = skip(type + 16), many = true;
	if (rest == NULL)
		return wrong(f, f->survey, "type \"%.60s\" is not supported", type);
	if (strncasecmp(rest, "from ", 5) == 0)
		rest = skip(rest + 5);
	snprintf(word, sizeof(word), "%.*s", (int)(strcspn(rest, " ") > NAME_BYTES_MAX ? NAME_BYTES_MAX : strcspn(rest, " ")), rest);
	rest = skip(rest + strcspn(rest, " "));
	if (!profile_name(list, word) || list_named(f, list) == NULL)
		return wrong(f, f->survey, "list \"%.60s\" is not on the sheet choices", word);
	if (strcasecmp(rest, "or_other") == 0 || strcasecmp(rest, "or other") == 0 || strcasecmp(rest, "or specify other") == 0)
		json_object_set_new(list_named(f, list), "open", json_true());
	else if (*rest != '\0')
		return wrong(f, f->survey, "type \"%.60s\" is not supported", type);
	json_object_set_new(field, "type", json_string("choice"));
	json_object_set_new(field, "list", json_string(list));
	if (many)
		json_object_set_new(field, "shape", json_string("set"));
	return ERR_OK;
}

/* What XLSForm has no word for stands in columns of our own, so that a profile comes back as it went. */
static void
set_own(struct form *f, json_t *field)
{
	static const char *const own[] = { "class", "shape", "ref", "type", "list" };
	char name[32];

	for (size_t i = 0; i < COUNT_OF(own); i++) {
		snprintf(name, sizeof(name), "fb::%s", own[i]);
		if (*value(f->survey, f->row, name) != '\0')
			json_object_set_new(field, own[i], json_string(value(f->survey, f->row, name)));
	}
	if (is_true(value(f->survey, f->row, "fb::search")))
		json_object_set_new(field, "search", json_true());
	if (is_true(value(f->survey, f->row, "fb::off")))
		json_object_set_new(field, "off", json_true());
}

static enum err_code
set_rules(struct form *f, json_t *field)
{
	const char *required = value(f->survey, f->row, "required"), *relevant = value(f->survey, f->row, "relevant");
	const char *constraint = value(f->survey, f->row, "constraint"), *preset = value(f->survey, f->row, "default");
	bool whole = strcmp(json_string_value(json_object_get(field, "type")), "integer") == 0;
	json_t *rule;

	if (!is_true(required) && !is_false(required))
		return wrong(f, f->survey, "required \"%.60s\" is neither yes nor no", required);
	if (is_true(required))
		json_object_set_new(field, "required", json_true());
	if (*relevant != '\0') {
		rule = relevant_of(relevant);
		if (rule == NULL)
			return wrong(f, f->survey, "relevant \"%.80s\" is more than a profile can say: ${question} = 'code', joined by or", relevant);
		json_object_set_new(field, "relevant", rule);
	}
	if (*constraint != '\0' && !limits_of(field, constraint, whole))
		return wrong(f, f->survey, "constraint \"%.80s\" is more than a profile can say: . >= 0 and . <= 120", constraint);
	if (strchr(preset, '(') != NULL || strstr(preset, "${") != NULL)
		return wrong(f, f->survey, "default \"%.80s\" is a calculation, which a profile has none of", preset);
	if (*preset != '\0')
		json_object_set_new(field, "default", json_string(preset));
	return ERR_OK;
}

static json_t *
new_type(struct form *f, const char *name)
{
	json_t *t = json_pack("{s:i,s:s,s:s,s:s,s:b,s:[]}", "number", number_of(f, f->types, 2), "name", name, "group", "own", "class", "content", "notes", 1, "fields");

	json_array_append_new(f->types, t);
	return t;
}

static enum err_code
read_question(struct form *f, const char *type)
{
	const char *text = value(f->survey, f->row, "name");
	char name[NAME_BYTES_MAX + 1];
	json_t *field, *fields, *into = f->type;
	enum err_code rc;

	if (!profile_name(name, text))
		return wrong(f, f->survey, "name \"%.60s\" can not be a name: a letter, then letters, digits, _ and -, at most 40", text);
	if (into == NULL && f->loose == NULL) {
		const char *title = f->settings == NULL ? "" : value(f->settings, 1, "form_title");

		f->loose = new_type(f, f->id);
		if (*title != '\0')
			json_object_set_new(f->loose, "labels", json_pack("{s:s}", f->plain_lang, title));
	}
	into = into != NULL ? into : f->loose;
	fields = json_object_get(into, "fields");
	field = json_pack("{s:i,s:s}", "number", number_of(f, fields, 1), "name", name);
	json_array_append_new(fields, field);
	if ((rc = set_kind(f, field, type)) != ERR_OK)
		return rc;
	set_own(f, field);
	set_labels(field, "labels", labels_of(f, f->survey, f->row, "label"));
	set_labels(field, "hint", labels_of(f, f->survey, f->row, "hint"));
	set_labels(field, "message", labels_of(f, f->survey, f->row, "constraint_message"));
	set_labels(field, "intro", f->intro);
	f->intro = NULL;
	return set_rules(f, field);
}

/* Several notes in a row are paragraphs of one. */
static void
read_note(struct form *f)
{
	json_t *labels = labels_of(f, f->survey, f->row, "label"), *text;
	const char *lang;

	if (f->intro == NULL) {
		f->intro = labels;
		return;
	}
	json_object_foreach(labels, lang, text) {
		const char *before = json_string_value(json_object_get(f->intro, lang));

		json_object_set_new(f->intro, lang, before == NULL ? json_incref(text) : json_sprintf("%s\n%s", before, json_string_value(text)));
	}
	json_decref(labels);
}

static enum err_code
begin_group(struct form *f)
{
	const char *group = value(f->survey, f->row, "fb::group"), *class = value(f->survey, f->row, "fb::class");
	const char *text = value(f->survey, f->row, "name"), *relevant = value(f->survey, f->row, "relevant");
	char name[NAME_BYTES_MAX + 1];

	if (*relevant != '\0')
		return wrong(f, f->survey, "relevant \"%.80s\" of a group is not supported: write it on its questions", relevant);
	if (f->depth++ > 0) /* a group in a group is how a form looks: its questions belong to the type */
		return f->depth > GROUPS_MAX ? wrong(f, f->survey, "groups are nested too deep%s", "") : ERR_OK;
	if (!profile_name(name, text))
		return wrong(f, f->survey, "name \"%.60s\" of the group can not be a name", text);
	f->type = new_type(f, name);
	set_labels(f->type, "labels", labels_of(f, f->survey, f->row, "label"));
	if (*class != '\0')
		json_object_set_new(f->type, "class", json_string(class));
	if (strncmp(group, "field ", 6) == 0)
		json_object_set_new(f->type, "group", json_pack("{s:s}", "field", group + 6));
	else if (*group != '\0')
		json_object_set_new(f->type, "group", json_string(group));
	if (*value(f->survey, f->row, "fb::notes") != '\0' && !is_true(value(f->survey, f->row, "fb::notes")))
		json_object_del(f->type, "notes");
	return ERR_OK;
}

static enum err_code
read_row(struct form *f)
{
	const char *type = skip(value(f->survey, f->row, "type"));

	if (*type == '\0')
		return *value(f->survey, f->row, "name") == '\0' ? ERR_OK : wrong(f, f->survey, "type is missing%s", "");
	if (strcasecmp(type, "begin group") == 0 || strcasecmp(type, "begin_group") == 0)
		return begin_group(f);
	if (strcasecmp(type, "end group") == 0 || strcasecmp(type, "end_group") == 0) {
		if (f->depth == 0)
			return wrong(f, f->survey, "a group ends that never began%s", "");
		if (--f->depth == 0)
			f->type = NULL;
		return ERR_OK;
	}
	if (strcasecmp(type, "note") == 0) {
		read_note(f);
		return ERR_OK;
	}
	return read_question(f, type);
}

/* ---- the whole ---- */

static enum err_code
read_settings(struct form *f)
{
	const char *id = f->settings == NULL ? "" : value(f->settings, 1, "form_id");
	const char *version = f->settings == NULL ? "" : value(f->settings, 1, "version");
	const char *own = f->settings == NULL ? "" : value(f->settings, 1, "default_language");
	long number = strtol(version, NULL, 10);

	if (*id == '\0' && f->settings != NULL)
		id = value(f->settings, 1, "id_string");
	if (!profile_name(f->id, *id != '\0' ? id : "form"))
		return err_set(f->err, ERR_INVALID, "sheet settings: form_id \"%.60s\" can not be a name: a letter, then letters, digits, _ and -, at most 40", id);
	json_object_set_new(f->root, "profile", json_string(f->id));
	json_object_set_new(f->root, "version", json_integer(number >= 1 && number <= INT32_MAX ? number : 1));
	f->plain_lang = "und";
	if (*own != '\0') {
		char head[80];

		snprintf(head, sizeof(head), "label::%.60s", own);
		if (language_of(f, head, "label", f->own_lang) != NULL && language_valid(f->own_lang))
			f->plain_lang = f->own_lang;
	}
	return ERR_OK;
}

static enum err_code
read_form(struct form *f)
{
	static const char *const survey[] = { "type", "name", "required", "relevant", "constraint", "default", "fb::number", "fb::class", "fb::shape",
		                              "fb::ref", "fb::type", "fb::list", "fb::search", "fb::off", "fb::group", "fb::notes", NULL };
	static const char *const survey_labels[] = { "label", "hint", "constraint_message", NULL };
	static const char *const choices[] = { "list_name", "list name", "name", "fb::rollup", "fb::valid_from", "fb::valid_to", NULL };
	static const char *const choice_labels[] = { "label", NULL };
	static const char *const settings[] = { "form_id", "id_string", "form_title", "version", "default_language", NULL };
	static const char *const none[] = { NULL };
	enum err_code rc;

	if ((rc = read_settings(f)) != ERR_OK || (f->settings != NULL && (rc = check_columns(f, f->settings, settings, none)) != ERR_OK) ||
	    (f->choices != NULL && (rc = check_columns(f, f->choices, choices, choice_labels)) != ERR_OK) ||
	    (rc = check_columns(f, f->survey, survey, survey_labels)) != ERR_OK)
		return rc;
	for (f->row = 1; f->choices != NULL && f->row < sheet_rows(f->choices) && rc == ERR_OK; f->row++)
		rc = read_choice(f, f->choices);
	for (f->row = 1; f->row < sheet_rows(f->survey) && rc == ERR_OK; f->row++)
		rc = read_row(f);
	if (rc != ERR_OK)
		return rc;
	f->row = sheet_rows(f->survey) - 1;
	if (f->depth > 0)
		return wrong(f, f->survey, "a group is not closed%s", "");
	if (f->intro != NULL)
		return wrong(f, f->survey, "a note after the last question has no place in a profile%s", "");
	return ERR_OK;
}

static enum err_code
check_sheets(struct form *f, const struct book *b)
{
	for (size_t i = 0; i < book_count(b); i++) {
		const struct sheet *s = book_at(b, i);

		/* What else stands in a workbook is its author's scrap paper, unless it is one of XLSForm's own. */
		if ((strcasecmp(sheet_name(s), "entities") == 0 || strcasecmp(sheet_name(s), "external_choices") == 0 || strcasecmp(sheet_name(s), "osm") == 0) &&
		    sheet_rows(s) > 1)
			return err_set(f->err, ERR_INVALID, "sheet %s is not supported", sheet_name(s));
	}
	if (f->survey == NULL || column(f->survey, "type") < 0 || column(f->survey, "name") < 0)
		return err_set(f->err, ERR_INVALID, "it has no sheet survey with the columns type and name");
	return ERR_OK;
}

enum err_code
xlsform_import(json_t **out, const struct book *b, struct err *err)
{
	struct form f = { .survey = book_named(b, "survey"), .choices = book_named(b, "choices"), .settings = book_named(b, "settings"), .err = err,
		          .types = json_array(), .lists = json_array() };
	struct profile *checked = NULL;
	char *text = NULL;
	enum err_code rc;

	*out = NULL;
	f.root = json_object();
	rc = check_sheets(&f, b);
	if (rc == ERR_OK)
		rc = read_form(&f);
	if (rc != ERR_OK)
		goto out;
	json_object_set(f.root, "lists", f.lists);
	json_object_set(f.root, "types", f.types);
	text = json_dumps(f.root, JSON_INDENT(1));
	rc = text == NULL ? err_plain(err, ERR_NO_MEMORY) : profile_parse(&checked, BYTES_STR(text), err);
	if (rc != ERR_OK)
		err_wrap(err, "the form as a profile");
out:
	profile_free(checked);
	free(text);
	json_decref(f.types);
	json_decref(f.lists);
	json_decref(f.intro);
	if (rc == ERR_OK)
		*out = f.root;
	else
		json_decref(f.root);
	return rc;
}

/* ---- a CSV of several sheets ---- */

enum err_code
xlsform_sheets(struct book **out, struct book *in, struct err *err)
{
	const struct sheet *s = book_count(in) == 1 ? book_at(in, 0) : NULL;
	struct sheet *now = NULL;
	struct book *b;
	uint32_t row = 0;

	*out = in;
	if (s == NULL || column(s, "type") >= 0)
		return ERR_OK;
	*out = NULL;
	b = book_new();
	for (uint32_t r = 0; b != NULL && r < sheet_rows(s); r++) {
		if (*sheet_text(s, r, 0) != '\0') {
			now = book_add(b, sheet_text(s, r, 0));
			row = 0;
		}
		if (sheet_cell(s, r, 1) == NULL && row == 0)
			continue; /* the line that only names the sheet */
		for (uint32_t c = 1; c < sheet_cols(s); c++)
			sheet_put(now, row, c - 1, CELL_TEXT, sheet_text(s, r, c));
		row++;
	}
	book_free(in);
	if (b != NULL && book_ok(b)) {
		*out = b;
		return ERR_OK;
	}
	book_free(b);
	return err_set(err, ERR_TOO_BIG, "it has more sheets or cells than can be read");
}
