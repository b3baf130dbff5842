#!/bin/bash
# The system refuses: every call that writes, syncs, opens or renames fails, or is the program's last, once at each place.
. "$(dirname "$0")/lib.sh"
if ! strace -o /dev/null true 2>/dev/null; then
	skip 40 'strace may not trace here; the counted faults of the unit tests and the simulator do the same'
	suite_done
	exit
fi
found
claim 'ben is admitted' admitted ben advisor lund
for _ in 1 2 3; do write anna; done
quietly fb anna bundle write "$work/in.fb"
for i in $(seq 40); do echo "{\"t\":\"2021-03-01T10:00:00+01:00\",\"by\":\"x\",\"type\":\"case\",\"id\":\"$(printf '%032x' "$i")\",\"set\":{\"title\":\"rad $i\"}}"; done >"$work/trace.jsonl"

# What is tried, and how one sees that it has happened.
try_put() { "${front[@]}" "$bin/faltbok" --home "$work/t" --passphrase-file "$work/pass" --quiet put case "title=$1"; }
try_import() { "${front[@]}" "$bin/faltbok" --home "$work/t" --passphrase-file "$work/pass" --quiet import "$work/trace.jsonl"; }
try_read() { "${front[@]}" "$bin/faltbok" --home "$work/t" --passphrase-file "$work/pass" --quiet bundle read "$work/in.fb"; }
try_out() { "${front[@]}" "$bin/faltbok" --home "$work/t" --passphrase-file "$work/pass" --quiet bundle write "$work/out.fb"; }
try_backup() { rm -f "$work/out.backup"; "${front[@]}" "$bin/faltbok" --home "$work/t" --passphrase-file "$work/pass" --quiet backup "$work/out.backup"; }
try_passphrase() { "${front[@]}" "$bin/faltbok" --home "$work/t" --passphrase-file "$work/pass" --kdf interactive --quiet passphrase --new-passphrase-file "$work/newpass"; }
seen_put() { fb t --json list case --limit 9999 | jq -e --arg t "$1" '[.records[]|select(.fields.title==$t)]|length==1' >/dev/null; }
seen_import() { [ "$(fb t --json list case --limit 9999 | jq '[.records[]|select((.fields.title//""|tostring)|startswith("rad "))]|length')" = 40 ]; }
none_import() { [ "$(fb t --json list case --limit 9999 | jq '[.records[]|select((.fields.title//""|tostring)|startswith("rad "))]|length')" = 0 ]; }
seen_read() { titles t >"$work/t.titles"; [ -z "$(sort -u "$work/owed.anna" | comm -23 - "$work/t.titles")" ]; }
seen_out() { quietly fb ben bundle check "$work/out.fb"; }
seen_backup() { rm -rf "$work/restored"; quietly "$bin/faltbok" --home "$work/restored" --passphrase-file "$work/pass" restore "$work/out.backup"; }
seen_passphrase() { quietly "$bin/faltbok" --home "$work/t" --passphrase-file "$work/newpass" status; }
home_for() { case $1 in read) echo ben ;; *) echo anna ;; esac; }
echo 'sex helt andra ord' >"$work/newpass"

# Only calls on our own files: the loop's wake-up pipe and what is said to the terminal fail on no disk.
ours=()
for f in place keystore log.db log.db-wal place.new keystore.new keystore.next desk desk.new exchanges exchanges.new view.snap view.snap.new; do ours+=(-P "$work/t/$f"); done
for f in out.fb out.backup; do ours+=(-P "$work/$f" -P "$work/$f.new"); done
# at CALLS FAULT N OPERATION: the Nth of CALLS meets FAULT. $hit: was there an Nth at all?
at() {
	local calls=$1 fault=$2 n=$3 what=$4 rc=0
	rm -rf "$work/t" && cp -a "$work/$(home_for "$what")" "$work/t"
	rm -f "$work/out.fb"
	front=(strace -f -qq -o "$work/strace" "${ours[@]}" -e "trace=$calls" -e "inject=$calls:$fault:when=$n")
	"try_$what" "x$n$fault" >"$work/try.out" 2>"$work/try.err" || rc=$?
	front=()
	hit=$(grep -cE 'INJECTED|killed by SIGKILL' "$work/strace")
	[ "$rc" = 0 ] || plain "$rc" "$what with $calls:$fault:when=$n"
	count "call:${fault%%:*}"
	if [ "$rc" = 0 ]; then
		if "seen_$what" "x$n$fault"; then ok; else no "$what with $fault at number $n of $calls: acknowledged, and not there"; fi
	elif [ "$what" = import ]; then
		if none_import || seen_import; then ok; else no "import with $fault at number $n of $calls: there in part"; fi
	elif [ "$what" = passphrase ]; then
		if quietly fb t status || seen_passphrase; then ok; else no "passphrase with $fault at number $n of $calls: neither the old one nor the new one opens"; fi
	fi
	[ "$what" = passphrase ] || claim "after $what with $fault at number $n of $calls the home verifies" fb t verify
	case $rc in
	0 | [2-6] | 137) ok ;;
	*) no "$what with $fault at number $n of $calls: exit $rc" ;;
	esac
}
# every OPERATION CALLS FAULT: deep, each place until there is none; else some of them by chance.
every() {
	local what=$1 calls=$2 fault=$3 n=0 some_of
	if deep; then
		while n=$((n + 1)) && [ $n -le 400 ]; do at "$calls" "$fault" $n "$what"; [ "$hit" != 0 ] || break; done
	else
		for some_of in $((1 + $(below 6))); do at "$calls" "$fault" "$some_of" "$what"; done
	fi
}

a_sync_or_write_that_fails_is_never_called_saved() {
	for what in put import read out; do
		every $what fsync,fdatasync error=EIO
		every $what pwrite64,write error=ENOSPC
	done
	if deep; then
		for what in put import read out backup passphrase; do
			every $what pwrite64,write error=EIO
			every $what ftruncate error=EIO
			every $what rename,renameat2 error=EIO
		done
	fi
	every backup fsync,fdatasync error=EIO
	every passphrase fsync,fdatasync error=EIO
}
a_file_that_cannot_be_opened_is_said_in_words() {
	every put openat error=EIO
	every put openat error=EMFILE
	deep && every import openat error=ENOSPC && every out openat error=EROFS
	return 0
}
killed_at_any_write_it_is_as_if_it_had_not_begun_or_had_ended() {
	for what in put import read out backup passphrase; do
		every $what fsync,fdatasync signal=KILL
		{ deep || [ $what = import ]; } && every $what pwrite64,write signal=KILL
	done
	return 0
}

scenario a_sync_or_write_that_fails_is_never_called_saved
scenario a_file_that_cannot_be_opened_is_said_in_words
scenario killed_at_any_write_it_is_as_if_it_had_not_begun_or_had_ended
suite_done
