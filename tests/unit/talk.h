/*
 * Two shelves in conversation, message by message, and the world they hold
 * different parts of.
 */
#ifndef FALTBOK_TESTS_TALK_H
#define FALTBOK_TESTS_TALK_H

#include "scarce.h"
#include "shelf.h"

/* ---- a conversation ---- */

struct side {
	struct shelf *shelf;
	struct sync *sync;
	struct sync_todo todo;
	struct buf inbox;      /* be32 length ‖ message */
	size_t read;
	bool ended;
	enum err_code code;    /* the first that was not ERR_OK */
	struct err err;
};

struct talk {
	struct side side[2];
	bool forgetful; /* keeps no room from one step to the next: each message asks for its own */
};

static inline void
hand_over(struct side *from, struct side *to)
{
	struct bytes message;
	size_t at = 0;

	mem_hold();
	while (sync_todo_next(&from->todo, &at, &message)) {
		struct message parsed;

		assert_int_equal(message_decode(&parsed, message, NULL), ERR_OK); /* whatever happens, what is said is well-formed */
		buf_put_be32(&to->inbox, (uint32_t)message.len);
		buf_put_bytes(&to->inbox, message);
	}
	assert_true(buf_ok(&to->inbox));
	mem_release();
}

static inline void
happens(struct talk *t, int i, enum sync_event_kind kind, struct bytes message)
{
	struct side *me = &t->side[i];
	struct sync_event event = { kind, message };

	if (me->ended)
		return;
	do {
		struct err err = ERR_INIT;
		enum err_code rc = sync_step(me->sync, &event, &me->todo, &err);

		if (rc != ERR_OK && me->code == ERR_OK) {
			assert_true(me->todo.ended);
			assert_int_equal(err.code, rc);
			assert_string_not_equal(err.text, "");
			me->code = rc;
			me->err = err;
		}
		hand_over(me, &t->side[1 - i]);
		me->ended = me->todo.ended;
		if (t->forgetful)
			sync_todo_free(&me->todo);
		event.kind = SYNC_WRITABLE;
	} while (me->todo.more && !me->ended);
}

static inline bool
hears(struct talk *t, int i)
{
	struct side *me = &t->side[i];
	bool any = false;

	while (me->read + 4 <= me->inbox.len) {
		size_t len = be32_get(me->inbox.p + me->read);
		uint8_t *copy = malloc(len); /* exact, so that a sanitizer sees a read past the end */

		assert_non_null(copy);
		memcpy(copy, me->inbox.p + me->read + 4, len);
		me->read += 4 + len;
		happens(t, i, SYNC_RECEIVED, BYTES(copy, len));
		free(copy);
		any = true;
	}
	return any;
}

static inline void
settles(struct talk *t)
{
	for (bool any = true; any;) {
		any = hears(t, 1);
		any = hears(t, 0) || any;
		if (!any) {
			happens(t, 0, SYNC_QUIET, BYTES_NONE);
			happens(t, 1, SYNC_QUIET, BYTES_NONE);
			any = t->side[0].read < t->side[0].inbox.len || t->side[1].read < t->side[1].inbox.len;
		}
	}
}

/* False when there was no memory even to begin. */
static inline bool
talk_begin(struct talk *t, struct shelf *a, struct shelf *b, bool stay, size_t step_bytes)
{
	struct shelf *shelves[2] = { a, b };

	memset(t, 0, sizeof(*t));
	for (int i = 0; i < 2; i++) {
		struct sync_config config = { .initiator = i == 0, .stay = stay, .me = shelves[i]->w->actors[shelves[i]->me].id, .role = 2, .step_bytes = step_bytes };
		struct sync_host host = shelf_host(shelves[i]);

		t->side[i].shelf = shelves[i];
		t->side[i].sync = sync_new(&config, &host);
	}
	return t->side[0].sync != NULL && t->side[1].sync != NULL;
}

static inline void
talk_end(struct talk *t)
{
	for (int i = 0; i < 2; i++) {
		sync_free(t->side[i].sync);
		sync_todo_free(&t->side[i].todo);
		buf_free(&t->side[i].inbox);
	}
}

