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
 */
#ifndef FALTBOK_BASE_PLANT_H
#define FALTBOK_BASE_PLANT_H

#ifdef PLANT
#define PLANTED(n) (PLANT == (n))
#else
#define PLANTED(n) 0
#endif

#endif
