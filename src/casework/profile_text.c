/*
 * A profile as its author writes it: JSON with comments and a comma too many
 * (proto/profile.md, 1 "File"). What is not JSON becomes spaces, so that lines
 * stay where they were and a refusal can name the line that its author sees.
 */
#include "casework/profile_internal.h"

static bool
white(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The comma before `at`, if one stands after a value and before a closing bracket. */
static void
forgive_comma(uint8_t *p, size_t at)
{
	size_t i = at, k;

	while (i > 0 && white(p[i - 1]))
		i--;
	if (i == 0 || p[i - 1] != ',')
		return;
	for (k = i - 1; k > 0 && white(p[k - 1]);)
		k--;
	if (k > 0 && strchr("[{,:", p[k - 1]) == NULL)
		p[i - 1] = ' ';
}

enum err_code
profile_plain(struct buf *out, struct bytes text, struct err *err)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf }; /* editors on Windows put it first */
	bool in_string = false;
	uint8_t *p;

	buf_put_bytes(out, text);
	if (!buf_ok(out))
		return err_plain(err, ERR_NO_MEMORY);
	p = out->p;
	if (out->len >= sizeof(mark) && memcmp(p, mark, sizeof(mark)) == 0)
		memset(p, ' ', sizeof(mark));
	for (size_t i = 0; i < out->len; i++) {
		if (in_string) {
			if (p[i] == '\\')
				i++; /* what it escapes ends no string */
			else
				in_string = p[i] != '"';
		} else if (p[i] == '"') {
			in_string = true;
		} else if (p[i] == '/' && i + 1 < out->len && p[i + 1] == '/') {
			for (; i < out->len && p[i] != '\n'; i++)
				p[i] = ' ';
		} else if (p[i] == ']' || p[i] == '}') {
			forgive_comma(p, i);
		}
	}
	return ERR_OK;
}

/* ---- which line ---- */

struct walk { const uint8_t *p, *end; int line; };

static void
step(struct walk *w)
{
	w->line += *w->p == '\n';
	w->p++;
}

static void
skip_white(struct walk *w)
{
	while (w->p < w->end && white(*w->p))
		step(w);
}

static void
skip_string(struct walk *w)
{
	for (step(w); w->p < w->end && *w->p != '"'; step(w))
		if (*w->p == '\\' && w->p + 1 < w->end)
			step(w);
	if (w->p < w->end)
		step(w);
}

/* To the comma or bracket that ends the value here. */
static void
skip_value(struct walk *w)
{
	size_t depth = 0;

	while (w->p < w->end) {
		if (*w->p == '"') {
			skip_string(w);
			continue;
		}
		if (*w->p == '[' || *w->p == '{')
			depth++;
		else if (depth == 0 && (*w->p == ',' || *w->p == ']' || *w->p == '}'))
			return;
		else if (*w->p == ']' || *w->p == '}')
			depth--;
		step(w);
	}
}

static bool
next_item(struct walk *w)
{
	skip_value(w);
	if (w->p >= w->end || *w->p != ',')
		return false;
	step(w);
	skip_white(w);
	return true;
}

static bool
into_member(struct walk *w, const char *name, size_t len)
{
	if (w->p >= w->end || *w->p != '{')
		return false;
	step(w);
	skip_white(w);
	while (w->p < w->end && *w->p == '"') {
		const uint8_t *key = w->p + 1;
		bool same;

		skip_string(w);
		same = (size_t)(w->p - key) == len + 1 && memcmp(key, name, len) == 0;
		skip_white(w);
		if (w->p < w->end && *w->p == ':')
			step(w);
		skip_white(w);
		if (same)
			return true;
		if (!next_item(w))
			return false;
	}
	return false;
}

static bool
into_item(struct walk *w, size_t index)
{
	if (w->p >= w->end || *w->p != '[')
		return false;
	step(w);
	skip_white(w);
	while (index-- > 0)
		if (!next_item(w))
			return false;
	return true;
}

/* One step of "types[3].fields[2].type: …": a name or an index. NULL when the path has ended. */
static const char *
path_step(struct walk *w, const char *path, bool *found)
{
	size_t n = 0, index = 0;

	if (*path == '[') {
		for (path++; *path >= '0' && *path <= '9' && index < PROFILE_BYTES_MAX; path++)
			index = index * 10 + (size_t)(*path - '0');
		*found = *path == ']' && into_item(w, index);
		return *path == ']' ? path + 1 : NULL;
	}
	path += *path == '.';
	n = strcspn(path, ".[:");
	*found = n > 0 && into_member(w, path, n);
	return n > 0 ? path + n : NULL;
}

int
profile_line(struct bytes plain, const char *path)
{
	struct walk w = { plain.p, plain.p + plain.len, 1 };
	int line;

	skip_white(&w);
	line = w.line;
	while (path != NULL && *path != '\0' && *path != ':') {
		bool found;

		path = path_step(&w, path, &found);
		if (!found)
			break;
		line = w.line;
	}
	return line;
}