/* ---- what they hold, and what else happens ---- */

enum { TEAM_WORK = 1, CONTROL_WORK = 2, OTHER_BRANCH = 4, ONE_BRANCH = 8, NEWCOMER = 16, REMOVAL = 32, LATER = 64, BRANCH_MORE = 128,
       BRANCH_RIVAL = 256, CONTROL_FORK = 512 };

/* Entry i of the world belongs to which of those; set by make_world(). */
static unsigned part_of[WORLD_ENTRIES];
static unsigned side_parts;    /* of the shelf being made */
static bool bare_team;

static inline char
wanted(const struct world *w, size_t i)
{
	if ((part_of[i] & ~side_parts) != 0)
		return 'n';
	return bare_team && w->entries[i].h.kind == KIND_DATA ? 'h' : 'y';
}

static inline void
belongs_to(struct world *w, size_t from, unsigned part)
{
	for (size_t i = from; i < w->count; i++)
		part_of[i] = part;
}

/* A branch with two ends of its own, and a log of control with two. */
static inline void
branches_fork_too(struct world *w)
{
	struct stream_id team = team_of(1);
	struct control_op op = { .kind = KIND_SEALKEY };
	struct buf payload = BUF_INIT;
	size_t more = 0, from = w->count, first;

	while (part_of[more] != (OTHER_BRANCH | BRANCH_MORE))
		more++;
	first = world_write_after(w, BOB, &team, 0, world_find(w, w->entries[more].h.prev.b, 32), KIND_DATA, BYTES_STR("a third story"));
	world_write_after(w, BOB, &team, 0, &w->entries[first], KIND_DATA, BYTES_STR("and its end"));
	belongs_to(w, from, OTHER_BRANCH | BRANCH_RIVAL);
	from = w->count;
	first = world_op(w, C3, 2, &op);
	world_op(w, C3, 2, &op);
	op.u.sealkey.seal_pk[0] = 1;
	control_op_encode(&payload, &op);
	world_write_after(w, C3, &w->control, 2, &w->entries[first], op.kind, buf_bytes(&payload));
	buf_free(&payload);
	belongs_to(w, from, CONTROL_FORK);
}

static inline struct world *
make_world(void)
{
	struct world *w = office();
	struct stream_id team = team_of(1), box = team_of(2);
	const struct entry *last;
	struct cut cuts[1];
	size_t from;

	memset(part_of, 0, sizeof(part_of));
	world_team(w, C1, 0, &box, 1, 1);
	works(w, ANA, &team, 0, 3);
	works(w, BOB, &team, 0, 4);
	from = w->count;
	works(w, ANA, &team, 1, 6);
	belongs_to(w, from, TEAM_WORK);
	from = w->count;
	world_admit(w, C1, 0, DEE, DEE);
	world_grant(w, C1, 0, DEE, ROLE_ADVISOR, &team, 0);
	world_admit(w, C2, 0, EVE, EVE);
	world_grant(w, C2, 0, EVE, ROLE_ADVISOR, &team, 0);
	works(w, EVE, &team, 0, 2);
	belongs_to(w, from, CONTROL_WORK);
	from = w->count;
	last = world_last(w, BOB, &team, 0);
	world_write_after(w, BOB, &team, 0, world_ancestor(w, last, 2), KIND_DATA, BYTES_STR("another story"));
	world_data(w, BOB, &team, 0, 2);
	belongs_to(w, from, OTHER_BRANCH);
	from = w->count;
	world_data(w, BOB, &team, 0, 1);
	belongs_to(w, from, OTHER_BRANCH | BRANCH_MORE);
	from = w->count;
	world_write_after(w, BOB, &team, 0, last, KIND_DATA, BYTES_STR("one story"));
	belongs_to(w, from, ONE_BRANCH);
	for (const struct entry *e = last; e->h.seq > 2; e = world_find(w, e->h.prev.b, 32)) /* with its beginning, which the other one lacks */
		part_of[e - w->entries] = ONE_BRANCH;
	from = w->count;
	world_admit(w, C2, 0, HUB, HUB);
	world_grant(w, C2, 0, HUB, ROLE_HUB, NULL, 0);
	belongs_to(w, from, NEWCOMER | CONTROL_WORK);
	from = w->count;
	cuts[0] = cut_at(&team, 0, world_ancestor(w, last, 2));
	world_revoke(w, C3, 0, BOB, cuts, 1);
	belongs_to(w, from, REMOVAL);
	from = w->count;
	world_op(w, C3, 1, &(struct control_op){ .kind = KIND_SEALKEY });
	belongs_to(w, from, LATER);
	branches_fork_too(w);
	return w;
}

