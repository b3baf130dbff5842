/*
 * Who may ask the node's page for what, by the words of a request alone; and
 * the table of operations as programs see it over HTTP.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "web/ask.h"
#include "web/policy.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define COOKIE "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static const struct web_secrets secrets = { "127.0.0.1:4000", "faltbok-4000", COOKIE, KEY };

/* What the page itself sends with an operation. */
static struct web_request
own(void)
{
	return (struct web_request){ .method = WEB_POST, .path = "/api/v1/put", .host = "127.0.0.1:4000", .origin = "http://127.0.0.1:4000",
	                             .site = "same-origin", .mode = "cors", .dest = "empty", .cookie = "a=b; faltbok-4000=" COOKIE, .key = KEY,
	                             .content_type = "application/json", .content_length = "2" };
}

static void
the_page_itself_gets_in_and_one_wrong_word_keeps_out(void **state)
{
	static const struct { const char *name; size_t field; const char *value; int want; } rows[] = {
#define ROW(what, field, value, want) { what, offsetof(struct web_request, field), value, want }
		ROW("as it is", path, "/api/v1/put", 200),
		ROW("a program, no browser", origin, NULL, 200),
		ROW("no word of where it comes from", site, NULL, 200),
		ROW("no word of what for", dest, NULL, 200),
		ROW("same-origin mode", mode, "same-origin", 200),
		ROW("with a charset", content_type, "application/json; charset=utf-8", 200),
		ROW("in capitals", content_type, "Application/JSON", 200),
		ROW("no host", host, NULL, 403),
		ROW("a name", host, "localhost:4000", 403),
		ROW("another port", host, "127.0.0.1:4001", 403),
		ROW("two hosts", host, "127.0.0.1:4000127.0.0.1:4000", 403),
		ROW("an opaque origin", origin, "null", 403),
		ROW("an empty origin", origin, "", 403),
		ROW("another scheme", origin, "https://127.0.0.1:4000", 403),
		ROW("another port of this machine", origin, "http://127.0.0.1:4001", 403),
		ROW("a longer name", origin, "http://127.0.0.1:4000.evil.example", 403),
		ROW("another site", site, "cross-site", 403),
		ROW("another port, as browsers put it", site, "same-site", 403),
		ROW("typed", site, "none", 403),
		ROW("a navigation", mode, "navigate", 403),
		ROW("a form or a picture", mode, "no-cors", 403),
		ROW("into a frame", dest, "iframe", 403),
		ROW("as a script", dest, "script", 403),
		ROW("another protocol", upgrade, "websocket", 403),
		ROW("no cookie", cookie, NULL, 401),
		ROW("a cookie of another name", cookie, "faltbok-400=" COOKIE, 401),
		ROW("a cookie cut short", cookie, "faltbok-4000=fedcba98", 401),
		ROW("two of them", cookie, "faltbok-4000=" COOKIE "; faltbok-4000=" COOKIE, 401),
		ROW("no key", key, NULL, 401),
		ROW("an empty key", key, "", 401),
		ROW("the cookie as key", key, COOKIE, 401),
		ROW("no type", content_type, NULL, 415),
		ROW("a form's type", content_type, "application/x-www-form-urlencoded", 415),
		ROW("plain text", content_type, "text/plain", 415),
		ROW("no length", content_length, NULL, 411),
		ROW("a negative length", content_length, "-1", 411),
		ROW("a length and more", content_length, "2, 2", 411),
		ROW("chunks", transfer_encoding, "chunked", 411),
		ROW("too long", content_length, "100663297", 413),
		ROW("far too long", content_length, "99999999999999999999", 411),
		ROW("events are not called", path, "/api/v1/events", 405),
		ROW("a file is not called", path, "/index.html", 405),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct web_request q = own();

		*(const char **)(void *)((char *)&q + rows[i].field) = rows[i].value;
		CHECK_CASE(rows[i].name, web_judge(&q, &secrets).status, rows[i].want);
	}
}

