/*
 * People leave: what they wrote stays, what they write on counts only when
 * somebody adopts it, and nothing new is sealed to them.
 */
#include "nodes.h"

#include "base/mem.h"
#include "node/removal.h"
#include "vault/vault_late.h"

static struct device_id
id_of(struct node *n)
{
	return node_self(n)->id;
}

static void
revoke(struct node *by, struct node *whom, const char *reason)
{
	struct device_id dev = id_of(whom);
	struct node_removal *r = mem_zero(1, sizeof(*r));

	assert_non_null(r);
	SITE_OK(node_revoke(by, &dev, reason, r, err));
	assert_false(r->dispute);
	SITE_OK(node_commit(by, err));
	mem_free(r);
}

static const struct org_device *
seen_by(struct node *n, struct node *whom)
{
	struct device_id dev = id_of(whom);

	return org_device_by_id(node_org(n), &dev);
}

struct late_list { struct node_late late[64]; size_t count; };

static bool
keep(void *ctx, const struct node_late *late)
{
	struct late_list *l = ctx;

	l->late[l->count++] = *late;
	return true;
}

static struct late_list
late_of(struct node *n)
{
	struct late_list l = { .count = 0 };

	SITE_OK(node_each_late(n, keep, &l, err));
	assert_int_equal(node_late_count(n), l.count);
	return l;
}

/* Three who work in one team, in step with each other, and a case that each of them has written in. */
struct three { struct nodes o; struct node *lund, *dalby, *genarp; struct record_id record; };

static void
three_start(struct three *t)
{
	nodes_start(&t->o);
	t->lund = t->o.first;
	t->dalby = nodes_join(&t->o, "dalby", true);
	t->genarp = nodes_join(&t->o, "genarp", true);
	t->record = nodes_id(&t->o);
	nodes_put(&t->o, t->lund, &t->record, "title", "Hyra", NULL);
	nodes_meet(t->lund, t->dalby);
	nodes_put(&t->o, t->dalby, &t->record, NULL, NULL, "Hon ringde.");
	nodes_meet(t->lund, t->dalby);
	nodes_meet(t->lund, t->genarp);
	nodes_meet(t->lund, t->dalby);
	nodes_same_state(t->lund, t->dalby);
	nodes_same_state(t->lund, t->genarp);
}

/* ---- rotating on write ---- */

static void
the_next_writer_seals_to_those_who_remain_and_to_nobody_else(void **state)
{
	struct three t;
	struct epoch_id epoch;
	struct device_id gone;
	struct record_id fresh;
	struct node *late;

	(void)state;
	three_start(&t);
	gone = id_of(t.dalby);
	assert_int_equal(vault_preferred_n(t.lund->vault, &t.o.team), 1);
	revoke(t.lund, t.dalby, NULL);
	nodes_meet(t.lund, t.genarp);
	fresh = nodes_id(&t.o);
	nodes_put(&t.o, t.genarp, &fresh, "title", "Efteråt", NULL);
	assert_int_equal(vault_preferred_n(t.genarp->vault, &t.o.team), 2);
	assert_true(vault_preferred(t.genarp->vault, &t.o.team, &epoch));
	assert_false(vault_epoch_reaches(t.genarp->vault, &epoch, &gone));
	nodes_meet(t.lund, t.genarp);
	assert_string_equal(nodes_read(t.lund, &fresh, "title", NULL), "Efteråt");
	assert_string_equal(nodes_read(t.lund, &t.record, "title", NULL), "Hyra");
	nodes_same_state(t.lund, t.genarp);
	assert_int_equal(node_waiting_keys(t.lund), 0);
	assert_int_equal(node_waiting_keys(t.genarp), 0);
	/* Even if all of it came into the removed device's hands. */
	nodes_copy(t.genarp, t.dalby);
	assert_string_equal(nodes_read(t.dalby, &fresh, "title", NULL), "");
	assert_string_equal(nodes_read(t.dalby, &t.record, "title", NULL), "Hyra");
	assert_true(node_waiting_keys(t.dalby) > 0);
	/* The next one is written under the same epoch, and who comes now reads it all. */
	nodes_put(&t.o, t.lund, &fresh, "status", "closed", NULL);
	assert_int_equal(vault_preferred_n(t.lund->vault, &t.o.team), 2);
	late = nodes_join(&t.o, "veberod", true);
	nodes_same_state(t.lund, late);
	nodes_end(&t.o);
}

