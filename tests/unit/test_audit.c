/*
 * proto/audit.md: each way to alter, hide or lose something gives the finding
 * that belongs to it, at its place, and an honest history gives none.
 */
#include "audited.h"

static void
an_honest_history_has_no_findings(void **state)
{
	struct world *w = audited_office();
	struct log_head heads[8];
	uint8_t root[32], want[32];
	struct audit_counts c;
	struct audit *a;
	size_t logs = 0;

	(void)state;
	a = audit_of(w);
	print_findings(a);
	assert_int_equal(audit_finding_count(a), 0);
	assert_true(audit_clean(a));
	c = audit_counts(a);
	assert_int_equal(c.entries, w->count);
	assert_int_equal(c.logs, 4);
	assert_int_equal(c.payloads_present, w->count);
	assert_int_equal(c.payloads_missing + c.payloads_erased, 0);
	assert_int_equal(c.members, 4);
	assert_int_equal(c.teams, 1);
	for (unsigned who = 0; who <= BOB; who++) {
		const struct stream_id team = team_of(1), *stream = who == ANA || who == BOB ? &team : &w->control;
		const struct entry *e = world_last(w, who, stream, 0);

		if (e == NULL)
			continue;
		memset(&heads[logs], 0, sizeof(heads[logs]));
		heads[logs].key = world_log(w, who, stream, 0);
		heads[logs].len = e->h.seq + 1;
		heads[logs++].head = e->id;
	}
	frontier_root(want, heads, logs);
	audit_frontier(a, root);
	assert_memory_equal(root, want, 32);
	audit_free(a);
	world_free(w);
}

/* Changes one entry, audits, changes it back: the check must find it at its place, whichever entry it was. */
static void
whatever_is_altered_is_found_at_its_place(void **state)
{
	enum way { SIGNATURE, HEADER, ID, PAYLOAD, LENGTH, PAYLOAD_GONE, SIGNATURE_GONE };
	static const struct { const char *name; enum way way; const char *check; } ways[] = {
		{ "a signature", SIGNATURE, "A2" },      { "a header", HEADER, "A2" },
		{ "an id", ID, "A2" },                   { "a payload", PAYLOAD, "A7" },
		{ "a payload's length", LENGTH, "A7" },  { "a payload lost", PAYLOAD_GONE, "A6" },
		{ "a signature lost", SIGNATURE_GONE, "A2" },
	};
	struct world *w = audited_office();

	(void)state;
	for (size_t k = 0; k < COUNT_OF(ways); k++)
		for (size_t i = 0; i < w->count; i++) {
			struct entry *e = &w->entries[i], kept = *e;
			uint8_t *payload = (uint8_t *)(uintptr_t)e->payload.p;
			const struct audit_finding *f = NULL;
			struct audit *a;

			switch (ways[k].way) {
			case SIGNATURE: e->sig[5] ^= 1; break;
			case HEADER: e->h.kind ^= 64; break;
			case ID: e->id.b[3] ^= 1; break;
			case PAYLOAD: payload[0] ^= 1; break;
			case LENGTH: e->payload.len--; break;
			case PAYLOAD_GONE: e->has_payload = false; break;
			case SIGNATURE_GONE: e->has_sig = false; break;
			}
			a = audit_of(w);
			CHECK_TRUE(ways[k].name, !audit_clean(a));
			for (size_t n = 0; n < audit_finding_count(a) && f == NULL; n++) {
				const struct audit_finding *at = audit_finding_at(a, n);

				if (strcmp(at->check, ways[k].check) == 0 && at->has_log &&
				    SAME(at->log.author, kept.h.author) && SAME(at->log.stream, kept.h.stream) &&
				    (!at->has_seq || at->seq == kept.h.seq))
					f = at;
			}
			CHECK_TRUE(ways[k].name, f != NULL);
			audit_free(a);
			if (ways[k].way == PAYLOAD)
				payload[0] ^= 1;
			*e = kept;
		}
	world_free(w);
}

