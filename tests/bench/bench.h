/* The benchmark's parts: homes with the load CASES-1, floors, figures. */
#ifndef FALTBOK_BENCH_H
#define FALTBOK_BENCH_H

#include "base/env.h"
#include "node/node.h"

enum { WRITERS = 8 };

struct bench {
	struct env *env;
	char dir[512];          /* build/bench */
	const char *self;       /* this program, to be run again aside */
	size_t cases;           /* entries are ten times as many */
	struct buf trace, inc_a, inc_b;
};

double now_s(void);
void must(enum err_code rc, const struct err *err, const char *what); /* prints and exits */
void run_or_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

extern const struct node_secret bench_secret;
struct node *open_home(struct bench *b, const char *name);
/* Writes the lines of `trace` by writer `by` (NULL: all) of round `round` (-1: all) to the node; returns how many. */
void without_round(struct buf *out, struct bytes line); /* a line of a trace as profile.md, 5 has it */
size_t write_lines(struct node *n, struct bytes trace, const char *by, long round, size_t max);
void bench_report(struct bench *b); /* report.c: a home of its own, made once, kept */
uint64_t payload_bytes(struct node *n); /* of all payloads held, sealed */
/* Gives `to` what it lacks of `from`, in memory. */
void pour(struct node *from, struct node *to);
/* Homes `hub0` (the whole load by eight writers in its rounds) and `fresh` (admitted, empty). Made once, kept. */
void prepare(struct bench *b);

/* Founds an organisation with one team in DIR/name, and admits another coordinator into home DIR/name. */
struct node *found_in(struct bench *b, const char *name, struct stream_id *team);
void make_device(struct bench *b, struct node *boss, const struct stream_id *team, const char *name); /* an adviser of that team */
void make_coordinator(struct bench *b, struct node *boss, const char *name);

void bench_erase(struct bench *b), bench_rekey(struct bench *b); /* bench_keys.c */

/* Floors: the bare work, measured in the same run. Seconds each, or per item where said. */
/* One-row SQLite commits with the same pragmas, in turns with what is measured: a disk has moods. */
void floor_turns_open(struct bench *b);
double floor_turn(size_t commits, size_t payload); /* seconds for all of them */
void floor_turns_close(void);
double floor_verify(void);                                       /* one crypto_sign_verify_detached */
double floor_inserts(struct bench *b, size_t count, size_t payload); /* `count` rows in batches of 500 */
double floor_decrypt(size_t bytes);                              /* XChaCha20-Poly1305 of so many bytes */

/* One figure: value, the floor it stands on, and value/floor (or floor/value where less is better, `inverse`). */
void figure(const char *name, double value, const char *unit, double floor_value, const char *floor_name, double ratio);
/* slow_wire.c: passes on to a port of this machine, `delay_ms` later. Nothing may be under way when it is freed. */
struct slow_wire;
struct slow_wire *slow_wire_new(struct env *env, int to_port, uint64_t delay_ms);
int slow_wire_port(struct slow_wire *w);
void slow_wire_free(struct slow_wire *w);

void bench_live(struct bench *b);    /* live.c */
void bench_serving(struct bench *b); /* serving.c */
void figures_print(const char *json_path);

void bench_org(struct bench *b);

#endif
