/* The ledger of published reports, as reports and retention read it. */
#ifndef FALTBOK_OP_LEDGER_H
#define FALTBOK_OP_LEDGER_H

#include "casework/report.h"
#include "op/op_internal.h"

struct ledger_run { json_t *record, *cells; char id[33], at[40]; uint64_t hlc; uint32_t author; };

struct ledger {
	struct ledger_run *runs;       /* by time, then id */
	size_t count, cap;
	struct report_past *past;      /* those of them that a report of this profile can count again */
	size_t past_count;
};

/* Empty without a profile that knows report_run. ledger_free() all the same after an error. */
enum err_code ledger_load(struct ledger *l, struct node *n, struct err *err) MUST_CHECK;
void ledger_free(struct ledger *l);
/* A coordinator's word: writes the run, and puts {"run": {"id", "entry", "at", "by"}} into the report. */
enum err_code ledger_publish(struct op_call *c, const struct report_ask *ask, json_t *report, const json_t *cells) MUST_CHECK;

#endif
