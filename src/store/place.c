#include "store/place.h"

#include "store/replica_internal.h"

#define META_TOKENS "store.tokens" /* last ‖ the one before it */

struct tokens {
	bool in_db, in_file;
	uint8_t last[PLACE_TOKEN_BYTES], before[PLACE_TOKEN_BYTES]; /* of the database; `before` is zeroes the first time */
	uint8_t file[PLACE_TOKEN_BYTES];                            /* zeroes when there is none */
};

static enum err_code
read_tokens(struct replica *r, struct env *env, const char *path, struct tokens *t, struct err *err)
{
	struct buf b = BUF_INIT;
	enum err_code rc;

	memset(t, 0, sizeof(*t));
	rc = replica_own_get(r, META_TOKENS, &b, err);
	if (rc == ERR_OK && b.len == sizeof(t->last) + sizeof(t->before)) {
		memcpy(t->last, b.p, sizeof(t->last));
		memcpy(t->before, b.p + sizeof(t->last), sizeof(t->before));
		t->in_db = true;
	}
	if (rc == ERR_UNKNOWN)
		rc = err_forgive(err);
	if (rc == ERR_OK) {
		buf_clear(&b);
		rc = env->files->read(env, path, sizeof(t->file), &b, err);
	}
	if (rc == ERR_OK && b.len == sizeof(t->file)) {
		memcpy(t->file, b.p, sizeof(t->file));
		t->in_file = true;
	}
	buf_free(&b);
	/* A missing file, or one of another length, is not this store's token: an answer, not a failure. */
	return rc == ERR_NOT_FOUND || rc == ERR_TOO_BIG ? err_forgive(err) : rc;
}

static bool
tokens_agree(const struct tokens *t)
{
	if (!t->in_db)
		return !t->in_file;
	return memcmp(t->file, t->last, sizeof(t->file)) == 0 || memcmp(t->file, t->before, sizeof(t->file)) == 0;
}

/* The database keeps what the file holds now as the one before, so that a crash here is recognised. */
static enum err_code
write_tokens(struct replica *r, struct env *env, const char *path, const struct tokens *t, struct err *err)
{
	uint8_t both[2 * PLACE_TOKEN_BYTES];
	enum err_code rc;

	env_random(env, both, PLACE_TOKEN_BYTES);
	memcpy(both + PLACE_TOKEN_BYTES, t->file, sizeof(t->file));
	/* In a transaction of its own, of which the owner of the hook hears nothing: no entry is in it, and its failure takes none back. */
	rc = replica_own_put(r, META_TOKENS, BYTES(both, sizeof(both)), err);
	if (rc == ERR_OK)
		rc = db_commit(&r->db, err);
	if (rc == ERR_OK)
		rc = env->files->replace(env, path, BYTES(both, PLACE_TOKEN_BYTES), err);
	return rc;
}

enum err_code
place_check(struct replica *r, struct env *env, const char *home, struct bytes kept,
            struct buf *now, bool *same, struct err *err)
{
	struct buf path = BUF_INIT;
	struct tokens t;
	enum err_code rc = ERR_NO_MEMORY;

	buf_clear(now);
	buf_printf(&path, "%s/place", home);
	if (!buf_str(&path)) {
		err_plain(err, rc);
		goto out;
	}
	rc = env->files->place(env, r->path, now, err);
	if (rc == ERR_OK)
		rc = read_tokens(r, env, buf_str(&path), &t, err);
	if (rc != ERR_OK)
		goto out;
	*same = tokens_agree(&t) && (kept.len > 0 ? bytes_equal(kept, buf_bytes(now)) : !t.in_db);
	rc = write_tokens(r, env, buf_str(&path), &t, err);
out:
	buf_free(&path);
	if (rc != ERR_OK)
		err_wrap(err, "finding out whether this store is where it was");
	return rc;
}
