/*
 * Who brought what. While a peer's runs are stored the replica knows whose
 * they are; a span remembers it until the commit has been folded into the
 * view. Our own writing has no source and is not gathered, nor is what is
 * read when a home is opened. Where memory is short for gathering, what is
 * told of the next exchange that ends says that it is not all of it.
 */
#include "base/mem.h"
#include "node/exchange.h"
#include "node/node_internal.h"

enum { SOURCES_MAX = 64, SPANS_MAX = 1 << 16 };

struct span_of { size_t log; uint64_t from, to; struct author source; };

/* By one peer, since its last exchange. */
struct pile { struct author from; struct brought b; struct table *seen; /* record -> place in `records` + 1, or MAX: not listed */ };

struct gathering {
	struct span_of *spans;     /* of the open transaction, in the order of arrival */
	size_t span_count, span_cap;
	struct pile piles[SOURCES_MAX];
	size_t pile_count;
	bool any;                  /* the open transaction holds something of `last` */
	struct author last;        /* of whom the newest part came: what a key opens, and what is erased, is put down to it */
};

void
brought_free(struct brought *b)
{
	mem_free(b->rows);
	mem_free(b->records);
	*b = (struct brought){ .rows = NULL };
}

static struct brought_row *
row_of(struct brought *b, uint32_t type, const struct author *author)
{
	struct brought_row *room;

	for (size_t i = b->row_count; i-- > 0;)
		if (b->rows[i].type == type && SAME(b->rows[i].author, *author))
			return &b->rows[i];
	if (b->row_count == BROUGHT_ROWS_MAX)
		return NULL;
	room = mem_room(b->rows, b->row_count, &b->row_cap, sizeof(*room));
	if (room == NULL) {
		b->untold = true;
		return NULL;
	}
	b->rows = room;
	room[b->row_count] = (struct brought_row){ .type = type, .author = *author };
	return &room[b->row_count++];
}

static void
list_record(struct brought *b, const struct brought_record *r)
{
	struct brought_record *room = NULL;

	if (b->record_count < BROUGHT_RECORDS_MAX) {
		room = mem_room(b->records, b->record_count, &b->record_cap, sizeof(*room));
		b->untold = b->untold || room == NULL;
	}
	if (room == NULL) {
		b->more = true;
		return;
	}
	b->records = room;
	room[b->record_count++] = *r;
}

void
brought_add(struct brought *sum, const struct brought *more)
{
	for (size_t i = 0; i < more->row_count; i++) {
		struct brought_row *row = row_of(sum, more->rows[i].type, &more->rows[i].author);

		if (row == NULL)
			continue;
		row->created += more->rows[i].created;
		row->changed += more->rows[i].changed;
	}
	for (size_t i = 0; i < more->record_count; i++)
		list_record(sum, &more->records[i]);
	sum->more = sum->more || more->more;
	sum->untold = sum->untold || more->untold;
	sum->created += more->created;
	sum->changed += more->changed;
	sum->erased += more->erased;
	sum->after_removal += more->after_removal;
	sum->conflicts += more->conflicts;
}

/* ---- where it comes from ---- */

static struct gathering *
gathering(struct node *n)
{
	if (n->gathering == NULL)
		n->gathering = mem_zero(1, sizeof(*n->gathering));
	n->ungathered = n->ungathered || n->gathering == NULL;
	return n->gathering;
}

void
node_gather_stored(struct node *n, size_t log, uint64_t seq)
{
	const struct author *source = replica_source(n->home.replica);
	struct gathering *g = source != NULL ? gathering(n) : NULL;
	struct span_of *last, *room;

	if (g == NULL)
		return;
	g->any = true;
	g->last = *source;
	last = g->span_count > 0 ? &g->spans[g->span_count - 1] : NULL;
	if (last != NULL && last->log == log && last->to == seq && SAME(last->source, *source)) {
		last->to++;
		return;
	}
	room = g->span_count < SPANS_MAX ? mem_room(g->spans, g->span_count, &g->span_cap, sizeof(*room)) : NULL;
	if (room == NULL)
		return; /* then it counts as the newest source's */
	g->spans = room;
	room[g->span_count++] = (struct span_of){ .log = log, .from = seq, .to = seq + 1, .source = *source };
}

void
node_gather_committed(struct node *n)
{
	if (n->gathering == NULL)
		return;
	n->gathering->span_count = 0;
	n->gathering->any = false;
}

