/*
 * Asking for an erasure, and approving it. A request names what is held of a
 * group, entry by entry, found by opening all content once: what made a
 * record is not enough, for a change that lost to its twin is content too.
 */
#include "node/node_internal.h"

#include "base/mem.h"

/* ---- what belongs to a group ---- */

struct gather {
	struct node *n;
	const struct group_id *group;
	size_t log;
	struct erase_place *places;
	size_t place_count, place_cap, last_log; /* which log the last place is of: a run goes on within one */
	struct erase_case *about;
	uint64_t entries;
	bool too_many;
	enum err_code rc;
};

static void
add_place(struct gather *g, const struct entry *e)
{
	struct erase_place *last = g->place_count > 0 ? &g->places[g->place_count - 1] : NULL, *room;

	g->entries++;
	if (last != NULL && g->last_log == g->log && last->range.to + 1 == e->h.seq) {
		last->range.to++;
		memcpy(last->range.head16, e->id.b, sizeof(last->range.head16));
		return;
	}
	g->too_many = g->too_many || g->place_count == ERASE_RANGES_MAX;
	room = g->too_many ? NULL : mem_room(g->places, g->place_count, &g->place_cap, sizeof(*room));
	if (room == NULL) {
		g->rc = g->too_many ? ERR_REFUSED : ERR_NO_MEMORY;
		return;
	}
	g->places = room;
	last = &room[g->place_count++];
	*last = (struct erase_place){ e->h.author, e->h.stream, e->h.inc, { e->h.seq, e->h.seq, { 0 } } };
	memcpy(last->range.head16, e->id.b, sizeof(last->range.head16));
	g->last_log = g->log;
}

static void
add_record(struct gather *g, const struct record_id *record)
{
	struct erase_case *about = g->about;

	for (size_t i = about->record_count; i-- > 0;)
		if (SAME(about->records[i], *record))
			return;
	if (about->record_count == ERASE_RECORDS_MAX) {
		g->too_many = true;
		g->rc = ERR_REFUSED;
		return;
	}
	about->records[about->record_count++] = *record;
}

static bool
gather_entry(void *ctx, const struct entry *e)
{
	struct gather *g = ctx;
	struct record_id record;
	struct group_id group;
	uint64_t hlc;
	enum err_code rc = e->h.kind == KIND_DATA && e->has_payload ? vault_open(g->n->vault, &e->h, e->payload, &g->n->body, NULL) : ERR_UNKNOWN;

	if (rc == ERR_NO_MEMORY) /* it may be of the group */
		g->rc = rc;
	if (rc != ERR_OK)
		return rc != ERR_NO_MEMORY;
	if (!node_peek_body(buf_bytes(&g->n->body), &group, &record, &hlc) || !SAME(group, *g->group))
		return true;
	vault_bind_group(g->n->vault, &e->h, &group);
	add_place(g, e);
	if (g->rc == ERR_OK)
		add_record(g, &record);
	return g->rc == ERR_OK;
}

static bool
gather_key(void *ctx, const struct key_id *kid, const struct epoch_id *birth)
{
	struct gather *g = ctx;
	struct erase_case *about = g->about;

	g->too_many = g->too_many || about->key_count == ERASE_KEYS_MAX;
	if (g->too_many)
		g->rc = ERR_REFUSED;
	else
		about->keys[about->key_count++] = (struct erase_key){ *kid, *birth };
	return !g->too_many;
}

static enum err_code
too_many(struct err *err)
{
	return err_set(err, ERR_REFUSED, "there is more of it than one order can name");
}

static enum err_code
gather_group(struct gather *g, struct erase_request *q, struct err *err)
{
	struct replica *r = g->n->home.replica;
	enum err_code rc = ERR_OK;

	for (g->log = 0; g->log < replica_log_count(r) && rc == ERR_OK && g->rc == ERR_OK; g->log++) {
		const struct log_head *l = replica_log_at(r, g->log);

		if (org_team_by_id(node_org(g->n), &l->key.stream) != NULL)
			rc = replica_scan(r, g->log, 0, l->len, false, gather_entry, g, err);
	}
	if (rc == ERR_OK && g->rc == ERR_OK)
		vault_group_keys(g->n->vault, g->group, gather_key, g);
	if (rc != ERR_OK || g->rc != ERR_OK)
		return rc != ERR_OK ? rc : g->too_many ? too_many(err) : err_plain(err, g->rc);
	rc = erase_request_places(q, g->places, g->place_count, err);
	return rc == ERR_TOO_BIG ? too_many(err) : rc;
}

