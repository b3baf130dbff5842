/* A share that parses prints to a text that parses to the same share; a recovery code that parses has one form. */
#include <stdlib.h>

#include "crypto/guard.h"
#include "crypto/keystore.h"
#include "crypto/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), printed[SHARE_TEXT_BYTES], code_text[27];
	uint8_t code[16], code_again[16];
	struct share s, again, many[3];
	bool bad;

	if (text == NULL || !crypto_start())
		abort();
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	if (shares_on_sheet(many, 3, text, &bad) > 0) { /* whatever stands around it, what is found prints and reads back */
		share_print(printed, &many[0]);
		if (!share_parse(&again, printed) || memcmp(again.part, many[0].part, sizeof(again.part)) != 0)
			abort();
	}
	if (share_parse(&s, text)) {
		if (s.trustee < 1 || s.trustee > 3)
			abort();
		share_print(printed, &s);
		if (!share_parse(&again, printed) || again.trustee != s.trustee ||
		    memcmp(again.part, s.part, sizeof(s.part)) != 0)
			abort();
	}
	if (recovery_code_parse(text, code)) {
		base32_encode(code_text, code, sizeof(code));
		if (!recovery_code_parse(code_text, code_again) || memcmp(code, code_again, sizeof(code)) != 0)
			abort();
	}
	free(text);
	return 0;
}
