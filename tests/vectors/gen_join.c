/*
 * Prints proto/vectors/join.json: what a second implementation of
 * proto/join.md must agree with. One conversation with fixed keys, byte for
 * byte, and codes that are some and none. Bytes are hex.
 */
#include <stdlib.h>

#include "crypto/guard.h"
#include "crypto/primitive.h"
#include "json.h"
#include "link/join.h"

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "gen_join: %s failed\n", what);
	exit(1);
}

static uint8_t *
counting(uint8_t *out, size_t len, uint8_t from)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(from + i);
	return out;
}

static void
print_code(const char *name, const char *text)
{
	struct join_code code;
	bool ok = join_code_parse(&code, text, NULL) == ERR_OK;
	char printed[JOIN_CODE_CHARS + 1];

	json_open(NULL, '{');
	json_text("name", name);
	json_text("text", text);
	json_bool("accept", ok);
	if (ok) {
		json_hex("secret", code.secret, sizeof(code.secret));
		json_open("addresses", '[');
		for (size_t i = 0; i < code.addr_count; i++) {
			json_sep();
			printf("\"%s\"", code.addr[i]);
		}
		json_close(']');
		json_open("hubs", '[');
		for (size_t i = 0; i < code.hub_count; i++) {
			json_sep();
			printf("\"%s\"", code.hub[i]);
		}
		json_close(']');
		if (code.has_key)
			json_hex("key", code.key, sizeof(code.key));
		json_text("printed", join_code_print(printed, &code, true));
	}
	json_close('}');
}

static void
print_codes(void)
{
	json_open("codes", '[');
	print_code("the secret alone", "GEZDGNBVGY3TQOJQGEZDGNBVGY");
	print_code("lower case, spaces and dashes", "gezd-gnbv gy3t-qojq-gezd-gnbvgy");
	print_code("0, 1 and 8 for O, I and B", "GEZDGN8VGY3TQ0JQGEZDGNBVGY");
	print_code("an address", "GEZDGNBVGY3TQOJQGEZDGNBVGY@192.0.2.7:4711");
	print_code("four addresses", "GEZDGNBVGY3TQOJQGEZDGNBVGY@192.0.2.7:4711,[2001:db8::7]:4711,anna.example:443,10.0.0.9:1");
	print_code("an address and the key", "GEZDGNBVGY3TQOJQGEZDGNBVGY@192.0.2.7:4711#ORUGKIDLMV4SAZTPOIQG2ZJAAA");
	print_code("the key without an address", "GEZDGNBVGY3TQOJQGEZDGNBVGY#ORUGKIDLMV4SAZTPOIQG2ZJAAA");
	print_code("a hub without an address", "GEZDGNBVGY3TQOJQGEZDGNBVGY~hub.example:7047");
	print_code("addresses, hubs and the key", "GEZDGNBVGY3TQOJQGEZDGNBVGY@192.0.2.7:4711~hub.example:7047,[2001:db8::9]:7047#ORUGKIDLMV4SAZTPOIQG2ZJAAA");
	print_code("one character short", "GEZDGNBVGY3TQOJQGEZDGNBVG");
	print_code("one character too many", "GEZDGNBVGY3TQOJQGEZDGNBVGYA");
	print_code("bits left over that are not zero", "GEZDGNBVGY3TQOJQGEZDGNBVGZ");
	print_code("no address after the @", "GEZDGNBVGY3TQOJQGEZDGNBVGY@");
	print_code("no port", "GEZDGNBVGY3TQOJQGEZDGNBVGY@anna.example");
	print_code("five addresses", "GEZDGNBVGY3TQOJQGEZDGNBVGY@a:1,a:1,a:1,a:1,a:1");
	print_code("three hubs", "GEZDGNBVGY3TQOJQGEZDGNBVGY~a:1,a:1,a:1");
	print_code("no hub after the ~", "GEZDGNBVGY3TQOJQGEZDGNBVGY~");
	print_code("a hub before the address", "GEZDGNBVGY3TQOJQGEZDGNBVGY~a:1@b:1");
	print_code("a hub behind the key", "GEZDGNBVGY3TQOJQGEZDGNBVGY#ORUGKIDLMV4SAZTPOIQG2ZJAAA~a:1");
	print_code("a character that no address has", "GEZDGNBVGY3TQOJQGEZDGNBVGY@a/b:1");
	print_code("a key cut short", "GEZDGNBVGY3TQOJQGEZDGNBVGY@a:1#ORUGKIDLMV4SAZTPOIQG2ZJAA");
	print_code("the empty text", "");
	json_close(']');
}

