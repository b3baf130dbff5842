/*
 * Organisations made by chance, for vectors and for the two evaluators to
 * disagree about: admissions, grants, removals with any cut, kill cards, forks of
 * control and team logs, adoptions, new incarnations, and the root handed over.
 */
#ifndef FALTBOK_TESTS_UNIVERSE_H
#define FALTBOK_TESTS_UNIVERSE_H

#include "org/orders.h"
#include "world.h"

enum { PEOPLE = 8, TEAMS = 2, STORES = 2, HEIRS = 3, FIRST_HEIR = 11 /* actors who only ever become the root */ };

static uint64_t universe_state;

static inline void
universe_seed(uint64_t seed)
{
	universe_state = (seed + 1) * 0x9e3779b97f4a7c15u;
}

static inline unsigned
below(unsigned n)
{
	universe_state ^= universe_state << 13;
	universe_state ^= universe_state >> 7;
	universe_state ^= universe_state << 17;
	return (unsigned)(universe_state % n);
}

/* Cuts of some of the logs of `who`, each at some entry. */
static inline size_t
some_cuts(const struct world *w, unsigned who, struct cut *cuts)
{
	struct stream_id streams[1 + TEAMS] = { w->control, team_of(0), team_of(1) };
	size_t count = 0;

	for (size_t s = 0; s < COUNT_OF(streams); s++)
		for (unsigned inc = 0; inc < STORES; inc++) {
			const struct entry *found[WORLD_ENTRIES / 10];
			struct inc i = inc_of(inc);
			size_t n = 0;

			for (size_t k = 0; k < w->count; k++)
				if (SAME(w->entries[k].h.author, w->actors[who].keys.sign_pk) &&
				    SAME(w->entries[k].h.stream, streams[s]) && SAME(w->entries[k].h.inc, i))
					found[n++] = &w->entries[k];
			if (n > 0 && below(4) > 0)
				cuts[count++] = cut_at(&streams[s], inc, found[below((unsigned)n)]);
		}
	return count;
}

static inline const struct entry *
some_grant(const struct world *w, unsigned *who)
{
	const struct entry *found = NULL;

	for (size_t i = 0; i < w->count; i++)
		if (w->entries[i].h.kind == KIND_GRANT && (found == NULL || below(3) == 0))
			found = &w->entries[i];
	if (found != NULL) {
		struct control_op op;

		assert(control_op_decode(&op, KIND_GRANT, found->payload, NULL) == ERR_OK);
		for (unsigned a = 0; a < PEOPLE; a++)
			if (SAME(w->actors[a].id, op.u.grant.dev))
				*who = a;
	}
	return found;
}

/* A proof needs the signatures of both, also where entries are left unsigned to be quick. */
static inline void
vouch(struct world *w, unsigned by, size_t i)
{
	struct entry *e = &w->entries[i];

	if (w->unsigned_entries)
		sign_digest(e->sig, "fb1/entry/sig", e->id.b, w->actors[by].keys.sign_sk);
	e->has_sig = true;
}

/* Of a team log two histories may be told, and mostly somebody proves it. */
static inline void
fork_team_log(struct world *w, unsigned by, const struct stream_id *stream, unsigned inc)
{
	const struct entry *last = world_last(w, by, stream, inc), *base = world_find(w, last->h.prev.b, 32);
	struct fork_proof p;
	struct buf proof = BUF_INIT;
	size_t at = (size_t)(last - w->entries), y;

	y = world_write_after(w, by, stream, inc, base, KIND_DATA, BYTES_STR("another story"));
	if (!SAME(w->entries[y].id, w->entries[at].id) && below(3) > 0) {
		vouch(w, by, at);
		vouch(w, by, y);
		fork_proof_make(&p, &w->entries[at], &w->entries[y]);
		fork_proof_encode(&proof, &p);
		world_write(w, below(PEOPLE), &w->control, 0, KIND_FORK, buf_bytes(&proof));
		buf_free(&proof);
	}
}

