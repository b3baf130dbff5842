/*
 * proto/org.md, 9: which orders to erase are approved, and what they cover,
 * asked of the ledger alone.
 */
#include "office.h"

#include "log/extent.h"
#include "org/ack.h"
#include "org/orders.h"

struct desk {
	struct world *w;
	struct orders *o;
	struct erase_log logs[4];
	struct erase_range ranges[8];
};

static void
desk_init(struct desk *d)
{
	d->w = office();
	d->o = orders_new();
	assert_non_null(d->o);
}

static void
desk_end(struct desk *d)
{
	orders_free(d->o);
	world_free(d->w);
}

/* Two histories of a log that has forked; what is named is of the first. */
enum { HERE = 1, ELSEWHERE };

/* Entries 3 and 4 of Bob's log, and 7 of Ana's. */
static struct erase_request
usual(struct desk *d)
{
	d->ranges[0] = (struct erase_range){ 7, 7, { HERE } };
	d->ranges[1] = (struct erase_range){ 3, 4, { HERE } };
	d->logs[0] = (struct erase_log){ d->w->actors[ANA].keys.sign_pk, team_of(1), inc_of(0), 1, &d->ranges[0] };
	d->logs[1] = (struct erase_log){ d->w->actors[BOB].keys.sign_pk, team_of(1), inc_of(0), 1, &d->ranges[1] };
	if (memcmp(d->logs[0].author.b, d->logs[1].author.b, 32) > 0) {
		struct erase_log first = d->logs[0];

		d->logs[0] = d->logs[1];
		d->logs[1] = first;
	}
	return (struct erase_request){ .log_count = 2, .logs = d->logs, .box = BYTES_STR("sealed") };
}

static const struct entry *
write_kind(struct desk *d, unsigned by, uint8_t kind, struct buf *payload)
{
	size_t i = world_write(d->w, by, &d->w->control, 0, kind, buf_bytes(payload));
	struct log_key log = world_log(d->w, by, &d->w->control, 0);

	buf_free(payload);
	assert_int_equal(orders_add(d->o, &log, &d->w->entries[i], NULL), ERR_OK);
	return &d->w->entries[i];
}

static struct hash
asks(struct desk *d, unsigned by)
{
	struct erase_request q = usual(d);
	struct buf payload = BUF_INIT;

	erase_request_encode(&payload, &q);
	return write_kind(d, by, KIND_ERASE_REQ, &payload)->id;
}

static void
approves(struct desk *d, unsigned by, const struct hash *request)
{
	struct buf payload = BUF_INIT;

	erase_ok_encode(&payload, request);
	write_kind(d, by, KIND_ERASE_OK, &payload);
}

/* Deleted, and besides it the late entry 9 of Bob's log. */
static void
confirms(struct desk *d, unsigned by, const struct hash *request)
{
	struct erase_range late = { 9, 9, { HERE } };
	struct erase_log log = { d->w->actors[BOB].keys.sign_pk, team_of(1), inc_of(0), 1, &late };
	struct erase_receipt receipt = { .request = *request, .gone = 3, .keys = true, .late = { .log_count = 1, .logs = &log } };
	struct buf payload = BUF_INIT;

	erase_receipt_encode(&payload, &receipt);
	write_kind(d, by, KIND_RECEIPT, &payload);
}

static struct org *
judged(struct desk *d)
{
	struct org *org = evaluated(d->w);

	orders_refresh(d->o, org);
	return org;
}

static bool
approved(struct desk *d)
{
	struct org *org = judged(d);
	bool yes = orders_at(d->o, 0)->approved;

	org_free(org);
	return yes;
}

/* The ids of a history all begin with one byte, that of its name. */
static bool
is_of_history(void *ctx, const struct log_key *log, uint64_t seq, const uint8_t head16[16])
{
	const uint8_t *history = ctx;

	(void)log;
	(void)seq;
	return head16[0] == *history;
}

static bool
covers_of(struct desk *d, uint8_t history, unsigned whose, unsigned inc, uint64_t seq)
{
	struct org *org = judged(d);
	struct stream_id team = team_of(1);
	struct log_key log = world_log(d->w, whose, &team, inc);
	bool yes = orders_cover(d->o, org, &log, seq, is_of_history, &history);

	org_free(org);
	return yes;
}

