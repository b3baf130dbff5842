/* What people of a day do at a desk of their own: take in files, ask for protected cases, govern, carry sticks, and look things up. */
#include "sim/day_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/node.h"

/* ---- files: in the call ---- */

struct op_files *
day_files(const char *param, struct bytes data)
{
	struct op_files *f = sim_must(mem_zero(1, sizeof(*f)));
	struct op_file *file = param != NULL ? sim_must(op_files_add(f, param, false)) : NULL;

	if (file != NULL)
		buf_put_bytes(&file->data, data);
	return f;
}

static bool
holds(struct bytes all, struct bytes what)
{
	for (size_t k = 0; k + what.len <= all.len; k++)
		if (memcmp(all.p + k, what.p, what.len) == 0)
			return true;
	return false;
}

/* What was written leaves the house: nothing that lies on a table may be in it. */
void
day_look_through(struct day *d, size_t i, const char *op, const struct op_files *f)
{
	for (size_t k = 0; k < f->count; k++)
		if (f->file[k].out && holds(buf_bytes(&f->file[k].data), BYTES_STR(d->local)))
			(void)staff_fail(&d->staff, "I6", "n%zu: what lies on its table is in what %s writes", i, op);
}

/* ---- taking in ---- */

static void
new_lines(struct day *d)
{
	char id[33], text[64];
	size_t len = 0;

	for (size_t k = 0; k < DAY_LINES; k++) {
		day_new_id(d, id);
		len += (size_t)snprintf(d->lines + len, sizeof(d->lines) - len,
		                        "{\"t\":\"2026-03-02T10:00:00+01:00\",\"by\":\"desk\",\"type\":\"signal\",\"id\":\"%s\",\"set\":{\"problem\":\"%s\"}}\n", id,
		                        day_word(d, "the queue is long", text));
		day_fact(d, day_thing(d, THING_LINE, id, DAY_NONE), FACT_ONE, "problem", text);
	}
}

/* What they said is said again, by whoever imports them now. */
static void
same_lines(struct day *d)
{
	for (size_t k = 0, facts = d->fact_count; k < facts; k++) {
		const struct day_fact f = d->facts[k];

		if (d->things[f.thing].kind == THING_LINE && strstr(d->lines, f.value) != NULL)
			day_fact(d, day_thing(d, THING_LINE, d->things[f.thing].id, DAY_NONE), FACT_ONE, "problem", f.value);
	}
}

/* A trace of some lines; or the last one once more, on whatever machine: then nothing is new, or all of it is the same. */
bool
day_act_import(void *play, size_t i)
{
	struct day *d = play;
	bool again = decide_chance(&d->staff.decide, "twice", 250) && d->lines[0] != '\0';
	struct op_files *files;
	struct err err;
	json_t *a;

	(void)day_begin_write(d, i);
	if (again)
		same_lines(d);
	else
		new_lines(d);
	files = day_files("file", BYTES_STR(d->lines));
	a = day_ask(d, i, "import", json_pack("{s:s}", "file", "trace.jsonl"), files, &err);
	if (a != NULL && json_integer_value(json_object_get(a, "imported")) + json_integer_value(json_object_get(a, "already_here")) != DAY_LINES)
		(void)staff_fail(&d->staff, "I2", "n%zu: of %d lines of an import some were taken and some were not", i, DAY_LINES);
	json_decref(a);
	op_files_free(files);
	return a != NULL || staff_excused(&d->staff, i, "import", &err, false);
}

/* An organisation of the directory, new or under a new name. */
bool
day_act_directory(void *play, size_t i)
{
	struct day *d = play;
	size_t of = decide_chance(&d->staff.decide, "known", 500) ? day_some(d, THING_ORGANISATION, "which") : DAY_NONE;
	char id[33], name[64], text[400];
	struct op_files *files;
	struct err err;
	json_t *a;

	if (of == DAY_NONE)
		day_new_id(d, id);
	else
		snprintf(id, sizeof(id), "%s", d->things[of].id);
	(void)day_begin_write(d, i);
	day_fact(d, day_thing(d, THING_ORGANISATION, id, DAY_NONE), FACT_ONE, "name", day_word(d, "Example office", name));
	snprintf(text, sizeof(text), "[{\"id\":\"%.8s-%.4s-%.4s-%.4s-%.12s\",\"name\":\"%s\",\"description\":\"advice\"}]", id, id + 8, id + 12, id + 16, id + 20, name);
	files = day_files("file", BYTES_STR(text));
	a = day_ask(d, i, "directory import", json_pack("{s:s}", "file", "directory.json"), files, &err);
	json_decref(a);
	op_files_free(files);
	return a != NULL || staff_excused(&d->staff, i, "directory import", &err, of != DAY_NONE);
}

