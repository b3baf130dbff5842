/*
 * A write path: something people do that writes to the disk, and what must
 * hold when the power went in the middle of it.
 */
#ifndef FALTBOK_TESTS_CRASH_PATH_H
#define FALTBOK_TESTS_CRASH_PATH_H

#include "../counted/room.h"
#include "store/home.h"

enum { OWED_MAX = 256 };

/* What somebody was told is saved: so many entries of that log, the last of them that one. */
struct owed { struct log_key key; uint64_t len; struct hash head; };

struct debt {
	struct owed owed[OWED_MAX];
	size_t count;
	uint64_t before, after; /* entries: of the home before, and once all of it is done; 0: nobody can tell beforehand */
	bool acknowledged;
};

struct path {
	const char *name;
	const struct scene *scene;  /* of counted's; or NULL, and the rest says what is done */
	/* Nothing fails yet. What is to be open in `run` is left open. */
	enum err_code (*prepare)(struct room *r, struct err *err);
	/* ERR_OK: whoever asked was told that it is done. The program may still run. */
	enum err_code (*run)(struct room *r, struct err *err);
	/* The program is gone, the power is back: does it stand? Beside what holds everywhere. NULL: nothing beside it. */
	enum err_code (*stands)(struct room *r, const struct debt *d, struct err *err);
	bool many_acts; /* each whole in itself: it may have stopped between two */
	bool no_home;   /* it is not the home of the room that is written to */
};

extern const struct path paths[]; /* beside the scenes; ends with a nameless one */

/* The disk as it was kept; what the path needs is open and was asked. *d: what is owed before it begins, `kept` where nothing was added. */
enum err_code path_begin(struct room *r, const struct path *p, const struct debt *kept, struct debt *d, struct err *err);
enum err_code path_run(struct room *r, const struct path *p, struct err *err);
/* Whatever runs is gone: in order, or because the power is off. */
void path_end(struct room *r);

/* Every log of it, as it is now, and how many entries. */
void debt_note(struct debt *d, struct replica *r);
/* What that device has signed for, as the colleague's replica has it. */
void debt_note_acked(struct debt *d, struct replica *colleague, const struct author *device);
/* The power is gone: what whoever was written to has signed for, to the colleague, is owed too. */
void path_note_acked(struct room *r, struct debt *d);
bool debt_is_held(const struct debt *d, struct replica *r);
/* Verifies, and holds what is owed; else an error that says which. */
enum err_code debt_check(const struct debt *d, struct replica *r, struct err *err);

/* The room's node starts, stays open and admits whoever asks, an adviser to its team; its logs are noted in what the path owes. */
enum err_code path_admit(struct room *r, struct bytes request, uint8_t role, struct buf *sealed, struct err *err);
/* One operation of the room's node; r->result is its answer. */
enum err_code path_ask(struct room *r, const char *op, const char *params, struct err *err);

/* ---- paths of other files ---- */
/* A hub: what it is brought, an organisation more, an organisation less. path_hub_end(): whatever of it runs is gone. */
enum err_code hub_waits(struct room *r, struct err *err), hub_is_brought(struct room *r, struct err *err), hub_stands(struct room *r, const struct debt *d, struct err *err);
enum err_code hub_is_open(struct room *r, struct err *err), hub_takes_one_more(struct room *r, struct err *err), hub_has_one_more(struct room *r, struct err *err),
	hub_gives_one_up(struct room *r, struct err *err), parts_stand(struct room *r, const struct debt *d, struct err *err);
/* What it has told is remembered where an older disk brings nothing back; and which store its entries are in. */
enum err_code hub_waits_and_remembers(struct room *r, struct err *err), hub_remembers(struct room *r, const struct debt *d, struct err *err);
enum err_code hub_store_is_elsewhere(struct room *r, struct err *err), hub_changes_its_store(struct room *r, struct err *err),
	hub_has_one_store(struct room *r, const struct debt *d, struct err *err);
void path_hub_note_acked(struct room *r, struct debt *d);
void path_hub_end(struct room *r);
/* The home ends: closed after an exchange, wiped, wiped on; and copied to another place. */
enum err_code has_met(struct room *r, struct err *err), close_home(struct room *r, struct err *err), closed_stands(struct room *r, const struct debt *d, struct err *err);
enum err_code wipe_home(struct room *r, struct err *err), is_wiped_or_stands(struct room *r, const struct debt *d, struct err *err);
enum err_code full_text(struct room *r, struct err *err), full_text_stands(struct room *r, const struct debt *d, struct err *err);
enum err_code is_a_copy(struct room *r, struct err *err), copy_writes(struct room *r, struct err *err), copy_stands(struct room *r, const struct debt *d, struct err *err);
/* Papers and proofs: a kit's sheets, a newcomer's request, the second of two histories. path_paper_end(): what is open of them is closed. */
enum err_code kit_is_made(struct room *r, struct err *err), write_sheets(struct room *r, struct err *err), sheets_are_whole(struct room *r, const struct debt *d, struct err *err);
enum err_code newcomer_is_there(struct room *r, struct err *err), write_request(struct room *r, struct err *err),
	request_is_of_this_home(struct room *r, const struct debt *d, struct err *err);
enum err_code one_history_is_known(struct room *r, struct err *err), the_other_arrives(struct room *r, struct err *err),
	both_histories_stand(struct room *r, const struct debt *d, struct err *err);
void path_paper_end(void);
/* An auditor's store beside its own, for a bundle that is only looked at. path_beside_end(): what is open of it is closed. */
enum err_code auditor_has_a_bundle(struct room *r, struct err *err), auditor_unpacks_it(struct room *r, struct err *err),
	auditor_stands(struct room *r, const struct debt *d, struct err *err);
void path_beside_end(void);
extern struct debt *path_noting; /* of the path that begins */

#endif
