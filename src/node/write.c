/*
 * The open batch. What is written stands in the replica's open transaction
 * at once and in the view after the commit; until then the records touched
 * are kept here as they will be, so that a later change of the same batch
 * replaces an earlier one instead of conflicting with it.
 */
#include "node/node_internal.h"

#include "base/mem.h"
#include "base/plant.h"
#include "crdt/hlc.h"

enum { EPOCH_REMOVAL = 1, EPOCH_SHRED = 2 }; /* proto/vault.md, 3; a first epoch needs no reason */

/* ---- records of the batch ---- */

void
node_forget_batch(struct node *n)
{
	size_t at = 0;
	const void *key;

	for (size_t i = 0; i < n->touched_count; i++) {
		buf_wipe(&n->touched[i].state);
		buf_wipe(&n->touched[i].imports);
	}
	n->touched_count = 0;
	while (table_next(n->touched_by_id, &at, &key, NULL))
		(void)table_del(n->touched_by_id, key);
}

enum err_code
node_now(struct node *n, const struct record_id *id, struct record *out, struct stream_id *team, bool *known, struct err *err)
{
	const uint64_t *at = table_get(n->touched_by_id, id->b);
	struct err why = ERR_INIT;
	enum err_code rc = node_catch_up(n, err);

	*known = true;
	if (rc != ERR_OK)
		return rc;
	if (at != NULL) {
		const struct touched *t = &n->touched[*at];

		if (team != NULL)
			*team = t->team;
		record_reset(out, id);
		return record_decode(out, buf_bytes(&t->state), err);
	}
	rc = view_get(n->view, id, out, team, &why);
	if (rc == ERR_UNKNOWN) {
		*known = false;
		record_reset(out, id);
		return ERR_OK;
	}
	if (rc != ERR_OK && err != NULL)
		*err = why;
	return rc;
}

enum err_code
node_record(struct node *n, const struct record_id *id, struct record *out, struct stream_id *team, struct err *err)
{
	bool known;
	enum err_code rc = node_now(n, id, out, team, &known, err);

	return rc == ERR_OK && !known ? err_set(err, ERR_UNKNOWN, "no record has that id") : rc;
}

/* Applies the change just appended to `now` and keeps the result. */
static enum err_code
touch(struct node *n, struct record *now, bool known, const struct stream_id *stream, const struct stream_id *team,
      struct bytes body, const struct entry *e, struct err *err)
{
	struct change_space space = { .ops = NULL };
	struct origin from;
	struct change c;
	struct touched *room;
	uint64_t *at;
	enum err_code rc = change_decode(&c, body, &space, err);

