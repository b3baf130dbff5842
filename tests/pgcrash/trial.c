#include "trial.h"

#include <stdio.h>
#include <string.h>

enum { TRIES = 8, BACK_S = 120, PAUSE_S = 20 };

static bool
found(const struct trial *t, const char *what, const char *more)
{
	printf("%s: %s %ld%s%s", t->way->name, wire_names[t->fault], t->nth, t->for_ever ? " and on" : "", t->dies ? ", the hub dies" : "");
	if (t->again != WIRE_NONE)
		printf(", again %s %ld", wire_names[t->again], t->again_nth);
	printf(" (at \"%s\"): %s%s%s\n", wire_what(), what, more != NULL ? ": " : "", more != NULL ? more : "");
	return false;
}

static enum err_code
begin(struct bench *b, const struct way *w, struct err *err)
{
	wire_arm(WIRE_NONE, 0, false);
	wire_spare(false);
	b->config.continuous = true;
	bench_restore(b, w->from);
	return w->prepare != NULL ? w->prepare(b, err) : room_open_other(&b->room, err);
}

bool
trial_measure(struct bench *b, const struct way *w, long *statements, long *allocations)
{
	struct trial t = { .way = w };
	struct err err = ERR_INIT;
	bool good;

	if (begin(b, w, &err) != ERR_OK)
		return found(&t, "it cannot even begin", err.text);
	wire_arm(WIRE_NONE, 0, false);
	good = w->run(b, &err) == ERR_OK;
	*statements = wire_statements();
	*allocations = wire_allocations();
	bench_stop(b);
	return good || found(&t, "it fails although nothing is wrong", err.text);
}

/* ---- what is stored ---- */

/* Beside what verify looks at: what only the database says. */
static bool
rows_fit(struct bench *b, const struct trial *t, size_t which)
{
	const char *schema = b->schema[which];
	char text[100];

	if (schema[0] == '\0' || bench_number(b, "SELECT (to_regclass('%s.turn') IS NOT NULL)::int", schema) == 0)
		return true;
	if (bench_number(b, "SELECT count(*) FROM %s.turn", schema) != 1 || bench_number(b, "SELECT count(*) FROM %s.form", schema) != 1)
		return found(t, "its schema is not one", schema);
	if (bench_number(b, "SELECT count(*) FROM %s.entry WHERE turn > (SELECT n FROM %s.turn)", schema, schema) != 0)
		return found(t, "entries have a number that was not given out", NULL);
	snprintf(text, sizeof(text), "%s", schema);
	if (bench_number(b, "SELECT count(*) FROM %s.entry WHERE ((n & 4611686018427387903) >> 40) NOT IN (SELECT no FROM %s.log)", schema, schema) != 0)
		return found(t, "entries are of no log", text);
	return true;
}

/* Opened from what is stored, by whoever comes next. */
static bool
stands(struct bench *b, const struct trial *t, const struct debt *d, bool done)
{
	struct err err = ERR_INIT;
	bool good = true;

	for (size_t i = 0; i < 2 && good; i++)
		good = rows_fit(b, t, i);
	if (good && bench_open(b, &err) != ERR_OK)
		good = found(t, "the hub does not open again", err.text);
	if (good && b->nav.moved && t->way->from >= SERVED) /* before, it was in its files */
		good = found(t, "the hub takes itself for a copy", NULL);
	if (good && debt_check(d, b->nav.replica, &err) != ERR_OK)
		good = found(t, "it does not stand", err.text);
	if (good && t->way->holds != NULL && t->way->holds(b, done, &err) != ERR_OK)
		good = found(t, "it does not hold", err.text);
	bench_stop_hub(b);
	return good;
}

static bool
same_rights(const struct org *x, const struct org *y)
{
	bool same = org_device_count(x) == org_device_count(y);

	for (size_t i = 0; same && i < org_device_count(x); i++) {
		const struct org_device *d = org_device_at(x, i), *e = org_device_by_author(y, &d->sign_pk);

		same = e != NULL && e->gone == d->gone && org_device_live(e) == org_device_live(d);
	}
	return same;
}

