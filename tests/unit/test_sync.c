/*
 * Two replicas in one room: their conversations are wired in memory and every
 * message is written down. Side 0 begins.
 */
#include "site.h"

#include "log/run.h"
#include "peer/binding.h"
#include "org/ack.h"
#include "org/attest.h"

static const char *const names[] = {
	[MSG_HELLO] = "HELLO", [MSG_BUCKETS] = "BUCKETS", [MSG_HAVE] = "HAVE", [MSG_WANT] = "WANT",
	[MSG_ENTRIES] = "ENTRIES", [MSG_CREDIT] = "CREDIT", [MSG_BYE] = "BYE", [MSG_ERR] = "ERR",
	[MSG_ACK] = "ACK", [MSG_DONE] = "DONE", [MSG_PROBE] = "PROBE",
};

struct end {
	struct peer_host host;
	struct binding binding;
	struct sync *sync;
	struct sync_todo todo;
	struct buf inbox;     /* be32 length ‖ message */
	size_t read;
	enum err_code code;
	struct err err;
	unsigned exchanged;
	bool ended;
	uint64_t bytes;       /* of messages it has said */
	uint64_t before_entries; /* of those, before its first ENTRIES */
	bool entries_said;
};

struct room {
	struct end end[2];
	bool later[2];        /* that side is of a later version: says more than is understood */
	struct buf trace;     /* "0 HELLO\n1 HELLO BUCKETS\n": a line a turn */
	int last;
};

static void
end_init(struct site *w, struct end *e, struct replica *r, size_t me, size_t peer, bool initiator, bool stay)
{
	struct sync_config config = { initiator, stay, w->id[me], 2, 0, 0 };

	memset(e, 0, sizeof(*e));
	e->host = (struct peer_host){ .env = w->env, .replica = r, .keys = &w->device[me] };
	binding_init(&e->binding, &e->host, w->device[peer].noise_pk, NULL);
	e->sync = sync_new(&config, &e->binding.sync);
	assert_non_null(e->sync);
}

static void
room_init(struct site *w, struct room *m, struct replica *r0, size_t d0, struct replica *r1, size_t d1, bool stay)
{
	memset(m, 0, sizeof(*m));
	m->last = -1;
	end_init(w, &m->end[0], r0, d0, d1, true, stay);
	end_init(w, &m->end[1], r1, d1, d0, false, stay);
}

static void
room_free(struct room *m)
{
	for (int i = 0; i < 2; i++) {
		sync_free(m->end[i].sync);
		sync_todo_free(&m->end[i].todo);
		binding_wipe(&m->end[i].binding);
		buf_free(&m->end[i].inbox);
	}
	buf_free(&m->trace);
}

static void
note(struct room *m, int side, struct bytes message)
{
	struct message parsed;

	SITE_OK(message_decode(&parsed, message, err));
	if (m->last != side)
		buf_printf(&m->trace, "%s%d", m->last < 0 ? "" : "\n", side);
	m->last = side;
	buf_printf(&m->trace, " %s", names[parsed.kind]);
	m->end[side].bytes += message.len;
	m->end[side].entries_said |= parsed.kind == MSG_ENTRIES;
	if (!m->end[side].entries_said)
		m->end[side].before_entries += message.len;
}

static void
to_inbox(struct room *m, int side, struct bytes message)
{
	buf_put_be32(&m->end[1 - side].inbox, (uint32_t)message.len);
	buf_put_bytes(&m->end[1 - side].inbox, message);
}

/* As a next version would say it: a larger vmax, more fields in HELLO, and messages that nobody here knows. */
static void
say_later(struct room *m, int side, struct bytes message)
{
	struct buf changed = BUF_INIT, unknown = BUF_INIT;
	struct message hello;

	SITE_OK(message_decode(&hello, message, err));
	if (hello.kind == MSG_HELLO) {
		hello.u.hello.vmax = SYNC_VERSION + 1;
		hello.u.hello.flags |= 1u << 20;
		message_encode(&changed, &hello);
		assert_int_equal(changed.p[0], 0x9a); /* ten fields, and two more */
		changed.p[0] = 0x9c;
		wr_uint(&changed, 7);
		wr_str(&changed, "of a later version", 18);
		message = buf_bytes(&changed);
	}
	to_inbox(m, side, message);
	wr_array(&unknown, 3);
	wr_uint(&unknown, 15 + m->end[side].inbox.len % 100);
	wr_bin(&unknown, "anything", 8);
	wr_nil(&unknown);
	to_inbox(m, side, buf_bytes(&unknown));
	buf_free(&changed);
	buf_free(&unknown);
}

static void
step(struct room *m, int side, enum sync_event_kind kind, struct bytes message)
{
	struct end *e = &m->end[side];
	struct sync_event event = { kind, message };
	size_t at = 0;

	if (e->ended)
		return;
	do {
		binding_refresh(&e->binding);
		e->code = sync_step(e->sync, &event, &e->todo, &e->err);
		for (at = 0; sync_todo_next(&e->todo, &at, &message);) {
			note(m, side, message);
			if (m->later[side])
				say_later(m, side, message);
			else
				to_inbox(m, side, message);
		}
		e->exchanged += e->todo.exchanged;
		e->ended = e->todo.ended;
		event.kind = SYNC_WRITABLE;
	} while (e->todo.more && !e->ended);
}

/* Hands over what waits for side i. False when nothing did. */
static bool
hear(struct room *m, int i)
{
	struct end *e = &m->end[i];
	bool any = false;

	while (e->read + 4 <= e->inbox.len) {
		size_t len = be32_get(e->inbox.p + e->read);
		uint8_t *copy = malloc(len); /* exact, so that a sanitizer sees a read past the end */

		memcpy(copy, e->inbox.p + e->read + 4, len);
		e->read += 4 + len;
		step(m, i, SYNC_RECEIVED, BYTES(copy, len));
		free(copy);
		any = true;
	}
	return any;
}

static void
settle(struct room *m)
{
	bool any;

	do {
		any = hear(m, 1);
		any = hear(m, 0) || any;
		if (!any) {
			size_t before = m->trace.len;

			step(m, 0, SYNC_QUIET, BYTES_NONE);
			step(m, 1, SYNC_QUIET, BYTES_NONE);
			any = m->trace.len != before;
		}
	} while (any);
}

static void
talk(struct room *m)
{
	step(m, 1, SYNC_OPENED, BYTES_NONE);
	step(m, 0, SYNC_OPENED, BYTES_NONE);
	settle(m);
}

static void
check_trace(struct room *m, const char *want)
{
	assert_string_equal(buf_str(&m->trace), want);
}

