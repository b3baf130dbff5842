/* What the stories share: some tables, each with a real node on a simulated machine, and what happens at them. */
#ifndef FALTBOK_TESTS_STORY_H
#define FALTBOK_TESTS_STORY_H

#include "check.h"

#include "sim/station.h"

enum { TABLES_MAX = 4 };

struct sim {
	struct world *w;
	struct station *at[TABLES_MAX];
	size_t count;
	struct stream_id team;
	uint64_t notes;
	struct hash last;  /* what was written last */
	struct err why; /* of the last refusal */
};

static const struct record_id the_case = { { 0xca, 0x5e } };

static inline struct sim *
sim_new(uint64_t seed, size_t tables)
{
	static struct sim sims[1];
	struct sim *s = &sims[0];
	struct err err = ERR_INIT;

	keystore_cheap_for_tests = true;
	*s = (struct sim){ .w = world_new(seed, tables, false), .count = tables };
	for (size_t i = 0; i < tables; i++)
		s->at[i] = station_new(s->w, i);
	if (station_found(s->at[0], &s->team, &err) != ERR_OK)
		fail_msg("founding: %s", err.text);
	for (size_t i = 1; i < tables; i++)
		if (station_join(s->at[i], s->at[0], ROLE_ADVISOR, &s->team, &err) != ERR_OK)
			fail_msg("table %zu joins: %s", i, err.text);
	return s;
}

static inline void
sim_free(struct sim *s)
{
	assert_null(scan_finding(world_scan(s->w)));
	for (size_t i = 0; i < s->count; i++)
		station_free(s->at[i]);
	world_free(s->w);
}

static inline void
sim_switch_on(struct sim *s, size_t i, enum disk_loss loss)
{
	struct err err = ERR_INIT;

	if (disk_dead(host_disk(s->at[i]->host)))
		disk_power_on(host_disk(s->at[i]->host), loss);
	if (station_open(s->at[i], &err) != ERR_OK)
		fail_msg("table %zu does not start: %s", i, err.text);
}

/* One entry: a status, a note, or both. True when it was saved. */
static inline bool
sim_put(struct sim *s, size_t i, const char *status, const char *note)
{
	struct node *n = s->at[i]->node;
	struct draft d;
	struct err err = ERR_INIT;
	uint8_t id[16] = { 0 };
	bool ok;

	be64_put(id, ++s->notes);
	draft_init(&d, profile_type_named(node_profile(n), "case"), &the_case);
	ok = (note == NULL || draft_note(&d, id, note, NULL, &err) == ERR_OK) &&
	     (status == NULL || draft_assign_text(&d, OP_SET, "status", status, &err) == ERR_OK) &&
	     node_write(n, &s->team, &d, &s->last, &err) == ERR_OK && node_commit(n, &err) == ERR_OK;
	draft_free(&d);
	if (!ok)
		node_drop(n);
	s->why = err;
	return ok && !station_power_went(s->at[i]);
}

static inline void
sim_note(struct sim *s, size_t i, const char *text)
{
	if (!sim_put(s, i, NULL, text))
		fail_msg("table %zu cannot note: %s", i, s->why.text);
}

static inline size_t
sim_notes(struct sim *s, size_t i, const char *text)
{
	struct record *r = record_new(&the_case);
	struct err err = ERR_INIT;
	size_t n = 0;

	if (node_record(s->at[i]->node, &the_case, r, NULL, &err) == ERR_OK)
		for (size_t k = 0; k < record_note_count(r); k++)
			n += text == NULL || bytes_equal(record_note_at(r, k)->text, BYTES_STR(text));
	record_free(r);
	return n;
}

static inline size_t
sim_statuses(struct sim *s, size_t i)
{
	struct record *r = record_new(&the_case);
	struct err err = ERR_INIT;
	size_t n = 0;

	if (node_record(s->at[i]->node, &the_case, r, NULL, &err) == ERR_OK)
		(void)record_values(r, 1, &n);
	record_free(r);
	return n;
}

static inline void
sim_cut(struct sim *s, size_t a, size_t b)
{
	world_part(s->w, a, b, true);
}

static inline void
sim_heal(struct sim *s, size_t a, size_t b)
{
	world_part(s->w, a, b, false);
}

/* Everybody meets everybody, three times, as far as the wires allow. */
static inline void
sim_settle(struct sim *s)
{
	struct err err = ERR_INIT;

	for (int round = 0; round < 3; round++)
		for (size_t a = 0; a < s->count; a++)
			for (size_t b = 0; b < a; b++) {
				if (station_runs(s->at[a]) && station_runs(s->at[b]))
					assert_int_equal(station_meet(s->at[a], s->at[b], &err), ERR_OK);
				world_run(s->w, 5 * NS_PER_S);
			}
}

static inline bool
sim_same(struct sim *s)
{
	uint8_t first[64], other[64];

	for (size_t i = 0; i < s->count; i++) {
		uint8_t *at = i == 0 ? first : other;

		station_frontier(s->at[i], at);
		if (!station_hash(s->at[i], at + 32) || memcmp(first, at, 64) != 0)
			return false;
	}
	return true;
}

/* Where a FORK entry says that the log of that header splits, as table i has evaluated it. */
static inline uint64_t
sim_fork_told(struct sim *s, size_t i, const struct header *of)
{
	struct log_key key;

	log_key_init(&key, &of->author, &of->stream, &of->inc);
	return org_fork_point(replica_org(station_replica(s->at[i])), &key);
}

/* For replica_verify(): nothing may be found. */
static inline void
sim_fault(void *ctx, const char *text)
{
	(void)ctx;
	fail_msg("verify: %s", text);
}

#endif
