/*
 * Who may read and decide: a pure function of the control entries held.
 *
 *   root (rank 0) ─ coordinators (rank 1..15) ─ advisors, auditors, hubs (255)
 *
 * Authority is evaluated in strata from the root downwards, from the empty
 * state each time; removal only ever goes strictly down in rank and carries
 * an explicit cut per log. The order of arrival never matters.
 * Spec: proto/org.md, 4 "Evaluation".
 */
#ifndef FALTBOK_ORG_ORG_H
#define FALTBOK_ORG_ORG_H

#include "log/fork.h"
#include "log/frontier.h"
#include "org/ops.h"

struct org;

struct org_device {
	struct author sign_pk;
	struct device_id id;
	uint8_t noise_pk[32], note_pk[32];
	uint8_t seal_pk[32];          /* the newest SEALKEY, else ADMIT's */
	uint64_t seal_index;          /* 0: ADMIT's; else how many SEALKEYs count, this one the newest */
	uint64_t seal_first;          /* index of the first one of the incarnation that the newest belongs to */
	struct member_id member;
	struct bytes enc_name;        /* borrowed from the org */
	struct hash admit_id;
	struct log_key admit_log;     /* where that ADMIT stands */
	uint64_t admit_seq;
	uint8_t rank;                 /* 1..15 coordinator; RANK_NONE */
	bool coordinator, advisor, auditor, hub; /* as granted, by grants not withdrawn */
	bool gone;                    /* removed by an accepted REVOKE */
};

/* Admitted, granted a role, not removed. */
static inline bool
org_device_live(const struct org_device *d)
{
	return !d->gone && (d->coordinator || d->advisor || d->auditor || d->hub);
}

struct org_team { struct stream_id id; struct bytes enc_name; uint8_t state, mode; struct hash made_by; };

/* An accepted GRANT that no UNGRANT withdrew; also to devices that are gone or not admitted yet. */
struct org_grant { struct hash id; struct device_id dev, by; uint8_t role; bool has_team; struct stream_id team; uint8_t rank; bool self_grant; };

/* Everybody who is or was the root, as they followed: proto/org.md, 4 "Roots". */
enum org_root_state { ROOT_RETIRED, ROOT_CURRENT, ROOT_CONTESTED };
struct org_root { struct author pk; enum org_root_state state; };

struct org *org_new(void); /* NULL when out of memory */
void org_free(struct org *o);

/*
 * Says which organisation this is, where that is known beforehand: entries of
 * any other are ignored. Without it the GENESIS with the smallest id counts.
 */
void org_pin(struct org *o, const struct org_id *id);

/*
 * How org asks whether the history that `log` is part of, below it or in what
 * goes on from it, holds at `seq` an entry whose id begins with head16: which
 * branch a cut or an adoption speaks of. Without it nothing counts beyond a
 * fork or a cut.
 */
void org_set_holds(struct org *o,
                   bool (*holds)(void *ctx, const struct log_key *log, uint64_t seq, const uint8_t head16[16]),
                   void *ctx);

/*
 * Takes a stored entry of the control stream, or a team stream's OPEN or
 * ADOPT, in any order (again does no harm); copies what it keeps. A payload
 * that does not decode is kept out and counted; one that is missing may come
 * later. Before GENESIS is known everything waits. ERR_NO_MEMORY only. Call
 * org_evaluate() after a batch. A FORK entry registers its proof by itself.
 */
enum err_code org_add(struct org *o, const struct entry *e, struct err *err) MUST_CHECK;
enum err_code org_add_fork(struct org *o, const struct fork_proof *p, struct err *err) MUST_CHECK; /* from a stored FORK entry */
enum err_code org_evaluate(struct org *o, struct err *err) MUST_CHECK;

/* All below speak of the last evaluation. Pointers live until the next one. */
bool org_known(const struct org *o);                 /* a GENESIS is held */
const struct org_id *org_id(const struct org *o);
const struct genesis *org_genesis(const struct org *o);
void org_root_fingerprint(const struct org *o, uint8_t out[32]); /* HC(32,∅,"fb1/root/print",root_pk,org_id) */
void org_digest(const struct org *o, uint8_t out[16]);            /* ctl_digest: HC over the evaluated state */
/* Changes whenever the effective part of any data log may have become different other than by growing. */
uint64_t org_generation(const struct org *o);

