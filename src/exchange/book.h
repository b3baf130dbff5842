/*
 * Sheets of cells, read from and written as what spreadsheets take.
 *
 *    .xlsx, .csv  ─ book_read_* ─>  book: sheets ─> cells  ─ book_xlsx, sheet_csv, book_html ─>  bytes
 *
 * A cell is text, a number or a date; an absent one reads as "". No formula
 * is ever written, and of one that is read the result stands. Bounds are in
 * proto/exchange.md, 1: whatever a file claims, no more than those is allocated.
 */
#ifndef FALTBOK_EXCHANGE_BOOK_H
#define FALTBOK_EXCHANGE_BOOK_H

#include "base/bytes.h"
#include "base/err.h"

/* proto/exchange.md, 1 */
enum { BOOK_SHEETS_MAX = 200, BOOK_CELLS_MAX = 2000000, BOOK_COLS_MAX = 4096, BOOK_ROWS_MAX = 1048576, BOOK_READ_CELLS_MAX = 200000,
       BOOK_PART_MAX = 32 << 20 };

enum cell_kind { CELL_TEXT, CELL_NUMBER, CELL_DATE };
struct cell { uint32_t row, col; enum cell_kind kind; char *text; /* a number with a point; a date as YYYY-MM-DD */ };
struct sheet;
struct book;

struct book *book_new(void); /* NULL when out of memory */
void book_free(struct book *b);
size_t book_count(const struct book *b);
const struct sheet *book_at(const struct book *b, size_t i);
const struct sheet *book_named(const struct book *b, const char *name); /* case folds; NULL */

/* A new sheet at the end, the book's. NULL when out of memory or full. */
struct sheet *book_add(struct book *b, const char *name);
/* In ascending order of row, then column. What does not fit any more is remembered: book_ok() tells. */
void sheet_put(struct sheet *s, uint32_t row, uint32_t col, enum cell_kind kind, const char *text);
bool book_ok(const struct book *b);

const char *sheet_name(const struct sheet *s);
uint32_t sheet_rows(const struct sheet *s), sheet_cols(const struct sheet *s);
const struct cell *sheet_cell(const struct sheet *s, uint32_t row, uint32_t col); /* NULL: empty */
const char *sheet_text(const struct sheet *s, uint32_t row, uint32_t col);        /* "" when empty */

/* ERR_MALFORMED, ERR_TOO_BIG with what and where. */
enum err_code book_read_xlsx(struct book **out, struct bytes in, struct err *err) MUST_CHECK;
/* RFC 4180 with comma, semicolon or tab, whichever the first line has most of; one sheet named `name`. */
enum err_code book_read_csv(struct book **out, const char *name, struct bytes in, struct err *err) MUST_CHECK;

/* The first row of every sheet is its heading. */
enum err_code book_xlsx(struct buf *out, const struct book *b, struct err *err) MUST_CHECK;
/* As Swedish Excel opens it: byte order mark, semicolons, CRLF, a decimal comma if asked for, and no formula. */
void sheet_csv(struct buf *out, const struct sheet *s, bool comma);
/* Every sheet as a table, to print. */
void book_html(struct buf *out, const struct book *b, const char *title, const char *lang);

#endif
