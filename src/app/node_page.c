/* faltbok page: asks the node that serves this home for a new address of its page. */
#include <stdio.h>

#include "app/node.h"
#include "base/json.h"
#include "net/net.h"

int
app_page(struct app *app)
{
	char path[sizeof(app->home) + 32], text[256];
	struct buf reply = BUF_INIT;
	struct err err = ERR_INIT;
	json_t *answer = NULL;
	const char *address;

	snprintf(path, sizeof(path), "%s/control.sock", app->home);
	if (app_no_more(app, &err) == ERR_OK && net_control_call(path, BYTES_STR("{\"op\":\"page\"}"), &reply, &err) == ERR_OK)
		answer = json_read(buf_bytes(&reply), 0, NULL);
	buf_wipe(&reply);
	address = json_string_value(json_object_get(answer, "http"));
	if (address != NULL) {
		snprintf(text, sizeof(text), "%s\n", address);
		return app_answer(app, answer, text);
	}
	json_decref(answer);
	if (err.code == ERR_OK || err.code == ERR_NOT_FOUND)
		err_set(&err, ERR_REFUSED, "no node serves a page from %s; `faltbok serve --http 127.0.0.1:0` does", app->home);
	return app_fail(app, &err);
}
