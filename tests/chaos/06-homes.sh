#!/bin/bash
# Homes on disks that are small, read-only, damaged, copied, put back and mixed up; other users; too little memory, too few files.
. "$(dirname "$0")/lib.sh"
found
for who in ben cia; do claim "$who is admitted" admitted $who advisor lund; done
for _ in 1 2 3; do write anna; done
carry anna ben
at_home() { local _h=$1; shift; "$bin/faltbok" --home "$_h" --passphrase-file "$work/pass" --kdf interactive "$@"; }

a_full_disk_refuses_and_loses_nothing_and_goes_on_when_there_is_room() {
	mkdir -p "$work/small"
	if ! mount -t tmpfs -o size=4m tmpfs "$work/small" 2>/dev/null; then skip 19 'no right to mount a small disk'; return; fi
	mounted="${mounted:-} $work/small"
	cp -a "$work/anna" "$work/small/anna"
	awk 'BEGIN { for (i = 1; i <= 6000; i++) printf "{\"t\":\"2021-03-01T10:00:00+01:00\",\"by\":\"x\",\"type\":\"case\",\"id\":\"%032x\",\"set\":{\"title\":\"full %d\"},\"note\":{\"id\":\"%032x\",\"text\":\"en längre anteckning, så att det blir fullt %d\"}}\n", i, i, i + 90000, i }' >"$work/full.jsonl"
	exits 5 'an import that fills the disk' at_home "$work/small/anna" import "$work/full.jsonl"
	says 'o space' 'a full disk'
	same "$(at_home "$work/small/anna" --json list case --limit 99999 | jq '[.records[]|select((.fields.title//""|tostring)|startswith("full"))]|length')" 0 'and nothing of it is there'
	start serve-small "$bin/faltbok" --home "$work/small/anna" --passphrase-file "$work/pass" --json serve --no-discovery --listen 127.0.0.1:0
	local small=$pid small_port=$port
	# Small writes until it is full: each that was acknowledged is there.
	dd if=/dev/zero of="$work/small/filler" bs=4k 2>/dev/null
	local n acked=0 refused=0
	for n in $(seq 12); do
		if try at_home "$work/small/anna" --quiet put case "title=trang$n"; then
			acked=$((acked + 1)); echo "trang$n" >>"$work/acked.small"
		else refused=$((refused + 1)); fi
		count disk:full
	done
	claim 'a disk without a byte refuses in words' test $refused -ge 1
	claim 'reading works on it' at_home "$work/small/anna" --json list case
	claim 'so does searching' at_home "$work/small/anna" --json search anteckning
	claim 'and taking out what is there, to another disk' at_home "$work/small/anna" --quiet export -o "$work/out.jsonl" --personal keep
	# Its node was running when the disk became full: the sync pauses, and goes on by itself once there is room.
	quietly fb ben --quiet put case title=till-den-trånga
	try fb ben --quiet sync --wait 5 --peer "127.0.0.1:$small_port" || true
	rm "$work/small/filler"
	claim 'with room again it takes what waits' until_true 120 try fb ben --quiet sync --wait 10 --peer "127.0.0.1:$small_port"
	claim 'and writes' at_home "$work/small/anna" --quiet put case title=trang-igen
	ended "$small" TERM
	same "$status" 0 'it ends well'
	# A node that starts while not a byte is left: it can be read, and goes on by itself as soon as there is room.
	dd if=/dev/zero of="$work/small/filler" bs=4k 2>/dev/null
	count disk:full
	start serve-full "$bin/faltbok" --home "$work/small/anna" --passphrase-file "$work/pass" --json serve --no-discovery --listen 127.0.0.1:0
	small=$pid small_port=$port
	claim 'started on a full disk it can be read' at_home "$work/small/anna" --json list case
	exits 5 'and refuses what it cannot save' at_home "$work/small/anna" put case title=trang-full
	quietly fb ben --quiet put case title=till-den-fulla
	rm "$work/small/filler"
	claim 'with room it takes what waits, without a restart' until_true 120 try fb ben --quiet sync --wait 10 --peer "127.0.0.1:$small_port"
	claim 'and writes again' until_true 120 at_home "$work/small/anna" --quiet put case title=trang-fri
	ended "$small" TERM
	same "$status" 0 'it ends well, too'
	at_home "$work/small/anna" --json list case --limit 99999 | jq -r '.records[].fields.title // empty' | sort -u >"$work/titles"
	same "$(sort -u "$work/acked.small" 2>/dev/null | comm -23 - "$work/titles" | wc -l)" 0 "of $acked acknowledged on the small disk, those not there"
	same "$(grep -cx 'till-den-trånga' "$work/titles")" 1 'what Ben had for it is there'
	same "$(grep -cxE 'till-den-fulla|trang-fri' "$work/titles")" 2 'also what he had for it when it started without room, and what it wrote then'
	same "$(grep -cx 'trang-full' "$work/titles")" 0 'and nothing of what it refused'
	claim 'it verifies' at_home "$work/small/anna" --quiet verify
	umount "$work/small"
}

