/* From a record to what a person reads: JSON, matches, text for search. */
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "casework/records.h"
#include "casework/marks.h"
#include "casework/values_internal.h"

enum { DEPTH_MAX = 8, PROFILE_RECORD_TYPE = 1 };

static json_t *
hex_json(struct bytes s)
{
	char *hex = mem_alloc(2 * s.len + 1);
	json_t *v;

	if (hex == NULL)
		return NULL;
	v = json_string(hex_encode(hex, s.p, s.len));
	mem_free(hex);
	return v;
}

static json_t *any_json(struct rd *r, int depth);

static json_t *
array_json(struct rd *r, int depth)
{
	size_t count = rd_array_any(r, SIZE_MAX);
	json_t *v = json_array();

	for (size_t i = 0; i < count && !r->bad; i++)
		json_array_append_new(v, any_json(r, depth - 1));
	return v;
}

/* JSON knows only text as keys: any other is shown as its JSON text. */
static json_t *
map_json(struct rd *r, int depth)
{
	size_t count = rd_map_any(r, SIZE_MAX);
	json_t *v = json_object();

	for (size_t i = 0; i < count && !r->bad; i++) {
		json_t *key = any_json(r, depth - 1), *value = any_json(r, depth - 1);

		if (json_is_string(key)) {
			json_object_set_new(v, json_string_value(key), value);
		} else {
			char *text = json_dumps(key, JSON_ENCODE_ANY | JSON_COMPACT);

			if (text != NULL)
				json_object_set_new(v, text, value);
			else
				json_decref(value);
			free(text);
		}
		json_decref(key);
	}
	return v;
}

static json_t *
any_json(struct rd *r, int depth)
{
	struct bytes s;
	uint64_t u;

	if (depth < 0)
		return json_null();
	switch (rd_peek(r)) {
	case RD_NIL:
		(void)rd_nil(r);
		return json_null();
	case RD_BOOL:
		return json_boolean(rd_bool(r));
	case RD_UINT:
		u = rd_uint(r, UINT64_MAX);
		return u <= INT64_MAX ? json_integer((json_int_t)u) : json_real((double)u);
	case RD_INT:
		return json_integer(rd_int(r));
	case RD_FLOAT:
		return json_real(rd_float(r)); /* NULL, shown as null, for an infinity */
	case RD_STR:
		s = rd_str(r, SIZE_MAX);
		return json_stringn(s.p == NULL ? "" : (const char *)s.p, s.len);
	case RD_BIN:
		return hex_json(rd_bin_any(r, 0, SIZE_MAX));
	case RD_ARRAY:
		return array_json(r, depth);
	case RD_MAP:
		return map_json(r, depth);
	case RD_BAD:
		break;
	}
	r->bad = true;
	r->p = r->end;
	return json_null();
}

json_t *
value_to_json(const struct profile_field *f, struct bytes value)
{
	struct rd r = rd_init(value);
	json_t *v;

	(void)f; /* every type of value says by its bytes what it is; see proto/profile.md, 4 */
	v = any_json(&r, DEPTH_MAX);
	return v == NULL ? json_null() : v;
}

static json_t *
time_json(bool has_shown, int64_t shown_ms, int offset_min, uint64_t hlc)
{
	char text[40];

	return json_string(has_shown ? time_print(text, shown_ms, offset_min)
	                             : time_print(text, (int64_t)(hlc >> 16), 0));
}

/* Whose device, and whose hand where the caller knows people. */
static void
put_names(json_t *o, const struct author_names *names, uint32_t author)
{
	const char *device = names->device == NULL ? NULL : names->device(names->ctx, author);
	const char *member = names->member == NULL ? NULL : names->member(names->ctx, author);

	json_object_set_new(o, "by", device == NULL ? json_null() : json_string(device));
	if (member != NULL)
		json_object_set_new(o, "member", json_string(member));
}