	if (rc == ERR_OK)
		rc = view_author_number(n->view, &e->h.author, &from.author, err);
	memcpy(from.entry, e->id.b, sizeof(from.entry));
	if (rc == ERR_OK)
		rc = record_apply(now, &c, &from, err);
	change_space_free(&space); /* the ops; the rest of `c` stays */
	if (rc != ERR_OK)
		return rc;
	at = table_get(n->touched_by_id, record_id_of(now)->b);
	if (at == NULL) {
		room = mem_room(n->touched, n->touched_count, &n->touched_cap, sizeof(*room));
		if (room != NULL)
			n->touched = room;
		at = room != NULL ? table_put(n->touched_by_id, record_id_of(now)->b) : NULL;
		if (at == NULL)
			return err_plain(err, ERR_NO_MEMORY);
		room[n->touched_count] = (struct touched){ .id = *record_id_of(now), .team = known ? *team : *stream };
		*at = n->touched_count++;
	}
	if (c.has_import) {
		buf_put(&n->touched[*at].imports, from.entry, sizeof(from.entry));
		buf_put(&n->touched[*at].imports, c.import, sizeof(c.import));
	}
	buf_clear(&n->touched[*at].state);
	record_encode(&n->touched[*at].state, now);
	return buf_ok(&n->touched[*at].state) && buf_ok(&n->touched[*at].imports) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

/* ---- epochs ---- */

/*
 * proto/store.md, 4: this device has written twice at one place, by a copied
 * machine or a restored image. Both histories stay; from here on it writes in
 * logs of a new incarnation, which the keystore must know before they do.
 */
enum err_code
node_fresh_incarnation(struct node *n, struct err *err)
{
	env_random(n->env, n->home.keys->inc.b, sizeof(n->home.keys->inc.b));
	return home_save_keystore(&n->home, err);
}

/*
 * A log opened under a right that was withdrawn is cut for good. Who has been
 * given the right again writes in a log of a new incarnation, under the new one.
 */
static bool
opened_under_another_right(struct node *n, const struct header *next)
{
	const struct device_id self = device_id_of(&next->author);
	const struct org_grant *g = org_grant_for(node_org(n), &next->stream, &self);
	struct log_key key = { .author = next->author, .stream = next->stream, .inc = next->inc };
	bool box = org_is_drop_box(node_org(n), &next->stream);
	struct buf keep = BUF_INIT;
	struct control_op op;
	struct entry e;
	bool other = false;
	size_t log;

	if (n->right[box].known && n->right[box].generation == org_generation(node_org(n)) && log_key_equal(&n->right[box].log, &key))
		return false;
	if (g == NULL || SAME(next->stream, control_stream(org_id(node_org(n)))) || org_limit(node_org(n), &key) > next->seq ||
	    !replica_log_find(n->home.replica, &key, &log))
		return false;
	if (replica_entry(n->home.replica, log, 0, &e, &keep, NULL) == ERR_OK && e.has_payload && e.h.kind == KIND_TEAM_OPEN &&
	    control_op_decode(&op, KIND_TEAM_OPEN, e.payload, NULL) == ERR_OK) {
		other = !op.u.open.has_grant || !SAME(op.u.open.grant, g->id);
		control_op_free(&op);
	}
	buf_free(&keep);
	/* A log opened in this very batch is not evaluated yet: its OPEN need not be read before each of its entries. */
	n->right[box].known = !other;
	n->right[box].log = key;
	n->right[box].generation = org_generation(node_org(n));
	return other;
}

/* Others have told that our log forked, before the other history has come here: what we wrote behind that place counts for nobody. */
static bool
told_to_have_forked(struct node *n, const struct header *next)
{
	const struct log_key key = { .author = next->author, .stream = next->stream, .inc = next->inc };

	return node_has_org(n) && org_fork_point(node_org(n), &key) <= next->seq;
}

enum err_code
node_next(struct node *n, const struct stream_id *stream, struct header *next, struct err *err)
{
	enum err_code rc = replica_next(n->home.replica, &n->home.keys->device, &n->home.keys->inc, stream, next, err);
	bool forked = rc == ERR_FORK || (rc == ERR_OK && told_to_have_forked(n, next));

	if (!forked && (rc != ERR_OK || !node_has_org(n) || !opened_under_another_right(n, next)))
		return rc;
	if (forked) {
		n->home.moved = true;
		(void)err_forgive(err);
	}
	rc = node_fresh_incarnation(n, err);
	return rc == ERR_OK ? replica_next(n->home.replica, &n->home.keys->device, &n->home.keys->inc, stream, next, err) : rc;
}

enum err_code
node_append(struct node *n, const struct stream_id *stream, uint8_t kind, struct bytes payload, struct entry *out, struct err *err)
{
	struct header next;
	enum err_code rc = node_next(n, stream, &next, err); /* so that a log that has forked is not written on */

	return rc == ERR_OK ? replica_append(n->home.replica, &n->home.keys->device, &n->home.keys->inc, stream, kind, payload, out, err) : rc;
}

enum err_code
node_append_keytables(struct node *n, const struct stream_id *stream, make_keytable *make, struct err *err)
{
	struct buf payload = BUF_INIT;
	enum err_code rc = ERR_OK;
	bool more = true;
	size_t at = 0;

	while (rc == ERR_OK && more) {
		struct header next;
		struct entry e;

		rc = node_next(n, stream, &next, err);
		if (rc == ERR_OK)
			rc = make(n->vault, n->env, &next, &at, &more, &payload, err);
		if (rc == ERR_OK)
			rc = node_append(n, stream, KIND_KEYTABLE, buf_bytes(&payload), &e, err);
	}
	buf_free(&payload);
	return rc;
}

static enum err_code
append_epoch(struct node *n, const struct stream_id *stream, struct err *err)
{
	struct buf payload = BUF_INIT;
	struct epoch_id id;
	struct entry e;
	enum err_code rc;

	node_leave_out_waiting(n, stream);
	rc = vault_make_epoch(n->vault, n->env, node_org(n), stream,
	                      vault_shreds(n->vault, stream) ? EPOCH_SHRED : EPOCH_REMOVAL, &payload, err);
	if (rc == ERR_OK)
		rc = node_append(n, stream, KIND_EPOCH, buf_bytes(&payload), &e, err);
	/* The OPEN before it makes our log count: the org must know of it. */
	if (rc == ERR_OK)
		rc = replica_evaluate(n->home.replica, err);
	if (rc == ERR_OK)
		rc = vault_learn(n->vault, node_org(n), &e, err);
	if (rc == ERR_OK) {
		memcpy(id.b, e.id.b, sizeof(id.b));
		vault_learned_open(n->vault, &id);
		rc = vault_refresh(n->vault, node_org(n), err);
	}
	buf_free(&payload);
	return rc;
}

enum err_code
node_say_removed(struct err *err)
{
	return err_set(err, ERR_REFUSED, "this device has been removed from the organisation; what is here can be read and exported, "
	               "and nothing is added to it any more");
}

/* A reader of a drop-box writes under an epoch that a reader made: those of writers are for the time until one comes by. */
static bool
has_epoch(struct node *n, const struct stream_id *stream)
{
	if (!vault_can_write(n->vault, stream))
		return false;
	return !org_is_drop_box(node_org(n), stream) || vault_by_reader(n->vault, stream) || node_self(n) == NULL ||
	       !org_reads(node_org(n), stream, &node_self(n)->id);
}

enum err_code
node_need_epoch(struct node *n, const struct stream_id *stream, struct err *err)
{
	enum err_code rc;

	if (node_self(n) != NULL && node_self(n)->gone)
		return node_say_removed(err);
	if (!n->rights_stale && has_epoch(n, stream))
		return ERR_OK;
	/* Removals of the open transaction count as well: nothing may be sealed to whom we know to be gone. */
	rc = replica_evaluate(n->home.replica, err);
	if (rc == ERR_OK)
		rc = vault_refresh(n->vault, node_org(n), err);
	n->rights_stale = n->rights_stale && rc != ERR_OK;
	if (rc != ERR_OK || has_epoch(n, stream))
		return rc;
	if (!node_has_org(n))
		return err_set(err, ERR_REFUSED, "this home has not joined an organisation yet");
	rc = append_epoch(n, stream, err);
	if (rc == ERR_OK && !vault_can_write(n->vault, stream))
		return err_set(err, ERR_REFUSED, "this device may not write in that team");
	if (rc == ERR_OK && vault_preferred_n(n->vault, stream) > 1 && !org_is_drop_box(node_org(n), stream))
		rc = node_append_keytables(n, stream, vault_make_keytable, err); /* so that the new epoch alone opens the whole live history */
	return rc;
}

/* ---- changes ---- */

/* Seals `body` and appends it; `now` is the record before, and becomes the record after. */
static enum err_code
append_change(struct node *n, const struct stream_id *stream, const struct group_id *group, struct bytes body,
              struct record *now, bool known, const struct stream_id *team, struct hash *entry, struct err *err)
{
	struct buf payload = BUF_INIT;
	struct header next;
	struct entry e;
	enum err_code rc;

