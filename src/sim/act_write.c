/* Somebody sits down and writes: a batch of changes to records, saved together. */
#include <stdio.h>
#include <string.h>

#include "sim/act_internal.h"
#include "sim/world_internal.h"

enum { OP_OF_LATER = 90 }; /* no operation of this version */

static enum err_code
fill(struct draft *d, const struct write *w, struct err *err)
{
	static const char *const names[] = { "", "status", "owner", "tags", "minutes" };
	static const uint8_t ops[] = { 0, OP_SET, OP_ADD, OP_REMOVE, OP_SUM };
	enum err_code rc = draft_note(d, w->note_id, w->note, NULL, err);
	struct buf value = BUF_INIT;

	if (rc == ERR_OK && w->newer != 0) {
		wr_str(&value, (const char *)w->note, 16);
		rc = draft_put_value(d, w->newer == 1 ? OP_ADD : OP_OF_LATER, FIELD_NEWER, buf_bytes(&value), err);
		buf_free(&value);
	}
	if (rc == ERR_OK && w->act != ACT_NOTE)
		rc = draft_assign_text(d, ops[w->act], names[w->field], w->value, err);
	return rc;
}

/* One entry in the open batch. */
static enum err_code
put(struct play *p, size_t i, struct write *w, struct err *err)
{
	struct station *s = p->stations[i];
	const struct profile_type *type = profile_type_named(node_profile(s->node), "case");
	struct draft d;
	struct hash entry;
	enum err_code rc;

	draft_init(&d, type, model_record_id(p->model, w->record));
	rc = fill(&d, w, err);
	if (rc == ERR_OK)
		rc = node_write(s->node, &p->team, &d, &entry, err);
	draft_free(&d);
	if (rc != ERR_OK)
		return rc;
	memcpy(w->entry, entry.b, sizeof(w->entry));
	w->has_entry = true;
	return ERR_OK;
}

static void
choose_act(struct play *p, const struct record *seen, enum act *act, uint32_t *field, char value[32], int64_t *amount)
{
	size_t n = 0;

	*act = (enum act)play_below(p, "act", 5);
	*field = *act == ACT_SET ? (uint32_t)play_between(p, "field", FIELD_STATUS, FIELD_OWNER) : *act == ACT_SUM ? FIELD_MINUTES : FIELD_TAGS;
	*amount = (int64_t)play_between(p, "amount", 1, 90);
	if (*act == ACT_SET)
		snprintf(value, 32, "told %08llx", (unsigned long long)play_below(p, "value", UINT64_C(1) << 32));
	else if (*act == ACT_SUM)
		snprintf(value, 32, "%lld", (long long)*amount);
	else
		snprintf(value, 32, "tag%llu", (unsigned long long)play_below(p, "tag", 3));
	if (seen != NULL && *act == ACT_SET)
		(void)record_values(seen, *field, &n);
	if (n > 1)
		mark(MARK_VALUES_SIDE_BY_SIDE);
	if (*act == ACT_REMOVE) {
		if (seen != NULL)
			(void)record_values(seen, *field, &n);
		if (n == 0)
			*act = ACT_NOTE; /* there is nothing to take away */
	}
}

static size_t
writable(struct play *p, size_t i)
{
	size_t rec = (size_t)play_below(p, "record", p->swarm.records);

	return node_is_erased(p->stations[i]->node, model_record_id(p->model, rec), NULL) ? 0 : rec;
}

/* Looks at a record as its person does, and adds one write to the open batch. */
static enum err_code
add_to_batch(struct play *p, size_t i, struct write **out, struct err *err)
{
	size_t rec = writable(p, i);
	struct record *now = sim_must(record_new(model_record_id(p->model, rec))), *seen = NULL;
	enum err_code rc = node_record(p->stations[i]->node, model_record_id(p->model, rec), now, NULL, err);
	enum act act;
	uint32_t field;
	int64_t amount;
	char value[32];

	if (rc == ERR_OK)
		seen = now;
	if (rc == ERR_OK || rc == ERR_UNKNOWN) {
		*err = (struct err)ERR_INIT;
		choose_act(p, seen, &act, &field, value, &amount);
		*out = model_begin(p->model, i, rec, act, field, value, amount, seen);
		(*out)->batch = p->batches;
		(*out)->newer = (unsigned)decide(&p->decide, "newer", dice_chance(&p->decide.dice, p->swarm.newer) ? dice_between(&p->decide.dice, 1, 2) : 0, 0, 2);
		model_pad(*out, (size_t)decide(&p->decide, "pad", dice_chance(&p->decide.dice, 60) ? dice_below(&p->decide.dice, NOTE_BYTES) : 0, 0, NOTE_BYTES));
		if ((*out)->newer != 0)
			mark(MARK_NEWER);
		if (act == ACT_SET && (*out)->over_count > 1)
			mark(MARK_VALUES_RESOLVED);
		rc = put(p, i, *out, err);
		trace_line(world_trace(p->world), "n%zu: writes act %d field %u \"%s\" on record %zu: %s", i, (int)act, field, value, rec,
		           rc == ERR_OK ? "ok" : err->text);
	}
	record_free(now);
	return rc;
}

static void
mark_write(const struct play *p, size_t i, enum fate fate)
{
	if (station_power_went(p->stations[i]))
		mark(MARK_CUT_WHILE_WRITING);
	else if (disk_fault_struck(host_disk(p->stations[i]->host)) && p->armed[i] == FAULT_NO_SPACE)
		mark(MARK_FULL_WHILE_WRITING);
	if (fate == FATE_DOUBTFUL)
		mark(MARK_BATCH_DOUBTFUL);
}

bool
act_write(struct play *p, size_t i)
{
	struct write *batch[WRITES_MAX] = { NULL };
	size_t want = (size_t)decide(&p->decide, "batch", dice_between(&p->decide.dice, 1, dice_chance(&p->decide.dice, 650) ? 1 : WRITES_MAX), 1, WRITES_MAX), n = 0;
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;
	enum err_code rc = ERR_OK;
	enum fate fate = FATE_REFUSED;
	bool rows = false;

	p->batches++;
	for (; n < want && rc == ERR_OK; n++)
		rc = add_to_batch(p, i, &batch[n], &err);
	for (size_t k = 0; k < n; k++)
		rows = rows || (batch[k] != NULL && batch[k]->act != ACT_NOTE && batch[k]->act != ACT_SET);
	if (rc == ERR_OK && !leave_check(p, i, rows))
		return false;
	if (rc == ERR_OK) {
		rc = node_commit(s->node, &err);
		fate = rc == ERR_OK ? FATE_SAVED : FATE_DOUBTFUL;
		if (station_power_went(s)) { /* whatever it said, nobody heard it */
			fate = FATE_OPEN;
			rc = err_set(&err, ERR_IO, "the power went");
		}
	} else {
		node_drop(s->node);
	}
	mark_write(p, i, fate);
	trace_line(world_trace(p->world), "n%zu: %zu writes: %s", i, n, rc == ERR_OK ? "saved" : err.text);
	for (size_t k = 0; k < n; k++)
		if (batch[k] != NULL) {
			batch[k]->must_be_held = fate == FATE_SAVED;
			batch[k]->fate = fate == FATE_SAVED && p->was_put_back[i] ? FATE_BEHIND : fate;
		}
	p->report->saved += fate == FATE_SAVED ? n : 0;
	if (fate == FATE_SAVED && p->swarm.weight[DO_ERASE] > 0)
		bury_note_sealed(p, i, batch, n);
	return rc == ERR_OK || act_excused(p, i, "writing", &err);
}
