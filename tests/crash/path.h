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

#endif
