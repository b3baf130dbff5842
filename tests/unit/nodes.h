/*
 * Nodes of one organisation on real disks, for tests: a coordinator's, and
 * advisers' that it admits. What travels between them travels as runs.
 *
 *    struct nodes o;
 *    nodes_start(&o);                       a coordinator with one team, which she reads
 *    n = nodes_join(&o, "dalby", true);     an adviser admitted to it, with her welcome
 *    nodes_copy(&o, o.first, n);            what the first has, the second gets
 *    nodes_end(&o);
 */
#ifndef FALTBOK_TESTS_NODES_H
#define FALTBOK_TESTS_NODES_H

#include "site.h"

#include "crypto/keystore.h"
#include "node/node_internal.h"

enum { NODES_MAX = 6 };

struct nodes {
	struct site site;           /* env and directory are in use, nothing else */
	struct env *env;
	struct node *node[NODES_MAX];
	char home[NODES_MAX][96];
	size_t count;
	struct node *first;         /* the coordinator's, node[0] */
	struct stream_id team;
	struct node_seeds seeds;
};

static int64_t nodes_clock_ms;

static inline int64_t
nodes_wall_ms(struct env *env)
{
	(void)env;
	return nodes_clock_ms += 1000; /* everybody writes at another second */
}

static inline struct buf
nodes_profile(void)
{
	struct buf out = BUF_INIT;

	SITE_OK(posix_files.read(NULL, "packaging/profiles/radrum.json", 1 << 20, &out, err));
	return out;
}

static inline struct node_secret
nodes_secret(void)
{
	return (struct node_secret){ .slot = 1, .secret = BYTES_STR("fem ord om natten") };
}

static inline struct node *
nodes_open(struct nodes *o, size_t i)
{
	struct node_secret secret = nodes_secret();

	SITE_OK(node_open(&o->node[i], o->env, o->home[i], &secret, err));
	return o->node[i];
}

static inline size_t
nodes_home(struct nodes *o, const char *name, struct home *h)
{
	struct node_secret secret = nodes_secret();
	size_t i = o->count++;

	snprintf(o->home[i], sizeof(o->home[i]), "%s/%s", o->site.dir, name);
	SITE_OK(home_create(h, o->env, o->home[i], name, name, secret.secret, KDF_INTERACTIVE, NULL, err));
	return i;
}

static inline void
nodes_start(struct nodes *o)
{
	static const struct env_ops ops = {
		.mono_ns = posix_mono_ns, .wall_ms = nodes_wall_ms, .random = fixed_random, .log = site_silent,
	};
	struct buf profile = nodes_profile();
	struct device_id self;
	struct home h;

	memset(o, 0, sizeof(*o));
	keystore_cheap_for_tests = true;
	nodes_clock_ms = 1561960800000;
	site_start(&o->site);
	o->env = o->site.env;
	o->env->ops = &ops;
	nodes_home(o, "lund", &h);
	home_close(&h);
	o->first = nodes_open(o, 0);
	SITE_OK(node_found(o->first, "Lunds rådgivning", "Samordnaren", "lund", buf_bytes(&profile), false, &o->seeds, err));
	SITE_OK(node_team_add(o->first, "Lund", false, &o->team, err));
	self = node_self(o->first)->id;
	SITE_OK(node_grant(o->first, &self, &o->team, err));
	SITE_OK(node_commit(o->first, err));
	buf_free(&profile);
}

static inline struct node *
nodes_reopen(struct nodes *o, struct node *n)
{
	size_t i = 0;

	while (o->node[i] != n)
		i++;
	node_close(n);
	n = nodes_open(o, i);
	if (i == 0)
		o->first = n;
	return n;
}

static inline struct node *
nodes_join_as(struct nodes *o, const char *name, uint8_t role, bool in_team)
{
	struct buf request = BUF_INIT, welcome = BUF_INIT;
	struct join_request req;
	struct welcome w;
	struct device_id dev;
	struct home h;
	size_t i = nodes_home(o, name, &h);

	SITE_OK(home_request(&h, &request, err));
	SITE_OK(join_request_decode(&req, buf_bytes(&request), err));
	SITE_OK(node_admit(o->first, &req, role, &o->team, in_team ? 1 : 0, &dev, err));
	SITE_OK(node_commit(o->first, err));
	SITE_OK(node_welcome(o->first, &dev, &welcome, err));
	SITE_OK(welcome_open(&w, &h, buf_bytes(&welcome), err));
	SITE_OK(welcome_accept(&h, &w, err));
	welcome_free(&w);
	home_close(&h);
	buf_free(&request);
	buf_free(&welcome);
	return nodes_open(o, i);
}

