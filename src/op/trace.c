/*
 * Traces in, readable records out. A trace is taken whole or not at all:
 * every line is written in one open batch, and one commit makes it so.
 */
#include "op/op_internal.h"

#include "base/mem.h"
#include "node/removal.h"
#include "base/nfc.h"
#include "op/law.h"

enum { TRACE_BYTES_MAX = 1 << 30, WARNINGS_MAX = 100 };

struct import {
	struct op_call *call;
	const char *by;
	struct stream_id team;
	uint64_t line, taken, known, other, erased;
	json_t *warnings;
	bool of_package;            /* which says of each record whether it is for practice */
};

/* By the record's id, or by the group that the line itself names. */
static bool
is_erased(struct node *n, struct draft *d)
{
	draft_group(d, NULL);
	return node_is_erased(n, &d->record, &d->group);
}

static enum err_code
import_line(struct import *im, struct bytes line)
{
	struct node *n = im->call->node;
	struct err *err = &im->call->err;
	struct hash entry;
	struct draft d;
	char by[64];
	enum err_code rc = trace_parse(node_profile(n), line, &d, by, err);

	if (rc != ERR_OK)
		return rc;
	d.says_practice = im->of_package;
	if (im->by != NULL && strcmp(im->by, by) != 0) {
		im->other++;
	} else if (is_erased(n, &d)) {
		im->erased++; /* for ever: a trace kept somewhere must not bring back what was erased */
	} else if (view_has_import(node_view(n), &d.record, d.import)) {
		im->known++;
	} else {
		rc = node_write(n, &im->team, &d, &entry, err);
		im->taken += rc == ERR_OK;
		if (json_array_size(im->warnings) < WARNINGS_MAX)
			law_warn_draft(&d, im->warnings);
	}
	draft_free(&d);
	return rc;
}

static enum err_code
import_one_line(struct import *im, struct bytes line)
{
	struct buf same = BUF_INIT;
	enum err_code rc;

	if (line.len == 0 || nfc_already(line))
		return line.len == 0 ? ERR_OK : import_line(im, line);
	if (nfc(&same, line))
		rc = import_line(im, buf_bytes(&same));
	else
		rc = err_set(&im->call->err, ERR_INVALID, "not UTF-8 text");
	buf_wipe(&same);
	return rc;
}

static enum err_code
import_all(struct import *im, struct bytes file)
{
	while (file.len > 0) {
		const uint8_t *nl = memchr(file.p, '\n', file.len);
		size_t len = nl == NULL ? file.len : (size_t)(nl - file.p);
		struct bytes line = BYTES(file.p, len);

		im->line++;
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		if (import_one_line(im, line) != ERR_OK)
			return err_wrap(&im->call->err, "line %llu", (unsigned long long)im->line);
		len += nl != NULL;
		file = BYTES(file.p + len, file.len - len);
	}
	return ERR_OK;
}

void
op_import(struct op_call *c)
{
	struct import im = { .call = c, .by = param_text(c, "by"), .warnings = json_array() };
	struct buf file = BUF_INIT;

	if (node_profile(c->node) == NULL)
		op_no_profile(c);
	else if (param_file(c, "file", TRACE_BYTES_MAX, &file) == ERR_OK && import_package(c, &file, &im.of_package) == ERR_OK &&
	         node_team_for(c->node, NULL, param_text(c, "team"), &im.team, &c->err) == ERR_OK &&
	         import_all(&im, buf_bytes(&file)) == ERR_OK && op_commit(c) == ERR_OK)
		c->result = json_pack("{s:I,s:I,s:I,s:I,s:I,s:b,s:O}", "lines", (json_int_t)im.line, "imported", (json_int_t)im.taken,
		                      "already_here", (json_int_t)im.known, "by_others", (json_int_t)im.other, "erased", (json_int_t)im.erased, "saved", 1,
		                      "warnings", im.warnings);
	if (c->err.code != ERR_OK) {
		node_drop(c->node);
		err_wrap(&c->err, "importing %s: nothing was taken", param_text(c, "file"));
	}
	json_decref(im.warnings);
	buf_free(&file);
	op_end(c);
}

struct export { struct node *node; struct buf out; uint64_t records, left_out, found; bool keep; };

static const char *
export_who(void *ctx, uint32_t author)
{
	struct node *n = ctx;
	const struct author *a = view_author(node_view(n), author);

	return a == NULL ? "?" : node_author_name(n, a);
}

static bool
export_record(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct export *x = ctx;
	json_t *o;
	char *text;

	if (law_protected(x->node, r)) {
		x->left_out++;
		return true;
	}
	o = record_to_json(r, node_profile(x->node), export_who, x->node);
	if (o == NULL)
		return false;
	x->found += x->keep ? 0 : law_mask_record(o, node_profile(x->node));
	json_object_set_new(o, "team", json_string(node_team_name(x->node, team)));
	text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(o);
	if (text == NULL)
		return false;
	buf_put(&x->out, text, strlen(text));
	buf_put_u8(&x->out, '\n');
	free(text);
	x->records++;
	return buf_ok(&x->out);
}

void
op_export(struct op_call *c)
{
	enum err_code rc;
	const struct profile_type *type = param_type(c, "type", &rc);
	struct export x = { .node = c->node, .out = BUF_INIT };
	struct err back = ERR_INIT;

	if (rc == ERR_OK && !param_flag(c, "all") && (param_flag(c, "protected") || param_text(c, "reason") != NULL))
		rc = err_set(&c->err, ERR_USAGE, "export: --protected and --reason go with --all; `faltbok break-glass` opens one record");
	if (rc == ERR_OK && param_flag(c, "all")) {
		op_export_all(c);
		return;
	}
	if (rc == ERR_OK && param_text(c, "format") != NULL && strcmp(param_text(c, "format"), "jsonl") != 0) {
		op_export_as(c, type, param_text(c, "format"));
		return;
	}
	/* A removed device may take along what only it has, though it counts nowhere else. */
	if (rc == ERR_OK)
		rc = law_how_to_leave(c, &x.keep);
	if (rc == ERR_OK && node_show_own_late(c->node, true, &c->err) == ERR_OK &&
	    view_each(node_view(c->node), type != NULL ? type->number : 0, export_record, &x, &c->err) == ERR_OK &&
	    law_may_leave(c, x.found) == ERR_OK &&
	    param_file_out(c, "output", buf_bytes(&x.out)) == ERR_OK)
		c->result = json_pack("{s:s,s:I,s:I,s:I}", "file", param_text(c, "output"), "records", (json_int_t)x.records, "masked",
		                      (json_int_t)x.found, "protected_left_out", (json_int_t)x.left_out);
	if (c->result != NULL)
		law_log_read(c->node, "export", NULL, param_text(c, "output"));
	if (node_show_own_late(c->node, false, &back) != ERR_OK && c->err.code == ERR_OK)
		c->err = back;
	buf_wipe(&x.out);
	op_end(c);
}
