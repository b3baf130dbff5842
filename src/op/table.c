/*
 * The rows, and the little that every operation has in common.
 */
#include "op/op.h"

#include "base/mem.h"
#include "base/nfc.h"
#include "op/op_internal.h"

#define END { NULL, PARAM_TEXT, false, false, false, NULL }
#define POS(name, kind, help) { name, kind, true, true, false, help }
#define POS_MAY(name, kind, help) { name, kind, true, false, false, help }
#define OPT(name, kind, help) { name, kind, false, false, false, help }
#define OPT_MUST(name, kind, help) { name, kind, false, true, false, help }
#define OPT_MANY(name, kind, help) { name, kind, false, false, true, help }
#define PARAMS (const struct op_param[])

const struct op_row op_table[] = {
	{ "put", "TYPE [ID] [--team TEAM] field=value… [+field=value…] [-field=value…] [--note TEXT | --note-file F]",
	  "Writes one change to a record, new or old; one call is one signed entry.",
	  PARAMS{ POS("type", PARAM_TEXT, "record type of the profile, such as visit"),
	          POS_MAY("id", PARAM_ID, "the record to change; left out: a new one"),
	          OPT("team", PARAM_TEXT, "team whose record it is; may be left out when there is one"),
	          { "assign", PARAM_ASSIGN, true, false, true, "field=value sets, + adds to a set or counter, - takes away" },
	          OPT("note", PARAM_TEXT, "text of a note to add"),
	          OPT("note-file", PARAM_FILE_IN, "file with the text of a note"),
	          OPT("corrects", PARAM_ID, "the note that this one corrects"),
	          OPT("at", PARAM_TEXT, "when it happened, RFC 3339; left out: now"), END },
	  true, op_put },
	{ "get", "ID [--history]", "Shows one record with its notes and conflicts.",
	  PARAMS{ POS("id", PARAM_ID, "the record; 6 digits of its id are enough"),
	          OPT("history", PARAM_FLAG, "also every change, who made it and when"), END },
	  false, op_get },
	{ "list", "TYPE [field=value…] [--since D] [--until D] [--limit N]", "Lists records, newest first.",
	  PARAMS{ POS("type", PARAM_TEXT, "record type of the profile"),
	          { "assign", PARAM_ASSIGN, true, false, true, "only records with this value" },
	          OPT("since", PARAM_DATE, "first day, YYYY-MM-DD"), OPT("until", PARAM_DATE, "last day, YYYY-MM-DD"),
	          OPT("limit", PARAM_NUMBER, "at most so many (1000)"), END },
	  false, op_list },
	{ "search", "TEXT [--type T] [--limit N]", "Full-text search over notes and text fields; accents fold, prefixes match.",
	  PARAMS{ POS("text", PARAM_TEXT, "words, or beginnings of words"), OPT("type", PARAM_TEXT, "only this record type"),
	          OPT("limit", PARAM_NUMBER, "at most so many (50)"), END },
	  false, op_search },
	{ "conflicts", "", "Lists records in which two people set one field without having seen each other.",
	  PARAMS{ END }, false, op_conflicts },
	{ "resolve", "ID field=value", "Settles a conflict: the value replaces every concurrent one.",
	  PARAMS{ POS("id", PARAM_ID, "the record"), { "assign", PARAM_ASSIGN, true, true, true, "the field and the value that holds" }, END },
	  true, op_resolve },
	{ "erase", "ID --reason R", "Asks for a case and all that belongs to it to be erased everywhere; a second person must approve.",
	  PARAMS{ POS("id", PARAM_ID, "a record of the case"), OPT_MUST("reason", PARAM_TEXT, "why; only readers can open it"), END },
	  true, op_erase },
	{ "erase approve", "ID", "Coordinator: approves what another person asked to erase. It cannot be undone.",
	  PARAMS{ POS("id", PARAM_ID, "the request, as `erase status` shows it"), END }, true, op_erase_approve },
	{ "erase status", "", "Lists erasures, and whose devices have not confirmed them.", PARAMS{ END }, false, op_erase_status },
	{ "import", "FILE.jsonl [--by NAME] [--team TEAM]", "Imports a trace: all of it or nothing; twice is the same as once.",
	  PARAMS{ POS("file", PARAM_FILE_IN, "JSON Lines, one change a line"), OPT("by", PARAM_TEXT, "only lines written by this device or site"),
	          OPT("team", PARAM_TEXT, "team to import into"), END },
	  true, op_import },
	{ "export", "-o FILE [--type T] [--format jsonl|csv|xlsx|html|ics] [--language L] | --all -o FILE",
	  "Writes readable records as JSON Lines, tables or a calendar; or everything as one signed archive.",
	  PARAMS{ OPT_MUST("output", PARAM_FILE_OUT, "the file to write"), OPT("type", PARAM_TEXT, "only this record type"),
	          OPT("format", PARAM_TEXT, "jsonl (as when left out), csv of one type, xlsx, html to print, or ics: openings, sessions and bookings"),
	          OPT("language", PARAM_TEXT, "of headings and labels (sv)"),
	          OPT("all", PARAM_FLAG, "everything, with a text that explains it, checksums and a signature, as a ZIP"), END },
	  false, op_export },
	{ "export check", "FILE", "Checks every checksum and the signature of a full export, and changes nothing.",
	  PARAMS{ POS("file", PARAM_FILE_IN, "the archive"), END }, false, op_export_check },
	{ "directory export", "-o FILE", "Writes organisations, services and places as HSDS 3 JSON.",
	  PARAMS{ OPT_MUST("output", PARAM_FILE_OUT, "the file to write"), END }, false, op_directory_export },
	{ "directory import", "FILE [--team TEAM]", "Takes in a directory in HSDS 3 JSON: all of it or nothing; again it brings what has changed.",
	  PARAMS{ POS("file", PARAM_FILE_IN, "an organisation, or a list of them"), OPT("team", PARAM_TEXT, "team to import into"), END },
	  true, op_directory_import },
	{ "directory check", "[--days N]", "Lists what in the directory nobody has verified for half a year.",
	  PARAMS{ OPT("days", PARAM_NUMBER, "how old is too old (180)"), END }, false, op_directory_check },
	{ "report", "NAME --from D --to D [--site S] [--format json|html|csv|xlsx] [--language L] [-o FILE]",
	  "Counts a report of the profile over a period; small counts of persons are hidden.",
	  PARAMS{ POS("name", PARAM_TEXT, "report of the profile, such as iop"), OPT_MUST("from", PARAM_DATE, "first day, YYYY-MM-DD"),
	          OPT_MUST("to", PARAM_DATE, "last day, YYYY-MM-DD"), OPT("site", PARAM_TEXT, "only this site, by name or id"),
	          OPT("format", PARAM_TEXT, "json, html to print, csv or xlsx for a spreadsheet"),
	          OPT("language", PARAM_TEXT, "of labels, rules and warnings (sv)"),
	          OPT("output", PARAM_FILE_OUT, "the file to write"), END },
	  false, op_report },
	{ "targets", "--from D --to D [--language L]", "How far towards the programme's targets, by each way of counting.",
	  PARAMS{ OPT_MUST("from", PARAM_DATE, "first day, YYYY-MM-DD"), OPT_MUST("to", PARAM_DATE, "last day, YYYY-MM-DD"),
	          OPT("language", PARAM_TEXT, "of labels and rules (sv)"), END },
	  false, op_targets },
	{ "admit", "FILE --role ROLE [--team TEAM]… --welcome OUT", "Coordinator: admits a device by its request and seals a welcome for it.",
	  PARAMS{ POS("request", PARAM_FILE_IN, "the newcomer's request"),
	          OPT_MUST("role", PARAM_TEXT, "coordinator, advisor, auditor or hub"),
	          OPT_MANY("team", PARAM_TEXT, "a team whose cases it may read"),
	          OPT_MUST("welcome", PARAM_FILE_OUT, "the welcome to hand back"), END },
	  true, op_admit },
	{ "members", "[--exposure DEVICE]", "Lists members, their devices, roles and teams; or what one device could read.",
	  PARAMS{ OPT("exposure", PARAM_TEXT, "device id or name: what it could read, and what was still sealed to it after its removal"), END },
	  false, op_members },
	{ "invite", "--role ROLE [--team TEAM]… [--listen HOST:PORT] [--address HOST]… [--yes]",
	  "Coordinator: shows a code for one newcomer to join with on the spot; single use, one hour.",
	  PARAMS{ OPT_MUST("role", PARAM_TEXT, "coordinator, advisor, auditor or hub"),
	          OPT_MANY("team", PARAM_TEXT, "a team whose cases it may read"),
	          OPT("listen", PARAM_TEXT, "where the newcomer connects to (any free port on every address)"),
	          OPT_MANY("address", PARAM_TEXT, "the address to put into the code, where it is another"),
	          OPT("yes", PARAM_FLAG, "admit without asking whether the digits agree: for scripts"), END },
	  true, op_invite },
	{ "invite list", "", "Lists open invitations, and the digits of a device that waits.", PARAMS{ END }, false, op_invite_list },
	{ "invite confirm", "CODE [--refuse]", "Coordinator: the digits on both screens agree; admits the device that waits.",
	  PARAMS{ POS("code", PARAM_TEXT, "the invitation's code"), OPT("refuse", PARAM_FLAG, "they do not: the code is spent"), END },
	  true, op_invite_confirm },
	{ "invite withdraw", "CODE", "Coordinator: takes an invitation back.",
	  PARAMS{ POS("code", PARAM_TEXT, "the invitation's code"), END }, true, op_invite_withdraw },
	{ "team add", "NAME [--drop-box]", "Coordinator: makes a team.",
	  PARAMS{ POS("name", PARAM_TEXT, "its name"),
	          OPT("drop-box", PARAM_FLAG, "for statistics: all advisors and coordinators write rows there, coordinators read them"), END },
	  true, op_team_add },
	{ "team list", "", "Lists teams.", PARAMS{ END }, false, op_team_list },
	{ "grant", "DEVICE TEAM", "Coordinator: lets a device read a team's cases; every member sees it.",
	  PARAMS{ POS("device", PARAM_TEXT, "device id or name; \"self\" is this one"), POS("team", PARAM_TEXT, "team name or id"), END },
	  true, op_grant },
	{ "ungrant", "DEVICE TEAM", "Coordinator: withdraws a device's right to a team's cases.",
	  PARAMS{ POS("device", PARAM_TEXT, "device id or name; \"self\" is this one"), POS("team", PARAM_TEXT, "team name or id"), END },
	  true, op_ungrant },
	{ "revoke", "DEVICE [--reason TEXT]", "Coordinator: removes a device for ever; \"self\" leaves.",
	  PARAMS{ POS("device", PARAM_TEXT, "device id or name; \"self\" is this one"),
	          OPT("reason", PARAM_TEXT, "why; members can read it, the removed device too"), END },
	  true, op_revoke },
	{ "adopt", "[list | ENTRY… | --all DEVICE]", "Lists what was written after a removal, or lets some of it count.",
	  PARAMS{ { "entry", PARAM_TEXT, true, false, true, "entries that are to count" },
	          OPT("all", PARAM_TEXT, "everything of this device that waits"), END },
	  true, op_adopt },
	{ "profile show", "", "Shows the programme profile: types, fields, value lists.", PARAMS{ END }, false, op_profile_show },
	{ "profile check", "FILE", "Checks a profile file against the format and the installed version.",
	  PARAMS{ POS("file", PARAM_FILE_IN, "the profile"), END }, false, op_profile_check },
	{ "profile install", "FILE", "Coordinator: installs a new version of the profile for everyone.",
	  PARAMS{ POS("file", PARAM_FILE_IN, "the profile"), END }, true, op_profile_install },
	{ "profile import-xlsform", "FILE [-o FILE]", "Reads an XLSForm (.xlsx or .csv) as a profile; what a profile can not say is refused by name.",
	  PARAMS{ POS("file", PARAM_FILE_IN, "the form"), OPT("output", PARAM_FILE_OUT, "the profile to write"), END },
	  false, op_import_xlsform },
	{ "profile export-xlsform", "-o FILE.xlsx [--type T]", "Writes the profile's types and lists as an XLSForm.",
	  PARAMS{ OPT_MUST("output", PARAM_FILE_OUT, "the workbook to write"), OPT("type", PARAM_TEXT, "only this record type"), END },
	  false, op_export_xlsform },
	{ "sync", "[--peer HOST:PORT]… [--wait SECONDS]", "One round with everyone reachable.",
	  PARAMS{ OPT_MANY("peer", PARAM_TEXT, "address of a node or hub; left out: those met before"),
	          OPT("wait", PARAM_NUMBER, "seconds before giving up (30)"), END },
	  true, op_sync },
	{ "bundle write", "FILE [--for DEVICE]", "Writes what others lack to a file for a USB stick.",
	  PARAMS{ POS("file", PARAM_FILE_OUT, "the bundle to write"), OPT("for", PARAM_TEXT, "only what this device may have"), END },
	  false, op_bundle_write },
	{ "bundle read", "FILE", "Takes in a bundle: every whole entry of it.",
	  PARAMS{ POS("file", PARAM_FILE_IN, "the bundle"), END }, true, op_bundle_read },
	{ "bundle check", "FILE", "Checks a bundle and changes nothing.",
	  PARAMS{ POS("file", PARAM_FILE_IN, "the bundle"), END }, false, op_bundle_check },
	{ "status", "", "Where things stand: entries, conflicts, copies elsewhere, peers, warnings.", PARAMS{ END }, false, op_status },
	{ "verify", "", "Checks every signature, hash, chain and the view of this node's own store.", PARAMS{ END }, false, op_verify },
	{ NULL, NULL, NULL, NULL, false, NULL },
};

