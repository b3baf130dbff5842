/*
 * Answers as a person reads them: sentences and short tables. Whoever wants
 * every field asks for --json.
 */
#include <stdio.h>

#include "app/node.h"
#include "app/node_print.h"

static void
print_field(struct buf *out, const char *name, const json_t *v)
{
	const json_t *both = json_object_get(v, "conflict");
	const json_t *one;
	size_t i;

	if (both == NULL) {
		buf_printf(out, "  %-18s ", name);
		print_value(out, v);
		buf_put_u8(out, '\n');
		return;
	}
	buf_printf(out, "  %-18s two people wrote this without having seen each other:\n", name);
	json_array_foreach((json_t *)both, i, one) {
		buf_printf(out, "  %-18s   ", "");
		print_value(out, json_object_get(one, "value"));
		buf_printf(out, "   (%s, %s)\n", text_of(one, "by"), text_of(one, "at"));
	}
}

static void
print_record(struct buf *out, const json_t *r)
{
	const json_t *note, *v;
	const char *name;
	size_t i;

	buf_printf(out, "%s %s", text_of(r, "type"), text_of(r, "id"));
	if (json_object_get(r, "team") != NULL)
		buf_printf(out, "  [%s]", text_of(r, "team"));
	buf_put_u8(out, '\n');
	json_object_foreach(json_object_get(r, "fields"), name, v)
		print_field(out, name, v);
	json_array_foreach(json_object_get(r, "notes"), i, note)
		buf_printf(out, "  – %s, %s: %s\n", text_of(note, "at"), text_of(note, "by"), text_of(note, "text"));
	json_array_foreach(json_object_get(r, "history"), i, note)
		buf_printf(out, "  entry %s by %s, number %lld in its log\n", text_of(note, "entry"), text_of(note, "by"), number_of(note, "seq"));
}

static void
print_records(struct buf *out, const json_t *result)
{
	const json_t *list = json_object_get(result, "records"), *r;
	size_t i;

	json_array_foreach((json_t *)list, i, r)
		print_record(out, r);
	buf_printf(out, "%zu record%s\n", json_array_size(list), plural((long long)json_array_size(list)));
}

static void
print_members(struct buf *out, const json_t *result)
{
	const json_t *m;
	size_t i;

	json_array_foreach(json_object_get(result, "members"), i, m) {
		buf_printf(out, "%.8s  %-20s %-20s ", text_of(m, "id"), text_of(m, "member"), text_of(m, "device"));
		print_value(out, json_object_get(m, "roles"));
		if (json_array_size(json_object_get(m, "teams")) > 0) {
			buf_printf(out, "; reads ");
			print_value(out, json_object_get(m, "teams"));
		}
		if (json_array_size(json_object_get(m, "self_granted")) > 0) {
			buf_printf(out, "  ! granted itself ");
			print_value(out, json_object_get(m, "self_granted"));
		}
		if (strcmp(text_of(m, "state"), "removed") == 0)
			print_removed(out, m);
		print_member_heard(out, m);
		buf_put_u8(out, '\n');
	}
}

static void
print_invite(struct buf *out, const json_t *r)
{
	const char *code = text_of(r, "code");
	size_t secret = strcspn(code, "@~");
	bool listens = code[secret] != '~', hubs = strchr(code, '~') != NULL;

	(void)qr_print(out, text_of(r, "qr")); /* the code to type stands below it all the same */
	if (listens)
		buf_printf(out, "On the new device, on the same network, until %s:\n  faltbok join %.*s --member NAME --device NAME\n", text_of(r, "expires"), (int)secret, code);
	if (listens && code[secret] != '\0')
		buf_printf(out, "%s, with the address:\n  faltbok join %s --member NAME --device NAME\n", hubs ?
		           "From another network, through the hub, or where the network keeps devices from seeing each other" :
		           "Where the network keeps devices from seeing each other", code);
	if (!listens)
		buf_printf(out, "On the new device, on any network, through the hub, until %s:\n  faltbok join %s --member NAME --device NAME\n", text_of(r, "expires"), code);
	buf_printf(out, "Both screens will show six digits: compare them. (A node that serves: `faltbok invite list` shows them,\n"
	           "`faltbok invite confirm CODE` admits.)\n");
}

