/*
 * HOME/desk: what lies on this device's table (casework/desk.h), sealed and
 * replaced whole.
 *
 *   salt32 ‖ XChaCha20-Poly1305(HC(32, snapshot key, "fb1/desk", salt), nonce = 0, ad = "", desk)
 *
 * The snapshot key changes whenever something is destroyed, and the keystore,
 * which holds it, is another file. So the desk is first written under the
 * new key beside the old one; whichever of the two the keystore's key opens
 * is the desk. A place in the queue that has gone is gone for good: the file
 * that held it opens under no key that exists. Spec: proto/day.md, 2.
 */
#include "node/node_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/plant.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/seal.h"

#define CLOCK_SET_MS INT64_C(60000) /* less is how clocks run */
enum { SALT_BYTES = 32, DESK_DEVICES_MAX = 512 };
static const char DESK[] = "desk", DESK_NEXT[] = "desk.next";

static char *
desk_path(struct node *n, const char *name, char out[4096])
{
	(void)snprintf(out, 4096, "%s/%s", n->home.path, name);
	return out;
}

static void
desk_key(struct node *n, const uint8_t salt[SALT_BYTES], uint8_t out[32])
{
	HC(out, 32, BYTES(n->home.keys->snapshot_key, 32), "fb1/desk", BYTES(salt, SALT_BYTES));
}

static enum err_code
remove_file(struct node *n, const char *name, struct err *err)
{
	char path[4096];

	desk_path(n, name, path);
	return n->env->files->exists(n->env, path) ? n->env->files->remove(n->env, path, err) : ERR_OK;
}

/* ---- writing ---- */

static enum err_code
seal_desk(struct node *n, struct buf *file, struct err *err)
{
	static const uint8_t nonce[XNONCE_BYTES];
	struct buf plain = BUF_INIT;
	uint8_t salt[SALT_BYTES], key[32];
	enum err_code rc = desk_encode(&plain, &n->desk, err);

	if (rc == ERR_OK && plain.len > DESK_BYTES_MAX)
		rc = err_set(err, ERR_REFUSED, "drafts and queue have %zu bytes together, at most %d fit; drop a draft", plain.len, DESK_BYTES_MAX);
	if (rc == ERR_OK) {
		env_random(n->env, salt, sizeof(salt));
		if (PLANTED(13))
			memset(salt, 0, sizeof(salt));
		desk_key(n, salt, key);
		buf_put(file, salt, sizeof(salt));
		if (!aead_seal(file, key, nonce, BYTES_NONE, buf_bytes(&plain)) || !buf_ok(file))
			rc = err_plain(err, ERR_NO_MEMORY);
		wipe(key, sizeof(key));
	}
	buf_wipe(&plain);
	return rc;
}

static enum err_code
write_desk(struct node *n, const char *name, struct err *err)
{
	struct buf file = BUF_INIT;
	char path[4096];
	enum err_code rc;

	if (desk_empty(&n->desk))
		return remove_file(n, name, err);
	if (PLANTED(14) && desk_draft(&n->desk, "visit") != NULL)
		env_logf(n->env, "keeping \"%s\"", desk_draft(&n->desk, "visit")->text);
	rc = seal_desk(n, &file, err);
	if (rc == ERR_OK)
		rc = n->env->files->replace(n->env, desk_path(n, name, path), buf_bytes(&file), err);
	buf_free(&file);
	return rc == ERR_OK ? rc : err_wrap(err, "saving the drafts and the queue");
}

enum err_code
node_desk_before_key(struct node *n, struct err *err)
{
	return write_desk(n, DESK_NEXT, err);
}

void
node_desk_after_key(struct node *n)
{
	struct err err = ERR_INIT;

	/* Until both are done the other file is the desk, and opens; what is left over is taken away at the next opening. */
	if (write_desk(n, DESK, &err) != ERR_OK || remove_file(n, DESK_NEXT, &err) != ERR_OK)
		env_logf(n->env, "%s", err.text);
}

/* ---- reading ---- */

