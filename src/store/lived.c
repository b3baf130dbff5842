/* The time that has passed for this store. Spec: proto/store.md, "Lived time". */
#include "store/replica_internal.h"

#define META_LIVED "store.lived" /* be64 lived ms ‖ be64 the clock's ms when that was counted */
#define STEP_MAX_MS INT64_C(259200000) /* three days: a weekend counts in full, and a jump by years as one */
#define STEP_KEPT_MS INT64_C(3600000)  /* less is not worth a write */

static enum err_code
load(struct replica *r, struct err *err)
{
	struct buf b = BUF_INIT;
	enum err_code rc;

	if (r->lived_known)
		return ERR_OK;
	rc = replica_own_get(r, META_LIVED, &b, err);
	if (rc == ERR_OK && b.len == 16) {
		r->lived_ms = (int64_t)be64_get(b.p);
		r->lived_wall_ms = (int64_t)be64_get(b.p + 8);
		r->lived_known = r->lived_kept = true;
	} else if (rc == ERR_OK || rc == ERR_UNKNOWN) { /* counting begins: what is dated already is by this clock */
		r->lived_wall_ms = r->env->ops->wall_ms(r->env);
		r->lived_ms = r->lived_wall_ms > 0 ? r->lived_wall_ms : 1;
		r->lived_known = true;
		rc = err_forgive(err);
	}
	buf_free(&b);
	return rc;
}

/* How far the clock has come since; back is nowhere. */
static int64_t
step_of(const struct replica *r, int64_t wall_ms)
{
	int64_t step = wall_ms - r->lived_wall_ms;

	if (step < 0)
		return 0;
	return step < STEP_MAX_MS ? step : STEP_MAX_MS;
}

int64_t
replica_lived_ms(struct replica *r)
{
	struct err none = ERR_INIT;

	if (load(r, &none) != ERR_OK)
		return 0;
	return r->lived_ms + step_of(r, r->env->ops->wall_ms(r->env));
}

enum err_code
replica_live_on(struct replica *r, struct err *err)
{
	int64_t now = r->env->ops->wall_ms(r->env);
	struct buf b = BUF_INIT;
	enum err_code rc = load(r, err);

	if (rc != ERR_OK || (r->lived_kept && now - r->lived_wall_ms < STEP_KEPT_MS && r->lived_wall_ms - now < STEP_KEPT_MS))
		return rc;
	r->lived_ms += step_of(r, now);
	r->lived_wall_ms = now;
	buf_put_be64(&b, (uint64_t)r->lived_ms);
	buf_put_be64(&b, (uint64_t)now);
	rc = buf_ok(&b) ? replica_own_put(r, META_LIVED, buf_bytes(&b), err) : err_plain(err, ERR_NO_MEMORY);
	r->lived_kept = rc == ERR_OK;
	buf_free(&b);
	return rc;
}
