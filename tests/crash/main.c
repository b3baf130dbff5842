/*
 * Crash points. Every path that writes is stopped at each of its changes of
 * the disk, and what such a stop leaves is looked at many times over: unsynced
 * sectors and names lost, kept, some of either, torn with noise in them; at
 * every second look the power goes once more while the program starts.
 *
 * A point is one machine stopped at one change of one path and treated as none
 * was before it at that change: once for each distinct decision of what is lost,
 * kept and torn, and where it is cut again. The same decision leaves the same
 * bytes and is not counted; two different ones may still leave equal bytes (a
 * sector that is lost where it held the same before), and count twice. Whatever is left: the home opens, holds every entry that was
 * acknowledged, to its writer or, by a signed ACK, to a colleague, holds all of
 * what was being written or nothing, and verifies; of every hundred one is
 * opened as a node, and shows from its snapshot what its entries show.
 *
 *     crash [--seed N] [--rounds N] [--looks N] [--step N] [--path NAME] [--nth N] [--look N] [--seconds N] [--ledger FILE --commit TEXT] [--list]
 *
 * A round is all paths in a world of its own seed. Exit 0, or 3 when something was found. SIGTERM and SIGINT end it as --seconds
 * does, with its line in the ledger.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/nonce.h"
#include "slice.h"
#include "stop.h"

enum { PATHS_MAX = 200, SAME_MAX = 16 }; /* so many looks in a row found nothing new: that change has no more to show */

struct options { uint64_t seed, rounds, looks; long step, nth, look, seconds; const char *path, *ledger, *commit; bool list; };

static void
look_at(const struct options *o, struct stop *s, struct stop_counts *counts)
{
	if (o->look >= 0) {
		stop_look(s, (uint64_t)o->look, counts);
		return;
	}
	for (uint64_t k = 0, same = 0; k < o->looks && same < SAME_MAX && !told_to_end; k++) {
		uint64_t was = counts->points;

		stop_look(s, k, counts);
		same = counts->points == was ? same + 1 : 0;
	}
}

static void
try_path(const struct options *o, struct room *r, const struct path *p, const struct debt *kept, struct stop_counts *counts)
{
	static struct stop s;
	struct stop_counts was = *counts;
	uint64_t after;
	long changes;

	if (o->path != NULL && strcmp(o->path, p->name) != 0)
		return;
	if (!stop_measure(r, p, kept, &changes, &after)) {
		counts->failed++;
		return;
	}
	if (changes == 0)
		return; /* it reads */
	for (long n = o->nth >= 0 ? o->nth : (long)(o->seed % (uint64_t)o->step); n <= changes && !slice_is_over(o->seconds); n += o->step) {
		s = (struct stop){ .room = r, .path = p, .seed = o->seed, .nth = n };
		if (stop_at(&s, kept, after))
			look_at(o, &s, counts);
		else
			counts->failed++;
		stop_free(&s);
		if (o->nth >= 0)
			break;
	}
	if (o->list)
		printf("%-28s %4ld changes, %6llu points, %llu twice cut, %llu the same again\n", p->name, changes,
		       (unsigned long long)(counts->points - was.points), (unsigned long long)(counts->twice - was.twice),
		       (unsigned long long)(counts->again - was.again));
}

/* What is owed on the disk as it is kept. */
static void
note_kept(struct room *r, struct debt *kept)
{
	struct err err = ERR_INIT;

	room_restore(r);
	if (room_open(r, false, &err) != ERR_OK)
		abort();
	memset(kept, 0, sizeof(*kept));
	debt_note(kept, node_replica(r->node));
	room_stop(r);
}

static size_t
list(struct path out[PATHS_MAX])
{
	size_t n = 0;

	for (const struct path *p = paths; p->name != NULL; p++)
		out[n++] = *p;
	for (const struct scene *s = scenes; s->op != NULL && n < PATHS_MAX; s++)
		if (!scene_meets(s)) /* that is a path of its own */
			out[n++] = (struct path){ .name = s->op, .scene = s };
	return n;
}

