/*
 * Who may ask this node for what, decided from a request's own words before
 * anything else looks at it. A pure function: the whole of the door's policy
 * can be read, tested and fuzzed here.
 *
 *   cookie   from the one-time token; the browser sends it along, so it proves nothing about who asks
 *   key      in a header that no foreign page can set; handed out only to whoever has the cookie and our origin
 *
 * A page on another origin, even on another port of this machine, has neither
 * our Origin nor `Sec-Fetch-Site: same-origin`. A name that was rebound to
 * 127.0.0.1 has the wrong Host.
 */
#ifndef FALTBOK_WEB_POLICY_H
#define FALTBOK_WEB_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WEB_SECRET_CHARS = 64,         /* 32 random bytes in hex */
	WEB_BODY_BYTES = 1 << 20,      /* of an ordinary operation */
	WEB_FILES_BYTES = 96 << 20,    /* of one that takes files */
};

enum web_method { WEB_OTHER, WEB_GET, WEB_POST };

/* What stands in the request; NULL: the header is not there. */
struct web_request {
	enum web_method method;
	const char *path;              /* without what follows a "?" */
	bool query;                    /* there was one */
	const char *host, *origin, *site, *mode, *dest; /* the last three: Sec-Fetch-… */
	const char *cookie, *key, *content_type, *content_length, *transfer_encoding, *upgrade;
};

/* What this start of the node has made up. */
struct web_secrets {
	char authority[64];            /* "127.0.0.1:41234" */
	char cookie_name[32];          /* "faltbok-41234": cookies do not tell ports apart */
	char cookie[WEB_SECRET_CHARS + 1];
	char key[WEB_SECRET_CHARS + 1];
};

enum web_kind { WEB_ASSET, WEB_SESSION, WEB_OPERATION, WEB_EVENTS, WEB_OPENAPI };

struct web_verdict {
	int status;                    /* 200: go on; else the answer */
	const char *text;              /* why, for a person */
	enum web_kind kind;
	const char *operation;         /* WEB_OPERATION: what follows /api/v1/ in the path */
	uint64_t body_bytes;           /* of a POST */
	bool stranger;                 /* WEB_SESSION by POST: has not shown cookie and key; may only bring a token */
};

struct web_verdict web_judge(const struct web_request *q, const struct web_secrets *s);

/* "HOST:PORT" that may be bound: 127.0.0.1, localhost or [::1], and a port or 0. False: anything else. */
bool web_loopback(const char *addr, bool *v6, int *port);

#endif
