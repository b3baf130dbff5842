/*
 * Nodes in step: what one device writes, the others show, whatever the order
 * in which it came, and nobody shows what is not theirs to read.
 */
#define _GNU_SOURCE /* memmem */
#include "nodes.h"

#include "base/mem.h"
#include "scarce.h"

/* ---- writing and showing ---- */

static void
what_one_writes_the_other_shows(void **state)
{
	struct nodes o;
	struct record_id id;
	struct node *dalby;

	(void)state;
	nodes_start(&o);
	dalby = nodes_join(&o, "dalby", true);
	id = nodes_id(&o);
	nodes_put(&o, dalby, &id, "title", "Vräkning", "Hon kom tidigt.");
	assert_string_equal(nodes_read(dalby, &id, "title", NULL), "Vräkning");
	nodes_copy(dalby, o.first);
	assert_string_equal(nodes_read(o.first, &id, "title", NULL), "Vräkning");
	nodes_copy(o.first, dalby);
	nodes_same_state(o.first, dalby);
	assert_int_equal(node_waiting_keys(o.first), 0);
	nodes_end(&o);
}

static void
a_newcomer_reads_what_was_written_before_her(void **state)
{
	struct nodes o;
	struct record_id id;
	struct node *late;

	(void)state;
	nodes_start(&o);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "Hyra", NULL);
	late = nodes_join(&o, "genarp", true);
	assert_string_equal(nodes_read(late, &id, "title", NULL), "Hyra");
	assert_string_equal(profile_id(node_profile(late)), "radrum");
	assert_string_equal(node_org_name(late), "Lunds rådgivning");
	assert_string_equal(node_team_name(late, &o.team), "Lund");
	nodes_same_state(o.first, late);
	nodes_end(&o);
}

static void
names_are_read_from_the_roster_and_fall_back_to_digits(void **state)
{
	struct nodes o;
	struct node *dalby, *auditor;
	struct device_id hub, self;
	char digits[9];

	(void)state;
	nodes_start(&o);
	dalby = nodes_join(&o, "dalby", true);
	auditor = nodes_join_as(&o, "granskaren", ROLE_AUDITOR, false);
	hub = node_self(o.first)->id;
	self = node_self(dalby)->id;
	assert_string_equal(node_member_name(dalby, &hub), "Samordnaren");
	assert_string_equal(node_device_name(dalby, &hub), "lund");
	assert_string_equal(node_device_name(o.first, &self), "dalby");
	assert_string_equal(node_device_name(auditor, &hub), hex_encode(digits, hub.b, 4));
	nodes_end(&o);
}

static void
two_who_write_apart_make_a_conflict_that_a_third_change_settles(void **state)
{
	struct nodes o;
	struct record_id id;
	struct node *a, *b;
	size_t count;

	(void)state;
	nodes_start(&o);
	a = nodes_join(&o, "dalby", true);
	b = nodes_join(&o, "genarp", true);
	nodes_copy(o.first, a);
	id = nodes_id(&o);
	nodes_put(&o, a, &id, "title", "Hyra", NULL);
	nodes_meet(a, b);
	nodes_put(&o, a, &id, "title", "Hyresskuld", NULL);
	nodes_put(&o, b, &id, "title", "Vräkning", NULL);
	nodes_meet(a, b);
	nodes_same_state(a, b);
	(void)nodes_read(a, &id, "title", &count);
	assert_int_equal(count, 2);
	assert_int_equal(view_conflict_count(node_view(a)), 1);
	nodes_put(&o, b, &id, "title", "Hyresskuld och vräkning", NULL);
	nodes_meet(a, b);
	nodes_same_state(a, b);
	assert_string_equal(nodes_read(a, &id, "title", &count), "Hyresskuld och vräkning");
	assert_int_equal(count, 1);
	assert_int_equal(view_conflict_count(node_view(a)), 0);
	nodes_end(&o);
}

static void
changes_of_one_batch_follow_each_other(void **state)
{
	struct nodes o;
	struct record_id id;
	size_t count;

	(void)state;
	nodes_start(&o);
	id = nodes_id(&o);
	nodes_write(&o, o.first, &id, "title", "först", NULL);
	nodes_write(&o, o.first, &id, "title", "sedan", NULL);
	assert_string_equal(nodes_read(o.first, &id, "title", &count), "sedan");
	SITE_OK(node_commit(o.first, err));
	assert_string_equal(nodes_read(o.first, &id, "title", &count), "sedan");
	assert_int_equal(count, 1);
	nodes_end(&o);
}

