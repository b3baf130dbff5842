/* Kill cards and sheets on the command line: files, or standard input. */
#include <stdio.h>

#include "app/node.h"

enum { CARD_BYTES_MAX = 4096 };

enum err_code
card_read(struct app *app, json_t *params, struct err *err)
{
	const char *name = json_string_value(json_object_get(params, "kill-card"));
	struct buf text = BUF_INIT;
	char path[4096];
	enum err_code rc = ERR_OK;

	if (name == NULL)
		return ERR_OK;
	if (strcmp(name, "-") == 0) {
		char line[CARD_BYTES_MAX];
		size_t n = fread(line, 1, sizeof(line), stdin);

		buf_put(&text, line, n);
		memset(line, 0, sizeof(line));
	} else {
		rc = app->env->files->read(app->env, app_absolute(name, path), CARD_BYTES_MAX, &text, err);
	}
	if (rc == ERR_OK && (buf_str(&text) == NULL || json_object_set_new(params, "kill-card", json_string(buf_str(&text))) != 0))
		rc = err_set(err, ERR_INVALID, "%s: a kill card is text", name);
	buf_wipe(&text);
	return rc;
}

bool
card_by_shares(const struct app *app)
{
	for (int i = 1; i < app->argc; i++)
		if (strcmp(app->argv[i], "--shares") == 0)
			return true;
	return false;
}
