/*
 * Joining by a code: connects to the device that shows the code, shows six
 * digits, and takes the welcome.
 */
#include <stdio.h>

#include "app/newcomer.h"
#include "base/mem.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "link/beacon.h"
#include "link/join.h"
#include "org/ops.h"
#include "peer/passage.h"

#define NS_PER_S 1000000000ull

enum {
	DIAL_S = 8,              /* an address of the code */
	HUB_S = 20,              /* a hub of the code, and the inviter behind it */
	FIND_S = 7,              /* the inviter, by its beacons: three of them */
	GLANCE_S = 5,            /* the same, where there are hubs to ask */
	SILENCE_S = 60,
	WAIT_S = JOIN_HOUR_S + 60, /* for a person to compare digits */
};

struct newcomer {
	struct env *env;
	struct newcomer_events events;
	struct home home;
	struct join_code code;
	const char *root;        /* fingerprint that must be, or NULL */
	struct buf request;
	size_t next_addr, next_hub;
	char trouble[192];       /* of the last way that could not be gone */
	const char *hub_said;    /* why the last hub did not lead on; NULL */
	struct env_cast *cast;   /* while the inviter is looked for */
	struct env_timer *found; /* set: an address was heard, and is dialled on the next turn */
	bool looked;
	struct passage *way;
	struct join *join;
	struct env_timer *limit;
	bool knocked;            /* somebody answered the connection */
	bool digits;
	char recovery[27];
	uint8_t role;
	struct env_timer *telling;
	struct err err;
};

static void dial_next(struct newcomer *w);

static void
hang_up(struct newcomer *w)
{
	struct env *env = w->env;

	if (w->limit != NULL)
		env->ops->timer_stop(env, w->limit);
	w->limit = NULL;
	passage_close(w->way);
	w->way = NULL;
	join_free(w->join);
	w->join = NULL;
}

static void stop_looking(struct newcomer *w);

static void
tell(void *ctx)
{
	struct newcomer *w = ctx;

	w->telling = NULL;
	w->events.over(w->events.ctx);
}

static void
finish(struct newcomer *w)
{
	stop_looking(w);
	hang_up(w);
	/* Not from within the link that is ending: whoever is told may free it all. */
	if (w->telling == NULL)
		w->telling = w->env->ops->timer(w->env, 0, tell, w);
}

/* Before the digits the next address may be the right one; after them there is nobody else to ask. */
static void
lost(struct newcomer *w)
{
	bool shown = w->digits;

	hang_up(w);
	if (!shown) {
		dial_next(w);
		return;
	}
	if (w->err.code == ERR_OK)
		err_set(&w->err, ERR_NETWORK, "joining: the link was lost before the welcome was whole; run the same command again while the code is valid, "
		        "or with a new code after that");
	finish(w);
}

static void
too_late(void *ctx)
{
	struct newcomer *w = ctx;

	w->limit = NULL;
	lost(w);
}

static void
limit(struct newcomer *w, uint64_t seconds)
{
	struct env *env = w->env;

	if (w->limit != NULL)
		env->ops->timer_stop(env, w->limit);
	w->limit = env->ops->timer(env, seconds * NS_PER_S, too_late, w);
}

static enum err_code
send_out(struct newcomer *w, struct buf *out, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (!buf_ok(out))
		rc = err_plain(err, ERR_NO_MEMORY);
	else if (out->len > 0 && passage_send(w->way, buf_bytes(out)) != ERR_OK)
		rc = err_set(err, ERR_NETWORK, "the link was lost");
	buf_clear(out);
	return rc;
}

/* ---- the welcome ---- */

/* A recovery code, where there is none yet, or none that anybody has seen: a join may have been cut at any moment. */
static enum err_code
add_recovery_code(struct newcomer *w, struct err *err)
{
	const struct keystore *k = w->home.keys;
	struct own_papers p;

	replica_papers(w->home.replica, &p);
	for (size_t i = 0; i < k->slot_count; i++)
		if (k->slots[i].type == 2 && p.recovery != PAPER_MADE)
			return ERR_OK;
	return home_recovery_code(&w->home, w->recovery, err);
}

static enum err_code
take_welcome(struct newcomer *w, struct err *err)
{
	struct welcome welcome = { 0 };
	char print[65];
	enum err_code rc = welcome_open(&welcome, &w->home, join_welcome(w->join), err);

	hex_encode(print, welcome.root_fingerprint, 32);
	if (rc == ERR_OK && w->root != NULL && strcasecmp(w->root, print) != 0)
		rc = err_set(err, ERR_REFUSED, "the welcome is from an organisation with root %s, not %s; nothing was taken", print, w->root);
	if (rc == ERR_OK && SAME(w->home.keys->org, welcome.org))
		w->role = w->home.keys->role; /* taken before, and only the answer was lost */
	else if (rc == ERR_OK && (rc = welcome_accept(&w->home, &welcome, err)) == ERR_OK)
		w->role = welcome.role;
	welcome_free(&welcome);
	return rc == ERR_OK ? add_recovery_code(w, err) : rc;
}

