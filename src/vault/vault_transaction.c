/*
 * What stands in the open transaction alone: wraps and epochs that are
 * taken back when it never reaches the disk.
 */
#include "vault/vault.h"

#include "crypto/guard.h"
#include "vault/vault_internal.h"

void
vault_sealed(struct vault *v, const struct entry *e, bool committed)
{
	struct case_key *c;

	if (v->last_case == NO_CASE)
		return;
	c = &v->cases[v->last_case];
	if (c->wrapped && SAME(c->wrapped_inc, e->h.inc))
		return;
	c->wrapped = true;
	c->wrapped_open = !committed;
	c->wrapped_inc = e->h.inc;
	if (committed)
		return;
	v->any_open = true;
	if (v->open_count < COUNT_OF(v->open_cases))
		v->open_cases[v->open_count] = (size_t)v->last_case;
	v->open_count++;
}

void
vault_learned_open(struct vault *v, const struct epoch_id *epoch)
{
	struct epoch *ep = vault_epoch(v, epoch, NULL);

	if (ep != NULL)
		ep->open = v->any_open = true;
}

void
vault_committed(struct vault *v)
{
	bool few = v->open_count <= COUNT_OF(v->open_cases); /* then the ten thousand others need not be asked */

	if (!v->any_open)
		return;
	for (size_t i = 0; i < (few ? v->open_count : v->case_count); i++) {
		size_t at = few ? v->open_cases[i] : i;

		if (at < v->case_count) /* the table may have shrunk since, by an erasure */
			v->cases[at].wrapped_open = false;
	}
	for (size_t i = 0; i < v->epoch_count; i++)
		v->epochs[i].open = false;
	v->any_open = false;
	v->open_count = 0;
}

/* An epoch that never reached the disk must not stay in the keystore: nobody could ever be told of it. */
static void
forget_secret(struct vault *v, struct epoch *ep)
{
	struct epoch_secret *s = keystore_epoch(v->ks, &ep->id);
	struct epoch_secret *last = &v->ks->epochs[v->ks->epoch_count > 0 ? v->ks->epoch_count - 1 : 0];

	wipe(&v->keys[ep - v->epochs], sizeof(v->keys[0]));
	(void)table_del(v->epoch_by_id, ep->id.b);
	ep->known = ep->open = ep->effective = ep->shredded = ep->clean = ep->stained = false;
	if (s == NULL)
		return;
	*s = *last;
	wipe(last, sizeof(*last));
	v->ks->epoch_count--;
}

void
vault_dropped(struct vault *v)
{
	for (size_t i = 0; i < v->case_count; i++)
		if (v->cases[i].wrapped_open)
			v->cases[i].wrapped = v->cases[i].wrapped_open = false;
	for (size_t i = 0; i < v->epoch_count; i++)
		if (v->epochs[i].open)
			forget_secret(v, &v->epochs[i]);
	v->any_open = false;
	v->open_count = 0;
}