static void
check_in_step(struct room *m)
{
	for (int i = 0; i < 2; i++) {
		if (m->end[i].code != ERR_OK)
			fail_msg("side %d: %s", i, m->end[i].err.text);
		assert_true(m->end[i].exchanged > 0);
		assert_true(sync_facts(m->end[i].sync)->in_step);
	}
}

/* One exchange between two devices, to its end. */
static void
meet(struct site *w, struct replica *r0, size_t d0, struct replica *r1, size_t d1)
{
	struct room m;

	room_init(w, &m, r0, d0, r1, d1, false);
	talk(&m);
	check_in_step(&m);
	room_free(&m);
}

static void
notes(struct site *w, struct replica *r, size_t device, const struct stream_id *stream, unsigned count)
{
	while (count-- > 0)
		site_note(w, r, device, stream, 300);
	SITE_OK(replica_commit(r, err));
}

/* Two advisers of one team who hold the same control log and one note each has written. */
static void
two_advisers(struct site *w, struct replica **a, struct replica **b)
{
	site_start(w);
	*a = site_replica(w, "a");
	*b = site_replica(w, "b");
	site_found(w, *a);
	site_copy(w, *a, *b);
	notes(w, *a, ADVISER, &w->team, 1);
	notes(w, *b, SECOND, &w->team, 1);
	meet(w, *a, ADVISER, *b, SECOND);
	meet(w, *a, ADVISER, *b, SECOND);
}

static void
close_all(struct site *w, struct replica *a, struct replica *b)
{
	replica_close(a);
	replica_close(b);
	site_end(w);
}

static bool
same_frontier(struct replica *a, struct replica *b)
{
	uint8_t x[32], y[32];

	replica_frontier(a, NULL, NULL, x);
	replica_frontier(b, NULL, NULL, y);
	return memcmp(x, y, 32) == 0;
}

/* ---- stories ---- */

static void
equal_replicas_say_three_frames(void **state)
{
	struct replica *a, *b;
	struct site w;
	struct room m;

	(void)state;
	two_advisers(&w, &a, &b);
	room_init(&w, &m, a, ADVISER, b, SECOND, false);
	talk(&m);
	check_trace(&m, "0 HELLO\n"
	                "1 HELLO\n"
	                "0 BYE");
	check_in_step(&m);
	assert_true(sync_facts(m.end[0].sync)->round_trips <= 2);
	assert_true(m.end[0].bytes < 2 * 238 && m.end[1].bytes < 238); /* one 256-byte frame each */
	room_free(&m);
	close_all(&w, a, b);
}

static void
ten_new_notes_on_each_side_take_three_round_trips(void **state)
{
	struct replica *a, *b;
	struct site w;
	struct room m;

	(void)state;
	two_advisers(&w, &a, &b);
	notes(&w, a, ADVISER, &w.team, 10);
	notes(&w, b, SECOND, &w.team, 10);
	room_init(&w, &m, a, ADVISER, b, SECOND, false);
	talk(&m);
	check_trace(&m, "0 HELLO\n"
	                "1 HELLO BUCKETS\n"
	                "0 HAVE\n"
	                "1 HAVE ENTRIES DONE\n"
	                "0 ENTRIES DONE ACK\n"
	                "1 ACK\n"
	                "0 BYE");
	check_in_step(&m);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sync_facts(m.end[i].sync)->sent, 10);
		assert_int_equal(sync_facts(m.end[i].sync)->received, 10);
		assert_true(sync_facts(m.end[i].sync)->round_trips <= 3);
	}
	assert_true(same_frontier(a, b));
	room_free(&m);
	close_all(&w, a, b);
}

static void
what_was_acknowledged_is_known_on_both_sides(void **state)
{
	struct replica *a, *b;
	struct site w;
	size_t log;

	(void)state;
	two_advisers(&w, &a, &b);
	notes(&w, a, ADVISER, &w.team, 5);
	meet(&w, a, ADVISER, b, SECOND);
	log = site_log_of(&w, a, &w.device[ADVISER], &w.team);
	assert_int_equal(replica_acked(a, &w.device[SECOND].sign_pk, log), replica_log_at(a, log)->len);
	log = site_log_of(&w, b, &w.device[ADVISER], &w.team);
	assert_int_equal(replica_acked(b, &w.device[ADVISER].sign_pk, log), replica_log_at(b, log)->len);
	close_all(&w, a, b);
}

static void
control_comes_first_and_gives_the_right_to_the_rest(void **state)
{
	struct replica *a, *b;
	struct site w;
	struct room m;

	(void)state;
	site_start(&w);
	a = site_replica(&w, "a");
	b = site_replica(&w, "b");
	site_found(&w, a);
	site_copy_logs(&w, a, b, true);
	SITE_OK(replica_commit(b, err));
	/* Only `a` knows of the second team, and of a note in it. */
	{
		struct control_op op = { .kind = KIND_TEAM };
		struct stream_id other = w.team;

		other.b[0] ^= 1;
		op.u.team.team = other;
		op.u.team.state = 1;
		site_op(&w, a, &w.device[COORDINATOR], &op);
		site_grant(&w, a, &w.device[COORDINATOR], ADVISER, ROLE_ADVISOR, &other);
		site_grant(&w, a, &w.device[COORDINATOR], SECOND, ROLE_ADVISOR, &other);
		SITE_OK(replica_commit(a, err));
		notes(&w, a, ADVISER, &other, 3);
	}
	room_init(&w, &m, a, ADVISER, b, SECOND, false);
	talk(&m);
	check_trace(&m, "0 HELLO\n"
	                "1 HELLO BUCKETS\n"
	                "0 HAVE\n"
	                "1 HAVE DONE\n"
	                "0 ENTRIES DONE\n"
	                "1 BUCKETS\n"
	                "0 HAVE\n"
	                "1 HAVE DONE\n"
	                "0 ENTRIES DONE ACK\n"
	                "1 ACK\n"
	                "0 BYE");
	check_in_step(&m);
	assert_true(same_frontier(a, b));
	room_free(&m);
	close_all(&w, a, b);
}

static void
a_device_admitted_meanwhile_proves_itself_and_goes_on(void **state)
{
	struct replica *a, *b;
	struct site w;
	struct room m;

	(void)state;
	site_start(&w);
	a = site_replica(&w, "a");
	b = site_replica(&w, "b");
	site_found(&w, a);
	/* b knows the organisation and nothing else: to it, everyone is a stranger. */
	notes(&w, a, ADVISER, &w.team, 3);
	room_init(&w, &m, a, ADVISER, b, SECOND, false);
	talk(&m);
	check_trace(&m, "0 HELLO\n"
	                "1 HELLO\n"
	                "0 ENTRIES DONE HELLO\n"
	                "1 HELLO BUCKETS\n"
	                "0 HAVE\n"
	                "1 HAVE DONE\n"
	                "0 ENTRIES DONE\n"
	                "1 BUCKETS\n"
	                "0 HAVE\n"
	                "1 HAVE DONE\n"
	                "0 ENTRIES DONE ACK\n"
	                "1 ACK\n"
	                "0 BYE");
	check_in_step(&m);
	assert_true(same_frontier(a, b));
	room_free(&m);
	close_all(&w, a, b);
}