static void
print_invites(struct buf *out, const json_t *result)
{
	const json_t *v, *who, *hub;
	size_t i, k;

	json_array_foreach(json_object_get(result, "invitations"), i, v) {
		who = json_object_get(v, "newcomer");
		buf_printf(out, "%s\n  %s until %s: %s", text_of(v, "code"), text_of(v, "role"), text_of(v, "expires"), text_of(v, "state"));
		if (who != NULL)
			buf_printf(out, "; %s's device %s shows %s", text_of(who, "member"), text_of(who, "device"), text_of(who, "digits"));
		buf_put_u8(out, '\n');
		if (json_object_get(v, "trouble") != NULL)
			buf_printf(out, "  ! %s\n", text_of(v, "trouble"));
		json_array_foreach(json_object_get(v, "hubs"), k, hub)
			buf_printf(out, "  through the hub at %s: %s\n", text_of(hub, "address"), json_is_true(json_object_get(hub, "ready")) ? "ready" :
			           json_object_get(hub, "trouble") != NULL ? text_of(hub, "trouble") : "not yet");
	}
	buf_printf(out, "%zu open invitation%s\n", i, plural((long long)i));
}

static void
print_filled(struct buf *out, json_int_t rows)
{
	if (rows == 0)
		buf_printf(out, "No row is missing of what this device can tell of.\n");
	else
		buf_printf(out, "%lld row%s written; what has one already counts once.\n", (long long)rows, rows == 1 ? "" : "s");
}

static void
print_teams(struct buf *out, const json_t *result)
{
	const json_t *t;
	size_t i;

	json_array_foreach(json_object_get(result, "teams"), i, t)
		buf_printf(out, "%.8s  %-24s %sread by %lld device%s\n", text_of(t, "team"), text_of(t, "name"),
		           json_is_true(json_object_get(t, "drop_box")) ? "drop-box, " : "", number_of(t, "readers"),
		           plural(number_of(t, "readers")));
}

static void
print_sync(struct buf *out, const json_t *result)
{
	const json_t *p;
	size_t i;

	json_array_foreach(json_object_get(result, "peers"), i, p) {
		if (json_object_get(p, "error") != NULL) {
			buf_printf(out, "%s: %s\n", text_of(p, "address"), text_of(p, "error"));
			continue;
		}
		buf_printf(out, "%lld entr%s from %s%s, %lld to it; %s\n", number_of(p, "received"), number_of(p, "received") == 1 ? "y" : "ies",
		           text_of(p, "name"), strcmp(text_of(p, "way"), "websocket") == 0 ? " (over a WebSocket)" : "", number_of(p, "sent"),
		           json_is_true(json_object_get(p, "in_step")) ? "in step" : "not yet in step: run it once more");
	}
	print_brought(out, result);
}

static void
print_status(struct buf *out, const json_t *r)
{
	const json_t *k = json_object_get(r, "custody"), *p;
	size_t i;

	if (json_is_null(json_object_get(r, "device")))
		buf_printf(out, "No member yet, device %s\n", text_of(r, "device_name"));
	else
		buf_printf(out, "%s, device %s\n", text_of(r, "org"), text_of(r, "device_name"));
	buf_printf(out, "  %lld record%s in %lld entries, %lld conflict%s\n", number_of(r, "records"), plural(number_of(r, "records")),
	           number_of(r, "entries"), number_of(r, "conflicts"), plural(number_of(r, "conflicts")));
	buf_printf(out, "  written here: %lld only on this device, %lld also at a hub, %lld on another device\n", number_of(k, "only_here"),
	           number_of(k, "also_hub"), number_of(k, "elsewhere"));
	buf_printf(out, "  state %s\n", text_of(r, "state_hash"));
	json_array_foreach(json_object_get(r, "peers"), i, p) {
		buf_printf(out, "  %s: %s%s, ", text_of(p, "name"), met(p), met_when(p));
		if (json_is_true(json_object_get(p, "in_step")))
			buf_printf(out, "in step\n");
		else
			buf_printf(out, "lacks %lld of ours, has %lld that we lack\n", number_of(p, "behind"), number_of(p, "ahead"));
	}
	json_array_foreach(json_object_get(r, "warnings"), i, p)
		buf_printf(out, "  ! %s\n", json_string_value(p));
}

static void
print_profile(struct buf *out, const json_t *result)
{
	const json_t *t, *f;
	size_t i, j;

	buf_printf(out, "%s, version %lld\n", text_of(result, "profile"), number_of(result, "version"));
	json_array_foreach(json_object_get(result, "types"), i, t) {
		buf_printf(out, "%s (%s)\n", text_of(t, "name"), text_of(json_object_get(t, "label"), "sv"));
		json_array_foreach(json_object_get(t, "fields"), j, f)
			buf_printf(out, "  %-24s %-9s %s\n", text_of(f, "name"), text_of(f, "type"), text_of(json_object_get(f, "label"), "sv"));
	}
}

