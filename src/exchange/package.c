/*
 * The manifest names every file with its checksum; the signature is over the
 * manifest; SHA256SUMS says the same in the form that every system's own tools
 * have checked since long before this one.
 */
#include "base/json.h"
#include "exchange/package.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "casework/marks.h"
#include "crypto/device.h"
#include "crypto/hc.h"
#include "crypto/sha256.h"
#include "exchange/archive.h"
#include "exchange/records_book.h"

/* proto/exchange.md, 5 */
enum { FILES_MAX = 256, MANIFEST_MAX = 1 << 20, PART_MAX = 1 << 30 };
static const char sign_ctx[] = "fb1/export";

static const char readme[] =
	"Fältbok, full export / fullständig export\n"
	"=========================================\n\n"
	"This archive holds everything that the device which made it could read. It needs no special program: the\n"
	"files are plain text in UTF-8.\n\n"
	"manifest.json    who made this and when, and for every file its size and SHA-256\n"
	"SHA256SUMS       the same checksums; `sha256sum -c SHA256SUMS` checks them\n"
	"signature.txt    Ed25519 signature over manifest.json, with the public key; how: see below\n"
	"profile.json     the programme: what each type and field means, and the label of every code in each language\n"
	"records.jsonl    one record a line, as JSON: id, type, team, fields by name, notes with author and time.\n"
	"                 A field that two people set without having met is {\"conflict\": [{value, by, at}, ...]}, best first.\n"
	"                 A value that is the id of another record refers to it.\n"
	"trace.jsonl      the same records as changes, one a line: t (time), by (who), type, id, set, add, note.\n"
	"                 `faltbok import` of this archive makes them again in another organisation that has the profile:\n"
	"                 take profile.json out, `faltbok init --profile profile.json ...`, then `faltbok import ARCHIVE`.\n"
	"                 Of a conflict the best value is there.\n"
	"tables/          one table a type: CSV with semicolons, a byte order mark, decimal commas; Swedish labels\n\n"
	"Times are RFC 3339, dates ISO 8601, languages BCP 47 tags, ids 128-bit numbers in hexadecimal.\n"
	"The signature: d = BLAKE2b-256 as proto/encoding.md, 3 defines HC, with the label \"fb1/export\" and the bytes of manifest.json;\n"
	"the signed message is the label padded with zero bytes to 16, then d.\n\n"
	"What was erased before the export is not in it. Keep this archive as carefully as the records themselves: it is not encrypted.\n\n"
	"Arkivet rymmer allt som den enhet som gjorde det kunde läsa. Filerna är vanlig text i UTF-8 och läses utan särskilt program.\n"
	"Det är inte krypterat: förvara det som ni förvarar ärendena.\n";

/* ---- a record as the lines of a trace ---- */

static void
put_line(struct buf *out, json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT);

	if (text == NULL)
		out->failed = true;
	else
		buf_printf(out, "%s\n", text);
	free(text);
	json_decref(line);
}

static json_t *
head(const struct record *r, const struct profile_type *t, const char *by, int64_t ms, int offset)
{
	char hex[33], at[40];

	return json_pack("{s:s,s:s,s:s,s:s}", "t", time_print(at, ms, offset), "by", by, "type", t->name, "id", hex_encode(hex, record_id_of(r)->b, 16));
}

struct stamp { int64_t ms; int offset; const char *by; };

static void
stamp_of(struct stamp *s, const struct value *v, author_name_fn who, void *ctx)
{
	s->ms = v->has_shown ? v->shown_ms : (int64_t)(v->hlc >> 16);
	s->offset = v->has_shown ? v->shown_offset_min : 0;
	s->by = who(ctx, v->author);
}

/* Sets come in pieces that fit in one entry. */
static void
put_set(struct buf *out, const struct record *r, const struct profile_type *t, const struct profile_field *f, const struct stamp *s)
{
	size_t count, i = 0;
	const struct value *v = record_values(r, f->number, &count);

	while (i < count) {
		json_t *line = head(r, t, s->by, s->ms, s->offset), *all = json_array();

		for (int k = 0; i < count && k < TRACE_ADDS_MAX; i++, k++)
			json_array_append_new(all, value_to_json(f, v[i].value));
		json_object_set_new(line, "add", json_pack("{s:o}", f->name, all));
		put_line(out, line);
	}
}

