/*
 * Drop-boxes: what is written there is read by coordinators alone, by nobody
 * who has left, and comes to the same as what it is a copy of.
 */
#include "nodes.h"

#include "base/mem.h"
#include "casework/rows.h"
#include "node/removal.h"
#include "org/erase.h"
#include "vault/vault_internal.h"

static struct stream_id
box_made(struct nodes *o)
{
	struct stream_id box;

	SITE_OK(node_team_add(o->first, "statistik", true, &box, err));
	SITE_OK(node_commit(o->first, err));
	return box;
}

static void
remove_from(struct node *by, struct node *whom)
{
	struct device_id dev = node_self(whom)->id;
	struct node_removal *r = mem_zero(1, sizeof(*r));

	assert_non_null(r);
	SITE_OK(node_revoke(by, &dev, NULL, r, err));
	SITE_OK(node_commit(by, err));
	mem_free(r);
}

/* The row of a case as this coordinator has it: the field's best value, or "" when there is none. */
static const char *
row_says(struct node *n, const struct record_id *record, const char *field, size_t *count)
{
	static char text[256];
	const struct profile_type *t = profile_type_named(node_profile(n), "case");
	struct record *r;
	struct record_id id;
	const struct value *v;
	size_t values = 0;

	text[0] = '\0';
	rows_id(id.b, t, record->b);
	r = record_new(&id);
	assert_non_null(r);
	assert_non_null(node_rows(n));
	if (view_get(node_rows(n), &id, r, NULL, NULL) == ERR_OK) {
		v = record_values(r, profile_field_named(t, field)->number, &values);
		if (values > 0) {
			struct rd rd = rd_init(v[0].value);
			struct bytes s = rd_str(&rd, sizeof(text) - 1);

			memcpy(text, s.p, s.len);
			text[s.len] = '\0';
		}
	}
	if (count != NULL)
		*count = values;
	record_free(r);
	return text;
}

static size_t
keys_of(struct node *n, const struct stream_id *stream)
{
	const struct keystore *ks = node_keystore(n);
	size_t count = 0;

	for (size_t i = 0; i < ks->epoch_count; i++)
		count += SAME(ks->epochs[i].stream, *stream);
	return count;
}

/* The newest entry of content in this device's log of the drop-box. */
static void
last_row(struct node *n, const struct stream_id *box, struct entry *e, struct buf *keep)
{
	struct replica *r = node_replica(n);

	for (size_t i = 0; i < replica_log_count(r); i++) {
		const struct log_head *l = replica_log_at(r, i);

		if (SAME(l->key.stream, *box) && SAME(l->key.author, node_keystore(n)->device.sign_pk))
			SITE_OK(replica_entry(r, i, l->len - 1, e, keep, err));
	}
	assert_int_equal(e->h.kind, KIND_DATA);
}

static bool
stands_in(const struct buf *b, struct bytes what)
{
	for (size_t i = 0; i + what.len <= b->len; i++)
		if (memcmp(b->p + i, what.p, what.len) == 0)
			return true;
	return false;
}

static void
a_writer_cannot_read_back_what_it_wrote(void **state)
{
	struct nodes o;
	struct stream_id box;
	struct node *dalby;
	struct record_id id;
	struct buf keep = BUF_INIT, body = BUF_INIT;
	struct entry e;

	(void)state;
	nodes_start(&o);
	box = box_made(&o);
	dalby = nodes_join(&o, "dalby", true);
	id = nodes_id(&o);
	nodes_put(&o, dalby, &id, "status", "open", "Hon är orolig.");
	assert_null(node_rows(dalby));
	assert_int_equal(keys_of(dalby, &box), 0);
	last_row(dalby, &box, &e, &keep);
	assert_int_equal(vault_open_drop(dalby->vault, &e.h, e.payload, &body, NULL), ERR_KEY);
	assert_int_equal(node_waiting_keys(dalby), 0);
	nodes_copy(dalby, o.first);
	assert_string_equal(row_says(o.first, &id, "status", NULL), "open");
	SITE_OK(vault_open_drop(o.first->vault, &e.h, e.payload, &body, err));
	/* Nothing of the content is in it, neither its words nor the id it could be found by. */
	assert_true(stands_in(&body, BYTES_STR("open")));
	assert_false(stands_in(&body, BYTES_STR("orolig")));
	assert_false(stands_in(&body, BYTES_OF(id)));
	buf_free(&keep);
	buf_free(&body);
	nodes_end(&o);
}

