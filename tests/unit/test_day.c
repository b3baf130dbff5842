/*
 * A day at a pop-up: codes that notice a slip of the pen, a desk that survives
 * a stop at any moment and keeps nothing that has gone, two records that are
 * one person, slots that are given once.
 */
#include "asks.h"

#include "base/mem.h"
#include "casework/code.h"
#include "casework/doubles.h"
#include "casework/marks.h"
#include "casework/rows.h"
#include "casework/slots.h"

/* ---- codes ---- */

static const char LETTERS[] = "23456789ABCDEFGHJKMNPRSTVWXYZ";

static void
every_wrong_letter_and_every_swap_in_a_code_is_noticed(void **state)
{
	struct fixed_env fixed;
	struct env *env = fixed_env_init(&fixed);
	struct code read;

	(void)state;
	for (int round = 0; round < 40; round++) {
		char codes[2][SLIP_CODE_BYTES], bad[SLIP_CODE_BYTES];
		uint8_t random[16];
		struct record_id id;

		env_random(env, random, sizeof(random));
		env_random(env, id.b, sizeof(id.b));
		card_code_make(codes[0], random);
		slip_code_make(codes[1], &id);
		for (int k = 0; k < 2; k++) {
			size_t len = strlen(codes[k]);

			assert_int_equal(code_read(&read, codes[k], NULL), ERR_OK);
			for (size_t i = 0; i < len; i++) {
				for (size_t l = 0; codes[k][i] != '-' && l < strlen(LETTERS); l++) {
					memcpy(bad, codes[k], len + 1);
					bad[i] = LETTERS[l];
					CHECK_CASE("a wrong letter", code_read(&read, bad, NULL) == ERR_OK, LETTERS[l] == codes[k][i]);
				}
				for (size_t j = i + 1; j < len; j++) {
					memcpy(bad, codes[k], len + 1);
					bad[i] = codes[k][j];
					bad[j] = codes[k][i];
					if (codes[k][i] != '-' && codes[k][j] != '-')
						CHECK_CASE("two that changed places", code_read(&read, bad, NULL) == ERR_OK, bad[i] == bad[j]);
				}
			}
		}
	}
}

static void
a_slip_gives_its_ids_back_typed_or_scanned(void **state)
{
	static const struct record_id edges[] = { { { 0 } }, { { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 } },
	                                          { { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } } };
	char code[SLIP_CODE_BYTES], uri[CODE_URI_BYTES], low[CODE_URI_BYTES];
	struct code read;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(edges); i++) {
		slip_code_make(code, &edges[i]);
		assert_int_equal(code_read(&read, code, NULL), ERR_OK);
		assert_int_equal(read.kind, CODE_SLIP);
		assert_memory_equal(read.of.b, edges[i].b, 16);
		slip_uri(uri, &edges[i], &edges[2]);
		for (size_t k = 0; k <= strlen(uri); k++)
			low[k] = (char)(uri[k] >= 'A' && uri[k] <= 'Z' ? uri[k] + 32 : uri[k]);
		assert_int_equal(code_read(&read, low, NULL), ERR_OK);
		assert_true(read.has_referral);
		assert_memory_equal(read.of.b, edges[i].b, 16);
		assert_memory_equal(read.referral.b, edges[2].b, 16);
	}
}

