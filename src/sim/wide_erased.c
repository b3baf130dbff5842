/* Erased means gone: on every disk of those who have heard, whatever old stick turns up. */
#include <stdio.h>

#include "log/entry.h"
#include "sim/scan.h"
#include "sim/wide_internal.h"

struct look_for { struct scan *scan; size_t machine; };

static void
look_in_file(void *ctx, const char *path, struct bytes data)
{
	struct look_for *l = ctx;
	char where[160];

	snprintf(where, sizeof(where), "n%zu's %s", l->machine, path);
	scan_bytes(l->scan, data, where);
}

static bool
read_stick(struct wide *w, size_t i)
{
	struct bundle_counts counts = { 0 };
	struct err err = ERR_INIT;

	if (w->stick.len == 0)
		return true;
	if (bundle_read(node_peer_host(w->at[i]->node), buf_bytes(&w->stick), false, &counts, &err) != ERR_OK ||
	    node_commit(w->at[i]->node, &err) != ERR_OK)
		/* A newcomer has no network key of before. */
		return err.code == ERR_KEY || wide_fail(w, "I9", "n%zu cannot read an old stick: %s", i, err.text);
	mark(MARK_OLD_STICK);
	return true;
}

bool
wide_judge_erased(struct wide *w)
{
	struct scan *scan = sim_must(scan_new());
	bool ok = true;

	for (size_t k = 0; k < w->entry_count; k++) {
		char what[64];

		if (!w->erased[w->entries[k].record])
			continue;
		snprintf(what, sizeof(what), "erased entry %zu of n%zu", k, w->entries[k].by);
		scan_add_secret(scan, what, w->entries[k].sealed, sizeof(w->entries[k].sealed));
	}
	for (size_t i = 0; i < w->count && ok; i++)
		ok = !wide_member(w, i) || read_stick(w, i);
	ok = ok && wide_judge(w);
	for (size_t i = 0; i < w->count && ok; i++) {
		struct look_for l = { scan, i };

		if (!wide_reader(w, i)) /* who lost the team hears of late entries from two readers at best */
			continue;
		station_close(w->at[i]);
		disk_each(host_disk(w->at[i]->host), look_in_file, &l);
	}
	if (ok && scan_finding(scan) != NULL)
		ok = wide_fail(w, "I13", "%s", scan_finding(scan));
	scan_free(scan);
	return ok;
}
