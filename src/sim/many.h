/*
 * Several organisations on one hub: each has a coordinator and an adviser of
 * its own, and of the others they know nothing. The power goes, bytes are
 * played again to the hub's one port, sticks turn up in the wrong house.
 *
 *   I1   what was saved, and what the hub signed for, is there
 *   I3   each organisation's machines and its part of the hub come to hold the same
 *   I6   nothing of one organisation is held by a machine, or a part, of another; a stick of another is refused whole
 *   I10  who is full takes in no more, and takes no room from the others
 */
#ifndef FALTBOK_SIM_MANY_H
#define FALTBOK_SIM_MANY_H

#include "sim/play.h"

void many_play(const struct play_options *options, struct play_report *out);

#endif
