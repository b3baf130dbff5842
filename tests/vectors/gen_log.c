/*
 * Prints proto/vectors/log.json: what a second implementation of proto/log.md,
 * of the frontier root of proto/audit.md and of requests to join must agree
 * with. Keys are those of tests/unit/world.h: made from the actor's number.
 */
#include "../unit/world.h"
#include "json.h"
#include "log/run.h"

static struct world *w;

static void
print_headers(void)
{
	static const struct { const char *name; uint64_t seq; uint8_t kind; uint32_t plen; } rows[] = {
		{ "the first entry", 0, KIND_OPEN, 1 },          { "seq 1", 1, KIND_DATA, 127 },
		{ "seq 127", 127, KIND_DATA, 128 },              { "seq 128", 128, KIND_EPOCH, 255 },
		{ "seq 256", 256, KIND_DATA, 256 },              { "seq 65536", 65536, KIND_DATA, 641 },
		{ "seq 2^32", (uint64_t)1 << 32, 127, 57344 },   { "seq 2^53 - 1", ((uint64_t)1 << 53) - 1, 1, 4096 },
	};
	static uint8_t payload[PAYLOAD_BYTES_MAX];

	memset(payload, 0xa5, sizeof(payload));
	json_open("headers", '[');
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct actor *a = &w->actors[1 + i % 3];
		struct header h = { .kind = rows[i].kind, .author = a->keys.sign_pk, .stream = team_of((unsigned)i),
		                    .inc = inc_of(0), .seq = rows[i].seq };
		uint8_t bytes[HEADER_BYTES_MAX];
		struct log_key key;
		struct log8 short_id;
		struct entry e;

		memset(h.prev.b, rows[i].seq == 0 ? 0 : 0x5a, 32);
		entry_make(&e, &h, BYTES(payload, rows[i].plen), a->keys.sign_sk);
		log_key_init(&key, &h.author, &h.stream, &h.inc);
		short_id = log8_of(&key);
		json_open(NULL, '{');
		json_text("name", rows[i].name);
		json_uint("kind", e.h.kind);
		json_hex("author", e.h.author.b, 32);
		json_hex("stream", e.h.stream.b, 16);
		json_hex("inc", e.h.inc.b, 8);
		json_uint("seq", e.h.seq);
		json_hex("prev", e.h.prev.b, 32);
		json_uint("plen", e.h.plen); /* of bytes a5 */
		json_hex("phash", e.h.phash.b, 32);
		json_hex("header", bytes, header_encode(&e.h, bytes));
		json_hex("id", e.id.b, 32);
		json_hex("sig", e.sig, SIG_BYTES);
		json_hex("log8", short_id.b, 8);
		key.is_branch = true;
		key.branch_seq = e.h.seq;
		key.branch_id = e.id;
		short_id = log8_of(&key);
		json_hex("branch_log8", short_id.b, 8);
		json_close('}');
	}
	json_close(']');
}

/* What a strict reader takes and what it refuses; `accept` is asked of the very code under test. */
static void
sample(const char *name, struct bytes bytes, enum err_code (*reads)(struct bytes bytes))
{
	json_open(NULL, '{');
	json_text("name", name);
	json_hex("bytes", bytes.p, bytes.len);
	json_bool("accept", reads(bytes) == ERR_OK);
	json_close('}');
}

/* One byte after another changed, cut off, and a byte too many. */
static void
damage(const char *what, struct bytes good, size_t step, enum err_code (*reads)(struct bytes bytes))
{
	uint8_t *bad = malloc(good.len + 1);
	char name[80];

	assert(bad != NULL);
	for (size_t i = 0; i < good.len; i += step) {
		memcpy(bad, good.p, good.len);
		bad[i] ^= (uint8_t)(1u << (i % 8));
		snprintf(name, sizeof(name), "%s, bit %zu of byte %zu", what, i % 8, i);
		sample(name, BYTES(bad, good.len), reads);
		snprintf(name, sizeof(name), "%s, cut to %zu", what, i);
		sample(name, BYTES(bad, i), reads);
	}
	memcpy(bad, good.p, good.len);
	bad[good.len] = 0;
	snprintf(name, sizeof(name), "%s, one byte too many", what);
	sample(name, BYTES(bad, good.len + 1), reads);
	free(bad);
}

