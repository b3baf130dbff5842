/* Answers about reports' foundations, law and rights, as a person reads them. */
#include <stdio.h>

#include "app/node.h"
#include "app/node_print.h"

static void
print_difference(struct buf *out, const json_t *d)
{
	const json_t *was = json_object_get(d, "was"), *now = json_object_get(d, "now");

	buf_printf(out, "    %s %s: ", text_of(d, "id"), json_string_length(json_object_get(d, "key")) > 0 ? text_of(d, "key") : "");
	if (json_is_number(was))
		buf_printf(out, "%.15g → ", json_number_value(was));
	else
		buf_printf(out, ".. → ");
	if (json_is_number(now))
		buf_printf(out, "%.15g\n", json_number_value(now));
	else
		buf_printf(out, "..\n");
}

void
print_report_foot(struct buf *out, const json_t *r)
{
	const json_t *foot = json_object_get(r, "footer"), *previous = json_object_get(foot, "previous"), *run = json_object_get(r, "run"), *item;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(r, "completeness"), "devices"), i, item)
		buf_printf(out, "  %s last wrote %s\n", text_of(item, "device"), text_of(item, "last_entry"));
	json_array_foreach(json_object_get(foot, "reconcile"), i, item)
		if (json_is_false(json_object_get(item, "reconciles")))
			buf_printf(out, "  ! %s does not reconcile\n", text_of(item, "id"));
	if (json_is_object(previous)) {
		buf_printf(out, "  differences from the run of %s: %zu\n", text_of(previous, "at"), json_array_size(json_object_get(previous, "differences")));
		json_array_foreach(json_object_get(previous, "differences"), i, item)
			print_difference(out, item);
	}
	if (run != NULL)
		buf_printf(out, "published %s by %s, entry %s\n", text_of(run, "at"), text_of(run, "by"), text_of(run, "entry"));
	else
		buf_printf(out, "draft: not published\n");
}

static void
print_runs(struct buf *out, const json_t *r)
{
	const json_t *run;
	size_t i;

	json_array_foreach(json_object_get(r, "runs"), i, run)
		buf_printf(out, "%.8s  %s %s–%s  published %s by %s\n          %s\n", text_of(run, "id"), text_of(run, "report"), text_of(run, "from"),
		           text_of(run, "to"), text_of(run, "at"), text_of(run, "by"), text_of(run, "digest"));
	buf_printf(out, "%zu published report%s\n", i, plural((long long)i));
}

static void
print_erase_dry(struct buf *out, const json_t *r)
{
	const json_t *item;
	size_t i;

	buf_printf(out, "Would go, with %lld entries:\n", number_of(r, "entries"));
	json_array_foreach(json_object_get(r, "records"), i, item)
		buf_printf(out, "  %s %s\n", text_of(item, "type"), text_of(item, "id"));
	buf_printf(out, "Figures that would change (over all time):\n");
	json_array_foreach(json_object_get(r, "counts"), i, item)
		print_difference(out, item);
	buf_printf(out, "Nothing has been erased.\n");
}

static void
print_retention(struct buf *out, const json_t *r)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(r, "due"), i, item)
		buf_printf(out, "%.8s  %s: due since %s (%s, from %s)\n", text_of(item, "id"), text_of(item, "type"), text_of(item, "due"),
		           text_of(item, "rule"), text_of(item, "since"));
	json_array_foreach(json_object_get(r, "kept"), i, item)
		buf_printf(out, "%.8s  %s: due since %s, but %s in it is to be kept\n", text_of(item, "id"), text_of(item, "type"), text_of(item, "due"),
		           text_of(item, "kept_by"));
	if (json_is_true(json_object_get(r, "dry_run")))
		buf_printf(out, "%zu due. Nothing has been asked for.\n", json_array_size(json_object_get(r, "due")));
	else
		buf_printf(out, "%zu due, %zu asked for now, %zu of others' approved%s\n", json_array_size(json_object_get(r, "due")),
		           json_array_size(json_object_get(r, "asked")), json_array_size(json_object_get(r, "approved")),
		           json_is_string(json_object_get(r, "order")) ? " under the standing order." : ". A second person approves: `faltbok erase status`.");
}

