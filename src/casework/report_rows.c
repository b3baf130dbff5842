/*
 * Records become rows of small numbers: each value that a line asks for is a
 * word of one dictionary, a ref is the word of the id it names. So a line
 * over 100,000 visits compares numbers. Rows are sorted by id: sums of
 * decimals then come out the same wherever the records came from.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "casework/marks.h"
#include "casework/report_internal.h"
#include "codec/strict.h"

/* ---- one record ---- */

struct loading { struct store *s; struct rows *rows; const struct report_source *source; bool failed; };

static bool
pool_put(struct store *s, uint32_t v)
{
	uint32_t *more = mem_room(s->pool, s->pool_count, &s->pool_cap, sizeof(*more));

	if (more == NULL)
		return false;
	s->pool = more;
	s->pool[s->pool_count++] = v;
	return true;
}

static bool
set_has(const struct store *s, size_t from, uint32_t word)
{
	for (size_t i = from; i < s->pool_count; i++)
		if (s->pool[i] == word)
			return true;
	return false;
}

static bool
set_cell(struct store *s, const struct value *v, size_t count, uint32_t *out)
{
	size_t at = s->pool_count;

	*out = 0;
	if (count == 0)
		return true;
	if (!pool_put(s, 0))
		return false;
	for (size_t i = 0; i < count; i++) {
		uint32_t word = v[i].kind == OP_ADD ? value_word(&s->words, v[i].value) : 0;

		if (word != 0 && !set_has(s, at + 1, word) && !pool_put(s, word))
			return false;
	}
	s->pool[at] = (uint32_t)(s->pool_count - at - 1);
	*out = (uint32_t)at;
	return true;
}

/* proto/report.md, 5: whose changes are in it, and until when. */
static bool
note_author(struct store *s, uint32_t author, uint64_t hlc)
{
	if (author >= s->author_count) {
		size_t count = (size_t)author + 64;
		uint64_t *more = mem_grow(s->author_last, count * sizeof(*more));

		if (more == NULL)
			return false;
		memset(more + s->author_count, 0, (count - s->author_count) * sizeof(*more));
		s->author_last = more;
		s->author_count = count;
	}
	if (s->author_last[author] < hlc)
		s->author_last[author] = hlc;
	return true;
}

/* The display value: of several in conflict the best, which stands first (proto/crdt.md, 4). */
static bool
fill_cell(struct store *s, const struct record *r, const struct profile_field *f, uint32_t *out)
{
	size_t count;
	const struct value *v = record_values(r, f->number, &count);

	*out = 0;
	for (size_t i = 0; i < count; i++)
		if (!note_author(s, v[i].author, v[i].hlc))
			return false;
	if (f->shape == SHAPE_SUM) {
		if (count > 0)
			*out = number_word(&s->words, record_sum(r, f->number));
		return true;
	}
	if (f->shape == SHAPE_SET)
		return set_cell(s, v, count, out);
	for (size_t i = 0; i < count && *out == 0; i++)
		if (v[i].kind == OP_SET)
			*out = value_word(&s->words, v[i].value);
	return true;
}

/* Does another stand for it? Then its id means the other's, and it counts nowhere. */
static bool
is_alias(struct loading *l, const struct record *r)
{
	struct store *s = l->s;
	struct record_id other;
	struct alias *more;
	char hex[33];

	if (l->source->same_as == NULL || !record_merged_into(r, &other))
		return false;
	l->source->same_as(l->source->ctx, record_id_of(r), &other);
	if (memcmp(other.b, record_id_of(r)->b, sizeof(other.b)) == 0) /* the end of a circle */
		return false;
	more = mem_room(s->alias, s->alias_count, &s->alias_cap, sizeof(*more));
	l->failed = more == NULL;
	if (l->failed)
		return true;
	s->alias = more;
	more = &s->alias[s->alias_count++];
	more->id = word_of(&s->words, hex_encode(hex, record_id_of(r)->b, 16), 32, 0);
	more->is = word_of(&s->words, hex_encode(hex, other.b, 16), 32, 0);
	l->failed = more->id == 0 || more->is == 0;
	return true;
}

