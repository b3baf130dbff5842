/* What exchanges have brought, and how a site is closed. */
#include <stdio.h>
#include <string.h>

#include "app/node_print.h"

void
print_brought(struct buf *out, const json_t *r)
{
	const char *sentence = json_string_value(json_object_get(json_object_get(r, "sentence"), "en"));

	if (sentence != NULL)
		buf_printf(out, "%s\n", sentence);
}

static void
print_exchanges(struct buf *out, const json_t *r)
{
	const json_t *e;
	size_t i;

	json_array_foreach(json_object_get(r, "exchanges"), i, e) {
		buf_printf(out, "%s  %s%s: %s: ", text_of(e, "at"), strcmp(text_of(e, "way"), "bundle") == 0 ? "a bundle of " : "",
		           text_of(json_object_get(e, "peer"), "name"), json_is_true(json_object_get(e, "ok")) ? "whole" : "cut short");
		print_brought(out, e);
	}
	if (i == 0)
		buf_printf(out, "nothing has been exchanged yet\n");
}

static void
print_closed(struct buf *out, const json_t *r)
{
	const json_t *s;
	size_t i;

	json_array_foreach(json_object_get(r, "steps"), i, s)
		buf_printf(out, "%s %-9s %s\n", json_is_true(json_object_get(s, "done")) ? "done   " : "lacking", text_of(s, "step"), text_of(s, "text"));
}

bool
print_site(struct buf *out, const char *op, const json_t *r)
{
	if (strcmp(op, "close-site") == 0) {
		print_closed(out, r);
		return true;
	}
	if (strcmp(op, "exchanges") == 0) {
		print_exchanges(out, r);
		return true;
	}
	if (strcmp(op, "bundle read") == 0) {
		buf_printf(out, "%lld entries from %s: %lld new, %lld known, %lld refused.\n", number_of(r, "entries"), text_of(r, "from"),
		           number_of(r, "new"), number_of(r, "known"), number_of(r, "refused"));
		if (number_of(r, "held_back") > 0)
			buf_printf(out, "%lld more by a removed device stay on the stick: no more than 256 past what is kept are taken at a time. Keep those that are wanted "
			           "(`faltbok adopt`) and read it again.\n", number_of(r, "held_back"));
		print_brought(out, r);
		return true;
	}
	return false;
}
