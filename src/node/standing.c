/* One walk over the claims fills in who is ahead; a table per hub says what the others have beyond it. */
#include "node/standing.h"

#include "base/mem.h"
#include "node/node_internal.h"
#include "store/attest.h"
#include "store/claims.h"

#define DAY_MS INT64_C(86400000)

enum { PEERS_MAX = 512, HUBS_MAX = 8 };

/* What a hub has, by its own word: log8 -> length. */
struct hub { struct node_standing *at; struct author author; struct table *has; };

struct survey {
	struct node *n;
	int64_t now_ms;
	struct node_standing *all;
	size_t count;
	struct table *place;     /* author -> index in `all` + 1 */
	struct hub hubs[HUBS_MAX];
	size_t hub_count;
};

/* Does it see no stream that we do not? Then a log of it that is unknown here is one that we lack. */
static bool
sees_no_more(struct node *n, const struct org_device *d)
{
	const struct org *org = node_org(n);
	const struct org_device *self = node_self(n);

	for (size_t i = 0; i < org_team_count(org); i++) {
		const struct stream_id *team = &org_team_at(org, i)->id;

		if (org_share(org, d, team) != SHARE_NOTHING && (self == NULL || org_share(org, self, team) == SHARE_NOTHING))
			return false;
	}
	return true;
}

static struct node_standing *
standing_of(struct survey *s, const struct author *who)
{
	const uint64_t *at = table_get(s->place, who);

	return at != NULL ? &s->all[*at - 1] : NULL;
}

static int64_t
at_most_now(const struct survey *s, int64_t ms)
{
	return ms < s->now_ms ? ms : s->now_ms; /* a clock that runs ahead says no more than today */
}

static bool
take_claim(void *ctx, const struct claim *c)
{
	struct survey *s = ctx;
	struct node_standing *st = standing_of(s, &c->peer);
	struct replica *r = s->n->home.replica;
	uint64_t ours = 0;
	size_t log;

	if (st == NULL)
		return true;
	if (at_most_now(s, c->at_ms) > st->heard_ms)
		st->heard_ms = at_most_now(s, c->at_ms);
	if (replica_log_by_short(r, &c->log, &log))
		ours = replica_log_at(r, log)->len;
	else if (!sees_no_more(s->n, org_device_by_author(node_org(s->n), &c->peer)))
		return true;
	st->ahead += c->len > ours ? c->len - ours : 0;
	for (size_t i = 0; i < s->hub_count; i++) {
		uint64_t *has = SAME(s->hubs[i].author, c->peer) ? table_put(s->hubs[i].has, &c->log) : NULL;

		if (has != NULL && c->len > *has)
			*has = c->len;
	}
	return true;
}

static struct standing_lag *
lag_of(struct node_standing *hub, const struct device_id *has)
{
	for (size_t i = 0; i < hub->lag_count; i++)
		if (SAME(hub->lag[i].has, *has))
			return &hub->lag[i];
	if (hub->lag_count == STANDING_LAGS_MAX)
		return NULL;
	hub->lag[hub->lag_count] = (struct standing_lag){ .has = *has };
	return &hub->lag[hub->lag_count++];
}

/* Who said so at least a day before the hub was last heard of has given it time enough. */
static bool
compare_claim(void *ctx, const struct claim *c)
{
	struct survey *s = ctx;
	struct node_standing *st = standing_of(s, &c->peer);

	for (size_t i = 0; i < s->hub_count && st != NULL && !st->hub; i++) {
		struct node_standing *hub = s->hubs[i].at;
		const uint64_t *has = table_get(s->hubs[i].has, &c->log);
		uint64_t there = has != NULL ? *has : 0, lacks = c->len > there ? c->len - there : 0;
		int64_t days = (hub->heard_ms - at_most_now(s, c->at_ms)) / DAY_MS;
		struct standing_lag *lag = lacks > 0 && days > 0 ? lag_of(hub, &st->dev) : NULL;

		if (lag == NULL)
			continue;
		lag->entries += lacks;
		lag->days = days > lag->days ? days : lag->days;
	}
	return true;
}