/* Says who says what, and lets the other hear it. */
static void
pass(const char *name, struct join *to, struct buf *wire)
{
	struct buf answer = BUF_INIT;
	struct bytes in = buf_bytes(wire);
	enum join_event what;

	json_open(NULL, '{');
	json_text("name", name);
	json_hex("bytes", wire->p, wire->len);
	json_close('}');
	do
		must(join_receive(to, &in, &answer, &what, NULL) == ERR_OK, name);
	while (what != JOIN_MORE);
	buf_free(wire);
	*wire = answer;
}

static void
print_conversation(void)
{
	struct join_code code = { .addr_count = 0 };
	uint8_t sk[2][32], e_sk[2][32], nonce[2][16], pk[32], psk[32], hash[16];
	struct buf wire = BUF_INIT, welcome = BUF_INIT;
	struct join *newcomer, *inviter;
	bool left;

	counting(code.secret, sizeof(code.secret), 0x31);
	for (int i = 0; i < 2; i++) {
		counting(sk[i], 32, (uint8_t)(0x40 + 0x20 * i));
		counting(e_sk[i], 32, (uint8_t)(0x80 + 0x20 * i));
		counting(nonce[i], 16, (uint8_t)(0xc0 + 0x10 * i));
	}
	join_psk(psk, code.secret);
	x25519_base(pk, sk[1]);
	join_key_hash(hash, pk);
	newcomer = join_new_newcomer(&code, sk[0], e_sk[0], nonce[0], BYTES_STR("the newcomer's request"), NULL);
	inviter = join_new_inviter(code.secret, sk[1], e_sk[1], nonce[1]);
	must(newcomer != NULL && inviter != NULL, "memory");
	json_open("conversation", '{');
	json_hex("secret", code.secret, 16);
	json_hex("psk", psk, 32);
	json_text("prologue", "fb1/join/1");
	json_hex("newcomer_static", sk[0], 32);
	json_hex("newcomer_ephemeral", e_sk[0], 32);
	json_hex("newcomer_nonce", nonce[0], 16);
	json_hex("inviter_static", sk[1], 32);
	json_hex("inviter_ephemeral", e_sk[1], 32);
	json_hex("inviter_nonce", nonce[1], 16);
	json_hex("inviter_key_hash", hash, 16);
	json_text("request", "the newcomer's request");
	json_text("welcome", "the welcome");
	json_open("bytes", '[');
	must(join_start(newcomer, &wire, NULL) == ERR_OK, "start");
	pass("newcomer: handshake 1", inviter, &wire);
	pass("inviter: handshake 2", newcomer, &wire);
	pass("newcomer: handshake 3, REQUEST", inviter, &wire);
	pass("inviter: NONCE", newcomer, &wire);
	pass("newcomer: REVEAL", inviter, &wire);
	buf_put(&welcome, "the welcome", 11);
	must(join_offer(inviter, &welcome, &wire, NULL) == ERR_OK && join_more(inviter, 5, &wire, &left, NULL) == ERR_OK && left, "an offer");
	must(join_more(inviter, 100, &wire, &left, NULL) == ERR_OK && !left, "the rest of it");
	pass("inviter: WELCOME, PART, PART", newcomer, &wire);
	must(join_taken(newcomer, &wire, NULL) == ERR_OK, "taking");
	pass("newcomer: TAKEN", inviter, &wire);
	json_close(']');
	json_text("digits", join_sas(inviter));
	json_close('}');
	join_free(newcomer);
	join_free(inviter);
	buf_free(&wire);
}

static void
print_digits(void)
{
	uint8_t h[32], a[16], b[16];
	char digits[7];

	json_open("digits", '[');
	for (unsigned i = 0; i < 8; i++) {
		counting(h, 32, (uint8_t)(7 * i));
		counting(a, 16, (uint8_t)(11 * i));
		counting(b, 16, (uint8_t)(13 * i));
		join_digits(digits, h, a, b);
		json_open(NULL, '{');
		json_hex("h", h, 32);
		json_hex("newcomer_nonce", a, 16);
		json_hex("inviter_nonce", b, 16);
		json_text("digits", digits);
		json_close('}');
	}
	json_close(']');
}

int
main(void)
{
	must(crypto_start(), "libsodium");
	json_first = true;
	printf("{");
	json_text("spec", "proto/join.md");
	print_codes();
	print_digits();
	print_conversation();
	printf("\n}\n");
	return 0;
}
