/* An address that is read holds to its limits, and written down again is read the same; what may stand in a code does not break it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "link/join.h"
#include "link/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[256], again[2 * URL_CHARS + 16], authority[URL_CHARS + 1];
	struct err err = ERR_INIT;
	struct url u, v;

	if (len >= sizeof(text))
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	if (url_parse(&u, text, (len & 1) != 0, &err) != ERR_OK) {
		if (err.code != ERR_NETWORK || err.text[0] == '\0')
			abort();
		return 0;
	}
	if (!url_is(text) || strlen(text) > URL_CHARS || strlen(u.host) > URL_HOST_CHARS || u.path[0] != '/' || strpbrk(text, "#~,@? \r\n") != NULL)
		abort();
	if (u.port != 0 && !join_addr_ok(text))
		abort();
	snprintf(again, sizeof(again), "%s://%s%s", u.tls ? "wss" : "ws", url_authority(authority, &u), u.path);
	if (strlen(again) <= URL_CHARS && u.port != 0 &&
	    (url_parse(&v, again, false, NULL) != ERR_OK || u.tls != v.tls || u.port != v.port || strcmp(u.host, v.host) != 0 || strcmp(u.path, v.path) != 0))
		abort();
	(void)url_host_listed(&u, text);
	return 0;
}
