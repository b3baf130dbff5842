/*
 * Entries as they came, in no order. Everything that costs a signature check
 * is found out here, once per entry, so that evaluating from the empty state
 * each time stays cheap.
 */
#include "org/org_internal.h"

#include <assert.h>

#include "base/mem.h"

_Static_assert(sizeof(struct log_id) == 56, "log_id is a table key: no padding");

struct log_id
log_id_of(const struct author *author, const struct stream_id *stream, const struct inc *inc)
{
	return (struct log_id){ *author, *stream, *inc };
}

uint32_t
held_index(const struct table *t, const void *key)
{
	const uint64_t *place = table_get(t, key);

	assert(place == NULL || *place > 0); /* whoever makes a place fills it, or gives the whole table up */
	return place == NULL ? NONE : (uint32_t)(*place - 1);
}

uint64_t
held_fork(const struct org *o, const struct log_id *log)
{
	uint32_t i = held_index(o->fork_of, log);

	return i == NONE ? NO_LIMIT : o->forks[i].seq;
}

struct org *
org_new(void)
{
	struct org *o = mem_zero(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->genesis = NONE;
	o->generation = 1;
	o->node_of = table_new(sizeof(struct hash));
	o->log_of = table_new(sizeof(struct log_id));
	o->subject_of = table_new(sizeof(struct device_id));
	o->fork_of = table_new(sizeof(struct log_id));
	o->team_log_of = table_new(sizeof(struct log_id));
	o->adoption_of = table_new(sizeof(struct hash));
	if (o->node_of == NULL || o->log_of == NULL || o->subject_of == NULL || o->fork_of == NULL ||
	    o->team_log_of == NULL || o->adoption_of == NULL) {
		org_free(o);
		return NULL;
	}
	return o;
}

static void
op_free(struct control_op *op)
{
	if (op != NULL)
		control_op_free(op);
	mem_free(op);
}

void
org_free(struct org *o)
{
	if (o == NULL)
		return;
	eval_free(o->now);
	for (size_t i = 0; i < o->node_count; i++) {
		op_free(o->nodes[i].op);
		mem_free(o->nodes[i].payload);
	}
	for (size_t i = 0; i < o->adoption_count; i++)
		mem_free(o->adoptions[i].adopt.runs);
	mem_free(o->nodes);
	mem_free(o->logs);
	mem_free(o->subjects);
	mem_free(o->forks);
	mem_free(o->team_logs);
	mem_free(o->adoptions);
	table_free(o->node_of);
	table_free(o->log_of);
	table_free(o->subject_of);
	table_free(o->fork_of);
	table_free(o->team_log_of);
	table_free(o->adoption_of);
	mem_free(o);
}

void
org_pin(struct org *o, const struct org_id *id)
{
	o->pinned = true;
	o->pin = *id;
}

void
org_set_holds(struct org *o,
              bool (*holds)(void *ctx, const struct log_key *log, uint64_t seq, const uint8_t head16[16]), void *ctx)
{
	o->holds = holds;
	o->holds_ctx = ctx;
}

/*
 * The place where a new item goes, zeroed, its index + 1 entered under `key`.
 * The index comes last: until then nothing has changed.
 */
static void *
new_item(void **array, size_t *count, size_t *cap, size_t item_bytes, struct table *t, const void *key)
{
	uint8_t *room = mem_room(*array, *count, cap, item_bytes);
	uint64_t *place;

	if (room == NULL)
		return NULL;
	*array = room;
	place = table_put(t, key);
	if (place == NULL)
		return NULL;
	memset(room + *count * item_bytes, 0, item_bytes);
	*place = ++*count;
	return room + (*count - 1) * item_bytes;
}

static uint32_t
subject_make(struct org *o, const struct device_id *id)
{
	uint32_t i = held_index(o->subject_of, id);
	void *array = o->subjects;
	struct subject *s;

	if (i != NONE)
		return i;
	s = new_item(&array, &o->subject_count, &o->subject_cap, sizeof(*s), o->subject_of, id);
	o->subjects = array;
	if (s == NULL)
		return NONE;
	*s = (struct subject){ *id, NONE, NONE };
	return (uint32_t)(o->subject_count - 1);
}

static uint32_t
log_make(struct org *o, const struct log_id *id)
{
	uint32_t i = held_index(o->log_of, id), subject;
	struct device_id dev;
	void *array = o->logs;
	struct held_log *l;

	if (i != NONE)
		return i;
	dev = device_id_of(&id->author);
	subject = subject_make(o, &dev);
	if (subject == NONE)
		return NONE;
	l = new_item(&array, &o->log_count, &o->log_cap, sizeof(*l), o->log_of, id);
	o->logs = array;
	if (l == NULL)
		return NONE;
	*l = (struct held_log){ *id, subject, o->subjects[subject].logs, NONE, NONE };
	o->subjects[subject].logs = (uint32_t)(o->log_count - 1);
	return (uint32_t)(o->log_count - 1);
}

/* Whom the operation speaks of; false when out of memory. */
static bool
find_target(struct org *o, const struct control_op *op, uint32_t *target)
{
	struct device_id dev;

	*target = NONE;
	switch (op->kind) {
	case KIND_ADMIT: dev = device_id_of(&op->u.admit.sign_pk); break;
	case KIND_GRANT: dev = op->u.grant.dev; break;
	case KIND_REVOKE: dev = op->u.revoke.dev; break;
	case KIND_UNGRANT: dev = op->u.ungrant.dev; break;
	case KIND_GENESIS: dev = device_id_of(&op->u.genesis.root_pk); break;
	case KIND_ROOTROT: dev = device_id_of(&op->u.rootrot.new_root); break;
	default: return true;
	}
	*target = subject_make(o, &dev);
	return *target != NONE;
}

static bool
kind_is_evaluated(uint8_t kind)
{
	switch (kind) {
	case KIND_GENESIS: case KIND_ADMIT: case KIND_GRANT: case KIND_REVOKE: case KIND_UNGRANT: case KIND_TEAM:
	case KIND_SEALKEY: case KIND_OPEN: case KIND_ROOTROT:
		return true;
	default:
		return false;
	}
}

/* proto/log.md, 5: a GENESIS speaks for itself when its author, its place and its stream are what it says. */
static bool
genesis_fits(const struct org *o, const struct header *h, const struct genesis *g)
{
	struct org_id id = org_id_of(g);
	struct stream_id stream = control_stream(&id);

	return h->seq == 0 && SAME(h->author, g->root_pk) && SAME(h->stream, stream) &&
	       (!o->pinned || SAME(o->pin, id));
}

/* Everything that needs the operation: runs once per entry, when its payload is first seen. */
static void
take_op(struct org *o, uint32_t i, const struct header *h)
{
	struct node *n = &o->nodes[i];
	struct held_log *l = &o->logs[n->log];

	switch (n->kind) {
	case KIND_GENESIS:
		if (genesis_fits(o, h, &n->op->u.genesis) &&
		    (o->genesis == NONE || memcmp(n->id.b, o->nodes[o->genesis].id.b, sizeof(n->id.b)) < 0))
			o->genesis = i;
		break;
	case KIND_ADMIT:
		n->possession_ok = admit_possession_ok(&n->op->u.admit);
		if (n->possession_ok) {
			n->next_admit = o->subjects[n->target].admits;
			o->subjects[n->target].admits = i;
		}
		break;
	case KIND_OPEN:
		if (n->seq == 0 && (l->open == NONE || memcmp(n->id.b, o->nodes[l->open].id.b, sizeof(n->id.b)) < 0))
			l->open = i;
		break;
	default:
		break;
	}
}

static enum err_code
decode_node(struct org *o, uint32_t i, const struct entry *e, struct err *err)
{
	uint8_t *payload = mem_dup(e->payload.p, e->payload.len);
	struct control_op *op = mem_alloc(sizeof(*op));
	enum err_code rc = ERR_NO_MEMORY;
	uint32_t target;

	if (payload == NULL || op == NULL) {
		err_plain(err, rc);
		goto fail;
	}
	rc = control_op_decode(op, e->h.kind, BYTES(payload, e->payload.len), err);
	if (rc != ERR_OK)
		goto fail;
	if (!find_target(o, op, &target)) {
		control_op_free(op);
		rc = err_plain(err, ERR_NO_MEMORY);
		goto fail;
	}
	o->nodes[i].op = op;
	o->nodes[i].payload = payload;
	o->nodes[i].target = target;
	take_op(o, i, &e->h);
	return ERR_OK;
fail:
	mem_free(payload);
	mem_free(op);
	return rc;
}

static enum err_code
fork_add(struct org *o, const struct header *at, struct err *err)
{
	struct log_id log = log_id_of(&at->author, &at->stream, &at->inc);
	uint32_t i = held_index(o->fork_of, &log);
	void *array = o->forks;
	struct fork_point *f;

	if (i != NONE) {
		if (at->seq < o->forks[i].seq)
			o->forks[i].seq = at->seq; /* the earliest fork is the one that counts */
		return ERR_OK;
	}
	f = new_item(&array, &o->fork_count, &o->fork_cap, sizeof(*f), o->fork_of, &log);
	o->forks = array;
	if (f == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	*f = (struct fork_point){ log, at->seq };
	return ERR_OK;
}

enum err_code
org_add_fork(struct org *o, const struct fork_proof *p, struct err *err)
{
	return fork_add(o, &p->a, err);
}

/* A FORK entry proves itself, whoever wrote it and however that log is cut. */
static enum err_code
take_fork(struct org *o, const struct entry *e, struct err *err)
{
	struct fork_proof proof;
	enum err_code rc = fork_proof_decode(&proof, e->payload, err);

	return rc == ERR_OK ? fork_add(o, &proof.a, err) : rc;
}

static enum err_code
take_payload(struct org *o, uint32_t i, const struct entry *e, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (!e->has_payload || o->nodes[i].taken)
		return ERR_OK;
	if (e->h.kind == KIND_FORK)
		rc = take_fork(o, e, err);
	else if (kind_is_evaluated(e->h.kind))
		rc = decode_node(o, i, e, err);
	if (rc == ERR_NO_MEMORY)
		return rc;
	o->nodes[i].taken = true;
	if (rc != ERR_OK) {
		o->skipped++;
		if (err != NULL)
			*err = (struct err)ERR_INIT;
	}
	return ERR_OK;
}

static enum err_code
add_control(struct org *o, const struct entry *e, struct err *err)
{
	struct log_id log = log_id_of(&e->h.author, &e->h.stream, &e->h.inc);
	uint32_t i = held_index(o->node_of, &e->id), l;
	void *array = o->nodes;
	struct node *n;

	if (i != NONE)
		return take_payload(o, i, e, err);
	l = log_make(o, &log);
	if (l == NONE)
		return err_plain(err, ERR_NO_MEMORY);
	n = new_item(&array, &o->node_count, &o->node_cap, sizeof(*n), o->node_of, &e->id);
	o->nodes = array;
	if (n == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	i = (uint32_t)(o->node_count - 1);
	*n = (struct node){ .id = e->id, .prev = e->h.prev, .seq = e->h.seq, .log = l, .next = o->logs[l].nodes,
	                    .next_admit = NONE, .target = NONE, .kill_tried = NONE, .kind = e->h.kind };
	o->logs[l].nodes = i;
	return take_payload(o, i, e, err);
}

/* Of two OPENs at seq 0 the smaller id stands; a FORK entry takes effect away from both. */
static enum err_code
add_team_open(struct org *o, const struct entry *e, struct err *err)
{
	struct log_id log = log_id_of(&e->h.author, &e->h.stream, &e->h.inc);
	uint32_t i = held_index(o->team_log_of, &log), subject;
	struct device_id dev = device_id_of(&e->h.author);
	void *array = o->team_logs;
	struct control_op op;
	struct team_log *l;

	if (e->h.seq != 0 || !e->has_payload)
		return ERR_OK;
	if (control_op_decode(&op, KIND_TEAM_OPEN, e->payload, NULL) != ERR_OK) {
		o->skipped++;
		return ERR_OK;
	}
	subject = subject_make(o, &dev);
	if (subject == NONE)
		return err_plain(err, ERR_NO_MEMORY);
	if (i == NONE) {
		l = new_item(&array, &o->team_log_count, &o->team_log_cap, sizeof(*l), o->team_log_of, &log);
		o->team_logs = array;
		if (l == NULL)
			return err_plain(err, ERR_NO_MEMORY);
	} else {
		l = &o->team_logs[i];
		if (memcmp(e->id.b, l->open_id.b, sizeof(e->id.b)) >= 0)
			return ERR_OK;
	}
	l->id = log;
	l->subject = subject;
	l->open_id = e->id;
	l->has_grant = op.u.open.has_grant;
	l->grant = op.u.open.grant;
	return ERR_OK;
}

static enum err_code
add_adopt(struct org *o, const struct entry *e, struct err *err)
{
	void *array = o->adoptions;
	struct control_op op;
	struct adoption *a;
	enum err_code rc;

	if (!e->has_payload || held_index(o->adoption_of, &e->id) != NONE)
		return ERR_OK;
	rc = control_op_decode(&op, KIND_ADOPT, e->payload, NULL);
	if (rc == ERR_NO_MEMORY)
		return err_plain(err, rc);
	if (rc != ERR_OK) {
		o->skipped++;
		return ERR_OK;
	}
	a = new_item(&array, &o->adoption_count, &o->adoption_cap, sizeof(*a), o->adoption_of, &e->id);
	o->adoptions = array;
	if (a == NULL) {
		control_op_free(&op);
		return err_plain(err, ERR_NO_MEMORY);
	}
	a->log = log_id_of(&e->h.author, &e->h.stream, &e->h.inc);
	a->seq = e->h.seq;
	a->adopt = op.u.adopt; /* takes the runs over */
	return ERR_OK;
}

enum err_code
org_add(struct org *o, const struct entry *e, struct err *err)
{
	if (e->h.kind == KIND_TEAM_OPEN)
		return add_team_open(o, e, err);
	if (e->h.kind == KIND_ADOPT)
		return add_adopt(o, e, err);
	if (e->h.kind >= KIND_DATA && e->h.kind < KIND_ADOPT)
		return ERR_OK; /* content, wherever it stands */
	return add_control(o, e, err);
}
