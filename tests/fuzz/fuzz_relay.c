/*
 * The first byte says which end of a hub's relay hears, the rest what it
 * hears inside an open link: messages, each with be16 of its length before
 * it. The end behaves as its program does. What is heard ends the link or is
 * in turn, and nothing is carried but to one who is there.
 */
#include <stdlib.h>

#include "crypto/guard.h"
#include "link/frame.h"
#include "link/relay.h"

static const uint8_t keys[2][32] = { { 8 }, { 16 } }, ephemeral[2][32] = { { 24 }, { 32 } }, psk[1][32] = { { 1 } };

static void
must(bool ok)
{
	if (!ok)
		abort();
}

/* A link whose other end can say anything, and one end of the relay behind it. */
struct rig { enum relay_end end; struct relay *side; struct link *liar; struct buf out; };

static void
rig_start(struct rig *r, enum relay_end end)
{
	bool hub = end == RELAY_DESK || end == RELAY_DOOR;
	const char *prologue = end == RELAY_INVITER || end == RELAY_DESK ? "fb1/relay/1" : "fb1/join/hub/1";
	struct buf to = BUF_INIT;
	enum link_event event;
	enum relay_event what;
	struct bytes in, message;

	r->end = end;
	r->out = (struct buf)BUF_INIT;
	r->liar = link_new_for(prologue, hub, keys[0], ephemeral[0], psk, 1);
	r->side = relay_new(end, keys[1], ephemeral[1], psk[0]);
	must(r->liar != NULL && r->side != NULL);
	must((hub ? link_start(r->liar, &to, NULL) : relay_start(r->side, &r->out, NULL)) == ERR_OK);
	while (!relay_is_open(r->side) || !link_is_open(r->liar)) {
		in = buf_bytes(&r->out);
		must(link_receive(r->liar, &in, &to, &event, &message, NULL) == ERR_OK);
		buf_clear(&r->out);
		in = buf_bytes(&to);
		must(relay_receive(r->side, &in, &r->out, &what, &message, NULL) == ERR_OK);
		buf_clear(&to);
	}
	buf_free(&to);
	if (end == RELAY_INVITER)
		must(relay_offer(r->side, psk[0], &r->out, NULL) == ERR_OK);
}

/* What the program of this end does then. */
static void
answer(struct rig *r, enum relay_event what, struct bytes bytes)
{
	switch (what) {
	case RELAY_OFFERED:
		must(r->end == RELAY_DESK && relay_held(r->side, &r->out, NULL) == ERR_OK && relay_knock(r->side, &r->out, NULL) == ERR_OK);
		must(relay_is_paired(r->side));
		return;
	case RELAY_GONE:
		must(r->end == RELAY_DESK || r->end == RELAY_INVITER);
		if (r->end == RELAY_DESK)
			must(relay_gone(r->side, &r->out, NULL) == ERR_OK);
		else
			must(relay_offer(r->side, psk[0], &r->out, NULL) == ERR_OK);
		must(!relay_is_paired(r->side));
		return;
	case RELAY_BYTES:
		must(relay_is_paired(r->side) && bytes.len > 0 && bytes.len <= RELAY_PART_BYTES);
		must(relay_bytes(r->side, bytes, &r->out, NULL) == ERR_OK);
		return;
	case RELAY_HELD:
	case RELAY_KNOCKED:
		must(r->end == RELAY_INVITER && relay_is_paired(r->side) == (what == RELAY_KNOCKED));
		return;
	case RELAY_REFUSED:
		must((r->end == RELAY_INVITER || r->end == RELAY_NEWCOMER) && relay_no_text(relay_reason(r->side))[0] != '\0');
		return;
	case RELAY_OPEN:
		abort();
	case RELAY_MORE:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const enum relay_end ends[] = { RELAY_INVITER, RELAY_NEWCOMER, RELAY_DESK, RELAY_DOOR };
	struct buf frames = BUF_INIT;
	enum err_code rc = ERR_OK;
	struct bytes in;
	struct rig r;

	must(crypto_start());
	if (len == 0)
		return 0;
	rig_start(&r, ends[data[0] % 4]);
	in = BYTES(data + 1, len - 1);
	while (in.len >= 2 && rc == ERR_OK) {
		size_t n = be16_get(in.p);
		enum relay_event what;
		struct bytes heard, bytes;

		n = n < in.len - 2 ? n : in.len - 2;
		n = n < FRAME_MESSAGE_MAX ? n : FRAME_MESSAGE_MAX;
		buf_clear(&frames);
		must(link_send(r.liar, BYTES(in.p + 2, n), &frames, NULL) == ERR_OK);
		in = BYTES(in.p + 2 + n, in.len - 2 - n);
		heard = buf_bytes(&frames);
		do {
			rc = relay_receive(r.side, &heard, &r.out, &what, &bytes, NULL);
			if (rc == ERR_OK)
				answer(&r, what, bytes);
			buf_clear(&r.out);
		} while (rc == ERR_OK && what != RELAY_MORE);
	}
	relay_free(r.side);
	link_free(r.liar);
	buf_free(&r.out);
	buf_free(&frames);
	return 0;
}