static void
put_fields(struct buf *out, const struct record *r, const struct profile_type *t, author_name_fn who, void *ctx)
{
	struct stamp s = { .by = "?" };
	json_t *set = json_object(), *add = json_object(), *line;
	enum field_kind kind;
	size_t count;

	for (size_t i = 0; i < record_field_count(r); i++) {
		const struct profile_field *f = profile_field_numbered(t, record_field_at(r, i, &kind));
		const struct value *v = f == NULL ? NULL : record_values(r, f->number, &count);

		if (v == NULL || count == 0)
			continue;
		if (s.ms == 0)
			stamp_of(&s, &v[0], who, ctx);
		if (f->shape == SHAPE_REGISTER)
			json_object_set_new(set, f->name, value_to_json(f, v[0].value));
		else if (f->shape == SHAPE_SUM && f->type == VT_INTEGER)
			json_object_set_new(add, f->name, json_integer((json_int_t)record_sum(r, f->number)));
		else if (f->shape == SHAPE_SUM)
			json_object_set_new(add, f->name, json_real(record_sum(r, f->number)));
	}
	line = head(r, t, s.by, s.ms, s.offset);
	if (json_object_size(set) > 0)
		json_object_set(line, "set", set);
	if (json_object_size(add) > 0)
		json_object_set(line, "add", add);
	if (json_object_size(set) + json_object_size(add) > 0)
		put_line(out, json_incref(line));
	json_decref(line);
	json_decref(set);
	json_decref(add);
	for (size_t i = 0; i < t->field_count; i++)
		if (t->fields[i].shape == SHAPE_SET)
			put_set(out, r, t, &t->fields[i], &s);
}

/* The two ends of merges, in pieces that fit in one entry. */
static void
put_merges(struct buf *out, const struct record *r, const struct profile_type *t, const struct stamp *s)
{
	size_t count = record_refs(r, MARK_MERGED_FROM, NULL, 0);
	struct record_id into, *from = mem_alloc((count + 1) * sizeof(*from));
	char hex[33];

	if (from == NULL) {
		out->failed = true;
		return;
	}
	if (record_merged_into(r, &into)) {
		json_t *line = head(r, t, s->by, s->ms, s->offset);

		json_object_set_new(line, mark_name(MARK_MERGED_INTO), json_string(hex_encode(hex, into.b, sizeof(into.b))));
		put_line(out, line);
	}
	(void)record_refs(r, MARK_MERGED_FROM, from, count);
	for (size_t i = 0; i < count;) {
		json_t *line = head(r, t, s->by, s->ms, s->offset), *ids = json_array();

		for (int k = 0; i < count && k < TRACE_ADDS_MAX; i++, k++)
			json_array_append_new(ids, json_string(hex_encode(hex, from[i].b, sizeof(from[i].b))));
		json_object_set_new(line, mark_name(MARK_MERGED_FROM), ids);
		put_line(out, line);
	}
	mem_free(from);
}

/* What was practice must not become figures at whoever goes on, nor two that are one two again. First, so that what follows is written under it. */
static void
put_marks(struct buf *out, const struct record *r, const struct profile_type *t, author_name_fn who, void *ctx)
{
	static const uint32_t marks[] = { MARK_PRACTICE, MARK_MERGED_INTO, MARK_MERGED_FROM };
	struct stamp s = { .by = "?" };
	const struct value *v;
	size_t count = 0;
	json_t *line;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]) && count == 0; i++) {
		v = record_values(r, marks[i], &count);
		if (count > 0)
			stamp_of(&s, &v[0], who, ctx);
	}
	if (record_is_practice(r)) {
		line = head(r, t, s.by, s.ms, s.offset);
		json_object_set_new(line, mark_name(MARK_PRACTICE), json_true());
		put_line(out, line);
	}
	if (count > 0)
		put_merges(out, r, t, &s);
}

