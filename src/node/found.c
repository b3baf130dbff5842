/*
 * Founding an organisation, and its programme profiles.
 *
 * GENESIS, ADMIT and the first GRANT stand in the root's own log; the root
 * key signs them and is gone. The first device's names cannot be in its
 * ADMIT: they are sealed under the roster's epoch, which only an admitted
 * device can make. They stand in the roster instead, said by the device itself.
 */
#include "node/node_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "crypto/hc.h"

enum {
	PIECE_BYTES = 40 << 10,         /* one OP_BLOB each; a profile that fits one OP_SET is written as text */
	PROFILE_BYTES_MAX = 8 << 20,
};

/* ---- founding ---- */

static enum err_code
append_as_root(struct node *n, const struct device_keys *root, const struct inc *inc, const struct stream_id *control,
               const struct control_op *op, struct err *err)
{
	struct buf payload = BUF_INIT;
	struct entry e;
	enum err_code rc;

	control_op_encode(&payload, op);
	rc = buf_ok(&payload) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK)
		rc = replica_append(n->home.replica, root, inc, control, op->kind, buf_bytes(&payload), &e, err);
	buf_free(&payload);
	return rc;
}

/* The three entries that make us the first coordinator. */
static enum err_code
write_root_log(struct node *n, const struct device_keys *root, struct genesis *g, struct err *err)
{
	const struct org_id org = org_id_of(g);
	const struct stream_id control = control_stream(&org);
	struct control_op op = { .kind = KIND_GENESIS };
	struct join_request self;
	struct inc inc;
	enum err_code rc;

	env_random(n->env, inc.b, sizeof(inc.b));
	op.u.genesis = *g;
	rc = replica_set_org(n->home.replica, &org, &root->sign_pk, err);
	if (rc == ERR_OK)
		rc = append_as_root(n, root, &inc, &control, &op, err);
	if (rc == ERR_OK)
		rc = home_self(&n->home, &self, err);
	if (rc != ERR_OK)
		return rc;
	op = (struct control_op){ .kind = KIND_ADMIT, .u.admit = self.keys };
	env_random(n->env, op.u.admit.member.b, sizeof(op.u.admit.member.b));
	if (rc == ERR_OK)
		rc = append_as_root(n, root, &inc, &control, &op, err);
	op = (struct control_op){ .kind = KIND_GRANT,
	                          .u.grant = { .dev = device_id_of(&n->home.keys->device.sign_pk), .role = ROLE_COORDINATOR, .rank = 1 } };
	if (rc == ERR_OK)
		rc = append_as_root(n, root, &inc, &control, &op, err);
	return rc == ERR_OK ? replica_evaluate(n->home.replica, err) : rc;
}

static void
draw_genesis(struct node *n, struct device_keys *root, struct genesis *g, bool escrow, struct node_seeds *seeds)
{
	struct author rotation_pk;
	struct seal_pair x;
	uint8_t sk[64];

	memset(g, 0, sizeof(*g));
	env_random(n->env, seeds, sizeof(*seeds));
	sign_pair_from_seed(root->sign_pk.b, root->sign_sk, seeds->root);
	sign_pair_from_seed(rotation_pk.b, sk, seeds->rotation);
	wipe(sk, sizeof(sk));
	g->suite = ENTRY_FMT;
	g->root_pk = root->sign_pk;
	env_random(n->env, g->nonce, sizeof(g->nonce));
	g->has_next_root = true;
	rotation_hash(g->next_root_hash, &rotation_pk);
	g->escrow = g->has_escrow_pk = escrow;
	if (!escrow)
		return;
	seal_pair_make(n->env, &x);
	memcpy(g->escrow_pk, x.pk, sizeof(g->escrow_pk));
	memcpy(seeds->escrow, x.sk, sizeof(seeds->escrow));
	wipe(&x, sizeof(x));
}

static void
text_value(struct buf *out, const char *text)
{
	wr_str(out, text, strlen(text));
}

static enum err_code
write_org_name(struct node *n, const char *name, struct err *err)
{
	static const struct record_id the_org;
	struct buf text = BUF_INIT;
	struct roster_op op;
	enum err_code rc;

	text_value(&text, name);
	op = (struct roster_op){ OP_SET, ROSTER_ORG_NAME, buf_bytes(&text) };
	rc = buf_ok(&text) ? node_write_roster(n, &the_org, &op, 1, err) : err_plain(err, ERR_NO_MEMORY);
	buf_free(&text);
	return rc;
}

static void
fill_keystore(struct node *n, const struct genesis *g, const char *member, const char *device)
{
	struct keystore *k = n->home.keys;

	k->org = org_id_of(g);
	k->root_pk = g->root_pk;
	k->role = ROLE_COORDINATOR;
	env_random(n->env, k->network[0].n, sizeof(k->network[0].n));
	k->network[0].retired_ms = 0;
	k->network_count = 1;
	(void)snprintf((char *)k->member_name, sizeof(k->member_name), "%s", member);
	(void)snprintf((char *)k->device_name, sizeof(k->device_name), "%s", device);
}

