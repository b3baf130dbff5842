/* Copied disks and restored images: a device that is two, or has forgotten what it wrote. */
#include "story.h"

#include "node/removal.h"
#include "node/tend.h"
#include "org/ops.h"

/* Another table whose disk is a copy of that one's, byte for byte. Both are switched off. */
static size_t
copy_disk(struct sim *s, size_t of)
{
	struct station *copy = station_new(s->w, world_add_host(s->w));

	disk_copy(host_disk(copy->host), host_disk(s->at[of]->host));
	snprintf(copy->home, sizeof(copy->home), "%s", s->at[of]->home);
	snprintf(copy->pass, sizeof(copy->pass), "%s", s->at[of]->pass);
	s->at[s->count] = copy;
	return s->count++;
}

/* Somebody copied the laptop's disk, and both copies are used. Each takes an incarnation of its own; nothing is lost. */
static void
two_copies_of_a_laptop_both_count(void **state)
{
	struct sim *s = sim_new(8, 2);

	(void)state;
	sim_note(s, 1, "before the copy");
	station_close(s->at[1]);
	assert_int_equal(copy_disk(s, 1), 2);
	sim_switch_on(s, 1, LOSS_NONE);
	sim_switch_on(s, 2, LOSS_NONE);
	assert_true(node_moved(s->at[2]->node) && !node_moved(s->at[1]->node));

	sim_note(s, 1, "on the laptop");
	sim_note(s, 2, "on its copy");
	sim_settle(s);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(sim_notes(s, i, "before the copy"), 1);
		assert_int_equal(sim_notes(s, i, "on the laptop"), 1);
		assert_int_equal(sim_notes(s, i, "on its copy"), 1);
	}
	assert_true(sim_same(s));
	sim_free(s);
}

/* ---- what is told of copies ---- */

/* Of how many devices table i says that two copies are in use. */
static size_t
told(struct sim *s, size_t i)
{
	struct node_copies copies[4];

	return node_copies(s->at[i]->node, copies, COUNT_OF(copies));
}

/* Long enough for everybody to attest anew, twice. */
static void
some_hours_go_by(struct sim *s)
{
	for (int i = 0; i < 2; i++) {
		world_run(s->w, 2 * 3600 * NS_PER_S);
		for (size_t k = 0; k < s->count; k++) {
			struct err err = ERR_INIT;

			if (station_runs(s->at[k]) && station_give_keys(s->at[k], &err) != ERR_OK)
				fail_msg("table %zu: %s", k, err.text);
		}
		sim_settle(s);
	}
}

/* What is left writes each day: by then it has said for a week that the other has written nothing (proto/store.md, 7). */
static void
a_quiet_week_goes_by(struct sim *s, size_t who)
{
	for (int day = 0; day <= 8; day++) {
		sim_note(s, who, "another day");
		world_run(s->w, 20 * 3600 * NS_PER_S);
		some_hours_go_by(s);
	}
}

/* The laptop is lost and its copy goes on, or the copy was a mistake and is destroyed: the news ends with the second copy. */
static void
two_copies_are_told_of_until_one_is_left_whichever_it_is(void **state)
{
	(void)state;
	for (size_t stays = 1; stays <= 2; stays++) {
		size_t goes = 3 - stays;
		struct sim *s = sim_new(20 + stays, 2);

		station_close(s->at[1]);
		copy_disk(s, 1);
		sim_switch_on(s, 1, LOSS_NONE);
		assert_int_equal(told(s, 1), 0); /* to have been copied is nothing that anybody could know */
		sim_switch_on(s, 2, LOSS_NONE);
		sim_note(s, 1, "on the laptop");
		sim_note(s, 2, "on its copy");
		assert_int_equal(told(s, 1) + told(s, 2), 0); /* neither has heard of the other */
		sim_settle(s);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(told(s, i), 1);

		station_close(s->at[goes]);
		sim_note(s, stays, "on what is left");
		some_hours_go_by(s);
		assert_int_equal(told(s, 0), 1); /* as yet the other may only be silent */
		assert_int_equal(told(s, stays), 1);
		a_quiet_week_goes_by(s, stays);
		assert_int_equal(told(s, 0), 0);
		assert_int_equal(told(s, stays), 0);
		sim_note(s, stays, "and goes on");
		some_hours_go_by(s);
		assert_int_equal(told(s, 0), 0);

		sim_switch_on(s, goes, LOSS_NONE); /* and then it turns up again */
		sim_note(s, goes, "found behind the sofa");
		sim_settle(s);
		assert_int_equal(told(s, 0), 1);
		assert_int_equal(told(s, stays), 1);
		sim_free(s);
	}
}

