/* Any bytes are a directory, an archive or refused with a reason; a directory that is taken has ids, types and names. */
#include <stdlib.h>

#include "exchange/hsds.h"
#include "exchange/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char profile_json[] = "{\"profile\":\"p\",\"version\":1,\"types\":["
	"{\"number\":2,\"name\":\"o\",\"group\":\"open\",\"class\":\"open\",\"fields\":[{\"number\":1,\"name\":\"name\",\"type\":\"text\"}]},"
	"{\"number\":3,\"name\":\"s\",\"group\":\"open\",\"class\":\"open\",\"fields\":[{\"number\":1,\"name\":\"name\",\"type\":\"text\"},"
	"{\"number\":2,\"name\":\"o\",\"type\":\"ref\",\"ref\":\"o\"},{\"number\":3,\"name\":\"l\",\"type\":\"language\",\"shape\":\"set\"},"
	"{\"number\":4,\"name\":\"p\",\"type\":\"ref\",\"ref\":\"l\",\"shape\":\"set\"}]},"
	"{\"number\":4,\"name\":\"l\",\"group\":\"open\",\"class\":\"open\",\"fields\":[{\"number\":1,\"name\":\"name\",\"type\":\"text\"}]}],"
	"\"exchange\":{\"organization\":{\"type\":\"o\",\"name\":\"name\"},\"service\":{\"type\":\"s\",\"name\":\"name\",\"organization\":\"o\",\"languages\":\"l\","
	"\"place\":\"p\"},\"place\":{\"type\":\"l\",\"name\":\"name\"}}}";

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_records(const struct profile *p, const json_t *records)
{
	const json_t *r;
	size_t i;

	json_array_foreach((json_t *)records, i, r) {
		const char *id = json_string_value(json_object_get(r, "id")), *type = json_string_value(json_object_get(r, "type"));
		uint8_t raw[16];

		must(id != NULL && hex_decode(raw, sizeof(raw), id) && type != NULL && profile_type_named(p, type) != NULL);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct profile *p;
	struct err err = ERR_INIT;
	struct package_found found;
	json_t *records, *untaken = json_array();

	if (p == NULL)
		must(profile_parse(&p, BYTES_STR(profile_json), &err) == ERR_OK);
	if (hsds_import(&records, untaken, p, BYTES(data, len), &err) == ERR_OK) {
		check_records(p, records);
		json_decref(records);
	} else {
		must(err.text[0] != '\0');
	}
	if (package_is(BYTES(data, len)) && package_read(&found, BYTES(data, len), &err) == ERR_OK)
		package_found_free(&found);
	json_decref(untaken);
	return 0;
}
