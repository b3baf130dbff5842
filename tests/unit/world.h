/*
 * An organisation made of numbers, for tests: actors whose keys come from
 * their number, and the entries they write, kept in the order they were
 * written. The same calls make the same bytes.
 */
#ifndef FALTBOK_TESTS_WORLD_H
#define FALTBOK_TESTS_WORLD_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/guard.h"
#include "crypto/hc.h"
#include "log/chain.h"
#include "log/fork.h"
#include "log/frontier.h"
#include "org/erase.h"
#include "org/org.h"

enum { WORLD_ACTORS = 14, WORLD_ENTRIES = 6000, ROOT = 0 };

struct actor {
	struct device_keys keys;
	struct device_id id;
	uint8_t seal_pk[32], kill_pk[32], kill_sk[64];
	struct author rot_pk;        /* the key that may hand the root over after this one */
	uint8_t rot_sk[64];
	struct join_request request; /* with the kill card's key */
};

struct world {
	struct actor actors[WORLD_ACTORS]; /* [0] is the root */
	struct genesis genesis;
	struct org_id org;
	struct stream_id control, roster;
	struct entry *entries;             /* payloads are owned */
	size_t count;
	bool unsigned_entries;             /* org never looks at them: quicker */
};

static inline void
actor_make(struct actor *a, unsigned number)
{
	uint8_t seed[32] = { 0 }, nonce[16] = { 0 }, kill_seed[32];

	be32_put(seed, number);
	be32_put(nonce, number);
	HC(a->seal_pk, 32, BYTES(seed, 32), "test/seal", BYTES_NONE);
	HC(kill_seed, 32, BYTES(seed, 32), "test/kill", BYTES_NONE);
	device_keys_derive(&a->keys, seed);
	sign_pair_from_seed(a->kill_pk, a->kill_sk, kill_seed);
	HC(kill_seed, 32, BYTES(seed, 32), "test/rotate", BYTES_NONE);
	sign_pair_from_seed(a->rot_pk.b, a->rot_sk, kill_seed);
	a->id = device_id_of(&a->keys.sign_pk);
	memset(&a->request, 0, sizeof(a->request));
	join_request_make(&a->request, &a->keys, a->seal_pk, nonce);
	a->request.keys.has_kill = true;
	memcpy(a->request.keys.kill_pk, a->kill_pk, 32);
	join_request_sign(&a->request, &a->keys);
}

static inline struct inc
inc_of(unsigned number)
{
	struct inc inc = { { 0 } };

	be32_put(inc.b, number + 1);
	return inc;
}

static inline struct stream_id
team_of(unsigned number)
{
	struct stream_id team;

	memset(&team, 0xee, sizeof(team));
	be32_put(team.b, number);
	return team;
}

/* Actor `by` writes after entry `after` (NULL: seq 0). Returns its number. */
static inline size_t
world_write_after(struct world *w, unsigned by, const struct stream_id *stream, unsigned inc, const struct entry *after,
                  uint8_t kind, struct bytes payload)
{
	struct header h = { .kind = kind, .author = w->actors[by].keys.sign_pk, .stream = *stream, .inc = inc_of(inc) };
	struct entry *e = &w->entries[w->count];
	uint8_t *copy = malloc(payload.len);

	assert(w->count < WORLD_ENTRIES && copy != NULL);
	memcpy(copy, payload.p, payload.len);
	if (after != NULL) {
		h.seq = after->h.seq + 1;
		h.prev = after->id;
	}
	if (w->unsigned_entries) {
		memset(e, 0, sizeof(*e));
		e->h = h;
		e->h.phash = payload_hash(payload);
		e->h.plen = (uint32_t)payload.len;
		e->id = header_id(&e->h);
		e->has_payload = true;
		e->payload = BYTES(copy, payload.len);
	} else {
		entry_make(e, &h, BYTES(copy, payload.len), w->actors[by].keys.sign_sk);
	}
	return w->count++;
}

/* The entry of the log written last, or NULL. */
static inline const struct entry *
world_last(const struct world *w, unsigned by, const struct stream_id *stream, unsigned inc)
{
	struct inc want = inc_of(inc);

	for (size_t i = w->count; i-- > 0;) {
		const struct entry *e = &w->entries[i];

		if (SAME(e->h.author, w->actors[by].keys.sign_pk) && SAME(e->h.stream, *stream) && SAME(e->h.inc, want))
			return e;
	}
	return NULL;
}

static inline size_t
world_write(struct world *w, unsigned by, const struct stream_id *stream, unsigned inc, uint8_t kind,
            struct bytes payload)
{
	return world_write_after(w, by, stream, inc, world_last(w, by, stream, inc), kind, payload);
}

