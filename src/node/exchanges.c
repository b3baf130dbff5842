/*
 * The last exchanges of this home: fifty in memory, and sealed in the home
 * when it is closed. They name records, so they are sealed under the key that
 * goes when something is erased, and what has been erased is named no more.
 */
#include <stdio.h>

#include "base/mem.h"
#include "codec/strict.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/seal.h"
#include "node/exchange.h"
#include "node/node_internal.h"

enum { EXCHANGES_V = 1, SALT = 16, EXCHANGES_BYTES_MAX = 4 << 20 };

struct exchanges { struct node_exchange at[EXCHANGES_KEPT]; size_t count; bool unsaved; }; /* the newest last */

static void
drop_oldest(struct exchanges *x)
{
	brought_free(&x->at[0].brought);
	memmove(&x->at[0], &x->at[1], (EXCHANGES_KEPT - 1) * sizeof(x->at[0]));
	x->count--;
}

static void
leave_out_erased(struct node *n, struct brought *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->record_count; i++)
		if (!node_is_erased(n, &b->records[i].id, NULL))
			b->records[kept++] = b->records[i];
	b->more = b->more || kept < b->record_count;
	b->record_count = kept;
}

static bool
is_idle(const struct node_exchange *e)
{
	const struct brought *b = &e->brought;

	return e->sent == 0 && e->received == 0 && !b->untold && b->created + b->changed + b->erased + b->after_removal + b->conflicts == 0;
}

const struct node_exchange *
node_exchanged(struct node *n, const struct author *from, const struct node_exchange *facts)
{
	struct exchanges *x = n->exchanges;
	struct node_exchange *last, e = *facts;

	if (x == NULL)
		x = n->exchanges = mem_zero(1, sizeof(*x));
	if (x == NULL)
		return NULL;
	node_gather_take(n, from, &e.brought);
	leave_out_erased(n, &e.brought);
	/* What was stored last could not be shown, for want of memory or of a read; the next write tries again. */
	e.brought.untold = e.brought.untold || (n->behind && !n->opening);
	last = x->count > 0 ? &x->at[x->count - 1] : NULL;
	x->unsaved = true;
	if (last != NULL && is_idle(&e) && is_idle(last) && e.ok == last->ok && e.said == last->said && e.has_peer == last->has_peer && SAME(e.peer, last->peer)) {
		brought_free(&last->brought);
		*last = e;
		return last;
	}
	if (x->count == EXCHANGES_KEPT)
		drop_oldest(x);
	x->at[x->count] = e;
	return &x->at[x->count++];
}

size_t
node_exchange_count(struct node *n)
{
	return n->exchanges != NULL ? n->exchanges->count : 0;
}

const struct node_exchange *
node_exchange_at(struct node *n, size_t i)
{
	return &n->exchanges->at[n->exchanges->count - 1 - i];
}

/* ---- the file ---- */

static void
file_path(struct node *n, char out[4096])
{
	(void)snprintf(out, 4096, "%s/exchanges", n->home.path);
}

static void
file_key(struct node *n, const uint8_t salt[SALT], uint8_t key[32])
{
	HC(key, 32, BYTES(n->home.keys->snapshot_key, 32), "fb1/exchanges", BYTES(salt, SALT));
}

static void
put_brought(struct buf *out, const struct brought *b)
{
	wr_array(out, 8);
	wr_uint(out, b->created);
	wr_uint(out, b->changed);
	wr_uint(out, b->erased);
	wr_uint(out, b->after_removal);
	wr_uint(out, b->conflicts);
	wr_uint(out, (b->more ? 1 : 0) | (b->untold ? 2 : 0));
	wr_array(out, b->row_count);
	for (size_t i = 0; i < b->row_count; i++) {
		wr_array(out, 4);
		wr_uint(out, b->rows[i].type);
		WR_FIXED(out, b->rows[i].author);
		wr_uint(out, b->rows[i].created);
		wr_uint(out, b->rows[i].changed);
	}
	wr_array(out, b->record_count);
	for (size_t i = 0; i < b->record_count; i++) {
		wr_array(out, 4);
		WR_FIXED(out, b->records[i].id);
		wr_uint(out, b->records[i].type);
		WR_FIXED(out, b->records[i].author);
		wr_uint(out, b->records[i].created);
	}
}

static void
put_exchanges(struct buf *out, const struct exchanges *x)
{
	wr_array(out, 2);
	wr_uint(out, EXCHANGES_V);
	wr_array(out, x->count);
	for (size_t i = 0; i < x->count; i++) {
		const struct node_exchange *e = &x->at[i];

		wr_array(out, 9);
		wr_int(out, e->at_ms);
		wr_uint(out, e->way);
		wr_uint(out, e->has_peer);
		WR_FIXED(out, e->peer);
		wr_uint(out, (e->ok ? 1 : 0) | e->said << 1);
		wr_uint(out, e->in_step);
		wr_uint(out, e->sent);
		wr_uint(out, e->received);
		put_brought(out, &e->brought);
	}
}