static void
what_is_no_code_is_refused(void **state)
{
	static const struct { const char *name, *text; } cases[] = {
		{ "nothing", "" }, { "spaces", "   " }, { "a letter that no code has", "7KDMR-9XWPO" }, { "too short", "7KDMR" },
		{ "between card and slip", "7KDMR7KDMR7KDMR" }, { "another scheme", "FALTBOK:Z:22222" }, { "a scheme and nothing", "FALTBOK:" },
		{ "a slip said to be a card", "FALTBOK:C:2222222222222222222222222222" }, { "more after it", "FALTBOK:S:2222222222222222222222222222:" },
		{ "a number no id has", "ZZZZZZZZZZZZZZZZZZZZZZZZZZZ2" }, { "control characters", "\x01\x02" },
	};
	char longest[4000];
	struct code read;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_CASE(cases[i].name, code_read(&read, cases[i].text, NULL), ERR_INVALID);
	memset(longest, '2', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	CHECK_CASE("pages of it", code_read(&read, longest, NULL), ERR_INVALID);
}

/* ---- slots ---- */

static void
openings_take_place_on_the_days_that_their_rule_says(void **state)
{
	static const struct { const char *name, *rule, *from, *to, *date; enum err_code want; bool on; } cases[] = {
		{ "a Monday of Mondays", "FREQ=WEEKLY;BYDAY=MO", NULL, NULL, "2019-09-02", ERR_OK, true },
		{ "a Tuesday of Mondays", "FREQ=WEEKLY;BYDAY=MO", NULL, NULL, "2019-09-03", ERR_OK, false },
		{ "before it began", "FREQ=WEEKLY;BYDAY=WE", "2019-10-30", NULL, "2019-10-23", ERR_OK, false },
		{ "the day it began", "FREQ=WEEKLY;BYDAY=WE", "2019-10-30", NULL, "2019-10-30", ERR_OK, true },
		{ "after it ended", "FREQ=DAILY", NULL, "2020-03-13", "2020-03-14", ERR_OK, false },
		{ "until, that day", "RRULE:FREQ=WEEKLY;BYDAY=MO,FR;UNTIL=20200313T000000Z", NULL, NULL, "2020-03-13", ERR_OK, true },
		{ "every other week, on", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", "2020-01-01", NULL, "2020-01-16", ERR_OK, true },
		{ "every other week, off", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", "2020-01-01", NULL, "2020-01-09", ERR_OK, false },
		{ "a leap day", "FREQ=DAILY", NULL, NULL, "2020-02-29", ERR_OK, true },
		{ "monthly is not understood", "FREQ=MONTHLY", NULL, NULL, "2020-02-29", ERR_INVALID, false },
		{ "a day that is none", "FREQ=WEEKLY;BYDAY=XX", NULL, NULL, "2020-02-29", ERR_INVALID, false },
		{ "an interval from nowhere", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", NULL, NULL, "2020-02-24", ERR_INVALID, false },
		{ "nonsense", ";;;=", NULL, NULL, "2020-02-24", ERR_INVALID, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool on = true;

		CHECK_CASE(cases[i].name, opening_on(cases[i].rule, cases[i].from, cases[i].to, cases[i].date, &on, NULL), cases[i].want);
		CHECK_CASE(cases[i].name, on, cases[i].on);
	}
}

static void
days_are_counted_as_the_calendar_counts_them(void **state)
{
	char date[11];

	(void)state;
	assert_int_equal(day_number("1970-01-01"), 0);
	assert_int_equal(day_number("2000-03-01"), 11017);
	assert_int_equal(day_of_week(day_number("2026-11-22")), 6);
	for (int64_t day = -700000; day < 200000; day += 17) {
		day_print(date, day);
		CHECK_CASE(date, day_number(date), day);
		CHECK_TRUE(date, date_valid(date));
	}
}

/* ---- the desk ---- */

static void
fill_desk(struct day_desk *d)
{
	struct queue_place *p;

	desk_init(d);
	d->has_session = true;
	memset(d->session.b, 7, 16);
	for (int i = 0; i < 5; i++) {
		p = desk_add_place(d, "AB", 1000 + i, NULL);
		assert_non_null(p);
		p->id[0] = (uint8_t)i;
		p->state = (enum place_state)(i % PLACE_STATES);
		p->has_session = i % 2 == 0;
		p->session = d->session;
		snprintf(p->language, sizeof(p->language), "%s", "ar");
		snprintf(p->documents, sizeof(p->documents), "%s", "ett brev");
	}
	assert_int_equal(desk_put_draft(d, "visit", "{\"gender\":\"woman\"}", 5, NULL), ERR_OK);
	assert_int_equal(desk_put_draft(d, "other", "", 6, NULL), ERR_OK);
}

static void
a_desk_reads_back_as_it_was_written_and_never_in_part(void **state)
{
	struct day_desk d, back;
	struct buf out = BUF_INIT, again = BUF_INIT;

	(void)state;
	fill_desk(&d);
	assert_int_equal(desk_encode(&out, &d, NULL), ERR_OK);
	assert_int_equal(desk_decode(&back, buf_bytes(&out), NULL), ERR_OK);
	assert_int_equal(desk_encode(&again, &back, NULL), ERR_OK);
	assert_true(bytes_equal(buf_bytes(&out), buf_bytes(&again)));
	desk_free(&back);
	for (size_t i = 0; i < out.len; i++) {
		CHECK_CASE("cut short", desk_decode(&back, BYTES(out.p, i), NULL), ERR_DAMAGED);
		assert_true(desk_empty(&back));
	}
	desk_free(&d);
	buf_free(&out);
	buf_free(&again);
}

static void
places_go_after_a_day_and_with_their_session(void **state)
{
	struct record_id other = { { 9 } };
	struct queue_counts q;
	struct day_desk d;

	(void)state;
	fill_desk(&d);
	desk_count(&d, &d.session, &q);
	assert_int_equal(q.all, 3);
	assert_int_equal(desk_expire(&d, 1001 + DESK_KEPT_MS), 2);
	assert_int_equal(desk_clear_places(&d, &other), 0);
	assert_int_equal(desk_clear_places(&d, &d.session), 2);
	assert_int_equal(d.place_count, 1);
	assert_int_equal(desk_expire(&d, 1003 - DESK_KEPT_MS), 1); /* a clock that was a day ahead and is right again */
	assert_int_equal(desk_next_expiry(&d), INT64_MAX);
	assert_int_equal(desk_add_place(&d, "AB", 1, NULL)->number, 1);
	desk_free(&d);
}

/* Of devices that know each other no two give the same ticket, and none needs more letters than that takes. */
static void
two_devices_never_give_the_same_ticket(void **state)
{
	enum { DEVICES = 120 };
	struct device_id dev[DEVICES];
	char letters[DEVICES][DESK_LETTERS_MAX + 1];
	struct fixed_env fixed;
	struct env *env = fixed_env_init(&fixed);

	(void)state;
	for (size_t i = 0; i < DEVICES; i++)
		env_random(env, dev[i].b, sizeof(dev[i].b));
	for (size_t i = 0; i < DEVICES; i++)
		desk_letters(letters[i], &dev[i], dev, DEVICES);
	for (size_t i = 0; i < DEVICES; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(letters[i], letters[k]);
	desk_letters(letters[0], &dev[0], dev, 1);
	assert_int_equal(strlen(letters[0]), 1);
}

/* ---- operations on a node ---- */

static const char *
text_in(const json_t *o, const char *key, char out[40])
{
	const char *s = json_string_value(json_object_get(o, key));

	assert_non_null(s);
	snprintf(out, 40, "%s", s);
	return out;
}

/* ---- a stop at any moment ---- */

static struct env_files stopping;
static long stop_after; /* so many changes of files succeed; then every one fails, as if the machine had stopped */

static enum err_code
stop_replace(struct env *env, const char *path, struct bytes data, struct err *err)
{
	return stop_after-- > 0 ? posix_files.replace(env, path, data, err) : err_set(err, ERR_IO, "stopped");
}

static enum err_code
stop_remove(struct env *env, const char *path, struct err *err)
{
	return stop_after-- > 0 ? posix_files.remove(env, path, err) : err_set(err, ERR_IO, "stopped");
}

static size_t
drafts_and_places(struct node *n, size_t *places)
{
	struct day_desk *d = node_desk(n);
	const struct desk_draft *one = desk_draft(d, "visit");

	*places = d->place_count;
	return one != NULL && strcmp(one->text, "half a word") == 0;
}

static void
a_stop_at_any_moment_of_a_purge_loses_no_draft(void **state)
{
	struct nodes o;
	size_t places, stops = 0;
	bool through = false;

	(void)state;
	nodes_start(&o);
	stopping = posix_files;
	stopping.replace = stop_replace;
	stopping.remove = stop_remove;
	tell(o.first, "draft put", json_pack("{s:s,s:s}", "key", "visit", "text", "half a word"));
	for (long n = 0; !through; n++, stops++) {
		struct err why = ERR_INIT;

		tell(o.first, "queue add", json_object());
		SITE_OK(node_save_snapshot(o.first, err));
		desk_expire(node_desk(o.first), nodes_clock_ms + 2 * DESK_KEPT_MS);
		stop_after = n;
		o.env->files = &stopping;
		through = node_desk_shred(o.first, &why) == ERR_OK && stop_after >= 0;
		/* Nothing more reaches the disk: that is what a stop is. */
		stop_after = 0;
		node_close(o.first);
		o.env->files = &posix_files;
		o.first = nodes_open(&o, 0);
		CHECK_CASE("the draft is there", drafts_and_places(o.first, &places), 1);
		CHECK_TRUE("a purge that went through leaves no place", !through || places == 0);
		node_desk(o.first)->place_count = 0;
		SITE_OK(node_desk_save(o.first, err));
	}
	CHECK_TRUE("it has been stopped at several moments", stops >= 3);
	nodes_end(&o);
}

/* From the reading of the desk on, so many allocations succeed, and then one fails. */
static long desk_memory;

static enum err_code
scarce_read(struct env *env, const char *path, size_t max, struct buf *out, struct err *err)
{
	size_t len = strlen(path);

	if (len > 5 && strcmp(path + len - 5, "/desk") == 0)
		mem_fail_after(desk_memory, 0);
	return posix_files.read(env, path, max, out, err);
}

static void
a_desk_that_there_was_no_memory_to_read_is_not_taken_for_none(void **state)
{
	struct env_files scarce = posix_files;
	struct node_secret secret = nodes_secret();
	size_t places, unread = 0;
	struct nodes o;

	(void)state;
	nodes_start(&o);
	scarce.read = scarce_read;
	tell(o.first, "draft put", json_pack("{s:s,s:s}", "key", "visit", "text", "half a word"));
	for (long n = 0; n < 12; n++) {
		struct err err = ERR_INIT;
		enum err_code rc;
		json_t *list;

		desk_memory = n;
		node_close(o.first);
		o.env->files = &scarce;
		rc = node_open(&o.first, o.env, o.home[0], &secret, &err);
		mem_fail_after(-1, 0);
		o.node[0] = o.first;
		if (rc != ERR_OK) {
			o.env->files = &posix_files;
			o.first = nodes_open(&o, 0);
			continue;
		}
		/* While it stays so, nothing says that there are no drafts, and nothing is written over them. */
		desk_memory = 0;
		if (node_desk_ready(o.first, false, &err) == ERR_NO_MEMORY) {
			unread++;
			mem_fail_after(-1, 0);
			list = ask(o.first, "draft list", json_object(), &rc);
			mem_fail_after(-1, 0);
			CHECK_CASE("nobody is told that there is none", rc, ERR_NO_MEMORY);
			json_decref(list);
			CHECK_CASE("nor is it saved", node_desk_save(o.first, &err), ERR_NO_MEMORY);
			CHECK_CASE("nor destroyed", node_desk_shred(o.first, &err), ERR_NO_MEMORY);
		}
		mem_fail_after(-1, 0);
		o.env->files = &posix_files;
		tell(o.first, "draft put", json_pack("{s:s,s:s}", "key", "other", "text", "another"));
		CHECK_CASE("the draft is there", drafts_and_places(o.first, &places), 1);
		o.first = nodes_reopen(&o, o.first);
		CHECK_CASE("and stays", drafts_and_places(o.first, &places), 1);
	}
	CHECK_TRUE("there were such moments", unread >= 2);
	nodes_end(&o);
}

static enum err_code
broken_read(struct env *env, const char *path, size_t max, struct buf *out, struct err *err)
{
	size_t len = strlen(path);

	if (len > 5 && strcmp(path + len - 5, "/desk") == 0)
		return err_set(err, ERR_IO, "reading %s: Input/output error", path);
	return posix_files.read(env, path, max, out, err);
}

static void
a_desk_that_the_disk_does_not_give_is_neither_told_as_none_nor_written_over(void **state)
{
	struct env_files broken = posix_files;
	struct err why = ERR_INIT;
	enum err_code rc;
	size_t places;
	struct nodes o;

	(void)state;
	nodes_start(&o);
	broken.read = broken_read;
	tell(o.first, "draft put", json_pack("{s:s,s:s}", "key", "visit", "text", "half a word"));
	tell(o.first, "queue add", json_object());
	o.env->files = &broken;
	o.first = nodes_reopen(&o, o.first);
	json_decref(ask(o.first, "draft list", json_object(), &rc));
	assert_int_equal(rc, ERR_IO);
	json_decref(ask(o.first, "queue list", json_object(), &rc));
	assert_int_equal(rc, ERR_IO);
	json_decref(ask(o.first, "draft put", json_pack("{s:s,s:s}", "key", "visit", "text", "over it"), &rc));
	assert_int_equal(rc, ERR_IO);
	assert_int_equal(node_desk_save(o.first, &why), ERR_IO);
	assert_non_null(strstr(why.text, "kept as they are"));
	assert_int_equal(node_desk_shred(o.first, &why), ERR_IO);
	tell(o.first, "visit save", json_pack("{s:{s:s},s:s}", "set", "gender", "woman", "draft", "visit")); /* work goes on */
	o.env->files = &posix_files;
	assert_int_equal(drafts_and_places(o.first, &places), 1);
	assert_int_equal(places, 1);
	o.first = nodes_reopen(&o, o.first);
	assert_int_equal(drafts_and_places(o.first, &places), 1);
	nodes_end(&o);
}

static void
what_was_purged_opens_under_no_key_that_is_left(void **state)
{
	struct nodes o;
	char path[200];
	struct buf before = BUF_INIT;
	size_t places;

	(void)state;
	nodes_start(&o);
	tell(o.first, "draft put", json_pack("{s:s,s:s}", "key", "visit", "text", "half a word"));
	tell(o.first, "session open", json_pack("{s:s}", "site", "Genarp"));
	tell(o.first, "queue add", json_pack("{s:s,s:s}", "language", "ar", "documents", "ett brev"));
	snprintf(path, sizeof(path), "%s/desk", o.home[0]);
	SITE_OK(posix_files.read(NULL, path, 1 << 20, &before, err));
	for (size_t i = 0; i + 8 < before.len; i++)
		CHECK_TRUE("nothing readable on the disk", memcmp(before.p + i, "ett brev", 8) != 0 && memcmp(before.p + i, "half a w", 8) != 0);
	tell(o.first, "session close", json_pack("{s:b}", "force", 1));
	CHECK_CASE("the draft is there", drafts_and_places(o.first, &places), 1);
	CHECK_CASE("no place is", places, 0);
	SITE_OK(posix_files.replace(NULL, path, buf_bytes(&before), err)); /* from a flash cell, a backup */
	o.first = nodes_reopen(&o, o.first);
	CHECK_CASE("the old file does not open", drafts_and_places(o.first, &places), 0);
	CHECK_CASE("and brings no place back", places, 0);
	buf_free(&before);
	nodes_end(&o);
}

static void
a_visit_is_saved_whole_or_not_at_all(void **state)
{
	struct nodes o;
	uint64_t before;
	enum err_code rc;
	json_t *r;
	char ticket[40], visit[40], again[40];

	(void)state;
	nodes_start(&o);
	tell(o.first, "session open", json_pack("{s:s,s:[s]}", "site", "Genarp", "channel", "physical"));
	r = ask(o.first, "queue add", json_object(), NULL);
	text_in(json_object_get(r, "place"), "ticket", ticket);
	json_decref(r);
	tell(o.first, "draft put", json_pack("{s:s,s:s}", "key", "visit", "text", "half a word"));
	before = view_record_count(node_view(o.first));
	ask(o.first, "visit save", json_pack("{s:{s:s,s:s,s:s},s:s,s:s}", "set", "gender", "woman", "case.topic", "housing", "action.kind", "no such thing",
	                                     "queue", ticket, "draft", "visit"), &rc);
	assert_int_equal(rc, ERR_INVALID);
	assert_int_equal(view_record_count(node_view(o.first)), before);
	assert_non_null(desk_draft(node_desk(o.first), "visit"));
	assert_int_equal(node_desk(o.first)->places[0].state, PLACE_WAITING);
	for (int i = 0; i < 2; i++) { /* the second time is a page that was stopped before it heard the answer */
		r = ask(o.first, "visit save", json_pack("{s:s,s:{s:s,s:s,s:s},s:s}", "id", "00000000000000000000000000000abc", "set", "gender", "woman",
		                                         "case.topic", "housing", "action.kind", "form_help", "note", "hej"), NULL);
		text_in(r, "case", i == 0 ? visit : again);
		json_decref(r);
	}
	assert_string_equal(visit, again);
	assert_int_equal(view_record_count(node_view(o.first)), before + 3);
	r = ask(o.first, "get", json_pack("{s:s}", "id", visit), NULL);
	assert_int_equal(json_array_size(json_object_get(r, "notes")), 1);
	json_decref(r);
	tell(o.first, "visit save", json_pack("{s:s,s:s}", "queue", ticket, "draft", "visit"));
	assert_null(desk_draft(node_desk(o.first), "visit"));
	assert_int_equal(node_desk(o.first)->places[0].state, PLACE_SERVED);
	nodes_end(&o);
}

/* ---- merging ---- */

static void
same_as(struct node *n, const char *hex, char out[33])
{
	struct record_id id;

	assert_true(hex_decode(id.b, 16, hex));
	node_same_as(n, &id, &id);
	hex_encode(out, id.b, 16);
}

/* proto/vault.md, 12: which of the two has the smaller row. */
static const char *
first_by_row(struct node *n, const char *type, const char *a, const char *b)
{
	const struct profile_type *t = profile_type_named(node_profile(n), type);
	struct record_id id[2];
	uint8_t row[2][16];

	assert_true(hex_decode(id[0].b, 16, a) && hex_decode(id[1].b, 16, b));
	for (int i = 0; i < 2; i++)
		rows_id(row[i], t, id[i].b);
	return memcmp(row[0], row[1], 16) < 0 ? a : b;
}

/* Two people merge two records the two ways round, while apart: afterwards both say the same, and either can take it back. */
static void
records_merged_both_ways_round_are_one_everywhere_and_can_be_parted(void **state)
{
	static const char A[] = "0000000000000000000000000000000a", B[] = "0000000000000000000000000000000b";
	struct nodes o;
	struct node *dalby;
	char x[33], y[33];
	json_t *r;

	(void)state;
	nodes_start(&o);
	dalby = nodes_join(&o, "dalby", true);
	tell(o.first, "put", json_pack("{s:s,s:s,s:{s:s}}", "type", "visitor", "id", A, "set", "phone", "+46 70 123 45 67"));
	tell(o.first, "put", json_pack("{s:s,s:s,s:{s:s}}", "type", "visitor", "id", B, "set", "phone", "070-1234567"));
	nodes_meet(o.first, dalby);
	r = ask(dalby, "duplicates", json_object(), NULL);
	assert_int_equal(json_array_size(json_object_get(r, "pairs")), 1);
	json_decref(r);
	tell(o.first, "merge", json_pack("{s:s,s:s}", "keep", A, "other", B));
	tell(dalby, "merge", json_pack("{s:s,s:s}", "keep", B, "other", A));
	nodes_meet(o.first, dalby);
	nodes_same_state(o.first, dalby);
	for (int i = 0; i < 2; i++) {
		same_as(i == 0 ? o.first : dalby, A, x);
		same_as(i == 0 ? o.first : dalby, B, y);
		assert_string_equal(x, y);
		assert_string_equal(x, first_by_row(o.first, "visitor", A, B));
	}
	r = ask(dalby, "list", json_pack("{s:s}", "type", "visitor"), NULL);
	assert_int_equal(json_array_size(json_object_get(r, "records")), 1);
	json_decref(r);
	tell(dalby, "unmerge", json_pack("{s:s}", "id", A));
	tell(dalby, "unmerge", json_pack("{s:s}", "id", B));
	nodes_meet(o.first, dalby);
	same_as(o.first, B, y);
	assert_string_equal(y, B);
	r = ask(o.first, "list", json_pack("{s:s}", "type", "visitor"), NULL);
	assert_int_equal(json_array_size(json_object_get(r, "records")), 2);
	json_decref(r);
	nodes_end(&o);
}

struct counted { struct node *node; struct record_id last; size_t all, counts; };

static bool
count_row(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct counted *k = ctx;
	struct record_id is;

	(void)team;
	k->all++;
	node_row_same_as(k->node, record_id_of(r), &is);
	if (SAME(is, *record_id_of(r))) {
		k->last = *record_id_of(r);
		k->counts++;
	}
	return true;
}

static struct counted
rows_of_cases(struct node *n)
{
	struct counted k = { .node = n };

	assert_non_null(node_rows(n));
	SITE_OK(view_each(node_rows(n), profile_type_named(node_profile(n), "case")->number, count_row, &k, err));
	return k;
}

/* Whoever counts rows alone takes the same one of two cases as who counts the cases, though they were merged both ways round. */
static void
a_merged_case_counts_once_in_rows_too(void **state)
{
	static const char A[] = "0000000000000000000000000000000a", B[] = "0000000000000000000000000000000b";
	struct nodes o;
	struct node *dalby;
	struct stream_id box;
	struct record_id row, record;
	struct counted k;
	char x[33];

	(void)state;
	nodes_start(&o);
	SITE_OK(node_team_add(o.first, "statistik", true, &box, err));
	SITE_OK(node_commit(o.first, err));
	dalby = nodes_join(&o, "dalby", true);
	tell(dalby, "put", json_pack("{s:s,s:s,s:{s:s}}", "type", "case", "id", A, "set", "topic", "housing"));
	tell(dalby, "put", json_pack("{s:s,s:s,s:{s:s}}", "type", "case", "id", B, "set", "topic", "housing"));
	nodes_meet(o.first, dalby);
	k = rows_of_cases(o.first);
	assert_int_equal(k.counts, 2);
	tell(o.first, "merge", json_pack("{s:s,s:s}", "keep", A, "other", B));
	k = rows_of_cases(o.first);
	assert_int_equal(k.counts, 1);
	assert_true(hex_decode(record.b, 16, A));
	rows_id(row.b, profile_type_named(node_profile(o.first), "case"), record.b);
	assert_memory_equal(k.last.b, row.b, 16);
	tell(dalby, "merge", json_pack("{s:s,s:s}", "keep", B, "other", A));
	nodes_meet(o.first, dalby);
	k = rows_of_cases(o.first);
	assert_int_equal(k.all, 2);
	assert_int_equal(k.counts, 1);
	same_as(o.first, A, x);
	assert_true(hex_decode(record.b, 16, x));
	rows_id(row.b, profile_type_named(node_profile(o.first), "case"), record.b);
	assert_memory_equal(k.last.b, row.b, 16);
	tell(dalby, "unmerge", json_pack("{s:s}", "id", A));
	tell(dalby, "unmerge", json_pack("{s:s}", "id", B));
	nodes_meet(o.first, dalby);
	k = rows_of_cases(o.first);
	assert_int_equal(k.counts, 2);
	nodes_end(&o);
}

static void
a_visit_without_a_person_is_never_matched(void **state)
{
	struct nodes o;
	json_t *r;

	(void)state;
	nodes_start(&o);
	tell(o.first, "session open", json_pack("{s:s}", "site", "Genarp"));
	for (int i = 0; i < 3; i++)
		tell(o.first, "visit save", json_pack("{s:{s:s,s:s,s:s}}", "set", "gender", "woman", "language", "ar", "case.topic", "housing"));
	r = ask(o.first, "duplicates", json_object(), NULL);
	assert_int_equal(json_array_size(json_object_get(r, "pairs")), 0);
	json_decref(r);
	nodes_end(&o);
}

/* ---- practice ---- */

static bool
count_them(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct { struct node *n; size_t all, counted, practice; } *k = ctx;

	(void)team;
	k->all++;
	k->counted += node_counts_record(k->n, r);
	k->practice += record_is_practice(r);
	return true;
}

static void
what_is_written_in_practice_is_in_no_figure(void **state)
{
	struct { struct node *n; size_t all, counted, practice; } k = { NULL, 0, 0, 0 };
	struct nodes o;
	struct node *dalby;
	struct stream_id box;
	char session[40];
	json_t *r;

	(void)state;
	nodes_start(&o);
	dalby = nodes_join(&o, "dalby", true);
	SITE_OK(node_team_add(o.first, "Statistik", true, &box, err));
	SITE_OK(node_commit(o.first, err));
	r = ask(o.first, "session open", json_pack("{s:s,s:b}", "site", "Genarp", "practice", 1), NULL);
	text_in(r, "session", session);
	json_decref(r);
	tell(o.first, "visit save", json_pack("{s:{s:s,s:s,s:s}}", "set", "gender", "woman", "case.topic", "housing", "action.kind", "form_help"));
	tell(o.first, "put", json_pack("{s:s,s:{s:s}}", "type", "visit", "set", "session", session)); /* by any door */
	assert_non_null(node_rows(o.first));
	assert_int_equal(view_record_count(node_rows(o.first)), 0);
	nodes_meet(o.first, dalby);
	k.n = dalby;
	SITE_OK(view_each(node_view(dalby), 0, count_them, &k, err));
	assert_int_equal(k.all, 6); /* site, session, two visits, case, action */
	assert_int_equal(k.counted, 0);
	r = ask(dalby, "report", json_pack("{s:s,s:s,s:s}", "name", "iop", "from", "2019-01-01", "to", "2019-12-31"), NULL);
	json_decref(r);
	/* A real session at a site of that name does not stand at the one for practice. */
	tell(dalby, "session open", json_pack("{s:s}", "site", "genarp"));
	tell(dalby, "visit save", json_pack("{s:{s:s}}", "set", "gender", "man"));
	k.all = k.counted = k.practice = 0;
	SITE_OK(view_each(node_view(dalby), 0, count_them, &k, err));
	assert_int_equal(k.counted, 3);
	assert_int_equal(k.practice, 6);
	nodes_meet(o.first, dalby);
	assert_int_equal(view_record_count(node_rows(o.first)), 3); /* the real site, session and visit */
	nodes_end(&o);
}

/* ---- bookings ---- */

static enum err_code
take(struct node *n, const char *time, char status[40])
{
	enum err_code rc;
	json_t *r = ask(n, "booking take", json_pack("{s:s,s:s,s:s}", "site", "Linero", "date", "2019-09-02", "time", time), &rc);

	status[0] = '\0';
	if (r != NULL)
		text_in(r, "status", status);
	json_decref(r);
	return rc;
}

static size_t
collisions(struct node *n)
{
	json_t *r = ask(n, "booking slots", json_pack("{s:s,s:s}", "site", "Linero", "date", "2019-09-02"), NULL), *s;
	size_t count = 0, i;

	json_array_foreach(json_object_get(r, "slots"), i, s)
		count += json_is_true(json_object_get(s, "collision"));
	json_decref(r);
	return count;
}

static void
one_device_gives_a_sites_times_and_the_others_ask(void **state)
{
	struct nodes o;
	struct node *dalby;
	char status[40], id[40];
	enum err_code rc;
	json_t *r;

	(void)state;
	nodes_start(&o);
	dalby = nodes_join(&o, "dalby", true);
	tell(o.first, "put", json_pack("{s:s,s:{s:s}}", "type", "site", "set", "name", "Linero"));
	tell(o.first, "booking keep", json_pack("{s:s}", "site", "Linero"));
	nodes_meet(o.first, dalby);
	assert_int_equal(take(o.first, "13:00", status), ERR_OK);
	assert_string_equal(status, "booked");
	assert_int_equal(take(o.first, "13:15", status), ERR_REFUSED); /* overlaps */
	assert_int_equal(take(dalby, "13:00", status), ERR_OK);
	assert_string_equal(status, "requested");
	nodes_meet(o.first, dalby);
	assert_int_equal(collisions(o.first), 0);
	r = ask(o.first, "list", json_pack("{s:s,s:{s:s}}", "type", "booking", "set", "status", "requested"), NULL);
	text_in(json_array_get(json_object_get(r, "records"), 0), "id", id);
	json_decref(r);
	ask(o.first, "booking set", json_pack("{s:s,s:s}", "id", id, "status", "booked"), &rc);
	assert_int_equal(rc, ERR_REFUSED);
	ask(dalby, "booking set", json_pack("{s:s,s:s,s:s}", "id", id, "status", "booked", "time", "14:00"), &rc);
	assert_int_equal(rc, ERR_REFUSED);
	tell(o.first, "booking set", json_pack("{s:s,s:s,s:s}", "id", id, "status", "booked", "time", "14:00"));
	/* A book claimed in two places at once: only then can a time be given twice, and then it shows. */
	ask(dalby, "booking keep", json_pack("{s:s}", "site", "Linero"), &rc);
	assert_int_equal(rc, ERR_REFUSED);
	tell(o.first, "booking keep", json_pack("{s:s,s:s}", "site", "Linero", "device", "dalby"));
	nodes_copy(o.first, dalby);
	assert_int_equal(take(dalby, "15:00", status), ERR_OK);
	assert_string_equal(status, "booked");
	tell(o.first, "booking keep", json_pack("{s:s}", "site", "Linero")); /* the coordinator takes it back while Dalby is away */
	assert_int_equal(take(o.first, "15:00", status), ERR_OK);
	nodes_meet(o.first, dalby);
	assert_int_equal(collisions(o.first), 1);
	assert_int_equal(collisions(dalby), 1);
	nodes_end(&o);
}

static void
hours_derived_on_two_devices_are_one_row(void **state)
{
	struct nodes o;
	struct node *dalby;
	char session[40];
	json_t *r;

	(void)state;
	nodes_start(&o);
	dalby = nodes_join(&o, "dalby", true);
	tell(o.first, "put", json_pack("{s:s,s:{s:s}}", "type", "volunteer", "set", "code", "RÅD1"));
	r = ask(o.first, "session open", json_pack("{s:s,s:[s,s],s:s}", "site", "Genarp", "adviser", "råd1", "okänd", "start", "13:00"), NULL);
	text_in(r, "session", session);
	json_decref(r);
	tell(o.first, "session close", json_pack("{s:s}", "end", "16:10"));
	nodes_meet(o.first, dalby);
	r = ask(o.first, "hours derive", json_object(), NULL);
	assert_int_equal(json_array_size(json_object_get(r, "derived")), 1);
	assert_int_equal(json_array_size(json_object_get(r, "warnings")), 1);
	json_decref(r);
	tell(dalby, "hours derive", json_pack("{s:s}", "session", session));
	nodes_meet(o.first, dalby);
	r = ask(o.first, "hours list", json_object(), NULL);
	assert_int_equal(json_array_size(json_object_get(r, "hours")), 1);
	assert_true(json_real_value(json_object_get(r, "total")) == 3.25);
	json_decref(r);
	tell(o.first, "hours confirm", json_pack("{s:b}", "all", 1));
	r = ask(o.first, "hours derive", json_object(), NULL);
	assert_int_equal(json_integer_value(json_object_get(r, "already")), 1);
	json_decref(r);
	assert_int_equal(view_conflict_count(node_view(o.first)), 0);
	nodes_end(&o);
}

/* ---- conflicts ---- */

static size_t
listed(struct node *n, json_t *params)
{
	json_t *r = ask(n, "conflicts", params, NULL);
	size_t count = json_array_size(json_object_get(r, "records"));

	json_decref(r);
	return count;
}

static void
a_conflict_that_is_settled_keeps_its_mark(void **state)
{
	struct nodes o;
	struct node *dalby;
	struct record_id x, y;
	char hex[33];
	json_t *r;

	(void)state;
	nodes_start(&o);
	dalby = nodes_join(&o, "dalby", true);
	x = nodes_id(&o);
	y = nodes_id(&o);
	nodes_put(&o, o.first, &x, "status", "open", NULL);
	nodes_put(&o, o.first, &y, "status", "open", NULL);
	nodes_meet(o.first, dalby);
	nodes_put(&o, o.first, &x, "status", "closed", NULL);
	nodes_put(&o, dalby, &x, "status", "referred", NULL);
	nodes_put(&o, o.first, &y, "status", "closed", NULL);
	nodes_put(&o, dalby, &y, "status", "closed", NULL);
	nodes_meet(o.first, dalby);
	assert_int_equal(listed(o.first, json_object()), 1);
	assert_int_equal(listed(o.first, json_pack("{s:b}", "parallel", 1)), 2);
	assert_int_equal(listed(o.first, json_pack("{s:s}", "by", "dalby")), 1);
	assert_int_equal(listed(o.first, json_pack("{s:s}", "by", "nobody")), 0);
	assert_int_equal(listed(o.first, json_pack("{s:s}", "type", "visit")), 0);
	assert_int_equal(listed(o.first, json_pack("{s:b}", "settled", 1)), 0);
	tell(dalby, "resolve", json_pack("{s:s,s:{s:s}}", "id", hex_encode(hex, x.b, 16), "set", "status", "closed"));
	nodes_meet(o.first, dalby);
	assert_int_equal(listed(o.first, json_object()), 0);
	assert_int_equal(listed(o.first, json_pack("{s:b}", "settled", 1)), 1);
	r = ask(o.first, "get", json_pack("{s:s}", "id", hex), NULL);
	assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(r, "settled"), 0), "field")), "status");
	assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(r, "settled"), 0), "by")), "dalby");
	json_decref(r);
	nodes_end(&o);
}