/* ERR_NOT_FOUND: no such file, or none that opens under this key. ERR_NO_MEMORY, ERR_IO: nobody has looked. */
static enum err_code
open_desk(struct node *n, const char *name)
{
	static const uint8_t nonce[XNONCE_BYTES];
	struct buf file = BUF_INIT, plain = BUF_INIT;
	enum err_code rc = ERR_NOT_FOUND;
	char path[4096];
	uint8_t key[32];
	struct day_desk read;

	desk_path(n, name, path);
	if (n->env->files->exists(n->env, path))
		rc = n->env->files->read(n->env, path, DESK_BYTES_MAX + SALT_BYTES + AEAD_TAG_BYTES, &file, NULL);
	if (rc == ERR_OK && file.len <= SALT_BYTES)
		rc = ERR_NOT_FOUND;
	if (rc == ERR_OK) {
		desk_key(n, file.p, key);
		if (!aead_open(&plain, key, nonce, BYTES_NONE, BYTES(file.p + SALT_BYTES, file.len - SALT_BYTES)))
			rc = ERR_NOT_FOUND;
		wipe(key, sizeof(key));
	}
	if (rc == ERR_OK)
		rc = desk_decode(&read, buf_bytes(&plain), NULL);
	if (rc == ERR_OK) {
		desk_free(&n->desk);
		n->desk = read;
	} else if (rc == ERR_NO_MEMORY || !buf_ok(&plain) || !buf_ok(&file)) {
		rc = ERR_NO_MEMORY;
	} else if (rc != ERR_IO) {
		rc = ERR_NOT_FOUND;
	}
	buf_wipe(&plain);
	buf_free(&file);
	return rc;
}

static void expire(struct node *n);

void
node_desk_load(struct node *n)
{
	struct err err = ERR_INIT;
	char path[4096];
	bool there = n->env->files->exists(n->env, desk_path(n, DESK, path)) || n->env->files->exists(n->env, desk_path(n, DESK_NEXT, path));
	enum err_code rc = open_desk(n, DESK), next = rc == ERR_NOT_FOUND ? open_desk(n, DESK_NEXT) : ERR_NOT_FOUND;
	bool found = rc == ERR_OK || next == ERR_OK;

	n->desk_unread = rc != ERR_OK && rc != ERR_NOT_FOUND ? rc : next != ERR_OK && next != ERR_NOT_FOUND ? next : ERR_OK;
	if (n->desk_unread != ERR_OK)
		return;
	if (next == ERR_OK && write_desk(n, DESK, &err) != ERR_OK)
		env_logf(n->env, "%s", err.text);
	if (!there)
		desk_free(&n->desk);
	n->desk_stale = n->desk_stale && there && !found;
	if (there && !found)
		env_logf(n->env, "the drafts and the queue of this device do not open and are left out");
	else if (err.code == ERR_OK && remove_file(n, DESK_NEXT, &err) != ERR_OK)
		env_logf(n->env, "%s", err.text);
}

/* Nothing is written over a desk that nobody has read. */
static enum err_code
must_be_read(const struct node *n, struct err *err)
{
	if (n->desk_unread == ERR_NO_MEMORY)
		return err_set(err, ERR_NO_MEMORY, "reading the drafts and the queue: out of memory; they are kept as they are");
	if (n->desk_unread == ERR_IO)
		return err_set(err, ERR_IO, "%s/%s cannot be read, so the drafts and the queue in it are kept as they are: try again, and if the disk is bad move that file away",
		               n->home.path, DESK);
	return ERR_OK;
}

enum err_code
node_desk_ready(struct node *n, bool used, struct err *err)
{
	if (n->desk_unread != ERR_OK)
		node_desk_load(n);
	return n->desk_unread == ERR_IO && !used ? ERR_OK : must_be_read(n, err);
}

void
node_desk_close(struct node *n)
{
	if (n->desk_timer != NULL)
		n->env->ops->timer_stop(n->env, n->desk_timer);
	n->desk_timer = NULL;
	desk_free(&n->desk);
}

/* ---- what is on it ---- */