# Where nobody may mount, folders and files that may not be written do as well, for all but root.
a_read_only_home_can_be_read_and_says_so() {
	local how=folder
	mkdir -p "$work/ro"
	if mount -t tmpfs -o size=16m tmpfs "$work/ro" 2>/dev/null; then how=disk mounted="${mounted:-} $work/ro"
	elif [ "$(id -u)" = 0 ]; then skip 5 'no right to mount a read-only disk'; return; fi
	cp -a "$work/anna" "$work/ro/anna"
	at_home "$work/ro/anna" --quiet status >/dev/null # the copy has found itself one
	if [ $how = disk ]; then mount -o remount,ro "$work/ro"; else chmod -R a-w "$work/ro"; fi
	count disk:read-only
	claim 'its records can be listed' at_home "$work/ro/anna" --json list case
	same "$(jq '.records|length' "$work/out")" 3 'all of them'
	claim 'it can be searched' at_home "$work/ro/anna" --json search anteckning
	exits 5 'nothing can be written' at_home "$work/ro/anna" put case title=x
	says 'only be read' 'and that is said'
	if [ $how = disk ]; then umount "$work/ro"; else chmod -R u+w "$work/ro"; fi
}

# Whose name cannot be read any more stands there by the beginning of an id: that is less, and not another name.
unnamed() { jq -cS 'del(.. | .by?, .member?)'; }
foreign_names() { # those that are neither of the team's nor the beginning of an id
	jq -r '.. | objects | .by?, .member? // empty' "$1" | sort -u | grep -vxE '[0-9a-f]{8}' | grep -vxFf <(echo "$reference" | jq -r '.. | objects | .by?, .member? // empty' | sort -u)
}

