/* What a form may not do: leave out what is required, take a step that does not follow, pass a limit. */
#include "casework/records.h"

#include <stdio.h>

enum err_code
draft_check_required(const struct draft *d, const struct record *now, struct err *err)
{
	for (size_t i = 0; i < d->type->field_count; i++) {
		const struct profile_field *f = &d->type->fields[i];
		const struct draft_op *op;
		size_t count = 0;

		if (!f->required)
			continue;
		op = draft_op_on(d, f->number);
		if (op == NULL && now != NULL)
			record_values(now, f->number, &count);
		if (op == NULL ? count == 0 : op->kind == OP_CLEAR)
			return err_set(err, ERR_INVALID, "%s: %s is required", d->type->name, f->name);
	}
	return ERR_OK;
}

static enum err_code
refuse_move(const struct draft *d, const struct profile_field *f, const char *from, const char *to, struct err *err)
{
	const struct workflow_state *s = from == NULL ? NULL : workflow_state_of(f->workflow, from);
	const char **may = from == NULL ? f->workflow->start : s == NULL ? NULL : s->to;
	size_t count = from == NULL ? f->workflow->start_count : s == NULL ? 0 : s->to_count, len = 0;
	char all[160] = "nothing";

	for (size_t i = 0; i < count && len < sizeof(all); i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", i > 0 ? ", " : "", may[i]);
	return err_set(err, ERR_INVALID, "%s: %s: %s may not follow %s; what may: %s", d->type->name, f->name, to,
	               from == NULL ? "at the beginning" : from, all);
}

static enum err_code
check_move(const struct draft *d, const struct profile_field *f, const struct draft_op *op, const struct record *now, struct err *err)
{
	json_t *to = value_to_json(f, draft_value(d, op)), *from = NULL;
	size_t count = 0;
	const struct value *v = now == NULL ? NULL : record_values(now, f->number, &count);
	enum err_code rc = ERR_OK;
	bool may = count == 0 && json_is_string(to) && workflow_may_move(f->workflow, NULL, json_string_value(to));

	for (size_t i = 0; i < count && !may && json_is_string(to); i++) {
		json_decref(from);
		from = value_to_json(f, v[i].value);
		may = !json_is_string(from) || workflow_may_move(f->workflow, json_string_value(from), json_string_value(to));
	}
	if (!json_is_string(to))
		rc = err_plain(err, ERR_NO_MEMORY);
	else if (!may)
		rc = refuse_move(d, f, json_string_value(from), json_string_value(to), err);
	json_decref(to);
	json_decref(from);
	return rc;
}

static enum err_code
check_limits(const struct draft *d, const struct profile_field *f, const struct draft_op *op, struct err *err)
{
	json_t *v = value_to_json(f, draft_value(d, op));
	double n = json_number_value(v);
	enum err_code rc = ERR_OK;

	if (json_is_number(v) && f->form->has_min && n < f->form->min)
		rc = err_set(err, ERR_INVALID, "%s: %s: %g is less than %g, the least it may be", d->type->name, f->name, n, f->form->min);
	else if (json_is_number(v) && f->form->has_max && n > f->form->max)
		rc = err_set(err, ERR_INVALID, "%s: %s: %g is more than %g, the most it may be", d->type->name, f->name, n, f->form->max);
	json_decref(v);
	return rc;
}

enum err_code
draft_check_rules(const struct draft *d, const struct record *now, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < d->op_count && rc == ERR_OK; i++) {
		const struct draft_op *op = &d->ops[i];
		const struct profile_field *f = op->kind == OP_NOTE ? NULL : profile_field_numbered(d->type, op->field);

		if (f != NULL && f->off && (op->kind == OP_SET || op->kind == OP_ADD || op->kind == OP_SUM))
			rc = err_set(err, ERR_INVALID, "%s: %s is off in this profile", d->type->name, f->name);
		else if (f != NULL && f->form != NULL && (op->kind == OP_SET || op->kind == OP_ADD))
			rc = check_limits(d, f, op, err);
		if (rc == ERR_OK && f != NULL && f->workflow != NULL && op->kind == OP_SET)
			rc = check_move(d, f, op, now, err);
	}
	return rc;
}
