/* What the parts of the disk share: the image (disk.c), SQLite's door (vfs.c), the files' door (files.c). */
#ifndef FALTBOK_SIM_DISK_INTERNAL_H
#define FALTBOK_SIM_DISK_INTERNAL_H

#include "sim/disk.h"

/* Registers "sim-<id>" on first use and points it at `d`, or at nothing. */
void sim_vfs_attach(uint32_t id, struct disk *d);
const char *sim_vfs_name(uint32_t id);
uint32_t disk_id(const struct disk *d);

#endif