/* A large value is not for showing: only that it is there. */
static json_t *
one_value_json(const struct profile_field *f, const struct value *v)
{
	return v->kind == OP_BLOB ? json_string("(file)") : value_to_json(f, v->value);
}

static bool
is_register(const struct value *v)
{
	return v->kind == OP_SET || v->kind == OP_BLOB;
}

static json_t *
conflict_json(const struct profile_field *f, const struct value *v, size_t count, const struct author_names *names)
{
	json_t *all = json_array(), *out = json_object();

	for (size_t i = 0; i < count; i++) {
		json_t *one;

		if (!is_register(&v[i]))
			continue;
		one = json_object();
		json_object_set_new(one, "value", one_value_json(f, &v[i]));
		put_names(one, names, v[i].author);
		json_object_set_new(one, "at", time_json(v[i].has_shown, v[i].shown_ms, v[i].shown_offset_min, v[i].hlc));
		json_array_append_new(all, one);
	}
	json_object_set_new(out, "conflict", all);
	return out;
}

static bool
seen_later(const struct value *v, size_t at, size_t count)
{
	for (size_t i = at + 1; i < count; i++)
		if (v[i].kind == OP_ADD && bytes_equal(v[i].value, v[at].value))
			return true;
	return false;
}

/* Each element once, in the order in which they were first added. */
static json_t *
set_json(const struct profile_field *f, const struct value *v, size_t count)
{
	json_t *out = json_array();

	for (size_t i = count; i-- > 0;)
		if (v[i].kind == OP_ADD && !seen_later(v, i, count))
			json_array_append_new(out, value_to_json(f, v[i].value));
	return out;
}

static json_t *
sum_json(double sum)
{
	return fabs(sum) < 9e15 && sum == floor(sum) ? json_integer((json_int_t)sum) : json_real(sum);
}

static json_t *
field_json(const struct record *r, uint32_t number, enum field_kind kind, const struct profile_field *f,
           const struct author_names *names)
{
	size_t count;
	const struct value *v = record_values(r, number, &count);

	switch (kind) {
	case FIELD_SET:
		return set_json(f, v, count);
	case FIELD_SUM:
		return sum_json(record_sum(r, number));
	case FIELD_REGISTER:
		if (record_field_conflict(r, number))
			return conflict_json(f, v, count, names);
		for (size_t i = 0; i < count; i++)
			if (is_register(&v[i]))
				return one_value_json(f, &v[i]);
		break;
	case FIELD_NONE:
		break;
	}
	return json_null();
}

static json_t *
note_json(const struct note *n, const struct author_names *names)
{
	char hex[33];
	json_t *v = json_object();

	json_object_set_new(v, "id", json_string(hex_encode(hex, n->id, sizeof(n->id))));
	json_object_set_new(v, "text", json_stringn((const char *)n->text.p, n->text.len));
	put_names(v, names, n->author);
	json_object_set_new(v, "at", time_json(n->has_shown, n->shown_ms, n->shown_offset_min, n->hlc));
	if (n->corrects_any)
		json_object_set_new(v, "corrects", json_string(hex_encode(hex, n->corrects, sizeof(n->corrects))));
	return v;
}

static json_t *
type_json(const struct record *r, const struct profile_type *t)
{
	if (t != NULL)
		return json_string(t->name);
	if (record_type(r) == PROFILE_RECORD_TYPE)
		return json_string("profile");
	return json_sprintf("type %u (newer version)", record_type(r));
}

/* Where somebody decided between values that stood against each other: who, and when. */
static json_t *
settled_json(const struct record *r, const struct profile_type *t, const struct author_names *names)
{
	size_t count;
	const struct value *v = record_values(r, MARK_SETTLED, &count);
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++) {
		struct rd rd = rd_init(v[i].value);
		uint32_t number = (uint32_t)rd_uint(&rd, UINT32_MAX);
		const struct profile_field *f = t == NULL || rd.bad ? NULL : profile_field_numbered(t, number);
		json_t *one = json_object();

		json_object_set_new(one, "field", f != NULL ? json_string(f->name) : json_sprintf("field %u (newer version)", number));
		put_names(one, names, v[i].author);
		json_object_set_new(one, "at", time_json(v[i].has_shown, v[i].shown_ms, v[i].shown_offset_min, v[i].hlc));
		json_array_append_new(out, one);
	}
	return out;
}

