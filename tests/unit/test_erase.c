/*
 * A visitor asks to be forgotten: two persons say so, and it is gone on every
 * replica that has been seen, for good.
 */
#include "nodes.h"
#include "scarce.h"

#include "base/mem.h"
#include "node/removal.h"
#include "node/tend.h"

struct office {
	struct nodes o;
	struct node *anna, *bo;  /* the coordinator, and an adviser of the team */
	struct replica *hub;     /* a bare replica: holds all, reads nothing */
	struct record_id kept, gone;
};

static const char secret[] = "Hotad av sin bror";

/* From a node into the hub, or the other way round. */
static void
carry(struct replica *from, struct replica *to)
{
	for (int control = 1; control >= 0; control--) {
		for (size_t i = 0; i < replica_log_count(from); i++) {
			const struct log_head *l = replica_log_at(from, i);
			uint64_t have = 0;
			size_t at;

			if ((l->key.stream.b[0] == org_id(replica_org(from))->b[0]) != (control == 1))
				continue;
			if (replica_log_find(to, &l->key, &at))
				have = replica_log_at(to, at)->len;
			nodes_copy_part(from, to, i, have, l->len);
		}
		SITE_OK(replica_commit(to, err));
	}
}

static void
meet(struct node *n, struct replica *hub)
{
	carry(node_replica(n), hub);
	carry(hub, node_replica(n));
	carry(node_replica(n), hub); /* receipts written on the way */
}

static void
start(struct office *f)
{
	char dir[96];

	nodes_start(&f->o);
	f->anna = f->o.first;
	f->bo = nodes_join(&f->o, "bo", true);
	snprintf(dir, sizeof(dir), "%s/hub", f->o.site.dir);
	SITE_OK(f->o.env->files->make_dir(f->o.env, dir, err));
	SITE_OK(replica_open(&f->hub, f->o.env, dir, true, err));
	SITE_OK(replica_set_org(f->hub, org_id(node_org(f->anna)), &org_genesis(node_org(f->anna))->root_pk, err));
	meet(f->anna, f->hub);
	meet(f->bo, f->hub);
	f->kept = nodes_id(&f->o);
	f->gone = nodes_id(&f->o);
	nodes_put(&f->o, f->anna, &f->kept, "status", "open", "En annan sak");
	nodes_put(&f->o, f->anna, &f->gone, "status", "open", secret);
	meet(f->anna, f->hub);
	meet(f->bo, f->hub);
	nodes_put(&f->o, f->bo, &f->gone, "status", "closed", secret);
	nodes_put(&f->o, f->bo, &f->kept, NULL, NULL, "och mer om den");
	meet(f->bo, f->hub);
	meet(f->anna, f->hub);
}

static void
end(struct office *f)
{
	replica_close(f->hub);
	nodes_end(&f->o);
}

static struct hash
ask(struct node *n, const struct record_id *id)
{
	struct node_order order;

	SITE_OK(node_order_erasure(n, id, "visitor asked", &order, err));
	SITE_OK(node_commit(n, err));
	return order.id;
}

static void
approve(struct node *n, const struct hash *request)
{
	SITE_OK(node_approve_erasure(n, request, err));
	SITE_OK(node_commit(n, err));
}

static bool
count_erased(void *ctx, const struct entry *e)
{
	if (e->h.kind == KIND_DATA)
		((uint64_t *)ctx)[e->has_payload]++;
	return true;
}

/* DATA entries of the team without their payload. */
static uint64_t
erased_in(struct replica *r, const struct stream_id *team)
{
	uint64_t counts[2] = { 0, 0 };

	for (size_t i = 0; i < replica_log_count(r); i++)
		if (SAME(replica_log_at(r, i)->key.stream, *team))
			SITE_OK(replica_scan(r, i, 0, replica_log_at(r, i)->len, false, count_erased, counts, err));
	return counts[0];
}

static bool
knows(struct node *n, const struct record_id *id)
{
	static const struct record_id none;
	struct record *r = record_new(&none);
	bool known = node_record(n, id, r, NULL, NULL) == ERR_OK;

	record_free(r);
	return known;
}

static bool
hit(void *ctx, const struct record *r, const struct stream_id *team, const char *snippet)
{
	(void)r, (void)team, (void)snippet;
	(*(size_t *)ctx)++;
	return true;
}

