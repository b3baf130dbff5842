/*
 * Whole files on the simulated disk, step by step as base/posix.c does it on a
 * real one: PATH.new, sync, rename, sync of the folder. Each step can be the
 * one where the power goes.
 */
#include <stdio.h>

#include "sim/disk_internal.h"

/* Which disk an env writes to; one per node, so a short list. */
static struct { struct env *env; struct disk *disk; } bound[DISK_ID_MAX];

void
disk_bind(struct disk *d, struct env *env)
{
	bound[disk_id(d)].env = env;
	bound[disk_id(d)].disk = d;
	env->files = disk_env_files();
	env->sqlite_vfs = disk_vfs_name(d);
}

static struct disk *
disk_of_env(struct env *env)
{
	for (size_t i = 0; i < DISK_ID_MAX; i++)
		if (bound[i].env == env)
			return bound[i].disk;
	return NULL;
}

static enum err_code
failed(enum disk_rc rc, const char *path, struct err *err)
{
	switch (rc) {
	case DISK_OK:
		return ERR_OK;
	case DISK_NOT_FOUND:
		return err_set(err, ERR_NOT_FOUND, "there is no file %s", path);
	case DISK_EXISTS:
		return err_set(err, ERR_EXISTS, "%s is already there", path);
	case DISK_NO_SPACE:
		return err_set(err, ERR_NO_SPACE, "no space left to write %s", path);
	case DISK_READ_ONLY:
		return err_set(err, ERR_READ_ONLY, "%s may not be written: this place can only be read", path);
	case DISK_IO:
		return err_set(err, ERR_IO, "the disk fails at %s", path);
	}
	return ERR_IO;
}

static enum err_code
file_read(struct env *env, const char *path, size_t max, struct buf *out, struct err *err)
{
	struct disk *d = disk_of_env(env);
	struct inode *f;
	enum disk_rc rc;
	uint8_t *at;
	size_t n, got;
	bool created;

	rc = disk_open(d, path, false, &f, &created);
	if (rc != DISK_OK)
		return failed(rc, path, err);
	n = disk_file_bytes(f);
	if (n > max) {
		disk_close(d, f);
		return err_set(err, ERR_TOO_BIG, "%s is larger than %zu bytes", path, max);
	}
	at = buf_add(out, n);
	if (at == NULL) {
		disk_close(d, f);
		return err_plain(err, ERR_NO_MEMORY);
	}
	rc = disk_read(d, f, 0, at, n, &got);
	disk_close(d, f);
	if (rc != DISK_OK)
		out->len -= n;
	return failed(rc, path, err);
}

static enum disk_rc
write_beside(struct disk *d, const char *beside, struct bytes data)
{
	struct inode *f;
	enum disk_rc rc;
	bool created;

	rc = disk_open(d, beside, true, &f, &created);
	if (rc != DISK_OK)
		return rc;
	rc = disk_truncate(d, f, 0);
	for (size_t at = 0; rc == DISK_OK && at < data.len; at += 4096) /* a write may stop between any two of these */
		rc = disk_write(d, f, at, data.p + at, data.len - at < 4096 ? data.len - at : 4096);
	if (rc == DISK_OK)
		rc = disk_sync(d, f);
	disk_close(d, f);
	return rc;
}

static enum err_code
file_replace(struct env *env, const char *path, struct bytes data, struct err *err)
{
	struct disk *d = disk_of_env(env);
	char beside[600];
	enum disk_rc rc;

	snprintf(beside, sizeof(beside), "%s.new", path);
	rc = write_beside(d, beside, data);
	if (rc == DISK_OK)
		rc = disk_rename(d, beside, path);
	if (rc != DISK_OK && disk_exists(d, beside))
		(void)disk_remove(d, beside);
	if (rc == DISK_OK)
		rc = disk_sync_folder_of(d, path);
	return failed(rc, path, err);
}

static enum err_code
file_create(struct env *env, const char *path, struct bytes data, struct err *err)
{
	if (disk_exists(disk_of_env(env), path))
		return failed(DISK_EXISTS, path, err);
	return file_replace(env, path, data, err);
}

