/*
 * A workbook read: its index, its shared text, its sheets, each a part of XML
 * that goes past once. A part may hold what it likes: what becomes a cell is
 * counted, the depth is bounded, and a document type is refused, since nothing
 * honest has one and entities are how small files grow large.
 */
#include "exchange/book_internal.h"

#include <expat.h>
#include <stdio.h>

#include "base/mem.h"
#include "exchange/archive.h"

enum { DEPTH_MAX = 64, STRINGS_MAX = 200000, TEXT_BYTES_MAX = 64 * 1024, RELS_MAX = 1000 };

struct rel { char *id, *target; };
struct found { char *name, *rel; };

struct reader {
	struct book *book;
	struct archive *archive;
	struct err *err;
	enum err_code rc;
	XML_Parser parser;
	char **strings;
	size_t string_count, string_cap;
	struct rel *rels;
	size_t rel_count, rel_cap;
	struct found *found;
	size_t found_count, found_cap;
	struct sheet *sheet;
	struct buf text;         /* of the cell or string under way */
	bool in_text, phonetic;
	char kind;               /* s shared, i inline, b bool, e error, else as it stands */
	uint32_t row, col;
	int depth;
};

static void
stop(struct reader *r, enum err_code rc)
{
	if (r->rc == ERR_OK)
		r->rc = rc;
	XML_StopParser(r->parser, XML_FALSE);
}

static const char *
local(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon == NULL ? name : colon + 1;
}

static const char *
attribute(const char **atts, const char *name)
{
	for (; *atts != NULL; atts += 2)
		if (strcmp(local(atts[0]), name) == 0)
			return atts[1];
	return NULL;
}

static void XMLCALL
on_doctype(void *ctx, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
	struct reader *r = ctx;

	(void)name, (void)system, (void)public, (void)internal;
	stop(r, err_set(r->err, ERR_MALFORMED, "a part of it declares a document type, which no workbook does"));
}

static void XMLCALL
on_text(void *ctx, const XML_Char *s, int len)
{
	struct reader *r = ctx;

	if (!r->in_text || r->phonetic)
		return;
	if (r->text.len + (size_t)len > TEXT_BYTES_MAX)
		stop(r, err_set(r->err, ERR_TOO_BIG, "a text in it has more than %d bytes", TEXT_BYTES_MAX));
	else
		buf_put(&r->text, s, (size_t)len);
}

static bool
deeper(struct reader *r)
{
	if (++r->depth <= DEPTH_MAX)
		return true;
	stop(r, err_set(r->err, ERR_MALFORMED, "a part of it is nested deeper than %d", DEPTH_MAX));
	return false;
}

/* ---- the index ---- */

static void XMLCALL
index_start(void *ctx, const XML_Char *name, const XML_Char **atts)
{
	struct reader *r = ctx;
	const char *title = attribute(atts, "name"), *id = attribute(atts, "id");
	struct found *grown;

	if (!deeper(r) || strcmp(local(name), "sheet") != 0 || title == NULL || id == NULL)
		return;
	if (r->found_count == BOOK_SHEETS_MAX) {
		stop(r, err_set(r->err, ERR_TOO_BIG, "it has more than %d sheets", BOOK_SHEETS_MAX));
		return;
	}
	grown = mem_room(r->found, r->found_count, &r->found_cap, sizeof(*grown));
	if (grown != NULL) {
		r->found = grown;
		grown[r->found_count] = (struct found){ mem_strdup(title), mem_strdup(id) };
		if (grown[r->found_count].name != NULL && grown[r->found_count++].rel != NULL)
			return;
	}
	stop(r, err_plain(r->err, ERR_NO_MEMORY));
}

static void XMLCALL
rels_start(void *ctx, const XML_Char *name, const XML_Char **atts)
{
	struct reader *r = ctx;
	const char *id = attribute(atts, "Id"), *target = attribute(atts, "Target");
	struct rel *grown;

	if (!deeper(r) || strcmp(local(name), "Relationship") != 0 || id == NULL || target == NULL || r->rel_count == RELS_MAX)
		return;
	grown = mem_room(r->rels, r->rel_count, &r->rel_cap, sizeof(*grown));
	if (grown != NULL) {
		r->rels = grown;
		grown[r->rel_count] = (struct rel){ mem_strdup(id), mem_strdup(target) };
		if (grown[r->rel_count].id != NULL && grown[r->rel_count++].target != NULL)
			return;
	}
	stop(r, err_plain(r->err, ERR_NO_MEMORY));
}

