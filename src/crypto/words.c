#include "crypto/words.h"

char *
words_encode(char *out, const uint8_t *p, size_t count)
{
	static const char consonants[] = "bdfghjklmnprstvz", vowels[] = "aiou";
	char *at = out;

	for (size_t i = 0; i < count; i++) {
		unsigned v = be16_get(p + 2 * i);

		if (i > 0)
			*at++ = '-';
		*at++ = consonants[v >> 12];
		*at++ = vowels[v >> 10 & 3];
		*at++ = consonants[v >> 6 & 15];
		*at++ = vowels[v >> 4 & 3];
		*at++ = consonants[v & 15];
	}
	*at = '\0';
	return out;
}
