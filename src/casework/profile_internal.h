/* The inside of a profile, for profile.c (questions) and profile_parse.c (reading it). */
#ifndef FALTBOK_CASEWORK_PROFILE_INTERNAL_H
#define FALTBOK_CASEWORK_PROFILE_INTERNAL_H

#include <jansson.h>

#include "casework/profile.h"
#include "casework/report_def.h"

/* proto/profile.md, 2 "Limits" */
enum {
	PROFILE_BYTES_MAX = 1 << 20,
	PROFILE_NAME_MAX = 40,
	PROFILE_CODE_MAX = 64,
	PROFILE_TYPE_FIRST = 2, /* 1 is the profile's own record */
	PROFILE_NUMBER_MAX = 65535,
};

/* One allocation of a profile; they live and die together. */
struct block {
	struct block *next;
	_Alignas(8) unsigned char bytes[];
};

struct profile {
	const char *id;
	uint32_t version;
	struct choice_list *lists;
	size_t list_count;
	struct profile_type *types;
	size_t type_count;
	struct unit_of *units;
	size_t unit_count;
	struct report_def *reports;
	size_t report_count;
	struct retention *retention[CLASS_OPEN + 1]; /* by class; NULL: not said */
	struct profile_role *roles;
	size_t role_count;
	struct profile_target *targets;
	size_t target_count;
	struct exchange_map *exchange;
	size_t exchange_count;
	const struct label *purpose;
	size_t purpose_count;
	struct block *blocks;
};

/* What a count of a type, or the sum of a field, is measured in. */
struct unit_of { const struct profile_type *type; const struct profile_field *field; /* NULL: the type's count */ enum report_unit unit; };

/* The path to what is being read is kept, so that every refusal names its place. */
struct parser {
	struct profile *p;
	struct err *err;
	char path[192];
	size_t path_len;
};

size_t parse_enter(struct parser *ps, const char *name, size_t index); /* what parse_leave() takes */
void parse_leave(struct parser *ps, size_t was);
enum err_code parse_wrong(struct parser *ps, const char *key, const char *why);
void *parse_keep(struct parser *ps, size_t count, size_t item_bytes); /* zeroed, the profile's; NULL when out of memory */
const char *parse_keep_text(struct parser *ps, const char *text);
enum err_code parse_only_keys(struct parser *ps, const json_t *object, const char *const *allowed);
enum err_code parse_name(struct parser *ps, const json_t *object, const char *key, const char **out);
enum err_code parse_number(struct parser *ps, const json_t *object, const char *key, json_int_t min, json_int_t max, uint32_t *out);
enum err_code parse_bool(struct parser *ps, const json_t *object, const char *key, bool *out);
/* One of `words`, whose places are the values of an enum. `otherwise` < 0: it must be there. */
enum err_code parse_word(struct parser *ps, const json_t *object, const char *key, const char *const *words, size_t count,
                         int otherwise, int *out);
enum err_code parse_labels(struct parser *ps, const json_t *object, const char *key, const struct label **out, size_t *count);

enum err_code parse_languages(struct parser *ps, const json_t *root); /* profile_labels.c: are they tags? */

extern const char *const data_class_words[CLASS_OPEN + 1];

/* profile_rules.c: what a profile says besides types and lists. */
enum err_code parse_choice_dates(struct parser *ps, const json_t *from, struct choice *out);
enum err_code parse_workflow(struct parser *ps, const json_t *from, struct profile_field *f);
enum err_code parse_form(struct parser *ps, const json_t *from, struct profile_field *f);
enum err_code parse_forms_whole(struct parser *ps, const struct profile_type *t); /* what `relevant` names is there */
enum err_code parse_type_retention(struct parser *ps, const json_t *from, struct profile_type *t); /* after the fields */
enum err_code parse_rules(struct parser *ps, const json_t *root); /* retention, roles; after the types */
enum err_code parse_targets(struct parser *ps, const json_t *root); /* after the reports */

enum err_code parse_exchange(struct parser *ps, const json_t *root); /* profile_exchange.c; after the types */

/* profile_text.c: a profile as its author writes it. */
enum err_code profile_plain(struct buf *out, struct bytes text, struct err *err); /* comments and last commas become spaces */
int profile_line(struct bytes plain, const char *path);    /* where "types[3].name" stands, from 1; its parent's line if it is missing */

/* profile_report.c: "units" and "reports", when types and lists have been read. */
enum err_code parse_reports(struct parser *ps, const json_t *root);
/* profile_path.c: "session.site.kind" seen from `type`; conditions; `at` is the key for the refusal. */
enum err_code parse_path(struct parser *ps, const struct profile_type *type, const char *at, const json_t *text, struct report_path *out);
enum err_code parse_conditions(struct parser *ps, const json_t *line, const char *key, const struct profile_type *type,
                               struct report_condition **out, size_t *count);

#endif