static size_t
hits(struct node *n, const char *word)
{
	size_t found = 0;

	SITE_OK(view_search(node_view(n), word, 0, 100, hit, &found, err));
	return found;
}

static void
a_case_approved_by_a_second_person_is_gone_from_every_replica(void **state)
{
	struct office f;
	struct hash request;

	(void)state;
	start(&f);
	assert_int_equal(hits(f.anna, "Hotad"), 1);
	request = ask(f.bo, &f.gone);
	meet(f.bo, f.hub);
	meet(f.anna, f.hub);
	assert_true(knows(f.bo, &f.gone)); /* one word deletes nothing, anywhere */
	assert_int_equal(erased_in(f.hub, &f.o.team), 0);

	approve(f.anna, &request);
	assert_false(knows(f.anna, &f.gone));
	assert_int_equal(hits(f.anna, "Hotad"), 0);
	assert_int_equal(hits(f.anna, "annan"), 1);
	meet(f.anna, f.hub);
	meet(f.bo, f.hub);
	assert_false(knows(f.bo, &f.gone));
	assert_true(knows(f.bo, &f.kept));
	assert_int_equal(erased_in(node_replica(f.anna), &f.o.team), 2);
	assert_int_equal(erased_in(node_replica(f.bo), &f.o.team), 2);
	assert_int_equal(erased_in(f.hub, &f.o.team), 2);
	nodes_same_state(f.anna, f.bo);
	end(&f);
}

static void
what_is_read_again_after_an_erasure_is_the_same(void **state)
{
	uint8_t before[32], after[32];
	struct office f;
	struct hash request;

	(void)state;
	start(&f);
	SITE_OK(node_save_snapshot(f.anna, err));
	request = ask(f.bo, &f.gone);
	nodes_copy(f.bo, f.anna);
	approve(f.anna, &request);
	SITE_OK(view_state_hash(node_view(f.anna), before, err));
	f.anna = nodes_reopen(&f.o, f.anna);
	SITE_OK(view_state_hash(node_view(f.anna), after, err));
	assert_memory_equal(before, after, 32);
	assert_false(knows(f.anna, &f.gone));
	assert_true(node_is_erased(f.anna, &f.gone, NULL));
	end(&f);
}

/* Buried and still shown, it would stay so until the home is next read from its log. */
static void
an_erasure_that_memory_was_short_for_is_carried_out_all_the_same(void **state)
{
	enum { NEAR = 60, STRIDE = 401 }; /* it begins with burying; then come thousands of places, of which some */
	struct office f;

	(void)state;
	start(&f);
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct record_id id = nodes_id(&f.o);
		struct err why = ERR_INIT;
		struct hash request;
		enum err_code rc;

		mem_fail_after(-1, 0);
		nodes_put(&f.o, f.anna, &id, "status", "open", secret);
		nodes_copy(f.anna, f.bo);
		request = ask(f.bo, &id);
		nodes_copy(f.bo, f.anna);
		approve(f.anna, &request);
		f.bo->opening = true; /* only taken in */
		nodes_copy(f.anna, f.bo);
		f.bo->opening = false;
		mem_fail_after(s.nth, s.lasting);
		rc = node_project(f.bo, &why);
		if (rc == ERR_OK)
			s.struck = mem_allocations() > s.nth;
		else
			(void)scarce_done(&s, "reading it", rc, &why);
		mem_fail_after(-1, 0);
		assert_false(knows(f.bo, &id));
		assert_true(knows(f.bo, &f.kept));
		SITE_OK(node_project(f.bo, err)); /* what it could not shred it shreds at the next occasion */
		assert_false(f.bo->shred_files);
		s.nth += s.struck && s.nth > NEAR ? STRIDE : 0;
	}
	end(&f);
}

static void
an_old_snapshot_does_not_bring_back_what_was_erased(void **state)
{
	struct buf old = BUF_INIT;
	struct office f;
	struct hash request;
	char path[128];

	(void)state;
	start(&f);
	SITE_OK(node_save_snapshot(f.anna, err));
	snprintf(path, sizeof(path), "%s/view.snap", f.o.home[0]);
	SITE_OK(f.o.env->files->read(f.o.env, path, 1 << 26, &old, err));
	request = ask(f.bo, &f.gone);
	nodes_copy(f.bo, f.anna);
	approve(f.anna, &request);
	assert_false(f.o.env->files->exists(f.o.env, path));
	node_close(f.anna);
	SITE_OK(f.o.env->files->replace(f.o.env, path, buf_bytes(&old), err));
	f.anna = f.o.first = nodes_open(&f.o, 0);
	assert_false(knows(f.anna, &f.gone));
	buf_free(&old);
	end(&f);
}