/* ---- asking ---- */

static enum err_code
append_control(struct node *n, uint8_t kind, struct buf *payload, struct hash *id, struct err *err)
{
	const struct stream_id control = control_stream(org_id(node_org(n)));
	struct entry e;
	enum err_code rc;

	rc = buf_ok(payload) ? node_append(n, &control, kind, buf_bytes(payload), &e, err) : err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK && id != NULL)
		*id = e.id;
	return rc;
}

static bool
asked_already(struct node *n, const struct group_id *group)
{
	const struct orders *orders = replica_orders(n->home.replica);
	struct buf keep = BUF_INIT;
	struct erase_case about;
	struct group_id image, clear;
	bool found = false;

	erase_image(image.b, group->b);
	for (size_t i = 0; i < orders_count(orders) && !found; i++) {
		const struct erase_order *o = orders_at(orders, i);

		if (!o->counts)
			continue;
		found = vault_order_group(o->request.box, &clear) ? SAME(clear, image)
		                                                  : node_open_order(n, o, &about, &keep, NULL) == ERR_OK && SAME(about.group, image);
	}
	buf_wipe(&keep);
	return found;
}

/* Seals what readers must know of it and writes the request. */
static enum err_code
append_request(struct node *n, const struct stream_id *team, const struct erase_case *about, struct erase_request *q,
               struct hash *id, struct err *err)
{
	struct buf content = BUF_INIT, box = BUF_INIT, payload = BUF_INIT;
	struct erase_case sealed = *about;
	enum err_code rc;

	erase_image(sealed.group.b, about->group.b);
	for (size_t i = 0; i < sealed.record_count; i++)
		erase_image(sealed.records[i].b, about->records[i].b);
	erase_case_encode(&content, &sealed);
	rc = buf_ok(&content) ? node_need_epoch(n, team, err) : err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK)
		rc = vault_seal_order(n->vault, n->env, team, &sealed.group, buf_bytes(&content), q->salt, &box, err);
	if (rc == ERR_OK) {
		q->box = buf_bytes(&box);
		erase_request_encode(&payload, q);
		rc = payload.len <= PAYLOAD_BYTES_MAX ? append_control(n, KIND_ERASE_REQ, &payload, id, err) : too_many(err);
	}
	buf_wipe(&content);
	buf_free(&box);
	buf_free(&payload);
	return rc;
}

enum err_code
node_order_erasure(struct node *n, const struct record_id *id, const char *reason, struct node_order *out, struct err *err)
{
	static const struct group_id open_group;
	struct erase_request q = { .log_count = 0 };
	struct erase_case about = { .reason = BYTES_STR(reason) };
	struct gather g = { .n = n, .group = &about.group, .about = &about };
	struct stream_id team;
	enum err_code rc = node_record(n, id, n->work, &team, err);

	if (rc != ERR_OK)
		return rc;
	about.group = *record_group(n->work);
	if (SAME(about.group, open_group))
		return err_set(err, ERR_REFUSED, "that record is an open fact that all share: it holds nobody's data, and is corrected rather than erased");
	if (about.reason.len == 0 || about.reason.len > ERASE_REASON_BYTES_MAX)
		return err_set(err, ERR_INVALID, "a reason has 1 to %d bytes", ERASE_REASON_BYTES_MAX);
	if (asked_already(n, &about.group))
		return err_set(err, ERR_EXISTS, "its erasure has been asked for already; `faltbok erase status` shows how far it is");
	rc = gather_group(&g, &q, err);
	mem_free(g.places);
	if (rc == ERR_OK)
		rc = append_request(n, &team, &about, &q, &out->id, err);
	out->entries = g.entries;
	out->records = about.record_count;
	q.box = BYTES_NONE;
	erase_request_free(&q);
	return rc;
}

