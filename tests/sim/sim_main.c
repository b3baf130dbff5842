/*
 * The simulator as a program: seeds in, findings out.
 *
 *   sim --seed 812 [--profile full] [--trace]     one seed
 *   sim --seeds 1..200 [--twice]                  many; --twice compares the trace of a second run (I14)
 *   sim --seeds 1..1000 --marks                   which rare states they reached, and how often
 *   sim --seeds 1..200 --until-found              stops at the first finding, which is what was hoped for
 *   sim --seeds 1..20 --lying                     disks lie about syncing: every run that lost something must say so
 *   sim --seeds 1..1000 --seconds 60              no new seed after that long
 *   sim --seeds 1..1000 --ledger FILE             adds a line to a ledger (tests/ledger/README.md)
 *   sim --profiles | --mark-names                 their names, a line each
 *   sim --seed 812 --dump f.sim                   what was decided, as a script; --keep DIR: one for each seed that fails
 *   sim --script f.sim [--trace]                  plays a script
 *   sim --shrink f.sim [--tries N]                makes a failing script small, in its place
 *
 * Exit 0 when all passed. A failure prints the line that plays it again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "sim/mark.h"
#include "sim/play.h"
#include "sim/prf.h"
#include "sim/shrink.h"

struct options {
	uint64_t from, to, tries, seconds;
	enum swarm_profile profile;
	char names; /* 'p' profiles, 'm' marks: said, and nothing played */
	bool trace, twice, lying, marks, until_found;
	const char *dump, *keep, *script, *shrink, *ledger, *commit;
};

static int
usage(void)
{
	fputs("usage: sim (--seed N | --seeds A..B) [--profile NAME] [--trace] [--twice] [--lying] [--marks] [--until-found] [--dump FILE] [--keep DIR] [--seconds N] [--ledger FILE [--commit ID]]\n"
	      "       sim --script FILE [--trace] [--lying] | sim --shrink FILE [--tries N] [--lying]\nprofiles:", stderr);
	for (enum swarm_profile p = 0; p < PROFILE_COUNT; p++)
		fprintf(stderr, " %s", profile_called(p));
	fputs("\n", stderr);
	return 1;
}

static bool
parse_range(const char *text, uint64_t *from, uint64_t *to)
{
	char *end;

	*from = strtoull(text, &end, 10);
	if (end == text || strncmp(end, "..", 2) != 0)
		return false;
	text = end + 2;
	*to = strtoull(text, &end, 10);
	return end != text && *end == '\0' && *from <= *to;
}

static bool
parse(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--seed") == 0) {
			o->from = o->to = strtoull(next, NULL, 10);
			i++;
		} else if (strcmp(argv[i], "--seeds") == 0) {
			if (!parse_range(next, &o->from, &o->to))
				return false;
			i++;
		} else if (strcmp(argv[i], "--profile") == 0) {
			if (!profile_by_name(next, &o->profile))
				return false;
			i++;
		} else if (strcmp(argv[i], "--dump") == 0 || strcmp(argv[i], "--keep") == 0 || strcmp(argv[i], "--script") == 0 ||
		           strcmp(argv[i], "--shrink") == 0) {
			*(argv[i][2] == 'd' ? &o->dump : argv[i][2] == 'k' ? &o->keep : argv[i][3] == 'c' ? &o->script : &o->shrink) = next;
			i++;
		} else if (strcmp(argv[i], "--ledger") == 0) {
			o->ledger = next;
			i++;
		} else if (strcmp(argv[i], "--profiles") == 0 || strcmp(argv[i], "--mark-names") == 0) {
			o->names = argv[i][2];
		} else if (strcmp(argv[i], "--seconds") == 0) {
			o->seconds = strtoull(next, NULL, 10);
			i++;
		} else if (strcmp(argv[i], "--commit") == 0) {
			o->commit = next;
			i++;
		} else if (strcmp(argv[i], "--tries") == 0) {
			o->tries = strtoull(next, NULL, 10);
			i++;
		} else if (strcmp(argv[i], "--trace") == 0) {
			o->trace = true;
		} else if (strcmp(argv[i], "--twice") == 0) {
			o->twice = true;
		} else if (strcmp(argv[i], "--lying") == 0) {
			o->lying = true;
		} else if (strcmp(argv[i], "--marks") == 0) {
			o->marks = true;
		} else if (strcmp(argv[i], "--until-found") == 0) {
			o->until_found = true;
		} else {
			return false;
		}
	}
	return o->from > 0 || o->names != 0 || o->script != NULL || o->shrink != NULL;
}