static void
timer_fired(void *ctx)
{
	struct node *n = ctx;

	n->desk_timer = NULL;
	expire(n);
}

static void
arm(struct node *n)
{
	int64_t left = desk_next_expiry(&n->desk);

	if (n->desk_timer != NULL || left == INT64_MAX || n->env->ops->timer == NULL)
		return;
	left -= n->env->ops->wall_ms(n->env);
	n->desk_timer = n->env->ops->timer(n->env, (uint64_t)(left > 1000 ? left : 1000) * 1000000, timer_fired, n);
}

/*
 * A clock that is put right in the middle of a day, by a network or by hand, would send everybody home who waits. What it moved by
 * more than time went on, sleep included, was no time: the places move with it. proto/day.md, 2.
 */
static void
follow_clock(struct node *n)
{
	int64_t wall_ms = n->env->ops->wall_ms(n->env), set_ms = 0;
	struct err err = ERR_INIT;
	uint64_t awake_ns;

	if (n->env->ops->awake_ns == NULL || node_is_locked(n))
		return;
	awake_ns = n->env->ops->awake_ns(n->env);
	if (n->desk_wall_ms != 0)
		set_ms = wall_ms - n->desk_wall_ms - (int64_t)((awake_ns - n->desk_awake_ns) / 1000000);
	n->desk_wall_ms = wall_ms;
	n->desk_awake_ns = awake_ns;
	if (n->desk.place_count == 0 || (set_ms < CLOCK_SET_MS && set_ms > -CLOCK_SET_MS))
		return;
	desk_shift_places(&n->desk, set_ms);
	if (write_desk(n, DESK, &err) != ERR_OK)
		env_logf(n->env, "%s", err.text);
}

/* A place that is a day old goes, whether or not anybody looks. */
static void
expire(struct node *n)
{
	struct err err = ERR_INIT;

	follow_clock(n);
	if (desk_expire(&n->desk, n->env->ops->wall_ms(n->env)) > 0 && node_desk_shred(n, &err) != ERR_OK)
		env_logf(n->env, "%s", err.text);
	arm(n);
}

struct day_desk *
node_desk(struct node *n)
{
	if (n->desk_stale || n->desk_unread != ERR_OK)
		node_desk_load(n);
	expire(n);
	return &n->desk;
}

enum err_code
node_desk_save(struct node *n, struct err *err)
{
	/* A key that has not reached the keystore opens nothing after a crash. */
	enum err_code rc = must_be_read(n, err);

	if (rc == ERR_OK)
		rc = node_shred_files(n, err);
	if (rc == ERR_OK)
		rc = write_desk(n, DESK, err);
	n->desk_stale = rc != ERR_OK;
	arm(n);
	return rc;
}

enum err_code
node_desk_shred(struct node *n, struct err *err)
{
	char path[4096];
	bool had = n->env->files->exists(n->env, (snprintf(path, sizeof(path), "%s/view.snap", n->home.path), path));
	struct err why = ERR_INIT;
	enum err_code rc = must_be_read(n, err);

	if (rc == ERR_OK) { /* else there is nothing that was taken away: the key stays, and with it what nobody has read */
		n->shred_files = true;
		rc = node_shred_files(n, err);
	}
	n->desk_stale = rc != ERR_OK;
	/* The snapshot went with its key; a day's work should not make the next unlock slow. */
	if (rc == ERR_OK && had && !n->behind && node_save_snapshot(n, &why) != ERR_OK)
		env_logf(n->env, "%s", why.text);
	return rc;
}

void
node_desk_letters(struct node *n, char out[DESK_LETTERS_MAX + 1])
{
	struct device_id self = device_id_of(&n->home.keys->device.sign_pk), others[DESK_DEVICES_MAX];
	size_t count = 0;

	for (size_t i = 0; node_has_org(n) && i < org_device_count(node_org(n)) && count < DESK_DEVICES_MAX; i++) {
		const struct org_device *d = org_device_at(node_org(n), i);

		if (d->advisor || d->coordinator)
			others[count++] = d->id;
	}
	desk_letters(out, &self, others, count);
}