static void
a_stranger_without_proof_learns_nothing(void **state)
{
	static const uint8_t zero[32];
	struct device_keys stranger;
	struct replica *a, *b;
	struct message hello;
	uint8_t seed[32] = { 77 };
	struct site w;
	struct room m;

	(void)state;
	two_advisers(&w, &a, &b);
	device_keys_derive(&stranger, seed);
	w.device[HUB] = stranger; /* the real hub's keys are not needed here */
	w.id[HUB] = device_id_of(&stranger.sign_pk);
	room_init(&w, &m, b, HUB, a, ADVISER, false);
	step(&m, 0, SYNC_OPENED, BYTES_NONE);
	hear(&m, 1);
	SITE_OK(message_decode(&hello, BYTES(m.end[0].inbox.p + 4, be32_get(m.end[0].inbox.p)), err));
	assert_int_equal(hello.u.hello.flags & HELLO_STRANGER, HELLO_STRANGER);
	assert_memory_equal(hello.u.hello.frontier, zero, 32);
	assert_memory_equal(hello.u.hello.control, zero, 16);
	settle(&m);
	check_trace(&m, "0 HELLO\n"
	                "1 HELLO\n"
	                "0 ENTRIES DONE HELLO\n"
	                "1 ERR");
	assert_int_equal(m.end[1].code, ERR_REFUSED);
	assert_int_equal(m.end[0].code, ERR_REFUSED);
	room_free(&m);
	close_all(&w, a, b);
}

static void
remove_device(struct site *w, struct replica *r, size_t device)
{
	struct control_op op = { .kind = KIND_REVOKE };

	op.u.revoke.dev = w->id[device];
	op.u.revoke.reason = BYTES("x", 1);
	site_op(w, r, &w->device[COORDINATOR], &op);
	SITE_OK(replica_commit(r, err));
}

static void
a_removed_device_gets_the_proof_and_nothing_else(void **state)
{
	struct replica *a, *b;
	struct site w;
	struct room m;

	(void)state;
	two_advisers(&w, &a, &b);
	notes(&w, a, ADVISER, &w.team, 4);
	remove_device(&w, a, SECOND);
	room_init(&w, &m, b, SECOND, a, ADVISER, false);
	talk(&m);
	check_trace(&m, "0 HELLO\n"
	                "1 HELLO ENTRIES ERR");
	assert_int_equal(m.end[0].code, ERR_REFUSED);
	assert_int_equal(m.end[1].code, ERR_REFUSED);
	/* It knows from now on, and has none of the four notes. */
	replica_drop(b);
	assert_true(org_device_by_id(replica_org(b), &w.id[SECOND])->gone);
	assert_int_equal(replica_log_at(b, site_log_of(&w, b, &w.device[ADVISER], &w.team))->len, 2);
	room_free(&m);
	close_all(&w, a, b);
}

/* One message from side 0, made by hand, and what side 1 says to it. */
static void
say_by_hand(struct room *m, const struct message *message)
{
	struct buf b = BUF_INIT;

	message_encode(&b, message);
	step(m, 1, SYNC_RECEIVED, buf_bytes(&b));
	buf_free(&b);
}

/* How much of the author's log in the stream was sent to side 0, in all. */
static uint64_t
told_of(const struct room *m, const struct author *author, const struct stream_id *stream)
{
	uint64_t len = 0;

	for (size_t at = 0; at + 4 <= m->end[0].inbox.len;) {
		struct bytes one = BYTES(m->end[0].inbox.p + at + 4, be32_get(m->end[0].inbox.p + at));
		struct message said;
		struct rd rd;

		at += 4 + one.len;
		SITE_OK(message_decode(&said, one, err));
		if (said.kind != MSG_ENTRIES)
			continue;
		rd = rd_init(said.u.entries);
		while (rd.p < rd.end) {
			struct bytes run = rd_any(&rd, ENTRIES_BYTES_MAX);
			struct rd inside = rd_init(run);
			struct run_reader reader;

			SITE_OK(run_open(&reader, &inside, err));
			if (SAME(reader.next.author, *author) && SAME(reader.next.stream, *stream) && reader.next.seq + reader.left > len)
				len = reader.next.seq + reader.left;
		}
	}
	return len;
}

/* A peer that takes no ENTRIES at first keeps the proof waiting, and asks for more meanwhile. */
static void
ask_while_the_proof_waits(struct site *w, struct replica *r, struct room *m, uint32_t flags)
{
	struct message hello = { MSG_HELLO, { .hello = { .vmin = 1, .vmax = 1, .flags = flags } } };
	struct message want = { MSG_WANT, { .want = { .count = 1 } } };

	want.u.want.ranges[0] = (struct want_range){
		replica_log_at(r, site_log_of(w, r, &w->device[COORDINATOR], &w->control))->short_id, 0, UINT32_MAX };
	step(m, 1, SYNC_OPENED, BYTES_NONE);
	say_by_hand(m, &hello);
	say_by_hand(m, &want);
	say_by_hand(m, &(struct message){ MSG_CREDIT, { .credit = 1 << 20 } });
}

static void
a_removed_device_gets_no_more_by_asking(void **state)
{
	struct replica *a, *b;
	struct site w;
	struct room m;
	uint64_t removed;

	(void)state;
	two_advisers(&w, &a, &b);
	remove_device(&w, a, SECOND);
	removed = replica_log_at(a, site_log_of(&w, a, &w.device[COORDINATOR], &w.control))->len;
	site_grant(&w, a, &w.device[COORDINATOR], HUB, ROLE_AUDITOR, NULL);
	SITE_OK(replica_commit(a, err));
	room_init(&w, &m, b, SECOND, a, ADVISER, false);
	ask_while_the_proof_waits(&w, a, &m, 0);
	assert_true(told_of(&m, &w.device[COORDINATOR].sign_pk, &w.control) <= removed);
	room_free(&m);
	close_all(&w, a, b);
}

