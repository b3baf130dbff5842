/*
 * An auditor before a history with everything in it that can be wrong: each
 * finding is named for what it is, and memory that runs out is an error and
 * never one finding less.
 */
#include "audited.h"
#include "scarce.h"

enum { BAD_MAX = 1500 };

/* Entries as a source would hand them over: under a log that may not be theirs, with parts changed. */
struct heap {
	struct world *w;
	struct log_key key[BAD_MAX];
	struct entry entry[BAD_MAX];
	size_t count;
};

static void
put(struct heap *h, const struct log_key *key, const struct entry *e)
{
	assert_in_range(h->count, 0, BAD_MAX - 1);
	h->key[h->count] = *key;
	h->entry[h->count++] = *e;
}

static struct log_key
key_of(const struct entry *e)
{
	struct log_key key;

	log_key_init(&key, &e->h.author, &e->h.stream, &e->h.inc);
	return key;
}

static size_t
first_of(const struct heap *h, unsigned who, const struct stream_id *stream, uint64_t seq)
{
	for (size_t i = 0; i < h->count; i++)
		if (SAME(h->entry[i].h.author, h->w->actors[who].keys.sign_pk) && SAME(h->entry[i].h.stream, *stream) && h->entry[i].h.seq == seq)
			return i;
	fail_msg("no such entry");
	return 0;
}

/* Control first, each log in order. */
static void
take_all(struct heap *h)
{
	for (int control = 1; control >= 0; control--)
		for (size_t i = 0; i < h->w->count; i++) {
			struct log_key key = key_of(&h->w->entries[i]);

			if (SAME(key.stream, h->w->control) == (control == 1))
				put(h, &key, &h->w->entries[i]);
		}
}

static enum err_code
hear_all(struct audit *a, const struct heap *h, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < h->count && rc == ERR_OK; i++)
		rc = audit_entry(a, &h->key[i], &h->entry[i], err);
	return rc == ERR_OK ? audit_finish(a, err) : rc;
}

static struct audit *
audited(const struct heap *h)
{
	uint8_t print[32];
	struct audit *a;

	fingerprint_of(h->w, print);
	a = audit_new(print);
	assert_non_null(a);
	assert_int_equal(hear_all(a, h, NULL), ERR_OK);
	return a;
}

static bool
says(const struct audit *a, const char *check, const char *words)
{
	for (size_t i = 0; i < audit_finding_count(a); i++)
		if (strcmp(audit_finding_at(a, i)->check, check) == 0 && strstr(audit_finding_at(a, i)->text, words) != NULL)
			return true;
	return false;
}

static struct heap *
heap_new(void)
{
	struct heap *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	h->w = audited_office();
	return h;
}

static void
heap_free(struct heap *h)
{
	world_free(h->w);
	free(h);
}

static void
erase_order(struct world *w, unsigned by, uint8_t kind, uint64_t from, uint64_t to, const struct hash *request)
{
	struct stream_id team = team_of(1);
	struct erase_range range = { .from = from, .to = to };
	struct erase_log log = { w->actors[ANA].keys.sign_pk, team, inc_of(0), 1, &range };
	struct erase_request q = { .log_count = 1, .logs = &log, .box = BYTES_STR("sealed") };
	struct buf p = BUF_INIT;

	if (kind == KIND_ERASE_REQ) {
		memcpy(range.head16, world_ancestor(w, world_last(w, ANA, &team, 0), to)->id.b, sizeof(range.head16));
		erase_request_encode(&p, &q);
	} else
		erase_ok_encode(&p, request);
	world_write(w, by, &w->control, 0, kind, buf_bytes(&p));
	buf_free(&p);
}

