/*
 * SQLite's own VFS with a disk that can be told to fail: the Nth write or
 * sync from now on, once or for ever, with the error of choice.
 */
#ifndef FALTBOK_TESTS_FAULT_VFS_H
#define FALTBOK_TESTS_FAULT_VFS_H

#include <sqlite3.h>
#include <string.h>

enum fault_op { FAULT_NONE, FAULT_WRITE, FAULT_SYNC };

static struct {
	enum fault_op op;
	int after;       /* so many succeed first */
	int result;      /* what the failing one returns */
	int seen;        /* calls of that kind since fault_arm() */
} fault;

static inline void
fault_arm(enum fault_op op, int after, int result)
{
	fault.op = op;
	fault.after = after;
	fault.result = result;
	fault.seen = 0;
}

static int
fault_hit(enum fault_op op)
{
	if (fault.op != op)
		return SQLITE_OK;
	return fault.seen++ >= fault.after ? fault.result : SQLITE_OK;
}

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* follows in the same memory */
};

#define FAULT_REAL(f) (((struct fault_file *)(f))->real)

static int
fault_close(sqlite3_file *f)
{
	return FAULT_REAL(f)->pMethods->xClose(FAULT_REAL(f));
}

static int
fault_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return FAULT_REAL(f)->pMethods->xRead(FAULT_REAL(f), p, n, at);
}

static int
fault_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	int rc = fault_hit(FAULT_WRITE);

	return rc != SQLITE_OK ? rc : FAULT_REAL(f)->pMethods->xWrite(FAULT_REAL(f), p, n, at);
}

static int
fault_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	return FAULT_REAL(f)->pMethods->xTruncate(FAULT_REAL(f), n);
}

static int
fault_sync(sqlite3_file *f, int flags)
{
	int rc = fault_hit(FAULT_SYNC);

	return rc != SQLITE_OK ? rc : FAULT_REAL(f)->pMethods->xSync(FAULT_REAL(f), flags);
}

static int
fault_size(sqlite3_file *f, sqlite3_int64 *n)
{
	return FAULT_REAL(f)->pMethods->xFileSize(FAULT_REAL(f), n);
}

static int
fault_lock(sqlite3_file *f, int how)
{
	return FAULT_REAL(f)->pMethods->xLock(FAULT_REAL(f), how);
}

static int
fault_unlock(sqlite3_file *f, int how)
{
	return FAULT_REAL(f)->pMethods->xUnlock(FAULT_REAL(f), how);
}

static int
fault_reserved(sqlite3_file *f, int *out)
{
	return FAULT_REAL(f)->pMethods->xCheckReservedLock(FAULT_REAL(f), out);
}

static int
fault_control(sqlite3_file *f, int op, void *arg)
{
	return FAULT_REAL(f)->pMethods->xFileControl(FAULT_REAL(f), op, arg);
}

static int
fault_sector(sqlite3_file *f)
{
	return FAULT_REAL(f)->pMethods->xSectorSize(FAULT_REAL(f));
}

static int
fault_traits(sqlite3_file *f)
{
	return FAULT_REAL(f)->pMethods->xDeviceCharacteristics(FAULT_REAL(f));
}

static int
fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	/* Version 1: no shared memory, which exclusive locking does not need either. */
	static const sqlite3_io_methods methods = {
		1, fault_close, fault_read, fault_write, fault_truncate, fault_sync, fault_size, fault_lock, fault_unlock,
		fault_reserved, fault_control, fault_sector, fault_traits, NULL, NULL, NULL, NULL, NULL, NULL,
	};
	struct fault_file *mine = (struct fault_file *)f;
	sqlite3_vfs *real = vfs->pAppData;
	int rc;

	mine->real = (sqlite3_file *)(mine + 1);
	rc = real->xOpen(real, name, mine->real, flags, out);
	f->pMethods = mine->real->pMethods ? &methods : NULL;
	return rc;
}

static inline const char *
fault_vfs(void)
{
	static sqlite3_vfs vfs;

	if (!vfs.zName) {
		sqlite3_vfs *real = sqlite3_vfs_find(NULL);

		vfs = *real;
		vfs.zName = "fault";
		vfs.pAppData = real;
		vfs.pNext = NULL;
		vfs.szOsFile = real->szOsFile + (int)sizeof(struct fault_file);
		vfs.xOpen = fault_open;
		sqlite3_vfs_register(&vfs, 0);
	}
	return vfs.zName;
}

#endif