/* ---- endings ---- */

static void
what_was_not_committed_never_was(void **state)
{
	struct nodes o;
	struct record_id id;
	uint8_t before[32], after[32];

	(void)state;
	nodes_start(&o);
	SITE_OK(view_state_hash(node_view(o.first), before, err));
	id = nodes_id(&o);
	nodes_write(&o, o.first, &id, "title", "borta", NULL);
	nodes_reopen(&o, o.first); /* closing drops the open batch, as a kill would */
	assert_string_equal(nodes_read(o.first, &id, "title", NULL), "");
	SITE_OK(view_state_hash(node_view(o.first), after, err));
	assert_memory_equal(before, after, 32);
	nodes_end(&o);
}

static void
an_epoch_made_in_a_dropped_batch_is_forgotten(void **state)
{
	struct nodes o;
	struct stream_id team;
	struct device_id self;
	struct record_id id;
	size_t held;

	(void)state;
	nodes_start(&o);
	held = node_keystore(o.first)->epoch_count;
	self = node_self(o.first)->id;
	SITE_OK(node_team_add(o.first, "Malmö", false, &team, err));
	SITE_OK(node_grant(o.first, &self, &team, err)); /* its first reader makes its first epoch */
	assert_int_equal(node_keystore(o.first)->epoch_count, held + 1);
	node_drop(o.first);
	assert_int_equal(node_keystore(o.first)->epoch_count, held);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "kvar", NULL);
	nodes_reopen(&o, o.first);
	assert_string_equal(nodes_read(o.first, &id, "title", NULL), "kvar");
	nodes_end(&o);
}

static enum err_code
try_put(struct nodes *o, const struct record_id *id, const char *title)
{
	struct draft d;
	enum err_code rc;

	draft_init(&d, profile_type_named(node_profile(o->first), "case"), id);
	rc = draft_assign_text(&d, OP_SET, "title", title, NULL);
	if (rc == ERR_OK)
		rc = node_write(o->first, &o->team, &d, NULL, NULL);
	if (rc == ERR_OK)
		rc = node_commit(o->first, NULL);
	if (rc != ERR_OK)
		node_drop(o->first);
	draft_free(&d);
	return rc;
}

/* Whichever allocation fails: what was said to be saved is shown, and what was not leaves no trace. */
static void
a_write_without_memory_is_saved_or_never_was(void **state)
{
	char title[32] = "först", next[32];
	struct nodes o;
	struct record_id id;
	enum err_code rc = ERR_NO_MEMORY;
	size_t count;

	(void)state;
	nodes_start(&o);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", title, NULL);
	for (long nth = 0; nth < 5000; nth++) {
		snprintf(next, sizeof(next), "nummer %ld", nth);
		mem_fail_after(nth, 0);
		rc = try_put(&o, &id, next);
		count = (size_t)mem_allocations();
		mem_fail_after(-1, 0);
		if (rc == ERR_OK)
			strcpy(title, next);
		CHECK_TRUE(next, strcmp(nodes_read(o.first, &id, "title", NULL), title) == 0);
		if (count < (size_t)nth)
			break;
	}
	assert_int_equal(rc, ERR_OK);
	nodes_reopen(&o, o.first);
	assert_string_equal(nodes_read(o.first, &id, "title", &count), title);
	assert_int_equal(count, 1);
	nodes_end(&o);
}

static void
opening_without_memory_fails_and_does_no_harm(void **state)
{
	struct nodes o;
	struct record_id id;
	struct node_secret secret = nodes_secret();
	struct node *n = NULL;
	struct err why = ERR_INIT;
	bool cut_short = true;

	(void)state;
	nodes_start(&o);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "Hyra", "en anteckning");
	for (int with_snapshot = 0; with_snapshot < 2; with_snapshot++, cut_short = true) {
		if (with_snapshot == 1)
			SITE_OK(node_save_snapshot(o.first, err));
		node_close(o.first);
		for (long nth = 0; cut_short; nth += 1 + nth / 30) {
			mem_fail_after(nth, 0);
			cut_short = node_open(&n, o.env, o.home[0], &secret, &why) != ERR_OK || mem_allocations() > nth;
			mem_fail_after(-1, 0);
			if (n != NULL)
				assert_string_equal(nodes_read(n, &id, "title", NULL), "Hyra");
			node_close(n);
		}
		o.first = nodes_open(&o, 0);
		assert_string_equal(nodes_read(o.first, &id, "title", NULL), "Hyra");
	}
	nodes_end(&o);
}