static void
reading_needs_what_writing_needs(void **state)
{
	struct web_request q = own();

	(void)state;
	q.method = WEB_GET;
	CHECK_CASE("an operation by GET", web_judge(&q, &secrets).status, 405);
	q.path = "/api/v1/openapi.json";
	CHECK_CASE("the description", web_judge(&q, &secrets).status, 200);
	q.key = NULL;
	CHECK_CASE("without key", web_judge(&q, &secrets).status, 401);
	q.path = "/api/v1/events";
	CHECK_CASE("events of our own page", web_judge(&q, &secrets).status, 200);
	q.site = NULL;
	CHECK_CASE("from nowhere", web_judge(&q, &secrets).status, 401);
	q.key = KEY;
	CHECK_CASE("with key", web_judge(&q, &secrets).status, 200);
	q.query = true;
	CHECK_CASE("with something in the address", web_judge(&q, &secrets).status, 400);
	q.method = WEB_OTHER;
	CHECK_CASE("another method", web_judge(&q, &secrets).status, 405);
}

static void
a_typed_address_brings_up_the_page_and_nothing_else(void **state)
{
	struct web_request q = { .method = WEB_GET, .path = "/", .host = "127.0.0.1:4000", .site = "none", .mode = "navigate", .dest = "document" };

	(void)state;
	CHECK_CASE("the page", web_judge(&q, &secrets).status, 200);
	q.site = "cross-site";
	CHECK_CASE("by another page's link", web_judge(&q, &secrets).status, 403);
	q.site = "none";
	q.dest = "iframe";
	CHECK_CASE("in a frame", web_judge(&q, &secrets).status, 403);
	q.dest = "document";
	q.path = "/api/v1/session";
	CHECK_CASE("data", web_judge(&q, &secrets).status, 403);
}

static void
a_stranger_may_only_bring_a_token(void **state)
{
	struct web_request q = own();

	(void)state;
	q.path = "/api/v1/session";
	CHECK_TRUE("known", !web_judge(&q, &secrets).stranger);
	q.key = NULL;
	CHECK_TRUE("by cookie alone", web_judge(&q, &secrets).stranger);
	q.cookie = NULL;
	CHECK_TRUE("by nothing", web_judge(&q, &secrets).stranger);
	CHECK_CASE("is heard", web_judge(&q, &secrets).status, 200);
	q.content_length = "5000";
	CHECK_CASE("and not at length", web_judge(&q, &secrets).status, 413);
}

/* Before the door has drawn its secrets nothing equals them. */
static void
an_empty_secret_opens_nothing(void **state)
{
	struct web_secrets none = { "127.0.0.1:4000", "faltbok-4000", "", "" };
	struct web_request q = own();

	(void)state;
	q.cookie = "faltbok-4000=";
	q.key = "";
	CHECK_CASE("empty for empty", web_judge(&q, &none).status, 401);
}

