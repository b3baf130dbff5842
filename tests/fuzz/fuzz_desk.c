/* A desk that decodes encodes to the very same bytes; a code that reads prints to one that means the same. */
#include <stdlib.h>

#include "casework/code.h"
#include "casework/desk.h"
#include "crypto/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
read_code(const char *text)
{
	char again[CODE_URI_BYTES];
	struct code c, same;

	if (code_read(&c, text, NULL) != ERR_OK)
		return;
	if (c.kind == CODE_CARD)
		card_uri(again, c.card);
	else
		slip_uri(again, &c.of, c.has_referral ? &c.referral : NULL);
	if (code_read(&same, again, NULL) != ERR_OK || same.kind != c.kind || strcmp(same.card, c.card) != 0 ||
	    !SAME(same.of, c.of) || same.has_referral != c.has_referral || !SAME(same.referral, c.referral))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	struct buf out = BUF_INIT;
	struct day_desk d;

	if (text == NULL || !crypto_start())
		abort();
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	read_code(text);
	free(text);
	if (desk_decode(&d, BYTES(data, len), NULL) == ERR_OK) {
		if (desk_encode(&out, &d, NULL) != ERR_OK || !bytes_equal(buf_bytes(&out), BYTES(data, len)))
			abort();
		desk_free(&d);
	}
	buf_free(&out);
	return 0;
}
