/*
 * What the store costs beside its floor, measured in the same run:
 *
 *   ingest   runs of 100 entries into an empty replica, commits every 500
 *            floor: the same rows by a bare prepared INSERT into the same schema
 *   read     replica_read_run over everything, in frames of 65,280 bytes
 *   append   one note and one commit; floor: one bare SQLite commit
 *
 * Usage: bench_store [entries [logs [postgresql://…]]]: the store that is filled is in that database then.
 * Nothing passes or fails on a time.
 *
 * What profiling said (two cores, 100,000 entries of 450 bytes in 10 logs):
 * 7 to 8 us per entry, 1.4 to 1.9 times the floor. By instructions, one third
 * is SQLite's insert, one quarter BLAKE2b over header and payload, and the
 * signatures were another third until the stride of extra checks was matched
 * to the frame (REPLICA_RUN_BYTES): one per frame instead of two or three.
 * The two partial indexes cost 7 % of the insert. The rest is the WAL and its
 * checkpoint, which the floor pays as well. Reading runs takes under 3 us per
 * entry, most of it hashing; a run that is known already, 1.2 us.
 */
#include "site.h"

#include "pg/pg.h"

#include <sqlite3.h>
#include <time.h>

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Runs of 100 entries, each a buf. Signing is the slow part and is not measured. */
static void
make_runs(struct site *w, struct replica *a, struct buf *runs, size_t count, size_t logs)
{
	uint8_t payload[450];

	for (size_t k = 0; k < count; k++) {
		struct inc inc = { { (uint8_t)(k % logs), 1 } };
		struct run_writer writer;

		for (size_t i = 0; i < 100; i++) {
			struct header next;
			struct entry e;

			env_random(w->env, payload, sizeof(payload));
			SITE_OK(replica_next(a, &w->device[ADVISER], &inc, &w->team, &next, err));
			if (i == 0 && next.seq == 1) { /* the run begins with the OPEN */
				struct buf keep = BUF_INIT;
				struct log_key key;
				size_t log;

				memset(&key, 0, sizeof(key));
				key.author = next.author;
				key.stream = next.stream;
				key.inc = inc;
				assert_true(replica_log_find(a, &key, &log));
				SITE_OK(replica_entry(a, log, 0, &e, &keep, err));
				run_begin(&writer, &runs[k], &e.h);
				run_add(&writer, &e);
				buf_free(&keep);
			} else if (i == 0) {
				run_begin(&writer, &runs[k], &next);
			}
			SITE_OK(replica_append(a, &w->device[ADVISER], &inc, &w->team, KIND_DATA, BYTES(payload, sizeof(payload)), &e, err));
			run_add(&writer, &e);
		}
		assert_true(run_finish(&writer) > 0);
	}
	SITE_OK(replica_commit(a, err));
}

static double
ingest(struct replica *b, const struct buf *runs, size_t count)
{
	struct ingest_counts counts = { 0 };
	double start = now_s();

	for (size_t k = 0; k < count; k++) {
		SITE_OK(site_ingest(b, buf_bytes(&runs[k]), &counts, err));
		if (k % 5 == 4)
			SITE_OK(replica_commit(b, err));
	}
	SITE_OK(replica_commit(b, err));
	return now_s() - start;
}

