#include "casework/marks.h"

const char *
mark_name(uint32_t field)
{
	switch (field) {
	case MARK_MERGED_INTO: return "merged_into";
	case MARK_PRACTICE: return "practice";
	case MARK_SETTLED: return "settled";
	case MARK_MERGED_FROM: return "merged_from";
	}
	return NULL;
}

static bool
read_id(struct bytes value, struct record_id *out)
{
	struct rd r = rd_init(value);

	RD_FIXED(&r, *out);
	return rd_end(&r);
}

bool
record_is_practice(const struct record *r)
{
	size_t count;
	const struct value *v = record_values(r, MARK_PRACTICE, &count);

	for (size_t i = 0; i < count; i++) {
		struct rd rd = rd_init(v[i].value);

		if (rd_peek(&rd) == RD_BOOL && rd_bool(&rd))
			return true;
	}
	return false;
}

size_t
record_refs(const struct record *r, uint32_t field, struct record_id *out, size_t max)
{
	size_t count, found = 0;
	const struct value *v = record_values(r, field, &count);

	for (size_t i = 0; i < count; i++) {
		struct record_id id;
		bool seen = v[i].kind != OP_SET && v[i].kind != OP_ADD;

		for (size_t k = 0; k < i && !seen; k++)
			seen = bytes_equal(v[k].value, v[i].value);
		if (seen || !read_id(v[i].value, &id))
			continue;
		if (found < max)
			out[found] = id;
		found++;
	}
	return found;
}

bool
record_merged_into(const struct record *r, struct record_id *out)
{
	return record_refs(r, MARK_MERGED_INTO, out, 1) > 0;
}

static enum err_code
put(struct draft *d, uint8_t kind, uint32_t field, struct buf *value, struct err *err)
{
	enum err_code rc = buf_ok(value) ? draft_put_value(d, kind, field, buf_bytes(value), err) : err_plain(err, ERR_NO_MEMORY);

	buf_free(value);
	return rc;
}

enum err_code
draft_mark_practice(struct draft *d, struct err *err)
{
	struct buf value = BUF_INIT;

	wr_bool(&value, true);
	return put(d, OP_SET, MARK_PRACTICE, &value, err);
}

enum err_code
draft_mark_settled(struct draft *d, uint32_t field, struct err *err)
{
	struct buf value = BUF_INIT;

	wr_uint(&value, field);
	return put(d, OP_ADD, MARK_SETTLED, &value, err);
}

enum err_code
draft_mark_merge(struct draft *d, uint8_t op, const struct record_id *other, struct err *err)
{
	struct buf value = BUF_INIT;

	if (op == OP_CLEAR)
		wr_nil(&value);
	else
		WR_FIXED(&value, *other);
	return put(d, op, op == OP_ADD || op == OP_REMOVE ? MARK_MERGED_FROM : MARK_MERGED_INTO, &value, err);
}