/* As after a stop between the keystore, which has the tombstone, and the removal of the snapshot, whose key it still has. */
static void
a_snapshot_from_before_a_tombstone_shows_nothing_that_is_under_it(void **state)
{
	struct office f;
	uint8_t image[16];
	char path[128];

	(void)state;
	start(&f);
	snprintf(path, sizeof(path), "%s/view.snap", f.o.home[0]);
	SITE_OK(node_save_snapshot(f.anna, err));
	erase_image(image, f.gone.b);
	SITE_OK(keystore_add_tombstone(node_keystore(f.anna), TOMB_RECORD, image, err));
	SITE_OK(node_save_keystore(f.anna, err));
	f.anna = f.o.first = nodes_reopen(&f.o, f.anna);
	assert_false(knows(f.anna, &f.gone));
	assert_true(knows(f.anna, &f.kept));
	assert_false(f.o.env->files->exists(f.o.env, path));
	end(&f);
}

static void
nobody_approves_their_own_request(void **state)
{
	struct office f;
	struct hash request;

	(void)state;
	start(&f);
	request = ask(f.anna, &f.gone);
	CHECK_CASE("the same member", node_approve_erasure(f.anna, &request, NULL), ERR_REFUSED);
	nodes_copy(f.anna, f.bo);
	CHECK_CASE("no coordinator", node_approve_erasure(f.bo, &request, NULL), ERR_REFUSED);
	assert_true(knows(f.anna, &f.gone));
	end(&f);
}

/* What an order does not name stays readable to whoever has it. */
static void
a_request_names_every_entry_of_the_case_or_is_not_made(void **state)
{
	struct node_order order;
	struct office f;

	(void)state;
	start(&f);
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct err why = ERR_INIT;
		enum err_code rc;

		mem_fail_after(-1, 0);
		buf_free(&f.anna->body); /* what an earlier reading found memory for does not help this one */
		mem_fail_after(s.nth, s.lasting);
		rc = node_order_erasure(f.anna, &f.kept, "visitor asked", &order, &why); /* of all entries its first is the first to be opened */
		if (scarce_done(&s, "asking", rc, &why))
			assert_int_equal(order.entries, 2);
		scarce_over(&s);
		replica_drop(node_replica(f.anna));
		if (replica_failed(node_replica(f.anna)))
			f.anna = nodes_reopen(&f.o, f.anna);
	}
	end(&f);
}

static void
the_approval_may_come_before_the_request(void **state)
{
	struct office f;
	struct hash request;
	struct replica *from;

	(void)state;
	start(&f);
	request = ask(f.bo, &f.gone);
	nodes_copy(f.bo, f.anna);
	approve(f.anna, &request);
	/* The hub gets Anna's control log, which holds the approval, and Bo's only afterwards. */
	from = node_replica(f.anna);
	for (int whose = 0; whose < 2; whose++) {
		for (size_t i = 0; i < replica_log_count(from); i++) {
			const struct log_head *l = replica_log_at(from, i);
			const struct stream_id control = control_stream(org_id(node_org(f.anna)));
			size_t at;

			if (!SAME(l->key.stream, control) || SAME(l->key.author, node_self(f.bo)->sign_pk) != (whose == 1))
				continue;
			nodes_copy_part(from, f.hub, i, replica_log_find(f.hub, &l->key, &at) ? replica_log_at(f.hub, at)->len : 0, l->len);
		}
		SITE_OK(replica_commit(f.hub, err));
		assert_int_equal(erased_in(f.hub, &f.o.team), whose == 1 ? 2 : 0);
	}
	end(&f);
}

