#include "org/org.h"

#include <assert.h>

#include "base/mem.h"
#include "org/org_internal.h"

static struct eval *
eval_new(const struct org *o)
{
	struct eval *ev = mem_zero(1, sizeof(*ev));

	if (ev == NULL)
		return NULL;
	ev->genesis = &o->nodes[o->genesis].op->u.genesis;
	ev->id = org_id_of(ev->genesis);
	ev->control = control_stream(&ev->id);
	ev->roster = roster_stream(&ev->id);
	ev->standing = mem_zero(o->subject_count + 1, sizeof(*ev->standing));
	ev->team_state_of = table_new(sizeof(struct stream_id));
	ev->withdrawal_of = table_new(32 + 16 + 16);
	ev->accepted_of = table_new(sizeof(struct hash));
	ev->by_author = table_new(sizeof(struct author));
	ev->by_noise = table_new(32);
	ev->by_id = table_new(sizeof(struct device_id));
	ev->team_by_id = table_new(sizeof(struct stream_id));
	ev->reader_of = table_new(16 + 16);
	if (ev->standing == NULL || ev->team_state_of == NULL || ev->withdrawal_of == NULL ||
	    ev->accepted_of == NULL || ev->by_author == NULL || ev->by_noise == NULL || ev->by_id == NULL ||
	    ev->team_by_id == NULL || ev->reader_of == NULL) {
		eval_free(ev);
		return NULL;
	}
	ev->standing_count = o->subject_count;
	for (size_t s = 0; s < ev->standing_count; s++)
		ev->standing[s] = (struct standing){ .rank = RANK_NONE, .admit_stratum = STRATUM_NEVER, .admit = NONE,
		                                     .seal = NONE };
	return ev;
}

/* Takes the new evaluation over and notices what became different for logs that were there before. */
static void
adopt_eval(struct org *o, struct eval *ev)
{
	bool changed = false;

	for (size_t i = 0; i < o->team_log_count; i++) {
		struct team_log *l = &o->team_logs[i];

		if (l->evaluated && memcmp(&l->effect, &ev->effects[i], sizeof(l->effect)) != 0)
			changed = true;
		memcpy(&l->effect, &ev->effects[i], sizeof(l->effect));
		l->evaluated = true;
	}
	if (changed)
		o->generation++;
	eval_free(o->now);
	o->now = ev;
}