static void
an_entry_taken_out_of_the_middle_breaks_the_chain(void **state)
{
	struct world *w = audited_office();
	struct stream_id team = team_of(1);
	struct entry *gap = (struct entry *)(uintptr_t)world_last(w, BOB, &team, 0) - 3, kept = *gap;
	struct audit *a;

	(void)state;
	memmove(gap, gap + 1, 3 * sizeof(*gap));
	w->count--;
	a = audit_of(w);
	assert_int_equal(findings(a, "A2"), 1);
	assert_non_null(strstr(audit_finding_at(a, 0)->text, "chain breaks"));
	assert_int_equal(audit_finding_at(a, 0)->seq, kept.h.seq + 1);
	audit_free(a);
	free((void *)(uintptr_t)kept.payload.p);
	world_free(w);
}

static void
an_organisation_that_is_not_the_one_on_paper_is_found(void **state)
{
	struct world *w = audited_office();
	uint8_t other[32] = { 1 };
	struct audit *a;

	(void)state;
	a = audit_new(other);
	feed(a, w);
	assert_int_equal(audit_finish(a, NULL), ERR_OK);
	assert_int_equal(findings(a, "A1"), 1);
	assert_int_equal(audit_finding_at(a, 0)->severity, AUDIT_ERROR);
	audit_free(a);

	a = audit_new(NULL);
	feed(a, w);
	assert_int_equal(audit_finish(a, NULL), ERR_OK);
	assert_int_equal(findings(a, "A1"), 1);
	assert_int_equal(audit_finding_at(a, 0)->severity, AUDIT_WARNING);
	audit_free(a);

	a = audit_new(other);
	assert_int_equal(audit_finish(a, NULL), ERR_OK);
	assert_int_equal(findings(a, "A1"), 1);
	assert_false(audit_clean(a));
	audit_free(a);
	world_free(w);
}

static void
a_device_nobody_admitted_is_found(void **state)
{
	struct world *w = audited_office();
	struct stream_id team = team_of(1);
	struct audit *a;

	(void)state;
	world_open(w, X, &team, 0, NULL);
	world_data(w, X, &team, 0, 2);
	a = audit_of(w);
	assert_int_equal(findings(a, "A2"), 1);
	assert_int_equal(findings(a, "A4"), 1); /* and what it wrote has no effect */
	audit_free(a);
	world_free(w);
}

static void
a_log_out_of_shape_is_found(void **state)
{
	struct world *w = audited_office();
	struct stream_id team = team_of(1);
	struct audit *a;

	(void)state;
	world_data(w, ANA, &team, 3, 1);  /* no OPEN */
	world_write(w, BOB, &team, 0, KIND_GRANT, BYTES_STR("x"));
	a = audit_of(w);
	assert_int_equal(findings(a, "A2"), 2);
	assert_int_equal(findings(a, "A3"), 1); /* a GRANT that is none */
	audit_free(a);
	world_free(w);
}

static void
a_removed_members_later_entries_are_counted_and_are_no_offence(void **state)
{
	struct world *w = audited_office();
	struct stream_id team = team_of(1);
	struct cut cut = cut_at(&team, 0, world_last(w, BOB, &team, 0) - 4);
	struct audit *a;

	(void)state;
	world_revoke(w, C1, 0, BOB, &cut, 1);
	a = audit_of(w);
	assert_int_equal(findings(a, "A4"), 1);
	assert_non_null(strstr(audit_finding_at(a, 0)->text, "4 of 10"));
	assert_true(audit_clean(a));
	assert_int_equal(audit_counts(a).members, 3);
	audit_free(a);
	world_free(w);
}