static void
print_failure(const struct options *o, uint64_t seed, const struct play_report *r)
{
	printf("seed %llu: %s: %s\n", (unsigned long long)seed, r->finding.invariant, r->finding.text);
	printf("  step %llu, simulated time %.3f s, trace %016llx\n", (unsigned long long)r->steps, (double)r->now_ns / 1e9,
	       (unsigned long long)r->hash);
	printf("  again: build/sim --seed %llu --profile %s%s --trace\n", (unsigned long long)seed, profile_called(o->profile),
	       o->lying ? " --lying" : "");
	fflush(stdout);
}

static void
save(const struct options *o, uint64_t seed, const struct script *record, const struct play_report *r)
{
	struct err err = ERR_INIT;
	char path[256], comment[400];

	if (o->dump == NULL && (o->keep == NULL || r->ok))
		return;
	if (o->keep != NULL)
		(void)mkdir(o->keep, 0777); /* where that fails, saving says why */
	snprintf(path, sizeof(path), "%s/%s-%llu.sim", o->keep != NULL ? o->keep : "", profile_called(o->profile), (unsigned long long)seed);
	snprintf(comment, sizeof(comment), "%s, seed %llu%s%s: %s", profile_called(o->profile), (unsigned long long)seed, r->ok ? "" : ": ",
	         r->finding.invariant, r->ok ? "passed" : r->finding.text);
	if (script_save(record, o->dump != NULL ? o->dump : path, comment, &err) != ERR_OK)
		printf("  %s\n", err.text);
	else if (!r->ok)
		printf("  build/sim --script %s\n", o->dump != NULL ? o->dump : path);
}

static bool
run_seed(const struct options *o, uint64_t seed, struct play_report *r)
{
	struct script record = { .events = NULL };
	const struct play_options play_options = { .seed = seed, .profile = o->profile, .show = o->trace, .lying = o->lying, .record = &record };
	struct play_report again;

	play(&play_options, r);
	if (r->ok && o->twice) {
		struct play_options second = play_options;

		second.record = NULL;
		play(&second, &again);
		if (again.hash != r->hash) {
			r->ok = false;
			snprintf(r->finding.invariant, sizeof(r->finding.invariant), "I14");
			snprintf(r->finding.text, sizeof(r->finding.text), "the second run differs: trace %016llx",
			         (unsigned long long)again.hash);
		}
	}
	if (!r->ok)
		print_failure(o, seed, r);
	save(o, seed, &record, r);
	script_free(&record);
	return r->ok;
}

static void
add(struct play_report *sum, const struct play_report *r)
{
	sum->saved += r->saved;
	sum->crashes += r->crashes;
	sum->disk_faults += r->disk_faults;
	sum->cuts += r->cuts;
	sum->exchanges += r->exchanges;
	sum->in_step += r->in_step;
	sum->bundles += r->bundles;
	sum->damaged_bundles += r->damaged_bundles;
	sum->replays += r->replays;
	sum->reopened += r->reopened;
	sum->scanned_bytes += r->scanned_bytes;
	sum->hub_crashes += r->hub_crashes;
	sum->hub_starts += r->hub_starts;
}

static void
print_marks(void)
{
	size_t reached = 0;

	for (enum mark m = 0; m < MARK_COUNT; m++) {
		printf("%8llu  %s\n", (unsigned long long)mark_count(m), mark_text(m));
		reached += mark_count(m) > 0;
	}
	printf("%zu of %d marks reached\n", reached, MARK_COUNT);
}

/* ---- scripts ---- */

struct candidate { const struct options *o; char invariant[8]; };

static bool
fails_alike(void *ctx, const struct script *script)
{
	const struct candidate *c = ctx;
	const struct play_options play_options = { .script = script, .lying = c->o->lying };
	struct play_report r;

	play(&play_options, &r);
	return strcmp(r.finding.invariant, c->invariant) == 0;
}

static int
run_script(const struct options *o)
{
	const char *path = o->script != NULL ? o->script : o->shrink;
	struct script script = { .events = NULL };
	const struct play_options play_options = { .script = &script, .show = o->trace, .lying = o->lying };
	struct candidate c = { .o = o };
	struct shrink s = { .fails = fails_alike, .ctx = &c, .tries_max = o->tries > 0 ? (size_t)o->tries : 3000 };
	struct play_report r = { .ok = true };
	struct err err = ERR_INIT;
	enum err_code rc = script_load(&script, path, &err);
	size_t before = script_acts(&script);

	if (rc == ERR_OK) {
		play(&play_options, &r);
		printf("%s: %s%s%s\n", path, r.ok ? "passed" : r.finding.invariant, r.ok ? "" : ": ", r.finding.text);
		printf("  %zu events, step %llu, %.3f s, trace %016llx\n", before, (unsigned long long)r.steps, (double)r.now_ns / 1e9, (unsigned long long)r.hash);
	}
	if (rc == ERR_OK && o->shrink != NULL && !r.ok) {
		memcpy(c.invariant, r.finding.invariant, sizeof(c.invariant));
		shrink(&s, &script);
		play(&play_options, &r);
		rc = script_save(&script, path, r.finding.text, &err);
		printf("%zu events left of %zu after %zu tries: %s: %s\n", script_acts(&script), before, s.tries, r.finding.invariant, r.finding.text);
	}
	script_free(&script);
	if (rc != ERR_OK)
		fprintf(stderr, "sim: %s\n", err.text);
	return rc != ERR_OK ? 2 : r.ok ? 0 : 3;
}

