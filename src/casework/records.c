/*
 * A draft holds at most one op for what a person means by one assignment:
 * ops of one change can not name each other in `over`, so setting a field
 * twice in one breath would be a conflict with oneself.
 */
#include "casework/records.h"

#include "base/mem.h"
#include "casework/values_internal.h"

enum { NOTE_BYTES_MAX = 48 * 1024 };
static const uint8_t NIL[] = { 0xc0 };

void
draft_init(struct draft *d, const struct profile_type *type, const struct record_id *record)
{
	memset(d, 0, sizeof(*d));
	d->type = type;
	d->record = *record;
	memcpy(d->group.b, record->b, sizeof(d->group.b));
}

void
draft_free(struct draft *d)
{
	mem_free(d->ops);
	buf_wipe(&d->values);
	memset(d, 0, sizeof(*d));
}

/* Does a new op on `field` take the place of this one? */
static bool
replaces(const struct draft *d, const struct draft_op *was, uint8_t kind, uint32_t field, struct bytes value)
{
	if (was->field != field)
		return false;
	if (kind == OP_SET || kind == OP_CLEAR)
		return was->kind == OP_SET || was->kind == OP_CLEAR;
	if (kind == OP_ADD || kind == OP_REMOVE)
		return (was->kind == OP_ADD || was->kind == OP_REMOVE) && bytes_equal(draft_value(d, was), value);
	return false;
}

/* The value stands at the end of d->values, from `at`. */
static enum err_code
put_op(struct draft *d, uint8_t kind, uint32_t field, size_t at, struct err *err)
{
	struct draft_op *grown, *place = NULL;

	if (!buf_ok(&d->values))
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < d->op_count && place == NULL; i++)
		if (replaces(d, &d->ops[i], kind, field, BYTES(d->values.p + at, d->values.len - at)))
			place = &d->ops[i];
	if (place == NULL) {
		if (d->op_count == CHANGE_OPS_MAX)
			return err_set(err, ERR_INVALID, "one change holds at most %d values", CHANGE_OPS_MAX);
		grown = mem_room(d->ops, d->op_count, &d->op_cap, sizeof(*d->ops));
		if (grown == NULL)
			return err_plain(err, ERR_NO_MEMORY);
		d->ops = grown;
		place = &d->ops[d->op_count++];
	}
	*place = (struct draft_op){ kind, field, at, d->values.len - at };
	return ERR_OK;
}

enum err_code
draft_put_value(struct draft *d, uint8_t kind, uint32_t field, struct bytes value, struct err *err)
{
	size_t at = d->values.len;

	buf_put_bytes(&d->values, value);
	return put_op(d, kind, field, at, err);
}

/* The op that `op` on a field of this shape stands for; 0 when it makes no sense. */
static uint8_t
op_for(uint8_t op, enum field_shape shape)
{
	switch (shape) {
	case SHAPE_REGISTER:
		return op == OP_SET ? OP_SET : 0;
	case SHAPE_SET:
		return op == OP_ADD || op == OP_REMOVE ? op : 0;
	case SHAPE_SUM:
		return op == OP_ADD || op == OP_REMOVE || op == OP_SUM ? OP_SUM : 0;
	}
	return 0;
}

static enum err_code
refuse_op(const struct profile_field *f, struct err *err)
{
	switch (f->shape) {
	case SHAPE_REGISTER:
		return err_set(err, ERR_INVALID, "%s: holds one value: set it (%s=…)", f->name, f->name);
	case SHAPE_SET:
		return err_set(err, ERR_INVALID, "%s: holds many values: add or remove one (+%s=… or -%s=…)", f->name,
		               f->name, f->name);
	case SHAPE_SUM:
		return err_set(err, ERR_INVALID, "%s: counts: add to it (+%s=…)", f->name, f->name);
	}
	return ERR_INVALID;
}

/* A counter knows no taking away but adding less than nothing. */
static void
negate(struct buf *values, size_t at)
{
	struct rd r = rd_init(BYTES(values->p + at, values->len - at));
	bool whole = rd_peek(&r) != RD_FLOAT;
	int64_t i = whole ? rd_int(&r) : 0;
	double v = whole ? 0 : rd_float(&r);

	values->len = at;
	if (whole)
		wr_int(values, -i);
	else
		wr_float(values, -v);
}