static void
forks_are_proved_or_asked_about(void **state)
{
	struct world *w = audited_office();
	struct stream_id team = team_of(1);
	const struct entry *base = world_last(w, BOB, &team, 0) - 1, *x = base + 1, *y;
	struct buf proof = BUF_INIT;
	struct fork_proof p;
	struct audit *a;

	(void)state;
	y = &w->entries[world_write_after(w, BOB, &team, 0, base, KIND_DATA, BYTES_STR("another story"))];
	a = audit_of(w);
	assert_int_equal(findings(a, "A8"), 1); /* held twice, and nobody said so */
	audit_free(a);

	fork_proof_make(&p, x, y);
	fork_proof_encode(&proof, &p);
	world_write(w, C1, &w->control, 0, KIND_FORK, buf_bytes(&proof));
	world_write(w, C1, &w->control, 0, KIND_FORK, buf_bytes(&proof)); /* said twice, reported once */
	a = audit_of(w);
	assert_int_equal(findings(a, "A8"), 1);
	assert_non_null(strstr(audit_finding_at(a, audit_finding_count(a) - 1)->text, "signed two different entries with the number 9;"));
	audit_free(a);

	proof.p[proof.len - 1] ^= 1;
	world_write(w, C1, &w->control, 0, KIND_FORK, buf_bytes(&proof));
	a = audit_of(w);
	assert_int_equal(findings(a, "A8"), 2);
	assert_int_equal(findings(a, "A3"), 1);
	audit_free(a);
	buf_free(&proof);
	world_free(w);
}

/* A replica holds both histories as branches of one name (proto/store.md, 4). */
static void
a_log_that_has_forked_is_counted_once(void **state)
{
	struct world *w = audited_office();
	struct stream_id team = team_of(1);
	const struct entry *base = world_last(w, BOB, &team, 0) - 1, *two[2] = { base + 1, NULL };
	struct log_key key;
	uint8_t print[32];
	struct audit *a;

	(void)state;
	two[1] = &w->entries[world_write_after(w, BOB, &team, 0, base, KIND_DATA, BYTES_STR("another story"))];
	two[0] = world_last(w, BOB, &team, 0);
	for (size_t i = 0; i < w->count; i++) /* the entries may have moved */
		if (SAME(w->entries[i].h.author, two[1]->h.author) && SAME(w->entries[i].h.stream, team) && w->entries[i].h.seq == two[1]->h.seq) {
			two[0] = &w->entries[i];
			break;
		}
	assert_ptr_not_equal(two[0], two[1]);
	fingerprint_of(w, print);
	a = audit_new(print);
	for (int control = 1; control >= 0; control--)
		for (size_t i = 0; i < w->count; i++) {
			const struct entry *e = &w->entries[i];

			if (e == two[0] || e == two[1] || SAME(e->h.stream, w->control) != (control == 1))
				continue;
			log_key_init(&key, &e->h.author, &e->h.stream, &e->h.inc);
			assert_int_equal(audit_entry(a, &key, e, NULL), ERR_OK);
		}
	for (int i = 0; i < 2; i++) {
		log_key_init(&key, &two[i]->h.author, &team, &two[i]->h.inc);
		key.is_branch = true;
		key.branch_seq = two[i]->h.seq;
		key.branch_id = two[i]->id;
		assert_int_equal(audit_entry(a, &key, two[i], NULL), ERR_OK);
	}
	assert_int_equal(audit_finish(a, NULL), ERR_OK);
	print_findings(a);
	assert_int_equal(findings(a, "A4"), 1);
	assert_non_null(strstr(audit_finding_at(a, 0)->text, "2 of 2 entries behind a fork have no effect; they stand in 2 histories"));
	assert_int_equal(findings(a, "A8"), 1);
	assert_false(audit_clean(a));
	assert_true(audit_verifies(a));
	audit_free(a);
	world_free(w);
}

static size_t
order_erasure(struct world *w, unsigned by, unsigned whose, uint64_t from, uint64_t to)
{
	struct stream_id team = team_of(1);
	struct inc inc = inc_of(0);
	struct erase_range range = { .from = from, .to = to };
	struct erase_log log = { w->actors[whose].keys.sign_pk, team, inc_of(0), 1, &range };
	struct erase_request q = { .log_count = 1, .logs = &log, .box = BYTES_STR("why") };
	struct buf out = BUF_INIT;
	size_t i;

	for (i = 0; i < w->count; i++) { /* of the entry that stands at `to` */
		const struct entry *e = &w->entries[i];

		if (e->h.seq == to && SAME(e->h.author, log.author) && SAME(e->h.stream, team) && SAME(e->h.inc, inc))
			memcpy(range.head16, e->id.b, sizeof(range.head16));
	}
	erase_request_encode(&out, &q);
	i = world_write(w, by, &w->control, 0, KIND_ERASE_REQ, buf_bytes(&out));
	buf_free(&out);
	return i;
}