/* Neighbours in a batch stand in neighbouring spans: the search begins where the last one ended. */
static const struct author *
source_of(struct gathering *g, uint64_t row, size_t *at)
{
	size_t log = (size_t)(row >> SEQ_BITS);
	uint64_t seq = row & ((UINT64_C(1) << SEQ_BITS) - 1);

	for (size_t i = 0; i < g->span_count; i++) {
		struct span_of *s = &g->spans[(*at + i) % g->span_count];

		if (s->log != log || seq < s->from || seq >= s->to)
			continue;
		*at = (*at + i) % g->span_count;
		return &s->source;
	}
	return &g->last;
}

static struct pile *
pile_of(struct node *n, const struct author *from)
{
	struct gathering *g = n->gathering;
	struct pile *p = &g->piles[g->pile_count]; /* the next free one, if any */

	for (size_t i = 0; i < g->pile_count; i++)
		if (SAME(g->piles[i].from, *from))
			return &g->piles[i];
	if (g->pile_count < SOURCES_MAX)
		*p = (struct pile){ .from = *from, .seen = table_new(sizeof(struct record_id)) };
	if (g->pile_count == SOURCES_MAX || p->seen == NULL) {
		n->ungathered = true;
		return NULL;
	}
	g->pile_count++;
	return p;
}

/* ---- what it is ---- */

/* A record that came new and was changed in the same exchange is new, and counts once. */
static void
note(struct node *n, struct pile *p, const struct change_head *h, const struct author *author)
{
	struct brought_record r = { .id = h->record, .type = h->type, .author = *author };
	uint64_t *seen = p != NULL ? table_get(p->seen, &h->record) : NULL;
	struct brought_row *row;

	if (p == NULL || seen != NULL)
		return;
	r.created = !view_has(n->view, &h->record);
	seen = table_put(p->seen, &h->record);
	if (seen == NULL) {
		p->b.untold = true;
		return;
	}
	*seen = 1;
	row = row_of(&p->b, h->type, author);
	if (row != NULL)
		*(r.created ? &row->created : &row->changed) += 1;
	*(r.created ? &p->b.created : &p->b.changed) += 1;
	list_record(&p->b, &r);
}

static bool
peek(struct bytes body, struct change_head *out)
{
	struct rd r = rd_init(body);

	rd_array(&r, 9);
	(void)rd_uint(&r, UINT32_MAX);
	(void)rd_uint(&r, UINT32_MAX);
	(void)rd_any(&r, 64);
	RD_FIXED(&r, out->record);
	out->type = (uint32_t)rd_uint(&r, UINT32_MAX);
	return !r.bad;
}

void
node_gather_batch(struct node *n)
{
	struct gathering *g = n->gathering;
	size_t at = 0;

	if (g == NULL || !g->any)
		return;
	for (size_t i = 0; i < n->item_count; i++) {
		const struct item *it = &n->items[i];
		struct change_head h;

		if (!it->is_row && !SAME(it->author, n->home.keys->device.sign_pk) &&
		    peek(BYTES(n->bodies.p + it->body_at, it->body_len), &h) && h.type != ROSTER_TYPE)
			note(n, pile_of(n, source_of(g, it->row, &at)), &h, &it->author);
	}
}

bool
node_gathers(const struct node *n)
{
	return n->gathering != NULL && n->gathering->any;
}

void
node_gather_count(struct node *n, enum gathered what, uint64_t count)
{
	struct gathering *g = n->gathering;
	struct pile *p = g != NULL && g->any && count > 0 ? pile_of(n, &g->last) : NULL;

	if (p == NULL)
		return;
	switch (what) {
	case GATHER_ERASED:
		p->b.erased += count;
		break;
	case GATHER_AFTER_REMOVAL:
		p->b.after_removal += count;
		break;
	case GATHER_CONFLICTS:
		p->b.conflicts += count;
		break;
	}
}

void
node_gather_short(struct node *n)
{
	n->ungathered = n->ungathered || node_gathers(n);
}

void
node_gather_take(struct node *n, const struct author *from, struct brought *out)
{
	struct gathering *g = n->gathering;
	bool untold = n->ungathered;

	*out = (struct brought){ .untold = untold };
	n->ungathered = false;
	for (size_t i = 0; g != NULL && from != NULL && i < g->pile_count; i++) {
		if (!SAME(g->piles[i].from, *from))
			continue;
		*out = g->piles[i].b;
		out->untold = out->untold || untold;
		table_free(g->piles[i].seen);
		g->piles[i] = g->piles[--g->pile_count];
		return;
	}
}

void
node_gather_free(struct node *n)
{
	struct gathering *g = n->gathering;

	if (g == NULL)
		return;
	for (size_t i = 0; i < g->pile_count; i++) {
		brought_free(&g->piles[i].b);
		table_free(g->piles[i].seen);
	}
	mem_free(g->spans);
	mem_free(g);
	n->gathering = NULL;
}
