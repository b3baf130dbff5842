/*
 * A way to the database: something a hub does that asks it for much, and what
 * must hold when it did not go well.
 */
#ifndef FALTBOK_TESTS_PGCRASH_WAY_H
#define FALTBOK_TESTS_PGCRASH_WAY_H

#include "bench.h"

struct way {
	const char *name;
	enum state from;
	/* Nothing fails yet. What is to run in `run` is left running. NULL: nothing runs. */
	enum err_code (*prepare)(struct bench *b, struct err *err);
	/* ERR_OK: whoever asked was told that it is done. Asked again it goes well, whatever became of it the first time. */
	enum err_code (*run)(struct bench *b, struct err *err);
	/* All has been closed and the hub is open again from what is stored. `done`: somebody was told so. NULL: nothing beside what holds everywhere. */
	enum err_code (*holds)(struct bench *b, bool done, struct err *err);
	bool reads; /* it changes nothing */
};

extern const struct way ways[]; /* ends with a nameless one */

#endif
