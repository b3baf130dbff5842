/* The oracles, applied to the machines of a play: model.c says what is true, this says where to look. */
#include "sim/play_internal.h"
#include "sim/world_internal.h"

/* ---- looking ---- */

struct looker {
	struct station *s;
	struct record *r;
	struct err err; /* other than "there is none" */
};

static const struct record *
look(void *ctx, const struct record_id *id)
{
	struct looker *l = ctx;
	struct err err = ERR_INIT;
	enum err_code rc;

	record_reset(l->r, id);
	rc = node_record(l->s->node, id, l->r, NULL, &err);
	if (rc != ERR_OK && rc != ERR_UNKNOWN)
		l->err = err;
	return rc == ERR_OK ? l->r : NULL;
}

bool
play_judge(struct play *p, size_t i, bool own_only)
{
	struct looker l = { .s = p->stations[i], .r = sim_must(record_new(model_record_id(p->model, 0))), .err = ERR_INIT };
	struct finding f = { "", "" };
	bool ok;

	ok = own_only ? model_check_own(p->model, i, look, &l, &f) : model_check_all(p->model, i, look, &l, &f);
	record_free(l.r);
	if (l.err.code != ERR_OK)
		return play_fail(p, "I2", "n%zu: a record cannot be read: %s", i, l.err.text);
	return ok || play_fail(p, f.invariant, "%s", f.text);
}

static bool
same_log(const struct log_key *a, const struct log_key *b)
{
	return SAME(a->author, b->author) && SAME(a->stream, b->stream) && SAME(a->inc, b->inc);
}

/* Does `own` hold the first `len` entries of log `log` of `other`? Where it knows of a fork, in the log and a branch. */
static bool
holds_as_far(struct replica *own, struct replica *other, size_t log, uint64_t len)
{
	const struct log_key *key = &replica_log_at(other, log)->key;
	struct buf keep = BUF_INIT;
	struct entry want, have;
	bool found = false;

	/* A read of the other's may meet the fault that its disk is under: whoever looks at the end asks again. */
	if (len == 0 || replica_entry(other, log, len - 1, &want, &keep, NULL) != ERR_OK) {
		buf_free(&keep);
		return true;
	}
	for (size_t i = 0; i < replica_log_count(own) && !found; i++)
		found = same_log(&replica_log_at(own, i)->key, key) && replica_log_at(own, i)->len >= len &&
		        replica_entry(own, i, len - 1, &have, &keep, NULL) == ERR_OK && SAME(have.id, want.id);
	buf_free(&keep);
	return found;
}

/*
 * What a station signed for (an ACK) it must still hold: others show it as
 * custody, and may wipe their own copy on the strength of it.
 */
bool
play_judge_custody(struct play *p, size_t i)
{
	struct replica *own = station_replica(p->stations[i]);
	const struct author *author = &station_keys(p->stations[i])->device.sign_pk;

	if (p->lost[i] || p->copy[i]) /* what it signed before is gone with the disk that it signed for, or was signed by its twin */
		return true;
	if (p->stations[i]->is_hub && replica_away(own)) /* it cannot be asked just now */
		return true;
	for (size_t k = 0; k < p->machines; k++) {
		struct replica *other = k != i && station_runs(p->stations[k]) ? station_replica(p->stations[k]) : NULL;

		for (size_t log = 0; other != NULL && log < replica_log_count(other); log++) {
			uint64_t signed_for = replica_acked(other, author, log);

			if (!holds_as_far(own, other, log, signed_for))
				return play_fail(p, "I1", "n%zu signed to n%zu for %llu entries of log %zu and does not hold them", i, k,
				                 (unsigned long long)signed_for, log);
		}
	}
	return true;
}

/* ---- at the end ---- */

static void
take_finding(void *ctx, const char *text)
{
	struct play *p = ctx;

	(void)play_fail(p, "I2", "verify: %s", text);
}

/* In which order station i shows what it shows: every value and note of every record. */
static uint64_t
order_shown(struct play *p, size_t i)
{
	static const uint32_t fields[] = { FIELD_STATUS, FIELD_OWNER, FIELD_TAGS };
	struct looker l = { .s = p->stations[i], .r = sim_must(record_new(model_record_id(p->model, 0))), .err = ERR_INIT };
	uint64_t sum = 0;

	for (size_t rec = 0; rec < model_record_count(p->model); rec++) {
		const struct record *r = look(&l, model_record_id(p->model, rec));

		for (size_t f = 0; r != NULL && f < COUNT_OF(fields); f++) {
			size_t n = 0;
			const struct value *values = record_values(r, fields[f], &n);

			for (size_t k = 0; k < n; k++)
				sum = siphash(sum, rec, values[k].dot.entry, sizeof(values[k].dot.entry));
		}
		for (size_t k = 0; r != NULL && k < record_note_count(r); k++)
			sum = siphash(sum, rec, record_note_at(r, k)->id, 16);
	}
	record_free(l.r);
	return sum;
}