static enum err_code
read_header(struct bytes bytes)
{
	struct header h;

	return header_decode(&h, bytes, NULL);
}

static enum err_code
read_entry(struct bytes bytes)
{
	struct entry e;

	return entry_decode(&e, bytes, NULL);
}

static enum err_code
read_fork(struct bytes bytes)
{
	struct fork_proof p;

	return fork_proof_decode(&p, bytes, NULL);
}

static enum err_code
read_request(struct bytes bytes)
{
	struct join_request r;

	return join_request_decode(&r, bytes, NULL);
}

static void
print_header_corpus(const struct entry *e)
{
	uint8_t good[HEADER_BYTES_MAX], bad[HEADER_BYTES_MAX + 8];
	size_t len = header_encode(&e->h, good), seq_at = 65;
	struct header h = e->h;

	json_open("header_corpus", '[');
	sample("as written", BYTES(good, len), read_header);
	damage("header", BYTES(good, len), 1, read_header);
	memcpy(bad, good, len);
	bad[1] = 2;
	sample("of format 2", BYTES(bad, len), read_header);
	memcpy(bad, good, seq_at);
	bad[seq_at] = 0xcc;
	bad[seq_at + 1] = good[seq_at];
	memcpy(bad + seq_at + 2, good + seq_at + 1, len - seq_at - 1);
	sample("seq wider than it need be", BYTES(bad, len + 1), read_header);
	h.plen = PAYLOAD_BYTES_MAX;
	len = header_encode(&h, bad);
	sample("the longest payload", BYTES(bad, len), read_header);
	bad[len - 1] = 1;
	sample("a payload over its limit", BYTES(bad, len), read_header);
	h = e->h;
	memset(h.prev.b, 0, 32);
	sample("seq above 0 and no prev", BYTES(bad, header_encode(&h, bad)), read_header);
	h.seq = 0;
	sample("seq 0 and no prev", BYTES(bad, header_encode(&h, bad)), read_header);
	h.prev.b[31] = 1;
	sample("seq 0 and a prev", BYTES(bad, header_encode(&h, bad)), read_header);
	json_close(']');
}

static void
print_run(const char *name, const struct entry *entries, size_t count)
{
	struct buf out = BUF_INIT;
	struct run_writer run;

	run_begin(&run, &out, &entries[0].h);
	for (size_t i = 0; i < count; i++)
		run_add(&run, &entries[i]);
	run_finish(&run);
	json_open(NULL, '{');
	json_text("name", name);
	json_hex("bytes", out.p, out.len);
	json_open("entries", '[');
	for (size_t i = 0; i < count; i++) {
		json_open(NULL, '{');
		json_hex("id", entries[i].id.b, 32);
		json_bool("payload", entries[i].has_payload);
		json_bool("signed", entries[i].has_sig);
		json_close('}');
	}
	json_close(']');
	json_close('}');
	buf_free(&out);
}

static void
print_runs(void)
{
	struct stream_id team = team_of(1);
	struct entry entries[17];

	for (unsigned i = 0; i < COUNT_OF(entries); i++)
		entries[i] = w->entries[world_data(w, 2, &team, 0, 1)];
	json_open("runs", '[');
	print_run("one entry", entries, 1);
	print_run("fifteen", entries, 15);
	print_run("sixteen: the count has its wide form", entries, 16);
	print_run("from seq 3 on", entries + 3, 5);
	for (unsigned i = 0; i < COUNT_OF(entries); i++) {
		entries[i].has_payload = i % 2 == 0;
		entries[i].has_sig = i % 3 != 1;
	}
	print_run("some payloads erased, some signatures not held", entries, 17);
	json_close(']');
}

