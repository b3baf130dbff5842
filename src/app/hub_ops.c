#include "app/hub_ops.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/table.h"
#include "net/net.h"
#include "store/claims.h"
#include "store/gc.h"

/* ---- status ---- */

static json_t *
hex(const uint8_t *p, size_t n)
{
	char text[65];

	return json_string(hex_encode(text, p, n));
}

static json_t *
quota_json(const struct hub_quota *q)
{
	return json_pack("{s:I,s:I,s:I,s:I}", "bytes", (json_int_t)q->bytes, "entries", (json_int_t)q->entries, "devices", (json_int_t)q->devices,
	                 "connections", (json_int_t)q->links);
}

struct lacks { struct replica *r; struct table *best; uint64_t entries; };

static bool
take_claim(void *ctx, const struct claim *c)
{
	struct lacks *l = ctx;
	uint64_t ours = 0, *best;
	size_t log;

	if (replica_log_by_short(l->r, &c->log, &log))
		ours = replica_log_at(l->r, log)->len;
	best = c->len > ours ? table_put(l->best, c->log.b) : NULL;
	if (best != NULL && c->len - ours > *best) {
		l->entries += c->len - ours - *best;
		*best = c->len - ours;
	}
	return true;
}

/* What others have signed to hold and is not here: after a disk was lost it says how far the refilling is. */
static uint64_t
count_lacking(struct tenant *t)
{
	struct lacks l = { tenant_replica(t), table_new(sizeof(struct log8)), 0 };
	struct err err = ERR_INIT;

	if (l.best != NULL && replica_claims(l.r, take_claim, &l, &err) != ERR_OK)
		l.entries = 0;
	table_free(l.best);
	return l.entries;
}

static void
warn_papers(struct tenant *t, json_t *warnings)
{
	struct own_papers p;

	replica_papers(tenant_replica(t), &p);
	if (p.recovery != PAPER_NONE)
		json_array_append_new(warnings, json_string("nobody has said that this hub's recovery code is written down: `faltbok-hub paper confirm` when it is; "
		                                            "`faltbok-hub paper new`, while it does not serve, prints another"));
	if (p.kill != PAPER_NONE)
		json_array_append_new(warnings, json_string("nobody has said that this hub's kill card is written down: `faltbok-hub paper confirm` when it is; it "
		                                            "cannot be printed again, and without it only a coordinator removes the hub"));
}

static json_t *
tenant_json(struct tenant *t, json_t *warnings)
{
	struct tenant_status st;
	uint64_t lacking = count_lacking(t);
	char org[33];
	json_t *o;

	tenant_status(t, &st);
	hex_encode(org, st.org.b, 16);
	o = json_pack("{s:s,s:o,s:s,s:I,s:I,s:I,s:o,s:I,s:I,s:I,s:I,s:I,s:b,s:b,s:I,s:o}", "org", org, "device", hex(st.device.b, 16), "name",
	              st.device_name, "entries", (json_int_t)st.entries, "logs", (json_int_t)st.logs, "file_bytes", (json_int_t)st.file_bytes,
	              "frontier", hex(st.frontier, 32), "lacking", (json_int_t)lacking, "links", (json_int_t)st.links, "devices",
	              (json_int_t)st.devices, "exchanges", (json_int_t)st.exchanges, "failed", (json_int_t)st.failed, "gives", st.gives, "full",
	              st.full, "refused_links", (json_int_t)st.refused_links, "quota", quota_json(&st.quota));
	json_object_set_new(o, "store", json_string(st.shared ? "postgresql" : "sqlite"));
	if (st.away)
		json_array_append_new(warnings, json_sprintf("%.8s: its database cannot be reached; nothing is taken or given out until it is back", org));
	if (!st.gives)
		json_array_append_new(warnings, json_sprintf("%.8s: this may be an older state of its store; nothing of teams is given out before a "
		                                             "coordinator's device has called", org));
	if (st.full)
		json_array_append_new(warnings, json_sprintf("%.8s: its quota is used up; nothing more of its teams is taken", org));
	if (st.refused_links > 0)
		json_array_append_new(warnings, json_sprintf("%.8s: %llu calls were refused, more devices or links than its quota has room for", org,
		                                             (unsigned long long)st.refused_links));
	warn_papers(t, warnings);
	if (lacking > 0)
		json_array_append_new(warnings, json_sprintf("%.8s: %llu entries that others hold are not here yet (%llu %% are)", org,
		                                             (unsigned long long)lacking, (unsigned long long)(100 * st.entries / (st.entries + lacking))));
	return o;
}

