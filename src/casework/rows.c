#include "casework/rows.h"

#include "base/mem.h"
#include "base/plant.h"
#include "casework/marks.h"
#include "crypto/hc.h"

/* An op that is not copied keeps its place, so that dots mean the same on both sides. */
enum { OP_NOT_COPIED = 255 };
static const uint8_t NIL[] = { 0xc0 };

/* ---- which ---- */

static bool
rows_has_field(const struct profile_type *t, const struct profile_field *f)
{
	if (t->group == GROUP_OPEN)
		return true;
	if (f->type == VT_TEXT)
		return false;
	if (f->class == CLASS_STATISTICS || f->class == CLASS_OPEN)
		return true;
	return f->type == VT_REF && f->followed;
}

bool
rows_has_type(const struct profile_type *t)
{
	if (t->group == GROUP_OPEN)
		return true;
	for (size_t i = 0; i < t->field_count; i++)
		if (t->fields[i].class == CLASS_STATISTICS && t->fields[i].type != VT_TEXT)
			return true;
	return false;
}

/* Does a ref that is copied name records of this type? */
static bool
is_named(const struct profile *p, const struct profile_type *t)
{
	for (size_t i = 0; i < profile_type_count(p); i++) {
		const struct profile_type *from = profile_type_at(p, i);

		for (size_t k = 0; k < from->field_count; k++) {
			const struct profile_field *f = &from->fields[k];

			if (f->type == VT_REF && rows_has_field(from, f) && strcmp(f->ref_type, t->name) == 0)
				return true;
		}
	}
	return false;
}

bool
rows_wants(const struct profile *p, const struct profile_type *t, const struct change *c)
{
	if (rows_has_type(t))
		return true;
	for (size_t i = 0; i < c->op_count; i++)
		if (c->ops[i].field == MARK_MERGED_INTO && (c->ops[i].kind == OP_SET || c->ops[i].kind == OP_CLEAR))
			return is_named(p, t);
	return false;
}

static bool
path_told(const struct profile *p, const struct profile_type *t, const struct report_path *path)
{
	for (size_t i = 0; i < path->count; i++) {
		if (t == NULL || !rows_has_type(t) || !rows_has_field(t, path->step[i]))
			return false;
		t = path->step[i]->ref_type != NULL ? profile_type_named(p, path->step[i]->ref_type) : NULL;
	}
	return true;
}

static bool
conditions_told(const struct profile *p, const struct profile_type *t, const struct report_condition *c, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct report_active *a = &c[i].active;

		if (!path_told(p, t, &c[i].path))
			return false;
		if (c[i].kind == RC_ACTIVE && (!rows_has_type(a->type) || !rows_has_field(a->type, a->ref) ||
		                               !rows_has_field(a->type, a->date) || !rows_has_field(a->type, a->sum)))
			return false;
	}
	return true;
}

bool
rows_can_tell(const struct profile *p, const struct report_line *l)
{
	const struct profile_type *t = l->type;

	if (t == NULL)
		return true;
	if (!rows_has_type(t) || !path_told(p, t, &l->from) || !path_told(p, t, &l->to) || !path_told(p, t, &l->group) ||
	    !path_told(p, t, &l->field) || !conditions_told(p, t, l->where, l->where_count) ||
	    !conditions_told(p, t, l->having, l->having_count))
		return false;
	for (size_t i = 0; i < l->date_count; i++)
		if (!path_told(p, t, &l->date[i]))
			return false;
	for (size_t i = 0; i < l->field_count; i++)
		if (!path_told(p, t, &l->fields[i]))
			return false;
	return true;
}

/* ---- images ---- */

void
rows_id(uint8_t out[16], const struct profile_type *t, const uint8_t record[16])
{
	if (t->group == GROUP_OPEN)
		memcpy(out, record, 16);
	else
		HC(out, 16, BYTES_NONE, "fb1/row", BYTES(record, 16));
}

void
rows_dot(uint8_t out[16], const uint8_t record[16], const uint8_t of[16])
{
	HC(out, 16, BYTES_NONE, "fb1/row/dot", BYTES(record, 16), BYTES(of, 16));
}

/* ---- encoding ---- */

struct coding {
	const struct profile *p;
	const struct profile_type *t;
	const uint8_t *record;
	rows_import_of import_of;
	void *ctx;
	struct op *ops;
	struct dot *dots;   /* of all ops, one after the other */
	size_t dot_count;
	uint8_t (*refs)[18]; /* by op: the value of a ref, as msgpack */
};

static bool
is_code(const struct choice_list *list, struct bytes value)
{
	struct rd r = rd_init(value);
	struct bytes code = rd_str(&r, 255);

	for (size_t i = 0; rd_end(&r) && i < list->choice_count; i++)
		if (bytes_equal(code, BYTES_STR(list->choices[i].code)))
			return true;
	return false;
}

