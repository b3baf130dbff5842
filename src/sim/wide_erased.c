/* Erased means gone: on every disk of those who have heard, whatever old stick turns up. */
#include <stdio.h>

#include "log/entry.h"
#include "sim/scan.h"
#include "sim/thief.h"
#include "sim/wide_internal.h"

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

/* Did an approved request give it? What it did not give may lie where only one member has said that it is late. */
static bool
was_named(const struct wide *w, const struct wide_entry *e)
{
	for (size_t k = 0; k < w->order_count; k++)
		if (w->orders[k].approved && (e->named_by & 1u << k) != 0)
			return true;
	return false;
}

struct late { struct wide *w; size_t i; };

static void
open_late(void *ctx, const struct entry *e, bool opened)
{
	struct late *l = ctx;

	for (size_t k = 0; opened && k < l->w->entry_count; k++)
		if (memcmp(l->w->entries[k].id, e->id.b, 16) == 0 && l->w->erased[l->w->entries[k].record])
			(void)wide_fail(l->w, "I13", "n%zu can still open entry %zu, of a record that was erased", l->i, k);
}

/* And then no epoch that its machine holds opens it. */
static bool
judge_late(struct wide *w, size_t i)
{
	struct thief *t = sim_must(thief_new(org_id(node_org(w->at[0]->node)), &w->team));
	struct late l = { w, i };

	thief_take_epochs(t, station_keys(w->at[i]));
	if (thief_read(t, station_replica(w->at[i])))
		thief_each(t, open_late, &l);
	else
		(void)wide_fail(w, "I2", "n%zu: its log cannot be read", i);
	thief_free(t);
	return w->report->finding.invariant[0] == '\0';
}

bool
wide_judge_erased(struct wide *w)
{
	struct scan *scan = sim_must(scan_new());
	bool ok = true;

	for (size_t k = 0; k < w->entry_count; k++) {
		char what[64];

		if (!w->erased[w->entries[k].record] || !was_named(w, &w->entries[k]))
			continue;
		snprintf(what, sizeof(what), "erased entry %zu of n%zu", k, w->entries[k].by);
		scan_add_secret(scan, what, w->entries[k].sealed, sizeof(w->entries[k].sealed));
	}
	for (size_t i = 0; i < w->count && ok; i++)
		ok = !wide_member(w, i) || read_stick(w, i);
	ok = ok && wide_judge(w);
	for (size_t i = 0; i < w->count && ok; i++)
		ok = !wide_reader(w, i) || judge_late(w, i);
	for (size_t i = 0; i < w->count && ok; i++) {
		if (!wide_reader(w, i)) /* who lost the team hears of late entries from two readers at best */
			continue;
		station_close(w->at[i]);
		disk_look(host_disk(w->at[i]->host), scan, i);
	}
	if (ok && scan_finding(scan) != NULL)
		ok = wide_fail(w, "I13", "%s", scan_finding(scan));
	scan_free(scan);
	return ok;
}
