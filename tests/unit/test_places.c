/*
 * Which entries an order to erase is about, where two stand at one place of a
 * log: those of the history that it names, whoever hears of what first.
 */
#include "site.h"

#include "org/orders.h"

enum { NOTES = 6, FORKS_AT = 3 };

/* Two histories of the adviser's log: 0 OPEN, 1 and 2 shared, and from 3 on two stories. */
struct two {
	struct site w;
	struct replica *writer;      /* holds the first story, and all control entries */
	struct buf first, second;    /* each as a run of its own, the second from FORKS_AT */
	struct hash id[NOTES + 1];   /* of the first story */
	struct hash other[NOTES + 1];
};

static void
write_second_story(struct two *t, size_t log)
{
	struct buf keep = BUF_INIT;
	struct run_writer run;
	struct entry e;
	struct header h;

	SITE_OK(replica_entry(t->writer, log, FORKS_AT - 1, &e, &keep, err));
	h = e.h;
	h.kind = KIND_DATA;
	h.prev = e.id;
	h.seq = FORKS_AT;
	buf_free(&keep);
	run_begin(&run, &t->second, &h);
	for (; h.seq <= NOTES; h.seq++) {
		entry_make(&e, &h, BYTES_STR("the other story, which nobody asked to erase"), t->w.device[ADVISER].sign_sk);
		t->other[h.seq] = h.prev = e.id;
		run_add(&run, &e);
	}
	assert_true(run_finish(&run) > 0);
}

static void
start(struct two *t)
{
	size_t log;

	memset(t, 0, sizeof(*t));
	site_start(&t->w);
	t->writer = site_replica(&t->w, "writer");
	site_found(&t->w, t->writer);
	for (size_t i = 1; i <= NOTES; i++)
		t->id[i] = site_append(&t->w, t->writer, &t->w.device[ADVISER], &t->w.team, KIND_DATA,
		                       BYTES_STR("a story that somebody asked to have forgotten")).id;
	SITE_OK(replica_commit(t->writer, err));
	log = site_log_of(&t->w, t->writer, &t->w.device[ADVISER], &t->w.team);
	site_run(t->writer, log, 0, &t->first);
	write_second_story(t, log);
}

static void
end(struct two *t)
{
	buf_free(&t->first);
	buf_free(&t->second);
	replica_close(t->writer);
	site_end(&t->w);
}

static struct erase_place
place(const struct two *t, uint64_t from, uint64_t to, const struct hash *id)
{
	struct erase_place p = { t->w.device[ADVISER].sign_pk, t->w.team, t->w.inc, { from, to, { 0 } } };

	memcpy(p.range.head16, id->b, sizeof(p.range.head16));
	return p;
}

/* The second adviser asks and the coordinator agrees, where the writer is. */
static struct hash
order(struct two *t, struct erase_place *places, size_t count)
{
	struct erase_request q = { .box = BYTES_STR("why") };
	struct buf b = BUF_INIT;
	struct hash id;

	SITE_OK(erase_request_places(&q, places, count, err));
	erase_request_encode(&b, &q);
	id = site_append(&t->w, t->writer, &t->w.device[SECOND], &t->w.control, KIND_ERASE_REQ, buf_bytes(&b)).id;
	buf_clear(&b);
	erase_ok_encode(&b, &id);
	site_append(&t->w, t->writer, &t->w.device[COORDINATOR], &t->w.control, KIND_ERASE_OK, buf_bytes(&b));
	SITE_OK(replica_commit(t->writer, err));
	erase_request_free(&q);
	buf_free(&b);
	return id;
}

/* As far as the control stream goes: the order too. */
static struct replica *
knows_the_order(struct two *t, const char *name)
{
	struct replica *r = site_replica(&t->w, name);

	for (int round = 0; round < 3; round++)
		site_copy_logs(&t->w, t->writer, r, true);
	SITE_OK(replica_commit(r, err));
	return r;
}

static void
takes(struct replica *r, const struct buf *run)
{
	struct ingest_counts counts = { 0 };

	SITE_OK(site_ingest(r, buf_bytes(run), &counts, err));
	SITE_OK(replica_commit(r, err));
}

struct held { const struct two *t; char seen[2 * NOTES + 1]; };

