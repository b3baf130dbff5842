/*
 * What the parts of a node share:
 *
 *   node.c     opening, closing, what belongs to what     project.c   from durable entries to vault and view
 *   scan.c     reading and opening, two chunks in turn    batch.c     opened entries on their way to the view
 *   own.c      what of our own logs is content
 *   write.c    the open batch, epochs, seals              snapshot.c  the sealed image of the view
 *   found.c    founding, profiles                         admit.c     membership, keys for new readers
 *   names.c    who is called what                         custody.c   what others hold
 *   cuts.c     where a removal cuts          root.c   what only the trustees may do       kit.c   the sheets on paper
 *   removal.c  revoking, ungranting, and why              late.c      what is held and does not count; adopting
 *   exposure.c what a device could read
 *   invite.c   invitations, and newcomers at the door
 *   rows.c     the rows of drop-boxes
 *   tend.c     keys that come and go by themselves         keys.c     keys for new readers
 *   heard.c    of devices that one does not meet
 *   erase.c    what is buried, late entries, receipts     order.c     asking for an erasure and approving it
 *   brought.c  what peers bring                            exchanges.c the last exchanges
 *   standing.c who is behind whom                          wipe.c     may this home be destroyed
 *   desk.c     drafts and the queue: sealed, never sent   same.c      merged records, practice
 */
#ifndef FALTBOK_NODE_NODE_INTERNAL_H
#define FALTBOK_NODE_NODE_INTERNAL_H

#include "base/table.h"
#include "casework/desk.h"
#include "node/node.h"
#include "store/home.h"
#include "vault/vault.h"

enum {
	SEQ_BITS = 40,           /* view rows: log index << 40 | seq */
	BATCH_ENTRIES = 1 << 17, /* folded at once: a record is then loaded and written once per batch */
	BATCH_BYTES = 60 << 20,  /* what one chunk adds to it fits into 64 MiB */
	KEEP_BYTES = 1 << 20,    /* of scratch memory, between projections */
	NAME_BYTES = 160,
};

/* proto/vault.md, 8 "Roster records". */
enum {
	ROSTER_TYPE = 1,
	ROSTER_PROFILE = 1, ROSTER_PROFILE_ID = 2, ROSTER_PROFILE_VERSION = 3, ROSTER_ORG_NAME = 4,
	ROSTER_MEMBER_NAME = 5, ROSTER_DEVICE_NAME = 6, ROSTER_PRACTICE = 7, ROSTER_KEYS_BY_HAND = 8,
};

/* Which entries of a log beyond `upto` have effect, short enough to compare. */
struct effect { uint64_t limit; uint8_t beyond[16]; };

/* How far one log has been projected, and how far the projection under way goes. */
struct progress { uint64_t upto, to; struct effect effect; };

/* Our own logs: what is not DATA in them, so that DATA below any length can be counted. */
struct own_log { size_t log; uint64_t base; bool any; uint64_t *others; size_t count, cap; };

/* An opened entry on its way to the view. */
struct item { uint64_t row; uint8_t entry[16]; struct author author; struct stream_id team; size_t body_at, body_len; bool is_row; };

/* A record touched in the open batch, as it will be. */
struct touched { struct record_id id; struct stream_id team; struct buf state; struct buf imports; /* entry16 ‖ import16 of what came by one */ };

struct name { char text[NAME_BYTES]; };

struct node {
	struct env *env;
	struct home home;
	struct vault *vault;
	struct view *view;
	struct view *rows;           /* of drop-boxes, where this device reads them */
	uint8_t boxes[16];           /* which ones, and whether: node_boxes() as of the last projection */
	struct change_space space;
	struct profile *profile;
	struct buf profile_json;      /* as it was installed */
	uint32_t profile_unread;      /* the highest version that is here whole and that this program cannot read; 0: none */
	struct peer_host host;
	void (*on_change)(void *ctx);
	void *on_change_ctx;
	uint64_t hlc;
	int64_t now_ms;              /* when the projection began */
	bool opening;                /* node_begin…() has been called, and node_go_on() has not come to the end */
	uint64_t slice;              /* entries that a projection reads at most; 0: all there are */

