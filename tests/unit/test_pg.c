/*
 * What is PostgreSQL's alone: several who write, a server that goes and comes
 * back, and a connection cut anywhere. That it keeps what any store must keep
 * is claimed in test_store.c, over both.
 */
#define _GNU_SOURCE
#include "pg_site.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum { TRIES = 600, PAUSE_US = 50000, SOURCE_NOTES = 200, CUTS = 48 };

/* ---- helpers ---- */

static void
assert_same(struct replica *a, struct replica *b)
{
	uint8_t x[32], y[32];

	replica_frontier(a, NULL, NULL, x);
	replica_frontier(b, NULL, NULL, y);
	assert_memory_equal(x, y, 32);
	assert_int_equal(replica_entry_count(a), replica_entry_count(b));
}

static void
count_finding(void *ctx, const char *text)
{
	(void)text;
	++*(size_t *)ctx;
}

static void
assert_verifies(struct replica *r)
{
	size_t findings = 0;

	SITE_OK(replica_verify(r, count_finding, &findings, NULL, err));
	assert_int_equal(findings, 0);
}

/* Tends until the store is there, or until it is not. */
static void
tend_until(struct replica *r, bool away)
{
	for (int i = 0; i < TRIES && replica_away(r) != away; i++) {
		(void)replica_tend(r);
		usleep(PAUSE_US);
	}
	assert_int_equal(replica_away(r), away);
}

static void
tend_until_same(struct replica *r, struct replica *as)
{
	for (int i = 0; i < TRIES && replica_entry_count(r) != replica_entry_count(as); i++) {
		(void)replica_tend(r);
		usleep(PAUSE_US);
	}
	assert_same(r, as);
}

static void
note(struct site *w, struct replica *r, size_t who)
{
	site_note(w, r, who, &w->team, 300);
	SITE_OK(replica_commit(r, err));
}

/* ---- several who write ---- */

static void
what_one_has_stored_the_other_hears_of(void **state)
{
	struct replica *a, *b;
	struct site w;

	(void)state;
	site_start(&w);
	a = site_replica(&w, "a");
	b = site_open(&w, "a"); /* before there is anything but the organisation's name */
	site_found(&w, a);
	tend_until_same(b, a);
	assert_int_equal(org_device_count(replica_org(b)), SITE_DEVICES);
	for (int i = 0; i < 20; i++) {
		note(&w, i % 2 ? a : b, i % 2 ? ADVISER : SECOND);
		tend_until_same(i % 2 ? b : a, i % 2 ? a : b);
	}
	assert_verifies(a);
	assert_verifies(b);
	replica_close(b);
	b = site_open(&w, "a");
	assert_same(a, b);
	replica_close(a);
	replica_close(b);
	site_end(&w);
}

static void
whoever_writes_knows_first_what_others_wrote(void **state)
{
	struct ingest_counts counts = { 0 };
	struct replica *a, *b, *from;
	struct buf run = BUF_INIT;
	struct site w;
	size_t log;

	(void)state;
	site_start(&w);
	a = site_replica(&w, "a");
	site_found(&w, a);
	b = site_open(&w, "a");
	from = site_replica(&w, "from");
	site_copy(&w, a, from);
	for (int i = 0; i < 10; i++)
		note(&w, from, ADVISER);
	log = site_log_of(&w, from, &w.device[ADVISER], &w.team);
	site_run(from, log, 0, &run);
	/* No word is waited for: the same run to both, and both write to one log in turn. */
	SITE_OK(site_ingest(a, buf_bytes(&run), &counts, err));
	SITE_OK(replica_commit(a, err));
	assert_int_equal(counts.stored, 11);
	SITE_OK(site_ingest(b, buf_bytes(&run), &counts, err));
	SITE_OK(replica_commit(b, err));
	assert_int_equal(counts.known, 11);
	assert_int_equal(counts.stored, 11);
	for (int i = 0; i < 10; i++) {
		note(&w, a, SECOND);
		note(&w, b, SECOND); /* the very same log: no fork comes of it */
	}
	tend_until_same(a, b);
	assert_int_equal(replica_log_at(a, site_log_of(&w, a, &w.device[SECOND], &w.team))->len, 21);
	assert_verifies(b);
	buf_free(&run);
	replica_close(a);
	replica_close(b);
	replica_close(from);
	site_end(&w);
}

