/*
 * The vault's tables. Arrays of secrets grow by moving to a new guarded
 * block: twice the memory for a moment, and the old block is wiped.
 */
#include "vault/vault.h"

#include <assert.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "vault/vault_internal.h"

static void
derive_epoch(struct epoch_keys *k, const struct epoch_id *id)
{
	if (!k->has_e)
		return;
	HC(k->mk, 32, BYTES(k->e, 32), "fb1/epoch/meta", BYTES_OF(*id));
	HC(k->wk, 32, BYTES(k->e, 32), "fb1/epoch/wrap", BYTES_OF(*id));
	HC(k->tk, 32, BYTES(k->e, 32), "fb1/epoch/table", BYTES_OF(*id));
	k->has_mk = true;
}

void
vault_commit_of(uint8_t out[32], const uint8_t e[32], const struct stream_id *stream)
{
	HC(out, 32, BYTES(e, 32), "fb1/epoch/commit", BYTES_OF(*stream));
}

void
vault_hedged(struct vault *v, struct env *env, uint8_t out[32], const char *ctx, struct bytes about)
{
	uint8_t fresh[32];

	env_random(env, fresh, sizeof(fresh));
	HC(out, 32, BYTES(fresh, 32), ctx, BYTES(v->hedge, 32), about);
	wipe(fresh, sizeof(fresh));
}

/* ---- epochs ---- */

struct epoch *
vault_epoch(const struct vault *v, const struct epoch_id *id, struct epoch_keys **keys)
{
	const uint64_t *at;

	if (keys != NULL)
		*keys = NULL;
	at = table_get(v->epoch_by_id, id->b);
	if (at == NULL)
		return NULL;
	if (keys != NULL)
		*keys = &v->keys[*at];
	return &v->epochs[*at];
}

struct epoch *
vault_epoch_put(struct vault *v, const struct epoch_id *id, const struct stream_id *stream)
{
	struct epoch *found = vault_epoch(v, id, NULL);
	struct epoch_keys *keys;
	struct epoch *epochs;
	uint64_t *at;

	if (found != NULL)
		return found;
	epochs = mem_room(v->epochs, v->epoch_count, &v->epoch_cap, sizeof(*epochs));
	if (epochs == NULL)
		return NULL;
	v->epochs = epochs;
	keys = guard_room(v->keys, v->epoch_count, &v->keys_cap, sizeof(*keys));
	if (keys == NULL)
		return NULL;
	v->keys = keys;
	at = table_put(v->epoch_by_id, id->b);
	if (at == NULL)
		return NULL;
	*at = v->epoch_count;
	memset(&keys[v->epoch_count], 0, sizeof(*keys));
	epochs[v->epoch_count] = (struct epoch){ .id = *id, .stream = *stream };
	return &epochs[v->epoch_count++];
}

enum err_code
vault_take_secret(struct vault *v, struct epoch *ep, const uint8_t e[32], struct err *err)
{
	struct epoch_keys *k = &v->keys[ep - v->epochs];
	struct epoch_secret s = { .stream = ep->stream, .epoch = ep->id, .n = ep->n };
	enum err_code rc = ERR_OK;

	if (k->has_e || keystore_tombstoned(v->ks, TOMB_SECRET, ep->id.b))
		return ERR_OK; /* what was deleted is not taken in again from the log */
	memcpy(k->e, e, 32);
	k->has_e = true;
	derive_epoch(k, &ep->id);
	memcpy(s.e, k->e, 32);
	memcpy(s.mk, k->mk, 32);
	if (keystore_epoch(v->ks, &ep->id) == NULL)
		rc = keystore_add_epoch(v->ks, &s, err);
	else
		*keystore_epoch(v->ks, &ep->id) = s; /* only its MK was known, from a table */
	k->mk_told = false;
	wipe(&s, sizeof(s));
	if (rc != ERR_OK) {
		memset(k, 0, sizeof(*k));
		return rc;
	}
	v->dirty = true;
	v->news++;
	return ERR_OK;
}