static void
a_stranger_gets_no_more_by_asking(void **state)
{
	struct device_keys stranger;
	uint8_t seed[32] = { 77 };
	struct replica *a, *b;
	struct site w;
	struct room m;
	uint64_t granted;

	(void)state;
	two_advisers(&w, &a, &b);
	granted = replica_log_at(a, site_log_of(&w, a, &w.device[COORDINATOR], &w.control))->len;
	site_grant(&w, a, &w.device[COORDINATOR], HUB, ROLE_AUDITOR, NULL);
	SITE_OK(replica_commit(a, err));
	device_keys_derive(&stranger, seed);
	w.device[HUB] = stranger;
	room_init(&w, &m, b, HUB, a, ADVISER, false);
	ask_while_the_proof_waits(&w, a, &m, HELLO_STRANGER);
	assert_true(told_of(&m, &w.device[COORDINATOR].sign_pk, &w.control) <= granted);
	room_free(&m);
	close_all(&w, a, b);
}

/* proto/sync.md, 9: "If it becomes known in the middle, ERR 3 follows at once." */
static void
a_device_removed_under_a_live_link_gets_the_proof_and_nothing_else(void **state)
{
	struct replica *a, *b;
	struct site w;
	struct room m;
	uint64_t removed;

	(void)state;
	two_advisers(&w, &a, &b);
	room_init(&w, &m, a, ADVISER, b, SECOND, true);
	talk(&m);
	check_in_step(&m);
	remove_device(&w, a, SECOND);
	removed = replica_log_at(a, site_log_of(&w, a, &w.device[COORDINATOR], &w.control))->len;
	site_grant(&w, a, &w.device[COORDINATOR], HUB, ROLE_AUDITOR, NULL);
	SITE_OK(replica_commit(a, err));
	step(&m, 0, SYNC_GROWN, BYTES_NONE);
	settle(&m);
	assert_int_equal(m.end[0].code, ERR_REFUSED);
	assert_int_equal(m.end[1].code, ERR_REFUSED);
	assert_true(org_device_by_id(replica_org(b), &w.id[SECOND])->gone);
	assert_int_equal(replica_log_at(b, site_log_of(&w, b, &w.device[COORDINATOR], &w.control))->len, removed);
	room_free(&m);
	close_all(&w, a, b);
}

/* Evaluating replaces every device; an entry by a newcomer makes a replica evaluate in the middle of ENTRIES. */
static void
who_the_peer_is_stays_known_while_its_entries_are_evaluated(void **state)
{
	struct device_keys newcomer;
	uint8_t seed[32] = { 78 };
	struct replica *a, *b;
	struct site w;
	struct room m;

	(void)state;
	two_advisers(&w, &a, &b);
	device_keys_derive(&newcomer, seed);
	room_init(&w, &m, a, ADVISER, b, SECOND, true);
	talk(&m);
	site_admit(&w, a, &w.device[COORDINATOR], &newcomer);
	site_append(&w, a, &newcomer, &w.control, KIND_ATTEST, BYTES("x", 1));
	SITE_OK(replica_commit(a, err));
	step(&m, 0, SYNC_GROWN, BYTES_NONE);
	hear(&m, 1);
	assert_non_null(org_device_by_author(replica_org(b), &newcomer.sign_pk));
	assert_ptr_equal(m.end[1].binding.peer, org_device_by_author(replica_org(b), &w.device[ADVISER].sign_pk));
	settle(&m);
	check_in_step(&m);
	room_free(&m);
	close_all(&w, a, b);
}

/* A full disk takes back what came last, and with it logs that a conversation with somebody else has met already. */
static void
a_batch_that_is_taken_back_ends_the_conversations_that_knew_of_it(void **state)
{
	struct replica *a, *b, *c;
	struct site w;
	struct room m;

	(void)state;
	two_advisers(&w, &a, &b);
	c = site_replica(&w, "c");
	site_copy_logs(&w, a, c, true);
	notes(&w, c, COORDINATOR, &w.roster, 1);
	room_init(&w, &m, a, ADVISER, b, SECOND, true);
	talk(&m);
	check_in_step(&m);
	site_copy_logs(&w, c, a, false); /* not committed */
	step(&m, 0, SYNC_GROWN, BYTES_NONE);
	replica_drop(a);
	step(&m, 0, SYNC_GROWN, BYTES_NONE);
	assert_int_equal(m.end[0].code, ERR_IO);
	assert_true(m.end[0].ended);
	room_free(&m);
	replica_close(c);
	close_all(&w, a, b);
}

/* A header says that there was a note, not what it said: who holds no more is no safe copy. */
static void
who_holds_headers_only_proves_no_custody(void **state)
{
	struct replica *a, *c, *b;
	struct site w;
	struct room m;
	size_t log;

	(void)state;
	two_advisers(&w, &a, &b);
	c = site_replica(&w, "c");
	site_copy_logs(&w, a, c, true);
	SITE_OK(replica_commit(c, err));
	notes(&w, a, ADVISER, &w.team, 5);
	meet(&w, c, COORDINATOR, a, ADVISER);
	log = site_log_of(&w, a, &w.device[ADVISER], &w.team);
	assert_int_equal(replica_acked(a, &w.device[COORDINATOR].sign_pk, log), 0);
	/* And it is no reason to say all of it again every time. */
	room_init(&w, &m, c, COORDINATOR, a, ADVISER, false);
	talk(&m);
	check_trace(&m, "0 HELLO\n"
	                "1 HELLO\n"
	                "0 BYE");
	room_free(&m);
	/* Nor does the grant make a copy of what was headers: the payloads have to come first. */
	site_grant(&w, c, &w.device[COORDINATOR], COORDINATOR, ROLE_ADVISOR, &w.team);
	SITE_OK(replica_commit(c, err));
	site_copy_logs(&w, c, b, true);
	SITE_OK(replica_commit(b, err));
	meet(&w, a, ADVISER, b, SECOND);
	assert_int_equal(replica_acked(a, &w.device[COORDINATOR].sign_pk, log), 0);
	meet(&w, c, COORDINATOR, a, ADVISER);
	assert_int_equal(replica_acked(a, &w.device[COORDINATOR].sign_pk, log), replica_log_at(a, log)->len);
	replica_close(c);
	close_all(&w, a, b);
}