a_byte_that_rots_is_found_or_harmless_and_never_shown() {
	local n at size bad=0 found_it=0 rc
	write ben
	fb ben --quiet status
	claim 'the log is whole before' fb ben --quiet verify
	reference=$(fb ben --json list case --limit 9999 | jq -cS '.records')
	for n in $(seq "$(some 12 400)"); do
		rm -rf "$work/rot" && cp -a "$work/ben" "$work/rot"
		f=$([ -s "$work/rot/log.db-wal" ] && [ $((n % 3)) = 0 ] && echo log.db-wal || echo log.db)
		[ $((n % 7)) = 0 ] && f=keystore
		size=$(stat -c %s "$work/rot/$f")
		at=$(below "$size")
		byte=$(od -An -tu1 -j "$at" -N 1 "$work/rot/$f" | tr -d ' ')
		printf "\\x$(printf %02x $((byte ^ (1 << (n % 8)))))" | dd of="$work/rot/$f" bs=1 seek="$at" conv=notrunc 2>/dev/null
		count rot
		rc=0
		try at_home "$work/rot" --json list case --limit 9999 || rc=$?
		case $rc in
		0) # what is shown is what was written, or less and said so
			jq -cS '.records[]' "$work/try.out" >"$work/rot.shown"
			echo "$reference" | jq -cS '.[]' | sort >"$work/rot.true"
			lies=$(unnamed <"$work/rot.shown" | sort | comm -23 - <(unnamed <"$work/rot.true" | sort) | wc -l)
			[ "$lies" = 0 ] && ! foreign_names "$work/rot.shown" >/dev/null || { bad=$((bad + 1)); echo "  $f at $at: shows what nobody wrote"; }
			if [ "$(sort "$work/rot.shown" | comm -13 - "$work/rot.true" | wc -l)" != 0 ]; then
				found_it=$((found_it + 1))
				if quietly at_home "$work/rot" --quiet verify; then bad=$((bad + 1)); echo "  $f at $at: less is shown, and verify is content"; fi
			fi
			;;
		3 | 4 | 5) found_it=$((found_it + 1)) ;;
		*) bad=$((bad + 1)); echo "  $f at $at: exit $rc" ;;
		esac
	done
	same $bad 0 "of $n rotten bytes, those that were shown, hidden in silence or not survived ($found_it noticed, the rest harmless)"
}

a_copy_that_is_not_complete_is_noticed_and_filled_by_others() {
	local f
	write anna
	carry anna ben
	# Without the file that holds what was written last.
	rm -rf "$work/half" && kill_copy anna half
	before=$(entries_of anna)
	rm -f "$work/half/log.db-wal" "$work/half/log.db-shm"
	count mispaired
	try at_home "$work/half" --json status || true
	if jq -e .entries "$work/try.out" >/dev/null 2>&1; then
		claim 'what it lacks comes back from Ben' filled_from_ben half
	else
		ok # refused with a sentence, which all_plain looks at
	fi
	# Files of two homes of one day and of two days mixed.
	rm -rf "$work/mix" && cp -a "$work/anna" "$work/mix" && cp "$work/ben/log.db" "$work/mix/log.db" && cp "$work/ben/log.db-wal" "$work/mix/log.db-wal" 2>/dev/null
	count mispaired
	try at_home "$work/mix" --json status || true
	claim 'a home with the log of another: reading it does no harm' sh -c "! grep -qi 'assert' '$work/try.err'"
	rm -rf "$work/mix" && cp -a "$work/anna" "$work/mix" && cp "$work/ben/keystore" "$work/mix/keystore"
	count mispaired
	try at_home "$work/mix" --quiet put case title=blandad || true
	rm -rf "$work/mix" && cp -a "$work/anna" "$work/mix" && rm "$work/mix/log.db"
	try at_home "$work/mix" --json status || true
	rm -rf "$work/mix" && cp -a "$work/anna" "$work/mix" && rm "$work/mix/keystore"
	exits 2 'a home without its keystore' at_home "$work/mix" status
	claim 'the homes they came from are as they were' fb anna --quiet verify
}
# kill_copy FROM TO: a copy of a home in use, its log not folded into the database
kill_copy() {
	start serve-copied node "$1" --json serve --no-discovery --listen 127.0.0.1:0
	local p=$pid
	write "$1"
	cp -a "$work/$1" "$work/$2"
	ended "$p" KILL
}
filled_from_ben() {
	carry anna ben
	quietly fb ben bundle write "$work/stick.fb" && quietly at_home "$work/$1" bundle read "$work/stick.fb"
	titles "$1" >"$work/t"
	[ -z "$(sort -u "$work/owed.anna" | comm -23 - "$work/t")" ]
}

