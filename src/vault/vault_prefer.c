/*
 * Which epoch to write under, and who has been given those that are held.
 * What vault_refresh() finds out of each epoch stays until the next one.
 */
#include "vault/vault.h"

#include "vault/vault_internal.h"

/* proto/vault.md, 4: n = n(parent) + 1, or 1 without parent: nobody can jump n. */
static bool
number_fits(const struct vault *v, const struct epoch *ep)
{
	const struct epoch *parent;

	if (!ep->has_parent)
		return ep->n == 1;
	parent = vault_epoch(v, &ep->parent, NULL);
	return parent != NULL && parent->known && SAME(parent->stream, ep->stream) && ep->n == parent->n + 1;
}

/*
 * Its recipients are those of the EPOCH and those of every KEYGRANT in force: all must be readers still. So must
 * its maker, who knows E without having sealed it to itself; who writes into a drop-box has a share of it, and makes epochs.
 */
static bool
all_read(const struct vault *v, const struct org *org, const struct epoch *ep)
{
	if (org_share(org, org_device_by_author(org, &ep->log.author), &ep->stream) != SHARE_ALL)
		return false;
	for (size_t i = 0; i < ep->reader_count; i++)
		if (!org_reads(org, &ep->stream, &ep->readers[i].dev))
			return false;
	for (size_t i = 0; i < v->given_count; i++)
		if (v->given[i].effective && SAME(v->given[i].epoch, ep->id) && !org_reads(org, &ep->stream, &v->given[i].dev))
			return false;
	return true;
}

static bool
reads(const struct org *org, const struct epoch *ep)
{
	const struct org_device *maker = org_device_by_author(org, &ep->log.author);

	return maker != NULL && org_reads(org, &ep->stream, &maker->id);
}

enum err_code
vault_refresh(struct vault *v, const struct org *org, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < v->given_count; i++)
		v->given[i].effective = org_effective(org, &v->given[i].log, v->given[i].seq);
	for (size_t i = 0; i < v->epoch_count; i++) {
		struct epoch *ep = &v->epochs[i];

		ep->effective = ep->known && org_effective(org, &ep->log, ep->seq) && number_fits(v, ep);
		ep->shredded = keystore_tombstoned(v->ks, TOMB_EPOCH, ep->id.b);
		ep->clean = ep->effective && ep->is_drop == org_is_drop_box(org, &ep->stream) && !ep->drop_wrong && all_read(v, org, ep);
		ep->stained = ep->clean && ep->shredded;
		ep->clean = ep->clean && !ep->shredded;
		ep->by_reader = ep->is_drop && reads(org, ep);
	}
	return ERR_OK;
}

/* proto/vault.md, 4: of a drop-box, those made by readers come first. */
static bool
before(const struct epoch *a, const struct epoch *b)
{
	if (a->by_reader != b->by_reader)
		return a->by_reader;
	return a->n != b->n ? a->n > b->n : memcmp(a->id.b, b->id.b, sizeof(a->id.b)) < 0;
}

/* Somebody who has not seen what stained another of its number would prefer that one. */
static bool
is_passed_over(const struct vault *v, const struct epoch *ep)
{
	for (size_t i = 0; i < v->epoch_count; i++)
		if (v->epochs[i].stained && v->epochs[i].n == ep->n && SAME(v->epochs[i].stream, ep->stream) && before(&v->epochs[i], ep))
			return true;
	return false;
}

struct epoch *
vault_preferred_epoch(const struct vault *v, const struct stream_id *stream)
{
	struct epoch *best = NULL;

	for (size_t i = 0; i < v->epoch_count; i++) {
		struct epoch *ep = &v->epochs[i];

		if (!ep->clean || (!v->keys[i].has_e && !ep->is_drop) || !SAME(ep->stream, *stream))
			continue;
		if (best == NULL || before(ep, best))
			best = ep;
	}
	if (best != NULL && is_passed_over(v, best))
		return NULL;
	return best;
}

struct epoch *
vault_content_epoch(const struct vault *v, const struct stream_id *stream)
{
	struct epoch *ep = vault_preferred_epoch(v, stream);

	return ep != NULL && !ep->is_drop ? ep : NULL;
}

bool
vault_can_write(const struct vault *v, const struct stream_id *stream)
{
	return vault_preferred_epoch(v, stream) != NULL;
}

bool
vault_preferred(const struct vault *v, const struct stream_id *stream, struct epoch_id *out)
{
	const struct epoch *ep = vault_preferred_epoch(v, stream);

	if (ep != NULL)
		*out = ep->id;
	return ep != NULL;
}

uint64_t
vault_preferred_n(const struct vault *v, const struct stream_id *stream)
{
	const struct epoch *ep = vault_preferred_epoch(v, stream);

	return ep != NULL ? ep->n : 0;
}

/*
 * What was sealed to a key of an older incarnation does not count: who was restored from a backup may not have that key.
 * Nor does what a device sealed to one of its own that it had told nobody of: its other homes may lack that.
 */
static bool
counts_as_given(uint64_t seal, const struct org_device *to)
{
	return seal >= to->seal_first && seal != SEAL_UNTOLD;
}

static bool
given_one(const struct vault *v, const struct epoch *ep, const struct org_device *to)
{
	for (size_t i = 0; i < ep->reader_count; i++)
		if (SAME(ep->readers[i].dev, to->id) && counts_as_given(ep->readers[i].seal, to))
			return true;
	for (size_t i = 0; i < v->given_count; i++)
		if (v->given[i].effective && SAME(v->given[i].epoch, ep->id) && SAME(v->given[i].dev, to->id) &&
		    counts_as_given(v->given[i].seal, to))
			return true;
	return false;
}

/*
 * Every epoch, not the preferred alone: those who wrote apart each made one, and its entries are read with it. But none
 * that has brought an erased key: to hand it out once more would undo the erasure.
 */
bool
vault_has_been_given(const struct vault *v, const struct stream_id *stream, const struct org_device *to)
{
	for (size_t i = 0; i < v->epoch_count; i++)
		if (v->epochs[i].known && v->keys[i].has_e && !v->epochs[i].shredded && SAME(v->epochs[i].stream, *stream) && !given_one(v, &v->epochs[i], to))
			return false;
	return vault_preferred_epoch(v, stream) != NULL;
}

bool
vault_lacks_epoch(const struct vault *v, const struct stream_id *stream, const struct org_device *to)
{
	for (size_t i = 0; i < v->epoch_count; i++)
		if (v->epochs[i].known && v->keys[i].has_e && SAME(v->epochs[i].stream, *stream) && !given_one(v, &v->epochs[i], to))
			return true;
	return false;
}
