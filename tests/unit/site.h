/*
 * A small organisation on real disks: a root, devices it admits, a team, and
 * replicas in directories of their own. Keys and payloads come from a
 * counter, so every run writes the same bytes.
 *
 *    struct site w;
 *    site_start(&w);
 *    r = site_replica(&w, "a");            an empty replica that knows the organisation
 *    site_found(&w, r);                    GENESIS, TEAM, and everybody in w.device admitted and granted
 *    site_note(&w, r, ADVISER, &w.team, 300);
 *    site_copy(&w, r, other);
 *    site_end(&w);
 */
#ifndef FALTBOK_TESTS_SITE_H
#define FALTBOK_TESTS_SITE_H

#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* nftw */
#endif
#include <ftw.h>
#include <stdlib.h>

#include "check.h"
#include "fixed_env.h"

#include "base/posix.h"
#include "crypto/guard.h"
#include "store/replica.h"

/* Where replicas are opened: NULL, files of their own; else a schema of their own in that database. */
static const struct db_engine *site_engine;

enum { COORDINATOR, ADVISER, SECOND, HUB, SITE_DEVICES };

struct site {
	struct fixed_env fixed;
	struct env *env;
	char dir[64];
	struct device_keys root;               /* only its signing pair is in use */
	struct genesis genesis;
	struct org_id org;
	struct stream_id control, roster, team;
	struct device_keys device[SITE_DEVICES];
	struct device_id id[SITE_DEVICES];
	struct inc inc;                        /* everybody's first incarnation */
};

