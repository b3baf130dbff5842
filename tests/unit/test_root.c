/*
 * proto/org.md, 4 "Roots": the root is handed over, and what who held the old
 * one can do about it. NEW, NEWER and THIEF are keys that no device has.
 */
#include "office.h"

enum { NEW = 11, NEWER = 12, THIEF = 13 };

/* The root's log as it is now. */
static struct cut
here(const struct world *w)
{
	return cut_at(&w->control, 0, world_last(w, ROOT, &w->control, 0));
}

/* In both orders of arrival, and one entry at a time in the middle. */
static struct org *
settled(struct world *w)
{
	struct org *o = evaluated(w), *back = org_new();
	uint8_t a[16], b[16];

	assert_non_null(back);
	org_set_holds(back, world_holds, w);
	for (size_t i = w->count; i-- > 0;) {
		assert_int_equal(org_add(back, &w->entries[i], NULL), ERR_OK);
		if (i % 3 == 0)
			assert_int_equal(org_evaluate(back, NULL), ERR_OK);
	}
	assert_int_equal(org_evaluate(back, NULL), ERR_OK);
	org_digest(o, a);
	org_digest(back, b);
	assert_memory_equal(a, b, sizeof(a));
	org_free(back);
	return o;
}

static bool
rules(const struct world *w, const struct org *o, unsigned who)
{
	const struct author *root = org_root(o);

	return root != NULL && SAME(*root, w->actors[who].keys.sign_pk);
}

static bool
belongs(const struct world *w, const struct org *o, unsigned who)
{
	const struct org_device *d = world_device(w, o, who);

	return d != NULL && org_device_live(d);
}

static void
the_new_root_decides_and_the_old_one_no_longer(void **state)
{
	struct world *w = office();
	struct cut cut = here(w);
	uint8_t next[32], want[32];
	struct org *o;

	(void)state;
	world_rotate(w, ANA, 0, ROOT, NEW, &cut, 1); /* whoever is at hand carries it */
	world_admit(w, ROOT, 0, X, X);               /* the old sheets */
	world_grant(w, ROOT, 0, X, ROLE_COORDINATOR, NULL, 1);
	world_revoke(w, ROOT, 0, C1, NULL, 0);
	world_admit(w, NEW, 0, DEE, DEE);            /* the new ones */
	world_grant(w, NEW, 0, DEE, ROLE_COORDINATOR, NULL, 1);
	world_revoke(w, NEW, 0, C2, NULL, 0);
	o = settled(w);
	assert_true(rules(w, o, NEW));
	assert_false(belongs(w, o, X));
	assert_true(belongs(w, o, C1));
	assert_true(belongs(w, o, DEE));
	assert_int_equal(world_device(w, o, DEE)->rank, 1);
	assert_true(gone(w, o, C2));
	assert_int_equal(org_root_count(o), 2);
	assert_int_equal(org_root_at(o, 0)->state, ROOT_RETIRED);
	assert_true(org_next_root(o, next));
	rotation_hash(want, &w->actors[NEW].rot_pk);
	assert_memory_equal(next, want, sizeof(next));
	assert_true(org_speaks(o, &w->actors[NEW].keys.sign_pk) && org_speaks(o, &w->actors[ROOT].keys.sign_pk));
	assert_false(org_speaks(o, &w->actors[THIEF].keys.sign_pk));
	org_free(o);
	world_free(w);
}

static void
the_root_goes_on_from_hand_to_hand(void **state)
{
	struct world *w = office();
	struct cut cut = here(w), second;
	struct org *o;

	(void)state;
	world_rotate(w, ANA, 0, ROOT, NEW, &cut, 1);
	world_revoke(w, NEW, 0, C2, NULL, 0);
	second = cut_at(&w->control, 0, world_last(w, NEW, &w->control, 0));
	world_rotate(w, BOB, 0, NEW, NEWER, &second, 1);
	world_revoke(w, NEW, 0, C1, NULL, 0);        /* too late */
	world_rotate(w, X, 0, NEWER, NEWER, NULL, 0); /* a root does not succeed itself */
	world_rotate(w, X, 0, NEWER, ROOT, NULL, 0);  /* nor does one of former times return */
	o = settled(w);
	assert_true(rules(w, o, NEWER));
	assert_int_equal(org_root_count(o), 3);
	assert_true(gone(w, o, C2));
	assert_false(gone(w, o, C1));
	org_free(o);
	world_free(w);
}