static void
two_who_rotate_at_once_end_under_one_epoch(void **state)
{
	struct three t;
	struct epoch_id a, b;
	struct record_id x, y;

	(void)state;
	three_start(&t);
	revoke(t.lund, t.dalby, NULL);
	nodes_copy_streams(t.lund, t.genarp, true);
	x = nodes_id(&t.o);
	y = nodes_id(&t.o);
	nodes_put(&t.o, t.lund, &x, "title", "Ena", NULL);
	nodes_put(&t.o, t.genarp, &y, "title", "Andra", NULL);
	nodes_meet(t.lund, t.genarp);
	nodes_meet(t.lund, t.genarp);
	nodes_same_state(t.lund, t.genarp);
	assert_true(vault_preferred(t.lund->vault, &t.o.team, &a) && vault_preferred(t.genarp->vault, &t.o.team, &b));
	assert_memory_equal(a.b, b.b, sizeof(a.b));
	nodes_end(&t.o);
}

/* ---- what comes late ---- */

/* proto/org.md, example 1. */
static void
what_a_removed_device_wrote_unseen_counts_when_it_is_adopted(void **state)
{
	struct three t;
	struct late_list l;
	struct record_id unseen, bad;

	(void)state;
	three_start(&t);
	unseen = nodes_id(&t.o);
	bad = nodes_id(&t.o);
	nodes_put(&t.o, t.dalby, &unseen, "title", "Osedd", NULL);
	nodes_copy(t.dalby, t.genarp);
	assert_string_equal(nodes_read(t.genarp, &unseen, "title", NULL), "Osedd");
	nodes_put(&t.o, t.dalby, &bad, "title", "Sen", NULL);
	revoke(t.lund, t.dalby, "slutade");
	nodes_meet(t.lund, t.genarp);
	nodes_copy(t.dalby, t.lund);
	nodes_meet(t.lund, t.genarp);
	assert_string_equal(nodes_read(t.genarp, &unseen, "title", NULL), "");
	assert_string_equal(nodes_read(t.genarp, &t.record, "title", NULL), "Hyra");
	nodes_same_state(t.lund, t.genarp);
	l = late_of(t.genarp);
	assert_int_equal(l.count, 2);
	assert_true(l.late[0].opens && SAME(l.late[0].record, unseen));
	SITE_OK(node_adopt(t.genarp, l.late, 1, err));
	SITE_OK(node_commit(t.genarp, err));
	assert_string_equal(nodes_read(t.genarp, &unseen, "title", NULL), "Osedd");
	assert_string_equal(nodes_read(t.genarp, &bad, "title", NULL), "");
	assert_int_equal(late_of(t.genarp).count, 1);
	nodes_meet(t.lund, t.genarp);
	assert_string_equal(nodes_read(t.lund, &unseen, "title", NULL), "Osedd");
	nodes_same_state(t.lund, t.genarp);
	assert_int_equal(late_of(t.lund).count, 1);
	nodes_end(&t.o);
}

/* Genarp has buried the key of the old epoch, as after an erasure; it has what the tables announced, and none tells of what nobody had seen. */
static void
who_cannot_read_an_entry_does_not_adopt_it(void **state)
{
	struct three t;
	struct late_list l;
	struct record_id unseen, seen;
	struct epoch_id old;
	struct err why = ERR_INIT;
	uint64_t held;

	(void)state;
	three_start(&t);
	unseen = nodes_id(&t.o);
	seen = nodes_id(&t.o);
	nodes_put(&t.o, t.dalby, &unseen, "title", "Osedd", NULL);
	assert_true(vault_preferred(t.lund->vault, &t.o.team, &old));
	revoke(t.lund, t.dalby, NULL);
	nodes_put(&t.o, t.lund, &seen, "title", "Efteråt", NULL);
	nodes_meet(t.lund, t.genarp);
	SITE_OK(keystore_add_tombstone(node_keystore(t.genarp), TOMB_SECRET, old.b, err));
	memset(keystore_epoch(node_keystore(t.genarp), &old)->e, 0, sizeof(keystore_epoch(node_keystore(t.genarp), &old)->e));
	SITE_OK(node_save_keystore(t.genarp, err));
	t.genarp = nodes_reopen(&t.o, t.genarp);
	nodes_copy(t.dalby, t.genarp);
	l = late_of(t.genarp);
	assert_int_equal(l.count, 1);
	assert_false(l.late[0].opens);
	held = replica_entry_count(node_replica(t.genarp));
	assert_int_equal(node_adopt(t.genarp, l.late, 1, &why), ERR_REFUSED);
	assert_non_null(strstr(why.text, "cannot be read here"));
	assert_int_equal(replica_entry_count(node_replica(t.genarp)), held);
	/* Who reads it may, and then it counts there as well. */
	nodes_copy(t.dalby, t.lund);
	l = late_of(t.lund);
	assert_true(l.count == 1 && l.late[0].opens);
	SITE_OK(node_adopt(t.lund, l.late, 1, err));
	SITE_OK(node_commit(t.lund, err));
	nodes_meet(t.lund, t.genarp);
	assert_string_equal(nodes_read(t.genarp, &unseen, "title", NULL), "Osedd");
	nodes_end(&t.o);
}

