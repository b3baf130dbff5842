/* What the operations share among themselves. */
#ifndef FALTBOK_OP_INTERNAL_H
#define FALTBOK_OP_INTERNAL_H

#include "node/removal.h"
#include "op/op.h"

const char *param_text(const struct op_call *c, const char *name); /* NULL when absent */
int64_t param_number(const struct op_call *c, const char *name, int64_t otherwise);
bool param_flag(const struct op_call *c, const char *name);
json_t *json_hex(const void *p, size_t len);
/* The file behind a PARAM_FILE_IN, and the one that a PARAM_FILE_OUT names: on disk, or with the call (files.c). */
enum err_code param_file(struct op_call *c, const char *name, size_t max, struct buf *out);
enum err_code param_file_of(struct op_call *c, const char *name, size_t nth, size_t max, struct buf *out); /* of several */
/* Has all JSON of the call found memory? op_end() asks it too. */
bool op_json_is_whole(const struct op_call *call);
/* node_commit(), unless there was no memory for something since the call began: then nothing is saved, and that is the error. */
enum err_code op_commit(struct op_call *c) MUST_CHECK;
enum err_code param_file_out(struct op_call *c, const char *name, struct bytes data);
/* Fails the call with err's text as it stands. */
void op_fail(struct op_call *c);
/* A profile is there, and the type it names; else the call's err is set. */
const struct profile_type *param_type(struct op_call *c, const char *name, enum err_code *rc);
/* The call's error when there is no profile to work with, and why: not here yet, or damaged here. */
enum err_code op_no_profile(struct op_call *c);
/* A device by id prefix or by the name that the roster gives it. */
enum err_code find_device(struct op_call *c, const char *text, const struct org_device **out);
/* Roles and teams as people name them: members.c. 0 and the call's err when there is no such role. */
enum { NAMED_TEAMS_MAX = 32 };
uint8_t param_role(struct op_call *c);
const char *role_name(uint8_t role);
enum err_code param_teams(struct op_call *c, struct stream_id teams[NAMED_TEAMS_MAX], size_t *count);
/*
 * A record for its name or what it refers to; the caller frees it. NULL when it is not here. Without memory the call fails as
 * well: a name that is left out would pass for one that nobody knows.
 */
struct record *op_record_here(struct op_call *c, const struct record_id *id);
/* CONTRACT's form of a record; team may be NULL. */
json_t *op_record_json(struct node *n, const struct record *r, const struct stream_id *team);
json_t *last_seen(struct node *n, const struct org_device *d);

/* Removals in JSON, and where to cut: removal.c. */
json_t *cuts_json(struct node *n, const struct node_removal *r);
json_t *removal_json(struct op_call *c, const struct node_removal *r, const struct device_id *dev);
enum err_code param_before(struct op_call *c, struct node_before before[BEFORE_MAX], size_t *count);

void op_put(struct op_call *), op_get(struct op_call *), op_list(struct op_call *), op_search(struct op_call *),
	op_resolve(struct op_call *), op_conflicts(struct op_call *), op_import(struct op_call *), op_export(struct op_call *);
json_t *papers_json(struct node *n);
void warn_papers(json_t *w, struct node *n);
void op_paper_confirm(struct op_call *);
void op_admit(struct op_call *), op_members(struct op_call *), op_members_seen(struct op_call *), op_team_add(struct op_call *), op_team_fill(struct op_call *), op_team_list(struct op_call *),
	op_grant(struct op_call *), op_ungrant(struct op_call *), op_revoke(struct op_call *), op_adopt(struct op_call *),
	op_exposure(struct op_call *); /* members --exposure */
void op_invite(struct op_call *), op_invite_list(struct op_call *), op_invite_confirm(struct op_call *),
	op_invite_withdraw(struct op_call *);
void op_keys_list(struct op_call *), op_keys_approve(struct op_call *), op_keys_refuse(struct op_call *), op_team_set(struct op_call *),
	op_netkey_rotate(struct op_call *), op_backup(struct op_call *);