static void
nobody_rotates_without_the_key_that_was_committed_to(void **state)
{
	struct world *w = office();
	struct cut cut = here(w);
	struct control_op op = { .kind = KIND_ROOTROT };
	struct org *o;
	size_t i;

	(void)state;
	world_rotate(w, ROOT, 0, THIEF, NEW, &cut, 1); /* another key, in the root's own log */
	i = world_rotate(w, C1, 0, ROOT, NEW, &cut, 1);
	assert_int_equal(control_op_decode(&op, KIND_ROOTROT, w->entries[i].payload, NULL), ERR_OK);
	w->count--;
	free((void *)(uintptr_t)w->entries[i].payload.p);
	op.u.rootrot.new_root = w->actors[THIEF].keys.sign_pk; /* the right key's word, made to say something else */
	world_op(w, C1, 0, &op);
	op.u.rootrot.new_root = w->actors[NEW].keys.sign_pk;
	op.u.rootrot.cuts[0].seq--;
	world_op(w, C1, 0, &op);
	control_op_free(&op);
	o = settled(w);
	assert_true(rules(w, o, ROOT));
	assert_int_equal(org_root_count(o), 1);
	org_free(o);
	world_free(w);
}

static void
a_rotation_counts_however_its_carrier_is_cut(void **state)
{
	struct world *w = office();
	struct cut cut = here(w), none = { .stream = w->control, .inc = inc_of(0), .seq = -1 };
	struct org *o;

	(void)state;
	world_rotate(w, X, 0, ROOT, NEW, &cut, 1);    /* X was never admitted */
	world_rotate(w, ANA, 0, ROOT, NEW, &cut, 1);  /* the same one once more */
	world_revoke(w, ROOT, 0, ANA, &none, 1);      /* who held the old root would like to hide it */
	world_revoke(w, C1, 0, ANA, &none, 1);
	o = settled(w);
	assert_true(rules(w, o, NEW));
	org_free(o);
	world_free(w);
}

static void
the_old_roots_fork_below_the_cut_changes_nothing(void **state)
{
	struct world *w = office();
	struct cut cut = here(w);
	const struct entry *last = world_last(w, ROOT, &w->control, 0), *base = world_find(w, last->h.prev.b, 32);
	struct control_op op = { .kind = KIND_GRANT, .u.grant = { .dev = w->actors[X].id, .role = ROLE_COORDINATOR, .rank = 1 } };
	struct buf payload = BUF_INIT, proof = BUF_INIT;
	struct fork_proof p;
	struct org *o;
	size_t i;

	(void)state;
	control_op_encode(&payload, &op);
	i = world_write_after(w, ROOT, &w->control, 0, base, KIND_GRANT, buf_bytes(&payload));
	if (memcmp(last->id.b, w->entries[i].id.b, 32) < 0)
		fork_proof_make(&p, last, &w->entries[i]);
	else
		fork_proof_make(&p, &w->entries[i], last);
	fork_proof_encode(&proof, &p);
	world_write(w, C1, &w->control, 0, KIND_FORK, buf_bytes(&proof));
	world_rotate(w, ANA, 0, ROOT, NEW, &cut, 1);
	world_admit(w, C1, 0, X, X);
	o = settled(w);
	assert_true(belongs(w, o, C2)); /* granted by the last entry of the root's true history */
	assert_false(belongs(w, o, X));
	org_free(o);
	buf_free(&payload);
	buf_free(&proof);
	world_free(w);
}

