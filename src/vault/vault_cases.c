/*
 * Case keys: where they are found by kid and by group, and which of them
 * outlive a rebuilding of the view. The array moves to a new guarded block
 * when it grows, and shrinks in place: an index holds until keep_cases().
 */
#include "vault/vault.h"

#include "base/mem.h"
#include "crypto/guard.h"
#include "vault/vault_internal.h"

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
		if (same_secret(v->cases[i].key, key, 32) && SAME(v->cases[i].stream, *stream))
			return i;
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
	return !c->doubted || c->has_late;
}

static bool
is_not_wiped(const struct vault *v, const struct case_key *c)
{
	static const uint8_t wiped[sizeof(c->key)];

	(void)v;
	return !c->doubted || !same_secret(c->key, wiped, sizeof(wiped));
}

void
vault_drop_wiped(struct vault *v)
{
	keep_cases(v, is_not_wiped);
}

/* What is sealed under the epoch that a key was born under would be sealed under the key; under one whose E is gone nothing is. */
void
vault_case_orphan(const struct vault *v, struct epoch_id *birth)
{
	if (!keystore_tombstoned(v->ks, TOMB_SECRET, birth->b))
		memset(birth, 0, sizeof(*birth));
}

void
vault_case_trust(struct vault *v, int64_t i, const struct epoch_id *birth)
{
	struct case_key *c = &v->cases[i];

	if (c->doubted && birth != NULL)
		c->birth = *birth;
	c->doubted = false;
}

void
vault_doubt_cases(struct vault *v)
{
	for (size_t i = 0; i < v->case_count; i++) {
		struct case_key *c = &v->cases[i];

		c->doubted = true;
		c->bound = c->wrapped = c->wrapped_open = c->has_told = c->has_late = false;
		vault_case_orphan(v, &c->birth);
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
vault_bind_group(struct vault *v, const struct header *h, const struct group_id *group)
{
	if (v->last_case == NO_CASE || !SAME(v->cases[v->last_case].stream, h->stream))
		return;
	vault_case_trust(v, v->last_case, v->last_wrapped ? &v->last_birth : NULL); /* the entry commits to it */
	/* Out of memory here only means a fresh key at the next write to that group. */
	(void)vault_case_bind(v, v->last_case, group);
}