static bool
load_record(void *ctx, const struct record *r)
{
	struct loading *l = ctx;
	struct rows *rows = l->rows;
	uint32_t *row;
	char hex[33];

	if (is_alias(l, r))
		return !l->failed;
	if (rows->count == rows->cap) {
		size_t cap = rows->cap == 0 ? 64 : rows->cap * 2;
		uint32_t *more = mem_grow(rows->cells, cap * rows->width * sizeof(*more));

		l->failed = more == NULL;
		if (l->failed)
			return false;
		rows->cells = more;
		rows->cap = cap;
	}
	row = rows->cells + rows->count * rows->width;
	memcpy(row, record_id_of(r)->b, 16);
	row[ROW_OWN] = word_of(&l->s->words, hex_encode(hex, record_id_of(r)->b, 16), 32, 0);
	l->failed = row[ROW_OWN] == 0;
	for (size_t i = 0; i < rows->type->field_count && !l->failed; i++)
		if (rows->place[i] != FIELD_UNUSED)
			l->failed = !fill_cell(l->s, r, &rows->type->fields[i], &row[rows->place[i]]);
	rows->count++;
	rows->conflicts += record_has_conflict(r);
	return !l->failed;
}

/* ---- which fields ---- */

struct rows *
store_rows(const struct store *s, const struct profile_type *t)
{
	return &s->types[t - profile_type_at(s->profile, 0)];
}

static void
want_field(struct store *s, const struct profile_type *t, const struct profile_field *f)
{
	struct rows *rows = store_rows(s, t);
	size_t at = (size_t)(f - t->fields);

	rows->wanted = true;
	if (rows->place[at] == FIELD_UNUSED)
		rows->place[at] = (uint32_t)rows->width++;
}

static void
want_path(struct store *s, const struct profile_type *t, const struct report_path *p)
{
	for (size_t i = 0; i < p->count && t != NULL; i++) {
		struct rows *rows = store_rows(s, t);

		want_field(s, t, p->step[i]);
		t = p->step[i]->ref_type == NULL ? NULL : profile_type_named(s->profile, p->step[i]->ref_type);
		if (t == NULL)
			break;
		store_rows(s, t)->wanted = true;
		rows->target[p->step[i] - rows->type->fields] = store_rows(s, t);
	}
}

static void
want_conditions(struct store *s, const struct profile_type *t, const struct report_condition *c, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		want_path(s, t, &c[i].path);
		if (c[i].kind == RC_ACTIVE) {
			want_field(s, c[i].active.type, c[i].active.ref);
			want_field(s, c[i].active.type, c[i].active.date);
			want_field(s, c[i].active.type, c[i].active.sum);
		}
	}
}

static void
want_line(struct store *s, const struct report_line *l)
{
	if (l->type == NULL)
		return;
	store_rows(s, l->type)->wanted = true;
	for (size_t i = 0; i < l->date_count; i++)
		want_path(s, l->type, &l->date[i]);
	want_path(s, l->type, &l->from);
	want_path(s, l->type, &l->to);
	want_path(s, l->type, &l->group);
	want_path(s, l->type, &l->field);
	for (size_t i = 0; i < l->field_count; i++)
		want_path(s, l->type, &l->fields[i]);
	want_conditions(s, l->type, l->where, l->where_count);
	want_conditions(s, l->type, l->having, l->having_count);
}

static void
want_report(struct store *s, const struct report_def *d, bool by_site)
{
	for (size_t i = 0; i < d->line_count; i++)
		want_line(s, &d->lines[i]);
	for (size_t i = 0; i < d->completeness_count; i++)
		want_line(s, &d->completeness[i]);
	for (size_t i = 0; i < d->header_count; i++)
		want_line(s, &d->header[i]);
	for (size_t i = 0; i < d->site_count && by_site; i++)
		want_path(s, d->sites[i].type, &d->sites[i].path);
}

