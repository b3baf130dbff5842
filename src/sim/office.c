#include "sim/office_internal.h"

#include <stdarg.h>
#include <stdio.h>

#include "node/node.h"
#include "sim/nonce.h"

/* Of radrum's types those that the operations here ask for, with the fields that they write. */
const char office_profile[] =
	"{\"profile\":\"simulated-office\",\"version\":1,"
	"\"lists\":[{\"name\":\"booking_status\",\"choices\":[{\"code\":\"requested\"},{\"code\":\"booked\"},{\"code\":\"done\"},{\"code\":\"no_show\"},{\"code\":\"cancelled\"},{\"code\":\"rebooked\"}]}],"
	"\"units\":{\"booking\":\"bookings\"},"
	"\"types\":[{\"number\":2,\"name\":\"site\",\"group\":\"open\",\"class\":\"open\",\"fields\":[{\"number\":1,\"name\":\"name\",\"type\":\"text\"},{\"number\":40,\"name\":\"book_keeper\",\"type\":\"text\"}]},"
	"{\"number\":10,\"name\":\"case\",\"group\":\"own\",\"class\":\"content\",\"notes\":true,\"retention\":{\"months\":24,\"from\":\"closed\"},\"fields\":[{\"number\":1,\"name\":\"status\",\"type\":\"text\"},{\"number\":2,\"name\":\"closed\",\"type\":\"date\",\"class\":\"statistics\"}]},"
	"{\"number\":14,\"name\":\"booking\",\"group\":{\"field\":\"case\"},\"class\":\"ephemeral\",\"retention\":{\"days\":30,\"from\":\"date\"},\"fields\":[{\"number\":1,\"name\":\"case\",\"type\":\"ref\",\"ref\":\"case\"},{\"number\":2,\"name\":\"site\",\"type\":\"ref\",\"ref\":\"site\"},{\"number\":3,\"name\":\"date\",\"type\":\"date\",\"class\":\"statistics\"},{\"number\":4,\"name\":\"time\",\"type\":\"time\"},{\"number\":5,\"name\":\"code\",\"type\":\"text\"},{\"number\":6,\"name\":\"language\",\"type\":\"text\"},{\"number\":7,\"name\":\"minutes\",\"type\":\"integer\"},{\"number\":8,\"name\":\"status\",\"type\":\"choice\",\"list\":\"booking_status\",\"class\":\"statistics\"},{\"number\":9,\"name\":\"ical_uid\",\"type\":\"text\"}]},"
	"{\"number\":24,\"name\":\"retention_run\",\"group\":\"own\",\"class\":\"content\",\"retention\":{\"keep\":true},\"fields\":[{\"number\":1,\"name\":\"date\",\"type\":\"date\"},{\"number\":3,\"name\":\"before\",\"type\":\"date\"},{\"number\":4,\"name\":\"count\",\"type\":\"integer\"},{\"number\":5,\"name\":\"dry_run\",\"type\":\"bool\"},{\"number\":6,\"name\":\"by\",\"type\":\"text\"}]},"
	"{\"number\":25,\"name\":\"report_run\",\"group\":\"open\",\"class\":\"open\",\"fields\":[{\"number\":1,\"name\":\"report\",\"type\":\"text\"},{\"number\":2,\"name\":\"from\",\"type\":\"date\"},{\"number\":3,\"name\":\"to\",\"type\":\"date\"},{\"number\":4,\"name\":\"rules\",\"type\":\"text\"},{\"number\":5,\"name\":\"profile_version\",\"type\":\"integer\"},{\"number\":6,\"name\":\"sources\",\"type\":\"text\"},{\"number\":7,\"name\":\"suppression\",\"type\":\"text\"},{\"number\":8,\"name\":\"cells\",\"type\":\"text\"},{\"number\":9,\"name\":\"digest\",\"type\":\"text\"},{\"number\":10,\"name\":\"signed\",\"type\":\"text\",\"shape\":\"set\"},{\"number\":11,\"name\":\"supersedes\",\"type\":\"ref\",\"ref\":\"report_run\"},{\"number\":60,\"name\":\"site\",\"type\":\"text\"},{\"number\":61,\"name\":\"recipient\",\"type\":\"text\"}]},"
	"{\"number\":60,\"name\":\"retention_order\",\"group\":\"open\",\"class\":\"open\",\"fields\":[{\"number\":1,\"name\":\"until\",\"type\":\"date\"},{\"number\":2,\"name\":\"reason\",\"type\":\"text\"},{\"number\":3,\"name\":\"approved\",\"type\":\"bool\"},{\"number\":4,\"name\":\"ended\",\"type\":\"bool\"}]}],"
	"\"reports\":[{\"name\":\"booked\",\"sections\":[{\"id\":\"all\"}],\"lines\":[{\"id\":\"B1\",\"section\":\"all\",\"unit\":\"bookings\",\"measure\":\"count\",\"class\":\"person\",\"type\":\"booking\",\"date\":\"date\",\"where\":[{\"field\":\"status\",\"is\":[\"booked\"]}],\"rule\":{\"sv\":\"Bokade tider.\",\"en\":\"Times booked.\"}}]}]}";

bool
office_fail(struct office *o, const char *invariant, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	finding_note(&o->report->finding, world_trace(o->world), invariant, fmt, ap);
	va_end(ap);
	return false;
}