/* Everything at once. */
static struct heap *
messy(void)
{
	struct heap *h = heap_new();
	struct world *w = h->w;
	struct stream_id team = team_of(1), box = team_of(2);
	struct control_op admit = { .kind = KIND_ADMIT, .u.admit = w->actors[EVE].request.keys };
	struct log_key log = key_of(&w->entries[0]), absent = log;
	const struct entry *a;
	struct stream_id own;

	world_team(w, C1, 0, &box, 1, 1);
	admit.u.admit.possession_sig[0] ^= 1;
	world_op(w, C1, 0, &admit);
	world_admit(w, ROOT, 0, C2, C2);
	world_grant(w, ROOT, 0, C2, ROLE_COORDINATOR, NULL, 1);
	world_admit(w, ROOT, 0, C3, C3);
	world_grant(w, ROOT, 0, C3, ROLE_COORDINATOR, NULL, 1);
	world_grant(w, C1, 0, C1, ROLE_ADVISOR, &team, 0);
	erase_order(w, C1, KIND_ERASE_REQ, 2, 3, NULL);
	erase_order(w, C2, KIND_ERASE_OK, 0, 0, &w->entries[w->count - 1].id);
	world_write(w, C1, &w->control, 0, KIND_ERASE_REQ, BYTES_STR("?"));
	world_write(w, C1, &w->control, 0, KIND_ERASE_OK, BYTES_STR("?"));
	world_write(w, C1, &w->control, 0, KIND_RECEIPT, BYTES_STR("?"));
	world_write(w, C1, &w->control, 0, KIND_FORK, BYTES_STR("?"));
	world_write(w, C1, &w->control, 0, KIND_ATTEST, BYTES_STR("?"));
	world_write(w, C1, &w->control, 0, KIND_TEAM, BYTES_STR("?"));
	absent.inc = inc_of(7);
	attest_length(w, C1, 20000, &log, 900);
	attest_length(w, ANA, 20030, &log, 1000);
	attest_length(w, ANA, 20031, &absent, 3);
	write_attest(w, C1, 4, 1);
	write_attest(w, ANA, 5, 1);
	a = world_last(w, BOB, &team, 0);
	told_twice(w, C2, a, beside_last(w, BOB, &team, KIND_DATA, BYTES_STR("another story")));
	world_epoch(w, ANA, &team, BOB, false);
	world_epoch(w, ANA, &team, DEE, false);
	world_epoch(w, ANA, &team, X, false);
	world_epoch(w, ANA, &team, C2, true);
	world_write(w, ANA, &team, 0, KIND_EPOCH, BYTES_STR("?"));
	world_data(w, ANA, &w->roster, 0, 2);
	works(w, BOB, &box, 0, 0);
	world_epoch(w, BOB, &box, ANA, true);
	world_epoch(w, BOB, &box, C1, false);
	world_epoch(w, BOB, &box, X, true);
	works(w, DEE, &team, 0, 0);
	world_epoch(w, DEE, &team, X, false); /* beyond her removal: of no effect, and no fault */
	world_adopt(w, ANA, &team, 0, BOB, 0, 1, world_ancestor(w, a, 2));
	own = team_of(5);
	world_data(w, X, &own, 0, 1);
	world_revoke(w, C1, 0, DEE, NULL, 0);
	world_grant(w, C1, 0, C1, ROLE_ADVISOR, NULL, 0);
	world_admit(w, C1, 0, HUB, ANA); /* a second device of hers */
	world_grant(w, C1, 0, HUB, ROLE_ADVISOR, &team, 0);
	take_all(h);
	/* Ana's notes: some erased by order, some gone, some changed. */
	for (uint64_t seq = 2; seq <= 6; seq++)
		h->entry[first_of(h, ANA, &team, seq)].has_payload = false;
	h->entry[first_of(h, ANA, &team, 8)].has_payload = false;
	h->entry[first_of(h, BOB, &team, 2)].payload.len--;
	h->entry[first_of(h, BOB, &team, 3)].payload = BYTES_STR("Sealed content");
	h->entry[first_of(h, BOB, &team, 4)].sig[3] ^= 1;
	h->entry[first_of(h, BOB, &team, 5)].has_sig = false;
	h->entry[first_of(h, BOB, &team, 6)].id.b[3] ^= 1;
	h->entry[first_of(h, ANA, &w->roster, 1)].h.stream.b[0] ^= 1;
	return h;
}

