/*
 * One round with everyone reachable, and bundles: how replicas meet on
 * request. A serving node's standing links are the meet's own affair.
 */
#include "op/op_internal.h"

#include "base/mem.h"
#include "op/brought.h"
#include "node/address.h"
#include "node/tend.h"
#include "peer/seek.h"

enum { SYNC_WAIT_S = 30, LOOK_AROUND_MS = 2500, BUNDLE_BYTES_MAX = 1 << 30 };
#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull

struct sync_work {
	struct op_call *call;
	struct peer_host host;    /* a copy of the node's, with callbacks of its own */
	struct meet *meet;
	struct seek *seek;        /* nobody was named, and no standing node does it for us */
	struct env_timer *looked; /* set: colleagues on the network may still turn up */
	struct env_timer *limit;
	struct env_timer *wind_up;
	json_t *peers;
	struct brought brought;   /* by all of them together */
	struct brought_with *with;
	size_t with_count, with_cap;
	size_t reached, given;
	struct err first;         /* why the first failure failed */
};

static size_t
op_tend(struct op_call *c)
{
	struct err err = ERR_INIT;
	struct node_tended tended;

	if (node_tend(c->node, &tended, &err) == ERR_OK)
		return tended.keys_given;
	env_logf(node_env(c->node), "tending keys: %s", err.text);
	return 0;
}

static json_t *
peer_json(struct node *n, const struct peer_result *r, const char *addr)
{
	json_t *o = json_pack("{s:s,s:o,s:b,s:I,s:I,s:I,s:I,s:I,s:s}", "name", r->known ? node_device_name(n, &r->device) : addr, "id",
	                      r->known ? json_hex(r->device.b, 16) : json_null(), "in_step", r->in_step, "sent", (json_int_t)r->sent,
	                      "received", (json_int_t)r->received, "bytes_sent", (json_int_t)r->bytes_sent, "bytes_received",
	                      (json_int_t)r->bytes_received, "round_trips", (json_int_t)r->round_trips, "address", addr);
	json_object_set_new(o, "way", json_string(r->websocket ? "websocket" : "tcp"));

	said_json(o, said_by(r));
	if (r->code != ERR_OK)
		json_object_set_new(o, "error", json_string(r->text));
	return o;
}

static void
finish(void *ctx)
{
	struct sync_work *w = ctx;
	struct op_call *c = w->call;
	struct env *env = node_env(c->node);
	struct err keep = w->first;

	if (w->limit != NULL)
		env->ops->timer_stop(env, w->limit);
	if (w->looked != NULL)
		env->ops->timer_stop(env, w->looked);
	seek_free(w->seek);
	meet_free(w->meet);
	if (w->reached > 0) {
		struct node_tended tended;

		/* New readers may have turned up: give them keys while we are at it. */
		if (node_tend(c->node, &tended, &c->err) == ERR_OK)
			c->result = json_pack("{s:O,s:i}", "peers", w->peers, "keys_given", (int)(w->given + tended.keys_given));
		if (c->result != NULL && !brought_say(c->node, &w->brought, w->with, w->with_count, c->result))
			err_plain(&c->err, ERR_NO_MEMORY);
	} else if (keep.code != ERR_OK) {
		c->err = keep;
	} else {
		err_set(&c->err, ERR_TIMEOUT, "synchronising: nobody is on this network and nobody known answers; what is saved here stays saved here");
	}
	json_decref(w->peers);
	brought_free(&w->brought);
	mem_free(w->with);
	mem_free(w);
	op_end(c);
}

static void
time_is_up(void *ctx)
{
	struct sync_work *w = ctx;

	w->limit = NULL;
	if (w->wind_up == NULL)
		finish(w);
}

/* Not from within the peer that is reporting: the loop comes back to us. */
static void
end_when_quiet(struct sync_work *w)
{
	struct env *env = node_env(w->call->node);

	if (w->looked == NULL && meet_busy(w->meet) == 0 && w->wind_up == NULL)
		w->wind_up = env->ops->timer(env, 0, finish, w);
}

