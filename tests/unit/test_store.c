/*
 * log.db and what a replica promises about it: what was committed is there,
 * what is not true is not stored, and what has rotted is named.
 */
#include "site.h"
#include "fault_vfs.h"
#include "pg_site.h"

#include "base/mem.h"
#include "org/ack.h"
#include "org/attest.h"
#include "store/place.h"

/* --- helpers --- */

/* A founded replica with `notes` entries of the adviser in the team; its log's index in *log. */
static struct replica *
founded(struct site *w, const char *name, size_t notes, size_t *log)
{
	struct replica *r = site_replica(w, name);

	site_found(w, r);
	for (size_t i = 0; i < notes; i++)
		site_note(w, r, ADVISER, &w->team, 300);
	SITE_OK(replica_commit(r, err));
	*log = site_log_of(w, r, &w->device[ADVISER], &w->team);
	return r;
}

/* Another replica, which knows the organisation's control entries and nothing else. */
static struct replica *
newcomer(struct site *w, struct replica *from, const char *name)
{
	struct replica *r = site_replica(w, name);

	for (int round = 0; round < 3; round++)
		site_copy_logs(w, from, r, true);
	SITE_OK(replica_commit(r, err));
	return r;
}

static void
sql(struct site *w, const char *name, const char *text)
{
	char path[200];
	sqlite3 *db;

	if (site_engine != NULL) {
		pg_sql(site_schema(w, name), text);
		return;
	}
	snprintf(path, sizeof(path), "%s/log.db", site_home(w, name));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

struct findings { size_t count; char first[256]; };

static void
collect(void *ctx, const char *text)
{
	struct findings *f = ctx;

	if (f->count++ == 0)
		snprintf(f->first, sizeof(f->first), "%s", text);
}

static struct findings
verify(struct replica *r)
{
	struct findings f = { 0, "" };

	SITE_OK(replica_verify(r, collect, &f, NULL, err));
	return f;
}

static void
same_frontier(struct replica *a, struct replica *b)
{
	uint8_t x[32], y[32];

	replica_frontier(a, NULL, NULL, x);
	replica_frontier(b, NULL, NULL, y);
	assert_memory_equal(x, y, 32);
}

/* Signs an entry as the adviser outside any replica, as a resumed snapshot would. */
static void
add_signed(struct site *w, struct run_writer *run, struct header *h, const char *text)
{
	struct entry e;

	h->kind = KIND_DATA;
	entry_make(&e, h, BYTES_STR(text), w->device[ADVISER].sign_sk);
	run_add(run, &e);
	h->seq++;
	h->prev = e.id;
}

/* A run of `count` entries that follows entry seq-1 of `log` in r. */
static void
other_history(struct site *w, struct replica *r, size_t log, uint64_t seq, size_t count, const char *text, struct buf *out)
{
	struct buf keep = BUF_INIT;
	struct run_writer run;
	struct entry before;
	struct header h;

	SITE_OK(replica_entry(r, log, seq - 1, &before, &keep, err));
	h = before.h;
	h.seq = seq;
	h.prev = before.id;
	buf_free(&keep);
	run_begin(&run, out, &h);
	for (size_t i = 0; i < count; i++)
		add_signed(w, &run, &h, text);
	assert_true(run_finish(&run) > 0);
}

/* --- what is saved stays --- */

static void
what_was_committed_is_there_after_reopening(void **state)
{
	struct site w;
	size_t log;
	uint8_t before[32], after[32];
	struct replica *r;

	(void)state;
	site_start(&w);
	r = founded(&w, "a", 5, &log);
	replica_frontier(r, NULL, NULL, before);
	assert_int_equal(replica_log_at(r, log)->len, 6); /* OPEN and five notes */
	replica_close(r);
	r = site_open(&w, "a");
	replica_frontier(r, NULL, NULL, after);
	assert_memory_equal(before, after, 32);
	assert_int_equal(org_device_count(replica_org(r)), SITE_DEVICES);
	assert_int_equal(replica_entry_count(r), 6 + 1 + 4 + 1 + 4 + 1);
	assert_int_equal(verify(r).count, 0);
	replica_close(r);
	site_end(&w);
}

static size_t dropped_calls;

static void
count_dropped(void *ctx)
{
	(void)ctx;
	dropped_calls++;
}

static void
what_was_dropped_is_forgotten(void **state)
{
	struct replica_hook hook = { .dropped = count_dropped };
	struct site w;
	size_t log;
	struct replica *r;
	uint64_t entries;

	(void)state;
	site_start(&w);
	r = founded(&w, "a", 2, &log);
	replica_set_hook(r, &hook);
	dropped_calls = 0;
	entries = replica_entry_count(r);
	site_note(&w, r, ADVISER, &w.team, 100);
	site_note(&w, r, SECOND, &w.team, 100); /* a log of its own, with its OPEN */
	assert_true(replica_pending(r) > 200);
	replica_drop(r);
	assert_int_equal(dropped_calls, 1);
	assert_int_equal(replica_pending(r), 0);
	assert_int_equal(replica_entry_count(r), entries);
	assert_int_equal(replica_log_at(r, log)->len, 3);
	assert_int_equal(org_device_count(replica_org(r)), SITE_DEVICES);
	site_note(&w, r, ADVISER, &w.team, 100);
	SITE_OK(replica_commit(r, err));
	assert_int_equal(verify(r).count, 0);
	replica_close(r);
	site_end(&w);
}

static void
small_values_share_the_transaction(void **state)
{
	struct buf got = BUF_INIT;
	struct site w;
	struct replica *r;

	(void)state;
	site_start(&w);
	r = site_open(&w, "a");
	assert_int_equal(replica_meta_get(r, "profile", &got, NULL), ERR_UNKNOWN);
	SITE_OK(replica_meta_put(r, "profile", BYTES_STR("one"), err));
	SITE_OK(replica_commit(r, err));
	SITE_OK(replica_meta_put(r, "profile", BYTES_STR("two"), err));
	SITE_OK(replica_meta_get(r, "profile", &got, err));
	assert_true(bytes_equal(buf_bytes(&got), BYTES_STR("two")));
	replica_drop(r);
	SITE_OK(replica_meta_get(r, "profile", &got, err));
	assert_true(bytes_equal(buf_bytes(&got), BYTES_STR("one")));
	buf_free(&got);
	replica_close(r);
	site_end(&w);
}

/* --- opening --- */

static void
a_home_that_is_open_cannot_be_opened_again(void **state)
{
	struct replica *again = NULL;
	struct site w;
	struct replica *r;

	(void)state;
	site_start(&w);
	r = site_open(&w, "a");
	assert_int_equal(replica_open(&again, w.env, site_home(&w, "a"), false, NULL), ERR_LOCKED);
	assert_null(again);
	replica_close(r);
	SITE_OK(replica_open(&r, w.env, site_home(&w, "a"), false, err));
	replica_close(r);
	site_end(&w);
}

static void
files_that_are_not_ours_are_refused_with_a_reason(void **state)
{
	static const struct { const char *name, *sql; enum err_code want; } cases[] = {
		{ "newer schema", "PRAGMA user_version = 99", ERR_NEWER },
		{ "another program's", "PRAGMA application_id = 7", ERR_DAMAGED },
		{ "lists a log that is none", "INSERT INTO log(no, author, stream, inc, own) VALUES(9, x'00', x'00', x'00', 0)", ERR_DAMAGED },
	};
	struct replica *r = NULL;
	struct err why = ERR_INIT;
	struct site w;

	(void)state;
	site_start(&w);
	assert_int_equal(replica_open(&r, w.env, site_home(&w, "none"), false, NULL), ERR_NOT_FOUND);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		replica_close(site_open(&w, cases[i].name));
		sql(&w, cases[i].name, cases[i].sql);
		CHECK_CASE(cases[i].name, replica_open(&r, w.env, site_home(&w, cases[i].name), false, &why), cases[i].want);
	}
	{
		char path[200];

		snprintf(path, sizeof(path), "%s/log.db", site_home(&w, "junk"));
		SITE_OK(posix_files.create(w.env, path, BYTES_STR("these are not the pages of a database, however long one reads on in them. "
		         "these are not the pages of a database, however long one reads on in them."), err));
		assert_int_equal(replica_open(&r, w.env, site_home(&w, "junk"), true, &why), ERR_DAMAGED);
		assert_non_null(strstr(why.text, "log.db"));
	}
	site_end(&w);
}