/* ---- keys ---- */

static size_t
log_of(struct node *n, const struct author *a, const struct stream_id *stream)
{
	for (size_t i = 0; i < replica_log_count(node_replica(n)); i++) {
		const struct log_key *k = &replica_log_at(node_replica(n), i)->key;

		if (SAME(k->author, *a) && SAME(k->stream, *stream))
			return i;
	}
	fail_msg("there is no such log");
	return 0;
}

static void
keys_that_arrive_late_open_what_waited(void **state)
{
	struct nodes o;
	struct record_id id;
	struct node *late;
	size_t log;
	uint64_t len, before;

	(void)state;
	nodes_start(&o);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "Hyra", NULL);
	late = nodes_join(&o, "genarp", false);
	log = log_of(o.first, &node_keystore(o.first)->device.sign_pk, &o.team);
	before = replica_log_at(node_replica(o.first), log)->len;
	SITE_OK(node_grant(o.first, &node_self(late)->id, &o.team, err));
	SITE_OK(node_commit(o.first, err));
	len = replica_log_at(node_replica(o.first), log)->len;
	assert_int_equal(len, before + 1); /* the KEYGRANT */
	nodes_copy_streams(o.first, late, true);
	nodes_copy_part(node_replica(o.first), node_replica(late), log, 0, before);
	SITE_OK(replica_commit(node_replica(late), err));
	assert_int_equal(node_waiting_keys(late), 1);
	assert_string_equal(nodes_read(late, &id, "title", NULL), "");
	nodes_copy_part(node_replica(o.first), node_replica(late), log, before, len);
	SITE_OK(replica_commit(node_replica(late), err));
	assert_int_equal(node_waiting_keys(late), 0);
	assert_string_equal(nodes_read(late, &id, "title", NULL), "Hyra");
	nodes_end(&o);
}

static void
a_device_without_a_grant_opens_nothing(void **state)
{
	struct nodes o;
	struct record_id id;
	struct node *outside;

	(void)state;
	nodes_start(&o);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "Hyra", NULL);
	outside = nodes_join(&o, "utanför", false);
	nodes_copy(o.first, outside); /* as if a peer had sent it what it should not have */
	assert_int_equal(node_waiting_keys(outside), 1);
	assert_int_equal(view_record_count(node_view(outside)), 0);
	assert_string_equal(nodes_read(outside, &id, "title", NULL), "");
	nodes_end(&o);
}

static void
take_out(struct nodes *o, struct node *who)
{
	const struct stream_id control = control_stream(org_id(node_org(o->first)));
	struct control_op op = { .kind = KIND_REVOKE };
	struct buf payload = BUF_INIT;
	struct entry e;

	op.u.revoke.dev = node_self(who)->id;
	control_op_encode(&payload, &op);
	SITE_OK(node_append(o->first, &control, KIND_REVOKE, buf_bytes(&payload), &e, err));
	buf_free(&payload);
}

static void
nothing_is_sealed_to_a_device_known_to_be_removed(void **state)
{
	struct nodes o;
	struct record_id id, later;
	struct node *gone, *stays;

	(void)state;
	nodes_start(&o);
	gone = nodes_join(&o, "dalby", true);
	stays = nodes_join(&o, "genarp", true);
	nodes_copy(o.first, gone);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "Hyra", NULL);
	take_out(&o, gone);
	SITE_OK(node_commit(o.first, err));
	later = nodes_id(&o);
	nodes_put(&o, o.first, &later, "title", "efteråt", NULL);
	nodes_put(&o, o.first, &id, "title", "Hyresskuld", NULL);
	nodes_copy(o.first, stays);
	nodes_copy(o.first, gone);
	assert_string_equal(nodes_read(stays, &later, "title", NULL), "efteråt");
	assert_string_equal(nodes_read(stays, &id, "title", NULL), "Hyresskuld");
	assert_string_equal(nodes_read(gone, &later, "title", NULL), "");
	assert_string_equal(nodes_read(gone, &id, "title", NULL), "Hyra");
	assert_int_equal(node_waiting_keys(gone), 2);
	nodes_same_state(o.first, stays);
	nodes_end(&o);
}

