/* Changes made of small numbers, so that a test reads as a story: entry 3 of author 1 sets field 7 over entry 2. */
#ifndef FALTBOK_TESTS_CRDT_MAKER_H
#define FALTBOK_TESTS_CRDT_MAKER_H

#include <stdlib.h>

#include "crdt/record.h"

enum { MAKER_OPS_MAX = 16, MAKER_OVER_MAX = 64 };

struct made {
	struct origin from;
	struct change change;
	struct op ops[MAKER_OPS_MAX];
	struct dot over[MAKER_OVER_MAX];
	size_t over_count;
	struct buf values;
	size_t value_at[MAKER_OPS_MAX];
};

static inline struct record_id
made_id(uint8_t n)
{
	struct record_id id;

	memset(id.b, n, sizeof(id.b));
	return id;
}

/* Change number `entry`, at `ms`, of record 0xcc, type 10. */
static inline void
made_init(struct made *m, uint32_t entry, int64_t ms)
{
	memset(m, 0, sizeof(*m));
	be32_put(m->from.entry, entry * 2654435761u); /* spread, so that arrival and dot order differ */
	be32_put(m->from.entry + 12, entry);
	m->from.author = entry % 5;
	m->change = (struct change){ .v = CHANGE_V, .profile_version = 1, .record = made_id(0xcc), .type = 10,
	                             .hlc = (uint64_t)ms << 16, .ops = m->ops };
	memset(m->change.group.b, 0xcc, sizeof(m->change.group.b));
}

static inline void
made_free(struct made *m)
{
	buf_free(&m->values);
}

/* Values move while they are written, so ops point at them only once the change is complete. */
static inline const struct change *
made_done(struct made *m)
{
	for (size_t i = 0; i < m->change.op_count; i++) {
		size_t end = i + 1 < m->change.op_count ? m->value_at[i + 1] : m->values.len;

		m->ops[i].value = BYTES(m->values.p + m->value_at[i], end - m->value_at[i]);
	}
	return &m->change;
}

static inline struct op *
made_op(struct made *m, uint8_t kind, uint32_t field)
{
	struct op *op = &m->ops[m->change.op_count];

	if (m->change.op_count == MAKER_OPS_MAX)
		abort();
	m->value_at[m->change.op_count++] = m->values.len;
	*op = (struct op){ .kind = kind, .field = field };
	return op;
}

/* The last op goes over op `op` of `old`. */
static inline void
made_over(struct made *m, const struct made *old, uint32_t op)
{
	struct op *last = &m->ops[m->change.op_count - 1];

	if (m->over_count == MAKER_OVER_MAX)
		abort();
	if (last->over_count++ == 0)
		last->over = &m->over[m->over_count];
	memcpy(m->over[m->over_count].entry, old->from.entry, sizeof(old->from.entry));
	m->over[m->over_count++].op = op;
}

static inline void
made_text(struct made *m, uint8_t kind, uint32_t field, const char *text)
{
	made_op(m, kind, field);
	wr_str(&m->values, text, strlen(text));
}

static inline void
made_number(struct made *m, uint32_t field, double v)
{
	made_op(m, OP_SUM, field);
	if (v == (double)(int64_t)v)
		wr_int(&m->values, (int64_t)v);
	else
		wr_float(&m->values, v);
}

static inline void
made_clear(struct made *m, uint32_t field)
{
	made_op(m, OP_CLEAR, field);
	wr_nil(&m->values);
}

static inline void
made_note(struct made *m, uint8_t id, const char *text, int corrects)
{
	uint8_t note[16];

	made_op(m, OP_NOTE, 0);
	memset(note, id, sizeof(note));
	wr_array(&m->values, 3);
	wr_bin(&m->values, note, sizeof(note));
	wr_str(&m->values, text, strlen(text));
	if (corrects < 0) {
		wr_nil(&m->values);
	} else {
		memset(note, corrects, sizeof(note));
		wr_bin(&m->values, note, sizeof(note));
	}
}

static inline void
made_piece(struct made *m, uint32_t field, uint8_t blob, uint32_t index, uint32_t count, const char *bytes)
{
	uint8_t id[16];

	made_op(m, OP_BLOB, field);
	memset(id, blob, sizeof(id));
	wr_array(&m->values, 4);
	wr_bin(&m->values, id, sizeof(id));
	wr_uint(&m->values, index);
	wr_uint(&m->values, count);
	wr_bin(&m->values, bytes, strlen(bytes));
}

#endif