static void
round_of(const struct options *o, struct stop_counts *counts)
{
	static struct path list_of[PATHS_MAX];
	static struct room room;
	struct debt kept;
	size_t all;

	nonce_forget_all();
	room_new(&room, o->seed);
	/* The simulator's own notes of what happens are for plays: here they are a fifth of the time. */
	world_trace(room.world)->off = true;
	disk_set_scan(room.disk, NULL);
	note_kept(&room, &kept);
	all = list(list_of);
	for (size_t i = 0; i < all && !slice_is_over(o->seconds); i++) /* a slice ends where its time does: each round begins elsewhere */
		try_path(o, &room, &list_of[(i + o->seed * 29) % all], &kept, counts);
	room_free(&room);
	if (nonce_twice()) {
		printf("seed %llu: one nonce with two texts\n", (unsigned long long)o->seed);
		counts->failed++;
	}
}

static void
note(const struct options *o, uint64_t from, const struct stop_counts *c)
{
	FILE *f = o->ledger == NULL ? NULL : fopen(o->ledger, "a");
	char day[16];
	time_t now = time(NULL);

	if (f == NULL)
		return;
	strftime(day, sizeof(day), "%F", gmtime(&now));
	fprintf(f, "kind=crash date=%s commit=%s from=%llu to=%llu points=%llu twice-cut=%llu opened-whole=%llu same-again=%llu failed=%llu seconds=%lld\n", day,
	        o->commit, (unsigned long long)from, (unsigned long long)o->seed, (unsigned long long)c->points, (unsigned long long)c->twice,
	        (unsigned long long)c->deep, (unsigned long long)c->again, (unsigned long long)c->failed, (long long)(now - begun));
	fclose(f);
}

static int
usage(FILE *to)
{
	fputs("usage: crash [--seed N] [--rounds N] [--looks N] [--step N] [--path NAME] [--nth N] [--look N] [--seconds N] [--ledger FILE --commit TEXT] [--list]\n", to);
	return to == stdout ? 0 : 1;
}

static bool
count_of(const char *text, uint64_t *out)
{
	long n;
	bool good = slice_number(text, &n);

	*out = (uint64_t)n;
	return good;
}

static bool
path_named(const char *name, const char **out)
{
	*out = name;
	for (const struct path *p = paths; p->name != NULL; p++)
		if (strcmp(p->name, name) == 0)
			return true;
	for (const struct scene *s = scenes; s->op != NULL; s++)
		if (strcmp(s->op, name) == 0)
			return true;
	return false;
}

static bool
read_options(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
		bool good = true;

		if (strcmp(name, "--list") == 0) {
			o->list = true;
			continue;
		}
		i++;
		if (strcmp(name, "--seed") == 0)
			good = count_of(value, &o->seed);
		else if (strcmp(name, "--rounds") == 0)
			good = count_of(value, &o->rounds) && o->rounds > 0;
		else if (strcmp(name, "--looks") == 0)
			good = count_of(value, &o->looks);
		else if (strcmp(name, "--step") == 0)
			good = slice_number(value, &o->step) && o->step > 0;
		else if (strcmp(name, "--nth") == 0)
			good = slice_number(value, &o->nth);
		else if (strcmp(name, "--look") == 0)
			good = slice_number(value, &o->look);
		else if (strcmp(name, "--seconds") == 0)
			good = slice_number(value, &o->seconds);
		else if (strcmp(name, "--path") == 0)
			good = path_named(value, &o->path);
		else if (strcmp(name, "--ledger") == 0)
			o->ledger = value;
		else if (strcmp(name, "--commit") == 0)
			o->commit = value;
		else
			good = false;
		if (!good) {
			fprintf(stderr, "crash: %s %s: there is no such thing here\n", name, value);
			return false;
		}
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct options o = { .seed = 1, .rounds = 1, .looks = 24, .step = 1, .nth = -1, .look = -1, .commit = "unknown" };
	struct stop_counts counts = { .points = 0 };
	uint64_t from;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	if (!read_options(&o, argc, argv))
		return usage(stderr);
	slice_begin();
	for (from = o.seed; o.seed < from + o.rounds && !slice_is_over(o.seconds); o.seed++)
		round_of(&o, &counts);
	o.seed--;
	note(&o, from, &counts);
	printf("%llu crash points, %llu of them cut twice, %llu opened whole; %llu looks found what an earlier one had\n", (unsigned long long)counts.points,
	       (unsigned long long)counts.twice, (unsigned long long)counts.deep, (unsigned long long)counts.again);
	printf("%llu passed, %llu failed\n", (unsigned long long)(counts.points - (counts.failed < counts.points ? counts.failed : counts.points)), (unsigned long long)counts.failed);
	return counts.failed > 0 ? 3 : 0;
}
