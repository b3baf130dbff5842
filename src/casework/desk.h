/*
 * What lies on one device's table during a day, and never in the log: drafts
 * of what is being typed, the queue with its triage cards, and which session
 * is open.
 *
 *   desk ─┬─ session      the one opened on this device
 *         ├─ place …      a person who waits: ticket and triage card, no name
 *         └─ draft …      a key and a text, as the page handed it over
 *
 * A log that only grows is the wrong place for what must be gone in a day: so
 * none of this is signed or sent. Who keeps the desk seals it in the home, and
 * destroys the key when a place is taken away. Spec: proto/day.md, 2.
 */
#ifndef FALTBOK_CASEWORK_DESK_H
#define FALTBOK_CASEWORK_DESK_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/ids.h"

enum {
	DESK_PLACES_MAX = 500, DESK_DRAFTS_MAX = 64, DESK_KEY_BYTES = 64, DESK_DRAFT_BYTES_MAX = 48 * 1024,
	DESK_BYTES_MAX = 4 << 20, DESK_TEXT_BYTES = 200, DESK_LETTERS_MAX = 8,
};
#define DESK_KEPT_MS (24 * 3600 * INT64_C(1000)) /* a place is gone this long after somebody came */

enum place_state { PLACE_WAITING, PLACE_CALLED, PLACE_SERVED, PLACE_REFERRED, PLACE_LEFT, PLACE_TURNED_AWAY };
enum { PLACE_STATES = PLACE_TURNED_AWAY + 1 };

struct queue_place {
	uint8_t id[16];
	char letters[DESK_LETTERS_MAX + 1]; /* the device's */
	uint32_t number;
	enum place_state state;
	int64_t arrived_ms, called_ms, ended_ms; /* 0: not yet */
	bool deadline_today, has_session, practice;
	uint32_t minutes;                   /* how long it may take, guessed; 0: not said */
	struct record_id session;
	char language[36], topic[65], documents[DESK_TEXT_BYTES + 1]; /* "" when not said */
};

struct desk_draft { char key[DESK_KEY_BYTES + 1]; int64_t at_ms; char *text; };

struct day_desk {
	struct queue_place *places;               /* as they came */
	size_t place_count, place_cap;
	struct desk_draft *drafts;
	size_t draft_count, draft_cap;
	uint32_t last_number;               /* of the tickets; from 1 again when nobody is left */
	bool has_session;
	struct record_id session;
};

void desk_init(struct day_desk *d);
void desk_free(struct day_desk *d);         /* wipes */
bool desk_empty(const struct day_desk *d);

/* The bytes to seal, and back. ERR_DAMAGED, ERR_NEWER: `out` is then empty. */
enum err_code desk_encode(struct buf *out, const struct day_desk *d, struct err *err) MUST_CHECK;
enum err_code desk_decode(struct day_desk *out, struct bytes in, struct err *err) MUST_CHECK;

/* ---- drafts ---- */
/* Replaces one of that key. ERR_INVALID: key, size or text. ERR_REFUSED: too many. */
enum err_code desk_put_draft(struct day_desk *d, const char *key, const char *text, int64_t now_ms, struct err *err) MUST_CHECK;
const struct desk_draft *desk_draft(const struct day_desk *d, const char *key); /* or NULL */
bool desk_drop_draft(struct day_desk *d, const char *key);

/* ---- queue ---- */
/* The next ticket under these letters. NULL with err: too many, no memory. The place is the desk's, until the next call. */
struct queue_place *desk_add_place(struct day_desk *d, const char *letters, int64_t now_ms, struct err *err);
/* By ticket ("A7", "a 7") or by the first digits of its id. NULL with err. */
struct queue_place *desk_place(struct day_desk *d, const char *text, struct err *err);
struct queue_place *desk_next(struct day_desk *d);  /* who has waited longest, or NULL */
size_t desk_ahead(const struct day_desk *d, const struct queue_place *p); /* how many wait who came before */
char *place_ticket(char out[24], const struct queue_place *p);
int64_t place_waited_min(const struct queue_place *p, int64_t now_ms);
/* Removes places older than a day (or that claim to be from more than a day ahead), or all of one session. How many went. */
size_t desk_expire(struct day_desk *d, int64_t now_ms);
void desk_shift_places(struct day_desk *d, int64_t ms); /* the clock was set by so much: they came when they came */
size_t desk_clear_places(struct day_desk *d, const struct record_id *session);
int64_t desk_next_expiry(const struct day_desk *d); /* INT64_MAX: none */

/* Of the session (NULL: of those without one). */
struct queue_counts { size_t by_state[PLACE_STATES], all; int64_t waited_min; /* of those who were called */ };
void desk_count(const struct day_desk *d, const struct record_id *session, struct queue_counts *out);

/*
 * Letters by which this device's tickets differ from those of every other device it knows: the shortest
 * beginning of its own that no other's begins with. Letters of a device follow from its id.
 */
void desk_letters(char out[DESK_LETTERS_MAX + 1], const struct device_id *self, const struct device_id *others, size_t count);

#endif