static bool
begin(struct office *o)
{
	struct err err = ERR_INIT;
	json_t *site;

	for (size_t i = 0; i < OFFICE_STATIONS; i++)
		o->at[i] = station_new(o->world, i);
	o->at[0]->profile = office_profile;
	if (station_found(o->at[0], &o->team, &err) != ERR_OK)
		return office_fail(o, "I9", "founding failed: %s", err.text);
	for (size_t i = 1; i < OFFICE_STATIONS; i++)
		if (station_join(o->at[i], o->at[0], i < OFFICE_COORDINATORS ? ROLE_COORDINATOR : ROLE_ADVISOR, &o->team, &err) != ERR_OK)
			return office_fail(o, "I9", "n%zu cannot join: %s", i, err.text);
	for (size_t i = 0; i < OFFICE_STATIONS; i++) {
		station_add_secrets(o->at[i]);
		disk_set_lying(host_disk(o->at[i]->host), o->options->lying);
	}
	site = office_ask(o, 0, "put", json_pack("{s:s,s:{s:s}}", "type", "site", "set", "name", OFFICE_SITE), &err);
	if (site == NULL)
		return office_fail(o, "I9", "the site cannot be saved: %s", err.text);
	json_decref(site);
	site = office_ask(o, 0, "booking keep", json_pack("{s:s}", "site", OFFICE_SITE), &err);
	if (site == NULL)
		return office_fail(o, "I9", "nobody can keep the book: %s", err.text);
	json_decref(site);
	return office_settle(o);
}

static bool
play_by_chance(struct office *o)
{
	for (size_t n = 0; n < OFFICE_ACTS; n++) {
		size_t i = (size_t)dice_below(&o->decide.dice, OFFICE_STATIONS);
		const struct office_act *a = office_draw_act(o, i);

		decide_begin(&o->decide, world_now(o->world), a->name, i);
		if (!office_perform(o, a, i))
			return false;
	}
	return true;
}

static bool
play_script(struct office *o)
{
	const struct script *s = o->decide.script;

	for (size_t at = 0; at < s->count; at++) {
		const struct office_act *a = office_act_called(s->events[at].kind);

		decide_begin_at(&o->decide, at);
		if (a != NULL && !office_perform(o, a, s->events[at].who % OFFICE_STATIONS))
			return false;
	}
	return true;
}

static void
set_up(struct office *o)
{
	const struct script *s = o->options->script;
	size_t at = s != NULL ? decide_find(&o->decide, 0, "set") : 0;
	struct script_event *e;

	o->seed = s == NULL ? o->options->seed : at < s->count ? script_value(&s->events[at], "seed") : 1;
	o->decide.dice = dice_of(o->seed, STREAM_WORK, 3);
	if (s != NULL || o->options->record == NULL)
		return;
	e = script_add(o->options->record, 0, "set", 0);
	script_note(e, "seed", o->seed);
	script_note(e, "office", 1);
	script_note(e, "stations", OFFICE_STATIONS);
}

static void
count_up(struct office *o)
{
	struct play_report *out = o->report;

	out->ok = out->finding.invariant[0] == '\0';
	for (size_t i = 0; i < OFFICE_STATIONS; i++) {
		out->crashes += o->at[i]->crashes;
		out->exchanges += o->at[i]->results;
		out->in_step += o->at[i]->in_step;
		out->disk_ops += disk_ops(host_disk(o->at[i]->host));
	}
	out->wire_bytes = world_wire_bytes(o->world);
	out->scanned_bytes = scan_total(world_scan(o->world));
	out->steps = world_step_count(o->world);
	out->now_ns = world_now(o->world);
	out->hash = world_trace(o->world)->hash;
}

void
office_play(const struct play_options *options, struct play_report *out)
{
	struct office o = { .options = options, .report = out, .decide = { .record = options->record, .script = options->script } };
	const struct weather fair = { .latency_min = NS_PER_MS, .latency_max = 5 * NS_PER_MS, .chunk_max = 16384 };
	struct dice names;

	*out = (struct play_report){ .ok = false };
	keystore_cheap_for_tests = true;
	set_up(&o);
	names = dice_of(o.seed, STREAM_NAMES, 0);
	snprintf(o.marker, sizeof(o.marker), "§%016llx", (unsigned long long)dice_u64(&names));
	o.world = world_new(o.seed, OFFICE_STATIONS, options->show);
	world_set_weather(o.world, &fair);
	scan_add_text(world_scan(o.world), "a note's marker", o.marker);
	nonce_forget_all();
	if (begin(&o) && (options->script != NULL ? play_script(&o) : play_by_chance(&o)))
		(void)office_judge(&o);
	if (nonce_twice())
		(void)office_fail(&o, "I8", "a key has sealed two texts under one nonce");
	if (scan_finding(world_scan(o.world)) != NULL)
		(void)office_fail(&o, "I6", "%s", scan_finding(world_scan(o.world)));
	count_up(&o);
	for (size_t i = 0; i < OFFICE_STATIONS; i++)
		station_free(o.at[i]);
	mem_free(o.cases);
	mem_free(o.bookings);
	mem_free(o.orders);
	world_free(o.world);
}
