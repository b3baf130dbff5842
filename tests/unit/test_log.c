/*
 * proto/log.md: one encoding for one header, ids and signatures, runs that
 * rebuild what they leave out, frontiers and fork proofs.
 */
#include "check.h"
#include "world.h"

#include "codec/strict.h"
#include "log/run.h"

enum { LINES = 40 };

static struct entry
entry_of(unsigned seq, const struct hash *prev, struct bytes payload)
{
	struct actor a;
	struct header h = { .kind = KIND_DATA, .stream = team_of(1), .inc = inc_of(0), .seq = seq };
	struct entry e;

	actor_make(&a, 5);
	h.author = a.keys.sign_pk;
	if (prev != NULL)
		h.prev = *prev;
	entry_make(&e, &h, payload, a.keys.sign_sk);
	return e;
}

static void
a_header_reads_back_as_it_was_written(void **state)
{
	static const uint64_t seqs[] = { 0, 1, 127, 128, 255, 256, 65535, 65536, UINT32_MAX, (uint64_t)UINT32_MAX + 1, SEQ_MAX };
	static const uint32_t plens[] = { 1, 127, 128, 255, 256, PAYLOAD_BYTES_MAX };
	uint8_t bytes[HEADER_BYTES_MAX], again[HEADER_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(seqs); i++)
		for (size_t k = 0; k < COUNT_OF(plens); k++) {
			struct header h = { .kind = 127, .seq = seqs[i], .plen = plens[k] }, back;
			size_t len;

			memset(h.author.b, 1, 32);
			memset(h.prev.b, seqs[i] == 0 ? 0 : 2, 32);
			len = header_encode(&h, bytes);
			assert_true(len <= HEADER_BYTES_MAX);
			assert_int_equal(header_decode(&back, BYTES(bytes, len), NULL), ERR_OK);
			assert_int_equal(back.seq, seqs[i]);
			assert_int_equal(back.plen, plens[k]);
			assert_int_equal(header_encode(&back, again), len);
			assert_memory_equal(again, bytes, len);
		}
}

/* Every way to write the same header otherwise, and every header that says what cannot be. */
static void
a_header_has_one_encoding(void **state)
{
	struct entry e = entry_of(0, NULL, BYTES_STR("text"));
	uint8_t good[HEADER_BYTES_MAX], bad[HEADER_BYTES_MAX + 8];
	size_t len = header_encode(&e.h, good), seq_at = 2 + 1 + 34 + 18 + 10;
	const struct { const char *name; size_t at; uint8_t byte; enum err_code want; } bytes[] = {
		{ "an array of eight", 0, 0x98, ERR_MALFORMED },
		{ "format 0", 1, 0, ERR_MALFORMED },
		{ "format 2", 1, 2, ERR_NEWER },
		{ "kind 0", 2, 0, ERR_MALFORMED },
		{ "kind 128", 2, 0x80, ERR_MALFORMED },
		{ "author as text", 3, 0xd9, ERR_MALFORMED },
		{ "author of 31", 4, 31, ERR_MALFORMED },
		{ "seq 1 after nothing", seq_at, 1, ERR_MALFORMED },
		{ "prev before seq 0", seq_at + 3, 1, ERR_MALFORMED },
		{ "an empty payload", len - 1, 0, ERR_MALFORMED },
	};
	struct header h;

	(void)state;
	assert_int_equal(header_decode(&h, BYTES(good, len), NULL), ERR_OK);
	for (size_t i = 0; i < COUNT_OF(bytes); i++) {
		memcpy(bad, good, len);
		bad[bytes[i].at] = bytes[i].byte;
		CHECK_CASE(bytes[i].name, header_decode(&h, BYTES(bad, len), NULL), bytes[i].want);
	}
	for (size_t cut = 0; cut < len; cut++)
		CHECK_CASE("cut short", header_decode(&h, BYTES(good, cut), NULL), ERR_MALFORMED);
	memcpy(bad, good, len);
	bad[len] = 0;
	CHECK_CASE("a byte too many", header_decode(&h, BYTES(bad, len + 1), NULL), ERR_MALFORMED);
	memcpy(bad, good, seq_at);
	memcpy(bad + seq_at, (uint8_t[]){ 0xcc, 0 }, 2);
	memcpy(bad + seq_at + 2, good + seq_at + 1, len - seq_at - 1);
	CHECK_CASE("a wide zero", header_decode(&h, BYTES(bad, len + 1), NULL), ERR_MALFORMED);
	memcpy(bad, good, len - 1);
	memcpy(bad + len - 1, (uint8_t[]){ 0xcd, 0xe0, 0x01 }, 3);
	CHECK_CASE("a payload over its limit", header_decode(&h, BYTES(bad, len + 2), NULL), ERR_MALFORMED);
}

