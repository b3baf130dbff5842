/* A member who lies: two histories shown to two halves of the others; entries in somebody else's name. Nothing that is false counts, and all agree. */
#include "story.h"

#include "log/fork.h"
#include "log/run.h"
#include "node/node_internal.h"

enum { FOUNDER, LIAR, SECOND, THIRD };

/* ---- what a table holds ---- */

struct proofs { struct author author; size_t count; struct header at; };

static bool
take_proof(void *ctx, const struct fork_proof *proof)
{
	struct proofs *p = ctx;
	struct fork_proof alone;
	struct buf file = BUF_INIT;

	if (SAME(proof->a.author, p->author)) {
		/* It needs nothing beside it: a file to hand over. */
		fork_proof_encode(&file, proof);
		assert_int_equal(fork_proof_decode(&alone, buf_bytes(&file), NULL), ERR_OK);
		p->at = alone.a;
		p->count++;
		buf_free(&file);
	}
	return true;
}

static struct proofs
proofs_against(struct sim *s, size_t i, size_t who)
{
	struct proofs p = { .author = station_keys(s->at[who])->device.sign_pk };

	assert_int_equal(replica_forks(station_replica(s->at[i]), take_proof, &p, NULL), ERR_OK);
	return p;
}

static bool
holds(struct sim *s, size_t i, const struct hash *id)
{
	struct replica *r = station_replica(s->at[i]);
	struct buf keep = BUF_INIT;
	bool found = false;

	for (size_t log = 0; log < replica_log_count(r); log++)
		for (uint64_t seq = 0; seq < replica_log_at(r, log)->len && !found; seq++) {
			struct entry e;

			found = replica_entry(r, log, seq, &e, &keep, NULL) == ERR_OK && SAME(e.id, *id) && e.has_payload;
		}
	buf_free(&keep);
	return found;
}

static bool
alike(struct sim *s, size_t a, size_t b)
{
	uint8_t x[64], y[64];

	station_frontier(s->at[a], x);
	station_frontier(s->at[b], y);
	return station_hash(s->at[a], x + 32) && station_hash(s->at[b], y + 32) && memcmp(x, y, sizeof(x)) == 0;
}

/* ---- two faces ---- */

static void
meet(struct sim *s, size_t a, size_t b)
{
	struct err err = ERR_INIT;

	assert_int_equal(station_meet(s->at[a], s->at[b], &err), ERR_OK);
	world_run(s->w, 5 * NS_PER_S);
}

/* The liar says one thing to the founder and the second, puts its disk back, and says another to the third; then it is heard of no more. */
static void
say_two_things(struct sim *s, struct hash said[2])
{
	struct disk_image *image;

	sim_note(s, LIAR, "as it was");
	sim_settle(s);
	station_close(s->at[LIAR]);
	image = disk_image_take(host_disk(s->at[LIAR]->host));
	sim_switch_on(s, LIAR, LOSS_NONE);
	sim_note(s, LIAR, "to the first half");
	said[0] = s->last;
	meet(s, LIAR, FOUNDER);
	meet(s, LIAR, SECOND);
	station_close(s->at[LIAR]);
	disk_image_restore(host_disk(s->at[LIAR]->host), image);
	disk_image_free(image);
	sim_switch_on(s, LIAR, LOSS_NONE);
	sim_note(s, LIAR, "to the other half");
	said[1] = s->last;
	meet(s, LIAR, THIRD);
	for (size_t i = 0; i < s->count; i++)
		if (i != LIAR)
			sim_cut(s, LIAR, i);
}

/* Neither counts, neither is lost, everybody can prove it. */
static void
all_know(struct sim *s, const struct hash said[2])
{
	for (size_t i = 0; i < s->count; i++) {
		struct proofs p;

		if (i == LIAR)
			continue;
		p = proofs_against(s, i, LIAR);
		assert_int_equal(p.count, 1);
		assert_true(holds(s, i, &said[0]) && holds(s, i, &said[1]));
		assert_int_equal(sim_notes(s, i, "as it was"), 1);
		assert_int_equal(sim_notes(s, i, "to the first half"), 0);
		assert_int_equal(sim_notes(s, i, "to the other half"), 0);
		assert_int_equal(replica_verify(station_replica(s->at[i]), sim_fault, NULL, NULL, NULL), ERR_OK);
		assert_true(alike(s, i, FOUNDER));
	}
}

static void
two_histories_shown_to_two_halves_are_one_fork_for_all(void **state)
{
	static const size_t order[][2][2] = { /* who meets whom */
		{ { FOUNDER, THIRD }, { THIRD, SECOND } },
		{ { THIRD, SECOND }, { SECOND, FOUNDER } },
		{ { SECOND, FOUNDER }, { FOUNDER, THIRD } },
	};

	(void)state;
	for (size_t k = 0; k < COUNT_OF(order); k++) {
		struct sim *s = sim_new(40 + k, 4);
		struct hash said[2];
		struct header at;

		say_two_things(s, said);
		assert_int_equal(sim_notes(s, FOUNDER, "to the first half"), 1);
		assert_int_equal(sim_notes(s, THIRD, "to the other half"), 1);
		for (int round = 0; round < 2; round++)
			for (size_t m = 0; m < 2; m++)
				meet(s, order[k][m][0], order[k][m][1]);
		all_know(s, said);
		/* The next who writes tells of it in an entry: whoever joins later knows too. */
		at = proofs_against(s, SECOND, LIAR).at;
		assert_true(sim_fork_told(s, SECOND, &at) == UINT64_MAX);
		sim_note(s, SECOND, "what we do about it");
		for (int round = 0; round < 2; round++)
			for (size_t m = 0; m < 2; m++)
				meet(s, order[k][m][0], order[k][m][1]);
		all_know(s, said);
		for (size_t i = 0; i < s->count; i++)
			if (i != LIAR) {
				assert_int_equal(sim_fork_told(s, i, &at), at.seq);
				assert_int_equal(sim_notes(s, i, "what we do about it"), 1);
				station_crash(s->at[i], false);
				sim_switch_on(s, i, LOSS_ALL);
			}
		all_know(s, said);
		sim_free(s);
	}
}