static void
a_coordinator_gets_headers_and_never_passes_them_to_a_reader(void **state)
{
	struct replica *a, *c, *b;
	struct entry e;
	struct buf keep = BUF_INIT;
	struct site w;
	struct room m;
	size_t log;

	(void)state;
	two_advisers(&w, &a, &b);
	c = site_replica(&w, "c");
	site_copy_logs(&w, a, c, true);
	SITE_OK(replica_commit(c, err));
	notes(&w, a, ADVISER, &w.team, 5);
	meet(&w, c, COORDINATOR, a, ADVISER);
	log = site_log_of(&w, c, &w.device[ADVISER], &w.team);
	assert_int_equal(replica_log_at(c, log)->len, 7);
	SITE_OK(replica_entry(c, log, 3, &e, &keep, err));
	assert_false(e.has_payload);
	/* The coordinator is ahead of the second adviser, and leaves that to those who hold payloads. */
	room_init(&w, &m, c, COORDINATOR, b, SECOND, false);
	talk(&m);
	assert_int_equal(sync_facts(m.end[0].sync)->sent, 0);
	assert_int_equal(m.end[0].code, ERR_OK);
	assert_false(sync_facts(m.end[0].sync)->in_step);
	assert_int_equal(replica_log_at(b, site_log_of(&w, b, &w.device[ADVISER], &w.team))->len, 2);
	room_free(&m);
	meet(&w, a, ADVISER, b, SECOND);
	buf_free(&keep);
	replica_close(c);
	close_all(&w, a, b);
}

static void
nobody_gets_a_stream_without_the_right_to_it(void **state)
{
	struct stream_id other;
	struct control_op op = { .kind = KIND_TEAM };
	struct replica *a, *b;
	struct site w;

	(void)state;
	two_advisers(&w, &a, &b);
	other = w.team;
	other.b[0] ^= 1;
	op.u.team.team = other;
	op.u.team.state = 1;
	site_op(&w, a, &w.device[COORDINATOR], &op);
	site_grant(&w, a, &w.device[COORDINATOR], ADVISER, ROLE_ADVISOR, &other);
	SITE_OK(replica_commit(a, err));
	notes(&w, a, ADVISER, &other, 3);
	meet(&w, a, ADVISER, b, SECOND); /* in step over what both may hold */
	for (size_t i = 0; i < replica_log_count(b); i++)
		assert_false(SAME(replica_log_at(b, i)->key.stream, other));
	close_all(&w, a, b);
}

static void
missing_payloads_are_asked_for_once_the_right_is_there(void **state)
{
	struct replica *a, *b, *c;
	struct entry e;
	struct buf keep = BUF_INIT;
	struct site w;
	size_t log;

	(void)state;
	two_advisers(&w, &a, &b);
	c = site_replica(&w, "c");
	site_copy_logs(&w, a, c, true);
	SITE_OK(replica_commit(c, err));
	notes(&w, a, ADVISER, &w.team, 5);
	meet(&w, c, COORDINATOR, a, ADVISER);
	/* The coordinator grants herself the team, which everybody sees. */
	site_grant(&w, c, &w.device[COORDINATOR], COORDINATOR, ROLE_ADVISOR, &w.team);
	SITE_OK(replica_commit(c, err));
	meet(&w, c, COORDINATOR, a, ADVISER);
	log = site_log_of(&w, c, &w.device[ADVISER], &w.team);
	for (uint64_t seq = 0; seq < replica_log_at(c, log)->len; seq++) {
		SITE_OK(replica_entry(c, log, seq, &e, &keep, err));
		assert_true(e.has_payload);
	}
	buf_free(&keep);
	replica_close(c);
	close_all(&w, a, b);
}

/* proto/sync.md, 5: "A run of a stream its sender had no right to give" */
static void
nobody_fills_a_stream_without_the_right_to_it(void **state)
{
	struct stream_id other;
	struct control_op op = { .kind = KIND_TEAM };
	struct replica *a, *b, *hub;
	struct message entries = { MSG_ENTRIES, { .credit = 0 } };
	struct buf run = BUF_INIT;
	struct site w;
	struct room m;

	(void)state;
	two_advisers(&w, &a, &b);
	hub = site_replica(&w, "hub");
	other = w.team;
	other.b[0] ^= 1;
	op.u.team.team = other;
	op.u.team.state = 1;
	site_op(&w, a, &w.device[COORDINATOR], &op);
	site_grant(&w, a, &w.device[COORDINATOR], SECOND, ROLE_ADVISOR, &other);
	SITE_OK(replica_commit(a, err));
	notes(&w, a, SECOND, &other, 1);
	room_init(&w, &m, a, ADVISER, hub, HUB, true);
	talk(&m);
	check_in_step(&m);
	site_run(a, site_log_of(&w, a, &w.device[SECOND], &other), 0, &run);
	entries.u.entries = buf_bytes(&run);
	say_by_hand(&m, &entries);
	assert_int_equal(m.end[1].code, ERR_OK);
	assert_int_equal(sync_facts(m.end[1].sync)->refused, 2);
	for (size_t i = 0; i < replica_log_count(hub); i++)
		assert_false(SAME(replica_log_at(hub, i)->key.stream, other));
	buf_free(&run);
	room_free(&m);
	replica_close(hub);
	close_all(&w, a, b);
}

/* One device wrote different things at one place of its log, to different people. */
static void
a_fork_is_found_and_both_sides_of_it_are_kept(void **state)
{
	static const unsigned common[] = { 0, 1, 70, 200 };

	(void)state;
	for (size_t k = 0; k < COUNT_OF(common); k++) {
		struct replica *a, *b;
		struct site w;
		struct room m;

		site_start(&w);
		a = site_replica(&w, "a");
		b = site_replica(&w, "b");
		site_found(&w, a);
		site_copy(&w, a, b);
		notes(&w, a, ADVISER, &w.team, common[k] + 1);
		site_copy(&w, a, b);
		notes(&w, a, ADVISER, &w.team, 5);
		notes(&w, b, ADVISER, &w.team, 9);
		room_init(&w, &m, a, SECOND, b, ADVISER, false);
		talk(&m);
		check_in_step(&m);
		assert_true(same_frontier(a, b));
		/* The trunk, and two branches. */
		assert_int_equal(replica_log_at(a, site_log_of(&w, a, &w.device[ADVISER], &w.team))->len, common[k] + 2);
		assert_non_null(strstr(buf_str(&m.trace), "PROBE"));
		room_free(&m);
		meet(&w, a, SECOND, b, ADVISER);
		close_all(&w, a, b);
	}
}

