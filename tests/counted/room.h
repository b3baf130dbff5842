/*
 * A room to break things in: a machine of the simulator with a home on it, an
 * organisation founded, a day at a library under way, and beside it a second
 * machine with a colleague's home. Each trial begins from the same disks.
 *
 *    room_new(&r, seed)              once: the home is made, the day is written, the disk is kept
 *    room_restore(&r)                the disk as it was kept
 *    room_open(&r, cold)             the program starts
 *    room_ask(&r, op, params)        one operation; the answer or the error is in r.result, r.err
 *    room_stop(&r)                   the program ends, in order or because the power went
 *    room_open_other(&r)             the colleague's program starts too, from her disk as it was kept; room_stop_other()
 *    room_other_listens(&r)          and is there to be met, at ROOM_OTHER_ADDR
 */
#ifndef FALTBOK_TESTS_COUNTED_ROOM_H
#define FALTBOK_TESTS_COUNTED_ROOM_H

#include <jansson.h>
#include <string.h>

#include "node/node.h"
#include "op/op.h"
#include "peer/meet.h"
#include "sim/world.h"

enum { ROOM_NAMES = 40 };
#define ROOM_OTHER_ADDR "n1:7007"

/* An operation and what it is asked. $name in `params` stands for what an earlier answer gave. */
struct scene {
	const char *op, *params;
	/*
	 * How much of it may be there when it did not succeed: nothing, or everything. An operation of many acts, each whole
	 * in itself, may stop between two.
	 */
	bool many_acts;
	int once; /* writes what can be asked but once: an answer that was lost is seen in the refusal of the next */
	const char *first, *first_params; /* asked before anything may fail; or NULL */
};

enum { ONCE = 1, ONCE_REFUSED }; /* the next is told that it is there or gone; or that there is nothing left to do */

/* Asked again it fails with that code because it had been done. */
static inline bool
scene_was_done(const struct scene *s, enum err_code code)
{
	return s->once == ONCE ? code == ERR_EXISTS || code == ERR_UNKNOWN : s->once == ONCE_REFUSED && code == ERR_REFUSED;
}

/* It is about somebody at another machine, who is to be there. */
static inline bool
scene_meets(const struct scene *s)
{
	return strcmp(s->op, "sync") == 0;
}

extern const struct scene scenes[]; /* ends with a nameless one */

struct room {
	struct world *world;
	struct host *host, *other_host;
	struct disk *disk, *other_disk;
	struct disk_image *kept, *other_kept;
	struct node *node, *other;
	struct meet *other_meet;
	struct { char name[16], value[160]; } names[ROOM_NAMES];
	size_t name_count;
	struct op_call call; /* may be under way still where the power has gone: it ends when its program does */
	json_t *asked;
	bool answered;
	json_t *result;
	struct err err;
};

void room_new(struct room *r, uint64_t seed);
void room_free(struct room *r);
void room_restore(struct room *r);
enum err_code room_open(struct room *r, bool cold, struct err *err);
/* The parameters with every $name replaced. Memory of the test's own. */
json_t *room_params(const struct room *r, const char *params);
/* Takes nothing over. True when it was answered with a result. */
bool room_ask(struct room *r, const char *op, const json_t *params);
void room_forget_answer(struct room *r);
/* What a scene's first operation has answered: its code, if any, is $code from here on. */
void room_note_code(struct room *r);
void room_stop(struct room *r);
enum err_code room_open_other(struct room *r, struct err *err);
enum err_code room_other_listens(struct room *r, struct err *err);
/* Her program ends, if it runs, and starts again from her disk as it is now, and listens. */
enum err_code room_other_again(struct room *r, struct err *err);
void room_stop_other(struct room *r);
extern const char room_home[], room_passphrase[];
struct env *room_env(struct room *r);   /* of its machine */
struct bytes room_secret(void);         /* room_passphrase, as homes take it */
uint64_t room_entries(struct room *r);
/* For replica_verify(), with an err: keeps the first finding. */
void room_finding(void *err, const char *text);

#endif
