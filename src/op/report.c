/*
 * Reports: the figures of a period over the records of this node, as the
 * lines of the profile count them, as a document, a sheet or pages.
 */
#include "op/op_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "casework/marks.h"
#include "exchange/records_book.h"
#include "op/law.h"
#include "op/ledger.h"

struct each { struct node *node; report_record_cb cb; void *ctx; bool rows; };

static bool
pass_on(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct each *e = ctx;

	(void)team;
	return (!e->rows && node_practises(e->node, r)) || e->cb(e->ctx, r); /* for practice there are no rows */
}

/* Rows where the organisation has a drop-box that this device reads, else records: never both (proto/vault.md, 12). */
static enum err_code
each_record(void *ctx, uint32_t type, report_record_cb cb, void *cb_ctx, struct err *err)
{
	struct view *rows = node_rows(ctx);
	struct each e = { ctx, cb, cb_ctx, rows != NULL };

	return view_each(rows != NULL ? rows : node_view(ctx), type, pass_on, &e, err);
}

static enum err_code
all_records(void *ctx, report_record_cb cb, void *cb_ctx, struct err *err)
{
	struct view *rows = node_rows(ctx);
	struct each e = { ctx, cb, cb_ctx, rows != NULL };

	return view_scan(rows != NULL ? rows : node_view(ctx), pass_on, &e, err);
}

static void
same_as(void *ctx, const struct record_id *id, struct record_id *out)
{
	if (node_rows(ctx) != NULL)
		node_row_same_as(ctx, id, out);
	else
		node_same_as(ctx, id, out);
}

static bool
withheld(void *ctx, const struct record_id *id)
{
	struct record *r = node_rows(ctx) != NULL ? NULL : record_new(id); /* rows hold no words of anybody's */
	bool is = r != NULL && view_get(node_view(ctx), id, r, NULL, NULL) == ERR_OK && law_protected(ctx, r);

	record_free(r);
	return is;
}

static bool
author_id(void *ctx, uint32_t author, char id[33])
{
	struct view *rows = node_rows(ctx);
	const struct author *a = view_author(rows != NULL ? rows : node_view(ctx), author);
	const struct org_device *d = a == NULL ? NULL : org_device_by_author(node_org(ctx), a);

	if (d != NULL)
		hex_encode(id, d->id.b, 16);
	return d != NULL;
}

const struct report_source report_of_view = { NULL, each_record, all_records, same_as, withheld, author_id };

/* Everyone who may write records, those who are gone too: what they wrote still counts. */
static json_t *
writers(struct node *n)
{
	json_t *out = json_array();

	for (size_t i = 0; i < org_device_count(node_org(n)); i++) {
		const struct org_device *d = org_device_at(node_org(n), i);

		if (d->coordinator || d->advisor || d->gone)
			json_array_append_new(out, json_pack("{s:o,s:s}", "id", json_hex(d->id.b, 16), "device", node_device_name(n, &d->id)));
	}
	return out;
}

/* ---- which site ---- */

struct wanted { struct node *node; const struct report_def *def; const char *text; char id[33], name[160]; size_t found; };

static void
name_of(char out[160], const struct record *r, const struct profile_field *f)
{
	size_t count;
	const struct value *v = record_values(r, f->number, &count);
	json_t *name = count == 0 ? NULL : value_to_json(f, v[0].value);

	(void)snprintf(out, 160, "%s", json_is_string(name) ? json_string_value(name) : "");
	json_decref(name);
}

static bool
match_site(void *ctx, const struct record *r)
{
	struct wanted *w = ctx;
	struct record_id is;
	char id[33], name[160];

	hex_encode(id, record_id_of(r)->b, 16);
	if (record_merged_into(r, &is)) {
		same_as(w->node, record_id_of(r), &is);
		if (!SAME(is, *record_id_of(r)))
			return true;
	}
	name_of(name, r, w->def->site_name);
	if (strcmp(name, w->text) == 0 || (strlen(w->text) >= 6 && strncmp(id, w->text, strlen(w->text)) == 0)) {
		memcpy(w->id, id, sizeof(id));
		memcpy(w->name, name, sizeof(name));
		w->found++;
	}
	return true;
}

static enum err_code
find_site(struct op_call *c, struct report_ask *ask, struct wanted *w)
{
	w->text = param_text(c, "site");
	w->def = ask->def;
	w->node = c->node;
	if (w->text == NULL)
		return ERR_OK;
	if (ask->def->site_type == NULL)
		return err_set(&c->err, ERR_INVALID, "report %s can not be told by site", ask->def->name);
	if (each_record(c->node, ask->def->site_type->number, match_site, w, &c->err) != ERR_OK)
		return c->err.code;
	if (w->found != 1)
		return err_set(&c->err, w->found == 0 ? ERR_UNKNOWN : ERR_INVALID, "site: \"%s\": %s", w->text,
		               w->found == 0 ? "no site has that name or id" : "several sites have it; give the id");
	ask->site = w->id;
	ask->site_name = w->name[0] == '\0' ? NULL : w->name;
	return ERR_OK;
}

/* ---- which report ---- */

