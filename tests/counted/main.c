/*
 * Counted faults. Every operation of op/table.c, on a home in the middle of a
 * day, once for each thing that may fail below it:
 *
 *     memory   the nth allocation of the program, SQLite and jansson fails, once or from there on
 *     write    the nth write to the disk fails          sync   the nth sync
 *     read     the nth read                             space  there is no room from the nth write on, for a while
 *     power    the power goes at the nth change of the disk: what was unsynced is lost, kept, mixed or
 *              torn; and at every second trial it goes again while the program starts afterwards
 *
 * Whatever happened: an operation that answered has done all it said, one that
 * did not has done nothing or everything; the home opens again, verifies, and
 * shows the same built from its entries as from its snapshot.
 *
 *     counted [--seed N] [--trials N] [--op NAME] [--kind KIND] [--but KIND] [--nth N] [--quiet]      exit 0, or 3 when something was found
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op/op.h"
#include "trial.h"

extern const char *const asked_elsewhere[];

struct options { uint64_t seed; long trials, nth; const char *op; int kind, but; bool quiet; };

struct tally { uint64_t struck[KINDS], passed, failed; };

/* ---- memory of the libraries ---- */

static sqlite3_mem_methods sqlite_own;

static void *
sqlite_alloc(int n)
{
	return mem_grant() ? sqlite_own.xMalloc(n) : NULL;
}

static void *
sqlite_grow(void *p, int n)
{
	return mem_grant() ? sqlite_own.xRealloc(p, n) : NULL;
}

static void
count_libraries(void)
{
	sqlite3_mem_methods mine;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_own) != SQLITE_OK)
		abort();
	mine = sqlite_own;
	mine.xMalloc = sqlite_alloc;
	mine.xRealloc = sqlite_grow;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &mine) != SQLITE_OK)
		abort();
}

/* ---- all of them ---- */

/*
 * Each n while they are few; else so many of them, spread out, and others with
 * another seed. Memory is asked for thousands of times, the disk dozens.
 */
static long
next(const struct options *o, const struct whole *w, enum kind kind, long n)
{
	long all = kind == MEMORY ? w->memory : w->changes, step = o->trials > 0 && all > o->trials ? all / o->trials : 1;

	return n < 0 ? (long)(o->seed % (uint64_t)step) : n + step;
}

static void
try_kind(const struct options *o, struct trial *t, struct tally *tally)
{
	bool struck = true;

	for (int lasting = 0; lasting <= (kinds[t->kind].lasts ? 1 : 0); lasting++) {
		long n = o->nth >= 0 ? o->nth : next(o, t->whole, t->kind, -1);

		for (struck = true; struck; n = next(o, t->whole, t->kind, n)) {
			struck = false;
			t->nth = n;
			t->lasting = lasting != 0;
			t->again = false;
			if (!trial_run(t, &struck))
				tally->failed++;
			else if (struck)
				tally->passed++;
			tally->struck[t->kind] += struck;
			if (o->nth >= 0)
				break;
		}
	}
}

static void
try_scene(const struct options *o, struct room *r, const struct scene *s, struct tally *tally)
{
	struct whole whole = { .entries = 0 };
	struct trial t = { .room = r, .scene = s, .whole = &whole };
	uint64_t was = tally->passed;

	if (o->op != NULL && strcmp(o->op, s->op) != 0)
		return;
	if (!trial_measure(r, s, &whole)) {
		tally->failed++;
		return;
	}
	for (int k = 0; k < KINDS; k++)
		if ((o->kind < 0 || o->kind == k) && k != o->but)
			t.kind = (enum kind)k, try_kind(o, &t, tally);
	if (!o->quiet)
		printf("%s: %llu faults\n", s->op, (unsigned long long)(tally->passed - was));
}

static bool
every_row_is_asked(void)
{
	bool all = true;

	for (const struct op_row *row = op_table; row->name != NULL; row++) {
		bool there = false;

		for (const struct scene *s = scenes; s->op != NULL && !there; s++)
			there = strcmp(s->op, row->name) == 0;
		for (const char *const *e = asked_elsewhere; *e != NULL && !there; e++)
			there = strcmp(*e, row->name) == 0;
		if (!there)
			printf("%s: no scene asks it\n", row->name);
		all = all && there;
	}
	return all;
}

static int
kind_named(const char *name)
{
	int k = 0;

	while (k < KINDS && strcmp(kinds[k].name, name) != 0)
		k++;
	return k;
}

static void
read_options(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		if (strcmp(argv[i], "--quiet") == 0)
			o->quiet = true, i--;
		else if (i + 1 == argc)
			continue;
		else if (strcmp(argv[i], "--seed") == 0)
			o->seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--trials") == 0)
			o->trials = strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--nth") == 0)
			o->nth = strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--op") == 0)
			o->op = argv[i + 1];
		else if (strcmp(argv[i], "--kind") == 0)
			o->kind = kind_named(argv[i + 1]);
		else if (strcmp(argv[i], "--but") == 0)
			o->but = kind_named(argv[i + 1]);
	}
}

int
main(int argc, char **argv)
{
	struct options o = { .seed = 1, .trials = 24, .nth = -1, .kind = -1, .but = -1 };
	struct tally tally = { .passed = 0 };
	static struct room room;

	setvbuf(stdout, NULL, _IOLBF, 0);
	read_options(&o, argc, argv);
	count_libraries();
	room_new(&room, o.seed);
	tally.failed += !every_row_is_asked();
	try_scene(&o, &room, &opening, &tally);
	for (const struct scene *s = scenes; s->op != NULL; s++)
		try_scene(&o, &room, s, &tally);
	room_free(&room);
	printf("faults:");
	for (int k = 0; k < KINDS; k++)
		printf(" %s %llu", kinds[k].name, (unsigned long long)tally.struck[k]);
	printf("\n%llu passed, %llu failed\n", (unsigned long long)tally.passed, (unsigned long long)tally.failed);
	return tally.failed > 0 ? 3 : 0;
}
