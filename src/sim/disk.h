/*
 * A disk made of chance, one per node.
 *
 *   write ──> live image ──(sync)──> durable image
 *                 |                       |
 *            what the node reads     what a power cut leaves, plus for every
 *                                    unsynced sector: kept, dropped or garbage
 *
 * Creating, renaming and removing a file are unsynced too, until their
 * directory is synced. A sync that fails leaves its sectors clean and
 * undefined, as Linux does: a later sync says nothing about them.
 * SQLite reaches it as the VFS "sim-<id>", everything else as env_files.
 */
#ifndef FALTBOK_SIM_DISK_H
#define FALTBOK_SIM_DISK_H

#include "base/env.h"
#include "base/mem.h"
#include "sim/scan.h"
#include "sim/trace.h"

struct disk;
struct inode; /* a file's contents; names point to it */

enum { SECTOR_BYTES = 512, DISK_ID_MAX = 128 };

enum disk_rc { DISK_OK, DISK_NOT_FOUND, DISK_EXISTS, DISK_NO_SPACE, DISK_READ_ONLY, DISK_IO };

enum disk_fault {
	FAULT_NONE,
	FAULT_POWER,    /* the power goes at that operation, which has no effect */
	FAULT_NO_SPACE, /* writes fail for a while, then there is room again */
	FAULT_WRITE,    /* one write fails */
	FAULT_SYNC,     /* one sync fails */
	FAULT_READ,     /* one read fails */
};

/* How unsynced sectors fare in a power cut. */
enum disk_loss { LOSS_ALL, LOSS_NONE, LOSS_SOME, LOSS_GARBAGE /* some, and what was being written may be noise */ };

/* Registers the VFS of that id, once per process and id; a new disk takes over the name. id < DISK_ID_MAX. */
struct disk *disk_new(uint64_t seed, uint32_t id, struct trace *trace);
void disk_free(struct disk *d);
const char *disk_vfs_name(const struct disk *d);
const struct env_files *disk_env_files(void);
/* Where the env is made: by this env_files find their disk. */
void disk_bind(struct disk *d, struct env *env);

/*
 * sim_must(mem_zero(…)): memory of the simulator's own. None of it counts as
 * an allocation of the program under test, and where there is none the
 * simulator stops: no result would mean anything.
 */
#define sim_must(allocation) (mem_hold(), sim_must_have(allocation))
void *sim_must_have(void *p);

/* ---- faults ---- */
/* Strikes at the operation `after` from now (1: the next one that can suffer it). FAULT_NONE disarms. */
void disk_arm(struct disk *d, enum disk_fault fault, uint64_t after);
void disk_set_lasting(struct disk *d, bool lasting); /* a fault that has struck strikes again each time, until disk_arm() */
bool disk_fault_struck(const struct disk *d);     /* since the last disk_arm() */
void disk_set_lying(struct disk *d, bool lying);  /* syncs say yes and do nothing: for proving the oracle */
void disk_set_read_only(struct disk *d, bool read_only); /* as a file system that was mounted so: nothing on it changes */
void disk_power_off(struct disk *d);              /* from here on every call fails without effect */
bool disk_dead(const struct disk *d);
/* Decides the fate of what was unsynced and starts again. All handles must be closed. */
void disk_power_on(struct disk *d, enum disk_loss loss);

/* Everything on `from` as it is now, written anew to the empty `to`: a copied disk. Its files have other inodes. */
void disk_copy(struct disk *to, const struct disk *from);

/*
 * An image of the whole disk, and the same disk put back to it: names,
 * contents and inode numbers, so that nothing on the machine tells. The
 * program must not run.
 */
struct disk_image;
struct disk_image *disk_image_take(const struct disk *d);
void disk_image_restore(struct disk *d, const struct disk_image *image);
void disk_image_free(struct disk_image *image);

/* ---- what the VFS and env_files are made of ---- */
enum disk_rc disk_open(struct disk *d, const char *path, bool create, struct inode **out, bool *created);
void disk_close(struct disk *d, struct inode *f);
enum disk_rc disk_read(struct disk *d, struct inode *f, uint64_t at, void *p, size_t n, size_t *got);
enum disk_rc disk_write(struct disk *d, struct inode *f, uint64_t at, const void *p, size_t n);
enum disk_rc disk_truncate(struct disk *d, struct inode *f, uint64_t len);
enum disk_rc disk_sync(struct disk *d, struct inode *f);
uint64_t disk_file_bytes(const struct inode *f);
uint64_t disk_inode_number(const struct inode *f);
bool disk_lock(struct inode *f, const void *holder); /* exclusive; false when another holder has it */
void disk_unlock(struct inode *f, const void *holder);
bool disk_exists(const struct disk *d, const char *path);
bool disk_is_read_only(const struct disk *d);
enum disk_rc disk_rename(struct disk *d, const char *from, const char *to);
enum disk_rc disk_remove(struct disk *d, const char *path);
enum disk_rc disk_sync_folder_of(struct disk *d, const char *path);
bool disk_claim(struct disk *d, const char *path);   /* lock files: gone with the power */
void disk_release(struct disk *d, const char *path);
/* A number from the disk's own stream: SQLite's xRandomness. */
void disk_random(struct disk *d, void *p, size_t n);

/* ---- for the oracles ---- */
void disk_set_scan(struct disk *d, struct scan *scan); /* looks at every write as it is made */
/* Every byte that is on the disk or may be: live and durable images. */
void disk_each(struct disk *d, void (*cb)(void *ctx, const char *path, struct bytes data), void *ctx);
/* All of it goes through the scan; a find says "n3's /path". */
void disk_look(struct disk *d, struct scan *scan, size_t machine);
uint64_t disk_ops(const struct disk *d);
uint64_t disk_unsynced(const struct disk *d); /* sectors that a power cut could take */

#endif
