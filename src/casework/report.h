/*
 * A report: the figures of a period, counted by the lines of a profile.
 *
 *   records ─> rows (the fields that lines ask for) ─> tables ─> suppression ─> lines ─> JSON ─> HTML, CSV
 *
 * No field name is compiled in. The same records give the same bytes, in
 * whatever order they come. Spec: proto/report.md.
 */
#ifndef FALTBOK_CASEWORK_REPORT_H
#define FALTBOK_CASEWORK_REPORT_H

#include <jansson.h>

#include "casework/report_def.h"
#include "crdt/record.h"

enum { REPORT_K = 5, REPORT_BASE_MIN = 20 }; /* proto/report.md, 4: least count of persons, least base of a percentage */

typedef bool (*report_record_cb)(void *ctx, const struct record *r);
struct report_source {
	void *ctx;
	/* Every record of a type that is not for practice, merged ones too, in any order, until cb returns false. */
	enum err_code (*each)(void *ctx, uint32_t type, report_record_cb cb, void *cb_ctx, struct err *err);
	/* Every record of every type, in any order, at one go; may be NULL: then it is asked type by type. */
	enum err_code (*all)(void *ctx, report_record_cb cb, void *cb_ctx, struct err *err);
	/* The record that one which was merged stands for, or itself; may be NULL: then each stands for itself. */
	void (*same_as)(void *ctx, const struct record_id *id, struct record_id *out);
	/* Is the record under protected identity? Then its words are listed nowhere. May be NULL: none is. */
	bool (*withheld)(void *ctx, const struct record_id *id);
	/* The id of the device behind an author's number, as 32 hex digits; may be NULL: then no device is told of. */
	bool (*author)(void *ctx, uint32_t author, char id[33]);
};

/* A run that was published: what report_run_cells() kept of it then. The ledger is all of them, in order of their time, then id. */
struct report_past {
	const struct report_def *def;
	const char *id, *at;     /* 32 hex digits; RFC 3339 */
	const char *from, *to, *site;
	const json_t *cells;
};

struct report_ask {
	const struct profile *profile;
	const struct report_def *def;
	const char *from, *to;   /* YYYY-MM-DD, both days counted */
	const char *site;        /* 32 hex digits, or NULL: all */
	const char *site_name;   /* for sheets and pages; or NULL: its id is printed */
	const char *lang;        /* of labels, rules and warnings */
	const char *recipient;   /* or NULL */
	const struct report_past *past;
	size_t past_count;
	const json_t *devices;   /* [{"id", "device"} …] of those who write, by id; NULL: not told */
	bool plain;              /* nothing is suppressed: for looking at what an erasure would change, never to be handed on */
	uint64_t unreadable;     /* entries here that no key opens yet */
	bool keep_personal;      /* numbers and addresses in listed texts stand; else they are masked */
	bool of_rows;            /* the source gives the rows of a drop-box: lines that ask for more are null */
};

/* CONTRACT's document; the caller owns it. ERR_INVALID: dates the wrong way round, or a site this report can not tell. */
enum err_code report_run(json_t **out, const struct report_ask *ask, const struct report_source *source, struct err *err) MUST_CHECK;

/* The same, and what the ledger keeps of it when it is published: report_past.cells. Both are the caller's. */
enum err_code report_run_cells(json_t **out, json_t **cells, const struct report_ask *ask, const struct report_source *source, struct err *err) MUST_CHECK;

/* [{"id", "key", "was", "now"} …] of one line, from what two runs keep of it. */
json_t *report_differences(const char *line, const json_t *was, const json_t *now);

/* HC(32, ∅, "fb1/report", the document without its digest, compact, keys in order), as 64 hex digits. */
enum err_code report_digest(char out[65], const json_t *report, struct err *err) MUST_CHECK;

/* What report_run() made, as a sheet that Swedish Excel opens, and as pages to print. */
void report_csv(struct buf *out, const struct report_ask *ask, const json_t *report);
/* What the figures of a sheet stand on, [[what, value] ...] in the language asked for: period, site, profile, completeness, digest. */
json_t *report_basis(const struct report_ask *ask, const json_t *report);
void report_html(struct buf *out, const struct report_ask *ask, const json_t *report);

#endif
