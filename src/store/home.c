/*
 * A home is opened in the order in which it could fail without harm: the
 * lock, the keystore, the store, and last the question whether it is still
 * where it was. Nothing is written before that is answered.
 */
#include "store/home.h"

#include "base/mem.h"
#include "base/plant.h"

#include <assert.h>
#include <stdio.h>

#include "crypto/guard.h"
#include "store/home_internal.h"
#include "store/replica_internal.h"
#include "store/place.h"

static void
path_in(const struct home *h, char out[4096], const char *name)
{
	(void)snprintf(out, 4096, "%s/%s", h->path, name);
}

static enum err_code
set_path(struct home *h, struct env *env, const char *path, struct err *err)
{
	memset(h, 0, sizeof(*h));
	h->env = env;
	if (strlen(path) >= sizeof(h->path))
		return err_set(err, ERR_USAGE, "the path of the home is too long");
	memcpy(h->path, path, strlen(path) + 1);
	return ERR_OK;
}

enum err_code
home_take_lock(struct home *h, struct err *err)
{
	char path[4096];
	enum err_code rc;

	path_in(h, path, "lock");
	rc = h->env->files->lock(h->env, path, err);
	h->locked = rc == ERR_OK;
	/* On a read-only disk nobody can write, so two readers do no harm. */
	return rc == ERR_READ_ONLY ? ERR_OK : rc;
}

enum err_code
home_save_keystore(struct home *h, struct err *err)
{
	struct buf file = BUF_INIT;
	char path[4096];
	enum err_code rc;

	if (h->whole != NULL)
		return home_save_keystore(h->whole, err);
	if (h->wiping)
		return err_set(err, ERR_REFUSED, "this home is being wiped");
	path_in(h, path, "keystore");
	rc = keystore_encode(h->keys, h->env, &file, err);
	if (rc == ERR_OK)
		rc = h->env->files->replace(h->env, path, buf_bytes(&file), err);
	if (rc != ERR_OK)
		err_wrap(err, "saving the keystore");
	buf_wipe(&file);
	return rc;
}

enum err_code
home_check_place(struct home *h, bool fresh, struct err *err)
{
	struct buf now = BUF_INIT;
	bool same = true;
	enum err_code rc;

	rc = place_check(h->replica, h->env, h->path, BYTES(h->keys->place, h->keys->place_len), &now, &same, err);
	if (rc != ERR_OK)
		goto out;
	if (same && h->keys->place_len > 0)
		goto out;
	assert(now.len <= sizeof(h->keys->place));
	if (now.len > 0)
		memcpy(h->keys->place, now.p, now.len);
	h->keys->place_len = now.len;
	if (!same && !fresh && !PLANTED(21)) {
		h->moved = true;
		env_random(h->env, h->keys->inc.b, sizeof(h->keys->inc.b));
	}
	if (!fresh)
		rc = home_save_keystore(h, err);
out:
	buf_free(&now);
	return rc;
}