/* An EPOCH as `n` would make it, but for its own row: it knows the key all the same. */
static void
epoch_without_its_maker(struct nodes *o, struct node *n, struct buf *out)
{
	const struct device_id me = node_self(n)->id;
	struct buf whole = BUF_INIT;
	struct rd r;
	size_t count;

	SITE_OK(vault_make_epoch(n->vault, o->env, node_org(n), &o->team, 0, &whole, err));
	r = rd_init(buf_bytes(&whole));
	rd_array(&r, 7);
	wr_array(out, 7);
	for (int i = 0; i < 5; i++)
		buf_put_bytes(out, rd_any(&r, SIZE_MAX));
	count = rd_array_any(&r, 512);
	wr_array(out, count - 1);
	for (size_t i = 0; i < count; i++) {
		struct bytes row = rd_any(&r, SIZE_MAX);

		if (memcmp(row.p + 3, me.b, sizeof(me.b)) != 0) /* behind the array's and the bin's first bytes */
			buf_put_bytes(out, row);
	}
	buf_put_bytes(out, rd_any(&r, SIZE_MAX));
	assert_true(rd_end(&r));
	buf_free(&whole);
}

static void
a_request_with_the_connection_key_of_another_device_is_refused(void **state)
{
	struct join_request request;
	struct device_keys keys;
	struct device_id id;
	uint8_t seed[32] = { 79 }, nonce[16] = { 1 };
	struct nodes o;

	(void)state;
	nodes_start(&o);
	memset(&request, 0, sizeof(request));
	device_keys_derive(&keys, seed);
	join_request_make(&request, &keys, node_self(o.first)->seal_pk, nonce);
	memcpy(request.keys.noise_pk, node_self(o.first)->noise_pk, 32);
	join_request_sign(&request, &keys);
	assert_int_equal(node_admit(o.first, &request, ROLE_ADVISOR, NULL, 0, &id, NULL), ERR_EXISTS);
	nodes_end(&o);
}

/* Whoever makes an epoch knows its key, also one that was not sealed to its maker. */
static void
an_epoch_is_not_clean_once_its_maker_has_been_removed(void **state)
{
	struct control_op op = { .kind = KIND_REVOKE };
	struct buf payload = BUF_INIT;
	struct epoch_id used;
	struct stream_id control;
	struct record_id id;
	struct node *gone;
	struct entry e, revoke;
	struct cut cut;
	struct nodes o;

	(void)state;
	nodes_start(&o);
	gone = nodes_join(&o, "dalby", true);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "Hyra", NULL);
	nodes_copy(o.first, gone);
	nodes_put(&o, gone, &id, "title", "Hyra, mars", NULL);
	epoch_without_its_maker(&o, gone, &payload);
	SITE_OK(node_append(gone, &o.team, KIND_EPOCH, buf_bytes(&payload), &e, err));
	SITE_OK(node_commit(gone, err));
	nodes_copy(gone, o.first);
	assert_true(vault_preferred(o.first->vault, &o.team, &used));
	assert_memory_equal(used.b, e.id.b, 16);

	cut = (struct cut){ .stream = o.team, .inc = e.h.inc, .seq = (int64_t)e.h.seq };
	memcpy(cut.head16, e.id.b, 16);
	op.u.revoke = (struct revoke){ .dev = node_self(gone)->id, .cuts = &cut, .cut_count = 1 };
	control = control_stream(org_id(node_org(o.first)));
	buf_clear(&payload);
	control_op_encode(&payload, &op);
	SITE_OK(node_append(o.first, &control, KIND_REVOKE, buf_bytes(&payload), &revoke, err));
	SITE_OK(node_commit(o.first, err));
	nodes_put(&o, o.first, &id, "title", "Hyresskuld", NULL);
	assert_true(vault_preferred(o.first->vault, &o.team, &used));
	assert_memory_not_equal(used.b, e.id.b, 16);
	buf_free(&payload);
	nodes_end(&o);
}

static void
a_removal_in_the_open_batch_counts_for_what_follows_in_it(void **state)
{
	struct nodes o;
	struct record_id id;
	struct node *gone;

	(void)state;
	nodes_start(&o);
	gone = nodes_join(&o, "dalby", true);
	take_out(&o, gone);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "efteråt", NULL);
	nodes_copy(o.first, gone);
	assert_string_equal(nodes_read(o.first, &id, "title", NULL), "efteråt");
	assert_string_equal(nodes_read(gone, &id, "title", NULL), "");
	assert_int_equal(node_waiting_keys(gone), 1);
	nodes_end(&o);
}