static void
only_this_machine_is_served(void **state)
{
	static const struct { const char *addr; bool may; } rows[] = {
		{ "127.0.0.1:0", true }, { "localhost:8080", true }, { "[::1]:65535", true }, { "0.0.0.0:0", false }, { "[::]:0", false },
		{ "127.0.0.1", false }, { "127.0.0.1:", false }, { "127.0.0.1:65536", false }, { "127.0.0.1:8 ", false }, { "192.168.0.2:80", false },
		{ "127.0.0.2:80", false }, { "localhost.evil.example:80", false }, { "", false }, { ":80", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool v6;
		int port;

		CHECK_CASE(rows[i].addr, web_loopback(rows[i].addr, &v6, &port), rows[i].may);
	}
}

/* ---- the table over HTTP ---- */

static json_t *
path_of(json_t *api, const struct op_row *row)
{
	char path[96];

	snprintf(path, sizeof(path), "/api/v1/%s", row->name);
	for (char *c = path + 8; *c != '\0'; c++)
		if (*c == ' ')
			*c = '/';
	CHECK_TRUE(row->name, web_row(path + 8) == row);
	return json_object_get(json_object_get(json_object_get(api, "paths"), path), "post");
}

static void
every_row_is_described_as_the_table_says(void **state)
{
	json_t *api = web_openapi();
	size_t rows = 0;

	(void)state;
	assert_non_null(api);
	for (const struct op_row *row = op_table; row->name != NULL; row++, rows++) {
		json_t *post = path_of(api, row);
		json_t *schema = json_object_get(json_object_get(json_object_get(json_object_get(post, "requestBody"), "content"), "application/json"), "schema");
		json_t *properties = json_object_get(schema, "properties");

		CHECK_TRUE(row->name, json_is_object(post));
		assert_string_equal(json_string_value(json_object_get(post, "summary")), row->help);
		for (const struct op_param *p = row->params; p->name != NULL; p++) {
			const json_t *one = json_object_get(properties, p->kind == PARAM_ASSIGN ? "set" : p->name);

			CHECK_TRUE(p->name, one != NULL);
			assert_string_equal(json_string_value(json_object_get(one, "description")), p->help);
		}
	}
	CHECK_CASE("no path beside the table", (long long)json_object_size(json_object_get(api, "paths")), (long long)rows);
	json_decref(api);
}

/* A value of every kind, as a program that read the description would make it. */
static json_t *
sample(const struct op_param *p)
{
	switch (p->kind) {
	case PARAM_TEXT:
		return json_string("ord");
	case PARAM_ID:
		return json_string("0123456789ab");
	case PARAM_DATE:
		return json_string("2020-01-31");
	case PARAM_NUMBER:
		return json_integer(7);
	case PARAM_FLAG:
		return json_true();
	case PARAM_FILE_IN:
		return json_pack("{s:s,s:s}", "name", "fil.txt", "data", "aGVq");
	case PARAM_FILE_OUT:
		return json_string("ut.txt");
	case PARAM_ASSIGN:
		break;
	}
	return NULL;
}

static void
what_follows_the_description_is_understood(void **state)
{
	(void)state;
	for (const struct op_row *row = op_table; row->name != NULL; row++) {
		json_t *o = json_object();
		struct err err = ERR_INIT;
		struct web_ask ask;
		char *text;

		for (const struct op_param *p = row->params; p->name != NULL; p++) {
			json_t *v = sample(p);

			if (p->kind == PARAM_ASSIGN)
				json_object_set_new(o, "set", json_pack("{s:s}", "field", "value"));
			else
				json_object_set_new(o, p->name, p->many ? json_pack("[o]", v) : v);
		}
		text = json_dumps(o, 0);
		CHECK_CASE(row->name, web_ask_read(&ask, row, BYTES_STR(text), &err), ERR_OK);
		for (const struct op_param *p = row->params; p->name != NULL; p++)
			if (p->kind == PARAM_FILE_IN) {
				const struct op_file *f = op_files_find(ask.files, p->name, 0);

				json_t *name = json_object_get(ask.params, p->name);

				CHECK_TRUE(p->name, f != NULL && f->data.len == 3 && memcmp(f->data.p, "hej", 3) == 0);
				assert_string_equal(json_string_value(p->many ? json_array_get(name, 0) : name), "fil.txt");
			}
		web_ask_free(&ask);
		json_object_set_new(o, "no such parameter", json_true());
		free(text);
		text = json_dumps(o, 0);
		err = (struct err)ERR_INIT;
		CHECK_CASE(row->name, web_ask_read(&ask, row, BYTES_STR(text), &err), ERR_USAGE);
		free(text);
		json_decref(o);
	}
}

static void
a_body_of_countless_values_is_refused_before_it_is_read(void **state)
{
	struct buf body = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	buf_printf(&body, "{\"a\":[");
	for (size_t i = 0; i < 300000; i++)
		buf_printf(&body, "[],");
	buf_printf(&body, "[]]}");
	assert_null(web_json(buf_bytes(&body), &err));
	CHECK_TRUE("it says so", strstr(err.text, "values") != NULL);
	buf_free(&body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_itself_gets_in_and_one_wrong_word_keeps_out),
		cmocka_unit_test(reading_needs_what_writing_needs),
		cmocka_unit_test(a_typed_address_brings_up_the_page_and_nothing_else),
		cmocka_unit_test(a_stranger_may_only_bring_a_token),
		cmocka_unit_test(an_empty_secret_opens_nothing),
		cmocka_unit_test(only_this_machine_is_served),
		cmocka_unit_test(every_row_is_described_as_the_table_says),
		cmocka_unit_test(what_follows_the_description_is_understood),
		cmocka_unit_test(a_body_of_countless_values_is_refused_before_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