static double
bare_inserts(struct site *w, size_t entries)
{
	uint8_t payload[450] = { 0 }, id[32] = { 1 }, sig[64] = { 2 };
	char path[200];
	sqlite3_stmt *s;
	sqlite3 *db;
	double start;

	snprintf(path, sizeof(path), "%s/bare.db", site_home(w, "bare"));
	sqlite3_open(path, &db);
	sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=EXTRA; PRAGMA journal_mode=WAL;"
	             "CREATE TABLE entry(n INTEGER PRIMARY KEY, kind, plen, sig_ok, erased, id, phash, sig, payload)", NULL, NULL, NULL);
	sqlite3_prepare_v2(db, "INSERT INTO entry VALUES(?1, 32, 450, 0, 0, ?2, ?2, ?3, ?4)", -1, &s, NULL);
	start = now_s();
	for (size_t i = 0; i < entries; i++) {
		if (i % 500 == 0)
			sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
		sqlite3_bind_int64(s, 1, (sqlite3_int64)i);
		sqlite3_bind_blob(s, 2, id, 32, SQLITE_STATIC);
		sqlite3_bind_blob(s, 3, sig, 64, SQLITE_STATIC);
		sqlite3_bind_blob(s, 4, payload, sizeof(payload), SQLITE_STATIC);
		sqlite3_step(s);
		sqlite3_reset(s);
		if (i % 500 == 499)
			sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	}
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	start = now_s() - start;
	sqlite3_finalize(s);
	sqlite3_close(db);
	return start;
}

static double
read_all(struct replica *b)
{
	struct buf frame = BUF_INIT;
	double start = now_s();

	for (size_t i = 0; i < replica_log_count(b); i++) {
		for (uint64_t at = 0, next; at < replica_log_at(b, i)->len; at = next) {
			buf_clear(&frame);
			SITE_OK(replica_read_run(b, i, at, UINT64_MAX, false, 65280, &frame, &next, err));
			assert_true(next > at);
		}
	}
	buf_free(&frame);
	return now_s() - start;
}

static void
append_against_bare_commit(struct site *w, struct replica *a)
{
	enum { TIMES = 200 };
	double start = now_s(), own, bare;
	uint8_t value[500] = { 0 };

	for (int i = 0; i < TIMES; i++) {
		site_note(w, a, SECOND, &w->team, 450);
		SITE_OK(replica_commit(a, err));
	}
	own = now_s() - start;
	start = now_s();
	for (int i = 0; i < TIMES; i++) {
		value[0] = (uint8_t)i;
		SITE_OK(replica_meta_put(a, "bench", BYTES(value, sizeof(value)), err));
		SITE_OK(replica_commit(a, err));
	}
	bare = now_s() - start;
	printf("append   %8.1f us each   %.2f x a bare commit\n", own / TIMES * 1e6, own / bare);
}

int
main(int argc, char **argv)
{
	size_t entries = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000, logs = argc > 2 ? strtoul(argv[2], NULL, 10) : 10;
	size_t count = entries / 100;
	struct buf *runs = calloc(count, sizeof(*runs));
	double took, floor, reopened;
	struct db_engine *engine = NULL;
	struct replica *a, *b;
	struct site w;

	site_start(&w);
	a = site_replica(&w, "a");
	site_found(&w, a);
	make_runs(&w, a, runs, count, logs);
	if (argc > 3)
		SITE_OK(pg_engine_new(&engine, argv[3], err));
	site_engine = engine;
	b = site_replica(&w, "b");
	for (int round = 0; round < 3; round++)
		site_copy_logs(&w, a, b, true);
	SITE_OK(replica_commit(b, err));

	took = ingest(b, runs, count);
	floor = bare_inserts(&w, entries);
	printf("ingest   %8.2f us each   %.2f x bare inserts (%.2f us)\n", took / (double)entries * 1e6, took / floor, floor / (double)entries * 1e6);
	took = ingest(b, runs, count);
	printf("known    %8.2f us each\n", took / (double)entries * 1e6);
	took = read_all(b);
	printf("read     %8.2f us each   %.0f entries/s\n", took / (double)entries * 1e6, (double)entries / took);
	replica_close(b);
	reopened = now_s();
	b = site_open(&w, "b");
	printf("open     %8.1f ms\n", (now_s() - reopened) * 1e3);
	printf("file     %8.1f bytes per entry of 450\n", (double)replica_file_bytes(b) / (double)entries);
	append_against_bare_commit(&w, engine != NULL ? b : a);
	for (size_t k = 0; k < count; k++)
		buf_free(&runs[k]);
	free(runs);
	replica_close(a);
	replica_close(b);
	pg_engine_free(engine);
	site_end(&w);
	return 0;
}
