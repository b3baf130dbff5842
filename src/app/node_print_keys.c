/* Keys in words: who waits for one and why, and what a backup is. */
#include "app/node_print.h"

#include <string.h>

static const char *
why(const char *word)
{
	if (strcmp(word, "hand") == 0)
		return "this team's keys are given by hand";
	if (strcmp(word, "stale") == 0)
		return "no coordinator's word on who is a member has come for more than 7 days";
	return "whoever let them in is in a dispute that the trustees must settle";
}

static void
print_keys(struct buf *out, const json_t *r)
{
	const json_t *list = json_object_get(r, "waiting"), *w;
	size_t i;

	json_array_foreach((json_t *)list, i, w)
		buf_printf(out, "%.8s  %s's %s, team %s, let in by %s: %s%s\n", text_of(w, "id"), text_of(w, "member"), text_of(w, "name"),
		           text_of(w, "team"), text_of(w, "granted_by"), why(text_of(w, "why")), json_is_true(json_object_get(w, "refused")) ? " (refused here)" : "");
	buf_printf(out, json_array_size(list) == 0 ? "No key waits.\n" : "`faltbok keys approve ID` gives the key, `keys refuse ID` asks no more.\n");
}

bool
print_key_result(struct buf *out, const char *op, const json_t *r)
{
	if (strcmp(op, "keys list") == 0)
		print_keys(out, r);
	else if (strcmp(op, "keys approve") == 0)
		buf_printf(out, "%s has been given the keys of %s.\n", text_of(r, "name"), text_of(r, "team"));
	else if (strcmp(op, "keys refuse") == 0)
		buf_printf(out, "%s gets no key of %s from this device; others may still give it.\n", text_of(r, "name"), text_of(r, "team"));
	else if (strcmp(op, "team set") == 0)
		buf_printf(out, "New readers of %s get its keys %s.\n", text_of(r, "team"),
		           strcmp(text_of(r, "approval"), "hand") == 0 ? "when a person has said yes" : "by themselves");
	else if (strcmp(op, "netkey rotate") == 0)
		buf_printf(out, "Network key %lld is made for %lld devices; the old one is taken for %lld days more.\n", number_of(r, "number"),
		           number_of(r, "devices"), number_of(r, "grace_days"));
	else if (strcmp(op, "backup") == 0)
		buf_printf(out, "%s holds this home as it is now, under its passphrase. What is erased later is still in it: destroy old backups.\n",
		           text_of(r, "file"));
	else
		return false;
	return true;
}
