/*
 * The lines of a report as a profile declares them. Read and checked by
 * profile_report.c, so that whoever counts need not doubt a path or a unit.
 * Spec: proto/report.md.
 */
#ifndef FALTBOK_CASEWORK_REPORT_DEF_H
#define FALTBOK_CASEWORK_REPORT_DEF_H

#include "casework/profile.h"

enum { REPORT_STEPS_MAX = 4, REPORT_DATES_MAX = 3, REPORT_FIELDS_MAX = 12, REPORT_REFS_MAX = 8 };

/* What a figure counts. Units are types: a total of two units is refused when the profile is read. */
enum report_unit {
	RU_NONE, RU_VISITS, RU_UNIQUE_VISITORS, RU_CASES, RU_SESSIONS, RU_HOURS, RU_EVENTS, RU_PERSONS, RU_PERCENT, RU_SITES,
	RU_REFERRALS, RU_BOOKINGS, RU_SIGNALS, RU_CASES_PER_VISIT, RU_MONTHS, RU_MONEY, RU_OTHER, RU_MINUTES, RU_COUNT,
};
extern const char *const report_unit_words[RU_COUNT];

enum report_measure {
	RM_COUNT,     /* how many records; with `group` a table of them */
	RM_SUM,       /* of a number field; with `group` a table */
	RM_SHARE,     /* percent of the records that also meet `having` */
	RM_TOP,       /* the `limit` commonest values of `group` */
	RM_MODE,      /* the commonest value of each of `fields`, one by one */
	RM_DISTINCT,  /* how many different values `field` has, with its coverage */
	RM_VALUES,    /* which values `field` has, without counts */
	RM_LIST,      /* each record by its `fields` */
	RM_CHANGE,    /* percent more or less than in the window */
	RM_RATIO,     /* line `of` by line `to`, or by a number */
	RM_TOTAL,     /* of other lines of one unit */
	RM_RECONCILE, /* the sums of `fields`, against the sum of the stated `field` */
	RM_RULE,      /* the counting rule itself */
	RM_NONE,      /* the records of this profile can not tell */
	RM_COUNT_OF,
};

/* visit: "session.site.kind" is three steps, all but the last a ref. */
struct report_path { const struct profile_field *step[REPORT_STEPS_MAX]; size_t count; };

/* Someone is active when the sum over `times` stretches of `days` days up to the last day is `least` or more in each. */
struct report_active {
	const struct profile_type *type;
	const struct profile_field *ref, *date, *sum;
	uint32_t least, days, times;
};

enum report_condition_kind { RC_IS, RC_NOT, RC_ROLLUP, RC_PRESENT, RC_ABSENT, RC_ACTIVE };
struct report_condition {
	enum report_condition_kind kind;
	struct report_path path;
	const char **values;
	size_t value_count;
	struct report_active active;
};

enum report_window { RW_PERIOD, RW_FIXED, RW_PREVIOUS };

struct report_line {
	const char *id;
	const struct label *labels, *rule;
	size_t label_count, rule_count, section;
	enum report_unit unit;
	enum report_measure measure;
	bool person;                        /* suppression class */
	bool agreed;                        /* those concerned have agreed to be listed */
	const struct profile_type *type;
	struct report_path date[REPORT_DATES_MAX]; /* the first that has a value */
	size_t date_count;
	struct report_path from, to;        /* instead of a date: counted when [from, to] meets the period */
	struct report_condition *where, *having;
	size_t where_count, having_count;
	struct report_path group;
	bool rollup, by_year;
	struct report_path field, fields[REPORT_FIELDS_MAX];
	size_t field_count;
	uint32_t limit;
	enum report_window window;
	const char *window_from, *window_to;
	size_t refs[REPORT_REFS_MAX];       /* earlier lines: total's parts, ratio's two */
	size_t ref_count;
	size_t compare, part_of;            /* an earlier line, or SIZE_MAX */
	double by;                          /* ratio: divided by this when there is one line */
};

struct report_section { const char *id; const struct label *labels; size_t label_count; };

struct report_def {
	const char *name;
	const struct label *labels;
	size_t label_count;
	const struct report_section *sections;
	size_t section_count;
	const struct report_line *lines;
	size_t line_count;
	const struct profile_type *site_type;   /* NULL: can not be asked for one site */
	const struct profile_field *site_name;
	const struct report_site { const struct profile_type *type; struct report_path path; } *sites;
	size_t site_count;
	const struct report_line *completeness; /* counts, by id */
	size_t completeness_count;
	const struct report_line *header;       /* lists, by id: the agreement, and what else stands above the figures */
	size_t header_count;
};

size_t profile_report_count(const struct profile *p);
const struct report_def *profile_report_at(const struct profile *p, size_t i);
const struct report_def *profile_report_named(const struct profile *p, const char *name);

#endif