/* The value of a copied op; false: it says more than a row may. */
static bool
code_value(struct coding *k, const struct profile_field *f, const struct op *op, size_t i, struct bytes *out)
{
	const struct profile_type *target = f->type == VT_REF ? profile_type_named(k->p, f->ref_type) : NULL;
	struct rd r = rd_init(op->value);
	uint8_t named[16];

	*out = op->value;
	if (op->kind == OP_CLEAR || op->kind == OP_SUM)
		return true;
	if (f->type == VT_CHOICE && f->list->open && k->t->group != GROUP_OPEN)
		return is_code(f->list, op->value);
	if (f->type != VT_REF)
		return true;
	rd_bin(&r, named, sizeof(named));
	if (!rd_end(&r) || target == NULL)
		return false;
	k->refs[i][0] = 0xc4; /* bin 8 */
	k->refs[i][1] = 16;
	rows_id(k->refs[i] + 2, target, named);
	*out = BYTES(k->refs[i], 18);
	return true;
}

/* Into which the record was merged: one of its own type, so that what is one record is one row. */
static bool
code_merge(struct coding *k, const struct op *op, size_t i, struct bytes *out)
{
	struct rd r = rd_init(op->value);
	uint8_t named[16];

	*out = op->value;
	if (op->kind == OP_CLEAR)
		return true;
	rd_bin(&r, named, sizeof(named));
	k->refs[i][0] = 0xc4; /* bin 8 */
	k->refs[i][1] = 16;
	rows_id(k->refs[i] + 2, k->t, named);
	*out = BYTES(k->refs[i], 18);
	return op->kind == OP_SET && rd_end(&r);
}

static void
code_over(struct coding *k, const struct op *from, struct op *to)
{
	to->over = k->dots + k->dot_count;
	to->over_count = from->over_count;
	for (size_t i = 0; i < from->over_count; i++) {
		struct dot *d = &k->dots[k->dot_count++];
		uint8_t import[16];

		if (PLANTED(8))
			memcpy(d->entry, from->over[i].entry, sizeof(d->entry));
		else
			rows_dot(d->entry, k->record, k->import_of != NULL && k->import_of(k->ctx, from->over[i].entry, import) ? import : from->over[i].entry);
		d->op = from->over[i].op;
	}
}

static bool
code_op(struct coding *k, const struct op *from, size_t i)
{
	const struct profile_field *f = profile_field_numbered(k->t, from->field);
	struct op *to = &k->ops[i];
	struct bytes value;

	*to = (struct op){ .kind = OP_NOT_COPIED, .value = BYTES(NIL, sizeof(NIL)) };
	if (from->kind == OP_NOTE || from->kind == OP_BLOB || from->kind > OP_CLEAR)
		return false;
	if (from->field == MARK_MERGED_INTO ? !code_merge(k, from, i, &value)
	                                    : f == NULL || !rows_has_field(k->t, f) || !code_value(k, f, from, i, &value))
		return false;
	to->kind = from->kind;
	to->value = value;
	to->field = from->field;
	code_over(k, from, to);
	return true;
}

enum err_code
rows_encode(struct buf *out, bool *told, const struct profile *p, const struct profile_type *t, const struct change *c,
            const uint8_t entry[16], rows_import_of import_of, void *ctx, struct err *err)
{
	struct coding k = { .p = p, .t = t, .record = c->record.b, .import_of = import_of, .ctx = ctx };
	struct change row = { .v = CHANGE_V, .profile_version = c->profile_version, .type = c->type, .hlc = c->hlc, .has_import = true };
	size_t dots = 0, before = out->len;

	for (size_t i = 0; i < c->op_count; i++)
		dots += c->ops[i].over_count;
	k.ops = mem_alloc((c->op_count + 1) * sizeof(*k.ops));
	k.dots = mem_alloc((dots + 1) * sizeof(*k.dots));
	k.refs = mem_alloc((c->op_count + 1) * sizeof(*k.refs));
	if (k.ops != NULL && k.dots != NULL && k.refs != NULL) {
		for (size_t i = 0; i < c->op_count; i++)
			if (code_op(&k, &c->ops[i], i))
				row.op_count = i + 1;
		row.ops = k.ops;
		rows_id(row.record.b, t, c->record.b);
		rows_dot(row.import, c->record.b, c->has_import ? c->import : entry);
		change_encode(out, &row);
	}
	*told = row.op_count > 0;
	mem_free(k.ops);
	mem_free(k.dots);
	mem_free(k.refs);
	return buf_ok(out) && out->len > before ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

enum err_code
rows_check(struct bytes body, struct change_space *space, struct err *err)
{
	static const struct group_id none;
	struct change c;
	enum err_code rc = change_decode(&c, body, space, NULL);

	if (rc == ERR_NO_MEMORY)
		return err_plain(err, rc);
	if (rc != ERR_OK || !c.has_import || c.has_shown || !SAME(c.group, none))
		return err_set(err, ERR_DAMAGED, "it does not hold a row");
	return ERR_OK;
}
