/*
 * The ledger of erasures: requests, approvals, receipts, in any order of
 * arrival, and what they come to.
 *
 *   ERASE_REQ by one member ─┐
 *                            ├─ approved: the DATA named in it is deleted wherever it lies
 *   ERASE_OK by another,  ───┘
 *   a coordinator
 *                        RECEIPT by a device: confirmed there, and which late entries of the group it deleted;
 *                        what devices of two members name as late is deleted everywhere
 *
 * Whether an order is approved is a question to the evaluated organisation;
 * the ledger keeps no answer of its own but the last one. Spec: proto/org.md, 9 "Erasure".
 */
#ifndef FALTBOK_ORG_ORDERS_H
#define FALTBOK_ORG_ORDERS_H

#include "org/erase.h"
#include "org/org.h"

struct orders;

struct erase_order {
	struct hash id;
	struct author author;
	struct log_key log;               /* where the request stands */
	uint64_t seq;
	struct erase_request request;     /* its box included, into `payload` */
	uint8_t *payload;
	bool counts;                      /* its author is admitted and the request lies within the cut; as of the last orders_refresh() */
	bool approved;                    /* as of the last orders_refresh() */
	struct author approved_by;        /* of the smallest key, when several approved */
};
struct erase_confirmed { struct erase_receipt receipt; struct author author; struct log_key log; uint64_t seq; uint8_t *payload; };

struct orders *orders_new(void); /* NULL when out of memory */
void orders_free(struct orders *o);

/* Takes an ERASE_REQ, ERASE_OK or RECEIPT whose payload is there; copies it; again does no harm. ERR_MALFORMED, ERR_NO_MEMORY. */
enum err_code orders_add(struct orders *o, const struct log_key *log, const struct entry *e, struct err *err) MUST_CHECK;

/* Which orders are approved, as the organisation is evaluated now. */
void orders_refresh(struct orders *o, const struct org *org);

/* In order of arrival. Pointers live until the next orders_add(). */
size_t orders_count(const struct orders *o);
const struct erase_order *orders_at(const struct orders *o, size_t i);
/* The newest receipt of that device for that order, or NULL. */
const struct erase_confirmed *orders_receipt_of(const struct orders *o, const struct hash *request, const struct author *by);

/*
 * How the ledger asks whether the history that the entry at hand belongs to holds, at `seq` or later in it, an entry whose id begins with
 * head16: as org_set_holds() does. False where the log does not reach so far: then nobody can tell yet.
 */
typedef bool orders_holds(void *ctx, const struct log_key *log, uint64_t seq, const uint8_t head16[16]);
/*
 * Is the entry at `seq` of that log or branch to be deleted: named by an approved order, or named as late under approved
 * orders by devices of two members who may read the stream?
 */
bool orders_cover(const struct orders *o, const struct org *org, const struct log_key *log, uint64_t seq, orders_holds *holds, void *ctx);
/* Has anybody who may read the stream named it as late? On one word nothing is deleted, but no key is waited for. */
bool orders_call_late(const struct orders *o, const struct org *org, const struct log_key *log, uint64_t seq, orders_holds *holds, void *ctx);
/* Does a range that begins below it end with this entry? Then with its arrival it is known what those below it are. */
bool orders_end_at(const struct orders *o, const struct header *h, const struct hash *id);
/* Calls cb with every range that orders_cover() may be true within, as of the last orders_refresh(). */
void orders_each_range(const struct orders *o, void (*cb)(void *ctx, const struct erase_log *log, struct erase_range range), void *ctx);

#endif
