/*
 * The checks an auditor makes with no reading key: headers, chains,
 * signatures, membership, hashes of sealed payloads. No case is opened.
 *
 *   audit_new(fingerprint from paper)
 *   audit_entry(…)   control logs first, each log from its first entry on
 *   audit_finish()
 *   audit_finding_at(…), audit_counts(), audit_frontier()
 *
 * It keeps control entries and, for every other log, its head and the ranges
 * of payloads that are missing: a million entries need no more memory than
 * their logs do. Spec: proto/audit.md.
 */
#ifndef FALTBOK_AUDIT_AUDIT_H
#define FALTBOK_AUDIT_AUDIT_H

#include "log/frontier.h"
#include "org/org.h"

struct audit;

enum audit_severity {
	AUDIT_INFO,    /* a fact to read */
	AUDIT_WARNING, /* somebody should ask */
	AUDIT_ERROR,   /* it does not verify */
};

enum { AUDIT_TEXT_BYTES = 320, AUDIT_FINDINGS_MAX = 500 /* of one check; the rest is counted */ };

struct audit_finding {
	char check[4];         /* "A7" */
	enum audit_severity severity;
	bool has_log;
	struct log_key log;
	bool has_seq, has_entry;
	uint64_t seq;          /* of a range the first */
	struct hash entry;     /* its id; not kept of entries whose payload is missing */
	char text[AUDIT_TEXT_BYTES]; /* a whole sentence */
};

struct audit_counts {
	uint64_t entries, logs;
	uint64_t payloads_present, payloads_erased, payloads_missing;
	uint64_t members, devices, teams;
	uint64_t findings_left_out;
};

/* The fingerprint of the root as printed on paper; NULL: A1 says that nobody gave one. NULL when out of memory. */
struct audit *audit_new(const uint8_t fingerprint[32]);
void audit_free(struct audit *a);

/*
 * One entry as it is stored: e->id is recomputed, has_sig and has_payload say
 * what is there. Control logs come first, a log's entries in order of seq; a
 * branch begins at its branch_seq. Everything that is wrong becomes a finding:
 * ERR_NO_MEMORY is the only error.
 */
enum err_code audit_entry(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err) MUST_CHECK;
/* For what the source itself reports as damaged, before any entry could be read from it. */
enum err_code audit_note(struct audit *a, const char *check, enum audit_severity severity, const char *text,
                         struct err *err) MUST_CHECK;
/* The checks that need everything. Once, after the last entry. */
enum err_code audit_finish(struct audit *a, struct err *err) MUST_CHECK;

/* After audit_finish(). Findings stand by check, then in the order they were found. */
bool audit_clean(const struct audit *a); /* nothing above AUDIT_INFO */
bool audit_verifies(const struct audit *a); /* nothing above AUDIT_WARNING */
size_t audit_finding_count(const struct audit *a);
const struct audit_finding *audit_finding_at(const struct audit *a, size_t i);
struct audit_counts audit_counts(const struct audit *a);
void audit_frontier(const struct audit *a, uint8_t out[32]);
const struct org *audit_org(const struct audit *a);
const char *audit_severity_word(enum audit_severity s); /* "info", "warning", "error" */
/* "3fa9c1d2/control": device, then stream; how every text names a log. Returns out. */
enum { AUDIT_LOG_NAME_BYTES = 48 };
char *audit_log_name(const struct audit *a, const struct log_key *log, char out[AUDIT_LOG_NAME_BYTES]);

#endif