	rc = node_next(n, stream, &next, err);
	if (rc == ERR_OK)
		rc = vault_seal(n->vault, n->env, &next, group, body, &payload, err);
	if (rc == ERR_OK)
		rc = node_append(n, stream, KIND_DATA, buf_bytes(&payload), &e, err);
	if (rc == ERR_OK) {
		vault_sealed(n->vault, &e, false);
		rc = touch(n, now, known, stream, team, body, &e, err);
		if (rc != ERR_OK) /* later changes would not know of this one: better none than half */
			replica_drop(n->home.replica);
	}
	if (rc == ERR_OK && entry != NULL)
		*entry = e.id;
	buf_free(&payload);
	return rc;
}

enum err_code
node_write(struct node *n, const struct stream_id *team_id, struct draft *d, struct hash *entry, struct err *err)
{
	const struct stream_id stream = *team_id, *team = &stream; /* it may point into the org, which is evaluated anew here */
	struct buf body = BUF_INIT;
	struct stream_id in = *team;
	struct hash id;
	bool known;
	enum err_code rc;

	if (n->profile == NULL)
		return err_set(err, ERR_REFUSED, "no programme profile is installed yet");
	rc = node_tell_forks(n, err);
	if (rc == ERR_OK)
		rc = node_now(n, &d->record, n->work, &in, &known, err);
	if (rc == ERR_OK)
		rc = node_need_epoch(n, team, err);
	if (rc == ERR_OK) {
		draft_group(d, known ? n->work : NULL);
		if (node_is_erased(n, &d->record, &d->group))
			rc = err_set(err, ERR_REFUSED, "that record has been erased, and nothing brings it back");
	}
	if (rc == ERR_OK)
		rc = node_mark_practice(n, d, known, err);
	if (rc == ERR_OK)
		rc = draft_encode(d, known ? n->work : NULL, profile_version(n->profile),
		                  hlc_next(&n->hlc, n->env->ops->wall_ms(n->env)), &body, err);
	if (rc == ERR_OK)
		rc = append_change(n, team, &d->group, buf_bytes(&body), n->work, known, &in, &id, err);
	if (rc == ERR_OK) {
		rc = node_write_row(n, buf_bytes(&body), &id, !known, err);
		if (rc != ERR_OK) /* both or neither */
			replica_drop(n->home.replica);
	}
	if (rc == ERR_OK && entry != NULL)
		*entry = id;
	buf_wipe(&body);
	return rc;
}

enum err_code
node_write_roster(struct node *n, const struct record_id *id, const struct roster_op *ops, size_t count, struct err *err)
{
	const struct stream_id roster = roster_stream(org_id(node_org(n)));
	struct op *list = mem_zero(count, sizeof(*list));
	struct dot **over = mem_zero(count, sizeof(*over));
	struct change c = { .v = CHANGE_V, .record = *id, .type = ROSTER_TYPE, .ops = list, .op_count = count };
	struct stream_id in = roster;
	struct buf body = BUF_INIT;
	bool known;
	enum err_code rc = list != NULL && over != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);