static inline void
team_work(struct world *w)
{
	struct stream_id stream = below(4) == 0 ? w->roster : team_of(below(TEAMS));
	unsigned by = 1 + below(PEOPLE - 1), inc = below(STORES), holder = by;
	const struct entry *last, *grant;

	grant = some_grant(w, &holder);
	if (grant != NULL && below(5) > 0)
		by = holder;
	last = world_last(w, by, &stream, inc);
	if (last == NULL)
		world_open(w, by, &stream, inc, grant != NULL && below(8) > 0 ? &grant->id : NULL);
	else if (last->h.seq > 0 && below(8) == 0)
		fork_team_log(w, by, &stream, inc);
	else
		world_data(w, by, &stream, inc, 1 + below(3));
}

/* `by` adopts up to this entry, if it is one that can be. */
static inline void
adopt_by(struct world *w, unsigned by, const struct entry *e)
{
	unsigned whose = 0, inc = 0;

	if (e->h.kind != KIND_DATA || world_last(w, by, &e->h.stream, 0) == NULL)
		return;
	for (unsigned a = 0; a < PEOPLE; a++)
		for (unsigned i = 0; i < STORES + 3; i++) {
			struct inc at = inc_of(i);

			if (SAME(e->h.author, w->actors[a].keys.sign_pk) && SAME(e->h.inc, at)) {
				whose = a;
				inc = i;
			}
		}
	world_adopt(w, by, &e->h.stream, 0, whose, inc, below((unsigned)e->h.seq + 1), e);
}

static inline void
adopt_something(struct world *w)
{
	const struct entry *e = &w->entries[below((unsigned)w->count)];

	adopt_by(w, 1 + below(PEOPLE - 1), e);
}

static inline void
ungrant_something(struct world *w, unsigned by, unsigned inc)
{
	struct control_op op = { .kind = KIND_UNGRANT };
	struct cut cuts[8];
	struct hash id;
	unsigned who = 0;
	const struct entry *grant = some_grant(w, &who);

	if (grant == NULL)
		return;
	id = grant->id;
	op.u.ungrant = (struct ungrant){ w->actors[who].id, team_of(below(TEAMS)), 1, &id, some_cuts(w, who, cuts), cuts };
	world_op(w, by, inc, &op);
}

/* Of a control log too two histories may be told. */
static inline void
fork_control(struct world *w, unsigned by, unsigned inc)
{
	const struct entry *last = world_last(w, by, &w->control, inc), *base;
	struct control_op op = { .kind = KIND_GRANT, .u.grant = { .dev = w->actors[1 + below(PEOPLE - 1)].id, .role = ROLE_COORDINATOR } };
	struct buf payload = BUF_INIT, proof = BUF_INIT;
	struct fork_proof p;
	size_t y, at;

	if (last == NULL || last->h.seq == 0)
		return;
	at = (size_t)(last - w->entries);
	base = world_find(w, last->h.prev.b, 32);
	op.u.grant.rank = (uint8_t)(1 + below(4));
	control_op_encode(&payload, &op);
	y = world_write_after(w, by, &w->control, inc, base, KIND_GRANT, buf_bytes(&payload));
	if (!SAME(w->entries[y].id, w->entries[at].id) && below(3) > 0) {
		vouch(w, by, at);
		vouch(w, by, y);
		fork_proof_make(&p, &w->entries[at], &w->entries[y]);
		fork_proof_encode(&proof, &p);
		world_write(w, below(PEOPLE), &w->control, 0, KIND_FORK, buf_bytes(&proof));
	}
	buf_free(&payload);
	buf_free(&proof);
}

/* Mostly in turn; sometimes by a key that is spent, which makes it contested, or by one that is not wanted. */
static inline void
hand_over(struct world *w, unsigned by, unsigned inc)
{
	unsigned old = below(3) == 0 ? FIRST_HEIR + below(HEIRS) : ROOT, to = FIRST_HEIR + below(HEIRS);
	struct cut cuts[8];
	size_t n = some_cuts(w, old, cuts);

	world_rotate(w, by, inc, old, to, cuts, n);
}

static inline const struct entry *
some_of_kind(const struct world *w, uint8_t kind)
{
	const struct entry *found = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < w->count; i++)
		if (w->entries[i].h.kind == kind && below(++n) == 0)
			found = &w->entries[i];
	return found;
}

