/*
 * The desk is small and written whole each time: one person's day. A place
 * that has gone leaves nothing here but the ticket number that came after it.
 */
#include "casework/desk.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/strict.h"
#include "crypto/guard.h"
#include "crypto/hc.h"

enum { DESK_V = 1, PLACE_FIELDS = 14, NUMBER_MAX = 1000000 };

void
desk_init(struct day_desk *d)
{
	memset(d, 0, sizeof(*d));
}

static void
wipe_draft(struct desk_draft *one)
{
	if (one->text != NULL)
		wipe(one->text, strlen(one->text));
	mem_free(one->text);
	wipe(one, sizeof(*one));
}

void
desk_free(struct day_desk *d)
{
	for (size_t i = 0; i < d->draft_count; i++)
		wipe_draft(&d->drafts[i]);
	if (d->places != NULL)
		wipe(d->places, d->place_cap * sizeof(*d->places));
	mem_free(d->places);
	mem_free(d->drafts);
	desk_init(d);
}

bool
desk_empty(const struct day_desk *d)
{
	return d->place_count == 0 && d->draft_count == 0 && !d->has_session;
}

/* ---- bytes ---- */

static void
wr_text(struct buf *out, const char *text)
{
	wr_str(out, text, strlen(text));
}

static void
wr_id(struct buf *out, bool there, const struct record_id *id)
{
	if (there)
		WR_FIXED(out, *id);
	else
		wr_nil(out);
}

static void
encode_place(struct buf *out, const struct queue_place *p)
{
	wr_array(out, PLACE_FIELDS);
	wr_bin(out, p->id, sizeof(p->id));
	wr_text(out, p->letters);
	wr_uint(out, p->number);
	wr_uint(out, (uint64_t)p->state);
	wr_int(out, p->arrived_ms);
	wr_int(out, p->called_ms);
	wr_int(out, p->ended_ms);
	wr_bool(out, p->deadline_today);
	wr_bool(out, p->practice);
	wr_uint(out, p->minutes);
	wr_id(out, p->has_session, &p->session);
	wr_text(out, p->language);
	wr_text(out, p->topic);
	wr_text(out, p->documents);
}