static void
what_a_removed_device_wrote_beyond_its_cut_is_taken_out_again(void **state)
{
	struct nodes o;
	struct record_id id;
	struct node *gone;

	(void)state;
	nodes_start(&o);
	gone = nodes_join(&o, "dalby", true);
	id = nodes_id(&o);
	nodes_put(&o, gone, &id, "title", "Hyra", NULL);
	nodes_copy(gone, o.first);
	assert_string_equal(nodes_read(o.first, &id, "title", NULL), "Hyra");
	take_out(&o, gone); /* no cut is given for its log: nothing of it counts */
	SITE_OK(node_commit(o.first, err));
	assert_string_equal(nodes_read(o.first, &id, "title", NULL), "");
	nodes_end(&o);
}

static void
a_grant_given_while_apart_is_followed_by_its_key(void **state)
{
	struct nodes o;
	struct record_id id;
	struct node *a, *late;
	size_t given;

	(void)state;
	nodes_start(&o);
	a = nodes_join(&o, "dalby", true);
	late = nodes_join(&o, "genarp", true); /* the team has no epoch yet, so there is no key to give */
	nodes_copy_streams(o.first, a, true);
	id = nodes_id(&o);
	nodes_put(&o, a, &id, "title", "Hyra", NULL); /* sealed to the readers a knows */
	nodes_copy(a, late);
	assert_string_equal(nodes_read(late, &id, "title", NULL), "Hyra");
	SITE_OK(node_give_keys(o.first, &given, err));
	assert_int_equal(given, 0); /* the coordinator does not hold that key before it has come */
	nodes_copy(a, o.first);
	SITE_OK(node_give_keys(o.first, &given, err));
	assert_int_equal(given, 0); /* and then everybody has it */
	nodes_end(&o);
}

/* ---- imports ---- */

static void
import_line(struct node *n, const struct stream_id *team, const char *line)
{
	struct draft d;
	char by[64];

	SITE_OK(trace_parse(node_profile(n), BYTES_STR(line), &d, by, err));
	SITE_OK(node_write(n, team, &d, NULL, err));
	SITE_OK(node_commit(n, err));
	draft_free(&d);
}

static void
one_line_imported_on_two_devices_counts_once(void **state)
{
	static const char line[] = "{\"t\":\"2019-09-02T13:12:00+02:00\",\"by\":\"x\",\"type\":\"case\",\"id\":\"6f1c6f1c6f1c6f1c6f1c6f1c6f1c6f1c\","
	                           "\"set\":{\"title\":\"Hyra\"},\"add\":{\"tag\":[\"brev\"]}}";
	struct record_id id;
	struct nodes o;
	struct node *a, *b;
	size_t count;

	(void)state;
	nodes_start(&o);
	a = nodes_join(&o, "dalby", true);
	b = nodes_join(&o, "genarp", true);
	nodes_meet(o.first, a);
	import_line(a, &o.team, line);
	import_line(b, &o.team, line);
	nodes_meet(a, b);
	nodes_copy(a, o.first); /* hears of a's first */
	nodes_copy(b, o.first);
	nodes_same_state(a, b);
	assert_true(hex_decode(id.b, 16, "6f1c6f1c6f1c6f1c6f1c6f1c6f1c6f1c"));
	assert_string_equal(nodes_read(a, &id, "title", &count), "Hyra");
	assert_int_equal(count, 1);
	(void)nodes_read(b, &id, "tag", &count);
	assert_int_equal(count, 1);
	nodes_end(&o);
}

/* Lines that both have imported, each with what a said of it since: of some the twin that b wrote counts, and a makes the record anew. */
static struct record_id
lines_with_twins(struct nodes *o, struct node *a, struct node *b)
{
	struct record_id id = { { 0 } };

	for (int k = 0; k < 6; k++) {
		char line[160], hex[33];

		id = nodes_id(o);
		snprintf(line, sizeof(line), "{\"t\":\"2019-09-02T13:12:00+02:00\",\"by\":\"x\",\"type\":\"case\",\"id\":\"%s\",\"set\":{\"title\":\"Hyra\"}}",
		         hex_encode(hex, id.b, sizeof(id.b)));
		import_line(a, &o->team, line);
		nodes_put(o, a, &id, "status", "open", "en anteckning");
		import_line(b, &o->team, line);
	}
	return id;
}

/* What a reading of entries found memory for before does not help it now. */
static void
scarce_reading(const struct scarce *s, struct node *n)
{
	mem_fail_after(-1, 0);
	buf_free(&n->read_payload);
	buf_free(&n->read_body);
	mem_fail_after(s->nth, s->lasting);
}

