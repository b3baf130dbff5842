/*
 * The header is written by hand at fixed places: every field but two has one
 * size, and this path runs for each entry that travels. The order of fields
 * puts what varies (seq, plen) where it shifts least.
 */
#include "log/entry.h"

#include <assert.h>

#include "codec/strict.h"
#include "crypto/hc.h"

enum {
	HEADER_FIELDS = 9,
	AT_KIND = 2,
	AT_AUTHOR = 3,
	AT_STREAM = AT_AUTHOR + 2 + 32,
	AT_INC = AT_STREAM + 2 + 16,
	AT_SEQ = AT_INC + 2 + 8,
};

static inline uint8_t *
put_bin(uint8_t *at, const uint8_t *p, uint8_t len)
{
	at[0] = 0xc4; /* bin 8 */
	at[1] = len;
	memcpy(at + 2, p, len);
	return at + 2 + len;
}

static inline uint8_t *
put_uint(uint8_t *at, uint64_t v)
{
	uint8_t wide[8];

	if (v < 0x80) {
		*at = (uint8_t)v;
		return at + 1;
	}
	be64_put(wide, v);
	if (v <= UINT8_MAX) {
		*at = 0xcc;
		memcpy(at + 1, wide + 7, 1);
		return at + 2;
	}
	if (v <= UINT16_MAX) {
		*at = 0xcd;
		memcpy(at + 1, wide + 6, 2);
		return at + 3;
	}
	if (v <= UINT32_MAX) {
		*at = 0xce;
		memcpy(at + 1, wide + 4, 4);
		return at + 5;
	}
	*at = 0xcf;
	memcpy(at + 1, wide, 8);
	return at + 9;
}

size_t
header_encode(const struct header *h, uint8_t out[HEADER_BYTES_MAX])
{
	uint8_t *at;

	out[0] = 0x90 | HEADER_FIELDS;
	out[1] = ENTRY_FMT;
	out[AT_KIND] = h->kind;
	put_bin(out + AT_AUTHOR, h->author.b, sizeof(h->author.b));
	put_bin(out + AT_STREAM, h->stream.b, sizeof(h->stream.b));
	put_bin(out + AT_INC, h->inc.b, sizeof(h->inc.b));
	at = put_uint(out + AT_SEQ, h->seq);
	at = put_bin(at, h->prev.b, sizeof(h->prev.b));
	at = put_bin(at, h->phash.b, sizeof(h->phash.b));
	at = put_uint(at, h->plen);
	return (size_t)(at - out);
}

static bool
is_zero(const struct hash *h)
{
	static const struct hash zero;

	return SAME(*h, zero);
}

/* The name of the first field that is wrong, or NULL. */
static const char *
decode_fields(struct header *h, struct rd *r)
{
	h->kind = (uint8_t)rd_uint(r, KIND_MAX);
	if (r->bad || h->kind == 0)
		return "kind";
	RD_FIXED(r, h->author);
	if (r->bad)
		return "author";
	RD_FIXED(r, h->stream);
	if (r->bad)
		return "stream";
	RD_FIXED(r, h->inc);
	if (r->bad)
		return "incarnation";
	h->seq = rd_uint(r, SEQ_MAX);
	if (r->bad)
		return "seq";
	RD_FIXED(r, h->prev);
	if (r->bad || is_zero(&h->prev) != (h->seq == 0))
		return "prev";
	RD_FIXED(r, h->phash);
	if (r->bad)
		return "phash";
	h->plen = (uint32_t)rd_uint(r, PAYLOAD_BYTES_MAX);
	if (r->bad || h->plen == 0)
		return "plen";
	return rd_end(r) ? NULL : "end";
}