static void XMLCALL
any_end(void *ctx, const XML_Char *name)
{
	struct reader *r = ctx;

	(void)name;
	r->depth--;
}

/* ---- shared text ---- */

static void XMLCALL
strings_start(void *ctx, const XML_Char *name, const XML_Char **atts)
{
	struct reader *r = ctx;
	const char *what = local(name);

	(void)atts;
	if (!deeper(r))
		return;
	if (strcmp(what, "si") == 0)
		buf_clear(&r->text);
	r->in_text = strcmp(what, "t") == 0;
	r->phonetic = r->phonetic || strcmp(what, "rPh") == 0;
}

static void XMLCALL
strings_end(void *ctx, const XML_Char *name)
{
	struct reader *r = ctx;
	const char *what = local(name);
	char **grown;

	r->depth--;
	r->in_text = false;
	if (strcmp(what, "rPh") == 0)
		r->phonetic = false;
	if (strcmp(what, "si") != 0)
		return;
	if (r->string_count == STRINGS_MAX) {
		stop(r, err_set(r->err, ERR_TOO_BIG, "it has more than %d texts", STRINGS_MAX));
		return;
	}
	grown = mem_room(r->strings, r->string_count, &r->string_cap, sizeof(*grown));
	if (grown != NULL) {
		r->strings = grown;
		grown[r->string_count] = buf_ok(&r->text) ? mem_strdup(buf_str(&r->text)) : NULL;
		if (grown[r->string_count] != NULL) {
			r->string_count++;
			return;
		}
	}
	stop(r, err_plain(r->err, ERR_NO_MEMORY));
}

/* ---- a sheet ---- */

/* "AB12" says where; without it a cell stands after the one before. */
static void
place(struct reader *r, const char *ref)
{
	uint32_t col = 0, row = 0;

	if (ref == NULL)
		return;
	for (; *ref >= 'A' && *ref <= 'Z' && col <= BOOK_COLS_MAX; ref++)
		col = col * 26 + (uint32_t)(*ref - 'A' + 1);
	for (; *ref >= '0' && *ref <= '9' && row <= BOOK_ROWS_MAX; ref++)
		row = row * 10 + (uint32_t)(*ref - '0');
	if (*ref != '\0' || col == 0 || row == 0) {
		stop(r, err_set(r->err, ERR_MALFORMED, "a cell of it stands nowhere"));
		return;
	}
	r->row = row - 1;
	r->col = col - 1;
}

static void XMLCALL
sheet_start(void *ctx, const XML_Char *name, const XML_Char **atts)
{
	struct reader *r = ctx;
	const char *what = local(name), *kind;

	if (!deeper(r))
		return;
	if (strcmp(what, "row") == 0) {
		const char *at = attribute(atts, "r");
		char ref[16];

		r->col = UINT32_MAX;
		if (at == NULL) {
			r->row++;
		} else {
			snprintf(ref, sizeof(ref), "A%.10s", at);
			place(r, ref);
			r->col = UINT32_MAX;
		}
	} else if (strcmp(what, "c") == 0) {
		kind = attribute(atts, "t");
		r->kind = kind == NULL ? 'n' : strcmp(kind, "str") == 0 ? 'f' : kind[0];
		r->col++;
		place(r, attribute(atts, "r"));
		buf_clear(&r->text);
	}
	r->in_text = strcmp(what, "v") == 0 || strcmp(what, "t") == 0;
	r->phonetic = r->phonetic || strcmp(what, "rPh") == 0;
}

static void
end_cell(struct reader *r)
{
	const char *text = buf_ok(&r->text) ? buf_str(&r->text) : NULL;
	size_t at = 0;

	if (text == NULL) {
		stop(r, err_plain(r->err, ERR_NO_MEMORY));
		return;
	}
	if (r->kind == 's' && *text != '\0') {
		for (const char *p = text; *p >= '0' && *p <= '9' && at < STRINGS_MAX; p++)
			at = at * 10 + (size_t)(*p - '0');
		if (at >= r->string_count) {
			stop(r, err_set(r->err, ERR_MALFORMED, "a cell of it names a text that is not there"));
			return;
		}
		text = r->strings[at];
	} else if (r->kind == 'b') {
		text = *text == '1' ? "TRUE" : "FALSE";
	}
	sheet_put(r->sheet, r->row, r->col, r->kind == 'n' ? CELL_NUMBER : CELL_TEXT, text);
	if (!book_ok(r->book))
		stop(r, err_set(r->err, ERR_TOO_BIG, "it has more than %d cells or %d columns, or they are not in order", BOOK_READ_CELLS_MAX, BOOK_COLS_MAX));
}