static void
approve_erasure(struct world *w, unsigned by, size_t request)
{
	struct buf out = BUF_INIT;

	erase_ok_encode(&out, &w->entries[request].id);
	world_write(w, by, &w->control, 0, KIND_ERASE_OK, buf_bytes(&out));
	buf_free(&out);
}

/* Entries 3 to 6 of Bob's log have lost their payloads; orders of many kinds are given. */
static void
payloads_are_erased_only_by_two_members(void **state)
{
	static const struct {
		const char *name;
		unsigned asks, approves;
		uint64_t from, to, erased, missing;
	} cases[] = {
		{ "an advisor asks, a coordinator agrees", ANA, C1, 3, 6, 4, 0 },
		{ "more than is gone", ANA, C1, 0, 9, 4, 0 },
		{ "less than is gone", ANA, C1, 4, 5, 2, 2 },
		{ "beside what is gone", ANA, C1, 7, 9, 0, 4 },
		{ "nobody agrees", ANA, 0, 3, 6, 0, 4 },
		{ "an advisor agrees", ANA, DEE, 3, 6, 0, 4 },
		{ "a coordinator agrees with herself", C1, C1, 3, 6, 0, 4 },
		{ "a stranger asks", X, C1, 3, 6, 0, 4 },
	};
	struct stream_id team = team_of(1);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct world *w = audited_office();
		struct entry *last = (struct entry *)(uintptr_t)world_last(w, BOB, &team, 0);
		struct audit_counts c;
		struct audit *a;
		size_t request;

		for (int k = 3; k <= 6; k++)
			last[k - 9].has_payload = false;
		request = order_erasure(w, cases[i].asks, BOB, cases[i].from, cases[i].to);
		if (cases[i].approves != 0)
			approve_erasure(w, cases[i].approves, request);
		a = audit_of(w);
		c = audit_counts(a);
		CHECK_CASE(cases[i].name, c.payloads_erased, cases[i].erased);
		CHECK_CASE(cases[i].name, c.payloads_missing, cases[i].missing);
		CHECK_CASE(cases[i].name, findings(a, "A6") == 0, cases[i].missing == 0);
		audit_free(a);
		world_free(w);
	}
}

static void
what_is_attested_and_not_here_is_found_and_is_grave_after_a_week(void **state)
{
	struct world *w = audited_office();
	struct log_key control = { .is_branch = false };
	struct audit *a;

	(void)state;
	world_open(w, ANA, &w->control, 0, NULL);
	log_key_init(&control, &w->actors[C1].keys.sign_pk, &w->control, &(struct inc){ { 0 } });
	control.inc = inc_of(0);
	attest_length(w, ANA, 20000, &control, 1);
	attest_length(w, C1, 20000, &control, 1);
	a = audit_of(w);
	assert_int_equal(findings(a, "A9"), 0);
	assert_int_equal(findings(a, "A11"), 0);
	audit_free(a);
	attest_length(w, ANA, 20001, &control, 500);
	a = audit_of(w);
	assert_int_equal(findings(a, "A9"), 1);
	assert_int_equal(graver(a, "A9"), 0); /* it may be under way */
	audit_free(a);
	attest_length(w, C1, 20010, &control, 1);
	a = audit_of(w);
	assert_int_equal(graver(a, "A9"), 1);
	audit_free(a);
	world_free(w);
}

static void
devices_that_held_the_same_and_understood_it_differently_are_found(void **state)
{
	struct world *w = audited_office();
	struct audit *a;

	(void)state;
	world_open(w, ANA, &w->control, 0, NULL);
	write_attest(w, C1, 1, 1);
	write_attest(w, ANA, 1, 1);
	write_attest(w, ANA, 2, 2);
	a = audit_of(w);
	assert_int_equal(findings(a, "A3"), 0);
	audit_free(a);
	write_attest(w, ANA, 3, 1);
	world_write(w, ANA, &w->control, 0, KIND_ATTEST, BYTES_STR("x"));
	a = audit_of(w);
	assert_int_equal(findings(a, "A3"), 2);
	audit_free(a);
	world_free(w);
}

