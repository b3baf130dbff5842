#include "casework/doubles.h"

#include "base/nfc.h"
#include "crypto/hc.h"

enum { PHONE_DIGITS_MIN = 7, PHONE_DIGITS_KEPT = 9, TEXT_BYTES_MIN = 3 };

struct keys { const struct profile_type *type; struct double_key *out; size_t count; };

static void
add_key(struct keys *k, const char *why, struct bytes text)
{
	struct double_key *to = &k->out[k->count];
	uint8_t type[4];

	if (k->count == DOUBLE_KEYS_MAX)
		return;
	be32_put(type, k->type->number);
	HC(to->key, sizeof(to->key), BYTES_NONE, "fb1/double", BYTES(type, 4), BYTES_STR(why), text);
	to->why = why;
	k->count++;
}

/* The last digits: +46 70 … and 070 … are one number. */
static void
add_phone(struct keys *k, struct bytes text)
{
	char digits[PHONE_DIGITS_KEPT];
	size_t n = 0;

	for (size_t i = text.len; i-- > 0 && n < sizeof(digits);)
		if (text.p[i] >= '0' && text.p[i] <= '9')
			digits[n++] = (char)text.p[i];
	if (n >= PHONE_DIGITS_MIN)
		add_key(k, "same phone", BYTES(digits, n));
}

static void
add_folded(struct keys *k, const char *why, struct bytes text)
{
	struct buf same = BUF_INIT;

	if (nfc_fold(&same, text) && same.len >= TEXT_BYTES_MIN)
		add_key(k, why, buf_bytes(&same));
	buf_wipe(&same);
}

static bool
field_is(const struct profile_field *f, const char *name)
{
	return strcmp(f->name, name) == 0;
}

/* What a text field is recognised by, or NULL: contact details, codes, and the names of what is open to all. */
static const char *
recognised_by(const struct profile_type *t, const struct profile_field *f)
{
	if (f->type != VT_TEXT || f->shape != SHAPE_REGISTER)
		return NULL;
	if (field_is(f, "code") && f->class != CLASS_STATISTICS)
		return "same code";
	if (f->class == CLASS_CONTACT && field_is(f, "phone"))
		return "same phone";
	if (f->class == CLASS_CONTACT && field_is(f, "email"))
		return "same e-mail";
	if (field_is(f, "name") && (f->class == CLASS_CONTACT || (t->group == GROUP_OPEN && f->required)))
		return "same name";
	return NULL;
}

static const struct profile_field *
ref_to_person(const struct profile_type *t)
{
	const struct profile_field *f = profile_field_named(t, "visitor");

	return f != NULL && f->type == VT_REF && f->shape == SHAPE_REGISTER ? f : NULL;
}

/* One visitor, one topic: twice the same case is likelier than two. */
static void
add_person_topic(struct keys *k, const struct record *r)
{
	const struct profile_field *person = ref_to_person(k->type), *topic = profile_field_named(k->type, "topic");
	const struct value *p, *v;
	size_t people, topics;
	struct buf both = BUF_INIT;

	if (person == NULL || topic == NULL || topic->shape != SHAPE_REGISTER)
		return;
	p = record_values(r, person->number, &people);
	v = record_values(r, topic->number, &topics);
	for (size_t i = 0; i < people; i++)
		for (size_t j = 0; j < topics; j++) {
			buf_clear(&both);
			buf_put_bytes(&both, p[i].value);
			buf_put_bytes(&both, v[j].value);
			if (buf_ok(&both))
				add_key(k, "same visitor and topic", buf_bytes(&both));
		}
	buf_free(&both);
}

bool
doubles_type(const struct profile_type *t)
{
	for (size_t i = 0; i < t->field_count; i++)
		if (recognised_by(t, &t->fields[i]) != NULL)
			return true;
	return ref_to_person(t) != NULL && profile_field_named(t, "topic") != NULL && profile_field_named(t, "topic")->shape == SHAPE_REGISTER;
}

size_t
doubles_keys(const struct record *r, const struct profile_type *t, struct double_key out[DOUBLE_KEYS_MAX])
{
	struct keys k = { t, out, 0 };

	for (size_t i = 0; i < t->field_count; i++) {
		const char *why = recognised_by(t, &t->fields[i]);
		const struct value *v;
		size_t count;

		if (why == NULL)
			continue;
		v = record_values(r, t->fields[i].number, &count);
		for (size_t j = 0; j < count; j++) {
			struct rd rd = rd_init(v[j].value);
			struct bytes text = rd_str(&rd, SIZE_MAX);

			if (!rd_end(&rd))
				continue;
			if (strcmp(why, "same phone") == 0)
				add_phone(&k, text);
			else
				add_folded(&k, why, text);
		}
	}
	add_person_topic(&k, r);
	return k.count;
}