/* What the hub that has lived through it has in memory is what is stored. */
static bool
memory_fits(struct bench *b, const struct trial *t)
{
	bool same = true;

	for (size_t i = 0; same && bench_replica(b, i) != NULL; i++) {
		struct replica *live = bench_replica(b, i), *fresh = NULL;
		struct err err = ERR_INIT;
		uint8_t x[32], y[32];

		if (replica_open_in(&fresh, room_env(&b->room), b->engine, b->schema[i], "/fresh", false, &err) != ERR_OK)
			return found(t, "its schema does not open again", err.text);
		replica_frontier(live, NULL, NULL, x);
		replica_frontier(fresh, NULL, NULL, y);
		same = memcmp(x, y, sizeof(x)) == 0 && replica_entry_count(live) == replica_entry_count(fresh) && replica_log_count(live) == replica_log_count(fresh);
		same = same && same_rights(replica_org(live), replica_org(fresh));
		replica_close(fresh);
	}
	return same || found(t, "the hub has something else in memory than what is stored", NULL);
}

/* ---- going on ---- */

static bool
is_back(void *ctx)
{
	struct bench *b = ctx;

	for (size_t i = 0; bench_replica(b, i) != NULL; i++)
		if (replica_away(bench_replica(b, i)))
			return false;
	return true;
}

/* Nothing fails any more, or once more and then no more: whoever asks again in the end is told that it is done. */
static bool
goes_on(struct bench *b, const struct trial *t)
{
	struct err err = ERR_INIT;

	for (int i = 0; i < TRIES; i++) {
		err = (struct err)ERR_INIT;
		wire_heal();
		if (b->hub == NULL && t->way->run != NULL && t->dies && bench_serve(b, &err) != ERR_OK) {
			bench_stop_hub(b);
			continue;
		}
		(void)world_run_until(b->room.world, is_back, b, BACK_S * NS_PER_S);
		if (t->way->run(b, &err) == ERR_OK && !(wire_struck_again() && t->again >= WIRE_DIES_BEFORE && !is_back(b)))
			return true;
		world_run(b->room.world, PAUSE_S * NS_PER_S);
	}
	return found(t, "asked again it fails", err.text);
}

static bool
is_an_answer(const struct trial *t, const struct err *err)
{
	if (err->text[0] == '\0')
		return found(t, "an error without a sentence", NULL);
	return err->code != ERR_DAMAGED || found(t, "it is said to be damaged", err->text);
}

static void
note_owed(struct bench *b, struct debt *d)
{
	if (b->room.other != NULL)
		debt_note_acked(d, node_replica(b->room.other), &b->key);
}

void
trial_run(struct bench *b, const struct trial *t, struct trial_counts *counts)
{
	static struct debt d;
	struct err err = ERR_INIT;
	bool good, done;

	if (begin(b, t->way, &err) != ERR_OK) {
		(void)found(t, "it cannot even begin", err.text);
		counts->failed++;
		bench_stop(b);
		return;
	}
	memset(&d, 0, sizeof(d));
	wire_arm(t->fault, t->nth, t->for_ever);
	wire_arm_again(t->again, t->again_nth);
	done = t->way->run(b, &err) == ERR_OK;
	good = done || is_an_answer(t, &err);
	counts->missed += !wire_struck();
	note_owed(b, &d);
	if (t->dies) {
		wire_die();
		bench_stop_hub(b);
		wire_heal();
		wire_spare(true);
		good = good && stands(b, t, &d, done);
		wire_spare(false);
	}
	good = good && goes_on(b, t);
	wire_spare(true);
	wire_heal();
	(void)world_run_until(b->room.world, is_back, b, BACK_S * NS_PER_S);
	world_run(b->room.world, 2 * NS_PER_S);
	good = good && memory_fits(b, t);
	d.count = 0;
	note_owed(b, &d);
	bench_stop(b);
	good = good && stands(b, t, &d, true);
	bench_stop(b);
	counts->points += wire_struck();
	counts->twice += wire_struck_again();
	counts->killed += t->fault >= WIRE_DIES_BEFORE || (wire_struck_again() && t->again >= WIRE_DIES_BEFORE);
	counts->failed += !good;
}