static json_t *
status(struct hub *h, bool serving)
{
	json_t *list = json_array(), *warnings = json_array(), *o;
	json_int_t entries = 0, logs = 0, bytes = 0;
	struct door_counts d;

	for (size_t i = 0; i < hub_count(h); i++) {
		json_array_append_new(list, tenant_json(hub_tenant(h, i), warnings));
		o = json_array_get(list, i);
		entries += json_integer_value(json_object_get(o, "entries"));
		logs += json_integer_value(json_object_get(o, "logs"));
		bytes += json_integer_value(json_object_get(o, "file_bytes"));
	}
	if (hub_ill(h) > 0)
		json_array_append_new(warnings, json_sprintf("%zu organisations do not open; the log says why, `verify` says more", hub_ill(h)));
	hub_door(h, &d);
	o = json_pack("{s:b,s:I,s:I,s:I,s:o,s:o,s:o}", "serving", serving, "entries", entries, "logs", logs, "file_bytes", bytes, "organisations", list,
	              "door", json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "waiting", (json_int_t)d.waiting, "came", (json_int_t)d.came, "strangers",
	                                (json_int_t)d.strangers, "late", (json_int_t)d.late, "crowded", (json_int_t)d.crowded, "replayed",
	                                (json_int_t)d.replayed, "hasty", (json_int_t)d.hasty),
	              "warnings", warnings);
	if (json_array_size(list) > 0)
		json_object_set(o, "frontier", json_object_get(json_array_get(list, 0), "frontier"));
	return o;
}

/* ---- one organisation ---- */

static struct tenant *
find(struct hub *h, const json_t *ask, struct err *err)
{
	const char *prefix = json_string_value(json_object_get(ask, "org"));
	struct tenant *found = NULL;

	if (prefix == NULL || strlen(prefix) < 6) {
		err_set(err, ERR_USAGE, "which organisation? six or more characters of its id, as `faltbok-hub org list` shows it");
		return NULL;
	}
	for (size_t i = 0; i < hub_count(h); i++) {
		struct tenant_status st;
		char id[33];

		tenant_status(hub_tenant(h, i), &st);
		hex_encode(id, st.org.b, 16);
		if (strncmp(id, prefix, strlen(prefix)) != 0)
			continue;
		if (found != NULL) {
			err_set(err, ERR_REFUSED, "%s is the beginning of more than one organisation's id", prefix);
			return NULL;
		}
		found = hub_tenant(h, i);
	}
	if (found == NULL)
		err_set(err, ERR_UNKNOWN, "%s: no organisation here has that id; `faltbok-hub org list` shows them", prefix);
	return found;
}

static json_t *
set_quota(struct hub *h, const json_t *ask, struct err *err)
{
	struct tenant *t = find(h, ask, err);
	struct tenant_status st;
	const json_t *v;

	if (t == NULL)
		return NULL;
	tenant_status(t, &st);
	if ((v = json_object_get(ask, "bytes")) != NULL)
		st.quota.bytes = (uint64_t)json_integer_value(v);
	if ((v = json_object_get(ask, "entries")) != NULL)
		st.quota.entries = (uint64_t)json_integer_value(v);
	if ((v = json_object_get(ask, "devices")) != NULL)
		st.quota.devices = (uint64_t)json_integer_value(v);
	if ((v = json_object_get(ask, "connections")) != NULL)
		st.quota.links = (uint64_t)json_integer_value(v);
	if (tenant_set_quota(t, &st.quota, err) != ERR_OK)
		return NULL;
	tenant_status(t, &st);
	return json_pack("{s:o,s:o,s:b}", "org", hex(st.org.b, 16), "quota", quota_json(&st.quota), "full", st.full);
}

