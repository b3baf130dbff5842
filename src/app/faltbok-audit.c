/*
 * faltbok-audit: verifies replicas without any reading key. It links no
 * vault and no view; what it opens holds ciphertext, and stays that way.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/audit_beside.h"
#include "app/common.h"
#include "audit/audit.h"
#include "net/net.h"
#include "peer/meet.h"

static const struct command commands[] = {
	{ "join", "CODE --member NAME --device NAME | --request FILE --member NAME --device NAME | --welcome FILE [--root FINGERPRINT | --yes]",
	  "Makes this auditor's keys and a request for a coordinator; then takes the welcome." },
	{ "fetch", "--peer ADDRESS [--wait SECONDS]", "Fills this auditor's home from a node or hub." },
	{ "bundle read", "FILE", "Fills this auditor's home from a bundle." },
	{ "verify", "SOURCE --root FINGERPRINT", "Checks a bundle, an auditor's or a hub's home; exit 0 clean, 3 findings." },
	{ "report-digest", "FILE [--digest HEX]", "Recomputes the digest of a report that was written as JSON; exit 3 when it was changed." },
	{ "passphrase", "[--new-passphrase-file FILE]", "Changes the passphrase of this home." },
	{ "recover", "--code FILE", "Sets a new passphrase with this device's recovery code." },
	{ "paper", "new | confirm", "Prints another recovery code; or says that what was printed is written down and kept." },
	{ NULL, NULL, NULL },
};

enum { BUNDLE_BYTES_MAX = 1 << 30, FETCH_WAIT_S = 60 };

static struct peer_host
host_of(struct home *h)
{
	return (struct peer_host){
		.env = h->env, .replica = h->replica, .keys = &h->keys->device, .role = ROLE_AUDITOR,
		.network = h->keys->network, .network_count = h->keys->network_count,
	};
}

/* What a verify that was cut off has left beside the store goes with the next command, whichever it is. */
static enum err_code
open_home(struct app *app, struct home *home, struct err *err)
{
	struct err left = ERR_INIT;
	enum err_code rc = app_open_home(app, home, err);

	if (rc == ERR_OK && beside_clear(app->env, home->path, &left) != ERR_OK)
		env_logf(app->env, "%s", left.text);
	return rc;
}

/* ---- verify ---- */

struct feed { struct audit *audit; const struct log_head *log; struct err *err; };

static bool
feed_entry(void *ctx, const struct entry *e)
{
	struct feed *f = ctx;

	return audit_entry(f->audit, &f->log->key, e, f->err) == ERR_OK;
}

static bool
is_control(const struct log_head *h, const struct org_id *org)
{
	struct stream_id control = control_stream(org);

	return SAME(h->key.stream, control);
}

/* Every log of the replica, control first; what cannot even be read is a finding too. */
static enum err_code
feed_replica(struct audit *a, struct replica *r, struct err *err)
{
	const struct org_id *org = org_id(replica_org(r));

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < replica_log_count(r); i++) {
			const struct log_head *h = replica_log_at(r, i);
			struct feed f = { a, h, err };
			struct err broken = ERR_INIT;
			uint64_t from = h->key.is_branch ? h->key.branch_seq : 0;

			if ((org != NULL && is_control(h, org)) != (pass == 0))
				continue;
			if (replica_scan(r, i, from, h->len, false, feed_entry, &f, &broken) != ERR_OK &&
			    audit_note(a, "A2", AUDIT_ERROR, broken.text, err) != ERR_OK)
				return err->code;
			if (err->code != ERR_OK)
				return err->code;
		}
	return audit_finish(a, err);
}

static json_t *
finding_json(const struct audit *a, const struct audit_finding *f)
{
	char name[AUDIT_LOG_NAME_BYTES];
	json_t *o = json_pack("{s:s,s:s,s:s}", "check", f->check, "severity", audit_severity_word(f->severity), "text", f->text);
	char id[65];

	json_object_set_new(o, "log", f->has_log ? json_string(audit_log_name(a, &f->log, name)) : json_null());
	json_object_set_new(o, "seq", f->has_entry ? json_integer((json_int_t)f->seq) : json_null());
	json_object_set_new(o, "entry", f->has_entry ? json_string(hex_encode(id, f->entry.b, 32)) : json_null());
	return o;
}

