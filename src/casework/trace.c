/*
 * One line of a trace: {"t","by","type","id","set","add","remove","note"}, and the marks of marks.h that an archive carries.
 * What is not known is refused by name, except "round", by which generated
 * loads say what was concurrent.
 */
#include "base/json.h"
#include "base/mem.h"
#include "casework/marks.h"
#include "casework/records.h"
#include "casework/values_internal.h"
#include "crypto/hc.h"

static enum err_code
known_keys(const json_t *line, struct err *err)
{
	static const char *const keys[] = { "t", "by", "type", "id", "set", "add", "remove", "note", "round", "practice", "merged_into", "merged_from" };
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)line, key, value) {
		size_t i = 0;

		while (i < COUNT_OF(keys) && strcmp(keys[i], key) != 0)
			i++;
		if (i == COUNT_OF(keys))
			return err_set(err, ERR_INVALID, "\"%.40s\" is not a key of a trace", key);
	}
	return ERR_OK;
}

static enum err_code
get_head(const struct profile *p, const json_t *line, struct draft *out, char by[64], struct err *err)
{
	const char *t = json_string_value(json_object_get(line, "t"));
	const char *who = json_string_value(json_object_get(line, "by"));
	const char *name = json_string_value(json_object_get(line, "type"));
	const char *hex = json_string_value(json_object_get(line, "id"));
	const struct profile_type *type;
	struct record_id id;

	if (t == NULL || who == NULL || name == NULL || hex == NULL)
		return err_set(err, ERR_INVALID, "t, by, type and id must be there, as text");
	type = profile_type_named(p, name);
	if (type == NULL)
		return err_set(err, ERR_INVALID, "type: profile %s has no \"%.40s\"", profile_id(p), name);
	if (!hex_decode(id.b, sizeof(id.b), hex))
		return err_set(err, ERR_INVALID, "id: \"%.40s\" is not 32 hex digits", hex);
	if (*who == '\0' || strlen(who) >= 64 || !text_valid(who))
		return err_set(err, ERR_INVALID, "by: must be 1 to 63 bytes of text");
	draft_init(out, type, &id);
	if (!time_parse(t, &out->shown_ms, &out->shown_offset_min))
		return err_set(err, ERR_INVALID, "t: \"%.40s\" is not a date and time with offset (RFC 3339)", t);
	out->has_shown = true;
	memcpy(by, who, strlen(who) + 1);
	return ERR_OK;
}

static enum err_code
get_part(const json_t *line, const char *part, uint8_t op, struct draft *out, struct err *err)
{
	json_t *fields = json_object_get(line, part), *value;
	const char *name;
	enum err_code rc = ERR_OK;

	if (fields == NULL)
		return ERR_OK;
	if (!json_is_object(fields))
		return err_set(err, ERR_INVALID, "%s: must be an object from field to value", part);
	json_object_foreach(fields, name, value) {
		rc = draft_assign(out, op, name, value, err);
		if (rc != ERR_OK)
			break;
	}
	return rc;
}

static enum err_code
get_note(const json_t *line, struct draft *out, struct err *err)
{
	const json_t *note = json_object_get(line, "note");
	const char *hex = json_string_value(json_object_get(note, "id"));
	const char *text = json_string_value(json_object_get(note, "text"));
	const json_t *corrects = json_object_get(note, "corrects");
	uint8_t id[16], of[16];
	bool any = corrects != NULL && !json_is_null(corrects);

	if (note == NULL)
		return ERR_OK;
	if (hex == NULL || text == NULL || !hex_decode(id, sizeof(id), hex))
		return err_set(err, ERR_INVALID, "note: must have an id of 32 hex digits and a text");
	if (any && (!json_is_string(corrects) || !hex_decode(of, sizeof(of), json_string_value(corrects))))
		return err_set(err, ERR_INVALID, "note: corrects must be an id of 32 hex digits");
	return draft_note(out, id, text, any ? of : NULL, err);
}

