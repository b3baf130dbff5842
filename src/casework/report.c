/* A run: the records are read, every line is counted, suppressed and finished, and the document is put together. */
#include "casework/report.h"

#include <stdlib.h>

#include "base/mem.h"
#include "casework/records.h"
#include "casework/report_internal.h"
#include "crypto/hc.h"

enum { DIGEST_FLAGS = JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15) };

static enum err_code
count_all(struct run *r, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < r->result_count && rc == ERR_OK; i++) {
		r->results[i].line = &r->ask->def->lines[i];
		rc = count_line(r, &r->results[i], err);
		if (rc == ERR_OK && !choose_listed(r, &r->results[i]))
			rc = err_plain(err, ERR_NO_MEMORY);
	}
	if (rc == ERR_OK)
		rc = guard_all(r, err);
	for (size_t i = 0; i < r->result_count && rc == ERR_OK; i++)
		if (!finish_line(r, &r->results[i]))
			rc = err_plain(err, ERR_NO_MEMORY);
	return rc;
}

enum err_code
report_digest(char out[65], const json_t *report, struct err *err)
{
	json_t *bare = json_copy((json_t *)report);
	uint8_t digest[32];
	char *text;

	json_object_del(bare, "digest");
	json_object_del(bare, "run"); /* who published it and when: said afterwards */
	text = json_dumps(bare, DIGEST_FLAGS);
	json_decref(bare);
	if (text == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	HC(digest, sizeof(digest), BYTES_NONE, "fb1/report", BYTES_STR(text));
	hex_encode(out, digest, sizeof(digest));
	free(text);
	return ERR_OK;
}

static enum err_code
document(struct run *r, json_t **out, json_t **cells, struct err *err)
{
	const struct report_ask *ask = r->ask;
	json_t *lines = json_array(), *completeness = NULL, *header = NULL;
	char digest[65];

	*cells = past_cells(r);
	if (header_json(r, &header, err) != ERR_OK || completeness_json(r, &completeness, err) != ERR_OK) {
		json_decref(lines);
		json_decref(header);
		json_decref(completeness);
		return err->code;
	}
	for (size_t i = 0; i < r->result_count; i++)
		(void)!json_array_append_new(lines, line_json(r, &r->results[i]));
	*out = json_pack("{s:s,s:{s:s,s:s},s:o,s:o,s:o,s:o}", "report", ask->def->name, "period", "from", ask->from, "to", ask->to,
	                 "header", header, "lines", lines, "completeness", completeness, "footer", footer_json(r, *cells));
	if (*out != NULL && ask->site != NULL)
		json_object_set_new(*out, "site", json_string(ask->site));
	if (*out == NULL || json_array_size(lines) != r->result_count)
		return err_plain(err, ERR_NO_MEMORY);
	if (report_digest(digest, *out, err) != ERR_OK)
		return err->code;
	json_object_set_new(*out, "digest", json_string(digest));
	return ERR_OK;
}

static enum err_code
check_ask(const struct report_ask *ask, struct err *err)
{
	if (!date_valid(ask->from) || !date_valid(ask->to))
		return err_set(err, ERR_INVALID, "a period is two dates like 2019-07-01");
	if (strcmp(ask->from, ask->to) > 0)
		return err_set(err, ERR_INVALID, "the period ends (%s) before it begins (%s)", ask->to, ask->from);
	if (ask->site != NULL && ask->def->site_type == NULL)
		return err_set(err, ERR_INVALID, "report %s can not be told by site", ask->def->name);
	return ERR_OK;
}

enum err_code
report_run_cells(json_t **out, json_t **cells, const struct report_ask *ask, const struct report_source *source, struct err *err)
{
	struct run r = { .ask = ask, .source = source, .result_count = ask->def->line_count };
	unsigned long refused = mem_refusals();
	struct err own = ERR_INIT;
	enum err_code rc;

	*out = *cells = NULL;
	if (err == NULL)
		err = &own;
	rc = check_ask(ask, err);
	if (rc != ERR_OK)
		return rc;
	r.results = mem_zero(r.result_count + 1, sizeof(*r.results));
	rc = r.results == NULL ? err_plain(err, ERR_NO_MEMORY) : store_load(&r.store, ask, source, err);
	if (rc == ERR_OK && ask->site != NULL)
		r.site = store_word(&r.store, ask->site);
	if (rc == ERR_OK)
		rc = count_all(&r, err);
	if (rc == ERR_OK)
		rc = document(&r, out, cells, err);
	/* A word that found no memory is no value, and a difference that nobody could look at was not hidden. */
	if (rc == ERR_OK && refused != mem_refusals())
		rc = err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < r.result_count && r.results != NULL; i++)
		result_free(&r.results[i]);
	mem_free(r.results);
	mem_free(r.seen);
	store_free(&r.store);
	if (rc != ERR_OK) {
		json_decref(*out);
		json_decref(*cells);
		*out = *cells = NULL;
	}
	return rc;
}

enum err_code
report_run(json_t **out, const struct report_ask *ask, const struct report_source *source, struct err *err)
{
	json_t *cells;
	enum err_code rc = report_run_cells(out, &cells, ask, source, err);

	json_decref(cells);
	return rc;
}
