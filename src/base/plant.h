/*
 * Planted bugs: the simulator is tested by what it finds. `make plants`
 * builds the product once per bug with -DPLANT=n and asks the simulator for
 * a violation; every other build compiles PLANTED(n) away.
 *
 *   1  node_commit says "saved" and leaves small batches in the open transaction
 *   2  SQLite syncs a commit only now and then (synchronous=NORMAL)
 *   3  a session does not send the last entry of a log
 *   4  the later wall clock wins, instead of `over`
 *   5  view.snap stands on the disk unsealed
 *   6  removing from a set ignores `over`
 *   7  of two histories of one log the first one met stays, and the other is dropped
 *   8  a row names what it replaces by the entry of the content
 *   9  what stands in a field of a later version is dropped
 *  10  no signature of what comes from outside is checked
 *  11  an entry need not follow the one before it
 *  12  an author of whom no ADMIT is known is let in
 *  13  drafts are always sealed with one salt: one key, one nonce, other bytes
 *  14  a draft stands in a log line
 *  15  a commit that failed with EIO is called saved
 *  16  an epoch is sealed to removed devices, too
 *  17  what was written beyond a cut counts
 *  18  an erased payload is accepted again
 *  19  an ACK is signed for entries that are not committed
 *  20  the snapshot and its key outlive an erasure
 *  21  a copy of a home writes on under the incarnation of the original
 *  22  a note is applied twice
 *  23  values of one field, and notes, stand in the order in which they came
 *  24  nothing is sent to who has once signed for it, whatever its disk has lost since
 *  25  who has signed for the beginning of a log is said to hold all of it
 *  26  an order to erase takes whatever stands at its places, of every history
 *  28  the device that keeps a book gives a time that is taken
 *  29  what memory ran ahead with stays there when the store's server is lost
 */
#ifndef FALTBOK_BASE_PLANT_H
#define FALTBOK_BASE_PLANT_H

#ifdef PLANT
#define PLANTED(n) (PLANT == (n))
#else
#define PLANTED(n) 0
#endif

#endif
