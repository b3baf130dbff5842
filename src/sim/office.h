/*
 * An office by its operations: what people ask of the table of operations
 * (src/op/table.c) while the power goes and disks fail. Two coordinators and
 * an adviser keep cases and the book of one site, publish a report, let
 * retention erase by a standing order that two of them have given, and note
 * where others are to be looked for.
 *
 * Who answers is the product; the account is a list of what it answered:
 *
 *   I1   a case, a booking, a published report, a standing order or an address that an answer called saved is there at the end
 *   I3   everybody shows the same cases, book, reports and orders
 *   I9   one device never gives one time to two; two devices that did are told of it, and nobody else is; what may be done
 *        fails for no other cause than a fault
 *   I13  retention erases what is due once an order stands, on every machine, and never anything else
 */
#ifndef FALTBOK_SIM_OFFICE_H
#define FALTBOK_SIM_OFFICE_H

#include "sim/play.h"

void office_play(const struct play_options *options, struct play_report *out);

#endif