static void
print_frontier(size_t count)
{
	struct log_head heads[8];
	uint8_t root[32];

	memset(heads, 0, sizeof(heads));
	for (unsigned i = 0; i < count; i++) {
		struct log_key *key = &heads[i].key;

		*key = world_log(w, 1 + i % 4, &w->control, i);
		if (i == 5 || i == 6) { /* the two histories of log 4 */
			*key = heads[4].key;
			key->is_branch = true;
			key->branch_seq = 5;
			memset(key->branch_id.b, (int)(0x70 + i), 32);
		}
		heads[i].len = i < 5 ? i + 1 : i + 3;
		memset(heads[i].head.b, (int)(0x10 + i), 32);
	}
	json_open(NULL, '{');
	json_open("logs", '[');
	for (size_t i = 0; i < count; i++) {
		json_open(NULL, '{');
		json_hex("author", heads[i].key.author.b, 32);
		json_hex("stream", heads[i].key.stream.b, 16);
		json_hex("inc", heads[i].key.inc.b, 8);
		json_uint("len", heads[i].len);
		json_hex("head", heads[i].head.b, 32);
		if (heads[i].key.is_branch)
			json_hex("branch", heads[i].key.branch_id.b, 32);
		json_close('}');
	}
	json_close(']');
	frontier_root(root, heads, count);
	json_hex("root", root, 32);
	json_close('}');
}

static void
print_forks(const struct entry *base)
{
	struct stream_id team = team_of(1);
	size_t x = world_write_after(w, 2, &team, 0, base, KIND_DATA, BYTES_STR("one story"));
	size_t y = world_write_after(w, 2, &team, 0, base, KIND_DATA, BYTES_STR("another"));
	struct fork_proof p, turned;
	struct buf out = BUF_INIT;

	fork_proof_make(&p, &w->entries[x], &w->entries[y]);
	fork_proof_encode(&out, &p);
	json_open("forks", '[');
	sample("two entries at one place", buf_bytes(&out), read_fork);
	damage("proof", buf_bytes(&out), 5, read_fork);
	turned = (struct fork_proof){ .a = p.b, .b = p.a };
	memcpy(turned.sig_a, p.sig_b, SIG_BYTES);
	memcpy(turned.sig_b, p.sig_a, SIG_BYTES);
	buf_clear(&out);
	fork_proof_encode(&out, &turned);
	sample("in the wrong order", buf_bytes(&out), read_fork);
	turned = p;
	turned.b = p.a;
	memcpy(turned.sig_b, p.sig_a, SIG_BYTES);
	buf_clear(&out);
	fork_proof_encode(&out, &turned);
	sample("one entry twice", buf_bytes(&out), read_fork);
	fork_proof_make(&p, &w->entries[x], base);
	buf_clear(&out);
	fork_proof_encode(&out, &p);
	sample("two places", buf_bytes(&out), read_fork);
	json_close(']');
	buf_free(&out);
}

static void
print_requests(void)
{
	struct buf out = BUF_INIT;

	json_open("requests", '[');
	for (unsigned i = 1; i <= 2; i++) {
		struct join_request *r = &w->actors[i].request;
		uint8_t digest[32];

		strcpy(r->member_name, i == 1 ? "Ana Lindqvist" : "Åsa Öberg");
		strcpy(r->device_name, "Dalby laptop");
		r->keys.has_kill = i == 2;
		join_request_sign(r, &w->actors[i].keys);
		buf_clear(&out);
		join_request_encode(&out, r);
		join_request_digest(digest, r);
		json_open(NULL, '{');
		json_text("name", i == 1 ? "without a kill card" : "with a kill card");
		json_hex("bytes", out.p, out.len);
		json_bool("accept", true);
		json_hex("words", digest, 32);
		json_hex("dev", w->actors[i].id.b, 16);
		json_close('}');
	}
	damage("request", buf_bytes(&out), 7, read_request);
	json_close(']');
	buf_free(&out);
}

int
main(void)
{
	static const size_t counts[] = { 0, 1, 2, 3, 7 };
	struct stream_id team = team_of(1);
	struct buf out = BUF_INIT;

	w = world_new();
	printf("{\"spec\": \"proto/log.md; proto/audit.md, 2; proto/org.md, 2\"");
	print_headers();
	print_runs();
	print_header_corpus(world_last(w, 2, &team, 0));
	json_open("entries", '[');
	entry_encode(&out, world_last(w, 2, &team, 0));
	sample("a standing entry", buf_bytes(&out), read_entry);
	damage("entry", buf_bytes(&out), 3, read_entry);
	json_close(']');
	json_open("frontiers", '[');
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		print_frontier(counts[i]);
	json_close(']');
	print_forks(world_last(w, 2, &team, 0));
	print_requests();
	printf("\n}\n");
	buf_free(&out);
	world_free(w);
	return 0;
}
