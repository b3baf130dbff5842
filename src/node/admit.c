/*
 * Membership: admitting and granting. Everything is written into the open batch; the caller commits.
 */
#include "node/root.h"

#include <assert.h>

#include "crypto/hc.h"
#include "node/node_internal.h"

enum err_code
node_append_control(struct node *n, const struct control_op *op, struct err *err)
{
	const struct stream_id control = control_stream(org_id(node_org(n)));
	struct buf payload = BUF_INIT;
	struct entry e;
	enum err_code rc;

	control_op_encode(&payload, op);
	rc = buf_ok(&payload) ? node_append(n, &control, op->kind, buf_bytes(&payload), &e, err) : err_plain(err, ERR_NO_MEMORY);
	buf_free(&payload);
	return rc;
}

enum err_code
node_must_coordinate(struct node *n, struct err *err)
{
	const struct org_device *self = node_self(n);

	if (!node_has_org(n))
		return err_set(err, ERR_REFUSED, "this home has not joined an organisation yet");
	if (self != NULL && self->gone)
		return node_say_removed(err);
	if (self == NULL || !self->coordinator)
		return err_set(err, ERR_REFUSED, "only a coordinator may do that");
	return ERR_OK;
}

/* ---- admitting ---- */

/* A person's second device gets the label of the first. */
static struct member_id
member_named(struct node *n, const char *name)
{
	struct member_id m;

	for (size_t i = 0; i < org_device_count(node_org(n)); i++) {
		const struct org_device *d = org_device_at(node_org(n), i);

		if (!d->gone && strcmp(node_member_name(n, &d->id), name) == 0)
			return d->member;
	}
	env_random(n->env, m.b, sizeof(m.b));
	return m;
}

static enum err_code
seal_names(struct node *n, const struct join_request *req, struct buf *out, struct err *err)
{
	const struct stream_id roster = roster_stream(org_id(node_org(n)));
	struct buf names = BUF_INIT;
	enum err_code rc = node_need_epoch(n, &roster, err);

	wr_array(&names, 2);
	wr_str(&names, req->member_name, strlen(req->member_name));
	wr_str(&names, req->device_name, strlen(req->device_name));
	if (rc == ERR_OK && !buf_ok(&names))
		rc = err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK)
		rc = vault_seal_name(n->vault, n->env, node_org(n), buf_bytes(&names), out, err);
	buf_wipe(&names);
	return rc;
}

/* By this device, or by the root. */
static enum err_code
append_by(struct node *n, const struct node_root *root, const struct control_op *op, struct err *err)
{
	return root != NULL ? node_append_as_root(n, root, op, err) : node_append_control(n, op, err);
}

/* At a hub's or an auditor's node, which reads no roster, the names stay out: a newcomer then says itself who it is. */
static enum err_code
append_admit(struct node *n, const struct node_root *root, const struct join_request *req, struct err *err)
{
	const struct stream_id roster = roster_stream(org_id(node_org(n)));
	struct control_op op = { .kind = KIND_ADMIT, .u.admit = req->keys };
	struct buf enc = BUF_INIT;
	enum err_code rc = ERR_OK;

	if (org_reads(node_org(n), &roster, &node_self(n)->id))
		rc = seal_names(n, req, &enc, err);
	op.u.admit.member = member_named(n, req->member_name);
	op.u.admit.enc_name = buf_bytes(&enc);
	if (rc == ERR_OK)
		rc = append_by(n, root, &op, err);
	buf_free(&enc);
	return rc;
}

static enum err_code
append_grant(struct node *n, const struct node_admission *a, const struct device_id *dev, uint8_t role, const struct stream_id *team, struct err *err)
{
	struct control_op op = { .kind = KIND_GRANT, .u.grant = { .dev = *dev, .role = role, .rank = RANK_NONE } };

	if (role == ROLE_COORDINATOR)
		op.u.grant.rank = a->root != NULL ? a->rank : (uint8_t)(node_self(n)->rank + 1);
	if (op.u.grant.rank > RANK_MAX && role == ROLE_COORDINATOR)
		return err_set(err, ERR_REFUSED, "the ranks of coordinators end at %d", RANK_MAX);
	op.u.grant.has_team = team != NULL;
	if (team != NULL)
		op.u.grant.team = *team;
	return append_by(n, a->root, &op, err);
}

static enum err_code
append_grants(struct node *n, const struct node_admission *a, const struct device_id *dev, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (a->role != ROLE_ADVISOR || a->team_count == 0)
		rc = append_grant(n, a, dev, a->role, NULL, err);
	for (size_t i = 0; i < a->team_count && rc == ERR_OK; i++)
		rc = append_grant(n, a, dev, ROLE_ADVISOR, &a->teams[i], err);
	return rc;
}