static bool
covers(struct desk *d, unsigned whose, unsigned inc, uint64_t seq)
{
	assert_false(covers_of(d, ELSEWHERE, whose, inc, seq)); /* whatever it is, of the other history nothing */
	return covers_of(d, HERE, whose, inc, seq);
}

static void
an_order_covers_the_entries_it_names_and_no_others(void **state)
{
	static const struct { const char *name; unsigned whose, inc; uint64_t seq; bool want; } cases[] = {
		{ "before the range", BOB, 0, 2, false }, { "its first", BOB, 0, 3, true },    { "its last", BOB, 0, 4, true },
		{ "after the range", BOB, 0, 5, false },  { "another log", ANA, 0, 3, false }, { "the other log", ANA, 0, 7, true },
		{ "another incarnation", BOB, 1, 3, false }, { "nobody's log", EVE, 0, 3, false },
	};
	struct desk d;
	struct hash id;

	(void)state;
	desk_init(&d);
	id = asks(&d, C1);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_TRUE(cases[i].name, !covers(&d, cases[i].whose, cases[i].inc, cases[i].seq)); /* not approved yet */
	approves(&d, C2, &id);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_CASE(cases[i].name, covers(&d, cases[i].whose, cases[i].inc, cases[i].seq), cases[i].want);
	desk_end(&d);
}

static void
an_approval_is_a_coordinators_of_another_member(void **state)
{
	static const struct { const char *name; unsigned asked, ok; bool want; } cases[] = {
		{ "another coordinator", ANA, C1, true },  { "a coordinator of lower rank", C1, C3, true },
		{ "an adviser", C1, ANA, false },          { "whoever asked", C1, C1, false },
		{ "a device nobody knows", C1, EVE, false }, { "asked by a device nobody knows", EVE, C1, false },
		{ "a coordinator's other device", C1, DEE, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct desk d;
		struct hash id;

		desk_init(&d);
		world_admit(d.w, ROOT, 0, DEE, C1); /* a second device of the same member */
		world_grant(d.w, ROOT, 0, DEE, ROLE_COORDINATOR, NULL, 1);
		id = asks(&d, cases[i].asked);
		approves(&d, cases[i].ok, &id);
		CHECK_CASE(cases[i].name, approved(&d), cases[i].want);
		desk_end(&d);
	}
}

static void
an_approval_of_another_order_approves_nothing_here(void **state)
{
	struct desk d;
	struct hash other = { { 1 } };

	(void)state;
	desk_init(&d);
	(void)asks(&d, C1);
	approves(&d, C2, &other);
	assert_false(approved(&d));
	desk_end(&d);
}

static void
of_several_approvals_the_smallest_key_is_named_in_any_order(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		struct desk d;
		struct hash id;
		struct org *org;
		const struct author *c2, *c3;

		desk_init(&d);
		c2 = &d.w->actors[C2].keys.sign_pk;
		c3 = &d.w->actors[C3].keys.sign_pk;
		id = asks(&d, C1);
		approves(&d, turn == 0 ? C2 : C3, &id);
		approves(&d, turn == 0 ? C3 : C2, &id);
		org = judged(&d);
		assert_true(orders_at(d.o, 0)->approved);
		assert_memory_equal(orders_at(d.o, 0)->approved_by.b, (memcmp(c2->b, c3->b, 32) < 0 ? c2 : c3)->b, 32);
		org_free(org);
		desk_end(&d);
	}
}

/* What its author was cut off from before it counts for nothing; a fork takes no order back. */
static void
an_order_stands_as_far_as_its_author_does(void **state)
{
	struct desk d;
	struct hash id;
	struct cut cut;

	(void)state;
	desk_init(&d);
	world_admit(d.w, C3, 0, DEE, DEE);
	cut = cut_at(&d.w->control, 0, world_last(d.w, C3, &d.w->control, 0));
	id = asks(&d, C3);
	approves(&d, C1, &id);
	assert_true(approved(&d));
	world_revoke(d.w, C1, 0, C3, &cut, 1);
	assert_false(approved(&d));
	desk_end(&d);

	desk_init(&d);
	world_admit(d.w, C3, 0, DEE, DEE);
	cut = cut_at(&d.w->control, 0, world_last(d.w, C3, &d.w->control, 0));
	id = asks(&d, C1);
	approves(&d, C3, &id);
	assert_true(approved(&d));
	world_revoke(d.w, C1, 0, C3, &cut, 1);
	assert_false(approved(&d));
	desk_end(&d);
}

