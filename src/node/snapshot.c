/*
 * HOME/view.snap: the view and the vault's case keys, sealed, so that an
 * unlock need not open every entry again.
 *
 *   salt32 ‖ chunk ‖ chunk …    XChaCha20-Poly1305 under HC(32, snapshot key, "fb1/snapshot", salt),
 *                               nonce = be64 index ‖ last? ‖ 0…: chunks cannot be cut off, moved or mixed
 *
 * It is a cache: whatever does not fit the store as it is now is thrown away
 * without a word, and the view is built from the entries.
 */
#include "node/node_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/plant.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/seal.h"

enum { SNAPSHOT_V = 4, SALT_BYTES = 32, CHUNK_BYTES = 256 << 10, SNAPSHOT_BYTES_MAX = 1 << 30, ROWS_MAX = 1 << 26 };

/* ---- sealing ---- */

static void
chunk_nonce(uint8_t nonce[XNONCE_BYTES], uint64_t index, bool last)
{
	memset(nonce, 0, XNONCE_BYTES);
	be64_put(nonce, index);
	nonce[8] = last;
}

static void
snapshot_key(const struct keystore *keys, const uint8_t *salt, uint8_t out[32])
{
	HC(out, 32, BYTES(keys->snapshot_key, 32), "fb1/snapshot", BYTES(salt, SALT_BYTES));
}

static bool
seal_chunks(struct node *n, struct bytes plain, struct buf *out)
{
	uint8_t salt[SALT_BYTES], key[32], nonce[XNONCE_BYTES];
	bool ok = true;

	env_random(n->env, salt, sizeof(salt));
	snapshot_key(n->home.keys, salt, key);
	buf_put(out, salt, sizeof(salt));
	if (PLANTED(5))
		buf_put_bytes(out, plain);
	for (uint64_t i = 0; ok && i * CHUNK_BYTES < plain.len; i++) {
		size_t at = (size_t)i * CHUNK_BYTES, left = plain.len - at, len = left < CHUNK_BYTES ? left : CHUNK_BYTES;

		chunk_nonce(nonce, i, len == left);
		ok = aead_seal(out, key, nonce, BYTES_NONE, BYTES(plain.p + at, len));
	}
	wipe(key, sizeof(key));
	return ok && buf_ok(out);
}

static bool
open_chunks(const struct keystore *keys, struct bytes file, struct buf *out)
{
	uint8_t key[32], nonce[XNONCE_BYTES];
	bool ok = file.len > SALT_BYTES + AEAD_TAG_BYTES;
	size_t at = SALT_BYTES;

	if (!ok)
		return false;
	snapshot_key(keys, file.p, key);
	for (uint64_t i = 0; ok && at < file.len; i++) {
		size_t left = file.len - at, len = left < CHUNK_BYTES + AEAD_TAG_BYTES ? left : CHUNK_BYTES + AEAD_TAG_BYTES;

		chunk_nonce(nonce, i, len == left);
		ok = aead_open(out, key, nonce, BYTES_NONE, BYTES(file.p + at, len));
		at += len;
	}
	wipe(key, sizeof(key));
	return ok && buf_ok(out);
}

/* ---- marks: what the image was made from ---- */

static void
put_rows(struct buf *out, const uint64_t *rows, size_t count)
{
	wr_array(out, count);
	for (size_t i = 0; i < count; i++)
		wr_uint(out, rows[i]);
}

static bool
get_rows(struct rd *r, uint64_t **rows, size_t *count, size_t *cap)
{
	size_t wanted = rd_array_any(r, ROWS_MAX);

	mem_free(*rows);
	*count = *cap = 0;
	*rows = mem_alloc(wanted * sizeof(**rows));
	if (*rows == NULL)
		return false;
	*cap = wanted;
	while (*count < wanted && !r->bad)
		(*rows)[(*count)++] = rd_uint(r, UINT64_MAX);
	return !r->bad;
}

/* How many groups and records nobody may show. */
static uint64_t
stones(const struct node *n)
{
	const struct keystore *ks = n->home.keys;
	uint64_t count = 0;

	for (size_t i = 0; i < ks->tombstone_count; i++)
		count += ks->tombstones[i].kind == TOMB_GROUP || ks->tombstones[i].kind == TOMB_RECORD;
	return count;
}

