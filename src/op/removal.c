/*
 * When somebody leaves: revoke, ungrant, adopt, and what a device could read.
 */
#include "op/op_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crdt/hlc.h"
#include "crypto/guard.h"
#include "crypto/keystore.h"
#include "node/removal.h"
#include "op/brought.h"

/* ---- revoke, ungrant ---- */

static const char *
stream_name(struct node *n, const struct stream_id *stream)
{
	const struct stream_id control = control_stream(org_id(node_org(n))), roster = roster_stream(org_id(node_org(n)));

	return SAME(*stream, control) ? "membership" : SAME(*stream, roster) ? "roster" : node_team_name(n, stream);
}

json_t *
cuts_json(struct node *n, const struct node_removal *r)
{
	json_t *out = json_array();

	for (size_t i = 0; i < r->cut_count; i++) {
		const struct cut *c = &r->cuts[i];

		json_array_append_new(out, json_pack("{s:s,s:I,s:o}", "log", stream_name(n, &c->stream), "entries",
		                                     (json_int_t)(c->seq + 1), "last", json_hex(c->head16, 16)));
	}
	return out;
}

struct late_of { const struct author *author; uint64_t count; };

static bool
count_late_of(void *ctx, const struct node_late *late)
{
	struct late_of *k = ctx;

	k->count += SAME(late->author, *k->author);
	return true;
}

json_t *
removal_json(struct op_call *c, const struct node_removal *r, const struct device_id *dev)
{
	const struct org_device *d = org_device_by_id(node_org(c->node), dev);
	struct late_of k = { .author = &d->sign_pk };

	if (node_each_late(c->node, count_late_of, &k, &c->err) != ERR_OK)
		return NULL;
	return json_pack("{s:o,s:s,s:o,s:I}", "device", json_hex(dev->b, 16), "name", node_device_name(c->node, dev), "cuts",
	                 cuts_json(c->node, r), "waiting_adoption", (json_int_t)k.count);
}

/* Nobody is left who could admit or remove: only the trustees can go on from here. */
static bool
no_coordinator_left(const struct org *org)
{
	for (size_t i = 0; i < org_device_count(org); i++) {
		const struct org_device *d = org_device_at(org, i);

		if (d->coordinator && !d->gone)
			return false;
	}
	return true;
}

/* "2026-05-01", or the beginning of an entry's id. */
static bool
parse_before(struct node_before *out, const char *text)
{
	char midnight[40];
	int16_t offset;

	memset(out, 0, sizeof(*out));
	if (date_valid(text)) {
		snprintf(midnight, sizeof(midnight), "%sT00:00:00Z", text);
		return time_parse(midnight, &out->ms, &offset);
	}
	if (strlen(text) < 6 || strlen(text) > 32 || strspn(text, "0123456789abcdef") != strlen(text))
		return false;
	memcpy(out->id, text, strlen(text));
	return true;
}

enum err_code
param_before(struct op_call *c, struct node_before before[BEFORE_MAX], size_t *count)
{
	const json_t *list = json_object_get(c->params, "before"), *one;
	size_t i;

	*count = 0;
	if (json_array_size(list) > BEFORE_MAX)
		return err_set(&c->err, ERR_INVALID, "before: at most %d places", BEFORE_MAX);
	json_array_foreach((json_t *)list, i, one)
		if (!parse_before(&before[(*count)++], json_string_value(one) != NULL ? json_string_value(one) : ""))
			return err_set(&c->err, ERR_INVALID, "before: \"%s\" is neither a day (YYYY-MM-DD) nor the beginning of an entry's id",
			               json_string_value(one) != NULL ? json_string_value(one) : "");
	return ERR_OK;
}

/* The code stands on a line of its own, whatever else is on the card. */
static enum err_code
param_card(struct op_call *c, uint8_t code[16])
{
	char line[256];
	size_t n = 0;

	for (const char *at = param_text(c, "kill-card");; at++) {
		if (*at != '\n' && *at != '\0') {
			line[n] = *at;
			n += n + 1 < sizeof(line);
			continue;
		}
		line[n] = '\0';
		n = 0;
		if (recovery_code_parse(line, code))
			return ERR_OK;
		if (*at == '\0')
			return err_set(&c->err, ERR_INVALID, "that is no kill card: its code is 26 letters and digits 2-7");
	}
}

static void
revoke_device(struct op_call *c, const struct device_id *dev, struct node_removal *r)
{
	struct node_before before[BEFORE_MAX];
	struct node_how how = { .reason = param_text(c, "reason"), .before = before };
	uint8_t code[16];
	char name[160];
	enum err_code rc = param_before(c, before, &how.before_count);

	if (rc == ERR_OK && param_text(c, "kill-card") != NULL) {
		rc = param_card(c, code);
		how.kill_code = code;
	}
	if (rc == ERR_OK)
		rc = node_revoke_how(c->node, dev, &how, r, &c->err);
	wipe(code, sizeof(code));
	if (rc != ERR_OK || op_commit(c) != ERR_OK)
		return;
	snprintf(name, sizeof(name), "%s", node_device_name(c->node, dev));
	if (r->dispute) {
		err_set(&c->err, ERR_REFUSED, "%s has not been removed: it is no lower in rank than this device; the attempt stands on record "
		        "as a dispute, which the trustees must decide", name);
		return;
	}
	c->result = removal_json(c, r, dev);
	if (c->result != NULL && no_coordinator_left(node_org(c->node)))
		json_object_set_new(c->result, "no_coordinator_left", json_true());
}

