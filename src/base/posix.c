/*
 * Files are written beside their place and renamed into it. The name beside
 * is fixed (PATH.new) and not random, so that what a crash leaves behind is
 * overwritten by the next write: a stray copy of a keystore would outlive the
 * keys that were destroyed in the real one.
 */
#define _GNU_SOURCE /* renameat2, statx */
#include "base/posix.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

/* Locks of this process, so that unlock() can find the descriptor by path. */
struct held_lock {
	struct held_lock *next;
	int fd;
	char path[];
};

static struct held_lock *held_locks;

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t
posix_mono_ns(struct env *env)
{
	(void)env;
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t
posix_awake_ns(struct env *env)
{
	(void)env;
	return clock_ns(CLOCK_BOOTTIME);
}

int64_t
posix_wall_ms(struct env *env)
{
	struct timespec now;

	(void)env;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int
posix_utc_offset_min(struct env *env, int64_t ms)
{
	time_t at = (time_t)(ms / 1000);
	struct tm local;

	(void)env;
	return localtime_r(&at, &local) != NULL ? (int)(local.tm_gmtoff / 60) : 0;
}

void
posix_random(struct env *env, void *p, size_t n)
{
	uint8_t *at = p;

	(void)env;
	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			/* Going on would mean keys that can be guessed. */
			fputs("the kernel gives no random numbers: stopping\n", stderr);
			abort();
		}
		at += got;
		n -= (size_t)got;
	}
}

void
posix_log(struct env *env, const char *line)
{
	(void)env;
	fprintf(stderr, "%s\n", line);
}

static enum err_code
read_failed(struct err *err, const char *path, int e)
{
	switch (e) {
	case ENOENT:
	case ENOTDIR:
		return err_set(err, ERR_NOT_FOUND, "there is no file %s", path);
	case EACCES:
	case EPERM:
		return err_set(err, ERR_IO, "%s belongs to someone else and may not be read", path);
	case EISDIR:
		return err_set(err, ERR_IO, "%s is a folder and not a file", path);
	default:
		return err_set(err, ERR_IO, "cannot read %s: %s", path, strerror(e));
	}
}

static enum err_code
write_failed(struct err *err, const char *path, int e)
{
	switch (e) {
	case ENOSPC:
	case EDQUOT:
		return err_set(err, ERR_NO_SPACE, "no space left to write %s: what was there is unchanged", path);
	case EROFS:
	case EACCES:
	case EPERM:
		return err_set(err, ERR_READ_ONLY, "%s may not be written: this place can only be read", path);
	case ENOENT:
	case ENOTDIR:
		return err_set(err, ERR_NOT_FOUND, "there is no folder to hold %s", path);
	case EEXIST:
		return err_set(err, ERR_EXISTS, "%s is already there", path);
	case EWOULDBLOCK:
		return err_set(err, ERR_LOCKED, "another process is writing %s just now", path);
	default:
		return err_set(err, ERR_IO, "cannot write %s: %s", path, strerror(e));
	}
}

/* 0 or an errno; *room says how much of `max` is left. */
static int
read_all(int fd, size_t max, struct buf *out)
{
	size_t start = out->len;

	for (;;) {
		size_t want = 65536, had = out->len;
		uint8_t *at;
		ssize_t got;

		if (want > max + 1 - (had - start))
			want = max + 1 - (had - start);
		at = buf_add(out, want);
		if (at == NULL)
			return ENOMEM;
		got = read(fd, at, want);
		out->len = had + (got > 0 ? (size_t)got : 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (out->len - start > max)
			return EFBIG;
		if (got == 0)
			return 0;
	}
}

static enum err_code
file_read(struct env *env, const char *path, size_t max, struct buf *out, struct err *err)
{
	size_t had = out->len;
	int fd, e;

	(void)env;
	assert(max < SIZE_MAX);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return read_failed(err, path, errno);
	e = read_all(fd, max, out);
	close(fd);
	if (e == 0)
		return ERR_OK;
	out->len = had;
	if (e == EFBIG)
		return err_set(err, ERR_TOO_BIG, "%s is larger than %zu bytes", path, max);
	if (e == ENOMEM)
		return err_plain(err, ERR_NO_MEMORY);
	return read_failed(err, path, e);
}

/* The folder that holds `path`, made durable: else a crash can take back a rename. 0 or an errno. */
static int
sync_folder_of(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
	int fd, e = 0;

	if (len >= sizeof(dir))
		return ENAMETOOLONG;
	memcpy(dir, slash == NULL ? "." : path, len);
	dir[len] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP) /* some sticks cannot; then rename is all there is */
		e = errno;
	close(fd);
	return e;
}