two_copies_of_a_home_both_write_and_nothing_is_lost() {
	local n
	for n in $(seq "$(some 1 10)"); do
		rm -rf "$work/twin" && cp -a "$work/ben" "$work/twin"
		count copied
		cp "$work/owed.ben" "$work/owed.twin" 2>/dev/null
		write ben; write twin; write ben; write twin
		carry ben anna; carry twin anna; carry anna ben; carry anna twin
		owed_by ben anna twin
		owed_by twin anna ben
		same "$(fb anna --json status | jq -c .forks)" '[]' 'and no fork comes of it'
		agree anna ben twin
		cat "$work/owed.twin" >>"$work/owed.ben"
	done
	rm -rf "$work/twin" "$work/owed.twin"
}
a_home_that_is_put_back_gets_its_notes_again() {
	local n
	for n in $(seq "$(some 1 10)"); do
		carry ben anna
		rm -rf "$work/image" && cp -a "$work/ben" "$work/image"
		write ben; write ben
		carry ben anna
		put_back_in_place "$work/image" "$work/ben"
		count put-back
		carry anna ben
		owed_by ben ben anna
		write ben
		carry ben anna
		owed_by ben anna
		agree anna ben
		claim 'it verifies' fb ben --quiet verify
	done
}

put_back_in_place() { # IMAGE HOME: as a snapshot is resumed: the same files, the same place
	for f in "$1"/*; do [ -f "$f" ] && cat "$f" >"$2/${f##*/}"; done
	for f in "$2"/*; do [ -e "$1/${f##*/}" ] || rm -f "$f"; done
}

# What the power tears is the sector being written, behind what was synced: noise of any length there, and a frame of the log cut in two with its header whole.
a_torn_end_of_the_log_loses_nothing_that_was_saved() {
	rm -rf "$work/torn" "$work/image" && cp -a "$work/anna" "$work/torn"
	quietly at_home "$work/torn" status # it has settled in its place
	start serve-torn "$bin/faltbok" --home "$work/torn" --passphrase-file "$work/pass" --json serve --no-discovery --listen 127.0.0.1:0
	local torn_pid=$pid n wal
	for n in 1 2 3 4 5; do quietly at_home "$work/torn" put case "title=sliten$n"; done
	kill -9 "$torn_pid"; wait "$torn_pid" 2>/dev/null
	cp -a "$work/torn" "$work/image"
	wal=$(stat -c %s "$work/torn/log.db-wal" 2>/dev/null || echo 0)
	claim 'what was saved stands in the log that is written ahead' test "$wal" -gt 4096
	for n in 1 23 24 511 512 4096 4119 4120 $((RANDOM % 9000 + 1)); do
		put_back_in_place "$work/image" "$work/torn"
		{ dd if="$work/image/log.db-wal" bs=1 skip=32 count=$((n < 24 ? n : 24)) status=none; head -c "$n" /dev/urandom; } >>"$work/torn/log.db-wal"
		count disk:torn
		same "$(at_home "$work/torn" --json list case --limit 99999 | jq '[.records[]|select((.fields.title//""|tostring)|startswith("sliten"))]|length')" 5 "with $n bytes of noise behind it all five are there"
		claim 'and it verifies' at_home "$work/torn" --quiet verify
	done
	printf 'sliten%s\n' 1 2 3 4 5 >>"$work/markers"
	claim 'it writes on' at_home "$work/torn" --quiet put case title=hel
	rm -rf "$work/torn"
}

