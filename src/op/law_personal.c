/* Numbers and addresses in free text: said when they are saved, masked when they leave. proto/law.md, 1. */
#include "base/json.h"
#include "casework/personal.h"
#include "codec/strict.h"
#include "op/law.h"

#include <stdlib.h>

/* In what is open anyway, such as a directory, a phone number is nobody's: only personal numbers count. */
static void
warn_text(json_t *warnings, const char *where, bool open, struct bytes text)
{
	static const char *const names[] = { "a personal number", "a phone number", "an e-mail address" };
	struct personal_hit h;
	size_t at = 0;

	while (personal_next(text, at, &h)) {
		struct buf masked = BUF_INIT;

		(void)personal_mask(&masked, BYTES(text.p + h.at, h.len));
		if (!open || h.kind == PERSONAL_NUMBER)
			json_array_append_new(warnings, json_sprintf("%s: %s stands in it (%s): contact details have fields of their own; is it needed here?",
			                                             where, names[h.kind], buf_str(&masked)));
		buf_wipe(&masked);
		at = h.at + h.len;
	}
}

/* In a draft values are msgpack; a note is its text. */
static void
warn_op(const struct draft *d, const struct draft_op *op, json_t *warnings)
{
	struct bytes value = draft_value(d, op);
	const struct profile_field *f = profile_field_numbered(d->type, op->field);
	json_t *text;

	if (op->kind == OP_NOTE) { /* [note16, text, corrects16|nil] */
		struct rd rd = rd_init(value);

		rd_array(&rd, 3);
		(void)rd_bin_any(&rd, 16, 16);
		warn_text(warnings, "note", false, rd_str(&rd, SIZE_MAX));
		return;
	}
	if (f == NULL || f->type != VT_TEXT || f->class == CLASS_CONTACT || (op->kind != OP_SET && op->kind != OP_ADD))
		return;
	text = value_to_json(f, value);
	if (json_is_string(text))
		warn_text(warnings, f->name, f->class == CLASS_OPEN, BYTES_STR(json_string_value(text)));
	json_decref(text);
}

void
law_warn_draft(const struct draft *d, json_t *warnings)
{
	for (size_t i = 0; i < d->op_count; i++)
		warn_op(d, &d->ops[i], warnings);
}

/* ---- masking ---- */

static size_t
mask_string(json_t *s)
{
	struct buf out = BUF_INIT;
	size_t n = personal_mask(&out, BYTES(json_string_value(s), json_string_length(s)));

	if (n > 0 && buf_ok(&out))
		(void)json_string_setn(s, buf_str(&out), out.len);
	buf_wipe(&out);
	return n;
}

/* A value may be a text, an array of them, or two in conflict. */
static size_t
mask_value(json_t *v)
{
	size_t n = 0, i;
	json_t *item;
	const char *key;

	if (json_is_string(v))
		return mask_string(v);
	json_array_foreach(v, i, item)
		n += mask_value(item);
	json_object_foreach(v, key, item)
		if (strcmp(key, "at") != 0 && strcmp(key, "by") != 0)
			n += mask_value(item);
	return n;
}

size_t
law_mask_record(json_t *record, const struct profile *p)
{
	const char *type = json_string_value(json_object_get(record, "type")), *name;
	const struct profile_type *t = type == NULL ? NULL : profile_type_named(p, type);
	json_t *v, *note;
	size_t n = 0, i;

	json_object_foreach(json_object_get(record, "fields"), name, v) {
		const struct profile_field *f = t == NULL ? NULL : profile_field_named(t, name);

		if (f != NULL && f->type == VT_TEXT && f->class != CLASS_CONTACT && f->class != CLASS_OPEN)
			n += mask_value(v);
	}
	json_array_foreach(json_object_get(record, "notes"), i, note)
		n += mask_value(json_object_get(note, "text"));
	return n;
}

static void
mask_part(json_t *part, const struct profile_type *t)
{
	const char *name;
	json_t *v;

	json_object_foreach(part, name, v) {
		const struct profile_field *f = profile_field_named(t, name);

		if (f != NULL && f->type == VT_TEXT && f->class != CLASS_CONTACT && f->class != CLASS_OPEN)
			(void)mask_value(v);
	}
}

void
law_mask_trace(struct buf *trace, const struct profile *p)
{
	struct bytes left = buf_bytes(trace);
	struct buf out = BUF_INIT;

	while (left.len > 0) {
		const uint8_t *nl = memchr(left.p, '\n', left.len);
		size_t len = nl == NULL ? left.len : (size_t)(nl - left.p) + 1;
		json_t *line = json_read(BYTES(left.p, len), 0, NULL);
		const char *type = json_string_value(json_object_get(line, "type"));
		const struct profile_type *t = type == NULL ? NULL : profile_type_named(p, type);
		char *text;

		if (t != NULL) {
			mask_part(json_object_get(line, "set"), t);
			mask_part(json_object_get(line, "add"), t);
			(void)mask_value(json_object_get(json_object_get(line, "note"), "text"));
		}
		text = json_dumps(line, JSON_COMPACT);
		buf_printf(&out, "%s\n", text != NULL ? text : "");
		free(text);
		json_decref(line);
		left = BYTES(left.p + len, left.len - len);
	}
	buf_wipe(trace);
	*trace = out;
}

/* ---- leaving ---- */

enum err_code
law_how_to_leave(struct op_call *c, bool *keep)
{
	const char *how = param_text(c, "personal");

	*keep = how != NULL && strcmp(how, "keep") == 0;
	if (how == NULL || *keep || strcmp(how, "mask") == 0 || strcmp(how, "refuse") == 0)
		return ERR_OK;
	return err_set(&c->err, ERR_USAGE, "export: personal must be refuse, mask or keep, not \"%.40s\"", how);
}

enum err_code
law_may_leave(struct op_call *c, uint64_t found)
{
	const char *how = param_text(c, "personal");

	if (found == 0 || (how != NULL && strcmp(how, "refuse") != 0))
		return ERR_OK;
	return err_set(&c->err, ERR_REFUSED, "exporting: free text holds personal numbers, phone numbers or e-mail addresses, %llu in all; give "
	               "--personal mask to write bullets in their place, or --personal keep", (unsigned long long)found);
}
