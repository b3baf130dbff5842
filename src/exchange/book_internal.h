/* The inside of a book, for those who read and write its forms. */
#ifndef FALTBOK_EXCHANGE_BOOK_INTERNAL_H
#define FALTBOK_EXCHANGE_BOOK_INTERNAL_H

#include "exchange/book.h"

struct sheet { struct book *book; char *name; struct cell *cells; size_t count, cap; uint32_t rows, cols; };
struct book { struct sheet *sheets[BOOK_SHEETS_MAX]; size_t count, cells, cells_max; bool failed; };

int64_t date_days(const char *date); /* YYYY-MM-DD as days since 1899-12-30, a spreadsheet's first */
void xml_text(struct buf *out, const char *text);

#endif
