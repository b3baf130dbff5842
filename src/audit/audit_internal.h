#ifndef FALTBOK_AUDIT_AUDIT_INTERNAL_H
#define FALTBOK_AUDIT_AUDIT_INTERNAL_H

#include "audit/audit.h"
#include "base/table.h"
#include "log/chain.h"
#include "org/orders.h"

enum audit_check { CHECK_A1, CHECK_A2, CHECK_A3, CHECK_A4, CHECK_A5, CHECK_A6, CHECK_A7, CHECK_A8, CHECK_A9, CHECK_A11, CHECK_A13, CHECK_A14, CHECKS };

struct seq_range { uint64_t from, to; }; /* both included */
struct seq_id { uint64_t seq; uint8_t head16[16]; };
struct audited_log {
	struct log_key key;
	struct chain_head head;
	bool control_kinds, team_kinds;   /* what it was seen to carry */
	bool opens;                       /* begins with OPEN or GENESIS, or is a branch */
	bool says_leaving;                /* its second entry is the word of leaving */
	uint64_t unsigned_count;
	struct hash before;               /* the id that its first entry follows: where a branch goes on from */
	struct seq_range *missing;        /* payloads not there, ascending */
	size_t missing_count, missing_cap;
	struct seq_id *ids;               /* of a team's entries, ascending: an order may end at any */
	size_t id_count, id_cap;
};

struct attested { uint8_t digest[16]; struct log_key log; uint64_t seq; };

struct claimed { struct log8 log; uint64_t len, day; struct author by; };   /* the longest that anybody attests */

struct audit {
	bool has_fingerprint, finished;
	uint8_t fingerprint[32];
	struct org *org;
	struct audited_log *logs; size_t log_count, log_cap;
	struct table *log_of;             /* hash of the key to index + 1 */
	size_t at;                        /* the log fed last */
	struct orders *orders;
	struct attested *attested; size_t attested_count, attested_cap;
	struct table *attested_of;        /* frontier root to index + 1 */
	struct claimed *claimed; size_t claimed_count, claimed_cap;
	struct table *claimed_of;         /* log8 to index + 1 */
	struct table *attest_day_of;      /* author to the newest day attested */
	uint64_t newest_day;
	struct table *forks;              /* log‖seq of forks already reported */
	struct audited_epoch *epochs; size_t epoch_count, epoch_cap; /* epochs.c's */
	struct audit_finding *findings; size_t finding_count, finding_cap;
	size_t per_check[CHECKS];
	enum audit_severity worst_left_out; /* of those that were not kept */
	struct audit_counts counts;
	uint8_t frontier[32];
};

/* findings.c. `log` may be NULL, `e` too. The text goes on from "Log 3fa9c1d2/control, entry 7: ". */
extern const char *const audit_check_names[CHECKS];
enum err_code audit_find(struct audit *a, enum audit_check check, enum audit_severity severity,
                         const struct log_key *log, const struct entry *e, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 7, 8))) MUST_CHECK;

/* attested.c */
enum err_code audit_take_attest(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err) MUST_CHECK;
enum err_code audit_check_attested(struct audit *a, struct err *err) MUST_CHECK;

/* epochs.c */
enum err_code audit_take_epoch(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err) MUST_CHECK;
enum err_code audit_check_epochs(struct audit *a, struct err *err) MUST_CHECK;
void audit_free_epochs(struct audit *a);

/* erasures.c */
enum err_code audit_take_erasure(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err) MUST_CHECK;
enum err_code audit_missing_payloads(struct audit *a, struct err *err) MUST_CHECK;

#endif
