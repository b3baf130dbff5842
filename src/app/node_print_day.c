/*
 * A day at a pop-up as a terminal shows it: tickets, times, slips.
 */
#include <stdio.h>

#include "app/node.h"
#include "app/node_print.h"

static void
print_warnings(struct buf *out, const json_t *r)
{
	const json_t *w;
	size_t i;

	json_array_foreach(json_object_get(r, "warnings"), i, w)
		buf_printf(out, "! %s\n", json_string_value(w));
}

static void
print_planned(struct buf *out, const json_t *r)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(r, "planned"), i, one)
		buf_printf(out, "%5s–%-5s  %s  %s%s%.8s\n", text_of(one, "opens"), text_of(one, "closes"), text_of(one, "name"),
		           json_is_string(json_object_get(one, "status")) ? text_of(one, "status") : "not opened",
		           json_is_string(json_object_get(one, "session")) ? "  " : "", text_of(one, "session"));
	if (i == 0)
		buf_printf(out, "nothing is planned on %s\n", text_of(r, "date"));
	print_warnings(out, r);
}

static void
print_sheet(struct buf *out, const json_t *r)
{
	const json_t *column, *code;
	size_t i, k;

	if (json_object_get(r, "text") != NULL || json_object_get(r, "file") != NULL) {
		buf_printf(out, json_object_get(r, "text") != NULL ? "%s" : "%s written\n", text_of(r, json_object_get(r, "text") != NULL ? "text" : "file"));
		return;
	}
	json_array_foreach(json_object_get(r, "columns"), i, column) {
		buf_printf(out, "%s (%s)\n", text_of(column, "label"), text_of(column, "field"));
		json_array_foreach(json_object_get(column, "codes"), k, code)
			buf_printf(out, "    %-24s %s\n", text_of(code, "code"), text_of(code, "label"));
	}
}

static void
print_session(struct buf *out, const json_t *r)
{
	const json_t *q = json_object_get(r, "queue");

	if (json_is_null(json_object_get(r, "session"))) {
		buf_printf(out, "No session is open. %lld in the queue.\n", number_of(q, "waiting"));
		return;
	}
	buf_printf(out, "%s, %s from %s%s\n  session %s\n  %lld visit%s, %lld case%s; in the queue %lld waiting, %lld called, %lld served\n",
	           text_of(r, "name"), text_of(r, "date"), text_of(r, "start"), json_is_true(json_object_get(r, "practice")) ? " (practice)" : "",
	           text_of(r, "session"), number_of(r, "visits"), plural(number_of(r, "visits")), number_of(r, "cases"), plural(number_of(r, "cases")),
	           number_of(q, "waiting"), number_of(q, "called"), number_of(q, "served"));
	if (number_of(r, "drafts") > 0)
		buf_printf(out, "  %lld draft%s not saved yet\n", number_of(r, "drafts"), plural(number_of(r, "drafts")));
}

static void
print_closed(struct buf *out, const json_t *r)
{
	const json_t *k = json_object_get(r, "counts");

	buf_printf(out, "Closed at %s: %lld visit%s, %lld case%s; %lld in the queue at opening, %lld turned away, %lld left. The queue is gone.\n",
	           text_of(r, "end"), number_of(k, "visits"), plural(number_of(k, "visits")), number_of(k, "cases"), plural(number_of(k, "cases")),
	           number_of(k, "queue_at_opening"), number_of(k, "turned_away"), number_of(k, "left"));
}

static void
print_place(struct buf *out, const json_t *p)
{
	buf_printf(out, "%-5s %-11s came %s, %lld min", text_of(p, "ticket"), text_of(p, "state"), text_of(p, "arrived"), number_of(p, "waited"));
	if (json_object_get(p, "language") != NULL)
		buf_printf(out, "  %s", text_of(p, "language"));
	if (json_object_get(p, "topic") != NULL)
		buf_printf(out, "  %s", text_of(p, "topic"));
	if (json_is_true(json_object_get(p, "deadline_today")))
		buf_printf(out, "  TODAY");
	if (json_object_get(p, "documents") != NULL)
		buf_printf(out, "  (%s)", text_of(p, "documents"));
	buf_put_u8(out, '\n');
}

static void
print_places(struct buf *out, const json_t *r)
{
	const json_t *p;
	size_t i;

	json_array_foreach(json_object_get(r, "places"), i, p)
		print_place(out, p);
	buf_printf(out, "%lld waiting\n", number_of(json_object_get(r, "counts"), "waiting"));
}