static bool
note(void *ctx, const struct entry *e)
{
	struct held *h = ctx;

	for (uint64_t i = 1; i <= NOTES; i++) {
		if (SAME(e->id, h->t->id[i]))
			h->seen[i - 1] = e->has_payload ? (char)('0' + i) : '-';
		if (i >= FORKS_AT && SAME(e->id, h->t->other[i]))
			h->seen[NOTES + i - FORKS_AT] = e->has_payload ? (char)('a' + i - FORKS_AT) : '-';
	}
	return true;
}

/* "1--4..abcd": content of the first story by number, of the second by letter; - has lost it, . is not held. */
static const char *
content(const struct two *t, struct replica *r)
{
	static struct held h;

	h.t = t;
	memset(h.seen, '.', 2 * NOTES - FORKS_AT + 1);
	h.seen[2 * NOTES - FORKS_AT + 1] = 0;
	for (size_t i = 0; i < replica_log_count(r); i++)
		if (SAME(replica_log_at(r, i)->key.stream, t->w.team))
			SITE_OK(replica_scan(r, i, 0, UINT64_MAX, false, note, &h, err));
	return h.seen;
}

static void
whoever_hears_of_what_first_the_story_that_is_named_goes_and_the_other_stays(void **state)
{
	struct erase_place named;
	struct replica *r;
	struct two t;

	(void)state;
	start(&t);
	named = place(&t, 2, 4, &t.id[4]);

	r = knows_the_order(&t, "both stories, then the order");
	takes(r, &t.first);
	takes(r, &t.second);
	assert_string_equal(content(&t, r), "123456abcd");
	order(&t, &named, 1);
	for (int round = 0; round < 3; round++)
		site_copy_logs(&t.w, t.writer, r, true);
	SITE_OK(replica_commit(r, err));
	assert_string_equal(content(&t, r), "1---56abcd");
	replica_close(r);

	r = knows_the_order(&t, "the order, its story, the other");
	takes(r, &t.first);
	assert_string_equal(content(&t, r), "1---56....");
	takes(r, &t.second);
	assert_string_equal(content(&t, r), "1---56abcd");
	replica_close(r);

	assert_string_equal(content(&t, t.writer), "1---56....");
	takes(t.writer, &t.second);
	assert_string_equal(content(&t, t.writer), "1---56abcd");
	replica_close(t.writer);
	t.writer = site_open(&t.w, "writer");
	assert_string_equal(content(&t, t.writer), "1---56abcd");
	end(&t);
}

static void
both_stories_may_be_named_each_by_itself(void **state)
{
	struct erase_place named[2];
	struct replica *r;
	struct two t;

	(void)state;
	start(&t);
	named[0] = place(&t, 3, 3, &t.other[3]);
	named[1] = place(&t, 3, 3, &t.id[3]);
	order(&t, named, 2);
	r = knows_the_order(&t, "r");
	takes(r, &t.first);
	takes(r, &t.second);
	assert_string_equal(content(&t, r), "12-456-bcd");
	replica_close(r);
	end(&t);
}

/* What two readers found to be late is one story too, though each names another run of it. */
static void
late_entries_are_named_by_their_story(void **state)
{
	struct erase_place named, late[2];
	struct erase_receipt receipt = { .keys = true };
	struct buf b = BUF_INIT;
	struct replica *r;
	struct two t;

	(void)state;
	start(&t);
	named = place(&t, 1, 1, &t.id[1]);
	receipt.request = order(&t, &named, 1);
	late[0] = place(&t, 3, 5, &t.other[5]);
	late[1] = place(&t, 4, 6, &t.other[6]);
	for (unsigned i = 0; i < 2; i++) {
		SITE_OK(erase_request_places(&receipt.late, &late[i], 1, err));
		buf_clear(&b);
		erase_receipt_encode(&b, &receipt);
		site_append(&t.w, t.writer, &t.w.device[i == 0 ? ADVISER : SECOND], &t.w.control, KIND_RECEIPT, buf_bytes(&b));
		erase_receipt_free(&receipt);
	}
	SITE_OK(replica_commit(t.writer, err));
	r = knows_the_order(&t, "r");
	takes(r, &t.first);
	assert_string_equal(content(&t, r), "-23456....");
	takes(r, &t.second);
	assert_string_equal(content(&t, r), "-23456a--d");
	buf_free(&b);
	replica_close(r);
	end(&t);
}

