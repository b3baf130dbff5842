/*
 * What everybody knows, without what they hold of each other's telling of it: who belongs, which epochs and tombstones there
 * are, what each would write under, what is shown and what waits. It moves when an answer was needed. It stands still while
 * two tell each other what both know already, and their logs grow.
 */
#include "crypto/hc.h"
#include "node/node_internal.h"
#include "sim/play_internal.h"

void
play_knowledge(struct play *p, uint8_t out[32])
{
	struct buf all = BUF_INIT;

	for (size_t i = 0; i < p->machines; i++) {
		const struct org *org = replica_org(station_replica(p->stations[i]));
		const struct keystore *ks = station_keys(p->stations[i]);
		uint8_t digest[16], shown[32] = { 0 };

		org_digest(org, digest);
		buf_put(&all, digest, sizeof(digest));
		(void)station_hash(p->stations[i], shown);
		buf_put(&all, shown, sizeof(shown));
		buf_put_be64(&all, ks->epoch_count);
		buf_put_be64(&all, ks->tombstone_count);
		if (p->stations[i]->is_hub)
			continue;
		buf_put_be64(&all, node_waiting_keys(p->stations[i]->node));
		for (size_t t = 0; t <= org_team_count(org); t++) {
			const struct stream_id stream = t == 0 ? roster_stream(org_id(org)) : org_team_at(org, t - 1)->id;
			struct epoch_id epoch = { { 0 } };

			(void)vault_preferred(p->stations[i]->node->vault, &stream, &epoch);
			buf_put(&all, epoch.b, sizeof(epoch.b));
		}
	}
	sim_must(buf_ok(&all) ? &all : NULL);
	HC(out, 32, BYTES_NONE, "sim/knowledge", buf_bytes(&all));
	buf_free(&all);
}
