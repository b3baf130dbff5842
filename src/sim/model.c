#include "sim/model.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/prf.h"

struct model {
	uint64_t seed;
	char marker[40];
	struct record_id *records;
	enum burial *burials;
	size_t record_count;
	struct write **writes;
	size_t count, cap;
};

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

struct model *
model_new(uint64_t seed, size_t records)
{
	struct model *m = must(mem_zero(1, sizeof(*m)));
	struct dice d = dice_of(seed, STREAM_NAMES, 0);

	m->seed = seed;
	m->records = must(mem_zero(records, sizeof(*m->records)));
	m->burials = must(mem_zero(records, sizeof(*m->burials)));
	m->record_count = records;
	for (size_t i = 0; i < records; i++)
		dice_fill(&d, m->records[i].b, sizeof(m->records[i].b));
	snprintf(m->marker, sizeof(m->marker), "§%016llx", (unsigned long long)dice_u64(&d));
	return m;
}

void
model_free(struct model *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++) {
		mem_free(m->writes[i]->over);
		mem_free(m->writes[i]);
	}
	mem_free(m->writes);
	mem_free(m->records);
	mem_free(m->burials);
	mem_free(m);
}

const struct record_id *
model_record_id(const struct model *m, size_t record)
{
	return &m->records[record];
}

size_t
model_record_count(const struct model *m)
{
	return m->record_count;
}

void
model_bury(struct model *m, size_t record, enum burial burial)
{
	if (m->burials[record] != BURIAL_SURE)
		m->burials[record] = burial;
}

void
model_bury_the_rest(struct model *m)
{
	for (size_t i = 0; i < m->record_count; i++)
		if (m->burials[i] == BURIAL_PERHAPS)
			m->burials[i] = BURIAL_NONE;
}

bool
model_is_buried(const struct model *m, size_t record)
{
	return m->burials[record] == BURIAL_SURE;
}

const char *
model_marker(const struct model *m)
{
	return m->marker;
}

size_t
model_count(const struct model *m)
{
	return m->count;
}

struct write *
model_at(struct model *m, size_t i)
{
	return m->writes[i];
}

void
model_put_back(struct model *m, size_t author, size_t from)
{
	for (size_t i = from; i < m->count; i++) {
		struct write *w = m->writes[i];

		if (w->author != author)
			continue;
		if (w->fate == FATE_SAVED || w->fate == FATE_BEHIND)
			w->fate = FATE_BEHIND;
		w->must_be_held = false;
		/* A peer may have got the first part of a batch, and nobody has the rest any more. */
		w->batch = SIZE_MAX - i;
	}
}

void
model_leave(struct model *m, size_t author)
{
	for (size_t i = 0; i < m->count; i++)
		m->writes[i]->elsewhere = m->writes[i]->elsewhere || m->writes[i]->author == author;
}

void
model_keeper_forgets(struct model *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct write *w = m->writes[i];

		if (!w->elsewhere)
			continue;
		w->fate = w->fate == FATE_SAVED ? FATE_BEHIND : w->fate;
		w->must_be_held = false;
		w->batch = SIZE_MAX - i;
	}
}

static bool
says(struct bytes value, const char *text)
{
	size_t len = strlen(text);

	/* a msgpack string: one or two bytes of head for what is this short */
	return value.len >= len + 1 && value.len <= len + 2 && memcmp(value.p + value.len - len, text, len) == 0;
}

bool
model_find(const struct model *m, const uint8_t entry[16], size_t *out)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->writes[i]->has_entry && memcmp(m->writes[i]->entry, entry, 16) == 0) {
			*out = i;
			return true;
		}
	return false;
}

struct write *
model_begin(struct model *m, size_t author, size_t record, enum act act, uint32_t field, const char *value, int64_t amount,
            const struct record *seen)
{
	struct write *w = must(mem_zero(1, sizeof(*w)));
	struct dice d = dice_of(m->seed, STREAM_NAMES, 1 + m->count);
	const struct value *values = NULL;
	size_t n = 0, other;

	*w = (struct write){ .author = author, .record = record, .act = act, .field = field, .amount = amount };
	snprintf(w->value, sizeof(w->value), "%s", value);
	snprintf(w->note, sizeof(w->note), "visit %zu at table %zu %s", m->count, author, m->marker);
	dice_fill(&d, w->note_id, sizeof(w->note_id));
	if (seen != NULL && (act == ACT_SET || act == ACT_ADD || act == ACT_REMOVE))
		values = record_values(seen, field, &n);
	for (size_t i = 0; i < n; i++) {
		if ((act != ACT_SET && !says(values[i].value, value)) || !model_find(m, values[i].dot.entry, &other))
			continue;
		w->over = must(mem_room(w->over, w->over_count, &w->over_cap, sizeof(*w->over)));
		w->over[w->over_count++] = other;
	}
	m->writes = must(mem_room(m->writes, m->count, &m->cap, sizeof(struct write *)));
	m->writes[m->count++] = w;
	return w;
}