/* A call that must succeed; inside it, &err is where its sentence goes. */
#define SITE_OK(call)                                                                     \
	do {                                                                              \
		struct err site_err_ = ERR_INIT, *err = &site_err_;                       \
		(void)err;                                                                \
		if ((call) != ERR_OK)                                                     \
			fail_msg("%s: %s", #call, site_err_.text);                        \
	} while (0)

static inline void
site_silent(struct env *env, const char *line)
{
	(void)env;
	(void)line;
}

static inline void
site_start(struct site *w)
{
	static const struct env_ops ops = {
		.mono_ns = posix_mono_ns, .wall_ms = posix_wall_ms, .random = fixed_random, .log = site_silent,
	};
	uint8_t seed[32];

	memset(w, 0, sizeof(*w));
	assert_true(crypto_start());
	w->env = fixed_env_init(&w->fixed);
	w->env->ops = &ops;
	w->env->files = &posix_files;
	snprintf(w->dir, sizeof(w->dir), "/tmp/faltbok-test-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	env_random(w->env, seed, sizeof(seed));
	sign_pair_from_seed(w->root.sign_pk.b, w->root.sign_sk, seed);
	w->genesis.suite = 1;
	w->genesis.root_pk = w->root.sign_pk;
	env_random(w->env, w->genesis.nonce, sizeof(w->genesis.nonce));
	w->org = org_id_of(&w->genesis);
	w->control = control_stream(&w->org);
	w->roster = roster_stream(&w->org);
	env_random(w->env, w->team.b, sizeof(w->team.b));
	env_random(w->env, w->inc.b, sizeof(w->inc.b));
	for (size_t i = 0; i < SITE_DEVICES; i++) {
		env_random(w->env, seed, sizeof(seed));
		device_keys_derive(&w->device[i], seed);
		w->id[i] = device_id_of(&w->device[i].sign_pk);
	}
}

static inline int
site_unlink(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void
site_end(struct site *w)
{
	nftw(w->dir, site_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* DIR/name, made when it is not there. Lives until the next call. */
static inline const char *
site_home(struct site *w, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	SITE_OK(posix_files.make_dir(w->env, path, err));
	return path;
}

/* The schema of a replica in this site's time: directories have names of six letters and digits of their own. */
static inline const char *
site_schema(struct site *w, const char *name)
{
	static char schema[64];
	size_t n = (size_t)snprintf(schema, sizeof(schema), "t_%s_%s", strrchr(w->dir, '-') + 1, name);

	for (size_t i = 0; i < n; i++) /* lower case only; two that differ in nothing else are not met in practice */
		schema[i] = (char)(schema[i] >= 'A' && schema[i] <= 'Z' ? schema[i] + 32 : schema[i]);
	return schema;
}

static inline struct replica *
site_open(struct site *w, const char *name)
{
	struct replica *r = NULL;

	if (site_engine != NULL) {
		SITE_OK(replica_open_in(&r, w->env, site_engine, site_schema(w, name), site_home(w, name), true, err));
		return r;
	}
	SITE_OK(replica_open(&r, w->env, site_home(w, name), true, err));
	return r;
}

static inline struct replica *
site_replica(struct site *w, const char *name)
{
	struct replica *r = site_open(w, name);

	SITE_OK(replica_set_org(r, &w->org, &w->root.sign_pk, err));
	SITE_OK(replica_commit(r, err));
	return r;
}

static inline struct entry
site_append(struct site *w, struct replica *r, const struct device_keys *by, const struct stream_id *stream,
            uint8_t kind, struct bytes payload)
{
	struct entry e;

	memset(&e, 0, sizeof(e));
	SITE_OK(replica_append(r, by, &w->inc, stream, kind, payload, &e, err));
	return e;
}

static inline struct entry
site_op(struct site *w, struct replica *r, const struct device_keys *by, const struct control_op *op)
{
	struct buf b = BUF_INIT;
	struct entry e;

	control_op_encode(&b, op);
	assert_true(buf_ok(&b));
	e = site_append(w, r, by, &w->control, op->kind, buf_bytes(&b));
	e.payload = BYTES_NONE;
	e.has_payload = false;
	buf_free(&b);
	return e;
}

static inline struct entry
site_admit(struct site *w, struct replica *r, const struct device_keys *by, const struct device_keys *who)
{
	struct control_op op = { .kind = KIND_ADMIT };
	struct join_request request;
	struct seal_pair seal;
	uint8_t nonce[16];

	memset(&request, 0, sizeof(request));
	seal_pair_make(w->env, &seal);
	env_random(w->env, nonce, sizeof(nonce));
	join_request_make(&request, who, seal.pk, nonce);
	op.u.admit = request.keys;
	memcpy(op.u.admit.member.b, who->sign_pk.b, sizeof(op.u.admit.member.b)); /* one member per device */
	op.u.admit.enc_name = BYTES_NONE;
	return site_op(w, r, by, &op);
}

static inline struct entry
site_grant(struct site *w, struct replica *r, const struct device_keys *by, size_t device, uint8_t role,
           const struct stream_id *team)
{
	struct control_op op = { .kind = KIND_GRANT };

	op.u.grant.dev = w->id[device];
	op.u.grant.role = role;
	op.u.grant.has_team = team != NULL;
	if (team)
		op.u.grant.team = *team;
	op.u.grant.rank = role == ROLE_COORDINATOR ? 1 : RANK_NONE;
	return site_op(w, r, by, &op);
}

static inline void
site_found(struct site *w, struct replica *r)
{
	struct control_op op = { .kind = KIND_GENESIS };
	const struct device_keys *c = &w->device[COORDINATOR];

	op.u.genesis = w->genesis;
	site_op(w, r, &w->root, &op);
	for (size_t i = 0; i < SITE_DEVICES; i++)
		site_admit(w, r, &w->root, &w->device[i]);
	site_grant(w, r, &w->root, COORDINATOR, ROLE_COORDINATOR, NULL);
	memset(&op, 0, sizeof(op));
	op.kind = KIND_TEAM;
	op.u.team.team = w->team;
	op.u.team.state = 1;
	site_op(w, r, c, &op);
	site_grant(w, r, c, ADVISER, ROLE_ADVISOR, &w->team);
	site_grant(w, r, c, SECOND, ROLE_ADVISOR, &w->team);
	site_grant(w, r, c, HUB, ROLE_HUB, NULL);
	SITE_OK(replica_commit(r, err));
}

/* A DATA entry of random bytes; not committed. */
static inline struct entry
site_note(struct site *w, struct replica *r, size_t device, const struct stream_id *stream, size_t bytes)
{
	static uint8_t payload[PAYLOAD_BYTES_MAX];

	env_random(w->env, payload, bytes);
	return site_append(w, r, &w->device[device], stream, KIND_DATA, BYTES(payload, bytes));
}

/* Everything of one log from `seq` on as one run, appended to out. */
static inline void
site_run(struct replica *r, size_t log, uint64_t seq, struct buf *out)
{
	uint64_t next;

	SITE_OK(replica_read_run(r, log, seq, UINT64_MAX, false, SIZE_MAX, out, &next, err));
}

static inline enum err_code
site_ingest(struct replica *r, struct bytes run, struct ingest_counts *counts, struct err *err)
{
	struct rd rd = rd_init(run);

	return replica_ingest_run(r, &rd, counts, err);
}

/* The logs of the control stream, or all others. Not committed. */
static inline void
site_copy_logs(struct site *w, struct replica *from, struct replica *to, bool control)
{
	struct ingest_counts counts = { 0 };
	struct buf run = BUF_INIT;

	for (size_t i = 0; i < replica_log_count(from); i++) {
		if (SAME(replica_log_at(from, i)->key.stream, w->control) != control || replica_log_at(from, i)->len == 0)
			continue;
		buf_clear(&run);
		site_run(from, i, 0, &run);
		(void)!site_ingest(to, buf_bytes(&run), &counts, NULL); /* an ADMIT may be missing yet: the next round */
	}
	buf_free(&run);
}

/* All of `from` into `to`: control first, until an ADMIT in any of its logs has been heard. */
static inline void
site_copy(struct site *w, struct replica *from, struct replica *to)
{
	for (int round = 0; round < 3; round++)
		site_copy_logs(w, from, to, true);
	site_copy_logs(w, from, to, false);
	SITE_OK(replica_commit(to, err));
}

static inline size_t
site_log_of(struct site *w, struct replica *r, const struct device_keys *who, const struct stream_id *stream)
{
	struct log_key key;
	size_t i = SIZE_MAX;

	memset(&key, 0, sizeof(key));
	key.author = who->sign_pk;
	key.stream = *stream;
	key.inc = w->inc;
	assert_true(replica_log_find(r, &key, &i));
	return i;
}

#endif
