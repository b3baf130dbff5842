/*
 * The wire to the database, made of faults. It is hung before libpq with --wrap
 * (rules.mk), so that the product knows nothing of it: every message that asks
 * the server for an answer is a statement, the making of a connection is one,
 * and the one with the number that was armed does not go well.
 *
 *    hub ── src/pg ── PQsend…  ──┬── libpq ── socket ── server
 *                     this: n ───┘ cut before it, after it, late; refused; the server dies
 *
 * Memory fails within libpq alone: its allocations are counted while one of its
 * calls is under way.
 */
#ifndef FALTBOK_TESTS_PGCRASH_WIRE_H
#define FALTBOK_TESTS_PGCRASH_WIRE_H

#include <stdbool.h>

enum wire_fault {
	WIRE_NONE,
	WIRE_BEFORE,      /* cut before it is sent */
	WIRE_AFTER,       /* carried out by the server, and cut before the answer is heard */
	WIRE_LATE,        /* sent, cut, and carried out by the server only when the hub is back */
	WIRE_REFUSED,     /* answered with an error; whatever transaction there was has failed */
	WIRE_MEMORY,      /* the nth allocation of libpq gives nothing */
	WIRE_DIES_BEFORE, /* the server is killed, and is away until wire_heal() */
	WIRE_DIES_AFTER,
	WIRE_FAULTS
};

extern const char *const wire_names[WIRE_FAULTS];

/* Where the server is: for killing it. */
void wire_server(const char *dir);

/*
 * Strikes at the nth statement (memory: allocation) from now, from 0 on; for_ever: at each one from there, and nobody is let in.
 * WIRE_NONE only counts.
 */
void wire_arm(enum wire_fault fault, long nth, bool for_ever);
/* And once more, at the nth statement behind the one that was struck first. */
void wire_arm_again(enum wire_fault fault, long nth);
/* Nothing fails any more, and the server is there; what is late is carried out before anything could wait for it. */
void wire_heal(void);
/* While the test itself looks, nothing more is struck, and nothing counted. They do not nest. */
void wire_spare(bool spare);
/* Now, if anything is late. */
void wire_settle(void);
/* The program is gone: nothing that it still does arrives. Until wire_heal(). */
void wire_die(void);

long wire_statements(void);  /* since wire_arm() */
long wire_allocations(void);
long wire_behind(void);      /* statements behind the first that was struck */
bool wire_struck(void);
bool wire_struck_again(void);
const char *wire_what(void); /* the statement that was struck, or its beginning */

#endif
