#!/bin/bash
# Runs the suites, two at a time (SIDE=n: n), and adds up what they say.
#   run.sh BUILD [SUITE…]     DEPTH=0: the slice of every check; DEPTH=n: n times the whole, with a row for the ledger
# SEED=n runs every suite with that seed, as a suite's first line says it.
set -u
cd "$(dirname "$0")/../.."
build=${1:-build}
shift
export DEPTH=${DEPTH:-0} CHAOS_LEDGER
CHAOS_LEDGER=$(mktemp)
out=$(mktemp -d)
trap 'rm -rf "$CHAOS_LEDGER" "$out"' EXIT
suites=${*:-$(ls tests/chaos/[0-9]*.sh)}

# The longest first; a place is free when one has ended.
running=0
for s in $suites; do
	if [ $running -ge "${SIDE:-2}" ]; then
		wait -n
		running=$((running - 1))
	fi
	{ "$s" "$build" >"$out/$(basename "$s")" 2>&1; echo "exit $?" >>"$out/$(basename "$s")"; } &
	running=$((running + 1))
done
wait
for s in $suites; do
	grep -v '^exit ' "$out/$(basename "$s")"
	grep -qx 'exit 0' "$out/$(basename "$s")" || echo "again: SEED=$(sed -n 's/.*SEED=\([0-9]*\).*/\1/p;q' "$out/$(basename "$s")") DEPTH=$DEPTH $s $build"
done
ended=$(grep -l '^exit ' "$out"/* | wc -l)
wanted=$(echo "$suites" | wc -w)
died=$((wanted - $(grep -c '^suite ' "$CHAOS_LEDGER")))
totals=$(awk '$1 == "suite" { p += $4; f += $5; k += $6 } END { print p + 0, f + 0, k + 0 }' "$CHAOS_LEDGER")
read -r passed failed skipped <<<"$totals"
failed=$((failed + died + wanted - ended))
row() {
	local seeds writes faults kinds
	seeds=$(awk '$1 == "suite" { printf "%s%s", sep, $3; sep = ", " }' "$CHAOS_LEDGER")
	writes=$(awk '$1 == "count" && $2 == "acknowledged" { n += $3 } END { print n + 0 }' "$CHAOS_LEDGER")
	kinds=$(awk '$1 == "count" && $2 != "acknowledged" { n[$2] += $3 } END { for (k in n) print k, n[k] }' "$CHAOS_LEDGER" | sort | awk '{ printf "%s%s %d", sep, $1, $2; sep = ", " }')
	faults=$(awk '$1 == "count" && $2 != "acknowledged" { n += $3 } END { print n + 0 }' "$CHAOS_LEDGER")
	echo "| $(date -u +%F) | $(git describe --always --dirty 2>/dev/null) | $DEPTH | $seeds | $writes | $faults: $kinds | $passed passed, $failed failed, $skipped skipped |"
}
row
[ "$DEPTH" = 0 ] || row >>tests/ledger/chaos.md
[ "$skipped" = 0 ] || echo "$skipped skipped"
echo "chaos: $passed passed, $failed failed"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