static json_t *
account_json(const struct audit *a)
{
	struct audit_counts k = audit_counts(a);
	const struct org_id *id = org_id(audit_org(a));
	uint8_t frontier[32];
	char org[33], root[65];
	json_t *findings = json_array();

	audit_frontier(a, frontier);
	for (size_t i = 0; i < audit_finding_count(a); i++)
		json_array_append_new(findings, finding_json(a, audit_finding_at(a, i)));
	return json_pack("{s:o,s:I,s:I,s:{s:I,s:I,s:I},s:I,s:s,s:b,s:o}", "org", id == NULL ? json_null() : json_string(hex_encode(org, id->b, 16)),
	                 "entries", (json_int_t)k.entries, "logs", (json_int_t)k.logs, "payloads", "present", (json_int_t)k.payloads_present,
	                 "erased", (json_int_t)k.payloads_erased, "missing", (json_int_t)k.payloads_missing, "members", (json_int_t)k.members,
	                 "frontier", hex_encode(root, frontier, 32), "clean", audit_clean(a), "findings", findings);
}

static void
account_text(struct buf *out, const struct audit *a)
{
	struct audit_counts k = audit_counts(a);

	buf_printf(out, "%llu entries in %llu logs of %llu members; payloads: %llu present, %llu erased, %llu missing\n",
	           (unsigned long long)k.entries, (unsigned long long)k.logs, (unsigned long long)k.members,
	           (unsigned long long)k.payloads_present, (unsigned long long)k.payloads_erased, (unsigned long long)k.payloads_missing);
	for (size_t i = 0; i < audit_finding_count(a); i++) {
		const struct audit_finding *f = audit_finding_at(a, i);

		buf_printf(out, "%s %s: %s\n", f->check, audit_severity_word(f->severity), f->text);
	}
	if (k.findings_left_out > 0)
		buf_printf(out, "and %llu more\n", (unsigned long long)k.findings_left_out);
	if (audit_clean(a))
		buf_printf(out, "clean\n");
}

static int
report(struct app *app, const struct audit *a)
{
	struct buf text = BUF_INIT;
	int code;

	account_text(&text, a);
	code = app_answer(app, account_json(a), buf_str(&text));
	buf_free(&text);
	if (code != 0 || audit_clean(a))
		return code;
	if (audit_verifies(a))
		fprintf(stderr, "%s: this replica verifies, and somebody should be asked about the warnings\n", app->program);
	else
		fprintf(stderr, "%s: this replica does not verify: see the findings; ask its holder, and fetch it again from somebody else\n", app->program);
	return err_exit_status(ERR_DAMAGED);
}

static int
audit_replica(struct app *app, struct replica *r, const uint8_t *fingerprint, struct err *err)
{
	struct audit *a = audit_new(fingerprint);
	int code;

	replica_read_as_stored(r);
	if (a == NULL)
		err_plain(err, ERR_NO_MEMORY);
	if (a == NULL || feed_replica(a, r, err) != ERR_OK)
		code = app_fail(app, err);
	else
		code = report(app, a);
	audit_free(a);
	return code;
}

static int
verify_bundle(struct app *app, const char *path, const uint8_t *fingerprint)
{
	struct home home = { 0 };
	struct beside beside;
	struct err err = ERR_INIT;
	int code;

	if (open_home(app, &home, &err) != ERR_OK)
		return app_fail(app, &err);
	code = beside_open(&beside, &home, path, &err) == ERR_OK ? audit_replica(app, beside.replica, fingerprint, &err) : app_fail(app, &err);
	beside_close(&beside);
	home_close(&home);
	return code;
}

static int
verify(struct app *app)
{
	const char *root = app_option(app, "--root"), *source;
	struct err err = ERR_INIT;
	uint8_t fingerprint[32];
	char db[4096];
	struct replica *r;
	int code;

	if (app->argc != 2 || root == NULL)
		err_set(&err, ERR_USAGE, "verify SOURCE --root FINGERPRINT: the fingerprint is what the organisation gave you on paper");
	else if (!hex_decode(fingerprint, sizeof(fingerprint), root))
		err_set(&err, ERR_USAGE, "--root: a fingerprint is 64 hex digits");
	if (err.code != ERR_OK)
		return app_fail(app, &err);
	source = app->argv[1];
	snprintf(db, sizeof(db), "%s/log.db", source);
	if (!app->env->files->exists(app->env, db))
		return verify_bundle(app, source, fingerprint);
	if (replica_open(&r, app->env, source, false, &err) != ERR_OK)
		return app_fail(app, &err);
	code = audit_replica(app, r, fingerprint, &err);
	replica_close(r);
	return code;
}

/* ---- filling the auditor's home ---- */

/*
 * Receipts of erasures, which travel with the next fetch; and the store is written anew if something was erased: an auditor holds
 * ciphertext as everybody does, and is idle as soon as it has it. A disk too full for that is no fault of what came: it stays due.
 */
static enum err_code
settle(struct app *app, struct home *home, struct err *err)
{
	struct err why = ERR_INIT;
	enum err_code rc = replica_confirm(home->replica, &home->keys->device, &home->keys->inc, err);

	if (rc == ERR_OK && replica_scrub(home->replica, &why) != ERR_OK)
		env_logf(app->env, "%s", why.text);
	return rc;
}

