/*
 * The command line's door to a home that a process has open: control.sock,
 * one operation a line. `faltbok serve` keeps it open for as long as it runs,
 * `faltbok invite` for as long as it waits.
 */
#ifndef FALTBOK_APP_NODE_DOOR_H
#define FALTBOK_APP_NODE_DOOR_H

#include "net/net.h"
#include "op/op.h"

struct door {
	struct env *env;
	const char *home;
	void *ctx;
	/* Starts the operation, or ends it with a refusal: op_start(), op_end(). */
	void (*start)(void *ctx, const struct op_row *row, struct op_call *call);
	void (*ended)(void *ctx);  /* after its answer has been handed over; NULL: nobody asks */
	const char *(*page)(void *ctx); /* the address of the page, NULL when none is served */
	struct net_control *control;
};

/* The fields above `control` are set, and outlive the door. */
enum err_code door_open(struct door *d, struct err *err) MUST_CHECK;
void door_close(struct door *d); /* also of one that was never opened */

#endif
