/* What one seed has of everything: many seeds lack a fault altogether, others have plenty of it. */
#include <string.h>

#include "base/mem.h"
#include "sim/play_internal.h"
#include "sim/world_internal.h"

static uint32_t
some(struct dice *d, uint32_t none_per_mille, uint32_t max)
{
	return dice_chance(d, none_per_mille) ? 0 : (uint32_t)dice_between(d, 1, max);
}

static const char *const names[] = {
#define PROFILE_TEXT(id, name, text) name,
	PROFILE_MAP(PROFILE_TEXT)
#undef PROFILE_TEXT
};

const char *
profile_called(enum swarm_profile p)
{
	return names[p];
}

bool
profile_by_name(const char *name, enum swarm_profile *out)
{
	for (size_t i = 0; i < PROFILE_COUNT; i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum swarm_profile)i;
			return true;
		}
	return false;
}

/* What a profile has more of, or none. */
static void
shape(struct swarm *s, enum swarm_profile profile, struct dice *d)
{
	switch (profile) {
	case PROFILE_LITE:
	case PROFILE_FULL:
	case PROFILE_WIDE:
	case PROFILE_HEAVY:
	case PROFILE_OFFICE:
	case PROFILE_DAY:
	case PROFILE_MANY:
	case PROFILE_COUNT:
		return;
	case PROFILE_USB_ONLY:
		s->sticks_only = true;
		s->seek = s->stay = s->hub_goes_back = false;
		s->meeting = MEET_EACH_OTHER;
		s->weight[DO_MEET] = s->weight[DO_REPLAY] = s->weight[DO_PART] = s->weight[DO_CLOG] = 0;
		s->weight[DO_HUB_CRASH] = s->weight[DO_HUB_CLOSE] = 0;
		s->weight[DO_BUNDLE_OUT] = (uint32_t)dice_between(d, 5, 20);
		s->weight[DO_BUNDLE_IN] = s->weight[DO_BUNDLE_OUT] * 2;
		return;
	case PROFILE_HUB_ROLLBACK:
		s->meeting = MEET_HUB_ONLY;
		s->hub_goes_back = true;
		s->seek = false;
		s->weight[DO_BUNDLE_OUT] = s->weight[DO_BUNDLE_IN] = 0;
		s->weight[DO_HUB_CRASH] = some(d, 200, 6);
		s->weight[DO_IMAGE] = s->weight[DO_PUT_BACK] = (uint32_t)dice_between(d, 4, 12);
		return;
	case PROFILE_BYZANTINE:
		s->weight[DO_NONSENSE] = (uint32_t)dice_between(d, 3, 12);
		s->weight[DO_FORGE] = (uint32_t)dice_between(d, 3, 12);
		s->weight[DO_REPLAY] += 3;
		s->bundle_damage = (uint32_t)dice_between(d, 200, 900);
		return;
	case PROFILE_CLONE_STORM:
		s->stations = (size_t)dice_between(d, 4, STATIONS_MAX); /* two copies, and somebody who is told of them */
		s->late = true;
		s->clones = (uint32_t)dice_between(d, 500, 1000);
		s->besides = (uint32_t)dice_between(d, 300, 900);
		s->weight[DO_BACKUP] = (uint32_t)dice_between(d, 3, 10);
		s->weight[DO_RESTORE] = (uint32_t)dice_between(d, 3, 10);
		s->weight[DO_IMAGE] = s->weight[DO_PUT_BACK] = (uint32_t)dice_between(d, 3, 10);
		return;
	case PROFILE_CLOCK_MADNESS:
		s->weight[DO_CLOCK] = (uint32_t)dice_between(d, 20, 60);
		return;
	case PROFILE_MIXED:
		s->newer = (uint32_t)dice_between(d, 200, 700);
		s->newer_programs = (uint32_t)dice_between(d, 200, 800);
		s->weight[DO_NEWER] = (uint32_t)dice_between(d, 3, 12);
		return;
	case PROFILE_TINY_DISK:
		s->only_full = true;
		s->disk_fault = (uint32_t)dice_between(d, 400, 900);
		return;
	}
}

static void
at_least(uint32_t *rate, struct dice *d, uint32_t lo, uint32_t hi)
{
	uint32_t drawn = (uint32_t)dice_between(d, lo, hi);

	if (*rate < drawn)
		*rate = drawn;
}

/*
 * More than half of the seeds have plenty of one kind of fault, so that over many seeds
 * each kind is met often, and next to itself: the second while the first is
 * being mended.
 */
