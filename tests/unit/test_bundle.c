/* A replica's entries on a stick: whole, cut short, damaged, of someone else. */
#include "site.h"

#include "scarce.h"

#include "peer/bundle_form.h"
#include "peer/peer.h"

struct desk { /* two homes of one organisation, and a file between them */
	struct site site;
	struct replica *from, *to;
	struct peer_host writer, reader;
	struct network_key key;
	struct buf file;
	uint64_t entries;
};

static void
desk_open(struct desk *d, unsigned note_count, size_t note_bytes)
{
	memset(d, 0, sizeof(*d));
	site_start(&d->site);
	d->from = site_replica(&d->site, "from");
	d->to = site_replica(&d->site, "to");
	site_found(&d->site, d->from);
	for (unsigned i = 0; i < note_count; i++)
		site_note(&d->site, d->from, ADVISER, &d->site.team, note_bytes);
	SITE_OK(replica_commit(d->from, err));
	memset(d->key.n, 0xa1, 32);
	d->writer = (struct peer_host){ .env = d->site.env, .replica = d->from, .keys = &d->site.device[ADVISER],
	                                .network = &d->key, .network_count = 1 };
	d->reader = d->writer;
	d->reader.replica = d->to;
	d->reader.keys = &d->site.device[SECOND];
}

static void
desk_write(struct desk *d, const struct org_device *to)
{
	buf_clear(&d->file);
	SITE_OK(bundle_write(&d->writer, to, &d->file, &d->entries, err));
}

static void
desk_close(struct desk *d)
{
	buf_free(&d->file);
	replica_close(d->from);
	replica_close(d->to);
	site_end(&d->site);
}

static enum err_code
read_it(struct desk *d, struct bytes file, bool check_only, struct bundle_counts *counts)
{
	return bundle_read(&d->reader, file, check_only, counts, NULL);
}

static bool
same_frontier(struct replica *a, struct replica *b)
{
	uint8_t x[32], y[32];

	replica_frontier(a, NULL, NULL, x);
	replica_frontier(b, NULL, NULL, y);
	return memcmp(x, y, 32) == 0;
}

static void
a_bundle_carries_everything_to_an_empty_home(void **state)
{
	struct bundle_counts c;
	struct desk d;
	size_t log;

	(void)state;
	desk_open(&d, 20, 300);
	desk_write(&d, NULL);
	assert_int_equal(d.entries, replica_entry_count(d.from));
	assert_int_equal(read_it(&d, buf_bytes(&d.file), false, &c), ERR_OK);
	assert_true(c.complete);
	assert_int_equal(c.stored, d.entries);
	assert_memory_equal(c.from.b, d.site.id[ADVISER].b, 16);
	assert_true(same_frontier(d.from, d.to));
	/* The exporter's ACK came along. */
	log = site_log_of(&d.site, d.to, &d.site.device[ADVISER], &d.site.team);
	assert_int_equal(replica_acked(d.to, &d.site.device[ADVISER].sign_pk, log), 21);
	desk_close(&d);
}

static void
reading_it_twice_changes_nothing(void **state)
{
	struct bundle_counts c;
	struct desk d;

	(void)state;
	desk_open(&d, 5, 300);
	desk_write(&d, NULL);
	assert_int_equal(read_it(&d, buf_bytes(&d.file), false, &c), ERR_OK);
	assert_int_equal(read_it(&d, buf_bytes(&d.file), false, &c), ERR_OK);
	assert_int_equal(c.stored, 0);
	assert_int_equal(c.known, d.entries);
	assert_int_equal(c.refused, 0);
	desk_close(&d);
}

static void
checking_stores_nothing(void **state)
{
	struct bundle_counts c;
	struct desk d;

	(void)state;
	desk_open(&d, 5, 300);
	desk_write(&d, NULL);
	assert_int_equal(read_it(&d, buf_bytes(&d.file), true, &c), ERR_OK);
	assert_int_equal(c.stored, d.entries);
	assert_int_equal(replica_entry_count(d.to), 0);
	desk_close(&d);
}

static void
a_bundle_for_a_device_holds_what_it_may_have(void **state)
{
	struct bundle_counts c;
	struct entry e;
	struct buf keep = BUF_INIT;
	struct desk d;
	size_t log;

	(void)state;
	desk_open(&d, 4, 300);
	desk_write(&d, org_device_by_id(replica_org(d.from), &d.site.id[COORDINATOR]));
	assert_int_equal(read_it(&d, buf_bytes(&d.file), false, &c), ERR_OK);
	log = site_log_of(&d.site, d.to, &d.site.device[ADVISER], &d.site.team);
	SITE_OK(replica_entry(d.to, log, 2, &e, &keep, err));
	assert_false(e.has_payload); /* a coordinator: headers only */
	buf_free(&keep);
	desk_close(&d);
}