/* ---- what happens on the link ---- */

static void
show_digits(struct newcomer *w)
{
	w->digits = true;
	w->events.digits(w->events.ctx, join_sas(w->join));
	limit(w, WAIT_S);
}

/* False when this was the end. */
static bool
handle(struct newcomer *w, enum join_event what, struct buf *out)
{
	switch (what) {
	case JOIN_DIGITS:
		show_digits(w);
		return true;
	case JOIN_PROGRESS:
		limit(w, SILENCE_S);
		return true;
	case JOIN_REFUSED:
		err_set(&w->err, ERR_REFUSED, "joining: %s", join_no_text(join_reason(w->join)));
		finish(w);
		return false;
	case JOIN_WELCOME:
		/* Saying so is a courtesy: whether it arrives or not, this device is a member now. */
		if (take_welcome(w, &w->err) == ERR_OK && join_taken(w->join, out, &w->err) == ERR_OK) {
			struct err ignored = ERR_INIT;

			(void)!send_out(w, out, &ignored);
		}
		finish(w);
		return false;
	case JOIN_DONE:
	case JOIN_MORE:
		break;
	}
	return true;
}

static void
on_data(void *ctx, struct bytes in)
{
	struct newcomer *w = ctx;
	struct buf out = BUF_INIT;
	enum join_event what = JOIN_MORE;
	struct err err = ERR_INIT;

	do {
		if (join_receive(w->join, &in, &out, &what, &err) == ERR_OK && send_out(w, &out, &err) == ERR_OK)
			continue;
		if (join_is_open(w->join)) /* it had our code, and then said something wrong */
			err_set(&w->err, err.code == ERR_KEY ? ERR_NETWORK : err.code, "joining: %s", err.text);
		if (w->err.code != ERR_OK)
			finish(w);
		else
			lost(w);
		break;
	} while (handle(w, what, &out) && what != JOIN_MORE);
	buf_wipe(&out);
}

static void
on_opened(void *ctx)
{
	struct newcomer *w = ctx;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	w->knocked = true;
	limit(w, DIAL_S);
	if (join_start(w->join, &out, &err) != ERR_OK || send_out(w, &out, &err) != ERR_OK)
		lost(w);
	buf_wipe(&out);
}

static void
on_closed(void *ctx, enum err_code code, const char *why)
{
	struct newcomer *w = ctx;

	w->way = NULL;
	if (code == ERR_REFUSED)
		w->hub_said = why;
	else if (*why != '\0')
		(void)snprintf(w->trouble, sizeof(w->trouble), " (%s)", why);
	lost(w);
}

static const struct passage_events events = { .opened = on_opened, .data = on_data, .closed = on_closed };

static struct join *
new_join(struct newcomer *w)
{
	static const struct org_id none;
	struct env *env = w->env;
	const struct device_keys *keys = &w->home.keys->device;
	uint8_t fresh[32], e_sk[32], at[8], nonce[16];
	struct join *j;

	env_random(env, fresh, sizeof(fresh));
	env_random(env, nonce, sizeof(nonce));
	be64_put(at, env->ops->mono_ns(env));
	HC(e_sk, sizeof(e_sk), BYTES(fresh, 32), "fb1/noise/ephemeral", BYTES(keys->noise_sk, 32), BYTES(at, 8));
	j = join_new_newcomer(&w->code, keys->noise_sk, e_sk, nonce, buf_bytes(&w->request),
	                      SAME(w->home.keys->org, none) ? NULL : w->home.keys->org.b);
	wipe(fresh, sizeof(fresh));
	wipe(e_sk, sizeof(e_sk));
	return j;
}

/* ---- where the inviter is ---- */

static void
stop_looking(struct newcomer *w)
{
	struct env *env = w->env;

	if (w->cast != NULL)
		env->ops->cast_close(env, w->cast);
	if (w->found != NULL)
		env->ops->timer_stop(env, w->found);
	w->cast = NULL;
	w->found = NULL;
}

static void
dial_found(void *ctx)
{
	struct newcomer *w = ctx;

	w->found = NULL;
	stop_looking(w);
	hang_up(w);
	dial_next(w);
}

static void
heard(void *ctx, const char *from, struct bytes datagram)
{
	struct newcomer *w = ctx;
	uint8_t key[BEACON_KEY_BYTES];
	char *addr = w->code.addr[0];
	struct beacon b;
	int len;

	beacon_join_key(key, w->code.secret);
	if (w->found == NULL && beacon_open(&b, datagram, key)) {
		len = snprintf(addr, sizeof(w->code.addr[0]), "%s:%u", from, b.port);
		if (len > 0 && (size_t)len < sizeof(w->code.addr[0])) {
			w->code.addr_count = 1;
			w->next_addr = 0;
			/* Not from within the event of what is closed then. */
			w->found = w->env->ops->timer(w->env, 0, dial_found, w);
		}
	}
	wipe(key, sizeof(key));
}

static void
network_changed(void *ctx)
{
	(void)ctx; /* the inviter speaks again in two seconds */
}