enum err_code
org_evaluate(struct org *o, struct err *err)
{
	struct eval *ev;
	enum err_code rc;

	if (o->genesis == NONE)
		return ERR_OK;
	ev = eval_new(o);
	if (ev == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	rc = eval_strata(o, ev, err);
	if (rc == ERR_OK)
		rc = eval_outcome(o, ev, err);
	if (rc == ERR_OK)
		rc = eval_digest(o, ev, err);
	if (rc == ERR_OK)
		rc = eval_effects(o, ev, err);
	if (rc == ERR_OK)
		adopt_eval(o, ev);
	else
		eval_free(ev);
	return rc;
}

bool
org_known(const struct org *o)
{
	return o->now != NULL;
}

const struct org_id *
org_id(const struct org *o)
{
	assert(o->now != NULL);
	return &o->now->id;
}

const struct genesis *
org_genesis(const struct org *o)
{
	assert(o->now != NULL);
	return o->now->genesis;
}

void
org_root_fingerprint(const struct org *o, uint8_t out[32])
{
	assert(o->now != NULL);
	root_fingerprint(out, o->now->genesis);
}

void
org_digest(const struct org *o, uint8_t out[16])
{
	if (o->now == NULL)
		memset(out, 0, 16);
	else
		memcpy(out, o->now->digest, 16);
}

uint64_t
org_generation(const struct org *o)
{
	return o->generation;
}

size_t
org_device_count(const struct org *o)
{
	return o->now == NULL ? 0 : o->now->device_count;
}

const struct org_device *
org_device_at(const struct org *o, size_t i)
{
	assert(i < org_device_count(o));
	return &o->now->devices[i];
}

static const struct org_device *
device_by(const struct org *o, const struct table *t, const void *key)
{
	uint32_t i = held_index(t, key);

	return i == NONE ? NULL : &o->now->devices[i];
}

const struct org_device *
org_device_by_author(const struct org *o, const struct author *a)
{
	return o->now == NULL ? NULL : device_by(o, o->now->by_author, a);
}

const struct org_device *
org_device_by_id(const struct org *o, const struct device_id *id)
{
	return o->now == NULL ? NULL : device_by(o, o->now->by_id, id);
}

const struct org_device *
org_device_by_noise(const struct org *o, const uint8_t noise_pk[32])
{
	return o->now == NULL ? NULL : device_by(o, o->now->by_noise, noise_pk);
}

bool
org_removal_counts(const struct org *o, const struct hash *entry)
{
	uint32_t i = held_index(o->node_of, entry);

	return i != NONE && o->nodes[i].took;
}

bool
org_kill_card_fits(const struct org *o, const struct device_id *dev, const uint8_t kill_pk[32])
{
	uint32_t s = held_index(o->subject_of, dev);

	for (uint32_t i = s == NONE ? NONE : o->subjects[s].admits; i != NONE; i = o->nodes[i].next_admit) {
		const struct admit *a = &o->nodes[i].op->u.admit;

		if (a->has_kill && memcmp(a->kill_pk, kill_pk, sizeof(a->kill_pk)) == 0)
			return true;
	}
	return false;
}

size_t
org_team_count(const struct org *o)
{
	return o->now == NULL ? 0 : o->now->team_count;
}

const struct org_team *
org_team_at(const struct org *o, size_t i)
{
	assert(i < org_team_count(o));
	return &o->now->teams[i];
}

const struct org_team *
org_team_by_id(const struct org *o, const struct stream_id *id)
{
	uint32_t i = o->now == NULL ? NONE : held_index(o->now->team_by_id, id);

	return i == NONE ? NULL : &o->now->teams[i];
}

size_t
org_grant_count(const struct org *o)
{
	return o->now == NULL ? 0 : o->now->grant_count;
}

const struct org_grant *
org_grant_at(const struct org *o, size_t i)
{
	assert(i < org_grant_count(o));
	return &o->now->grants[i];
}

static const struct org_grant *
team_grant(const struct eval *ev, const struct stream_id *stream, const struct device_id *dev)
{
	uint8_t key[32];
	uint32_t i;

	memcpy(key, stream->b, 16);
	memcpy(key + 16, dev->b, 16);
	i = held_index(ev->reader_of, key);
	return i == NONE ? NULL : &ev->grants[i];
}

bool
org_is_drop_box(const struct org *o, const struct stream_id *stream)
{
	const struct org_team *t = org_team_by_id(o, stream);

	return t != NULL && t->mode == 1;
}

bool
org_reads(const struct org *o, const struct stream_id *stream, const struct device_id *dev)
{
	const struct org_device *d = org_device_by_id(o, dev);

	if (d == NULL || !org_device_live(d))
		return false;
	if (SAME(*stream, o->now->control))
		return true;
	if (SAME(*stream, o->now->roster))
		return d->coordinator || d->advisor;
	if (org_is_drop_box(o, stream))
		return d->coordinator;
	return team_grant(o->now, stream, dev) != NULL;
}

enum org_share
org_share(const struct org *o, const struct org_device *peer, const struct stream_id *stream)
{
	if (peer == NULL || peer->gone || o->now == NULL)
		return SHARE_NOTHING;
	if (SAME(*stream, o->now->control) || peer->hub || peer->auditor)
		return SHARE_ALL;
	if (org_reads(o, stream, &peer->id))
		return SHARE_ALL;
	/* Who writes into a drop-box needs its EPOCHs. */
	if (org_is_drop_box(o, stream) && peer->advisor)
		return SHARE_ALL;
	return peer->coordinator ? SHARE_HEADERS : SHARE_NOTHING; /* headers are what cuts are made of */
}

/* Smaller is better: coordinators by rank, then grants without a team, which no UNGRANT can take away. */
static unsigned
role_order(const struct org_grant *g)
{
	if (g->role == ROLE_COORDINATOR)
		return g->rank;
	return 256u * g->role + (g->has_team ? 128u : 0);
}

const struct org_grant *
org_grant_for(const struct org *o, const struct stream_id *stream, const struct device_id *dev)
{
	const struct org_grant *best = NULL;
	bool control;

	if (o->now == NULL)
		return NULL;
	control = SAME(*stream, o->now->control);
	if (!control && !SAME(*stream, o->now->roster) && !org_is_drop_box(o, stream))
		return team_grant(o->now, stream, dev);
	for (size_t i = 0; i < o->now->grant_count; i++) {
		const struct org_grant *g = &o->now->grants[i];

		if (!SAME(g->dev, *dev) || (!control && g->role != ROLE_COORDINATOR && g->role != ROLE_ADVISOR))
			continue;
		if (best == NULL || role_order(g) < role_order(best))
			best = g;
	}
	return best;
}

size_t
org_void_removals(const struct org *o)
{
	return o->now == NULL ? 0 : o->now->dispute_count;
}

const struct org_dispute *
org_dispute_at(const struct org *o, size_t i)
{
	assert(i < org_void_removals(o));
	return &o->now->disputes[i];
}

bool
org_disputed(const struct org *o, const struct device_id *dev)
{
	for (size_t i = 0; i < org_void_removals(o); i++)
		if (SAME(org_dispute_at(o, i)->by, *dev) || SAME(org_dispute_at(o, i)->target, *dev))
			return true;
	return false;
}

size_t
org_skipped(const struct org *o)
{
	return o->skipped;
}
