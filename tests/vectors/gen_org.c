/*
 * Prints proto/vectors/org.json: organisations made by chance from a seed, and
 * what parts of each come to. A part holds each log up to some entry, as a
 * replica does that has not heard everything. Entries stand alone, signed.
 *
 *   organisations, kill_cards, rotations: what is hashed and signed in each
 *   operations: [[kind, payload, 1 when it is in its form]…]
 *   worlds: [{ entries: [hex…], parts: [{ take: [number of entry…], digest,
 *              devices: [[dev, rank, roles, gone, seal_index]…], effective: [number of team entry…],
 *              covered: [number of an entry whose payload is to be deleted…] }…] }…]
 */
#include "../unit/universe.h"
#include "json.h"

enum { WORLDS = 32, PARTS = 10, STEPS = 40 };

static void
print_covered(size_t i, void *ctx)
{
	json_uint(NULL, ((const size_t *)ctx)[i]);
}

static void
print_part(struct world *part, size_t *take)
{
	struct org *o = org_new();
	uint8_t digest[16];

	assert(o != NULL);
	org_set_holds(o, world_holds, part);
	json_open(NULL, '{');
	json_open("take", '[');
	for (size_t i = 0; i < part->count; i++) {
		json_uint(NULL, take[i]);
		assert(org_add(o, &part->entries[i], NULL) == ERR_OK);
	}
	json_close(']');
	assert(org_evaluate(o, NULL) == ERR_OK);
	org_digest(o, digest);
	json_hex("digest", digest, sizeof(digest));
	json_open("devices", '[');
	for (size_t i = 0; i < org_device_count(o); i++) {
		const struct org_device *d = org_device_at(o, i);

		json_open(NULL, '[');
		json_hex(NULL, d->id.b, 16);
		json_uint(NULL, d->rank);
		json_uint(NULL, (unsigned)d->coordinator | (unsigned)d->advisor << 1 | (unsigned)d->auditor << 2 |
		                (unsigned)d->hub << 3);
		json_uint(NULL, d->gone);
		json_uint(NULL, d->seal_index);
		json_close(']');
	}
	json_close(']');
	json_open("effective", '[');
	for (size_t i = 0; i < part->count; i++) {
		struct log_key key = universe_log_of(part, &part->entries[i]);

		if (!SAME(key.stream, part->control) && org_effective(o, &key, part->entries[i].h.seq))
			json_uint(NULL, take[i]);
	}
	json_close(']');
	json_open("covered", '[');
	universe_covered(part, o, print_covered, take);
	json_close(']');
	json_close('}');
	org_free(o);
}

/* Leaves out some entries and whatever follows them; the last part is the whole. */
static void
take_part(const struct world *w, struct world *part, size_t *take, bool whole)
{
	part->count = 0;
	for (size_t i = 0; i < w->count; i++) {
		const struct entry *e = &w->entries[i];
		bool follows = e->h.seq == 0 || world_find(part, e->h.prev.b, 32) != NULL;

		if (!whole && (!follows || (i > 0 && below(14) == 0)))
			continue;
		take[part->count] = i;
		part->entries[part->count++] = *e;
	}
}

/* A device of 20 incarnations: each tells a seal key, the older ones more often. */
static void
make_many_incarnations(struct world *w)
{
	struct control_op op = { .kind = KIND_SEALKEY };

	world_genesis(w);
	world_admit(w, ROOT, 0, 1, 1);
	world_grant(w, ROOT, 0, 1, ROLE_COORDINATOR, NULL, 1);
	for (unsigned i = 0; i < 20; i++) {
		world_op(w, 1, i, &(struct control_op){ .kind = KIND_OPEN, .u.open = world_lists(i) });
		for (unsigned k = i; k < 20; k += 5) {
			memset(op.u.sealkey.seal_pk, (int)(i * 20 + k), 32);
			world_op(w, 1, i, &op);
		}
	}
}

static void
print_world(unsigned seed, bool many)
{
	struct world *w = world_new(), *part = world_new();
	static size_t take[WORLD_ENTRIES];
	struct buf out = BUF_INIT;

	universe_seed(seed);
	if (many)
		make_many_incarnations(w);
	else
		universe_make(w, seed, STEPS);
	json_open(NULL, '{');
	json_open("entries", '[');
	for (size_t i = 0; i < w->count; i++) {
		buf_clear(&out);
		entry_encode(&out, &w->entries[i]);
		json_hex(NULL, out.p, out.len);
	}
	json_close(']');
	json_open("parts", '[');
	for (unsigned i = 0; i < PARTS; i++) {
		take_part(w, part, take, i == PARTS - 1);
		print_part(part, take);
	}
	json_close(']');
	json_close('}');
	part->count = 0; /* borrowed */
	buf_free(&out);
	world_free(part);
	world_free(w);
}

/* ---- payloads, alone ---- */

static void
print_operation(uint8_t kind, struct bytes payload)
{
	struct control_op op;
	bool ok = control_op_decode(&op, kind, payload, NULL) == ERR_OK;

	json_open(NULL, '[');
	json_uint(NULL, kind);
	json_hex(NULL, payload.p, payload.len);
	json_uint(NULL, ok);
	json_close(']');
	if (ok)
		control_op_free(&op);
}

/* As it is; cut short; with a byte too many; and with one byte turned here and there, which may or may not be in the form. */
static void
print_mutations(uint8_t kind, struct bytes payload)
{
	struct buf b = BUF_INIT;

	print_operation(kind, payload);
	for (size_t i = 0; i < 4; i++)
		print_operation(kind, BYTES(payload.p, below((unsigned)payload.len)));
	buf_put_bytes(&b, payload);
	buf_put(&b, "", 1);
	print_operation(kind, buf_bytes(&b));
	for (size_t i = 0; i < 30; i++) {
		size_t at = i < 10 ? i : below((unsigned)payload.len);

		buf_clear(&b);
		buf_put_bytes(&b, payload);
		b.p[at < payload.len ? at : 0] ^= (uint8_t)(1u << below(8));
		print_operation(kind, buf_bytes(&b));
	}
	buf_free(&b);
}

