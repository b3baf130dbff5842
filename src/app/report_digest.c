/*
 * An auditor has no key and counts nothing; what it can say is that a report
 * is the one whose digest was published, to the last figure.
 * Spec: proto/report.md, 5 "Document".
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/common.h"
#include "base/json.h"
#include "crypto/hc.h"

enum { REPORT_FILE_BYTES_MAX = 16 << 20 };

static enum err_code
digest_of(char out[65], const json_t *report, struct err *err)
{
	json_t *bare = json_copy((json_t *)report);
	uint8_t digest[32];
	char *text;

	json_object_del(bare, "digest");
	json_object_del(bare, "run");
	text = json_dumps(bare, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
	json_decref(bare);
	if (text == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	HC(digest, sizeof(digest), BYTES_NONE, "fb1/report", BYTES_STR(text));
	hex_encode(out, digest, sizeof(digest));
	free(text);
	return ERR_OK;
}

static enum err_code
check(const char *path, const json_t *report, const char *want, char digest[65], struct err *err)
{
	const char *says = json_string_value(json_object_get(report, "digest"));

	if (says == NULL)
		return err_set(err, ERR_DAMAGED, "%s: is not a report as JSON: `faltbok report NAME … --format json -o FILE` makes one", path);
	if (digest_of(digest, report, err) != ERR_OK)
		return err->code;
	if (strcmp(digest, says) != 0)
		return err_set(err, ERR_DAMAGED, "%s: says the digest %.16s… and comes to %.16s…: something in it was changed", path, says, digest);
	if (want != NULL && strcmp(digest, want) != 0)
		return err_set(err, ERR_DAMAGED, "%s: is whole, but not the report with the digest %.16s…", path, want);
	return ERR_OK;
}

int
app_report_digest(struct app *app)
{
	const char *want = app_option(app, "--digest");
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	char digest[65] = "", text[200];
	json_t *report = NULL;

	if (app->argc != 2)
		err_set(&err, ERR_USAGE, "report-digest FILE [--digest HEX]: which report, as JSON?");
	else if (app->env->files->read(app->env, app->argv[1], REPORT_FILE_BYTES_MAX, &file, &err) == ERR_OK) {
		report = json_read(buf_bytes(&file), JSON_REJECT_DUPLICATES, NULL);
		(void)!check(app->argv[1], report, want, digest, &err);
	}
	json_decref(report);
	buf_free(&file);
	if (err.code != ERR_OK)
		return app_fail(app, &err);
	snprintf(text, sizeof(text), "The report comes to its digest %s\n", digest);
	return app_answer(app, json_pack("{s:s,s:b}", "digest", digest, "matches", 1), text);
}