/* Two copies of a disk that has itself gone: neither has heard of the other, and each is as new. */
static void
copies_of_a_disk_that_is_gone_are_told_of_too(void **state)
{
	struct sim *s = sim_new(23, 2);

	(void)state;
	sim_note(s, 1, "before the copies");
	station_close(s->at[1]);
	copy_disk(s, 1);
	copy_disk(s, 1);
	sim_switch_on(s, 2, LOSS_NONE);
	sim_switch_on(s, 3, LOSS_NONE);
	sim_note(s, 2, "on the one");
	assert_int_equal(told(s, 2), 0); /* a home that has moved is no copy */
	sim_note(s, 3, "on the other");
	sim_settle(s);
	assert_int_equal(told(s, 0), 1);
	assert_int_equal(told(s, 2), 1);
	assert_int_equal(told(s, 3), 1);

	station_close(s->at[3]);
	a_quiet_week_goes_by(s, 2);
	assert_int_equal(told(s, 0), 0);
	assert_int_equal(told(s, 2), 0);
	sim_free(s);
}

/* Who is removed writes nothing that counts, in however many copies. */
static void
copies_of_a_removed_device_are_not_told_of(void **state)
{
	struct sim *s = sim_new(24, 2);
	struct node_removal out;
	struct err err = ERR_INIT;
	struct device_id dev;

	(void)state;
	station_close(s->at[1]);
	copy_disk(s, 1);
	sim_switch_on(s, 1, LOSS_NONE);
	sim_switch_on(s, 2, LOSS_NONE);
	sim_note(s, 1, "on the laptop");
	sim_note(s, 2, "on its copy");
	sim_settle(s);
	assert_int_equal(told(s, 0), 1);
	dev = device_id_of(&station_keys(s->at[1])->device.sign_pk);
	if (node_revoke(s->at[0]->node, &dev, "", &out, &err) != ERR_OK || node_commit(s->at[0]->node, &err) != ERR_OK)
		fail_msg("removing: %s", err.text);
	assert_int_equal(told(s, 0), 0);
	sim_free(s);
}

/* ---- a restored image ---- */

/* The header of the entry that table i wrote last, from its own log. */
static struct header
written_last(struct sim *s, size_t i)
{
	struct replica *r = station_replica(s->at[i]);
	struct header next;
	struct err err = ERR_INIT;

	assert_int_equal(replica_next(r, &station_keys(s->at[i])->device, &station_keys(s->at[i])->inc, &s->team, &next, &err), ERR_OK);
	next.seq--;
	return next;
}

/* Is that entry stored there, in whatever log? */
static bool
holds(struct sim *s, size_t i, const struct hash *id)
{
	struct replica *r = station_replica(s->at[i]);
	struct buf keep = BUF_INIT;
	struct err err = ERR_INIT;
	bool found = false;

	for (size_t log = 0; log < replica_log_count(r); log++)
		for (uint64_t seq = 0; seq < replica_log_at(r, log)->len && !found; seq++) {
			struct entry e;

			found = replica_entry(r, log, seq, &e, &keep, &err) == ERR_OK && SAME(e.id, *id) && e.has_payload;
		}
	buf_free(&keep);
	return found;
}

struct proofs { struct author author; size_t count; };

static bool
count_proof(void *ctx, const struct fork_proof *proof)
{
	struct proofs *p = ctx;

	p->count += SAME(proof->a.author, p->author);
	return true;
}

