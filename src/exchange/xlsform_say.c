/* Expressions: the small part of XPath that a profile can say. What is more is refused by its text. */
#include "exchange/xlsform_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

const char *
say_skip(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		p++;
	return p;
}

static bool
take(const char **p, const char *word)
{
	*p = say_skip(*p);
	if (strncasecmp(*p, word, strlen(word)) != 0)
		return false;
	*p += strlen(word);
	return true;
}

static bool
take_reference(const char **p, char out[NAME_BYTES_MAX + 1])
{
	char name[NAME_BYTES_MAX + 1];
	size_t n;

	if (!take(p, "${"))
		return false;
	n = strcspn(*p, "}");
	if (n == 0 || n > NAME_BYTES_MAX || (*p)[n] != '}')
		return false;
	memcpy(name, *p, n);
	name[n] = '\0';
	*p += n + 1;
	return form_name(out, name);
}

static bool
take_quoted(const char **p, char out[65])
{
	char quote;
	size_t n;

	*p = say_skip(*p);
	quote = **p;
	if (quote != '\'' && quote != '"')
		return false;
	n = strcspn(*p + 1, quote == '"' ? "\"" : "'");
	if ((*p)[n + 1] != quote || n > 64)
		return false;
	memcpy(out, *p + 1, n);
	out[n] = '\0';
	*p += n + 2;
	return true;
}

/* ${f} = 'x' and selected(${f}, 'x'), joined by or, all of one question. */
json_t *
say_relevant(const char *text)
{
	char field[NAME_BYTES_MAX + 1] = "", name[NAME_BYTES_MAX + 1], code[65];
	json_t *is = json_array();
	const char *p = text;

	for (;;) {
		bool braced = take(&p, "("), call = take(&p, "selected");

		if ((call && !take(&p, "(")) || !take_reference(&p, name) || !take(&p, call ? "," : "=") || !take_quoted(&p, code) ||
		    (call && !take(&p, ")")) || (braced && !take(&p, ")")) || (*field != '\0' && strcmp(field, name) != 0))
			break;
		snprintf(field, sizeof(field), "%s", name);
		json_array_append_new(is, json_string(code));
		if (*say_skip(p) == '\0')
			return json_pack("{s:s,s:o}", "field", field, "is", is);
		if (!take(&p, "or"))
			break;
	}
	json_decref(is);
	return NULL;
}

/* . >= 0 and . <= 120, in either order, of whole or decimal numbers. */
bool
say_limits(json_t *field, const char *text, bool whole)
{
	const char *p = text;
	char *end;

	for (;;) {
		bool least, open;
		double n;

		if (!take(&p, "."))
			return false;
		if (!(least = take(&p, ">")) && !take(&p, "<"))
			return false;
		open = *p != '=';
		p += !open;
		p = say_skip(p);
		if (*p != '-' && (*p < '0' || *p > '9'))
			return false;
		n = strtod(p, &end);
		if (open && !whole)
			return false;
		n += open ? (least ? 1 : -1) : 0;
		json_object_set_new(field, least ? "min" : "max", json_real(n));
		p = say_skip(end);
		if (*p == '\0')
			return true;
		if (!take(&p, "and"))
			return false;
	}
}
