/*
 * Rare states that a campaign should have been in: each is counted where it
 * is reached. One that stays at 0 over many seeds says that the seeds no
 * longer go where the bugs are, however many of them pass.
 */
#ifndef FALTBOK_SIM_MARK_H
#define FALTBOK_SIM_MARK_H

#include <stdint.h>

/* X(name, when it is reached) */
#define MARK_MAP(X)                                                              \
	X(CUT_WHILE_WRITING, "the power went while something was being written") \
	X(CUT_WHILE_OPENING, "the power went during recovery")                   \
	X(OPENED_HURT, "a home opened though its disk failed meanwhile")         \
	X(NOT_OPENED_HURT, "a home did not open while its disk failed")          \
	X(CUT_WHILE_JOINING, "the power went while joining")                     \
	X(CUT_WHILE_IMPORTING, "the power went while a bundle was read")         \
	X(FULL_WHILE_WRITING, "the disk was full while writing")                 \
	X(FULL_WHILE_IMPORTING, "the disk was full while a bundle was read")     \
	X(SYNC_FAILED, "a sync failed")                                          \
	X(READ_FAILED, "a read failed")                                          \
	X(BATCH_DOUBTFUL, "a commit failed and nobody knows whether it is there") \
	X(LINKS_HALF_OPEN, "a machine went and the other end was not told")      \
	X(LATE_NEWCOMER, "somebody joined when others had written already")      \
	X(BUNDLE_CUT, "a bundle was cut short")                                  \
	X(BUNDLE_TURNED, "a bundle had a bit turned")                            \
	X(BUNDLE_TWICE, "a bundle brought nothing new")                          \
	X(BUNDLE_NEWS, "a bundle brought entries")                               \
	X(VALUES_SIDE_BY_SIDE, "a writer saw two values of one field")           \
	X(VALUES_RESOLVED, "one value replaced two or more")                     \
	X(CLOCK_BACK, "a clock stood before the last thing written")             \
	X(REPLAYED, "recorded bytes were played to a listener")                  \
	X(SNAPSHOT_LEFT, "a lid was closed on a fresh snapshot")                 \
	X(PUT_BACK, "a disk was put back to an older image")                     \
	X(HUB_PUT_BACK, "the hub's disk was put back to an older image")         \
	X(COPIED, "a home was copied to another machine")                        \
	X(NONSENSE, "a member signed what makes no sense")                       \
	X(NEWER, "a write held what only a later version knows")                 \
	X(NEWER_KIND, "an entry of a kind that is not known was kept")           \
	X(FORGED, "a forged entry came to the door")                             \
	X(REMOVED, "a device was removed")                                       \
	X(REMOVED_TWICE, "by two who had not heard of each other")               \
	X(UNGRANTED, "a device lost its team")                                   \
	X(ADOPTED, "what was written after a removal was adopted")               \
	X(STILL_SENT, "somebody who had not heard sealed to a removed device")   \
	X(SHUT_OUT, "a removed device could not read what came later")           \
	X(WROTE_FIRST, "and its person wrote before it met anybody")             \
	X(FORK_SEEN, "a machine held a branch at the end")                       \
	X(HUB_ONLY, "devices that never met had a hub between them")             \
	X(HUB_CUT, "the hub lost its power")                                     \
	X(HUB_CUT_WHILE_SERVING, "the hub lost its power under a link")          \
	X(HUB_REBOOTED, "the hub started again and still had its entries")       \
	X(HUB_AWAY, "a device dialled a hub that was off")                       \
	X(FOUND_BY_BEACON, "a device heard another by its beacon")               \
	X(DRAFT_BACK, "a draft lay there when the program started again")        \
	X(HUB_HURT, "a fault of the hub's disk struck")                          \
	X(ROOT_TURNED, "the root was handed over")                               \
	X(OLD_ROOT_WROTE, "and somebody went on with the old sheets")            \
	X(ERASED, "an erasure was approved")                                     \
	X(ROWS_OUTLIVE, "figures went on counting what was erased")             \
	X(OLD_STICK, "a stick from before was read after an erasure")            \
	X(DISPUTE, "coordinators of one rank were in dispute at the end")         \
	X(PROVEN, "a station had proof that others hold all it wrote")           \
	X(WIPE_STOPPED, "the power went while a home was wiped")                 \
	X(BACKED_UP, "a backup was made")                                        \
	X(RESTORED, "a home that was lost came back from a backup")              \
	X(RESTORED_BESIDE, "a second home was made of a backup, and the first lived on") \
	X(CUT_WHILE_RESTORING, "the power went while a backup was restored")     \
	X(TOLD_OF_COPIES, "a station told of a device that is used twice")       \
	X(OLD_HOME, "a home of an older program was opened")                     \
	X(CUT_WHILE_MIGRATING, "the power went while such a home was opened")    \
	X(NEW_HOME, "a home of a newer program was refused")                     \
	X(NEWER_PROGRAM, "a station was told that another has a newer program") \
	X(TOLD_FULL, "a station was told that the hub is full")                 \
	X(ROOT_ADMITTED, "the trustees admitted somebody themselves")            \
	X(KEY_GIVEN, "a person said yes to a key")                               \
	X(KEY_REFUSED, "a person said no to a key")                              \
	X(MERGED, "two records were merged")                                     \
	X(PARTED_AGAIN, "and a merge was taken back")                            \
	X(SAME_AS, "a record stood for another at the end")                      \
	X(QUOTA, "the hub was given a quota")                                    \
	X(HUB_FULL, "the hub was full")                                          \
	X(SITE_CLOSED, "a home was proved to be elsewhere and wiped, and its table had another") \
	X(PROFILE_GREW, "a later version of the profile was installed")              \
	X(STORE_AWAY, "the hub's store was a database elsewhere")                    \
	X(STORE_LOST, "and could not be reached")                                    \
	X(STORE_UNKNOWN, "a commit there came to pass and nobody was told")          \
	X(FOREIGN_STICK, "a stick of another organisation was read")                 \
	X(ONE_FULL, "one of several organisations on a hub was full")                \
	X(TIME_GIVEN, "a time was booked where the book is kept")                    \
	X(TIME_ASKED, "and asked for where it is not")                               \
	X(GIVEN_TWICE, "two devices gave one time while apart")                      \
	X(PUBLISHED, "a report was published")                                       \
	X(ORDER_STANDS, "a standing order to erase was approved")                    \
	X(RETENTION_ERASED, "a retention run approved what another had asked for")   \
	X(SAVED_UNHEARD, "a call failed, and what it asked for was saved")           \
	X(SAVED_AGAIN, "a visit was saved once more, because nobody had heard")      \
	X(TICKETS_BACK, "a queue was there again after a fault")                     \
	X(SESSION_JOINED, "a session was joined that another device had opened")     \
	X(SESSION_TWICE, "two devices' queues were counted in one session")          \
	X(SITE_LEFT, "a person closed a site and its home stayed")                   \
	X(GLASS_CARRIED, "protected cases were exported with everything else")       \
	X(HANDED_OVER, "another organisation began with an archive")                 \
	X(WENT_ON, "a program went on that had lacked memory")                       \
	X(GLASS_BROKEN, "a protected case was opened by break-glass")

