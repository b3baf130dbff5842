/*
 * The description that programs read: one path a row, one property a
 * parameter, the table's own sentences as help.
 */
#include "web/ask.h"

static json_t *
file_schema(void)
{
	return json_pack("{s:s,s:{s:{s:s},s:{s:s,s:s},s:{s:s}}}", "type", "object", "properties", "name", "type", "string", "data", "type", "string",
	                 "contentEncoding", "base64", "text", "type", "string");
}

static json_t *
one_schema(enum param_kind kind)
{
	switch (kind) {
	case PARAM_TEXT:
		return json_pack("{s:s}", "type", "string");
	case PARAM_ID:
		return json_pack("{s:s,s:s}", "type", "string", "pattern", "^[0-9a-fA-F]{6,32}$");
	case PARAM_DATE:
		return json_pack("{s:s,s:s}", "type", "string", "format", "date");
	case PARAM_NUMBER:
		return json_pack("{s:s,s:i}", "type", "integer", "minimum", 0);
	case PARAM_FLAG:
		return json_pack("{s:s}", "type", "boolean");
	case PARAM_FILE_IN:
		return file_schema();
	case PARAM_FILE_OUT:
		return json_pack("{s:s,s:s}", "type", "string", "pattern", "^[^./\\\\][^/\\\\]*$");
	case PARAM_ASSIGN:
		break;
	}
	return json_object();
}

static void
add_assign(json_t *properties, const struct op_param *p)
{
	static const char *const groups[] = { "set", "add", "remove" };

	for (size_t i = 0; i < COUNT_OF(groups); i++)
		json_object_set_new(properties, groups[i], json_pack("{s:s,s:s}", "type", "object", "description", p->help));
}

static json_t *
params_schema(const struct op_row *row)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *schema = json_pack("{s:s,s:o,s:b}", "type", "object", "properties", properties, "additionalProperties", 0);

	for (const struct op_param *p = row->params; p->name != NULL; p++) {
		json_t *one;

		if (p->kind == PARAM_ASSIGN) {
			add_assign(properties, p);
			continue;
		}
		one = one_schema(p->kind);
		if (p->many)
			one = json_pack("{s:s,s:o}", "type", "array", "items", one);
		json_object_set_new(one, "description", json_string(p->help));
		json_object_set_new(properties, p->name, one);
		if (p->required)
			json_array_append_new(required, json_string(p->name));
	}
	if (json_array_size(required) > 0)
		json_object_set(schema, "required", required);
	json_decref(required);
	return schema;
}

static json_t *
answer_ref(const char *description, const char *schema)
{
	return json_pack("{s:s,s:{s:{s:{s:s}}}}", "description", description, "content", "application/json", "schema", "$ref", schema);
}

static json_t *
row_json(const struct op_row *row)
{
	char id[64];

	for (size_t i = 0; i < sizeof(id); i++) {
		id[i] = row->name[i] == ' ' ? '_' : row->name[i];
		if (id[i] == '\0')
			break;
	}
	id[sizeof(id) - 1] = '\0';
	return json_pack("{s:{s:s,s:s,s:s,s:b,s:{s:b,s:{s:{s:o}}},s:{s:o,s:o}}}", "post", "operationId", id, "summary", row->help, "description",
	                 row->usage, "x-writes", row->writes, "requestBody", "required", 0, "content", "application/json", "schema",
	                 params_schema(row), "responses", "200", answer_ref("the answer, as the command line's --json gives it", "#/components/schemas/answer"),
	                 "default", answer_ref("why not", "#/components/schemas/error"));
}

json_t *
web_openapi(void)
{
	json_t *paths = json_object();
	char path[96];

	for (const struct op_row *row = op_table; row->name != NULL; row++) {
		size_t at = sizeof("/api/v1/") - 1;

		memcpy(path, "/api/v1/", at);
		for (const char *c = row->name; *c != '\0' && at + 1 < sizeof(path); c++)
			path[at++] = *c == ' ' ? '/' : *c;
		path[at] = '\0';
		json_object_set_new(paths, path, row_json(row));
	}
	return json_pack("{s:s,s:{s:s,s:s},s:o,s:{s:{s:{s:s},s:{s:s,s:{s:{s:s,s:{s:{s:s},s:{s:s}}}}}},s:{s:{s:s,s:s,s:s}}},s:[{s:[]}]}", "openapi", "3.1.0",
	                 "info", "title", "Fältbok", "version", FALTBOK_VERSION, "paths", paths, "components", "schemas", "answer", "type", "object",
	                 "error", "type", "object", "properties", "error", "type", "object", "properties", "code", "type", "string", "text", "type",
	                 "string", "securitySchemes", "key", "type", "apiKey", "in", "header", "name", "X-Faltbok-Key", "security", "key");
}