/* proto/sync.md, 8 "Leaving": the word stands behind the OPEN, and holds until its incarnation writes on. */
static void
a_word_of_leaving_is_told_and_an_empty_attest_elsewhere_is_asked_about(void **state)
{
	struct world *w = audited_office();
	struct audit *a;

	(void)state;
	world_open(w, DEE, &w->control, 0, NULL);
	attest_nothing(w, DEE);
	a = audit_of(w);
	assert_int_equal(findings(a, "A9"), 1);
	assert_int_equal(graver(a, "A9"), 0);
	assert_non_null(strstr(audit_finding_at(a, 0)->text, "has said that it leaves"));
	audit_free(a);
	attest_nothing(w, DEE); /* it has written on: the word is taken back, and this is none */
	a = audit_of(w);
	assert_int_equal(findings(a, "A9"), 1);
	assert_int_equal(graver(a, "A9"), 1);
	audit_free(a);
	world_free(w);
}

/* Ana has written in her team under the incarnation in which she would leave. */
static void
who_goes_on_writing_elsewhere_is_not_leaving(void **state)
{
	struct world *w = audited_office();
	struct audit *a;

	(void)state;
	world_open(w, ANA, &w->control, 0, NULL);
	attest_nothing(w, ANA);
	a = audit_of(w);
	assert_int_equal(findings(a, "A9"), 0);
	audit_free(a);
	world_free(w);
}

static void
keys_not_held_and_teams_granted_to_oneself_are_found(void **state)
{
	struct world *w = audited_office();
	struct control_op op = { .kind = KIND_ADMIT, .u.admit = w->actors[EVE].request.keys };
	struct stream_id team = team_of(1);
	struct audit *a;

	(void)state;
	op.u.admit.possession_sig[0] ^= 1;
	world_op(w, C1, 0, &op);
	world_grant(w, C1, 0, C1, ROLE_ADVISOR, &team, 0);
	a = audit_of(w);
	assert_int_equal(findings(a, "A14"), 1);
	assert_int_equal(findings(a, "A13"), 1);
	audit_free(a);
	world_free(w);
}

static void
a_drop_box_sealed_to_an_adviser_is_found(void **state)
{
	struct world *w = audited_office();
	struct stream_id team = team_of(1), box = team_of(2);
	struct audit *a;

	(void)state;
	world_team(w, C1, 0, &box, 1, 1);
	works(w, ANA, &box, 0, 1);
	world_epoch(w, ANA, &box, C1, true);    /* as it should be: a writer makes one for the coordinators */
	world_epoch(w, ANA, &team, BOB, false); /* and a team's */
	a = audit_of(w);
	assert_int_equal(findings(a, "A5"), 0);
	audit_free(a);
	world_epoch(w, ANA, &box, BOB, true);
	a = audit_of(w);
	assert_int_equal(findings(a, "A5"), 1);
	audit_free(a);
	world_epoch(w, ANA, &box, C1, false);
	world_epoch(w, ANA, &team, BOB, true);
	world_write(w, ANA, &team, 0, KIND_EPOCH, BYTES_STR("?"));
	a = audit_of(w);
	assert_int_equal(findings(a, "A5"), 4);
	audit_free(a);
	world_free(w);
}

/* A whole replica of rubbish: the findings stay few and the count tells. */
static void
findings_are_kept_within_bounds(void **state)
{
	struct world *w = audited_office();
	struct stream_id team = team_of(1);
	struct audit *a;

	(void)state;
	world_data(w, ANA, &team, 0, AUDIT_FINDINGS_MAX + 100);
	for (size_t i = w->count - AUDIT_FINDINGS_MAX - 100; i < w->count; i++)
		w->entries[i].sig[0] ^= 1;
	a = audit_of(w);
	assert_int_equal(audit_finding_count(a), AUDIT_FINDINGS_MAX);
	assert_int_equal(audit_counts(a).findings_left_out, 100);
	audit_free(a);
	world_free(w);
}