/* --- runs --- */

static void
a_run_is_stored_once_and_known_after_that(void **state)
{
	struct ingest_counts counts = { 0 };
	struct buf run = BUF_INIT;
	struct replica *a, *b;
	struct site w;
	size_t log;

	(void)state;
	site_start(&w);
	a = founded(&w, "a", 20, &log);
	b = newcomer(&w, a, "b");
	site_run(a, log, 0, &run);
	SITE_OK(site_ingest(b, buf_bytes(&run), &counts, err));
	assert_int_equal(counts.stored, 21);
	SITE_OK(site_ingest(b, buf_bytes(&run), &counts, err));
	assert_int_equal(counts.stored, 21);
	assert_int_equal(counts.known, 21);
	SITE_OK(replica_commit(b, err));
	site_note(&w, a, ADVISER, &w.team, 50);
	buf_clear(&run);
	site_run(a, log, 10, &run); /* half of it is known */
	SITE_OK(site_ingest(b, buf_bytes(&run), &counts, err));
	assert_int_equal(counts.stored, 22);
	assert_int_equal(counts.known, 32);
	SITE_OK(replica_commit(b, err));
	SITE_OK(replica_commit(a, err));
	site_copy(&w, a, b);
	same_frontier(a, b);
	assert_int_equal(verify(b).count, 0);
	buf_free(&run);
	replica_close(a);
	replica_close(b);
	site_end(&w);
}

static void
a_run_that_cannot_follow_is_refused_and_leaves_no_trace(void **state)
{
	struct ingest_counts counts = { 0 };
	struct buf run = BUF_INIT, control = BUF_INIT;
	struct replica *a, *b, *empty;
	struct site w;
	struct rd rd;
	size_t log;

	(void)state;
	site_start(&w);
	a = founded(&w, "a", 5, &log);
	b = newcomer(&w, a, "b");
	site_run(a, log, 2, &run);
	assert_int_equal(site_ingest(b, buf_bytes(&run), &counts, NULL), ERR_GAP);
	buf_clear(&run);
	site_run(a, log, 0, &run);
	empty = site_replica(&w, "c");
	rd = rd_init(buf_bytes(&run));
	assert_int_equal(replica_ingest_run(empty, &rd, &counts, NULL), ERR_UNKNOWN);
	assert_true(rd_end(&rd)); /* behind the run, whatever became of it */
	assert_int_equal(counts.refused, 4 + 6);
	/* Once the root's log is here, the same bytes are welcome, in the same transaction. */
	site_run(a, site_log_of(&w, a, &w.root, &w.control), 0, &control);
	SITE_OK(site_ingest(empty, buf_bytes(&control), &counts, err));
	SITE_OK(site_ingest(empty, buf_bytes(&run), &counts, err));
	SITE_OK(replica_commit(empty, err));
	run.len -= 5;
	assert_int_equal(site_ingest(b, buf_bytes(&run), &counts, NULL), ERR_MALFORMED);
	assert_int_equal(replica_log_count(b), 2); /* the root's and the coordinator's */
	buf_free(&run);
	buf_free(&control);
	replica_close(a);
	replica_close(b);
	replica_close(empty);
	site_end(&w);
}

/* What follows an entry that differs from ours cannot be placed before that entry has come itself. */
static void
a_run_that_follows_another_history_is_refused(void **state)
{
	struct ingest_counts counts = { 0 };
	struct buf run = BUF_INIT, longer = BUF_INIT;
	struct replica *a, *b;
	struct site w;
	uint64_t next;
	size_t log;

	(void)state;
	site_start(&w);
	a = founded(&w, "a", 2, &log);
	b = newcomer(&w, a, "b");
	site_copy(&w, a, b);
	site_note(&w, a, ADVISER, &w.team, 10);
	site_note(&w, a, ADVISER, &w.team, 10);
	other_history(&w, b, log, 3, 1, "another story", &run);
	SITE_OK(site_ingest(b, buf_bytes(&run), &counts, err));
	SITE_OK(replica_read_run(a, log, 4, 5, false, 1000, &longer, &next, err));
	assert_int_equal(site_ingest(b, buf_bytes(&longer), &counts, NULL), ERR_FORK);
	assert_int_equal(counts.forks, 0);
	assert_int_equal(counts.stored, 1);
	/* From one entry earlier it is the fork that it is. */
	buf_clear(&longer);
	SITE_OK(replica_read_run(a, log, 3, 5, false, 1000, &longer, &next, err));
	SITE_OK(site_ingest(b, buf_bytes(&longer), &counts, err));
	assert_int_equal(counts.forks, 1);
	assert_int_equal(counts.stored, 3);
	buf_free(&run);
	buf_free(&longer);
	replica_close(a);
	replica_close(b);
	site_end(&w);
}