/* Left out for want of memory, an entry would be missing from the record until the log is read from its start. */
static bool
first_row(void *ctx, uint64_t row)
{
	*(uint64_t *)ctx = row;
	return false;
}

static void
an_entry_that_there_was_no_memory_to_read_again_is_not_said_to_be_gone(void **state)
{
	struct view_change vc;
	struct record_id id;
	struct nodes o;
	struct node *a, *b;
	uint64_t row;

	(void)state;
	nodes_start(&o);
	a = nodes_join(&o, "dalby", true);
	b = nodes_join(&o, "genarp", true);
	nodes_meet(o.first, a);
	id = lines_with_twins(&o, a, b);
	SITE_OK(view_history(node_view(a), &id, first_row, &row, err));
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct err why = ERR_INIT;
		enum err_code rc;

		scarce_reading(&s, a);
		rc = node_read_entry(a, row, &vc, &why);
		if (scarce_done(&s, "reading it", rc, &why))
			assert_true(SAME(vc.team, o.team) && vc.body.len > 0);
		scarce_over(&s);
	}
	assert_int_equal(node_read_entry(a, row + 10000, &vc, NULL), ERR_UNKNOWN);
	nodes_end(&o);
}

/* There are thousands of places in it where memory may end: some, spread over all. */
static void
whatever_memory_lacks_a_home_read_from_nothing_shows_all_or_says_so(void **state)
{
	enum { STRIDE = 89 };
	uint8_t want[32], got[32];
	struct err why = ERR_INIT;
	struct nodes o;
	struct node *a, *b;
	enum err_code rc;

	(void)state;
	nodes_start(&o);
	a = nodes_join(&o, "dalby", true);
	b = nodes_join(&o, "genarp", true);
	nodes_meet(o.first, a);
	(void)lines_with_twins(&o, a, b);
	nodes_meet(a, b);
	SITE_OK(view_state_hash(node_view(b), want, err));
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		a->start_over = a->behind = true;
		scarce_reading(&s, a);
		rc = node_project(a, &why);
		(void)scarce_done(&s, "reading it all", rc, &why);
		scarce_over(&s);
		SITE_OK(view_state_hash(node_view(a), got, err));
		assert_memory_equal(got, want, sizeof(got));
		s.nth += s.struck ? STRIDE : 0;
	}
	nodes_end(&o);
}

static void
the_versions_a_record_was_written_under_are_all_of_them_or_are_not_told(void **state)
{
	uint32_t first, last;
	struct record_id id;
	struct nodes o;
	struct node *a, *b;

	(void)state;
	nodes_start(&o);
	a = nodes_join(&o, "dalby", true);
	b = nodes_join(&o, "genarp", true);
	nodes_meet(o.first, a);
	id = lines_with_twins(&o, a, b);
	nodes_meet(a, b);
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct err why = ERR_INIT;
		enum err_code rc;

		scarce_reading(&s, a);
		rc = node_versions(a, &id, &first, &last, &why);
		if (scarce_done(&s, "which versions", rc, &why))
			assert_true(first == 1 && last == 1);
		scarce_over(&s);
	}
	nodes_end(&o);
}

/* ---- snapshots ---- */

static void
write_many(struct nodes *o, struct node *n, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct record_id id = nodes_id(o);
		char title[32];

		snprintf(title, sizeof(title), "ärende %u", i);
		nodes_write(o, n, &id, "title", title, "en anteckning");
	}
	SITE_OK(node_commit(n, err));
}

static void
a_snapshot_gives_the_state_it_was_made_from(void **state)
{
	struct nodes o;
	struct record_id id;
	uint8_t before[32], after[32];

	(void)state;
	nodes_start(&o);
	write_many(&o, o.first, 600);
	SITE_OK(view_index_now(node_view(o.first), err));
	SITE_OK(node_save_snapshot(o.first, err));
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "efter bilden", NULL);
	SITE_OK(view_state_hash(node_view(o.first), before, err));
	nodes_reopen(&o, o.first);
	assert_true(o.first->had_snapshot);
	SITE_OK(view_state_hash(node_view(o.first), after, err));
	assert_memory_equal(before, after, 32);
	nodes_put(&o, o.first, &id, "title", "och vidare", NULL);
	assert_string_equal(nodes_read(o.first, &id, "title", NULL), "och vidare");
	nodes_end(&o);
}

