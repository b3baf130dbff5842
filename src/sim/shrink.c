#include "sim/shrink.h"

#include <string.h>

#include "base/mem.h"
#include "sim/disk.h"

static bool
is_frame(const struct script_event *e)
{
	return strcmp(e->kind, "set") == 0 || strcmp(e->kind, "found") == 0 || strcmp(e->kind, "heal") == 0;
}

size_t
script_acts(const struct script *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += !is_frame(&s->events[i]);
	return n;
}

/* Plays the candidate; keeps it when it fails, and frees it when not. */
static bool
better(struct shrink *s, struct script *script, struct script *candidate)
{
	if (s->tries >= s->tries_max || (s->tries++, !s->fails(s->ctx, candidate))) {
		script_free(candidate);
		return false;
	}
	script_free(script);
	*script = *candidate;
	return true;
}

/* ---- events ---- */

/* All but events from..to-1; the frame always stays. */
static bool
without_events(struct shrink *s, struct script *script, size_t from, size_t to)
{
	struct script candidate = { .events = NULL };
	bool any = false;

	for (size_t i = 0; i < script->count; i++) {
		bool gone = i >= from && i < to && !is_frame(&script->events[i]);

		any = any || gone;
		if (!gone)
			script_copy_event(&candidate, &script->events[i]);
	}
	if (any)
		return better(s, script, &candidate);
	script_free(&candidate);
	return false;
}

/* ddmin's complements: pieces are taken out, smaller ones each time none can be. The last first: what comes after the fault matters least. */
static bool
fewer_events(struct shrink *s, struct script *script)
{
	bool any = false;

	for (size_t piece = script->count / 2; piece > 0; piece /= 2)
		for (size_t end = script->count; end > 0;) {
			size_t from = end > piece ? end - piece : 0;

			any = without_events(s, script, from, end) || any;
			end = from < script->count ? from : script->count;
		}
	return any;
}

/* ---- devices ---- */

static bool
names_station(const char *decision)
{
	return strcmp(decision, "with") == 0 || strcmp(decision, "from") == 0;
}

/* Station `gone` never was: who stands behind it moves up. */
static void
move_up(struct script_event *e, size_t gone)
{
	e->who -= e->who > gone;
	for (size_t k = 0; k < e->count; k++) {
		struct decision *d = &e->decisions[k];

		for (size_t v = 0; names_station(d->name) && v < d->count; v++)
			d->values[v] -= d->values[v] > gone || (d->values[v] == gone && gone > 0);
	}
}

static bool
without_station(struct shrink *s, struct script *script, size_t gone)
{
	struct script candidate = { .events = NULL };

	for (size_t i = 0; i < script->count; i++) {
		struct script_event *e;
		struct decision *d;

		if (!is_frame(&script->events[i]) && script->events[i].who == gone)
			continue;
		script_copy_event(&candidate, &script->events[i]);
		e = &candidate.events[candidate.count - 1];
		if (!is_frame(e))
			move_up(e, gone);
		d = script_decision(e, strcmp(e->kind, "set") == 0 ? "stations" : "coordinator");
		if (d != NULL && strcmp(e->kind, "set") == 0 && d->count > 0 && d->values[0] > 2)
			d->values[0]--;
		else if (d != NULL && strcmp(e->kind, "found") == 0 && gone >= 1 && gone - 1 < d->count) /* the founder's is not asked for */
			memmove(d->values + gone - 1, d->values + gone, (d->count-- - gone) * sizeof(*d->values));
	}
	return better(s, script, &candidate);
}

static size_t
stations_of(const struct script *script)
{
	for (size_t i = 0; i < script->count; i++)
		if (strcmp(script->events[i].kind, "set") == 0)
			return (size_t)script_value(&script->events[i], "stations");
	return 0;
}

static bool
fewer_stations(struct shrink *s, struct script *script)
{
	bool any = false;

	for (size_t gone = stations_of(script); gone-- > 1;)
		if (stations_of(script) > 2)
			any = without_station(s, script, gone) || any;
	return any;
}

/* ---- kinds of faults ---- */

static bool
without_kind(struct shrink *s, struct script *script, const char *kind)
{
	struct script candidate = { .events = NULL };

	for (size_t i = 0; i < script->count; i++)
		if (strcmp(script->events[i].kind, kind) != 0)
			script_copy_event(&candidate, &script->events[i]);
	if (candidate.count < script->count)
		return better(s, script, &candidate);
	script_free(&candidate);
	return false;
}

/* Every decision of that name and value: to nothing. value UINT64_MAX: whatever it is. */
static bool
without_decision(struct shrink *s, struct script *script, const char *name, uint64_t value)
{
	struct script candidate = { .events = NULL };
	bool any = false;

	script_copy(&candidate, script);
	for (size_t i = 0; i < candidate.count; i++) {
		struct decision *d = script_decision(&candidate.events[i], name);

		for (size_t v = 0; d != NULL && v < d->count; v++)
			if (d->values[v] != 0 && (value == UINT64_MAX || d->values[v] == value)) {
				d->values[v] = 0;
				any = true;
			}
	}
	if (any)
		return better(s, script, &candidate);
	script_free(&candidate);
	return false;
}

static bool
fewer_faults(struct shrink *s, struct script *script)
{
	static const char *const kinds[] = { "wire", "crash", "hub-crash", "hub-close", "part", "clog", "clock", "replay", "put-back", "image", "nonsense", "close", "trustees", "leave", "erase",
		"backup", "restore", "old-home", "new-home", "profile", "merge", "quota", "close-site", "rooted", "hand" };
	static const char *const flags[] = { "open-fault", "join-fault", "damaged", "clone", "half-open", "stay", "seek", "loss", "pad", "coordinator" };
	bool any = false;

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		any = without_kind(s, script, kinds[i]) || any;
	for (uint64_t fault = 1; fault <= FAULT_READ; fault++)
		any = without_decision(s, script, "fault", fault) || any;
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		any = without_decision(s, script, flags[i], UINT64_MAX) || any;
	return any;
}

/* ---- numbers ---- */

static bool
with_value(struct shrink *s, struct script *script, size_t event, size_t decision, size_t at, uint64_t value)
{
	struct script candidate = { .events = NULL };

	script_copy(&candidate, script);
	candidate.events[event].decisions[decision].values[at] = value;
	return better(s, script, &candidate);
}

/* What waits, pads and values come to: nothing, or half. Who meets whom is no number. */
static bool
smaller_numbers(struct shrink *s, struct script *script)
{
	bool any = false;

	for (size_t i = 0; i < script->count; i++)
		for (size_t k = 0; k < script->events[i].count; k++) {
			const struct decision *d = &script->events[i].decisions[k];

			if (names_station(d->name) || strcmp(d->name, "number") == 0 || strcmp(script->events[i].kind, "set") == 0)
				continue;
			for (size_t v = 0; v < script->events[i].decisions[k].count; v++) {
				uint64_t value = script->events[i].decisions[k].values[v];

				if (value > 0 && with_value(s, script, i, k, v, 0)) {
					any = true;
					continue;
				}
				for (; value > 1 && with_value(s, script, i, k, v, value / 2); value /= 2)
					any = true;
			}
		}
	return any;
}

void
shrink(struct shrink *s, struct script *script)
{
	bool any = true;

	while (any && s->tries < s->tries_max) {
		any = fewer_events(s, script);
		any = fewer_stations(s, script) || any;
		any = fewer_faults(s, script) || any;
	}
	if (smaller_numbers(s, script) && s->tries < s->tries_max)
		(void)fewer_events(s, script);
}
