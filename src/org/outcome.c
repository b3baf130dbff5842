/*
 * What the strata come to, in the form that questions are asked in: sorted
 * arrays, so that two replicas list the same things in the same order, and
 * tables over them.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "org/org_internal.h"

void
eval_free(struct eval *ev)
{
	if (ev == NULL)
		return;
	for (size_t i = 0; i < ev->standing_count; i++)
		cutset_free(&ev->standing[i].cuts);
	for (size_t i = 0; i < ev->withdrawal_count; i++)
		cutset_free(&ev->withdrawals[i].cuts);
	mem_free(ev->standing);
	mem_free(ev->roots);
	mem_free(ev->turns);
	mem_free(ev->accepted);
	mem_free(ev->team_states);
	mem_free(ev->withdrawals);
	table_free(ev->team_state_of);
	table_free(ev->withdrawal_of);
	table_free(ev->accepted_of);
	mem_free(ev->devices);
	mem_free(ev->teams);
	mem_free(ev->grants);
	mem_free(ev->voids);
	mem_free(ev->disputes);
	table_free(ev->by_author);
	table_free(ev->by_noise);
	table_free(ev->by_id);
	table_free(ev->team_by_id);
	table_free(ev->reader_of);
	mem_free(ev->adopted);
	mem_free(ev->effects);
	mem_free(ev);
}

static int
order_devices(const void *a, const void *b)
{
	return memcmp(((const struct org_device *)a)->id.b, ((const struct org_device *)b)->id.b, 16);
}

static int
order_teams(const void *a, const void *b)
{
	return memcmp(((const struct org_team *)a)->id.b, ((const struct org_team *)b)->id.b, 16);
}

static int
order_grants(const void *a, const void *b)
{
	return memcmp(((const struct org_grant *)a)->id.b, ((const struct org_grant *)b)->id.b, 32);
}

static bool
enter(struct table *t, const void *key, size_t index)
{
	uint64_t *place = table_put(t, key);

	if (place != NULL && *place == 0)
		*place = index + 1;
	return place != NULL;
}

/* An UNGRANT that names this GRANT of this device in this team takes it away, cuts and all. */
static void
withdraw(struct eval *ev, struct accepted *a, const struct node *n)
{
	const struct grant *g = &n->op->u.grant;
	uint8_t key[64];
	uint32_t i;

	if (!g->has_team)
		return;
	memcpy(key, n->id.b, 32);
	memcpy(key + 32, g->dev.b, 16);
	memcpy(key + 48, g->team.b, 16);
	i = held_index(ev->withdrawal_of, key);
	if (i == NONE)
		return;
	a->withdrawn = true;
	a->cuts = ev->withdrawals[i].cuts; /* owned by the withdrawal */
}

static enum err_code
list_grants(const struct org *o, struct eval *ev, struct err *err)
{
	ev->grants = mem_zero(ev->accepted_count + 1, sizeof(*ev->grants));
	if (ev->grants == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < ev->accepted_count; i++) {
		struct accepted *a = &ev->accepted[i];
		const struct node *n = &o->nodes[a->node];
		const struct grant *g = &n->op->u.grant;

		withdraw(ev, a, n);
		if (a->withdrawn)
			continue;
		ev->grants[ev->grant_count++] = (struct org_grant){
			.id = n->id, .dev = g->dev, .by = o->subjects[a->by].id, .role = g->role,
			.has_team = g->has_team, .team = g->team, .rank = g->rank, .self_grant = n->target == a->by,
		};
	}
	qsort(ev->grants, ev->grant_count, sizeof(*ev->grants), order_grants);
	for (size_t i = 0; i < ev->grant_count; i++) {
		const struct org_grant *g = &ev->grants[i];
		uint8_t key[32];

		memcpy(key, g->team.b, 16);
		memcpy(key + 16, g->dev.b, 16);
		if (g->has_team && !enter(ev->reader_of, key, i))
			return err_plain(err, ERR_NO_MEMORY);
	}
	return ERR_OK;
}

static struct org_device
device_of(const struct org *o, const struct standing *st)
{
	const struct node *n = &o->nodes[st->admit];
	const struct admit *a = &n->op->u.admit;
	struct org_device d = { .sign_pk = a->sign_pk, .id = o->subjects[n->target].id, .member = a->member,
	                        .enc_name = a->enc_name, .admit_id = n->id, .rank = st->rank, .gone = st->gone,
	                        .seal_index = st->seal_count,
	                        .seal_first = st->seal == NONE || st->seal_count < st->seal_log_count ? 0 : st->seal_count + 1 - st->seal_log_count };

	log_key_init(&d.admit_log, &o->logs[n->log].id.author, &o->logs[n->log].id.stream, &o->logs[n->log].id.inc);
	d.admit_seq = n->seq;
	memcpy(d.noise_pk, a->noise_pk, sizeof(d.noise_pk));
	memcpy(d.note_pk, a->note_pk, sizeof(d.note_pk));
	memcpy(d.seal_pk, st->seal == NONE ? a->seal_pk : o->nodes[st->seal].op->u.sealkey.seal_pk, sizeof(d.seal_pk));
	return d;
}

