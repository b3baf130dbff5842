/*
 * What is said in some of a profile's languages and not in all of them. It is
 * no reason to refuse a profile, for a label that is missing falls back; but
 * nobody sees that before an adviser does, so the check says it.
 */
#include "base/json.h"
#include "casework/profile_internal.h"
#include "casework/records.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { DEPTH_MAX = 24, LANGUAGES_MAX = 32 };

enum err_code
parse_languages(struct parser *ps, const json_t *root)
{
	const json_t *all = json_object_get(root, "languages"), *one;
	size_t i, before;

	if (all == NULL)
		return ERR_OK;
	if (!json_is_array(all) || json_array_size(all) == 0 || json_array_size(all) > LANGUAGES_MAX)
		return parse_wrong(ps, "languages", "must be an array of 1 to 32 language tags");
	json_array_foreach((json_t *)all, i, one) {
		if (!json_is_string(one) || !language_valid(json_string_value(one)))
			return parse_wrong(ps, "languages", "holds what is not a language tag");
		for (before = 0; before < i; before++)
			if (json_equal(one, json_array_get(all, before)))
				return parse_wrong(ps, "languages", "holds a language twice");
	}
	return ERR_OK;
}

struct look {
	const json_t *languages;
	char path[192];
	bool (*cb)(void *ctx, const char *path, const char *lacks);
	void *ctx;
	bool stopped;
};

/* The languages that an object from language to text does not have: "fa, be"; empty when it has them all. */
static void
lacking(const json_t *languages, const json_t *labels, char *out, size_t room)
{
	const json_t *lang;
	size_t i, len = 0;

	out[0] = '\0';
	json_array_foreach((json_t *)languages, i, lang)
		if (json_object_get(labels, json_string_value(lang)) == NULL && len < room)
			len += (size_t)snprintf(out + len, room - len, "%s%s", len > 0 ? ", " : "", json_string_value(lang));
}

static void
tell(struct look *l, const json_t *labels)
{
	char lacks[512];

	lacking(l->languages, labels, lacks, sizeof(lacks));
	if (lacks[0] != '\0' && !l->cb(l->ctx, l->path, lacks))
		l->stopped = true;
}

static bool
is_said(const char *key)
{
	return strcmp(key, "labels") == 0 || strcmp(key, "plural") == 0;
}

static void walk(struct look *l, const json_t *at, size_t depth);

static void
step(struct look *l, const char *name, size_t index, const json_t *to, size_t depth, bool labels)
{
	size_t was = strlen(l->path);

	if (name != NULL)
		(void)snprintf(l->path + was, sizeof(l->path) - was, "%s%s", was > 0 ? "." : "", name);
	else
		(void)snprintf(l->path + was, sizeof(l->path) - was, "[%zu]", index);
	if (labels)
		tell(l, to);
	else
		walk(l, to, depth + 1);
	l->path[was] = '\0';
}

static void
walk(struct look *l, const json_t *at, size_t depth)
{
	const char *key, *code;
	json_t *value, *labels;
	size_t i;

	if (depth > DEPTH_MAX)
		return;
	json_array_foreach((json_t *)at, i, value)
		if (!l->stopped)
			step(l, NULL, i, value, depth, false);
	json_object_foreach((json_t *)at, key, value) {
		if (l->stopped)
			return;
		if (strcmp(key, "rollups") != 0) {
			step(l, key, 0, value, depth, is_said(key));
			continue;
		}
		json_object_foreach(value, code, labels) {
			size_t was = strlen(l->path);

			(void)snprintf(l->path + was, sizeof(l->path) - was, "%srollups", was > 0 ? "." : "");
			step(l, code, 0, labels, depth, true);
			l->path[was] = '\0';
		}
	}
}

enum err_code
profile_unsaid(struct bytes json, bool (*cb)(void *ctx, const char *path, const char *lacks), void *ctx, struct err *err)
{
	struct look l = { .cb = cb, .ctx = ctx };
	unsigned long refused = mem_refusals();
	struct buf plain = BUF_INIT;
	enum err_code rc = profile_plain(&plain, json, err);
	json_t *root = rc == ERR_OK ? json_read(buf_bytes(&plain), JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (rc == ERR_OK && root == NULL)
		rc = refused != mem_refusals() ? err_plain(err, ERR_NO_MEMORY) : err_set(err, ERR_INVALID, "a profile is a JSON object");
	l.languages = json_object_get(root, "languages");
	if (l.languages != NULL)
		walk(&l, root, 0);
	json_decref(root);
	buf_free(&plain);
	return rc;
}
