#!/bin/bash
# Faults that the real programs meet: kills, full and read-only disks, copies.
. "$(dirname "$0")/lib.sh"
found
fb anna --quiet import tests/data/lund-2019-2021/trace.jsonl --by dalby

# kill -9 at every 3rd write or sync of a put: whatever exited 0 is there afterwards, and nothing is there in part.
acked=0
for n in $(seq 1 3 46); do
	if { strace -f -o /dev/null -e trace=pwrite64,write,fdatasync,fsync -e inject=pwrite64,fdatasync,fsync:signal=KILL:when="$n" \
		"$bin/faltbok" --home "$work/anna" --passphrase-file "$work/pass" --quiet put visit channel=phone; } >/dev/null 2>&1; then acked=$((acked + 1)); fi
done
claim 'the home opens and verifies after sixteen kills' fb anna verify
count=$(fb anna --json list visit channel=phone --limit 9999 | jq '.records|length')
claim "every acknowledged visit is there ($acked acknowledged, $count there)" test "$count" -ge "$acked"

# From the nth write or sync on, every one fails: exit 0 if and only if the visit is there afterwards.
visits() { fb anna --json list visit channel=email --limit 9999 | jq '.records|length'; }
for call in fdatasync pwrite64; do
	for n in 1 2 3 4 6 8 12; do
		before=$(visits)
		if strace -f -o /dev/null -e trace=$call -e inject=$call:error=EIO:when=$n+ \
			"$bin/faltbok" --home "$work/anna" --passphrase-file "$work/pass" --quiet put visit channel=email >/dev/null 2>"$work/said"; then
			claim "$call fails from number $n on: acknowledged, so it is there" test "$(visits)" -eq $((before + 1))
		else
			claim "$call fails from number $n on: one sentence" grep -q '^faltbok: ' "$work/said"
			claim "$call fails from number $n on: nothing that was there is gone" test "$(visits)" -ge "$before"
		fi
	done
	claim "the home verifies after $call has failed" fb anna verify
done

mkdir "$work/small"
if mount -t tmpfs -o size=3m tmpfs "$work/small" 2>/dev/null; then
	cp -a "$work/anna" "$work/small/anna"
	before=$("$bin/faltbok" --home "$work/small/anna" --passphrase-file "$work/pass" --json status | jq .records)
	dd if=/dev/zero of="$work/small/filler" bs=64k count=16 2>/dev/null # a megabyte is left for three thousand entries
	exits 5 'a disk that fills up during an import' "$bin/faltbok" --home "$work/small/anna" --passphrase-file "$work/pass" import tests/data/lund-2019-2021/trace.jsonl
	says 'o space' 'a full disk'
	same "$("$bin/faltbok" --home "$work/small/anna" --passphrase-file "$work/pass" --json status | jq .records)" "$before" 'records after a full disk'
	umount "$work/small"
else
	echo "(no right to mount: the full disk is tried in the simulator only)"
fi

# A copied home writes on in a log of its own; when they meet, nothing is lost and nothing forks.
cp -a "$work/anna" "$work/copy"
one=$(fb anna --json put visit channel=phone | jq -r .id)
two=$(fb copy --json put visit channel=email | jq -r .id)
claim 'the copy notices' sh -c "'$bin/faltbok' --home '$work/copy' --passphrase-file '$work/pass' --json status | jq -e '.forks==[]'"
fb copy --quiet bundle write "$work/copy.fb"
fb anna --quiet bundle read "$work/copy.fb"
same "$(fb anna --json get "$two" | jq -r .fields.channel)" email "the copy's visit"
same "$(fb anna --json get "$one" | jq -r .fields.channel)" phone "the original's visit"
same "$(fb anna --json status | jq -c .forks)" '[]' 'forks'

# No readable word in any file of a locked home.
claim 'no file holds readable text' sh -c "! grep -rqaE 'Migrationsverket|housing|Dalby' '$work/anna'"
finish
