/*
 * A disk at the moment when its power went: what is durable, and what is on
 * its way there. One moment can be lived through again and again, and each
 * time chance decides anew what of the unsynced sectors and names arrives.
 *
 *     disk_power_off(d) … every handle closed … still_take(d)
 *       └─ still_leave(d, still, loss, seed)      what such a cut leaves; the disk runs again
 *
 * Nothing that the program could see tells one time from the other but the bytes themselves.
 */
#ifndef FALTBOK_SIM_STILL_H
#define FALTBOK_SIM_STILL_H

#include "sim/disk.h"

struct still;

/* The power is off and no file is open. */
struct still *still_take(const struct disk *d);
void still_free(struct still *s);
/*
 * Puts the disk to that moment and settles it. Returns a digest of what was decided: with the same one the disk holds
 * the same bytes.
 */
uint64_t still_leave(struct disk *d, const struct still *s, enum disk_loss loss, uint64_t seed);

#endif
