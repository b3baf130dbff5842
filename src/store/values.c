/* Small values of the owner, beside the entries and in their transactions. */
#include "store/replica_internal.h"

#include <stdio.h>

void
replica_set_self(struct replica *r, const struct author *self)
{
	r->has_self = true;
	r->self = *self;
}

static const char *
own_key(const struct replica *r, char out[NAME_BYTES], const char *key)
{
	struct device_id id = device_id_of(&r->self);
	char hex[17];

	(void)snprintf(out, NAME_BYTES, "%s.%s", key, hex_encode(hex, id.b, 8));
	return r->has_self ? out : key;
}

enum err_code
replica_meta_put(struct replica *r, const char *key, struct bytes value, struct err *err)
{
	enum err_code rc = replica_begin(r, err);
	struct stmt *s;

	if (rc != ERR_OK)
		return rc;
	s = db_stmt(&r->db, DB_META_PUT, "INSERT INTO meta(key, value) VALUES(?1, ?2)"
	            " ON CONFLICT(key) DO UPDATE SET value = excluded.value", err);
	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	db_bind_text(s, 1, key);
	db_bind_blob(s, 2, value);
	rc = db_run(&r->db, s, err);
	return rc == ERR_OK ? rc : replica_abandon(r, err);
}

enum err_code
replica_meta_get(struct replica *r, const char *key, struct buf *out, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_META_GET, "SELECT value FROM meta WHERE key = ?1", err);
	enum err_code rc = ERR_OK;
	int step;

	buf_clear(out);
	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	db_bind_text(s, 1, key);
	step = db_step(s);
	if (step == DB_ROW) {
		buf_put_bytes(out, db_blob(s, 0));
		rc = buf_ok(out) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	} else if (step == DB_DONE) {
		rc = err_set(err, ERR_UNKNOWN, "nothing is kept under %s", key);
	} else {
		rc = db_error(&r->db, step, err);
	}
	db_reset(s);
	return rc;
}

enum err_code
replica_own_put(struct replica *r, const char *key, struct bytes value, struct err *err)
{
	char own[NAME_BYTES];

	return replica_meta_put(r, own_key(r, own, key), value, err);
}

enum err_code
replica_own_get(struct replica *r, const char *key, struct buf *out, struct err *err)
{
	char own[NAME_BYTES];

	return replica_meta_get(r, own_key(r, own, key), out, err);
}
