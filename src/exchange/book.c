/*
 * Cells stand in the order in which they were put, which is the order of a
 * page: whoever looks one up searches by halves.
 */
#include "exchange/book_internal.h"

#include <strings.h>

#include "base/mem.h"

struct book *
book_new(void)
{
	struct book *b = mem_zero(1, sizeof(*b));

	if (b != NULL)
		b->cells_max = BOOK_CELLS_MAX;
	return b;
}

void
book_free(struct book *b)
{
	for (size_t i = 0; b != NULL && i < b->count; i++) {
		struct sheet *s = b->sheets[i];

		for (size_t k = 0; k < s->count; k++)
			mem_free(s->cells[k].text);
		mem_free(s->cells);
		mem_free(s->name);
		mem_free(s);
	}
	mem_free(b);
}

size_t
book_count(const struct book *b)
{
	return b->count;
}

const struct sheet *
book_at(const struct book *b, size_t i)
{
	return b->sheets[i];
}

const struct sheet *
book_named(const struct book *b, const char *name)
{
	for (size_t i = 0; i < b->count; i++)
		if (strcasecmp(b->sheets[i]->name, name) == 0)
			return b->sheets[i];
	return NULL;
}

struct sheet *
book_add(struct book *b, const char *name)
{
	struct sheet *s = b->count < BOOK_SHEETS_MAX ? mem_zero(1, sizeof(*s)) : NULL;

	if (s != NULL) {
		s->book = b;
		s->name = mem_strdup(name);
	}
	if (s == NULL || s->name == NULL) {
		mem_free(s);
		b->failed = true;
		return NULL;
	}
	b->sheets[b->count++] = s;
	return s;
}

void
sheet_put(struct sheet *s, uint32_t row, uint32_t col, enum cell_kind kind, const char *text)
{
	struct cell *last = s == NULL || s->count == 0 ? NULL : &s->cells[s->count - 1];
	void *grown;

	if (s == NULL || s->book->failed || *text == '\0')
		return;
	if (row >= BOOK_ROWS_MAX || col >= BOOK_COLS_MAX || s->book->cells >= s->book->cells_max ||
	    (last != NULL && (last->row > row || (last->row == row && last->col >= col)))) {
		s->book->failed = true;
		return;
	}
	grown = mem_room(s->cells, s->count, &s->cap, sizeof(*s->cells));
	if (grown != NULL)
		s->cells = grown;
	text = grown == NULL ? NULL : mem_strdup(text);
	if (text == NULL) {
		s->book->failed = true;
		return;
	}
	s->cells[s->count++] = (struct cell){ row, col, kind, (char *)text };
	s->book->cells++;
	s->rows = row + 1 > s->rows ? row + 1 : s->rows;
	s->cols = col + 1 > s->cols ? col + 1 : s->cols;
}

bool
book_ok(const struct book *b)
{
	return !b->failed;
}

const char *
sheet_name(const struct sheet *s)
{
	return s->name;
}

uint32_t
sheet_rows(const struct sheet *s)
{
	return s->rows;
}

uint32_t
sheet_cols(const struct sheet *s)
{
	return s->cols;
}

const struct cell *
sheet_cell(const struct sheet *s, uint32_t row, uint32_t col)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct cell *c = &s->cells[mid];

		if (c->row == row && c->col == col)
			return c;
		if (c->row < row || (c->row == row && c->col < col))
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const char *
sheet_text(const struct sheet *s, uint32_t row, uint32_t col)
{
	const struct cell *c = sheet_cell(s, row, col);

	return c == NULL ? "" : c->text;
}

int64_t
date_days(const char *date)
{
	int64_t y = 0, m, d, era, yoe, doy;

	for (int i = 0; i < 4; i++)
		y = y * 10 + (date[i] - '0');
	m = (date[5] - '0') * 10 + (date[6] - '0');
	d = (date[8] - '0') * 10 + (date[9] - '0');
	y -= m <= 2; /* years that begin in March: the leap day is their last */
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468 + 25569;
}