/* What both ends of a link have heard from a third crosses it once: one of them waits to see whether the other brings it. */
static void
what_others_have_written_is_held_back_where_it_is_asked(void **state)
{
	struct replica *a, *b, *c;
	struct site w;
	struct room m;

	(void)state;
	two_advisers(&w, &a, &b);
	c = site_replica(&w, "c");
	site_copy(&w, a, c);
	site_copy(&w, b, c);
	room_init(&w, &m, a, ADVISER, b, SECOND, true);
	site_grant(&w, a, &w.device[COORDINATOR], COORDINATOR, ROLE_ADVISOR, &w.team);
	SITE_OK(replica_commit(a, err));
	site_copy(&w, a, b);
	site_copy(&w, a, c);
	talk(&m);
	notes(&w, c, COORDINATOR, &w.team, 1);
	site_copy(&w, c, a);
	notes(&w, a, ADVISER, &w.team, 1);
	buf_clear(&m.trace);
	m.last = -1;
	step(&m, 0, SYNC_WRITTEN, BYTES_NONE);
	check_trace(&m, "0 ENTRIES"); /* its own */
	assert_true(m.end[0].todo.held);
	settle(&m);
	assert_false(same_frontier(a, b));
	step(&m, 0, SYNC_RIPE, BYTES_NONE); /* not yet: it came after the last time */
	assert_true(m.end[0].todo.held);
	settle(&m);
	assert_false(same_frontier(a, b));
	step(&m, 0, SYNC_RIPE, BYTES_NONE);
	assert_false(m.end[0].todo.held);
	settle(&m);
	assert_true(same_frontier(a, b));
	/* And when the other end brings it meanwhile nothing is left to send. */
	notes(&w, c, COORDINATOR, &w.team, 1);
	site_copy(&w, c, a);
	site_copy(&w, c, b);
	step(&m, 0, SYNC_WRITTEN, BYTES_NONE);
	assert_true(m.end[0].todo.held);
	step(&m, 1, SYNC_GROWN, BYTES_NONE);
	settle(&m);
	buf_clear(&m.trace);
	m.last = -1;
	step(&m, 0, SYNC_RIPE, BYTES_NONE);
	step(&m, 0, SYNC_RIPE, BYTES_NONE);
	assert_int_equal(m.trace.len, 0);
	assert_false(m.end[0].todo.held);
	/* Control is never held back. */
	site_append(&w, c, &w.device[COORDINATOR], &w.control, KIND_ATTEST, BYTES("x", 1));
	SITE_OK(replica_commit(c, err));
	site_copy(&w, c, a);
	step(&m, 0, SYNC_WRITTEN, BYTES_NONE);
	check_trace(&m, "0 ENTRIES");
	room_free(&m);
	replica_close(c);
	close_all(&w, a, b);
}

static void
a_live_link_pushes_what_comes_and_never_sends_it_back(void **state)
{
	struct replica *a, *b;
	struct site w;
	struct room m;

	(void)state;
	two_advisers(&w, &a, &b);
	room_init(&w, &m, a, ADVISER, b, SECOND, true);
	talk(&m);
	check_trace(&m, "0 HELLO\n"
	                "1 HELLO\n"
	                "0 ACK");
	buf_clear(&m.trace);
	m.last = -1;
	notes(&w, a, ADVISER, &w.team, 2);
	step(&m, 0, SYNC_GROWN, BYTES_NONE);
	settle(&m);
	step(&m, 1, SYNC_GROWN, BYTES_NONE); /* as the commit of what came in will cause */
	settle(&m);
	check_trace(&m, "0 ENTRIES\n"
	                "1 ACK");
	assert_true(same_frontier(a, b));
	assert_true(sync_facts(m.end[0].sync)->in_step);
	step(&m, 1, SYNC_STOP, BYTES_NONE);
	settle(&m);
	assert_true(m.end[0].ended && m.end[1].ended);
	assert_int_equal(m.end[0].code, ERR_OK);
	room_free(&m);
	close_all(&w, a, b);
}

/* By SECOND, of what it holds of the log now; nobody is told of it yet. */
static void
attests(struct site *w, struct replica *r, size_t log)
{
	struct extent it = extent_of(replica_log_at(r, log));
	struct buf delta = BUF_INIT, payload = BUF_INIT;
	struct attest *a = calloc(1, sizeof(*a));

	extent_put(&delta, &it);
	a->day = 20000;
	a->delta = buf_bytes(&delta);
	attest_encode(&payload, a);
	assert_true(buf_ok(&payload));
	(void)site_append(w, r, &w->device[SECOND], &w->control, KIND_ATTEST, buf_bytes(&payload));
	SITE_OK(replica_commit(r, err));
	free(a);
	buf_free(&delta);
	buf_free(&payload);
}

/* The word that is older is in a queue while the younger one goes out. */
static void
an_ack_takes_the_place_of_what_was_attested_before_it_and_comes_later(void **state)
{
	struct replica *a, *b;
	struct site w;
	struct room m;
	size_t log;

	(void)state;
	two_advisers(&w, &a, &b);
	attests(&w, b, site_log_of(&w, b, &w.device[ADVISER], &w.team)); /* its log is no new one */
	room_init(&w, &m, a, ADVISER, b, SECOND, true);
	talk(&m);
	log = site_log_of(&w, a, &w.device[ADVISER], &w.team);
	attests(&w, b, site_log_of(&w, b, &w.device[ADVISER], &w.team));
	notes(&w, a, ADVISER, &w.team, 2);
	step(&m, 0, SYNC_GROWN, BYTES_NONE);
	settle(&m);
	assert_int_equal(replica_acked(a, &w.device[SECOND].sign_pk, log), replica_log_at(a, log)->len);
	step(&m, 1, SYNC_GROWN, BYTES_NONE);
	settle(&m);
	assert_true(same_frontier(a, b));
	assert_int_equal(replica_acked(a, &w.device[SECOND].sign_pk, log), replica_log_at(a, log)->len);
	room_free(&m);
	close_all(&w, a, b);
}

static void
a_right_granted_under_a_live_link_opens_what_it_covers(void **state)
{
	struct stream_id other;
	struct control_op op = { .kind = KIND_TEAM };
	struct replica *a, *b;
	struct site w;
	struct room m;

	(void)state;
	two_advisers(&w, &a, &b);
	other = w.team;
	other.b[0] ^= 1;
	op.u.team.team = other;
	op.u.team.state = 1;
	site_op(&w, a, &w.device[COORDINATOR], &op);
	site_grant(&w, a, &w.device[COORDINATOR], ADVISER, ROLE_ADVISOR, &other);
	SITE_OK(replica_commit(a, err));
	notes(&w, a, ADVISER, &other, 3);
	room_init(&w, &m, a, ADVISER, b, SECOND, true);
	talk(&m);
	check_in_step(&m);
	assert_false(same_frontier(a, b));
	site_grant(&w, a, &w.device[COORDINATOR], SECOND, ROLE_ADVISOR, &other);
	SITE_OK(replica_commit(a, err));
	step(&m, 0, SYNC_GROWN, BYTES_NONE);
	settle(&m);
	check_in_step(&m);
	assert_true(same_frontier(a, b));
	room_free(&m);
	close_all(&w, a, b);
}

