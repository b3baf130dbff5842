/*
 * The evaluation, root downwards. A GRANT made in stratum r gives a rank
 * above r, and only lower ranks can be removed; so whether rank(t) > r is
 * settled when stratum r runs, and within a stratum the order of devices and
 * of entries cannot matter. proto/org.md, 4 is this file in pseudo-code.
 */
#include "base/mem.h"
#include "org/org_internal.h"

static struct reach
reach_of(struct org *o, const struct eval *ev, const struct held_log *l)
{
	return reach_under(o, &ev->standing[l->subject].cuts, l);
}

/* Within the cuts; of a retired root also within those of the turns that retired it; of a contested one removals alone. */
static bool
counts(const struct org *o, const struct eval *ev, const struct node *n, const struct reach *reach)
{
	const struct standing *st = &ev->standing[o->logs[n->log].subject];

	if (st->only_removes && !is_removal(n))
		return false;
	/* Who has no cuts of its own is measured by those of the turns alone, which may name a side of a fork. */
	if (!reach_has(reach, n) && (st->turn_count == 0 || st->cuts.any))
		return false;
	return st->turn_count == 0 || (is_removal(n) ? n->kept > 0 : n->kept == st->turn_count);
}

static bool
log_is_ours(const struct eval *ev, const struct held_log *l)
{
	return SAME(l->id.stream, ev->control);
}

static enum err_code
remove_device(struct eval *ev, uint32_t target, const struct cut *cuts, size_t count, struct err *err)
{
	ev->standing[target].gone = true;
	return cutset_merge(&ev->standing[target].cuts, cuts, count, err);
}

/* Signed with the printed key of the very device: any ADMIT that binds the key to it will do, and each is tried once. */
static enum err_code
kill_check(struct org *o, const struct eval *ev, struct node *n, struct err *err)
{
	const struct revoke *v = &n->op->u.revoke;
	uint32_t first = o->subjects[n->target].admits;
	uint8_t digest[32];

	if (n->kill_ok || first == n->kill_tried)
		return ERR_OK;
	if (!revoke_kill_digest(digest, &ev->id, v))
		return err_plain(err, ERR_NO_MEMORY);
	for (uint32_t i = first; i != n->kill_tried && !n->kill_ok; i = o->nodes[i].next_admit) {
		const struct admit *a = &o->nodes[i].op->u.admit;

		n->kill_ok = a->has_kill && verify_digest(v->kill_sig, "fb1/kill/sig", digest, a->kill_pk);
	}
	n->kill_tried = first;
	return ERR_OK;
}

static enum err_code
kill_cards(struct org *o, struct eval *ev, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < o->node_count && rc == ERR_OK; i++) {
		struct node *n = &o->nodes[i];

		if (n->kind != KIND_REVOKE || n->op == NULL || !n->op->u.revoke.has_kill ||
		    !log_is_ours(ev, &o->logs[n->log]))
			continue;
		rc = kill_check(o, ev, n, err);
		n->took = n->kill_ok;
		if (rc == ERR_OK && n->kill_ok)
			rc = remove_device(ev, n->target, n->op->u.revoke.cuts, n->op->u.revoke.cut_count, err);
	}
	return rc;
}

