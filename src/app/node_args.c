/*
 * The table's rows say which words a command takes; this turns the words
 * into the JSON that every door speaks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/node.h"

const struct op_row *
args_row(const struct app *app, int *used)
{
	char two[128];
	const struct op_row *row;

	if (app->argc > 1) {
		snprintf(two, sizeof(two), "%s %s", app->argv[0], app->argv[1]);
		*used = 2;
		row = op_find(two);
		if (row != NULL)
			return row;
	}
	*used = 1;
	return op_find(app->argv[0]);
}

static const struct op_param *
option_of(const struct op_row *row, const char *word)
{
	for (const struct op_param *p = row->params; p->name != NULL; p++)
		if (!p->positional && strcmp(p->name, word) == 0)
			return p;
	return NULL;
}

static const struct op_param *
positional_of(const struct op_row *row, int nth)
{
	for (const struct op_param *p = row->params; p->name != NULL; p++)
		if (p->positional && p->kind != PARAM_ASSIGN && nth-- == 0)
			return p;
	return NULL;
}

static bool
takes_assignments(const struct op_row *row)
{
	for (const struct op_param *p = row->params; p->name != NULL; p++)
		if (p->kind == PARAM_ASSIGN)
			return true;
	return false;
}

/* field=value, +field=value, -field=value; the sign says into which object. */
static bool
add_assignment(json_t *params, const char *word)
{
	const char *key = word[0] == '+' ? "add" : word[0] == '-' ? "remove" : "set";
	const char *name = word + (word[0] == '+' || word[0] == '-');
	const char *eq = strchr(name, '=');
	json_t *group, *list;
	char field[128];

	if (eq == NULL || eq == name || (size_t)(eq - name) >= sizeof(field))
		return false;
	memcpy(field, name, (size_t)(eq - name));
	field[eq - name] = '\0';
	group = json_object_get(params, key);
	if (group == NULL) {
		group = json_object();
		json_object_set_new(params, key, group);
	}
	if (word[0] != '+' && word[0] != '-')
		return json_object_set_new(group, field, json_string(eq + 1)) == 0;
	list = json_object_get(group, field);
	if (list == NULL) {
		list = json_array();
		json_object_set_new(group, field, list);
	}
	return json_array_append_new(list, json_string(eq + 1)) == 0;
}

static enum err_code
set_param(json_t *params, const struct op_row *row, const struct op_param *p, const char *word, struct err *err)
{
	char path[4096], *end;
	json_t *value, *list;
	long long number;

	switch (p->kind) {
	case PARAM_NUMBER:
		number = strtoll(word, &end, 10);
		if (end == word || *end != '\0' || number < 0)
			return err_set(err, ERR_USAGE, "%s: --%s needs a whole number, not \"%s\"", row->name, p->name, word);
		value = json_integer(number);
		break;
	case PARAM_FILE_IN:
	case PARAM_FILE_OUT:
		value = json_string(app_absolute(word, path));
		break;
	case PARAM_FLAG:
		value = json_true();
		break;
	case PARAM_TEXT:
	case PARAM_ID:
	case PARAM_DATE:
	case PARAM_ASSIGN:
	default:
		value = json_string(word);
		break;
	}
	if (value == NULL)
		return err_set(err, ERR_USAGE, "%s: %s is not UTF-8 text", row->name, p->name);
	if (!p->many) {
		json_object_set_new(params, p->name, value);
		return ERR_OK;
	}
	list = json_object_get(params, p->name);
	if (list == NULL) {
		list = json_array();
		json_object_set_new(params, p->name, list);
	}
	json_array_append_new(list, value);
	return ERR_OK;
}

static enum err_code
take_option(const struct app *app, const struct op_row *row, json_t *params, int *at, struct err *err)
{
	const char *word = app->argv[*at];
	const struct op_param *p = option_of(row, strcmp(word, "-o") == 0 ? "output" : word + 2);

	if (p == NULL)
		return err_set(err, ERR_USAGE, "%s: there is no option %s; usage: %s %s %s", row->name, word, app->program, row->name, row->usage);
	if (p->kind != PARAM_FLAG && ++*at >= app->argc)
		return err_set(err, ERR_USAGE, "%s: %s needs a value", row->name, word);
	if (set_param(params, row, p, app->argv[*at], err) != ERR_OK)
		return err->code;
	/* `--shares F F`: several files stand behind one option. */
	while (p->many && p->kind == PARAM_FILE_IN && *at + 1 < app->argc && app->argv[*at + 1][0] != '-')
		if (set_param(params, row, p, app->argv[++*at], err) != ERR_OK)
			break;
	return err->code;
}

json_t *
args_params(const struct app *app, const struct op_row *row, int used, struct err *err)
{
	json_t *params = json_object();
	int nth = 0;

	for (int i = used; i < app->argc && err->code == ERR_OK; i++) {
		const char *word = app->argv[i];
		const struct op_param *p;

		if ((word[0] == '-' && word[1] == '-') || strcmp(word, "-o") == 0) {
			(void)!take_option(app, row, params, &i, err);
			continue;
		}
		if (takes_assignments(row) && strchr(word, '=') != NULL && add_assignment(params, word))
			continue;
		p = positional_of(row, nth++);
		if (p == NULL)
			err_set(err, ERR_USAGE, "%s: \"%s\" is one word too many; usage: %s %s %s", row->name, word, app->program, row->name, row->usage);
		else
			(void)!set_param(params, row, p, word, err);
	}
	if (err->code == ERR_OK)
		return params;
	json_decref(params);
	return NULL;
}
