#include "base/json.h"
#include "web/ask.h"

#include <sodium.h>

#include "base/mem.h"
#include "web/policy.h"

enum { VALUES_MAX = 200000, NAME_BYTES_MAX = 200 };

const struct op_row *
web_row(const char *path)
{
	char name[64];
	size_t len = strlen(path);

	if (len >= sizeof(name) || strchr(path, ' ') != NULL)
		return NULL;
	for (size_t i = 0; i <= len; i++)
		name[i] = path[i] == '/' ? ' ' : path[i];
	return op_find(name);
}

static bool
takes_files(const struct op_row *row)
{
	for (const struct op_param *p = row->params; p->name != NULL; p++)
		if (p->kind == PARAM_FILE_IN)
			return true;
	return false;
}

size_t
web_body_max(const struct op_row *row)
{
	return takes_files(row) ? WEB_FILES_BYTES : WEB_BODY_BYTES;
}

/* How many values there can be at most: each has one of these before it. A tree costs many times its text. */
static size_t
count_values(struct bytes body)
{
	bool quoted = false;
	size_t count = 0;

	for (size_t i = 0; i < body.len; i++) {
		uint8_t c = body.p[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == ',' || c == '[' || c == '{'))
			count++;
	}
	return count;
}

json_t *
web_json(struct bytes body, struct err *err)
{
	unsigned long refused = json_refusals();
	json_error_t why;
	json_t *o;

	if (body.len == 0)
		return json_object();
	if (count_values(body) > VALUES_MAX) {
		err_set(err, ERR_USAGE, "the body holds more than %d values", VALUES_MAX);
		return NULL;
	}
	o = json_read(body, JSON_REJECT_DUPLICATES, &why);
	if (json_is_object(o))
		return o;
	if (o != NULL)
		err_set(err, ERR_USAGE, "the body is not a JSON object");
	else if (refused != json_refusals())
		(void)err_plain(err, ERR_NO_MEMORY);
	else
		err_set(err, ERR_USAGE, "the body is not JSON: line %d, column %d", why.line, why.column);
	json_decref(o);
	return NULL;
}

/* ---- files ---- */

