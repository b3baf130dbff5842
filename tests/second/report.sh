#!/bin/bash
# The Lund trace and 20 random logs, each counted by the program and by report.ts.
. "$(dirname "$0")/../cli/lib.sh"
agree() { # WHAT TRACE
	rm -rf "$work/anna" "$work/kit"
	found
	fb anna --quiet import "$2"
	fb anna report iop --from 2019-07-01 --to 2021-04-15 --format json >"$work/report.json"
	claim "$1" node "$bin/second/report.mjs" check "$2" "$work/report.json" 2019-07-01 2021-04-15
	[ -s "$work/out" ] && sed 's/^/    /' "$work/out"
}
agree 'the Lund trace' tests/data/lund-2019-2021/trace.jsonl
for seed in $(seq 20); do
	node "$bin/second/report.mjs" make "$seed" >"$work/random.jsonl"
	agree "random log $seed" "$work/random.jsonl"
done
finish