void
model_pad(struct write *w, size_t pad)
{
	static const char *const pieces[] = { " \xc3\xa5\xc3\xa4\xc3\xb6", " \xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7", " \xf0\x9f\x8f\xa0", " visit" };
	size_t len = strlen(w->note);

	for (size_t i = 0; pad > 0 && len + 16 < sizeof(w->note); i++) {
		const char *piece = pieces[i % (sizeof(pieces) / sizeof(pieces[0]))];
		size_t n = strlen(piece);

		memcpy(w->note + len, piece, n + 1);
		len += n;
		pad -= n < pad ? n : pad;
	}
}

/* ---- judging ---- */

static bool
bad(struct finding *out, const char *invariant, const char *fmt, ...)
{
	va_list ap;

	snprintf(out->invariant, sizeof(out->invariant), "%s", invariant);
	va_start(ap, fmt);
	vsnprintf(out->text, sizeof(out->text), fmt, ap);
	va_end(ap);
	return false;
}

static size_t
notes_like(const struct record *r, const struct write *w, bool *whole)
{
	size_t n = 0;

	*whole = true;
	for (size_t i = 0; r != NULL && i < record_note_count(r); i++) {
		const struct note *note = record_note_at(r, i);

		if (memcmp(note->id, w->note_id, 16) != 0)
			continue;
		n++;
		*whole = *whole && bytes_equal(note->text, BYTES_STR(w->note));
	}
	return n;
}

static const struct value *
value_by(const struct record *r, uint32_t field, const uint8_t entry[16])
{
	const struct value *values;
	size_t n = 0;

	if (r == NULL)
		return NULL;
	values = record_values(r, field, &n);
	for (size_t i = 0; i < n; i++)
		if (memcmp(values[i].dot.entry, entry, 16) == 0)
			return &values[i];
	return NULL;
}

static bool
lists(const struct write *w, size_t number)
{
	for (size_t i = 0; i < w->over_count; i++)
		if (w->over[i] == number)
			return true;
	return false;
}

/* Some write that may be there took it away. */
static bool
may_be_covered(const struct model *m, size_t number)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->writes[i]->fate != FATE_REFUSED && lists(m->writes[i], number))
			return true;
	return false;
}

static bool
check_note(const struct write *w, size_t number, const struct record *r, size_t station, struct finding *out)
{
	bool whole;
	size_t n = notes_like(r, w, &whole);

	if (n == 0)
		return bad(out, "I1", "n%zu: write %zu by n%zu was saved and its note is gone", station, number, w->author);
	if (n > 1 || !whole)
		return bad(out, "I2", "n%zu: the note of write %zu is there %zu times%s", station, number, n, whole ? "" : ", changed");
	return true;
}

bool
model_check_own(const struct model *m, size_t author, model_look look, void *ctx, struct finding *out)
{
	for (size_t rec = 0; rec < m->record_count; rec++) {
		const struct record *r = look(ctx, &m->records[rec]);

		if (r == NULL && m->burials[rec] != BURIAL_NONE)
			continue; /* it has been heard of here */
		for (size_t i = 0; i < m->count; i++) {
			const struct write *w = m->writes[i];

			if (w->author != author || w->record != rec || w->fate != FATE_SAVED || w->elsewhere)
				continue;
			if (m->burials[rec] != BURIAL_NONE && w->named_by != 0)
				continue; /* so too here, where what says which record it was does not open yet: the rest of it is still shown */
			if (!check_note(w, i, r, author, out))
				return false;
			if ((w->act == ACT_SET || w->act == ACT_ADD) && value_by(r, w->field, w->entry) == NULL && !may_be_covered(m, i))
				return bad(out, "I2", "n%zu: write %zu kept its note and lost its value", author, i);
		}
	}
	return true;
}

