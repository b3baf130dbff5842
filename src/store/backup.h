/*
 * A home in one file, and a home made of it again. The file is a log.db with
 * the sealed keystore beside the entries: nothing in it can be read without
 * the passphrase. Spec: proto/store.md, 7 "Backup".
 */
#ifndef FALTBOK_STORE_BACKUP_H
#define FALTBOK_STORE_BACKUP_H

#include "store/home.h"

/* ERR_EXISTS when something is at `path`. Commits what is open. */
enum err_code home_backup(struct home *h, const char *path, struct err *err) MUST_CHECK;
/*
 * Makes a home of a backup, with a new incarnation: the original may live on. Opens and closes it.
 *   ERR_EXISTS     there is a home already         ERR_NOT_FOUND   no such file
 *   ERR_MALFORMED  not a backup                    ERR_PASSPHRASE  nothing was made
 */
enum err_code home_restore(struct env *env, const char *home, const char *file, struct bytes passphrase, struct err *err) MUST_CHECK;

#endif