static void
a_genesis_of_another_organisation_is_refused(void **state)
{
	struct ingest_counts counts = { 0 };
	struct control_op op = { .kind = KIND_GENESIS };
	struct buf payload = BUF_INIT, run = BUF_INIT;
	struct run_writer writer;
	struct replica *r;
	struct header h;
	struct entry e;
	struct site w;

	(void)state;
	site_start(&w);
	r = site_replica(&w, "a");
	op.u.genesis = w.genesis;
	op.u.genesis.nonce[0] ^= 1;
	control_op_encode(&payload, &op);
	memset(&h, 0, sizeof(h));
	h.kind = KIND_GENESIS;
	h.author = w.root.sign_pk;
	h.stream = w.control;
	entry_make(&e, &h, buf_bytes(&payload), w.root.sign_sk);
	run_begin(&writer, &run, &h);
	run_add(&writer, &e);
	run_finish(&writer);
	assert_int_equal(site_ingest(r, buf_bytes(&run), &counts, NULL), ERR_REFUSED);
	assert_int_equal(replica_log_count(r), 0);
	assert_int_equal(replica_set_org(r, &(struct org_id){ { 1 } }, &w.root.sign_pk, NULL), ERR_REFUSED);
	buf_free(&payload);
	buf_free(&run);
	replica_close(r);
	site_end(&w);
}

/* --- signatures --- */

/* Flips a bit in the signature of the entry that stands `back` from the end of a run of equal notes. */
static void
spoil_signature(struct buf *run, size_t back, size_t note_bytes)
{
	size_t head = note_bytes < 256 ? 2 : 3;
	size_t item = 1 + 1 + head + note_bytes + 2 + SIG_BYTES; /* array, kind, payload, signature */

	run->p[run->len - back * item - 1] ^= 1;
}

