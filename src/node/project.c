/*
 * From durable entries to vault and view.
 *
 * Each log is read from where the last projection stopped: keys are learned
 * on the way, content collects in a batch that is opened and folded at once.
 * Applying an entry twice changes nothing, so a projection that fails part of
 * the way is simply run again. What a removal or an adoption takes effect on
 * is compared per log before anything new is read; when what had been applied
 * is no longer what counts, the view is built anew.
 */
#include "node/node_internal.h"
#include "node/removal.h"
#include "store/netkey.h"

#include <stdlib.h>

#include "base/mem.h"
#include "crypto/hc.h"

/* ---- what counts ---- */

struct effect
node_effect_of(struct node *n, size_t log, uint64_t upto)
{
	const struct org *org = replica_org(n->home.replica);
	const struct log_key *key = &replica_log_at(n->home.replica, log)->key;
	struct effect e = { .limit = org_limit(org, key) };
	struct buf beyond = BUF_INIT;

	if (e.limit >= upto) {
		e.limit = UINT64_MAX;
		return e;
	}
	for (uint64_t seq = e.limit; seq < upto; seq++)
		if (org_effective(org, key, seq))
			buf_put_be64(&beyond, seq);
	HC(e.beyond, sizeof(e.beyond), BYTES_NONE, "fb1/effect", buf_bytes(&beyond));
	buf_free(&beyond);
	return e;
}

static bool
same_effect(const struct effect *a, const struct effect *b)
{
	return a->limit == b->limit && memcmp(a->beyond, b->beyond, sizeof(a->beyond)) == 0;
}

/* False when something that was projected no longer counts, or something that was passed over does now. */
static bool
still_counts(struct node *n)
{
	for (size_t i = 0; i < n->progress_count; i++) {
		struct progress *p = &n->progress[i];
		struct effect now;

		if (p->upto > replica_log_at(n->home.replica, i)->len)
			return false; /* a fork has cut it short */
		now = node_effect_of(n, i, p->upto);
		if (!same_effect(&now, &p->effect))
			return false;
	}
	return true;
}

/* Until it is done, every projection begins with it. */
static enum err_code
start_over(struct node *n, struct err *err)
{
	n->news.more = n->start_over = true;
	if (view_clear(n->view, err) != ERR_OK || view_clear(n->rows, err) != ERR_OK)
		return ERR_NO_MEMORY;
	vault_doubt_cases(n->vault);
	for (size_t i = 0; i < n->progress_count; i++)
		n->progress[i] = (struct progress){ .upto = 0, .effect = { .limit = UINT64_MAX } };
	for (size_t i = 0; i < n->own_count; i++)
		n->own[i].count = 0;
	n->waiting_count = 0;
	n->late_count = 0;
	n->damaged = 0;
	n->had_snapshot = n->start_over = false;
	n->roster_changed = true;
	return ERR_OK;
}

enum err_code
node_make_progress_room(struct node *n, struct err *err)
{
	while (n->progress_count < replica_log_count(n->home.replica)) {
		struct progress *room = mem_room(n->progress, n->progress_count, &n->progress_cap, sizeof(*room));

		if (room == NULL)
			return err_plain(err, ERR_NO_MEMORY);
		n->progress = room;
		room[n->progress_count++] = (struct progress){ .upto = 0, .effect = { .limit = UINT64_MAX } };
	}
	return ERR_OK;
}

/* ---- reading ---- */

/* What is new in each log, or as much of it as is read at once. */
static enum err_code
scan_new(struct node *n, struct err *err)
{
	struct span *spans = mem_alloc((n->progress_count + 1) * sizeof(*spans));
	uint64_t left = n->slice == 0 ? UINT64_MAX : n->slice;
	size_t count = 0;
	enum err_code rc;

	if (spans == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < n->progress_count; i++) {
		struct progress *p = &n->progress[i];
		uint64_t len = replica_log_at(n->home.replica, i)->len, new = p->upto < len ? len - p->upto : 0;

		new = new < left ? new : left;
		left -= new;
		p->to = p->upto < len ? p->upto + new : len;
		if (new > 0)
			spans[count++] = (struct span){ i, p->upto, p->to };
	}
	rc = node_scan(n, spans, count, err);
	mem_free(spans);
	return rc == ERR_OK && n->item_count > 0 ? node_fold_batch(n, err) : rc;
}

