/*
 * Questions to a record. They take it as const and yet may sort it: order is
 * a cache, not a change, and every record comes from record_new(), so none is
 * really const.
 */
#include "crdt/record.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/plant.h"
#include "crdt/record_internal.h"

int
dot_compare(const struct dot *a, const struct dot *b)
{
	int order = memcmp(a->entry, b->entry, sizeof(a->entry));

	return order != 0 ? order : (a->op > b->op) - (a->op < b->op);
}

bool
value_better(const struct value *a, const struct value *b)
{
	return a->hlc != b->hlc ? a->hlc > b->hlc : dot_compare(&a->dot, &b->dot) > 0;
}

static int64_t
note_ms(const struct note *n)
{
	return n->has_shown ? n->shown_ms : (int64_t)(n->hlc >> 16);
}

bool
note_earlier(const struct note *a, const struct note *b)
{
	int64_t at_a = note_ms(a), at_b = note_ms(b);

	return at_a != at_b ? at_a < at_b : dot_compare(&a->dot, &b->dot) < 0;
}

static int
value_order(const void *a, const void *b)
{
	return value_better(a, b) ? -1 : value_better(b, a);
}

static int
note_order(const void *a, const void *b)
{
	return note_earlier(a, b) ? -1 : note_earlier(b, a);
}

void
field_sort(const struct field *f)
{
	struct field *cache = (struct field *)f;

	if (f->sorted)
		return;
	if (f->value_count > 1 && !PLANTED(23))
		qsort(cache->values, f->value_count, sizeof(*f->values), value_order);
	cache->sorted = true;
}

void
notes_sort(const struct record *r)
{
	struct record *cache = (struct record *)r;

	if (r->notes_sorted)
		return;
	if (r->note_count > 1 && !PLANTED(23))
		qsort(cache->notes, r->note_count, sizeof(*r->notes), note_order);
	cache->notes_sorted = true;
}

const struct record_id *
record_id_of(const struct record *r)
{
	return &r->id;
}

uint32_t
record_type(const struct record *r)
{
	return r->type;
}

const struct group_id *
record_group(const struct record *r)
{
	return &r->group;
}

uint64_t
record_hlc_first(const struct record *r)
{
	return r->hlc_first;
}

uint64_t
record_hlc_last(const struct record *r)
{
	return r->hlc_last;
}

/* Fields that have been emptied stay, for the dots they wait for, but nobody sees them. */
static void
find_live(const struct record *r)
{
	struct record *cache = (struct record *)r;

	if (r->live_known)
		return;
	cache->live_count = 0;
	for (size_t i = 0; i < r->field_count; i++)
		if (r->fields[i].value_count > 0)
			cache->live[cache->live_count++] = (uint32_t)i;
	cache->live_known = true;
}

size_t
record_field_count(const struct record *r)
{
	find_live(r);
	return r->live_count;
}

/* Ops of two kinds on one field only come of two profiles that disagree: the plainest reading wins. */
static enum field_kind
kind_of(const struct field *f)
{
	enum field_kind kind = FIELD_SUM;

	for (size_t i = 0; i < f->value_count; i++) {
		if (f->values[i].kind == OP_SET || f->values[i].kind == OP_BLOB)
			return FIELD_REGISTER;
		if (f->values[i].kind == OP_ADD)
			kind = FIELD_SET;
	}
	return kind;
}

uint32_t
record_field_at(const struct record *r, size_t i, enum field_kind *kind)
{
	const struct field *f;

	find_live(r);
	f = &r->fields[r->live[i]];
	if (kind != NULL)
		*kind = kind_of(f);
	return f->number;
}

const struct value *
record_values(const struct record *r, uint32_t field, size_t *count)
{
	const struct field *f = field_find(r, field);

	*count = 0;
	if (f == NULL || f->value_count == 0)
		return NULL;
	field_sort(f);
	*count = f->value_count;
	return f->values;
}

static bool
is_register(const struct value *v)
{
	return v->kind == OP_SET || v->kind == OP_BLOB;
}

