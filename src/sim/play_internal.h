/* What the acts of a play share: play.c (phases, oracles) and act.c (what people do and what befalls them). */
#ifndef FALTBOK_SIM_PLAY_INTERNAL_H
#define FALTBOK_SIM_PLAY_INTERNAL_H

#include "node/kit.h"
#include "sim/decide.h"
#include "sim/mark.h"
#include "sim/play.h"
#include "sim/station.h"

enum { STATIONS_MAX = 6, MACHINES_MAX = STATIONS_MAX + 1 /* the hub */, STICKS = 4, WRITES_MAX = 5, ORDERS_MAX = 12, LINKS_MADE_MAX = 64, NEWER_EXCHANGE = 2 /* what a newer program says it speaks */ };

enum act_kind {
	DO_WRITE, DO_MEET, DO_CLOSE, DO_REOPEN, DO_CRASH, DO_BUNDLE_OUT, DO_BUNDLE_IN, DO_KEYS, DO_REPLAY, DO_PART, DO_CLOG,
	DO_CLOCK, DO_WRONG_PASS, DO_LEAVE, DO_WAIT, DO_HUB_CRASH, DO_HUB_CLOSE, DO_IMAGE,
	DO_PUT_BACK, DO_TRUSTEES, DO_DESK, DO_ERASE, DO_NONSENSE, DO_FORGE, DO_NEWER, DO_BACKUP, DO_RESTORE, DO_OLD_HOME,
	DO_NEW_HOME, DO_PROFILE, DO_MERGE, DO_QUOTA, DO_CLOSE_SITE, DO_ROOTED, DO_HAND, DO_COUNT
};

/* Whom devices meet. Where all goes through the hub, what one shows of another has been on the hub's disk. */
enum meeting { MEET_EACH_OTHER, MEET_ALSO_HUB, MEET_HUB_ONLY };

/* The draft that a station must still have; where its keeping failed, this or the one that was tried. */
struct expected_draft { char sure[128], tried[128]; bool doubtful; };

/* A request to erase, and whether an approval of it was saved. */
struct order_made { struct hash id; size_t by, record; bool approved; };

/* Somebody said that record is the same as `to`, or that it is not. entry: at the one end and at the other; over: links that were seen and replaced. */
struct link_made { size_t by, record, to; bool together; enum fate fate; uint8_t entry[2][16]; uint64_t over; };

/* A backup that its person was told is saved: how many writes there were, and under which incarnation its home went on. */
struct backup_made { bool made; size_t at; struct inc inc; };

/* This seed's own mix: many seeds lack a fault altogether, others have plenty of it. */
struct swarm {
	size_t stations, acts, records;
	uint32_t weight[DO_COUNT];
	uint32_t disk_fault;    /* per mille of acts under an armed fault */
	uint32_t bundle_damage;
	uint32_t newer;         /* per mille of writes that say something in the words of a later version */
	bool half_open, stay, seek;
	bool sticks_only, hub_goes_back, only_full;
	bool late;              /* newcomers come one by one, and not at the beginning */
	uint32_t clones;        /* per mille of newcomers who copy a home instead of making one */
	uint32_t newer_programs; /* per mille of devices whose program speaks a later version of the exchange too */
	uint32_t besides;       /* and who restore somebody's backup */
	enum meeting meeting;
	enum disk_loss loss;
	uint32_t far;           /* per mille of the transactions of a hub whose store is elsewhere that something befalls; 0: its own disk */
	struct weather weather;
};