static void
print_pairs(struct buf *out, const json_t *pairs)
{
	const json_t *p, *why;
	size_t i, j;

	json_array_foreach((json_t *)pairs, i, p) {
		const json_t *a = json_object_get(p, "a"), *b = json_object_get(p, "b");

		buf_printf(out, "%s %.8s (%s) and %.8s (%s):", text_of(a, "type"), text_of(a, "id"), text_of(a, "label"), text_of(b, "id"), text_of(b, "label"));
		json_array_foreach(json_object_get(p, "why"), j, why)
			buf_printf(out, "%s %s", j > 0 ? "," : "", json_string_value(why));
		buf_put_u8(out, '\n');
	}
}

static void
print_visit(struct buf *out, const json_t *r)
{
	buf_printf(out, "Saved visit %s", text_of(r, "visit"));
	if (!json_is_null(json_object_get(r, "case")))
		buf_printf(out, ", case %s", text_of(r, "case"));
	buf_printf(out, ".\n");
	print_pairs(out, json_object_get(r, "duplicates"));
}

static void
print_card(struct buf *out, const json_t *r)
{
	(void)qr_print(out, text_of(r, "uri"));
	buf_printf(out, "%s\n", text_of(r, "code"));
}

static void
print_found(struct buf *out, const json_t *r)
{
	const json_t *one;
	size_t i;

	buf_printf(out, "%s\n", text_of(r, "code"));
	json_array_foreach(json_object_get(r, "cases"), i, one)
		buf_printf(out, "  case %s  %s, %s, opened %s\n", text_of(one, "id"), text_of(one, "topic"), text_of(one, "status"), text_of(one, "opened"));
	json_array_foreach(json_object_get(r, "visits"), i, one)
		buf_printf(out, "  visit %s  %s %s\n", text_of(one, "id"), text_of(one, "date"), text_of(one, "site"));
}

static void
print_slip(struct buf *out, const json_t *r)
{
	buf_printf(out, "%s\n", text_of(r, "text"));
	(void)qr_print(out, text_of(r, "uri"));
}

static void
print_opened(struct buf *out, const json_t *r)
{
	const json_t *one;
	size_t i;

	if (strcmp(text_of(r, "kind"), "card") == 0)
		buf_printf(out, "The card of visitor %s; `faltbok card find` shows the cases.\n", text_of(r, "visitor"));
	else
		buf_printf(out, "Case %s%s.\n", text_of(r, "case"), json_is_true(json_object_get(r, "here")) ? "" : ", which has not come here yet");
	json_array_foreach(json_object_get(r, "referrals"), i, one)
		buf_printf(out, "  referral %s: %s\n", text_of(one, "id"), text_of(one, "status"));
}

static void
print_slots(struct buf *out, const json_t *r)
{
	const json_t *s, *b, *keeper = json_object_get(r, "keeper");
	size_t i, j;

	buf_printf(out, "%s, %s; the book is kept by %s\n", text_of(r, "name"), text_of(r, "date"), json_is_null(keeper) ? "nobody"
	           : json_is_true(json_object_get(keeper, "here")) ? "this device" : text_of(keeper, "name"));
	json_array_foreach(json_object_get(r, "slots"), i, s) {
		buf_printf(out, "  %s  %s", text_of(s, "time"), json_is_true(json_object_get(s, "collision")) ? "GIVEN TWICE"
		           : json_is_true(json_object_get(s, "free")) ? "free" : "");
		json_array_foreach(json_object_get(s, "bookings"), j, b)
			buf_printf(out, "  %.8s %s %s", text_of(b, "id"), text_of(b, "status"), text_of(b, "code"));
		buf_put_u8(out, '\n');
	}
}

static void
print_hours(struct buf *out, const json_t *list)
{
	const json_t *h;
	size_t i;

	json_array_foreach((json_t *)list, i, h)
		buf_printf(out, "%.8s  %s  %-24s %6.2f h%s\n", text_of(h, "id"), text_of(h, "date"), text_of(h, "name"),
		           json_number_value(json_object_get(h, "hours")), json_is_true(json_object_get(h, "confirmed")) ? "  confirmed" : "");
}

