/*
 * What lies on a device's table: drafts that somebody types, places in a
 * queue that come and go with their key. A draft that was kept is there when
 * the program starts again, whatever happened; of one whose keeping failed,
 * or was cut off, the old or the new. Both are looked for on every disk (I6).
 */
#include <stdio.h>

#include "base/mem.h"
#include "casework/desk.h"
#include "sim/play_internal.h"
#include "sim/world_internal.h"

static const char KEY[] = "visit";

static const char *
on_desk(struct play *p, size_t i)
{
	const struct desk_draft *d = desk_draft(node_desk(p->stations[i]->node), KEY);

	return d != NULL ? d->text : "";
}

bool
play_judge_desk(struct play *p, size_t i)
{
	struct expected_draft *e = &p->drafts[i];
	const char *has = on_desk(p, i);

	/* An older disk has an older desk; so has one that lied about syncing, which I1 finds by what is worth more. */
	if (!p->was_put_back[i] && !p->options->lying && strcmp(has, e->sure) != 0 && !(e->doubtful && strcmp(has, e->tried) == 0))
		return play_fail(p, "I1", "n%zu: a draft that was kept is gone", i);
	if (e->sure[0] != '\0' || e->doubtful)
		mark(MARK_DRAFT_BACK);
	snprintf(e->sure, sizeof(e->sure), "%s", has);
	e->doubtful = false;
	return true;
}

/* Types, drops, lets somebody in, or sends everybody away and destroys the key that held them. */
enum err_code
desk_act(struct play *p, size_t i, struct err *err)
{
	struct node *n = p->stations[i]->node;
	struct expected_draft *e = &p->drafts[i];
	struct day_desk *d = node_desk(n);
	uint64_t what = play_below(p, "what", 10);
	bool purge = what >= 8;
	enum err_code rc = ERR_OK;

	/* What lay there already may be what a failed keeping has left in memory, and then this one keeps it. */
	if (what < 6) {
		snprintf(e->tried, sizeof(e->tried), "%s draft %08llx", model_marker(p->model), (unsigned long long)play_below(p, "value", UINT64_C(1) << 32));
		rc = desk_put_draft(d, KEY, e->tried, 0, err);
	} else if (what < 7) {
		e->tried[0] = '\0';
		(void)desk_drop_draft(d, KEY);
	} else {
		struct queue_place *place = desk_add_place(d, "A", host_env(p->stations[i]->host)->ops->wall_ms(host_env(p->stations[i]->host)), err);

		rc = place != NULL ? ERR_OK : err->code;
		if (place != NULL)
			snprintf(place->documents, sizeof(place->documents), "%s", model_marker(p->model));
		snprintf(e->tried, sizeof(e->tried), "%s", on_desk(p, i));
		if (purge)
			(void)desk_expire(d, INT64_MAX / 2);
	}
	e->doubtful = true;
	if (rc == ERR_OK)
		rc = purge ? node_desk_shred(n, err) : node_desk_save(n, err);
	if (rc == ERR_OK) {
		memcpy(e->sure, e->tried, sizeof(e->sure));
		e->doubtful = false;
	}
	return rc;
}