static void
a_snapshot_that_was_touched_is_thrown_away(void **state)
{
	struct nodes o;
	struct buf file = BUF_INIT;
	uint8_t before[32], after[32];
	char path[128];

	(void)state;
	nodes_start(&o);
	write_many(&o, o.first, 50);
	SITE_OK(node_save_snapshot(o.first, err));
	SITE_OK(view_state_hash(node_view(o.first), before, err));
	snprintf(path, sizeof(path), "%s/view.snap", o.home[0]);
	SITE_OK(posix_files.read(o.env, path, 1 << 26, &file, err));
	file.p[file.len / 2] ^= 1;
	SITE_OK(posix_files.replace(o.env, path, buf_bytes(&file), err));
	nodes_reopen(&o, o.first);
	assert_false(o.first->had_snapshot);
	SITE_OK(view_state_hash(node_view(o.first), after, err));
	assert_memory_equal(before, after, 32);
	buf_free(&file);
	nodes_end(&o);
}

static void
nothing_readable_reaches_the_disk(void **state)
{
	static const char mark[] = "markering-xyzzy", *const files[] = { "log.db", "log.db-wal", "keystore", "view.snap" };
	struct nodes o;
	struct record_id id;
	struct buf file = BUF_INIT;
	char path[128];

	(void)state;
	nodes_start(&o);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", mark, mark);
	SITE_OK(view_index_now(node_view(o.first), err));
	SITE_OK(node_save_snapshot(o.first, err));
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", o.home[0], files[i]);
		if (posix_files.read(o.env, path, 1 << 26, &file, NULL) == ERR_OK)
			CHECK_TRUE(files[i], memmem(file.p, file.len, mark, strlen(mark)) == NULL);
		buf_clear(&file);
	}
	buf_free(&file);
	nodes_end(&o);
}

/* ---- welcome, teams, custody ---- */

static void
a_welcome_opens_for_its_device_alone_and_all_of_it_or_none(void **state)
{
	struct nodes o;
	struct buf request = BUF_INIT, file = BUF_INIT;
	struct join_request req;
	struct device_id dev;
	struct home mine, other;
	struct welcome w;
	size_t len;

	(void)state;
	nodes_start(&o);
	nodes_home(&o, "dalby", &mine);
	nodes_home(&o, "genarp", &other);
	SITE_OK(home_request(&mine, &request, err));
	SITE_OK(join_request_decode(&req, buf_bytes(&request), err));
	SITE_OK(node_admit(o.first, &req, ROLE_ADVISOR, &o.team, 1, &dev, err));
	SITE_OK(node_commit(o.first, err));
	SITE_OK(node_welcome(o.first, &dev, &file, err));
	assert_int_equal(welcome_open(&w, &other, buf_bytes(&file), NULL), ERR_KEY);
	for (size_t cut = 0; cut < file.len; cut += file.len / 7 + 1)
		assert_int_not_equal(welcome_open(&w, &mine, BYTES(file.p, cut), NULL), ERR_OK);
	for (size_t at = 0; at < file.len; at += file.len / 23 + 1) {
		file.p[at] ^= 0x10;
		assert_int_not_equal(welcome_open(&w, &mine, buf_bytes(&file), NULL), ERR_OK);
		file.p[at] ^= 0x10;
	}
	assert_int_equal(replica_log_count(mine.replica), 0);
	SITE_OK(welcome_open(&w, &mine, buf_bytes(&file), err));
	len = w.runs.len;
	w.runs.len = len - 1; /* a run cut short takes everything with it */
	assert_int_not_equal(welcome_accept(&mine, &w, NULL), ERR_OK);
	assert_int_equal(replica_log_count(mine.replica), 0);
	w.runs.len = len;
	SITE_OK(welcome_accept(&mine, &w, err));
	SITE_OK(welcome_accept(&mine, &w, err)); /* twice does no harm */
	welcome_free(&w);
	home_close(&mine);
	home_close(&other);
	buf_free(&request);
	buf_free(&file);
	nodes_end(&o);
}

static void
the_only_team_need_not_be_said(void **state)
{
	struct nodes o;
	struct stream_id team, second;
	struct record_id id;
	struct device_id self;
	struct err why = ERR_INIT;

	(void)state;
	nodes_start(&o);
	SITE_OK(node_team_for(o.first, NULL, NULL, &team, err));
	assert_memory_equal(team.b, o.team.b, 16);
	assert_int_equal(node_team_for(o.first, NULL, "Malmö", &team, &why), ERR_INVALID);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "Hyra", NULL);
	SITE_OK(node_team_add(o.first, "Malmö", false, &second, err));
	self = node_self(o.first)->id;
	SITE_OK(node_grant(o.first, &self, &second, err));
	SITE_OK(node_commit(o.first, err));
	assert_int_equal(node_team_for(o.first, NULL, NULL, &team, &why), ERR_INVALID);
	assert_non_null(strstr(why.text, "Malmö"));
	SITE_OK(node_team_for(o.first, NULL, "Malmö", &team, err));
	assert_memory_equal(team.b, second.b, 16);
	SITE_OK(node_team_for(o.first, &id, NULL, &team, err));
	assert_memory_equal(team.b, o.team.b, 16);
	nodes_end(&o);
}