enum err_code
desk_encode(struct buf *out, const struct day_desk *d, struct err *err)
{
	wr_array(out, 5);
	wr_uint(out, DESK_V);
	wr_id(out, d->has_session, &d->session);
	wr_uint(out, d->last_number);
	wr_array(out, d->place_count);
	for (size_t i = 0; i < d->place_count; i++)
		encode_place(out, &d->places[i]);
	wr_array(out, d->draft_count);
	for (size_t i = 0; i < d->draft_count; i++) {
		wr_array(out, 3);
		wr_text(out, d->drafts[i].key);
		wr_int(out, d->drafts[i].at_ms);
		wr_text(out, d->drafts[i].text);
	}
	return buf_ok(out) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

static void
rd_text(struct rd *r, char *out, size_t max)
{
	struct bytes s = rd_str(r, max);

	if (!r->bad && memchr(s.p, 0, s.len) != NULL)
		r->bad = true;
	if (r->bad)
		return;
	memcpy(out, s.p, s.len);
	out[s.len] = '\0';
}

static bool
rd_id(struct rd *r, struct record_id *out)
{
	if (rd_nil(r))
		return false;
	RD_FIXED(r, *out);
	return !r->bad;
}

static void
decode_place(struct rd *r, struct queue_place *p)
{
	memset(p, 0, sizeof(*p));
	rd_array(r, PLACE_FIELDS);
	rd_bin(r, p->id, sizeof(p->id));
	rd_text(r, p->letters, DESK_LETTERS_MAX);
	p->number = (uint32_t)rd_uint(r, NUMBER_MAX);
	p->state = (enum place_state)rd_uint(r, PLACE_TURNED_AWAY);
	p->arrived_ms = rd_int(r);
	p->called_ms = rd_int(r);
	p->ended_ms = rd_int(r);
	p->deadline_today = rd_bool(r);
	p->practice = rd_bool(r);
	p->minutes = (uint32_t)rd_uint(r, NUMBER_MAX);
	p->has_session = rd_id(r, &p->session);
	rd_text(r, p->language, sizeof(p->language) - 1);
	rd_text(r, p->topic, sizeof(p->topic) - 1);
	rd_text(r, p->documents, sizeof(p->documents) - 1);
}

static bool
decode_draft(struct rd *r, struct desk_draft *one)
{
	struct bytes text;

	memset(one, 0, sizeof(*one));
	rd_array(r, 3);
	rd_text(r, one->key, DESK_KEY_BYTES);
	one->at_ms = rd_int(r);
	text = rd_str(r, DESK_DRAFT_BYTES_MAX);
	if (r->bad || memchr(text.p, 0, text.len) != NULL)
		return !(r->bad = true);
	one->text = mem_alloc(text.len + 1);
	if (one->text == NULL)
		return false;
	memcpy(one->text, text.p, text.len);
	one->text[text.len] = '\0';
	return true;
}

static enum err_code
decode(struct day_desk *d, struct rd *r, struct err *err)
{
	size_t count;

	d->has_session = rd_id(r, &d->session);
	d->last_number = (uint32_t)rd_uint(r, NUMBER_MAX);
	count = rd_array_any(r, DESK_PLACES_MAX);
	d->places = mem_zero(count + 1, sizeof(*d->places));
	if (d->places == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	d->place_cap = count + 1;
	while (d->place_count < count && !r->bad)
		decode_place(r, &d->places[d->place_count++]);
	count = rd_array_any(r, DESK_DRAFTS_MAX);
	d->drafts = mem_zero(count + 1, sizeof(*d->drafts));
	if (d->drafts == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	d->draft_cap = count + 1;
	while (d->draft_count < count && !r->bad)
		if (!decode_draft(r, &d->drafts[d->draft_count++]) && !r->bad)
			return err_plain(err, ERR_NO_MEMORY);
	return rd_end(r) ? ERR_OK : err_set(err, ERR_DAMAGED, "the desk does not read as it was written");
}

enum err_code
desk_decode(struct day_desk *out, struct bytes in, struct err *err)
{
	struct rd r = rd_init(in);
	enum err_code rc;
	uint64_t v;

	desk_init(out);
	rd_array(&r, 5);
	v = rd_uint(&r, UINT32_MAX);
	if (!r.bad && v > DESK_V)
		return err_set(err, ERR_NEWER, "a later version of the program wrote the drafts of this home");
	rc = r.bad || v != DESK_V ? err_set(err, ERR_DAMAGED, "the desk does not read as it was written") : decode(out, &r, err);
	if (rc != ERR_OK)
		desk_free(out);
	return rc;
}

/* ---- drafts ---- */

static bool
key_valid(const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < n; i++)
		if (key[i] <= ' ' || key[i] >= 0x7f)
			return false;
	return n > 0 && n <= DESK_KEY_BYTES;
}

const struct desk_draft *
desk_draft(const struct day_desk *d, const char *key)
{
	for (size_t i = 0; i < d->draft_count; i++)
		if (strcmp(d->drafts[i].key, key) == 0)
			return &d->drafts[i];
	return NULL;
}

bool
desk_drop_draft(struct day_desk *d, const char *key)
{
	struct desk_draft *one = (struct desk_draft *)desk_draft(d, key);
	size_t at;

	if (one == NULL)
		return false;
	at = (size_t)(one - d->drafts);
	wipe_draft(one);
	memmove(one, one + 1, (--d->draft_count - at) * sizeof(*one));
	return true;
}

enum err_code
desk_put_draft(struct day_desk *d, const char *key, const char *text, int64_t now_ms, struct err *err)
{
	struct desk_draft *one = (struct desk_draft *)desk_draft(d, key), *room;
	size_t len = strlen(text);
	char *copy;

	if (!key_valid(key))
		return err_set(err, ERR_INVALID, "draft: a key is 1 to %d visible ASCII characters", DESK_KEY_BYTES);
	if (len > DESK_DRAFT_BYTES_MAX)
		return err_set(err, ERR_INVALID, "draft %s: %zu bytes; at most %d fit", key, len, DESK_DRAFT_BYTES_MAX);
	if (!utf8_valid(BYTES(text, len)))
		return err_set(err, ERR_INVALID, "draft %s: not UTF-8 text", key);
	if (one == NULL && d->draft_count == DESK_DRAFTS_MAX)
		return err_set(err, ERR_REFUSED, "there are %d drafts already; `faltbok draft drop KEY` takes one away", DESK_DRAFTS_MAX);
	copy = mem_dup(text, len + 1);
	if (copy == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (one == NULL) {
		room = mem_room(d->drafts, d->draft_count, &d->draft_cap, sizeof(*room));
		if (room == NULL) {
			mem_free(copy);
			return err_plain(err, ERR_NO_MEMORY);
		}
		d->drafts = room;
		one = &room[d->draft_count++];
		memset(one, 0, sizeof(*one));
		snprintf(one->key, sizeof(one->key), "%s", key);
	} else {
		wipe(one->text, strlen(one->text));
		mem_free(one->text);
	}
	one->text = copy;
	one->at_ms = now_ms;
	return ERR_OK;
}

/* ---- queue ---- */

char *
place_ticket(char out[24], const struct queue_place *p)
{
	snprintf(out, 24, "%s%u", p->letters, p->number);
	return out;
}

int64_t
place_waited_min(const struct queue_place *p, int64_t now_ms)
{
	int64_t until = p->called_ms != 0 ? p->called_ms : p->ended_ms != 0 ? p->ended_ms : now_ms;

	return until > p->arrived_ms ? (until - p->arrived_ms) / 60000 : 0; /* a clock may have been put back */
}

struct queue_place *
desk_add_place(struct day_desk *d, const char *letters, int64_t now_ms, struct err *err)
{
	struct queue_place *room;

	if (d->place_count == DESK_PLACES_MAX) {
		err_set(err, ERR_REFUSED, "the queue holds %d places; close the session first", DESK_PLACES_MAX);
		return NULL;
	}
	room = mem_room(d->places, d->place_count, &d->place_cap, sizeof(*room));
	if (room == NULL) {
		err_plain(err, ERR_NO_MEMORY);
		return NULL;
	}
	d->places = room;
	room = &room[d->place_count++];
	memset(room, 0, sizeof(*room));
	snprintf(room->letters, sizeof(room->letters), "%s", letters);
	room->number = ++d->last_number;
	room->arrived_ms = now_ms;
	return room;
}

/* "a 7" is A7. */
static void
ticket_form(char out[24], const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n < 23; text++)
		if (*text != ' ' && *text != '-')
			out[n++] = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
	out[n] = '\0';
}

struct queue_place *
desk_place(struct day_desk *d, const char *text, struct err *err)
{
	char wanted[24], has[24], hex[33];
	size_t len = strlen(text);

	ticket_form(wanted, text);
	for (size_t i = 0; i < d->place_count; i++) {
		struct queue_place *p = &d->places[i];

		if (strcmp(wanted, place_ticket(has, p)) == 0 ||
		    (len >= 6 && len <= 32 && strncmp(hex_encode(hex, p->id, 16), text, len) == 0))
			return p;
	}
	err_set(err, ERR_UNKNOWN, "no ticket %s is in this device's queue", wanted);
	return NULL;
}

struct queue_place *
desk_next(struct day_desk *d)
{
	for (size_t i = 0; i < d->place_count; i++)
		if (d->places[i].state == PLACE_WAITING)
			return &d->places[i];
	return NULL;
}

size_t
desk_ahead(const struct day_desk *d, const struct queue_place *p)
{
	size_t n = 0;

	for (const struct queue_place *q = d->places; q < p; q++)
		n += q->state == PLACE_WAITING;
	return n;
}

static bool
is_over(const struct queue_place *p, int64_t now_ms)
{
	return now_ms - p->arrived_ms >= DESK_KEPT_MS || p->arrived_ms - now_ms >= DESK_KEPT_MS;
}

static size_t
remove_places(struct day_desk *d, bool (*goes)(const struct queue_place *p, const void *ctx), const void *ctx)
{
	size_t kept = 0, before = d->place_count;

	for (size_t i = 0; i < before; i++)
		if (!goes(&d->places[i], ctx))
			d->places[kept++] = d->places[i];
	if (kept < before)
		wipe(d->places + kept, (before - kept) * sizeof(*d->places));
	d->place_count = kept;
	if (kept == 0)
		d->last_number = 0;
	return before - kept;
}

static bool
goes_by_time(const struct queue_place *p, const void *ctx)
{
	return is_over(p, *(const int64_t *)ctx);
}

static bool
goes_with_session(const struct queue_place *p, const void *ctx)
{
	return p->has_session && SAME(p->session, *(const struct record_id *)ctx);
}

size_t
desk_expire(struct day_desk *d, int64_t now_ms)
{
	return remove_places(d, goes_by_time, &now_ms);
}

static void
shift(int64_t *at_ms, int64_t ms)
{
	if (*at_ms != 0)
		*at_ms += ms;
}

void
desk_shift_places(struct day_desk *d, int64_t ms)
{
	for (size_t i = 0; i < d->place_count; i++) {
		shift(&d->places[i].arrived_ms, ms);
		shift(&d->places[i].called_ms, ms);
		shift(&d->places[i].ended_ms, ms);
	}
}

size_t
desk_clear_places(struct day_desk *d, const struct record_id *session)
{
	return remove_places(d, goes_with_session, session);
}

int64_t
desk_next_expiry(const struct day_desk *d)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < d->place_count; i++)
		if (d->places[i].arrived_ms + DESK_KEPT_MS < first)
			first = d->places[i].arrived_ms + DESK_KEPT_MS;
	return first;
}

