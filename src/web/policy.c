/*
 * The order of the questions is from the cheapest and most general to the
 * secrets, so that what a stranger learns from a refusal is nothing about
 * them. A header that is absent is a program's, not a browser's: every
 * browser sends Host, and Origin with a POST; Sec-Fetch-… is believed
 * where it is sent and the key is what counts where it is not.
 */
#include "web/policy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/guard.h"

static const char api[] = "/api/v1/";

static struct web_verdict
no(int status, const char *text)
{
	return (struct web_verdict){ .status = status, .text = text };
}

static bool
is(const char *value, const char *wanted)
{
	return value != NULL && strcmp(value, wanted) == 0;
}

static bool
is_absent_or(const char *value, const char *wanted)
{
	return value == NULL || strcmp(value, wanted) == 0;
}

static bool
secret_is(const char *given, size_t len, const char *secret)
{
	return secret[0] != '\0' && len == WEB_SECRET_CHARS && strlen(secret) == WEB_SECRET_CHARS &&
	       same_secret(given, secret, WEB_SECRET_CHARS);
}

/* Our cookie among "a=1; b=2". More than one of its name: somebody plants them, and none counts. */
static bool
has_cookie(const char *header, const struct web_secrets *s)
{
	size_t name_len = strlen(s->cookie_name), found = 0;
	bool right = false;

	while (header != NULL && *header != '\0') {
		size_t len = strcspn(header, ";");

		if (len > name_len && strncmp(header, s->cookie_name, name_len) == 0 && header[name_len] == '=') {
			right = secret_is(header + name_len + 1, len - name_len - 1, s->cookie);
			found++;
		}
		header += len;
		header += strspn(header, "; ");
	}
	return right && found == 1;
}

static bool
own_origin(const char *origin, const struct web_secrets *s)
{
	return origin == NULL || (strncmp(origin, "http://", 7) == 0 && strcmp(origin + 7, s->authority) == 0);
}

static enum web_kind
kind_of(const char *path)
{
	if (strncmp(path, api, sizeof(api) - 1) != 0)
		return WEB_ASSET;
	path += sizeof(api) - 1;
	if (strcmp(path, "session") == 0)
		return WEB_SESSION;
	if (strcmp(path, "events") == 0)
		return WEB_EVENTS;
	if (strcmp(path, "openapi.json") == 0)
		return WEB_OPENAPI;
	return WEB_OPERATION;
}

/* What a browser says a request is for. NULL: it fits. */
static const char *
misused(const struct web_request *q, enum web_kind kind)
{
	bool page = kind == WEB_ASSET && is_absent_or(q->dest, "document");

	/* "none": a person typed or chose the address, which brings up the page and nothing else. */
	if (q->site != NULL && !is(q->site, "same-origin") && !(is(q->site, "none") && page))
		return "a page of another origin may not ask this node for anything";
	if (q->dest != NULL && (is(q->dest, "iframe") || is(q->dest, "frame") || is(q->dest, "embed") || is(q->dest, "object")))
		return "this page is not shown inside another";
	if (kind == WEB_ASSET)
		return NULL;
	if (q->dest != NULL && !is(q->dest, "empty"))
		return "data is asked for by this node's own page only";
	if (q->mode != NULL && !is(q->mode, "cors") && !is(q->mode, "same-origin"))
		return "data is asked for by this node's own page only";
	return NULL;
}

static bool
is_json(const char *type)
{
	static const char json[] = "application/json";

	return type != NULL && strncasecmp(type, json, sizeof(json) - 1) == 0 && strchr("; ", type[sizeof(json) - 1]) != NULL;
}

/* The body that is announced. False: none is, or no number. */
static bool
read_length(const char *text, uint64_t *out)
{
	char *end;

	if (text == NULL || text[0] < '0' || text[0] > '9' || strlen(text) > 15)
		return false;
	*out = strtoull(text, &end, 10);
	return *end == '\0';
}

static struct web_verdict
judge_post(const struct web_request *q, struct web_verdict v)
{
	if (!is_json(q->content_type))
		return no(415, "the body must be application/json");
	if (q->transfer_encoding != NULL || !read_length(q->content_length, &v.body_bytes))
		return no(411, "the body's length must be given");
	if (v.body_bytes > WEB_FILES_BYTES)
		return no(413, "the body is larger than 96 MiB");
	return v;
}

struct web_verdict
web_judge(const struct web_request *q, const struct web_secrets *s)
{
	struct web_verdict v = { .status = 200, .text = "", .kind = kind_of(q->path) };
	bool cookie, key;

	if (q->upgrade != NULL)
		return no(403, "there is no other protocol here");
	if (q->method == WEB_OTHER)
		return no(405, "only GET and POST are answered");
	if (!is(q->host, s->authority))
		return no(403, "this is not the address of this node's page; open the one that faltbok prints");
	if (!own_origin(q->origin, s))
		return no(403, "a page of another origin may not ask this node for anything");
	if (misused(q, v.kind) != NULL)
		return no(403, misused(q, v.kind));
	if (v.kind == WEB_ASSET && q->method != WEB_GET)
		return no(405, "a file of the page is only read");
	if (v.kind == WEB_ASSET)
		return v;
	if (v.kind == WEB_OPERATION)
		v.operation = q->path + sizeof(api) - 1;
	if (q->method == WEB_POST ? v.kind == WEB_EVENTS || v.kind == WEB_OPENAPI : v.kind == WEB_OPERATION)
		return no(405, v.kind == WEB_OPERATION ? "an operation is called by POST" : "this is only read");
	if (q->query)
		return no(400, "parameters go into the body");
	if (q->method == WEB_POST)
		v = judge_post(q, v);
	if (v.status != 200)
		return v;
	cookie = has_cookie(q->cookie, s);
	key = q->key != NULL && secret_is(q->key, strlen(q->key), s->key);
	if (v.kind == WEB_SESSION && q->method == WEB_POST) {
		v.stranger = !cookie || !key;
		return v.stranger && v.body_bytes > 4096 ? no(413, "a token is shorter") : v;
	}
	if (!cookie)
		return no(401, "this browser has not shown the token; open the address that faltbok prints");
	/* The page gets its key here after a reload; EventSource can send none, but a browser that has it says where it comes from. */
	if (v.kind == WEB_SESSION || (v.kind == WEB_EVENTS && is(q->site, "same-origin")))
		return v;
	return key ? v : no(401, "the header X-Faltbok-Key is missing or of an earlier start; load the page again");
}

bool
web_loopback(const char *addr, bool *v6, int *port)
{
	static const struct { const char *name; bool v6; } hosts[] = { { "127.0.0.1:", false }, { "localhost:", false }, { "[::1]:", true } };

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		size_t len = strlen(hosts[i].name);
		uint64_t number;

		if (strncmp(addr, hosts[i].name, len) != 0)
			continue;
		if (!read_length(addr + len, &number) || number > 65535)
			return false;
		*v6 = hosts[i].v6;
		*port = (int)number;
		return true;
	}
	return false;
}
