/*
 * Reading goes row by row and builds the profile's JSON, which is then read as
 * any profile is: there is one judge of what a profile may say. A group at the
 * top is a record type; a question outside of groups belongs to the type that
 * has the form's own name.
 */
#include "exchange/xlsform_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "casework/records.h"

enum { GROUPS_MAX = 16 };

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
	const char *of = form_value(s, f->row, "list_name"), *code = form_value(s, f->row, "name");
	char name[NAME_BYTES_MAX + 1], column_of[32];
	json_t *list, *choice;

	if (*of == '\0' && *code == '\0')
		return ERR_OK;
	if (!form_name(name, *of != '\0' ? of : form_value(s, f->row, "list name")))
		return form_wrong(f, s, "list_name \"%.60s\" can not be a name", of);
	list = list_named(f, name);
	if (list == NULL) {
		list = json_pack("{s:s,s:[]}", "name", name, "choices");
		json_array_append_new(f->lists, list);
	}
	choice = json_pack("{s:s}", "code", code);
	if (choice == NULL)
		return form_wrong(f, s, "name \"%.60s\" can not be a code", code);
	form_set_labels(choice, "labels", form_labels(f, s, f->row, "label"));
	for (size_t i = 0; i < COUNT_OF(more); i++) {
		snprintf(column_of, sizeof(column_of), "fb::%s", more[i]);
		if (*form_value(s, f->row, column_of) != '\0')
			json_object_set_new(choice, more[i], json_string(form_value(s, f->row, column_of)));
	}
	json_array_append_new(json_object_get(list, "choices"), choice);
	return ERR_OK;
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
		rest = say_skip(type + 11);
	else if (strncasecmp(type, "select_multiple ", 16) == 0 || strncasecmp(type, "select multiple ", 16) == 0)
		rest = say_skip(type + 16), many = true;
	if (rest == NULL)
		return form_wrong(f, f->survey, "type \"%.60s\" is not supported", type);
	if (strncasecmp(rest, "from ", 5) == 0)
		rest = say_skip(rest + 5);
	snprintf(word, sizeof(word), "%.*s", (int)(strcspn(rest, " ") > NAME_BYTES_MAX ? NAME_BYTES_MAX : strcspn(rest, " ")), rest);
	rest = say_skip(rest + strcspn(rest, " "));
	if (!form_name(list, word) || list_named(f, list) == NULL)
		return form_wrong(f, f->survey, "list \"%.60s\" is not on the sheet choices", word);
	if (strcasecmp(rest, "or_other") == 0 || strcasecmp(rest, "or other") == 0 || strcasecmp(rest, "or specify other") == 0)
		json_object_set_new(list_named(f, list), "open", json_true());
	else if (*rest != '\0')
		return form_wrong(f, f->survey, "type \"%.60s\" is not supported", type);
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
		if (*form_value(f->survey, f->row, name) != '\0')
			json_object_set_new(field, own[i], json_string(form_value(f->survey, f->row, name)));
	}
	if (form_true(form_value(f->survey, f->row, "fb::search")))
		json_object_set_new(field, "search", json_true());
	if (form_true(form_value(f->survey, f->row, "fb::off")))
		json_object_set_new(field, "off", json_true());
}

static enum err_code
set_rules(struct form *f, json_t *field)
{
	const char *required = form_value(f->survey, f->row, "required"), *relevant = form_value(f->survey, f->row, "relevant");
	const char *constraint = form_value(f->survey, f->row, "constraint"), *preset = form_value(f->survey, f->row, "default");
	const char *type = json_string_value(json_object_get(field, "type"));
	bool whole = type != NULL && strcmp(type, "integer") == 0;
	json_t *rule;

	if (type == NULL)
		return err_plain(f->err, ERR_NO_MEMORY);
	if (!form_true(required) && !form_false(required))
		return form_wrong(f, f->survey, "required \"%.60s\" is neither yes nor no", required);
	if (form_true(required))
		json_object_set_new(field, "required", json_true());
	if (*relevant != '\0') {
		rule = say_relevant(relevant);
		if (rule == NULL)
			return form_wrong(f, f->survey, "relevant \"%.80s\" is more than a profile can say: ${question} = 'code', joined by or", relevant);
		json_object_set_new(field, "relevant", rule);
	}
	if (*constraint != '\0' && !say_limits(field, constraint, whole))
		return form_wrong(f, f->survey, "constraint \"%.80s\" is more than a profile can say: . >= 0 and . <= 120", constraint);
	if (strchr(preset, '(') != NULL || strstr(preset, "${") != NULL)
		return form_wrong(f, f->survey, "default \"%.80s\" is a calculation, which a profile has none of", preset);
	if (*preset != '\0')
		json_object_set_new(field, "default", json_string(preset));
	return ERR_OK;
}

static json_t *
new_type(struct form *f, const char *name)
{
	json_t *t = json_pack("{s:i,s:s,s:s,s:s,s:b,s:[]}", "number", form_number(f, f->types, 2), "name", name, "group", "own", "class", "content", "notes", 1, "fields");

	json_array_append_new(f->types, t);
	return t;
}

