/*
 * How far towards what is aimed at, by each way of counting (proto/profile.md, 10).
 * Every figure is a line of a report, so the two can not disagree.
 */
#include "op/op_internal.h"

#include <math.h>

#include "casework/report.h"

static json_t *
label_or(const struct label *labels, size_t count, const char *lang, const char *otherwise)
{
	const char *text = label_in(labels, count, lang);

	return json_string(text != NULL ? text : otherwise);
}

static json_t *
percent_of(const json_t *value, const json_t *goal)
{
	double whole = json_number_value(goal);

	return json_is_number(value) && whole > 0 ? json_integer((json_int_t)floor(100 * json_number_value(value) / whole + 0.5)) : json_null();
}

static json_t *
target_json(const struct profile_target *t, const json_t *report, const char *lang)
{
	const json_t *lines = json_object_get(report, "lines");
	const struct report_line *first = &t->report->lines[t->variants[0].line];
	json_t *goal = t->goal_line == SIZE_MAX ? json_integer(t->goal) : json_incref(json_object_get(json_array_get(lines, t->goal_line), "value"));
	json_t *variants = json_array();

	for (size_t i = 0; i < t->variant_count; i++) {
		const struct target_variant *v = &t->variants[i];
		const json_t *line = json_array_get(lines, v->line);

		json_array_append_new(variants, json_pack("{s:s,s:o,s:O,s:O,s:o,s:O}", "name", v->name, "label",
		                                          label_or(v->labels, v->label_count, lang, v->name), "line", json_object_get(line, "id"), "value",
		                                          json_object_get(line, "value"), "percent", percent_of(json_object_get(line, "value"), goal),
		                                          "rule", json_object_get(line, "rule")));
	}
	return json_pack("{s:s,s:o,s:s,s:o,s:o}", "name", t->name, "label", label_or(t->labels, t->label_count, lang, t->name), "unit",
	                 report_unit_words[first->unit], "goal", goal, "variants", variants);
}

void
op_targets(struct op_call *c)
{
	const struct profile *p = node_profile(c->node);
	struct report_source source = report_of_view;
	struct report_ask ask = { .profile = p, .of_rows = node_rows(c->node) != NULL, .from = param_text(c, "from"), .to = param_text(c, "to"),
		                  .lang = param_text(c, "language") != NULL ? param_text(c, "language") : "sv" };
	const struct report_def *counted = NULL;
	json_t *report = NULL, *targets = json_array();

	source.ctx = c->node;
	if (p == NULL)
		op_no_profile(c);
	for (size_t i = 0; c->err.code == ERR_OK && i < profile_target_count(p); i++) {
		const struct profile_target *t = profile_target_at(p, i);

		if (counted != t->report) { /* targets of one report stand together: it is counted once */
			json_decref(report);
			report = NULL;
			ask.def = counted = t->report;
			if (report_run(&report, &ask, &source, &c->err) != ERR_OK)
				break;
		}
		json_array_append_new(targets, target_json(t, report, ask.lang));
	}
	if (c->err.code == ERR_OK)
		c->result = json_pack("{s:s,s:s,s:O}", "from", ask.from, "to", ask.to, "targets", targets);
	json_decref(report);
	json_decref(targets);
	op_end(c);
}
