/*
 * The trustees in a play. Their sheets are on paper: no fault touches them. They
 * raise the guest (leave.c) to a coordinator, remove it at any machine, read its
 * kill card to anybody, and hand the root over once. Somebody who copied the old
 * sheets goes on with them wherever the handing over has not been heard of.
 *
 *   I4: at the end everybody says of everybody the same, and this file's own
 *       account agrees: the stations belong; the guest is gone if any removal was saved; nothing counts
 *       that the old root signed unheard of; the root is who has the new sheets
 */
#include <stdio.h>

#include "base/mem.h"
#include "node/node_internal.h"
#include "node/root.h"
#include "sim/play_internal.h"

static struct node_sheets
sheets_of(char (*shares)[SHARE_TEXT_BYTES], struct play *p)
{
	size_t a = (size_t)play_below(p, "sheet", 3), b = (a + 1 + (size_t)play_below(p, "other-sheet", 2)) % 3;

	return (struct node_sheets){ { shares[a], shares[b] }, { "one sheet", "the other" } };
}

enum err_code
trustees_found(struct play *p, struct err *err)
{
	struct station *s = p->stations[0];
	enum err_code rc = kit_split(host_env(s->host), p->kit.root, s->seeds.root, err);

	if (rc == ERR_OK)
		rc = kit_split(host_env(s->host), p->kit.rotation, s->seeds.rotation, err);
	return rc;
}

/* With the sheets that are right here; what is heard differs from machine to machine. */
enum err_code
trustees_enter(struct play *p, struct node *n, struct node_root **root, struct err *err)
{
	struct node_sheets old = sheets_of(p->kit.root, p), new = sheets_of(p->heir.root, p);

	if (p->turned && node_root_enter(n, &new, root, NULL) == ERR_OK)
		return ERR_OK;
	return node_root_enter(n, &old, root, err);
}

static bool
knows_guest(struct play *p, struct node *n)
{
	const struct org_device *d = p->guest_came ? org_device_by_id(node_org(n), &p->guest) : NULL;

	return d != NULL && !d->gone;
}

static bool
knows_gone(struct play *p, struct node *n)
{
	const struct org_device *d = p->guest_came ? org_device_by_id(node_org(n), &p->guest) : NULL;

	return d != NULL && d->gone;
}

static enum err_code
remove_by(struct play *p, struct node *n, bool card, struct err *err)
{
	struct node_removal *r = mem_zero(1, sizeof(*r));
	struct node_root *root = NULL;
	struct node_how how = { .reason = "slut" };
	enum err_code rc = r == NULL ? err_plain(err, ERR_NO_MEMORY) : card ? ERR_OK : trustees_enter(p, n, &root, err);

	how.root = root;
	how.kill_code = card ? p->guest_card : NULL;
	if (rc == ERR_OK)
		rc = node_revoke_how(n, &p->guest, &how, r, err);
	if (rc == ERR_OK && r->dispute)
		rc = err_set(err, ERR_REFUSED, "a removal by %s is disputed", card ? "card" : "the root");
	node_root_leave(root);
	mem_free(r);
	return rc;
}

static enum err_code
grant_rank(struct play *p, struct node *n, struct node_root *root, struct err *err)
{
	enum err_code rc = node_root_grant(n, root, &p->guest, NULL, 1, err);

	return rc == ERR_EXISTS ? err_forgive(err) : rc;
}

static enum err_code
raise_guest(struct play *p, struct node *n, struct err *err)
{
	struct node_root *root = NULL;
	enum err_code rc = trustees_enter(p, n, &root, err);

	p->raised = true;
	if (rc == ERR_OK)
		rc = grant_rank(p, n, root, err);
	node_root_leave(root);
	return rc;
}

static enum err_code
hand_over(struct play *p, struct node *n, struct err *err)
{
	struct node_removal *cut = mem_zero(1, sizeof(*cut));
	struct node_sheets sheets = sheets_of(p->kit.rotation, p);
	struct node_how how = { .reason = NULL };
	struct kit heir;
	enum err_code rc = cut == NULL ? err_plain(err, ERR_NO_MEMORY) : node_root_rotate(n, &sheets, &how, &heir, cut, err);

	if (rc == ERR_OK) { /* from here on the sheets are out: nobody rotates twice, whatever becomes of the commit */
		p->heir = heir;
		p->turned = true;
		p->new_root = *org_root(node_org(n));
	}
	mem_free(cut);
	return rc;
}

/* Who copied the old sheets goes where nobody has heard yet. */
static enum err_code
thief(struct play *p, struct node *n, struct err *err)
{
	struct node_sheets old = sheets_of(p->kit.root, p);
	struct node_root *root = NULL;
	enum err_code rc = node_root_enter(n, &old, &root, err);

	if (rc == ERR_REFUSED) /* it has been heard of */
		return err_forgive(err);
	if (rc == ERR_OK)
		rc = grant_rank(p, n, root, err);
	if (rc == ERR_OK) {
		mark(MARK_OLD_ROOT_WROTE);
		struck(STRUCK_OLD_SHEETS);
	}
	node_root_leave(root);
	return rc;
}

/*
 * What a removal that was saved is worth. By the sheets of former times, where the
 * handing over has not been heard of, nothing: it lies beyond the cuts (proto/org.md, 4 "Roots").
 */
static void
note_removal(struct play *p, size_t i, bool card)
{
	if (card || (p->turned && SAME(*org_root(node_org(p->stations[i]->node)), p->new_root)))
		p->guest_gone_by[i] = true;
	else if (!p->turned)
		p->guest_gone_by_old[i] = true;
}

