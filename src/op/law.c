/* Small things that the operations of law share. */
#include "op/law.h"

#include <stdio.h>

void
law_field_text(const struct record *r, const struct profile_type *t, const char *field, struct buf *out)
{
	const struct profile_field *f = profile_field_named(t, field);
	size_t count = 0;
	const struct value *v = f == NULL ? NULL : record_values(r, f->number, &count);
	json_t *value = count == 0 || f->shape == SHAPE_SUM ? NULL : value_to_json(f, v[0].value);

	if (json_is_string(value))
		buf_printf(out, "%s", json_string_value(value));
	else if (json_is_integer(value))
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		buf_printf(out, "%s", json_is_true(value) ? "true" : "false");
	json_decref(value);
}

const char *
law_today(struct node *n, char out[16])
{
	char text[40];

	snprintf(out, 16, "%.10s", time_print(text, node_env(n)->ops->wall_ms(node_env(n)), 0));
	return out;
}