# A virtual machine that is resumed twice has the same memory twice, and with it the random numbers that come next. Here it is the kernel's call that gives
# the same ones, to a home that is the same to the byte and in the same place: author, number and all that is drawn are equal, only the text is not.
what_a_resumed_machine_draws_again_seals_no_other_text_under_the_same_key() {
	printf '%s\n' '#include <sys/types.h>' 'ssize_t getrandom(void *p, size_t n, unsigned flags);' 'ssize_t getrandom(void *p, size_t n, unsigned flags) {' \
		'static unsigned long x = 88172645463325252u; (void)flags;' 'for (size_t i = 0; i < n; i++) { x ^= x << 13; x ^= x >> 7; x ^= x << 17; ((unsigned char *)p)[i] = (unsigned char)x; }' \
		'return (ssize_t)n; }' >"$work/stuck.c"
	gcc -shared -fPIC -o "$work/stuck.so" "$work/stuck.c"
	rm -rf "$work/image" && cp -a "$work/anna" "$work/image"
	local n
	for n in first second; do
		LD_PRELOAD="$work/stuck.so" fb anna --json put case "title=den $n" --note "text ur den $n" | jq -r .id >"$work/drawn.$n"
		# payload = [epoch: bin16, salt: bin24, …] (proto/vault.md): the salt is the nonce, and every key hangs on it.
		sqlite3 "$work/anna/log.db" "SELECT substr(hex(payload), 43, 48) FROM entry WHERE hex(substr(payload, 1, 3)) = '93C410'" | sort >"$work/salts.$n"
		put_back_in_place "$work/image" "$work/anna"
		count random-stuck
	done
	same "$(cat "$work/drawn.first")" "$(cat "$work/drawn.second")" 'the numbers came again: both cases have one id'
	sqlite3 "$work/anna/log.db" "SELECT substr(hex(payload), 43, 48) FROM entry WHERE hex(substr(payload, 1, 3)) = '93C410'" | sort >"$work/salts.before"
	claim 'each wrote something' test "$(comm -13 "$work/salts.before" "$work/salts.first" | wc -l)" -ge 1 -a "$(comm -13 "$work/salts.before" "$work/salts.second" | wc -l)" -ge 1
	same "$(comm -12 "$work/salts.first" "$work/salts.second" | comm -13 "$work/salts.before" - | wc -l)" 0 'and not under one nonce'
	claim 'the home verifies' fb anna --quiet verify
}

another_user_of_this_computer_gets_nothing() {
	if ! command -v setpriv >/dev/null || [ "$(id -u)" != 0 ] || ! setpriv --reuid 1001 --regid 1001 --clear-groups true 2>/dev/null; then skip 12 'not root: nobody else to be'; return; fi
	local other="setpriv --reuid 1001 --regid 1001 --clear-groups" node_pid url
	start serve-anna node anna --json serve --no-discovery --listen 127.0.0.1:0 --http 127.0.0.1:0
	node_pid=$pid
	url=$(jq -r .http "$work/serve-anna.out")
	chmod 755 "$work"
	for f in keystore log.db control.sock place; do
		claim "$f is not his to open" sh -c "! $other cat '$work/anna/$f' 2>/dev/null"
	done
	claim 'nor to list' sh -c "! $other ls '$work/anna' 2>/dev/null"
	claim 'nor the memory of the process' sh -c "! $other cat /proc/$node_pid/mem /proc/$node_pid/environ /proc/$node_pid/maps 2>/dev/null | grep -q ."
	claim 'no token and no passphrase in what everybody may read of it' sh -c "! tr '\\0' ' ' </proc/$node_pid/cmdline | grep -qF -e '${url##*[/=#]}' -e \"\$(cat '$work/pass')\""
	exits 2 'his command line is refused' $other "$bin/faltbok" --home "$work/anna" --passphrase-file /dev/null status
	same "$($other curl -s -o /dev/null -w '%{http_code}' -X POST -H 'Content-Type: application/json' -d '{}' "$(echo "$url" | grep -oE '^http://[^/]*')/api/v1/status" 2>/dev/null || true)" 401 'without the token the page refuses him'
	# Even where somebody has opened the directory and the socket to everyone, the kernel says who asks.
	chmod 755 "$work/anna" && chmod 777 "$work/anna/control.sock"
	count other-user
	same "$(printf '{"op":"status"}\n' | timeout 5 $other nc -N -U "$work/anna/control.sock" 2>/dev/null | wc -c)" 0 'bytes that the control socket gives another user'
	same "$(printf '{"op":"status"}\n' | timeout 5 nc -N -U "$work/anna/control.sock" 2>/dev/null | wc -c | awk '{ print ($1 > 100) }')" 1 'while it answers its own'
	chmod 700 "$work/anna"
	ended "$node_pid" TERM
	# And a command line gives nothing to a process of somebody else that pretends to be the node.
	mkdir "$work/false" && chmod 777 "$work/false"
	cp "$work/ben/keystore" "$work/false/"
	$other timeout 20 nc -l -U "$work/false/control.sock" >"$work/overheard" 2>/dev/null &
	local liar=$!
	background="$background $liar"
	until_true 120 test -S "$work/false/control.sock"
	fresh; cp "$work/mark" "$work/secret-mark"
	timeout 10 "$bin/faltbok" --home "$work/false" --passphrase-file "$work/pass" --quiet put case "title=$(cat "$work/secret-mark")" >/dev/null 2>"$work/err"
	same "$(wc -c <"$work/overheard")" 0 'bytes that a false node is told'
	kill $liar 2>/dev/null; wait $liar 2>/dev/null
}

