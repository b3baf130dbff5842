#include "org/erase.h"

#include "base/mem.h"
#include "codec/strict.h"
#include "log/entry.h"

void
erase_request_encode(struct buf *out, const struct erase_request *q)
{
	wr_array(out, 3);
	wr_array(out, q->log_count);
	for (size_t i = 0; i < q->log_count; i++) {
		const struct erase_log *l = &q->logs[i];

		wr_array(out, 4);
		WR_FIXED(out, l->author);
		WR_FIXED(out, l->stream);
		WR_FIXED(out, l->inc);
		wr_array(out, l->range_count);
		for (size_t k = 0; k < l->range_count; k++) {
			wr_array(out, 2);
			wr_uint(out, l->ranges[k].from);
			wr_uint(out, l->ranges[k].to);
		}
	}
	wr_bin(out, q->salt, sizeof(q->salt));
	wr_bin(out, q->box.p, q->box.len);
}

/* Ranges go up and leave a gap between them: one set of entries has one encoding. */
static void
read_ranges(struct rd *r, struct erase_log *l, struct erase_range *out)
{
	for (size_t i = 0; i < l->range_count && !r->bad; i++) {
		rd_array(r, 2);
		out[i].from = rd_uint(r, SEQ_MAX);
		out[i].to = rd_uint(r, SEQ_MAX);
		if (out[i].from > out[i].to || (i > 0 && out[i].from <= out[i - 1].to + 1))
			r->bad = true;
	}
}

static enum err_code
read_logs(struct rd *r, struct erase_request *q)
{
	size_t cap = 0;

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

enum err_code
erase_request_decode(struct erase_request *q, struct bytes payload, struct err *err)
{
	struct rd r = rd_init(payload);
	struct erase_range *at;
	enum err_code rc = ERR_OK;

	memset(q, 0, sizeof(*q));
	rd_array(&r, 3);
	q->log_count = rd_array_any(&r, ERASE_LOGS_MAX);
	if (r.bad || q->log_count == 0)
		return err_set(err, ERR_MALFORMED, "an order to erase names no log");
	q->logs = mem_zero(q->log_count, sizeof(*q->logs));
	rc = q->logs == NULL ? ERR_NO_MEMORY : read_logs(&r, q);
	rd_bin(&r, q->salt, sizeof(q->salt));
	q->box = rd_bin_any(&r, 0, ERASE_BOX_BYTES_MAX);
	if (rc == ERR_OK && !rd_end(&r))
		rc = ERR_MALFORMED;
	if (rc != ERR_OK) {
		erase_request_free(q);
		return err_set(err, rc, "an order to erase: %s", err_meaning(rc));
	}
	at = q->ranges; /* only now does the array stand still */
	for (size_t i = 0; i < q->log_count; i++) {
		q->logs[i].ranges = at;
		at += q->logs[i].range_count;
	}
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
