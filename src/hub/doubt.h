/*
 * Is this store the newest there was of it? Nobody can tell by a disk that may
 * be an older one. Until there is proof, or the word of coordinators, a hub gives
 * nothing of a team out. Knows devices and digests only. Spec: proto/sync.md, 10.
 */
#ifndef FALTBOK_HUB_DOUBT_H
#define FALTBOK_HUB_DOUBT_H

#include "org/org.h"
#include "store/replica.h"

enum { DOUBT_HEARD_MAX = 16 };

struct doubt {
	bool proven;                                /* continuity is */
	struct device_id heard[DOUBT_HEARD_MAX];    /* coordinators' devices that control was compared with */
	size_t heard_count;
};

/* A live coordinator's device has compared control with us to its end. True: something has changed by it. */
bool doubt_hear(struct doubt *d, const struct org_device *by);
/* Is nothing to be given to this device yet? NULL: to nobody in particular, who is none of the coordinators. */
bool doubt_holds(const struct doubt *d, const struct org *org, const struct org_device *for_whom);

/* What is to be kept outside of the disk: changes with the control logs, and cannot be made without the device's seed. */
void doubt_witness(struct replica *r, const uint8_t seed[32], uint8_t out[32]);

#endif