/* The secrets of the keystore open content before any EPOCH entry has been read again. */
static enum err_code
load_keystore(struct vault *v, struct err *err)
{
	static const uint8_t shredded[32];

	for (size_t i = 0; i < v->ks->epoch_count; i++) {
		const struct epoch_secret *s = &v->ks->epochs[i];
		struct epoch *ep = vault_epoch_put(v, &s->epoch, &s->stream);
		struct epoch_keys *k;

		if (ep == NULL)
			return err_plain(err, ERR_NO_MEMORY);
		k = &v->keys[ep - v->epochs];
		ep->n = s->n;
		memcpy(k->e, s->e, 32);
		memcpy(k->mk, s->mk, 32);
		k->has_mk = true;
		k->has_e = !same_secret(s->e, shredded, 32);
		k->mk_told = !k->has_e && !keystore_tombstoned(v->ks, TOMB_SECRET, s->epoch.b);
		derive_epoch(k, &ep->id);
	}
	return ERR_OK;
}

struct vault *
vault_new(struct keystore *ks, struct err *err)
{
	struct vault *v = mem_zero(1, sizeof(*v));

	if (v == NULL) {
		(void)err_plain(err, ERR_NO_MEMORY);
		return NULL;
	}
	v->ks = ks;
	v->last_case = NO_CASE;
	v->hedge = guard_alloc(32);
	v->epoch_by_id = table_new(16);
	v->case_by_kid = table_new(16);
	v->case_by_group = table_new(48);
	if (v->hedge == NULL || v->epoch_by_id == NULL || v->case_by_kid == NULL || v->case_by_group == NULL) {
		(void)err_plain(err, ERR_NO_MEMORY);
		vault_free(v);
		return NULL;
	}
	v->self = device_id_of(&ks->device.sign_pk);
	hc(v->hedge, 32, BYTES(ks->device.seed, 32), "fb1/device/hedge", NULL, 0);
	if (load_keystore(v, err) != ERR_OK) {
		vault_free(v);
		return NULL;
	}
	return v;
}

void
vault_free(struct vault *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->epoch_count; i++)
		mem_free(v->epochs[i].readers);
	for (size_t i = 0; i < v->waiting_count; i++)
		mem_free(v->waiting[i].payload);
	mem_free(v->epochs);
	mem_free(v->given);
	mem_free(v->waiting);
	guard_free(v->keys);
	guard_free(v->cases);
	guard_free(v->hedge);
	table_free(v->epoch_by_id);
	table_free(v->case_by_kid);
	table_free(v->case_by_group);
	buf_wipe(&v->outer);
	buf_wipe(&v->plain);
	mem_free(v);
}

bool
vault_keystore_dirty(const struct vault *v)
{
	return v->dirty;
}

void
vault_keystore_saved(struct vault *v)
{
	v->dirty = false;
}

uint64_t
vault_news(const struct vault *v)
{
	return v->news;
}

/* ---- case keys ---- */

static void
group_key(uint8_t out[48], const struct stream_id *stream, const struct group_id *group, const struct epoch_id *birth)
{
	memcpy(out, stream->b, 16);
	memcpy(out + 16, group->b, 16);
	memcpy(out + 32, birth->b, 16);
}

int64_t
vault_case_first(const struct vault *v, const struct key_id *kid)
{
	const uint64_t *at = table_get(v->case_by_kid, kid->b);

	return at != NULL ? (int64_t)*at : NO_CASE;
}

int64_t
vault_case_put(struct vault *v, const struct key_id *kid, const uint8_t key[32], const struct stream_id *stream,
               const struct epoch_id *birth)
{
	struct case_key *cases, *c;
	int64_t first = vault_case_first(v, kid);
	uint64_t *at;

	for (int64_t i = first; i != NO_CASE; i = v->cases[i].next)
		if (same_secret(v->cases[i].key, key, 32) && SAME(v->cases[i].stream, *stream)) {
			if (v->cases[i].doubted)
				v->cases[i].birth = *birth;
			return i;
		}
	cases = guard_room(v->cases, v->case_count, &v->case_cap, sizeof(*cases));
	if (cases == NULL)
		return NO_CASE;
	v->cases = cases;
	at = table_put(v->case_by_kid, kid->b);
	if (at == NULL)
		return NO_CASE;
	c = &cases[v->case_count];
	memset(c, 0, sizeof(*c));
	c->kid = *kid;
	memcpy(c->key, key, 32);
	c->stream = *stream;
	c->birth = *birth;
	c->next = first;
	*at = v->case_count;
	return (int64_t)v->case_count++;
}

int64_t
vault_case_of_group(const struct vault *v, const struct stream_id *stream, const struct group_id *group,
                    const struct epoch_id *birth)
{
	const uint64_t *at;
	uint8_t key[48];

	group_key(key, stream, group, birth);
	at = table_get(v->case_by_group, key);
	return at != NULL ? (int64_t)*at : NO_CASE;
}