static void
a_bad_last_signature_refuses_the_whole_run(void **state)
{
	static const struct { const char *name; size_t notes, back; enum err_code want; size_t stored; } cases[] = {
		{ "short run, last",        4,   0, ERR_SIGNATURE, 0 },
		{ "short run, second last", 4,   1, ERR_OK,        5 },
		{ "long run, last",         40,  0, ERR_SIGNATURE, 0 },
		{ "long run, second last",  40,  1, ERR_OK,        41 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ingest_counts counts = { 0 };
		struct buf run = BUF_INIT;
		struct replica *a, *b;
		struct site w;
		size_t log;

		site_start(&w);
		a = founded(&w, "a", cases[i].notes, &log);
		b = newcomer(&w, a, "b");
		site_run(a, log, 0, &run);
		spoil_signature(&run, cases[i].back, 300);
		CHECK_CASE(cases[i].name, site_ingest(b, buf_bytes(&run), &counts, NULL), cases[i].want);
		CHECK_CASE(cases[i].name, counts.stored, cases[i].stored);
		if (cases[i].want == ERR_OK) {
			struct buf again = BUF_INIT;
			size_t to = site_log_of(&w, b, &w.device[ADVISER], &w.team);
			uint64_t next;

			/* Asked for a run that would end on the bad one, it ends before; all of it goes out, vouched for. */
			SITE_OK(replica_read_run(b, to, 1, cases[i].notes, false, 65280, &again, &next, err));
			CHECK_CASE(cases[i].name, next, cases[i].notes - 1);
			SITE_OK(replica_read_run(b, to, cases[i].notes - 1, cases[i].notes, false, 65280, &again, &next, err));
			CHECK_CASE(cases[i].name, next, cases[i].notes - 1);
			buf_free(&again);
		}
		buf_free(&run);
		replica_close(a);
		replica_close(b);
		site_end(&w);
	}
}

static void
any_frame_cut_from_a_bulk_copy_has_an_end_to_vouch_for(void **state)
{
	struct ingest_counts counts = { 0 };
	struct buf run = BUF_INIT;
	struct replica *a, *b;
	uint64_t next, at = 0;
	struct site w;
	size_t log;

	(void)state;
	site_start(&w);
	a = founded(&w, "a", 400, &log);
	b = newcomer(&w, a, "b");
	site_run(a, log, 0, &run);
	/* Whoever carried it spoilt every signature but the last. */
	for (size_t back = 1; back < 400; back++)
		spoil_signature(&run, back, 300);
	assert_int_equal(site_ingest(b, buf_bytes(&run), &counts, NULL), ERR_SIGNATURE);
	for (size_t back = 1; back < 400; back++)
		spoil_signature(&run, back, 300); /* and back again */
	SITE_OK(site_ingest(b, buf_bytes(&run), &counts, err));
	log = site_log_of(&w, b, &w.device[ADVISER], &w.team);
	for (; at < 401; at = next) {
		buf_clear(&run);
		SITE_OK(replica_read_run(b, log, at, UINT64_MAX, false, 65280, &run, &next, err));
		assert_true(next > at && run.len <= 65280);
	}
	buf_free(&run);
	replica_close(a);
	replica_close(b);
	site_end(&w);
}

/* --- payloads that come later, or rot --- */

static void
headers_come_first_and_payloads_fill_them(void **state)
{
	struct ingest_counts counts = { 0 };
	struct buf run = BUF_INIT, keep = BUF_INIT;
	struct replica *a, *b;
	struct entry e;
	uint64_t next, seq;
	struct site w;
	size_t log, to;

	(void)state;
	site_start(&w);
	a = founded(&w, "a", 12, &log);
	b = newcomer(&w, a, "b");
	SITE_OK(replica_read_run(a, log, 0, UINT64_MAX, true, SIZE_MAX, &run, &next, err));
	SITE_OK(site_ingest(b, buf_bytes(&run), &counts, err));
	to = site_log_of(&w, b, &w.device[ADVISER], &w.team);
	assert_true(replica_lacking(b, to, 3, &seq));
	assert_int_equal(seq, 3);
	SITE_OK(replica_entry(b, to, 3, &e, &keep, err));
	assert_false(e.has_payload);
	SITE_OK(replica_commit(b, err));
	replica_close(b);
	b = site_open(&w, "b");
	assert_true(replica_lacking(b, to, 0, &seq));
	buf_clear(&run);
	site_run(a, log, 0, &run);
	SITE_OK(site_ingest(b, buf_bytes(&run), &counts, err));
	assert_int_equal(counts.payloads_filled, 13);
	assert_int_equal(counts.stored, 13);
	assert_false(replica_lacking(b, to, 0, &seq));
	SITE_OK(replica_entry(b, to, 3, &e, &keep, err));
	assert_true(e.has_payload);
	SITE_OK(replica_commit(b, err));
	assert_int_equal(verify(b).count, 0);
	buf_free(&run);
	buf_free(&keep);
	replica_close(a);
	replica_close(b);
	site_end(&w);
}

static void
a_flipped_bit_is_found_and_named(void **state)
{
	static const struct { const char *name, *sql, *want; } cases[] = {
		{ "payload", "UPDATE entry SET payload = zeroblob(length(payload)) WHERE n & 4611686018427387903 = (%llu * 1099511627776) + 3", "entry 3: its payload does not match its hash" },
		{ "payload cut", "UPDATE entry SET payload = zeroblob(1) WHERE n & 4611686018427387903 = (%llu * 1099511627776) + 3", "entry 3: its payload has 1 bytes and should have 300" },
		{ "id", "UPDATE entry SET id = zeroblob(32) WHERE n & 4611686018427387903 = (%llu * 1099511627776) + 3", "entry 3: its id does not match its header" },
		{ "kind", "UPDATE entry SET kind = 33 WHERE n & 4611686018427387903 = (%llu * 1099511627776) + 3", "entry 3: its id does not match its header" },
		{ "signature", "UPDATE entry SET sig = zeroblob(64) WHERE n & 4611686018427387903 = (%llu * 1099511627776) + 3", "entry 3: signature does not match the author's key" },
		{ "row", "DELETE FROM entry WHERE n & 4611686018427387903 = (%llu * 1099511627776) + 3", "entry 3 is missing" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct findings f;
		struct replica *r;
		char name[16], text[200];
		struct site w;
		size_t log;

		site_start(&w);
		replica_close(founded(&w, "a", 5, &log));
		snprintf(text, sizeof(text), cases[i].sql, (unsigned long long)log + 1);
		sql(&w, "a", text);
		r = site_open(&w, "a");
		f = verify(r);
		CHECK_CASE(cases[i].name, f.count, 1);
		CHECK_TRUE(cases[i].name, strstr(f.first, cases[i].want));
		hex_encode(name, w.id[ADVISER].b, 4);
		CHECK_TRUE(cases[i].name, strstr(f.first, name));
		replica_close(r);
		site_end(&w);
	}
}

/* What a log lacks is known again after a start, of the logs written here as of all others. */
static void
a_payload_that_is_missing_from_an_own_log_is_missed_from_the_start(void **state)
{
	struct replica *r;
	struct site w;
	char text[160];
	uint64_t seq;
	size_t log;

	(void)state;
	site_start(&w);
	r = founded(&w, "a", 5, &log);
	assert_false(replica_lacking(r, log, 0, &seq));
	replica_close(r);
	snprintf(text, sizeof(text), "UPDATE entry SET payload = NULL WHERE n = 4611686018427387904 + (%llu * 1099511627776) + 3", (unsigned long long)log + 1);
	sql(&w, "a", text);
	r = site_open(&w, "a");
	assert_true(replica_lacking(r, log, 0, &seq));
	assert_int_equal(seq, 3);
	replica_close(r);
	site_end(&w);
}

static void
a_rotten_payload_is_never_sent_on_and_a_peer_repairs_it(void **state)
{
	struct ingest_counts counts = { 0 };
	struct buf run = BUF_INIT, keep = BUF_INIT;
	struct replica *a, *b;
	struct entry e;
	struct site w;
	char text[120];
	uint64_t seq;
	size_t log;

	(void)state;
	site_start(&w);
	a = founded(&w, "a", 5, &log);
	b = newcomer(&w, a, "b");
	site_copy(&w, a, b);
	replica_close(a);
	snprintf(text, sizeof(text), "UPDATE entry SET payload = zeroblob(300) WHERE n & 4611686018427387903 = (%llu * 1099511627776) + 3", (unsigned long long)log + 1);
	sql(&w, "a", text);
	a = site_open(&w, "a");
	assert_false(replica_lacking(a, log, 0, &seq)); /* nobody has looked yet */
	SITE_OK(replica_entry(a, log, 3, &e, &keep, err));
	assert_false(e.has_payload);
	assert_true(replica_lacking(a, log, 0, &seq));
	assert_int_equal(seq, 3);
	site_run(b, site_log_of(&w, b, &w.device[ADVISER], &w.team), 2, &run);
	SITE_OK(site_ingest(a, buf_bytes(&run), &counts, err));
	assert_int_equal(counts.payloads_filled, 1);
	SITE_OK(replica_commit(a, err));
	assert_false(replica_lacking(a, log, 0, &seq));
	assert_int_equal(verify(a).count, 0);
	buf_free(&run);
	buf_free(&keep);
	replica_close(a);
	replica_close(b);
	site_end(&w);
}

/* --- forks --- */

static bool
count_proof(void *ctx, const struct fork_proof *p)
{
	(void)p;
	++*(size_t *)ctx;
	return true;
}

static size_t
proofs(struct replica *r)
{
	size_t n = 0;

	SITE_OK(replica_forks(r, count_proof, &n, err));
	return n;
}

static void
a_fork_is_kept_as_evidence_and_both_sides_stay(void **state)
{
	struct ingest_counts counts = { 0 };
	struct buf ours = BUF_INIT, theirs = BUF_INIT, rest = BUF_INIT;
	struct replica *a, *b;
	struct site w;
	struct entry e;
	size_t log, trunk;

	(void)state;
	site_start(&w);
	a = founded(&w, "a", 5, &log);
	site_run(a, log, 0, &ours);
	other_history(&w, a, log, 3, 2, "another story", &theirs);
	other_history(&w, a, log, 3, 4, "another story", &rest); /* the same and two more */
	b = newcomer(&w, a, "b");

	SITE_OK(site_ingest(a, buf_bytes(&theirs), &counts, err));
	assert_int_equal(counts.forks, 1);
	assert_int_equal(counts.stored, 2);
	assert_int_equal(proofs(a), 1);
	assert_int_equal(replica_log_at(a, log)->len, 3);
	SITE_OK(site_ingest(a, buf_bytes(&ours), &counts, err)); /* found again in its branch */
	assert_int_equal(counts.known, 6);
	SITE_OK(site_ingest(a, buf_bytes(&rest), &counts, err));
	assert_int_equal(counts.known, 8);
	assert_int_equal(counts.stored, 4);
	SITE_OK(replica_commit(a, err));

	/* Met the other way round, in one transaction, it comes to the same. */
	counts = (struct ingest_counts){ 0 };
	assert_int_equal(site_ingest(b, buf_bytes(&rest), &counts, NULL), ERR_GAP);
	buf_clear(&theirs);
	site_run(a, log, 0, &theirs); /* what both sides share */
	SITE_OK(site_ingest(b, buf_bytes(&theirs), &counts, err));
	SITE_OK(site_ingest(b, buf_bytes(&rest), &counts, err));
	SITE_OK(site_ingest(b, buf_bytes(&ours), &counts, err));
	SITE_OK(replica_commit(b, err));
	same_frontier(a, b);
	assert_int_equal(proofs(b), 1);

	replica_close(a);
	a = site_open(&w, "a");
	same_frontier(a, b);
	assert_int_equal(verify(a).count, 0);
	trunk = site_log_of(&w, a, &w.device[ADVISER], &w.team);
	assert_int_equal(replica_log_at(a, trunk)->len, 3);
	/* The device itself is told to begin anew rather than to take a side. */
	assert_int_equal(replica_append(a, &w.device[ADVISER], &w.inc, &w.team, KIND_DATA, BYTES_STR("x"), &e, NULL), ERR_FORK);
	buf_free(&ours);
	buf_free(&theirs);
	buf_free(&rest);
	replica_close(a);
	replica_close(b);
	site_end(&w);
}

/* Copies every log of `from`, branches too, a few times, so that order does not matter. */
static void
copy_branches(struct site *w, struct replica *from, struct replica *to)
{
	for (int round = 0; round < 3; round++)
		site_copy(w, from, to);
}

static void
forks_of_forks_come_to_the_same_logs_in_any_order(void **state)
{
	struct buf run[4] = { BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT };
	static const int orders[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 3, 0, 2 }, { 2, 0, 3, 1 } };
	struct ingest_counts counts = { 0 };
	struct replica *r[COUNT_OF(orders)], *a;
	struct site w;
	size_t log;

	(void)state;
	site_start(&w);
	a = founded(&w, "start", 8, &log);
	other_history(&w, a, log, 6, 3, "late", &run[0]);
	other_history(&w, a, log, 3, 3, "early", &run[1]);
	other_history(&w, a, log, 6, 1, "third at one place", &run[2]);
	other_history(&w, a, log, 1, 2, "first of all", &run[3]);
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		char name[16];

		snprintf(name, sizeof(name), "r%zu", i);
		r[i] = newcomer(&w, a, name);
		site_copy(&w, a, r[i]);
		for (size_t k = 0; k < 4; k++)
			SITE_OK(site_ingest(r[i], buf_bytes(&run[orders[i][k]]), &counts, err));
		SITE_OK(replica_commit(r[i], err));
		same_frontier(r[0], r[i]);
		CHECK_CASE(name, verify(r[i]).count, 0);
	}
	copy_branches(&w, r[0], a);
	same_frontier(r[0], a);
	replica_close(r[1]);
	r[1] = site_open(&w, "r1");
	same_frontier(r[0], r[1]);
	for (size_t i = 0; i < 4; i++)
		buf_free(&run[i]);
	for (size_t i = 0; i < COUNT_OF(orders); i++)
		replica_close(r[i]);
	replica_close(a);
	site_end(&w);
}

