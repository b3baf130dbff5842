/*
 * SQLite's door to the simulated disk. There is no shared memory: the store
 * opens its database with locking_mode=EXCLUSIVE before WAL, and then SQLite
 * keeps the wal-index on the heap. Directory syncs follow os_unix.c: after the
 * first sync of a new journal or WAL, and on a delete that asks for it. A new
 * main database gets none of its own, which is as on a real system.
 */
#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>

#include "sim/disk_internal.h"

struct vfs_file {
	sqlite3_file base;
	struct disk *disk;
	struct inode *inode;
	bool sync_folder; /* a new journal: its name is synced with its first bytes */
	bool remove_on_close;
	int lock;
	char path[512];
};

struct vfs_slot {
	sqlite3_vfs vfs;
	char name[16];
	struct disk *disk;
	bool registered;
};

static struct vfs_slot slots[DISK_ID_MAX];

static struct vfs_file *
file_of(sqlite3_file *f)
{
	return (struct vfs_file *)(void *)f;
}

static int
io_error(enum disk_rc rc, int code)
{
	switch (rc) {
	case DISK_OK:
		return SQLITE_OK;
	case DISK_NO_SPACE:
		return SQLITE_FULL;
	case DISK_READ_ONLY:
		return SQLITE_READONLY;
	case DISK_NOT_FOUND:
	case DISK_EXISTS:
	case DISK_IO:
		return code;
	}
	return code;
}

static int
vfs_close(sqlite3_file *file)
{
	struct vfs_file *f = file_of(file);

	disk_unlock(f->inode, f);
	disk_close(f->disk, f->inode);
	if (f->remove_on_close)
		(void)disk_remove(f->disk, f->path);
	return SQLITE_OK;
}

static int
vfs_read(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
	struct vfs_file *f = file_of(file);
	size_t got;

	if (disk_read(f->disk, f->inode, (uint64_t)at, p, (size_t)n, &got) != DISK_OK)
		return SQLITE_IOERR_READ;
	if (got == (size_t)n)
		return SQLITE_OK;
	memset((uint8_t *)p + got, 0, (size_t)n - got); /* SQLite requires it */
	return SQLITE_IOERR_SHORT_READ;
}

static int
vfs_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	struct vfs_file *f = file_of(file);

	return io_error(disk_write(f->disk, f->inode, (uint64_t)at, p, (size_t)n), SQLITE_IOERR_WRITE);
}

static int
vfs_truncate(sqlite3_file *file, sqlite3_int64 len)
{
	struct vfs_file *f = file_of(file);

	return io_error(disk_truncate(f->disk, f->inode, (uint64_t)len), SQLITE_IOERR_TRUNCATE);
}

static int
vfs_sync(sqlite3_file *file, int flags)
{
	struct vfs_file *f = file_of(file);
	enum disk_rc rc = disk_sync(f->disk, f->inode);

	(void)flags;
	if (rc == DISK_OK && f->sync_folder) {
		rc = disk_sync_folder_of(f->disk, f->path);
		if (rc == DISK_OK)
			f->sync_folder = false;
	}
	return io_error(rc, SQLITE_IOERR_FSYNC);
}

