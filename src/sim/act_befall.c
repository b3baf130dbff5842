/* What befalls machines, wires and clocks, and what their people do to them. */
#include "sim/act_internal.h"
#include "sim/world_internal.h"

bool
act_wrong_pass(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;

	if (station_runs(s))
		station_close(s);
	if (station_power_went(s))
		return true;
	struck(STRUCK_PASSPHRASE);
	if (station_open_with(s, "snow falls on lamp post", false, &err) == ERR_OK)
		return play_fail(p, "I6", "n%zu: a wrong passphrase opened the home", i);
	if (err.code != ERR_PASSPHRASE)
		return act_excused(p, i, "refusing a wrong passphrase", &err);
	return true;
}

/* The lid closes. Half of the time with a snapshot, however little it is worth: opening must not depend on it. */
bool
act_close(struct play *p, size_t i)
{
	struct err err = ERR_INIT;
	bool ok = true;

	if (play_chance(p, "snapshot", 500))
		ok = node_save_snapshot(p->stations[i]->node, &err) == ERR_OK || act_excused(p, i, "writing a snapshot", &err);
	if (err.code == ERR_OK)
		mark(MARK_SNAPSHOT_LEFT);
	station_close(p->stations[i]);
	return ok;
}

bool
act_clock(struct play *p, size_t i)
{
	static const int64_t year = 365ll * 86400 * 1000;
	int64_t years = play_chance(p, "years", 500) ? (int64_t)play_below(p, "year", 40) - 30 : 0;
	int64_t skew = years != 0 ? years * year : (int64_t)play_below(p, "ms", 7200000) - 3600000;

	struck(years != 0 ? STRUCK_CLOCK_YEARS : STRUCK_CLOCK_HOUR);

	if (skew < p->stations[i]->host->skew_ms)
		mark(MARK_CLOCK_BACK);
	host_set_skew(p->stations[i]->host, skew);
	return true;
}

bool
act_crash(struct play *p, size_t i)
{
	if (p->swarm.half_open && host_wires(p->stations[i]->host) > 0)
		mark(MARK_LINKS_HALF_OPEN);
	station_crash(p->stations[i], p->swarm.half_open);
	return true;
}

bool
act_hub_crash(struct play *p, size_t i)
{
	struct station *hub = p->stations[p->swarm.stations];

	(void)i;
	if (station_runs(hub))
		mark(MARK_HUB_CUT);
	if (station_runs(hub) && host_wires(hub->host) > 0)
		mark(MARK_HUB_CUT_WHILE_SERVING);
	station_crash(hub, p->swarm.half_open);
	return true;
}

bool
act_hub_close(struct play *p, size_t i)
{
	(void)i;
	if (station_runs(p->stations[p->swarm.stations]))
		station_close(p->stations[p->swarm.stations]);
	return true;
}

bool
act_replay(struct play *p, size_t i)
{
	struct dice bits = decide_dice(&p->decide, "bits");

	(void)i;
	if (!world_replay(p->world, &bits))
		return true;
	p->report->replays++;
	mark(MARK_REPLAYED);
	struck(STRUCK_REPLAY);
	return true;
}

bool
act_part(struct play *p, size_t i)
{
	size_t other = act_some_station(p);

	if (other != i)
		world_part(p->world, i, other, !p->world->net.parted[i][other]);
	return true;
}

bool
act_clog(struct play *p, size_t i)
{
	size_t other = act_some_station(p);

	world_clog(p->world, i, other, world_now(p->world) + play_between(p, "seconds", 1, 120) * NS_PER_S);
	return true;
}

static size_t
whose_disk(struct play *p, size_t i)
{
	return p->swarm.hub_goes_back && play_chance(p, "hubs", 700) ? p->swarm.stations : i;
}

bool
act_image(struct play *p, size_t i)
{
	return play_take_image(p, whose_disk(p, i));
}

static bool
write_first(struct play *p, size_t i)
{
	if (!station_power_went(p->stations[i]))
		mark(MARK_WROTE_FIRST);
	return station_power_went(p->stations[i]) || act_write(p, i);
}

bool
act_put_back(struct play *p, size_t i)
{
	if (whose_disk(p, i) != i)
		return play_put_back(p, p->swarm.stations);
	/* Half of the time its person sits down to write at once. */
	return play_put_back(p, i) && (p->image[i] == NULL || !station_runs(p->stations[i]) || play_chance(p, "later", 500) || write_first(p, i));
}