/* ---- a profile of a newer program ---- */

/* The node as it is where nothing but a profile that it cannot read has been installed. */
static void
forget_profile(struct node *n)
{
	view_set_profile(n->view, NULL);
	profile_free(n->profile);
	n->profile = NULL;
	buf_clear(&n->profile_json);
	n->profile_unread = 2;
}

/* Every operation that reads records or writes them, with what it must be given; none may be broken by it, nor write. */
static void
no_operation_breaks_on_a_profile_of_a_newer_program(void **state)
{
	static const char *const calls[][2] = {
		{ "put", "{\"type\": \"case\", \"set\": {\"topic\": \"housing\"}}" }, { "list", "{\"type\": \"visit\"}" },
		{ "session open", "{\"site\": \"Dalby\"}" }, { "session planned", "{}" }, { "session sheet", "{}" }, { "queue add", "{}" },
		{ "visit save", "{\"set\": {\"gender\": \"woman\"}}" }, { "card new", "{}" }, { "booking slots", "{\"site\": \"Dalby\"}" },
		{ "booking keep", "{\"site\": \"Dalby\"}" }, { "booking take", "{\"site\": \"Dalby\", \"date\": \"2030-01-14\", \"time\": \"13:00\"}" },
		{ "duplicates", "{}" }, { "hours derive", "{}" }, { "directory check", "{}" }, { "retention", "{}" },
		{ "retention order", "{\"until\": \"2199-01-01\"}" }, { "incident lost-device", "{\"device\": \"lund\"}" },
		{ "targets", "{\"from\": \"2020-01-01\", \"to\": \"2020-12-31\"}" }, { "search", "{\"text\": \"hyra\"}" },
		{ "report", "{\"name\": \"iop\", \"from\": \"2020-01-01\", \"to\": \"2020-12-31\"}" },
	};
	struct buf profile = nodes_profile();
	struct nodes o;
	struct err err = ERR_INIT;

	(void)state;
	nodes_start(&o);
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		enum err_code code;
		json_t *answer;

		forget_profile(o.first);
		if (op_find(calls[i][0]) == NULL)
			fail_msg("no operation %s", calls[i][0]);
		answer = ask(o.first, calls[i][0], json_loads(calls[i][1], 0, NULL), &code);
		if (code != ERR_REFUSED || answer != NULL)
			fail_msg("%s: %d", calls[i][0], (int)code);
	}
	/* And it takes nothing back: an older version does not go over one that it cannot read. */
	forget_profile(o.first);
	assert_int_equal(node_install_profile(o.first, buf_bytes(&profile), &err), ERR_REFUSED);
	assert_non_null(strstr(err.text, "version 2 of the profile is installed, and this program is too old to read it"));
	buf_free(&profile);
	nodes_end(&o);
}

