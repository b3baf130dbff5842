#!/bin/bash
# Every operation, and every option of it, stands in a man page.
. "$(dirname "$0")/lib.sh"
pages=packaging/man/faltbok.1.scd\ packaging/man/faltbok-day.1.scd\ packaging/man/faltbok-law.1.scd\ packaging/man/faltbok-exchange.1.scd
entry() { # OPERATION: what stands under it, in whatever page it stands
	awk -v op="$1" '/^\*/ { on = index($0, "*" op "*") == 1 || index($0, "*" op " ") == 1 || index($0, "| *" op "*") || index($0, ", *" op "*") } /^#/ { on = 0 } on' $pages
}
# As the program itself lists them: two blanks, the name, its usage; what it does stands deeper.
"$bin/faltbok" --help | sed -n 's/^  \([a-z].*\)$/\1/p' >"$work/usages"
claim 'the program lists its operations' [ "$(wc -l <"$work/usages")" -gt 90 ]
while read -r usage; do
	op=$(sed -E 's/^(([a-z0-9-]+)( [a-z0-9-]+)*).*/\1/' <<<"$usage ")
	entry "$op" >"$work/entry"
	[ -s "$work/entry" ] || { op=${op%% *}; entry "$op" >"$work/entry"; } # a command of one word with words as its arguments
	claim "$op stands in a man page" [ -s "$work/entry" ]
	for option in $(grep -oE -- '--[a-z][a-z-]*' <<<"$usage" | sort -u); do
		claim "$op: $option" grep -qF -- "$option" "$work/entry"
	done
done <"$work/usages"
for program in hub audit; do
	"$bin/faltbok-$program" --help | sed -nE 's/^  ([a-z][a-z-]*).*/\1/p' >"$work/commands"
	claim "faltbok-$program lists its commands" [ "$(wc -l <"$work/commands")" -gt 6 ]
	while read -r command; do
		claim "faltbok-$program $command stands in its man page" grep -qE "(^|, )\*$command[* ]" packaging/man/faltbok-$program.1.scd
	done <"$work/commands"
done
finish