static void
make_dense(struct swarm *s, struct dice *d)
{
	bool hub = s->meeting != MEET_EACH_OTHER;

	switch (dice_below(d, 20)) {
	case 0: /* disks that fail, full ones among them */
		at_least(&s->disk_fault, d, 400, 800);
		return;
	case 1: /* copies of homes: newcomers come late, and from another machine's disk */
		s->late = true;
		s->clones = (uint32_t)dice_between(d, 500, 1000);
		return;
	case 2: /* disks that are put back, the hub's too */
		s->hub_goes_back = hub;
		at_least(&s->weight[DO_IMAGE], d, 3, 8);
		at_least(&s->weight[DO_PUT_BACK], d, 3, 8);
		return;
	case 3: /* sticks */
		if (s->meeting == MEET_HUB_ONLY)
			return;
		at_least(&s->weight[DO_BUNDLE_OUT], d, 5, 15);
		s->weight[DO_BUNDLE_IN] = s->weight[DO_BUNDLE_OUT] * 2;
		at_least(&s->bundle_damage, d, 300, 900);
		return;
	case 4: /* wires that break or never were */
		at_least(&s->weather.cut, d, 300, 900);
		at_least(&s->weather.no_answer, d, 100, 400);
		at_least(&s->weight[DO_MEET], d, 20, 40);
		return;
	case 5: /* networks in pieces, and bytes that wait or come again */
		at_least(&s->weight[DO_PART], d, 4, 10);
		at_least(&s->weight[DO_CLOG], d, 4, 10);
		at_least(&s->weight[DO_REPLAY], d, 4, 10);
		return;
	case 6: /* power */
		at_least(&s->weight[DO_CRASH], d, 8, 20);
		if (hub)
			at_least(&s->weight[DO_HUB_CRASH], d, 6, 15);
		return;
	case 7: /* clocks, and people who mistype */
		at_least(&s->weight[DO_CLOCK], d, 4, 12);
		at_least(&s->weight[DO_WRONG_PASS], d, 3, 8);
		return;
	case 8:
	case 9: /* trustees, whose sheets somebody has copied, where not everybody hears of it */
		at_least(&s->weight[DO_LEAVE], d, 4, 8);
		at_least(&s->weight[DO_TRUSTEES], d, 10, 20);
		at_least(&s->weight[DO_PART], d, 2, 6);
		return;
	case 10: /* erasures where logs have two histories, which share places */
		s->hub_goes_back = false;
		s->records = s->records < 3 ? 3 : s->records;
		at_least(&s->weight[DO_ERASE], d, 6, 14);
		at_least(&s->weight[DO_IMAGE], d, 4, 8);
		s->weight[DO_PUT_BACK] = s->weight[DO_IMAGE];
		at_least(&s->weight[DO_MEET], d, 20, 40);
		return;
	default:
		return;
	}
}

void
swarm_draw(struct swarm *s, const struct play_options *o)
{
	struct dice d = dice_of(o->seed, STREAM_SWARM, 0);
	bool big = o->profile != PROFILE_LITE && o->profile != PROFILE_USB_ONLY;
	static const size_t few[] = { 2, 2, 2, 3, 3, 3, 3, 4 }; /* two machines meet most of what three do, at half of what it costs */
	static const enum disk_loss losses[] = { LOSS_ALL, LOSS_SOME, LOSS_GARBAGE, LOSS_GARBAGE, LOSS_NONE };

	*s = (struct swarm){ .stations = (size_t)(big ? dice_between(&d, 2, STATIONS_MAX) : few[dice_below(&d, COUNT_OF(few))]) };
	s->acts = (size_t)(o->profile == PROFILE_FULL ? dice_between(&d, 100, 300) : o->profile != PROFILE_LITE ? dice_between(&d, 40, 120) : dice_between(&d, 20, 60));
	s->records = (size_t)dice_between(&d, 1, big ? 12 : 4);
	s->weight[DO_WRITE] = (uint32_t)dice_between(&d, 10, 40);
	s->weight[DO_MEET] = (uint32_t)dice_between(&d, 3, 30);
	s->weight[DO_WAIT] = 2;
	s->weight[DO_CLOSE] = some(&d, 200, 4);
	s->weight[DO_REOPEN] = 3;
	s->weight[DO_CRASH] = some(&d, 200, 8);
	s->weight[DO_BUNDLE_OUT] = some(&d, 400, 10);
	s->weight[DO_BUNDLE_IN] = s->weight[DO_BUNDLE_OUT] * 2;
	s->weight[DO_KEYS] = 1;
	s->weight[DO_REPLAY] = some(&d, 500, 4);
	s->weight[DO_PART] = some(&d, 500, 4);
	s->weight[DO_CLOG] = some(&d, 500, 4);
	s->weight[DO_CLOCK] = some(&d, 600, 3);
	s->weight[DO_WRONG_PASS] = some(&d, 600, 2);
	s->disk_fault = some(&d, 300, 300);
	s->bundle_damage = some(&d, 200, 900);
	s->half_open = dice_chance(&d, 500);
	s->stay = dice_chance(&d, 400);
	s->loss = losses[dice_below(&d, COUNT_OF(losses))];
	s->weather = (struct weather){
		.cut = some(&d, 400, 400),
		.silent = some(&d, 500, 500),
		.no_answer = some(&d, 600, 200),
		.latency_min = NS_PER_MS / 10,
		.latency_max = NS_PER_MS * dice_between(&d, 1, 400),
		.chunk_max = (size_t)1 << dice_between(&d, 5, 16),
	};
	s->meeting = (enum meeting)dice_below(&d, 3);
	if (s->meeting != MEET_EACH_OTHER) {
		s->weight[DO_HUB_CRASH] = some(&d, 200, 6);
		s->weight[DO_HUB_CLOSE] = some(&d, 400, 2);
	}
	if (dice_chance(&d, 300)) {
		s->weight[DO_IMAGE] = (uint32_t)dice_between(&d, 2, 6);
		s->weight[DO_PUT_BACK] = (uint32_t)dice_between(&d, 2, 6);
	}
	if (s->meeting == MEET_HUB_ONLY)
		s->weight[DO_BUNDLE_OUT] = s->weight[DO_BUNDLE_IN] = 0;
	s->weight[DO_LEAVE] = some(&d, 400, 6); /* drawn last, so that the rest of a seed stays what it was */
	s->seek = s->stay && s->meeting != MEET_HUB_ONLY && dice_chance(&d, 500); /* and so is this */
	s->weight[DO_TRUSTEES] = s->weight[DO_LEAVE] > 0 ? some(&d, 300, 6) : 0;
	s->weight[DO_DESK] = some(&d, 300, 10); /* and this */
	s->weight[DO_ERASE] = some(&d, 400, 5); /* and this */
	s->weight[DO_FORGE] = some(&d, 500, 3); /* and this */
	s->weight[DO_BACKUP] = some(&d, 500, 3);
	s->weight[DO_RESTORE] = s->weight[DO_BACKUP] > 0 ? some(&d, 300, 3) : 0;
	s->besides = s->weight[DO_BACKUP] > 0 ? some(&d, 300, 700) : 0;
	s->weight[DO_OLD_HOME] = some(&d, 500, 2);
	s->weight[DO_NEW_HOME] = some(&d, 700, 1);
	s->weight[DO_PROFILE] = some(&d, 500, 2);
	s->newer_programs = some(&d, 600, 500);
	s->weight[DO_MERGE] = some(&d, 400, 4);
	s->weight[DO_QUOTA] = s->meeting != MEET_EACH_OTHER ? some(&d, 500, 3) : 0;
	s->weight[DO_ROOTED] = some(&d, 700, 2);
	s->weight[DO_HAND] = some(&d, 600, 4);
	s->weight[DO_CLOSE_SITE] = some(&d, 500, 3);
	s->clones = some(&d, 800, 600);
	make_dense(s, &d);
	shape(s, o->profile, &d);
	/* Half of those stores are in a bad way. */
	s->far = s->meeting != MEET_EACH_OTHER && !s->hub_goes_back && dice_chance(&d, 400) ? (uint32_t)(dice_chance(&d, 500) ? dice_between(&d, 5, 100) : dice_between(&d, 100, 300)) : 0;
	if (o->lying) {
		s->weight[DO_CRASH] += 4;
		s->loss = LOSS_ALL;
	}
}

