/*
 * Everything about one person, for that person: found by code or by a record
 * of theirs, written so that it can be read without Fältbok. Others who stand
 * in it are a pseudonym, the same one throughout. proto/law.md, 3.
 */
#include "casework/due.h"
#include "op/law.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "base/table.h"
#include "casework/personal.h"
#include "crdt/hlc.h"

enum { NAME_LEAST = 3, STEPS_UP = 4 };

struct person {
	struct node *node;
	struct op_call *call;
	struct table *mine;      /* ids of records of the person */
	struct table *others;    /* author number, or id of another's record -> number of the pseudonym */
	json_t *names;           /* [[name, pseudonym] …] of others */
	json_t *records;
	size_t other_count, adviser_count;
	bool grew, failed;
	const char *code;
	struct record_id root;
	bool found;
};

/* ---- who ---- */

static bool
match_code(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct person *p = ctx;
	const struct profile_type *t = profile_type_numbered(node_profile(p->node), record_type(r));

	(void)team;
	if (t != NULL && t->class == CLASS_CONTACT && profile_field_named(t, "code") != NULL && record_matches(r, t, "code", p->code)) {
		p->root = *record_id_of(r);
		p->found = true;
	}
	return !p->found;
}

static bool
ref_of(const struct record *r, const struct profile_field *f, size_t i, struct record_id *out)
{
	size_t count;
	const struct value *v = record_values(r, f->number, &count);
	json_t *id = i < count ? value_to_json(f, v[i].value) : NULL;
	bool ok = json_is_string(id) && hex_decode(out->b, sizeof(out->b), json_string_value(id));

	json_decref(id);
	return ok;
}

/* From a case to its visit to its visitor: the first record of contact details is the person. */
static void
go_up(struct person *p, struct record_id from, int steps)
{
	struct record *r = record_new(&from);
	const struct profile_type *t = NULL;

	if (r != NULL && view_get(node_view(p->node), &from, r, NULL, NULL) == ERR_OK)
		t = profile_type_numbered(node_profile(p->node), record_type(r));
	if (t != NULL && t->class == CLASS_CONTACT)
		p->root = from;
	for (size_t i = 0; t != NULL && t->class != CLASS_CONTACT && steps < STEPS_UP && i < t->field_count; i++) {
		const struct profile_field *f = &t->fields[i];
		const struct profile_type *to = f->type == VT_REF ? profile_type_named(node_profile(p->node), f->ref_type) : NULL;
		struct record_id next;

		if (to != NULL && to->group != GROUP_OPEN && f->shape == SHAPE_REGISTER && ref_of(r, f, 0, &next)) {
			uint64_t *slot = table_put(p->mine, next.b);

			p->failed = p->failed || slot == NULL;
			go_up(p, next, steps + 1);
		}
	}
	record_free(r);
}

static enum err_code
find_person(struct person *p)
{
	struct op_call *c = p->call;

	p->code = param_text(c, "who");
	if (view_each(node_view(p->node), 0, match_code, p, &c->err) != ERR_OK)
		return c->err.code;
	if (!p->found) {
		if (view_find(node_view(p->node), p->code, &p->root, &c->err) != ERR_OK)
			return c->err.code == ERR_UNKNOWN
			       ? err_set(&c->err, ERR_UNKNOWN, "nobody here has the code \"%s\", and no record begins with it", p->code) : c->err.code;
		if (table_put(p->mine, p->root.b) == NULL)
			return err_plain(&c->err, ERR_NO_MEMORY);
		go_up(p, p->root, 0);
	}
	return table_put(p->mine, p->root.b) == NULL || p->failed ? err_plain(&c->err, ERR_NO_MEMORY) : ERR_OK;
}

/* ---- what is theirs ---- */

static bool
is_mine(const struct person *p, const struct record *r, const struct profile_type *t)
{
	struct record_id id;

	if (table_get(p->mine, record_id_of(r)->b) != NULL || table_get(p->mine, record_group(r)->b) != NULL)
		return true;
	for (size_t i = 0; t->class != CLASS_CONTACT && i < t->field_count; i++)
		for (size_t k = 0; t->fields[i].type == VT_REF && ref_of(r, &t->fields[i], k, &id); k++)
			if (table_get(p->mine, id.b) != NULL)
				return true;
	return false;
}