static void
an_id_leaves_the_signature_out(void **state)
{
	struct entry e = entry_of(0, NULL, BYTES_STR("text")), other = e;
	uint8_t header[HEADER_BYTES_MAX];
	struct hash id;

	(void)state;
	other.sig[0] ^= 1;
	id = header_id(&other.h);
	assert_memory_equal(id.b, e.id.b, 32);
	HC(id.b, 32, BYTES_NONE, "fb1/entry", BYTES(header, header_encode(&e.h, header)));
	assert_memory_equal(id.b, e.id.b, 32);
	assert_true(entry_sig_ok(&e));
	assert_false(entry_sig_ok(&other));
	other = e;
	other.has_sig = false;
	assert_false(entry_sig_ok(&other));
}

static void
a_standing_entry_is_refused_when_anything_was_changed(void **state)
{
	struct entry e = entry_of(0, NULL, BYTES_STR("some sealed text")), back;
	struct buf whole = BUF_INIT, erased = BUF_INIT;

	(void)state;
	entry_encode(&whole, &e);
	e.has_payload = false;
	entry_encode(&erased, &e);
	assert_int_equal(entry_decode(&back, buf_bytes(&whole), NULL), ERR_OK);
	assert_true(back.has_payload && SAME(back.id, e.id));
	assert_int_equal(entry_decode(&back, buf_bytes(&erased), NULL), ERR_OK);
	assert_false(back.has_payload);
	for (size_t i = 0; i < whole.len; i++) {
		whole.p[i] ^= 0x01;
		CHECK_TRUE("one bit", entry_decode(&back, buf_bytes(&whole), NULL) != ERR_OK);
		whole.p[i] ^= 0x01;
		CHECK_TRUE("cut short", entry_decode(&back, BYTES(whole.p, i), NULL) != ERR_OK);
	}
	whole.p[whole.len - 1] ^= 0x01;
	assert_int_equal(entry_decode(&back, buf_bytes(&whole), NULL), ERR_HASH);
	buf_free(&whole);
	buf_free(&erased);
}

static void
a_chain_takes_only_what_follows(void **state)
{
	struct chain_head c = { 0 };
	struct entry first = entry_of(0, NULL, BYTES_STR("a")), second = entry_of(1, &first.id, BYTES_STR("b")),
	             third = entry_of(2, &second.id, BYTES_STR("c")), stranger = entry_of(1, &third.id, BYTES_STR("d"));

	(void)state;
	CHECK_CASE("a later one", chain_check(&c, &second, NULL), ERR_GAP);
	CHECK_CASE("the first", chain_check(&c, &first, NULL), ERR_OK);
	chain_advance(&c, &first);
	CHECK_CASE("the first again", chain_check(&c, &first, NULL), ERR_EXISTS);
	CHECK_CASE("one of another history", chain_check(&c, &stranger, NULL), ERR_FORK);
	CHECK_CASE("the next", chain_check(&c, &second, NULL), ERR_OK);
	chain_advance(&c, &second);
	CHECK_CASE("one too far", chain_check(&c, &(struct entry){ .h.seq = 9 }, NULL), ERR_GAP);
	assert_int_equal(c.len, 2);
	assert_memory_equal(c.head.b, second.id.b, 32);
}

/* 1, 15, 16 and 40 entries: the array's count has two forms, and some payloads and signatures are not there. */
static void
a_run_gives_back_every_entry(void **state)
{
	static const size_t counts[] = { 1, 15, 16, LINES };
	struct entry entries[LINES];

	(void)state;
	for (unsigned i = 0; i < LINES; i++) {
		entries[i] = entry_of(i, i == 0 ? NULL : &entries[i - 1].id, BYTES_STR("text"));
		entries[i].has_payload = i % 3 != 1;
		entries[i].has_sig = i % 5 != 2;
	}
	for (size_t k = 0; k < COUNT_OF(counts); k++) {
		struct buf out = BUF_INIT;
		struct run_writer w;
		struct run_reader r;
		struct entry back;
		struct rd rd;
		size_t len;

		buf_put_u8(&out, 0x07); /* something before and something behind */
		run_begin(&w, &out, &entries[0].h);
		for (size_t i = 0; i < counts[k]; i++)
			run_add(&w, &entries[i]);
		len = run_finish(&w);
		assert_int_equal(len, out.len - 1);
		buf_put_u8(&out, 0x09);
		rd = rd_init(buf_bytes(&out));
		assert_int_equal(rd_uint(&rd, 7), 7);
		assert_int_equal(run_open(&r, &rd, NULL), ERR_OK);
		assert_int_equal(r.left, counts[k]);
		for (size_t i = 0; i < counts[k]; i++) {
			assert_int_equal(run_next(&r, &back, NULL), ERR_OK);
			assert_memory_equal(back.id.b, entries[i].id.b, 32);
			assert_int_equal(back.has_payload, entries[i].has_payload);
			assert_int_equal(back.has_sig, entries[i].has_sig);
			assert_int_equal(entry_sig_ok(&back), entries[i].has_sig);
		}
		assert_int_equal(r.left, 0);
		assert_int_equal(rd_uint(&rd, 9), 9);
		assert_true(rd_end(&rd));
		buf_free(&out);
	}
}

