/*
 * proto/org.md, 3: one encoding for one operation, one for a request to join,
 * one for an order to erase.
 */
#include "office.h"

static void
operations_read_back_as_they_were_written(void **state)
{
	struct world *w = office();
	struct stream_id team = team_of(1), other = team_of(2);
	struct cut cuts[2] = { cut_at(&team, 1, &w->entries[3]), cut_at(&other, 0, &w->entries[2]) };
	struct hash grants[2] = { w->entries[3].id, w->entries[1].id };
	struct control_op op = { .kind = KIND_UNGRANT };

	(void)state;
	world_kill(w, C3, 0, BOB, cuts, 2);
	op.u.ungrant = (struct ungrant){ w->actors[BOB].id, team, 2, grants, 2, cuts };
	world_op(w, C1, 0, &op);
	op = (struct control_op){ .kind = KIND_SEALKEY };
	world_op(w, BOB, 0, &op);
	world_open(w, BOB, &team, 0, NULL);
	world_adopt(w, ANA, &team, 0, BOB, 0, 0, &w->entries[w->count - 1]);
	for (size_t i = 0; i < w->count; i++) {
		struct bytes payload = w->entries[i].payload;
		struct buf again = BUF_INIT;

		assert_int_equal(control_op_decode(&op, w->entries[i].h.kind, payload, NULL), ERR_OK);
		control_op_encode(&again, &op);
		CHECK_TRUE("the same bytes", bytes_equal(buf_bytes(&again), payload));
		control_op_free(&op);
		buf_free(&again);
		for (size_t cut = 0; cut < payload.len; cut++)
			CHECK_CASE("cut short", control_op_decode(&op, w->entries[i].h.kind, BYTES(payload.p, cut), NULL),
			           ERR_MALFORMED);
	}
	world_free(w);
}