bool
play_judge_apart(struct play *p)
{
	uint8_t first[64], other[64];
	uint64_t order = order_shown(p, 0);

	for (size_t i = 0; i < p->machines; i++) {
		uint8_t *at = i == 0 ? first : other;
		bool hub = p->stations[i]->is_hub;
		uint64_t waiting = hub ? 0 : node_waiting_keys(p->stations[i]->node);

		station_frontier(p->stations[i], at);
		if (hub && memcmp(first, at, 32) != 0)
			return play_fail(p, "I3", "the hub and n0 do not hold the same entries after healing");
		if (hub)
			continue;
		if (waiting > p->nonsense)
			return play_fail(p, "I3", "n%zu: %llu entries wait for keys after healing", i, (unsigned long long)waiting);
		if (!station_hash(p->stations[i], at + 32))
			return play_fail(p, "I3", "n%zu has no state", i);
		if (memcmp(first, at, 32) != 0)
			return play_fail(p, "I3", "n%zu and n0 do not hold the same entries after healing", i);
		if (memcmp(first + 32, at + 32, 32) != 0)
			return play_fail(p, "I3", "n%zu and n0 hold the same entries and show different states", i);
		if (order_shown(p, i) != order)
			return play_fail(p, "I3", "n%zu and n0 show the same in another order", i);
	}
	return true;
}

/* Each home opened once more, without its snapshot: memory may not have known better than the disk. */
static bool
judge_cold(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;
	uint8_t warm[32], cold[32];

	if (!station_hash(s, warm))
		return play_fail(p, "I3", "n%zu has no state", i);
	station_close(s);
	if (station_open_with(s, s->pass, true, &err) != ERR_OK)
		return play_fail(p, "I1", "n%zu does not open cold: %s", i, err.text);
	if (!station_hash(s, cold) || memcmp(warm, cold, sizeof(warm)) != 0)
		return play_fail(p, "I3", "n%zu: rebuilt from its log it shows another state", i);
	if (replica_verify(node_replica(s->node), take_finding, p, NULL, &err) != ERR_OK)
		return play_fail(p, "I2", "n%zu: verify: %s", i, err.text);
	return play_judge(p, i, false);
}

/* Of the hub the disk must know all that was handed to it, and none of what it means. */
static bool
judge_hub_cold(struct play *p)
{
	struct station *s = p->stations[p->swarm.stations];
	uint8_t warm[32], cold[32];
	struct err err = ERR_INIT;

	station_frontier(s, warm);
	station_close(s);
	if (station_open(s, &err) != ERR_OK)
		return play_fail(p, "I1", "the hub does not open: %s", err.text);
	station_frontier(s, cold);
	if (memcmp(warm, cold, sizeof(warm)) != 0)
		return play_fail(p, "I1", "the hub opened with other entries than it was closed with");
	if (station_keys(s)->epoch_count > 0)
		return play_fail(p, "I4", "the hub holds a case key");
	if (replica_verify(station_replica(s), take_finding, p, NULL, &err) != ERR_OK)
		return play_fail(p, "I2", "the hub: verify: %s", err.text);
	return play_judge_custody(p, p->swarm.stations);
}

static void
scan_file(void *ctx, const char *path, struct bytes data)
{
	scan_bytes(ctx, data, path);
}

bool
play_judge_all(struct play *p)
{
	if (!play_judge_apart(p) || !play_settle_fates(p))
		return false;
	for (size_t i = 0; i < p->swarm.stations; i++)
		if (!play_judge(p, i, false))
			return false;
	for (size_t i = 0; i < p->swarm.stations; i++)
		if (!play_judge_rows(p, i))
			return false;
	for (size_t i = 0; i < p->swarm.stations; i++)
		if (!judge_cold(p, i) || !play_judge_rows(p, i) || p->report->finding.invariant[0] != '\0')
			return false;
	if ((play_has_hub(p) && !judge_hub_cold(p)) || !bury_judge(p))
		return false;
	for (size_t i = 0; i < p->machines; i++)
		station_add_secrets(p->stations[i]);
	for (size_t i = 0; i < p->machines; i++)
		disk_each(host_disk(p->stations[i]->host), scan_file, world_scan(p->world));
	if (p->far != NULL)
		disk_each(far_disk(p->far), scan_file, world_scan(p->world));
	return true;
}