a_process_that_dies_leaves_no_memory_behind() {
	(
		ulimit -c unlimited
		cd "$work" || exit
		exec "$bin/faltbok" --home "$work/anna" --passphrase-file "$work/pass" --json serve --no-discovery --listen 127.0.0.1:0
	) >"$work/serve-core.out" 2>/dev/null &
	local p=$!
	background="$background $p"
	until_true 120 test -s "$work/serve-core.out"
	quietly fb anna --json list case
	kill -ABRT $p; wait $p 2>/dev/null
	count signal:ABRT
	same "$(find "$work" /var/crash -maxdepth 2 -name 'core*' -newer "$work/serve-core.out" 2>/dev/null | wc -l)" 0 'core files'
	claim 'the home opens again' fb anna --quiet verify
}

with_too_little_memory_it_refuses_and_harms_nothing() {
	local kb rc acked=0
	for kb in 20000 40000 80000 120000 160000 $(deep && seq 24000 4000 240000) 400000; do
		fresh
		rc=0
		try prlimit --as=$((kb * 1024)) "$bin/faltbok" --home "$work/cia" --passphrase-file "$work/pass" --quiet put case "title=$(cat "$work/mark")" || rc=$?
		count memory
		case $rc in
		0) echo "$(cat "$work/mark")" >>"$work/owed.cia"; acked=$((acked + 1)) ;;
		127) sed -i '/exit 127/d' "$work/not-plain" 2>/dev/null; [ -s "$work/not-plain" ] || rm -f "$work/not-plain" ;; # it could not even be loaded
		[2-6]) ;;
		*) no "with $kb KiB of memory: exit $rc" ;;
		esac
	done
	claim 'with enough of it, it writes' test $acked -ge 1
	owed_by cia cia
}

with_few_files_it_serves_whom_it_can_and_goes_on() {
	local held=() n
	start serve-few prlimit --nofile=64 "$bin/faltbok" --home "$work/anna" --passphrase-file "$work/pass" --json serve --no-discovery --listen 127.0.0.1:0
	local few=$pid few_port=$port
	for n in $(seq 90); do { exec {fd}<>"/dev/tcp/127.0.0.1/$few_port"; } 2>/dev/null && held+=("$fd"); done
	count files
	write anna
	for fd in "${held[@]}"; do exec {fd}>&-; done
	claim 'when they have gone, a member is served' until_true 60 try fb ben --quiet sync --wait 5 --peer "127.0.0.1:$few_port"
	same "$(awk '{ print $3 }' "/proc/$few/stat")" S 'and it does not spin'
	ended "$few" TERM
	same "$status" 0 'it ends well'
	owed_by anna anna ben
}

only_one_process_has_a_home_and_a_name_that_does_not_resolve_holds_up_nothing() {
	start serve-one node anna --json serve --no-discovery --listen '[::1]:0' --peer namnet.finns.inte.invalid:7046
	local one=$pid one_port=$port
	exits 4 'a second one' fb anna serve
	says "$one" 'it names the process'
	write anna
	claim 'over IPv6 alone' fb ben --quiet sync --peer "[::1]:$one_port"
	ended "$one" TERM
	same "$status" 0 'it ends well'
	owed_by anna ben
}

