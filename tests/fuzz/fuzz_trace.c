/* What is accepted as a line of a trace encodes, decodes and reads back as a record of that type. */
#include <stdlib.h>

#include "casework/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A field of every type and shape. */
static const char profile_json[] =
	"{\"profile\":\"p\",\"version\":1,\"lists\":[{\"name\":\"l\",\"choices\":[{\"code\":\"a\",\"labels\":"
	"{\"sv\":\"\xc3\xa5\"}},{\"code\":\"b\",\"valid_to\":\"2020-01-01\"}]},{\"name\":\"o\",\"open\":true,\"choices\":[]}],"
	"\"types\":[{\"number\":2,\"name\":\"case\",\"group\":{\"field\":\"ref\"},\"class\":\"content\",\"notes\":true,"
	"\"fields\":[{\"number\":1,\"name\":\"text\",\"type\":\"text\",\"search\":true},"
	"{\"number\":2,\"name\":\"int\",\"type\":\"integer\"},{\"number\":3,\"name\":\"dec\",\"type\":\"decimal\"},"
	"{\"number\":4,\"name\":\"bool\",\"type\":\"bool\"},{\"number\":5,\"name\":\"date\",\"type\":\"date\"},"
	"{\"number\":6,\"name\":\"time\",\"type\":\"time\"},{\"number\":7,\"name\":\"at\",\"type\":\"datetime\"},"
	"{\"number\":8,\"name\":\"choice\",\"type\":\"choice\",\"list\":\"l\"},"
	"{\"number\":9,\"name\":\"open\",\"type\":\"choice\",\"list\":\"o\"},"
	"{\"number\":10,\"name\":\"ref\",\"type\":\"ref\",\"ref\":\"case\"},"
	"{\"number\":11,\"name\":\"lang\",\"type\":\"language\"},"
	"{\"number\":12,\"name\":\"tag\",\"type\":\"text\",\"shape\":\"set\"},"
	"{\"number\":13,\"name\":\"sum\",\"type\":\"decimal\",\"shape\":\"sum\"}]}]}";

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
read_back(const struct profile *p, struct draft *d)
{
	static const struct origin from = { .entry = { 9 }, .author = 1 };
	struct record *r = record_new(&d->record);
	struct change_space space = { NULL, 0, NULL, 0 };
	struct buf body = BUF_INIT, text = BUF_INIT;
	struct change c;
	json_t *json;

	draft_group(d, NULL);
	if (draft_encode(d, NULL, 1, 5, &body, NULL) == ERR_OK) {
		must(change_decode(&c, buf_bytes(&body), &space, NULL) == ERR_OK);
		must(c.op_count == d->op_count && c.has_import && c.has_shown);
		must(record_apply(r, &c, &from, NULL) == ERR_OK);
		must(!record_has_conflict(r)); /* one change is never a conflict with itself */
		json = record_to_json(r, p, NULL, NULL);
		must(json_is_object(json_object_get(json, "fields")));
		json_decref(json);
		record_search_text(r, d->type, &text);
	}
	buf_free(&body);
	buf_free(&text);
	change_space_free(&space);
	record_free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct profile *p;
	struct err err = ERR_INIT;
	struct draft d;
	char by[64];

	if (p == NULL)
		must(profile_parse(&p, BYTES_STR(profile_json), NULL) == ERR_OK);
	if (trace_parse(p, BYTES(data, len), &d, by, &err) == ERR_OK) {
		read_back(p, &d);
		draft_free(&d);
	} else {
		must(err.text[0] != '\0' && d.ops == NULL && d.values.p == NULL);
	}
	return 0;
}
