/*
 * Every message, as a decoder meets it and as a conversation meets it. What
 * decodes encodes to the very same bytes (but for what a later version may
 * add to HELLO); and a conversation with a replica of three logs survives any
 * sequence of messages: be16 length ‖ message.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/guard.h"
#include "log/run.h"
#include "sync/sync.h"

/* ---- a replica made of numbers ---- */

enum { LOGS = 3 };

static struct log_head logs[LOGS];

static bool
has_org(void *ctx, struct org_id *out)
{
	(void)ctx;
	memset(out, 7, sizeof(*out));
	return true;
}

static enum sync_standing
member(void *ctx)
{
	(void)ctx;
	return SYNC_MEMBER;
}

static size_t
log_count(void *ctx)
{
	(void)ctx;
	return LOGS;
}

static const struct log_head *
log_at(void *ctx, size_t i)
{
	(void)ctx;
	if (i >= LOGS)
		abort();
	return &logs[i];
}

static bool
log_find(void *ctx, const struct log_key *key, size_t *out)
{
	(void)ctx;
	for (size_t i = 0; i < LOGS; i++)
		if (log_key_equal(&logs[i].key, key)) {
			*out = i;
			return true;
		}
	return false;
}

static bool
is_control(void *ctx, const struct stream_id *stream)
{
	(void)ctx;
	return stream->b[0] == 0;
}

static enum org_share
share(void *ctx, const struct stream_id *stream, bool to_peer)
{
	(void)ctx;
	(void)to_peer;
	return stream->b[0] == 1 ? SHARE_ALL : SHARE_NOTHING;
}

static unsigned
order(void *ctx, const struct author *author)
{
	(void)ctx;
	return author->b[0];
}

static uint64_t
proof(void *ctx, size_t log, bool removal)
{
	(void)ctx;
	(void)removal;
	return log == 0;
}

static uint64_t
acked(void *ctx, size_t log)
{
	(void)ctx;
	return log;
}

static struct header
header_at(size_t log, uint64_t seq)
{
	struct header h;

	memset(&h, 0, sizeof(h));
	h.kind = KIND_DATA;
	h.author = logs[log].key.author;
	h.stream = logs[log].key.stream;
	h.inc = logs[log].key.inc;
	h.seq = seq;
	h.plen = 1;
	memset(h.prev.b, seq == 0 ? 0 : (int)seq, sizeof(h.prev.b));
	return h;
}

static enum err_code
read_run(void *ctx, size_t log, uint64_t from, uint64_t to, bool headers_only, size_t bytes_max, struct buf *out,
         uint64_t *next, struct err *err)
{
	struct run_writer w;
	struct entry e;

	(void)ctx;
	(void)headers_only;
	(void)bytes_max;
	(void)err;
	if (log >= LOGS || from >= to || to > logs[log].len)
		abort();
	memset(&e, 0, sizeof(e));
	e.h = header_at(log, from);
	e.has_sig = true;
	run_begin(&w, out, &e.h);
	for (*next = from; *next < to; (*next)++)
		run_add(&w, &e);
	run_finish(&w);
	return ERR_OK;
}

static enum err_code
ingest(void *ctx, struct rd *run, uint64_t *stored, uint64_t *refused, struct err *err)
{
	static const enum err_code codes[] = { ERR_OK, ERR_UNKNOWN, ERR_GAP, ERR_FORK, ERR_SIGNATURE, ERR_IO };
	size_t len = (size_t)(run->end - run->p);

	(void)ctx;
	*stored = len % 3;
	*refused = 0;
	return err_set(err, codes[len % COUNT_OF(codes)], "by chance");
}

static enum err_code
id_at(void *ctx, size_t log, uint64_t seq, struct hash *out, struct err *err)
{
	(void)ctx;
	(void)err;
	if (log >= LOGS || seq >= logs[log].len)
		abort();
	memset(out, (int)(seq + 1), sizeof(*out));
	return ERR_OK;
}

static enum err_code
nothing(void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	return ERR_OK;
}

static uint64_t
number(void *ctx)
{
	(void)ctx;
	return 1;
}

static void
sign(void *ctx, const uint8_t digest[32], uint8_t sig[64])
{
	(void)ctx;
	memcpy(sig, digest, 32);
	memcpy(sig + 32, digest, 32);
}

static enum err_code
put_ack(void *ctx, struct bytes ack, struct err *err)
{
	(void)ctx;
	(void)ack;
	(void)err;
	return ERR_OK;
}

static const struct sync_host host = {
	NULL, has_org, member, log_count, log_at, log_find, is_control, share, order, proof, acked, NULL,
	read_run, ingest, id_at, nothing, nothing, number, sign, put_ack, NULL, NULL, NULL, NULL,
};

static void
make_logs(void)
{
	memset(logs, 0, sizeof(logs));
	for (size_t i = 0; i < LOGS; i++) {
		logs[i].key.author.b[0] = (uint8_t)i;
		logs[i].key.stream.b[0] = (uint8_t)i; /* control, shared, not shared */
		logs[i].len = 5 + 90 * i;
		memset(logs[i].head.b, (int)logs[i].len, sizeof(logs[i].head.b));
		logs[i].short_id = log8_of(&logs[i].key);
	}
}

/* ---- the two properties ---- */

static void
decode_one(struct bytes in)
{
	struct buf again = BUF_INIT;
	struct message m;

	if (message_decode(&m, in, NULL) != ERR_OK)
		return;
	message_encode(&again, &m);
	if (m.kind != MSG_HELLO && m.kind != MSG_LATER && !bytes_equal(buf_bytes(&again), in))
		abort();
	if (m.kind == MSG_HELLO && again.len > in.len)
		abort();
	buf_free(&again);
}

static void
say(struct sync *s, struct sync_todo *todo, enum sync_event_kind kind, struct bytes message)
{
	struct sync_event event = { kind, message };
	struct err err = ERR_INIT;
	struct bytes out;
	size_t at = 0;

	if (sync_step(s, &event, todo, &err) != ERR_OK && !todo->ended)
		abort();
	while (sync_todo_next(todo, &at, &out)) {
		struct message m;

		if (out.len > MESSAGE_BYTES_MAX || message_decode(&m, out, NULL) != ERR_OK)
			abort(); /* what we say must be well-formed whatever was said to us */
	}
}

static void
converse(const uint8_t *data, size_t len, bool initiator)
{
	struct sync_config config = { .initiator = initiator, .stay = true, .role = 2 };
	struct sync *s = sync_new(&config, &host);
	struct sync_todo todo = { .more = false };

	if (s == NULL)
		abort();
	say(s, &todo, SYNC_OPENED, BYTES_NONE);
	while (len >= 2 && !todo.ended) {
		size_t n = be16_get(data);

		data += 2;
		len -= 2;
		if (n > len)
			n = len;
		say(s, &todo, SYNC_RECEIVED, BYTES(data, n));
		if (todo.more)
			say(s, &todo, SYNC_WRITABLE, BYTES_NONE);
		data += n;
		len -= n;
	}
	if (!todo.ended)
		say(s, &todo, SYNC_QUIET, BYTES_NONE);
	sync_free(s);
	sync_todo_free(&todo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!crypto_start())
		abort();
	make_logs();
	decode_one(BYTES(data, len));
	if (len > 2)
		decode_one(BYTES(data + 2, len - 2));
	converse(data, len, true);
	converse(data, len, false);
	return 0;
}