static enum err_code
read_question(struct form *f, const char *type)
{
	const char *text = form_value(f->survey, f->row, "name");
	char name[NAME_BYTES_MAX + 1];
	json_t *field, *fields, *into = f->type;
	enum err_code rc;

	if (!form_name(name, text))
		return form_wrong(f, f->survey, "name \"%.60s\" can not be a name: a letter, then letters, digits, _ and -, at most 40", text);
	if (into == NULL && f->loose == NULL) {
		const char *title = f->settings == NULL ? "" : form_value(f->settings, 1, "form_title");

		f->loose = new_type(f, f->id);
		if (*title != '\0')
			json_object_set_new(f->loose, "labels", json_pack("{s:s}", f->plain_lang, title));
	}
	into = into != NULL ? into : f->loose;
	fields = json_object_get(into, "fields");
	field = json_pack("{s:i,s:s}", "number", form_number(f, fields, 1), "name", name);
	if (json_array_append_new(fields, field) != 0)
		return err_plain(f->err, ERR_NO_MEMORY);
	if ((rc = set_kind(f, field, type)) != ERR_OK)
		return rc;
	set_own(f, field);
	form_set_labels(field, "labels", form_labels(f, f->survey, f->row, "label"));
	form_set_labels(field, "hint", form_labels(f, f->survey, f->row, "hint"));
	form_set_labels(field, "message", form_labels(f, f->survey, f->row, "constraint_message"));
	form_set_labels(field, "intro", f->intro);
	f->intro = NULL;
	return set_rules(f, field);
}

/* Several notes in a row are paragraphs of one. */
static void
read_note(struct form *f)
{
	json_t *labels = form_labels(f, f->survey, f->row, "label"), *text;
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
	const char *group = form_value(f->survey, f->row, "fb::group"), *class = form_value(f->survey, f->row, "fb::class");
	const char *text = form_value(f->survey, f->row, "name"), *relevant = form_value(f->survey, f->row, "relevant");
	char name[NAME_BYTES_MAX + 1];

	if (*relevant != '\0')
		return form_wrong(f, f->survey, "relevant \"%.80s\" of a group is not supported: write it on its questions", relevant);
	if (f->depth++ > 0) /* a group in a group is how a form looks: its questions belong to the type */
		return f->depth > GROUPS_MAX ? form_wrong(f, f->survey, "groups are nested too deep%s", "") : ERR_OK;
	if (!form_name(name, text))
		return form_wrong(f, f->survey, "name \"%.60s\" of the group can not be a name", text);
	f->type = new_type(f, name);
	form_set_labels(f->type, "labels", form_labels(f, f->survey, f->row, "label"));
	if (*class != '\0')
		json_object_set_new(f->type, "class", json_string(class));
	if (strncmp(group, "field ", 6) == 0)
		json_object_set_new(f->type, "group", json_pack("{s:s}", "field", group + 6));
	else if (*group != '\0')
		json_object_set_new(f->type, "group", json_string(group));
	if (*form_value(f->survey, f->row, "fb::notes") != '\0' && !form_true(form_value(f->survey, f->row, "fb::notes")))
		json_object_del(f->type, "notes");
	return ERR_OK;
}

static enum err_code
read_row(struct form *f)
{
	const char *type = say_skip(form_value(f->survey, f->row, "type"));

	if (*type == '\0')
		return *form_value(f->survey, f->row, "name") == '\0' ? ERR_OK : form_wrong(f, f->survey, "type is missing%s", "");
	if (strcasecmp(type, "begin group") == 0 || strcasecmp(type, "begin_group") == 0)
		return begin_group(f);
	if (strcasecmp(type, "end group") == 0 || strcasecmp(type, "end_group") == 0) {
		if (f->depth == 0)
			return form_wrong(f, f->survey, "a group ends that never began%s", "");
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
	const char *id = f->settings == NULL ? "" : form_value(f->settings, 1, "form_id");
	const char *version = f->settings == NULL ? "" : form_value(f->settings, 1, "version");
	const char *own = f->settings == NULL ? "" : form_value(f->settings, 1, "default_language");
	long number = strtol(version, NULL, 10);

	if (*id == '\0' && f->settings != NULL)
		id = form_value(f->settings, 1, "id_string");
	if (!form_name(f->id, *id != '\0' ? id : "form"))
		return err_set(f->err, ERR_INVALID, "sheet settings: form_id \"%.60s\" can not be a name: a letter, then letters, digits, _ and -, at most 40", id);
	json_object_set_new(f->root, "profile", json_string(f->id));
	json_object_set_new(f->root, "version", json_integer(number >= 1 && number <= INT32_MAX ? number : 1));
	f->plain_lang = "und";
	if (*own != '\0') {
		char head[80];

		snprintf(head, sizeof(head), "label::%.60s", own);
		if (form_language(f, head, "label", f->own_lang) != NULL && language_valid(f->own_lang))
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

	if ((rc = read_settings(f)) != ERR_OK || (f->settings != NULL && (rc = form_check_columns(f, f->settings, settings, none)) != ERR_OK) ||
	    (f->choices != NULL && (rc = form_check_columns(f, f->choices, choices, choice_labels)) != ERR_OK) ||
	    (rc = form_check_columns(f, f->survey, survey, survey_labels)) != ERR_OK)
		return rc;
	for (f->row = 1; f->choices != NULL && f->row < sheet_rows(f->choices) && rc == ERR_OK; f->row++)
		rc = read_choice(f, f->choices);
	for (f->row = 1; f->row < sheet_rows(f->survey) && rc == ERR_OK; f->row++)
		rc = read_row(f);
	if (rc != ERR_OK)
		return rc;
	f->row = sheet_rows(f->survey) - 1;
	if (f->depth > 0)
		return form_wrong(f, f->survey, "a group is not closed%s", "");
	if (f->intro != NULL)
		return form_wrong(f, f->survey, "a note after the last question has no place in a profile%s", "");
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
	if (f->survey == NULL || form_column(f->survey, "type") < 0 || form_column(f->survey, "name") < 0)
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
	if (s == NULL || form_column(s, "type") >= 0)
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