static const char *
shown_date(const struct draft *d, char out[40])
{
	return d->has_shown ? time_print(out, d->shown_ms, d->shown_offset_min) : NULL;
}

static enum err_code
assign_one(struct draft *d, uint8_t op, const struct profile_field *f, const json_t *value, const char *text,
           struct err *err)
{
	uint8_t kind = op_for(op, f->shape);
	size_t at = d->values.len;
	char date[40];
	enum err_code rc;

	if (kind == 0)
		return refuse_op(f, err);
	if (value != NULL && json_is_string(value))
		text = json_string_value(value);
	if (kind == OP_SET && (json_is_null(value) || (text != NULL && *text == '\0'))) {
		buf_put(&d->values, NIL, sizeof(NIL));
		return put_op(d, OP_CLEAR, f->number, at, err);
	}
	if (text != NULL && *text == '\0')
		return err_set(err, ERR_INVALID, "%s: nothing to add or remove", f->name);
	rc = text != NULL ? value_from_text(&d->values, f, text, shown_date(d, date), err)
	                  : value_from_json(&d->values, f, value, shown_date(d, date), err);
	if (rc != ERR_OK)
		return rc;
	if (kind == OP_SUM && op == OP_REMOVE && buf_ok(&d->values))
		negate(&d->values, at);
	return put_op(d, kind, f->number, at, err);
}

static enum err_code
assign(struct draft *d, uint8_t op, const char *field, const json_t *value, const char *text, struct err *err)
{
	const struct profile_field *f = profile_field_named(d->type, field);
	enum err_code rc = ERR_OK;

	if (f == NULL) {
		rc = err_set(err, ERR_INVALID, "has no field \"%.40s\"", text_valid(field) ? field : "?");
	} else if (json_is_array(value) && op != OP_SET) {
		for (size_t i = 0; i < json_array_size(value) && rc == ERR_OK; i++)
			rc = assign_one(d, op, f, json_array_get(value, i), NULL, err);
	} else {
		rc = assign_one(d, op, f, value, text, err);
	}
	if (rc != ERR_OK)
		err_wrap(err, "%s", d->type->name);
	return rc;
}

enum err_code
draft_assign(struct draft *d, uint8_t op, const char *field, const json_t *value, struct err *err)
{
	return assign(d, op, field, value, NULL, err);
}

enum err_code
draft_assign_text(struct draft *d, uint8_t op, const char *field, const char *text, struct err *err)
{
	return assign(d, op, field, NULL, text, err);
}

enum err_code
draft_note(struct draft *d, const uint8_t note_id[16], const char *text, const uint8_t *corrects16, struct err *err)
{
	size_t at = d->values.len, len = strlen(text);

	if (!d->type->notes)
		return err_set(err, ERR_INVALID, "%s: notes can not be written on it", d->type->name);
	if (len == 0)
		return err_set(err, ERR_INVALID, "%s: the note is empty", d->type->name);
	if (len > NOTE_BYTES_MAX)
		return err_set(err, ERR_INVALID, "%s: the note has %zu bytes, at most %d fit", d->type->name, len,
		               NOTE_BYTES_MAX);
	if (!text_valid(text))
		return err_set(err, ERR_INVALID, "%s: the note is not UTF-8 text without control characters",
		               d->type->name);
	wr_array(&d->values, 3);
	wr_bin(&d->values, note_id, 16);
	wr_str(&d->values, text, len);
	if (corrects16 != NULL)
		wr_bin(&d->values, corrects16, 16);
	else
		wr_nil(&d->values);
	return put_op(d, OP_NOTE, 0, at, err);
}

const struct draft_op *
draft_op_on(const struct draft *d, uint32_t field)
{
	for (size_t i = 0; i < d->op_count; i++)
		if (d->ops[i].field == field && d->ops[i].kind != OP_NOTE && d->ops[i].kind != OP_REMOVE)
			return &d->ops[i];
	return NULL;
}

