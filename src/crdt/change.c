/*
 * Decoding is on the way of every entry that a node reads, so it copies
 * nothing but dots: values are borrowed, and the two arrays are the caller's
 * to use again. Pointers into the dots are set last, since the array may move
 * while it grows.
 */
#include "crdt/change.h"

#include "base/mem.h"

/* proto/crdt.md, 2: the years 1 to 9999, so that every claimed time can be printed. */
static const int64_t SHOWN_MS_MIN = -62135596800000;
static const int64_t SHOWN_MS_MAX = 253402300799999;
enum { BODY_FIELDS = 9, OP_FIELDS = 4, DOT_FIELDS = 2, OFFSET_MIN_MAX = 23 * 60 + 59 };

static void
encode_op(struct buf *out, const struct op *op)
{
	wr_array(out, OP_FIELDS);
	wr_uint(out, op->kind);
	wr_uint(out, op->field);
	buf_put_bytes(out, op->value);
	wr_array(out, op->over_count);
	for (size_t i = 0; i < op->over_count; i++) {
		wr_array(out, DOT_FIELDS);
		wr_bin(out, op->over[i].entry, sizeof(op->over[i].entry));
		wr_uint(out, op->over[i].op);
	}
}

void
change_encode(struct buf *out, const struct change *c)
{
	wr_array(out, BODY_FIELDS);
	wr_uint(out, c->v);
	wr_uint(out, c->profile_version);
	WR_FIXED(out, c->group);
	WR_FIXED(out, c->record);
	wr_uint(out, c->type);
	wr_uint(out, c->hlc);
	if (c->has_shown) {
		wr_array(out, 2);
		wr_int(out, c->shown_ms);
		wr_int(out, c->shown_offset_min);
	} else {
		wr_nil(out);
	}
	if (c->has_import)
		wr_bin(out, c->import, sizeof(c->import));
	else
		wr_nil(out);
	wr_array(out, c->op_count);
	for (size_t i = 0; i < c->op_count; i++)
		encode_op(out, &c->ops[i]);
}

void
change_space_free(struct change_space *s)
{
	mem_free(s->ops);
	mem_free(s->dots);
	*s = (struct change_space){ NULL, 0, NULL, 0 };
}

static void
read_shown(struct rd *r, struct change *c)
{
	int64_t ms, offset;

	if (rd_nil(r))
		return;
	rd_array(r, 2);
	ms = rd_int(r);
	offset = rd_int(r);
	if (ms < SHOWN_MS_MIN || ms > SHOWN_MS_MAX || offset < -OFFSET_MIN_MAX || offset > OFFSET_MIN_MAX) {
		r->bad = true;
		r->p = r->end; /* as every refusal leaves a reader */
		return;
	}
	c->has_shown = true;
	c->shown_ms = ms;
	c->shown_offset_min = (int16_t)offset;
}

/* The dots of one op go to the end of s->dots, of which *used are taken. False when out of memory. */
static bool
read_over(struct rd *r, struct change_space *s, size_t *used, size_t *count)
{
	*count = rd_array_any(r, CHANGE_BYTES_MAX);
	for (size_t i = 0; i < *count && !r->bad; i++) {
		struct dot *grown = mem_room(s->dots, *used, &s->dot_cap, sizeof(*s->dots));

		if (grown == NULL)
			return false;
		s->dots = grown;
		rd_array(r, DOT_FIELDS);
		rd_bin(r, s->dots[*used].entry, sizeof(s->dots[*used].entry));
		s->dots[*used].op = (uint32_t)rd_uint(r, CHANGE_OPS_MAX - 1);
		(*used)++;
	}
	return true;
}

static enum err_code
read_ops(struct rd *r, struct change *c, struct change_space *s, struct err *err)
{
	size_t dots = 0, count = rd_array_any(r, CHANGE_OPS_MAX);

	for (size_t i = 0; i < count && !r->bad; i++) {
		struct op *grown = mem_room(s->ops, i, &s->op_cap, sizeof(*s->ops)), *op;

		if (grown == NULL)
			return err_plain(err, ERR_NO_MEMORY);
		s->ops = grown;
		op = &s->ops[i];
		rd_array(r, OP_FIELDS);
		op->kind = (uint8_t)rd_uint(r, UINT8_MAX);
		op->field = (uint32_t)rd_uint(r, UINT32_MAX);
		op->value = rd_any(r, CHANGE_BYTES_MAX);
		if (!read_over(r, s, &dots, &op->over_count))
			return err_plain(err, ERR_NO_MEMORY);
	}
	if (r->bad)
		return err_set(err, ERR_MALFORMED, "change: an op is not in the form it must have");
	dots = 0;
	for (size_t i = 0; i < count; i++) {
		s->ops[i].over = s->ops[i].over_count == 0 ? NULL : s->dots + dots;
		dots += s->ops[i].over_count;
	}
	c->ops = s->ops;
	c->op_count = count;
	return ERR_OK;
}

enum err_code
change_decode(struct change *c, struct bytes in, struct change_space *s, struct err *err)
{
	struct rd r = rd_init(in);
	enum err_code rc;

	memset(c, 0, sizeof(*c));
	if (in.len > CHANGE_BYTES_MAX)
		return err_set(err, ERR_TOO_BIG, "change: %zu bytes, at most %d are allowed", in.len, CHANGE_BYTES_MAX);
	if (rd_array_any(&r, UINT16_MAX) == 0)
		return err_set(err, ERR_MALFORMED, "change: not an array with fields");
	c->v = (uint32_t)rd_uint(&r, UINT32_MAX);
	if (!r.bad && c->v > CHANGE_V)
		return err_set(err, ERR_NEWER, "change: version %u, this program knows %d", c->v, CHANGE_V);
	r = rd_init(in); /* only now is it known how many fields there must be */
	rd_array(&r, BODY_FIELDS);
	c->v = (uint32_t)rd_uint(&r, CHANGE_V);
	c->profile_version = (uint32_t)rd_uint(&r, UINT32_MAX);
	RD_FIXED(&r, c->group);
	RD_FIXED(&r, c->record);
	c->type = (uint32_t)rd_uint(&r, UINT32_MAX);
	c->hlc = rd_uint(&r, UINT64_MAX);
	read_shown(&r, c);
	if (!rd_nil(&r)) {
		c->has_import = true;
		rd_bin(&r, c->import, sizeof(c->import));
	}
	if (r.bad || c->v == 0 || c->type == 0)
		return err_set(err, ERR_MALFORMED, "change: a field before the ops is not in the form it must have");
	rc = read_ops(&r, c, s, err);
	if (rc == ERR_OK && !rd_end(&r))
		rc = err_set(err, ERR_MALFORMED, "change: bytes after the last op");
	return rc;
}