/* The old sheets are good for something only between the handing over and the hearing of it: then somebody hurries. */
static uint64_t
draw_what(struct play *p)
{
	uint64_t what = dice_below(&p->decide.dice, 5);

	if (p->turn_saved && !p->raised)
		return dice_chance(&p->decide.dice, 600) ? 4 : what;
	return !p->turned && p->guest_came && dice_chance(&p->decide.dice, 500) ? 3 : what;
}

static enum err_code
trustees_do(struct play *p, size_t i, unsigned what, struct err *err)
{
	static const char *const names[] = { "the guest's card is read", "the trustees remove the guest", "the trustees raise the guest",
		                                 "the root is handed over", "somebody uses the old sheets" };
	struct node *n = p->stations[i]->node;
	enum err_code rc = ERR_OK;
	bool saved;

	if ((what != 3 && !knows_guest(p, n)) || (what == 3 && p->turned) || (what == 4 && (!p->turn_saved || p->raised)))
		return ERR_OK;
	rc = what == 0 || what == 1 ? remove_by(p, n, what == 0, err)
	     : what == 2 ? raise_guest(p, n, err) : what == 3 ? hand_over(p, n, err) : thief(p, n, err);
	if (rc == ERR_OK)
		rc = node_commit(n, err);
	else
		node_drop(n);
	trace_line(world_trace(p->world), "n%zu: %s: %s", i, names[what], rc == ERR_OK ? "ok" : err->text);
	saved = rc == ERR_OK && !station_power_went(p->stations[i]);
	if (saved && what <= 1)
		note_removal(p, i, what == 0);
	if (what == 3 && p->turned && !knows_gone(p, n))
		p->turned_unheard = true;
	if (saved && what == 3) {
		p->turn_saved = true;
		p->turned_at = i;
		mark(MARK_ROOT_TURNED);
	}
	return rc;
}

/*
 * The guest was raised, and its machine is never switched on. A hub that is in
 * doubt gives a coordinator nothing of teams before another one has called
 * (proto/sync.md, 10): where the only other one is the guest it would wait for ever.
 */
static bool
hub_waits_for_guest(struct play *p, struct node *n)
{
	const struct org_device *d = org_device_by_id(node_org(n), &p->guest);

	for (size_t i = 1; i < p->swarm.stations; i++)
		if (p->coordinator[i])
			return false;
	return p->swarm.meeting == MEET_HUB_ONLY && d != NULL && d->coordinator && !d->gone;
}

/* Somebody hurries to where nobody has heard that the root was handed over. */
static enum err_code
hurry(struct play *p, size_t i, struct err *err)
{
	size_t to = (i + 1) % p->swarm.stations;

	if (!play_chance(p, "hurry", 500) || p->hurt[to] || !station_runs(p->stations[to]) || station_power_went(p->stations[to]))
		return ERR_OK;
	return trustees_do(p, to, 4, err);
}

enum err_code
trustees_act(struct play *p, size_t i, struct err *err)
{
	bool turned = p->turn_saved;
	enum err_code rc = trustees_do(p, i, (unsigned)decide(&p->decide, "what", draw_what(p), 0, 4), err);

	return rc == ERR_OK && p->turn_saved && !turned ? hurry(p, i, err) : rc;
}

/*
 * A dispute stops the giving of keys: somebody has to decide it before everything can be read by all.
 * Where the decision falls by sheets of former times it falls once more when the handing over has come there.
 */
bool
trustees_settle(struct play *p)
{
	struct node *n = p->stations[0]->node;
	struct err err = ERR_INIT;
	bool dispute = p->guest_came && org_disputed(node_org(n), &p->guest);

	if (!p->guest_came || (!dispute && !hub_waits_for_guest(p, n)))
		return true;
	if (dispute)
		mark(MARK_DISPUTE);
	if (remove_by(p, n, false, &err) != ERR_OK || node_commit(n, &err) != ERR_OK)
		return play_fail(p, "I9", "the trustees cannot remove the guest: %s", err.text);
	note_removal(p, 0, false);
	return true;
}

/* ---- the account ---- */

static bool
must_be_gone(const struct play *p)
{
	for (size_t i = 0; i < p->swarm.stations; i++)
		if ((p->guest_gone_by[i] || (p->guest_gone_by_old[i] && (!p->turned || !p->turned_unheard))) && !play_may_be_gone(p, i))
			return true;
	return false;
}

bool
trustees_judge(struct play *p)
{
	bool gone = must_be_gone(p), turned = p->turn_saved && !play_may_be_gone(p, p->turned_at);

	for (size_t i = 0; i < p->swarm.stations; i++) {
		const struct org *org = node_org(p->stations[i]->node);
		const struct org_device *guest = p->guest_came ? org_device_by_id(org, &p->guest) : NULL;
		const struct author *root = org_root(org);

		for (size_t k = 0; k < p->swarm.stations; k++) {
			const struct org_device *d = org_device_by_author(org, &station_keys(p->stations[k])->device.sign_pk);

			if (d == NULL || !org_device_live(d))
				return play_fail(p, "I4", "n%zu does not count n%zu among the members", i, k);
		}
		if (gone && guest != NULL && !guest->gone)
			return play_fail(p, "I4", "n%zu counts a guest among the members whose removal was saved", i);
		if (root == NULL)
			return play_fail(p, "I4", "n%zu calls the root contested", i);
		if (turned && !SAME(*root, p->new_root))
			return play_fail(p, "I4", "n%zu has another root than the trustees have sheets of", i);
		if (turned && !p->raised && guest != NULL && guest->rank == 1)
			return play_fail(p, "I4", "n%zu lets count what the old root wrote unheard of", i);
	}
	return true;
}
