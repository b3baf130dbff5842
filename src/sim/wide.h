/*
 * Many devices, and people who come and go: 12 to 16 machines, 6 rounds. In
 * each the world falls into two to four parts; in each part people write,
 * come, are removed, lose the team, ask for erasures and approve them, and
 * meet whom they can. Then all meet, and the account is taken:
 *
 *   I3   all readers hold the same entries and show the same
 *   I4   what counts is what the rules say: what was cut off counts when it was adopted
 *   I6   no entry is sealed to a device whose removal its writer held; who is removed opens nothing that the node
 *        does not report, and nothing that was written by somebody who knew (thief.h)
 *   I7   every reader opens every entry that was not erased, and holds the preferred epoch
 *   I13  what was erased is on no disk of those who have heard
 *
 * Coordinators (the first three) stay. No faults but power cuts: those are play.h's.
 */
#ifndef FALTBOK_SIM_WIDE_H
#define FALTBOK_SIM_WIDE_H

#include "sim/play.h"

void wide_play(const struct play_options *options, struct play_report *out);

#endif
