/*
 * A change: the decrypted body of one DATA entry, what its author did to one record.
 *
 *   body = [v, profile version, group16, record16, type, hlc, shown|nil, import16|nil,
 *           [[op, field, value, over[]]…]]
 *
 * A dot names one op of one entry for ever: (first half of the entry's id, op
 * index). `over` lists the dots that the author saw and replaces. Ops
 * commute; a dot in `over` that has not arrived yet is superseded when it does.
 * Spec: proto/crdt.md, 2 "Body".
 */
#ifndef FALTBOK_CRDT_CHANGE_H
#define FALTBOK_CRDT_CHANGE_H

#include "base/ids.h"
#include "codec/strict.h"

enum { CHANGE_V = 1, CHANGE_OPS_MAX = 512, CHANGE_BYTES_MAX = 55295 };

enum op_kind {
	OP_SET = 1,    /* register: the value replaces the dots in `over`; concurrent values all stay */
	OP_ADD = 2,    /* set: adds an element */
	OP_REMOVE = 3, /* set: takes away the observed adds in `over` (value is the element, for display) */
	OP_SUM = 4,    /* counter: adds a number once */
	OP_NOTE = 5,   /* value = [note16, text, corrects16|nil]; append-only */
	OP_BLOB = 6,   /* value = [blob16, index, count, bytes]: one piece of a large register value */
	OP_CLEAR = 7,  /* register: the dots in `over` are replaced by nothing */
};

struct dot { uint8_t entry[16]; uint32_t op; };

struct op {
	uint8_t kind;
	uint32_t field;
	struct bytes value;      /* one msgpack value, its bytes as received; unknown ones survive untouched */
	const struct dot *over;
	size_t over_count;
};

struct change {
	uint32_t v, profile_version;
	struct group_id group;
	struct record_id record;
	uint32_t type;
	uint64_t hlc;            /* ms << 16 | counter */
	bool has_shown; int64_t shown_ms;      /* display time claimed by the author, Unix ms */
	int16_t shown_offset_min;              /* its UTC offset, so that it prints as it was written */
	bool has_import; uint8_t import[16];
	const struct op *ops;
	size_t op_count;
};

void change_encode(struct buf *out, const struct change *c);

/* Memory for decoding, reused from change to change. Zero to begin with. */
struct change_space { struct op *ops; size_t op_cap; struct dot *dots; size_t dot_cap; };
void change_space_free(struct change_space *s);
/* Strict about the frame, tolerant about unknown op kinds and values. Borrows from `in` and `s`. */
enum err_code change_decode(struct change *c, struct bytes in, struct change_space *s, struct err *err) MUST_CHECK;

#endif
