/*
 * The four ends share one row of states; which messages an end may hear in
 * each is may_come(). Only the hub's ends count, because only the hub serves
 * people it does not know.
 */
#include "link/relay.h"

#include <assert.h>

#include "base/mem.h"
#include "codec/strict.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "link/frame.h"
#include "link/noise.h"

enum { OFFER = 1, HELD = 2, KNOCK = 3, CARRY = 4, GONE = 5, STILL = 6, NO = 7 };

enum state {
	HANDSHAKE,
	IDLE,      /* nothing is offered */
	ASKED,     /* inviter: OFFER has been said; desk: heard, and not answered */
	OPEN,      /* offered and held */
	PAIRED,    /* a newcomer is there; the only state of a newcomer's link */
	LEAVING,   /* inviter: GONE has been said, and is not answered */
	OVER,
};

struct relay {
	enum relay_end end;
	enum state state;
	struct link *link;
	bool broken, was_paired;
	uint8_t psk[32];
	uint64_t carried;           /* of this newcomer */
	unsigned newcomers, stills;
	enum relay_no reason;
};

static const char *
prologue_of(enum relay_end end)
{
	return end == RELAY_INVITER || end == RELAY_DESK ? "fb1/relay/1" : "fb1/join/hub/1";
}

static bool
is_hub(const struct relay *r)
{
	return r->end == RELAY_DESK || r->end == RELAY_DOOR;
}

void
relay_join_psk(uint8_t psk[32], const uint8_t secret[16])
{
	hc(psk, 32, BYTES(secret, 16), "fb1/join/hub", NULL, 0);
}

size_t
relay_which(enum relay_end end, const uint8_t first[RELAY_FIRST_BYTES], const uint8_t (*psks)[32], size_t count)
{
	return noise_which_psk(&noise_xxpsk0, BYTES_STR(prologue_of(end)), BYTES(first, RELAY_FIRST_BYTES), psks, count);
}

const char *
relay_no_text(enum relay_no reason)
{
	switch (reason) {
#define X(name, number, text) case name: return text;
	RELAY_NO_MAP(X)
#undef X
	case RELAY_YES:
		break;
	}
	return "";
}

struct relay *
relay_new(enum relay_end end, const uint8_t static_sk[32], const uint8_t e_sk[32], const uint8_t psk[32])
{
	struct relay *r = mem_zero(1, sizeof(*r));
	uint8_t psks[1][32];

	if (r == NULL)
		return NULL;
	r->end = end;
	memcpy(psks[0], psk, 32);
	r->link = link_new_for(prologue_of(end), !is_hub(r), static_sk, e_sk, (const uint8_t (*)[32])psks, 1);
	wipe(psks, sizeof(psks));
	if (r->link != NULL)
		return r;
	relay_free(r);
	return NULL;
}

void
relay_free(struct relay *r)
{
	if (r == NULL)
		return;
	link_free(r->link);
	wipe(r, sizeof(*r));
	mem_free(r);
}

enum err_code
relay_start(struct relay *r, struct buf *out, struct err *err)
{
	return link_start(r->link, out, err);
}

bool
relay_is_open(const struct relay *r)
{
	return link_is_open(r->link);
}

bool
relay_is_paired(const struct relay *r)
{
	return r->state == PAIRED;
}

const uint8_t *
relay_remote(const struct relay *r)
{
	return link_remote(r->link);
}

const uint8_t *
relay_psk(const struct relay *r)
{
	return r->psk;
}

enum relay_no
relay_reason(const struct relay *r)
{
	return r->reason;
}

/* ---- saying ---- */

static enum err_code
send_message(struct relay *r, struct buf *message, struct buf *out, struct err *err)
{
	enum err_code rc = buf_ok(message) ? link_send(r->link, buf_bytes(message), out, err) : err_plain(err, ERR_NO_MEMORY);

	buf_wipe(message);
	return rc;
}

static enum err_code
send_bare(struct relay *r, uint64_t number, struct buf *out, struct err *err)
{
	struct buf m = BUF_INIT;

	wr_array(&m, 1);
	wr_uint(&m, number);
	return send_message(r, &m, out, err);
}