static size_t
proofs_against(struct sim *s, size_t i, size_t who)
{
	struct proofs p = { .author = station_keys(s->at[who])->device.sign_pk };
	struct err err = ERR_INIT;

	assert_int_equal(replica_forks(station_replica(s->at[i]), count_proof, &p, &err), ERR_OK);
	return p.count;
}

static size_t
branches_of(struct sim *s, size_t i, size_t who)
{
	struct replica *r = station_replica(s->at[i]);
	size_t n = 0;

	for (size_t log = 0; log < replica_log_count(r); log++) {
		const struct log_key *key = &replica_log_at(r, log)->key;

		n += key->is_branch && SAME(key->author, station_keys(s->at[who])->device.sign_pk);
	}
	return n;
}

/* The disk of table i goes back to `image`, every file of it: nothing on the machine tells. */
static void
put_back(struct sim *s, size_t i, const struct disk_image *image)
{
	station_close(s->at[i]);
	disk_image_restore(host_disk(s->at[i]->host), image);
	sim_switch_on(s, i, LOSS_NONE);
}

/* What every table must hold and show once both histories of table 1 are known. */
static void
both_are_kept(struct sim *s, const struct hash *first, const struct hash *second, size_t shown)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < s->count; i++) {
		assert_true(holds(s, i, first));
		assert_true(holds(s, i, second));
		assert_int_equal(proofs_against(s, i, 1), 1);
		assert_int_equal(branches_of(s, i, 1), 2);
		assert_int_equal(sim_notes(s, i, "before the image"), 1);
		/* proto/org.md, 5: from the fork on neither history counts, until a team adopts them. */
		assert_int_equal(sim_notes(s, i, "after the image"), shown);
		assert_int_equal(sim_notes(s, i, "before it met anybody"), shown);
		assert_int_equal(replica_verify(station_replica(s->at[i]), sim_fault, NULL, NULL, &err), ERR_OK);
	}
}

/* Table i adopts, for the team, what stands at that place of a log under that id. */
static void
adopt(struct sim *s, size_t i, const struct header *at, const struct hash *id)
{
	struct adopt_run run = { .author = at->author, .stream = at->stream, .inc = at->inc, .from = at->seq, .to = at->seq };
	struct control_op op = { .kind = KIND_ADOPT, .u.adopt = { 1, &run } };
	const struct keystore *k = station_keys(s->at[i]);
	struct buf payload = BUF_INIT;
	struct err err = ERR_INIT;
	struct entry e;

	memcpy(run.head16, id->b, sizeof(run.head16));
	control_op_encode(&payload, &op);
	if (replica_append(station_replica(s->at[i]), &k->device, &k->inc, &s->team, KIND_ADOPT, buf_bytes(&payload), &e, &err) != ERR_OK ||
	    node_commit(s->at[i]->node, &err) != ERR_OK)
		fail_msg("table %zu cannot adopt: %s", i, err.text);
	buf_free(&payload);
}

/*
 * A laptop is put back to last week's image, all of it, and its person writes
 * before it meets anybody. Its log forks. Nothing of it is lost, everybody
 * can prove what happened, and the laptop writes on in a log of its own.
 */
