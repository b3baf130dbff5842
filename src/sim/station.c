#include "sim/station.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "node/tend.h"
#include "sim/mark.h"
#include "sim/world_internal.h"

const char station_profile[] =
	"{\"profile\":\"simulated\",\"version\":1,"
	"\"lists\":[{\"name\":\"tag\",\"choices\":[{\"code\":\"tag0\"},{\"code\":\"tag1\"},{\"code\":\"tag2\"}]}],\"types\":[{\"number\":2,\"name\":\"case\",\"group\":\"own\","
	"\"class\":\"content\",\"notes\":true,\"fields\":["
	"{\"number\":1,\"name\":\"status\",\"type\":\"text\"},"
	"{\"number\":2,\"name\":\"owner\",\"type\":\"text\"},"
	"{\"number\":3,\"name\":\"tags\",\"type\":\"choice\",\"list\":\"tag\",\"shape\":\"set\",\"class\":\"statistics\"},"
	"{\"number\":4,\"name\":\"minutes\",\"type\":\"integer\",\"shape\":\"sum\",\"class\":\"statistics\"}]}]}";

struct station *
station_new(struct world *w, size_t no)
{
	static const char *const people[] = { "Annika Lindqvist", "Bertil Sandberg", "Carla Nordstrand", "Dagny Holmgren",
		                              "Edvin Bergfors", "Farida Ekholm" };
	struct station *s = sim_must(mem_zero(1, sizeof(*s)));

	if (!crypto_start())
		abort();
	s->world = w;
	s->host = world_host(w, no);
	s->no = no;
	snprintf(s->home, sizeof(s->home), "/home/n%zu/faltbok", no);
	snprintf(s->pass, sizeof(s->pass), "snow falls on lamp post %zu", no);
	snprintf(s->addr, sizeof(s->addr), "n%zu:%d", no, STATION_PORT);
	snprintf(s->member, sizeof(s->member), "%s %zu", people[no % COUNT_OF(people)], no);
	snprintf(s->device, sizeof(s->device), "laptop of table %zu", no);
	scan_add_text(world_scan(w), "a passphrase", s->pass);
	scan_add_text(world_scan(w), "a member's name", s->member);
	scan_add_text(world_scan(w), "a device's name", s->device);
	return s;
}

bool
station_runs(const struct station *s)
{
	return s->node != NULL || s->hub != NULL;
}

bool
station_power_went(const struct station *s)
{
	return disk_dead(host_disk(s->host));
}

/* What a call says counts only when the power was on when it returned. */
static enum err_code
outcome(const struct station *s, enum err_code rc, struct err *err)
{
	if (rc == ERR_OK && station_power_went(s))
		return err_set(err, ERR_IO, "the power went");
	return rc;
}

/* ---- meeting ---- */

struct dialled {
	struct peer_host host; /* a copy of the node's, with callbacks of its own */
	struct peer *peer;     /* NULL once it is gone */
	struct station *station;
	struct dialled *next;
};

static void
met(void *ctx, const struct peer_result *r, const char *addr)
{
	struct station *s = ctx;

	trace_line(world_trace(s->world), "n%zu: exchange with %s: %s%s, sent %llu, received %llu", s->no, addr,
	           r->code == ERR_OK ? (r->in_step ? "in step" : "ended") : "failed: ", r->code == ERR_OK ? "" : r->text,
	           (unsigned long long)r->sent, (unsigned long long)r->received);
	s->results++;
	if (s->seek != NULL && seek_heard(s->seek) > 0)
		mark(MARK_FOUND_BY_BEACON);
	s->in_step += r->code == ERR_OK && r->in_step;
	s->failures += r->code != ERR_OK;
	if (s->told != NULL)
		s->told(s->told_ctx, s, r);
}

static void
dialled_done(void *ctx, struct peer *peer, const struct peer_result *r)
{
	(void)peer;
	met(((struct dialled *)ctx)->station, r, "whom it dialled");
}

static void
dialled_gone(void *ctx, struct peer *peer)
{
	(void)peer;
	((struct dialled *)ctx)->peer = NULL; /* the host stays until the program ends: it must outlive the peer */
}

enum err_code
station_meet(struct station *s, struct station *with, struct err *err)
{
	struct dialled *d = sim_must(mem_zero(1, sizeof(*d)));

	d->host = *node_peer_host(s->node);
	d->host.ctx = d;
	d->host.done = dialled_done;
	d->host.gone = dialled_gone;
	d->station = s;
	d->next = s->dialled;
	s->dialled = d;
	d->peer = peer_dial(&d->host, with->addr, true, err);
	return d->peer != NULL ? ERR_OK : err->code != ERR_OK ? err->code : ERR_NO_MEMORY;
}