/* The case's key came with the first of two entries, and only the second is wanted. */
static void
an_adopted_entry_opens_though_the_one_that_brought_its_key_stays_out(void **state)
{
	struct three t;
	struct late_list l;
	struct record_id id;
	struct node *late;
	size_t values;

	(void)state;
	three_start(&t);
	id = nodes_id(&t.o);
	nodes_put(&t.o, t.dalby, &id, "title", "Bråte", NULL);
	nodes_put(&t.o, t.dalby, &id, "status", "closed", NULL);
	revoke(t.lund, t.dalby, NULL);
	nodes_copy(t.dalby, t.lund);
	l = late_of(t.lund);
	assert_int_equal(l.count, 2);
	SITE_OK(node_adopt(t.lund, l.late + 1, 1, err));
	SITE_OK(node_commit(t.lund, err));
	nodes_meet(t.lund, t.genarp);
	assert_int_equal(node_waiting_keys(t.genarp), 0);
	assert_string_equal(nodes_read(t.genarp, &id, "title", NULL), "");
	(void)nodes_read(t.genarp, &id, "status", &values);
	assert_int_equal(values, 1);
	nodes_same_state(t.lund, t.genarp);
	late = nodes_join(&t.o, "veberod", true);
	nodes_same_state(t.lund, late);
	assert_int_equal(node_waiting_keys(late), 0);
	t.lund = nodes_reopen(&t.o, t.lund);
	nodes_same_state(t.lund, late);
	nodes_end(&t.o);
}

static void
looking_at_what_waits_teaches_the_vault_nothing(void **state)
{
	struct three t;
	struct record_id id;
	size_t before;

	(void)state;
	three_start(&t);
	id = nodes_id(&t.o);
	nodes_put(&t.o, t.dalby, &id, "title", "Sen", NULL);
	revoke(t.lund, t.dalby, NULL);
	nodes_copy(t.dalby, t.lund);
	before = vault_mark(t.lund->vault);
	assert_true(late_of(t.lund).late[0].opens);
	assert_int_equal(vault_mark(t.lund->vault), before);
	assert_true(late_of(t.lund).late[0].opens);
	nodes_end(&t.o);
}

/* ---- who may remove whom ---- */

/* proto/org.md, example 2. */
static void
coordinators_of_one_rank_cannot_remove_each_other_and_the_attempt_stands(void **state)
{
	struct nodes o;
	struct node *c1, *c2;
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct device_id a, b, root;
	size_t given;

	(void)state;
	assert_non_null(r);
	nodes_start(&o);
	c1 = nodes_join_as(&o, "eslov", ROLE_COORDINATOR, true);
	c2 = nodes_join_as(&o, "lomma", ROLE_COORDINATOR, true);
	nodes_copy(o.first, c1);
	a = id_of(c1);
	b = id_of(c2);
	root = id_of(o.first);
	SITE_OK(node_revoke(c1, &b, NULL, r, err));
	assert_true(r->dispute && !r->recorded_before);
	SITE_OK(node_commit(c1, err));
	SITE_OK(node_revoke(c1, &b, NULL, r, err)); /* not a second time */
	assert_true(r->dispute && r->recorded_before);
	SITE_OK(node_revoke(c2, &a, NULL, r, err));
	SITE_OK(node_commit(c2, err));
	nodes_meet(c1, c2);
	nodes_meet(c1, o.first);
	assert_int_equal(org_void_removals(node_org(o.first)), 2);
	assert_false(seen_by(o.first, c1)->gone || seen_by(o.first, c2)->gone);
	SITE_OK(node_give_keys(o.first, &given, err));
	assert_int_equal(given, 0);
	revoke(o.first, c2, NULL); /* somebody above both decides, and it is over */
	assert_int_equal(org_void_removals(node_org(o.first)), 0);
	assert_int_equal(node_revoke(c1, &root, NULL, r, NULL), ERR_OK);
	assert_true(r->dispute);
	node_drop(c1);
	mem_free(r);
	nodes_end(&o);
}

