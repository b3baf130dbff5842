/*
 * The programme profile: shown, checked, installed.
 */
#include "op/op_internal.h"

enum { PROFILE_BYTES_MAX = 1 << 20 };

static const char *const type_names[] = { "text", "integer", "decimal", "bool", "date", "time", "datetime", "choice", "ref", "language" };
static const char *const shape_names[] = { "one", "set", "sum" };

static json_t *
labels_json(const struct label *labels, size_t count)
{
	json_t *o = json_object();

	for (size_t i = 0; i < count; i++)
		json_object_set_new(o, labels[i].lang, json_string(labels[i].text));
	return o;
}

static json_t *
field_json(const struct profile_field *f)
{
	json_t *o = json_pack("{s:s,s:i,s:s,s:s,s:b,s:o}", "name", f->name, "number", (int)f->number, "type", type_names[f->type],
	                      "holds", shape_names[f->shape], "required", f->required, "label", labels_json(f->labels, f->label_count));
	json_t *codes;

	if (f->ref_type != NULL)
		json_object_set_new(o, "ref", json_string(f->ref_type));
	if (f->list == NULL)
		return o;
	codes = json_array();
	for (size_t i = 0; i < f->list->choice_count; i++) {
		const struct choice *ch = &f->list->choices[i];

		json_array_append_new(codes, json_pack("{s:s,s:o}", "code", ch->code, "label", labels_json(ch->labels, ch->label_count)));
	}
	json_object_set_new(o, "choices", codes);
	return o;
}

static json_t *
profile_json(const struct profile *p)
{
	json_t *types = json_array();

	for (size_t i = 0; i < profile_type_count(p); i++) {
		const struct profile_type *t = profile_type_at(p, i);
		json_t *fields = json_array();

		for (size_t j = 0; j < t->field_count; j++)
			json_array_append_new(fields, field_json(&t->fields[j]));
		json_array_append_new(types, json_pack("{s:s,s:i,s:o,s:b,s:o}", "name", t->name, "number", (int)t->number, "label",
		                                       labels_json(t->labels, t->label_count), "notes", t->notes, "fields", fields));
	}
	return json_pack("{s:s,s:i,s:o}", "profile", profile_id(p), "version", (int)profile_version(p), "types", types);
}

void
op_profile_show(struct op_call *c)
{
	if (node_profile(c->node) == NULL)
		err_set(&c->err, ERR_REFUSED, "no profile is installed here yet; synchronise with a colleague first");
	else
		c->result = profile_json(node_profile(c->node));
	op_end(c);
}

static enum err_code
read_profile(struct op_call *c, struct buf *file, struct profile **out)
{
	const struct profile *now = node_profile(c->node);

	*out = NULL;
	if (param_file(c, "file", PROFILE_BYTES_MAX, file) != ERR_OK)
		return c->err.code;
	if (profile_parse(out, buf_bytes(file), &c->err) != ERR_OK ||
	    (now != NULL && strcmp(profile_id(now), profile_id(*out)) == 0 && profile_check_successor(now, *out, &c->err) != ERR_OK))
		return err_wrap(&c->err, "%s", param_text(c, "file"));
	return ERR_OK;
}

void
op_profile_check(struct op_call *c)
{
	struct buf file = BUF_INIT;
	struct profile *p;

	if (read_profile(c, &file, &p) == ERR_OK)
		c->result = json_pack("{s:b,s:s,s:i,s:i}", "ok", 1, "profile", profile_id(p), "version", (int)profile_version(p),
		                      "types", (int)profile_type_count(p));
	profile_free(p);
	buf_free(&file);
	op_end(c);
}

void
op_profile_install(struct op_call *c)
{
	struct buf file = BUF_INIT;
	struct profile *p;

	if (read_profile(c, &file, &p) == ERR_OK && node_install_profile(c->node, buf_bytes(&file), &c->err) == ERR_OK &&
	    node_commit(c->node, &c->err) == ERR_OK)
		c->result = json_pack("{s:s,s:i}", "profile", profile_id(p), "version", (int)profile_version(p));
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	profile_free(p);
	buf_free(&file);
	op_end(c);
}