/* Pieces of one blob are one value. */
static bool
same_value(const struct value *a, const struct value *b)
{
	struct piece pa, pb;

	if (a->kind == OP_BLOB && b->kind == OP_BLOB && piece_read(a->value, &pa) && piece_read(b->value, &pb))
		return memcmp(pa.blob, pb.blob, sizeof(pa.blob)) == 0;
	return a->kind == b->kind && bytes_equal(a->value, b->value);
}

static bool
field_conflict(const struct field *f)
{
	const struct value *first = NULL;

	for (size_t i = 0; i < f->value_count; i++) {
		if (!is_register(&f->values[i]))
			continue;
		if (first == NULL)
			first = &f->values[i];
		else if (!same_value(first, &f->values[i]))
			return true;
	}
	return false;
}

bool
record_field_conflict(const struct record *r, uint32_t field)
{
	const struct field *f = field_find(r, field);

	return f != NULL && field_conflict(f);
}

bool
record_has_conflict(const struct record *r)
{
	for (size_t i = 0; i < r->field_count; i++)
		if (field_conflict(&r->fields[i]))
			return true;
	return false;
}

/* Floating-point addition depends on its order, so the order is one that every node has: best first. */
double
record_sum(const struct record *r, uint32_t field)
{
	size_t count;
	const struct value *v = record_values(r, field, &count);
	double sum = 0, number;

	for (size_t i = 0; i < count; i++)
		if (v[i].kind == OP_SUM && number_read(v[i].value, &number))
			sum += number;
	return sum;
}

static bool
piece_at(const struct field *f, const struct piece *of, uint32_t index, struct piece *out)
{
	for (size_t i = 0; i < f->value_count; i++)
		if (f->values[i].kind == OP_BLOB && piece_read(f->values[i].value, out) && out->index == index &&
		    out->count == of->count && memcmp(out->blob, of->blob, sizeof(of->blob)) == 0)
			return true;
	return false;
}

static bool
blob_join(const struct field *f, const struct piece *of, struct buf *out)
{
	struct piece piece;

	for (uint32_t i = 0; i < of->count; i++)
		if (!piece_at(f, of, i, &piece))
			return false;
	for (uint32_t i = 0; i < of->count; i++) {
		(void)piece_at(f, of, i, &piece); /* it was there just now */
		buf_put_bytes(out, piece.bytes);
	}
	return true;
}

static bool
whole_value(struct bytes value, struct buf *out)
{
	struct rd rd = rd_init(value);
	struct bytes s;

	if (rd_peek(&rd) == RD_STR)
		s = rd_str(&rd, SIZE_MAX);
	else
		s = rd_bin_any(&rd, 0, SIZE_MAX);
	if (!rd_end(&rd))
		return false;
	buf_put_bytes(out, s);
	return true;
}

bool
record_blob(const struct record *r, uint32_t field, struct buf *out)
{
	const struct field *f = field_find(r, field);
	struct piece piece;

	if (f == NULL)
		return false;
	field_sort(f);
	for (size_t i = 0; i < f->value_count; i++) {
		const struct value *v = &f->values[i];

		if (v->kind == OP_SET && whole_value(v->value, out))
			return true;
		/* Piece 0 stands for its blob: no blob is tried twice, and none is complete without it. */
		if (v->kind == OP_BLOB && piece_read(v->value, &piece) && piece.index == 0 &&
		    blob_join(f, &piece, out))
			return true;
	}
	return false;
}

size_t
record_note_count(const struct record *r)
{
	return r->note_count;
}

const struct note *
record_note_at(const struct record *r, size_t i)
{
	notes_sort(r);
	return &r->notes[i];
}

enum err_code
record_over(const struct record *r, uint32_t field, struct bytes element, struct dot **out, size_t *count,
            struct err *err)
{
	size_t have;
	const struct value *v = record_values(r, field, &have);

	*out = NULL;
	*count = 0;
	if (have == 0)
		return ERR_OK;
	*out = mem_alloc(have * sizeof(**out));
	if (*out == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < have; i++)
		if (element.len == 0 || bytes_equal(v[i].value, element))
			(*out)[(*count)++] = v[i].dot;
	if (*count == 0) {
		mem_free(*out);
		*out = NULL;
	}
	return ERR_OK;
}
