#!/bin/bash
# Wires that cut, turn, swap, delay, double, fall silent: through a proxy that a seed leads.
. "$(dirname "$0")/lib.sh"
found
for who in ben cia; do claim "$who is admitted" admitted $who advisor lund; done
claim 'there is a hub' admitted hub hub
start serve-anna node anna --json serve --no-discovery --listen 127.0.0.1:0
anna_pid=$pid anna_port=$port to=127.0.0.1:$port
one_round() { try "$bin/faltbok" --home "$work/$1" --passphrase-file "$work/pass" --quiet sync --wait 20 --peer "127.0.0.1:$2"; }

# through WORDS FAULT…: rounds over a proxy with this fault, until it has struck; then one without.
through() {
	local what=$1 rounds proxy_pid proxy_port
	shift
	for rounds in $(seq "$(some 2 25)"); do
		write anna; write ben
		proxied --first 1 "$@" || return
		proxy_pid=$pid proxy_port=$port
		one_round ben "$proxy_port" # may fail, in one sentence
		if one_round ben "$proxy_port"; then ok; else no "$what: the round after it"; fi
		claim "$what: then they are in step" alike anna ben
		proxy_counts "$proxy_pid"
	done
	claim "$what: ben verifies" fb ben --quiet verify
}
a_meeting_cut_at_any_byte_is_finished_by_the_next() { through 'cut at a byte' --cut '~6000'; through 'cut in the handshake' --cut '~208'; }
a_byte_turned_or_swapped_ends_the_link_and_harms_nobody() { through 'a bit turned' --flip '~4000'; through 'bytes swapped' --swap '~4000'; }
a_slow_wire_is_only_slow() { through 'late' --delay 30; through 'narrow' --throttle 60000; }
a_first_message_that_comes_twice_is_answered_once() {
	local p
	write anna
	proxied --replay
	p=$pid
	for _ in $(seq "$(some 3 40)"); do write ben; one_round ben "$port"; done
	claim 'what was played again was played' sleep 0.5
	until_true 10 false_after_replays "$p"
	proxy_counts "$p"
	same "$(tail -n 1 "$work/proxy.out" | jq -c '[.replays>0,.echoed]')" '[true,0]' 'bytes that replays were answered with'
	write anna; write ben
	proxied --first 2 --duplicate
	p=$pid
	one_round ben "$port"; one_round ben "$port"; one_round ben "$port"
	claim 'a doubled connection disturbs nobody' alike anna ben
	proxy_counts "$p"
}
false_after_replays() { sleep 2; return 0; } # what a replay is answered with is counted for a second and a half

# Valid work without end: handshakes, comparisons, signatures, from a device that may. Who else calls meanwhile is served.
a_member_that_calls_without_pause_keeps_nobody_out() {
	local calls=0 n
	touch "$work/calling"
	(
		while [ -e "$work/calling" ]; do
			quietly fb ben --quiet put case title=rop
			quietly fb ben --quiet sync --wait 8 --peer "127.0.0.1:$anna_port" && echo x >>"$work/calls"
		done
	) &
	local caller=$!
	for n in $(seq "$(some 3 20)"); do
		write cia; write anna
		claim 'meanwhile Cia meets Anna' one_round cia "$anna_port"
		owed_by anna cia
		owed_by cia anna
	done
	claim 'and Ben was not kept out' until_true 60 test -s "$work/calls"
	rm "$work/calling"
	wait $caller
	calls=$(wc -l <"$work/calls")
	count calls "$calls"
}
a_link_that_falls_silent_holds_up_nobody_else() {
	local p
	write ben
	proxied --blackhole '~3000'
	p=$pid
	fb ben --quiet sync --wait 8 --peer "127.0.0.1:$port" >/dev/null 2>"$work/try.err" &
	local silent=$!
	write anna
	claim 'meanwhile another one meets Anna' one_round cia "$anna_port"
	owed_by anna cia
	wait $silent 2>/dev/null
	plain $? 'a silent link'
	proxy_counts "$p"
	proxied --half-open '~2000'
	p=$pid
	fb ben --quiet sync --wait 8 --peer "127.0.0.1:$port" >/dev/null 2>"$work/try.err" &
	silent=$!
	claim 'nor does a half-open one' one_round cia "$anna_port"
	wait $silent 2>/dev/null
	plain $? 'a half-open link'
	proxy_counts "$p"
	claim 'then Ben is served' one_round ben "$anna_port"
}

nodes_over_a_bad_wire_keep_coming_back_by_themselves() {
	local p n=$(some 6 40)
	proxied --cut '~9000' --first "$(some 4 30)"
	p=$pid
	start serve-ben node ben --json serve --no-discovery --listen 127.0.0.1:0 --peer "127.0.0.1:$port"
	local ben_pid=$pid
	for _ in $(seq "$n"); do write anna; write ben; done
	claim 'they are in step in the end' until_true 180 alike anna ben
	ended "$ben_pid" TERM
	same "$status" 0 'Ben ends well'
	proxy_counts "$p"
	owed_by ben anna
	owed_by anna ben
}