static void
a_restored_image_keeps_both_histories_and_writes_on(void **state)
{
	struct sim *s = sim_new(9, 3);
	struct disk_image *image;
	struct hash first, second;
	struct header at;

	(void)state;
	sim_note(s, 1, "before the image");
	station_close(s->at[1]);
	image = disk_image_take(host_disk(s->at[1]->host));
	sim_switch_on(s, 1, LOSS_NONE);
	sim_note(s, 1, "after the image");
	first = s->last;
	at = written_last(s, 1);
	sim_settle(s);
	assert_int_equal(sim_notes(s, 0, "after the image"), 1);

	put_back(s, 1, image);
	assert_false(node_moved(s->at[1]->node));
	sim_note(s, 1, "before it met anybody");
	second = s->last;
	assert_int_equal(written_last(s, 1).seq, at.seq);
	assert_int_equal(proofs_against(s, 1, 1), 0);
	sim_settle(s);
	both_are_kept(s, &first, &second, 0);
	for (size_t i = 0; i < s->count; i++)
		assert_true(sim_fork_told(s, i, &at) == UINT64_MAX); /* nobody has written since */

	sim_note(s, 1, "in a log of its own");
	assert_true(node_moved(s->at[1]->node));
	sim_settle(s);
	both_are_kept(s, &first, &second, 0);
	for (size_t i = 0; i < s->count; i++) {
		assert_int_equal(sim_notes(s, i, "in a log of its own"), 1);
		assert_int_equal(sim_fork_told(s, i, &at), at.seq);
	}
	assert_true(sim_same(s));

	/* And all of it is on the disks. */
	for (size_t i = 0; i < s->count; i++) {
		station_crash(s->at[i], false);
		sim_switch_on(s, i, LOSS_ALL);
	}
	sim_note(s, 1, "and on the next day");
	sim_settle(s);
	both_are_kept(s, &first, &second, 0);
	for (size_t i = 0; i < s->count; i++)
		assert_int_equal(sim_notes(s, i, "and on the next day"), 1);
	assert_true(sim_same(s));

	adopt(s, 0, &at, &first);
	adopt(s, 0, &at, &second);
	sim_settle(s);
	both_are_kept(s, &first, &second, 1);
	assert_true(sim_same(s));
	disk_image_free(image);
	sim_free(s);
}

/* Put back as before, but it meets somebody first: then it learns what it had written, and there is no fork. */
static void
a_restored_image_that_meets_somebody_first_gets_its_notes_back(void **state)
{
	struct sim *s = sim_new(10, 2);
	struct disk_image *image;

	(void)state;
	station_close(s->at[1]);
	image = disk_image_take(host_disk(s->at[1]->host));
	sim_switch_on(s, 1, LOSS_NONE);
	sim_note(s, 1, "after the image");
	sim_settle(s);

	put_back(s, 1, image);
	assert_int_equal(sim_notes(s, 1, "after the image"), 0);
	sim_settle(s);
	assert_int_equal(sim_notes(s, 1, "after the image"), 1);
	sim_note(s, 1, "and on");
	sim_settle(s);
	assert_int_equal(sim_notes(s, 0, "and on"), 1);
	assert_int_equal(proofs_against(s, 0, 1), 0);
	assert_true(sim_same(s));
	disk_image_free(image);
	sim_free(s);
}

/* Put back to the same image three times, and each time it writes before it meets anybody. */
static void
an_image_put_back_again_and_again_makes_a_branch_each_time(void **state)
{
	struct sim *s = sim_new(11, 3);
	struct disk_image *image;
	struct hash written[3];

	(void)state;
	sim_note(s, 1, "before the image");
	station_close(s->at[1]);
	image = disk_image_take(host_disk(s->at[1]->host));
	sim_switch_on(s, 1, LOSS_NONE);
	for (size_t k = 0; k < 3; k++) {
		put_back(s, 1, image);
		sim_note(s, 1, "before it met anybody");
		written[k] = s->last;
		sim_settle(s);
		sim_note(s, 0, "at another table");
		sim_settle(s);
	}
	sim_note(s, 1, "in a log of its own");
	sim_settle(s);
	for (size_t i = 0; i < s->count; i++) {
		for (size_t k = 0; k < 3; k++)
			assert_true(holds(s, i, &written[k]));
		assert_int_equal(branches_of(s, i, 1), 3);
		assert_int_equal(sim_notes(s, i, "before it met anybody"), 0);
		assert_int_equal(sim_notes(s, i, "at another table"), 3);
		assert_int_equal(sim_notes(s, i, "in a log of its own"), 1);
	}
	assert_true(sim_same(s));
	disk_image_free(image);
	sim_free(s);
}

