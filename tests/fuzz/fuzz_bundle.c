/*
 * The form of a bundle: a file of anything opens under no key; and the
 * input's bytes, sealed as content, come back the same, while the file cut
 * anywhere gives the front of them and says that it was cut.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/guard.h"
#include "crypto/pad.h"
#include "peer/bundle_form.h"

static const uint8_t n[32] = { 1 }, salt[BUNDLE_SALT_BYTES] = { 2 };

/* How the reading ended. */
static enum err_code
read_all(struct bytes file, struct buf *content)
{
	struct bundle_chunks chunks;
	struct buf head = BUF_INIT;
	bool last = false;
	enum err_code rc = bundle_open(&chunks, file, n, &head, NULL);

	while (rc == ERR_OK && !last)
		rc = bundle_next(&chunks, content, &last, NULL);
	buf_free(&head);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf file = BUF_INIT, content = BUF_INIT;
	size_t cut = 0;

	if (!crypto_start())
		abort();
	if (read_all(BYTES(data, len), &content) == ERR_OK || content.len != 0)
		abort();
	if (bundle_seal(&file, n, salt, BYTES_STR("head"), BYTES(data, len), NULL) != ERR_OK)
		abort();
	if (read_all(buf_bytes(&file), &content) != ERR_OK || content.len != padme(len > 0 ? len : 1) ||
	    (len > 0 && memcmp(content.p, data, len) != 0))
		abort();
	if (len >= 2)
		cut = (size_t)be16_get(data) % file.len;
	buf_clear(&content);
	if (read_all(BYTES(file.p, cut), &content) != ERR_TRUNCATED)
		abort();
	if (content.len > 0 && memcmp(content.p, data, content.len < len ? content.len : len) != 0)
		abort();
	buf_free(&file);
	buf_free(&content);
	return 0;
}