static inline struct shelf *
shelf_for(const struct world *w, unsigned me, unsigned peer, unsigned parts, bool bare)
{
	side_parts = parts;
	bare_team = bare;
	return shelf_new(w, me, peer, wanted);
}

/* ---- what one of them says that the other has not thought of ---- */

static inline enum err_code
told(struct talk *t, int i, const struct message *m)
{
	struct buf bytes = BUF_INIT;

	mem_hold();
	message_encode(&bytes, m);
	mem_release();
	assert_true(buf_ok(&bytes));
	happens(t, i, SYNC_RECEIVED, buf_bytes(&bytes));
	buf_free(&bytes);
	return t->side[i].code;
}

/* Two in a world of their own, on a link that stays. */
struct pair { struct world *w; struct shelf *a, *b; struct talk t; };

static inline void
pair_of(struct pair *p, struct world *w, unsigned a, unsigned b, unsigned a_parts, unsigned b_parts)
{
	p->w = w;
	p->a = shelf_for(p->w, a, b, a_parts, false);
	p->b = shelf_for(p->w, b, a, b_parts, false);
	assert_true(talk_begin(&p->t, p->a, p->b, true, 0));
}

static inline void
pair_init(struct pair *p, unsigned a, unsigned b, unsigned a_parts, unsigned b_parts)
{
	pair_of(p, make_world(), a, b, a_parts, b_parts);
}

static inline void
pair_greet(struct pair *p)
{
	happens(&p->t, 1, SYNC_OPENED, BYTES_NONE);
	happens(&p->t, 0, SYNC_OPENED, BYTES_NONE);
	assert_true(hears(&p->t, 1));
	assert_int_equal(p->t.side[1].code, ERR_OK);
}

/* Two who have worked apart; the responder has answered HELLO and compares teams. */
static inline void
pair_comparing(struct pair *p)
{
	pair_init(p, ANA, BOB, TEAM_WORK, ONE_BRANCH);
	pair_greet(p);
}

static inline void
pair_end(struct pair *p)
{
	talk_end(&p->t);
	shelf_free(p->a);
	shelf_free(p->b);
	world_free(p->w);
}

static inline size_t
shelf_log_of(struct shelf *s, unsigned who, const struct stream_id *stream)
{
	struct log_key key = world_log(s->w, who, stream, 0);
	size_t i = SIZE_MAX;

	assert_true(shelf_log_find(s, &key, &i));
	return i;
}

/* One run of so much of a log of `s`. */
static inline void
run_into(struct buf *out, struct shelf *s, unsigned who, const struct stream_id *stream, uint64_t from)
{
	size_t i = shelf_log_of(s, who, stream);
	uint64_t next;

	assert_int_equal(shelf_read_run(s, i, from, s->logs[i].head.len, false, SIZE_MAX, out, &next, NULL), ERR_OK);
}

/* How many messages of that kind lie in its inbox. */
static inline size_t
messages_said(const struct side *from, enum message_kind kind)
{
	size_t n = 0;

	for (size_t at = 0; at + 4 <= from->inbox.len;) {
		size_t len = be32_get(from->inbox.p + at);
		struct message m;

		assert_int_equal(message_decode(&m, BYTES(from->inbox.p + at + 4, len), NULL), ERR_OK);
		n += m.kind == kind;
		at += 4 + len;
	}
	return n;
}

#endif