/* A list is made of JSON that lacks what there was no memory for: it is told whole, or that memory was short. */
static void
a_list_is_told_whole_or_not_at_all_when_memory_is_short(void **state)
{
	static const char *const calls[][2] = { { "session planned", "{\"date\": \"2030-01-14\"}" }, { "directory check", "{}" } };
	struct nodes o;
	json_t *site;

	(void)state;
	nodes_start(&o);
	site = ask(o.first, "put", json_pack("{s:s,s:{s:s}}", "type", "site", "set", "name", "Dalby"), NULL);
	for (int k = 0; k < 3; k++) {
		tell(o.first, "put", json_pack("{s:s,s:{s:O,s:s,s:s,s:s}}", "type", "opening", "set", "site", json_object_get(site, "id"), "rrule", "FREQ=WEEKLY;BYDAY=MO",
		                               "opens", "13:00", "valid_from", "2030-01-01"));
		tell(o.first, "put", json_pack("{s:s,s:{s:s}}", "type", "organisation", "set", "name", "Exempelbyrån"));
	}
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		json_t *params = json_loads(calls[i][1], 0, NULL), *whole, *answer;
		enum err_code code;
		bool struck = true;

		whole = ask(o.first, calls[i][0], json_incref(params), &code);
		assert_non_null(whole);
		for (long n = 0; struck; n++) {
			mem_fail_after(n, 0);
			answer = ask(o.first, calls[i][0], json_incref(params), &code);
			struck = mem_allocations() > n;
			mem_fail_after(-1, 0);
			if (answer == NULL ? code != ERR_NO_MEMORY : !json_equal(answer, whole))
				fail_msg("%s, allocation %ld: %s", calls[i][0], n, answer == NULL ? "another error" : "an answer with a gap");
			json_decref(answer);
		}
		json_decref(params);
		json_decref(whole);
	}
	json_decref(site);
	nodes_end(&o);
}

