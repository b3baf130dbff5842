/*
 * Rows of drop-boxes: statistics that writers cannot read back.
 *
 * Each change of a record that counts is written twice in one transaction:
 * whole in its team, and as a coded row in the drop-box. Rows are read by
 * coordinators only, into a view of their own, which knows no record.
 */
#include "node/node_internal.h"

#include "casework/marks.h"
#include "casework/rows.h"
#include "crypto/hc.h"

bool
node_drop_box(struct node *n, struct stream_id *out)
{
	const struct org *org = node_org(n);

	for (size_t i = 0; i < org_team_count(org); i++) { /* sorted by id */
		const struct org_team *t = org_team_at(org, i);

		if (t->mode == 1 && t->state == 1) {
			*out = t->id;
			return true;
		}
	}
	return false;
}

/* Who has been removed still reads what is here, as of cases; nothing newer is sealed to her. */
static bool
reads_rows(struct node *n)
{
	const struct org_device *self = node_self(n);
	const struct org *org = node_org(n);

	for (size_t i = 0; i < org_team_count(org) && self != NULL; i++)
		if (org_team_at(org, i)->mode == 1 && self->coordinator)
			return true;
	return false;
}

void
node_boxes(struct node *n, uint8_t out[16])
{
	const struct org *org = node_org(n);
	struct buf list = BUF_INIT;

	memset(out, 0, 16);
	buf_put_u8(&list, reads_rows(n));
	for (size_t i = 0; i < org_team_count(org); i++)
		if (org_team_at(org, i)->mode == 1)
			buf_put(&list, org_team_at(org, i)->id.b, 16);
	if (list.len > 1)
		HC(out, 16, BYTES_NONE, "fb1/boxes", buf_bytes(&list));
	buf_free(&list);
}

struct view *
node_rows(struct node *n)
{
	(void)node_view(n); /* in step with what is durable */
	return reads_rows(n) ? n->rows : NULL;
}

/* The record as this change left it: its mark may be a change of long ago. */
static bool
is_for_practice(struct node *n, const struct record_id *id)
{
	struct record *r = n->practice ? NULL : record_new(id);
	bool known, practice = r != NULL && node_now(n, id, r, NULL, &known, NULL) == ERR_OK && known && record_is_practice(r);

	record_free(r);
	return practice;
}

bool
node_counts(struct node *n, const struct change *c)
{
	const struct profile_type *type = profile_type_numbered(n->profile, c->type);
	struct stream_id box;

	return type != NULL && rows_wants(n->profile, type, c) && node_drop_box(n, &box) && !is_for_practice(n, &c->record);
}

enum err_code
node_open_row(struct node *n, const struct entry *e, struct buf *body, struct err *err)
{
	const struct org_device *self = node_self(n);
	enum err_code rc;

	if (self == NULL || !self->coordinator)
		return err_set(err, ERR_REFUSED, "only coordinators read the rows of a drop-box");
	rc = vault_open_drop(n->vault, &e->h, e->payload, body, err);
	if (rc == ERR_KEY && self->gone)
		return err_set(err, ERR_REFUSED, "it was written after this device was removed");
	return rc == ERR_OK ? rows_check(buf_bytes(body), &n->space, err) : rc;
}

/* ---- writing ---- */

struct origin_of { struct node *n; const struct record_id *record; };

/* In the open batch, else in the view. */
static bool
import_of(void *ctx, const uint8_t entry[16], uint8_t import[16])
{
	const struct origin_of *o = ctx;
	const uint64_t *at = table_get(o->n->touched_by_id, o->record->b);
	const struct buf *in = at != NULL ? &o->n->touched[*at].imports : NULL;

	for (size_t i = 0; in != NULL && i + 32 <= in->len; i += 32)
		if (memcmp(in->p + i, entry, 16) == 0) {
			memcpy(import, in->p + i + 16, 16);
			return true;
		}
	return view_import_of(o->n->view, o->record, entry, import);
}

static enum err_code
append_row(struct node *n, const struct stream_id *box, struct bytes row, struct err *err)
{
	struct buf payload = BUF_INIT;
	struct header next;
	struct entry e;
	enum err_code rc = node_need_epoch(n, box, err);

	if (rc == ERR_OK)
		rc = node_next(n, box, &next, err);
	if (rc == ERR_OK)
		rc = vault_seal_drop(n->vault, n->env, &next, row, &payload, err);
	if (rc == ERR_OK)
		rc = node_append(n, box, KIND_DATA, buf_bytes(&payload), &e, err);
	buf_free(&payload);
	return rc;
}

enum err_code
node_write_row(struct node *n, struct bytes body, const struct hash *entry, bool first, struct err *err)
{
	bool wrote;

	return node_write_row_told(n, body, entry, first, &wrote, err);
}

enum err_code
node_write_row_told(struct node *n, struct bytes body, const struct hash *entry, bool first, bool *wrote, struct err *err)
{
	struct change_space space = { .ops = NULL };
	const struct profile_type *t;
	struct origin_of o = { .n = n };
	struct buf row = BUF_INIT;
	struct stream_id box;
	struct change c;
	bool told = false;
	enum err_code rc = change_decode(&c, body, &space, err);

	*wrote = false;
	if (rc == ERR_OK && node_counts(n, &c) && node_drop_box(n, &box)) {
		t = profile_type_numbered(n->profile, c.type);
		o.record = &c.record;
		rc = rows_encode(&row, &told, n->profile, t, &c, entry->b, import_of, &o, err);
		*wrote = rc == ERR_OK && (told || (first && rows_has_type(t)));
		if (*wrote)
			rc = append_row(n, &box, buf_bytes(&row), err);
	}
	change_space_free(&space);
	buf_wipe(&row);
	return rc == ERR_OK ? ERR_OK : err_wrap(err, "writing its row");
}