/* The power goes at every operation of the first write after a fork, which tells of the fork and begins a new log. */
static void
the_first_write_after_a_fork_survives_the_power(void **state)
{
	bool through = false;

	(void)state;
	for (uint64_t op = 1; op < 100 && !through; op++) {
		struct sim *s = sim_new(600 + op, 2);
		struct disk_image *image;
		size_t forks;

		station_close(s->at[1]);
		image = disk_image_take(host_disk(s->at[1]->host));
		sim_switch_on(s, 1, LOSS_NONE);
		sim_note(s, 1, "after the image");
		sim_settle(s);
		put_back(s, 1, image);
		sim_note(s, 1, "before it met anybody");
		sim_settle(s);
		forks = (size_t)proofs_against(s, 0, 1); /* the log of its notes, and that of its attestations where it had made one */
		assert_true(forks == 1 || forks == 2);
		disk_arm(host_disk(s->at[1]->host), FAULT_POWER, op);
		through = sim_put(s, 1, NULL, "with the light flickering");
		station_crash(s->at[1], false);
		sim_switch_on(s, 1, op % 2 ? LOSS_GARBAGE : LOSS_ALL);
		assert_true(sim_notes(s, 1, "with the light flickering") == 1 || !through);
		sim_note(s, 1, "in a log of its own");
		sim_settle(s);
		assert_int_equal(sim_notes(s, 0, "in a log of its own"), 1);
		assert_int_equal(proofs_against(s, 0, 1), forks); /* it has not forked anew */
		assert_true(sim_same(s));
		disk_image_free(image);
		sim_free(s);
	}
	assert_true(through);
}

/* A coordinator's disk: once somebody has told of the fork, what it decided since has no effect and may be decided anew. */
static void
a_coordinators_restored_image_decides_anew(void **state)
{
	struct sim *s = sim_new(12, 3);
	struct disk_image *image;
	struct stream_id monday, tuesday, friday;
	struct err err = ERR_INIT;

	(void)state;
	station_close(s->at[0]);
	image = disk_image_take(host_disk(s->at[0]->host));
	sim_switch_on(s, 0, LOSS_NONE);
	assert_int_equal(node_team_add(s->at[0]->node, "library on Mondays", false, &monday, &err), ERR_OK);
	assert_int_equal(node_commit(s->at[0]->node, &err), ERR_OK);
	sim_settle(s);
	assert_non_null(org_team_by_id(node_org(s->at[1]->node), &monday));

	put_back(s, 0, image);
	assert_int_equal(node_team_add(s->at[0]->node, "library on Tuesdays", false, &tuesday, &err), ERR_OK);
	assert_int_equal(node_commit(s->at[0]->node, &err), ERR_OK);
	sim_settle(s);
	for (size_t i = 0; i < s->count; i++)
		assert_int_equal(proofs_against(s, i, 0), 1);
	sim_note(s, 1, "another table works on");
	if (node_team_add(s->at[0]->node, "library on Fridays", false, &friday, &err) != ERR_OK || node_commit(s->at[0]->node, &err) != ERR_OK)
		fail_msg("it cannot decide any more: %s", err.text);
	sim_note(s, 0, "and so does the first");
	sim_settle(s);
	for (size_t i = 0; i < s->count; i++) {
		assert_null(org_team_by_id(node_org(s->at[i]->node), &monday));
		assert_null(org_team_by_id(node_org(s->at[i]->node), &tuesday));
		assert_non_null(org_team_by_id(node_org(s->at[i]->node), &friday));
		assert_int_equal(sim_notes(s, i, "another table works on"), 1);
		assert_int_equal(sim_notes(s, i, "and so does the first"), 1);
	}
	assert_true(sim_same(s));
	disk_image_free(image);
	sim_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_copies_of_a_laptop_both_count),
		cmocka_unit_test(two_copies_are_told_of_until_one_is_left_whichever_it_is),
		cmocka_unit_test(copies_of_a_disk_that_is_gone_are_told_of_too),
		cmocka_unit_test(copies_of_a_removed_device_are_not_told_of),
		cmocka_unit_test(a_restored_image_keeps_both_histories_and_writes_on),
		cmocka_unit_test(a_restored_image_that_meets_somebody_first_gets_its_notes_back),
		cmocka_unit_test(an_image_put_back_again_and_again_makes_a_branch_each_time),
		cmocka_unit_test(the_first_write_after_a_fork_survives_the_power),
		cmocka_unit_test(a_coordinators_restored_image_decides_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