/* A peer may be met twice, by both having dialled: it is named once. */
static void
note_with(struct sync_work *w, const struct peer_result *r)
{
	const struct node_exchange *e = exchange_note(w->call->node, r);
	struct brought_with with = { .in_step = r->in_step, .said = said_by(r) }, *room;

	if (e != NULL)
		brought_add(&w->brought, &e->brought);
	else if (r->known)
		w->brought.untold = true;
	if (e == NULL || r->code != ERR_OK)
		return;
	snprintf(with.name, sizeof(with.name), "%s", node_device_name(w->call->node, &r->device));
	for (size_t i = 0; i < w->with_count; i++)
		if (strcmp(w->with[i].name, with.name) == 0) {
			w->with[i].in_step = with.in_step;
			w->with[i].said = with.said;
			return;
		}
	room = mem_room(w->with, w->with_count, &w->with_cap, sizeof(*room));
	if (room == NULL) {
		w->brought.untold = true;
		return;
	}
	w->with = room;
	room[w->with_count++] = with;
}

static void
one_result(void *ctx, const struct peer_result *r, const char *addr)
{
	struct sync_work *w = ctx;

	json_array_append_new(w->peers, peer_json(w->call->node, r, addr));
	note_with(w, r);
	if (r->code == ERR_OK)
		w->reached++;
	else if (w->first.code == ERR_OK)
		err_set(&w->first, r->code, "%s: %s", addr, r->text);
	end_when_quiet(w);
}

static void
looked_around(void *ctx)
{
	struct sync_work *w = ctx;

	w->looked = NULL;
	end_when_quiet(w);
}

/*
 * Says by beacon where we are and hears who else is here. Who runs already dials us or is dialled within the first
 * second; who starts at the same moment needs a little longer.
 */
static bool
look_around(struct sync_work *w)
{
	struct env *env = node_env(w->call->node);
	struct err err = ERR_INIT;

	if (meet_listen(w->meet, "[::]:0", &err) != ERR_OK) {
		struct err again = ERR_INIT;

		if (meet_listen(w->meet, "0.0.0.0:0", &again) != ERR_OK)
			return false;
	}
	if (seek_new(&w->seek, &w->host, w->meet, &err) != ERR_OK)
		return false;
	w->looked = env->ops->timer(env, LOOK_AROUND_MS * NS_PER_MS, looked_around, w);
	return w->looked != NULL;
}

/* Where nobody has been met yet, but somebody is said to be. */
static size_t
dial_typed(struct sync_work *w)
{
	struct addresses typed;
	struct err err = ERR_INIT;
	size_t dialled = 0;

	if (node_addresses(w->call->node, &typed, &err) != ERR_OK)
		return 0;
	for (size_t i = 0; i < typed.count; i++)
		if (!meet_dials(w->meet, typed.at[i]) && meet_dial(w->meet, typed.at[i], MEET_ONCE, &err) == ERR_OK)
			dialled++;
	return dialled;
}

static size_t
dial_all(struct sync_work *w)
{
	const json_t *named = json_object_get(w->call->params, "peer");
	struct replica_peer *known;
	size_t count, dialled = 0, i;
	const json_t *name;

	json_array_foreach((json_t *)named, i, name) {
		struct err err = ERR_INIT;

		if (meet_dial(w->meet, json_string_value(name), MEET_ONCE, &err) == ERR_OK)
			dialled++;
		else if (w->first.code == ERR_OK)
			w->first = err;
	}
	if (json_array_size(named) > 0)
		return dialled;
	known = mem_zero(MEET_TARGETS_MAX, sizeof(*known));
	count = known == NULL ? 0 : replica_peers(node_replica(w->call->node), known, MEET_TARGETS_MAX);
	for (i = 0; i < count; i++) {
		struct err err = ERR_INIT;

		struct device_id device = device_id_of(&known[i].author);

		if ((known[i].addr[0] != '\0' || known[i].web[0] != '\0') &&
		    meet_dial_known(w->meet, &device, known[i].addr, known[i].web, MEET_ONCE, &err) == ERR_OK)
			dialled++;
	}
	mem_free(known);
	return dialled + dial_typed(w);
}