	/* projection */
	struct progress *progress;
	size_t progress_count, progress_cap;
	struct own_log *own;
	size_t own_count, own_cap;
	bool control_changed, rights_stale, keys_learned, roster_changed, retry, behind, stored_any;
	bool forks_untold;           /* the store may hold a proof of a fork that no FORK entry tells of */
	uint64_t news_tried;         /* vault_news() when what waits was last tried */
	uint64_t *waiting;           /* rows of entries that no key opens yet, or whose payload has come late */
	size_t waiting_count, waiting_cap;
	struct item *items;
	size_t item_count, item_cap;
	struct buf bodies;
	struct buf body;             /* just opened */
	struct buf read_payload, read_body; /* of the view's reader */
	size_t damaged;
	uint64_t since_snapshot;     /* entries projected since it was written */
	bool had_snapshot;
	struct { bool known; struct log_key log; uint64_t generation; } right[2]; /* write.c: our logs last found to be under a right that stands; of a team, of a drop-box */
	bool own_late;               /* node_show_own_late() */
	struct node_news news;       /* since on_change was last called */

	/* erasure */
	struct hash *buried;         /* approved orders that have been acted on since this home was opened */
	size_t buried_count, buried_cap;
	struct hash *unopened;       /* and those whose box did not open when they were first seen */
	size_t unopened_count, unopened_cap;
	uint64_t *late;              /* rows of entries of buried groups whose payload is still here */
	size_t late_count, late_cap;
	bool shred_files;            /* keystore and snapshot still hold what has been buried */
	bool erasing;
	bool snapshot_gone;          /* removed with what it held: another is worth writing */
	bool start_over;             /* what was erased could not be taken out by itself */

	/* the open batch */
	struct touched *touched;
	size_t touched_count, touched_cap;
	struct table *touched_by_id;
	struct record *work;

	struct gathering *gathering; /* brought.c's; NULL before anything came */
	bool ungathered;             /* something came that there was no room to gather: said of the next exchange that ends */
	struct exchanges *exchanges; /* exchanges.c's; NULL before the first */

	struct invites *invites;     /* invite.c's: open invitations; NULL before the first */

	struct buf reads;            /* reads.c's: lines not yet in the file */
	struct env_timer *reads_due;

	/* the desk */
	struct day_desk desk;
	bool desk_stale;              /* a save failed: what is in memory is not what is on the disk */
	int64_t desk_wall_ms;         /* both clocks when the queue was last looked at; 0: not yet */
	uint64_t desk_awake_ns;
	enum err_code desk_unread;    /* it could not be read, for this cause: what is in memory is nothing, and must not be written over it */
	struct env_timer *desk_timer; /* when the oldest place in the queue is a day old */

	bool practice;               /* the organisation is there for practice */

	struct table *names;         /* kind ‖ id16 -> struct name * */
	struct name org_name;
};

/* scan.c: reads these entries in order and gives each to node_take_entry(), on another core while the next are read. */
struct span { size_t log; uint64_t from, to; };
enum err_code node_scan(struct node *n, struct span *spans, size_t count, struct err *err) MUST_CHECK;

/* batch.c */
/* Learns or opens one entry into the batch. Touches vault, batch and our own logs' counts, and nothing that reading touches. */
enum err_code node_take_entry(struct node *n, size_t log, const struct entry *e, struct err *err) MUST_CHECK;
enum err_code node_fold_batch(struct node *n, struct err *err) MUST_CHECK;
void node_clear_batch(struct node *n);
/* The group and the record that a body is about. */
bool node_peek_body(struct bytes body, struct group_id *group, struct record_id *record, uint64_t *hlc);
enum err_code node_read_entry(void *ctx, uint64_t row, struct view_change *out, struct err *err) MUST_CHECK; /* a view_reader */
/* To be tried again when keys come. */
enum err_code node_add_waiting(struct node *n, uint64_t row, struct err *err) MUST_CHECK;