/* ---- protected identities, incidents ---- */

bool
day_act_glass(void *play, size_t i)
{
	struct day *d = play;
	size_t of = decide_chance(&d->staff.decide, "open", 650) ? day_some(d, THING_GLASS, "which") : DAY_NONE;
	char id[33], title[64], reason[64];
	struct err err;
	json_t *a;

	if (of == DAY_NONE) {
		day_new_id(d, id);
		(void)day_begin_write(d, i);
		day_fact(d, day_thing(d, THING_GLASS, id, DAY_NONE), FACT_ONE, "title", day_word(d, "a threat", title));
		a = day_ask(d, i, "put", json_pack("{s:s,s:s,s:{s:s,s:b}}", "type", "case", "id", id, "set", "title", title, "protected", 1), NULL, &err);
	} else {
		(void)day_begin_write(d, i);
		day_undo(d, of);
		d->things[of].opened++;
		a = day_ask(d, i, "break-glass", json_pack("{s:s,s:s}", "id", d->things[of].id, "reason", day_word(d, "the police called", reason)), NULL, &err);
		if (a != NULL)
			mark(MARK_GLASS_BROKEN);
	}
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, "break-glass", &err, of != DAY_NONE);
}

bool
day_act_incident(void *play, size_t i)
{
	struct day *d = play;
	size_t other = (size_t)decide_below(&d->staff.decide, "whose", DAY_STATIONS);
	struct err err;
	json_t *a = day_do(d, i, "incident lost-device", json_pack("{s:s}", "device", d->staff.at[other]->device), &err);

	if (a != NULL)
		day_fact(d, day_thing(d, THING_INCIDENT, staff_text(a, "incident"), DAY_NONE), FACT_ONE, "kind", "privacy");
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, "incident lost-device", &err, false);
}

/* ---- governing ---- */

void
day_profile_text(struct buf *out, unsigned version)
{
	static const char first[] = "\"version\": 1,";
	const char *at = strstr(day_profile, first);

	buf_put(out, day_profile, (size_t)(at - day_profile));
	buf_printf(out, "\"version\": %u,%s", version, at + strlen(first));
}

static bool
install_profile(struct day *d, size_t i)
{
	struct op_files *files = day_files("file", BYTES_NONE);
	struct err err;
	json_t *a;

	day_profile_text(&files->file[0].data, ++d->version);
	a = staff_ask(&d->staff, i, "profile install", json_pack("{s:s}", "file", "profile.json"), files, &err);
	if (a != NULL)
		mark(MARK_PROFILE_GREW);
	json_decref(a);
	op_files_free(files);
	return a != NULL || staff_excused(&d->staff, i, "profile install", &err, false);
}

/* What a coordinator sees to; a name is only taken once. */
bool
day_act_govern(void *play, size_t i)
{
	static const char *const ops[] = { "netkey rotate", "team add", "team set", "team fill", "members seen", "paper confirm" };
	struct day *d = play;
	size_t what = (size_t)decide_below(&d->staff.decide, "what", COUNT_OF(ops) + 1);
	char name[64];
	json_t *params = json_object(), *a;
	struct err err;

	if (what == COUNT_OF(ops)) {
		json_decref(params);
		return install_profile(d, i);
	}
	if (what == 1)
		json_object_set_new(params, "name", json_string(day_word(d, "a team", name)));
	if (what == 2) {
		json_object_set_new(params, "team", json_string("market hall on Thursdays"));
		json_object_set_new(params, "approval", json_string("auto"));
	}
	a = staff_ask(&d->staff, i, ops[what], params, NULL, &err);
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, ops[what], &err, what == 2);
}

