/*
 * How the readers of a profile take one value out of its JSON. The path to what
 * is wrong is kept as they go, so that every refusal names its place.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/mem.h"
#include "casework/profile_internal.h"
#include "casework/records.h"

size_t
parse_enter(struct parser *ps, const char *name, size_t index)
{
	size_t was = ps->path_len;
	size_t room = sizeof(ps->path) - was;
	int n = snprintf(ps->path + was, room, "%s%s[%zu]", was > 0 ? "." : "", name, index);

	if (n > 0)
		ps->path_len = was + ((size_t)n < room ? (size_t)n : room - 1);
	return was;
}

void
parse_leave(struct parser *ps, size_t was)
{
	ps->path_len = was;
	ps->path[was] = '\0';
}

/* "types[3].fields[2].type: why" */
enum err_code
parse_wrong(struct parser *ps, const char *key, const char *why)
{
	return err_set(ps->err, ERR_INVALID, "%s%s%s: %s", ps->path, ps->path_len > 0 ? "." : "", key, why);
}

void *
parse_keep(struct parser *ps, size_t count, size_t item_bytes)
{
	size_t bytes;
	struct block *b;

	if (__builtin_mul_overflow(count, item_bytes, &bytes))
		return NULL;
	b = mem_zero(1, sizeof(*b) + bytes);
	if (b == NULL)
		return NULL;
	b->next = ps->p->blocks;
	ps->p->blocks = b;
	return b->bytes;
}

const char *
parse_keep_text(struct parser *ps, const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = parse_keep(ps, n, 1);

	if (copy != NULL)
		memcpy(copy, text, n);
	return copy;
}

enum err_code
parse_only_keys(struct parser *ps, const json_t *object, const char *const *allowed)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		size_t i = 0;

		while (allowed[i] != NULL && strcmp(allowed[i], key) != 0)
			i++;
		if (allowed[i] == NULL)
			return err_set(ps->err, ERR_INVALID, "%s%s%.40s: is not a key that a profile has here",
			               ps->path, ps->path_len > 0 ? "." : "", key);
	}
	return ERR_OK;
}

/* [a-z][a-z0-9_-]*: names are typed on command lines and stand in URLs. */
static bool
parse_name_valid(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > PROFILE_NAME_MAX || s[0] < 'a' || s[0] > 'z')
		return false;
	for (size_t i = 1; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '_' || s[i] == '-'))
			return false;
	return true;
}

enum err_code
parse_name(struct parser *ps, const json_t *object, const char *key, const char **out)
{
	const char *s = json_string_value(json_object_get(object, key));

	if (s == NULL || !parse_name_valid(s))
		return parse_wrong(ps, key, "must be a name of lower-case letters, digits, _ and -, at most 40");
	*out = parse_keep_text(ps, s);
	return *out == NULL ? err_plain(ps->err, ERR_NO_MEMORY) : ERR_OK;
}

enum err_code
parse_number(struct parser *ps, const json_t *object, const char *key, json_int_t min, json_int_t max, uint32_t *out)
{
	const json_t *v = json_object_get(object, key);

	if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
		return err_set(ps->err, ERR_INVALID, "%s%s%s: must be a whole number from %lld to %lld", ps->path,
		               ps->path_len > 0 ? "." : "", key, (long long)min, (long long)max);
	*out = (uint32_t)json_integer_value(v);
	return ERR_OK;
}

enum err_code
parse_bool(struct parser *ps, const json_t *object, const char *key, bool *out)
{
	const json_t *v = json_object_get(object, key);

	if (v != NULL && !json_is_boolean(v))
		return parse_wrong(ps, key, "must be true or false");
	*out = json_is_true(v);
	return ERR_OK;
}

/* One of `words`, whose places are the values of an enum. `otherwise` < 0: it must be there. */
enum err_code
parse_word(struct parser *ps, const json_t *object, const char *key, const char *const *words, size_t count,
         int otherwise, int *out)
{
	const json_t *v = json_object_get(object, key);
	const char *s = json_string_value(v);
	char all[160] = "";

	if (v == NULL && otherwise >= 0) {
		*out = otherwise;
		return ERR_OK;
	}
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(all);

		if (s != NULL && strcmp(s, words[i]) == 0) {
			*out = (int)i;
			return ERR_OK;
		}
		snprintf(all + len, sizeof(all) - len, "%s%s", i > 0 ? ", " : "must be one of ", words[i]);
	}
	return parse_wrong(ps, key, all);
}

enum err_code
parse_labels(struct parser *ps, const json_t *object, const char *key, const struct label **out, size_t *count)
{
	json_t *labels = json_object_get(object, key), *text;
	struct label *made;
	const char *lang;

	*count = 0;
	if (labels == NULL)
		return ERR_OK;
	if (!json_is_object(labels))
		return parse_wrong(ps, key, "must be an object from language to text");
	made = parse_keep(ps, json_object_size(labels), sizeof(*made));
	if (made == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	*out = made;
	json_object_foreach(labels, lang, text) {
		if (!language_valid(lang))
			return parse_wrong(ps, key, "has a key that is not a language tag");
		if (!json_is_string(text) || json_string_length(text) == 0)
			return parse_wrong(ps, key, "must hold text that is not empty");
		made[*count].lang = parse_keep_text(ps, lang);
		made[*count].text = parse_keep_text(ps, json_string_value(text));
		if (made[*count].lang == NULL || made[*count].text == NULL)
			return err_plain(ps->err, ERR_NO_MEMORY);
		(*count)++;
	}
	return ERR_OK;
}