/* [v, org, stones, boxes, hlc, damaged, [[log8, upto, head, limit, beyond]…], waiting, [[log, base, others]…], vault] */
static void
put_marks(struct node *n, struct buf *out)
{
	wr_array(out, 10);
	wr_uint(out, SNAPSHOT_V);
	WR_FIXED(out, n->home.keys->org);
	wr_uint(out, stones(n));
	wr_bin(out, n->boxes, sizeof(n->boxes));
	wr_uint(out, n->hlc);
	wr_uint(out, n->damaged);
	wr_array(out, n->progress_count);
	for (size_t i = 0; i < n->progress_count; i++) {
		const struct log_head *l = replica_log_at(n->home.replica, i);

		wr_array(out, 5);
		WR_FIXED(out, l->short_id);
		wr_uint(out, n->progress[i].upto);
		WR_FIXED(out, l->head);
		wr_uint(out, n->progress[i].effect.limit);
		wr_bin(out, n->progress[i].effect.beyond, 16);
	}
	put_rows(out, n->waiting, n->waiting_count);
	wr_array(out, n->own_count);
	for (size_t i = 0; i < n->own_count; i++) {
		wr_array(out, 3);
		wr_uint(out, n->own[i].log);
		wr_uint(out, n->own[i].any ? n->own[i].base + 1 : 0);
		put_rows(out, n->own[i].others, n->own[i].count);
	}
	vault_encode(n->vault, out);
}

/* Is the log still one that begins with what was projected, and does the same of it count? */
static bool
log_fits(struct node *n, size_t log, const struct log8 *short_id, uint64_t upto, const struct hash *head,
         const struct effect *effect)
{
	const struct log_head *l;
	struct effect now;
	struct entry e;

	if (log >= replica_log_count(n->home.replica))
		return false;
	l = replica_log_at(n->home.replica, log);
	if (!SAME(l->short_id, *short_id) || l->len < upto)
		return false;
	if (l->len == upto && !SAME(l->head, *head))
		return false;
	if (l->len > upto && upto > 0 &&
	    (replica_entry(n->home.replica, log, upto - 1, &e, &n->read_payload, NULL) != ERR_OK || !SAME(e.id, *head)))
		return false;
	now = node_effect_of(n, log, upto);
	return now.limit == effect->limit && memcmp(now.beyond, effect->beyond, sizeof(now.beyond)) == 0;
}

static bool
get_progress(struct node *n, struct rd *r)
{
	size_t count = rd_array_any(r, ROWS_MAX);

	if (count > replica_log_count(n->home.replica) || node_make_progress_room(n, NULL) != ERR_OK)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct progress *p = &n->progress[i];
		struct log8 short_id;
		struct hash head;

		rd_array(r, 5);
		RD_FIXED(r, short_id);
		p->upto = rd_uint(r, UINT64_MAX);
		RD_FIXED(r, head);
		p->effect.limit = rd_uint(r, UINT64_MAX);
		rd_bin(r, p->effect.beyond, 16);
		if (r->bad || !log_fits(n, i, &short_id, p->upto, &head, &p->effect))
			return false;
	}
	return true;
}

static bool
get_own(struct node *n, struct rd *r)
{
	size_t count = rd_array_any(r, ROWS_MAX);

	for (size_t i = 0; i < count && !r->bad; i++) {
		struct own_log *o;
		uint64_t log, base;

		rd_array(r, 3);
		log = rd_uint(r, UINT32_MAX);
		base = rd_uint(r, UINT64_MAX);
		if (r->bad || log >= replica_log_count(n->home.replica))
			return false;
		o = node_own_log(n, (size_t)log);
		if (o == NULL || !get_rows(r, &o->others, &o->count, &o->cap))
			return false;
		o->any = base > 0;
		o->base = base > 0 ? base - 1 : 0;
	}
	return !r->bad;
}

static bool
get_marks(struct node *n, struct bytes marks)
{
	struct rd r = rd_init(marks);
	struct org_id org;

	rd_array(&r, 10);
	if (rd_uint(&r, 255) != SNAPSHOT_V)
		return false;
	RD_FIXED(&r, org);
	if (r.bad || !SAME(org, n->home.keys->org))
		return false;
	/* Tombstones are for ever: of another number, it may show what has been buried since, and goes with its key. */
	if (rd_uint(&r, UINT64_MAX) != stones(n) && !PLANTED(20)) {
		n->shred_files = true;
		return false;
	}
	rd_bin(&r, n->boxes, sizeof(n->boxes));
	n->hlc = rd_uint(&r, UINT64_MAX);
	n->damaged = (size_t)rd_uint(&r, SIZE_MAX);
	return get_progress(n, &r) && get_rows(&r, &n->waiting, &n->waiting_count, &n->waiting_cap) && get_own(n, &r) &&
	       vault_decode(n->vault, &r, NULL) == ERR_OK && rd_end(&r);
}

/* ---- the file ---- */

static void
snapshot_path(const char *home, char out[4096])
{
	(void)snprintf(out, 4096, "%s/view.snap", home);
}

/* be64 length of the first ‖ the view, with the marks ‖ the rows */
static enum err_code
image_of(struct node *n, struct bytes marks, struct buf *out, struct err *err)
{
	struct buf part = BUF_INIT;
	enum err_code rc = view_serialize(n->view, marks, &part, err);

	if (rc == ERR_OK) {
		buf_put_be64(out, part.len);
		buf_put_bytes(out, buf_bytes(&part));
		buf_wipe(&part);
		rc = view_serialize(n->rows, BYTES_NONE, &part, err);
		buf_put_bytes(out, buf_bytes(&part));
	}
	buf_wipe(&part);
	return rc == ERR_OK && !buf_ok(out) ? err_plain(err, ERR_NO_MEMORY) : rc;
}

