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
struct choice { const char *code; const struct label *labels; size_t label_count; const char *rollup, *valid_to; };
struct rollup { const char *code; const struct label *labels; size_t label_count; };
struct choice_list {
	const char *name;
	const struct choice *choices;
	size_t choice_count;
	bool open;                       /* other codes allowed */
	const struct rollup *rollups;    /* labels of the codes that choices roll up to */
	size_t rollup_count;
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
	const struct label *labels;
	size_t label_count;
};
struct profile_type {
	uint32_t number;
	const char *name;
	enum group_rule group;
	const struct profile_field *group_field; /* GROUP_OF_REF */
	bool notes;                      /* notes may be written on it */
	enum data_class class;
	const struct label *labels;
	size_t label_count;
	const struct profile_field *fields;
	size_t field_count;
};

struct profile;

/* ERR_INVALID says where: "types[3].fields[2].type: …". Copies what it keeps. */
enum err_code profile_parse(struct profile **out, struct bytes json, struct err *err) MUST_CHECK;
void profile_free(struct profile *p);
/* Refuses a number or name that means something else in `old`, and choices that vanished. */
enum err_code profile_check_successor(const struct profile *old, const struct profile *new_, struct err *err) MUST_CHECK;

const char *profile_id(const struct profile *p);
uint32_t profile_version(const struct profile *p);
size_t profile_type_count(const struct profile *p);
const struct profile_type *profile_type_at(const struct profile *p, size_t i);
const struct profile_type *profile_type_named(const struct profile *p, const char *name);
const struct profile_type *profile_type_numbered(const struct profile *p, uint32_t number);
const struct profile_field *profile_field_named(const struct profile_type *t, const char *name);
const struct profile_field *profile_field_numbered(const struct profile_type *t, uint32_t number);
const char *label_in(const struct label *labels, size_t count, const char *lang); /* falls back to sv, then the first, then NULL */

#endif
