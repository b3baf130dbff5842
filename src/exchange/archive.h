/*
 * ZIP archives as bytes: what .xlsx files and full exports are made of.
 * Nothing here touches a file. What is read is bounded by what the caller
 * will take, whatever an archive says about itself; what is written depends on
 * its contents alone, with 1980-01-01 as every date.
 */
#ifndef FALTBOK_EXCHANGE_ARCHIVE_H
#define FALTBOK_EXCHANGE_ARCHIVE_H

#include "base/bytes.h"
#include "base/err.h"

enum { ARCHIVE_PARTS_MAX = 1000 };

struct archive;

/* Borrows `in` until archive_free(). ERR_MALFORMED: not a ZIP archive, or one of more than 1000 parts. */
enum err_code archive_open(struct archive **out, struct bytes in, struct err *err) MUST_CHECK;
void archive_free(struct archive *a);
size_t archive_count(const struct archive *a);
const char *archive_name(const struct archive *a, size_t i); /* "" for one that has none */
bool archive_has(const struct archive *a, const char *name);
/* Appends a part unpacked: ERR_UNKNOWN no such part, ERR_TOO_BIG more than `max`, ERR_MALFORMED its checksum is wrong. */
enum err_code archive_part(struct archive *a, const char *name, size_t max, struct buf *out, struct err *err) MUST_CHECK;

struct archive_file { const char *name; struct bytes data; };
enum err_code archive_write(struct buf *out, const struct archive_file *files, size_t count, struct err *err) MUST_CHECK;

#endif