static void
an_empty_run_is_nothing(void **state)
{
	struct entry e = entry_of(0, NULL, BYTES_STR("a"));
	struct buf out = BUF_INIT;
	struct run_writer w;

	(void)state;
	buf_put_u8(&out, 1);
	run_begin(&w, &out, &e.h);
	assert_int_equal(run_finish(&w), 0);
	assert_int_equal(out.len, 1);
	buf_free(&out);
}

static void
a_run_with_a_changed_byte_is_refused_or_verifies_nowhere(void **state)
{
	struct entry a = entry_of(0, NULL, BYTES_STR("first")), b = entry_of(1, &a.id, BYTES_STR("second"));
	struct buf out = BUF_INIT;
	struct run_writer w;

	(void)state;
	run_begin(&w, &out, &a.h);
	run_add(&w, &a);
	run_add(&w, &b);
	assert_true(run_finish(&w) > 0);
	for (size_t i = 0; i < out.len; i++) {
		struct rd rd;
		struct run_reader r;
		struct entry x, y;

		out.p[i] ^= 0x01;
		rd = rd_init(buf_bytes(&out));
		if (run_open(&r, &rd, NULL) == ERR_OK && r.left == 2 && run_next(&r, &x, NULL) == ERR_OK &&
		    run_next(&r, &y, NULL) == ERR_OK)
			CHECK_TRUE("both signatures good", !(entry_sig_ok(&x) && entry_sig_ok(&y)));
		out.p[i] ^= 0x01;
		rd = rd_init(BYTES(out.p, i));
		CHECK_TRUE("cut short", run_open(&r, &rd, NULL) != ERR_OK || run_next(&r, &x, NULL) != ERR_OK ||
		                                run_next(&r, &y, NULL) != ERR_OK);
	}
	buf_free(&out);
}

static void
a_fork_proof_proves_itself(void **state)
{
	struct entry a = entry_of(0, NULL, BYTES_STR("a")), x = entry_of(1, &a.id, BYTES_STR("x")),
	             y = entry_of(1, &a.id, BYTES_STR("y"));
	struct fork_proof p, q;
	struct buf out = BUF_INIT, swapped = BUF_INIT, same = BUF_INIT, apart = BUF_INIT;

	(void)state;
	fork_proof_make(&p, &x, &y);
	fork_proof_make(&q, &y, &x);
	fork_proof_encode(&out, &p);
	fork_proof_encode(&swapped, &q);
	assert_true(bytes_equal(buf_bytes(&out), buf_bytes(&swapped))); /* whoever saw which first */
	assert_int_equal(fork_proof_decode(&q, buf_bytes(&out), NULL), ERR_OK);
	assert_int_equal(q.a.seq, 1);

	buf_clear(&swapped);
	q = (struct fork_proof){ .a = p.b, .b = p.a };
	memcpy(q.sig_a, p.sig_b, SIG_BYTES);
	memcpy(q.sig_b, p.sig_a, SIG_BYTES);
	fork_proof_encode(&swapped, &q);
	CHECK_CASE("the wrong order", fork_proof_decode(&q, buf_bytes(&swapped), NULL), ERR_MALFORMED);
	q = p;
	q.b = p.a;
	memcpy(q.sig_b, p.sig_a, SIG_BYTES);
	fork_proof_encode(&same, &q);
	CHECK_CASE("one entry twice", fork_proof_decode(&q, buf_bytes(&same), NULL), ERR_MALFORMED);
	fork_proof_make(&q, &a, &y);
	fork_proof_encode(&apart, &q);
	CHECK_CASE("two places", fork_proof_decode(&q, buf_bytes(&apart), NULL), ERR_MALFORMED);
	for (size_t i = 0; i < out.len; i++) {
		out.p[i] ^= 0x01;
		CHECK_TRUE("one bit", fork_proof_decode(&q, buf_bytes(&out), NULL) != ERR_OK);
		out.p[i] ^= 0x01;
	}
	buf_free(&out);
	buf_free(&swapped);
	buf_free(&same);
	buf_free(&apart);
}