static void
an_adviser_removes_nobody_but_herself(void **state)
{
	struct three t;
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct device_id other;
	struct record_id id;
	struct err why_not = ERR_INIT;

	(void)state;
	assert_non_null(r);
	three_start(&t);
	other = id_of(t.genarp);
	assert_int_equal(node_revoke(t.dalby, &other, NULL, r, &why_not), ERR_REFUSED);
	node_drop(t.dalby);
	id = nodes_id(&t.o);
	nodes_put(&t.o, t.dalby, &id, "title", "Sista", NULL);
	revoke(t.dalby, t.dalby, "flyttar");
	assert_true(node_self(t.dalby)->gone);
	nodes_copy(t.dalby, t.lund);
	assert_true(seen_by(t.lund, t.dalby)->gone);
	assert_string_equal(nodes_read(t.lund, &id, "title", NULL), "Sista"); /* she cut nothing of hers */
	assert_int_equal(node_late_count(t.lund), 0);
	other = id_of(t.dalby);
	why_not = (struct err)ERR_INIT;
	assert_int_equal(node_revoke(t.lund, &other, NULL, r, &why_not), ERR_EXISTS);
	mem_free(r);
	nodes_end(&t.o);
}

/* proto/org.md, example 7. */
static void
two_removals_cut_at_the_lower_place(void **state)
{
	struct three t;
	struct node *c2;
	struct record_id early, more;

	(void)state;
	three_start(&t);
	c2 = nodes_join_as(&t.o, "eslov", ROLE_COORDINATOR, true);
	nodes_meet(t.lund, c2);
	early = nodes_id(&t.o);
	more = nodes_id(&t.o);
	nodes_put(&t.o, t.dalby, &early, "title", "Båda såg", NULL);
	nodes_copy(t.dalby, t.lund);
	nodes_copy(t.dalby, c2);
	nodes_put(&t.o, t.dalby, &more, "title", "Lund såg", NULL);
	nodes_copy(t.dalby, t.lund);
	revoke(t.lund, t.dalby, NULL);
	assert_string_equal(nodes_read(t.lund, &more, "title", NULL), "Lund såg");
	revoke(c2, t.dalby, NULL);
	nodes_meet(t.lund, c2);
	nodes_meet(t.lund, c2);
	assert_string_equal(nodes_read(t.lund, &early, "title", NULL), "Båda såg");
	assert_string_equal(nodes_read(t.lund, &more, "title", NULL), "");
	nodes_same_state(t.lund, c2);
	assert_int_equal(late_of(t.lund).count, 1);
	nodes_end(&t.o);
}

/* ---- the removed device ---- */

static void
a_removed_device_writes_no_more_and_keeps_what_it_has(void **state)
{
	struct three t;
	struct record_id id;
	struct node_reason why;
	struct device_id self;
	struct draft d;
	struct err why_not = ERR_INIT;

	(void)state;
	three_start(&t);
	id = nodes_id(&t.o);
	nodes_put(&t.o, t.dalby, &id, "title", "Bara här", NULL);
	revoke(t.lund, t.dalby, "lånad dator borta");
	nodes_copy_streams(t.lund, t.dalby, true);
	assert_true(node_self(t.dalby)->gone);
	self = id_of(t.dalby);
	assert_true(node_reason_of(t.dalby, &self, &why));
	assert_string_equal(why.text, "lånad dator borta");
	assert_memory_equal(why.by.b, id_of(t.lund).b, 16);
	draft_init(&d, profile_type_named(node_profile(t.dalby), "case"), &t.record);
	SITE_OK(draft_assign_text(&d, OP_SET, "title", "Mer", err));
	assert_int_equal(node_write(t.dalby, &t.o.team, &d, NULL, &why_not), ERR_REFUSED);
	assert_non_null(strstr(why_not.text, "removed"));
	draft_free(&d);
	node_drop(t.dalby);
	assert_int_equal(late_of(t.dalby).count, 1);
	assert_string_equal(nodes_read(t.dalby, &id, "title", NULL), "");
	SITE_OK(node_show_own_late(t.dalby, true, err));
	assert_string_equal(nodes_read(t.dalby, &id, "title", NULL), "Bara här");
	SITE_OK(node_show_own_late(t.dalby, false, err));
	assert_string_equal(nodes_read(t.dalby, &id, "title", NULL), "");
	nodes_end(&t.o);
}