static json_t *
remove_one(struct hub *h, const json_t *ask, struct err *err)
{
	struct tenant *t = find(h, ask, err);
	struct tenant_status st;

	if (t == NULL)
		return NULL;
	tenant_status(t, &st);
	if (!json_is_true(json_object_get(ask, "yes"))) {
		err_set(err, ERR_REFUSED, "removing destroys its keys and %llu entries here; `faltbok status` of its devices says what is elsewhere; --yes does it",
		        (unsigned long long)st.entries);
		return NULL;
	}
	return hub_remove(h, t, err) == ERR_OK ? json_pack("{s:o,s:I}", "removed", hex(st.org.b, 16), "entries", (json_int_t)st.entries) : NULL;
}

/* ---- verify ---- */

struct findings { json_t *list; const char *org; };

static void
finding(void *ctx, const char *text)
{
	struct findings *f = ctx;

	json_array_append_new(f->list, json_sprintf("%.8s: %s", f->org, text));
}

static json_t *
verify(struct hub *h, struct err *err)
{
	struct findings f = { json_array(), NULL };
	json_int_t entries = 0;
	size_t count;

	for (size_t i = 0; i < hub_count(h); i++) {
		struct tenant_status st;
		char org[33];

		tenant_status(hub_tenant(h, i), &st);
		f.org = hex_encode(org, st.org.b, 16);
		entries += (json_int_t)st.entries;
		if (replica_verify(tenant_replica(hub_tenant(h, i)), finding, &f, NULL, err) != ERR_OK) {
			json_decref(f.list);
			return NULL;
		}
	}
	count = json_array_size(f.list);
	if (count > 0 || hub_ill(h) > 0) {
		err_set(err, ERR_DAMAGED, "%zu faults, %zu organisations that do not open; the first: %s; take the store anew from the organisation's devices",
		        count, hub_ill(h), count > 0 ? json_string_value(json_array_get(f.list, 0)) : "its store");
		json_decref(f.list);
		return NULL;
	}
	return json_pack("{s:b,s:I,s:o}", "ok", 1, "entries", entries, "findings", f.list);
}

/* ---- gc ---- */

/* Folders of organisations that were removed, whose files a crash has left: nothing opens them. */
static size_t
remove_orphans(struct hub *h, const char *home, bool dry)
{
	static const char *const files[] = { "log.db", "log.db-wal", "log.db-journal", "place", "place.new" };
	DIR *dir = opendir(home);
	struct dirent *e;
	size_t count = 0;

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		char path[4096 + 300];
		bool known = hub_ill(h) > 0; /* then it is not certain whose it is */

		if (strncmp(e->d_name, "org-", 4) != 0 || strlen(e->d_name) != 20)
			continue;
		known = known || hub_knows_part(h, e->d_name + 4);
		if (known)
			continue;
		count++;
		for (size_t i = 0; i < COUNT_OF(files) && !dry; i++) {
			(void)snprintf(path, sizeof(path), "%s/%s/%s", home, e->d_name, files[i]);
			(void)remove(path);
		}
		(void)snprintf(path, sizeof(path), "%s/%s", home, e->d_name);
		if (!dry)
			(void)remove(path);
	}
	if (dir != NULL)
		closedir(dir);
	return count;
}

static json_t *
gc(struct hub *h, const char *home, const json_t *ask, struct err *err)
{
	bool dry = json_is_true(json_object_get(ask, "dry_run"));
	json_t *list = json_array(), *o;
	json_int_t freed = 0;

	for (size_t i = 0; i < hub_count(h); i++) {
		struct tenant_status st;
		struct gc_found f;

		tenant_status(hub_tenant(h, i), &st);
		if (replica_gc(tenant_replica(hub_tenant(h, i)), dry, &f, err) != ERR_OK) {
			json_decref(list);
			return NULL;
		}
		freed += (json_int_t)(f.before - (f.after < f.before ? f.after : f.before));
		o = json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "org", hex(st.org.b, 16), "erased_payloads", (json_int_t)f.payloads, "orphan_rows",
		              (json_int_t)f.rows, "proofs", (json_int_t)f.custody, "free_bytes", (json_int_t)f.free_bytes, "wal_bytes", (json_int_t)f.wal_bytes,
		              "bytes_before", (json_int_t)f.before, "bytes_after", (json_int_t)f.after);
		json_array_append_new(list, o);
	}
	return json_pack("{s:b,s:I,s:I,s:o}", "dry_run", dry, "freed_bytes", freed, "orphan_folders", (json_int_t)remove_orphans(h, home, dry),
	                 "organisations", list);
}

