/*
 * Memory may run out anywhere. What then holds everywhere in the layers that
 * decide: it is said, nothing is half done, and asked again it is done as if
 * nothing had been.
 */
#include "scarce.h"

#include "office.h"
#include "universe.h"

#include "log/extent.h"
#include "org/ack.h"
#include "org/attest.h"
#include "org/netkey.h"
#include "org/orders.h"

/* ---- organisations ---- */

/* What an evaluation comes to, as others could see it. */
static void
outcome(const struct world *w, const struct org *o, struct buf *out)
{
	uint8_t digest[16];

	org_digest(o, digest);
	buf_put(out, digest, sizeof(digest));
	buf_put_be64(out, org_skipped(o));
	buf_put_be64(out, org_device_count(o));
	buf_put_be64(out, org_team_count(o));
	buf_put_be64(out, org_grant_count(o));
	buf_put_be64(out, org_root_count(o));
	buf_put_be64(out, org_void_removals(o));
	for (size_t i = 0; i < w->count; i++) {
		const struct entry *e = &w->entries[i];
		struct log_key key;

		log_key_init(&key, &e->h.author, &e->h.stream, &e->h.inc);
		buf_put_be64(out, org_limit(o, &key));
		buf_put_be64(out, org_wanted(o, &key));
		buf_put_u8(out, org_effective(o, &key, e->h.seq));
		buf_put_u8(out, org_removal_counts(o, &e->id));
		buf_put_u8(out, org_speaks(o, &e->h.author));
	}
	assert_true(buf_ok(out));
}

/* Entries in two batches, each followed by an evaluation: as it is when somebody is met twice. */
static void
same_whatever_memory_lacks(struct world *w)
{
	struct org *calm = evaluated(w);
	struct buf want = BUF_INIT, got = BUF_INIT;

	outcome(w, calm, &want);
	org_free(calm);
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct org *o = org_new();

		if (o == NULL) {
			scarce_over(&s);
			assert_true(s.struck);
			continue;
		}
		org_set_holds(o, world_holds, w);
		for (size_t i = 0; i < w->count; i++) {
			SCARCE_STEP(&s, org_add(o, &w->entries[i], err));
			if (i == w->count / 2)
				SCARCE_STEP(&s, org_evaluate(o, err));
		}
		SCARCE_STEP(&s, org_evaluate(o, err));
		scarce_over(&s);
		buf_clear(&got);
		outcome(w, o, &got);
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.p, want.p, want.len);
		org_free(o);
	}
	buf_free(&want);
	buf_free(&got);
}