	if (rc == ERR_OK)
		rc = node_now(n, id, n->work, &in, &known, err);
	for (size_t i = 0; i < count && rc == ERR_OK; i++) {
		list[i] = (struct op){ .kind = ops[i].kind, .field = ops[i].field, .value = ops[i].value };
		/* Pieces of a blob stand beside each other; only what they are not pieces of is replaced. */
		if (known && ops[i].kind == OP_SET)
			rc = record_over(n->work, ops[i].field, BYTES_NONE, &over[i], &list[i].over_count, err);
		list[i].over = over[i];
	}
	if (rc == ERR_OK)
		rc = node_need_epoch(n, &roster, err);
	if (rc == ERR_OK) {
		c.hlc = hlc_next(&n->hlc, n->env->ops->wall_ms(n->env));
		change_encode(&body, &c);
		rc = buf_ok(&body) ? append_change(n, &roster, &c.group, buf_bytes(&body), n->work, known, &in, NULL, err)
		                   : err_plain(err, ERR_NO_MEMORY);
	}
	for (size_t i = 0; i < count && over != NULL; i++)
		mem_free(over[i]);
	mem_free(over);
	mem_free(list);
	buf_wipe(&body);
	return rc;
}

/* ---- ending a batch ---- */

enum err_code
node_commit(struct node *n, struct err *err)
{
	if (PLANTED(1) && n->touched_count > 0 && replica_pending(n->home.replica) < 4096)
		return ERR_OK;
	return replica_commit(n->home.replica, err); /* the hook does the rest */
}

void
node_drop(struct node *n)
{
	replica_drop(n->home.replica);
	node_forget_batch(n); /* the hook has, unless nothing had been written */
}
