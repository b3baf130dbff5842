/*
 * A play as a script: what people did and what befell them, with absolute
 * times, and every decision by its name. A script is played without chance;
 * what it does not say is 0, or the least that may be.
 *
 *   faltbok-sim 1
 *   @0 set 0 seed=87 stations=4 records=9
 *   @0 found 0 coordinator=0,1
 *   @1922120000000 write 1 record=4 act=1 field=2 value=3764719075 wait=360000000
 *   @1925000000000 crash 2
 *   @2100000000000 heal 0
 *
 * The form: tests/sim/script.md.
 */
#ifndef FALTBOK_SIM_SCRIPT_H
#define FALTBOK_SIM_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SCRIPT_NAME_MAX = 16 };

/* What was decided under one name in one event, in order. */
struct decision { char name[SCRIPT_NAME_MAX]; uint64_t *values; size_t count, cap; };

struct script_event {
	uint64_t at;                 /* ns */
	char kind[SCRIPT_NAME_MAX];
	size_t who;                  /* a station */
	struct decision *decisions;
	size_t count, cap;
};

struct script { struct script_event *events; size_t count, cap; };

void script_free(struct script *s);
struct script_event *script_add(struct script *s, uint64_t at, const char *kind, size_t who);
void script_copy_event(struct script *to, const struct script_event *e);
void script_copy(struct script *to, const struct script *from); /* `to` empty */
void script_note(struct script_event *e, const char *name, uint64_t value); /* one more value of that name */
struct decision *script_decision(const struct script_event *e, const char *name); /* or NULL */
uint64_t script_value(const struct script_event *e, const char *name); /* the first; 0 when there is none */

/* ERR_IO; a line that is none of a script: ERR_MALFORMED, with its number. */
enum err_code script_load(struct script *s, const char *path, struct err *err) MUST_CHECK;
enum err_code script_save(const struct script *s, const char *path, const char *comment, struct err *err) MUST_CHECK;

#endif