enum err_code
web_file(struct buf *out, const json_t *file, const char *what, struct err *err)
{
	const json_t *data = json_object_get(file, "data"), *text = json_object_get(file, "text");
	size_t len = json_string_length(data), got = 0;
	uint8_t *to;

	if (json_is_string(text) && data == NULL) {
		buf_put(out, json_string_value(text), json_string_length(text));
		return buf_ok(out) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	}
	if (!json_is_string(data) || text != NULL)
		return err_set(err, ERR_USAGE, "%s must be {\"name\": …, \"data\": base64} or {\"name\": …, \"text\": …}; no path is taken here", what);
	to = buf_add(out, len / 4 * 3 + 3);
	if (to == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (sodium_base642bin(to, len / 4 * 3 + 3, json_string_value(data), len, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return err_set(err, ERR_USAGE, "%s: the data is not base64", what);
	out->len -= len / 4 * 3 + 3 - got;
	return ERR_OK;
}

json_t *
web_file_json(const char *name, struct bytes data)
{
	size_t room = sodium_base64_encoded_len(data.len, sodium_base64_VARIANT_ORIGINAL);
	char *text = mem_alloc(room);
	json_t *o;

	if (text == NULL)
		return NULL;
	sodium_bin2base64(text, room, data.p, data.len, sodium_base64_VARIANT_ORIGINAL);
	o = json_pack("{s:s,s:I,s:s}", "name", name, "bytes", (json_int_t)data.len, "data", text);
	sodium_memzero(text, room);
	mem_free(text);
	return o;
}

/* A name to show and to save under: no folder in it. */
static bool
plain_name(const json_t *v)
{
	const char *name = json_string_value(v);

	return name != NULL && name[0] != '\0' && name[0] != '.' && strlen(name) <= NAME_BYTES_MAX && strlen(name) == json_string_length(v) &&
	       strpbrk(name, "/\\") == NULL;
}

/* A file that is read: its bytes go with the call, *name is what stays as the parameter. */
static enum err_code
take_file(struct web_ask *a, const struct op_param *p, const json_t *file, json_t **name, struct err *err)
{
	struct op_file *to = op_files_add(a->files, p->name, false);

	*name = json_object_get(file, "name");
	if (to == NULL)
		return err_set(err, ERR_USAGE, "%s: at most %d files go with a call", p->name, OP_FILES_MAX);
	if (web_file(&to->data, file, p->name, err) != ERR_OK)
		return err->code;
	if (*name != NULL && !plain_name(*name))
		return err_set(err, ERR_USAGE, "%s: the name of a file is without folders", p->name);
	*name = *name != NULL ? json_incref(*name) : json_string(p->name);
	return *name != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

static enum err_code
take_in(struct web_ask *a, const struct op_param *p, json_t *v, struct err *err)
{
	json_t *name, *file;
	size_t i;

	if (!p->many) {
		if (take_file(a, p, v, &name, err) != ERR_OK)
			return err->code;
		return json_object_set_new(a->params, p->name, name) == 0 ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	}
	if (!json_is_array(v))
		return err_set(err, ERR_USAGE, "%s must be a list of files", p->name);
	json_array_foreach(v, i, file) {
		if (take_file(a, p, file, &name, err) != ERR_OK)
			return err->code;
		if (json_array_set_new(v, i, name) != 0)
			return err_plain(err, ERR_NO_MEMORY);
	}
	return ERR_OK;
}

static enum err_code
take_files(struct web_ask *a, struct err *err)
{
	for (const struct op_param *p = a->row->params; p->name != NULL; p++) {
		json_t *v = json_object_get(a->params, p->name);

		if (v == NULL)
			continue;
		if (p->kind == PARAM_FILE_IN && take_in(a, p, v, err) != ERR_OK)
			return err->code;
		if (p->kind == PARAM_FILE_OUT && !plain_name(v))
			return err_set(err, ERR_USAGE, "%s must be the name of a file, without folders", p->name);
	}
	return ERR_OK;
}

/* A parameter that the row does not have is a mistake that must not pass as done. */
static enum err_code
known_params(const struct web_ask *a, struct err *err)
{
	const char *key;
	json_t *v;

	json_object_foreach(a->params, key, v) {
		const struct op_param *p = a->row->params;

		while (p->name != NULL && strcmp(p->name, key) != 0 &&
		       !(p->kind == PARAM_ASSIGN && (strcmp(key, "set") == 0 || strcmp(key, "add") == 0 || strcmp(key, "remove") == 0)))
			p++;
		if (p->name == NULL)
			return err_set(err, ERR_USAGE, "%s: there is no parameter \"%.60s\"; usage: %s %s", a->row->name, key, a->row->name, a->row->usage);
		if (p->kind == PARAM_ASSIGN && !json_is_object(v))
			return err_set(err, ERR_USAGE, "%s: \"%s\" must be an object", a->row->name, key);
	}
	return ERR_OK;
}

enum err_code
web_ask_read(struct web_ask *a, const struct op_row *row, struct bytes body, struct err *err)
{
	struct err unread = ERR_INIT;
	enum err_code rc;

	if (err == NULL)
		err = &unread;
	*a = (struct web_ask){ .row = row, .params = web_json(body, err), .files = mem_zero(1, sizeof(*a->files)) };
	if (a->params == NULL || a->files == NULL)
		rc = err->code != ERR_OK ? err->code : err_plain(err, ERR_NO_MEMORY);
	else if ((rc = known_params(a, err)) == ERR_OK)
		rc = take_files(a, err);
	if (rc != ERR_OK)
		web_ask_free(a);
	return rc;
}

void
web_ask_free(struct web_ask *a)
{
	json_decref(a->params);
	op_files_free(a->files);
	*a = (struct web_ask){ .row = NULL };
}

json_t *
web_ask_answer(const struct web_ask *a, const struct op_call *call)
{
	json_t *answer, *files = NULL;

	if (call->err.code != ERR_OK)
		return op_error_json(&call->err);
	answer = json_incref(call->result);
	for (size_t i = 0; i < a->files->count; i++) {
		const struct op_file *f = &a->files->file[i];

		if (!f->out)
			continue;
		if (files == NULL) {
			json_decref(answer);
			answer = json_copy(call->result); /* a report may be a document that others hold too */
			files = json_object();
			json_object_set_new(answer, "files", files);
		}
		json_object_set_new(files, f->param, web_file_json(json_string_value(json_object_get(a->params, f->param)), buf_bytes(&f->data)));
	}
	return answer;
}

int
web_status(enum err_code code)
{
	switch (code) {
	case ERR_OK:
		return 200;
	case ERR_USAGE:
		return 400;
	case ERR_PASSPHRASE:
		return 401;
	case ERR_REFUSED:
	case ERR_INVALID:
	case ERR_UNKNOWN:
	case ERR_EXISTS:
	case ERR_MALFORMED: /* of what was given; what is stored is DAMAGED */
	case ERR_TRUNCATED:
	case ERR_TOO_BIG:
	case ERR_SIGNATURE:
	case ERR_HASH:
	case ERR_KEY:
	case ERR_GAP:
	case ERR_FORK:
	case ERR_NEWER:
		return 422;
	case ERR_LOCKED:
		return 423;
	case ERR_NO_SPACE:
		return 507;
	case ERR_NETWORK:
		return 502;
	case ERR_TIMEOUT:
		return 504;
	case ERR_DAMAGED:
	case ERR_IO:
	case ERR_READ_ONLY:
	case ERR_NOT_FOUND:
	case ERR_NO_MEMORY:
		return 500;
	}
	return 500;
}