/* ---- in somebody else's name ---- */

enum lie { LIE_HAND, LIE_BIT, LIE_STRANGER, LIE_PREV, LIES };

/* What would come next in the founder's log of the team, or in the liar's own, as the liar would have it. */
static void
lie(struct sim *s, enum lie what, struct entry *e)
{
	const struct keystore *mine = station_keys(s->at[LIAR]), *theirs = station_keys(s->at[FOUNDER]);
	const struct keystore *whose = what == LIE_PREV ? mine : theirs;
	struct header h;
	struct device_keys stranger;

	assert_int_equal(replica_next(station_replica(s->at[what == LIE_PREV ? LIAR : FOUNDER]), &whose->device, &whose->inc, &s->team, &h, NULL), ERR_OK);
	h.kind = KIND_DATA;
	if (what == LIE_PREV)
		h.prev.b[7] ^= 1;
	device_keys_derive(&stranger, (const uint8_t[32]){ 77 });
	if (what == LIE_STRANGER) {
		h.author = stranger.sign_pk;
		h.seq = 0;
		memset(&h.prev, 0, sizeof(h.prev));
	}
	entry_make(e, &h, BYTES_STR("none of this was ever written"), what == LIE_BIT ? theirs->device.sign_sk : what == LIE_STRANGER ? stranger.sign_sk : mine->device.sign_sk);
	if (what == LIE_BIT)
		e->sig[40] ^= 1;
}

static void
nothing_of_a_forged_entry_is_kept_shown_or_passed_on(void **state)
{
	struct sim *s = sim_new(50, 3);

	(void)state;
	sim_note(s, FOUNDER, "the founder's own");
	sim_note(s, LIAR, "the liar's own");
	sim_settle(s);
	for (int what = 0; what < LIES; what++) {
		struct replica *victim = station_replica(s->at[SECOND]);
		uint64_t held = replica_entry_count(victim);
		struct ingest_counts counts = { 0 };
		uint8_t before[32], after[32];
		struct buf run = BUF_INIT;
		struct run_writer w;
		struct entry e;
		struct rd rd;

		lie(s, (enum lie)what, &e);
		run_begin(&w, &run, &e.h);
		run_add(&w, &e);
		(void)run_finish(&w);
		rd = rd_init(buf_bytes(&run));
		assert_true(station_hash(s->at[SECOND], before));
		CHECK_TRUE("taken", replica_ingest_run(victim, &rd, &counts, NULL) != ERR_OK);
		assert_int_equal(node_commit(s->at[SECOND]->node, NULL), ERR_OK);
		assert_int_equal(counts.stored, 0);
		assert_int_equal(replica_entry_count(victim), held);
		assert_false(holds(s, SECOND, &e.id));
		assert_true(station_hash(s->at[SECOND], after));
		assert_memory_equal(before, after, sizeof(before));
		buf_free(&run);
	}
	/* Whose name it was writes on, and is believed. */
	sim_note(s, FOUNDER, "and the next of its own");
	sim_settle(s);
	assert_int_equal(sim_notes(s, SECOND, "and the next of its own"), 1);
	assert_int_equal(sim_notes(s, SECOND, NULL), 3);
	assert_int_equal(replica_verify(station_replica(s->at[SECOND]), sim_fault, NULL, NULL, NULL), ERR_OK);
	assert_true(sim_same(s));
	sim_free(s);
}

/* The right key, and not the right: an advisor who makes itself a coordinator is kept, agreed on, and obeyed by nobody. */
static void
who_gives_itself_a_role_is_obeyed_by_nobody(void **state)
{
	struct sim *s = sim_new(60, 3);
	const struct keystore *mine = station_keys(s->at[LIAR]);
	struct control_op op = { .kind = KIND_GRANT, .u.grant = { .dev = device_id_of(&mine->device.sign_pk), .role = ROLE_COORDINATOR, .rank = 0 } };
	struct stream_id control = control_stream(org_id(node_org(s->at[LIAR]->node)));
	struct buf payload = BUF_INIT;
	struct err err = ERR_INIT;
	struct entry e;

	(void)state;
	control_op_encode(&payload, &op);
	if (replica_append(station_replica(s->at[LIAR]), &mine->device, &mine->inc, &control, KIND_GRANT, buf_bytes(&payload), &e, &err) != ERR_OK ||
	    node_commit(s->at[LIAR]->node, &err) != ERR_OK)
		fail_msg("the liar cannot write: %s", err.text);
	buf_free(&payload);
	sim_settle(s);
	for (size_t i = 0; i < s->count; i++) {
		const struct org_device *d = org_device_by_author(node_org(s->at[i]->node), &mine->device.sign_pk);

		assert_true(holds(s, i, &e.id));
		assert_non_null(d);
		assert_false(d->coordinator);
	}
	assert_true(sim_same(s));
	sim_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_histories_shown_to_two_halves_are_one_fork_for_all),
		cmocka_unit_test(nothing_of_a_forged_entry_is_kept_shown_or_passed_on),
		cmocka_unit_test(who_gives_itself_a_role_is_obeyed_by_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