static inline size_t
world_op(struct world *w, unsigned by, unsigned inc, const struct control_op *op)
{
	struct buf payload = BUF_INIT;
	size_t i;

	control_op_encode(&payload, op);
	assert(buf_ok(&payload));
	i = world_write(w, by, &w->control, inc, op->kind, buf_bytes(&payload));
	buf_free(&payload);
	return i;
}

static inline struct world *
world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert(w != NULL && crypto_start());
	w->entries = calloc(WORLD_ENTRIES, sizeof(*w->entries));
	assert(w->entries != NULL);
	for (unsigned i = 0; i < WORLD_ACTORS; i++)
		actor_make(&w->actors[i], i);
	w->genesis = (struct genesis){ .suite = 1, .root_pk = w->actors[ROOT].keys.sign_pk, .escrow = true };
	memset(w->genesis.nonce, 7, sizeof(w->genesis.nonce));
	w->genesis.has_next_root = true;
	rotation_hash(w->genesis.next_root_hash, &w->actors[ROOT].rot_pk);
	w->org = org_id_of(&w->genesis);
	w->control = control_stream(&w->org);
	w->roster = roster_stream(&w->org);
	return w;
}

static inline void
world_clear(struct world *w)
{
	for (size_t i = 0; i < w->count; i++)
		free((void *)(uintptr_t)w->entries[i].payload.p);
	w->count = 0;
}

static inline void
world_free(struct world *w)
{
	world_clear(w);
	free(w->entries);
	free(w);
}

static inline size_t
world_genesis(struct world *w)
{
	struct control_op op = { .kind = KIND_GENESIS, .u.genesis = w->genesis };

	return world_op(w, ROOT, 0, &op);
}

/* A member per actor: the person's id is the actor's number. */
static inline size_t
world_admit(struct world *w, unsigned by, unsigned inc, unsigned who, unsigned member)
{
	struct control_op op = { .kind = KIND_ADMIT, .u.admit = w->actors[who].request.keys };

	memset(op.u.admit.member.b, (int)member, sizeof(op.u.admit.member.b));
	op.u.admit.enc_name = BYTES_STR("sealed name");
	return world_op(w, by, inc, &op);
}

static inline size_t
world_grant(struct world *w, unsigned by, unsigned inc, unsigned who, uint8_t role, const struct stream_id *team,
            unsigned rank)
{
	struct control_op op = { .kind = KIND_GRANT };

	op.u.grant = (struct grant){ .dev = w->actors[who].id, .role = role, .has_team = team != NULL,
	                             .rank = (uint8_t)rank };
	if (team != NULL)
		op.u.grant.team = *team;
	return world_op(w, by, inc, &op);
}

static inline size_t
world_team(struct world *w, unsigned by, unsigned inc, const struct stream_id *team, uint8_t state, uint8_t mode)
{
	struct control_op op = { .kind = KIND_TEAM };

	op.u.team = (struct team_op){ .team = *team, .enc_name = BYTES_STR("sealed team"), .state = state, .mode = mode };
	return world_op(w, by, inc, &op);
}

static inline struct cut
cut_at(const struct stream_id *stream, unsigned inc, const struct entry *e)
{
	struct cut cut = { .stream = *stream, .inc = inc_of(inc), .seq = (int64_t)e->h.seq };

	memcpy(cut.head16, e->id.b, 16);
	return cut;
}

static inline size_t
world_revoke(struct world *w, unsigned by, unsigned inc, unsigned who, struct cut *cuts, size_t count)
{
	struct control_op op = { .kind = KIND_REVOKE };

	op.u.revoke = (struct revoke){ .dev = w->actors[who].id, .cut_count = count, .cuts = cuts };
	return world_op(w, by, inc, &op);
}

/* Signed with the target's kill card, which `by` was read aloud. */
static inline size_t
world_kill(struct world *w, unsigned by, unsigned inc, unsigned who, struct cut *cuts, size_t count)
{
	struct control_op op = { .kind = KIND_REVOKE };
	uint8_t digest[32];

	op.u.revoke = (struct revoke){ .dev = w->actors[who].id, .cut_count = count, .cuts = cuts, .has_kill = true };
	assert(revoke_kill_digest(digest, &w->org, &op.u.revoke));
	sign_digest(op.u.revoke.kill_sig, "fb1/kill/sig", digest, w->actors[who].kill_sk);
	return world_op(w, by, inc, &op);
}