static void
who_finds_no_epoch_makes_one_for_the_readers_and_keeps_no_key(void **state)
{
	struct nodes o;
	struct stream_id box;
	struct node *dalby;
	struct record_id first, second;
	size_t given;

	(void)state;
	nodes_start(&o);
	dalby = nodes_join(&o, "dalby", true);
	box = box_made(&o);
	nodes_copy_streams(o.first, dalby, true); /* that there is a drop-box, and none of its entries */
	first = nodes_id(&o);
	nodes_put(&o, dalby, &first, "status", "open", NULL);
	assert_true(vault_can_write(dalby->vault, &box));
	assert_false(vault_by_reader(dalby->vault, &box));
	assert_int_equal(keys_of(dalby, &box), 0);
	nodes_meet(dalby, o.first);
	assert_string_equal(row_says(o.first, &first, "status", NULL), "open");
	/* From now on both prefer the epoch that a reader made. */
	SITE_OK(node_give_keys(o.first, &given, err));
	SITE_OK(node_commit(o.first, err));
	nodes_meet(dalby, o.first);
	assert_true(vault_by_reader(dalby->vault, &box));
	second = nodes_id(&o);
	nodes_put(&o, dalby, &second, "status", "closed", NULL);
	nodes_copy(dalby, o.first);
	assert_string_equal(row_says(o.first, &second, "status", NULL), "closed");
	nodes_end(&o);
}

static void
a_removed_coordinator_neither_reads_nor_holds_up_a_visit(void **state)
{
	struct nodes o;
	struct stream_id box;
	struct node *dalby, *eva;
	struct record_id before, after;
	struct epoch_id epoch;
	struct device_id gone;

	(void)state;
	nodes_start(&o);
	box = box_made(&o);
	eva = nodes_join_as(&o, "eva", ROLE_COORDINATOR, false);
	dalby = nodes_join(&o, "dalby", true);
	before = nodes_id(&o);
	after = nodes_id(&o);
	nodes_put(&o, dalby, &before, "status", "open", NULL);
	nodes_copy(dalby, eva);
	assert_string_equal(row_says(eva, &before, "status", NULL), "open");
	gone = node_self(eva)->id;
	remove_from(o.first, eva);
	nodes_copy(o.first, dalby);
	nodes_put(&o, dalby, &after, "status", "closed", NULL);
	assert_true(vault_preferred(dalby->vault, &box, &epoch));
	assert_false(vault_by_reader(dalby->vault, &box));
	for (size_t i = 0; i < dalby->vault->epoch_count; i++)
		for (size_t k = 0; k < dalby->vault->epochs[i].reader_count && SAME(dalby->vault->epochs[i].id, epoch); k++)
			assert_memory_not_equal(dalby->vault->epochs[i].readers[k].dev.b, gone.b, sizeof(gone.b));
	nodes_copy(dalby, o.first);
	assert_string_equal(row_says(o.first, &after, "status", NULL), "closed");
	nodes_copy(dalby, eva);
	nodes_copy(o.first, eva);
	assert_string_equal(row_says(eva, &after, "status", NULL), "");
	assert_string_equal(row_says(eva, &before, "status", NULL), "open");
	nodes_end(&o);
}

static void
a_coordinator_who_comes_late_reads_every_row_and_no_case(void **state)
{
	struct nodes o;
	struct node *dalby, *eva;
	struct record_id id[3];

	(void)state;
	nodes_start(&o);
	(void)box_made(&o);
	dalby = nodes_join(&o, "dalby", true);
	for (size_t i = 0; i < COUNT_OF(id); i++) {
		id[i] = nodes_id(&o);
		nodes_put(&o, dalby, &id[i], "status", "open", NULL);
	}
	nodes_copy(dalby, o.first);
	eva = nodes_join_as(&o, "eva", ROLE_COORDINATOR, false);
	for (size_t i = 0; i < COUNT_OF(id); i++)
		assert_string_equal(row_says(eva, &id[i], "status", NULL), "open");
	assert_int_equal(view_record_count(node_view(eva)), 0);
	assert_int_equal(node_waiting_keys(eva), 0);
	nodes_end(&o);
}