/* ---- as a script ---- */

/* What a play still asks of the swarm when each decision is given. X(name, field) */
#define SWARM_MAP(X)                                                                                       \
	X("stations", stations) X("records", records) X("meeting", meeting) X("stay", stay) X("seek", seek)  \
	X("half-open", half_open) X("sticks-only", sticks_only) X("hub-goes-back", hub_goes_back)            \
	X("clones", clones) X("besides", besides) X("far", far) X("newer-programs", newer_programs) X("erases", weight[DO_ERASE]) X("latency-min", weather.latency_min)              \
	X("latency-max", weather.latency_max) X("chunk-max", weather.chunk_max)

void
swarm_to_script(const struct swarm *s, uint64_t seed, struct script *out)
{
	struct script_event *e = script_add(out, 0, "set", 0);

	script_note(e, "seed", seed);
#define SWARM_NOTE(name, field) script_note(e, name, (uint64_t)s->field);
	SWARM_MAP(SWARM_NOTE)
#undef SWARM_NOTE
}

static uint64_t
within(uint64_t value, uint64_t lo, uint64_t hi)
{
	return value < lo ? lo : value > hi ? hi : value;
}

void
swarm_from_script(struct swarm *s, uint64_t *seed, const struct script *script)
{
	static const struct script_event none;
	const struct script_event *e = &none;

	for (size_t i = 0; i < script->count && e == &none; i++)
		if (strcmp(script->events[i].kind, "set") == 0)
			e = &script->events[i];
	*s = (struct swarm){ .stations = 0 };
	*seed = script_value(e, "seed");
#define SWARM_TAKE(name, field) s->field = (__typeof__(s->field))script_value(e, name);
	SWARM_MAP(SWARM_TAKE)
#undef SWARM_TAKE
	s->stations = (size_t)within(s->stations, 2, STATIONS_MAX);
	s->records = (size_t)within(s->records, 1, 64);
	s->meeting = (enum meeting)within(s->meeting, MEET_EACH_OTHER, MEET_HUB_ONLY);
	s->weather.latency_min = within(s->weather.latency_min, 1, NS_PER_S);
	s->weather.latency_max = within(s->weather.latency_max, s->weather.latency_min, 60 * NS_PER_S);
	s->weather.chunk_max = (size_t)within(s->weather.chunk_max, 1, 1 << 20);
}