const struct op_row *
op_find(const char *name)
{
	for (const struct op_row *row = op_table; row->name != NULL; row++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

/* What kind of JSON a parameter takes, or NULL when the value fits. */
static const char *
misfit(const struct op_param *p, const json_t *v)
{
	switch (p->kind) {
	case PARAM_TEXT:
	case PARAM_ID:
	case PARAM_DATE:
	case PARAM_FILE_IN:
	case PARAM_FILE_OUT:
		if (p->many)
			return json_is_array(v) ? NULL : "a list of texts";
		return json_is_string(v) && json_string_value(v)[0] != '\0' ? NULL : "a text";
	case PARAM_NUMBER:
		return json_is_integer(v) && json_integer_value(v) >= 0 ? NULL : "a whole number";
	case PARAM_FLAG:
		return json_is_boolean(v) ? NULL : "true or false";
	case PARAM_ASSIGN:
		return NULL;
	}
	return "something else";
}

static enum err_code
check_params(const struct op_row *row, const struct op_call *call, struct err *err)
{
	for (const struct op_param *p = row->params; p->name != NULL; p++) {
		const json_t *v = json_object_get(call->params, p->name);
		const char *wants;

		if (p->kind == PARAM_ASSIGN) /* "set", "add", "remove" stand for it */
			continue;
		if (v == NULL && p->required)
			return err_set(err, ERR_USAGE, "%s: %s is missing; usage: %s %s", row->name, p->name, row->name, row->usage);
		wants = v == NULL ? NULL : misfit(p, v);
		if (wants != NULL)
			return err_set(err, ERR_USAGE, "%s: %s must be %s", row->name, p->name, wants);
	}
	return ERR_OK;
}

/* Every text in NFC, wherever it stands. */
static enum err_code
compose(json_t *v, struct err *err)
{
	struct bytes text = BYTES(json_string_value(v), json_is_string(v) ? json_string_length(v) : 0);
	struct buf same = BUF_INIT;
	enum err_code rc = ERR_OK;
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(v) && !nfc_already(text)) {
		if (!nfc(&same, text) || json_string_setn(v, (const char *)same.p, same.len) != 0)
			rc = err_set(err, ERR_INVALID, "a text given is not UTF-8");
		buf_wipe(&same);
		return rc;
	}
	json_object_foreach(v, key, item)
		if (rc == ERR_OK)
			rc = compose(item, err);
	json_array_foreach(v, i, item)
		if (rc == ERR_OK)
			rc = compose(item, err);
	return rc;
}

void
op_start(const struct op_row *row, struct op_call *call)
{
	call->result = NULL;
	call->err = (struct err)ERR_INIT;
	if (compose((json_t *)call->params, &call->err) != ERR_OK || check_params(row, call, &call->err) != ERR_OK) {
		op_end(call);
		return;
	}
	row->run(call);
}

void
op_end(struct op_call *call)
{
	if (call->err.code != ERR_OK) {
		json_decref(call->result);
		call->result = NULL;
	} else if (call->result == NULL) {
		err_set(&call->err, ERR_NO_MEMORY, "answering: out of memory");
	}
	call->finished(call);
}

void
op_fail(struct op_call *call)
{
	if (call->err.code == ERR_OK)
		err_plain(&call->err, ERR_NO_MEMORY);
	op_end(call);
}

json_t *
op_error_json(const struct err *err)
{
	return json_pack("{s:{s:s,s:s}}", "error", "code", err_word(err->code), "text", err->text);
}

const char *
param_text(const struct op_call *c, const char *name)
{
	return json_string_value(json_object_get(c->params, name));
}

int64_t
param_number(const struct op_call *c, const char *name, int64_t otherwise)
{
	const json_t *v = json_object_get(c->params, name);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

bool
param_flag(const struct op_call *c, const char *name)
{
	return json_is_true(json_object_get(c->params, name));
}

json_t *
json_hex(const void *p, size_t len)
{
	char text[2 * 64 + 1];

	return json_string(hex_encode(text, p, len));
}

const struct profile_type *
param_type(struct op_call *c, const char *name, enum err_code *rc)
{
	const struct profile *p = node_profile(c->node);
	const char *type_name = param_text(c, name);
	const struct profile_type *t;

	*rc = ERR_OK;
	if (p == NULL) {
		*rc = err_set(&c->err, ERR_REFUSED, "no profile is installed here yet; synchronise with a colleague first");
		return NULL;
	}
	if (type_name == NULL)
		return NULL;
	t = profile_type_named(p, type_name);
	if (t == NULL)
		*rc = err_set(&c->err, ERR_INVALID, "\"%s\" is not a record type of profile %s; `faltbok profile show` lists them",
		              type_name, profile_id(p));
	return t;
}