/* Everything there is to decide: two removals of one, a kill card, withdrawn grants, forks, adoptions, a new root. */
static struct world *
busy_office(void)
{
	struct world *w = office();
	struct stream_id team = team_of(1), box = team_of(2);
	struct control_op op = { .kind = KIND_SEALKEY };
	const struct entry *a;
	struct org *o;
	struct hash grants[3];
	struct cut cuts[2];
	size_t first_team;

	for (unsigned who = DEE; who <= X; who++)
		world_open(w, who, &team, 0, NULL); /* whom nobody has spoken of */
	world_grant(w, C1, 0, BOB, ROLE_ADVISOR, &team, 0); /* once more: two ways in */
	works(w, ANA, &team, 0, 2);
	works(w, BOB, &team, 0, 4);
	a = world_last(w, BOB, &team, 0);
	told_twice(w, C2, a, beside_last(w, BOB, &team, KIND_DATA, BYTES_STR("another story")));
	first_team = world_team(w, C1, 0, &box, 1, 1);
	world_team(w, C3, 0, &box, 2, 0);
	memset(op.u.sealkey.seal_pk, 3, 32);
	world_op(w, ANA, 0, &op);
	world_op(w, ANA, 1, &op);
	o = evaluated(w);
	grants[0] = grant_of(o, w, ANA, &team);
	grants[1] = w->entries[0].id; /* none, and remembered in case it comes to be one */
	grants[2] = grant_of(o, w, BOB, &team);
	org_free(o);
	cuts[0] = cut_at(&team, 0, world_last(w, ANA, &team, 0));
	op = (struct control_op){ .kind = KIND_UNGRANT };
	op.u.ungrant = (struct ungrant){ w->actors[ANA].id, team, 2, grants, 1, cuts };
	world_op(w, C3, 0, &op);
	op.u.ungrant = (struct ungrant){ w->actors[BOB].id, team, 1, &grants[2], 0, NULL };
	world_op(w, BOB, 0, &op);
	world_adopt(w, ANA, &team, 0, BOB, 0, 1, world_find(w, world_last(w, BOB, &team, 0)->h.prev.b, 32));
	cuts[0] = cut_at(&w->control, 0, world_last(w, C3, &w->control, 0));
	world_revoke(w, C1, 0, C3, cuts, 1);
	world_revoke(w, C2, 0, C3, cuts, 1);
	world_revoke(w, C1, 0, C2, NULL, 0);
	world_revoke(w, ANA, 0, ANA, NULL, 0);
	world_kill(w, BOB, 0, C2, cuts, 0);
	a = world_last(w, C1, &w->control, 0);
	told_twice(w, C2, a, beside_last(w, C1, &w->control, KIND_TEAM, w->entries[first_team].payload));
	cuts[0] = cut_at(&w->control, 0, world_last(w, ROOT, &w->control, 0));
	world_rotate(w, C1, 0, ROOT, FIRST_HEIR, cuts, 1);
	world_rotate(w, C1, 0, FIRST_HEIR, FIRST_HEIR + 1, NULL, 0);
	world_admit(w, FIRST_HEIR, 0, DEE, DEE);
	return w;
}

static void
an_organisation_comes_to_the_same_whatever_memory_lacks(void **state)
{
	struct world *w = busy_office();

	(void)state;
	same_whatever_memory_lacks(w);
	world_free(w);
}

/* Ten hands that one key has handed the root to. */
static void
a_contested_root_is_contested_whatever_memory_lacks(void **state)
{
	struct world *w = office();
	struct org *o;

	(void)state;
	for (unsigned to = ANA; to < WORLD_ACTORS; to++)
		world_rotate(w, C1, 0, ROOT, to, NULL, 0);
	o = evaluated(w);
	assert_int_equal(org_root_count(o), 1 + WORLD_ACTORS - ANA);
	assert_null(org_root(o));
	org_free(o);
	same_whatever_memory_lacks(w);
	world_free(w);
}

static void
an_organisation_made_by_chance_comes_to_the_same_whatever_memory_lacks(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct world *w = world_new();

		w->unsigned_entries = true;
		universe_make(w, seed, 50);
		same_whatever_memory_lacks(w);
		world_free(w);
	}
}

/* What it knew before is what it knows after; what fails in the second evaluation is not half of it. */
static void
an_evaluation_that_lacks_memory_leaves_the_one_before(void **state)
{
	struct world *w = busy_office();
	struct org *o = org_new();
	struct buf before = BUF_INIT, after = BUF_INIT, want = BUF_INIT;

	(void)state;
	org_set_holds(o, world_holds, w);
	for (size_t i = 0; i < w->count / 3; i++)
		assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK);
	assert_int_equal(org_evaluate(o, NULL), ERR_OK);
	for (size_t i = w->count / 3; i < w->count; i++)
		assert_int_equal(org_add(o, &w->entries[i], NULL), ERR_OK);
	org_digest(o, buf_add(&before, 16));
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct err err = ERR_INIT;
		bool done = scarce_done(&s, "evaluate", org_evaluate(o, &err), &err);

		scarce_over(&s);
		if (done)
			break; /* once it has succeeded there is no evaluation before it any more */
		buf_clear(&after);
		org_digest(o, buf_add(&after, 16));
		assert_memory_equal(after.p, before.p, 16);
	}
	buf_clear(&after);
	outcome(w, o, &after);
	org_free(o);
	o = evaluated(w);
	outcome(w, o, &want);
	assert_int_equal(want.len, after.len);
	assert_memory_equal(want.p, after.p, want.len);
	org_free(o);
	buf_free(&before);
	buf_free(&after);
	buf_free(&want);
	world_free(w);
}

