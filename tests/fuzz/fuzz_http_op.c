/*
 * A request as lines (method, path, the headers that matter; "-" for one that
 * is absent), then its body. What is let through to an operation has shown
 * host, cookie and key, whatever else it says; and a body that is understood
 * holds each file within the call, under a name without folders.
 */
#include <stdlib.h>

#include "web/ask.h"
#include "web/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define COOKIE "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static const struct web_secrets secrets = { "127.0.0.1:4000", "faltbok-4000", COOKIE, KEY };

static void
must(bool ok)
{
	if (!ok)
		abort();
}

/* The next line, NUL-terminated in place; NULL for "-" and past the end. */
static const char *
line(char **at)
{
	char *start = *at, *end;

	if (start == NULL)
		return NULL;
	end = strchr(start, '\n');
	*at = end == NULL ? NULL : end + 1;
	if (end != NULL)
		*end = '\0';
	return strcmp(start, "-") == 0 ? NULL : start;
}

static void
read_body(const char *operation, const char *body)
{
	const struct op_row *row = web_row(operation);
	struct web_ask ask;

	if (row == NULL || web_ask_read(&ask, row, body == NULL ? BYTES_NONE : BYTES_STR(body), NULL) != ERR_OK)
		return;
	for (const struct op_param *p = row->params; p->name != NULL; p++) {
		const char *text = json_string_value(json_object_get(ask.params, p->name));

		if ((p->kind != PARAM_FILE_IN && p->kind != PARAM_FILE_OUT) || p->many)
			continue;
		must(json_object_get(ask.params, p->name) == NULL || (text != NULL && strpbrk(text, "/\\") == NULL && text[0] != '.'));
		must(p->kind != PARAM_FILE_IN || (text != NULL) == (op_files_find(ask.files, p->name, 0) != NULL));
	}
	web_ask_free(&ask);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), *at = text;
	struct web_request q = { .method = WEB_OTHER };
	struct web_verdict v;
	const char *method;

	if (text == NULL)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	method = line(&at);
	q.method = method == NULL ? WEB_OTHER : strcmp(method, "GET") == 0 ? WEB_GET : strcmp(method, "POST") == 0 ? WEB_POST : WEB_OTHER;
	q.path = line(&at);
	q.host = line(&at), q.origin = line(&at), q.site = line(&at), q.mode = line(&at), q.dest = line(&at);
	q.cookie = line(&at), q.key = line(&at), q.content_type = line(&at), q.content_length = line(&at);
	q.transfer_encoding = line(&at), q.upgrade = line(&at);
	if (q.path == NULL)
		q.path = "";
	v = web_judge(&q, &secrets);
	must(v.text != NULL && v.status >= 200 && v.status < 500);
	if (v.status == 200) {
		must(q.host != NULL && strcmp(q.host, secrets.authority) == 0 && q.upgrade == NULL);
		must(q.origin == NULL || strcmp(q.origin, "http://127.0.0.1:4000") == 0);
		must(v.kind == WEB_ASSET || q.site == NULL || strcmp(q.site, "same-origin") == 0);
	}
	if (v.status == 200 && v.kind == WEB_OPERATION) {
		must(q.key != NULL && strcmp(q.key, KEY) == 0 && q.cookie != NULL && strstr(q.cookie, COOKIE) != NULL);
		must(v.body_bytes <= WEB_FILES_BYTES && q.method == WEB_POST);
		read_body(v.operation, at);
	}
	if (v.status == 200 && v.kind == WEB_SESSION && q.method == WEB_POST && !v.stranger)
		must(q.key != NULL && strcmp(q.key, KEY) == 0);
	free(text);
	return 0;
}