static bool
get_brought(struct rd *r, struct brought *b)
{
	size_t count;
	uint64_t gaps;

	rd_array(r, 8);
	b->created = rd_uint(r, UINT64_MAX);
	b->changed = rd_uint(r, UINT64_MAX);
	b->erased = rd_uint(r, UINT64_MAX);
	b->after_removal = rd_uint(r, UINT64_MAX);
	b->conflicts = rd_uint(r, UINT64_MAX);
	gaps = rd_uint(r, 3);
	b->more = (gaps & 1) != 0;
	b->untold = (gaps & 2) != 0;
	count = rd_array_any(r, BROUGHT_ROWS_MAX);
	b->rows = r->bad ? NULL : mem_zero(count + 1, sizeof(*b->rows));
	b->row_cap = b->rows != NULL ? count + 1 : 0;
	for (; b->rows != NULL && b->row_count < count && !r->bad; b->row_count++) {
		struct brought_row *row = &b->rows[b->row_count];

		rd_array(r, 4);
		row->type = (uint32_t)rd_uint(r, UINT32_MAX);
		RD_FIXED(r, row->author);
		row->created = rd_uint(r, UINT64_MAX);
		row->changed = rd_uint(r, UINT64_MAX);
	}
	count = rd_array_any(r, BROUGHT_RECORDS_MAX);
	b->records = r->bad ? NULL : mem_zero(count + 1, sizeof(*b->records));
	b->record_cap = b->records != NULL ? count + 1 : 0;
	for (; b->records != NULL && b->record_count < count && !r->bad; b->record_count++) {
		struct brought_record *rec = &b->records[b->record_count];

		rd_array(r, 4);
		RD_FIXED(r, rec->id);
		rec->type = (uint32_t)rd_uint(r, UINT32_MAX);
		RD_FIXED(r, rec->author);
		rec->created = rd_uint(r, 1) == 1;
	}
	return !r->bad && b->rows != NULL && b->records != NULL;
}

static bool
get_exchanges(struct bytes in, struct exchanges *x)
{
	struct rd r = rd_init(in);
	size_t count;

	rd_array(&r, 2);
	if (rd_uint(&r, 255) != EXCHANGES_V)
		return false;
	count = rd_array_any(&r, EXCHANGES_KEPT);
	for (size_t i = 0; i < count && !r.bad; i++) {
		struct node_exchange *e = &x->at[x->count++];

		rd_array(&r, 9);
		e->at_ms = rd_int(&r);
		e->way = (enum exchange_way)rd_uint(&r, EXCHANGE_WEBSOCKET);
		e->has_peer = rd_uint(&r, 1) == 1;
		RD_FIXED(&r, e->peer);
		e->said = (unsigned)rd_uint(&r, 1 | EXCHANGE_SAID_ALL << 1);
		e->ok = (e->said & 1) != 0;
		e->said >>= 1;
		e->in_step = rd_uint(&r, 1) == 1;
		e->sent = rd_uint(&r, UINT64_MAX);
		e->received = rd_uint(&r, UINT64_MAX);
		if (!get_brought(&r, &e->brought))
			return false;
	}
	return rd_end(&r);
}

/* What cannot be written or read is no reason to stop anything: it is a memory of what was shown, and goes to the log. */
void
node_exchanges_save(struct node *n)
{
	static const uint8_t nonce[XNONCE_BYTES];
	struct buf plain = BUF_INIT, file = BUF_INIT;
	uint8_t salt[SALT], key[32];
	struct err err = ERR_INIT;
	char path[4096];

	if (n->exchanges == NULL || !n->exchanges->unsaved || replica_read_only(n->home.replica))
		return;
	put_exchanges(&plain, n->exchanges);
	env_random(n->env, salt, sizeof(salt));
	file_key(n, salt, key);
	buf_put(&file, salt, sizeof(salt));
	file_path(n, path);
	if (buf_ok(&plain) && aead_seal(&file, key, nonce, BYTES_NONE, buf_bytes(&plain)) && buf_ok(&file) &&
	    n->env->files->replace(n->env, path, buf_bytes(&file), &err) == ERR_OK)
		n->exchanges->unsaved = false;
	if (err.code != ERR_OK)
		env_logf(n->env, "keeping the last exchanges: %s", err.text);
	wipe(key, sizeof(key));
	buf_wipe(&plain);
	buf_free(&file);
}

void
node_exchanges_load(struct node *n)
{
	static const uint8_t nonce[XNONCE_BYTES];
	struct buf plain = BUF_INIT, file = BUF_INIT;
	char path[4096];
	uint8_t key[32];
	bool good;

	file_path(n, path);
	if (!n->env->files->exists(n->env, path))
		return;
	n->exchanges = mem_zero(1, sizeof(*n->exchanges));
	good = n->exchanges != NULL && n->env->files->read(n->env, path, EXCHANGES_BYTES_MAX, &file, NULL) == ERR_OK && file.len > SALT;
	if (good) {
		file_key(n, file.p, key);
		good = aead_open(&plain, key, nonce, BYTES_NONE, BYTES(file.p + SALT, file.len - SALT)) &&
		       get_exchanges(buf_bytes(&plain), n->exchanges);
		wipe(key, sizeof(key));
	}
	if (!good) /* sealed before something was erased */
		node_exchanges_free(n);
	buf_wipe(&plain);
	buf_free(&file);
}

/* The key it is sealed under has changed: something was erased, and its id goes from here too. */
void
node_exchanges_rekey(struct node *n)
{
	if (n->exchanges == NULL)
		return;
	for (size_t i = 0; i < n->exchanges->count; i++)
		leave_out_erased(n, &n->exchanges->at[i].brought);
	n->exchanges->unsaved = true;
	node_exchanges_save(n);
}

void
node_exchanges_free(struct node *n)
{
	while (n->exchanges != NULL && n->exchanges->count > 0)
		brought_free(&n->exchanges->at[--n->exchanges->count].brought);
	mem_free(n->exchanges);
	n->exchanges = NULL;
}