json_t *
record_to_json_by(const struct record *r, const struct profile *p, const struct author_names *names)
{
	const struct profile_type *t = p == NULL ? NULL : profile_type_numbered(p, record_type(r));
	json_t *out = json_object(), *fields = json_object(), *notes = json_array();
	char hex[33];

	json_object_set_new(out, "id", json_string(hex_encode(hex, record_id_of(r)->b, 16)));
	json_object_set_new(out, "type", type_json(r, t));
	for (size_t i = 0; i < record_field_count(r); i++) {
		enum field_kind kind;
		uint32_t number = record_field_at(r, i, &kind);
		const struct profile_field *f = t == NULL ? NULL : profile_field_numbered(t, number);
		json_t *v = field_json(r, number, kind, f, names);
		char unknown[48];

		if (mark_name(number) != NULL) { /* the program's own: beside the fields, not among them */
			json_object_set_new(out, mark_name(number), number == MARK_SETTLED ? settled_json(r, t, names) : v);
			if (number == MARK_SETTLED)
				json_decref(v);
			continue;
		}
		snprintf(unknown, sizeof(unknown), "field %u (newer version)", number);
		json_object_set_new(fields, f == NULL ? unknown : f->name, v);
	}
	json_object_set_new(out, "fields", fields);
	for (size_t i = 0; i < record_note_count(r); i++)
		json_array_append_new(notes, note_json(record_note_at(r, i), names));
	json_object_set_new(out, "notes", notes);
	return out;
}

json_t *
record_to_json(const struct record *r, const struct profile *p, author_name_fn who, void *ctx)
{
	return record_to_json_by(r, p, &(struct author_names){ .device = who, .ctx = ctx });
}

static bool
sum_matches(const struct record *r, const struct profile_field *f, const char *text)
{
	struct buf want = BUF_INIT;
	struct rd rd;
	double number = 0;
	bool same = false;

	if (value_from_text(&want, f, text, NULL, NULL) == ERR_OK && buf_ok(&want)) {
		rd = rd_init(buf_bytes(&want));
		number = rd_peek(&rd) == RD_FLOAT ? rd_float(&rd) : (double)rd_int(&rd);
		same = record_sum(r, f->number) == number;
	}
	buf_free(&want);
	return same;
}

bool
record_matches(const struct record *r, const struct profile_type *t, const char *field, const char *text)
{
	const struct profile_field *f = profile_field_named(t, field);
	struct buf want = BUF_INIT;
	const struct value *v;
	size_t count = 0;
	bool same = false;

	if (f == NULL)
		return false;
	if (f->shape == SHAPE_SUM)
		return sum_matches(r, f, text);
	v = record_values(r, f->number, &count);
	if (count > 0 && value_from_text(&want, f, text, NULL, NULL) == ERR_OK)
		for (size_t i = 0; i < count && !same; i++)
			same = bytes_equal(v[i].value, buf_bytes(&want));
	buf_free(&want);
	return same;
}

void
record_search_text(const struct record *r, const struct profile_type *t, struct buf *out)
{
	for (size_t i = 0; i < t->field_count; i++) {
		size_t count;
		const struct value *v;

		if (!t->fields[i].search)
			continue;
		v = record_values(r, t->fields[i].number, &count);
		for (size_t k = 0; k < count; k++) {
			struct rd rd = rd_init(v[k].value);
			struct bytes text = rd_str(&rd, SIZE_MAX);

			if (!rd_end(&rd) || text.len == 0)
				continue;
			if (out->len > 0)
				buf_put_u8(out, '\n');
			buf_put_bytes(out, text);
		}
	}
}
