/*
 * The first byte says where: a code, or what an inviter or a newcomer hears
 * inside an open link. What reads as a code prints and reads back as the same
 * one; what is heard ends the link or is a message, and a welcome is whole
 * only when all of it has come.
 */
#include <stdlib.h>

#include "codec/strict.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "link/frame.h"
#include "link/join.h"

static const uint8_t secret[16] = { 1 }, keys[2][32] = { { 8 }, { 16 } }, ephemeral[2][32] = { { 24 }, { 32 } };
static const uint8_t nonces[2][16] = { { 5 }, { 6 } };

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
read_code(struct bytes in)
{
	struct join_code code, again;
	char text[JOIN_CODE_CHARS + 2], printed[JOIN_CODE_CHARS + 1];

	if (in.len > JOIN_CODE_CHARS + 1)
		return;
	memcpy(text, in.p, in.len);
	text[in.len] = '\0';
	if (join_code_parse(&code, text, NULL) != ERR_OK)
		return;
	must(join_code_parse(&again, join_code_print(printed, &code, true), NULL) == ERR_OK);
	must(memcmp(&code, &again, sizeof(code)) == 0);
}

/* A link whose other end can say anything, and one side of joining behind it. */
struct rig { struct join *side; struct link *liar; struct buf out; };

static void
rig_start(struct rig *r, bool newcomer)
{
	struct join_code code = { .addr_count = 0 };
	struct buf to = BUF_INIT;
	enum link_event event;
	enum join_event what;
	uint8_t psk[1][32];
	struct bytes in, message;

	memcpy(code.secret, secret, sizeof(secret));
	join_psk(psk[0], secret);
	r->out = (struct buf)BUF_INIT;
	r->liar = link_new_for("fb1/join/1", !newcomer, keys[0], ephemeral[0], (const uint8_t (*)[32])psk, 1);
	r->side = newcomer ? join_new_newcomer(&code, keys[1], ephemeral[1], nonces[1], BYTES_STR("request"), NULL)
	                   : join_new_inviter(secret, keys[1], ephemeral[1], nonces[1]);
	must(r->liar != NULL && r->side != NULL);
	must((newcomer ? join_start(r->side, &r->out, NULL) : link_start(r->liar, &to, NULL)) == ERR_OK);
	while (!join_is_open(r->side) || !link_is_open(r->liar)) {
		in = buf_bytes(&r->out);
		must(link_receive(r->liar, &in, &to, &event, &message, NULL) == ERR_OK);
		buf_clear(&r->out);
		in = buf_bytes(&to);
		must(join_receive(r->side, &in, &r->out, &what, NULL) == ERR_OK);
		buf_clear(&to);
	}
	buf_free(&to);
}

static void
rig_end(struct rig *r)
{
	join_free(r->side);
	link_free(r->liar);
	buf_free(&r->out);
}

/* A request whose commitment the next message can open, since no file can know the link's hash: nonce 05 00 … */
static struct buf
genuine_request(const struct link *l)
{
	struct buf m = BUF_INIT;
	uint8_t commit[32];

	HC(commit, 32, BYTES(nonces[0], 16), "fb1/join/commit", BYTES(link_hash(l), 32));
	wr_array(&m, 4);
	wr_uint(&m, 1);
	wr_bin(&m, "request", 7);
	wr_nil(&m);
	wr_bin(&m, commit, 32);
	return m;
}

/* Messages, each with be16 of its length before it; c1 alone stands for a genuine request. An inviter who has shown digits offers a welcome. */
static void
hear(bool newcomer, struct bytes in)
{
	struct buf frames = BUF_INIT, welcome = BUF_INIT;
	enum join_event what = JOIN_MORE;
	enum err_code rc = ERR_OK;
	struct rig r;
	bool left;

	rig_start(&r, newcomer);
	while (in.len >= 2 && rc == ERR_OK) {
		size_t len = be16_get(in.p);
		struct bytes heard;

		len = len < in.len - 2 ? len : in.len - 2;
		len = len < FRAME_MESSAGE_MAX ? len : FRAME_MESSAGE_MAX;
		buf_clear(&frames);
		if (len == 1 && in.p[2] == 0xc1) {
			struct buf request = genuine_request(r.liar);

			must(link_send(r.liar, buf_bytes(&request), &frames, NULL) == ERR_OK);
			buf_free(&request);
		} else {
			must(link_send(r.liar, BYTES(in.p + 2, len), &frames, NULL) == ERR_OK);
		}
		in = BYTES(in.p + 2 + len, in.len - 2 - len);
		heard = buf_bytes(&frames);
		do {
			rc = join_receive(r.side, &heard, &r.out, &what, NULL);
			must(what != JOIN_WELCOME || (newcomer && join_welcome(r.side).len > 0));
			must(what != JOIN_DONE || !newcomer);
			must(what != JOIN_REFUSED || join_reason(r.side) != JOIN_YES);
			if (rc == ERR_OK && what == JOIN_DIGITS && !newcomer) {
				buf_put(&welcome, "welcome", 7);
				must(join_offer(r.side, &welcome, &r.out, NULL) == ERR_OK && join_more(r.side, 100, &r.out, &left, NULL) == ERR_OK && !left);
			}
		} while (rc == ERR_OK && what != JOIN_MORE);
	}
	rig_end(&r);
	buf_free(&frames);
	buf_free(&welcome);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	must(crypto_start());
	if (len == 0)
		return 0;
	if (data[0] % 3 == 0)
		read_code(BYTES(data + 1, len - 1));
	else
		hear(data[0] % 3 == 1, BYTES(data + 1, len - 1));
	return 0;
}