/* proto/sync.md, 6: "the receiver refuses what it should not have", also when a stick came to the wrong table. */
static void
a_bundle_brings_nothing_of_a_team_the_reader_is_not_in(void **state)
{
	struct control_op op = { .kind = KIND_TEAM };
	struct stream_id other;
	struct bundle_counts c;
	struct desk d;

	(void)state;
	desk_open(&d, 2, 300);
	other = d.site.team;
	other.b[0] ^= 1;
	op.u.team.team = other;
	op.u.team.state = 1;
	site_op(&d.site, d.from, &d.site.device[COORDINATOR], &op);
	site_grant(&d.site, d.from, &d.site.device[COORDINATOR], ADVISER, ROLE_ADVISOR, &other);
	SITE_OK(replica_commit(d.from, err));
	site_note(&d.site, d.from, ADVISER, &other, 300);
	SITE_OK(replica_commit(d.from, err));
	desk_write(&d, NULL);
	assert_int_equal(read_it(&d, buf_bytes(&d.file), false, &c), ERR_OK);
	assert_int_equal(c.refused, 2); /* its OPEN and the note */
	for (size_t i = 0; i < replica_log_count(d.to); i++)
		assert_false(SAME(replica_log_at(d.to, i)->key.stream, other));
	assert_int_equal(replica_log_at(d.to, site_log_of(&d.site, d.to, &d.site.device[ADVISER], &d.site.team))->len, 3);
	desk_close(&d);
}

static void
another_organisation_cannot_open_it(void **state)
{
	struct network_key other = { .retired_ms = 0 };
	struct bundle_counts c;
	struct desk d;

	(void)state;
	desk_open(&d, 2, 300);
	desk_write(&d, NULL);
	memset(other.n, 9, 32);
	d.reader.network = &other;
	assert_int_equal(read_it(&d, buf_bytes(&d.file), false, &c), ERR_KEY);
	desk_close(&d);
}

static void
an_older_network_key_still_opens_it(void **state)
{
	struct network_key keys[2];
	struct bundle_counts c;
	struct desk d;

	(void)state;
	desk_open(&d, 2, 300);
	desk_write(&d, NULL);
	memset(keys, 0, sizeof(keys));
	memset(keys[0].n, 9, 32);
	keys[1] = d.key;
	d.reader.network = keys;
	d.reader.network_count = 2;
	assert_int_equal(read_it(&d, buf_bytes(&d.file), false, &c), ERR_OK);
	desk_close(&d);
}

static void
a_bundle_cut_short_anywhere_is_known_for_it(void **state)
{
	struct bundle_counts c;
	struct desk d;

	(void)state;
	desk_open(&d, 2, 300);
	desk_write(&d, NULL);
	for (size_t len = 0; len < d.file.len; len++) {
		enum err_code rc = read_it(&d, BYTES(d.file.p, len), true, &c);

		if (rc != ERR_TRUNCATED || c.complete)
			fail_msg("cut to %zu of %zu bytes: %s", len, d.file.len, err_meaning(rc));
	}
	desk_close(&d);
}

static void
whole_chunks_of_a_long_bundle_cut_short_are_used(void **state)
{
	const size_t chunk = BUNDLE_CHUNK_BYTES + BUNDLE_TAG_BYTES;
	const size_t head = BUNDLE_SALT_BYTES + BUNDLE_HEAD_BYTES + BUNDLE_TAG_BYTES;
	struct bundle_counts c;
	struct desk d;

	(void)state;
	desk_open(&d, 240, 650);
	desk_write(&d, NULL);
	assert_true(d.file.len > head + 2 * chunk);
	/* After the second chunk, and in the middle of the third. */
	assert_int_equal(read_it(&d, BYTES(d.file.p, head + 2 * chunk), false, &c), ERR_TRUNCATED);
	assert_true(c.stored > 50 && c.stored < d.entries && c.refused == 0);
	assert_int_equal(replica_entry_count(d.to), c.stored);
	assert_int_equal(read_it(&d, BYTES(d.file.p, head + 2 * chunk + 1000), false, &c), ERR_TRUNCATED);
	assert_int_equal(c.stored, 0);
	assert_int_equal(read_it(&d, buf_bytes(&d.file), false, &c), ERR_OK);
	assert_true(same_frontier(d.from, d.to));
	desk_close(&d);
}

static void
a_change_of_any_byte_is_found(void **state)
{
	struct bundle_counts c;
	struct desk d;

	(void)state;
	desk_open(&d, 1, 300);
	desk_write(&d, NULL);
	for (size_t i = 0; i < d.file.len; i++) {
		enum err_code rc;

		d.file.p[i] ^= 0x10;
		rc = read_it(&d, buf_bytes(&d.file), true, &c);
		if (rc == ERR_OK || c.entries != 0)
			fail_msg("byte %zu of %zu", i, d.file.len);
		d.file.p[i] ^= 0x10;
	}
	desk_close(&d);
}

