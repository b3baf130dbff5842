/* Whom somebody meets, what goes over the table when nobody does: links, sticks, keys. */
#include "sim/act_internal.h"
#include "sim/world_internal.h"

static size_t
whom_to_meet(struct play *p, size_t i)
{
	size_t other = act_some_station(p);

	if (p->swarm.meeting == MEET_HUB_ONLY || (p->swarm.meeting == MEET_ALSO_HUB && play_chance(p, "to-hub", 500)))
		return p->swarm.stations;
	return other == i ? (i + 1) % p->swarm.stations : other;
}

/* Who goes to the hub does not look into the cupboard first. */
static bool
dial_whatever_is_there(struct play *p, size_t i, size_t other)
{
	struct err err = ERR_INIT;

	if (!station_runs(p->stations[other])) {
		mark(MARK_HUB_AWAY);
		struck(STRUCK_HUB_AWAY);
	}
	return station_meet(p->stations[i], p->stations[other], &err) == ERR_OK || act_excused(p, i, "dialling", &err);
}

bool
act_meet(struct play *p, size_t i)
{
	size_t other = whom_to_meet(p, i);
	struct err err = ERR_INIT;

	if (other == p->swarm.stations && play_chance(p, "blindly", 200))
		return dial_whatever_is_there(p, i, other);
	if (!play_ensure_up(p, other))
		return false;
	if (!station_runs(p->stations[i]) || station_meet(p->stations[i], p->stations[other], &err) == ERR_OK)
		return true;
	return act_excused(p, i, "dialling", &err);
}

/* As if the drop-box had been made when work was under way: rows that stand twice count once (I12). */
static bool
fill_rows(struct play *p, size_t i)
{
	struct node *n = p->stations[i]->node;
	struct err err = ERR_INIT;
	uint64_t rows = 0;
	enum err_code rc;

	if (!station_runs(p->stations[i]) || node_self(n) == NULL || node_self(n)->gone)
		return true;
	rc = node_fill_rows(n, play_chance(p, "filling", 300), &rows, &err);
	if (rc != ERR_OK)
		node_drop(n);
	trace_line(world_trace(p->world), "n%zu: %llu rows filled in: %s", i, (unsigned long long)rows, rc == ERR_OK ? "saved" : err.text);
	return rc == ERR_OK || act_excused(p, i, "filling in rows", &err);
}

bool
act_keys(struct play *p, size_t i)
{
	struct err err = ERR_INIT;

	if (p->coordinator[i] && station_give_keys(p->stations[i], &err) != ERR_OK)
		return act_excused(p, i, "giving keys", &err);
	return p->batches % 8 != 3 || fill_rows(p, i);
}

bool
act_bundle_out(struct play *p, size_t i)
{
	struct buf *stick = &p->stick[play_below(p, "stick", STICKS)];
	struct err err = ERR_INIT;
	uint64_t entries = 0;

	buf_clear(stick);
	if (bundle_write(node_peer_host(p->stations[i]->node), NULL, stick, &entries, &err) != ERR_OK) {
		buf_clear(stick);
		return act_excused(p, i, "writing a bundle", &err);
	}
	p->report->bundles++;
	scan_bytes(world_scan(p->world), buf_bytes(stick), "a bundle");
	trace_line(world_trace(p->world), "n%zu: bundle of %llu entries, %zu bytes", i, (unsigned long long)entries, stick->len);
	return true;
}

/* A stick comes as it was written, or pulled out too early, or with one bit turned. It stays in the pocket: it may come again. */
bool
act_bundle_in(struct play *p, size_t i)
{
	const struct buf *stick = &p->stick[play_below(p, "stick", STICKS)];
	struct node *n = p->stations[i]->node;
	struct bundle_counts counts = { 0 };
	struct err err = ERR_INIT;
	struct buf file = BUF_INIT;
	enum err_code rc;
	bool damaged = play_chance(p, "damaged", p->swarm.bundle_damage);

	if (stick->len == 0)
		return true;
	buf_put_bytes(&file, buf_bytes(stick));
	if (damaged && play_chance(p, "short", 700))
		file.len = (size_t)play_below(p, "cut-at", file.len);
	else if (damaged)
		file.p[play_below(p, "turned-at", file.len)] ^= (uint8_t)(1u << play_below(p, "bit", 8));
	if (damaged) {
		mark(file.len < stick->len ? MARK_BUNDLE_CUT : MARK_BUNDLE_TURNED);
		struck(file.len < stick->len ? STRUCK_BUNDLE_SHORT : STRUCK_BUNDLE_BIT);
	}
	p->report->damaged_bundles += damaged;
	rc = bundle_read(node_peer_host(n), buf_bytes(&file), false, &counts, &err);
	buf_free(&file);
	trace_line(world_trace(p->world), "n%zu: reads a %s bundle: %llu new: %s", i, damaged ? "damaged" : "whole",
	           (unsigned long long)counts.stored, rc == ERR_OK ? "ok" : err.text);
	if (rc == ERR_KEY && (p->lost[i] || backup_lacks_key_of_twin(p, i))) /* its disk has forgotten a network key, or it came to its copy alone */
		return true;
	if (rc != ERR_OK && !damaged && !act_excused(p, i, "reading a whole bundle", &err))
		return false;
	if (rc == ERR_OK && damaged)
		return play_fail(p, "I2", "n%zu: a damaged bundle was called complete", i);
	if (rc == ERR_OK)
		mark(counts.stored > 0 ? MARK_BUNDLE_NEWS : MARK_BUNDLE_TWICE);
	rc = node_commit(n, &err);
	if (station_power_went(p->stations[i]))
		mark(MARK_CUT_WHILE_IMPORTING);
	else if (disk_fault_struck(host_disk(p->stations[i]->host)) && p->armed[i] == FAULT_NO_SPACE)
		mark(MARK_FULL_WHILE_IMPORTING);
	return rc == ERR_OK || act_excused(p, i, "keeping what a bundle brought", &err);
}