enum err_code
header_decode(struct header *h, struct bytes in, struct err *err)
{
	struct rd r = rd_init(in);
	const char *wrong;
	uint64_t fmt;

	if (in.len > HEADER_BYTES_MAX)
		return err_set(err, ERR_MALFORMED, "an entry's header of %zu bytes", in.len);
	rd_array(&r, HEADER_FIELDS);
	fmt = rd_uint(&r, UINT32_MAX);
	if (r.bad || fmt == 0)
		return err_set(err, ERR_MALFORMED, "an entry's header is not an array of nine with a format");
	if (fmt != ENTRY_FMT)
		return err_set(err, ERR_NEWER, "an entry of format %llu", (unsigned long long)fmt);
	wrong = decode_fields(h, &r);
	if (wrong != NULL)
		return err_set(err, ERR_MALFORMED, "an entry's header: %s", wrong);
	return ERR_OK;
}

static struct hash
id_of_encoded(struct bytes header)
{
	struct hash id;

	HC(id.b, sizeof(id.b), BYTES_NONE, "fb1/entry", header);
	return id;
}

struct hash
header_id(const struct header *h)
{
	uint8_t encoded[HEADER_BYTES_MAX];

	return id_of_encoded(BYTES(encoded, header_encode(h, encoded)));
}

struct hash
payload_hash(struct bytes payload)
{
	struct hash hash;

	HC(hash.b, sizeof(hash.b), BYTES_NONE, "fb1/payload", payload);
	return hash;
}

void
entry_make(struct entry *e, const struct header *h, struct bytes payload, const uint8_t sign_sk[64])
{
	assert(payload.len >= 1 && payload.len <= PAYLOAD_BYTES_MAX);
	assert(h->kind >= 1 && h->kind <= KIND_MAX && h->seq <= SEQ_MAX && is_zero(&h->prev) == (h->seq == 0));
	e->h = *h;
	e->h.phash = payload_hash(payload);
	e->h.plen = (uint32_t)payload.len;
	e->id = header_id(&e->h);
	sign_digest(e->sig, "fb1/entry/sig", e->id.b, sign_sk);
	e->has_sig = true;
	e->has_payload = true;
	e->payload = payload;
}

bool
entry_sig_ok(const struct entry *e)
{
	return e->has_sig && verify_digest(e->sig, "fb1/entry/sig", e->id.b, e->h.author.b);
}

void
entry_encode(struct buf *out, const struct entry *e)
{
	uint8_t header[HEADER_BYTES_MAX];

	assert(e->has_sig);
	wr_array(out, 3);
	wr_bin(out, header, header_encode(&e->h, header));
	wr_bin(out, e->sig, sizeof(e->sig));
	if (e->has_payload)
		wr_bin(out, e->payload.p, e->payload.len);
	else
		wr_nil(out);
}

enum err_code
entry_decode(struct entry *e, struct bytes in, struct err *err)
{
	struct rd r = rd_init(in);
	struct bytes header;
	enum err_code rc;

	rd_array(&r, 3);
	header = rd_bin_any(&r, 1, HEADER_BYTES_MAX);
	rd_bin(&r, e->sig, sizeof(e->sig));
	e->has_sig = true;
	e->has_payload = !rd_nil(&r);
	e->payload = e->has_payload ? rd_bin_any(&r, 1, PAYLOAD_BYTES_MAX) : BYTES_NONE;
	if (!rd_end(&r))
		return err_set(err, ERR_MALFORMED, "an entry is not [header, signature, payload]");
	/* Hash and verify what came before believing what it says. */
	e->id = id_of_encoded(header);
	rc = header_decode(&e->h, header, err);
	if (rc != ERR_OK)
		return rc;
	if (!entry_sig_ok(e))
		return err_set(err, ERR_SIGNATURE, "entry %llu: %s", (unsigned long long)e->h.seq,
		               err_meaning(ERR_SIGNATURE));
	if (e->has_payload) {
		struct hash hash = payload_hash(e->payload);

		if (e->payload.len != e->h.plen || !SAME(hash, e->h.phash))
			return err_set(err, ERR_HASH, "the payload of entry %llu is not the one its header names",
			               (unsigned long long)e->h.seq);
	}
	return ERR_OK;
}

bool
kind_is_control(uint8_t kind)
{
	return kind >= KIND_GENESIS && kind <= KIND_OPEN;
}