static void
a_fork_takes_no_order_back(void **state)
{
	struct desk d;
	struct control_op op = { .kind = KIND_SEALKEY };
	struct buf payload = BUF_INIT;
	const struct entry *a, *b;
	struct hash id;

	(void)state;
	desk_init(&d);
	id = asks(&d, C1);
	a = world_last(d.w, C1, &d.w->control, 0);
	control_op_encode(&payload, &op);
	b = beside_last(d.w, C1, &d.w->control, KIND_SEALKEY, buf_bytes(&payload));
	buf_free(&payload);
	approves(&d, C2, &id);
	assert_true(approved(&d));
	told_twice(d.w, C2, a, b);
	assert_true(approved(&d));
	/* But of who is cut to nothing not even a fork lets anything stand. */
	world_revoke(d.w, ROOT, 0, C1, NULL, 0);
	assert_false(approved(&d));
	desk_end(&d);
}

static void
late_entries_go_on_the_word_of_two_members_who_may_read_them(void **state)
{
	static const struct { const char *name; unsigned first, second; bool approved, want; } cases[] = {
		{ "two readers", ANA, BOB, true, true },
		{ "one reader twice", ANA, ANA, true, false },
		{ "two devices of one member", ANA, DEE, true, false },
		{ "a reader and one who does not read", ANA, C2, true, false },
		{ "a reader and a stranger", ANA, EVE, true, false },
		{ "two readers, of an order nobody approved", ANA, BOB, false, false },
	};
	struct stream_id team = team_of(1);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct desk d;
		struct hash id, other;

		desk_init(&d);
		world_admit(d.w, C1, 0, DEE, ANA);
		world_grant(d.w, C1, 0, DEE, ROLE_ADVISOR, &team, 0);
		id = asks(&d, C1);
		approves(&d, C2, &id);
		other = cases[i].approved ? id : asks(&d, C2);
		confirms(&d, cases[i].first, &other);
		CHECK_TRUE(cases[i].name, !covers(&d, BOB, 0, 9));
		confirms(&d, cases[i].second, &other);
		CHECK_CASE(cases[i].name, covers(&d, BOB, 0, 9), cases[i].want);
		CHECK_TRUE(cases[i].name, covers(&d, BOB, 0, 3) && !covers(&d, BOB, 0, 10));
		desk_end(&d);
	}
}

/* One reader's word is reason enough to call an entry late, and not to erase it. */
static void
one_readers_word_calls_an_entry_late(void **state)
{
	static const struct { const char *name; unsigned by; bool approved, late; } cases[] = {
		{ "a reader", ANA, true, true },
		{ "who does not read", C2, true, false },
		{ "of an order nobody approved", ANA, false, false },
	};
	struct stream_id team = team_of(1);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct desk d;
		struct log_key log, other;
		struct hash id;
		struct org *org;
		uint8_t here = HERE;

		desk_init(&d);
		id = asks(&d, C1);
		if (cases[i].approved)
			approves(&d, C2, &id);
		confirms(&d, cases[i].by, &id);
		org = judged(&d);
		log = world_log(d.w, BOB, &team, 0);
		other = world_log(d.w, BOB, &team, 1);
		CHECK_CASE(cases[i].name, orders_call_late(d.o, org, &log, 9, is_of_history, &here), cases[i].late);
		CHECK_TRUE(cases[i].name, !orders_call_late(d.o, org, &log, 8, is_of_history, &here));
		CHECK_TRUE(cases[i].name, !orders_call_late(d.o, org, &other, 9, is_of_history, &here));
		CHECK_TRUE(cases[i].name, !orders_cover(d.o, org, &log, 9, is_of_history, &here));
		org_free(org);
		desk_end(&d);
	}
}