/* The cuts of a self-REVOKE, with the log that carries it cut at the REVOKE itself. */
static enum err_code
self_remove(const struct org *o, struct eval *ev, const struct node *n, struct err *err)
{
	const struct revoke *v = &n->op->u.revoke;
	const struct held_log *l = &o->logs[n->log];
	struct cut own = { .stream = l->id.stream, .inc = l->id.inc, .seq = (int64_t)n->seq };
	struct cut *cuts = mem_zero(v->cut_count + 1, sizeof(*cuts));
	enum err_code rc;
	size_t count = 0, i = 0;

	if (cuts == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	memcpy(own.head16, n->id.b, sizeof(own.head16));
	while (i < v->cut_count && cut_order(&v->cuts[i], &own) < 0)
		cuts[count++] = v->cuts[i++];
	cuts[count++] = own;
	if (i < v->cut_count && cut_order(&v->cuts[i], &own) == 0)
		i++;
	while (i < v->cut_count)
		cuts[count++] = v->cuts[i++];
	rc = remove_device(ev, n->target, cuts, count, err);
	mem_free(cuts);
	return rc;
}

/*
 * A device's REVOKEs of itself come before anything else of it. All that lie
 * within the cuts others made are found first and applied together, so that
 * none of them hides another.
 */
static enum err_code
self_removals(struct org *o, struct eval *ev, uint32_t s, struct err *err)
{
	uint32_t *found = NULL;
	size_t count = 0, cap = 0;
	enum err_code rc = ERR_OK;

	for (uint32_t l = o->subjects[s].logs; l != NONE; l = o->logs[l].next) {
		struct reach reach;

		if (!log_is_ours(ev, &o->logs[l]))
			continue;
		reach = reach_of(o, ev, &o->logs[l]);
		for (uint32_t i = o->logs[l].nodes; i != NONE; i = o->nodes[i].next) {
			const struct node *n = &o->nodes[i];
			uint32_t *room;

			if (n->kind != KIND_REVOKE || n->op == NULL || n->target != s || !counts(o, ev, n, &reach))
				continue;
			room = mem_room(found, count, &cap, sizeof(*found));
			if (room == NULL) {
				rc = err_plain(err, ERR_NO_MEMORY);
				goto out;
			}
			found = room;
			found[count++] = i;
		}
	}
	for (size_t i = 0; i < count && rc == ERR_OK; i++) {
		o->nodes[found[i]].took = true;
		rc = self_remove(o, ev, &o->nodes[found[i]], err);
	}
out:
	mem_free(found);
	return rc;
}

static void
accept_admit(const struct org *o, struct eval *ev, uint32_t i, uint8_t r)
{
	const struct node *n = &o->nodes[i];
	struct standing *t = &ev->standing[n->target];

	if (!n->possession_ok || t->rank == 0) /* a root is no device */
		return;
	/* proto/org.md, 4: "the one from the lowest stratum counts, then the smallest entry id" */
	if (t->admit != NONE && (t->admit_stratum < r || memcmp(o->nodes[t->admit].id.b, n->id.b, 32) <= 0))
		return;
	t->admit = i;
	t->admit_stratum = r;
}

static enum err_code
accept_grant(const struct org *o, struct eval *ev, uint32_t i, uint32_t by, uint8_t r, struct err *err)
{
	const struct grant *g = &o->nodes[i].op->u.grant;
	struct standing *t = &ev->standing[o->nodes[i].target];
	struct accepted *room;
	uint64_t *place;

	if (g->role == ROLE_COORDINATOR && g->rank <= r)
		return ERR_OK; /* nobody makes an equal */
	room = mem_room(ev->accepted, ev->accepted_count, &ev->accepted_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	ev->accepted = room;
	place = table_put(ev->accepted_of, &o->nodes[i].id);
	if (place == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	room[ev->accepted_count] = (struct accepted){ .node = i, .by = by };
	*place = ++ev->accepted_count;
	if (g->role == ROLE_COORDINATOR && g->rank < t->rank)
		t->rank = g->rank;
	return ERR_OK;
}

/* Of several TEAMs of one id: lowest stratum, then highest seq, then smallest id. The narrower mode always stands. */
static enum err_code
accept_team(const struct org *o, struct eval *ev, uint32_t i, uint8_t r, struct err *err)
{
	const struct node *n = &o->nodes[i], *old;
	const struct team_op *t = &n->op->u.team;
	uint32_t at = held_index(ev->team_state_of, &t->team);
	struct team_state *room;
	uint64_t *place;

	if (SAME(t->team, ev->control) || SAME(t->team, ev->roster))
		return ERR_OK;
	if (at != NONE) {
		struct team_state *s = &ev->team_states[at];

		old = &o->nodes[s->node];
		s->mode = t->mode < s->mode ? t->mode : s->mode;
		if (s->stratum == r && (n->seq > old->seq || (n->seq == old->seq && memcmp(n->id.b, old->id.b, 32) < 0)))
			s->node = i;
		return ERR_OK;
	}
	room = mem_room(ev->team_states, ev->team_state_count, &ev->team_state_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	ev->team_states = room;
	place = table_put(ev->team_state_of, &t->team);
	if (place == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	room[ev->team_state_count] = (struct team_state){ t->team, i, r, t->mode };
	*place = ++ev->team_state_count;
	return ERR_OK;
}

/* One withdrawn grant, remembered by grant, device and team: whether it exists shows at the end. */
static enum err_code
withdraw_one(struct eval *ev, const struct ungrant *u, const struct hash *grant, struct err *err)
{
	uint8_t key[64];
	struct withdrawal *room;
	uint64_t *place;

	memcpy(key, grant->b, 32);
	memcpy(key + 32, u->dev.b, 16);
	memcpy(key + 48, u->team.b, 16);
	place = table_put(ev->withdrawal_of, key);
	if (place == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (*place == 0) {
		room = mem_room(ev->withdrawals, ev->withdrawal_count, &ev->withdrawal_cap, sizeof(*room));
		if (room == NULL)
			return err_plain(err, ERR_NO_MEMORY);
		ev->withdrawals = room;
		room[ev->withdrawal_count] = (struct withdrawal){ .grant = *grant, .dev = u->dev, .team = u->team };
		*place = ++ev->withdrawal_count;
	}
	return cutset_merge(&ev->withdrawals[*place - 1].cuts, u->cuts, u->cut_count, err);
}

static enum err_code
accept_ungrant(struct eval *ev, const struct ungrant *u, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < u->grant_count && rc == ERR_OK; i++)
		rc = withdraw_one(ev, u, &u->grants[i], err);
	return rc;
}

/* Whether it stays a dispute shows at the end: a more junior stratum may still see one of them leave. */
static enum err_code
note_void(struct eval *ev, uint32_t by, uint32_t target, struct err *err)
{
	struct void_removal *room = mem_room(ev->voids, ev->void_count, &ev->void_cap, sizeof(*room));

	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	ev->voids = room;
	room[ev->void_count++] = (struct void_removal){ by, target };
	return ERR_OK;
}

static enum err_code
accept_revoke(struct eval *ev, struct node *n, uint32_t by, uint8_t r, struct err *err)
{
	if (n->target == by)
		return ERR_OK; /* done before anything else of this device */
	n->took = n->took || ev->standing[n->target].rank > r;
	if (ev->standing[n->target].rank > r)
		return remove_device(ev, n->target, n->op->u.revoke.cuts, n->op->u.revoke.cut_count, err);
	return n->kill_ok ? ERR_OK : note_void(ev, by, n->target, err);
}

static enum err_code
apply(struct org *o, struct eval *ev, uint32_t i, uint32_t by, uint8_t r, struct err *err)
{
	struct node *n = &o->nodes[i];

	switch (n->kind) {
	case KIND_ADMIT:
		accept_admit(o, ev, i, r);
		return ERR_OK;
	case KIND_GRANT:
		return accept_grant(o, ev, i, by, r, err);
	case KIND_TEAM:
		return accept_team(o, ev, i, r, err);
	case KIND_REVOKE:
		return accept_revoke(ev, n, by, r, err);
	case KIND_UNGRANT:
		if (n->target == by || ev->standing[n->target].rank > r)
			return accept_ungrant(ev, &n->op->u.ungrant, err);
		return ERR_OK;
	default: /* a byte off the wire; SEALKEY has its own pass */
		return ERR_OK;
	}
}

/* Everything of one coordinator, or of the root. */
static enum err_code
act(struct org *o, struct eval *ev, uint32_t s, uint8_t r, struct err *err)
{
	enum err_code rc = self_removals(o, ev, s, err);

	for (uint32_t l = o->subjects[s].logs; l != NONE && rc == ERR_OK; l = o->logs[l].next) {
		struct reach reach;

		if (!log_is_ours(ev, &o->logs[l]))
			continue;
		reach = reach_of(o, ev, &o->logs[l]);
		for (uint32_t i = o->logs[l].nodes; i != NONE && rc == ERR_OK; i = o->nodes[i].next)
			if (o->nodes[i].op != NULL && counts(o, ev, &o->nodes[i], &reach))
				rc = apply(o, ev, i, s, r, err);
	}
	return rc;
}

/* How new the incarnation of a control log is: proto/log.md, 7. Of those that list as many as fit, one that none of them lists is newer. */
static size_t
older_of(const struct org *o, uint32_t log)
{
	const struct held_log *l = &o->logs[log], *other;
	size_t count = l->open == NONE ? 0 : o->nodes[l->open].op->u.open.old_count;

	if (count < OLD_INCS_MAX)
		return count;
	for (uint32_t i = o->subjects[l->subject].logs; i != NONE; i = o->logs[i].next) {
		other = &o->logs[i];
		if (i != log && other->open != NONE && SAME(other->id.stream, l->id.stream) &&
		    o->nodes[other->open].op->u.open.old_count == OLD_INCS_MAX && open_lists(&o->nodes[other->open].op->u.open, &l->id.inc))
			return count;
	}
	return count + 1;
}

/* Which of two SEALKEYs of a device is the newer: the incarnation that knew more older ones, then seq. */
static bool
seal_is_newer(const struct org *o, const struct node *a, const struct node *b)
{
	size_t old_a = older_of(o, a->log), old_b = older_of(o, b->log);

	if (old_a != old_b)
		return old_a > old_b;
	return a->seq != b->seq ? a->seq > b->seq : memcmp(a->id.b, b->id.b, sizeof(a->id.b)) < 0;
}

/* How many keys of the log's own incarnation there are: the ADMIT's belongs to the first one, which cites no older. */
static uint64_t
seals_of_log(const struct org *o, uint32_t log, uint64_t in_log)
{
	uint32_t open = o->logs[log].open;

	return open != NONE && o->nodes[open].op->u.open.old_count > 0 ? in_log : in_log + 1;
}

/* What every admitted device may say of itself: its seal keys, and that it leaves. */
static enum err_code
last_pass(struct org *o, struct eval *ev, uint32_t s, struct err *err)
{
	struct standing *st = &ev->standing[s];
	enum err_code rc = st->rank > STRATUM_LAST ? self_removals(o, ev, s, err) : ERR_OK;
	uint64_t in_log;

	for (uint32_t l = o->subjects[s].logs; l != NONE && rc == ERR_OK; l = o->logs[l].next) {
		struct reach reach;

		if (!log_is_ours(ev, &o->logs[l]))
			continue;
		reach = reach_of(o, ev, &o->logs[l]);
		in_log = 0;
		for (uint32_t i = o->logs[l].nodes; i != NONE && rc == ERR_OK; i = o->nodes[i].next) {
			const struct node *n = &o->nodes[i];

			if (n->op == NULL || !counts(o, ev, n, &reach))
				continue;
			if (n->kind == KIND_UNGRANT && n->target == s && st->rank > STRATUM_LAST)
				rc = accept_ungrant(ev, &n->op->u.ungrant, err);
			if (n->kind != KIND_SEALKEY)
				continue;
			st->seal_count++;
			in_log++;
			if (st->seal == NONE || seal_is_newer(o, n, &o->nodes[st->seal]))
				st->seal = i;
		}
		if (st->seal != NONE && o->nodes[st->seal].log == l)
			st->seal_log_count = seals_of_log(o, l, in_log);
	}
	return rc;
}

enum err_code
eval_strata(struct org *o, struct eval *ev, struct err *err)
{
	enum err_code rc = eval_roots(o, ev, err);

	for (size_t i = 0; i < o->node_count; i++)
		o->nodes[i].took = false;
	if (rc == ERR_OK)
		rc = kill_cards(o, ev, err);
	for (uint8_t r = 0; r <= STRATUM_LAST && rc == ERR_OK; r++)
		for (uint32_t s = 0; s < ev->standing_count && rc == ERR_OK; s++)
			if (ev->standing[s].rank == r)
				rc = act(o, ev, s, r, err);
	for (uint32_t s = 0; s < ev->standing_count && rc == ERR_OK; s++)
		if (ev->standing[s].admit != NONE)
			rc = last_pass(o, ev, s, err);
	return rc;
}
