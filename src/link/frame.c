/*
 * A frame that lies whole in what was received is opened where it lies, into
 * the plaintext buffer; only a cut one is collected first. Both buffers come
 * into being after the handshake, so that a stranger costs one small struct.
 */
#include "link/frame.h"

#include <assert.h>

#include "base/mem.h"
#include "codec/strict.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "link/noise.h"
#include "link/once.h"

static const char members_prologue[] = "fb1/noise/1";

enum { PSKS_MAX = 8 };

struct link {
	const char *prologue;
	struct noise noise;
	struct noise_cipher sending, receiving;
	bool initiator, open, broken;
	uint8_t sk[32], e_sk[32];           /* a responder's, until the first message has chosen the PSK */
	uint8_t psks[PSKS_MAX][32];
	size_t psk_count;
	struct once *once;                  /* NULL: not kept */
	uint8_t early[LINK_HANDSHAKE_BYTES_MAX];
	size_t early_len;
	struct buf in, plain;
};

void
link_psk(uint8_t psk[32], const uint8_t n[32])
{
	hc(psk, 32, BYTES(n, 32), "fb1/noise/psk", NULL, 0);
}

struct link *
link_new(bool initiator, const uint8_t noise_sk[32], const uint8_t e_sk[32], const uint8_t (*psks)[32], size_t psk_count)
{
	return link_new_for(members_prologue, initiator, noise_sk, e_sk, psks, psk_count);
}

size_t
link_which(const uint8_t first[48], const uint8_t (*psks)[32], size_t count)
{
	return noise_which_psk(&noise_xxpsk0, BYTES_STR(members_prologue), BYTES(first, 48), psks, count);
}

struct link *
link_new_for(const char *prologue, bool initiator, const uint8_t noise_sk[32], const uint8_t e_sk[32],
             const uint8_t (*psks)[32], size_t psk_count)
{
	struct link *l = mem_zero(1, sizeof(*l));

	assert(psk_count > 0);
	if (l == NULL)
		return NULL;
	l->prologue = prologue;
	l->initiator = initiator;
	memcpy(l->sk, noise_sk, 32);
	memcpy(l->e_sk, e_sk, 32);
	l->psk_count = psk_count < PSKS_MAX ? psk_count : PSKS_MAX;
	memcpy(l->psks, psks, l->psk_count * 32);
	noise_init(&l->noise, &noise_xxpsk0, initiator, BYTES_STR(prologue), l->sk, l->e_sk, l->psks[0]);
	return l;
}

void
link_free(struct link *l)
{
	if (l == NULL)
		return;
	buf_wipe(&l->in);
	buf_wipe(&l->plain);
	wipe(l, sizeof(*l));
	mem_free(l);
}

void
link_answer_once(struct link *l, struct once *once)
{
	l->once = once;
}

bool
link_is_open(const struct link *l)
{
	return l->open;
}

const uint8_t *
link_remote(const struct link *l)
{
	return noise_remote_static(&l->noise);
}

const uint8_t *
link_hash(const struct link *l)
{
	return noise_hash(&l->noise);
}

enum err_code
link_start(struct link *l, struct buf *out, struct err *err)
{
	return l->initiator ? noise_write(&l->noise, BYTES_NONE, out, err) : ERR_OK;
}

/* Moves up to `want` bytes in all from the front of *in to the early buffer. True when they are there. */
static bool
collect_early(struct link *l, struct bytes *in, size_t want)
{
	size_t n = want - l->early_len;

	if (n > in->len)
		n = in->len;
	memcpy(l->early + l->early_len, in->p, n);
	l->early_len += n;
	in->p += n;
	in->len -= n;
	return l->early_len == want;
}

/* proto/sync.md, 1: "A responder tries its network keys from the newest; each try begins with a fresh state." */
static enum err_code
read_first(struct link *l, struct bytes message, struct buf *payload, struct err *err)
{
	enum err_code rc = ERR_KEY;

	for (size_t i = 0; i < l->psk_count && rc == ERR_KEY; i++) {
		noise_init(&l->noise, &noise_xxpsk0, false, BYTES_STR(l->prologue), l->sk, l->e_sk, l->psks[i]);
		rc = noise_read(&l->noise, message, payload, err);
	}
	if (rc == ERR_OK && l->once != NULL && !once_first(l->once, message.p))
		rc = err_set(err, ERR_KEY, "a first message that was answered before");
	return rc;
}

static void
handshake_over(struct link *l)
{
	noise_split(&l->noise, &l->sending, &l->receiving);
	l->open = true;
	wipe(l->sk, sizeof(l->sk));
	wipe(l->e_sk, sizeof(l->e_sk));
	wipe(l->psks, sizeof(l->psks));
}

static enum err_code
shake_hands(struct link *l, struct buf *out, struct err *err)
{
	struct buf payload = BUF_INIT;
	struct bytes message = BYTES(l->early, l->early_len);
	enum err_code rc;

	if (!l->initiator && l->noise.step == 0)
		rc = read_first(l, message, &payload, err);
	else
		rc = noise_read(&l->noise, message, &payload, err);
	l->early_len = 0;
	if (rc == ERR_OK && payload.len > 0)
		rc = err_set(err, ERR_MALFORMED, "a handshake message with a payload");
	if (rc == ERR_OK && !noise_done(&l->noise))
		rc = noise_write(&l->noise, BYTES_NONE, out, err);
	if (rc == ERR_OK && noise_done(&l->noise))
		handshake_over(l);
	buf_wipe(&payload);
	return rc;
}

