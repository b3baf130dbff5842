#include "sim/day_internal.h"

#include <stdio.h>
#include <string.h>

#include "sim/scan.h"

const char *const day_sites[2] = { "Torget", "Genarp" }, *const day_volunteers[DAY_VOLUNTEERS] = { "RÅD1", "RÅD2" };

static json_t *
put(struct day *d, const char *type, const char *field, const char *value)
{
	struct err err;
	json_t *a = day_do(d, 0, "put", json_pack("{s:s,s:{s:s}}", "type", type, "set", field, value), &err);

	if (a == NULL)
		(void)staff_fail(&d->staff, "I9", "a %s cannot be saved: %s", type, err.text);
	return a;
}

static bool
begin(void *play)
{
	struct day *d = play;
	char name[64];
	json_t *a;

	d->ids = dice_of(d->staff.seed, STREAM_NAMES, 1);
	snprintf(d->local, sizeof(d->local), "§%016llx", (unsigned long long)dice_u64(&d->ids));
	scan_add_text(world_scan(d->staff.world), "a table's marker", d->local);
	for (size_t k = 0; k < COUNT_OF(day_sites); k++)
		json_decref(put(d, "site", "name", day_sites[k]));
	for (size_t k = 0; k < DAY_VOLUNTEERS; k++) {
		a = put(d, "volunteer", "code", day_volunteers[k]);
		snprintf(d->volunteer[k], sizeof(d->volunteer[k]), "%s", staff_text(a, "id"));
		json_decref(a);
	}
	for (size_t k = 0; k < DAY_ORGANISATIONS; k++) {
		a = put(d, "organisation", "name", day_word(d, "a neighbour", name));
		day_fact(d, day_thing(d, THING_ORGANISATION, staff_text(a, "id"), DAY_NONE), FACT_ONE, "name", name);
		json_decref(a);
	}
	return d->staff.report->finding.invariant[0] == '\0' && staff_settle(&d->staff);
}

static bool
after(void *play, size_t i)
{
	struct day *d = play;

	day_settle_write(d, i);
	return day_judge_table(d, i);
}

static const struct staff_act acts[] = {
	{ "visit", 12, day_act_visit, false, false },       { "again", 8, day_act_again, false, false },   { "queue", 16, day_act_queue, false, false },
	{ "draft", 5, day_act_draft, false, false },        { "open", 8, day_act_open, false, false },     { "close", 7, day_act_close, false, false },
	{ "edit", 8, day_act_edit, false, false },          { "card", 5, day_act_card, false, false },     { "referral", 8, day_act_referral, false, false },
	{ "hours", 4, day_act_hours, false, false },        { "merge", 3, day_act_merge, false, false },   { "erase", 6, day_act_erase, false, false },
	{ "approve", 8, day_act_approve, true, false },     { "import", 3, day_act_import, false, false }, { "directory", 4, day_act_directory, false, false },
	{ "glass", 4, day_act_glass, false, false },        { "incident", 2, day_act_incident, false, false }, { "govern", 3, day_act_govern, true, false },
	{ "stick", 3, day_act_stick, false, false },        { "archive", 2, day_act_archive, false, true },
	        { "read", 20, day_act_read, false, false },    { "meet", 18, staff_act_meet, false, true },
	{ "sync", 4, day_act_sync, false, true },           { "leave", 2, day_act_leave, false, true },
	{ "power", 4, staff_act_power, false, true },
};

void
day_play(const struct play_options *options, struct play_report *out)
{
	static const struct staff_house house = {
		.word = "day", .profile = day_profile, .stations = DAY_STATIONS, .coordinators = DAY_COORDINATORS, .guests = 1, .act_count = COUNT_OF(acts),
		.rounds = DAY_ROUNDS, .starving = 60, .acts = acts, .begin = begin, .after = after, .judge = day_judge,
	};
	struct day d = { .open = DAY_NONE, .undo_of = DAY_NONE, .archive = BUF_INIT, .version = 1 };

	staff_play(&d.staff, &d, &house, options, out);
	staff_free(&d.staff);
	for (size_t i = 0; i < DAY_STATIONS; i++)
		json_decref(d.again[i]);
	buf_free(&d.archive);
	mem_free(d.writes);
	mem_free(d.things);
	mem_free(d.facts);
}