void
op_sync(struct op_call *c)
{
	struct env *env = node_env(c->node);
	struct sync_work *w = mem_zero(1, sizeof(*w));
	struct meet_events events = { .ctx = w, .result = one_result };
	uint64_t wait = (uint64_t)param_number(c, "wait", SYNC_WAIT_S);
	size_t dialled;

	if (w == NULL) {
		op_fail(c);
		return;
	}
	/* First, so that what is attested and given goes with this round. What cannot be done now stops no exchange. */
	w->given = op_tend(c);
	c->work = w;
	w->call = c;
	w->peers = json_array();
	w->host = *node_peer_host(c->node);
	w->host.stay = false;
	w->meet = meet_new(&w->host, &events);
	if (w->meet == NULL || w->peers == NULL) {
		meet_free(w->meet);
		json_decref(w->peers);
		mem_free(w);
		op_fail(c);
		return;
	}
	w->limit = env->ops->timer(env, wait * NS_PER_S, time_is_up, w);
	dialled = dial_all(w);
	if (json_array_size(json_object_get(c->params, "peer")) == 0 && c->meet == NULL && look_around(w))
		return;
	if (dialled == 0) {
		if (w->first.code == ERR_OK)
			err_set(&w->first, ERR_NETWORK, "synchronising: no address is known; give --peer HOST:PORT or wss://HOST/PATH, or use a bundle");
		finish(w);
	}
}

/* ---- bundles ---- */

void
op_bundle_write(struct op_call *c)
{
	const struct org_device *to = NULL;
	struct buf out = BUF_INIT;
	uint64_t entries = 0;

	(void)op_tend(c); /* what is due goes along */
	if (param_text(c, "for") != NULL && find_device(c, param_text(c, "for"), &to) != ERR_OK)
		;
	else if (bundle_write(node_peer_host(c->node), to, &out, &entries, &c->err) == ERR_OK &&
	         param_file_out(c, "file", buf_bytes(&out)) == ERR_OK)
		c->result = json_pack("{s:s,s:I,s:I}", "file", param_text(c, "file"), "entries", (json_int_t)entries, "bytes",
		                      (json_int_t)out.len);
	buf_free(&out);
	op_end(c);
}

/* Its device is known by the author's id alone: what it brought is gathered under the key. */
static const struct node_exchange *
note_bundle(struct op_call *c, const struct bundle_counts *k, bool whole)
{
	const struct org_device *d = org_known(node_org(c->node)) ? org_device_by_id(node_org(c->node), &k->from) : NULL;
	struct node_exchange e = { .way = EXCHANGE_BUNDLE, .at_ms = node_env(c->node)->ops->wall_ms(node_env(c->node)), .has_peer = d != NULL,
		                   .ok = whole, .received = k->stored, .peer = k->from };

	return node_exchanged(c->node, d != NULL ? &d->sign_pk : NULL, &e);
}

static void
untold_error(struct op_call *c)
{
	err_set(&c->err, ERR_NO_MEMORY, "its entries are saved, and memory was short for telling what they brought; they stand in the lists");
}

static void
bundle_in(struct op_call *c, bool check_only)
{
	struct bundle_counts k = { 0 };
	const struct node_exchange *e = NULL;
	struct buf file = BUF_INIT;
	bool untold;
	enum err_code rc;

	if (param_file(c, "file", BUNDLE_BYTES_MAX, &file) != ERR_OK) {
		buf_free(&file);
		op_end(c);
		return;
	}
	rc = bundle_read(node_peer_host(c->node), buf_bytes(&file), check_only, &k, &c->err);
	buf_free(&file);
	if (!check_only && rc != ERR_KEY)
		e = note_bundle(c, &k, rc == ERR_OK);
	untold = !check_only && rc == ERR_OK && (e == NULL || e->brought.untold);
	if (!check_only && (rc == ERR_OK || rc == ERR_TRUNCATED)) {
		struct err late = ERR_INIT;

		/* What is whole is kept, whatever the end of the file looks like. */
		if (node_commit(c->node, &late) != ERR_OK || node_tend(c->node, NULL, &late) != ERR_OK)
			c->err = late;
	}
	if (c->err.code == ERR_OK && untold)
		untold_error(c);
	if (c->err.code == ERR_OK)
		c->result = json_pack("{s:I,s:I,s:I,s:I,s:I,s:b,s:s}", "entries", (json_int_t)k.entries, "new", (json_int_t)k.stored, "known",
		                      (json_int_t)k.known, "refused", (json_int_t)k.refused, "held_back", (json_int_t)k.held_back, "complete", k.complete, "from",
		                      node_device_name(c->node, &k.from));
	else
		err_wrap(&c->err, "%s", param_text(c, "file"));
	if (c->result != NULL && e != NULL && !brought_say(c->node, &e->brought, NULL, 0, c->result))
		untold_error(c);
	op_end(c);
}

void
op_bundle_read(struct op_call *c)
{
	bundle_in(c, false);
}

void
op_bundle_check(struct op_call *c)
{
	bundle_in(c, true);
}
