#include "vault/vault_late.h"

#include "crypto/guard.h"
#include "vault/vault_internal.h"

/* ---- looking without learning ---- */

size_t
vault_mark(const struct vault *v)
{
	return v->case_count;
}

/* Newest first, so that each is the head of its chain when its turn comes. */
void
vault_forget_since(struct vault *v, size_t mark)
{
	while (v->case_count > mark) {
		struct case_key *c = &v->cases[--v->case_count];

		if (c->next == NO_CASE)
			(void)table_del(v->case_by_kid, c->kid.b);
		else
			*table_get(v->case_by_kid, c->kid.b) = (uint64_t)c->next;
		wipe(c, sizeof(*c));
	}
	v->last_case = NO_CASE;
}

bool
vault_last_key(const struct vault *v, struct vault_key *out)
{
	if (v->last_case == NO_CASE)
		return false;
	out->at = (size_t)v->last_case;
	out->birth = v->cases[v->last_case].doubted && v->last_wrapped ? v->last_birth : v->cases[v->last_case].birth;
	return true;
}

/* Without the MK of the epoch that it was born under a key opens nothing, and who lacks the one may lack the other. */
static bool
brings_one(const struct vault *v, size_t epoch, const struct stream_id *stream, const struct vault_key *keys, size_t count)
{
	if (!v->keys[epoch].has_mk || !SAME(v->epochs[epoch].stream, *stream))
		return false;
	for (size_t i = 0; i < count; i++)
		if (SAME(keys[i].birth, v->epochs[epoch].id))
			return true;
	return false;
}

enum err_code
vault_make_keytable_of(struct vault *v, struct env *env, const struct header *next, const struct vault_key *keys,
                       size_t count, struct buf *payload, struct err *err)
{
	struct buf *out = &v->plain;
	size_t metas = 0;

	for (size_t i = 0; i < v->epoch_count && metas < KEYTABLE_METAS_MAX; i++)
		metas += brings_one(v, i, &next->stream, keys, count);
	buf_clear(out);
	wr_array(out, 2);
	wr_array(out, count);
	for (size_t i = 0; i < count; i++) {
		const struct case_key *c = &v->cases[keys[i].at];

		wr_array(out, 4);
		WR_FIXED(out, c->kid);
		wr_bin(out, c->key, sizeof(c->key));
		WR_FIXED(out, keys[i].group);
		WR_FIXED(out, keys[i].birth);
	}
	wr_array(out, metas);
	for (size_t i = 0; i < v->epoch_count && metas > 0; i++) {
		if (!brings_one(v, i, &next->stream, keys, count))
			continue;
		wr_array(out, 2);
		WR_FIXED(out, v->epochs[i].id);
		wr_bin(out, v->keys[i].mk, 32);
		metas--;
	}
	return vault_seal_table(v, env, next, payload, err);
}

/* ---- who could read what ---- */

static bool
reaches(const struct vault *v, const struct epoch *ep, const struct device_id *dev)
{
	for (size_t i = 0; i < ep->reader_count; i++)
		if (SAME(ep->readers[i].dev, *dev))
			return true;
	for (size_t i = 0; i < v->given_count; i++)
		if (SAME(v->given[i].dev, *dev) && SAME(v->given[i].epoch, ep->id))
			return true;
	return false;
}

bool
vault_epoch_reaches(const struct vault *v, const struct epoch_id *epoch, const struct device_id *dev)
{
	const struct epoch *ep = vault_epoch(v, epoch, NULL);

	return ep != NULL && reaches(v, ep, dev);
}

size_t
vault_epochs_reaching(const struct vault *v, const struct stream_id *stream, const struct device_id *dev, uint64_t *newest)
{
	size_t count = 0;

	*newest = 0;
	for (size_t i = 0; i < v->epoch_count; i++) {
		const struct epoch *ep = &v->epochs[i];

		if (!SAME(ep->stream, *stream) || !reaches(v, ep, dev))
			continue;
		count++;
		*newest = ep->n > *newest ? ep->n : *newest;
	}
	return count;
}

uint64_t
vault_epoch_number(const struct vault *v, const struct epoch_id *epoch)
{
	const struct epoch *ep = vault_epoch(v, epoch, NULL);

	return ep != NULL ? ep->n : 0;
}
