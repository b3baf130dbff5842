/*
 * What the operations of law and rights share: proto/law.md.
 *
 *   law_personal.c   numbers and addresses in free text      law_retention.c  what is due, standing orders, runs
 *   law_protected.c  protected identity                      law_log.c        who read what; break-glass
 *   law_access.c     everything about one person             law_incident.c   breaches, lost devices
 *   law_erase.c      what an erasure would change            law_register.c   Article 30, impact assessment
 */
#ifndef FALTBOK_OP_LAW_H
#define FALTBOK_OP_LAW_H

#include "casework/report.h"
#include "op/op_internal.h"

/* A sentence for each number or address in the free text of a draft: text fields that are no contact details, and notes. */
void law_warn_draft(const struct draft *d, json_t *warnings);
/* Masks them in a record that record_to_json() made; how many there were. Contact details stay. */
size_t law_mask_record(json_t *record, const struct profile *p);

/* The same in the lines of a trace, which stay lines. */
void law_mask_trace(struct buf *trace, const struct profile *p);
/* --personal of an export: keep, mask, or refuse when it is left out. */
enum err_code law_how_to_leave(struct op_call *c, bool *keep) MUST_CHECK;
enum err_code law_may_leave(struct op_call *c, uint64_t found) MUST_CHECK;

/* Is the record, or one that it refers to in up to four steps, of somebody with a protected identity? */
bool law_protected(struct node *n, const struct record *r);
/* ERR_REFUSED, with the way to it, for what law_protected() says. */
enum err_code law_may_show(struct op_call *c, const struct record *r) MUST_CHECK;
/* Refuses contact details on a record that is protected, or becomes it by this draft. `now` may be NULL. */
enum err_code law_check_draft(struct node *n, const struct draft *d, const struct record *now, struct err *err) MUST_CHECK;

/* One line of this device's log of reads: which operation, about which record (NULL: what was looked for stands in `what`). */
void law_log_read(struct node *n, const char *op, const struct record_id *id, const char *what);

/* An `access` record that tells the team of what is opened, with the call's `reason`: first all of them, durable, then the content. */
enum err_code law_write_access(struct op_call *c, const struct record_id *id, const struct stream_id *team) MUST_CHECK;
enum err_code law_end_access(struct op_call *c) MUST_CHECK;

/* A field of a record as text, or "" */
void law_field_text(const struct record *r, const struct profile_type *t, const char *field, struct buf *out);
const char *law_today(struct node *n, char out[16]);

#endif