/* What refers to a record of theirs is theirs too, until nothing more is. */
static bool
take_referring(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct person *p = ctx;
	const struct profile_type *t = profile_type_numbered(node_profile(p->node), record_type(r));

	(void)team;
	if (t == NULL || t->group == GROUP_OPEN || table_get(p->mine, record_id_of(r)->b) != NULL || !is_mine(p, r, t))
		return true;
	p->failed = table_put(p->mine, record_id_of(r)->b) == NULL;
	p->grew = true;
	return !p->failed;
}

/* ---- others ---- */

static const char *
pseudonym(struct person *p, const void *key16, bool adviser)
{
	static char text[40];
	uint64_t *slot = table_put(p->others, key16);

	if (slot == NULL)
		return "?";
	if (*slot == 0)
		*slot = adviser ? ++p->adviser_count : ++p->other_count;
	snprintf(text, sizeof(text), "%s %llu", adviser ? "Rådgivare" : "Person", (unsigned long long)*slot);
	return text;
}

/* Names of everybody else whom the records know: in contact fields of records that are not the person's. */
static bool
take_names(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct person *p = ctx;
	const struct profile_type *t = profile_type_numbered(node_profile(p->node), record_type(r));

	(void)team;
	for (size_t i = 0; t != NULL && table_get(p->mine, record_id_of(r)->b) == NULL && i < t->field_count; i++) {
		const struct profile_field *f = &t->fields[i];
		size_t count;
		const struct value *v = record_values(r, f->number, &count);

		for (size_t k = 0; f->class == CLASS_CONTACT && f->type == VT_TEXT && strcmp(f->name, "code") != 0 && k < count; k++) {
			json_t *name = value_to_json(f, v[k].value);

			if (json_is_string(name) && json_string_length(name) >= NAME_LEAST)
				json_array_append_new(p->names, json_pack("[O,o]", name, json_hex(record_id_of(r)->b, 16)));
			json_decref(name);
		}
	}
	return true;
}