struct play {
	const struct play_options *options;
	struct play_report *report;
	struct world *world;
	struct model *model;
	struct swarm swarm;
	struct decide decide;
	struct stream_id team;
	size_t machines;                    /* the stations, and the hub behind them when there is one */
	struct station *stations[MACHINES_MAX];
	bool hurt[MACHINES_MAX];            /* a disk fault struck since this program started */
	enum disk_fault armed[MACHINES_MAX];
	bool coordinator[MACHINES_MAX];
	uint64_t hub_entries;               /* it held when it was last seen running */
	struct disk_image *image[MACHINES_MAX]; /* taken of that disk, at times put back */
	size_t image_at[MACHINES_MAX];          /* writes there were when it was taken */
	bool was_put_back[MACHINES_MAX];        /* and its home does not know it: what it writes may fork */
	bool lost[MACHINES_MAX];                /* something that it had may be gone: put back, or restored from a backup */
	bool may_fork[MACHINES_MAX];            /* its disk has been put back, once */
	bool left_site[MACHINES_MAX];           /* its home was wiped: what it had saved is with others alone */
	bool left_in_vain[MACHINES_MAX];        /* and one of them has forgotten since */
	struct backup_made backup[MACHINES_MAX]; /* act_backup.c */
	struct link_made links[LINKS_MADE_MAX];  /* act_merge.c */
	size_t link_count;
	bool rooted, by_hand;                   /* act_grant.c */
	struct device_id rooted_device;
	size_t rooted_at;
	struct far *far;                        /* the hub's store, or NULL */
	uint64_t far_struck;                    /* how often something had befallen it when this act began */
	bool had_quota;                         /* the hub */
	bool full;                              /* act_hub.c: the hub has had no room since it held so many entries of teams */
	uint64_t full_teams;
	uint64_t full_opens;                    /* and how often it had been started then */
	uint32_t profile;                       /* act_upgrade.c: the newest version that was saved */
	bool copy[MACHINES_MAX];                /* another machine has the same home */
	struct expected_draft drafts[MACHINES_MAX];
	struct buf stick[STICKS];
	size_t batches;
	struct order_made orders[ORDERS_MAX]; /* bury.c */
	size_t order_count;
	uint64_t nonsense;         /* entries of content that nobody can open (hostile.c) */
	bool guest_came;           /* leave.c */
	struct device_id guest;
	uint8_t guest_card[16];
	bool guest_left;           /* a coordinator's removal of the guest was saved */
	bool guest_gone_by[MACHINES_MAX]; /* trustees.c: a removal was saved there */
	bool guest_gone_by_old[MACHINES_MAX]; /* the same by the founding's sheets: it counts only if the handing over had heard of it */
	bool turned_unheard;
	struct kit kit, heir;      /* the sheets of the founding, and of the handing over */
	bool raised;               /* the guest, to rank 1, perhaps: the trustees may have */
	bool turned, turn_saved;   /* those of the heir are out; its ROOTROT was saved */
	size_t turned_at;
	struct author new_root;
};