static void
a_fork_that_one_finds_is_the_others_too(void **state)
{
	struct ingest_counts counts = { 0 };
	struct replica *a, *b, *twin;
	struct buf run = BUF_INIT;
	struct site w;

	(void)state;
	site_start(&w);
	a = site_replica(&w, "a");
	site_found(&w, a);
	b = site_open(&w, "a");
	twin = site_replica(&w, "twin");
	site_copy(&w, a, twin);
	for (int i = 0; i < 3; i++)
		note(&w, a, ADVISER);
	site_note(&w, twin, ADVISER, &w.team, 200);
	SITE_OK(replica_commit(twin, err));
	tend_until_same(b, a);
	site_run(twin, site_log_of(&w, twin, &w.device[ADVISER], &w.team), 0, &run);
	SITE_OK(site_ingest(a, buf_bytes(&run), &counts, err));
	assert_int_equal(counts.forks, 1);
	SITE_OK(replica_commit(a, err));
	tend_until_same(b, a);
	assert_int_equal(replica_log_count(a), replica_log_count(b));
	note(&w, b, SECOND);
	tend_until_same(a, b);
	assert_verifies(b);
	buf_free(&run);
	replica_close(a);
	replica_close(b);
	replica_close(twin);
	site_end(&w);
}

static void
what_the_last_one_leaves_is_gone(void **state)
{
	struct author one = { { 1 } }, two = { { 2 } };
	struct replica *a, *b;
	struct site w;
	bool emptied;

	(void)state;
	site_start(&w);
	a = site_replica(&w, "a");
	site_found(&w, a);
	b = site_open(&w, "a");
	replica_set_self(a, &one);
	replica_set_self(b, &two);
	SITE_OK(replica_meta_put(a, "store.tokens.theirs", BYTES_STR("x"), err)); /* as a hub that serves has one */
	SITE_OK(replica_commit(a, err));
	SITE_OK(replica_leave(a, &emptied, err));
	assert_false(emptied);
	replica_close(a);
	SITE_OK(replica_meta_put(b, "store.tokens.theirs", BYTES_NONE, err));
	SITE_OK(replica_commit(b, err));
	SITE_OK(replica_leave(b, &emptied, err));
	assert_true(emptied);
	replica_close(b);
	b = site_open(&w, "a");
	assert_int_equal(replica_entry_count(b), 0);
	assert_int_equal(replica_log_count(b), 0);
	replica_close(b);
	site_end(&w);
}

/* ---- a server that goes and comes back ---- */

static void
a_server_that_dies_loses_nothing_that_was_committed(void **state)
{
	struct err err = ERR_INIT;
	struct replica *r;
	uint8_t before[32], after[32];
	struct site w;

	(void)state;
	site_start(&w);
	r = site_replica(&w, "a");
	site_found(&w, r);
	note(&w, r, ADVISER);
	replica_frontier(r, NULL, NULL, before);
	site_note(&w, r, ADVISER, &w.team, 300); /* under way when it dies */
	assert_int_equal(pg_cluster("kill"), 0);
	assert_int_equal(replica_commit(r, &err), ERR_IO);
	assert_true(replica_away(r));
	for (int i = 0; i < 3; i++) { /* and nothing says that it was saved, however often one asks */
		assert_int_equal(replica_commit(r, &err), ERR_IO);
		assert_int_equal(replica_meta_put(r, "x", BYTES_STR("y"), &err), ERR_IO);
	}
	assert_int_equal(pg_cluster("start"), 0);
	tend_until(r, false);
	replica_frontier(r, NULL, NULL, after);
	assert_memory_equal(before, after, 32);
	note(&w, r, ADVISER);
	assert_verifies(r);
	replica_close(r);
	site_end(&w);
}

static void
a_server_that_stops_and_starts_is_found_again(void **state)
{
	struct err err = ERR_INIT;
	struct replica *r;
	struct site w;

	(void)state;
	site_start(&w);
	r = site_replica(&w, "a");
	site_found(&w, r);
	assert_int_equal(pg_cluster("stop"), 0);
	tend_until(r, true);
	assert_int_equal(replica_meta_put(r, "x", BYTES_STR("y"), &err), ERR_IO);
	assert_int_equal(pg_cluster("start"), 0);
	tend_until(r, false);
	note(&w, r, ADVISER);
	assert_verifies(r);
	replica_close(r);
	site_end(&w);
}

