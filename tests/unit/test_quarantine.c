/*
 * What a removed device brings on a stick: 256 entries of a log past what is
 * wanted of it and no more, the same for everybody who reads it, and never lost.
 */
#include "nodes.h"

#include <stdlib.h>

#include "node/removal.h"
#include "peer/peer.h"

enum { WROTE = 600 };

struct scene {
	struct nodes o;
	struct node *lund, *dalby, *genarp;
	struct record_id record;
	uint64_t known;        /* entries of dalby's team log that lund cut at */
	struct buf stick;      /* dalby's, after the removal */
};

static size_t
log_of(struct node *at, struct node *whose)
{
	struct replica *r = node_replica(at);
	const struct stream_id control = control_stream(org_id(node_org(at))), roster = roster_stream(org_id(node_org(at)));

	for (size_t i = 0; i < replica_log_count(r); i++) {
		const struct log_key *k = &replica_log_at(r, i)->key;

		if (SAME(k->author, node_self(whose)->sign_pk) && !SAME(k->stream, control) && !SAME(k->stream, roster) &&
		    !org_is_drop_box(node_org(at), &k->stream))
			return i;
	}
	return SIZE_MAX;
}

static uint64_t
length_at(struct node *at, struct node *whose)
{
	size_t log = log_of(at, whose);

	return log == SIZE_MAX ? 0 : replica_log_at(node_replica(at), log)->len;
}

static void
write_stick(struct node *by, struct buf *out)
{
	uint64_t entries;

	buf_clear(out);
	SITE_OK(bundle_write(node_peer_host(by), NULL, out, &entries, err));
}

static struct bundle_counts
read_stick(struct node *n, const struct buf *stick)
{
	struct bundle_counts c;

	SITE_OK(bundle_read(node_peer_host(n), buf_bytes(stick), false, &c, err));
	SITE_OK(node_commit(n, err));
	return c;
}

/* Dalby works alone; meanwhile Lund removes it. Dalby hears of that, and writes what it has to a stick. */
static void
scene_start(struct scene *s)
{
	struct device_id dev;
	struct node_removal *r = calloc(1, sizeof(*r));

	memset(s, 0, sizeof(*s));
	nodes_start(&s->o);
	s->lund = s->o.first;
	s->dalby = nodes_join(&s->o, "dalby", true);
	s->genarp = nodes_join(&s->o, "genarp", true);
	s->record = nodes_id(&s->o);
	nodes_put(&s->o, s->dalby, &s->record, "title", "Hyra", NULL);
	nodes_meet(s->lund, s->dalby);
	nodes_meet(s->lund, s->genarp);
	s->known = length_at(s->lund, s->dalby);
	for (size_t i = 0; i < WROTE; i++)
		nodes_write(&s->o, s->dalby, &s->record, NULL, NULL, "Hon ringde.");
	SITE_OK(node_commit(s->dalby, err));
	dev = node_self(s->dalby)->id;
	assert_non_null(r);
	SITE_OK(node_revoke(s->lund, &dev, NULL, r, err));
	SITE_OK(node_commit(s->lund, err));
	free(r);
	nodes_copy_streams(s->lund, s->dalby, true);
	nodes_copy_streams(s->lund, s->genarp, true);
	assert_true(node_self(s->dalby)->gone);
	write_stick(s->dalby, &s->stick);
}

static void
scene_end(struct scene *s)
{
	buf_free(&s->stick);
	nodes_end(&s->o);
}

struct late_list { struct node_late late[WROTE + 8]; size_t count; };

static bool
keep(void *ctx, const struct node_late *late)
{
	struct late_list *l = ctx;

	l->late[l->count++] = *late;
	return l->count < COUNT_OF(l->late);
}

static void
adopt_all(struct node *n)
{
	struct late_list *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	SITE_OK(node_each_late(n, keep, l, err));
	SITE_OK(node_adopt(n, l->late, l->count, err));
	SITE_OK(node_commit(n, err));
	free(l);
}