/* A line's own figure, or its table below it. */
static void
print_line(struct buf *out, const json_t *line)
{
	const json_t *value = json_object_get(line, "value"), *n = json_object_get(line, "n"), *item;
	size_t i;

	buf_printf(out, "%-5s %s: ", text_of(line, "id"), text_of(line, "label"));
	if (!json_is_array(value)) {
		print_value(out, value);
		if (strcmp(text_of(line, "unit"), "none") != 0)
			buf_printf(out, " %s", text_of(line, "unit"));
	}
	if (!json_is_null(n)) {
		buf_printf(out, "%sn ", json_is_array(value) ? "" : ", ");
		print_value(out, n);
	}
	buf_put_u8(out, '\n');
	json_array_foreach((json_t *)value, i, item) {
		buf_printf(out, "        %s  ", text_of(item, "label"));
		print_value(out, json_object_get(item, "value"));
		buf_put_u8(out, '\n');
	}
	json_array_foreach(json_object_get(line, "warnings"), i, item)
		buf_printf(out, "      ! %s\n", json_string_value(item));
}

static void
print_report(struct buf *out, const json_t *r)
{
	const json_t *line, *period = json_object_get(r, "period");
	size_t i;

	if (json_object_get(r, "text") != NULL) {
		buf_printf(out, "%s", text_of(r, "text"));
		return;
	}
	if (json_object_get(r, "file") != NULL) {
		buf_printf(out, "Written to %s. Digest %s\n", text_of(r, "file"), text_of(r, "digest"));
		return;
	}
	buf_printf(out, "%s, %s to %s\n", text_of(r, "report"), text_of(period, "from"), text_of(period, "to"));
	json_array_foreach(json_object_get(r, "lines"), i, line)
		print_line(out, line);
	print_report_foot(out, r);
	buf_printf(out, "digest %s\n", text_of(r, "digest"));
}

static void
print_erasures(struct buf *out, const json_t *result)
{
	const json_t *e, *d;
	size_t i, j;

	json_array_foreach(json_object_get(result, "erasures"), i, e) {
		buf_printf(out, "%.8s  asked for by %s (%s), %lld entr%s: ", text_of(e, "request"), text_of(e, "by"), text_of(e, "reason"),
		           number_of(e, "entries"), number_of(e, "entries") == 1 ? "y" : "ies");
		if (strcmp(text_of(e, "state"), "approved") != 0) {
			buf_printf(out, "waits for a second person, a coordinator: `faltbok erase approve %.8s`\n", text_of(e, "request"));
			continue;
		}
		buf_printf(out, "approved by %s, confirmed by %zu device%s\n", text_of(e, "approved_by"),
		           json_array_size(json_object_get(e, "confirmed")), plural((long long)json_array_size(json_object_get(e, "confirmed"))));
		json_array_foreach(json_object_get(e, "outstanding"), j, d)
			buf_printf(out, "          not yet: %s's %s, %s%s\n", text_of(d, "member"), text_of(d, "device"), met(d), met_when(d));
		json_array_foreach(json_object_get(e, "holding"), j, d)
			buf_printf(out, "          old keys still held by %s's %s\n", text_of(d, "member"), text_of(d, "device"));
		json_array_foreach(json_object_get(e, "unheard"), j, d)
			buf_printf(out, "          whether old keys are gone has not been heard from %s's %s\n", text_of(d, "member"), text_of(d, "device"));
		if (json_is_true(json_object_get(e, "shredded")))
			buf_printf(out, "          shredded: no member's device can open a copy of it any more\n");
	}
	if (json_array_size(json_object_get(result, "erasures")) == 0)
		buf_printf(out, "nothing has been asked to be erased\n");
}

static void
print_warnings(struct buf *out, const json_t *r)
{
	const json_t *w, *list = json_object_get(r, "warnings");
	size_t i;

	json_array_foreach((json_t *)list, i, w)
		if (json_object_get(r, "saved") != NULL)
			buf_printf(out, "! %s\n", json_string_value(w));
}

