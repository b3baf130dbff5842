#include "log/frontier.h"

#include <assert.h>
#include <stdlib.h>

#include "crypto/hc.h"
#include "crypto/sha256.h"

enum {
	LEAF_BYTES = 32 + 16 + 8 + 8 + 32,
	LEAF_BYTES_MAX = LEAF_BYTES + 32, /* a branch adds its first id */
	BUCKETS_MIN = 16,
	BUCKETS_MAX = 256,
	LOGS_PER_BUCKET = 8,
};

void
log_key_init(struct log_key *key, const struct author *author, const struct stream_id *stream, const struct inc *inc)
{
	memset(key, 0, sizeof(*key));
	key->author = *author;
	key->stream = *stream;
	key->inc = *inc;
}

struct log8
log8_of(const struct log_key *key)
{
	uint8_t out[16], seq[8];
	struct log8 short_id;

	if (key->is_branch) {
		be64_put(seq, key->branch_seq);
		HC(out, sizeof(out), BYTES_NONE, "fb1/branch", BYTES_OF(key->author), BYTES_OF(key->stream),
		   BYTES_OF(key->inc), BYTES(seq, sizeof(seq)), BYTES_OF(key->branch_id));
	} else {
		HC(out, sizeof(out), BYTES_NONE, "fb1/log", BYTES_OF(key->author), BYTES_OF(key->stream),
		   BYTES_OF(key->inc));
	}
	memcpy(short_id.b, out, sizeof(short_id.b));
	return short_id;
}

int
log_key_order(const struct log_key *a, const struct log_key *b)
{
	int order = memcmp(a->author.b, b->author.b, sizeof(a->author.b));

	if (order == 0)
		order = memcmp(a->stream.b, b->stream.b, sizeof(a->stream.b));
	if (order == 0)
		order = memcmp(a->inc.b, b->inc.b, sizeof(a->inc.b));
	if (order != 0 || (!a->is_branch && !b->is_branch))
		return order;
	if (a->is_branch != b->is_branch)
		return a->is_branch ? 1 : -1;
	if (a->branch_seq != b->branch_seq)
		return a->branch_seq < b->branch_seq ? -1 : 1;
	return memcmp(a->branch_id.b, b->branch_id.b, sizeof(a->branch_id.b));
}

bool
log_key_equal(const struct log_key *a, const struct log_key *b)
{
	return log_key_order(a, b) == 0;
}

static void
node_hash(uint8_t out[32], const uint8_t left[32], const uint8_t right[32])
{
	static const uint8_t tag = 1;
	const struct bytes parts[] = { BYTES(&tag, 1), BYTES(left, 32), BYTES(right, 32) };

	sha256(out, parts, COUNT_OF(parts));
}

void
merkle_init(struct merkle *m)
{
	m->count = 0;
}

void
merkle_add(struct merkle *m, struct bytes leaf)
{
	static const uint8_t tag = 0;
	const struct bytes parts[] = { BYTES(&tag, 1), leaf };
	uint8_t hash[32];
	size_t i;

	sha256(hash, parts, COUNT_OF(parts));
	for (i = 0; (m->count >> i & 1) != 0; i++) /* carries, like adding one in binary */
		node_hash(hash, m->level[i], hash);
	memcpy(m->level[i], hash, sizeof(hash));
	m->count++;
}

/* RFC 6962 splits at the largest power of two below n: what is left over joins from the right. */
void
merkle_finish(const struct merkle *m, uint8_t out[32])
{
	bool started = false;

	if (m->count == 0) {
		sha256(out, NULL, 0);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(m->level); i++) {
		if ((m->count >> i & 1) == 0)
			continue;
		if (started)
			node_hash(out, m->level[i], out);
		else
			memcpy(out, m->level[i], 32);
		started = true;
	}
}

/* As the leaves would sort: author, stream, inc, length, head, and what has no branch id before what has one. */
static int
order_leaves(const void *a, const void *b)
{
	const struct log_head *x = a, *y = b;
	int order = memcmp(x->key.author.b, y->key.author.b, 32);

	if (order == 0)
		order = memcmp(x->key.stream.b, y->key.stream.b, 16);
	if (order == 0)
		order = memcmp(x->key.inc.b, y->key.inc.b, 8);
	if (order == 0 && x->len != y->len)
		order = x->len < y->len ? -1 : 1;
	if (order == 0)
		order = memcmp(x->head.b, y->head.b, 32);
	if (order == 0 && x->key.is_branch != y->key.is_branch)
		order = x->key.is_branch ? 1 : -1;
	return order != 0 ? order : memcmp(x->key.branch_id.b, y->key.branch_id.b, 32);
}

static size_t
encode_leaf(uint8_t out[LEAF_BYTES_MAX], const struct log_head *h)
{
	uint8_t *at = out;

	memcpy(at, h->key.author.b, 32);
	memcpy(at + 32, h->key.stream.b, 16);
	memcpy(at + 48, h->key.inc.b, 8);
	be64_put(at + 56, h->len);
	memcpy(at + 64, h->head.b, 32);
	if (!h->key.is_branch)
		return LEAF_BYTES;
	memcpy(at + LEAF_BYTES, h->key.branch_id.b, 32);
	return LEAF_BYTES_MAX;
}

void
frontier_root(uint8_t out[32], struct log_head *heads, size_t count)
{
	uint8_t leaf[LEAF_BYTES_MAX];
	struct merkle m;

	if (count > 1)
		qsort(heads, count, sizeof(*heads), order_leaves);
	merkle_init(&m);
	for (size_t i = 0; i < count; i++)
		merkle_add(&m, BYTES(leaf, encode_leaf(leaf, &heads[i])));
	merkle_finish(&m, out);
}

size_t
bucket_count_for(size_t logs)
{
	size_t n = BUCKETS_MIN;

	while (n < BUCKETS_MAX && n * LOGS_PER_BUCKET < logs)
		n *= 2;
	return n;
}

/* A sum does not mind in which order the two sides keep their logs. */
static void
add_log(uint64_t sum[4], const struct log_head *h)
{
	uint8_t hash[32], len[8];

	be64_put(len, h->len);
	HC(hash, sizeof(hash), BYTES_NONE, "fb1/bucket/log", BYTES_OF(h->short_id), BYTES(len, sizeof(len)),
	   BYTES(h->head.b, 8));
	for (size_t i = 0; i < 4; i++)
		sum[i] += be64_get(hash + 8 * i);
}

void
bucket_digests(uint8_t (*out)[8], size_t n, const struct log_head *heads, size_t count)
{
	uint64_t sums[BUCKETS_MAX][4];
	uint8_t sum[32], digest[16];

	assert(n >= 1 && n <= BUCKETS_MAX);
	memset(sums, 0, n * sizeof(sums[0]));
	for (size_t i = 0; i < count; i++)
		add_log(sums[heads[i].short_id.b[0] % n], &heads[i]);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < 4; k++)
			be64_put(sum + 8 * k, sums[i][k]);
		HC(digest, sizeof(digest), BYTES_NONE, "fb1/bucket", BYTES(sum, sizeof(sum)));
		memcpy(out[i], digest, 8);
	}
}
