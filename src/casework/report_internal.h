/*
 * The inside of a report, whose files are report_*.c: rows.c reads, count.c counts, guard.c suppresses with past.c,
 * line.c says what is left with rank.c, and report.c, the door, runs them and puts the document together.
 */
#ifndef FALTBOK_CASEWORK_REPORT_INTERNAL_H
#define FALTBOK_CASEWORK_REPORT_INTERNAL_H

#include "casework/report.h"

/* ---- rows: every value is a word of one dictionary; 0 is no value ---- */

struct words {
	struct buf text;          /* each ends with NUL */
	uint32_t *at;             /* where in `text` */
	double *number;           /* what a number word is worth */
	size_t count, cap;
	uint32_t *slots;
	size_t slot_count;
	bool failed;              /* a word was lost: no figure may be made of the rest */
};

enum { ROW_OWN = 4, ROW_FIELDS = 5, FIELD_UNUSED = 0 }; /* a row: 16 bytes of id, the id as a word, the fields asked for */
struct rows {
	const struct profile_type *type;
	bool wanted;
	uint32_t *place;          /* by index of the field in its type: its place in a row, or FIELD_UNUSED */
	struct rows **target;     /* by index of the field: the rows that a ref names, or NULL */
	size_t width, count, cap; /* in words; in rows */
	uint32_t *cells;          /* the records, and after them the supposed ones */
	size_t conflicts;
	/*
	 * Records that a reader can not rule out: one of ours with a single field of another. Suppression asks
	 * with them too, or a handful of records would look more telling than they are. They count nowhere.
	 */
	size_t supposed;
	uint32_t *like;           /* by supposed record: the row it is like */
	uint8_t *ruled_out;       /* by supposed record: it falls where a zero is published */
};

struct store {
	const struct profile *profile;
	struct words words;
	struct rows *types;       /* as the profile's types */
	size_t type_count;
	struct alias { uint32_t id, is; } *alias; /* ids that were merged, as words, by `id`: whoever names one means the other */
	size_t alias_count, alias_cap;
	uint32_t *pool;           /* sets: a count, then so many words */
	size_t pool_count, pool_cap;
	uint32_t *row_at;         /* by word of an id: its row in its type, + 1 */
	size_t row_at_count;
	uint64_t *author_last;    /* by author's number: the clock of the last change of theirs that is counted */
	size_t author_count;
};

enum err_code store_load(struct store *s, const struct report_ask *ask, const struct report_source *source, struct err *err);
void store_free(struct store *s);
struct rows *store_rows(const struct store *s, const struct profile_type *t);
/* report_words.c */
uint32_t word_of(struct words *w, const char *p, size_t n, double number);
uint32_t number_word(struct words *w, double v);
uint32_t value_word(struct words *w, struct bytes value);
uint32_t store_word(struct store *s, const char *text);       /* 0: out of memory, or an empty text */
const char *store_text(const struct store *s, uint32_t word); /* "" for 0 */
/* The word at the end of the path; for a set its place in the pool. */
uint32_t store_follow(const struct store *s, const struct profile_type *t, size_t row, const struct report_path *path);

/* The row of an id in `of`, or SIZE_MAX: a ref may name a record that is not here, or one of another type. */
size_t store_row(const struct store *s, const struct rows *of, uint32_t word);

/* ---- tables ---- */

enum { TABLES_PER_LINE = REPORT_FIELDS_MAX, CELLS_MAX = 4000 };

/* Whom a table counts: records; the heads that a field of theirs tells of, or those that it leaves of another; different values. */
enum counted { OF_RECORDS, OF_HEADS, OF_REST, OF_VALUES };
struct cell { uint32_t word; uint64_t count; double sum; bool hidden, listed; int64_t told; /* by an earlier run */ };
struct table {
	const struct report_line *line;
	const struct report_path *path;  /* what its cells are values of, or NULL: only a total */
	enum counted of;                 /* only tables of the same stand in one question of suppression */
	const struct report_path *field, *whole; /* of heads: which they are; of the rest: of which; of values: whose */
	uint16_t *code;                  /* by row: its cell + 1, 0 outside; NULL where no person is counted */
	uint32_t *heads;                 /* by row: how many persons it stands for; NULL: one each */
	struct cell *cells;
	size_t count, cap;
	uint64_t total;                  /* records inside; of heads and of values: how many persons */
	double sum;
	bool total_hidden, total_listed;
	size_t place;                    /* which table of its line */
	int64_t total_told;              /* by an earlier run */
	bool past;                       /* of a run that was published before: nothing of it can be hidden any more */
};

