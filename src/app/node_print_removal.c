/*
 * Removal in words. Whoever reads this has just cut somebody off, or been cut
 * off: it says what happened to what was written, and what cannot be undone.
 */
#include "app/node_print.h"

static const char *
entries(long long n)
{
	return n == 1 ? "entry" : "entries";
}

void
print_removed(struct buf *out, const json_t *m)
{
	buf_printf(out, "  (removed");
	if (json_object_get(m, "removed_at") != NULL)
		buf_printf(out, " %.10s by %s", text_of(m, "removed_at"), text_of(m, "removed_by"));
	if (json_object_get(m, "reason") != NULL)
		buf_printf(out, ": %s", text_of(m, "reason"));
	buf_printf(out, ")");
}

void
print_member_heard(struct buf *out, const json_t *m)
{
	const json_t *o;
	size_t i;

	if (strcmp(text_of(m, "state"), "removed") == 0)
		return;
	if (json_is_true(json_object_get(m, "silent")) && json_is_null(json_object_get(m, "silent_days")))
		buf_printf(out, "  ! never heard of");
	else if (json_is_true(json_object_get(m, "silent")))
		buf_printf(out, "  ! silent for %lld days, since %.10s", number_of(m, "silent_days"), text_of(m, "heard"));
	if (json_is_array(json_object_get(m, "copies")))
		buf_printf(out, "  ! two copies in use");
	json_array_foreach(json_object_get(m, "disputes"), i, o)
		buf_printf(out, json_is_true(json_object_get(o, "tried")) ? "  ! has tried to remove %s" : "  ! %s has tried to remove it", text_of(o, "with"));
	json_array_foreach(json_object_get(m, "keys_waiting"), i, o)
		buf_printf(out, "  ! waits for the key of %s", text_of(o, "team"));
}

void
print_removal(struct buf *out, const json_t *r)
{
	long long waiting = number_of(r, "waiting_adoption");
	const json_t *cut;
	size_t i;

	if (json_object_get(r, "team") != NULL)
		buf_printf(out, "%s may not read the team %s from now on.\n", text_of(r, "name"), text_of(r, "team"));
	else
		buf_printf(out, "%s is removed, for ever: whoever comes back comes with new keys.\n", text_of(r, "name"));
	json_array_foreach(json_object_get(r, "cuts"), i, cut)
		buf_printf(out, "  its log in %s counts as held here: %lld %s\n", text_of(cut, "log"), number_of(cut, "entries"),
		           entries(number_of(cut, "entries")));
	if (waiting > 0)
		buf_printf(out, "  %lld %s of it wait%s for adoption; `faltbok adopt` lists them\n", waiting, entries(waiting), waiting == 1 ? "s" : "");
	buf_printf(out, "  What it writes beyond that is kept and does not count until a member adopts it.\n"
	           "  What it could read it may have kept; `faltbok members --exposure %.8s` says what that is.\n", text_of(r, "device"));
	if (json_is_true(json_object_get(r, "no_coordinator_left")))
		buf_printf(out, "  ! No coordinator is left: only the trustees can admit or remove anybody now.\n");
}

static void
print_waiting(struct buf *out, const json_t *list)
{
	const json_t *e;
	size_t i;

	json_array_foreach((json_t *)list, i, e) {
		buf_printf(out, "%.12s  %s  %s, %s, ", text_of(e, "entry"), text_of(e, "at"), text_of(e, "by"), text_of(e, "team"));
		if (json_object_get(e, "record") != NULL)
			buf_printf(out, "%s %.8s", text_of(e, "type"), text_of(e, "record"));
		else
			buf_printf(out, "no key opens it here");
		buf_printf(out, ": %s\n", text_of(e, "why"));
	}
	if (json_array_size(list) == 0)
		buf_printf(out, "Nothing waits for adoption.\n");
	else
		buf_printf(out, "%zu %s kept and not counted; `faltbok adopt ENTRY` lets one count, `faltbok adopt --all DEVICE` all of a device.\n",
		           json_array_size(list), json_array_size(list) == 1 ? "entry is" : "entries are");
}

void
print_adopt(struct buf *out, const json_t *r)
{
	long long unread = number_of(r, "unread");

	if (json_object_get(r, "waiting") != NULL) {
		print_waiting(out, json_object_get(r, "waiting"));
		return;
	}
	buf_printf(out, "%lld %s count%s from now on, everywhere; %lld still wait%s.\n", number_of(r, "adopted"), entries(number_of(r, "adopted")),
	           number_of(r, "adopted") == 1 ? "s" : "", number_of(r, "waiting_adoption"), number_of(r, "waiting_adoption") == 1 ? "s" : "");
	if (unread > 0)
		buf_printf(out, "  %lld %s of that device cannot be read here and %s left as %s; a colleague who reads %s may adopt %s.\n", unread, entries(unread),
		           unread == 1 ? "is" : "are", unread == 1 ? "it is" : "they are", unread == 1 ? "it" : "them", unread == 1 ? "it" : "them");
}