void
desk_count(const struct day_desk *d, const struct record_id *session, struct queue_counts *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < d->place_count; i++) {
		const struct queue_place *p = &d->places[i];

		if (session == NULL ? p->has_session : !goes_with_session(p, session))
			continue;
		out->by_state[p->state]++;
		out->all++;
		if (p->called_ms != 0)
			out->waited_min += place_waited_min(p, p->called_ms);
	}
}

/* ---- letters ---- */

static void
letters_of(char out[DESK_LETTERS_MAX + 1], const struct device_id *dev)
{
	static const char letters[] = "ABCDEFGHJKLMNPRSTUVWXYZ"; /* none that is taken for another, or for a digit */
	uint8_t h[16];

	HC(h, sizeof(h), BYTES_NONE, "fb1/desk/letters", BYTES_OF(*dev));
	for (size_t i = 0; i < DESK_LETTERS_MAX; i++)
		out[i] = letters[be16_get(h + 2 * i) % (sizeof(letters) - 1)];
	out[DESK_LETTERS_MAX] = '\0';
}

void
desk_letters(char out[DESK_LETTERS_MAX + 1], const struct device_id *self, const struct device_id *others, size_t count)
{
	char mine[DESK_LETTERS_MAX + 1], theirs[DESK_LETTERS_MAX + 1];
	size_t need = 1;

	letters_of(mine, self);
	for (size_t i = 0; i < count; i++) {
		size_t same = 0;

		letters_of(theirs, &others[i]);
		while (!SAME(others[i], *self) && same < DESK_LETTERS_MAX && mine[same] == theirs[same])
			same++;
		if (same + 1 > need)
			need = same + 1;
	}
	if (need > DESK_LETTERS_MAX)
		need = DESK_LETTERS_MAX;
	memcpy(out, mine, need);
	out[need] = '\0';
}