static void
everything_that_is_wrong_is_named_for_what_it_is(void **state)
{
	static const struct { const char *check, *words; } wanted[] = {
		{ "A2", "without a signature" }, { "A2", "does not hash to the id" }, { "A2", "does not match the author's key" },
		{ "A2", "belongs to another log" }, { "A2", "never admitted" }, { "A2", "does not begin with an OPEN" },
		{ "A2", "Log " }, { "A3", "ATTEST that cannot be read" }, { "A3", "evaluated them differently" }, { "A3", "not in the form of their kind" },
		{ "A4", "have no effect" }, { "A5", "was never admitted" }, { "A5", "may not read the team now" },
		{ "A5", "not in the form it must have" }, { "A5", "brings the key of a drop-box" }, { "A5", "brings no key" },
		{ "A5", "no coordinator's" }, { "A6", "an order to erase that cannot be read" }, { "A6", "an approval to erase that" },
		{ "A6", "a receipt of an erasure that" }, { "A6", "payloads of entries 4 to 6" }, { "A6", "payload of entry 8" },
		{ "A7", "bytes long" }, { "A7", "not the one its header names" }, { "A8", "two different entries" }, { "A8", "proves nothing" },
		{ "A9", "withheld" }, { "A9", "not here at all" }, { "A11", "never attested" }, { "A11", "days before the newest" },
		{ "A13", "granted itself" }, { "A14", "did not sign for its keys" }, { "A2", "/roster" },
	};
	struct heap *h = messy();
	struct audit *a = audited(h);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		if (!says(a, wanted[i].check, wanted[i].words))
			fail_msg("nothing of %s says: %s", wanted[i].check, wanted[i].words);
	assert_int_equal(audit_counts(a).payloads_erased, 2);
	assert_int_equal(audit_counts(a).payloads_missing, 4);
	assert_false(audit_clean(a));
	assert_ptr_equal(org_id(audit_org(a)), org_id(audit_org(a)));
	assert_int_equal(org_skipped(audit_org(a)), 2); /* the TEAM, and the FORK */
	audit_free(a);
	heap_free(h);
}

static void
short_of_memory_an_audit_ends_and_its_word_is_not_believed(void **state)
{
	struct heap *h = messy();
	struct audit *calm = audited(h);
	uint8_t print[32], want[32], got[32];

	(void)state;
	fingerprint_of(h->w, print);
	audit_frontier(calm, want);
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct audit *a = audit_new(print);
		struct err err = ERR_INIT;
		bool done = a != NULL && scarce_done(&s, "audit", hear_all(a, h, &err), &err);

		scarce_over(&s);
		assert_int_equal(done, !s.struck);
		if (a != NULL)
			assert_false(audit_clean(a));
		if (done) {
			audit_frontier(a, got);
			assert_memory_equal(got, want, sizeof(got));
			assert_int_equal(audit_finding_count(a), audit_finding_count(calm));
			for (size_t i = 0; i < audit_finding_count(a); i++)
				assert_string_equal(audit_finding_at(a, i)->text, audit_finding_at(calm, i)->text);
		}
		audit_free(a);
	}
	audit_free(calm);
	heap_free(h);
}

/* Lists grow at few of their items: each of them is made to stand at such a place. */
static void
a_finding_that_memory_lacks_ends_the_audit_wherever_it_is_made(void **state)
{
	struct heap *h = messy();
	uint8_t print[32];

	(void)state;
	fingerprint_of(h->w, print);
	for (size_t i = 0; i < h->count; i++)
		h->entry[i].has_sig = false; /* quicker, and one finding more of each log */
	for (unsigned more = 0; more < 40; more++)
		for (struct scarce s = SCARCE; scarce_again(&s);) {
			struct audit *a;
			struct err err = ERR_INIT;
			bool done;

			mem_hold();
			a = audit_new(NULL);
			for (unsigned k = 0; k < more; k++)
				assert_int_equal(audit_note(a, "A7", AUDIT_INFO, "One more.", NULL), ERR_OK);
			for (size_t i = 0; i < h->count; i++)
				assert_int_equal(audit_entry(a, &h->key[i], &h->entry[i], NULL), ERR_OK);
			mem_release();
			done = scarce_done(&s, "finish", audit_finish(a, &err), &err);
			scarce_over(&s);
			assert_int_equal(done, !s.struck);
			audit_free(a);
			if (s.lasting)
				break; /* the list is all this is about */
		}
	heap_free(h);
}