/* What the roster holds whole and this program cannot read is known by its version, and the older one stays in use. */
static void
a_profile_that_can_not_be_read_is_known_by_its_version(void **state)
{
	struct buf version = BUF_INIT, text = BUF_INIT;
	struct roster_op ops[2];
	struct record_id id = { { 7 } };
	struct nodes o;

	(void)state;
	nodes_start(&o);
	wr_uint(&version, 9);
	wr_str(&text, "{\"profile\": \"radrum\", \"version\": 9, \"later\": true}", 51);
	ops[0] = (struct roster_op){ OP_SET, ROSTER_PROFILE_VERSION, buf_bytes(&version) };
	ops[1] = (struct roster_op){ OP_SET, ROSTER_PROFILE, buf_bytes(&text) };
	SITE_OK(node_write_roster(o.first, &id, ops, 2, err));
	SITE_OK(node_commit(o.first, err));
	nodes_reopen(&o, o.first);
	assert_int_equal(node_profile_unread(o.first), 9);
	assert_int_equal(profile_version(node_profile(o.first)), 1);
	buf_free(&version);
	buf_free(&text);
	nodes_end(&o);
}

static uint64_t awake_ns;

static uint64_t
awake(struct env *env)
{
	(void)env;
	return awake_ns;
}

static void
hours_pass(int hours)
{
	nodes_clock_ms += hours * INT64_C(3600000);
	awake_ns += (uint64_t)hours * UINT64_C(3600000000000);
}

