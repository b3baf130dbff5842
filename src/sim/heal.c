/*
 * The end of a play: faults end, everybody runs and meets everybody, until all
 * hold the same. What they then hold and show is for the oracles (judge.c).
 */
#include "sim/play_internal.h"
#include "sim/world_internal.h"

enum { IDLE_ROUNDS = 8, ROUNDS_MAX = 64 };

static bool
all_equal(struct play *p)
{
	uint8_t first[64], other[64];

	for (size_t i = 0; i < p->machines; i++) {
		uint8_t *at = i == 0 ? first : other;

		station_frontier(p->stations[i], at);
		if (memcmp(first, at, 32) != 0)
			return false;
		if (p->stations[i]->is_hub)
			continue;
		if (!station_hash(p->stations[i], at + 32) || memcmp(first, at, 64) != 0 || node_waiting_keys(p->stations[i]->node) > p->nonsense)
			return false;
	}
	return true;
}

/* Everybody reads everybody's stick. */
static bool
carry_all(struct play *p)
{
	for (size_t a = 0; a < p->swarm.stations; a++) {
		struct buf stick = BUF_INIT;
		struct err err = ERR_INIT;
		uint64_t entries = 0;
		bool ok = bundle_write(node_peer_host(p->stations[a]->node), NULL, &stick, &entries, &err) == ERR_OK;

		for (size_t b = 0; b < p->swarm.stations && ok; b++) {
			struct bundle_counts counts = { 0 };

			ok = b == a || (bundle_read(node_peer_host(p->stations[b]->node), buf_bytes(&stick), false, &counts, &err) == ERR_OK &&
			                node_commit(p->stations[b]->node, &err) == ERR_OK);
			/* The key went with the disk: the stick that b writes says so, and the next one opens. */
			ok = ok || (err.code == ERR_KEY && (p->lost[b] || backup_lacks_key_of_twin(p, b)));
		}
		buf_free(&stick);
		if (!ok)
			return play_fail(p, "I9", "a stick of n%zu cannot be written or read: %s", a, err.text);
		world_run(p->world, NS_PER_S);
	}
	return true;
}

static bool
everyone_up(struct play *p)
{
	for (size_t i = 0; i < 2 * p->machines; i++) /* twice: whose home is copied for somebody who comes late is closed for it */
		if (!play_ensure_up(p, i % p->machines))
			return false;
	return true;
}

/* Everybody meets everybody, or the hub if they meet nobody else. */
static bool
meet_all(struct play *p)
{
	struct err err = ERR_INIT;

	for (size_t a = 0; a < p->swarm.stations; a++)
		for (size_t b = 0; b < p->machines; b++) {
			bool hub = b == p->swarm.stations;

			if (!hub && (b >= a || p->swarm.meeting == MEET_HUB_ONLY))
				continue;
			if (station_meet(p->stations[a], p->stations[b], &err) != ERR_OK)
				return play_fail(p, "I9", "n%zu cannot dial: %s", a, err.text);
			world_run(p->world, 4 * NS_PER_S);
		}
	return true;
}

/*
 * What was written late to an erased record lies there until a second member
 * names it, and opens for nobody once the epochs of then are gone: when every
 * reader has attested the newer one, which each does by the hour.
 */
static void
an_hour_passes(struct play *p)
{
	for (size_t i = 0; i < p->machines; i++)
		host_set_skew(p->stations[i]->host, p->stations[i]->host->skew_ms + 2 * 3600 * 1000);
}

/* In a round everybody says what they have to say and is given keys for what they heard. */
static bool
round_of_healing(struct play *p, int round)
{
	struct err err = ERR_INIT;

	trace_line(world_trace(p->world), "healing, round %d", round);
	if (!(p->swarm.sticks_only ? carry_all(p) : meet_all(p)) || !trustees_settle(p))
		return false;
	for (size_t i = 0; i < p->swarm.stations; i++) /* advisors, too: who wrote under an old epoch tells of it under the new */
		if ((p->coordinator[i] || !p->copy[i]) && station_give_keys(p->stations[i], &err) != ERR_OK)
			return play_fail(p, "I9", "n%zu cannot give keys: %s", i, err.text);
	for (size_t i = 0; i < p->swarm.stations; i++)
		if (!grant_settle(p, i))
			return false;
	return true;
}

/*
 * Until all hold the same. How many rounds that takes is no matter: a removal brings an epoch, the epoch a seal key, that a
 * KEYGRANT, and by way of a hub each answer takes a round. But each brings somebody something. Those who differ after many
 * rounds that brought nobody anything never will agree, nor will those who have something new for each other without end.
 */
static bool
come_together(struct play *p)
{
	uint8_t before[32] = { 0 }, now[32];
	bool later = p->order_count == 0;

	for (int round = 0, idle = 0; round < ROUNDS_MAX && idle < IDLE_ROUNDS; round++) {
		if (!round_of_healing(p, round))
			return false;
		play_knowledge(p, now);
		idle = memcmp(before, now, sizeof(now)) == 0 ? idle + 1 : 0;
		memcpy(before, now, sizeof(now));
		if (!all_equal(p))
			continue;
		if (later)
			return true;
		an_hour_passes(p);
		later = true;
		idle = 0;
	}
	/* Who differs, and in what, is said. None does when the hour passed after the last round. */
	return play_judge_apart(p) && play_fail(p, "I3", "they have not come together");
}

static bool
any_lost(const struct play *p)
{
	bool any = false;

	for (size_t i = 0; i < p->machines; i++)
		any = any || p->lost[i];
	return any;
}

/*
 * What a disk lost when it was put back may still lie on a stick. It is taken out of the pocket before all come
 * together: once every reader has attested a newer epoch the older one's key goes, and who wrote under it and forgot
 * that it did attests too (proto/vault.md, 13). And again before the account is taken: what was read could be opened by then.
 */
static bool
empty_pockets(struct play *p)
{
	for (size_t i = 0; i < p->swarm.stations && any_lost(p); i++)
		if (!bury_read_sticks(p, i))
			return false;
	return true;
}

bool
play_heal(struct play *p)
{
	const struct weather fair = { .latency_min = NS_PER_MS, .latency_max = 5 * NS_PER_MS, .chunk_max = 16384 };

	p->swarm.disk_fault = 0;
	world_set_weather(p->world, &fair);
	memset(p->world->net.parted, 0, sizeof(p->world->net.parted));
	world_reset_wires(p->world);
	if (!play_tend(p) || !everyone_up(p))
		return false;
	if (p->far != NULL) {
		p->stations[p->swarm.stations]->calm = true;
		far_calm(p->far, true);
		world_run(p->world, 20 * NS_PER_S); /* it is had again */
	}
	backups_forget(p);
	if (!hub_make_room(p))
		return false;
	world_run(p->world, 10 * NS_PER_S);
	return empty_pockets(p) && come_together(p) && empty_pockets(p) && (!any_lost(p) || come_together(p));
}
