/*
 * A programme profile: what a visit, a case, a report is, as data.
 *
 * One JSON file declares record types, fields, value lists and labels in many
 * languages. No field name is compiled in: numbers of types and fields stand
 * in the profile, are never reused, and name them on the wire.
 * Spec: proto/profile.md.
 */
#ifndef FALTBOK_CASEWORK_PROFILE_H
#define FALTBOK_CASEWORK_PROFILE_H

#include "base/bytes.h"
#include "base/err.h"

enum value_type { VT_TEXT, VT_INTEGER, VT_DECIMAL, VT_BOOL, VT_DATE, VT_TIME, VT_DATETIME, VT_CHOICE, VT_REF, VT_LANGUAGE };
enum field_shape { SHAPE_REGISTER, SHAPE_SET, SHAPE_SUM };
enum data_class { CLASS_STATISTICS, CLASS_CONTENT, CLASS_CONTACT, CLASS_EPHEMERAL, CLASS_OPEN };
enum group_rule { GROUP_OWN, GROUP_OPEN, GROUP_OF_REF }; /* what the record shares a key with */

struct label { const char *lang, *text; };
struct choice { const char *code; const struct label *labels; size_t label_count; const char *rollup, *valid_from, *valid_to; };
struct rollup { const char *code; const struct label *labels; size_t label_count; };
struct choice_list {
	const char *name;
	const struct choice *choices;
	size_t choice_count;
	bool open;                       /* other codes allowed */
	const struct rollup *rollups;    /* labels of the codes that choices roll up to */
	size_t rollup_count;
};

/* How long: for ever, or so long after the last change, or after the date in `from`. Spec: proto/profile.md, 7 "Retention". */
enum retain_unit { RETAIN_KEEP, RETAIN_DAYS, RETAIN_MONTHS };
struct retention { enum retain_unit unit; uint32_t count; const struct profile_field *from; /* NULL: the last change */ };

/* The states of a choice, and which follows which. Spec: proto/profile.md, 9 "Workflow". */
struct workflow_state { const char *code; const char **to; size_t to_count; uint32_t remind_days; /* 0: no reminder */ };
struct workflow { const char **start; size_t start_count; /* none: any */ const struct workflow_state *states; size_t state_count; };

/* How a form asks for a field. Spec: proto/profile.md, 11 "Forms". */
struct form_rule {
	const struct label *hint, *intro, *message; /* beside it, above it, and when it is out of bounds */
	size_t hint_count, intro_count, message_count;
	const char *default_;              /* what stands there before anybody answers, or NULL */
	const char *relevant;              /* asked only when this field of the type holds one of `is`; NULL: always */
	const char **is;
	size_t is_count;
	bool has_min, has_max;
	double min, max;                   /* of a number; both are allowed */
};

struct profile_field {
	uint32_t number;
	const char *name;
	enum value_type type;
	enum field_shape shape;
	enum data_class class;
	const struct choice_list *list;  /* VT_CHOICE */
	const char *ref_type;            /* VT_REF */
	bool required, search;           /* search: text that the full-text index holds */
	bool followed;                   /* VT_REF: a line of a report looks where it points, or counts it */
	bool off;                        /* not asked, and not taken from forms, before a version turns it on */
	const struct workflow *workflow; /* a choice register's states, or NULL */
	const struct form_rule *form;    /* how a form asks, or NULL */
	const struct label *labels, *why; /* why: what it is needed for, in the register of processing */
	size_t label_count, why_count;
};
struct profile_type {
	uint32_t number;
	const char *name;
	enum group_rule group;
	const struct profile_field *group_field; /* GROUP_OF_REF */
	bool notes;                      /* notes may be written on it */
	enum data_class class;
	const struct retention *retention; /* its own, or NULL: that of its class */
	const struct label *labels, *why;
	size_t label_count, why_count;
	const struct label *plurals, *articles; /* "visits"; "ett" where Swedish says so: for sentences that count */
	size_t plural_count, article_count;
	const struct profile_field *fields;
	size_t field_count;
};

