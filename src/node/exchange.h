/*
 * What an exchange with another device, or a bundle, has brought here: how
 * many records of which type by whom, new and changed, and the last exchanges
 * of this home. Kept sealed in HOME/exchanges and never sent.
 *
 *   runs of a peer ─> stored ─> committed, folded ─> gathered by peer ─> node_exchanged(): one more of the last fifty
 *
 * Only what can be read here is counted; what waits for a key counts for the
 * exchange that brings the key. Spec: proto/store.md, 9 "Exchanges".
 */
#ifndef FALTBOK_NODE_EXCHANGE_H
#define FALTBOK_NODE_EXCHANGE_H

#include "node/node.h"

enum { EXCHANGES_KEPT = 50, BROUGHT_RECORDS_MAX = 200, BROUGHT_ROWS_MAX = 1024 };

struct brought_row { uint32_t type; struct author author; uint64_t created, changed; };
struct brought_record { struct record_id id; uint32_t type; struct author author; bool created; };

struct brought {
	struct brought_row *rows;         /* by type and author, as they came */
	size_t row_count, row_cap;
	struct brought_record *records;   /* the first BROUGHT_RECORDS_MAX */
	size_t record_count, record_cap;
	bool more;                        /* records that are not listed */
	bool untold;                      /* and something that could not be counted, for want of memory */
	uint64_t created, changed;        /* records */
	uint64_t erased;                  /* records taken away */
	uint64_t after_removal;           /* entries that were written after a removal and do not count */
	uint64_t conflicts;               /* that arose */
};

enum exchange_said {
	EXCHANGE_WITHHOLDS = 1,           /* it gives nothing of teams out just now (proto/sync.md, 10) */
	EXCHANGE_FULL = 2,                /* it has no room for more */
	EXCHANGE_NEWER = 4,               /* it speaks a later version too */
	EXCHANGE_SAID_ALL = 7,
};
enum exchange_way { EXCHANGE_LINK = 1, EXCHANGE_BUNDLE = 2, EXCHANGE_WEBSOCKET = 3 };
struct node_exchange {
	int64_t at_ms;
	enum exchange_way way;
	bool has_peer, ok, in_step;
	unsigned said;                    /* enum exchange_said: what the other side has said of itself */
	struct device_id peer;
	uint64_t sent, received;          /* entries */
	struct brought brought;
};

/*
 * An exchange has come to its end. Takes what `from` (NULL: nobody is known) has brought since the last one. The answer is the
 * node's until the next call; NULL when it is locked or memory is short. One that moved nothing takes the place of the last
 * like it. Written when the node is closed, so that no exchange waits for the disk.
 */
const struct node_exchange *node_exchanged(struct node *n, const struct author *from, const struct node_exchange *facts);
size_t node_exchange_count(struct node *n);
const struct node_exchange *node_exchange_at(struct node *n, size_t i); /* the newest is 0 */

/* Adds `more` to `sum`; where memory is short sum->untold says so. */
void brought_add(struct brought *sum, const struct brought *more);
void brought_free(struct brought *b);

#endif