/* ---- exchanges ---- */

/* As a person asks for one, and is told what it brought. */
bool
day_act_sync(void *play, size_t i)
{
	static const enum disk_fault faults[] = { FAULT_NO_SPACE, FAULT_WRITE, FAULT_SYNC, FAULT_READ };
	struct day *d = play;
	size_t with = (i + 1 + (size_t)decide_below(&d->staff.decide, "with", DAY_STATIONS - 1)) % DAY_STATIONS;
	struct err err;
	json_t *a;

	if (decide_chance(&d->staff.decide, "ill", 200))
		disk_arm(host_disk(d->staff.at[i]->host), faults[decide_below(&d->staff.decide, "which", COUNT_OF(faults))], decide_between(&d->staff.decide, "after", 1, 40));
	a = staff_ask(&d->staff, i, "sync", json_pack("{s:[s],s:i}", "peer", d->staff.at[with]->addr, "wait", 20), NULL, &err);
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, "sync", &err, false);
}

bool
day_act_stick(void *play, size_t i)
{
	struct day *d = play;
	size_t from = (i + 1 + (size_t)decide_below(&d->staff.decide, "from", DAY_STATIONS - 1)) % DAY_STATIONS;
	struct op_files *out = day_files(NULL, BYTES_NONE), *in;
	struct err err;
	json_t *a = staff_ask(&d->staff, from, "bundle write", json_pack("{s:s}", "file", "stick.fb"), out, &err);

	if (a == NULL) {
		op_files_free(out);
		return staff_excused(&d->staff, from, "bundle write", &err, false);
	}
	json_decref(a);
	scan_bytes(world_scan(d->staff.world), buf_bytes(&out->file[0].data), "a bundle");
	in = day_files("file", buf_bytes(&out->file[0].data));
	a = staff_ask(&d->staff, i, "bundle read", json_pack("{s:s}", "file", "stick.fb"), in, &err);
	json_decref(a);
	op_files_free(in);
	op_files_free(out);
	return a != NULL || staff_excused(&d->staff, i, "bundle read", &err, false);
}

/* ---- looking up ---- */

/* Of what a question is, and how its parameter is called; `file`: the answer is one. */
struct question { const char *op, *param; bool file; enum { OF_NOTHING, OF_CASE, OF_CARD, OF_REFERRAL, OF_INCIDENT, OF_PROFILE, OF_SITE, OF_TYPE, OF_WORD, OF_PERIOD, OF_FORMAT, OF_ALL, OF_ARCHIVE } of; };

static const struct question questions[] = {
	{ "get", "id", false, OF_CASE },             { "list", "type", false, OF_TYPE },           { "search", "text", false, OF_WORD },
	{ "conflicts", NULL, false, OF_NOTHING },    { "session planned", NULL, false, OF_NOTHING }, { "session sheet", NULL, false, OF_NOTHING },
	{ "session current", NULL, false, OF_NOTHING }, { "queue list", NULL, false, OF_NOTHING }, { "card find", "code", false, OF_CARD },
	{ "card show", "visitor", false, OF_CARD },  { "slip referral", "id", false, OF_REFERRAL }, { "slip next-step", "id", false, OF_CASE },
	{ "slip open", "text", false, OF_CARD },     { "booking slots", "site", false, OF_SITE },  { "hours list", NULL, false, OF_NOTHING },
	{ "draft list", NULL, false, OF_NOTHING },   { "duplicates", NULL, false, OF_NOTHING },    { "erase status", NULL, false, OF_NOTHING },
	{ "export", "format", true, OF_FORMAT },     { "export", "all", true, OF_ALL },            { "export check", "file", false, OF_ARCHIVE },
	{ "directory export", NULL, true, OF_NOTHING }, { "directory check", NULL, false, OF_NOTHING }, { "access-export", "who", true, OF_CASE },
	{ "access log", NULL, false, OF_NOTHING },   { "retention clock", "id", false, OF_CASE },  { "incident export", "id", true, OF_INCIDENT },
	{ "register art30", NULL, false, OF_NOTHING }, { "register dpia", NULL, false, OF_NOTHING }, { "report", "name", false, OF_PERIOD },
	{ "report runs", NULL, false, OF_NOTHING },  { "targets", NULL, false, OF_PERIOD },        { "members", NULL, false, OF_NOTHING },
	{ "team list", NULL, false, OF_NOTHING },    { "keys list", NULL, false, OF_NOTHING },     { "root show", NULL, false, OF_NOTHING },
	{ "profile show", NULL, false, OF_NOTHING }, { "profile check", "file", false, OF_PROFILE }, { "profile export-xlsform", NULL, true, OF_NOTHING },
	{ "exchanges", NULL, false, OF_NOTHING },    { "hubs", NULL, false, OF_NOTHING },          { "status", NULL, false, OF_NOTHING },
	{ "verify", NULL, false, OF_NOTHING },       { "invite list", NULL, false, OF_NOTHING },   { "adopt", NULL, false, OF_NOTHING },
	{ "bundle write", "file", true, OF_NOTHING }, { "erase", "id", false, OF_CASE },
};

