/*
 * One rule does all the merging: a value survives while no op has listed its
 * dot in `over`. What was superseded before it arrived waits in `gone`. The
 * rest (one value or many, conflict or set) is a matter of reading, so it can
 * not depend on the order of arrival.
 *
 * Nothing here sorts: values and notes are appended, and sorted when somebody
 * looks, so a batch of n notes costs n appends and one sort.
 */
#include "crdt/record.h"

#include <math.h>

#include "base/mem.h"
#include "base/plant.h"
#include "crdt/record_internal.h"

enum { CHUNK_BYTES_MIN = 2048, CHUNK_BYTES_KEPT_MAX = 1 << 20 };

struct record *
record_new(const struct record_id *id)
{
	struct record *r = mem_zero(1, sizeof(*r));

	if (r != NULL)
		record_reset(r, id);
	return r;
}

static void
chunks_free(struct chunk *c)
{
	while (c != NULL) {
		struct chunk *before = c->before;

		mem_free(c);
		c = before;
	}
}

/* The newest chunk is the largest: keeping that one alone makes the next record fit in one piece. */
static void
arena_reset(struct record *r)
{
	if (r->arena == NULL)
		return;
	chunks_free(r->arena->before);
	r->arena->before = NULL;
	r->arena->used = 0;
	if (r->arena->cap > CHUNK_BYTES_KEPT_MAX) {
		mem_free(r->arena);
		r->arena = NULL;
	}
}

void
record_reset(struct record *r, const struct record_id *id)
{
	for (size_t i = 0; i < r->field_count; i++) {
		r->fields[i].value_count = 0;
		r->fields[i].gone_count = 0;
	}
	r->field_count = 0;
	r->live_count = 0;
	r->live_known = true;
	r->note_count = 0;
	r->notes_sorted = true;
	r->type = 0;
	r->hlc_first = r->hlc_last = 0;
	memset(&r->group, 0, sizeof(r->group));
	memset(r->first_entry, 0, sizeof(r->first_entry));
	r->id = *id;
	arena_reset(r);
}

void
record_free(struct record *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->field_cap; i++) {
		mem_free(r->fields[i].values);
		mem_free(r->fields[i].gone);
	}
	mem_free(r->fields);
	mem_free(r->live);
	mem_free(r->notes);
	chunks_free(r->arena);
	mem_free(r);
}

void *
arena_alloc(struct record *r, size_t n)
{
	struct chunk *c = r->arena;
	void *p;

	if (c == NULL || c->cap - c->used < n) {
		size_t cap = c == NULL ? CHUNK_BYTES_MIN : c->cap * 2;

		if (cap < n)
			cap = n;
		c = mem_alloc(sizeof(*c) + cap);
		if (c == NULL)
			return NULL;
		c->before = r->arena;
		c->used = 0;
		c->cap = cap;
		r->arena = c;
	}
	p = c->bytes + c->used;
	c->used += n;
	return p;
}