/*
 * Opens PATH.new for us alone. Whoever waits for the lock must look again: the
 * file it opened may by now have been renamed to PATH, and emptying it would
 * destroy what was just written.
 */
static int
open_beside(const char *beside, int *out)
{
	for (int tries = 0; tries < 100; tries++) {
		struct stat open_st, path_st;
		int fd = open(beside, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0)
			return errno;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
			close(fd);
			return EWOULDBLOCK;
		}
		if (fstat(fd, &open_st) == 0 && lstat(beside, &path_st) == 0 &&
		    open_st.st_dev == path_st.st_dev && open_st.st_ino == path_st.st_ino) {
			fchmod(fd, 0600); /* a FAT stick has no modes, and need not */
			*out = fd;
			return 0;
		}
		close(fd);
	}
	return EWOULDBLOCK;
}

static int
write_all(int fd, struct bytes data)
{
	if (ftruncate(fd, 0) != 0)
		return errno;
	while (data.len > 0) {
		ssize_t put = write(fd, data.p, data.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno;
		data.p += put;
		data.len -= (size_t)put;
	}
	return fsync(fd) != 0 ? errno : 0;
}

static int
rename_into_nothing(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	/* A file system without that flag: a hard link refuses just as well. */
	if (link(from, to) != 0)
		return errno;
	unlink(from);
	return 0;
}

static enum err_code
write_beside(const char *path, struct bytes data, bool replace, struct err *err)
{
	char beside[PATH_MAX];
	int fd = -1, e;

	if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
		return write_failed(err, path, ENAMETOOLONG);
	e = open_beside(beside, &fd);
	if (e != 0)
		return write_failed(err, path, e);
	e = write_all(fd, data);
	if (e == 0)
		e = !replace ? rename_into_nothing(beside, path) : rename(beside, path) != 0 ? errno : 0;
	if (e != 0)
		unlink(beside);
	close(fd);
	if (e == 0)
		e = sync_folder_of(path);
	return e == 0 ? ERR_OK : write_failed(err, path, e);
}

static enum err_code
file_replace(struct env *env, const char *path, struct bytes data, struct err *err)
{
	(void)env;
	return write_beside(path, data, true, err);
}

static bool
file_exists(struct env *env, const char *path)
{
	struct stat st;

	(void)env;
	return lstat(path, &st) == 0;
}

static enum err_code
file_create(struct env *env, const char *path, struct bytes data, struct err *err)
{
	if (file_exists(env, path)) /* the rename would tell too, but only after all was written */
		return write_failed(err, path, EEXIST);
	return write_beside(path, data, false, err);
}

static enum err_code
file_move(struct env *env, const char *from, const char *to, struct err *err)
{
	int e = rename_into_nothing(from, to);

	(void)env;
	if (e == 0)
		e = sync_folder_of(to);
	return e == 0 ? ERR_OK : write_failed(err, to, e);
}

static enum err_code
file_remove(struct env *env, const char *path, struct err *err)
{
	int e;

	(void)env;
	if (unlink(path) != 0)
		return errno == ENOENT ? read_failed(err, path, ENOENT) : write_failed(err, path, errno);
	e = sync_folder_of(path);
	return e == 0 ? ERR_OK : write_failed(err, path, e);
}

static int
write_over(int fd, uint64_t left)
{
	uint8_t noise[4096];

	while (left > 0) {
		size_t now = left < sizeof(noise) ? (size_t)left : sizeof(noise);
		ssize_t put;

		posix_random(NULL, noise, now);
		put = write(fd, noise, now);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? errno : EIO;
		left -= (uint64_t)put;
	}
	return fsync(fd) != 0 ? errno : 0;
}

static enum err_code
file_shred(struct env *env, const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW), e;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? read_failed(err, path, ENOENT) : write_failed(err, path, errno);
	e = fstat(fd, &st) != 0 ? errno : write_over(fd, (uint64_t)st.st_size);
	close(fd);
	return e == 0 ? file_remove(env, path, err) : write_failed(err, path, e);
}

static int
make_one_dir(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return sync_folder_of(path);
	if (errno != EEXIST)
		return errno;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : EEXIST;
}

