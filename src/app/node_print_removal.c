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
	buf_printf(out, "%zu %s wait%s for adoption\n", json_array_size(list), entries((long long)json_array_size(list)),
	           json_array_size(list) == 1 ? "s" : "");
}

void
print_adopt(struct buf *out, const json_t *r)
{
	if (json_object_get(r, "waiting") != NULL)
		print_waiting(out, json_object_get(r, "waiting"));
	else
		buf_printf(out, "%lld %s count%s from now on, everywhere; %lld still wait%s.\n", number_of(r, "adopted"),
		           entries(number_of(r, "adopted")), number_of(r, "adopted") == 1 ? "s" : "", number_of(r, "waiting_adoption"),
		           number_of(r, "waiting_adoption") == 1 ? "s" : "");
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
		buf_printf(out, "  %s, %s, %s: %lld %s\n", text_of(row, "team"), text_of(row, "by"), text_of(row, "period"), number_of(row, "entries"),
		           entries(number_of(row, "entries")));
	if (json_array_size(json_object_get(r, "still_sealed_to_it")) == 0)
		buf_printf(out, "  nothing that is held here\n");
}
