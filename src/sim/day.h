/*
 * Working days of a counselling team by the operations of the table: two
 * coordinators and two advisers open sessions, keep a queue, save visits with
 * their cases, give cards, slips and referrals, derive hours, merge, erase,
 * import, break the glass, and meet now and then, while the power goes and
 * disks fail. They have the profile that is shipped.
 *
 * Who answers is the product; the account is a list of what it answered and of
 * which entries each device held when it did (day_account.c):
 *
 *   I1   what an answer called saved is shown by everybody at the end with that value, or one that a writer who held it put in
 *        its place; of several that knew nothing of each other, all; a call that failed for a fault is there wholly or not
 *   I2   a visit is never without its case, its note and what was done, nor with two of them, however often it was saved again;
 *        a call that was refused has changed nothing, on the table either; an import is there with every line or with none
 *   I3   everybody answers alike: records, sessions, hours, reports, directory, who broke which glass; figures count what is there
 *   I6   what lies on a table, tickets and drafts, is on no other machine and in no export
 *   I9   nothing that may be done fails without a fault, nothing that may be asked either
 *   I13  an erased case is gone with all that belongs to it
 */
#ifndef FALTBOK_SIM_DAY_H
#define FALTBOK_SIM_DAY_H

#include "sim/play.h"

void day_play(const struct play_options *options, struct play_report *out);

#endif