/* A laptop whose battery is empty starts in 2019; the network sets its clock while eight people wait. */
static void
whoever_waits_goes_on_waiting_when_the_clock_is_set_and_goes_when_a_day_has_passed(void **state)
{
	struct env_ops ops;
	struct nodes o;

	(void)state;
	nodes_start(&o);
	ops = *o.env->ops;
	ops.awake_ns = awake;
	awake_ns = UINT64_C(77000000000);
	o.env->ops = &ops;
	for (int i = 0; i < 8; i++)
		tell(o.first, "queue add", json_object());
	hours_pass(2);
	assert_int_equal(node_desk(o.first)->place_count, 8);
	for (int years = -20; years <= 20; years += 10) {
		nodes_clock_ms += years * INT64_C(31536000000) + INT64_C(86400000);
		assert_int_equal(node_desk(o.first)->place_count, 8);
		assert_in_range(place_waited_min(&node_desk(o.first)->places[0], nodes_clock_ms), 120, 121);
	}
	nodes_reopen(&o, o.first); /* what was written moved with it */
	assert_int_equal(node_desk(o.first)->place_count, 8);
	hours_pass(21); /* asleep for most of it */
	assert_int_equal(node_desk(o.first)->place_count, 8);
	hours_pass(2);
	assert_int_equal(node_desk(o.first)->place_count, 0);
	nodes_end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_waits_goes_on_waiting_when_the_clock_is_set_and_goes_when_a_day_has_passed),
		cmocka_unit_test(every_wrong_letter_and_every_swap_in_a_code_is_noticed),
		cmocka_unit_test(a_slip_gives_its_ids_back_typed_or_scanned),
		cmocka_unit_test(what_is_no_code_is_refused),
		cmocka_unit_test(openings_take_place_on_the_days_that_their_rule_says),
		cmocka_unit_test(days_are_counted_as_the_calendar_counts_them),
		cmocka_unit_test(a_desk_reads_back_as_it_was_written_and_never_in_part),
		cmocka_unit_test(places_go_after_a_day_and_with_their_session),
		cmocka_unit_test(two_devices_never_give_the_same_ticket),
		cmocka_unit_test(a_stop_at_any_moment_of_a_purge_loses_no_draft),
		cmocka_unit_test(a_desk_that_there_was_no_memory_to_read_is_not_taken_for_none),
		cmocka_unit_test(a_desk_that_the_disk_does_not_give_is_neither_told_as_none_nor_written_over),
		cmocka_unit_test(what_was_purged_opens_under_no_key_that_is_left),
		cmocka_unit_test(a_visit_is_saved_whole_or_not_at_all),
		cmocka_unit_test(a_merged_case_counts_once_in_rows_too),
		cmocka_unit_test(records_merged_both_ways_round_are_one_everywhere_and_can_be_parted),
		cmocka_unit_test(a_visit_without_a_person_is_never_matched),
		cmocka_unit_test(what_is_written_in_practice_is_in_no_figure),
		cmocka_unit_test(one_device_gives_a_sites_times_and_the_others_ask),
		cmocka_unit_test(hours_derived_on_two_devices_are_one_row),
		cmocka_unit_test(a_conflict_that_is_settled_keeps_its_mark),
		cmocka_unit_test(no_operation_breaks_on_a_profile_of_a_newer_program),
		cmocka_unit_test(a_list_is_told_whole_or_not_at_all_when_memory_is_short),
		cmocka_unit_test(a_profile_that_can_not_be_read_is_known_by_its_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
