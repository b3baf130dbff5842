/*
 * What the texts of the answers share:
 *
 *   node_print.c ── node_print_{day,exchange,keys,law,removal,site}.c ── node_print_words.c
 *
 * The first finds which text an operation has, and has most of them; those in the middle have their own field's; the last has the words of all.
 */
#ifndef FALTBOK_APP_NODE_PRINT_H
#define FALTBOK_APP_NODE_PRINT_H

#include <stdbool.h>

#include "base/bytes.h"

#include <jansson.h>

const char *text_of(const json_t *o, const char *key); /* a dash where there is none */
long long number_of(const json_t *o, const char *key);
const char *plural(long long n);
void print_value(struct buf *out, const json_t *v);    /* a dash for what there is none of */
const char *met(const json_t *device);                 /* "last met " or "never met here"; then met_when(), which may be empty */
const char *met_when(const json_t *device);

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
