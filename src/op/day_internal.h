/* What the operations of a day share: day.c. */
#ifndef FALTBOK_DAY_INTERNAL_H
#define FALTBOK_DAY_INTERNAL_H

#include "casework/code.h"
#include "casework/desk.h"
#include "casework/marks.h"
#include "op/op_internal.h"

enum { DAY_TEXT = 512 };

/* ---- the profile's words: ERR_REFUSED when it has no such type ---- */
const struct profile_type *day_type(struct op_call *c, const char *name);
bool day_has(const struct profile_type *t, const char *field);

/* ---- reading a record: the best value ---- */
const char *day_text(const struct record *r, const struct profile_type *t, const char *field, char out[DAY_TEXT]); /* "" when there is none */
bool day_ref(const struct record *r, const struct profile_type *t, const char *field, struct record_id *out);
int64_t day_int(const struct record *r, const struct profile_type *t, const char *field); /* 0 when there is none */
bool day_true(const struct record *r, const struct profile_type *t, const char *field);
json_t *day_json(const struct record *r, const struct profile_type *t, const char *field); /* null, a value, or an array of a set */
bool day_is(const struct record *r, const struct profile_type *t, const char *field, const char *text);

/* The record as it is, of that type (NULL: any). Its memory is the caller's: record_free(). NULL and the call's err. */
struct record *day_get(struct op_call *c, const struct record_id *id, const struct profile_type *t, struct stream_id *team);
/* The same by the prefix of an id in a parameter. Merged records give way to the one they were merged into. */
struct record *day_find(struct op_call *c, const char *param, const struct profile_type *t, struct stream_id *team);
/* Every record of a type that counts and is not practice unless `practice`, newest first. */
typedef bool (*day_record_cb)(void *ctx, const struct record *r, const struct stream_id *team);
enum err_code day_each(struct op_call *c, const struct profile_type *t, day_record_cb cb, void *ctx);

/* ---- writing: drafts join the open batch; day_commit() ends it, or drops all of it when the call has failed ---- */
enum err_code day_begin(struct op_call *c, struct draft *d, const struct profile_type *t, const struct record_id *id); /* id NULL: a new one */
/* Assigns where the profile has the field; an empty or NULL text does nothing. */
enum err_code day_set(struct op_call *c, struct draft *d, const char *field, const char *text);
enum err_code day_set_int(struct op_call *c, struct draft *d, const char *field, int64_t v);
enum err_code day_set_ref(struct op_call *c, struct draft *d, uint8_t op, const char *field, const struct record_id *id);
enum err_code day_add(struct op_call *c, struct draft *d, const char *field, const char *text);
enum err_code day_note(struct op_call *c, struct draft *d, const char *text, uint8_t id[16]);
/* Writes and frees the draft. Nothing in it: nothing is written. */
enum err_code day_write(struct op_call *c, struct draft *d, const struct stream_id *team);
bool day_commit(struct op_call *c);
/* Adds "saved", "copies" and "warnings" (which is taken over) and ends the call. */
void day_end(struct op_call *c, json_t *warnings);

/* ---- time as it is where the machine stands ---- */
int64_t day_now(struct op_call *c);
const char *day_date(struct op_call *c, int64_t ms, char out[11]);
const char *day_clock(struct op_call *c, int64_t ms, char out[6]);
enum err_code day_param_date(struct op_call *c, const char *name, char out[11]);  /* today when left out */
enum err_code day_param_clock(struct op_call *c, const char *name, char out[6]);  /* now when left out */

/* ---- sessions and sites ---- */
/* The session a call is about: its parameter, else the desk's, else one opened today that is not closed. *found false: none. */
enum err_code day_session(struct op_call *c, const char *param, struct record_id *out, bool *found);
/* A site by id or name; *found false when nothing has that name. */
enum err_code day_site(struct op_call *c, const char *text, bool practice, struct record_id *out, bool *found);
const char *day_site_name(struct op_call *c, const struct record_id *site, char out[DAY_TEXT]);
/* How people are met at the site's opening of that day, NULL when none says. */
json_t *day_planned_channels(struct op_call *c, const struct record_id *site, const char *date);
struct day_tally { size_t visits, cases, bookings; };
enum err_code day_tally(struct op_call *c, const struct record_id *session, struct day_tally *out);
json_t *day_queue_json(const struct queue_counts *q);
/* The other records that look like this one, as HINTs. */
json_t *day_doubles(struct op_call *c, const struct record_id *id);

/* ---- codes ---- */
json_t *day_qr_svg(const char *text);
/* The visitor that has this card, which may be a merged one; ERR_UNKNOWN. */
enum err_code day_visitor_of(struct op_call *c, const char *code, struct record_id *out);

#endif