static void
a_root_is_that_of_rfc_6962(void **state)
{
	/* The roots of Certificate Transparency's own test tree, first n of its leaves. */
	static const struct { const char *leaf, *root; } tree[] = {
		{ "", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
		{ "00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" },
		{ "10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77" },
		{ "2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" },
		{ "3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4" },
		{ "40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" },
		{ "5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c" },
		{ "606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" },
	};
	uint8_t leaf[16], root[32], want[32];
	struct merkle m;

	(void)state;
	merkle_init(&m);
	merkle_finish(&m, root);
	assert_true(hex_decode(want, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
	assert_memory_equal(root, want, 32);
	for (size_t i = 0; i < COUNT_OF(tree); i++) {
		size_t len = strlen(tree[i].leaf) / 2;

		assert_true(hex_decode(leaf, len, tree[i].leaf));
		merkle_add(&m, BYTES(leaf, len));
		merkle_finish(&m, root);
		assert_true(hex_decode(want, 32, tree[i].root));
		assert_memory_equal(root, want, 32);
	}
}

static void
a_frontier_does_not_depend_on_the_order_of_its_logs(void **state)
{
	struct log_head heads[7], again[7];
	uint8_t root[32], other[32];
	uint8_t digests[16][8], same[16][8];

	(void)state;
	memset(heads, 0, sizeof(heads));
	for (unsigned i = 0; i < 7; i++) {
		heads[i].key.stream = team_of(i < 5 ? 6 - i : 9);
		heads[i].key.is_branch = i >= 5;
		heads[i].key.branch_seq = i >= 5 ? 2 : 0;
		memset(heads[i].key.branch_id.b, i >= 5 ? (int)i : 0, 32);
		heads[i].len = i < 5 ? i + 1 : 8 - i;
		memset(heads[i].head.b, (int)i, 32);
		heads[i].short_id = log8_of(&heads[i].key);
		again[6 - i] = heads[i];
	}
	bucket_digests(digests, 16, heads, 7);
	bucket_digests(same, 16, again, 7);
	assert_memory_equal(digests, same, sizeof(same));
	frontier_root(root, heads, 7);
	frontier_root(other, again, 7);
	assert_memory_equal(root, other, 32);
	assert_int_equal(heads[5].len, 2); /* of one log's branches the shorter one first */
	again[3].len++;
	bucket_digests(same, 16, again, 7);
	assert_memory_not_equal(digests, same, sizeof(same));
	frontier_root(other, again, 7);
	assert_memory_not_equal(root, other, 32);
}

static void
a_branch_is_a_log_of_its_own(void **state)
{
	struct log_key trunk, branch, later;
	struct log8 a, b;

	(void)state;
	log_key_init(&trunk, &(struct author){ { 1 } }, &(struct stream_id){ { 2 } }, &(struct inc){ { 3 } });
	branch = trunk;
	branch.is_branch = true;
	branch.branch_seq = 4;
	later = branch;
	later.branch_seq = 5;
	assert_false(log_key_equal(&trunk, &branch));
	assert_true(log_key_equal(&branch, &branch));
	assert_true(log_key_order(&trunk, &branch) < 0 && log_key_order(&branch, &trunk) > 0);
	assert_true(log_key_order(&branch, &later) < 0 && log_key_order(&later, &branch) > 0);
	a = log8_of(&trunk);
	b = log8_of(&branch);
	assert_memory_not_equal(a.b, b.b, 8);
}

static void
buckets_grow_with_the_logs(void **state)
{
	static const struct { const char *name; size_t logs, want; } cases[] = {
		{ "none", 0, 16 }, { "128", 128, 16 }, { "129", 129, 32 }, { "1000", 1000, 128 }, { "a million", 1000000, 256 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_CASE(cases[i].name, bucket_count_for(cases[i].logs), cases[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_reads_back_as_it_was_written),
		cmocka_unit_test(a_header_has_one_encoding),
		cmocka_unit_test(an_id_leaves_the_signature_out),
		cmocka_unit_test(a_standing_entry_is_refused_when_anything_was_changed),
		cmocka_unit_test(a_chain_takes_only_what_follows),
		cmocka_unit_test(a_run_gives_back_every_entry),
		cmocka_unit_test(an_empty_run_is_nothing),
		cmocka_unit_test(a_run_with_a_changed_byte_is_refused_or_verifies_nowhere),
		cmocka_unit_test(a_fork_proof_proves_itself),
		cmocka_unit_test(a_root_is_that_of_rfc_6962),
		cmocka_unit_test(a_frontier_does_not_depend_on_the_order_of_its_logs),
		cmocka_unit_test(a_branch_is_a_log_of_its_own),
		cmocka_unit_test(buckets_grow_with_the_logs),
	};

	return crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