/* own.c */
struct own_log *node_own_log(struct node *n, size_t log); /* added when absent; NULL when out of memory */
enum err_code node_note_own(struct node *n, size_t log, const struct entry *e, struct err *err) MUST_CHECK;
uint64_t node_data_below(const struct own_log *o, uint64_t len);

/* project.c */
extern const struct replica_hook node_hook_template;
/* Brings vault and view in step with what is durable. */
enum err_code node_project(struct node *n, struct err *err) MUST_CHECK;
/* Entries that are stored and that the projection, or the slice of it, has not come to. */
uint64_t node_unread(struct node *n);
/* After a failure that could not be told to anybody: tries again. */
enum err_code node_catch_up(struct node *n, struct err *err) MUST_CHECK;
struct effect node_effect_of(struct node *n, size_t log, uint64_t upto);
enum err_code node_make_progress_room(struct node *n, struct err *err) MUST_CHECK;

/* rows.c */
/* What decides how entries of drop-boxes are read; when it changes, all is read anew. */
void node_boxes(struct node *n, uint8_t out[16]);
/* The row of a change just appended in `entry`, into the open batch. `first`: of its record, as far as we know. */
enum err_code node_write_row(struct node *n, struct bytes body, const struct hash *entry, bool first, struct err *err) MUST_CHECK;
/* *wrote: it was worth a row. */
enum err_code node_write_row_told(struct node *n, struct bytes body, const struct hash *entry, bool first, bool *wrote, struct err *err) MUST_CHECK;
/* Opens an entry of a drop-box into n->body. ERR_REFUSED: this device reads no rows, and needs none. */
enum err_code node_open_row(struct node *n, const struct entry *e, struct buf *body, struct err *err) MUST_CHECK;

/* erase.c */
/* Buries what newly approved orders are about. *fresh: something was, and the view still shows it. */
enum err_code node_bury_orders(struct node *n, bool *fresh, struct err *err) MUST_CHECK;
/* Takes what has been buried out of the view. */
enum err_code node_forget_buried(struct node *n, struct err *err) MUST_CHECK;
enum err_code node_shred_files(struct node *n, struct err *err) MUST_CHECK;
enum err_code node_add_late(struct node *n, uint64_t row, struct err *err) MUST_CHECK;
/* After a commit: deletes late entries, writes receipts, commits those. What fails is tried again after the next. */
void node_finish_erasures(struct node *n);

/* admit.c */
enum err_code node_must_coordinate(struct node *n, struct err *err) MUST_CHECK;

/* write.c */
void node_forget_batch(struct node *n);
/* The record as the open batch leaves it, else as the view has it. *known: it exists. */
enum err_code node_now(struct node *n, const struct record_id *id, struct record *out, struct stream_id *team, bool *known, struct err *err) MUST_CHECK;
/* A clean epoch for the stream, made if need be. */
enum err_code node_need_epoch(struct node *n, const struct stream_id *stream, struct err *err) MUST_CHECK;
struct roster_op { uint8_t kind; uint32_t field; struct bytes value; };
/* A change of a roster record; OP_SET replaces what it sees. */
enum err_code node_write_roster(struct node *n, const struct record_id *id, const struct roster_op *ops, size_t count, struct err *err) MUST_CHECK;
/* ERR_REFUSED with what a removed device is told. */
enum err_code node_say_removed(struct err *err) MUST_CHECK;
/* Where our next entry in `stream` will stand; takes a new incarnation where the log has forked. */
enum err_code node_fresh_incarnation(struct node *n, struct err *err) MUST_CHECK; /* what is written from here on */
enum err_code node_next(struct node *n, const struct stream_id *stream, struct header *next, struct err *err) MUST_CHECK;
/* Appends an entry to our log in `stream`. */
enum err_code node_append(struct node *n, const struct stream_id *stream, uint8_t kind, struct bytes payload, struct entry *out, struct err *err) MUST_CHECK;
/* Appends KEYTABLEs until `make`, one of the vault's, has no more rows. */
typedef enum err_code make_keytable(struct vault *v, struct env *env, const struct header *next, size_t *at, bool *more, struct buf *payload, struct err *err);
enum err_code node_append_keytables(struct node *n, const struct stream_id *stream, make_keytable *make, struct err *err) MUST_CHECK;