enum warning { W_WINDOW, W_OVERLAP, W_NO_DATE, W_FEW_NO_DATE, W_NO_VALUE, W_NONE_SAYS, W_NO_SITE, W_CANNOT, W_MISMATCH, W_BASE,
	W_COVERAGE, W_PREVIOUS_EMPTY, W_AGREED, W_HIDDEN, W_NO_BASE, W_EARLIER, W_NO_ROWS, W_MASKED, W_WITHHELD, W_COUNT };

struct result {
	const struct report_line *line;
	const struct rows *rows;         /* of its type, or NULL */
	struct table *tables;
	size_t table_count;
	uint64_t silent;                 /* records inside that do not say what is summed */
	const char *from, *to;           /* the window counted */
	char from_text[16], to_text[16];
	bool null, hidden;               /* nothing to say; suppressed as a whole */
	bool earlier;                    /* more of it is hidden because of an earlier run */
	double value;
	bool has_n, n_hidden;
	double n;
	int reconciles;                  /* 1, 0, or -1: there is nothing to compare */
	json_t *list;                    /* made, or NULL */
	json_t *warnings;
};

struct run {
	const struct report_ask *ask;
	const struct report_source *source;
	struct store store;
	struct result *results;
	size_t result_count;
	uint32_t site;                   /* word, or 0 */
	const struct report_path *site_path; /* of the type being counted */
	uint32_t *seen;                  /* scratch, by word: cell + 1 */
	size_t seen_count;
};

enum err_code count_line(struct run *r, struct result *out, struct err *err);
void result_free(struct result *r);
void warn_add(struct run *r, struct result *x, enum warning w, ...); /* its numbers as doubles, its days as text */
/* Years, days: the stretch of the same length that ends the day before `from`. */
bool window_previous(const char *from, const char *to, char out_from[16], char out_to[16]);

/* heads.c: beside what a line of persons tells of records, the persons that it tells of. False: out of memory. */
struct walk;
bool heads_tables(struct walk *w, struct result *x);
/* What stands for one figure is hidden together. */
void heads_together(struct run *r);
uint32_t table_heads(const struct table *t, size_t row);

/* line.c, before guard_all(): which cells and totals of a counted line will be shown at all. False: out of memory. */
bool choose_listed(struct run *r, struct result *x);
/* After it: what the line says, and why not more. In their order: a line may be made of those before it. */
bool finish_line(struct run *r, struct result *x);
json_t *line_json(const struct run *r, struct result *x);
json_t *number_json(double v); /* whole, or with two decimals */

/* rank.c: lists only the `limit` commonest values of the table; puts what is listed into x->list, `before` each label. */
bool list_only(struct run *r, struct table *t, size_t limit);
bool list_table(struct run *r, struct result *x, const struct table *t, const char *before);
const char *cell_key(const struct run *r, const struct cell *c);

/* guard.c: hides what counts of persons would tell; deterministic. */
enum err_code guard_all(struct run *r, struct err *err);
/* past.c: the same beside the runs that were published before, after those of this run. */
enum err_code past_guard(struct run *r, struct err *err);
/* What this run tells of each line, for the ledger: proto/report.md, 6. */
json_t *past_cells(const struct run *r);
/* frame.c: what stands around the lines. */
enum err_code header_json(struct run *r, json_t **out, struct err *err);
enum err_code completeness_json(struct run *r, json_t **out, struct err *err);
json_t *footer_json(const struct run *r, const json_t *cells);

#endif