/* Runs that end at entries of content, mostly; now and then at another kind, or at one that nobody ever wrote. */
static inline size_t
some_places(const struct world *w, struct erase_place *places, size_t max)
{
	size_t count = 0;

	for (size_t n = 1 + below((unsigned)max); n > 0; n--) {
		const struct entry *e = below(6) > 0 ? some_of_kind(w, KIND_DATA) : &w->entries[below((unsigned)w->count)];
		struct erase_place *p = &places[count];
		bool twice = false;

		if (e == NULL)
			continue;
		*p = (struct erase_place){ e->h.author, e->h.stream, e->h.inc, { .from = below((unsigned)e->h.seq + 1), .to = e->h.seq } };
		memcpy(p->range.head16, e->id.b, sizeof(p->range.head16));
		if (below(16) == 0)
			p->range.head16[0] ^= 1;
		for (size_t i = 0; i < count; i++)
			twice |= memcmp(&places[i].range, &p->range, sizeof(p->range)) == 0;
		count += !twice;
	}
	return count;
}

/* Whose keys some ADMIT carries. */
static inline unsigned
some_admitted(const struct world *w)
{
	const struct entry *e = some_of_kind(w, KIND_ADMIT);

	for (unsigned a = 1; e != NULL && a < PEOPLE; a++)
		if (e->payload.len > 34 && memcmp(e->payload.p + 3, w->actors[a].keys.sign_pk.b, 32) == 0)
			return a;
	return 1;
}

static inline void
say_of_erasure(struct world *w, unsigned by, unsigned inc, uint8_t kind, const struct hash *request, const struct erase_request *q)
{
	struct erase_receipt receipt = { .keys = true };
	struct buf out = BUF_INIT;

	if (kind == KIND_ERASE_REQ)
		erase_request_encode(&out, q);
	else if (kind == KIND_ERASE_OK)
		erase_ok_encode(&out, request);
	else {
		receipt.request = *request;
		receipt.late = *q;
		erase_receipt_encode(&out, &receipt);
	}
	if (q->log_count > 0 || kind == KIND_ERASE_OK)
		world_write(w, by, &w->control, inc, kind, buf_bytes(&out));
	buf_free(&out);
}

/*
 * One asks, another approves, readers name what came late: in any order and by whoever it is, or one after another as it
 * is meant.
 */
static inline void
erase_something(struct world *w, unsigned by, unsigned inc)
{
	static const uint8_t kinds[] = { KIND_ERASE_REQ, KIND_ERASE_OK, KIND_RECEIPT };
	const struct entry *request = some_of_kind(w, KIND_ERASE_REQ);
	struct erase_place places[4];
	struct erase_request q = { .box = BYTES_STR("why") };
	struct hash id;
	unsigned holder = by;

	assert(erase_request_places(&q, places, some_places(w, places, COUNT_OF(places)), NULL) == ERR_OK);
	if (request == NULL || below(2) > 0) {
		const struct entry *granted = some_of_kind(w, KIND_GRANT);

		say_of_erasure(w, below(3) > 0 ? some_admitted(w) : by, inc, KIND_ERASE_REQ, NULL, &q);
		request = some_of_kind(w, KIND_ERASE_REQ);
		for (unsigned a = 1; request != NULL && a < PEOPLE && below(4) > 0; a++) /* whoever granted something */
			if (granted != NULL && SAME(granted->h.author, w->actors[a].keys.sign_pk))
				say_of_erasure(w, a, inc, KIND_ERASE_OK, &request->id, &q);
		if (request != NULL && below(2) > 0)
			say_of_erasure(w, 1, 0, KIND_ERASE_OK, &request->id, &q); /* the first coordinator */
	} else {
		id = request->id;
		if (below(3) > 0)
			say_of_erasure(w, by, inc, kinds[1 + below(2)], &id, &q);
		for (unsigned i = 0; i < 3 && below(3) > 0; i++)
			if (some_grant(w, &holder) != NULL) /* who may read, perhaps */
				say_of_erasure(w, holder, inc, KIND_RECEIPT, &id, &q);
	}
	erase_request_free(&q);
}