static int
vfs_file_size(sqlite3_file *file, sqlite3_int64 *out)
{
	*out = (sqlite3_int64)disk_file_bytes(file_of(file)->inode);
	return disk_dead(file_of(file)->disk) ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

static int
vfs_lock(sqlite3_file *file, int lock)
{
	struct vfs_file *f = file_of(file);

	/* One node is one process: whoever holds any lock here is meant to be alone. */
	if (!disk_lock(f->inode, f))
		return SQLITE_BUSY;
	if (lock > f->lock)
		f->lock = lock;
	return SQLITE_OK;
}

static int
vfs_unlock(sqlite3_file *file, int lock)
{
	struct vfs_file *f = file_of(file);

	f->lock = lock;
	if (lock == SQLITE_LOCK_NONE)
		disk_unlock(f->inode, f);
	return SQLITE_OK;
}

static int
vfs_check_reserved(sqlite3_file *file, int *out)
{
	*out = file_of(file)->lock >= SQLITE_LOCK_RESERVED;
	return SQLITE_OK;
}

static int
vfs_control(sqlite3_file *file, int op, void *arg)
{
	(void)file;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int
vfs_sector_size(sqlite3_file *file)
{
	(void)file;
	return SECTOR_BYTES;
}

static int
vfs_characteristics(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* as os_unix.c says of every disk */
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = vfs_close,
	.xRead = vfs_read,
	.xWrite = vfs_write,
	.xTruncate = vfs_truncate,
	.xSync = vfs_sync,
	.xFileSize = vfs_file_size,
	.xLock = vfs_lock,
	.xUnlock = vfs_unlock,
	.xCheckReservedLock = vfs_check_reserved,
	.xFileControl = vfs_control,
	.xSectorSize = vfs_sector_size,
	.xDeviceCharacteristics = vfs_characteristics,
};

static struct disk *
disk_of(sqlite3_vfs *vfs)
{
	return ((struct vfs_slot *)vfs->pAppData)->disk;
}

static int
vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
	struct vfs_file *f = file_of(file);
	bool journal = (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
	bool created;
	enum disk_rc rc;

	memset(f, 0, sizeof(*f));
	/* A nameless file is a temporary one: the store keeps those in memory (temp_store), and none may reach a disk. */
	if (path == NULL || disk_of(vfs) == NULL || strlen(path) >= sizeof(f->path))
		return SQLITE_CANTOPEN;
	if (disk_is_read_only(disk_of(vfs))) /* as os_unix.c: what may not be written is opened for reading, and SQLite is told */
		flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
	rc = disk_open(disk_of(vfs), path, (flags & SQLITE_OPEN_CREATE) != 0, &f->inode, &created);
	if (rc != DISK_OK)
		return rc == DISK_NO_SPACE ? SQLITE_FULL : SQLITE_CANTOPEN;
	snprintf(f->path, sizeof(f->path), "%s", path);
	f->disk = disk_of(vfs);
	f->sync_folder = created && journal;
	f->remove_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
	f->base.pMethods = &methods;
	if (out_flags != NULL)
		*out_flags = flags;
	return SQLITE_OK;
}

static int
vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
	enum disk_rc rc = disk_remove(disk_of(vfs), path);

	if (rc == DISK_NOT_FOUND)
		return SQLITE_IOERR_DELETE_NOENT;
	if (rc == DISK_OK && sync_folder)
		rc = disk_sync_folder_of(disk_of(vfs), path);
	return io_error(rc, SQLITE_IOERR_DELETE);
}

static int
vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
	(void)flags;
	*out = disk_exists(disk_of(vfs), path);
	return disk_dead(disk_of(vfs)) ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int
vfs_full_path(sqlite3_vfs *vfs, const char *path, int n, char *out)
{
	(void)vfs;
	return snprintf(out, (size_t)n, "%s", path) < n ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int
vfs_random(sqlite3_vfs *vfs, int n, char *out)
{
	disk_random(disk_of(vfs), out, (size_t)n);
	return n;
}

static int
vfs_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	return us; /* simulated time stands still inside a call */
}

/* Julian day in ms. A fixed day: nothing that SQLite stores may depend on the time. */
static int
vfs_time64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
	(void)vfs;
	*out = 210866760000000ll + 1577836800000ll;
	return SQLITE_OK;
}

static int
vfs_time(sqlite3_vfs *vfs, double *out)
{
	sqlite3_int64 ms;

	vfs_time64(vfs, &ms);
	*out = (double)ms / 86400000.0;
	return SQLITE_OK;
}

static int
vfs_last_error(sqlite3_vfs *vfs, int n, char *out)
{
	(void)vfs;
	if (n > 0)
		out[0] = '\0';
	return 0;
}

const char *
sim_vfs_name(uint32_t id)
{
	return slots[id].name;
}

void
sim_vfs_attach(uint32_t id, struct disk *d)
{
	struct vfs_slot *s = &slots[id];

	s->disk = d;
	if (s->registered)
		return;
	snprintf(s->name, sizeof(s->name), "sim-%u", id);
	s->vfs = (sqlite3_vfs){
		.iVersion = 2,
		.szOsFile = sizeof(struct vfs_file),
		.mxPathname = 500,
		.zName = s->name,
		.pAppData = s,
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_path,
		.xRandomness = vfs_random,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_time,
		.xGetLastError = vfs_last_error,
		.xCurrentTimeInt64 = vfs_time64,
	};
	s->registered = sqlite3_vfs_register(&s->vfs, 0) == SQLITE_OK;
	assert(s->registered);
}
