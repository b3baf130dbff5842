/* Any bytes are a form or are refused with a reason; a form that is taken goes out and comes back as the same profile. */
#include <stdlib.h>

#include "exchange/xlsform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
again(const json_t *doc)
{
	char *text = json_dumps(doc, 0);
	struct err err = ERR_INIT;
	struct profile *p = NULL, *same = NULL;
	struct book *b = NULL;
	json_t *back = NULL;

	must(text != NULL && profile_parse(&p, BYTES_STR(text), &err) == ERR_OK && xlsform_export(&b, p, NULL, &err) == ERR_OK);
	free(text);
	must(xlsform_import(&back, b, &err) == ERR_OK);
	text = json_dumps(back, 0);
	must(text != NULL && profile_parse(&same, BYTES_STR(text), &err) == ERR_OK && profile_type_count(same) == profile_type_count(p));
	free(text);
	json_decref(back);
	book_free(b);
	profile_free(p);
	profile_free(same);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes in = BYTES(data, len);
	struct err err = ERR_INIT;
	struct book *read, *sheets;
	json_t *doc;
	enum err_code rc = len >= 2 && data[0] == 'P' && data[1] == 'K' ? book_read_xlsx(&read, in, &err) : book_read_csv(&read, "survey", in, &err);

	if (rc != ERR_OK || xlsform_sheets(&sheets, read, &err) != ERR_OK) {
		must(err.text[0] != '\0');
		return 0;
	}
	if (xlsform_import(&doc, sheets, &err) == ERR_OK) {
		again(doc);
		json_decref(doc);
	} else {
		must(err.text[0] != '\0');
	}
	book_free(sheets);
	return 0;
}
