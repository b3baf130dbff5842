/* The account of a day, when everybody has met. */
#include "sim/day_internal.h"

#include <stdlib.h>
#include <string.h>

static const json_t *
field(const json_t *record, const char *name)
{
	return json_object_get(json_object_get(record, "fields"), name);
}

static bool
is_text(const json_t *v, const char *text)
{
	return json_is_string(v) && strcmp(json_string_value(v), text) == 0;
}

static json_t *
all_of(struct day *d, size_t i, const char *type)
{
	return staff_told(&d->staff, i, "list", json_pack("{s:s}", "type", type));
}

/* ---- what is shown, everywhere alike ---- */

/* Down to where they part: that much goes into the trace. */
static void
show_difference(struct day *d, const json_t *a, const json_t *b)
{
	const json_t *const both[] = { a, b };
	const char *key;
	json_t *one;
	size_t k;

	json_array_foreach((json_t *)a, k, one)
		if (json_is_array(b) && json_array_size(a) == json_array_size(b) && !json_equal(one, json_array_get(b, k))) {
			show_difference(d, one, json_array_get(b, k));
			return;
		}
	json_object_foreach((json_t *)a, key, one)
		if (json_object_get(b, key) != NULL && !json_equal(one, json_object_get(b, key))) {
			trace_line(world_trace(d->staff.world), "they differ in %s", key);
			show_difference(d, one, json_object_get(b, key));
			return;
		}
	for (k = 0; k < COUNT_OF(both); k++) {
		char *text = json_dumps(both[k], JSON_ENCODE_ANY | JSON_SORT_KEYS);

		trace_line(world_trace(d->staff.world), "%s: %s", k == 0 ? "one" : "the other", text != NULL ? text : "");
		free(text);
	}
}

static bool
those_alike(struct day *d, size_t from, size_t to, const char *op, json_t *params, const char *part)
{
	json_t *first = NULL;
	bool ok = true;

	for (size_t i = from; i < to && ok; i++) {
		json_t *a = staff_told(&d->staff, i, op, json_incref(params)), *of = part != NULL ? json_object_get(a, part) : a;

		ok = a != NULL && of != NULL;
		if (ok && first != NULL && !json_equal(first, of)) {
			show_difference(d, first, of);
			ok = staff_fail(&d->staff, "I3", "n%zu and n%zu answer differently to %s", i, from, op);
		}
		if (first == NULL)
			first = json_incref(of);
		json_decref(a);
	}
	json_decref(first);
	json_decref(params);
	return ok;
}

static bool
answer_alike(struct day *d, const char *op, json_t *params, const char *part)
{
	return those_alike(d, 0, DAY_STATIONS, op, params, part);
}

const char *const day_types[DAY_TYPES] = { "site", "session", "volunteer", "hours", "visit", "case", "referral", "signal", "visitor", "action", "organisation", "incident", "access" };

static bool
lists_alike(struct day *d)
{
	for (size_t k = 0; k < DAY_TYPES; k++)
		if (!answer_alike(d, "list", json_pack("{s:s}", "type", day_types[k]), NULL))
			return false;
	return true;
}

static bool
cards_alike(struct day *d)
{
	for (size_t k = 0; k < d->thing_count; k++)
		if (d->things[k].kind == THING_VISITOR && d->things[k].code[0] != '\0' &&
		    (!answer_alike(d, "card find", json_pack("{s:s}", "code", d->things[k].code), NULL) ||
		     !answer_alike(d, "slip open", json_pack("{s:s}", "text", d->things[k].code), NULL)))
			return false;
	return true;
}

/* Who asks for either of two that are one is given the one. */
static bool
pairs_alike(struct day *d)
{
	for (size_t k = 0; k < d->thing_count; k++) {
		const struct day_thing *t = &d->things[k];
		json_t *a;
		bool ok;

		if (!t->paired || !day_is_saved(d, t->write))
			continue;
		a = staff_told(&d->staff, 0, "get", json_pack("{s:s}", "id", t->id));
		ok = a != NULL && (t->is_now == DAY_NONE || strcmp(staff_text(a, "id"), d->things[t->is_now].id) == 0 ||
		                   staff_fail(&d->staff, "I1", "%.8s was merged into %.8s, and who asks for it is given %.8s", t->id, d->things[t->is_now].id, staff_text(a, "id")));
		json_decref(a);
		if (!ok || !answer_alike(d, "get", json_pack("{s:s}", "id", t->id), NULL))
			return false;
	}
	return true;
}

