/*
 * One organisation's part of a hub. Whatever one peer brings is pushed to the
 * others as soon as it is durable. What holds for a peer just now, room and
 * doubt, is asked for through peer_rules at every step it makes.
 */
#include "base/mem.h"
#include "base/table.h"
#include "codec/strict.h"
#include "crypto/guard.h"
#include "hub/hub_internal.h"
#include "link/frame.h"
#include "org/ops.h"
#include "store/attest.h"
#include "store/netkey.h"
#include "sync/message.h"

#define NS_PER_S 1000000000ull
#define META_QUOTA "hub.quota" /* [bytes, entries, devices, links] */

enum {
	CALLERS_MAX = 1024,
	STEP_BYTES = 128 << 10, /* five hundred who read slowly keep 64 MiB of ours */
	REST_S = 3,             /* so long nothing has come or gone: the store may be written anew */
	REST_WAIT_S = 300,      /* one that never rests is kept waiting once, a second for each hundred thousand entries */
	REST_AGAIN_S = 600,     /* when there was no room for it */
	TEND_MS = 100,          /* how long what another hub has stored waits at most, and how long ours keeps it from its turn */
};

/* ---- room ---- */

static bool
is_full(const struct tenant *t)
{
	const struct hub_quota *q = &t->quota;

	return (q->entries != 0 && replica_entry_count(t->home.replica) >= q->entries) ||
	       (q->bytes != 0 && t->file_bytes + replica_pending(t->home.replica) >= q->bytes);
}

/* Those whose links are open have heard otherwise: they are to begin anew. */
static void
see_room(struct tenant *t)
{
	bool now = is_full(t);

	if (now == t->is_full)
		return;
	t->is_full = now;
	env_logf(t->home.env, "%s", now ? "the quota of an organisation is used up: nothing more of its teams is taken" : "an organisation has room again");
	meet_hang_up(t->meet);
}

static enum err_code
load_quota(struct tenant *t, struct err *err)
{
	struct hub_quota q = { 0, 0, 0, 0 };
	struct buf b = BUF_INIT;
	enum err_code rc = replica_meta_get(t->home.replica, META_QUOTA, &b, err);

	if (rc == ERR_OK) {
		struct rd r = rd_init(buf_bytes(&b));

		rd_array(&r, 4);
		q.bytes = rd_uint(&r, INT64_MAX);
		q.entries = rd_uint(&r, INT64_MAX);
		q.devices = rd_uint(&r, INT64_MAX);
		q.links = rd_uint(&r, INT64_MAX);
		if (!rd_end(&r))
			rc = err_set(err, ERR_DAMAGED, "the quota of %s does not read back", t->home.path);
	}
	if (rc == ERR_OK)
		t->quota = q;
	buf_free(&b);
	return rc == ERR_UNKNOWN ? err_forgive(err) : rc;
}

enum err_code
tenant_set_quota(struct tenant *t, const struct hub_quota *quota, struct err *err)
{
	struct buf b = BUF_INIT;
	enum err_code rc;

	wr_array(&b, 4);
	wr_uint(&b, quota->bytes);
	wr_uint(&b, quota->entries);
	wr_uint(&b, quota->devices);
	wr_uint(&b, quota->links);
	rc = buf_ok(&b) ? replica_meta_put(t->home.replica, META_QUOTA, buf_bytes(&b), err) : err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK)
		rc = replica_commit(t->home.replica, err);
	if (rc == ERR_OK) {
		t->quota = *quota;
		see_room(t);
	}
	buf_free(&b);
	return rc;
}

