/*
 * The input is a script: changes, and the order in which they arrive. Whatever
 * it says, arriving in order and arriving as it says, with a stop in the local
 * form now and then, give the same canonical bytes.
 *
 *   byte 0          seed of the second order
 *   then per op:    [kind and whether a new change begins, field and value, over]
 */
#include "crdt_maker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { CHANGES_MAX = 24, STEP_BYTES = 3 };

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
add_op(struct made *m, const struct made *all, size_t earlier, const uint8_t *step)
{
	static const char *const words[] = { "", "a", "b", "\xc3\xa5" };
	static const uint8_t kinds[] = { OP_SET, OP_ADD, OP_REMOVE, OP_CLEAR };
	uint32_t field = step[1] & 3;
	uint8_t kind = step[0] & 7;

	if (kind == 4)
		made_number(m, field, (double)step[2] / 4 - 20);
	else if (kind == 5)
		made_note(m, step[2], words[step[1] >> 2 & 3], step[1] & 64 ? step[2] : -1);
	else if (kind == 6)
		made_piece(m, field, step[2] & 3, step[2] >> 2 & 3, 1 + (step[2] >> 4 & 3), "bytes");
	else
		made_text(m, kind == 7 ? (uint8_t)(8 + step[2]) : kinds[kind], field, words[step[1] >> 2 & 3]);
	for (unsigned bits = step[2], back = 1; bits != 0 && back <= earlier; bits >>= 2, back++)
		if ((bits & 3) != 0 && m->over_count < MAKER_OVER_MAX)
			made_over(m, &all[earlier - back], (bits & 3) - 1);
}

static size_t
read_script(struct made *all, const uint8_t *data, size_t len)
{
	size_t count = 0;

	for (size_t at = 1; at + STEP_BYTES <= len; at += STEP_BYTES) {
		struct made *m;

		if (count == 0 || (data[at] & 0x80) || all[count - 1].change.op_count == MAKER_OPS_MAX) {
			if (count == CHANGES_MAX)
				break;
			made_init(&all[count], (uint32_t)count + 1, 1000 + (data[at] >> 3 & 7));
			count++;
		}
		m = &all[count - 1];
		add_op(m, all, count - 1, data + at);
	}
	return count;
}

static struct record *
thaw(struct record *r)
{
	struct buf form = BUF_INIT;
	struct record *again = record_new(record_id_of(r));

	record_encode(&form, r);
	must(record_decode(again, buf_bytes(&form), NULL) == ERR_OK);
	buf_free(&form);
	record_free(r);
	return again;
}

/* Change i of the arrival order: a walk over all of them with a step that shares no factor with their number. */
static struct record *
arrive(struct made *all, size_t count, uint8_t seed)
{
	struct record_id id = made_id(0xcc);
	struct record *r = record_new(&id);
	size_t step = 1 + seed % 23, at = seed / 23;

	while (count > 0) {
		size_t a = step, b = count;

		while (b != 0) {
			size_t rest = a % b;

			a = b;
			b = rest;
		}
		if (a == 1)
			break;
		step++;
	}
	for (size_t i = 0; i < count; i++) {
		struct made *m = &all[(at + i * step) % count];

		must(record_apply(r, made_done(m), &m->from, NULL) == ERR_OK);
		if (seed > 0 && (i + seed) % 5 == 0)
			r = thaw(r);
	}
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct made all[CHANGES_MAX];
	size_t count = len == 0 ? 0 : read_script(all, data, len);
	struct record *want = arrive(all, count, 0), *got = arrive(all, count, len == 0 ? 0 : data[0]);
	struct buf a = BUF_INIT, b = BUF_INIT;

	record_canonical(&a, want);
	record_canonical(&b, got);
	must(bytes_equal(buf_bytes(&a), buf_bytes(&b)));
	must(record_has_conflict(want) == record_has_conflict(got));
	for (uint32_t f = 0; f < 4; f++)
		must(record_sum(want, f) == record_sum(got, f));
	buf_free(&a);
	buf_free(&b);
	record_free(want);
	record_free(got);
	for (size_t i = 0; i < count; i++)
		made_free(&all[i]);
	return 0;
}
