/*
 * Writes, by the thousand: two machines whose people save whole batches while
 * the power goes and disks fail, and who meet now and then. A lean account,
 * for writes that are to be counted in millions:
 *
 *   I1  after each start the entries that were acknowledged are in the log of who wrote them, in their order
 *   I2  of a batch whose fate nobody was told, all are there or none
 *   I3  in the end both hold the same and show the same, and still do when they are opened cold
 */
#ifndef FALTBOK_SIM_HEAVY_H
#define FALTBOK_SIM_HEAVY_H

#include "sim/play.h"

void heavy_play(const struct play_options *options, struct play_report *out);

#endif