size_t
frame_bytes(size_t len)
{
	size_t whole = 2 + len + NOISE_TAG_BYTES;

	return (whole + FRAME_UNIT - 1) / FRAME_UNIT * FRAME_UNIT;
}

enum err_code
frame_unpad(struct bytes plain, struct bytes *message, struct err *err)
{
	struct rd rd = rd_init(plain);
	struct bytes value = rd_any(&rd, FRAME_MESSAGE_MAX);

	if (rd.bad)
		return err_set(err, ERR_MALFORMED, "a frame that holds no value");
	if (frame_bytes(value.len) != frame_bytes(plain.len))
		return err_set(err, ERR_MALFORMED, "a frame longer than its value needs");
	for (const uint8_t *p = rd.p; p < rd.end; p++)
		if (*p != 0)
			return err_set(err, ERR_MALFORMED, "a frame with something after its value");
	*message = value;
	return ERR_OK;
}

/* `box` is the noise message, without the length. */
static enum err_code
open_frame(struct link *l, struct bytes box, struct bytes *message, struct err *err)
{
	size_t len = box.len - NOISE_TAG_BYTES;
	uint8_t *to;

	buf_clear(&l->plain);
	to = buf_add(&l->plain, len);
	if (to == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (noise_open(&l->receiving, to, box.p, box.len) != ERR_OK)
		return err_set(err, ERR_KEY, "a frame does not authenticate");
	return frame_unpad(buf_bytes(&l->plain), message, err);
}

static enum err_code
check_length(size_t whole, struct err *err)
{
	if (whole % FRAME_UNIT != 0 || whole > FRAME_BYTES_MAX)
		return err_set(err, ERR_MALFORMED, "a frame of %zu bytes", whole);
	return ERR_OK;
}

/* How many bytes the frame that begins at `p` has, or 0 while its length is not there. */
static size_t
frame_length(const uint8_t *p, size_t len)
{
	return len < 2 ? 0 : 2 + (size_t)be16_get(p);
}

static enum err_code
collect_frame(struct link *l, struct bytes *in, size_t want, struct err *err)
{
	size_t n = want - l->in.len;

	if (n > in->len)
		n = in->len;
	buf_put(&l->in, in->p, n);
	in->p += n;
	in->len -= n;
	return buf_ok(&l->in) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

static enum err_code
receive_frame(struct link *l, struct bytes *in, enum link_event *event, struct bytes *message, struct err *err)
{
	enum err_code rc = ERR_OK;
	size_t whole;

	if (l->in.len == 0) {
		whole = frame_length(in->p, in->len);
		if (whole != 0 && (rc = check_length(whole, err)) != ERR_OK)
			return rc;
		if (whole != 0 && whole <= in->len) {
			struct bytes box = BYTES(in->p + 2, whole - 2);

			in->p += whole;
			in->len -= whole;
			*event = LINK_MESSAGE;
			return open_frame(l, box, message, err);
		}
	}
	if (l->in.len < 2)
		rc = collect_frame(l, in, 2, err);
	if (rc != ERR_OK || l->in.len < 2)
		return rc;
	whole = frame_length(l->in.p, l->in.len);
	rc = check_length(whole, err);
	if (rc == ERR_OK)
		rc = collect_frame(l, in, whole, err);
	if (rc != ERR_OK || l->in.len < whole)
		return rc;
	*event = LINK_MESSAGE;
	rc = open_frame(l, BYTES(l->in.p + 2, whole - 2), message, err);
	buf_clear(&l->in);
	return rc;
}

enum err_code
link_receive(struct link *l, struct bytes *in, struct buf *out, enum link_event *event, struct bytes *message,
             struct err *err)
{
	enum err_code rc = ERR_OK;

	*event = LINK_MORE;
	if (l->broken)
		return err_set(err, ERR_KEY, "this link has failed before");
	if (in->len == 0)
		return ERR_OK;
	if (l->open) {
		rc = receive_frame(l, in, event, message, err);
	} else {
		while (rc == ERR_OK && !l->open && collect_early(l, in, noise_message_bytes(&noise_xxpsk0, l->noise.step)))
			rc = shake_hands(l, out, err);
		if (rc == ERR_OK && l->open)
			*event = LINK_OPEN;
	}
	l->broken = rc != ERR_OK;
	return rc;
}

enum err_code
link_send(struct link *l, struct bytes message, struct buf *out, struct err *err)
{
	size_t whole = frame_bytes(message.len), plain = whole - 2 - NOISE_TAG_BYTES;
	uint8_t *to;

	assert(l->open);
	if (message.len > FRAME_MESSAGE_MAX)
		return err_set(err, ERR_TOO_BIG, "a message of %zu bytes", message.len);
	to = buf_add(out, whole);
	if (to == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	be16_put(to, (uint16_t)(whole - 2));
	memcpy(to + 2, message.p, message.len);
	memset(to + 2 + message.len, 0, plain - message.len);
	if (noise_seal(&l->sending, to + 2, to + 2, plain) != ERR_OK)
		return err_set(err, ERR_TOO_BIG, "this link has sent all it may");
	return ERR_OK;
}