static void
a_fork_without_a_good_signature_is_no_evidence(void **state)
{
	struct ingest_counts counts = { 0 };
	struct buf run = BUF_INIT;
	struct replica *a;
	struct site w;
	size_t log;

	(void)state;
	site_start(&w);
	a = founded(&w, "a", 5, &log);
	other_history(&w, a, log, 3, 1, "forged", &run);
	run.p[run.len - 1] ^= 1;
	assert_int_equal(site_ingest(a, buf_bytes(&run), &counts, NULL), ERR_SIGNATURE);
	/* A later signature vouches for the history, but a proof needs the one at the fork point. */
	buf_clear(&run);
	other_history(&w, a, log, 3, 20, "forged", &run);
	spoil_signature(&run, 19, 6);
	assert_int_equal(site_ingest(a, buf_bytes(&run), &counts, NULL), ERR_FORK);
	assert_int_equal(counts.forks + counts.stored, 0);
	assert_int_equal(proofs(a), 0);
	assert_int_equal(replica_log_at(a, log)->len, 6);
	buf_free(&run);
	replica_close(a);
	site_end(&w);
}

/* --- our own entries --- */

static void
a_new_incarnation_opens_with_its_right_and_its_past(void **state)
{
	struct buf keep = BUF_INIT;
	struct inc second = { { 9 } };
	struct control_op op;
	struct log_key key;
	struct replica *r;
	struct header next;
	struct entry e;
	struct site w;
	size_t log;

	(void)state;
	site_start(&w);
	r = founded(&w, "a", 3, &log);
	SITE_OK(replica_next(r, &w.device[ADVISER], &second, &w.team, &next, err));
	assert_int_equal(next.seq, 1);
	memset(&key, 0, sizeof(key));
	key.author = w.device[ADVISER].sign_pk;
	key.stream = w.team;
	key.inc = second;
	assert_true(replica_log_find(r, &key, &log));
	SITE_OK(replica_entry(r, log, 0, &e, &keep, err));
	assert_int_equal(e.h.kind, KIND_TEAM_OPEN);
	assert_true(SAME(e.id, next.prev));
	SITE_OK(control_op_decode(&op, e.h.kind, e.payload, err));
	assert_true(op.u.open.has_grant);
	assert_int_equal(op.u.open.old_count, 1);
	assert_int_equal(op.u.open.old[0].len, 4);
	control_op_free(&op);
	/* No right, no log. */
	assert_int_equal(replica_append(r, &w.device[HUB], &w.inc, &w.team, KIND_DATA, BYTES_STR("x"), &e, NULL), ERR_REFUSED);
	buf_free(&keep);
	replica_close(r);
	site_end(&w);
}

/* --- custody --- */

static void
make_ack(struct site *w, struct buf *out, uint64_t number, const struct log_head *h, uint64_t len, const struct hash *head)
{
	uint8_t delta[17], digest[32], root[32] = { 3 }, sig[64], n[8];

	memcpy(delta, h->short_id.b, 8);
	delta[8] = (uint8_t)len;
	memcpy(delta + 9, head->b, 8);
	be64_put(n, number);
	HC(digest, 32, BYTES_NONE, "fb1/ack", BYTES_OF(w->org), BYTES(n, 8), BYTES(root, 32), BYTES(delta, 17));
	sign_digest(sig, "fb1/ack/sig", digest, w->device[HUB].sign_sk);
	buf_clear(out);
	wr_array(out, 4);
	wr_uint(out, number);
	wr_bin(out, root, 32);
	wr_bin(out, delta, 17);
	wr_bin(out, sig, 64);
}