bool
vault_case_bind(struct vault *v, int64_t i, const struct group_id *group)
{
	struct case_key *c = &v->cases[i];
	uint8_t key[48];
	uint64_t *at;

	if (c->bound)
		return true;
	group_key(key, &c->stream, group, &c->birth);
	if (table_get(v->case_by_group, key) == NULL) {
		at = table_put(v->case_by_group, key);
		if (at == NULL)
			return false;
		*at = (uint64_t)i;
	}
	c->group = *group;
	c->bound = true;
	return true;
}

static void
empty(struct table *t)
{
	size_t at = 0;
	const void *key;

	while (table_next(t, &at, &key, NULL))
		(void)table_del(t, key);
}

/* Takes out what `stays` does not say yes to. The others are found by their kids again, and by their groups when they are bound. */
static void
keep_cases(struct vault *v, bool (*stays)(const struct vault *v, const struct case_key *c))
{
	size_t kept = 0;

	empty(v->case_by_kid);
	empty(v->case_by_group);
	v->last_case = NO_CASE;
	v->open_count = COUNT_OF(v->open_cases) + 1; /* their places change: all are asked */
	for (size_t i = 0; i < v->case_count; i++) {
		struct case_key *c = &v->cases[i];
		struct group_id group = c->group;
		bool bound = c->bound;
		uint64_t *at;

		if (!stays(v, c))
			continue;
		at = table_get(v->case_by_kid, c->kid.b);
		c->next = at != NULL ? (int64_t)*at : NO_CASE;
		at = at != NULL ? at : table_put(v->case_by_kid, c->kid.b);
		if (at == NULL) /* out of memory: whoever tells it tells it again */
			continue;
		*at = kept;
		if (kept != i)
			v->cases[kept] = *c;
		v->cases[kept].bound = false;
		if (bound)
			(void)vault_case_bind(v, (int64_t)kept, &group); /* a failure costs a fresh key at the next write */
		kept++;
	}
	if (kept < v->case_count)
		wipe(v->cases + kept, (v->case_count - kept) * sizeof(*v->cases));
	v->case_count = kept;
}

static bool
is_not_buried(const struct vault *v, const struct case_key *c)
{
	return !keystore_tombstoned(v->ks, TOMB_KEY, c->kid.b);
}

static bool
is_settled(const struct vault *v, const struct case_key *c)
{
	(void)v;
	return !c->doubted;
}

/*
 * Of a birth epoch whose E has been deleted nothing can tell any more. Any other is not to be taken on the word of a table
 * that has lost its effect: what is sealed under that epoch would be sealed under the key.
 */
void
vault_doubt_cases(struct vault *v)
{
	for (size_t i = 0; i < v->case_count; i++) {
		struct case_key *c = &v->cases[i];

		c->doubted = true;
		c->bound = c->wrapped = c->wrapped_open = c->has_told = false;
		if (!keystore_tombstoned(v->ks, TOMB_SECRET, c->birth.b))
			memset(&c->birth, 0, sizeof(c->birth));
	}
	keep_cases(v, is_not_buried);
	v->any_doubted = v->case_count > 0;
}

void
vault_settle_cases(struct vault *v)
{
	if (v->any_doubted)
		keep_cases(v, is_settled);
	v->any_doubted = false;
}

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

void
vault_bind_group(struct vault *v, const struct header *h, const struct group_id *group)
{
	if (v->last_case == NO_CASE || !SAME(v->cases[v->last_case].stream, h->stream))
		return;
	v->cases[v->last_case].doubted = false; /* the entry commits to it */
	/* Out of memory here only means a fresh key at the next write to that group. */
	(void)vault_case_bind(v, v->last_case, group);
}

/* ---- which epoch to write under ---- */

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

/* What was sealed to a key of an older incarnation does not count: who was restored from a backup may not have that key. */
static bool
given_one(const struct vault *v, const struct epoch *ep, const struct org_device *to)
{
	for (size_t i = 0; i < ep->reader_count; i++)
		if (SAME(ep->readers[i].dev, to->id) && ep->readers[i].seal >= to->seal_first)
			return true;
	for (size_t i = 0; i < v->given_count; i++)
		if (v->given[i].effective && SAME(v->given[i].epoch, ep->id) && SAME(v->given[i].dev, to->id) &&
		    v->given[i].seal >= to->seal_first)
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
