/*
 * A workbook in as few parts as spreadsheets accept. Text stands in its cell
 * (inlineStr), so that it can be nothing but text: what begins with "=" does too.
 */
#include "exchange/book_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "exchange/archive.h"

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define MAIN "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define RELS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE "http://schemas.openxmlformats.org/package/2006/"

enum { CELL_BYTES_MAX = 32000, NAME_CHARS_MAX = 31 }; /* what spreadsheets take */
enum { STYLE_PLAIN, STYLE_HEAD, STYLE_DATE };

static const char styles[] = XML "<styleSheet xmlns=\"" MAIN "\">"
	"<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font><font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>"
	"<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill></fills>"
	"<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
	"<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>"
	"<cellXfs count=\"3\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>"
	"<xf numFmtId=\"0\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyFont=\"1\"/>"
	"<xf numFmtId=\"14\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/></cellXfs>"
	"<cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles></styleSheet>";

static const char root_rels[] = XML "<Relationships xmlns=\"" PACKAGE "relationships\">"
	"<Relationship Id=\"rId1\" Type=\"" RELS "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";

static void
column_name(char out[8], uint32_t col)
{
	char back[8];
	int n = 0, k = 0;

	for (col++; col > 0; col = (col - 1) / 26)
		back[n++] = (char)('A' + (col - 1) % 26);
	while (n > 0)
		out[k++] = back[--n];
	out[k] = '\0';
}

static void
write_cell(struct buf *out, const struct cell *c)
{
	char col[8];
	size_t n = strlen(c->text);

	column_name(col, c->col);
	if (c->kind == CELL_DATE) {
		buf_printf(out, "<c r=\"%s%u\" s=\"%d\"><v>%lld</v></c>", col, c->row + 1, STYLE_DATE, (long long)date_days(c->text));
	} else if (c->kind == CELL_NUMBER) {
		buf_printf(out, "<c r=\"%s%u\"><v>%s</v></c>", col, c->row + 1, c->text);
	} else {
		char keep = '\0';

		if (n > CELL_BYTES_MAX) {
			for (n = CELL_BYTES_MAX; ((uint8_t)c->text[n] & 0xc0) == 0x80; n--)
				;
			keep = c->text[n];
			c->text[n] = '\0';
		}
		buf_printf(out, "<c r=\"%s%u\" s=\"%d\" t=\"inlineStr\"><is><t xml:space=\"preserve\">", col, c->row + 1, c->row == 0 ? STYLE_HEAD : STYLE_PLAIN);
		xml_text(out, c->text);
		buf_printf(out, "%s</t></is></c>", keep != '\0' ? "…" : "");
		if (keep != '\0')
			c->text[n] = keep;
	}
}

static void
write_sheet(struct buf *out, const struct sheet *s)
{
	buf_printf(out, XML "<worksheet xmlns=\"" MAIN "\"><sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" topLeftCell=\"A2\" "
	           "activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight=\"15\"/><sheetData>");
	for (size_t i = 0; i < s->count;) {
		uint32_t row = s->cells[i].row;

		buf_printf(out, "<row r=\"%u\">", row + 1);
		for (; i < s->count && s->cells[i].row == row; i++)
			write_cell(out, &s->cells[i]);
		buf_printf(out, "</row>");
	}
	buf_printf(out, "</sheetData></worksheet>");
}

/* At most 31 characters, none of []:*?/\ and no apostrophe at an end: else Excel calls the file damaged. */
static void
write_name(struct buf *out, const struct sheet *s)
{
	struct buf name = BUF_INIT;
	int chars = 0;

	for (const char *p = s->name; *p != '\0'; p++) {
		bool begins = ((uint8_t)*p & 0xc0) != 0x80;

		if (begins && chars++ == NAME_CHARS_MAX)
			break;
		buf_put_u8(&name, strchr("[]:*?/\\'", *p) != NULL ? '_' : (uint8_t)*p);
	}
	xml_text(out, name.len > 0 && buf_ok(&name) ? buf_str(&name) : "_");
	buf_free(&name);
}

static void
write_index(struct buf *types, struct buf *workbook, struct buf *rels, const struct book *b)
{
	buf_printf(types, XML "<Types xmlns=\"" PACKAGE "content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
	           "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
	           "<Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>"
	           "<Override PartName=\"/xl/styles.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/>");
	buf_printf(workbook, XML "<workbook xmlns=\"" MAIN "\" xmlns:r=\"" RELS "\"><sheets>");
	buf_printf(rels, XML "<Relationships xmlns=\"" PACKAGE "relationships\"><Relationship Id=\"rId0\" Type=\"" RELS "/styles\" Target=\"styles.xml\"/>");
	for (size_t i = 1; i <= b->count; i++) {
		buf_printf(types, "<Override PartName=\"/xl/worksheets/sheet%zu.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>", i);
		buf_printf(workbook, "<sheet name=\"");
		write_name(workbook, b->sheets[i - 1]);
		buf_printf(workbook, "\" sheetId=\"%zu\" r:id=\"rId%zu\"/>", i, i);
		buf_printf(rels, "<Relationship Id=\"rId%zu\" Type=\"" RELS "/worksheet\" Target=\"worksheets/sheet%zu.xml\"/>", i, i);
	}
	buf_printf(types, "</Types>");
	buf_printf(workbook, "</sheets></workbook>");
	buf_printf(rels, "</Relationships>");
}

enum err_code
book_xlsx(struct buf *out, const struct book *b, struct err *err)
{
	enum { FIXED = 5 };
	struct buf *parts = mem_zero(BOOK_SHEETS_MAX + 3, sizeof(*parts));
	struct archive_file *files = mem_zero(BOOK_SHEETS_MAX + FIXED, sizeof(*files));
	char (*names)[48] = mem_zero(BOOK_SHEETS_MAX, sizeof(*names));
	bool ok = parts != NULL && files != NULL && names != NULL && book_ok(b) && b->count > 0;
	enum err_code rc;

	if (ok) {
		write_index(&parts[0], &parts[1], &parts[2], b);
		files[0] = (struct archive_file){ "[Content_Types].xml", buf_bytes(&parts[0]) };
		files[1] = (struct archive_file){ "_rels/.rels", BYTES_STR(root_rels) };
		files[2] = (struct archive_file){ "xl/workbook.xml", buf_bytes(&parts[1]) };
		files[3] = (struct archive_file){ "xl/_rels/workbook.xml.rels", buf_bytes(&parts[2]) };
		files[4] = (struct archive_file){ "xl/styles.xml", BYTES_STR(styles) };
		ok = buf_ok(&parts[0]) && buf_ok(&parts[1]) && buf_ok(&parts[2]);
	}
	for (size_t i = 0; ok && i < b->count; i++) {
		write_sheet(&parts[3 + i], b->sheets[i]);
		snprintf(names[i], sizeof(names[i]), "xl/worksheets/sheet%zu.xml", i + 1);
		files[FIXED + i] = (struct archive_file){ names[i], buf_bytes(&parts[3 + i]) };
		ok = buf_ok(&parts[3 + i]);
	}
	rc = ok ? archive_write(out, files, FIXED + b->count, err) : err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; parts != NULL && i < BOOK_SHEETS_MAX + 3; i++)
		buf_free(&parts[i]);
	mem_free(parts);
	mem_free(files);
	mem_free(names);
	return rc;
}