static inline struct node *
nodes_join(struct nodes *o, const char *name, bool in_team)
{
	return nodes_join_as(o, name, ROLE_ADVISOR, in_team);
}

/* Entries begin..end-1 of one log. Not committed. */
static inline void
nodes_copy_part(struct replica *from, struct replica *to, size_t log, uint64_t begin, uint64_t end)
{
	struct ingest_counts counts = { .stored = 0 };
	struct buf runs = BUF_INIT;
	uint64_t at = begin;

	while (at < end) {
		buf_clear(&runs);
		SITE_OK(replica_read_run(from, log, at, end, false, 1 << 18, &runs, &at, err));
		SITE_OK(site_ingest(to, buf_bytes(&runs), &counts, err));
	}
	buf_free(&runs);
}

static inline void
nodes_copy_streams(struct node *a, struct node *b, bool control)
{
	struct replica *from = node_replica(a), *to = node_replica(b);
	const struct stream_id control_id = control_stream(org_id(node_org(a)));

	for (size_t i = 0; i < replica_log_count(from); i++) {
		const struct log_head *l = replica_log_at(from, i);
		uint64_t have = 0;
		size_t at;

		if (SAME(l->key.stream, control_id) != control)
			continue;
		if (replica_log_find(to, &l->key, &at))
			have = replica_log_at(to, at)->len;
		nodes_copy_part(from, to, i, have, l->len);
	}
	SITE_OK(replica_commit(to, err));
}

static inline void
nodes_copy(struct node *from, struct node *to)
{
	nodes_copy_streams(from, to, true);
	nodes_copy_streams(from, to, false);
}

static inline void
nodes_meet(struct node *a, struct node *b)
{
	nodes_copy(a, b);
	nodes_copy(b, a);
}

static inline void
nodes_end(struct nodes *o)
{
	for (size_t i = 0; i < o->count; i++)
		node_close(o->node[i]);
	site_end(&o->site);
	keystore_cheap_for_tests = false;
}

/* ---- what people do ---- */

static inline struct record_id
nodes_id(struct nodes *o)
{
	struct record_id id;

	env_random(o->env, id.b, sizeof(id.b));
	return id;
}

/* Sets a field of a case, and a note when there is one; in the open batch. */
static inline void
nodes_write(struct nodes *o, struct node *n, const struct record_id *id, const char *field, const char *text, const char *note)
{
	const struct profile_type *t = profile_type_named(node_profile(n), "case");
	uint8_t note_id[16];
	struct draft d;

	draft_init(&d, t, id);
	if (field != NULL)
		SITE_OK(draft_assign_text(&d, OP_SET, field, text, err));
	env_random(o->env, note_id, sizeof(note_id));
	if (note != NULL)
		SITE_OK(draft_note(&d, note_id, note, NULL, err));
	SITE_OK(node_write(n, &o->team, &d, NULL, err));
	draft_free(&d);
}

static inline void
nodes_put(struct nodes *o, struct node *n, const struct record_id *id, const char *field, const char *text, const char *note)
{
	nodes_write(o, n, id, field, text, note);
	SITE_OK(node_commit(n, err));
}

/* The field's best value as text, or "" when there is none; how many values it has in *count. */
static inline const char *
nodes_read(struct node *n, const struct record_id *id, const char *field, size_t *count)
{
	static const struct record_id none;
	static char text[256];
	const struct profile_type *t = profile_type_named(node_profile(n), "case");
	struct record *r = record_new(&none);
	const struct value *v;
	size_t values = 0;

	text[0] = '\0';
	if (node_record(n, id, r, NULL, NULL) == ERR_OK) {
		v = record_values(r, profile_field_named(t, field)->number, &values);
		if (values > 0) {
			struct rd rd = rd_init(v[0].value);
			struct bytes s = rd_str(&rd, sizeof(text) - 1);

			memcpy(text, s.p, s.len);
			text[s.len] = '\0';
		}
	}
	if (count != NULL)
		*count = values;
	record_free(r);
	return text;
}

static inline void
nodes_same_state(struct node *a, struct node *b)
{
	uint8_t x[32], y[32];

	SITE_OK(view_state_hash(node_view(a), x, err));
	SITE_OK(view_state_hash(node_view(b), y, err));
	assert_memory_equal(x, y, 32);
}

#endif
