/*
 * Prints proto/vectors/transport.json: addresses of WebSockets, and what is none.
 */
#include "json.h"
#include "link/url.h"

int
main(void)
{
	static const char *const cases[] = {
		"wss://hub.example.org/faltbok", "WSS://Hub.Example.org", "wss://hub:8443/a/b-c_d.e", "wss://hub:443/", "ws://127.0.0.1:8046/f", "ws://[::1]:8046/f",
		"ws://hub", "wss://[::1]/f", "wss://", "wss:///f", "wss://hub:0/", "wss://hub:/", "wss://hub:065/", "wss://hub:65535/", "wss://hub:65536/",
		"wss://me:secret@hub/", "wss://hub/a?b", "wss://hub/a#b", "wss://hub/a,b", "wss://hub/a~b", "wss://hub/a b", "wss://hub_name/", "ws://[::1/f",
		"https://hub/", "hub:4711",
		"wss://hub/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"wss://hub/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};

	json_first = true;
	json_open(NULL, '{');
	json_open("addresses", '[');
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char authority[URL_CHARS + 1];
		struct url u;
		bool ok = url_parse(&u, cases[i], false, NULL) == ERR_OK;

		json_open(NULL, '{');
		json_text("address", cases[i]);
		json_bool("ok", ok);
		if (ok) {
			json_bool("tls", u.tls);
			json_text("host", u.host);
			json_uint("port", u.port);
			json_text("path", u.path);
			json_text("authority", url_authority(authority, &u));
		}
		json_close('}');
	}
	json_close(']');
	json_close('}');
	printf("\n");
	return 0;
}
