/*
 * Crash points of a hub's other store. Everything a hub does with its database
 * (ways.c) is run once for each statement that it sends and each thing that may
 * befall one: cut before it, carried out and the answer not heard, arriving only
 * when the hub is back, refused, for once and for ever; the hub's process gone
 * there and then; libpq without memory at each of its allocations; the server
 * killed; and a second of these while it recovers.
 *
 *     pgcrash [--seed N] [--rounds N] [--step N] [--way NAME] [--fault NAME [--ever] [--dies]] [--nth N] [--again NAME --again-nth N]
 *             [--seconds N] [--ledger FILE --commit TEXT] [--list] [--show]
 *
 * A round is all of them in a world of its own seed; with --step every Nth trial, beginning elsewhere with each seed. A point is a
 * trial whose fault struck. Exit 0, or 3 when something was found; 0 also where there is no server, and it says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../crash/slice.h"
#include "sim/nonce.h"
#include "sim/prf.h"
#include "trial.h"

struct options { uint64_t seed, rounds; long step, nth, seconds, again_nth; const char *way, *ledger, *commit; enum wire_fault fault, again; bool ever, dies, list, show; };

/* How each statement, or each allocation, may fare. */
static const struct fate { enum wire_fault fault; bool for_ever, dies, twice; int every; } fates[] = {
	{ WIRE_BEFORE, false, false, false, 1 },      { WIRE_BEFORE, false, true, false, 1 },  { WIRE_AFTER, false, false, false, 1 },
	{ WIRE_AFTER, false, true, false, 1 },        { WIRE_LATE, false, false, false, 1 },   { WIRE_LATE, false, true, false, 1 },
	{ WIRE_REFUSED, false, false, false, 1 },     { WIRE_BEFORE, true, false, false, 1 },  { WIRE_REFUSED, true, false, false, 1 },
	{ WIRE_REFUSED, false, true, false, 1 },      { WIRE_BEFORE, false, false, true, 1 },  { WIRE_AFTER, false, true, true, 1 },
	{ WIRE_LATE, false, false, true, 1 },         { WIRE_REFUSED, false, false, true, 1 }, { WIRE_MEMORY, false, false, false, 2 },
	{ WIRE_MEMORY, true, false, false, 3 },       { WIRE_MEMORY, false, true, false, 3 },  { WIRE_DIES_BEFORE, false, false, false, 8 },
	{ WIRE_DIES_AFTER, false, false, false, 8 },  { WIRE_DIES_AFTER, false, true, false, 8 }, { WIRE_DIES_AFTER, false, false, true, 8 },
};

static void
try(struct bench *b, const struct options *o, const struct way *w, const struct fate *f, long nth, struct trial_counts *counts)
{
	static const enum wire_fault seconds[] = { WIRE_BEFORE, WIRE_AFTER, WIRE_REFUSED, WIRE_LATE };
	struct trial t = { w, f->fault, nth, f->for_ever, f->dies, WIRE_NONE, 0 };
	struct dice dice = dice_of(o->seed, STREAM_FATE, siphash((uint64_t)nth, (uint64_t)(f - fates), w->name, strlen(w->name)));

	if (f->twice) {
		t.again = f->fault == WIRE_DIES_AFTER ? WIRE_DIES_BEFORE : seconds[dice_below(&dice, COUNT_OF(seconds))];
		t.again_nth = (long)dice_below(&dice, 60);
	}
	if (o->again != WIRE_NONE) {
		t.again = o->again;
		t.again_nth = o->again_nth;
	}
	if (o->show) { /* what is logged, and what goes over the wires */
		world_trace(b->room.world)->off = false;
		world_trace(b->room.world)->show = true;
	}
	trial_run(b, &t, counts);
}

/* Trials are numbered through all ways, so that a slice takes some of each; *at: of the next. */
static void
try_way(struct bench *b, const struct options *o, const struct way *w, uint64_t *at, struct trial_counts *counts)
{
	long statements = 0, allocations = 0;
	struct trial_counts was = *counts;

	if (slice_is_over(o->seconds))
		return;
	if (!trial_measure(b, w, &statements, &allocations)) {
		counts->failed++;
		return;
	}
	for (size_t f = 0; f < COUNT_OF(fates); f++) {
		long count = fates[f].fault == WIRE_MEMORY ? allocations : statements;

		if (o->fault != WIRE_NONE && (fates[f].fault != o->fault || fates[f].for_ever != o->ever || fates[f].dies != o->dies))
			continue;
		for (long n = o->nth >= 0 ? o->nth : 0; n < count && !slice_is_over(o->seconds); n++) {
			if (o->nth < 0 && (*at)++ % (uint64_t)(o->step * fates[f].every) != (o->seed * 7919) % (uint64_t)o->step)
				continue;
			try(b, o, w, &fates[f], n, counts);
			if (o->nth >= 0)
				break;
		}
	}
	if (o->list)
		printf("%-10s %4ld statements, %5ld allocations of libpq, %6llu points, %llu twice, %llu with the server killed\n", w->name, statements, allocations,
		       (unsigned long long)(counts->points - was.points), (unsigned long long)(counts->twice - was.twice),
		       (unsigned long long)(counts->killed - was.killed));
}