static void
an_operation_is_read_whole_or_not_at_all(void **state)
{
	struct world *w = busy_office();

	(void)state;
	for (size_t i = 0; i < w->count; i++) {
		const struct entry *e = &w->entries[i];

		if (e->h.kind >= KIND_DATA && e->h.kind != KIND_TEAM_OPEN && e->h.kind != KIND_ADOPT)
			continue;
		for (struct scarce s = SCARCE; scarce_again(&s);) {
			struct buf again = BUF_INIT;
			struct err err = ERR_INIT;
			struct control_op op;

			if (scarce_done(&s, "decode", control_op_decode(&op, e->h.kind, e->payload, &err), &err)) {
				control_op_encode(&again, &op);
				if (buf_ok(&again)) {
					assert_int_equal(again.len, e->payload.len);
					assert_memory_equal(again.p, e->payload.p, again.len);
				}
				control_op_free(&op);
			}
			scarce_over(&s);
			assert_true(s.struck || again.len > 0);
			buf_free(&again);
		}
	}
	world_free(w);
}

/* How far the log of a root that has handed over counts is reckoned when it is asked: rather too little than too much. */
static void
a_question_that_lacks_memory_is_answered_with_less(void **state)
{
	struct world *w = busy_office();
	struct org *o = evaluated(w);
	struct log_key log = world_log(w, ROOT, &w->control, 0);
	uint64_t calm = org_limit(o, &log);

	(void)state;
	assert_true(calm > 0 && calm < UINT64_MAX);
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		uint64_t limit = org_limit(o, &log);

		scarce_over(&s);
		assert_int_equal(limit, s.struck ? 0 : calm);
	}
	org_free(o);
	world_free(w);
}

/* A signature needs all that is signed, or it is not made. */
static void
nothing_is_signed_that_memory_lacks_a_part_of(void **state)
{
	struct world *w = busy_office();
	struct cut cut = cut_at(&w->control, 0, world_last(w, C1, &w->control, 0));

	(void)state;
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct rootrot turn = { .rotation_pk = w->actors[ROOT].rot_pk, .new_root = w->actors[X].keys.sign_pk, .cut_count = 1, .cuts = &cut };
		struct rootrot blank = turn;
		struct revoke removal = { .dev = w->actors[BOB].id, .cut_count = 1, .cuts = &cut };
		uint8_t digest[32];
		bool turned = rootrot_sign(&turn, &w->org, w->actors[ROOT].rot_sk), killed = revoke_kill_digest(digest, &w->org, &removal);

		scarce_over(&s);
		assert_int_equal(s.struck, !turned || !killed);
		assert_int_equal(turned, memcmp(turn.rotation_sig, blank.rotation_sig, sizeof(turn.rotation_sig)) != 0);
	}
	world_free(w);
}

/* ---- orders to erase ---- */

static size_t
erasing(struct world *w, unsigned by, uint8_t kind, struct bytes payload)
{
	return world_write(w, by, &w->control, 0, kind, payload);
}

static bool
any_history(void *ctx, const struct log_key *log, uint64_t seq, const uint8_t head16[16])
{
	(void)ctx;
	(void)log;
	(void)seq;
	(void)head16;
	return true;
}

static struct erase_request
request_for(const struct world *w, struct erase_log logs[3], struct erase_range ranges[3])
{
	struct stream_id team = team_of(1);

	for (unsigned i = 0; i < 3; i++) {
		ranges[i] = (struct erase_range){ 1 + i, 2 + i, { 1 } };
		logs[i] = (struct erase_log){ w->actors[ANA].keys.sign_pk, team, inc_of(i), 1, &ranges[i] };
	}
	return (struct erase_request){ .log_count = 3, .logs = logs, .box = BYTES_STR("sealed") };
}

