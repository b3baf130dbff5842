/* The oracles are worth what they find: each is shown something wrong, and must say so. */
#include "check.h"

#include "sim/play.h"
#include "sim/prf.h"
#include "sim/scan.h"

enum { LYING_SEEDS = 12 };

static struct play_report
played(uint64_t seed, bool lying)
{
	const struct play_options options = { .seed = seed, .lying = lying };
	struct play_report r;

	play(&options, &r);
	return r;
}

static void
honest_disks_lose_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= LYING_SEEDS; seed++) {
		struct play_report r = played(seed, false);

		if (!r.ok)
			fail_msg("seed %llu: %s: %s", (unsigned long long)seed, r.finding.invariant, r.finding.text);
	}
}

/* The canary: the same seeds on disks that say "synced" and are not. */
static void
disks_that_lie_about_syncing_are_found_out(void **state)
{
	int found = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= LYING_SEEDS; seed++) {
		struct play_report r = played(seed, true);

		found += !r.ok;
		assert_true(r.ok || strcmp(r.finding.invariant, "I14") != 0);
	}
	assert_true(found >= LYING_SEEDS * 2 / 3);
}

static void
one_seed_always_plays_the_same(void **state)
{
	(void)state;
	for (uint64_t seed = 100; seed < 104; seed++) {
		struct play_report a = played(seed, false), b = played(seed, false);

		assert_int_equal(a.hash, b.hash);
		assert_int_equal(a.steps, b.steps);
		assert_int_not_equal(a.hash, played(seed + 50, false).hash);
	}
}

/* ---- the model, shown records that it must not accept ---- */

struct shown { struct record *r; bool none; };

static const struct record *
look(void *ctx, const struct record_id *id)
{
	struct shown *s = ctx;

	(void)id;
	return s->none ? NULL : s->r;
}

static void
apply(struct record *r, const struct record_id *id, const struct write *w, const char *note_text)
{
	struct buf note = BUF_INIT, value = BUF_INIT, body = BUF_INIT;
	struct change_space space = { 0 };
	struct op ops[2] = { 0 };
	struct change c = { .v = CHANGE_V, .profile_version = 1, .record = *id, .type = 2, .hlc = 1 << 20, .ops = ops, .op_count = 2 };
	struct origin from = { .author = 0 };
	struct err err = ERR_INIT;

	wr_array(&note, 3);
	wr_bin(&note, w->note_id, 16);
	wr_str(&note, note_text, strlen(note_text));
	wr_nil(&note);
	wr_str(&value, w->value, strlen(w->value));
	ops[0] = (struct op){ .kind = OP_NOTE, .value = buf_bytes(&note) };
	ops[1] = (struct op){ .kind = OP_SET, .field = w->field, .value = buf_bytes(&value) };
	memcpy(c.group.b, id->b, 16);
	memcpy(from.entry, w->entry, 16);
	change_encode(&body, &c);
	assert_int_equal(change_decode(&c, buf_bytes(&body), &space, &err), ERR_OK);
	assert_int_equal(record_apply(r, &c, &from, &err), ERR_OK);
	change_space_free(&space);
	buf_free(&note);
	buf_free(&value);
	buf_free(&body);
}

static void
the_model_misses_nothing(void **state)
{
	struct model *m = model_new(1, 1);
	struct shown s = { .r = record_new(model_record_id(m, 0)) };
	struct finding f;
	struct write *w;

	(void)state;
	w = model_begin(m, 0, 0, ACT_SET, FIELD_STATUS, "open", 0, NULL);
	w->has_entry = true;
	memset(w->entry, 7, sizeof(w->entry));

	s.none = true;
	assert_true(model_check_own(m, 0, look, &s, &f)); /* nobody was told "saved" yet */
	w->fate = FATE_SAVED;
	assert_false(model_check_own(m, 0, look, &s, &f));
	assert_string_equal(f.invariant, "I1");

	s.none = false;
	apply(s.r, model_record_id(m, 0), w, w->note);
	assert_true(model_check_own(m, 0, look, &s, &f));
	assert_true(model_check_all(m, 0, look, &s, &f));

	record_reset(s.r, model_record_id(m, 0));
	apply(s.r, model_record_id(m, 0), w, "another text");
	assert_false(model_check_own(m, 0, look, &s, &f));
	assert_string_equal(f.invariant, "I2");

	w->fate = FATE_REFUSED;
	assert_false(model_check_all(m, 0, look, &s, &f));
	record_free(s.r);
	model_free(m);
}

static void
a_marker_is_found_in_every_form(void **state)
{
	static const struct { const char *name, *text; size_t len; } cases[] = {
		{ "as it is", "xx secret-words-here xx", 23 },
		{ "hex", "7365637265742d776f7264732d68657265", 34 },
		{ "base64 at 0", "c2VjcmV0LXdvcmRzLWhlcmU=", 24 },
		{ "base64 at 1", "IHNlY3JldC13b3Jkcy1oZXJl", 24 },
		{ "base64 at 2", "ICBzZWNyZXQtd29yZHMtaGVyZQ==", 28 },
		{ "UTF-16", "s\0e\0c\0r\0e\0t\0-\0w\0o\0r\0d\0s\0-\0h\0e\0r\0e\0", 34 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct scan *s = scan_new();

		scan_add_text(s, "words", "secret-words-here");
		scan_bytes(s, BYTES("nothing to see, but secret-words", 32), "noise");
		CHECK_CASE(cases[i].name, scan_finding(s) == NULL, true);
		scan_bytes(s, BYTES(cases[i].text, cases[i].len), "a test");
		CHECK_CASE(cases[i].name, scan_finding(s) != NULL, true);
		scan_free(s);
	}
}

/* One needle among hundreds, at every place of data of every length; and not where one byte of it differs. */
static void
a_needle_is_found_wherever_it_lies(void **state)
{
	struct dice dice = dice_of(7, STREAM_WORK, 0);
	struct scan *s = scan_new();
	uint8_t secret[16], data[64], other[16];

	(void)state;
	dice_fill(&dice, secret, sizeof(secret));
	for (int i = 0; i < 300; i++) {
		dice_fill(&dice, other, sizeof(other));
		scan_add_secret(s, "another", other, sizeof(other));
	}
	scan_add_secret(s, "the secret", secret, sizeof(secret));
	for (size_t len = sizeof(secret); len <= sizeof(data); len++)
		for (size_t at = 0; at + sizeof(secret) <= len; at++) {
			memset(data, secret[0], sizeof(data));
			memcpy(data + at, secret, sizeof(secret));
			data[at + len % sizeof(secret)] ^= 1;
			scan_bytes(s, BYTES(data, len), "data");
			assert_null(scan_finding(s));
		}
	for (size_t len = sizeof(secret); len <= sizeof(data); len++)
		for (size_t at = 0; at + sizeof(secret) <= len; at++) {
			struct scan *one = scan_new();

			memset(data, secret[0], sizeof(data));
			memcpy(data + at, secret, sizeof(secret));
			scan_add_secret(one, "another", other, sizeof(other));
			scan_add_secret(one, "the secret", secret, sizeof(secret));
			scan_bytes(one, BYTES(data, len), "data");
			assert_string_equal(scan_finding(one), "the secret (first bytes) in data");
			scan_free(one);
		}
	scan_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_needle_is_found_wherever_it_lies),
		cmocka_unit_test(a_marker_is_found_in_every_form),
		cmocka_unit_test(the_model_misses_nothing),
		cmocka_unit_test(honest_disks_lose_nothing),
		cmocka_unit_test(disks_that_lie_about_syncing_are_found_out),
		cmocka_unit_test(one_seed_always_plays_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
