/* RFC 4180 as it is found in the wild: three separators, three line ends, a byte order mark. */
#include "exchange/book_internal.h"

#include "base/mem.h"
#include "codec/strict.h"

static char
separator_of(struct bytes in)
{
	size_t counts[3] = { 0 };
	static const char kinds[3] = { ',', ';', '\t' };
	bool quoted = false;
	int best = 0;

	for (size_t i = 0; i < in.len && (quoted || in.p[i] != '\n'); i++) {
		quoted = quoted != (in.p[i] == '"');
		for (int k = 0; k < 3 && !quoted; k++)
			counts[k] += in.p[i] == (uint8_t)kinds[k];
	}
	for (int k = 1; k < 3; k++)
		if (counts[k] > 0 && counts[k] >= counts[best]) /* of a tie the rarer in text */
			best = k;
	return kinds[best];
}

/* One field from *at, its quotes undone; *at stands on what ended it. False: a quote that never closes. */
static bool
read_field(struct bytes in, size_t *at, char separator, struct buf *out)
{
	bool quoted = *at < in.len && in.p[*at] == '"';

	buf_clear(out);
	if (quoted)
		(*at)++;
	for (; *at < in.len; (*at)++) {
		uint8_t c = in.p[*at];

		if (quoted && c == '"') {
			if (*at + 1 < in.len && in.p[*at + 1] == '"')
				(*at)++;
			else {
				quoted = false;
				continue;
			}
		} else if (!quoted && (c == (uint8_t)separator || c == '\n' || c == '\r')) {
			break;
		}
		buf_put_u8(out, c);
	}
	return !quoted;
}

static enum err_code
read_rows(struct sheet *s, struct bytes in, struct err *err)
{
	char separator = separator_of(in);
	uint32_t row = 0, col = 0;
	struct buf field = BUF_INIT;
	size_t at = 0;

	while (at < in.len && book_ok(s->book)) {
		const char *text;

		if (!read_field(in, &at, separator, &field)) {
			buf_free(&field);
			return err_set(err, ERR_MALFORMED, "row %u: a quotation mark is not closed", row + 1);
		}
		text = buf_str(&field);
		if (text == NULL || memchr(field.p, '\0', field.len) != NULL || !utf8_valid(buf_bytes(&field))) {
			buf_free(&field);
			return err_set(err, ERR_MALFORMED, "row %u, column %u: is not UTF-8 text", row + 1, col + 1);
		}
		sheet_put(s, row, col, CELL_TEXT, text);
		if (at < in.len && in.p[at] == (uint8_t)separator) {
			col++;
			at++;
			continue;
		}
		if (at + 1 < in.len && in.p[at] == '\r' && in.p[at + 1] == '\n')
			at++;
		at++;
		row++;
		col = 0;
	}
	buf_free(&field);
	return ERR_OK;
}

enum err_code
book_read_csv(struct book **out, const char *name, struct bytes in, struct err *err)
{
	struct book *b = book_new();
	struct sheet *s;
	enum err_code rc;

	*out = NULL;
	if (b == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	b->cells_max = BOOK_READ_CELLS_MAX;
	if (in.len >= 3 && memcmp(in.p, "\xef\xbb\xbf", 3) == 0)
		in = BYTES(in.p + 3, in.len - 3);
	s = book_add(b, name);
	rc = s == NULL ? err_plain(err, ERR_NO_MEMORY) : read_rows(s, in, err);
	if (rc == ERR_OK && !book_ok(b))
		rc = err_set(err, ERR_TOO_BIG, "it has more than %d cells, or more than %d columns", BOOK_READ_CELLS_MAX, BOOK_COLS_MAX);
	if (rc == ERR_OK)
		*out = b;
	else
		book_free(b);
	return rc;
}
