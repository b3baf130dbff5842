#include "org/erase.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/strict.h"
#include "crypto/hc.h"
#include "log/entry.h"

static void
write_logs(struct buf *out, const struct erase_request *q)
{
	wr_array(out, q->log_count);
	for (size_t i = 0; i < q->log_count; i++) {
		const struct erase_log *l = &q->logs[i];

		wr_array(out, 4);
		WR_FIXED(out, l->author);
		WR_FIXED(out, l->stream);
		WR_FIXED(out, l->inc);
		wr_array(out, l->range_count);
		for (size_t k = 0; k < l->range_count; k++) {
			wr_array(out, 3);
			wr_uint(out, l->ranges[k].from);
			wr_uint(out, l->ranges[k].to);
			wr_bin(out, l->ranges[k].head16, sizeof(l->ranges[k].head16));
		}
	}
}

void
erase_request_encode(struct buf *out, const struct erase_request *q)
{
	wr_array(out, 3);
	write_logs(out, q);
	wr_bin(out, q->salt, sizeof(q->salt));
	wr_bin(out, q->box.p, q->box.len);
}

static int
range_order(const struct erase_range *a, const struct erase_range *b)
{
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	return memcmp(a->head16, b->head16, sizeof(a->head16));
}

/* Ranges go up. They may overlap: after a fork each history has its own. */
static void
read_ranges(struct rd *r, struct erase_log *l, struct erase_range *out)
{
	for (size_t i = 0; i < l->range_count && !r->bad; i++) {
		rd_array(r, 3);
		out[i].from = rd_uint(r, SEQ_MAX);
		out[i].to = rd_uint(r, SEQ_MAX);
		rd_bin(r, out[i].head16, sizeof(out[i].head16));
		if (out[i].from > out[i].to || (i > 0 && range_order(&out[i - 1], &out[i]) >= 0))
			r->bad = true;
	}
}

static enum err_code
read_logs(struct rd *r, struct erase_request *q)
{
	size_t cap = 0;

	q->log_count = rd_array_any(r, ERASE_LOGS_MAX);
	q->logs = mem_zero(q->log_count + 1, sizeof(*q->logs));
	if (q->logs == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < q->log_count && !r->bad; i++) {
		struct erase_log *l = &q->logs[i];

		rd_array(r, 4);
		RD_FIXED(r, l->author);
		RD_FIXED(r, l->stream);
		RD_FIXED(r, l->inc);
		l->range_count = rd_array_any(r, ERASE_RANGES_MAX - q->range_count);
		if (r->bad || l->range_count == 0) {
			r->bad = true;
			break;
		}
		if (q->range_count + l->range_count > cap) {
			struct erase_range *wider;

			cap = 2 * (q->range_count + l->range_count);
			wider = mem_grow(q->ranges, cap * sizeof(*wider));
			if (wider == NULL)
				return ERR_NO_MEMORY;
			q->ranges = wider;
		}
		read_ranges(r, l, q->ranges + q->range_count);
		q->range_count += l->range_count;
	}
	return ERR_OK;
}

/* Only once the array of ranges stands still. */
static void
point_to_ranges(struct erase_request *q)
{
	struct erase_range *at = q->ranges;

	for (size_t i = 0; i < q->log_count; i++) {
		q->logs[i].ranges = at;
		at += q->logs[i].range_count;
	}
}

static int
log_order(const struct author *a, const struct stream_id *a_stream, const struct inc *a_inc, const struct author *b,
          const struct stream_id *b_stream, const struct inc *b_inc)
{
	int order = memcmp(a->b, b->b, sizeof(a->b));

	order = order != 0 ? order : memcmp(a_stream->b, b_stream->b, sizeof(a_stream->b));
	return order != 0 ? order : memcmp(a_inc->b, b_inc->b, sizeof(a_inc->b));
}

/* The logs are a set: each stands once, where it belongs. */
static bool
logs_ascend(const struct erase_request *q)
{
	for (size_t i = 1; i < q->log_count; i++) {
		const struct erase_log *a = &q->logs[i - 1], *b = &q->logs[i];

		if (log_order(&a->author, &a->stream, &a->inc, &b->author, &b->stream, &b->inc) >= 0)
			return false;
	}
	return true;
}

static int
place_order(const void *a, const void *b)
{
	const struct erase_place *x = a, *y = b;
	int order = log_order(&x->author, &x->stream, &x->inc, &y->author, &y->stream, &y->inc);

	return order != 0 ? order : range_order(&x->range, &y->range);
}

enum err_code
erase_request_places(struct erase_request *q, struct erase_place *places, size_t count, struct err *err)
{
	q->log_count = q->range_count = 0;
	q->logs = mem_zero(ERASE_LOGS_MAX, sizeof(*q->logs));
	q->ranges = mem_zero(count + 1, sizeof(*q->ranges));
	if (q->logs == NULL || q->ranges == NULL) {
		erase_request_free(q);
		return err_plain(err, ERR_NO_MEMORY);
	}
	if (count > 1)
		qsort(places, count, sizeof(*places), place_order);
	for (size_t i = 0; i < count; i++) {
		const struct erase_place *p = &places[i];
		struct erase_log *l = q->logs + q->log_count;
		bool fresh = i == 0 || log_order(&l[-1].author, &l[-1].stream, &l[-1].inc, &p->author, &p->stream, &p->inc) != 0;

		if (q->range_count == ERASE_RANGES_MAX || (fresh && q->log_count == ERASE_LOGS_MAX)) {
			erase_request_free(q);
			return err_plain(err, ERR_TOO_BIG);
		}
		if (fresh) {
			*l++ = (struct erase_log){ p->author, p->stream, p->inc, 0, q->ranges + q->range_count };
			q->log_count++;
		}
		q->ranges[q->range_count++] = p->range;
		l[-1].range_count++;
	}
	return ERR_OK;
}

