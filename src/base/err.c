/*
 * The text is cut rather than refused when it grows past its room, and never
 * in the middle of a character: it goes to a terminal and into JSON.
 */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* snprintf cuts at a byte; this takes back the started character. */
static void
trim_cut_character(char *text)
{
	size_t len = strlen(text), start = len;

	while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0)
		return;
	unsigned char lead = (unsigned char)text[start - 1];
	size_t want = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
	if (len - start < want)
		text[start - 1] = '\0';
}

enum err_code
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return code;
	err->code = code;
	va_start(ap, fmt);
	if (vsnprintf(err->text, sizeof(err->text), fmt, ap) >= (int)sizeof(err->text))
		trim_cut_character(err->text);
	va_end(ap);
	return code;
}

enum err_code
err_plain(struct err *err, enum err_code code)
{
	return err_set(err, code, "%s", err_meaning(code));
}

enum err_code
err_wrap(struct err *err, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	size_t room = sizeof(text), len;
	va_list ap;
	int n;

	if (err == NULL)
		return ERR_OK;
	va_start(ap, fmt);
	n = vsnprintf(text, room, fmt, ap);
	va_end(ap);
	len = n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
	if (snprintf(text + len, room - len, ": %s", err->text) >= (int)(room - len))
		trim_cut_character(text);
	memcpy(err->text, text, sizeof(text));
	return err->code;
}

const char *
err_meaning(enum err_code code)
{
	switch (code) {
	case ERR_OK: return "no error";
#define X(name, exit_status, word, text) case name: return text;
	ERR_MAP(X)
#undef X
	}
	return "unknown error";
}

const char *
err_word(enum err_code code)
{
	switch (code) {
	case ERR_OK: return "ok";
#define X(name, exit_status, word, text) case name: return word;
	ERR_MAP(X)
#undef X
	}
	return "damaged";
}

int
err_exit_status(enum err_code code)
{
	switch (code) {
	case ERR_OK: return 0;
#define X(name, exit_status, word, text) case name: return exit_status;
	ERR_MAP(X)
#undef X
	}
	return 3;
}

enum err_code
err_forgive(struct err *err)
{
	if (err != NULL)
		*err = (struct err)ERR_INIT;
	return ERR_OK;
}