/* The roster's key and those of the teams, as far as we hold them. */
static enum err_code
give_all(struct node *n, const struct device_id *dev, const struct stream_id *teams, size_t team_count, struct err *err)
{
	const struct stream_id roster = roster_stream(org_id(node_org(n)));
	size_t given = 0;
	enum err_code rc = replica_evaluate(n->home.replica, err);

	if (rc == ERR_OK)
		rc = vault_refresh(n->vault, node_org(n), err);
	if (rc == ERR_OK)
		rc = node_give_key(n, &roster, dev, &given, err);
	for (size_t i = 0; i < org_team_count(node_org(n)) && rc == ERR_OK; i++) {
		struct stream_id box = org_team_at(node_org(n), i)->id;

		if (org_is_drop_box(node_org(n), &box)) /* a new coordinator reads the rows */
			rc = node_give_key(n, &box, dev, &given, err);
	}
	for (size_t i = 0; i < team_count && rc == ERR_OK; i++) {
		/* The first reader makes the team's first epoch before anybody needs it, so that those who join later share it. */
		if (org_reads(node_org(n), &teams[i], &node_self(n)->id))
			rc = node_need_epoch(n, &teams[i], err);
		if (rc == ERR_OK)
			rc = node_give_key(n, &teams[i], dev, &given, err);
	}
	return rc;
}

/*
 * Admitted as it is asked for now, and nothing by it has come yet: the welcome may have been lost, or never written, and
 * is sealed once more.
 */
static bool
waits_for_welcome(struct node *n, const struct join_request *req, const struct node_admission *a)
{
	const struct org_device *d = org_device_by_author(node_org(n), &req->keys.sign_pk);

	for (size_t i = 0; d != NULL && i < replica_log_count(n->home.replica); i++)
		if (SAME(replica_log_at(n->home.replica, i)->key.author, d->sign_pk))
			return false;
	return d != NULL && !d->gone && (a->role == ROLE_COORDINATOR ? d->coordinator : a->role == ROLE_AUDITOR ? d->auditor
	       : a->role == ROLE_HUB ? d->hub : d->advisor);
}

static enum err_code
check_request(struct node *n, const struct join_request *req, const struct node_admission *a, struct err *err)
{
	if (org_device_by_author(node_org(n), &req->keys.sign_pk) != NULL)
		return err_set(err, ERR_EXISTS, "that device has been admitted already; a removed one needs new keys");
	/* Links are told apart by it alone, and a request proves only its sign key: nobody may come in as somebody else. */
	if (org_device_by_noise(node_org(n), req->keys.noise_pk) != NULL)
		return err_set(err, ERR_EXISTS, "the request names the connection key of another device");
	if (a->role < ROLE_COORDINATOR || a->role > ROLE_HUB)
		return err_set(err, ERR_INVALID, "there is no such role");
	if (a->team_count > 0 && (a->role == ROLE_AUDITOR || a->role == ROLE_HUB))
		return err_set(err, ERR_INVALID, "an auditor or a hub reads no team");
	for (size_t i = 0; i < a->team_count; i++)
		if (org_team_by_id(node_org(n), &a->teams[i]) == NULL)
			return err_set(err, ERR_UNKNOWN, "there is no such team");
		else if (org_is_drop_box(node_org(n), &a->teams[i]))
			return err_set(err, ERR_REFUSED, "a drop-box takes no grants: advisors and coordinators write there, coordinators read");
	return ERR_OK;
}

static enum err_code
admit(struct node *n, const struct join_request *req, const struct node_admission *a, struct device_id *out, struct err *err)
{
	enum err_code rc;

	*out = device_id_of(&req->keys.sign_pk);
	if (waits_for_welcome(n, req, a))
		return ERR_OK;
	rc = check_request(n, req, a, err);
	if (rc == ERR_OK)
		rc = append_admit(n, a->root, req, err);
	if (rc == ERR_OK)
		rc = append_grants(n, a, out, err);
	if (rc == ERR_OK)
		rc = give_all(n, out, a->teams, a->team_count, err);
	if (rc == ERR_OK && org_device_by_id(node_org(n), out) == NULL)
		rc = err_set(err, ERR_REFUSED, "the request's keys do not prove each other");
	return rc;
}

enum err_code
node_admit(struct node *n, const struct join_request *req, uint8_t role, const struct stream_id *teams, size_t team_count,
           struct device_id *out, struct err *err)
{
	const struct node_admission a = { .role = role, .teams = teams, .team_count = team_count };
	enum err_code rc = node_must_coordinate(n, err);

	return rc == ERR_OK ? admit(n, req, &a, out, err) : rc;
}

