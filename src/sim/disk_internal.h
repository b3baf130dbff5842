/* What the parts of the disk share: the images (disk.c, disk_power.c), SQLite's door (vfs.c), the files' door (files.c). */
#ifndef FALTBOK_SIM_DISK_INTERNAL_H
#define FALTBOK_SIM_DISK_INTERNAL_H

#include "sim/disk.h"
#include "sim/prf.h"

struct image { uint8_t *p; uint64_t len, cap; };

struct piece {
	uint64_t at;    /* the new length when p is NULL: a truncation */
	uint32_t n;
	bool first;     /* of one write: the memory of all its pieces begins here */
	uint8_t *p;
};

struct inode {
	uint64_t number;
	struct image live, durable;
	struct piece *pieces;
	size_t piece_count, piece_cap;
	unsigned handles;
	const void *locked_by;
};

struct name { char *path; struct inode *file; };
struct names { struct name *at; size_t count, cap; };
/* file NULL: `path` goes away. from NULL: created. */
struct name_change { char *path, *from; struct inode *file; };

struct disk {
	struct dice dice;
	uint32_t id;
	struct trace *trace;
	struct scan *scan; /* or NULL */
	struct names live, durable;
	struct name_change *changes;
	size_t change_count, change_cap;
	struct inode **inodes;
	size_t inode_count, inode_cap;
	uint64_t next_inode, ops;
	char **claims;
	size_t claim_count, claim_cap;
	bool dead, lying, lasting, struck, read_only;
	enum disk_fault fault;
	uint64_t fault_at; /* counts down */
	unsigned full_for; /* writes that still find no room */
};

/* Registers "sim-<id>" on first use and points it at `d`, or at nothing. */
void sim_vfs_attach(uint32_t id, struct disk *d);
const char *sim_vfs_name(uint32_t id);
uint32_t disk_id(const struct disk *d);

/* disk.c */
void disk_image_set(struct image *to, const struct image *from);
void disk_piece_apply(struct image *m, const struct piece *c);
void disk_pieces_clear(struct inode *f);
void disk_name_put(struct names *n, const char *path, struct inode *f);
void disk_names_clear(struct names *n);
void disk_change_apply(struct names *n, const struct name_change *c);
void disk_change_free(struct name_change *c);
struct inode *disk_inode_new(struct disk *d);
void disk_inode_free(struct inode *f);
void disk_sweep(struct disk *d); /* frees files that no name and no handle leads to */

#endif