/* What devices of a role write, and which classes their pages show; what they can read is decided by keys. */
struct profile_role {
	const char *name;                /* coordinator, advisor, auditor or hub */
	const struct label *labels;
	size_t label_count;
	bool writes_all;
	const struct profile_type **writes;
	size_t write_count;
	unsigned sees;                   /* 1u << enum data_class */
};

/* A goal and the ways to count towards it, each a line of a report. Spec: proto/profile.md, 10 "Targets". */
struct report_def;
struct target_variant { const char *name; const struct label *labels; size_t label_count; size_t line; /* of the report */ };
struct profile_target {
	const char *name;
	const struct label *labels;
	size_t label_count;
	const struct report_def *report;
	size_t goal_line;                /* SIZE_MAX: `goal` holds */
	uint32_t goal;
	const struct target_variant *variants;
	size_t variant_count;
};

/* Which field stands for what in other people's formats. Spec: proto/profile.md, 12 "Exchange". */
struct exchange_prop { const char *name; const struct profile_field *field; const char *code; /* "status=cancelled": when it is this */ };
struct exchange_map { const char *name; const struct profile_type *type; const struct exchange_prop *props; size_t prop_count; };

struct profile;

/* ERR_INVALID says where: "line 212: types[3].fields[2].type: …". Copies what it keeps. */
enum err_code profile_parse(struct profile **out, struct bytes json, struct err *err) MUST_CHECK;
void profile_free(struct profile *p);
/* Refuses a number or name that means something else in `old`, and choices that vanished. */
enum err_code profile_check_successor(const struct profile *old, const struct profile *new_, struct err *err) MUST_CHECK;
/* Labels that are not in every language of "languages", by place: "types[3].fields[2].labels" lacks "fa, be". False stops. */
enum err_code profile_unsaid(struct bytes json, bool (*cb)(void *ctx, const char *path, const char *lacks), void *ctx, struct err *err) MUST_CHECK;

const char *profile_id(const struct profile *p);
uint32_t profile_version(const struct profile *p);
size_t profile_type_count(const struct profile *p);
const struct profile_type *profile_type_at(const struct profile *p, size_t i);
/* NULL when there is no such type, and of no profile: one of a newer program may be installed that this one cannot read. */
const struct profile_type *profile_type_named(const struct profile *p, const char *name);
const struct profile_type *profile_type_numbered(const struct profile *p, uint32_t number);
const struct profile_field *profile_field_named(const struct profile_type *t, const char *name);
const struct profile_field *profile_field_numbered(const struct profile_type *t, uint32_t number);
/* How long to keep a record of `t` (f NULL), or the field of it; NULL when the profile does not say. */
const struct retention *profile_retention(const struct profile *p, const struct profile_type *t, const struct profile_field *f);
const struct label *profile_purpose(const struct profile *p, size_t *count); /* what the records are for */
size_t profile_role_count(const struct profile *p);
const struct profile_role *profile_role_at(const struct profile *p, size_t i);
/* Roles by their words. A profile without roles lets everyone; one with roles lets only those it names. */
bool profile_may_write(const struct profile *p, const char *role, const struct profile_type *t);
bool profile_may_see(const struct profile *p, const char *role, enum data_class class);
size_t profile_target_count(const struct profile *p);
const struct profile_target *profile_target_at(const struct profile *p, size_t i);
/* `from` NULL: a record that has no state yet. Staying is always allowed. */
bool workflow_may_move(const struct workflow *w, const char *from, const char *to);
const struct workflow_state *workflow_state_of(const struct workflow *w, const char *code); /* NULL: nothing follows */
const struct exchange_map *profile_exchange(const struct profile *p, const char *name); /* "opening", "service", …; NULL */
const struct exchange_prop *exchange_prop(const struct exchange_map *m, const char *name); /* NULL */
const char *data_class_word(enum data_class class);
const char *label_in(const struct label *labels, size_t count, const char *lang); /* falls back to sv, then the first, then NULL */

#endif