/* One of each kind that is evaluated, out of a world that has them all. */
static void
print_operations(void)
{
	static const uint8_t kinds[] = { KIND_GENESIS, KIND_ADMIT, KIND_GRANT, KIND_REVOKE, KIND_UNGRANT, KIND_TEAM, KIND_SEALKEY,
		                             KIND_ROOTROT, KIND_OPEN, KIND_ADOPT, KIND_TEAM_OPEN };
	struct world *w = world_new();
	struct control_op open = { .kind = KIND_OPEN, .u.open.old_count = 2 };

	open.u.open.old[1].inc = inc_of(1);
	open.u.open.old[1].len = 300;
	universe_make(w, 77, 400);
	world_op(w, 1, 7, &open);
	json_open("operations", '[');
	for (size_t k = 0; k < COUNT_OF(kinds); k++) {
		const struct entry *longest = NULL;

		for (size_t i = 0; i < w->count; i++)
			if (w->entries[i].h.kind == kinds[k] && (longest == NULL || w->entries[i].payload.len > longest->payload.len))
				longest = &w->entries[i];
		assert(longest != NULL);
		print_mutations(kinds[k], longest->payload);
	}
	json_close(']');
	world_free(w);
}

static void
print_organisations(struct world *w)
{
	struct control_op op = { .kind = KIND_GENESIS };
	struct buf payload = BUF_INIT;

	json_open("organisations", '[');
	for (unsigned i = 0; i < 4; i++) { /* with and without an escrow key, with and without a next root */
		struct org_id org;
		struct stream_id roster;
		uint8_t print[32];

		op.u.genesis = w->genesis;
		op.u.genesis.escrow = op.u.genesis.has_escrow_pk = i % 2 == 0;
		memcpy(op.u.genesis.escrow_pk, w->actors[3].seal_pk, 32);
		op.u.genesis.has_next_root = i < 2;
		org = org_id_of(&op.u.genesis);
		roster = roster_stream(&org);
		root_fingerprint(print, &op.u.genesis);
		buf_clear(&payload);
		control_op_encode(&payload, &op);
		json_open(NULL, '{');
		json_hex("genesis", payload.p, payload.len);
		json_hex("org_id", org.b, sizeof(org.b));
		json_hex("roster", roster.b, sizeof(roster.b));
		json_hex("fingerprint", print, sizeof(print));
		json_close('}');
	}
	json_close(']');
	buf_free(&payload);
}

static void
print_cards(struct world *w)
{
	json_open("kill_cards", '[');
	for (unsigned i = 0; i < 4; i++) {
		struct control_op op = { .kind = KIND_REVOKE, .u.revoke = { .dev = w->actors[i].id, .has_kill = true } };
		struct cut cut = { .stream = w->control, .inc = inc_of(i), .seq = (int64_t)i * 40 - 1 };
		uint8_t code[16], pk[32], sk[64], digest[32];
		struct buf payload = BUF_INIT;

		memset(code, (int)(i * 85), sizeof(code));
		kill_pair(pk, sk, code);
		op.u.revoke.cuts = &cut;
		op.u.revoke.cut_count = i == 3 ? 0 : 1;
		assert(revoke_kill_digest(digest, &w->org, &op.u.revoke));
		sign_digest(op.u.revoke.kill_sig, "fb1/kill/sig", digest, sk);
		control_op_encode(&payload, &op);
		json_open(NULL, '{');
		json_hex("code", code, sizeof(code));
		json_hex("kill_pk", pk, sizeof(pk));
		json_hex("org_id", w->org.b, sizeof(w->org.b));
		json_hex("revoke", payload.p, payload.len);
		json_close('}');
		buf_free(&payload);
	}
	json_close(']');
}

static void
print_rotations(struct world *w)
{
	json_open("rotations", '[');
	for (unsigned i = 0; i < 4; i++) {
		struct control_op op = { .kind = KIND_ROOTROT };
		struct cut cut = { .stream = w->control, .inc = inc_of(i), .seq = (int64_t)i * 40 };
		struct rootrot *t = &op.u.rootrot;
		uint8_t hash[32];
		struct buf payload = BUF_INIT;

		*t = (struct rootrot){ .rotation_pk = w->actors[i].rot_pk, .new_root = w->actors[i + 1].keys.sign_pk, .has_next = i < 3,
		                       .cut_count = i == 2 ? 0 : 1, .cuts = &cut };
		rotation_hash(t->next_root_hash, &w->actors[i + 1].rot_pk);
		assert(rootrot_sign(t, &w->org, w->actors[i].rot_sk));
		rotation_hash(hash, &t->rotation_pk);
		control_op_encode(&payload, &op);
		json_open(NULL, '{');
		json_hex("rotation_hash", hash, sizeof(hash));
		json_hex("org_id", w->org.b, sizeof(w->org.b));
		json_hex("rootrot", payload.p, payload.len);
		json_close('}');
		buf_free(&payload);
	}
	json_close(']');
}

int
main(void)
{
	struct world *w = world_new();

	printf("{\"spec\": \"proto/org.md, 1, 3, 4 and 5\"");
	print_organisations(w);
	print_cards(w);
	print_rotations(w);
	print_operations();
	world_free(w);
	json_open("worlds", '[');
	for (unsigned seed = 0; seed < WORLDS; seed++)
		print_world(seed, false);
	print_world(WORLDS, true);
	json_close(']');
	printf("\n}\n");
	return 0;
}