static void
two_who_have_not_met_write_one_row_and_a_colleague_corrects_it(void **state)
{
	struct nodes o;
	struct node *dalby, *eva;
	struct record_id id;
	size_t count;

	(void)state;
	nodes_start(&o);
	(void)box_made(&o);
	eva = nodes_join_as(&o, "eva", ROLE_COORDINATOR, false);
	dalby = nodes_join(&o, "dalby", true);
	id = nodes_id(&o); /* it stood on a slip of paper */
	nodes_put(&o, o.first, &id, "responsible", "csn", NULL);
	nodes_put(&o, dalby, &id, "responsible", "school", NULL);
	nodes_copy(o.first, eva);
	nodes_copy(dalby, eva);
	assert_int_equal(view_record_count(node_rows(eva)), 1);
	(void)row_says(eva, &id, "responsible", &count);
	assert_int_equal(count, 2); /* as in the record: a conflict, and neither is lost */
	nodes_meet(o.first, dalby);
	nodes_put(&o, dalby, &id, "responsible", "municipality", NULL);
	nodes_copy(dalby, eva);
	assert_string_equal(row_says(eva, &id, "responsible", &count), "municipality");
	assert_int_equal(count, 1);
	nodes_put(&o, o.first, &id, "title", "Hyra", "Bara ord."); /* nothing of it is statistics */
	nodes_copy(o.first, eva);
	assert_string_equal(row_says(eva, &id, "responsible", &count), "municipality");
	nodes_end(&o);
}

static void
rows_are_the_same_after_a_snapshot_and_from_the_log(void **state)
{
	struct nodes o;
	struct node_secret secret = nodes_secret();
	struct record_id id;
	uint8_t warm[32], cold[32];

	(void)state;
	nodes_start(&o);
	(void)box_made(&o);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "status", "open", NULL);
	nodes_put(&o, o.first, &id, "status", "closed", NULL);
	SITE_OK(view_state_hash(node_rows(o.first), warm, err));
	SITE_OK(node_save_snapshot(o.first, err));
	o.first = nodes_reopen(&o, o.first);
	assert_true(o.first->had_snapshot);
	SITE_OK(view_state_hash(node_rows(o.first), cold, err));
	assert_memory_equal(warm, cold, 32);
	node_close(o.first);
	SITE_OK(node_open_cold(&o.node[0], o.env, o.home[0], &secret, err));
	o.first = o.node[0];
	SITE_OK(view_state_hash(node_rows(o.first), cold, err));
	assert_memory_equal(warm, cold, 32);
	nodes_end(&o);
}

static void
an_erased_case_keeps_its_row_and_nobody_keeps_its_id(void **state)
{
	struct nodes o;
	struct node *dalby;
	struct record_id id;
	struct node_order order;
	const struct keystore *ks;

	(void)state;
	nodes_start(&o);
	(void)box_made(&o);
	dalby = nodes_join(&o, "dalby", true);
	id = nodes_id(&o);
	nodes_put(&o, dalby, &id, "status", "open", "Glöm mig.");
	nodes_meet(dalby, o.first);
	SITE_OK(node_order_erasure(dalby, &id, "bad om det", &order, err));
	SITE_OK(node_commit(dalby, err));
	nodes_copy(dalby, o.first);
	SITE_OK(node_approve_erasure(o.first, &order.id, err));
	SITE_OK(node_commit(o.first, err));
	nodes_copy(o.first, dalby);
	assert_string_equal(nodes_read(o.first, &id, "status", NULL), "");
	assert_true(node_is_erased(o.first, &id, NULL));
	assert_string_equal(row_says(o.first, &id, "status", NULL), "open");
	ks = node_keystore(o.first);
	assert_true(ks->tombstone_count > 0);
	for (size_t i = 0; i < ks->tombstone_count; i++)
		assert_memory_not_equal(ks->tombstones[i].id, id.b, sizeof(id.b));
	nodes_end(&o);
}