static void
print_drafts(struct buf *out, const json_t *r)
{
	const json_t *d;
	size_t i;

	json_array_foreach(json_object_get(r, "drafts"), i, d)
		buf_printf(out, "%s  %s, %lld bytes\n", text_of(d, "key"), text_of(d, "at"), number_of(d, "bytes"));
}

static bool
print_desk(struct buf *out, const char *op, const json_t *r)
{
	if (strcmp(op, "queue list") == 0)
		print_places(out, r);
	else if (strncmp(op, "queue ", 6) == 0)
		print_place(out, json_object_get(r, "place"));
	else if (strcmp(op, "draft get") == 0)
		buf_printf(out, "%s\n", text_of(r, "text"));
	else if (strcmp(op, "draft list") == 0)
		print_drafts(out, r);
	else if (strcmp(op, "draft put") == 0)
		buf_printf(out, "Kept.\n");
	else if (strcmp(op, "draft drop") == 0)
		buf_printf(out, json_is_true(json_object_get(r, "dropped")) ? "Dropped.\n" : "There was no such draft.\n");
	else
		return false;
	return true;
}

static bool
print_paper(struct buf *out, const char *op, const json_t *r)
{
	if (strcmp(op, "card new") == 0 || strcmp(op, "card show") == 0)
		print_card(out, r);
	else if (strcmp(op, "card find") == 0)
		print_found(out, r);
	else if (strcmp(op, "slip open") == 0)
		print_opened(out, r);
	else if (strncmp(op, "slip ", 5) == 0)
		print_slip(out, r);
	else if (strcmp(op, "referral send") == 0)
		buf_printf(out, "Sent: referral %s.\n", text_of(r, "referral"));
	else if (strcmp(op, "referral set") == 0)
		buf_printf(out, "Was %s, is %s.\n", text_of(r, "was"), text_of(r, "status"));
	else
		return false;
	return true;
}

static bool
print_times(struct buf *out, const char *op, const json_t *r)
{
	if (strcmp(op, "booking slots") == 0)
		print_slots(out, r);
	else if (strcmp(op, "booking take") == 0)
		buf_printf(out, "%s %s %s: %s (%s)\n", text_of(r, "date"), text_of(r, "time"), text_of(r, "status"), text_of(r, "code"), text_of(r, "booking"));
	else if (strcmp(op, "booking set") == 0)
		buf_printf(out, "Was %s, is %s: %s %s\n", text_of(r, "was"), text_of(r, "status"), text_of(r, "date"), text_of(r, "time"));
	else if (strcmp(op, "booking keep") == 0)
		buf_printf(out, "%s keeps the book from now on.\n", text_of(json_object_get(r, "keeper"), "name"));
	else if (strcmp(op, "hours derive") == 0)
		print_hours(out, json_object_get(r, "derived"));
	else if (strcmp(op, "hours list") == 0)
		print_hours(out, json_object_get(r, "hours"));
	else if (strcmp(op, "hours confirm") == 0)
		buf_printf(out, "%lld confirmed.\n", number_of(r, "confirmed"));
	else
		return false;
	return true;
}

bool
print_day(struct buf *out, const char *op, const json_t *r)
{
	bool known = true;

	if (strcmp(op, "session open") == 0)
		buf_printf(out, "Open: %s, %s from %s; tickets begin with %s\n  session %s\n", text_of(r, "name"), text_of(r, "date"), text_of(r, "start"),
		           text_of(r, "letters"), text_of(r, "session"));
	else if (strcmp(op, "session planned") == 0)
		print_planned(out, r);
	else if (strcmp(op, "session sheet") == 0)
		print_sheet(out, r);
	else if (strcmp(op, "session current") == 0)
		print_session(out, r);
	else if (strcmp(op, "session close") == 0)
		print_closed(out, r);
	else if (strcmp(op, "visit save") == 0)
		print_visit(out, r);
	else if (strcmp(op, "duplicates") == 0)
		print_pairs(out, json_object_get(r, "pairs"));
	else if (strcmp(op, "merge") == 0)
		buf_printf(out, "%.8s stands for %.8s too; `faltbok unmerge %.8s` takes it back.\n", text_of(r, "keep"), text_of(r, "other"), text_of(r, "other"));
	else if (strcmp(op, "unmerge") == 0)
		buf_printf(out, "%.8s stands for itself again.\n", text_of(r, "id"));
	else
		known = print_desk(out, op, r) || print_paper(out, op, r) || print_times(out, op, r);
	if (known)
		print_warnings(out, r);
	return known;
}
