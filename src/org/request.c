/*
 * A request names no organisation: a file found on a stick says only that a
 * device with these keys would like to belong somewhere.
 */
#include "crypto/hc.h"
#include "org/ops.h"

enum { REQUEST_VERSION = 1, REQUEST_FIELDS = 10 };

/* The newcomer's own word that all these keys are theirs; signed by sign_pk. */
static void
admit_digest(uint8_t out[32], const struct admit *a)
{
	struct bytes kill = a->has_kill ? BYTES(a->kill_pk, sizeof(a->kill_pk)) : BYTES_NONE;

	HC(out, 32, BYTES_NONE, "fb1/request", BYTES_OF(a->sign_pk), BYTES(a->noise_pk, sizeof(a->noise_pk)),
	   BYTES(a->note_pk, sizeof(a->note_pk)), BYTES(a->seal_pk, sizeof(a->seal_pk)), kill,
	   BYTES(a->nonce, sizeof(a->nonce)));
}

bool
admit_possession_ok(const struct admit *a)
{
	uint8_t digest[32];

	admit_digest(digest, a);
	return verify_digest(a->possession_sig, "fb1/request/sig", digest, a->sign_pk.b);
}

void
join_request_make(struct join_request *r, const struct device_keys *d, const uint8_t seal_pk[32],
                  const uint8_t nonce[16])
{
	struct admit *a = &r->keys;

	memset(a, 0, sizeof(*a));
	a->sign_pk = d->sign_pk;
	memcpy(a->noise_pk, d->noise_pk, sizeof(a->noise_pk));
	memcpy(a->note_pk, d->note_pk, sizeof(a->note_pk));
	memcpy(a->seal_pk, seal_pk, sizeof(a->seal_pk));
	memcpy(a->nonce, nonce, sizeof(a->nonce));
	join_request_sign(r, d);
}

void
join_request_sign(struct join_request *r, const struct device_keys *d)
{
	uint8_t digest[32];

	admit_digest(digest, &r->keys);
	sign_digest(r->keys.possession_sig, "fb1/request/sig", digest, d->sign_sk);
}

/* [version, sign_pk, noise_pk, note_pk, seal_pk, kill_pk|nil, nonce, possession_sig, member name, device name] */
void
join_request_encode(struct buf *out, const struct join_request *r)
{
	const struct admit *a = &r->keys;

	wr_array(out, REQUEST_FIELDS);
	wr_uint(out, REQUEST_VERSION);
	WR_FIXED(out, a->sign_pk);
	wr_bin(out, a->noise_pk, sizeof(a->noise_pk));
	wr_bin(out, a->note_pk, sizeof(a->note_pk));
	wr_bin(out, a->seal_pk, sizeof(a->seal_pk));
	if (a->has_kill)
		wr_bin(out, a->kill_pk, sizeof(a->kill_pk));
	else
		wr_nil(out);
	wr_bin(out, a->nonce, sizeof(a->nonce));
	wr_bin(out, a->possession_sig, sizeof(a->possession_sig));
	wr_str(out, r->member_name, strnlen(r->member_name, sizeof(r->member_name) - 1));
	wr_str(out, r->device_name, strnlen(r->device_name, sizeof(r->device_name) - 1));
}

/* A coordinator reads the name on a terminal: no control characters, so that it cannot draw its own screen. */
static void
get_name(struct rd *r, char *out, size_t size)
{
	struct bytes s = rd_str(r, size - 1);

	for (size_t i = 0; i < s.len; i++) {
		bool c1 = s.p[i] == 0xc2 && s.p[i + 1] < 0xa0; /* U+0080..U+009F: it is UTF-8, so another byte follows */

		if (s.p[i] < 0x20 || s.p[i] == 0x7f || c1)
			r->bad = true;
	}
	if (s.len > 0)
		memcpy(out, s.p, s.len);
}

enum err_code
join_request_decode(struct join_request *r, struct bytes in, struct err *err)
{
	struct rd rd = rd_init(in);
	struct admit *a = &r->keys;
	uint64_t version;

	memset(r, 0, sizeof(*r));
	rd_array(&rd, REQUEST_FIELDS);
	version = rd_uint(&rd, UINT32_MAX);
	if (!rd.bad && version > REQUEST_VERSION)
		return err_plain(err, ERR_NEWER);
	RD_FIXED(&rd, a->sign_pk);
	rd_bin(&rd, a->noise_pk, sizeof(a->noise_pk));
	rd_bin(&rd, a->note_pk, sizeof(a->note_pk));
	rd_bin(&rd, a->seal_pk, sizeof(a->seal_pk));
	a->has_kill = !rd_nil(&rd);
	if (a->has_kill)
		rd_bin(&rd, a->kill_pk, sizeof(a->kill_pk));
	rd_bin(&rd, a->nonce, sizeof(a->nonce));
	rd_bin(&rd, a->possession_sig, sizeof(a->possession_sig));
	get_name(&rd, r->member_name, sizeof(r->member_name));
	get_name(&rd, r->device_name, sizeof(r->device_name));
	if (!rd_end(&rd) || version != REQUEST_VERSION)
		return err_set(err, ERR_MALFORMED, "this is not a request to join");
	if (!admit_possession_ok(a))
		return err_set(err, ERR_SIGNATURE, "the request is not signed by the device it speaks of");
	return ERR_OK;
}

void
join_request_digest(uint8_t out[32], const struct join_request *r)
{
	uint8_t keys[32];

	admit_digest(keys, &r->keys);
	HC(out, 32, BYTES_NONE, "fb1/request/words", BYTES(keys, sizeof(keys)),
	   BYTES(r->member_name, strnlen(r->member_name, sizeof(r->member_name) - 1)),
	   BYTES(r->device_name, strnlen(r->device_name, sizeof(r->device_name) - 1)));
}