/* Bo writes to the case while it is being erased elsewhere. Whoever meets him later deletes that too. */
static void
a_late_entry_of_an_erased_case_is_deleted_on_arrival(void **state)
{
	struct office f;
	struct node *cia;
	struct hash request;

	(void)state;
	start(&f);
	cia = nodes_join(&f.o, "cia", true);
	meet(f.anna, f.hub);
	meet(cia, f.hub);
	request = ask(cia, &f.gone);
	nodes_copy(cia, f.anna);
	nodes_put(&f.o, f.bo, &f.gone, "status", "open", secret); /* he has not heard */
	carry(node_replica(f.bo), f.hub);
	approve(f.anna, &request);

	meet(f.anna, f.hub);
	assert_false(knows(f.anna, &f.gone));
	assert_int_equal(erased_in(node_replica(f.anna), &f.o.team), 3);
	assert_int_equal(erased_in(f.hub, &f.o.team), 2); /* never on one word */
	meet(cia, f.hub);
	assert_int_equal(erased_in(node_replica(cia), &f.o.team), 3);
	assert_int_equal(erased_in(f.hub, &f.o.team), 3); /* Anna and Cia have named it */
	meet(f.bo, f.hub);
	meet(f.anna, f.hub);
	meet(cia, f.hub);
	assert_false(knows(f.bo, &f.gone));
	assert_int_equal(erased_in(node_replica(f.bo), &f.o.team), 3);
	nodes_same_state(f.anna, f.bo);
	nodes_same_state(f.anna, cia);
	end(&f);
}

static void
an_erased_record_is_neither_written_nor_imported_again(void **state)
{
	struct office f;
	struct hash request;
	struct draft d;

	(void)state;
	start(&f);
	request = ask(f.bo, &f.gone);
	nodes_copy(f.bo, f.anna);
	approve(f.anna, &request);
	f.anna = nodes_reopen(&f.o, f.anna);
	draft_init(&d, profile_type_named(node_profile(f.anna), "case"), &f.gone);
	SITE_OK(draft_assign_text(&d, OP_SET, "status", "open", err));
	CHECK_CASE("by its id", node_write(f.anna, &f.o.team, &d, NULL, NULL), ERR_REFUSED);
	node_drop(f.anna);
	draft_free(&d);
	end(&f);
}

static struct epoch_id
preferred(struct node *n, const struct stream_id *team)
{
	struct epoch_id id;

	memset(&id, 0, sizeof(id));
	(void)vault_preferred(n->vault, team, &id);
	return id;
}

static void
the_next_writer_makes_an_epoch_without_the_erased_key(void **state)
{
	struct office f;
	struct epoch_id before, after;
	struct hash request;

	(void)state;
	start(&f);
	request = ask(f.bo, &f.gone);
	nodes_copy(f.bo, f.anna);
	before = preferred(f.anna, &f.o.team);
	approve(f.anna, &request);
	assert_false(vault_can_write(f.anna->vault, &f.o.team));
	nodes_put(&f.o, f.anna, &f.kept, "status", "closed", NULL);
	after = preferred(f.anna, &f.o.team);
	assert_memory_not_equal(before.b, after.b, sizeof(after.b));
	nodes_meet(f.anna, f.bo);
	assert_string_equal(nodes_read(f.bo, &f.kept, "status", NULL), "closed");
	nodes_put(&f.o, f.bo, &f.kept, "status", "open", NULL);
	before = preferred(f.bo, &f.o.team);
	assert_memory_equal(before.b, after.b, sizeof(after.b)); /* both go on under the new one */
	nodes_meet(f.anna, f.bo);
	nodes_same_state(f.anna, f.bo);
	end(&f);
}

static void
every_device_says_that_it_has_erased(void **state)
{
	const struct erase_confirmed *c;
	const struct orders *orders;
	struct office f;
	struct hash request;

	(void)state;
	start(&f);
	request = ask(f.bo, &f.gone);
	meet(f.bo, f.hub);
	meet(f.anna, f.hub);
	approve(f.anna, &request);
	meet(f.anna, f.hub);
	orders = replica_orders(f.hub);
	c = orders_receipt_of(orders, &request, &node_self(f.anna)->sign_pk);
	assert_non_null(c);
	assert_true(c->receipt.keys);
	assert_int_equal(c->receipt.gone, 2);
	assert_int_equal(c->receipt.absent, 0);
	assert_null(orders_receipt_of(orders, &request, &node_self(f.bo)->sign_pk));
	meet(f.bo, f.hub);
	assert_non_null(orders_receipt_of(replica_orders(f.hub), &request, &node_self(f.bo)->sign_pk));
	end(&f);
}

