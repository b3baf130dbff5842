#!/bin/bash
# The Lund trace and 20 random logs, each counted by the program and by report.ts; then once more after duplicates were merged.
. "$(dirname "$0")/../cli/lib.sh"
agree() { # WHAT TRACE
	rm -rf "$work/anna" "$work/kit"
	found
	fb anna --quiet import "$2"
	fb anna report iop --from 2019-07-01 --to 2021-04-15 --format json >"$work/report.json"
	claim "$1" node "$bin/second/report.mjs" check "$2" "$work/report.json" 2019-07-01 2021-04-15
	[ -s "$work/out" ] && sed 's/^/    /' "$work/out"
}
agree_merged() { # WHAT TRACE SEED: the home is that of agree()
	node "$bin/second/report.mjs" merges "$3" "$2" >"$work/merges"
	while read -r line; do
		[ -z "$line" ] || claim "$1: $line" fb anna --quiet $line
	done <"$work/merges"
	fb anna report iop --from 2019-07-01 --to 2021-04-15 --format json >"$work/report.json"
	claim "$1, with duplicates merged" node "$bin/second/report.mjs" check "$2" "$work/report.json" 2019-07-01 2021-04-15 "$work/merges"
	[ -s "$work/out" ] && sed 's/^/    /' "$work/out"
}
agree 'the Lund trace' tests/data/lund-2019-2021/trace.jsonl
for seed in $(seq 20); do
	node "$bin/second/report.mjs" make "$seed" >"$work/random.jsonl"
	agree "random log $seed" "$work/random.jsonl"
	agree_merged "random log $seed" "$work/random.jsonl" "$seed"
done
finish