static void
what_nobody_has_acknowledged_is_only_here(void **state)
{
	struct nodes o;
	struct record_id id;
	struct node_custody c, after;

	(void)state;
	nodes_start(&o);
	node_custody(o.first, &c);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "Hyra", NULL);
	node_custody(o.first, &after);
	assert_int_equal(after.entries, c.entries + 1);
	assert_int_equal(after.only_here, after.entries);
	assert_false(after.safe_to_wipe);
	nodes_reopen(&o, o.first);
	node_custody(o.first, &c);
	assert_int_equal(c.entries, after.entries);
	nodes_end(&o);
}

static void
a_copied_home_writes_under_a_new_incarnation(void **state)
{
	struct nodes o;
	struct inc before;
	struct record_id id;
	char command[300];

	(void)state;
	nodes_start(&o);
	before = node_keystore(o.first)->inc;
	node_close(o.first);
	snprintf(command, sizeof(command), "cp -r '%s' '%s-kopia'", o.home[0], o.home[0]);
	assert_int_equal(system(command), 0);
	strcat(o.home[0], "-kopia");
	o.first = nodes_open(&o, 0);
	assert_true(node_moved(o.first));
	assert_true(memcmp(before.b, node_keystore(o.first)->inc.b, sizeof(before.b)) != 0);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "på kopian", NULL);
	nodes_reopen(&o, o.first);
	assert_false(node_moved(o.first));
	assert_string_equal(nodes_read(o.first, &id, "title", NULL), "på kopian");
	nodes_end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_writes_the_other_shows),
		cmocka_unit_test(a_newcomer_reads_what_was_written_before_her),
		cmocka_unit_test(names_are_read_from_the_roster_and_fall_back_to_digits),
		cmocka_unit_test(two_who_write_apart_make_a_conflict_that_a_third_change_settles),
		cmocka_unit_test(changes_of_one_batch_follow_each_other),
		cmocka_unit_test(what_was_not_committed_never_was),
		cmocka_unit_test(an_epoch_made_in_a_dropped_batch_is_forgotten),
		cmocka_unit_test(a_write_without_memory_is_saved_or_never_was),
		cmocka_unit_test(opening_without_memory_fails_and_does_no_harm),
		cmocka_unit_test(keys_that_arrive_late_open_what_waited),
		cmocka_unit_test(a_device_without_a_grant_opens_nothing),
		cmocka_unit_test(nothing_is_sealed_to_a_device_known_to_be_removed),
		cmocka_unit_test(a_request_with_the_connection_key_of_another_device_is_refused),
		cmocka_unit_test(an_epoch_is_not_clean_once_its_maker_has_been_removed),
		cmocka_unit_test(a_removal_in_the_open_batch_counts_for_what_follows_in_it),
		cmocka_unit_test(what_a_removed_device_wrote_beyond_its_cut_is_taken_out_again),
		cmocka_unit_test(a_grant_given_while_apart_is_followed_by_its_key),
		cmocka_unit_test(one_line_imported_on_two_devices_counts_once),
		cmocka_unit_test(an_entry_that_there_was_no_memory_to_read_again_is_not_said_to_be_gone),
		cmocka_unit_test(whatever_memory_lacks_a_home_read_from_nothing_shows_all_or_says_so),
		cmocka_unit_test(the_versions_a_record_was_written_under_are_all_of_them_or_are_not_told),
		cmocka_unit_test(a_snapshot_gives_the_state_it_was_made_from),
		cmocka_unit_test(a_snapshot_that_was_touched_is_thrown_away),
		cmocka_unit_test(nothing_readable_reaches_the_disk),
		cmocka_unit_test(a_welcome_opens_for_its_device_alone_and_all_of_it_or_none),
		cmocka_unit_test(the_only_team_need_not_be_said),
		cmocka_unit_test(what_nobody_has_acknowledged_is_only_here),
		cmocka_unit_test(a_copied_home_writes_under_a_new_incarnation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