static enum err_code
count_behind(struct survey *s, const struct org_device *d, struct node_standing *st, uint64_t *lens, struct err *err)
{
	struct replica *r = s->n->home.replica;
	struct hub *hub = NULL;
	bool signed_any = false;
	enum err_code rc = replica_custody(r, &d->sign_pk, lens, err);

	for (size_t i = 0; i < s->hub_count; i++)
		if (SAME(s->hubs[i].author, d->sign_pk))
			hub = &s->hubs[i];
	for (size_t i = 0; i < replica_log_count(r) && rc == ERR_OK; i++) {
		const struct log_head *h = replica_log_at(r, i);
		uint64_t from = h->key.is_branch ? h->key.branch_seq : 0, has = lens[i] > from ? lens[i] : from;
		uint64_t *put = hub != NULL && lens[i] > 0 ? table_put(hub->has, &h->short_id) : NULL;

		if (SAME(h->key.author, d->sign_pk)) /* who wrote it has signed for it */
			has = h->len;
		signed_any = signed_any || lens[i] > 0;
		if (put != NULL && lens[i] > *put)
			*put = lens[i];
		if (h->len > has && org_share(node_org(s->n), d, &h->key.stream) == SHARE_ALL)
			st->behind += h->len - has;
	}
	st->in_step = signed_any && st->behind == 0;
	return rc;
}

static enum err_code
begin(struct survey *s, struct err *err)
{
	const struct org *org = node_org(s->n);
	struct replica_peer *peers = mem_zero(PEERS_MAX, sizeof(*peers));
	uint64_t *lens = mem_alloc((replica_log_count(s->n->home.replica) + 1) * sizeof(*lens));
	size_t met = peers != NULL ? replica_peers(s->n->home.replica, peers, PEERS_MAX) : 0;
	enum err_code rc = peers != NULL && lens != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);

	for (size_t i = 0; i < org_device_count(org) && rc == ERR_OK; i++) {
		const struct org_device *d = org_device_at(org, i);
		struct node_standing *st = &s->all[s->count];
		uint64_t *place;

		if (!org_device_live(d) || SAME(d->sign_pk, s->n->home.keys->device.sign_pk))
			continue;
		*st = (struct node_standing){ .dev = d->id, .hub = d->hub, .silent_days = -1 };
		place = table_put(s->place, &d->sign_pk);
		if (d->hub && s->hub_count < HUBS_MAX)
			s->hubs[s->hub_count++] = (struct hub){ .at = st, .author = d->sign_pk, .has = table_new(sizeof(struct log8)) };
		if (place == NULL || (d->hub && s->hubs[s->hub_count - 1].has == NULL))
			rc = err_plain(err, ERR_NO_MEMORY);
		else
			*place = ++s->count;
		if (rc == ERR_OK)
			rc = count_behind(s, d, st, lens, err);
	}
	for (size_t i = 0; i < met && i < PEERS_MAX && rc == ERR_OK; i++) {
		struct node_standing *st = standing_of(s, &peers[i].author);

		if (st == NULL)
			continue;
		st->met = true;
		st->met_ms = st->heard_ms = peers[i].last_seen_ms;
	}
	mem_free(peers);
	mem_free(lens);
	return rc;
}

struct node_standing *
node_standings(struct node *n, size_t *count, struct err *err)
{
	struct survey s = { .n = n, .now_ms = n->env->ops->wall_ms(n->env) };
	size_t devices = node_has_org(n) ? org_device_count(node_org(n)) : 0;
	enum err_code rc = ERR_OK;

	*count = 0;
	s.all = mem_zero(devices + 1, sizeof(*s.all));
	s.place = table_new(sizeof(struct author));
	if (s.all == NULL || s.place == NULL)
		rc = err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK && devices > 0)
		rc = begin(&s, err);
	if (rc == ERR_OK)
		rc = replica_claims(n->home.replica, take_claim, &s, err);
	if (rc == ERR_OK && s.hub_count > 0)
		rc = replica_claims(n->home.replica, compare_claim, &s, err);
	for (size_t i = 0; i < s.count && rc == ERR_OK; i++) {
		struct node_standing *st = &s.all[i];

		st->in_step = st->in_step && st->ahead == 0;
		if (st->heard_ms > 0)
			st->silent_days = st->heard_ms < s.now_ms ? (s.now_ms - st->heard_ms) / DAY_MS : 0;
	}
	for (size_t i = 0; i < s.hub_count; i++)
		table_free(s.hubs[i].has);
	table_free(s.place);
	*count = s.count;
	if (rc == ERR_OK)
		return s.all;
	mem_free(s.all);
	return NULL;
}