static bool
read_id(struct bytes value, uint8_t out[16])
{
	struct rd r = rd_init(value);

	rd_bin(&r, out, 16);
	return rd_end(&r);
}

void
draft_group(struct draft *d, const struct record *now)
{
	const struct draft_op *op;
	struct group_id named;

	memcpy(d->group.b, d->record.b, sizeof(d->group.b));
	switch (d->type->group) {
	case GROUP_OWN:
		return;
	case GROUP_OPEN: /* proto/profile.md, 3: "The group of every open record is 16 zero bytes." */
		memset(d->group.b, 0, sizeof(d->group.b));
		return;
	case GROUP_OF_REF:
		break;
	}
	/* What a record was first put under holds: erasing that group must erase all of it. */
	if (now != NULL && record_type(now) != 0) {
		d->group = *record_group(now);
		return;
	}
	op = draft_op_on(d, d->type->group_field->number);
	if (op != NULL && read_id(draft_value(d, op), named.b))
		d->group = named;
}

void
draft_each_ref(const struct draft *d, bool (*cb)(void *ctx, const struct record_id *id), void *ctx)
{
	for (size_t i = 0; i < d->op_count; i++) {
		const struct draft_op *op = &d->ops[i];
		const struct profile_field *f = profile_field_numbered(d->type, op->field);
		struct record_id id;

		if (f != NULL && f->type == VT_REF && (op->kind == OP_SET || op->kind == OP_ADD) && read_id(draft_value(d, op), id.b) && !cb(ctx, &id))
			return;
	}
}

/* Sets and their removals name the dots of one element; a register all of the field; the rest nothing. */
static enum err_code
find_over(const struct draft *d, const struct draft_op *from, const struct record *now, struct op *op, struct err *err)
{
	struct bytes element = BYTES_NONE;
	struct dot *over = NULL;
	enum err_code rc;

	if (now == NULL || from->kind == OP_SUM || from->kind == OP_NOTE)
		return ERR_OK;
	if (from->kind == OP_ADD || from->kind == OP_REMOVE)
		element = draft_value(d, from);
	rc = record_over(now, from->field, element, &over, &op->over_count, err);
	op->over = over;
	return rc;
}

static enum err_code
encode_with(const struct draft *d, const struct record *now, struct change *c, struct op *ops, struct buf *out,
            struct err *err)
{
	size_t before = out->len;
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < d->op_count && rc == ERR_OK; i++) {
		ops[i].kind = d->ops[i].kind;
		ops[i].field = d->ops[i].field;
		ops[i].value = draft_value(d, &d->ops[i]);
		rc = find_over(d, &d->ops[i], now, &ops[i], err);
	}
	if (rc != ERR_OK)
		return rc;
	c->ops = ops;
	c->op_count = d->op_count;
	change_encode(out, c);
	if (!buf_ok(out))
		return err_plain(err, ERR_NO_MEMORY);
	if (out->len - before > CHANGE_BYTES_MAX)
		return err_set(err, ERR_INVALID, "%s: the change has %zu bytes, at most %d fit in one entry",
		               d->type->name, out->len - before, CHANGE_BYTES_MAX);
	return ERR_OK;
}

enum err_code
draft_encode(const struct draft *d, const struct record *now, uint32_t profile_version_, uint64_t hlc, struct buf *out,
             struct err *err)
{
	struct change c = {
		.v = CHANGE_V, .profile_version = profile_version_, .group = d->group, .record = d->record,
		.type = d->type->number, .hlc = hlc, .has_shown = d->has_shown, .shown_ms = d->shown_ms,
		.shown_offset_min = d->shown_offset_min, .has_import = d->has_import,
	};
	struct op *ops;
	enum err_code rc;

	if (d->op_count == 0)
		return err_set(err, ERR_INVALID, "%s: nothing to write", d->type->name);
	memcpy(c.import, d->import, sizeof(c.import));
	ops = mem_zero(d->op_count, sizeof(*ops));
	if (ops == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	rc = encode_with(d, now, &c, ops, out, err);
	for (size_t i = 0; i < d->op_count; i++)
		mem_free((void *)ops[i].over);
	mem_free(ops);
	return rc;
}
