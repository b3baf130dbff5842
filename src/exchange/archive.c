#include "exchange/archive.h"

#include <zip.h>

#include "base/mem.h"

struct archive { zip_t *zip; };

enum { READ_STEP = 64 * 1024, DOS_DATE = 0x21 /* 1980-01-01, the first that a ZIP can say */ };

enum err_code
archive_open(struct archive **out, struct bytes in, struct err *err)
{
	zip_error_t why;
	zip_source_t *source;
	struct archive *a = mem_zero(1, sizeof(*a));

	*out = NULL;
	if (a == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	zip_error_init(&why);
	source = zip_source_buffer_create(in.p, in.len, 0, &why);
	if (source != NULL)
		a->zip = zip_open_from_source(source, ZIP_RDONLY, &why);
	if (source != NULL && a->zip == NULL)
		zip_source_free(source);
	zip_error_fini(&why);
	if (a->zip == NULL || zip_get_num_entries(a->zip, 0) < 0 || zip_get_num_entries(a->zip, 0) > ARCHIVE_PARTS_MAX) {
		archive_free(a);
		return err_set(err, ERR_MALFORMED, "it is not a ZIP archive that can be read");
	}
	*out = a;
	return ERR_OK;
}

void
archive_free(struct archive *a)
{
	if (a == NULL)
		return;
	if (a->zip != NULL)
		zip_discard(a->zip);
	mem_free(a);
}

size_t
archive_count(const struct archive *a)
{
	return (size_t)zip_get_num_entries(a->zip, 0);
}

const char *
archive_name(const struct archive *a, size_t i)
{
	const char *name = zip_get_name(a->zip, i, ZIP_FL_ENC_GUESS);

	return name == NULL ? "" : name;
}

bool
archive_has(const struct archive *a, const char *name)
{
	return zip_name_locate(a->zip, name, 0) >= 0;
}

/* The size that an archive claims is not asked: what comes out is counted. */
static enum err_code
read_part(zip_file_t *f, const char *name, size_t max, struct buf *out, struct err *err)
{
	size_t before = out->len;

	for (;;) {
		size_t left = max - (out->len - before), room = left < READ_STEP ? left + 1 : READ_STEP;
		uint8_t *p = buf_add(out, room);
		zip_int64_t n;

		if (p == NULL)
			return err_plain(err, ERR_NO_MEMORY);
		n = zip_fread(f, p, room);
		out->len -= room - (n > 0 ? (size_t)n : 0);
		if (n < 0)
			return err_set(err, ERR_MALFORMED, "its part %.80s is damaged", name);
		if (n == 0)
			return ERR_OK;
		if (out->len - before > max)
			return err_set(err, ERR_TOO_BIG, "its part %.80s has more than %zu bytes", name, max);
	}
}

enum err_code
archive_part(struct archive *a, const char *name, size_t max, struct buf *out, struct err *err)
{
	zip_file_t *f;
	enum err_code rc;

	if (!archive_has(a, name))
		return err_set(err, ERR_UNKNOWN, "it has no part %.80s", name);
	f = zip_fopen(a->zip, name, 0);
	if (f == NULL)
		return err_set(err, ERR_MALFORMED, "its part %.80s can not be unpacked", name);
	rc = read_part(f, name, max, out, err);
	(void)zip_fclose(f);
	return rc;
}

/* ---- writing ---- */

static bool
add_file(zip_t *zip, const struct archive_file *file)
{
	zip_source_t *s = zip_source_buffer(zip, file->data.p, file->data.len, 0);
	zip_int64_t at = s == NULL ? -1 : zip_file_add(zip, file->name, s, ZIP_FL_ENC_UTF_8);

	if (s != NULL && at < 0)
		zip_source_free(s);
	return at >= 0 && zip_set_file_compression(zip, (zip_uint64_t)at, ZIP_CM_DEFLATE, 6) == 0 &&
	       zip_file_set_dostime(zip, (zip_uint64_t)at, 0, DOS_DATE, 0) == 0;
}

static bool
take_out(zip_source_t *source, struct buf *out)
{
	zip_stat_t st;
	uint8_t *p;
	bool ok;

	zip_stat_init(&st);
	if (zip_source_stat(source, &st) != 0 || (st.valid & ZIP_STAT_SIZE) == 0 || zip_source_open(source) != 0)
		return false;
	p = buf_add(out, (size_t)st.size);
	ok = p != NULL && zip_source_read(source, p, st.size) == (zip_int64_t)st.size;
	(void)zip_source_close(source);
	return ok;
}

enum err_code
archive_write(struct buf *out, const struct archive_file *files, size_t count, struct err *err)
{
	zip_error_t why;
	zip_source_t *source;
	zip_t *zip = NULL;
	bool ok;

	zip_error_init(&why);
	source = zip_source_buffer_create(NULL, 0, 0, &why);
	if (source != NULL) {
		zip_source_keep(source); /* what was written is read from it after the archive has let it go */
		zip = zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &why);
		if (zip == NULL)
			zip_source_free(source);
	}
	ok = zip != NULL;
	for (size_t i = 0; i < count && ok; i++)
		ok = add_file(zip, &files[i]);
	if (ok)
		ok = zip_close(zip) == 0;
	if (!ok && zip != NULL)
		zip_discard(zip);
	ok = ok && take_out(source, out);
	if (source != NULL)
		zip_source_free(source);
	zip_error_fini(&why);
	return ok ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}