static void XMLCALL
sheet_end(void *ctx, const XML_Char *name)
{
	struct reader *r = ctx;
	const char *what = local(name);

	r->depth--;
	r->in_text = false;
	if (strcmp(what, "rPh") == 0)
		r->phonetic = false;
	if (strcmp(what, "c") == 0)
		end_cell(r);
}

/* ---- parts ---- */

static enum err_code
parse_part(struct reader *r, const char *part, XML_StartElementHandler start, XML_EndElementHandler end)
{
	struct buf xml = BUF_INIT;
	enum err_code rc = archive_part(r->archive, part, BOOK_PART_MAX, &xml, r->err);

	if (rc != ERR_OK)
		goto out;
	r->parser = XML_ParserCreate(NULL);
	if (r->parser == NULL) {
		rc = err_plain(r->err, ERR_NO_MEMORY);
		goto out;
	}
	r->rc = ERR_OK;
	r->depth = 0;
	r->in_text = r->phonetic = false;
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, start, end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	if (XML_Parse(r->parser, (const char *)xml.p, (int)xml.len, 1) != XML_STATUS_OK && r->rc == ERR_OK)
		r->rc = err_set(r->err, ERR_MALFORMED, "its part %.80s is not XML: line %lu: %s", part, (unsigned long)XML_GetCurrentLineNumber(r->parser),
		                XML_ErrorString(XML_GetErrorCode(r->parser)));
	XML_ParserFree(r->parser);
	rc = r->rc;
out:
	buf_free(&xml);
	return rc;
}

static enum err_code
read_sheet(struct reader *r, const struct found *f)
{
	char part[256];

	for (size_t i = 0; i < r->rel_count; i++) {
		const char *target = r->rels[i].target;

		if (strcmp(r->rels[i].id, f->rel) != 0)
			continue;
		snprintf(part, sizeof(part), "%s%.200s", *target == '/' ? "" : "xl/", *target == '/' ? target + 1 : target);
		r->sheet = book_add(r->book, f->name);
		r->row = UINT32_MAX;
		if (r->sheet == NULL)
			return err_plain(r->err, ERR_NO_MEMORY);
		return archive_has(r->archive, part) ? parse_part(r, part, sheet_start, sheet_end)
		                                     : err_set(r->err, ERR_MALFORMED, "its sheet %.40s is missing", f->name);
	}
	return err_set(r->err, ERR_MALFORMED, "its sheet %.40s stands nowhere", f->name);
}

static void
reader_free(struct reader *r)
{
	for (size_t i = 0; i < r->string_count; i++)
		mem_free(r->strings[i]);
	for (size_t i = 0; i < r->rel_count; i++) {
		mem_free(r->rels[i].id);
		mem_free(r->rels[i].target);
	}
	for (size_t i = 0; i < r->found_count; i++) {
		mem_free(r->found[i].name);
		mem_free(r->found[i].rel);
	}
	mem_free(r->strings);
	mem_free(r->rels);
	mem_free(r->found);
	buf_free(&r->text);
	archive_free(r->archive);
}

enum err_code
book_read_xlsx(struct book **out, struct bytes in, struct err *err)
{
	struct reader r = { .book = book_new(), .err = err };
	enum err_code rc;

	*out = NULL;
	rc = r.book == NULL ? err_plain(err, ERR_NO_MEMORY) : archive_open(&r.archive, in, err);
	if (rc != ERR_OK)
		goto out;
	r.book->cells_max = BOOK_READ_CELLS_MAX;
	if (!archive_has(r.archive, "xl/workbook.xml")) {
		rc = err_set(err, ERR_MALFORMED, "it is an archive, but not an .xlsx workbook");
		goto out;
	}
	if ((rc = parse_part(&r, "xl/workbook.xml", index_start, any_end)) != ERR_OK ||
	    (rc = parse_part(&r, "xl/_rels/workbook.xml.rels", rels_start, any_end)) != ERR_OK ||
	    (archive_has(r.archive, "xl/sharedStrings.xml") &&
	     (rc = parse_part(&r, "xl/sharedStrings.xml", strings_start, strings_end)) != ERR_OK))
		goto out;
	for (size_t i = 0; i < r.found_count && rc == ERR_OK; i++)
		rc = read_sheet(&r, &r.found[i]);
out:
	reader_free(&r);
	if (rc == ERR_OK)
		*out = r.book;
	else
		book_free(r.book);
	return rc;
}