void
op_revoke(struct op_call *c)
{
	struct node_removal *r = mem_zero(1, sizeof(*r));
	const struct org_device *d;
	struct device_id dev;

	if (r == NULL) {
		op_fail(c);
		return;
	}
	if (find_device(c, param_text(c, "device"), &d) == ERR_OK) {
		dev = d->id;
		revoke_device(c, &dev, r);
	}
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	mem_free(r);
	op_end(c);
}

void
op_ungrant(struct op_call *c)
{
	struct node_removal *r = mem_zero(1, sizeof(*r));
	const struct org_device *d;
	struct stream_id team;
	struct device_id dev;

	if (r == NULL) {
		op_fail(c);
		return;
	}
	if (find_device(c, param_text(c, "device"), &d) != ERR_OK)
		goto out;
	if (!node_team_named(c->node, param_text(c, "team"), &team)) {
		err_set(&c->err, ERR_UNKNOWN, "there is no team \"%s\"; `faltbok team list` lists them", param_text(c, "team"));
		goto out;
	}
	dev = d->id;
	if (node_ungrant(c->node, &dev, &team, r, &c->err) == ERR_OK && op_commit(c) == ERR_OK)
		c->result = removal_json(c, r, &dev);
	if (c->result != NULL)
		json_object_set_new(c->result, "team", json_string(node_team_name(c->node, &team)));
out:
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	mem_free(r);
	op_end(c);
}

/* ---- adopt ---- */

struct waiting { struct op_call *call; struct node_late *late; size_t count, cap, unread; };

static bool
keep_late(void *ctx, const struct node_late *late)
{
	struct waiting *w = ctx;
	struct node_late *room = mem_room(w->late, w->count, &w->cap, sizeof(*room));

	if (room == NULL) {
		err_plain(&w->call->err, ERR_NO_MEMORY);
		return false;
	}
	w->late = room;
	room[w->count++] = *late;
	return true;
}

static const char *
why_late(struct node *n, const struct node_late *late)
{
	const struct org_device *d = org_device_by_author(node_org(n), &late->author);

	if (d != NULL && d->gone)
		return "written by a removed device, unseen by who removed it";
	if (d != NULL && !org_reads(node_org(n), &late->team, &d->id))
		return "written after the right to the team was withdrawn";
	return "written in two copies of one device";
}

static json_t *
late_json(struct node *n, const struct node_late *late)
{
	const struct profile *p = node_profile(n);
	const struct profile_type *t = late->opens && p != NULL ? profile_type_numbered(p, late->type) : NULL;
	json_t *o = json_pack("{s:o,s:s,s:s,s:I,s:s}", "entry", json_hex(late->id.b, 16), "by", node_author_name(n, &late->author),
	                      "team", stream_name(n, &late->team), "seq", (json_int_t)late->seq, "why", why_late(n, late));
	char at[40];

	if (late->opens) {
		json_object_set_new(o, "record", json_hex(late->record.b, 16));
		json_object_set_new(o, "type", t != NULL ? json_string(t->name) : json_null());
		json_object_set_new(o, "at", json_string(time_print(at, hlc_ms(late->hlc), 0)));
	}
	return o;
}

/* The one that waits and whose id begins so. */
static struct node_late *
find_late(struct op_call *c, struct waiting *w, const char *text)
{
	struct node_late *found = NULL;
	char hex[33];

	for (size_t i = 0; i < w->count; i++) {
		if (strlen(text) < 6 || strncmp(hex_encode(hex, w->late[i].id.b, 16), text, strlen(text)) != 0)
			continue;
		if (found != NULL) {
			err_set(&c->err, ERR_INVALID, "\"%s\" begins more than one entry; give more of its digits", text);
			return NULL;
		}
		found = &w->late[i];
	}
	if (found == NULL)
		err_set(&c->err, ERR_UNKNOWN, "no entry \"%s\" waits for adoption; `faltbok adopt` lists those that do", text);
	return found;
}

