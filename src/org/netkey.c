#include "org/netkey.h"

#include "crypto/guard.h"
#include "crypto/hc.h"

enum { SEAL_INDEX_MAX = 1 << 30 };

void
netkey_commit(uint8_t out[32], const uint8_t key[32], const struct org_id *org)
{
	HC(out, 32, BYTES(key, 32), "fb1/net/commit", BYTES_OF(*org));
}

enum err_code
netkey_make(struct buf *out, const struct org *org, uint64_t n, const uint8_t key[32], const struct seal_pair *ephemeral, struct err *err)
{
	const struct stream_id control = control_stream(org_id(org));
	uint8_t commit[32], sealed[SEALED_KEY_BYTES];
	const struct seal_context c = { .org = org_id(org), .stream = &control, .commit = commit };
	struct buf rows = BUF_INIT;
	size_t count = 0;
	enum err_code rc;

	netkey_commit(commit, key, org_id(org));
	for (size_t i = 0; i < org_device_count(org); i++) {
		const struct org_device *d = org_device_at(org, i);

		if (!org_device_live(d) || !seal_key(sealed, key, &c, ephemeral->pk, ephemeral->sk, d->seal_pk))
			continue;
		wr_array(&rows, 3);
		WR_FIXED(&rows, d->id);
		wr_uint(&rows, d->seal_index);
		wr_bin(&rows, sealed, sizeof(sealed));
		count++;
	}
	buf_clear(out);
	wr_array(out, 4);
	wr_uint(out, n);
	wr_bin(out, commit, sizeof(commit));
	wr_bin(out, ephemeral->pk, sizeof(ephemeral->pk));
	wr_array(out, count);
	buf_put_bytes(out, buf_bytes(&rows));
	if (count > NETKEY_DEVICES_MAX)
		rc = err_set(err, ERR_TOO_BIG, "a network key is sealed to at most %d devices", NETKEY_DEVICES_MAX);
	else
		rc = buf_ok(&rows) && buf_ok(out) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	buf_free(&rows);
	return rc;
}

static bool
read_row(struct rd *r, struct device_id *dev, uint8_t sealed[SEALED_KEY_BYTES])
{
	rd_array(r, 3);
	RD_FIXED(r, *dev);
	(void)rd_uint(r, SEAL_INDEX_MAX);
	rd_bin(r, sealed, SEALED_KEY_BYTES);
	return !r->bad;
}

enum err_code
netkey_decode(struct netkey *k, struct bytes payload, struct err *err)
{
	struct rd r = rd_init(payload);
	struct device_id dev, before;
	uint8_t sealed[SEALED_KEY_BYTES];
	bool good = true;

	rd_array(&r, 4);
	k->n = rd_uint(&r, NETKEY_N_MAX);
	rd_bin(&r, k->commit, sizeof(k->commit));
	rd_bin(&r, k->epk, sizeof(k->epk));
	k->count = rd_array_any(&r, NETKEY_DEVICES_MAX);
	k->rows.p = r.p;
	for (size_t i = 0; i < k->count && good; i++) {
		good = read_row(&r, &dev, sealed) && (i == 0 || memcmp(before.b, dev.b, sizeof(dev.b)) < 0);
		before = dev;
	}
	k->rows.len = (size_t)(r.p - k->rows.p);
	return good && rd_end(&r) && k->n > 0 ? ERR_OK : err_set(err, ERR_MALFORMED, "a NETKEY is not in the form it must have");
}

struct device_id
netkey_device_at(const struct netkey *k, size_t i)
{
	struct rd r = rd_init(k->rows);
	uint8_t sealed[SEALED_KEY_BYTES];
	struct device_id dev;

	for (size_t at = 0; at <= i; at++)
		(void)read_row(&r, &dev, sealed);
	return dev;
}

bool
netkey_open(uint8_t key[32], const struct netkey *k, const struct org_id *org, const struct device_id *dev,
            const struct seal_pair *mine, size_t mine_count)
{
	const struct stream_id control = control_stream(org);
	const struct seal_context c = { .org = org, .stream = &control, .commit = k->commit };
	struct rd r = rd_init(k->rows);
	uint8_t sealed[SEALED_KEY_BYTES], commit[32];
	struct device_id of;
	bool found = false;

	for (size_t i = 0; i < k->count && !found; i++) {
		(void)read_row(&r, &of, sealed); /* the rows were read before, by netkey_decode() */
		found = SAME(of, *dev);
	}
	for (size_t i = 0; i < mine_count && found; i++) {
		if (!seal_open(key, sealed, &c, k->epk, mine[i].pk, mine[i].sk))
			continue;
		netkey_commit(commit, key, org);
		if (same_secret(commit, k->commit, sizeof(commit)))
			return true;
	}
	wipe(key, 32);
	return false;
}
