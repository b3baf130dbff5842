/*
 * The two forms of a record: compact and local, and canonical.
 *
 * Values that came in one change share an origin (entry, hlc, author, shown).
 * The local form writes an origin once and then names it by how far back in
 * the last ORIGINS it stands; encoder and decoder keep the same ring, so
 * neither allocates for it.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "crdt/record_internal.h"

enum { LOCAL_FORM = 1, ORIGINS = 16, GROUP_IS_RECORD = 1, HAS_SHOWN = 1, CORRECTS = 1 };

struct place {
	uint8_t entry[16];
	uint64_t hlc;
	int64_t shown_ms;
	uint32_t author;
	int16_t shown_offset_min;
	bool has_shown;
};

struct ring {
	struct place at[ORIGINS];
	size_t count; /* of places written so far */
};

static void
put_varint(struct buf *out, uint64_t v)
{
	uint8_t b[10];
	size_t n = 0;

	while (v >= 0x80) {
		b[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	b[n++] = (uint8_t)v;
	buf_put(out, b, n);
}

static uint64_t
zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

static int64_t
unzigzag(uint64_t v)
{
	return (int64_t)((v >> 1) ^ (v & 1 ? UINT64_MAX : 0));
}

static bool
place_same(const struct place *a, const struct place *b)
{
	return memcmp(a->entry, b->entry, sizeof(a->entry)) == 0 && a->hlc == b->hlc && a->author == b->author &&
	       a->has_shown == b->has_shown &&
	       (!a->has_shown || (a->shown_ms == b->shown_ms && a->shown_offset_min == b->shown_offset_min));
}

static void
put_place(struct buf *out, struct ring *ring, const struct place *p)
{
	for (size_t back = 1; back <= ORIGINS && back <= ring->count; back++)
		if (place_same(&ring->at[(ring->count - back) % ORIGINS], p)) {
			put_varint(out, back);
			return;
		}
	put_varint(out, 0);
	buf_put(out, p->entry, sizeof(p->entry));
	buf_put_be64(out, p->hlc);
	put_varint(out, p->author);
	buf_put_u8(out, p->has_shown ? HAS_SHOWN : 0);
	if (p->has_shown) {
		put_varint(out, zigzag((int64_t)((uint64_t)p->shown_ms - (p->hlc >> 16))));
		put_varint(out, zigzag(p->shown_offset_min));
	}
	ring->at[ring->count++ % ORIGINS] = *p;
}

static void
put_value(struct buf *out, struct ring *ring, const struct value *v)
{
	struct place p = { .hlc = v->hlc, .author = v->author, .has_shown = v->has_shown, .shown_ms = v->shown_ms,
	                   .shown_offset_min = v->shown_offset_min };

	memcpy(p.entry, v->dot.entry, sizeof(p.entry));
	buf_put_u8(out, v->kind);
	put_place(out, ring, &p);
	put_varint(out, v->dot.op);
	put_varint(out, v->value.len);
	buf_put_bytes(out, v->value);
}

static void
put_note(struct buf *out, struct ring *ring, const struct note *n)
{
	struct place p = { .hlc = n->hlc, .author = n->author, .has_shown = n->has_shown, .shown_ms = n->shown_ms,
	                   .shown_offset_min = n->shown_offset_min };

	memcpy(p.entry, n->dot.entry, sizeof(p.entry));
	buf_put_u8(out, n->corrects_any ? CORRECTS : 0);
	put_place(out, ring, &p);
	put_varint(out, n->dot.op);
	buf_put(out, n->id, sizeof(n->id));
	if (n->corrects_any)
		buf_put(out, n->corrects, sizeof(n->corrects));
	put_varint(out, n->text.len);
	buf_put_bytes(out, n->text);
}

static size_t
fields_worth_keeping(const struct record *r)
{
	size_t count = 0;

	for (size_t i = 0; i < r->field_count; i++)
		count += r->fields[i].value_count + r->fields[i].gone_count > 0;
	return count;
}

void
record_encode(struct buf *out, const struct record *r)
{
	struct ring ring = { .count = 0 };
	bool own = memcmp(r->group.b, r->id.b, sizeof(r->id.b)) == 0;

	buf_put_u8(out, LOCAL_FORM);
	buf_put_u8(out, own ? GROUP_IS_RECORD : 0);
	if (!own)
		buf_put(out, r->group.b, sizeof(r->group.b));
	put_varint(out, r->type);
	buf_put_be64(out, r->hlc_first);
	put_varint(out, r->hlc_last - r->hlc_first);
	buf_put(out, r->first_entry, sizeof(r->first_entry));
	put_varint(out, fields_worth_keeping(r));
	for (size_t i = 0; i < r->field_count; i++) {
		const struct field *f = &r->fields[i];

		if (f->value_count + f->gone_count == 0)
			continue;
		field_sort(f);
		put_varint(out, f->number);
		put_varint(out, f->value_count);
		for (size_t k = 0; k < f->value_count; k++)
			put_value(out, &ring, &f->values[k]);
		put_varint(out, f->gone_count);
		for (size_t k = 0; k < f->gone_count; k++) {
			buf_put(out, f->gone[k].entry, sizeof(f->gone[k].entry));
			put_varint(out, f->gone[k].op);
		}
	}
	notes_sort(r);
	put_varint(out, r->note_count);
	for (size_t i = 0; i < r->note_count; i++)
		put_note(out, &ring, &r->notes[i]);
}

/* A reader of the local form. After a refusal everything reads as 0 and `bad` stays. */
struct local {
	const uint8_t *p, *end;
	bool bad;
	struct ring ring;
};

static struct bytes
get_bytes(struct local *in, size_t n)
{
	struct bytes s;

	if ((size_t)(in->end - in->p) < n) {
		in->bad = true;
		in->p = in->end;
		return BYTES_NONE;
	}
	s = BYTES(in->p, n);
	in->p += n;
	return s;
}

static void
get_fixed(struct local *in, uint8_t *out, size_t n)
{
	struct bytes s = get_bytes(in, n);

	if (s.p != NULL)
		memcpy(out, s.p, n);
	else
		memset(out, 0, n);
}

static uint8_t
get_u8(struct local *in, uint8_t max)
{
	uint8_t v;

	get_fixed(in, &v, 1);
	if (v > max)
		in->bad = true;
	return in->bad ? 0 : v;
}

/* Shortest form only: it costs nothing to ask, and damage shows sooner. */
static uint64_t
get_varint(struct local *in, uint64_t max)
{
	uint64_t v = 0;

	for (unsigned shift = 0;; shift += 7) { /* the tenth byte is the last */
		uint8_t b = get_u8(in, UINT8_MAX);

		if (shift == 63 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80) {
			if ((b == 0 && shift > 0) || v > max)
				break;
			return in->bad ? 0 : v;
		}
	}
	in->bad = true;
	return 0;
}

static uint64_t
get_be64(struct local *in)
{
	uint8_t b[8];

	get_fixed(in, b, sizeof(b));
	return be64_get(b);
}

static void
get_place(struct local *in, struct place *p)
{
	uint64_t back = get_varint(in, ORIGINS);

	memset(p, 0, sizeof(*p));
	if (back > in->ring.count)
		in->bad = true;
	if (in->bad)
		return;
	if (back > 0) {
		*p = in->ring.at[(in->ring.count - back) % ORIGINS];
		return;
	}
	get_fixed(in, p->entry, sizeof(p->entry));
	p->hlc = get_be64(in);
	p->author = (uint32_t)get_varint(in, UINT32_MAX);
	p->has_shown = get_u8(in, HAS_SHOWN) != 0;
	if (p->has_shown) {
		p->shown_ms = (int64_t)((uint64_t)unzigzag(get_varint(in, UINT64_MAX)) + (p->hlc >> 16));
		p->shown_offset_min = (int16_t)unzigzag(get_varint(in, UINT16_MAX));
	}
	in->ring.at[in->ring.count++ % ORIGINS] = *p;
}

static bool
known_kind(uint8_t kind)
{
	return kind == OP_SET || kind == OP_ADD || kind == OP_SUM || kind == OP_BLOB;
}

static bool
get_value(struct local *in, struct field *f)
{
	struct value *v = value_room(f);
	struct place p;

	if (v == NULL)
		return false;
	v->kind = get_u8(in, UINT8_MAX);
	get_place(in, &p);
	memcpy(v->dot.entry, p.entry, sizeof(p.entry));
	v->hlc = p.hlc;
	v->author = p.author;
	v->has_shown = p.has_shown;
	v->shown_ms = p.shown_ms;
	v->shown_offset_min = p.shown_offset_min;
	v->dot.op = (uint32_t)get_varint(in, UINT32_MAX);
	v->value = get_bytes(in, get_varint(in, SIZE_MAX));
	if (!known_kind(v->kind) || v->value.len == 0)
		in->bad = true;
	if (f->value_count > 0 && value_better(v, v - 1))
		f->sorted = false;
	f->value_count++;
	return true;
}

static bool
get_note(struct local *in, struct record *r)
{
	struct note *n = note_room(r);
	struct place p;

	if (n == NULL)
		return false;
	n->corrects_any = get_u8(in, CORRECTS) != 0;
	get_place(in, &p);
	memcpy(n->dot.entry, p.entry, sizeof(p.entry));
	n->hlc = p.hlc;
	n->author = p.author;
	n->has_shown = p.has_shown;
	n->shown_ms = p.shown_ms;
	n->shown_offset_min = p.shown_offset_min;
	n->dot.op = (uint32_t)get_varint(in, UINT32_MAX);
	get_fixed(in, n->id, sizeof(n->id));
	memset(n->corrects, 0, sizeof(n->corrects));
	if (n->corrects_any)
		get_fixed(in, n->corrects, sizeof(n->corrects));
	n->text = get_bytes(in, get_varint(in, SIZE_MAX));
	if (r->note_count > 0 && note_earlier(n, n - 1))
		r->notes_sorted = false;
	r->note_count++;
	return true;
}

/* How many follow; every one takes a byte or more, which bounds what a lie can make us allocate. */
static size_t
get_count(struct local *in)
{
	return get_varint(in, (uint64_t)(in->end - in->p));
}

static bool
get_field(struct local *in, struct record *r)
{
	uint32_t number = (uint32_t)get_varint(in, UINT32_MAX);
	struct field *f;
	size_t count;

	if (r->field_count > 0 && number <= r->fields[r->field_count - 1].number)
		in->bad = true;
	if (in->bad)
		return true;
	f = field_make(r, number);
	if (f == NULL)
		return false;
	count = get_count(in);
	for (size_t i = 0; i < count && !in->bad; i++)
		if (!get_value(in, f))
			return false;
	count = get_count(in);
	for (size_t i = 0; i < count && !in->bad; i++) {
		struct dot *d = gone_room(f);

		if (d == NULL)
			return false;
		get_fixed(in, d->entry, sizeof(d->entry));
		d->op = (uint32_t)get_varint(in, UINT32_MAX);
		f->gone_count++;
	}
	return true;
}

static void
get_head(struct local *in, struct record *r)
{
	uint8_t form = get_u8(in, LOCAL_FORM);

	if (form != LOCAL_FORM)
		in->bad = true;
	if (get_u8(in, GROUP_IS_RECORD) == GROUP_IS_RECORD)
		memcpy(r->group.b, r->id.b, sizeof(r->id.b));
	else
		get_fixed(in, r->group.b, sizeof(r->group.b));
	r->type = (uint32_t)get_varint(in, UINT32_MAX);
	r->hlc_first = get_be64(in);
	r->hlc_last = get_varint(in, UINT64_MAX - r->hlc_first) + r->hlc_first;
	get_fixed(in, r->first_entry, sizeof(r->first_entry));
}

enum err_code
record_decode(struct record *r, struct bytes in, struct err *err)
{
	uint8_t *own = arena_alloc(r, in.len); /* one copy; every value and text points into it */
	struct local local = { .bad = false, .ring = { .count = 0 } };
	size_t count;

	if (own == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (in.len > 0)
		memcpy(own, in.p, in.len);
	local.p = own;
	local.end = own + in.len;
	get_head(&local, r);
	count = get_count(&local);
	for (size_t i = 0; i < count && !local.bad; i++)
		if (!get_field(&local, r))
			return err_plain(err, ERR_NO_MEMORY);
	count = get_count(&local);
	for (size_t i = 0; i < count && !local.bad; i++)
		if (!get_note(&local, r))
			return err_plain(err, ERR_NO_MEMORY);
	if (local.bad || local.p != local.end)
		return err_set(err, ERR_DAMAGED, "a stored record is not in the form it must have");
	return ERR_OK;
}

static int
value_by_dot(const void *a, const void *b)
{
	const struct value *const *va = a, *const *vb = b;

	return dot_compare(&(*va)->dot, &(*vb)->dot);
}

static int
note_by_dot(const void *a, const void *b)
{
	const struct note *const *na = a, *const *nb = b;

	return dot_compare(&(*na)->dot, &(*nb)->dot);
}

/* Pointers to the items of an array in the order of `compare`; NULL when out of memory. */
static const void **
in_order(const void *array, size_t count, size_t item_bytes, int (*compare)(const void *, const void *))
{
	const void **order = mem_alloc((count + 1) * sizeof(*order));

	if (order == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		order[i] = (const uint8_t *)array + i * item_bytes;
	if (count > 1)
		qsort(order, count, sizeof(*order), compare);
	return order;
}

static void
canonical_field(struct buf *out, const struct field *f)
{
	const void **order = in_order(f->values, f->value_count, sizeof(*f->values), value_by_dot);

	if (order == NULL) {
		out->failed = true;
		return;
	}
	wr_array(out, 2);
	wr_uint(out, f->number);
	wr_array(out, f->value_count);
	for (size_t i = 0; i < f->value_count; i++) {
		const struct value *v = order[i];

		wr_array(out, 4);
		wr_bin(out, v->dot.entry, sizeof(v->dot.entry));
		wr_uint(out, v->dot.op);
		wr_uint(out, v->kind);
		buf_put_bytes(out, v->value);
	}
	mem_free(order);
}

static void
canonical_notes(struct buf *out, const struct record *r)
{
	const void **order = in_order(r->notes, r->note_count, sizeof(*r->notes), note_by_dot);

	if (order == NULL) {
		out->failed = true;
		return;
	}
	wr_array(out, r->note_count);
	for (size_t i = 0; i < r->note_count; i++) {
		const struct note *n = order[i];

		wr_array(out, 5);
		wr_bin(out, n->dot.entry, sizeof(n->dot.entry));
		wr_uint(out, n->dot.op);
		wr_bin(out, n->id, sizeof(n->id));
		wr_str(out, (const char *)n->text.p, n->text.len);
		if (n->corrects_any)
			wr_bin(out, n->corrects, sizeof(n->corrects));
		else
			wr_nil(out);
	}
	mem_free(order);
}

void
record_canonical(struct buf *out, const struct record *r)
{
	size_t count = record_field_count(r);

	wr_array(out, 5);
	wr_bin(out, r->id.b, sizeof(r->id.b));
	wr_uint(out, r->type);
	wr_bin(out, r->group.b, sizeof(r->group.b));
	wr_array(out, count);
	for (size_t i = 0; i < count; i++)
		canonical_field(out, &r->fields[r->live[i]]);
	canonical_notes(out, r);
}
