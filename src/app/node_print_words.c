/*
 * The words that every answer's text is made of: a string, a number, a value
 * of whatever kind, a device's last meeting. Knows no operation.
 */
#include "app/node_print.h"

const char *
text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "–";
}

long long
number_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

const char *
plural(long long n)
{
	return n == 1 ? "" : "s";
}

void
print_value(struct buf *out, const json_t *v)
{
	size_t i;
	const json_t *item;

	if (json_is_string(v)) {
		buf_printf(out, "%s", json_string_value(v));
	} else if (json_is_array(v)) {
		json_array_foreach((json_t *)v, i, item) {
			buf_printf(out, "%s", i > 0 ? ", " : "");
			print_value(out, item);
		}
	} else if (json_is_integer(v)) {
		buf_printf(out, "%lld", (long long)json_integer_value(v));
	} else if (json_is_real(v)) {
		buf_printf(out, "%g", json_real_value(v));
	} else if (json_is_boolean(v)) {
		buf_printf(out, "%s", json_is_true(v) ? "yes" : "no");
	} else {
		buf_printf(out, "–");
	}
}

const char *
met(const json_t *device)
{
	return json_is_string(json_object_get(device, "last_seen")) ? "last met " : "never met here";
}

const char *
met_when(const json_t *device)
{
	return json_is_string(json_object_get(device, "last_seen")) ? text_of(device, "last_seen") : "";
}