static enum err_code
seal_welcome(struct node *n, const struct device_id *dev, struct buf *out, struct err *err)
{
	const struct org_device *d = org_device_by_id(node_org(n), dev);

	if (replica_lost(n->home.replica)) /* it shows no log: the welcome would be an empty one */
		return err_set(err, ERR_IO, "the store could not be read again after a failed write; close this program and open the home anew");
	if (d == NULL || d->gone)
		return err_set(err, ERR_UNKNOWN, "no admitted device has that id");
	return welcome_seal(&n->home, d, d->coordinator ? ROLE_COORDINATOR : d->auditor ? ROLE_AUDITOR : d->hub ? ROLE_HUB : ROLE_ADVISOR, out, err);
}

enum err_code
node_welcome(struct node *n, const struct device_id *dev, struct buf *out, struct err *err)
{
	enum err_code rc = node_must_coordinate(n, err);

	return rc == ERR_OK ? seal_welcome(n, dev, out, err) : rc;
}

enum err_code
node_root_admit(struct node *n, const struct join_request *req, const struct node_admission *a, struct device_id *out, struct err *err)
{
	assert(a->root != NULL); /* node_root_enter() gave it, to a node with an organisation */
	if (node_self(n)->gone)
		return node_say_removed(err);
	if (a->role == ROLE_COORDINATOR && (a->rank < 1 || a->rank > RANK_MAX))
		return err_set(err, ERR_INVALID, "the ranks of coordinators go from 1 to %d", RANK_MAX);
	return admit(n, req, a, out, err);
}

enum err_code
node_root_welcome(struct node *n, const struct node_root *root, const struct device_id *dev, struct buf *out, struct err *err)
{
	assert(root != NULL);
	return seal_welcome(n, dev, out, err);
}

enum err_code
node_team_add(struct node *n, const char *name, bool drop_box, struct stream_id *out, struct err *err)
{
	struct control_op op = { .kind = KIND_TEAM, .u.team = { .state = 1, .mode = drop_box ? 1 : 0 } };
	struct buf text = BUF_INIT, enc = BUF_INIT;
	struct stream_id roster;
	enum err_code rc = node_must_coordinate(n, err);

	if (rc != ERR_OK)
		return rc;
	if (strlen(name) == 0 || strlen(name) >= NAME_BYTES)
		return err_set(err, ERR_INVALID, "a team's name has 1 to %d bytes", NAME_BYTES - 1);
	roster = roster_stream(org_id(node_org(n)));
	env_random(n->env, op.u.team.team.b, sizeof(op.u.team.team.b));
	*out = op.u.team.team;
	rc = node_need_epoch(n, &roster, err);
	wr_str(&text, name, strlen(name));
	if (rc == ERR_OK)
		rc = vault_seal_name(n->vault, n->env, node_org(n), buf_bytes(&text), &enc, err);
	op.u.team.enc_name = buf_bytes(&enc);
	if (rc == ERR_OK)
		rc = node_append_control(n, &op, err);
	if (rc == ERR_OK)
		rc = replica_evaluate(n->home.replica, err);
	/* The first reader's epoch, so that those who write before they have met one need not make their own. */
	if (rc == ERR_OK && drop_box)
		rc = vault_refresh(n->vault, node_org(n), err);
	if (rc == ERR_OK && drop_box)
		rc = node_need_epoch(n, out, err);
	buf_wipe(&text);
	buf_free(&enc);
	return rc;
}

enum err_code
node_grant(struct node *n, const struct device_id *device, const struct stream_id *team_id, struct err *err)
{
	/* Copies: both may point into the organisation as it was evaluated last, and granting evaluates it anew. */
	const struct device_id copy = *device, *dev = &copy;
	const struct stream_id team_copy = *team_id, *team = &team_copy;
	const struct node_admission by_us = { .role = ROLE_ADVISOR };
	const struct org_device *d;
	enum err_code rc = node_must_coordinate(n, err);

	if (rc != ERR_OK)
		return rc;
	d = org_device_by_id(node_org(n), dev);
	if (d == NULL || d->gone)
		return err_set(err, ERR_UNKNOWN, "no admitted device has that id");
	if (org_team_by_id(node_org(n), team) == NULL)
		return err_set(err, ERR_UNKNOWN, "there is no such team");
	if (d->auditor || d->hub)
		return err_set(err, ERR_REFUSED, "an auditor or a hub reads no team");
	if (org_is_drop_box(node_org(n), team))
		return err_set(err, ERR_REFUSED, "a drop-box takes no grants: advisors and coordinators write there, coordinators read");
	if (org_reads(node_org(n), team, dev))
		return err_set(err, ERR_EXISTS, "that device belongs to the team already");
	rc = append_grant(n, &by_us, dev, ROLE_ADVISOR, team, err);
	return rc == ERR_OK ? give_all(n, dev, team, 1, err) : rc;
}
