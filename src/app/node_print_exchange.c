/* Targets, and what went to and came from other people's formats, in words. */
#include "app/node_print.h"

#include <stdlib.h>
#include <string.h>

static void
print_targets(struct buf *out, const json_t *r)
{
	const json_t *t, *v;
	size_t i, k;

	json_array_foreach(json_object_get(r, "targets"), i, t) {
		buf_printf(out, "%s: goal ", text_of(t, "label"));
		if (json_is_number(json_object_get(t, "goal")))
			buf_printf(out, "%g %s\n", json_number_value(json_object_get(t, "goal")), text_of(t, "unit"));
		else
			buf_printf(out, "not set\n");
		json_array_foreach(json_object_get(t, "variants"), k, v) {
			buf_printf(out, "  %s: ", text_of(v, "label"));
			if (json_is_number(json_object_get(v, "value")))
				buf_printf(out, "%g", json_number_value(json_object_get(v, "value")));
			else
				buf_printf(out, ".."); /* too few to show */
			if (json_is_number(json_object_get(v, "percent")))
				buf_printf(out, " (%lld %%)", number_of(v, "percent"));
			buf_printf(out, "  %s\n", text_of(v, "rule"));
		}
	}
}

static void
print_stale(struct buf *out, const json_t *r)
{
	const json_t *s;
	size_t i;

	json_array_foreach(json_object_get(r, "stale"), i, s) {
		buf_printf(out, "%.8s  %s, %s: ", text_of(s, "id"), text_of(s, "type"), text_of(s, "name"));
		if (json_is_number(json_object_get(s, "age_days")))
			buf_printf(out, "verified %s, %lld days ago\n", text_of(s, "assured"), number_of(s, "age_days"));
		else
			buf_printf(out, "never verified\n");
	}
	buf_printf(out, "%zu of %lld not verified for %lld days\n", i, number_of(r, "checked"), number_of(r, "days"));
}

static void
print_taken(struct buf *out, const json_t *r)
{
	const json_t *name;
	size_t i;

	buf_printf(out, "%lld new, %lld changed, %lld as they were.\n", number_of(r, "new"), number_of(r, "changed"), number_of(r, "same"));
	json_array_foreach(json_object_get(r, "not_taken"), i, name)
		buf_printf(out, "%s%s", i == 0 ? "Not taken, since the profile has no field for it: " : ", ", json_string_value(name));
	if (i > 0)
		buf_printf(out, "\n");
}

static void
print_checked(struct buf *out, const json_t *r)
{
	const json_t *by = json_object_get(r, "known_signer"), *made = json_object_get(r, "made_by");

	buf_printf(out, "Whole and as it was signed: %lld records of %s, made %s by %s.\n", number_of(r, "records"), text_of(json_object_get(r, "org"), "name"),
	           text_of(r, "made_at"), text_of(made, "name"));
	if (json_is_null(by))
		buf_printf(out, "The key that signed it is of no device known here: ask whoever made it to read out %.16s…\n", text_of(r, "note_key"));
	else
		buf_printf(out, "The key is that of this organisation's device %s%s.\n", text_of(by, "name"), json_is_true(json_object_get(by, "removed")) ? ", which has been removed" : "");
}

static void
print_form(struct buf *out, const json_t *r)
{
	char *text = json_dumps(json_object_get(r, "document"), JSON_INDENT(1));

	if (json_object_get(r, "file") != NULL)
		buf_printf(out, "%s with %lld types is in %s; `faltbok profile check` reads it again.\n", text_of(r, "profile"), number_of(r, "types"), text_of(r, "file"));
	else
		buf_printf(out, "%s\n", text == NULL ? "" : text);
	free(text);
}

bool
print_exchange(struct buf *out, const char *op, const json_t *r)
{
	if (strcmp(op, "targets") == 0)
		print_targets(out, r);
	else if (strcmp(op, "directory check") == 0)
		print_stale(out, r);
	else if (strcmp(op, "directory import") == 0)
		print_taken(out, r);
	else if (strcmp(op, "directory export") == 0)
		buf_printf(out, "%lld organisations with their services are in %s.\n", number_of(r, "organizations"), text_of(r, "file"));
	else if (strcmp(op, "export check") == 0)
		print_checked(out, r);
	else if (strcmp(op, "profile import-xlsform") == 0)
		print_form(out, r);
	else if (strcmp(op, "profile export-xlsform") == 0)
		buf_printf(out, "%lld types are in %s. Reports, units, roles, retention, workflows and targets are not: a form has no place for them.\n",
		           number_of(r, "types"), text_of(r, "file"));
	else
		return false;
	return true;
}