static void
a_finding_about_an_entry_is_made_or_the_audit_ends(void **state)
{
	struct stream_id team = team_of(1);

	(void)state;
	for (int what = 0; what < 6; what++)
		for (struct scarce s = SCARCE; scarce_again(&s);) {
			struct heap *h;
			struct audit *a;
			struct err err = ERR_INIT;
			struct log_key key;
			struct entry e;
			bool done;

			mem_hold();
			h = heap_new();
			a = audit_new(NULL);
			for (unsigned k = 0; k < 8; k++)
				assert_int_equal(audit_note(a, "A7", AUDIT_INFO, "One more.", NULL), ERR_OK);
			e = *world_last(h->w, ANA, &team, 0);
			key = key_of(&e);
			if (what == 0)
				e.h.plen = 0;
			else if (what == 1)
				e.h.inc.b[0] ^= 1;
			else if (what == 2)
				e.id.b[0] ^= 1;
			else if (what == 3)
				e.sig[0] ^= 1;
			if (what > 3) { /* 5: not the branch it is said to be */
				key.is_branch = true;
				key.branch_seq = e.h.seq;
				key.branch_id = e.id;
				key.branch_id.b[0] ^= what == 5;
			}
			mem_release();
			done = scarce_done(&s, "entry", audit_entry(a, &key, &e, &err), &err);
			scarce_over(&s);
			assert_int_equal(done, !s.struck);
			assert_true(!done || what == 4 || audit_finding_count(a) > 8);
			audit_free(a);
			heap_free(h);
		}
}

static void
of_gaps_without_end_the_first_are_named_and_the_rest_counted(void **state)
{
	struct stream_id team = team_of(1);
	struct heap *h = heap_new();
	struct audit *a;
	size_t gaps = 0;

	(void)state;
	h->w->unsigned_entries = true;
	world_data(h->w, ANA, &team, 0, 2 * AUDIT_FINDINGS_MAX + 10);
	take_all(h);
	for (size_t i = 0; i < h->count; i++)
		if (SAME(h->entry[i].h.author, h->w->actors[ANA].keys.sign_pk) && SAME(h->entry[i].h.stream, team) && h->entry[i].h.seq % 2 == 1) {
			h->entry[i].has_payload = false;
			gaps++;
		}
	a = audited(h);
	assert_int_equal(findings(a, "A6"), AUDIT_FINDINGS_MAX);
	assert_int_equal(audit_counts(a).payloads_missing, gaps);
	assert_int_equal(audit_counts(a).findings_left_out, gaps - AUDIT_FINDINGS_MAX);
	for (size_t i = 0; i < audit_finding_count(a); i++)
		if (strcmp(audit_finding_at(a, i)->check, "A6") == 0)
			assert_int_equal(audit_finding_at(a, i)->seq % 2, 1);
	audit_free(a);
	heap_free(h);
}

static void
without_a_genesis_the_rest_is_looked_through_all_the_same(void **state)
{
	struct stream_id team = team_of(1);
	struct heap *h = heap_new();
	struct audit *a;

	(void)state;
	for (size_t i = 0; i < h->w->count; i++) {
		struct log_key key = key_of(&h->w->entries[i]);

		if (SAME(key.stream, team))
			put(h, &key, &h->w->entries[i]);
	}
	h->entry[3].sig[0] ^= 1;
	a = audited(h);
	assert_int_equal(findings(a, "A1"), 1);
	assert_int_equal(findings(a, "A2"), 1);
	audit_free(a);
	heap_free(h);
}