/* Saved writes are there; of the doubtful ones the note tells, and the rest must agree with it. */
static bool
is_present(const struct write *w, const struct record *r)
{
	bool whole;

	return w->fate == FATE_SAVED || (w->fate != FATE_REFUSED && notes_like(r, w, &whole) > 0);
}

static bool
is_covered(const struct model *m, size_t number, const struct record *r)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->writes[i]->record == m->writes[number]->record && lists(m->writes[i], number) && is_present(m->writes[i], r))
			return true;
	return false;
}

static bool
check_value(const struct model *m, size_t i, const struct record *r, size_t station, struct finding *out)
{
	const struct write *w = m->writes[i];
	const struct value *v = w->has_entry ? value_by(r, w->field, w->entry) : NULL;
	bool want = is_present(w, r) && !is_covered(m, i, r);

	if (want && v == NULL)
		return bad(out, "I3", "n%zu: value %zu (\"%s\" by n%zu) should be shown and is not", station, i, w->value, w->author);
	if (!want && v != NULL)
		return bad(out, "I3", "n%zu: value %zu (\"%s\" by n%zu) is shown and should not be", station, i, w->value, w->author);
	if (v != NULL && !says(v->value, w->value))
		return bad(out, "I2", "n%zu: value %zu is not what n%zu wrote", station, i, w->author);
	return true;
}

static bool
check_record(const struct model *m, size_t rec, const struct record *r, size_t station, struct finding *out)
{
	static const uint32_t fields[] = { FIELD_STATUS, FIELD_OWNER, FIELD_TAGS };
	size_t notes = 0, values = 0, shown = 0;
	double sum = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct write *w = m->writes[i];

		if (w->record != rec)
			continue;
		if (is_present(w, r)) {
			notes++;
			if (w->newer == 1 && w->has_entry && value_by(r, FIELD_NEWER, w->entry) == NULL)
				return bad(out, "I3", "n%zu: what write %zu put into a field of a newer version is not kept", station, i);
			sum += w->act == ACT_SUM ? (double)w->amount : 0;
			if (!check_note(w, i, r, station, out))
				return false;
		}
		if (w->act == ACT_SET || w->act == ACT_ADD) {
			if (!check_value(m, i, r, station, out))
				return false;
			values += is_present(w, r) && !is_covered(m, i, r);
		}
	}
	if (r == NULL)
		return notes == 0 || bad(out, "I1", "n%zu: record %zu is not there", station, rec);
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		size_t n = 0;

		(void)record_values(r, fields[i], &n);
		shown += n;
	}
	if (record_note_count(r) != notes || shown != values)
		return bad(out, "I5", "n%zu: record %zu shows %zu notes and %zu values, written were %zu and %zu", station, rec,
		           record_note_count(r), shown, notes, values);
	if (record_sum(r, FIELD_MINUTES) != sum)
		return bad(out, "I3", "n%zu: record %zu sums to %g, not %g", station, rec, record_sum(r, FIELD_MINUTES), sum);
	return true;
}

/* Of writes that were committed together and whose fate nobody was told, all are there or none. */
static bool
check_batches(const struct model *m, size_t station, model_look look, void *ctx, struct finding *out)
{
	for (size_t i = 1; i < m->count; i++) {
		const struct write *w = m->writes[i], *before = m->writes[i - 1];
		bool is, was;

		if (m->burials[w->record] != BURIAL_NONE || m->burials[before->record] != BURIAL_NONE)
			continue;
		if (w->batch != before->batch || w->fate == FATE_REFUSED || before->fate == FATE_REFUSED)
			continue;
		is = is_present(w, look(ctx, &m->records[w->record]));
		was = is_present(before, look(ctx, &m->records[before->record]));
		if (is != was)
			return bad(out, "I2", "n%zu: writes %zu and %zu were one batch, and only one is there", station, i - 1, i);
	}
	return true;
}

bool
model_check_all(const struct model *m, size_t station, model_look look, void *ctx, struct finding *out)
{
	for (size_t rec = 0; rec < m->record_count; rec++)
		if (m->burials[rec] == BURIAL_SURE) {
			if (look(ctx, &m->records[rec]) != NULL)
				return bad(out, "I13", "n%zu: record %zu was erased and is shown", station, rec);
		} else if (!check_record(m, rec, look(ctx, &m->records[rec]), station, out))
			return false;
	return check_batches(m, station, look, ctx, out);
}