/* False: there is no server to be had. */
static bool
round_of(const struct options *o, struct trial_counts *counts)
{
	static struct bench b;
	uint64_t at = 0;
	size_t all = 0;

	nonce_forget_all();
	if (!bench_new(&b, o->seed))
		return false;
	while (ways[all].name != NULL)
		all++;
	for (size_t i = 0; i < all && !slice_is_over(o->seconds); i++) { /* a slice ends where its time does: each round begins elsewhere */
		const struct way *w = &ways[(i + o->seed * 5) % all];

		if (o->way == NULL || strcmp(o->way, w->name) == 0)
			try_way(&b, o, w, &at, counts);
	}
	bench_free(&b);
	if (nonce_twice()) {
		printf("seed %llu: one nonce with two texts\n", (unsigned long long)o->seed);
		counts->failed++;
	}
	return true;
}

static void
note(const struct options *o, uint64_t from, const struct trial_counts *c)
{
	FILE *f = o->ledger == NULL ? NULL : fopen(o->ledger, "a");
	char day[16];
	time_t now = time(NULL);

	if (f == NULL)
		return;
	strftime(day, sizeof(day), "%F", gmtime(&now));
	fprintf(f, "kind=pgcrash date=%s commit=%s from=%llu to=%llu points=%llu twice-cut=%llu server-killed=%llu failed=%llu seconds=%lld\n", day, o->commit,
	        (unsigned long long)from, (unsigned long long)o->seed, (unsigned long long)c->points, (unsigned long long)c->twice,
	        (unsigned long long)c->killed, (unsigned long long)c->failed, (long long)(now - begun));
	fclose(f);
}

static int
usage(FILE *to)
{
	fputs("usage: pgcrash [--seed N] [--rounds N] [--step N] [--way NAME] [--fault NAME [--ever] [--dies]] [--nth N] [--again NAME --again-nth N] "
	      "[--seconds N] [--ledger FILE --commit TEXT] [--list] [--show]\n", to);
	return to == stdout ? 0 : 1;
}

static bool
count_of(const char *text, uint64_t *out)
{
	long n;
	bool good = slice_number(text, &n) && n > 0;

	*out = (uint64_t)n;
	return good;
}

static bool
fault_named(const char *name, enum wire_fault *out)
{
	for (*out = WIRE_BEFORE; *out < WIRE_FAULTS; ++*out)
		if (strcmp(name, wire_names[*out]) == 0)
			return true;
	return false;
}

static bool
way_named(const char *name, const char **out)
{
	*out = name;
	for (const struct way *w = ways; w->name != NULL; w++)
		if (strcmp(name, w->name) == 0)
			return true;
	return false;
}

static bool
read_option(struct options *o, const char *name, const char *value)
{
	if (strcmp(name, "--seed") == 0)
		return count_of(value, &o->seed);
	if (strcmp(name, "--rounds") == 0)
		return count_of(value, &o->rounds);
	if (strcmp(name, "--step") == 0)
		return slice_number(value, &o->step) && o->step > 0;
	if (strcmp(name, "--nth") == 0)
		return slice_number(value, &o->nth);
	if (strcmp(name, "--again-nth") == 0)
		return slice_number(value, &o->again_nth);
	if (strcmp(name, "--seconds") == 0)
		return slice_number(value, &o->seconds);
	if (strcmp(name, "--fault") == 0)
		return fault_named(value, &o->fault);
	if (strcmp(name, "--again") == 0)
		return fault_named(value, &o->again);
	if (strcmp(name, "--way") == 0)
		return way_named(value, &o->way);
	if (strcmp(name, "--ledger") == 0)
		return (o->ledger = value)[0] != '\0';
	if (strcmp(name, "--commit") == 0)
		return (o->commit = value)[0] != '\0';
	return false;
}

static bool
read_options(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool *flag = strcmp(argv[i], "--list") == 0 ? &o->list : strcmp(argv[i], "--ever") == 0 ? &o->ever : strcmp(argv[i], "--dies") == 0 ? &o->dies :
			     strcmp(argv[i], "--show") == 0 ? &o->show : NULL;

		if (flag != NULL) {
			*flag = true;
			continue;
		}
		if (i + 1 == argc || !read_option(o, argv[i], argv[i + 1])) {
			fprintf(stderr, "pgcrash: %s %s: there is no such thing here\n", argv[i], i + 1 < argc ? argv[i + 1] : "");
			return false;
		}
		i++;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct options o = { .seed = 1, .rounds = 1, .step = 1, .nth = -1, .commit = "unknown" };
	struct trial_counts counts = { .points = 0 };
	uint64_t from;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	if (!read_options(&o, argc, argv))
		return usage(stderr);
	slice_begin();
	for (from = o.seed; o.seed < from + o.rounds && !slice_is_over(o.seconds); o.seed++)
		if (!round_of(&o, &counts)) {
			puts("crash points of PostgreSQL: skipped, there is no server to be had (tools/setup names the package)");
			return 0;
		}
	o.seed--;
	note(&o, from, &counts);
	printf("%llu crash points of PostgreSQL, %llu of them struck twice, %llu with the server killed; %llu trials came to their end before the fault\n",
	       (unsigned long long)counts.points, (unsigned long long)counts.twice, (unsigned long long)counts.killed, (unsigned long long)counts.missed);
	printf("%llu passed, %llu failed\n", (unsigned long long)(counts.points - (counts.failed < counts.points ? counts.failed : counts.points)),
	       (unsigned long long)counts.failed);
	return counts.failed > 0 ? 3 : 0;
}