static enum err_code
load_callers(struct tenant *t, struct err *err)
{
	struct replica_peer *peers = mem_alloc(CALLERS_MAX * sizeof(*peers));
	size_t count = peers != NULL ? replica_peers(t->home.replica, peers, CALLERS_MAX) : 0;

	t->callers = table_new(sizeof(struct device_id));
	for (size_t i = 0; i < count && t->callers != NULL; i++) {
		struct device_id id = device_id_of(&peers[i].author);
		uint64_t *at = table_put(t->callers, id.b);

		if (at != NULL)
			*at = 1;
	}
	mem_free(peers);
	return peers != NULL && t->callers != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

/* ---- what holds for a peer ---- */

static uint32_t
notice(void *ctx, const struct org_device *peer)
{
	struct tenant *t = ctx;
	uint32_t flags = is_full(t) || t->away ? HELLO_FULL : 0;

	if (peer != NULL && doubt_holds(&t->doubt, replica_org(t->home.replica), peer))
		flags |= HELLO_WITHHOLDS;
	return flags;
}

static void
agreed(void *ctx, const struct org_device *peer)
{
	struct tenant *t = ctx;

	if (!doubt_hear(&t->doubt, peer))
		return;
	meet_notify(t->meet); /* what was held back goes out now */
}

static bool
room(void *ctx, struct peer *p, const struct org_device *peer)
{
	struct tenant *t = ctx;
	uint64_t *known;

	meet_crowd(t->meet, p, HUB_LINKS_PER_DEVICE);
	if (t->away)
		return false;
	if (t->quota.links != 0 && meet_links(t->meet) > t->quota.links) {
		t->refused_links++;
		return false;
	}
	if (peer == NULL || peer->gone)
		return true; /* what these are told needs no room */
	known = table_get(t->callers, peer->id.b);
	if (known == NULL && t->quota.devices != 0 && table_count(t->callers) >= t->quota.devices) {
		t->refused_links++;
		return false;
	}
	if (known == NULL && (known = table_put(t->callers, peer->id.b)) != NULL)
		*known = 1;
	return true;
}

/* ---- the replica's hook ---- */

static void
stored(void *ctx, size_t log, const struct entry *e)
{
	struct tenant *t = ctx;
	const struct org *org = replica_org(t->home.replica);
	struct stream_id control;

	(void)log;
	if (org == NULL || !org_known(org)) {
		t->control_grew = true;
		return;
	}
	control = control_stream(org_id(org));
	t->control_grew = t->control_grew || SAME(control, e->h.stream);
}

static void see_store(struct tenant *t);

static void
dropped(void *ctx)
{
	see_store(ctx);
}

/* What is held here is worth knowing to those who never call; its own commit comes back here, and finds nothing due. */
static void
attest(struct tenant *t)
{
	struct err err = ERR_INIT;

	/* A store that may be an older one may have written on before: its next entry could be a fork. */
	if (t->attesting || doubt_holds(&t->doubt, replica_org(t->home.replica), NULL))
		return;
	t->attesting = true;
	if (replica_confirm(t->home.replica, &t->home.keys->device, &t->home.keys->inc, &err) != ERR_OK)
		env_logf(t->home.env, "confirming an erasure: %s", err.text);
	if (replica_attest(t->home.replica, &t->home.keys->device, &t->home.keys->inc, NULL, 0, NULL, &err) != ERR_OK ||
	    replica_commit(t->home.replica, &err) != ERR_OK)
		env_logf(t->home.env, "attesting: %s", err.text);
	t->attesting = false;
}

/* Before anybody is told of it: who restarts with an older disk must not be able to say that it is this one. */
static void
witness(struct tenant *t)
{
	struct device_id id = device_id_of(&t->home.keys->device.sign_pk);
	uint8_t now[32];

	if (!t->control_grew)
		return;
	t->control_grew = false;
	doubt_witness(t->home.replica, t->home.keys->device.seed, now);
	if (memcmp(now, t->witness, sizeof(now)) == 0)
		return;
	memcpy(t->witness, now, sizeof(now));
	if (t->config->witness_put != NULL)
		t->config->witness_put(t->config->ctx, &id, now);
}

/* ---- after an erasure ---- */

static void rest(void *ctx);

static void
rest_in(struct tenant *t, uint64_t seconds)
{
	if (t->rest == NULL)
		t->rest = t->home.env->ops->timer(t->home.env, seconds * NS_PER_S, rest, t);
}

/*
 * What was erased is deleted, and gaps in the pages may hold copies of it until the store is written anew. That takes its time,
 * so it waits for a moment when nobody exchanges; proto/store.md, 3.
 */
static void
rest(void *ctx)
{
	struct tenant *t = ctx;
	uint64_t now = t->home.env->ops->mono_ns(t->home.env);
	struct err err = ERR_INIT;

	t->rest = NULL;
	if (!replica_scrub_is_due(t->home.replica))
		return;
	if (now < t->rest_due_ns && (meet_busy(t->meet) > 0 || now - t->stirred_ns < REST_S * NS_PER_S)) {
		rest_in(t, REST_S);
		return;
	}
	if (replica_scrub(t->home.replica, &err) != ERR_OK)
		env_logf(t->home.env, "%s", err.text);
	t->file_bytes = replica_file_bytes(t->home.replica);
	if (replica_scrub_is_due(t->home.replica)) /* no room, or in the middle of taking something in */
		rest_in(t, err.code != ERR_OK ? REST_AGAIN_S : REST_S);
}

static void
stir(struct tenant *t)
{
	t->stirred_ns = t->home.env->ops->mono_ns(t->home.env);
	if (t->rest != NULL || !replica_scrub_is_due(t->home.replica))
		return;
	t->rest_due_ns = t->stirred_ns + REST_WAIT_S * NS_PER_S;
	rest_in(t, REST_S);
}

static void
committed(void *ctx)
{
	struct tenant *t = ctx;
	struct err err = ERR_INIT;

	t->file_bytes = replica_file_bytes(t->home.replica);
	witness(t);
	if (home_learn_network(&t->home, NULL, &err) != ERR_OK)
		env_logf(t->home.env, "taking up a network key: %s", err.text);
	t->host.network_count = t->home.keys->network_count;
	attest(t);
	see_room(t);
	stir(t);
	meet_notify(t->meet);
}

static void
met(void *ctx, const struct peer_result *r, const char *addr)
{
	struct tenant *t = ctx;
	char dev[17] = "?";

	stir(t);
	t->exchanges++;
	t->failed += r->code != ERR_OK;
	if (r->known)
		hex_encode(dev, r->device.b, 8);
	if (r->code != ERR_OK)
		env_logf(t->home.env, "%s: %s", addr, r->text);
	else
		env_logf(t->home.env, "%s: sent %llu, received %llu, %s", dev, (unsigned long long)r->sent,
		         (unsigned long long)r->received, r->in_step ? "in step" : "not in step");
}

/* ---- a store that others share ---- */

/* While its server is away nothing can be read or saved: whoever is linked hears BYE, and whoever calls that there is no room. */
static void
see_store(struct tenant *t)
{
	bool away = replica_away(t->home.replica);

	if (away == t->away)
		return;
	t->away = away;
	env_logf(t->home.env, "%s", away ? "the database of an organisation cannot be reached: nothing is taken until it is back"
	                                 : "the database of an organisation is back");
	meet_hang_up(t->meet);
}

static void
tend(void *ctx)
{
	struct tenant *t = ctx;
	struct err err = ERR_INIT;

	t->tend = NULL;
	if (replica_tend(t->home.replica)) {
		if (load_quota(t, &err) != ERR_OK)
			env_logf(t->home.env, "%s", err.text);
		see_room(t);
	}
	see_store(t);
	t->tend = t->home.env->ops->timer(t->home.env, TEND_MS * 1000000ull, tend, t);
}

/* ---- life ---- */

void
hub_witness_of(struct home *home, uint8_t out[32])
{
	doubt_witness(home->replica, home->keys->device.seed, out);
}

static void
settle_doubt(struct tenant *t)
{
	struct device_id id = device_id_of(&t->home.keys->device.sign_pk);
	const struct hub_config *c = t->config;
	uint8_t kept[32];

	doubt_witness(t->home.replica, t->home.keys->device.seed, t->witness);
	t->doubt.proven = c->continuous || (!t->home.moved && !replica_waits_for_room(t->home.replica) && c->witness_get != NULL && c->witness_get(c->ctx, &id, kept) &&
	                                    memcmp(kept, t->witness, sizeof(kept)) == 0);
	if (t->doubt.proven && c->witness_put != NULL)
		c->witness_put(c->ctx, &id, t->witness);
	if (doubt_holds(&t->doubt, replica_org(t->home.replica), NULL))
		env_logf(t->home.env, "this may be an older state of the store: nothing of teams is given out before a coordinator's device has called");
}

static void
woke(void *ctx)
{
	meet_wake(((struct tenant *)ctx)->meet);
}

enum err_code
tenant_new(struct tenant **out, struct home *home, const struct hub_config *config, struct err *err)
{
	static const struct org_id nobody;
	struct err why = ERR_INIT;
	struct tenant *t;
	enum err_code rc;

	*out = NULL;
	if (SAME(home->keys->org, nobody))
		return err_set(err, ERR_REFUSED, "%s has not joined an organisation yet; `faltbok-hub join --welcome FILE` takes a welcome", home->path);
	t = mem_zero(1, sizeof(*t));
	if (t == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	t->home = *home;
	t->config = config;
	if (home_learn_network(&t->home, NULL, &why) != ERR_OK) /* a stop may have come between a commit and the keystore */
		env_logf(home->env, "taking up a network key: %s", why.text);
	t->host = (struct peer_host){
		.env = home->env, .replica = home->replica, .keys = &home->keys->device, .role = ROLE_HUB,
		.network = home->keys->network, .network_count = home->keys->network_count, .stay = true,
		.rules = { t, STEP_BYTES, notice, agreed, room },
	};
	t->file_bytes = replica_file_bytes(home->replica);
	rc = load_quota(t, err);
	if (rc == ERR_OK)
		rc = load_callers(t, err);
	if (rc == ERR_OK) {
		t->meet = meet_new(&t->host, &(struct meet_events){ .ctx = t, .result = met });
		t->relays = t->meet != NULL ? relays_new(&t->host) : NULL;
		if (t->relays == NULL)
			rc = err_plain(err, ERR_NO_MEMORY);
	}
	if (rc != ERR_OK) {
		memset(&t->home, 0, sizeof(t->home)); /* the caller's still */
		tenant_free(t);
		return rc;
	}
	t->wake = wake_new(home->env, woke, t);
	t->is_full = is_full(t);
	settle_doubt(t);
	replica_set_hook(t->home.replica, &(struct replica_hook){ .ctx = t, .stored = stored, .committed = committed, .dropped = dropped });
	if (replica_scrub(t->home.replica, &why) != ERR_OK) /* nobody waits yet */
		env_logf(t->home.env, "%s", why.text);
	stir(t); /* there was no room: later */
	if (replica_shared(t->home.replica))
		tend(t);
	*out = t;
	return ERR_OK;
}

void
tenant_hang_up(struct tenant *t)
{
	static const struct replica_hook nobody;

	if (t->tend != NULL)
		t->home.env->ops->timer_stop(t->home.env, t->tend);
	t->tend = NULL;
	if (t->rest != NULL)
		t->home.env->ops->timer_stop(t->home.env, t->rest);
	t->rest = NULL;
	seek_free(t->seek);
	wake_free(t->wake);
	t->wake = NULL;
	relays_free(t->relays);
	meet_free(t->meet);
	t->seek = NULL;
	t->relays = NULL;
	t->meet = NULL;
	if (t->home.replica != NULL)
		replica_set_hook(t->home.replica, &nobody);
}

void
tenant_free(struct tenant *t)
{
	if (t == NULL)
		return;
	tenant_hang_up(t);
	table_free(t->callers);
	home_close(&t->home);
	mem_free(t);
}

bool
tenant_take(struct tenant *t, struct env_conn *conn, const char *from, struct bytes first)
{
	uint8_t psks[KEYSTORE_NETWORK_KEYS][32];
	size_t links = peer_host_links(&t->host), count = links < KEYSTORE_NETWORK_KEYS ? links : KEYSTORE_NETWORK_KEYS, which;

	for (size_t i = 0; i < count; i++)
		link_psk(psks[i], t->host.network[i].n);
	which = link_which(first.p, (const uint8_t (*)[32])psks, count);
	wipe(psks, sizeof(psks));
	if (which == SIZE_MAX)
		return relays_take(t->relays, conn, from, first);
	meet_take(t->meet, conn, from, first);
	return true;
}

struct replica *
tenant_replica(struct tenant *t)
{
	return t->home.replica;
}

void
tenant_status(struct tenant *t, struct tenant_status *out)
{
	*out = (struct tenant_status){
		.org = t->home.keys->org, .device = device_id_of(&t->home.keys->device.sign_pk),
		.member = (const char *)t->home.keys->member_name, .device_name = (const char *)t->home.keys->device_name,
		.entries = replica_entry_count(t->home.replica), .logs = replica_log_count(t->home.replica),
		.file_bytes = replica_file_bytes(t->home.replica), .links = meet_links(t->meet), .devices = table_count(t->callers),
		.exchanges = t->exchanges, .failed = t->failed, .refused_links = t->refused_links,
		.gives = !doubt_holds(&t->doubt, replica_org(t->home.replica), NULL), .full = is_full(t),
		.shared = replica_shared(t->home.replica), .away = replica_away(t->home.replica), .quota = t->quota,
	};
	replica_frontier(t->home.replica, NULL, NULL, out->frontier);
}