static const char *
about(struct day *d, const struct question *q)
{
	static const char *const types[] = { "visit", "case", "session", "referral", "organisation", "signal", "hours" };
	static const char *const formats[] = { "jsonl", "xlsx", "html", "ics" };
	static const enum thing_kind kinds[] = { [OF_CASE] = THING_CASE, [OF_CARD] = THING_VISITOR, [OF_REFERRAL] = THING_REFERRAL, [OF_INCIDENT] = THING_INCIDENT };
	size_t k;

	switch (q->of) {
	case OF_CASE: case OF_CARD: case OF_REFERRAL: case OF_INCIDENT:
		k = day_some(d, kinds[q->of], "which");
		return k == DAY_NONE ? NULL : q->of == OF_CARD ? d->things[k].code : d->things[k].id;
	case OF_SITE: return day_sites[0];
	case OF_TYPE: return types[decide_below(&d->staff.decide, "type", COUNT_OF(types))];
	case OF_FORMAT: return formats[decide_below(&d->staff.decide, "format", COUNT_OF(formats))];
	case OF_WORD: return "landlord";
	case OF_PERIOD: return "iop";
	case OF_ARCHIVE: return d->archive.len > 0 ? "archive.zip" : NULL;
	default: return "it";
	}
}

/* Everything may be asked at any time: it is answered, or there is a cause why not. */
bool
day_act_read(void *play, size_t i)
{
	struct day *d = play;
	const struct question *q = &questions[decide_below(&d->staff.decide, "question", COUNT_OF(questions))];
	const char *what = about(d, q);
	struct op_files *files;
	struct err err;
	json_t *params, *a;

	if (what == NULL || (q->of == OF_CARD && what[0] == '\0'))
		return true;
	files = day_files(q->of == OF_ARCHIVE || q->of == OF_PROFILE ? q->param : NULL,
	                  q->of == OF_ARCHIVE ? buf_bytes(&d->archive) : q->of == OF_PROFILE ? BYTES_STR(day_profile) : BYTES_NONE);
	params = json_object();
	if (q->of == OF_ALL)
		json_object_set_new(params, "all", json_true());
	else if (q->param != NULL)
		json_object_set_new(params, q->param, json_string(what));
	if (q->of == OF_PERIOD || strcmp(q->op, "targets") == 0) {
		json_object_set_new(params, "from", json_string("2000-01-01"));
		json_object_set_new(params, "to", json_string("2099-12-31"));
	}
	if (q->file && strcmp(q->op, "bundle write") != 0)
		json_object_set_new(params, "output", json_string("out.xlsx"));
	if (strcmp(q->op, "erase") == 0)
		json_object_set_new(params, "dry-run", json_true());
	a = staff_ask(&d->staff, i, q->op, params, files, &err);
	if (a != NULL && q->of == OF_ALL) {
		buf_clear(&d->archive);
		buf_put_bytes(&d->archive, buf_bytes(&files->file[files->count - 1].data));
	}
	day_look_through(d, i, q->op, files);
	json_decref(a);
	op_files_free(files);
	return a != NULL || staff_excused(&d->staff, i, q->op, &err, q->of >= OF_CASE && q->of <= OF_PROFILE); /* not here, protected, installed already */
}
