#!/bin/bash
# The C interface: another program opens a home, calls operations, gets the
# answers and exit statuses of the command line.
. "$(dirname "$0")/lib.sh"
found
cat >"$work/other.c" <<'C'
#include <stdio.h>
#include <string.h>
#include "faltbok.h"

int
main(int argc, char **argv)
{
	struct faltbok *fb;
	char *answer = NULL;
	int status = faltbok_open(&fb, argv[1], argv[2], strlen(argv[2]), &answer);

	for (int i = 3; status == 0 && i + 1 < argc; i += 2) {
		status = faltbok_call(fb, argv[i], argv[i + 1], &answer);
		if (answer != NULL)
			puts(answer);
		faltbok_free_text(answer);
		answer = NULL;
	}
	if (answer != NULL)
		puts(answer);
	faltbok_free_text(answer);
	faltbok_close(fb);
	return status;
}
C
msgpack=$(pkg-config --exists msgpack-c && echo msgpack-c || echo msgpack)
counts=$(nm "$bin/libfaltbok.a" 2>/dev/null | grep -qm 1 __gcov_init && echo --coverage) # a library that counts what is run needs what it counts with
claim 'a program builds against the header and the library' gcc $counts -Wall -Werror -Iinclude -o "$work/other" "$work/other.c" "$bin/libfaltbok.a" \
	$(pkg-config --libs libsodium libuv sqlite3 jansson libutf8proc libzip expat libqrencode libwebsockets openssl "$msgpack") -lm -lpthread
other() { "$work/other" "$work/anna" "$(cat "$work/pass")" "$@"; }
other put '{"type":"visit","set":{"channel":"phone"}}' list '{"type":"visit"}' >"$work/said"
same "$(sed -n 1p "$work/said" | jq -r .saved)" true 'a visit is saved'
same "$(sed -n 2p "$work/said" | jq -r '.records[0].fields.channel')" phone 'and listed'
same "$(fb anna --json list visit | jq '.records|length')" 1 'and there for the command line'
status=0; other get '{"id":"000000000000"}' >"$work/said" || status=$?
same "$status" 2 'an unknown id'
same "$(jq -r .error.code "$work/said")" refused 'the error in JSON'
status=0; other fly '{}' >"$work/said" || status=$?
same "$status" 1 'an operation that does not exist'
status=0; "$work/other" "$work/anna" 'fel ord' status '{}' >"$work/said" || status=$?
same "$status" 4 'a wrong passphrase'
finish