static bool
word_char(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* The pseudonym of the name that begins here, and how long the name is. */
static const char *
name_at(struct person *p, const char *text, const char *at, size_t *len)
{
	const json_t *pair;
	size_t i;

	if (at > text && word_char(at[-1]))
		return NULL;
	json_array_foreach(p->names, i, pair) {
		const char *name = json_string_value(json_array_get(pair, 0));
		uint8_t id[16];

		*len = strlen(name);
		if (strncasecmp(at, name, *len) == 0 && !word_char(at[*len]) && hex_decode(id, sizeof(id), json_string_value(json_array_get(pair, 1))))
			return pseudonym(p, id, false);
	}
	return NULL;
}

/* Free text without what points to others; the person's own numbers stand in fields of their own. */
static void
put_text(struct person *p, struct buf *out, const char *text)
{
	struct buf plain = BUF_INIT;
	size_t len;

	for (const char *at = text; *at != '\0';) {
		const char *other = name_at(p, text, at, &len);

		if (other != NULL) {
			buf_printf(&plain, "%s", other);
			at += len;
		} else {
			buf_put_u8(&plain, (uint8_t)*at++);
		}
	}
	(void)personal_mask(out, buf_bytes(&plain));
	buf_wipe(&plain);
}

/* ---- writing it down ---- */

static const char *
label_or_name(const struct label *labels, size_t count, const char *name)
{
	const char *label = label_in(labels, count, "sv");

	return label == NULL ? name : label;
}

static const char *
choice_label(const struct profile_field *f, const char *code)
{
	for (size_t i = 0; f->list != NULL && i < f->list->choice_count; i++)
		if (strcmp(f->list->choices[i].code, code) == 0)
			return label_or_name(f->list->choices[i].labels, f->list->choices[i].label_count, code);
	return code;
}

/* A ref shows what it means to a reader: a place's name, a day, another person's pseudonym. */
static void
put_ref(struct person *p, struct buf *out, const char *hex)
{
	struct record_id id;
	struct record *r;
	const struct profile_type *t = NULL;

	if (!hex_decode(id.b, sizeof(id.b), hex))
		return;
	r = record_new(&id);
	if (r != NULL && view_get(node_view(p->node), &id, r, NULL, NULL) == ERR_OK)
		t = profile_type_numbered(node_profile(p->node), record_type(r));
	if (t == NULL || table_get(p->mine, id.b) != NULL)
		buf_printf(out, "%.8s", hex);
	else if (t->group != GROUP_OPEN)
		buf_printf(out, "%s", pseudonym(p, id.b, false));
	else {
		struct buf name = BUF_INIT;

		law_field_text(r, t, profile_field_named(t, "name") != NULL ? "name" : "date", &name);
		buf_printf(out, "%s", name.len > 0 ? buf_str(&name) : hex);
		buf_free(&name);
	}
	record_free(r);
}

static void
put_value(struct person *p, struct buf *out, const struct profile_field *f, const json_t *v)
{
	size_t i;
	json_t *item;

	if (json_is_array(v)) {
		json_array_foreach((json_t *)v, i, item) {
			buf_printf(out, "%s", i > 0 ? ", " : "");
			put_value(p, out, f, item);
		}
	} else if (json_object_get(v, "conflict") != NULL) {
		json_array_foreach(json_object_get(v, "conflict"), i, item) {
			buf_printf(out, "%s", i > 0 ? " / " : "");
			put_value(p, out, f, json_object_get(item, "value"));
		}
	} else if (json_is_string(v) && f->type == VT_REF) {
		put_ref(p, out, json_string_value(v));
	} else if (json_is_string(v) && f->class == CLASS_CONTACT) {
		buf_printf(out, "%s", json_string_value(v));
	} else if (json_is_string(v) && f->type == VT_TEXT) {
		put_text(p, out, json_string_value(v));
	} else if (json_is_string(v)) {
		buf_printf(out, "%s", choice_label(f, json_string_value(v)));
	} else if (json_is_number(v)) {
		buf_printf(out, "%.15g", json_number_value(v));
	} else {
		buf_printf(out, "%s", json_is_true(v) ? "ja" : "nej");
	}
}

static const char *
adviser_of(void *ctx, uint32_t author)
{
	struct person *p = ctx;
	uint8_t key[16] = { 0xad };

	memcpy(key + 8, &author, sizeof(author));
	return pseudonym(p, key, true);
}

static json_t *
notes_json(struct person *p, const json_t *notes)
{
	json_t *out = json_array(), *note;
	size_t i;

	json_array_foreach((json_t *)notes, i, note) {
		struct buf text = BUF_INIT;

		put_text(p, &text, json_string_value(json_object_get(note, "text")));
		json_array_append_new(out, json_pack("{s:O,s:O,s:s}", "at", json_object_get(note, "at"), "by", json_object_get(note, "by"), "text",
		                                     buf_str(&text)));
		buf_wipe(&text);
	}
	return out;
}

static bool
write_record(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct person *p = ctx;
	const struct profile_type *t = profile_type_numbered(node_profile(p->node), record_type(r));
	json_t *all, *fields, *v, *o;
	const char *name;
	struct due due;

	(void)team;
	if (t == NULL || table_get(p->mine, record_id_of(r)->b) == NULL)
		return true;
	all = record_to_json(r, node_profile(p->node), adviser_of, p);
	if (!op_json_is_whole(p->call)) { /* a note may lack its text */
		json_decref(all);
		return false;
	}
	fields = json_object();
	json_object_foreach(json_object_get(all, "fields"), name, v) {
		const struct profile_field *f = profile_field_named(t, name);
		struct buf text = BUF_INIT;

		if (f == NULL)
			continue;
		put_value(p, &text, f, v);
		json_object_set_new(fields, label_or_name(f->labels, f->label_count, name), json_string(buf_str(&text)));
		buf_wipe(&text);
	}
	record_due(&due, r, node_profile(p->node));
	o = json_pack("{s:s,s:o,s:o,s:o,s:s?}", "type", label_or_name(t->labels, t->label_count, t->name), "id", json_hex(record_id_of(r)->b, 16),
	              "fields", fields, "notes", notes_json(p, json_object_get(all, "notes")), "kept_until", due.ever ? due.on : NULL);
	json_decref(all);
	return json_array_append_new(p->records, o) == 0;
}

static void
text_of_all(struct person *p, struct buf *out, const char *today)
{
	const json_t *r, *v, *note;
	const char *name;
	size_t i, k, count;
	const struct label *purpose = profile_purpose(node_profile(p->node), &count);

	buf_printf(out, "Registerutdrag (artikel 15 dataskyddsförordningen)\nUtskrivet %s\n\n", today);
	if (label_in(purpose, count, "sv") != NULL)
		buf_printf(out, "Ändamål: %s\n\n", label_in(purpose, count, "sv"));
	buf_printf(out, "Det här är allt som finns om dig på den här enheten. Andra personer är ersatta med \"Person 1\" och så vidare,\n"
	           "samma namn hela vägen, och deras nummer och adresser med punkter. Du har rätt att få fel rättade, att få\n"
	           "uppgifter raderade eller begränsade, att invända och att klaga hos Integritetsskyddsmyndigheten (IMY).\n");
	json_array_foreach(p->records, i, r) {
		buf_printf(out, "\n%s %.8s\n", json_string_value(json_object_get(r, "type")), json_string_value(json_object_get(r, "id")));
		json_object_foreach(json_object_get(r, "fields"), name, v)
			buf_printf(out, "  %s: %s\n", name, json_string_value(v));
		json_array_foreach(json_object_get(r, "notes"), k, note)
			buf_printf(out, "  %s, %s: %s\n", json_string_value(json_object_get(note, "at")), json_string_value(json_object_get(note, "by")),
			           json_string_value(json_object_get(note, "text")));
		if (json_is_string(json_object_get(r, "kept_until")))
			buf_printf(out, "  Sparas till %s\n", json_string_value(json_object_get(r, "kept_until")));
	}
}

static enum err_code
gather(struct person *p)
{
	struct view *v = node_view(p->node);
	struct err *err = &p->call->err;

	if (find_person(p) != ERR_OK)
		return err->code;
	do {
		p->grew = false;
		if (view_each(v, 0, take_referring, p, err) != ERR_OK)
			return err->code;
	} while (p->grew && !p->failed);
	if (p->failed)
		return err_plain(err, ERR_NO_MEMORY);
	if (view_each(v, 0, take_names, p, err) != ERR_OK)
		return err->code;
	if (view_each(v, 0, write_record, p, err) != ERR_OK)
		return err->code;
	return op_json_is_whole(p->call) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

static enum err_code
check_protected(struct person *p)
{
	struct record *r = record_new(&p->root);
	bool protected = r != NULL && view_get(node_view(p->node), &p->root, r, NULL, NULL) == ERR_OK && law_protected(p->node, r);

	record_free(r);
	return protected && !param_flag(p->call, "protected")
	       ? err_set(&p->call->err, ERR_REFUSED, "the person has a protected identity: give --protected when it is handed over in person") : ERR_OK;
}

void
op_access_export(struct op_call *c)
{
	struct person p = { .node = c->node, .call = c, .mine = table_new(16), .others = table_new(16), .names = json_array(), .records = json_array() };
	bool json = param_text(c, "format") != NULL && strcmp(param_text(c, "format"), "json") == 0;
	struct buf out = BUF_INIT;
	char today[16], *text;

	if (param_text(c, "format") != NULL && !json && strcmp(param_text(c, "format"), "text") != 0)
		err_set(&c->err, ERR_USAGE, "access-export: format must be text or json, not \"%s\"", param_text(c, "format"));
	else if (node_profile(c->node) == NULL)
		op_no_profile(c);
	else if (p.mine == NULL || p.others == NULL)
		err_plain(&c->err, ERR_NO_MEMORY);
	else if (gather(&p) == ERR_OK && check_protected(&p) == ERR_OK) {
		if (json && (text = json_dumps(p.records, JSON_INDENT(1))) != NULL) {
			buf_printf(&out, "%s\n", text);
			free(text);
		} else {
			text_of_all(&p, &out, law_today(c->node, today));
		}
		if (buf_ok(&out) && param_file_out(c, "output", buf_bytes(&out)) == ERR_OK) {
			law_log_read(c->node, "access-export", &p.root, NULL);
			c->result = json_pack("{s:s,s:I,s:I}", "file", param_text(c, "output"), "records", (json_int_t)json_array_size(p.records),
			                      "third_persons", (json_int_t)p.other_count);
		}
	}
	table_free(p.mine);
	table_free(p.others);
	json_decref(p.names);
	json_decref(p.records);
	buf_wipe(&out);
	if (c->err.code != ERR_OK || c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}