/* The outside of an EPOCH in two forms it must not have, and an ATTEST whose list is none. */
static void
what_only_begins_as_it_should_is_found(void **state)
{
	struct stream_id team = team_of(1);
	struct heap *h = heap_new();
	struct world *w = h->w;
	struct buf p = BUF_INIT;
	struct attest *at = mem_zero(1, sizeof(*at));
	struct audit *a;
	const struct entry *good;

	(void)state;
	world_epoch(w, ANA, &team, BOB, false);
	good = world_last(w, ANA, &team, 0);
	buf_put_bytes(&p, good->payload);
	p.p[0] = 0x96; /* says six, and is seven */
	world_write(w, ANA, &team, 0, KIND_EPOCH, buf_bytes(&p));
	buf_clear(&p);
	buf_put_bytes(&p, good->payload);
	for (size_t i = 0; i + 16 <= p.len; i++)
		if (memcmp(p.p + i, w->actors[BOB].id.b, 16) == 0)
			p.p[i - 1] = 15; /* the first reader's id is too short */
	world_write(w, ANA, &team, 0, KIND_EPOCH, buf_bytes(&p));
	buf_free(&p);
	world_open(w, ANA, &w->control, 0, NULL);
	at->delta = BYTES_STR("no extents");
	attest_encode(&p, at);
	world_write(w, ANA, &w->control, 0, KIND_ATTEST, buf_bytes(&p));
	mem_free(at);
	buf_free(&p);
	take_all(h);
	a = audited(h);
	assert_int_equal(findings(a, "A5"), 2);
	assert_int_equal(findings(a, "A9"), 0);
	audit_free(a);
	heap_free(h);
}

/* Nothing is found, and still it is not clean before it has come to its end. */
static void
an_audit_that_is_not_finished_is_not_clean(void **state)
{
	struct heap *h = heap_new();
	uint8_t print[32];
	struct audit *a;

	(void)state;
	take_all(h);
	fingerprint_of(h->w, print);
	a = audit_new(print);
	for (size_t i = 0; i < h->count; i++)
		assert_int_equal(audit_entry(a, &h->key[i], &h->entry[i], NULL), ERR_OK);
	assert_false(audit_clean(a));
	assert_int_equal(audit_finish(a, NULL), ERR_OK);
	assert_true(audit_clean(a));
	audit_free(a);
	heap_free(h);
}

static void
each_severity_has_its_word(void **state)
{
	(void)state;
	assert_string_equal(audit_severity_word(AUDIT_INFO), "info");
	assert_string_equal(audit_severity_word(AUDIT_WARNING), "warning");
	assert_string_equal(audit_severity_word(AUDIT_ERROR), "error");
}

static void
an_entry_of_any_other_log_is_found_wherever_it_differs(void **state)
{
	struct stream_id team = team_of(1);

	(void)state;
	for (int what = 0; what < 5; what++) {
		struct heap *h = heap_new();
		struct audit *a;
		size_t i;

		take_all(h);
		i = first_of(h, ANA, &team, 4);
		if (what == 0)
			h->entry[i].h.author.b[0] ^= 1;
		else if (what == 1)
			h->entry[i].h.stream.b[0] ^= 1;
		else if (what == 2)
			h->entry[i].h.inc.b[0] ^= 1;
		else if (what == 3)
			h->entry[i].h.plen = 0; /* no header of that is ever written */
		a = audited(h);
		CHECK_CASE("another log", says(a, "A2", "belongs to another log"), what < 3);
		CHECK_CASE("no header", says(a, "A2", "entry 4: ") && what == 3, what == 3);
		CHECK_CASE("clean", audit_clean(a), what == 4);
		audit_free(a);
		heap_free(h);
	}
}