/* ---- what is on paper ---- */

static json_t *
paper_confirm(struct hub *h, struct err *err)
{
	for (size_t i = 0; i < hub_count(h); i++)
		if (replica_papers_kept(tenant_replica(hub_tenant(h, i)), err) != ERR_OK)
			return NULL;
	return json_pack("{s:b}", "kept", 1);
}

/* ---- asking ---- */

json_t *
hub_ask(struct hub *h, const char *home, const json_t *ask, bool serving, struct err *err)
{
	const char *op = json_string_value(json_object_get(ask, "op"));

	if (op != NULL && (strcmp(op, "status") == 0 || strcmp(op, "org list") == 0))
		return status(h, serving);
	if (op != NULL && strcmp(op, "verify") == 0)
		return verify(h, err);
	if (op != NULL && strcmp(op, "gc") == 0)
		return gc(h, home, ask, err);
	if (op != NULL && strcmp(op, "paper confirm") == 0)
		return paper_confirm(h, err);
	if (op != NULL && strcmp(op, "org quota") == 0)
		return set_quota(h, ask, err);
	if (op != NULL && strcmp(op, "org remove") == 0)
		return remove_one(h, ask, err);
	err_set(err, ERR_USAGE, "there is no command \"%s\"; `faltbok-hub --help` shows them", op != NULL ? op : "");
	return NULL;
}

static json_t *
error_json(const struct err *err)
{
	return json_pack("{s:{s:s,s:s}}", "error", "code", err_word(err->code), "text", err->text);
}

static void
asked(void *ctx, struct net_control_call *call, struct bytes request)
{
	struct hub_desk *desk = ctx;
	json_t *ask = json_read(request, 0, NULL), *answer = NULL;
	struct err err = ERR_INIT;
	char *text;

	if (!hub_join_answer(desk->hub, ask, &answer, &err))
		answer = hub_ask(desk->hub, desk->home, ask, true, &err);
	if (answer == NULL)
		answer = error_json(&err);
	text = json_dumps(answer, JSON_COMPACT);
	net_control_reply(call, text != NULL ? BYTES_STR(text) : BYTES_NONE);
	free(text);
	json_decref(answer);
	json_decref(ask);
}

enum err_code
hub_desk_open(struct hub_desk *desk, struct env *env, struct net_control **out, struct err *err)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/control.sock", desk->home);
	return net_control_listen(env, path, asked, desk, out, err);
}

static enum err_code
code_of(const char *word)
{
#define X(code, exit_status, word, text) code,
	static const enum err_code codes[] = { ERR_MAP(X) };
#undef X

	for (size_t i = 0; i < COUNT_OF(codes); i++)
		if (word != NULL && strcmp(err_word(codes[i]), word) == 0)
			return codes[i];
	return ERR_IO;
}

enum err_code
hub_ask_server(const struct app *app, const json_t *ask, json_t **answer, struct err *err)
{
	char *text = json_dumps(ask, JSON_COMPACT), path[4096];
	struct buf reply = BUF_INIT;
	const json_t *error;
	enum err_code rc;

	*answer = NULL;
	(void)snprintf(path, sizeof(path), "%s/control.sock", app->home);
	rc = text != NULL ? net_control_call(path, BYTES_STR(text), &reply, err) : err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK && (*answer = json_read(buf_bytes(&reply), 0, NULL)) == NULL)
		rc = err_set(err, ERR_IO, "the serving hub has given no answer");
	error = rc == ERR_OK ? json_object_get(*answer, "error") : NULL;
	if (error != NULL) {
		rc = err_set(err, code_of(json_string_value(json_object_get(error, "code"))), "%s", json_string_value(json_object_get(error, "text")));
		json_decref(*answer);
		*answer = NULL;
	}
	free(text);
	buf_free(&reply);
	return rc;
}
