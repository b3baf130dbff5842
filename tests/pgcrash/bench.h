/*
 * A hub on the room's machine with its entries in PostgreSQL, a colleague who
 * calls it, and the state of all of it put back as often as one likes: the
 * machines' disks are images (tests/counted/room.h), the database's tables are
 * kept beside themselves.
 *
 *    bench_new(&b, seed)             the server, the room, the states
 *    bench_restore(&b, JOINED, …)    as it was then; nothing runs
 *    bench_serve(&b)                 the hub starts, in order
 *    bench_stop(&b)                  whatever runs is gone
 */
#ifndef FALTBOK_TESTS_PGCRASH_BENCH_H
#define FALTBOK_TESTS_PGCRASH_BENCH_H

#include <libpq-fe.h>

#include "../crash/path.h"
#include "app/hub_ops.h"
#include "pg/pg.h"

/* What a trial begins from. */
enum state {
	JOINED,  /* the hub has a welcome in log.db, and the database nothing */
	GROWN,   /* it has served from log.db, and the database has nothing of it */
	SERVED,  /* it is in the database, and has what the colleague has */
	DOUBLED, /* likewise, with a second organisation in a schema of its own */
	WELCOME, /* and with one whose welcome only log.db has */
	STATES
};

struct kept { struct disk_image *hub, *colleague; bool tables[2]; };

struct bench {
	struct room room;
	char dir[64], url[160];
	PGconn *conn;                  /* of the test's own */
	struct db_engine *engine;
	struct kept kept[STATES];
	struct disk_image *first;      /* of the colleague's machine: the room's own */
	char schema[2][48];            /* the first organisation's and the second's */

	struct home nav;               /* open before it is served, or NULL within */
	struct hub *hub;
	struct author key;             /* of the hub's device in the first organisation */
	struct hub_memory memory;
	struct hub_config config;
	struct node *lund;             /* the adviser at the machine of the hub, where one calls it */
	struct replica *second;        /* another hub's view of the same schema */
	uint64_t entries;              /* that it has stored */
};

/* False: there is no server to be had; said on stdout. */
bool bench_new(struct bench *b, uint64_t seed);
void bench_free(struct bench *b);
void bench_restore(struct bench *b, enum state s);
/* The database, or the files of the home. */
void bench_use(struct bench *b, bool database);
enum err_code bench_open(struct bench *b, struct err *err) MUST_CHECK;
enum err_code bench_serve(struct bench *b, struct err *err) MUST_CHECK;  /* opens as well, where it is closed */
void bench_stop(struct bench *b);
void bench_stop_hub(struct bench *b); /* the colleague stays */
struct replica *bench_replica(struct bench *b, size_t which); /* of what runs, or NULL */

/* The colleague does one operation on her own machine. */
enum err_code bench_colleague(struct bench *b, const char *op, const char *params, struct err *err) MUST_CHECK;
enum err_code bench_brought(struct bench *b, struct err *err) MUST_CHECK; /* she calls the hub */

/* Another hand in the database: one number. */
int64_t bench_number(struct bench *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bench_sql(struct bench *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The tables of a schema kept under a name, and put back. */
void bench_keep_tables(struct bench *b, const char *schema, const char *name);
void bench_put_tables(struct bench *b, const char *schema, const char *name);

#endif