static enum err_code
send_bytes(struct relay *r, uint64_t number, const uint8_t *p, size_t len, struct buf *out, struct err *err)
{
	struct buf m = BUF_INIT;

	wr_array(&m, 2);
	wr_uint(&m, number);
	wr_bin(&m, p, len);
	return send_message(r, &m, out, err);
}

enum err_code
relay_offer(struct relay *r, const uint8_t psk[32], struct buf *out, struct err *err)
{
	assert(r->end == RELAY_INVITER && r->state == IDLE);
	r->state = ASKED;
	return send_bytes(r, OFFER, psk, 32, out, err);
}

enum err_code
relay_held(struct relay *r, struct buf *out, struct err *err)
{
	assert(r->end == RELAY_DESK && r->state == ASKED);
	r->state = OPEN;
	return send_bare(r, HELD, out, err);
}

enum err_code
relay_knock(struct relay *r, struct buf *out, struct err *err)
{
	assert(r->end == RELAY_DESK && r->state == OPEN);
	r->state = PAIRED;
	r->was_paired = true;
	r->carried = 0;
	wipe(r->psk, sizeof(r->psk));
	return send_bare(r, KNOCK, out, err);
}

enum err_code
relay_bytes(struct relay *r, struct bytes bytes, struct buf *out, struct err *err)
{
	enum err_code rc = ERR_OK;

	assert(r->state == PAIRED);
	while (rc == ERR_OK && bytes.len > 0) {
		size_t n = bytes.len < RELAY_PART_BYTES ? bytes.len : RELAY_PART_BYTES;

		rc = send_bytes(r, CARRY, bytes.p, n, out, err);
		bytes = BYTES(bytes.p + n, bytes.len - n);
	}
	return rc;
}

enum err_code
relay_gone(struct relay *r, struct buf *out, struct err *err)
{
	assert(r->state == PAIRED && (r->end == RELAY_INVITER || r->end == RELAY_DESK));
	r->state = r->end == RELAY_INVITER ? LEAVING : IDLE;
	return send_bare(r, GONE, out, err);
}

enum err_code
relay_still(struct relay *r, struct buf *out, struct err *err)
{
	assert(relay_is_open(r) && r->state != OVER);
	return send_bare(r, STILL, out, err);
}

enum err_code
relay_refuse(struct relay *r, enum relay_no reason, struct buf *out, struct err *err)
{
	struct buf m = BUF_INIT;

	assert(is_hub(r) && relay_is_open(r) && reason != RELAY_YES);
	r->state = OVER;
	wipe(r->psk, sizeof(r->psk));
	wr_array(&m, 2);
	wr_uint(&m, NO);
	wr_uint(&m, reason);
	return send_message(r, &m, out, err);
}

/* ---- hearing ---- */

static bool
may_come(const struct relay *r, uint64_t number)
{
	bool on_its_way = r->end == RELAY_DESK && r->state == IDLE && r->was_paired; /* said before our GONE was read */

	switch (number) {
	case OFFER:
		return r->end == RELAY_DESK && r->state == IDLE;
	case HELD:
		return r->end == RELAY_INVITER && r->state == ASKED;
	case KNOCK:
		return r->end == RELAY_INVITER && r->state == OPEN;
	case CARRY:
		return r->state == PAIRED || r->state == LEAVING || on_its_way;
	case GONE:
		return (r->end == RELAY_INVITER || r->end == RELAY_DESK) && (r->state == PAIRED || r->state == LEAVING || on_its_way);
	case STILL:
		return r->state != OVER;
	case NO:
		return !is_hub(r) && r->state != OVER;
	}
	return false;
}

static enum err_code
hear_bytes(struct relay *r, struct bytes got, enum relay_event *event, struct bytes *bytes, struct err *err)
{
	uint64_t max = r->end == RELAY_DESK ? RELAY_TO_NEWCOMER_MAX : RELAY_TO_INVITER_MAX;

	if (r->state != PAIRED)
		return ERR_OK; /* for one who is gone */
	r->carried += got.len;
	if (is_hub(r) && r->carried > max)
		return err_set(err, ERR_TOO_BIG, "more than %llu bytes for one newcomer", (unsigned long long)max);
	*bytes = got;
	*event = RELAY_BYTES;
	return ERR_OK;
}