void
print_result(struct buf *out, const struct op_row *row, const json_t *r)
{
	const char *op = row->name;

	if (print_day(out, op, r) || print_law(out, op, r))
		return;
	print_warnings(out, r);
	if (strcmp(op, "put") == 0 || strcmp(op, "resolve") == 0)
		buf_printf(out, "Saved %s.\n", text_of(r, "id"));
	else if (strcmp(op, "get") == 0 || strcmp(op, "break-glass") == 0)
		print_record(out, r);
	else if (strcmp(op, "list") == 0 || strcmp(op, "search") == 0 || strcmp(op, "conflicts") == 0)
		print_records(out, r);
	else if (strcmp(op, "import") == 0)
		buf_printf(out, "%lld change%s imported, %lld were here already, %lld written by others left out.\n", number_of(r, "imported"),
		           plural(number_of(r, "imported")), number_of(r, "already_here"), number_of(r, "by_others"));
	else if (strcmp(op, "erase") == 0)
		buf_printf(out, "Asked for: %lld record%s in %lld entries. Another person approves with `faltbok erase approve %.8s`; until then nothing is erased.\n",
		           number_of(r, "records"), plural(number_of(r, "records")), number_of(r, "entries"), text_of(r, "request"));
	else if (strcmp(op, "erase approve") == 0)
		buf_printf(out, "Erased here, and everywhere else as devices meet; `faltbok erase status` shows who has not confirmed.\n");
	else if (strcmp(op, "erase status") == 0)
		print_erasures(out, r);
	else if (strcmp(op, "export") == 0)
		buf_printf(out, "%lld records written to %s: anyone who has this file can read them.\n", number_of(r, "records"), text_of(r, "file"));
	else if (print_exchange(out, op, r))
		;
	else if (strcmp(op, "report") == 0)
		print_report(out, r);

	else if (strcmp(op, "admit") == 0)
		buf_printf(out, "Admitted %s's device %s as %s. Its words, to compare with its screen:\n  %s\nHand back %s.\n", text_of(r, "member"),
		           text_of(r, "name"), text_of(r, "role"), text_of(r, "words"), text_of(r, "welcome"));
	else if (strcmp(op, "invite") == 0)
		print_invite(out, r);
	else if (strcmp(op, "invite list") == 0)
		print_invites(out, r);
	else if (strcmp(op, "invite confirm") == 0)
		buf_printf(out, json_is_true(json_object_get(r, "admitted")) ? "Admitted; the welcome is on its way.\n"
		           : "Refused. The code is spent.\n");
	else if (strcmp(op, "invite withdraw") == 0)
		buf_printf(out, "Withdrawn: the code opens nothing any more.\n");
	else if (strcmp(op, "members") == 0 && json_object_get(r, "members") == NULL)
		print_exposure(out, r);
	else if (strcmp(op, "members") == 0)
		print_members(out, r);
	else if (strcmp(op, "paper confirm") == 0)
		buf_printf(out, json_array_size(json_object_get(r, "confirmed")) == 0 ? "There was nothing to note.\n"
		           : "Noted: it is written down and kept. Status reminds of it no more.\n");
	else if (strcmp(op, "members seen") == 0)
		buf_printf(out, number_of(r, "seen") == 0 ? "There was nothing new to see.\n"
		           : "Noted on this device: status tells of the next one. `faltbok members` goes on showing who granted themselves what.\n");
	else if (strcmp(op, "revoke") == 0 || strcmp(op, "ungrant") == 0)
		print_removal(out, r);
	else if (strncmp(op, "root ", 5) == 0 || strcmp(op, "recover") == 0)
		print_root(out, op, r);
	else if (strcmp(op, "adopt") == 0)
		print_adopt(out, r);
	else if (strcmp(op, "team add") == 0)
		buf_printf(out, "Team %s is there; `faltbok grant DEVICE %s` says who may read it.\n", text_of(r, "name"), text_of(r, "name"));
	else if (strcmp(op, "team fill") == 0)
		print_filled(out, json_integer_value(json_object_get(r, "rows")));
	else if (strcmp(op, "team list") == 0)
		print_teams(out, r);
	else if (print_key_result(out, op, r))
		;
	else if (strcmp(op, "grant") == 0)
		buf_printf(out, json_is_true(json_object_get(r, "self_grant"))
		           ? "ALARM: %s has granted itself the team %s. Every member and auditor sees this.\n"
		           : "%s may read the team %s from now on.\n", text_of(r, "name"), text_of(r, "team"));
	else if (strcmp(op, "profile show") == 0)
		print_profile(out, r);
	else if (strcmp(op, "profile check") == 0) {
		const json_t *warning;
		size_t i;

		buf_printf(out, "%s version %lld is a valid profile with %lld types.\n", text_of(r, "profile"), number_of(r, "version"), number_of(r, "types"));
		json_array_foreach(json_object_get(r, "warnings"), i, warning)
			buf_printf(out, "%s\n", json_string_value(warning));
	} else if (strcmp(op, "profile install") == 0)
		buf_printf(out, "%s version %lld is installed; others get it when you meet.\n", text_of(r, "profile"), number_of(r, "version"));
	else if (strcmp(op, "sync") == 0)
		print_sync(out, r);
	else if (strcmp(op, "bundle write") == 0)
		buf_printf(out, "%lld entries sealed in %s (%lld bytes).\n", number_of(r, "entries"), text_of(r, "file"), number_of(r, "bytes"));
	else if (print_site(out, op, r))
		;
	else if (strcmp(op, "bundle check") == 0)
		buf_printf(out, "%lld entries from %s: %lld new, %lld known, %lld refused.\n", number_of(r, "entries"), text_of(r, "from"),
		           number_of(r, "new"), number_of(r, "known"), number_of(r, "refused"));
	else if (strcmp(op, "status") == 0)
		print_status(out, r);
	else if (strcmp(op, "verify") == 0)
		buf_printf(out, "%lld entries in %lld logs verify.\n", number_of(r, "entries"), number_of(r, "logs"));
}