static enum err_code
store_init(struct store *s, const struct report_ask *ask)
{
	s->profile = ask->profile;
	s->type_count = profile_type_count(ask->profile);
	s->types = mem_zero(s->type_count, sizeof(*s->types));
	if (s->types == NULL || !pool_put(s, 0)) /* place 0 of the pool is the empty set */
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < s->type_count; i++) {
		s->types[i].type = profile_type_at(ask->profile, i);
		s->types[i].width = ROW_FIELDS;
		s->types[i].place = mem_zero(s->types[i].type->field_count + 1, sizeof(uint32_t));
		s->types[i].target = mem_zero(s->types[i].type->field_count + 1, sizeof(struct rows *));
		if (s->types[i].place == NULL || s->types[i].target == NULL)
			return ERR_NO_MEMORY;
	}
	want_report(s, ask->def, ask->site != NULL);
	for (size_t i = 0; i < ask->past_count; i++) /* earlier runs are counted again */
		want_report(s, ask->past[i].def, ask->past[i].site != NULL);
	return ERR_OK;
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

/* Ids have one type each; the first type that holds it wins, which a damaged log alone could make matter. */
static bool
place_rows(struct store *s)
{
	s->row_at_count = s->words.count;
	s->row_at = mem_zero(s->words.count + 1, sizeof(*s->row_at));
	if (s->row_at == NULL)
		return false;
	for (size_t t = 0; t < s->type_count; t++) {
		struct rows *rows = &s->types[t];

		if (rows->count > 0)
			qsort(rows->cells, rows->count, rows->width * sizeof(*rows->cells), by_id);
		for (size_t i = 0; i < rows->count; i++)
			s->row_at[rows->cells[i * rows->width + ROW_OWN]] = (uint32_t)(i + 1);
	}
	return true;
}

/* ---- whoever names a record that was merged means the one it stands for ---- */

static int
by_alias(const void *a, const void *b)
{
	const struct alias *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static uint32_t
meant(const struct store *s, uint32_t word)
{
	struct alias key = { word, 0 };
	const struct alias *found = bsearch(&key, s->alias, s->alias_count, sizeof(*s->alias), by_alias);

	return found == NULL ? word : found->is;
}

/* Two names of one become one. */
static void
mean_in_set(struct store *s, uint32_t at)
{
	uint32_t count = s->pool[at], kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t word = meant(s, s->pool[at + 1 + i]);
		bool known = false;

		for (uint32_t k = 0; k < kept; k++)
			known = known || s->pool[at + 1 + k] == word;
		if (!known)
			s->pool[at + 1 + kept++] = word;
	}
	s->pool[at] = kept;
}

static void
follow_aliases(struct store *s)
{
	if (s->alias_count == 0)
		return;
	qsort(s->alias, s->alias_count, sizeof(*s->alias), by_alias);
	for (size_t t = 0; t < s->type_count; t++) {
		struct rows *rows = &s->types[t];

		for (size_t f = 0; f < rows->type->field_count; f++) {
			const struct profile_field *field = &rows->type->fields[f];

			if (field->type != VT_REF || rows->place[f] == FIELD_UNUSED)
				continue;
			for (size_t i = 0; i < rows->count; i++) {
				uint32_t *cell = &rows->cells[i * rows->width + rows->place[f]];

				if (field->shape == SHAPE_SET)
					mean_in_set(s, *cell);
				else
					*cell = meant(s, *cell);
			}
		}
	}
}

/* ---- supposed records ---- */

enum { SUPPOSE_UP_TO = 2000, SUPPOSE_ROWS = 64, SUPPOSE_EACH = 8 };

static bool
suppose_one(struct rows *rows, size_t like, size_t other, uint32_t place)
{
	uint32_t *row = rows->cells + (rows->count + rows->supposed) * rows->width;

	memcpy(row, rows->cells + like * rows->width, rows->width * sizeof(*row));
	row[place] = rows->cells[other * rows->width + place];
	if (row[place] == rows->cells[like * rows->width + place])
		return false;
	rows->like[rows->supposed++] = (uint32_t)like;
	return true;
}

