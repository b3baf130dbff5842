/*
 * Addresses that name a WebSocket: wss://HOST[:PORT]/PATH. Pure.
 * Spec: proto/transport.md, 1.
 */
#ifndef FALTBOK_LINK_URL_H
#define FALTBOK_LINK_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { URL_CHARS = 100, URL_HOST_CHARS = 64 };

struct url {
	bool tls;
	bool port_named;
	uint16_t port;
	char host[URL_HOST_CHARS + 1];  /* without brackets */
	char path[URL_CHARS + 1];       /* begins with a slash */
};

/* Does it begin as one, right or wrong? Everything else is HOST:PORT. */
bool url_is(const char *addr);
/* ERR_NETWORK and what is wrong. `any_port`: port 0 is one. */
enum err_code url_parse(struct url *out, const char *addr, bool any_port, struct err *err) MUST_CHECK;
/* What an HTTP request names as its host: the port only where it is not the usual one. Returns out. */
char *url_authority(char out[URL_CHARS + 1], const struct url *url);
/* The host stands in a no_proxy list: "example.org, .lund.se, 10.0.0.1, *". */
bool url_host_listed(const struct url *url, const char *list);
bool url_is_loopback(const struct url *url);

#endif