enum err_code
node_found(struct node *n, const char *org_name, const char *member, const char *device, struct bytes profile_json, bool escrow,
           struct node_seeds *seeds, struct err *err)
{
	struct device_keys *root = guard_alloc(sizeof(*root));
	struct genesis g;
	enum err_code rc = ERR_OK;

	if (root == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (node_has_org(n))
		rc = err_set(err, ERR_EXISTS, "this home belongs to an organisation already");
	if (rc != ERR_OK)
		goto out;
	draw_genesis(n, root, &g, escrow, seeds);
	rc = write_root_log(n, root, &g, err);
	if (rc == ERR_OK)
		rc = write_org_name(n, org_name, err);
	if (rc == ERR_OK)
		rc = node_write_own_names(n, member, device, err);
	if (rc == ERR_OK && profile_json.len > 0)
		rc = node_install_profile(n, profile_json, err);
	if (rc == ERR_OK) {
		/* Before the commit: an organisation whose network key is lost could never be joined. */
		fill_keystore(n, &g, member, device);
		rc = node_save_keystore(n, err);
	}
	if (rc == ERR_OK)
		rc = node_commit(n, err);
	if (rc != ERR_OK)
		node_drop(n);
out:
	guard_free(root);
	return rc;
}

/* ---- profiles ---- */

static enum err_code
write_pieces(struct node *n, const struct record_id *id, struct bytes json, struct err *err)
{
	size_t count = (json.len + PIECE_BYTES - 1) / PIECE_BYTES;
	struct buf value = BUF_INIT;
	uint8_t blob[16];
	enum err_code rc = ERR_OK;

	HC(blob, sizeof(blob), BYTES_NONE, "fb1/roster/blob", json);
	for (size_t i = 0; i < count && rc == ERR_OK; i++) {
		struct roster_op op = { .kind = OP_BLOB, .field = ROSTER_PROFILE };
		size_t at = i * PIECE_BYTES, len = json.len - at < PIECE_BYTES ? json.len - at : PIECE_BYTES;

		buf_clear(&value);
		wr_array(&value, 4);
		wr_bin(&value, blob, sizeof(blob));
		wr_uint(&value, i);
		wr_uint(&value, count);
		wr_bin(&value, json.p + at, len);
		op.value = buf_bytes(&value);
		rc = buf_ok(&value) ? node_write_roster(n, id, &op, 1, err) : err_plain(err, ERR_NO_MEMORY);
	}
	buf_free(&value);
	return rc;
}

/* The same profile installed on two devices at once is one record. */
static enum err_code
write_profile(struct node *n, const struct profile *p, struct bytes json, struct err *err)
{
	struct buf text = BUF_INIT, id_text = BUF_INIT, version = BUF_INIT;
	struct roster_op ops[3];
	struct record_id id;
	uint8_t be[4];
	size_t count = 2;
	enum err_code rc;

	be32_put(be, profile_version(p));
	HC(id.b, sizeof(id.b), BYTES_NONE, "fb1/roster/profile", BYTES_STR(profile_id(p)), BYTES(be, sizeof(be)));
	text_value(&id_text, profile_id(p));
	wr_uint(&version, profile_version(p));
	wr_str(&text, (const char *)json.p, json.len);
	ops[0] = (struct roster_op){ OP_SET, ROSTER_PROFILE_ID, buf_bytes(&id_text) };
	ops[1] = (struct roster_op){ OP_SET, ROSTER_PROFILE_VERSION, buf_bytes(&version) };
	if (json.len <= PIECE_BYTES)
		ops[count++] = (struct roster_op){ OP_SET, ROSTER_PROFILE, buf_bytes(&text) };
	rc = buf_ok(&text) && buf_ok(&id_text) && buf_ok(&version) ? node_write_roster(n, &id, ops, count, err)
	                                                            : err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK && json.len > PIECE_BYTES)
		rc = write_pieces(n, &id, json, err);
	buf_free(&text);
	buf_free(&id_text);
	buf_free(&version);
	return rc;
}

enum err_code
node_install_profile(struct node *n, struct bytes json, struct err *err)
{
	const struct org_device *self = node_self(n);
	struct profile *p = NULL;
	enum err_code rc;

	if (self == NULL || !self->coordinator || self->gone)
		return err_set(err, ERR_REFUSED, "only a coordinator installs a profile");
	if (json.len > PROFILE_BYTES_MAX)
		return err_set(err, ERR_TOO_BIG, "a profile has at most %d bytes", PROFILE_BYTES_MAX);
	rc = profile_parse(&p, json, err);
	if (rc == ERR_OK && n->profile != NULL && strcmp(profile_id(n->profile), profile_id(p)) == 0) {
		if (profile_version(p) <= profile_version(n->profile))
			rc = err_set(err, ERR_EXISTS, "version %u of profile %s is installed already", profile_version(n->profile), profile_id(p));
		else
			rc = profile_check_successor(n->profile, p, err);
	}
	if (rc == ERR_OK && profile_version(p) <= n->profile_unread) /* it would take back what a newer program said */
		rc = err_set(err, ERR_REFUSED, "version %u of the profile is installed, and this program is too old to read it; install a newer Fältbok first",
		             n->profile_unread);
	if (rc == ERR_OK)
		rc = write_profile(n, p, json, err);
	profile_free(p);
	return rc;
}

