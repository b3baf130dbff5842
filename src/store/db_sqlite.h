/* What only SQLite has: the handle, for copying a whole file (backup.c), and its codes as ours. */
#ifndef FALTBOK_STORE_DB_SQLITE_H
#define FALTBOK_STORE_DB_SQLITE_H

#include <sqlite3.h>

#include "store/db.h"

enum { DB_APPLICATION_ID = 0x46424b31 }; /* "FBK1" */

sqlite3 *sqlite_handle(struct db *db);
enum err_code sqlite_error(sqlite3 *handle, int rc, struct err *err);

#endif