/* ---- approving ---- */

struct alike { struct node *n; const struct group_id *image; bool all; enum err_code rc; };

static bool
is_alike(void *ctx, const struct entry *e)
{
	struct alike *a = ctx;
	struct record_id record;
	struct group_id group;
	uint64_t hlc;
	enum err_code rc = e->h.kind == KIND_DATA && e->has_payload ? vault_open(a->n->vault, &e->h, e->payload, &a->n->body, NULL) : ERR_UNKNOWN;

	if (rc == ERR_NO_MEMORY)
		a->rc = rc;
	if (rc == ERR_OK && node_peek_body(buf_bytes(&a->n->body), &group, &record, &hlc)) {
		erase_image(group.b, group.b);
		a->all = a->all && SAME(group, *a->image);
	}
	return a->all && a->rc == ERR_OK;
}

/* What is asked for by one person is looked at by the second, as far as this device can: is it that case and no other? */
static enum err_code
check_request(struct node *n, const struct erase_order *o, struct err *err)
{
	struct buf keep = BUF_INIT;
	struct erase_case about;
	struct group_id clear;
	struct alike a = { n, &about.group, true, ERR_OK };
	enum err_code rc = node_open_order(n, o, &about, &keep, NULL);

	if (rc == ERR_KEY && vault_order_group(o->request.box, &clear)) {
		a.image = &clear;
		rc = ERR_OK;
	}
	buf_wipe(&keep);
	/* Rows are nobody's data, and figures must not be unmade under the name of a case. */
	for (size_t i = 0; i < o->request.log_count; i++)
		if (org_is_drop_box(node_org(n), &o->request.logs[i].stream))
			return err_set(err, ERR_REFUSED, "the request names rows of a drop-box: statistics are no part of a case");
	if (rc == ERR_NO_MEMORY)
		return err_plain(err, rc);
	if (rc != ERR_OK) /* a coordinator who reads no case decides by what she is told */
		return ERR_OK;
	for (size_t i = 0; i < o->request.log_count && rc == ERR_OK; i++) {
		const struct erase_log *l = &o->request.logs[i];

		for (size_t k = 0; k < l->range_count && rc == ERR_OK; k++)
			rc = replica_scan_named(n->home.replica, l, &l->ranges[k], is_alike, &a, err);
	}
	if (rc == ERR_OK && a.rc != ERR_OK)
		return err_plain(err, a.rc);
	return rc == ERR_OK && !a.all ? err_set(err, ERR_REFUSED, "the request names entries of other cases than the one it says it is about") : rc;
}

enum err_code
node_approve_erasure(struct node *n, const struct hash *request, struct err *err)
{
	const struct orders *orders = replica_orders(n->home.replica);
	const struct erase_order *o = NULL;
	const struct org_device *asked;
	struct buf payload = BUF_INIT;
	enum err_code rc = node_must_coordinate(n, err);

	for (size_t i = 0; i < orders_count(orders) && o == NULL; i++)
		if (SAME(orders_at(orders, i)->id, *request))
			o = orders_at(orders, i);
	if (rc == ERR_OK && o == NULL)
		rc = err_set(err, ERR_UNKNOWN, "no request to erase has that id; `faltbok erase status` lists them");
	if (rc != ERR_OK)
		return rc;
	asked = org_device_by_author(node_org(n), &o->author);
	if (o->approved)
		return err_set(err, ERR_EXISTS, "that erasure has been approved already");
	if (!o->counts)
		return err_set(err, ERR_REFUSED, "that request is no longer in force, as its author was removed before it was heard of: ask for the erasure anew");
	if (SAME(asked->member, node_self(n)->member))
		return err_set(err, ERR_REFUSED, "an erasure takes two persons: somebody else must approve what you asked for");
	rc = check_request(n, o, err);
	erase_ok_encode(&payload, request);
	if (rc == ERR_OK)
		rc = append_control(n, KIND_ERASE_OK, &payload, NULL, err);
	buf_free(&payload);
	return rc;
}