void
print_exposure(struct buf *out, const json_t *r)
{
	const json_t *row;
	size_t i;

	buf_printf(out, "What %s could read, at most:\n", text_of(r, "name"));
	json_array_foreach(json_object_get(r, "could_read"), i, row)
		buf_printf(out, "  %s: %lld %s, by %lld key%s\n", text_of(row, "team"), number_of(row, "entries"), entries(number_of(row, "entries")),
		           number_of(row, "epochs"), plural(number_of(row, "epochs")));
	if (number_of(r, "teams_not_seen_here") > 0)
		buf_printf(out, "  and %lld team%s that this device does not read: ask somebody who does\n", number_of(r, "teams_not_seen_here"),
		           plural(number_of(r, "teams_not_seen_here")));
	if (!json_is_true(json_object_get(r, "removed")))
		return;
	if (json_is_null(json_object_get(r, "removed_at"))) {
		buf_printf(out, "Its removal does not say when it was, so nobody can say what came after.\n");
		return;
	}
	buf_printf(out, "Still sealed to it after its removal (%s), by writers who had not heard:\n", text_of(r, "removed_at"));
	json_array_foreach(json_object_get(r, "still_sealed_to_it"), i, row)
		buf_printf(out, "  %s, %s, by %s in %s: %lld %s\n", text_of(row, "team"),
		           json_is_string(json_object_get(row, "site")) ? text_of(row, "site") : "no site named", text_of(row, "by"),
		           text_of(row, "period"), number_of(row, "entries"), entries(number_of(row, "entries")));
	if (json_array_size(json_object_get(r, "still_sealed_to_it")) == 0)
		buf_printf(out, "  nothing that is held here\n");
}

/* ---- the trustees ---- */

static void
print_acts(struct buf *out, const json_t *r)
{
	const json_t *acts = json_object_get(r, "acts"), *a;
	size_t i;

	if (json_array_size(acts) > 0)
		buf_printf(out, "  What it has decided, for --before:\n");
	json_array_foreach((json_t *)acts, i, a)
		buf_printf(out, "    %.12s  %-7s %s\n", text_of(a, "entry"), text_of(a, "what"), text_of(a, "about"));
}

static void
print_turn(struct buf *out, const json_t *r)
{
	const json_t *cut;
	size_t i;

	buf_printf(out, "The root has gone to a new key. Its trustee sheets say %s, its reserve sheets %s.\n", text_of(r, "root_words"),
	           text_of(r, "reserve_words"));
	json_array_foreach(json_object_get(r, "cuts"), i, cut)
		buf_printf(out, "  of the old root's log %lld %s count\n", number_of(cut, "entries"), entries(number_of(cut, "entries")));
	print_acts(out, r);
	if (json_object_get(r, "kit") != NULL)
		buf_printf(out, "  The new kit is in %s: print the sheets, hand them out, delete the files.\n", text_of(r, "kit"));
	buf_printf(out, "  Old trustee and reserve sheets are worthless from now on: burn them.\n");
	buf_printf(out, json_is_true(json_object_get(r, "escrow_shared_anew"))
	           ? "  The escrow key is the same, shared anew: two old escrow shares still open it, so burn those too.\n"
	           : "  The escrow shares on the old trustee sheets stay good, and are needed: cut them out and keep them.\n");
}

static void
print_roots(struct buf *out, const json_t *r)
{
	const json_t *root;
	size_t i;

	json_array_foreach(json_object_get(r, "roots"), i, root)
		buf_printf(out, "%-9s  %s\n", text_of(root, "state"), text_of(root, "words"));
	if (json_is_true(json_object_get(r, "contested")))
		buf_printf(out, "! Two different rotations were signed by one key. Neither gives a right; what they removed stays removed.\n");
	else if (json_is_string(json_object_get(r, "reserve_words")))
		buf_printf(out, "reserve    %s\n", text_of(r, "reserve_words"));
	else
		buf_printf(out, "no key may hand the root over\n");
}

void
print_root(struct buf *out, const char *op, const json_t *r)
{
	if (json_is_true(json_object_get(r, "rehearsed")))
		buf_printf(out, "A REHEARSAL: nothing has been changed. In earnest it would say:\n");
	if (strcmp(op, "root revoke") == 0) {
		print_removal(out, r);
		print_acts(out, r);
	} else if (strcmp(op, "root grant") == 0 && json_object_get(r, "team") != NULL) {
		buf_printf(out, "%s may read the team %s from now on.\n", text_of(r, "name"), text_of(r, "team"));
	} else if (strcmp(op, "root grant") == 0) {
		buf_printf(out, "%s is a coordinator of rank %lld from now on.\n", text_of(r, "name"), number_of(r, "rank"));
	} else if (strcmp(op, "root admit") == 0) {
		buf_printf(out, "Admitted %s's device %s as %s. Its words, to compare with its screen:\n  %s\n", text_of(r, "member"), text_of(r, "name"),
		           text_of(r, "role"), text_of(r, "words"));
		if (json_object_get(r, "welcome") != NULL)
			buf_printf(out, "Hand back %s.\n", text_of(r, "welcome"));
	} else if (strcmp(op, "root rotate") == 0) {
		print_turn(out, r);
	} else if (strcmp(op, "root show") == 0) {
		print_roots(out, r);
	} else {
		buf_printf(out, "%lld key%s of %lld team%s opened by the escrow key; %lld %s can be read again.\n"
		           "Write something, or synchronise, so that the others get them from this device.\n", number_of(r, "keys"), plural(number_of(r, "keys")),
		           number_of(r, "teams"), plural(number_of(r, "teams")), number_of(r, "entries"), entries(number_of(r, "entries")));
	}
}