static void
custody_counts_what_a_peer_has_signed_for(void **state)
{
	struct buf ack = BUF_INIT, keep = BUF_INIT;
	const struct author *hub;
	struct replica_peer peers[4];
	struct replica *r;
	struct site w;
	struct entry e;
	size_t log;

	(void)state;
	site_start(&w);
	r = founded(&w, "a", 5, &log);
	hub = &w.device[HUB].sign_pk;
	assert_int_equal(replica_acked(r, hub, log), 0);
	SITE_OK(replica_entry(r, log, 3, &e, &keep, err));
	make_ack(&w, &ack, 1, replica_log_at(r, log), 4, &e.id);
	SITE_OK(replica_put_ack(r, hub, buf_bytes(&ack), ACK_LIVE, 1000, err));
	assert_int_equal(replica_acked(r, hub, log), 4);
	make_ack(&w, &ack, 1, replica_log_at(r, log), 6, &e.id); /* the length of another history */
	SITE_OK(replica_put_ack(r, hub, buf_bytes(&ack), ACK_LIVE, 2000, err));
	assert_int_equal(replica_acked(r, hub, log), 4);
	ack.p[ack.len - 1] ^= 1;
	assert_int_equal(replica_put_ack(r, hub, buf_bytes(&ack), ACK_LIVE, 3000, NULL), ERR_SIGNATURE);
	ack.p[ack.len - 1] ^= 1;
	assert_int_equal(replica_put_ack(r, &w.device[SECOND].sign_pk, buf_bytes(&ack), ACK_LIVE, 3000, NULL), ERR_SIGNATURE);
	SITE_OK(replica_saw_peer(r, hub, "192.0.2.7:4711", NULL, 4000, err));
	SITE_OK(replica_saw_peer(r, hub, NULL, "wss://hub.example/f", 5000, err));
	SITE_OK(replica_commit(r, err));
	replica_close(r);
	r = site_open(&w, "a");
	assert_int_equal(replica_acked(r, hub, log), 4);
	assert_int_equal(replica_peers(r, peers, 4), 1);
	assert_int_equal(peers[0].last_seen_ms, 5000);
	assert_int_equal(peers[0].frontier[0], 3);
	assert_string_equal(peers[0].addr, "192.0.2.7:4711");
	assert_string_equal(peers[0].web, "wss://hub.example/f");
	/* A hub that lost its disk says so, and is believed. */
	make_ack(&w, &ack, 1, replica_log_at(r, log), 0, &e.id);
	SITE_OK(replica_put_ack(r, hub, buf_bytes(&ack), ACK_LIVE, 6000, err));
	assert_int_equal(replica_acked(r, hub, log), 0);
	buf_free(&ack);
	buf_free(&keep);
	replica_close(r);
	site_end(&w);
}

/* An old stick does not bring back what a device has since said that it lost. */
static void
a_carried_ack_counts_only_while_no_newer_one_is_known(void **state)
{
	struct buf old = BUF_INIT, now = BUF_INIT, keep = BUF_INIT;
	const struct author *hub;
	struct replica *r;
	struct site w;
	struct entry e;
	size_t log;

	(void)state;
	site_start(&w);
	r = founded(&w, "a", 5, &log);
	hub = &w.device[HUB].sign_pk;
	SITE_OK(replica_entry(r, log, 3, &e, &keep, err));
	make_ack(&w, &old, 700, replica_log_at(r, log), 4, &e.id);
	SITE_OK(replica_put_ack(r, hub, buf_bytes(&old), ACK_CARRIED, 1000, err));
	assert_int_equal(replica_acked(r, hub, log), 4);
	make_ack(&w, &now, 800, replica_log_at(r, log), 0, &e.id);
	SITE_OK(replica_put_ack(r, hub, buf_bytes(&now), ACK_LIVE, 2000, err));
	SITE_OK(replica_put_ack(r, hub, buf_bytes(&old), ACK_CARRIED, 3000, err));
	assert_int_equal(replica_acked(r, hub, log), 0);
	SITE_OK(replica_commit(r, err));
	replica_close(r);
	r = site_open(&w, "a");
	SITE_OK(replica_put_ack(r, hub, buf_bytes(&old), ACK_CARRIED, 4000, err));
	assert_int_equal(replica_acked(r, hub, log), 0);
	/* Over a link it is the word of this moment, whatever its clock says; and a later stick counts. */
	make_ack(&w, &now, 500, replica_log_at(r, log), 4, &e.id);
	SITE_OK(replica_put_ack(r, hub, buf_bytes(&now), ACK_LIVE, 5000, err));
	assert_int_equal(replica_acked(r, hub, log), 4);
	make_ack(&w, &now, 799, replica_log_at(r, log), 0, &e.id);
	SITE_OK(replica_put_ack(r, hub, buf_bytes(&now), ACK_CARRIED, 6000, err));
	assert_int_equal(replica_acked(r, hub, log), 4);
	make_ack(&w, &now, 801, replica_log_at(r, log), 0, &e.id);
	SITE_OK(replica_put_ack(r, hub, buf_bytes(&now), ACK_CARRIED, 7000, err));
	assert_int_equal(replica_acked(r, hub, log), 0);
	buf_free(&old);
	buf_free(&now);
	buf_free(&keep);
	replica_close(r);
	site_end(&w);
}

struct said { const struct log_head *log; uint64_t len; const struct hash *head; };

static void
put_said(struct buf *delta, const struct said *said, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct extent it = { .log = said[i].log->short_id, .len = said[i].len };

		memcpy(it.head8, said[i].head->b, sizeof(it.head8));
		extent_put(delta, &it);
	}
}

static void
hub_attests(struct site *w, struct replica *r, const struct said *said, size_t count)
{
	struct buf delta = BUF_INIT, payload = BUF_INIT;
	struct attest *a = calloc(1, sizeof(*a));

	put_said(&delta, said, count);
	a->day = 20000;
	a->delta = buf_bytes(&delta);
	attest_encode(&payload, a);
	assert_true(buf_ok(&payload));
	(void)site_append(w, r, &w->device[HUB], &w->control, KIND_ATTEST, buf_bytes(&payload));
	free(a);
	buf_free(&delta);
	buf_free(&payload);
}

static void
hub_acks(struct site *w, struct replica *r, const struct said *said, size_t count)
{
	struct buf delta = BUF_INIT, out = BUF_INIT;
	struct ack a = { .n = 1 };
	uint8_t digest[32];

	put_said(&delta, said, count);
	a.delta = buf_bytes(&delta);
	ack_digest(digest, &w->org, &a);
	sign_digest(a.sig, "fb1/ack/sig", digest, w->device[HUB].sign_sk);
	ack_encode(&out, &a);
	assert_true(buf_ok(&out));
	SITE_OK(replica_put_ack(r, &w->device[HUB].sign_pk, buf_bytes(&out), ACK_LIVE, 1000, err));
	buf_free(&delta);
	buf_free(&out);
}