static void
a_server_that_hangs_is_given_up_and_taken_up_again(void **state)
{
	struct err err = ERR_INIT;
	struct replica *r;
	struct site w;

	(void)state;
	site_start(&w);
	r = site_replica(&w, "a");
	site_found(&w, r);
	site_note(&w, r, ADVISER, &w.team, 300);
	assert_int_equal(pg_cluster("freeze"), 0);
	assert_int_equal(replica_commit(r, &err), ERR_IO);
	assert_true(replica_away(r));
	for (int i = 0; i < 20; i++)
		(void)replica_tend(r); /* its socket still takes connections, and nobody waits for an answer on one */
	assert_true(replica_away(r));
	assert_int_equal(pg_cluster("thaw"), 0);
	tend_until(r, false);
	note(&w, r, ADVISER);
	assert_verifies(r);
	replica_close(r);
	site_end(&w);
}

/* ---- a connection cut anywhere ---- */

/* Passes on what comes, and ends without a word after so many bytes of both ways together. 0: counts them, and says how many by its pipe. */
struct cutter { pid_t pid; char dir[64]; int counted; };

static int
unix_socket(const char *dir, bool listens)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%.80s/.s.PGSQL.5432", dir);
	if (listens && (bind(s, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(s, 4) != 0))
		return -1;
	if (!listens && connect(s, (struct sockaddr *)&at, sizeof(at)) != 0)
		return -1;
	return s;
}

static bool
pass(int from, int to, uint64_t *left, uint64_t *sum)
{
	char bytes[16384];
	ssize_t n = read(from, bytes, *left < sizeof(bytes) ? (size_t)*left : sizeof(bytes)), at = 0;

	while (at < n) {
		ssize_t took = write(to, bytes + at, (size_t)(n - at));

		if (took <= 0)
			return false;
		at += took;
	}
	*left -= n > 0 ? (uint64_t)n : 0;
	*sum += n > 0 ? (uint64_t)n : 0;
	return n > 0 && *left > 0;
}

static void
cut_after(const struct cutter *c, int door, uint64_t left)
{
	int in = accept(door, NULL, NULL), out = unix_socket(pg_dir, false);
	struct pollfd both[2] = { { .fd = in, .events = POLLIN }, { .fd = out, .events = POLLIN } };
	uint64_t sum = 0;
	bool on = true;

	while (on && poll(both, 2, -1) > 0)
		for (int i = 0; i < 2 && on; i++)
			if (both[i].revents != 0)
				on = pass(both[i].fd, both[1 - i].fd, &left, &sum);
	if (write(c->counted, &sum, sizeof(sum)) != sizeof(sum))
		_exit(1);
	_exit(0);
}

static void
start_cutter(struct cutter *c, uint64_t bytes, int *counts)
{
	int ends[2], door;

	snprintf(c->dir, sizeof(c->dir), "/tmp/faltbok-cut-XXXXXX");
	assert_non_null(mkdtemp(c->dir));
	door = unix_socket(c->dir, true);
	assert_true(door >= 0);
	assert_int_equal(pipe(ends), 0);
	c->counted = ends[1];
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0)
		cut_after(c, door, bytes);
	close(door);
	close(ends[1]);
	*counts = ends[0];
}

static uint64_t
end_cutter(struct cutter *c, int counts)
{
	uint64_t sum = 0;

	if (read(counts, &sum, sizeof(sum)) != sizeof(sum))
		sum = 0;
	close(counts);
	waitpid(c->pid, NULL, 0);
	nftw(c->dir, site_unlink, 4, FTW_DEPTH | FTW_PHYS);
	return sum;
}

/* One replica's entries into another through the cutter, a commit for each run. Returns how many entries were said to be saved. */
static uint64_t
fill_through(struct site *w, const char *name, struct replica *from, uint64_t cut, uint64_t *passed)
{
	struct db_engine *engine = NULL;
	struct replica *r = NULL;
	uint64_t saved = 0;
	char url[200];
	struct cutter c;
	int counts;

	start_cutter(&c, cut, &counts);
	snprintf(url, sizeof(url), "postgresql://faltbok@/faltbok?host=%s&sslmode=disable", c.dir);
	SITE_OK(pg_engine_new(&engine, url, err));
	if (replica_open_in(&r, w->env, engine, site_schema(w, name), site_home(w, name), true, NULL) == ERR_OK) {
		bool on = replica_set_org(r, &w->org, &w->root.sign_pk, NULL) == ERR_OK && replica_commit(r, NULL) == ERR_OK;

		for (int round = 0; round < 4 && on; round++) {
			for (size_t i = 0; i < replica_log_count(from) && on; i++) {
				uint64_t next = 0, at = 0;

				while (on && at < replica_log_at(from, i)->len) {
					struct ingest_counts n = { 0 };
					struct buf run = BUF_INIT;

					SITE_OK(replica_read_run(from, i, at, UINT64_MAX, false, 8192, &run, &next, err));
					(void)!site_ingest(r, buf_bytes(&run), &n, NULL);
					on = replica_commit(r, NULL) == ERR_OK;
					saved = on ? replica_entry_count(r) : saved;
					at = next;
					buf_free(&run);
				}
			}
		}
	}
	replica_close(r);
	pg_engine_free(engine);
	*passed = end_cutter(&c, counts);
	return saved;
}