/* Leaves in `w` what was named, in its order; of all of a device what can be read here. */
static enum err_code
choose(struct op_call *c, struct waiting *w)
{
	const json_t *entries = json_object_get(c->params, "entry"), *name;
	bool *chosen = mem_zero(w->count + 1, sizeof(*chosen));
	const struct org_device *d = NULL;
	size_t i, kept = 0;

	if (chosen == NULL)
		return err_plain(&c->err, ERR_NO_MEMORY);
	if (param_text(c, "all") != NULL && find_device(c, param_text(c, "all"), &d) == ERR_OK)
		for (i = 0; i < w->count; i++) {
			bool meant = SAME(w->late[i].author, d->sign_pk);

			chosen[i] = meant && w->late[i].opens;
			w->unread += meant && !w->late[i].opens;
		}
	json_array_foreach((json_t *)entries, i, name) {
		struct node_late *l = c->err.code == ERR_OK ? find_late(c, w, json_string_value(name)) : NULL;

		if (l != NULL)
			chosen[l - w->late] = true;
	}
	for (i = 0; i < w->count; i++)
		if (chosen[i])
			w->late[kept++] = w->late[i];
	w->count = kept;
	mem_free(chosen);
	return c->err.code;
}

static json_t *
late_list(struct op_call *c, const struct waiting *w)
{
	json_t *out = json_array();

	for (size_t i = 0; i < w->count; i++)
		json_array_append_new(out, late_json(c->node, &w->late[i]));
	return out;
}

/* Without a name, or with the word "list": what waits. */
static bool
only_lists(const struct op_call *c)
{
	const json_t *entries = json_object_get(c->params, "entry");
	const char *first = json_string_value(json_array_get(entries, 0));

	return param_text(c, "all") == NULL && (first == NULL || (json_array_size(entries) == 1 && strcmp(first, "list") == 0));
}

void
op_adopt(struct op_call *c)
{
	struct waiting w = { .call = c };
	bool lists = only_lists(c);

	if (node_each_late(c->node, keep_late, &w, &c->err) != ERR_OK || c->err.code != ERR_OK)
		;
	else if (lists)
		c->result = json_pack("{s:o}", "waiting", late_list(c, &w));
	else if (choose(c, &w) == ERR_OK && node_adopt(c->node, w.late, w.count, &c->err) == ERR_OK &&
	         op_commit(c) == ERR_OK)
		c->result = json_pack("{s:I,s:I,s:I}", "adopted", (json_int_t)w.count, "unread", (json_int_t)w.unread, "waiting_adoption",
		                      (json_int_t)node_late_count(c->node));
	if (c->err.code != ERR_OK && !lists)
		node_drop(c->node);
	mem_free(w.late);
	op_end(c);
}

/* ---- exposure ---- */

static bool
is_text(const json_t *line, const char *key, const char *text)
{
	const char *have = json_string_value(json_object_get(line, key));

	return strcmp(have != NULL ? have : "", text) == 0;
}

/* What one has written in one month about one site is one line, however many records it is about. */
static void
add_exposed(struct op_call *c, json_t *list, const struct node_exposure_late *l)
{
	char site[PLACE_BYTES], period[16];
	json_t *line, *found = NULL;
	size_t i;

	site_named_by(c, &l->record, site);
	snprintf(period, sizeof(period), "%04d-%02d", l->year, l->month);
	json_array_foreach(list, i, line) {
		if (is_text(line, "team", stream_name(c->node, &l->team)) && is_text(line, "site", site) &&
		    is_text(line, "by", node_author_name(c->node, &l->author)) && is_text(line, "period", period))
			found = line;
	}
	if (found != NULL)
		json_object_set_new(found, "entries", json_integer(json_integer_value(json_object_get(found, "entries")) + (json_int_t)l->entries));
	else
		json_array_append_new(list, json_pack("{s:s,s:o,s:s,s:s,s:I}", "team", stream_name(c->node, &l->team), "site",
		                                      site[0] != '\0' ? json_string(site) : json_null(), "by", node_author_name(c->node, &l->author),
		                                      "period", period, "entries", (json_int_t)l->entries));
}

static json_t *
exposure_json(struct op_call *c, const struct node_exposure *x)
{
	json_t *teams = json_array(), *late = json_array();
	struct node *n = c->node;
	char text[40];

	for (size_t i = 0; i < x->team_count; i++)
		json_array_append_new(teams, json_pack("{s:s,s:I,s:I}", "team", stream_name(n, &x->teams[i].team), "epochs",
		                                       (json_int_t)x->teams[i].epochs, "entries", (json_int_t)x->teams[i].readable));
	for (size_t i = 0; i < x->late_count; i++)
		add_exposed(c, late, &x->late[i]);
	return json_pack("{s:b,s:o,s:o,s:o,s:I}", "removed", x->removed, "removed_at",
	                 x->dated ? json_string(time_print(text, x->at_ms, 0)) : json_null(), "could_read", teams,
	                 "still_sealed_to_it", late, "teams_not_seen_here", (json_int_t)x->unseen_teams);
}

void
op_exposure(struct op_call *c)
{
	struct node_exposure x;
	const struct org_device *d;

	if (find_device(c, param_text(c, "exposure"), &d) == ERR_OK && node_exposure(c->node, &d->id, &x, &c->err) == ERR_OK) {
		c->result = exposure_json(c, &x);
		if (c->result != NULL) {
			json_object_set_new(c->result, "device", json_hex(d->id.b, 16));
			json_object_set_new(c->result, "name", json_string(node_device_name(c->node, &d->id)));
		}
		node_exposure_free(&x);
	}
	op_end(c);
}