static void
receipts_read_back_as_they_were_written(void **state)
{
	struct erase_range ranges[] = { { 3, 3, { 1 } }, { 5, 9, { 2 } } };
	struct erase_log log = { { { 1 } }, { { 2 } }, { { 3 } }, 2, ranges };
	struct erase_receipt q = { .request = { { 7 } }, .gone = 4, .absent = 1, .keys = true, .oldest = 2,
	                           .late = { .log_count = 1, .logs = &log } }, back;
	struct buf out = BUF_INIT, again = BUF_INIT;

	(void)state;
	erase_receipt_encode(&out, &q);
	assert_int_equal(erase_receipt_decode(&back, buf_bytes(&out), NULL), ERR_OK);
	erase_receipt_encode(&again, &back);
	assert_true(bytes_equal(buf_bytes(&out), buf_bytes(&again)));
	erase_receipt_free(&back);
	for (size_t i = 0; i < out.len; i++)
		CHECK_CASE("cut short", erase_receipt_decode(&back, BYTES(out.p, i), NULL), ERR_MALFORMED);
	buf_free(&out);
	buf_free(&again);
}

/* An erasure has stained the epoch, nobody has written since, and who may read was granted by one who has no key to give. */
static void
a_newcomer_reads_what_is_live_though_nobody_writes(void **state)
{
	struct office f;
	struct node *cia, *dag;
	struct device_id dev;
	struct hash request;

	(void)state;
	start(&f);
	cia = nodes_join(&f.o, "cia", false);
	dag = nodes_join_as(&f.o, "dag", ROLE_COORDINATOR, false);
	request = ask(f.bo, &f.gone);
	nodes_meet(f.bo, f.anna);
	approve(f.anna, &request);
	nodes_copy(f.anna, dag);
	nodes_copy(f.anna, cia);
	dev = node_self(cia)->id;
	SITE_OK(node_grant(dag, &dev, &f.o.team, err));
	SITE_OK(node_commit(dag, err));
	nodes_copy(dag, f.anna);
	nodes_copy(f.anna, cia);
	assert_false(knows(cia, &f.kept));
	SITE_OK(node_tend(f.anna, NULL, err)); /* idle: she has met somebody, and written nothing */
	nodes_copy(f.anna, cia);
	assert_true(knows(cia, &f.kept));
	assert_false(knows(cia, &f.gone));
	assert_int_equal(node_waiting_keys(cia), 0);
	end(&f);
}

/* Cia asks under an epoch that she made just then; the team is taken from her, and her team log never comes to anybody. */
static struct hash
ask_under_a_lost_key(struct office *f, struct node *cia, struct node *dag)
{
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct device_id dev;
	struct hash request;

	assert_non_null(r);
	nodes_meet(f->anna, cia);
	dev = node_self(dag)->id;
	SITE_OK(node_revoke(f->anna, &dev, "slutar", r, err));
	SITE_OK(node_commit(f->anna, err));
	nodes_meet(f->anna, cia);
	nodes_meet(f->anna, f->bo);
	request = ask(cia, &f->gone);
	nodes_copy_streams(cia, f->anna, true);
	dev = node_self(cia)->id;
	SITE_OK(node_ungrant(f->anna, &dev, &f->o.team, r, err));
	SITE_OK(node_commit(f->anna, err));
	mem_free(r);
	return request;
}

static void
an_order_whose_key_never_comes_erases_what_it_does_not_name(void **state)
{
	struct erase_case about;
	struct buf keep = BUF_INIT;
	struct office f;
	struct node *cia, *dag;
	struct hash request;

	(void)state;
	start(&f);
	cia = nodes_join(&f.o, "cia", true);
	dag = nodes_join(&f.o, "dag", true);
	request = ask_under_a_lost_key(&f, cia, dag);
	nodes_put(&f.o, f.bo, &f.gone, "status", "open", secret); /* he has not heard, and it is in no range */
	nodes_copy_streams(f.anna, f.bo, true);
	approve(f.anna, &request);
	CHECK_CASE("its box", node_open_order(f.anna, orders_at(replica_orders(node_replica(f.anna)), 0), &about, &keep, NULL), ERR_KEY);
	assert_false(knows(f.anna, &f.gone));

	nodes_copy(f.bo, f.anna);
	assert_false(knows(f.anna, &f.gone));
	assert_int_equal(erased_in(node_replica(f.anna), &f.o.team), 3);
	nodes_copy(f.anna, f.bo);
	assert_false(knows(f.bo, &f.gone));
	assert_true(knows(f.bo, &f.kept));
	assert_int_equal(erased_in(node_replica(f.bo), &f.o.team), 3);
	assert_true(node_is_erased(f.bo, &f.gone, NULL));
	meet(f.bo, f.hub);
	meet(f.anna, f.hub);
	assert_int_equal(erased_in(f.hub, &f.o.team), 3);
	assert_true(orders_receipt_of(replica_orders(f.hub), &request, &node_self(f.anna)->sign_pk)->receipt.keys);
	f.anna = nodes_reopen(&f.o, f.anna);
	assert_false(knows(f.anna, &f.gone));
	nodes_same_state(f.anna, f.bo);
	buf_free(&keep);
	end(&f);
}