static void
exposure_tells_what_was_still_sealed_to_the_removed(void **state)
{
	struct three t;
	struct node_exposure x;
	struct device_id dev;
	struct record_id id;

	(void)state;
	three_start(&t);
	revoke(t.lund, t.dalby, NULL);
	id = nodes_id(&t.o);
	nodes_put(&t.o, t.genarp, &id, "title", "Hade inte hört", NULL);
	nodes_meet(t.lund, t.genarp);
	nodes_put(&t.o, t.genarp, &id, "title", "Har hört", NULL);
	nodes_meet(t.lund, t.genarp);
	dev = id_of(t.dalby);
	SITE_OK(node_exposure(t.lund, &dev, &x, err));
	assert_true(x.removed && x.dated);
	assert_int_equal(x.team_count, 2);
	assert_memory_equal(x.teams[1].team.b, t.o.team.b, 16);
	assert_int_equal(x.teams[1].epochs, 1);
	assert_int_equal(x.teams[1].readable, 3); /* one by each of two before it, one after */
	assert_int_equal(x.late_count, 1);
	assert_int_equal(x.late[0].entries, 1);
	assert_memory_equal(x.late[0].author.b, node_self(t.genarp)->sign_pk.b, 32);
	assert_int_equal(x.late[0].year, 2019);
	node_exposure_free(&x);
	nodes_end(&t.o);
}

/* ---- one team only ---- */

static void
who_leaves_a_team_and_comes_back_is_heard_again(void **state)
{
	struct three t;
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct device_id dev;
	struct record_id between, again;

	(void)state;
	assert_non_null(r);
	three_start(&t);
	dev = id_of(t.dalby);
	between = nodes_id(&t.o);
	again = nodes_id(&t.o);
	nodes_put(&t.o, t.dalby, &between, "title", "Osedd", NULL);
	SITE_OK(node_ungrant(t.lund, &dev, &t.o.team, r, err));
	assert_int_equal(r->cut_count, 1);
	SITE_OK(node_commit(t.lund, err));
	assert_false(org_reads(node_org(t.lund), &t.o.team, &dev));
	assert_false(seen_by(t.lund, t.dalby)->gone);
	nodes_copy(t.dalby, t.lund);
	assert_string_equal(nodes_read(t.lund, &between, "title", NULL), "");
	assert_string_equal(nodes_read(t.lund, &t.record, "title", NULL), "Hyra");
	assert_int_equal(node_ungrant(t.lund, &dev, &t.o.team, r, NULL), ERR_UNKNOWN);
	SITE_OK(node_grant(t.lund, &dev, &t.o.team, err));
	SITE_OK(node_commit(t.lund, err));
	nodes_copy(t.lund, t.dalby);
	nodes_put(&t.o, t.dalby, &again, "title", "Igen", NULL);
	nodes_put(&t.o, t.dalby, &again, "status", "closed", NULL);
	nodes_meet(t.lund, t.dalby);
	assert_string_equal(nodes_read(t.lund, &again, "title", NULL), "Igen");
	assert_int_equal(late_of(t.lund).count, 1);
	nodes_same_state(t.lund, t.dalby);
	mem_free(r);
	nodes_end(&t.o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_writer_seals_to_those_who_remain_and_to_nobody_else),
		cmocka_unit_test(two_who_rotate_at_once_end_under_one_epoch),
		cmocka_unit_test(what_a_removed_device_wrote_unseen_counts_when_it_is_adopted),
		cmocka_unit_test(who_cannot_read_an_entry_does_not_adopt_it),
		cmocka_unit_test(an_adopted_entry_opens_though_the_one_that_brought_its_key_stays_out),
		cmocka_unit_test(looking_at_what_waits_teaches_the_vault_nothing),
		cmocka_unit_test(coordinators_of_one_rank_cannot_remove_each_other_and_the_attempt_stands),
		cmocka_unit_test(an_adviser_removes_nobody_but_herself),
		cmocka_unit_test(two_removals_cut_at_the_lower_place),
		cmocka_unit_test(a_removed_device_writes_no_more_and_keeps_what_it_has),
		cmocka_unit_test(exposure_tells_what_was_still_sealed_to_the_removed),
		cmocka_unit_test(who_leaves_a_team_and_comes_back_is_heard_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
