/*
 * The ledger of published reports: records of the type report_run, each
 * signed by being an entry. A report that is published joins it, and every
 * later one is guarded against it (proto/report.md, 6).
 */
#include "base/json.h"
#include "op/ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crdt/hlc.h"

enum { LEDGER_TYPE_BYTES_MAX = 40 * 1024 };

struct taking { struct ledger *l; struct node *node; const struct profile_type *type; bool failed; };

static const char *
text_in(const json_t *record, const char *field)
{
	return json_string_value(json_object_get(json_object_get(record, "fields"), field));
}

static const char *
nobody(void *ctx, uint32_t author)
{
	(void)ctx, (void)author;
	return "";
}

/* A run of a report that this profile still has, whole. Others say nothing that can be counted again. */
static bool
take_run(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct taking *t = ctx;
	struct ledger_run *more = mem_room(t->l->runs, t->l->count, &t->l->cap, sizeof(*more)), *run;
	const struct profile_field *f = profile_field_named(t->type, "report");
	const struct value *v = NULL;
	size_t values = 0;
	json_t *o;

	(void)team;
	t->failed = more == NULL;
	if (t->failed)
		return false;
	t->l->runs = more;
	run = &more[t->l->count];
	o = record_to_json(r, node_profile(t->node), nobody, NULL);
	if (f != NULL)
		v = record_values(r, f->number, &values);
	*run = (struct ledger_run){ .record = o, .hlc = record_hlc_first(r), .author = values > 0 ? v[0].author : UINT32_MAX };
	hex_encode(run->id, record_id_of(r)->b, 16);
	(void)time_print(run->at, hlc_ms(run->hlc), 0);
	if (text_in(o, "cells") != NULL)
		run->cells = json_read(BYTES_STR(text_in(o, "cells")), JSON_REJECT_DUPLICATES, NULL);
	if (run->cells == NULL || text_in(o, "report") == NULL || text_in(o, "from") == NULL || text_in(o, "to") == NULL ||
	    !date_valid(text_in(o, "from")) || !date_valid(text_in(o, "to"))) {
		json_decref(run->cells);
		json_decref(o);
		return true;
	}
	t->l->count++;
	return true;
}

static int
by_time(const void *a, const void *b)
{
	const struct ledger_run *x = a, *y = b;

	return x->hlc != y->hlc ? (x->hlc > y->hlc ? 1 : -1) : strcmp(x->id, y->id);
}

static void
past_of(struct ledger *l, const struct profile *p)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct ledger_run *run = &l->runs[i];
		const struct report_def *def = profile_report_named(p, text_in(run->record, "report"));
		const char *site = text_in(run->record, "site");

		if (def != NULL && strcmp(text_in(run->record, "from"), text_in(run->record, "to")) <= 0 && (site == NULL || strlen(site) == 32))
			l->past[l->past_count++] = (struct report_past){ .def = def, .id = run->id, .at = run->at, .from = text_in(run->record, "from"),
			                                                 .to = text_in(run->record, "to"), .site = site, .cells = run->cells };
	}
}

