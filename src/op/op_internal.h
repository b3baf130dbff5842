/* What the operations share among themselves. */
#ifndef FALTBOK_OP_INTERNAL_H
#define FALTBOK_OP_INTERNAL_H

#include "op/op.h"

const char *param_text(const struct op_call *c, const char *name); /* NULL when absent */
int64_t param_number(const struct op_call *c, const char *name, int64_t otherwise);
bool param_flag(const struct op_call *c, const char *name);
json_t *json_hex(const void *p, size_t len);
/* The file behind a PARAM_FILE_IN, and the one that a PARAM_FILE_OUT names: on disk, or with the call (files.c). */
enum err_code param_file(struct op_call *c, const char *name, size_t max, struct buf *out);
enum err_code param_file_out(struct op_call *c, const char *name, struct bytes data);
/* Fails the call with err's text as it stands. */
void op_fail(struct op_call *c);
/* A profile is there, and the type it names; else the call's err is set. */
const struct profile_type *param_type(struct op_call *c, const char *name, enum err_code *rc);
/* A device by id prefix or by the name that the roster gives it. */
enum err_code find_device(struct op_call *c, const char *text, const struct org_device **out);
/* Roles and teams as people name them: members.c. 0 and the call's err when there is no such role. */
enum { NAMED_TEAMS_MAX = 32 };
uint8_t param_role(struct op_call *c);
const char *role_name(uint8_t role);
enum err_code param_teams(struct op_call *c, struct stream_id teams[NAMED_TEAMS_MAX], size_t *count);
json_t *team_names(struct node *n, const struct org_device *d);
json_t *last_seen(struct node *n, const struct org_device *d);

void op_put(struct op_call *), op_get(struct op_call *), op_list(struct op_call *), op_search(struct op_call *),
	op_resolve(struct op_call *), op_conflicts(struct op_call *), op_import(struct op_call *), op_export(struct op_call *);
void op_admit(struct op_call *), op_members(struct op_call *), op_team_add(struct op_call *), op_team_list(struct op_call *),
	op_grant(struct op_call *), op_ungrant(struct op_call *), op_revoke(struct op_call *), op_adopt(struct op_call *),
	op_exposure(struct op_call *); /* members --exposure */
void op_invite(struct op_call *), op_invite_list(struct op_call *), op_invite_confirm(struct op_call *),
	op_invite_withdraw(struct op_call *);
void op_report(struct op_call *), op_targets(struct op_call *);
void op_erase(struct op_call *), op_erase_approve(struct op_call *), op_erase_status(struct op_call *);
void op_profile_show(struct op_call *), op_profile_check(struct op_call *), op_profile_install(struct op_call *);
/* Exchange: exchange.c. */
void op_export_as(struct op_call *, const struct profile_type *type, const char *format), op_export_all(struct op_call *), op_export_check(struct op_call *),
	op_import_xlsform(struct op_call *), op_export_xlsform(struct op_call *), op_directory_import(struct op_call *), op_directory_export(struct op_call *),
	op_directory_check(struct op_call *);
enum err_code import_package(struct op_call *c, struct buf *file) MUST_CHECK; /* an export becomes the trace that is in it */
void op_status(struct op_call *), op_verify(struct op_call *), op_sync(struct op_call *);
void op_bundle_write(struct op_call *), op_bundle_read(struct op_call *), op_bundle_check(struct op_call *);

#endif