static void
an_order_to_erase_is_taken_whole_whatever_memory_lacks(void **state)
{
	struct world *w = office();
	struct erase_log logs[3];
	struct erase_range ranges[3];
	struct erase_request q = request_for(w, logs, ranges);
	struct erase_receipt receipt = { .gone = 2, .keys = true, .late = q };
	struct stream_id team = team_of(1);
	struct log_key log = world_log(w, ANA, &team, 2);
	struct buf payload = BUF_INIT;
	size_t first = w->count;
	struct org *org;

	(void)state;
	erase_request_encode(&payload, &q);
	erasing(w, C1, KIND_ERASE_REQ, buf_bytes(&payload));
	buf_clear(&payload);
	erase_ok_encode(&payload, &w->entries[first].id);
	erasing(w, C2, KIND_ERASE_OK, buf_bytes(&payload));
	buf_clear(&payload);
	receipt.request = w->entries[first].id;
	erase_receipt_encode(&payload, &receipt);
	erasing(w, ANA, KIND_RECEIPT, buf_bytes(&payload));
	buf_free(&payload);
	org = evaluated(w);
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct orders *o = orders_new();

		if (o == NULL) {
			scarce_over(&s);
			continue;
		}
		for (int round = 0; round < 2; round++) /* the second time it is there already */
			for (size_t i = first; i < w->count; i++) {
				struct log_key at = world_log(w, i == first ? C1 : i == first + 1 ? C2 : ANA, &w->control, 0);

				if (round == 0)
					SCARCE_STEP(&s, orders_add(o, &at, &w->entries[i], err));
				else
					assert_int_equal(orders_add(o, &at, &w->entries[i], NULL), ERR_OK);
				if (round == 0 && i + 1 == w->count)
					scarce_over(&s);
			}
		orders_refresh(o, org);
		assert_int_equal(orders_count(o), 1);
		assert_true(orders_at(o, 0)->approved);
		assert_true(orders_cover(o, org, &log, 3, any_history, NULL) && orders_cover(o, org, &log, 4, any_history, NULL));
		assert_false(orders_cover(o, org, &log, 2, any_history, NULL) || orders_cover(o, org, &log, 5, any_history, NULL));
		assert_non_null(orders_receipt_of(o, &receipt.request, &w->actors[ANA].keys.sign_pk));
		assert_null(orders_receipt_of(o, &receipt.request, &w->actors[BOB].keys.sign_pk));
		orders_free(o);
	}
	org_free(org);
	world_free(w);
}

static void
a_network_key_is_sealed_to_everybody_or_not_at_all(void **state)
{
	struct world *w = office();
	struct org *o = evaluated(w);
	struct seal_pair ephemeral;
	uint8_t key[32];

	(void)state;
	memset(key, 9, sizeof(key));
	memset(&ephemeral, 5, sizeof(ephemeral));
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		struct netkey k;
		bool done = scarce_done(&s, "netkey", netkey_make(&out, o, 1, key, &ephemeral, &err), &err);

		scarce_over(&s);
		assert_int_equal(done, !s.struck);
		if (done) {
			assert_int_equal(netkey_decode(&k, buf_bytes(&out), NULL), ERR_OK);
			assert_int_equal(k.count, org_device_count(o));
		}
		buf_free(&out);
	}
	org_free(o);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_organisation_comes_to_the_same_whatever_memory_lacks),
		cmocka_unit_test(a_contested_root_is_contested_whatever_memory_lacks),
		cmocka_unit_test(an_organisation_made_by_chance_comes_to_the_same_whatever_memory_lacks),
		cmocka_unit_test(an_evaluation_that_lacks_memory_leaves_the_one_before),
		cmocka_unit_test(an_operation_is_read_whole_or_not_at_all),
		cmocka_unit_test(a_question_that_lacks_memory_is_answered_with_less),
		cmocka_unit_test(nothing_is_signed_that_memory_lacks_a_part_of),
		cmocka_unit_test(an_order_to_erase_is_taken_whole_whatever_memory_lacks),
		cmocka_unit_test(a_network_key_is_sealed_to_everybody_or_not_at_all),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