static void
grants_that_mean_nothing_do_not_decode(void **state)
{
	static const struct { const char *name; uint8_t tail[3]; enum err_code want; } cases[] = {
		{ "coordinator of rank 1", { 1, 0xc0, 1 }, ERR_OK },
		{ "coordinator of rank 15", { 1, 0xc0, 15 }, ERR_OK },
		{ "coordinator of rank 0", { 1, 0xc0, 0 }, ERR_MALFORMED },
		{ "coordinator of rank 16", { 1, 0xc0, 16 }, ERR_MALFORMED },
		{ "advisor with a rank", { 2, 0xc0, 3 }, ERR_MALFORMED },
		{ "role 0", { 0, 0xc0, 1 }, ERR_MALFORMED },
		{ "role 5", { 5, 0xc0, 1 }, ERR_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[22] = { 0x94, 0xc4, 16 };
		struct control_op op;

		memcpy(bytes + 19, cases[i].tail, 3);
		CHECK_CASE(cases[i].name, control_op_decode(&op, KIND_GRANT, BYTES(bytes, sizeof(bytes)), NULL),
		           cases[i].want);
	}
}

static void
cuts_stand_in_order_and_name_each_log_once(void **state)
{
	struct world *w = office();
	struct stream_id a = team_of(1), b = team_of(2);
	struct cut twice[2] = { cut_at(&a, 0, &w->entries[0]), cut_at(&a, 0, &w->entries[1]) };
	struct cut turned[2] = { cut_at(&b, 0, &w->entries[0]), cut_at(&a, 0, &w->entries[1]) };
	struct control_op op = { .kind = KIND_REVOKE };
	struct buf out = BUF_INIT;

	(void)state;
	op.u.revoke = (struct revoke){ .dev = w->actors[BOB].id, .cut_count = 2, .cuts = twice };
	control_op_encode(&out, &op);
	CHECK_CASE("one log twice", control_op_decode(&op, KIND_REVOKE, buf_bytes(&out), NULL), ERR_MALFORMED);
	buf_clear(&out);
	op = (struct control_op){ .kind = KIND_REVOKE };
	op.u.revoke = (struct revoke){ .dev = w->actors[BOB].id, .cut_count = 2, .cuts = turned };
	control_op_encode(&out, &op);
	assert_int_equal(control_op_decode(&op, KIND_REVOKE, buf_bytes(&out), NULL), ERR_OK);
	assert_memory_equal(op.u.revoke.cuts[0].stream.b, a.b, 16); /* the encoder put them in order */
	control_op_free(&op);
	buf_free(&out);
	world_free(w);
}

static void
a_request_is_refused_when_anything_was_changed(void **state)
{
	struct world *w = world_new();
	struct join_request r = w->actors[ANA].request, back;
	uint8_t words[32], others[32];
	struct buf out = BUF_INIT;

	(void)state;
	strcpy(r.member_name, "Ana Lindqvist");
	strcpy(r.device_name, "Dalby laptop, bår");
	join_request_encode(&out, &r);
	assert_int_equal(join_request_decode(&back, buf_bytes(&out), NULL), ERR_OK);
	assert_string_equal(back.member_name, r.member_name);
	assert_string_equal(back.device_name, r.device_name);
	join_request_digest(words, &r);
	for (size_t i = 0; i < out.len; i++) {
		out.p[i] ^= 0x01;
		if (join_request_decode(&back, buf_bytes(&out), NULL) == ERR_OK) {
			join_request_digest(others, &back); /* a name: then the words differ */
			assert_memory_not_equal(words, others, 32);
		}
		out.p[i] ^= 0x01;
		CHECK_TRUE("cut short", join_request_decode(&back, BYTES(out.p, i), NULL) != ERR_OK);
	}
	buf_clear(&out);
	strcpy(r.member_name, "Ana\x1b[2J");
	join_request_encode(&out, &r);
	CHECK_CASE("a name that draws", join_request_decode(&back, buf_bytes(&out), NULL), ERR_MALFORMED);
	buf_clear(&out);
	strcpy(r.member_name, "Ana\xc2\x9b" "2J");
	join_request_encode(&out, &r);
	CHECK_CASE("a name that draws in eight bits", join_request_decode(&back, buf_bytes(&out), NULL), ERR_MALFORMED);
	buf_free(&out);
	world_free(w);
}

static void
orders_to_erase_read_back_as_they_were_written(void **state)
{
	struct erase_range ranges[] = { { 3, 3, { 1 } }, { 5, 9, { 2 } }, { 0, SEQ_MAX, { 3 } } };
	struct erase_log logs[] = { { { { 1 } }, { { 2 } }, { { 3 } }, 2, ranges },
	                            { { { 4 } }, { { 5 } }, { { 6 } }, 1, ranges + 2 } };
	struct erase_request q = { .log_count = 2, .logs = logs, .box = BYTES_STR("box") }, back;
	struct hash request = { { 9 } }, got;
	struct buf out = BUF_INIT, again = BUF_INIT;

	(void)state;
	erase_request_encode(&out, &q);
	assert_int_equal(erase_request_decode(&back, buf_bytes(&out), NULL), ERR_OK);
	erase_request_encode(&again, &back);
	assert_true(bytes_equal(buf_bytes(&out), buf_bytes(&again)));
	erase_request_free(&back);
	for (size_t i = 0; i < out.len; i++)
		CHECK_CASE("cut short", erase_request_decode(&back, BYTES(out.p, i), NULL), ERR_MALFORMED);
	ranges[1].from = 2; /* before the one before */
	buf_clear(&out);
	erase_request_encode(&out, &q);
	CHECK_CASE("ranges out of order", erase_request_decode(&back, buf_bytes(&out), NULL), ERR_MALFORMED);
	buf_clear(&out);
	erase_ok_encode(&out, &request);
	assert_int_equal(erase_ok_decode(&got, buf_bytes(&out), NULL), ERR_OK);
	assert_memory_equal(got.b, request.b, 32);
	CHECK_CASE("cut short", erase_ok_decode(&got, BYTES(out.p, out.len - 1), NULL), ERR_MALFORMED);
	buf_free(&out);
	buf_free(&again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations_read_back_as_they_were_written),
		cmocka_unit_test(grants_that_mean_nothing_do_not_decode),
		cmocka_unit_test(cuts_stand_in_order_and_name_each_log_once),
		cmocka_unit_test(a_request_is_refused_when_anything_was_changed),
		cmocka_unit_test(orders_to_erase_read_back_as_they_were_written),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
