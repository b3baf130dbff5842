/* ATTEST and NETKEY payloads, told apart by the first byte: what decodes encodes to the very same bytes. */
#include <stdlib.h>
#include <string.h>

#include "org/attest.h"
#include "org/netkey.h"

static void
attest_again(struct bytes in)
{
	static struct attest a;
	struct buf out = BUF_INIT, delta = BUF_INIT;
	struct extent it;
	struct bytes items;

	if (attest_decode(&a, in, NULL) != ERR_OK)
		return;
	for (items = a.delta; extent_next(&items, &it);)
		extent_put(&delta, &it);
	if (delta.len != a.delta.len || (delta.len > 0 && memcmp(delta.p, a.delta.p, delta.len) != 0))
		abort();
	attest_encode(&out, &a);
	if (out.len != in.len || memcmp(out.p, in.p, in.len) != 0)
		abort();
	buf_free(&out);
	buf_free(&delta);
}

/* No key opens what a stranger made up, and looking for one's row ends. */
static void
netkey_anyhow(struct bytes in)
{
	static const struct org_id org = { { 1 } };
	struct seal_pair mine = { .pk = { 9 }, .sk = { 8 } };
	struct device_id dev;
	struct netkey k;
	uint8_t key[32];

	if (netkey_decode(&k, in, NULL) != ERR_OK)
		return;
	for (size_t i = 0; i < k.count; i++) {
		dev = netkey_device_at(&k, i);
		if (netkey_open(key, &k, &org, &dev, &mine, 1))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] & 1)
		attest_again(BYTES(data + 1, len - 1));
	else
		netkey_anyhow(BYTES(data + 1, len - 1));
	return 0;
}