/* What a hub attested before it took in our last notes comes here behind, or together with, its ACK for them. */
static void
an_attestation_lowers_nothing_that_a_later_ack_has_proved(void **state)
{
	struct buf keep = BUF_INIT;
	const struct author *hub;
	struct replica *r;
	struct entry three, four, own;
	struct site w;
	size_t log, hubs;

	(void)state;
	site_start(&w);
	r = founded(&w, "a", 5, &log);
	hub = &w.device[HUB].sign_pk;
	SITE_OK(replica_entry(r, log, 2, &three, &keep, err));
	SITE_OK(replica_entry(r, log, 3, &four, &keep, err));
	hub_attests(&w, r, &(struct said){ replica_log_at(r, log), 3, &three.id }, 1); /* OPEN, ATTEST */
	hubs = site_log_of(&w, r, &w.device[HUB], &w.control);
	SITE_OK(replica_entry(r, hubs, 1, &own, &keep, err));
	hub_acks(&w, r, (struct said[]){ { replica_log_at(r, log), 4, &four.id }, { replica_log_at(r, hubs), 2, &own.id } }, 2);
	SITE_OK(replica_commit(r, err));
	assert_int_equal(replica_acked(r, hub, log), 4);
	/* One that is younger than the ACK counts: a disk was lost. */
	hub_attests(&w, r, &(struct said){ replica_log_at(r, log), 3, &three.id }, 1);
	SITE_OK(replica_commit(r, err));
	assert_int_equal(replica_acked(r, hub, log), 3);
	/* And it counts against an ACK of which nobody can say whether it is older. */
	hub_acks(&w, r, &(struct said){ replica_log_at(r, log), 4, &four.id }, 1);
	assert_int_equal(replica_acked(r, hub, log), 4);
	hub_attests(&w, r, &(struct said){ replica_log_at(r, log), 3, &three.id }, 1);
	SITE_OK(replica_commit(r, err));
	assert_int_equal(replica_acked(r, hub, log), 3);
	buf_free(&keep);
	replica_close(r);
	site_end(&w);
}

/* --- a disk that fails --- */

static void
a_failed_sync_stops_all_writing_until_reopened(void **state)
{
	struct site w;
	size_t log;
	struct replica *r;
	struct entry e;
	struct err why = ERR_INIT;

	(void)state;
	site_start(&w);
	w.env->sqlite_vfs = fault_vfs();
	r = founded(&w, "a", 2, &log);
	site_note(&w, r, ADVISER, &w.team, 100);
	fault_arm(FAULT_SYNC, 0, SQLITE_IOERR_FSYNC);
	assert_int_equal(replica_commit(r, &why), ERR_IO);
	fault_arm(FAULT_NONE, 0, 0);
	assert_true(replica_failed(r));
	assert_int_equal(replica_log_at(r, log)->len, 3);
	assert_int_equal(replica_append(r, &w.device[ADVISER], &w.inc, &w.team, KIND_DATA, BYTES_STR("x"), &e, NULL), ERR_IO);
	assert_int_equal(replica_meta_put(r, "x", BYTES_STR("x"), NULL), ERR_IO);
	replica_close(r);
	r = site_open(&w, "a");
	assert_false(replica_failed(r));
	site_note(&w, r, ADVISER, &w.team, 100);
	SITE_OK(replica_commit(r, err));
	assert_int_equal(verify(r).count, 0);
	replica_close(r);
	site_end(&w);
}

static void
a_full_disk_loses_nothing_and_passes(void **state)
{
	struct site w;
	size_t log;
	struct replica *r;
	struct err why = ERR_INIT;

	(void)state;
	site_start(&w);
	w.env->sqlite_vfs = fault_vfs();
	r = founded(&w, "a", 2, &log);
	for (int i = 0; i < 20; i++)
		site_note(&w, r, ADVISER, &w.team, 5000);
	fault_arm(FAULT_WRITE, 3, SQLITE_FULL);
	assert_int_equal(replica_commit(r, &why), ERR_NO_SPACE);
	assert_int_equal(replica_log_at(r, log)->len, 3);
	assert_false(replica_failed(r));
	fault_arm(FAULT_NONE, 0, 0);
	site_note(&w, r, ADVISER, &w.team, 5000);
	SITE_OK(replica_commit(r, err));
	replica_close(r);
	r = site_open(&w, "a");
	assert_int_equal(replica_log_at(r, log)->len, 4);
	assert_int_equal(verify(r).count, 0);
	replica_close(r);
	site_end(&w);
}

/* The Nth write or sync of a whole import fails, for every N until none does. */
static void
an_import_survives_a_fault_at_every_write(void **state)
{
	static const struct { enum fault_op op; int result; } faults[] = {
		{ FAULT_WRITE, SQLITE_IOERR_WRITE }, { FAULT_WRITE, SQLITE_FULL }, { FAULT_SYNC, SQLITE_IOERR_FSYNC },
	};
	struct site w;
	size_t log;
	struct replica *a;

	(void)state;
	site_start(&w);
	a = founded(&w, "a", 30, &log);
	for (size_t k = 0; k < COUNT_OF(faults); k++) {
		bool done = false;

		for (int n = 0; !done; n++) {
			struct ingest_counts counts = { 0 };
			struct buf run = BUF_INIT;
			struct replica *b;
			char name[32];

			snprintf(name, sizeof(name), "b-%zu-%d", k, n);
			b = newcomer(&w, a, name);
			replica_close(b);
			w.env->sqlite_vfs = fault_vfs();
			b = site_open(&w, name);
			site_run(a, log, 0, &run);
			fault_arm(faults[k].op, n, faults[k].result);
			done = site_ingest(b, buf_bytes(&run), &counts, NULL) == ERR_OK && replica_commit(b, NULL) == ERR_OK;
			fault_arm(FAULT_NONE, 0, 0);
			replica_close(b);
			w.env->sqlite_vfs = NULL;
			b = site_open(&w, name);
			CHECK_CASE(name, verify(b).count, 0);
			SITE_OK(site_ingest(b, buf_bytes(&run), &counts, err));
			SITE_OK(replica_commit(b, err));
			same_frontier(a, b);
			buf_free(&run);
			replica_close(b);
			assert_true(n < 200);
		}
	}
	replica_close(a);
	site_end(&w);
}