static void
put_note(struct buf *out, const struct record *r, const struct profile_type *t, const struct note *n, author_name_fn who, void *ctx)
{
	char hex[33];
	json_t *line = head(r, t, who(ctx, n->author), n->has_shown ? n->shown_ms : (int64_t)(n->hlc >> 16), n->has_shown ? n->shown_offset_min : 0);
	json_t *note = json_pack("{s:s,s:o}", "id", hex_encode(hex, n->id, 16), "text", json_stringn((const char *)n->text.p, n->text.len));

	if (n->corrects_any)
		json_object_set_new(note, "corrects", json_string(hex_encode(hex, n->corrects, 16)));
	json_object_set_new(line, "note", note);
	put_line(out, line);
}

enum err_code
trace_of_record(struct buf *out, const struct record *r, const struct profile *p, author_name_fn who, void *ctx, struct err *err)
{
	const struct profile_type *t = profile_type_numbered(p, record_type(r));

	if (t != NULL) { /* a type of a newer version is in no profile that could import it */
		put_marks(out, r, t, who, ctx);
		put_fields(out, r, t, who, ctx);
		for (size_t i = 0; i < record_note_count(r); i++)
			put_note(out, r, t, record_note_at(r, i), who, ctx);
	}
	return buf_ok(out) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

/* ---- writing ---- */

struct packer {
	struct archive_file files[FILES_MAX];
	char names[FILES_MAX][64];
	struct buf bufs[FILES_MAX];
	size_t count;
};

/* The next file, to be filled in; NULL when there are too many. */
static struct buf *
next_file(struct packer *k, const char *name)
{
	if (k->count == FILES_MAX)
		return NULL;
	snprintf(k->names[k->count], sizeof(k->names[0]), "%s", name);
	k->files[k->count].name = k->names[k->count];
	return &k->bufs[k->count++];
}

static void
put_file(struct packer *k, const char *name, struct bytes data)
{
	struct buf *b = next_file(k, name);

	if (b != NULL)
		buf_put_bytes(b, data);
}

static enum err_code
put_tables(struct packer *k, const struct profile *p, const json_t *records, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < profile_type_count(p) && rc == ERR_OK; i++) {
		const char *name = profile_type_at(p, i)->name;
		json_t *some = json_array();
		struct book *b = NULL;
		const json_t *r;
		char path[64];
		size_t n;

		json_array_foreach((json_t *)records, n, r)
			if (strcmp(json_string_value(json_object_get(r, "type")), name) == 0)
				json_array_append(some, (json_t *)r);
		snprintf(path, sizeof(path), "tables/%s.csv", name);
		if (json_array_size(some) > 0)
			rc = records_book(&b, p, some, "sv", err);
		if (b != NULL) {
			struct buf *out = next_file(k, path);

			if (out != NULL)
				sheet_csv(out, book_at(b, 0), true);
		}
		book_free(b);
		json_decref(some);
	}
	return rc;
}

static void
sha_text(char out[65], struct bytes data)
{
	uint8_t sum[SHA256_BYTES];

	sha256(sum, &data, 1);
	hex_encode(out, sum, sizeof(sum));
}