/* What a receipt says that was written beyond its author's cut is not heard. */
static void
a_receipt_beyond_a_cut_is_not_heard(void **state)
{
	struct desk d;
	struct hash id;
	struct cut cuts[1];

	(void)state;
	desk_init(&d);
	world_op(d.w, BOB, 0, &(struct control_op){ .kind = KIND_SEALKEY });
	cuts[0] = cut_at(&d.w->control, 0, world_last(d.w, BOB, &d.w->control, 0));
	id = asks(&d, C1);
	approves(&d, C2, &id);
	confirms(&d, ANA, &id);
	confirms(&d, BOB, &id);
	assert_true(covers(&d, BOB, 0, 9));
	world_revoke(d.w, C1, 0, BOB, cuts, 1);
	assert_false(covers(&d, BOB, 0, 9));
	desk_end(&d);
}

static void
count_range(void *ctx, const struct erase_log *log, struct erase_range range)
{
	(void)log;
	*(uint64_t *)ctx += range.to - range.from + 1;
}

static void
what_may_be_covered_is_what_approved_orders_and_receipts_name(void **state)
{
	struct desk d;
	struct hash id;
	uint64_t entries = 0;

	(void)state;
	desk_init(&d);
	id = asks(&d, C1);
	confirms(&d, ANA, &id);
	org_free(judged(&d));
	orders_each_range(d.o, count_range, &entries);
	assert_int_equal(entries, 0);
	approves(&d, C2, &id);
	(void)asks(&d, C2); /* another, of which nobody has said a word */
	org_free(judged(&d));
	orders_each_range(d.o, count_range, &entries);
	assert_int_equal(entries, 3 + 1);
	desk_end(&d);
}

/* An entry whose payload is not here, or of another kind, is no order yet; one that cannot be read is refused. */
static void
only_what_is_an_order_becomes_one(void **state)
{
	struct desk d;
	struct log_key log;
	struct entry e;
	struct buf payload = BUF_INIT;
	static const uint8_t kinds[] = { KIND_ERASE_REQ, KIND_ERASE_OK, KIND_RECEIPT };

	(void)state;
	desk_init(&d);
	log = world_log(d.w, C1, &d.w->control, 0);
	e = *world_last(d.w, C1, &d.w->control, 0);
	assert_int_equal(orders_add(d.o, &log, &e, NULL), ERR_OK);
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct err err = ERR_INIT;

		wr_array(&payload, 1);
		wr_nil(&payload);
		world_write(d.w, C1, &d.w->control, 0, kinds[i], buf_bytes(&payload));
		buf_free(&payload);
		e = d.w->entries[d.w->count - 1];
		assert_int_equal(orders_add(d.o, &log, &e, &err), ERR_MALFORMED);
		assert_string_not_equal(err.text, "");
		e.has_payload = false;
		assert_int_equal(orders_add(d.o, &log, &e, NULL), ERR_OK);
	}
	assert_int_equal(orders_count(d.o), 0);
	desk_end(&d);
}

