/*
 * A bit turns at rest, in every byte of a small log.db (FLIPS=1: minutes; else
 * in every 97th, and in each letter that makes a table): the store says so,
 * when it is opened, read or verified, or what it holds is what it held.
 */
#include "site.h"

#include <sodium.h>

enum { NOTES = 4, STEP = 97 };

struct truth { uint8_t frontier[32]; uint64_t entries; struct hash payloads; };

static void
finding(void *ctx, const char *text)
{
	(void)text;
	++*(size_t *)ctx;
}

static bool
add_up(void *ctx, const struct entry *e)
{
	struct hash *sum = ctx, before = *sum;

	return crypto_generichash(sum->b, sizeof(sum->b), e->payload.p, e->has_payload ? e->payload.len : 0, before.b, sizeof(before.b)) == 0;
}

/* What it holds and would send on. False: it says that something is wrong. */
static bool
look(struct replica *r, struct truth *t)
{
	bool good = true;

	memset(t, 0, sizeof(*t));
	t->entries = replica_entry_count(r);
	replica_frontier(r, NULL, NULL, t->frontier);
	for (size_t i = 0; i < replica_log_count(r) && good; i++)
		good = replica_scan(r, i, 0, replica_log_at(r, i)->len, false, add_up, &t->payloads, NULL) == ERR_OK;
	return good && replica_damaged(r) == 0;
}

/* Is it a letter of what makes a column the number of its row? Those are all tried: without it a table shows no rows. */
static bool
makes_a_table(struct bytes whole, size_t at)
{
	static const char words[] = "INTEGER PRIMARY KEY";

	for (size_t i = 0; i < sizeof(words) - 1 && i <= at; i++)
		if (at - i + sizeof(words) - 1 <= whole.len && memcmp(whole.p + at - i, words, sizeof(words) - 1) == 0)
			return true;
	return false;
}

static void
flip(const char *path, struct bytes whole, size_t at)
{
	struct buf b = BUF_INIT;

	buf_put_bytes(&b, whole);
	b.p[at] ^= (uint8_t)(1 << (at % 8));
	SITE_OK(posix_files.replace(NULL, path, buf_bytes(&b), err));
	buf_free(&b);
}

static void
every_byte_that_turns_is_noticed_or_harmless(void **state)
{
	size_t said = 0, harmless = 0, silent = 0, few = getenv("FLIPS") != NULL ? 1 : STEP;
	struct truth before, after;
	struct buf whole = BUF_INIT;
	struct replica *r;
	struct site w;
	char path[160];

	(void)state;
	site_start(&w);
	r = site_replica(&w, "a");
	site_found(&w, r);
	for (int i = 0; i < NOTES; i++)
		site_note(&w, r, ADVISER, &w.team, 300);
	SITE_OK(replica_commit(r, err));
	assert_true(look(r, &before));
	replica_close(r);
	snprintf(path, sizeof(path), "%s/log.db", site_home(&w, "a"));
	SITE_OK(posix_files.read(NULL, path, 1 << 24, &whole, err));
	for (size_t at = 0; at < whole.len; at++) {
		size_t findings = 0;
		struct err err = ERR_INIT;
		bool good;

		if (at % few != 0 && !makes_a_table(buf_bytes(&whole), at))
			continue;
		flip(path, buf_bytes(&whole), at);
		if (replica_open(&r, w.env, site_home(&w, "a"), false, &err) != ERR_OK) {
			assert_true(err.text[0] != '\0');
			said++;
			continue;
		}
		good = look(r, &after);
		if (!good || replica_verify(r, finding, &findings, NULL, NULL) != ERR_OK || findings > 0)
			said++;
		else if (memcmp(&before, &after, sizeof(before)) != 0)
			print_message("byte %zu: something else is held, and nobody says so: %llu entries of %llu, around \"%.40s\"\n", at, (unsigned long long)after.entries, (unsigned long long)before.entries, (const char *)whole.p + at - 20), silent++;
		else
			harmless++;
		replica_close(r);
	}
	print_message("%zu bytes turned in %zu: %zu noticed, %zu harmless\n", said + harmless, whole.len, said, harmless);
	assert_int_equal(silent, 0);
	assert_true(said > 0 && harmless > 0);
	buf_free(&whole);
	site_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_byte_that_turns_is_noticed_or_harmless) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
