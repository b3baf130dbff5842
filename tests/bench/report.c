/*
 * The report over ten years in eleven municipalities: 100,000 visits, and the
 * cases, referrals and hours that go with them. The floor is reading the same
 * records from the view and counting nothing.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "bench.h"
#include "casework/report.h"
#include "store/home.h"

enum { VISITS = 100000, CHUNK = 5000 };

struct each { report_record_cb cb; void *ctx; };

static bool
pass_on(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct each *e = ctx;

	(void)team;
	return e->cb(e->ctx, r);
}

static enum err_code
each_record(void *ctx, uint32_t type, report_record_cb cb, void *cb_ctx, struct err *err)
{
	struct each e = { cb, cb_ctx };

	return view_each(node_view(ctx), type, pass_on, &e, err);
}

static enum err_code
all_records(void *ctx, report_record_cb cb, void *cb_ctx, struct err *err)
{
	struct each e = { cb, cb_ctx };

	return view_scan(node_view(ctx), pass_on, &e, err);
}

static bool
count_record(void *ctx, const struct record *r)
{
	*(uint64_t *)ctx += record_field_count(r);
	return true;
}

static void
fill(struct bench *b, struct bytes trace)
{
	struct err err = ERR_INIT;
	struct buf profile = BUF_INIT;
	struct stream_id team;
	struct home home;
	struct node *n;
	struct node_seeds seeds;
	char path[600], code[27];

	snprintf(path, sizeof(path), "%s/office", b->dir);
	must(home_create(&home, b->env, path, "office", "office", bench_secret.secret, KDF_INTERACTIVE, code, &err), &err, "office");
	home_close(&home);
	n = open_home(b, "office");
	must(b->env->files->read(b->env, "packaging/profiles/radrum.json", 1 << 20, &profile, &err), &err, "profile");
	must(node_found(n, "office", "office", "office", buf_bytes(&profile), false, &seeds, &err), &err, "found");
	must(node_commit(n, &err), &err, "found");
	must(node_team_add(n, "team", false, &team, &err), &err, "team");
	must(node_grant(n, &node_self(n)->id, &team, &err), &err, "grant");
	must(node_commit(n, &err), &err, "grant");
	buf_free(&profile);
	for (size_t at = 0; at < trace.len;) {
		size_t end = at;

		for (int i = 0; i < CHUNK && end < trace.len; i++)
			end = (size_t)((const uint8_t *)memchr(trace.p + end, '\n', trace.len - end) + 1 - trace.p);
		write_lines(n, BYTES(trace.p + at, end - at), NULL, -1, SIZE_MAX);
		must(node_commit(n, &err), &err, "commit");
		at = end;
	}
	node_close(n);
}

static void
prepare_office(struct bench *b)
{
	struct err err = ERR_INIT;
	struct buf trace = BUF_INIT;
	struct stat st;
	char path[600];

	snprintf(path, sizeof(path), "%s/office-ready", b->dir);
	if (stat(path, &st) == 0)
		return;
	run_or_die("cd %s && rm -rf office", b->dir);
	run_or_die("node tests/bench/make-visits.mjs %d %s/visits.jsonl", VISITS, b->dir);
	snprintf(path, sizeof(path), "%s/visits.jsonl", b->dir);
	must(b->env->files->read(b->env, path, 1 << 30, &trace, &err), &err, path);
	fill(b, buf_bytes(&trace));
	buf_free(&trace);
	run_or_die("cd %s && rm visits.jsonl && touch office-ready", b->dir);
}

void
bench_report(struct bench *b)
{
	struct err err = ERR_INIT;
	struct report_source source = { .each = each_record, .all = all_records };
	struct report_ask ask = { .from = "2011-07-01", .to = "2021-06-30", .lang = "sv" };
	double began, took, bare;
	uint64_t fields = 0;
	struct node *n;
	json_t *report;

	prepare_office(b);
	n = open_home(b, "office");
	source.ctx = n;
	ask.profile = node_profile(n);
	ask.def = profile_report_named(ask.profile, "iop");
	began = now_s();
	must(all_records(n, count_record, &fields, &err), &err, "reading");
	bare = now_s() - began;
	began = now_s();
	must(report_run(&report, &ask, &source, &err), &err, "report");
	took = now_s() - began;
	json_decref(report);
	figure("report_iop_s", took, "s, 100,000 visits", bare, "s, reading the same records", took / bare);
	node_close(n);
}