/* Two sheets of a key that has been used: nobody gains a right, no removal is undone. */
static void
two_turns_by_one_key_are_contested_and_give_nobody_a_right(void **state)
{
	struct world *w = office();
	struct cut cut, low = here(w);
	struct org *o;

	(void)state;
	world_admit(w, C1, 0, EVE, EVE);
	world_grant(w, C1, 0, EVE, ROLE_AUDITOR, NULL, 0);
	world_revoke(w, ROOT, 0, EVE, NULL, 0);
	world_admit(w, ROOT, 0, HUB, HUB);
	cut = here(w);
	world_rotate(w, ANA, 0, ROOT, NEW, &cut, 1);
	world_revoke(w, NEW, 0, C2, NULL, 0);
	world_admit(w, NEW, 0, DEE, DEE);
	world_grant(w, NEW, 0, DEE, ROLE_COORDINATOR, NULL, 1);
	o = settled(w);
	assert_true(rules(w, o, NEW) && belongs(w, o, DEE) && gone(w, o, C2));
	org_free(o);
	world_rotate(w, X, 0, ROOT, THIEF, &low, 1);
	world_admit(w, THIEF, 0, X, X);
	world_grant(w, THIEF, 0, X, ROLE_COORDINATOR, NULL, 1);
	o = settled(w);
	assert_null(org_root(o));
	assert_int_equal(org_root_count(o), 3);
	assert_int_equal(org_root_at(o, 1)->state, ROOT_CONTESTED);
	assert_int_equal(org_root_at(o, 2)->state, ROOT_CONTESTED);
	assert_false(belongs(w, o, X));
	assert_false(belongs(w, o, DEE));
	assert_true(belongs(w, o, C1));
	assert_null(world_device(w, o, HUB)); /* the thief's cut is lower: of what the old root granted that much counts */
	assert_true(gone(w, o, EVE));         /* and of what it removed, all that either keeps */
	assert_true(gone(w, o, C2));
	org_free(o);
	world_free(w);
}

/* Whoever holds the old root signs GENESIS anew, with a next root of their own. */
static void
a_second_genesis_is_another_organisation(void **state)
{
	struct genesis g, other;
	struct org_id a, b;

	(void)state;
	memset(&g, 1, sizeof(g));
	g.escrow = g.has_escrow_pk = g.has_next_root = true;
	a = org_id_of(&g);
	for (int what = 0; what < 5; what++) {
		other = g;
		if (what == 0)
			other.next_root_hash[3] ^= 1;
		else if (what == 1)
			other.escrow_pk[3] ^= 1;
		else if (what == 2)
			other.escrow = false;
		else if (what == 3)
			other.has_next_root = false;
		else
			other.nonce[0] ^= 1;
		b = org_id_of(&other);
		assert_false(SAME(a, b));
	}
}

static void
parties_of_a_dispute_are_named(void **state)
{
	struct world *w = office();
	struct org *o;

	(void)state;
	world_revoke(w, C1, 0, C2, NULL, 0);
	o = evaluated(w);
	assert_true(org_disputed(o, &w->actors[C1].id) && org_disputed(o, &w->actors[C2].id));
	assert_false(org_disputed(o, &w->actors[C3].id));
	org_free(o);
	world_revoke(w, ROOT, 0, C2, NULL, 0);
	o = evaluated(w);
	assert_false(org_disputed(o, &w->actors[C1].id));
	org_free(o);
	world_free(w);
}

static void
what_is_no_rootrot_is_refused(void **state)
{
	struct world *w = office();
	struct cut cut = here(w);
	size_t i = world_rotate(w, ANA, 0, ROOT, NEW, &cut, 1);
	const struct entry *e = &w->entries[i];
	struct control_op op;
	struct buf again = BUF_INIT;

	(void)state;
	assert_int_equal(control_op_decode(&op, KIND_ROOTROT, e->payload, NULL), ERR_OK);
	control_op_encode(&again, &op);
	assert_int_equal(again.len, e->payload.len);
	assert_memory_equal(again.p, e->payload.p, again.len);
	control_op_free(&op);
	for (size_t len = 0; len < e->payload.len; len++)
		assert_int_equal(control_op_decode(&op, KIND_ROOTROT, BYTES(e->payload.p, len), NULL), ERR_MALFORMED);
	buf_put(&again, "", 1);
	assert_int_equal(control_op_decode(&op, KIND_ROOTROT, buf_bytes(&again), NULL), ERR_MALFORMED);
	buf_free(&again);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_new_root_decides_and_the_old_one_no_longer),
		cmocka_unit_test(the_root_goes_on_from_hand_to_hand),
		cmocka_unit_test(nobody_rotates_without_the_key_that_was_committed_to),
		cmocka_unit_test(a_rotation_counts_however_its_carrier_is_cut),
		cmocka_unit_test(the_old_roots_fork_below_the_cut_changes_nothing),
		cmocka_unit_test(two_turns_by_one_key_are_contested_and_give_nobody_a_right),
		cmocka_unit_test(a_second_genesis_is_another_organisation),
		cmocka_unit_test(parties_of_a_dispute_are_named),
		cmocka_unit_test(what_is_no_rootrot_is_refused),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
