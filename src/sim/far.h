/*
 * The hub's store as a database elsewhere (src/store/db.h), made of chance: the
 * server is a machine of its own that never loses anything, and between it and
 * the hub statements are refused, connections end, and a commit may have come
 * to pass though nobody was told.
 *
 *   hub ── replica ── far ──?── db_sqlite on the server's disk
 *
 * As with PostgreSQL (proto/postgresql.md): after a refused statement the whole
 * transaction is gone, and after a lost connection the replica is away until
 * it is tended. One hub at a time uses it.
 */
#ifndef FALTBOK_SIM_FAR_H
#define FALTBOK_SIM_FAR_H

#include "sim/world.h"

struct far;

/* A server in that world. rate: per mille of transactions that something befalls. */
struct far *far_new(struct world *w, uint32_t rate);
void far_free(struct far *f); /* after the hub that uses it */
const struct db_engine *far_engine(struct far *f);
struct disk *far_disk(struct far *f);
void far_calm(struct far *f, bool calm);  /* nothing befalls while it is: opening, and from healing on */
uint64_t far_struck(const struct far *f); /* how often something has, so far */

#endif