static int
row_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Tries what waited once more, in runs of neighbours. What still does not open waits on. */
static enum err_code
scan_waiting(struct node *n, struct err *err)
{
	uint64_t *rows = n->waiting;
	size_t count = n->waiting_count, span_count = 0;
	struct span *spans = mem_alloc((count + 1) * sizeof(*spans));
	enum err_code rc;

	n->waiting = NULL;
	n->waiting_count = n->waiting_cap = 0;
	qsort(rows, count, sizeof(*rows), row_order);
	for (size_t i = 0, next; i < count && spans != NULL; i = next) {
		uint64_t from = rows[i] & ((UINT64_C(1) << SEQ_BITS) - 1), to = from + 1;
		size_t log = (size_t)(rows[i] >> SEQ_BITS);

		for (next = i + 1; next < count && rows[next] <= rows[next - 1] + 1; next++)
			to = (rows[next] & ((UINT64_C(1) << SEQ_BITS) - 1)) + 1;
		if (log < replica_log_count(n->home.replica))
			spans[span_count++] = (struct span){ log, from, to };
	}
	rc = spans != NULL ? node_scan(n, spans, span_count, err) : err_plain(err, ERR_NO_MEMORY);
	mem_free(spans);
	if (rc == ERR_OK && n->item_count > 0)
		rc = node_fold_batch(n, err);
	for (size_t i = 0; i < count && rc != ERR_OK; i++) /* nothing may be forgotten */
		if (node_add_waiting(n, rows[i], NULL) != ERR_OK)
			break;
	mem_free(rows);
	return rc;
}

/* ---- a projection ---- */

/* What a projection that goes only so far leaves for the next. */
uint64_t
node_unread(struct node *n)
{
	uint64_t left = 0;

	for (size_t i = 0; i < replica_log_count(n->home.replica); i++) {
		uint64_t len = replica_log_at(n->home.replica, i)->len, to = i < n->progress_count ? n->progress[i].to : 0;

		left += to < len ? len - to : 0;
	}
	return left;
}

/* Reads on from where the last projection stopped. */
static enum err_code
read_on(struct node *n, struct err *err)
{
	const struct org *org = replica_org(n->home.replica);
	enum err_code rc;

	rc = node_make_progress_room(n, err);
	if (rc == ERR_OK)
		rc = scan_new(n, err);
	/* While a home is being opened, the keys are likely to come in what is still to be read. */
	while (rc == ERR_OK && n->waiting_count > 0 && node_unread(n) == 0 && (n->retry || vault_news(n->vault) != n->news_tried)) {
		n->retry = false;
		n->news_tried = vault_news(n->vault);
		rc = scan_waiting(n, err);
	}
	if (node_unread(n) == 0)
		n->news_tried = vault_news(n->vault);
	if (rc == ERR_OK && n->keys_learned)
		rc = vault_refresh(n->vault, org, err);
	return rc;
}

static enum err_code
read_all(struct node *n, struct err *err)
{
	uint8_t boxes[16];
	bool erased = false, reread;
	enum err_code rc = ERR_OK;

	node_boxes(n, boxes);
	reread = memcmp(boxes, n->boxes, sizeof(boxes)) != 0;
	memcpy(n->boxes, boxes, sizeof(boxes));
	if (n->control_changed || n->keys_learned)
		rc = node_bury_orders(n, &erased, err);
	if (rc == ERR_OK && (n->control_changed || erased))
		rc = vault_refresh(n->vault, replica_org(n->home.replica), err);
	if (rc != ERR_OK) {
		n->start_over = n->start_over || reread || erased; /* neither is told twice */
		return rc;
	}
	if (n->start_over || reread || (n->control_changed && !still_counts(n)))
		rc = start_over(n, err);
	else if (erased)
		rc = node_forget_buried(n, err);
	if (rc != ERR_OK)
		return rc;
	do {
		rc = read_on(n, err);
		/* Keys just learned may have opened an order. What had been shown before is then read once more, without it. */
		erased = false;
		if (rc == ERR_OK && n->keys_learned)
			rc = node_bury_orders(n, &erased, err);
		if (rc == ERR_OK && erased)
			rc = node_forget_buried(n, err);
		if (rc == ERR_OK && erased) {
			if (n->start_over)
				rc = start_over(n, err);
			if (rc == ERR_OK)
				rc = vault_refresh(n->vault, replica_org(n->home.replica), err);
		}
	} while (rc == ERR_OK && erased);
	if (rc == ERR_OK && node_unread(n) == 0)
		vault_settle_cases(n->vault);
	return rc;
}

/*
 * The log can teach every key again, so a keystore that cannot be written now is no loss, only work for later. Tombstones are not
 * written before the snapshot is gone that still shows what they bury: node_shred_files() writes them.
 */
static void
save_keys(struct node *n)
{
	struct err err = ERR_INIT;

	if (!n->shred_files && vault_keystore_dirty(n->vault) && node_save_keystore(n, &err) != ERR_OK)
		env_logf(n->env, "%s", err.text);
}