/* The play ends here. Returns false, so that a check reads `return play_fail(…)`. */
bool play_fail(struct play *p, const char *invariant, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* judge.c */
bool play_judge(struct play *p, size_t i, bool own_only); /* what station i shows, against the model (I1, I2; all: I3, I5) */
bool play_judge_custody(struct play *p, size_t i);
bool play_judge_apart(struct play *p);                    /* all hold the same entries, with their keys, and show the same (I3) */
bool play_judge_all(struct play *p);                      /* after healing, warm and cold, disks and all */

/* heal.c: faults end, and all meet until they hold the same (I3). */
bool play_heal(struct play *p);
/* knowledge.c: what all know, in 32 bytes: they change when anybody has got further. */
void play_knowledge(struct play *p, uint8_t out[32]);

/* put_back.c */
bool play_take_image(struct play *p, size_t i);
bool play_put_back(struct play *p, size_t i);
/* Ends the program if it runs. False when that did not go well: there is no image of a disk without power. */
bool play_lay_down(struct play *p, size_t i);
/* The home of an advisor who has one, copied to the machine i. False: there is none to copy. */
bool play_clone(struct play *p, size_t i);
/* The same of a backup (act_backup.c). */
bool play_second_home(struct play *p, size_t to);
bool play_is_spare(const struct play *p, size_t i); /* it is kept for one */
/* A machine that others may have relied on forgets what came last. */
void play_keeper_forgets(struct play *p);
/* What station i once saved may be gone, and nobody could help it. */
bool play_may_be_gone(const struct play *p, size_t i);
/* Says of each write whose author's disk was put back what became of it: nothing that any disk holds may be held by some only (I11). */
bool play_settle_fates(struct play *p);

/* Runs station i's program, whatever state it is in, and judges what it shows (I1, I2). */
bool play_ensure_up(struct play *p, size_t i);
/* Ends programs whose power went, restarts hurt ones. After every act. */
bool play_tend(struct play *p);
bool play_act(struct play *p);
bool play_perform(struct play *p, enum act_kind kind, size_t i); /* the act that has begun in p->decide */
bool play_act_called(const char *name, enum act_kind *out);
/* One of them, or none, as often as this seed has faults of disks. */
enum disk_fault play_draw_fault(struct play *p, const char *name, const enum disk_fault *faults, size_t count);

static inline uint64_t play_below(struct play *p, const char *name, uint64_t n) { return decide_below(&p->decide, name, n); }
static inline uint64_t play_between(struct play *p, const char *name, uint64_t lo, uint64_t hi) { return decide_between(&p->decide, name, lo, hi); }
static inline bool play_chance(struct play *p, const char *name, uint32_t per_mille) { return decide_chance(&p->decide, name, per_mille); }

bool play_store_struck(const struct play *p); /* in this act, or it cannot be reached: what a hub then refuses is no finding */
bool play_has_hub(const struct play *p); /* it is p->stations[p->swarm.stations] */
void swarm_draw(struct swarm *s, const struct play_options *o);
void swarm_to_script(const struct swarm *s, uint64_t seed, struct script *out);
void swarm_from_script(struct swarm *s, uint64_t *seed, const struct script *script);

/* desk.c: somebody types, or a queue comes and goes; and whether the draft is there after a start. */
enum err_code desk_act(struct play *p, size_t i, struct err *err) MUST_CHECK;
bool play_judge_desk(struct play *p, size_t i);

/* hostile.c: a member signs nonsense. */
bool hostile_act(struct play *p);
/* Entries whose signature, chain or author is wrong reach the door of station i: nothing of them may be taken (I5). */
bool forge_act(struct play *p, size_t i);
/* Station i writes an entry of a kind that will be known one day: all keep it, and nothing comes of it. */
bool newer_act(struct play *p, size_t i);

/* bury.c: somebody asks for an erasure or approves one. */
bool bury_waits_for(struct play *p, size_t i); /* it has heard of a request that it may approve */
enum err_code bury_act(struct play *p, size_t i, struct err *err) MUST_CHECK;
void bury_note_sealed(struct play *p, size_t i, struct write **batch, size_t count); /* once they are committed */
bool bury_settle(struct play *p); /* after healing: which records are erased (I13) */
bool bury_judge_kept(struct play *p); /* and that nothing else was */
bool bury_judge(struct play *p);  /* at the end: nothing of them is anywhere, and nothing brings them back */
bool bury_read_sticks(struct play *p, size_t i); /* station i reads whatever old stick turns up in a pocket */

/* rows.c: who reads rows, and whether they come to what the records come to (I12). At the end. */
bool play_judge_rows(struct play *p, size_t i);

/* leave.c: a guest comes, or leaves; and whether what station i has just written is sealed to members only. */
enum err_code leave_act(struct play *p, size_t i, struct err *err) MUST_CHECK;
bool leave_check(struct play *p, size_t i, bool rows_written);
/* Of a device that nobody will ever switch on; its kill card too. */
void leave_request(struct node *n, const char *member, uint8_t card[16], struct join_request *req);

/*
 * act_backup.c: the backup of station i, or of all, is thrown away. That of a site which was closed
 * is, before somebody's home comes to its table: afterwards nobody knows its path. Whether station i
 * tells of homes that are used twice.
 */
void backup_throw_away(struct play *p, size_t i);
void backups_forget(struct play *p);
bool backup_judge_copies(struct play *p, size_t i);
bool backup_lacks_key_of_twin(struct play *p, size_t i);

/* act_grant.c: whom the root admitted belongs, at the end; station i says yes to keys that wait. */
bool grant_judge(struct play *p);
bool grant_settle(struct play *p, size_t i);

/* act_merge.c: who is the same as whom, at the end. */
bool merge_judge(struct play *p);

/* told.c: the oracle of what stations are told of exchanges begins to listen; draws who has a newer program. */
void told_listen(struct play *p);

/* act_hub.c: a full hub takes nothing more of teams; from when on it is full and whether it has been all along; there is room again. */
void hub_watch_room(void *play);
bool hub_judge_room(struct play *p);
bool hub_make_room(struct play *p);

/* act_upgrade.c: whether everybody has the newest profile, at the end. */
bool upgrade_judge(struct play *p);

/* wipe.c: is what station i takes for proved true; and the last station is wiped, at the end (I2, I9). */
bool play_judge_proof(struct play *p, size_t i);
bool play_wipe(struct play *p);
bool play_leave(struct play *p, size_t i, size_t with); /* says so where others may count on what it holds, and meets one of them once more */
bool play_wipe_one(struct play *p, size_t i, bool *gone); /* the power may go in it; whether the home is gone */

/* trustees.c */
enum err_code trustees_found(struct play *p, struct err *err) MUST_CHECK; /* the sheets, once the organisation is there */
/* With the sheets that are right at that node. */
struct node_root;
enum err_code trustees_enter(struct play *p, struct node *n, struct node_root **root, struct err *err) MUST_CHECK;
enum err_code trustees_act(struct play *p, size_t i, struct err *err) MUST_CHECK;
bool trustees_settle(struct play *p); /* decides what is disputed at station 0 */
bool trustees_judge(struct play *p);  /* who belongs, after healing (I4) */

#endif
