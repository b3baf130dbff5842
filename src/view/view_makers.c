/*
 * As bytes, in the order of rows:
 *
 *   (rise << 1 | import?) [import16 entry16] …     rise: above the row before, as a varint of 7 bits a byte
 *
 * A record is made by some ten entries, and a search through them costs less
 * than an index. Only a batch that brings many entries to a long list gets
 * one, so that it does not cost the square of their number.
 */
#include "view/view.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "view/view_internal.h"

enum { SHORT_LIST = 64, FEW_MORE = 8, ENCODED_BYTES_MAX = 10 + 16 + 16 };

bool
maker_next(struct bytes *rest, struct maker *m)
{
	uint64_t head = 0;
	unsigned shift = 0;
	uint8_t byte = 0x80;

	while (rest->len > 0 && shift < 64 && (byte & 0x80) != 0) {
		byte = *rest->p;
		*rest = BYTES(rest->p + 1, rest->len - 1);
		head |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	}
	m->has_import = (head & 1) != 0;
	if ((byte & 0x80) != 0 || (m->has_import && rest->len < sizeof(m->import) + sizeof(m->entry)))
		return false;
	m->row += head >> 1;
	if (m->has_import) {
		memcpy(m->import, rest->p, sizeof(m->import));
		memcpy(m->entry, rest->p + sizeof(m->import), sizeof(m->entry));
		*rest = BYTES(rest->p + 32, rest->len - 32);
	}
	return true;
}

static void
makers_clear(struct makers *m)
{
	table_free(m->by_row);
	table_free(m->by_import);
	m->by_row = m->by_import = NULL;
	m->count = 0;
}

void
makers_free(struct makers *m)
{
	makers_clear(m);
	mem_free(m->at);
	*m = (struct makers){ .at = NULL };
}

static enum err_code
index_one(struct makers *m, size_t i, struct err *err)
{
	uint64_t *row = table_put(m->by_row, &m->at[i].row);
	uint64_t *import = m->at[i].has_import ? table_put(m->by_import, m->at[i].import) : row;

	if (row == NULL || import == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	*row = *import = i;
	return ERR_OK;
}

enum err_code
makers_add(struct makers *m, const struct maker *one, struct err *err)
{
	struct maker *room = mem_room(m->at, m->count, &m->cap, sizeof(*room));

	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	m->at = room;
	room[m->count++] = *one;
	return m->by_row != NULL ? index_one(m, m->count - 1, err) : ERR_OK;
}

enum err_code
makers_decode(struct makers *m, struct bytes rows, size_t coming, struct err *err)
{
	struct maker one = { .row = 0 };
	enum err_code rc = ERR_OK;

	makers_clear(m);
	while (rc == ERR_OK && rows.len > 0)
		rc = maker_next(&rows, &one) ? makers_add(m, &one, err)
		                             : err_set(err, ERR_DAMAGED, "a row of the view is not in the form it must have");
	if (rc != ERR_OK || coming <= FEW_MORE || m->count + coming <= SHORT_LIST)
		return rc;
	m->by_row = table_new(sizeof(m->at->row));
	m->by_import = table_new(sizeof(m->at->import));
	if (m->by_row == NULL || m->by_import == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < m->count && rc == ERR_OK; i++)
		rc = index_one(m, i, err);
	return rc;
}

bool
makers_have(const struct makers *m, uint64_t row)
{
	if (m->by_row != NULL)
		return table_get(m->by_row, &row) != NULL;
	for (size_t i = 0; i < m->count; i++)
		if (m->at[i].row == row)
			return true;
	return false;
}

const struct maker *
makers_of_import(const struct makers *m, const uint8_t import[16])
{
	if (m->by_import != NULL) {
		const uint64_t *at = table_get(m->by_import, import);

		return at != NULL ? &m->at[*at] : NULL;
	}
	for (size_t i = 0; i < m->count; i++)
		if (m->at[i].has_import && memcmp(m->at[i].import, import, sizeof(m->at[i].import)) == 0)
			return &m->at[i];
	return NULL;
}

enum err_code
makers_replace(struct makers *m, const struct maker *old, const struct maker *by, struct err *err)
{
	size_t i = (size_t)(old - m->at);

	if (m->by_row != NULL)
		(void)table_del(m->by_row, &old->row);
	m->at[i] = *by;
	return m->by_row != NULL ? index_one(m, i, err) : ERR_OK;
}

static int
row_order(const void *a, const void *b)
{
	const struct maker *x = a, *y = b;

	return (x->row > y->row) - (x->row < y->row);
}

void
makers_sort(struct makers *m)
{
	size_t i = 1;

	while (i < m->count && m->at[i - 1].row < m->at[i].row)
		i++;
	if (i >= m->count)
		return; /* entries of one log come in order */
	table_free(m->by_row);
	table_free(m->by_import);
	m->by_row = m->by_import = NULL;
	qsort(m->at, m->count, sizeof(*m->at), row_order);
}

void
makers_encode(struct buf *out, const struct makers *m)
{
	uint64_t before = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct maker *one = &m->at[i];
		uint64_t head = (one->row - before) << 1 | one->has_import;
		uint8_t bytes[ENCODED_BYTES_MAX];
		size_t len = 0;

		assert(one->row >= before && one->row >> 63 == 0);
		before = one->row;
		for (; head > 0x7f; head >>= 7)
			bytes[len++] = (uint8_t)(head | 0x80);
		bytes[len++] = (uint8_t)head;
		if (one->has_import) {
			memcpy(bytes + len, one->import, sizeof(one->import));
			memcpy(bytes + len + sizeof(one->import), one->entry, sizeof(one->entry));
			len += sizeof(one->import) + sizeof(one->entry);
		}
		buf_put(out, bytes, len);
	}
}