static enum err_code
new_keystore(struct home *h, const char *member, const char *device, struct bytes passphrase, enum kdf_strength strength,
             char recovery_code_out[27], struct err *err)
{
	uint8_t code[16];
	enum err_code rc;

	h->keys = keystore_new(h->env);
	if (h->keys == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	(void)snprintf((char *)h->keys->member_name, sizeof(h->keys->member_name), "%s", member);
	(void)snprintf((char *)h->keys->device_name, sizeof(h->keys->device_name), "%s", device);
	env_random(h->env, h->keys->request_nonce, sizeof(h->keys->request_nonce));
	rc = keystore_set_slot(h->keys, h->env, 1, passphrase, strength, err);
	if (rc != ERR_OK || recovery_code_out == NULL)
		return rc;
	recovery_code_make(h->env, recovery_code_out);
	if (!recovery_code_parse(recovery_code_out, code))
		return err_set(err, ERR_DAMAGED, "the recovery code does not read back");
	/* 128 random bits need no slow hash to be safe. */
	rc = keystore_set_slot(h->keys, h->env, 2, BYTES(code, sizeof(code)), KDF_INTERACTIVE, err);
	wipe(code, sizeof(code));
	return rc;
}

/* A log.db may lie there that a cut has left without its keystore: what it says of papers is about another's. */
static enum err_code
begin_papers(struct home *h, bool recovery, struct err *err)
{
	const struct own_papers p = { recovery ? PAPER_MADE : PAPER_NONE, PAPER_NONE };
	enum err_code rc = replica_papers_put(h->replica, &p, err);

	return rc == ERR_OK ? replica_commit(h->replica, err) : rc;
}

static enum err_code
say_wiping(const char *path, struct err *err)
{
	return err_set(err, ERR_REFUSED, "%s is being wiped and opens no more; `faltbok close-site --wipe` finishes it", path);
}

enum err_code
home_create(struct home *h, struct env *env, const char *path, const char *member, const char *device,
            struct bytes passphrase, enum kdf_strength strength, char recovery_code_out[27], struct err *err)
{
	char keystore[4096];
	enum err_code rc = set_path(h, env, path, err);

	if (rc != ERR_OK)
		return rc;
	if (strlen(member) >= sizeof(h->keys->member_name) || strlen(device) >= sizeof(h->keys->device_name))
		return err_set(err, ERR_INVALID, "a name has at most %zu bytes", sizeof(h->keys->member_name) - 1);
	if (home_is_being_wiped(env, path))
		return say_wiping(path, err);
	rc = env->files->make_dir(env, path, err);
	if (rc == ERR_OK)
		rc = home_take_lock(h, err);
	if (rc != ERR_OK)
		goto out;
	path_in(h, keystore, "keystore");
	if (env->files->exists(env, keystore)) {
		rc = err_set(err, ERR_EXISTS, "there is a home in %s already", path);
		goto out;
	}
	rc = new_keystore(h, member, device, passphrase, strength, recovery_code_out, err);
	if (rc == ERR_OK)
		rc = replica_open(&h->replica, env, path, true, err);
	if (rc == ERR_OK)
		rc = home_check_place(h, true, err);
	if (rc == ERR_OK)
		rc = begin_papers(h, recovery_code_out != NULL, err);
	/* The keystore last: with it the home exists, and everything it needs is there. */
	if (rc == ERR_OK)
		rc = home_save_keystore(h, err);
out:
	if (rc != ERR_OK)
		home_close(h);
	return rc;
}

static enum err_code
open_keystore(struct home *h, uint8_t slot, struct bytes secret, struct err *err)
{
	struct buf file = BUF_INIT;
	char path[4096], text[128];
	uint8_t code[16];
	enum err_code rc;

	path_in(h, path, "keystore");
	rc = h->env->files->read(h->env, path, KEYSTORE_BYTES_MAX, &file, err);
	if (rc == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND, "there is no home in %s: init or join makes one", h->path);
	if (rc == ERR_OK && slot == 2 && secret.len != sizeof(code)) { /* as a person typed it */
		(void)snprintf(text, sizeof(text), "%.*s", (int)(secret.len < 100 ? secret.len : 100), (const char *)secret.p);
		if (!recovery_code_parse(text, code))
			rc = err_set(err, ERR_PASSPHRASE, "a recovery code has 26 letters and digits");
		secret = BYTES(code, sizeof(code));
	}
	if (rc == ERR_OK)
		rc = keystore_open(&h->keys, buf_bytes(&file), slot, secret, err);
	wipe(code, sizeof(code));
	wipe(text, sizeof(text));
	buf_free(&file);
	return rc;
}

/*
 * Asked again with each write. `ctx` is a home of its own, since whoever opened it may have moved the struct. What has once
 * been found to be a copy is one, whatever the store says since: its keystore has to say so before anything is written.
 */
static enum err_code
settle_place(void *ctx, struct err *err)
{
	struct home *h = ctx;
	bool copy = h->moved;
	enum err_code rc;

	if (home_is_being_wiped(h->env, h->path))
		return say_wiping(h->path, err);
	if (h->keys->locked) /* which cannot be saved as it is, and what comes may show that it has to be */
		return err_set(err, ERR_NO_SPACE, "the disk was full when this home was opened: unlock it, so that it goes on");
	rc = home_check_place(h, false, err);
	if (rc == ERR_OK && copy)
		rc = home_save_keystore(h, err);
	if (rc == ERR_NO_SPACE)
		return err_set(err, rc, "the disk was full when this home was opened, and is: make room, then try again; reading works meanwhile");
	if (rc == ERR_OK && h->moved && !copy) /* whoever is writing has begun under the old incarnation */
		rc = err_set(err, ERR_IO, "there is room again, and this home turned out to be a copy, which it goes on as: try again");
	return rc;
}

/* Where this store is was not settled, so nothing is written in its name until it is: with the first write that finds room. */
static enum err_code
settle_later(struct home *h, struct err *err)
{
	struct home *copy = mem_dup(h, sizeof(*h));

	if (copy == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	replica_disk_is_full(h->replica, settle_place, copy);
	return err_forgive(err);
}

enum err_code
home_open(struct home *h, struct env *env, const char *path, uint8_t slot, struct bytes secret, struct err *err)
{
	char keystore[4096];
	enum err_code rc = set_path(h, env, path, err);

	if (rc != ERR_OK)
		return rc;
	if (home_is_being_wiped(env, path))
		return say_wiping(path, err);
	path_in(h, keystore, "keystore");
	if (!env->files->exists(env, keystore)) /* before the lock, which would leave a file behind */
		return err_set(err, ERR_NOT_FOUND, "there is no home in %s: init or join makes one", path);
	rc = home_take_lock(h, err);
	if (rc == ERR_OK)
		rc = open_keystore(h, slot, secret, err);
	if (rc == ERR_OK)
		rc = home_open_store(h, err);
	if (rc == ERR_OK)
		rc = home_check_place(h, false, err);
	if (rc == ERR_READ_ONLY && h->replica != NULL && replica_read_only(h->replica))
		rc = err_forgive(err); /* reading is all that can be done here, and needs no answer */
	if (rc == ERR_NO_SPACE && h->replica != NULL) /* so it is with a full disk */
		rc = settle_later(h, err);
	if (rc != ERR_OK)
		home_close(h);
	return rc;
}

void
home_close(struct home *h)
{
	struct err err = ERR_INIT;
	char path[4096];

	if (h->env == NULL)
		return;
	replica_close(h->replica);
	if (h->whole == NULL)
		keystore_free(h->keys);
	path_in(h, path, "lock");
	if (h->locked)
		h->env->files->unlock(h->env, path);
	if (h->wiping && home_wipe_finish(h->env, h->path, &err) != ERR_OK)
		env_logf(h->env, "%s", err.text);
	memset(h, 0, sizeof(*h));
}

enum err_code
home_kill_card(struct home *h, char code_out[27], struct err *err)
{
	uint8_t code[16], pk[32], sk[64];
	struct own_papers p;
	enum err_code rc;

	recovery_code_make(h->env, code_out);
	if (!recovery_code_parse(code_out, code))
		return err_set(err, ERR_DAMAGED, "the kill card's code does not read back");
	kill_pair(pk, sk, code);
	replica_papers(h->replica, &p);
	p.kill = PAPER_MADE;
	rc = replica_own_put(h->replica, META_KILL, BYTES(pk, sizeof(pk)), err);
	if (rc == ERR_OK)
		rc = replica_papers_put(h->replica, &p, err);
	if (rc == ERR_OK)
		rc = replica_commit(h->replica, err);
	wipe(code, sizeof(code));
	wipe(sk, sizeof(sk));
	return rc;
}

enum err_code
home_self(struct home *h, struct join_request *out, struct err *err)
{
	struct buf pk = BUF_INIT;
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	join_request_make(out, &h->keys->device, h->keys->seal[0].pk, h->keys->request_nonce);
	(void)snprintf(out->member_name, sizeof(out->member_name), "%s", (const char *)h->keys->member_name);
	(void)snprintf(out->device_name, sizeof(out->device_name), "%s", (const char *)h->keys->device_name);
	rc = replica_own_get(h->replica, META_KILL, &pk, err);
	if (rc == ERR_OK && pk.len == sizeof(out->keys.kill_pk)) {
		out->keys.has_kill = true;
		memcpy(out->keys.kill_pk, pk.p, pk.len);
		join_request_sign(out, &h->keys->device);
	}
	buf_free(&pk);
	return rc == ERR_UNKNOWN ? err_forgive(err) : rc;
}

enum err_code
home_request(struct home *h, struct buf *out, struct err *err)
{
	struct join_request r;
	enum err_code rc = home_self(h, &r, err);

	if (rc == ERR_OK)
		join_request_encode(out, &r);
	return rc != ERR_OK || buf_ok(out) ? rc : err_plain(err, ERR_NO_MEMORY);
}