static bool
all_alike(struct day *d)
{
	const char *from = "2000-01-01", *to = "2099-12-31";

	return lists_alike(d) && cards_alike(d) && pairs_alike(d) && answer_alike(d, "conflicts", json_object(), NULL) && answer_alike(d, "duplicates", json_object(), NULL) &&
	       answer_alike(d, "hours list", json_object(), NULL) && answer_alike(d, "session planned", json_object(), NULL) &&
	       those_alike(d, 0, DAY_COORDINATORS, "report", json_pack("{s:s,s:s,s:s}", "name", "iop", "from", from, "to", to), "lines") &&
	       those_alike(d, DAY_COORDINATORS, DAY_STATIONS, "report", json_pack("{s:s,s:s,s:s}", "name", "iop", "from", from, "to", to), "lines") &&
	       answer_alike(d, "targets", json_pack("{s:s,s:s}", "from", from, "to", to), NULL) && answer_alike(d, "access log", json_object(), "opened") &&
	       answer_alike(d, "team list", json_object(), NULL) && answer_alike(d, "profile show", json_object(), NULL);
}

/* ---- visits ---- */

static size_t
with_field(const json_t *list, const char *name, const char *id, const json_t **found)
{
	const json_t *r;
	size_t n = 0, k;

	json_array_foreach(json_object_get(list, "records"), k, r)
		if (is_text(field(r, name), id)) {
			*found = r;
			n++;
		}
	return n;
}

/* A visit that opened a case has one, with a note and with what was done, also when nobody heard that it was saved. */
static bool
judge_visit(struct day *d, const struct day_thing *t, const json_t *cases, const json_t *actions)
{
	const json_t *of = NULL, *action = NULL;
	size_t n = with_field(cases, "visit", t->id, &of), acts = n > 0 ? with_field(actions, "case", staff_text(of, "id"), &action) : 0;

	if (n == 0 && t->of_case != DAY_NONE && day_erased(d, t->of_case, GONE_PERHAPS))
		return true;
	if (n != 1)
		return staff_fail(&d->staff, "I2", "visit %.8s was saved with its case, and there are %zu", t->id, n);
	if (json_array_size(json_object_get(of, "notes")) == 0 || acts == 0)
		return staff_fail(&d->staff, "I2", "visit %.8s was saved with a note and what was done, and its case has %zu and %zu", t->id, json_array_size(json_object_get(of, "notes")), acts);
	return true;
}

static bool
judge_visits(struct day *d)
{
	json_t *cases = all_of(d, 0, "case"), *actions = all_of(d, 0, "action");
	bool ok = cases != NULL && actions != NULL;

	for (size_t k = 0; k < d->thing_count && ok; k++)
		if (d->things[k].kind == THING_VISIT && d->things[k].opens_case && day_is_saved(d, d->things[k].write))
			ok = judge_visit(d, &d->things[k], cases, actions);
	json_decref(cases);
	json_decref(actions);
	return ok;
}

/* ---- sessions and hours ---- */

static bool
is_held(const json_t *status)
{
	const json_t *one;
	size_t k;

	json_array_foreach(json_object_get(status, "conflict"), k, one)
		if (is_text(json_object_get(one, "value"), "held"))
			return true;
	return is_text(status, "held");
}

static bool
judge_session(struct day *d, const struct day_thing *t, const json_t *r)
{
	size_t served = (size_t)json_number_value(field(r, "queue_served")), left = (size_t)json_number_value(field(r, "queue_left")), devices = 0;

	for (size_t i = 0; i < DAY_STATIONS; i++)
		devices += t->counted[i];
	if (devices > 1)
		mark(MARK_SESSION_TWICE);
	if (t->held && !is_held(field(r, "status")))
		return staff_fail(&d->staff, "I1", "session %.8s was closed, and is not", t->id);
	return (served == t->served && left == t->left) ||
	       staff_fail(&d->staff, "I1", "session %.8s: %zu were served and %zu left by the tickets, %zu and %zu by its figures", t->id, t->served, t->left, served, left);
}

