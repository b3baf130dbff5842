/* What an erasure would take, and which figures would change; nothing is written. proto/law.md, 4. */
#include "op/law.h"
#include "op/ledger.h"

struct group_walk { struct node *node; const struct group_id *group; json_t *out; uint64_t entries; };

static bool
count_entry(void *ctx, uint64_t row)
{
	(void)row;
	++*(uint64_t *)ctx;
	return true;
}

static bool
take_member(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct group_walk *w = ctx;
	const struct profile_type *t = profile_type_numbered(node_profile(w->node), record_type(r));
	struct err ignored = ERR_INIT;

	(void)team;
	if (!SAME(*record_group(r), *w->group))
		return true;
	json_array_append_new(w->out, json_pack("{s:o,s:s}", "id", json_hex(record_id_of(r)->b, 16), "type", t == NULL ? "?" : t->name));
	(void)!view_history(node_view(w->node), record_id_of(r), count_entry, &w->entries, &ignored);
	return true;
}

/* The records of a group, as short JSON {"id", "type"}; and how many entries made them. */
static json_t *
law_group_records(struct node *n, const struct group_id *group, uint64_t *entries)
{
	struct group_walk w = { n, group, json_array(), 0 };
	struct err ignored = ERR_INIT;

	(void)!view_each(node_view(n), 0, take_member, &w, &ignored);
	*entries = w.entries;
	return w.out;
}

/* ---- the figures without it ---- */

struct without { struct node *node; const struct group_id *group; report_record_cb cb; void *ctx; };

static bool
pass_others(void *ctx, const struct record *r)
{
	struct without *w = ctx;

	return (w->group != NULL && SAME(*record_group(r), *w->group)) || w->cb(w->ctx, r);
}

static enum err_code
each_other(void *ctx, uint32_t type, report_record_cb cb, void *cb_ctx, struct err *err)
{
	struct without w = *(struct without *)ctx;

	w.cb = cb;
	w.ctx = cb_ctx;
	return report_of_view.each(w.node, type, pass_others, &w, err);
}

static void
same_as(void *ctx, const struct record_id *id, struct record_id *out)
{
	report_of_view.same_as(((struct without *)ctx)->node, id, out);
}

static enum err_code
cells_without(struct node *n, const struct report_def *def, const struct group_id *group, json_t **cells, struct err *err)
{
	struct without w = { .node = n, .group = group };
	struct report_source source = { .ctx = &w, .each = each_other, .same_as = same_as };
	/* All that could ever be in a period; a change from the stretch before says nothing here. */
	struct report_ask ask = { .profile = node_profile(n), .def = def, .from = "1970-01-01", .to = "2169-12-31", .lang = "sv", .plain = true,
	                          .of_rows = node_rows(n) != NULL }; /* rows outlive the records they were made of */
	json_t *report = NULL;
	enum err_code rc = report_run_cells(&report, cells, &ask, &source, err);

	json_decref(report);
	return rc;
}

static void
add_changes(json_t *out, const struct report_def *def, const json_t *was, const json_t *now)
{
	for (size_t i = 0; i < def->line_count; i++) {
		const struct report_line *l = &def->lines[i];
		json_t *list = report_differences(l->id, json_object_get(was, l->id), json_object_get(now, l->id)), *d;
		const char *label = label_in(l->labels, l->label_count, "sv");
		size_t k;

		json_array_foreach(list, k, d) {
			json_object_set_new(d, "report", json_string(def->name));
			json_object_set_new(d, "label", json_string(label == NULL ? l->id : label));
			json_array_append(out, d);
		}
		json_decref(list);
	}
}

static enum err_code
changes(struct op_call *c, const struct group_id *group, json_t *out)
{
	const struct profile *p = node_profile(c->node);

	for (size_t i = 0; i < profile_report_count(p); i++) {
		const struct report_def *def = profile_report_at(p, i);
		json_t *was = NULL, *now = NULL;

		if (cells_without(c->node, def, NULL, &was, &c->err) == ERR_OK && cells_without(c->node, def, group, &now, &c->err) == ERR_OK)
			add_changes(out, def, was, now);
		json_decref(was);
		json_decref(now);
		if (c->err.code != ERR_OK)
			return c->err.code;
	}
	return ERR_OK;
}

void
op_erase_dry(struct op_call *c)
{
	static const struct group_id open_group;
	struct record_id id;
	struct record *r = NULL;
	json_t *counts = json_array();
	uint64_t entries = 0;

	if (node_profile(c->node) == NULL)
		op_no_profile(c);
	else if (view_find(node_view(c->node), param_text(c, "id"), &id, &c->err) == ERR_OK && (r = record_new(&id)) != NULL &&
	         node_record(c->node, &id, r, NULL, &c->err) == ERR_OK) {
		struct group_id group = *record_group(r);

		if (SAME(group, open_group))
			err_set(&c->err, ERR_REFUSED, "that record is an open fact that all share: it holds nobody's data, and is corrected rather than erased");
		else if (changes(c, &group, counts) == ERR_OK) {
			json_t *records = law_group_records(c->node, &group, &entries);

			c->result = json_pack("{s:b,s:o,s:I,s:O}", "dry_run", 1, "records", records, "entries", (json_int_t)entries, "counts", counts);
		}
	}
	json_decref(counts);
	record_free(r);
	if (c->err.code != ERR_OK || c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}