/* True when there is somebody to wait for. proto/discovery.md, 4. */
static bool
look(struct newcomer *w)
{
	static const struct cast_events casts = { heard, network_changed };
	struct err err = ERR_INIT;

	/* Whoever answered at the address and does not know the code is not found better by looking for it. */
	if (w->looked || w->knocked || (w->code.addr_count == 0 && w->code.hub_count > 0) || w->env->ops->cast_open(w->env, &casts, w, &w->cast, &err) != ERR_OK)
		return false;
	w->looked = true;
	limit(w, w->code.hub_count > 0 ? GLANCE_S : FIND_S);
	return true;
}

static void
nobody(struct newcomer *w)
{
	if (w->hub_said != NULL)
		err_set(&w->err, ERR_REFUSED, "joining through the hub: %s", w->hub_said);
	else if (w->code.hub_count > 0)
		err_set(&w->err, ERR_NETWORK, "joining: neither the coordinator's device nor the hub at %s leads in with this code%s: was it typed as the "
		        "coordinator's screen shows it, and is it shown there still? Otherwise join by files (`join --request FILE`)",
		        w->code.hub[w->code.hub_count - 1], w->trouble);
	else if (w->code.addr_count == 0)
		err_set(&w->err, ERR_NETWORK, "joining: nobody on this network shows this code: was it typed as the coordinator's screen shows it? Both devices "
		        "must be on one network; where it keeps devices apart, type the code with its address, or join by files (`join --request FILE`)");
	else if (w->knocked)
		err_set(&w->err, ERR_NETWORK, "joining: the device at %s does not know this code: was it typed as the coordinator's screen shows it, "
		        "and is it shown there still?", w->code.addr[w->code.addr_count - 1]);
	else
		err_set(&w->err, ERR_NETWORK, "joining: nobody answers at %s: both devices must be on one network and the code still on the "
		        "coordinator's screen; otherwise join by files (`join --request FILE`)", w->code.addr[0]);
	finish(w);
}

/* `secret`: when it is a hub's. False when there is nothing to wait for. */
static bool
try(struct newcomer *w, const char *addr, const uint8_t *secret)
{
	struct err err = ERR_INIT;

	w->join = new_join(w);
	if (w->join != NULL && passage_dial(w->env, addr, secret, &events, w, &w->way, &err) == ERR_OK) {
		limit(w, secret != NULL ? HUB_S : DIAL_S);
		return true;
	}
	hang_up(w);
	return false;
}

/* The inviter's addresses, what its beacon says, the hubs: proto/join.md, 1. */
static void
dial_next(struct newcomer *w)
{
	stop_looking(w);
	while (w->next_addr < w->code.addr_count)
		if (try(w, w->code.addr[w->next_addr++], NULL))
			return;
	if (look(w))
		return;
	while (w->next_hub < w->code.hub_count)
		if (try(w, w->code.hub[w->next_hub++], w->code.secret))
			return;
	nobody(w);
}

/* ---- for whoever joins ---- */

enum err_code
newcomer_start(struct newcomer **out, struct env *env, struct home *home, const char *code, const char *root,
               const struct newcomer_events *events_wanted, struct err *err)
{
	struct newcomer *w = mem_zero(1, sizeof(*w));

	*out = NULL;
	if (w == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	*w = (struct newcomer){ .env = env, .events = *events_wanted, .root = root, .request = BUF_INIT, .err = ERR_INIT };
	if (join_code_parse(&w->code, code, err) != ERR_OK || home_request(home, &w->request, err) != ERR_OK) {
		newcomer_free(w);
		return err->code;
	}
	w->home = *home;
	memset(home, 0, sizeof(*home));
	dial_next(w);
	*out = w;
	return ERR_OK;
}

const struct err *
newcomer_err(const struct newcomer *w)
{
	return &w->err;
}

const char *
newcomer_recovery(const struct newcomer *w)
{
	return w->recovery;
}

uint8_t
newcomer_role(const struct newcomer *w)
{
	return w->role;
}

void
newcomer_home(struct newcomer *w, struct home *out)
{
	*out = w->home;
	memset(&w->home, 0, sizeof(w->home));
}

void
newcomer_free(struct newcomer *w)
{
	if (w == NULL)
		return;
	stop_looking(w);
	hang_up(w);
	if (w->telling != NULL)
		w->env->ops->timer_stop(w->env, w->telling);
	if (w->home.env != NULL)
		home_close(&w->home);
	buf_wipe(&w->request);
	wipe(w, sizeof(*w));
	mem_free(w);
}

enum err_code
newcomer_names(const struct home *home, const char *member, const char *device, struct err *err)
{
	const struct keystore *k = home->keys;

	if (strcmp((const char *)k->member_name, member) == 0 && strcmp((const char *)k->device_name, device) == 0)
		return ERR_OK;
	return err_set(err, ERR_REFUSED, "the home in %s was begun for %s's device %s; join with these names, or with another --home", home->path,
	               (const char *)k->member_name, (const char *)k->device_name);
}