static void
nothing_that_was_saved_is_lost_wherever_the_connection_is_cut(void **state)
{
	uint64_t all = 0, passed, whole;
	struct replica *from, *r;
	char name[16];
	struct site w;

	(void)state;
	site_start(&w);
	site_engine = NULL;
	from = site_replica(&w, "from");
	site_found(&w, from);
	for (int i = 0; i < SOURCE_NOTES; i++)
		site_note(&w, from, i % 3 ? ADVISER : SECOND, &w.team, 700);
	SITE_OK(replica_commit(from, err));
	site_engine = pg_engine;
	whole = fill_through(&w, "all", from, UINT64_MAX, &all);
	assert_int_equal(whole, replica_entry_count(from));
	assert_true(all > 100000); /* the connection was the cutter's indeed */
	for (uint64_t i = 1; i <= CUTS; i++) {
		uint64_t saved;

		snprintf(name, sizeof(name), "cut%u", (unsigned)i);
		saved = fill_through(&w, name, from, all * i / (CUTS + 1), &passed);
		assert_true(passed <= all * i / (CUTS + 1));
		r = site_open(&w, name);
		assert_true(replica_entry_count(r) >= saved);
		assert_verifies(r);
		SITE_OK(replica_set_org(r, &w.org, &w.root.sign_pk, err));
		site_copy(&w, from, r); /* and it goes on from there */
		assert_same(r, from);
		replica_close(r);
	}
	replica_close(from);
	site_end(&w);
}

/* ---- addresses ---- */

static void
an_address_with_a_password_is_refused(void **state)
{
	static const char *const wrong[] = {
		"postgresql://faltbok:hemligt@db/faltbok", "postgresql://db/faltbok?password=hemligt", "postgres://a:b@/c", "mysql://db/x",
		"host=db dbname=faltbok", "postgresql://db/x?nonsense=1", "postgresql://[/", "",
	};
	struct db_engine *e;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct err err = ERR_INIT;

		CHECK_CASE(wrong[i], pg_engine_new(&e, wrong[i], &err), ERR_USAGE);
		CHECK_TRUE(wrong[i], strstr(err.text, "hemligt") == NULL && e == NULL);
	}
	SITE_OK(pg_engine_new(&e, "postgresql://faltbok@db.example/faltbok?sslmode=verify-full", err));
	pg_engine_free(e);
}

static void
a_server_that_may_forget_is_not_trusted(void **state)
{
	struct err err = ERR_INIT;
	struct replica *r = NULL;
	struct site w;

	(void)state;
	site_start(&w);
	setenv("PG_OPTIONS", "-c fsync=off", 1);
	assert_int_equal(pg_cluster("stop") | pg_cluster("start"), 0);
	assert_int_equal(replica_open_in(&r, w.env, pg_engine, site_schema(&w, "a"), site_home(&w, "a"), true, &err), ERR_REFUSED);
	assert_non_null(strstr(err.text, "fsync"));
	setenv("PG_OPTIONS", "-c synchronous_commit=off", 1);
	assert_int_equal(pg_cluster("stop") | pg_cluster("start"), 0);
	r = site_replica(&w, "a"); /* that much is ours to set right */
	replica_close(r);
	unsetenv("PG_OPTIONS");
	assert_int_equal(pg_cluster("stop") | pg_cluster("start"), 0);
	site_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_with_a_password_is_refused),
		cmocka_unit_test(what_one_has_stored_the_other_hears_of),
		cmocka_unit_test(whoever_writes_knows_first_what_others_wrote),
		cmocka_unit_test(a_fork_that_one_finds_is_the_others_too),
		cmocka_unit_test(what_the_last_one_leaves_is_gone),
		cmocka_unit_test(a_server_that_dies_loses_nothing_that_was_committed),
		cmocka_unit_test(a_server_that_stops_and_starts_is_found_again),
		cmocka_unit_test(a_server_that_hangs_is_given_up_and_taken_up_again),
		cmocka_unit_test(nothing_that_was_saved_is_lost_wherever_the_connection_is_cut),
		cmocka_unit_test(a_server_that_may_forget_is_not_trusted),
	};

	return cmocka_run_group_tests(tests, pg_start, pg_end);
}