/* One line of what was done: key=value, apart by spaces. */
static bool
write_ledger(const struct options *o, const struct play_report *sum, uint64_t passed, uint64_t failed, time_t begun)
{
	FILE *f = fopen(o->ledger, "a");
	time_t now = time(NULL);
	struct tm day;
	bool bad;

	if (f == NULL)
		return false;
	(void)gmtime_r(&now, &day);
	fprintf(f, "kind=sim date=%04d-%02d-%02d commit=%s profile=%s from=%llu to=%llu passed=%llu failed=%llu seconds=%lld saved=%llu scanned-mb=%llu", day.tm_year + 1900,
	        day.tm_mon + 1, day.tm_mday, o->commit != NULL ? o->commit : "-", profile_called(o->profile), (unsigned long long)o->from,
	        (unsigned long long)(o->from + passed + failed - 1), (unsigned long long)passed, (unsigned long long)failed, (long long)(now - begun),
	        (unsigned long long)sum->saved, (unsigned long long)(sum->scanned_bytes >> 20));
	for (enum fault_kind k = 0; k < STRUCK_COUNT; k++)
		if (struck_count(k) > 0)
			fprintf(f, " fault.%s=%llu", struck_word(k), (unsigned long long)struck_count(k));
	for (enum mark m = 0; m < MARK_COUNT; m++)
		if (mark_count(m) > 0)
			fprintf(f, " mark.%s=%llu", mark_word(m), (unsigned long long)mark_count(m));
	fprintf(f, "\n");
	bad = ferror(f) != 0;
	return fclose(f) == 0 && !bad;
}

int
main(int argc, char **argv)
{
	struct options o = { .from = 0 };
	struct play_report sum = { .ok = true }, r;
	uint64_t passed = 0, failed = 0, traces = 0;
	time_t begun = time(NULL);

	if (!parse(&o, argc, argv))
		return usage();
	if (o.names != 0) {
		for (size_t i = 0; i < (o.names == 'p' ? (size_t)PROFILE_COUNT : (size_t)MARK_COUNT); i++)
			printf("%s\n", o.names == 'p' ? profile_called((enum swarm_profile)i) : mark_word((enum mark)i));
		return 0;
	}
	if (o.script != NULL || o.shrink != NULL)
		return run_script(&o);
	for (uint64_t seed = o.from; seed <= o.to && (failed == 0 || !o.until_found) && (o.seconds == 0 || time(NULL) - begun < (time_t)o.seconds); seed++) {
		bool ok = run_seed(&o, seed, &r);

		passed += ok;
		traces = siphash(traces, seed, &r.hash, sizeof(r.hash));
		failed += !ok;
		if (!ok)
			r.saved = 0; /* the account is of what was found again */
		add(&sum, &r);
		if (o.from == o.to && ok)
			printf("seed %llu: %llu steps, %.3f s, trace %016llx\n", (unsigned long long)seed, (unsigned long long)r.steps,
			       (double)r.now_ns / 1e9, (unsigned long long)r.hash);
	}
	printf("%llu writes saved, %llu crashes, %llu disk faults, %llu cuts, %llu exchanges (%llu in step), "
	       "%llu bundles (%llu damaged), %llu replays, %llu openings, %llu MB looked through\n",
	       (unsigned long long)sum.saved, (unsigned long long)sum.crashes, (unsigned long long)sum.disk_faults,
	       (unsigned long long)sum.cuts, (unsigned long long)sum.exchanges, (unsigned long long)sum.in_step,
	       (unsigned long long)sum.bundles, (unsigned long long)sum.damaged_bundles, (unsigned long long)sum.replays,
	       (unsigned long long)sum.reopened, (unsigned long long)(sum.scanned_bytes >> 20));
	printf("%llu starts of a hub, %llu after its power went\n", (unsigned long long)sum.hub_starts, (unsigned long long)sum.hub_crashes);
	if (o.marks)
		print_marks();
	printf("all traces: %016llx\n", (unsigned long long)traces);
	if (o.ledger != NULL && !write_ledger(&o, &sum, passed, failed, begun)) {
		fprintf(stderr, "sim: %s cannot be written\n", o.ledger);
		return 2;
	}
	printf("%llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)failed);
	return failed == 0 ? 0 : 3;
}