enum err_code
erase_request_decode(struct erase_request *q, struct bytes payload, struct err *err)
{
	struct rd r = rd_init(payload);
	enum err_code rc;

	memset(q, 0, sizeof(*q));
	rd_array(&r, 3);
	rc = read_logs(&r, q);
	if (rc == ERR_OK && (q->log_count == 0 || r.bad || !logs_ascend(q)))
		rc = ERR_MALFORMED;
	rd_bin(&r, q->salt, sizeof(q->salt));
	q->box = rd_bin_any(&r, 0, ERASE_BOX_BYTES_MAX);
	if (rc == ERR_OK && !rd_end(&r))
		rc = ERR_MALFORMED;
	if (rc != ERR_OK) {
		erase_request_free(q);
		return err_set(err, rc, "an order to erase: %s", err_meaning(rc));
	}
	point_to_ranges(q);
	return ERR_OK;
}

void
erase_request_free(struct erase_request *q)
{
	mem_free(q->logs);
	mem_free(q->ranges);
	memset(q, 0, sizeof(*q));
}

void
erase_ok_encode(struct buf *out, const struct hash *request)
{
	wr_array(out, 1);
	WR_FIXED(out, *request);
}

enum err_code
erase_ok_decode(struct hash *request, struct bytes payload, struct err *err)
{
	struct rd r = rd_init(payload);

	rd_array(&r, 1);
	RD_FIXED(&r, *request);
	if (!rd_end(&r))
		return err_set(err, ERR_MALFORMED, "an approval to erase does not name a request");
	return ERR_OK;
}

void
erase_receipt_encode(struct buf *out, const struct erase_receipt *q)
{
	wr_array(out, 6);
	WR_FIXED(out, q->request);
	wr_uint(out, q->gone);
	wr_uint(out, q->absent);
	wr_bool(out, q->keys);
	wr_uint(out, q->oldest);
	write_logs(out, &q->late);
}

enum err_code
erase_receipt_decode(struct erase_receipt *q, struct bytes payload, struct err *err)
{
	struct rd r = rd_init(payload);
	enum err_code rc;

	memset(q, 0, sizeof(*q));
	rd_array(&r, 6);
	RD_FIXED(&r, q->request);
	q->gone = rd_uint(&r, SEQ_MAX);
	q->absent = rd_uint(&r, SEQ_MAX);
	q->keys = rd_bool(&r);
	q->oldest = rd_uint(&r, SEQ_MAX);
	rc = read_logs(&r, &q->late);
	if (rc == ERR_OK && (!rd_end(&r) || !logs_ascend(&q->late)))
		rc = ERR_MALFORMED;
	if (rc != ERR_OK) {
		erase_receipt_free(q);
		return err_set(err, rc, "a receipt of an erasure: %s", err_meaning(rc));
	}
	point_to_ranges(&q->late);
	return ERR_OK;
}

void
erase_receipt_free(struct erase_receipt *q)
{
	erase_request_free(&q->late);
}

void
erase_image(uint8_t out[16], const uint8_t id[16])
{
	HC(out, 16, BYTES_NONE, "fb1/tomb", BYTES(id, 16));
}

void
erase_case_encode(struct buf *out, const struct erase_case *c)
{
	wr_array(out, 4);
	WR_FIXED(out, c->group);
	wr_array(out, c->key_count);
	for (size_t i = 0; i < c->key_count; i++) {
		wr_array(out, 2);
		WR_FIXED(out, c->keys[i].kid);
		WR_FIXED(out, c->keys[i].birth);
	}
	wr_array(out, c->record_count);
	for (size_t i = 0; i < c->record_count; i++)
		WR_FIXED(out, c->records[i]);
	wr_str(out, (const char *)c->reason.p, c->reason.len);
}

enum err_code
erase_case_decode(struct erase_case *c, struct bytes in, struct err *err)
{
	struct rd r = rd_init(in);

	rd_array(&r, 4);
	RD_FIXED(&r, c->group);
	c->key_count = rd_array_any(&r, ERASE_KEYS_MAX);
	for (size_t i = 0; i < c->key_count; i++) {
		rd_array(&r, 2);
		RD_FIXED(&r, c->keys[i].kid);
		RD_FIXED(&r, c->keys[i].birth);
	}
	c->record_count = rd_array_any(&r, ERASE_RECORDS_MAX);
	for (size_t i = 0; i < c->record_count; i++)
		RD_FIXED(&r, c->records[i]);
	c->reason = rd_str(&r, ERASE_REASON_BYTES_MAX);
	return rd_end(&r) ? ERR_OK : err_set(err, ERR_MALFORMED, "what an order to erase is about is not in the form it must have");
}
