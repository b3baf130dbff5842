/*
 * Records out in other people's forms, and everything as one archive that a
 * successor can start from.
 */
#include "op/op_internal.h"

#include <stdlib.h>

#include "base/mem.h"
#include "crypto/keystore.h"
#include "node/removal.h"
#include "exchange/calendar.h"
#include "exchange/package.h"
#include "exchange/records_book.h"
#include "exchange/xlsform.h"
#include "op/law.h"

enum { ARCHIVE_BYTES_MAX = 1 << 30, FORM_BYTES_MAX = 32 << 20 };

/* ---- records ---- */

struct gather { struct op_call *call; struct node *node; const struct profile_type *type; json_t *records; struct buf *trace; struct err *err; enum err_code rc; bool keep, show_hidden; uint64_t found, hidden; struct buf told; };

static const char *
who(void *ctx, uint32_t author)
{
	struct node *n = ctx;
	const struct author *a = view_author(node_view(n), author);

	return a == NULL ? "?" : node_author_name(n, a);
}

/* Left out, or, with --protected, told of before the file is written. */
static bool
gather_hidden(struct gather *g, const struct record *r, const struct stream_id *team)
{
	g->hidden++;
	buf_put_bytes(&g->told, BYTES_OF(*record_id_of(r)));
	buf_put_bytes(&g->told, BYTES_OF(*team));
	return g->show_hidden;
}

static enum err_code
tell_hidden(struct gather *g)
{
	struct bytes left = buf_bytes(&g->told);
	struct record_id id;
	struct stream_id team;

	if (!buf_ok(&g->told))
		return err_plain(g->err, ERR_NO_MEMORY);
	for (; left.len > 0 && g->err->code == ERR_OK; left = BYTES(left.p + sizeof(id) + sizeof(team), left.len - sizeof(id) - sizeof(team))) {
		memcpy(&id, left.p, sizeof(id));
		memcpy(&team, left.p + sizeof(id), sizeof(team));
		(void)!law_write_access(g->call, &id, &team);
	}
	return law_end_access(g->call);
}

static bool
gather_one(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct gather *g = ctx;
	struct buf lines = BUF_INIT;
	json_t *o;

	if (law_protected(g->node, r) && !gather_hidden(g, r, team))
		return true;
	o = record_to_json(r, node_profile(g->node), who, g->node);
	if (o != NULL && !g->keep)
		g->found += law_mask_record(o, node_profile(g->node));
	if (o == NULL || json_object_set_new(o, "team", json_string(node_team_name(g->node, team))) != 0 || json_array_append_new(g->records, o) != 0)
		g->rc = err_plain(g->err, ERR_NO_MEMORY);
	else if (g->trace != NULL)
		g->rc = trace_of_record(&lines, r, node_profile(g->node), who, g->node, g->err);
	if (g->trace != NULL && !g->keep)
		law_mask_trace(&lines, node_profile(g->node));
	if (g->trace != NULL)
		buf_put_bytes(g->trace, buf_bytes(&lines));
	buf_wipe(&lines);
	return g->rc == ERR_OK;
}

/* A removed device may take along what only it has, though it counts nowhere else. */
static enum err_code
gather_all(struct op_call *c, const struct profile_type *type, json_t *records, struct buf *trace, uint64_t *left_out)
{
	struct gather g = { .call = c, .node = c->node, .type = type, .records = records, .trace = trace, .err = &c->err,
	                    .told = BUF_INIT, .show_hidden = trace != NULL && param_flag(c, "protected") };
	struct err back = ERR_INIT;

	if (law_how_to_leave(c, &g.keep) != ERR_OK)
		return c->err.code;
	if (node_show_own_late(c->node, true, &c->err) == ERR_OK &&
	    view_each(node_view(c->node), type != NULL ? type->number : 0, gather_one, &g, &c->err) == ERR_OK && g.rc != ERR_OK)
		c->err.code = g.rc;
	if (node_show_own_late(c->node, false, &back) != ERR_OK && c->err.code == ERR_OK)
		c->err = back;
	if (c->err.code == ERR_OK)
		(void)!law_may_leave(c, g.found);
	if (c->err.code == ERR_OK && g.show_hidden)
		(void)!tell_hidden(&g);
	buf_free(&g.told);
	*left_out = g.show_hidden ? 0 : g.hidden;
	if (c->err.code == ERR_OK && !op_json_is_whole(c)) /* a record may lack its id: no table is made of it */
		err_plain(&c->err, ERR_NO_MEMORY);
	if (c->err.code == ERR_OK)
		law_log_read(c->node, "export", NULL, param_text(c, "output"));
	return c->err.code;
}

static const char *
language(const struct op_call *c)
{
	return param_text(c, "language") != NULL ? param_text(c, "language") : "sv";
}

static enum err_code
write_file(struct op_call *c, struct buf *out)
{
	if (!buf_ok(out))
		return err_plain(&c->err, ERR_NO_MEMORY);
	return param_file_out(c, "output", buf_bytes(out));
}

