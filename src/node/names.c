/*
 * Who is called what. A coordinator's word in the ADMIT comes first; what a
 * device says of itself in the roster fills in for the first device, which
 * has no other; then the first digits of the id. Found names are kept until
 * the next change of roster, keys or membership.
 */
#include "node/node_internal.h"

#include <stdio.h>
#include <strings.h>

#include "base/mem.h"

enum name_kind { NAME_DEVICE = 1, NAME_MEMBER, NAME_TEAM };

void
node_forget_names(struct node *n)
{
	size_t at = 0;
	const void *key;
	uint64_t *value;

	while (table_next(n->names, &at, &key, &value)) {
		mem_free((void *)(uintptr_t)*value);
		(void)table_del(n->names, key);
	}
}

static bool
take_text(struct rd *r, struct name *out)
{
	struct bytes s = rd_str(r, NAME_BYTES - 1);

	if (r->bad || s.len == 0)
		return false;
	memcpy(out->text, s.p, s.len);
	out->text[s.len] = '\0';
	return true;
}

/* [member, device] in the ADMIT, or one name in a TEAM. */
static bool
from_sealed(struct node *n, struct bytes enc, enum name_kind kind, struct name *out)
{
	struct buf plain = BUF_INIT;
	struct name other;
	struct rd r;
	bool ok = enc.len > 0 && vault_open_name(n->vault, enc, &plain, NULL) == ERR_OK;

	r = rd_init(buf_bytes(&plain));
	if (ok && kind == NAME_TEAM) {
		ok = take_text(&r, out);
	} else if (ok) {
		rd_array(&r, 2);
		ok = take_text(&r, kind == NAME_MEMBER ? out : &other);
		ok = ok && (kind == NAME_MEMBER || take_text(&r, out));
	}
	buf_wipe(&plain);
	return ok;
}

/* Only what the device says of itself. *told: it says something. */
static enum err_code
from_roster(struct node *n, const struct device_id *dev, enum name_kind kind, struct name *out, bool *told, struct err *err)
{
	static const struct record_id none;
	struct record *r = record_new(&none);
	enum err_code rc = ERR_NO_MEMORY;
	struct record_id id;
	const struct value *v;
	size_t count = 0;

	*told = false;
	memcpy(id.b, dev->b, sizeof(id.b));
	rc = r == NULL ? err_plain(err, rc) : view_get(n->view, &id, r, NULL, err);
	if (rc != ERR_OK || record_type(r) != ROSTER_TYPE) {
		record_free(r);
		return rc == ERR_UNKNOWN ? err_forgive(err) : rc;
	}
	v = record_values(r, kind == NAME_MEMBER ? ROSTER_MEMBER_NAME : ROSTER_DEVICE_NAME, &count);
	for (size_t i = 0; i < count && !*told; i++) {
		const struct author *a = view_author(n->view, v[i].author);
		struct device_id by = a != NULL ? device_id_of(a) : (struct device_id){ { 0 } };
		struct rd rd = rd_init(v[i].value);

		*told = SAME(by, *dev) && take_text(&rd, out);
	}
	record_free(r);
	return ERR_OK;
}

static bool
find_name(struct node *n, enum name_kind kind, const uint8_t id[16], struct name *out)
{
	const struct org_team *t;
	const struct org_device *d;
	struct err unread = ERR_INIT;
	struct stream_id team;
	struct device_id dev, self;
	bool told;

	memcpy(team.b, id, 16);
	memcpy(dev.b, id, 16);
	if (kind == NAME_TEAM) {
		t = org_team_by_id(node_org(n), &team);
		return t != NULL && from_sealed(n, t->enc_name, kind, out);
	}
	d = org_device_by_id(node_org(n), &dev);
	if (d != NULL && from_sealed(n, d->enc_name, kind, out))
		return true;
	if (from_roster(n, &dev, kind, out, &told, &unread) == ERR_OK && told)
		return true;
	self = device_id_of(&n->home.keys->device.sign_pk);
	if (!SAME(self, dev))
		return false;
	(void)snprintf(out->text, sizeof(out->text), "%s",
	               (const char *)(kind == NAME_MEMBER ? n->home.keys->member_name : n->home.keys->device_name));
	return out->text[0] != '\0';
}

static const char *
name_of(struct node *n, enum name_kind kind, const uint8_t id[16])
{
	static char digits[8][9]; /* when there is no memory to keep it better */
	static unsigned slot;
	unsigned long refused = mem_refusals();
	struct name *name;
	uint8_t key[17];
	uint64_t *at;
	bool found;

	key[0] = (uint8_t)kind;
	memcpy(key + 1, id, 16);
	at = table_get(n->names, key);
	if (at != NULL)
		return ((struct name *)(uintptr_t)*at)->text;
	name = mem_zero(1, sizeof(*name));
	at = name != NULL ? table_put(n->names, key) : NULL;
	if (at == NULL) {
		mem_free(name);
		return hex_encode(digits[slot++ % 8], id, 4);
	}
	*at = (uint64_t)(uintptr_t)name;
	found = node_has_org(n) && find_name(n, kind, id, name);
	if (!found && refused != mem_refusals()) { /* nobody has looked: it is asked again the next time */
		mem_free(name);
		(void)table_del(n->names, key);
		return hex_encode(digits[slot++ % 8], id, 4);
	}
	if (!found)
		(void)hex_encode(name->text, id, 4);
	return name->text;
}

