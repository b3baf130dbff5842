/*
 * Prints proto/vectors/relay.json: what a second implementation of
 * proto/relay.md must agree with. Both links of a hub with fixed keys, byte
 * for byte. Bytes are hex.
 */
#include <stdlib.h>

#include "crypto/guard.h"
#include "json.h"
#include "link/frame.h"
#include "link/relay.h"

static const char from_newcomer[] = "from the newcomer", from_inviter[] = "from the inviter";

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "gen_relay: %s failed\n", what);
	exit(1);
}

static uint8_t *
counting(uint8_t *out, size_t len, uint8_t from)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(from + i);
	return out;
}

/* What `says` are, between the handshake's ends and from there on; `to` hears them. */
static void
pass(const char *who, const char *says, struct relay *to, struct buf *wire)
{
	struct buf answer = BUF_INIT;
	struct bytes in = buf_bytes(wire), bytes;
	enum relay_event what;

	json_open(NULL, '{');
	json_text("who", who);
	json_text("says", says);
	json_hex("bytes", wire->p, wire->len);
	json_close('}');
	do
		must(relay_receive(to, &in, &answer, &what, &bytes, NULL) == ERR_OK, says);
	while (what != RELAY_MORE);
	buf_free(wire);
	*wire = answer;
}

static void
print_keys(const char *prologue, const uint8_t psk[32], uint8_t sk[2][32], uint8_t e_sk[2][32])
{
	json_text("prologue", prologue);
	json_hex("psk", psk, 32);
	json_hex("initiator_static", sk[0], 32);
	json_hex("initiator_ephemeral", e_sk[0], 32);
	json_hex("hub_static", sk[1], 32);
	json_hex("hub_ephemeral", e_sk[1], 32);
}

static void
shake_hands(struct relay *dialler, struct relay *hub, struct buf *wire)
{
	must(relay_start(dialler, wire, NULL) == ERR_OK, "start");
	pass("initiator", "handshake 1", hub, wire);
	pass("hub", "handshake 2", dialler, wire);
	pass("initiator", "handshake 3", hub, wire);
	must(relay_is_open(dialler) && relay_is_open(hub) && wire->len == 0, "the handshake");
}

static void
print_inviters_link(const uint8_t n[32], const uint8_t offered[32], uint8_t sk[2][32], uint8_t e_sk[2][32])
{
	struct buf wire = BUF_INIT;
	struct relay *inviter, *hub;
	uint8_t psk[32];

	link_psk(psk, n);
	inviter = relay_new(RELAY_INVITER, sk[0], e_sk[0], psk);
	hub = relay_new(RELAY_DESK, sk[1], e_sk[1], psk);
	must(inviter != NULL && hub != NULL, "memory");
	json_open("inviters_link", '{');
	json_hex("network_key", n, 32);
	json_hex("offered", offered, 32);
	print_keys("fb1/relay/1", psk, sk, e_sk);
	json_open("steps", '[');
	shake_hands(inviter, hub, &wire);
	must(relay_offer(inviter, offered, &wire, NULL) == ERR_OK, "OFFER");
	pass("initiator", "OFFER", hub, &wire);
	must(relay_held(hub, &wire, NULL) == ERR_OK, "HELD");
	pass("hub", "HELD", inviter, &wire);
	must(relay_knock(hub, &wire, NULL) == ERR_OK, "KNOCK");
	pass("hub", "KNOCK", inviter, &wire);
	must(relay_bytes(hub, BYTES_STR(from_newcomer), &wire, NULL) == ERR_OK, "BYTES");
	pass("hub", "BYTES", inviter, &wire);
	must(relay_bytes(inviter, BYTES_STR(from_inviter), &wire, NULL) == ERR_OK, "BYTES");
	pass("initiator", "BYTES", hub, &wire);
	must(relay_still(inviter, &wire, NULL) == ERR_OK, "STILL");
	pass("initiator", "STILL", hub, &wire);
	pass("hub", "STILL", inviter, &wire);
	must(relay_gone(inviter, &wire, NULL) == ERR_OK, "GONE");
	pass("initiator", "GONE", hub, &wire);
	must(relay_gone(hub, &wire, NULL) == ERR_OK, "GONE");
	pass("hub", "GONE", inviter, &wire);
	must(relay_refuse(hub, RELAY_NO_OVER, &wire, NULL) == ERR_OK, "NO");
	pass("hub", "NO 3", inviter, &wire);
	json_close(']');
	json_close('}');
	relay_free(inviter);
	relay_free(hub);
	buf_free(&wire);
}

static void
print_newcomers_link(const uint8_t secret[16], uint8_t sk[2][32], uint8_t e_sk[2][32])
{
	struct buf wire = BUF_INIT;
	struct relay *newcomer, *hub;
	uint8_t psk[32];

	relay_join_psk(psk, secret);
	newcomer = relay_new(RELAY_NEWCOMER, sk[0], e_sk[0], psk);
	hub = relay_new(RELAY_DOOR, sk[1], e_sk[1], psk);
	must(newcomer != NULL && hub != NULL, "memory");
	json_open("newcomers_link", '{');
	json_hex("secret", secret, 16);
	print_keys("fb1/join/hub/1", psk, sk, e_sk);
	json_open("steps", '[');
	shake_hands(newcomer, hub, &wire);
	must(relay_bytes(newcomer, BYTES_STR(from_newcomer), &wire, NULL) == ERR_OK, "BYTES");
	pass("initiator", "BYTES", hub, &wire);
	must(relay_bytes(hub, BYTES_STR(from_inviter), &wire, NULL) == ERR_OK, "BYTES");
	pass("hub", "BYTES", newcomer, &wire);
	must(relay_still(newcomer, &wire, NULL) == ERR_OK, "STILL");
	pass("initiator", "STILL", hub, &wire);
	pass("hub", "STILL", newcomer, &wire);
	must(relay_refuse(hub, RELAY_NO_BUSY, &wire, NULL) == ERR_OK, "NO");
	pass("hub", "NO 4", newcomer, &wire);
	json_close(']');
	json_close('}');
	relay_free(newcomer);
	relay_free(hub);
	buf_free(&wire);
}

int
main(void)
{
	uint8_t sk[3][32], e_sk[3][32], n[32], secret[16], offered[32];

	must(crypto_start(), "libsodium");
	for (int i = 0; i < 3; i++) {
		counting(sk[i], 32, (uint8_t)(0x40 + 0x20 * i));
		counting(e_sk[i], 32, (uint8_t)(0x80 + 0x10 * i));
	}
	counting(n, 32, 0x11);
	counting(secret, 16, 0x31);
	relay_join_psk(offered, secret);
	json_first = true;
	printf("{");
	json_text("spec", "proto/relay.md");
	json_text("from_newcomer", from_newcomer);
	json_text("from_inviter", from_inviter);
	print_inviters_link(n, offered, sk, e_sk);
	print_newcomers_link(secret, sk + 1, e_sk + 1);
	printf("\n}\n");
	return 0;
}
