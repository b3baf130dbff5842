#!/bin/bash
# Programs are killed, stopped and told to end at any moment, whatever they are doing. What was said to be saved is there.
. "$(dirname "$0")/lib.sh"
found
for who in ben cia; do claim "$who is admitted" admitted $who advisor lund; done
base="$work/pass"
program() { local _h=$1; shift; exec "$bin/faltbok" --home "$work/$_h" --passphrase-file "$base" --quiet "$@"; }
# lines HOME N: a trace of N lines with markers, in $work/lines.jsonl, ids of their own
trace_no=0
lines() {
	trace_no=$((trace_no + 1))
	awk -v n="$1" -v s="$SEED" -v t="$trace_no" 'BEGIN { for (i = 1; i <= n; i++)
		printf "{\"t\":\"2021-03-01T10:00:00+01:00\",\"by\":\"x\",\"type\":\"case\",\"id\":\"%024x%04x%04x\",\"set\":{\"title\":\"T%dx%dx%d\"},\"note\":{\"id\":\"%024x%04x%04x\",\"text\":\"text T%dx%dx%d\"}}\n", s, t, i, s, t, i, s + 1, t, i, s, t, i }' >"$work/lines.jsonl"
	echo "T${SEED}x${trace_no}x1" >>"$work/markers"
}
imported() { fb "$1" --json list case --limit 99999 | jq "[.records[]|select((.fields.title // \"\")|tostring|startswith(\"T${SEED}x${2}x\"))]|length"; }
# struck SIGNAL MILLISECONDS COMMAND…: in a process of its own, which gets the signal after so long. $status
struck() {
	local _sig=$1 _ms=$2
	shift 2
	"$@" >"$work/try.out" 2>"$work/try.err" &
	pid=$!
	sleep "$(printf '0.%03d' "$_ms")"
	kill "-$_sig" $pid 2>/dev/null
	wait $pid 2>/dev/null
	status=$?
	count "signal:$_sig"
	[ "$status" = 0 ] || plain "$status" "$*"
}

a_write_that_is_killed_is_there_or_not_and_saved_means_there() {
	for _ in $(seq "$(some 8 200)"); do
		fresh
		m=$(cat "$work/mark")
		echo "$m" >>"$work/markers"
		struck KILL "$(below 130)" program anna put case "title=$m" --note "anteckning $m"
		[ "$status" = 0 ] && echo "$m" >>"$work/owed.anna"
	done
	write anna
	owed_by anna anna
}

an_import_that_is_killed_is_there_whole_or_not_at_all() {
	local n whole=0
	for _ in $(seq "$(some 2 60)"); do
		lines 60
		struck KILL "$(below 260)" program anna import "$work/lines.jsonl"
		n=$(imported anna $trace_no)
		if [ "$n" = 0 ] || [ "$n" = 60 ]; then ok; else no "an import that was killed: $n of 60 lines are there"; fi
		[ "$status" != 0 ] || same "$n" 60 'an import that ended well'
		[ "$n" = 60 ] && whole=$((whole + 1))
		[ "$n" = 60 ] || claim 'it is made good by doing it again' fb anna --quiet import "$work/lines.jsonl"
		same "$(imported anna $trace_no)" 60 'then all of it is there, once'
	done
}

a_bundle_that_is_killed_while_written_is_the_old_one_or_the_new_one() {
	rm -f "$work/kill.fb"
	fb anna --quiet bundle write "$work/kill.fb"
	for _ in $(seq "$(some 2 80)"); do
		write anna
		struck KILL "$(below 160)" program anna bundle write "$work/kill.fb"
		claim 'the file on the stick is whole' fb ben bundle check "$work/kill.fb"
	done
	for _ in $(seq "$(some 2 80)"); do
		write anna
		fb anna --quiet bundle write "$work/kill.fb"
		struck KILL "$(below 200)" program ben bundle read "$work/kill.fb"
		claim 'who was killed reading opens again' fb ben --quiet status
	done
	claim 'and reads it to the end' fb ben --quiet bundle read "$work/kill.fb"
	owed_by anna ben
}