/* Each who staffed a closed session has its hours there once. */
static bool
judge_hours(struct day *d, const struct day_thing *t, const json_t *session, const json_t *hours)
{
	const json_t *name, *row;
	size_t k, l, rows;

	if (!is_text(field(session, "status"), "held") || !is_text(field(session, "start"), "13:00") || !is_text(field(session, "end"), "16:00"))
		return true;
	json_array_foreach(field(session, "staff"), k, name)
		for (size_t v = 0; v < DAY_VOLUNTEERS; v++) {
			if (!is_text(name, day_volunteers[v]))
				continue;
			rows = 0;
			json_array_foreach(json_object_get(hours, "hours"), l, row)
				rows += is_text(json_object_get(row, "session"), t->id) && is_text(json_object_get(row, "volunteer"), d->volunteer[v]);
			if (rows != 1)
				return staff_fail(&d->staff, "I2", "%s staffed session %.8s, and has its hours %zu times", day_volunteers[v], t->id, rows);
		}
	return true;
}

static bool
judge_sessions(struct day *d)
{
	json_t *hours = staff_told(&d->staff, 0, "hours list", json_object()), *r;
	bool ok = hours != NULL;

	for (size_t k = 0; k < d->thing_count && ok; k++) {
		if (d->things[k].kind != THING_SESSION)
			continue;
		r = staff_told(&d->staff, 0, "get", json_pack("{s:s}", "id", d->things[k].id));
		ok = r != NULL && judge_session(d, &d->things[k], r) && judge_hours(d, &d->things[k], r, hours);
		json_decref(r);
	}
	json_decref(hours);
	return ok;
}

/* ---- figures ---- */

static const json_t *
line_of(const json_t *report, const char *id)
{
	const json_t *line;
	size_t k;

	json_array_foreach(json_object_get(report, "lines"), k, line)
		if (strcmp(staff_text(line, "id"), id) == 0)
			return line;
	return NULL;
}

/* Small figures are hidden, and others by which they could be told; who reads no rows of the drop-box counts the records. */
static bool
judge_figure(struct day *d, size_t i, const json_t *report, const char *line, double least, double most)
{
	const json_t *l = line_of(report, line);

	if (l == NULL)
		return staff_fail(&d->staff, "I3", "n%zu: its report has no line %s", i, line);
	return json_is_true(json_object_get(l, "suppressed")) ||
	       (json_number_value(json_object_get(l, "value")) >= least && json_number_value(json_object_get(l, "value")) <= most) ||
	       staff_fail(&d->staff, "I3", "n%zu: line %s says %g, and by the records it is %g to %g", i, line, json_number_value(json_object_get(l, "value")), least, most);
}

/* Two who wrote apart leave two values; a figure counts one of them. */
static void
add_hours(const json_t *r, double *least, double *most)
{
	const json_t *hours = field(r, "hours"), *both = json_object_get(hours, "conflict"), *one;
	double low = json_number_value(hours), high = low, v;
	size_t k;

	json_array_foreach(both, k, one) {
		v = json_number_value(json_object_get(one, "value"));
		low = k == 0 || v < low ? v : low;
		high = k == 0 || v > high ? v : high;
	}
	*least += low;
	*most += high;
}

/* Visits of a session, and volunteers' hours; never what was written for practice. */
bool
day_judge_figures(struct day *d, size_t i)
{
	json_t *visits = all_of(d, i, "visit"), *hours = all_of(d, i, "hours"), *report, *r;
	double came = 0, least = 0, most = 0;
	bool ok;
	size_t k;

	report = staff_told(&d->staff, i, "report", json_pack("{s:s,s:s,s:s}", "name", "iop", "from", "2000-01-01", "to", "2099-12-31"));
	json_array_foreach(json_object_get(visits, "records"), k, r)
		came += field(r, "session") != NULL && !json_is_true(json_object_get(r, "practice"));
	json_array_foreach(json_object_get(hours, "records"), k, r)
		if (!json_is_true(json_object_get(r, "practice")))
			add_hours(r, &least, &most);
	ok = visits != NULL && hours != NULL && report != NULL && judge_figure(d, i, report, "L11", came, came) &&
	     judge_figure(d, i, report, "L21", least, most);
	json_decref(visits);
	json_decref(hours);
	json_decref(report);
	return ok;
}

