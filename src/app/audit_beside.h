/*
 * A bundle that is to be looked at and not kept: unpacked into a store beside
 * the auditor's own, HOME/checking, which is gone afterwards.
 *
 *     beside_open(&b, &home, path, &err)     whatever a run that was cut short left there is gone first
 *     b.replica                              as the bundle has it, under the home's organisation
 *     beside_close(&b)
 */
#ifndef FALTBOK_APP_AUDIT_BESIDE_H
#define FALTBOK_APP_AUDIT_BESIDE_H

#include "store/home.h"

struct beside { struct home *home; struct replica *replica; };

/*
 * home: open, joined, and open until beside_close(), which is to be called after an error too. ERR_TRUNCATED, ERR_KEY and what else bundle_read()
 * says; ERR_IO where something is left there that cannot be removed: two bundles in one store would be audited as one.
 */
enum err_code beside_open(struct beside *b, struct home *home, const char *bundle, struct err *err) MUST_CHECK;
void beside_close(struct beside *b); /* again: nothing */
/* What was left there is removed: an auditor's home holds nothing that its store does not answer for. */
enum err_code beside_clear(struct env *env, const char *home, struct err *err) MUST_CHECK;

#endif
