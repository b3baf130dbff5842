/*
 * What stands around the figures: whom the report is for and by which
 * settings, how complete the records are that it counts, what does not
 * reconcile, and what differs from the last published run of the same
 * stretch. Nothing here depends on the node or on the time.
 * Spec: proto/report.md, 5 and 6.
 */
#include "base/mem.h"
#include "casework/records.h"
#include "casework/report_internal.h"
#include "crdt/hlc.h"

/* ---- header ---- */

static enum err_code
header_lines(struct run *r, json_t *out, struct err *err)
{
	const struct report_def *d = r->ask->def;
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < d->header_count && rc == ERR_OK; i++) {
		struct result x = { .line = &d->header[i] };
		json_t *labels = json_array(), *item;
		size_t k;

		rc = count_line(r, &x, err);
		json_array_foreach(x.list, k, item)
			json_array_append(labels, json_object_get(item, "label"));
		if (rc == ERR_OK)
			json_object_set(out, x.line->id, labels);
		json_decref(labels);
		result_free(&x);
	}
	return rc;
}

enum err_code
header_json(struct run *r, json_t **out, struct err *err)
{
	const struct report_ask *ask = r->ask;

	*out = json_pack("{s:s?,s:s,s:i,s:{s:i,s:i,s:i}}", "recipient", ask->recipient, "profile", profile_id(ask->profile), "profile_version",
	                 (int)profile_version(ask->profile), "suppression", "k", REPORT_K, "percent_base", REPORT_BASE_MIN, "earlier_runs",
	                 (int)ask->past_count);
	return *out == NULL ? err_plain(err, ERR_NO_MEMORY) : header_lines(r, *out, err);
}

/* ---- completeness ---- */

/* When each device last wrote something that is counted here; one that wrote nothing is not known from the records. */
static json_t *
devices_json(const struct run *r)
{
	const struct store *s = &r->store;
	json_t *out = json_array(), *d;
	char at[40], id[33];
	size_t i;

	json_array_foreach((json_t *)r->ask->devices, i, d) {
		const char *want = json_string_value(json_object_get(d, "id"));
		uint64_t last = 0;

		for (uint32_t a = 0; a < s->author_count; a++)
			if (s->author_last[a] > last && want != NULL && r->source->author(r->source->ctx, a, id) && strcmp(id, want) == 0)
				last = s->author_last[a];
		if (last > 0)
			json_array_append_new(out, json_pack("{s:O,s:O,s:s}", "id", json_object_get(d, "id"), "device", json_object_get(d, "device"),
			                                     "last_entry", time_print(at, hlc_ms(last), 0)));
	}
	return out;
}

enum err_code
completeness_json(struct run *r, json_t **out, struct err *err)
{
	const struct report_def *d = r->ask->def;
	size_t conflicts = 0;
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < r->store.type_count; i++)
		conflicts += r->store.types[i].conflicts;
	*out = json_pack("{s:s,s:i,s:I,s:{s:i,s:i},s:I}", "profile", profile_id(r->ask->profile), "profile_version",
	                 (int)profile_version(r->ask->profile), "conflicts", (json_int_t)conflicts, "suppression", "k", REPORT_K,
	                 "percent_base", REPORT_BASE_MIN, "unreadable", (json_int_t)r->ask->unreadable);
	if (*out == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (r->ask->of_rows)
		json_object_set_new(*out, "source", json_string("rows"));
	if (r->ask->devices != NULL && r->source->author != NULL)
		json_object_set_new(*out, "devices", devices_json(r));
	for (size_t i = 0; i < d->completeness_count && rc == ERR_OK; i++) {
		struct result x = { .line = &d->completeness[i] };

		rc = count_line(r, &x, err);
		if (rc == ERR_OK)
			json_object_set_new(*out, x.line->id, x.null || x.table_count == 0 ? json_null() : number_json((double)x.tables[0].total));
		result_free(&x);
	}
	return rc;
}

/* ---- footer ---- */

static json_t *
reconcile_json(const struct run *r)
{
	json_t *out = json_array();

	for (size_t i = 0; i < r->result_count; i++)
		if (r->results[i].reconciles >= 0)
			json_array_append_new(out, json_pack("{s:s,s:b}", "id", r->results[i].line->id, "reconciles", r->results[i].reconciles == 1));
	return out;
}

static bool
same_site(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The latest of the same report, stretch and site. */
static const struct report_past *
previous_run(const struct report_ask *ask)
{
	const struct report_past *last = NULL;

	for (size_t i = 0; i < ask->past_count; i++) {
		const struct report_past *p = &ask->past[i];

		if (p->def == ask->def && strcmp(p->from, ask->from) == 0 && strcmp(p->to, ask->to) == 0 && same_site(p->site, ask->site))
			last = p;
	}
	return last;
}

static void
difference(json_t *out, const char *line, const char *key, const json_t *was, const json_t *now)
{
	const json_t *a = was == NULL ? json_null() : was, *b = now == NULL ? json_null() : now;

	if (json_equal((json_t *)a, (json_t *)b) || (json_is_number(a) && json_is_number(b) && json_number_value(a) == json_number_value(b)))
		return;
	json_array_append_new(out, json_pack("{s:s,s:s,s:O,s:O}", "id", line, "key", key, "was", a, "now", b));
}

static void
differences_of(json_t *out, const char *line, const json_t *was, const json_t *now)
{
	const char *key;
	json_t *v;

	if (!json_is_object(was) && !json_is_object(now)) {
		difference(out, line, "", was, now);
		return;
	}
	json_object_foreach((json_t *)was, key, v)
		difference(out, line, key, v, json_object_get(now, key));
	json_object_foreach((json_t *)now, key, v)
		if (json_object_get(was, key) == NULL)
			difference(out, line, key, NULL, v);
}

json_t *
report_differences(const char *line, const json_t *was, const json_t *now)
{
	json_t *out = json_array();

	differences_of(out, line, json_object_get(was, "value"), json_object_get(now, "value"));
	return out;
}

json_t *
footer_json(const struct run *r, const json_t *cells)
{
	const struct report_past *p = previous_run(r->ask);
	json_t *differences = json_array(), *previous = json_null();

	for (size_t i = 0; p != NULL && i < r->result_count; i++) {
		const char *id = r->results[i].line->id;

		differences_of(differences, id, json_object_get(json_object_get(p->cells, id), "value"),
		               json_object_get(json_object_get(cells, id), "value"));
	}
	if (p != NULL)
		previous = json_pack("{s:s,s:s,s:O}", "run", p->id, "at", p->at, "differences", differences);
	json_decref(differences);
	return json_pack("{s:o,s:o}", "reconcile", reconcile_json(r), "previous", previous);
}