static const struct erase_confirmed *
receipt_of_hub(struct two *t, struct replica *r, const struct hash *request)
{
	SITE_OK(replica_confirm(r, &t->w.device[HUB], &t->w.inc, err));
	return orders_receipt_of(replica_orders(r), request, &t->w.device[HUB].sign_pk);
}

/* Of entries in between it is not known yet which story they are of: none is deleted, and none is said to be. */
static void
a_run_whose_end_has_not_come_is_kept_and_not_confirmed(void **state)
{
	const struct erase_confirmed *receipt;
	struct buf part = BUF_INIT;
	struct erase_place named;
	struct hash request;
	struct replica *r;
	uint64_t next;
	struct two t;

	(void)state;
	start(&t);
	SITE_OK(replica_read_run(t.writer, site_log_of(&t.w, t.writer, &t.w.device[ADVISER], &t.w.team), 0, FORKS_AT + 1, false, SIZE_MAX, &part,
	                         &next, err));
	named = place(&t, 2, 5, &t.id[5]);
	request = order(&t, &named, 1);
	r = knows_the_order(&t, "hub");
	takes(r, &part);
	assert_string_equal(content(&t, r), "123.......");
	assert_null(receipt_of_hub(&t, r, &request));
	takes(r, &t.second); /* the other story, longer than the run: still not the one that was named */
	assert_string_equal(content(&t, r), "123...abcd");
	assert_null(receipt_of_hub(&t, r, &request));

	takes(r, &t.first);
	assert_string_equal(content(&t, r), "1----6abcd");
	receipt = receipt_of_hub(&t, r, &request);
	assert_non_null(receipt);
	assert_int_equal(receipt->receipt.gone, 4);
	assert_int_equal(receipt->receipt.absent, 0);
	buf_free(&part);
	replica_close(r);
	end(&t);
}

/* Where nothing is held of what is named there is nothing to wait for. */
static void
who_holds_none_of_it_confirms_at_once(void **state)
{
	const struct erase_confirmed *receipt;
	struct erase_place named;
	struct hash request;
	struct replica *r;
	struct two t;

	(void)state;
	start(&t);
	named = place(&t, 2, 5, &t.id[5]);
	request = order(&t, &named, 1);
	r = knows_the_order(&t, "hub");
	receipt = receipt_of_hub(&t, r, &request);
	assert_non_null(receipt);
	assert_int_equal(receipt->receipt.gone, 0);
	assert_int_equal(receipt->receipt.absent, 4);
	replica_close(r);
	end(&t);
}

static void
an_order_has_room_for_so_many_logs_and_ranges(void **state)
{
	static struct erase_place places[ERASE_RANGES_MAX + 1];
	struct erase_request q;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(places); i++) /* last first: sorting is theirs */
		places[i].range.from = places[i].range.to = 2 * (COUNT_OF(places) - i);
	SITE_OK(erase_request_places(&q, places, ERASE_RANGES_MAX, err));
	assert_int_equal(q.log_count, 1);
	assert_int_equal(q.range_count, ERASE_RANGES_MAX);
	for (size_t i = 1; i < q.range_count; i++)
		assert_true(q.ranges[i - 1].to < q.ranges[i].from);
	erase_request_free(&q);
	assert_int_equal(erase_request_places(&q, places, ERASE_RANGES_MAX + 1, NULL), ERR_TOO_BIG);
	for (size_t i = 0; i <= ERASE_LOGS_MAX; i++)
		be32_put(places[i].author.b, (uint32_t)i);
	SITE_OK(erase_request_places(&q, places, ERASE_LOGS_MAX, err));
	assert_int_equal(q.log_count, ERASE_LOGS_MAX);
	erase_request_free(&q);
	assert_int_equal(erase_request_places(&q, places, ERASE_LOGS_MAX + 1, NULL), ERR_TOO_BIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_hears_of_what_first_the_story_that_is_named_goes_and_the_other_stays),
		cmocka_unit_test(both_stories_may_be_named_each_by_itself),
		cmocka_unit_test(late_entries_are_named_by_their_story),
		cmocka_unit_test(a_run_whose_end_has_not_come_is_kept_and_not_confirmed),
		cmocka_unit_test(who_holds_none_of_it_confirms_at_once),
		cmocka_unit_test(an_order_has_room_for_so_many_logs_and_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
