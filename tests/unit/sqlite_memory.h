/* What SQLite asks memory for counts, and may be refused, like the program's own (base/mem.h). */
#ifndef FALTBOK_TESTS_SQLITE_MEMORY_H
#define FALTBOK_TESTS_SQLITE_MEMORY_H

#include <sqlite3.h>
#include <stdlib.h>

#include "base/mem.h"

static sqlite3_mem_methods sqlite_memory_own;

static inline void *
sqlite_memory_alloc(int n)
{
	return mem_grant() ? sqlite_memory_own.xMalloc(n) : NULL;
}

static inline void *
sqlite_memory_grow(void *p, int n)
{
	return mem_grant() ? sqlite_memory_own.xRealloc(p, n) : NULL;
}

/* Before SQLite is used at all. */
static inline void
sqlite_memory_counts(void)
{
	sqlite3_mem_methods mine;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory_own) != SQLITE_OK)
		abort();
	mine = sqlite_memory_own;
	mine.xMalloc = sqlite_memory_alloc;
	mine.xRealloc = sqlite_memory_grow;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &mine) != SQLITE_OK)
		abort();
}

#endif