static void
no_more_than_256_entries_past_the_cut_are_taken(void **state)
{
	struct scene s;
	struct bundle_counts c;

	(void)state;
	scene_start(&s);
	c = read_stick(s.lund, &s.stick);
	assert_int_equal(length_at(s.lund, s.dalby), s.known + REPLICA_QUARANTINE);
	assert_int_equal(node_late_count(s.lund), REPLICA_QUARANTINE);
	assert_in_range(c.held_back, WROTE - REPLICA_QUARANTINE, WROTE - REPLICA_QUARANTINE + 8);
	assert_int_equal(c.refused, 0);
	c = read_stick(s.lund, &s.stick); /* again: nothing more */
	assert_int_equal(c.stored, 0);
	assert_int_equal(length_at(s.lund, s.dalby), s.known + REPLICA_QUARANTINE);
	scene_end(&s);
}

static void
two_who_read_the_stick_hold_the_same_of_it(void **state)
{
	struct scene s;
	size_t a, b;

	(void)state;
	scene_start(&s);
	(void)read_stick(s.lund, &s.stick);
	(void)read_stick(s.genarp, &s.stick);
	a = log_of(s.lund, s.dalby);
	b = log_of(s.genarp, s.dalby);
	assert_int_equal(replica_log_at(node_replica(s.lund), a)->len, replica_log_at(node_replica(s.genarp), b)->len);
	assert_memory_equal(&replica_log_at(node_replica(s.lund), a)->head, &replica_log_at(node_replica(s.genarp), b)->head, 32);
	scene_end(&s);
}

static void
adopting_lets_the_next_256_in_until_all_is_there(void **state)
{
	struct scene s;
	struct bundle_counts c;

	(void)state;
	scene_start(&s);
	for (unsigned rounds = 0; length_at(s.lund, s.dalby) < length_at(s.dalby, s.dalby); rounds++) {
		assert_true(rounds < 4);
		c = read_stick(s.lund, &s.stick);
		assert_true(c.stored > 0);
		adopt_all(s.lund);
	}
	c = read_stick(s.lund, &s.stick);
	assert_int_equal(c.held_back, 0);
	assert_int_equal(node_late_count(s.lund), 0);
	scene_end(&s);
}

/* Genarp has never held any of it, and the ADOPT stands behind it on the same stick. */
static void
what_was_adopted_comes_whole_on_one_stick(void **state)
{
	struct scene s;
	struct buf stick = BUF_INIT;
	struct bundle_counts c;

	(void)state;
	scene_start(&s);
	while (length_at(s.lund, s.dalby) < length_at(s.dalby, s.dalby)) {
		(void)read_stick(s.lund, &s.stick);
		adopt_all(s.lund);
	}
	write_stick(s.lund, &stick);
	c = read_stick(s.genarp, &stick);
	assert_int_equal(c.held_back, 0);
	assert_int_equal(length_at(s.genarp, s.dalby), length_at(s.dalby, s.dalby));
	nodes_same_state(s.lund, s.genarp);
	buf_free(&stick);
	scene_end(&s);
}

/* A member took them in before she knew; what she passes on over a link is as good as any. */
static void
what_a_member_holds_she_may_pass_on(void **state)
{
	struct scene s;
	struct node *late;

	(void)state;
	scene_start(&s);
	late = nodes_join(&s.o, "late", true);
	nodes_copy(s.dalby, late);
	assert_int_equal(length_at(late, s.dalby), length_at(s.dalby, s.dalby));
	nodes_copy(late, s.genarp);
	assert_int_equal(length_at(s.genarp, s.dalby), length_at(s.dalby, s.dalby));
	scene_end(&s);
}

static void
an_auditor_is_brought_everything(void **state)
{
	struct scene s;
	struct peer_host auditor;
	struct bundle_counts c;

	(void)state;
	scene_start(&s);
	auditor = *node_peer_host(s.genarp);
	auditor.role = ROLE_AUDITOR;
	SITE_OK(bundle_read(&auditor, buf_bytes(&s.stick), false, &c, err));
	assert_int_equal(c.held_back, 0);
	assert_int_equal(length_at(s.genarp, s.dalby), length_at(s.dalby, s.dalby));
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_more_than_256_entries_past_the_cut_are_taken),
		cmocka_unit_test(two_who_read_the_stick_hold_the_same_of_it),
		cmocka_unit_test(adopting_lets_the_next_256_in_until_all_is_there),
		cmocka_unit_test(what_was_adopted_comes_whole_on_one_stick),
		cmocka_unit_test(what_a_member_holds_she_may_pass_on),
		cmocka_unit_test(an_auditor_is_brought_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