static inline void
step(struct world *w)
{
	unsigned by = below(PEOPLE), inc = below(STORES), who = 1 + below(PEOPLE - 1), what = below(34);
	struct stream_id team = team_of(below(TEAMS));
	struct control_op seal = { .kind = KIND_SEALKEY };
	struct cut cuts[8];
	size_t n;

	if (below(3) > 0)
		by = below(3); /* mostly those who may */
	if (by == ROOT && below(3) == 0)
		by = FIRST_HEIR + below(HEIRS);
	if (what < 3)
		world_admit(w, by, inc, who, below(5));
	else if (what < 6)
		world_grant(w, by, inc, who, ROLE_COORDINATOR, NULL, 1 + below(4));
	else if (what < 9)
		world_grant(w, by, inc, who, ROLE_ADVISOR, &team, 0);
	else if (what == 9)
		world_grant(w, by, inc, who, (uint8_t)(ROLE_AUDITOR + below(2)), NULL, 0);
	else if (what == 10)
		world_team(w, by, inc, &team, (uint8_t)(1 + below(2)), (uint8_t)below(2));
	else if (what == 11) {
		memset(seal.u.sealkey.seal_pk, (int)below(256), 32);
		world_op(w, by, inc, &seal);
	} else if (what < 14) {
		n = some_cuts(w, who, cuts);
		world_revoke(w, by, inc, who, cuts, n);
	} else if (what == 14 && by != ROOT && by < PEOPLE) {
		n = some_cuts(w, by, cuts);
		world_revoke(w, by, inc, by, cuts, n);
	} else if (what == 15) {
		n = some_cuts(w, who, cuts);
		world_kill(w, by, inc, who, cuts, n);
	} else if (what == 16)
		ungrant_something(w, by, inc);
	else if (what < 19)
		adopt_something(w);
	else if (what == 19)
		fork_control(w, by, inc);
	else if (what == 20 && below(2) == 0)
		hand_over(w, by, inc);
	else if (what >= 28) {
		if (below(2) > 0)
			by = 1 + below(PEOPLE - 1); /* whoever writes may ask, and reads */
		erase_something(w, by, inc);
	} else
		team_work(w);
}

/* GENESIS, a first coordinator, and so many steps of chance. */
static inline void
universe_make(struct world *w, uint64_t seed, unsigned steps)
{
	universe_seed(seed);
	world_genesis(w);
	world_grant(w, ROOT, 0, 1, ROLE_COORDINATOR, NULL, 1);
	world_admit(w, ROOT, 0, 1, 1);
	for (unsigned i = 0; i < steps; i++)
		step(w);
}

/* The log of the part that holds entry i: the branch after the last fork below it. */
static inline struct log_key
universe_log_of(const struct world *part, const struct entry *e)
{
	struct log_key key;

	log_key_init(&key, &e->h.author, &e->h.stream, &e->h.inc);
	for (const struct entry *at = e; at != NULL && !key.is_branch; at = at->h.seq == 0 ? NULL : world_find(part, at->h.prev.b, 32))
		for (size_t i = 0; i < part->count; i++) {
			const struct entry *other = &part->entries[i];

			if (other->h.seq == at->h.seq && SAME(other->h.author, at->h.author) &&
			    SAME(other->h.stream, at->h.stream) && SAME(other->h.inc, at->h.inc) && !SAME(other->id, at->id)) {
				key.is_branch = true;
				key.branch_seq = at->h.seq;
				key.branch_id = at->id;
			}
		}
	return key;
}

/* Calls cb with the number of each entry that is to be deleted. */
static inline void
universe_covered(struct world *part, const struct org *o, void (*cb)(size_t i, void *ctx), void *ctx)
{
	struct orders *orders = orders_new();

	assert(orders != NULL);
	for (size_t i = 0; i < part->count; i++) {
		struct log_key key = universe_log_of(part, &part->entries[i]);

		if (SAME(key.stream, part->control))
			assert(orders_add(orders, &key, &part->entries[i], NULL) == ERR_OK);
	}
	orders_refresh(orders, o);
	for (size_t i = 0; i < part->count; i++) {
		struct log_key key = universe_log_of(part, &part->entries[i]);

		if (part->entries[i].h.kind == KIND_DATA && !SAME(key.stream, part->control) &&
		    orders_cover(orders, o, &key, part->entries[i].h.seq, world_holds, part))
			cb(i, ctx);
	}
	orders_free(orders);
}

#endif