const char *
node_device_name(struct node *n, const struct device_id *dev)
{
	return name_of(n, NAME_DEVICE, dev->b);
}

const char *
node_member_name(struct node *n, const struct device_id *dev)
{
	return name_of(n, NAME_MEMBER, dev->b);
}

const char *
node_author_name(struct node *n, const struct author *a)
{
	struct device_id dev = device_id_of(a);

	return node_device_name(n, &dev);
}

const char *
node_team_name(struct node *n, const struct stream_id *team)
{
	struct stream_id roster;

	if (node_has_org(n)) {
		roster = roster_stream(org_id(node_org(n)));
		if (SAME(roster, *team))
			return "roster";
	}
	return name_of(n, NAME_TEAM, team->b);
}

const char *
node_org_name(struct node *n)
{
	if (n->org_name.text[0] == '\0')
		(void)hex_encode(n->org_name.text, n->home.keys->org.b, 4);
	return n->org_name.text;
}

bool
node_team_named(struct node *n, const char *name_or_id, struct stream_id *out)
{
	uint8_t prefix[16] = { 0 };
	int digits = hex_prefix(prefix, sizeof(prefix), name_or_id);
	size_t found = 0;

	for (size_t i = 0; i < org_team_count(node_org(n)); i++) {
		const struct org_team *t = org_team_at(node_org(n), i);
		char id[33];

		if (strcmp(node_team_name(n, &t->id), name_or_id) == 0) {
			*out = t->id;
			return true;
		}
		(void)hex_encode(id, t->id.b, 16);
		if (digits >= 6 && strncasecmp(id, name_or_id, (size_t)digits) == 0) {
			*out = t->id;
			found++;
		}
	}
	return found == 1;
}

/* "Dalby, Genarp": the live teams this device reads. */
static size_t
own_teams(struct node *n, struct stream_id *last, struct buf *names)
{
	const struct org_device *self = node_self(n);
	size_t count = 0;

	for (size_t i = 0; self != NULL && i < org_team_count(node_org(n)); i++) {
		const struct org_team *t = org_team_at(node_org(n), i);

		if (t->state != 1 || t->mode != 0 || !org_reads(node_org(n), &t->id, &self->id))
			continue;
		buf_printf(names, "%s%s", count++ > 0 ? ", " : "", node_team_name(n, &t->id));
		*last = t->id;
	}
	return count;
}

enum err_code
node_team_for(struct node *n, const struct record_id *record, const char *team, struct stream_id *out, struct err *err)
{
	struct buf names = BUF_INIT;
	struct stream_id last = { { 0 } }, of;
	enum err_code rc = ERR_OK;
	bool known = false;
	size_t count;

	if (record != NULL) {
		rc = node_now(n, record, n->work, &of, &known, err);
		if (rc != ERR_OK)
			return rc;
	}
	if (known && team == NULL) {
		*out = of;
		return ERR_OK;
	}
	count = own_teams(n, &last, &names);
	if (team != NULL && node_team_named(n, team, out)) {
		if (known && !SAME(of, *out))
			rc = err_set(err, ERR_INVALID, "that record belongs to team %s", node_team_name(n, &of));
	} else if (team != NULL) {
		rc = err_set(err, ERR_INVALID, "there is no team \"%s\"; this device has: %s", team, count > 0 ? buf_str(&names) : "none");
	} else if (count == 0 && node_self(n) != NULL && node_self(n)->gone) {
		rc = node_say_removed(err);
	} else if (count == 0) {
		rc = err_set(err, ERR_REFUSED, "this device belongs to no team");
	} else if (count > 1) {
		rc = err_set(err, ERR_INVALID, "say which team: %s", buf_str(&names));
	} else {
		*out = last;
	}
	buf_free(&names);
	return rc;
}

enum err_code
node_write_own_names(struct node *n, const char *member, const char *device, struct err *err)
{
	const struct device_id self = device_id_of(&n->home.keys->device.sign_pk);
	struct buf person = BUF_INIT, machine = BUF_INIT;
	struct roster_op ops[2];
	struct record_id id;
	enum err_code rc;

	wr_str(&person, member, strlen(member));
	wr_str(&machine, device, strlen(device));
	memcpy(id.b, self.b, sizeof(id.b));
	ops[0] = (struct roster_op){ OP_SET, ROSTER_MEMBER_NAME, buf_bytes(&person) };
	ops[1] = (struct roster_op){ OP_SET, ROSTER_DEVICE_NAME, buf_bytes(&machine) };
	rc = buf_ok(&person) && buf_ok(&machine) ? node_write_roster(n, &id, ops, 2, err) : err_plain(err, ERR_NO_MEMORY);
	buf_free(&person);
	buf_free(&machine);
	return rc;
}

/* Whoever admitted it could not write names: the trustees at a hub. It says them itself as soon as it can write in the roster. */
enum err_code
node_tell_own_names(struct node *n, struct err *err)
{
	const struct org_device *self = node_self(n);
	const struct stream_id roster = roster_stream(org_id(node_org(n)));
	struct name name;
	enum err_code rc;
	bool told;

	if (self->enc_name.len > 0 || !org_reads(node_org(n), &roster, &self->id) || !vault_can_write(n->vault, &roster))
		return ERR_OK;
	rc = from_roster(n, &self->id, NAME_DEVICE, &name, &told, err);
	if (rc != ERR_OK || told)
		return rc;
	return node_write_own_names(n, (const char *)n->home.keys->member_name, (const char *)n->home.keys->device_name, err);
}
