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
 *     counted [--seed N] [--trials N] [--op NAME] [--kind KIND] [--but KIND] [--nth N] [--beside N] [--quiet]
 *
 * exit 0, or 3 when something was found
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "op/op.h"

extern const char *const asked_elsewhere[], *const written_elsewhere[];

struct options { uint64_t seed; long trials, nth, beside; const char *op; int kind, but; bool quiet; };

enum { COUNTED_OPS_MAX = 300 };

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
try_memory(const struct options *o, struct trial *t, struct tally *tally)
{
	struct which which = { .first = o->nth, .step = 0, .beside = (int)o->beside };
	uint64_t was = tally->passed + tally->failed;

	if (o->nth < 0) {
		which.first = next(o, t->whole, MEMORY, -1);
		which.step = next(o, t->whole, MEMORY, which.first) - which.first;
	}
	memory_sweep(t, &which, &tally->passed, &tally->failed);
	tally->struck[MEMORY] += tally->passed + tally->failed - was;
}

static void
try_disk(const struct options *o, struct trial *t, struct tally *tally)
{
	bool struck = true;

	for (int lasting = 0; lasting <= (kinds[t->kind].lasts ? 1 : 0); lasting++) {
		long n = o->nth >= 0 ? o->nth : next(o, t->whole, t->kind, -1);

		for (struck = true; struck; n = next(o, t->whole, t->kind, n)) {
			t->nth = n;
			t->lasting = lasting != 0;
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

static bool
is_in(const char *const *names, const char *name)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

static const char *wrote[COUNTED_OPS_MAX];
static size_t wrote_count;

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
	if (whole.changes > 0 && wrote_count < COUNT_OF(wrote))
		wrote[wrote_count++] = s->op;
	for (int k = 0; k < KINDS; k++)
		if ((o->kind < 0 || o->kind == k) && k != o->but)
			t.kind = (enum kind)k, (k == MEMORY ? try_memory : try_disk)(o, &t, tally);
	json_decref(whole.answer);
	if (!o->quiet)
		printf("%s: %llu faults; it asks for memory %ld times and changes the disk %ld times\n", s->op, (unsigned long long)(tally->passed - was), whole.memory,
		       whole.changes);
}

/* A scene in which an operation that writes finds nothing to write tries half of it. Once all scenes have been measured. */
static bool
every_row_that_writes_has_written(void)
{
	bool all = true;

	for (const struct op_row *row = op_table; row->name != NULL; row++) {
		size_t i = 0;

		while (i < wrote_count && strcmp(wrote[i], row->name) != 0)
			i++;
		if (row->writes && i == wrote_count && !is_in(written_elsewhere, row->name) && !is_in(asked_elsewhere, row->name)) {
			printf("%s: it writes, and in no scene it does\n", row->name);
			all = false;
		}
	}
	return all;
}

static bool
every_row_is_asked(void)
{
	bool all = true;

	for (const struct op_row *row = op_table; row->name != NULL; row++) {
		bool there = false;

		for (const struct scene *s = scenes; s->op != NULL && !there; s++)
			there = strcmp(s->op, row->name) == 0;
		there = there || is_in(asked_elsewhere, row->name);
		if (!there)
			printf("%s: no scene asks it\n", row->name);
		all = all && there;
	}
	return all;
}

static int
usage(FILE *to)
{
	fputs("usage: counted [--seed N] [--trials N] [--op NAME] [--kind KIND] [--but KIND] [--nth N] [--beside N] [--quiet]\nkinds:", to);
	for (int k = 0; k < KINDS; k++)
		fprintf(to, " %s", kinds[k].name);
	fputs("\n--trials N: of each operation and kind so many, spread out; 0: all of them\n--beside N: so many at one time where memory fails; one\n", to);
	return to == stdout ? 0 : 1;
}

static bool
number(const char *text, long *out)
{
	char *end;

	*out = strtol(text, &end, 10);
	return end != text && *end == '\0' && *out >= 0;
}

static bool
kind_named(const char *name, int *out)
{
	for (*out = 0; *out < KINDS; (*out)++)
		if (strcmp(kinds[*out].name, name) == 0)
			return true;
	return false;
}

static bool
op_named(const char *name, const char **out)
{
	*out = name;
	if (strcmp(name, opening.op) == 0)
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
		long seed;
		bool good;

		if (strcmp(name, "--quiet") == 0) {
			o->quiet = true;
			continue;
		}
		i++;
		if (strcmp(name, "--seed") == 0)
			good = number(value, &seed), o->seed = (uint64_t)seed;
		else if (strcmp(name, "--trials") == 0)
			good = number(value, &o->trials);
		else if (strcmp(name, "--nth") == 0)
			good = number(value, &o->nth);
		else if (strcmp(name, "--beside") == 0)
			good = number(value, &o->beside) && o->beside >= 1 && o->beside <= BESIDE_MAX;
		else if (strcmp(name, "--op") == 0)
			good = op_named(value, &o->op);
		else if (strcmp(name, "--kind") == 0)
			good = kind_named(value, &o->kind);
		else if (strcmp(name, "--but") == 0)
			good = kind_named(value, &o->but);
		else
			good = false;
		if (!good) {
			fprintf(stderr, "counted: %s %s: there is no such thing here\n", name, value);
			return false;
		}
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct options o = { .seed = 1, .trials = 24, .nth = -1, .beside = 1, .kind = -1, .but = -1 };
	struct tally tally = { .passed = 0 };
	static struct room room;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	if (!read_options(&o, argc, argv))
		return usage(stderr);
	count_libraries();
	room_new(&room, o.seed);
	tally.failed += !every_row_is_asked();
	try_scene(&o, &room, &opening, &tally);
	for (const struct scene *s = scenes; s->op != NULL; s++)
		try_scene(&o, &room, s, &tally);
	if (o.op == NULL)
		tally.failed += !every_row_that_writes_has_written();
	room_free(&room);
	printf("faults:");
	for (int k = 0; k < KINDS; k++)
		printf(" %s %llu", kinds[k].name, (unsigned long long)tally.struck[k]);
	printf("\n%llu passed, %llu failed\n", (unsigned long long)tally.passed, (unsigned long long)tally.failed);
	return tally.failed > 0 ? 3 : 0;
}
