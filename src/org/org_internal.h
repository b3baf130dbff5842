/*
 * What the files of this layer share.
 *
 *   held.c      entries as they came: nodes in logs of subjects     struct org
 *   cuts.c      cut sets and how two of them become one             struct cutset
 *   roots.c     who is a root, and what of a retired one counts
 *   reach.c     how much of a control log counts under a cut
 *   strata.c    the evaluation proper, root downwards               struct eval
 *   outcome.c   what it comes to: devices, teams, grants, digest    struct eval
 *   effect.c    team logs: opened, cut, forked, adopted
 *   org.c       questions
 */
#ifndef FALTBOK_ORG_ORG_INTERNAL_H
#define FALTBOK_ORG_ORG_INTERNAL_H

#include "base/table.h"
#include "org/org.h"

#define NONE UINT32_MAX
#define NO_LIMIT UINT64_MAX

enum { STRATUM_LAST = 15, STRATUM_NEVER = 255 };

struct log_id { /* the 56 bytes that name a log, as a table's key */
	struct author author;
	struct stream_id stream;
	struct inc inc;
};

/* A device as somebody spoke of it: an author, or the target of an operation. */
struct subject {
	struct device_id id;
	uint32_t logs;   /* first control log, chained by held_log.next */
	uint32_t admits; /* last ADMIT of it with a good possession signature, chained by node.next_admit */
};

struct held_log { /* a control log, all branches */
	struct log_id id;
	uint32_t subject, next;
	uint32_t nodes;  /* last node added, chained by node.next */
	uint32_t open;   /* its OPEN, or NONE */
};

struct node { /* a control entry */
	struct hash id, prev;
	uint64_t seq;
	uint32_t log, next, next_admit;
	uint32_t target;          /* the subject it speaks of, or NONE */
	uint32_t kill_tried;      /* REVOKE: the subject's `admits` up to which kill_sig was tried. ROOTROT: 0 once tried */
	uint32_t kept;            /* of a retired root: under how many of the turns that retired it this one counts */
	uint8_t kind;
	bool taken;               /* its payload has been looked at */
	bool possession_ok;       /* ADMIT */
	bool took;                /* REVOKE: it removed somebody, in the last evaluation */
	bool kill_ok;             /* REVOKE; ROOTROT: its rotation_sig */
	uint64_t mark;            /* scratch: equals the stamp of a walk it was met on */
	struct control_op *op;    /* NULL: not decoded, or nothing to evaluate */
	uint8_t *payload;         /* what op borrows from; NULL when op is */
};

struct fork_point { struct log_id log; uint64_t seq; };

struct effect { /* what decides how much of a team log counts */
	bool opened;
	uint64_t cut;             /* entries; NO_LIMIT: no cut */
	bool has_head;
	uint8_t head16[16];
	uint64_t fork;            /* NO_LIMIT: none known */
	uint8_t adopts[16];       /* hash of the runs adopted from it */
};

struct team_log {
	struct log_id id;
	uint32_t subject;
	struct hash open_id;
	bool has_grant;
	struct hash grant;
	bool evaluated;
	struct effect effect;     /* of the last evaluation */
};

struct adoption { struct log_id log; uint64_t seq; struct adopt adopt; };

struct eval;

struct org {
	struct node *nodes; size_t node_count, node_cap;
	struct held_log *logs; size_t log_count, log_cap;
	struct subject *subjects; size_t subject_count, subject_cap;
	struct fork_point *forks; size_t fork_count, fork_cap;
	struct team_log *team_logs; size_t team_log_count, team_log_cap;
	struct adoption *adoptions; size_t adoption_count, adoption_cap;
	struct table *node_of, *log_of, *subject_of, *fork_of, *team_log_of, *adoption_of; /* to index + 1 */
	bool pinned;
	struct org_id pin;
	uint32_t genesis;         /* node, or NONE */
	uint64_t stamp;           /* last used in node.mark */
	uint64_t generation;
	size_t skipped;
	bool (*holds)(void *ctx, const struct log_key *log, uint64_t seq, const uint8_t head16[16]);
	void *holds_ctx;
	struct eval *now;         /* NULL until GENESIS was evaluated */
};

/* held.c */
struct log_id log_id_of(const struct author *author, const struct stream_id *stream, const struct inc *inc);
uint32_t held_index(const struct table *t, const void *key); /* or NONE */
uint64_t held_fork(const struct org *o, const struct log_id *log);

