/* Between db_sqlite.c and db_sqlite_schema.c. */
#ifndef FALTBOK_STORE_DB_SQLITE_INTERNAL_H
#define FALTBOK_STORE_DB_SQLITE_INTERNAL_H

#include "store/db_sqlite.h"

/* Statements without a result; and one with a number, its first column. */
enum err_code sqlite_run(struct db *db, const char *sql, struct err *err);
enum err_code sqlite_number(struct db *db, const char *sql, int64_t *out, struct err *err);

/* To the version this program knows. ERR_NEWER: it is beyond that; ERR_DAMAGED: another program's. */
enum err_code sqlite_migrate(struct db *db, struct err *err);
/* ERR_DAMAGED: the tables are not what the migrations come to. */
enum err_code sqlite_check_schema(struct db *db, struct err *err);

#endif
