/* Any bytes parse or are refused with a reason; a profile that parses finds its own types and fields again. */
#include <stdlib.h>

#include "casework/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct profile *p;
	struct err err = ERR_INIT;

	if (profile_parse(&p, BYTES(data, len), &err) != ERR_OK) {
		must(p == NULL && err.text[0] != '\0');
		return 0;
	}
	for (size_t i = 0; i < profile_type_count(p); i++) {
		const struct profile_type *t = profile_type_at(p, i);

		must(profile_type_named(p, t->name) == t && profile_type_numbered(p, t->number) == t);
		must((t->group == GROUP_OF_REF) == (t->group_field != NULL));
		for (size_t k = 0; k < t->field_count; k++) {
			const struct profile_field *f = &t->fields[k];

			must(profile_field_named(t, f->name) == f && profile_field_numbered(t, f->number) == f);
			must(f->type != VT_CHOICE || f->list != NULL);
			must(f->type != VT_REF || profile_type_named(p, f->ref_type) != NULL);
			(void)label_in(f->labels, f->label_count, "ar");
		}
	}
	must(profile_check_successor(p, p, &err) == ERR_INVALID); /* no version comes after itself */
	profile_free(p);
	return 0;
}
