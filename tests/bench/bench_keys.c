/*
 * What keys cost: an erasure among all entries, the snapshot's rewrite
 * included, and a re-key after a removal among 64 devices.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "crypto/primitive.h"
#include "node/node_internal.h"
#include "node/removal.h"

enum { REKEY_DEVICES = 64, REKEY_CASES = 2000 };

/* A device in no home: only what an ADMIT needs of it. */
static struct device_id
admit_stranger(struct bench *b, struct node *boss, const char *name, uint8_t role, const struct stream_id *team)
{
	struct err err = ERR_INIT;
	struct join_request r;
	struct device_keys keys;
	struct seal_pair seal;
	struct device_id dev;
	uint8_t seed[32], nonce[16];

	env_random(b->env, seed, sizeof(seed));
	env_random(b->env, nonce, sizeof(nonce));
	device_keys_derive(&keys, seed);
	seal_pair_make(b->env, &seal);
	memset(&r, 0, sizeof(r));
	join_request_make(&r, &keys, seal.pk, nonce);
	snprintf(r.member_name, sizeof(r.member_name), "%s", name);
	snprintf(r.device_name, sizeof(r.device_name), "%s", name);
	join_request_sign(&r, &keys);
	must(node_admit(boss, &r, role, team, team != NULL, &dev, &err), &err, "admit");
	must(node_commit(boss, &err), &err, "admit");
	return dev;
}

/* ---- erasing ---- */

struct one { struct record_id id; bool any; };

static bool
take_case(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct one *o = ctx;

	(void)team;
	o->id = *record_id_of(r);
	o->any = memcmp(record_group(r)->b, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16) != 0; /* what is nobody's data is not erased */
	return !o->any;
}

void
bench_erase(struct bench *b)
{
	struct err err = ERR_INIT;
	struct node *boss, *second;
	struct node_order order;
	struct one one = { .any = false };
	uint64_t entries;
	double began, spent;

	run_or_die("rm -rf %s/erase %s/second && cp -r %s/boss %s/erase", b->dir, b->dir, b->dir, b->dir);
	boss = open_home(b, "erase");
	entries = replica_entry_count(node_replica(boss));
	make_coordinator(b, boss, "second");
	second = open_home(b, "second");
	must(view_each(node_view(boss), 0, take_case, &one, &err), &err, "list");
	must(node_order_erasure(boss, &one.id, "bench", &order, &err), &err, "erase");
	must(node_commit(boss, &err), &err, "erase");
	pour(boss, second);
	must(node_approve_erasure(second, &order.id, &err), &err, "approve");
	must(node_commit(second, &err), &err, "approve");
	must(node_save_snapshot(boss, &err), &err, "snapshot");
	began = now_s();
	pour(second, boss);
	must(node_save_snapshot(boss, &err), &err, "snapshot");
	spent = now_s() - began;
	figure("erase_100k_s", spent, "s", (double)entries / 100000.0, "s, a second for each 100,000 entries", spent * 100000.0 / (double)entries);
	node_close(second);
	node_close(boss);
}

/* ---- a re-key ---- */

struct sizes { uint64_t epoch, tables; };

static bool
take_sizes(void *ctx, const struct entry *e)
{
	struct sizes *s = ctx;

	if (e->h.kind == KIND_EPOCH)
		s->epoch = e->h.plen;
	if (e->h.kind == KIND_KEYTABLE)
		s->tables += e->h.plen;
	return true;
}

static void
write_cases(struct node *n, const struct stream_id *team, size_t count)
{
	const struct profile_type *t = profile_type_named(node_profile(n), "case");
	struct err err = ERR_INIT;

	for (size_t i = 0; i < count; i++) {
		struct record_id id;
		struct draft d;
		uint8_t note[16];

		env_random(node_env(n), id.b, sizeof(id.b));
		env_random(node_env(n), note, sizeof(note));
		draft_init(&d, t, &id);
		must(draft_note(&d, note, "x", NULL, &err), &err, "note");
		must(node_write(n, team, &d, NULL, &err), &err, "write");
		draft_free(&d);
	}
	must(node_commit(n, &err), &err, "commit");
}

/* 64 scalar multiplications: what sealing to so many cannot do without. */
static double
floor_seals(struct bench *b)
{
	uint8_t sk[32], pk[32];
	double began;

	env_random(b->env, sk, sizeof(sk));
	began = now_s();
	for (int i = 0; i < 100 * REKEY_DEVICES; i++)
		x25519_base(pk, sk);
	return (now_s() - began) * 10; /* ms of one round */
}

void
bench_rekey(struct bench *b)
{
	struct node_removal *removal = calloc(1, sizeof(*removal));
	struct err err = ERR_INIT;
	struct stream_id team;
	struct device_id dev;
	struct buf payload = BUF_INIT;
	struct sizes s = { 0, 0 };
	struct node *boss;
	double began, spent;
	char name[24];

	if (removal == NULL)
		exit(1);
	run_or_die("rm -rf %s/rekey", b->dir);
	boss = found_in(b, "rekey", &team);
	for (int i = 1; i <= REKEY_DEVICES; i++) {
		snprintf(name, sizeof(name), "device %d", i);
		dev = admit_stranger(b, boss, name, ROLE_ADVISOR, &team);
	}
	write_cases(boss, &team, REKEY_CASES);
	must(node_revoke(boss, &dev, NULL, removal, &err), &err, "revoke");
	must(node_commit(boss, &err), &err, "revoke");
	began = now_s();
	for (int i = 0; i < 20; i++)
		must(vault_make_epoch(boss->vault, b->env, node_org(boss), &team, 1, &payload, &err), &err, "epoch");
	spent = (now_s() - began) * 1000 / 20;
	figure("rekey64_ms", spent, "ms", floor_seals(b), "ms, 64 scalar multiplications", spent / floor_seals(b));
	write_cases(boss, &team, 1);
	for (size_t i = 0; i < replica_log_count(node_replica(boss)); i++)
		if (SAME(replica_log_at(node_replica(boss), i)->key.stream, team))
			must(replica_scan(node_replica(boss), i, 0, replica_log_at(node_replica(boss), i)->len, true, take_sizes, &s, &err), &err, "scan");
	figure("rekey64_epoch_bytes", (double)s.epoch, "bytes", REKEY_DEVICES * 48.0, "bytes, 64 sealed keys", (double)s.epoch / (REKEY_DEVICES * 48.0));
	figure("table_bytes_per_key", (double)s.tables / REKEY_CASES, "bytes", 32, "bytes, the key alone", (double)s.tables / REKEY_CASES / 32);
	node_close(boss);
	buf_free(&payload);
	free(removal);
}