enum mark {
#define MARK_NAME(name, text) MARK_##name,
	MARK_MAP(MARK_NAME)
#undef MARK_NAME
	MARK_COUNT
};

/* What is done to machines, wires, disks and clocks, counted as it strikes: a campaign's account of itself. X(name, word) */
#define FAULT_MAP(X)                                                                                       \
	X(POWER, "power-cut") X(HUB_POWER, "hub-power-cut") X(OPENING, "power-cut-opening") X(JOINING, "power-cut-joining")  \
	X(WIPING, "power-cut-wiping") X(NO_SPACE, "no-space") X(DISK_WRITE, "write-error") X(DISK_SYNC, "sync-error")         \
	X(DISK_READ, "read-error") X(WIRE_CUT, "wire-cut") X(WIRE_SILENT, "wire-cut-silent") X(WIRE_REFUSED, "wire-refused") \
	X(CLOGGED, "wire-clogged") X(PARTED, "parted") X(CLOCK_HOUR, "clock-within-hours") X(CLOCK_YEARS, "clock-by-years")  \
	X(REPLAY, "bytes-replayed") X(BUNDLE_SHORT, "bundle-cut") X(BUNDLE_BIT, "bundle-bit-turned") X(STICK_OLD, "old-stick") \
	X(DISK_BACK, "disk-put-back") X(HUB_BACK, "hub-put-back") X(HOME_COPIED, "home-copied") X(SENSELESS, "nonsense-signed") \
	X(FORGERY, "entry-forged") X(PASSPHRASE, "wrong-passphrase") X(OLD_SHEETS, "old-root-used") X(CAST_LOST, "datagram-lost") \
	X(CAST_TWICE, "datagram-twice") X(HUB_AWAY, "hub-away") X(QUOTA, "hub-quota") X(SITE_CLOSED, "home-wiped") X(RESTORING, "power-cut-restoring") X(HOME_RESTORED, "home-restored") X(MIGRATING, "power-cut-migrating") \
	X(STORE_REFUSED, "store-refused") X(STORE_LOST, "store-lost") X(STORE_UNKNOWN, "store-commit-unknown") \
	X(NO_MEMORY, "no-memory")

enum fault_kind {
#define FAULT_NAME(name, word) STRUCK_##name,
	FAULT_MAP(FAULT_NAME)
#undef FAULT_NAME
	STRUCK_COUNT
};
void struck(enum fault_kind k);
uint64_t struck_count(enum fault_kind k);
const char *struck_word(enum fault_kind k);

void mark(enum mark m);
uint64_t mark_count(enum mark m); /* since the program began */
const char *mark_text(enum mark m);
const char *mark_word(enum mark m); /* its name */

#endif