enum err_code
ledger_load(struct ledger *l, struct node *n, struct err *err)
{
	const struct profile *p = node_profile(n);
	struct taking t = { l, n, p == NULL ? NULL : profile_type_named(p, "report_run"), false };

	memset(l, 0, sizeof(*l));
	if (t.type == NULL)
		return ERR_OK;
	if (view_each(node_view(n), t.type->number, take_run, &t, err) != ERR_OK)
		return err->code;
	l->past = mem_zero(l->count + 1, sizeof(*l->past));
	if (t.failed || l->past == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (l->count > 1)
		qsort(l->runs, l->count, sizeof(*l->runs), by_time);
	past_of(l, p);
	return ERR_OK;
}

void
ledger_free(struct ledger *l)
{
	for (size_t i = 0; i < l->count; i++) {
		json_decref(l->runs[i].record);
		json_decref(l->runs[i].cells);
	}
	mem_free(l->runs);
	mem_free(l->past);
	memset(l, 0, sizeof(*l));
}

/* ---- publishing ---- */

static enum err_code
assign_run(struct draft *d, const struct report_ask *ask, const json_t *report, const char *cells, struct err *err)
{
	char version[16], suppression[64];
	const struct { const char *field, *text; } fields[] = {
		{ "report", ask->def->name }, { "from", ask->from }, { "to", ask->to }, { "site", ask->site }, { "recipient", ask->recipient },
		{ "profile_version", version }, { "suppression", suppression }, { "cells", cells },
		{ "digest", json_string_value(json_object_get(report, "digest")) },
		{ "supersedes", json_string_value(json_object_get(json_object_get(json_object_get(report, "footer"), "previous"), "run")) },
	};

	snprintf(version, sizeof(version), "%u", profile_version(ask->profile));
	snprintf(suppression, sizeof(suppression), "k=%d percent_base=%d", REPORT_K, REPORT_BASE_MIN);
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (fields[i].text != NULL && draft_assign_text(d, OP_SET, fields[i].field, fields[i].text, err) != ERR_OK)
			return err_wrap(err, "publishing: the profile's report_run");
	return ERR_OK;
}

/* Whose figures: the devices and what they had written, as the report itself says it. */
static enum err_code
assign_sources(struct draft *d, const json_t *report, struct err *err)
{
	json_t *devices = json_object_get(json_object_get(report, "completeness"), "devices");
	char *text = devices == NULL ? NULL : json_dumps(devices, JSON_COMPACT | JSON_SORT_KEYS);
	enum err_code rc = text == NULL ? ERR_OK : draft_assign_text(d, OP_SET, "sources", text, err);

	free(text);
	return rc;
}

static enum err_code
may_publish(struct op_call *c, const struct profile_type *type)
{
	const struct org_device *self = node_self(c->node);

	if (type == NULL)
		return err_set(&c->err, ERR_REFUSED, "profile %s has no type report_run: it can not keep a ledger of what was published",
		               profile_id(node_profile(c->node)));
	if (self == NULL || !self->coordinator)
		return err_set(&c->err, ERR_REFUSED, "publishing is a coordinator's to do: without --publish the same figures are a draft");
	return ERR_OK;
}

enum err_code
ledger_publish(struct op_call *c, const struct report_ask *ask, json_t *report, const json_t *cells)
{
	const struct profile_type *type = profile_type_named(ask->profile, "report_run");
	char *text = json_dumps(cells, JSON_COMPACT | JSON_SORT_KEYS), at[40];
	struct stream_id team;
	struct record_id id;
	struct hash entry;
	struct draft d;

	env_random(node_env(c->node), id.b, sizeof(id.b));
	if (text == NULL)
		return err_plain(&c->err, ERR_NO_MEMORY);
	if (may_publish(c, type) != ERR_OK) {
		free(text);
		return c->err.code;
	}
	if (strlen(text) > LEDGER_TYPE_BYTES_MAX)
		err_set(&c->err, ERR_TOO_BIG, "publishing: the cells of this report come to %zu bytes, more than the %d that one entry holds; "
		        "publish it in shorter periods", strlen(text), LEDGER_TYPE_BYTES_MAX);
	draft_init(&d, type, &id);
	if (c->err.code == ERR_OK && assign_run(&d, ask, report, text, &c->err) == ERR_OK && assign_sources(&d, report, &c->err) == ERR_OK &&
	    node_team_for(c->node, NULL, param_text(c, "team"), &team, &c->err) == ERR_OK &&
	    node_write(c->node, &team, &d, &entry, &c->err) == ERR_OK && op_commit(c) == ERR_OK) {
		(void)time_print(at, node_env(c->node)->ops->wall_ms(node_env(c->node)), 0);
		json_object_set_new(report, "run", json_pack("{s:o,s:o,s:s,s:s}", "id", json_hex(id.b, 16), "entry", json_hex(entry.b, 32), "at", at,
		                                             "by", node_device_name(c->node, &node_self(c->node)->id)));
	} else {
		node_drop(c->node);
	}
	draft_free(&d);
	free(text);
	return c->err.code;
}

/* ---- listing ---- */

void
op_report_runs(struct op_call *c)
{
	struct ledger l;
	json_t *out = json_array();

	if (ledger_load(&l, c->node, &c->err) == ERR_OK) {
		for (size_t i = l.count; i-- > 0;) {
			const struct ledger_run *r = &l.runs[i];
			const struct author *a = view_author(node_view(c->node), r->author);

			json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:s,s:s?,s:s,s:s,s:s?}", "id", r->id, "report", text_in(r->record, "report"), "from",
			                                     text_in(r->record, "from"), "to", text_in(r->record, "to"), "site", text_in(r->record, "site"),
			                                     "at", r->at, "by", a == NULL ? "?" : node_author_name(c->node, a), "digest",
			                                     text_in(r->record, "digest")));
		}
		c->result = json_pack("{s:O}", "runs", out);
	}
	ledger_free(&l);
	json_decref(out);
	op_end(c);
}
