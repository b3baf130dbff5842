/*
 * The code on the screen, what is derived from its secret, and the rule of
 * one hour and one use.
 */
#include "link/join.h"

#include <stdio.h>

#include "crypto/guard.h"
#include "crypto/hc.h"
#include "link/url.h"

void
join_psk(uint8_t psk[32], const uint8_t secret[JOIN_SECRET_BYTES])
{
	hc(psk, 32, BYTES(secret, JOIN_SECRET_BYTES), "fb1/join/psk", NULL, 0);
}

void
join_key_hash(uint8_t out[16], const uint8_t noise_pk[32])
{
	HC(out, 16, BYTES_NONE, "fb1/join/key", BYTES(noise_pk, 32));
}

void
join_digits(char out[7], const uint8_t h[32], const uint8_t newcomer[16], const uint8_t inviter[16])
{
	uint8_t sas[16];

	HC(sas, sizeof(sas), BYTES(h, 32), "fb1/join/sas", BYTES(newcomer, 16), BYTES(inviter, 16));
	(void)snprintf(out, 7, "%06u", (unsigned)(be64_get(sas) % 1000000));
}

bool
join_addr_ok(const char *addr)
{
	static const char may[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:[]-_%";
	size_t len = strlen(addr);
	struct url url;

	if (url_is(addr))
		return url_parse(&url, addr, false, NULL) == ERR_OK;

	return len > 0 && len <= JOIN_ADDR_CHARS && strspn(addr, may) == len && strchr(addr, ':') != NULL;
}

/* Moves the part before `stop` (or all that is left) to `out`, and *at behind it. False when it does not fit. */
static bool
take_part(const char **at, const char *stop, char *out, size_t size)
{
	size_t len = strcspn(*at, stop);

	if (len >= size)
		return false;
	memcpy(out, *at, len);
	out[len] = '\0';
	*at += len;
	return true;
}

/* Addresses with a comma between, up to `stop`. False when one is none, or they are too many. */
static bool
take_addrs(const char **at, const char *stop, char (*addrs)[JOIN_ADDR_CHARS + 1], size_t max, size_t *count)
{
	char until[8];

	(void)snprintf(until, sizeof(until), ",%s", stop);
	do {
		++*at; /* the sign, or the comma */
		if (*count == max || !take_part(at, until, addrs[*count], sizeof(addrs[0])) || !join_addr_ok(addrs[*count]))
			return false;
		++*count;
	} while (**at == ',');
	return true;
}

enum err_code
join_code_parse(struct join_code *code, const char *text, struct err *err)
{
	char part[JOIN_CODE_CHARS + 1];
	enum err_code rc = ERR_OK;

	memset(code, 0, sizeof(*code));
	if (strlen(text) > JOIN_CODE_CHARS)
		return err_set(err, ERR_INVALID, "the code is longer than %d characters", JOIN_CODE_CHARS);
	if (!take_part(&text, "@~#", part, sizeof(part)) || !base32_decode(code->secret, sizeof(code->secret), part))
		rc = err_set(err, ERR_INVALID, "the code is not 26 letters and digits 2-7, as the coordinator's screen shows it");
	if (rc == ERR_OK && *text == '@' && !take_addrs(&text, "~#", code->addr, JOIN_ADDRS_MAX, &code->addr_count))
		rc = err_set(err, ERR_INVALID, "what stands after the @ of the code is not HOST:PORT");
	if (rc == ERR_OK && *text == '~' && !take_addrs(&text, "#", code->hub, JOIN_HUBS_MAX, &code->hub_count))
		rc = err_set(err, ERR_INVALID, "what stands after the ~ of the code is not HOST:PORT of a hub");
	if (rc == ERR_OK && *text == '#') {
		code->has_key = true;
		if (!base32_decode(code->key, sizeof(code->key), text + 1))
			rc = err_set(err, ERR_INVALID, "what stands after the # of the code is not a key");
	} else if (rc == ERR_OK && *text != '\0') {
		rc = err_set(err, ERR_INVALID, "the code goes on after its end");
	}
	wipe(part, sizeof(part));
	if (rc != ERR_OK)
		wipe(code, sizeof(*code));
	return rc;
}

char *
join_code_print(char out[JOIN_CODE_CHARS + 1], const struct join_code *code, bool with_key)
{
	size_t at = JOIN_SECRET_CHARS;

	base32_encode(out, code->secret, sizeof(code->secret));
	for (size_t i = 0; i < code->addr_count; i++)
		at += (size_t)snprintf(out + at, JOIN_CODE_CHARS + 1 - at, "%c%s", i == 0 ? '@' : ',', code->addr[i]);
	for (size_t i = 0; i < code->hub_count; i++)
		at += (size_t)snprintf(out + at, JOIN_CODE_CHARS + 1 - at, "%c%s", i == 0 ? '~' : ',', code->hub[i]);
	if (with_key && code->has_key) {
		out[at++] = '#';
		base32_encode(out + at, code->key, sizeof(code->key));
	}
	return out;
}

void
invitation_open(struct invitation *i, uint64_t now_ns, int64_t now_ms)
{
	memset(i, 0, sizeof(*i));
	i->until_ns = now_ns + JOIN_HOUR_S * 1000000000ull;
	i->until_ms = now_ms + JOIN_HOUR_S * 1000ll;
}

enum join_no
invitation_allows(const struct invitation *i, uint64_t now_ns, int64_t now_ms, const uint8_t noise_pk[32])
{
	if (now_ns >= i->until_ns || now_ms >= i->until_ms)
		return JOIN_NO_OVER;
	if (i->used)
		return memcmp(i->used_by, noise_pk, 32) == 0 ? JOIN_YES : JOIN_NO_USED;
	if (i->asking && memcmp(i->asking_for, noise_pk, 32) != 0)
		return JOIN_NO_BUSY;
	return JOIN_YES;
}

const char *
join_no_text(enum join_no reason)
{
	switch (reason) {
#define X(name, number, text) case name: return text;
	JOIN_NO_MAP(X)
#undef X
	case JOIN_YES:
		break;
	}
	return "";
}