static enum err_code
in_form(struct op_call *c, const struct profile_type *type, const char *format, const json_t *records, struct buf *out, struct calendar_left *left)
{
	struct env *env = node_env(c->node);
	const struct profile *p = node_profile(c->node);
	struct book *b = NULL;

	if (strcmp(format, "ics") == 0)
		return calendar_write(out, p, records, node_org_name(c->node), env->ops->wall_ms(env), left, &c->err);
	if (strcmp(format, "csv") == 0 && type == NULL)
		return err_set(&c->err, ERR_USAGE, "export: a CSV holds one table: say which with --type, or take xlsx");
	if (records_book(&b, p, records, language(c), &c->err) != ERR_OK)
		return c->err.code;
	if (strcmp(format, "csv") == 0)
		sheet_csv(out, book_at(b, 0), strcmp(language(c), "sv") == 0);
	else if (strcmp(format, "html") == 0)
		book_html(out, b, node_org_name(c->node), language(c));
	else
		(void)!book_xlsx(out, b, &c->err);
	book_free(b);
	return c->err.code;
}

void
op_export_as(struct op_call *c, const struct profile_type *type, const char *format)
{
	static const char *const formats[] = { "csv", "xlsx", "html", "ics" };
	json_t *records = json_array();
	struct calendar_left left = { 0 };
	struct buf out = BUF_INIT;
	uint64_t hidden = 0;
	size_t i = 0;

	while (i < COUNT_OF(formats) && strcmp(formats[i], format) != 0)
		i++;
	if (i == COUNT_OF(formats))
		err_set(&c->err, ERR_USAGE, "export: format must be jsonl, csv, xlsx, html or ics, not \"%.20s\"", format);
	else if (gather_all(c, type, records, NULL, &hidden) == ERR_OK && in_form(c, type, format, records, &out, &left) == ERR_OK && write_file(c, &out) == ERR_OK)
		c->result = json_pack("{s:s,s:s,s:I,s:I,s:I}", "file", param_text(c, "output"), "format", format, "records", (json_int_t)json_array_size(records),
		                      "left_out", (json_int_t)(left.openings + left.sessions + left.bookings), "protected_left_out", (json_int_t)hidden);
	json_decref(records);
	buf_wipe(&out);
	op_end(c);
}

/* ---- everything ---- */

void
op_export_all(struct op_call *c)
{
	const struct keystore *k = node_keystore(c->node);
	struct env *env = node_env(c->node);
	json_t *records = json_array();
	struct buf trace = BUF_INIT, out = BUF_INIT;
	char org[33], dev[33], at[40], hash_hex[65];
	uint8_t hash[32];
	struct package_about a = {
		.org_name = node_org_name(c->node), .org_id = hex_encode(org, k->org.b, 16), .made_at = time_print(at, env->ops->wall_ms(env), 0),
		.note_sk = k->device.note_sk, .profile_json = node_profile_json(c->node), .state_hash = hash_hex,
	};

	if (node_self(c->node) == NULL || node_profile(c->node) == NULL) {
		err_set(&c->err, ERR_REFUSED, "nothing is here to export yet; synchronise with a colleague first");
	} else if (param_flag(c, "protected") && param_text(c, "reason") == NULL) {
		err_set(&c->err, ERR_USAGE, "export: protected identities go along with --reason R only, which the teams see");
	} else if (gather_all(c, NULL, records, &trace, &a.protected_left_out) == ERR_OK && view_state_hash(node_view(c->node), hash, &c->err) == ERR_OK) {
		hex_encode(hash_hex, hash, 32);
		a.device_name = node_device_name(c->node, &node_self(c->node)->id);
		a.device_id = hex_encode(dev, node_self(c->node)->id.b, 16);
		memcpy(a.note_pk, k->device.note_pk, 32);
		if (package_write(&out, &a, node_profile(c->node), records, buf_bytes(&trace), &c->err) == ERR_OK && write_file(c, &out) == ERR_OK)
			c->result = json_pack("{s:s,s:s,s:I,s:I,s:s}", "file", param_text(c, "output"), "format", "archive", "records",
			                      (json_int_t)json_array_size(records), "protected_left_out", (json_int_t)a.protected_left_out, "state_hash", hash_hex);
	}
	json_decref(records);
	buf_wipe(&trace);
	buf_wipe(&out);
	op_end(c);
}

/* Whose key signed it, as far as this organisation's roster knows. */
static json_t *
signer(struct op_call *c, const uint8_t pk[32])
{
	const struct org *org = node_org(c->node);

	for (size_t i = 0; org != NULL && i < org_device_count(org); i++) {
		const struct org_device *d = org_device_at(org, i);

		if (memcmp(d->note_pk, pk, 32) == 0)
			return json_pack("{s:o,s:s,s:b}", "id", json_hex(d->id.b, 16), "name", node_device_name(c->node, &d->id), "removed", d->gone);
	}
	return json_null();
}