static enum err_code
put_manifest(struct packer *k, const struct package_about *a, const struct profile *p, size_t records, struct err *err)
{
	json_t *files = json_array(), *m;
	struct buf *sums, *manifest, *signature;
	uint8_t digest[32], sig[64];
	char hex[129], key[65], *text;
	struct buf list = BUF_INIT;

	for (size_t i = 0; i < k->count; i++) {
		sha_text(hex, buf_bytes(&k->bufs[i]));
		json_array_append_new(files, json_pack("{s:s,s:I,s:s}", "name", k->names[i], "bytes", (json_int_t)k->bufs[i].len, "sha256", hex));
		buf_printf(&list, "%s  %s\n", hex, k->names[i]);
	}
	m = json_pack("{s:s,s:i,s:{s:s,s:s},s:s,s:{s:s,s:s,s:s},s:{s:s,s:i},s:I,s:I,s:s,s:o}", "format", "faltbok-export", "version", 1, "org", "id", a->org_id,
	              "name", a->org_name, "made_at", a->made_at, "made_by", "device", a->device_id, "name", a->device_name, "note_key",
	              hex_encode(key, a->note_pk, 32), "profile", "id", profile_id(p), "version", (int)profile_version(p), "records", (json_int_t)records,
	              "protected_left_out", (json_int_t)a->protected_left_out, "state_hash", a->state_hash, "files", files);
	text = m == NULL ? NULL : json_dumps(m, JSON_INDENT(1));
	manifest = next_file(k, "manifest.json");
	sums = next_file(k, "SHA256SUMS");
	signature = next_file(k, "signature.txt");
	if (text != NULL && signature != NULL) {
		buf_printf(manifest, "%s\n", text);
		sha_text(hex, buf_bytes(manifest));
		buf_put_bytes(sums, buf_bytes(&list));
		buf_printf(sums, "%s  manifest.json\n", hex);
		HC(digest, sizeof(digest), BYTES_NONE, sign_ctx, buf_bytes(manifest));
		sign_digest(sig, sign_ctx, digest, a->note_sk);
		buf_printf(signature, "key: %s\nsignature: %s\n", key, hex_encode(hex, sig, sizeof(sig)));
	}
	free(text);
	json_decref(m);
	buf_free(&list);
	return signature != NULL && buf_ok(manifest) && buf_ok(sums) && buf_ok(signature) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

enum err_code
package_write(struct buf *out, const struct package_about *about, const struct profile *p, const json_t *records, struct bytes trace, struct err *err)
{
	struct packer *k = mem_zero(1, sizeof(*k));
	const json_t *r;
	struct buf *lines;
	enum err_code rc;
	size_t i;

	if (k == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	put_file(k, "README.txt", BYTES_STR(readme));
	put_file(k, "profile.json", about->profile_json);
	lines = next_file(k, "records.jsonl");
	json_array_foreach((json_t *)records, i, r) {
		char *text = json_dumps(r, JSON_COMPACT | JSON_SORT_KEYS);

		buf_printf(lines, "%s\n", text == NULL ? "" : text);
		free(text);
	}
	put_file(k, "trace.jsonl", trace);
	rc = put_tables(k, p, records, err);
	if (rc == ERR_OK)
		rc = put_manifest(k, about, p, json_array_size(records), err);
	for (i = 0; i < k->count && rc == ERR_OK; i++) {
		if (!buf_ok(&k->bufs[i]))
			rc = err_plain(err, ERR_NO_MEMORY);
		k->files[i].data = buf_bytes(&k->bufs[i]);
	}
	if (rc == ERR_OK)
		rc = archive_write(out, k->files, k->count, err);
	for (i = 0; i < k->count; i++)
		buf_wipe(&k->bufs[i]);
	mem_free(k);
	return rc;
}

/* ---- reading ---- */

bool
package_is(struct bytes file)
{
	return file.len >= 4 && memcmp(file.p, "PK\3\4", 4) == 0;
}

void
package_found_free(struct package_found *f)
{
	json_decref(f->manifest);
	buf_wipe(&f->trace);
	buf_free(&f->profile);
	memset(f, 0, sizeof(*f));
}

static enum err_code
check_signature(struct archive *a, struct bytes manifest, uint8_t pk[32], struct err *err)
{
	struct buf text = BUF_INIT;
	uint8_t digest[32], sig[64];
	char key[65], hex[129];
	enum err_code rc = archive_part(a, "signature.txt", 4096, &text, err);

	if (rc == ERR_OK && (buf_str(&text) == NULL || sscanf(buf_str(&text), "key: %64[0-9a-f] signature: %128[0-9a-f]", key, hex) != 2 ||
	                     !hex_decode(pk, 32, key) || !hex_decode(sig, sizeof(sig), hex)))
		rc = err_set(err, ERR_MALFORMED, "signature.txt holds no key and signature");
	HC(digest, sizeof(digest), BYTES_NONE, sign_ctx, manifest);
	if (rc == ERR_OK && !verify_digest(sig, sign_ctx, digest, pk))
		rc = err_set(err, ERR_SIGNATURE, "manifest.json: it is not what was signed; take the archive from where it was kept, once more");
	buf_free(&text);
	return rc;
}

static enum err_code
check_file(struct archive *a, const json_t *file, struct package_found *out, struct err *err)
{
	const char *name = json_string_value(json_object_get(file, "name")), *sum = json_string_value(json_object_get(file, "sha256"));
	struct buf data = BUF_INIT;
	char hex[65];
	enum err_code rc;

	if (name == NULL || sum == NULL)
		return err_set(err, ERR_MALFORMED, "manifest.json: a file has no name or no checksum");
	rc = archive_part(a, name, PART_MAX, &data, err);
	if (rc != ERR_OK)
		return rc == ERR_UNKNOWN ? err_set(err, ERR_HASH, "%.80s is missing", name) : rc;
	sha_text(hex, buf_bytes(&data));
	if (strcmp(hex, sum) != 0)
		rc = err_set(err, ERR_HASH, "%.80s is not what the manifest says: it was changed or damaged", name);
	else if (strcmp(name, "trace.jsonl") == 0)
		buf_put_bytes(&out->trace, buf_bytes(&data));
	else if (strcmp(name, "profile.json") == 0)
		buf_put_bytes(&out->profile, buf_bytes(&data));
	buf_wipe(&data);
	return rc == ERR_OK && (!buf_ok(&out->trace) || !buf_ok(&out->profile)) ? err_plain(err, ERR_NO_MEMORY) : rc;
}

/* A file that the manifest does not name was put in by somebody else. */
static enum err_code
check_strangers(struct archive *a, const json_t *files, struct err *err)
{
	static const char *const ours[] = { "manifest.json", "SHA256SUMS", "signature.txt" };

	for (size_t i = 0; i < archive_count(a); i++) {
		const char *name = archive_name(a, i);
		const json_t *f;
		bool known = false;
		size_t k;

		for (k = 0; k < COUNT_OF(ours); k++)
			known = known || strcmp(ours[k], name) == 0;
		json_array_foreach((json_t *)files, k, f)
			known = known || strcmp(json_string_value(json_object_get(f, "name")), name) == 0;
		if (!known)
			return err_set(err, ERR_HASH, "%.80s is not in the manifest: it was put in afterwards", name);
	}
	return ERR_OK;
}

enum err_code
package_read(struct package_found *out, struct bytes file, struct err *err)
{
	struct buf manifest = BUF_INIT;
	struct archive *a = NULL;
	const json_t *files, *f;
	unsigned long refused;
	enum err_code rc;
	size_t i;

	memset(out, 0, sizeof(*out));
	rc = archive_open(&a, file, err);
	if (rc != ERR_OK)
		return rc;
	rc = archive_part(a, "manifest.json", MANIFEST_MAX, &manifest, err);
	if (rc != ERR_OK) {
		rc = rc == ERR_UNKNOWN ? err_set(err, ERR_MALFORMED, "it is an archive, but not an export of Fältbok: it has no manifest.json") : rc;
		goto out;
	}
	rc = check_signature(a, buf_bytes(&manifest), out->note_pk, err);
	if (rc != ERR_OK)
		goto out;
	refused = mem_refusals();
	out->manifest = json_read(buf_bytes(&manifest), JSON_REJECT_DUPLICATES, NULL);
	if (out->manifest == NULL && refused != mem_refusals()) {
		rc = err_plain(err, ERR_NO_MEMORY);
		goto out;
	}
	files = json_object_get(out->manifest, "files");
	if (!json_is_array(files) || json_array_size(files) > FILES_MAX || json_integer_value(json_object_get(out->manifest, "version")) != 1)
		rc = err_set(err, ERR_NEWER, "manifest.json is in a form that this version does not know");
	json_array_foreach((json_t *)files, i, f)
		if (rc == ERR_OK)
			rc = check_file(a, f, out, err);
	if (rc == ERR_OK)
		rc = check_strangers(a, files, err);
out:
	buf_free(&manifest);
	archive_free(a);
	if (rc != ERR_OK)
		package_found_free(out);
	return rc;
}