static enum err_code
dir_make(struct env *env, const char *path, struct err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	int e = 0;

	(void)env;
	if (len == 0 || len >= sizeof(part))
		return write_failed(err, path, len == 0 ? ENOENT : ENAMETOOLONG);
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		struct stat st;

		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		/* A parent that is there may be one we could not have made: /home is read-only to us. */
		e = stat(part, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : make_one_dir(part);
		if (e != 0)
			return write_failed(err, part, e);
		if (i < len)
			part[i] = '/';
	}
	return ERR_OK;
}

static enum err_code
locked_by(int fd, struct err *err)
{
	char text[32] = "";
	ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
	long pid = got > 0 ? strtol(text, NULL, 10) : 0;

	if (pid <= 0) /* it holds the lock and is about to write its number */
		return err_set(err, ERR_LOCKED, "the home is open in another process: stop it, or run this while "
		                                "`faltbok serve` is running in it");
	return err_set(err, ERR_LOCKED, "the home is open in process %ld: stop it, or run this while "
	                                "`faltbok serve` is running in it", pid);
}

static enum err_code
lock_take(struct env *env, const char *path, struct err *err)
{
	size_t path_bytes = strlen(path) + 1;
	struct held_lock *l = NULL;
	enum err_code rc;
	char text[32];
	int fd, n;

	(void)env;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return write_failed(err, path, errno);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		rc = errno == EWOULDBLOCK ? locked_by(fd, err) : write_failed(err, path, errno);
		goto out;
	}
	l = mem_alloc(sizeof(*l) + path_bytes);
	if (l == NULL) {
		rc = err_plain(err, ERR_NO_MEMORY);
		goto out;
	}
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	/* The number is for the sentence above. On a full disk the lock itself still holds. */
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) != n && ftruncate(fd, 0) != 0) {
		rc = write_failed(err, path, errno);
		goto out;
	}
	memcpy(l->path, path, path_bytes);
	l->fd = fd;
	l->next = held_locks;
	held_locks = l;
	return ERR_OK;
out:
	mem_free(l);
	close(fd);
	return rc;
}

static void
lock_release(struct env *env, const char *path)
{
	(void)env;
	for (struct held_lock **at = &held_locks; *at != NULL; at = &(*at)->next) {
		struct held_lock *l = *at;

		if (strcmp(l->path, path) != 0)
			continue;
		*at = l->next;
		/* The file stays: removing it would let two processes lock two files of one name. */
		close(l->fd);
		mem_free(l);
		return;
	}
}

/* machine id 16 (zeroes where there is none) || inode be64 || birth be64 seconds, be32 nanoseconds */
static enum err_code
place_of(struct env *env, const char *path, struct buf *out, struct err *err)
{
	struct buf text = BUF_INIT;
	uint8_t machine[16] = { 0 };
	struct statx st;
	char *digits;

	if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &st) != 0)
		return read_failed(err, path, errno);
	if (file_read(env, "/etc/machine-id", 64, &text, NULL) == ERR_OK && (digits = buf_str(&text)) != NULL) {
		digits[strcspn(digits, "\r\n")] = '\0';
		if (!hex_decode(machine, sizeof(machine), digits))
			memset(machine, 0, sizeof(machine));
	}
	buf_free(&text);
	if (!(st.stx_mask & STATX_BTIME)) /* this file system keeps none; the rest must do */
		memset(&st.stx_btime, 0, sizeof(st.stx_btime));
	buf_put(out, machine, sizeof(machine));
	buf_put_be64(out, st.stx_ino);
	buf_put_be64(out, (uint64_t)st.stx_btime.tv_sec);
	buf_put_be32(out, st.stx_btime.tv_nsec);
	return buf_ok(out) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

const struct env_files posix_files = {
	.read = file_read,
	.replace = file_replace,
	.create = file_create,
	.remove = file_remove,
	.move = file_move,
	.shred = file_shred,
	.exists = file_exists,
	.make_dir = dir_make,
	.lock = lock_take,
	.unlock = lock_release,
	.place = place_of,
};

/* ---- two at once ---- */

struct errand { void (*fn)(void *ctx); void *ctx; };

static void *
run_errand(void *p)
{
	struct errand *e = p;

	e->fn(e->ctx);
	return NULL;
}

void
posix_both(struct env *env, void (*there)(void *ctx), void *there_ctx, void (*here)(void *ctx), void *here_ctx)
{
	struct errand e = { there, there_ctx };
	pthread_t thread;
	bool apart = pthread_create(&thread, NULL, run_errand, &e) == 0;

	(void)env;
	if (!apart)
		there(there_ctx);
	here(here_ctx);
	if (apart)
		pthread_join(thread, NULL);
}