void
op_export_check(struct op_call *c)
{
	struct buf file = BUF_INIT;
	struct package_found found;

	if (param_file(c, "file", ARCHIVE_BYTES_MAX, &file) == ERR_OK) {
		if (package_read(&found, buf_bytes(&file), &c->err) == ERR_OK) {
			c->result = json_pack("{s:b,s:O,s:O,s:O,s:O,s:O,s:o,s:o,s:i}", "ok", 1, "org", json_object_get(found.manifest, "org"), "made_at",
			                      json_object_get(found.manifest, "made_at"), "made_by", json_object_get(found.manifest, "made_by"), "profile",
			                      json_object_get(found.manifest, "profile"), "records", json_object_get(found.manifest, "records"), "known_signer",
			                      signer(c, found.note_pk), "note_key", json_hex(found.note_pk, 32), "files",
			                      (int)json_array_size(json_object_get(found.manifest, "files")));
			if (c->result == NULL)
				err_set(&c->err, ERR_MALFORMED, "%s: manifest.json lacks what it must say", param_text(c, "file"));
			package_found_free(&found);
		} else {
			err_wrap(&c->err, "%s", param_text(c, "file"));
		}
	}
	buf_free(&file);
	op_end(c);
}

/* An export instead of a trace: checked first, and only what its own profile says can be read by ours. */
enum err_code
import_package(struct op_call *c, struct buf *file)
{
	struct package_found found;
	struct profile *theirs = NULL;
	enum err_code rc;

	if (!package_is(buf_bytes(file)))
		return ERR_OK;
	rc = package_read(&found, buf_bytes(file), &c->err);
	if (rc != ERR_OK)
		return rc;
	rc = profile_parse(&theirs, buf_bytes(&found.profile), &c->err);
	if (rc == ERR_OK && (strcmp(profile_id(theirs), profile_id(node_profile(c->node))) != 0 || profile_version(theirs) > profile_version(node_profile(c->node))))
		rc = err_set(&c->err, ERR_REFUSED, "it was made with profile %s version %u, and %s version %u is installed here: install its profile.json first",
		             profile_id(theirs), profile_version(theirs), profile_id(node_profile(c->node)), profile_version(node_profile(c->node)));
	if (rc == ERR_OK) {
		buf_wipe(file);
		*file = found.trace;
		found.trace = (struct buf)BUF_INIT;
	}
	profile_free(theirs);
	package_found_free(&found);
	return rc;
}

/* ---- forms ---- */

static bool
has_ending(const char *path, const char *ending)
{
	size_t n = strlen(path), k = strlen(ending);

	return n >= k && strcmp(path + n - k, ending) == 0;
}

void
op_import_xlsform(struct op_call *c)
{
	struct buf file = BUF_INIT, out = BUF_INIT;
	struct book *read = NULL, *sheets = NULL;
	json_t *doc = NULL;
	char *text = NULL;

	if (param_file(c, "file", FORM_BYTES_MAX, &file) != ERR_OK) {
		op_end(c);
		return;
	}
	if ((package_is(buf_bytes(&file)) ? book_read_xlsx(&read, buf_bytes(&file), &c->err) : book_read_csv(&read, "survey", buf_bytes(&file), &c->err)) != ERR_OK ||
	    xlsform_sheets(&sheets, read, &c->err) != ERR_OK || xlsform_import(&doc, sheets, &c->err) != ERR_OK) {
		err_wrap(&c->err, "%s", param_text(c, "file"));
	} else if (param_text(c, "output") != NULL) {
		text = json_dumps(doc, JSON_INDENT(1));
		if (text != NULL)
			buf_printf(&out, "%s\n", text);
		if (text == NULL || !op_json_is_whole(c))
			err_plain(&c->err, ERR_NO_MEMORY);
		else if (write_file(c, &out) == ERR_OK)
			c->result = json_pack("{s:s,s:O,s:I}", "file", param_text(c, "output"), "profile", json_object_get(doc, "profile"), "types",
			                      (json_int_t)json_array_size(json_object_get(doc, "types")));
	} else {
		c->result = json_pack("{s:O}", "document", doc);
	}
	free(text);
	json_decref(doc);
	book_free(sheets);
	buf_free(&file);
	buf_free(&out);
	op_end(c);
}

void
op_export_xlsform(struct op_call *c)
{
	const char *path = param_text(c, "output");
	enum err_code rc;
	const struct profile_type *type = param_type(c, "type", &rc);
	struct buf out = BUF_INIT;
	struct book *b = NULL;

	if (rc == ERR_OK && !has_ending(path, ".xlsx"))
		rc = err_set(&c->err, ERR_USAGE, "profile export-xlsform: the file must end in .xlsx");
	if (rc == ERR_OK && xlsform_export(&b, node_profile(c->node), type, &c->err) == ERR_OK && book_xlsx(&out, b, &c->err) == ERR_OK &&
	    write_file(c, &out) == ERR_OK)
		c->result = json_pack("{s:s,s:i,s:[s,s,s,s,s,s]}", "file", path, "types", type != NULL ? 1 : (int)profile_type_count(node_profile(c->node)),
		                      "left_out", "reports", "units", "roles", "retention", "workflows", "targets");
	book_free(b);
	buf_free(&out);
	op_end(c);
}