/* cuts.c: the strictest of all removals, per log. A log that is not listed counts for nothing. */
struct mark { struct cut cut; bool has_head; };
struct cutset {
	bool any;                 /* false: nothing is cut */
	struct mark *marks;       /* in cut_order, seq ≥ 0 */
	size_t count;
};
enum err_code cutset_merge(struct cutset *s, const struct cut *cuts, size_t count, struct err *err) MUST_CHECK;
const struct mark *cutset_find(const struct cutset *s, const struct log_id *log);
uint64_t cutset_limit(const struct cutset *s, const struct log_id *log); /* entries; NO_LIMIT without cuts */
void cutset_free(struct cutset *s);

/* reach.c: how much of one control log counts. */
struct reach {
	uint64_t cut;             /* entries below this seq; NO_LIMIT without a cut */
	uint64_t fork;            /* additions only below this seq */
	uint64_t stamp;           /* not 0: only nodes marked so, the ancestors of the head a cut names; until the next reach */
};
struct reach reach_under(struct org *o, const struct cutset *cuts, const struct held_log *l);
bool reach_has(const struct reach *reach, const struct node *n);
static inline bool
is_removal(const struct node *n)
{
	return n->kind == KIND_REVOKE || n->kind == KIND_UNGRANT;
}

/* One evaluation. Subjects keep their index in o->subjects. */
struct standing {
	uint8_t rank;
	bool gone;
	bool only_removes;        /* a contested root */
	uint32_t turns, turn_count; /* of a retired root: the turns that retired it, in eval.turns */
	uint8_t admit_stratum;
	uint32_t admit;           /* node, or NONE */
	struct cutset cuts;
	uint32_t seal;            /* newest SEALKEY node, or NONE */
	uint64_t seal_count, seal_log_count; /* of all its logs; of the log that the newest stands in */
};
struct accepted { uint32_t node, by; bool withdrawn; struct cutset cuts; };   /* a GRANT */
struct team_state { struct stream_id id; uint32_t node; uint8_t stratum, mode; };
struct withdrawal { struct hash grant; struct device_id dev; struct stream_id team; struct cutset cuts; };
struct void_removal { uint32_t by, target; };                                  /* subjects */
struct adopted { struct log_id log; uint64_t from, to; uint8_t head16[16]; };

struct turn { uint32_t node; uint8_t digest[32]; };                             /* a ROOTROT that took place */
struct root { uint32_t subject; struct org_root public; };

struct eval {
	struct org_id id;
	struct stream_id control, roster;
	const struct genesis *genesis;
	struct standing *standing; size_t standing_count;
	struct root *roots; size_t root_count, root_cap;
	struct turn *turns; size_t turn_count, turn_cap;
	bool has_next; uint8_t next_root_hash[32];
	struct accepted *accepted; size_t accepted_count, accepted_cap;
	struct team_state *team_states; size_t team_state_count, team_state_cap;
	struct withdrawal *withdrawals; size_t withdrawal_count, withdrawal_cap;
	struct table *team_state_of, *withdrawal_of, *accepted_of;
	struct void_removal *voids; size_t void_count, void_cap; /* in no particular order; some settled meanwhile */
	struct org_dispute *disputes; size_t dispute_count;

	struct org_device *devices; size_t device_count;
	struct org_team *teams; size_t team_count;
	struct org_grant *grants; size_t grant_count;
	struct table *by_author, *by_noise, *by_id, *team_by_id, *reader_of; /* to index + 1 */
	struct adopted *adopted; size_t adopted_count, adopted_cap;
	struct effect *effects;   /* by team log */
	uint8_t digest[16];
};

enum err_code eval_roots(struct org *o, struct eval *ev, struct err *err) MUST_CHECK;        /* roots.c */
enum err_code eval_strata(struct org *o, struct eval *ev, struct err *err) MUST_CHECK;       /* strata.c */
enum err_code eval_outcome(const struct org *o, struct eval *ev, struct err *err) MUST_CHECK; /* outcome.c */
enum err_code eval_digest(const struct org *o, struct eval *ev, struct err *err) MUST_CHECK;  /* digest.c */
enum err_code eval_effects(const struct org *o, struct eval *ev, struct err *err) MUST_CHECK; /* effect.c */
void eval_free(struct eval *ev);                                                              /* outcome.c */

#endif