static enum err_code
get_merge(const json_t *id, uint8_t op, struct draft *out, struct err *err)
{
	struct record_id other;

	if (!json_is_string(id) || !hex_decode(other.b, sizeof(other.b), json_string_value(id)))
		return err_set(err, ERR_INVALID, "%s: must be 32 hex digits", op == OP_SET ? "merged_into" : "merged_from: each");
	if (SAME(other, out->record))
		return err_set(err, ERR_INVALID, "a record is not merged into itself");
	return draft_mark_merge(out, op, &other, err);
}

static enum err_code
get_marks(const json_t *line, struct draft *out, struct err *err)
{
	const json_t *practice = json_object_get(line, "practice"), *into = json_object_get(line, "merged_into");
	const json_t *from = json_object_get(line, "merged_from"), *id;
	enum err_code rc = ERR_OK;
	size_t i;

	if (practice != NULL)
		rc = json_is_true(practice) ? draft_mark_practice(out, err) : err_set(err, ERR_INVALID, "practice: can only be true");
	if (rc == ERR_OK && into != NULL)
		rc = get_merge(into, OP_SET, out, err);
	if (rc == ERR_OK && from != NULL && (!json_is_array(from) || json_array_size(from) > TRACE_ADDS_MAX))
		rc = err_set(err, ERR_INVALID, "merged_from: must be an array of at most %d ids", TRACE_ADDS_MAX);
	json_array_foreach((json_t *)from, i, id)
		if (rc == ERR_OK)
			rc = get_merge(id, OP_ADD, out, err);
	return rc;
}

static enum err_code
get_line(const struct profile *p, const json_t *line, struct draft *out, char by[64], struct err *err)
{
	enum err_code rc;

	if (!json_is_object(line))
		return err_set(err, ERR_INVALID, "a line of a trace is a JSON object");
	if ((rc = known_keys(line, err)) != ERR_OK || (rc = get_head(p, line, out, by, err)) != ERR_OK ||
	    (rc = get_marks(line, out, err)) != ERR_OK ||
	    (rc = get_part(line, "set", OP_SET, out, err)) != ERR_OK ||
	    (rc = get_part(line, "add", OP_ADD, out, err)) != ERR_OK ||
	    (rc = get_part(line, "remove", OP_REMOVE, out, err)) != ERR_OK ||
	    (rc = get_note(line, out, err)) != ERR_OK)
		return rc;
	if (out->op_count == 0)
		return err_set(err, ERR_INVALID, "the line changes nothing");
	return ERR_OK;
}

/* proto/profile.md, 5: "without the line end": a file that Windows has touched imports as the same lines. */
static struct bytes
without_line_end(struct bytes line)
{
	while (line.len > 0 && (line.p[line.len - 1] == '\n' || line.p[line.len - 1] == '\r'))
		line.len--;
	return line;
}

/* The parser quotes what it stumbled on, and that may be a line of somebody's case. */
static enum err_code
not_json(json_error_t *why, struct err *err)
{
	char *quoted = strstr(why->text, " near ");

	if (quoted != NULL)
		*quoted = '\0';
	return err_set(err, ERR_INVALID, "column %d: %s", why->column, why->text);
}

enum err_code
trace_parse(const struct profile *p, struct bytes line, struct draft *out, char by[64], struct err *err)
{
	unsigned long refused = mem_refusals();
	json_error_t why;
	json_t *json;
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	line = without_line_end(line);
	json = json_read(line, JSON_REJECT_DUPLICATES, &why);
	if (json == NULL)
		return refused != mem_refusals() ? err_plain(err, ERR_NO_MEMORY) : not_json(&why, err);
	rc = get_line(p, json, out, by, err);
	json_decref(json);
	if (rc != ERR_OK) {
		draft_free(out);
		return rc;
	}
	out->has_import = true;
	HC(out->import, sizeof(out->import), BYTES_NONE, "fb1/import", BYTES_OF(out->record), line);
	return ERR_OK;
}