static enum err_code
find_report(struct op_call *c, struct report_ask *ask)
{
	const char *name = param_text(c, "name");

	ask->profile = node_profile(c->node);
	if (ask->profile == NULL)
		return op_no_profile(c);
	ask->def = profile_report_named(ask->profile, name);
	if (ask->def == NULL && profile_report_count(ask->profile) == 0)
		return err_set(&c->err, ERR_UNKNOWN, "profile %s has no reports", profile_id(ask->profile));
	if (ask->def == NULL)
		return err_set(&c->err, ERR_UNKNOWN, "profile %s has no report \"%s\"; its first is \"%s\"", profile_id(ask->profile), name,
		               profile_report_at(ask->profile, 0)->name);
	ask->from = param_text(c, "from");
	ask->to = param_text(c, "to");
	ask->recipient = param_text(c, "recipient");
	ask->keep_personal = param_text(c, "personal") != NULL && strcmp(param_text(c, "personal"), "keep") == 0;
	ask->of_rows = node_rows(c->node) != NULL;
	ask->lang = param_text(c, "language") != NULL ? param_text(c, "language") : "sv";
	return ERR_OK;
}

static enum err_code
check_format(struct op_call *c, const char *format)
{
	const char *personal = param_text(c, "personal");

	if (personal != NULL && strcmp(personal, "mask") != 0 && strcmp(personal, "keep") != 0)
		return err_set(&c->err, ERR_USAGE, "report: personal must be mask or keep, not \"%.20s\"", personal);
	if (strcmp(format, "json") == 0 || strcmp(format, "csv") == 0 || strcmp(format, "html") == 0)
		return ERR_OK;
	if (strcmp(format, "xlsx") == 0)
		return param_text(c, "output") != NULL ? ERR_OK : err_set(&c->err, ERR_USAGE, "report: an xlsx is no text: say where with -o FILE");
	return err_set(&c->err, ERR_USAGE, "report: format must be json, html, csv or xlsx, not \"%s\"", format);
}

static enum err_code
as_workbook(struct op_call *c, const struct report_ask *ask, const json_t *report, struct buf *out)
{
	json_t *basis = report_basis(ask, report);
	struct book *b;

	(void)!report_book(&b, report, basis, ask->lang, &c->err);
	json_decref(basis);
	if (c->err.code != ERR_OK)
		return c->err.code;
	(void)!book_xlsx(out, b, &c->err);
	book_free(b);
	return c->err.code;
}

static enum err_code
in_format(struct op_call *c, const struct report_ask *ask, const char *format, const json_t *report, struct buf *out)
{
	char *text;

	if (strcmp(format, "xlsx") == 0) {
		return as_workbook(c, ask, report, out);
	} else if (strcmp(format, "csv") == 0) {
		report_csv(out, ask, report);
	} else if (strcmp(format, "html") == 0) {
		report_html(out, ask, report);
	} else {
		text = json_dumps(report, JSON_COMPACT | JSON_REAL_PRECISION(15));
		if (text == NULL)
			return err_plain(&c->err, ERR_NO_MEMORY);
		buf_printf(out, "%s\n", text);
		free(text);
	}
	return buf_ok(out) ? ERR_OK : err_plain(&c->err, ERR_NO_MEMORY);
}

/* A document is the answer itself; another form is text in it; a file is named. */
static void
answer(struct op_call *c, const struct report_ask *ask, const char *format, json_t *report)
{
	const char *path = param_text(c, "output");
	struct buf text = BUF_INIT;

	if (path == NULL && strcmp(format, "json") == 0)
		c->result = json_incref(report);
	else if (in_format(c, ask, format, report, &text) != ERR_OK)
		;
	else if (path == NULL)
		c->result = json_pack("{s:s}", "text", buf_str(&text));
	else if (param_file_out(c, "output", buf_bytes(&text)) == ERR_OK)
		c->result = json_pack("{s:s,s:s,s:O}", "file", path, "format", format, "digest", json_object_get(report, "digest"));
	buf_wipe(&text);
}

void
op_report(struct op_call *c)
{
	const char *format = param_text(c, "format") != NULL ? param_text(c, "format") : "json";
	struct report_source source = report_of_view;
	struct report_ask ask = { 0 };
	struct wanted site = { 0 };
	struct ledger ledger = { 0 };
	json_t *report = NULL, *cells = NULL, *devices = writers(c->node);

	source.ctx = c->node;
	if (check_format(c, format) == ERR_OK && find_report(c, &ask) == ERR_OK && find_site(c, &ask, &site) == ERR_OK &&
	    ledger_load(&ledger, c->node, &c->err) == ERR_OK) {
		ask.past = ledger.past;
		ask.past_count = ledger.past_count;
		ask.devices = devices;
		ask.unreadable = node_waiting_keys(c->node);
		if (report_run_cells(&report, &cells, &ask, &source, &c->err) == ERR_OK &&
		    (!param_flag(c, "publish") || ledger_publish(c, &ask, report, cells) == ERR_OK))
			answer(c, &ask, format, report);
	}
	json_decref(report);
	json_decref(cells);
	json_decref(devices);
	ledger_free(&ledger);
	if (c->err.code != ERR_OK || c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}