/* ---- what the roster says ---- */

struct roster_scan { struct node *n; struct profile *best; struct buf json, best_json; uint32_t unread; bool no_memory; };

static bool
by_coordinator(struct node *n, const struct value *v)
{
	const struct author *a = view_author(n->view, v->author);
	const struct org_device *d = a != NULL ? org_device_by_author(node_org(n), a) : NULL;

	return d != NULL && d->coordinator;
}

/* The JSON of a profile record: a text, or a blob in pieces. */
static bool
profile_text(const struct record *r, struct buf *out)
{
	const struct value *v;
	size_t count;
	struct rd rd;
	struct bytes text;

	buf_clear(out);
	if (record_blob(r, ROSTER_PROFILE, out))
		return true;
	v = record_values(r, ROSTER_PROFILE, &count);
	if (count == 0)
		return false;
	rd = rd_init(v[0].value);
	text = rd_str(&rd, PROFILE_BYTES_MAX);
	buf_clear(out);
	buf_put_bytes(out, text);
	return rd_end(&rd) && buf_ok(out);
}

static bool
newer(const struct profile *a, const struct profile *b)
{
	if (b == NULL || profile_version(a) != profile_version(b))
		return b == NULL || profile_version(a) > profile_version(b);
	return strcmp(profile_id(a), profile_id(b)) > 0;
}

static void
take_org_name(struct node *n, const struct record *r)
{
	size_t count;
	const struct value *v = record_values(r, ROSTER_ORG_NAME, &count);

	for (size_t i = 0; i < count; i++) {
		struct rd rd = rd_init(v[i].value);
		struct bytes name = rd_str(&rd, NAME_BYTES - 1);

		if (!rd_end(&rd) || !by_coordinator(n, &v[i]))
			continue;
		memcpy(n->org_name.text, name.p, name.len);
		n->org_name.text[name.len] = '\0';
		return;
	}
}

/* Once said it stays: what was written for practice must never become figures. */
static void
take_practice(struct node *n, const struct record *r)
{
	size_t count;
	const struct value *v = record_values(r, ROSTER_PRACTICE, &count);

	for (size_t i = 0; i < count; i++) {
		struct rd rd = rd_init(v[i].value);

		if (rd_peek(&rd) == RD_BOOL && rd_bool(&rd) && by_coordinator(n, &v[i]))
			n->practice = true;
	}
}

static void
note_unread(struct roster_scan *s, struct bytes version)
{
	struct rd rd = rd_init(version);
	uint64_t n = rd_uint(&rd, INT32_MAX);

	if (rd_end(&rd) && n > s->unread)
		s->unread = (uint32_t)n;
}

static bool
take_roster_record(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct roster_scan *s = ctx;
	unsigned long refused = mem_refusals();
	struct profile *p = NULL;
	const struct value *v;
	enum err_code rc;
	size_t count;
	bool whole;

	(void)team;
	take_org_name(s->n, r);
	take_practice(s->n, r);
	v = record_values(r, ROSTER_PROFILE_VERSION, &count);
	if (count == 0 || !by_coordinator(s->n, &v[0]))
		return true;
	whole = profile_text(r, &s->json);
	rc = whole ? profile_parse(&p, buf_bytes(&s->json), NULL) : ERR_UNKNOWN;
	s->no_memory = s->no_memory || (rc != ERR_OK && refused != mem_refusals());
	if (rc != ERR_OK) { /* one that this version cannot read, or whose pieces have not all come */
		if (whole)
			note_unread(s, v[0].value);
		return !s->no_memory;
	}
	if (newer(p, s->best)) {
		profile_free(s->best);
		s->best = p;
		buf_clear(&s->best_json);
		buf_put_bytes(&s->best_json, buf_bytes(&s->json));
		s->no_memory = !buf_ok(&s->best_json);
	} else {
		profile_free(p);
	}
	return true;
}

enum err_code
node_load_roster(struct node *n, struct err *err)
{
	struct roster_scan s = { .n = n };
	enum err_code rc;

	if (!node_has_org(n))
		return ERR_OK;
	n->org_name.text[0] = '\0';
	rc = view_each(n->view, ROSTER_TYPE, take_roster_record, &s, err);
	buf_free(&s.json);
	if (rc == ERR_OK && s.no_memory)
		rc = err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK)
		n->profile_unread = s.unread;
	if (rc != ERR_OK || s.best == NULL) {
		buf_free(&s.best_json);
		profile_free(s.best);
		return rc;
	}
	/* The one in use stays while it is the same: pointers to it are held by what is being written. */
	if (n->profile != NULL && strcmp(profile_id(n->profile), profile_id(s.best)) == 0 &&
	    profile_version(n->profile) == profile_version(s.best)) {
		buf_free(&s.best_json);
		profile_free(s.best);
		return ERR_OK;
	}
	buf_free(&n->profile_json);
	n->profile_json = s.best_json;
	view_set_profile(n->view, s.best);
	profile_free(n->profile);
	n->profile = s.best;
	return ERR_OK;
}