static enum err_code
file_move(struct env *env, const char *from, const char *to, struct err *err)
{
	struct disk *d = disk_of_env(env);
	enum disk_rc rc = disk_exists(d, to) ? DISK_EXISTS : disk_rename(d, from, to);

	if (rc == DISK_OK)
		rc = disk_sync_folder_of(d, to);
	return failed(rc, to, err);
}

static enum err_code
file_remove(struct env *env, const char *path, struct err *err)
{
	struct disk *d = disk_of_env(env);
	enum disk_rc rc = disk_remove(d, path);

	if (rc == DISK_OK)
		rc = disk_sync_folder_of(d, path);
	return failed(rc, path, err);
}

static enum err_code
file_shred(struct env *env, const char *path, struct err *err)
{
	struct disk *d = disk_of_env(env);
	uint8_t noise[4096];
	struct inode *f;
	enum disk_rc rc;
	bool created;
	size_t size;

	rc = disk_open(d, path, false, &f, &created);
	if (rc != DISK_OK)
		return failed(rc, path, err);
	size = disk_file_bytes(f);
	for (size_t at = 0; rc == DISK_OK && at < size; at += sizeof(noise)) {
		env_random(env, noise, sizeof(noise));
		rc = disk_write(d, f, at, noise, size - at < sizeof(noise) ? size - at : sizeof(noise));
	}
	if (rc == DISK_OK)
		rc = disk_sync(d, f);
	disk_close(d, f);
	return rc == DISK_OK ? file_remove(env, path, err) : failed(rc, path, err);
}

static bool
file_exists(struct env *env, const char *path)
{
	return disk_exists(disk_of_env(env), path);
}

/* Folders are there as soon as they are named, durably: base/posix.c syncs each one it makes. */
static enum err_code
make_dir(struct env *env, const char *path, struct err *err)
{
	return disk_dead(disk_of_env(env)) ? failed(DISK_IO, path, err) : ERR_OK;
}

static enum err_code
lock(struct env *env, const char *path, struct err *err)
{
	if (disk_dead(disk_of_env(env)))
		return failed(DISK_IO, path, err);
	if (disk_is_read_only(disk_of_env(env))) /* it is a file, and opened for writing */
		return failed(DISK_READ_ONLY, path, err);
	if (!disk_claim(disk_of_env(env), path))
		return err_set(err, ERR_LOCKED, "the home is open in this very process");
	return ERR_OK;
}

static void
unlock(struct env *env, const char *path)
{
	disk_release(disk_of_env(env), path);
}

/* A disk knows files only: a folder is what there is a file in. */
static bool
is_folder(const struct disk *d, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < d->live.count; i++)
		if (strncmp(d->live.at[i].path, path, len) == 0 && d->live.at[i].path[len] == '/')
			return true;
	return false;
}

static enum err_code
place(struct env *env, const char *path, struct buf *out, struct err *err)
{
	struct disk *d = disk_of_env(env);
	struct inode *f;
	enum disk_rc rc;
	bool created;

	rc = disk_open(d, path, false, &f, &created);
	if (rc == DISK_NOT_FOUND && is_folder(d, path)) {
		buf_printf(out, "machine-%u %s", disk_id(d), path);
		return buf_ok(out) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	}
	if (rc != DISK_OK)
		return failed(rc, path, err);
	buf_printf(out, "machine-%u", disk_id(d));
	buf_put_be64(out, disk_inode_number(f));
	disk_close(d, f);
	return buf_ok(out) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

static const struct env_files sim_files = {
	.read = file_read,
	.replace = file_replace,
	.create = file_create,
	.remove = file_remove,
	.move = file_move,
	.shred = file_shred,
	.exists = file_exists,
	.make_dir = make_dir,
	.lock = lock,
	.unlock = unlock,
	.place = place,
};

const struct env_files *
disk_env_files(void)
{
	return &sim_files;
}
