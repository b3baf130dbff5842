/*
 * Finding colleagues on the local network: sends beacons, hears those of
 * others, and has the meet dial who is not linked yet.
 *
 *    env cast <-- beacons -- seek -- meet_dial --> meet
 *
 * Everything runs on the env's loop. Spec: proto/discovery.md, 1 to 3.
 */
#ifndef FALTBOK_PEER_SEEK_H
#define FALTBOK_PEER_SEEK_H

#include "peer/meet.h"

struct seek;

/*
 * Begins at once. `meet` should listen, or nobody can dial us; it and its host
 * outlive the seek.
 *   ERR_NETWORK    no datagrams here: peers must be named
 *   ERR_NO_MEMORY
 */
enum err_code seek_new(struct seek **out, struct peer_host *host, struct meet *meet, struct err *err) MUST_CHECK;
void seek_free(struct seek *s);
/* How many different devices' processes have been heard in the last two minutes. */
size_t seek_heard(const struct seek *s);

#endif
