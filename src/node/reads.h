/*
 * The log of what has been read on this device: HOME/reads.log, sealed under
 * a key of the device, never sent. The newest lines are kept. Lines gather for
 * a moment before the file is written anew: typing in the search field must
 * not wait for the disk at every key.
 * Spec: proto/law.md, 5.
 */
#ifndef FALTBOK_NODE_READS_H
#define FALTBOK_NODE_READS_H

#include "node/node.h"

enum { READS_MAX = 20000 };

/* One line more, on disk two seconds later, or when the node is closed or locked. No control characters in `line`. ERR_NO_MEMORY. */
enum err_code node_log_read(struct node *n, const char *line, struct err *err) MUST_CHECK;
/* What has gathered is written now; the node calls it when it ends. */
void node_flush_reads(struct node *n);
/* All lines, oldest first, each ended by a line feed. Empty when there are none. ERR_DAMAGED: it does not open. */
enum err_code node_reads(struct node *n, struct buf *out, struct err *err) MUST_CHECK;

#endif