static void
a_large_copy_stays_within_the_credit(void **state)
{
	struct replica *a, *b;
	struct site w;
	struct room m;

	(void)state;
	two_advisers(&w, &a, &b);
	for (int i = 0; i < 60; i++)
		site_note(&w, a, ADVISER, &w.team, 50000);
	SITE_OK(replica_commit(a, err));
	room_init(&w, &m, a, ADVISER, b, SECOND, false);
	talk(&m);
	check_in_step(&m);
	assert_int_equal(sync_facts(m.end[0].sync)->sent, 60);
	assert_non_null(strstr(buf_str(&m.trace), "CREDIT"));
	room_free(&m);
	close_all(&w, a, b);
}

static void
a_thousand_authors_compare_in_under_five_kilobytes(void **state)
{
	struct device_keys many;
	struct replica *a, *b;
	struct site w;
	struct room m;
	size_t logs = 0;

	(void)state;
	site_start(&w);
	a = site_replica(&w, "a");
	b = site_replica(&w, "b");
	site_found(&w, a);
	for (uint32_t i = 0; i < 1000; i++) {
		struct control_op op = { .kind = KIND_GRANT };
		uint8_t seed[32] = { 1 };

		be32_put(seed + 4, i);
		device_keys_derive(&many, seed);
		site_admit(&w, a, &w.root, &many);
		op.u.grant.dev = device_id_of(&many.sign_pk);
		op.u.grant.role = ROLE_ADVISOR;
		op.u.grant.has_team = true;
		op.u.grant.team = w.team;
		op.u.grant.rank = RANK_NONE;
		site_op(&w, a, &w.device[COORDINATOR], &op);
	}
	SITE_OK(replica_commit(a, err));
	for (uint32_t i = 0; i < 1000; i++) { /* three logs each */
		uint8_t seed[32] = { 1 }, text[40] = { 0 };

		be32_put(seed + 4, i);
		device_keys_derive(&many, seed);
		for (w.inc.b[7] = 0; w.inc.b[7] < 2; w.inc.b[7]++)
			site_append(&w, a, &many, &w.team, KIND_DATA, BYTES(text, sizeof(text)));
		site_append(&w, a, &many, &w.roster, KIND_DATA, BYTES(text, sizeof(text)));
	}
	SITE_OK(replica_commit(a, err));
	site_copy(&w, a, b);
	logs = replica_log_count(a);
	assert_true(logs > 3000);
	for (uint32_t i = 0; i < 10; i++) {
		uint8_t seed[32] = { 1 }, text[40] = { 0 };

		be32_put(seed + 4, 97 * i);
		device_keys_derive(&many, seed);
		w.inc.b[7] = 0;
		site_append(&w, i % 2 ? a : b, &many, &w.team, KIND_DATA, BYTES(text, sizeof(text)));
	}
	SITE_OK(replica_commit(a, err));
	SITE_OK(replica_commit(b, err));
	room_init(&w, &m, a, ADVISER, b, SECOND, false);
	talk(&m);
	check_in_step(&m);
	for (int i = 0; i < 2; i++)
		assert_true(m.end[i].before_entries < 5000);
	assert_true(same_frontier(a, b));
	room_free(&m);
	close_all(&w, a, b);
}

/* ---- refusals ---- */