/* A writer's EPOCH whose drop_pk is not that of its key would swallow every row sealed to it. */
static void
readers_see_through_a_drop_pk_that_does_not_fit(void **state)
{
	struct nodes o;
	struct stream_id box;
	struct node *dalby;
	struct buf payload = BUF_INIT;
	struct epoch_id id, preferred;
	struct entry e;
	struct epoch *ep;

	(void)state;
	nodes_start(&o);
	box = box_made(&o);
	dalby = nodes_join(&o, "dalby", true);
	SITE_OK(vault_make_epoch(dalby->vault, o.env, node_org(dalby), &box, 0, &payload, err));
	payload.p[payload.len - 1] ^= 1;
	SITE_OK(node_append(dalby, &box, KIND_EPOCH, buf_bytes(&payload), &e, err));
	SITE_OK(node_commit(dalby, err));
	memcpy(id.b, e.id.b, sizeof(id.b));
	nodes_copy(dalby, o.first);
	ep = vault_epoch(o.first->vault, &id, NULL);
	assert_non_null(ep);
	assert_true(ep->drop_wrong);
	assert_false(ep->clean);
	assert_true(vault_preferred(o.first->vault, &box, &preferred));
	assert_memory_not_equal(preferred.b, id.b, sizeof(id.b));
	/* Nor does a writer who cannot tell fall for it, while a reader's stands beside it. */
	assert_true(vault_preferred(dalby->vault, &box, &preferred));
	assert_memory_not_equal(preferred.b, id.b, sizeof(id.b));
	buf_free(&payload);
	nodes_end(&o);
}

static void
what_stands_in_a_drop_box_and_is_no_row_counts_nowhere(void **state)
{
	struct nodes o;
	struct stream_id box;
	struct node *dalby;
	struct buf payload = BUF_INIT;
	struct header next;
	struct entry e;

	(void)state;
	nodes_start(&o);
	box = box_made(&o);
	dalby = nodes_join(&o, "dalby", true);
	SITE_OK(node_next(dalby, &box, &next, err));
	SITE_OK(node_append(dalby, &box, KIND_DATA, BYTES_STR("skräp"), &e, err)); /* opens the log */
	SITE_OK(node_next(dalby, &box, &next, err));
	SITE_OK(vault_seal_drop(dalby->vault, o.env, &next, BYTES_STR("ingen rad"), &payload, err));
	SITE_OK(node_append(dalby, &box, KIND_DATA, buf_bytes(&payload), &e, err));
	SITE_OK(node_commit(dalby, err));
	nodes_copy(dalby, o.first);
	assert_int_equal(view_record_count(node_rows(o.first)), 0);
	assert_int_equal(o.first->damaged, 2);
	assert_int_equal(node_waiting_keys(o.first), 0);
	buf_free(&payload);
	nodes_end(&o);
}

/* Taken for damage it would be left out of every figure until the log is read from its start. */
static void
a_row_that_there_was_no_memory_to_read_is_not_taken_for_damage(void **state)
{
	struct nodes o;
	struct stream_id box;
	struct node *dalby;
	struct record_id id;
	struct buf keep = BUF_INIT;
	struct entry e;
	enum err_code rc = ERR_NO_MEMORY;
	long grants = 0;

	(void)state;
	nodes_start(&o);
	box = box_made(&o);
	dalby = nodes_join(&o, "dalby", true);
	id = nodes_id(&o);
	nodes_put(&o, dalby, &id, "status", "open", NULL);
	nodes_copy(dalby, o.first);
	last_row(dalby, &box, &e, &keep);
	for (; rc == ERR_NO_MEMORY; grants++) {
		struct buf body = BUF_INIT;

		change_space_free(&o.first->space);
		o.first->space = (struct change_space){ .ops = NULL };
		mem_fail_after(grants, 0);
		rc = node_open_row(o.first, &e, &body, NULL);
		mem_fail_after(-1, 0);
		buf_free(&body);
	}
	assert_int_equal(rc, ERR_OK);
	assert_true(grants > 2);
	buf_free(&keep);
	nodes_end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_writer_cannot_read_back_what_it_wrote),
		cmocka_unit_test(who_finds_no_epoch_makes_one_for_the_readers_and_keeps_no_key),
		cmocka_unit_test(a_removed_coordinator_neither_reads_nor_holds_up_a_visit),
		cmocka_unit_test(a_coordinator_who_comes_late_reads_every_row_and_no_case),
		cmocka_unit_test(two_who_have_not_met_write_one_row_and_a_colleague_corrects_it),
		cmocka_unit_test(rows_are_the_same_after_a_snapshot_and_from_the_log),
		cmocka_unit_test(an_erased_case_keeps_its_row_and_nobody_keeps_its_id),
		cmocka_unit_test(readers_see_through_a_drop_pk_that_does_not_fit),
		cmocka_unit_test(what_stands_in_a_drop_box_and_is_no_row_counts_nowhere),
		cmocka_unit_test(a_row_that_there_was_no_memory_to_read_is_not_taken_for_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