/* A branch is named by its first entry. */
static void
a_branch_begins_with_the_entry_it_is_named_by(void **state)
{
	struct stream_id team = team_of(1);

	(void)state;
	for (int right = 0; right < 2; right++) {
		struct heap *h = heap_new();
		const struct entry *e, *last = world_last(h->w, BOB, &team, 0);
		struct log_key key;
		struct audit *a;

		take_all(h);
		e = beside_last(h->w, BOB, &team, KIND_DATA, BYTES_STR("another story"));
		key = key_of(e);
		key.is_branch = true;
		key.branch_seq = e->h.seq;
		key.branch_id = right ? e->id : last->id;
		put(h, &key, e);
		a = audited(h);
		CHECK_CASE("named by it", says(a, "A2", "not begin with the entry it is named by"), !right);
		assert_true(says(a, "A8", "no FORK entry proves it"));
		audit_free(a);
		heap_free(h);
	}
}

/* Kinds that belong to the other sort of stream; and an ADMIT that cannot be read, which org counts. */
static void
what_does_not_belong_into_a_stream_is_found(void **state)
{
	struct stream_id team = team_of(1);
	struct heap *h = heap_new();
	struct audit *a;

	(void)state;
	world_data(h->w, C1, &h->w->control, 0, 1);
	world_write(h->w, BOB, &team, 0, KIND_SEALKEY, BYTES_STR("?"));
	world_write(h->w, C1, &h->w->control, 0, KIND_ADMIT, BYTES_STR("?"));
	take_all(h);
	a = audited(h);
	assert_true(says(a, "A2", "/control: it carries kinds"));
	assert_int_equal(findings(a, "A2"), 2);
	assert_int_equal(findings(a, "A14"), 0);
	assert_true(says(a, "A3", "2 control entries"));
	audit_free(a);
	heap_free(h);
}

/* Two members' word, and a coordinator who keeps attesting: nothing to say of them. */
static void
who_attests_in_time_is_not_named(void **state)
{
	struct heap *h = heap_new();
	struct log_key log = key_of(&h->w->entries[0]), empty = log;
	struct audit *a;

	(void)state;
	empty.inc = inc_of(9);
	world_admit(h->w, ROOT, 0, C2, C2);
	world_grant(h->w, ROOT, 0, C2, ROLE_COORDINATOR, NULL, 2);
	attest_length(h->w, C1, 20000, &log, 1);
	attest_length(h->w, ANA, 20014, &log, 1);
	attest_length(h->w, ANA, 20013, &empty, 0); /* an earlier day; a log of which nothing is claimed */
	world_revoke(h->w, C1, 0, C2, NULL, 0);     /* who never attested, and is gone */
	take_all(h);
	a = audited(h);
	assert_int_equal(findings(a, "A11"), 0);
	assert_int_equal(findings(a, "A9"), 0);
	audit_free(a);
	attest_length(h->w, ANA, 20015, &log, 1);
	h->count = 0;
	take_all(h);
	a = audited(h);
	assert_true(says(a, "A11", "15 days before"));
	assert_int_equal(findings(a, "A11"), 1);
	audit_free(a);
	heap_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_that_is_wrong_is_named_for_what_it_is),
		cmocka_unit_test(short_of_memory_an_audit_ends_and_its_word_is_not_believed),
		cmocka_unit_test(a_finding_that_memory_lacks_ends_the_audit_wherever_it_is_made),
		cmocka_unit_test(a_finding_about_an_entry_is_made_or_the_audit_ends),
		cmocka_unit_test(of_gaps_without_end_the_first_are_named_and_the_rest_counted),
		cmocka_unit_test(without_a_genesis_the_rest_is_looked_through_all_the_same),
		cmocka_unit_test(what_only_begins_as_it_should_is_found),
		cmocka_unit_test(an_audit_that_is_not_finished_is_not_clean),
		cmocka_unit_test(each_severity_has_its_word),
		cmocka_unit_test(an_entry_of_any_other_log_is_found_wherever_it_differs),
		cmocka_unit_test(a_branch_begins_with_the_entry_it_is_named_by),
		cmocka_unit_test(what_does_not_belong_into_a_stream_is_found),
		cmocka_unit_test(who_attests_in_time_is_not_named),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