/* ---- reading it, apart from any node ---- */

struct node_image { struct view *view, *rows; struct buf marks; };

void
node_image_free(struct node_image *i)
{
	if (i == NULL)
		return;
	view_free(i->view);
	view_free(i->rows);
	buf_wipe(&i->marks);
	mem_free(i);
}

static bool
take_apart(struct node_image *i, struct bytes image)
{
	struct buf none = BUF_INIT;
	uint64_t len = image.len >= 8 ? be64_get(image.p) : 0;
	bool ok = image.len >= 8 && len <= image.len - 8 && view_deserialize(i->view, BYTES(image.p + 8, len), &i->marks, NULL) == ERR_OK &&
	          view_deserialize(i->rows, BYTES(image.p + 8 + len, image.len - 8 - len), &none, NULL) == ERR_OK;

	buf_wipe(&none);
	return ok;
}

struct node_image *
node_image_read(struct env *env, const char *home, const struct keystore *keys)
{
	struct buf file = BUF_INIT, image = BUF_INIT;
	struct node_image *i = NULL;
	char path[4096];
	bool ok;

	snapshot_path(home, path);
	if (!env->files->exists(env, path))
		return NULL;
	ok = env->files->read(env, path, SNAPSHOT_BYTES_MAX, &file, NULL) == ERR_OK && open_chunks(keys, buf_bytes(&file), &image);
	buf_free(&file);
	i = ok ? mem_zero(1, sizeof(*i)) : NULL;
	if (i != NULL) {
		i->view = view_new(env, NULL);
		i->rows = view_new(env, NULL);
		ok = i->view != NULL && i->rows != NULL && take_apart(i, buf_bytes(&image));
	}
	buf_wipe(&image);
	if (ok && i != NULL)
		return i;
	node_image_free(i);
	return NULL;
}

enum err_code
node_save_snapshot(struct node *n, struct err *err)
{
	struct buf marks = BUF_INIT, image = BUF_INIT, file = BUF_INIT;
	struct err why = ERR_INIT;
	char path[4096];
	enum err_code rc = node_catch_up(n, err);

	/* Its marks say what the log holds, which nobody knows before it is opened anew: there may be no log in memory at all. */
	if (rc == ERR_OK && replica_failed(n->home.replica))
		rc = err_set(err, ERR_IO, "saving the snapshot of the view: a write has failed before: open the home anew");
	if (rc != ERR_OK)
		return rc;
	/* With its full text, so that whoever opens it need not make it. */
	if (view_index_now(n->view, &why) != ERR_OK)
		env_logf(n->env, "the full text: %s", why.text);
	put_marks(n, &marks);
	rc = buf_ok(&marks) ? image_of(n, buf_bytes(&marks), &image, err) : err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK && !seal_chunks(n, buf_bytes(&image), &file))
		rc = err_plain(err, ERR_NO_MEMORY);
	buf_wipe(&image);
	buf_wipe(&marks);
	snapshot_path(n->home.path, path);
	if (rc == ERR_OK)
		rc = n->env->files->replace(n->env, path, buf_bytes(&file), err);
	if (rc == ERR_OK) {
		n->since_snapshot = 0;
		n->had_snapshot = true;
	} else {
		err_wrap(err, "saving the snapshot of the view");
	}
	buf_free(&file);
	return rc;
}

/* Back to nothing: the vault as the keystore makes it (NULL without memory), an empty view. */
static void
reset(struct node *n)
{
	vault_free(n->vault);
	n->vault = vault_new(n->home.keys, NULL);
	n->start_over = view_clear(n->view, NULL) != ERR_OK || view_clear(n->rows, NULL) != ERR_OK;
	memset(n->boxes, 0, sizeof(n->boxes));
	n->progress_count = n->waiting_count = 0;
	for (size_t i = 0; i < n->own_count; i++)
		mem_free(n->own[i].others);
	n->own_count = 0;
	n->hlc = 0;
	n->damaged = 0;
}

bool
node_take_image(struct node *n, struct node_image *image)
{
	struct err err = ERR_INIT;
	char path[4096];

	if (image != NULL) {
		view_free(n->view);
		view_free(n->rows);
		n->view = image->view;
		n->rows = image->rows;
		image->view = image->rows = NULL;
		if (get_marks(n, buf_bytes(&image->marks)))
			return true;
		reset(n);
	}
	/* Gone for good: an image of what no longer counts must not lie about. */
	snapshot_path(n->home.path, path);
	if (n->env->files->exists(n->env, path) && !replica_read_only(n->home.replica) && n->env->files->remove(n->env, path, &err) != ERR_OK)
		env_logf(n->env, "%s", err.text);
	return false;
}