/* A set of entries has one encoding, and every other is refused. */
static void
an_order_has_one_encoding(void **state)
{
	static const struct { const char *name; int first, second; struct erase_range ranges[2]; size_t count; enum err_code want; } cases[] = {
		{ "two logs", 0, 1, { { 1, 2, { 1 } }, { 4, 4, { 1 } } }, 2, ERR_OK },
		{ "a log twice", 0, 0, { { 1, 2, { 1 } }, { 4, 4, { 1 } } }, 2, ERR_MALFORMED },
		{ "logs the wrong way round", 1, 0, { { 1, 2, { 1 } }, { 4, 4, { 1 } } }, 2, ERR_MALFORMED },
		{ "incarnations", 0, 2, { { 1, 2, { 1 } }, { 4, 4, { 1 } } }, 2, ERR_OK },
		{ "incarnations the wrong way round", 2, 0, { { 1, 2, { 1 } }, { 4, 4, { 1 } } }, 2, ERR_MALFORMED },
		{ "streams", 0, 3, { { 1, 2, { 1 } }, { 4, 4, { 1 } } }, 2, ERR_OK },
		{ "streams the wrong way round", 3, 0, { { 1, 2, { 1 } }, { 4, 4, { 1 } } }, 2, ERR_MALFORMED },
		{ "a range backwards", 0, 1, { { 2, 1, { 1 } }, { 4, 4, { 1 } } }, 2, ERR_MALFORMED },
		{ "ranges that touch", 0, 1, { { 1, 2, { 1 } }, { 3, 4, { 1 } } }, 2, ERR_OK },
		{ "of two histories", 0, 1, { { 1, 2, { 1 } }, { 1, 2, { 2 } } }, 2, ERR_OK },
		{ "of two histories the wrong way round", 0, 1, { { 1, 2, { 2 } }, { 1, 2, { 1 } } }, 2, ERR_MALFORMED },
		{ "a range twice", 0, 1, { { 1, 2, { 1 } }, { 1, 2, { 1 } } }, 2, ERR_MALFORMED },
		{ "no range", 0, 1, { { 0, 0, { 1 } } }, 0, ERR_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct erase_log places[4], pair[2];
		struct erase_range ranges[2];
		struct erase_request q = { .log_count = 2, .logs = pair, .box = BYTES_STR("sealed") }, back;
		struct buf out = BUF_INIT;

		memset(places, 0, sizeof(places));
		places[1].author.b[31] = 1;
		places[2].inc.b[0] = 1;
		places[3].stream.b[0] = 1;
		memcpy(ranges, cases[i].ranges, sizeof(ranges));
		pair[0] = places[cases[i].first];
		pair[1] = places[cases[i].second];
		for (int k = 0; k < 2; k++) {
			pair[k].range_count = cases[i].count;
			pair[k].ranges = ranges;
		}
		erase_request_encode(&out, &q);
		CHECK_CASE(cases[i].name, erase_request_decode(&back, buf_bytes(&out), NULL), cases[i].want);
		if (cases[i].want == ERR_OK) {
			assert_int_equal(back.range_count, 2 * cases[i].count);
			erase_request_free(&back);
		}
		for (size_t len = 0; len < out.len; len++)
			CHECK_CASE("cut short", erase_request_decode(&back, BYTES(out.p, len), NULL), ERR_MALFORMED);
		buf_free(&out);
	}
}

static void
an_ack_lists_extents_and_nothing_else(void **state)
{
	struct ack ack = { .n = 7 }, back;
	struct extent e = { .len = 300 };
	struct buf delta = BUF_INIT, out = BUF_INIT;

	(void)state;
	extent_put(&delta, &e);
	extent_put(&delta, &e);
	for (size_t len = 0; len <= delta.len; len++) {
		ack.delta = BYTES(delta.p, len);
		buf_clear(&out);
		ack_encode(&out, &ack);
		CHECK_CASE("so many bytes", ack_decode(&back, buf_bytes(&out), NULL), len % (delta.len / 2) == 0 ? ERR_OK : ERR_MALFORMED);
	}
	buf_put_u8(&out, 0);
	assert_int_equal(ack_decode(&back, buf_bytes(&out), NULL), ERR_MALFORMED);
	buf_free(&delta);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_covers_the_entries_it_names_and_no_others),
		cmocka_unit_test(an_approval_is_a_coordinators_of_another_member),
		cmocka_unit_test(an_approval_of_another_order_approves_nothing_here),
		cmocka_unit_test(of_several_approvals_the_smallest_key_is_named_in_any_order),
		cmocka_unit_test(an_order_stands_as_far_as_its_author_does),
		cmocka_unit_test(a_fork_takes_no_order_back),
		cmocka_unit_test(late_entries_go_on_the_word_of_two_members_who_may_read_them),
		cmocka_unit_test(one_readers_word_calls_an_entry_late),
		cmocka_unit_test(a_receipt_beyond_a_cut_is_not_heard),
		cmocka_unit_test(what_may_be_covered_is_what_approved_orders_and_receipts_name),
		cmocka_unit_test(only_what_is_an_order_becomes_one),
		cmocka_unit_test(an_order_has_one_encoding),
		cmocka_unit_test(an_ack_lists_extents_and_nothing_else),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