/* However many facts there are to read: nothing is wrong with the replica. */
static void
facts_beyond_the_bounds_are_no_reason_to_ask(void **state)
{
	struct world *w = audited_office();
	uint8_t print[32];

	(void)state;
	fingerprint_of(w, print);
	for (int worst = AUDIT_INFO; worst <= AUDIT_ERROR; worst++) {
		struct audit *a = audit_new(print);

		feed(a, w);
		for (int i = 0; i <= AUDIT_FINDINGS_MAX; i++)
			assert_int_equal(audit_note(a, "A9", i < AUDIT_FINDINGS_MAX ? AUDIT_INFO : (enum audit_severity)worst, "A fact.", NULL), ERR_OK);
		assert_int_equal(audit_finish(a, NULL), ERR_OK);
		assert_int_equal(audit_counts(a).findings_left_out, 1);
		assert_int_equal(audit_clean(a), worst == AUDIT_INFO);
		assert_int_equal(audit_verifies(a), worst != AUDIT_ERROR);
		audit_free(a);
	}
	world_free(w);
}

static void
a_source_may_report_what_it_cannot_read(void **state)
{
	struct audit *a = audit_new(NULL);

	(void)state;
	assert_int_equal(audit_note(a, "A2", AUDIT_ERROR, "The bundle ends early.", NULL), ERR_OK);
	assert_int_equal(audit_note(a, "A99", AUDIT_ERROR, "?", NULL), ERR_INVALID);
	assert_int_equal(audit_finish(a, NULL), ERR_OK);
	assert_int_equal(findings(a, "A2"), 1);
	audit_free(a);
}

static void
running_out_of_memory_is_an_error_and_no_finding(void **state)
{
	struct world *w = audited_office();
	uint8_t print[32];
	enum err_code rc;

	(void)state;
	fingerprint_of(w, print);
	for (long n = 0;; n++) {
		struct audit *a;

		mem_fail_after(n, 0);
		a = audit_new(print);
		rc = a == NULL ? ERR_NO_MEMORY : ERR_OK;
		for (size_t i = 0; i < w->count && rc == ERR_OK; i++) {
			struct log_key key;

			log_key_init(&key, &w->entries[i].h.author, &w->entries[i].h.stream, &w->entries[i].h.inc);
			rc = audit_entry(a, &key, &w->entries[i], NULL);
		}
		if (rc == ERR_OK)
			rc = audit_finish(a, NULL);
		mem_fail_after(-1, 0);
		if (rc == ERR_OK)
			assert_int_equal(audit_finding_count(a), 0);
		else
			assert_int_equal(rc, ERR_NO_MEMORY);
		audit_free(a);
		if (rc == ERR_OK)
			break;
	}
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_honest_history_has_no_findings),
		cmocka_unit_test(whatever_is_altered_is_found_at_its_place),
		cmocka_unit_test(an_entry_taken_out_of_the_middle_breaks_the_chain),
		cmocka_unit_test(an_organisation_that_is_not_the_one_on_paper_is_found),
		cmocka_unit_test(a_device_nobody_admitted_is_found),
		cmocka_unit_test(a_log_out_of_shape_is_found),
		cmocka_unit_test(a_removed_members_later_entries_are_counted_and_are_no_offence),
		cmocka_unit_test(a_log_that_has_forked_is_counted_once),
		cmocka_unit_test(forks_are_proved_or_asked_about),
		cmocka_unit_test(payloads_are_erased_only_by_two_members),
		cmocka_unit_test(devices_that_held_the_same_and_understood_it_differently_are_found),
		cmocka_unit_test(what_is_attested_and_not_here_is_found_and_is_grave_after_a_week),
		cmocka_unit_test(a_word_of_leaving_is_told_and_an_empty_attest_elsewhere_is_asked_about),
		cmocka_unit_test(who_goes_on_writing_elsewhere_is_not_leaving),
		cmocka_unit_test(keys_not_held_and_teams_granted_to_oneself_are_found),
		cmocka_unit_test(a_drop_box_sealed_to_an_adviser_is_found),
		cmocka_unit_test(findings_are_kept_within_bounds),
		cmocka_unit_test(facts_beyond_the_bounds_are_no_reason_to_ask),
		cmocka_unit_test(a_source_may_report_what_it_cannot_read),
		cmocka_unit_test(running_out_of_memory_is_an_error_and_no_finding),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
