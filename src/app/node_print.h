/* What the texts of the answers share: node_print.c has most of them, node_print_removal.c those about leaving,
 * node_print_day.c those of a day at a pop-up, node_print_site.c of exchanges and of closing. */
#ifndef FALTBOK_APP_NODE_PRINT_H
#define FALTBOK_APP_NODE_PRINT_H

#include <stdbool.h>

#include "base/bytes.h"

#include <jansson.h>

const char *text_of(const json_t *o, const char *key); /* a dash where there is none */
long long number_of(const json_t *o, const char *key);
const char *plural(long long n);

bool print_day(struct buf *out, const char *op, const json_t *r); /* false: not one of a day's operations */
void print_removed(struct buf *out, const json_t *member);
void print_member_heard(struct buf *out, const json_t *member); /* silence, copies, disputes, waiting keys */
void print_removal(struct buf *out, const json_t *r);
void print_adopt(struct buf *out, const json_t *r);
bool print_key_result(struct buf *out, const char *op, const json_t *r); /* false: it is about something else */
void print_exposure(struct buf *out, const json_t *r);

void print_root(struct buf *out, const char *op, const json_t *r); /* root …, recover */
/* node_print_law.c: the foot of a report; and what the operations of law and rights answer. False: not one of them. */
void print_report_foot(struct buf *out, const json_t *r);
bool print_law(struct buf *out, const char *op, const json_t *r);
/* node_print_site.c: what exchanges have brought, closing a site. False: neither. */
void print_brought(struct buf *out, const json_t *r);
bool print_site(struct buf *out, const char *op, const json_t *r);
/* node_print_exchange.c; false when the operation is none of its own. */
bool print_exchange(struct buf *out, const char *op, const json_t *r);

#endif