static enum err_code
hear_gone(struct relay *r, enum relay_event *event)
{
	if (r->state == IDLE)
		return ERR_OK; /* it crossed ours */
	if (r->end == RELAY_INVITER)
		r->state = IDLE;
	*event = RELAY_GONE; /* a desk answers it: relay_gone() */
	return ERR_OK;
}

static enum err_code
hear_offer(struct relay *r, enum relay_event *event, struct err *err)
{
	if (r->newcomers++ == RELAY_NEWCOMERS_MAX)
		return err_set(err, ERR_TOO_BIG, "more than %d newcomers for one invitation", RELAY_NEWCOMERS_MAX);
	r->state = ASKED;
	*event = RELAY_OFFERED;
	return ERR_OK;
}

static enum err_code
hear_still(struct relay *r, struct buf *out, struct err *err)
{
	if (!is_hub(r))
		return ERR_OK;
	if (r->stills++ == RELAY_STILL_MAX)
		return err_set(err, ERR_TOO_BIG, "more than %d signs of life", RELAY_STILL_MAX);
	return send_bare(r, STILL, out, err);
}

static enum err_code
act(struct relay *r, uint64_t number, struct bytes got, uint64_t reason, struct buf *out, enum relay_event *event, struct bytes *bytes,
    struct err *err)
{
	switch (number) {
	case OFFER:
		memcpy(r->psk, got.p, sizeof(r->psk));
		return hear_offer(r, event, err);
	case HELD:
		r->state = OPEN;
		*event = RELAY_HELD;
		return ERR_OK;
	case KNOCK:
		r->state = PAIRED;
		*event = RELAY_KNOCKED;
		return ERR_OK;
	case CARRY:
		return hear_bytes(r, got, event, bytes, err);
	case GONE:
		return hear_gone(r, event);
	case STILL:
		return hear_still(r, out, err);
	}
	r->reason = reason > RELAY_NO_BUDGET ? RELAY_NO_BUDGET : (enum relay_no)reason;
	r->state = OVER;
	*event = RELAY_REFUSED;
	return ERR_OK;
}

static enum err_code
take_message(struct relay *r, struct bytes message, struct buf *out, enum relay_event *event, struct bytes *bytes, struct err *err)
{
	struct rd rd = rd_init(message);
	size_t fields = rd_array_any(&rd, 2);
	uint64_t number = rd_uint(&rd, 255), reason = 0;
	struct bytes got = BYTES_NONE;
	bool fits = may_come(r, number);

	if (number == OFFER)
		got = rd_bin_any(&rd, 32, 32);
	else if (number == CARRY)
		got = rd_bin_any(&rd, 1, RELAY_PART_BYTES);
	else if (number == NO && (reason = rd_uint(&rd, 255)) == 0)
		fits = false;
	if (!fits || !rd_end(&rd) || fields != (number == OFFER || number == CARRY || number == NO ? 2 : 1))
		return err_set(err, ERR_MALFORMED, "message %llu of a hub's relay is out of turn or malformed", (unsigned long long)number);
	return act(r, number, got, reason, out, event, bytes, err);
}

enum err_code
relay_receive(struct relay *r, struct bytes *in, struct buf *out, enum relay_event *event, struct bytes *bytes, struct err *err)
{
	enum link_event what = LINK_MORE;
	struct bytes message;
	enum err_code rc = ERR_OK;

	*event = RELAY_MORE;
	*bytes = BYTES_NONE;
	if (r->broken)
		return err_set(err, ERR_KEY, "this link has failed before");
	while (rc == ERR_OK && *event == RELAY_MORE) {
		rc = link_receive(r->link, in, out, &what, &message, err);
		if (rc != ERR_OK || what == LINK_MORE)
			break;
		if (what == LINK_MESSAGE) {
			rc = take_message(r, message, out, event, bytes, err);
			continue;
		}
		r->state = r->end == RELAY_INVITER || r->end == RELAY_DESK ? IDLE : PAIRED;
		*event = RELAY_OPEN;
	}
	r->broken = rc != ERR_OK;
	return rc;
}