a_passphrase_mistyped_in_any_way_harms_nothing() {
	local sum n
	sum=$(cksum <"$work/ben/keystore")
	right=$(cat "$work/pass")
	typos=("" " " "${right^^}" "${right^}" "$right " " $right" "${right/ /}" "${right//a/ä}" "${right%?}" "${right:1}" "$right$right" "${right// /  }" "${right/v/w}" "${right//o/0}" "$(printf 'fem vanliga ord om vintern\001')" "$(head -c 100000 /dev/zero | tr '\0' x)" "'" '"' '$(id)' "$(printf 'fem\nvanliga')" "‮$right" "${right// /$(printf '\302\240')}")
	for n in "${!typos[@]}"; do
		printf '%s\n' "${typos[$n]}" >"$work/typo"
		rc=0
		try "$bin/faltbok" --home "$work/ben" --passphrase-file "$work/typo" --json status || rc=$?
		case $rc in
		4 | 1 | 2) ;;
		0) [ "${typos[$n]% }" = "$right" ] || [ "${typos[$n]}" = "$right " ] || [ "${typos[$n]}" = " $right" ] || no "typo $n opens the home" ;;
		*) no "typo $n: exit $rc" ;;
		esac
		count typo
	done
	same "$(cksum <"$work/ben/keystore")" "$sum" 'the keystore after all of them'
	claim 'the right one opens' fb ben --quiet status
	# Damage is not called a wrong passphrase.
	rm -rf "$work/hurt" && cp -a "$work/ben" "$work/hurt"
	printf '\377' | dd of="$work/hurt/keystore" bs=1 seek=20 conv=notrunc 2>/dev/null
	exits 3 'a keystore with a damaged head' at_home "$work/hurt" status
}

a_home_of_a_later_version_is_left_alone() {
	rm -rf "$work/newer" && cp -a "$work/ben" "$work/newer"
	fb ben --quiet status
	quietly at_home "$work/newer" --quiet status
	sqlite3 "$work/newer/log.db" 'PRAGMA user_version = 4711' >/dev/null
	sum=$(cksum <"$work/newer/log.db")
	rc=0
	try at_home "$work/newer" --quiet put case title=x || rc=$?
	claim 'it is refused' test $rc -ge 2
	claim 'with what to do' grep -qi 'version' "$work/try.err"
	same "$(cksum <"$work/newer/log.db")" "$sum" 'and not a byte of it is changed'
}

scenario a_full_disk_refuses_and_loses_nothing_and_goes_on_when_there_is_room
scenario a_read_only_home_can_be_read_and_says_so
scenario a_byte_that_rots_is_found_or_harmless_and_never_shown
scenario a_copy_that_is_not_complete_is_noticed_and_filled_by_others
scenario two_copies_of_a_home_both_write_and_nothing_is_lost
scenario a_home_that_is_put_back_gets_its_notes_again
scenario a_torn_end_of_the_log_loses_nothing_that_was_saved
scenario what_a_resumed_machine_draws_again_seals_no_other_text_under_the_same_key
scenario another_user_of_this_computer_gets_nothing
scenario a_process_that_dies_leaves_no_memory_behind
scenario with_too_little_memory_it_refuses_and_harms_nothing
scenario with_few_files_it_serves_whom_it_can_and_goes_on
scenario only_one_process_has_a_home_and_a_name_that_does_not_resolve_holds_up_nothing
scenario a_passphrase_mistyped_in_any_way_harms_nothing
scenario a_home_of_a_later_version_is_left_alone
carry anna ben; carry cia ben; carry ben anna; carry ben cia
owed_by cia anna
agree anna ben cia
judge anna ben cia
audited anna
suite_done