struct fetch { struct peer_result result; bool done; };

static void
fetched(void *ctx, const struct peer_result *r, const char *addr)
{
	struct fetch *f = ctx;

	(void)addr;
	f->result = *r;
	f->done = true;
}

static int
fetch(struct app *app)
{
	const char *peer = app_option(app, "--peer"), *wait = app_option(app, "--wait");
	struct fetch f = { .done = false };
	struct home home = { 0 };
	struct peer_host host;
	struct meet *meet;
	struct err err = ERR_INIT;
	char text[128];

	if (peer == NULL)
		err_set(&err, ERR_USAGE, "fetch --peer ADDRESS: from where?");
	if (err.code != ERR_OK || app_no_more(app, &err) != ERR_OK || open_home(app, &home, &err) != ERR_OK)
		return app_fail(app, &err);
	host = host_of(&home);
	meet = meet_new(&host, &(struct meet_events){ .ctx = &f, .result = fetched });
	if (meet == NULL)
		err_plain(&err, ERR_NO_MEMORY);
	else if (meet_dial(meet, peer, MEET_ONCE, &err) == ERR_OK)
		net_run(app->env, &f.done, 1000ll * (wait != NULL ? strtol(wait, NULL, 10) : FETCH_WAIT_S));
	if (err.code == ERR_OK && !f.done)
		err_set(&err, ERR_TIMEOUT, "%s does not answer", peer);
	else if (err.code == ERR_OK && f.result.code != ERR_OK)
		err_set(&err, f.result.code, "%s: %s", peer, f.result.text);
	meet_free(meet);
	if (err.code == ERR_OK)
		(void)!settle(app, &home, &err);
	home_close(&home);
	if (err.code != ERR_OK)
		return app_fail(app, &err);
	snprintf(text, sizeof(text), "%llu entries fetched; %s\n", (unsigned long long)f.result.received, f.result.in_step ? "in step" : "not in step");
	return app_answer(app, json_pack("{s:I,s:b}", "received", (json_int_t)f.result.received, "in_step", f.result.in_step), text);
}

static int
bundle_in(struct app *app)
{
	struct bundle_counts k = { 0 };
	struct home home = { 0 };
	struct peer_host host;
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	char text[160];
	enum err_code rc;

	if (app->argc != 3)
		err_set(&err, ERR_USAGE, "bundle read FILE: which bundle?");
	if (err.code != ERR_OK || app->env->files->read(app->env, app->argv[2], BUNDLE_BYTES_MAX, &file, &err) != ERR_OK ||
	    open_home(app, &home, &err) != ERR_OK) {
		buf_free(&file);
		return app_fail(app, &err);
	}
	host = host_of(&home);
	rc = bundle_read(&host, buf_bytes(&file), false, &k, &err);
	if (rc == ERR_OK || rc == ERR_TRUNCATED) {
		struct err late = ERR_INIT;

		if (replica_commit(home.replica, &late) != ERR_OK || settle(app, &home, &late) != ERR_OK)
			err = late;
	}
	home_close(&home);
	buf_free(&file);
	if (err.code != ERR_OK) {
		err_wrap(&err, "%s", app->argv[2]);
		return app_fail(app, &err);
	}
	snprintf(text, sizeof(text), "%llu entries: %llu new, %llu known\n", (unsigned long long)k.entries, (unsigned long long)k.stored,
	         (unsigned long long)k.known);
	return app_answer(app, json_pack("{s:I,s:I,s:I}", "entries", (json_int_t)k.entries, "new", (json_int_t)k.stored, "known", (json_int_t)k.known), text);
}

int
main(int argc, char **argv)
{
	struct app app;
	struct err err = ERR_INIT;
	int code;

	app_start(&app, "faltbok-audit", argc, argv, commands);
	if (strcmp(app.argv[0], "join") == 0)
		code = app_join(&app);
	else if (strcmp(app.argv[0], "verify") == 0)
		code = verify(&app);
	else if (strcmp(app.argv[0], "fetch") == 0)
		code = fetch(&app);
	else if (strcmp(app.argv[0], "bundle") == 0 && app.argc > 1 && strcmp(app.argv[1], "read") == 0)
		code = bundle_in(&app);
	else if (strcmp(app.argv[0], "report-digest") == 0)
		code = app_report_digest(&app);
	else if (strcmp(app.argv[0], "passphrase") == 0)
		code = app_change_passphrase(&app);
	else if (strcmp(app.argv[0], "recover") == 0)
		code = app_recover(&app);
	else if (strcmp(app.argv[0], "paper") == 0)
		code = app_paper(&app);
	else {
		err_set(&err, ERR_USAGE, "there is no command \"%s\"; `faltbok-audit --help` shows them", app.argv[0]);
		code = app_fail(&app, &err);
	}
	return app_finish(&app, code);
}