strangers_in_crowds_get_nothing_and_hold_up_nobody() {
	local n held=() fds fds_then
	ulimit -Sn "$(ulimit -Hn)" # as the service file does; the whole run holds thousands
	start serve-hub "$bin/faltbok-hub" --home "$work/hub" --passphrase-file "$work/pass" --json serve --no-discovery --listen 127.0.0.1:0
	local hub_pid=$pid hub_port=$port
	claim 'Anna meets the hub' fb anna --quiet sync --peer "127.0.0.1:$hub_port"
	fds=$(ls "/proc/$hub_pid/fd" 2>/dev/null | wc -l)
	for n in $(seq "$(some 150 4000)"); do
		{ exec {fd}<>"/dev/tcp/127.0.0.1/$hub_port"; } 2>/dev/null || break
		held+=("$fd")
		case $((n % 3)) in
		0) printf 'x' >&"$fd" ;;
		1) head -c $((RANDOM % 47 + 1)) /dev/urandom >&"$fd" ;;
		esac 2>/dev/null
	done
	echo "${#held[@]} strangers are at the door"
	count connections "${#held[@]}"
	claim "with ${#held[@]} of them at the door" test "${#held[@]}" -ge 100
	write cia
	claim 'a member is served' one_round cia "$hub_port"
	for fd in "${held[@]}"; do exec {fd}>&-; done
	claim 'the hub lets go of them' until_true 60 fewer_than "$hub_pid" $((fds + 5))
	write ben
	claim 'and serves' one_round ben "$hub_port"
	ended "$hub_pid" TERM
	same "$status" 0 'the hub ends well'
	claim 'the hub verifies' hub verify
}
fewer_than() { [ "$(ls "/proc/$1/fd" | wc -l)" -le "$2" ]; }

# At this address: where the hub was met before has a row of its own.
linked_at() { [ "$(fb ben --json hubs | jq --arg at "$1" '.hubs[]|select(.address == $at)|.linked')" = "$2" ]; }
stands() { [ "$(fb ben --json status | jq -c '[.custody.only_here > 0, (.peers[]|select(.name == "hub")|.in_step)]')" = "$1" ]; }
# The kernel goes on taking bytes for a process that was stopped: only its silence tells.
a_peer_behind_a_websocket_that_is_stopped_is_given_up_and_found_again() {
	local hub_pid ben_pid at began
	start serve-hub-ws "$bin/faltbok-hub" --home "$work/hub" --passphrase-file "$work/pass" --json serve --no-discovery --not-restored --listen ws://127.0.0.1:0/faltbok
	hub_pid=$pid at=ws://127.0.0.1:$(jq -r .ws_port "$work/serve-hub-ws.out")/faltbok
	start serve-ben-ws node ben --json serve --no-discovery --listen 127.0.0.1:0 --peer "$at"
	ben_pid=$pid
	claim 'Ben is linked to the hub' until_true 60 linked_at "$at" true
	claim 'and in step with it' until_true 60 stands '[false,true]'
	kill -STOP "$hub_pid"
	began=$SECONDS
	write ben
	claim 'what is written now is only here, and the hub is said to lack it' stands '[true,false]'
	claim 'its silence ends the link' until_true 240 linked_at "$at" false
	count stopped-behind-websocket
	echo "given up after $((SECONDS - began)) seconds of silence"
	claim 'it is still only here' stands '[true,false]'
	kill -CONT "$hub_pid"
	claim 'the hub goes on, and is found' until_true 180 linked_at "$at" true
	claim 'and has what it lacked' until_true 60 stands '[false,true]'
	ended "$ben_pid" TERM
	same "$status" 0 'Ben ends well'
	ended "$hub_pid" TERM
	same "$status" 0 'the hub ends well'
}

# First: as yet Ben knows no address but the hub's.
scenario a_peer_behind_a_websocket_that_is_stopped_is_given_up_and_found_again
scenario a_meeting_cut_at_any_byte_is_finished_by_the_next
scenario a_byte_turned_or_swapped_ends_the_link_and_harms_nobody
scenario a_slow_wire_is_only_slow
scenario a_first_message_that_comes_twice_is_answered_once
scenario a_link_that_falls_silent_holds_up_nobody_else
scenario nodes_over_a_bad_wire_keep_coming_back_by_themselves
scenario a_member_that_calls_without_pause_keeps_nobody_out
scenario strangers_in_crowds_get_nothing_and_hold_up_nobody
claim 'Anna and Cia meet once more' one_round cia "$anna_port"
claim 'Ben too' one_round ben "$anna_port"
claim 'and Cia again' one_round cia "$anna_port"
ended "$anna_pid" TERM
same "$status" 0 'Anna ends well'
for h in anna ben cia; do owed_by $h anna; done
agree anna ben cia
claim 'no log line holds a word' "$tools/look" --texts "$work/markers" "$work"/serve-*.err
judge anna ben
audited anna
suite_done
