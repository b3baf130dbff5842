/*
 * The rows, and the little that every operation has in common.
 */
#include "base/json.h"
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
#define TICKET POS("ticket", PARAM_TEXT, "the ticket, such as A7")
#define TRIAGE \
	OPT("language", PARAM_TEXT, "the visitor's"), OPT("topic", PARAM_TEXT, "what it may be about"), \
	OPT("documents", PARAM_TEXT, "what was brought"), OPT("deadline-today", PARAM_FLAG, "something must be done today"), \
	OPT("minutes", PARAM_NUMBER, "how long it may take")

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
	{ "conflicts", "[--type T] [--team T] [--by DEVICE] [--since D] [--parallel] [--settled]",
	  "Lists records in which two people set one field without having seen each other.",
	  PARAMS{ OPT("type", PARAM_TEXT, "only this record type"), OPT("team", PARAM_TEXT, "only this team's"),
	          OPT("by", PARAM_TEXT, "only where this device wrote one of the values, by name"),
	          OPT("since", PARAM_DATE, "only where one of the values is from this day or later"),
	          OPT("parallel", PARAM_FLAG, "also where both wrote the same"), OPT("settled", PARAM_FLAG, "those that somebody has decided"), END },
	  false, op_conflicts },
	{ "resolve", "ID field=value", "Settles a conflict: the value replaces every concurrent one.",
	  PARAMS{ POS("id", PARAM_ID, "the record"), { "assign", PARAM_ASSIGN, true, true, true, "the field and the value that holds" }, END },
	  true, op_resolve },
	{ "session open", "SITE [--kind K] [--channel C]… [--adviser NAME]… [--practice]",
	  "Opens today's session at a site, which is made on the spot when it is new.",
	  PARAMS{ POS("site", PARAM_TEXT, "its name or id"), OPT("kind", PARAM_TEXT, "advice, outreach or information (advice)"),
	          OPT("mode", PARAM_TEXT, "physical or digital (physical)"), OPT_MANY("channel", PARAM_TEXT, "how people are met"),
	          OPT_MANY("adviser", PARAM_TEXT, "who staffs it"), OPT_MANY("partner", PARAM_TEXT, "who holds it with us"),
	          OPT("site-kind", PARAM_TEXT, "of a new site: regular, popup, digital or partner (popup)"),
	          OPT("municipality", PARAM_TEXT, "of a new site"), OPT("date", PARAM_DATE, "the day (today)"),
	          OPT("start", PARAM_TEXT, "when it began, HH:MM (now)"), OPT("practice", PARAM_FLAG, "for practice: it never counts"),
	          OPT("team", PARAM_TEXT, "team whose session it is; may be left out when there is one"), END },
	  true, op_session_open },
	{ "session planned", "[--date D] [--site SITE]", "What a day has planned: openings that take place, and sessions written down before.",
	  PARAMS{ OPT("date", PARAM_DATE, "the day (today)"), OPT("site", PARAM_TEXT, "only at this site, by name or id"), END }, false, op_session_planned },
	{ "session sheet", "[ID] [--format html|json] [--rows N] [--language L] [-o FILE]",
	  "A sheet to fill in by hand, with the codes that are entered afterwards (visit save from_paper=true).",
	  PARAMS{ POS_MAY("id", PARAM_ID, "the session (the open one; none: a sheet for any)"), OPT("format", PARAM_TEXT, "html to print, or json"),
	          OPT("rows", PARAM_NUMBER, "lines for visits (15)"), OPT("language", PARAM_TEXT, "of headings and labels (sv)"),
	          OPT("output", PARAM_FILE_OUT, "the file to write"), END },
	  false, op_session_sheet },
	{ "session current", "", "Shows the open session with its counts and its queue.", PARAMS{ END }, false, op_session_current },
	{ "session close", "[ID] [--turned-away N] [--end HH:MM] [--leaflets N] [--calls N] [--force]",
	  "Closes a session with its counts; its queue is gone for good.",
	  PARAMS{ POS_MAY("id", PARAM_ID, "the session (the open one)"), OPT("turned-away", PARAM_NUMBER, "how many went without help (as the queue says)"),
	          OPT("end", PARAM_TEXT, "when it ended, HH:MM (now)"), OPT("leaflets", PARAM_NUMBER, "leaflets handed out"),
	          OPT("calls", PARAM_NUMBER, "phone calls"), OPT("force", PARAM_FLAG, "although somebody waits or a draft is open"), END },
	  true, op_session_close },
	{ "queue add", "[--language L] [--topic T] [--documents TEXT] [--deadline-today] [--minutes N]",
	  "Gives the next ticket, with a triage card; it never leaves this device and is gone in a day.",
	  PARAMS{ TRIAGE, END }, true, op_queue_add },
	{ "queue list", "[--all]", "Lists who waits and who has been called, and for how long.",
	  PARAMS{ OPT("all", PARAM_FLAG, "those who are done too"), END }, false, op_queue_list },
	{ "queue edit", "TICKET [--language L] [--topic T] [--documents TEXT] [--deadline-today] [--minutes N]", "Changes a triage card.",
	  PARAMS{ TICKET, TRIAGE, END }, true, op_queue_edit },
	{ "queue call", "[TICKET]", "Calls the next in line, or one ticket.",
	  PARAMS{ POS_MAY("ticket", PARAM_TEXT, "the ticket (who has waited longest)"), END }, true, op_queue_call },
	{ "queue done", "TICKET [--result served|referred]", "Ends a place in the queue: the person was helped.",
	  PARAMS{ TICKET, OPT("result", PARAM_TEXT, "served or referred (served)"), END }, true, op_queue_done },
	{ "queue leave", "TICKET [--turned-away]", "Ends a place in the queue: the person went without help.",
	  PARAMS{ TICKET, OPT("turned-away", PARAM_FLAG, "there was no time, rather than no patience"), END }, true, op_queue_leave },
	{ "visit save", "[field=value…] [case.field=value…] [action.field=value…] [--note TEXT] [--case ID] [--card CODE] [--queue TICKET]",
	  "Saves a visit with its case, note, action and ticket: all of it or nothing.",
	  PARAMS{ { "assign", PARAM_ASSIGN, true, false, true, "fields of the visit; case.F and action.F are of its case and of what was done" },
	          OPT("session", PARAM_ID, "the session (the open one)"), OPT("case", PARAM_ID, "a case that is known, or on a slip"),
	          OPT("new-case", PARAM_FLAG, "open a case even if nothing is said of it"), OPT("card", PARAM_TEXT, "the visitor's code"),
	          OPT("note", PARAM_TEXT, "a note, on the case if there is one"), OPT("queue", PARAM_TEXT, "the ticket that this visit ends"),
	          OPT("draft", PARAM_TEXT, "the draft that goes when the visit is saved"), OPT("id", PARAM_ID, "a visit to change, or the id for a new one"),
	          OPT("team", PARAM_TEXT, "team, where there is no session and more than one"), END },
	  true, op_visit_save },
	{ "card new", "[--case ID]", "Makes a code card by which a visitor is known again, without a name.",
	  PARAMS{ OPT("case", PARAM_ID, "the case that it leads to"), OPT("team", PARAM_TEXT, "team; may be left out when there is one"), END },
	  true, op_card_new },
	{ "card find", "CODE", "Finds the cases and visits of a card.", PARAMS{ POS("code", PARAM_TEXT, "typed or scanned"), END }, false, op_card_find },
	{ "card show", "VISITOR", "Shows a card once more.", PARAMS{ POS("visitor", PARAM_TEXT, "id of the visitor, or the code"), END }, false, op_card_show },
	{ "slip referral", "ID [--language L]", "A slip for a referral, in the visitor's language; its code opens the case.",
	  PARAMS{ POS("id", PARAM_ID, "the referral"), OPT("language", PARAM_TEXT, "sv, en, ar, fa, uk, ru or be (sv)"), END }, false, op_slip_referral },
	{ "slip next-step", "ID [--language L]", "A slip with the next step and its deadline, in the visitor's language.",
	  PARAMS{ POS("id", PARAM_ID, "the case"), OPT("language", PARAM_TEXT, "sv, en, ar, fa, uk, ru or be (sv)"), END }, false, op_slip_next_step },
	{ "slip open", "TEXT", "Opens what a slip or card stands for, typed or scanned, also before it has come here.",
	  PARAMS{ POS("text", PARAM_TEXT, "the code"), END }, false, op_slip_open },
	{ "referral send", "CASE [--to T | --site S] [--reason R] [--mode M] [--consent] [--note TEXT]", "Refers a case to another place.",
	  PARAMS{ POS("case", PARAM_ID, "the case"), OPT("to", PARAM_TEXT, "to whom"), OPT("site", PARAM_TEXT, "one of our own sites, by name or id"),
	          OPT("reason", PARAM_TEXT, "why, such as time"), OPT("direction", PARAM_TEXT, "in, out or internal"),
	          OPT("mode", PARAM_TEXT, "how it is handed over"), OPT("consent", PARAM_FLAG, "the visitor agreed"),
	          OPT("note", PARAM_TEXT, "what they should know"), END },
	  true, op_referral_send },
	{ "referral set", "ID STATUS [--reason TEXT] [--note TEXT]", "Says how a referral went on: received, accepted, declined, done, withdrawn, no_reply.",
	  PARAMS{ POS("id", PARAM_ID, "the referral"), POS("status", PARAM_TEXT, "its state now"), OPT("reason", PARAM_TEXT, "why it was declined"),
	          OPT("note", PARAM_TEXT, "what came back"), END },
	  true, op_referral_set },
	{ "booking slots", "SITE --date D", "Shows the times of a day at a site, who has them, and what was given twice.",
	  PARAMS{ POS("site", PARAM_TEXT, "its name or id"), OPT("date", PARAM_DATE, "the day (today)"), END }, false, op_booking_slots },
	{ "booking take", "SITE --date D --time HH:MM [--case ID] [--language L] [--minutes N]",
	  "Books a time where this device keeps the site's book; elsewhere asks for it.",
	  PARAMS{ POS("site", PARAM_TEXT, "its name or id"), OPT_MUST("date", PARAM_DATE, "the day"), OPT_MUST("time", PARAM_TEXT, "HH:MM"),
	          OPT("minutes", PARAM_NUMBER, "how long (30)"), OPT("case", PARAM_ID, "what it is about"), OPT("language", PARAM_TEXT, "of the visitor"),
	          OPT("code", PARAM_TEXT, "by which the visitor is called (drawn when left out)"), END },
	  true, op_booking_take },
	{ "booking set", "ID STATUS [--date D] [--time HH:MM]", "Says what became of a booking: booked, done, no_show, cancelled, rebooked.",
	  PARAMS{ POS("id", PARAM_ID, "the booking"), POS("status", PARAM_TEXT, "its state now"), OPT("date", PARAM_DATE, "moved to this day"),
	          OPT("time", PARAM_TEXT, "moved to this time"), END },
	  true, op_booking_set },
	{ "booking keep", "SITE [--device DEVICE]", "Says which device keeps a site's book and so gives its times.",
	  PARAMS{ POS("site", PARAM_TEXT, "its name or id"), OPT("device", PARAM_TEXT, "id or name (this one)"), END }, true, op_booking_keep },
	{ "hours derive", "[--session ID]", "Writes volunteers' hours from who staffed closed sessions; doing it twice adds nothing.",
	  PARAMS{ OPT("session", PARAM_ID, "only this one"), END }, true, op_hours_derive },
	{ "hours list", "[--since D] [--until D] [--volunteer ID] [--unconfirmed]", "Lists hours, and which a coordinator has confirmed.",
	  PARAMS{ OPT("since", PARAM_DATE, "first day"), OPT("until", PARAM_DATE, "last day"), OPT("volunteer", PARAM_ID, "only this one's"),
	          OPT("unconfirmed", PARAM_FLAG, "only those that nobody has confirmed"), END },
	  false, op_hours_list },
	{ "hours confirm", "ID… | --all [--hours H]", "Confirms hours, or puts one figure right.",
	  PARAMS{ { "id", PARAM_ID, true, false, true, "rows of `hours list`" }, OPT("all", PARAM_FLAG, "every one that is not confirmed"),
	          OPT("hours", PARAM_TEXT, "the right figure"), END },
	  true, op_hours_confirm },
	{ "draft put", "KEY --text TEXT | --file F", "Keeps what is being typed, sealed in this home and never sent.",
	  PARAMS{ POS("key", PARAM_TEXT, "which draft"), OPT("text", PARAM_TEXT, "the draft"), OPT("file", PARAM_FILE_IN, "a file with it"), END },
	  true, op_draft_put },
	{ "draft get", "KEY", "Gives a draft back.", PARAMS{ POS("key", PARAM_TEXT, "which draft"), END }, false, op_draft_get },
	{ "draft list", "", "Lists drafts.", PARAMS{ END }, false, op_draft_list },
	{ "draft drop", "KEY", "Takes a draft away.", PARAMS{ POS("key", PARAM_TEXT, "which draft"), END }, true, op_draft_drop },
	{ "duplicates", "[ID]", "Lists records that may be about the same; it never matches visits without a person.",
	  PARAMS{ POS_MAY("id", PARAM_ID, "only those that look like this one"), END }, false, op_duplicates },
	{ "merge", "KEEP OTHER", "Says that two records are about the same; both ids go on working.",
	  PARAMS{ POS("keep", PARAM_ID, "the record that stays"), POS("other", PARAM_ID, "the one that it stands for too"), END }, true, op_merge },
	{ "unmerge", "ID", "Takes a merge back.", PARAMS{ POS("id", PARAM_ID, "the record that was merged into another"), END }, true, op_unmerge },
	{ "erase", "ID --reason R | ID --dry-run", "Asks for a case and all that belongs to it to be erased everywhere; a second person must approve.",
	  PARAMS{ POS("id", PARAM_ID, "a record of the case"), OPT("reason", PARAM_TEXT, "why; only readers can open it"),
	          OPT("dry-run", PARAM_FLAG, "only shows what would go, and which figures would change"), END },
	  true, op_erase },
	{ "erase approve", "ID", "Coordinator: approves what another person asked to erase. It cannot be undone.",
	  PARAMS{ POS("id", PARAM_ID, "the request, as `erase status` shows it"), END }, true, op_erase_approve },
	{ "erase status", "", "Lists erasures, and whose devices have not confirmed them.", PARAMS{ END }, false, op_erase_status },
	{ "import", "FILE.jsonl [--by NAME] [--team TEAM]", "Imports a trace: all of it or nothing; twice is the same as once.",
	  PARAMS{ POS("file", PARAM_FILE_IN, "JSON Lines, one change a line"), OPT("by", PARAM_TEXT, "only lines written by this device or site"),
	          OPT("team", PARAM_TEXT, "team to import into"), END },
	  true, op_import },
	{ "export", "-o FILE [--type T] [--format jsonl|csv|xlsx|html|ics] [--personal refuse|mask|keep] [--language L] | --all [--protected --reason R] -o FILE",
	  "Writes readable records as JSON Lines, tables or a calendar; or everything as one signed archive.",
	  PARAMS{ OPT_MUST("output", PARAM_FILE_OUT, "the file to write"), OPT("type", PARAM_TEXT, "only this record type"),
	          OPT("format", PARAM_TEXT, "jsonl (as when left out), csv of one type, xlsx, html to print, or ics: openings, sessions and bookings"),
	          OPT("language", PARAM_TEXT, "of headings and labels (sv)"),
	          OPT("personal", PARAM_TEXT, "numbers and addresses in free text: refuse (as when left out), mask or keep"),
	          OPT("protected", PARAM_FLAG, "with --all: protected identities too; the teams see that, and why"),
	          OPT("reason", PARAM_TEXT, "why they must go along"),
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
	{ "access-export", "CODE|ID -o FILE [--format text|json] [--protected]", "Writes everything about one person, others made unrecognisable.",
	  PARAMS{ POS("who", PARAM_TEXT, "the visitor's code, or the id of a record of theirs"), OPT_MUST("output", PARAM_FILE_OUT, "the file to write"),
	          OPT("format", PARAM_TEXT, "text to read, or json"), OPT("protected", PARAM_FLAG, "also for a protected identity"), END },
	  false, op_access_export },
	{ "access log", "[ID]", "Shows what has been read on this device, and what has been opened by break-glass anywhere.",
	  PARAMS{ POS_MAY("id", PARAM_ID, "only about this record"), END }, false, op_access_log },
	{ "break-glass", "ID --reason R", "Opens a record of a protected identity; the whole team sees who did, and why.",
	  PARAMS{ POS("id", PARAM_ID, "the record"), OPT_MUST("reason", PARAM_TEXT, "why it must be read"), END }, true, op_break_glass },
	{ "retention", "[--dry-run] [--team TEAM]", "Erases what has been kept long enough: asks for it, and approves what a standing order lets it.",
	  PARAMS{ OPT("dry-run", PARAM_FLAG, "only lists what is due"), OPT("team", PARAM_TEXT, "team whose record the run becomes"), END },
	  true, op_retention },
	{ "retention order", "[--until D] [--reason R] [--team TEAM]", "Coordinator: proposes that retention runs need not be approved each time; or lists such orders.",
	  PARAMS{ OPT("until", PARAM_DATE, "last day on which it holds"), OPT("reason", PARAM_TEXT, "what was decided, and where"),
	          OPT("team", PARAM_TEXT, "team that keeps the order"), END },
	  true, op_retention_order },
	{ "retention approve", "ID [--end]", "Coordinator: approves another's standing order, or ends one.",
	  PARAMS{ POS("id", PARAM_ID, "the order"), OPT("end", PARAM_FLAG, "ends it"), END }, true, op_retention_approve },
	{ "retention clock", "ID", "Until when a record is kept, and by which rule.", PARAMS{ POS("id", PARAM_ID, "the record"), END }, false, op_retention_clock },
	{ "incident export", "ID -o FILE", "Writes an incident under the headings of the authority's form.",
	  PARAMS{ POS("id", PARAM_ID, "the incident"), OPT_MUST("output", PARAM_FILE_OUT, "the file to write"), END }, false, op_incident_export },
	{ "incident lost-device", "DEVICE [--team TEAM]", "Writes the first draft of an incident for a lost device, and says what to do next.",
	  PARAMS{ POS("device", PARAM_TEXT, "device id or name"), OPT("team", PARAM_TEXT, "team whose record it becomes"), END }, true, op_incident_lost },
	{ "register art30", "[--format text|html|json] [-o FILE]", "A draft of the register of processing, from the profile.",
	  PARAMS{ OPT("format", PARAM_TEXT, "text, html or json"), OPT("output", PARAM_FILE_OUT, "the file to write"), END }, false, op_register_art30 },
	{ "register dpia", "[--format text|html|json] [-o FILE]", "A draft of the impact assessment, from the profile.",
	  PARAMS{ OPT("format", PARAM_TEXT, "text, html or json"), OPT("output", PARAM_FILE_OUT, "the file to write"), END }, false, op_register_dpia },
	{ "report", "NAME --from D --to D [--site S] [--format json|html|csv|xlsx] [--language L] [--recipient R] [--personal mask|keep] [--publish] [--team TEAM] [-o FILE]",
	  "Counts a report of the profile over a period; small counts of persons are hidden.",
	  PARAMS{ POS("name", PARAM_TEXT, "report of the profile, such as iop"), OPT_MUST("from", PARAM_DATE, "first day, YYYY-MM-DD"),
	          OPT_MUST("to", PARAM_DATE, "last day, YYYY-MM-DD"), OPT("site", PARAM_TEXT, "only this site, by name or id"),
	          OPT("format", PARAM_TEXT, "json, html to print, csv or xlsx for a spreadsheet"),
	          OPT("language", PARAM_TEXT, "of labels, rules and warnings (sv)"),
	          OPT("recipient", PARAM_TEXT, "whom it is for; stands in its header"),
	          OPT("personal", PARAM_TEXT, "numbers and addresses in texts that are listed: mask (as when left out) or keep"),
	          OPT("publish", PARAM_FLAG, "coordinator: keeps it in the ledger, so that later reports do not tell what this one hides"),
	          OPT("team", PARAM_TEXT, "team that keeps the ledger; may be left out when there is one"),
	          OPT("output", PARAM_FILE_OUT, "the file to write"), END },
	  true, op_report },
	{ "report runs", "", "Lists the reports that were published, newest first.", PARAMS{ END }, false, op_report_runs },
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
	{ "members seen", "[DEVICE]", "Says that it is known here why coordinators granted themselves teams: status tells of the next one only.",
	  PARAMS{ POS_MAY("device", PARAM_TEXT, "device id or name: of that one alone"), END }, true, op_members_seen },
	{ "paper confirm", "", "Says that what was printed for this device, recovery code and kill card, is written down and kept.", PARAMS{ END }, true,
	  op_paper_confirm },
	{ "invite", "--role ROLE [--team TEAM]… [--listen HOST:PORT] [--address HOST]… [--hub-only] [--yes]",
	  "Coordinator: shows a code for one newcomer to join with on the spot; single use, one hour.",
	  PARAMS{ OPT_MUST("role", PARAM_TEXT, "coordinator, advisor, auditor or hub"),
	          OPT_MANY("team", PARAM_TEXT, "a team whose cases it may read"),
	          OPT("listen", PARAM_TEXT, "where the newcomer connects to (any free port on every address)"),
	          OPT_MANY("address", PARAM_TEXT, "the address to put into the code, where it is another"),
	          OPT("hub-only", PARAM_FLAG, "listen nowhere: the newcomer comes through a hub that was met before"),
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
	{ "team fill", "[--colleagues]", "Writes the rows of what was saved before there was a drop-box.",
	  PARAMS{ OPT("colleagues", PARAM_FLAG, "also of what others wrote, where this device reads no rows: for those who are gone"), END },
	  true, op_team_fill },
	{ "team list", "", "Lists teams.", PARAMS{ END }, false, op_team_list },
	{ "team set", "TEAM --approval hand|auto", "Coordinator: says whether keys of a team's cases are given by themselves or by a person's yes.",
	  PARAMS{ POS("team", PARAM_TEXT, "team name or id"), OPT_MUST("approval", PARAM_TEXT, "hand or auto"), END }, true, op_team_set },
	{ "keys list", "", "Lists new readers whose keys wait for a person's yes, and why.", PARAMS{ END }, false, op_keys_list },
	{ "keys approve", "ID", "Gives a new reader the keys of the team.",
	  PARAMS{ POS("id", PARAM_TEXT, "as `keys list` shows it"), END }, true, op_keys_approve },
	{ "keys refuse", "ID", "Leaves a key ungiven from this device, and asks no more.",
	  PARAMS{ POS("id", PARAM_TEXT, "as `keys list` shows it"), END }, true, op_keys_refuse },
	{ "netkey rotate", "", "Coordinator: makes a new network key; removing a device does so by itself.", PARAMS{ END }, true, op_netkey_rotate },
	{ "grant", "DEVICE TEAM", "Coordinator: lets a device read a team's cases; every member sees it.",
	  PARAMS{ POS("device", PARAM_TEXT, "device id or name; \"self\" is this one"), POS("team", PARAM_TEXT, "team name or id"), END },
	  true, op_grant },
	{ "ungrant", "DEVICE TEAM", "Coordinator: withdraws a device's right to a team's cases.",
	  PARAMS{ POS("device", PARAM_TEXT, "device id or name; \"self\" is this one"), POS("team", PARAM_TEXT, "team name or id"), END },
	  true, op_ungrant },
	{ "revoke", "DEVICE [--reason TEXT] [--before DAY|ENTRY]… [--kill-card FILE|-]",
	  "Coordinator: removes a device for ever; \"self\" leaves; with its kill card whatever the ranks are.",
	  PARAMS{ POS("device", PARAM_TEXT, "device id or name; \"self\" is this one"),
	          OPT("reason", PARAM_TEXT, "why; members can read it, the removed device too"),
	          OPT_MANY("before", PARAM_TEXT, "count nothing of it from this day (its own clock, what opens here) or this entry of its log on"),
	          OPT("kill-card", PARAM_TEXT, "what its kill card says; on the command line a file, or - for standard input"), END },
	  true, op_revoke },
	{ "root show", "", "Shows which kit of the trustees is the right one, and whether the root is contested.", PARAMS{ END }, false, op_root_show },
	{ "root revoke", "DEVICE --shares F F [--before DAY|ENTRY]… [--reason TEXT] [--rehearse]",
	  "Trustees, two of three: remove a device of any rank; decide a dispute.",
	  PARAMS{ POS("device", PARAM_TEXT, "device id or name"),
	          { "shares", PARAM_FILE_IN, false, true, true, "two trustee sheets" },
	          OPT_MANY("before", PARAM_TEXT, "count nothing of it from this day, or this entry of its log on"),
	          OPT("reason", PARAM_TEXT, "why; members can read it"),
	          OPT("rehearse", PARAM_FLAG, "go through everything and change nothing"), END },
	  true, op_root_revoke },
	{ "root grant", "DEVICE [TEAM] --shares F F [--rank N] [--rehearse]", "Trustees, two of three: make a device a coordinator, or let it read a team.",
	  PARAMS{ POS("device", PARAM_TEXT, "device id or name"), POS_MAY("team", PARAM_TEXT, "a team to read; left out: it becomes a coordinator"),
	          { "shares", PARAM_FILE_IN, false, true, true, "two trustee sheets" },
	          OPT("rank", PARAM_NUMBER, "1 is the highest (1)"),
	          OPT("rehearse", PARAM_FLAG, "go through everything and change nothing"), END },
	  true, op_root_grant },
	{ "root admit", "FILE --role ROLE [--team TEAM]… --welcome OUT --shares F F [--rank N] [--rehearse]",
	  "Trustees, two of three: admit a device when no coordinator is left who could, and seal a welcome for it.",
	  PARAMS{ POS("request", PARAM_FILE_IN, "the request, from `join --request` there"), OPT_MUST("role", PARAM_TEXT, "coordinator, advisor, auditor or hub"),
	          OPT_MANY("team", PARAM_TEXT, "a team it may read"), OPT("welcome", PARAM_FILE_OUT, "where the welcome goes"),
	          { "shares", PARAM_FILE_IN, false, true, true, "two trustee sheets" },
	          OPT("rank", PARAM_NUMBER, "of a coordinator; 1 is the highest (1)"),
	          OPT("rehearse", PARAM_FLAG, "go through everything and change nothing"), END },
	  true, op_root_admit },
	{ "root rotate", "--shares F F --kit DIR [--before ENTRY]… [--rehearse]",
	  "Trustees, two of three, with their reserve sheets: a new root; every old sheet but the escrow share is worthless afterwards.",
	  PARAMS{ { "shares", PARAM_FILE_IN, false, true, true, "two reserve sheets" },
	          OPT("kit", PARAM_FILE_OUT, "directory for the new sheets"),
	          OPT_MANY("before", PARAM_TEXT, "count nothing of the old root from this entry on"),
	          OPT("rehearse", PARAM_FLAG, "go through everything and change nothing"), END },
	  true, op_root_rotate },
	{ "recover", "--shares F F", "Trustees, two of three: open by the escrow key what every reader of a team has lost the key of.",
	  PARAMS{ { "shares", PARAM_FILE_IN, false, true, true, "two sheets with escrow shares" }, END }, true, op_recover },
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
	{ "sync", "[--peer ADDRESS]… [--wait SECONDS]", "One round with everyone reachable.",
	  PARAMS{ OPT_MANY("peer", PARAM_TEXT, "address of a node or hub, HOST:PORT or wss://HOST/PATH; left out: those met before"),
	          OPT("wait", PARAM_NUMBER, "seconds before giving up (30)"), END },
	  true, op_sync },
	{ "exchanges", "[--limit N]", "Lists the last exchanges of this home and what each brought.",
	  PARAMS{ OPT("limit", PARAM_NUMBER, "how many (all that are kept: 50)"), END }, false, op_exchanges },
	{ "hubs", "[--add ADDRESS | --forget ADDRESS]", "Lists where hubs and others are looked for; adds an address, or forgets one.",
	  PARAMS{ OPT("add", PARAM_TEXT, "HOST:PORT or wss://HOST/PATH to look for from now on"), OPT("forget", PARAM_TEXT, "an address of the list"), END }, true, op_hubs },
	{ "close-site", "[--session ID] [--peer ADDRESS]… [--wait SECONDS] [--wipe [--yes]] [--force]",
	  "Ends the session, exchanges with everyone reachable, proves that others hold all that was written here; --wipe then destroys this home.",
	  PARAMS{ OPT("session", PARAM_ID, "the session to close (the open one)"),
	          OPT_MANY("peer", PARAM_TEXT, "address of a node or hub, HOST:PORT or wss://HOST/PATH; left out: those met before"),
	          OPT("wait", PARAM_NUMBER, "seconds before giving up on an exchange (30)"),
	          OPT("wipe", PARAM_FLAG, "with the proof, destroys keys and files of this home for good"),
	          OPT("yes", PARAM_FLAG, "do not ask before wiping"),
	          OPT("force", PARAM_FLAG, "though somebody waits or a draft is not saved"), END },
	  true, op_close_site },
	{ "bundle write", "FILE [--for DEVICE]", "Writes what others lack to a file for a USB stick.",
	  PARAMS{ POS("file", PARAM_FILE_OUT, "the bundle to write"), OPT("for", PARAM_TEXT, "only what this device may have"), END },
	  false, op_bundle_write },
	{ "bundle read", "FILE", "Takes in a bundle: every whole entry of it.",
	  PARAMS{ POS("file", PARAM_FILE_IN, "the bundle"), END }, true, op_bundle_read },
	{ "bundle check", "FILE", "Checks a bundle and changes nothing.",
	  PARAMS{ POS("file", PARAM_FILE_IN, "the bundle"), END }, false, op_bundle_check },
	{ "backup", "FILE", "Copies this home into one file, sealed as the home is; `faltbok restore FILE` makes a home of it.",
	  PARAMS{ POS("file", PARAM_FILE_OUT, "the file to write"), END }, true, op_backup },
	{ "status", "[--brief]", "Where things stand: entries, conflicts, copies elsewhere, peers, warnings.",
	  PARAMS{ OPT("brief", PARAM_FLAG, "without the state hash, which takes the longest after a change"), END }, false, op_status },
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

bool
op_json_is_whole(const struct op_call *call)
{
	/* What only reads can be asked again: it tells all, and not what was left when a name or a record found no memory. */
	return call->json_refused == json_refusals() && !(call->reads && call->refused != mem_refusals());
}

/* What was to be written may lack what there was no memory to look at. */
enum err_code
op_commit(struct op_call *call)
{
	if (call->refused == mem_refusals())
		return node_commit(call->node, &call->err);
	node_drop(call->node);
	return err_set(&call->err, ERR_NO_MEMORY, "saving: out of memory; nothing of it was saved");
}

/* The queue and the drafts are there and nowhere else: what is not read is not told as if there were none. */
static bool
lies_on_desk(const struct op_row *row)
{
	return strncmp(row->name, "queue ", 6) == 0 || strncmp(row->name, "draft ", 6) == 0;
}

void
op_start(const struct op_row *row, struct op_call *call)
{
	json_use_mem();
	call->json_refused = json_refusals();
	call->refused = mem_refusals();
	call->reads = !row->writes;
	call->result = NULL;
	call->err = (struct err)ERR_INIT;
	if (replica_lost(node_replica(call->node)))
		err_set(&call->err, ERR_IO, "the store could not be read again after a failed write; nothing is lost: close this program and open the home anew");
	if (call->err.code != ERR_OK || node_desk_ready(call->node, lies_on_desk(row), &call->err) != ERR_OK ||
	    compose((json_t *)call->params, &call->err) != ERR_OK || check_params(row, call, &call->err) != ERR_OK) {
		op_end(call);
		return;
	}
	row->run(call);
}

void
op_end(struct op_call *call)
{
	if (call->err.code == ERR_OK && (call->result == NULL || !op_json_is_whole(call)))
		err_set(&call->err, ERR_NO_MEMORY, "answering: out of memory");
	if (call->err.code != ERR_OK) {
		json_decref(call->result);
		call->result = NULL;
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
	/* What kind of refusal: who shows it to a person says one thing of a wrong value and another of a thing that is not here. */
	const char *kind = err->code == ERR_INVALID ? "invalid" : err->code == ERR_UNKNOWN ? "unknown" : err->code == ERR_EXISTS ? "exists" : NULL;
	json_t *o = json_pack("{s:s,s:s}", "code", err_word(err->code), "text", err->text);

	if (o != NULL && kind != NULL)
		json_object_set_new(o, "kind", json_string(kind));
	return json_pack("{s:o}", "error", o);
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

static void
one_finding(void *ctx, const char *text)
{
	(void)text;
	++*(size_t *)ctx;
}

/* Of the entries that could not even be read nobody has kept count. A store without a profile is small, or damaged. */
static bool
store_is_whole(struct op_call *c)
{
	struct err why = ERR_INIT;
	size_t findings = 0;

	return replica_verify(node_replica(c->node), one_finding, &findings, NULL, &why) == ERR_OK && findings == 0;
}

enum err_code
op_no_profile(struct op_call *c)
{
	if (replica_damaged(node_replica(c->node)) > 0)
		return err_set(&c->err, ERR_DAMAGED, "the profile cannot be read: %zu entries are damaged here; `faltbok sync` fetches them from a colleague or the hub, "
		               "`faltbok verify` names them", replica_damaged(node_replica(c->node)));
	if (node_profile_unread(c->node) > 0)
		return err_set(&c->err, ERR_REFUSED, "version %u of the profile is installed, and this program is too old to read it; install a newer Fältbok",
		               node_profile_unread(c->node));
	if (!store_is_whole(c))
		return err_set(&c->err, ERR_DAMAGED, "the profile cannot be read: the store is damaged here; `faltbok verify` names what is, a backup or joining anew brings it back");
	return err_set(&c->err, ERR_REFUSED, "no profile is installed here yet; synchronise with a colleague first");
}

const struct profile_type *
param_type(struct op_call *c, const char *name, enum err_code *rc)
{
	const struct profile *p = node_profile(c->node);
	const char *type_name = param_text(c, name);
	const struct profile_type *t;

	*rc = ERR_OK;
	if (p == NULL) {
		*rc = op_no_profile(c);
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