/* What can be known of devices that one does not meet (heard.c): warnings, and the fields of status. */
void status_warn(json_t *warnings, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void warn_heard(json_t *warnings, struct node *n, int64_t membership_days);
enum { SILENT_DAYS = 30 }; /* from then on a device is called silent */
struct node_standing;
void say_heard(struct node *n, json_t *status, const struct node_standing *st, size_t count);
/* Keys that wait for a person's yes; *open: how many of them nobody here has refused. keys.c */
json_t *keys_waiting_json(struct node *n, size_t *open);
struct node_key_wait;
json_t *key_wait_json(struct node *n, const struct node_key_wait *w);
/* members_heard.c: silence, copies, disputes and waiting keys, at each of the members listed. */
void say_members_heard(struct node *n, json_t *members, struct err *err);
void op_root_show(struct op_call *), op_root_revoke(struct op_call *), op_root_grant(struct op_call *), op_root_admit(struct op_call *), op_root_rotate(struct op_call *),
	op_recover(struct op_call *);
void op_session_open(struct op_call *), op_session_current(struct op_call *), op_session_close(struct op_call *),
	op_session_planned(struct op_call *), op_session_sheet(struct op_call *);
void op_queue_add(struct op_call *), op_queue_list(struct op_call *), op_queue_edit(struct op_call *), op_queue_call(struct op_call *),
	op_queue_done(struct op_call *), op_queue_leave(struct op_call *);
void op_visit_save(struct op_call *), op_card_new(struct op_call *), op_card_find(struct op_call *), op_card_show(struct op_call *);
void op_slip_referral(struct op_call *), op_slip_next_step(struct op_call *), op_slip_open(struct op_call *);
void op_referral_send(struct op_call *), op_referral_set(struct op_call *);
void op_booking_slots(struct op_call *), op_booking_take(struct op_call *), op_booking_set(struct op_call *), op_booking_keep(struct op_call *);
void op_hours_derive(struct op_call *), op_hours_list(struct op_call *), op_hours_confirm(struct op_call *);
void op_draft_put(struct op_call *), op_draft_get(struct op_call *), op_draft_list(struct op_call *), op_draft_drop(struct op_call *);
void op_duplicates(struct op_call *), op_merge(struct op_call *), op_unmerge(struct op_call *);
void op_report(struct op_call *), op_report_runs(struct op_call *), op_targets(struct op_call *);
void op_access_export(struct op_call *), op_access_log(struct op_call *), op_break_glass(struct op_call *), op_erase_dry(struct op_call *),
	op_retention(struct op_call *), op_retention_order(struct op_call *), op_retention_approve(struct op_call *),
	op_retention_clock(struct op_call *), op_incident_export(struct op_call *), op_incident_lost(struct op_call *),
	op_register_art30(struct op_call *), op_register_dpia(struct op_call *); /* law_*.c */
void op_erase(struct op_call *), op_erase_approve(struct op_call *), op_erase_status(struct op_call *);
void op_profile_show(struct op_call *), op_profile_check(struct op_call *), op_profile_install(struct op_call *);
/* Exchange: exchange.c. */
void op_export_as(struct op_call *, const struct profile_type *type, const char *format), op_export_all(struct op_call *), op_export_check(struct op_call *),
	op_import_xlsform(struct op_call *), op_export_xlsform(struct op_call *), op_directory_import(struct op_call *), op_directory_export(struct op_call *),
	op_directory_check(struct op_call *);
enum err_code import_package(struct op_call *c, struct buf *file, bool *was_one) MUST_CHECK; /* an export becomes the trace that is in it */
void op_status(struct op_call *), op_verify(struct op_call *), op_sync(struct op_call *), op_exchanges(struct op_call *), op_hubs(struct op_call *), op_close_site(struct op_call *);
void op_bundle_write(struct op_call *), op_bundle_read(struct op_call *), op_bundle_check(struct op_call *);

struct report_source;
extern const struct report_source report_of_view; /* report.c; its ctx is the node */

#endif