/* forks.c */
/* Adds a FORK entry for each proof that has none. Joins the open batch. */
enum err_code node_tell_forks(struct node *n, struct err *err) MUST_CHECK;

/* admit.c */
enum err_code node_append_control(struct node *n, const struct control_op *op, struct err *err) MUST_CHECK;
/* keys.c: a KEYGRANT of the stream's epochs, when we hold them and the device lacks them; *given is then one more. */
enum err_code node_give_key(struct node *n, const struct stream_id *stream, const struct device_id *dev, size_t *given, struct err *err) MUST_CHECK;
/* Tells the vault whom a new epoch of the stream leaves out: who was never given one, and whose key waits for a yes. */
void node_leave_out_waiting(struct node *n, const struct stream_id *stream);
enum err_code node_must_coordinate(struct node *n, struct err *err) MUST_CHECK;
/* cuts.c, in cut_order: every log of the author; or those in a team that were opened under the grants */
struct node_how;
struct node_removal;
enum err_code node_find_cuts(struct node *n, const struct author *who, const struct node_how *how, struct node_removal *out, struct err *err) MUST_CHECK;
enum err_code node_find_team_cuts(struct node *n, const struct author *who, const struct stream_id *team, const struct hash *grants, size_t grant_count, struct node_removal *out, struct err *err) MUST_CHECK;
/* root.c: the next entry of this ceremony's log of the root. */
struct node_root;
enum err_code node_append_as_root(struct node *n, const struct node_root *root, const struct control_op *op, struct err *err) MUST_CHECK;
/* invite.c */
void node_end_invites(struct node *n);

/* found.c */
enum err_code node_load_roster(struct node *n, struct err *err) MUST_CHECK; /* profile and name of the organisation */
/* names.c */
void node_forget_names(struct node *n);
enum err_code node_write_own_names(struct node *n, const char *member, const char *device, struct err *err) MUST_CHECK;
enum err_code node_tell_own_names(struct node *n, struct err *err) MUST_CHECK; /* where the ADMIT says none and nothing was said yet */
bool node_has_org(struct node *n);

/* desk.c */
/* Reads HOME/desk; what can not be opened is no reason not to open a home, and is logged. */
void node_desk_load(struct node *n);
void node_desk_close(struct node *n);
/* Around a change of the snapshot key, which seals the desk too: before the keystore is written, and after. */
enum err_code node_desk_before_key(struct node *n, struct err *err) MUST_CHECK;
void node_desk_after_key(struct node *n);

/* same.c */
/* Marks a new record that refers to one of practice. */
enum err_code node_mark_practice(struct node *n, struct draft *d, bool known, struct err *err) MUST_CHECK;

/* brought.c */
struct brought;
struct change_head { struct record_id record; uint32_t type; };
enum gathered { GATHER_ERASED, GATHER_AFTER_REMOVAL, GATHER_CONFLICTS };
void node_gather_stored(struct node *n, size_t log, uint64_t seq); /* an entry has been taken into the open transaction */
void node_gather_committed(struct node *n);                        /* and shown, or dropped */
void node_gather_batch(struct node *n);                            /* before the batch is folded */
bool node_gathers(const struct node *n);                           /* what is being shown came from somebody */
void node_gather_count(struct node *n, enum gathered what, uint64_t count);
void node_gather_short(struct node *n);                            /* what is being shown could not be counted */
/* Nothing, when nothing came from there. The caller frees `out`. */
void node_gather_take(struct node *n, const struct author *from, struct brought *out);
void node_gather_free(struct node *n);

/* exchanges.c */
void node_exchanges_load(struct node *n);
void node_exchanges_save(struct node *n);
void node_exchanges_rekey(struct node *n);
void node_exchanges_free(struct node *n);

/* snapshot.c */
/* Makes it the node's view; NULL: there is none. False when it does not fit: the view is then empty, and the file is gone. */
bool node_take_image(struct node *n, struct node_image *image);

#endif
