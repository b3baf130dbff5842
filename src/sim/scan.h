/*
 * Confidentiality, as a search: needles that no disk, wire, log line or
 * bundle may hold. A text needle is looked for as UTF-8, UTF-16LE, hex and
 * base64 in its three alignments; a secret only as it is.
 */
#ifndef FALTBOK_SIM_SCAN_H
#define FALTBOK_SIM_SCAN_H

#include "base/bytes.h"

struct scan;

struct scan *scan_new(void);
void scan_free(struct scan *s);
void scan_add_text(struct scan *s, const char *what, const char *text);           /* 8 bytes or more */
void scan_add_secret(struct scan *s, const char *what, const uint8_t *p, size_t len); /* 16 bytes or more: its first and last 16 */
/* Looks through `data` and remembers the first find: `what`, its form, and `where`. */
void scan_bytes(struct scan *s, struct bytes data, const char *where);
const char *scan_finding(const struct scan *s); /* NULL: nothing was found */
uint64_t scan_total(const struct scan *s);      /* bytes looked through */

#endif