static void
tell_dialled(void *ctx)
{
	struct station *s = ctx;

	s->tell = NULL;
	for (struct dialled *d = s->dialled; d != NULL; d = d->next)
		if (d->peer != NULL)
			peer_notify(d->peer);
}

/* News may come from within a peer that is still taking it in: nobody is told before the next turn. */
static void
changed(void *ctx)
{
	struct station *s = ctx;
	struct env *env = host_env(s->host);

	if (s->meet != NULL)
		meet_notify(s->meet);
	if (s->stay && s->dialled != NULL && s->tell == NULL)
		s->tell = env->ops->timer(env, 0, tell_dialled, s);
}

static void
leave_dialled(struct station *s)
{
	for (struct dialled *d = s->dialled; d != NULL; d = d->next)
		if (d->peer != NULL)
			peer_close(d->peer);
}

static void
forget_dialled(struct station *s)
{
	while (s->dialled != NULL) {
		struct dialled *d = s->dialled;

		s->dialled = d->next;
		mem_free(d);
	}
	s->tell = NULL;
}

static enum err_code
listen(struct station *s, struct err *err)
{
	const struct meet_events events = { .ctx = s, .result = met };
	struct peer_host *host = node_peer_host(s->node);

	host->stay = s->stay;
	host->newest = s->newest;
	s->meet = meet_new(host, &events);
	if (s->meet == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	node_on_change(s->node, changed, s);
	if (meet_listen(s->meet, s->addr, err) != ERR_OK)
		return err->code;
	return s->seeks ? seek_new(&s->seek, host, s->meet, err) : ERR_OK;
}

/* ---- life ---- */

static void
stop_program(struct station *s)
{
	host_hang_up(s->host, false);
	seek_free(s->seek);
	s->seek = NULL;
	meet_free(s->meet);
	s->meet = NULL;
	node_close(s->node);
	s->node = NULL;
	hub_free(s->hub);
	s->hub = NULL;
	host_forget(s->host);
	forget_dialled(s);
}

static bool
witness_get(void *ctx, const struct device_id *device, uint8_t out[32])
{
	const struct station *s = ctx;

	(void)device;
	memcpy(out, s->witness, sizeof(s->witness));
	return s->has_witness;
}

static void
witness_put(void *ctx, const struct device_id *device, const uint8_t witness[32])
{
	struct station *s = ctx;

	(void)device;
	memcpy(s->witness, witness, sizeof(s->witness));
	s->has_witness = true;
}

static enum err_code
open_hub(struct station *s, const char *passphrase, struct err *err)
{
	enum err_code rc = home_open(&s->hub_home, host_env(s->host), s->home, 1, BYTES_STR(passphrase), err);

	if (rc != ERR_OK)
		return rc;
	rc = hub_new(&s->hub, &s->hub_home, &(struct hub_config){ .ctx = s, .witness_get = witness_get, .witness_put = witness_put }, err);
	if (rc != ERR_OK)
		home_close(&s->hub_home);
	return rc;
}

/* Without its database a hub does not start; whoever starts it waits for that. */
static enum err_code
start_hub(struct station *s, const char *passphrase, struct err *err)
{
	enum err_code rc;

	if (s->far != NULL)
		far_calm(s->far, true);
	host_env(s->host)->store = s->far != NULL ? far_engine(s->far) : NULL;
	rc = open_hub(s, passphrase, err);
	if (s->far != NULL)
		far_calm(s->far, s->calm);
	return rc;
}

static enum err_code
start_node(struct station *s, const char *passphrase, bool cold, struct err *err)
{
	const struct node_secret secret = { 1, BYTES_STR(passphrase) };
	enum err_code rc = (cold ? node_open_cold : node_open)(&s->node, host_env(s->host), s->home, &secret, err);

	if (rc != ERR_OK)
		s->node = NULL;
	return rc;
}

enum err_code
station_open_with(struct station *s, const char *passphrase, bool cold, struct err *err)
{
	enum err_code rc = s->is_hub ? start_hub(s, passphrase, err) : start_node(s, passphrase, cold, err);

	if (rc == ERR_OK) {
		s->opens++;
		rc = s->is_hub ? hub_listen(s->hub, s->addr, err) : listen(s, err);
		if (rc == ERR_OK && s->is_hub && s->seeks)
			rc = hub_seek(s->hub, err);
		rc = outcome(s, rc, err);
		if (rc != ERR_OK)
			stop_program(s);
	} else {
		host_forget(s->host);
	}
	trace_line(world_trace(s->world), "n%zu: opens%s: %s", s->no, cold ? " cold" : "", rc == ERR_OK ? "ok" : err->text);
	return rc;
}

enum err_code
station_open(struct station *s, struct err *err)
{
	return station_open_with(s, s->pass, false, err);
}

static bool
wires_down(void *ctx)
{
	return host_wires(((struct station *)ctx)->host) == 0;
}

void
station_close(struct station *s)
{
	hub_free(s->hub);
	s->hub = NULL;
	seek_free(s->seek);
	s->seek = NULL;
	meet_free(s->meet);
	s->meet = NULL;
	leave_dialled(s);
	(void)world_run_until(s->world, wires_down, s, 5 * NS_PER_S);
	/* What arrived during the goodbye belongs to the state that is closed. */
	s->has_closed_hash = station_hash(s, s->closed_hash) && !station_power_went(s);
	stop_program(s);
	trace_line(world_trace(s->world), "n%zu: closed", s->no);
}

void
station_crash(struct station *s, bool half_open)
{
	disk_power_off(host_disk(s->host));
	struck(s->is_hub ? STRUCK_HUB_POWER : STRUCK_POWER);
	s->crashes++;
	s->has_witness = false;
	s->has_closed_hash = false;
	host_hang_up(s->host, half_open);
	if (station_runs(s))
		stop_program(s);
	else
		host_forget(s->host);
}

void
station_free(struct station *s)
{
	if (s == NULL)
		return;
	if (station_runs(s))
		stop_program(s);
	forget_dialled(s);
	mem_free(s);
}

/* ---- becoming a member ---- */

static enum err_code
make_home(struct station *s, struct buf *request, struct err *err)
{
	struct home home = { 0 };
	char code[27];
	enum err_code rc;

	rc = home_create(&home, host_env(s->host), s->home, s->member, s->device, BYTES_STR(s->pass), KDF_INTERACTIVE, code, err);
	if (rc == ERR_OK) {
		scan_add_text(world_scan(s->world), "a recovery code", code);
		rc = home_kill_card(&home, s->kill_card, err);
		scan_add_text(world_scan(s->world), "a kill card", s->kill_card);
		if (rc != ERR_OK)
			home_close(&home);
	} else if (rc == ERR_EXISTS) /* an earlier try got this far */
		rc = home_open(&home, host_env(s->host), s->home, 1, BYTES_STR(s->pass), err);
	if (rc != ERR_OK)
		return rc;
	if (request != NULL)
		rc = home_request(&home, request, err);
	home_close(&home);
	return rc;
}

enum err_code
station_found(struct station *s, struct stream_id *team, struct err *err)
{
	static const char org[] = "Advice for Eslov and around", team_name[] = "market hall on Thursdays";
	struct stream_id box;
	enum err_code rc;

	scan_add_text(world_scan(s->world), "the organisation's name", org);
	scan_add_text(world_scan(s->world), "the team's name", team_name);
	scan_add_text(world_scan(s->world), "the profile", "\"name\":\"minutes\"");
	rc = make_home(s, NULL, err);
	if (rc == ERR_OK)
		rc = station_open(s, err);
	if (rc == ERR_OK)
		rc = node_found(s->node, org, s->member, s->device, BYTES_STR(s->profile != NULL ? s->profile : station_profile), true, &s->seeds, err);
	if (rc == ERR_OK)
		rc = node_commit(s->node, err);
	if (rc == ERR_OK)
		rc = node_team_add(s->node, team_name, false, team, err);
	if (rc == ERR_OK)
		rc = node_team_add(s->node, "figures of the year", true, &box, err);
	if (rc == ERR_OK)
		rc = node_commit(s->node, err);
	if (rc == ERR_OK) { /* who makes a team is not in it unless they say so */
		s->device_id = node_self(s->node)->id; /* a copy: the evaluated organisation is replaced by each grant */
		rc = node_grant(s->node, &s->device_id, team, err);
	}
	if (rc == ERR_OK)
		rc = node_commit(s->node, err);
	if (rc == ERR_OK) { /* what listens was told of no network key yet */
		station_close(s);
		rc = station_open(s, err);
	}
	rc = outcome(s, rc, err);
	s->joined = rc == ERR_OK;
	return rc;
}

static enum err_code
admit(struct station *s, struct station *by, struct bytes request, uint8_t role, const struct stream_id *team,
      struct buf *welcome, struct err *err)
{
	struct join_request req;
	enum err_code rc = join_request_decode(&req, request, err);

	if (rc == ERR_OK && !s->admitted) {
		rc = node_admit(by->node, &req, role, team, role == ROLE_HUB ? 0 : 1, &s->device_id, err);
		if (rc == ERR_OK)
			rc = node_commit(by->node, err);
		s->admitted = rc == ERR_OK;
	}
	return rc == ERR_OK ? node_welcome(by->node, &s->device_id, welcome, err) : rc;
}

static enum err_code
accept_welcome(struct station *s, struct bytes file, struct err *err)
{
	struct home home = { 0 };
	struct welcome w = { 0 };
	enum err_code rc;

	rc = home_open(&home, host_env(s->host), s->home, 1, BYTES_STR(s->pass), err);
	if (rc != ERR_OK)
		return rc;
	rc = welcome_open(&w, &home, file, err);
	if (rc == ERR_OK)
		rc = welcome_accept(&home, &w, err);
	if (rc == ERR_OK && s->is_hub) {
		hub_witness_of(&home, s->witness);
		s->has_witness = true;
	}
	welcome_free(&w);
	home_close(&home);
	return rc;
}

static enum err_code
join(struct station *s, struct station *by, uint8_t role, const struct stream_id *team, struct err *err)
{
	struct buf request = BUF_INIT, welcome = BUF_INIT;
	enum err_code rc;

	s->is_hub = role == ROLE_HUB;
	s->started = true;
	rc = make_home(s, &request, err);
	if (rc == ERR_OK)
		rc = admit(s, by, buf_bytes(&request), role, team, &welcome, err);
	if (rc == ERR_OK) {
		scan_bytes(world_scan(s->world), buf_bytes(&welcome), "a welcome");
		rc = accept_welcome(s, buf_bytes(&welcome), err);
	}
	buf_free(&request);
	buf_free(&welcome);
	rc = outcome(s, rc, err);
	s->joined = rc == ERR_OK;
	return rc == ERR_OK ? station_open(s, err) : rc;
}

enum err_code
station_join(struct station *s, struct station *by, uint8_t role, const struct stream_id *team, struct err *err)
{
	enum err_code rc;

	if (s->far != NULL)
		far_calm(s->far, true);
	rc = join(s, by, role, team, err);
	if (s->far != NULL)
		far_calm(s->far, s->calm);
	return rc;
}

enum err_code
station_give_keys(struct station *s, struct err *err)
{
	enum err_code rc = node_tend(s->node, NULL, err);

	return outcome(s, rc, err);
}

/* ---- for the oracles ---- */

struct replica *
station_replica(struct station *s)
{
	return s->is_hub ? s->hub_home.replica : node_replica(s->node);
}

const struct keystore *
station_keys(struct station *s)
{
	return s->is_hub ? s->hub_home.keys : node_keystore(s->node);
}

bool
station_hash(struct station *s, uint8_t out[32])
{
	struct err err = ERR_INIT;

	return !s->is_hub && view_state_hash(node_view(s->node), out, &err) == ERR_OK;
}

void
station_frontier(struct station *s, uint8_t out[32])
{
	replica_frontier(station_replica(s), NULL, NULL, out);
}

void
station_add_secrets(struct station *s)
{
	const struct keystore *k = station_keys(s);
	struct scan *scan = world_scan(s->world);

	scan_add_secret(scan, "a device's seed", k->device.seed, sizeof(k->device.seed));
	scan_add_secret(scan, "a signing key", k->device.sign_sk, 32);
	scan_add_secret(scan, "a noise key", k->device.noise_sk, sizeof(k->device.noise_sk));
	scan_add_secret(scan, "the snapshot key", k->snapshot_key, sizeof(k->snapshot_key));
	for (size_t i = 0; i < k->seal_count; i++)
		scan_add_secret(scan, "a seal key", k->seal[i].sk, sizeof(k->seal[i].sk));
	for (size_t i = 0; i < k->network_count; i++)
		scan_add_secret(scan, "a network key", k->network[i].n, sizeof(k->network[i].n));
	for (size_t i = 0; i < k->epoch_count; i++) {
		scan_add_secret(scan, "an epoch key", k->epochs[i].e, sizeof(k->epochs[i].e));
		scan_add_secret(scan, "an epoch's outer key", k->epochs[i].mk, sizeof(k->epochs[i].mk));
	}
}