/* To Eva the approval comes before the entries: those come without their payloads, and nothing but the order tells what they were. */
static void
an_order_whose_key_never_comes_erases_what_comes_after_it(void **state)
{
	struct office f;
	struct node *cia, *dag, *eva;
	struct hash request;

	(void)state;
	start(&f);
	cia = nodes_join(&f.o, "cia", true);
	dag = nodes_join(&f.o, "dag", true);
	eva = nodes_join(&f.o, "eva", true);
	request = ask_under_a_lost_key(&f, cia, dag);
	nodes_put(&f.o, f.bo, &f.gone, "status", "open", secret); /* he has not heard */
	approve(f.anna, &request);
	nodes_copy_streams(f.anna, eva, true);
	nodes_copy_streams(f.bo, eva, false);
	assert_false(knows(eva, &f.gone));
	nodes_copy(f.anna, eva);
	assert_false(knows(eva, &f.gone));
	assert_true(knows(eva, &f.kept));
	assert_int_equal(node_waiting_keys(eva), 0);
	end(&f);
}

static void
what_a_removed_device_asked_for_unheard_is_asked_for_anew(void **state)
{
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct device_id dev;
	struct office f;
	struct node *cia;
	struct hash request, again;

	(void)state;
	assert_non_null(r);
	start(&f);
	cia = nodes_join(&f.o, "cia", true);
	nodes_meet(f.anna, cia);
	dev = node_self(cia)->id;
	SITE_OK(node_revoke(f.anna, &dev, "slutar", r, err));
	SITE_OK(node_commit(f.anna, err));
	request = ask(cia, &f.gone);
	nodes_copy(cia, f.anna);
	CHECK_CASE("beyond the cut", node_approve_erasure(f.anna, &request, NULL), ERR_REFUSED);
	nodes_copy(f.anna, f.bo);
	again = ask(f.bo, &f.gone);
	nodes_copy(f.bo, f.anna);
	approve(f.anna, &again);
	assert_false(knows(f.anna, &f.gone));
	mem_free(r);
	end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_case_approved_by_a_second_person_is_gone_from_every_replica),
		cmocka_unit_test(what_is_read_again_after_an_erasure_is_the_same),
		cmocka_unit_test(an_erasure_that_memory_was_short_for_is_carried_out_all_the_same),
		cmocka_unit_test(an_old_snapshot_does_not_bring_back_what_was_erased),
		cmocka_unit_test(a_snapshot_from_before_a_tombstone_shows_nothing_that_is_under_it),
		cmocka_unit_test(nobody_approves_their_own_request),
		cmocka_unit_test(a_request_names_every_entry_of_the_case_or_is_not_made),
		cmocka_unit_test(the_approval_may_come_before_the_request),
		cmocka_unit_test(a_late_entry_of_an_erased_case_is_deleted_on_arrival),
		cmocka_unit_test(an_erased_record_is_neither_written_nor_imported_again),
		cmocka_unit_test(the_next_writer_makes_an_epoch_without_the_erased_key),
		cmocka_unit_test(a_newcomer_reads_what_is_live_though_nobody_writes),
		cmocka_unit_test(an_order_whose_key_never_comes_erases_what_it_does_not_name),
		cmocka_unit_test(an_order_whose_key_never_comes_erases_what_comes_after_it),
		cmocka_unit_test(what_a_removed_device_asked_for_unheard_is_asked_for_anew),
		cmocka_unit_test(every_device_says_that_it_has_erased),
		cmocka_unit_test(receipts_read_back_as_they_were_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