static void
messages_out_of_turn_end_the_conversation(void **state)
{
	static const uint8_t digests[128];
	const struct message cases[] = {
		{ MSG_BUCKETS, { .buckets = { SCOPE_CONTROL, 16, digests } } },
		{ MSG_HAVE, { .have = { SCOPE_CONTROL, BYTES(digests, 2), true, BYTES_NONE } } },
		{ MSG_ACK, { .ack = { true, BYTES("\x90", 1) } } },
		{ MSG_DONE, { .done = { SCOPE_PROOF, 0 } } },
		{ MSG_ENTRIES, { .entries = BYTES("\x90", 1) } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct replica *a, *b;
		struct buf bytes = BUF_INIT;
		struct site w;
		struct room m;

		two_advisers(&w, &a, &b);
		room_init(&w, &m, a, ADVISER, b, SECOND, true);
		message_encode(&bytes, &cases[i]);
		step(&m, 1, SYNC_RECEIVED, buf_bytes(&bytes)); /* before any HELLO */
		CHECK_CASE(names[cases[i].kind], m.end[1].code, ERR_MALFORMED);
		CHECK_TRUE(names[cases[i].kind], m.end[1].ended && m.trace.len == 0);
		buf_free(&bytes);
		room_free(&m);
		close_all(&w, a, b);
	}
}

static void
an_ack_signed_by_another_is_refused(void **state)
{
	struct message m = { MSG_ACK, { .ack = { true, BYTES_NONE } } };
	struct ack ack = { .delta = BYTES_NONE };
	struct buf bytes = BUF_INIT, message = BUF_INIT;
	struct replica *a, *b;
	uint8_t digest[32];
	struct site w;
	struct room room;

	(void)state;
	two_advisers(&w, &a, &b);
	room_init(&w, &room, a, ADVISER, b, SECOND, true);
	talk(&room);
	ack_digest(digest, &w.org, &ack);
	sign_digest(ack.sig, "fb1/ack/sig", digest, w.device[HUB].sign_sk);
	ack_encode(&bytes, &ack);
	m.u.ack.ack = buf_bytes(&bytes);
	message_encode(&message, &m);
	step(&room, 0, SYNC_RECEIVED, buf_bytes(&message));
	assert_int_equal(room.end[0].code, ERR_SIGNATURE);
	assert_true(room.end[0].ended);
	buf_free(&bytes);
	buf_free(&message);
	room_free(&room);
	close_all(&w, a, b);
}

static void
no_common_version_is_said_in_so_many_words(void **state)
{
	struct message m = { MSG_HELLO, { .hello = { .vmin = 2, .vmax = 3, .credit = 1 } } };
	struct buf bytes = BUF_INIT;
	struct replica *a, *b;
	struct site w;
	struct room room;

	(void)state;
	two_advisers(&w, &a, &b);
	room_init(&w, &room, a, ADVISER, b, SECOND, false);
	message_encode(&bytes, &m);
	step(&room, 1, SYNC_RECEIVED, buf_bytes(&bytes));
	assert_int_equal(room.end[1].code, ERR_NEWER);
	check_trace(&room, "1 ERR");
	buf_free(&bytes);
	room_free(&room);
	close_all(&w, a, b);
}

static uint64_t
kinds_held(struct replica *r, uint8_t kind)
{
	struct buf keep = BUF_INIT;
	uint64_t count = 0;
	struct entry e;

	for (size_t i = 0; i < replica_log_count(r); i++)
		for (uint64_t seq = 0; seq < replica_log_at(r, i)->len; seq++) {
			SITE_OK(replica_entry(r, i, seq, &e, &keep, err));
			count += e.h.kind == kind && e.has_payload;
		}
	buf_free(&keep);
	return count;
}

/* Entries of kinds that nobody here knows pass through whoever is older, whole; what is not understood is counted. */
static void
a_newer_version_is_met_halfway(void **state)
{
	enum { TEAM_KIND = 77, CONTROL_KIND = 25 };

	(void)state;
	for (int newer = 0; newer < 2; newer++) {
		struct replica *a, *b;
		struct site w;
		struct room m;

		two_advisers(&w, &a, &b);
		site_append(&w, a, &w.device[ADVISER], &w.team, TEAM_KIND, BYTES_STR("what this is only the next version knows"));
		site_append(&w, a, &w.device[ADVISER], &w.control, CONTROL_KIND, BYTES_STR("nor this"));
		SITE_OK(replica_commit(a, err));
		notes(&w, b, SECOND, &w.team, 1);
		room_init(&w, &m, a, ADVISER, b, SECOND, true);
		m.later[newer] = true;
		talk(&m);
		check_in_step(&m);
		assert_true(same_frontier(a, b));
		assert_int_equal(kinds_held(b, TEAM_KIND), 1);
		assert_int_equal(kinds_held(b, CONTROL_KIND), 1);
		assert_true(sync_facts(m.end[1 - newer].sync)->later > 0);
		assert_int_equal(sync_facts(m.end[1 - newer].sync)->peer_version, SYNC_VERSION + 1);
		assert_int_equal(sync_facts(m.end[newer].sync)->later, 0);
		assert_int_equal(sync_facts(m.end[newer].sync)->peer_version, SYNC_VERSION);
		room_free(&m);
		close_all(&w, a, b);
	}
}

static void
what_has_not_the_form_of_a_message_is_of_no_version(void **state)
{
	static const struct { uint8_t bytes[8]; size_t len; } wrong[] = {
		{ { 0x91, 0xcc, 0x80 }, 3 },       /* 128 */
		{ { 0x91, 0x04 }, 2 },             /* not used */
		{ { 0x92, 0x0f }, 2 },             /* cut short */
		{ { 0x91, 0x0f, 0x00 }, 3 },       /* more behind it */
		{ { 0x92, 0x0f, 0xc1 }, 3 },       /* no value */
		{ { 0xdc, 0x00, 0x11, 0x0f }, 4 }, /* seventeen fields */
		{ { 0x0f }, 1 },
	};
	struct message m;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_int_equal(message_decode(&m, BYTES(wrong[i].bytes, wrong[i].len), NULL), ERR_MALFORMED);
	SITE_OK(message_decode(&m, BYTES("\x91\x0f", 2), err));
	assert_int_equal(m.kind, MSG_LATER);
}

/* Cut off after any message: the next meeting finishes what this one began. */
static void
a_conversation_cut_anywhere_is_finished_by_the_next(void **state)
{
	(void)state;
	for (unsigned cut = 1; cut < 14; cut++) {
		struct replica *a, *b;
		struct site w;
		struct room m;
		unsigned heard = 0;

		two_advisers(&w, &a, &b);
		notes(&w, a, ADVISER, &w.team, 3);
		notes(&w, b, SECOND, &w.team, 3);
		room_init(&w, &m, a, ADVISER, b, SECOND, false);
		step(&m, 0, SYNC_OPENED, BYTES_NONE);
		for (int i = 1; heard < cut && m.end[i].read < m.end[i].inbox.len; i = 1 - i)
			while (heard < cut && m.end[i].read < m.end[i].inbox.len) {
				struct end *e = &m.end[i];
				struct buf one = BUF_INIT;

				buf_put(&one, e->inbox.p + e->read + 4, be32_get(e->inbox.p + e->read));
				e->read += 4 + one.len;
				step(&m, i, SYNC_RECEIVED, buf_bytes(&one));
				buf_free(&one);
				heard++;
			}
		room_free(&m);
		meet(&w, a, ADVISER, b, SECOND);
		assert_true(same_frontier(a, b));
		close_all(&w, a, b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_replicas_say_three_frames),
		cmocka_unit_test(ten_new_notes_on_each_side_take_three_round_trips),
		cmocka_unit_test(what_was_acknowledged_is_known_on_both_sides),
		cmocka_unit_test(control_comes_first_and_gives_the_right_to_the_rest),
		cmocka_unit_test(a_device_admitted_meanwhile_proves_itself_and_goes_on),
		cmocka_unit_test(a_stranger_without_proof_learns_nothing),
		cmocka_unit_test(a_removed_device_gets_the_proof_and_nothing_else),
		cmocka_unit_test(a_removed_device_gets_no_more_by_asking),
		cmocka_unit_test(a_stranger_gets_no_more_by_asking),
		cmocka_unit_test(a_device_removed_under_a_live_link_gets_the_proof_and_nothing_else),
		cmocka_unit_test(who_the_peer_is_stays_known_while_its_entries_are_evaluated),
		cmocka_unit_test(what_others_have_written_is_held_back_where_it_is_asked),
		cmocka_unit_test(a_batch_that_is_taken_back_ends_the_conversations_that_knew_of_it),
		cmocka_unit_test(who_holds_headers_only_proves_no_custody),
		cmocka_unit_test(a_coordinator_gets_headers_and_never_passes_them_to_a_reader),
		cmocka_unit_test(nobody_gets_a_stream_without_the_right_to_it),
		cmocka_unit_test(nobody_fills_a_stream_without_the_right_to_it),
		cmocka_unit_test(missing_payloads_are_asked_for_once_the_right_is_there),
		cmocka_unit_test(a_fork_is_found_and_both_sides_of_it_are_kept),
		cmocka_unit_test(a_live_link_pushes_what_comes_and_never_sends_it_back),
		cmocka_unit_test(an_ack_takes_the_place_of_what_was_attested_before_it_and_comes_later),
		cmocka_unit_test(a_right_granted_under_a_live_link_opens_what_it_covers),
		cmocka_unit_test(a_large_copy_stays_within_the_credit),
		cmocka_unit_test(a_thousand_authors_compare_in_under_five_kilobytes),
		cmocka_unit_test(messages_out_of_turn_end_the_conversation),
		cmocka_unit_test(an_ack_signed_by_another_is_refused),
		cmocka_unit_test(no_common_version_is_said_in_so_many_words),
		cmocka_unit_test(a_newer_version_is_met_halfway),
		cmocka_unit_test(what_has_not_the_form_of_a_message_is_of_no_version),
		cmocka_unit_test(a_conversation_cut_anywhere_is_finished_by_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