static void
print_orders(struct buf *out, const json_t *r)
{
	const json_t *o;
	size_t i;

	if (json_object_get(r, "orders") == NULL) {
		buf_printf(out, "Order %s is %s.%s\n", text_of(r, "id"), text_of(r, "state"),
		           strcmp(text_of(r, "state"), "waiting") == 0 ? " Another coordinator: `faltbok retention approve ID`." : "");
		return;
	}
	json_array_foreach(json_object_get(r, "orders"), i, o)
		buf_printf(out, "%.8s  %s until %s, by %s: %s\n", text_of(o, "id"), text_of(o, "state"), text_of(o, "until"), text_of(o, "by"),
		           text_of(o, "reason"));
	buf_printf(out, "%zu standing order%s\n", i, plural((long long)i));
}

static void
print_log(struct buf *out, const json_t *r)
{
	const json_t *l;
	size_t i;

	json_array_foreach(json_object_get(r, "reads"), i, l)
		buf_printf(out, "%s  %s %s\n", text_of(l, "at"), text_of(l, "op"),
		           json_object_get(l, "record") != NULL ? text_of(l, "record") : text_of(l, "what"));
	json_array_foreach(json_object_get(r, "opened"), i, l)
		buf_printf(out, "%s  break-glass %s by %s: %s\n", text_of(l, "at"), text_of(l, "record"), text_of(l, "by"), text_of(l, "reason"));
	buf_printf(out, "What this device (%s) read, and what was opened by break-glass on any.\n", text_of(r, "device"));
}

static void
print_lost(struct buf *out, const json_t *r)
{
	const json_t *step;
	size_t i;

	buf_printf(out, "Incident %s is saved. %lld person%s and %lld case%s are known here. Next:\n", text_of(r, "incident"), number_of(r, "persons"),
	           plural(number_of(r, "persons")), number_of(r, "cases"), plural(number_of(r, "cases")));
	json_array_foreach(json_object_get(r, "next"), i, step)
		buf_printf(out, "  %zu. %s\n", i + 1, json_string_value(step));
}

static void
print_file(struct buf *out, const json_t *r)
{
	const json_t *m;
	size_t i;

	if (json_object_get(r, "text") != NULL) {
		buf_printf(out, "%s", text_of(r, "text"));
		return;
	}
	buf_printf(out, "Written to %s.", text_of(r, "file"));
	if (json_object_get(r, "records") != NULL)
		buf_printf(out, " %lld records; %lld other person%s made unrecognisable. Read it through before it is handed over: a name that no record "
		           "knows stands as it was written.", number_of(r, "records"), number_of(r, "third_persons"), plural(number_of(r, "third_persons")));
	buf_printf(out, "\n");
	json_array_foreach(json_object_get(r, "missing"), i, m)
		buf_printf(out, "  still to fill in: %s\n", json_string_value(m));
}

bool
print_law(struct buf *out, const char *op, const json_t *r)
{
	static const struct { const char *op; void (*print)(struct buf *, const json_t *); } answers[] = {
		{ "report runs", print_runs }, { "retention", print_retention }, { "retention order", print_orders }, { "retention approve", print_orders },
		{ "access log", print_log }, { "incident lost-device", print_lost }, { "incident export", print_file }, { "access-export", print_file },
		{ "register art30", print_file }, { "register dpia", print_file },
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strcmp(op, answers[i].op) == 0) {
			answers[i].print(out, r);
			return true;
		}
	if (strcmp(op, "erase") == 0 && json_is_true(json_object_get(r, "dry_run"))) {
		print_erase_dry(out, r);
		return true;
	}
	if (strcmp(op, "retention clock") == 0)
		buf_printf(out, "%s: %s%s%s\n", text_of(r, "id"), text_of(r, "rule"), json_is_string(json_object_get(r, "due")) ? ", may go from " : "",
		           json_is_string(json_object_get(r, "due")) ? text_of(r, "due") : "");
	return strcmp(op, "retention clock") == 0;
}