/* ---- CSV ---- */

static void
csv_cell(struct buf *out, const struct cell *c, bool comma)
{
	bool formula;

	if (c == NULL)
		return;
	if (c->kind == CELL_NUMBER) {
		for (const char *p = c->text; *p != '\0'; p++)
			buf_put_u8(out, (uint8_t)(*p == '.' && comma ? ',' : *p));
		return;
	}
	/* What begins like a formula gets an apostrophe, which spreadsheets take as "this is text". */
	formula = strchr("=+-@\t\r", c->text[0]) != NULL;
	if (!formula && strpbrk(c->text, ";\"\r\n") == NULL) {
		buf_printf(out, "%s", c->text);
		return;
	}
	buf_put_u8(out, '"');
	if (formula)
		buf_put_u8(out, '\'');
	for (const char *p = c->text; *p != '\0'; p++)
		buf_put(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
	buf_put_u8(out, '"');
}

void
sheet_csv(struct buf *out, const struct sheet *s, bool comma)
{
	buf_put(out, "\xef\xbb\xbf", 3);
	for (uint32_t row = 0; row < s->rows; row++) {
		for (uint32_t col = 0; col < s->cols; col++) {
			if (col > 0)
				buf_put_u8(out, ';');
			csv_cell(out, sheet_cell(s, row, col), comma);
		}
		buf_put(out, "\r\n", 2);
	}
}

/* ---- HTML ---- */

void
xml_text(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&': buf_put(out, "&amp;", 5); break;
		case '<': buf_put(out, "&lt;", 4); break;
		case '>': buf_put(out, "&gt;", 4); break;
		case '"': buf_put(out, "&quot;", 6); break;
		default: buf_put_u8(out, (uint8_t)*text);
		}
}

static void
html_row(struct buf *out, const struct sheet *s, uint32_t row)
{
	const char *tag = row == 0 ? "th" : "td";

	buf_printf(out, "<tr>");
	for (uint32_t col = 0; col < s->cols; col++) {
		const struct cell *c = sheet_cell(s, row, col);

		buf_printf(out, "<%s%s><bdi>", tag, row == 0 ? " scope=\"col\"" : c != NULL && c->kind == CELL_NUMBER ? " class=\"n\"" : "");
		xml_text(out, c == NULL ? "" : c->text);
		buf_printf(out, "</bdi></%s>", tag);
	}
	buf_printf(out, "</tr>\n");
}

void
book_html(struct buf *out, const struct book *b, const char *title, const char *lang)
{
	buf_printf(out, "<!doctype html>\n<html lang=\"");
	xml_text(out, lang);
	buf_printf(out, "\"><head><meta charset=\"utf-8\"><title>");
	xml_text(out, title);
	buf_printf(out, "</title>\n<style>\nbody{font:10pt/1.4 sans-serif;margin:2em;color:#111}section{break-after:page}tr{break-inside:avoid}\n"
	           "table{border-collapse:collapse}th,td{text-align:start;vertical-align:top;padding:.2em .6em;border-bottom:1px solid #bbb;white-space:pre-line}\n"
	           ".n{text-align:end}thead{display:table-header-group}\n</style></head><body>\n<h1>");
	xml_text(out, title);
	buf_printf(out, "</h1>\n");
	for (size_t i = 0; i < b->count; i++) {
		const struct sheet *s = b->sheets[i];

		buf_printf(out, "<section><h2>");
		xml_text(out, s->name);
		buf_printf(out, "</h2>\n<table>\n");
		for (uint32_t row = 0; row < s->rows; row++) {
			buf_printf(out, row == 0 ? "<thead>" : row == 1 ? "<tbody>" : "");
			html_row(out, s, row);
			buf_printf(out, row == 0 ? "</thead>\n" : row + 1 == s->rows ? "</tbody>\n" : "");
		}
		buf_printf(out, "</table></section>\n");
	}
	buf_printf(out, "</body></html>\n");
}