enum err_code
node_project(struct node *n, struct err *err)
{
	struct err why = ERR_INIT;
	enum err_code rc;

	n->behind = true;
	n->now_ms = n->env->ops->wall_ms(n->env);
	node_clear_batch(n);
	rc = read_all(n, err);
	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < n->progress_count; i++) {
		struct progress *p = &n->progress[i];

		if (p->upto == p->to && !n->control_changed)
			continue;
		p->upto = p->to;
		p->effect = node_effect_of(n, i, p->to);
	}
	if (n->roster_changed || n->control_changed || n->keys_learned)
		node_forget_names(n);
	n->news.members = n->news.members || n->roster_changed || n->control_changed || n->keys_learned;
	n->news.profile = n->news.profile || n->roster_changed;
	if (n->roster_changed)
		rc = node_load_roster(n, err);
	if (rc != ERR_OK)
		return rc;
	n->control_changed = n->rights_stale = n->keys_learned = n->roster_changed = false;
	n->behind = node_unread(n) > 0;
	save_keys(n);
	if (node_shred_files(n, &why) != ERR_OK) /* a full disk can still be read; no receipt is written until it is done */
		env_logf(n->env, "forgetting what was erased: %s", why.text);
	return ERR_OK;
}

enum err_code
node_show_own_late(struct node *n, bool on, struct err *err)
{
	if (on == n->own_late || node_self(n) == NULL || !node_self(n)->gone)
		return ERR_OK;
	n->own_late = on;
	n->start_over = true;
	return node_project(n, err);
}

enum err_code
node_catch_up(struct node *n, struct err *err)
{
	return n->behind ? node_project(n, err) : ERR_OK;
}

/* ---- the replica's hook ---- */

static void
stored(void *ctx, size_t log, const struct entry *e)
{
	struct node *n = ctx;

	n->stored_any = true;
	if (!n->opening)
		node_gather_stored(n, log, e->h.seq);
	if (kind_is_control(e->h.kind) || e->h.kind == KIND_TEAM_OPEN || e->h.kind == KIND_ADOPT)
		n->control_changed = n->rights_stale = true;
	/* What it deletes may have been waiting for its key: that waits no more. */
	n->retry = n->retry || e->h.kind == KIND_ERASE_OK || e->h.kind == KIND_RECEIPT;
	if (log < n->progress_count && e->h.seq < n->progress[log].upto) { /* its payload has come late */
		n->retry = true;
		if (node_add_waiting(n, (uint64_t)log << SEQ_BITS | e->h.seq, NULL) != ERR_OK)
			n->progress[log].upto = e->h.seq; /* reading more than needed does no harm */
	}
}

static void
committed(void *ctx)
{
	struct node *n = ctx;
	struct err err = ERR_INIT;

	vault_committed(n->vault);
	node_forget_batch(n);
	if (n->opening) { /* it is read with the rest */
		if (n->stored_any && n->on_change != NULL)
			n->on_change(n->on_change_ctx);
		n->stored_any = false;
		return;
	}
	/* What is durable is saved, whether or not it can be shown yet: the next call tries again. */
	if (node_project(n, &err) != ERR_OK) {
		env_logf(n->env, "showing what is saved: %s", err.text);
		node_gather_short(n); /* who brought it is forgotten here, and not that something came */
	}
	node_gather_committed(n);
	if (home_learn_network(&n->home, NULL, &err) != ERR_OK)
		env_logf(n->env, "taking up a network key: %s", err.text);
	n->host.network_count = n->home.keys->network_count;
	node_finish_erasures(n);
	if (n->stored_any && n->on_change != NULL)
		n->on_change(n->on_change_ctx);
	n->stored_any = false;
	n->news = (struct node_news){ .count = 0 };
}

static void
dropped(void *ctx)
{
	struct node *n = ctx;
	struct err err = ERR_INIT;

	n->control_changed = true; /* the org is another object now */
	n->forks_untold = true;    /* what told of one may have gone with the batch */
	n->right[0].known = n->right[1].known = false;
	n->stored_any = false;
	node_gather_committed(n);
	vault_dropped(n->vault);
	node_forget_batch(n);
	if (vault_refresh(n->vault, replica_org(n->home.replica), &err) != ERR_OK)
		env_logf(n->env, "after a dropped batch: %s", err.text);
}

static void
split(void *ctx, size_t from, size_t to, uint64_t seq)
{
	struct node *n = ctx;

	(void)from, (void)to, (void)seq;
	n->control_changed = true; /* lengths are compared, and one is shorter now */
	n->forks_untold = true;
}

const struct replica_hook node_hook_template = { .stored = stored, .committed = committed, .dropped = dropped, .split = split };