/* ---- protected cases ---- */

static bool
judge_glass(struct day *d, size_t i, const struct day_thing *t)
{
	struct err err;
	json_t *a = staff_ask(&d->staff, i, "get", json_pack("{s:s}", "id", t->id), NULL, &err), *log;
	bool ok = a == NULL || staff_fail(&d->staff, "I4", "n%zu shows protected case %.8s to whoever asks", i, t->id);
	size_t opened;

	json_decref(a);
	if (!ok)
		return false;
	if (day_is_saved(d, t->write) != (err.code == ERR_REFUSED))
		return staff_fail(&d->staff, "I1", "n%zu: protected case %.8s was %ssaved: %s", i, t->id, day_is_saved(d, t->write) ? "" : "not ", err.text);
	log = staff_told(&d->staff, i, "access log", json_pack("{s:s}", "id", t->id));
	opened = json_array_size(json_object_get(log, "opened"));
	ok = log != NULL && (opened == t->opened || staff_fail(&d->staff, "I1", "n%zu: case %.8s was opened by break-glass %zu times, and its log tells of %zu", i, t->id, t->opened, opened));
	json_decref(log);
	return ok;
}

/* Behind the glass is what was saved. */
static bool
break_glass(struct day *d)
{
	for (size_t k = 0; k < d->fact_count; k++) {
		const struct day_fact *f = &d->facts[k];
		json_t *a;
		bool ok;

		if (d->things[f->thing].kind != THING_GLASS || !day_is_saved(d, f->write))
			continue;
		a = staff_told(&d->staff, 0, "break-glass", json_pack("{s:s,s:s}", "id", d->things[f->thing].id, "reason", "to see"));
		ok = a != NULL && (is_text(field(a, f->field), f->value) || staff_fail(&d->staff, "I1", "protected case %.8s has lost its %s", d->things[f->thing].id, f->field));
		json_decref(a);
		if (!ok)
			return false;
	}
	return true;
}

/* ---- all of it ---- */

static bool
judge_exports(struct day *d, size_t i)
{
	struct op_files *f = day_files(NULL, BYTES_NONE);
	struct err err;
	json_t *a = staff_ask(&d->staff, i, "export", json_pack("{s:s}", "output", "all.jsonl"), f, &err);
	bool ok = a != NULL || staff_fail(&d->staff, "I2", "n%zu: export: %s", i, err.text);

	day_look_through(d, i, "export", f);
	json_decref(a);
	op_files_free(f);
	return ok;
}

static bool
judge_station(struct day *d, size_t i)
{
	for (size_t k = 0; k < d->thing_count; k++)
		if (d->things[k].kind == THING_GLASS && !judge_glass(d, i, &d->things[k]))
			return false;
	return day_judge_facts(d, i) && day_judge_figures(d, i) && judge_exports(d, i);
}

/* Two derive hours without having met: each is there once all the same. */
static bool
derive(struct day *d)
{
	for (size_t i = 0; i < DAY_COORDINATORS; i++) {
		json_t *a = staff_told(&d->staff, i, "hours derive", json_object());

		json_decref(a);
		if (a == NULL)
			return false;
	}
	return staff_settle(&d->staff);
}

bool
day_judge(void *play)
{
	struct day *d = play;
	bool ok = staff_settle(&d->staff) && derive(d) && judge_visits(d) && judge_sessions(d) && all_alike(d);

	for (size_t i = 0; i < DAY_STATIONS && ok; i++)
		ok = judge_station(d, i);
	ok = ok && day_judge_successor(d) && break_glass(d);
	for (size_t i = 0; i < DAY_STATIONS && ok; i++)
		ok = staff_judge_cold(&d->staff, i) && day_judge_table(d, i);
	return ok && d->staff.report->finding.invariant[0] == '\0';
}