/* The place of `number`, or where it would stand. */
static size_t
field_place(const struct record *r, uint32_t number)
{
	size_t low = 0, high = r->field_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->fields[mid].number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct field *
field_find(const struct record *r, uint32_t number)
{
	size_t at = field_place(r, number);

	return at < r->field_count && r->fields[at].number == number ? &r->fields[at] : NULL;
}

static bool
fields_grow(struct record *r)
{
	size_t cap = r->field_cap == 0 ? 16 : r->field_cap * 2;
	struct field *fields = mem_grow(r->fields, cap * sizeof(*fields));
	uint32_t *live;

	if (fields == NULL)
		return false;
	r->fields = fields;
	live = mem_grow(r->live, cap * sizeof(*live));
	if (live == NULL)
		return false;
	r->live = live;
	memset(fields + r->field_cap, 0, (cap - r->field_cap) * sizeof(*fields));
	r->field_cap = cap;
	return true;
}

struct field *
field_make(struct record *r, uint32_t number)
{
	size_t at = field_place(r, number);
	struct field spare;

	if (at < r->field_count && r->fields[at].number == number)
		return &r->fields[at];
	if (r->field_count == r->field_cap && !fields_grow(r))
		return NULL;
	spare = r->fields[r->field_count];
	memmove(&r->fields[at + 1], &r->fields[at], (r->field_count - at) * sizeof(spare));
	spare.number = number;
	spare.sorted = true;
	r->fields[at] = spare;
	r->field_count++;
	r->live_known = false;
	return &r->fields[at];
}

static bool
dot_same(const struct dot *a, const struct dot *b)
{
	return a->op == b->op && memcmp(a->entry, b->entry, sizeof(a->entry)) == 0;
}

static bool
field_is_gone(const struct field *f, const struct dot *d, size_t *at)
{
	for (size_t i = 0; i < f->gone_count; i++)
		if (dot_same(&f->gone[i], d)) {
			*at = i;
			return true;
		}
	return false;
}

struct value *
value_room(struct field *f)
{
	struct value *grown = mem_room(f->values, f->value_count, &f->value_cap, sizeof(*grown));

	if (grown == NULL)
		return NULL;
	f->values = grown;
	return &f->values[f->value_count];
}

struct dot *
gone_room(struct field *f)
{
	struct dot *grown = mem_room(f->gone, f->gone_count, &f->gone_cap, sizeof(*grown));

	if (grown == NULL)
		return NULL;
	f->gone = grown;
	return &f->gone[f->gone_count];
}

struct note *
note_room(struct record *r)
{
	struct note *grown = mem_room(r->notes, r->note_count, &r->note_cap, sizeof(*grown));

	if (grown == NULL)
		return NULL;
	r->notes = grown;
	return &r->notes[r->note_count];
}

/* The last value takes the place of the one that goes: order is restored by whoever looks. */
static bool
value_drop(struct field *f, const struct dot *d)
{
	for (size_t i = 0; i < f->value_count; i++)
		if (dot_same(&f->values[i].dot, d)) {
			f->values[i] = f->values[--f->value_count];
			f->sorted = f->sorted && i == f->value_count;
			return true;
		}
	return false;
}

static bool
supersede(struct record *r, struct field *f, const struct op *op)
{
	for (size_t i = PLANTED(6) && op->kind == OP_REMOVE ? op->over_count : 0; i < op->over_count; i++) {
		size_t at;
		struct dot *d;

		if (value_drop(f, &op->over[i]) || field_is_gone(f, &op->over[i], &at))
			continue;
		d = gone_room(f);
		if (d == NULL)
			return false;
		*d = op->over[i];
		f->gone_count++;
	}
	if (op->over_count > 0)
		r->live_known = false;
	return true;
}

static bool
copy_bytes(struct record *r, struct bytes from, struct bytes *to)
{
	uint8_t *p = arena_alloc(r, from.len);

	if (p == NULL)
		return false;
	if (from.len > 0)
		memcpy(p, from.p, from.len);
	*to = BYTES(p, from.len);
	return true;
}

static bool
value_add(struct record *r, struct field *f, const struct change *c, const struct op *op, const struct dot *dot,
          uint32_t author)
{
	struct value *v;
	size_t at;

	if (field_is_gone(f, dot, &at)) { /* a dot arrives once, so it need not be remembered any longer */
		f->gone[at] = f->gone[--f->gone_count];
		return true;
	}
	if (PLANTED(9) && op->field > 100)
		return true;
	if (PLANTED(4) && op->kind == OP_SET && f->value_count > 0 && f->values[0].hlc > c->hlc)
		return true;
	v = value_room(f);
	if (v == NULL || !copy_bytes(r, op->value, &v->value))
		return false;
	v->dot = *dot;
	v->hlc = c->hlc;
	v->has_shown = c->has_shown;
	v->shown_ms = c->shown_ms;
	v->shown_offset_min = c->shown_offset_min;
	v->kind = op->kind;
	v->author = author;
	f->sorted = f->value_count == 0;
	f->value_count++;
	r->live_known = false;
	return true;
}

static bool
note_add(struct record *r, const struct change *c, const struct op *op, const struct dot *dot, uint32_t author)
{
	struct rd rd = rd_init(op->value);
	struct note n = { .dot = *dot, .hlc = c->hlc, .author = author, .has_shown = c->has_shown,
	                  .shown_ms = c->shown_ms, .shown_offset_min = c->shown_offset_min };
	struct note *place;

	rd_array(&rd, 3);
	rd_bin(&rd, n.id, sizeof(n.id));
	n.text = rd_str(&rd, CHANGE_BYTES_MAX);
	if (!rd_nil(&rd)) {
		n.corrects_any = true;
		rd_bin(&rd, n.corrects, sizeof(n.corrects));
	}
	if (!rd_end(&rd)) /* proto/crdt.md, 4: "A known op whose value has the wrong form changes nothing." */
		return true;
	place = note_room(r);
	if (place == NULL || !copy_bytes(r, n.text, &n.text))
		return false;
	*place = n;
	r->note_count++;
	if (PLANTED(22) && n.id[0] < 32 && (place = note_room(r)) != NULL) {
		*place = n;
		r->note_count++;
	}
	r->notes_sorted = false;
	return true;
}

bool
piece_read(struct bytes value, struct piece *out)
{
	struct rd rd = rd_init(value);

	rd_array(&rd, 4);
	rd_bin(&rd, out->blob, sizeof(out->blob));
	out->index = (uint32_t)rd_uint(&rd, PIECES_MAX - 1);
	out->count = (uint32_t)rd_uint(&rd, PIECES_MAX);
	out->bytes = rd_bin_any(&rd, 0, CHANGE_BYTES_MAX);
	return rd_end(&rd) && out->index < out->count;
}

bool
number_read(struct bytes value, double *out)
{
	struct rd rd = rd_init(value);

	switch (rd_peek(&rd)) {
	case RD_UINT:
		*out = (double)rd_uint(&rd, UINT64_MAX);
		break;
	case RD_INT:
		*out = (double)rd_int(&rd);
		break;
	case RD_FLOAT:
		*out = rd_float(&rd);
		break;
	case RD_BAD: case RD_NIL: case RD_BOOL: case RD_STR: case RD_BIN: case RD_ARRAY: case RD_MAP:
		return false;
	}
	return rd_end(&rd) && isfinite(*out);
}

/* Has the value the form that its kind of op asks for? */
static bool
value_fits(const struct op *op)
{
	struct piece piece;
	double number;

	switch (op->kind) {
	case OP_SUM:
		return number_read(op->value, &number);
	case OP_BLOB:
		return piece_read(op->value, &piece);
	default: /* a number off the wire, not an enum: any value fits a register or a set */
		return true;
	}
}

static bool
apply_op(struct record *r, const struct change *c, const struct op *op, const struct dot *dot, uint32_t author)
{
	struct field *f;

	if (op->kind == OP_NOTE)
		return note_add(r, c, op, dot, author);
	if (op->kind > OP_CLEAR || op->kind == 0 || !value_fits(op))
		return true;
	f = field_make(r, op->field);
	if (f == NULL || !supersede(r, f, op))
		return false;
	if (op->kind == OP_REMOVE || op->kind == OP_CLEAR)
		return true;
	return value_add(r, f, c, op, dot, author);
}

/* Type and group are the first change's: a later one that says otherwise changes neither. */
static void
apply_head(struct record *r, const struct change *c, const struct origin *from)
{
	bool first = r->type == 0 || c->hlc < r->hlc_first ||
	             (c->hlc == r->hlc_first && memcmp(from->entry, r->first_entry, sizeof(r->first_entry)) < 0);

	if (first) {
		r->type = c->type;
		r->group = c->group;
		r->hlc_first = c->hlc;
		memcpy(r->first_entry, from->entry, sizeof(r->first_entry));
	}
	if (c->hlc > r->hlc_last)
		r->hlc_last = c->hlc;
}

enum err_code
record_apply(struct record *r, const struct change *c, const struct origin *from, struct err *err)
{
	struct dot dot;

	apply_head(r, c, from);
	memcpy(dot.entry, from->entry, sizeof(dot.entry));
	for (size_t i = 0; i < c->op_count; i++) {
		dot.op = (uint32_t)i;
		if (!apply_op(r, c, &c->ops[i], &dot, from->author))
			return err_plain(err, ERR_NO_MEMORY);
	}
	return ERR_OK;
}