/* Many records differ enough by themselves. */
static bool
suppose(struct rows *rows)
{
	size_t n = rows->count, most = (rows->width - ROW_FIELDS) * SUPPOSE_ROWS * SUPPOSE_EACH;
	size_t step = n > SUPPOSE_ROWS ? n / SUPPOSE_ROWS : 1;
	uint32_t *more;

	if (n < 2 || n > SUPPOSE_UP_TO || most == 0)
		return true;
	more = mem_grow(rows->cells, (n + most + 1) * rows->width * sizeof(*more));
	if (more == NULL)
		return false;
	rows->cells = more;
	rows->like = mem_zero(most + 1, sizeof(*rows->like));
	rows->ruled_out = mem_zero(most + 1, 1);
	if (rows->like == NULL || rows->ruled_out == NULL)
		return false;
	for (uint32_t place = ROW_FIELDS; place < rows->width; place++)
		for (size_t i = 0, taken = 0; i < n && taken < SUPPOSE_ROWS; i += step, taken++)
			for (size_t k = 0; k < SUPPOSE_EACH; k++)
				(void)suppose_one(rows, i, (i + 1 + 37 * k) % n, place);
	return true;
}

static bool
load_any(void *ctx, const struct record *r)
{
	struct loading *l = ctx;
	const struct profile_type *t = profile_type_numbered(l->s->profile, record_type(r));

	if (t == NULL || !store_rows(l->s, t)->wanted)
		return true;
	l->rows = store_rows(l->s, t);
	return load_record(l, r);
}

static enum err_code
load_all(struct store *s, const struct report_source *source, struct err *err)
{
	struct loading l = { s, NULL, source, false };
	enum err_code rc = ERR_OK;

	if (source->all != NULL)
		rc = source->all(source->ctx, load_any, &l, err);
	for (size_t i = 0; source->all == NULL && i < s->type_count && rc == ERR_OK && !l.failed; i++) {
		l.rows = &s->types[i];
		if (s->types[i].wanted)
			rc = source->each(source->ctx, s->types[i].type->number, load_record, &l, err);
	}
	return rc == ERR_OK && (l.failed || s->words.failed) ? err_plain(err, ERR_NO_MEMORY) : rc;
}

enum err_code
store_load(struct store *s, const struct report_ask *ask, const struct report_source *source, struct err *err)
{
	if (store_init(s, ask) != ERR_OK)
		return err_plain(err, ERR_NO_MEMORY);
	if (load_all(s, source, err) != ERR_OK)
		return err->code;
	follow_aliases(s);
	if (!place_rows(s))
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < s->type_count; i++)
		if (!suppose(&s->types[i]))
			return err_plain(err, ERR_NO_MEMORY);
	return ERR_OK;
}

void
store_free(struct store *s)
{
	for (size_t i = 0; i < s->type_count && s->types != NULL; i++) {
		mem_free(s->types[i].place);
		mem_free(s->types[i].target);
		mem_free(s->types[i].cells);
		mem_free(s->types[i].like);
		mem_free(s->types[i].ruled_out);
	}
	mem_free(s->types);
	mem_free(s->alias);
	mem_free(s->author_last);
	mem_free(s->pool);
	mem_free(s->row_at);
	mem_free(s->words.at);
	mem_free(s->words.number);
	mem_free(s->words.slots);
	buf_wipe(&s->words.text);
}

size_t
store_row(const struct store *s, const struct rows *of, uint32_t word)
{
	size_t row;

	if (word == 0 || word >= s->row_at_count || s->row_at[word] == 0)
		return SIZE_MAX;
	row = s->row_at[word] - 1;
	return row < of->count && of->cells[row * of->width + ROW_OWN] == word ? row : SIZE_MAX;
}

uint32_t
store_follow(const struct store *s, const struct profile_type *t, size_t row, const struct report_path *path)
{
	const struct rows *rows = store_rows(s, t);
	uint32_t word = 0;

	for (size_t i = 0; i < path->count; i++) {
		size_t field = (size_t)(path->step[i] - rows->type->fields);

		word = rows->cells[row * rows->width + rows->place[field]];
		if (i + 1 == path->count || word == 0)
			break;
		rows = rows->target[field];
		row = store_row(s, rows, word);
		if (row == SIZE_MAX)
			return 0;
	}
	return word;
}