size_t org_root_count(const struct org *o);
const struct org_root *org_root_at(const struct org *o, size_t i);
bool org_is_root(const struct org *o, const struct author *a); /* was, is, or claims to be */
const struct author *org_root(const struct org *o);  /* who decides for the trustees now; NULL while that is contested */
/* The hash of the key that may hand the root over next; false: none can. */
bool org_next_root(const struct org *o, uint8_t hash[32]);
/* Entries of this author are stored: a root, or named by a stored ADMIT that proves its keys, accepted or not (proto/log.md, 5). */
bool org_speaks(const struct org *o, const struct author *a);

size_t org_device_count(const struct org *o);
const struct org_device *org_device_at(const struct org *o, size_t i);  /* sorted by id */
const struct org_device *org_device_by_author(const struct org *o, const struct author *a);
const struct org_device *org_device_by_id(const struct org *o, const struct device_id *id);
const struct org_device *org_device_by_noise(const struct org *o, const uint8_t noise_pk[32]);
bool org_removal_counts(const struct org *o, const struct hash *entry); /* this REVOKE removed somebody */
/* Is this the kill card that some stored ADMIT binds to the device? */
bool org_kill_card_fits(const struct org *o, const struct device_id *dev, const uint8_t kill_pk[32]);
size_t org_team_count(const struct org *o);
const struct org_team *org_team_at(const struct org *o, size_t i);      /* the roster is not among them */
const struct org_team *org_team_by_id(const struct org *o, const struct stream_id *id);
size_t org_grant_count(const struct org *o);
const struct org_grant *org_grant_at(const struct org *o, size_t i);

/* Is it a team of mode 1, a drop-box? Every live coordinator and advisor writes there, every live coordinator reads. */
bool org_is_drop_box(const struct org *o, const struct stream_id *stream);
/* A live device that may read the stream: grantees of a team; coordinators and advisors for the roster. */
bool org_reads(const struct org *o, const struct stream_id *stream, const struct device_id *dev);
/* What a peer may be sent of a log: nothing, headers, or all. proto/sync.md, 6 "Who gets what". */
enum org_share { SHARE_NOTHING, SHARE_HEADERS, SHARE_ALL };
enum org_share org_share(const struct org *o, const struct org_device *peer, const struct stream_id *stream);
/* The GRANT under which `dev` opens a log in `stream`, or NULL. */
const struct org_grant *org_grant_for(const struct org *o, const struct stream_id *stream, const struct device_id *dev);

/*
 * How many entries of this log, from seq 0, have effect. UINT64_MAX: all there
 * are. After a control fork REVOKE, UNGRANT and ERASE_* count on every branch
 * all the same (proto/org.md, 4). Adopted entries that join on are included;
 * ask again after storing entries of a log that has adoptions.
 */
uint64_t org_limit(const struct org *o, const struct log_key *log);
/* The same for one entry; also true of adopted entries that leave a gap. */
bool org_effective(const struct org *o, const struct log_key *log, uint64_t seq);
/*
 * Does an entry of a control log count (proto/org.md, 4) that is no part of the evaluation: an ERASE_REQ or ERASE_OK, which count
 * on every branch after a fork, or another, that does not.
 */
bool org_counts(const struct org *o, const struct log_key *log, uint64_t seq, bool on_every_branch);
/* As far as anybody who may say so has asked for it: its limit without adoptions, or the end of the farthest run adopted, held or not. */
uint64_t org_wanted(const struct org *o, const struct log_key *log);
/* Where a FORK entry proves that the log splits; UINT64_MAX: nowhere. */
uint64_t org_fork_point(const struct org *o, const struct log_key *log);
/*
 * Removals that had no effect because the target was no lower in rank: disputes, who tried and whom, once each. One is
 * over when either of the two is gone.
 */
struct org_dispute { struct device_id by, target; };
size_t org_void_removals(const struct org *o);
const struct org_dispute *org_dispute_at(const struct org *o, size_t i);
/* A party to one of them: what it grants is given keys by hand only. */
bool org_disputed(const struct org *o, const struct device_id *dev);
/* Entries whose payload did not decode, and FORK entries that prove nothing. Since org_new(). */
size_t org_skipped(const struct org *o);

#endif