static enum err_code
list_devices(const struct org *o, struct eval *ev, struct err *err)
{
	ev->devices = mem_zero(ev->standing_count + 1, sizeof(*ev->devices));
	if (ev->devices == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t s = 0; s < ev->standing_count; s++)
		if (ev->standing[s].admit != NONE)
			ev->devices[ev->device_count++] = device_of(o, &ev->standing[s]);
	qsort(ev->devices, ev->device_count, sizeof(*ev->devices), order_devices);
	for (size_t i = 0; i < ev->device_count; i++) {
		const struct org_device *d = &ev->devices[i];

		if (!enter(ev->by_id, &d->id, i) || !enter(ev->by_author, &d->sign_pk, i))
			return err_plain(err, ERR_NO_MEMORY);
	}
	for (size_t i = 0; i < ev->grant_count; i++) {
		uint32_t at = held_index(ev->by_id, &ev->grants[i].dev);
		struct org_device *d = at == NONE ? NULL : &ev->devices[at];

		if (d == NULL)
			continue;
		d->coordinator |= ev->grants[i].role == ROLE_COORDINATOR;
		d->advisor |= ev->grants[i].role == ROLE_ADVISOR;
		d->auditor |= ev->grants[i].role == ROLE_AUDITOR;
		d->hub |= ev->grants[i].role == ROLE_HUB;
	}
	/* A Noise key in two ADMITs finds the device that still belongs, so that a removed one cannot stand in its way. */
	for (int live = 1; live >= 0; live--)
		for (size_t i = 0; i < ev->device_count; i++)
			if (org_device_live(&ev->devices[i]) == (live != 0) &&
			    !enter(ev->by_noise, ev->devices[i].noise_pk, i))
				return err_plain(err, ERR_NO_MEMORY);
	return ERR_OK;
}

static enum err_code
list_teams(const struct org *o, struct eval *ev, struct err *err)
{
	ev->teams = mem_zero(ev->team_state_count + 1, sizeof(*ev->teams));
	if (ev->teams == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < ev->team_state_count; i++) {
		const struct team_state *s = &ev->team_states[i];
		const struct node *n = &o->nodes[s->node];
		const struct team_op *t = &n->op->u.team;

		ev->teams[ev->team_count++] = (struct org_team){ t->team, t->enc_name, t->state, s->mode, n->id };
	}
	qsort(ev->teams, ev->team_count, sizeof(*ev->teams), order_teams);
	for (size_t i = 0; i < ev->team_count; i++)
		if (!enter(ev->team_by_id, &ev->teams[i].id, i))
			return err_plain(err, ERR_NO_MEMORY);
	return ERR_OK;
}

static int
order_disputes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct org_dispute));
}

/* The void removals that nobody has settled: both still belong. */
static enum err_code
list_disputes(const struct org *o, struct eval *ev, struct err *err)
{
	size_t count = 0, kept = 0;

	ev->disputes = mem_zero(ev->void_count + 1, sizeof(*ev->disputes));
	if (ev->disputes == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < ev->void_count; i++) {
		const struct void_removal *v = &ev->voids[i];

		if (!ev->standing[v->by].gone && !ev->standing[v->target].gone)
			ev->disputes[count++] = (struct org_dispute){ o->subjects[v->by].id, o->subjects[v->target].id };
	}
	if (count > 1)
		qsort(ev->disputes, count, sizeof(*ev->disputes), order_disputes);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || order_disputes(&ev->disputes[kept - 1], &ev->disputes[i]) != 0)
			ev->disputes[kept++] = ev->disputes[i];
	ev->dispute_count = kept;
	return ERR_OK;
}

enum err_code
eval_outcome(const struct org *o, struct eval *ev, struct err *err)
{
	enum err_code rc = list_grants(o, ev, err);

	if (rc == ERR_OK)
		rc = list_devices(o, ev, err);
	if (rc == ERR_OK)
		rc = list_teams(o, ev, err);
	if (rc == ERR_OK)
		rc = list_disputes(o, ev, err);
	return rc;
}