static void
an_import_survives_running_out_of_memory_anywhere(void **state)
{
	bool done = false;
	struct site w;
	size_t log;
	struct replica *a;

	(void)state;
	site_start(&w);
	a = founded(&w, "a", 10, &log);
	for (long n = 0; !done; n++) {
		struct ingest_counts counts = { 0 };
		struct buf runs[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
		enum err_code rc = ERR_OK;
		struct replica *b;
		char name[32];

		snprintf(name, sizeof(name), "b-%ld", n);
		b = site_replica(&w, name);
		site_run(a, site_log_of(&w, a, &w.root, &w.control), 0, &runs[0]);
		site_run(a, site_log_of(&w, a, &w.device[COORDINATOR], &w.control), 0, &runs[1]);
		site_run(a, log, 0, &runs[2]);
		mem_fail_after(n, 0);
		for (size_t i = 0; rc == ERR_OK && i < 3; i++)
			rc = site_ingest(b, buf_bytes(&runs[i]), &counts, NULL);
		if (rc == ERR_OK)
			rc = replica_commit(b, NULL);
		mem_fail_after(-1, 0);
		done = rc == ERR_OK;
		for (size_t i = 0; i < 3; i++) {
			SITE_OK(site_ingest(b, buf_bytes(&runs[i]), &counts, err));
			buf_free(&runs[i]);
		}
		SITE_OK(replica_commit(b, err));
		same_frontier(a, b);
		replica_close(b);
		assert_true(n < 2000);
	}
	replica_close(a);
	site_end(&w);
}

/* --- copies --- */

static bool
check_place(struct site *w, const char *name, struct buf *kept)
{
	struct replica *r = site_open(w, name);
	struct buf now = BUF_INIT;
	bool same = false;

	SITE_OK(place_check(r, w->env, site_home(w, name), buf_bytes(kept), &now, &same, err));
	replica_close(r);
	buf_clear(kept);
	buf_put_bytes(kept, buf_bytes(&now));
	buf_free(&now);
	return same;
}

/* cp, as a person would: the same bytes in a file that is another one, or in the same file. */
static void
copy_file(struct site *w, const char *from, const char *to, const char *name, bool in_place)
{
	struct buf b = BUF_INIT;
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", site_home(w, from), name);
	SITE_OK(posix_files.read(w->env, path, 1 << 24, &b, err));
	snprintf(path, sizeof(path), "%s/%s", site_home(w, to), name);
	if (!in_place) {
		SITE_OK(posix_files.replace(w->env, path, buf_bytes(&b), err));
	} else {
		f = fopen(path, "r+b");
		assert_non_null(f);
		assert_int_equal(fwrite(b.p, 1, b.len, f), b.len);
		assert_int_equal(fclose(f), 0);
	}
	buf_free(&b);
}

static void
a_store_knows_whether_it_is_where_it_was(void **state)
{
	struct buf kept = BUF_INIT, copy = BUF_INIT;
	struct site w;

	(void)state;
	site_start(&w);
	assert_true(check_place(&w, "a", &kept)); /* a new one */
	assert_true(check_place(&w, "a", &kept));
	assert_true(check_place(&w, "a", &kept));
	/* A copy of the home, and the original beside it. */
	copy_file(&w, "a", "b", "log.db", false);
	copy_file(&w, "a", "b", "place", false);
	buf_put_bytes(&copy, buf_bytes(&kept));
	assert_false(check_place(&w, "b", &copy));
	assert_true(check_place(&w, "b", &copy)); /* it has settled here */
	assert_true(check_place(&w, "a", &kept));
	/* A crash between the two writes leaves the database one ahead. */
	copy_file(&w, "a", "b", "place", false);
	assert_true(check_place(&w, "a", &kept));
	copy_file(&w, "b", "a", "place", true);
	assert_true(check_place(&w, "a", &kept));
	/* Yesterday's database put back over today's. */
	copy_file(&w, "a", "b", "log.db", false);
	assert_true(check_place(&w, "a", &kept));
	copy_file(&w, "b", "a", "log.db", true);
	assert_false(check_place(&w, "a", &kept));
	/* The token file lost. */
	assert_true(check_place(&w, "a", &kept));
	{
		char path[200];

		snprintf(path, sizeof(path), "%s/place", site_home(&w, "a"));
		assert_int_equal(remove(path), 0);
	}
	assert_false(check_place(&w, "a", &kept));
	buf_free(&kept);
	buf_free(&copy);
	site_end(&w);
}

int
main(void)
{
	const struct CMUnitTest any_store[] = { /* the same claims over both */
		cmocka_unit_test(what_was_committed_is_there_after_reopening),
		cmocka_unit_test(what_was_dropped_is_forgotten),
		cmocka_unit_test(small_values_share_the_transaction),
		cmocka_unit_test(a_run_is_stored_once_and_known_after_that),
		cmocka_unit_test(a_run_that_cannot_follow_is_refused_and_leaves_no_trace),
		cmocka_unit_test(a_run_that_follows_another_history_is_refused),
		cmocka_unit_test(a_genesis_of_another_organisation_is_refused),
		cmocka_unit_test(a_bad_last_signature_refuses_the_whole_run),
		cmocka_unit_test(any_frame_cut_from_a_bulk_copy_has_an_end_to_vouch_for),
		cmocka_unit_test(headers_come_first_and_payloads_fill_them),
		cmocka_unit_test(a_flipped_bit_is_found_and_named),
		cmocka_unit_test(a_payload_that_is_missing_from_an_own_log_is_missed_from_the_start),
		cmocka_unit_test(a_rotten_payload_is_never_sent_on_and_a_peer_repairs_it),
		cmocka_unit_test(a_fork_is_kept_as_evidence_and_both_sides_stay),
		cmocka_unit_test(forks_of_forks_come_to_the_same_logs_in_any_order),
		cmocka_unit_test(a_fork_without_a_good_signature_is_no_evidence),
		cmocka_unit_test(a_new_incarnation_opens_with_its_right_and_its_past),
		cmocka_unit_test(custody_counts_what_a_peer_has_signed_for),
		cmocka_unit_test(a_carried_ack_counts_only_while_no_newer_one_is_known),
		cmocka_unit_test(an_attestation_lowers_nothing_that_a_later_ack_has_proved),
	};
	const struct CMUnitTest a_file[] = {
		cmocka_unit_test(a_home_that_is_open_cannot_be_opened_again),
		cmocka_unit_test(files_that_are_not_ours_are_refused_with_a_reason),
		cmocka_unit_test(a_failed_sync_stops_all_writing_until_reopened),
		cmocka_unit_test(a_full_disk_loses_nothing_and_passes),
		cmocka_unit_test(an_import_survives_a_fault_at_every_write),
		cmocka_unit_test(an_import_survives_running_out_of_memory_anywhere),
		cmocka_unit_test(a_store_knows_whether_it_is_where_it_was),
	};
	int failed = cmocka_run_group_tests(any_store, NULL, NULL);

	failed += cmocka_run_group_tests(a_file, NULL, NULL);
	return failed + cmocka_run_group_tests_name("over PostgreSQL", any_store, pg_start, pg_end);
}
