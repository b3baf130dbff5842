#!/bin/bash
# Sticks: cut short at every length, turned anywhere, pulled, full, read-only, foreign, old, read twice.
. "$(dirname "$0")/lib.sh"
found
for who in ben cia; do claim "$who is admitted" admitted $who advisor lund; done
write anna; write anna
claim 'a bundle' fb anna --quiet bundle write "$work/b.fb"
size=$(stat -c %s "$work/b.fb")
# Ben's node runs, so that each try costs a few milliseconds.
start serve-ben node ben --json serve --no-discovery --listen 127.0.0.1:0
ben_pid=$pid

# taken FILE WHAT: exit 0 or 3 with a sentence; never more than what Anna has, never a half.
taken() {
	local rc=0
	try fb ben --json bundle read "$1" || rc=$?
	case $rc in
	0 | 3) return 0 ;;
	*) no "$2: exit $rc"; return 1 ;;
	esac
}

cut_at_any_length_a_bundle_is_known_for_it() {
	local step n bad=0 tried=0
	step=$(deep && echo 1 || echo $((size / 25 + 1)))
	if deep && [ "$size" -gt 40000 ]; then step=$((size / 8000 + 1)); fi # the vectors of the unit tests go byte by byte
	for ((n = 0; n < size; n += step)); do
		head -c "$n" "$work/b.fb" >"$work/cut.fb"
		rc=0
		try fb ben --json bundle check "$work/cut.fb" || rc=$?
		tried=$((tried + 1))
		[ $rc = 3 ] || { bad=$((bad + 1)); echo "  cut at $n: exit $rc"; }
	done
	for n in 1 2 3 15 16 17 18 33; do # the last chunk's end
		head -c $((size - n)) "$work/b.fb" >"$work/cut.fb"
		rc=0
		try fb ben --json bundle check "$work/cut.fb" || rc=$?
		tried=$((tried + 1))
		[ $rc = 3 ] || bad=$((bad + 1))
	done
	count stick:cut $tried
	same $bad 0 "of $tried lengths, those not refused with exit 3"
}
one_turned_bit_anywhere_is_noticed() {
	local n bad=0 at tried
	tried=$(some 25 1000)
	for n in $(seq "$tried"); do
		at=$(below "$size")
		cp "$work/b.fb" "$work/turned.fb"
		byte=$(od -An -tu1 -j "$at" -N 1 "$work/b.fb" | tr -d ' ')
		printf "\\x$(printf %02x $((byte ^ (1 << (n % 8)))))" | dd of="$work/turned.fb" bs=1 seek="$at" conv=notrunc 2>/dev/null
		rc=0
		try fb ben --json bundle check "$work/turned.fb" || rc=$?
		[ $rc = 3 ] || { bad=$((bad + 1)); echo "  turned at $at: exit $rc"; }
	done
	count stick:turned "$tried"
	same $bad 0 "of $tried turned bits, those not refused with exit 3"
}
what_is_whole_of_a_torn_bundle_is_used_and_the_rest_asked_for() {
	local i
	for i in $(seq "$(some 3 30)"); do
		head -c $(((RANDOM << 15 | RANDOM) % size)) "$work/b.fb" >"$work/cut.fb"
		taken "$work/cut.fb" 'a torn bundle'
	done
	claim 'the whole one brings the rest' fb ben --quiet bundle read "$work/b.fb"
	owed_by anna ben
	claim 'twice is once' fb ben --json bundle read "$work/b.fb"
	same "$(jq .new "$work/out")" 0 'twice is once'
}
a_bundle_of_others_is_refused_whole() {
	fb other --quiet init --org Annan --member Olle --device olle --kit "$work/kit2" >/dev/null
	fb other --quiet bundle write "$work/foreign.fb"
	before=$(entries_of ben)
	exits 3 'a bundle of another organisation' fb ben bundle read "$work/foreign.fb"
	same "$(entries_of ben)" "$before" 'and nothing of it is here'
	for n in 0 1 7 512; do
		head -c $n /dev/urandom >"$work/noise.fb"
		exits 3 "$n bytes of noise" fb ben bundle read "$work/noise.fb"
	done
	exits 5 'a stick that was pulled' fb ben bundle read "$work/not-there.fb"
	exits 5 'a directory' fb ben bundle read "$work"
}
an_old_stick_brings_nothing_back_and_takes_nothing_away() {
	write anna
	id=$(fb anna --json put case title=gammal | jq -r .id)
	fb anna --quiet bundle write "$work/old.fb"
	fb anna --quiet put case "$id" title=ny
	carry anna ben
	claim 'an old stick' fb ben --quiet bundle read "$work/old.fb"
	same "$(fb ben --json get "$id" | jq -r .fields.title)" ny 'does not bring back what was replaced'
}
a_stick_that_is_full_or_read_only_says_so_and_keeps_the_old_file() {
	mkdir -p "$work/stick"
	if ! mount -t tmpfs -o size=64k tmpfs "$work/stick" 2>/dev/null; then
		skip 8 'no right to mount a full stick'
		return
	fi
	mounted="${mounted:-} $work/stick"
	head -c 100 "$work/b.fb" >"$work/stick/b.fb"
	sum=$(cksum <"$work/stick/b.fb")
	exits 5 'a full stick' fb anna bundle write "$work/stick/b.fb"
	says 'o space' 'a full stick'
	same "$(cksum <"$work/stick/b.fb")" "$sum" 'the file that was there is as it was'
	same "$(ls "$work/stick" | wc -l)" 1 'and nothing lies beside it'
	mount -o remount,ro "$work/stick"
	exits 5 'a read-only stick' fb anna bundle write "$work/stick/c.fb"
	says 'only be read' 'a read-only stick'
	exits 3 'and what is on it can be read' fb ben bundle read "$work/stick/b.fb"
	umount "$work/stick"
	count disk:full
	count disk:read-only
}

scenario cut_at_any_length_a_bundle_is_known_for_it
scenario one_turned_bit_anywhere_is_noticed
scenario what_is_whole_of_a_torn_bundle_is_used_and_the_rest_asked_for
scenario a_bundle_of_others_is_refused_whole
scenario an_old_stick_brings_nothing_back_and_takes_nothing_away
scenario a_stick_that_is_full_or_read_only_says_so_and_keeps_the_old_file
ended "$ben_pid" TERM
same "$status" 0 'Ben ends well'
claim 'no bundle holds anything readable' "$tools/look" --texts "$work/markers" --home "$work/anna" --passphrase-file "$work/pass" "$work/b.fb" "$work/old.fb"
judge anna ben
audited ben
suite_done
