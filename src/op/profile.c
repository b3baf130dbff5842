/*
 * The programme profile: shown, checked, installed.
 */
#include "casework/report_def.h"
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
workflow_json(const struct workflow *w)
{
	json_t *o = json_pack("{s:[],s:{}}", "start", "next"), *to;

	for (size_t i = 0; i < w->start_count; i++)
		json_array_append_new(json_object_get(o, "start"), json_string(w->start[i]));
	for (size_t i = 0; i < w->state_count; i++) {
		const struct workflow_state *s = &w->states[i];

		to = json_array();
		for (size_t k = 0; k < s->to_count; k++)
			json_array_append_new(to, json_string(s->to[k]));
		json_object_set_new(json_object_get(o, "next"), s->code, to);
		if (s->remind_days == 0)
			continue;
		if (json_object_get(o, "remind") == NULL)
			json_object_set_new(o, "remind", json_object());
		json_object_set_new(json_object_get(o, "remind"), s->code, json_integer(s->remind_days));
	}
	return o;
}

static void
form_json(json_t *o, const struct form_rule *r)
{
	json_t *is = json_array();

	if (r->hint_count > 0)
		json_object_set_new(o, "hint", labels_json(r->hint, r->hint_count));
	if (r->intro_count > 0)
		json_object_set_new(o, "intro", labels_json(r->intro, r->intro_count));
	if (r->message_count > 0)
		json_object_set_new(o, "message", labels_json(r->message, r->message_count));
	if (r->default_ != NULL)
		json_object_set_new(o, "default", json_string(r->default_));
	if (r->has_min)
		json_object_set_new(o, "min", json_real(r->min));
	if (r->has_max)
		json_object_set_new(o, "max", json_real(r->max));
	for (size_t i = 0; i < r->is_count; i++)
		json_array_append_new(is, json_string(r->is[i]));
	if (r->relevant != NULL)
		json_object_set_new(o, "relevant", json_pack("{s:s,s:O}", "field", r->relevant, "is", is));
	json_decref(is);
}

static json_t *
choice_json(const struct choice *ch)
{
	json_t *o = json_pack("{s:s,s:o}", "code", ch->code, "label", labels_json(ch->labels, ch->label_count));

	if (ch->rollup != NULL)
		json_object_set_new(o, "rollup", json_string(ch->rollup));
	if (ch->valid_from != NULL)
		json_object_set_new(o, "valid_from", json_string(ch->valid_from));
	if (ch->valid_to != NULL)
		json_object_set_new(o, "valid_to", json_string(ch->valid_to));
	return o;
}

static json_t *
retention_json(const struct retention *r)
{
	json_t *o = r == NULL ? json_null() : r->unit == RETAIN_KEEP ? json_pack("{s:b}", "keep", 1)
	            : json_pack("{s:i}", r->unit == RETAIN_DAYS ? "days" : "months", (int)r->count);

	if (r != NULL && r->from != NULL)
		json_object_set_new(o, "from", json_string(r->from->name));
	return o;
}

static json_t *
roles_json(const struct profile *p)
{
	json_t *roles = json_array();

	for (size_t i = 0; i < profile_role_count(p); i++) {
		const struct profile_role *r = profile_role_at(p, i);
		json_t *write = json_array(), *see = json_array();

		for (size_t k = 0; k < profile_type_count(p); k++)
			if (profile_may_write(p, r->name, profile_type_at(p, k)))
				json_array_append_new(write, json_string(profile_type_at(p, k)->name));
		for (int c = CLASS_STATISTICS; c <= CLASS_OPEN; c++)
			if (profile_may_see(p, r->name, (enum data_class)c))
				json_array_append_new(see, json_string(data_class_word((enum data_class)c)));
		json_array_append_new(roles, json_pack("{s:s,s:o,s:o,s:o}", "name", r->name, "label", labels_json(r->labels, r->label_count),
		                                       "write", write, "see", see));
	}
	return roles;
}

static json_t *
field_json(const struct profile_field *f)
{
	json_t *o = json_pack("{s:s,s:i,s:s,s:s,s:b,s:o}", "name", f->name, "number", (int)f->number, "type", type_names[f->type],
	                      "holds", shape_names[f->shape], "required", f->required, "label", labels_json(f->labels, f->label_count));
	json_t *codes;

	json_object_set_new(o, "class", json_string(data_class_word(f->class)));
	if (f->off)
		json_object_set_new(o, "off", json_true());
	if (f->why_count > 0)
		json_object_set_new(o, "why", labels_json(f->why, f->why_count));
	if (f->form != NULL)
		form_json(o, f->form);
	if (f->workflow != NULL)
		json_object_set_new(o, "workflow", workflow_json(f->workflow));
	if (f->ref_type != NULL)
		json_object_set_new(o, "ref", json_string(f->ref_type));
	if (f->list == NULL)
		return o;
	codes = json_array();
	for (size_t i = 0; i < f->list->choice_count; i++) {
		const struct choice *ch = &f->list->choices[i];

		json_array_append_new(codes, choice_json(ch));
	}
	json_object_set_new(o, "choices", codes);
	return o;
}

static json_t *
profile_json(const struct profile *p)
{
	json_t *types = json_array(), *reports = json_array();

	for (size_t i = 0; i < profile_type_count(p); i++) {
		const struct profile_type *t = profile_type_at(p, i);
		json_t *fields = json_array();

		for (size_t j = 0; j < t->field_count; j++)
			json_array_append_new(fields, field_json(&t->fields[j]));
		json_array_append_new(types, json_pack("{s:s,s:i,s:o,s:s,s:b,s:o,s:o}", "name", t->name, "number", (int)t->number, "label",
		                                       labels_json(t->labels, t->label_count), "class", data_class_word(t->class), "notes",
		                                       t->notes, "retention", retention_json(profile_retention(p, t, NULL)), "fields", fields));
	}
	for (size_t i = 0; i < profile_report_count(p); i++)
		json_array_append_new(reports, json_string(profile_report_at(p, i)->name));
	return json_pack("{s:s,s:i,s:o,s:o,s:o}", "profile", profile_id(p), "version", (int)profile_version(p), "types", types, "roles",
	                 roles_json(p), "reports", reports);
}

void
op_profile_show(struct op_call *c)
{
	if (node_profile(c->node) == NULL)
		op_no_profile(c);
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

enum { WARNINGS_MAX = 200 }; /* of a profile where a language was begun */

static bool
take_unsaid(void *ctx, const char *path, const char *lacks)
{
	json_t *list = ctx;

	json_array_append_new(list, json_sprintf("%s: not said in %s", path, lacks));
	return json_array_size(list) < WARNINGS_MAX;
}

void
op_profile_check(struct op_call *c)
{
	struct buf file = BUF_INIT;
	json_t *warnings = json_array();
	struct profile *p;

	if (read_profile(c, &file, &p) == ERR_OK && profile_unsaid(buf_bytes(&file), take_unsaid, warnings, &c->err) == ERR_OK)
		c->result = json_pack("{s:b,s:s,s:i,s:i,s:O}", "ok", 1, "profile", profile_id(p), "version", (int)profile_version(p),
		                      "types", (int)profile_type_count(p), "warnings", warnings);
	json_decref(warnings);
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
	    op_commit(c) == ERR_OK)
		c->result = json_pack("{s:s,s:i}", "profile", profile_id(p), "version", (int)profile_version(p));
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	profile_free(p);
	buf_free(&file);
	op_end(c);
}
