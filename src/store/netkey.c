/*
 * NETKEYs are few, so the replica keeps them in memory as they came; which
 * of them a key belongs to is told by its commitment. The key that an
 * organisation was founded with belongs to none, and is the oldest.
 */
#include "store/netkey.h"

#include "base/mem.h"
#include "crypto/guard.h"
#include "org/netkey.h"
#include "store/replica_internal.h"

#define DAY_MS 86400000ll

enum { HELD_MAX = 1024 };

enum err_code
netkey_note(struct replica *r, const struct entry *e, struct err *err)
{
	struct netkey_held *room;

	if (e->h.kind != KIND_NETKEY || !e->has_payload || r->netkey_count == HELD_MAX)
		return ERR_OK;
	for (size_t i = 0; i < r->netkey_count; i++)
		if (SAME(r->netkeys[i].id, e->id))
			return ERR_OK;
	room = mem_room(r->netkeys, r->netkey_count, &r->netkey_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	r->netkeys = room;
	room += r->netkey_count;
	*room = (struct netkey_held){ .id = e->id, .seq = e->h.seq, .payload = mem_dup(e->payload.p, e->payload.len), .len = e->payload.len };
	log_key_init(&room->key, &e->h.author, &e->h.stream, &e->h.inc);
	if (room->payload == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	r->netkey_count++;
	return ERR_OK;
}

void
netkey_forget(struct replica *r)
{
	for (size_t i = 0; i < r->netkey_count; i++)
		mem_free(r->netkeys[i].payload);
	r->netkey_count = 0;
}

/* By a coordinator, within its cuts. Who was removed since has made it when she might. */
static bool
counts(const struct replica *r, const struct netkey_held *held, struct netkey *out)
{
	const struct org_device *d = org_device_by_author(r->org, &held->key.author);

	return d != NULL && d->rank <= RANK_MAX && org_effective(r->org, &held->key, held->seq) &&
	       netkey_decode(out, BYTES(held->payload, held->len), NULL) == ERR_OK;
}

static bool
is_of(const struct netkey *k, const struct org_id *org, const uint8_t key[32])
{
	uint8_t commit[32];

	netkey_commit(commit, key, org);
	return same_secret(commit, k->commit, sizeof(commit));
}

enum err_code
home_rotate_network(struct home *h, uint64_t *n, struct err *err)
{
	struct replica *r = h->replica;
	struct buf payload = BUF_INIT;
	struct seal_pair ephemeral;
	struct netkey k;
	struct entry e;
	uint8_t key[32];
	enum err_code rc;

	*n = 1;
	for (size_t i = 0; i < r->netkey_count; i++)
		if (counts(r, &r->netkeys[i], &k) && k.n >= *n && k.n < NETKEY_N_MAX)
			*n = k.n + 1;
	env_random(h->env, key, sizeof(key));
	seal_pair_make(h->env, &ephemeral);
	rc = netkey_make(&payload, r->org, *n, key, &ephemeral, err);
	if (rc == ERR_OK)
		rc = replica_append(r, &h->keys->device, &h->keys->inc, &r->control, KIND_NETKEY, buf_bytes(&payload), &e, err);
	wipe(key, sizeof(key)); /* we open our own row like everybody else, once it is durable */
	wipe(&ephemeral, sizeof(ephemeral));
	buf_free(&payload);
	return rc;
}

/* ---- learning ---- */

static bool
is_held(const struct keystore *ks, const struct netkey *k)
{
	for (size_t i = 0; i < ks->network_count; i++)
		if (is_of(k, &ks->org, ks->network[i].n))
			return true;
	return false;
}

/* A later number, or the same and the smaller id: then it is the newer one for everybody. */
struct rank { uint64_t n; struct hash id; };

static bool
is_newer(const struct rank *a, const struct rank *b)
{
	return a->n > b->n || (a->n == b->n && a->n > 0 && memcmp(a->id.b, b->id.b, sizeof(a->id.b)) < 0);
}

/* Of the NETKEY that brought this key; number 0 for the one the organisation began with. */
static struct rank
rank_of(const struct replica *r, const struct org_id *org, const uint8_t key[32])
{
	struct netkey k;

	for (size_t i = 0; i < r->netkey_count; i++)
		if (counts(r, &r->netkeys[i], &k) && is_of(&k, org, key))
			return (struct rank){ k.n, r->netkeys[i].id };
	return (struct rank){ 0, { { 0 } } };
}

static size_t
newest_held(const struct home *h, struct rank *best)
{
	size_t at = 0;

	*best = (struct rank){ 0, { { 0 } } };
	for (size_t i = 0; i < h->keys->network_count; i++) {
		struct rank of = rank_of(h->replica, &h->keys->org, h->keys->network[i].n);

		if (!is_newer(&of, best))
			continue;
		*best = of;
		at = i;
	}
	return at;
}

static size_t
oldest_held(const struct home *h, struct rank *least)
{
	size_t at = 0;

	*least = rank_of(h->replica, &h->keys->org, h->keys->network[0].n);
	for (size_t i = 1; i < h->keys->network_count; i++) {
		struct rank of = rank_of(h->replica, &h->keys->org, h->keys->network[i].n);

		if (!is_newer(least, &of))
			continue;
		*least = of;
		at = i;
	}
	return at;
}

/*
 * Whatever is newer than the oldest key held. Not only than the newest: of two
 * coordinators who remove somebody while apart each makes a key, and a stick
 * is sealed under the one that all are known to have heard of, which need not
 * be the newer one. What is older than all that is held was dropped when its
 * grace was over, and must not come back from the log.
 */
static bool
take_new_keys(struct home *h, int64_t now)
{
	struct replica *r = h->replica;
	struct keystore *ks = h->keys;
	const struct device_id self = device_id_of(&ks->device.sign_pk);
	struct rank least;
	struct netkey k;
	uint8_t key[32];
	bool any = false;

	for (size_t i = 0; i < r->netkey_count && ks->network_count > 0; i++) {
		struct network_key *slot = &ks->network[oldest_held(h, &least)];

		if (!counts(r, &r->netkeys[i], &k) || !is_newer(&(struct rank){ k.n, r->netkeys[i].id }, &least) || is_held(ks, &k) ||
		    !netkey_open(key, &k, &ks->org, &self, ks->seal, ks->seal_count))
			continue;
		if (ks->network_count < KEYSTORE_NETWORK_KEYS) /* else the oldest makes room */
			slot = &ks->network[ks->network_count++];
		memcpy(slot->n, key, sizeof(slot->n));
		slot->retired_ms = (uint64_t)now;
		any = true;
	}
	wipe(key, sizeof(key));
	return any;
}

/* The newest goes first, and the others begin their grace. False when it was so already. */
static bool
settle_newest(struct home *h, int64_t now)
{
	struct keystore *ks = h->keys;
	struct network_key newest;
	struct rank rank;
	size_t best = newest_held(h, &rank);

	if (best == 0)
		return false;
	newest = ks->network[best];
	memmove(&ks->network[1], &ks->network[0], best * sizeof(ks->network[0]));
	ks->network[0] = newest;
	ks->network[0].retired_ms = 0;
	for (size_t i = 1; i < ks->network_count; i++)
		if (ks->network[i].retired_ms == 0)
			ks->network[i].retired_ms = (uint64_t)now;
	wipe(&newest, sizeof(newest));
	return true;
}

/* The one retired last comes first, so that those still good for something are always the first few. False when it was so already. */
static bool
sort_retired(struct keystore *ks)
{
	bool moved = false;

	for (size_t i = 2; i < ks->network_count; i++)
		for (size_t k = i; k > 1 && ks->network[k].retired_ms > ks->network[k - 1].retired_ms; k--) {
			struct network_key up = ks->network[k];

			ks->network[k] = ks->network[k - 1];
			ks->network[k - 1] = up;
			wipe(&up, sizeof(up));
			moved = true;
		}
	return moved;
}

static size_t
younger_than(const struct network_key *keys, size_t count, int64_t now, int64_t days)
{
	size_t n = count > 0;

	while (n < count && now - (int64_t)keys[n].retired_ms <= days * DAY_MS)
		n++;
	return n;
}

size_t
netkey_links(const struct network_key *keys, size_t count, int64_t now)
{
	return younger_than(keys, count, now, NETKEY_LINK_DAYS);
}

size_t
netkey_handed_on(const struct network_key *keys, size_t count, int64_t now)
{
	return younger_than(keys, count, now, NETKEY_WELCOME_DAYS);
}

static bool newest_is_shared(const struct home *h);

/* With a key goes what is older than it, so that it is older than all that is left, and take_new_keys() leaves it alone. */
static void
end_older(const struct home *h, bool ends[KEYSTORE_NETWORK_KEYS])
{
	struct rank ranks[KEYSTORE_NETWORK_KEYS];
	size_t count = h->keys->network_count;

	for (size_t i = 0; i < count; i++)
		ranks[i] = rank_of(h->replica, &h->keys->org, h->keys->network[i].n);
	for (size_t i = 1; i < count; i++)
		for (size_t k = 1; k < count; k++)
			ends[k] = ends[k] || (ends[i] && is_newer(&ranks[i], &ranks[k]));
}

/* A clock that is years ahead ends every grace: who has not heard yet could be met by nobody any more, and would never hear. */
static bool
drop_old(struct home *h, int64_t now)
{
	struct keystore *ks = h->keys;
	size_t kept = 0, before = ks->network_count;
	bool shared = before > 1 && newest_is_shared(h), ends[KEYSTORE_NETWORK_KEYS] = { false };

	for (size_t i = 1; i < before && shared; i++)
		if (now - (int64_t)ks->network[i].retired_ms > NETKEY_GRACE_DAYS * DAY_MS)
			ends[i] = true;
	end_older(h, ends);
	for (size_t i = 0; i < before; i++)
		if (!ends[i])
			ks->network[kept++] = ks->network[i];
	for (size_t i = kept; i < before; i++)
		wipe(&ks->network[i], sizeof(ks->network[i]));
	ks->network_count = kept;
	return kept != before;
}

/* Retired by a clock that ran ahead, when those were still believed: its grace would have no end. */
static bool
date_back(struct keystore *ks, int64_t now)
{
	bool any = false;

	for (size_t i = 0; i < ks->network_count; i++)
		if (ks->network[i].retired_ms > (uint64_t)now) {
			ks->network[i].retired_ms = (uint64_t)now;
			any = true;
		}
	return any;
}

enum err_code
home_learn_network(struct home *h, bool *changed, struct err *err)
{
	int64_t now = replica_lived_ms(h->replica);
	bool any;

	if (changed != NULL)
		*changed = false;
	if (!h->replica->has_org || !org_known(h->replica->org) || replica_read_only(h->replica))
		return ERR_OK;
	if (now == 0) /* not known now: nothing is dated, and nothing ends */
		return ERR_OK;
	any = date_back(h->keys, now);
	any = take_new_keys(h, now) || any;
	any = settle_newest(h, now) || any;
	any = sort_retired(h->keys) || any;
	any = drop_old(h, now) || any;
	if (changed != NULL)
		*changed = any;
	return any ? home_save_keystore(h, err) : ERR_OK;
}

static bool
has_row(const struct netkey *k, const struct device_id *dev)
{
	for (size_t row = 0; row < k->count; row++) {
		const struct device_id at = netkey_device_at(k, row);

		if (SAME(at, *dev))
			return true;
	}
	return false;
}

/* It made the key, has a row of it, or was welcomed by who had made it: a NETKEY written before its maker heard of a newcomer says nothing to the newcomer. */
static bool
was_given(const struct org_device *d, const struct netkey_held *held, const struct netkey *k)
{
	return SAME(held->key.author, d->sign_pk) || has_row(k, &d->id) ||
	       (log_key_equal(&d->admit_log, &held->key) && d->admit_seq > held->seq);
}

/* Would a new NETKEY have a row for it? Who names a seal key that nothing can be sealed to is left out again. */
static bool
can_be_given(struct home *h, const struct org_device *d)
{
	const struct seal_context c = { .org = &h->keys->org, .stream = &h->replica->control, .commit = d->id.b };
	uint8_t nothing[32] = { 0 }, sealed[SEALED_KEY_BYTES];
	struct seal_pair pair;
	bool can;

	seal_pair_make(h->env, &pair);
	can = seal_key(sealed, nothing, &c, pair.pk, pair.sk, d->seal_pk);
	wipe(&pair, sizeof(pair));
	return can;
}

bool
home_network_is_stale(struct home *h)
{
	const struct org *org = h->replica->org;
	size_t live = 0;
	struct netkey k;
	struct rank now;

	if (!h->replica->has_org || !org_known(org) || h->keys->network_count == 0)
		return false;
	(void)newest_held(h, &now);
	for (size_t i = 0; i < org_device_count(org); i++) {
		live += org_device_live(org_device_at(org, i));
		if (now.n == 0 && org_device_at(org, i)->gone) /* the key of the beginning was everybody's */
			return true;
	}
	for (size_t i = 0; i < h->replica->netkey_count && now.n > 0; i++) {
		const struct netkey_held *held = &h->replica->netkeys[i];

		if (!SAME(held->id, now.id) || !counts(h->replica, held, &k))
			continue;
		for (size_t at = 0; at < org_device_count(org); at++) {
			const struct org_device *d = org_device_at(org, at);

			if (d->gone ? has_row(&k, &d->id)
			            : org_device_live(d) && live <= NETKEY_DEVICES_MAX && !was_given(d, held, &k) && can_be_given(h, d))
				return true;
		}
	}
	return false;
}

/* Has it heard of this key, and so that it has it? */
static bool
has_heard(struct replica *r, const struct org_device *d, const struct netkey_held *held)
{
	struct netkey k;
	size_t log;

	/* Who made it knows it, and so does whoever holds the log up to it. */
	return SAME(held->key.author, d->sign_pk) ||
	       (replica_log_find(r, &held->key, &log) && replica_acked(r, &d->sign_pk, log) > held->seq &&
	        netkey_decode(&k, BYTES(held->payload, held->len), NULL) == ERR_OK && was_given(d, held, &k));
}

bool
netkey_has_company(struct replica *r, const uint8_t key[32], const struct author *self)
{
	struct netkey k;

	for (size_t j = 0; r->has_org && j < r->netkey_count; j++) {
		const struct netkey_held *held = &r->netkeys[j];

		if (!counts(r, held, &k) || !is_of(&k, &r->org_id, key))
			continue;
		for (size_t i = 0; i < org_device_count(r->org); i++) {
			const struct org_device *d = org_device_at(r->org, i);
			bool welcomed = log_key_equal(&d->admit_log, &held->key) && d->admit_seq > held->seq;

			if (org_device_live(d) && !SAME(d->sign_pk, *self) && (welcomed || has_heard(r, d, held)))
				return true;
		}
		return false;
	}
	return true; /* the key of the beginning */
}

static bool
all_have_heard(struct replica *r, const struct netkey_held *held, const struct author *self)
{
	for (size_t i = 0; i < org_device_count(r->org); i++) {
		const struct org_device *d = org_device_at(r->org, i);

		if (org_device_live(d) && !SAME(d->sign_pk, *self) && !has_heard(r, d, held))
			return false;
	}
	return true;
}

/* Have all others heard of the newest key, and is there any? Who is alone is reached by older ones only. The key of the beginning retires none. */
static bool
newest_is_shared(const struct home *h)
{
	struct replica *r = h->replica;
	struct netkey k;

	for (size_t j = 0; j < r->netkey_count; j++)
		if (counts(r, &r->netkeys[j], &k) && is_of(&k, &r->org_id, h->keys->network[0].n))
			return all_have_heard(r, &r->netkeys[j], &h->keys->device.sign_pk) &&
			       netkey_has_company(r, h->keys->network[0].n, &h->keys->device.sign_pk);
	return false;
}

size_t
netkey_for(struct replica *r, const struct network_key *keys, size_t count, const struct author *self, const struct org_device *to)
{
	struct netkey k;

	for (size_t i = 0; i < count; i++) {
		bool heard = true;

		for (size_t j = 0; j < r->netkey_count && heard; j++)
			if (counts(r, &r->netkeys[j], &k) && is_of(&k, &r->org_id, keys[i].n))
				heard = to != NULL ? has_heard(r, to, &r->netkeys[j]) : all_have_heard(r, &r->netkeys[j], self);
		if (heard)
			return i;
	}
	return 0;
}