static void
a_flipped_bit_in_the_middle_stops_there_and_keeps_what_came_before(void **state)
{
	struct bundle_counts c;
	struct desk d;

	(void)state;
	desk_open(&d, 300, 650);
	desk_write(&d, NULL);
	d.file.p[BUNDLE_SALT_BYTES + BUNDLE_HEAD_BYTES + BUNDLE_TAG_BYTES + BUNDLE_CHUNK_BYTES + 100] ^= 1;
	assert_int_equal(read_it(&d, buf_bytes(&d.file), false, &c), ERR_DAMAGED);
	assert_true(c.stored > 0 && c.stored < d.entries);
	assert_int_equal(replica_entry_count(d.to), c.stored);
	desk_close(&d);
}

static void
two_bundles_of_one_replica_have_nothing_in_common(void **state)
{
	struct buf first = BUF_INIT;
	struct desk d;
	size_t same = 0;

	(void)state;
	desk_open(&d, 2, 300);
	desk_write(&d, NULL);
	buf_put_bytes(&first, buf_bytes(&d.file));
	desk_write(&d, NULL);
	assert_int_equal(first.len, d.file.len);
	for (size_t i = 0; i + 16 <= first.len; i++)
		same += memcmp(first.p + i, d.file.p + i, 16) == 0;
	assert_int_equal(same, 0);
	buf_free(&first);
	desk_close(&d);
}

/* A stick that is whole is never called damaged because memory was short. */
static void
a_form_that_memory_lacks_is_no_damage(void **state)
{
	static uint8_t content[3 * BUNDLE_CHUNK_BYTES];
	const uint8_t n[32] = { 1 }, salt[BUNDLE_SALT_BYTES] = { 2 };
	struct buf file = BUF_INIT;

	(void)state;
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct err why = ERR_INIT;
		struct buf out = BUF_INIT;
		bool done = scarce_done(&s, "seal", bundle_seal(&out, n, salt, BYTES_STR("head"), BYTES(content, sizeof(content)), &why), &why);

		scarce_over(&s);
		assert_int_equal(done, !s.struck);
		buf_free(&file);
		file = out;
	}
	assert_true(file.len > sizeof(content));
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct err why = ERR_INIT;
		struct buf head = BUF_INIT, out = BUF_INIT;
		struct bundle_chunks c;
		bool done = scarce_done(&s, "open", bundle_open(&c, buf_bytes(&file), n, &head, &why), &why), last = false;

		while (done && !last)
			done = scarce_done(&s, "next", bundle_next(&c, &out, &last, &why), &why);
		scarce_over(&s);
		assert_int_equal(done, !s.struck);
		assert_true(s.struck || out.len >= sizeof(content));
		bundle_chunks_wipe(&c);
		buf_free(&head);
		buf_free(&out);
	}
	buf_free(&file);
}

static void
a_head_that_is_too_long_is_refused(void **state)
{
	static uint8_t head[BUNDLE_HEAD_BYTES + 1];
	const uint8_t n[32] = { 1 }, salt[BUNDLE_SALT_BYTES] = { 2 };
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(bundle_seal(&out, n, salt, BYTES(head, sizeof(head)), BYTES_NONE, NULL), ERR_TOO_BIG);
	assert_int_equal(bundle_seal(&out, n, salt, BYTES(head, sizeof(head) - 1), BYTES_NONE, NULL), ERR_OK);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_form_that_memory_lacks_is_no_damage),
		cmocka_unit_test(a_head_that_is_too_long_is_refused),
		cmocka_unit_test(a_bundle_carries_everything_to_an_empty_home),
		cmocka_unit_test(reading_it_twice_changes_nothing),
		cmocka_unit_test(checking_stores_nothing),
		cmocka_unit_test(a_bundle_for_a_device_holds_what_it_may_have),
		cmocka_unit_test(a_bundle_brings_nothing_of_a_team_the_reader_is_not_in),
		cmocka_unit_test(another_organisation_cannot_open_it),
		cmocka_unit_test(an_older_network_key_still_opens_it),
		cmocka_unit_test(a_bundle_cut_short_anywhere_is_known_for_it),
		cmocka_unit_test(whole_chunks_of_a_long_bundle_cut_short_are_used),
		cmocka_unit_test(a_change_of_any_byte_is_found),
		cmocka_unit_test(a_flipped_bit_in_the_middle_stops_there_and_keeps_what_came_before),
		cmocka_unit_test(two_bundles_of_one_replica_have_nothing_in_common),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
