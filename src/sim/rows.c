/*
 * The oracle of drop-boxes: coordinators read every row and nobody else reads
 * any, and what all rows come to is what all records come to.
 *
 *   I12: rows equal records; no key of a drop-box outside coordinators' keystores
 *
 * A disk that was put back may have lost a row that nobody had been sent,
 * when the entry of its record had: there the figures are short, and it is not
 * judged. Nothing less than sending both could help.
 */
#include "casework/rows.h"
#include "sim/play_internal.h"
#include "sim/world_internal.h"

struct compare { struct play *p; size_t i; const struct profile_type *type; struct record *row; uint64_t records; double minutes; bool ok; };

static bool
same_set(const struct record *a, const struct record *b, uint32_t field)
{
	size_t as, bs;
	const struct value *x = record_values(a, field, &as), *y = record_values(b, field, &bs);

	for (int turn = 0; turn < 2; turn++) {
		const struct value *from = turn == 0 ? x : y, *in = turn == 0 ? y : x;
		size_t from_count = turn == 0 ? as : bs, in_count = turn == 0 ? bs : as;

		for (size_t k = 0; k < from_count; k++) {
			bool found = false;

			for (size_t l = 0; l < in_count; l++)
				found = found || bytes_equal(from[k].value, in[l].value);
			if (!found)
				return false;
		}
	}
	return true;
}

static bool
compare_record(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct compare *c = ctx;
	struct record_id id;
	struct err err = ERR_INIT;

	(void)team;
	c->records++;
	rows_id(id.b, c->type, record_id_of(r)->b);
	record_reset(c->row, &id);
	if (view_get(node_rows(c->p->stations[c->i]->node), &id, c->row, NULL, &err) != ERR_OK)
		c->ok = play_fail(c->p, "I12", "n%zu: a record has no row: %s", c->i, err.text);
	else if (record_sum(c->row, FIELD_MINUTES) != record_sum(r, FIELD_MINUTES))
		c->ok = play_fail(c->p, "I12", "n%zu: %g minutes by rows, %g by records", c->i, record_sum(c->row, FIELD_MINUTES), record_sum(r, FIELD_MINUTES));
	else if (!same_set(c->row, r, FIELD_TAGS))
		c->ok = play_fail(c->p, "I12", "n%zu: a row has other tags than its record", c->i);
	return c->ok;
}

static bool
add_row(void *ctx, const struct record *row, const struct stream_id *box)
{
	(void)box;
	((struct compare *)ctx)->minutes += record_sum(row, FIELD_MINUTES);
	return true;
}

/* What was erased goes on being counted: no row went with its record. */
static bool
judge_erased(struct compare *c, struct view *rows, struct err *err)
{
	struct play *p = c->p;
	uint64_t erased = 0;
	double minutes = 0;

	for (size_t rec = 0; rec < model_record_count(p->model); rec++) {
		bool any = false;

		for (size_t k = 0; k < model_count(p->model); k++) {
			const struct write *w = model_at(p->model, k);

			any = any || (w->record == rec && w->in_log);
			minutes += w->record == rec && w->in_log && w->act == ACT_SUM ? (double)w->amount : 0;
		}
		erased += any && model_is_buried(p->model, rec);
	}
	if (view_each(rows, c->type->number, add_row, c, err) != ERR_OK)
		return play_fail(p, "I12", "n%zu: rows cannot be read: %s", c->i, err->text);
	if (view_record_count(rows) != c->records + erased)
		return play_fail(p, "I12", "n%zu: %llu rows, %llu records and %llu erased ones", c->i, (unsigned long long)view_record_count(rows),
		                 (unsigned long long)c->records, (unsigned long long)erased);
	if (c->minutes != minutes)
		return play_fail(p, "I12", "n%zu: all rows come to %g minutes, all that was written to %g", c->i, c->minutes, minutes);
	if (erased > 0)
		mark(MARK_ROWS_OUTLIVE);
	return true;
}

static bool
judge_reader(struct play *p, size_t i)
{
	static const struct record_id none;
	struct node *n = p->stations[i]->node;
	struct view *rows = node_rows(n);
	struct compare c = { .p = p, .i = i, .type = profile_type_named(node_profile(n), "case"), .row = sim_must(record_new(&none)), .ok = true };
	struct err err = ERR_INIT;

	if (rows == NULL)
		c.ok = play_fail(p, "I12", "n%zu: a coordinator reads no rows", i);
	else if (view_each(node_view(n), c.type->number, compare_record, &c, &err) != ERR_OK)
		c.ok = play_fail(p, "I12", "n%zu: records cannot be read: %s", i, err.text);
	else if (c.ok)
		c.ok = judge_erased(&c, rows, &err);
	record_free(c.row);
	return c.ok;
}

bool
play_judge_rows(struct play *p, size_t i)
{
	struct node *n = p->stations[i]->node;
	const struct keystore *ks = station_keys(p->stations[i]);
	struct stream_id box;
	bool lost = false;

	if (!node_drop_box(n, &box))
		return play_fail(p, "I12", "n%zu knows no drop-box", i);
	for (size_t k = 0; k < p->machines; k++)
		lost = lost || p->lost[k];
	if (p->coordinator[i])
		return lost || judge_reader(p, i);
	if (node_rows(n) != NULL)
		return play_fail(p, "I12", "n%zu reads rows and is no coordinator", i);
	for (size_t k = 0; k < ks->epoch_count; k++)
		if (SAME(ks->epochs[k].stream, box))
			return play_fail(p, "I12", "n%zu holds a key of the drop-box and is no coordinator", i);
	return true;
}