/* The rotation key of `old` makes `to` the root, whose own rotation key is next; `by` carries it. */
static inline size_t
world_rotate(struct world *w, unsigned by, unsigned inc, unsigned old, unsigned to, struct cut *cuts, size_t count)
{
	struct control_op op = { .kind = KIND_ROOTROT };

	op.u.rootrot = (struct rootrot){ .rotation_pk = w->actors[old].rot_pk, .new_root = w->actors[to].keys.sign_pk,
	                                 .has_next = true, .cut_count = count, .cuts = cuts };
	rotation_hash(op.u.rootrot.next_root_hash, &w->actors[to].rot_pk);
	assert(rootrot_sign(&op.u.rootrot, &w->org, w->actors[old].rot_sk));
	return world_op(w, by, inc, &op);
}

/* The first entry of a log: under which GRANT it is opened. */
static inline size_t
world_open(struct world *w, unsigned by, const struct stream_id *stream, unsigned inc, const struct hash *grant)
{
	struct control_op op = { .kind = SAME(*stream, w->control) ? KIND_OPEN : KIND_TEAM_OPEN };
	struct buf payload = BUF_INIT;
	size_t i;

	op.u.open.has_grant = grant != NULL;
	if (grant != NULL)
		op.u.open.grant = *grant;
	control_op_encode(&payload, &op);
	i = world_write(w, by, stream, inc, op.kind, buf_bytes(&payload));
	buf_free(&payload);
	return i;
}

/* What the OPEN of incarnation `inc` lists: those before it, the last of them when there are more than fit. */
static inline struct open_op
world_lists(unsigned inc)
{
	struct open_op open = { .old_count = inc < OLD_INCS_MAX ? inc : OLD_INCS_MAX };

	for (unsigned i = 0; i < open.old_count; i++)
		open.old[i].inc = inc_of(inc - 1 - i);
	return open;
}

/* `n` entries of content. Returns the last one's number. */
static inline size_t
world_data(struct world *w, unsigned by, const struct stream_id *team, unsigned inc, unsigned n)
{
	size_t i = 0;

	while (n-- > 0)
		i = world_write(w, by, team, inc, KIND_DATA, BYTES_STR("sealed content"));
	return i;
}

static inline size_t
world_adopt(struct world *w, unsigned by, const struct stream_id *team, unsigned inc, unsigned whose, unsigned whose_inc,
            uint64_t from, const struct entry *to)
{
	struct adopt_run run = { .author = w->actors[whose].keys.sign_pk, .stream = *team, .inc = inc_of(whose_inc),
	                         .from = from, .to = to->h.seq };
	struct control_op op = { .kind = KIND_ADOPT, .u.adopt = { 1, &run } };
	struct buf payload = BUF_INIT;
	size_t i;

	memcpy(run.head16, to->id.b, 16);
	control_op_encode(&payload, &op);
	i = world_write(w, by, team, inc, KIND_ADOPT, buf_bytes(&payload));
	buf_free(&payload);
	return i;
}

static inline const struct entry *
world_find(const struct world *w, const uint8_t *id, size_t len)
{
	for (size_t i = 0; i < w->count; i++)
		if (memcmp(w->entries[i].id.b, id, len) == 0)
			return &w->entries[i];
	return NULL;
}

/* The entry at `seq` of the history that ends with `e`. */
static inline const struct entry *
world_ancestor(const struct world *w, const struct entry *e, uint64_t seq)
{
	while (e != NULL && e->h.seq > seq)
		e = world_find(w, e->h.prev.b, 32);
	return e;
}

/* What org asks a store: does the history that the log is part of, below it or beyond it, hold that entry? */
static inline bool
world_holds(void *ctx, const struct log_key *log, uint64_t seq, const uint8_t head16[16])
{
	const struct world *w = ctx;
	const struct entry *e = world_find(w, head16, 16), *first;

	if (e == NULL || e->h.seq != seq || !SAME(e->h.author, log->author) || !SAME(e->h.stream, log->stream) ||
	    !SAME(e->h.inc, log->inc))
		return false;
	if (!log->is_branch)
		return true;
	first = world_find(w, log->branch_id.b, 32);
	if (first == NULL)
		return false;
	return seq < log->branch_seq ? world_ancestor(w, first, seq) == e
	                             : world_ancestor(w, e, log->branch_seq) == first;
}

static inline struct log_key
world_log(const struct world *w, unsigned by, const struct stream_id *stream, unsigned inc)
{
	struct log_key key;
	struct inc i = inc_of(inc);

	log_key_init(&key, &w->actors[by].keys.sign_pk, stream, &i);
	return key;
}

static inline const struct org_device *
world_device(const struct world *w, const struct org *o, unsigned who)
{
	return org_device_by_id(o, &w->actors[who].id);
}

#endif