an_erasure_that_is_killed_is_finished_by_the_next_try() {
	admitted dora coordinator lund >/dev/null || no 'a second coordinator'
	for _ in $(seq "$(some 2 30)"); do
		m="RADERASMICH$SEED$RANDOM"
		id=$(fb anna --json put case "title=$m" --note "hemligt $m" | jq -r .id)
		request=$(fb anna --json erase "$id" --reason 'besökaren bad om det' | jq -r .request)
		carry anna dora
		struck KILL "$(below 220)" program dora erase approve "$request"
		quietly fb dora erase approve "$request"
		same "$(fb dora --json search "$m" | jq '.records|length')" 0 'what was erased is found no more'
		carry dora anna
		same "$(fb anna --json search "$m" | jq '.records|length')" 0 'nor by who asked'
		claim 'and stands in no file' "$tools/look" --text "$m" "$work/dora" "$work/anna"
		claim 'dora verifies' fb dora verify
	done
}

nodes_killed_and_stopped_while_they_sync_lose_nothing() {
	local ports who i sig
	start serve-anna node anna --json serve --no-discovery --listen 127.0.0.1:0
	local anna_pid=$pid anna_port=$port
	start serve-ben node ben --json serve --no-discovery --listen 127.0.0.1:0 --peer "127.0.0.1:$anna_port"
	local ben_pid=$pid
	for i in $(seq "$(some 5 120)"); do
		write anna; write ben; write anna
		case $(below 4) in
		0) sig=KILL who=anna ;;
		1) sig=KILL who=ben ;;
		*) sig=STOP who=$([ "$(below 2)" = 0 ] && echo anna || echo ben) ;;
		esac
		count "signal:$sig"
		eval "victim=\$${who}_pid"
		kill -$sig "$victim"
		if [ $sig = STOP ]; then
			# The other one goes on meanwhile: nobody waits for a peer that stands still.
			[ $who = anna ] && write ben || write anna
			kill -CONT "$victim"
		else
			wait "$victim" 2>/dev/null
			if [ $who = anna ]; then
				start serve-anna node anna --json serve --no-discovery --listen "127.0.0.1:$anna_port" && anna_pid=$pid
			else
				start serve-ben node ben --json serve --no-discovery --listen 127.0.0.1:0 --peer "127.0.0.1:$anna_port" && ben_pid=$pid
			fi
		fi
	done
	claim 'they come into step again by themselves' until_true 90 alike anna ben
	owed_by anna anna ben
	owed_by ben anna ben
	agree anna ben
	ended "$anna_pid" TERM; same "$status" 0 'anna ends well'
	ended "$ben_pid" TERM; same "$status" 0 'ben ends well'
}

told_to_end_at_any_moment_a_node_ends_by_itself_with_exit_0() {
	local most=0 from took i
	for i in $(seq "$(some 4 200)"); do
		start serve-anna node anna --json serve --no-discovery --listen 127.0.0.1:0
		local anna_pid=$pid
		lines 80
		case $((i % 3)) in
		0) fb anna --quiet import "$work/lines.jsonl" >/dev/null 2>&1 & ;;
		1) fb cia --quiet sync --peer "127.0.0.1:$port" >/dev/null 2>&1 & ;;
		2) fb anna --quiet bundle write "$work/term$i.fb" >/dev/null 2>&1 & ;;
		esac
		local busy=$!
		sleep "$(printf '0.%03d' "$(below 200)")"
		from=$(date +%s%N)
		ended "$anna_pid" TERM
		took=$((($(date +%s%N) - from) / 1000000))
		[ $took -le $most ] || most=$took
		same "$status" 0 'a node that is told to end'
		wait $busy 2>/dev/null
		count signal:TERM
	done
	echo "  (the slowest took $most ms)"
	owed_by anna anna
	claim 'the one who called is well' fb cia verify
}

scenario a_write_that_is_killed_is_there_or_not_and_saved_means_there
scenario an_import_that_is_killed_is_there_whole_or_not_at_all
scenario a_bundle_that_is_killed_while_written_is_the_old_one_or_the_new_one
scenario an_erasure_that_is_killed_is_finished_by_the_next_try
scenario nodes_killed_and_stopped_while_they_sync_lose_nothing
scenario told_to_end_at_any_moment_a_node_ends_by_itself_with_exit_0
judge anna ben
audited anna
suite_done
